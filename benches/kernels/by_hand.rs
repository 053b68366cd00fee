//! Local kernels by hand: the formulas of [`KNOWN`](super::known_formulas::KNOWN), points in lanes.
//!
//! Inputs and outputs are in the order of the tapes. Sine and logarithm are pdec's, on blocks that stay in the first cache;
//! everything else is in registers.

use std::array::from_fn;
use std::f64::consts::{LOG2_E, PI};

use pdec::vmath::{Function, apply_in_place};

use super::lanes::{LANES, Lanes, is_available};

/// Points between block functions.
const TILE: usize = 256;

/// A kernel by hand: outputs stand one behind the other. The number of points is a multiple of 32.
pub type ByHand = fn(inputs: &[&[f64]], outputs: &mut [f64]);

/// The kernel of a name.
pub fn of(name: &str) -> Option<ByHand> {
    Some(match name {
        "Poisson" => poisson,
        "Burgers" => |inputs, outputs| all::<4, 1, 4>(inputs, outputs, burgers),
        "Navier-Stokes" => |inputs, outputs| all::<12, 34, 1>(inputs, outputs, navier_stokes),
        "minimal surface" => |inputs, outputs| all::<2, 6, 2>(inputs, outputs, minimal_surface),
        "p-Laplacian" => |inputs, outputs| all::<2, 6, 2>(inputs, outputs, p_laplacian),
        "neo-Hookean" => neo_hookean,
        "Kuramoto-Sivashinsky" => |inputs, outputs| all::<5, 7, 2>(inputs, outputs, kuramoto_sivashinsky),
        "tanh" => |inputs, outputs| all::<1, 5, 4>(inputs, outputs, tanh),
        _ => return None,
    })
}

/// Where the outputs of some points go: output k at `start + k * stride`.
struct Outputs<'a> {
    numbers: &'a mut [f64],
    start: usize,
    stride: usize,
}

/// A function of I inputs to O outputs at all points.
fn all<const I: usize, const O: usize, const N: usize>(
    inputs: &[&[f64]],
    numbers: &mut [f64],
    at: impl Fn([Lanes<N>; I]) -> [Lanes<N>; O],
) {
    run(from_fn(|i| inputs[i]), Outputs { numbers, start: 0, stride: inputs[0].len() }, at);
}

/// A function of I inputs to O outputs at points, N registers at a time.
fn run<const I: usize, const O: usize, const N: usize>(
    inputs: [&[f64]; I],
    Outputs { numbers, start, stride }: Outputs<'_>,
    at: impl Fn([Lanes<N>; I]) -> [Lanes<N>; O],
) {
    let n = inputs[0].len();
    assert!(is_available() && n.is_multiple_of(LANES * N), "AVX-512 and whole registers");
    assert!(inputs.iter().all(|x| x.len() == n) && start + n <= stride && numbers.len() == O * stride);
    // SAFETY: the machine has the features; all inputs hold n numbers, whole groups of registers, and each output has
    // room for as many.
    unsafe {
        let first = numbers.as_mut_ptr().add(start);
        run_avx512(n, inputs.map(|x| x.as_ptr()), from_fn(|k| first.add(k * stride)), at);
    }
}

/// # Safety
/// The machine has AVX-512; all arrays hold n numbers, a multiple of 8N.
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw,fma")]
unsafe fn run_avx512<const I: usize, const O: usize, const N: usize>(
    n: usize,
    inputs: [*const f64; I],
    outputs: [*mut f64; O],
    at: impl Fn([Lanes<N>; I]) -> [Lanes<N>; O],
) {
    for i in (0..n).step_by(LANES * N) {
        // SAFETY: i + 8N <= n.
        unsafe {
            let results = at(from_fn(|k| Lanes::load(inputs[k].add(i))));
            for (result, output) in results.into_iter().zip(outputs) {
                result.store(|v| output.add(i + v * LANES));
            }
        }
    }
}

fn poisson(inputs: &[&[f64]], numbers: &mut [f64]) {
    let stride = inputs[0].len();
    for start in (0..stride).step_by(TILE) {
        let [x, y, u_yy, u_xx]: [&[f64]; 4] = from_fn(|k| &inputs[k][start..stride.min(start + TILE)]);
        let (mut sine_x, mut sine_y) = ([0.0; TILE], [0.0; TILE]);
        let (sine_x, sine_y) = (&mut sine_x[..x.len()], &mut sine_y[..x.len()]);
        for i in 0..x.len() {
            (sine_x[i], sine_y[i]) = (PI * x[i], PI * y[i]);
        }
        apply_in_place(Function::Sin, sine_x);
        apply_in_place(Function::Sin, sine_y);
        let outputs = Outputs { numbers: &mut *numbers, start, stride };
        run::<4, 1, 4>([sine_x, sine_y, u_yy, u_xx], outputs, |[x, y, u_yy, u_xx]| {
            [(x * x.number(2.0 * PI * PI)).times_plus(y, u_xx + u_yy)]
        });
    }
}

#[inline(always)]
fn burgers<const N: usize>([u, u_x, u_xx, u_t]: [Lanes<N>; 4]) -> [Lanes<N>; 1] {
    [u_xx.times_plus(u.number(-0.01 / PI), u.times_plus(u_x, u_t))]
}

#[inline(always)]
fn navier_stokes<const N: usize>(inputs: [Lanes<N>; 12]) -> [Lanes<N>; 34] {
    let [u, u_y, u_yy, u_x, u_xx, v, v_y, v_yy, v_x, v_xx, p_y, p_x] = inputs;
    let (small, one) = (u.number(-0.01), u.number(1.0));
    let r = (u_xx + u_yy).times_plus(small, u.times_plus(u_x, v.times_plus(u_y, p_x)));
    let s = (v_xx + v_yy).times_plus(small, u.times_plus(v_x, v.times_plus(v_y, p_y)));
    let divergence = u_x + v_y;
    let energy = r.times_plus(r, s.times_plus(s, divergence * divergence)) * u.number(0.5);
    [
        r,
        s,
        divergence,
        energy,
        u_x.times_plus(r, v_x * s),
        v_x.times_plus(v_x, u_x * u_x),
        u_x * v,
        u_x * small,
        u.times_plus(u_x, r),
        v_x.times_plus(v_y, u_x * u_y),
        v * v_x,
        v_x * small,
        u.times_plus(v_x, s),
        v * r,
        v * v,
        v * small,
        u * v,
        v.times_plus(u_y, r),
        r * small,
        u * small,
        u_y * small,
        u.times_plus(r, divergence),
        u.times_plus(u, one),
        u * u_y,
        v_y.times_plus(s, u_y * r),
        u_y.times_plus(u_y, v_y * v_y),
        v.times_plus(v_y, s),
        v_y * small,
        u * v_y,
        v.times_plus(s, divergence),
        v.times_plus(v, one),
        s * small,
        u * s,
        u * u,
    ]
}

#[inline(always)]
fn minimal_surface<const N: usize>([u_y, u_x]: [Lanes<N>; 2]) -> [Lanes<N>; 6] {
    let one = u_x.number(1.0);
    let area = u_x.times_plus(u_x, u_y.times_plus(u_y, one)).sqrt();
    let i = one / area;
    let (x, y) = (u_x * i, u_y * i);
    let (xi, yi) = (x * i, y * i);
    [area, y, yi.times_from(y, i), xi.times_from(y, i.number(0.0)), x, xi.times_from(x, i)]
}

#[inline(always)]
fn p_laplacian<const N: usize>([u_y, u_x]: [Lanes<N>; 2]) -> [Lanes<N>; 6] {
    let q = u_x.times_plus(u_x, u_y * u_y);
    let s = q.sqrt();
    let i = s.number(1.0) / s;
    let (x, y) = (u_x * i, u_y * i);
    [q * s * s.number(1.0 / 3.0), u_y * s, u_y.times_plus(y, s), u_x * y, u_x * s, u_x.times_plus(x, s)]
}

fn neo_hookean(inputs: &[&[f64]], numbers: &mut [f64]) {
    let stride = inputs[0].len();
    for start in (0..stride).step_by(TILE) {
        let [b, u_x, v_y, c]: [&[f64]; 4] = from_fn(|k| &inputs[k][start..stride.min(start + TILE)]);
        let mut logarithm = [0.0; TILE];
        let logarithm = &mut logarithm[..b.len()];
        for (i, j) in logarithm.iter_mut().enumerate() {
            *j = (1.0 + u_x[i]) * (1.0 + v_y[i]) - b[i] * c[i];
        }
        apply_in_place(Function::Log, logarithm);
        let outputs = Outputs { numbers: &mut *numbers, start, stride };
        run::<5, 15, 1>([b, u_x, v_y, c, logarithm], outputs, of_logarithm);
    }
}

/// The outputs from ∂u/∂y, ∂u/∂x, ∂v/∂y, ∂v/∂x and the logarithm of the determinant.
#[inline(always)]
fn of_logarithm<const N: usize>([b, u_x, v_y, c, l]: [Lanes<N>; 5]) -> [Lanes<N>; 15] {
    let all = |x: f64| b.number(x);
    let (a, d) = (u_x + all(1.0), v_y + all(1.0));
    let i = all(1.0) / b.times_from(c, a * d);
    let g = l.times_plus(all(5.0), all(-3.0));
    let (h, k) = (g * i, (all(5.0) - g) * i * i);
    let squares = a.times_plus(a, b.times_plus(b, c.times_plus(c, d * d)));
    let energy = l.times_plus(l.times_plus(all(2.5), all(-3.0)), squares.times_plus(all(1.5), all(-3.0)));
    let (ka, kb, kc, kd) = (k * a, k * b, k * c, k * d);
    let (three, zero) = (all(3.0), all(0.0));
    [
        energy,
        c.times_from(h, b * three),
        kc.times_plus(c, three),
        kc.times_from(d, zero),
        kc.times_from(a, zero),
        kb.times_plus(c, zero - h),
        d.times_plus(h, a * three),
        kd.times_plus(d, three),
        ka.times_plus(d, h),
        kb.times_from(d, zero),
        a.times_plus(h, d * three),
        ka.times_plus(a, three),
        ka.times_from(b, zero),
        b.times_from(h, c * three),
        kb.times_plus(b, three),
    ]
}

#[inline(always)]
fn kuramoto_sivashinsky<const N: usize>([u, u_x, u_xx, u_xxxx, u_t]: [Lanes<N>; 5]) -> [Lanes<N>; 7] {
    let r = u.times_plus(u_x, u_t) + (u_xx + u_xxxx);
    [r, r * r * r.number(0.5), u_x * r, u_x * u_x, u.times_plus(u_x, r), u * r, u * u]
}

#[inline(always)]
fn tanh<const N: usize>([u]: [Lanes<N>; 1]) -> [Lanes<N>; 5] {
    let t = (u * u.number(2.0 * LOG2_E)).tanh_of_scaled();
    let s = t.times_from(t, t.number(1.0));
    let ts = t * s;
    let number = |x: f64| t.number(x);
    [
        t,
        s,
        ts * number(-2.0),
        s * s.times_plus(number(-6.0), number(4.0)),
        (ts * number(8.0)) * s.times_plus(number(3.0), number(-1.0)),
    ]
}
