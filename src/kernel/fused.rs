//! Blocks whose networks and formulas are single programs.

use super::forward::Workspace;
use super::sweep::sized;
use super::system::Block;
use super::tile::{TILE, Tile};
use crate::linalg::RowTile;

/// The residuals of a block by programs that hold its networks, too, so that little between layers goes through memory:
/// faster than sweeps where layers are narrow.
///
/// All take `stride` points, whose `columns` are rows of as many numbers: coordinates, normals, then what is known there.
/// R formulas, P parameters; results are without weights, rows of `stride` numbers.
pub trait FusedBlock: Send + Sync {
    /// R rows.
    fn residual(&self, stride: usize, columns: &[f64], theta: &[f64], out: &mut [f64]);
    /// R rows, and the rows of the Jacobian: formula by formula, P each.
    fn jacobian(&self, stride: usize, columns: &[f64], theta: &[f64], residual: &mut [f64], rows: &mut [f64]);
    /// The first and second derivatives along v at θ, R rows each, as `[θ, v]` and `[first, second]`.
    fn along(&self, stride: usize, columns: &[f64], parameters: [&[f64]; 2], out: [&mut [f64]; 2]);
    /// R rows, and the gradient of `½ Σ w r²`, which is added to `sum`; `at` are the columns, and R rows of w.
    fn add_gradient(&self, stride: usize, at: [&[f64]; 2], theta: &[f64], out: &mut [f64], sum: &mut [f64]);
    /// The same with `Σ (√w ∂r/∂θ)²` behind the gradient, added to `sums`, too; R rows of √w.
    fn add_moments(&self, stride: usize, at: [&[f64]; 2], theta: &[f64], out: &mut [f64], sums: &mut [f64]);
}

impl Block {
    /// What the programs of the formulas leave in `work.point`, by fused programs.
    pub(super) fn fused_values(&self, fused: &dyn FusedBlock, tile: &Tile, theta: &[f64], work: &mut Workspace) {
        let out = sized(&mut work.point, self.factors.len() * tile.stride);
        fused.residual(tile.stride, &tile.columns, theta, out);
    }

    /// The same along a direction.
    pub(super) fn fused_along(
        &self,
        fused: &dyn FusedBlock,
        tile: &Tile,
        parameters: [&[f64]; 2],
        work: &mut Workspace,
    ) {
        let length = self.factors.len() * tile.stride;
        let out = sized(&mut work.point, 2 * length).split_at_mut(length);
        fused.along(tile.stride, &tile.columns, parameters, out.into());
    }

    /// The scaled values of a tile; adds its part of the gradient of the loss to `gradient`.
    pub(super) fn add_fused_gradient(
        &self,
        fused: &dyn FusedBlock,
        tile: &Tile,
        theta: &[f64],
        work: &mut Workspace,
        (values, gradient): (&mut [f64], &mut [f64]),
    ) {
        self.seed_rows(tile, &mut work.seeds, |root| root * root);
        let out = sized(&mut work.point, self.factors.len() * tile.stride);
        fused.add_gradient(tile.stride, [&tile.columns, &work.seeds], theta, out, gradient);
        self.scaled_rows(tile, &work.point, 0, values);
    }

    /// The same with the squares of the scaled rows of the Jacobian behind the gradient.
    pub(super) fn add_fused_moments(
        &self,
        fused: &dyn FusedBlock,
        tile: &Tile,
        theta: &[f64],
        work: &mut Workspace,
        (values, sums): (&mut [f64], &mut [f64]),
    ) {
        self.seed_rows(tile, &mut work.seeds, |root| root);
        let out = sized(&mut work.point, self.factors.len() * tile.stride);
        fused.add_moments(tile.stride, [&tile.columns, &work.seeds], theta, out, sums);
        self.scaled_rows(tile, &work.point, 0, values);
    }

    /// A function of the root of the weight of each formula at each point: R rows, with zeros behind the last point.
    fn seed_rows(&self, tile: &Tile, rows: &mut Vec<f64>, of_root: impl Fn(f64) -> f64) {
        rows.clear();
        for factor in &self.factors {
            let behind = std::iter::repeat_n(0.0, tile.stride - tile.rows);
            rows.extend(tile.scale[..tile.rows].iter().map(|scale| of_root(scale * factor)).chain(behind));
        }
    }

    /// The scaled values of a tile, and its rows of the Jacobian: one tile a formula.
    pub(super) fn fused_rows(
        &self,
        fused: &dyn FusedBlock,
        tile: &Tile,
        theta: &[f64],
        work: &mut Workspace,
        (values, tiles): (&mut [f64], &mut [RowTile]),
    ) {
        let stride = tile.stride;
        let values_of_tile = sized(&mut work.point, self.factors.len() * stride);
        let jacobian = sized(&mut work.jacobian, self.factors.len() * theta.len() * stride);
        fused.jacobian(stride, &tile.columns, theta, values_of_tile, jacobian);
        self.scaled_rows(tile, &work.point, 0, values);
        let mut scale = [0.0; TILE];
        for ((formula, out), factor) in tiles.iter_mut().enumerate().zip(&self.factors) {
            scale.iter_mut().zip(&tile.scale).for_each(|(scale, root)| *scale = root * factor);
            let rows = work.jacobian[formula * theta.len() * stride..].chunks_exact(stride);
            for (column, row) in out.data_mut().chunks_exact_mut(stride).zip(rows) {
                column.iter_mut().zip(row).zip(&scale).for_each(|((out, entry), scale)| *out = entry * scale);
            }
        }
    }
}
