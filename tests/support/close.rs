//! The one place where tests compare floating-point numbers.
//!
//! Differences are taken in absolute value, a NaN equals nothing, and the message names the worst element. What is compared
//! belongs in a line printed before, which the test harness shows on failure.

/// Every element within `tolerance` times the largest magnitude of `expected`.
#[track_caller]
pub fn assert_relative(found: impl AsRef<[f64]>, expected: impl AsRef<[f64]>, tolerance: f64) {
    let scale = largest(expected.as_ref());
    assert_relative_to(scale, found, expected, tolerance);
}

/// Every element within `tolerance * scale`.
#[track_caller]
pub fn assert_relative_to(scale: f64, found: impl AsRef<[f64]>, expected: impl AsRef<[f64]>, tolerance: f64) {
    let (found, expected) = (found.as_ref(), expected.as_ref());
    let (index, error) = worst(found, expected, |a, b| if a == b { 0.0 } else { (a - b).abs() / scale });
    assert!(
        error <= tolerance,
        "element {index} of {}: {:e}, not {:e}: off by {error:e} of the scale {scale:e}, not {tolerance:e}",
        found.len(),
        found[index],
        expected[index],
    );
}

/// Every element within `most` units in the last place: at most that many steps to the neighbouring double lie between.
#[track_caller]
pub fn assert_ulps(found: impl AsRef<[f64]>, expected: impl AsRef<[f64]>, most: u64) {
    let (found, expected) = (found.as_ref(), expected.as_ref());
    let (index, steps) = worst(found, expected, |a, b| place(a).abs_diff(place(b)) as f64);
    assert!(
        steps <= most as f64,
        "element {index} of {}: {:e}, not {:e}: {steps} ulp, not {most}",
        found.len(),
        found[index],
        expected[index],
    );
}

/// The largest magnitude; NaN if any element is NaN.
pub fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |most: f64, v| if most.is_nan() || v.is_nan() { f64::NAN } else { most.max(v.abs()) })
}

/// The index of the element with the largest error, and that error: infinite where a number is NaN.
#[track_caller]
fn worst(found: &[f64], expected: &[f64], error: impl Fn(f64, f64) -> f64) -> (usize, f64) {
    assert_eq!(found.len(), expected.len(), "lengths differ");
    assert!(!found.is_empty(), "nothing to compare");
    let error = |(&a, &b): (&f64, &f64)| {
        let error = error(a, b);
        if a.is_nan() || b.is_nan() || error.is_nan() { f64::INFINITY } else { error }
    };
    let errors = found.iter().zip(expected).map(error).enumerate();
    errors.fold((0, -1.0), |worst, next| if next.1 > worst.1 { next } else { worst })
}

/// Doubles in order, one apart from its neighbours; both zeros at 0.
fn place(x: f64) -> i64 {
    let magnitude = (x.to_bits() & !(1 << 63)) as i64;
    if x.is_sign_negative() { -magnitude } else { magnitude }
}

mod tests {
    use super::*;

    /// The message of a comparison that fails; `None` if it passes.
    fn complaint(comparison: impl FnOnce() + std::panic::UnwindSafe) -> Option<String> {
        let payload = std::panic::catch_unwind(comparison).err()?;
        Some(payload.downcast_ref::<String>().cloned().unwrap_or_else(|| "lengths".to_owned()))
    }

    #[test]
    fn relative_comparison_takes_absolute_values_and_the_scale_of_all() {
        let cases: [(&[f64], &[f64], bool); 9] = [
            (&[1.0, 0.0], &[1.0, 1e-13], true),
            (&[1.0, 1e-11], &[1.0, 0.0], false),
            (&[1.0, -1e-11], &[1.0, 0.0], false),
            (&[-1.0], &[1.0], false),
            (&[f64::NAN], &[f64::NAN], false),
            (&[1.0, f64::NAN], &[1.0, 2.0], false),
            (&[f64::INFINITY], &[1.0], false),
            (&[0.0, 0.0], &[0.0, -0.0], true),
            (&[1e-300], &[0.0], false),
        ];
        for (found, expected, passes) in cases {
            let complaint = complaint(|| assert_relative(found, expected, 1e-12));
            assert_eq!(complaint.is_none(), passes, "{found:?} and {expected:?}: {complaint:?}");
        }
    }

    #[test]
    fn ulps_count_the_doubles_between() {
        let next = |x: f64| f64::from_bits(x.to_bits() + 1);
        let cases = [
            (1.0, 1.0, 0),
            (1.0, next(1.0), 1),
            (next(1.0), 1.0, 1),
            (-1.0, -next(next(1.0)), 2),
            (0.0, -0.0, 0),
            (-5e-324, 5e-324, 2),
            (f64::MAX, f64::INFINITY, 1),
        ];
        for (a, b, ulps) in cases {
            assert_eq!(complaint(|| assert_ulps([a], [b], ulps)), None, "{a:e} and {b:e}");
            assert!(ulps == 0 || complaint(|| assert_ulps([a], [b], ulps - 1)).is_some(), "{a:e} and {b:e}");
        }
        assert!(complaint(|| assert_ulps([f64::NAN], [f64::NAN], u64::MAX)).is_some());
    }

    #[test]
    fn the_worst_element_is_named() {
        let message =
            complaint(|| assert_relative([1.0, 2.5, 3.1, 4.0], [1.0, 2.0, 3.0, 4.0], 1e-3)).expect("it fails");
        assert!(message.starts_with("element 1 of 4: 2.5e0, not 2e0"), "{message}");
        let message = complaint(|| assert_ulps([1.0, f64::NAN, 7.0], [1.0, 2.0, 3.0], 4)).expect("it fails");
        assert!(message.starts_with("element 1 of 3: NaN"), "{message}");
    }

    #[test]
    fn other_lengths_and_empty_slices_fail() {
        assert!(complaint(|| assert_relative([1.0], [1.0, 1.0], 1.0)).is_some());
        assert!(complaint(|| assert_ulps([0.0; 0], [0.0; 0], 1)).is_some());
        assert!(largest(&[1.0, f64::NAN, 2.0]).is_nan() && largest(&[-3.0, 2.0]) == 3.0);
    }
}
