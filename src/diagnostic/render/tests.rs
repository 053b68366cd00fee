//! What the three forms look like, on the inputs that usually go wrong.

use proptest::prelude::*;

use super::*;
use crate::diagnostic::Span;

fn span_of(text: &str, part: &str) -> Span {
    let start = text.find(part).unwrap_or_else(|| panic!("`{part}` is not in the text"));
    Span::new(start, start + part.len())
}

fn all_forms(source: &Source, found: &[Diagnostic]) -> String {
    let human = render(source, found, Form::Human(Look::default()));
    let spoken = render(source, found, Form::Human(Look { graphics: false, ..Look::default() }));
    let short = render(source, found, Form::Short);
    format!("{human}── spoken\n{spoken}── short\n{short}── json\n{}", render(source, found, Form::Json))
}

#[test]
fn two_labels_a_note_and_a_help() {
    let text = "domain x in [0, 1]\nunknown u\neq u_xx = 1\n\n\n\n\n\nbc u = 0 on x = 0\n";
    let found =
        Diagnostic::warning("W0301", "no condition on `u` at x = 1", span_of(text, "x = 0"), "covers only x = 0")
            .label(span_of(text, "u_xx"), "2nd order in x: one condition at each end")
            .note("without it the solution is not unique")
            .help("add `bc u = 0 on x = 1`, or write `on boundary`");
    insta::assert_snapshot!(all_forms(&Source::new("heat.pde", text), &[found]));
}

#[test]
fn a_fix_is_a_patch() {
    let text = "eq 2u = 1\n";
    let found = Diagnostic::error("E0003", "`2u` is not a product", span_of(text, "2u"), "a `*` is missing")
        .help("write `2*u`")
        .fix(span_of(text, "2u"), "2*u");
    insta::assert_snapshot!(all_forms(&Source::new("a.pde", text), &[found]));
}

#[test]
fn a_label_over_several_lines() {
    let text = "let f = (1 +\n  2 +\n  3 +\n  4 +\n  5\nunknown u\n";
    let found = Diagnostic::error(
        "E0013",
        "`(` is never closed",
        span_of(text, "(1 +\n  2 +\n  3 +\n  4 +\n  5"),
        "opened here",
    );
    insta::assert_snapshot!(render(&Source::new("a.pde", text), &[found], Form::Human(Look::default())));
}

#[test]
fn greek_names_tabs_and_carriage_returns() {
    let text = "param ν = 1\r\nbc\tν = 0\ton y = 0\r\n";
    let found = Diagnostic::error("E0101", "unknown name `y`", span_of(text, "y"), "the axes are `t` and `x`");
    insta::assert_snapshot!(all_forms(&Source::new("ν.pde", text), &[found]));
}

#[test]
fn control_characters_are_shown_not_sent() {
    let text = "let a\u{1b}[31m = \"\u{7}\u{9b}2J\u{202e}\"\n";
    let found =
        Diagnostic::error("E0101", "unknown name `a\u{1b}[31m`", span_of(text, "a\u{1b}[31m"), "\u{1b}]0;x\u{7}")
            .note("\u{1b}[2J\u{9b}2J\u{e0041}")
            .help("\u{1b}c")
            .fix(span_of(text, "a\u{1b}[31m"), "\u{8}b");
    let shown = all_forms(&Source::new("\u{1b}[1m.pde", text), &[found]);
    assert!(!shown.chars().any(|c| c.is_control() && c != '\n'), "{shown:?}");
    insta::assert_snapshot!(shown);
}

#[test]
fn a_long_line_is_cut_around_the_label() {
    let text = format!("eq {}y{} = 0\n", "α + ".repeat(100_000), " + x".repeat(1_000_000));
    let at = text.find('y').expect("it is there");
    let found = Diagnostic::error("E0101", "unknown name `y`", Span::new(at, at + 1), "not declared");
    let shown = render(&Source::new("long.pde", text), &[found], Form::Human(Look::default()));
    insta::assert_snapshot!(shown);
}

#[test]
fn the_end_of_the_file_has_a_place() {
    let text = "eq u_xx - 1";
    let end = Span::new(text.len(), text.len());
    let found =
        Diagnostic::error("E0009", "an equation needs `=`", end, "expected here").help("add `= 0`").fix(end, " = 0");
    insta::assert_snapshot!(all_forms(&Source::new("a.pde", text), &[found]));
    let empty = Diagnostic::error("E0206", "nothing to solve", Span::default(), "");
    insta::assert_snapshot!(all_forms(&Source::new("empty.pde", ""), &[empty]));
}

#[test]
fn colours_are_escape_sequences_only_on_request() {
    let found = [Diagnostic::error("E0101", "unknown name `D`", Span::new(3, 4), "")];
    let source = Source::new("a.pde", "eq D = 0\n");
    assert!(render(&source, &found, Form::Human(Look { colour: true, ..Look::default() })).contains("\u{1b}["));
    assert!(!render(&source, &found, Form::Human(Look::default())).contains('\u{1b}'));
}

#[test]
fn sorted_without_duplicates_and_capped() {
    let text = "x\n".repeat(60);
    let source = Source::new("a.pde", text);
    let at = |line: usize| Span::new(2 * line, 2 * line + 1);
    let mut found: Vec<_> = (0..25).rev().map(|i| Diagnostic::error("E0101", "unknown name `x`", at(i), "")).collect();
    found.extend((0..21).map(|i| Diagnostic::warning("W0105", "`x` is never used", at(i + 30), "")));
    found.push(found[0].clone());
    let shown = render(&source, &found, Form::Short);
    assert_eq!(shown.lines().count(), 2 * MOST_SHOWN + 1);
    assert!(shown.starts_with("a.pde:1:1: error[E0101]"), "{shown}");
    assert!(shown.ends_with("... and 5 more errors and 1 more warning\n"), "{shown}");
    assert_eq!(render(&source, &found, Form::Json).lines().count(), 46);
}

proptest! {
    /// Spans come from many places; none may bring the renderers down, not even one inside a character.
    #[test]
    fn any_span_of_any_text_can_be_rendered(
        text in "[a-zν\u{1b}\u{9b}\u{7f}\t\r\n𝄞 ]{0,60}",
        places in prop::collection::vec((0usize..260, 0usize..260), 1..4),
    ) {
        let spans: Vec<_> = places.iter().map(|&(a, b)| Span::new(a.min(b), a.max(b))).collect();
        let mut found = Diagnostic::error("E0101", text.clone(), spans[0], text.clone()).fix(spans[0], text.clone());
        for &span in &spans[1..] {
            found = found.label(span, "");
        }
        let shown = all_forms(&Source::new("a.pde", text), &[found]);
        prop_assert!(!shown.chars().any(|c| c.is_control() && c != '\n'));
    }
}
