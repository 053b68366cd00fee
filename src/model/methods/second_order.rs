//! Options of methods that solve with a metric, or build up an inverse Hessian.

use super::Fallback::{Name, Number};
use super::OptionKind::{Choice, Count, Positive};
use super::{MethodOption, ON_OFF, option};

pub(super) const ENGD: &[MethodOption] = &[
    option("steps", Count(1), Number(500.0), "the most iterations"),
    option("damping", Positive, Number(1e-2), "the first damping"),
    option("raise", Positive, Number(3.0), "factor of the damping after a trial that was refused"),
    option("lower", Positive, Number(10.0), "divisor of the damping after a first trial that was taken"),
    option("acceleration", ON_OFF, Name("on"), "geodesic acceleration from the second directional derivative"),
    option(
        "solver",
        Choice(&["auto", "gram", "kernel", "qr", "cg"]),
        Name("auto"),
        "Cholesky of the Gram matrix or of the kernel matrix, QR of the Jacobian, or conjugate gradients",
    ),
    option("cg_steps", Count(1), Number(100.0), "the most iterations of conjugate gradients in a step"),
    option(
        "metric",
        Choice(&["gauss_newton", "newton"]),
        Name("gauss_newton"),
        "curvature of the residuals: JᵀJ, or their second derivatives in function space, too",
    ),
    option(
        "starts",
        Count(1),
        Number(1.0),
        "how many initialisations are tried for a few steps before the best goes on",
    ),
    option("start_steps", Count(1), Number(30.0), "the steps of each of these trials"),
];

pub(super) const QUASI_NEWTON: &[MethodOption] = &[
    option("steps", Count(1), Number(5000.0), "the most iterations"),
    option(
        "pairs",
        Count(1),
        Number(50.0),
        "steps that are remembered where the inverse Hessian is too large for a matrix",
    ),
];
