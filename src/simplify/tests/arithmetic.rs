//! The numbers in which the sides of a rule are computed: doubles, and numbers of [`BITS`] bits.

use astro_float::{BigFloat, Consts, NAN, RoundingMode, Sign, Word};
use egg::{ENodeOrVar, Language, PatternAst, Var};
use num_traits::ToPrimitive;
use rustc_hash::FxHashMap;

use super::super::language::Term;
use crate::expr::{Function, Relation};

/// 57 decimal digits.
pub(super) const BITS: usize = 192;
const TO: RoundingMode = RoundingMode::ToEven;

/// A way to compute.
pub(super) trait Arithmetic {
    type Number: Clone;
    fn number(&self, value: f64) -> Self::Number;
    fn quotient(&self, numerator: f64, denominator: f64) -> Self::Number;
    fn apply(&mut self, term: &Term, operands: &[Self::Number]) -> Self::Number;
}

/// What all nodes of a side are at a point, the side itself last.
pub(super) fn values<A: Arithmetic>(
    arithmetic: &mut A,
    side: &PatternAst<Term>,
    variables: &[Var],
    point: &[f64],
) -> Vec<A::Number> {
    let mut values: Vec<A::Number> = Vec::with_capacity(side.len());
    for node in side.as_ref() {
        let value = match node {
            ENodeOrVar::Var(variable) => {
                let place = variables.iter().position(|v| v == variable).expect("a variable of the rule");
                arithmetic.number(point[place])
            }
            ENodeOrVar::ENode(Term::Number(value)) => {
                arithmetic.quotient(value.numer().to_f64().unwrap(), value.denom().to_f64().unwrap())
            }
            ENodeOrVar::ENode(term) => {
                let operands: Vec<A::Number> =
                    term.children().iter().map(|c| values[usize::from(*c)].clone()).collect();
                arithmetic.apply(term, &operands)
            }
        };
        values.push(value);
    }
    values
}

pub(super) struct Doubles;

impl Arithmetic for Doubles {
    type Number = f64;

    fn number(&self, value: f64) -> f64 {
        value
    }

    fn quotient(&self, numerator: f64, denominator: f64) -> f64 {
        numerator / denominator
    }

    fn apply(&mut self, term: &Term, x: &[f64]) -> f64 {
        match term {
            Term::Add(_) => x[0] + x[1],
            Term::Multiply(_) => x[0] * x[1],
            Term::Recip(_) => 1.0 / x[0],
            Term::Sqrt(_) => x[0].sqrt(),
            Term::Power(_) => x[0].powf(x[1]),
            Term::Compare(relation, _) => f64::from(u8::from(relation.holds(x[0], x[1]))),
            Term::Select(_) => x[if x[0] == 0.0 { 2 } else { 1 }],
            Term::Extremum(Function::Min, _) => x[0].min(x[1]),
            Term::Extremum(..) => x[0].max(x[1]),
            Term::Call(function, _) => match function {
                Function::Sin => x[0].sin(),
                Function::Cos => x[0].cos(),
                Function::Tan => x[0].tan(),
                Function::Sinh => x[0].sinh(),
                Function::Cosh => x[0].cosh(),
                Function::Tanh => x[0].tanh(),
                Function::Sech => 1.0 / x[0].cosh(),
                Function::Exp => x[0].exp(),
                Function::Log => x[0].ln(),
                Function::Abs => x[0].abs(),
                Function::Sign => f64::from(i8::from(x[0] > 0.0) - i8::from(x[0] < 0.0)),
                Function::Step => f64::from(u8::from(x[0] >= 0.0)),
                other => panic!("no rule speaks of {other:?} yet"),
            },
            other => panic!("{other} is not in a rule"),
        }
    }
}

/// Numbers of [`BITS`] bits. What is not defined in real numbers is NaN, never infinite: a quotient by 0, a root or a
/// logarithm outside its domain, and all that is made from one of these.
pub(super) struct HighPrecision {
    constants: Consts,
    /// Points lie on a grid, so that functions see the same arguments again and again.
    known: FxHashMap<(Function, Digits), BigFloat>,
}

type Digits = (Vec<Word>, Sign, i32);

impl HighPrecision {
    pub(super) fn new() -> Self {
        Self { constants: Consts::new().unwrap(), known: FxHashMap::default() }
    }

    fn function(&mut self, function: Function, x: &BigFloat) -> BigFloat {
        let Some((words, _, sign, exponent, _)) = x.as_raw_parts() else { return NAN };
        let digits = (words.to_vec(), sign, exponent);
        let constants = &mut self.constants;
        let compute = || match function {
            Function::Sin => x.sin(BITS, TO, constants),
            Function::Cos => x.cos(BITS, TO, constants),
            Function::Tan => x.tan(BITS, TO, constants),
            Function::Sinh => x.sinh(BITS, TO, constants),
            Function::Cosh => x.cosh(BITS, TO, constants),
            Function::Tanh => x.tanh(BITS, TO, constants),
            Function::Sech => quotient(&float(1.0), &x.cosh(BITS, TO, constants)),
            Function::Exp => x.exp(BITS, TO, constants),
            Function::Log if x.is_zero() || x.is_negative() => NAN,
            Function::Log => x.ln(BITS, TO, constants),
            Function::Abs => x.abs(),
            Function::Sign if x.is_zero() => float(0.0),
            Function::Sign => float(if x.is_negative() { -1.0 } else { 1.0 }),
            Function::Step => float(if x.is_negative() && !x.is_zero() { 0.0 } else { 1.0 }),
            other => panic!("no rule speaks of {other:?} yet"),
        };
        self.known.entry((function, digits)).or_insert_with(compute).clone()
    }

    /// `base^exponent` by logarithms: the library's own power does not end where the result has few digits.
    fn power(&mut self, base: &BigFloat, exponent: &BigFloat) -> BigFloat {
        if exponent.is_zero() {
            return float(1.0);
        }
        if base.is_zero() {
            return if exponent.is_negative() { NAN } else { float(0.0) };
        }
        if base.is_negative() && !exponent.is_int() {
            return NAN;
        }
        let logarithm = self.function(Function::Log, &base.abs());
        let magnitude = self.function(Function::Exp, &logarithm.mul(exponent, BITS, TO));
        let odd = !quotient(exponent, &float(2.0)).is_int();
        if base.is_negative() && odd { magnitude.neg() } else { magnitude }
    }
}

impl Arithmetic for HighPrecision {
    type Number = BigFloat;

    fn number(&self, value: f64) -> BigFloat {
        float(value)
    }

    fn quotient(&self, numerator: f64, denominator: f64) -> BigFloat {
        quotient(&float(numerator), &float(denominator))
    }

    fn apply(&mut self, term: &Term, x: &[BigFloat]) -> BigFloat {
        if let Term::Select(_) = term {
            return if x[0].is_nan() { NAN } else { x[if x[0].is_zero() { 2 } else { 1 }].clone() };
        }
        if x.iter().any(BigFloat::is_nan) {
            return NAN;
        }
        match term {
            Term::Add(_) => x[0].add(&x[1], BITS, TO),
            Term::Multiply(_) => x[0].mul(&x[1], BITS, TO),
            Term::Recip(_) => quotient(&float(1.0), &x[0]),
            Term::Sqrt(_) if x[0].is_negative() && !x[0].is_zero() => NAN,
            Term::Sqrt(_) => x[0].sqrt(BITS, TO),
            Term::Power(_) => self.power(&x[0], &x[1]),
            Term::Compare(relation, _) => float(f64::from(u8::from(match relation {
                Relation::Equal => x[0] == x[1],
                Relation::Less => x[0] < x[1],
                Relation::LessEqual => x[0] <= x[1],
            }))),
            Term::Extremum(Function::Min, _) => x[usize::from(x[1] < x[0])].clone(),
            Term::Extremum(..) => x[usize::from(x[0] < x[1])].clone(),
            Term::Call(function, _) => self.function(*function, &x[0]),
            other => panic!("{other} is not in a rule"),
        }
    }
}

fn float(value: f64) -> BigFloat {
    BigFloat::from_f64(value, BITS)
}

fn quotient(a: &BigFloat, b: &BigFloat) -> BigFloat {
    if b.is_zero() { NAN } else { a.div(b, BITS, TO) }
}

/// Whether two numbers differ by at most `2^-bits` of the largest of `sizes`.
pub(super) fn agree<'a>(a: &BigFloat, b: &BigFloat, bits: i32, sizes: impl Iterator<Item = &'a BigFloat>) -> bool {
    let exponent = |x: &BigFloat| x.exponent().filter(|_| !x.is_zero());
    match exponent(&a.sub(b, BITS, TO)) {
        None => !a.is_nan() && !b.is_nan(),
        Some(difference) => sizes.filter_map(exponent).max().is_some_and(|largest| difference <= largest - bits),
    }
}
