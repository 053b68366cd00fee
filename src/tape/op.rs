//! The operations and what they mean for one number.

use super::Number;
use crate::vmath;

/// A line of a tape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Value(pub u32);

impl Value {
    /// The number of the line that defines the value.
    pub fn index(self) -> usize {
        self.0 as usize
    }

    pub(super) fn from_index(index: usize) -> Self {
        Self(u32::try_from(index).expect("a graph holds at most a million nodes, a tape a few lines for each"))
    }
}

/// Operations of one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unary {
    /// `-a`: flips the sign bit.
    Neg,
    /// `|a|`: clears the sign bit.
    Abs,
    /// -1, 0 or 1; 0 for a NaN.
    Sign,
    /// 1 where `a >= 0`, else 0.
    Step,
    /// The square root, correctly rounded.
    Sqrt,
}

/// Operations of two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Binary {
    /// `a + b`
    Add,
    /// `a - b`
    Sub,
    /// `a * b`
    Mul,
    /// `a / b`
    Div,
    /// `if a < b { a } else { b }`, so `b` where either is a NaN.
    Min,
    /// `if a > b { a } else { b }`, so `b` where either is a NaN.
    Max,
    /// 1 where `a == b`, else 0.
    Equal,
    /// 1 where `a < b`, else 0.
    Less,
    /// 1 where `a <= b`, else 0.
    LessEqual,
}

/// Operations of three operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ternary {
    /// `a*b + c`, rounded once.
    Fma,
    /// `a*b - c`, rounded once.
    Fms,
    /// `c - a*b`, rounded once.
    Fnma,
    /// `b` where `a` is not 0 (a NaN is not), else `c`.
    Select,
}

impl Unary {
    /// Every operation.
    pub const ALL: [Self; 5] = [Self::Neg, Self::Abs, Self::Sign, Self::Step, Self::Sqrt];

    /// The name in the text form.
    pub fn name(self) -> &'static str {
        match self {
            Self::Neg => "neg",
            Self::Abs => "abs",
            Self::Sign => "sign",
            Self::Step => "step",
            Self::Sqrt => "sqrt",
        }
    }

    /// The operation on one number.
    #[inline]
    pub fn apply(self, a: f64) -> f64 {
        match self {
            Self::Neg => -a,
            Self::Abs => a.abs(),
            Self::Sign => f64::from(i8::from(a > 0.0) - i8::from(a < 0.0)),
            Self::Step => truth(a >= 0.0),
            Self::Sqrt => a.sqrt(),
        }
    }
}

impl Binary {
    /// Every operation.
    pub const ALL: [Self; 9] =
        [Self::Add, Self::Sub, Self::Mul, Self::Div, Self::Min, Self::Max, Self::Equal, Self::Less, Self::LessEqual];

    /// The name in the text form.
    pub fn name(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Sub => "sub",
            Self::Mul => "mul",
            Self::Div => "div",
            Self::Min => "min",
            Self::Max => "max",
            Self::Equal => "equal",
            Self::Less => "less",
            Self::LessEqual => "less_equal",
        }
    }

    /// The operation on two numbers.
    #[inline]
    pub fn apply(self, a: f64, b: f64) -> f64 {
        match self {
            Self::Add => a + b,
            Self::Sub => a - b,
            Self::Mul => a * b,
            Self::Div => a / b,
            // Not `f64::min`: which of two zeros, or of a number and a NaN, is part of the meaning.
            Self::Min => pick(a < b, a, b),
            Self::Max => pick(a > b, a, b),
            Self::Equal => truth(a == b),
            Self::Less => truth(a < b),
            Self::LessEqual => truth(a <= b),
        }
    }

    /// Whether the operands may change places (up to the payload of a NaN).
    pub(super) fn commutes(self) -> bool {
        matches!(self, Self::Add | Self::Mul | Self::Equal)
    }
}

impl Ternary {
    /// Every operation.
    pub const ALL: [Self; 4] = [Self::Fma, Self::Fms, Self::Fnma, Self::Select];

    /// The name in the text form.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fma => "fma",
            Self::Fms => "fms",
            Self::Fnma => "fnma",
            Self::Select => "select",
        }
    }

    /// The operation on three numbers.
    #[inline]
    pub fn apply(self, a: f64, b: f64, c: f64) -> f64 {
        match self {
            Self::Fma => a.mul_add(b, c),
            Self::Fms => a.mul_add(b, -c),
            Self::Fnma => (-a).mul_add(b, c),
            Self::Select => pick(a != 0.0, b, c),
        }
    }

    /// Whether this is one of the fused multiply-adds.
    pub fn is_fused(self) -> bool {
        self != Self::Select
    }
}

#[inline]
fn truth(holds: bool) -> f64 {
    f64::from(u8::from(holds))
}

#[inline]
fn pick(condition: bool, a: f64, b: f64) -> f64 {
    if condition { a } else { b }
}

/// What a line does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Op {
    /// A number.
    Const(f64),
    /// An input of the program, by number.
    Input(u32),
    /// One operand.
    Unary(Unary, Value),
    /// Two operands.
    Binary(Binary, Value, Value),
    /// Three operands.
    Ternary(Ternary, Value, Value, Value),
    /// A math function of one argument, on blocks.
    Math(vmath::Function, Value),
    /// The first to the power of the second, on blocks.
    Pow(Value, Value),
}

impl Op {
    /// The value of the line, given those of its operands and of the inputs.
    pub fn evaluate<T: Number>(&self, value: impl Fn(Value) -> T, input: impl Fn(usize) -> T) -> T {
        match *self {
            Op::Const(number) => T::of(number),
            Op::Input(i) => input(i as usize),
            Op::Unary(op, a) => T::unary(op, value(a)),
            Op::Binary(op, a, b) => T::binary(op, value(a), value(b)),
            Op::Ternary(op, a, b, c) => T::ternary(op, value(a), value(b), value(c)),
            Op::Math(function, a) => T::math(function, value(a)),
            Op::Pow(a, b) => T::pow(value(a), value(b)),
        }
    }

    /// The operands, in order.
    pub fn operands(&self) -> impl Iterator<Item = Value> + use<> {
        let operands = match *self {
            Op::Const(_) | Op::Input(_) => [None; 3],
            Op::Unary(_, a) | Op::Math(_, a) => [Some(a), None, None],
            Op::Binary(_, a, b) | Op::Pow(a, b) => [Some(a), Some(b), None],
            Op::Ternary(_, a, b, c) => [Some(a), Some(b), Some(c)],
        };
        operands.into_iter().flatten()
    }

    /// The same operation on other operands.
    #[must_use]
    pub(super) fn map(self, f: impl Fn(Value) -> Value) -> Self {
        match self {
            Op::Const(_) | Op::Input(_) => self,
            Op::Unary(op, a) => Op::Unary(op, f(a)),
            Op::Binary(op, a, b) => Op::Binary(op, f(a), f(b)),
            Op::Ternary(op, a, b, c) => Op::Ternary(op, f(a), f(b), f(c)),
            Op::Math(function, a) => Op::Math(function, f(a)),
            Op::Pow(a, b) => Op::Pow(f(a), f(b)),
        }
    }

    /// Whether the line is a constant or an input: a load, wherever it is needed.
    pub fn is_leaf(&self) -> bool {
        matches!(self, Op::Const(_) | Op::Input(_))
    }

    /// Whether the line is a call of a block function.
    pub fn is_call(&self) -> bool {
        matches!(self, Op::Math(..) | Op::Pow(..))
    }

    /// The name in the text form.
    pub fn name(&self) -> &'static str {
        match *self {
            Op::Const(_) => "const",
            Op::Input(_) => "input",
            Op::Unary(op, _) => op.name(),
            Op::Binary(op, ..) => op.name(),
            Op::Ternary(op, ..) => op.name(),
            Op::Math(function, _) => function.name(),
            Op::Pow(..) => vmath::Function::Pow.name(),
        }
    }
}
