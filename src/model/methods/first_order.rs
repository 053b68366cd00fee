//! Options of methods that see the gradient alone.

use super::Fallback::{Name, Nothing, Number};
use super::OptionKind::{Count, Positive, Within};
use super::{MethodOption, ON_OFF, option};

pub(super) const ADAM: &[MethodOption] = &[
    option("steps", Count(1), Number(20_000.0), "the number of iterations"),
    option("lr", Positive, Number(1e-3), "the learning rate"),
    option("beta1", Within(0.0, 1.0), Number(0.9), "decay of the mean of gradients"),
    option("beta2", Within(0.0, 1.0), Number(0.999), "decay of the mean of squared gradients"),
    option("eps", Positive, Number(1e-8), "added to the root of the mean square"),
    option("decay", Positive, Number(1.0), "factor of the learning rate from the first step to the last"),
    option("batch", Count(1), Nothing, "points of a random mini-batch"),
];

pub(super) const GD: &[MethodOption] = &[
    option("steps", Count(1), Number(10_000.0), "the number of iterations"),
    option("lr", Positive, Number(1e-3), "the step length, or the first one that the line search tries"),
    option("line_search", ON_OFF, Name("on"), "choose the step length among powers of one half"),
    option("batch", Count(1), Nothing, "points of a random mini-batch"),
];

pub(super) const SOAP: &[MethodOption] = &[
    option("steps", Count(1), Number(20_000.0), "the number of iterations"),
    option("lr", Positive, Number(3e-3), "the learning rate"),
    option("decay", Positive, Number(1.0), "factor of the learning rate from the first step to the last"),
    option("warmup", Count(0), Number(0.0), "steps over which the learning rate rises to its value"),
    option("beta1", Within(0.0, 1.0), Number(0.95), "decay of the mean of gradients"),
    option("beta2", Within(0.0, 1.0), Number(0.95), "decay of the mean of squared gradients and of their covariances"),
    option("eps", Positive, Number(1e-8), "added to the root of the mean square"),
    option("frequency", Count(1), Number(10.0), "steps from one change of the eigenbases to the next"),
    option("largest", Count(1), Number(10_000.0), "the widest side of a matrix that has an eigenbasis"),
    option("batch", Count(1), Nothing, "points of a random mini-batch"),
];
