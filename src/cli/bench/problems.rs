//! What training reaches on the problems of a folder.
//!
//! Each is trained as its file says, one after the other, on all threads. Runs leave no folders; the table goes to standard
//! output and, as Markdown and with what it was made on, into a file.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::Arguments;
use crate::cli::compare::{ascending, median};
use crate::cli::info::machine;
use crate::cli::problem::{Checked, check_file};
use crate::cli::train::{TRAINING_FAILED, excess, refuse, scientific, significant, with_deviation};
use crate::cli::{CliError, Context, Document, FILE_HAS_ERRORS, Status};
use crate::kernel::Objective;
use crate::model::{self, Model, TIERS};
use crate::pipeline::{self, Backend, Times};
use crate::report::files::write_atomic;
use crate::report::{Align, TextTable};
use crate::simplify::Effort;
use crate::train::{Limits, RunResult, Session, Silent};

/// The most training of a run where nobody says otherwise.
const TIME: Duration = Duration::from_secs(120);

/// How many of the numbers that were found stand in the table.
const MOST_FOUND: usize = 3;

/// The tier of files that do not say.
const USUAL_TIER: &str = "core";

#[derive(Serialize)]
struct Body<'a> {
    folder: &'a Path,
    table: &'a Path,
    runs: Vec<&'a Run>,
    failed: &'a [String],
}

/// A run that was made.
#[derive(Serialize)]
struct Run {
    problem: String,
    tier: String,
    parameters: usize,
    rows: usize,
    /// Milliseconds from text to kernels.
    compile_ms: f64,
    result: RunResult,
}

/// Trains everything, and writes the table.
///
/// # Errors
/// [`CliError`] if a file can't be read or written, or if there is no problem of this tier.
pub fn bench(arguments: &Arguments, context: &Context) -> Result<ExitCode, CliError> {
    let folder = arguments.path();
    let overrides = model::Overrides::parse(&arguments.overrides.texts())?;
    let highest = arguments.folder.tier.as_deref().map_or(TIERS.len(), rank);
    let (mut problems, mut failed, mut code) = (Vec::new(), Vec::new(), 0);
    for path in files(folder)? {
        let checked = check_file(&path, &overrides, &arguments.overrides.reading.allow_read, context)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Checked { model: Some(model), times, .. } = checked else {
            failed.push(name);
            code = code.max(FILE_HAS_ERRORS);
            continue;
        };
        if rank(tier(&model)) > highest {
            continue;
        }
        let runs = train_all(&model, &times, arguments, context);
        if runs.iter().any(|run| run.as_ref().is_none_or(|run| run.result.status != "ok")) {
            failed.push(name);
            code = code.max(TRAINING_FAILED);
        }
        let runs: Vec<Run> = runs.into_iter().flatten().collect();
        if !runs.is_empty() {
            problems.push(runs);
        }
    }
    if problems.is_empty() && failed.is_empty() {
        let tier = arguments.folder.tier.as_ref().map_or(String::new(), |tier| format!(" of the tier `{tier}`"));
        return Err(CliError::Usage(format!("there is no problem{tier} in `{}`", folder.display())));
    }
    let output = arguments.folder.output.clone().unwrap_or_else(|| folder.join("RESULTS.md"));
    let table = table(&problems);
    write_atomic(&output, markdown(&table, &failed, arguments, context).as_bytes())?;
    if context.json {
        let runs = problems.iter().flatten().collect();
        let status = if code == 0 { Status::Ok } else { Status::Errors };
        Document::new(status, Body { folder, table: &output, runs, failed: &failed }).print(context)?;
    } else {
        context.print(&table.to_text())?;
        context.say(&format!("table in {}", output.display()));
    }
    Ok(ExitCode::from(code))
}

/// The problems of a folder, by name.
fn files(folder: &Path) -> Result<Vec<PathBuf>, CliError> {
    let read = |source| CliError::Read { path: folder.to_owned(), source };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(read)? {
        files.push(entry.map_err(read)?.path());
    }
    files.retain(|file| file.extension().is_some_and(|extension| extension == "pde"));
    files.sort();
    Ok(files)
}

fn tier(model: &Model) -> &str {
    model.settings.tier.as_deref().unwrap_or(USUAL_TIER)
}

/// How long problems of a tier take, in order.
fn rank(tier: &str) -> usize {
    TIERS.iter().position(|name| *name == tier).unwrap_or(TIERS.len())
}

/// A run for each seed; none where there is none, which was said.
fn train_all(model: &Model, times: &Times, arguments: &Arguments, context: &Context) -> Vec<Option<Run>> {
    let own = arguments.overrides.seed.or(model.settings.seed).unwrap_or(0);
    let seeds = arguments.folder.seeds.clone().unwrap_or(own..=own);
    let most = arguments.folder.time.unwrap_or(TIME);
    let one = |seed| match train(model.clone(), times.clone(), seed, most) {
        Ok(run) => {
            if let Some(run) = &run {
                context.say(&line(run));
            }
            run
        }
        Err(error) => {
            error.complain();
            None
        }
    };
    seeds.map(one).collect()
}

/// Trains a problem as its file says; nothing if it does not fit into memory, which is said.
fn train(model: Model, mut times: Times, seed: u64, most: Duration) -> Result<Option<Run>, CliError> {
    let begun = Instant::now();
    let budget = model.settings.budget.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let time = Some(budget.map_or(most, |budget| budget.min(most)));
    let limits = Limits { time, steps: None, target: model.settings.target };
    let lowered = pipeline::lower(model, Effort::default(), &mut times)?;
    let compiled = pipeline::assemble(lowered, seed, Backend::default(), &mut times)?;
    if let Some(excess) = excess(&compiled)? {
        refuse(&excess);
        return Ok(None);
    }
    let mut session = Session::new(compiled, seed)?;
    let stop = session.run(limits, &mut Silent)?;
    let reports = session.reports()?;
    let result = RunResult::of(&mut session, &reports, stop, begun.elapsed());
    let model = session.model();
    Ok(Some(Run {
        problem: model.name.clone(),
        tier: tier(model).to_owned(),
        parameters: session.compiled().kernel.parameters(),
        rows: session.compiled().kernel.rows(),
        compile_ms: times.0.iter().map(|(_, time)| 1e3 * time.as_secs_f64()).sum(),
        result,
    }))
}

/// A run in a line.
fn line(run: &Run) -> String {
    let reached = if run.result.errors.is_empty() {
        format!("loss {}", scientific(run.result.loss.unwrap_or(f64::NAN), 1))
    } else {
        format!("L2 {}", scientific(run.l2(), 1))
    };
    let RunResult { seed, train_s, stop, .. } = &run.result;
    format!("{} seed {seed}: {reached} after {train_s:.1} s ({stop})", run.problem)
}

impl Run {
    /// The relative L2 error of the worst unknown; NaN where no solution is known, or an error is not a number.
    fn l2(&self) -> f64 {
        let errors = self.result.errors.values().map(|error| error.l2rel.unwrap_or(f64::NAN));
        ascending(errors.collect()).pop().unwrap_or(f64::NAN)
    }

    fn step_ms(&self) -> f64 {
        1e3 * self.result.train_s / self.result.steps.max(1) as f64
    }

    /// The first of the numbers and reports.
    fn found(&self) -> String {
        let number = |(name, number): (&String, &crate::train::NumberRecord)| {
            format!("{name} = {}", with_deviation(number.value.unwrap_or(f64::NAN), number.sd))
        };
        let report =
            |(name, value): (&String, &Option<f64>)| format!("{name} = {}", significant(value.unwrap_or(f64::NAN)));
        let numbers = self.result.numbers.iter().map(number);
        let mut found: Vec<String> = numbers.chain(self.result.reports.iter().map(report)).collect();
        if found.len() > MOST_FOUND {
            let more = found.len() - MOST_FOUND;
            found.truncate(MOST_FOUND);
            found.push(format!("{more} more"));
        }
        found.join(", ")
    }
}

/// One line for each problem: medians over its seeds, the worst error, and what the first seed found.
fn table(problems: &[Vec<Run>]) -> TextTable {
    let numbers = ["parameters", "rows", "steps", "training", "relative L2", "worst", "ms a step", "to kernels"];
    let columns = [("problem", Align::Left), ("tier", Align::Left)].into_iter();
    let columns = columns.chain(numbers.map(|name| (name, Align::Right)));
    let mut table = TextTable::new(columns.chain([("stopped by", Align::Left), ("found", Align::Left)]));
    for runs in problems {
        let [first, ..] = runs.as_slice() else { continue };
        let median = |of: &dyn Fn(&Run) -> f64| median(runs.iter().map(of).collect()).unwrap_or(f64::NAN);
        let worst = ascending(runs.iter().map(Run::l2).collect()).pop().unwrap_or(f64::NAN);
        let error = |error: f64| if error.is_nan() { "-".to_owned() } else { scientific(error, 1) };
        let mut stops: Vec<&str> = runs.iter().map(|run| run.result.stop.as_str()).collect();
        stops.sort_unstable();
        stops.dedup();
        table.row([
            first.problem.clone(),
            first.tier.clone(),
            first.parameters.to_string(),
            first.rows.to_string(),
            format!("{:.0}", median(&|run| run.result.steps as f64)),
            format!("{:.1} s", median(&|run| run.result.train_s)),
            error(median(&Run::l2)),
            error(worst),
            format!("{:.2}", median(&Run::step_ms)),
            format!("{:.0} ms", median(&|run| run.compile_ms)),
            stops.join(", "),
            first.found(),
        ]);
    }
    table
}

/// The file: the table, and what it was made on.
fn markdown(table: &TextTable, failed: &[String], arguments: &Arguments, context: &Context) -> String {
    let seeds = match (&arguments.folder.seeds, arguments.overrides.seed) {
        (Some(seeds), _) if seeds.start() < seeds.end() => format!("seeds {} to {}", seeds.start(), seeds.end()),
        (Some(seeds), _) => format!("seed {}", seeds.start()),
        (None, Some(seed)) => format!("seed {seed}"),
        (None, None) => "the seed of each file, or 0".to_owned(),
    };
    let mut text = format!(
        "# Results\n\nMade by `pdec bench` (pdec {}) on {}, {} thread{}, with {seeds}, and at most {} s of training a run. \
         Errors are those of the worst unknown on points that training does not see; with several seeds medians.\n\n{}",
        env!("CARGO_PKG_VERSION"),
        machine().in_a_line(),
        context.threads,
        if context.threads.get() == 1 { "" } else { "s" },
        arguments.folder.time.unwrap_or(TIME).as_secs_f64(),
        table.to_markdown()
    );
    if !failed.is_empty() {
        text.push_str(&format!("\nNot trained, or in vain: {}.\n", failed.join(", ")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiers_are_in_order() {
        assert!(rank("smoke") < rank("core") && rank("core") < rank("hard") && rank("hard") < rank("unknown"));
    }
}
