//! The learning rate from step to step, and what keeps gradients and weights small: options that methods of first order share.

use std::f64::consts::PI;

use crate::model::Stage;

/// How the learning rate gets from its first value to its last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fall {
    /// By the same factor at every step.
    Exponential,
    /// Along half a period of a cosine (Loshchilov and Hutter, arXiv 1608.03983, equation 5, without restarts).
    Cosine,
}

/// Learning rate, clipping and weight decay.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    /// The learning rate.
    pub rate: f64,
    /// How it falls.
    pub fall: Fall,
    /// What it is multiplied by in the end; 1 is a constant rate.
    pub last: f64,
    /// The number of steps until the end.
    pub steps: f64,
    /// Steps over which it rises from zero, in a line; it falls at the same time.
    pub warmup: f64,
    /// The largest norm of a gradient: longer ones are shortened.
    pub clip: f64,
    /// λ of decoupled weight decay: with a learning rate η, ηλθ is taken from θ (Loshchilov and Hutter, arXiv 1711.05101).
    pub weight_decay: f64,
}

impl Schedule {
    /// A constant rate and nothing else.
    pub fn constant(rate: f64) -> Self {
        let (fall, clip) = (Fall::Exponential, f64::INFINITY);
        Self { rate, fall, last: 1.0, steps: 1.0, warmup: 0.0, clip, weight_decay: 0.0 }
    }

    /// With the options of a stage.
    pub fn of_stage(stage: &Stage) -> Self {
        let (fall, all_the_way) =
            if stage.name("schedule") == "cosine" { (Fall::Cosine, 0.0) } else { (Fall::Exponential, 1.0) };
        Self {
            rate: stage.number("lr"),
            fall,
            last: stage.given("decay").unwrap_or(all_the_way),
            steps: stage.steps() as f64,
            warmup: stage.number("warmup"),
            clip: stage.given("clip").unwrap_or(f64::INFINITY),
            weight_decay: stage.number("weight_decay"),
        }
    }

    /// The learning rate behind so many steps.
    pub fn rate_after(&self, steps: f64) -> f64 {
        let part = (steps / self.steps).min(1.0);
        let fallen = match self.fall {
            Fall::Exponential => self.last.powf(part),
            Fall::Cosine => self.last + (1.0 - self.last) * 0.5 * (1.0 + (PI * part).cos()),
        };
        let risen = if self.warmup > 0.0 { ((steps + 1.0) / self.warmup).min(1.0) } else { 1.0 };
        self.rate * fallen * risen
    }

    /// Shortens a gradient of this norm.
    pub(super) fn shorten(&self, gradient: &mut [f64], norm: f64) {
        if norm > self.clip {
            gradient.iter_mut().for_each(|g| *g *= self.clip / norm);
        }
    }
}
