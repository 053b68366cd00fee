//! NysNewton-CG (Rathore et al., arXiv 2402.01868, algorithm 4): damped Newton steps by conjugate gradients.
//!
//! `(H + μI) d = -∇L` with the Hessian H of the loss in θ, by conjugate gradients that a randomized Nyström approximation of
//! H preconditions, made anew every few steps; then a step along d by Armijo's rule with α = 0.1 and β = ½. Where a direction
//! of negative curvature is met, the iteration ends with what it has, which is a direction of descent.
//!
//! Products H v are central differences of the gradient along v. Their relative error of some 1e-10 is far below the
//! tolerance of the iteration.

use super::step_length::{backtracking, moved};
use super::{Optimizer, Outcome, State, StateError, StepReport, norm};
use crate::geometry::Stream;
use crate::kernel::Objective;
use crate::linalg::{CgLimits, CgRoom, Nystrom, Symmetric, conjugate_gradients, dot};
use crate::model::Stage;

/// Options of [`Nncg`].
#[derive(Clone, Copy, Debug)]
pub struct NncgOptions {
    /// μ
    pub damping: f64,
    /// The rank of the preconditioner.
    pub rank: usize,
    /// Steps from one preconditioner to the next.
    pub frequency: usize,
    /// The most iterations of conjugate gradients in a step.
    pub iterations: usize,
}

/// The part of the preconditioned residual that conjugate gradients leave.
const TOLERANCE: f64 = 1e-8;
/// Armijo's α.
const SUFFICIENT: f64 = 0.1;
/// The random stream of the test vectors, apart from those of statements.
const TEST_STREAM: u64 = u64::MAX - 1;

/// NysNewton-CG.
pub struct Nncg {
    options: NncgOptions,
    preconditioner: Option<Nystrom>,
    /// Steps so far.
    steps: usize,
    gradient: Vec<f64>,
    direction: Vec<f64>,
    trial: Vec<f64>,
    /// Of products with H.
    room: [Vec<f64>; 2],
    /// Of conjugate gradients.
    iteration: CgRoom,
}

impl Nncg {
    /// With the options of a stage.
    pub fn of_stage(stage: &Stage, problem: &dyn Objective) -> Self {
        let count = |name: &str| stage.number(name) as usize;
        let options = NncgOptions {
            damping: stage.number("damping"),
            rank: count("rank"),
            frequency: count("frequency"),
            iterations: count("cg_steps"),
        };
        Self::new(options, problem.parameters())
    }

    /// Starts without a preconditioner.
    pub fn new(options: NncgOptions, parameters: usize) -> Self {
        let zero = vec![0.0; parameters];
        let room = [zero.clone(), zero.clone()];
        let (gradient, direction, trial) = (zero.clone(), zero.clone(), zero);
        Self { options, preconditioner: None, steps: 0, gradient, direction, trial, room, iteration: CgRoom::default() }
    }

    /// A Nyström approximation of H from products with random vectors.
    fn refresh(&mut self, problem: &dyn Objective, theta: &[f64]) {
        let (size, rank) = (theta.len(), self.options.rank.min(theta.len()));
        let mut stream = Stream::new(0, TEST_STREAM, self.steps as u64);
        let test: Vec<f64> = (0..size * rank).map(|_| stream.normal()).collect();
        let mut sketch = vec![0.0; size * rank];
        for (v, out) in test.chunks_exact(size).zip(sketch.chunks_exact_mut(size)) {
            hessian_product(problem, theta, v, &mut self.room, out);
        }
        // Without one the iteration is plain conjugate gradients.
        self.preconditioner = Nystrom::of_sketch(&test, &sketch, size).ok();
    }

    /// d
    fn find_direction(&mut self, problem: &dyn Objective, theta: &[f64]) {
        let Self { options, preconditioner, gradient, direction, room, iteration, .. } = self;
        let mut system = DampedHessian { problem, theta, damping: options.damping, preconditioner, room };
        let limits = CgLimits { iterations: options.iterations, tolerance: TOLERANCE };
        conjugate_gradients(&mut system, gradient, limits, iteration, direction);
    }
}

/// `H + μI`
struct DampedHessian<'a> {
    problem: &'a dyn Objective,
    theta: &'a [f64],
    damping: f64,
    preconditioner: &'a Option<Nystrom>,
    room: &'a mut [Vec<f64>; 2],
}

impl Symmetric for DampedHessian<'_> {
    fn apply(&mut self, v: &[f64], out: &mut [f64]) {
        hessian_product(self.problem, self.theta, v, self.room, out);
        out.iter_mut().zip(v).for_each(|(out, v)| *out += self.damping * v);
    }

    fn precondition(&self, v: &[f64], out: &mut [f64]) {
        match self.preconditioner {
            Some(nystrom) => nystrom.precondition(self.damping, v, out),
            None => out.copy_from_slice(v),
        }
    }
}

impl Optimizer for Nncg {
    fn step(&mut self, problem: &dyn Objective, theta: &mut [f64]) -> StepReport {
        let before = problem.gradient(theta, &mut self.gradient);
        let gradient = norm(&self.gradient);
        let report = StepReport::before(before, gradient, self.options.damping);
        if report.outcome == Outcome::NotFinite || gradient == 0.0 {
            return report;
        }
        if self.steps.is_multiple_of(self.options.frequency) {
            self.refresh(problem, theta);
        }
        self.steps += 1;
        self.find_direction(problem, theta);
        let slope = dot(&self.direction, &self.gradient);
        let (trial, direction) = (&mut self.trial, &self.direction);
        let found = backtracking((1.0, SUFFICIENT), before, slope, |length| {
            moved(theta, length, direction, trial);
            problem.loss(trial)
        });
        let report = StepReport { trials: found.trials, ..report };
        let Some(length) = found.length else { return report };
        moved(theta, length, direction, trial);
        theta.copy_from_slice(trial);
        StepReport { outcome: Outcome::Moved, loss: found.loss, length: length * norm(direction), ..report }
    }

    fn save(&self) -> State {
        let (basis, values) = self.preconditioner.as_ref().map(Nystrom::parts).unwrap_or_default();
        let (steps, rank) = (self.steps as f64, values.len() as f64);
        State::default().with("steps", &[steps]).with("rank", &[rank]).with("values", &values).with("basis", &basis)
    }

    fn restore(&mut self, state: &State) -> Result<(), StateError> {
        let steps = state.number("steps")? as usize;
        let rank = state.number("rank")? as usize;
        let values = state.vector("values", rank)?;
        let basis = state.vector("basis", rank * self.gradient.len())?;
        self.preconditioner = (rank > 0).then(|| Nystrom::of_parts(basis, values));
        self.steps = steps;
        Ok(())
    }
}

/// `H v` by a central difference of the gradient along v, whose error is of the order h² and ε/h; with room for two vectors.
fn hessian_product(
    problem: &dyn Objective,
    theta: &[f64],
    v: &[f64],
    [shifted, behind]: &mut [Vec<f64>; 2],
    out: &mut [f64],
) {
    let length = norm(v);
    if length == 0.0 {
        out.fill(0.0);
        return;
    }
    let h = f64::EPSILON.cbrt() * (1.0 + norm(theta)) / length;
    moved(theta, h, v, shifted);
    problem.gradient(shifted, out);
    moved(theta, -h, v, shifted);
    problem.gradient(shifted, behind);
    out.iter_mut().zip(&*behind).for_each(|(out, behind)| *out = (*out - behind) / (2.0 * h));
}
