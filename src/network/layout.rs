//! Where the parameters of the networks stand in θ.

use std::ops::Range;

use super::spec::{Activation, Mlp};

/// One affine layer: `outputs x inputs` weights, row-major, then `outputs` biases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layer {
    /// Width before the layer.
    pub inputs: usize,
    /// Width after the layer.
    pub outputs: usize,
    /// Position of the first weight in θ.
    pub start: usize,
}

impl Layer {
    /// The weights in θ.
    pub fn weights(&self) -> Range<usize> {
        self.start..self.start + self.inputs * self.outputs
    }

    /// The biases in θ.
    pub fn biases(&self) -> Range<usize> {
        let start = self.weights().end;
        start..start + self.outputs
    }

    /// Weights and biases in θ.
    pub fn all(&self) -> Range<usize> {
        self.start..self.biases().end
    }
}

/// The layers of one network, the output layer last.
///
/// A network without inputs and hidden layers is a list of unknown numbers: the biases of its only layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The layers in order.
    pub layers: Vec<Layer>,
    /// The activation between them.
    pub activation: Activation,
}

impl Layout {
    /// Lays a network out from position `start` of θ.
    pub fn new(mlp: &Mlp, inputs: usize, outputs: usize, start: usize) -> Self {
        let mut layers: Vec<Layer> = Vec::with_capacity(mlp.widths.len() + 1);
        let mut position = start;
        let mut width = inputs;
        for &next in mlp.widths.iter().chain([&outputs]) {
            let layer = Layer { inputs: width, outputs: next, start: position };
            position = layer.biases().end;
            width = next;
            layers.push(layer);
        }
        Self { layers, activation: mlp.activation }
    }

    /// The parameters of the network in θ.
    pub fn parameters(&self) -> Range<usize> {
        self.layers[0].start..self.layers[self.layers.len() - 1].biases().end
    }

    /// The hidden layers.
    pub fn hidden(&self) -> &[Layer] {
        &self.layers[..self.layers.len() - 1]
    }

    /// The output layer.
    pub fn output(&self) -> Layer {
        self.layers[self.layers.len() - 1]
    }
}
