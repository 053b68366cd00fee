//! Dividing a count among pieces.

/// Shares `total` points among pieces in proportion to their measures, by largest remainders, with at least one each.
///
/// The shares sum to `total` unless there are more pieces than points; then everyone gets one. Pieces whose measure is not
/// positive get one; ties go to the earlier piece.
pub fn share(total: usize, measures: &[f64]) -> Vec<usize> {
    let mut shares = vec![1; measures.len()];
    let mut open: Vec<usize> = (0..measures.len()).filter(|&i| measures[i] > 0.0 && measures[i].is_finite()).collect();
    let mut left = total.saturating_sub(measures.len() - open.len());
    // A piece whose proportional share is below one is settled with one, which lowers what the others share.
    loop {
        let measure: f64 = open.iter().map(|&i| measures[i]).sum();
        let before = open.len();
        open.retain(|&i| left as f64 * (measures[i] / measure) >= 1.0);
        left = left.saturating_sub(before - open.len());
        if open.is_empty() || open.len() == before {
            break largest_remainders(left, measures, measure, &open, &mut shares);
        }
    }
    shares
}

fn largest_remainders(total: usize, measures: &[f64], measure: f64, open: &[usize], shares: &mut [usize]) {
    let quota = |i: usize| total as f64 * (measures[i] / measure);
    for &i in open {
        shares[i] = quota(i) as usize;
    }
    let given: usize = open.iter().map(|&i| shares[i]).sum();
    let mut order = open.to_vec();
    order.sort_by(|&a, &b| quota(b).fract().total_cmp(&quota(a).fract()));
    for &i in order.iter().take(total.saturating_sub(given)) {
        shares[i] += 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn examples() {
        assert_eq!(share(100, &[1.0, 1.0, 1.0]), [34, 33, 33]);
        assert_eq!(share(10, &[1.0, 2.0, 2.0]), [2, 4, 4]);
        assert_eq!(share(10, &[1e-9, 1.0]), [1, 9]);
        assert_eq!(share(10, &[0.0, 3.0, 1.0]), [1, 7, 2]);
        assert_eq!(share(2, &[1.0, 1.0, 1.0]), [1, 1, 1]);
        assert_eq!(share(0, &[1.0]), [1]);
        assert_eq!(share(5, &[]), Vec::<usize>::new());
        assert_eq!(share(7, &[f64::NAN, 1.0]), [1, 6]);
    }

    proptest! {
        #[test]
        fn sums_to_the_total_and_stays_near_the_quota(
            total in 0usize..10_000,
            measures in prop::collection::vec(prop_oneof![Just(0.0), 1e-6..1e6f64], 1..20),
        ) {
            let shares = share(total, &measures);
            prop_assert!(shares.iter().all(|&s| s >= 1));
            if measures.iter().any(|&m| m > 0.0) {
                prop_assert_eq!(shares.iter().sum::<usize>(), total.max(measures.len()));
            }
            let sum: f64 = measures.iter().sum();
            for (share, m) in shares.iter().zip(&measures).filter(|(_, m)| **m > 0.0) {
                prop_assert!(*share as f64 <= total as f64 * m / sum + 2.0);
            }
        }
    }
}
