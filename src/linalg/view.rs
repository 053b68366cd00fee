//! Strided views of slices, and their serial product.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};

/// A read-only matrix.
#[derive(Clone, Copy, Debug)]
pub struct View<'a>(MatRef<'a, f64>);

impl<'a> View<'a> {
    /// A row-major matrix without gaps.
    ///
    /// # Panics
    /// If the length of `data` is not `rows * columns`.
    pub fn row_major(data: &'a [f64], rows: usize, columns: usize) -> Self {
        Self(MatRef::from_row_major_slice(data, rows, columns))
    }

    /// The transpose.
    #[must_use]
    pub fn transposed(self) -> Self {
        Self(self.0.transpose())
    }

    /// Some of the columns.
    ///
    /// # Panics
    /// If there are fewer columns.
    #[must_use]
    pub fn columns(self, start: usize, count: usize) -> Self {
        Self(self.0.subcols(start, count))
    }
}

/// A matrix to write to.
#[derive(Debug)]
pub struct ViewMut<'a>(MatMut<'a, f64>);

impl<'a> ViewMut<'a> {
    /// A row-major matrix without gaps.
    ///
    /// # Panics
    /// If the length of `data` is not `rows * columns`.
    pub fn row_major(data: &'a mut [f64], rows: usize, columns: usize) -> Self {
        Self(MatMut::from_row_major_slice_mut(data, rows, columns))
    }

    /// Some of the columns.
    ///
    /// # Panics
    /// If there are fewer columns.
    #[must_use]
    pub fn columns(self, start: usize, count: usize) -> Self {
        Self(self.0.subcols_mut(start, count))
    }
}

/// `out = factor·a·b`, or `out += factor·a·b`; serial.
///
/// # Panics
/// If the shapes do not fit.
pub fn multiply(out: ViewMut<'_>, a: View<'_>, b: View<'_>, factor: f64, accumulate: bool) {
    let accumulate = if accumulate { Accum::Add } else { Accum::Replace };
    matmul(out.0, accumulate, a.0, b.0, factor, Par::Seq);
}
