//! Quadrature on one interval.

use std::num::NonZeroUsize;

use super::legendre::nodes_and_weights;

/// Nodes and weights on an interval; the weights sum to its length.
#[derive(Clone, Debug, PartialEq)]
pub struct Nodes {
    /// Positions, ascending.
    pub positions: Vec<f64>,
    /// One weight a position, positive.
    pub weights: Vec<f64>,
}

/// Where Gauss points crowd together, and how much.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grading {
    /// The coordinate that the points crowd towards: inside the interval or one of its ends.
    pub at: f64,
    /// Strength k >= 0: the spacing at `at` is about k / sinh(k) of the even one, and 0 means no grading.
    pub strength: f64,
}

impl Grading {
    /// The strongest grading: beyond it the points next to `at` would agree with it to the last bit.
    pub const STRONGEST: f64 = 30.0;
}

/// Gauss-Legendre nodes and weights on [lower, upper]: exact for polynomials of degree 2 count - 1.
///
/// On [-1, 1] nodes and weights are within one unit in the last place (held by a test up to 256 points).
pub fn gauss_legendre(count: NonZeroUsize, lower: f64, upper: f64) -> Nodes {
    let (middle, half) = (lower.midpoint(upper), 0.5 * (upper - lower));
    let (positions, weights) = nodes_and_weights(count)
        .map(|(node, weight)| (inside(lower, upper, middle + half * node), half * weight))
        .unzip();
    Nodes { positions, weights }
}

/// Gauss-Legendre points mapped by x = at + c sinh(z), z linear in the Gauss variable, so that they crowd towards `at`.
///
/// The interval maps onto itself, and z = +-strength at the end that is farther from `at`, which fixes c. One analytic
/// formula holds on both sides of an interior `at`, so that Gauss keeps its geometric convergence. The weights carry the
/// Jacobian and are scaled (by 1 + O(rounding) as soon as cosh is resolved) to integrate constants exactly.
/// After Johnston and Elliott, Int. J. Numer. Meth. Engng 62 (2005) 564.
pub(super) fn gauss_graded(count: NonZeroUsize, lower: f64, upper: f64, grading: Grading) -> Nodes {
    if grading.strength == 0.0 {
        return gauss_legendre(count, lower, upper);
    }
    let at = grading.at;
    let scale = (upper - at).max(at - lower) / grading.strength.sinh();
    let first = ((lower - at) / scale).asinh();
    let last = ((upper - at) / scale).asinh();
    let even = gauss_legendre(count, first, last);
    let positions = even.positions.iter().map(|z| inside(lower, upper, at + scale * z.sinh())).collect();
    let mut weights: Vec<f64> = even.positions.iter().zip(&even.weights).map(|(z, w)| w * scale * z.cosh()).collect();
    let correction = (upper - lower) / weights.iter().sum::<f64>();
    weights.iter_mut().for_each(|w| *w *= correction);
    Nodes { positions, weights }
}

/// The trapezoid rule: both ends included, `count` >= 2.
pub(super) fn trapezoid(count: usize, lower: f64, upper: f64) -> Nodes {
    let step = (upper - lower) / (count - 1) as f64;
    let mut weights = vec![step; count];
    weights[0] *= 0.5;
    weights[count - 1] *= 0.5;
    Nodes { positions: with_ends(count, lower, upper), weights }
}

/// The midpoint rule.
pub(super) fn midpoint(count: usize, lower: f64, upper: f64) -> Nodes {
    equally_weighted((0..count).map(|i| between(lower, upper, (i as f64 + 0.5) / count as f64)).collect(), lower, upper)
}

/// Equispaced points from `lower` on, `upper` left out: for periodic integrands as good as Gauss is for others.
pub(super) fn periodic(count: usize, lower: f64, upper: f64) -> Nodes {
    equally_weighted((0..count).map(|i| between(lower, upper, i as f64 / count as f64)).collect(), lower, upper)
}

/// Equispaced points with both ends, equally weighted; `count` >= 2.
pub(super) fn grid_with_ends(count: usize, lower: f64, upper: f64) -> Nodes {
    equally_weighted(with_ends(count, lower, upper), lower, upper)
}

/// The same grid without its ends, `count` - 2 points equally weighted; `count` >= 3.
pub(super) fn grid_without_ends(count: usize, lower: f64, upper: f64) -> Nodes {
    equally_weighted(with_ends(count, lower, upper)[1..count - 1].to_vec(), lower, upper)
}

fn equally_weighted(positions: Vec<f64>, lower: f64, upper: f64) -> Nodes {
    let weights = vec![(upper - lower) / positions.len() as f64; positions.len()];
    Nodes { positions, weights }
}

fn with_ends(count: usize, lower: f64, upper: f64) -> Vec<f64> {
    let mut positions: Vec<f64> = (0..count).map(|i| between(lower, upper, i as f64 / (count - 1) as f64)).collect();
    positions[count - 1] = upper; // the product below may round past it
    positions
}

fn between(lower: f64, upper: f64, part: f64) -> f64 {
    lower + part * (upper - lower)
}

/// Keeps rounding from putting an inner point on or past an end.
pub(super) fn inside(lower: f64, upper: f64, x: f64) -> f64 {
    x.max(lower.next_up()).min(upper.next_down())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(n: usize) -> NonZeroUsize {
        NonZeroUsize::new(n).unwrap()
    }

    fn integrate(nodes: &Nodes, f: impl Fn(f64) -> f64) -> f64 {
        nodes.positions.iter().zip(&nodes.weights).map(|(&x, &w)| w * f(x)).sum()
    }

    #[test]
    fn gauss_is_exact_to_its_degree_and_not_beyond() {
        for n in 1..20 {
            let nodes = gauss_legendre(count(n), -0.5, 2.0);
            for degree in 0..=2 * n as i32 {
                let exact = (2f64.powi(degree + 1) - (-0.5f64).powi(degree + 1)) / f64::from(degree + 1);
                let error = (integrate(&nodes, |x| x.powi(degree)) / exact - 1.0).abs();
                if degree < 2 * n as i32 {
                    assert!(error < 1e-14, "n = {n}, degree {degree}: {error:e}");
                } else if n < 8 {
                    assert!(error > 1e-9, "n = {n}, degree {degree}");
                }
            }
        }
    }

    #[test]
    fn weights_sum_to_the_length() {
        for (lower, upper) in [(0.0, 1.0), (-1.0, 1.0), (2.0, 2.5), (-1e3, 1e5)] {
            let graded = |at, strength| gauss_graded(count(9), lower, upper, Grading { at, strength });
            let all = [
                gauss_legendre(count(7), lower, upper),
                graded(lower, 6.0),
                graded(upper, 30.0),
                graded(0.3 * lower + 0.7 * upper, 2.0),
                graded(lower, 0.0),
                trapezoid(2, lower, upper),
                trapezoid(9, lower, upper),
                midpoint(1, lower, upper),
                midpoint(9, lower, upper),
                periodic(9, lower, upper),
                grid_with_ends(9, lower, upper),
                grid_without_ends(9, lower, upper),
            ];
            for nodes in all {
                let sum: f64 = nodes.weights.iter().sum();
                assert!((sum / (upper - lower) - 1.0).abs() < 1e-14, "{nodes:?}");
                assert!(nodes.weights.iter().all(|&w| w > 0.0));
                assert!(nodes.positions.is_sorted());
                assert!(nodes.positions.iter().all(|&x| lower <= x && x <= upper));
            }
        }
    }

    #[test]
    fn ends_are_in_the_grid_or_not() {
        assert_eq!(grid_with_ends(5, 0.0, 1.0).positions, [0.0, 0.25, 0.5, 0.75, 1.0]);
        assert_eq!(grid_without_ends(5, 0.0, 1.0).positions, [0.25, 0.5, 0.75]);
        assert_eq!(periodic(4, 0.0, 1.0).positions, [0.0, 0.25, 0.5, 0.75]);
        assert_eq!(midpoint(2, 0.0, 1.0).positions, [0.25, 0.75]);
        assert_eq!(*grid_with_ends(50, -0.1, 0.3).positions.last().unwrap(), 0.3);
    }

    #[test]
    fn grading_at_the_middle_is_the_plain_sinh_map() {
        let (k, n) = (6.0f64, 12);
        let graded = gauss_graded(count(n), -1.0, 1.0, Grading { at: 0.0, strength: k });
        for (x, q) in graded.positions.iter().zip(gauss_legendre(count(n), -1.0, 1.0).positions) {
            assert!((x - (k * q).sinh() / k.sinh()).abs() < 1e-14);
        }
    }

    #[test]
    fn graded_gauss_resolves_what_plain_gauss_does_not() {
        // The integral of (1 + tanh((x - at)/eps)) and of its square's complement, a layer of width eps.
        let eps: f64 = 1e-3;
        for (lower, upper, at) in [(-1.0, 1.0, 0.0), (0.0, 1.0, 0.0), (0.0, 2.0, 2.0), (-1.0, 3.0, 0.1)] {
            let exact = eps * (((upper - at) / eps).tanh() - ((lower - at) / eps).tanh());
            let layer = |x: f64| ((x - at) / eps).cosh().powi(-2);
            let plain = gauss_legendre(count(64), lower, upper);
            let graded = gauss_graded(count(64), lower, upper, Grading { at, strength: 8.0 });
            let (plain, graded) =
                ((integrate(&plain, layer) / exact - 1.0).abs(), (integrate(&graded, layer) / exact - 1.0).abs());
            assert!(graded < 1e-5 && plain > 1e-3, "at {at}: graded {graded:e}, plain {plain:e}");

            let step = |x: f64| ((x - at) / eps).tanh() * (x - at);
            let ln_cosh_free = |a: f64| a * a / 2.0 - eps * eps * std::f64::consts::PI.powi(2) / 24.0;
            let half = |a: f64| if a == 0.0 { 0.0 } else { ln_cosh_free(a) };
            let exact = half(upper - at) + half(at - lower);
            let nodes = gauss_graded(count(64), lower, upper, Grading { at, strength: 8.0 });
            let error = (integrate(&nodes, step) / exact - 1.0).abs();
            assert!(error < 1e-8, "at {at}: {error:e}");
        }
    }

    #[test]
    fn periodic_rule_converges_geometrically_and_trapezoid_with_order_2() {
        let f = |x: f64| (x.cos()).exp();
        // 2 pi I_0(1)
        let exact = std::f64::consts::TAU * 1.266_065_877_752_008_3;
        let error = |nodes: Nodes| (integrate(&nodes, f) - exact).abs();
        assert!(error(periodic(16, 0.0, std::f64::consts::TAU)) < 1e-13);
        let g = |x: f64| x.exp();
        let order = |rule: fn(usize, f64, f64) -> Nodes, coarse, fine| {
            let error = |n| (integrate(&rule(n, 0.0, 1.0), g) - (1f64.exp() - 1.0)).abs();
            (error(coarse) / error(fine)).log2()
        };
        assert!((order(trapezoid, 33, 65) - 2.0).abs() < 0.01);
        assert!((order(midpoint, 32, 64) - 2.0).abs() < 0.01);
    }
}
