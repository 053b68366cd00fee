//! Eigenvalues of matrices that are so small that a call into a library costs more than the work.

/// Sweeps over all pairs before the rest off the diagonal is taken for rounding; a handful is enough for any matrix of
/// finite numbers.
const MOST_SWEEPS: usize = 30;

/// Diagonalises a symmetric matrix by Jacobi's rotations: `matrix` (size x size, symmetric) becomes diagonal, and column
/// i of `vectors` (entry (m, i) at `m·size + i`) the unit eigenvector of eigenvalue `matrix[i·size + i]`.
///
/// Accurate to rounding relative to the largest eigenvalue. A NaN or infinity gives NaN.
///
/// # Panics
/// If the slices do not hold size² numbers.
pub fn jacobi_eigen(matrix: &mut [f64], vectors: &mut [f64], size: usize) {
    assert_eq!((matrix.len(), vectors.len()), (size * size, size * size), "matrices of another size");
    vectors.fill(0.0);
    (0..size).for_each(|i| vectors[i * size + i] = 1.0);
    let scale = matrix.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
    for _ in 0..MOST_SWEEPS {
        let mut rotated = false;
        for p in 0..size {
            for q in p + 1..size {
                // Below this a rotation changes neither eigenvalues nor vectors beyond rounding.
                if matrix[p * size + q].abs() > 1e-17 * scale {
                    rotate(matrix, vectors, size, p, q);
                    rotated = true;
                }
            }
        }
        if !rotated {
            break;
        }
    }
    if !matrix.iter().all(|x| x.is_finite()) {
        matrix.fill(f64::NAN);
    }
}

/// Makes entry (p, q) zero (Golub and Van Loan, Matrix Computations, section 8.5).
fn rotate(matrix: &mut [f64], vectors: &mut [f64], size: usize, p: usize, q: usize) {
    let (app, aqq, apq) = (matrix[p * size + p], matrix[q * size + q], matrix[p * size + q]);
    let tau = (aqq - app) / (2.0 * apq);
    let t = if tau >= 0.0 { 1.0 / (tau + (1.0 + tau * tau).sqrt()) } else { 1.0 / (tau - (1.0 + tau * tau).sqrt()) };
    let c = 1.0 / (1.0 + t * t).sqrt();
    let s = t * c;
    for k in 0..size {
        let (akp, akq) = (matrix[k * size + p], matrix[k * size + q]);
        (matrix[k * size + p], matrix[k * size + q]) = (c * akp - s * akq, s * akp + c * akq);
    }
    for k in 0..size {
        let (apk, aqk) = (matrix[p * size + k], matrix[q * size + k]);
        (matrix[p * size + k], matrix[q * size + k]) = (c * apk - s * aqk, s * apk + c * aqk);
        let (vkp, vkq) = (vectors[k * size + p], vectors[k * size + q]);
        (vectors[k * size + p], vectors[k * size + q]) = (c * vkp - s * vkq, s * vkp + c * vkq);
    }
    matrix[p * size + q] = 0.0;
    matrix[q * size + p] = 0.0;
}
