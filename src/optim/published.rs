//! The published procedure of energy natural gradients (Müller and Zeinhofer, arXiv 2302.13163, section 4, and the authors'
//! scripts): the direction `d = G⁺ ∇L` by least squares on the Gram matrix G, and the step length with the smallest loss
//! among 31 that halve.

use crate::linalg::{RowTiles, SolveError, Spectral};

/// The step lengths of a grid: the longest, and 30 halvings of it.
const LENGTHS: usize = 31;

/// What a line search found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct OnLine {
    /// The step length; `None` if no trial counts.
    pub length: Option<f64>,
    /// The loss there.
    pub loss: f64,
    /// How many lengths were tried.
    pub trials: usize,
}

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

/// The length among `longest`, `longest`/2, .. with the smallest loss, which may lie above the one without a step.
pub(super) fn grid(longest: f64, mut loss: impl FnMut(f64) -> f64) -> OnLine {
    let mut best = OnLine { length: None, loss: f64::INFINITY, trials: LENGTHS };
    for halvings in 0..LENGTHS {
        let length = longest * 0.5_f64.powi(halvings as i32);
        let at = loss(length);
        if at < best.loss {
            best = OnLine { length: Some(length), loss: at, ..best };
        }
    }
    best
}

/// The first length among `longest`, `longest`/2, .. that lowers the loss by the part `sufficient` of what its slope
/// promises (Armijo).
pub(super) fn backtracking(
    (longest, sufficient): (f64, f64),
    before: f64,
    slope: f64,
    mut loss: impl FnMut(f64) -> f64,
) -> OnLine {
    for halvings in 0..LENGTHS {
        let length = longest * 0.5_f64.powi(halvings as i32);
        let at = loss(length);
        // Where the promise is below the rounding of the loss, it still has to fall.
        if at <= before + sufficient * length * slope && at < before {
            return OnLine { length: Some(length), loss: at, trials: halvings + 1 };
        }
    }
    OnLine { length: None, loss: before, trials: LENGTHS }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grid_takes_the_best_and_backtracking_the_first() {
        let parabola = |a: f64| (a - 0.2).powi(2);
        let best = grid(1.0, parabola);
        assert_eq!((best.length, best.trials), (Some(0.25), 31));
        assert_eq!(backtracking((1.0, 1e-4), parabola(0.0), -0.4, parabola).length, Some(0.25));
        let rising = |a: f64| 1.0 + a;
        assert_eq!(grid(1.0, rising).length, Some(0.5_f64.powi(30)), "as published, a rise is taken");
        assert_eq!(backtracking((1.0, 1e-4), 1.0, -1.0, rising).length, None);
        assert_eq!(grid(1.0, |_| f64::NAN).length, None);
    }

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
