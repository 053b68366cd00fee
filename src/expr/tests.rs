//! The normal form, derivatives and text.

use super::*;

fn names() -> Names {
    Names { axes: vec!["t".into(), "x".into(), "y".into()], fields: vec!["u".into(), "v".into()] }
}

struct Fixture {
    graph: Graph,
}

impl Fixture {
    fn new() -> Self {
        Self { graph: Graph::new() }
    }
    fn x(&mut self) -> Expr {
        self.graph.coordinate(1)
    }
    fn y(&mut self) -> Expr {
        self.graph.coordinate(2)
    }
    fn text(&self, e: Expr) -> String {
        self.graph.display(e, &names())
    }
}

#[test]
fn like_terms_are_collected() {
    let mut f = Fixture::new();
    let (x, y) = (f.x(), f.y());
    let two = f.graph.integer(2);
    let s = f.graph.add(x, y);
    let s = f.graph.mul(two, s);
    let two_y = f.graph.mul(two, y);
    let s = f.graph.sub(s, two_y);
    assert_eq!(f.text(s), "2*x");
    let zero = f.graph.sub(s, s);
    assert_eq!(zero, Graph::ZERO);
}

#[test]
fn exponents_are_collected_and_content_moves_out() {
    let mut f = Fixture::new();
    let (x, y) = (f.x(), f.y());
    let x2 = f.graph.powi(x, 2);
    let x3 = f.graph.mul(x, x2);
    assert_eq!(f.text(x3), "x^3");
    let one = f.graph.div(x, x);
    assert_eq!(one, Graph::ONE);
    let four = f.graph.integer(4);
    let a = f.graph.sub(x, y);
    let b = f.graph.sub(y, x);
    let a4 = f.graph.mul(four, a);
    let p = f.graph.mul(a4, x);
    let q = f.graph.mul(b, x);
    let q = f.graph.scale(Rational::from_integer((-4).into()), q);
    assert_eq!(p, q);
    let a2 = f.graph.powi(a, 2);
    let b2 = f.graph.powi(b, 2);
    assert_eq!(a2, b2);
}

#[test]
fn order_of_construction_does_not_show() {
    let mut f = Fixture::new();
    let mut g = Fixture::new();
    let (x, y) = (f.x(), f.y());
    let (gy, gx) = (g.y(), g.x());
    let sx = f.graph.call(Function::Sin, &[x]);
    let cy = f.graph.call(Function::Cos, &[y]);
    let gcy = g.graph.call(Function::Cos, &[gy]);
    let gsx = g.graph.call(Function::Sin, &[gx]);
    let a = f.graph.mul(sx, cy);
    let a = f.graph.add(a, sx);
    let b = g.graph.mul(gcy, gsx);
    let b = g.graph.add(gsx, b);
    assert_eq!(f.text(a), g.text(b));
}

#[test]
fn exact_values() {
    let mut f = Fixture::new();
    let pi = f.graph.pi();
    for (k, expected) in [(0, 0), (1, 1), (2, 0), (3, -1), (-1, -1), (5, 1)] {
        let angle = f.graph.scale(Rational::new(k.into(), 2.into()), pi);
        let sin = f.graph.call(Function::Sin, &[angle]);
        assert_eq!(f.graph.as_rational(sin), Some(&Rational::from_integer(expected.into())), "{k}");
    }
    let x = f.x();
    let minus = f.graph.neg(x);
    let a = f.graph.call(Function::Tanh, &[minus]);
    assert_eq!(f.text(a), "-tanh(x)");
    let four = f.graph.integer(4);
    let root = f.graph.sqrt(four);
    assert_eq!(f.text(root), "2");
}

#[test]
fn total_derivatives_raise_jets() {
    let mut f = Fixture::new();
    let u = f.graph.jet(0, MultiIndex::zero());
    let ux = f.graph.jet(0, MultiIndex::unit(1));
    let uux = f.graph.mul(u, ux);
    let d = f.graph.total_derivative(uux, 1, |_| true);
    assert_eq!(f.text(d), "u*u_xx + u_x^2");
    let du = f.graph.derivative(uux, &Symbol::Jet(Jet::new(0, MultiIndex::zero())));
    assert_eq!(f.text(du), "u_x");
}

#[test]
fn derivatives_agree_with_differences() {
    let mut f = Fixture::new();
    let x = f.x();
    let half = f.graph.rational(Rational::new(1.into(), 2.into()));
    let shifted = f.graph.scale(Rational::new(3.into(), 10.into()), x);
    let positive = f.graph.add(half, shifted);
    let mut cases = Vec::new();
    for function in Function::ALL.into_iter().filter(|f| f.arity() == 1 && *f != Function::Erf) {
        cases.push(f.graph.call(function, &[positive]));
    }
    cases.push(f.graph.pow(positive, x));
    cases.push(f.graph.product([(positive, Exponent::new(-3, 2))]));
    cases.push(f.graph.call(Function::Max, &[x, half]));
    let symbol = Symbol::Coordinate(1);
    for e in cases {
        let d = f.graph.derivative(e, &symbol);
        let at = |x: f64, e: Expr| f.graph.evaluate(&[e], |_| x)[0];
        let (p, h) = (0.3, 1e-5);
        let difference = (at(p + h, e) - at(p - h, e)) / (2.0 * h);
        assert!((at(p, d) - difference).abs() < 1e-8, "{}: {} {difference}", f.text(e), at(p, d));
    }
}

#[test]
fn rationals_become_the_nearest_float() {
    let mut f = Fixture::new();
    for (n, d, expected) in [(1, 10, 0.1), (1, 3, 1.0 / 3.0), (22, 7, 22.0 / 7.0), (1, 1000, 0.001)] {
        let e = f.graph.rational(Rational::new(n.into(), d.into()));
        assert_eq!(f.graph.constant_value(e), Some(expected));
    }
}

#[test]
fn printing_keeps_precedence() {
    let mut f = Fixture::new();
    let (x, y) = (f.x(), f.y());
    let s = f.graph.add(x, y);
    let q = f.graph.div(x, s);
    assert_eq!(f.text(q), "x/(x + y)");
    let n = f.graph.neg(s);
    let p = f.graph.powi(n, 3);
    assert_eq!(f.text(p), "-(x + y)^3");
    let r = f.graph.scale(Rational::new((-1).into(), 2.into()), x);
    let e = f.graph.call(Function::Exp, &[r]);
    assert_eq!(f.text(e), "exp(-1/2*x)");
}

#[test]
fn the_budget_ends_runaway_formulas() {
    let mut graph = Graph::new();
    let mut i = 0;
    while !graph.exhausted() {
        graph.slot(i);
        i += 1;
    }
    assert_eq!(graph.len(), Graph::BUDGET);
    assert_eq!(graph.slot(i), Graph::ZERO);
}

#[test]
fn a_condition_on_what_is_not_defined_has_no_value() {
    let mut f = Fixture::new();
    let (x, y) = (f.x(), f.y());
    let (root, minus_one) = (f.graph.sqrt(y), f.graph.integer(-1));
    let condition = f.graph.compare(Relation::Less, minus_one, root);
    let choice = f.graph.select(condition, root, x);
    let at = |y: f64| {
        let known = |s: &Symbol| Interval::point(if *s == Symbol::Coordinate(2) { y } else { 3.0 });
        f.graph.enclose(&[condition, choice], known)
    };
    assert!(at(-1.0).into_iter().all(Interval::is_empty));
    assert!(at(4.0)[0] == Interval::point(1.0) && at(4.0)[1].contains(2.0));
}
