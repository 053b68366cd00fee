//! A compiler for partial differential equations.
pub mod cli;
pub mod codegen;
pub mod dataset;
pub mod diagnostic;
pub mod expr;
pub mod geometry;
pub mod kernel;
pub mod linalg;
pub mod model;
pub mod network;
pub mod optim;


pub mod report;

pub mod simplify;
pub mod syntax;
pub mod tape;

pub mod vmath;
