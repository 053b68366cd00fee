//! Causal weights: later times wait until earlier ones are solved (Wang, Sankaran and Perdikaris, arXiv 2203.07404).
//!
//! The time axis is cut into chunks. An equation in chunk i counts by exp(-ε (L₁ + .. + L_{i-1})), with L the mean of the
//! squared residuals of a chunk, weighted like the loss and summed over the equations. The weights are those of the
//! parameters at the start of a step: they need no state, and a method that compares losses within its step compares
//! like with like.

use crate::kernel::{Kernel, PointSet};
use crate::model::{AxisKind, Causal, TermKind};
use crate::pipeline::Lowered;

/// Above it the weights of all times count as equal, and the loss as one that may stagnate.
const NEARLY_ONE: f64 = 0.9;

/// What the weights of a problem are made from.
pub(super) struct CausalWeights {
    settings: Causal,
    /// The time axis and its ends.
    axis: usize,
    range: [f64; 2],
    /// The blocks of equations.
    blocks: Vec<usize>,
    /// The least weight of the last step.
    least: f64,
}

impl CausalWeights {
    /// For a problem that asks for them.
    pub fn new(lowered: &Lowered) -> Option<Self> {
        let model = &lowered.model;
        let settings = model.settings.causal?;
        let axis = model.axes.iter().position(|axis| axis.kind == AxisKind::Time)?;
        let range = [model.axes[axis].lower, model.axes[axis].upper];
        let equations = |b: &usize| model.terms[lowered.blocks[*b].terms[0]].kind == TermKind::Equation;
        let blocks = (0..lowered.blocks.len()).filter(equations).collect();
        Some(Self { settings, axis, range, blocks, least: 0.0 })
    }

    /// The least weight of the last step.
    pub fn least(&self) -> f64 {
        self.least
    }

    /// Whether the last step saw all times.
    pub fn all_awake(&self) -> bool {
        self.least >= NEARLY_ONE
    }

    /// Gives the points of all equations their weights at θ.
    pub fn apply(&mut self, kernel: &mut Kernel, points: &[PointSet], theta: &[f64]) {
        self.remove(kernel, points);
        let mut residual = vec![0.0; kernel.rows()];
        kernel.values(theta, &mut residual);
        let mut losses = vec![0.0; self.settings.chunks];
        for &b in &self.blocks {
            let squares = kernel.squares_of(b, &residual);
            let mut sums = vec![(0.0, 0.0); self.settings.chunks];
            for (i, square) in squares.iter().enumerate() {
                let (sum, measure) = &mut sums[self.chunk(points[b].coordinates[self.axis][i])];
                *sum += square;
                *measure += points[b].weights[i];
            }
            let means = sums.iter().map(|(sum, measure)| if *measure > 0.0 { sum / measure } else { 0.0 });
            losses.iter_mut().zip(means).for_each(|(loss, mean)| *loss += mean);
        }
        let factors = factors(self.settings.tolerance, &losses);
        self.least = factors.last().copied().unwrap_or(1.0);
        for &b in &self.blocks {
            let times = &points[b].coordinates[self.axis];
            let weights = points[b].weights.iter().zip(times).map(|(weight, time)| weight * factors[self.chunk(*time)]);
            kernel.set_weights(b, &weights.collect::<Vec<f64>>());
        }
    }

    /// Gives all points the weights of the file.
    pub fn remove(&self, kernel: &mut Kernel, points: &[PointSet]) {
        for &b in &self.blocks {
            kernel.set_weights(b, &points[b].weights);
        }
    }

    fn chunk(&self, time: f64) -> usize {
        let [lower, upper] = self.range;
        let position = (time - lower) / (upper - lower) * self.settings.chunks as f64;
        // A cast saturates: times before the start are in the first chunk.
        (position as usize).min(self.settings.chunks - 1)
    }
}

/// The weight of each chunk.
fn factors(tolerance: f64, losses: &[f64]) -> Vec<f64> {
    let before = |sum: &mut f64, loss: &f64| {
        let earlier = *sum;
        *sum += loss;
        Some((-tolerance * earlier).exp())
    };
    losses.iter().scan(0.0, before).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_fall_with_what_is_unsolved_before() {
        let factors = factors(2.0, &[0.5, 0.0, 1.0, 7.0]);
        assert_eq!(factors, [1.0, (-1.0_f64).exp(), (-1.0_f64).exp(), (-3.0_f64).exp()]);
    }
}
