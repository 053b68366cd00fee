//! Options of methods that solve with a metric, or build up an inverse Hessian.

use super::Fallback::{Name, Number};
use super::OptionKind::{Choice, Count, Positive, Spaces};
use super::{MethodOption, ON_OFF, WEIGHTS, option};

const DAMPING: MethodOption = option("damping", Positive, Number(1e-2), "the first damping");
const RAISE: MethodOption =
    option("raise", Positive, Number(3.0), "factor of the damping after a trial that was refused");
const LOWER: MethodOption =
    option("lower", Positive, Number(10.0), "divisor of the damping after a first trial that was taken");
const PROCEDURE: MethodOption = option(
    "procedure",
    Choice(&["damped", "paper"]),
    Name("damped"),
    "`paper`: as published, the pseudo-inverse of the Gram matrix and the grid of step lengths",
);
const LINE_SEARCH: MethodOption = option(
    "line_search",
    Choice(&["off", "grid", "backtracking"]),
    Name("off"),
    "search for the length of the step, at the damping min(loss, damping), instead of for the damping",
);
const LONGEST: MethodOption = option("longest", Positive, Number(1.0), "the longest step that a line search tries");
const CG_STEPS: MethodOption =
    option("cg_steps", Count(1), Number(100.0), "the most iterations of conjugate gradients in a step");

const CURVATURE: MethodOption = option(
    "metric",
    Choice(&["gauss_newton", "newton"]),
    Name("gauss_newton"),
    "curvature of the residuals: JᵀJ, or their second derivatives in function space, too",
);
const STARTS: MethodOption = option(
    "starts",
    Count(1),
    Number(1.0),
    "how many initialisations are tried for a few steps before the best goes on",
);
const START_STEPS: MethodOption = option("start_steps", Count(1), Number(30.0), "the steps of each of these trials");

pub(super) const ENGD: &[MethodOption] = &[
    option("steps", Count(1), Number(500.0), "the most iterations"),
    DAMPING,
    RAISE,
    LOWER,
    option("acceleration", ON_OFF, Name("on"), "geodesic acceleration from the second directional derivative"),
    option(
        "solver",
        Choice(&["auto", "gram", "kernel", "qr", "svd", "cg", "lstsq"]),
        Name("auto"),
        "Cholesky of the Gram or kernel matrix, QR or singular values of the Jacobian, conjugate gradients, or the \
         pseudo-inverse of the Gram matrix",
    ),
    PROCEDURE,
    LINE_SEARCH,
    LONGEST,
    CG_STEPS,
    CURVATURE,
    STARTS,
    START_STEPS,
    WEIGHTS,
];

pub(super) const HNGD: &[MethodOption] = &[
    option("steps", Count(1), Number(500.0), "the most iterations"),
    option(
        "metric",
        Spaces(&["equations", "l2", "h1", "h2"]),
        Name("equations"),
        "the space: for each field with as many derivatives as the equations take of it, at most two, the same for all, or \
         by name: `map(u=h1, p=l2)`",
    ),
    PROCEDURE,
    DAMPING,
    RAISE,
    LOWER,
    LINE_SEARCH,
    LONGEST,
    CG_STEPS,
    WEIGHTS,
];

pub(super) const LM: &[MethodOption] = &[
    option("steps", Count(1), Number(500.0), "the most iterations"),
    option("radius", Positive, Number(1.0), "the first radius of the trust region, a length in the parameters"),
    option("acceleration", ON_OFF, Name("on"), "geodesic acceleration from the second directional derivative"),
    option(
        "solver",
        Choice(&["gram", "svd"]),
        Name("gram"),
        "where the spectrum comes from: eigenvalues of the Gram matrix, or singular values of the Jacobian",
    ),
    CURVATURE,
    STARTS,
    START_STEPS,
    WEIGHTS,
];

pub(super) const NNCG: &[MethodOption] = &[
    option("steps", Count(1), Number(1000.0), "the most iterations"),
    option("damping", Positive, Number(1e-2), "μ, added to the Hessian"),
    option("rank", Count(1), Number(60.0), "the rank of the preconditioner"),
    option("frequency", Count(1), Number(20.0), "steps from one preconditioner to the next"),
    CG_STEPS,
    WEIGHTS,
];

pub(super) const QUASI_NEWTON: &[MethodOption] = &[
    option("steps", Count(1), Number(5000.0), "the most iterations"),
    option(
        "pairs",
        Count(1),
        Number(50.0),
        "steps that are remembered where the inverse Hessian is too large for a matrix",
    ),
    WEIGHTS,
];
