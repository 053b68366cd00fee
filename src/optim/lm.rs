//! Levenberg-Marquardt with a trust region and geodesic acceleration.
//!
//! A step is the minimum of the model ½‖r + J p‖² among ‖p‖ ≤ Δ: `(JᵀJ + λI) p = -Jᵀr` with the λ ≥ 0 that makes p as long
//! as the radius (Moré, The Levenberg-Marquardt algorithm, 1978, section 5; his Newton iteration for λ). One factorization
//! a step, of the Gram matrix or of J, gives the spectrum, after which every radius costs P². Along p the residual bends;
//! `(JᵀJ + λI) a = -½ Jᵀ r_pp` follows it (Transtrum and Sethna, arXiv 1201.5885, eq. 13). The trial point θ + p + a counts
//! where the loss falls and ‖a‖ ≤ ¾‖p‖/2 (their α = 0.75). The radius follows the gain ratio ϱ, the decrease over that of the
//! model: below ¼ it becomes a quarter of the step, above ¾ three times as much as the step.
//!
//! Beside [`engd`](super::engd), which asks for the boldest damping that works, this is the classical control: it solves
//! once a step and shrinks at once where the model is wrong. All of it is unchanged if the loss is multiplied by a number.

use super::secular::Secular;
use super::step_length::distance;
use super::{Optimizer, Outcome, State, StateError, StepReport, lower_loss, norm, reshape};
use crate::kernel::{Metric, Objective};
use crate::linalg::{RowTiles, SolveError, Spectral};
use crate::model::Stage;

/// Where the spectrum comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Factorization {
    /// Eigenvalues of the Gram matrix.
    Gram,
    /// Singular values of the rows: slower, resolves what the Gram matrix loses.
    Svd,
}

/// Options of [`Lm`].
#[derive(Clone, Copy, Debug)]
pub struct LmOptions {
    /// The first radius, a length in θ.
    pub radius: f64,
    /// Whether to follow the geodesic.
    pub acceleration: bool,
    /// Where the spectrum comes from.
    pub factorization: Factorization,
    /// Which matrix stands for the curvature.
    pub metric: Metric,
}

/// The most that the acceleration may be of the step: ½ of Transtrum and Sethna's α = 0.75.
const MOST_BENT: f64 = 0.375;
/// Least damping as a part of the largest square: below, rounding decides.
const LEAST_DAMPING: f64 = 1e-20;
/// Gain ratios below and above which the radius changes, and by which factors of the step.
const POOR: (f64, f64) = (0.25, 0.25);
const GOOD: (f64, f64) = (0.75, 3.0);
/// Radii of one step.
const MOST_TRIALS: usize = 40;

/// Levenberg-Marquardt.
pub struct Lm {
    options: LmOptions,
    radius: f64,
    rows: RowTiles,
    /// That of the points of these rows.
    revision: Option<u64>,
    gradient: Vec<f64>,
    residual: Vec<f64>,
    step: Vec<f64>,
    acceleration: Vec<f64>,
    trial: Vec<f64>,
}

impl Lm {
    /// With the options of a stage.
    pub fn of_stage(stage: &Stage, problem: &dyn Objective) -> Self {
        let factorization = if stage.name("solver") == "svd" { Factorization::Svd } else { Factorization::Gram };
        let acceleration = stage.name("acceleration") == "on";
        let (radius, metric) = (stage.number("radius"), super::metric(stage));
        Self::new(LmOptions { radius, acceleration, factorization, metric }, problem)
    }

    /// Starts with the radius of the options.
    pub fn new(options: LmOptions, problem: &dyn Objective) -> Self {
        let zero = vec![0.0; problem.parameters()];
        Self {
            options,
            radius: options.radius,
            rows: RowTiles::new(&[], problem.parameters()),
            revision: None,
            gradient: zero.clone(),
            residual: Vec::new(),
            step: zero.clone(),
            acceleration: zero.clone(),
            trial: zero,
        }
    }

    /// A and the gradient at θ; the loss there.
    fn evaluate(&mut self, problem: &dyn Objective, theta: &[f64]) -> f64 {
        reshape(&mut self.rows, &mut self.revision, problem, self.options.metric);
        problem.linearize(theta, self.options.metric, &mut self.rows, &mut self.gradient)
    }

    /// The spectrum of AᵀA, and the gradient along its eigenvectors.
    fn factor(&mut self, problem: &dyn Objective, theta: &[f64]) -> Result<(Spectral, Vec<f64>), SolveError> {
        if self.options.factorization == Factorization::Gram || self.rows.rows() == 0 {
            let spectral = Spectral::of_gram(&self.rows)?;
            let along = spectral.along(&self.gradient)?;
            return Ok((spectral, along));
        }
        let spectral = Spectral::of_rows(&self.rows)?;
        let residuals = problem.least_squares().filter(|_| self.options.metric == Metric::GaussNewton);
        let Some(residuals) = residuals else {
            let along = spectral.along(&self.gradient)?;
            return Ok((spectral, along));
        };
        self.residual.resize(residuals.rows(), 0.0);
        residuals.residual(theta, &mut self.residual);
        let along = match spectral.along_of_rows(&self.residual) {
            Some(along) => along?,
            None => spectral.along(&self.gradient)?,
        };
        Ok((spectral, along))
    }

    /// p and a at a damping.
    fn solve(&mut self, problem: &dyn Objective, theta: &[f64], system: &Region) -> Result<(), SolveError> {
        let Region { spectral, along, damping, .. } = system;
        spectral.combine(along, |square| (square + damping).recip(), &mut self.step);
        self.acceleration.fill(0.0);
        if self.options.acceleration {
            problem.curvature_along(theta, &self.step, &mut self.trial);
            self.trial.iter_mut().for_each(|g| *g *= 0.5);
            spectral.solve_normal(&self.trial, *damping, &mut self.acceleration)?;
        }
        Ok(())
    }

    /// The loss at θ + p + a if it is below that at θ, and the acceleration short enough.
    fn try_step(&mut self, problem: &dyn Objective, theta: &[f64], before: f64) -> Option<f64> {
        if norm(&self.acceleration) > MOST_BENT * norm(&self.step) {
            return None;
        }
        let moved = theta.iter().zip(&self.step).zip(&self.acceleration);
        self.trial.iter_mut().zip(moved).for_each(|(n, ((t, p), a))| *n = t + p + a);
        lower_loss(problem, (theta, before), &self.trial)
    }
}

/// The steps of one linearization.
struct Region {
    spectral: Spectral,
    /// The gradient along the eigenvectors.
    along: Vec<f64>,
    /// The least damping that is used.
    least: f64,
    damping: f64,
}

impl Region {
    fn new(spectral: Spectral, along: Vec<f64>) -> Self {
        let least = (LEAST_DAMPING * spectral.largest()).max(f64::MIN_POSITIVE);
        Self { spectral, along, least, damping: least }
    }

    fn secular(&self) -> Secular<'_> {
        Secular { squares: self.spectral.squares(), slopes: &self.along }
    }
}

impl Optimizer for Lm {
    fn step(&mut self, problem: &dyn Objective, theta: &mut [f64]) -> StepReport {
        let before = self.evaluate(problem, theta);
        let gradient = norm(&self.gradient);
        let mut report = StepReport::before(before, gradient, self.radius);
        if report.outcome == Outcome::NotFinite || gradient == 0.0 {
            return report;
        }
        let Ok((spectral, along)) = self.factor(problem, theta) else {
            return StepReport { outcome: Outcome::NotFinite, ..report };
        };
        let mut region = Region::new(spectral, along);
        let mut radius = self.radius;
        while report.trials < MOST_TRIALS {
            report.trials += 1;
            region.damping = region.secular().damping_of(radius, region.least);
            let solved = self.solve(problem, theta, &region);
            let length = norm(&self.step);
            let lower = solved.ok().and_then(|()| self.try_step(problem, theta, before));
            let Some(loss) = lower else {
                radius = POOR.1 * length.min(radius);
                continue;
            };
            let gain = (before - loss) / region.secular().decrease(region.damping);
            if gain < POOR.0 {
                radius = POOR.1 * length;
            } else if gain > GOOD.0 {
                radius = radius.max(GOOD.1 * length);
            }
            (report.length, report.rate) = (distance(theta, &self.trial), region.damping);
            theta.copy_from_slice(&self.trial);
            self.radius = radius;
            return StepReport { outcome: Outcome::Moved, loss, ..report };
        }
        report
    }

    fn save(&self) -> State {
        State::default().with("radius", &[self.radius])
    }

    fn restore(&mut self, state: &State) -> Result<(), StateError> {
        self.radius = state.number("radius")?;
        Ok(())
    }
}
