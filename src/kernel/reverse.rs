//! One reverse sweep through the jets for each residual: a row of the Jacobian, or the gradient.

use std::ops::Range;

use super::description::Role;
use super::forward::Workspace;
use super::integrals::{IntegralGradients, IntegralValues};
use super::sweep::{NetworkBuffers, NetworkUse, sized};
use super::system::{Block, Kernel};
use super::tile::Tile;
use crate::linalg::{RowTile, RowTiles, for_each_share, sum_of};

/// What a part of all tiles adds to a sum.
#[derive(Default)]
pub(super) struct PartialSum {
    numbers: Vec<f64>,
    cotangents: IntegralValues,
}

impl AsRef<[f64]> for PartialSum {
    fn as_ref(&self) -> &[f64] {
        &self.numbers
    }
}

/// What some tiles write: values, and tiles of rows.
type Rows<'a> = (&'a mut [f64], &'a mut [RowTile]);

/// What sweeps over tiles add to: a gradient, and cotangents of the integrals, which become a gradient in the end.
pub(super) struct Sums<'a> {
    pub gradient: &'a mut [f64],
    pub cotangents: &'a mut IntegralValues,
}

impl Kernel {
    /// The residual at some tiles, and the rows of its Jacobian.
    pub(super) fn jacobian_rows(
        &self,
        tiles: &[(usize, usize)],
        theta: &[f64],
        residual: &mut [f64],
        jacobian: &mut RowTiles,
    ) {
        let known = self.integral_values(theta);
        let gradients = self.integral_gradients(theta, &known);
        let split = |share, of: &[(usize, usize)]| self.split_rows(share, of, |block| block.factors.len());
        for_each_share(tiles, (residual, jacobian.tiles_mut()), &split, &|&(b, t), (rows, tiles)| {
            let (block, tile) = (&self.blocks[b], &self.blocks[b].tiles[t]);
            self.workspaces.with(Workspace::default, |work| {
                if let Some(fused) = &block.fused {
                    return block.fused_rows(&**fused, tile, theta, work, (rows, tiles));
                }
                block.linearize(&block.linear, tile, theta, &known, work);
                block.scaled_rows(tile, &work.point, 0, rows);
                for (r, out) in tiles.iter_mut().enumerate() {
                    block.jacobian_of(r, tile, theta, &gradients, work, out);
                }
            });
        });
    }

    /// The values of all formulas, and the gradient of the loss.
    pub(super) fn loss_gradient(&self, theta: &[f64], values: &mut [f64], gradient: &mut [f64]) {
        let no_tiles: (&mut [RowTile], _) = (&mut [], |_: &Block| 0);
        let known = self.integral_values(theta);
        self.sum_over_tiles(theta, &known, values, no_tiles, gradient, |block, tile, work, values, _, sum| {
            if let Some(fused) = &block.fused {
                return block.add_fused_gradient(&**fused, tile, theta, work, (values, sum.gradient));
            }
            block.linearize(&block.linear, tile, theta, &known, work);
            block.scaled_rows(tile, &work.point, 0, values);
            block.add_gradient(tile, theta, work, values, sum);
        });
    }

    /// The gradient of the part of the loss that one formula of a block makes, length P.
    pub fn gradient_of(&self, block: usize, formula: usize, theta: &[f64], gradient: &mut [f64]) {
        let no_tiles: (&mut [RowTile], _) = (&mut [], |_: &Block| 0);
        let (known, chosen) = (self.integral_values(theta), &self.blocks[block]);
        self.with_rows(|values| {
            self.sum_over_tiles(theta, &known, values, no_tiles, gradient, |block, tile, work, values, _, sum| {
                if std::ptr::eq(block, chosen) {
                    block.linearize(&block.linear, tile, theta, &known, work);
                    block.scaled_rows(tile, &work.point, 0, values);
                    block.add_gradient_of(formula..formula + 1, tile, theta, work, values, sum);
                }
            });
        });
    }

    /// `Jᵀ r_vv` and `Tᵀ (∇F)_vv`.
    pub(super) fn gradient_along(&self, theta: &[f64], v: &[f64], out: &mut [f64]) {
        let no_tiles: (&mut [RowTile], _) = (&mut [], |_: &Block| 0);
        let (known, along) = (self.integral_values(theta), self.integrals_along(theta, v));
        self.with_rows(|values| {
            self.sum_over_tiles(theta, &known, values, no_tiles, out, |block, tile, work, values, _, sum| {
                block.along_direction(tile, [theta, v], &along, work);
                let mut bent = std::mem::take(&mut work.seeds);
                match block.role {
                    Role::Residual => {
                        block.scaled_rows(tile, &work.point, block.factors.len(), values);
                        block.linearize(&block.linear, tile, theta, &known, work);
                        block.add_gradient(tile, theta, work, values, sum);
                    }
                    Role::Energy => {
                        let length = (block.partials.len() + block.integral_partials.len()) * tile.stride;
                        sized(&mut bent, length).copy_from_slice(&work.point[..length]);
                        block.linearize(&block.linear, tile, theta, &known, work);
                        block.add_seeded(tile, theta, work, &bent, |f, b| block.energy_weight(tile, f, b), sum);
                    }
                }
                work.seeds = bent;
            });
        });
    }

    /// What some tiles write, and the rest; a block has so many tiles of rows for each tile of points.
    fn split_rows<'a>(
        &self,
        (values, tiles): Rows<'a>,
        of: &[(usize, usize)],
        tiles_of: impl Fn(&Block) -> usize,
    ) -> (Rows<'a>, Rows<'a>) {
        let (values, other_values) = values.split_at_mut(self.rows_of_tiles(of));
        let (tiles, other_tiles) = tiles.split_at_mut(of.iter().map(|&(b, _)| tiles_of(&self.blocks[b])).sum());
        ((values, tiles), (other_values, other_tiles))
    }

    /// Calls `f` for every tile with its part of a vector of values, its tiles of rows (so many a block), and a sum to
    /// add to: a gradient, and whatever else is summed behind it.
    pub(super) fn sum_over_tiles(
        &self,
        theta: &[f64],
        known: &IntegralValues,
        values: &mut [f64],
        (row_tiles, tiles_of): (&mut [RowTile], impl Fn(&Block) -> usize + Sync),
        gradient: &mut [f64],
        f: impl Fn(&Block, &Tile, &mut Workspace, &mut [f64], &mut [RowTile], &mut Sums<'_>) + Sync,
    ) {
        let length = gradient.len();
        let sum_part = |part: &Range<usize>, ((values, tiles), sums): (Rows<'_>, &mut [PartialSum])| {
            let PartialSum { numbers, cotangents } = &mut sums[0];
            numbers.clear();
            numbers.resize(length, 0.0);
            *cotangents = known.zeros();
            let mut sums = Sums { gradient: numbers, cotangents };
            self.workspaces.with(Workspace::default, |work| {
                let (mut values, mut tiles) = (values, tiles);
                for &(b, t) in &self.order[part.clone()] {
                    let (block, tile) = (&self.blocks[b], &self.blocks[b].tiles[t]);
                    let (own, rest) = values.split_at_mut(block.factors.len() * tile.rows);
                    let (own_tiles, rest_tiles) = tiles.split_at_mut(tiles_of(block));
                    f(block, tile, work, own, own_tiles, &mut sums);
                    (values, tiles) = (rest, rest_tiles);
                }
            });
        };
        let mut all = known.zeros();
        self.partial_sums.with(Vec::new, |sums| {
            sums.resize_with(sums.len().max(self.parts.len()), PartialSum::default);
            let sums = &mut sums[..self.parts.len()];
            let split = |(rows, sums), parts: &[Range<usize>]| {
                let of_parts = &self.order[parts[0].start..parts[parts.len() - 1].end];
                let (own, others) = self.split_rows(rows, of_parts, &tiles_of);
                let (sums, other_sums) = <[PartialSum]>::split_at_mut(sums, parts.len());
                ((own, sums), (others, other_sums))
            };
            for_each_share(&self.parts, ((values, row_tiles), &mut *sums), &split, &sum_part);
            sum_of(sums, gradient);
            sums.iter().for_each(|sum| all.add(&sum.cotangents));
        });
        self.add_integral_cotangents(theta, known, all, &mut gradient[..self.parameters]);
    }
}

impl Block {
    /// The rows ∂r/∂θ of one residual at the points of a tile, after `linear` has run.
    pub(super) fn jacobian_of(
        &self,
        residual: usize,
        tile: &Tile,
        theta: &[f64],
        gradients: &IntegralGradients,
        work: &mut Workspace,
        out: &mut RowTile,
    ) {
        if self.networks.iter().any(Option::is_none) {
            // The tile may have served a block that uses other networks.
            out.data_mut().fill(0.0);
        }
        for (n, network) in self.networks.iter().enumerate() {
            let Some(network) = network else { continue };
            let columns = network.layout.parameters();
            let weight = |r: usize, b: usize| if r == residual { tile.scale[b] } else { 0.0 };
            let partials = &work.point[self.factors.len() * tile.stride..];
            let seeded = self.seed(n, network, tile, &mut work.networks[n], partials, weight);
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
        self.add_integral_rows(residual, tile, work, gradients, out);
    }

    /// Adds the gradient of a tile to `gradient`, after `linear` has run: `Jᵀ rows` of residuals, of energies that of
    /// their sum.
    pub(super) fn add_gradient(
        &self,
        tile: &Tile,
        theta: &[f64],
        work: &mut Workspace,
        rows: &[f64],
        sums: &mut Sums<'_>,
    ) {
        self.add_gradient_of(0..self.factors.len(), tile, theta, work, rows, sums);
    }

    /// What some of the formulas add in [`Block::add_gradient`].
    fn add_gradient_of(
        &self,
        formulas: Range<usize>,
        tile: &Tile,
        theta: &[f64],
        work: &mut Workspace,
        rows: &[f64],
        sums: &mut Sums<'_>,
    ) {
        let point = std::mem::take(&mut work.point);
        let partials = &point[self.factors.len() * tile.stride..];
        let weight = |f: usize, b: usize| match self.role {
            _ if b >= tile.rows || !formulas.contains(&f) => 0.0,
            Role::Residual => rows[f * tile.rows + b] * tile.scale[b],
            Role::Energy => self.energy_weight(tile, f, b),
        };
        self.add_seeded(tile, theta, work, partials, weight, sums);
        work.point = point;
    }

    /// The weight of a partial of an energy, but for one factor of the formula.
    fn energy_weight(&self, tile: &Tile, formula: usize, b: usize) -> f64 {
        tile.scale[b] * tile.scale[b] * self.factors[formula]
    }

    /// Adds one reverse sweep from Σ weight(formula, point) times `partials` to `gradient`, after `forward`.
    pub(super) fn add_seeded(
        &self,
        tile: &Tile,
        theta: &[f64],
        work: &mut Workspace,
        partials: &[f64],
        weight: impl Fn(usize, usize) -> f64,
        sums: &mut Sums<'_>,
    ) {
        self.add_sweeps(tile, theta, work, partials, &weight, sums.gradient);
        let of_integrals = &partials[self.partials.len() * tile.stride..];
        self.add_cotangents(tile, of_integrals, &weight, sums.cotangents);
    }

    /// The part of [`Block::add_seeded`] that goes through the networks.
    pub(super) fn add_sweeps(
        &self,
        tile: &Tile,
        theta: &[f64],
        work: &mut Workspace,
        partials: &[f64],
        weight: &impl Fn(usize, usize) -> f64,
        gradient: &mut [f64],
    ) {
        for (n, network) in self.networks.iter().enumerate() {
            let Some(network) = network else { continue };
            if self.seed(n, network, tile, &mut work.networks[n], partials, weight) {
                let (buffers, scratch) = (&mut work.networks[n], &mut work.scratch);
                network
                    .reverse(tile.stride, &tile.features[n], theta, buffers, scratch, |sweep| sweep.add_to(gradient));
            }
        }
    }

    /// The rows ∂r/∂θ of one residual at the points of a tile, after `linear` has run, a few parameters at a time, without
    /// what comes through integrals: `f` sees the number of a first parameter, and the rows from there on.
    pub(super) fn visit_jacobian_of(
        &self,
        residual: usize,
        tile: &Tile,
        theta: &[f64],
        work: &mut Workspace,
        mut f: impl FnMut(usize, &[f64]),
    ) {
        for (n, network) in self.networks.iter().enumerate() {
            let Some(network) = network else { continue };
            let weight = |r: usize, b: usize| if r == residual { tile.scale[b] } else { 0.0 };
            let partials = &work.point[self.factors.len() * tile.stride..];
            if self.seed(n, network, tile, &mut work.networks[n], partials, weight) {
                let (buffers, scratch) = (&mut work.networks[n], &mut work.scratch);
                network.reverse(tile.stride, &tile.features[n], theta, buffers, scratch, |sweep| {
                    sweep.visit_rows(&mut f);
                });
            }
        }
    }

    /// Fills the cotangents of the outputs of a network with Σ_r weight(r, point) ∂R_r/∂u_α; whether there are any.
    pub(super) fn seed(
        &self,
        n: usize,
        network: &NetworkUse,
        tile: &Tile,
        buffers: &mut NetworkBuffers,
        partials: &[f64],
        weight: impl Fn(usize, usize) -> f64,
    ) -> bool {
        let (channels, stride) = (network.carried(), tile.stride);
        let length = network.layout.output().outputs * channels * stride;
        let seeds = buffers.seeds(length);
        seeds.fill(0.0);
        let mut seeded = false;
        for (i, (r, channel)) in self.partials.iter().enumerate() {
            if channel.network != n {
                continue;
            }
            let at = (channel.output * channels + network.place(channel.channel)) * stride;
            let factor = self.factors[*r];
            let partial = &partials[i * stride..];
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
