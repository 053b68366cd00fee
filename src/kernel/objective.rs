//! What optimizers see of a problem.

use std::ops::Range;

use super::description::Role;
use crate::linalg::RowTiles;

/// Which matrix stands for the curvature of the loss.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Metric {
    /// Gauss and Newton's: JᵀJ of the residuals. An energy has its own second derivative in function space.
    #[default]
    GaussNewton,
    /// Newton's in function space: the second derivative of the residuals' ½‖r‖² in u, too.
    Newton,
    /// That of a space of functions, which knows nothing of the loss.
    Sobolev(Sobolev),
}

/// A Hilbert space of functions: for each component of the unknowns square integrable ones, with derivatives up to an
/// order. Two bits a component; those beyond 32 begin again with the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sobolev(u64);

impl Sobolev {
    /// No derivative.
    pub const L2: Self = Self(0);
    /// All first derivatives.
    pub const H1: Self = Self(u64::MAX / 3);
    /// All second derivatives, too.
    pub const H2: Self = Self(u64::MAX / 3 * 2);
    /// For each component as many, at most two, as the equations take of it.
    pub const OF_EQUATIONS: Self = Self(u64::MAX);

    /// With this order, 0 to 2, of one component.
    #[must_use]
    pub fn with(self, component: usize, order: usize) -> Self {
        let place = 2 * (component % 32);
        Self(self.0 & !(3 << place) | ((order.min(2) as u64) << place))
    }

    /// The order of a component; `None` where the equations say it.
    pub fn order(self, component: usize) -> Option<usize> {
        let order = self.0 >> (2 * (component % 32)) & 3;
        (order < 3).then_some(order as usize)
    }
}

/// Which points means of derivatives are over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Spread {
    /// Those inside, of equations and energies; all, where there are none.
    #[default]
    Equations,
    /// Those of conditions and data, too.
    All,
}

/// A function of the parameters that training makes small, ½‖r(θ)‖² + E(θ), as optimizers see it.
///
/// P parameters. The curvature is given by the rows of a matrix A: AᵀA is the metric, so that a damped step solves
/// `(AᵀA + λI) p = -∇L`. All methods give the same bits for any number of threads.
pub trait Objective: Sync {
    /// P, the length of θ.
    fn parameters(&self) -> usize;

    /// The loss at θ.
    fn loss(&self, theta: &[f64]) -> f64;

    /// The losses at several θ, one vector behind the other, each as [`Objective::loss`] has it.
    fn losses(&self, thetas: &[f64], losses: &mut [f64]) {
        let all = thetas.chunks_exact(self.parameters());
        losses.iter_mut().zip(all).for_each(|(loss, theta)| *loss = self.loss(theta));
    }

    /// The loss at `to` minus that at `from`, where possible with fewer rounding errors than the two losses have.
    fn change(&self, from: &[f64], to: &[f64]) -> f64 {
        self.loss(to) - self.loss(from)
    }

    /// The gradient of the loss, length P, and the loss.
    fn gradient(&self, theta: &[f64], gradient: &mut [f64]) -> f64;

    /// A number that stands for all that the loss depends on beside θ, or `None` if it may change unnoticed.
    fn revision(&self) -> Option<u64> {
        None
    }

    /// The number of rows of each tile of A.
    fn row_tiles(&self, metric: Metric) -> Vec<usize>;

    /// A, the gradient of the loss, and the loss. A [`Metric::Sobolev`] has to be one that the problem was made with.
    fn linearize(&self, theta: &[f64], metric: Metric, rows: &mut RowTiles, gradient: &mut [f64]) -> f64;

    /// As [`Objective::linearize`] of residuals, where A is too large to be stored: `f` sees some of its rows after the other, each time
    /// about so many numbers, for which `rows` is room.
    fn linearize_in_parts(
        &self,
        theta: &[f64],
        numbers: usize,
        rows: &mut RowTiles,
        gradient: &mut [f64],
        f: &mut dyn FnMut(&RowTiles),
    ) -> f64 {
        let _ = numbers;
        rows.fit(&self.row_tiles(Metric::GaussNewton), self.parameters());
        let loss = self.linearize(theta, Metric::GaussNewton, rows, gradient);
        f(rows);
        loss
    }

    /// How the gradient in function space bends along v, in parameters: `Jᵀ r_vv`, and `Tᵀ (∇F)_vv` of an energy with the
    /// integrand F, where T are the derivatives of the jets in θ. With p in place of v, the geodesic acceleration solves
    /// `(AᵀA + λI) a = -½ of this`.
    fn curvature_along(&self, theta: &[f64], v: &[f64], out: &mut [f64]);

    /// The mean over points of ∂R/∂θ, length P. R are the formulas themselves (residuals, not their squares), and points
    /// count with their weight in the loss.
    fn derivative_means(&self, theta: &[f64], of: Spread, means: &mut [f64]);

    /// As [`Objective::gradient`], with the mean over points of the squares of ∂R/∂θ, entry by entry.
    fn gradient_and_squares(&self, theta: &[f64], of: Spread, gradient: &mut [f64], squares: &mut [f64]) -> f64;

    /// The weight matrices and bias vectors in θ, which have no gap between them.
    fn matrices(&self) -> Vec<ParameterMatrix>;

    /// The residual r, if the loss is ½‖r‖² and nothing else.
    fn least_squares(&self) -> Option<&dyn LeastSquares>;
}

/// The residual of a loss ½‖r(θ)‖². Its Jacobian J is the A of [`Metric::GaussNewton`].
pub trait LeastSquares: Sync {
    /// N, the length of r.
    fn rows(&self) -> usize;
    /// r(θ), length N.
    fn residual(&self, theta: &[f64], residual: &mut [f64]);
    /// The first and second derivative of r along v: J v, and d²/dε² r(θ + εv) at ε = 0; length N each.
    fn residual_along(&self, theta: &[f64], v: &[f64], first: &mut [f64], second: &mut [f64]);
    /// Which rows each formula has, as ranges of r.
    fn rows_by_formula(&self) -> Vec<Vec<Range<usize>>> {
        vec![vec![0..self.rows()]]
    }
    /// What is known of J layer by layer; `None` where rows depend on the parameters in other ways, too (through integrals).
    fn layers(&self) -> Option<&dyn Layered> {
        None
    }
    /// The Kronecker factors of JᵀJ of each layer, without what goes through integrals; zeros in their place without θ.
    fn kronecker(&self, _theta: Option<&[f64]>) -> Vec<LayerFactors> {
        Vec::new()
    }
    /// How many numbers [`LeastSquares::kronecker`] has at hand beside its result.
    fn kronecker_numbers(&self) -> f64 {
        0.0
    }
}

/// A residual that depends on the parameters through affine layers: with the jets a that enter a layer and the cotangents z of
/// what leaves it, `∂r/∂W = Σ_c z_c a_cᵀ` over channels c, and ∂r/∂b is z of the value.
pub trait Layered: Sync {
    /// What [`Layered::kernel_matrix`] costs.
    fn kernel_cost(&self) -> KernelCost;
    /// The lower triangle of K = JJᵀ, N x N, column-major, without J; what is above the diagonal stays.
    fn kernel_matrix(&self, theta: &[f64], out: &mut [f64]);
    /// Jᵀ u by a reverse sweep: u of length N, `out` of length P.
    fn transposed_product(&self, theta: &[f64], u: &[f64], out: &mut [f64]);
}

/// What a kernel matrix costs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KernelCost {
    /// Multiply-adds, layer by layer.
    pub multiply_adds: f64,
    /// Multiply-adds of the product JJᵀ, given J.
    pub through_rows: f64,
    /// Numbers that are stored beside K: jets and cotangents, or rows of J of layers where these cost less.
    pub numbers: f64,
}

/// JᵀJ of one layer as Kronecker products, `Σ_g A_g ⊗ B_g` over groups g of points (arXiv 2405.15603, section 3).
#[derive(Clone, Debug)]
pub struct LayerFactors {
    /// The weights in θ: `outputs x inputs`, row-major.
    pub weights: Range<usize>,
    /// The biases, where they are one more column of the weights, whose input is 1 for the value and 0 for derivatives.
    pub biases: Option<Range<usize>>,
    /// Rows of the weights.
    pub outputs: usize,
    /// Columns of the weights.
    pub inputs: usize,
    /// For each group, A: the weighted mean of `a aᵀ` over points and channels, of the size of the inputs and the bias; and B:
    /// the sum of `z zᵀ`, of the size of the outputs.
    pub factors: Vec<[Vec<f64>; 2]>,
    /// Parameters that each belong to one output (biases and scales of a factorised layer) and their part of JᵀJ, which is
    /// small enough for a matrix.
    pub rest: Option<(Range<usize>, Vec<f64>)>,
}

/// A matrix of θ, row-major from `start` on; a vector of biases has one column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParameterMatrix {
    /// Position of the first entry in θ.
    pub start: usize,
    /// Rows: outputs of the layer.
    pub rows: usize,
    /// Columns: inputs of the layer, or 1.
    pub columns: usize,
}

impl ParameterMatrix {
    /// Its entries in θ.
    pub fn range(&self) -> Range<usize> {
        self.start..self.start + self.rows * self.columns
    }

    /// Whether it has no entry: the weights of a layer without inputs.
    pub fn is_empty(&self) -> bool {
        self.range().is_empty()
    }
}

/// ½‖r‖², summed in the order of the rows.
pub fn half_square(residual: &[f64]) -> f64 {
    0.5 * crate::linalg::dot(residual, residual)
}

/// The loss of values of which some are energies: half the squares of residuals, and energies as they stand.
pub(crate) fn loss_with_energies(values: impl Iterator<Item = (Role, f64)>) -> f64 {
    careful_sum(values.map(|(role, value)| match role {
        Role::Residual => 0.5 * value * value,
        Role::Energy => value,
    }))
}

/// How far [`loss_with_energies`] is apart between the first values of all pairs and the second ones.
pub(crate) fn change_with_energies(pairs: impl Iterator<Item = (Role, (f64, f64))>) -> f64 {
    careful_sum(pairs.map(|(role, (before, after))| match role {
        Role::Residual => 0.5 * (after - before) * (after + before),
        Role::Energy => after - before,
    }))
}

/// A sum with the errors of its additions (Neumaier): an energy near its minimum changes by less than a plain sum loses.
fn careful_sum(values: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut lost) = (0.0_f64, 0.0);
    for value in values {
        let next = sum + value;
        lost += if sum.abs() >= value.abs() { (sum - next) + value } else { (value - next) + sum };
        sum = next;
    }
    // Beyond the largest double the errors are no numbers, but the sum is infinite as it should be.
    if lost.is_finite() { sum + lost } else { sum }
}
