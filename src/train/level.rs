//! Which part of θ a stage trains, and in which units.
//!
//! θ holds the networks of all levels as they add up: u = u₁ + u₂ + .. While level k is trained its networks are those of
//! u = .. + ε uₖ, so that the weights and biases of its output layers are those in θ over ε. ε is a power of two: the way
//! there and back changes no bit. Numbers that training finds stand at the end of θ, and every level trains them, as they are.

use std::ops::Range;

use crate::kernel::Description;
use crate::model::Model;
use crate::optim::StepReport;

/// The networks that a stage trains.
#[derive(Clone, Debug)]
pub(super) struct Level {
    /// From 0.
    pub number: usize,
    /// The first of its networks.
    pub first_network: usize,
    /// ε
    pub scale: f64,
    /// Its parameters in θ.
    range: Range<usize>,
    /// The parameters of θ that the networks of later levels have.
    rest: Range<usize>,
    /// The numbers in θ, where they do not follow upon `range`.
    numbers: Range<usize>,
    /// Weights and biases of its output layers, counted in `range`.
    outputs: Vec<Range<usize>>,
}

impl Level {
    /// A level of a problem whose networks, of all levels, are those of `description`.
    pub fn new(model: &Model, description: &Description, number: usize, scale: f64) -> Self {
        let networks = model.networks_of_level(number);
        let total = description.parameters();
        if model.levels() == 1 {
            let none = total..total;
            let (rest, numbers) = (none.clone(), none);
            return Self { number, first_network: 0, scale, range: 0..total, rest, numbers, outputs: Vec::new() };
        }
        let own = &description.networks[networks.clone()];
        let start = own.first().map_or(0, |network| network.layout.parameters().start);
        let end = own.last().map_or(start, |network| network.layout.parameters().end);
        let outputs = own.iter().map(|network| {
            let layer = network.layout.output();
            layer.weights().start - start..layer.biases().end - start
        });
        Self {
            number,
            first_network: networks.start,
            scale,
            range: start..end,
            rest: end..total - model.numbers.len(),
            numbers: total - model.numbers.len()..total,
            outputs: outputs.collect(),
        }
    }

    /// The parameters that are trained.
    pub fn own(&self, theta: &[f64]) -> Vec<f64> {
        let mut own = [&theta[self.range.clone()], &theta[self.numbers.clone()]].concat();
        self.outputs.iter().for_each(|output| own[output.clone()].iter_mut().for_each(|w| *w /= self.scale));
        own
    }

    /// Puts the parameters that were trained back into θ.
    pub fn put(&self, own: &[f64], theta: &mut [f64]) {
        let (networks, numbers) = own.split_at(self.range.len());
        theta[self.numbers.clone()].copy_from_slice(numbers);
        let place = &mut theta[self.range.clone()];
        place.copy_from_slice(networks);
        self.outputs.iter().for_each(|output| place[output.clone()].iter_mut().for_each(|w| *w *= self.scale));
    }

    /// Leaves the numbers as they were found so far.
    pub fn keep_numbers(&self, theta: &[f64], own: &mut [f64]) {
        own[self.range.len()..].copy_from_slice(&theta[self.numbers.clone()]);
    }

    /// Takes the networks of later levels out of the sum.
    pub fn clear_rest(&self, theta: &mut [f64]) {
        theta[self.rest.clone()].fill(0.0);
    }

    /// Sets the output layers to zero, so that the level begins with what the ones before have made; gives what they were.
    pub fn silence(&self, own: &mut [f64]) -> Vec<f64> {
        let mut outputs = vec![0.0; own.len()];
        for output in &self.outputs {
            outputs[output.clone()].copy_from_slice(&own[output.clone()]);
            own[output.clone()].fill(0.0);
        }
        outputs
    }

    /// The factor of losses of the level to those of the problem.
    pub fn loss_factor(&self) -> f64 {
        self.scale * self.scale
    }

    /// What a step did, in the units of the problem.
    pub fn of_problem(&self, report: StepReport) -> StepReport {
        let factor = self.loss_factor();
        let (loss_before, loss) = (report.loss_before * factor, report.loss * factor);
        StepReport { loss_before, loss, gradient: report.gradient * factor, ..report }
    }
}
