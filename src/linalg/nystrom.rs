//! An approximation of a Gram or kernel matrix from a random sketch: a preconditioner, or in place of the matrix.

use faer::linalg::matmul::matmul;
use faer::prelude::ReborrowMut;
use faer::{Accum, Mat, MatMut, MatRef, Par};
use rayon::prelude::*;
use tracing::debug_span;

use super::{Cholesky, RowTiles, SolveError, check_lower, symmetric_eigen};

/// Columns of a task.
const PANEL: usize = 64;

/// `JᵀJ ≈ U diag(values) Uᵀ`, of rank r, from one product with random vectors: the randomized Nyström approximation of
/// Frangella, Tropp and Udell (arXiv 2110.02820, algorithm 2.1). Eigenvalues far above the damping are those that make
/// conjugate gradients slow; the sketch finds them.
pub struct Nystrom {
    /// U, P x r, orthonormal as far as its eigenvalues stand out of rounding.
    basis: Mat<f64>,
    /// Descending.
    values: Vec<f64>,
}

impl Nystrom {
    /// The approximation in the span of `JᵀJ · test`, with `test` P x r, column-major: independent normal numbers.
    ///
    /// Costs 4 N P r + 4 P r² operations.
    ///
    /// # Errors
    /// [`SolveError`] if J is not finite or the sketch has no rank at all.
    ///
    /// # Panics
    /// If `test` is not a multiple of P numbers.
    pub fn new(jacobian: &RowTiles, test: &[f64]) -> Result<Self, SolveError> {
        let _span = debug_span!("sketch").entered();
        let columns = jacobian.columns();
        assert!(test.len().is_multiple_of(columns), "test vectors of another length");
        let test = MatRef::from_column_major_slice(test, columns, test.len() / columns);
        Self::of_product(test, gram_product(jacobian, test), true)
    }

    /// The same of a symmetric matrix in place of JᵀJ, from its lower triangle, column-major.
    ///
    /// Costs 2 N² r + 4 N r² operations.
    ///
    /// # Errors
    /// As [`Nystrom::new`].
    ///
    /// # Panics
    /// If `matrix` does not hold N² numbers, or `test` no multiple of N.
    pub fn of_symmetric(matrix: &[f64], size: usize, test: &[f64]) -> Result<Self, SolveError> {
        check_lower(matrix, size)?;
        assert!(test.len().is_multiple_of(size), "test vectors of another length");
        let test = MatRef::from_column_major_slice(test, size, test.len() / size);
        let lower = MatRef::from_column_major_slice(matrix, size, size);
        let mut sketch = Mat::zeros(size, test.ncols());
        sketch.as_mut().par_row_chunks_mut(PANEL).enumerate().for_each(|(panel, mut part)| {
            let (start, rows) = (panel * PANEL, part.nrows());
            let end = start + rows;
            let corner = lower.submatrix(start, start, rows, rows);
            let corner = Mat::from_fn(rows, rows, |i, j| corner[(i.max(j), i.min(j))]);
            matmul(part.rb_mut(), Accum::Replace, corner.as_ref(), test.subrows(start, rows), 1.0, Par::Seq);
            let before = lower.submatrix(start, 0, rows, start);
            matmul(part.rb_mut(), Accum::Add, before, test.subrows(0, start), 1.0, Par::Seq);
            let behind = lower.submatrix(end, start, size - end, rows).transpose();
            matmul(part, Accum::Add, behind, test.subrows(end, size - end), 1.0, Par::Seq);
        });
        Self::of_product(test, sketch, true)
    }

    /// The approximation of a symmetric matrix H, P x P, from `sketch = H · test`; both P x r, column-major. Where H is
    /// not positive, it is that of H + shift I with the least shift that makes the sketch so, and negative eigenvalues
    /// count as zero (as in the authors' code for arXiv 2402.01868).
    ///
    /// # Errors
    /// [`SolveError`] if the sketch is not finite or has no rank at all.
    ///
    /// # Panics
    /// If the two have other lengths.
    pub fn of_sketch(test: &[f64], sketch: &[f64], columns: usize) -> Result<Self, SolveError> {
        assert!(test.len() == sketch.len() && test.len().is_multiple_of(columns), "a sketch of another shape");
        let matrix = |data| MatRef::from_column_major_slice(data, columns, test.len() / columns);
        Self::of_product(matrix(test), matrix(sketch).to_owned(), false)
    }

    /// `H · test` to the approximation of H, which has no negative eigenvalues if `positive`.
    fn of_product(test: MatRef<'_, f64>, mut sketch: Mat<f64>, positive: bool) -> Result<Self, SolveError> {
        let rank = test.ncols();
        // Keeps the core positive definite where the sketch has less rank than columns (arXiv 2110.02820, section 2.1).
        let mut shift = f64::EPSILON * sketch.norm_l2() / test.norm_l2().max(f64::MIN_POSITIVE);
        if !positive {
            let least = symmetric_eigen(&inner_products(test, sketch.as_ref()), rank)?.values;
            let (least, size) = (least.first().copied().unwrap_or(0.0), test.norm_l2().powi(2));
            // The core is about the matrix times P, on vectors of P normal numbers.
            shift += (-least / (size / rank as f64)).max(0.0) * 2.0;
        }
        sketch.as_mut().par_col_chunks_mut(PANEL).enumerate().for_each(|(panel, mut part)| {
            let test = test.subcols(panel * PANEL, part.ncols());
            faer::zip!(part.rb_mut(), test).for_each(|faer::unzip!(y, w)| *y += shift * *w);
        });
        let core = inner_products(test, sketch.as_ref());
        let mut cholesky = Cholesky::new(rank);
        cholesky.fill(|lower| lower.copy_from_slice(&core));
        cholesky.factor(0.0)?;
        cholesky.solve_on_the_right(sketch.as_mut());
        let inner = symmetric_eigen(&inner_products(sketch.as_ref(), sketch.as_ref()), rank)?;
        Ok(Self::from_eigen(sketch.as_ref(), &inner.values, &inner.vectors, shift))
    }

    /// U from the eigenvectors of BᵀB, where JᵀJ ≈ BBᵀ.
    fn from_eigen(sketch: MatRef<'_, f64>, values: &[f64], vectors: &[f64], shift: f64) -> Self {
        let rank = values.len();
        let largest = values.last().copied().unwrap_or(0.0);
        let first = values.partition_point(|value| *value <= RESOLVED * largest);
        let vectors = MatRef::from_column_major_slice(vectors, rank, rank).subcols(first, rank - first);
        let kept: Vec<f64> = values[first..].iter().rev().copied().collect();
        let scaled =
            Mat::from_fn(rank, kept.len(), |row, column| vectors[(row, kept.len() - 1 - column)] / kept[column].sqrt());
        let mut basis = Mat::zeros(sketch.nrows(), kept.len());
        basis.as_mut().par_row_chunks_mut(PANEL).enumerate().for_each(|(panel, part)| {
            let rows = sketch.subrows(panel * PANEL, part.nrows());
            matmul(part, Accum::Replace, rows, scaled.as_ref(), 1.0, Par::Seq);
        });
        Self { basis, values: kept.iter().map(|value| (value - shift).max(0.0)).collect() }
    }

    /// The solution of `(U diag(values) Uᵀ + damping I) x = b`.
    pub fn solve(&self, damping: f64, b: &[f64], out: &mut [f64]) {
        self.turn(b, out, |value| damping / (value + damping));
        out.iter_mut().for_each(|x| *x /= damping);
    }

    /// U, column by column, and the eigenvalues, descending.
    pub fn parts(&self) -> (Vec<f64>, Vec<f64>) {
        let columns = (0..self.basis.ncols()).flat_map(|column| self.basis.col(column).iter().copied());
        (columns.collect(), self.values.clone())
    }

    /// From its [parts](Self::parts).
    ///
    /// # Panics
    /// If U has another number of columns than there are eigenvalues, or there are none.
    pub fn of_parts(basis: &[f64], values: &[f64]) -> Self {
        let basis = MatRef::from_column_major_slice(basis, basis.len() / values.len(), values.len()).to_owned();
        Self { basis, values: values.to_vec() }
    }

    /// The preconditioned residual `(λ_r + damping) U (diag(values) + damping)⁻¹ Uᵀ r + (I - UUᵀ) r` (arXiv 2110.02820, eq. 5.3).
    pub fn precondition(&self, damping: f64, residual: &[f64], out: &mut [f64]) {
        let least = self.values.last().copied().unwrap_or(0.0) + damping;
        self.turn(residual, out, |value| least / (value + damping));
    }

    /// `U diag(factor(values)) Uᵀ b + (I - UUᵀ) b`
    fn turn(&self, b: &[f64], out: &mut [f64], factor: impl Fn(f64) -> f64) {
        let column = MatRef::from_column_major_slice(b, b.len(), 1);
        let mut inside = Mat::zeros(self.values.len(), 1);
        inside.as_mut().par_row_chunks_mut(PANEL).enumerate().for_each(|(panel, part)| {
            let basis = self.basis.as_ref().subcols(panel * PANEL, part.nrows());
            matmul(part, Accum::Replace, basis.transpose(), column, 1.0, Par::Seq);
        });
        for (entry, value) in inside.col_mut(0).iter_mut().zip(&self.values) {
            *entry *= factor(*value) - 1.0;
        }
        out.copy_from_slice(b);
        let out = MatMut::from_column_major_slice_mut(out, b.len(), 1);
        out.par_row_chunks_mut(PANEL).enumerate().for_each(|(panel, part)| {
            let basis = self.basis.as_ref().subrows(panel * PANEL, part.nrows());
            matmul(part, Accum::Add, basis, inside.as_ref(), 1.0, Par::Seq);
        });
    }
}

/// Eigenvalues of the sketch below this part of the largest are rounding.
const RESOLVED: f64 = 1e-14;

/// `JᵀJ W`
fn gram_product(jacobian: &RowTiles, w: MatRef<'_, f64>) -> Mat<f64> {
    let tiles: Vec<_> = jacobian.filled().map(|(_, tile)| tile).collect();
    let images: Vec<Mat<f64>> = tiles
        .par_iter()
        .map(|tile| {
            let mut image = Mat::zeros(tile.nrows(), w.ncols());
            matmul(image.as_mut(), Accum::Replace, *tile, w, 1.0, Par::Seq);
            image
        })
        .collect();
    let mut out = Mat::zeros(jacobian.columns(), w.ncols());
    out.as_mut().par_row_chunks_mut(2 * PANEL).enumerate().for_each(|(panel, mut part)| {
        for (tile, image) in tiles.iter().zip(&images) {
            let columns = tile.subcols(panel * 2 * PANEL, part.nrows());
            matmul(part.rb_mut(), Accum::Add, columns.transpose(), image.as_ref(), 1.0, Par::Seq);
        }
    });
    out
}

/// `AᵀB`, r x r, column-major; symmetric but for rounding.
fn inner_products(a: MatRef<'_, f64>, b: MatRef<'_, f64>) -> Vec<f64> {
    let rank = a.ncols();
    let mut out = vec![0.0; rank * rank];
    let matrix = MatMut::from_column_major_slice_mut(&mut out, rank, rank);
    matrix.par_col_chunks_mut(PANEL).enumerate().for_each(|(panel, part)| {
        let b = b.subcols(panel * PANEL, part.ncols());
        matmul(part, Accum::Replace, a.transpose(), b, 1.0, Par::Seq);
    });
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linalg::{product, transposed_product};

    /// J = diag(1, 1/2, 1/4, ...), 40 x 40, in tiles; normal-like test vectors.
    fn graded() -> RowTiles {
        let mut jacobian = RowTiles::new(&[16, 16, 8], 40);
        for (tile, start) in jacobian.tiles_mut().iter_mut().zip([0, 16, 32]) {
            let (rows, stride) = (tile.rows(), tile.stride());
            for row in 0..rows {
                tile.data_mut()[(start + row) * stride + row] = 0.5f64.powi((start + row) as i32);
            }
        }
        jacobian
    }

    fn test_vectors(rank: usize) -> Vec<f64> {
        (0..40 * rank).map(|i| ((i * i) as f64 * 0.731 + 0.3 * i as f64).sin()).collect()
    }

    /// The preconditioned matrix is near the identity times λ_r + damping: the condition falls from 1e6 to a few.
    #[test]
    fn the_preconditioned_matrix_is_well_conditioned() {
        let (jacobian, damping) = (graded(), 1e-6);
        let nystrom = Nystrom::new(&jacobian, &test_vectors(16)).expect("the sketch has full rank");
        let ratio = |index: usize| {
            let (mut v, mut image, mut back, mut out) = (vec![0.0; 40], vec![0.0; 40], vec![0.0; 40], vec![0.0; 40]);
            v[index] = 1.0;
            product(&jacobian, &v, &mut image);
            transposed_product(&jacobian, &image, &mut back);
            back.iter_mut().zip(&v).for_each(|(b, v)| *b += damping * v);
            nystrom.precondition(damping, &back, &mut out);
            out[index]
        };
        let ratios: Vec<f64> = (0..40).map(ratio).collect();
        let (least, most) = ratios.iter().fold((f64::MAX, 0.0f64), |(l, m), r| (l.min(*r), m.max(*r)));
        assert!(most / least < 10.0, "{ratios:?}");
    }

    #[test]
    fn a_jacobian_that_is_not_finite_is_refused() {
        let mut jacobian = graded();
        jacobian.tiles_mut()[1].data_mut()[7] = f64::NAN;
        assert!(Nystrom::new(&jacobian, &test_vectors(8)).is_err());
    }
}
