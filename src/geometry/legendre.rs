//! Gauss-Legendre nodes and weights on [-1, 1], to the last bit or nearly.

use std::num::NonZeroUsize;

use gauss_quad::GaussLegendre;

/// Rules with more points are left as they come (errors of some 1e-15): refining takes time quadratic in their number.
const MOST_REFINED: usize = 512;

/// Nodes, ascending, with their weights.
///
/// The nodes come from Bogaert's expansions (SIAM J. Sci. Comput. 36 (2014) A1008), which leave errors of 5e-16 in nodes
/// (in the middle hundreds of units in the last place) and of 4 units in weights. One Newton step with the Legendre
/// polynomial in twice the working precision takes both to about one unit.
pub(super) fn nodes_and_weights(count: NonZeroUsize) -> impl Iterator<Item = (f64, f64)> {
    let n = count.get();
    let middle = if n % 2 == 1 { n / 2 } else { n };
    let pairs = GaussLegendre::new(count).into_iter().enumerate();
    pairs.map(move |(i, (node, weight))| {
        let node = if i == middle { 0.0 } else { node }; // by symmetry
        if n <= MOST_REFINED { refine(n, node) } else { (node, weight) }
    })
}

/// A node close to `x`, and its weight 2 / ((1 - x^2) P_n'(x)^2).
fn refine(n: usize, x: f64) -> (f64, f64) {
    let (value, below) = legendre(n, x);
    let gap = Double::from(1.0).minus(Double::product(x, x));
    let top = below.minus(value.times(x)).times(n as f64); // (1 - x^2) P_n'
    let step = -value.high * gap.high / top.high;
    let square = top.times(top.high);
    let rough = 2.0 * gap.high / square.high;
    let rest = gap.times(2.0).minus(square.times(rough)).high / square.high;
    // `square` lacks a second high * low, and the weight belongs to the exact node: d ln w / dx = -2 x / (1 - x^2) there.
    let correction = top.low / top.high + 2.0 * x * step / gap.high;
    let weight = rough + (rest - rough * correction);
    (x + step, weight)
}

/// P_n and P_(n-1) by the three-term recurrence, n >= 1.
fn legendre(n: usize, x: f64) -> (Double, Double) {
    let (mut below, mut value) = (Double::from(1.0), Double::from(x));
    for k in 1..n {
        let k = k as f64;
        let next = value.times(x).times(2.0 * k + 1.0).minus(below.times(k)).over(k + 1.0);
        below = std::mem::replace(&mut value, next);
    }
    (value, below)
}

/// A number as the unevaluated sum of two (Dekker, Numer. Math. 18 (1971) 224).
#[derive(Clone, Copy)]
struct Double {
    high: f64,
    low: f64,
}

impl From<f64> for Double {
    fn from(high: f64) -> Self {
        Self { high, low: 0.0 }
    }
}

impl Double {
    /// a + b without rounding, |a| >= |b|.
    fn sum(a: f64, b: f64) -> Self {
        let high = a + b;
        Self { high, low: b - (high - a) }
    }

    /// a * b without rounding.
    fn product(a: f64, b: f64) -> Self {
        let high = a * b;
        Self { high, low: a.mul_add(b, -high) }
    }

    fn times(self, factor: f64) -> Self {
        let product = Self::product(self.high, factor);
        Self::sum(product.high, self.low.mul_add(factor, product.low))
    }

    fn over(self, divisor: f64) -> Self {
        let quotient = self.high / divisor;
        let rest = (-quotient).mul_add(divisor, self.high) + self.low;
        Self::sum(quotient, rest / divisor)
    }

    fn minus(self, other: Self) -> Self {
        let high = self.high - other.high;
        let part = high - self.high;
        let low = (self.high - (high - part)) - (other.high + part);
        Self::sum(high, low + (self.low - other.low))
    }
}

#[cfg(test)]
mod tests {
    use astro_float::{BigFloat, RoundingMode};

    use super::*;

    const BITS: usize = 320;
    const ROUND: RoundingMode = RoundingMode::ToEven;

    fn big(x: f64) -> BigFloat {
        BigFloat::from_f64(x, BITS)
    }

    /// The absolute difference in units in the last place of `x`.
    fn ulps(exact: &BigFloat, x: f64) -> f64 {
        let difference: f64 = format!("{}", exact.sub(&big(x), BITS, ROUND)).parse().unwrap();
        difference.abs() / (x.abs().next_up() - x.abs())
    }

    /// P_n and its derivative by the three-term recurrence in 320 bits.
    fn big_legendre(n: usize, x: &BigFloat) -> (BigFloat, BigFloat) {
        let mul = |a: &BigFloat, b: &BigFloat| a.mul(b, BITS, ROUND);
        let (mut before, mut value) = (big(1.0), x.clone());
        for k in 1..n {
            let k = k as f64;
            let sum = mul(&big(2.0 * k + 1.0), &mul(x, &value)).sub(&mul(&big(k), &before), BITS, ROUND);
            before = std::mem::replace(&mut value, sum.div(&big(k + 1.0), BITS, ROUND));
        }
        let top = mul(&big(n as f64), &mul(x, &value).sub(&before, BITS, ROUND));
        let slope = top.div(&mul(x, x).sub(&big(1.0), BITS, ROUND), BITS, ROUND);
        (value, slope)
    }

    #[test]
    fn agrees_with_high_precision() {
        for n in [1, 2, 3, 4, 5, 7, 10, 16, 21, 36, 64, 99, 100, 101, 128, 200, 255, 256] {
            for (x, w) in nodes_and_weights(NonZeroUsize::new(n).unwrap()) {
                let mut exact = big(x);
                for _ in 0..3 {
                    let (value, slope) = big_legendre(n, &exact);
                    exact = exact.sub(&value.div(&slope, BITS, ROUND), BITS, ROUND);
                }
                let (_, slope) = big_legendre(n, &exact);
                let gap = big(1.0).sub(&exact.mul(&exact, BITS, ROUND), BITS, ROUND);
                let weight = big(2.0).div(&gap.mul(&slope.mul(&slope, BITS, ROUND), BITS, ROUND), BITS, ROUND);
                if n % 2 == 1 && x.abs() < 1e-10 {
                    assert_eq!(x, 0.0, "the middle node of {n}");
                } else {
                    assert!(ulps(&exact, x) <= 1.0, "n = {n}: node {x} is off by {} ulp", ulps(&exact, x));
                }
                assert!(ulps(&weight, w) <= 1.0, "n = {n}: weight {w} is off by {} ulp", ulps(&weight, w));
            }
        }
    }
}
