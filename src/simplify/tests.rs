//! Every rule by itself, at random points, at edges and where it is not defined, in double and in high precision.

mod arithmetic;

use std::sync::Mutex;

use egg::{ENodeOrVar, PatternAst, Var};
use rayon::prelude::*;
use rustc_hash::FxHashSet;

use super::analysis::Fact;
use super::language::Term;
use super::rules::{RULES, Rounding, Rule, compiled, parse};
use crate::expr::Interval;
use arithmetic::{Doubles, HighPrecision, agree, values};

/// How many points each rule is tried at.
const POINTS: usize = 4500;
/// At how many of them at least both sides are defined and compared.
const COMPARED: usize = 2000;
/// Where two numbers of [`arithmetic::BITS`] bits are equal: 45 decimal digits.
const BITS_THAT_AGREE: i32 = 150;

/// Where functions are 0, have poles or end, and the doubles next to it; whole numbers, halves, and what is large.
const EDGES: [f64; 16] = [
    0.0,
    1.0,
    -1.0,
    2.0,
    -2.0,
    0.5,
    -0.5,
    3.0,
    -3.0,
    1e-6,
    -1e-6,
    40.0,
    -40.0,
    std::f64::consts::FRAC_PI_2,
    -std::f64::consts::FRAC_PI_2,
    std::f64::consts::PI,
];

/// The rules whose right side has a value where the left side has none, because an operation that is undone is no longer
/// asked for. Everywhere else both are defined, or neither is.
const WIDENING: [&str; 1] = ["recip_recip"];

fn facts_hold(rule: &Rule, variables: &[Var], point: &[f64]) -> bool {
    rule.facts.iter().all(|fact| {
        let at = |name: &str| Interval::point(last(&values(&mut Doubles, &parse(name), variables, point)));
        let (a, b) = fact.variables();
        fact.holds(at(a), b.map_or(at(a), at))
    })
}

fn last<T: Clone>(values: &[T]) -> T {
    values.last().cloned().expect("a side has a node")
}

fn variables(rule: &Rule) -> Vec<Var> {
    let mut found: Vec<Var> = Vec::new();
    for node in parse(rule.left).as_ref() {
        if let ENodeOrVar::Var(variable) = node
            && !found.contains(variable)
        {
            found.push(*variable);
        }
    }
    found
}

/// Different points where the facts of the rule hold: combinations of edges, edges beside random numbers, random numbers.
fn points(rule: &Rule, variables: &[Var]) -> Vec<Vec<f64>> {
    let mut state = 7_u64;
    let mut random = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let mut coordinate =
        |edge: bool| if edge { EDGES[random(EDGES.len())] } else { random(8001) as f64 / 1000.0 - 4.0 };
    let mut seen = FxHashSet::default();
    let mut found = Vec::with_capacity(POINTS);
    for i in 0..20 * POINTS {
        if found.len() == POINTS {
            break;
        }
        let is_edge = |place: usize| i % 3 == 0 || i % 3 == 1 && place == i % variables.len();
        let point: Vec<f64> = (0..variables.len()).map(|place| coordinate(is_edge(place))).collect();
        let bits: Vec<u64> = point.iter().map(|v| v.to_bits()).collect();
        if seen.insert(bits) && facts_hold(rule, variables, &point) {
            found.push(point);
        }
    }
    found
}

#[test]
fn every_rule_holds_in_double_precision() {
    for rule in RULES {
        let (left, right, variables) = (parse(rule.left), parse(rule.right), variables(rule));
        let mut compared = 0;
        for point in points(rule, &variables) {
            let at = |side: &PatternAst<Term>| values(&mut Doubles, side, &variables, &point);
            let (values, y) = (at(&left), last(&at(&right)));
            let largest = values.iter().fold(0.0, |largest: f64, v| largest.max(v.abs()));
            let x = last(&values);
            if !values.iter().all(|v| v.is_finite()) {
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
        assert!(compared >= COMPARED, "{}: only {compared} points", rule.name);
    }
}

/// Where the left side is defined, the right side is, and they agree; where it is not, only a rule of [`WIDENING`] gives
/// a value.
#[test]
fn every_rule_holds_in_high_precision() {
    let widening = Mutex::new(Vec::new());
    RULES.par_iter().enumerate().for_each_init(HighPrecision::new, |numbers, (place, rule)| {
        let (left, right, variables) = (parse(rule.left), parse(rule.right), variables(rule));
        let (mut compared, mut widened) = (0, 0);
        for point in points(rule, &variables) {
            let mut at = |side: &PatternAst<Term>| values(numbers, side, &variables, &point);
            let (x, y) = (at(&left), at(&right));
            let (a, b) = (last(&x), last(&y));
            if a.is_nan() {
                widened += usize::from(!b.is_nan());
                continue;
            }
            let equal = agree(&a, &b, BITS_THAT_AGREE, x.iter().chain(&y));
            assert!(equal, "{}: {a:?} and {b:?} at {point:?}", rule.name);
            compared += 1;
        }
        assert!(compared >= COMPARED, "{}: only {compared} points", rule.name);
        if widened > 0 {
            widening.lock().unwrap().push((place, rule.name));
        }
    });
    let mut widening = widening.into_inner().unwrap();
    widening.sort_unstable();
    let names: Vec<&str> = widening.into_iter().map(|(_, name)| name).collect();
    assert_eq!(names, WIDENING);
}

#[test]
fn a_fact_that_does_not_hold_is_needed() {
    // Without its facts the rule is wrong somewhere: no fact is there for nothing.
    let needed = ["recip_cancel", "sqrt_times_sqrt", "abs_of_nonnegative", "abs_of_nonpositive", "sign_of_positive"];
    for name in needed {
        let rule = RULES.iter().find(|r| r.name == name).unwrap();
        let (left, right, variables) = (parse(rule.left), parse(rule.right), variables(rule));
        let wrong = EDGES.iter().any(|v| {
            let at = |side: &PatternAst<Term>| last(&values(&mut Doubles, side, &variables, &[*v]));
            at(&left) != at(&right)
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
                assert!(bound.contains(variable), "{}: {variable} is not bound", rule.name);
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
