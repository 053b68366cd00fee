//! Local kernels by hand: the formulas of [`KNOWN`](super::known_formulas::KNOWN), points in lanes, everything in registers.
//!
//! Inputs and outputs are in the order of the tapes.

use std::array::from_fn;
use std::f64::consts::{LOG2_E, PI};

use super::lanes::{LANES, Lanes, is_available};

/// A kernel by hand: outputs stand one behind the other. The number of points is a multiple of 32.
pub type ByHand = fn(inputs: &[&[f64]], outputs: &mut [f64]);

/// The kernel of a name.
pub fn of(name: &str) -> Option<ByHand> {
    Some(match name {
        "Poisson" => |inputs, outputs| run::<4, 1, 4>(inputs, outputs, poisson),
        "Burgers" => |inputs, outputs| run::<4, 1, 4>(inputs, outputs, burgers),
        "Navier-Stokes" => |inputs, outputs| run::<12, 34, 1>(inputs, outputs, navier_stokes),
        "minimal surface" => |inputs, outputs| run::<2, 6, 2>(inputs, outputs, minimal_surface),
        "p-Laplacian" => |inputs, outputs| run::<2, 6, 2>(inputs, outputs, p_laplacian),
        "neo-Hookean" => |inputs, outputs| run::<4, 15, 2>(inputs, outputs, neo_hookean),
        "Kuramoto-Sivashinsky" => |inputs, outputs| run::<5, 7, 2>(inputs, outputs, kuramoto_sivashinsky),
        "tanh" => |inputs, outputs| run::<1, 5, 4>(inputs, outputs, tanh),
        _ => return None,
    })
}

/// A function of I inputs to O outputs at all points, N registers at a time.
fn run<const I: usize, const O: usize, const N: usize>(
    inputs: &[&[f64]],
    outputs: &mut [f64],
    at: impl Fn([Lanes<N>; I]) -> [Lanes<N>; O],
) {
    let n = outputs.len() / O;
    assert!(is_available() && n.is_multiple_of(LANES * N), "AVX-512 and whole registers");
    assert!(inputs.len() == I && inputs.iter().all(|x| x.len() == n) && outputs.len() == O * n);
    // SAFETY: the machine has the features; all inputs hold n numbers, whole groups of registers, and the outputs O times
    // as many.
    unsafe { run_avx512(n, from_fn(|k| inputs[k].as_ptr()), outputs.as_mut_ptr(), at) }
}

/// # Safety
/// The machine has AVX-512; inputs hold n numbers, a multiple of 8N, and the outputs O times as many.
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw,fma")]
unsafe fn run_avx512<const I: usize, const O: usize, const N: usize>(
    n: usize,
    inputs: [*const f64; I],
    outputs: *mut f64,
    at: impl Fn([Lanes<N>; I]) -> [Lanes<N>; O],
) {
    for i in (0..n).step_by(LANES * N) {
        // SAFETY: i + 8N <= n.
        unsafe {
            let results = at(from_fn(|k| Lanes::load(inputs[k].add(i))));
            for (k, result) in results.into_iter().enumerate() {
                result.store(|v| outputs.add(k * n + i + v * LANES));
            }
        }
    }
}

#[inline(always)]
fn poisson<const N: usize>([x, y, u_yy, u_xx]: [Lanes<N>; 4]) -> [Lanes<N>; 1] {
    [(x.sine_of_turn() * x.number(2.0 * PI * PI)).times_plus(y.sine_of_turn(), u_xx + u_yy)]
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

#[inline(always)]
fn neo_hookean<const N: usize>([b, u_x, v_y, c]: [Lanes<N>; 4]) -> [Lanes<N>; 15] {
    let all = |x: f64| b.number(x);
    let (a, d) = (u_x + all(1.0), v_y + all(1.0));
    let determinant = b.times_from(c, a * d);
    let (i, l) = (all(1.0) / determinant, determinant.logarithm());
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
