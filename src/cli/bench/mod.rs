//! `pdec bench`: what the kernels of a problem cost, what training reaches on the problems of a folder, and how methods of
//! training compare.
//!
//! * `kernels`: the kernels of a file, in this process
//! * `problems`: a folder, problem by problem
//! * `optimizers`: methods with the same problems, seeds and time

mod kernels;
mod optimizers;
mod problems;

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};

use super::train::duration;
use super::{CliError, Context, Overrides};
use crate::model::TIERS;

/// Time the kernels of a problem, train the problems of a folder, or compare methods of training
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Arguments {
    /// The problem (`-` is standard input), or a folder of problems
    #[arg(value_name = "FILE|DIR", required = true)]
    path: Option<PathBuf>,
    #[command(flatten)]
    overrides: Overrides,
    #[command(flatten)]
    folder: FolderArguments,
    #[command(subcommand)]
    subject: Option<Subject>,
}

impl Arguments {
    /// The file or the folder; there is one where there is no subcommand.
    fn path(&self) -> &Path {
        self.path.as_deref().unwrap_or(Path::new("-"))
    }
}

/// What has arguments of its own.
#[derive(Debug, Subcommand)]
enum Subject {
    Optimizers(optimizers::Arguments),
}

/// What is said about a folder.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options for folders")]
struct FolderArguments {
    /// Only problems of this tier and the quicker ones; those without `set tier` are `core`
    #[arg(long, value_parser = PossibleValuesParser::new(TIERS), value_name = "TIER")]
    tier: Option<String>,
    /// Train from several seeds, the first and the last: `0..9` are ten
    #[arg(long, value_parser = seeds, value_name = "SEEDS", conflicts_with = "seed")]
    seeds: Option<RangeInclusive<u64>>,
    /// The most training of each run [default: 120s]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    time: Option<Duration>,
    /// Where the table goes [default: RESULTS.md in the folder]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// `3`, or `0..9`.
fn seeds(text: &str) -> Result<RangeInclusive<u64>, String> {
    let number = |text: &str| text.trim().parse::<u64>().map_err(|_| "write a seed, or two such as `0..9`".to_owned());
    let (first, last) = text.split_once("..").unwrap_or((text, text));
    let range = number(first)?..=number(last)?;
    if range.is_empty() { Err("the last seed comes before the first".to_owned()) } else { Ok(range) }
}

/// Prints a table of times, or of results.
///
/// # Errors
/// [`CliError`] for options that do not belong together, if a file can't be read or written, or if a problem can't be
/// compiled.
pub fn run(arguments: &Arguments, context: &Context) -> Result<ExitCode, CliError> {
    if let Some(Subject::Optimizers(arguments)) = &arguments.subject {
        return optimizers::run(arguments, context);
    }
    if arguments.path().is_dir() {
        return context.in_pool(|| problems::bench(arguments, context))?;
    }
    let FolderArguments { tier, seeds, time, output } = &arguments.folder;
    if tier.is_some() || seeds.is_some() || time.is_some() || output.is_some() {
        let text =
            "`--tier`, `--seeds`, `--time` and `--output` are for folders of problems, whose training they describe";
        return Err(CliError::Usage(text.to_owned()));
    }
    // One thread, so that times are those of the code.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    pool.install(|| kernels::bench(arguments, context))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_one_or_a_range() {
        assert_eq!(seeds("3"), Ok(3..=3));
        assert_eq!(seeds("0..9"), Ok(0..=9));
        for wrong in ["", "a", "1..", "-1", "9..0"] {
            assert!(seeds(wrong).is_err(), "{wrong}");
        }
    }
}
