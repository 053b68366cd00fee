//! The command line: one file for each subcommand.
//!
//! [`run`] parses the arguments into a [`Context`] (what all commands share: form of the diagnostics, verbosity, number of
//! threads) and the `Arguments` of one command, and calls its `run`. A command returns its exit code, or a [`CliError`]
//! which knows its own. Results go to standard output, everything else to standard error.
//!
//! * `arguments`: the global flags, and groups of flags that several commands take
//! * `context`: writing to the two streams, and showing diagnostics
//! * `input`: the one place where problem files are read
//! * `document`: the JSON that `--json` prints
//! * `bench`, `compare`, `completions`, `emit`, `explain`, `fmt`, `info`, `new`: the commands

mod arguments;
mod bench;
mod check;
mod compare;
mod completions;
mod context;
mod diff;
mod document;
mod emit;
mod error;
mod eval;
mod explain;
mod fmt;
mod info;
mod input;
mod measure;
mod new;
mod plot;
mod problem;
mod show;
mod solution;
mod train;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use arguments::{GlobalArguments, Overrides, Setting};
pub use context::{Context, Verbosity};
pub use document::{Document, Status};
pub use error::CliError;
pub use input::{Reading, read};

/// Exit code of a file with errors, of denied warnings, and of checks that found differences.
pub const FILE_HAS_ERRORS: u8 = 1;
/// Exit code of wrong usage.
pub const WRONG_USAGE: u8 = 2;
/// Exit code of a failure to read or write.
pub const INPUT_OUTPUT_FAILURE: u8 = 3;
/// Exit code of a mistake in pdec itself.
pub const INTERNAL_ERROR: u8 = 70;

/// A compiler for partial differential equations: from a dozen lines of mathematics to a trained network.
#[derive(Debug, Parser)]
#[command(name = "pdec", version, propagate_version = false, arg_required_else_help = true)]
#[command(after_help = "A FILE may be `-` for standard input. Start with `pdec new heat`.")]
struct Cli {
    #[command(flatten)]
    global: GlobalArguments,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    New(new::Arguments),
    Check(check::Arguments),
    Fmt(fmt::Arguments),
    Show(show::Arguments),
    Emit(emit::Arguments),
    Bench(bench::Arguments),
    Train(Box<train::Arguments>),
    Eval(eval::Arguments),
    Plot(plot::Arguments),
    Compare(compare::Arguments),
    Explain(explain::Arguments),
    Info(info::Arguments),
    Completions(completions::Arguments),
}

/// Runs the command line `arguments` (the first is the name of the program) and returns the exit code.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let json = arguments.iter().any(|argument| argument == "--json");
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            if json && error.use_stderr() {
                let text = error.to_string();
                error::print_failure(text.lines().next().unwrap_or_default().trim_start_matches("error: "));
            }
            // Help and version are errors to clap, with exit code 0; a closed pipe is no reason to fail.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(WRONG_USAGE));
        }
    };
    let context = match Context::new(cli.global) {
        Ok(context) => context,
        Err(error) => return error.finish(json),
    };
    cli.command.run(&context).unwrap_or_else(|error| error.finish(context.json))
}

impl Command {
    fn run(&self, context: &Context) -> Result<ExitCode, CliError> {
        match self {
            Command::New(arguments) => new::run(arguments, context),
            Command::Check(arguments) => check::run(arguments, context),
            Command::Show(arguments) => show::run(arguments, context),
            Command::Emit(arguments) => emit::run(arguments, context),
            Command::Bench(arguments) => bench::run(arguments, context),
            Command::Train(arguments) => train::run(arguments, context),
            Command::Eval(arguments) => eval::run(arguments, context),
            Command::Plot(arguments) => plot::run(arguments, context),
            Command::Compare(arguments) => compare::run(arguments, context),
            Command::Fmt(arguments) => fmt::run(arguments, context),
            Command::Explain(arguments) => explain::run(arguments, context),
            Command::Info(arguments) => info::run(arguments, context),
            Command::Completions(arguments) => completions::run(arguments, context),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_description_of_the_arguments_is_consistent() {
        Cli::command().debug_assert();
    }
}
