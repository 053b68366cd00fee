//! Gradient descent, with a backtracking line search (Armijo) or a fixed rate.

use super::{Optimizer, Outcome, State, StateError, StepReport, norm};
use crate::kernel::Objective;
use crate::model::Stage;

/// Options of [`GradientDescent`].
#[derive(Clone, Copy, Debug)]
pub struct GradientDescentOptions {
    /// The rate, or the first one that a line search tries.
    pub rate: f64,
    /// Whether to search along the gradient.
    pub line_search: bool,
}

/// Gradient descent.
pub struct GradientDescent {
    options: GradientDescentOptions,
    rate: f64,
    gradient: Vec<f64>,
    trial: Vec<f64>,
}

/// A step is accepted if the loss falls by this part of what the slope promises.
const SUFFICIENT: f64 = 1e-4;
/// Halvings of the rate before a line search gives up.
const MOST_TRIALS: usize = 60;

impl GradientDescent {
    /// With the options of a stage.
    pub fn of_stage(stage: &Stage, problem: &dyn Objective) -> Self {
        let line_search = stage.name("line_search") == "on";
        Self::new(GradientDescentOptions { rate: stage.number("lr"), line_search }, problem.parameters())
    }

    /// Starts with the rate of the options.
    pub fn new(options: GradientDescentOptions, parameters: usize) -> Self {
        let zero = vec![0.0; parameters];
        Self { options, rate: options.rate, gradient: zero.clone(), trial: zero }
    }
}

impl Optimizer for GradientDescent {
    fn step(&mut self, problem: &dyn Objective, theta: &mut [f64]) -> StepReport {
        let before = problem.gradient(theta, &mut self.gradient);
        let gradient = norm(&self.gradient);
        let mut report = StepReport::before(before, gradient, self.rate);
        if report.outcome == Outcome::NotFinite {
            return report;
        }
        if !self.options.line_search {
            theta.iter_mut().zip(&self.gradient).for_each(|(t, g)| *t -= self.rate * g);
            return StepReport { outcome: Outcome::Moved, length: self.rate * gradient, trials: 1, ..report };
        }
        while report.trials < MOST_TRIALS {
            report.trials += 1;
            self.trial.iter_mut().zip(theta.iter()).zip(&self.gradient).for_each(|((n, t), g)| *n = t - self.rate * g);
            let loss = problem.loss(&self.trial);
            if loss <= before - SUFFICIENT * self.rate * gradient * gradient && loss < before {
                theta.copy_from_slice(&self.trial);
                let length = self.rate * gradient;
                let rate = self.rate;
                self.rate *= 2.0;
                return StepReport { outcome: Outcome::Moved, loss, length, rate, ..report };
            }
            self.rate *= 0.5;
        }
        self.rate = self.options.rate;
        report
    }

    fn save(&self) -> State {
        State::default().with("rate", &[self.rate])
    }

    fn restore(&mut self, state: &State) -> Result<(), StateError> {
        self.rate = state.number("rate")?;
        Ok(())
    }
}
