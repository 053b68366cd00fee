//! Every rule by itself, at random points and at edges, in double and in high precision.

use astro_float::{BigFloat, Consts, RoundingMode};
use egg::{ENodeOrVar, PatternAst};
use num_traits::ToPrimitive;
use rustc_hash::FxHashMap;

use super::analysis::Fact;
use super::language::Term;
use super::rules::{RULES, Rounding, Rule, compiled, parse};
use crate::expr::{Function, Interval, Relation};

const POINTS: usize = 4000;
const POINTS_IN_HIGH_PRECISION: usize = 60;
const BITS: usize = 320;
const EDGES: [f64; 12] = [0.0, 1.0, -1.0, 2.0, -2.0, 0.5, -0.5, 3.0, 1e-6, -1e-6, 40.0, -40.0];

/// Numbers in which a side of a rule can be computed.
trait Field: Clone {
    fn number(&mut self, value: f64) -> Self;
    fn rational(&mut self, numerator: f64, denominator: f64) -> Self;
    fn apply(&mut self, term: &Term, operands: &[Self]) -> Self;
    fn size(&self) -> f64;
}

impl Field for f64 {
    fn number(&mut self, value: f64) -> f64 {
        value
    }
    fn rational(&mut self, numerator: f64, denominator: f64) -> f64 {
        numerator / denominator
    }
    fn size(&self) -> f64 {
        self.abs()
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
            Term::Extremum(function, _) => {
                if *function == Function::Min {
                    x[0].min(x[1])
                } else {
                    x[0].max(x[1])
                }
            }
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

/// A number of [`BITS`] bits.
#[derive(Clone)]
struct High(BigFloat);

thread_local! {
    static CONSTANTS: std::cell::RefCell<Consts> = std::cell::RefCell::new(Consts::new().unwrap());
}

impl Field for High {
    fn number(&mut self, value: f64) -> High {
        High(BigFloat::from_f64(value, BITS))
    }
    fn rational(&mut self, numerator: f64, denominator: f64) -> High {
        let [n, d] = [numerator, denominator].map(|v| BigFloat::from_f64(v, BITS));
        High(n.div(&d, BITS, RoundingMode::ToEven))
    }
    fn size(&self) -> f64 {
        if self.0.is_nan() {
            return f64::NAN;
        }
        if self.0.is_inf() {
            return f64::INFINITY;
        }
        if self.0.is_zero() {
            return 0.0;
        }
        2_f64.powi(self.0.exponent().unwrap_or(0))
    }
    fn apply(&mut self, term: &Term, operands: &[High]) -> High {
        let x: Vec<&BigFloat> = operands.iter().map(|o| &o.0).collect();
        let to = RoundingMode::ToEven;
        let one = BigFloat::from_f64(1.0, BITS);
        let number = |value: f64| BigFloat::from_f64(value, BITS);
        let sign = |v: &BigFloat| v.cmp(&number(0.0)).unwrap_or(0).signum();
        CONSTANTS.with_borrow_mut(|constants| {
            High(match term {
                Term::Add(_) => x[0].add(x[1], BITS, to),
                Term::Multiply(_) => x[0].mul(x[1], BITS, to),
                Term::Recip(_) => one.div(x[0], BITS, to),
                Term::Sqrt(_) => x[0].sqrt(BITS, to),
                Term::Power(_) => power(x[0], x[1], constants),
                Term::Compare(relation, _) => {
                    let order = x[0].cmp(x[1]);
                    let holds = order.is_some_and(|o| match relation {
                        Relation::Equal => o == 0,
                        Relation::Less => o < 0,
                        Relation::LessEqual => o <= 0,
                    });
                    number(f64::from(u8::from(holds)))
                }
                Term::Select(_) => x[if x[0].is_zero() { 2 } else { 1 }].clone(),
                Term::Extremum(function, _) => {
                    let first_is_less = x[0].cmp(x[1]).is_some_and(|o| o < 0);
                    x[usize::from(first_is_less != (*function == Function::Min))].clone()
                }
                Term::Call(function, _) => match function {
                    Function::Sin => x[0].sin(BITS, to, constants),
                    Function::Cos => x[0].cos(BITS, to, constants),
                    Function::Tan => x[0].tan(BITS, to, constants),
                    Function::Sinh => x[0].sinh(BITS, to, constants),
                    Function::Cosh => x[0].cosh(BITS, to, constants),
                    Function::Tanh => x[0].tanh(BITS, to, constants),
                    Function::Sech => one.div(&x[0].cosh(BITS, to, constants), BITS, to),
                    Function::Exp => x[0].exp(BITS, to, constants),
                    Function::Log => x[0].ln(BITS, to, constants),
                    Function::Abs => x[0].abs(),
                    Function::Sign => number(sign(x[0]) as f64),
                    Function::Step => number(if sign(x[0]) >= 0 { 1.0 } else { 0.0 }),
                    other => panic!("no rule speaks of {other:?} yet"),
                },
                other => panic!("{other} is not in a rule"),
            })
        })
    }
}

/// `base^exponent` by logarithms: the library's own power does not end where the result has few digits.
fn power(base: &BigFloat, exponent: &BigFloat, constants: &mut Consts) -> BigFloat {
    let to = RoundingMode::ToEven;
    let [zero, one, two] = [0.0, 1.0, 2.0].map(|v| BigFloat::from_f64(v, BITS));
    if exponent.is_zero() {
        return one;
    }
    if base.is_zero() {
        return if exponent.is_negative() { one.div(&zero, BITS, to) } else { zero };
    }
    if base.is_negative() && !exponent.is_int() {
        return astro_float::NAN;
    }
    let magnitude = base.abs().ln(BITS, to, constants).mul(exponent, BITS, to).exp(BITS, to, constants);
    let odd = !exponent.div(&two, BITS, to).is_int();
    if base.is_negative() && odd { magnitude.neg() } else { magnitude }
}

/// The value of a side, and the size of the largest intermediate value.
fn value<F: Field>(side: &PatternAst<Term>, point: &FxHashMap<String, f64>, mut field: F) -> (F, f64) {
    let mut values: Vec<F> = Vec::new();
    for node in side.as_ref() {
        let value = match node {
            ENodeOrVar::Var(variable) => field.number(point[&variable.to_string()]),
            ENodeOrVar::ENode(Term::Number(value)) => {
                field.rational(value.numer().to_f64().unwrap(), value.denom().to_f64().unwrap())
            }
            ENodeOrVar::ENode(term) => {
                let operands: Vec<F> =
                    egg::Language::children(term).iter().map(|c| values[usize::from(*c)].clone()).collect();
                field.apply(term, &operands)
            }
        };
        values.push(value);
    }
    let largest = values.iter().map(F::size).fold(0.0, f64::max);
    (values.pop().unwrap(), largest)
}

fn facts_hold(rule: &Rule, point: &FxHashMap<String, f64>) -> bool {
    rule.facts.iter().all(|fact| {
        let at = |name: &str| Interval::point(value(&parse(name), point, 0.0).0);
        let (a, b) = fact.variables();
        fact.holds(at(a), b.map_or(at(a), at))
    })
}

fn variables(rule: &Rule) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for node in parse(rule.left).as_ref() {
        if let ENodeOrVar::Var(variable) = node {
            names.push(variable.to_string());
        }
    }
    names.sort();
    names.dedup();
    names
}

/// Points where the facts of the rule hold: edges and their combinations first, then random ones.
fn points(rule: &Rule) -> Vec<FxHashMap<String, f64>> {
    let names = variables(rule);
    let mut state = 7_u64;
    let mut random = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize
    };
    let mut found = Vec::new();
    for i in 0..4 * POINTS {
        let mut coordinate = || {
            let (kind, random) = (random(), random());
            if i % 2 == 0 { EDGES[kind % EDGES.len()] } else { (random % 8001) as f64 / 1000.0 - 4.0 }
        };
        let point = names.iter().map(|n| (n.clone(), coordinate())).collect();
        if facts_hold(rule, &point) && found.len() < POINTS {
            found.push(point);
        }
    }
    found
}

#[test]
fn every_rule_holds_in_double_precision() {
    for rule in RULES {
        let (left, right) = (parse(rule.left), parse(rule.right));
        let mut compared = 0;
        for point in points(rule) {
            let (x, largest) = value(&left, &point, 0.0);
            let (y, _) = value(&right, &point, 0.0);
            if !x.is_finite() || !largest.is_finite() {
                continue;
            }
            compared += 1;
            let tolerance = match rule.rounding {
                Rounding::Exact => 0.0,
                Rounding::Relative => 1e-12 * x.abs(),
                Rounding::Absolute => 1e-12 * largest.max(1.0),
            };
            // Near the ends of the range of doubles neither side can tell.
            let underflows = x.abs() < 1e-280 && y.abs() < 1e-280;
            assert!((x - y).abs() <= tolerance || underflows, "{}: {x} and {y} at {point:?}", rule.name);
        }
        assert!(compared >= 50, "{}: only {compared} points", rule.name);
    }
}

#[test]
fn every_rule_holds_in_high_precision() {
    let zero = High(BigFloat::from_f64(0.0, BITS));
    for rule in RULES {
        let (left, right) = (parse(rule.left), parse(rule.right));
        let mut compared = 0;
        for point in points(rule).iter().filter(|p| p.values().all(|v| v.abs() < 30.0)) {
            let (x, largest) = value(&left, point, zero.clone());
            if !largest.is_finite() || value(&left, point, 0.0).0.is_nan() {
                continue;
            }
            let (y, other) = value(&right, point, zero.clone());
            let difference = High(x.0.sub(&y.0, BITS, RoundingMode::ToEven)).size();
            let bound = 1e-70 * largest.max(other).max(1e-30);
            assert!(difference <= bound, "{}: {:?} and {:?} at {point:?}", rule.name, x.0, y.0);
            compared += 1;
            if compared == POINTS_IN_HIGH_PRECISION {
                break;
            }
        }
        assert!(compared >= 20, "{}: only {compared} points", rule.name);
    }
}

#[test]
fn a_fact_that_does_not_hold_is_needed() {
    // Without its facts the rule is wrong somewhere: no fact is there for nothing.
    let needed = ["recip_cancel", "sqrt_times_sqrt", "abs_of_nonnegative", "abs_of_nonpositive", "sign_of_positive"];
    for name in needed {
        let rule = RULES.iter().find(|r| r.name == name).unwrap();
        let (left, right) = (parse(rule.left), parse(rule.right));
        let wrong = EDGES.iter().any(|v| {
            let point = FxHashMap::from_iter([("?a".to_owned(), *v)]);
            value(&left, &point, 0.0).0 != value(&right, &point, 0.0).0
        });
        assert!(wrong, "{name}");
    }
}

#[test]
fn names_are_unique_and_right_sides_are_bound() {
    for (i, rule) in RULES.iter().enumerate() {
        assert!(RULES[..i].iter().all(|r| r.name != rule.name), "{} occurs twice", rule.name);
        let bound = variables(rule);
        for node in parse(rule.right).as_ref() {
            if let ENodeOrVar::Var(variable) = node {
                assert!(bound.contains(&variable.to_string()), "{}: {variable} is not bound", rule.name);
            }
        }
    }
    for rule in compiled() {
        assert!(!rule.spellings().is_empty());
    }
}

#[test]
fn facts_are_read_from_enclosures() {
    let unit = Interval::new(0.0, 1.0);
    assert!(Fact::Nonnegative("?a").holds(unit, unit));
    assert!(!Fact::Positive("?a").holds(unit, unit));
    assert!(!Fact::Nonzero("?a").holds(unit, unit));
    assert!(Fact::AtMost("?a", "?b").holds(unit, Interval::new(1.0, 2.0)));
    assert!(!Fact::Below("?a", "?b").holds(unit, Interval::new(1.0, 2.0)));
    assert!(!Fact::Positive("?a").holds(Interval::EMPTY, unit), "nothing is known about what is nowhere defined");
}
