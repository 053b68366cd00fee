//! KFAC for residuals of differential equations (Dangel, Müller and Zeinhofer, arXiv 2405.15603).
//!
//! JᵀJ is replaced layer by layer by `A₁ ⊗ B₁ + A₂ ⊗ B₂`, one product for the equations and one for the other
//! conditions ([`LeastSquares::kronecker`]). The factors are averaged over steps, `F ← βF + (1 - β)F̂`, beginning with
//! the first F̂, and λ is added to the diagonal of each. With V₁ᵀA₁V₁ = I, V₁ᵀA₂V₁ = S₁ and V₂, S₂ alike from B, the
//! preconditioned gradient of the weights is
//!
//! ```text
//! V₂ [V₂ᵀ G V₁ / (1 + s₂ s₁ᵀ)] V₁ᵀ
//! ```
//!
//! (their appendix B). With Δ the negative of it and δ the step before, the next step is
//!
//! * `auto`: α Δ + μ δ, which minimises the quadratic model with JᵀJ + λI itself in the span of both (their section
//!   3.3, after Martens and Grosse, arXiv 1503.05671, section 7); J Δ and J δ are sweeps. Where it does not lower the
//!   loss, the best length of the grid 2⁰ ... 2⁻³⁰;
//! * `grid`: the buffer `δ ← μ δ + Δ`, times the best length of that grid.
//!
//! Short steps raise λ for the next ([`GuardedDamping`]); where nothing lowers the loss, δ begins anew with more
//! damping.

use rayon::prelude::*;

use super::step_length::{ATTEMPTS, GuardedDamping, best_power, distance};
use super::{Optimizer, Outcome, State, StateError, StepReport, norm, take};
use crate::kernel::{LayerFactors, LeastSquares, Objective};
use crate::linalg::{Cholesky, SolveError, View, ViewMut, dot, joint_eigen, multiply};
use crate::model::Stage;

/// How a step is made from the preconditioned gradient and the step before.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum KfacRule {
    /// By the minimum of the quadratic model in the span of both.
    Auto,
    /// By a momentum, and a line search.
    Grid {
        /// μ.
        momentum: f64,
    },
}

/// Options of [`Kfac`].
#[derive(Clone, Copy, Debug)]
pub struct KfacOptions {
    /// λ, added to each factor.
    pub damping: f64,
    /// β.
    pub average: f64,
    /// How a step is made.
    pub rule: KfacRule,
}

/// Kronecker-factored approximate curvature.
pub struct Kfac {
    options: KfacOptions,
    damping: GuardedDamping,
    /// The averaged factors.
    layers: Vec<LayerFactors>,
    /// How often they were observed.
    observed: f64,
    /// δ.
    last: Vec<f64>,
    gradient: Vec<f64>,
    direction: Vec<f64>,
    trial: Vec<f64>,
}

impl Kfac {
    /// With the options of a stage.
    pub fn of_stage(stage: &Stage, problem: &dyn Objective) -> Self {
        let rule = match stage.name("rule") {
            "grid" => KfacRule::Grid { momentum: stage.number("momentum") },
            _ => KfacRule::Auto,
        };
        Self::new(KfacOptions { damping: stage.number("damping"), average: stage.number("average"), rule }, problem)
    }

    /// Starts without factors.
    pub fn new(options: KfacOptions, problem: &dyn Objective) -> Self {
        let zero = vec![0.0; problem.parameters()];
        Self {
            options,
            damping: GuardedDamping::new(options.damping),
            layers: problem.least_squares().map_or_else(Vec::new, |squares| squares.kronecker(None)),
            observed: 0.0,
            last: zero.clone(),
            gradient: zero.clone(),
            direction: zero.clone(),
            trial: zero,
        }
    }

    fn observe(&mut self, found: &[LayerFactors]) {
        let keep = if self.observed > 0.0 { self.options.average } else { 0.0 };
        self.observed += 1.0;
        for (own, new) in self.layers.iter_mut().zip(found) {
            for (own, new) in matrices_mut(own).zip(matrices(new)) {
                own.iter_mut().zip(new).for_each(|(own, new)| *own = keep * *own + (1.0 - keep) * new);
            }
        }
    }

    /// Δ: the negative of the preconditioned gradient. A parameter that no layer has is divided by the damping.
    fn precondition(&mut self) -> Result<(), SolveError> {
        let (damping, gradient) = (self.damping.now, &self.gradient);
        self.direction.iter_mut().zip(gradient).for_each(|(d, g)| *d = -g / damping);
        let solved: Result<Vec<_>, SolveError> =
            self.layers.par_iter().map(|layer| preconditioned(layer, damping, gradient)).collect();
        for (layer, (of_matrix, of_rest)) in self.layers.iter().zip(solved?) {
            let columns = layer.inputs + usize::from(layer.biases.is_some());
            for (row, numbers) in of_matrix.chunks_exact(columns.max(1)).enumerate() {
                let start = layer.weights.start + row * layer.inputs;
                let weights = self.direction[start..start + layer.inputs].iter_mut();
                weights.zip(numbers).for_each(|(d, x)| *d = -x);
                if let Some(biases) = &layer.biases {
                    self.direction[biases.start + row] = -numbers[layer.inputs];
                }
            }
            if let Some((range, _)) = &layer.rest {
                self.direction[range.clone()].iter_mut().zip(of_rest).for_each(|(d, x)| *d = -x);
            }
        }
        Ok(())
    }

    /// α Δ + μ δ.
    fn combine(&mut self, squares: &dyn LeastSquares, theta: &[f64]) {
        let mut images = [(); 2].map(|()| vec![0.0; squares.rows()]);
        let mut unused = vec![0.0; squares.rows()];
        let moved = norm(&self.last) > 0.0;
        squares.residual_along(theta, &self.direction, &mut images[0], &mut unused);
        if moved {
            squares.residual_along(theta, &self.last, &mut images[1], &mut unused);
        }
        let (damping, vectors) = (self.damping.now, [&self.direction, &self.last]);
        let entry = |i: usize, j: usize| dot(&images[i], &images[j]) + damping * dot(vectors[i], vectors[j]);
        let [a, b, c] = [entry(0, 0), entry(0, 1), entry(1, 1)];
        let [p, q] = vectors.map(|v| -dot(&self.gradient, v));
        let determinant = a * c - b * b;
        // Where both are nearly parallel, Δ alone is enough.
        let (alpha, mu) = if moved && determinant > PARALLEL * a * c {
            ((c * p - b * q) / determinant, (a * q - b * p) / determinant)
        } else {
            (p / a, 0.0)
        };
        self.direction.iter_mut().zip(&self.last).for_each(|(d, last)| *d = alpha * *d + mu * last);
    }

    fn failed(&mut self) {
        self.damping.follow(0.0);
        self.last.fill(0.0);
    }
}

/// Two directions are parallel where the determinant of their model is this part of the product of its diagonal.
const PARALLEL: f64 = 1e-12;

fn matrices(layer: &LayerFactors) -> impl Iterator<Item = &Vec<f64>> {
    layer.factors.iter().flatten().chain(layer.rest.iter().map(|(_, gram)| gram))
}

fn matrices_mut(layer: &mut LayerFactors) -> impl Iterator<Item = &mut Vec<f64>> {
    layer.factors.iter_mut().flatten().chain(layer.rest.iter_mut().map(|(_, gram)| gram))
}

/// Row by row the preconditioned gradient of weights and biases, and that of the rest.
fn preconditioned(layer: &LayerFactors, damping: f64, gradient: &[f64]) -> Result<(Vec<f64>, Vec<f64>), SolveError> {
    let (m, k) = (layer.outputs, layer.inputs + usize::from(layer.biases.is_some()));
    let mut rest = Vec::new();
    if let Some((range, gram)) = &layer.rest {
        rest.extend_from_slice(&gradient[range.clone()]);
        let mut cholesky = Cholesky::new(range.len());
        cholesky.fill(|lower| lower.copy_from_slice(gram));
        cholesky.factor(damping)?;
        cholesky.solve_in_place(&mut rest);
    }
    let mut matrix: Vec<f64> = Vec::with_capacity(m * k);
    for row in 0..m {
        let start = layer.weights.start + row * layer.inputs;
        matrix.extend_from_slice(&gradient[start..start + layer.inputs]);
        matrix.extend(layer.biases.iter().map(|biases| gradient[biases.start + row]));
    }
    if k == 0 {
        return Ok((matrix, rest));
    }
    let damped = |side: usize, group: usize| {
        let size = if side == 0 { k } else { m };
        let mut factor = layer.factors.get(group).map_or_else(|| vec![0.0; size * size], |pair| pair[side].clone());
        if group == 0 || layer.factors.len() > 1 {
            (0..size).for_each(|i| factor[i * (size + 1)] += damping);
        }
        factor
    };
    let inputs = joint_eigen(&damped(0, 0), &damped(0, 1), k)?;
    let outputs = joint_eigen(&damped(1, 0), &damped(1, 1), m)?;
    // Column-major matrices of vectors are row-major ones of the transpose.
    let [v1, v2] = [(&inputs.vectors, k), (&outputs.vectors, m)].map(|(v, size)| View::row_major(v, size, size));
    let mut half = vec![0.0; m * k];
    let product = |a: View<'_>, b: View<'_>, out: &mut [f64]| {
        multiply(ViewMut::row_major(out, m, k), a, b, 1.0, false);
    };
    product(v2, View::row_major(&matrix, m, k), &mut half);
    product(View::row_major(&half, m, k), v1.transposed(), &mut matrix);
    for (row, s2) in matrix.chunks_exact_mut(k).zip(&outputs.values) {
        row.iter_mut().zip(&inputs.values).for_each(|(x, s1)| *x /= 1.0 + s1 * s2);
    }
    product(View::row_major(&matrix, m, k), v1, &mut half);
    product(v2.transposed(), View::row_major(&half, m, k), &mut matrix);
    Ok((matrix, rest))
}

impl Optimizer for Kfac {
    fn step(&mut self, problem: &dyn Objective, theta: &mut [f64]) -> StepReport {
        let before = problem.gradient(theta, &mut self.gradient);
        let gradient = norm(&self.gradient);
        let mut report = StepReport::before(before, gradient, self.damping.now);
        if report.outcome == Outcome::NotFinite || gradient == 0.0 {
            return report;
        }
        let squares = problem.least_squares();
        if let Some(squares) = squares {
            self.observe(&squares.kronecker(Some(theta)));
        }
        for _ in 0..ATTEMPTS {
            if self.precondition().is_err() {
                self.failed();
                continue;
            }
            match (self.options.rule, squares) {
                (KfacRule::Auto, Some(squares)) => self.combine(squares, theta),
                (KfacRule::Auto, None) => {}
                (KfacRule::Grid { momentum }, _) => {
                    self.direction.iter_mut().zip(&self.last).for_each(|(d, last)| *d += momentum * last);
                    self.last.copy_from_slice(&self.direction);
                }
            }
            let searched = best_power(problem, (theta, before), &self.direction, &mut self.trial);
            report.trials += searched.trials;
            if let Some((rate, loss)) = searched.best {
                if self.options.rule == KfacRule::Auto {
                    self.last.iter_mut().zip(&self.direction).for_each(|(last, d)| *last = rate * d);
                }
                let length = distance(theta, &self.trial);
                theta.copy_from_slice(&self.trial);
                self.damping.follow(rate);
                return StepReport { outcome: Outcome::Moved, loss, length, rate, ..report };
            }
            self.failed();
        }
        report
    }

    fn save(&self) -> State {
        let flat: Vec<f64> = self.layers.iter().flat_map(matrices).flatten().copied().collect();
        State::default()
            .with("damping", &[self.damping.now])
            .with("observed", &[self.observed])
            .with("last", &self.last)
            .with("factors", &flat)
    }

    fn restore(&mut self, state: &State) -> Result<(), StateError> {
        let (damping, observed) = (state.number("damping")?, state.number("observed")?);
        let last = state.vector("last", self.last.len())?;
        let expected = self.layers.iter().flat_map(matrices).map(Vec::len).sum();
        let mut flat = state.vector("factors", expected)?;
        self.layers.iter_mut().flat_map(matrices_mut).for_each(|matrix| take(&mut flat, matrix));
        self.last.copy_from_slice(last);
        (self.damping.now, self.observed) = (damping, observed);
        Ok(())
    }
}
