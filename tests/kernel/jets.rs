//! Jets and residuals against central differences in 256-bit arithmetic.

use std::collections::BTreeMap;

use pdec::expr::{Expr, MultiIndex, Symbol};
use pdec::network::Activation;

use crate::close;
use crate::high::{High, first_output};
use crate::problems::{Axis, Backend, Network, Problem, architectures, catalogue, residual};

/// Highest order of a derivative in these tests.
const ORDER: u8 = 4;

/// Central differences of second order: offsets in steps, and coefficients.
const STENCILS: [&[(i32, f64)]; 5] = [
    &[(0, 1.0)],
    &[(-1, -0.5), (1, 0.5)],
    &[(-1, 1.0), (0, -2.0), (1, 1.0)],
    &[(-2, -0.5), (-1, 1.0), (1, -1.0), (2, 0.5)],
    &[(-2, 1.0), (-1, -4.0), (0, 6.0), (1, -4.0), (2, 1.0)],
];

/// 1e-12, of which 256 bits leave 29 digits in a fourth difference; its error is about 1e-24.
const STEP: f64 = 1.0 / (1u64 << 40) as f64;

/// All multi-indices over these axes up to [`ORDER`].
pub fn indices(axes: usize) -> Vec<MultiIndex> {
    let mut found = vec![MultiIndex::zero()];
    for axis in 0..axes {
        found = found.iter().flat_map(|index| (0..=ORDER).map(|order| index.raised(axis, order))).collect();
    }
    found.retain(|index| index.order() <= ORDER.into());
    found
}

/// The derivatives `indices` of a function at a point.
fn differences(f: impl Fn(&[High]) -> High, point: &[f64], indices: &[MultiIndex]) -> Vec<f64> {
    let mut known: BTreeMap<Vec<i32>, High> = BTreeMap::new();
    let mut at = |offsets: &[i32]| {
        let moved = || -> Vec<High> {
            let moved = point.iter().zip(offsets);
            moved.map(|(x, &steps)| &High::from(*x) + &High::from(f64::from(steps) * STEP)).collect()
        };
        known.entry(offsets.to_vec()).or_insert_with(|| f(&moved())).clone()
    };
    let difference = |index: &MultiIndex| {
        let mut terms = vec![(Vec::new(), 1.0)];
        for axis in 0..point.len() {
            let stencil = STENCILS[usize::from(index.along(axis))];
            let next = |(offsets, factor): &(Vec<i32>, f64)| {
                let (offsets, factor) = (offsets.clone(), *factor);
                stencil.iter().map(move |&(offset, c)| ([offsets.as_slice(), &[offset]].concat(), factor * c))
            };
            terms = terms.iter().flat_map(next).collect();
        }
        let sum = |sum: High, (offsets, factor): &(Vec<i32>, f64)| &sum + &(&High::from(*factor) * &at(offsets));
        let sum = terms.iter().fold(High::from(0.0), sum);
        (&sum / &High::from(STEP.powi(index.order() as i32))).to_f64()
    };
    indices.iter().map(difference).collect()
}

fn check_jets(axes: &[Axis], network: &Network, backend: Backend, seed: u64, factor: f64) {
    let indices = indices(axes.len());
    let mut formulas = Vec::new();
    let problem = Problem::new("jets", axes, std::slice::from_ref(network), |f| {
        formulas = indices.iter().map(|index| f.0.jet(0, index.clone())).collect();
        Vec::new()
    });
    let theta: Vec<f64> = problem.parameters(seed).iter().map(|t| factor * t).collect();
    let points = problem.points(3, seed).coordinates;
    let found = problem.predictor(&formulas, backend).evaluate(&theta, &points);
    let exact: Vec<Vec<f64>> = (0..3)
        .map(|point| {
            let point: Vec<f64> = points.iter().map(|column| column[point]).collect();
            differences(|x| first_output(axes, network, &theta, x), &point, &indices)
        })
        .collect();
    for (channel, index) in indices.iter().enumerate() {
        println!("{network:?} {axes:?}: derivative {:?}", index.orders());
        let exact: Vec<f64> = exact.iter().map(|jet| jet[channel]).collect();
        // The higher derivatives of a network of ReLU are zero.
        close::assert_relative_to(close::largest(&exact).max(1e-10), &found[channel], exact, 1e-11);
    }
}

const WIDTHS: [usize; 4] = [5, 4, 3, 4];

/// Every activation, depths 1 to 4.
fn for_every_network(axes: &[Axis], seed: u64) {
    let own: Vec<usize> = (0..axes.len()).collect();
    for activation in Activation::ALL {
        for depth in 1..=WIDTHS.len() {
            let network = Network::new(&own, 1, &WIDTHS[..depth], activation);
            check_jets(axes, &network, Backend::Interpreter, seed + depth as u64, 1.0);
        }
    }
}

#[test]
fn jets_of_one_axis() {
    for_every_network(&[Axis::quarters(-3, 5)], 0);
}

#[test]
fn jets_of_two_axes() {
    for_every_network(&[Axis::quarters(0, 6), Axis::quarters(-4, 4)], 10);
}

#[test]
fn jets_of_a_periodic_axis() {
    for_every_network(&[Axis::quarters(0, 7), Axis::quarters(-2, 10).periodic()], 20);
}

/// Orders up to 4 in two axes through every architecture, one of them periodic for every second one.
#[test]
fn jets_of_every_architecture() {
    for (seed, architecture) in architectures().into_iter().enumerate() {
        let last = Axis::quarters(-2, 6);
        let axes = [Axis::quarters(0, 6), if seed % 2 == 0 { last.periodic() } else { last }];
        for backend in [Backend::Interpreter, Backend::Machine] {
            let network = Network::of(&[0, 1], 2, architecture.clone());
            check_jets(&axes, &network, backend, seed as u64, 1.0);
        }
    }
}

#[test]
fn jets_by_machine_code() {
    let axes = [Axis::quarters(0, 6), Axis::quarters(-4, 4)];
    for (seed, activation) in Activation::ALL.into_iter().enumerate() {
        check_jets(&axes, &Network::new(&[0, 1], 1, &[5, 4], activation), Backend::Machine, seed as u64, 1.0);
    }
}

/// Parameters so large that most neurons saturate.
#[test]
fn jets_of_saturated_neurons() {
    for activation in Activation::ALL {
        let network = Network::new(&[0], 1, &[5], activation);
        check_jets(&[Axis::quarters(-3, 5)], &network, Backend::Interpreter, 4, 4.0);
    }
}

/// Far beyond where exponentials overflow.
#[test]
fn jets_stay_finite_where_exponentials_overflow() {
    let indices = indices(1);
    for activation in Activation::ALL {
        let mut formulas = Vec::new();
        let networks = [Network::new(&[0], 1, &[5, 4], activation)];
        let problem = Problem::new("overflow", &[Axis::quarters(-3, 5)], &networks, |f| {
            formulas = indices.iter().map(|index| f.0.jet(0, index.clone())).collect();
            Vec::new()
        });
        let theta: Vec<f64> = problem.parameters(0).iter().map(|t| 1e4 * t).collect();
        let values =
            problem.predictor(&formulas, Backend::Machine).evaluate(&theta, &problem.points(20, 0).coordinates);
        assert!(values.iter().flatten().all(|v| v.is_finite()), "{}: {values:?}", activation.name());
        assert!(values[0].iter().any(|v| v.abs() > 1e3), "{}: {:?}", activation.name(), values[0]);
    }
}

/// Rows are formulas of jets, times the roots of the weights, where `rows_of` says.
#[test]
fn rows_are_weighted_formulas_of_jets() {
    for problem in catalogue() {
        let points = problem.all_points(&[70, 9, 65], 5);
        let theta = problem.parameters(5);
        let kernel = problem.kernel(&points, Backend::Interpreter);
        let rows = residual(&kernel, &theta);
        let mut seen = vec![false; kernel.rows()];
        for (b, (block, points)) in problem.description.blocks.iter().zip(&points).enumerate() {
            let graph = &problem.description.graph;
            let jets = graph.jets(&block.formulas);
            let mut graph = graph.clone();
            let formulas: Vec<Expr> = jets.iter().map(|jet| graph.symbol(Symbol::Jet(jet.clone()))).collect();
            let values = if formulas.is_empty() {
                Vec::new()
            } else {
                problem.predictor(&formulas, Backend::Interpreter).evaluate(&theta, &points.coordinates)
            };
            for (r, &residual) in block.formulas.iter().enumerate() {
                let expected: Vec<f64> = (0..points.len())
                    .map(|point| {
                        let value = |symbol: &Symbol| match symbol {
                            Symbol::Coordinate(axis) => points.coordinates[usize::from(*axis)][point],
                            Symbol::Normal(axis) => points.normals[usize::from(*axis)][point],
                            Symbol::Jet(jet) => values[jets.iter().position(|j| j == jet).expect("it occurs")][point],
                            Symbol::Slot(_) => f64::NAN,
                        };
                        (block.weights[r] * points.weights[point]).sqrt() * graph.evaluate(&[residual], value)[0]
                    })
                    .collect();
                println!("{}: residual {r} of block {b}", problem.name);
                let places: Vec<usize> = kernel.rows_of(b, r).flatten().collect();
                places.iter().for_each(|&row| assert!(!std::mem::replace(&mut seen[row], true), "row {row} twice"));
                close::assert_relative(places.iter().map(|&row| rows[row]).collect::<Vec<_>>(), expected, 1e-13);
            }
        }
        assert!(seen.iter().all(|&s| s), "a row belongs to no residual");
    }
}

/// The differences themselves, on a function whose derivatives are known.
#[test]
fn differences_are_exact_beyond_double_precision() {
    let wave = |x: &[High]| &x[0].sin() * &(&x[1] + &x[1]).exp();
    let (x, y): (f64, f64) = (0.7, -0.3);
    let indices = indices(2);
    let expected: Vec<f64> = indices
        .iter()
        .map(|index| {
            let along_x = [x.sin(), x.cos(), -x.sin(), -x.cos(), x.sin()][usize::from(index.along(0))];
            along_x * 2f64.powi(index.along(1).into()) * (2.0 * y).exp()
        })
        .collect();
    close::assert_ulps(differences(wave, &[x, y], &indices), expected, 4);
    close::assert_ulps(
        [High::from(0.5).erf().to_f64(), High::from(-2.0).erf().to_f64()],
        [0.5204998778130465, -0.9953222650189527],
        1,
    );
}
