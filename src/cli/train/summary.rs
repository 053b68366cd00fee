//! What is said at the end of a run.

use std::fmt::Write;
use std::path::Path;
use std::process::ExitCode;

use serde::Serialize;

use super::progress::scientific;
use super::{INTERRUPTED, TARGET_MISSED, TRAINING_FAILED};
use crate::cli::{CliError, Context};
use crate::diagnostic::to_json;
use crate::model::Precision;
use crate::train::{RunResult, Session, Stop};

#[derive(Serialize)]
struct Line<'a> {
    event: &'static str,
    run: &'a Path,
    #[serde(flatten)]
    result: &'a RunResult,
}

/// Prints how the run ended: the last JSON line, or a few lines for people.
///
/// # Errors
/// Those of writing to standard output.
///
/// The loss has one decimal; that of an energy, which tends to a number other than 0, as many as its changes need.
pub fn print(
    result: &RunResult,
    run: &Path,
    (method, decimals): (&str, usize),
    stop: Stop,
    context: &Context,
) -> Result<(), CliError> {
    if context.json {
        let line = to_json(&Line { event: "result", run, result }).map_err(|error| CliError::Output(error.into()))?;
        return context.print(&(line + "\n"));
    }
    context.print(&text(result, run, (method, decimals), stop))
}

fn text(result: &RunResult, run: &Path, (method, decimals): (&str, usize), stop: Stop) -> String {
    let loss = result.loss.unwrap_or(f64::NAN);
    let mut text = format!("{} step{}", result.steps, if result.steps == 1 { "" } else { "s" });
    // Writing into a string never fails.
    let _ = match method {
        "" => Ok(()),
        _ => write!(text, " of {method}"),
    };
    if result.precision == Precision::Single.name() {
        text.push_str(" in single precision");
    }
    let _ = writeln!(text, " in {:.1} s, loss {}: {}", result.train_s, scientific(loss, decimals), reason(stop));
    let width = result
        .errors
        .keys()
        .chain(result.numbers.keys())
        .chain(result.reports.keys())
        .map(|name| name.chars().count())
        .max()
        .unwrap_or(0);
    for (name, error) in &result.errors {
        let shown = |value: Option<f64>| scientific(value.unwrap_or(f64::NAN), 1);
        let _ = writeln!(
            text,
            "  {name:width$}  relative L2 error {}, largest error {}{}",
            shown(error.l2rel),
            shown(error.linf),
            if error.up_to_sign { " (up to sign)" } else { "" }
        );
    }
    for (name, number) in &result.numbers {
        let value = number.value.unwrap_or(f64::NAN);
        let _ = writeln!(text, "  {name:width$}  {}", with_deviation(value, number.sd));
    }
    for (name, value) in &result.reports {
        let _ = writeln!(text, "  {name:width$}  {}", significant(value.unwrap_or(f64::NAN)));
    }
    let _ = writeln!(text, "run   {}", run.display());
    let _ = match stop {
        Stop::Interrupted => writeln!(text, "next  pdec train --resume {}", run.display()),
        // Weights that are no numbers have no picture.
        Stop::NotFinite => Ok(()),
        _ => writeln!(text, "next  pdec plot {}", run.display()),
    };
    text
}

/// `0.49987 ± 0.00032`: both to two digits of the deviation.
pub fn with_deviation(value: f64, deviation: Option<f64>) -> String {
    let Some(deviation) = deviation.filter(|d| *d > 0.0 && d.is_finite()) else { return significant(value) };
    let decimals = 1 - deviation.log10().floor() as i32;
    if !(0..=12).contains(&decimals) {
        return format!("{} ± {}", significant(value), scientific(deviation, 1));
    }
    let decimals = decimals as usize;
    format!("{value:.decimals$} ± {deviation:.decimals$}")
}

/// A number with ten significant digits at most, and an exponent where it is far from 1.
pub fn significant(value: f64) -> String {
    let rounded: f64 = format!("{value:.9e}").parse().unwrap_or(value);
    if rounded == 0.0 || (1e-5..1e10).contains(&rounded.abs()) || !rounded.is_finite() {
        rounded.to_string()
    } else {
        format!("{rounded:e}")
    }
}

fn reason(stop: Stop) -> &'static str {
    match stop {
        Stop::Steps => "all steps were made",
        Stop::Time => "the time is over",
        Stop::Target => "the target is reached",
        Stop::Stagnated => "the loss does not fall any more",
        Stop::Stuck => "no step lowers the loss any more",
        Stop::NoDecrease => "no step lowers the loss",
        Stop::NotFinite => "the loss is not finite",
        Stop::Interrupted => "interrupted",
    }
}

/// Which terms have no finite loss; none where only the derivatives are not finite.
fn not_finite(result: &RunResult) -> String {
    let names = result.terms.iter().filter(|(_, loss)| loss.is_none()).map(|(name, _)| format!("`{name}`"));
    let names: Vec<String> = names.collect();
    match names.len() {
        0 => "the loss or its derivatives are not finite".to_owned(),
        1 => format!("the loss of {} is not finite", names[0]),
        _ => format!("the losses of {} are not finite", names.join(", ")),
    }
}

/// Says why there is no training; the exit code of a run that failed.
pub fn refuse(text: &str) -> ExitCode {
    let _ = std::io::Write::write_all(&mut anstream::stderr().lock(), text.as_bytes());
    ExitCode::from(TRAINING_FAILED)
}

/// Where the residual is no number: `first in term `eq` at t = 0.1, x = 0`.
pub fn place_not_finite(session: &Session) -> Option<String> {
    let (label, point) = session.not_finite()?;
    let axes = &session.compiled().lowered.model.axes;
    let coordinates = axes.iter().zip(point).take(6).map(|(axis, value)| format!("{} = {value:.4}", axis.name));
    Some(format!("first in term `{label}` at {}", coordinates.collect::<Vec<_>>().join(", ")))
}

/// The exit code of a run, and what is to be said about it; `place` is where a residual is no number.
pub fn conclude(
    stop: Stop,
    missed: bool,
    result: &RunResult,
    place: Option<&str>,
    run: &Path,
    context: &Context,
) -> ExitCode {
    let complain = |text: String| {
        // Said even with `-q`; a closed stream is no further failure.
        let _ = std::io::Write::write_all(&mut anstream::stderr().lock(), text.as_bytes());
    };
    match stop {
        Stop::Interrupted => {
            context.say(&format!("interrupted; `pdec train --resume {}` goes on", run.display()));
            ExitCode::from(INTERRUPTED)
        }
        Stop::NotFinite => {
            complain(format!(
                "error[R0801]: training failed at step {}: {}\n\
                     help: look for a division by zero, an overflow, or a root or logarithm of a negative number there; \
                     a smaller learning rate keeps `adam` and `gd` from diverging\n",
                result.steps,
                place.map_or_else(|| not_finite(result), |place| format!("{}, {place}", not_finite(result)))
            ));
            ExitCode::from(TRAINING_FAILED)
        }
        Stop::NoDecrease => {
            complain(
                "error[R0802]: training failed: no step lowers the loss\n\
                 help: try another seed with `--seed 1`, or a stage of `adam` in front\n"
                    .to_owned(),
            );
            ExitCode::from(TRAINING_FAILED)
        }
        _ if missed => {
            complain(format!("error[R0803]: the target was not reached: {}\n", reason(stop)));
            ExitCode::from(TARGET_MISSED)
        }
        _ => ExitCode::SUCCESS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_ten_digits() {
        assert_eq!(significant(0.1 + 0.2), "0.3");
        assert_eq!(significant(-2.0), "-2");
        assert_eq!(significant(std::f64::consts::PI), "3.141592654");
        assert_eq!(significant(1.0 / 3e8), "3.333333333e-9");
        assert_eq!([significant(0.0), significant(f64::NAN)], ["0", "NaN"]);
        assert_eq!(with_deviation(0.498_712_3, Some(0.000_32)), "0.49871 ± 0.00032");
    }
}
