//! Residual and Jacobian row of Poisson's equation for one layer of tanh neurons, by hand: the yardstick of `jacobian`.
//!
//! With u = Σ c tanh(w·x + b) + d and r = -Δu - f, everything at a point and neuron follows from one tanh: q = |w|²,
//! a = t (1 - t²), and, up to factors that are the same at all points, t'' = -2a and t''' = (1 - t²)(6t² - 2).
//! No channel is stored, no layer is a product of matrices, and nothing is read or written twice.

use std::arch::x86_64::{
    __m512d, _mm512_add_epi64, _mm512_add_pd, _mm512_castpd_si512, _mm512_castsi512_pd, _mm512_div_pd, _mm512_fmadd_pd,
    _mm512_fmsub_pd, _mm512_fnmadd_pd, _mm512_loadu_pd, _mm512_max_pd, _mm512_min_pd, _mm512_mul_pd,
    _mm512_reduce_add_pd, _mm512_set1_epi64, _mm512_set1_pd, _mm512_setzero_pd, _mm512_slli_epi64, _mm512_storeu_pd,
    _mm512_sub_pd,
};
use std::array::from_fn;

use pdec::vmath::{Function, apply_in_place};

/// Numbers of a register.
const LANES: usize = 8;
/// Points whose right-hand sides are computed together.
const TILE: usize = 64;

/// The kernel for some parameters: what is the same at all points, neurons contiguous.
pub struct Row {
    width: usize,
    /// `[w_x, w_y, b]` times 2 log₂ e, so that tanh is a function of 2ᶻ.
    slopes: [Vec<f64>; 3],
    /// `[c, 2q, -cq, 4c·w_x, 4c·w_y]`
    factors: [Vec<f64>; 5],
}

/// Where things stand in a row of the Jacobian: `[w_x, w_y, b, c, d]`, each of all neurons.
const WEIGHTS: [usize; 2] = [0, 1];
const BIASES: usize = 2;
const OUTER: usize = 3;

impl Row {
    /// Prepares parameters in the order of pdec: `w` neuron by neuron, `b`, `c`, `d`.
    ///
    /// # Panics
    /// If the width is not a multiple of eight.
    pub fn new(theta: &[f64]) -> Self {
        let width = (theta.len() - 1) / 4;
        assert_eq!((width % LANES, 4 * width + 1), (0, theta.len()), "whole registers of neurons");
        let w = |axis: usize| (0..width).map(move |j| theta[2 * j + axis]);
        let c = || theta[3 * width..4 * width].iter().copied();
        let q = || w(0).zip(w(1)).map(|(x, y)| x * x + y * y);
        let scaled = |value: f64| value * 2.0 * std::f64::consts::LOG2_E;
        Self {
            width,
            slopes: [
                w(0).map(scaled).collect(),
                w(1).map(scaled).collect(),
                theta[2 * width..3 * width].iter().map(|b| scaled(*b)).collect(),
            ],
            factors: [
                c().collect(),
                q().map(|q| 2.0 * q).collect(),
                c().zip(q()).map(|(c, q)| -c * q).collect(),
                c().zip(w(0)).map(|(c, w)| 4.0 * c * w).collect(),
                c().zip(w(1)).map(|(c, w)| 4.0 * c * w).collect(),
            ],
        }
    }

    /// Numbers from one row of a row-major Jacobian to the next: whole registers.
    pub fn stride(&self) -> usize {
        (4 * self.width + 1).next_multiple_of(LANES)
    }

    /// Where parameter `i` of pdec stands in a row.
    pub fn place(&self, i: usize) -> usize {
        if i < 2 * self.width { WEIGHTS[i % 2] * self.width + i / 2 } else { i }
    }
}

/// Whether this machine can run the kernels.
pub fn is_available() -> bool {
    is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("fma")
}

/// What one register of neurons, or of points, says.
struct Entries {
    weights: [__m512d; 2],
    bias: __m512d,
    outer: __m512d,
    /// What the neurons add to the residual.
    residual: __m512d,
}

/// The sum over k ≥ 1 of (ln 2)ᵏ fᵏ / k!, 2ᶠ - 1 on |f| ≤ 1/2, below 2⁻⁵⁵ of it.
const EXP2M1: [f64; 13] = [
    std::f64::consts::LN_2,
    0.240_226_506_959_100_72,
    0.055_504_108_664_821_58,
    0.009_618_129_107_628_477,
    0.001_333_355_814_642_844_3,
    1.540_353_039_338_161e-4,
    1.525_273_380_405_984e-5,
    1.321_548_679_014_431e-6,
    1.017_808_600_923_97e-7,
    7.054_911_620_801_123e-9,
    4.445_538_271_870_811e-10,
    2.567_843_599_348_820_6e-11,
    1.369_148_885_390_412_8e-12,
];

/// Rounds to the nearest integer where it is added, with the integer in the low bits.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// tanh(z) of z times 2 log₂ e: (2ᶻ - 1) / (2ᶻ + 1).
#[inline]
#[target_feature(enable = "avx512f,fma")]
fn tanh(scaled: __m512d) -> __m512d {
    let set = |x: f64| _mm512_set1_pd(x);
    // tanh 20 is 1 in double precision.
    let z = _mm512_max_pd(_mm512_min_pd(scaled, set(58.0)), set(-58.0));
    let shifted = _mm512_add_pd(z, set(ROUND));
    let f = _mm512_sub_pd(z, _mm512_sub_pd(shifted, set(ROUND)));
    let mut sum = set(EXP2M1[12]);
    for coefficient in EXP2M1[..12].iter().rev() {
        sum = _mm512_fmadd_pd(sum, f, set(*coefficient));
    }
    let excess = _mm512_mul_pd(sum, f);
    let exponent = _mm512_slli_epi64::<52>(_mm512_castpd_si512(shifted));
    let power = _mm512_add_epi64(exponent, _mm512_set1_epi64(1023 << 52));
    let power = _mm512_castsi512_pd(power);
    let expm1 = _mm512_fmadd_pd(power, excess, _mm512_sub_pd(power, set(1.0)));
    _mm512_div_pd(expm1, _mm512_add_pd(expm1, set(2.0)))
}

/// All entries from a point (`x`, `y`), parameters and factors: registers of neurons at one point, or of points.
#[inline]
#[target_feature(enable = "avx512f,fma")]
fn entries([x, y]: [__m512d; 2], [wx, wy, b]: [__m512d; 3], [c, q2, cq, cx, cy]: [__m512d; 5]) -> Entries {
    let t = tanh(_mm512_fmadd_pd(wx, x, _mm512_fmadd_pd(wy, y, b)));
    let square = _mm512_mul_pd(t, t);
    let slope = _mm512_fnmadd_pd(t, t, _mm512_set1_pd(1.0));
    let a = _mm512_mul_pd(t, slope);
    let third = _mm512_mul_pd(slope, _mm512_fmsub_pd(_mm512_set1_pd(6.0), square, _mm512_set1_pd(2.0)));
    let outer = _mm512_mul_pd(q2, a);
    let bias = _mm512_mul_pd(cq, third);
    Entries {
        weights: [_mm512_fmadd_pd(cx, a, _mm512_mul_pd(bias, x)), _mm512_fmadd_pd(cy, a, _mm512_mul_pd(bias, y))],
        bias,
        outer,
        residual: _mm512_mul_pd(c, outer),
    }
}

/// -f at the points of a tile.
fn sources(x: &[f64], y: &[f64], out: &mut [f64; TILE]) {
    let mut other = [0.0; TILE];
    for i in 0..x.len() {
        out[i] = std::f64::consts::PI * x[i];
        other[i] = std::f64::consts::PI * y[i];
    }
    apply_in_place(Function::Sin, &mut out[..x.len()]);
    apply_in_place(Function::Sin, &mut other[..x.len()]);
    for (s, other) in out.iter_mut().zip(other) {
        *s *= -2.0 * std::f64::consts::PI.powi(2) * other;
    }
}

impl Row {
    /// Residuals, and the Jacobian row by row ([`Row::stride`], [`Row::place`]): eight neurons in a register.
    ///
    /// # Panics
    /// If an array is too short or the machine lacks AVX-512.
    pub fn by_rows(&self, x: &[f64], y: &[f64], residual: &mut [f64], jacobian: &mut [f64]) {
        assert!(is_available(), "AVX-512");
        assert!(y.len() == x.len() && residual.len() == x.len() && jacobian.len() >= x.len() * self.stride());
        // SAFETY: the machine has the features, and the arrays hold all points.
        unsafe { by_rows(self, x, y, residual, jacobian) }
    }

    /// Residuals, and the Jacobian parameter by parameter, points contiguous, in the order of [`Row::place`]: eight points
    /// in a register.
    ///
    /// # Panics
    /// If an array is too short, the points do not fill registers, or the machine lacks AVX-512.
    pub fn by_points(&self, x: &[f64], y: &[f64], residual: &mut [f64], jacobian: &mut [f64]) {
        assert!(is_available(), "AVX-512");
        assert!(y.len() == x.len() && residual.len() == x.len() && x.len().is_multiple_of(LANES));
        assert!(jacobian.len() == x.len() * (4 * self.width + 1));
        // SAFETY: the machine has the features, the arrays hold all points, which are whole registers.
        unsafe { by_points(self, x, y, residual, jacobian) }
    }
}

/// # Safety
/// The machine has AVX-512 F and FMA; all arrays hold as many numbers as [`Row::by_rows`] checks.
#[target_feature(enable = "avx512f,fma")]
unsafe fn by_rows(row: &Row, x: &[f64], y: &[f64], residual: &mut [f64], jacobian: &mut [f64]) {
    let (width, stride) = (row.width, row.stride());
    let slopes = row.slopes.each_ref().map(|v| v.as_ptr());
    let factors = row.factors.each_ref().map(|v| v.as_ptr());
    let mut source = [0.0; TILE];
    for start in (0..x.len()).step_by(TILE) {
        let end = x.len().min(start + TILE);
        sources(&x[start..end], &y[start..end], &mut source);
        for i in start..end {
            let point = [_mm512_set1_pd(x[i]), _mm512_set1_pd(y[i])];
            let mut sum = _mm512_setzero_pd();
            // SAFETY: j + LANES <= width, the vectors hold `width` numbers, and row i of the Jacobian `stride`.
            unsafe {
                let out = jacobian.as_mut_ptr().add(i * stride);
                for j in (0..width).step_by(LANES) {
                    let at = entries(
                        point,
                        from_fn(|k| _mm512_loadu_pd(slopes[k].add(j))),
                        from_fn(|k| _mm512_loadu_pd(factors[k].add(j))),
                    );
                    sum = _mm512_add_pd(sum, at.residual);
                    _mm512_storeu_pd(out.add(WEIGHTS[0] * width + j), at.weights[0]);
                    _mm512_storeu_pd(out.add(WEIGHTS[1] * width + j), at.weights[1]);
                    _mm512_storeu_pd(out.add(BIASES * width + j), at.bias);
                    _mm512_storeu_pd(out.add(OUTER * width + j), at.outer);
                }
                _mm512_storeu_pd(out.add(4 * width), _mm512_setzero_pd());
            }
            residual[i] = source[i - start] + _mm512_reduce_add_pd(sum);
        }
    }
}

/// # Safety
/// The machine has AVX-512 F and FMA; all arrays hold as many numbers as [`Row::by_points`] checks.
#[target_feature(enable = "avx512f,fma")]
unsafe fn by_points(row: &Row, x: &[f64], y: &[f64], residual: &mut [f64], jacobian: &mut [f64]) {
    let (width, n) = (row.width, x.len());
    let mut sums = [0.0; TILE];
    for start in (0..n).step_by(TILE) {
        let count = TILE.min(n - start);
        sources(&x[start..start + count], &y[start..start + count], &mut sums);
        let first = jacobian.as_mut_ptr();
        for j in 0..width {
            let slopes = row.slopes.each_ref().map(|v| _mm512_set1_pd(v[j]));
            let factors = row.factors.each_ref().map(|v| _mm512_set1_pd(v[j]));
            for i in (0..count).step_by(LANES) {
                // SAFETY: i + LANES <= count <= TILE, the points hold start + count numbers, and the Jacobian
                // 4 · width + 1 rows of n.
                unsafe {
                    let at = start + i;
                    let point = [_mm512_loadu_pd(x.as_ptr().add(at)), _mm512_loadu_pd(y.as_ptr().add(at))];
                    let entries = entries(point, slopes, factors);
                    let sum = sums.as_mut_ptr().add(i);
                    _mm512_storeu_pd(sum, _mm512_add_pd(_mm512_loadu_pd(sum), entries.residual));
                    let out = |parameter: usize| first.add(parameter * n + at);
                    _mm512_storeu_pd(out(WEIGHTS[0] * width + j), entries.weights[0]);
                    _mm512_storeu_pd(out(WEIGHTS[1] * width + j), entries.weights[1]);
                    _mm512_storeu_pd(out(BIASES * width + j), entries.bias);
                    _mm512_storeu_pd(out(OUTER * width + j), entries.outer);
                }
            }
        }
        residual[start..start + count].copy_from_slice(&sums[..count]);
        jacobian[4 * width * n + start..][..count].fill(0.0);
    }
}
