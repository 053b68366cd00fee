//! The one place where problem files are read.
//!
//! A file that cannot be read at all is a [`CliError`] (exit code 3). One that can, but is no text of a size that is read,
//! is [rejected](Reading::Rejected) with a diagnostic (exit code 1), like any other mistake in a file.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use super::error::CliError;
use crate::diagnostic::{Diagnostic, Source, Span};

/// The largest problem file, in bytes.
pub const LARGEST_FILE: u64 = 8 * 1024 * 1024;

/// What came of reading a file.
#[derive(Debug)]
pub enum Reading {
    /// Its text.
    Text(Source),
    /// Why it is not read further; the source shows the place as far as it can be shown.
    Rejected(Source, Box<Diagnostic>),
}

/// Reads a problem file; `-` is standard input.
///
/// # Errors
/// [`CliError::Read`] for a missing file, a folder, or a failure of the system.
pub fn read(path: &Path) -> Result<Reading, CliError> {
    if path == Path::new("-") {
        return read_limited(io::stdin().lock(), "<stdin>").map_err(|source| cannot_read(path, source));
    }
    let name = path.display().to_string();
    // Asked before opening: opening a pipe waits for its other end.
    let metadata = fs::metadata(path).map_err(|source| cannot_read(path, source))?;
    if metadata.is_dir() {
        return Err(cannot_read(path, io::ErrorKind::IsADirectory.into()));
    }
    if !metadata.is_file() {
        let found = at_start("not a regular file").help("pipe it into standard input, and give `-` as the file name");
        return Ok(Reading::Rejected(Source::new(name, ""), Box::new(found)));
    }
    if metadata.len() > LARGEST_FILE {
        return Ok(too_large(&name, &format!(" ({:.1} MB)", metadata.len() as f64 / 1048576.0)));
    }
    File::open(path).and_then(|file| read_limited(file, &name)).map_err(|source| cannot_read(path, source))
}

fn cannot_read(path: &Path, source: io::Error) -> CliError {
    CliError::Read { path: path.to_owned(), source }
}

fn read_limited(reader: impl Read, name: &str) -> io::Result<Reading> {
    let mut bytes = Vec::new();
    reader.take(LARGEST_FILE + 1).read_to_end(&mut bytes)?;
    Ok(if bytes.len() as u64 > LARGEST_FILE { too_large(name, "") } else { decode(name, bytes) })
}

fn too_large(name: &str, size: &str) -> Reading {
    let found = at_start(&format!("the file is larger than 8 MB{size}"))
        .help("a problem is a few lines of mathematics; tables belong in the files that `data` and `reference` read");
    Reading::Rejected(Source::new(name, ""), Box::new(found))
}

fn at_start(message: &str) -> Diagnostic {
    Diagnostic::error("E0015", message, Span::default(), "")
}

/// Text, or E0016 at the first byte that is none; a byte order mark in front is not part of the text.
fn decode(name: &str, bytes: Vec<u8>) -> Reading {
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).map(<[u8]>::to_vec).unwrap_or(bytes);
    let error = match String::from_utf8(bytes) {
        Ok(text) => return Reading::Text(Source::new(name, text)),
        Err(error) => error,
    };
    let at = error.utf8_error().valid_up_to();
    let bytes = error.into_bytes();
    let line_end = bytes[at..].iter().position(|&b| b == b'\n').map_or(bytes.len(), |i| at + i);
    let source = Source::new(name, String::from_utf8_lossy(&bytes[..line_end]));
    let message =
        format!("the file is not a text in UTF-8: byte {at} (0x{:02x}) on line {}", bytes[at], source.line(at as u32));
    let found =
        Diagnostic::error("E0016", message, Span::new(at, at + '\u{fffd}'.len_utf8()), "not UTF-8 from here on")
            .help("if it is a text in another encoding, convert it, for instance with `iconv -f latin1 -t utf-8`");
    Reading::Rejected(source, Box::new(found))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rejected(reading: Reading) -> Diagnostic {
        match reading {
            Reading::Rejected(_, found) => *found,
            Reading::Text(source) => panic!("accepted {:?}", source.text()),
        }
    }

    #[test]
    fn the_first_wrong_byte_is_named() {
        let found = rejected(decode("a.pde", b"domain x\nunknown \xe4\xff\nmore".to_vec()));
        assert_eq!((found.code, found.span().start), ("E0016", 17));
        assert!(found.message.ends_with("byte 17 (0xe4) on line 2"), "{}", found.message);
    }

    #[test]
    fn a_byte_order_mark_is_skipped() {
        let Reading::Text(source) = decode("a.pde", b"\xef\xbb\xbfeq u = 0".to_vec()) else { panic!("rejected") };
        assert_eq!(source.text(), "eq u = 0");
    }

    #[test]
    fn the_limit_holds_to_the_byte() {
        let read = |length: u64| read_limited(io::repeat(b' ').take(length), "a.pde").expect("memory can be read");
        assert!(matches!(read(LARGEST_FILE), Reading::Text(_)));
        assert_eq!(rejected(read(LARGEST_FILE + 1)).code, "E0015");
        assert_eq!(rejected(read(u64::MAX)).code, "E0015");
    }

    #[test]
    fn a_large_file_is_refused_by_its_length() {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        file.as_file().set_len(1 << 40).expect("a sparse file");
        assert_eq!(rejected(super::read(file.path()).expect("it can be read")).code, "E0015");
    }

    #[test]
    fn what_is_no_file() {
        assert!(matches!(super::read(Path::new("/nowhere/a.pde")), Err(CliError::Read { .. })));
        assert!(matches!(super::read(Path::new("src")), Err(CliError::Read { .. })));
        #[cfg(unix)]
        assert_eq!(rejected(super::read(Path::new("/dev/zero")).expect("it can be asked")).code, "E0015");
    }
}
