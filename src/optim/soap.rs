//! SOAP: Adam in the eigenbasis of Shampoo's preconditioner (Vyas et al., arXiv 2409.11321, algorithm 3; for physics-informed
//! networks arXiv 2502.00604).
//!
//! For a weight matrix with gradient G (m x n), L and R are running means of GGᵀ and GᵀG, and Q_L and Q_R their
//! eigenvectors. Adam runs on `Q_Lᵀ G Q_R`; its step is turned back. Every `frequency` steps the bases follow L and R
//! by one power iteration and a QR factorization, columns by falling eigenvalue. Biases, and sides wider than
//! `largest`, keep their own basis. The first step begins in the eigenbases of the first gradient.

use std::ops::Range;

use super::{Optimizer, Outcome, State, StateError, StepReport, norm};
use crate::kernel::{Objective, ParameterMatrix};
use crate::linalg::{View, ViewMut, multiply, orthogonal_factor, symmetric_eigen};
use crate::model::Stage;

/// Options of [`Soap`].
#[derive(Clone, Copy, Debug)]
pub struct SoapOptions {
    /// Learning rate.
    pub rate: f64,
    /// The learning rate is multiplied by this at every step.
    pub decay: f64,
    /// Steps over which the learning rate rises to its value.
    pub warmup: f64,
    /// Decay of the first moment.
    pub beta1: f64,
    /// Decay of the second moment, and of L and R.
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub epsilon: f64,
    /// Steps from one change of the bases to the next.
    pub frequency: usize,
    /// The widest side of a matrix that has a basis of its own.
    pub largest: usize,
}

/// SOAP.
pub struct Soap {
    options: SoapOptions,
    steps: f64,
    first: Vec<f64>,
    /// In the bases.
    second: Vec<f64>,
    gradient: Vec<f64>,
    turned: Vec<f64>,
    matrices: Vec<Matrix>,
}

struct Matrix {
    weights: ParameterMatrix,
    left: Option<Side>,
    right: Option<Side>,
    buffer: Vec<f64>,
}

/// One side of a matrix: the running mean of GGᵀ (or GᵀG) and its eigenvectors, as columns; both row-major.
struct Side {
    size: usize,
    covariance: Vec<f64>,
    basis: Vec<f64>,
}

impl Side {
    fn new(size: usize) -> Self {
        let mut basis = vec![0.0; size * size];
        (0..size).for_each(|i| basis[i * size + i] = 1.0);
        Self { size, covariance: vec![0.0; size * size], basis }
    }

    /// `keep·C + (1 - keep)·GGᵀ`.
    fn observe(&mut self, gradient: View<'_>, keep: f64) {
        self.covariance.iter_mut().for_each(|c| *c *= keep);
        let out = ViewMut::row_major(&mut self.covariance, self.size, self.size);
        multiply(out, gradient, gradient.transposed(), 1.0 - keep, true);
    }

    /// The eigenvectors of C, by falling eigenvalue.
    fn decompose(&mut self) {
        // Symmetric: row-major and column-major are the same. What is not finite was refused before.
        let Ok(eigen) = symmetric_eigen(&self.covariance, self.size) else { return };
        for (rank, column) in (0..self.size).rev().enumerate() {
            let vector = &eigen.vectors[column * self.size..(column + 1) * self.size];
            vector.iter().enumerate().for_each(|(row, x)| self.basis[row * self.size + rank] = *x);
        }
    }

    /// One power iteration; gives the order in which the old columns now stand.
    fn follow(&mut self) -> Vec<usize> {
        let size = self.size;
        let mut moved = vec![0.0; size * size];
        let view = |matrix| View::row_major(matrix, size, size);
        multiply(ViewMut::row_major(&mut moved, size, size), view(&self.covariance), view(&self.basis), 1.0, false);
        let eigenvalue = |column: usize| -> f64 {
            (0..size).map(|row| self.basis[row * size + column] * moved[row * size + column]).sum()
        };
        let estimates: Vec<f64> = (0..size).map(eigenvalue).collect();
        let mut order: Vec<usize> = (0..size).collect();
        order.sort_by(|&a, &b| estimates[b].total_cmp(&estimates[a]));
        let columns: Vec<f64> =
            order.iter().flat_map(|&c| (0..size).map(move |r| (r, c))).map(|(r, c)| moved[r * size + c]).collect();
        if let Ok(q) = orthogonal_factor(&columns, size) {
            for (column, vector) in q.chunks_exact(size).enumerate() {
                vector.iter().enumerate().for_each(|(row, x)| self.basis[row * size + column] = *x);
            }
            return order;
        }
        (0..size).collect()
    }

    fn view(&self) -> View<'_> {
        View::row_major(&self.basis, self.size, self.size)
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Turn {
    In,
    Out,
}

impl Matrix {
    fn new(weights: ParameterMatrix, largest: usize) -> Self {
        // Biases are left to Adam, as in the reference.
        let side = |size: usize| (weights.columns > 1 && size > 1 && size <= largest).then(|| Side::new(size));
        let (left, right) = (side(weights.rows), side(weights.columns));
        let buffer = vec![0.0; weights.rows * weights.columns];
        Self { weights, left, right, buffer }
    }

    /// `x = Q_Lᵀ x Q_R`, or back.
    fn turn(&mut self, x: &mut [f64], turn: Turn) {
        let (m, n) = (self.weights.rows, self.weights.columns);
        if let Some(left) = &self.left {
            let q = if turn == Turn::In { left.view().transposed() } else { left.view() };
            multiply(ViewMut::row_major(&mut self.buffer, m, n), q, View::row_major(x, m, n), 1.0, false);
            x.copy_from_slice(&self.buffer);
        }
        if let Some(right) = &self.right {
            let q = if turn == Turn::In { right.view() } else { right.view().transposed() };
            multiply(ViewMut::row_major(&mut self.buffer, m, n), View::row_major(x, m, n), q, 1.0, false);
            x.copy_from_slice(&self.buffer);
        }
    }

    fn observe(&mut self, gradient: &[f64], keep: f64) {
        let view = View::row_major(gradient, self.weights.rows, self.weights.columns);
        if let Some(left) = &mut self.left {
            left.observe(view, keep);
        }
        if let Some(right) = &mut self.right {
            right.observe(view.transposed(), keep);
        }
    }

    /// Bases follow L and R; the second moment keeps to its directions.
    fn follow(&mut self, second: &mut [f64]) {
        let (m, n) = (self.weights.rows, self.weights.columns);
        let rows = self.left.as_mut().map_or_else(|| (0..m).collect(), Side::follow);
        let columns = self.right.as_mut().map_or_else(|| (0..n).collect(), Side::follow);
        for (i, &row) in rows.iter().enumerate() {
            for (j, &column) in columns.iter().enumerate() {
                self.buffer[i * n + j] = second[row * n + column];
            }
        }
        second.copy_from_slice(&self.buffer);
    }
}

fn range(weights: &ParameterMatrix) -> Range<usize> {
    weights.start..weights.start + weights.rows * weights.columns
}

impl Soap {
    /// With the options of a stage.
    pub fn of_stage(stage: &Stage, problem: &dyn Objective) -> Self {
        let options = SoapOptions {
            rate: stage.number("lr"),
            decay: stage.number("decay").powf((stage.steps() as f64).recip()),
            warmup: stage.number("warmup"),
            beta1: stage.number("beta1"),
            beta2: stage.number("beta2"),
            epsilon: stage.number("eps"),
            frequency: stage.number("frequency") as usize,
            largest: stage.number("largest") as usize,
        };
        Self::new(options, problem)
    }

    /// Starts with all moments zero.
    pub fn new(options: SoapOptions, problem: &dyn Objective) -> Self {
        let zero = vec![0.0; problem.parameters()];
        let matrices = problem.matrices().into_iter().map(|weights| Matrix::new(weights, options.largest)).collect();
        Self {
            options,
            steps: 0.0,
            first: zero.clone(),
            second: zero.clone(),
            gradient: zero.clone(),
            turned: zero,
            matrices,
        }
    }

    fn turn(&mut self, which: Turn, mut x: Vec<f64>) -> Vec<f64> {
        for matrix in &mut self.matrices {
            matrix.turn(&mut x[range(&matrix.weights)], which);
        }
        x
    }

    fn initialise(&mut self) {
        for matrix in &mut self.matrices {
            matrix.observe(&self.gradient[range(&matrix.weights)], self.options.beta2);
            [&mut matrix.left, &mut matrix.right].into_iter().flatten().for_each(Side::decompose);
        }
    }

    fn learning_rate(&self) -> f64 {
        let SoapOptions { rate, decay, warmup, .. } = self.options;
        rate * decay.powf(self.steps) * if warmup > 0.0 { ((self.steps + 1.0) / warmup).min(1.0) } else { 1.0 }
    }
}

impl Optimizer for Soap {
    fn step(&mut self, problem: &dyn Objective, theta: &mut [f64]) -> StepReport {
        let loss = problem.gradient(theta, &mut self.gradient);
        let gradient = norm(&self.gradient);
        let report = StepReport { trials: 1, ..StepReport::before(loss, gradient, self.learning_rate()) };
        if report.outcome == Outcome::NotFinite {
            return report;
        }
        let rate = self.learning_rate();
        if self.steps == 0.0 {
            self.initialise();
        }
        self.steps += 1.0;
        let SoapOptions { beta1, beta2, epsilon, frequency, .. } = self.options;
        let rate = rate * (1.0 - beta2.powf(self.steps)).sqrt() / (1.0 - beta1.powf(self.steps));
        self.first.iter_mut().zip(&self.gradient).for_each(|(m, g)| *m = beta1 * *m + (1.0 - beta1) * g);
        let mut turned = std::mem::take(&mut self.turned);
        turned.copy_from_slice(&self.gradient);
        let mut turned = self.turn(Turn::In, turned);
        self.second.iter_mut().zip(&turned).for_each(|(v, g)| *v = beta2 * *v + (1.0 - beta2) * g * g);
        turned.copy_from_slice(&self.first);
        let mut turned = self.turn(Turn::In, turned);
        turned.iter_mut().zip(&self.second).for_each(|(m, v)| *m = rate * *m / (v.sqrt() + epsilon));
        self.turned = self.turn(Turn::Out, turned);
        theta.iter_mut().zip(&self.turned).for_each(|(t, step)| *t -= step);
        let refresh = self.steps % frequency as f64 == 0.0;
        for matrix in &mut self.matrices {
            let range = range(&matrix.weights);
            matrix.observe(&self.gradient[range.clone()], beta2);
            if refresh {
                matrix.follow(&mut self.second[range]);
            }
        }
        StepReport { outcome: Outcome::Moved, length: norm(&self.turned), ..report }
    }

    fn save(&self) -> State {
        let sides = self.matrices.iter().flat_map(|m| [&m.left, &m.right]).flatten();
        let flat: Vec<f64> = sides.flat_map(|side| side.covariance.iter().chain(&side.basis)).copied().collect();
        State::default()
            .with("steps", &[self.steps])
            .with("first", &self.first)
            .with("second", &self.second)
            .with("sides", &flat)
    }

    fn restore(&mut self, state: &State) -> Result<(), StateError> {
        self.steps = state.number("steps")?;
        self.first = state.vector("first", self.first.len())?.to_vec();
        self.second = state.vector("second", self.second.len())?.to_vec();
        let sides = || self.matrices.iter().flat_map(|m| [&m.left, &m.right]).flatten();
        let mut flat = state.vector("sides", sides().map(|side| 2 * side.size * side.size).sum())?;
        for side in self.matrices.iter_mut().flat_map(|m| [&mut m.left, &mut m.right]).flatten() {
            let length = side.covariance.len();
            side.covariance.copy_from_slice(&flat[..length]);
            side.basis.copy_from_slice(&flat[length..2 * length]);
            flat = &flat[2 * length..];
        }
        Ok(())
    }
}
