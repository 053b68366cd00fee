//! One reverse sweep through the jets for each residual: a row of the Jacobian, or the gradient.

use rayon::prelude::*;

use super::forward::Workspace;
use super::integrals::IntegralValues;
use super::objective::LeastSquares;
use super::sweep::{NetworkUse, sized};
use super::system::{Block, Kernel};
use super::tile::Tile;
use crate::linalg::{RowTile, RowTiles};

/// How many parts a gradient is summed in; a constant, so that the sum does not depend on the number of threads.
pub(super) const GRADIENT_PARTS: usize = 16;

impl Kernel {
    pub(super) fn jacobian_rows(&self, theta: &[f64], residual: &mut [f64], jacobian: &mut RowTiles) {
        let known = self.integral_values(theta);
        let gradients = self.integral_gradients(theta, &known);
        let mut tasks = Vec::with_capacity(self.order.len());
        let (mut rows, mut tiles) = (residual, jacobian.tiles_mut());
        for &(b, t) in &self.order {
            let (block, tile) = (&self.blocks[b], &self.blocks[b].tiles[t]);
            let (own_rows, rest) = rows.split_at_mut(block.factors.len() * tile.rows);
            let (own_tiles, rest_tiles) = tiles.split_at_mut(block.factors.len());
            (rows, tiles) = (rest, rest_tiles);
            tasks.push((block, tile, own_rows, own_tiles));
        }
        tasks.into_par_iter().for_each(|(block, tile, rows, tiles)| {
            self.workspaces.with(Workspace::default, |work| {
                block.linearize(tile, theta, &known, work);
                block.scaled_rows(tile, &work.point, 0, rows);
                for (r, out) in tiles.iter_mut().enumerate() {
                    block.jacobian_of(r, tile, theta, work, out);
                    block.add_integral_rows(r, tile, work, &gradients, out);
                }
            });
        });
    }

    /// r, scaled, and its gradient `Jᵀr`.
    pub(super) fn loss_gradient(&self, theta: &[f64], residual: &mut [f64], gradient: &mut [f64]) {
        let known = self.integral_values(theta);
        self.sum_over_tiles(theta, &known, residual, gradient, |block, tile, work, rows| {
            block.linearize(tile, theta, &known, work);
            block.scaled_rows(tile, &work.point, 0, rows);
        });
    }

    /// `Jᵀ r_vv`.
    pub(super) fn gradient_along(&self, theta: &[f64], v: &[f64], out: &mut [f64]) {
        let mut rows = self.row_buffers.take(2, Vec::new);
        let [first, second] = &mut rows[..] else { unreachable!("as many as were taken") };
        let (first, second) = (sized(first, self.rows()), sized(second, self.rows()));
        self.residual_along(theta, v, first, second);
        let known = self.integral_values(theta);
        self.sum_over_tiles(theta, &known, second, out, |block, tile, work, _| {
            block.linearize(tile, theta, &known, work);
        });
        self.row_buffers.give_back(rows);
    }

    /// `Jᵀ rows`, where `f` runs the linear program of every tile and may fill its rows.
    fn sum_over_tiles(
        &self,
        theta: &[f64],
        known: &IntegralValues,
        rows: &mut [f64],
        gradient: &mut [f64],
        f: impl Fn(&Block, &Tile, &mut Workspace, &mut [f64]) + Sync,
    ) {
        let per_part = self.order.len().div_ceil(GRADIENT_PARTS).max(1);
        let mut rows = rows;
        let mut tasks = Vec::with_capacity(GRADIENT_PARTS);
        for part in self.order.chunks(per_part) {
            let length = part.iter().map(|&(b, t)| self.blocks[b].factors.len() * self.blocks[b].tiles[t].rows).sum();
            let (own, rest) = rows.split_at_mut(length);
            rows = rest;
            tasks.push((part, own));
        }
        let sum_part = |(part, rows): (&[(usize, usize)], &mut [f64]), sum: &mut [f64]| {
            sum.fill(0.0);
            let mut cotangents = known.zeros();
            self.workspaces.with(Workspace::default, |work| {
                let mut rows = rows;
                for &(b, t) in part {
                    let (block, tile) = (&self.blocks[b], &self.blocks[b].tiles[t]);
                    let (own, rest) = rows.split_at_mut(block.factors.len() * tile.rows);
                    f(block, tile, work, own);
                    let weight =
                        |r: usize, b: usize| if b < tile.rows { own[r * tile.rows + b] * tile.scale[b] } else { 0.0 };
                    block.add_sweeps(tile, theta, work, &weight, sum);
                    block.add_cotangents(tile, work, &weight, &mut cotangents);
                    rows = rest;
                }
            });
            cotangents
        };
        let mut sums = self.partial_gradients.take(tasks.len(), || vec![0.0; self.parameters]);
        let cotangents: Vec<IntegralValues> =
            tasks.into_par_iter().zip(&mut sums).map(|(task, sum)| sum_part(task, sum)).collect();
        gradient.fill(0.0);
        for sum in &sums {
            gradient.iter_mut().zip(sum).for_each(|(g, s)| *g += s);
        }
        self.partial_gradients.give_back(sums);
        let mut all = known.zeros();
        cotangents.iter().for_each(|part| all.add(part));
        self.add_integral_cotangents(theta, known, all, gradient);
    }
}

impl Block {
    /// The rows ∂r/∂θ of one residual at the points of a tile, after `linear` has run.
    fn jacobian_of(&self, residual: usize, tile: &Tile, theta: &[f64], work: &mut Workspace, out: &mut RowTile) {
        if self.networks.iter().any(Option::is_none) {
            // The tile may have served a block that uses other networks.
            out.data_mut().fill(0.0);
        }
        for (n, network) in self.networks.iter().enumerate() {
            let Some(network) = network else { continue };
            let columns = network.layout.parameters();
            let seeded = self.seed(n, network, tile, work, |r, b| if r == residual { tile.scale[b] } else { 0.0 });
            let out = &mut out.data_mut()[columns.start * tile.stride..columns.end * tile.stride];
            if seeded {
                let start = columns.start;
                let (buffers, scratch) = (&mut work.networks[n], &mut work.scratch);
                network.reverse(tile.stride, &tile.features[n], theta, buffers, scratch, |sweep| {
                    sweep.write_rows(start, out);
                });
            } else {
                out.fill(0.0);
            }
        }
    }

    /// Adds Σ weight(r, point) ∂R_r/∂u_α ∂_θ u_α over the points of a tile, after `linear` has run.
    pub(super) fn add_sweeps(
        &self,
        tile: &Tile,
        theta: &[f64],
        work: &mut Workspace,
        weight: &impl Fn(usize, usize) -> f64,
        gradient: &mut [f64],
    ) {
        for (n, network) in self.networks.iter().enumerate() {
            let Some(network) = network else { continue };
            if self.seed(n, network, tile, work, weight) {
                let (buffers, scratch) = (&mut work.networks[n], &mut work.scratch);
                network
                    .reverse(tile.stride, &tile.features[n], theta, buffers, scratch, |sweep| sweep.add_to(gradient));
            }
        }
    }

    /// Fills the cotangents of the outputs of a network with Σ_r weight(r, point) ∂R_r/∂u_α; whether there are any.
    fn seed(
        &self,
        n: usize,
        network: &NetworkUse,
        tile: &Tile,
        work: &mut Workspace,
        weight: impl Fn(usize, usize) -> f64,
    ) -> bool {
        let (channels, stride) = (network.plan.len(), tile.stride);
        let length = network.layout.output().outputs * channels * stride;
        let seeds = work.networks[n].seeds(length);
        seeds.fill(0.0);
        let mut seeded = false;
        for (i, (r, channel)) in self.partials.iter().enumerate() {
            if channel.network != n {
                continue;
            }
            let at = (channel.output * channels + channel.channel) * stride;
            let factor = self.factors[*r];
            let partial = &work.point[(self.factors.len() + i) * stride..];
            for (b, (seed, partial)) in seeds[at..at + stride].iter_mut().zip(partial).enumerate() {
                let weight = weight(*r, b) * factor;
                if weight != 0.0 {
                    *seed += weight * partial;
                    seeded = true;
                }
            }
        }
        seeded
    }
}
