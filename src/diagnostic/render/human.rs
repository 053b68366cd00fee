//! The form for people: the code as it stands in the file, and what is wrong with it beside it.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level as Tone, Origin, Patch, Renderer, Snippet};

use super::super::{Diagnostic, Level, Source, Span};
use super::excerpt::Excerpt;
use super::{Look, visible};

/// One diagnostic, with a blank line behind it.
pub(super) fn one(source: &Source, diagnostic: &Diagnostic, look: Look) -> String {
    let mut groups = vec![message(source, diagnostic)];
    if !diagnostic.fixes.is_empty() {
        groups.push(repair(source, diagnostic));
    }
    let renderer = if look.colour { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.decor_style(DecorStyle::Unicode).no_graphics(!look.graphics).term_width(look.width.max(40));
    let drawn = renderer.render(&groups);
    // The renderer pads lines to align them; nobody reads blanks at the end of a line.
    let mut text: String = drawn.lines().flat_map(|line| [line.trim_end(), "\n"]).collect();
    text.push('\n');
    text
}

/// The message, its labels, notes and helps.
fn message<'a>(source: &'a Source, diagnostic: &'a Diagnostic) -> Group<'a> {
    let title = tone(diagnostic.level).primary_title(visible(&diagnostic.message)).id(diagnostic.code);
    let in_file = diagnostic.labels.iter().any(|label| label.span.is_in_file());
    let mut group = if source.text().is_empty() && in_file {
        title.element(Origin::path(visible(source.name())))
    } else {
        let mut group = Group::with_title(title);
        for file in files(source, diagnostic) {
            group = labels(group, source, diagnostic, file);
        }
        group
    };
    // What a place would say beside the code is said below the message.
    let outside = diagnostic.labels.iter().filter(|label| !label.span.is_in_file() && !label.text.is_empty());
    for label in outside {
        group = group.element(Tone::NOTE.message(lines(&label.text)));
    }
    for note in &diagnostic.notes {
        group = group.element(Tone::NOTE.message(lines(note)));
    }
    for help in helps_before_repair(diagnostic) {
        group = group.element(Tone::HELP.message(lines(help)));
    }
    group
}

/// The files that have labels, that of the primary label first.
fn files(source: &Source, diagnostic: &Diagnostic) -> Vec<usize> {
    let mut files: Vec<usize> = Vec::new();
    for label in diagnostic.labels.iter().filter(|label| label.span.is_in_file()) {
        let file = source.file_index(label.span.start);
        if !files.contains(&file) {
            files.push(file);
        }
    }
    files
}

/// The lines of one file that have labels.
fn labels<'a>(group: Group<'a>, source: &'a Source, diagnostic: &'a Diagnostic, file: usize) -> Group<'a> {
    let labels = diagnostic.labels.iter().enumerate();
    let labels: Vec<_> =
        labels.filter(|(_, label)| label.span.is_in_file() && source.file_index(label.span.start) == file).collect();
    let spans: Vec<Span> = labels.iter().map(|(_, label)| label.span).collect();
    let excerpt = Excerpt::new(source, &spans);
    let annotations = labels.iter().map(|(index, label)| {
        let kind = if *index == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
        let text = (!label.text.is_empty()).then(|| visible(&label.text).into_owned());
        kind.span(excerpt.map(source, label.span)).label(text)
    });
    let annotations: Vec<_> = annotations.collect();
    let start = spans[0].start;
    let path = visible(source.name_at(start));
    let keeps_columns = excerpt.keeps_columns(source, start);
    let snippet = Snippet::source(excerpt.text).line_start(excerpt.first_line).annotations(annotations);
    if keeps_columns {
        return group.element(snippet.path(path));
    }
    // The renderer would count the column in the cut line.
    let column = source.column_in_characters(start);
    group.element(Origin::path(path).line(source.line(start)).char_column(column)).element(snippet)
}

/// The fixes as a patch of the file; the last help is its heading.
fn repair<'a>(source: &'a Source, diagnostic: &'a Diagnostic) -> Group<'a> {
    let spans: Vec<Span> = diagnostic.fixes.iter().map(|fix| fix.span).collect();
    let excerpt = Excerpt::new(source, &spans);
    let patch = |fix: &super::super::Fix| Patch::new(excerpt.map(source, fix.span), lines(&fix.replacement));
    let patches: Vec<_> = diagnostic.fixes.iter().map(patch).collect();
    let heading = diagnostic.helps.last().map_or("write it like this".to_owned(), |help| lines(help));
    Tone::HELP
        .secondary_title(heading)
        .element(Snippet::source(excerpt.text).line_start(excerpt.first_line).patches(patches))
}

fn helps_before_repair(diagnostic: &Diagnostic) -> &[String] {
    let reserved = usize::from(!diagnostic.fixes.is_empty());
    &diagnostic.helps[..diagnostic.helps.len().saturating_sub(reserved)]
}

fn tone(level: Level) -> Tone<'static> {
    match level {
        Level::Error => Tone::ERROR,
        Level::Warning => Tone::WARNING,
        Level::Note => Tone::NOTE,
    }
}

/// Visible, with its line breaks kept: notes and helps may have several lines.
fn lines(text: &str) -> String {
    text.split('\n').map(visible).collect::<Vec<_>>().join("\n")
}
