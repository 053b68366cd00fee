//! The PDE-aware optimizer (Churiwala, Shukla and Khullar, arXiv 2507.08118): Adam with the spread of the derivatives of the
//! residual over the points in place of the squared gradient.
//!
//! With `g_i = ∂R(x_i)/∂θ` of the residual itself, not of its square, `v ← β2 v + (1 - β2) mean(g_i²)` and
//! `θ ← θ - η m/(√v + ε)`, without bias correction (equations 7 to 10). The paper takes `m ← β1 m + (1 - β1) mean(g_i)`;
//! that is the gradient of the mean residual, and leads downhill only where the residual has one sign. The authors' code
//! takes the gradient of the whole loss there, and so does [`Mean::Loss`]. Both take v from the points of equations only;
//! [`Spread::All`] has those of conditions and data, too.

use super::first_order::{FirstOrder, Rule, Seen};
use super::{Optimizer, Schedule, State, StateError};
use crate::kernel::{Objective, Spread};
use crate::model::Stage;

/// What the first moment is a mean of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mean {
    /// The gradient of the loss, as in the authors' code.
    Loss,
    /// The mean derivative of the residual, as in the paper.
    Residual,
}

/// Options of [`pdeaware`].
#[derive(Clone, Copy, Debug)]
pub struct PdeAwareOptions {
    /// Learning rate, clipping, weight decay.
    pub schedule: Schedule,
    /// Decay of the first moment.
    pub beta1: f64,
    /// Decay of the second moment.
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub epsilon: f64,
    /// What the first moment is a mean of.
    pub mean: Mean,
    /// The points that the moments of derivatives are over.
    pub spread: Spread,
}

/// The PDE-aware optimizer with the options of a stage.
pub(super) fn of_stage(stage: &Stage, problem: &dyn Objective) -> Box<dyn Optimizer> {
    let options = PdeAwareOptions {
        schedule: Schedule::of_stage(stage),
        beta1: stage.number("beta1"),
        beta2: stage.number("beta2"),
        epsilon: stage.number("eps"),
        mean: if stage.name("variant") == "paper" { Mean::Residual } else { Mean::Loss },
        spread: if stage.name("variance") == "all" { Spread::All } else { Spread::Equations },
    };
    pdeaware(options, problem.parameters())
}

/// The PDE-aware optimizer, with both moments zero.
pub fn pdeaware(options: PdeAwareOptions, parameters: usize) -> Box<dyn Optimizer> {
    let zero = vec![0.0; parameters];
    let rule = Derivatives { options, first: zero.clone(), second: zero.clone(), means: zero.clone(), squares: zero };
    Box::new(FirstOrder::new(options.schedule, parameters, rule))
}

struct Derivatives {
    options: PdeAwareOptions,
    first: Vec<f64>,
    second: Vec<f64>,
    means: Vec<f64>,
    squares: Vec<f64>,
}

impl Rule for Derivatives {
    fn evaluate(&mut self, problem: &dyn Objective, theta: &[f64], gradient: &mut [f64]) -> f64 {
        problem.gradient_and_squares(theta, self.options.spread, gradient, &mut self.squares)
    }

    fn direction(&mut self, seen: &Seen<'_>, out: &mut [f64]) {
        let PdeAwareOptions { beta1, beta2, epsilon, mean, spread, .. } = self.options;
        let means = match mean {
            Mean::Loss => seen.gradient,
            Mean::Residual => {
                seen.problem.derivative_means(seen.theta, spread, &mut self.means);
                &self.means
            }
        };
        let moments = self.first.iter_mut().zip(&mut self.second);
        for (((m, v), (g, square)), out) in moments.zip(means.iter().zip(&self.squares)).zip(out) {
            *m = beta1 * *m + (1.0 - beta1) * g;
            *v = beta2 * *v + (1.0 - beta2) * square;
            *out = *m / (v.sqrt() + epsilon);
        }
    }

    fn save(&self, state: State) -> State {
        state.with("first", &self.first).with("second", &self.second)
    }

    fn restore(&mut self, state: &State) -> Result<(), StateError> {
        self.first = state.vector("first", self.first.len())?.to_vec();
        self.second = state.vector("second", self.second.len())?.to_vec();
        Ok(())
    }
}
