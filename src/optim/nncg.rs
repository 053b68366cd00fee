//! NysNewton-CG (Rathore et al., arXiv 2402.01868, algorithm 4): damped Newton steps by conjugate gradients.
//!
//! `(H + μI) d = -∇L` with the Hessian H of the loss in θ, by conjugate gradients that a randomized Nyström approximation of
//! H preconditions, made anew every few steps; then a step along d by Armijo's rule with α = 0.1 and β = ½. Where a direction
//! of negative curvature is met, the iteration ends with what it has, which is a direction of descent.
//!
//! Products H v are central differences of the gradient along v. Their relative error of some 1e-10 is far below the
//! tolerance of the iteration.

use super::published::backtracking;
use super::step_length::moved;
use super::{Optimizer, Outcome, State, StateError, StepReport, norm};
use crate::geometry::Stream;
use crate::kernel::Objective;
use crate::linalg::Nystrom;
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

/// The part of the residual that conjugate gradients leave.
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
        Self { options, preconditioner: None, steps: 0, gradient: zero.clone(), direction: zero.clone(), trial: zero }
    }

    /// A Nyström approximation of H from products with random vectors.
    fn refresh(&mut self, problem: &dyn Objective, theta: &[f64]) {
        let (size, rank) = (theta.len(), self.options.rank.min(theta.len()));
        let mut stream = Stream::new(0, TEST_STREAM, self.steps as u64);
        let test: Vec<f64> = (0..size * rank).map(|_| stream.normal()).collect();
        let mut sketch = vec![0.0; size * rank];
        for (v, out) in test.chunks_exact(size).zip(sketch.chunks_exact_mut(size)) {
            hessian_product(problem, theta, v, out);
        }
        // Without one the iteration is plain conjugate gradients.
        self.preconditioner = Nystrom::of_sketch(&test, &sketch, size).ok();
    }

    fn precondition(&self, residual: &[f64], out: &mut [f64]) {
        match &self.preconditioner {
            Some(nystrom) => nystrom.precondition(self.options.damping, residual, out),
            None => out.copy_from_slice(residual),
        }
    }

    /// d
    fn find_direction(&mut self, problem: &dyn Objective, theta: &[f64]) {
        let size = theta.len();
        let mut d = vec![0.0; size];
        let mut residual: Vec<f64> = self.gradient.iter().map(|g| -g).collect();
        let [mut along, mut image, mut preconditioned] = [(); 3].map(|()| vec![0.0; size]);
        self.precondition(&residual, &mut along);
        let mut square = dot(&residual, &along);
        let enough = TOLERANCE * norm(&residual);
        for iteration in 0..self.options.iterations {
            hessian_product(problem, theta, &along, &mut image);
            image.iter_mut().zip(&along).for_each(|(h, v)| *h += self.options.damping * v);
            let curvature = dot(&along, &image);
            if !(curvature > 0.0 && curvature.is_finite()) {
                if iteration == 0 {
                    d.copy_from_slice(&along);
                }
                break;
            }
            let length = square / curvature;
            d.iter_mut().zip(&along).for_each(|(d, v)| *d += length * v);
            residual.iter_mut().zip(&image).for_each(|(r, h)| *r -= length * h);
            if norm(&residual) <= enough {
                break;
            }
            self.precondition(&residual, &mut preconditioned);
            let next = dot(&residual, &preconditioned);
            let keep = next / square;
            along.iter_mut().zip(&preconditioned).for_each(|(v, z)| *v = z + keep * *v);
            square = next;
        }
        self.direction = d;
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

/// `H v` by a central difference of the gradient along v, whose error is of the order h² and ε/h.
fn hessian_product(problem: &dyn Objective, theta: &[f64], v: &[f64], out: &mut [f64]) {
    let length = norm(v);
    if length == 0.0 {
        out.fill(0.0);
        return;
    }
    let h = f64::EPSILON.cbrt() * (1.0 + norm(theta)) / length;
    let at = |h: f64| theta.iter().zip(v).map(|(t, v)| t + h * v).collect::<Vec<f64>>();
    let mut behind = vec![0.0; v.len()];
    problem.gradient(&at(h), out);
    problem.gradient(&at(-h), &mut behind);
    out.iter_mut().zip(&behind).for_each(|(out, behind)| *out = (*out - behind) / (2.0 * h));
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
