//! Whether gradients point the same way: the gradient alignment score of Wang, Bhartari, Li and Perdikaris
//! (arXiv 2502.00604, equation 3.1).
//!
//! `A(g₁, .., g_n) = 2 ‖(1/n) Σ gᵢ/‖gᵢ‖‖² - 1` is 1 for gradients of one direction, the cosine of two gradients, and -1
//! where the directions cancel.

use serde::{Deserialize, Serialize};

/// The scores behind a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Alignment {
    /// Of the gradients of all terms of the loss; none for fewer than two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intra: Option<f64>,
    /// Of the gradients of the loss before and behind the step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inter: Option<f64>,
}

/// The score of some gradients of one length, in [-1, 1]. A zero has no direction and does not count; none for fewer than
/// two others, and where one is not finite.
pub fn score(gradients: &[Vec<f64>]) -> Option<f64> {
    let norms = gradients.iter().map(|gradient| norm(gradient));
    let directed: Vec<(&Vec<f64>, f64)> = gradients.iter().zip(norms).filter(|(_, norm)| *norm != 0.0).collect();
    if directed.len() < 2 {
        return None;
    }
    let mut mean = vec![0.0; directed[0].0.len()];
    for (gradient, norm) in &directed {
        mean.iter_mut().zip(*gradient).for_each(|(mean, g)| *mean += g / norm / directed.len() as f64);
    }
    let score = 2.0 * mean.iter().map(|m| m * m).sum::<f64>() - 1.0;
    score.is_finite().then(|| score.clamp(-1.0, 1.0))
}

/// ‖g‖, also where squares of its entries are too large or too small for doubles.
fn norm(gradient: &[f64]) -> f64 {
    let largest = gradient.iter().fold(0.0, |largest: f64, g| if g.is_nan() { f64::NAN } else { largest.max(g.abs()) });
    if largest == 0.0 || !largest.is_finite() {
        return largest;
    }
    largest * gradient.iter().map(|g| (g / largest).powi(2)).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: Option<f64>, expected: f64) {
        assert!(found.is_some_and(|found| (found - expected).abs() < 1e-14), "{found:?}, not {expected}");
    }

    #[test]
    fn scores_of_gradients_whose_directions_are_known() {
        let at =
            |degrees: f64, length: f64| vec![length * degrees.to_radians().cos(), length * degrees.to_radians().sin()];
        near(score(&[at(20.0, 3.0), at(20.0, 1e-200)]), 1.0);
        near(score(&[at(0.0, 1.0), at(180.0, 1e200)]), -1.0);
        // Two: the cosine.
        near(score(&[at(10.0, 2.0), at(70.0, 5.0)]), 0.5);
        // Three in right angles: 2/3 - 1; a zero beside them does not count.
        let axes = [vec![1.0, 0.0, 0.0], vec![0.0, 7.0, 0.0], vec![0.0, 0.0, 0.1]];
        near(score(&axes), -1.0 / 3.0);
        near(score(&[&axes[..], &[vec![0.0; 3]]].concat()), -1.0 / 3.0);
        // Three at 120 degrees cancel.
        near(score(&[at(0.0, 1.0), at(120.0, 4.0), at(240.0, 2.0)]), -1.0);
    }

    #[test]
    fn no_score_without_two_directions() {
        assert_eq!(score(&[]), None);
        assert_eq!(score(&[vec![1.0, 2.0], vec![0.0, 0.0]]), None);
        assert_eq!(score(&[vec![1.0, f64::NAN], vec![1.0, 0.0]]), None);
        assert_eq!(score(&[vec![f64::INFINITY, 0.0], vec![1.0, 0.0]]), None);
    }
}
