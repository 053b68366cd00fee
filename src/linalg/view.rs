//! Strided views of slices, and their serial product.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};

use crate::vmath::{GemmShape, small_product};

/// Inner dimension up to which b needs no packing: a panel of it, 16 columns wide, stays in the first cache.
const UNPACKED_TO: usize = 256;

/// A read-only matrix; its rows or its columns are contiguous.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    data: &'a [f64],
    rows: usize,
    columns: usize,
    /// From one row to the next, or, if transposed, from one column to the next.
    stride: usize,
    order: Order,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    RowMajor,
    ColumnMajor,
}

impl<'a> View<'a> {
    /// A row-major matrix without gaps.
    ///
    /// # Panics
    /// If the length of `data` is not `rows * columns`.
    pub fn row_major(data: &'a [f64], rows: usize, columns: usize) -> Self {
        assert_eq!(data.len(), rows * columns, "a matrix {rows} x {columns}");
        Self { data, rows, columns, stride: columns, order: Order::RowMajor }
    }

    /// The transpose.
    #[must_use]
    pub fn transposed(self) -> Self {
        let order = if self.order == Order::RowMajor { Order::ColumnMajor } else { Order::RowMajor };
        Self { rows: self.columns, columns: self.rows, order, ..self }
    }

    /// Some of the columns.
    ///
    /// # Panics
    /// If there are fewer columns.
    #[must_use]
    pub fn columns(self, start: usize, count: usize) -> Self {
        assert!(start + count <= self.columns, "{count} columns from {start} on, of {}", self.columns);
        let first = if self.order == Order::RowMajor { start } else { start * self.stride };
        Self { data: self.data.get(first..).unwrap_or(&[]), columns: count, ..self }
    }

    /// From row to row, and from column to column.
    fn strides(&self) -> (usize, usize) {
        if self.order == Order::RowMajor { (self.stride, 1) } else { (1, self.stride) }
    }

    fn matrix(&self) -> MatRef<'a, f64> {
        let row_major = |rows, columns| MatRef::from_row_major_slice_with_stride(self.data, rows, columns, self.stride);
        match self.order {
            Order::RowMajor => row_major(self.rows, self.columns),
            Order::ColumnMajor => row_major(self.columns, self.rows).transpose(),
        }
    }
}

/// A row-major matrix to write to.
#[derive(Debug)]
pub struct ViewMut<'a> {
    data: &'a mut [f64],
    rows: usize,
    columns: usize,
    stride: usize,
}

impl<'a> ViewMut<'a> {
    /// A row-major matrix without gaps.
    ///
    /// # Panics
    /// If the length of `data` is not `rows * columns`.
    pub fn row_major(data: &'a mut [f64], rows: usize, columns: usize) -> Self {
        assert_eq!(data.len(), rows * columns, "a matrix {rows} x {columns}");
        Self { data, rows, columns, stride: columns }
    }

    /// Some of the columns.
    ///
    /// # Panics
    /// If there are fewer columns.
    #[must_use]
    pub fn columns(self, start: usize, count: usize) -> Self {
        assert!(start + count <= self.columns, "{count} columns from {start} on, of {}", self.columns);
        Self { data: self.data.get_mut(start..).unwrap_or(&mut []), columns: count, ..self }
    }
}

/// `out = factor·a·b`, or `out += factor·a·b`; serial.
///
/// Where the rows of b are contiguous and a multiple of eight long, and the inner dimension is at most 256, this is the
/// unpacked vector code of [`small_product`]; else faer's.
///
/// # Panics
/// If the shapes do not fit.
pub fn multiply(out: ViewMut<'_>, a: View<'_>, b: View<'_>, factor: f64, accumulate: bool) {
    let (m, k, n) = (a.rows, a.columns, b.columns);
    assert_eq!((b.rows, out.rows, out.columns), (k, m, n), "a product of matrices that do not fit");
    if m == 0 || n == 0 {
        return;
    }
    if k == 0 {
        if !accumulate {
            (0..m).for_each(|row| out.data[row * out.stride..][..n].fill(0.0));
        }
        return;
    }
    if b.order == Order::RowMajor && k <= UNPACKED_TO {
        let shape = GemmShape { m, k, n, a_strides: a.strides(), b_stride: b.stride, out_stride: out.stride };
        if small_product(out.data, a.data, b.data, shape, factor, accumulate) {
            return;
        }
    }
    let accumulate = if accumulate { Accum::Add } else { Accum::Replace };
    // Not `from_row_major_slice_with_stride_mut`, which mixes up the strides in faer 0.24.4.
    let out = MatMut::from_column_major_slice_with_stride_mut(out.data, n, m, out.stride).transpose_mut();
    matmul(out, accumulate, a.matrix(), b.matrix(), factor, Par::Seq);
}
