//! Which of some radii of trust is the largest that the model still deserves.

/// A radius and the ratio of the decrease of the loss to that of the model.
pub(super) type Sample = (f64, f64);

/// The largest radius with a ratio of at least `wanted`, from samples of ascending radii: the ratios are raised to the
/// least function that falls and lies above them, interpolated by a monotone cubic in log radius (Fritsch and Carlson,
/// SIAM J. Numer. Anal. 17 (1980) 238). `None` if no sample has the ratio; the last radius if all larger ones have it.
pub(super) fn largest_radius(samples: &[Sample], wanted: f64) -> Option<f64> {
    let mut envelope = samples.to_vec();
    let mut most = f64::NEG_INFINITY;
    for (_, ratio) in envelope.iter_mut().rev() {
        // A loss that is not finite deserves nothing.
        most = if ratio.is_finite() { most.max(*ratio) } else { most };
        *ratio = most;
    }
    let at = envelope.iter().rposition(|(_, ratio)| *ratio >= wanted)?;
    let (left, right) = (envelope[at], *envelope.get(at + 1).unwrap_or(&envelope[at]));
    if at + 1 == envelope.len() || !right.1.is_finite() {
        return Some(left.0);
    }
    let x: Vec<f64> = envelope.iter().map(|(radius, _)| radius.ln()).collect();
    let y: Vec<f64> = envelope.iter().map(|(_, ratio)| ratio.max(LOWEST)).collect();
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..BISECTIONS {
        let middle = 0.5 * (low + high);
        if cubic(&x, &y, at, middle) >= wanted {
            low = middle;
        } else {
            high = middle;
        }
    }
    Some((x[at] + low * (x[at + 1] - x[at])).exp())
}

/// Ratios below this count as this: how bad a step is far beyond the radius does not matter.
const LOWEST: f64 = -1.0;
const BISECTIONS: usize = 40;

/// The monotone cubic between x[i] and x[i + 1], at this part of the way.
fn cubic(x: &[f64], y: &[f64], i: usize, part: f64) -> f64 {
    let width = x[i + 1] - x[i];
    let (a, b) = (slope(x, y, i) * width, slope(x, y, i + 1) * width);
    let (s, t) = (part, 1.0 - part);
    y[i] * (1.0 + 2.0 * s) * t * t + a * s * t * t + y[i + 1] * (1.0 + 2.0 * t) * s * s - b * t * s * s
}

/// The slope at a node: the weighted harmonic mean of those on both sides, 0 where they differ in sign.
fn slope(x: &[f64], y: &[f64], i: usize) -> f64 {
    let secant = |j: usize| (y[j + 1] - y[j]) / (x[j + 1] - x[j]);
    if i == 0 || i + 1 == x.len() {
        return secant(if i == 0 { 0 } else { i - 1 });
    }
    let (before, behind) = (secant(i - 1), secant(i));
    if before * behind <= 0.0 {
        return 0.0;
    }
    let (left, right) = (x[i] - x[i - 1], x[i + 1] - x[i]);
    let (first, second) = (2.0 * right + left, right + 2.0 * left);
    (first + second) / (first / before + second / behind)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// On ratios that are linear in log radius the radius is exact; dips before the last good sample do not matter.
    #[test]
    fn radii_are_found_on_the_envelope() {
        let radius = |i: usize| 2f64.powi(i as i32);
        let linear: Vec<Sample> = (0..8).map(|i| (radius(i), 1.0 - 0.2 * i as f64)).collect();
        let found = largest_radius(&linear, 0.5).expect("small steps are good");
        assert!((found.log2() - 2.5).abs() < 1e-9, "{found}");
        let mut dipped = linear.clone();
        dipped[1].1 = f64::NAN;
        dipped[0].1 = -3.0;
        let beside = largest_radius(&dipped, 0.5).expect("larger steps are good");
        assert!((radius(2)..radius(3)).contains(&beside), "{beside}");
        assert_eq!(largest_radius(&linear, -5.0), Some(radius(7)));
        assert_eq!(largest_radius(&linear, 1.5), None);
    }
}
