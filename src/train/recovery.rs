//! The way back where the loss, or its gradient, is no number any more.
//!
//! Training goes back to the best parameters of the last steps, and the method starts again from there, more carefully: with
//! half the learning rate or radius of trust, or ten times the damping, for each time in the stage. After some times in a row
//! it gives up.

use std::sync::Arc;

use super::observer::{Control, Observer};
use super::session::{Seen, Session};
use super::stop::Stop;
use crate::model::{OptionValue, Stage};
use crate::optim::{self, Met, State, StateError, StepReport};

/// The best parameters are those of this many steps to twice as many, so that they are neither already on the way to the
/// overflow nor far behind; as many steps without a setback end a row of them.
const PERIOD: usize = 100;
/// Setbacks in a row that are met.
const MOST_IN_A_ROW: usize = 4;
/// What each setback multiplies, where a method has it.
const CARE: [(&str, f64); 3] = [("lr", 0.5), ("radius", 0.5), ("damping", 10.0)];
/// The names in a saved state.
const COUNTS: &str = "recovery";
const KEPT: [&str; 2] = ["recovery.0", "recovery.1"];

/// What it takes to go back.
#[derive(Clone, Debug, Default)]
pub(super) struct Recovery {
    /// The best of the present period, and of the one before.
    kept: [Option<Kept>; 2],
    /// Steps of the present period.
    age: usize,
    /// Setbacks in this stage, those of the present row, and behind which step of the stage the last one was.
    setbacks: usize,
    in_a_row: usize,
    last: usize,
}

#[derive(Clone, Debug)]
struct Kept {
    loss: f64,
    theta: Vec<f64>,
}

impl Recovery {
    /// Takes note of parameters whose loss and gradient are numbers.
    pub fn observe(&mut self, theta: &[f64], loss: f64) {
        if self.age == PERIOD {
            self.kept.swap(0, 1);
            (self.kept[0], self.age) = (None, 0);
        }
        self.age += 1;
        match &mut self.kept[0] {
            None => self.kept[0] = Some(Kept { loss, theta: theta.to_vec() }),
            Some(kept) if loss < kept.loss => {
                kept.loss = loss;
                kept.theta.copy_from_slice(theta);
            }
            Some(_) => {}
        }
    }

    /// The best parameters of the last steps.
    pub fn best(&self) -> Option<&[f64]> {
        let best = self.kept.iter().flatten().min_by(|a, b| a.loss.total_cmp(&b.loss));
        best.map(|kept| kept.theta.as_slice())
    }

    /// Whether training goes back behind so many steps of the stage.
    pub fn go_back(&mut self, step: usize) -> bool {
        if self.setbacks > 0 && step - self.last >= PERIOD {
            self.in_a_row = 0;
        }
        if self.in_a_row == MOST_IN_A_ROW || self.best().is_none() {
            return false;
        }
        self.in_a_row += 1;
        self.setbacks += 1;
        self.last = step;
        true
    }

    /// A stage for the method that starts again: more careful, for the steps that are left.
    pub fn careful(&self, stage: &Stage) -> Stage {
        let mut careful = stage.clone();
        if self.setbacks == 0 {
            return careful;
        }
        let mut set = |name: &str, value: f64| {
            careful.options.retain(|(key, _)| key != name);
            careful.options.push((name.to_owned(), OptionValue::Number(value)));
        };
        for (name, factor) in CARE {
            if let Some(value) = stage.given(name) {
                set(name, value * factor.powi(self.setbacks as i32));
            }
        }
        set("steps", stage.steps().saturating_sub(self.last).max(1) as f64);
        careful
    }

    /// Adds the state between steps.
    pub fn save(&self, state: State) -> State {
        let counts = [self.age, self.setbacks, self.in_a_row, self.last].map(|count| count as f64);
        let losses = [0, 1].map(|period: usize| self.kept[period].as_ref().map_or(f64::NAN, |kept| kept.loss));
        let state = state.with(COUNTS, &[&counts[..], &losses].concat());
        let kept = KEPT.iter().zip(&self.kept).filter_map(|(name, kept)| Some((name, kept.as_ref()?)));
        kept.fold(state, |state, (name, kept)| state.with(name, &kept.theta))
    }

    /// What `save` added, for so many parameters; a state without it has kept nothing.
    ///
    /// # Errors
    /// [`StateError`] if a part is missing or has the wrong length.
    pub fn restored(state: &State, parameters: usize) -> Result<Self, StateError> {
        if !state.has(COUNTS) {
            return Ok(Self::default());
        }
        let [age, setbacks, in_a_row, last, losses @ ..] = state.vector(COUNTS, 6)? else { return Ok(Self::default()) };
        let mut kept = [None, None];
        for ((kept, name), &loss) in kept.iter_mut().zip(KEPT).zip(losses) {
            if !loss.is_nan() {
                *kept = Some(Kept { loss, theta: state.vector(name, parameters)?.to_vec() });
            }
        }
        let [age, setbacks, in_a_row, last] = [age, setbacks, in_a_row, last].map(|count| *count as usize);
        Ok(Self { kept, age, setbacks, in_a_row, last })
    }
}

impl Session {
    /// Goes back to the best parameters of the last steps, from where the method starts again; whether it does. Where it
    /// gives up, these are what is left.
    pub(super) fn go_back(&mut self, stage: &Stage) -> bool {
        self.fault = self.not_finite_here().or(self.fault.take());
        let goes_on = self.recovery.go_back(self.step);
        if let Some(best) = self.recovery.best() {
            self.theta.copy_from_slice(best);
        }
        if goes_on {
            self.optimizer = optim::for_stage(&self.recovery.careful(stage), self.compiled.objective());
            self.stagnation.restore(&[]);
        }
        goes_on
    }

    /// Goes back, too, if the last step was the one that led astray: of many methods only the next one would see it.
    pub(super) fn end_soundly(&mut self, stop: Stop, observer: &mut dyn Observer) -> Stop {
        let own = self.level.own(&self.theta);
        let loss = self.compiled.objective().loss(&own);
        if stop == Stop::NotFinite || self.step == 0 || loss.is_finite() {
            return stop;
        }
        let model = Arc::clone(&self.model);
        if !self.go_back(&model.stages[self.stage]) {
            return Stop::NotFinite;
        }
        let told = self.tell_of_setback(StepReport::lost(loss), observer);
        if told == Control::Stop { Stop::Interrupted } else { stop }
    }

    pub(super) fn tell_of_setback(&self, report: StepReport, observer: &mut dyn Observer) -> Control {
        self.tell(StepReport { met: Some(Met::WentBack), ..report }, Seen::default(), observer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Method;

    #[test]
    fn the_best_of_the_last_steps_is_kept() {
        let mut recovery = Recovery::default();
        assert!(!recovery.go_back(0), "there is nothing to go back to");
        // The loss falls to step 150, and grows from there.
        for step in 0..260_i32 {
            recovery.observe(&[f64::from(step)], f64::from((step - 150).abs()));
        }
        assert_eq!(recovery.best(), Some(&[150.0][..]));
        for step in 260..400_i32 {
            recovery.observe(&[f64::from(step)], f64::from((step - 150).abs()));
        }
        assert_eq!(recovery.best(), Some(&[200.0][..]), "the best of long ago is no way back");
        let state = recovery.save(State::default());
        let back = Recovery::restored(&state, 1).expect("it was saved");
        assert_eq!((back.save(State::default()), back.best()), (state, recovery.best()));
    }

    #[test]
    fn a_row_of_setbacks_ends() {
        let mut recovery = Recovery::default();
        recovery.observe(&[0.0], 1.0);
        assert_eq!(
            (0..6).map(|step| recovery.go_back(step)).collect::<Vec<_>>(),
            [true, true, true, true, false, false]
        );
        assert!(recovery.go_back(103), "a hundred steps behind the last one");
        let mut stage = Stage::of(Method::Adam);
        stage.options.push(("lr".into(), OptionValue::Number(0.32)));
        let careful = recovery.careful(&stage);
        assert_eq!((careful.number("lr"), careful.steps()), (0.01, 20_000 - 103));
        let careful = recovery.careful(&Stage::of(Method::Engd));
        assert_eq!((careful.number("damping"), careful.name("solver")), (1e3, "auto"));
    }
}
