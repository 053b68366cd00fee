//! Who looks on while a run is trained, and what they see.

use super::alignment::Alignment;
use super::metrics::FieldError;
use super::session::Session;
use crate::optim::StepReport;

/// What an observer wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// Go on.
    Continue,
    /// Stop behind this step.
    Stop,
}

/// What is known behind a step.
#[derive(Debug)]
pub struct StepEvent<'a> {
    /// The window of time, from 0, and how many there are.
    pub window: (usize, usize),
    /// The stage, from 0.
    pub stage: usize,
    /// How many stages there are.
    pub stages: usize,
    /// Name of the method.
    pub method: &'static str,
    /// Steps of this stage so far.
    pub step: usize,
    /// Steps that the stage may take.
    pub steps: usize,
    /// Steps of all stages so far.
    pub total_steps: usize,
    /// Seconds of training so far, evaluation of errors excluded.
    pub seconds: f64,
    /// What the step did.
    pub report: StepReport,
    /// The least causal weight of the step, where there are such weights.
    pub causal: Option<f64>,
    /// How much each term counts beside its weight in the file (empty where that does not change).
    pub weights: &'a [(String, f64)],
    /// The loss of each term (empty where it was not evaluated).
    pub terms: &'a [(String, f64)],
    /// The error of each unknown (empty where it was not evaluated, or no exact solution is known).
    pub errors: &'a [FieldError],
    /// The numbers that are to be found, with their present values.
    pub numbers: &'a [(String, f64)],
    /// How gradients point, where it was evaluated.
    pub alignment: Option<Alignment>,
}

/// Sees every step.
pub trait Observer {
    /// Whether to evaluate the losses of the terms and the errors behind this step (counted over all stages).
    fn wants_errors(&self, total_steps: usize) -> bool;
    /// Whether to evaluate where gradients point, too, behind each step with errors.
    fn wants_alignment(&self) -> bool {
        false
    }
    /// Sees a step; may write a checkpoint of the session. Where [`Outcome::NotFinite`](crate::optim::Outcome) comes with
    /// something [met](StepReport::met), training has gone back, and the step is made again.
    fn step(&mut self, event: &StepEvent<'_>, session: &Session) -> Control;
    /// Whether somebody wants the run to stop: asked between steps that the observer does not see.
    fn is_interrupted(&self) -> bool {
        false
    }
}

/// Sees nothing and stops nothing.
pub struct Silent;

impl Observer for Silent {
    fn wants_errors(&self, _: usize) -> bool {
        false
    }

    fn step(&mut self, _: &StepEvent<'_>, _: &Session) -> Control {
        Control::Continue
    }
}
