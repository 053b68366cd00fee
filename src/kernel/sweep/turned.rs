//! A Laplacian along fewer directions than axes.
//!
//! `Σ_i ∂_i²` is the same in any orthonormal coordinates. A first layer of m neurons sees a point only through the m rows of
//! its weights; along directions at right angles to all of them nothing changes, and no channel is needed. With the slopes
//! B (m x d) of the neurons along the axes and an orthogonal Q of which the first m columns span the rows of B, channel k is
//! the derivative along column k of Q, and neuron j starts it with `F_jk`, `F = B Q`, the same at every point.
//!
//! For the reverse sweep Q counts as a constant, `B̄ = F̄ Qᵀ`: the Laplacian does not depend on it, and along what is left
//! out it is quadratic in slopes that are zero. (A second derivative in θ would need these too: sweeps along a direction
//! carry all axes.)

use std::sync::Arc;

use super::PointwiseSet;
use super::inputs::{Inputs, PackedJets, Run};
use crate::kernel::channels::TurnedPlan;
use crate::linalg::{View, ViewMut, multiply, orthogonal_factor};
use crate::network::{JetPlan, Layer};

/// What a network carries instead of its plan where no derivative along θ is asked for.
#[derive(Clone)]
pub(in crate::kernel) struct Turned {
    pub plan: JetPlan,
    pub functions: Vec<Option<Arc<PointwiseSet>>>,
    /// Where each channel of the plan of the block is.
    pub places: Vec<Option<usize>>,
    /// The feature of each axis that is turned, and the slope along the scaled axis.
    axes: Vec<(usize, f64)>,
    /// The channels along directions.
    directions: Vec<usize>,
    /// The jets of features in all other channels.
    runs: Vec<Run>,
}

/// Directions for some weights.
#[derive(Debug, Default)]
pub(super) struct Directions {
    weights: Vec<f64>,
    axes: Vec<(usize, f64)>,
    /// F, m x m.
    slopes: Vec<f64>,
    /// Qᵀ, m rows of as many numbers as axes.
    basis: Vec<f64>,
}

impl Directions {
    /// Makes them anew where the weights are other ones.
    fn fit(&mut self, turned: &Turned, weights: &[f64], inputs: usize) {
        let same =
            |a: &[f64], b: &[f64]| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits());
        if self.axes == turned.axes && same(&self.weights, weights) {
            return;
        }
        self.axes.clone_from(&turned.axes);
        self.weights.clear();
        self.weights.extend_from_slice(weights);
        let (size, rows) = (turned.axes.len(), weights.len() / inputs);
        let row = |j: usize| turned.axes.iter().map(move |(feature, slope)| weights[j * inputs + feature] * slope);
        // Rows of B are columns of Bᵀ, and stand one behind the other as a column-major matrix has them; zeros follow.
        let mut columns: Vec<f64> = (0..rows).flat_map(row).collect();
        columns.resize(size * size, 0.0);
        let own = orthogonal_factor(&columns, size);
        let mut basis = own.unwrap_or_else(|_| vec![f64::NAN; size * size]);
        basis.truncate(rows * size);
        self.slopes.resize(rows * rows, 0.0);
        let [slopes, along] = [&columns[..rows * size], &basis].map(|part| View::row_major(part, rows, size));
        multiply(ViewMut::row_major(&mut self.slopes, rows, rows), slopes, along.transposed(), 1.0, false);
        self.basis = basis;
    }
}

impl Turned {
    pub fn new(of: &TurnedPlan, functions: Vec<Option<Arc<PointwiseSet>>>, inputs: &Inputs) -> Option<Self> {
        let Inputs::Packed(all) = inputs else { return None };
        let mut runs = Vec::new();
        for run in all {
            if let Some(channel) = of.places[run.channel].filter(|channel| !of.directions.contains(channel)) {
                runs.push(Run { channel, ..*run });
            }
        }
        runs.sort_by_key(|run| run.channel);
        let (plan, places) = (of.plan.clone(), of.places.clone());
        Some(Self { plan, functions, places, axes: of.axes.clone(), directions: of.directions.clone(), runs })
    }

    /// The jets that enter the first layer, whose weights are in `theta`.
    pub(super) fn jets<'a>(
        &'a self,
        layer: &Layer,
        theta: &[f64],
        features: &'a [f64],
        stride: usize,
        directions: &'a mut Directions,
    ) -> TurnedJets<'a> {
        directions.fit(self, &theta[layer.weights()], layer.inputs);
        let others = PackedJets { runs: &self.runs, jets: features, channels: self.plan.len(), stride };
        TurnedJets { turned: self, others, directions }
    }
}

/// The jets of the features of a tile along directions.
#[derive(Clone, Copy)]
pub(super) struct TurnedJets<'a> {
    turned: &'a Turned,
    others: PackedJets<'a>,
    directions: &'a Directions,
}

impl TurnedJets<'_> {
    fn sizes(&self) -> (usize, usize) {
        (self.turned.directions.len(), self.turned.axes.len())
    }

    /// `W a` of each channel.
    pub fn multiplied(&self, weights: &[f64], inputs: usize, out: &mut [f64]) {
        let (count, stride) = (self.sizes().0, self.others.stride);
        let width = self.others.channels * stride;
        self.others.multiplied(weights, inputs, 0, width, out);
        for (row, slopes) in out.chunks_exact_mut(width).zip(self.directions.slopes.chunks_exact(count)) {
            for (&channel, &slope) in self.turned.directions.iter().zip(slopes) {
                row[channel * stride..(channel + 1) * stride].fill(slope);
            }
        }
    }

    /// All jets: feature, channel, point. Along direction k they are the slopes of the axes times row k of Qᵀ.
    pub fn write_dense(&self, out: &mut [f64]) {
        self.others.write_dense(out);
        let (channels, stride) = (self.others.channels, self.others.stride);
        let size = self.sizes().1;
        for (&channel, along) in self.turned.directions.iter().zip(self.directions.basis.chunks_exact(size)) {
            for (&(feature, slope), q) in self.turned.axes.iter().zip(along) {
                let at = (feature * channels + channel) * stride;
                out[at..at + stride].fill(slope * q);
            }
        }
    }

    /// Adds `Σ z̄ aᵀ` over channels and points to the gradient of the weights, or replaces it.
    pub fn add_products(&self, cotangents: &[f64], inputs: usize, gradient: &mut [f64], accumulate: bool) {
        self.others.add_products(cotangents, inputs, gradient, accumulate);
        let ((count, size), stride) = (self.sizes(), self.others.stride);
        let rows = gradient.len() / inputs;
        let sum = |row: &[f64], channel: usize| row[channel * stride..(channel + 1) * stride].iter().sum::<f64>();
        let of_slopes: Vec<f64> = cotangents
            .chunks_exact(self.others.channels * stride)
            .flat_map(|row| self.turned.directions.iter().map(move |&channel| sum(row, channel)))
            .collect();
        let mut of_axes = vec![0.0; rows * size];
        let [slopes, basis] = [(&of_slopes, rows, count), (&self.directions.basis, count, size)]
            .map(|(part, rows, columns)| View::row_major(part, rows, columns));
        multiply(ViewMut::row_major(&mut of_axes, rows, size), slopes, basis, 1.0, false);
        for (row, of_axes) in gradient.chunks_exact_mut(inputs).zip(of_axes.chunks_exact(size)) {
            self.turned.axes.iter().zip(of_axes).for_each(|(&(feature, slope), sum)| row[feature] += slope * sum);
        }
    }

    /// `Σ z̄ a` over channels for each point and weight: row `output·inputs + input`.
    pub fn write_products(&self, cotangents: &[f64], inputs: usize, out: &mut [f64]) {
        self.others.write_products(cotangents, inputs, out);
        let ((count, size), stride) = (self.sizes(), self.others.stride);
        let basis = View::row_major(&self.directions.basis, count, size).transposed();
        let (mut of_slopes, mut of_axes) = (vec![0.0; count * stride], vec![0.0; size * stride]);
        let per_output = out.chunks_exact_mut(inputs * stride);
        for (out, row) in per_output.zip(cotangents.chunks_exact(self.others.channels * stride)) {
            for (to, &channel) in of_slopes.chunks_exact_mut(stride).zip(&self.turned.directions) {
                to.copy_from_slice(&row[channel * stride..(channel + 1) * stride]);
            }
            let slopes = View::row_major(&of_slopes, count, stride);
            multiply(ViewMut::row_major(&mut of_axes, size, stride), basis, slopes, 1.0, false);
            for (&(feature, slope), sums) in self.turned.axes.iter().zip(of_axes.chunks_exact(stride)) {
                let target = &mut out[feature * stride..(feature + 1) * stride];
                target.iter_mut().zip(sums).for_each(|(to, sum)| *to += slope * sum);
            }
        }
    }
}
