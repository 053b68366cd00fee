//! A fused multiply-add of ordinary operations, for machines that have no instruction for it.

/// Exponents within which no product or sum of the short way leaves the range of normal numbers.
const NEAR: std::ops::RangeInclusive<u64> = 1023 - 300..=1023 + 300;

/// `a·b + c`, rounded once to nearest, ties to even.
///
/// The short way is that of Boldo and Melquiond (Emulation of a FMA and correctly rounded sums, 2008): the error of the
/// product is exact, the small parts are summed with rounding to odd. The long way is in integers.
#[inline(never)]
pub fn fused_in_software(a: f64, b: f64, c: f64) -> f64 {
    let exponent = |x: f64| (x.to_bits() >> 52) & 0x7ff;
    if NEAR.contains(&exponent(a)) && NEAR.contains(&exponent(b)) && NEAR.contains(&exponent(c)) {
        let (high, low) = two_product(a, b);
        let (sum_high, sum_low) = super::two_sum(c, low);
        let (value, rest) = super::two_sum(high, sum_high);
        value + odd_sum(sum_low, rest)
    } else {
        in_integers(a, b, c)
    }
}

/// `a·b + c` in single precision, rounded once to nearest, ties to even.
///
/// The product is exact in double precision. A sum that is rounded to odd has enough digits more than single precision to be
/// rounded again (Boldo and Melquiond, theorem 2).
#[inline(never)]
pub fn fused_single_in_software(a: f32, b: f32, c: f32) -> f32 {
    let (product, c) = (f64::from(a) * f64::from(b), f64::from(c));
    let sum = product + c;
    // Sums of infinities have no rest.
    if sum.is_finite() { odd_sum(product, c) as f32 } else { sum as f32 }
}

/// a·b as a rounded product and the exact rest (Dekker and Veltkamp).
#[inline(always)]
fn two_product(a: f64, b: f64) -> (f64, f64) {
    let split = |x: f64| {
        let scaled = 134_217_729.0 * x;
        let high = scaled - (scaled - x);
        (high, x - high)
    };
    let ((ah, al), (bh, bl)) = (split(a), split(b));
    let product = a * b;
    (product, ((ah * bh - product) + ah * bl + al * bh) + al * bl)
}

/// a + b, rounded to the neighbour whose last bit is 1 where it is not exact.
#[inline(always)]
fn odd_sum(a: f64, b: f64) -> f64 {
    let (sum, rest) = super::two_sum(a, b);
    let bits = sum.to_bits();
    if rest == 0.0 || bits & 1 == 1 {
        return sum;
    }
    // Toward the rest: away from zero where both have one sign.
    let outward = (rest < 0.0) == (sum < 0.0);
    f64::from_bits(if outward { bits + 1 } else { bits.wrapping_sub(1) })
}

/// A number as a sign, an integer and a power of two; zero has the integer 0.
fn parts(x: f64) -> (bool, u64, i32) {
    let bits = x.to_bits();
    let (exponent, fraction) = (((bits >> 52) & 0x7ff) as i32, bits & ((1 << 52) - 1));
    let negative = bits >> 63 == 1;
    if exponent == 0 { (negative, fraction, -1074) } else { (negative, fraction | 1 << 52, exponent - 1075) }
}

#[cold]
fn in_integers(a: f64, b: f64, c: f64) -> f64 {
    let special = !(a.is_finite() && b.is_finite() && c.is_finite());
    // Where one is zero, infinite or no number, nothing is rounded twice.
    if special || a == 0.0 || b == 0.0 {
        return if c.is_infinite() && a.is_finite() && b.is_finite() { c } else { a * b + c };
    }
    let ((sa, ma, ea), (sb, mb, eb), (sc, mc, ec)) = (parts(a), parts(b), parts(c));
    let (negative, product, exponent) = (sa != sb, u128::from(ma) * u128::from(mb), ea + eb);
    if mc == 0 {
        return rounded(negative, product, exponent, false);
    }
    // Both at the top of 126 bits; what is shifted out below only says that something is there.
    let raise = |m: u128, e: i32| {
        let shift = m.leading_zeros() as i32 - 2;
        (m << shift, e - shift)
    };
    let ((mut p, mut pe), (mut q, mut qe)) = (raise(product, exponent), raise(mc.into(), ec));
    let (mut ps, mut qs) = (negative, sc);
    if (pe, p) < (qe, q) {
        ((p, pe, ps), (q, qe, qs)) = ((q, qe, qs), (p, pe, ps));
    }
    let shift = (pe - qe) as u32;
    let (moved, lost) = if shift > 127 { (0, true) } else { (q >> shift, q & ((1u128 << shift) - 1) != 0) };
    if ps == qs {
        return rounded(ps, p + moved, pe, lost);
    }
    // p - (moved + something below one): one less, and something is left.
    let difference = p - moved - u128::from(lost);
    if difference == 0 && !lost {
        return 0.0;
    }
    rounded(ps, difference, pe, lost)
}

/// `m`·2^`exponent`, with something below its last bit if `more`, rounded to nearest, ties to even.
fn rounded(negative: bool, m: u128, exponent: i32, more: bool) -> f64 {
    let sign = u64::from(negative) << 63;
    if m == 0 {
        return f64::from_bits(sign);
    }
    let top = 127 - m.leading_zeros() as i32;
    // The place of the last bit that is kept: 53 bits, or down to the smallest subnormal.
    let drop = (top - 52).max(-1074 - exponent);
    let (kept, rest_is) = if drop <= 0 {
        ((m as u64) << (-drop).min(63), 0)
    } else if drop > 127 {
        (0, 1)
    } else {
        let rest = m & ((1u128 << drop) - 1);
        let half = 1u128 << (drop - 1);
        (
            (m >> drop) as u64,
            if rest > half || rest == half && more {
                3
            } else if rest == half {
                2
            } else {
                1
            },
        )
    };
    let up = rest_is == 3 || rest_is == 2 && kept & 1 == 1;
    let kept = kept + u64::from(up);
    let place = exponent + drop;
    // The fraction carries into the exponent by itself.
    let biased = if kept >> 52 == 0 { 0 } else { (place + 1074) as u64 };
    let bits = (biased << 52) + kept;
    let infinite = place + 1074 >= 2046 || bits >> 52 >= 0x7ff;
    f64::from_bits(sign | if infinite { 0x7ff << 52 } else { bits })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bits_of_the_instruction() {
        let mut state = 0x9e37_79b9_7f4a_7c15u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state ^ state >> 29
        };
        let special =
            [0.0, -0.0, 1.0, -1.5, f64::MAX, f64::MIN_POSITIVE, 5e-324, f64::INFINITY, f64::NAN, 1e-310, 1e308];
        for i in 0..2_000_000u64 {
            let mut of = |kind: u64| match kind % 4 {
                0 => f64::from_bits(next()),
                1 => special[(next() % special.len() as u64) as usize],
                // Near one another, so that sums cancel.
                _ => f64::from_bits((next() & 0x800f_ffff_ffff_ffff) | (1000 + next() % 40) << 52),
            };
            let (a, b) = (of(i), of(i >> 2));
            let c = if i % 3 == 0 { -(a * b) * (1.0 + f64::EPSILON * ((i % 7) as f64 - 3.0)) } else { of(i >> 4) };
            let (found, expected) = (fused_in_software(a, b, c), a.mul_add(b, c));
            assert!(
                found.to_bits() == expected.to_bits() || found.is_nan() && expected.is_nan(),
                "{a:e}·{b:e} + {c:e}: {found:e} is not {expected:e}"
            );
        }
    }
}
