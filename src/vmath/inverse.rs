//! asin, acos and atan: odd minimax polynomials around zero, and identities that lead back there.

use std::f64::consts::{FRAC_PI_2, FRAC_PI_4, PI};

use super::dispatch::Kernel;
use super::{polynomial, with_sign};

/// π/2 less its double.
const FRAC_PI_2_LOW: f64 = 6.123_233_995_736_766e-17;

/// (asin(x) - x) / x³ in x², |x| ≤ 1/2: minimax, relative error of asin below 2⁻⁵⁹.
const ASIN: [f64; 13] = [
    0.1666666666666676,
    0.07499999999970795,
    0.04464285717461585,
    0.030381942707618244,
    0.022372214991661563,
    0.01735161195145437,
    0.013980821195539589,
    0.011398907538346149,
    0.010780276509385758,
    0.0037063261483446116,
    0.02170763535453069,
    -0.020999315273851082,
    0.0326287751859404,
];

/// (atan(x) - x) / x³ in x², |x| ≤ 1/2: minimax, relative error of atan below 2⁻⁵⁸.
const ATAN: [f64; 14] = [
    -0.3333333333333333,
    0.1999999999999954,
    -0.14285714285654985,
    0.1111111110724739,
    -0.09090908941327237,
    0.07692303933349438,
    -0.06666601974490147,
    0.05881564699194708,
    -0.05256224752754828,
    0.04717494854431336,
    -0.04140768815729254,
    0.033038233670275564,
    -0.020442133578448065,
    0.006933759197709633,
];

/// What asin and acos share: the number t whose small arcsine is asked for, and the part of it beyond t itself.
struct Arc {
    small: bool,
    t: f64,
    /// asin(t) - t.
    rest: f64,
}

impl Arc {
    /// t = |x| up to 1/2, then the half angle: asin x = π/2 - 2 asin √((1 - x) / 2).
    #[inline(always)]
    fn new(x: f64) -> Self {
        let magnitude = x.abs();
        let small = magnitude <= 0.5;
        let halved = 0.5 * (1.0 - magnitude);
        let square = if small { magnitude * magnitude } else { halved };
        let t = if small { magnitude } else { halved.sqrt() };
        Self { small, t, rest: t * square * polynomial(square, &ASIN) }
    }
}

/// Arcsine.
pub(super) struct Asin;

impl Kernel for Asin {
    #[inline(always)]
    fn at(x: f64) -> f64 {
        let Arc { small, t, rest } = Arc::new(x);
        // π/2 - 2t is exact or nearly so; the rest is small beside it.
        let large = (-2.0f64).mul_add(t, FRAC_PI_2) + (-2.0f64).mul_add(rest, FRAC_PI_2_LOW);
        with_sign(if small { t + rest } else { large }, x)
    }
}

/// Arccosine.
pub(super) struct Acos;

impl Kernel for Acos {
    #[inline(always)]
    fn at(x: f64) -> f64 {
        let Arc { small, t, rest } = Arc::new(x);
        let signed = with_sign(t, x);
        let middle = FRAC_PI_2 - (signed - (FRAC_PI_2_LOW - with_sign(rest, x)));
        let right = 2.0 * (t + rest);
        let left = PI - 2.0 * (t + (rest - FRAC_PI_2_LOW));
        let outer = if x < 0.0 { left } else { right };
        if small { middle } else { outer }
    }
}

/// Arctangent: atan x = π/4 + atan((x - 1) / (x + 1)) between 1/2 and 2, π/2 - atan(1/x) above.
pub(super) struct Atan;

impl Kernel for Atan {
    #[inline(always)]
    fn at(x: f64) -> f64 {
        let magnitude = x.abs();
        let (small, large) = (magnitude <= 0.5, magnitude > 2.0);
        let numerator = if large { -1.0 } else { magnitude - 1.0 };
        let denominator = if large { magnitude } else { magnitude + 1.0 };
        let t = if small { magnitude } else { numerator / denominator };
        let base = if large { FRAC_PI_2 } else { FRAC_PI_4 };
        let base_low = if large { FRAC_PI_2_LOW } else { 0.5 * FRAC_PI_2_LOW };
        let square = t * t;
        let rest = t * square * polynomial(square, &ATAN);
        let turned = base + (t + (rest + base_low));
        with_sign(if small { t + rest } else { turned }, x)
    }
}
