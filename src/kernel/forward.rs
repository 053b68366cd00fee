//! Jets through the networks, then residuals.

use smallvec::{SmallVec, smallvec};
use tracing::trace_span;

use super::description::Role;
use super::integrals::IntegralValues;
use super::programs::PointInput;
use super::sweep::{Keep, Lanes, NetworkBuffers, sized};
use super::system::{Block, PointProgramOf};
use super::tile::Tile;
use crate::tape::Lane;

/// The buffers of a sweep over one tile. They grow to the largest block and stay.
#[derive(Debug, Default)]
pub(super) struct Workspace {
    pub networks: Vec<NetworkBuffers>,
    /// The outputs of the residual programs: one row each.
    pub point: Vec<f64>,
    /// Seeds of reverse sweeps, and what must outlive a further run of a program.
    pub seeds: Vec<f64>,
    /// Integrals at the points: one row each.
    pub integrals: Vec<f64>,
    pub scratch: Vec<f64>,
    /// The rows of the Jacobian that fused programs make.
    pub jacobian: Vec<f64>,
}

/// Row `row` of a buffer whose rows have `stride` numbers.
pub(super) fn row_lane(buffer: usize, row: usize, stride: usize) -> Lane {
    Lane { buffer, offset: row * stride, row_stride: 0 }
}

impl Workspace {
    pub fn for_networks(&mut self, count: usize) {
        if self.networks.len() < count {
            self.networks.resize_with(count, NetworkBuffers::default);
        }
    }
}

impl Block {
    /// The scaled values of a tile: formula by formula, `tile.rows` numbers each.
    pub(super) fn values(
        &self,
        tile: &Tile,
        theta: &[f64],
        integrals: &IntegralValues,
        work: &mut Workspace,
        rows: &mut [f64],
    ) {
        if let Some(fused) = &self.fused {
            self.fused_values(&**fused, tile, theta, work);
        } else {
            self.forward(tile, theta, Keep::Value, work);
            self.gather_integrals(tile, integrals, 1, work);
            self.run_point_program(&self.value, tile, 1, work);
        }
        self.scaled_rows(tile, &work.point, 0, rows);
    }

    /// Runs a program of formulas and partials, and leaves all that a reverse sweep needs.
    pub(super) fn linearize(
        &self,
        program: &PointProgramOf,
        tile: &Tile,
        theta: &[f64],
        integrals: &IntegralValues,
        work: &mut Workspace,
    ) {
        self.forward(tile, theta, Keep::Slopes, work);
        self.gather_integrals(tile, integrals, 1, work);
        self.run_point_program(program, tile, 1, work);
    }

    /// The integrals of the block at the points of a tile, one row for each order along the direction.
    pub(super) fn gather_integrals(
        &self,
        tile: &Tile,
        integrals: &IntegralValues,
        extension: usize,
        work: &mut Workspace,
    ) {
        let rows = sized(&mut work.integrals, self.integrals.len() * extension * tile.stride);
        for (i, row) in rows.chunks_exact_mut(tile.stride).enumerate() {
            let member = self.integrals[i / extension];
            integrals.gather(member, i % extension, self.groups_of(tile, member), row);
        }
    }

    /// Writes outputs `first..` of the last point program, scaled: residuals by the root of their weight, energies by it.
    pub(super) fn scaled_rows(&self, tile: &Tile, point: &[f64], first: usize, rows: &mut [f64]) {
        for (r, (row, factor)) in rows.chunks_exact_mut(tile.rows).zip(&self.factors).enumerate() {
            let values = &point[(first + r) * tile.stride..];
            let scaled = row.iter_mut().zip(values).zip(&tile.scale);
            match self.role {
                Role::Residual => scaled.for_each(|((out, value), scale)| *out = value * (scale * factor)),
                Role::Energy => scaled.for_each(|((out, value), scale)| *out = value * (scale * factor).powi(2)),
            }
        }
    }

    /// Jets of all networks of the block at the points of a tile.
    pub(super) fn forward(&self, tile: &Tile, theta: &[f64], keep: Keep, work: &mut Workspace) {
        work.for_networks(self.networks.len());
        for (n, network) in self.networks.iter().enumerate() {
            if let Some(network) = network {
                let (buffers, scratch) = (&mut work.networks[n], &mut work.scratch);
                network.forward(tile.stride, &tile.features[n], theta, keep, buffers, scratch);
            }
        }
    }

    /// Runs a residual program; `extension` is 1, or 3 where the jets are extended by a direction.
    pub(super) fn run_point_program(&self, of: &PointProgramOf, tile: &Tile, extension: usize, work: &mut Workspace) {
        let _span = trace_span!("formulas").entered();
        let outputs = of.program.outputs();
        let lanes: Lanes = of.inputs.iter().map(|input| self.lane(input, tile.stride, extension)).collect();
        let out_lanes: Lanes = (0..outputs).map(|o| row_lane(0, o, tile.stride)).collect();
        let mut buffers: SmallVec<[&[f64]; 8]> = smallvec![&tile.columns[..], &work.integrals[..]];
        buffers.extend(work.networks.iter().map(|n| n.outputs.as_slice()));
        let point = sized(&mut work.point, outputs * tile.stride);
        let scratch = sized(&mut work.scratch, of.program.scratch_len());
        of.program.run(1, tile.stride, &buffers, &lanes, &mut [point], &out_lanes, scratch);
    }

    fn lane(&self, input: &PointInput, stride: usize, extension: usize) -> Lane {
        match *input {
            PointInput::Coordinate(axis) => row_lane(0, axis, stride),
            PointInput::Normal(axis) => row_lane(0, self.dimension + axis, stride),
            PointInput::Known(number) => row_lane(0, 2 * self.dimension + number, stride),
            PointInput::Integral(integral, times) => row_lane(1, integral * extension + times, stride),
            PointInput::Channel(c) => {
                let network = self.networks[c.network].as_ref().expect("channels are of networks in use");
                let row = if extension == 1 {
                    c.output * network.carried() + network.place(c.channel)
                } else {
                    c.output * extension * network.plan.len() + c.channel
                };
                row_lane(2 + c.network, row, stride)
            }
        }
    }
}
