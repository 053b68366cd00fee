//! Methods of training on small problems: they descend, find exact solutions, stop, and go on with the same bits.

use nalgebra::{DMatrix, DVector};

use pdec::expr::Function;
use pdec::geometry::Stream;
use pdec::kernel::{LeastSquares, Metric, Objective, ParameterMatrix, Sobolev, Spread};
use pdec::linalg::{CgLimits, RowTiles};
use pdec::model::{Method, OptionValue, Stage};
use pdec::network::Activation;
use pdec::optim::{
    Engd, EngdOptions, Factorization, GradientDescent, GradientDescentOptions, Lm, LmOptions, Nncg, NncgOptions,
    Optimizer, Outcome, QuasiNewton, QuasiNewtonOptions, Search, Solver, Update, for_stage, half_square,
};

use crate::close;
use crate::problems::{Axis, Backend, Network, Problem, residual};

pub const ENGD: [(Solver, bool); 10] = [
    (Solver::Svd, true),
    (Solver::Kernel, true),
    (Solver::Kernel, false),
    (Solver::Cg, true),
    (Solver::Auto, true),
    (Solver::Auto, false),
    (Solver::Gram, true),
    (Solver::Gram, false),
    (Solver::Qr, true),
    (Solver::Qr, false),
];

const SEARCHES: [(Solver, Search); 3] =
    [(Solver::Lstsq, Search::Grid), (Solver::Auto, Search::Grid), (Solver::Lstsq, Search::Backtracking)];

pub fn engd(problem: &dyn Objective, (solver, acceleration): (Solver, bool)) -> Box<dyn Optimizer> {
    let cg = CgLimits { iterations: 1000, tolerance: 1e-13 };
    Box::new(Engd::new(EngdOptions { solver, acceleration, cg, ..EngdOptions::default() }, problem))
}

/// Methods of first order with every choice that changes their way, as they are written.
const FIRST_ORDER: [(Method, &str); 14] = [
    (Method::Adam, "lr=0.02"),
    (Method::Adam, "lr=0.02 steps=60 decay=0.5"),
    (Method::Adam, "lr=0.02 steps=60 schedule=cosine warmup=10 clip=0.1 weight_decay=0.01"),
    (Method::Adam, "lr=0.05 schedule_free=on"),
    (Method::Soap, "lr=0.02"),
    (Method::Soap, "lr=0.02 frequency=1 precondition_1d=on max_precond_dim=4"),
    (Method::Soap, "lr=0.05 schedule_free=on"),
    (Method::Shampoo, "lr=0.02"),
    (Method::Shampoo, "lr=0.02 frequency=2"),
    (Method::Muon, "lr=0.02"),
    (Method::Psgd, "lr=0.02"),
    (Method::Psgd, "lr=0.02 frequency=3"),
    (Method::Pdeaware, "lr=0.02"),
    (Method::Pdeaware, "lr=0.02 variance=all beta1=0.9"),
];

/// A stage with options as they are written.
pub fn stage(method: Method, options: &str) -> Stage {
    let value = |text: &str| text.parse().map_or_else(|_| OptionValue::Name(text.to_owned()), OptionValue::Number);
    let pair = |option: &str| option.split_once('=').map(|(name, text)| (name.to_owned(), value(text)));
    Stage { options: options.split_whitespace().filter_map(pair).collect(), ..Stage::of(method) }
}

pub type Make = Box<dyn Fn(&dyn Objective) -> Box<dyn Optimizer>>;

/// Every method with every choice that changes its way.
pub fn methods() -> Vec<(String, Make)> {
    let mut found: Vec<(String, Make)> = Vec::new();
    for choice in ENGD {
        found.push((format!("engd {choice:?}"), Box::new(move |problem| engd(problem, choice))));
    }
    for (method, options) in FIRST_ORDER {
        let stage = stage(method, options);
        let name = format!("first order {}({options})", method.name());
        found.push((name, Box::new(move |problem| for_stage(&stage, problem))));
    }
    for (solver, search) in SEARCHES {
        let options = EngdOptions { solver, search, ..EngdOptions::default() };
        let make: Make = Box::new(move |problem| Box::new(Engd::new(options, problem)));
        found.push((format!("search {solver:?} {search:?}"), make));
    }
    for (factorization, acceleration) in [(Factorization::Gram, true), (Factorization::Svd, false)] {
        let options = LmOptions { radius: 1.0, acceleration, factorization, metric: Metric::GaussNewton };
        let make: Make = Box::new(move |problem| Box::new(Lm::new(options, problem)));
        found.push((format!("lm {factorization:?}"), make));
    }
    for frequency in [1, 20] {
        let options = NncgOptions { damping: 1e-2, rank: 8, frequency, iterations: 100 };
        let make: Make = Box::new(move |problem| Box::new(Nncg::new(options, problem.parameters())));
        found.push((format!("nncg {frequency}"), make));
    }
    for line_search in [true, false] {
        let options = GradientDescentOptions { rate: 0.02, line_search };
        let make: Make = Box::new(move |problem| Box::new(GradientDescent::new(options, problem.parameters())));
        found.push((format!("gd line search {line_search}"), make));
    }
    for update in [Update::Bfgs, Update::SelfScaledBfgs, Update::SelfScaledBroyden, Update::LimitedMemory] {
        let options = QuasiNewtonOptions { update, pairs: 8 };
        let make: Make = Box::new(move |problem| Box::new(QuasiNewton::new(options, problem.parameters())));
        found.push((format!("quasi-Newton {update:?}"), make));
    }
    found.extend(crate::sample_space::methods());
    found
}

/// `u_x + u² = cos x + sin² x` with `u = sin x` at some points: smooth, nonlinear, and solved by the sine.
pub fn smooth(width: usize) -> Problem {
    let networks = [Network::new(&[0], 1, &[width], Activation::Tanh)];
    Problem::new("smooth", &[Axis::quarters(0, 8)], &networks, |f| {
        let (u, ux, x) = (f.u(0, &[]), f.u(0, &[1]), f.x(0));
        let (sin, cos) = (f.call(Function::Sin, x), f.call(Function::Cos, x));
        let (square, square_of_sin) = (f.product(&[u, u]), f.product(&[sin, sin]));
        let [minus_sin, minus_cos, minus_square] = [sin, cos, square_of_sin].map(|e| f.times(-1, 1, e));
        vec![vec![f.sum(&[ux, square, minus_cos, minus_square])], vec![f.sum(&[u, minus_sin])]]
    })
}

/// `r = J θ - b` with a constant J.
#[derive(Clone)]
pub struct Linear {
    pub matrix: DMatrix<f64>,
    pub right: DVector<f64>,
}

impl Linear {
    /// Entries in (-1, 1).
    pub fn random(rows: usize, columns: usize, seed: u64) -> Self {
        let mut stream = Stream::new(seed, 0, 0);
        let mut next = || 2.0 * stream.uniform() - 1.0;
        Self { matrix: DMatrix::from_fn(rows, columns, |_, _| next()), right: DVector::from_fn(rows, |_, _| next()) }
    }

    fn with_solution(mut self, solution: &DVector<f64>) -> Self {
        self.right = &self.matrix * solution;
        self
    }

    /// The least loss that there is.
    pub fn least_loss(&self) -> f64 {
        let solution =
            self.matrix.clone().svd(true, true).solve(&self.right, 1e-10).expect("both sides were asked for");
        0.5 * (&self.matrix * solution - &self.right).norm_squared()
    }
}

impl Objective for Linear {
    fn parameters(&self) -> usize {
        self.matrix.ncols()
    }

    fn loss(&self, theta: &[f64]) -> f64 {
        half_square(&residual(self, theta))
    }

    fn gradient(&self, theta: &[f64], gradient: &mut [f64]) -> f64 {
        let residual = residual(self, theta);
        gradient.copy_from_slice((self.matrix.transpose() * DVector::from_column_slice(&residual)).as_slice());
        half_square(&residual)
    }

    fn row_tiles(&self, _: Metric) -> Vec<usize> {
        let rows = self.rows();
        (0..rows).step_by(8).map(|start| 8.min(rows - start)).collect()
    }

    fn linearize(&self, theta: &[f64], _: Metric, rows: &mut RowTiles, gradient: &mut [f64]) -> f64 {
        let mut start = 0;
        for tile in rows.tiles_mut() {
            let (rows, stride) = (tile.rows(), tile.stride());
            for (place, entry) in tile.data_mut().iter_mut().enumerate() {
                let (row, column) = (place % stride, place / stride);
                *entry = if row < rows { self.matrix[(start + row, column)] } else { f64::NAN };
            }
            start += rows;
        }
        self.gradient(theta, gradient)
    }

    fn curvature_along(&self, _: &[f64], _: &[f64], out: &mut [f64]) {
        out.fill(0.0);
    }

    fn derivative_means(&self, _: &[f64], _: Spread, means: &mut [f64]) {
        let columns = means.iter_mut().zip(self.matrix.column_iter());
        columns.for_each(|(mean, column)| *mean = column.mean());
    }

    fn gradient_and_squares(&self, theta: &[f64], _: Spread, gradient: &mut [f64], squares: &mut [f64]) -> f64 {
        let columns = squares.iter_mut().zip(self.matrix.column_iter());
        columns.for_each(|(square, column)| *square = column.norm_squared() / self.matrix.nrows() as f64);
        self.gradient(theta, gradient)
    }

    fn matrices(&self) -> Vec<ParameterMatrix> {
        vec![ParameterMatrix { start: 0, rows: self.matrix.ncols(), columns: 1 }]
    }

    fn least_squares(&self) -> Option<&dyn LeastSquares> {
        Some(self)
    }
}

impl LeastSquares for Linear {
    fn rows(&self) -> usize {
        self.matrix.nrows()
    }

    fn residual(&self, theta: &[f64], residual: &mut [f64]) {
        residual.copy_from_slice((&self.matrix * DVector::from_column_slice(theta) - &self.right).as_slice());
    }

    fn residual_along(&self, _: &[f64], v: &[f64], first: &mut [f64], second: &mut [f64]) {
        first.copy_from_slice((&self.matrix * DVector::from_column_slice(v)).as_slice());
        second.fill(0.0);
    }
}

/// Whether a method takes only steps that decrease the loss (a balanced one decreases a weighted loss).
pub fn searches(name: &str) -> bool {
    let without = ["first order", "gd line search false", "engdw fixed", "spring fixed", "dsgnar balanced"];
    !without.iter().any(|start| name.starts_with(start))
}

pub fn steps(optimizer: &mut dyn Optimizer, problem: &dyn Objective, theta: &mut [f64], count: usize) -> Vec<Outcome> {
    (0..count).map(|_| optimizer.step(problem, theta).outcome).collect()
}

pub fn bits(theta: &[f64]) -> Vec<u64> {
    theta.iter().map(|t| t.to_bits()).collect()
}

#[test]
fn every_method_descends() {
    let problem = smooth(6);
    let kernel = problem.kernel(&problem.all_points(&[30, 4], 0), Backend::Machine);
    for (name, make) in methods() {
        let mut theta = problem.parameters(0);
        let mut optimizer = make(&kernel);
        let first = optimizer.step(&kernel, &mut theta.clone()).loss_before;
        let mut last = f64::INFINITY;
        let mut optimizer = make(&kernel);
        for step in 0..60 {
            let before = theta.clone();
            let report = optimizer.step(&kernel, &mut theta);
            let moved = bits(&before) != bits(&theta);
            assert_eq!(report.outcome == Outcome::Moved, moved, "{name}: {report:?}");
            if moved {
                let length = before.iter().zip(&theta).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
                assert!((report.length - length).abs() <= 1e-6 * length, "{name} {step}: moved {length:e}, {report:?}");
            }
            let searches = searches(&name);
            assert!(!searches || report.loss <= report.loss_before, "{name} {step}: {report:?}");
            last = half_square(&residual(&kernel, &theta));
            // The loss beside a gradient comes from another program than the loss alone.
            let elsewhere = name.starts_with("quasi") || name.starts_with("dsgnar");
            let rounding = if elsewhere { 1e-13 * last } else { 0.0 };
            let off = (last - report.loss).abs();
            assert!(!searches || off <= rounding, "{name} {step}: the loss is {last:e}, {report:?}");
        }
        println!("{name}: {first:e} to {last:e}");
        assert!(last < first / 2.0, "{name}: {first:e} to {last:e}");
        assert!(!name.starts_with("engd (") || last < 1e-3 * first, "{name}: {first:e} to {last:e}");
    }
}

/// Without any option, on a network of common width.
#[test]
fn defaults_halve_the_loss_in_60_steps() {
    let problem = smooth(64).with_norm(Sobolev::OF_EQUATIONS);
    let kernel = problem.kernel(&problem.all_points(&[30, 4], 0), Backend::Machine);
    for method in Method::ALL {
        let mut theta = problem.parameters(0);
        let first = kernel.loss(&theta);
        let mut optimizer = for_stage(&Stage::of(method), &kernel);
        steps(&mut *optimizer, &kernel, &mut theta, 60);
        let last = kernel.loss(&theta);
        println!("{}: {first:e} to {last:e}", method.name());
        assert!(last < first / 2.0, "{}: {first:e} to {last:e}", method.name());
    }
}

#[test]
fn engd_solves_linear_problems() {
    let solution = DVector::from_fn(7, |i, _| 1.0 - 0.3 * i as f64);
    for choice in ENGD {
        for (rows, seed) in [(7, 0), (20, 1), (33, 2)] {
            println!("{choice:?} {rows} rows");
            let exact = Linear::random(rows, 7, seed).with_solution(&solution);
            let mut theta = vec![0.0; 7];
            steps(&mut *engd(&exact, choice), &exact, &mut theta, 12);
            close::assert_relative(&theta, solution.as_slice(), 1e-11);
            // Without an exact solution the loss is flat around the least one: half of the digits.
            let inexact = Linear::random(rows, 7, seed);
            let svd = inexact.matrix.clone().svd(true, true);
            let expected = svd.solve(&inexact.right, 0.0).expect("both sides were asked for");
            let mut theta = vec![0.0; 7];
            steps(&mut *engd(&inexact, choice), &inexact, &mut theta, 12);
            close::assert_relative(&theta, expected.as_slice(), 1e-7);
        }
    }
}

#[test]
fn dependent_columns_do_no_harm() {
    let mut twice = Linear::random(20, 6, 3);
    twice.matrix.set_column(4, &twice.matrix.column(1).into_owned());
    let mut zero = Linear::random(20, 6, 4);
    zero.matrix.column_mut(2).fill(0.0);
    let wide = Linear::random(5, 9, 5);
    let one = Linear { matrix: DMatrix::from_element(12, 4, 1.0), ..Linear::random(12, 4, 6) };
    for (name, problem) in [("two equal columns", twice), ("a column of zeros", zero), ("wide", wide), ("rank 1", one)]
    {
        for choice in ENGD {
            let mut theta = vec![0.5; problem.parameters()];
            let first = half_square(&residual(&problem, &theta));
            let outcomes = steps(&mut *engd(&problem, choice), &problem, &mut theta, 15);
            let (last, least) = (half_square(&residual(&problem, &theta)), problem.least_loss());
            println!("{name} {choice:?}: {first:e} to {last:e}, at least {least:e}, {outcomes:?}");
            assert!(outcomes[0] == Outcome::Moved && theta.iter().all(|t| t.is_finite()));
            close::assert_relative_to(first, [last], [least], 1e-12);
        }
    }
}

#[test]
fn a_restored_method_goes_on_with_the_same_bits() {
    let problem = smooth(6).with_norm(Sobolev::OF_EQUATIONS);
    let kernel = problem.kernel(&problem.all_points(&[30, 4], 0), Backend::Interpreter);
    let by_default = |method: Method| {
        let make: Make = Box::new(move |problem| for_stage(&Stage::of(method), problem));
        (format!("{} by default", method.name()), make)
    };
    for (name, make) in methods().into_iter().chain(Method::ALL.map(by_default)) {
        let mut theta = problem.parameters(1);
        let mut optimizer = make(&kernel);
        steps(&mut *optimizer, &kernel, &mut theta, 6);
        let (state, mut resumed_theta) = (optimizer.save(), theta.clone());
        steps(&mut *optimizer, &kernel, &mut theta, 6);
        let mut resumed = make(&kernel);
        let mut fresh_theta = resumed_theta.clone();
        steps(&mut *make(&kernel), &kernel, &mut fresh_theta, 6);
        resumed.restore(&state).expect("the state is of this method");
        assert_eq!(resumed.save(), state, "{name}");
        steps(&mut *resumed, &kernel, &mut resumed_theta, 6);
        assert_eq!(bits(&resumed_theta), bits(&theta), "{name}");
        assert_eq!(resumed.save(), optimizer.save(), "{name}");
        // A fixed rate has no state, nor has a line search, or a step without chance or failure; all others must need theirs.
        let stateless = ["gd line search false", "engdw Exact", "engdw fixed", "nncg 1"].contains(&name.as_str());
        let stateless = stateless || name.starts_with("search");
        assert!(stateless || bits(&fresh_theta) != bits(&theta), "{name} does not need its state");
    }
}

#[test]
fn a_state_that_does_not_fit_is_refused() {
    let problem = smooth(6);
    let kernel = problem.kernel(&problem.all_points(&[8], 0), Backend::Interpreter);
    for (name, make) in methods() {
        let mut optimizer = make(&kernel);
        let good = optimizer.save();
        for part in 0..good.vectors.len() {
            let (mut missing, mut longer) = (good.clone(), good.clone());
            missing.vectors.remove(part);
            longer.vectors[part].1.push(0.0);
            let errors =
                [missing, longer].map(|state| optimizer.restore(&state).expect_err("it does not fit").to_string());
            assert!(errors.iter().all(|error| error.contains(&good.vectors[part].0)), "{name}: {errors:?}");
            assert_eq!(optimizer.save(), good, "{name}: a refused state left something behind");
        }
    }
}

#[test]
fn a_start_that_is_not_finite_is_reported() {
    let problem = smooth(6);
    let kernel = problem.kernel(&problem.all_points(&[30, 4], 0), Backend::Interpreter);
    for (name, make) in methods() {
        for bad in [f64::NAN, f64::INFINITY] {
            let mut theta = problem.parameters(1);
            let last = theta.len() - 1;
            theta[last] = bad;
            let before = bits(&theta);
            let mut optimizer = make(&kernel);
            let state = optimizer.save();
            let report = optimizer.step(&kernel, &mut theta);
            assert_eq!(report.outcome, Outcome::NotFinite, "{name}: {report:?}");
            assert_eq!(bits(&theta), before, "{name}: θ moved");
            assert_eq!(optimizer.save(), state, "{name}: the state changed");
        }
    }
}

/// At a minimum there is nothing to find, however often one asks; and then the problem moves on.
#[test]
fn a_minimum_is_no_end() {
    let solution = DVector::from_fn(5, |i, _| i as f64 - 2.0);
    let mut whole = Linear::random(12, 5, 7);
    whole.matrix.apply(|x| *x = (8.0 * *x).round());
    let minimum = whole.clone().with_solution(&solution);
    let elsewhere = whole.with_solution(&(-&solution));
    for (name, make) in methods() {
        if !searches(&name) {
            continue;
        }
        let mut optimizer = make(&minimum);
        let mut theta = solution.as_slice().to_vec();
        for _ in 0..60 {
            let report = optimizer.step(&minimum, &mut theta);
            assert_eq!((report.outcome, report.loss), (Outcome::NoDecrease, 0.0), "{name}: {report:?}");
            assert!(report.trials <= 60, "{name}: {report:?}");
            assert_eq!(theta, solution.as_slice(), "{name}");
        }
        let before = half_square(&residual(&elsewhere, &theta));
        steps(&mut *optimizer, &elsewhere, &mut theta, 30);
        let after = half_square(&residual(&elsewhere, &theta));
        println!("{name}: {before:e} to {after:e}");
        assert!(after < before / 2.0, "{name} does not recover: {before:e} to {after:e}");
    }
}
