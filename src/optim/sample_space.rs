//! Steps in the space of samples: `Jᵀ (K + λI)⁻¹ b` with the kernel matrix K = JJᵀ, N x N, where there are fewer rows
//! than parameters (ENGD-W; Guzmán-Cordero et al., arXiv 2505.12149, by Woodbury's identity).
//!
//! K is made layer by layer without J, and products with J are sweeps; through J only where a problem has integrals.
//!
//! | solver | cost | |
//! |---|---|---|
//! | [`Exact`](SampleSolver::Exact) | N³/3 | Cholesky |
//! | [`Nystrom`](SampleSolver::Nystrom) | 2 N² ℓ | `K ≈ U diag(values) Uᵀ` of rank ℓ, drawn at each step |
//! | [`Sketch`](SampleSolver::Sketch) | 4 N² + ℓ³/3 | `Cᵀ (CKCᵀ + λI)⁻¹ C` with ℓ random sums C of rows |

use super::reshape;
use super::sketch::RowSketch;
use crate::geometry::Stream;
use crate::kernel::{LeastSquares, Metric, Objective};
use crate::linalg::{Cholesky, Nystrom, RowTiles, SolveError, outer_gram, product, transposed_product};
use crate::model::Stage;

/// The random stream of sketches, apart from those of statements.
const STREAM: u64 = u64::MAX - 1;

/// How the system of a step is solved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SampleSolver {
    /// Cholesky of K + λI.
    Exact,
    /// A random approximation of K of this rank.
    Nystrom(usize),
    /// So many random sums of rows in place of all rows.
    Sketch(usize),
}

impl SampleSolver {
    /// What a stage asks for by `solver` and `rank`.
    pub(super) fn of_stage(stage: &Stage) -> Self {
        let rank = stage.number("rank") as usize;
        match stage.name("solver") {
            "nystrom" => Self::Nystrom(rank),
            "sketch" => Self::Sketch(rank),
            _ => Self::Exact,
        }
    }

    /// The rank of what stands for K of this size, where it is not K itself.
    fn rank(self, size: usize) -> Option<usize> {
        match self {
            Self::Nystrom(rank) | Self::Sketch(rank) if rank < size => Some(rank),
            _ => None,
        }
    }
}

/// What solves for one K and one damping.
enum Factored {
    Nothing,
    Whole,
    Nystrom(Nystrom),
    Sketch(RowSketch),
}

/// K at some θ, and what was made from it.
pub(super) struct SampleSpace {
    solver: SampleSolver,
    /// J, where layers are not enough.
    rows: Option<RowTiles>,
    /// K, lower triangle, where it is approximated.
    kernel: Vec<f64>,
    /// Of K, or of what approximates it.
    cholesky: Cholesky,
    factored: Factored,
    /// N
    size: usize,
    damping: f64,
    /// (K + λI)⁻¹ b
    solution: Vec<f64>,
    /// The second derivative that comes with J v.
    unused: Vec<f64>,
    /// That of the points of J.
    revision: Option<u64>,
}

impl SampleSpace {
    pub fn new(solver: SampleSolver) -> Self {
        let (cholesky, factored) = (Cholesky::new(0), Factored::Nothing);
        let [kernel, solution, unused] = [const { Vec::new() }; 3];
        let (rows, size, damping, revision) = (None, 0, 0.0, None);
        Self { solver, rows, kernel, cholesky, factored, size, damping, solution, unused, revision }
    }

    /// Makes K at θ; gives the loss, and its gradient.
    pub fn begin(
        &mut self,
        problem: &dyn Objective,
        squares: &dyn LeastSquares,
        theta: &[f64],
        gradient: &mut [f64],
    ) -> f64 {
        self.factored = Factored::Nothing;
        if let Some(layers) = squares.layers() {
            (self.rows, self.revision) = (None, None);
            let loss = problem.gradient(theta, gradient);
            if loss.is_finite() {
                self.make_kernel(squares.rows(), |lower| layers.kernel_matrix(theta, lower));
            }
            return loss;
        }
        let mut rows = self.rows.take().unwrap_or_else(|| RowTiles::new(&[], theta.len()));
        reshape(&mut rows, &mut self.revision, problem, Metric::GaussNewton);
        let loss = problem.linearize(theta, Metric::GaussNewton, &mut rows, gradient);
        self.make_kernel(rows.rows(), |lower| outer_gram(&rows, lower));
        self.rows = Some(rows);
        loss
    }

    /// Lets `fill` write the lower triangle of K, N x N, where the solver wants it.
    fn make_kernel(&mut self, size: usize, fill: impl FnOnce(&mut [f64])) {
        self.size = size;
        if self.solver.rank(size).is_some() {
            self.kernel.resize(size * size, 0.0);
            fill(&mut self.kernel);
        } else {
            self.fit(size);
            self.cholesky.fill(fill);
        }
    }

    /// Makes room for a factorization of this size.
    fn fit(&mut self, size: usize) {
        if self.cholesky.size() != size {
            self.cholesky = Cholesky::new(size);
        }
    }

    /// Prepares solutions at this damping; `step` names the random numbers.
    ///
    /// # Errors
    /// [`SolveError`] if K is not finite, or the damping too small for it.
    pub fn factor(&mut self, damping: f64, step: u64) -> Result<(), SolveError> {
        self.damping = damping;
        let (size, rank) = (self.size, self.solver.rank(self.size).unwrap_or(self.size));
        let mut stream = Stream::new(0, STREAM, step);
        self.factored = match self.solver {
            SampleSolver::Nystrom(_) if rank < size => {
                let test: Vec<f64> = (0..rank * size).map(|_| stream.normal()).collect();
                Factored::Nystrom(Nystrom::of_symmetric(&self.kernel, size, &test)?)
            }
            SampleSolver::Sketch(_) if rank < size => {
                let sketch = RowSketch::new(rank, size, &mut stream);
                self.fit(rank);
                self.cholesky.fill(|lower| lower.copy_from_slice(&sketch.of_symmetric(&self.kernel)));
                self.cholesky.factor(damping)?;
                Factored::Sketch(sketch)
            }
            _ => {
                self.cholesky.factor(damping)?;
                Factored::Whole
            }
        };
        Ok(())
    }

    /// `x = (K + λI)⁻¹ b`, behind [`SampleSpace::factor`].
    fn solve(&self, b: &[f64], x: &mut Vec<f64>) {
        x.clear();
        match &self.factored {
            Factored::Nothing => x.resize(b.len(), 0.0),
            Factored::Whole => {
                x.extend_from_slice(b);
                self.cholesky.solve_in_place(x);
            }
            Factored::Nystrom(nystrom) => {
                x.resize(b.len(), 0.0);
                nystrom.solve(self.damping, b, x);
            }
            Factored::Sketch(sketch) => {
                let mut y = sketch.apply(b);
                self.cholesky.solve_in_place(&mut y);
                *x = sketch.transposed(&y);
            }
        }
    }

    /// `Jᵀ (K + λI)⁻¹ b`, length P.
    pub fn direction(&mut self, squares: &dyn LeastSquares, theta: &[f64], b: &[f64], out: &mut [f64]) {
        let mut x = std::mem::take(&mut self.solution);
        self.solve(b, &mut x);
        match (&self.rows, squares.layers()) {
            (Some(rows), _) => transposed_product(rows, &x, out),
            (None, Some(layers)) => layers.transposed_product(theta, &x, out),
            (None, None) => out.fill(0.0),
        }
        self.solution = x;
    }

    /// `J v`, length N.
    pub fn along(&mut self, squares: &dyn LeastSquares, theta: &[f64], v: &[f64], out: &mut [f64]) {
        match &self.rows {
            Some(rows) => product(rows, v, out),
            None => {
                self.unused.resize(out.len(), 0.0);
                squares.residual_along(theta, v, out, &mut self.unused);
            }
        }
    }
}
