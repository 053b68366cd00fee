//! When training ends.

use std::collections::VecDeque;
use std::time::Duration;

/// What ends a run early.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// Time of training (evaluation of errors excluded).
    pub time: Option<Duration>,
    /// Steps of all stages together.
    pub steps: Option<usize>,
    /// Relative L2 error of every unknown with an exact solution.
    pub target: Option<f64>,
}

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// All steps were made.
    Steps,
    /// The time is over.
    Time,
    /// The error is below the target.
    Target,
    /// The loss does not fall any more.
    Stagnated,
    /// No step was found that lowers the loss, from the start on.
    NoDecrease,
    /// The loss or its derivatives are not finite.
    NotFinite,
    /// The observer asked for it.
    Interrupted,
}

impl Stop {
    /// The word for it in `result.json`.
    pub fn name(self) -> &'static str {
        match self {
            Stop::Steps => "steps",
            Stop::Time => "time",
            Stop::Target => "target",
            Stop::Stagnated => "stagnated",
            Stop::NoDecrease => "no decrease",
            Stop::NotFinite => "not finite",
            Stop::Interrupted => "interrupted",
        }
    }
}

/// Notices when the loss does not fall any more.
#[derive(Clone, Debug)]
pub(super) struct Stagnation {
    losses: VecDeque<f64>,
    window: usize,
}

/// A stage ends when the loss fell by less than this part over the window.
const LEAST_DECREASE: f64 = 0.02;

impl Stagnation {
    pub fn new(window: usize) -> Self {
        Self { losses: VecDeque::with_capacity(window + 1), window }
    }

    /// Takes the loss of a step; whether there was no progress over the window.
    pub fn observe(&mut self, loss: f64) -> bool {
        self.losses.push_back(loss);
        if self.losses.len() <= self.window {
            return false;
        }
        let before = self.losses.pop_front().unwrap_or(f64::INFINITY);
        loss > before * (1.0 - LEAST_DECREASE)
    }

    /// The smaller of a value and the last one that was observed, for values that go up and down on their way.
    pub fn least(&self, value: f64) -> f64 {
        self.losses.back().map_or(value, |last| last.min(value))
    }

    /// The losses of the window, oldest first.
    pub fn save(&self) -> Vec<f64> {
        self.losses.iter().copied().collect()
    }

    pub fn restore(&mut self, losses: &[f64]) {
        self.losses = losses.iter().copied().collect();
    }
}
