//! `pdec train`: from a file to a run folder with trained networks.
//!
//! [`run`] makes a [`Plan`] (a new run from a file, or one that goes on from its checkpoint), compiles it, and runs the
//! session with a [`Recorder`](recorder::Recorder) behind each step.
//!
//! * `limits`: times and targets as people write them
//! * `memory`: how much of it a run will take, and what does not fit into this machine
//! * `interrupt`: Ctrl-C
//! * `progress`, `recorder`: what is shown and what is kept behind each step
//! * `profile`: where the time went
//! * `output`: fields on grids, where the file asks for them
//! * `settings`: `settings.json`
//! * `summary`: what is said at the end

mod interrupt;
pub mod limits;
mod memory;
mod output;
mod plan;
mod profile;
mod progress;
mod recorder;
pub mod settings;
mod summary;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;

use super::arguments::positive_count;
use super::{CliError, Context, Overrides};
use crate::pipeline::{self, Backend};
use crate::report::files::{self, WriteError};
use crate::simplify::Effort;
use crate::train::{Limits, Log, RunFiles, RunFolder, RunResult, Session, Stop};
use limits::Target;
use plan::Plan;
use profile::Profiler;
use recorder::{Extra, Recorder};

pub use interrupt::Interrupt;
pub use limits::duration;
pub use memory::{Peak, excess};
pub use plan::{overrides, recipe};
pub use progress::scientific;
pub use summary::{refuse, significant, with_deviation};

/// Exit code of a training that failed.
pub const TRAINING_FAILED: u8 = 4;
/// Exit code of a training that ended above the error of `--until`.
pub const TARGET_MISSED: u8 = 5;
/// Exit code of a training that was interrupted and left a checkpoint.
pub const INTERRUPTED: u8 = 130;

/// Train the networks of a problem
#[derive(Debug, Args)]
pub struct Arguments {
    /// The problem; `-` is standard input
    #[arg(value_name = "FILE", required_unless_present = "resume")]
    file: Option<PathBuf>,
    #[command(flatten)]
    overrides: Overrides,
    /// Train with this method instead of the stages of the file, such as `adam(lr=1e-3)`
    #[arg(long, value_name = "METHOD")]
    optimizer: Option<String>,
    /// Stop after so many steps of all stages together
    #[arg(long, value_name = "N", value_parser = positive_count, allow_negative_numbers = true)]
    steps: Option<NonZeroUsize>,
    /// Stop after so much time of training, such as `90s` or `10m`
    #[arg(long, value_name = "TIME", value_parser = limits::duration)]
    time: Option<Duration>,
    /// Stop when the error is reached, such as `l2<1e-6`; it is a failure (exit code 5) if it never is
    #[arg(long, value_name = "BOUND")]
    until: Option<Target>,
    /// Go on with a run, from its newest sound checkpoint
    #[arg(long, value_name = "RUN", conflicts_with_all = ["file", "set", "optimizer", "name"])]
    resume: Option<PathBuf>,
    /// Append this to the name of the run folder
    #[arg(long, value_name = "TAG", value_parser = limits::tag)]
    name: Option<String>,
    /// Evaluate errors, and print a line without a terminal, every so many steps [default: 1 % of the steps]
    #[arg(long, value_name = "N", value_parser = positive_count, allow_negative_numbers = true)]
    log_every: Option<NonZeroUsize>,
    /// What else to log where errors are evaluated; it costs a gradient for each term of the loss
    #[arg(long, value_name = "WHAT", value_enum, value_delimiter = ',')]
    log: Vec<Extra>,
    /// Show where the time went, phase by phase, and write `profile.json`, a timeline for chrome://tracing and Perfetto
    #[arg(long)]
    profile: bool,
    /// How many checkpoints to keep
    #[arg(long, value_name = "N", value_parser = positive_count, allow_negative_numbers = true, default_value = "3")]
    keep: NonZeroUsize,
}

/// Trains, and writes the run folder.
///
/// # Errors
/// [`CliError`] for wrong usage, and where a file can't be read or written.
pub fn run(arguments: &Arguments, context: &Context) -> Result<ExitCode, CliError> {
    let begun = Instant::now();
    let interrupt = Interrupt::listen().map_err(CliError::Signals)?;
    let plan = match &arguments.resume {
        Some(run) => Plan::resumed(run, arguments.overrides.seed, &arguments.overrides.reading.allow_read, context)?,
        None => Plan::new(arguments, context)?,
    };
    match plan {
        Ok(plan) => context.in_pool(|| train(plan, arguments, context, &interrupt, begun))?,
        Err(refused) => Ok(refused),
    }
}

fn train(
    plan: Plan,
    arguments: &Arguments,
    context: &Context,
    interrupt: &Interrupt,
    begun: Instant,
) -> Result<ExitCode, CliError> {
    let Plan { recipe, model, mut times, resumed } = plan;
    let limits = limits::of(arguments.time, &model.settings);
    let target = arguments.until.map(|t| t.0).or(limits.target);
    let limits = Limits { steps: arguments.steps.map(NonZeroUsize::get), target, ..limits };
    let steps = model.windows * model.stages.iter().map(crate::model::Stage::steps).sum::<usize>();
    let steps = limits.steps.map_or(steps, |most| most.min(steps));
    let every = arguments.log_every.map_or((steps / 100).max(1), NonZeroUsize::get);
    let decimals = progress::loss_decimals(&model);
    let lowered = pipeline::lower(model, Effort::default(), &mut times)?;
    let compiled = pipeline::assemble(lowered, recipe.seed, Backend::default(), &mut times)?;
    if let Some(excess) = memory::excess(&compiled)? {
        return Ok(summary::refuse(&excess));
    }
    memory::kernel_matrix(&compiled).into_iter().for_each(|text| context.say(&text));
    let mut session = Session::new(compiled, recipe.seed)?;
    if arguments.until.is_some() && session.errors().is_empty() {
        let text = "`--until l2<..` needs an exact solution, and the problem has none";
        return Err(CliError::Usage(text.to_owned()));
    }
    let folder = match resumed {
        Some((folder, checkpoint)) => {
            session.restore(&checkpoint)?;
            folder
        }
        None => {
            let folder = RunFolder::create(&context.runs(), &recipe.name, arguments.name.as_deref())?;
            settings::write(&folder.files(), &recipe, limits, session.model(), context)?;
            folder
        }
    };
    let files = folder.files();
    remove_result(&files)?;
    let log = Log::open(&files.log(), session.total_steps())?;
    let keep = arguments.keep.get();
    let mut recorder = Recorder::new(context, interrupt, files.clone(), log, (every, decimals), keep, &arguments.log);
    let profile = arguments.profile.then(Profiler::begin);
    let stop = session.run(limits, &mut recorder)?;
    let method = recorder.finish(&session, stop != Stop::NotFinite);
    if let Some(profile) = profile {
        let table = profile.end(&files)?;
        // With `--json` the result is one document.
        if context.json { context.say(&table) } else { context.print(&(table + "\n"))? }
    }
    let reports = session.reports()?;
    crate::train::write_series(&files, &reports)?;
    let result = RunResult::of(&mut session, &reports, stop, begun.elapsed());
    let result = RunResult { peak_bytes: memory::peak(), ..result };
    write(&files, &session, &recipe, &result)?;
    if stop != Stop::NotFinite && !session.model().outputs.is_empty() {
        for path in output::write(&files, &arguments.overrides.reading.allow_read, context)? {
            context.say(&format!("fields in {}", path.display()));
        }
    }
    summary::print(&result, folder.path(), (method, decimals), stop, context)?;
    let reached = |target: Target| result.errors.values().all(|e| e.l2rel.is_some_and(|l2| l2 < target.0));
    let missed = arguments.until.is_some_and(|target| !reached(target));
    let place = if stop == Stop::NotFinite { summary::place_not_finite(&session) } else { None };
    Ok(summary::conclude(stop, missed, &result, place.as_deref(), folder.path(), context))
}

/// The result of an earlier part of the run says nothing about the whole.
fn remove_result(files: &RunFiles) -> Result<(), WriteError> {
    match std::fs::remove_file(files.result()) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(WriteError::of(&files.result(), error)),
        _ => Ok(()),
    }
}

fn write(
    files: &RunFiles,
    session: &Session,
    recipe: &crate::train::Recipe,
    result: &RunResult,
) -> Result<(), CliError> {
    let description = session.description();
    let model = crate::train::ModelFile::new(recipe.clone(), session.total_steps(), description, &session.thetas());
    model.write(&files.model())?;
    let path = files.result();
    let text = serde_json::to_string_pretty(result).map_err(|e| WriteError::of(&path, std::io::Error::other(e)))?;
    Ok(files::write_atomic(&path, (text + "\n").as_bytes())?)
}
