//! The examples of the catalogue are what it says they are, as far as reading a file can tell.

use pdec::diagnostic::{Diagnostic, Source, catalogue};
use pdec::syntax;

fn found(text: &str) -> Vec<Diagnostic> {
    syntax::parse(&Source::new("example.pde", text)).1
}

fn codes(text: &str) -> Vec<&'static str> {
    let mut codes: Vec<_> = found(text).iter().map(|diagnostic| diagnostic.code).collect();
    codes.dedup();
    codes
}

#[test]
fn right_examples_can_be_read() {
    for entry in catalogue::all() {
        let Some(right) = entry.right else { continue };
        assert_eq!(codes(right), [""; 0], "{}\n{right}", entry.code);
    }
}

#[test]
fn wrong_examples_give_their_code() {
    let is_of_syntax = |code: &str| code[1..].starts_with("00");
    for entry in catalogue::all() {
        let Some(wrong) = entry.wrong else { continue };
        let expected: &[&str] = if is_of_syntax(entry.code) { &[entry.code] } else { &[] };
        assert_eq!(codes(wrong), expected, "{}\n{wrong}", entry.code);
    }
}

/// What a reader copies from `pdec explain` is laid out as `pdec fmt` would.
#[test]
fn right_examples_are_formatted() {
    for entry in catalogue::all() {
        let Some(right) = entry.right else { continue };
        let formatted = syntax::format(&Source::new("example.pde", right)).expect("it can be read");
        // Blank lines between groups are left out for brevity.
        let dense = |text: &str| text.lines().filter(|line| !line.trim().is_empty()).map(squeeze).collect::<Vec<_>>();
        assert_eq!(dense(&formatted), dense(right), "{}", entry.code);
    }
}

/// Alignment follows neighbours, which depend on the blank lines.
fn squeeze(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}
