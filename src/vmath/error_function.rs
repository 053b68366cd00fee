//! The error function.

use super::dispatch::Kernel;
use super::exponential::{Exp, at_most};
use super::{polynomial, with_sign};

/// erf(x) / x - 1 in x², |x| ≤ 1: minimax, relative error of erf below 2⁻⁵⁶.
const NEAR: [f64; 13] = [
    0.1283791670955126,
    -0.3761263890318375,
    0.11283791670954857,
    -0.026866170645072896,
    0.005223977624780878,
    -0.0008548326978742835,
    0.00012055331036919498,
    -1.4925593507269706e-05,
    1.646097282138302e-06,
    -1.6350025250436282e-07,
    1.4657879910627101e-08,
    -1.1365665801510113e-09,
    5.945260824911931e-11,
];

/// exp(x²) erfc(x) in 1 / (x + 2), 1 ≤ x ≤ 6: minimax with the weight exp(-x²), error of erf below 2⁻⁵⁸.
const FAR: [f64; 13] = [
    -3.1306436833729506e-06,
    0.5643774150541272,
    1.1232651309150705,
    2.0584959907454596,
    1.8974652144886457,
    9.887924964182002,
    -41.118030764476195,
    161.22651731324547,
    -510.8253421971586,
    994.7904227526208,
    -1153.0316817341447,
    748.0170629626472,
    -212.13339598548262,
];

/// erf: an odd polynomial up to 1, then 1 - exp(-x²) times a smooth function.
pub(super) struct Erf;

impl Kernel for Erf {
    #[inline(always)]
    fn at(x: f64) -> f64 {
        // erf 6 is 1 in double precision.
        let magnitude = at_most(x.abs(), 6.0);
        let square = magnitude * magnitude;
        let near = magnitude.mul_add(polynomial(square, &NEAR), magnitude);
        let far = (-Exp::at(-square)).mul_add(polynomial(1.0 / (magnitude + 2.0), &FAR), 1.0);
        with_sign(if magnitude < 1.0 { near } else { far }, x)
    }
}
