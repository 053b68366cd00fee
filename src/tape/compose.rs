//! New tapes from old ones: programs one after another in one, with known numbers folded.

use rustc_hash::FxHashMap;

use super::builder::Builder;
use super::op::{Binary, Op, Ternary, Unary, Value};
use super::schedule::schedule;
use super::{Contraction, Tape};

/// A tape that is put together from others.
///
/// What is known folds: products with 0 and ±1, sums with 0. A product with 0 is 0 here whatever the other factor, as it is
/// in the calculus of formulas.
pub struct Composer {
    builder: Builder,
    inputs: usize,
}

impl Composer {
    /// Nothing yet.
    pub fn new(contraction: Contraction) -> Self {
        Self { builder: Builder::new(contraction), inputs: 0 }
    }

    /// A further input.
    pub fn input(&mut self) -> Value {
        self.inputs += 1;
        self.builder.push(Op::Input(self.inputs as u32 - 1))
    }

    /// A number.
    pub fn constant(&mut self, number: f64) -> Value {
        self.builder.constant(number)
    }

    /// The number that a value is, if it is one.
    pub fn as_constant(&self, value: Value) -> Option<f64> {
        self.builder.as_constant(value)
    }

    /// `a·b + c`
    pub fn multiply_add(&mut self, a: Value, b: Value, c: Value) -> Value {
        self.ternary(Ternary::Fma, a, b, c)
    }

    /// `a + b`
    pub fn add(&mut self, a: Value, b: Value) -> Value {
        self.binary(Binary::Add, a, b)
    }

    /// `a·b`
    pub fn mul(&mut self, a: Value, b: Value) -> Value {
        self.binary(Binary::Mul, a, b)
    }

    /// The lines of a tape with these values as its inputs; results of calls that are `known` are not computed again.
    /// Gives the value of every line.
    ///
    /// # Panics
    /// If there are fewer values than inputs.
    pub fn splice(&mut self, tape: &Tape, inputs: &[Value], known: &FxHashMap<usize, Value>) -> Vec<Value> {
        let mut values: Vec<Value> = Vec::with_capacity(tape.ops().len());
        for (line, op) in tape.ops().iter().enumerate() {
            let value = match op.map(|v| values[v.index()]) {
                _ if known.contains_key(&line) => known[&line],
                Op::Const(number) => self.constant(number),
                Op::Input(i) => inputs[i as usize],
                Op::Unary(op, a) => self.unary(op, a),
                Op::Binary(op, a, b) => self.binary(op, a, b),
                Op::Ternary(op, a, b, c) => self.ternary(op, a, b, c),
                call @ (Op::Math(..) | Op::Pow(..)) => self.builder.push(call),
            };
            values.push(value);
        }
        values
    }

    /// The tape with these outputs, without lines and inputs that none of them needs; which inputs are left.
    pub fn finish(self, outputs: Vec<Value>) -> (Tape, Vec<usize>) {
        let mut tape = schedule(&self.builder.finish(outputs, self.inputs));
        let mut used = Vec::new();
        for op in &mut tape.ops {
            if let Op::Input(i) = op {
                used.push(*i as usize);
                *i = used.len() as u32 - 1;
            }
        }
        tape.inputs = used.len();
        tape.debug_verify("compose");
        (tape, used)
    }

    fn is(&self, value: Value, number: f64) -> bool {
        self.as_constant(value) == Some(number)
    }

    fn unary(&mut self, op: Unary, a: Value) -> Value {
        self.builder.unary(op, a)
    }

    fn negated(&mut self, a: Value) -> Value {
        self.unary(Unary::Neg, a)
    }

    fn binary(&mut self, op: Binary, a: Value, b: Value) -> Value {
        match op {
            Binary::Add if self.is(a, 0.0) => b,
            Binary::Add | Binary::Sub if self.is(b, 0.0) => a,
            Binary::Sub if self.is(a, 0.0) => self.negated(b),
            Binary::Mul if self.is(a, 0.0) || self.is(b, 0.0) => self.constant(0.0),
            Binary::Mul if self.is(a, 1.0) => b,
            Binary::Mul if self.is(b, 1.0) => a,
            Binary::Mul if self.is(a, -1.0) => self.negated(b),
            Binary::Mul if self.is(b, -1.0) => self.negated(a),
            _ => self.builder.binary(op, a, b),
        }
    }

    fn ternary(&mut self, op: Ternary, a: Value, b: Value, c: Value) -> Value {
        if op == Ternary::Select {
            return self.builder.push(Op::Ternary(op, a, b, c));
        }
        let is_simple = |v| [0.0, 1.0, -1.0].iter().any(|&number| self.is(v, number));
        if !is_simple(a) && !is_simple(b) && !self.is(c, 0.0) {
            return self.builder.multiply_add(op, a, b, c);
        }
        let product = self.mul(a, b);
        match op {
            Ternary::Fms => self.binary(Binary::Sub, product, c),
            Ternary::Fnma => self.binary(Binary::Sub, c, product),
            _ => self.add(product, c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tape(text: &str) -> Tape {
        text.parse().expect("a tape")
    }

    #[test]
    fn a_program_of_a_program_is_one_program() {
        let square = tape("tape fused, 1 inputs\nv0 = input 0\nv1 = tanh v0\nv2 = mul v1 v1\noutputs v2 v1\n");
        let sum =
            tape("tape fused, 3 inputs\nv0 = input 0\nv1 = input 1\nv2 = input 2\nv3 = fma v0 v1 v2\noutputs v3\n");
        let mut composer = Composer::new(Contraction::Fused);
        let x = composer.input();
        let first = composer.splice(&square, &[x], &FxHashMap::default());
        let one = composer.constant(1.0);
        let second = composer.splice(&sum, &[first[2], one, first[1]], &FxHashMap::default());
        let (whole, _) = composer.finish(vec![second[3]]);
        let t = 0.3_f64.tanh();
        assert!((whole.evaluate(&[0.3])[0] - (t * t + t)).abs() < 1e-15);
        assert_eq!((whole.cost().calls, whole.cost().fused), (1, 0), "{whole}");
    }

    #[test]
    fn what_is_known_folds() {
        let all = tape(
            "tape fused, 3 inputs\nv0 = input 0\nv1 = input 1\nv2 = input 2\nv3 = fma v0 v1 v2\nv4 = fms v0 v1 v2\n\
             v5 = fnma v0 v1 v2\nv6 = mul v0 v1\nv7 = add v0 v2\nv8 = sub v2 v0\nv9 = sub v0 v2\n\
             outputs v3 v4 v5 v6 v7 v8 v9\n",
        );
        for known in [0.0, 1.0, -1.0] {
            for place in 0..3 {
                let mut composer = Composer::new(Contraction::Fused);
                let inputs: Vec<Value> =
                    (0..3).map(|i| if i == place { composer.constant(known) } else { composer.input() }).collect();
                let values = composer.splice(&all, &inputs, &FxHashMap::default());
                let (folded, used) = composer.finish(all.outputs().iter().map(|v| values[v.index()]).collect());
                let mut numbers = vec![0.75, -1.5];
                let found = folded.evaluate(&used.iter().map(|i| numbers[*i]).collect::<Vec<_>>());
                numbers.insert(place, known);
                assert_eq!(found, all.evaluate(&numbers), "{known} as input {place}");
            }
        }
    }
}
