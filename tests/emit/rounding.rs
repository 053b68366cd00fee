//! How far code for every machine is from code for this one: element by element, in units of the last place of what the
//! element is made of.

use pdec::codegen::Machine;
use pdec::routine::Routine;
use pdec::tape::{Binary, Number, Ternary, Unary};
use pdec::vmath::Function;

use super::calls::{Call, Float, Found, sums};
use super::library::{inputs, library, problems_with_kernels};

/// A number and its scale: what it would be if nothing that it is made of cancelled.
///
/// The scale of an input is its magnitude, of a sum or difference the sum of both scales, of a product the product; of a
/// function `|f(a)| + |f'(a)|` times the scale of a, so that `a/b` counts as `a` times the reciprocal of b.
#[derive(Clone, Copy)]
struct Scaled {
    value: f64,
    scale: f64,
}

impl Scaled {
    /// A function of an argument, with its derivative there.
    fn function(value: f64, slope: f64, a: Self) -> Self {
        Self { value, scale: value.abs() + slope.abs() * a.scale }
    }
}

impl Number for Scaled {
    const LANES: usize = f64::LANES;

    fn of(value: f64) -> Self {
        Self { value, scale: value.abs() }
    }

    fn unary(op: Unary, a: Self) -> Self {
        let value = op.apply(a.value);
        match op {
            Unary::Neg | Unary::Abs => Self { value, ..a },
            Unary::Sign | Unary::Step => Self::of(value),
            Unary::Sqrt => Self::function(value, 0.5 / value, a),
        }
    }

    fn binary(op: Binary, a: Self, b: Self) -> Self {
        let value = op.apply(a.value, b.value);
        let scale = match op {
            Binary::Add | Binary::Sub => a.scale + b.scale,
            Binary::Mul => a.scale * b.scale,
            Binary::Div => a.scale * Self::function(1.0 / b.value, b.value.powi(-2), b).scale,
            Binary::Min | Binary::Max => a.scale.max(b.scale),
            Binary::Equal | Binary::Less | Binary::LessEqual => value,
        };
        Self { value, scale }
    }

    fn ternary(op: Ternary, a: Self, b: Self, c: Self) -> Self {
        let value = op.apply(a.value, b.value, c.value);
        let scale = match op {
            Ternary::Fma | Ternary::Fms | Ternary::Fnma => a.scale * b.scale + c.scale,
            Ternary::Select if a.value != 0.0 => b.scale,
            Ternary::Select => c.scale,
        };
        Self { value, scale }
    }

    fn math(function: Function, a: Self) -> Self {
        let (x, value) = (a.value, f64::math(function, a.value));
        let of = |function: Function| f64::math(function, x);
        let slope = match function {
            Function::Sin => of(Function::Cos),
            Function::Cos => of(Function::Sin),
            Function::Tan => 1.0 + value * value,
            Function::Asin | Function::Acos => (1.0 - x * x).sqrt().recip(),
            Function::Atan => (1.0 + x * x).recip(),
            Function::Sinh => of(Function::Cosh),
            Function::Cosh => of(Function::Sinh),
            Function::Tanh => of(Function::Sech).powi(2),
            Function::Sech => value * of(Function::Tanh),
            Function::Exp => value,
            Function::Log => x.recip(),
            Function::Erf => std::f64::consts::FRAC_2_SQRT_PI * f64::math(Function::Exp, -x * x),
            Function::Pow => unreachable!("a function of two arguments"),
        };
        Self::function(value, slope, a)
    }

    fn pow(a: Self, b: Self) -> Self {
        let value = f64::pow(a.value, b.value);
        let slopes = [b.value * f64::pow(a.value, b.value - 1.0), value * f64::math(Function::Log, a.value.abs())];
        Self { value, scale: value.abs() + slopes[0].abs() * a.scale + slopes[1].abs() * b.scale }
    }
}

/// What the documentation promises, in units in the last place of the scale of an element; 2 is the most that was measured.
const MOST_ULPS: f64 = 4.0;

/// Points of a call: a tile that is not full.
const POINTS: usize = 11;

/// A kernel with as many numbers in a matrix of parameters is left to the smaller problems.
const MOST_PAIRS: usize = 40_000;

/// The scales of all outputs.
fn scales(routine: &Routine) -> Found<f64> {
    let given: Vec<Vec<Scaled>> =
        inputs(routine, POINTS).into_iter().map(|array| array.into_iter().map(Scaled::of).collect()).collect();
    let given: Vec<&[Scaled]> = given.iter().map(Vec::as_slice).collect();
    let mut outputs: Vec<Vec<Scaled>> =
        routine.outputs.iter().map(|o| vec![Scaled::of(0.0); o.length(POINTS)]).collect();
    let mut wanted: Vec<Option<&mut [Scaled]>> = outputs.iter_mut().map(|array| Some(array.as_mut_slice())).collect();
    routine.interpret(sums(Machine::Native), POINTS, &given, &mut wanted).expect("a routine that holds");
    outputs.into_iter().map(|array| array.into_iter().map(|x| x.scale).collect()).collect()
}

fn values<T: Float>(routine: &Routine, machine: Machine) -> Found<f64> {
    let inputs = inputs(routine, POINTS).into_iter().map(|array| array.into_iter().map(T::of).collect()).collect();
    let call = Call { n: POINTS, shift: 0, wanted: vec![true; routine.outputs.len()], inputs };
    let doubles = |array: Vec<T>| array.into_iter().map(Float::double).collect();
    call.interpreted(routine, machine).into_iter().map(doubles).collect()
}

/// How many elements differ; none by more than it may. `epsilon` is a unit in the last place of 1.
fn check<T: Float>(native: &Routine, baseline: &Routine, scales: &Found<f64>, epsilon: f64) -> usize {
    let (found, expected) = (values::<T>(baseline, Machine::Baseline), values::<T>(native, Machine::Native));
    let mut different = 0;
    for (output, ((found, expected), scales)) in native.outputs.iter().zip(found.iter().zip(&expected).zip(scales)) {
        for (i, ((a, b), scale)) in found.iter().zip(expected).zip(scales).enumerate() {
            if a == b || a.is_nan() && b.is_nan() {
                continue;
            }
            different += 1;
            let ulps = (a - b).abs() / (epsilon * scale.log2().floor().exp2());
            let what = format!("{}: {}[{i}]: {a:e}, not {b:e}, of scale {scale:e}", native.name, output.name);
            assert!(scale.is_finite() && ulps <= MOST_ULPS, "{what}: {ulps} ulp");
        }
    }
    different
}

/// On all problems that come with pdec, in both types of numbers. The object has the bits of the interpreter, which is what
/// is compared here (`differential`).
#[test]
fn code_for_every_machine_is_within_ulps_of_its_scale() {
    let mut different = 0;
    for name in problems_with_kernels() {
        let [native, baseline] = [Machine::Native, Machine::Baseline].map(|machine| library(&name, machine));
        for (native, baseline) in native.kernels.iter().zip(&baseline.kernels) {
            let (native, baseline) = (&native.routine, &baseline.routine);
            assert_eq!((&native.name, &native.outputs), (&baseline.name, &baseline.outputs));
            if native.outputs.iter().all(|o| o.batched || o.numbers() <= MOST_PAIRS) {
                let scales = scales(native);
                different += check::<f64>(native, baseline, &scales, f64::EPSILON);
                different += check::<f32>(native, baseline, &scales, f32::EPSILON.into());
            }
        }
    }
    assert!(different > 100_000, "only {different} elements differ: is this one code?");
}
