//! ENGD-W: the energy natural gradient step in the space of samples, `p = -Jᵀ(JJᵀ + λI)⁻¹ r` (Guzmán-Cordero et al.,
//! arXiv 2505.12149, eq. 8), which by Woodbury's identity is `-(JᵀJ + λI)⁻¹ Jᵀr`.
//!
//! The length of a step is the best of the grid 2⁰ ... 2⁻³⁰, or fixed, as with [`Spring`](super::Spring). λ is that of
//! the options; with the grid, only as long as steps are long: short ones raise it for the next ([`GuardedDamping`]),
//! and where no length lowers the loss, the step is tried again with more.

use super::sample_space::{SampleSolver, SampleSpace};
use super::step_length::{ATTEMPTS, GuardedDamping, StepRule, distance};
use super::{Optimizer, Outcome, State, StateError, StepReport, norm};
use crate::kernel::Objective;
use crate::model::Stage;

/// Options of [`Engdw`].
#[derive(Clone, Copy, Debug)]
pub struct EngdwOptions {
    /// λ.
    pub damping: f64,
    /// How systems are solved.
    pub solver: SampleSolver,
    /// How long a step is.
    pub rule: StepRule,
}

/// Energy natural gradient descent in the space of samples.
pub struct Engdw {
    options: EngdwOptions,
    damping: GuardedDamping,
    /// Steps so far: the name of their random numbers.
    steps: f64,
    space: SampleSpace,
    gradient: Vec<f64>,
    direction: Vec<f64>,
    trial: Vec<f64>,
    residual: Vec<f64>,
}

impl Engdw {
    /// With the options of a stage.
    pub fn of_stage(stage: &Stage, problem: &dyn Objective) -> Self {
        let (solver, rule) = (SampleSolver::of_stage(stage), StepRule::of_stage(stage));
        Self::new(EngdwOptions { damping: stage.number("damping"), solver, rule }, problem)
    }

    /// Starts with the damping of the options.
    pub fn new(options: EngdwOptions, problem: &dyn Objective) -> Self {
        let zero = vec![0.0; problem.parameters()];
        Self {
            options,
            damping: GuardedDamping::new(options.damping),
            steps: 0.0,
            space: SampleSpace::new(options.solver),
            gradient: zero.clone(),
            direction: zero.clone(),
            trial: zero,
            residual: Vec::new(),
        }
    }
}

impl Optimizer for Engdw {
    fn step(&mut self, problem: &dyn Objective, theta: &mut [f64]) -> StepReport {
        let Some(squares) = problem.least_squares() else {
            return StepReport::before(problem.loss(theta), 0.0, self.damping.now);
        };
        let before = self.space.begin(problem, squares, theta, &mut self.gradient);
        let gradient = norm(&self.gradient);
        let report = StepReport::before(before, gradient, self.damping.now);
        if report.outcome == Outcome::NotFinite || gradient == 0.0 {
            return report;
        }
        self.steps += 1.0;
        self.residual.resize(squares.rows(), 0.0);
        squares.residual(theta, &mut self.residual);
        let mut report = report;
        for _ in 0..ATTEMPTS {
            if self.space.factor(self.damping.now, self.steps as u64).is_err() {
                self.damping.follow(0.0);
                continue;
            }
            self.space.direction(squares, theta, &self.residual, &mut self.direction);
            self.direction.iter_mut().for_each(|d| *d = -*d);
            let rule = self.options.rule.bounded(norm(&self.direction));
            let taken = rule.take(problem, (theta, before), &self.direction, &mut self.trial);
            report.trials += taken.trials;
            if let Some((rate, loss)) = taken.best {
                let length = distance(theta, &self.trial);
                theta.copy_from_slice(&self.trial);
                if rule == StepRule::Grid {
                    self.damping.follow(rate);
                }
                return StepReport { outcome: Outcome::Moved, loss, length, rate, ..report };
            }
            self.damping.follow(0.0);
        }
        report
    }

    fn save(&self) -> State {
        State::default().with("damping", &[self.damping.now]).with("steps", &[self.steps])
    }

    fn restore(&mut self, state: &State) -> Result<(), StateError> {
        let (damping, steps) = (state.number("damping")?, state.number("steps")?);
        (self.damping.now, self.steps) = (damping, steps);
        Ok(())
    }
}
