//! How far to go along a direction, and what is done about a direction that leads nowhere.

use crate::kernel::Objective;
use crate::model::Stage;

/// The step lengths of a grid: the longest, and 30 halvings of it (arXiv 2302.13163, section 4).
pub(super) const LENGTHS: usize = 31;
/// What a damping is multiplied by after a short step, and divided by after a long one.
const RAISE: f64 = 10.0;
/// The most that failures raise a damping.
const MOST_RAISED: f64 = 1e18;

/// How often a step is tried with more damping before it is given up.
pub(super) const ATTEMPTS: usize = 12;

/// How long a step is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum StepRule {
    /// The best length of the grid.
    Grid,
    /// Always this times the direction.
    Fixed(f64),
}

/// C: the square of the most that a step of a fixed rate is long (arXiv 2505.12149).
const LONGEST_SQUARED: f64 = 1e-3;

impl StepRule {
    /// With a fixed rate, `min(rate, √C/length)`, where a step of rate 1 has this length.
    pub(super) fn bounded(self, length: f64) -> Self {
        match self {
            StepRule::Grid => self,
            StepRule::Fixed(rate) => StepRule::Fixed(rate.min(LONGEST_SQUARED.sqrt() / length)),
        }
    }

    /// What a stage asks for by `line_search` and `lr`.
    pub(super) fn of_stage(stage: &Stage) -> Self {
        if stage.name("line_search") == "on" { Self::Grid } else { Self::Fixed(stage.number("lr")) }
    }

    /// Leaves the trial point of a step along a direction in `trial`. A fixed length is taken whatever the loss is
    /// there, which is not evaluated.
    pub(super) fn take(
        self,
        problem: &dyn Objective,
        (theta, before): (&[f64], f64),
        direction: &[f64],
        trial: &mut [f64],
    ) -> Searched {
        match self {
            StepRule::Grid => best_power(problem, (theta, before), direction, trial),
            StepRule::Fixed(rate) => {
                moved(theta, rate, direction, trial);
                Searched { best: Some((rate, before)), trials: 1 }
            }
        }
    }
}

/// What a search along a direction found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Searched {
    /// The length and the loss there, if that is lower than at the start. The trial point is there then.
    pub best: Option<(f64, f64)>,
    /// How many lengths were tried.
    pub trials: usize,
}

/// The best length of the grid. Lengths are tried from the longest on; once the loss is below that at the start, the
/// first length that does worse than the one before ends the search.
pub(super) fn best_power(
    problem: &dyn Objective,
    (theta, before): (&[f64], f64),
    direction: &[f64],
    trial: &mut [f64],
) -> Searched {
    let (mut best, mut trials): (Option<(f64, f64)>, usize) = (None, 0);
    let mut length = 1.0;
    for _ in 0..LENGTHS {
        trials += 1;
        moved(theta, length, direction, trial);
        let loss = problem.loss(trial);
        if loss < best.map_or(before, |(_, least)| least) {
            best = Some((length, loss));
        } else if best.is_some() {
            break;
        }
        length *= 0.5;
    }
    if let Some((length, _)) = best {
        moved(theta, length, direction, trial);
    }
    Searched { best, trials }
}

/// What a search for the least or the first acceptable loss found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct OnLine {
    /// The step length; `None` if no trial counts.
    pub length: Option<f64>,
    /// The loss there.
    pub loss: f64,
    /// How many lengths were tried.
    pub trials: usize,
}

/// The length among `longest`, `longest`/2, .. with the smallest loss, which may lie above the one without a step.
/// `losses` gives those of several lengths.
pub(super) fn grid(longest: f64, losses: impl FnOnce(&[f64], &mut [f64])) -> OnLine {
    let lengths: [f64; LENGTHS] = std::array::from_fn(|halvings| longest * 0.5_f64.powi(halvings as i32));
    let mut found = [f64::NAN; LENGTHS];
    losses(&lengths, &mut found);
    let mut best = OnLine { length: None, loss: f64::INFINITY, trials: LENGTHS };
    for (length, loss) in lengths.into_iter().zip(found) {
        if loss < best.loss {
            best = OnLine { length: Some(length), loss, ..best };
        }
    }
    best
}

/// The first length among `longest`, `longest`/2, .. that lowers the loss by the part `sufficient` of what its slope
/// promises (Armijo).
pub(super) fn backtracking(
    (longest, sufficient): (f64, f64),
    before: f64,
    slope: f64,
    mut loss: impl FnMut(f64) -> f64,
) -> OnLine {
    for halvings in 0..LENGTHS {
        let length = longest * 0.5_f64.powi(halvings as i32);
        let at = loss(length);
        // Where the promise is below the rounding of the loss, it still has to fall.
        if at <= before + sufficient * length * slope && at < before {
            return OnLine { length: Some(length), loss: at, trials: halvings + 1 };
        }
    }
    OnLine { length: None, loss: before, trials: LENGTHS }
}

/// θ + length · direction
pub(super) fn moved(theta: &[f64], length: f64, direction: &[f64], out: &mut [f64]) {
    out.iter_mut().zip(theta.iter().zip(direction)).for_each(|(out, (t, d))| *out = t + length * d);
}

/// ‖b - a‖
pub(super) fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (b - a) * (b - a)).sum::<f64>().sqrt()
}

/// A damping that is what the options say as long as steps are long. It is ten times as large after a step that failed
/// or was shorter than an eighth of its direction, and comes back by as much with each step of at least a half.
#[derive(Clone, Copy, Debug)]
pub(super) struct GuardedDamping {
    least: f64,
    pub now: f64,
}

/// Steps shorter than this raise a damping.
const SHORT: f64 = 0.125;
/// Steps at least this long lower it.
const LONG: f64 = 0.5;

impl GuardedDamping {
    pub fn new(damping: f64) -> Self {
        Self { least: damping, now: damping }
    }

    /// Behind a step of this part of its direction; 0 if it failed.
    pub fn follow(&mut self, length: f64) {
        if length < SHORT {
            self.now = (self.now * RAISE).min(self.least * MOST_RAISED);
        } else if length >= LONG {
            self.now = (self.now / RAISE).max(self.least);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grid_takes_the_best_and_backtracking_the_first() {
        let parabola: fn(f64) -> f64 = |a| (a - 0.2).powi(2);
        let all = |loss: fn(f64) -> f64| {
            move |lengths: &[f64], losses: &mut [f64]| {
                losses.iter_mut().zip(lengths).for_each(|(out, length)| *out = loss(*length));
            }
        };
        let best = grid(1.0, all(parabola));
        assert_eq!((best.length, best.trials), (Some(0.25), 31));
        assert_eq!(backtracking((1.0, 1e-4), parabola(0.0), -0.4, parabola).length, Some(0.25));
        let rising: fn(f64) -> f64 = |a| 1.0 + a;
        assert_eq!(grid(1.0, all(rising)).length, Some(0.5_f64.powi(30)), "as published, a rise is taken");
        assert_eq!(backtracking((1.0, 1e-4), 1.0, -1.0, rising).length, None);
        assert_eq!(grid(1.0, all(|_| f64::NAN)).length, None);
    }

    #[test]
    fn a_damping_comes_back() {
        let mut damping = GuardedDamping::new(1e-8);
        [0.0, 1e-3, 0.0, 0.25].into_iter().for_each(|length| damping.follow(length));
        assert!((damping.now / 1e-5 - 1.0).abs() < 1e-12);
        (0..9).for_each(|_| damping.follow(1.0));
        assert_eq!(damping.now, 1e-8);
        (0..100).for_each(|_| damping.follow(0.0));
        assert!(damping.now <= 1e10);
    }
}
