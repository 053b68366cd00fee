//! Whether two ways compute the same.

/// Largest difference, relative to the largest number.
const TOLERANCE: f64 = 1e-12;

/// Stops if the numbers differ: then one of the ways is wrong, and its time says nothing.
///
/// # Panics
/// If they do.
pub fn assert_close(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    let scale = expected.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
    let worst =
        found.iter().zip(expected).find(|(a, b)| a.is_nan() || b.is_nan() || (*a - *b).abs() > TOLERANCE * scale);
    assert!(worst.is_none(), "two ways differ at numbers up to {scale:e}: {worst:?}");
}
