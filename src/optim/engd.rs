//! Energy natural gradient with bold damping and geodesic acceleration.
//!
//! For a least-squares energy ½‖r‖² the energy Gram matrix of Müller and Zeinhofer (arXiv 2302.13163, eq. 12) is JᵀJ, and
//! the natural gradient step solves `(JᵀJ + λI) p = -Jᵀr`. Along p the residual bends; the geodesic acceleration
//! `(JᵀJ + λI) a = -½ Jᵀ r_pp` (Transtrum and Sethna, arXiv 1201.5885, eq. 13) follows it to second order, with r_pp exact.
//! The trial point is θ + p + a, and counts only where ‖a‖ ≤ ‖p‖. Damping rises by [`EngdOptions::raise`] after a failure;
//! it falls by [`EngdOptions::lower`] where the first trial succeeded, else by `raise` again. Of the rules measured on 2D
//! Poisson (ten seeds) these, with 10 and 3, take the fewest trials to an error; all of them end alike.
//!
//! Instead, the step length along p may be searched for ([`Search`]), at the damping min(loss, λ) or, as published, with
//! the pseudo-inverse of the Gram matrix ([`published`](super::published)).
//!
//! The linear systems are those of [`damped`](super::damped). The normal equations resolve no singular value of J below
//! 1e-8 of the largest. Where a step fails at a damping that they can't resolve, it is solved again by QR of [J; √λ I]; not where
//! J is larger than [`EngdOptions::stored`].

use super::damped::{DampedSystem, Side, Way};
use super::published::pseudo_inverse_step;
use super::step_length::{backtracking, grid, moved};
use super::{Met, Optimizer, Outcome, State, StateError, StepReport, lower_loss, norm, reshape};
use crate::kernel::{LeastSquares, Metric, Objective};
use crate::linalg::{CgLimits, RowTiles, SolveError};
use crate::model::Stage;

/// How the damped normal equations are solved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Solver {
    /// By Gram or kernel matrix, whichever is smaller, and QR where that is not enough; by conjugate gradients where both
    /// are too large.
    Auto,
    /// Cholesky of the Gram matrix AᵀA.
    Gram,
    /// Cholesky of the kernel matrix AAᵀ.
    Kernel,
    /// QR of the rows of the metric.
    Qr,
    /// Singular values of the rows of the metric.
    Svd,
    /// Conjugate gradients.
    Cg,
    /// The pseudo-inverse of the Gram matrix, without damping; always with a line search.
    Lstsq,
}

impl Solver {
    /// What a stage asks for.
    pub(super) fn of_stage(stage: &Stage) -> Self {
        match stage.name("solver") {
            _ if is_published(stage) => Self::Lstsq,
            "gram" => Self::Gram,
            "kernel" => Self::Kernel,
            "qr" => Self::Qr,
            "svd" => Self::Svd,
            "cg" => Self::Cg,
            "lstsq" => Self::Lstsq,
            _ => Self::Auto,
        }
    }

    /// How a system of N x P is solved at first; whether A is the Jacobian of a residual.
    pub(super) fn way(self, (rows, columns): (usize, usize), of_residual: bool) -> Way {
        match self {
            // Energies that are linear in the jets have no rows at all.
            _ if rows == 0 => Way::Gram,
            Self::Gram | Self::Lstsq => Way::Gram,
            Self::Kernel => Way::Kernel,
            Self::Qr => Way::Qr,
            Self::Svd => Way::Svd,
            Self::Cg => Way::Cg,
            Self::Auto if rows < columns && rows <= LARGEST_MATRIX && of_residual => Way::Kernel,
            Self::Auto if columns <= LARGEST_MATRIX => Way::Gram,
            Self::Auto => Way::Cg,
        }
    }

    /// Whether a Gram matrix is made from some rows of A after the other, where at most so many numbers of it are stored.
    pub(super) fn streams(self, (rows, columns): (usize, usize), of_residual: bool, stored: usize) -> bool {
        let is_gram = matches!(self, Self::Auto | Self::Gram) && self.way((rows, columns), of_residual) == Way::Gram;
        is_gram && of_residual && rows * columns > stored
    }

    /// Whether a step that this way does not resolve is solved by QR.
    pub(super) fn may_refine(self, way: Way, columns: usize) -> bool {
        self == Self::Auto && way != Way::Cg && columns <= MOST_FOR_QR
    }
}

/// Whether a stage asks for the procedure as it was published.
fn is_published(stage: &Stage) -> bool {
    stage.name("procedure") == "paper"
}

/// How the length of a step is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Search {
    /// By the damping: the step at the least damping that is tried and lowers the loss.
    Damping,
    /// The best of 31 lengths that halve, if it lowers the loss.
    Grid,
    /// The same, whatever its loss: as published.
    PublishedGrid,
    /// The first of lengths that halve that lowers the loss enough (Armijo).
    Backtracking,
}

/// Options of [`Engd`].
#[derive(Clone, Copy, Debug)]
pub struct EngdOptions {
    /// The first damping λ.
    pub damping: f64,
    /// Damping is multiplied by this after a failure.
    pub raise: f64,
    /// Damping is divided by this after a success at the first trial.
    pub lower: f64,
    /// Whether to follow the geodesic.
    pub acceleration: bool,
    /// How the equations are solved.
    pub solver: Solver,
    /// When conjugate gradients stop.
    pub cg: CgLimits,
    /// Which matrix stands for the curvature.
    pub metric: Metric,
    /// How the length of a step is found.
    pub search: Search,
    /// The longest step that a line search tries, in units of the solution of the linear system.
    pub longest: f64,
    /// The most numbers of A that are stored; beyond, where A is the Jacobian of a residual, its Gram matrix is made from some rows
    /// after the other.
    pub stored: usize,
}

impl Default for EngdOptions {
    fn default() -> Self {
        Self {
            damping: 1e-2,
            raise: 3.0,
            lower: 10.0,
            acceleration: true,
            solver: Solver::Auto,
            cg: CgLimits { iterations: 100, tolerance: CG_TOLERANCE },
            metric: Metric::GaussNewton,
            search: Search::Damping,
            longest: 1.0,
            stored: STORED,
        }
    }
}

/// Least damping, in units of the largest entry of the diagonal of the Gram matrix.
const LEAST_DAMPING: f64 = 1e-20;
/// Most damping, in the same units: steps so short that the loss falls by no more than its rounding. Without an end, some
/// failures in a row (at a minimum, before new points are drawn) would raise the damping beyond any way back.
const MOST_DAMPING: f64 = 1e12;
/// Below this damping, in the same units, rounding of the Gram matrix may spoil a step.
const RESOLVED_BY_GRAM: f64 = 1e-14;
/// Trial points of one step.
const MOST_TRIALS: usize = 40;
/// The part of the preconditioned residual that conjugate gradients leave by default: a step is then a hundredth off, and
/// more iterations were measured to cost more than the better step gains.
pub const CG_TOLERANCE: f64 = 1e-2;
/// The largest Gram or kernel matrix that is made without being asked for (1.2 GB).
pub const LARGEST_MATRIX: usize = 12_000;
/// The most numbers of A that are stored (512 MB).
pub(super) const STORED: usize = 1 << 26;
/// Armijo's part of the promised decrease.
const SUFFICIENT: f64 = 1e-4;
/// Beyond so many parameters, QR costs too much to be tried without being asked for.
const MOST_FOR_QR: usize = 3000;

/// Energy natural gradient descent.
pub struct Engd {
    options: EngdOptions,
    damping: f64,
    /// That of the points of A.
    revision: Option<u64>,
    /// A, whose AᵀA is the metric.
    system: DampedSystem,
    gradient: Vec<f64>,
    step: Vec<f64>,
    acceleration: Vec<f64>,
    trial: Vec<f64>,
    /// The trial points of a grid, one behind the other.
    candidates: Vec<f64>,
    /// r, where the problem is least squares.
    residual: Vec<f64>,
    along: [Vec<f64>; 2],
}

impl Engd {
    /// With the options of a stage.
    pub fn of_stage(stage: &Stage, problem: &dyn Objective) -> Self {
        let number = |name: &str| stage.number(name);
        let solver = Solver::of_stage(stage);
        let search = match stage.name("line_search") {
            "grid" => Search::Grid,
            "backtracking" => Search::Backtracking,
            _ if solver == Solver::Lstsq => Search::Grid,
            _ => Search::Damping,
        };
        let search = if is_published(stage) { Search::PublishedGrid } else { search };
        let options = EngdOptions {
            damping: number("damping"),
            raise: number("raise"),
            lower: number("lower"),
            acceleration: stage.name("acceleration") == "on",
            solver,
            cg: CgLimits { iterations: number("cg_steps") as usize, tolerance: CG_TOLERANCE },
            metric: super::metric(stage),
            search,
            longest: number("longest"),
            stored: STORED,
        };
        Self::new(options, problem)
    }

    /// Starts with the damping of the options.
    pub fn new(options: EngdOptions, problem: &dyn Objective) -> Self {
        let zero = vec![0.0; problem.parameters()];
        Self {
            options,
            damping: options.damping,
            revision: None,
            system: DampedSystem::new(RowTiles::new(&[], problem.parameters()), options.cg),
            gradient: zero.clone(),
            step: zero.clone(),
            acceleration: zero.clone(),
            trial: zero,
            candidates: Vec::new(),
            residual: Vec::new(),
            along: [Vec::new(), Vec::new()],
        }
    }

    /// The residual, where A is its Jacobian.
    fn least_squares<'a>(&self, problem: &'a dyn Objective) -> Option<&'a dyn LeastSquares> {
        problem.least_squares().filter(|_| self.options.metric == Metric::GaussNewton)
    }

    /// A and the gradient at θ; the loss there.
    fn evaluate(&mut self, problem: &dyn Objective, theta: &[f64]) -> f64 {
        let residuals = self.least_squares(problem);
        let shape = (residuals.map_or(0, LeastSquares::rows), theta.len());
        if self.options.solver.streams(shape, residuals.is_some(), self.options.stored) {
            self.revision = None;
            return self.system.stream(problem, theta, &mut self.gradient);
        }
        let (rows, metric) = (self.system.stored(), self.options.metric);
        reshape(rows, &mut self.revision, problem, metric);
        problem.linearize(theta, metric, rows, &mut self.gradient)
    }

    /// How the system of this step is solved at first.
    fn way(&self, problem: &dyn Objective) -> Way {
        let of_residual = self.least_squares(problem).is_some();
        if self.system.is_streamed() { Way::Gram } else { self.options.solver.way(self.system.shape(), of_residual) }
    }

    /// p and a at the current damping.
    fn solve(&mut self, problem: &dyn Objective, theta: &[f64]) -> Result<(), SolveError> {
        self.system.factor(self.damping)?;
        // Products with A are sweeps where it is not stored.
        let residuals = self.least_squares(problem).filter(|_| !self.system.is_streamed());
        match residuals.filter(|_| self.system.wants_residual()) {
            Some(residuals) => {
                // It is that of the step for all of its trials.
                if self.residual.is_empty() {
                    self.residual.resize(residuals.rows(), 0.0);
                    residuals.residual(theta, &mut self.residual);
                }
                self.system.solve(Side::Residual(&self.residual), &mut self.step)?;
            }
            None => self.system.solve(Side::Gradient(&self.gradient), &mut self.step)?,
        }
        self.acceleration.fill(0.0);
        if !self.options.acceleration || self.options.search != Search::Damping {
            return Ok(());
        }
        let [first, second] = &mut self.along;
        if let Some(residuals) = residuals {
            first.resize(residuals.rows(), 0.0);
            second.resize(residuals.rows(), 0.0);
            residuals.residual_along(theta, &self.step, first, second);
            second.iter_mut().for_each(|r| *r *= 0.5);
            self.system.solve(Side::Residual(second), &mut self.acceleration)
        } else {
            second.resize(theta.len(), 0.0);
            problem.curvature_along(theta, &self.step, second);
            second.iter_mut().for_each(|g| *g *= 0.5);
            self.system.solve(Side::Gradient(second), &mut self.acceleration)
        }
    }

    /// The loss at θ + p + a if it is below that at θ, and the acceleration is no longer than the step.
    fn try_step(&mut self, problem: &dyn Objective, theta: &[f64], before: f64) -> Option<f64> {
        if norm(&self.acceleration) > norm(&self.step) {
            return None;
        }
        let moved = theta.iter().zip(&self.step).zip(&self.acceleration);
        self.trial.iter_mut().zip(moved).for_each(|(n, ((t, p), a))| *n = t + p + a);
        lower_loss(problem, (theta, before), &self.trial)
    }

    /// The natural gradient for a line search, with the damping that was used, and what was met; where the matrix is singular at
    /// min(loss, λ), at the next larger power of ten that is enough.
    fn direction(
        &mut self,
        problem: &dyn Objective,
        theta: &[f64],
        before: f64,
    ) -> Result<(f64, Option<Met>), SolveError> {
        if self.options.solver == Solver::Lstsq {
            let rank = pseudo_inverse_step(self.system.stored(), &self.gradient, &mut self.step)?;
            return Ok((0.0, (rank < theta.len()).then_some(Met::RankDeficient(rank, theta.len()))));
        }
        let unit = self.system.begin(self.way(problem)).max(f64::MIN_POSITIVE);
        let wanted = if before > 0.0 { before.min(self.options.damping) } else { self.options.damping };
        self.damping = wanted.max(LEAST_DAMPING * unit);
        loop {
            match self.solve(problem, theta) {
                Err(SolveError::Singular { .. }) if self.damping < unit => self.damping *= 10.0,
                solved => return solved.map(|()| (self.damping, None)),
            }
        }
    }

    /// A step whose length is searched for.
    fn search_along(&mut self, problem: &dyn Objective, theta: &mut [f64], report: StepReport) -> StepReport {
        let before = report.loss_before;
        let Ok((rate, met)) = self.direction(problem, theta, before) else { return report };
        self.acceleration.fill(0.0);
        let slope: f64 = self.step.iter().zip(&self.gradient).map(|(p, g)| p * g).sum();
        let (trial, step) = (&mut self.trial, &self.step);
        let found = match self.options.search {
            Search::Backtracking => backtracking((self.options.longest, SUFFICIENT), before, slope, |length| {
                moved(theta, length, step, trial);
                problem.loss(trial)
            }),
            _ => grid(self.options.longest, |lengths, losses| {
                self.candidates.resize(lengths.len() * step.len(), 0.0);
                let candidates = self.candidates.chunks_exact_mut(step.len()).zip(lengths);
                candidates.for_each(|(candidate, length)| moved(theta, *length, step, candidate));
                problem.losses(&self.candidates, losses);
            }),
        };
        let report = StepReport { trials: found.trials, rate, met, ..report };
        let Some(length) = found.length else { return report };
        moved(theta, length, step, &mut self.trial);
        let loss = match self.options.search {
            Search::PublishedGrid => Some(found.loss),
            _ => lower_loss(problem, (theta, before), &self.trial),
        };
        let Some(loss) = loss else { return report };
        theta.copy_from_slice(&self.trial);
        StepReport { outcome: Outcome::Moved, loss, length: length * norm(&self.step), ..report }
    }
}

impl Optimizer for Engd {
    fn step(&mut self, problem: &dyn Objective, theta: &mut [f64]) -> StepReport {
        let before = self.evaluate(problem, theta);
        self.residual.clear();
        let gradient = norm(&self.gradient);
        let mut report = StepReport::before(before, gradient, self.damping);
        if report.outcome == Outcome::NotFinite {
            return report;
        }
        if gradient == 0.0 {
            return report;
        }
        if self.options.search != Search::Damping {
            return self.search_along(problem, theta, report);
        }
        let way = self.way(problem);
        let unit = self.system.begin(way).max(f64::MIN_POSITIVE);
        self.damping = self.damping.max(LEAST_DAMPING * unit).min(MOST_DAMPING * unit);
        let may_refine = !self.system.is_streamed() && self.options.solver.may_refine(way, theta.len());
        while report.trials < MOST_TRIALS && self.damping <= MOST_DAMPING * unit {
            report.trials += 1;
            report.rate = self.damping;
            if may_refine {
                let beyond_gram = report.trials > 2 && self.damping < RESOLVED_BY_GRAM * unit;
                self.system.switch(if beyond_gram { Way::Qr } else { way });
                report.met = beyond_gram.then_some(Met::Unresolved);
            }
            let solved = self.solve(problem, theta);
            let lower = solved.ok().and_then(|()| self.try_step(problem, theta, before));
            if let Some(loss) = lower {
                report.length =
                    self.step.iter().zip(&self.acceleration).map(|(p, a)| (p + a) * (p + a)).sum::<f64>().sqrt();
                theta.copy_from_slice(&self.trial);
                self.damping /= if report.trials == 1 { self.options.lower } else { self.options.raise };
                return StepReport { outcome: Outcome::Moved, loss, ..report };
            }
            self.damping *= self.options.raise;
        }
        report
    }

    fn save(&self) -> State {
        State::default().with("damping", &[self.damping])
    }

    fn restore(&mut self, state: &State) -> Result<(), StateError> {
        self.damping = state.number("damping")?;
        Ok(())
    }
}
