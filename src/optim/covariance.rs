//! What the gradients of a matrix of weights say about one of its sides.

use crate::linalg::{View, ViewMut, multiply};

/// The running mean of `GGᵀ`, symmetric, size x size.
pub(super) struct Covariance {
    pub size: usize,
    pub mean: Vec<f64>,
}

impl Covariance {
    pub fn new(size: usize) -> Self {
        Self { size, mean: vec![0.0; size * size] }
    }

    /// `keep·C + (1 - keep)·GGᵀ`.
    pub fn observe(&mut self, gradient: View<'_>, keep: f64) {
        self.mean.iter_mut().for_each(|c| *c *= keep);
        let out = ViewMut::row_major(&mut self.mean, self.size, self.size);
        multiply(out, gradient, gradient.transposed(), 1.0 - keep, true);
    }
}
