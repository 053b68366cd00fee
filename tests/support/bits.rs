//! The one place where tests compare numbers bit by bit.

/// The same number, or both none.
pub fn same(a: impl Into<f64>, b: impl Into<f64>) -> bool {
    let (a, b): (f64, f64) = (a.into(), b.into());
    a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan()
}

/// Where two arrays first differ.
///
/// # Panics
/// If one is longer.
pub fn difference<T: Into<f64> + Copy>(found: &[T], expected: &[T]) -> Option<usize> {
    assert_eq!(found.len(), expected.len(), "lengths differ");
    found.iter().zip(expected).position(|(&a, &b)| !same(a, b))
}
