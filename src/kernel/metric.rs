//! Rows of the metric from second derivatives in the jets.
//!
//! At each point the matrix H of a group of jets is diagonalised, `H = Σ λᵢ vᵢvᵢᵀ`, and row i of the group is
//! `√(w λᵢ) vᵢᵀ T`: the seeds `√(w λᵢ) vᵢ` of one reverse sweep, as ∂R are those of a row of the Jacobian.
//!
//! A metric has no negative directions. Where the integrand is not convex, a negative eigenvalue counts as zero: the
//! step then takes the curvature of the convex part there, and damping keeps it short.

use super::description::Role;
use super::forward::Workspace;
use super::local::{HessianGroup, MetricRows};
use super::objective::Metric;
use super::sweep::sized;
use super::system::{Block, Kernel};
use super::tile::Tile;
use crate::linalg::{RowTile, RowTiles, jacobi_eigen};

impl Kernel {
    /// The values of all formulas, the rows of the metric, and the gradient.
    pub(super) fn metric_and_gradient(
        &self,
        theta: &[f64],
        metric: Metric,
        values: &mut [f64],
        rows: &mut RowTiles,
        gradient: &mut [f64],
    ) {
        let tiles = rows.tiles_mut();
        let count = |block: &Block| block.metric_rows(metric);
        let known = self.integral_values(theta);
        let gradients = self.integral_gradients(theta, &known);
        self.sum_over_tiles(
            theta,
            &known,
            values,
            (tiles, count),
            gradient,
            |block, tile, work, values, tiles, sum| match block.local_for(metric) {
                Some(local) => {
                    block.linearize(&local.program, tile, theta, &known, work);
                    block.scaled_rows(tile, &work.point, 0, values);
                    block.add_gradient(tile, theta, work, values, sum);
                    let mut rest = tiles;
                    for rows in &local.rows {
                        let (own, after) = rest.split_at_mut(rows.count());
                        rest = after;
                        match rows {
                            MetricRows::Gradient { formula } => {
                                block.jacobian_of(*formula, tile, theta, &gradients, work, &mut own[0]);
                            }
                            MetricRows::Hessian(group) => block.hessian_rows(group, tile, theta, work, own),
                        }
                    }
                }
                None => {
                    block.linearize(&block.linear, tile, theta, &known, work);
                    block.scaled_rows(tile, &work.point, 0, values);
                    block.add_gradient(tile, theta, work, values, sum);
                    for (formula, out) in tiles.iter_mut().enumerate() {
                        block.jacobian_of(formula, tile, theta, &gradients, work, out);
                    }
                }
            },
        );
    }
}

impl Block {
    /// The second derivatives, where the metric of the block is made from them.
    fn local_for(&self, metric: Metric) -> Option<&super::system::LocalPrograms> {
        self.local.as_ref().filter(|_| self.role == Role::Energy || metric == Metric::Newton)
    }

    /// How many rows the metric has at each point.
    pub(super) fn metric_rows(&self, metric: Metric) -> usize {
        match self.local_for(metric) {
            Some(local) => local.rows.iter().map(MetricRows::count).sum(),
            None => self.factors.len(),
        }
    }

    /// The rows of a group, after its program has run.
    fn hessian_rows(
        &self,
        group: &HessianGroup,
        tile: &Tile,
        theta: &[f64],
        work: &mut Workspace,
        out: &mut [RowTile],
    ) {
        let (size, stride) = (group.partials.len(), tile.stride);
        let mut seeds = std::mem::take(&mut work.seeds);
        self.factor(group, tile, &work.point, sized(&mut seeds, size * size * stride));
        let any_absent = self.networks.iter().any(Option::is_none);
        for (row, out) in out.iter_mut().enumerate() {
            if any_absent {
                // The tile may have served a block that uses other networks.
                out.data_mut().fill(0.0);
            }
            let seeds = &seeds[row * size * stride..(row + 1) * size * stride];
            for (n, network) in self.networks.iter().enumerate() {
                let Some(network) = network else { continue };
                let columns = network.layout.parameters();
                let channels = network.carried();
                let length = network.layout.output().outputs * channels * stride;
                let cotangents = work.networks[n].seeds(length);
                cotangents.fill(0.0);
                let mut seeded = false;
                for (seeds, &partial) in seeds.chunks_exact(stride).zip(&group.partials) {
                    let channel = self.partials[partial].1;
                    if channel.network == n && seeds.iter().any(|seed| *seed != 0.0) {
                        let at = (channel.output * channels + network.place(channel.channel)) * stride;
                        cotangents[at..at + stride].copy_from_slice(seeds);
                        seeded = true;
                    }
                }
                let start = columns.start;
                let own = &mut out.data_mut()[columns.start * stride..columns.end * stride];
                if seeded {
                    let (buffers, scratch) = (&mut work.networks[n], &mut work.scratch);
                    network.reverse(tile.stride, &tile.features[n], theta, buffers, scratch, |sweep| {
                        sweep.write_rows(start, own);
                    });
                } else {
                    own.fill(0.0);
                }
            }
        }
        work.seeds = seeds;
    }

    /// The seeds of each row of a group: row, jet, point.
    fn factor(&self, group: &HessianGroup, tile: &Tile, point: &[f64], seeds: &mut [f64]) {
        let (size, stride) = (group.partials.len(), tile.stride);
        seeds.fill(0.0);
        let factor = self.factors[group.formula];
        let output = |output: usize, b: usize| point[output * stride + b];
        let partial = |i: usize, b: usize| output(self.factors.len() + group.partials[i], b);
        let mut matrix = vec![0.0; size * size];
        let mut vectors = vec![0.0; size * size];
        for b in 0..tile.rows {
            let weight = tile.scale[b] * factor;
            if weight == 0.0 {
                continue;
            }
            matrix.fill(0.0);
            let value = if group.squared { output(group.formula, b) } else { 1.0 };
            for &(i, j, at) in &group.entries {
                matrix[i * size + j] = value * output(at, b);
                matrix[j * size + i] = matrix[i * size + j];
            }
            if group.squared {
                for i in 0..size {
                    (0..size).for_each(|j| matrix[i * size + j] += partial(i, b) * partial(j, b));
                }
            }
            jacobi_eigen(&mut matrix, &mut vectors, size);
            for row in 0..size {
                let length = weight * positive(matrix[row * size + row]).sqrt();
                for jet in 0..size {
                    seeds[(row * size + jet) * stride + b] = length * vectors[jet * size + row];
                }
            }
        }
    }
}

/// What a curvature counts in the metric. Not by `max`, which would hide a NaN.
fn positive(curvature: f64) -> f64 {
    if curvature < 0.0 { 0.0 } else { curvature }
}
