//! Formulas to operations.

use num_traits::{One, ToPrimitive, Zero};
use rustc_hash::{FxHashMap, FxHashSet};

use super::builder::Builder;
use super::op::{Binary, Op, Ternary, Unary, Value};
use super::orientation::reversed;
use super::product::{Denominators, Scaled};
use super::{Contraction, Tape, TapeError};
use crate::expr::{Exponent, Expr, Function, Graph, NestedSum, Node, Rational, Relation, Symbol};
use crate::vmath;

/// The operations of all roots, with some that no root needs.
pub(super) fn lower(
    graph: &Graph,
    roots: &[Expr],
    inputs: &[Symbol],
    definitions: &[(Symbol, Expr)],
    contraction: Contraction,
) -> Result<Tape, TapeError> {
    let needed = with_meanings(graph, roots, definitions);
    let nested = graph.nested_sums(&needed);
    let definitions: FxHashMap<&Symbol, Expr> = definitions.iter().map(|(name, meaning)| (name, *meaning)).collect();
    let order = graph.walk(roots, |expr| match graph.node(expr) {
        Node::Symbol(symbol) => definitions.get(symbol).copied(),
        _ => nested.get(&expr).map(|nested| nested.inner),
    });
    let mut lowering = Lowering {
        builder: Builder::new(contraction),
        denominators: Denominators::new(graph, &order),
        reversed: reversed(graph, &order, &needed),
        numbers: inputs.iter().enumerate().rev().map(|(i, symbol)| (symbol, i as u32)).collect(),
        definitions,
        nested,
        values: FxHashMap::default(),
        products: FxHashMap::default(),
    };
    for &expr in &order {
        let value = lowering.node(expr, graph.node(expr))?;
        lowering.values.insert(expr, value);
    }
    let outputs = roots.iter().map(|r| lowering.values[r]).collect();
    Ok(lowering.builder.finish(outputs, inputs.len()))
}

/// The roots, and what the names in them stand for.
fn with_meanings(graph: &Graph, roots: &[Expr], definitions: &[(Symbol, Expr)]) -> Vec<Expr> {
    let mut needed = roots.to_vec();
    let mut reached = graph.reachable(&needed);
    // The last names first: only those before it occur in the meaning of a name.
    for (name, meaning) in definitions.iter().rev() {
        let is_name = |e: &Expr| matches!(graph.node(*e), Node::Symbol(symbol) if symbol == name);
        if reached.iter().any(is_name) {
            needed.push(*meaning);
            reached = graph.reachable(&needed);
        }
    }
    needed
}

struct Lowering<'a> {
    builder: Builder,
    denominators: Denominators,
    /// Sums whose value here is their opposite.
    reversed: FxHashSet<Expr>,
    /// Sums that start from another one.
    nested: FxHashMap<Expr, NestedSum>,
    numbers: FxHashMap<&'a Symbol, u32>,
    definitions: FxHashMap<&'a Symbol, Expr>,
    values: FxHashMap<Expr, Value>,
    products: FxHashMap<Expr, Scaled>,
}

impl Lowering<'_> {
    fn node(&mut self, expr: Expr, node: &Node) -> Result<Value, TapeError> {
        Ok(match node {
            Node::Rational(value) => {
                let number = nearest(value)?;
                self.builder.constant(number)
            }
            Node::Pi => self.builder.constant(std::f64::consts::PI),
            Node::Euler => self.builder.constant(std::f64::consts::E),
            Node::Symbol(symbol) => {
                if let Some(meaning) = self.definitions.get(symbol) {
                    return Ok(self.values[meaning]);
                }
                let number = self.numbers.get(symbol).ok_or_else(|| TapeError::MissingInput(symbol.clone()))?;
                self.builder.push(Op::Input(*number))
            }
            Node::Sum { constant, terms } => {
                let sign = if self.reversed.contains(&expr) { -1.0 } else { 1.0 };
                match self.nested.get(&expr).cloned() {
                    Some(nested) => self.nested_sum(&nested, sign)?,
                    None => self.sum(constant, terms, sign)?,
                }
            }
            Node::Product(factors) => {
                let mut product = self.denominators.product(&mut self.builder, expr, factors, &self.values);
                let odd = |(base, exponent): &&(Expr, Exponent)| exponent.is_one() && self.reversed.contains(base);
                if factors.iter().filter(odd).count() % 2 == 1 {
                    product.coefficient = -product.coefficient;
                }
                self.products.insert(expr, product);
                product.value(&mut self.builder)
            }
            Node::Power(base, exponent) => self.builder.push(Op::Pow(self.values[base], self.values[exponent])),
            Node::Call(function, arguments) => {
                let arguments: Vec<Value> = arguments.iter().map(|a| self.values[a]).collect();
                self.builder.push(call(*function, &arguments))
            }
            Node::Compare(relation, a, b) => {
                let op = match relation {
                    Relation::Equal => Binary::Equal,
                    Relation::Less => Binary::Less,
                    Relation::LessEqual => Binary::LessEqual,
                };
                self.builder.binary(op, self.values[a], self.values[b])
            }
            Node::Select(condition, then, otherwise) => {
                let [condition, then, otherwise] = [condition, then, otherwise].map(|e| self.values[e]);
                self.builder.push(Op::Ternary(Ternary::Select, condition, then, otherwise))
            }
        })
    }

    /// `sign` times the sum.
    fn sum(&mut self, constant: &Rational, terms: &[(Expr, Rational)], sign: f64) -> Result<Value, TapeError> {
        self.sum_with(None, constant, terms, sign)
    }

    /// The first term, and `sign` times the sum.
    fn sum_with(
        &mut self,
        first: Option<Term>,
        constant: &Rational,
        terms: &[(Expr, Rational)],
        sign: f64,
    ) -> Result<Value, TapeError> {
        let mut constant = if constant.is_zero() { None } else { Some(sign * nearest(constant)?) };
        let mut signed: Vec<Term> = first.into_iter().collect();
        for (term, coefficient) in terms {
            let mut scaled = self.products.get(term).copied().unwrap_or(Scaled::plain(self.values[term]));
            scaled.coefficient *= sign * nearest(coefficient)?;
            if let (None, Some(number)) = (scaled.b, self.builder.as_constant(scaled.a)) {
                constant = Some(constant.unwrap_or(-0.0) + scaled.coefficient * number);
            } else {
                signed.push(self.term(scaled));
            }
        }
        Ok(self.accumulate(constant, signed))
    }

    /// `sign` times a sum that contains another one.
    fn nested_sum(&mut self, nested: &NestedSum, sign: f64) -> Result<Value, TapeError> {
        let mut inner = Scaled::plain(self.values[&nested.inner]);
        let is_reversed = self.reversed.contains(&nested.inner);
        inner.coefficient = if is_reversed { -sign } else { sign } * nearest(&nested.scale)?;
        let first = self.term(inner);
        self.sum_with(Some(first), &nested.constant, &nested.terms, sign)
    }

    fn term(&mut self, scaled: Scaled) -> Term {
        if scaled.coefficient.abs() == 1.0 {
            return Term { negative: scaled.coefficient < 0.0, a: scaled.a, b: scaled.b };
        }
        let body = scaled.body(&mut self.builder);
        Term { negative: false, a: self.builder.constant(scaled.coefficient), b: Some(body) }
    }

    fn accumulate(&mut self, constant: Option<f64>, mut terms: Vec<Term>) -> Value {
        if let Some(number) = constant {
            let start = self.builder.constant(number);
            return self.add_all(start, &terms);
        }
        if terms.iter().all(|t| t.negative) {
            terms.iter_mut().for_each(|t| t.negative = false);
            let opposite = self.accumulate(None, terms);
            return self.builder.unary(Unary::Neg, opposite);
        }
        let start = self.start(&mut terms);
        self.add_all(start, &terms)
    }

    /// Takes the terms that cost least at the beginning of a sum; one term at least is positive.
    fn start(&mut self, terms: &mut Vec<Term>) -> Value {
        if let Some(i) = terms.iter().position(|t| !t.negative && t.b.is_none()) {
            return terms.remove(i).a;
        }
        let positive = terms.iter().position(|t| !t.negative).expect("a sum of negative terms was turned around");
        let Term { a, b, .. } = terms.remove(positive);
        let b = b.expect("a positive term without a product was taken above");
        match terms.iter().position(|t| t.negative && t.b.is_none()) {
            Some(i) => {
                let subtracted = terms.remove(i).a;
                self.builder.multiply_add(Ternary::Fms, a, b, subtracted)
            }
            None => self.builder.mul(a, b),
        }
    }

    fn add_all(&mut self, start: Value, terms: &[Term]) -> Value {
        terms.iter().fold(start, |sum, &Term { negative, a, b }| match (b, negative) {
            (None, false) => self.builder.binary(Binary::Add, sum, a),
            (None, true) => self.builder.binary(Binary::Sub, sum, a),
            (Some(b), false) => self.builder.multiply_add(Ternary::Fma, a, b, sum),
            (Some(b), true) => self.builder.multiply_add(Ternary::Fnma, a, b, sum),
        })
    }
}

/// A term of a sum, plus or minus `a` or `a·b`.
#[derive(Clone, Copy)]
struct Term {
    negative: bool,
    a: Value,
    b: Option<Value>,
}

fn nearest(value: &Rational) -> Result<f64, TapeError> {
    let number = value.to_f64().unwrap_or(f64::INFINITY);
    if number.is_finite() { Ok(number) } else { Err(TapeError::ConstantTooLarge(value.to_string())) }
}

fn call(function: Function, arguments: &[Value]) -> Op {
    let a = arguments[0];
    let math = |function| Op::Math(function, a);
    match function {
        Function::Sin => math(vmath::Function::Sin),
        Function::Cos => math(vmath::Function::Cos),
        Function::Tan => math(vmath::Function::Tan),
        Function::Asin => math(vmath::Function::Asin),
        Function::Acos => math(vmath::Function::Acos),
        Function::Atan => math(vmath::Function::Atan),
        Function::Sinh => math(vmath::Function::Sinh),
        Function::Cosh => math(vmath::Function::Cosh),
        Function::Tanh => math(vmath::Function::Tanh),
        Function::Sech => math(vmath::Function::Sech),
        Function::Exp => math(vmath::Function::Exp),
        Function::Log => math(vmath::Function::Log),
        Function::Erf => math(vmath::Function::Erf),
        Function::Abs => Op::Unary(Unary::Abs, a),
        Function::Sign => Op::Unary(Unary::Sign, a),
        Function::Step => Op::Unary(Unary::Step, a),
        Function::Min => Op::Binary(Binary::Min, a, arguments[1]),
        Function::Max => Op::Binary(Binary::Max, a, arguments[1]),
    }
}
