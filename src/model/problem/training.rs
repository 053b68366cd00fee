//! How a problem is trained, and what is written afterwards.

use std::fmt;
use std::sync::Arc;

use super::super::corrections::Correction;
use super::super::spaces::Space;
use super::super::weights::Weighting;
use super::Model;
use crate::diagnostic::Span;
use crate::expr::Expr;
use crate::network::Architecture;

/// A network and the fields it represents.
#[derive(Clone, Debug)]
pub struct NetworkPlan {
    /// What it is.
    pub architecture: Architecture,
    /// The axes that are its inputs, ascending.
    pub inputs: Vec<usize>,
    /// The fields that are its outputs, in order.
    pub fields: Vec<usize>,
    /// Whether it was left out and chosen by default.
    pub default: bool,
    /// The statement, if there is one.
    pub span: Option<Span>,
}

/// One stage of training: a method with its options.
#[derive(Clone, Debug)]
pub struct Stage {
    /// The method.
    pub method: Method,
    /// The option values that the user gave, by name; checked against the table of the method.
    pub options: Vec<(String, OptionValue)>,
    /// The parameters that have values of their own in this stage.
    pub parameters: Vec<(String, f64)>,
    /// Into how many windows it cuts the time axis, and where it says so.
    pub windows: Option<(usize, Span)>,
    /// The network that it begins, which learns what is left.
    pub correction: Option<Correction>,
    /// The problem of this stage, if it is not that of the last one.
    pub model: Option<Arc<Model>>,
    /// The statement, if there is one.
    pub span: Option<Span>,
}

/// The value of an option of a method.
#[derive(Clone, Debug, PartialEq)]
pub enum OptionValue {
    /// A number (counts are checked to be whole).
    Number(f64),
    /// One of the names that the option allows.
    Name(String),
    /// How terms are weighed.
    Weighting(Weighting),
    /// Spaces of functions, by unknown.
    Spaces(Vec<Space>),
}

impl fmt::Display for OptionValue {
    /// As it is written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OptionValue::Number(number) => write!(f, "{number}"),
            OptionValue::Name(name) => f.write_str(name),
            OptionValue::Weighting(weighting) => write!(f, "{weighting}"),
            OptionValue::Spaces(spaces) => {
                let spaces: Vec<String> = spaces.iter().map(Space::to_string).collect();
                write!(f, "map({})", spaces.join(", "))
            }
        }
    }
}

/// The methods of training.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// Energy natural gradient with damping and geodesic acceleration.
    Engd,
    /// Natural gradient in a Sobolev metric.
    Hngd,
    /// Levenberg-Marquardt with a trust region.
    Lm,
    /// Newton's method by preconditioned conjugate gradients.
    Nncg,
    /// Energy natural gradient in the space of samples.
    Engdw,
    /// The same with a momentum.
    Spring,
    /// Doubly sketched Gauss-Newton with an adaptive radius.
    Dsgnar,
    /// Kronecker-factored approximate curvature.
    Kfac,
    /// Adam.
    Adam,
    /// Gradient descent with a line search.
    Gd,
    /// Adam in the eigenbasis of Shampoo's preconditioner.
    Soap,
    /// Inverse roots of the covariances of rows and columns of the gradient.
    Shampoo,
    /// Momentum, made orthogonal.
    Muon,
    /// A Kronecker-factored preconditioner that whitens the gradient.
    Psgd,
    /// Adam, scaled by the spread of the residual's derivatives.
    Pdeaware,
    /// Self-scaled Broyden.
    Ssbroyden,
    /// Self-scaled BFGS.
    Ssbfgs,
    /// BFGS.
    Bfgs,
    /// BFGS from the last steps only.
    Lbfgs,
}

/// A number that is printed after training.
#[derive(Clone, Debug)]
pub struct Report {
    /// Its name.
    pub name: String,
    /// A formula that is the same at all points in space.
    pub value: Expr,
    /// The time axis, if it depends on it.
    pub time: Option<usize>,
    /// Where it is asked for.
    pub span: Span,
}

/// Fields that are written on a grid behind training.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// Points along each axis of time and space, ends included.
    pub counts: Vec<usize>,
    /// What is written, by name: formulas of the point.
    pub columns: Vec<(String, Expr)>,
    /// Into what kind of file.
    pub format: OutputFormat,
    /// The statement.
    pub span: Span,
}

/// A kind of file for fields on a grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputFormat {
    /// Arrays of NumPy.
    Npz,
    /// A table.
    Csv,
    /// An image for ParaView and others that read VTK files; a series of them where there is a time axis.
    Vti,
}
