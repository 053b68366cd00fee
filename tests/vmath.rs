//! The block functions against 192-bit arithmetic, at their special values, and the three paths against each other.

use std::f64::consts::{FRAC_PI_2, FRAC_PI_4, PI};

use astro_float::{BigFloat, Consts, RoundingMode};
use pdec::vmath::{self, Entry, Function, Path};

const PRECISION: usize = 192;
const ROUNDING: RoundingMode = RoundingMode::ToEven;

/// Where a function is measured.
enum Range {
    /// Uniform between two numbers.
    Uniform(f64, f64),
    /// Uniform exponent between two positive numbers, both signs unless the function has positive arguments only.
    Exponents(f64, f64),
    /// The doubles nearest to multiples of π/4 up to this number.
    MultiplesOfQuarterPi(f64),
}
use Range::{Exponents, MultiplesOfQuarterPi, Uniform};

/// Function, points per range, the bound in ulp that the documentation states, the ranges.
fn cases() -> Vec<(Function, usize, f64, Vec<Range>)> {
    let circle = || {
        vec![
            Uniform(-FRAC_PI_4, FRAC_PI_4),
            Uniform(-30.0, 30.0),
            Exponents(1e-310, 1e9),
            Uniform(-1e6, 1e6),
            MultiplesOfQuarterPi(1e9),
        ]
    };
    let far = || vec![Exponents(1e9, 1e300)];
    let unit = || vec![Uniform(-1.0, 1.0), Uniform(-0.55, -0.45), Uniform(0.45, 0.55), Exponents(1e-320, 1.0)];
    let hyperbolic =
        || vec![Uniform(-1.2, 1.2), Uniform(-25.0, 25.0), Uniform(-709.0, 710.4), Exponents(1e-320, 700.0)];
    vec![
        (Function::Sin, 2500, 0.8, circle()),
        (Function::Cos, 2500, 0.85, circle()),
        (Function::Tan, 2500, 0.8, circle()),
        (Function::Sin, 400, 0.8, far()),
        (Function::Cos, 400, 0.85, far()),
        (Function::Tan, 400, 0.8, far()),
        (Function::Asin, 3000, 1.5, unit()),
        (Function::Acos, 3000, 1.1, unit()),
        (
            Function::Atan,
            2500,
            1.4,
            vec![Uniform(-0.6, 0.6), Uniform(0.4, 2.4), Uniform(-20.0, 20.0), Exponents(1e-310, 1e300)],
        ),
        (Function::Sinh, 2500, 1.5, hyperbolic()),
        (Function::Cosh, 2500, 1.4, hyperbolic()),
        (
            Function::Tanh,
            4000,
            2.1,
            vec![Uniform(-1.2, 1.2), Uniform(-3.0, 3.0), Uniform(-25.0, 25.0), Exponents(1e-320, 30.0)],
        ),
        (
            Function::Sech,
            2500,
            1.8,
            vec![Uniform(-2.0, 2.0), Uniform(-25.0, 25.0), Uniform(-745.0, 745.0), Exponents(1e-300, 700.0)],
        ),
        (
            Function::Exp,
            4000,
            0.95,
            vec![Uniform(-1.0, 1.0), Uniform(-40.0, 40.0), Uniform(-745.0, 709.7), Exponents(1e-320, 700.0)],
        ),
        (
            Function::Log,
            4000,
            0.8,
            vec![Uniform(0.5, 2.0), Uniform(0.99, 1.01), Exponents(1e-323, 1e308), Uniform(0.0, 100.0)],
        ),
        (
            Function::Erf,
            800,
            0.9,
            vec![Uniform(-1.0, 1.0), Uniform(0.9, 1.5), Uniform(-6.0, 6.0), Exponents(1e-320, 5.0)],
        ),
    ]
}

/// A stream of numbers in [0, 1) (SplitMix64).
struct Stream(u64);

impl Stream {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    fn point(&mut self, function: Function, range: &Range) -> f64 {
        match *range {
            Uniform(low, high) => low + (high - low) * self.next(),
            Exponents(low, high) => {
                let magnitude = (low.log10() + (high.log10() - low.log10()) * self.next()) * std::f64::consts::LN_10;
                // exp in two halves reaches the subnormal numbers.
                let x = (0.5 * magnitude).exp() * (0.5 * magnitude).exp();
                if self.next() < 0.5 && function != Function::Log { -x } else { x }
            }
            MultiplesOfQuarterPi(high) => (self.next() * high / FRAC_PI_4).round() * FRAC_PI_4,
        }
    }
}

fn exact(function: Function, x: &BigFloat, constants: &mut Consts) -> BigFloat {
    let (p, rm) = (PRECISION, ROUNDING);
    match function {
        Function::Sin => x.sin(p, rm, constants),
        Function::Cos => x.cos(p, rm, constants),
        Function::Tan => x.tan(p, rm, constants),
        Function::Asin => x.asin(p, rm, constants),
        Function::Acos => x.acos(p, rm, constants),
        Function::Atan => x.atan(p, rm, constants),
        Function::Sinh => x.sinh(p, rm, constants),
        Function::Cosh => x.cosh(p, rm, constants),
        Function::Tanh => x.tanh(p, rm, constants),
        Function::Sech => x.cosh(p, rm, constants).reciprocal(p, rm),
        Function::Exp => x.exp(p, rm, constants),
        Function::Log => x.ln(p, rm, constants),
        Function::Erf => exact_erf(x, constants),
        Function::Pow => unreachable!("pow has a test of its own"),
    }
}

/// A double in high precision; `from_f64` misreads subnormal numbers.
fn big(x: f64) -> BigFloat {
    if !x.is_subnormal() {
        return BigFloat::from_f64(x, PRECISION);
    }
    let mut scaled = BigFloat::from_f64(x * 2f64.powi(100), PRECISION);
    scaled.set_exponent(scaled.exponent().expect("the number is not zero") - 100);
    scaled
}

/// 2/√π exp(-x²) Σ 2ᵏ x²ᵏ⁺¹ / (2k + 1)!!, in which nothing cancels.
fn exact_erf(x: &BigFloat, constants: &mut Consts) -> BigFloat {
    let (p, rm) = (PRECISION, ROUNDING);
    let square = x.mul(x, p, rm);
    let double_square = square.add(&square, p, rm);
    let (mut term, mut sum, mut odd) = (x.clone(), x.clone(), 1.0);
    while term.exponent() > sum.exponent().map(|exponent| exponent - 100) {
        odd += 2.0;
        term = term.mul(&double_square, p, rm).div(&BigFloat::from_f64(odd, p), p, rm);
        sum = sum.add(&term, p, rm);
    }
    let pi = constants.pi(p, rm);
    let factor = BigFloat::from_f64(2.0, p).div(&pi.sqrt(p, rm), p, rm);
    sum.mul(&square.neg().exp(p, rm, constants), p, rm).mul(&factor, p, rm)
}

/// |value - exact| in units in the last place of a double near `exact`.
fn ulps(value: f64, exact: &BigFloat) -> f64 {
    assert!(!value.is_nan() && !exact.is_nan());
    // Exponents of astro-float are those of significands in [1/2, 1).
    let exponent = exact.exponent().map_or(-1074, |exponent| exponent.max(-1021) - 53);
    let value = if value.is_infinite() {
        assert!(exact.exponent().is_some_and(|exponent| exponent >= 1024), "{exact} rounds to infinity");
        return 0.0;
    } else {
        big(value)
    };
    let error = value.sub(exact, PRECISION, ROUNDING);
    let (Some(words), Some(error_exponent)) = (error.mantissa_digits(), error.exponent()) else { return f64::INFINITY };
    let top = *words.last().expect("a number has a significand") as f64 / 2f64.powi(64);
    top * 2f64.powi((error_exponent - exponent).max(-200))
}

#[test]
fn errors_stay_within_the_documented_bounds() {
    let mut constants = Consts::new().expect("memory for the constants");
    let mut failures = Vec::new();
    for (function, points, bound, ranges) in cases() {
        let mut worst = (0.0, 0.0);
        for (index, range) in ranges.iter().enumerate() {
            let mut stream = Stream(1000 * function as u64 + index as u64);
            let xs: Vec<f64> = (0..points).map(|_| stream.point(function, range)).collect();
            let mut values = vec![0.0; points];
            vmath::apply(function, &xs, &mut values);
            for (&x, &value) in xs.iter().zip(&values) {
                let error = ulps(value, &exact(function, &big(x), &mut constants));
                if error > worst.0 {
                    worst = (error, x);
                }
            }
        }
        println!("{}: {:.3} ulp at {:e}", function.name(), worst.0, worst.1);
        if worst.0 > bound {
            failures.push(format!("{}: {} ulp at {:e}", function.name(), worst.0, worst.1));
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

/// Numbers of single precision: every 997th up to 20, and what is special.
fn singles() -> impl Iterator<Item = f32> {
    let most = 20_f32.to_bits();
    let special = [0.0, f32::MIN_POSITIVE, 1e-45, 0.625, 9.1, 88.0, 1e30, f32::MAX, f32::INFINITY];
    (0..most).step_by(997).map(f32::from_bits).chain(special).flat_map(|x| [x, -x])
}

/// Doubles know tanh to twice as many digits; numbers of single precision are this far apart where it is.
#[test]
fn tanh_in_single_precision_stays_within_the_documented_bound() {
    let mut worst = (0.0, 0.0);
    for x in singles() {
        let exact = vmath::eval(Function::Tanh, x.into());
        let found = vmath::eval_single(Function::Tanh, x);
        let next = (exact as f32).abs().next_up();
        let ulp = f64::from(next) - f64::from((exact as f32).abs());
        let error = (f64::from(found) - exact).abs() / ulp;
        assert!(found.is_sign_negative() == x.is_sign_negative() && found.abs() <= 1.0, "tanh {x:e} is {found:e}");
        if error > worst.1 {
            worst = (x, error);
        }
    }
    println!("tanh of {:e}: {:.3} ulp", worst.0, worst.1);
    assert!(worst.1 < 1.3, "{worst:?}");
    assert!(vmath::eval_single(Function::Tanh, f32::NAN).is_nan());
    assert_eq!(vmath::eval_single(Function::Tanh, f32::INFINITY), 1.0);
}

/// Other functions are those of doubles, rounded once more.
#[test]
fn other_functions_in_single_precision_are_those_of_doubles() {
    let others = Function::ALL.into_iter().filter(|function| function.arity() == 1 && *function != Function::Tanh);
    for function in others {
        for x in singles().step_by(101) {
            let [found, expected] = [vmath::eval_single(function, x), vmath::eval(function, x.into()) as f32];
            assert!(found.to_bits() == expected.to_bits() || found.is_nan() && expected.is_nan(), "{function:?} {x:e}");
        }
    }
}

/// Where numbers cancel, underflow or overflow, too.
#[test]
fn fused_in_software_is_the_instruction_in_single_precision() {
    let mut stream = Stream(7);
    let mut number = || match (stream.next() * 8.0) as u32 {
        0 => (stream.next() as f32 - 0.5) * f32::MIN_POSITIVE,
        1 => [0.0, -0.0, f32::INFINITY, f32::NAN, f32::MAX, 1e-45][(stream.next() * 6.0) as usize],
        2 => f32::from_bits((stream.next() * f64::from(u32::MAX)) as u32),
        _ => (stream.next() as f32 - 0.5) * 2f32.powi((stream.next() * 60.0) as i32 - 30),
    };
    for _ in 0..200_000 {
        let [a, b] = [number(), number()];
        for c in [number(), -a * b, (-a * b).next_up()] {
            let [found, expected] = [vmath::fused_single_in_software(a, b, c), a.mul_add(b, c)];
            let same = found.to_bits() == expected.to_bits() || found.is_nan() && expected.is_nan();
            assert!(same, "{a:e} {b:e} {c:e}: {found:e}, not {expected:e}");
        }
    }
}

#[test]
fn powers_stay_within_the_documented_bound() {
    let mut constants = Consts::new().expect("memory for the constants");
    let mut stream = Stream(7);
    let mut worst = (0.0, 0.0, 0.0);
    for index in 0..6000 {
        let (x, y) = match index % 4 {
            0 => (100.0 * stream.next(), 20.0 * stream.next() - 10.0),
            1 => (stream.point(Function::Log, &Exponents(1e-300, 1e300)), 2.0 * stream.next() - 1.0),
            2 => (0.9 + 0.2 * stream.next(), 10_000.0 * (stream.next() - 0.5)),
            _ => (10.0 * stream.next() - 5.0, (20.0 * stream.next()).round() - 10.0),
        };
        // Not `BigFloat::pow`, which does not return for some integer exponents.
        let log = big(x.abs()).ln(2 * PRECISION, ROUNDING, &mut constants);
        let mut power = log.mul(&big(y), 2 * PRECISION, ROUNDING).exp(PRECISION, ROUNDING, &mut constants);
        if x < 0.0 && y % 2.0 != 0.0 {
            power.inv_sign();
        }
        let error = ulps(vmath::eval2(Function::Pow, x, y), &power);
        if error > worst.0 {
            worst = (error, x, y);
        }
    }
    println!("pow: {:.3} ulp at {:e}, {:e}", worst.0, worst.1, worst.2);
    assert!(worst.0 <= 1.1, "{worst:?}");
}

#[test]
fn special_values() {
    const INF: f64 = f64::INFINITY;
    const NAN: f64 = f64::NAN;
    let table = [
        (Function::Sin, [0.0, NAN, NAN]),
        (Function::Cos, [1.0, NAN, NAN]),
        (Function::Tan, [0.0, NAN, NAN]),
        (Function::Asin, [0.0, NAN, NAN]),
        (Function::Acos, [FRAC_PI_2, NAN, NAN]),
        (Function::Atan, [0.0, FRAC_PI_2, -FRAC_PI_2]),
        (Function::Sinh, [0.0, INF, -INF]),
        (Function::Cosh, [1.0, INF, INF]),
        (Function::Tanh, [0.0, 1.0, -1.0]),
        (Function::Sech, [1.0, 0.0, 0.0]),
        (Function::Exp, [1.0, INF, 0.0]),
        (Function::Log, [-INF, INF, NAN]),
        (Function::Erf, [0.0, 1.0, -1.0]),
    ];
    for (function, expected) in table {
        for (x, expected) in [0.0, INF, -INF, NAN].into_iter().zip(expected.into_iter().chain([NAN])) {
            let value = vmath::eval(function, x);
            let same = value.to_bits() == expected.to_bits() || (value.is_nan() && expected.is_nan());
            assert!(same, "{}({x}) = {value}, not {expected}", function.name());
        }
    }
    let more = [
        (Function::Acos, 1.0, 0.0),
        (Function::Acos, -1.0, PI),
        (Function::Asin, 1.0, FRAC_PI_2),
        (Function::Asin, -1.0, -FRAC_PI_2),
        (Function::Asin, 1.0000000000000002, NAN),
        (Function::Acos, -1.5, NAN),
        (Function::Atan, 1.0, FRAC_PI_4),
        (Function::Log, 1.0, 0.0),
        (Function::Log, -0.0, -INF),
        (Function::Log, -1e-320, NAN),
        (Function::Exp, 710.0, INF),
        (Function::Exp, -745.2, 0.0),
        (Function::Exp, 5e-324, 1.0),
        (Function::Sinh, 711.0, INF),
        (Function::Sech, 800.0, 0.0),
        (Function::Tanh, 5e-324, 5e-324),
        (Function::Sin, 5e-324, 5e-324),
        (Function::Sinh, 5e-324, 5e-324),
        (Function::Tanh, 1e300, 1.0),
    ];
    for (function, x, expected) in more {
        let value = vmath::eval(function, x);
        assert!(
            value.to_bits() == expected.to_bits() || (value.is_nan() && expected.is_nan()),
            "{}({x}) = {value}",
            function.name()
        );
    }
}

#[test]
fn special_powers() {
    const INF: f64 = f64::INFINITY;
    let interesting = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        0.5,
        -0.5,
        2.0,
        -2.0,
        3.0,
        -3.0,
        2.5,
        1e300,
        -1e300,
        9007199254740993.0,
        9007199254740991.0,
        INF,
        -INF,
        f64::NAN,
        5e-324,
        -5e-324,
    ];
    for x in interesting {
        for y in interesting {
            let (value, expected) = (vmath::eval2(Function::Pow, x, y), x.powf(y));
            let close = (value - expected).abs() <= 1e-15 * expected.abs();
            let same_sign = value.is_sign_negative() == expected.is_sign_negative();
            assert!(
                (value.is_nan() && expected.is_nan()) || ((value == expected || close) && same_sign),
                "{x}^{y} = {value}, not {expected}"
            );
        }
    }
}

#[test]
fn symmetries_are_exact() {
    let mut stream = Stream(3);
    for _ in 0..20_000 {
        let x = (1400.0 * stream.next() - 700.0).exp() * stream.next();
        for function in Function::ALL {
            let (plus, minus) = match function {
                Function::Pow | Function::Exp | Function::Log | Function::Acos => continue,
                _ => (vmath::eval(function, x), vmath::eval(function, -x)),
            };
            let even = matches!(function, Function::Cos | Function::Cosh | Function::Sech);
            let mirrored = if even { minus } else { -minus };
            assert!(
                plus.to_bits() == mirrored.to_bits() || (plus.is_nan() && minus.is_nan()),
                "{}(±{x:e})",
                function.name()
            );
        }
    }
    for function in
        [Function::Sin, Function::Tan, Function::Asin, Function::Atan, Function::Sinh, Function::Tanh, Function::Erf]
    {
        assert_eq!(vmath::eval(function, -0.0).to_bits(), (-0.0f64).to_bits(), "{}(-0)", function.name());
    }
}

/// Numbers of every kind: all exponents, both signs, the special ones.
fn mixed_bag(count: usize) -> Vec<f64> {
    let mut stream = Stream(11);
    let special =
        [0.0, -0.0, 1.0, -1.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 5e-324, f64::MAX, 0.5, 2.0, 1e6, 2e9];
    let any = |stream: &mut Stream| f64::from_bits((stream.next() * 2f64.powi(53)) as u64 * 2049);
    (0..count)
        .map(|index| match index % 5 {
            0 => any(&mut stream),
            1 => special[index / 5 % special.len()],
            2 => 40.0 * stream.next() - 20.0,
            3 => 2.0 * stream.next() - 1.0,
            _ => 1500.0 * stream.next() - 750.0,
        })
        .collect()
}

#[test]
fn all_paths_lengths_and_places_give_the_same_bits() {
    let bits = |values: &[f64]| -> Vec<u64> {
        values.iter().map(|value| if value.is_nan() { u64::MAX } else { value.to_bits() }).collect()
    };
    let (x, y) = (mixed_bag(3000), mixed_bag(3001));
    let y = &y[1..];
    for function in Function::ALL {
        let on = |path, length: usize| {
            let mut out = vec![0.0; length];
            match function.arity() {
                1 => vmath::apply_on(path, function, &x[..length], &mut out),
                _ => vmath::apply2_on(path, function, &x[..length], &y[..length], &mut out),
            }
            bits(&out)
        };
        let portable = on(Path::Portable, x.len());
        for path in Path::ALL {
            for length in [0, 1, 7, 8, 31, 64, 65, 1000, 1024, 1025, 3000] {
                assert_eq!(on(path, length), portable[..length], "{} {path:?} {length}", function.name());
            }
        }
        let mut in_place = x.clone();
        match vmath::entry(function) {
            // SAFETY: input and output are one slice of that length.
            Entry::Unary(code) => unsafe { code(in_place.as_ptr(), in_place.as_mut_ptr(), in_place.len()) },
            // SAFETY: all three slices have that length, and the output is the first input.
            Entry::Binary(code) => unsafe {
                code(in_place.as_ptr(), y.as_ptr(), in_place.as_mut_ptr(), in_place.len())
            },
        }
        assert_eq!(bits(&in_place), portable, "{} in place", function.name());
    }
}

#[test]
fn names_lead_back() {
    for function in Function::ALL {
        assert_eq!(Function::from_name(function.name()), Some(function));
    }
    assert_eq!(Function::from_name("sine"), None);
}

#[test]
fn channel_products_match_their_definition() {
    let mut stream = Stream(17);
    for (m, k, channels, stride) in [(1, 1, 1, 1), (3, 2, 4, 40), (2, 5, 3, 64), (4, 4, 1, 7)] {
        let cotangents: Vec<f64> = (0..m * channels * stride).map(|_| stream.next() - 0.5).collect();
        let inputs: Vec<f64> = (0..k * channels * stride).map(|_| stream.next() - 0.5).collect();
        let mut out = vec![f64::NAN; m * k * stride];
        vmath::channel_products(&mut out, &cotangents, &inputs, channels, stride);
        for (index, &found) in out.iter().enumerate() {
            let (row, point) = (index / stride, index % stride);
            let at = |rows: &[f64], row: usize, channel| rows[(row * channels + channel) * stride + point];
            let expected =
                (0..channels).fold(0.0, |sum, c| at(&cotangents, row / k, c).mul_add(at(&inputs, row % k, c), sum));
            assert_eq!(found.to_bits(), expected.to_bits(), "{m} {k} {channels} {stride}: {index}");
        }
    }
}
