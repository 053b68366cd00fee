//! Cotangents of the outputs of a network back through its operations.

use smallvec::{SmallVec, smallvec};
use tracing::trace_span;

use super::forward::scale_rows;
use super::turned::TurnedJets;
use super::{Argument, NetworkBuffers, NetworkUse, PackedJets, run_rows, sized};
use crate::linalg::{View, ViewMut, multiply};
use crate::network::{Layer, Op, Operand, Write};
use crate::vmath::channel_products;

/// One layer in a reverse sweep: the jets that entered it and the cotangents of what left it.
pub(in crate::kernel) struct LayerSweep<'a> {
    layer: Layer,
    theta: &'a [f64],
    inputs: LayerInputs<'a>,
    cotangents: &'a [f64],
    /// The cotangents of `V a`, where the weights are diag(exp s) V: exp(s) times those of what left the layer.
    scaled: &'a [f64],
    channels: usize,
    stride: usize,
    /// For the part of the weights of a factorised layer.
    spare: &'a mut Vec<f64>,
}

/// The jets that entered a layer.
#[derive(Clone, Copy)]
enum LayerInputs<'a> {
    Packed(PackedJets<'a>),
    Turned(TurnedJets<'a>),
    Dense(&'a [f64]),
}

impl LayerSweep<'_> {
    /// ∂r/∂W and ∂r/∂b point by point: parameter p stands in row `p - start` of `out`.
    pub fn write_rows(&self, start: usize, out: &mut [f64]) {
        let at = |p: usize| (p - start) * self.stride;
        let weights = self.layer.weights();
        self.write_products(self.scaled, &mut out[at(weights.start)..at(weights.end)]);
        let biases = self.layer.biases();
        let rows = out[at(biases.start)..at(biases.end)].chunks_exact_mut(self.stride);
        for (row, cotangent) in rows.zip(self.cotangents.chunks_exact(self.channels * self.stride)) {
            row.copy_from_slice(&cotangent[..self.stride]);
        }
        let Some(scales) = self.layer.scales() else { return };
        // ∂r/∂s_i = Σ_j V_ij ∂r/∂V_ij, since s_i and row i of V only occur as exp(s_i) V_ij.
        let (before, behind) = out.split_at_mut(at(scales.start));
        let rows_of_weights = before[at(weights.start)..at(weights.end)].chunks_exact(self.stride);
        let mut pairs = self.theta[weights].iter().zip(rows_of_weights);
        for row in behind[..scales.len() * self.stride].chunks_exact_mut(self.stride) {
            row.fill(0.0);
            for (weight, products) in pairs.by_ref().take(self.layer.inputs) {
                row.iter_mut().zip(products).for_each(|(sum, product)| *sum = weight.mul_add(*product, *sum));
            }
        }
    }

    /// As [`LayerSweep::write_rows`], but one neuron after the other, so that the rows stay in the cache: `f` sees the number
    /// in θ of a first parameter, and a row for it and each one that follows.
    pub fn visit_rows(&mut self, mut f: impl FnMut(usize, &[f64])) {
        let (stride, k) = (self.stride, self.layer.inputs);
        let mut rows = std::mem::take(self.spare);
        let (products, row) = sized(&mut rows, (k + 1) * stride).split_at_mut(k * stride);
        let jet = self.channels * stride;
        for neuron in 0..self.layer.outputs {
            let of_neuron = neuron * jet..(neuron + 1) * jet;
            self.write_products(&self.scaled[of_neuron.clone()], products);
            let weights = self.layer.weights().start + neuron * k;
            f(weights, products);
            f(self.layer.biases().start + neuron, &self.cotangents[of_neuron][..stride]);
            if let Some(scales) = self.layer.scales() {
                row.fill(0.0);
                for (weight, products) in self.theta[weights..weights + k].iter().zip(products.chunks_exact(stride)) {
                    row.iter_mut().zip(products).for_each(|(sum, product)| *sum = weight.mul_add(*product, *sum));
                }
                f(scales.start + neuron, row);
            }
        }
        *self.spare = rows;
    }

    /// `Σ z̄ a` over channels for each point and weight of some neurons, of which these are the cotangents.
    fn write_products(&self, cotangents: &[f64], products: &mut [f64]) {
        match self.inputs {
            LayerInputs::Packed(packed) => packed.write_products(cotangents, self.layer.inputs, products),
            LayerInputs::Turned(turned) => turned.write_products(cotangents, self.layer.inputs, products),
            LayerInputs::Dense(inputs) => channel_products(products, cotangents, inputs, self.channels, self.stride),
        }
    }

    /// The layer.
    pub fn layer(&self) -> Layer {
        self.layer
    }

    /// The cotangents z of `W a`, W the weights as they stand in θ, so that `∂r/∂W = Σ z aᵀ` over channels: output, channel,
    /// point.
    pub fn of_products(&self) -> &[f64] {
        self.scaled
    }

    /// The jets a that entered the layer: input, channel, point.
    pub fn write_inputs(&self, out: &mut [f64]) {
        match self.inputs {
            LayerInputs::Packed(packed) => packed.write_dense(out),
            LayerInputs::Turned(turned) => turned.write_dense(out),
            LayerInputs::Dense(inputs) => out.copy_from_slice(&inputs[..out.len()]),
        }
    }

    /// What [`LayerSweep::write_rows`] writes behind the weights, given the jets of [`LayerSweep::write_inputs`].
    pub fn write_vectors(&mut self, inputs: &[f64], out: &mut [f64]) {
        let (m, k, columns) = (self.layer.outputs, self.layer.inputs, self.channels * self.stride);
        let (biases, scales) = out.split_at_mut(m * self.stride);
        for (row, cotangent) in biases.chunks_exact_mut(self.stride).zip(self.cotangents.chunks_exact(columns)) {
            row.copy_from_slice(&cotangent[..self.stride]);
        }
        if self.layer.scales().is_none() {
            return;
        }
        // ∂r/∂s_i = Σ_c z_ic (W a_c)_i.
        let products = sized(self.spare, m * columns);
        let weights = View::row_major(&self.theta[self.layer.weights()], m, k);
        multiply(ViewMut::row_major(products, m, columns), weights, View::row_major(inputs, k, columns), 1.0, false);
        let pairs = self.scaled.chunks_exact(columns).zip(products.chunks_exact(columns));
        for (row, (cotangents, products)) in scales.chunks_exact_mut(self.stride).zip(pairs) {
            row.fill(0.0);
            let of_channels = cotangents.chunks_exact(self.stride).zip(products.chunks_exact(self.stride));
            for (z, a) in of_channels {
                row.iter_mut().zip(z).zip(a).for_each(|((sum, z), a)| *sum += z * a);
            }
        }
    }

    /// ∂/∂W and ∂/∂b summed over points.
    pub fn add_to(&mut self, gradient: &mut [f64]) {
        let columns = self.channels * self.stride;
        let k = self.layer.inputs;
        let weights = self.layer.weights();
        match self.layer.scales() {
            None => self.inputs.products(self.scaled, k, columns, &mut gradient[weights], true),
            Some(scales) => {
                let part = sized(self.spare, self.layer.outputs * k);
                self.inputs.products(self.scaled, k, columns, part, false);
                gradient[weights.clone()].iter_mut().zip(&*part).for_each(|(sum, part)| *sum += part);
                let mut pairs = self.theta[weights].iter().zip(&*part);
                for scale in scales {
                    gradient[scale] += pairs.by_ref().take(k).map(|(weight, part)| weight * part).sum::<f64>();
                }
            }
        }
        let rows = self.cotangents.chunks_exact(columns);
        for (bias, row) in gradient[self.layer.biases()].iter_mut().zip(rows) {
            *bias += row[..self.stride].iter().sum::<f64>();
        }
    }
}

impl LayerInputs<'_> {
    /// `Σ z̄ aᵀ` over channels and points, which are `columns` together, added to `sums` or in place of them.
    fn products(&self, cotangents: &[f64], inputs: usize, columns: usize, sums: &mut [f64], accumulate: bool) {
        match self {
            LayerInputs::Packed(packed) => packed.add_products(cotangents, inputs, sums, accumulate),
            LayerInputs::Turned(turned) => turned.add_products(cotangents, inputs, sums, accumulate),
            LayerInputs::Dense(jets) => {
                let outputs = cotangents.len() / columns;
                let cotangents = View::row_major(cotangents, outputs, columns);
                let jets = View::row_major(jets, inputs, columns).transposed();
                multiply(ViewMut::row_major(sums, outputs, inputs), cotangents, jets, 1.0, accumulate);
            }
        }
    }
}

impl NetworkUse {
    /// Sweeps the cotangents of the outputs (`buffers.cotangents[0]`) backward, after a forward sweep that kept the slopes;
    /// `visit` sees each layer once.
    pub fn reverse(
        &self,
        stride: usize,
        features: &[f64],
        theta: &[f64],
        buffers: &mut NetworkBuffers,
        scratch: &mut Vec<f64>,
        mut visit: impl FnMut(&mut LayerSweep<'_>),
    ) {
        let _span = trace_span!("reverse sweeps", flops = 4.0 * self.multiply_adds(stride)).entered();
        let (channels, schedule) = (self.carried(), self.layout.schedule());
        let jet = channels * stride;
        let encoded = self.encoding.as_ref().map(|_| std::mem::take(&mut buffers.encoded));
        let features = encoded.as_deref().unwrap_or(features);
        for (i, op) in self.layout.ops().iter().enumerate().rev() {
            let taken = std::mem::take(&mut buffers.cotangents[schedule.cotangents[i]]);
            let cotangents = &taken[..self.layout.rows(i) * jet];
            match op {
                Op::Affine { layer, input } => {
                    let layer = self.layout.layers[*layer];
                    let [mut scaled, mut spare, last] = std::mem::take(&mut buffers.spare);
                    let mut directions = std::mem::take(&mut buffers.directions);
                    let scaled_cotangents = if layer.factorised {
                        let scaled = sized(&mut scaled, cotangents.len());
                        scaled.copy_from_slice(cotangents);
                        scale_rows(&layer, theta, jet, scaled);
                        &*scaled
                    } else {
                        cotangents
                    };
                    let inputs = match (&self.turned, self.packed(features, *input, stride)) {
                        (Some(turned), Some(_)) => {
                            LayerInputs::Turned(turned.jets(&layer, theta, features, stride, &mut directions))
                        }
                        (_, Some(packed)) => LayerInputs::Packed(packed),
                        _ => LayerInputs::Dense(self.jets(buffers, features, *input, jet)),
                    };
                    visit(&mut LayerSweep {
                        layer,
                        theta,
                        inputs,
                        cotangents,
                        scaled: scaled_cotangents,
                        channels,
                        stride,
                        spare: &mut spare,
                    });
                    if let (Operand::Value(value), write) = (*input, schedule.writes[i][0]) {
                        let (m, k) = (layer.outputs, layer.inputs);
                        let weights = View::row_major(&theta[layer.weights()], m, k).transposed();
                        let behind = View::row_major(scaled_cotangents, m, jet);
                        let before = sized(&mut buffers.cotangents[schedule.cotangents[value]], k * jet);
                        multiply(ViewMut::row_major(before, k, jet), weights, behind, 1.0, write == Write::Add);
                    }
                    (buffers.spare, buffers.directions) = ([scaled, spare, last], directions);
                }
                Op::Pointwise { .. } => {
                    self.reverse_function(i, [stride, channels], features, cotangents, buffers, scratch)
                }
            }
            buffers.cotangents[schedule.cotangents[i]] = taken;
        }
        buffers.encoded = encoded.unwrap_or_default();
    }

    /// The cotangents of the arguments of operation `i`, written or added where the schedule says.
    fn reverse_function(
        &self,
        i: usize,
        [stride, channels]: [usize; 2],
        features: &[f64],
        cotangents: &[f64],
        buffers: &mut NetworkBuffers,
        scratch: &mut Vec<f64>,
    ) {
        let Op::Pointwise { function, operands } = &self.layout.ops()[i] else { return };
        let programs = self.programs(i);
        let (rows, jet) = (self.layout.rows(i), channels * stride);
        let schedule = self.layout.schedule();
        let targets: SmallVec<[Target; 3]> = operands
            .iter()
            .zip(&schedule.writes[i])
            .map(|(&operand, &write)| {
                let Operand::Value(value) = operand else { return Target::Nowhere };
                let buffer = schedule.cotangents[value];
                match write {
                    Write::Nothing => Target::Nowhere,
                    Write::First if self.layout.rows(value) == rows => Target::Whole(buffer),
                    write => Target::Part { buffer, rows: self.layout.rows(value), first: write == Write::First },
                }
            })
            .collect();
        // Where the program writes: the buffer itself if nothing stands there yet, else a spare one.
        let mut written: [Vec<f64>; 3] = std::mem::take(&mut buffers.spare);
        for (target, written) in targets.iter().zip(&mut written) {
            if let Target::Whole(buffer) = target {
                std::mem::swap(&mut buffers.cotangents[*buffer], written);
            }
        }
        let whole = |jets| Argument { jets, rows, channels };
        let mut arguments: SmallVec<[Argument<'_>; 4]> = if function.saves_slopes() {
            smallvec![whole(&buffers.saved[i][..rows * jet])]
        } else {
            let argument = |&operand| {
                let jets = self.jets(buffers, features, operand, jet);
                Argument { jets, rows: self.layout.operand_rows(operand), channels }
            };
            operands.iter().map(argument).collect()
        };
        arguments.push(whole(cotangents));
        let mut outputs: SmallVec<[&mut [f64]; 3]> =
            written.iter_mut().take(operands.len()).map(|buffer| sized(buffer, rows * jet)).collect();
        run_rows(&*programs.reverse, [rows, stride, channels], &arguments, &mut outputs, scratch);
        drop((arguments, outputs));
        for (target, written) in targets.iter().zip(&mut written) {
            match *target {
                Target::Nowhere => {}
                Target::Whole(buffer) => std::mem::swap(&mut buffers.cotangents[buffer], written),
                Target::Part { buffer, rows: own, first } => {
                    let sum = sized(&mut buffers.cotangents[buffer], own * jet);
                    if first {
                        sum.fill(0.0);
                    }
                    // A single row that served all rows has the sum of their cotangents.
                    for part in written[..rows * jet].chunks_exact(own * jet) {
                        sum.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
                    }
                }
            }
        }
        buffers.spare = written;
    }
}

/// Where the cotangent of an argument goes.
#[derive(Clone, Copy)]
enum Target {
    Nowhere,
    /// Into this buffer, of which nothing is known yet.
    Whole(usize),
    /// Added to this buffer.
    Part {
        buffer: usize,
        rows: usize,
        first: bool,
    },
}
