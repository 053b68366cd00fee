//! SPRING: natural gradients in the space of samples with a momentum that the residuals of the step correct
//! (Goldshlager, Abrahamsen and Lin, arXiv 2401.10190; for differential equations Guzmán-Cordero et al., arXiv
//! 2505.12149, eq. 10):
//!
//! ```text
//! φ_k = μ φ_{k-1} - Jᵀ (JJᵀ + λI)⁻¹ (r + μ J φ_{k-1}),     step φ_k / √(1 - μ^2k)
//! ```
//!
//! Of all steps that fit the samples it is the one nearest to μ φ_{k-1}. With μ = 0 it is ENGD-W. The length is the
//! best of the grid 2⁰ ... 2⁻³⁰; or fixed, and then `min(lr, √C/‖φ_k‖)` with C = 10⁻³. λ is that of the options; with the
//! grid, only as long as steps are long: short ones raise it for the next ([`GuardedDamping`]). Where no length lowers the
//! loss, φ begins anew, and the step is tried again with more.

use super::sample_space::{SampleSolver, SampleSpace};
use super::step_length::{ATTEMPTS, GuardedDamping, StepRule, distance};
use super::{Optimizer, Outcome, State, StateError, StepReport, norm};
use crate::kernel::{LeastSquares, Objective};
use crate::model::Stage;

/// Options of [`Spring`].
#[derive(Clone, Copy, Debug)]
pub struct SpringOptions {
    /// λ.
    pub damping: f64,
    /// μ.
    pub momentum: f64,
    /// How systems are solved.
    pub solver: SampleSolver,
    /// How long a step is.
    pub rule: StepRule,
}

impl SpringOptions {
    /// Those of a stage.
    pub(super) fn of_stage(stage: &Stage) -> Self {
        Self {
            damping: stage.number("damping"),
            momentum: stage.number("momentum"),
            solver: SampleSolver::of_stage(stage),
            rule: StepRule::of_stage(stage),
        }
    }
}

/// Subsampled projected-increment natural gradient descent.
pub struct Spring {
    options: SpringOptions,
    damping: GuardedDamping,
    /// k, since φ began.
    momenta: f64,
    /// Steps so far: the name of their random numbers.
    steps: f64,
    /// φ.
    phi: Vec<f64>,
    space: SampleSpace,
    gradient: Vec<f64>,
    direction: Vec<f64>,
    trial: Vec<f64>,
    residual: Vec<f64>,
    along: Vec<f64>,
}

impl Spring {
    /// With the options of a stage.
    pub fn of_stage(stage: &Stage, problem: &dyn Objective) -> Self {
        Self::new(SpringOptions::of_stage(stage), problem)
    }

    /// Starts without momentum.
    pub fn new(options: SpringOptions, problem: &dyn Objective) -> Self {
        let zero = vec![0.0; problem.parameters()];
        Self {
            options,
            damping: GuardedDamping::new(options.damping),
            momenta: 0.0,
            steps: 0.0,
            phi: zero.clone(),
            space: SampleSpace::new(options.solver),
            gradient: zero.clone(),
            direction: zero.clone(),
            trial: zero,
            residual: Vec::new(),
            along: Vec::new(),
        }
    }

    /// φ and the direction of this step.
    fn advance(&mut self, squares: &dyn LeastSquares, theta: &[f64]) {
        let momentum = self.options.momentum;
        let mut wanted = &self.residual;
        if momentum > 0.0 && self.momenta > 0.0 {
            self.along.resize(squares.rows(), 0.0);
            self.space.along(squares, theta, &self.phi, &mut self.along);
            self.along.iter_mut().zip(&self.residual).for_each(|(along, r)| *along = r + momentum * *along);
            wanted = &self.along;
        }
        self.space.direction(squares, theta, wanted, &mut self.direction);
        self.phi.iter_mut().zip(&self.direction).for_each(|(phi, d)| *phi = momentum * *phi - d);
        self.momenta += 1.0;
        let scale = 1.0 / (1.0 - momentum.powf(2.0 * self.momenta)).sqrt();
        self.direction.iter_mut().zip(&self.phi).for_each(|(d, phi)| *d = scale * phi);
    }

    fn failed(&mut self) {
        self.damping.follow(0.0);
        self.phi.fill(0.0);
        self.momenta = 0.0;
    }
}

impl Optimizer for Spring {
    fn step(&mut self, problem: &dyn Objective, theta: &mut [f64]) -> StepReport {
        let Some(squares) = problem.least_squares() else {
            return StepReport::before(problem.loss(theta), 0.0, self.damping.now);
        };
        let before = self.space.begin(problem, squares, theta, &mut self.gradient);
        let gradient = norm(&self.gradient);
        let mut report = StepReport::before(before, gradient, self.damping.now);
        if report.outcome == Outcome::NotFinite || gradient == 0.0 {
            return report;
        }
        self.steps += 1.0;
        self.residual.resize(squares.rows(), 0.0);
        squares.residual(theta, &mut self.residual);
        for _ in 0..ATTEMPTS {
            if self.space.factor(self.damping.now, self.steps as u64).is_err() {
                self.damping.follow(0.0);
                continue;
            }
            self.advance(squares, theta);
            let rule = self.options.rule.bounded(norm(&self.phi));
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
            self.failed();
        }
        report
    }

    fn save(&self) -> State {
        State::default()
            .with("damping", &[self.damping.now])
            .with("momenta", &[self.momenta])
            .with("steps", &[self.steps])
            .with("phi", &self.phi)
    }

    fn restore(&mut self, state: &State) -> Result<(), StateError> {
        let (damping, momenta, steps) = (state.number("damping")?, state.number("momenta")?, state.number("steps")?);
        let phi = state.vector("phi", self.phi.len())?;
        self.phi.copy_from_slice(phi);
        (self.damping.now, self.momenta, self.steps) = (damping, momenta, steps);
        Ok(())
    }
}
