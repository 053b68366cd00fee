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
    /// No place in any file: what it labels stands on the command line.
    pub const OUTSIDE: Self = Self { start: u32::MAX, end: u32::MAX };

    /// Whether there is a place.
    pub fn is_in_file(self) -> bool {
        self != Self::OUTSIDE
    }

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

/// A named text, and behind it those of the files that it imports; spans refer to the bytes of all of them.
///
/// Lines and columns count from the start of the file in which a place is.
#[derive(Clone, Debug)]
pub struct Source {
    files: Vec<File>,
    text: String,
    row_starts: Vec<usize>,
    /// In such a text all columns are equal, and finding them does not cost a pass over a line of megabytes.
    is_ascii: bool,
}

/// A file and where it begins.
#[derive(Clone, Debug)]
struct File {
    name: String,
    /// Its first byte.
    start: usize,
    /// Its first row.
    row: usize,
}

impl Source {
    /// Takes a text and the name under which diagnostics show it.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        let row_starts = std::iter::once(0).chain(text.match_indices('\n').map(|(i, _)| i + 1)).collect();
        let is_ascii = text.is_ascii();
        Self { files: vec![File { name: name.into(), start: 0, row: 0 }], text, row_starts, is_ascii }
    }

    /// Appends the text of another file; gives its place.
    pub fn append(&mut self, name: impl Into<String>, text: &str) -> Span {
        // Files do not share a row.
        self.text.push('\n');
        let start = self.text.len();
        self.files.push(File { name: name.into(), start, row: self.row_starts.len() });
        self.row_starts.push(start);
        self.row_starts.extend(text.match_indices('\n').map(|(i, _)| start + i + 1));
        self.is_ascii &= text.is_ascii();
        self.text.push_str(text);
        Span::new(start, self.text.len())
    }

    /// The name of the first file, usually the path as it was given.
    pub fn name(&self) -> &str {
        &self.files[0].name
    }

    /// The name of the file with this byte.
    pub fn name_at(&self, byte: u32) -> &str {
        &self.file(byte).name
    }

    /// The number of the file with this byte, from 0.
    pub fn file_index(&self, byte: u32) -> usize {
        // The first file starts at byte 0.
        self.files.partition_point(|file| file.start <= byte as usize) - 1
    }

    fn file(&self, byte: u32) -> &File {
        &self.files[self.file_index(byte)]
    }

    /// The whole text, that of all files.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text of the first file.
    pub fn main(&self) -> &str {
        let end = self.files.get(1).map_or(self.text.len(), |next| next.start - 1);
        &self.text[..end]
    }

    /// The text of a span.
    pub fn slice(&self, span: Span) -> &str {
        &self.text[span.range()]
    }

    /// Line and column of a byte; a byte inside a character counts as its start, one past the end as the end.
    pub fn location(&self, byte: u32) -> Location {
        let (row, prefix) = self.row_before(byte);
        let column_utf16 = if self.is_ascii { prefix.len() } else { prefix.encode_utf16().count() } + 1;
        Location { line: self.line_of_row(row, byte), column: prefix.len() + 1, column_utf16 }
    }

    /// The line (from 1) of a byte, without the cost of its columns.
    pub fn line(&self, byte: u32) -> usize {
        self.line_of_row(self.row(byte), byte)
    }

    /// The number of a byte in its file, from 0.
    pub fn byte_in_file(&self, byte: u32) -> usize {
        self.text.floor_char_boundary(byte as usize) - self.file(byte).start
    }

    /// The column of a byte counted in characters, from 1, as editors show it.
    pub fn column_in_characters(&self, byte: u32) -> usize {
        let (_, prefix) = self.row_before(byte);
        1 + if self.is_ascii { prefix.len() } else { prefix.chars().count() }
    }

    fn line_of_row(&self, row: usize, byte: u32) -> usize {
        // The break between two files belongs to the last line of the first.
        (row + 1).saturating_sub(self.file(byte).row).max(1)
    }

    /// The row of a byte: its line, counted from 0 through all files.
    pub(super) fn row(&self, byte: u32) -> usize {
        self.row_before(byte).0
    }

    /// The row of a byte, and what stands before the byte on it.
    fn row_before(&self, byte: u32) -> (usize, &str) {
        let byte = self.text.floor_char_boundary(byte as usize);
        let row = self.row_starts.partition_point(|&start| start <= byte) - 1;
        (row, &self.text[self.row_starts[row]..byte])
    }

    /// The bytes of a row without its line break; rows beyond the end are empty.
    pub(super) fn row_range(&self, row: usize) -> Range<usize> {
        let Some(&start) = self.row_starts.get(row) else { return self.text.len()..self.text.len() };
        let end = self.row_starts.get(row + 1).map_or(self.text.len(), |next| next - 1);
        let end = if self.text[start..end].ends_with('\r') { end - 1 } else { end };
        start..end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_from_the_start_of_their_file() {
        let mut source = Source::new("a.pde", "one\ntwo");
        let b = source.append("b.pde", "α\nthree\n");
        let c = source.append("c.pde", "");
        assert_eq!((source.slice(b), source.slice(c), source.main()), ("α\nthree\n", "", "one\ntwo"));
        let at = |part: &str| source.text().find(part).unwrap() as u32;
        let place = |byte: u32| (source.name_at(byte), source.line(byte), source.location(byte).column);
        assert_eq!(place(at("wo")), ("a.pde", 2, 2));
        assert_eq!(place(at("two") + 3), ("a.pde", 2, 4), "the end of the first file");
        assert_eq!(place(b.start), ("b.pde", 1, 1));
        assert_eq!(place(at("hree")), ("b.pde", 2, 2));
        assert_eq!(place(c.start), ("c.pde", 1, 1));
        assert_eq!(source.byte_in_file(at("three")), 3);
        assert_eq!([0, at("α"), c.start].map(|byte| source.file_index(byte)), [0, 1, 2]);
    }
}
