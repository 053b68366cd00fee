//! Steps in the space of samples, sketched, or with Kronecker factors, against their equations.

use nalgebra::{DMatrix, DVector};

use pdec::kernel::{LeastSquares, Objective};
use pdec::network::Activation;
use pdec::optim::{
    Dsgnar, DsgnarOptions, Kfac, KfacOptions, KfacRule, Optimizer, Outcome, SampleSolver, Spring, SpringOptions,
    StepRule, half_square,
};

use crate::close;
use crate::optimizers::{Linear, Make, smooth};
use crate::problems::{Axis, Backend, Network, Problem, dense, residual, residual_and_jacobian};

const DAMPING: f64 = 1e-8;

/// Steps that no line search keeps short want more of it.
fn damping_of(rule: StepRule) -> f64 {
    if rule == StepRule::Grid { DAMPING } else { 1e-3 }
}

fn spring(momentum: f64, solver: SampleSolver, rule: StepRule) -> Make {
    let options = SpringOptions { damping: damping_of(rule), momentum, solver, rule };
    Box::new(move |problem| Box::new(Spring::new(options, problem)))
}

fn kfac(rule: KfacRule) -> Make {
    let options = KfacOptions { damping: DAMPING, average: 0.9, rule };
    Box::new(move |problem| Box::new(Kfac::new(options, problem)))
}

fn dsgnar(sketch: Option<usize>, balance: f64) -> Make {
    let options = DsgnarOptions { sketch, radius: 1.0, radii: 24, balance };
    Box::new(move |problem| Box::new(Dsgnar::new(options, problem)))
}

/// Methods in the space of samples, sketched, or with Kronecker factors.
pub fn methods() -> Vec<(String, Make)> {
    let mut found: Vec<(String, Make)> = Vec::new();
    for solver in [SampleSolver::Exact, SampleSolver::Nystrom(12), SampleSolver::Sketch(12)] {
        found.push((format!("engdw {solver:?}"), spring(0.0, solver, StepRule::Grid)));
        found.push((format!("spring {solver:?}"), spring(0.8, solver, StepRule::Grid)));
    }
    found.push(("engdw fixed".to_owned(), spring(0.0, SampleSolver::Exact, StepRule::Fixed(0.1))));
    found.push(("spring fixed".to_owned(), spring(0.8, SampleSolver::Exact, StepRule::Fixed(0.1))));
    found.push(("dsgnar".to_owned(), dsgnar(None, 0.0)));
    found.push(("dsgnar balanced".to_owned(), dsgnar(Some(14), 0.05)));
    for rule in [KfacRule::Auto, KfacRule::Grid { momentum: 0.9 }] {
        found.push((format!("kfac {rule:?}"), kfac(rule)));
    }
    found
}

/// One step of a method from the parameters 0 of a seed.
fn first_step(make: &Make, problem: &dyn Objective, theta: &[f64]) -> Vec<f64> {
    let mut moved = theta.to_vec();
    let report = make(problem).step(problem, &mut moved);
    assert_eq!(report.outcome, Outcome::Moved, "{report:?}");
    moved
}

/// `Jᵀ(JJᵀ + λI)⁻¹ r = (JᵀJ + λI)⁻¹ Jᵀr`: a step of ENGD-W is one of ENGD; SPRING without momentum and both approximate
/// solvers of full size take the same one.
#[test]
fn steps_in_sample_space_are_those_in_parameter_space() {
    let problem = smooth(6);
    let kernel = problem.kernel(&problem.all_points(&[14, 2], 0), Backend::Machine);
    let (theta, rule) = (problem.parameters(0), StepRule::Fixed(1.0));
    let (r, jacobian) = residual_and_jacobian(&kernel, &theta);
    let jacobian = dense(&jacobian);
    let damped = jacobian.transpose() * &jacobian + DMatrix::identity(theta.len(), theta.len()) * 1e-3;
    let gradient = jacobian.transpose() * DVector::from_column_slice(&r);
    let step = damped.cholesky().expect("positive definite").solve(&gradient);
    // No step of a fixed rate is longer than √C = √0.001.
    let bound = (1e-3f64.sqrt() / step.norm()).min(1.0);
    let expected: Vec<f64> = theta.iter().zip(step.iter()).map(|(t, p)| t - bound * p).collect();
    let rows = r.len();
    for solver in [SampleSolver::Exact, SampleSolver::Nystrom(rows), SampleSolver::Sketch(rows)] {
        close::assert_relative(first_step(&spring(0.0, solver, rule), &kernel, &theta), &expected, 1e-10);
    }
    // The first step of SPRING has no momentum yet, but the factor that undoes the beginning of the mean.
    let momentum = 0.6_f64;
    let factor = bound / (1.0 - momentum * momentum).sqrt();
    let expected: Vec<f64> = theta.iter().zip(step.iter()).map(|(t, p)| t - factor * p).collect();
    close::assert_relative(first_step(&spring(momentum, SampleSolver::Exact, rule), &kernel, &theta), &expected, 1e-10);
}

/// φ of SPRING is the solution of `min ‖J φ + r‖² + λ ‖φ - μ φ'‖²`.
#[test]
fn steps_of_spring_are_nearest_to_the_momentum() {
    let problem = smooth(6);
    let kernel = problem.kernel(&problem.all_points(&[10, 2], 0), Backend::Machine);
    let (damping, momentum, rate) = (1e-2, 0.7, 0.05);
    let options = SpringOptions { damping, momentum, solver: SampleSolver::Exact, rule: StepRule::Fixed(rate) };
    let mut spring = Spring::new(options, &kernel);
    let mut theta = problem.parameters(0);
    let mut phi = DVector::zeros(theta.len());
    for k in 1..=5 {
        let before = theta.clone();
        let (r, jacobian) = residual_and_jacobian(&kernel, &theta);
        let jacobian = dense(&jacobian);
        let matrix = jacobian.transpose() * &jacobian + DMatrix::identity(theta.len(), theta.len()) * damping;
        let right = -jacobian.transpose() * DVector::from_column_slice(&r) + &phi * (damping * momentum);
        phi = matrix.cholesky().expect("positive definite").solve(&right);
        let length = rate.min(1e-3f64.sqrt() / phi.norm()) / (1.0 - momentum.powi(2 * k)).sqrt();
        spring.step(&kernel, &mut theta);
        let moved: Vec<f64> = before.iter().zip(&theta).map(|(b, t)| t - b).collect();
        close::assert_relative(moved, (&phi * length).as_slice(), 1e-9);
    }
}

/// An approximation of the rank of K is K.
#[test]
fn a_sketch_of_all_directions_is_the_whole_step() {
    // Three parameters: K has rank 3.
    let linear = Linear::random(30, 3, 14);
    let expected = first_step(&spring(0.0, SampleSolver::Exact, StepRule::Fixed(1.0)), &linear, &[0.1; 3]);
    let found = first_step(&spring(0.0, SampleSolver::Nystrom(8), StepRule::Fixed(1.0)), &linear, &[0.1; 3]);
    close::assert_relative(found, &expected, 1e-5);
    // A sketch of the columns of all parameters turns them only; with fewer rows than columns none are joined.
    let wide = Linear::random(5, 9, 15);
    let mut theta = vec![0.5; 9];
    let report = dsgnar(Some(9), 0.0)(&wide).step(&wide, &mut theta);
    assert_eq!(report.outcome, Outcome::Moved);
    let (r, jacobian) = residual_and_jacobian(&wide, &[0.5; 9]);
    let jacobian = dense(&jacobian);
    let kernel = &jacobian * jacobian.transpose() + DMatrix::identity(5, 5) * report.rate;
    let x = kernel.cholesky().expect("positive definite").solve(&DVector::from_column_slice(&r));
    let expected: Vec<f64> = (jacobian.transpose() * x).iter().map(|p| 0.5 - p).collect();
    close::assert_relative(theta, expected, 1e-9);
}

/// On linear regression the Kronecker product is JᵀJ, so that one step is enough.
#[test]
fn kfac_is_gauss_newton_on_one_linear_layer() {
    let networks = [Network::new(&[0], 1, &[], Activation::Tanh)];
    let problem = Problem::new("regression", &[Axis::quarters(0, 8)], &networks, |f| {
        let (u, x) = (f.u(0, &[]), f.x(0));
        vec![vec![f.sum(&[u, x])]]
    });
    let kernel = problem.kernel(&problem.all_points(&[40], 6), Backend::Machine);
    for rule in [KfacRule::Auto, KfacRule::Grid { momentum: 0.9 }] {
        let options = KfacOptions { damping: 1e-12, average: 0.9, rule };
        let mut theta = problem.parameters(0);
        let before = half_square(&residual(&kernel, &theta));
        Kfac::new(options, &kernel).step(&kernel, &mut theta);
        let after = half_square(&residual(&kernel, &theta));
        assert!(after < 1e-18 * before, "{rule:?}: {before:e} to {after:e}");
    }
}

/// Steps of KFAC solve the sum of Kronecker products, and minimise the quadratic model with the last step.
#[test]
fn steps_of_kfac_solve_its_equations() {
    let problem = smooth(6);
    let kernel = problem.kernel(&problem.all_points(&[40, 6], 0), Backend::Machine);
    let (damping, average) = (1e-4, 0.6);
    let mut kfac = Kfac::new(KfacOptions { damping, average, rule: KfacRule::Auto }, &kernel);
    let mut theta = problem.parameters(0);
    let mut mean: Vec<Vec<[DMatrix<f64>; 2]>> = Vec::new();
    let mut last: DVector<f64> = DVector::zeros(theta.len());
    for step in 0..4 {
        let before = theta.clone();
        let (r, jacobian) = residual_and_jacobian(&kernel, &theta);
        let (jacobian, r) = (dense(&jacobian), DVector::from_column_slice(&r));
        let gradient = jacobian.transpose() * &r;
        let layers = kernel.kronecker(Some(&theta));
        let mut direction = DVector::zeros(theta.len());
        for (number, layer) in layers.iter().enumerate() {
            let (k, m) = (layer.inputs + 1, layer.outputs);
            let factors = layer.factors.iter().map(|pair| {
                let [a, b] = pair;
                [DMatrix::from_column_slice(k, k, a), DMatrix::from_column_slice(m, m, b)]
            });
            let factors: Vec<[DMatrix<f64>; 2]> = factors.collect();
            match mean.get_mut(number) {
                None => mean.push(factors),
                Some(mean) => mean.iter_mut().zip(factors).for_each(|(mean, new)| {
                    mean.iter_mut().zip(new).for_each(|(mean, new)| *mean = &*mean * average + new * (1.0 - average));
                }),
            }
            let damped = |x: &DMatrix<f64>| x + DMatrix::identity(x.nrows(), x.nrows()) * damping;
            // Row-major weights with the bias behind each row: B ⊗ A.
            let sum = mean[number].iter().map(|[a, b]| damped(b).kronecker(&damped(a))).sum::<DMatrix<f64>>();
            let biases = layer.biases.clone().expect("a plain layer");
            let place = |row: usize, column: usize| match column {
                column if column == layer.inputs => biases.start + row,
                column => layer.weights.start + row * layer.inputs + column,
            };
            let right = DVector::from_fn(m * k, |i, _| gradient[place(i / k, i % k)]);
            let solved = sum.cholesky().expect("positive definite").solve(&right);
            (0..m * k).for_each(|i| direction[place(i / k, i % k)] = -solved[i]);
        }
        let basis: Vec<DVector<f64>> = if step == 0 { vec![direction] } else { vec![direction, last.clone()] };
        let basis = DMatrix::from_columns(&basis);
        let images = &jacobian * &basis;
        let model = images.transpose() * &images + basis.transpose() * &basis * damping;
        let best = -model.lu().solve(&(basis.transpose() * &gradient)).expect("independent");
        let report = kfac.step(&kernel, &mut theta);
        last = &basis * best * report.rate;
        let moved: Vec<f64> = before.iter().zip(&theta).map(|(b, t)| t - b).collect();
        println!("step {step}: {report:?}");
        close::assert_relative(moved, last.as_slice(), 1e-6);
    }
}
