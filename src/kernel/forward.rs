//! Jets through the networks, then residuals.

use super::programs::PointInput;
use super::system::{Block, NetworkUse, PointProgramOf};
use super::tile::Tile;
use crate::linalg::{View, ViewMut, multiply};
use crate::network::Layer;
use crate::tape::{Lane, PointProgram};

/// What a forward sweep leaves behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    /// Values only.
    Value,
    /// Values and slopes, for a reverse sweep.
    Slopes,
}

/// The buffers of a sweep over one tile. They grow to the largest block and stay.
#[derive(Debug, Default)]
pub(super) struct Workspace {
    pub networks: Vec<NetworkBuffers>,
    /// The outputs of the residual programs: one row each.
    pub point: Vec<f64>,
    pub scratch: Vec<f64>,
}

/// Row k, channel c, point b of a buffer stands at `(k·C + c)·stride + b`.
#[derive(Debug, Default)]
pub(super) struct NetworkBuffers {
    /// The jets behind each hidden layer.
    pub activations: Vec<Vec<f64>>,
    /// `T_1` of each hidden layer.
    pub slopes: Vec<Vec<f64>>,
    /// The jets before an activation.
    pub incoming: Vec<f64>,
    /// The jets of the outputs of the network.
    pub outputs: Vec<f64>,
    /// Cotangents before and behind a layer.
    pub cotangents: [Vec<f64>; 2],
}

/// Row `row` of a buffer whose rows have `stride` numbers.
pub(super) fn row_lane(buffer: usize, row: usize, stride: usize) -> Lane {
    Lane { buffer, offset: row * stride, row_stride: 0 }
}

/// Makes a buffer at least this long and gives that much of it.
pub(super) fn sized(buffer: &mut Vec<f64>, length: usize) -> &mut [f64] {
    if buffer.len() < length {
        buffer.resize(length, 0.0);
    }
    &mut buffer[..length]
}

impl Workspace {
    pub fn for_networks(&mut self, count: usize) {
        if self.networks.len() < count {
            self.networks.resize_with(count, NetworkBuffers::default);
        }
    }
}

impl Block {
    /// The scaled residuals of a tile: residual by residual, `tile.rows` numbers each.
    pub(super) fn residual(&self, tile: &Tile, theta: &[f64], work: &mut Workspace, rows: &mut [f64]) {
        self.forward(tile, theta, Keep::Value, work);
        self.run_point_program(&self.value, tile, 1, work);
        self.scaled_rows(tile, &work.point, 0, rows);
    }

    /// Writes outputs `first..` of the last point program, times the scale of the rows.
    pub(super) fn scaled_rows(&self, tile: &Tile, point: &[f64], first: usize, rows: &mut [f64]) {
        for (r, (row, factor)) in rows.chunks_exact_mut(tile.rows).zip(&self.factors).enumerate() {
            let values = &point[(first + r) * tile.stride..];
            row.iter_mut()
                .zip(values)
                .zip(&tile.scale)
                .for_each(|((out, value), scale)| *out = value * (scale * factor));
        }
    }

    /// Jets of all networks of the block at the points of a tile.
    pub(super) fn forward(&self, tile: &Tile, theta: &[f64], keep: Keep, work: &mut Workspace) {
        work.for_networks(self.networks.len());
        for (n, network) in self.networks.iter().enumerate() {
            if let Some(network) = network {
                network.forward(tile, &tile.features[n], theta, keep, &mut work.networks[n], &mut work.scratch);
            }
        }
    }

    /// Runs a residual program; `extension` is 1, or 3 where the jets are extended by a direction.
    pub(super) fn run_point_program(&self, of: &PointProgramOf, tile: &Tile, extension: usize, work: &mut Workspace) {
        let outputs = of.program.outputs();
        let lanes: Vec<Lane> = of.inputs.iter().map(|input| self.lane(input, tile.stride, extension)).collect();
        let out_lanes: Vec<Lane> = (0..outputs).map(|o| row_lane(0, o, tile.stride)).collect();
        let mut buffers: Vec<&[f64]> = vec![&tile.columns];
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
            PointInput::Channel(c) => {
                let network = self.networks[c.network].as_ref().expect("channels are of networks in use");
                row_lane(1 + c.network, c.output * extension * network.plan.len() + c.channel, stride)
            }
        }
    }
}

impl NetworkUse {
    fn forward(
        &self,
        tile: &Tile,
        features: &[f64],
        theta: &[f64],
        keep: Keep,
        buffers: &mut NetworkBuffers,
        scratch: &mut Vec<f64>,
    ) {
        let (channels, stride) = (self.plan.len(), tile.stride);
        let hidden = self.layout.hidden();
        buffers.activations.resize_with(hidden.len().max(buffers.activations.len()), Vec::new);
        buffers.slopes.resize_with(hidden.len().max(buffers.slopes.len()), Vec::new);
        for (l, layer) in hidden.iter().enumerate() {
            let (before, behind) = buffers.activations.split_at_mut(l);
            let input = before.last().map_or(features, Vec::as_slice);
            let length = layer.outputs * channels * stride;
            affine(layer, theta, input, channels, stride, sized(&mut buffers.incoming, length));
            let out = sized(&mut behind[0], length);
            let incoming = &buffers.incoming[..length];
            match keep {
                Keep::Value => {
                    let program = &*self.activation.value;
                    run_rows(program, layer.outputs, stride, channels, incoming, &mut [out], scratch);
                }
                Keep::Slopes => {
                    let slopes = sized(&mut buffers.slopes[l], length);
                    let program = &*self.activation.linear;
                    run_rows(program, layer.outputs, stride, channels, incoming, &mut [out, slopes], scratch);
                }
            }
        }
        let layer = self.layout.output();
        let input = if hidden.is_empty() { features } else { &buffers.activations[hidden.len() - 1] };
        let length = layer.outputs * channels * stride;
        affine(&layer, theta, input, channels, stride, sized(&mut buffers.outputs, length));
    }
}

/// Runs an activation program on every row of `incoming`; each buffer of `outputs` takes `channels` lanes.
pub(super) fn run_rows(
    program: &dyn PointProgram,
    rows: usize,
    stride: usize,
    channels: usize,
    incoming: &[f64],
    outputs: &mut [&mut [f64]],
    scratch: &mut Vec<f64>,
) {
    let lane = |buffer: usize| move |c: usize| Lane { buffer, offset: c * stride, row_stride: channels * stride };
    let inputs: Vec<Lane> = (0..channels).map(lane(0)).collect();
    let out_lanes: Vec<Lane> = (0..outputs.len()).flat_map(|o| (0..channels).map(lane(o))).collect();
    let scratch = sized(scratch, program.scratch_len());
    program.run(rows, stride, &[incoming], &inputs, outputs, &out_lanes, scratch);
}

/// `out = W input` on all channels, and the bias on the value.
fn affine(layer: &Layer, theta: &[f64], input: &[f64], channels: usize, stride: usize, out: &mut [f64]) {
    let columns = channels * stride;
    let weights = View::row_major(&theta[layer.weights()], layer.outputs, layer.inputs);
    let input = View::row_major(&input[..layer.inputs * columns], layer.inputs, columns);
    multiply(ViewMut::row_major(out, layer.outputs, columns), weights, input, 1.0, false);
    add_bias(&theta[layer.biases()], columns, stride, out);
}

/// Adds the biases to the value channel of each row.
pub(super) fn add_bias(biases: &[f64], columns: usize, stride: usize, out: &mut [f64]) {
    for (row, bias) in out.chunks_exact_mut(columns).zip(biases) {
        row[..stride].iter_mut().for_each(|z| *z += bias);
    }
}

/// Runs the reverse program of an activation on every row: slopes and cotangents in, cotangents out.
pub(super) fn run_reverse(
    program: &dyn PointProgram,
    rows: usize,
    stride: usize,
    channels: usize,
    inputs: [&[f64]; 2],
    out: &mut [f64],
    scratch: &mut Vec<f64>,
) {
    let lane = |buffer: usize| move |c: usize| Lane { buffer, offset: c * stride, row_stride: channels * stride };
    let in_lanes: Vec<Lane> = (0..2).flat_map(|b| (0..channels).map(lane(b))).collect();
    let out_lanes: Vec<Lane> = (0..channels).map(lane(0)).collect();
    let scratch = sized(scratch, program.scratch_len());
    program.run(rows, stride, &inputs, &in_lanes, &mut [out], &out_lanes, scratch);
}
