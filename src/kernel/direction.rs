//! Derivatives of residuals along a direction v of parameters.
//!
//! The network at θ + εv carries jets with 0, 1 and 2 derivatives along ε: an affine layer maps
//! `z_j = W a_j + j V a_{j-1}` (V the weights of v), an activation is the same program on a longer list of channels.

use super::forward::{NetworkBuffers, Workspace, add_bias, run_rows, sized};
use super::integrals::IntegralValues;
use super::system::{Block, NetworkUse};
use super::tile::Tile;
use crate::linalg::{View, ViewMut, multiply};
use crate::network::Layer;

/// Derivatives along ε that are carried: 0, 1 and 2.
pub(super) const EXTENSION: usize = 3;

impl Block {
    /// J v and the second derivative of r along v, scaled, at the points of a tile.
    pub(super) fn along_direction(
        &self,
        tile: &Tile,
        [theta, v]: [&[f64]; 2],
        integrals: &IntegralValues,
        work: &mut Workspace,
        first: &mut [f64],
        second: &mut [f64],
    ) {
        work.for_networks(self.networks.len());
        for (n, network) in self.networks.iter().enumerate() {
            if let Some(network) = network {
                let buffers = &mut work.networks[n];
                network.along_direction(tile, &tile.features[n], [theta, v], buffers, &mut work.scratch);
            }
        }
        self.gather_integrals(tile, integrals, EXTENSION, work);
        self.run_point_program(&self.second, tile, EXTENSION, work);
        self.scaled_rows(tile, &work.point, 0, first);
        self.scaled_rows(tile, &work.point, self.factors.len(), second);
    }
}

impl NetworkUse {
    fn along_direction(
        &self,
        tile: &Tile,
        features: &[f64],
        parameters: [&[f64]; 2],
        buffers: &mut NetworkBuffers,
        scratch: &mut Vec<f64>,
    ) {
        let (channels, stride) = (self.plan.len(), tile.stride);
        let hidden = self.layout.hidden();
        buffers.activations.resize_with(hidden.len().max(buffers.activations.len()), Vec::new);
        for (l, layer) in hidden.iter().enumerate() {
            let (before, behind) = buffers.activations.split_at_mut(l);
            let input = before.last().map_or(Input::Features(features), |a| Input::Jets(a));
            let length = layer.outputs * EXTENSION * channels * stride;
            affine(layer, parameters, input, channels * stride, stride, sized(&mut buffers.incoming, length));
            let (incoming, out) = (&buffers.incoming[..length], sized(&mut behind[0], length));
            let program = &*self.activation.second;
            run_rows(program, layer.outputs, stride, EXTENSION * channels, incoming, &mut [out], scratch);
        }
        let layer = self.layout.output();
        let input = if hidden.is_empty() {
            Input::Features(features)
        } else {
            Input::Jets(&buffers.activations[hidden.len() - 1])
        };
        let length = layer.outputs * EXTENSION * channels * stride;
        affine(&layer, parameters, input, channels * stride, stride, sized(&mut buffers.outputs, length));
    }
}

#[derive(Clone, Copy)]
enum Input<'a> {
    /// Input features do not depend on ε.
    Features(&'a [f64]),
    /// Jets with all three orders in ε.
    Jets(&'a [f64]),
}

/// `z_j = W a_j + j V a_{j-1}`, and the biases of θ and v on the values of orders 0 and 1.
fn affine(layer: &Layer, [theta, v]: [&[f64]; 2], input: Input<'_>, columns: usize, stride: usize, out: &mut [f64]) {
    let (m, k, width) = (layer.outputs, layer.inputs, EXTENSION * columns);
    let [weights, slopes] = [theta, v].map(|p| View::row_major(&p[layer.weights()], m, k));
    match input {
        Input::Features(features) => {
            let features = View::row_major(&features[..k * columns], k, columns);
            multiply(ViewMut::row_major(out, m, width).columns(0, columns), weights, features, 1.0, false);
            multiply(ViewMut::row_major(out, m, width).columns(columns, columns), slopes, features, 1.0, false);
            out.chunks_exact_mut(width).for_each(|row| row[2 * columns..].fill(0.0));
        }
        Input::Jets(jets) => {
            let jets = View::row_major(&jets[..k * width], k, width);
            multiply(ViewMut::row_major(out, m, width), weights, jets, 1.0, false);
            for order in 1..EXTENSION {
                let target = ViewMut::row_major(out, m, width).columns(order * columns, columns);
                multiply(target, slopes, jets.columns((order - 1) * columns, columns), order as f64, true);
            }
        }
    }
    add_bias(&theta[layer.biases()], width, stride, out);
    for (row, bias) in out.chunks_exact_mut(width).zip(&v[layer.biases()]) {
        row[columns..columns + stride].iter_mut().for_each(|z| *z += bias);
    }
}
