//! The mistakes found in one file, bounded so that binary noise cannot fill the memory.

use crate::diagnostic::{Diagnostic, Level};

use super::characters;

/// Beyond this many of a level nobody reads on; the renderer shows fewer still.
pub(super) const MOST: usize = 200;

/// Longest text of a message, in characters: it may quote a file of eight megabytes.
const LONGEST_TEXT: usize = 400;

/// Collects diagnostics, of each level up to a bound.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    list: Vec<Diagnostic>,
    errors: usize,
}

impl Findings {
    /// Adds a diagnostic, unless there are too many of its level already.
    pub fn push(&mut self, mut diagnostic: Diagnostic) {
        let is_error = diagnostic.level == Level::Error;
        let alike = if is_error { self.errors } else { self.list.len() - self.errors };
        if alike < MOST {
            self.errors += usize::from(is_error);
            let Diagnostic { message, labels, notes, helps, .. } = &mut diagnostic;
            let labels = labels.iter_mut().map(|label| &mut label.text);
            std::iter::once(message).chain(labels).chain(notes).chain(helps).for_each(make_printable);
            self.list.push(diagnostic);
        }
    }

    /// Adds what was found elsewhere.
    pub fn append(&mut self, other: Findings) {
        other.list.into_iter().for_each(|diagnostic| self.push(diagnostic));
    }

    /// All diagnostics in order of place.
    pub fn into_sorted(mut self) -> Vec<Diagnostic> {
        self.list.sort_by_key(|found| (found.span(), found.code));
        self.list
    }
}

/// What a message quotes may hold characters that command a terminal, or many of them.
fn make_printable(text: &mut String) {
    let is_unprintable = |c: char| c.is_control() || characters::is_direction_control(c);
    if text.contains(is_unprintable) {
        *text = text.replace(char::is_whitespace, " ").replace(is_unprintable, "\u{fffd}");
    }
    if let Some((end, _)) = text.char_indices().nth(LONGEST_TEXT) {
        text.truncate(end);
        text.push_str("...");
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::Span;

    use super::*;

    fn pushed(message: &str) -> String {
        let mut findings = Findings::default();
        findings.push(Diagnostic::error("E0004", message, Span::new(0, 1), "here"));
        findings.into_sorted().remove(0).message
    }

    #[test]
    fn messages_are_printable() {
        assert_eq!(pushed("a `\u{1b}[31m`\nb \u{202e}"), "a `\u{fffd}[31m` b \u{fffd}");
        assert_eq!(pushed(&"ä".repeat(LONGEST_TEXT)), "ä".repeat(LONGEST_TEXT));
        assert_eq!(pushed(&"ä".repeat(1000)), "ä".repeat(LONGEST_TEXT) + "...");
    }

    #[test]
    fn an_error_is_kept_behind_any_number_of_warnings() {
        let mut findings = Findings::default();
        for _ in 0..10_000 {
            findings.push(Diagnostic::warning("W0018", "a", Span::new(0, 1), "b"));
        }
        findings.push(Diagnostic::error("E0004", "a", Span::new(0, 1), "b"));
        let found = findings.into_sorted();
        assert_eq!(found.len(), MOST + 1);
        assert!(crate::diagnostic::has_errors(&found));
    }
}
