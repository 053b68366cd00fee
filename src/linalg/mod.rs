//! Dense linear algebra of a training step: products, Gram matrices, factorizations.
//!
//! The only folder that names faer. All results are the same bits for any number of threads: serial calls on a fixed
//! partition, in parallel over blocks of the output.

use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::prelude::{Solve, SolveLstsq};
use faer::{Accum, Mat, MatMut, MatRef, Par, Side};

/// A read-only matrix.
#[derive(Clone, Copy)]
pub struct View<'a>(MatRef<'a, f64>);

impl<'a> View<'a> {
    /// A row-major matrix without gaps.
    pub fn row_major(data: &'a [f64], rows: usize, columns: usize) -> Self {
        Self(MatRef::from_row_major_slice(data, rows, columns))
    }

    /// The transpose.
    #[must_use]
    pub fn transposed(self) -> Self {
        Self(self.0.transpose())
    }

    /// Some of the columns.
    #[must_use]
    pub fn columns(self, start: usize, count: usize) -> Self {
        Self(self.0.subcols(start, count))
    }
}

/// A matrix to write to.
pub struct ViewMut<'a>(MatMut<'a, f64>);

impl<'a> ViewMut<'a> {
    /// A row-major matrix without gaps.
    pub fn row_major(data: &'a mut [f64], rows: usize, columns: usize) -> Self {
        Self(MatMut::from_row_major_slice_mut(data, rows, columns))
    }

    /// Some of the columns.
    #[must_use]
    pub fn columns(self, start: usize, count: usize) -> Self {
        Self(self.0.subcols_mut(start, count))
    }
}

/// `out = factor·a·b`, or `out += factor·a·b`; serial.
pub fn multiply(out: ViewMut<'_>, a: View<'_>, b: View<'_>, factor: f64, accumulate: bool) {
    let accumulate = if accumulate { Accum::Add } else { Accum::Replace };
    faer::linalg::matmul::matmul(out.0, accumulate, a.0, b.0, factor, Par::Seq);
}

/// Some rows of a Jacobian: (row i, column p) at `p·stride + i`.
#[derive(Clone, Debug)]
pub struct RowTile {
    rows: usize,
    stride: usize,
    data: Vec<f64>,
}

impl RowTile {
    /// Entries; padding rows (`rows..stride`) are zero.
    pub fn data_mut(&mut self) -> &mut [f64] {
        &mut self.data
    }

    fn matrix(&self) -> MatRef<'_, f64> {
        MatRef::from_column_major_slice(&self.data, self.stride, self.data.len() / self.stride).subrows(0, self.rows)
    }
}

/// A Jacobian, N x P, in tiles of rows.
#[derive(Clone, Debug)]
pub struct RowTiles {
    tiles: Vec<RowTile>,
    columns: usize,
}

impl RowTiles {
    /// A zero matrix with tiles of the given numbers of rows.
    pub fn new(rows: &[usize], columns: usize) -> Self {
        let tile = |&rows: &usize| {
            let stride = rows.next_multiple_of(8);
            RowTile { rows, stride, data: vec![0.0; stride * columns] }
        };
        Self { tiles: rows.iter().map(tile).collect(), columns }
    }

    /// Whether it has these tiles and columns.
    pub fn has_shape(&self, rows: &[usize], columns: usize) -> bool {
        self.columns == columns && self.tiles.iter().map(|t| t.rows).eq(rows.iter().copied())
    }

    /// The tiles, to be filled.
    pub fn tiles_mut(&mut self) -> &mut [RowTile] {
        &mut self.tiles
    }
}

/// The lower triangle of `JᵀJ`, P x P, column-major.
pub fn gram(jacobian: &RowTiles, out: &mut [f64]) {
    let p = jacobian.columns;
    let mut out = MatMut::from_column_major_slice_mut(out, p, p);
    for (i, tile) in jacobian.tiles.iter().enumerate() {
        let accumulate = if i == 0 { Accum::Replace } else { Accum::Add };
        let (lower, full) = (BlockStructure::TriangularLower, BlockStructure::Rectangular);
        let m = tile.matrix();
        triangular::matmul(out.as_mut(), lower, accumulate, m.transpose(), full, m, full, 1.0, Par::Seq);
    }
}

/// `Jᵀ r`, length P.
pub fn transposed_product(jacobian: &RowTiles, r: &[f64], out: &mut [f64]) {
    out.fill(0.0);
    let mut start = 0;
    for tile in &jacobian.tiles {
        let rows = &r[start..start + tile.rows];
        for (sum, column) in out.iter_mut().zip(tile.data.chunks_exact(tile.stride)) {
            *sum += column.iter().zip(rows).map(|(a, b)| a * b).sum::<f64>();
        }
        start += tile.rows;
    }
}

/// Why a system was not solved.
#[derive(Debug, thiserror::Error)]
pub enum SolveError {
    /// The factorization broke down.
    #[error("the Gram matrix is singular at damping {damping:e}")]
    Singular {
        /// The damping.
        damping: f64,
    },
}

/// Cholesky factorization of a damped Gram matrix.
pub struct Cholesky {
    factor: Option<faer::linalg::solvers::Llt<f64>>,
    size: usize,
}

impl Cholesky {
    /// For matrices of this size.
    pub fn new(size: usize) -> Self {
        Self { factor: None, size }
    }

    /// Factors `gram + damping·I`, given the lower triangle.
    ///
    /// # Errors
    /// [`SolveError::Singular`] if the matrix is not positive definite.
    pub fn factor(&mut self, gram: &[f64], damping: f64) -> Result<(), SolveError> {
        let mut matrix = MatRef::from_column_major_slice(gram, self.size, self.size).to_owned();
        (0..self.size).for_each(|i| matrix[(i, i)] += damping);
        self.factor = Some(matrix.llt(Side::Lower).map_err(|_| SolveError::Singular { damping })?);
        Ok(())
    }

    /// Solves in place.
    pub fn solve_in_place(&self, b: &mut [f64]) {
        if let Some(factor) = &self.factor {
            let size = self.size;
            factor.solve_in_place(MatMut::from_column_major_slice_mut(b, size, 1));
        }
    }
}

/// Least squares by QR.
pub struct Qr(Mat<f64>);

impl Qr {
    /// Takes the Jacobian.
    ///
    /// # Errors
    /// None so far.
    pub fn new(jacobian: &RowTiles) -> Result<Self, SolveError> {
        let rows: usize = jacobian.tiles.iter().map(|t| t.rows).sum();
        let mut matrix = Mat::zeros(rows, jacobian.columns);
        let mut start = 0;
        for tile in &jacobian.tiles {
            matrix.as_mut().subrows_mut(start, tile.rows).copy_from(tile.matrix());
            start += tile.rows;
        }
        Ok(Self(matrix))
    }

    /// `argmin |J d + b|² + damping |d|²`
    ///
    /// # Errors
    /// [`SolveError::Singular`] if the result is not finite.
    pub fn solve_damped(&self, _: &RowTiles, b: &[f64], damping: f64, out: &mut [f64]) -> Result<(), SolveError> {
        let (n, p) = (self.0.nrows(), self.0.ncols());
        let mut stacked = Mat::zeros(n + p, p);
        stacked.as_mut().subrows_mut(0, n).copy_from(&self.0);
        (0..p).for_each(|i| stacked[(n + i, i)] = damping.sqrt());
        let mut rhs = Mat::zeros(n + p, 1);
        (0..n).for_each(|i| rhs[(i, 0)] = -b[i]);
        let x = stacked.qr().solve_lstsq(&rhs);
        (0..p).for_each(|i| out[i] = x[(i, 0)]);
        if out.iter().all(|v| v.is_finite()) { Ok(()) } else { Err(SolveError::Singular { damping }) }
    }
}
