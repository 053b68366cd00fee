//! Jets through the operations of a network.

use smallvec::SmallVec;
use tracing::trace_span;

use super::{Argument, Inputs, NetworkBuffers, NetworkUse, PackedJets, run_rows, sized};
use crate::linalg::{View, ViewMut, multiply};
use crate::network::{Layer, Op};
use crate::vmath::{self, Function};

/// What a forward sweep leaves behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::kernel) enum Keep {
    /// Values only.
    Value,
    /// Values and slopes, for a reverse sweep.
    Slopes,
}

impl NetworkUse {
    /// Leaves the jets of the outputs in `buffers.outputs`.
    pub fn forward(
        &self,
        stride: usize,
        features: &[f64],
        theta: &[f64],
        keep: Keep,
        buffers: &mut NetworkBuffers,
        scratch: &mut Vec<f64>,
    ) {
        let _span = trace_span!("jets", flops = 2.0 * self.multiply_adds(stride)).entered();
        let (channels, schedule) = (self.carried(), self.layout.schedule());
        let jet = channels * stride;
        buffers.fit(schedule);
        let encoded = self.encode(stride, features, buffers, scratch);
        let features = encoded.as_deref().unwrap_or(features);
        for (i, op) in self.layout.ops().iter().enumerate() {
            let rows = self.layout.rows(i);
            let mut result = self.take_result(i, buffers);
            let out = sized(&mut result, rows * jet);
            match op {
                Op::Affine { layer, input } => {
                    let layer = &self.layout.layers[*layer];
                    match (&self.turned, self.packed(features, *input, stride)) {
                        (Some(turned), Some(_)) => {
                            let jets = turned.jets(layer, theta, features, stride, &mut buffers.directions);
                            jets.multiplied(&theta[layer.weights()], layer.inputs, out);
                            finished(layer, theta, jet, stride, out);
                        }
                        (_, Some(packed)) => packed_affine(layer, theta, packed, out),
                        _ => affine(layer, theta, self.jets(buffers, features, *input, jet), jet, stride, out),
                    }
                }
                Op::Pointwise { function, operands } => {
                    let programs = self.programs(i);
                    let mut saved = std::mem::take(&mut buffers.saved[i]);
                    let argument = |&operand| {
                        let jets = self.jets(buffers, features, operand, jet);
                        Argument { jets, rows: self.layout.operand_rows(operand), channels }
                    };
                    let arguments: SmallVec<[Argument<'_>; 3]> = operands.iter().map(argument).collect();
                    let extent = [rows, stride, channels];
                    if keep == Keep::Slopes && function.saves_slopes() {
                        let slopes = sized(&mut saved, rows * jet);
                        run_rows(&*programs.linear, extent, &arguments, &mut [out, slopes], scratch);
                    } else {
                        run_rows(&*programs.value, extent, &arguments, &mut [out], scratch);
                    }
                    drop(arguments);
                    buffers.saved[i] = saved;
                }
            }
            self.put_result(i, result, buffers);
        }
        buffers.encoded = encoded.unwrap_or_default();
    }

    /// The encoded features, in a buffer that must be put back; they do not depend on the parameters.
    ///
    /// They are made at every sweep and not once for all points: a hundred rows of jets a point would fill the memory.
    pub(super) fn encode(
        &self,
        stride: usize,
        features: &[f64],
        buffers: &mut NetworkBuffers,
        scratch: &mut Vec<f64>,
    ) -> Option<Vec<f64>> {
        let (fourier, sines) = (self.layout.encoding()?, self.encoding.as_ref()?);
        let channels = self.plan.len();
        let length = fourier.layer.outputs * channels * stride;
        let mut encoded = std::mem::take(&mut buffers.encoded);
        let angles = sized(&mut buffers.spare[0], length);
        match &self.inputs {
            Inputs::Packed(runs) => {
                let packed = PackedJets { runs, jets: features, channels, stride };
                packed_affine(&fourier.layer, &fourier.parameters, packed, angles);
            }
            Inputs::Dense => {
                affine(&fourier.layer, &fourier.parameters, features, channels * stride, stride, angles);
            }
        }
        let angles = Argument { jets: angles, rows: fourier.layer.outputs, channels };
        let extent = [fourier.layer.outputs, stride, channels];
        run_rows(&*sines.value, extent, &[angles], &mut [sized(&mut encoded, length)], scratch);
        Some(encoded)
    }

    /// The buffer for the result of an operation, out of its place while it is written.
    pub(super) fn take_result(&self, op: usize, buffers: &mut NetworkBuffers) -> Vec<f64> {
        std::mem::take(self.place_of_result(op, buffers))
    }

    pub(super) fn put_result(&self, op: usize, result: Vec<f64>, buffers: &mut NetworkBuffers) {
        *self.place_of_result(op, buffers) = result;
    }

    fn place_of_result<'a>(&self, op: usize, buffers: &'a mut NetworkBuffers) -> &'a mut Vec<f64> {
        if op + 1 == self.layout.ops().len() {
            &mut buffers.outputs
        } else {
            &mut buffers.values[self.layout.schedule().values[op]]
        }
    }
}

/// `out = W input` on all channels, and the bias on the value.
fn affine(layer: &Layer, theta: &[f64], input: &[f64], columns: usize, stride: usize, out: &mut [f64]) {
    let weights = View::row_major(&theta[layer.weights()], layer.outputs, layer.inputs);
    let input = View::row_major(&input[..layer.inputs * columns], layer.inputs, columns);
    multiply(ViewMut::row_major(out, layer.outputs, columns), weights, input, 1.0, false);
    finished(layer, theta, columns, stride, out);
}

/// The same on features.
fn packed_affine(layer: &Layer, theta: &[f64], input: PackedJets<'_>, out: &mut [f64]) {
    let columns = input.channels * input.stride;
    input.multiplied(&theta[layer.weights()], layer.inputs, 0, columns, out);
    finished(layer, theta, columns, input.stride, out);
}

/// The scales and the bias, after the product.
fn finished(layer: &Layer, theta: &[f64], columns: usize, stride: usize, out: &mut [f64]) {
    scale_rows(layer, theta, columns, out);
    add_bias(&theta[layer.biases()], columns, stride, out);
}

/// Multiplies each row by exp(s), if the layer has scales s.
pub(super) fn scale_rows(layer: &Layer, theta: &[f64], columns: usize, out: &mut [f64]) {
    let Some(scales) = layer.scales() else { return };
    for (row, &scale) in out.chunks_exact_mut(columns).zip(&theta[scales]) {
        let factor = vmath::eval(Function::Exp, scale);
        row.iter_mut().for_each(|z| *z *= factor);
    }
}

/// Adds the biases to the value channel of each row.
pub(super) fn add_bias(biases: &[f64], columns: usize, stride: usize, out: &mut [f64]) {
    for (row, bias) in out.chunks_exact_mut(columns).zip(biases) {
        row[..stride].iter_mut().for_each(|z| *z += bias);
    }
}
