//! Random Fourier features.

use std::f64::consts::FRAC_PI_2;

use super::layout::Layer;
use super::spec::Encoding;
use crate::geometry::Stream;

/// Frequencies are multiples of this one times their scale, so that no machine draws other ones.
const GRAIN: f64 = 1.0 / (1u64 << 20) as f64;

/// A layer of sines that is drawn once and not trained: `sin(B x + c)`, of which the first half has the phase c = π/2 and
/// is the cosines (Rahimi and Recht 2007; Tancik et al., arXiv 2006.10739).
#[derive(Clone, Debug, PartialEq)]
pub struct FourierLayer {
    /// Its shape; it has its own parameters, from position 0 on.
    pub layer: Layer,
    /// B and c.
    pub parameters: Vec<f64>,
}

impl FourierLayer {
    /// Draws the layer for a number of inputs, always the same one.
    pub fn new(encoding: Encoding, inputs: usize) -> Self {
        let layer = Layer { inputs, outputs: 2 * encoding.frequencies, start: 0, factorised: false };
        let mut stream = Stream::of_definition(encoding.frequencies as u64);
        let mut parameters = vec![0.0; layer.all().end];
        let (cosines, rest) = parameters.split_at_mut(inputs * encoding.frequencies);
        for frequency in cosines.iter_mut() {
            *frequency = (stream.normal() / GRAIN).round() * GRAIN * encoding.scale;
        }
        let (sines, phases) = rest.split_at_mut(inputs * encoding.frequencies);
        sines.copy_from_slice(cosines);
        phases[..encoding.frequencies].fill(FRAC_PI_2);
        Self { layer, parameters }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frequencies_have_their_scale_and_are_always_the_same() {
        let draw = || FourierLayer::new(Encoding { frequencies: 4000, scale: 3.0 }, 2);
        let (one, other) = (draw(), draw());
        assert_eq!(one, other);
        let frequencies = &one.parameters[..8000];
        let mean = frequencies.iter().sum::<f64>() / 8000.0;
        let variance = frequencies.iter().map(|f| (f - mean).powi(2)).sum::<f64>() / 8000.0;
        assert!(mean.abs() < 0.15 && (variance.sqrt() - 3.0).abs() < 0.1, "{mean} {variance}");
        assert_eq!(frequencies, &one.parameters[8000..16000]);
        let phases = &one.parameters[16000..];
        assert!(phases[..4000].iter().all(|&p| p == FRAC_PI_2) && phases[4000..].iter().all(|&p| p == 0.0));
    }
}
