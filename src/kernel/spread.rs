//! How the derivatives of formulas in θ are spread over the points: their means and mean squares, without a Jacobian.

use rayon::prelude::*;

use super::forward::Workspace;
use super::integrals::IntegralGradients;
use super::objective::Spread;
use super::reverse::Sums;
use super::sweep::sized;
use super::system::{Block, Kernel};
use super::tile::Tile;
use crate::linalg::{RowTile, RowTiles, dot};

impl Kernel {
    /// The mean of ∂R/∂θ over the chosen points, weighted as in the loss.
    pub(super) fn means_of_rows(&self, theta: &[f64], of: Spread, means: &mut [f64]) {
        let known = self.integral_values(theta);
        let no_tiles: (&mut [RowTile], _) = (&mut [], |_: &Block| 0);
        self.with_rows(|values| {
            self.sum_over_tiles(theta, &known, values, no_tiles, means, |block, tile, work, _, _, sums| {
                if !self.is_chosen(block, of) {
                    return;
                }
                block.linearize(&block.linear, tile, theta, &known, work);
                let partials = std::mem::take(&mut work.point);
                let of_partials = &partials[block.factors.len() * tile.stride..];
                let weight = |f: usize, b: usize| {
                    if b < tile.rows { tile.scale[b] * tile.scale[b] * block.factors[f] } else { 0.0 }
                };
                block.add_seeded(tile, theta, work, of_partials, weight, sums);
                work.point = partials;
            });
        });
        self.divide_by_weight(of, means);
    }

    /// The values of all formulas, the gradient of the loss, and the mean of (∂R/∂θ)² over the chosen points.
    pub(super) fn loss_gradient_and_squares(
        &self,
        theta: &[f64],
        of: Spread,
        values: &mut [f64],
        [gradient, squares]: [&mut [f64]; 2],
    ) {
        let (known, parameters) = (self.integral_values(theta), theta.len());
        let gradients = self.integral_gradients(theta, &known);
        let no_tiles: (&mut [RowTile], _) = (&mut [], |_: &Block| 0);
        self.row_buffers.with(Vec::new, |both| {
            let both = sized(both, 2 * parameters);
            self.sum_over_tiles(theta, &known, values, no_tiles, both, |block, tile, work, values, _, sums| {
                let is_chosen = self.is_chosen(block, of);
                if let Some(fused) = &block.fused {
                    return if is_chosen {
                        block.add_fused_moments(&**fused, tile, theta, work, (values, sums.gradient));
                    } else {
                        let gradient = &mut sums.gradient[..parameters];
                        block.add_fused_gradient(&**fused, tile, theta, work, (values, gradient));
                    };
                }
                let (gradient, squares) = sums.gradient.split_at_mut(parameters);
                block.linearize(&block.linear, tile, theta, &known, work);
                block.scaled_rows(tile, &work.point, 0, values);
                let mut sums = Sums { gradient, cotangents: sums.cotangents };
                block.add_gradient(tile, theta, work, values, &mut sums);
                for formula in if is_chosen { 0..block.factors.len() } else { 0..0 } {
                    let add = |first: usize, rows: &[f64]| {
                        let of_parameters = squares[first..].iter_mut().zip(rows.chunks_exact(tile.stride));
                        of_parameters.for_each(|(sum, row)| *sum += dot(&row[..tile.rows], &row[..tile.rows]));
                    };
                    block.visit_rows(formula, tile, theta, &gradients, work, add);
                }
            });
            gradient.copy_from_slice(&both[..parameters]);
            squares.copy_from_slice(&both[parameters..]);
        });
        self.divide_by_weight(of, squares);
    }

    /// Whether means of derivatives are over the points of a block.
    fn is_chosen(&self, block: &Block, of: Spread) -> bool {
        of == Spread::All || block.inside || self.order.iter().all(|&(b, _)| !self.blocks[b].inside)
    }

    /// Makes a mean of a sum over the chosen points.
    fn divide_by_weight(&self, of: Spread, sum: &mut [f64]) {
        let of_block = |block: &Block| {
            let of_formulas: f64 = block.factors.iter().map(|factor| factor * factor).sum();
            of_formulas * block.tiles.iter().flat_map(|tile| &tile.scale[..tile.rows]).map(|s| s * s).sum::<f64>()
        };
        let weight: f64 = self.blocks.iter().filter(|block| self.is_chosen(block, of)).map(of_block).sum();
        if weight > 0.0 {
            sum.iter_mut().for_each(|sum| *sum /= weight);
        }
    }

    /// The trace of the block of JJᵀ that belongs to each formula, block by block: the sum of the squares of its rows.
    pub fn kernel_traces(&self, theta: &[f64]) -> Vec<Vec<f64>> {
        let known = self.integral_values(theta);
        let gradients = self.integral_gradients(theta, &known);
        let of_tile = |&(b, t): &(usize, usize)| {
            let (block, tile) = (&self.blocks[b], &self.blocks[b].tiles[t]);
            self.workspaces.with(Workspace::default, |work| {
                block.linearize(&block.linear, tile, theta, &known, work);
                let trace = |formula: usize| {
                    let mut trace = 0.0;
                    let add = |_: usize, rows: &[f64]| {
                        let of_points = rows.chunks_exact(tile.stride).map(|row| &row[..tile.rows]);
                        trace += of_points.map(|row| dot(row, row)).sum::<f64>();
                    };
                    block.visit_rows(formula, tile, theta, &gradients, work, add);
                    trace
                };
                (0..block.factors.len()).map(trace).collect()
            })
        };
        let of_tiles: Vec<Vec<f64>> = self.order.par_iter().map(of_tile).collect();
        let mut traces: Vec<Vec<f64>> = self.blocks.iter().map(|block| vec![0.0; block.factors.len()]).collect();
        for (&(b, _), own) in self.order.iter().zip(&of_tiles) {
            traces[b].iter_mut().zip(own).for_each(|(trace, own)| *trace += own);
        }
        traces
    }
}

impl Block {
    /// Calls `f` for the scaled derivatives of a formula at the points of a tile that was linearized: with the first of some
    /// parameters, and a row of the tile for each of them.
    fn visit_rows(
        &self,
        formula: usize,
        tile: &Tile,
        theta: &[f64],
        gradients: &IntegralGradients,
        work: &mut Workspace,
        mut f: impl FnMut(usize, &[f64]),
    ) {
        if self.integrals.is_empty() {
            return self.visit_jacobian_of(formula, tile, theta, work, f);
        }
        let mut rows = RowTiles::new(&[tile.rows], theta.len());
        let rows = &mut rows.tiles_mut()[0];
        self.jacobian_of(formula, tile, theta, gradients, work, rows);
        f(0, rows.data());
    }
}
