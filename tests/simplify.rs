//! Simplification: properties of random formulas. Files of `tests/stages/simplify` show what it does with known ones.

use pdec::expr::{Expr, Function, Graph, Interval, Names, Rational, Symbol};
use pdec::simplify::{Effort, dag_cost, simplify};
use proptest::prelude::*;

/// A formula that can be built in any graph, in any order.
#[derive(Clone, Debug)]
enum Recipe {
    Number(i8),
    Coordinate(u8),
    Jet(u8),
    Add(Box<Recipe>, Box<Recipe>),
    Multiply(Box<Recipe>, Box<Recipe>),
    Divide(Box<Recipe>, Box<Recipe>),
    Power(Box<Recipe>, i8),
    Root(Box<Recipe>),
    Call(Function, Box<Recipe>),
    Extremum(Function, Box<Recipe>, Box<Recipe>),
    Choice(Box<Recipe>, Box<Recipe>, Box<Recipe>),
}

fn recipe() -> impl Strategy<Value = Recipe> {
    let leaf = prop_oneof![
        (-3_i8..=3).prop_map(Recipe::Number),
        (0_u8..2).prop_map(Recipe::Coordinate),
        (0_u8..3).prop_map(Recipe::Jet),
    ];
    leaf.prop_recursive(5, 40, 3, |inner| {
        let boxed = move || inner.clone().prop_map(Box::new);
        let function = prop_oneof![
            Just(Function::Sin),
            Just(Function::Cos),
            Just(Function::Tan),
            Just(Function::Exp),
            Just(Function::Log),
            Just(Function::Tanh),
            Just(Function::Sinh),
            Just(Function::Cosh),
            Just(Function::Sech),
            Just(Function::Abs),
            Just(Function::Sign),
            Just(Function::Step),
            Just(Function::Erf),
        ];
        prop_oneof![
            3 => (boxed(), boxed()).prop_map(|(a, b)| Recipe::Add(a, b)),
            3 => (boxed(), boxed()).prop_map(|(a, b)| Recipe::Multiply(a, b)),
            1 => (boxed(), boxed()).prop_map(|(a, b)| Recipe::Divide(a, b)),
            1 => (boxed(), -3_i8..=4).prop_map(|(a, n)| Recipe::Power(a, n)),
            1 => boxed().prop_map(Recipe::Root),
            2 => (function, boxed()).prop_map(|(f, a)| Recipe::Call(f, a)),
            1 => (prop_oneof![Just(Function::Min), Just(Function::Max)], boxed(), boxed())
                .prop_map(|(f, a, b)| Recipe::Extremum(f, a, b)),
            1 => (boxed(), boxed(), boxed()).prop_map(|(a, b, c)| Recipe::Choice(a, b, c)),
        ]
    })
}

impl Recipe {
    /// Builds the formula; `turned` builds operands in the other order.
    fn build(&self, graph: &mut Graph, turned: bool) -> Expr {
        let both = |graph: &mut Graph, a: &Recipe, b: &Recipe| {
            if turned {
                let b = b.build(graph, turned);
                (a.build(graph, turned), b)
            } else {
                let a = a.build(graph, turned);
                (a, b.build(graph, turned))
            }
        };
        match self {
            Recipe::Number(n) => graph.integer((*n).into()),
            Recipe::Coordinate(axis) => graph.coordinate((*axis).into()),
            Recipe::Jet(order) => graph.jet(0, pdec::expr::MultiIndex::zero().raised(0, *order)),
            Recipe::Add(a, b) => {
                let (a, b) = both(graph, a, b);
                if turned { graph.add(b, a) } else { graph.add(a, b) }
            }
            Recipe::Multiply(a, b) => {
                let (a, b) = both(graph, a, b);
                if turned { graph.mul(b, a) } else { graph.mul(a, b) }
            }
            Recipe::Divide(a, b) => {
                let (a, b) = both(graph, a, b);
                graph.div(a, b)
            }
            Recipe::Power(a, n) => {
                let a = a.build(graph, turned);
                graph.powi(a, (*n).into())
            }
            Recipe::Root(a) => {
                let a = a.build(graph, turned);
                graph.sqrt(a)
            }
            Recipe::Call(function, a) => {
                let a = a.build(graph, turned);
                graph.call(*function, &[a])
            }
            Recipe::Extremum(function, a, b) => {
                let (a, b) = both(graph, a, b);
                graph.call(*function, &[a, b])
            }
            Recipe::Choice(a, b, c) => {
                let (a, b) = both(graph, a, b);
                let c = c.build(graph, turned);
                let condition = graph.compare(pdec::expr::Relation::Less, a, b);
                graph.select(condition, b, c)
            }
        }
    }
}

/// x in [1, 2], y in [-1, 1], anything for the rest.
fn known(symbol: &Symbol) -> Interval {
    match symbol {
        Symbol::Coordinate(0) => Interval::new(1.0, 2.0),
        Symbol::Coordinate(_) => Interval::new(-1.0, 1.0),
        _ => Interval::ALL,
    }
}

fn value_at(symbol: &Symbol, sample: usize) -> f64 {
    let spread = ((sample * 37 + 11) % 101) as f64 / 101.0;
    match symbol {
        Symbol::Coordinate(0) => 1.0 + spread,
        Symbol::Coordinate(_) => 1.0 - 2.0 * spread,
        Symbol::Jet(jet) => 3.0 * (spread + jet.index.order() as f64 * 0.37).fract() - 1.3,
        _ => spread,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn simplified_formulas_enclose_the_same_values(recipes in prop::collection::vec(recipe(), 1..4)) {
        let mut graph = Graph::new();
        let roots: Vec<Expr> = recipes.iter().map(|r| r.build(&mut graph, false)).collect();
        let (results, report) = simplify(&mut graph, &roots, &known, Effort::Standard);
        prop_assert!(report.after <= report.before);
        prop_assert_eq!(report.before, dag_cost(&graph, &roots));
        prop_assert_eq!(report.after, dag_cost(&graph, &results));
        for sample in 0..40 {
            let point = |s: &Symbol| Interval::point(value_at(s, sample));
            let (before, after) = (graph.enclose(&roots, point), graph.enclose(&results, point));
            for (before, after) in before.iter().zip(&after).filter(|(b, a)| b.is_bounded() && (a.is_bounded() || a.is_empty())) {
                prop_assert!(!before.intersection(*after).is_empty(), "{before:?} and {after:?}, {report:?}");
            }
        }
    }

    #[test]
    fn simplifying_again_changes_nothing(recipes in prop::collection::vec(recipe(), 1..4)) {
        let mut graph = Graph::new();
        let roots: Vec<Expr> = recipes.iter().map(|r| r.build(&mut graph, false)).collect();
        let (once, first) = simplify(&mut graph, &roots, &known, Effort::Standard);
        let (twice, second) = simplify(&mut graph, &once, &known, Effort::Standard);
        prop_assert_eq!(once, twice);
        prop_assert_eq!(second.before, first.after);
    }

    #[test]
    fn the_order_of_construction_does_not_show(recipes in prop::collection::vec(recipe(), 1..4)) {
        let names = Names::default();
        let texts = |turned: bool| {
            let mut graph = Graph::new();
            let mut roots: Vec<Expr> = Vec::new();
            for i in 0..recipes.len() {
                let i = if turned { recipes.len() - 1 - i } else { i };
                roots.push(recipes[i].build(&mut graph, turned));
            }
            if turned {
                roots.reverse();
            }
            let (results, report) = simplify(&mut graph, &roots, &known, Effort::Standard);
            let texts: Vec<String> = results.iter().map(|r| graph.display(*r, &names)).collect();
            (texts, format!("{report:?}"))
        };
        prop_assert_eq!(texts(false), texts(true));
    }

    #[test]
    fn enclosures_contain_values(recipe in recipe()) {
        let mut graph = Graph::new();
        let root = recipe.build(&mut graph, false);
        let range = graph.enclose(&[root], known)[0];
        for sample in 0..20 {
            let point = |s: &Symbol| value_at(s, sample);
            let value = graph.evaluate(&[root], point)[0];
            let tight = graph.enclose(&[root], |s| Interval::point(point(s)))[0];
            if value.is_finite() && tight.is_bounded() && tight.upper - tight.lower < 1e-6 * (1.0 + value.abs()) {
                let slack = 1e-9 * (1.0 + value.abs());
                prop_assert!(range.lower - slack <= value && value <= range.upper + slack, "{value} in {range:?}");
                prop_assert!(tight.lower - slack <= value && value <= tight.upper + slack, "{value} in {tight:?}");
                prop_assert!(range.lower <= tight.upper && tight.lower <= range.upper);
            }
        }
    }

    #[test]
    fn rationals_are_enclosed(numerator in any::<i64>(), denominator in 1_i64..) {
        let value = Rational::new(numerator.into(), denominator.into());
        let range = Interval::rational(&value);
        let exact = |bound: f64| Rational::from_float(bound).unwrap();
        prop_assert!(exact(range.lower) <= value && value <= exact(range.upper));
        prop_assert!(range.lower == range.upper || range.lower.next_up() == range.upper);
    }
}
