//! Options of methods for more parameters than a matrix of their size can hold: in the space of samples, sketched, or
//! factored.

use super::Fallback::{Name, Nothing, Number};
use super::OptionKind::{Choice, Count, Positive, Within};
use super::{MethodOption, ON_OFF, WEIGHTS, option};

const STEPS: MethodOption = option("steps", Count(1), Number(500.0), "the most iterations");
const SOLVER: MethodOption = option(
    "solver",
    Choice(&["exact", "nystrom", "sketch"]),
    Name("exact"),
    "Cholesky of the kernel matrix, a random approximation of it, or random sums of its rows",
);
const RANK: MethodOption =
    option("rank", Count(1), Number(300.0), "rank of the approximation, or how many random sums there are");
const LINE_SEARCH: MethodOption =
    option("line_search", ON_OFF, Name("on"), "choose the step length among powers of one half");
const RATE: MethodOption = option("lr", Positive, Number(0.05), "the step length without a line search");
const BATCH: MethodOption = option("batch", Count(1), Nothing, "points of a random mini-batch");
const DAMPING: MethodOption = option("damping", Positive, Number(1e-12), "the least damping");

pub(super) const ENGDW: &[MethodOption] = &[STEPS, DAMPING, SOLVER, RANK, LINE_SEARCH, RATE, BATCH, WEIGHTS];

pub(super) const SPRING: &[MethodOption] = &[
    STEPS,
    DAMPING,
    option("momentum", Within(0.0, 1.0), Number(0.4), "the part of the last direction that goes on"),
    SOLVER,
    RANK,
    LINE_SEARCH,
    RATE,
    BATCH,
    WEIGHTS,
];

pub(super) const DSGNAR: &[MethodOption] = &[
    STEPS,
    option(
        "sketch",
        Count(1),
        Nothing,
        "the size of the sketch; half of the parameters, from 300 to 1000, if left out",
    ),
    option("radius", Positive, Number(1.0), "the first radius of trust"),
    option("radii", Count(2), Number(24.0), "how many radii are tried at each step"),
    option("balance", Within(0.0, 1.0), Number(0.05), "power with which the weights of terms follow their losses"),
    BATCH,
    WEIGHTS,
];

pub(super) const KFAC: &[MethodOption] = &[
    option("steps", Count(1), Number(2000.0), "the most iterations"),
    option("damping", Positive, Number(1e-8), "the least that is added to each factor"),
    option("average", Within(0.0, 1.0), Number(0.9), "decay of the mean of the factors"),
    option(
        "rule",
        Choice(&["auto", "grid"]),
        Name("auto"),
        "step and momentum from the quadratic model, or a fixed momentum and a line search",
    ),
    option("momentum", Within(0.0, 1.0), Number(0.9), "the part of the last direction that goes on, of `rule=grid`"),
    BATCH,
    WEIGHTS,
];
