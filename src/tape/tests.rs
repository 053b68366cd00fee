//! The choice of operations, and segments.

use super::*;
use crate::expr::{Exponent, Function, MultiIndex, Rational};

fn fused(graph: &Graph, roots: &[Expr]) -> Tape {
    Tape::new(graph, roots, &graph.symbols(roots), Contraction::Fused).unwrap()
}

fn lines(tape: &Tape) -> Vec<String> {
    tape.ops().iter().filter(|op| !op.is_leaf()).map(ToString::to_string).collect()
}

/// A graph and its coordinates 0 to N - 1.
fn coordinates<const N: usize>() -> (Graph, [Expr; N]) {
    let mut graph = Graph::new();
    let axes = std::array::from_fn(|i| graph.coordinate(i));
    (graph, axes)
}

#[test]
fn burgers_is_three_operations() {
    let mut graph = Graph::new();
    let [u, u_t, u_x, u_xx] = [&[][..], &[1], &[0, 1], &[0, 2]].map(|orders| graph.jet(0, MultiIndex::new(orders)));
    let flux = graph.mul(u, u_x);
    let residual = graph.linear(
        Rational::from_integer(0.into()),
        [
            (u_t, Rational::from_integer(1.into())),
            (flux, Rational::from_integer(1.into())),
            (u_xx, Rational::new((-1).into(), 100.into())),
        ],
    );
    let tape = fused(&graph, &[residual]);
    assert_eq!(tape.cost(), Cost { fused: 2, ..Cost::default() }, "{tape}");
    let symbols = graph.symbols(&[residual]);
    let separate = Tape::new(&graph, &[residual], &symbols, Contraction::Separate).unwrap();
    assert_eq!(separate.cost(), Cost { additions: 2, multiplications: 2, ..Cost::default() }, "{separate}");
}

#[test]
fn signs_cost_nothing_in_sums() {
    let (mut graph, [x, y, z]) = coordinates();
    let difference = graph.sub(x, y);
    assert_eq!(lines(&fused(&graph, &[difference])), ["sub v0 v1"]);
    let xy = graph.mul(x, y);
    let rest = graph.sub(xy, z);
    assert_eq!(lines(&fused(&graph, &[rest])), ["fms v1 v2 v0"]);
    let rest = graph.sub(z, xy);
    assert_eq!(lines(&fused(&graph, &[rest])), ["fnma v1 v2 v0"]);
    let sum = graph.add(x, y);
    let opposite = graph.neg(sum);
    assert_eq!(fused(&graph, &[opposite]).cost(), Cost { additions: 1, signs: 1, ..Cost::default() });
    let one_minus = graph.sub(Graph::ONE, x);
    assert_eq!(lines(&fused(&graph, &[one_minus])), ["sub v1 v0"]);
}

#[test]
fn sums_take_the_signs_of_products() {
    let (mut graph, [x, y, z]) = coordinates();
    let tanh = graph.call(Function::Tanh, &[x]);
    let square = graph.powi(tanh, 2);
    let slope = graph.sub(Graph::ONE, square);
    let products = [y, z].map(|e| graph.mul(slope, e));
    let tape = fused(&graph, &products);
    assert_eq!(tape.cost(), Cost { calls: 1, fused: 1, multiplications: 2, ..Cost::default() }, "{tape}");
    let as_value = fused(&graph, &[products[0], products[1], slope]);
    assert_eq!(as_value.evaluate(&[0.5, 2.0, 3.0])[0], tape.evaluate(&[0.5, 2.0, 3.0])[0]);
}

#[test]
fn powers_share_squares() {
    let (mut graph, [x]) = coordinates();
    let powers = [2, 3, 4, 6, 8].map(|n| graph.powi(x, n));
    assert_eq!(fused(&graph, &powers).cost(), Cost { multiplications: 5, ..Cost::default() });
    let roots = [1, 3, 5].map(|n| graph.product([(x, Exponent::new(n, 2))]));
    let cost = fused(&graph, &roots).cost();
    assert_eq!(cost, Cost { roots: 1, multiplications: 3, ..Cost::default() });
    let cube_root = graph.product([(x, Exponent::new(1, 3))]);
    assert_eq!(fused(&graph, &[cube_root]).cost(), Cost { calls: 1, ..Cost::default() });
}

#[test]
fn shared_denominators_are_inverted_once() {
    let (mut graph, [x, y, z]) = coordinates();
    let quotient = graph.div(x, y);
    assert_eq!(lines(&fused(&graph, &[quotient])), ["div v0 v1"]);
    let other = graph.div(z, y);
    let cost = fused(&graph, &[quotient, other]).cost();
    assert_eq!(cost, Cost { divisions: 1, multiplications: 2, ..Cost::default() });

    let norm = [x, y].map(|e| graph.powi(e, 2));
    let norm = graph.sum(norm);
    let unit = [x, y].map(|e| graph.product([(e, Exponent::from_integer(1)), (norm, Exponent::new(-1, 2))]));
    let curvature = graph.product([(norm, Exponent::new(-3, 2))]);
    let cost = fused(&graph, &[unit[0], unit[1], curvature]).cost();
    assert_eq!((cost.divisions, cost.roots), (1, 1));

    // A constant below goes to the coefficient, once.
    let pi = graph.pi();
    let over_pi = [x, z].map(|e| graph.product([(e, 1.into()), (y, (-1).into()), (pi, (-1).into())]));
    let values = fused(&graph, &over_pi).evaluate(&[1.0, 2.0, 3.0]);
    assert!((values[1] - 1.5 / std::f64::consts::PI).abs() < 1e-15);

    // y and z always stand below together.
    let [a, b] = [x, norm].map(|e| graph.product([(e, 1.into()), (y, (-1).into()), (z, (-2).into())]));
    assert_eq!(fused(&graph, &[a, b]).cost().divisions, 1);
}

#[test]
fn constants_are_computed_once() {
    let (mut graph, [x]) = coordinates();
    let pi = graph.pi();
    let two_pi = graph.scale(Rational::from_integer(2.into()), pi);
    let square = graph.powi(two_pi, 2);
    let scaled = graph.mul(square, x);
    let e = graph.call(Function::Exp, &[two_pi]);
    let sum = graph.add(scaled, e);
    let tape = fused(&graph, &[sum]);
    assert_eq!(tape.cost(), Cost { fused: 1, ..Cost::default() }, "{tape}");
}

#[test]
fn only_what_outputs_need_is_left() {
    let (mut graph, [x, y]) = coordinates();
    let product = graph.mul(x, y);
    let sum = graph.add(product, x);
    assert_eq!(lines(&fused(&graph, &[sum])), ["fma v0 v1 v0"]);
    assert_eq!(fused(&graph, &[x, x, y]).outputs(), [Value(0), Value(0), Value(1)]);
}

#[test]
fn what_has_no_tape_is_an_error() {
    let (mut graph, [x]) = coordinates();
    let error = Tape::new(&graph, &[x], &[Symbol::Slot(0)], Contraction::Fused).unwrap_err();
    assert_eq!(error, TapeError::MissingInput(Symbol::Coordinate(0)));
    let large = graph.rational(Rational::from_integer(num_bigint::BigInt::from(10).pow(400)));
    assert!(matches!(Tape::new(&graph, &[large], &[], Contraction::Fused), Err(TapeError::ConstantTooLarge(_))));
}

#[test]
fn calls_of_one_depth_run_together() {
    let (mut graph, [x, y]) = coordinates();
    let [sx, sy] = [x, y].map(|e| graph.call(Function::Sin, &[e]));
    let sum = graph.add(sx, sy);
    let outer = graph.call(Function::Exp, &[sum]);
    let root = graph.mul(outer, x);
    let tape = fused(&graph, &[root]);
    let segmentation = Segmentation::new(&tape, 1000);
    let calls: Vec<usize> = segmentation.segments().iter().map(|s| s.calls.len()).collect();
    assert_eq!(calls, [2, 1, 0], "{tape}");
    assert_eq!(segmentation.segments()[0].copies.len(), 2);
}

#[test]
fn long_bodies_are_cut() {
    let (mut graph, [x]) = coordinates();
    let terms: Vec<Expr> = (1..100).map(|n| graph.powi(x, n)).collect();
    let tape = fused(&graph, &terms);
    let segmentation = Segmentation::new(&tape, 10);
    assert!(segmentation.segments().len() >= 10);
    let mut next = 0;
    for segment in segmentation.segments() {
        assert_eq!(segment.body.start, next);
        assert!(segment.body.clone().filter(|i| !tape.ops()[*i].is_leaf()).count() <= 10);
        next = segment.calls.end;
    }
    assert_eq!(next, tape.ops().len());
}

/// What no text can say.
#[test]
fn a_power_of_one_number_is_a_fault() {
    let ops = vec![Op::Input(0), Op::Math(crate::vmath::Function::Pow, Value(0))];
    let tape = Tape { ops, inputs: 1, ..fused(&Graph::new(), &[]) };
    assert_eq!(tape.verify().unwrap_err().to_string(), "v1: `pow` takes 2 arguments, not 1");
}
