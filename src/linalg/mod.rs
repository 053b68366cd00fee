//! Dense linear algebra of a training step: products, Gram matrices, factorizations.
//!
//! The only folder that names faer. The residual Jacobian J (N x P) comes as [`RowTiles`]; from it are made the
//! [`gram`] matrix JᵀJ and its [`Cholesky`] factor, or a [`Qr`] factorization where the normal equations lose too many
//! digits, or the [`outer_gram`] matrix JJᵀ where P > N; where all are too large there are [`conjugate_gradients`], for which
//! [`Nystrom`] approximates them.
//! [`symmetric_eigen`], [`joint_eigen`] and [`thin_svd`] look into spectra, [`Spectral`] solves with them at any damping,
//! [`jacobi_eigen`] into those of a few rows; [`orthogonal_factor`] makes bases;
//! [`multiply`] is the small serial product of network layers.
//!
//! All results are the same bits for any number of threads: serial calls on a partition that depends on the shape only,
//! in parallel over blocks of the output, sums over tiles in their order. Matrices in plain slices are column-major
//! unless a name says otherwise.

mod cholesky;
mod conjugate_gradients;
mod gram;
mod nystrom;
mod parallel;
mod product;
mod qr;
mod row_tiles;
mod small;
mod spectral;
mod spectrum;
mod view;

pub use cholesky::Cholesky;
pub use conjugate_gradients::{CgLimits, CgRoom, Symmetric, conjugate_gradients};
pub use gram::{add_gram, fill_lower, gram, outer_gram};
pub use nystrom::Nystrom;
pub use parallel::{for_each_share, split_all};
pub use product::{linearize_in_parts, parts_of_sum, product, sum_of, transposed_product};
pub use qr::{Qr, orthogonal_factor};
pub use row_tiles::{RowTile, RowTiles};
pub use small::jacobi_eigen;
pub use spectral::Spectral;
pub use spectrum::{
    SymmetricEigen, ThinSvd, joint_eigen, symmetric_eigen, symmetric_eigen_numbers, thin_svd, thin_svd_numbers,
};
pub use view::{View, ViewMut, multiply};

/// Why a system was not solved.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum SolveError {
    /// An entry of the matrix is NaN or infinite.
    #[error("column {column} of the matrix is not finite")]
    NotFinite {
        /// The first such column.
        column: usize,
    },
    /// An entry of the right-hand side is NaN or infinite.
    #[error("entry {row} of the right-hand side is not finite")]
    RightHandSideNotFinite {
        /// The first such entry.
        row: usize,
    },
    /// The factorization broke down; the caller raises the damping.
    #[error("the matrix is singular at damping {damping:e}")]
    Singular {
        /// The damping.
        damping: f64,
    },
    /// The iteration for eigenvalues or singular values did not converge.
    #[error("the eigenvalue iteration did not converge")]
    NotConverged,
}

/// `Σ a b`, in eight sums, so that they do not wait for each other.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    let ((a, rest_of_a), (b, rest_of_b)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut sums = [0.0; 8];
    for (a, b) in a.iter().zip(b) {
        (0..8).for_each(|i| sums[i] += a[i] * b[i]);
    }
    let rest: f64 = rest_of_a.iter().zip(rest_of_b).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f64>() + rest
}

/// The first column of a column-major matrix, from its diagonal down, that is not finite.
fn check_lower(matrix: &[f64], size: usize) -> Result<(), SolveError> {
    let finite = |column: &usize| matrix[column * size + column..(column + 1) * size].iter().all(|x| x.is_finite());
    match (0..size).find(|column| !finite(column)) {
        Some(column) => Err(SolveError::NotFinite { column }),
        None => Ok(()),
    }
}

/// The first entry of a right-hand side that is not finite.
fn check_right_hand_side(b: &[f64]) -> Result<(), SolveError> {
    match b.iter().position(|x| !x.is_finite()) {
        Some(row) => Err(SolveError::RightHandSideNotFinite { row }),
        None => Ok(()),
    }
}
