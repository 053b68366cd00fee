//! Energies and Newton's metric: orders of derivatives, and the second derivative in function space on other ways.
//!
//! In the parameters of the output layer a network is linear, so that there the second derivative of the loss in θ is the
//! one in function space, which the rows of the metric stand for.

use nalgebra::{DMatrix, DVector, SymmetricEigen};

use pdec::kernel::{Metric, Objective, Role};
use pdec::linalg::{RowTiles, product, transposed_product};
use pdec::network::Activation;
use pdec::optim::{Engd, EngdOptions, Optimizer, Outcome, Solver};

use crate::close;
use crate::problems::{
    Axis, Backend, Network, Problem, catalogue, curvature, energies, gradient, indefinite, linearize, norm, residual,
    residual_and_jacobian,
};

/// By how much an observed order may miss.
const MISS: f64 = 0.1;

fn orders(errors: &[f64]) -> Vec<f64> {
    errors.windows(2).map(|pair| (pair[0] / pair[1]).log2()).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn moved(theta: &[f64], h: f64, v: &[f64]) -> Vec<f64> {
    theta.iter().zip(v).map(|(t, v)| t + h * v).collect()
}

/// A direction that changes the output layers only, and the numbers of their parameters.
fn outputs(problem: &Problem, seed: u64) -> (Vec<f64>, Vec<usize>) {
    let ranges = problem.description.networks.iter().map(|network| network.layout.output().all());
    let own: Vec<usize> = ranges.flatten().collect();
    let mut v = problem.direction(seed);
    (0..v.len()).filter(|p| !own.contains(p)).for_each(|p| v[p] = 0.0);
    (v, own)
}

fn only(own: &[usize], v: &[f64]) -> Vec<f64> {
    own.iter().map(|&p| v[p]).collect()
}

/// AᵀA v.
fn metric_times(rows: &RowTiles, v: &[f64]) -> Vec<f64> {
    let mut along = vec![f64::NAN; rows.rows()];
    product(rows, v, &mut along);
    let mut out = vec![f64::NAN; v.len()];
    transposed_product(rows, &along, &mut out);
    out
}

#[test]
fn gradients_of_energies_have_their_order() {
    for problem in energies() {
        let kernel = problem.kernel(&problem.all_points(&[70, 9], 1), Backend::Machine);
        assert!(kernel.least_squares().is_none());
        for seed in 0..3 {
            let (theta, v) = (problem.parameters(seed), problem.direction(seed));
            let (slope, loss) = gradient(&kernel, &theta);
            let (_, by_linearize, same_loss) = linearize(&kernel, &theta, Metric::GaussNewton);
            close::assert_relative(by_linearize, &slope, 1e-12);
            close::assert_relative([loss, kernel.loss(&theta)], [same_loss; 2], 1e-13);
            let mut errors = Vec::new();
            for exponent in 9..=13 {
                let h = 2f64.powi(-exponent);
                let to = moved(&theta, h, &v);
                close::assert_relative_to(loss.abs(), [kernel.change(&theta, &to)], [kernel.loss(&to) - loss], 1e-13);
                errors.push((kernel.change(&theta, &to) - h * dot(&slope, &v)).abs());
            }
            println!("{} {seed}: {errors:?}", problem.name);
            close::assert_relative_to(1.0, orders(&errors), vec![2.0; errors.len() - 1], MISS);
        }
    }
}

/// A loss that is the same up to rounding still has a change.
#[test]
fn changes_below_the_rounding_of_the_loss_are_resolved() {
    for problem in energies() {
        let kernel = problem.kernel(&problem.all_points(&[70, 9], 1), Backend::Machine);
        let (theta, v) = (problem.parameters(0), problem.direction(0));
        let (slope, loss) = gradient(&kernel, &theta);
        let h = 1e-15 * loss.abs() / dot(&slope, &v).abs();
        let change = kernel.change(&theta, &moved(&theta, h, &v));
        println!("{}: {change:e} of {loss:e}", problem.name);
        assert!((change - h * dot(&slope, &v)).abs() < 0.5 * h * dot(&slope, &v).abs(), "{}: {change:e}", problem.name);
    }
}

/// Orders of `∇L(θ + hv) - ∇L(θ) - h AᵀA v` and of what is left of it behind `-½ h²` times the curvature, for a v that
/// changes the output layers, and there.
fn check_second_derivatives(problem: &Problem, metric: Metric) {
    let kernel = problem.kernel(&problem.all_points(&[70, 9], 1), Backend::Machine);
    for seed in 0..3 {
        let theta = problem.parameters(seed);
        let (v, own) = outputs(problem, seed);
        let (rows, slope, _) = linearize(&kernel, &theta, metric);
        let (linear, bent) = (metric_times(&rows, &v), curvature(&kernel, &theta, &v));
        let mut errors = [const { Vec::new() }; 2];
        for exponent in 3..=7 {
            let h = 2f64.powi(-exponent);
            let (there, _) = gradient(&kernel, &moved(&theta, h, &v));
            let rest: Vec<f64> = (0..v.len()).map(|p| there[p] - slope[p] - h * linear[p]).collect();
            errors[0].push(norm(&only(&own, &rest)));
            let rest: Vec<f64> = (0..v.len()).map(|p| rest[p] - 0.5 * h * h * bent[p]).collect();
            errors[1].push(norm(&only(&own, &rest)));
        }
        println!("{} {seed}: {errors:?}", problem.name);
        let quadratic = errors[0].iter().all(|e| *e < 1e-13 * norm(&slope));
        if !quadratic {
            close::assert_relative_to(1.0, orders(&errors[0]), vec![2.0; errors[0].len() - 1], MISS);
        }
        if metric == Metric::GaussNewton && !quadratic {
            close::assert_relative_to(1.0, orders(&errors[1]), vec![3.0; errors[1].len() - 1], 3.0 * MISS);
        }
    }
}

#[test]
fn rows_and_curvature_are_second_and_third_derivatives_in_function_space() {
    for problem in energies().iter().take(3) {
        check_second_derivatives(problem, Metric::GaussNewton);
    }
}

/// `u² + u_x + 3` is positive here and bends upward: ½R² has a definite second derivative, and Newton's metric is it.
fn positive_residual() -> Problem {
    let networks = [Network::new(&[0], 1, &[6], Activation::Tanh)];
    Problem::new("positive", &[Axis::quarters(-4, 4)], &networks, |f| {
        let (u, ux) = (f.u(0, &[]), f.u(0, &[1]));
        let (square, three) = (f.product(&[u, u]), f.times(3, 1, pdec::expr::Graph::ONE));
        vec![vec![f.sum(&[square, ux, three])]]
    })
    .with_metric(Metric::Newton)
}

#[test]
fn rows_of_the_metric_of_newton_are_the_second_derivative_of_squares() {
    let problem = positive_residual();
    let kernel = problem.kernel(&problem.all_points(&[70], 1), Backend::Machine);
    assert!(residual(&kernel, &problem.parameters(0)).iter().all(|r| *r > 0.0));
    check_second_derivatives(&problem, Metric::Newton);
}

/// The Gram matrix of rows.
fn gram(rows: &RowTiles) -> DMatrix<f64> {
    let of = |column: usize| {
        let mut unit = vec![0.0; rows.columns()];
        unit[column] = 1.0;
        DVector::from_vec(metric_times(rows, &unit))
    };
    DMatrix::from_columns(&(0..rows.columns()).map(of).collect::<Vec<_>>())
}

/// Σ Tᵀ H₊ T with T from the Jacobian of the jets as residuals, and H₊ from a library.
#[test]
fn rows_take_the_positive_part_of_each_point() {
    let energy = indefinite();
    let networks = [Network::new(&[0], 1, &[6], Activation::Tanh)];
    let jets = Problem::new("jets", &energy.axes, &networks, |f| vec![vec![f.u(0, &[]), f.u(0, &[1])]]);
    let points = energy.all_points(&[70], 5);
    let weights: Vec<f64> = jets.description.blocks[0].weights.iter().map(|w| w.sqrt()).collect();
    let theta = energy.parameters(5);
    let kernel = jets.kernel(&points, Backend::Machine);
    let (values, jacobian) = residual_and_jacobian(&kernel, &theta);
    let column = |p: usize| {
        let mut unit = vec![0.0; theta.len()];
        unit[p] = 1.0;
        let mut out = vec![0.0; values.len()];
        product(&jacobian, &unit, &mut out);
        DVector::from_vec(out)
    };
    let tangents = DMatrix::from_columns(&(0..theta.len()).map(column).collect::<Vec<_>>());
    let rows_of = |jet: usize| kernel.rows_of(0, jet).flatten().collect::<Vec<usize>>();
    let (of_u, of_slope) = (rows_of(0), rows_of(1));
    let mut expected = DMatrix::zeros(theta.len(), theta.len());
    let weight = energy.description.blocks[0].weights[0];
    for (b, (&i, &j)) in of_u.iter().zip(&of_slope).enumerate() {
        let scale = points[0].weights[b].sqrt();
        let (u, ux) = (values[i] / (scale * weights[0]), values[j] / (scale * weights[1]));
        let eigen = SymmetricEigen::new(DMatrix::from_row_slice(2, 2, &[2.0 * ux, 2.0 * u, 2.0 * u, 0.0]));
        for (value, vector) in eigen.eigenvalues.iter().zip(eigen.eigenvectors.column_iter()) {
            let row = tangents.row(i) * (vector[0] / weights[0]) + tangents.row(j) * (vector[1] / weights[1]);
            expected += row.transpose() * row * (value.max(0.0) * weight);
        }
    }
    let (rows, ..) = linearize(&energy.kernel(&points, Backend::Machine), &theta, Metric::GaussNewton);
    let found = gram(&rows);
    close::assert_relative_to(expected.amax(), found.as_slice(), expected.as_slice(), 1e-12);
}

/// ½R² as an energy is what R is as a residual: loss and gradient, and for an R that is linear in the jets the metric and
/// the curvature too.
#[test]
fn squares_are_energies() {
    let make = |role: Role, linear: bool| {
        let networks = [Network::new(&[0, 1], 1, &[5, 4], Activation::Tanh)];
        let axes = [Axis::quarters(0, 4), Axis::quarters(-2, 3)];
        Problem::new("square", &axes, &networks, |f| {
            let (u, ut, uxx, x) = (f.u(0, &[]), f.u(0, &[1]), f.u(0, &[0, 2]), f.x(1));
            let product = if linear { f.product(&[x, u]) } else { f.product(&[u, u]) };
            let residual = f.sum(&[ut, uxx, product, x]);
            let square = f.product(&[residual, residual]);
            vec![vec![if role == Role::Energy { f.times(1, 2, square) } else { residual }]]
        })
        .with_roles(&[role])
        .with_metric(Metric::Newton)
    };
    for linear in [true, false] {
        let [residual, energy] = [Role::Residual, Role::Energy].map(|role| make(role, linear));
        let points = residual.all_points(&[70], 4);
        let [residual, energy] = [&residual, &energy].map(|problem| problem.kernel(&points, Backend::Machine));
        let problem = make(Role::Residual, linear);
        let (theta, v) = (problem.parameters(1), problem.direction(1));
        let [(first, slope, loss), (second, same_slope, same_loss)] =
            [&residual, &energy].map(|kernel| linearize(kernel, &theta, Metric::Newton));
        close::assert_relative([loss], [same_loss], 1e-13);
        close::assert_relative(slope, same_slope, 1e-12);
        let (first, second) = (gram(&first), gram(&second));
        close::assert_relative_to(first.amax(), first.as_slice(), second.as_slice(), 1e-11);
        if linear {
            let (plain, ..) = linearize(&residual, &theta, Metric::GaussNewton);
            close::assert_relative_to(first.amax(), gram(&plain).as_slice(), second.as_slice(), 1e-11);
            let [a, b] = [&residual, &energy].map(|kernel| curvature(kernel, &theta, &v));
            close::assert_relative(a, b, 1e-11);
        }
    }
}

/// Where residuals are linear in the jets the two metrics are one, to the last bit of the rows.
#[test]
fn metrics_agree_on_linear_residuals() {
    let networks = [Network::new(&[0, 1], 1, &[6], Activation::Tanh)];
    let axes = [Axis::quarters(0, 4), Axis::quarters(-2, 3)];
    let problem = Problem::new("heat", &axes, &networks, |f| {
        let (u, ut, uxx, x) = (f.u(0, &[]), f.u(0, &[1]), f.u(0, &[0, 2]), f.x(1));
        let (minus, sine) = (f.times(-1, 1, uxx), f.call(pdec::expr::Function::Sin, x));
        vec![vec![f.sum(&[ut, minus])], vec![f.sum(&[u, sine])]]
    })
    .with_metric(Metric::Newton);
    let kernel = problem.kernel(&problem.all_points(&[70, 9], 2), Backend::Machine);
    let theta = problem.parameters(0);
    let [plain, newton] = [Metric::GaussNewton, Metric::Newton].map(|metric| linearize(&kernel, &theta, metric));
    assert_eq!(plain.0, newton.0);
    close::assert_relative(plain.1, newton.1, 1e-12);
    // Whole steps, with a damping that lets rounding through but little.
    let step = |metric: Metric| {
        let mut theta = theta.clone();
        let mut optimizer = Engd::new(EngdOptions { metric, damping: 1e-3, ..EngdOptions::default() }, &kernel);
        assert_eq!(optimizer.step(&kernel, &mut theta).outcome, Outcome::Moved);
        theta
    };
    close::assert_relative(step(Metric::Newton), step(Metric::GaussNewton), 1e-9);
}

/// Newton's metric is that of Gauss and Newton where the residual vanishes.
#[test]
fn metrics_agree_where_residuals_vanish() {
    let networks = [Network::new(&[0], 1, &[6], Activation::Tanh)];
    let problem = Problem::new("vanishing", &[Axis::quarters(-4, 4)], &networks, |f| {
        let (u, ux) = (f.u(0, &[]), f.u(0, &[1]));
        vec![vec![f.product(&[u, ux])]]
    })
    .with_metric(Metric::Newton);
    let kernel = problem.kernel(&problem.all_points(&[40], 2), Backend::Machine);
    let mut theta = problem.parameters(0);
    let output = problem.description.networks[0].layout.output().all();
    theta[output.clone()].fill(0.0);
    theta[output.end - 1] = 1.5;
    assert!(residual(&kernel, &theta).iter().all(|r| *r == 0.0));
    let [plain, newton] =
        [Metric::GaussNewton, Metric::Newton].map(|metric| gram(&linearize(&kernel, &theta, metric).0));
    close::assert_relative_to(plain.amax(), newton.as_slice(), plain.as_slice(), 1e-13);
}

/// A quadratic energy of a network without hidden layer is quadratic in θ: one step without damping is at the minimum.
#[test]
fn a_quadratic_energy_takes_one_step() {
    let networks = [Network::new(&[0, 1], 1, &[], Activation::Tanh)];
    let problem = Problem::new("quadratic", &[Axis::quarters(-4, 4), Axis::quarters(0, 4)], &networks, |f| {
        let (u, ux, uy, x) = (f.u(0, &[]), f.u(0, &[1]), f.u(0, &[0, 1]), f.x(0));
        let squares = [f.product(&[u, u]), f.product(&[ux, uy]), f.product(&[ux, ux]), f.product(&[uy, uy])];
        let load = f.product(&[x, u]);
        let load = f.times(-2, 1, load);
        vec![vec![f.sum(&[squares[0], squares[1], squares[2], squares[3], load])]]
    })
    .with_roles(&[Role::Energy]);
    let kernel = problem.kernel(&problem.all_points(&[50], 3), Backend::Machine);
    for solver in [Solver::Gram, Solver::Qr, Solver::Auto] {
        let options = EngdOptions { damping: 1e-13, solver, ..EngdOptions::default() };
        let mut theta = problem.parameters(0);
        let before = norm(&gradient(&kernel, &theta).0);
        let report = Engd::new(options, &kernel).step(&kernel, &mut theta);
        let after = norm(&gradient(&kernel, &theta).0);
        println!("{solver:?}: {before:e} to {after:e}");
        assert_eq!((report.outcome, report.trials), (Outcome::Moved, 1));
        assert!(after < 1e-11 * before, "{solver:?}: {before:e} to {after:e}");
    }
}

/// Steps on an energy descend, by every solver.
#[test]
fn energies_are_minimised() {
    let networks = [Network::new(&[0], 1, &[6], Activation::Tanh)];
    let problem = Problem::new("Ritz", &[Axis::quarters(-4, 4)], &networks, |f| {
        let (u, ux, x) = (f.u(0, &[]), f.u(0, &[1]), f.x(0));
        let (slope, quartic, load) = (f.product(&[ux, ux]), f.product(&[u, u, u, u]), f.product(&[x, u]));
        let (slope, quartic, load) = (f.times(1, 2, slope), f.times(1, 4, quartic), f.times(-1, 1, load));
        vec![vec![f.sum(&[slope, quartic, load])]]
    })
    .with_roles(&[Role::Energy]);
    let kernel = problem.kernel(&problem.all_points(&[200], 3), Backend::Machine);
    for solver in [Solver::Auto, Solver::Gram, Solver::Qr] {
        let mut theta = problem.parameters(0);
        let mut optimizer = Engd::new(EngdOptions { solver, ..EngdOptions::default() }, &kernel);
        let first = norm(&gradient(&kernel, &theta).0);
        let reports: Vec<_> = (0..120).map(|_| optimizer.step(&kernel, &mut theta)).collect();
        assert!(reports.iter().all(|report| report.loss <= report.loss_before));
        let last = norm(&gradient(&kernel, &theta).0);
        println!("{solver:?}: {first:e} to {last:e}, {:?}", reports.last());
        assert!(last < 1e-3 * first, "{solver:?}: {first:e} to {last:e}");
    }
}

/// The catalogue of residuals with Newton's metric: its gradient is the same, and steps descend.
#[test]
fn the_metric_of_newton_trains() {
    for problem in catalogue().into_iter().take(5) {
        let problem = problem.with_metric(Metric::Newton);
        let kernel = problem.kernel(&problem.all_points(&[70, 9, 30], 1), Backend::Machine);
        let mut theta = problem.parameters(0);
        let slope = gradient(&kernel, &theta).0;
        close::assert_relative(linearize(&kernel, &theta, Metric::Newton).1, slope, 1e-12);
        let options = EngdOptions { metric: Metric::Newton, ..EngdOptions::default() };
        let mut optimizer = Engd::new(options, &kernel);
        let first = optimizer.step(&kernel, &mut theta);
        let last = (0..10).map(|_| optimizer.step(&kernel, &mut theta)).last().expect("ten steps");
        println!("{}: {:e} to {:e}", problem.name, first.loss_before, last.loss);
        assert!(last.loss < 0.5 * first.loss_before, "{}", problem.name);
    }
}
