//! Text of unknown origin, made safe to print.

use std::borrow::Cow;

/// Replaces control characters by their pictures and invisible or direction-changing characters by `�`.
///
/// Tabs become four spaces, line breaks `␊`; the result has no character that a terminal acts on.
pub fn visible(text: &str) -> Cow<'_, str> {
    replaced(text, "    ")
}

/// Like [`visible`], one character for one: tabs stay tabs, for a renderer that expands them itself and counts columns.
pub(super) fn visible_in_columns(text: &str) -> Cow<'_, str> {
    replaced(text, "\t")
}

fn replaced<'a>(text: &'a str, tab: &str) -> Cow<'a, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match picture(c) {
            None => safe.push(c),
            Some('\t') => safe.push_str(tab),
            Some(picture) => safe.push(picture),
        }
    }
    Cow::Owned(safe)
}

/// Whether a terminal acts on the character or hides it.
pub(super) fn is_unsafe(c: char) -> bool {
    picture(c).is_some()
}

/// What stands for a character that must not be printed; a tab stands for itself and is expanded by the caller.
fn picture(c: char) -> Option<char> {
    match c {
        '\t' => Some('\t'),
        '\0'..='\u{1f}' => char::from_u32(0x2400 + c as u32),
        '\u{7f}' => Some('␡'),
        // C1 controls, soft hyphen, zero width, bidirectional controls, line and paragraph separators, BOM, tags
        '\u{80}'..='\u{9f}'
        | '\u{ad}'
        | '\u{61c}'
        | '\u{180e}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}' => Some('\u{fffd}'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn pictures() {
        assert_eq!(visible("a\u{1b}[31mb\tc\r\n"), "a␛[31mb    c␍␊");
        assert_eq!(visible("\u{9b}31m \u{202e}x"), "�31m �x");
        assert!(matches!(visible("ν·u_xx = 0"), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn no_control_character_survives(text in any::<String>()) {
            prop_assert!(!visible(&text).chars().any(char::is_control));
        }
    }
}
