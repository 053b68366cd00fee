//! `pdec check`: everything that can be said about files without training.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::problem::{Checked, check_file};
use super::{CliError, Context, Document, FILE_HAS_ERRORS, Overrides, Status};
use crate::diagnostic::{Record, has_errors, records, tidy, visible};
use crate::model;

/// Find mistakes in files, without training
#[derive(Debug, Args)]
pub struct Arguments {
    /// Files to check; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    overrides: Overrides,
}

#[derive(Serialize)]
struct Body<'a> {
    files: Vec<FileRecord<'a>>,
    diagnostics: Vec<Record<'a>>,
}

#[derive(Serialize)]
struct FileRecord<'a> {
    file: &'a str,
    status: Status,
    /// Why it could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

/// Checks each file; a failure with one does not keep the others from being checked.
///
/// # Errors
/// Those of writing to standard output. Failures to read a file are reported at once, and end in the exit code.
pub fn run(arguments: &Arguments, context: &Context) -> Result<ExitCode, CliError> {
    let overrides = model::Overrides::parse(&arguments.overrides.texts())?;
    let mut worst = 0;
    let mut all = Vec::new();
    let mut failed = Vec::new();
    for path in &arguments.files {
        match check_file(path, &overrides, &arguments.overrides.reading.allow_read, context) {
            Ok(checked) => {
                worst = worst.max(if has_errors(&checked.found) { FILE_HAS_ERRORS } else { 0 });
                if !has_errors(&checked.found) && !context.json {
                    context.say(&format!("{}: no errors", visible(checked.source.name())));
                }
                all.push(checked);
            }
            Err(error) => {
                error.complain();
                worst = worst.max(error.code());
                failed.push((path.display().to_string(), error.to_string()));
            }
        }
    }
    if context.json {
        document(&all, &failed, worst).print(context)?;
    }
    Ok(ExitCode::from(worst))
}

fn document<'a>(all: &'a [Checked], failed: &'a [(String, String)], worst: u8) -> Document<Body<'a>> {
    let unread = failed.iter().map(|(file, why)| FileRecord { file, status: Status::Failed, error: Some(why) });
    let status = |checked: &Checked| Status::of(&checked.found);
    let overall = match worst {
        0 if all.iter().any(|checked| status(checked) == Status::Warnings) => Status::Warnings,
        0 => Status::Ok,
        FILE_HAS_ERRORS => Status::Errors,
        _ => Status::Failed,
    };
    Document::new(
        overall,
        Body {
            files: all
                .iter()
                .map(|c| FileRecord { file: c.source.name(), status: status(c), error: None })
                .chain(unread)
                .collect(),
            diagnostics: all.iter().flat_map(|c| records(&c.source, tidy(&c.found))).collect(),
        },
    )
}
