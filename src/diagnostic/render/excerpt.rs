//! The lines of a file that a message shows, made visible and short enough to draw.
//!
//! A line may hold megabytes and a label may point anywhere in it, so long lines are cut to a window around the labels,
//! and lines far from any label are left out. [`Excerpt::map`] takes places of the source into the excerpt.

use std::ops::Range;

use super::super::{Source, Span};
use super::visible::visible_in_columns;

/// A line up to this many bytes is shown whole.
const LONGEST_LINE: usize = 400;
/// Bytes kept on either side of the labels of a longer line.
const MARGIN: usize = 60;
/// Lines kept around each end of a label; the renderer shows fewer.
const NEIGHBOURS: usize = 4;
const CUT: &str = "...";

/// A part of a source that is safe to hand to the renderer.
pub(super) struct Excerpt {
    /// The text, lines separated by `\n`.
    pub text: String,
    /// Number of its first line in its file, from 1.
    pub first_line: usize,
    first_row: usize,
    lines: Vec<Line>,
}

struct Line {
    /// The bytes of the source that are shown.
    window: Range<usize>,
    /// Where they begin in the excerpt.
    offset: usize,
}

impl Excerpt {
    /// The lines that the spans, of one file, touch, and what is between them.
    pub fn new(source: &Source, spans: &[Span]) -> Self {
        let edges: Vec<usize> = spans.iter().flat_map(|s| [source.row(s.start), source.row(s.end)]).collect();
        let first_row = edges.iter().copied().min().unwrap_or(0);
        let last_row = edges.iter().copied().max().unwrap_or(0);
        let first_line = spans.iter().map(|s| source.line(s.start)).min().unwrap_or(1);
        let mut excerpt = Self { text: String::new(), first_line, first_row, lines: Vec::new() };
        for row in first_row..=last_row {
            let near = edges.iter().any(|edge| edge.abs_diff(row) <= NEIGHBOURS);
            excerpt.push(source, source.row_range(row), spans, near);
        }
        excerpt
    }

    fn push(&mut self, source: &Source, line: Range<usize>, spans: &[Span], near: bool) {
        let window = if near { window(source.text(), &line, spans) } else { line.start..line.start };
        if !self.lines.is_empty() {
            self.text.push('\n');
        }
        if window.start > line.start {
            self.text.push_str(CUT);
        }
        let offset = self.text.len();
        self.text.push_str(&visible_in_columns(&source.text()[window.clone()]));
        if near && window.end < line.end {
            self.text.push_str(CUT);
        }
        self.lines.push(Line { window, offset });
    }

    /// Whether the line of a byte is shown from its first character, so that columns in the excerpt are those of the source.
    pub fn keeps_columns(&self, source: &Source, byte: u32) -> bool {
        let row = source.row(byte);
        let shown = self.lines.get(row.saturating_sub(self.first_row));
        shown.is_some_and(|shown| shown.window.start == source.row_range(row).start)
    }

    /// The bytes of the excerpt that show a span of the source; places that are cut off move to the edge.
    pub fn map(&self, source: &Source, span: Span) -> Range<usize> {
        let start = self.position(source, span.start);
        let end = self.position(source, span.end).max(start);
        start..end
    }

    fn position(&self, source: &Source, byte: u32) -> usize {
        let index = source.row(byte).saturating_sub(self.first_row).min(self.lines.len() - 1);
        let Line { window, offset } = &self.lines[index];
        let byte = source.text().floor_char_boundary(byte as usize).clamp(window.start, window.end);
        offset + visible_in_columns(&source.text()[window.start..byte]).len()
    }
}

/// The part of a line to show: all of it, or the surroundings of the spans that touch it.
fn window(text: &str, line: &Range<usize>, spans: &[Span]) -> Range<usize> {
    if line.len() <= LONGEST_LINE {
        return line.clone();
    }
    let touching = || spans.iter().map(|s| s.range()).filter(|s| s.start <= line.end && s.end >= line.start);
    let first = touching().map(|s| s.start.max(line.start)).min().unwrap_or(line.start);
    let last = touching().map(|s| s.end.min(line.end)).max().unwrap_or(first);
    let start = first.saturating_sub(MARGIN).max(line.start);
    let end = (last + MARGIN).min(start + LONGEST_LINE).min(line.end);
    text.floor_char_boundary(start).max(line.start)..text.ceil_char_boundary(end).min(line.end)
}
