//! Numbers in which a tape can be computed.

use super::op::{Binary, Ternary, Unary};
use crate::vmath::services::Scalar;
use crate::vmath::{self, Function};

/// Numbers with the operations of a tape: [`f64`] and [`f32`] as machine code has them, or numbers that carry more, such as
/// how far off they may be.
pub trait Number: Copy {
    /// How many stand in the widest register of the machine code that is meant.
    const LANES: usize;

    /// The nearest one.
    fn of(number: f64) -> Self;
    /// An operation of one operand.
    fn unary(op: Unary, a: Self) -> Self;
    /// An operation of two operands.
    fn binary(op: Binary, a: Self, b: Self) -> Self;
    /// An operation of three operands.
    fn ternary(op: Ternary, a: Self, b: Self, c: Self) -> Self;
    /// A math function of one argument.
    fn math(function: Function, a: Self) -> Self;
    /// `a` to the power `b`.
    fn pow(a: Self, b: Self) -> Self;
}

impl Number for f64 {
    const LANES: usize = Scalar::F64.lanes();

    fn of(number: f64) -> f64 {
        number
    }

    #[inline]
    fn unary(op: Unary, a: f64) -> f64 {
        op.apply(a)
    }

    #[inline]
    fn binary(op: Binary, a: f64, b: f64) -> f64 {
        op.apply(a, b)
    }

    #[inline]
    fn ternary(op: Ternary, a: f64, b: f64, c: f64) -> f64 {
        op.apply(a, b, c)
    }

    fn math(function: Function, a: f64) -> f64 {
        vmath::eval(function, a)
    }

    fn pow(a: f64, b: f64) -> f64 {
        vmath::eval2(Function::Pow, a, b)
    }
}

/// By way of doubles: their sums, products, quotients and roots, rounded once more, are those that are rounded once, since
/// doubles have more than twice as many digits (Figueroa, When is double rounding innocuous?, SIGNUM Newsletter 30, 1995).
/// A fused multiply-add has a rounding of its own, and math functions are those of [`vmath::eval_single`].
impl Number for f32 {
    const LANES: usize = Scalar::F32.lanes();

    fn of(number: f64) -> f32 {
        number as f32
    }

    #[inline]
    fn unary(op: Unary, a: f32) -> f32 {
        op.apply(a.into()) as f32
    }

    #[inline]
    fn binary(op: Binary, a: f32, b: f32) -> f32 {
        op.apply(a.into(), b.into()) as f32
    }

    #[inline]
    fn ternary(op: Ternary, a: f32, b: f32, c: f32) -> f32 {
        match op {
            Ternary::Fma => a.mul_add(b, c),
            Ternary::Fms => a.mul_add(b, -c),
            Ternary::Fnma => (-a).mul_add(b, c),
            Ternary::Select => op.apply(a.into(), b.into(), c.into()) as f32,
        }
    }

    fn math(function: Function, a: f32) -> f32 {
        vmath::eval_single(function, a)
    }

    fn pow(a: f32, b: f32) -> f32 {
        vmath::eval2(Function::Pow, a.into(), b.into()) as f32
    }
}
