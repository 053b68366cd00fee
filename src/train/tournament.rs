//! A stage with several starts.

use std::time::Instant;

use tracing::debug_span;

use super::observer::Observer;
use super::session::Session;
use super::stop::{Limits, Stop};
use crate::model::Stage;
use crate::optim::{self, Outcome, State};

impl Session {
    /// Short runs from several starts; the one with the smallest loss goes on. In a later stage what was trained so far is the
    /// first of them. The limit of time and the wish to stop hold here, too.
    pub(super) fn tournament(&mut self, stage: &Stage, limits: Limits, observer: &dyn Observer) -> Option<Stop> {
        let _span = debug_span!("tournament").entered();
        let (clock, before) = (Instant::now(), self.time);
        let mut best: Option<(f64, Vec<f64>, State)> = None;
        let mut stop = None;
        for start in 0..stage.starts() {
            let goes_on = start == 0 && self.stage > 0;
            let mut theta = if goes_on { self.level.own(&self.theta) } else { self.first_parameters(start as u64) };
            let mut optimizer = optim::for_stage(stage, self.compiled.objective());
            let mut loss = f64::INFINITY;
            for _ in 0..stage.start_steps() {
                self.time = before + clock.elapsed();
                stop = match limits.time {
                    Some(most) if self.time >= most => Some(Stop::Time),
                    _ => observer.is_interrupted().then_some(Stop::Interrupted),
                };
                if stop.is_some() {
                    break;
                }
                if let Some(causal) = &mut self.causal {
                    causal.apply(&mut self.compiled.kernel, &self.points.sets, &theta);
                }
                let report = optimizer.step(self.compiled.objective(), &mut theta);
                loss = if report.loss.is_finite() { report.loss } else { f64::INFINITY };
                if report.outcome != Outcome::Moved {
                    break;
                }
            }
            if best.as_ref().is_none_or(|(least, ..)| loss < *least) {
                best = Some((loss, theta, optimizer.save()));
            }
            if stop.is_some() {
                break;
            }
        }
        if let Some((_, theta, state)) = best {
            self.level.put(&theta, &mut self.theta);
            // The state is one that this very method saved.
            let restored = self.optimizer.restore(&state);
            debug_assert!(restored.is_ok());
        }
        self.time = before + clock.elapsed();
        stop
    }
}
