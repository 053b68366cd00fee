//! From a file on the command line to a checked problem: shared by all commands that need one.

use std::path::Path;
use std::process::ExitCode;

use serde::Serialize;

use super::{CliError, Context, Document, FILE_HAS_ERRORS, Reading, Status, read};
use crate::diagnostic::{Allowance, Diagnostic, Record, Source, allowed_codes, has_errors, records, tidy};
use crate::model::{Model, OverrideError, Overrides};
use crate::pipeline::{self, Times};
use crate::syntax;
use crate::syntax::ast::FormulaKind;

/// A file and what was found in it.
pub struct Checked {
    /// The file.
    pub source: Source,
    /// What it means, unless it has errors (or warnings that are denied).
    pub model: Option<Model>,
    /// What was found, less what is allowed; it has been shown already.
    pub found: Vec<Diagnostic>,
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
/// [`CliError::Read`] if it can't be read.
pub fn check_file(path: &Path, overrides: &Overrides, context: &Context) -> Result<Checked, CliError> {
    match read(path)? {
        Reading::Text(source) => Ok(check_source(source, overrides, context)),
        Reading::Rejected(source, found) => {
            let found = context.show(&source, vec![*found], &[]);
            Ok(Checked { source, model: None, found, times: Times::default() })
        }
    }
}

/// Checks a text, and shows what is wrong with it.
pub fn check_source(source: Source, overrides: &Overrides, context: &Context) -> Checked {
    let mut times = Times::default();
    let (model, found) = pipeline::check(&source, overrides, &mut times);
    // Read once more only where something could be allowed.
    let allowances = if found.is_empty() { Vec::new() } else { allowances(&source) };
    let found = context.show(&source, found, &allowances);
    let model = model.filter(|_| !has_errors(&found));
    Checked { source, model, found, times }
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

/// The warnings that a file silences itself: `# pdec: allow W0301`, and `with allow=W0301`.
fn allowances(source: &Source) -> Vec<Allowance> {
    let Some(ast) = syntax::parse(source).0 else { return Vec::new() };
    let everywhere = ast.comments.iter().flat_map(|c| allowed_codes(source.slice(c.span)));
    let mut found: Vec<Allowance> = everywhere.map(|code| Allowance { code, within: None }).collect();
    for statement in &ast.statements {
        for attribute in statement.attributes.iter().filter(|a| a.name.text == "allow") {
            if let Some(FormulaKind::Name(code)) = attribute.value.as_ref().map(|value| &value.kind) {
                found.push(Allowance { code: code.clone(), within: Some(statement.span) });
            }
        }
    }
    found
}
