//! Jets with 0, 1 and 2 derivatives along ε of the network at θ + εv.
//!
//! An affine layer maps `z_j = W a_j + j V a_{j-1}` (V the weights of v); where the weights are diag(exp s) W, the rows of
//! what comes out are multiplied by `exp(s + εσ)`, whose jet is `exp(s) (1, σ, σ²)`. Every other function is the same
//! program on a longer list of channels.

use smallvec::SmallVec;

use super::forward::{add_bias, scale_rows};
use super::{Argument, NetworkBuffers, NetworkUse, PackedJets, run_rows, sized};
use crate::linalg::{View, ViewMut, multiply};
use crate::network::{Layer, Op, Operand};

/// Derivatives along ε that are carried: 0, 1 and 2.
pub const EXTENSION: usize = 3;

/// What enters a layer: features without their zeros, or rows of jets (features or values of the network).
enum LayerJets<'a> {
    Packed(PackedJets<'a>),
    Rows(Argument<'a>),
}

impl NetworkUse {
    /// Leaves the extended jets of the outputs in `buffers.outputs`; `parameters` are θ and v.
    pub fn along_direction(
        &self,
        stride: usize,
        features: &[f64],
        parameters: [&[f64]; 2],
        buffers: &mut NetworkBuffers,
        scratch: &mut Vec<f64>,
    ) {
        let (channels, schedule) = (self.plan.len(), self.layout.schedule());
        let (bare, jet) = (channels * stride, EXTENSION * channels * stride);
        buffers.fit(schedule);
        let encoded = self.encode(stride, features, buffers, scratch);
        let features = encoded.as_deref().unwrap_or(features);
        for (i, op) in self.layout.ops().iter().enumerate() {
            let rows = self.layout.rows(i);
            let mut result = self.take_result(i, buffers);
            let out = sized(&mut result, rows * jet);
            // Input features do not depend on ε: their jets are the short ones.
            let argument = |&operand: &Operand| {
                let count = self.layout.operand_rows(operand);
                match operand {
                    Operand::Features { .. } => {
                        Argument { jets: self.jets(buffers, features, operand, bare), rows: count, channels }
                    }
                    Operand::Value(_) => {
                        let jets = self.jets(buffers, features, operand, jet);
                        Argument { jets, rows: count, channels: EXTENSION * channels }
                    }
                }
            };
            match op {
                Op::Affine { layer, input } => {
                    let layer = &self.layout.layers[*layer];
                    let jets = match self.packed(features, *input, stride) {
                        Some(packed) => LayerJets::Packed(packed),
                        None => LayerJets::Rows(argument(input)),
                    };
                    affine(layer, parameters, jets, bare, stride, out);
                }
                Op::Pointwise { operands, .. } => {
                    let programs = self.functions[i].as_ref().expect("a function has programs");
                    let arguments: SmallVec<[Argument<'_>; 3]> = operands.iter().map(argument).collect();
                    let extent = [rows, stride, EXTENSION * channels];
                    run_rows(&*programs.second, extent, &arguments, &mut [out], scratch);
                }
            }
            self.put_result(i, result, buffers);
        }
        buffers.encoded = encoded.unwrap_or_default();
    }
}

/// `z_j = W a_j + j V a_{j-1}` times the jets of the scales, and the biases of θ and v on the values of orders 0 and 1.
fn affine(
    layer: &Layer,
    [theta, v]: [&[f64]; 2],
    input: LayerJets<'_>,
    columns: usize,
    stride: usize,
    out: &mut [f64],
) {
    let (m, k, width) = (layer.outputs, layer.inputs, EXTENSION * columns);
    let [weights, slopes] = [theta, v].map(|p| View::row_major(&p[layer.weights()], m, k));
    match input {
        LayerJets::Packed(features) => {
            features.multiplied(&theta[layer.weights()], k, 0, width, out);
            features.multiplied(&v[layer.weights()], k, columns, width, out);
            out.chunks_exact_mut(width).for_each(|row| row[2 * columns..].fill(0.0));
        }
        LayerJets::Rows(input) if input.channels * stride == columns => {
            let features = View::row_major(&input.jets[..k * columns], k, columns);
            multiply(ViewMut::row_major(out, m, width).columns(0, columns), weights, features, 1.0, false);
            multiply(ViewMut::row_major(out, m, width).columns(columns, columns), slopes, features, 1.0, false);
            out.chunks_exact_mut(width).for_each(|row| row[2 * columns..].fill(0.0));
        }
        LayerJets::Rows(input) => {
            let jets = View::row_major(&input.jets[..k * width], k, width);
            multiply(ViewMut::row_major(out, m, width), weights, jets, 1.0, false);
            for order in 1..EXTENSION {
                let target = ViewMut::row_major(out, m, width).columns(order * columns, columns);
                multiply(target, slopes, jets.columns((order - 1) * columns, columns), order as f64, true);
            }
        }
    }
    if let Some(scales) = layer.scales() {
        scale_rows(layer, theta, width, out);
        for (row, &slope) in out.chunks_exact_mut(width).zip(&v[scales]) {
            let (value, rest) = row.split_at_mut(columns);
            let (first, second) = rest.split_at_mut(columns);
            for ((y0, y1), y2) in value.iter().zip(first).zip(second) {
                *y2 += slope * (2.0 * *y1 + slope * y0);
                *y1 += slope * y0;
            }
        }
    }
    add_bias(&theta[layer.biases()], width, stride, out);
    for (row, bias) in out.chunks_exact_mut(width).zip(&v[layer.biases()]) {
        row[columns..columns + stride].iter_mut().for_each(|z| *z += bias);
    }
}
