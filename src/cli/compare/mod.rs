//! `pdec compare`: runs side by side.
//!
//! * `record`: a run as its folder tells of it
//! * `summary`: runs that differ in their seeds alone as one row, the table of all rows, and their figure

mod record;
mod summary;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::plot::write_figure;
use super::{CliError, Context, Document, Status};
use crate::train::find_run;

pub use record::Record;
pub use summary::{Summary, ascending, figure, median, summaries, table};

/// Show runs side by side: errors, times to reach them, cost of a step, memory
#[derive(Debug, Args)]
pub struct Arguments {
    /// Folders of runs, or names of problems for their latest runs; runs that differ in their seeds alone are one row
    #[arg(value_name = "RUN", required = true)]
    runs: Vec<PathBuf>,
    /// Print the table as Markdown
    #[arg(long)]
    md: bool,
    /// Draw the median error against time, .svg or .png
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Serialize)]
struct Body<'a> {
    table: &'a [Summary],
    runs: &'a [Record],
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<&'a Path>,
}

/// Prints the table, and draws the figure where one is asked for.
///
/// # Errors
/// [`CliError`] if there is no such run, or if a file can't be read or written.
pub fn run(arguments: &Arguments, context: &Context) -> Result<ExitCode, CliError> {
    let records = records(&arguments.runs, &context.runs())?;
    let rows = summaries(&records);
    if let Some(path) = &arguments.output {
        let Some(figure) = figure(&rows) else {
            return Err(CliError::Usage(
                "no run has an error to draw: their problems have no exact solution".to_owned(),
            ));
        };
        write_figure(&figure, path)?;
    }
    if context.json {
        let body = Body { table: &rows, runs: &records, output: arguments.output.as_deref() };
        Document::new(Status::Ok, body).print(context)?;
    } else {
        let table = table(&rows);
        context.print(&if arguments.md { table.to_markdown() } else { table.to_text() })?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The runs, each once: `runs/heat/*` names the latest one twice.
fn records(given: &[PathBuf], root: &Path) -> Result<Vec<Record>, CliError> {
    let (mut seen, mut records) = (Vec::new(), Vec::new());
    for path in given {
        let files = find_run(path, root).ok_or_else(|| CliError::NoRun(path.clone()))?;
        let folder = files.folder().to_owned();
        let place = folder.canonicalize().map_err(|source| CliError::Read { path: folder, source })?;
        if !seen.contains(&place) {
            seen.push(place);
            records.push(Record::read(&files)?);
        }
    }
    Ok(records)
}
