//! Bytes to text.

use crate::diagnostic::{Diagnostic, Source, Span};

use super::parse::{LARGEST_FILE, too_large};

/// The text of a file, and what keeps it from being one: it is too large (E0015, the text is then empty) or not UTF-8
/// (E0016, wrong bytes are then replaced).
pub fn decode(name: &str, bytes: Vec<u8>) -> (Source, Option<Diagnostic>) {
    if bytes.len() > LARGEST_FILE {
        return (Source::new(name, ""), Some(too_large(bytes.len())));
    }
    let error = match String::from_utf8(bytes) {
        Ok(text) => return (Source::new(name, text), None),
        Err(error) => error,
    };
    let start = error.utf8_error().valid_up_to();
    let byte = error.as_bytes()[start];
    let source = Source::new(name, String::from_utf8_lossy(error.as_bytes()));
    // What replaces the wrong byte is one character of three bytes.
    let span = Span::new(start, start + char::REPLACEMENT_CHARACTER.len_utf8());
    let line = source.location(span.start).line;
    let message = format!("the file is not UTF-8 text: byte 0x{byte:02x} at offset {start}, in line {line}");
    let label = "not a character";
    (source, Some(Diagnostic::error("E0016", message, span, label).help("save the file in the encoding UTF-8")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_bytes_are_located() {
        let (source, found) = decode("latin1", b"# one\n# \xe4\n".to_vec());
        let found = found.expect("a diagnostic");
        assert_eq!(found.code, "E0016");
        assert_eq!(found.message, "the file is not UTF-8 text: byte 0xe4 at offset 8, in line 2");
        assert_eq!(source.slice(found.span()), "\u{fffd}");
        let (source, found) = decode("cut", b"eq u = \xe2\x88".to_vec());
        assert_eq!(source.slice(found.expect("a diagnostic").span()), "\u{fffd}");
    }

    #[test]
    fn text_is_taken_as_it_is() {
        let (source, found) = decode("text", "eq u = α\n".into());
        assert!(found.is_none());
        assert_eq!(source.text(), "eq u = α\n");
        assert_eq!(decode("large", vec![b' '; LARGEST_FILE + 1]).1.map(|found| found.code), Some("E0015"));
    }
}
