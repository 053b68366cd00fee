//! Methods of first order against small implementations of their formulas, and what must not change their way.

use std::sync::atomic::{AtomicU64, Ordering};

use nalgebra::{DMatrix, DVector, SymmetricEigen};

use pdec::geometry::Stream;
use pdec::kernel::{LeastSquares, Metric, Objective, ParameterMatrix, Spread};
use pdec::linalg::RowTiles;
use pdec::model::Method;
use pdec::optim::{Fall, NEWTON_SCHULZ, Outcome, Schedule, for_stage, probe};

use crate::close;
use crate::optimizers::stage;

/// ½ ‖s (W X + b 1ᵀ - Y)‖², where b stays put unless there are biases: θ is W by rows, then b.
#[derive(Clone)]
struct Regression {
    inputs: DMatrix<f64>,
    targets: DMatrix<f64>,
    scale: f64,
    biases: bool,
}

impl Regression {
    fn random(rows: usize, columns: usize, points: usize, biases: bool) -> Self {
        let mut stream = Stream::new(5, 0, 0);
        let mut normal = |m, n| DMatrix::from_fn(m, n, |_, _| stream.normal());
        Self { inputs: normal(columns, points), targets: normal(rows, points), scale: 1.0, biases }
    }

    fn rows(&self) -> usize {
        self.targets.nrows()
    }

    fn columns(&self) -> usize {
        self.inputs.nrows()
    }

    /// W and b of θ.
    fn parts(&self, theta: &[f64]) -> [DMatrix<f64>; 2] {
        let (m, n) = (self.rows(), self.columns());
        [DMatrix::from_row_slice(m, n, &theta[..m * n]), DMatrix::from_column_slice(m, 1, &theta[m * n..])]
    }

    fn theta(&self, [weights, biases]: &[DMatrix<f64>; 2]) -> Vec<f64> {
        weights.transpose().iter().chain(biases.iter()).copied().collect()
    }

    fn residual(&self, [weights, biases]: &[DMatrix<f64>; 2]) -> DMatrix<f64> {
        let ones = DMatrix::from_element(1, self.inputs.ncols(), 1.0);
        (weights * &self.inputs + biases * ones - &self.targets) * self.scale
    }

    fn slopes(&self, parts: &[DMatrix<f64>; 2]) -> [DMatrix<f64>; 2] {
        let residual = self.residual(parts) * self.scale;
        let of_biases = DMatrix::from_columns(&[residual.column_sum()]);
        [&residual * self.inputs.transpose(), of_biases * f64::from(u8::from(self.biases))]
    }

    /// The mean over all residuals of their derivatives, and of the squares of these.
    fn derivative_means(&self) -> [[DMatrix<f64>; 2]; 2] {
        let count = (self.rows() * self.inputs.ncols()) as f64;
        let of = |power: i32| {
            let row = self.inputs.map(|x| (x * self.scale).powi(power)).column_sum().transpose() / count;
            let weights = DMatrix::from_rows(&vec![row; self.rows()]);
            let biases = if self.biases { self.scale.powi(power) / self.rows() as f64 } else { 0.0 };
            [weights, DMatrix::from_element(self.rows(), 1, biases)]
        };
        [of(1), of(2)]
    }

    /// The same problem in other bases of rows and columns.
    fn turned(&self, left: &DMatrix<f64>, right: &DMatrix<f64>) -> Self {
        Self { inputs: right * &self.inputs, targets: left * &self.targets, ..self.clone() }
    }

    fn start(&self) -> [DMatrix<f64>; 2] {
        let weights = DMatrix::from_fn(self.rows(), self.columns(), |i, j| 0.3 * (i as f64 - j as f64).sin());
        [weights, DMatrix::zeros(self.rows(), 1)]
    }
}

impl Objective for Regression {
    fn parameters(&self) -> usize {
        self.rows() * (self.columns() + 1)
    }

    fn loss(&self, theta: &[f64]) -> f64 {
        0.5 * self.residual(&self.parts(theta)).norm_squared()
    }

    fn gradient(&self, theta: &[f64], gradient: &mut [f64]) -> f64 {
        gradient.copy_from_slice(&self.theta(&self.slopes(&self.parts(theta))));
        self.loss(theta)
    }

    fn row_tiles(&self, _: Metric) -> Vec<usize> {
        Vec::new()
    }

    fn linearize(&self, _: &[f64], _: Metric, _: &mut RowTiles, _: &mut [f64]) -> f64 {
        unreachable!("methods of first order see gradients alone")
    }

    fn curvature_along(&self, _: &[f64], _: &[f64], _: &mut [f64]) {
        unreachable!("methods of first order see gradients alone")
    }

    fn derivative_means(&self, _: &[f64], _: Spread, means: &mut [f64]) {
        let [first, _] = Regression::derivative_means(self);
        means.copy_from_slice(&self.theta(&first));
    }

    fn gradient_and_squares(&self, theta: &[f64], _: Spread, gradient: &mut [f64], squares: &mut [f64]) -> f64 {
        let [_, second] = Regression::derivative_means(self);
        squares.copy_from_slice(&self.theta(&second));
        self.gradient(theta, gradient)
    }

    fn matrices(&self) -> Vec<ParameterMatrix> {
        let (rows, columns) = (self.rows(), self.columns());
        let biases = ParameterMatrix { start: rows * columns, rows, columns: 1 };
        vec![ParameterMatrix { start: 0, rows, columns }, biases]
    }

    fn least_squares(&self) -> Option<&dyn LeastSquares> {
        None
    }
}

/// Makes the direction of one matrix from the number of the step and its gradient.
type Rule = Box<dyn FnMut(i32, &DMatrix<f64>) -> DMatrix<f64>>;

/// Follows formulas: schedule, clipping and weight decay around a rule for W and one for b.
fn followed(problem: &Regression, schedule: &Schedule, rules: &mut [Rule; 2], steps: i32) -> Vec<f64> {
    let mut parts = problem.start();
    for step in 1..=steps {
        let mut slopes = problem.slopes(&parts);
        let length = (slopes[0].norm_squared() + slopes[1].norm_squared()).sqrt();
        let rate = schedule.rate_after(f64::from(step - 1));
        for (part, (rule, slope)) in parts.iter_mut().zip(rules.iter_mut().zip(&mut slopes)) {
            *slope *= (schedule.clip / length).min(1.0);
            let direction = rule(step, slope);
            *part -= (direction + &*part * schedule.weight_decay) * rate;
        }
    }
    problem.theta(&parts)
}

/// What the method itself does.
fn trained(problem: &Regression, method: Method, options: &str, steps: i32) -> Vec<f64> {
    trained_from(problem, &problem.start(), method, options, steps)
}

fn trained_from(
    problem: &Regression,
    start: &[DMatrix<f64>; 2],
    method: Method,
    options: &str,
    steps: i32,
) -> Vec<f64> {
    let mut theta = problem.theta(start);
    let mut optimizer = for_stage(&stage(method, options), problem);
    for _ in 0..steps {
        assert_eq!(optimizer.step(problem, &mut theta).outcome, Outcome::Moved);
    }
    theta
}

fn adam_rule([beta1, beta2, epsilon]: [f64; 3]) -> Rule {
    let mut moments: Option<[DMatrix<f64>; 2]> = None;
    Box::new(move |step, g| {
        let [first, second] = moments.get_or_insert_with(|| [g * 0.0, g * 0.0]);
        *first = &*first * beta1 + g * (1.0 - beta1);
        *second = &*second * beta2 + g.component_mul(g) * (1.0 - beta2);
        let (m, v) = (&*first / (1.0 - beta1.powi(step)), &*second / (1.0 - beta2.powi(step)));
        m.zip_map(&v, |m, v| m / (v.sqrt() + epsilon))
    })
}

/// Eigenvectors by falling eigenvalue.
fn eigenvectors(matrix: &DMatrix<f64>) -> DMatrix<f64> {
    let eigen = SymmetricEigen::new(matrix.clone());
    let mut order: Vec<usize> = (0..matrix.nrows()).collect();
    order.sort_by(|&a, &b| eigen.eigenvalues[b].total_cmp(&eigen.eigenvalues[a]));
    eigen.eigenvectors.select_columns(&order)
}

/// Algorithm 3 of SOAP with its algorithm 4; the second moment keeps to its directions. Without a frequency nothing is turned.
fn soap_rule([beta1, beta2, epsilon]: [f64; 3], frequency: Option<i32>) -> Rule {
    struct State {
        covariances: [DMatrix<f64>; 2],
        bases: [DMatrix<f64>; 2],
        first: DMatrix<f64>,
        second: DMatrix<f64>,
    }
    let mut state: Option<State> = None;
    Box::new(move |step, g| {
        let covariances = || [g * g.transpose() * (1.0 - beta2), g.transpose() * g * (1.0 - beta2)];
        let s = state.get_or_insert_with(|| {
            let covariances = covariances();
            let basis = |covariance: &DMatrix<f64>| match frequency {
                Some(_) => eigenvectors(covariance),
                None => DMatrix::identity(covariance.nrows(), covariance.nrows()),
            };
            let bases = [basis(&covariances[0]), basis(&covariances[1])];
            State { covariances, bases, first: g * 0.0, second: g * 0.0 }
        });
        let into = |x: &DMatrix<f64>, bases: &[DMatrix<f64>; 2]| bases[0].transpose() * x * &bases[1];
        s.first = &s.first * beta1 + g * (1.0 - beta1);
        let turned = into(g, &s.bases);
        s.second = &s.second * beta2 + turned.component_mul(&turned) * (1.0 - beta2);
        let (unbias1, unbias2) = (1.0 - beta1.powi(step), 1.0 - beta2.powi(step));
        let m = into(&s.first, &s.bases);
        let step_in = m.zip_map(&s.second, |m, v| m / unbias1 * unbias2.sqrt() / (v.sqrt() + epsilon));
        let direction = &s.bases[0] * step_in * s.bases[1].transpose();
        for (mean, new) in s.covariances.iter_mut().zip(covariances()) {
            *mean = &*mean * beta2 + new;
        }
        if frequency.is_some_and(|frequency| step % frequency == 0) {
            let mut orders = Vec::new();
            for (mean, basis) in s.covariances.iter().zip(&mut s.bases) {
                let estimates = (basis.transpose() * mean * &*basis).diagonal();
                let mut order: Vec<usize> = (0..basis.ncols()).collect();
                order.sort_by(|&a, &b| estimates[b].total_cmp(&estimates[a]));
                *basis = (mean * basis.select_columns(&order)).qr().q();
                orders.push(order);
            }
            s.second = s.second.select_rows(&orders[0]).select_columns(&orders[1]);
        }
        direction
    })
}

/// Algorithm 1 of Shampoo with running means: each root is an eigenvalue decomposition.
fn shampoo_rule([beta1, beta2, epsilon]: [f64; 3]) -> Rule {
    let mut state: Option<[DMatrix<f64>; 3]> = None;
    Box::new(move |step, g| {
        let (m, n) = g.shape();
        let zero = || [g * 0.0, DMatrix::zeros(m, m), DMatrix::zeros(n, n)];
        let [first, left, right] = state.get_or_insert_with(zero);
        *first = &*first * beta1 + g * (1.0 - beta1);
        *left = &*left * beta2 + g * g.transpose() * (1.0 - beta2);
        *right = &*right * beta2 + g.transpose() * g * (1.0 - beta2);
        let root = |mean: &DMatrix<f64>, power: f64| {
            let eigen = SymmetricEigen::new(mean / (1.0 - beta2.powi(step)));
            let least = epsilon * eigen.eigenvalues.max();
            let powers = eigen.eigenvalues.map(|value| (value.max(0.0) + least).powf(power));
            &eigen.eigenvectors * DMatrix::from_diagonal(&powers) * eigen.eigenvectors.transpose()
        };
        let mean = &*first / (1.0 - beta1.powi(step));
        if n == 1 { root(left, -0.5) * mean } else { root(left, -0.25) * mean * root(right, -0.25) }
    })
}

/// The iteration is a polynomial of the singular values.
fn muon_rule(momentum: f64, iterations: usize) -> Rule {
    let mut mean: Option<DMatrix<f64>> = None;
    Box::new(move |_, g| {
        let m = mean.get_or_insert_with(|| g * 0.0);
        *m = &*m * momentum + g * (1.0 - momentum);
        let ahead = g * (1.0 - momentum) + &*m * momentum;
        let svd = ahead.clone().svd(true, true);
        let [a, b, c] = NEWTON_SCHULZ;
        let length = ahead.norm();
        let polynomial = |s: f64| (0..iterations).fold(s / length, |s, _| a * s + b * s.powi(3) + c * s.powi(5));
        let values = DMatrix::from_diagonal(&svd.singular_values.map(polynomial));
        let (u, v) = (svd.u.expect("asked for"), svd.v_t.expect("asked for"));
        u * values * v * 0.2 * (g.nrows().max(g.ncols()) as f64).sqrt()
    })
}

/// Both factors by explicit inverses.
fn psgd_rule(matrix: usize, beta1: f64, length: f64) -> Rule {
    let mut state: Option<[DMatrix<f64>; 3]> = None;
    Box::new(move |step, g| {
        let (m, n) = g.shape();
        let sides = if n > 1 { 2.0 } else { 1.0 };
        let size = (g.map(|x| x.powi(4)).sum() / g.len() as f64).powf(0.25);
        let first_factor = |size_of: usize| DMatrix::identity(size_of, size_of) * size.powf(-0.5 / sides);
        let one = DMatrix::identity(1, 1);
        let [first, left, right] = state.get_or_insert_with(|| {
            let right = if n > 1 { first_factor(n) } else { one.clone() };
            [g * 0.0, first_factor(m), right]
        });
        *first = &*first * beta1 + g * (1.0 - beta1);
        let mean = &*first / (1.0 - beta1.powi(step));
        let mut stream = probe(matrix, f64::from(step));
        let noise = DMatrix::from_row_iterator(m, n, (0..m * n).map(|_| stream.normal()));
        let inverse = |q: &DMatrix<f64>| q.clone().try_inverse().expect("a triangle without zeros on its diagonal");
        let a = &*left * &mean * right.transpose();
        let b = inverse(left).transpose() * noise * inverse(right);
        let change = |a: DMatrix<f64>, b: DMatrix<f64>, q: &DMatrix<f64>| {
            let sum = &a + &b;
            let rows: Vec<DVector<f64>> = sum.row_iter().map(|row| row.transpose()).collect();
            let longest = rows.iter().max_by(|a, b| a.norm().total_cmp(&b.norm())).expect("it has rows");
            let bound = (&sum * longest / longest.norm()).norm();
            (a - b).upper_triangle() * q * (length / bound)
        };
        let of_left = change(&a * a.transpose(), &b * b.transpose(), left);
        let of_right = change(a.transpose() * &a, b.transpose() * &b, right);
        *left -= of_left;
        if n > 1 {
            *right -= of_right;
        }
        let direction = left.transpose() * &*left * mean * right.transpose() * &*right;
        let size = direction.norm() / (direction.len() as f64).sqrt();
        direction * (1.1 / size).min(1.0)
    })
}

/// Equations 7 to 10 of arXiv 2507.08118; `means` in place of the gradient is what the paper says.
fn pdeaware_rule([beta1, beta2, epsilon]: [f64; 3], squares: DMatrix<f64>, means: Option<DMatrix<f64>>) -> Rule {
    let mut moments = [&squares * 0.0, &squares * 0.0];
    Box::new(move |_, g| {
        let [first, second] = &mut moments;
        *first = &*first * beta1 + means.as_ref().unwrap_or(g) * (1.0 - beta1);
        *second = &*second * beta2 + &squares * (1.0 - beta2);
        first.zip_map(second, |m, v| m / (v.sqrt() + epsilon))
    })
}

#[test]
fn steps_are_those_of_the_formulas() {
    let problem = Regression::random(3, 4, 10, true);
    let plain = Schedule::constant(0.05);
    let [means, squares] = problem.derivative_means();
    let aware = |paper: bool| {
        let of = |part: usize| {
            let means = paper.then(|| means[part].clone());
            pdeaware_rule([0.8, 0.9, 1e-3], squares[part].clone(), means)
        };
        [of(0), of(1)]
    };
    let adam = |options| [adam_rule(options), adam_rule(options)];
    let cosine = Schedule { fall: Fall::Cosine, last: 0.1, steps: 40.0, warmup: 5.0, ..plain };
    let clipped = Schedule { clip: 2.0, weight_decay: 0.2, ..plain };
    let falling = Schedule { last: 0.3, steps: 20.0, ..plain };
    let moments = [0.8, 0.99, 1e-3];
    let soap = |frequency| [soap_rule(moments, frequency), soap_rule(moments, None)];
    let betas = "lr=0.05 beta1=0.8 beta2=0.99 eps=1e-3";
    let cases: Vec<(Method, String, Schedule, [Rule; 2])> = vec![
        (Method::Adam, betas.into(), plain, adam(moments)),
        (Method::Adam, format!("{betas} clip=2 weight_decay=0.2"), clipped, adam(moments)),
        (Method::Adam, format!("{betas} schedule=cosine steps=40 decay=0.1 warmup=5"), cosine, adam(moments)),
        (Method::Adam, format!("{betas} steps=20 decay=0.3"), falling, adam(moments)),
        (Method::Soap, format!("{betas} frequency=1"), plain, soap(Some(1))),
        (Method::Soap, format!("{betas} frequency=4"), plain, soap(Some(4))),
        (Method::Soap, format!("{betas} max_precond_dim=1"), plain, soap(None)),
        (Method::Shampoo, format!("{betas} frequency=1"), plain, [shampoo_rule(moments), shampoo_rule(moments)]),
        (Method::Muon, format!("{betas} momentum=0.7 ns_steps=4"), plain, [muon_rule(0.7, 4), adam_rule(moments)]),
        (
            Method::Psgd,
            "lr=0.05 beta1=0.8 precond_lr=0.3".into(),
            plain,
            [psgd_rule(0, 0.8, 0.3), psgd_rule(1, 0.8, 0.3)],
        ),
        (Method::Pdeaware, "lr=0.05 beta1=0.8 beta2=0.9 eps=1e-3".into(), plain, aware(false)),
        (Method::Pdeaware, "lr=0.05 beta1=0.8 beta2=0.9 eps=1e-3 variant=paper".into(), plain, aware(true)),
    ];
    for (method, options, schedule, mut rules) in cases {
        println!("{}({options})", method.name());
        let expected = followed(&problem, &schedule, &mut rules, 20);
        close::assert_relative(trained(&problem, method, &options, 20), expected, 1e-8);
    }
}

/// Equations 1 to 3 of arXiv 2405.15682 around the second moment alone.
#[test]
fn schedule_free_steps_are_those_of_the_formulas() {
    let problem = Regression::random(3, 4, 10, true);
    let (rate, beta, decay) = (0.05, 0.8, 0.1);
    let moments = [0.0, 0.99, 1e-3];
    for (method, mut rules) in [
        (Method::Adam, [adam_rule(moments), adam_rule(moments)]),
        (Method::Soap, [soap_rule(moments, Some(1)), soap_rule(moments, None)]),
    ] {
        let [mut x, mut z] = [problem.start(), problem.start()];
        let mut total = 0.0;
        for step in 1..=20 {
            let gamma = rate * (f64::from(step) / 5.0).min(1.0);
            let y = [0, 1].map(|p| &z[p] * (1.0 - beta) + &x[p] * beta);
            let slopes = problem.slopes(&y);
            total += gamma * gamma;
            let share = gamma * gamma / total;
            for p in 0..2 {
                z[p] -= (rules[p](step, &slopes[p]) + &y[p] * decay) * gamma;
                x[p] = &x[p] * (1.0 - share) + &z[p] * share;
            }
        }
        let frequency = if method == Method::Soap { "frequency=1" } else { "" };
        let options = format!(
            "lr={rate} beta1={beta} beta2=0.99 eps=1e-3 warmup=5 weight_decay={decay} schedule_free=on {frequency}"
        );
        println!("{}", method.name());
        close::assert_relative(trained(&problem, method, &options, 20), problem.theta(&x), 1e-8);
    }
}

/// An orthogonal matrix.
fn rotation(size: usize, seed: u64) -> DMatrix<f64> {
    let mut stream = Stream::new(seed, 1, 0);
    DMatrix::from_fn(size, size, |_, _| stream.normal()).qr().q()
}

/// Rows in another order, with other signs.
fn signed_permutation(size: usize, seed: u64) -> DMatrix<f64> {
    let mut stream = Stream::new(seed, 2, 0);
    let order = stream.permutation(size);
    DMatrix::from_fn(size, size, |i, j| if order[i] != j { 0.0 } else { 1.0 - 2.0 * (i % 2) as f64 })
}

/// The bases of a layer's inputs and outputs do not matter to methods of matrices, their order and signs to no method.
#[test]
fn bases_do_not_matter() {
    let problem = Regression::random(4, 4, 12, false);
    let rotations = [rotation(4, 0), rotation(4, 1)];
    let signs = [signed_permutation(4, 0), signed_permutation(4, 1)];
    let cases = [
        (Method::Soap, "lr=0.03 frequency=1", &rotations),
        (Method::Soap, "lr=0.03 frequency=5", &rotations),
        (Method::Shampoo, "lr=0.03 frequency=3", &rotations),
        (Method::Muon, "lr=0.03", &rotations),
        (Method::Adam, "lr=0.03", &signs),
        (Method::Pdeaware, "lr=0.03", &signs),
    ];
    for (method, options, [left, right]) in cases {
        println!("{}({options})", method.name());
        let [weights, biases] = problem.parts(&trained(&problem, method, options, 30));
        let expected = problem.theta(&[left * weights * right.transpose(), biases]);
        let [weights, biases] = problem.start();
        let start = [left * weights * right.transpose(), biases];
        let found = trained_from(&problem.turned(left, right), &start, method, options, 30);
        close::assert_relative(found, expected, 1e-6);
    }
}

/// A loss in other units changes nothing where ε is in these units, too; to a step that is scaled by derivatives of the
/// residual, it is a learning rate.
#[test]
fn the_scale_of_the_loss_does_not_matter() {
    let problem = Regression::random(4, 4, 12, true);
    let of = |method: Method, scale: f64| {
        let epsilon = match method {
            Method::Adam | Method::Soap | Method::Muon => format!("eps={:e}", 1e-4 * scale * scale),
            _ => String::new(),
        };
        let scaled = Regression { scale, ..problem.clone() };
        trained(&scaled, method, &format!("lr=0.03 {epsilon}"), 30)
    };
    for scale in [1e-4, 1e3] {
        for method in [Method::Adam, Method::Soap, Method::Shampoo, Method::Muon, Method::Psgd] {
            println!("{} {scale:e}", method.name());
            close::assert_relative(of(method, scale), of(method, 1.0), 1e-6);
        }
        let expected = trained(&problem, Method::Pdeaware, "lr=0.03 eps=1e-30", 30);
        let scaled = Regression { scale, ..problem.clone() };
        let options = format!("lr={} eps=1e-30", 0.03 / scale);
        close::assert_relative(trained(&scaled, Method::Pdeaware, &options, 30), expected, 1e-9);
    }
}

/// Gradients that are nothing but noise, `A ξ Bᵀ` with normal ξ.
struct Noise {
    left: DMatrix<f64>,
    right: DMatrix<f64>,
    calls: AtomicU64,
}

impl Objective for Noise {
    fn parameters(&self) -> usize {
        self.left.nrows() * self.right.nrows()
    }

    fn loss(&self, _: &[f64]) -> f64 {
        0.0
    }

    fn gradient(&self, _: &[f64], gradient: &mut [f64]) -> f64 {
        let mut stream = Stream::new(9, 0, self.calls.fetch_add(1, Ordering::Relaxed));
        let noise = DMatrix::from_fn(self.left.ncols(), self.right.ncols(), |_, _| stream.normal());
        let found = &self.left * noise * self.right.transpose();
        gradient.copy_from_slice(found.transpose().as_slice());
        0.0
    }

    fn row_tiles(&self, _: Metric) -> Vec<usize> {
        Vec::new()
    }

    fn linearize(&self, _: &[f64], _: Metric, _: &mut RowTiles, _: &mut [f64]) -> f64 {
        unreachable!("methods of first order see gradients alone")
    }

    fn curvature_along(&self, _: &[f64], _: &[f64], _: &mut [f64]) {
        unreachable!("methods of first order see gradients alone")
    }

    fn derivative_means(&self, _: &[f64], _: Spread, _: &mut [f64]) {
        unreachable!("the gradient is no sum over points")
    }

    fn gradient_and_squares(&self, _: &[f64], _: Spread, _: &mut [f64], _: &mut [f64]) -> f64 {
        unreachable!("the gradient is no sum over points")
    }

    fn matrices(&self) -> Vec<ParameterMatrix> {
        vec![ParameterMatrix { start: 0, rows: self.left.nrows(), columns: self.right.nrows() }]
    }

    fn least_squares(&self) -> Option<&dyn LeastSquares> {
        None
    }
}

/// Directions of PSGD are white, however the gradients are spread.
#[test]
fn psgd_whitens() {
    let spread = |values: &[f64], seed: u64| {
        rotation(values.len(), seed) * DMatrix::from_diagonal(&DVector::from_column_slice(values))
    };
    let noise = Noise { left: spread(&[10.0, 1.0, 0.1], 0), right: spread(&[3.0, 0.3], 1), calls: AtomicU64::new(0) };
    let mut optimizer = for_stage(&stage(Method::Psgd, "lr=1 beta1=0 precond_lr=0.02"), &noise);
    let mut theta = vec![0.0; 6];
    let mut covariance = DMatrix::zeros(6, 6);
    let (learning, observed) = (3000, 4000);
    for step in 0..learning + observed {
        let before = DVector::from_column_slice(&theta);
        optimizer.step(&noise, &mut theta);
        let direction = DVector::from_column_slice(&theta) - before;
        if step >= learning {
            covariance += &direction * direction.transpose() / f64::from(observed);
        }
    }
    let values = SymmetricEigen::new(covariance).eigenvalues;
    println!("{values}");
    assert!(values.max() < 3.0 * values.min(), "of gradients the ratio is 10^6: {values}");
}

#[test]
fn rates_rise_and_fall() {
    let exponential = Schedule { last: 0.01, steps: 100.0, ..Schedule::constant(2.0) };
    let cosine = Schedule { fall: Fall::Cosine, last: 0.0, ..exponential };
    let warm = Schedule { warmup: 10.0, ..Schedule::constant(2.0) };
    for (schedule, steps, expected) in [
        (Schedule::constant(2.0), 1e6, 2.0),
        (exponential, 0.0, 2.0),
        (exponential, 50.0, 0.2),
        (exponential, 100.0, 0.02),
        (cosine, 0.0, 2.0),
        (cosine, 50.0, 1.0),
        (cosine, 25.0, 1.0 + std::f64::consts::FRAC_1_SQRT_2),
        (warm, 0.0, 0.2),
        (warm, 4.0, 1.0),
        (warm, 30.0, 2.0),
    ] {
        close::assert_relative([schedule.rate_after(steps)], [expected], 1e-12);
    }
    assert!(cosine.rate_after(100.0).abs() < 1e-15 && cosine.rate_after(200.0).abs() < 1e-15);
}
