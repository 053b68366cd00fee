//! From a file on the command line to a checked problem: shared by all commands that need one.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::Serialize;

use super::{CliError, Context, Document, FILE_HAS_ERRORS, Reading, Status, read};
use crate::dataset::Files;
use crate::diagnostic::{Diagnostic, Record, Source, has_errors, records, tidy};
use crate::model::{Formulas, Given, Model, OverrideError, Overrides};
use crate::pipeline::{self, Times};
use crate::syntax::{self, ast::Ast};

/// A file and what was found in it.
pub struct Checked {
    /// The file.
    pub source: Source,
    /// What it means, unless it has errors (or warnings that are denied).
    pub model: Option<Model>,
    /// What was found, less what is allowed; it has been shown already.
    pub found: Vec<Diagnostic>,
    /// Its statements, unless the text is too large.
    pub ast: Option<Ast>,
    /// The files that it names, as far as they were read.
    pub files: Files,
    /// How long parsing and checking took.
    pub times: Times,
}

impl From<OverrideError> for CliError {
    fn from(error: OverrideError) -> Self {
        Self::Usage(error.to_string())
    }
}

/// Reads and checks a problem file, and shows what is wrong with it.
///
/// # Errors
/// [`CliError::Read`] if it can't be read, or if a folder that is allowed is none.
pub fn check_file(
    path: &Path,
    overrides: &Overrides,
    allowed: &[PathBuf],
    context: &Context,
) -> Result<Checked, CliError> {
    // Standard input has no folder; what it names is looked for where pdec was called.
    let folder = if path == Path::new("-") { Path::new("") } else { path.parent().unwrap_or(Path::new("")) };
    match read(path)? {
        Reading::Text(source) => {
            let files = Files::below(folder, allowed).map_err(|(path, source)| CliError::Read { path, source })?;
            Ok(check_source(source, overrides, files, context))
        }
        Reading::Rejected(source, found) => {
            let found = context.show(&source, vec![*found], &[]);
            Ok(Checked { source, model: None, found, ast: None, files: Files::default(), times: Times::default() })
        }
    }
}

/// Checks a text, and shows what is wrong with it.
pub fn check_source(source: Source, overrides: &Overrides, files: Files, context: &Context) -> Checked {
    let mut times = Times::default();
    let given = Given { overrides, formulas: &Formulas::default(), files: &files };
    let pipeline::Checked { source, ast, model, found } = pipeline::check_given(source, given, &mut times);
    let allowances = ast.as_ref().map(|ast| syntax::allowances(&source, ast)).unwrap_or_default();
    let found = context.show(&source, found, &allowances);
    let model = model.filter(|_| !has_errors(&found)).map(|(model, _)| model);
    Checked { source, model, found, ast, files, times }
}

/// The document of a file that has errors, where one is wanted.
///
/// # Errors
/// Those of writing to standard output.
pub fn refuse(checked: &Checked, context: &Context) -> Result<ExitCode, CliError> {
    if context.json {
        let diagnostics = records(&checked.source, tidy(&checked.found));
        Document::new(Status::Errors, Refusal { file: checked.source.name(), diagnostics }).print(context)?;
    }
    Ok(ExitCode::from(FILE_HAS_ERRORS))
}

#[derive(Serialize)]
struct Refusal<'a> {
    file: &'a str,
    diagnostics: Vec<Record<'a>>,
}
