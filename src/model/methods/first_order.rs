//! Options of methods that see the gradient alone.

use super::Fallback::{Name, Nothing, Number};
use super::OptionKind::{Choice, Count, Positive, Within};
use super::{MethodOption, ON_OFF, WEIGHTS, option};

const STEPS: MethodOption = option("steps", Count(1), Number(20_000.0), "the number of iterations");
const SCHEDULE: MethodOption = option(
    "schedule",
    Choice(&["exponential", "cosine"]),
    Name("exponential"),
    "how the learning rate falls: by the same factor at every step, or along half a cosine",
);
const DECAY: MethodOption = option(
    "decay",
    Positive,
    Nothing,
    "factor of the learning rate from the first step to the last: if left out, 1, and 0 along a cosine",
);
const WARMUP: MethodOption =
    option("warmup", Count(0), Number(0.0), "steps over which the learning rate rises to its value");
const CLIP: MethodOption =
    option("clip", Positive, Nothing, "the largest norm of a gradient: longer ones are shortened");
const WEIGHT_DECAY: MethodOption = option(
    "weight_decay",
    Within(0.0, 1.0),
    Number(0.0),
    "what is taken from the parameters at every step, as a part of them, times the learning rate",
);
const SCHEDULE_FREE: MethodOption = option(
    "schedule_free",
    ON_OFF,
    Name("off"),
    "average the steps instead of momentum; beta1 says how near the average gradients are taken",
);
const BATCH: MethodOption = option("batch", Count(1), Nothing, "points of a random mini-batch");
const EPS: MethodOption = option("eps", Positive, Number(1e-8), "added to the root of the mean square");

const fn rate(default: f64) -> MethodOption {
    option("lr", Positive, Number(default), "the learning rate")
}

const fn beta1(default: f64) -> MethodOption {
    option("beta1", Within(0.0, 1.0), Number(default), "decay of the mean of gradients")
}

const fn beta2(default: f64, about: &'static str) -> MethodOption {
    option("beta2", Within(0.0, 1.0), Number(default), about)
}

const fn frequency(default: f64, about: &'static str) -> MethodOption {
    option("frequency", Count(1), Number(default), about)
}

pub(super) const ADAM: &[MethodOption] = &[
    STEPS,
    rate(1e-3),
    SCHEDULE,
    DECAY,
    WARMUP,
    CLIP,
    WEIGHT_DECAY,
    beta1(0.9),
    beta2(0.999, "decay of the mean of squared gradients"),
    EPS,
    SCHEDULE_FREE,
    BATCH,
    WEIGHTS,
];

pub(super) const GD: &[MethodOption] = &[
    option("steps", Count(1), Number(10_000.0), "the number of iterations"),
    option("lr", Positive, Number(1e-3), "the step length, or the first one that the line search tries"),
    option("line_search", ON_OFF, Name("on"), "choose the step length among powers of one half"),
    BATCH,
    WEIGHTS,
];

pub(super) const SOAP: &[MethodOption] = &[
    STEPS,
    rate(3e-3),
    SCHEDULE,
    DECAY,
    WARMUP,
    CLIP,
    WEIGHT_DECAY,
    beta1(0.95),
    beta2(0.95, "decay of the mean of squared gradients and of their covariances"),
    EPS,
    frequency(10.0, "steps from one change of the eigenbases to the next"),
    option("precondition_1d", ON_OFF, Name("off"), "an eigenbasis for vectors of biases, too"),
    option("max_precond_dim", Count(1), Number(10_000.0), "the widest side of a matrix that has an eigenbasis"),
    SCHEDULE_FREE,
    BATCH,
    WEIGHTS,
];

pub(super) const SHAMPOO: &[MethodOption] = &[
    STEPS,
    rate(3e-3),
    SCHEDULE,
    DECAY,
    WARMUP,
    CLIP,
    WEIGHT_DECAY,
    beta1(0.95),
    beta2(0.95, "decay of the covariances"),
    option("eps", Positive, Number(1e-6), "added to the eigenvalues of a covariance, as a part of the largest"),
    frequency(10.0, "steps from one change of the roots to the next"),
    BATCH,
    WEIGHTS,
];

pub(super) const MUON: &[MethodOption] = &[
    STEPS,
    rate(3e-3),
    SCHEDULE,
    DECAY,
    WARMUP,
    CLIP,
    WEIGHT_DECAY,
    option("momentum", Within(0.0, 1.0), Number(0.95), "decay of the mean of gradients of matrices"),
    option("ns_steps", Count(1), Number(5.0), "iterations of Newton and Schulz"),
    beta1(0.9),
    beta2(0.95, "decay of the mean of squared gradients of vectors"),
    EPS,
    BATCH,
    WEIGHTS,
];

pub(super) const PSGD: &[MethodOption] = &[
    STEPS,
    rate(1e-3),
    SCHEDULE,
    DECAY,
    WARMUP,
    CLIP,
    WEIGHT_DECAY,
    beta1(0.9),
    option("precond_lr", Positive, Number(0.1), "step length of the preconditioner"),
    frequency(1.0, "steps from one change of the preconditioner to the next"),
    BATCH,
    WEIGHTS,
];

pub(super) const PDEAWARE: &[MethodOption] = &[
    STEPS,
    rate(1e-3),
    SCHEDULE,
    DECAY,
    WARMUP,
    CLIP,
    WEIGHT_DECAY,
    beta1(0.99),
    beta2(0.99, "decay of the mean of squared derivatives"),
    EPS,
    option(
        "variant",
        Choice(&["code", "paper"]),
        Name("code"),
        "the mean of gradients of the loss, or, as printed, of derivatives of the residual",
    ),
    option(
        "variance",
        Choice(&["equations", "all"]),
        Name("equations"),
        "squared derivatives at points of equations, or of conditions and data, too",
    ),
    BATCH,
    WEIGHTS,
];
