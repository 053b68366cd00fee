//! `pdec bench optimizers`: the same problems, seeds and time for a list of methods.
//!
//! Every run is a process of its own, `pdec train`, so that its memory is its own. A run that is found in the folder of the
//! bench is not made again, and one that was interrupted goes on: what belongs to the bench is told by the settings of
//! the runs, and there is no other record.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use crate::cli::arguments::{Reading, Setting, positive_count};
use crate::cli::compare::{Record, Summary, figure, summaries, table};
use crate::cli::plot::write_figure;
use crate::cli::problem::{check_file, refuse};
use crate::cli::train::{
    INTERRUPTED, Interrupt, TRAINING_FAILED, duration, limits, overrides, recipe, scientific, settings,
};
use crate::cli::{CliError, Context, Document, Status};
use crate::train::{Limits, Recipe, RunFiles, newest_checkpoint, runs_of};

/// Train problems by several methods with several seeds, and compare; goes on where it was interrupted
#[derive(Debug, Args)]
pub struct Arguments {
    /// The problems
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// The methods, such as 'engd,soap(lr=3e-3)'
    #[arg(long, value_name = "METHODS", required = true, value_parser = methods)]
    methods: Methods,
    /// The seeds, the first and the last: `0..9` are ten
    #[arg(long, value_name = "SEEDS", default_value = "0", value_parser = super::seeds)]
    seeds: RangeInclusive<u64>,
    /// Time of training of each run, such as `60s`; a run also ends with the steps of its method
    #[arg(long, value_name = "TIME", value_parser = duration)]
    budget: Option<Duration>,
    /// Evaluate errors every so many steps [default: 1 % of the steps]
    #[arg(long, value_name = "N", value_parser = positive_count, allow_negative_numbers = true)]
    log_every: Option<NonZeroUsize>,
    /// Replace a `param` or a setting of the files; may be given several times
    #[arg(long = "set", value_name = "NAME=VALUE")]
    set: Vec<Setting>,
    #[command(flatten)]
    reading: Reading,
}

/// The methods of one argument.
// clap takes a plain `Vec` for an argument that is given several times.
type Methods = std::sync::Arc<[String]>;

/// A run to be made.
struct Task<'a> {
    file: &'a Path,
    recipe: Recipe,
    limits: Limits,
}

/// What is there of a run.
enum Found {
    Finished(Box<Record>),
    /// With a checkpoint to go on from.
    Interrupted(RunFiles),
    Nothing,
}

#[derive(Serialize)]
struct Body<'a> {
    table: &'a [Summary],
    runs: &'a [Record],
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<PathBuf>,
}

/// Makes the runs that are missing, prints the table of all, and draws their errors against time.
///
/// # Errors
/// [`CliError`] for wrong usage, and where a file can't be read or written.
pub fn run(arguments: &Arguments, context: &Context) -> Result<ExitCode, CliError> {
    let interrupt = Interrupt::listen().map_err(CliError::Signals)?;
    let tasks = match tasks(arguments, context)? {
        Ok(tasks) => tasks,
        Err(refused) => return Ok(refused),
    };
    let root = context.runs().join("optimizers");
    let mut records = Vec::new();
    for (number, task) in tasks.iter().enumerate() {
        let place = format!("{}/{}", number + 1, tasks.len());
        if let Found::Finished(record) = task.find(&root, context) {
            context.say(&task.line(&place, &record, " (kept)"));
            records.push(*record);
            continue;
        }
        let code = task.train(&root, arguments, context)?;
        if code == Some(INTERRUPTED.into()) || interrupt.asked() {
            context.say("interrupted; the same command goes on");
            return Ok(ExitCode::from(INTERRUPTED));
        }
        match task.find(&root, context) {
            Found::Finished(record) => {
                context.say(&task.line(&place, &record, ""));
                records.push(*record);
            }
            // It did not begin, for want of memory, and has said so.
            _ if code == Some(TRAINING_FAILED.into()) => {}
            _ => return Ok(ExitCode::from(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(TRAINING_FAILED))),
        }
    }
    show(&records, &root, context)
}

fn show(records: &[Record], root: &Path, context: &Context) -> Result<ExitCode, CliError> {
    let rows = summaries(records);
    let output = figure(&rows).map(|figure| (figure, root.join("optimizers.svg")));
    if let Some((figure, path)) = &output {
        write_figure(figure, path)?;
    }
    let output = output.map(|(_, path)| path);
    if context.json {
        Document::new(Status::Ok, Body { table: &rows, runs: records, output }).print(context)?;
    } else {
        let figure = output.map(|path| format!("figure {}\n", path.display())).unwrap_or_default();
        context.print(&(table(&rows).to_text() + &figure))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// All runs, seed by seed, so that a bench that is not over has something of every method; or the exit code of a file that
/// has errors, before anything is trained.
fn tasks<'a>(arguments: &'a Arguments, context: &Context) -> Result<Result<Vec<Task<'a>>, ExitCode>, CliError> {
    let set: Vec<String> = arguments.set.iter().map(Setting::text).collect();
    let mut tasks = Vec::new();
    for file in &arguments.files {
        if file == Path::new("-") {
            return Err(CliError::Usage("standard input can't be read once for each run; give a file".to_owned()));
        }
        for method in arguments.methods.iter() {
            let overrides = overrides(&set, Some(method))?;
            let mut checked = check_file(file, &overrides, &arguments.reading.allow_read, context)?;
            let Some((recipe, model)) = recipe(&mut checked, set.clone(), Some(method), None) else {
                return Ok(Err(refuse(&checked, context)?));
            };
            let limits = limits::of(arguments.budget, &model.settings);
            tasks.push(Task { file, recipe, limits });
        }
    }
    let with_seed = |task: &Task<'a>, seed| Task { recipe: Recipe { seed, ..task.recipe.clone() }, ..*task };
    let all = arguments.seeds.clone().flat_map(|seed| tasks.iter().map(move |task| with_seed(task, seed)));
    Ok(Ok(all.collect()))
}

impl Task<'_> {
    /// Looks for the run among those of the bench.
    fn find(&self, root: &Path, context: &Context) -> Found {
        // What can't be read is not this run.
        let own = |files: &RunFiles| {
            settings::is_of(files, self.limits, context) && settings::read(files).is_ok_and(|it| it == self.recipe)
        };
        let Some(files) = runs_of(&self.recipe.name, root).into_iter().rev().find(own) else { return Found::Nothing };
        match Record::read(&files) {
            Ok(record) if record.stop.as_deref().is_some_and(|stop| stop != "interrupted") => {
                Found::Finished(Box::new(record))
            }
            _ if newest_checkpoint(&files.checkpoints()).0.is_some() => Found::Interrupted(files),
            _ => Found::Nothing,
        }
    }

    /// Makes the run, or goes on with it; gives the exit code of `pdec train`, if it ended with one.
    fn train(&self, root: &Path, arguments: &Arguments, context: &Context) -> Result<Option<i32>, CliError> {
        let program = std::env::current_exe().map_err(CliError::Process)?;
        let mut command = Command::new(program);
        command.args(["train", "-q", "--threads", &context.threads.to_string()]).env("PDEC_RUNS", root);
        match self.find(root, context) {
            Found::Interrupted(files) => {
                command.arg("--resume").arg(files.folder());
            }
            _ => {
                command.arg(self.file).args(["--seed", &self.recipe.seed.to_string()]);
                command.args(self.recipe.optimizer.iter().flat_map(|method| ["--optimizer", method]));
                command.args(self.recipe.set.iter().flat_map(|text| ["--set", text]));
            }
        }
        // Limits are those of the process, not of the run.
        command
            .args(arguments.budget.iter().flat_map(|time| ["--time".to_owned(), format!("{}s", time.as_secs_f64())]));
        command.args(arguments.log_every.iter().flat_map(|every| ["--log-every".to_owned(), every.to_string()]));
        let allowed = arguments.reading.allow_read.iter();
        command.args(allowed.flat_map(|path| [OsString::from("--allow-read"), path.clone().into()]));
        let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status().map_err(CliError::Process)?;
        Ok(status.code())
    }

    /// `3/20 heat  adam(lr=1e-3)  seed 2  L2 4.0e-07  12.1 s`
    fn line(&self, place: &str, record: &Record, more: &str) -> String {
        let error = record.error().map(|error| format!("  L2 {}", scientific(error, 1))).unwrap_or_default();
        let Record { problem, method, seed, seconds, .. } = record;
        format!("{place} {problem}  {method}  seed {seed}{error}  {seconds:.1} s{more}")
    }
}

/// Methods between commas, which their options have, too; one without options needs no parentheses here.
fn methods(text: &str) -> Result<Methods, String> {
    let (mut methods, mut depth) = (vec![String::new()], 0i32);
    for c in text.chars() {
        depth += i32::from(matches!(c, '(' | '[')) - i32::from(matches!(c, ')' | ']'));
        match methods.last_mut() {
            Some(method) if c != ',' || depth > 0 => method.push(c),
            _ => methods.push(String::new()),
        }
    }
    if methods.iter().any(|method| method.trim().is_empty()) {
        return Err("write methods with a comma between them, such as `engd,adam(lr=1e-3)`".to_owned());
    }
    let with_options = |method: &str| if method.contains('(') { method.to_owned() } else { format!("{method}()") };
    Ok(methods.iter().map(|method| with_options(method.trim())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_in_options_are_no_ends() {
        let found = methods("engd, soap(lr=3e-3, beta1=0.9),adam").unwrap();
        assert_eq!(*found, ["engd()", "soap(lr=3e-3, beta1=0.9)", "adam()"]);
        for wrong in ["", "engd,", ",engd", "engd,,adam"] {
            assert!(methods(wrong).is_err(), "{wrong}");
        }
    }
}
