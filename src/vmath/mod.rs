//! Math functions on blocks of numbers, with the same bits on every machine.
//!
//! Each function is a branch-free scalar formula of fused multiply-adds and bit operations ([`exponential`],
//! [`logarithm`], [`trigonometric`], [`inverse`], [`error_function`]). [`dispatch`] compiles each formula three times, for
//! AVX-512, for AVX2 and for any machine, and picks by what the machine has; a fused multiply-add is exact on all
//! three, so a [`Path`] changes the speed and never a bit. Interpreter, constant folding and machine code all call these
//! functions: [`eval`] for one number, [`apply`] for slices, [`entry`] for code that is made at run time.
//!
//! [`services`] are these functions and the loops around them as machine code of whole kernels calls them.
//!
//! All polynomials are minimax fits, made by a Remez exchange in 50 and more digits. Errors are stated in units in the
//! last place (ulp) of the exact result, as measured against 192-bit arithmetic by `tests/vmath.rs`. Sign and payload of
//! a NaN are not part of the promise.

mod channels;
mod column_products;
mod dispatch;
mod error_function;
mod exponential;
mod gemm;
mod inverse;
mod logarithm;
pub mod services;
mod software_fma;
mod trigonometric;

pub use channels::channel_products;
pub use column_products::{PIECES, Piece, add_column_products};
pub use dispatch::{BinaryEntry, Path, UnaryEntry};
use dispatch::{Loops, Loops2};
pub use gemm::{GemmShape, small_product};
pub use software_fma::{fused_in_software, fused_single_in_software};

/// The functions. The number with each is the largest error measured, in ulp.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Function {
    /// Sine; 0.76.
    Sin,
    /// Cosine; 0.83.
    Cos,
    /// Tangent; 0.75.
    Tan,
    /// Arcsine, NaN outside \[-1, 1\]; 1.5.
    Asin,
    /// Arccosine, NaN outside \[-1, 1\]; 1.1.
    Acos,
    /// Arctangent; 1.3.
    Atan,
    /// Hyperbolic sine; 1.5.
    Sinh,
    /// Hyperbolic cosine; 1.4.
    Cosh,
    /// Hyperbolic tangent; 2.1.
    Tanh,
    /// Hyperbolic secant; 1.8.
    Sech,
    /// eˣ; 0.92.
    Exp,
    /// Natural logarithm, -infinity at zero, NaN below; 0.77.
    Log,
    /// Error function; 0.83.
    Erf,
    /// x to the power y, with the special values of the C standard (annex F); 1.1.
    Pow,
}

impl Function {
    /// Every function, in the order of the enumeration.
    pub const ALL: [Self; 14] = [
        Self::Sin,
        Self::Cos,
        Self::Tan,
        Self::Asin,
        Self::Acos,
        Self::Atan,
        Self::Sinh,
        Self::Cosh,
        Self::Tanh,
        Self::Sech,
        Self::Exp,
        Self::Log,
        Self::Erf,
        Self::Pow,
    ];

    /// The name in formulas, such as `tanh`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sin => "sin",
            Self::Cos => "cos",
            Self::Tan => "tan",
            Self::Asin => "asin",
            Self::Acos => "acos",
            Self::Atan => "atan",
            Self::Sinh => "sinh",
            Self::Cosh => "cosh",
            Self::Tanh => "tanh",
            Self::Sech => "sech",
            Self::Exp => "exp",
            Self::Log => "log",
            Self::Erf => "erf",
            Self::Pow => "pow",
        }
    }

    /// The function of a [name](Self::name).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|function| function.name() == name)
    }

    /// The number of arguments: two for [`Function::Pow`], else one.
    pub fn arity(self) -> usize {
        if self == Self::Pow { 2 } else { 1 }
    }

    /// The loops of a function of one argument.
    fn loops(self) -> Option<Loops> {
        Some(match self {
            Self::Sin => Loops::of::<trigonometric::Sin>(),
            Self::Cos => Loops::of::<trigonometric::Cos>(),
            Self::Tan => Loops::of::<trigonometric::Tan>(),
            Self::Asin => Loops::of::<inverse::Asin>(),
            Self::Acos => Loops::of::<inverse::Acos>(),
            Self::Atan => Loops::of::<inverse::Atan>(),
            Self::Sinh => Loops::of::<exponential::Sinh>(),
            Self::Cosh => Loops::of::<exponential::Cosh>(),
            Self::Tanh => Loops::of::<exponential::Tanh>(),
            Self::Sech => Loops::of::<exponential::Sech>(),
            Self::Exp => Loops::of::<exponential::Exp>(),
            Self::Log => Loops::of::<logarithm::Log>(),
            Self::Erf => Loops::of::<error_function::Erf>(),
            Self::Pow => return None,
        })
    }
}

/// Block code of a function for one path.
///
/// Contract of a call: every pointer is valid for `count` numbers (8-aligned), the output is exactly equal to an input or
/// overlaps none, and `count` may be zero. Nothing unwinds, and no vector register survives the call.
#[derive(Clone, Copy, Debug)]
pub enum Entry {
    /// Of one argument.
    Unary(UnaryEntry),
    /// Of two arguments.
    Binary(BinaryEntry),
}

impl Entry {
    /// The address, for machine code made at run time (the calling convention is C's).
    pub fn address(self) -> *const u8 {
        match self {
            Self::Unary(code) => code as *const u8,
            Self::Binary(code) => code as *const u8,
        }
    }
}

/// The block code of a function on the fastest path of this machine.
pub fn entry(function: Function) -> Entry {
    entry_on(Path::detected(), function)
}

/// The block code of a function on a path, or on the portable one where the machine lacks the instructions.
pub fn entry_on(path: Path, function: Function) -> Entry {
    match function.loops() {
        Some(loops) => Entry::Unary(loops.on(path)),
        None => Entry::Binary(Loops2::of::<logarithm::Pow>().on(path)),
    }
}

/// Stores the function of every `x` in `out`.
///
/// # Panics
/// If the lengths differ or the function has two arguments.
pub fn apply(function: Function, x: &[f64], out: &mut [f64]) {
    apply_on(Path::detected(), function, x, out);
}

/// [`apply`] on a chosen path (the portable one where the machine lacks the instructions): for tests and measurements.
///
/// # Panics
/// As [`apply`].
pub fn apply_on(path: Path, function: Function, x: &[f64], out: &mut [f64]) {
    assert_eq!(x.len(), out.len(), "{} of blocks of different lengths", function.name());
    let code = unary(path, function);
    // SAFETY: both slices hold the count, and a shared and a mutable slice do not overlap.
    unsafe { code(x.as_ptr(), out.as_mut_ptr(), out.len()) }
}

/// Replaces every value by the function of it.
///
/// # Panics
/// If the function has two arguments.
pub fn apply_in_place(function: Function, values: &mut [f64]) {
    let code = unary(Path::detected(), function);
    let pointer = values.as_mut_ptr();
    // SAFETY: input and output are the same slice, which holds the count.
    unsafe { code(pointer, pointer, values.len()) }
}

/// Stores the function of every pair `x`, `y` in `out`.
///
/// # Panics
/// If the lengths differ or the function has one argument.
pub fn apply2(function: Function, x: &[f64], y: &[f64], out: &mut [f64]) {
    apply2_on(Path::detected(), function, x, y, out);
}

/// [`apply2`] on a chosen path (the portable one where the machine lacks the instructions).
///
/// # Panics
/// As [`apply2`].
pub fn apply2_on(path: Path, function: Function, x: &[f64], y: &[f64], out: &mut [f64]) {
    assert!(x.len() == out.len() && y.len() == out.len(), "{} of blocks of different lengths", function.name());
    let Entry::Binary(code) = entry_on(path, function) else { panic!("{} takes one argument", function.name()) };
    // SAFETY: the three slices hold the count, and shared and mutable slices do not overlap.
    unsafe { code(x.as_ptr(), y.as_ptr(), out.as_mut_ptr(), out.len()) }
}

/// The function of one number, with the bits of [`apply`].
///
/// # Panics
/// If the function has two arguments.
pub fn eval(function: Function, x: f64) -> f64 {
    let mut value = [x];
    apply_in_place(function, &mut value);
    value[0]
}

/// The function of one number in single precision, with the bits of [`services`].
///
/// [`Function::Tanh`] has a formula of its own, within 1.3 ulp; all others are those of doubles, rounded once more, which is
/// within 0.51 ulp.
///
/// # Panics
/// If the function has two arguments.
pub fn eval_single(function: Function, x: f32) -> f32 {
    match function.loops() {
        Some(loops) => (loops.single)(x),
        None => panic!("{} takes two arguments", function.name()),
    }
}

/// The function of two numbers, with the bits of [`apply2`].
///
/// # Panics
/// If the function has one argument.
pub fn eval2(function: Function, x: f64, y: f64) -> f64 {
    let mut value = [0.0];
    apply2(function, &[x], &[y], &mut value);
    value[0]
}

fn unary(path: Path, function: Function) -> UnaryEntry {
    match entry_on(path, function) {
        Entry::Unary(code) => code,
        Entry::Binary(_) => panic!("{} takes two arguments", function.name()),
    }
}

/// Horner's rule, the lowest coefficient first.
#[inline(always)]
fn polynomial<const N: usize>(x: f64, coefficients: &[f64; N]) -> f64 {
    let mut sum = coefficients[N - 1];
    for index in (0..N - 1).rev() {
        sum = sum.mul_add(x, coefficients[index]);
    }
    sum
}

/// The same in single precision.
#[inline(always)]
fn polynomial_of_singles<const N: usize>(x: f32, coefficients: &[f32; N]) -> f32 {
    let mut sum = coefficients[N - 1];
    for index in (0..N - 1).rev() {
        sum = sum.mul_add(x, coefficients[index]);
    }
    sum
}

/// A number that is not negative, with the sign of another.
#[inline(always)]
fn with_sign(magnitude: f64, sign: f64) -> f64 {
    f64::from_bits(magnitude.to_bits() ^ (sign.to_bits() & (1 << 63)))
}

/// a + b as a rounded sum and the exact rest (Knuth).
#[inline(always)]
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let of_b = sum - a;
    (sum, (a - (sum - of_b)) + (b - of_b))
}
