//! The text of a `.pde` file and places in it.

use std::ops::Range;

/// A range of bytes of a [`Source`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The bytes `start..end`.
    pub fn new(start: usize, end: usize) -> Self {
        Self { start: start as u32, end: end as u32 }
    }

    /// From the start of `self` to the end of `other`.
    #[must_use]
    pub fn to(self, other: Span) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// As a range of `usize`, to slice the text.
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// A position as people count it: lines and columns from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Location {
    /// Line, from 1.
    pub line: usize,
    /// Column in bytes of UTF-8, from 1.
    pub column: usize,
    /// Column in UTF-16 code units, from 1 (what the language server protocol counts).
    pub column_utf16: usize,
}

/// A named text; spans refer to its bytes.
#[derive(Clone, Debug)]
pub struct Source {
    name: String,
    text: String,
    line_starts: Vec<usize>,
    /// In such a text all columns are equal, and finding them does not cost a pass over a line of megabytes.
    is_ascii: bool,
}

impl Source {
    /// Takes a text and the name under which diagnostics show it.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        let line_starts = std::iter::once(0).chain(text.match_indices('\n').map(|(i, _)| i + 1)).collect();
        let is_ascii = text.is_ascii();
        Self { name: name.into(), text, line_starts, is_ascii }
    }

    /// The name, usually the path as it was given.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text of a span.
    pub fn slice(&self, span: Span) -> &str {
        &self.text[span.range()]
    }

    /// Line and column of a byte; a byte inside a character counts as its start, one past the end as the end.
    pub fn location(&self, byte: u32) -> Location {
        let (line, prefix) = self.line_before(byte);
        let column_utf16 = if self.is_ascii { prefix.len() } else { prefix.encode_utf16().count() } + 1;
        Location { line, column: prefix.len() + 1, column_utf16 }
    }

    /// The line (from 1) of a byte, without the cost of its columns.
    pub fn line(&self, byte: u32) -> usize {
        self.line_before(byte).0
    }

    /// The column of a byte counted in characters, from 1, as editors show it.
    pub fn column_in_characters(&self, byte: u32) -> usize {
        let (_, prefix) = self.line_before(byte);
        1 + if self.is_ascii { prefix.len() } else { prefix.chars().count() }
    }

    /// The line of a byte, and what stands before the byte on it.
    fn line_before(&self, byte: u32) -> (usize, &str) {
        let byte = self.text.floor_char_boundary(byte as usize);
        let line = self.line_starts.partition_point(|&start| start <= byte);
        (line, &self.text[self.line_starts[line - 1]..byte])
    }

    /// How many lines there are; a text that ends with a line break has an empty last line.
    pub fn line_count(&self) -> usize {
        self.line_starts.len()
    }

    /// The bytes of a line (counted from 1) without its line break; lines beyond the end are empty.
    pub fn line_range(&self, line: usize) -> Range<usize> {
        let start = line.checked_sub(1).and_then(|index| self.line_starts.get(index)).copied();
        let Some(start) = start else { return self.text.len()..self.text.len() };
        let end = self.line_starts.get(line).map_or(self.text.len(), |next| next - 1);
        let end = if self.text[start..end].ends_with('\r') { end - 1 } else { end };
        start..end
    }
}
