//! Shampoo (Gupta, Koren and Singer, arXiv 1802.09568, algorithm 1), with running means and bias correction as in Shi et al.,
//! arXiv 2309.06497.
//!
//! For a weight matrix with gradient G (m x n), L and R are running means of GGᵀ and GᵀG; the direction is
//! `L^{-1/4} M R^{-1/4}`, where M is the running mean of G. A vector has one side, and `L^{-1/2}`. The roots follow L and R
//! every `frequency` steps, and at each step of the first `frequency`, where L and R have few directions yet. A multiple of
//! the largest eigenvalue is added to all, so that the direction does not depend on the scale of the loss.

use super::covariance::Covariance;
use super::first_order::{FirstOrder, Rule, Seen};
use super::{Optimizer, Schedule, State, StateError, take};
use crate::kernel::{Objective, ParameterMatrix};
use crate::linalg::{View, ViewMut, multiply, symmetric_eigen};
use crate::model::Stage;

/// Options of [`shampoo`].
#[derive(Clone, Copy, Debug)]
pub struct ShampooOptions {
    /// Learning rate, clipping, weight decay.
    pub schedule: Schedule,
    /// Decay of the mean of gradients.
    pub beta1: f64,
    /// Decay of L and R.
    pub beta2: f64,
    /// Added to the eigenvalues of L and R, as a part of the largest.
    pub epsilon: f64,
    /// Steps from one change of the roots to the next.
    pub frequency: usize,
}

/// Shampoo with the options of a stage.
pub(super) fn of_stage(stage: &Stage, problem: &dyn Objective) -> Box<dyn Optimizer> {
    let options = ShampooOptions {
        schedule: Schedule::of_stage(stage),
        beta1: stage.number("beta1"),
        beta2: stage.number("beta2"),
        epsilon: stage.number("eps"),
        frequency: stage.number("frequency") as usize,
    };
    shampoo(options, problem)
}

/// Shampoo, with all means zero.
pub fn shampoo(options: ShampooOptions, problem: &dyn Objective) -> Box<dyn Optimizer> {
    let parameters = problem.parameters();
    let matrices = problem.matrices().into_iter().filter(|weights| !weights.is_empty()).map(Matrix::new).collect();
    let rule = Roots { options, first: vec![0.0; parameters], matrices };
    Box::new(FirstOrder::new(options.schedule, parameters, rule))
}

struct Roots {
    options: ShampooOptions,
    first: Vec<f64>,
    matrices: Vec<Matrix>,
}

struct Matrix {
    weights: ParameterMatrix,
    left: Option<Side>,
    right: Option<Side>,
    buffer: Vec<f64>,
}

struct Side {
    covariance: Covariance,
    /// The inverse root of the covariance, row-major.
    root: Vec<f64>,
}

impl Side {
    fn new(size: usize) -> Self {
        Self { covariance: Covariance::new(size), root: vec![0.0; size * size] }
    }

    /// `(C/unbias + ε λ_max I)^power`; zero where no gradient was seen.
    fn refresh(&mut self, unbias: f64, epsilon: f64, power: f64) {
        let size = self.covariance.size;
        // What overflows keeps the last root.
        let Ok(eigen) = symmetric_eigen(&self.covariance.mean, size) else { return };
        let largest = eigen.values.last().map_or(0.0, |value| value / unbias);
        let of =
            |value: f64| if largest > 0.0 { (value.max(0.0) / unbias + epsilon * largest).powf(power) } else { 0.0 };
        // Eigenvectors stand in the rows of the row-major view.
        let mut scaled = eigen.vectors.clone();
        for (row, value) in scaled.chunks_exact_mut(size).zip(&eigen.values) {
            row.iter_mut().for_each(|x| *x *= of(*value));
        }
        let vectors = View::row_major(&eigen.vectors, size, size);
        let out = ViewMut::row_major(&mut self.root, size, size);
        multiply(out, vectors.transposed(), View::row_major(&scaled, size, size), 1.0, false);
    }

    fn view(&self) -> View<'_> {
        View::row_major(&self.root, self.covariance.size, self.covariance.size)
    }
}

impl Matrix {
    fn new(weights: ParameterMatrix) -> Self {
        let (rows, columns) = (weights.rows, weights.columns);
        let left = (rows > 1 || columns == 1).then(|| Side::new(rows));
        let right = (columns > 1).then(|| Side::new(columns));
        Self { weights, left, right, buffer: vec![0.0; rows * columns] }
    }

    fn sides(&mut self) -> impl Iterator<Item = &mut Side> {
        [&mut self.left, &mut self.right].into_iter().flatten()
    }

    fn observe(&mut self, gradient: &[f64], keep: f64) {
        let view = View::row_major(gradient, self.weights.rows, self.weights.columns);
        if let Some(left) = &mut self.left {
            left.covariance.observe(view, keep);
        }
        if let Some(right) = &mut self.right {
            right.covariance.observe(view.transposed(), keep);
        }
    }

    fn refresh(&mut self, unbias: f64, epsilon: f64) {
        let power = -0.5 / self.sides().count() as f64;
        self.sides().for_each(|side| side.refresh(unbias, epsilon, power));
    }

    /// The roots on both sides of what stands in `x`.
    fn precondition(&mut self, x: &mut [f64]) {
        let (m, n) = (self.weights.rows, self.weights.columns);
        if let Some(left) = &self.left {
            let out = ViewMut::row_major(&mut self.buffer, m, n);
            multiply(out, left.view(), View::row_major(x, m, n), 1.0, false);
            x.copy_from_slice(&self.buffer);
        }
        if let Some(right) = &self.right {
            let out = ViewMut::row_major(&mut self.buffer, m, n);
            multiply(out, View::row_major(x, m, n), right.view(), 1.0, false);
            x.copy_from_slice(&self.buffer);
        }
    }
}

impl Rule for Roots {
    fn direction(&mut self, seen: &Seen<'_>, out: &mut [f64]) {
        let ShampooOptions { beta1, beta2, epsilon, frequency, .. } = self.options;
        let (unbias1, unbias2) = (1.0 - beta1.powf(seen.step), 1.0 - beta2.powf(seen.step));
        for ((m, g), out) in self.first.iter_mut().zip(seen.gradient).zip(&mut *out) {
            *m = beta1 * *m + (1.0 - beta1) * g;
            *out = *m / unbias1;
        }
        let due = seen.step <= frequency as f64 || seen.step % frequency as f64 == 0.0;
        for matrix in &mut self.matrices {
            let range = matrix.weights.range();
            matrix.observe(&seen.gradient[range.clone()], beta2);
            if due {
                matrix.refresh(unbias2, epsilon);
            }
            matrix.precondition(&mut out[range]);
        }
    }

    fn save(&self, state: State) -> State {
        let sides = self.matrices.iter().flat_map(|m| [&m.left, &m.right]).flatten();
        let flat: Vec<f64> = sides.flat_map(|side| side.covariance.mean.iter().chain(&side.root)).copied().collect();
        state.with("first", &self.first).with("sides", &flat)
    }

    fn restore(&mut self, state: &State) -> Result<(), StateError> {
        self.first = state.vector("first", self.first.len())?.to_vec();
        let length = self.matrices.iter_mut().flat_map(Matrix::sides).map(|side| 2 * side.root.len()).sum();
        let mut flat = state.vector("sides", length)?;
        for side in self.matrices.iter_mut().flat_map(Matrix::sides) {
            take(&mut flat, &mut side.covariance.mean);
            take(&mut flat, &mut side.root);
        }
        Ok(())
    }
}
