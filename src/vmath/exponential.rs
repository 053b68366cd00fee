//! exp and the hyperbolic functions, all from one reduction: x = n ln 2 + r, eˣ = 2ⁿ (1 + expm1(r)).

use super::dispatch::Kernel;
use super::{polynomial, polynomial_of_singles, with_sign};

/// Adding and subtracting 1.5 · 2⁵² rounds to the nearest integer, which is then found in the low bits.
pub(super) const ROUND: f64 = 6_755_399_441_055_744.0;
const LOG2_E: f64 = std::f64::consts::LOG2_E;
const LN2_HIGH: f64 = std::f64::consts::LN_2;
const LN2_LOW: f64 = 2.319_046_813_846_299_6e-17;

/// (expm1(r) - r) / r² on |r| ≤ ln 2 / 2: minimax (Remez exchange in 60 digits), relative error of expm1 below 2⁻⁵⁹.
const EXPM1: [f64; 11] = [
    0.5,
    0.16666666666666677,
    0.04166666666666651,
    0.008333333333321695,
    0.0013888888888962316,
    0.0001984126988595745,
    2.4801587172652333e-05,
    2.755724438209296e-06,
    2.755740254630959e-07,
    2.5108976284222533e-08,
    2.0875358666673824e-09,
];

/// (sinh(x) - x) / x³ in x², |x| ≤ 1: minimax, relative error of sinh below 2⁻⁵⁶.
const SINH: [f64; 7] = [
    0.16666666666666669,
    0.008333333333333148,
    0.00019841269841431864,
    2.755731915707385e-06,
    2.5052123136456877e-08,
    1.6057259786775234e-10,
    7.758748312347914e-13,
];

/// The same for single precision: 1.5 · 2²³.
const ROUND_SINGLE: f32 = 12_582_912.0;
/// ln 2 minus its nearest number of single precision.
const LN2_LOW_SINGLE: f32 = -1.904_654_2e-9;

/// (tanh(x) - x) / x³ in x², |x| ≤ 5/8: minimax, relative error of tanh below 2⁻²⁷.
const TANH_SINGLE: [f32; 5] = [-0.333_332_8, 0.133_314_42, -0.053_739_71, 0.020_639_079, -0.005_704_978];

/// (expm1(r) - r) / r² on |r| ≤ ln 2 / 2: minimax, relative error of eʳ below 2⁻²⁸.
const EXPM1_SINGLE: [f32; 5] = [0.499_999_94, 0.166_665_21, 0.041_668_393, 0.008_368_745, 0.001_381_453_6];

/// eˣ in pieces: 2^`exponent` (1 + `excess`), with `excess` = expm1(r).
struct Split {
    /// n, in two's complement.
    exponent: u64,
    excess: f64,
}

impl Split {
    /// Splits a number of magnitude below 2000.
    #[inline(always)]
    fn new(x: f64) -> Self {
        let shifted = x.mul_add(LOG2_E, ROUND);
        let n = shifted - ROUND;
        let r = (-n).mul_add(LN2_LOW, (-n).mul_add(LN2_HIGH, x));
        Self { exponent: shifted.to_bits().wrapping_sub(ROUND.to_bits()), excess: expm1_reduced(r) }
    }

    /// 2ⁿ for |n| ≤ 1022.
    #[inline(always)]
    fn power(&self) -> f64 {
        f64::from_bits(self.exponent.wrapping_add(1023) << 52)
    }

    /// `value` · 2ⁿ for |n| ≤ 2044, rounded once, into the subnormal range and into infinity.
    #[inline(always)]
    fn scale(&self, value: f64) -> f64 {
        scale_by_power(value, self.exponent)
    }
}

/// expm1(r) for |r| ≤ ln 2 / 2.
#[inline(always)]
pub(super) fn expm1_reduced(r: f64) -> f64 {
    (r * r).mul_add(polynomial(r, &EXPM1), r)
}

/// `value` · 2ⁿ for a `value` near 1 and |n| ≤ 2044 (in two's complement), rounded once.
#[inline(always)]
pub(super) fn scale_by_power(value: f64, n: u64) -> f64 {
    let biased = n.wrapping_add(2046);
    let half = biased >> 1;
    value * f64::from_bits(half << 52) * f64::from_bits(biased.wrapping_sub(half) << 52)
}

/// `x` where it is at most `limit`, else `limit`; NaN stays NaN.
#[inline(always)]
pub(super) fn at_most(x: f64, limit: f64) -> f64 {
    if x > limit { limit } else { x }
}

/// eˣ.
pub(super) struct Exp;

impl Kernel for Exp {
    #[inline(always)]
    fn at(x: f64) -> f64 {
        // Beyond these limits the result is 0 or infinity already.
        let clamped = at_most(x, 710.0);
        let split = Split::new(if clamped < -746.0 { -746.0 } else { clamped });
        split.scale(1.0 + split.excess)
    }
}

/// Hyperbolic tangent, from expm1(2|x|).
pub(super) struct Tanh;

impl Kernel for Tanh {
    #[inline(always)]
    fn at(x: f64) -> f64 {
        // tanh 20 is 1 in double precision.
        let split = Split::new(2.0 * at_most(x.abs(), 20.0));
        let power = split.power();
        let expm1 = power.mul_add(split.excess, power - 1.0);
        with_sign(expm1 / (expm1 + 2.0), x)
    }

    /// An odd polynomial below 5/8, and 1 - 2 / (e²ˣ + 1), which halves the error of eˣ there.
    #[inline(always)]
    fn single(x: f32) -> f32 {
        let magnitude = x.abs();
        let square = magnitude * magnitude;
        let small = (magnitude * square).mul_add(polynomial_of_singles(square, &TANH_SINGLE), magnitude);
        // tanh 9.1 is 1 in single precision.
        let large = 1.0 - 2.0 / exp_plus_one(2.0 * if magnitude > 9.1 { 9.1 } else { magnitude });
        let value = if magnitude < 0.625 { small } else { large };
        f32::from_bits(value.to_bits() ^ (x.to_bits() & (1 << 31)))
    }
}

/// eˣ + 1 in single precision, rounded once from the reduced exponential, for 0 ≤ x < 80.
#[inline(always)]
fn exp_plus_one(x: f32) -> f32 {
    let shifted = x.mul_add(std::f32::consts::LOG2_E, ROUND_SINGLE);
    let n = shifted - ROUND_SINGLE;
    let r = (-n).mul_add(LN2_LOW_SINGLE, (-n).mul_add(std::f32::consts::LN_2, x));
    let excess = (r * r).mul_add(polynomial_of_singles(r, &EXPM1_SINGLE), r);
    let power = f32::from_bits(shifted.to_bits().wrapping_sub(ROUND_SINGLE.to_bits()).wrapping_add(127) << 23);
    power.mul_add(excess, power + 1.0)
}

/// Hyperbolic sine: an odd polynomial up to 1, then (eˣ - e⁻ˣ) / 2.
pub(super) struct Sinh;

impl Kernel for Sinh {
    #[inline(always)]
    fn at(x: f64) -> f64 {
        let magnitude = x.abs();
        let square = magnitude * magnitude;
        let small = (magnitude * square).mul_add(polynomial(square, &SINH), magnitude);
        let half = half_exp(magnitude);
        let large = half - 0.25 / half;
        with_sign(if magnitude < 1.0 { small } else { large }, x)
    }
}

/// Hyperbolic cosine, (eˣ + e⁻ˣ) / 2.
pub(super) struct Cosh;

impl Kernel for Cosh {
    #[inline(always)]
    fn at(x: f64) -> f64 {
        let half = half_exp(x.abs());
        half + 0.25 / half
    }
}

/// Hyperbolic secant, 2 e⁻ˣ / (1 + e⁻²ˣ).
pub(super) struct Sech;

impl Kernel for Sech {
    #[inline(always)]
    fn at(x: f64) -> f64 {
        let split = Split::new(-at_most(x.abs(), 747.0));
        let significand = 1.0 + split.excess;
        let power = split.scale(significand);
        // The power of two comes last, so that subnormal results are rounded once.
        split.scale(2.0 * significand / power.mul_add(power, 1.0))
    }
}

/// eˣ / 2 for x ≥ 0, which reaches further than eˣ.
#[inline(always)]
fn half_exp(x: f64) -> f64 {
    let split = Split::new(at_most(x, 712.0));
    split.scale(0.5 * (1.0 + split.excess))
}
