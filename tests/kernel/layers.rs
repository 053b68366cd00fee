//! What is known of J layer by layer, against J itself.

use nalgebra::{DMatrix, DVector};

use pdec::kernel::{Kernel, Layered, LeastSquares, Objective};
use pdec::network::Activation;

use crate::close;
use crate::problems::{Axis, Backend, Network, Problem, catalogue, dense, residual_and_jacobian};

fn layers(kernel: &Kernel) -> Option<&dyn Layered> {
    kernel.least_squares().expect("squares").layers()
}

/// Wide layers, so that jets and cotangents cost less than rows: `u_xx + u_yy + u v`, and more formulas at other points.
fn wide() -> Problem {
    let axes = [Axis::quarters(0, 4), Axis::quarters(-4, 6)];
    let networks = [Network::new(&[0, 1], 2, &[40, 40], Activation::Tanh)];
    Problem::new("wide", &axes, &networks, |f| {
        let (u, v, xx, yy) = (f.u(0, &[]), f.u(1, &[]), f.u(0, &[2]), f.u(0, &[0, 2]));
        let product = f.product(&[u, v]);
        vec![vec![f.sum(&[xx, yy, product]), f.u(1, &[1])], vec![u, v], vec![product]]
    })
}

#[test]
fn kernel_matrices_are_those_of_j() {
    let (mut refused, mut cheaper) = (0, 0);
    for problem in catalogue().into_iter().chain([wide()]) {
        println!("{}", problem.name);
        let kernel = problem.kernel(&problem.all_points(&[70, 9, 30], 5), Backend::Machine);
        let theta = problem.parameters(1);
        let (r, jacobian) = residual_and_jacobian(&kernel, &theta);
        let jacobian = dense(&jacobian);
        let Some(layers) = layers(&kernel) else {
            refused += 1;
            continue;
        };
        let cost = layers.kernel_cost();
        assert!(cost.multiply_adds <= cost.through_rows, "{cost:?}");
        cheaper += usize::from(cost.multiply_adds < 0.5 * cost.through_rows);
        let mut lower = vec![f64::NAN; r.len() * r.len()];
        layers.kernel_matrix(&theta, &mut lower);
        let found = DMatrix::from_column_slice(r.len(), r.len(), &lower);
        let expected = &jacobian * jacobian.transpose();
        let below = |i: usize, j: usize| if i < j { 0.0 } else { expected[(i, j)] };
        let found = DMatrix::from_fn(r.len(), r.len(), |i, j| if i < j { 0.0 } else { found[(i, j)] });
        close::assert_relative(found.as_slice(), DMatrix::from_fn(r.len(), r.len(), below).as_slice(), 1e-12);
        let u = DVector::from_fn(r.len(), |i, _| (1.0 + i as f64).sin());
        let mut product = vec![f64::NAN; theta.len()];
        layers.transposed_product(&theta, u.as_slice(), &mut product);
        close::assert_relative(&product, (jacobian.transpose() * u).as_slice(), 1e-12);
    }
    assert_eq!(refused, 1, "integrals reach the parameters in other ways than layers");
    assert!(cheaper >= 1, "both forms are tried");
}

/// Of a linear layer without derivatives `A ⊗ B` is JᵀJ itself.
#[test]
fn kronecker_factors_of_linear_regression_are_exact() {
    let networks = [Network::new(&[0, 1], 1, &[], Activation::Tanh)];
    let axes = [Axis::quarters(0, 4), Axis::quarters(-4, 6)];
    let problem = Problem::new("regression", &axes, &networks, |f| {
        let (u, x) = (f.u(0, &[]), f.x(0));
        vec![vec![f.sum(&[u, x])]]
    });
    let kernel = problem.kernel(&problem.all_points(&[70], 6), Backend::Machine);
    let theta = problem.parameters(0);
    let jacobian = dense(&residual_and_jacobian(&kernel, &theta).1);
    let factors = kernel.kronecker(Some(&theta));
    let [[a, b]] = factors[0].factors.as_slice() else { panic!("one group") };
    let product: Vec<f64> = a.iter().map(|a| a * b[0]).collect();
    close::assert_relative(product, (jacobian.transpose() * jacobian).as_slice(), 1e-13);
}

/// The factors of u'' on a network of one hidden layer, with all jets and cotangents by hand.
#[test]
fn kronecker_factors_are_sums_over_channels() {
    let width = 5;
    let networks = [Network::new(&[0], 1, &[width], Activation::Tanh)];
    let axes = [Axis::quarters(0, 8)];
    let problem = Problem::new("second derivative", &axes, &networks, |f| vec![vec![f.u(0, &[2])], vec![f.u(0, &[])]]);
    let points = problem.all_points(&[70, 9], 7);
    let kernel = problem.kernel(&points, Backend::Machine);
    let theta = problem.parameters(2);
    let factors = kernel.kronecker(Some(&theta));
    // The axis from 0 to 2 is rescaled to [-1, 1].
    let slope = 1.0;
    let hidden = |x: f64| -> Vec<[f64; 5]> {
        let of = |j: usize| {
            let (w, b) = (theta[j], theta[width + j]);
            let t = (w * (x * slope - 1.0) + b).tanh();
            let d1 = 1.0 - t * t;
            let d2 = -2.0 * t * d1;
            let d3 = -2.0 * d1 * d1 - 2.0 * t * d2;
            [w * slope, t, d1, d2, d3]
        };
        (0..width).map(of).collect()
    };
    let out = |j: usize| theta[2 * width + j];
    let mut first = [DMatrix::zeros(2, 2), DMatrix::zeros(width, width)];
    let mut last = [DMatrix::zeros(width + 1, width + 1), DMatrix::zeros(1, 1)];
    let weights: f64 = points[0].weights.iter().sum();
    for (&x, &w) in points[0].coordinates[0].iter().zip(&points[0].weights) {
        let hidden = hidden(x);
        let column = |f: &dyn Fn(usize, [f64; 5]) -> f64| DVector::from_fn(width, |j, _| f(j, hidden[j]));
        let with_bias = |v: DVector<f64>, bias: f64| v.insert_row(width, bias);
        let before = [[x * slope - 1.0, 1.0], [slope, 0.0], [0.0, 0.0]].map(|z| DVector::from_column_slice(&z));
        // u'' = Σ v (σ''(z) z'² + σ'(z) z''), with z'' = 0.
        let behind: [DVector<f64>; 3] = [
            column(&|j, [s, _, _, _, d3]| out(j) * d3 * s * s),
            column(&|j, [s, _, _, d2, _]| out(j) * 2.0 * d2 * s),
            column(&|j, [_, _, d1, _, _]| out(j) * d1),
        ];
        let jets = [
            with_bias(column(&|_, [_, t, ..]| t), 1.0),
            with_bias(column(&|_, [s, _, d1, ..]| d1 * s), 0.0),
            with_bias(column(&|_, [s, _, _, d2, _]| d2 * s * s), 0.0),
        ];
        for channel in 0..3 {
            first[0] += &before[channel] * before[channel].transpose() * (w / (3.0 * weights));
            first[1] += &behind[channel] * behind[channel].transpose() * (w * FACTOR);
            last[0] += &jets[channel] * jets[channel].transpose() * (w / (3.0 * weights));
        }
        last[1][0] += w * FACTOR;
    }
    for (found, expected) in factors.iter().zip([first, last]) {
        assert_eq!(found.factors.len(), 2, "inside and outside");
        let [a, b] = &found.factors[0];
        close::assert_relative(a, expected[0].as_slice(), 1e-12);
        close::assert_relative(b, expected[1].as_slice(), 1e-12);
    }
}

/// The weight of the first formula of a block in [`Problem`].
const FACTOR: f64 = 0.75;
