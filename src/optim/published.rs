//! The published procedure of energy natural gradients (Müller and Zeinhofer, arXiv 2302.13163, section 4, and the authors'
//! scripts): the direction `d = G⁺ ∇L` by least squares on the Gram matrix G. The step length is the one with the smallest loss
//! on a [`grid`](super::step_length::grid).

use crate::linalg::{RowTiles, SolveError, Spectral};

/// `-G⁺ g` for `G = AᵀA`, the shortest solution of least squares; gives the rank that G has.
///
/// Singular values of G below ε P times the largest count as zero: the default of `numpy.linalg.lstsq`, which the authors
/// call. This truncation is all the regularisation that the procedure has.
///
/// # Errors
/// [`SolveError`] if A or g is not finite.
pub(super) fn pseudo_inverse_step(rows: &RowTiles, gradient: &[f64], out: &mut [f64]) -> Result<usize, SolveError> {
    let spectral = Spectral::of_gram(rows)?;
    let along = spectral.along(gradient)?;
    let largest = spectral.squares().iter().fold(0.0, |most: f64, square| most.max(square.abs()));
    let least = f64::EPSILON * out.len() as f64 * largest;
    spectral.combine(&along, |square| if square.abs() > least { square.recip() } else { 0.0 }, out);
    Ok(spectral.squares().iter().filter(|square| square.abs() > least).count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directions_without_curvature_are_left_out() {
        let mut rows = RowTiles::new(&[2], 3);
        let tile = &mut rows.tiles_mut()[0];
        let stride = tile.stride();
        // A = [[2, 0, 0], [0, 1e-9, 0]]: the second square is below ε P.
        (tile.data_mut()[0], tile.data_mut()[stride + 1]) = (2.0, 1e-9);
        let mut out = [7.0; 3];
        assert_eq!(pseudo_inverse_step(&rows, &[8.0, 1.0, 1.0], &mut out), Ok(1));
        assert!((out[0] + 2.0).abs() < 1e-12 && out[1..] == [0.0, 0.0], "{out:?}");
    }
}
