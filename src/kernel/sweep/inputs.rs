//! The jets of the input features, without those that are zero.
//!
//! A rescaled coordinate has its value and one slope; with d axes and d + 2 channels, 2d of d (d + 2) jets are not zero. Where
//! that is so, a tile keeps those only, channel by channel, and the first layer multiplies with nothing else.

use crate::linalg::{View, ViewMut, multiply};
use crate::network::{Layout, Op, Operand};
use crate::tape::{Op as Line, Tape};

/// How the jets of the input features of a network stand in a tile.
#[derive(Clone, Debug)]
pub(in crate::kernel) enum Inputs {
    /// All of them: feature, channel, point.
    Dense,
    /// Runs of features with a jet in some channel; by channel, then feature.
    Packed(Vec<Run>),
}

/// Neighbouring features with a jet in one channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::kernel) struct Run {
    pub channel: usize,
    /// The first feature.
    pub first: usize,
    /// How many features.
    pub count: usize,
    /// The row of the first one in the tile.
    pub row: usize,
}

/// Fewer features stand dense.
const FEWEST_PACKED: usize = 4;

impl Inputs {
    /// Of a network whose features have these jets: feature by feature, the outputs of a program.
    pub fn new(layout: &Layout, channels: usize, program: &Tape) -> Self {
        let features = program.outputs().len() / channels;
        let whole = |operand: &Operand| match operand {
            Operand::Features { first, count } => (*first, *count) == (0, features),
            Operand::Value(_) => true,
        };
        let of_layer = |op: &Op| matches!(op, Op::Affine { .. }) && op.operands().iter().all(whole);
        let reads_features = |op: &&Op| op.operands().iter().any(|o| matches!(o, Operand::Features { .. }));
        let fits = layout.encoding().is_some() || layout.ops().iter().filter(reads_features).all(of_layer);
        let zero = |output: usize| {
            let value = program.outputs()[output];
            matches!(program.ops()[value.index()], Line::Const(number) if number == 0.0)
        };
        let mut runs: Vec<Run> = Vec::new();
        let mut row = 0;
        for channel in 0..channels {
            for feature in (0..features).filter(|feature| !zero(feature * channels + channel)) {
                match runs.last_mut() {
                    Some(run) if run.channel == channel && run.first + run.count == feature => run.count += 1,
                    _ => runs.push(Run { channel, first: feature, count: 1, row }),
                }
                row += 1;
            }
        }
        let sparse = features >= FEWEST_PACKED && 2 * row <= features * channels;
        if fits && sparse { Inputs::Packed(runs) } else { Inputs::Dense }
    }

    /// The jets as they stand in a tile, from all of them.
    pub fn arranged(&self, jets: Vec<f64>, channels: usize, stride: usize) -> Vec<f64> {
        let Inputs::Packed(runs) = self else { return jets };
        let rows = runs.iter().flat_map(|run| (run.first..run.first + run.count).map(|f| f * channels + run.channel));
        rows.flat_map(|row| jets[row * stride..(row + 1) * stride].iter().copied()).collect()
    }
}

/// Packed jets of a tile.
#[derive(Clone, Copy)]
pub(super) struct PackedJets<'a> {
    pub runs: &'a [Run],
    pub jets: &'a [f64],
    pub channels: usize,
    pub stride: usize,
}

impl PackedJets<'_> {
    fn of_run(&self, run: &Run) -> View<'_> {
        let rows = &self.jets[run.row * self.stride..(run.row + run.count) * self.stride];
        View::row_major(rows, run.count, self.stride)
    }

    /// `W a` of each channel into the columns of `out` from `start` on, `width` numbers a row; W has `inputs` columns.
    pub fn multiplied(&self, weights: &[f64], inputs: usize, start: usize, width: usize, out: &mut [f64]) {
        let (rows, stride) = (out.len() / width, self.stride);
        let weights = View::row_major(weights, rows, inputs);
        let mut runs = self.runs.iter().peekable();
        for channel in 0..self.channels {
            let columns = start + channel * stride;
            let mut first = true;
            while let Some(run) = runs.next_if(|run| run.channel == channel) {
                let target = ViewMut::row_major(out, rows, width).columns(columns, stride);
                multiply(target, weights.columns(run.first, run.count), self.of_run(run), 1.0, !first);
                first = false;
            }
            if first {
                out.chunks_exact_mut(width).for_each(|row| row[columns..columns + stride].fill(0.0));
            }
        }
    }

    /// All jets: feature, channel, point.
    pub fn write_dense(&self, out: &mut [f64]) {
        out.fill(0.0);
        for run in self.runs {
            for feature in 0..run.count {
                let row = (run.row + feature) * self.stride;
                let at = ((run.first + feature) * self.channels + run.channel) * self.stride;
                out[at..at + self.stride].copy_from_slice(&self.jets[row..row + self.stride]);
            }
        }
    }

    /// Adds `Σ z̄ aᵀ` over channels and points to the gradient of the weights, or replaces it.
    pub fn add_products(&self, cotangents: &[f64], inputs: usize, gradient: &mut [f64], accumulate: bool) {
        if !accumulate {
            gradient.fill(0.0);
        }
        let (rows, stride) = (gradient.len() / inputs, self.stride);
        let cotangents = View::row_major(cotangents, rows, self.channels * stride);
        for run in self.runs {
            let of_channel = cotangents.columns(run.channel * stride, stride);
            let target = ViewMut::row_major(gradient, rows, inputs).columns(run.first, run.count);
            multiply(target, of_channel, self.of_run(run).transposed(), 1.0, true);
        }
    }

    /// `Σ z̄ a` over channels for each point and weight: row `output·inputs + input`.
    pub fn write_products(&self, cotangents: &[f64], inputs: usize, out: &mut [f64]) {
        let stride = self.stride;
        out.fill(0.0);
        let per_output = out.chunks_exact_mut(inputs * stride);
        for (out, cotangents) in per_output.zip(cotangents.chunks_exact(self.channels * stride)) {
            for run in self.runs {
                let cotangent = &cotangents[run.channel * stride..(run.channel + 1) * stride];
                let targets = out[run.first * stride..(run.first + run.count) * stride].chunks_exact_mut(stride);
                let jets = self.jets[run.row * stride..(run.row + run.count) * stride].chunks_exact(stride);
                for (target, jet) in targets.zip(jets) {
                    target.iter_mut().zip(cotangent).zip(jet).for_each(|((sum, z), a)| *sum += z * a);
                }
            }
        }
    }
}
