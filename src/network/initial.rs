//! The start of training.

use std::f64::consts::PI;

use super::layout::Layout;

/// How the parameters of a layer start.
#[derive(Clone, Debug, PartialEq)]
pub enum Start {
    /// On inputs that span [-1, 1]: slopes of this standard deviation, and biases such that each neuron's hyperplane
    /// passes through a uniform random point of the cube.
    ///
    /// A small start like N(0, 0.1²) gives a Gram matrix of rank 21 of 129 and stalls for one seed in ten (measured on
    /// the 2D Poisson problem of arXiv 2302.13163).
    Spread {
        /// The standard deviation.
        slope: f64,
    },
    /// Behind other layers: standard deviation `slope`/√inputs, small biases.
    Hidden {
        /// What the standard deviation is for one input.
        slope: f64,
    },
    /// Variance 1/inputs, no bias.
    Plain,
    /// The factors of products: variance 3/inputs, no bias, so that a product of many is about as large as one.
    Factor,
    /// Variance 2/(inputs + outputs), no bias (Glorot and Bengio 2010).
    Glorot,
    /// Weights and biases of this standard deviation.
    Normal {
        /// It.
        deviation: f64,
    },
    /// Sines: weights uniform within ± `bound`, phases uniform over a period.
    Waves {
        /// The largest weight.
        bound: f64,
    },
    /// A layer without inputs: these numbers.
    Numbers(Vec<f64>),
}

const HIDDEN_BIAS: f64 = 0.1;
/// Mean and standard deviation of the scales of a factorised layer (arXiv 2210.01274 and 2402.00326).
const SCALE: [f64; 2] = [1.0, 0.1];

/// Draws the parameters of a network.
///
/// `normal` and `uniform` (in (-1, 1)) give the next numbers of the caller's stream. The scales s of a factorised layer are
/// N(1, 0.1²), its weights V those of a plain layer over exp(s): the network starts as the same function.
pub fn initial_parameters(
    layout: &Layout,
    theta: &mut [f64],
    mut normal: impl FnMut() -> f64,
    mut uniform: impl FnMut() -> f64,
) {
    for (layer, start) in layout.layers.iter().zip(&layout.starts) {
        let (inputs, outputs) = (layer.inputs as f64, layer.outputs as f64);
        let mut weight = || match start {
            Start::Spread { slope } => slope * normal(),
            Start::Hidden { slope } => slope * inputs.sqrt().recip() * normal(),
            Start::Plain => inputs.sqrt().recip() * normal(),
            Start::Factor => (3.0 / inputs).sqrt() * normal(),
            Start::Glorot => (2.0 / (inputs + outputs)).sqrt() * normal(),
            Start::Normal { deviation } => deviation * normal(),
            Start::Waves { bound } => bound * uniform(),
            Start::Numbers(_) => 0.0,
        };
        theta[layer.weights()].iter_mut().for_each(|w| *w = weight());
        for output in 0..layer.outputs {
            let row = layer.start + output * layer.inputs;
            theta[layer.biases().start + output] = match start {
                Start::Spread { .. } => -theta[row..row + layer.inputs].iter().map(|w| w * uniform()).sum::<f64>(),
                Start::Hidden { .. } => HIDDEN_BIAS * normal(),
                Start::Normal { deviation } => deviation * normal(),
                Start::Waves { .. } => PI * uniform(),
                Start::Plain | Start::Factor | Start::Glorot => 0.0,
                Start::Numbers(numbers) => numbers[output],
            };
        }
        let Some(scales) = layer.scales() else { continue };
        for (output, scale) in scales.enumerate() {
            theta[scale] = SCALE[0] + SCALE[1] * normal();
            let factor = (-theta[scale]).exp();
            let row = layer.start + output * layer.inputs;
            theta[row..row + layer.inputs].iter_mut().for_each(|w| *w *= factor);
        }
    }
}
