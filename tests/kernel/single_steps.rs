//! Single steps of methods against their equations.

use nalgebra::{DMatrix, DVector};

use pdec::kernel::{LeastSquares, Metric, Objective, ParameterMatrix, Sobolev, Spread};
use pdec::linalg::RowTiles;
use pdec::optim::{
    Engd, EngdOptions, GradientDescent, GradientDescentOptions, Optimizer, Outcome, QuasiNewton, QuasiNewtonOptions,
    Solver, Update, half_square,
};

use crate::close;
use crate::optimizers::{ENGD, Linear, engd, methods, searches, smooth, steps};
use crate::problems::{Backend, along, dense, residual, residual_and_jacobian};

/// θ + p + a with `(JᵀJ + λI) p = -Jᵀr` and `(JᵀJ + λI) a = -½ Jᵀ r_pp`, where the last trial had the damping λ.
#[test]
fn steps_of_engd_solve_its_equations() {
    let problem = smooth(6);
    let kernel = problem.kernel(&problem.all_points(&[40, 4], 0), Backend::Interpreter);
    for choice in ENGD {
        let mut optimizer = engd(&kernel, choice);
        let mut theta = problem.parameters(0);
        let options = EngdOptions::default();
        let mut damping = options.damping;
        for step in 0..4 {
            let before = theta.clone();
            let (r, jacobian) = residual_and_jacobian(&kernel, &theta);
            let jacobian = dense(&jacobian);
            let report = optimizer.step(&kernel, &mut theta);
            println!("{choice:?} step {step}: {report:?}");
            assert_eq!(report.outcome, Outcome::Moved);
            damping *= options.raise.powi(report.trials as i32 - 1);
            close::assert_relative([report.rate], [damping], 1e-15);
            let gram = jacobian.transpose() * &jacobian + DMatrix::identity(theta.len(), theta.len()) * damping;
            let cholesky = gram.cholesky().expect("the damped matrix is positive definite");
            let solve = |r: &[f64]| -cholesky.solve(&(jacobian.transpose() * DVector::from_column_slice(r)));
            let p = solve(&r);
            let [_, second] = along(&kernel, &before, p.as_slice());
            let a = solve(&second) * if choice.1 { 0.5 } else { 0.0 };
            assert!(a.norm() <= p.norm());
            let moved: Vec<f64> = before.iter().zip(&theta).map(|(b, t)| t - b).collect();
            close::assert_relative(moved, (p + a).as_slice(), 1e-7);
            damping /= if report.trials == 1 { options.lower } else { options.raise };
        }
    }
}

/// The plain gradient step.
#[test]
fn steps_of_gradient_descent_are_its_formula() {
    let problem = Linear::random(9, 4, 11);
    let options = GradientDescentOptions { rate: 0.01, line_search: false };
    let mut descent = GradientDescent::new(options, 4);
    let mut theta = vec![0.3; 4];
    let mut expected = DVector::from_element(4, 0.3);
    for _ in 0..20 {
        descent.step(&problem, &mut theta);
        let residual = &problem.matrix * &expected - &problem.right;
        expected -= problem.matrix.transpose() * residual * options.rate;
        close::assert_relative(&theta, expected.as_slice(), 1e-13);
    }
}

/// A decrease below the rounding of the loss is none, though the gradient is not zero.
#[test]
fn a_loss_that_stays_is_no_decrease() {
    let mut problem = Linear::random(9, 3, 12);
    problem.matrix.row_mut(8).fill(0.0);
    problem.right[8] = 1e12;
    for (name, make) in methods() {
        if !searches(&name) {
            continue;
        }
        let mut theta = vec![0.1; 3];
        let mut optimizer = make(&problem);
        for _ in 0..40 {
            let report = optimizer.step(&problem, &mut theta);
            assert!(report.outcome == Outcome::NoDecrease && report.gradient > 0.1, "{name}: {report:?}");
            assert_eq!(theta, [0.1; 3], "{name}: {report:?}");
        }
        // Whatever that did to the damping or rate, new points can be learned from.
        let mut later = problem.clone();
        later.right[8] = 0.0;
        let before = half_square(&residual(&later, &theta)) - later.least_loss();
        steps(&mut *optimizer, &later, &mut theta, 30);
        let after = half_square(&residual(&later, &theta)) - later.least_loss();
        assert!(after < before / 2.0, "{name} does not recover: {before:e} to {after:e}");
    }
}

/// A linear problem that claims to bend.
struct Bent {
    linear: Linear,
    second: Vec<f64>,
}

impl Objective for Bent {
    fn parameters(&self) -> usize {
        self.linear.parameters()
    }

    fn loss(&self, theta: &[f64]) -> f64 {
        self.linear.loss(theta)
    }

    fn gradient(&self, theta: &[f64], gradient: &mut [f64]) -> f64 {
        self.linear.gradient(theta, gradient)
    }

    fn row_tiles(&self, metric: Metric) -> Vec<usize> {
        self.linear.row_tiles(metric)
    }

    fn linearize(&self, theta: &[f64], metric: Metric, rows: &mut RowTiles, gradient: &mut [f64]) -> f64 {
        self.linear.linearize(theta, metric, rows, gradient)
    }

    fn curvature_along(&self, _: &[f64], _: &[f64], out: &mut [f64]) {
        out.copy_from_slice((self.linear.matrix.transpose() * DVector::from_column_slice(&self.second)).as_slice());
    }

    fn derivative_means(&self, theta: &[f64], of: Spread, means: &mut [f64]) {
        self.linear.derivative_means(theta, of, means);
    }

    fn gradient_and_squares(&self, theta: &[f64], of: Spread, gradient: &mut [f64], squares: &mut [f64]) -> f64 {
        self.linear.gradient_and_squares(theta, of, gradient, squares)
    }

    fn matrices(&self) -> Vec<ParameterMatrix> {
        self.linear.matrices()
    }

    fn least_squares(&self) -> Option<&dyn LeastSquares> {
        Some(self)
    }
}

impl LeastSquares for Bent {
    fn rows(&self) -> usize {
        self.linear.rows()
    }

    fn residual(&self, theta: &[f64], residual: &mut [f64]) {
        self.linear.residual(theta, residual);
    }

    fn residual_along(&self, theta: &[f64], v: &[f64], first: &mut [f64], second: &mut [f64]) {
        self.linear.residual_along(theta, v, first, second);
        second.copy_from_slice(&self.second);
    }
}

/// A trial counts only where ‖a‖ ≤ ‖p‖, however low its loss: here a goes where the residual hardly changes.
#[test]
fn accelerations_are_no_longer_than_steps() {
    let (weak, bend) = (1e-3, 0.01);
    let matrix = DMatrix::from_row_slice(2, 2, &[1.0, 0.0, 0.0, weak]);
    let linear = Linear { matrix, right: DVector::from_column_slice(&[1.0, 0.0]) };
    let problem = Bent { linear, second: vec![0.0, bend] };
    let first = 1e-7;
    let lengths = |damping: f64| (0.5 * bend * weak / (weak * weak + damping), 1.0 / (1.0 + damping));
    assert!(lengths(first).0 > lengths(first).1, "the first trial must be one that does not count");
    for solver in [Solver::Auto, Solver::Gram, Solver::Qr] {
        let options = EngdOptions { damping: first, solver, ..EngdOptions::default() };
        let report = Engd::new(options, &problem).step(&problem, &mut [0.0, 0.0]);
        let (a, p) = lengths(report.rate);
        let (earlier_a, earlier_p) = lengths(report.rate / options.raise);
        assert!(report.outcome == Outcome::Moved && a <= p && earlier_a > earlier_p, "{solver:?}: {report:?}");
    }
}

/// Counts gradients; otherwise another problem.
struct Counted<'a> {
    problem: &'a dyn Objective,
    gradients: std::sync::atomic::AtomicUsize,
}

impl Objective for Counted<'_> {
    fn parameters(&self) -> usize {
        self.problem.parameters()
    }

    fn loss(&self, theta: &[f64]) -> f64 {
        self.problem.loss(theta)
    }

    fn gradient(&self, theta: &[f64], gradient: &mut [f64]) -> f64 {
        self.gradients.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        self.problem.gradient(theta, gradient)
    }

    fn revision(&self) -> Option<u64> {
        self.problem.revision()
    }

    fn row_tiles(&self, metric: Metric) -> Vec<usize> {
        self.problem.row_tiles(metric)
    }

    fn linearize(&self, theta: &[f64], metric: Metric, rows: &mut RowTiles, gradient: &mut [f64]) -> f64 {
        self.problem.linearize(theta, metric, rows, gradient)
    }

    fn curvature_along(&self, theta: &[f64], v: &[f64], out: &mut [f64]) {
        self.problem.curvature_along(theta, v, out);
    }

    fn derivative_means(&self, theta: &[f64], spread: Spread, means: &mut [f64]) {
        self.problem.derivative_means(theta, spread, means);
    }

    fn gradient_and_squares(&self, theta: &[f64], of: Spread, gradient: &mut [f64], squares: &mut [f64]) -> f64 {
        self.problem.gradient_and_squares(theta, of, gradient, squares)
    }

    fn matrices(&self) -> Vec<ParameterMatrix> {
        self.problem.matrices()
    }

    fn least_squares(&self) -> Option<&dyn LeastSquares> {
        self.problem.least_squares()
    }
}

/// The gradient that a quasi-Newton step ends with is that of the next start, unless the points have changed.
#[test]
fn a_gradient_is_evaluated_once() {
    let problem = smooth(6);
    let points = problem.all_points(&[30, 4], 0);
    let mut kernel = problem.kernel(&points, Backend::Interpreter);
    let options = QuasiNewtonOptions { update: Update::Bfgs, pairs: 8 };
    let mut method = QuasiNewton::new(options, kernel.parameters());
    let mut theta = problem.parameters(0);
    for redrawn in [false, true] {
        if redrawn {
            kernel.set_all_points(&problem.all_points(&[30, 4], 1));
        }
        let counted = Counted { problem: &kernel, gradients: 0.into() };
        let trials: usize = (0..10).map(|_| method.step(&counted, &mut theta).trials).sum();
        assert_eq!(counted.gradients.into_inner(), trials + 1, "redrawn: {redrawn}");
    }
}

/// The rows of a norm are the tangents, at the points that the loss has, also when these are drawn anew.
#[test]
fn the_metric_of_a_space_is_its_gram_matrix() {
    let mut problem = smooth(6).with_norm(Sobolev::H1);
    let mut kernel = problem.kernel(&problem.all_points(&[30, 4], 0), Backend::Machine);
    let points = problem.all_points(&[17, 4], 1);
    kernel.set_all_points(&points);
    let theta = problem.parameters(0);
    let size = theta.len();
    let mut rows = RowTiles::new(&kernel.row_tiles(Metric::Sobolev(Sobolev::H1)), size);
    let mut slope = vec![0.0; size];
    let loss = kernel.linearize(&theta, Metric::Sobolev(Sobolev::H1), &mut rows, &mut slope);
    let (gradient, expected) = crate::problems::gradient(&kernel, &theta);
    assert_eq!((slope, loss), (gradient, expected), "the loss and its gradient are those of the problem");
    let gram = dense(&rows).transpose() * dense(&rows);
    // Tangents by central differences of the fields.
    let formulas = [problem.formula(&[]), problem.formula(&[1])];
    let mut predictor = problem.predictor(&formulas, Backend::Machine);
    let mut tangents = vec![DMatrix::zeros(points[0].len(), size); 2];
    for p in 0..size {
        let mut at = |h: f64| {
            let mut moved = theta.clone();
            moved[p] += h;
            predictor.evaluate(&moved, &points[0].coordinates)
        };
        let (ahead, behind) = (at(1e-5), at(-1e-5));
        for (tangent, (ahead, behind)) in tangents.iter_mut().zip(ahead.iter().zip(&behind)) {
            tangent.set_column(p, &DVector::from_fn(ahead.len(), |i, _| (ahead[i] - behind[i]) / 2e-5));
        }
    }
    let weights = DMatrix::from_diagonal(&DVector::from_column_slice(&points[0].weights));
    let expected = tangents.iter().map(|t| t.transpose() * &weights * t).fold(DMatrix::zeros(size, size), |a, b| a + b);
    close::assert_relative_to(expected.norm(), gram.as_slice(), expected.as_slice(), 1e-8);
}
