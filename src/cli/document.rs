//! The JSON that `--json` prints: one document a command, with the same four fields in front.

use serde::Serialize;

use super::context::Context;
use super::error::CliError;
use crate::diagnostic::{Diagnostic, Level, to_json};

/// How it went, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Nothing to complain about.
    Ok,
    /// There are warnings.
    Warnings,
    /// The file has errors, or a check found differences.
    Errors,
    /// The command could not do its work.
    Failed,
}

impl Status {
    /// The status of a file by the worst of its diagnostics.
    pub fn of(found: &[Diagnostic]) -> Self {
        match found.iter().map(|d| d.level).max() {
            Some(Level::Error) => Self::Errors,
            Some(Level::Warning) => Self::Warnings,
            Some(Level::Note) | None => Self::Ok,
        }
    }
}

/// The frame of every document.
#[derive(Debug, Serialize)]
pub struct Document<T> {
    schema: u32,
    tool: &'static str,
    version: &'static str,
    status: Status,
    #[serde(flatten)]
    body: T,
}

impl<T: Serialize> Document<T> {
    /// A document with the fields of `body`, which has to be a struct or a map.
    pub fn new(status: Status, body: T) -> Self {
        Self { schema: 1, tool: "pdec", version: env!("CARGO_PKG_VERSION"), status, body }
    }

    /// Writes it to standard output, on one line.
    ///
    /// # Errors
    /// Those of [`Context::print`].
    pub fn print(&self, context: &Context) -> Result<(), CliError> {
        let text = to_json(self).map_err(|error| CliError::Output(error.into()))?;
        context.print(&(text + "\n"))
    }
}
