//! A unified diff of two texts, by lines.

use std::fmt::Write;

/// Unchanged lines shown around a change.
const CONTEXT: usize = 3;
/// Above this many cells of the table the changed middle is shown as one replacement.
const LARGEST_TABLE: usize = 4_000_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Edit<'a> {
    Keep(&'a str),
    Delete(&'a str),
    Insert(&'a str),
}

/// The change from `old` to `new` in the unified format, without the two lines of file names; empty for equal texts.
pub fn unified(old: &str, new: &str) -> String {
    let edits = edits(&old.split_inclusive('\n').collect::<Vec<_>>(), &new.split_inclusive('\n').collect::<Vec<_>>());
    let changed: Vec<usize> = (0..edits.len()).filter(|&i| !matches!(edits[i], Edit::Keep(_))).collect();
    let mut text = String::new();
    // Changes closer than two contexts share a hunk.
    for group in changed.chunk_by(|a, b| b - a <= 2 * CONTEXT + 1) {
        let (first, last) = (group[0], group[group.len() - 1]);
        let start = first.saturating_sub(CONTEXT);
        hunk(&mut text, &edits, start, (last + CONTEXT + 1).min(edits.len()));
    }
    text
}

fn hunk(text: &mut String, edits: &[Edit<'_>], start: usize, end: usize) {
    let old_lines = |edits: &[Edit<'_>]| edits.iter().filter(|e| !matches!(e, Edit::Insert(_))).count();
    let new_lines = |edits: &[Edit<'_>]| edits.iter().filter(|e| !matches!(e, Edit::Delete(_))).count();
    // A range of no lines is counted from the line before it.
    let range = |before: usize, count: usize| format!("{},{count}", before + usize::from(count > 0));
    let (before, inside) = (&edits[..start], &edits[start..end]);
    let old = range(old_lines(before), old_lines(inside));
    let new = range(new_lines(before), new_lines(inside));
    // Writing to a string cannot fail.
    let _ = writeln!(text, "@@ -{old} +{new} @@");
    for edit in inside {
        let (sign, line) = match *edit {
            Edit::Keep(line) => (' ', line),
            Edit::Delete(line) => ('-', line),
            Edit::Insert(line) => ('+', line),
        };
        text.push(sign);
        text.push_str(line);
        if !line.ends_with('\n') {
            text.push_str("\n\\ No newline at end of file\n");
        }
    }
}

/// A shortest list of edits, except for changes too large to look for one.
fn edits<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<Edit<'a>> {
    let prefix = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let (old_rest, new_rest) = (&old[prefix..], &new[prefix..]);
    let suffix = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(|(a, b)| a == b).count();
    let (old_middle, new_middle) = (&old_rest[..old_rest.len() - suffix], &new_rest[..new_rest.len() - suffix]);
    let mut edits: Vec<_> = old[..prefix].iter().map(|line| Edit::Keep(line)).collect();
    if old_middle.len().saturating_mul(new_middle.len()) > LARGEST_TABLE {
        edits.extend(old_middle.iter().map(|line| Edit::Delete(line)));
        edits.extend(new_middle.iter().map(|line| Edit::Insert(line)));
    } else {
        edits.extend(shortest(old_middle, new_middle));
    }
    edits.extend(old[old.len() - suffix..].iter().map(|line| Edit::Keep(line)));
    edits
}

/// By the table of the longest common subsequences of all suffixes.
fn shortest<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<Edit<'a>> {
    let width = new.len() + 1;
    let mut common = vec![0u32; (old.len() + 1) * width];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i * width + j] = if old[i] == new[j] {
                common[(i + 1) * width + j + 1] + 1
            } else {
                common[(i + 1) * width + j].max(common[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut edits = Vec::with_capacity(old.len() + new.len());
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            edits.push(Edit::Keep(old[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == new.len() || (i < old.len() && common[(i + 1) * width + j] >= common[i * width + j + 1]) {
            edits.push(Edit::Delete(old[i]));
            i += 1;
        } else {
            edits.push(Edit::Insert(new[j]));
            j += 1;
        }
    }
    edits
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hunks_have_context_and_counts() {
        let old = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
        let new = "1\n2\n3\n4\nfive\n6\n7\n8\n9\n";
        assert_eq!(unified(old, new), "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
        assert_eq!(unified(old, old), "");
        assert_eq!(unified("", "a"), "@@ -0,0 +1,1 @@\n+a\n\\ No newline at end of file\n");
    }

    #[test]
    fn far_changes_are_separate_hunks() {
        let old: String = (0..40).map(|i| format!("{i}\n")).collect();
        let new = old.replace("\n5\n", "\nfive\n").replace("\n30\n", "\n");
        assert_eq!(unified(&old, &new).matches("@@ -").count(), 2);
    }

    proptest! {
        /// Keeping and inserting gives the new text, keeping and deleting the old one.
        #[test]
        fn edits_lead_from_old_to_new(old in "[ab\n]{0,40}", new in "[ab\n]{0,40}") {
            let lines = |text: &'static str| text.split_inclusive('\n').collect::<Vec<_>>();
            let (old, new): (&'static str, &'static str) = (old.leak(), new.leak());
            let edits = edits(&lines(old), &lines(new));
            let side = |keep: fn(&Edit<'static>) -> Option<&'static str>| edits.iter().filter_map(keep).collect::<String>();
            prop_assert_eq!(side(|e| match e { Edit::Keep(l) | Edit::Delete(l) => Some(l), Edit::Insert(_) => None }), old);
            prop_assert_eq!(side(|e| match e { Edit::Keep(l) | Edit::Insert(l) => Some(l), Edit::Delete(_) => None }), new);
        }
    }
}
