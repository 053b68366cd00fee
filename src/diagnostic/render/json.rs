//! Diagnostics for programs: every field of the message, with places in all the units that editors count in.

use serde::Serialize;

use super::super::{Diagnostic, Source, Span};
use super::visible::is_unsafe;

/// One diagnostic as a JSON object.
#[derive(Debug, Serialize)]
pub struct Record<'a> {
    code: &'static str,
    level: &'static str,
    message: &'a str,
    file: &'a str,
    /// None for what stands on the command line.
    span: Option<Place>,
    labels: Vec<LabelRecord<'a>>,
    notes: &'a [String],
    helps: &'a [String],
    fixes: Vec<FixRecord<'a>>,
    /// Where the code is documented online; nowhere yet, `pdec explain` has the text.
    url: Option<String>,
}

#[derive(Debug, Serialize)]
struct LabelRecord<'a> {
    /// The file of the label, where it is not that of the diagnostic.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    span: Option<Place>,
    text: &'a str,
    primary: bool,
}

#[derive(Debug, Serialize)]
struct FixRecord<'a> {
    /// The file to change, where it is not that of the diagnostic.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    span: Option<Place>,
    replace: &'a str,
}

/// Half-open: `end` is the first position behind the span.
#[derive(Debug, Serialize)]
struct Place {
    start: Position,
    end: Position,
}

/// Lines and columns count from 1, `byte` from 0, each from the start of the file.
#[derive(Debug, Serialize)]
struct Position {
    line: usize,
    col: usize,
    col_utf16: usize,
    byte: usize,
}

/// The diagnostics of one file for the `diagnostics` field of a document; the order is kept.
pub fn records<'a>(source: &'a Source, found: impl IntoIterator<Item = &'a Diagnostic>) -> Vec<Record<'a>> {
    found.into_iter().map(|diagnostic| record(source, diagnostic)).collect()
}

/// One object a line.
pub(super) fn lines(source: &Source, found: &[&Diagnostic]) -> String {
    let mut text = String::new();
    for record in records(source, found.iter().copied()) {
        // Strings, numbers and lists of them: serde_json cannot refuse these.
        text += &to_json(&record).expect("a record has only strings as keys");
        text.push('\n');
    }
    text
}

/// JSON on one line that is safe to print: characters that a terminal acts on, or hides, are written as `\uXXXX`.
///
/// # Errors
/// What serde_json refuses: maps with keys that are not strings, and errors of a `Serialize` of one's own.
pub fn to_json(value: &impl Serialize) -> serde_json::Result<String> {
    let text = serde_json::to_string(value)?;
    if !text.chars().any(is_unsafe) {
        return Ok(text);
    }
    // Outside of strings JSON is plain ASCII, so every such character stands in a string, where escapes are allowed.
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_unsafe(c) {
            let mut units = [0; 2];
            c.encode_utf16(&mut units).iter().for_each(|unit| safe += &format!("\\u{unit:04x}"));
        } else {
            safe.push(c);
        }
    }
    Ok(safe)
}

fn record<'a>(source: &'a Source, diagnostic: &'a Diagnostic) -> Record<'a> {
    let file = |span: Span| {
        let elsewhere =
            span.is_in_file() && source.file_index(span.start) != source.file_index(diagnostic.span().start);
        elsewhere.then(|| source.name_at(span.start))
    };
    let label = |(index, label): (usize, &'a super::super::Label)| LabelRecord {
        file: file(label.span),
        span: place(source, label.span),
        text: &label.text,
        primary: index == 0,
    };
    let fix = |fix: &'a super::super::Fix| FixRecord {
        file: file(fix.span),
        span: place(source, fix.span),
        replace: &fix.replacement,
    };
    Record {
        code: diagnostic.code,
        level: diagnostic.level.name(),
        message: &diagnostic.message,
        file: if diagnostic.span().is_in_file() { source.name_at(diagnostic.span().start) } else { source.name() },
        span: place(source, diagnostic.span()),
        labels: diagnostic.labels.iter().enumerate().map(label).collect(),
        notes: &diagnostic.notes,
        helps: &diagnostic.helps,
        fixes: diagnostic.fixes.iter().map(fix).collect(),
        url: None,
    }
}

fn place(source: &Source, span: Span) -> Option<Place> {
    let place = || Place { start: position(source, span.start), end: position(source, span.end.max(span.start)) };
    span.is_in_file().then(place)
}

fn position(source: &Source, byte: u32) -> Position {
    let location = source.location(byte);
    Position {
        line: location.line,
        col: location.column,
        col_utf16: location.column_utf16,
        byte: source.byte_in_file(byte),
    }
}
