//! sin, cos and tan: x = q π/2 + r, then polynomials in r; the quadrant q chooses and signs them.

use super::dispatch::Kernel;
use super::exponential::ROUND;
use super::{polynomial, two_sum, with_sign};

/// Up to here three parts of π/2 reduce an argument to full relative accuracy; beyond, [`reduce_far`] does.
const NEAR_LIMIT: f64 = 1_073_741_824.0;
/// π/2 in three doubles.
const FRAC_PI_2: [f64; 3] = [std::f64::consts::FRAC_PI_2, 6.123_233_995_736_766e-17, -1.497_384_904_859_169_8e-33];

/// (sin(r) - r) / r³ in r², |r| ≤ π/4: minimax, relative error of sin below 2⁻⁵⁷.
const SIN: [f64; 7] = [
    -0.16666666666666666,
    0.008333333333333323,
    -0.00019841269841254784,
    2.755731921405722e-06,
    -2.5052104879834426e-08,
    1.605836290407657e-10,
    -7.578527167325396e-13,
];

/// (cos(r) - 1 + r²/2) / r⁴ in r², |r| ≤ π/4: minimax, relative error of cos below 2⁻⁵⁹.
const COS: [f64; 6] = [
    0.041666666666666595,
    -0.001388888888887304,
    2.480158728884182e-05,
    -2.7557314176355344e-07,
    2.0875700431483816e-09,
    -1.1358514750884493e-11,
];

/// |x| = `quadrant` π/2 + `r` + `r_low`, the quadrant modulo 4 in its last two bits.
struct Reduced {
    quadrant: u64,
    r: f64,
    r_low: f64,
}

/// Reduces 0 ≤ x ≤ [`NEAR_LIMIT`] (Cody and Waite; the first step is exact, since every product is fused).
#[inline(always)]
fn reduce_near(x: f64) -> Reduced {
    let shifted = x.mul_add(std::f64::consts::FRAC_2_PI, ROUND);
    let n = shifted - ROUND;
    let first = (-n).mul_add(FRAC_PI_2[0], x);
    let product = n * FRAC_PI_2[1];
    let product_low = n.mul_add(FRAC_PI_2[1], -product);
    let (r, r_low) = two_sum(first, -product);
    let low = (-n).mul_add(FRAC_PI_2[2], r_low - product_low);
    let sum = r + low;
    Reduced { quadrant: shifted.to_bits(), r: sum, r_low: (r - sum) + low }
}

/// sin(r) and what rounding took from it.
#[inline(always)]
fn sin_parts(r: f64, r_low: f64) -> (f64, f64) {
    let square = r * r;
    let rest = (r * square).mul_add(polynomial(square, &SIN), r_low * (-0.5f64).mul_add(square, 1.0));
    let sum = r + rest;
    (sum, (r - sum) + rest)
}

/// cos(r) and what rounding took from it.
#[inline(always)]
fn cos_parts(r: f64, r_low: f64) -> (f64, f64) {
    let square = r * r;
    let half = 0.5 * square;
    let top = 1.0 - half;
    let lost = (1.0 - top) - half - 0.5 * r.mul_add(r, -square);
    let rest = (square * square).mul_add(polynomial(square, &COS), (-r).mul_add(r_low, lost));
    let sum = top + rest;
    (sum, (top - sum) + rest)
}

/// What one of the three functions does after the reduction.
trait Finish {
    /// The value for the reduced |x|; `x` gives the sign.
    fn finish(reduced: Reduced, x: f64) -> f64;
}

/// Both reductions in a block loop: a chunk without far arguments (the rule) is vector code, any other goes one by one.
#[inline(always)]
fn block_of<F: Finish>(values: &mut [f64]) {
    for chunk in values.chunks_mut(128) {
        let far = chunk.iter().fold(false, |far, x| far | (x.abs() > NEAR_LIMIT));
        if far {
            for value in chunk {
                *value = one_of::<F>(*value);
            }
        } else {
            for value in chunk {
                *value = F::finish(reduce_near(value.abs()), *value);
            }
        }
    }
}

#[inline(always)]
fn one_of<F: Finish>(x: f64) -> f64 {
    let magnitude = x.abs();
    F::finish(if magnitude > NEAR_LIMIT { reduce_far(magnitude) } else { reduce_near(magnitude) }, x)
}

macro_rules! kernel {
    ($($name:ident),*) => { $(
        impl Kernel for $name {
            #[inline(always)]
            fn at(x: f64) -> f64 {
                one_of::<Self>(x)
            }

            #[inline(always)]
            fn block(values: &mut [f64]) {
                block_of::<Self>(values);
            }
        }
    )* };
}
kernel!(Sin, Cos, Tan);

/// Sine.
pub(super) struct Sin;

impl Finish for Sin {
    #[inline(always)]
    fn finish(Reduced { quadrant, r, r_low }: Reduced, x: f64) -> f64 {
        with_sign(quarter_wave(quadrant, r, r_low), x)
    }
}

/// Cosine.
pub(super) struct Cos;

impl Finish for Cos {
    #[inline(always)]
    fn finish(Reduced { quadrant, r, r_low }: Reduced, _: f64) -> f64 {
        quarter_wave(quadrant.wrapping_add(1), r, r_low)
    }
}

/// sin(`quadrant` π/2 + r).
#[inline(always)]
fn quarter_wave(quadrant: u64, r: f64, r_low: f64) -> f64 {
    let square = r * r;
    let sin = r + (r * square).mul_add(polynomial(square, &SIN), r_low);
    let half = 0.5 * square;
    let top = 1.0 - half;
    let rest = (square * square).mul_add(polynomial(square, &COS), (-r).mul_add(r_low, (1.0 - top) - half));
    let value = if quadrant & 1 == 0 { sin } else { top + rest };
    f64::from_bits(value.to_bits() ^ ((quadrant & 2) << 62))
}

/// Tangent: the quotient of sine and cosine, each with what rounding took from it.
pub(super) struct Tan;

impl Finish for Tan {
    #[inline(always)]
    fn finish(Reduced { quadrant, r, r_low }: Reduced, x: f64) -> f64 {
        let (sin, cos) = (sin_parts(r, r_low), cos_parts(r, r_low));
        let even = quadrant & 1 == 0;
        let (top, top_low) = if even { sin } else { (-cos.0, -cos.1) };
        let (bottom, bottom_low) = if even { cos } else { sin };
        let quotient = top / bottom;
        let remainder = (-quotient).mul_add(bottom, top) + (-quotient).mul_add(bottom_low, top_low);
        let value = quotient + remainder / bottom;
        f64::from_bits(value.to_bits() ^ (x.to_bits() & (1 << 63)))
    }
}

/// The bits of 2/π behind the point, after 64 zeros (which stand for the bits before it).
const TWO_OVER_PI: [u64; 21] = [
    0,
    0xa2f9836e4e441529,
    0xfc2757d1f534ddc0,
    0xdb6295993c439041,
    0xfe5163abdebbc561,
    0xb7246e3a424dd2e0,
    0x06492eea09d1921c,
    0xfe1deb1cb129a73e,
    0xe88235f52ebb4484,
    0xe99c7026b45f7e41,
    0x3991d639835339f4,
    0x9c845f8bbdf9283b,
    0x1ff897ffde05980f,
    0xef2f118b5a0a6d1f,
    0x6d367ecf27cb09b7,
    0x4f463f669e5fea2d,
    0x7527bac7ebe5f17b,
    0x3d0739f78a5292ea,
    0x6bfb5fb11f8d5d08,
    0x56033046fc7b6bab,
    0xf0cfbc209af4361d,
];

/// Reduces x ≥ 2³⁰ (Payne and Hanek): the bits of x · 2/π from weight 2 down to 2⁻¹⁹⁰, in integers.
#[cold]
#[inline(never)]
fn reduce_far(x: f64) -> Reduced {
    if !x.is_finite() {
        return Reduced { quadrant: 0, r: f64::NAN, r_low: 0.0 };
    }
    let bits = x.to_bits();
    let significand = (bits & 0x000f_ffff_ffff_ffff) | (1 << 52);
    // x = significand · 2^exponent; bits of 2/π of weight 2^(2 - exponent) and above give multiples of 4.
    let exponent = (bits >> 52) as i64 - 1075;
    let first = (exponent - 2 + 64) as usize;
    let window = [window_at(first), window_at(first + 64), window_at(first + 128)];
    let product = multiply_low(window, significand);
    let quadrant = product[0] >> 62;
    // Two bits went to the quadrant; the remaining fraction is taken to [-1/2, 1/2).
    let fraction = ((u128::from(product[0]) << 64 | u128::from(product[1])) << 2) | u128::from(product[2] >> 62);
    let tail = product[2] << 2;
    let above_half = fraction >> 127 == 1;
    let (magnitude, sign) =
        if above_half { (if tail == 0 { fraction.wrapping_neg() } else { !fraction }, -1.0) } else { (fraction, 1.0) };
    scaled_fraction(magnitude, sign, quadrant + u64::from(above_half))
}

/// The 64 bits of [`TWO_OVER_PI`] that start at a bit.
fn window_at(bit: usize) -> u64 {
    let (word, shift) = (bit / 64, bit % 64);
    // Every exponent has its words; code without any panic can stand in a kernel of its own.
    let at = |word: usize| u128::from(TWO_OVER_PI.get(word).copied().unwrap_or(0));
    let pair = at(word) << 64 | at(word + 1);
    (pair << shift >> 64) as u64
}

/// The low 192 bits of a product; the most significant word comes first.
fn multiply_low(words: [u64; 3], factor: u64) -> [u64; 3] {
    let factor = u128::from(factor);
    let low = u128::from(words[2]) * factor;
    let middle = u128::from(words[1]) * factor + (low >> 64);
    let high = u128::from(words[0]) * factor + (middle >> 64);
    [high as u64, middle as u64, low as u64]
}

/// `sign` · `magnitude` · 2⁻¹²⁸ · π/2 in two parts.
fn scaled_fraction(magnitude: u128, sign: f64, quadrant: u64) -> Reduced {
    const TWO_TO_MINUS_128: f64 = f64::from_bits((1023 - 128) << 52);
    // The leading 53 bits, truncated, then the next 53: both conversions are exact.
    let shift = magnitude.leading_zeros();
    let normal = if magnitude == 0 { 0 } else { magnitude << shift };
    let scale = sign * TWO_TO_MINUS_128 * f64::from_bits((1023 - u64::from(shift)) << 52);
    const TWO_TO_75: f64 = f64::from_bits((1023 + 75) << 52);
    let high = ((normal >> 75) as u64) as f64 * TWO_TO_75 * scale;
    let low = (((normal >> 22) as u64) & ((1 << 53) - 1)) as f64 * 4_194_304.0 * scale;
    let r = high * FRAC_PI_2[0];
    let r_low = high.mul_add(FRAC_PI_2[0], -r) + high.mul_add(FRAC_PI_2[1], low * FRAC_PI_2[0]);
    let sum = r + r_low;
    Reduced { quadrant, r: sum, r_low: (r - sum) + r_low }
}
