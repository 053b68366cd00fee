//! The house rules that a compiler does not hold: which folder may use which, where `unsafe` and the large libraries
//! live, how long a file may be, and that nothing unfinished is left behind.
//!
//! The rules are the tables below; the tests read the text of `src/`.

use std::fs;
use std::path::{Path, PathBuf};

/// The floors of the house, from the ground up. A module uses modules of lower floors only.
const FLOORS: [&[&str]; 11] = [
    &["diagnostic", "vmath"],
    &["linalg", "expr", "geometry", "dataset"],
    &["syntax", "simplify", "tape", "network"],
    &["model", "kernel"],
    &["routine"],
    &["codegen", "optim", "sample"],
    &["pipeline"],
    &["train", "emit"],
    &["report"],
    &["cli"],
    &["lib", "main"],
];

/// Exceptions: small services on a high floor that lower floors may use.
const DOORS: [(&str, &str); 1] = [
    // Checkpoints and logs are written as durably as plots.
    ("train", "report::files"),
];

/// Libraries that only one folder may name.
const LIBRARIES: [(&str, &str); 3] = [("faer", "linalg"), ("egg", "simplify"), ("cranelift", "codegen")];

/// Where `unsafe` may stand, each time with a `SAFETY` comment.
const UNSAFE: [&str; 2] = ["codegen", "vmath"];

const LONGEST_FILE: usize = 800;

/// What unfinished work leaves behind.
const UNFINISHED: [&str; 5] = ["todo!(", "unimplemented!(", "dbg!(", "#[ignore", "(to come)"];

struct SourceFile {
    path: PathBuf,
    /// The folder of `src`, or the file itself.
    module: String,
    text: String,
    /// The text without comments, strings and characters: what a rule about code may look at.
    code: String,
}

fn files(folder: &str) -> Vec<SourceFile> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut found = Vec::new();
    let mut open = vec![root.clone()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).expect("the folder can be read") {
            let path = entry.expect("the entry can be read").path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let inside = path.strip_prefix(&root).expect("it is below the root");
                let first = inside.iter().next().expect("it has a name").to_string_lossy();
                let module = first.trim_end_matches(".rs").to_owned();
                let text = fs::read_to_string(&path).expect("sources are UTF-8");
                let code = code_only(&text);
                found.push(SourceFile { path, module, text, code });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(!found.is_empty(), "no file in {}", root.display());
    found
}

/// Drops comments, strings and characters, and keeps the line breaks.
fn code_only(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut code = String::with_capacity(text.len());
    let mut at = 0;
    while at < bytes.len() {
        let raw = if text[..at].ends_with(|c: char| c.is_alphanumeric()) { None } else { raw_string(&text[at..]) };
        let end = match bytes[at] {
            b'/' if bytes[at..].starts_with(b"//") => text[at..].find('\n').map_or(text.len(), |i| at + i),
            b'"' => quoted(bytes, at, b'"'),
            b'\'' if is_character(&text[at..]) => quoted(bytes, at, b'\''),
            _ if raw.is_some() => at + raw.unwrap_or_default(),
            _ => {
                let c = text[at..].chars().next().expect("not at the end");
                code.push(c);
                at += c.len_utf8();
                continue;
            }
        };
        code.extend(text[at..end].chars().filter(|&c| c == '\n'));
        code.push(' ');
        at = end;
        // Bytes are skipped one by one inside of quotes; go on at a whole character.
        while !text.is_char_boundary(at) {
            at += 1;
        }
    }
    code
}

/// One past the closing quote of what starts at `at`.
fn quoted(bytes: &[u8], at: usize, quote: u8) -> usize {
    let mut end = at + 1;
    while end < bytes.len() && bytes[end] != quote {
        end += if bytes[end] == b'\\' { 2 } else { 1 };
    }
    (end + 1).min(bytes.len())
}

/// The length of `r"..."` or `r#"..."#` at the start of the text.
fn raw_string(text: &str) -> Option<usize> {
    let hashes = text.strip_prefix('r')?.bytes().take_while(|&b| b == b'#').count();
    let start = 1 + hashes;
    let inside = text[start..].strip_prefix('"')?;
    let close = format!("\"{}", "#".repeat(hashes));
    inside.find(&close).map(|i| start + 1 + i + close.len())
}

/// A character, not a lifetime.
fn is_character(text: &str) -> bool {
    let mut chars = text[1..].chars();
    matches!((chars.next(), chars.next()), (Some('\\'), _) | (Some(_), Some('\'')))
}

/// The paths that follow `crate::`, two segments of each; groups `crate::{a::B, c}` are taken apart.
fn crate_paths(code: &str) -> Vec<String> {
    let mut paths = Vec::new();
    for (at, name) in code.match_indices("crate::") {
        if code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let rest = &code[at + name.len()..];
        match rest.strip_prefix('{') {
            Some(group) => paths.extend(members(group).iter().map(|member| two_segments(member))),
            None => paths.push(two_segments(rest)),
        }
    }
    paths
}

/// The members of a group up to its closing brace; nested groups stay with their member.
fn members(group: &str) -> Vec<String> {
    let mut depth = 0;
    let mut members = vec![String::new()];
    for c in group.chars() {
        match c {
            '}' if depth == 0 => break,
            ',' if depth == 0 => members.push(String::new()),
            _ => {
                depth += i32::from(c == '{') - i32::from(c == '}');
                members.last_mut().expect("never empty").push(c);
            }
        }
    }
    members.iter().map(|member| member.trim().to_owned()).filter(|member| !member.is_empty()).collect()
}

fn two_segments(path: &str) -> String {
    let path: String = path.chars().take_while(|&c| c.is_alphanumeric() || c == '_' || c == ':').collect();
    path.split("::").filter(|segment| !segment.is_empty()).take(2).collect::<Vec<_>>().join("::")
}

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&module))
}

/// Whether the line has the word with no letter, digit or `_` on either side.
fn has_word(line: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word)
        .any(|(at, _)| !line[..at].ends_with(is_part) && !line[at + word.len()..].starts_with(is_part))
}

/// Whether the line has a path into the library or one of its parts (`faer::`, `cranelift_jit::`).
fn names_library(line: &str, library: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(library).any(|(at, _)| {
        let after = &line[at + library.len()..];
        let rest = after.trim_start_matches(is_part);
        let whole = after.len() == rest.len() || after.starts_with('_');
        !line[..at].ends_with(is_part) && whole && rest.starts_with("::")
    })
}

fn report(violations: impl IntoIterator<Item = String>) {
    let violations: Vec<String> = violations.into_iter().collect();
    assert!(violations.is_empty(), "\n{}\n", violations.join("\n"));
}

#[test]
fn every_module_has_a_floor() {
    let unknown = files("src").into_iter().filter(|file| floor(&file.module).is_none());
    report(unknown.map(|file| format!("{}: `{}` is on no floor", file.path.display(), file.module)));
}

#[test]
fn imports_point_down() {
    let mut violations = Vec::new();
    for file in files("src") {
        let Some(own) = floor(&file.module) else { continue };
        for path in crate_paths(&file.code) {
            let target = path.split("::").next().unwrap_or_default();
            let Some(other) = floor(target).filter(|_| target != file.module) else { continue };
            let is_door = DOORS.iter().any(|(from, to)| *from == file.module && path.starts_with(to));
            if other >= own && !is_door {
                violations.push(format!("{}: `{}` must not use `{path}`", file.path.display(), file.module));
            }
        }
    }
    report(violations);
}

/// Formulas know numbers only: block math gives a function its value, and nothing else of the house is needed.
#[test]
fn formulas_use_only_math() {
    let expr = files("src").into_iter().filter(|file| file.module == "expr");
    let is_own = |path: &String| path.starts_with("expr") || path.starts_with("vmath");
    let foreign = |file: &SourceFile| crate_paths(&file.code).into_iter().find(|path| !is_own(path));
    report(expr.filter_map(|file| foreign(&file).map(|path| format!("{}: {path}", file.path.display()))));
}

#[test]
fn each_large_library_has_one_home() {
    let mut violations = Vec::new();
    for file in files("src") {
        for (library, home) in LIBRARIES.iter().filter(|(_, home)| *home != file.module) {
            if let Some(index) = file.code.lines().position(|line| names_library(line, library)) {
                let place = format!("{}:{}", file.path.display(), index + 1);
                violations.push(format!("{place}: `{library}` belongs to `{home}`"));
            }
        }
    }
    report(violations);
}

#[test]
fn unsafe_has_its_places_and_its_reasons() {
    let mut violations = Vec::new();
    for file in files("src") {
        let lines: Vec<&str> = file.text.lines().collect();
        for (index, code) in file.code.lines().enumerate().filter(|(_, line)| has_word(line, "unsafe")) {
            let place = format!("{}:{}", file.path.display(), index + 1);
            // The type of a function, and the attribute of a symbol, do nothing yet.
            let is_mention = ["unsafe fn(", "unsafe extern", "unsafe(no_mangle"].iter().any(|m| code.contains(m));
            let reasons = &lines[index.saturating_sub(8)..=index];
            let has_reason = reasons.iter().any(|line| line.contains("SAFETY") || line.contains("# Safety"));
            if !UNSAFE.contains(&file.module.as_str()) {
                violations.push(format!("{place}: `unsafe` outside of {UNSAFE:?}"));
            } else if !is_mention && !has_reason {
                violations.push(format!("{place}: `unsafe` without a SAFETY comment"));
            }
        }
    }
    report(violations);
}

#[test]
fn files_are_short() {
    let lines = |file: &SourceFile| file.text.lines().count();
    let long = files("src").into_iter().chain(files("tests")).filter(|file| lines(file) > LONGEST_FILE);
    report(long.map(|file| format!("{}: {} lines", file.path.display(), lines(&file))));
}

#[test]
fn nothing_unfinished_is_left() {
    let mut violations = Vec::new();
    for file in files("src").into_iter().chain(files("tests")).filter(|file| file.module != "architecture") {
        for (index, line) in file.text.lines().enumerate() {
            for mark in UNFINISHED.iter().filter(|mark| line.contains(**mark)) {
                violations.push(format!("{}:{}: `{mark}`", file.path.display(), index + 1));
            }
        }
    }
    report(violations);
}

#[test]
fn every_folder_tells_its_story() {
    let folders = files("src").into_iter().filter(|file| file.path.ends_with("mod.rs"));
    let silent = folders.filter(|file| !file.text.starts_with("//! "));
    report(silent.map(|file| format!("{} does not start with `//!`", file.path.display())));
}

#[test]
fn every_code_is_explained() {
    let is_code = |word: &str| {
        let bytes = word.as_bytes();
        bytes.len() == 5 && b"EWR".contains(&bytes[0]) && bytes[1] == b'0' && bytes[2..].iter().all(u8::is_ascii_digit)
    };
    let mut violations = Vec::new();
    for file in files("src") {
        for word in file.text.split('"').filter(|word| is_code(word)) {
            if pdec::diagnostic::catalogue::explain(word).is_none() {
                violations.push(format!("{}: {word} is not in the catalogue", file.path.display()));
            }
        }
    }
    report(violations);
}

#[test]
fn the_reader_of_sources_reads_rightly() {
    let text =
        "use crate::a::B; // crate::x\nlet s = \"crate::y\"; let c = '\"'; let r = r#\"crate::z\"#; f::<'a>(crate::b)";
    assert_eq!(crate_paths(&code_only(text)), ["a::B", "b"]);
    assert_eq!(crate_paths("use crate::{a::B, c::{D, E}, f};"), ["a::B", "c", "f"]);
    assert!(has_word("unsafe {", "unsafe") && !has_word("unsafe_code", "unsafe"));
    assert!(names_library("use cranelift_jit::JITModule;", "cranelift") && names_library("egg::Runner", "egg"));
    assert!(!names_library("eggs::x", "egg") && !names_library("let egg = 1;", "egg"));
}
