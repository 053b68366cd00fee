//! Muon (Jordan et al. 2024, kellerjordan.github.io/posts/muon): the momentum of a weight matrix, made nearly orthogonal.
//!
//! M is the running mean of the gradients G, and the direction is that of `(1 - β) G + β M` (Nesterov) with all singular
//! values brought near 1 by a few Newton-Schulz iterations `X ← aX + b(XXᵀ)X + c(XXᵀ)²X`. It is scaled by `0.2 √max(m, n)`,
//! so that its entries are as large as those of Adam's (Liu et al., arXiv 2502.16982, equation 4) and one learning rate
//! serves both: vectors, and matrices of one row or column, are left to Adam.

use std::ops::Range;

use super::adam::Moments;
use super::first_order::{FirstOrder, Rule, Seen};
use super::{Optimizer, Schedule, State, StateError, norm};
use crate::kernel::{Objective, ParameterMatrix};
use crate::linalg::{View, ViewMut, multiply};
use crate::model::Stage;

/// Options of [`muon`].
#[derive(Clone, Copy, Debug)]
pub struct MuonOptions {
    /// Learning rate, clipping, weight decay.
    pub schedule: Schedule,
    /// Decay of the mean of gradients of matrices.
    pub momentum: f64,
    /// Iterations of Newton and Schulz.
    pub ns_steps: usize,
    /// Decay of Adam's first moment.
    pub beta1: f64,
    /// Decay of Adam's second moment.
    pub beta2: f64,
    /// Added to the root of Adam's second moment.
    pub epsilon: f64,
}

/// The coefficients a, b, c of an iteration: with these small singular values grow the fastest.
pub const NEWTON_SCHULZ: [f64; 3] = [3.4445, -4.7750, 2.0315];

/// Entries of a direction as large as Adam's.
const LIKE_ADAM: f64 = 0.2;

/// Muon with the options of a stage.
pub(super) fn of_stage(stage: &Stage, problem: &dyn Objective) -> Box<dyn Optimizer> {
    let options = MuonOptions {
        schedule: Schedule::of_stage(stage),
        momentum: stage.number("momentum"),
        ns_steps: stage.number("ns_steps") as usize,
        beta1: stage.number("beta1"),
        beta2: stage.number("beta2"),
        epsilon: stage.number("eps"),
    };
    muon(options, problem)
}

/// Muon, with all means zero.
pub fn muon(options: MuonOptions, problem: &dyn Objective) -> Box<dyn Optimizer> {
    let parameters = problem.parameters();
    let (matrices, vectors): (Vec<_>, Vec<_>) = problem.matrices().into_iter().partition(|m| m.rows.min(m.columns) > 1);
    let rule = Orthogonal {
        options,
        mean: vec![0.0; matrices.iter().map(|matrix| matrix.range().len()).sum()],
        matrices,
        vectors: vectors.iter().map(ParameterMatrix::range).collect(),
        rest: Moments::new([options.beta1, options.beta2, options.epsilon], parameters),
    };
    Box::new(FirstOrder::new(options.schedule, parameters, rule))
}

struct Orthogonal {
    options: MuonOptions,
    matrices: Vec<ParameterMatrix>,
    /// M of one matrix after the other.
    mean: Vec<f64>,
    vectors: Vec<Range<usize>>,
    rest: Moments,
}

impl Rule for Orthogonal {
    fn direction(&mut self, seen: &Seen<'_>, out: &mut [f64]) {
        let beta = self.options.momentum;
        let mut means = self.mean.as_mut_slice();
        for matrix in &self.matrices {
            let (own, rest) = means.split_at_mut(matrix.range().len());
            means = rest;
            let out = &mut out[matrix.range()];
            for ((m, g), out) in own.iter_mut().zip(&seen.gradient[matrix.range()]).zip(&mut *out) {
                *m = beta * *m + (1.0 - beta) * g;
                *out = (1.0 - beta) * g + beta * *m;
            }
            orthogonalise(out, matrix.rows, matrix.columns, self.options.ns_steps);
            let scale = LIKE_ADAM * (matrix.rows.max(matrix.columns) as f64).sqrt();
            out.iter_mut().for_each(|x| *x *= scale);
        }
        for vector in &self.vectors {
            self.rest.part(vector.clone(), seen.gradient, seen.step, out);
        }
    }

    fn save(&self, state: State) -> State {
        self.rest.save(state.with("mean", &self.mean))
    }

    fn restore(&mut self, state: &State) -> Result<(), StateError> {
        self.mean = state.vector("mean", self.mean.len())?.to_vec();
        self.rest.restore(state)
    }
}

/// `X / ‖X‖`, row-major, through some iterations; zero stays zero.
fn orthogonalise(x: &mut [f64], rows: usize, columns: usize, iterations: usize) {
    let length = norm(x);
    if length == 0.0 {
        return;
    }
    x.iter_mut().for_each(|x| *x /= length);
    let [a, b, c] = NEWTON_SCHULZ;
    let small = rows.min(columns);
    let (mut gram, mut square) = (vec![0.0; small * small], vec![0.0; small * small]);
    let mut next = vec![0.0; x.len()];
    for _ in 0..iterations {
        let view = View::row_major(x, rows, columns);
        // The product that is smaller: XXᵀ from the left or XᵀX from the right.
        let wide = if rows <= columns { view } else { view.transposed() };
        multiply(ViewMut::row_major(&mut gram, small, small), wide, wide.transposed(), 1.0, false);
        let g = View::row_major(&gram, small, small);
        multiply(ViewMut::row_major(&mut square, small, small), g, g, c, false);
        square.iter_mut().zip(&gram).for_each(|(s, g)| *s += b * g);
        let factor = View::row_major(&square, small, small);
        let (left, right) = if rows <= columns { (factor, view) } else { (view, factor) };
        multiply(ViewMut::row_major(&mut next, rows, columns), left, right, 1.0, false);
        x.iter_mut().zip(&next).for_each(|(x, next)| *x = a * *x + next);
    }
}
