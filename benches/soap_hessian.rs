//! Whether SOAP's preconditioner is near the Hessian of the loss, as arXiv 2502.00604 argues: both whole, on a network small
//! enough for it, as a Markdown table.
//!
//! ```console
//! $ cargo bench --bench soap_hessian
//! ```
//!
//! A weight matrix has the block H of the Hessian (central differences of the gradient), and a method a preconditioner
//! `M = Q diag(√v) Qᵀ`, with Q = I for Adam and the eigenvectors of Shampoo for SOAP. Both second moments v are of the same
//! gradients, those at the steps of SOAP on all points. For the largest matrix:
//!
//! * *on the diagonal*: `‖diag(QᵀHQ)‖² / ‖H‖²`, the part of H that a method with this basis can see
//! * *cosine with |H|*: of M and H without the signs of its eigenvalues, as vectors
//! * *spread*: the largest over the median |eigenvalue| of `M^(-1/2) H M^(-1/2)`; 1 for M = |H|
//!
//! and for all parameters the cosine of a step `M⁻¹ g` with a Newton step `(|H| + 1e-4 λ_max)⁻¹ g`.

use std::ops::Range;

use pdec::diagnostic::Source;
use pdec::kernel::{Objective, ParameterMatrix};
use pdec::linalg::{dot, symmetric_eigen};
use pdec::model::Overrides;
use pdec::pipeline::{Backend, Times, assemble, check, lower};
use pdec::report::{Align, TextTable};
use pdec::simplify::Effort;
use pdec::train::{Control, Limits, Observer, Session, StepEvent};

const PROBLEM: &str = "domain x in [0, 1], y in [0, 1]\nunknown u\neq -lap(u) = 2*pi^2*sin(pi*x)*sin(pi*y) with weight=1\n\
    bc u = 0 on boundary with weight=100\nnetwork mlp(12, 12)\nsample interior: gauss(16, 16)\nsample boundary: gauss(16)\n\
    train soap(steps=20000)\n";
const STEPS: [usize; 4] = [100, 1000, 5000, 20_000];
/// Those of the defaults of `soap`.
const BETA2: f64 = 0.95;
const EPSILON: f64 = 1e-8;
/// Near the third root of the rounding of a double, where central differences are best.
const DIFFERENCE: f64 = 1e-5;
/// What a Newton step adds to the curvature, as a part of the largest.
const DAMPING: f64 = 1e-4;

fn main() {
    let numbers = ["step", "loss", "on the diagonal", "cosine with |H|", "spread", "cosine with Newton's step"];
    let columns = std::iter::once(("method", Align::Left)).chain(numbers.map(|name| (name, Align::Right)));
    let mut table = TextTable::new(columns);
    let mut session = session();
    let mut moment = Moment(vec![0.0; session.theta().len()]);
    for steps in STEPS {
        let limits = Limits { steps: Some(steps), ..Limits::default() };
        session.run(limits, &mut moment).expect("points stay");
        let kernel = &session.compiled().kernel;
        let (theta, size) = (session.theta(), session.theta().len());
        let mut gradient = vec![0.0; size];
        let loss = kernel.gradient(theta, &mut gradient);
        let hessian = hessian(kernel, theta);
        let newton = newton_step(&hessian, &gradient);
        let identity = Preconditioner::diagonal(vec![1.0; size]);
        let adam = Preconditioner::diagonal(roots(&moment.0));
        let soap = Preconditioner::of_soap(&session);
        for (name, method) in [("none", identity), ("Adam", adam), ("SOAP", soap)] {
            let matrices = kernel.matrices();
            let largest = matrices.iter().max_by_key(|matrix| matrix.range().len()).expect("a network has matrices");
            let [diagonal, cosine, spread] = method.against(&block(&hessian, size, largest.range()), largest.range());
            let step = method.step(&gradient);
            table.row(vec![
                name.to_owned(),
                steps.to_string(),
                format!("{loss:.1e}"),
                format!("{diagonal:.2}"),
                format!("{cosine:.2}"),
                format!("{spread:.0}"),
                format!("{:.2}", cosine_of(&step, &newton)),
            ]);
        }
    }
    print!("{}", table.to_markdown());
}

fn session() -> Session {
    let (mut times, source) = (Times::default(), Source::new("poisson.pde", PROBLEM.to_owned()));
    let (model, found) = check(&source, &Overrides::default(), &mut times);
    let lowered = lower(model.unwrap_or_else(|| panic!("{found:?}")), Effort::default(), &mut times);
    let compiled = assemble(lowered.expect("every formula has a tape"), 0, Backend::Jit, &mut times);
    Session::new(compiled.expect("this machine can run it"), 0).expect("the stage begins")
}

/// Adam's second moment of the gradients at the steps.
struct Moment(Vec<f64>);

impl Observer for Moment {
    fn wants_errors(&self, _: usize) -> bool {
        false
    }

    fn step(&mut self, _: &StepEvent<'_>, session: &Session) -> Control {
        let mut gradient = vec![0.0; self.0.len()];
        session.compiled().kernel.gradient(session.theta(), &mut gradient);
        self.0.iter_mut().zip(&gradient).for_each(|(v, g)| *v = BETA2 * *v + (1.0 - BETA2) * g * g);
        Control::Continue
    }
}

fn roots(second: &[f64]) -> Vec<f64> {
    second.iter().map(|v| v.sqrt() + EPSILON).collect()
}

/// `Q diag(roots) Qᵀ`, matrix by matrix; n x n bases by columns, row-major, of both sides where there are any.
struct Preconditioner {
    roots: Vec<f64>,
    bases: Vec<(ParameterMatrix, [Option<Vec<f64>>; 2])>,
}

impl Preconditioner {
    fn diagonal(roots: Vec<f64>) -> Self {
        Self { roots, bases: Vec::new() }
    }

    /// What SOAP keeps: its second moment, and for each side of a matrix the covariance and its eigenvectors.
    fn of_soap(session: &Session) -> Self {
        let state = session.checkpoint().state;
        let vector = |name: &str| &state.vectors.iter().find(|(n, _)| n == name).expect("SOAP keeps it").1;
        let mut sides = vector("sides").as_slice();
        let mut basis = |size: usize| {
            let (own, rest) = sides.split_at(2 * size * size);
            sides = rest;
            own[size * size..].to_vec()
        };
        let mut of = |matrix: ParameterMatrix| {
            let mut side = |size: usize| (size > 1).then(|| basis(size));
            (matrix, [side(matrix.rows), side(matrix.columns)])
        };
        let matrices = session.compiled().kernel.matrices().into_iter().filter(|matrix| matrix.columns > 1);
        let bases = matrices.map(&mut of).collect();
        Self { roots: roots(vector("second")), bases }
    }

    /// The columns of Q for a range of parameters.
    fn basis(&self, range: &Range<usize>) -> Vec<Vec<f64>> {
        let size = range.len();
        let Some((matrix, [left, right])) = self.bases.iter().find(|(matrix, _)| matrix.range() == *range) else {
            return (0..size).map(|i| (0..size).map(|j| f64::from(u8::from(i == j))).collect()).collect();
        };
        let entry = |side: &Option<Vec<f64>>, size: usize, row: usize, column: usize| {
            side.as_ref().map_or(f64::from(u8::from(row == column)), |basis| basis[row * size + column])
        };
        let (m, n) = (matrix.rows, matrix.columns);
        let column = |c: usize| {
            (0..size).map(|r| entry(left, m, r / n, c / n) * entry(right, n, r % n, c % n)).collect::<Vec<f64>>()
        };
        (0..size).map(column).collect()
    }

    /// On the diagonal, cosine with |H|, spread.
    fn against(&self, hessian: &[f64], range: Range<usize>) -> [f64; 3] {
        let size = range.len();
        let basis = self.basis(&range);
        let roots = &self.roots[range];
        let turned = in_basis(hessian, &basis);
        let diagonal: Vec<f64> = (0..size).map(|i| turned[i * size + i]).collect();
        let absolute = in_basis(&spectral(hessian, size, f64::abs), &basis);
        let along: Vec<f64> = (0..size).map(|i| absolute[i * size + i]).collect();
        let length = dot(hessian, hessian).sqrt();
        let scaled = |k: usize| turned[k] / (roots[k / size] * roots[k % size]).sqrt();
        let preconditioned: Vec<f64> = (0..size * size).map(scaled).collect();
        let eigen = symmetric_eigen(&preconditioned, size).expect("a finite matrix");
        let mut values: Vec<f64> = eigen.values.iter().map(|value| value.abs()).collect();
        values.sort_by(f64::total_cmp);
        [
            dot(&diagonal, &diagonal) / (length * length),
            dot(roots, &along) / (dot(roots, roots).sqrt() * length),
            values[size - 1] / values[size / 2],
        ]
    }

    /// `M⁻¹ g`.
    fn step(&self, gradient: &[f64]) -> Vec<f64> {
        let mut step: Vec<f64> = gradient.iter().zip(&self.roots).map(|(g, root)| g / root).collect();
        for (matrix, _) in &self.bases {
            let range = matrix.range();
            let mut sum = vec![0.0; range.len()];
            for (column, root) in self.basis(&range).iter().zip(&self.roots[range.clone()]) {
                let part = dot(column, &gradient[range.clone()]) / root;
                sum.iter_mut().zip(column).for_each(|(sum, q)| *sum += part * q);
            }
            step[range].copy_from_slice(&sum);
        }
        step
    }
}

/// `QᵀHQ`.
fn in_basis(matrix: &[f64], basis: &[Vec<f64>]) -> Vec<f64> {
    let size = basis.len();
    let images: Vec<Vec<f64>> =
        basis.iter().map(|q| matrix.chunks_exact(size).map(|row| dot(row, q)).collect()).collect();
    basis.iter().flat_map(|q| images.iter().map(|image| dot(q, image))).collect()
}

/// `V f(Λ) Vᵀ` of a symmetric matrix.
fn spectral(matrix: &[f64], size: usize, of: impl Fn(f64) -> f64) -> Vec<f64> {
    let eigen = symmetric_eigen(matrix, size).expect("a finite matrix");
    let mut out = vec![0.0; size * size];
    for (value, vector) in eigen.values.iter().zip(eigen.vectors.chunks_exact(size)) {
        let value = of(*value);
        for (row, v) in out.chunks_exact_mut(size).zip(vector) {
            row.iter_mut().zip(vector).for_each(|(sum, w)| *sum += value * v * w);
        }
    }
    out
}

fn hessian(problem: &dyn Objective, theta: &[f64]) -> Vec<f64> {
    let size = theta.len();
    let mut hessian = vec![0.0; size * size];
    let mut at = theta.to_vec();
    let [mut ahead, mut behind] = [(); 2].map(|()| vec![0.0; size]);
    for i in 0..size {
        at[i] = theta[i] + DIFFERENCE;
        problem.gradient(&at, &mut ahead);
        at[i] = theta[i] - DIFFERENCE;
        problem.gradient(&at, &mut behind);
        at[i] = theta[i];
        for j in 0..size {
            // Symmetric: the mean of both triangles.
            let half = 0.25 * (ahead[j] - behind[j]) / DIFFERENCE;
            hessian[i * size + j] += half;
            hessian[j * size + i] += half;
        }
    }
    hessian
}

fn block(matrix: &[f64], size: usize, range: Range<usize>) -> Vec<f64> {
    range.clone().flat_map(|row| matrix[row * size..][range.clone()].iter().copied()).collect()
}

fn newton_step(hessian: &[f64], gradient: &[f64]) -> Vec<f64> {
    let size = gradient.len();
    let largest =
        symmetric_eigen(hessian, size).expect("a finite matrix").values.iter().fold(0.0, |a: f64, b| a.max(b.abs()));
    let inverse = spectral(hessian, size, |value| 1.0 / (value.abs() + DAMPING * largest));
    inverse.chunks_exact(size).map(|row| dot(row, gradient)).collect()
}

fn cosine_of(a: &[f64], b: &[f64]) -> f64 {
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}
