//! The step of all methods that see gradients alone: gradient, clipping, a rule that makes a direction, learning rate.

use super::{Optimizer, Outcome, Schedule, State, StateError, StepReport, norm};
use crate::kernel::Objective;

/// What a rule sees at a step.
pub(super) struct Seen<'a> {
    pub problem: &'a dyn Objective,
    /// Where the gradient was taken.
    pub theta: &'a [f64],
    /// The gradient of the loss, clipped.
    pub gradient: &'a [f64],
    /// The number of the step, from 1 on.
    pub step: f64,
}

/// How a method makes a direction from the gradients so far.
pub(super) trait Rule: Send {
    /// The gradient of the loss, and the loss.
    fn evaluate(&mut self, problem: &dyn Objective, theta: &[f64], gradient: &mut [f64]) -> f64 {
        problem.gradient(theta, gradient)
    }

    /// Writes what is taken from θ at a learning rate of 1.
    fn direction(&mut self, seen: &Seen<'_>, out: &mut [f64]);

    /// Adds the state between steps.
    fn save(&self, state: State) -> State;

    /// Takes over what `save` added.
    fn restore(&mut self, state: &State) -> Result<(), StateError>;
}

/// Steps along the directions of a rule.
pub(super) struct FirstOrder<R> {
    schedule: Schedule,
    steps: f64,
    gradient: Vec<f64>,
    direction: Vec<f64>,
    average: Option<Average>,
    rule: R,
}

impl<R: Rule> FirstOrder<R> {
    /// Before the first step.
    pub fn new(schedule: Schedule, parameters: usize, rule: R) -> Self {
        let zero = vec![0.0; parameters];
        Self { schedule, steps: 0.0, gradient: zero.clone(), direction: zero, average: None, rule }
    }

    /// With the schedule-free average, pulled towards by β, or without.
    pub fn averaged(mut self, pull: Option<f64>) -> Self {
        self.average = pull.map(|pull| Average::new(pull, self.gradient.len()));
        self
    }

    /// Moves θ along the direction and gives the length of its way.
    fn advance(&mut self, theta: &mut [f64], rate: f64) -> f64 {
        let decay = self.schedule.weight_decay;
        let Some(average) = &mut self.average else {
            for (theta, d) in theta.iter_mut().zip(&mut self.direction) {
                *d = rate * (*d + decay * *theta);
                *theta -= *d;
            }
            return norm(&self.direction);
        };
        let pulled = self.direction.iter_mut().zip(&average.between);
        pulled.for_each(|(d, y)| *d += decay * y);
        average.advance(theta, rate, &self.direction)
    }
}

impl<R: Rule> Optimizer for FirstOrder<R> {
    fn step(&mut self, problem: &dyn Objective, theta: &mut [f64]) -> StepReport {
        if let Some(average) = &mut self.average {
            average.stand_between(theta, self.steps == 0.0);
        }
        let place = self.average.as_ref().map_or(&*theta, |average| &average.between);
        let loss = self.rule.evaluate(problem, place, &mut self.gradient);
        let gradient = norm(&self.gradient);
        let rate = self.schedule.rate_after(self.steps);
        let report = StepReport { trials: 1, ..StepReport::before(loss, gradient, rate) };
        if report.outcome == Outcome::NotFinite {
            return report;
        }
        self.schedule.shorten(&mut self.gradient, gradient);
        let seen = Seen { problem, theta: place, gradient: &self.gradient, step: self.steps + 1.0 };
        self.rule.direction(&seen, &mut self.direction);
        let length = self.advance(theta, rate);
        self.steps += 1.0;
        StepReport { outcome: Outcome::Moved, length, ..report }
    }

    fn save(&self) -> State {
        let mut state = State::default().with("steps", &[self.steps]);
        if let Some(average) = &self.average {
            state = state.with("fast", &average.fast).with("weight", &[average.weight]);
        }
        self.rule.save(state)
    }

    fn restore(&mut self, state: &State) -> Result<(), StateError> {
        self.steps = state.number("steps")?;
        if let Some(average) = &mut self.average {
            average.fast = state.vector("fast", average.fast.len())?.to_vec();
            average.weight = state.number("weight")?;
        }
        self.rule.restore(state)
    }
}

/// Schedule-free averaging (Defazio et al., arXiv 2405.15682, equations 1 to 3, and algorithm 1 for the weights): a fast
/// sequence z takes the steps, with gradients at y = (1 - β) z + β x, and θ is x, the mean of all z, each weighted by the
/// square of its learning rate.
struct Average {
    pull: f64,
    fast: Vec<f64>,
    between: Vec<f64>,
    weight: f64,
}

impl Average {
    fn new(pull: f64, parameters: usize) -> Self {
        Self { pull, fast: vec![0.0; parameters], between: vec![0.0; parameters], weight: 0.0 }
    }

    fn stand_between(&mut self, theta: &[f64], first: bool) {
        if first {
            self.between.copy_from_slice(theta);
            return;
        }
        let pairs = self.fast.iter().zip(theta);
        self.between.iter_mut().zip(pairs).for_each(|(y, (z, x))| *y = (1.0 - self.pull) * z + self.pull * x);
    }

    /// Gives the length of the way that θ goes.
    fn advance(&mut self, theta: &mut [f64], rate: f64, direction: &[f64]) -> f64 {
        if self.weight == 0.0 {
            self.fast.copy_from_slice(theta);
        }
        self.weight += rate * rate;
        let share = if self.weight > 0.0 { rate * rate / self.weight } else { 0.0 };
        let moved = theta.iter_mut().zip(&mut self.fast).zip(direction).map(|((x, z), d)| {
            *z -= rate * d;
            let step = share * (*z - *x);
            *x += step;
            step * step
        });
        moved.sum::<f64>().sqrt()
    }
}
