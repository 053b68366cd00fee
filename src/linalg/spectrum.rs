//! Eigenvalues of symmetric matrices and singular values: serial faer calls in typed clothes.

use faer::diag::Diag;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::evd::{ComputeEigenvectors, self_adjoint_evd, self_adjoint_evd_scratch};
use faer::linalg::svd::{ComputeSvdVectors, svd, svd_scratch};
use faer::{MatMut, MatRef, Par, Spec};
use tracing::debug_span;

use super::{Cholesky, SolveError, check_lower};

/// `A = V diag(values) Vᵀ`.
#[derive(Clone, Debug, PartialEq)]
pub struct SymmetricEigen {
    /// The eigenvalues, ascending.
    pub values: Vec<f64>,
    /// V, n x n, column-major: the eigenvectors.
    pub vectors: Vec<f64>,
}

/// `A = U diag(values) Vᵀ` with k = min(m, n) singular values.
#[derive(Clone, Debug, PartialEq)]
pub struct ThinSvd {
    /// The singular values, descending.
    pub values: Vec<f64>,
    /// U, m x k, column-major.
    pub left: Vec<f64>,
    /// V, n x k, column-major.
    pub right: Vec<f64>,
}

/// Eigenvalues and eigenvectors of a symmetric matrix, n x n, from its lower triangle, column-major.
///
/// # Errors
/// [`SolveError::NotFinite`] if the triangle holds a NaN or infinity, [`SolveError::NotConverged`] if the iteration gives up.
///
/// # Panics
/// If `matrix` does not hold n² numbers.
pub fn symmetric_eigen(matrix: &[f64], size: usize) -> Result<SymmetricEigen, SolveError> {
    let _span = debug_span!("spectrum").entered();
    check_lower(matrix, size)?;
    let view = MatRef::from_column_major_slice(matrix, size, size);
    let (mut values, mut vectors) = (Diag::zeros(size), vec![0.0; size * size]);
    let scratch = self_adjoint_evd_scratch::<f64>(size, ComputeEigenvectors::Yes, Par::Seq, Spec::default());
    let mut memory = MemBuffer::new(scratch);
    let stack = MemStack::new(&mut memory);
    let columns = MatMut::from_column_major_slice_mut(&mut vectors, size, size);
    self_adjoint_evd(view, values.as_mut(), Some(columns), Par::Seq, stack, Spec::default())
        .map_err(|_| SolveError::NotConverged)?;
    Ok(SymmetricEigen { values: values.column_vector().iter().copied().collect(), vectors })
}

/// The eigenvalues of `B v = μ A v` of two symmetric matrices, n x n, column-major, A positive definite: with the vectors as
/// columns of V, `VᵀAV = I` and `VᵀBV = diag(values)`.
///
/// # Errors
/// As [`symmetric_eigen`], and [`SolveError::Singular`] if A is not positive definite.
///
/// # Panics
/// If a matrix does not hold n² numbers.
pub fn joint_eigen(a: &[f64], b: &[f64], size: usize) -> Result<SymmetricEigen, SolveError> {
    let mut cholesky = Cholesky::new(size);
    cholesky.fill(|lower| lower.copy_from_slice(a));
    cholesky.factor(0.0)?;
    // L⁻¹ B L⁻ᵀ, by two solutions from the right.
    let mut inner = MatRef::from_column_major_slice(b, size, size).to_owned();
    cholesky.solve_on_the_right(inner.as_mut());
    let mut inner = inner.transpose().to_owned();
    cholesky.solve_on_the_right(inner.as_mut());
    let mut eigen = symmetric_eigen(&flatten(inner.as_ref()), size)?;
    let vectors = MatMut::from_column_major_slice_mut(&mut eigen.vectors, size, size);
    cholesky.solve_transposed(vectors);
    Ok(eigen)
}

/// Singular values and vectors of a matrix, m x n, column-major.
///
/// # Errors
/// As [`symmetric_eigen`].
///
/// # Panics
/// If `matrix` does not hold mn numbers.
pub fn thin_svd(matrix: &[f64], rows: usize, columns: usize) -> Result<ThinSvd, SolveError> {
    let _span = debug_span!("spectrum").entered();
    let view = MatRef::from_column_major_slice(matrix, rows, columns);
    if let Some(column) = (0..columns).find(|&column| !view.col(column).iter().all(|x| x.is_finite())) {
        return Err(SolveError::NotFinite { column });
    }
    let size = rows.min(columns);
    let (mut values, mut left, mut right) = (Diag::zeros(size), vec![0.0; rows * size], vec![0.0; columns * size]);
    let thin = ComputeSvdVectors::Thin;
    let mut memory = MemBuffer::new(svd_scratch::<f64>(rows, columns, thin, thin, Par::Seq, Spec::default()));
    let [u, v] = [(&mut left, rows), (&mut right, columns)]
        .map(|(part, height)| MatMut::from_column_major_slice_mut(part, height, size));
    let stack = MemStack::new(&mut memory);
    svd(view, values.as_mut(), Some(u), Some(v), Par::Seq, stack, Spec::default())
        .map_err(|_| SolveError::NotConverged)?;
    let values = values.column_vector().iter().copied().collect();
    Ok(ThinSvd { values, left, right })
}

/// Numbers of 8 bytes that [`symmetric_eigen`] has at hand for its result and on the way.
pub fn symmetric_eigen_numbers(size: usize) -> usize {
    let scratch = self_adjoint_evd_scratch::<f64>(size, ComputeEigenvectors::Yes, Par::Seq, Spec::default());
    size * size + scratch.unaligned_bytes_required() / size_of::<f64>()
}

/// Numbers of 8 bytes that [`thin_svd`] has at hand for its result and on the way.
pub fn thin_svd_numbers(rows: usize, columns: usize) -> usize {
    let thin = ComputeSvdVectors::Thin;
    let scratch = svd_scratch::<f64>(rows, columns, thin, thin, Par::Seq, Spec::default());
    (rows + columns) * rows.min(columns) + scratch.unaligned_bytes_required() / size_of::<f64>()
}

fn flatten(matrix: MatRef<'_, f64>) -> Vec<f64> {
    (0..matrix.ncols()).flat_map(|column| matrix.col(column).iter().copied()).collect()
}
