//! One reverse sweep through the jets for each residual: a row of the Jacobian, or the gradient.

use rayon::prelude::*;

use super::forward::{Keep, NetworkBuffers, Workspace, run_reverse, sized};
use super::objective::LeastSquares;
use super::system::{Block, Kernel, NetworkUse};
use super::tile::Tile;
use crate::linalg::{RowTile, RowTiles, View, ViewMut, multiply};
use crate::network::Layer;
use crate::vmath::channel_products;

/// How many parts a gradient is summed in; a constant, so that the sum does not depend on the number of threads.
const GRADIENT_PARTS: usize = 16;

impl Kernel {
    pub(super) fn jacobian_rows(&self, theta: &[f64], residual: &mut [f64], jacobian: &mut RowTiles) {
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
                block.forward(tile, theta, Keep::Slopes, work);
                block.run_point_program(&block.linear, tile, 1, work);
                block.scaled_rows(tile, &work.point, 0, rows);
                for (r, out) in tiles.iter_mut().enumerate() {
                    block.jacobian_of(r, tile, theta, work, out);
                }
            });
        });
    }

    /// r, scaled, and its gradient `Jᵀr`.
    pub(super) fn loss_gradient(&self, theta: &[f64], residual: &mut [f64], gradient: &mut [f64]) {
        self.sum_over_tiles(residual, gradient, |block, tile, work, rows, sum| {
            block.forward(tile, theta, Keep::Slopes, work);
            block.run_point_program(&block.linear, tile, 1, work);
            block.scaled_rows(tile, &work.point, 0, rows);
            block.add_gradient(tile, theta, work, rows, sum);
        });
    }

    /// `Jᵀ r_vv`.
    pub(super) fn gradient_along(&self, theta: &[f64], v: &[f64], out: &mut [f64]) {
        let mut rows = self.row_buffers.take(2, Vec::new);
        let [first, second] = &mut rows[..] else { unreachable!("as many as were taken") };
        let (first, second) = (sized(first, self.rows()), sized(second, self.rows()));
        self.residual_along(theta, v, first, second);
        self.sum_over_tiles(second, out, |block, tile, work, rows, sum| {
            block.forward(tile, theta, Keep::Slopes, work);
            block.run_point_program(&block.linear, tile, 1, work);
            block.add_gradient(tile, theta, work, rows, sum);
        });
        self.row_buffers.give_back(rows);
    }

    /// Calls `f` for every tile with its part of a vector of length N and a sum to add to.
    fn sum_over_tiles(
        &self,
        rows: &mut [f64],
        gradient: &mut [f64],
        f: impl Fn(&Block, &Tile, &mut Workspace, &mut [f64], &mut [f64]) + Sync,
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
            self.workspaces.with(Workspace::default, |work| {
                let mut rows = rows;
                for &(b, t) in part {
                    let (block, tile) = (&self.blocks[b], &self.blocks[b].tiles[t]);
                    let (own, rest) = rows.split_at_mut(block.factors.len() * tile.rows);
                    f(block, tile, work, own, sum);
                    rows = rest;
                }
            });
        };
        let mut sums = self.partial_gradients.take(tasks.len(), || vec![0.0; self.parameters]);
        tasks.into_par_iter().zip(&mut sums).for_each(|(task, sum)| sum_part(task, sum));
        gradient.fill(0.0);
        for sum in &sums {
            gradient.iter_mut().zip(sum).for_each(|(g, s)| *g += s);
        }
        self.partial_gradients.give_back(sums);
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
                network.reverse(tile, &tile.features[n], theta, &mut work.networks[n], &mut work.scratch, |sweep| {
                    sweep.write_rows(start, out);
                });
            } else {
                out.fill(0.0);
            }
        }
    }

    /// Adds `Jᵀ rows` of a tile to `gradient`, after `linear` has run.
    fn add_gradient(&self, tile: &Tile, theta: &[f64], work: &mut Workspace, rows: &[f64], gradient: &mut [f64]) {
        for (n, network) in self.networks.iter().enumerate() {
            let Some(network) = network else { continue };
            let weight = |r: usize, b: usize| if b < tile.rows { rows[r * tile.rows + b] * tile.scale[b] } else { 0.0 };
            if self.seed(n, network, tile, work, weight) {
                let (buffers, scratch) = (&mut work.networks[n], &mut work.scratch);
                network.reverse(tile, &tile.features[n], theta, buffers, scratch, |sweep| sweep.add_to(gradient));
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
        let seeds = sized(&mut work.networks[n].cotangents[0], length);
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

/// One layer in a reverse sweep: the jets that entered it and the cotangents of what left it.
struct LayerSweep<'a> {
    layer: Layer,
    inputs: &'a [f64],
    cotangents: &'a [f64],
    channels: usize,
    stride: usize,
}

impl LayerSweep<'_> {
    /// ∂r/∂W and ∂r/∂b point by point: parameter p stands in row `p - start` of `out`.
    fn write_rows(&self, start: usize, out: &mut [f64]) {
        let at = |p: usize| (p - start) * self.stride;
        let weights = self.layer.weights();
        let products = &mut out[at(weights.start)..at(weights.end)];
        channel_products(products, self.cotangents, self.inputs, self.channels, self.stride);
        let biases = self.layer.biases();
        let rows = out[at(biases.start)..at(biases.end)].chunks_exact_mut(self.stride);
        for (row, cotangent) in rows.zip(self.cotangents.chunks_exact(self.channels * self.stride)) {
            row.copy_from_slice(&cotangent[..self.stride]);
        }
    }

    /// ∂/∂W and ∂/∂b summed over points.
    fn add_to(&self, gradient: &mut [f64]) {
        let columns = self.channels * self.stride;
        let (m, k) = (self.layer.outputs, self.layer.inputs);
        let cotangents = View::row_major(self.cotangents, m, columns);
        let inputs = View::row_major(self.inputs, k, columns).transposed();
        multiply(ViewMut::row_major(&mut gradient[self.layer.weights()], m, k), cotangents, inputs, 1.0, true);
        let rows = self.cotangents.chunks_exact(columns);
        for (bias, row) in gradient[self.layer.biases()].iter_mut().zip(rows) {
            *bias += row[..self.stride].iter().sum::<f64>();
        }
    }
}

impl NetworkUse {
    /// Sweeps the cotangents `buffers.cotangents[0]` of the outputs backward; `visit` sees each layer.
    fn reverse(
        &self,
        tile: &Tile,
        features: &[f64],
        theta: &[f64],
        buffers: &mut NetworkBuffers,
        scratch: &mut Vec<f64>,
        mut visit: impl FnMut(&LayerSweep<'_>),
    ) {
        let (channels, stride) = (self.plan.len(), tile.stride);
        let columns = channels * stride;
        let [behind, before] = &mut buffers.cotangents;
        for (l, layer) in self.layout.layers.iter().enumerate().rev() {
            let inputs = if l == 0 { features } else { &buffers.activations[l - 1] };
            let (inputs, cotangents) = (&inputs[..layer.inputs * columns], &behind[..layer.outputs * columns]);
            visit(&LayerSweep { layer: *layer, inputs, cotangents, channels, stride });
            if l == 0 {
                break;
            }
            let length = layer.inputs * columns;
            let weights = View::row_major(&theta[layer.weights()], layer.outputs, layer.inputs).transposed();
            let cotangents = View::row_major(cotangents, layer.outputs, columns);
            let out = ViewMut::row_major(sized(before, length), layer.inputs, columns);
            multiply(out, weights, cotangents, 1.0, false);
            let slopes = &buffers.slopes[l - 1][..length];
            let out = sized(behind, length);
            run_reverse(
                &*self.activation.reverse,
                layer.inputs,
                stride,
                channels,
                [slopes, &before[..length]],
                out,
                scratch,
            );
        }
    }
}
