//! The mistakes found in one file, bounded so that binary noise cannot fill the memory.

use crate::diagnostic::{Diagnostic, Level};

/// Beyond this many of a level nobody reads on; the renderer shows fewer still.
const MOST: usize = 200;

/// Collects diagnostics, of each level up to a bound.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    list: Vec<Diagnostic>,
    errors: usize,
}

impl Findings {
    /// Adds a diagnostic, unless there are too many of its level already.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        let is_error = diagnostic.level == Level::Error;
        let alike = if is_error { self.errors } else { self.list.len() - self.errors };
        if alike < MOST {
            self.errors += usize::from(is_error);
            self.list.push(diagnostic);
        }
    }

    /// All diagnostics in order of place.
    pub fn into_sorted(mut self) -> Vec<Diagnostic> {
        self.list.sort_by_key(|found| (found.span(), found.code));
        self.list
    }
}
