//! Random descriptions: whatever the networks and residuals, the products of the Jacobian agree, machine code computes
//! what the interpreter computes, and nothing panics.

use proptest::prelude::*;

use pdec::expr::{Expr, Function, Graph};
use pdec::linalg::{RowTiles, product, transposed_product};
use pdec::network::{Activation, Architecture, Body, Encoding, Shape};

use crate::problems::{Axis, Backend, Formulas, Network, Problem, along, gradient, norm, residual_and_jacobian};

/// A residual that is bounded wherever its jets are.
#[derive(Clone, Debug)]
enum Residual {
    Jet(usize, [u8; 2]),
    Coordinate(usize),
    Normal(usize),
    Number(i64),
    Sum(Box<Residual>, Box<Residual>),
    Product(Box<Residual>, Box<Residual>),
    Wave(Function, Box<Residual>),
    Quotient(Box<Residual>, Box<Residual>),
}

impl Residual {
    fn write(&self, f: &mut Formulas, fields: usize) -> Expr {
        match self {
            Residual::Jet(field, orders) => f.u(field % fields, orders),
            Residual::Coordinate(axis) => f.x(*axis),
            Residual::Normal(axis) => f.n(*axis),
            Residual::Number(n) => f.times(*n, 3, Graph::ONE),
            Residual::Sum(a, b) => {
                let (a, b) = (a.write(f, fields), b.write(f, fields));
                f.sum(&[a, b])
            }
            Residual::Product(a, b) => {
                let (a, b) = (a.write(f, fields), b.write(f, fields));
                f.product(&[a, b])
            }
            Residual::Wave(function, a) => {
                let a = a.write(f, fields);
                f.call(*function, a)
            }
            Residual::Quotient(a, b) => {
                let (a, b) = (a.write(f, fields), b.write(f, fields));
                let square = f.product(&[b, b]);
                let positive = f.sum(&[Graph::ONE, square]);
                f.0.div(a, positive)
            }
        }
    }
}

fn residuals() -> impl Strategy<Value = Residual> {
    let orders = prop_oneof![Just([0, 0]), Just([1, 0]), Just([0, 1]), Just([0, 2]), Just([1, 1]), Just([2, 1])];
    let leaf = prop_oneof![
        6 => (0..3usize, orders).prop_map(|(field, orders)| Residual::Jet(field, orders)),
        1 => (0..2usize).prop_map(Residual::Coordinate),
        1 => (0..2usize).prop_map(Residual::Normal),
        1 => (-3..4i64).prop_map(Residual::Number),
    ];
    leaf.prop_recursive(3, 10, 2, |inner| {
        let pair = (inner.clone(), inner.clone()).prop_map(|(a, b)| (Box::new(a), Box::new(b)));
        let wave = prop_oneof![Just(Function::Sin), Just(Function::Tanh), Just(Function::Erf), Just(Function::Atan)];
        prop_oneof![
            pair.clone().prop_map(|(a, b)| Residual::Sum(a, b)),
            pair.clone().prop_map(|(a, b)| Residual::Product(a, b)),
            pair.prop_map(|(a, b)| Residual::Quotient(a, b)),
            (wave, inner).prop_map(|(f, a)| Residual::Wave(f, Box::new(a))),
        ]
    })
}

fn networks() -> impl Strategy<Value = Vec<Network>> {
    let axes = prop_oneof![Just(vec![0]), Just(vec![1]), Just(vec![0, 1]), Just(vec![1, 0])];
    let widths = prop::collection::vec(1..6usize, 0..4);
    let activation = prop::sample::select(&Activation::ALL[..]);
    let shape = prop_oneof![
        3 => widths.prop_map(Shape::Mlp),
        1 => (1..5usize, 1..3usize).prop_map(|(width, depth)| Shape::Modified { width, depth }),
        1 => (1..5usize, 1..3usize).prop_map(|(width, blocks)| Shape::Pirate { width, blocks }),
        1 => (1..5usize, 1..3usize).prop_map(|(width, blocks)| Shape::Residual { width, blocks }),
        1 => (1..5usize, 1..4usize).prop_map(|(width, rank)| Shape::Separable { widths: vec![width], rank }),
    ];
    let body = (shape, activation, any::<bool>());
    let body = body.prop_map(|(shape, activation, factorised)| Body { factorised, ..Body::new(shape, activation) });
    let encoding = prop::option::weighted(0.3, (1..4usize).prop_map(|f| Encoding { frequencies: f, scale: 1.0 }));
    let architecture = (encoding, prop::collection::vec(body, 1..3));
    let architecture = architecture.prop_map(|(encoding, bodies)| Architecture { encoding, bodies });
    let network = (axes, 1..3usize, architecture);
    let network = network.prop_map(|(axes, fields, architecture)| Network::of(&axes, fields, architecture));
    prop::collection::vec(network, 1..3)
}

/// The Frobenius norm over the rows that count.
fn frobenius(jacobian: &RowTiles) -> f64 {
    let tile = |tile: &pdec::linalg::RowTile| {
        let columns = tile.data().chunks_exact(tile.stride());
        columns.map(|column| norm(&column[..tile.rows()]).powi(2)).sum::<f64>()
    };
    jacobian.tiles().iter().map(tile).sum::<f64>().sqrt()
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    norm(&a.iter().zip(b).map(|(a, b)| a - b).collect::<Vec<_>>())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn products_of_the_jacobian_agree(
        networks in networks(),
        blocks in prop::collection::vec(prop::collection::vec(residuals(), 1..3), 1..3),
        counts in prop::collection::vec(0..70usize, 2),
        periodic in any::<bool>(),
        seed in 0..1000u64,
    ) {
        let circle = Axis::quarters(-2, 3);
        let axes = [Axis::quarters(0, 5), if periodic { circle.periodic() } else { circle }];
        let fields = networks.iter().map(|network| network.fields).sum();
        let problem = Problem::new("random", &axes, &networks, |f| {
            let write = |f: &mut Formulas, block: &Vec<Residual>| block.iter().map(|r| r.write(f, fields)).collect();
            blocks.iter().map(|block| write(f, block)).collect()
        });
        let points = problem.all_points(&counts, seed);
        let kernel = problem.kernel(&points, Backend::Interpreter);
        let (theta, v) = (problem.parameters(seed), problem.direction(seed));
        let (r, jacobian) = residual_and_jacobian(&kernel, &theta);
        let scale = frobenius(&jacobian);
        prop_assert!(scale.is_finite() && norm(&r).is_finite());

        let (by_sweep, _) = gradient(&kernel, &theta);
        let mut by_rows = vec![f64::NAN; theta.len()];
        transposed_product(&jacobian, &r, &mut by_rows);
        prop_assert!(distance(&by_sweep, &by_rows) <= 1e-12 * scale * norm(&r), "{:?} {:?}", by_sweep, by_rows);

        let [first, second] = along(&kernel, &theta, &v);
        let mut by_rows = vec![f64::NAN; r.len()];
        product(&jacobian, &v, &mut by_rows);
        prop_assert!(distance(&first, &by_rows) <= 1e-12 * scale, "{:?} {:?}", first, by_rows);
        prop_assert!(norm(&second).is_finite());

        let machine = problem.kernel(&points, Backend::Machine);
        prop_assert_eq!(residual_and_jacobian(&machine, &theta).0, r);
        prop_assert_eq!(gradient(&machine, &theta).0, by_sweep);
        prop_assert_eq!(along(&machine, &theta, &v), [first, second]);
    }
}
