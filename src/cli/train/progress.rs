//! What a person sees while training runs.

use std::io::{self, IsTerminal};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::{Context, Verbosity};
use crate::model::Model;
use crate::optim::Outcome;
use crate::train::StepEvent;

/// Shows steps on standard error: on a terminal one live line, and a kept one every decade of loss; else plain lines.
pub struct Progress<'a> {
    context: &'a Context,
    live: Option<ProgressBar>,
    /// A line every so many steps, where there is no terminal.
    every: usize,
    /// Decimals of the loss.
    decimals: usize,
    /// The loss of the last kept line.
    kept: f64,
    /// The last known error, which is not evaluated at each step.
    error: Option<f64>,
}

/// How often a second the live line is drawn.
const FRAMES: u8 = 12;

/// How many numbers that are to be found have room on a line.
const MOST_NUMBERS: usize = 4;

impl<'a> Progress<'a> {
    /// Without a terminal there is a line every `every` steps; the loss has so many decimals.
    pub fn new(context: &'a Context, (every, decimals): (usize, usize)) -> Self {
        let watched = !context.json && context.verbosity > Verbosity::Quiet && io::stderr().is_terminal();
        Self { context, live: watched.then(live_line), every, decimals, kept: f64::INFINITY, error: None }
    }

    /// Shows a step.
    pub fn step(&mut self, event: &StepEvent<'_>) {
        if self.context.json {
            return;
        }
        if event.step == 1 {
            self.kept = f64::INFINITY;
        }
        if let (Outcome::NotFinite, Some(met)) = (event.report.outcome, event.report.met) {
            self.say(&format!("step {}: {met}", event.total_steps));
            return;
        }
        if let Some(worst) = event.errors.iter().map(|e| e.relative_l2).reduce(f64::max) {
            self.error = Some(worst);
        }
        let last = event.step == event.steps;
        match &self.live {
            Some(live) => {
                // Formatting takes longer than a step of a small problem.
                if event.step.is_multiple_of(8) || last {
                    live.set_message(line(event, self.error, self.decimals));
                }
                // The loss of an energy may be negative, and has no decades.
                let decade = event.report.loss > 0.0 && event.report.loss <= self.kept / 10.0;
                if decade || last {
                    self.kept = event.report.loss;
                    live.println(line(event, self.error, self.decimals));
                }
            }
            None if event.total_steps.is_multiple_of(self.every) || last => {
                self.context.say(&line(event, self.error, self.decimals));
            }
            None => {}
        }
    }

    /// Takes the live line away.
    pub fn finish(&self) {
        if let Some(live) = &self.live {
            live.finish_and_clear();
        }
    }

    /// Says something between the lines.
    pub fn say(&self, text: &str) {
        match &self.live {
            Some(live) => live.suspend(|| self.context.say(text)),
            None => self.context.say(text),
        }
    }
}

/// The loss of residuals tends to 0, and its order says all; an energy tends to some other number, from which it differs
/// in later digits.
pub fn loss_decimals(model: &Model) -> usize {
    if model.energies().next().is_some() { 7 } else { 1 }
}

fn live_line() -> ProgressBar {
    let live = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(FRAMES));
    // The template is fixed and sound; without it the default would be drawn.
    if let Ok(style) = ProgressStyle::with_template("{wide_msg}") {
        live.set_style(style);
    }
    live
}

/// `stage 1/1 engd  step 120/200  loss 3.1e-11  L2 4.0e-07  |g| 2e-07  damping 1e-9  0.8 s`
fn line(event: &StepEvent<'_>, error: Option<f64>, decimals: usize) -> String {
    let digits = event.steps.max(1).ilog10() as usize + 1;
    let rate = if matches!(event.method, "engd" | "dsgnar") { "damping" } else { "rate" };
    let causal = event.causal.map(|least| format!("  causal {}", scientific(least, 0))).unwrap_or_default();
    let weights = spread(event.weights).map(|[a, b]| format!("  weights {a}..{b}")).unwrap_or_default();
    let error = error.map(|e| format!("  L2 {}", scientific(e, 1))).unwrap_or_default();
    let number = |(name, value): &(String, f64)| format!("  {name} {}", short(*value));
    let numbers: String = event.numbers.iter().take(MOST_NUMBERS).map(number).collect();
    let window = match event.window {
        (_, 1) => String::new(),
        (window, windows) => format!("window {}/{windows} ", window + 1),
    };
    format!(
        "{window}stage {}/{} {}  step {:digits$}/{}  loss {}{error}{numbers}  |g| {}  {rate} {}{causal}{weights}  {:.1} s",
        event.stage + 1,
        event.stages,
        event.method,
        event.step,
        event.steps,
        scientific(event.report.loss, decimals),
        scientific(event.report.gradient, 0),
        scientific(event.report.rate, 0),
        event.seconds,
    )
}

/// The least and the largest weight of a term, where there are some.
fn spread(weights: &[(String, f64)]) -> Option<[String; 2]> {
    let of = |choose: fn(f64, f64) -> f64| weights.iter().map(|(_, weight)| *weight).reduce(choose);
    Some([of(f64::min)?, of(f64::max)?].map(|weight| scientific(weight, 0)))
}

/// Five digits, in the form that is easier to read.
fn short(value: f64) -> String {
    let magnitude = value.abs().log10().floor();
    if (-3.0..5.0).contains(&magnitude) {
        let decimals = (4.0 - magnitude).max(0.0) as usize;
        return format!("{value:.decimals$}");
    }
    scientific(value, 4)
}

/// `4.0e-07`: two digits of the exponent, so that lines stay aligned.
pub fn scientific(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$e}");
    let Some((mantissa, exponent)) = text.split_once('e') else { return text };
    match exponent.strip_prefix('-') {
        Some(digits) => format!("{mantissa}e-{digits:0>2}"),
        None => format!("{mantissa}e+{exponent:0>2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optim::StepReport;

    #[test]
    fn a_line_says_where_it_is() {
        let report = StepReport {
            outcome: Outcome::Moved,
            loss_before: 1.0,
            loss: 3.12e-11,
            gradient: 2e-7,
            length: 0.1,
            rate: 1e-9,
            trials: 1,
            met: None,
        };
        let (stage, stages, method, step, steps, total_steps, seconds) = (0, 1, "engd", 20, 200, 20, 0.84);
        let (window, causal, terms, errors, numbers, alignment) = ((0, 1), None, &[][..], &[][..], &[][..], None);
        let weights = &[][..];
        #[rustfmt::skip]
        let mut event = StepEvent {
            window, stage, stages, method, step, steps, total_steps, seconds, report, causal, weights, terms, errors,
            numbers, alignment,
        };
        let expected = "stage 1/1 engd  step  20/200  loss 3.1e-11  L2 4.0e-07  |g| 2e-07  damping 1e-09  0.8 s";
        assert_eq!(line(&event, Some(4e-7), 1), expected);
        let terms = [("eq".to_owned(), 0.25), ("bc".to_owned(), 30.0)];
        event.weights = &terms;
        assert!(line(&event, None, 1).contains("  damping 1e-09  weights 2e-01..3e+01  0.8 s"));
        event.weights = &[];
        event.window = (2, 5);
        assert_eq!(line(&event, Some(4e-7), 1), format!("window 3/5 {expected}"));
        event.report.loss = -0.196_349_54;
        assert!(line(&event, None, 7).contains("loss -1.9634954e-01"));
        assert_eq!([scientific(12.0, 1), scientific(f64::NAN, 1)], ["1.2e+01", "NaN"]);
    }
}
