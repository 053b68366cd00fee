//! The start of training.

use super::layout::Layout;

/// Draws the parameters of a network, spread over the domain.
///
/// The features span [-1, 1]. First layer: slopes of standard deviation `slope`, and biases such that each neuron's
/// hyperplane passes through a uniform random point of the feature cube; further layers: variance 1/width with small
/// biases; output layer: variance 1/width, no bias. A small start like N(0, 0.1²) gives a Gram matrix of rank 21 of
/// 129 and stalls for one seed in ten (measured on the 2D Poisson problem of arXiv 2302.13163).
///
/// `normal` and `uniform` (in (-1, 1)) give the next numbers of the caller's stream.
pub fn initial_parameters(
    layout: &Layout,
    theta: &mut [f64],
    slope: f64,
    mut normal: impl FnMut() -> f64,
    mut uniform: impl FnMut() -> f64,
) {
    let last = layout.layers.len() - 1;
    for (depth, layer) in layout.layers.iter().enumerate() {
        let spread = if depth == 0 && last > 0 { slope } else { (layer.inputs as f64).sqrt().recip() };
        theta[layer.weights()].iter_mut().for_each(|w| *w = spread * normal());
        for output in 0..layer.outputs {
            let row = layer.start + output * layer.inputs;
            let bias = match depth {
                _ if depth == last => 0.0,
                0 => -theta[row..row + layer.inputs].iter().map(|w| w * uniform()).sum::<f64>(),
                _ => HIDDEN_BIAS * normal(),
            };
            theta[layer.biases().start + output] = bias;
        }
    }
}

const HIDDEN_BIAS: f64 = 0.1;
