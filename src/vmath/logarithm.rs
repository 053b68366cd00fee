//! log, and pow by a logarithm of twice the precision.

use super::dispatch::{Kernel, Kernel2};
use super::exponential::{ROUND, expm1_reduced, scale_by_power};
use super::{polynomial, two_sum};

/// (2 atanh(s) - 2s) / s³ in s², |s| ≤ (√2 - 1) / (√2 + 1): minimax, relative error of log below 2⁻⁶¹.
const ATANH: [f64; 8] = [
    0.6666666666666666,
    0.4000000000000625,
    0.28571428569086066,
    0.22222222646766926,
    0.181817756680105,
    0.1538709064423934,
    0.13250120763696924,
    0.13251304586067433,
];

/// (2 atanh(s) / s - 2 - 2s²/3) / s⁴ in s²: as above, with the cubic term left to double-double arithmetic.
const ATANH_FROM_FIFTH: [f64; 8] = [
    0.3999999999999998,
    0.2857142857144511,
    0.22222222217536933,
    0.18181818870262167,
    0.1538455687425627,
    0.1333631730505525,
    0.11674820613158304,
    0.11988997160246356,
];

const TWO_THIRDS_HIGH: f64 = 0.666_666_666_666_666_6;
const TWO_THIRDS_LOW: f64 = 3.700_743_415_417_188e-17;
/// ln 2 to 42 bits, so that its product with an exponent is exact, and the rest.
const LN2_HIGH: f64 = 0.693_147_180_559_890_3;
const LN2_LOW: f64 = 5.497923018708371e-14;
const LN2: f64 = std::f64::consts::LN_2;
const LN2_REST: f64 = 2.319_046_813_846_299_6e-17;

/// x = 2^`exponent` · `significand` with the significand in [√½, √2).
struct Binary {
    exponent: f64,
    significand: f64,
}

impl Binary {
    /// Takes a positive finite number apart, subnormal or not.
    #[inline(always)]
    fn new(x: f64) -> Self {
        const SQRT_HALF: u64 = 0x3fe6_a09e_667f_3bcd;
        const ONE: u64 = 0x3ff0_0000_0000_0000;
        const TWO_TO_52: u64 = 0x4330_0000_0000_0000;
        let subnormal = x < f64::MIN_POSITIVE;
        let scaled = if subnormal { x * 18_014_398_509_481_984.0 } else { x };
        let bits = scaled.to_bits().wrapping_add(ONE - SQRT_HALF);
        let biased = f64::from_bits(TWO_TO_52 | (bits >> 52)) - 4_503_599_627_370_496.0;
        let bias = if subnormal { 1023.0 + 54.0 } else { 1023.0 };
        let significand = f64::from_bits((bits & 0x000f_ffff_ffff_ffff).wrapping_add(SQRT_HALF));
        Self { exponent: biased - bias, significand }
    }
}

/// Natural logarithm: with f = m - 1 and s = f / (2 + f), log m = f - f²/2 + s (f²/2 + R(s²)).
pub(super) struct Log;

impl Kernel for Log {
    #[inline(always)]
    fn at(x: f64) -> f64 {
        let Binary { exponent, significand } = Binary::new(x);
        let f = significand - 1.0;
        let s = f / (2.0 + f);
        let square = s * s;
        let half_square = 0.5 * f * f;
        let tail = s.mul_add(square.mul_add(polynomial(square, &ATANH), half_square), exponent * LN2_LOW);
        let finite = exponent.mul_add(LN2_HIGH, f - (half_square - tail));
        let positive = if x < f64::INFINITY { finite } else { x };
        let nonnegative = if x == 0.0 { f64::NEG_INFINITY } else { positive };
        if x < 0.0 { f64::NAN } else { nonnegative }
    }
}

/// x to the power y, as the C standard has it (annex F): exp(y log |x|) with some 64 bits in the logarithm.
pub(super) struct Pow;

impl Kernel2 for Pow {
    #[inline(always)]
    fn at(x: f64, y: f64) -> f64 {
        let magnitude = exp_of_product(log_double(x.abs()), y);
        let signed = apply_base_sign(x, y, magnitude);
        special_pow(x, y, signed)
    }
}

/// log x for positive finite x as an unevaluated sum, relative error about 2⁻⁶⁴.
#[inline(always)]
fn log_double(x: f64) -> (f64, f64) {
    let Binary { exponent, significand } = Binary::new(x);
    // s = (m - 1) / (m + 1), with the remainder of the division.
    let numerator = significand - 1.0;
    let (denominator, denominator_low) = two_sum(significand, 1.0);
    let s = numerator / denominator;
    let s_low = ((-s).mul_add(denominator, numerator) - s * denominator_low) / denominator;
    // 2s + s³ (2/3 + s² P(s²)): the first two terms in double-double.
    let square = s * s;
    let square_low = s.mul_add(s, -square) + 2.0 * s * s_low;
    let (c, c_low) = two_sum(TWO_THIRDS_HIGH, square * polynomial(square, &ATANH_FROM_FIFTH));
    let c_low = c_low + TWO_THIRDS_LOW;
    let q = square * c;
    let q_low = square.mul_add(c, -q) + square.mul_add(c_low, square_low * c);
    let cubic = s * q;
    let cubic_low = s.mul_add(q, -cubic) + s.mul_add(q_low, s_low * q);
    let (mantissa, mantissa_low) = two_sum(2.0 * s, cubic);
    let mantissa_low = mantissa_low + (2.0 * s_low + cubic_low);
    let (high, low) = two_sum(exponent * LN2_HIGH, mantissa);
    let low = low + exponent.mul_add(LN2_LOW, mantissa_low);
    // LN2_HIGH + LN2_LOW carries 95 bits: nothing more to add.
    let sum = high + low;
    (sum, (high - sum) + low)
}

/// exp(y · log) for a logarithm in two parts.
#[inline(always)]
fn exp_of_product((log, log_low): (f64, f64), y: f64) -> f64 {
    let product = y * log;
    let inside = product.abs() < 800.0;
    let clamped = if product > 0.0 { 800.0 } else { -800.0 };
    let high = if inside { product } else { clamped };
    let low = if inside { y.mul_add(log, -product) + y * log_low } else { 0.0 };
    let shifted = high.mul_add(std::f64::consts::LOG2_E, ROUND);
    let n = shifted - ROUND;
    let r = (-n).mul_add(LN2_REST, (-n).mul_add(LN2, high)) + low;
    scale_by_power(1.0 + expm1_reduced(r), shifted.to_bits().wrapping_sub(ROUND.to_bits()))
}

/// The sign of a negative base raised to an integer, NaN for other exponents.
#[inline(always)]
fn apply_base_sign(x: f64, y: f64, magnitude: f64) -> f64 {
    let parity = Parity::of(y);
    let of_negative = if parity.odd { -magnitude } else { magnitude };
    let of_negative = if parity.integer { of_negative } else { f64::NAN };
    if x < 0.0 { of_negative } else { magnitude }
}

/// Zeros, infinities, NaN, and the two cases that are 1 whatever the other argument is.
#[inline(always)]
fn special_pow(x: f64, y: f64, ordinary: f64) -> f64 {
    let parity = Parity::of(y);
    let negative_odd = x.is_sign_negative() & parity.odd;
    let base = x.abs();
    // |x| is 0 or infinite: the result is 0 or infinite too.
    let vanishes = (base == 0.0) == (y > 0.0);
    let extreme = if vanishes { 0.0 } else { f64::INFINITY };
    let extreme = if negative_odd { -extreme } else { extreme };
    let result = if (base == 0.0) | (base == f64::INFINITY) { extreme } else { ordinary };
    // y is infinite: by whether |x| is above or below 1.
    let grows = (base > 1.0) == (y > 0.0);
    let at_infinity = if grows { f64::INFINITY } else { 0.0 };
    let at_infinity = if base == 1.0 { 1.0 } else { at_infinity };
    let result = if y.abs() == f64::INFINITY { at_infinity } else { result };
    let result = if x.is_nan() | y.is_nan() { f64::NAN } else { result };
    if (y == 0.0) | (x == 1.0) { 1.0 } else { result }
}

/// Whether a number is an integer, and an odd one.
struct Parity {
    integer: bool,
    odd: bool,
}

impl Parity {
    #[inline(always)]
    fn of(y: f64) -> Self {
        const TWO_TO_52: f64 = 4_503_599_627_370_496.0;
        let magnitude = y.abs();
        let shifted = magnitude + TWO_TO_52;
        let small = magnitude < TWO_TO_52;
        let integer = !small | (shifted - TWO_TO_52 == magnitude);
        // From 2⁵² to 2⁵³ the last bit of the number itself counts ones; beyond, every number is even.
        let last_bit = if small { shifted.to_bits() } else { magnitude.to_bits() } & 1;
        Self { integer, odd: integer & (last_bit == 1) & (magnitude < 2.0 * TWO_TO_52) }
    }
}
