//! The files that statements name.

use std::sync::Arc;

use crate::dataset::FileError;
use crate::diagnostic::Span;

use super::elaborate::Elaborator;

impl Elaborator<'_> {
    /// The bytes of the file that the statement at `span` names; that it can't be read is reported there.
    pub fn file(&mut self, path: &str, span: Span) -> Option<Arc<[u8]>> {
        match self.try_file(path, span) {
            Ok(bytes) => Some(bytes),
            Err(error) => {
                self.found.push(error.diagnostic(span));
                None
            }
        }
    }

    /// The bytes of the file that the statement at `span` names, or why it can't be read, for statements that can do
    /// without it.
    pub fn try_file(&self, path: &str, span: Span) -> Result<Arc<[u8]>, FileError> {
        self.files.read(self.ast.folder(span), path)
    }
}
