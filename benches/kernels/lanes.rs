//! Registers of AVX-512 with operators: what kernels by hand are written in.

use std::arch::x86_64::{
    __m512d, _MM_MANT_NORM_P75_1P5, _MM_MANT_SIGN_SRC, _mm512_add_epi64, _mm512_add_pd, _mm512_castpd_si512,
    _mm512_castsi512_pd, _mm512_div_pd, _mm512_fmadd_pd, _mm512_fnmadd_pd, _mm512_getexp_pd, _mm512_getmant_pd,
    _mm512_loadu_epi64, _mm512_loadu_pd, _mm512_max_pd, _mm512_min_pd, _mm512_mul_pd, _mm512_permutexvar_epi64,
    _mm512_permutexvar_pd, _mm512_reduce_add_pd, _mm512_set1_pd, _mm512_slli_epi64, _mm512_sqrt_pd, _mm512_storeu_pd,
    _mm512_sub_pd, _mm512_xor_si512,
};
use std::array::from_fn;
use std::f64::consts::{LN_2, PI};
use std::ops::{Add, Div, Mul, Sub};

/// Numbers of a register.
pub const LANES: usize = 8;

/// N registers that go through formulas side by side, so that one does not wait for its own results.
///
/// Every function is part of the function that uses it, which must have the features of [`is_available`]: values are made by
/// `unsafe` functions only, whose callers vouch for that.
#[derive(Clone, Copy)]
pub struct Lanes<const N: usize>([__m512d; N]);

/// Whether this machine has AVX-512 and fused multiply-adds.
pub fn is_available() -> bool {
    pdec::vmath::Path::Avx512.is_available()
}

/// A function of registers, one by one.
macro_rules! lanewise {
    ($function:expr; $($operand:expr),+) => {
        // SAFETY: operands exist, so that the machine has AVX-512.
        Lanes(from_fn(|v| unsafe { $function($($operand.0[v]),+) }))
    };
}

macro_rules! operators {
    ($($operator:ident $method:ident $code:ident;)*) => { $(
        impl<const N: usize> $operator for Lanes<N> {
            type Output = Self;

            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                lanewise!($code; self, other)
            }
        }
    )* };
}

operators! {
    Add add _mm512_add_pd;
    Sub sub _mm512_sub_pd;
    Mul mul _mm512_mul_pd;
    Div div _mm512_div_pd;
}

impl<const N: usize> Lanes<N> {
    /// The same number everywhere.
    ///
    /// # Safety
    /// The machine has AVX-512.
    #[inline(always)]
    pub unsafe fn all(x: f64) -> Self {
        // SAFETY: the caller's promise.
        Self([unsafe { _mm512_set1_pd(x) }; N])
    }

    /// One number a register.
    ///
    /// # Safety
    /// The machine has AVX-512.
    #[inline(always)]
    pub unsafe fn each(x: impl Fn(usize) -> f64) -> Self {
        // SAFETY: the caller's promise.
        Self(from_fn(|v| unsafe { _mm512_set1_pd(x(v)) }))
    }

    /// The numbers of a register from an address, the same in all registers.
    ///
    /// # Safety
    /// The machine has AVX-512, and eight numbers can be read.
    #[inline(always)]
    pub unsafe fn repeat(from: *const f64) -> Self {
        // SAFETY: the caller's promise.
        Self([unsafe { _mm512_loadu_pd(from) }; N])
    }

    /// The numbers from an address.
    ///
    /// # Safety
    /// The machine has AVX-512, and 8N numbers can be read.
    #[inline(always)]
    pub unsafe fn load(from: *const f64) -> Self {
        // SAFETY: the caller's promise.
        Self(from_fn(|v| unsafe { _mm512_loadu_pd(from.add(v * LANES)) }))
    }

    /// Stores register v at `to(v)`.
    ///
    /// # Safety
    /// Eight numbers can be written at each address.
    #[inline(always)]
    pub unsafe fn store(self, to: impl Fn(usize) -> *mut f64) {
        // SAFETY: the caller's promise, and the machine has AVX-512.
        self.0.into_iter().enumerate().for_each(|(v, x)| unsafe { _mm512_storeu_pd(to(v), x) });
    }

    /// This number everywhere.
    #[inline(always)]
    pub fn number(self, x: f64) -> Self {
        // SAFETY: `self` exists, so that the machine has AVX-512.
        unsafe { Self::all(x) }
    }

    /// `self * a + b`
    #[inline(always)]
    pub fn times_plus(self, a: Self, b: Self) -> Self {
        lanewise!(_mm512_fmadd_pd; self, a, b)
    }

    /// `b - self * a`
    #[inline(always)]
    pub fn times_from(self, a: Self, b: Self) -> Self {
        lanewise!(_mm512_fnmadd_pd; self, a, b)
    }

    /// The square root.
    #[inline(always)]
    pub fn sqrt(self) -> Self {
        lanewise!(_mm512_sqrt_pd; self)
    }

    /// The sums of the registers.
    #[inline(always)]
    pub fn sums(self) -> [f64; N] {
        // SAFETY: `self` exists, so that the machine has AVX-512.
        self.0.map(|x| unsafe { _mm512_reduce_add_pd(x) })
    }

    /// sin(πx), for |x| below 2⁵¹: the sine of the distance to the nearest whole number, which is odd or even.
    #[inline(always)]
    pub fn sine_of_turn(self) -> Self {
        let shifted = self + self.number(WHOLE);
        let r = self - (shifted - self.number(WHOLE));
        let sine = r * (r * r).polynomial(&SINE);
        lanewise!(turned; sine, shifted)
    }

    /// log x of x > 0: x = 2ᵏ m with m in [3/4, 3/2), and log m = 2 artanh s with s = (m - 1) / (m + 1).
    #[inline(always)]
    pub fn logarithm(self) -> Self {
        let m: Self = lanewise!(mantissa; self);
        let k: Self = lanewise!(exponent; self, m);
        let one = self.number(1.0);
        let s = (m - one) / (m + one);
        let z = s * s;
        let tail = (s * z).times_plus(z.polynomial(&LOGARITHM), k * self.number(LN2_LOW));
        k.times_plus(self.number(LN_2), s.times_plus(self.number(2.0), tail))
    }

    /// Horner's rule, the lowest coefficient first.
    #[inline(always)]
    fn polynomial<const D: usize>(self, coefficients: &[f64; D]) -> Self {
        let mut sum = self.number(coefficients[D - 1]);
        for coefficient in coefficients[..D - 1].iter().rev() {
            sum = sum.times_plus(self, self.number(*coefficient));
        }
        sum
    }

    /// tanh(z) of z times 2 log₂ e: (2ᶻ - 1) / (2ᶻ + 1), where 2ᶻ is 2^(i/8), from a table, times 2ᶠ.
    #[inline(always)]
    pub fn tanh_of_scaled(self) -> Self {
        let below: Self = lanewise!(_mm512_min_pd; self, self.number(LARGEST));
        let z: Self = lanewise!(_mm512_max_pd; below, self.number(-LARGEST));
        let shifted = z + self.number(ROUND);
        let f = z - (shifted - self.number(ROUND));
        let power: Self = lanewise!(power; shifted);
        let excess = f.polynomial(&EXP2M1).times_plus(f, lanewise!(rest; shifted));
        let expm1 = power.times_plus(excess, power - self.number(1.0));
        expm1 / (expm1 + self.number(2.0))
    }
}

/// 2^(i/8) of the number of eighths in the low bits.
///
/// # Safety
/// The machine has AVX-512.
#[inline(always)]
unsafe fn power(eighths: __m512d) -> __m512d {
    // SAFETY: the caller's promise; the table has eight numbers.
    unsafe {
        let (i, table) = (_mm512_castpd_si512(eighths), _mm512_loadu_epi64(POWERS.as_ptr().cast()));
        _mm512_castsi512_pd(_mm512_add_epi64(_mm512_slli_epi64::<49>(i), _mm512_permutexvar_epi64(i, table)))
    }
}

/// What is missing to it.
///
/// # Safety
/// The machine has AVX-512.
#[inline(always)]
unsafe fn rest(eighths: __m512d) -> __m512d {
    // SAFETY: the caller's promise; the table has eight numbers.
    unsafe { _mm512_permutexvar_pd(_mm512_castpd_si512(eighths), _mm512_loadu_pd(RESTS.as_ptr())) }
}

/// The number with its sign turned where the whole number in the low bits is odd.
///
/// # Safety
/// The machine has AVX-512.
#[inline(always)]
unsafe fn turned(x: __m512d, whole: __m512d) -> __m512d {
    // SAFETY: the caller's promise.
    unsafe {
        let sign = _mm512_slli_epi64::<63>(_mm512_castpd_si512(whole));
        _mm512_castsi512_pd(_mm512_xor_si512(_mm512_castpd_si512(x), sign))
    }
}

/// m in [3/4, 3/2) such that x is a power of two times m.
///
/// # Safety
/// The machine has AVX-512.
#[inline(always)]
unsafe fn mantissa(x: __m512d) -> __m512d {
    // SAFETY: the caller's promise.
    unsafe { _mm512_getmant_pd::<_MM_MANT_NORM_P75_1P5, _MM_MANT_SIGN_SRC>(x) }
}

/// Which power of two that is.
///
/// # Safety
/// The machine has AVX-512.
#[inline(always)]
unsafe fn exponent(x: __m512d, mantissa: __m512d) -> __m512d {
    // SAFETY: the caller's promise.
    unsafe { _mm512_sub_pd(_mm512_getexp_pd(x), _mm512_getexp_pd(mantissa)) }
}

/// Rounds to a whole number where it is added, with that number in the low bits.
const WHOLE: f64 = 8.0 * ROUND;

/// sin(πr) / r in r², |r| ≤ 1/2: minimax, relative error 2⁻⁵³.
const SINE: [f64; 8] = [
    PI,
    -5.167_712_780_049_753,
    2.550_164_039_859_776_5,
    -0.599_264_528_775_71,
    0.082_145_878_256_554_78,
    -0.007_370_361_071_691_905,
    0.000_465_977_617_039_539_65,
    -2.112_295_299_219_442_8e-5,
];

/// (2 artanh(s) - 2s) / s³ in s², |s| ≤ 1/5: minimax, relative error of the logarithm 2⁻⁵⁴.
const LOGARITHM: [f64; 7] = [
    0.666_666_666_666_669_4,
    0.399_999_999_993_325_64,
    0.285_714_288_369_185_4,
    0.222_221_826_836_058,
    0.181_846_147_291_810_37,
    0.152_836_042_596_117_05,
    0.151_193_149_761_032_6,
];

/// ln 2 beyond its double.
const LN2_LOW: f64 = 2.319_046_813_846_299_6e-17;

/// tanh 20 is 1 in double precision; 20 · 2 log₂ e is below this.
pub const LARGEST: f64 = 58.0;

/// Rounds to a multiple of 1/8 where it is added, with the number of eighths in the low bits.
pub const ROUND: f64 = 844_424_930_131_968.0;

/// (2ᶠ - 1) / f on |f| ≤ 1/16: minimax (Remez exchange in 50 digits), relative error 2⁻⁵³.
const EXP2M1: [f64; 7] = [
    LN_2,
    0.240_226_506_959_109_33,
    0.055_504_108_664_816_275,
    0.009_618_129_089_984_663,
    0.001_333_355_817_360_589_4,
    0.000_154_044_337_914_486_83,
    1.525_273_381_152_303_8e-5,
];

/// The bits of 2^(i/8), less i in the bits behind the exponent.
const POWERS: [u64; 8] = [
    0x3ff0_0000_0000_0000,
    0x3fef_72b8_3c7d_517b,
    0x3fef_06fe_0a31_b715,
    0x3fee_bfda_d536_2a27,
    0x3fee_a09e_667f_3bcd,
    0x3fee_ace5_422a_a0db,
    0x3fee_e89f_995a_d3ad,
    0x3fef_5818_dcfb_a487,
];

/// What 2^(i/8) is beyond its double, relative to it.
const RESTS: [f64; 8] = [
    0.0,
    -2.793_911_485_951_573_3e-17,
    3.348_462_333_625_152_4e-17,
    1.957_258_529_311_203_6e-17,
    -6.835_808_657_661_923e-17,
    5.154_830_117_078_678_3e-17,
    4.875_160_526_227_061e-17,
    1.790_126_907_604_513e-17,
];
