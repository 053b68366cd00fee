//! `pdec fmt`: one way to lay out a file.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::diff::unified;
use super::{CliError, Context, Document, FILE_HAS_ERRORS, Reading, Status, read};
use crate::diagnostic::{Diagnostic, Record, Source, has_errors, records, tidy, visible};
use crate::report::files;
use crate::syntax;

/// Lay out files; their meaning and their comments stay
#[derive(Debug, Args)]
pub struct Arguments {
    /// Files to rewrite; `-` filters standard input to standard output
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Write nothing; exit with 1 if a file would change
    #[arg(long)]
    check: bool,
    /// Write nothing; print what would change, and exit with 1 if anything would
    #[arg(long)]
    diff: bool,
}

/// What came of one file.
struct Outcome {
    source: Source,
    found: Vec<Diagnostic>,
    /// `None` if it has errors.
    formatted: Option<String>,
}

#[derive(Serialize)]
struct Body<'a> {
    files: Vec<FileRecord<'a>>,
    diagnostics: Vec<Record<'a>>,
}

#[derive(Serialize)]
struct FileRecord<'a> {
    file: &'a str,
    changed: bool,
}

impl Outcome {
    fn changed(&self) -> bool {
        self.formatted.as_ref().is_some_and(|text| text != self.source.text())
    }
}

/// Formats each file; a failure with one does not keep the others from being formatted.
///
/// # Errors
/// Those of writing to standard output. Failures to read or write a file are reported at once, and end in the exit code.
pub fn run(arguments: &Arguments, context: &Context) -> Result<ExitCode, CliError> {
    let mut worst = 0;
    let mut outcomes = Vec::new();
    for path in &arguments.files {
        let done = format(path, context).and_then(|outcome| {
            deliver(path, &outcome, arguments, context)?;
            Ok(outcome)
        });
        match done {
            Ok(outcome) => {
                let dry = arguments.check || arguments.diff;
                if has_errors(&outcome.found) || (dry && outcome.changed()) {
                    worst = worst.max(FILE_HAS_ERRORS);
                }
                outcomes.push(outcome);
            }
            Err(error @ (CliError::Output(_) | CliError::OutputClosed)) => return Err(error),
            Err(error) => {
                error.complain();
                worst = worst.max(error.code());
            }
        }
    }
    if context.json {
        document(&outcomes, worst).print(context)?;
    }
    Ok(ExitCode::from(worst))
}

fn format(path: &Path, context: &Context) -> Result<Outcome, CliError> {
    let (source, result) = match read(path)? {
        Reading::Text(source) => {
            let result = syntax::format(&source);
            (source, result)
        }
        Reading::Rejected(source, found) => (source, Err(vec![*found])),
    };
    let (formatted, found) = match result {
        Ok(text) => (Some(text), Vec::new()),
        Err(found) => (None, context.show(&source, found, &[])),
    };
    Ok(Outcome { source, found, formatted })
}

/// Brings the result to where it belongs: the file, or standard output.
fn deliver(path: &Path, outcome: &Outcome, arguments: &Arguments, context: &Context) -> Result<(), CliError> {
    let Some(text) = &outcome.formatted else { return Ok(()) };
    let name = visible(outcome.source.name());
    if arguments.diff {
        if outcome.changed() && !context.json {
            // Split at `\n` only: a carriage return at the end of a line may be the whole change.
            let changes: Vec<String> = unified(outcome.source.text(), text)
                .split_terminator('\n')
                .map(|l| visible(l) + "\n")
                .map(String::from)
                .collect();
            context.print(&format!("--- {name}\n+++ {name}\n{}", changes.concat()))?;
        }
    } else if arguments.check {
        if outcome.changed() {
            context.say(&format!("{name} would be changed"));
        }
    } else if path == Path::new("-") {
        if !context.json {
            context.print(text)?;
        }
    } else if outcome.changed() {
        files::write_atomic(path, text.as_bytes())?;
        context.say(&format!("{name} changed"));
    }
    Ok(())
}

fn document(outcomes: &[Outcome], worst: u8) -> Document<Body<'_>> {
    let status = match worst {
        0 => Status::Ok,
        FILE_HAS_ERRORS => Status::Errors,
        _ => Status::Failed,
    };
    Document::new(
        status,
        Body {
            files: outcomes.iter().map(|o| FileRecord { file: o.source.name(), changed: o.changed() }).collect(),
            diagnostics: outcomes.iter().flat_map(|o| records(&o.source, tidy(&o.found))).collect(),
        },
    )
}
