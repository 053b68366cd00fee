//! SOAP: Adam in the eigenbasis of Shampoo's preconditioner (Vyas et al., arXiv 2409.11321, algorithm 3; for physics-informed
//! networks arXiv 2502.00604).
//!
//! For a weight matrix with gradient G (m x n), L and R are running means of GGᵀ and GᵀG, and Q_L and Q_R their
//! eigenvectors. Adam runs on `Q_Lᵀ G Q_R`; its step is turned back. Every `frequency` steps the bases follow L and R
//! by one power iteration and a QR factorization, columns by falling eigenvalue. Biases (without `precondition_1d`), and
//! sides wider than `max_precond_dim`, keep their own basis. The first step begins in the eigenbases of the first gradient.

use super::covariance::Covariance;
use super::first_order::{FirstOrder, Rule, Seen};
use super::{Optimizer, Schedule, State, StateError, take};
use crate::kernel::{Objective, ParameterMatrix};
use crate::linalg::{View, ViewMut, multiply, orthogonal_factor, symmetric_eigen};
use crate::model::Stage;

/// Options of [`soap`].
#[derive(Clone, Copy, Debug)]
pub struct SoapOptions {
    /// Learning rate, clipping, weight decay.
    pub schedule: Schedule,
    /// Decay of the first moment, or how near the average gradients are taken.
    pub beta1: f64,
    /// Decay of the second moment, and of L and R.
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub epsilon: f64,
    /// Steps from one change of the bases to the next.
    pub frequency: usize,
    /// Whether vectors have a basis, too.
    pub precondition_1d: bool,
    /// The widest side that has a basis of its own.
    pub max_precond_dim: usize,
    /// Whether θ is the average of the steps, as a schedule-free method has it.
    pub schedule_free: bool,
}

/// SOAP with the options of a stage.
pub(super) fn of_stage(stage: &Stage, problem: &dyn Objective) -> Box<dyn Optimizer> {
    let options = SoapOptions {
        schedule: Schedule::of_stage(stage),
        beta1: stage.number("beta1"),
        beta2: stage.number("beta2"),
        epsilon: stage.number("eps"),
        frequency: stage.number("frequency") as usize,
        precondition_1d: stage.name("precondition_1d") == "on",
        max_precond_dim: stage.number("max_precond_dim") as usize,
        schedule_free: stage.name("schedule_free") == "on",
    };
    soap(options, problem)
}

/// SOAP, with all moments zero.
pub fn soap(options: SoapOptions, problem: &dyn Objective) -> Box<dyn Optimizer> {
    let parameters = problem.parameters();
    let zero = vec![0.0; parameters];
    let matrices = problem.matrices().into_iter().map(|weights| Matrix::new(weights, &options)).collect();
    let rule = Rotated { options, first: zero.clone(), second: zero.clone(), turned: zero, matrices };
    let pull = options.schedule_free.then_some(options.beta1);
    Box::new(FirstOrder::new(options.schedule, parameters, rule).averaged(pull))
}

struct Rotated {
    options: SoapOptions,
    first: Vec<f64>,
    /// In the bases.
    second: Vec<f64>,
    turned: Vec<f64>,
    matrices: Vec<Matrix>,
}

struct Matrix {
    weights: ParameterMatrix,
    left: Option<Side>,
    right: Option<Side>,
    buffer: Vec<f64>,
}

/// One side of a matrix: the running mean of GGᵀ (or GᵀG) and its eigenvectors, as columns of a row-major matrix.
struct Side {
    covariance: Covariance,
    basis: Vec<f64>,
}

impl Side {
    fn new(size: usize) -> Self {
        let mut basis = vec![0.0; size * size];
        (0..size).for_each(|i| basis[i * size + i] = 1.0);
        Self { covariance: Covariance::new(size), basis }
    }

    /// The eigenvectors of C, by falling eigenvalue.
    fn decompose(&mut self) {
        // Symmetric: row-major and column-major are the same. What is not finite was refused before.
        let size = self.covariance.size;
        let Ok(eigen) = symmetric_eigen(&self.covariance.mean, size) else { return };
        for (rank, column) in (0..size).rev().enumerate() {
            let vector = &eigen.vectors[column * size..(column + 1) * size];
            vector.iter().enumerate().for_each(|(row, x)| self.basis[row * size + rank] = *x);
        }
    }

    /// One power iteration; gives the order in which the old columns now stand.
    fn follow(&mut self) -> Vec<usize> {
        let size = self.covariance.size;
        let mut moved = vec![0.0; size * size];
        let view = |matrix| View::row_major(matrix, size, size);
        multiply(
            ViewMut::row_major(&mut moved, size, size),
            view(&self.covariance.mean),
            view(&self.basis),
            1.0,
            false,
        );
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
        View::row_major(&self.basis, self.covariance.size, self.covariance.size)
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Turn {
    In,
    Out,
}

impl Matrix {
    fn new(weights: ParameterMatrix, options: &SoapOptions) -> Self {
        let turns = weights.columns > 1 || options.precondition_1d;
        let side = |size: usize| (turns && size > 1 && size <= options.max_precond_dim).then(|| Side::new(size));
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
            left.covariance.observe(view, keep);
        }
        if let Some(right) = &mut self.right {
            right.covariance.observe(view.transposed(), keep);
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

impl Rotated {
    fn turn(&mut self, which: Turn) {
        for matrix in &mut self.matrices {
            matrix.turn(&mut self.turned[matrix.weights.range()], which);
        }
    }

    fn initialise(&mut self, gradient: &[f64]) {
        for matrix in &mut self.matrices {
            matrix.observe(&gradient[matrix.weights.range()], self.options.beta2);
            [&mut matrix.left, &mut matrix.right].into_iter().flatten().for_each(Side::decompose);
        }
    }
}

impl Rule for Rotated {
    fn direction(&mut self, seen: &Seen<'_>, out: &mut [f64]) {
        let SoapOptions { beta1, beta2, epsilon, frequency, schedule_free, .. } = self.options;
        // The average takes the place of the first moment.
        let beta1 = if schedule_free { 0.0 } else { beta1 };
        if seen.step == 1.0 {
            self.initialise(seen.gradient);
        }
        let unbias = (1.0 - beta2.powf(seen.step)).sqrt() / (1.0 - beta1.powf(seen.step));
        self.first.iter_mut().zip(seen.gradient).for_each(|(m, g)| *m = beta1 * *m + (1.0 - beta1) * g);
        self.turned.copy_from_slice(seen.gradient);
        self.turn(Turn::In);
        self.second.iter_mut().zip(&self.turned).for_each(|(v, g)| *v = beta2 * *v + (1.0 - beta2) * g * g);
        self.turned.copy_from_slice(&self.first);
        self.turn(Turn::In);
        self.turned.iter_mut().zip(&self.second).for_each(|(m, v)| *m = unbias * *m / (v.sqrt() + epsilon));
        self.turn(Turn::Out);
        out.copy_from_slice(&self.turned);
        let refresh = seen.step % frequency as f64 == 0.0;
        for matrix in &mut self.matrices {
            let range = matrix.weights.range();
            matrix.observe(&seen.gradient[range.clone()], beta2);
            if refresh {
                matrix.follow(&mut self.second[range]);
            }
        }
    }

    fn save(&self, state: State) -> State {
        let sides = self.matrices.iter().flat_map(|m| [&m.left, &m.right]).flatten();
        let flat: Vec<f64> = sides.flat_map(|side| side.covariance.mean.iter().chain(&side.basis)).copied().collect();
        state.with("first", &self.first).with("second", &self.second).with("sides", &flat)
    }

    fn restore(&mut self, state: &State) -> Result<(), StateError> {
        self.first = state.vector("first", self.first.len())?.to_vec();
        self.second = state.vector("second", self.second.len())?.to_vec();
        let sides = || self.matrices.iter().flat_map(|m| [&m.left, &m.right]).flatten();
        let mut flat = state.vector("sides", sides().map(|side| 2 * side.basis.len()).sum())?;
        for side in self.matrices.iter_mut().flat_map(|m| [&mut m.left, &mut m.right]).flatten() {
            take(&mut flat, &mut side.covariance.mean);
            take(&mut flat, &mut side.basis);
        }
        Ok(())
    }
}
