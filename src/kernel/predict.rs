//! Fields, their derivatives and any formula of them at points.

use super::description::{BlockDescription, Description, Role};
use super::objective::Metric;
use super::programs::{Assemble, AssembleError, KernelTapes};
use super::system::Kernel;
use super::tile::PointSet;
use crate::expr::Expr;
use crate::tape::Contraction;

/// Evaluates formulas of coordinates and jet variables at any points: a kernel whose residuals are the formulas and
/// whose weights are 1.
pub struct Predictor {
    kernel: Kernel,
    formulas: usize,
}

impl Predictor {
    /// Compiles the formulas, which live in the graph of the description.
    ///
    /// # Errors
    /// [`AssembleError`] if a formula has no tape or the back end refuses it.
    pub fn new(
        description: &Description,
        formulas: &[Expr],
        contraction: Contraction,
        backend: &dyn Assemble,
    ) -> Result<Self, AssembleError> {
        let mut description = description.clone();
        description.blocks = vec![BlockDescription {
            formulas: formulas.to_vec(),
            weights: vec![1.0; formulas.len()],
            role: Role::Residual,
            inside: true,
        }];
        description.norms.clear();
        description.metric = Metric::GaussNewton;
        let tapes = KernelTapes::new(&mut description, contraction, &mut |_, roots| roots.to_vec())?;
        let kernel = Kernel::new(&description, &tapes, &[PointSet::default()], backend)?;
        Ok(Self { kernel, formulas: formulas.len() })
    }

    /// The values of each formula at points given as one column an axis.
    pub fn evaluate(&mut self, theta: &[f64], coordinates: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let count = coordinates.first().map_or(0, Vec::len);
        let normals = vec![vec![0.0; count]; coordinates.len()];
        let (coordinates, weights) = (coordinates.to_vec(), vec![1.0; count]);
        let points = PointSet { coordinates, normals, weights, columns: Vec::new() };
        self.kernel.set_points(0, &points);
        let mut values = vec![0.0; self.kernel.rows()];
        self.kernel.values(theta, &mut values);
        let column = |f: usize| self.kernel.rows_of(0, f).flat_map(|rows| values[rows].iter().copied()).collect();
        (0..self.formulas).map(column).collect()
    }
}
