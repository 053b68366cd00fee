//! PSGD with a Kronecker-factored preconditioner (Li, arXiv 1512.04202; the whitening criterion and its update on triangular
//! factors as in Pooladzandi and Li, arXiv 2402.04553).
//!
//! For a weight matrix with gradient G (m x n) there are upper triangular Q_L and Q_R, and the direction is
//! `Q_LᵀQ_L M Q_RᵀQ_R` for the running mean M of G. The factors go down along `E[tr(MᵀPM) + tr(VᵀP⁻¹V)]`, V normal random
//! numbers, whose least P is the inverse root of the covariance of M: with `A = Q_L M Q_Rᵀ` and `B = Q_L⁻ᵀ V Q_R⁻¹`,
//!
//! ```text
//! Q_L ← Q_L - μ triu(AAᵀ - BBᵀ) Q_L / ‖AAᵀ + BBᵀ‖        Q_R ← Q_R - μ triu(AᵀA - BᵀB) Q_R / ‖AᵀA + BᵀB‖
//! ```
//!
//! They start as multiples of the identity that bring the first gradient to size 1, so that the scale of the loss does not
//! matter. The direction of a matrix is shortened to a root mean square of 1.1.

use super::first_order::{FirstOrder, Rule, Seen};
use super::{Optimizer, Schedule, State, StateError, norm, take};
use crate::geometry::Stream;
use crate::kernel::{Objective, ParameterMatrix};
use crate::linalg::{View, ViewMut, multiply};
use crate::model::Stage;

/// Options of [`psgd`].
#[derive(Clone, Copy, Debug)]
pub struct PsgdOptions {
    /// Learning rate, clipping, weight decay.
    pub schedule: Schedule,
    /// Decay of the mean of gradients.
    pub beta1: f64,
    /// μ, the step length of the factors.
    pub precond_lr: f64,
    /// Steps from one change of the factors to the next.
    pub frequency: usize,
}

/// The largest root mean square of the direction of a matrix.
const LARGEST: f64 = 1.1;

/// The stream of V of a matrix at a step.
pub fn probe(matrix: usize, step: f64) -> Stream {
    Stream::new(0, matrix as u64, step as u64)
}

/// PSGD with the options of a stage.
pub(super) fn of_stage(stage: &Stage, problem: &dyn Objective) -> Box<dyn Optimizer> {
    let options = PsgdOptions {
        schedule: Schedule::of_stage(stage),
        beta1: stage.number("beta1"),
        precond_lr: stage.number("precond_lr"),
        frequency: stage.number("frequency") as usize,
    };
    psgd(options, problem)
}

/// PSGD, before the first gradient.
pub fn psgd(options: PsgdOptions, problem: &dyn Objective) -> Box<dyn Optimizer> {
    let parameters = problem.parameters();
    let matrices = problem.matrices().into_iter().filter(|weights| !weights.is_empty()).map(Matrix::new).collect();
    let rule = Whitening { options, first: vec![0.0; parameters], matrices };
    Box::new(FirstOrder::new(options.schedule, parameters, rule))
}

struct Whitening {
    options: PsgdOptions,
    first: Vec<f64>,
    matrices: Vec<Matrix>,
}

struct Matrix {
    weights: ParameterMatrix,
    left: Option<Factor>,
    right: Option<Factor>,
}

/// From a gradient to what should be white, or from there to a direction.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    Forth,
    Back,
}

/// Q of one side, upper triangular, row-major; zero before the first gradient.
struct Factor {
    size: usize,
    q: Vec<f64>,
}

impl Factor {
    fn new(size: usize) -> Self {
        Self { size, q: vec![0.0; size * size] }
    }

    fn view(&self) -> View<'_> {
        View::row_major(&self.q, self.size, self.size)
    }

    /// `Qᵀ Y = X` in place of X, size x columns.
    fn solve_transposed(&self, x: &mut [f64], columns: usize) {
        for row in 0..self.size {
            let (done, rest) = x.split_at_mut(row * columns);
            let own = &mut rest[..columns];
            for (above, of_above) in done.chunks_exact(columns).enumerate() {
                let q = self.q[above * self.size + row];
                own.iter_mut().zip(of_above).for_each(|(x, y)| *x -= q * y);
            }
            own.iter_mut().for_each(|x| *x /= self.q[row * self.size + row]);
        }
    }

    /// One step down from `AAᵀ` and `BBᵀ`.
    fn step(&mut self, a: View<'_>, b: View<'_>, length: f64) {
        let size = self.size;
        let product = |x: View<'_>| {
            let mut out = vec![0.0; size * size];
            multiply(ViewMut::row_major(&mut out, size, size), x, x.transposed(), 1.0, false);
            out
        };
        let (of_gradient, of_noise) = (product(a), product(b));
        let sum: Vec<f64> = of_gradient.iter().zip(&of_noise).map(|(a, b)| a + b).collect();
        let bound = spectral_bound(&sum, size);
        if bound == 0.0 || !bound.is_finite() {
            return;
        }
        let factor = |i: usize| if i % size >= i / size { (of_gradient[i] - of_noise[i]) / bound } else { 0.0 };
        let upper: Vec<f64> = (0..size * size).map(factor).collect();
        let mut change = vec![0.0; size * size];
        let out = ViewMut::row_major(&mut change, size, size);
        multiply(out, View::row_major(&upper, size, size), self.view(), length, false);
        self.q.iter_mut().zip(&change).for_each(|(q, change)| *q -= change);
    }
}

/// A lower bound of the norm of a symmetric matrix without negative eigenvalues: one power iteration from its longest row.
fn spectral_bound(matrix: &[f64], size: usize) -> f64 {
    let longest = matrix.chunks_exact(size).max_by(|a, b| norm(a).total_cmp(&norm(b))).unwrap_or(&[]);
    let length = norm(longest);
    if length == 0.0 {
        return 0.0;
    }
    let product = |row: &[f64]| row.iter().zip(longest).map(|(a, b)| a * b).sum::<f64>() / length;
    norm(&matrix.chunks_exact(size).map(product).collect::<Vec<f64>>())
}

fn transposed(x: &[f64], rows: usize, columns: usize) -> Vec<f64> {
    (0..columns).flat_map(|column| (0..rows).map(move |row| x[row * columns + column])).collect()
}

impl Matrix {
    fn new(weights: ParameterMatrix) -> Self {
        let left = (weights.rows > 1 || weights.columns == 1).then(|| Factor::new(weights.rows));
        let right = (weights.columns > 1).then(|| Factor::new(weights.columns));
        Self { weights, left, right }
    }

    fn factors(&mut self) -> impl Iterator<Item = &mut Factor> {
        [&mut self.left, &mut self.right].into_iter().flatten()
    }

    /// Multiples of the identity that bring a gradient to size 1, if it is not zero: whether the factors have begun.
    fn begin(&mut self, gradient: &[f64]) -> bool {
        if self.factors().all(|factor| factor.q[0] != 0.0) {
            return true;
        }
        let largest = gradient.iter().fold(0.0, |most: f64, g| most.max(g.abs()));
        if largest == 0.0 {
            return false;
        }
        let fourth = gradient.iter().map(|g| (g / largest).powi(4)).sum::<f64>() / gradient.len() as f64;
        let size = largest * fourth.powf(0.25);
        let diagonal = size.powf(-0.5 / self.factors().count() as f64);
        for factor in self.factors() {
            (0..factor.size).for_each(|i| factor.q[i * factor.size + i] = diagonal);
        }
        true
    }

    /// `Q_L X Q_Rᵀ`, or `Q_Lᵀ X Q_R`.
    fn product(&self, x: &[f64], way: Way) -> Vec<f64> {
        let (m, n) = (self.weights.rows, self.weights.columns);
        let mut found = x.to_vec();
        let multiplied = |found: &mut Vec<f64>, a: Option<View<'_>>, b: Option<View<'_>>| {
            let mut out = vec![0.0; m * n];
            let x = View::row_major(found, m, n);
            multiply(ViewMut::row_major(&mut out, m, n), a.unwrap_or(x), b.unwrap_or(x), 1.0, false);
            *found = out;
        };
        if let Some(left) = &self.left {
            let q = if way == Way::Forth { left.view() } else { left.view().transposed() };
            multiplied(&mut found, Some(q), None);
        }
        if let Some(right) = &self.right {
            let q = if way == Way::Forth { right.view().transposed() } else { right.view() };
            multiplied(&mut found, None, Some(q));
        }
        found
    }

    /// One step of both factors, from the mean of gradients and normal random numbers.
    fn learn(&mut self, mean: &[f64], mut noise: Vec<f64>, length: f64) {
        let (m, n) = (self.weights.rows, self.weights.columns);
        let a = self.product(mean, Way::Forth);
        if let Some(left) = &self.left {
            left.solve_transposed(&mut noise, n);
        }
        if let Some(right) = &self.right {
            // `X Q = V` is `Qᵀ Xᵀ = Vᵀ`.
            let mut turned = transposed(&noise, m, n);
            right.solve_transposed(&mut turned, m);
            noise = transposed(&turned, n, m);
        }
        let (a, b) = (View::row_major(&a, m, n), View::row_major(&noise, m, n));
        if let Some(left) = &mut self.left {
            left.step(a, b, length);
        }
        if let Some(right) = &mut self.right {
            right.step(a.transposed(), b.transposed(), length);
        }
    }
}

impl Rule for Whitening {
    fn direction(&mut self, seen: &Seen<'_>, out: &mut [f64]) {
        let PsgdOptions { beta1, precond_lr, frequency, .. } = self.options;
        let unbias = 1.0 - beta1.powf(seen.step);
        for ((m, g), out) in self.first.iter_mut().zip(seen.gradient).zip(&mut *out) {
            *m = beta1 * *m + (1.0 - beta1) * g;
            *out = *m / unbias;
        }
        for (number, matrix) in self.matrices.iter_mut().enumerate() {
            let out = &mut out[matrix.weights.range()];
            if !matrix.begin(out) {
                continue;
            }
            if (seen.step - 1.0) % frequency as f64 == 0.0 {
                let mut stream = probe(number, seen.step);
                matrix.learn(out, (0..out.len()).map(|_| stream.normal()).collect(), precond_lr);
            }
            let direction = matrix.product(&matrix.product(out, Way::Forth), Way::Back);
            let size = norm(&direction) / (direction.len() as f64).sqrt();
            let shortened = if size > LARGEST { LARGEST / size } else { 1.0 };
            out.iter_mut().zip(direction).for_each(|(out, d)| *out = shortened * d);
        }
    }

    fn save(&self, state: State) -> State {
        let factors = self.matrices.iter().flat_map(|m| [&m.left, &m.right]).flatten();
        let flat: Vec<f64> = factors.flat_map(|factor| &factor.q).copied().collect();
        state.with("first", &self.first).with("factors", &flat)
    }

    fn restore(&mut self, state: &State) -> Result<(), StateError> {
        self.first = state.vector("first", self.first.len())?.to_vec();
        let length = self.matrices.iter_mut().flat_map(Matrix::factors).map(|factor| factor.q.len()).sum();
        let mut flat = state.vector("factors", length)?;
        self.matrices.iter_mut().flat_map(Matrix::factors).for_each(|factor| take(&mut flat, &mut factor.q));
        Ok(())
    }
}
