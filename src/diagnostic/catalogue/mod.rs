//! Every code with its explanation, a wrong and a right example: what `pdec explain` shows.
//!
//! The texts are Markdown files beside this one, a section for each code, so that they read as a document:
//!
//! ````text
//! # E0003: a product without `*`
//!
//! Two to six sentences.
//!
//! ```wrong
//! eq 2u = 1
//! ```
//!
//! ```right
//! eq 2*u = 1
//! ```
//! ````
//!
//! The examples are whole files, so that a test can check that the wrong one gives its code and the right one does not.

use std::sync::LazyLock;

const TEXTS: [&str; 9] = [
    include_str!("syntax.md"),
    include_str!("names.md"),
    include_str!("equations.md"),
    include_str!("conditions.md"),
    include_str!("training.md"),
    include_str!("domain.md"),
    include_str!("files.md"),
    include_str!("numerics.md"),
    include_str!("running.md"),
];

static ENTRIES: LazyLock<Vec<Entry>> = LazyLock::new(|| TEXTS.iter().flat_map(|text| entries(text)).collect());

/// What there is to say about a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Entry {
    /// The code, such as `E0201`. Its letter says how bad it is: error, warning, or what happens while running.
    pub code: &'static str,
    /// The mistake in a few words.
    pub title: &'static str,
    /// Two to six sentences: the cause, why it matters, and the remedy.
    pub explanation: &'static str,
    /// A file that gives this code; codes that no text alone can give have none.
    pub wrong: Option<&'static str>,
    /// The same file, repaired.
    pub right: Option<&'static str>,
}

/// All codes in order.
pub fn all() -> &'static [Entry] {
    &ENTRIES
}

/// The entry of a code, in upper or lower case.
pub fn explain(code: &str) -> Option<&'static Entry> {
    ENTRIES.iter().find(|entry| entry.code.eq_ignore_ascii_case(code))
}

/// The code that is nearest to something that is none: `0201` and `F0201` both mean `E0201`.
pub fn nearest(code: &str) -> &'static Entry {
    let wanted = code.to_ascii_uppercase();
    ENTRIES.iter().min_by_key(|entry| distance(&wanted, entry.code)).expect("the catalogue is not empty")
}

/// How many characters must be inserted, deleted or replaced to make `b` of `a` (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.bytes().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

fn entries(text: &'static str) -> impl Iterator<Item = Entry> {
    text.split("\n# ").skip(1).map(entry)
}

/// One section; the headings and fences that it relies on are held by the tests.
fn entry(section: &'static str) -> Entry {
    let (heading, body) = section.split_once('\n').unwrap_or((section, ""));
    let (code, title) = heading.split_once(": ").unwrap_or((heading, ""));
    let explanation = body.split("```").next().unwrap_or(body).trim();
    Entry { code, title, explanation, wrong: example(body, "```wrong\n"), right: example(body, "```right\n") }
}

fn example(body: &'static str, fence: &str) -> Option<&'static str> {
    let (_, rest) = body.split_once(fence)?;
    rest.split_once("```").map(|(text, _)| text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_complete() {
        for entry in all() {
            let code = entry.code.as_bytes();
            assert!(
                code.len() == 5 && b"EWR".contains(&code[0]) && code[1..].iter().all(u8::is_ascii_digit),
                "{entry:?}"
            );
            assert!(!entry.title.is_empty() && !entry.title.ends_with('.'), "{}", entry.code);
            let sentences = entry.explanation.matches(". ").count() + entry.explanation.matches(".\n").count() + 1;
            assert!(entry.explanation.ends_with('.') && sentences >= 2, "{}", entry.code);
            assert_eq!(entry.wrong.is_some(), entry.right.is_some(), "{} has one example of two", entry.code);
            assert_ne!(entry.wrong.unwrap_or("wrong"), entry.right.unwrap_or("right"), "{}", entry.code);
            assert!(entry.explanation.lines().all(|line| line.chars().count() <= 100), "{}", entry.code);
        }
    }

    #[test]
    fn codes_are_in_order_and_unique() {
        let numbers: Vec<_> = all().iter().map(|entry| &entry.code[1..]).collect();
        assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
        assert_eq!(all().len(), TEXTS.iter().map(|text| text.matches("\n# ").count()).sum::<usize>());
    }

    #[test]
    fn lookup_ignores_case_and_finds_the_nearest() {
        assert_eq!(explain("e0201").map(|entry| entry.code), Some("E0201"));
        assert_eq!(explain("E9999"), None);
        for miss in ["0201", "F0201", "e0201x"] {
            assert_eq!(nearest(miss).code, "E0201", "{miss}");
        }
    }

    #[test]
    fn distances() {
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
