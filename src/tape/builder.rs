//! Adds lines to a tape: equal lines become one value, lines of constants become constants.

use rustc_hash::FxHashMap;

use super::op::{Binary, Op, Ternary, Unary, Value};
use super::{Contraction, Tape};

/// A tape in the making.
pub(super) struct Builder {
    ops: Vec<Op>,
    numbers: FxHashMap<Key, Value>,
    contraction: Contraction,
}

/// A line as a key: name, operands, bits of the constant or number of the input.
type Key = (&'static str, [u32; 3], u64);

impl Builder {
    pub(super) fn new(contraction: Contraction) -> Self {
        Self { ops: Vec::new(), numbers: FxHashMap::default(), contraction }
    }

    pub(super) fn finish(self, outputs: Vec<Value>, inputs: usize) -> Tape {
        Tape { ops: self.ops, outputs, inputs, contraction: self.contraction }
    }

    /// The value of a line: a new one only if there is none like it.
    pub(super) fn push(&mut self, op: Op) -> Value {
        let op = self.folded(ordered(op));
        let next = Value::from_index(self.ops.len());
        let value = *self.numbers.entry(key(&op)).or_insert(next);
        if value == next {
            self.ops.push(op);
        }
        value
    }

    pub(super) fn constant(&mut self, number: f64) -> Value {
        self.push(Op::Const(number))
    }

    /// The number that a value is, if it does not depend on inputs.
    pub(super) fn as_constant(&self, value: Value) -> Option<f64> {
        match self.ops[value.index()] {
            Op::Const(number) => Some(number),
            _ => None,
        }
    }

    pub(super) fn unary(&mut self, op: Unary, a: Value) -> Value {
        self.push(Op::Unary(op, a))
    }

    pub(super) fn binary(&mut self, op: Binary, a: Value, b: Value) -> Value {
        self.push(Op::Binary(op, a, b))
    }

    pub(super) fn mul(&mut self, a: Value, b: Value) -> Value {
        self.binary(Binary::Mul, a, b)
    }

    /// `a*b + c`, `a*b - c` or `c - a*b`, in one operation or in two.
    pub(super) fn multiply_add(&mut self, op: Ternary, a: Value, b: Value, c: Value) -> Value {
        if self.contraction == Contraction::Fused {
            return self.push(Op::Ternary(op, a, b, c));
        }
        let product = self.mul(a, b);
        match op {
            Ternary::Fma => self.binary(Binary::Add, product, c),
            Ternary::Fms => self.binary(Binary::Sub, product, c),
            Ternary::Fnma => self.binary(Binary::Sub, c, product),
            Ternary::Select => unreachable!("not a multiply-add"),
        }
    }

    /// `base^exponent` for a whole exponent of at least 1, by squaring.
    pub(super) fn power(&mut self, base: Value, exponent: u64) -> Value {
        match self.power_parts(base, exponent) {
            (value, None) => value,
            (a, Some(b)) => self.mul(a, b),
        }
    }

    /// `base^exponent` as its last multiplication, or as a value where there is none.
    ///
    /// Smaller powers are shared between all powers of the same base: x⁶ = (x³)², x³ = x²·x.
    pub(super) fn power_parts(&mut self, base: Value, exponent: u64) -> (Value, Option<Value>) {
        if exponent == 1 {
            (base, None)
        } else if exponent.is_multiple_of(2) {
            let half = self.power(base, exponent / 2);
            (half, Some(half))
        } else {
            let below = self.power(base, exponent - 1);
            (below, Some(base))
        }
    }

    fn folded(&self, op: Op) -> Op {
        let constant = |v: Value| self.as_constant(v);
        if op.is_leaf() || !op.operands().all(|v| constant(v).is_some()) {
            return op;
        }
        Op::Const(op.evaluate(|v| constant(v).unwrap_or(f64::NAN), |_| f64::NAN))
    }
}

/// Operands that may change places are sorted, so that both spellings are one value.
fn ordered(op: Op) -> Op {
    match op {
        Op::Binary(op, a, b) if op.commutes() => Op::Binary(op, a.min(b), a.max(b)),
        Op::Ternary(op, a, b, c) if op.is_fused() => Op::Ternary(op, a.min(b), a.max(b), c),
        _ => op,
    }
}

fn key(op: &Op) -> Key {
    let mut operands = [u32::MAX; 3];
    op.operands().enumerate().for_each(|(i, v)| operands[i] = v.0);
    let number = match *op {
        Op::Const(number) => number.to_bits(),
        Op::Input(i) => i.into(),
        _ => 0,
    };
    (op.name(), operands, number)
}
