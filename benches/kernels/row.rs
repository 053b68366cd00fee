//! Residual and Jacobian row of Poisson's equation for one layer of tanh neurons, by hand: the yardstick of `jacobian`.
//!
//! With u = Σ c tanh(w·x + b) + d and r = -Δu - f, all that a neuron says at a point follows from one tanh. With q = |w|²,
//! s = 1 - t² and a = t s, t'' = -2a and t''' = s (4 - 6 s) up to its sign. No channel is stored, no layer is a product of
//! matrices, and nothing is written twice. Three ways: intrinsics, row by row and parameter by parameter, and a plain loop
//! that the compiler turns into vectors.

use std::array::from_fn;
use std::f64::consts::{LN_2, LOG2_E, PI};

use super::lanes::{LANES, LARGEST, Lanes, ROUND, is_available};

/// Registers that go through the formulas side by side: fewer wait for each other, more do not fit (2 and 8 are slower).
const ABREAST: usize = 4;
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
        let scaled = |value: f64| value * 2.0 * LOG2_E;
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

    /// Residuals, and the Jacobian row by row ([`Row::stride`], [`Row::place`]): eight neurons in a register.
    ///
    /// # Panics
    /// If an array is too short, the points are not a multiple of 32, or the machine lacks AVX-512.
    pub fn by_rows(&self, x: &[f64], y: &[f64], residual: &mut [f64], jacobian: &mut [f64]) {
        self.check(x, y, residual, jacobian, self.stride());
        // SAFETY: the machine has the features, and the arrays hold all points.
        unsafe { by_rows(self, x, y, residual, jacobian) }
    }

    /// Residuals, and the Jacobian parameter by parameter, points contiguous, in the order of [`Row::place`]: eight points
    /// in a register.
    ///
    /// # Panics
    /// If an array is too short, the points are not a multiple of 32, or the machine lacks AVX-512.
    pub fn by_points(&self, x: &[f64], y: &[f64], residual: &mut [f64], jacobian: &mut [f64]) {
        self.check(x, y, residual, jacobian, 4 * self.width + 1);
        // SAFETY: the machine has the features, and the arrays hold all points, in whole groups of registers.
        unsafe { by_points(self, x, y, residual, jacobian) }
    }

    /// As [`Row::by_rows`], by a loop over neurons that the compiler vectorises.
    ///
    /// # Panics
    /// If an array is too short, the points are not a multiple of 32, or the machine lacks AVX-512.
    pub fn plain(&self, x: &[f64], y: &[f64], residual: &mut [f64], jacobian: &mut [f64]) {
        self.check(x, y, residual, jacobian, self.stride());
        // SAFETY: the machine has the features.
        unsafe { plain(self, x, y, residual, jacobian) }
    }

    fn check(&self, x: &[f64], y: &[f64], residual: &[f64], jacobian: &[f64], row: usize) {
        assert!(is_available(), "AVX-512");
        assert!(x.len().is_multiple_of(LANES * ABREAST), "whole groups of registers");
        assert!(y.len() == x.len() && residual.len() == x.len() && jacobian.len() == x.len() * row);
    }
}

type Abreast = Lanes<ABREAST>;

/// What registers of neurons at a point, or of points and a neuron, say.
struct Entries {
    weights: [Abreast; 2],
    bias: Abreast,
    outer: Abreast,
    /// The sum of residuals that was given, and theirs.
    residual: Abreast,
}

/// All entries from points (`x`, `y`), slopes and factors as in [`Row`].
#[inline(always)]
fn entries([x, y]: [Abreast; 2], [wx, wy, b]: [Abreast; 3], factors: [Abreast; 5], residual: Abreast) -> Entries {
    let [c, q2, cq, cx, cy] = factors;
    let t = wx.times_plus(x, wy.times_plus(y, b)).tanh_of_scaled();
    let s = t.times_from(t, t.number(1.0));
    let a = t * s;
    let outer = q2 * a;
    let bias = cq * (s * t.number(6.0).times_from(s, t.number(4.0)));
    Entries {
        weights: [cx.times_plus(a, bias * x), cy.times_plus(a, bias * y)],
        bias,
        outer,
        residual: c.times_plus(outer, residual),
    }
}

/// -f at the points of a tile.
///
/// # Safety
/// The machine has AVX-512; `x` and `y` are equally long, at most [`TILE`], a multiple of eight.
#[inline]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw,fma")]
unsafe fn sources(x: &[f64], y: &[f64], out: &mut [f64; TILE]) {
    for i in (0..x.len()).step_by(LANES) {
        // SAFETY: i + LANES is at most the length of all three.
        unsafe {
            let [x, y] = [x, y].map(|of| Lanes::<1>::load(of.as_ptr().add(i)).sine_of_turn());
            let to = out.as_mut_ptr().add(i);
            (x * y * x.number(-2.0 * PI * PI)).store(|_| to);
        }
    }
}

/// # Safety
/// The machine has AVX-512; all arrays hold as many numbers as [`Row::by_rows`] checks.
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw,fma")]
unsafe fn by_rows(row: &Row, x: &[f64], y: &[f64], residual: &mut [f64], jacobian: &mut [f64]) {
    let (width, stride) = (row.width, row.stride());
    let slopes = row.slopes.each_ref().map(|v| v.as_ptr());
    let factors = row.factors.each_ref().map(|v| v.as_ptr());
    let mut source = [0.0; TILE];
    for start in (0..x.len()).step_by(ABREAST) {
        if start.is_multiple_of(TILE) {
            let end = x.len().min(start + TILE);
            // SAFETY: a tile of whole registers; the machine has the features.
            unsafe { sources(&x[start..end], &y[start..end], &mut source) };
        }
        // SAFETY: j + LANES <= width, the vectors hold `width` numbers, and each row of the Jacobian `stride`.
        let sums = unsafe {
            let point = [x, y].map(|of| Abreast::each(|v| of[start + v]));
            let first = jacobian.as_mut_ptr().add(start * stride);
            let mut sum = Abreast::all(0.0);
            for j in (0..width).step_by(LANES) {
                let slopes = from_fn(|k| Abreast::repeat(slopes[k].add(j)));
                let at = entries(point, slopes, from_fn(|k| Abreast::repeat(factors[k].add(j))), sum);
                sum = at.residual;
                let out = |parameter: usize| move |v: usize| first.add(v * stride + parameter * width + j);
                at.weights[0].store(out(WEIGHTS[0]));
                at.weights[1].store(out(WEIGHTS[1]));
                at.bias.store(out(BIASES));
                at.outer.store(out(OUTER));
            }
            Abreast::all(0.0).store(|v| first.add(v * stride + 4 * width));
            sum.sums()
        };
        for (v, sum) in sums.into_iter().enumerate() {
            residual[start + v] = source[(start + v) % TILE] + sum;
        }
    }
}

/// # Safety
/// The machine has AVX-512; all arrays hold as many numbers as [`Row::by_points`] checks.
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw,fma")]
unsafe fn by_points(row: &Row, x: &[f64], y: &[f64], residual: &mut [f64], jacobian: &mut [f64]) {
    let (width, n) = (row.width, x.len());
    let mut sums = [0.0; TILE];
    for start in (0..n).step_by(TILE) {
        let count = TILE.min(n - start);
        // SAFETY: a tile of whole registers; the machine has the features.
        unsafe { sources(&x[start..start + count], &y[start..start + count], &mut sums) };
        let first = jacobian.as_mut_ptr();
        for j in 0..width {
            // SAFETY: the machine has AVX-512.
            let slopes: [Abreast; 3] = from_fn(|k| unsafe { Abreast::all(row.slopes[k][j]) });
            // SAFETY: as above.
            let factors: [Abreast; 5] = from_fn(|k| unsafe { Abreast::all(row.factors[k][j]) });
            for i in (0..count).step_by(LANES * ABREAST) {
                // SAFETY: the count is a multiple of the step, at most TILE; the points hold start + count numbers, and
                // the Jacobian 4 · width + 1 rows of n.
                unsafe {
                    let point = [x, y].map(|of| Abreast::load(of.as_ptr().add(start + i)));
                    let at = entries(point, slopes, factors, Abreast::load(sums.as_ptr().add(i)));
                    let sum = sums.as_mut_ptr().add(i);
                    at.residual.store(|v| sum.add(v * LANES));
                    let out = |row: usize| move |v: usize| first.add((row * width + j) * n + start + i + v * LANES);
                    at.weights[0].store(out(WEIGHTS[0]));
                    at.weights[1].store(out(WEIGHTS[1]));
                    at.bias.store(out(BIASES));
                    at.outer.store(out(OUTER));
                }
            }
        }
        residual[start..start + count].copy_from_slice(&sums[..count]);
        jacobian[4 * width * n + start..][..count].fill(0.0);
    }
}

/// # Safety
/// The machine has AVX-512 F, DQ, VL and BW, and FMA.
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw,fma")]
unsafe fn plain(row: &Row, x: &[f64], y: &[f64], residual: &mut [f64], jacobian: &mut [f64]) {
    let width = row.width;
    let mut source = [0.0; TILE];
    for (i, out) in jacobian.chunks_exact_mut(row.stride()).enumerate() {
        if i.is_multiple_of(TILE) {
            let end = x.len().min(i + TILE);
            // SAFETY: a tile of whole registers; the machine has the features.
            unsafe { sources(&x[i..end], &y[i..end], &mut source) };
        }
        let (weights_x, out) = out.split_at_mut(width);
        let (weights_y, out) = out.split_at_mut(width);
        let (bias, out) = out.split_at_mut(width);
        let (outer, out) = out.split_at_mut(width);
        plain_row(row, [x[i], y[i]], weights_x, weights_y, bias, outer);
        out.fill(0.0);
        // Eight sums: the compiler does not reorder one.
        let mut sums = [0.0; LANES];
        for (c, outer) in row.factors[0].chunks_exact(LANES).zip(outer.chunks_exact(LANES)) {
            sums = from_fn(|k| c[k].mul_add(outer[k], sums[k]));
        }
        residual[i] = source[i % TILE] + sums.iter().sum::<f64>();
    }
}

/// The row of a point. A function of its own: of its arguments the compiler knows that they do not overlap.
#[inline(never)]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw,fma")]
fn plain_row(
    row: &Row,
    [x, y]: [f64; 2],
    weights_x: &mut [f64],
    weights_y: &mut [f64],
    bias: &mut [f64],
    outer: &mut [f64],
) {
    let (slopes, factors, width) = (&row.slopes, &row.factors, row.width);
    let (wx, wy, b) = (&slopes[0][..width], &slopes[1][..width], &slopes[2][..width]);
    let (q2, cq, cx, cy) = (&factors[1][..width], &factors[2][..width], &factors[3][..width], &factors[4][..width]);
    let (weights_x, weights_y) = (&mut weights_x[..width], &mut weights_y[..width]);
    let (bias, outer) = (&mut bias[..width], &mut outer[..width]);
    for j in 0..width {
        let t = plain_tanh(wx[j].mul_add(x, wy[j].mul_add(y, b[j])));
        let s = (-t).mul_add(t, 1.0);
        let a = t * s;
        let third = s * (-6.0f64).mul_add(s, 4.0);
        outer[j] = q2[j] * a;
        bias[j] = cq[j] * third;
        weights_x[j] = cx[j].mul_add(a, cq[j] * third * x);
        weights_y[j] = cy[j].mul_add(a, cq[j] * third * y);
    }
}

/// (2ᶠ - 1) / f on |f| ≤ 1/2: minimax, relative error 2⁻⁶¹.
const WIDE_EXP2M1: [f64; 12] = [
    LN_2,
    0.240_226_506_959_100_72,
    0.055_504_108_664_821_625,
    0.009_618_129_107_628_437,
    0.001_333_355_814_640_663,
    0.000_154_035_303_934_661_7,
    1.525_273_384_137_851_7e-5,
    1.321_548_672_135_407e-6,
    1.017_805_716_926_431_8e-7,
    7.054_932_273_729_866e-9,
    4.455_804_858_229_526_5e-10,
    2.567_842_561_602_948e-11,
];

/// tanh(z) of z times 2 log₂ e, without tables.
#[inline(always)]
fn plain_tanh(scaled: f64) -> f64 {
    let z = scaled.clamp(-LARGEST, LARGEST);
    let shifted = z + 8.0 * ROUND;
    let f = z - (shifted - 8.0 * ROUND);
    let sum = WIDE_EXP2M1.iter().rev().fold(0.0, |sum: f64, coefficient| sum.mul_add(f, *coefficient));
    let power = f64::from_bits((shifted.to_bits() << 52).wrapping_add(1023 << 52));
    let expm1 = power.mul_add(sum * f, power - 1.0);
    expm1 / (expm1 + 2.0)
}
