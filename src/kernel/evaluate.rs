//! The kernel as optimizers see it.

use std::ops::Range;

use smallvec::SmallVec;
use tracing::debug_span;

use super::description::Role;
use super::integrals::IntegralValues;
use super::objective::{
    LayerFactors, Layered, LeastSquares, Metric, Objective, ParameterMatrix, Spread, change_with_energies, half_square,
    loss_with_energies,
};
use super::sweep::sized;
use super::system::Kernel;
use crate::linalg::{RowTiles, linearize_in_parts, transposed_product};

/// Vectors of parameters for which the points are passed over once.
const AT_ONCE: usize = 8;

impl Kernel {
    /// N, the number of values of all formulas at their points.
    pub fn rows(&self) -> usize {
        self.rows_of_tiles(&self.order)
    }

    /// The values of all formulas at their points, length N: residuals times the root of their weight, energies times
    /// their weight.
    pub fn values(&self, theta: &[f64], values: &mut [f64]) {
        let known = self.integral_values(theta);
        self.for_each_tile([values], |block, tile, [rows], work| block.values(tile, theta, &known, work, rows));
    }

    /// The rows of the metric at a tile of points: one tile for each formula, or more.
    fn tiles_of_rows(&self, &(b, t): &(usize, usize), metric: Metric) -> impl Iterator<Item = usize> + use<> {
        std::iter::repeat_n(self.blocks[b].tiles[t].rows, self.blocks[b].metric_rows(metric))
    }

    /// The losses at up to [`AT_ONCE`] vectors of parameters, in one pass over the points.
    fn losses_at_once(&self, thetas: &[&[f64]], losses: &mut [f64]) {
        let known: SmallVec<[IntegralValues; AT_ONCE]> =
            thetas.iter().map(|theta| self.integral_values(theta)).collect();
        let length = self.rows();
        self.row_buffers.with(Vec::new, |rows| {
            let rows = sized(rows, AT_ONCE * length);
            let mut rest = &mut *rows;
            let vectors: [&mut [f64]; AT_ONCE] = std::array::from_fn(|_| {
                let (own, after) = std::mem::take(&mut rest).split_at_mut(length);
                rest = after;
                own
            });
            self.for_each_tile(vectors, |block, tile, rows, work| {
                for ((rows, theta), known) in rows.into_iter().zip(thetas).zip(&known) {
                    block.values(tile, theta, known, work, rows);
                }
            });
            for (k, loss) in losses.iter_mut().enumerate() {
                *loss = self.loss_of(&rows[k * length..(k + 1) * length]);
            }
        });
    }

    /// Whether no block is an energy.
    fn is_least_squares(&self) -> bool {
        self.blocks.iter().all(|block| block.role == Role::Residual)
    }

    /// The loss that values make.
    fn loss_of(&self, values: &[f64]) -> f64 {
        if self.is_least_squares() { half_square(values) } else { loss_with_energies(self.with_roles(values)) }
    }

    /// Every value with the role of its block.
    fn with_roles<'a, T: Copy>(&'a self, values: &'a [T]) -> impl Iterator<Item = (Role, T)> + 'a {
        let roles = self.order.iter().flat_map(|&(b, t)| {
            let block = &self.blocks[b];
            std::iter::repeat_n(block.role, block.factors.len() * block.tiles[t].rows)
        });
        roles.zip(values.iter().copied())
    }
}

impl Objective for Kernel {
    fn parameters(&self) -> usize {
        self.parameters
    }

    fn loss(&self, theta: &[f64]) -> f64 {
        let _span = debug_span!("trial losses").entered();
        self.with_rows(|values| {
            self.values(theta, values);
            self.loss_of(values)
        })
    }

    fn losses(&self, thetas: &[f64], losses: &mut [f64]) {
        let _span = debug_span!("trial losses").entered();
        for (thetas, losses) in thetas.chunks(AT_ONCE * self.parameters).zip(losses.chunks_mut(AT_ONCE)) {
            let own: SmallVec<[&[f64]; AT_ONCE]> = thetas.chunks_exact(self.parameters).collect();
            self.losses_at_once(&own, losses);
        }
    }

    /// Point by point: where an energy is the same up to rounding, the differences at the points still have digits.
    fn change(&self, from: &[f64], to: &[f64]) -> f64 {
        if self.is_least_squares() {
            return self.loss(to) - self.loss(from);
        }
        self.with_rows(|before| {
            self.values(from, before);
            self.with_rows(|after| {
                self.values(to, after);
                let pairs: Vec<(f64, f64)> = before.iter().copied().zip(after.iter().copied()).collect();
                change_with_energies(self.with_roles(&pairs))
            })
        })
    }

    fn gradient(&self, theta: &[f64], gradient: &mut [f64]) -> f64 {
        let _span = debug_span!("gradient").entered();
        self.with_rows(|values| {
            self.loss_gradient(theta, values, gradient);
            self.loss_of(values)
        })
    }

    fn revision(&self) -> Option<u64> {
        Some(self.revision)
    }

    fn row_tiles(&self, metric: Metric) -> Vec<usize> {
        if let Metric::Sobolev(space) = metric {
            return self.norm(space).row_tiles();
        }
        self.order.iter().flat_map(|tile| self.tiles_of_rows(tile, metric)).collect()
    }

    fn linearize(&self, theta: &[f64], metric: Metric, rows: &mut RowTiles, gradient: &mut [f64]) -> f64 {
        let written = 8.0 * rows.rows() as f64 * rows.columns() as f64;
        let _span = debug_span!("rows", bytes = written).entered();
        if let Metric::Sobolev(space) = metric {
            self.norm(space).rows(theta, rows);
            return self.gradient(theta, gradient);
        }
        self.with_rows(|values| {
            if self.is_least_squares() && metric == Metric::GaussNewton {
                self.jacobian_rows(&self.order, theta, values, rows);
                transposed_product(rows, values, gradient);
            } else {
                self.metric_and_gradient(theta, metric, values, rows, gradient);
            }
            self.loss_of(values)
        })
    }

    fn linearize_in_parts(
        &self,
        theta: &[f64],
        numbers: usize,
        rows: &mut RowTiles,
        gradient: &mut [f64],
        f: &mut dyn FnMut(&RowTiles),
    ) -> f64 {
        self.with_rows(|values| {
            let room = (&mut *values, rows, gradient);
            let tiles_of = |tile: &(usize, usize)| self.tiles_of_rows(tile, Metric::GaussNewton);
            let fill = |tiles: &[_], values: &mut [f64], rows: &mut RowTiles| {
                self.jacobian_rows(tiles, theta, values, rows);
            };
            linearize_in_parts((&self.order, numbers), room, tiles_of, fill, f);
            self.loss_of(values)
        })
    }

    fn curvature_along(&self, theta: &[f64], v: &[f64], out: &mut [f64]) {
        let _span = debug_span!("along the step").entered();
        self.gradient_along(theta, v, out);
    }

    fn derivative_means(&self, theta: &[f64], of: Spread, means: &mut [f64]) {
        let _span = debug_span!("moments").entered();
        self.means_of_rows(theta, of, means);
    }

    fn gradient_and_squares(&self, theta: &[f64], of: Spread, gradient: &mut [f64], squares: &mut [f64]) -> f64 {
        let _span = debug_span!("moments").entered();
        self.with_rows(|values| {
            self.loss_gradient_and_squares(theta, of, values, [gradient, squares]);
            self.loss_of(values)
        })
    }

    fn matrices(&self) -> Vec<ParameterMatrix> {
        self.matrices.clone()
    }

    fn least_squares(&self) -> Option<&dyn LeastSquares> {
        self.is_least_squares().then_some(self)
    }
}

impl LeastSquares for Kernel {
    fn rows(&self) -> usize {
        Kernel::rows(self)
    }

    fn residual(&self, theta: &[f64], residual: &mut [f64]) {
        let _span = debug_span!("residual").entered();
        self.values(theta, residual);
    }

    fn residual_along(&self, theta: &[f64], v: &[f64], first: &mut [f64], second: &mut [f64]) {
        let _span = debug_span!("along the step").entered();
        let known = self.integrals_along(theta, v);
        self.for_each_tile([first, second], |block, tile, [first, second], work| {
            block.residual_along(tile, [theta, v], &known, work, first, second);
        });
    }

    fn rows_by_formula(&self) -> Vec<Vec<Range<usize>>> {
        let formulas = |block: usize| (0..self.blocks[block].factors.len()).map(move |formula| (block, formula));
        let all = (0..self.blocks.len()).flat_map(formulas);
        all.map(|(block, formula)| self.rows_of(block, formula).collect()).collect()
    }

    fn layers(&self) -> Option<&dyn Layered> {
        self.integrals.is_empty().then_some(self)
    }

    fn kronecker(&self, theta: Option<&[f64]>) -> Vec<LayerFactors> {
        let _span = debug_span!("Kronecker factors").entered();
        self.kronecker_factors(theta)
    }

    fn kronecker_numbers(&self) -> f64 {
        self.layers.iter().map(|&layer| self.extent_of_layer(layer).numbers_of_products()).sum()
    }
}
