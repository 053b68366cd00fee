//! The spectrum of a metric `AᵀA`: one factorization, after which a solution costs P² at any damping.

use super::{RowTiles, SolveError, ThinSvd, check_right_hand_side, dot, gram, symmetric_eigen, thin_svd};

/// `AᵀA = V diag(squares) Vᵀ`, from the eigenvalues of the Gram matrix or from the singular values of A itself, which
/// keep the digits that the Gram matrix loses.
pub struct Spectral {
    /// k eigenvalues of AᵀA, k ≤ P; the others are zero.
    squares: Vec<f64>,
    /// V, P x k, column-major.
    vectors: Vec<f64>,
    /// Σ and U of A, where they are known.
    left: Option<(Vec<f64>, Vec<f64>)>,
    columns: usize,
}

impl Spectral {
    /// By the eigenvalues of the Gram matrix, about 10 P³ operations beside N P² for the matrix.
    ///
    /// # Errors
    /// [`SolveError`] if A is not finite or the iteration does not converge.
    pub fn of_gram(rows: &RowTiles) -> Result<Self, SolveError> {
        let columns = rows.columns();
        let mut matrix = vec![0.0; columns * columns];
        gram(rows, &mut matrix);
        let eigen = symmetric_eigen(&matrix, columns)?;
        Ok(Self { squares: eigen.values, vectors: eigen.vectors, left: None, columns })
    }

    /// By the singular values of A (for tall A of its triangular factor): backward stable.
    ///
    /// # Errors
    /// As [`Spectral::of_gram`].
    pub fn of_rows(rows: &RowTiles) -> Result<Self, SolveError> {
        let (count, columns) = (rows.rows(), rows.columns());
        let ThinSvd { values, left, right } = thin_svd(&rows.to_columns(), count, columns)?;
        let squares = values.iter().map(|value| value * value).collect();
        Ok(Self { squares, vectors: right, left: Some((values, left)), columns })
    }

    /// The eigenvalues of AᵀA that may differ from zero, in no particular order.
    pub fn squares(&self) -> &[f64] {
        &self.squares
    }

    /// The largest of them.
    pub fn largest(&self) -> f64 {
        self.squares.iter().copied().fold(0.0, f64::max)
    }

    /// `Vᵀ Aᵀ b`: a gradient `Aᵀb`, b of length N, along the eigenvectors; `None` where U is not known.
    ///
    /// # Errors
    /// [`SolveError::RightHandSideNotFinite`]
    pub fn along_of_rows(&self, b: &[f64]) -> Option<Result<Vec<f64>, SolveError>> {
        let (values, left) = self.left.as_ref()?;
        let of = |(column, value): (&[f64], &f64)| value * dot(column, b);
        Some(check_right_hand_side(b).map(|()| left.chunks_exact(b.len().max(1)).zip(values).map(of).collect()))
    }

    /// `Vᵀ g`: a gradient, length P, along the eigenvectors.
    ///
    /// # Errors
    /// [`SolveError::RightHandSideNotFinite`]
    pub fn along(&self, gradient: &[f64]) -> Result<Vec<f64>, SolveError> {
        check_right_hand_side(gradient)?;
        Ok(self.vectors.chunks_exact(self.columns.max(1)).map(|column| dot(column, gradient)).collect())
    }

    /// `out = -V diag(factor(square)) c`, for c as [`along`](Self::along) gives it.
    pub fn combine(&self, along: &[f64], factor: impl Fn(f64) -> f64, out: &mut [f64]) {
        out.fill(0.0);
        for ((column, c), square) in self.vectors.chunks_exact(self.columns.max(1)).zip(along).zip(&self.squares) {
            let share = -c * factor(*square);
            if share != 0.0 {
                out.iter_mut().zip(column).for_each(|(out, v)| *out += share * v);
            }
        }
    }

    /// `(AᵀA + λI) out = -g`, length P, in which directions without eigenvectors count.
    ///
    /// # Errors
    /// [`SolveError`] if g is not finite, or λ is zero and the system singular.
    pub fn solve_normal(&self, gradient: &[f64], damping: f64, out: &mut [f64]) -> Result<(), SolveError> {
        let along = self.along(gradient)?;
        self.combine(&along, |square| (square + damping).recip(), out);
        if self.squares.len() < self.columns {
            let mut rest = vec![0.0; out.len()];
            self.combine(&along, |_| 1.0, &mut rest);
            let outside = rest.iter().zip(gradient).map(|(rest, g)| (rest + g) / damping);
            out.iter_mut().zip(outside).for_each(|(out, outside)| *out -= outside);
        }
        if out.iter().all(|x| x.is_finite()) { Ok(()) } else { Err(SolveError::Singular { damping }) }
    }

    /// `out = argmin ‖A d + b‖² + λ‖d‖²`, length P, for b of length N.
    ///
    /// # Errors
    /// As [`solve_normal`](Self::solve_normal).
    pub fn solve_damped(&self, b: &[f64], damping: f64, out: &mut [f64]) -> Result<(), SolveError> {
        let along = self.along_of_rows(b).ok_or(SolveError::Singular { damping })??;
        self.combine(&along, |square| (square + damping).recip(), out);
        if out.iter().all(|x| x.is_finite()) { Ok(()) } else { Err(SolveError::Singular { damping }) }
    }
}
