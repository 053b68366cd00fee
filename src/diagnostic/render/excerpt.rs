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
    /// Number of its first line in the source, from 1.
    pub first_line: usize,
    lines: Vec<Line>,
}

struct Line {
    /// The bytes of the source that are shown.
    window: Range<usize>,
    /// Where they begin in the excerpt.
    offset: usize,
}

impl Excerpt {
    /// The lines that the spans touch, and what is between them.
    pub fn new(source: &Source, spans: &[Span]) -> Self {
        let line_of = |byte: u32| source.line(byte);
        let first_line = spans.iter().map(|s| line_of(s.start)).min().unwrap_or(1);
        let last_line = spans.iter().map(|s| line_of(s.end)).max().unwrap_or(1);
        let edges: Vec<usize> = spans.iter().flat_map(|s| [line_of(s.start), line_of(s.end)]).collect();
        let mut excerpt = Self { text: String::new(), first_line, lines: Vec::new() };
        for number in first_line..=last_line {
            let near = edges.iter().any(|edge| edge.abs_diff(number) <= NEIGHBOURS);
            excerpt.push(source, source.line_range(number), spans, near);
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
        let line = source.line(byte);
        let shown = self.lines.get(line.saturating_sub(self.first_line));
        shown.is_some_and(|shown| shown.window.start == source.line_range(line).start)
    }

    /// The bytes of the excerpt that show a span of the source; places that are cut off move to the edge.
    pub fn map(&self, source: &Source, span: Span) -> Range<usize> {
        let start = self.position(source, span.start);
        let end = self.position(source, span.end).max(start);
        start..end
    }

    fn position(&self, source: &Source, byte: u32) -> usize {
        let index = source.line(byte).saturating_sub(self.first_line).min(self.lines.len() - 1);
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
