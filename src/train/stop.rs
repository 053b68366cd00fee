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

impl Limits {
    /// Those of one of the windows that are left, this one included, where it began behind so much time of training: all
    /// of them get the same part of the time that is left.
    pub(super) fn of_window(self, began: Duration, left: usize) -> Self {
        let share =
            |most: Duration| began + most.saturating_sub(began) / u32::try_from(left.max(1)).unwrap_or(u32::MAX);
        Self { time: self.time.map(share), ..self }
    }
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
    /// No step lowers the loss any more, and nothing will change that.
    Stuck,
    /// No step was found that lowers the loss, from the start of the run on.
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
            Stop::Stuck => "stuck",
            Stop::NoDecrease => "no decrease",
            Stop::NotFinite => "not finite",
            Stop::Interrupted => "interrupted",
        }
    }
}

/// What single losses say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Noise {
    /// How far training is.
    None,
    /// That only in the mean: points change from step to step, or steps overshoot.
    Averaged,
}

/// Notices when the loss does not fall any more.
#[derive(Clone, Debug)]
pub(super) struct Stagnation {
    /// The last losses: one more than the window, at most.
    losses: VecDeque<f64>,
    window: usize,
    noise: Noise,
}

/// So many equal losses are the end of a stage whose points do not change.
const STUCK_AFTER: usize = 4;
/// A stage ends when the loss fell by less than this part over the window.
const LEAST_DECREASE: f64 = 0.02;

impl Stagnation {
    pub fn new(window: usize, noise: Noise) -> Self {
        Self { losses: VecDeque::with_capacity(window + 2), window, noise }
    }

    /// Takes the loss of a step; whether there was no progress over the window.
    pub fn observe(&mut self, loss: f64) -> bool {
        self.losses.push_back(loss);
        if self.losses.len() > self.window + 1 {
            self.losses.pop_front();
        }
        self.is_over()
    }

    /// Whether there was no progress over the window before the last loss: from its first loss to the last, or from the
    /// mean of its first half to that of the second.
    pub fn is_over(&self) -> bool {
        if self.losses.len() <= self.window {
            return false;
        }
        let (before, now) = match self.noise {
            Noise::None => (self.losses[0], self.losses[self.window]),
            Noise::Averaged => {
                let half = self.window / 2;
                (self.losses.iter().take(half).sum(), self.losses.iter().rev().take(half).sum())
            }
        };
        now > before * (1.0 - LEAST_DECREASE)
    }

    /// Whether the last steps have not changed the loss at all, where no draw of points can help.
    pub fn is_stuck(&self) -> bool {
        let mut last = self.losses.iter().rev().take(STUCK_AFTER);
        let newest = self.losses.back();
        self.noise == Noise::None && self.losses.len() >= STUCK_AFTER && last.all(|loss| Some(loss) == newest)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_that_falls_slowly_is_no_stagnation() {
        let mut steady = Stagnation::new(10, Noise::None);
        assert!((0..50).all(|step| !steady.observe(0.99_f64.powi(step))));
        assert!(!steady.is_stuck());
        assert!((0..10).any(|_| steady.observe(0.6)));
        assert!(steady.is_stuck());
        assert!(steady.is_over());
    }

    #[test]
    fn one_unlucky_sample_ends_no_noisy_stage() {
        let mut noisy = Stagnation::new(10, Noise::Averaged);
        let loss = |step: i32| 0.98_f64.powi(step) * if step % 7 == 0 { 1.3 } else { 1.0 };
        assert!((0..100).all(|step| !noisy.observe(loss(step))));
        assert!((0..20).any(|step| noisy.observe(if step % 2 == 0 { 0.2 } else { 0.1 })));
    }
}
