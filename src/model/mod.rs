//! The checked problem: what a file means, with every formula an [`Expr`](crate::expr::Expr).
//!
//! The last stage with user errors. [`problem`] says what a problem is.

mod checks;
mod elaborate;
mod nearest;
mod numbers;
mod operators;
pub mod problem;
mod references;
mod scope;

pub use problem::{
    Axis, AxisKind, Field, Method, Model, NetworkPlan, Parameter, Piece, Report, Sampling, Settings, Stage, Term,
    TermKind,
};
