//! Adam (Kingma and Ba, arXiv 1412.6980, algorithm 1), with an optional decay of the learning rate.

use super::{Optimizer, Outcome, State, StateError, StepReport, norm};
use crate::kernel::Objective;
use crate::model::Stage;

/// Options of [`Adam`].
#[derive(Clone, Copy, Debug)]
pub struct AdamOptions {
    /// Learning rate.
    pub rate: f64,
    /// Decay of the first moment.
    pub beta1: f64,
    /// Decay of the second moment.
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub epsilon: f64,
    /// The learning rate is multiplied by this at every step.
    pub decay: f64,
}

/// Adam.
pub struct Adam {
    options: AdamOptions,
    steps: f64,
    first: Vec<f64>,
    second: Vec<f64>,
    gradient: Vec<f64>,
}

impl Adam {
    /// With the options of a stage.
    pub fn of_stage(stage: &Stage, problem: &dyn Objective) -> Self {
        let options = AdamOptions {
            rate: stage.number("lr"),
            beta1: stage.number("beta1"),
            beta2: stage.number("beta2"),
            epsilon: stage.number("eps"),
            decay: stage.number("decay").powf((stage.steps() as f64).recip()),
        };
        Self::new(options, problem.parameters())
    }

    /// Starts with both moments zero.
    pub fn new(options: AdamOptions, parameters: usize) -> Self {
        let zero = vec![0.0; parameters];
        Self { options, steps: 0.0, first: zero.clone(), second: zero.clone(), gradient: zero }
    }
}

impl Optimizer for Adam {
    fn step(&mut self, problem: &dyn Objective, theta: &mut [f64]) -> StepReport {
        let loss = problem.gradient(theta, &mut self.gradient);
        let gradient = norm(&self.gradient);
        let AdamOptions { rate, beta1, beta2, epsilon, decay } = self.options;
        let rate = rate * decay.powf(self.steps);
        let report = StepReport { trials: 1, ..StepReport::before(loss, gradient, rate) };
        if report.outcome == Outcome::NotFinite {
            return report;
        }
        self.steps += 1.0;
        let (unbias1, unbias2) = (1.0 - beta1.powf(self.steps), 1.0 - beta2.powf(self.steps));
        let mut length = 0.0;
        let moments = self.first.iter_mut().zip(&mut self.second);
        for ((theta, g), (m, v)) in theta.iter_mut().zip(&self.gradient).zip(moments) {
            *m = beta1 * *m + (1.0 - beta1) * g;
            *v = beta2 * *v + (1.0 - beta2) * g * g;
            let step = rate * (*m / unbias1) / ((*v / unbias2).sqrt() + epsilon);
            *theta -= step;
            length += step * step;
        }
        StepReport { outcome: Outcome::Moved, length: length.sqrt(), ..report }
    }

    fn save(&self) -> State {
        State::default().with("steps", &[self.steps]).with("first", &self.first).with("second", &self.second)
    }

    fn restore(&mut self, state: &State) -> Result<(), StateError> {
        self.steps = state.number("steps")?;
        self.first = state.vector("first", self.first.len())?.to_vec();
        self.second = state.vector("second", self.second.len())?.to_vec();
        Ok(())
    }
}
