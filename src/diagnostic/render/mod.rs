//! One list of diagnostics in three forms: for people, for editors, for programs.
//!
//! Whatever comes from the input (names, strings, file names, whole lines) is made [`visible`] first, so that an escape
//! sequence in a file can neither colour nor rewrite the terminal.

mod excerpt;
mod human;
mod json;
mod short;
mod visible;

#[cfg(test)]
mod tests;

pub use json::{Record, records, to_json};
pub use visible::visible;

use super::{Diagnostic, Level, Source};

/// How many errors, and how many warnings, the forms for people show of one file.
pub const MOST_SHOWN: usize = 20;

/// The form of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Excerpts of the file with labels, as compilers draw them.
    Human(Look),
    /// `file:line:col: error[E0201]: message`
    Short,
    /// One JSON object a line.
    Json,
}

/// How the form for people looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Whether to use ANSI colours.
    pub colour: bool,
    /// Whether to draw excerpts; without, each label is a sentence (for screen readers).
    pub graphics: bool,
    /// Columns of the terminal.
    pub width: usize,
}

impl Default for Look {
    fn default() -> Self {
        Self { colour: false, graphics: true, width: 120 }
    }
}

/// Renders all diagnostics of one file in order of place, each once; ends with a line break unless there are none.
///
/// The forms for people stop at [`MOST_SHOWN`] errors and as many warnings, and say how many more there are.
pub fn render(source: &Source, found: &[Diagnostic], form: Form) -> String {
    let found = tidy(found);
    if form == Form::Json {
        return json::lines(source, &found);
    }
    let mut shown = [0; 3];
    let mut hidden = [0; 3];
    let mut text = String::new();
    for diagnostic in found {
        let level = diagnostic.level as usize;
        if shown[level] == MOST_SHOWN {
            hidden[level] += 1;
            continue;
        }
        shown[level] += 1;
        text += &match form {
            Form::Human(look) => human::one(source, diagnostic, look),
            _ => short::one(source, diagnostic),
        };
    }
    text + &remainder(hidden)
}

/// In order of place, errors before warnings at the same place, each message once.
pub fn tidy(found: &[Diagnostic]) -> Vec<&Diagnostic> {
    let key = |d: &&Diagnostic| (d.span().start, std::cmp::Reverse(d.level), d.code);
    let mut sorted: Vec<&Diagnostic> = found.iter().collect();
    sorted.sort_by(|a, b| key(a).cmp(&key(b)).then_with(|| a.message.cmp(&b.message)));
    sorted.dedup_by(|a, b| {
        a.code == b.code && a.level == b.level && a.span() == b.span() && a.message == b.message && a.labels == b.labels
    });
    sorted
}

fn remainder(hidden: [usize; 3]) -> String {
    let named: Vec<String> = [Level::Error, Level::Warning, Level::Note]
        .into_iter()
        .filter(|&level| hidden[level as usize] > 0)
        .map(|level| {
            let count = hidden[level as usize];
            format!("{count} more {}{}", level.name(), if count == 1 { "" } else { "s" })
        })
        .collect();
    if named.is_empty() { String::new() } else { format!("... and {}\n", named.join(" and ")) }
}
