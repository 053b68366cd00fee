//! The solution of Burgers' equation that starts as `-sin(pi*x)`, by the integral of Cole and Hopf.
//!
//! `u_t + u*u_x = nu*u_xx` with `u = -2*nu*phi_x/phi` becomes `phi_t = nu*phi_xx` (E. Hopf, Comm. Pure Appl. Math. 3
//! (1950); J. D. Cole, Quart. Appl. Math. 9 (1951)), so that with `w(y) = exp(-(y - x)^2/(4*nu*t) - cos(pi*y)/(2*pi*nu))`
//! the solution is `u(t, x) = -∫ sin(pi*y) w(y) dy / ∫ w(y) dy`. It is zero at whole x and has period 2, so that it
//! solves the problem with zero at both ends of [-1, 1] and the periodic one alike.

use std::f64::consts::PI;

/// Nodes for each width of the narrowest peak that `w` can have: with 2 the error of the rule is below 1e-15.
pub const FINE: f64 = 2.0;

/// `w` is left out where it is smaller than exp(-42) times its largest value.
const REACH: f64 = 6.5;

/// The solution at `t >= 0` and `x`, with viscosity `nu > 0`, by the trapezoidal rule, which converges exponentially
/// for integrands like these. `fineness` is the number of nodes for each width of a peak, such as [`FINE`].
pub fn solution(t: f64, x: f64, nu: f64, fineness: f64) -> f64 {
    if t == 0.0 {
        return -(PI * x).sin();
    }
    // The exponent falls for |y - x| > t, because the slope of the cosine is at most 1/(2*nu); from there on faster than
    // the Gaussian.
    let reach = t + REACH * (4.0 * nu * t).sqrt();
    // Its second derivative is at most 1/(2*nu*t) + pi/(2*nu).
    let width = ((0.5 / t + 0.5 * PI) / nu).sqrt().recip();
    let half = (reach * fineness / width).ceil();
    let exponent = |y: f64| -(y - x) * (y - x) / (4.0 * nu * t) - (PI * y).cos() / (2.0 * PI * nu);
    let nodes = || (-half as i64..=half as i64).map(|i| x + reach * i as f64 / half);
    let largest = nodes().map(exponent).fold(f64::NEG_INFINITY, f64::max);
    let (mut above, mut below) = (0.0, 0.0);
    for y in nodes() {
        let weight = (exponent(y) - largest).exp();
        above += weight * (PI * y).sin();
        below += weight;
    }
    -above / below
}
