//! Adam (Kingma and Ba, arXiv 1412.6980, algorithm 1), with decoupled weight decay (AdamW) where it is asked for.

use std::ops::Range;

use rayon::prelude::*;

use super::first_order::{FirstOrder, Rule, Seen};
use super::{Optimizer, Schedule, State, StateError};
use crate::kernel::Objective;
use crate::model::Stage;

/// Options of [`adam`].
#[derive(Clone, Copy, Debug)]
pub struct AdamOptions {
    /// Learning rate, clipping, weight decay.
    pub schedule: Schedule,
    /// Decay of the first moment, or how near the average gradients are taken.
    pub beta1: f64,
    /// Decay of the second moment.
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub epsilon: f64,
    /// Whether θ is the average of the steps, as a schedule-free method has it.
    pub schedule_free: bool,
}

/// Adam with the options of a stage.
pub(super) fn of_stage(stage: &Stage, problem: &dyn Objective) -> Box<dyn Optimizer> {
    let options = AdamOptions {
        schedule: Schedule::of_stage(stage),
        beta1: stage.number("beta1"),
        beta2: stage.number("beta2"),
        epsilon: stage.number("eps"),
        schedule_free: stage.name("schedule_free") == "on",
    };
    adam(options, problem.parameters())
}

/// Adam, with both moments zero.
pub fn adam(options: AdamOptions, parameters: usize) -> Box<dyn Optimizer> {
    let AdamOptions { schedule, beta1, beta2, epsilon, schedule_free } = options;
    // The average takes the place of the first moment (arXiv 2405.15682, section 3).
    let momentum = if schedule_free { 0.0 } else { beta1 };
    let rule = Moments::new([momentum, beta2, epsilon], parameters);
    Box::new(FirstOrder::new(schedule, parameters, rule).averaged(schedule_free.then_some(beta1)))
}

/// Entries that one task moves.
const ENTRIES: usize = 2048;

/// The two moments, of all of θ or of what other rules leave to them.
pub(super) struct Moments {
    beta1: f64,
    beta2: f64,
    epsilon: f64,
    first: Vec<f64>,
    second: Vec<f64>,
}

impl Moments {
    pub fn new([beta1, beta2, epsilon]: [f64; 3], parameters: usize) -> Self {
        Self { beta1, beta2, epsilon, first: vec![0.0; parameters], second: vec![0.0; parameters] }
    }

    /// The direction of some of the parameters.
    pub fn part(&mut self, range: Range<usize>, gradient: &[f64], step: f64, out: &mut [f64]) {
        let &mut Self { beta1, beta2, epsilon, .. } = self;
        let [unbias1, unbias2] = [beta1, beta2].map(|beta| 1.0 / (1.0 - beta.powf(step)));
        let first = self.first[range.clone()].par_chunks_mut(ENTRIES);
        let moments = first.zip(self.second[range.clone()].par_chunks_mut(ENTRIES));
        let rows = out[range.clone()].par_chunks_mut(ENTRIES).zip(gradient[range].par_chunks(ENTRIES));
        rows.zip(moments).for_each(|((out, gradient), (first, second))| {
            for ((out, g), (m, v)) in out.iter_mut().zip(gradient).zip(first.iter_mut().zip(second)) {
                *m = beta1 * *m + (1.0 - beta1) * g;
                *v = beta2 * *v + (1.0 - beta2) * g * g;
                *out = (*m * unbias1) / ((*v * unbias2).sqrt() + epsilon);
            }
        });
    }
}

impl Rule for Moments {
    fn direction(&mut self, seen: &Seen<'_>, out: &mut [f64]) {
        self.part(0..out.len(), seen.gradient, seen.step, out);
    }

    fn save(&self, state: State) -> State {
        state.with("first", &self.first).with("second", &self.second)
    }

    fn restore(&mut self, state: &State) -> Result<(), StateError> {
        self.first = state.vector("first", self.first.len())?.to_vec();
        self.second = state.vector("second", self.second.len())?.to_vec();
        Ok(())
    }
}
