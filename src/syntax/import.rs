//! `import "common.pde"`: the statements of another file, taken in at that place.
//!
//! Each file is taken in once, however many others import it. Names mean the same in all files, and a name that is
//! declared twice is reported as in one file. What a problem has one of (`problem`, `train`, `output`, the `network` of an
//! unknown, the `sample` of a place, a key of `set`) may be said again by the file that imports: its word counts then, so
//! that a problem can be imported and trained in another way.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::dataset::Files;
use crate::diagnostic::{Diagnostic, Source, Span};

use super::ast::{Ast, Part, Statement, StatementKind, Text};
use super::parse::{self, LARGEST_FILE, Reading};

/// How deep imports may nest; keeps the recursion within a small stack.
const DEEPEST: usize = 64;
/// Most bytes of all files together.
const MOST_BYTES: usize = 64 << 20;

/// Reads a file and all files that it imports, whose texts are appended to `source`.
pub(super) fn read(source: &mut Source, files: &Files) -> (Option<Ast>, Vec<Diagnostic>) {
    let path = PathBuf::from(source.name());
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let main = File {
        span: Span::new(0, source.text().len()),
        folder: String::new(),
        chain: vec![Link { key: name, import: None }],
    };
    let shown = path.parent().unwrap_or(Path::new("")).to_owned();
    let mut importer = Importer { source, files, shown, taken: HashSet::new(), all: Ast::default(), found: Vec::new() };
    let statements = importer.file(&main);
    let Importer { mut all, found, .. } = importer;
    all.broken.sort();
    (statements.map(|statements| Ast { statements, ..all }), found)
}

/// A file that is being read.
struct File {
    /// Its place in the source.
    span: Span,
    /// Its folder, from that of the problem.
    folder: String,
    /// The files that led to it, itself the last.
    chain: Vec<Link>,
}

/// One file of a chain of imports.
#[derive(Clone)]
struct Link {
    /// Its path from the folder of the problem.
    key: String,
    /// Where it is imported.
    import: Option<Span>,
}

struct Importer<'a> {
    source: &'a mut Source,
    files: &'a Files,
    /// The folder of the problem, as diagnostics show it.
    shown: PathBuf,
    /// The files that were taken in.
    taken: HashSet<String>,
    /// Comments, broken statements and parts so far.
    all: Ast,
    found: Vec<Diagnostic>,
}

impl Importer<'_> {
    /// The statements of a file and of those that it imports, in order; none if it is too large.
    fn file(&mut self, file: &File) -> Option<Vec<Statement>> {
        let Reading { ast, found, .. } = parse::read_part(self.source, file.span);
        self.found.extend(found);
        self.all.parts.push(Part { span: file.span, folder: file.folder.clone() });
        let Ast { statements: own, comments, broken, .. } = ast?;
        self.all.comments.extend(comments);
        self.all.broken.extend(broken);
        let said: HashSet<Unique> = own.iter().filter_map(unique).collect();
        let mut statements = Vec::with_capacity(own.len());
        for statement in own {
            let StatementKind::Import(path) = &statement.kind else {
                statements.push(statement);
                continue;
            };
            let imported = self.import(path, file);
            // Names that it may declare are not unknown.
            let Some(imported) = imported else {
                self.all.broken.push(statement.span);
                continue;
            };
            statements.extend(imported.into_iter().filter(|s| unique(s).is_none_or(|kind| !said.contains(&kind))));
        }
        Some(statements)
    }

    /// The statements of an imported file, none if it was taken in before; `None` if it can't be read.
    fn import(&mut self, path: &Text, by: &File) -> Option<Vec<Statement>> {
        let key = Files::resolve(&by.folder, &path.text);
        if let Some(start) = by.chain.iter().position(|link| link.key == key) {
            self.found.push(cycle(&by.chain[start..], &key, path.span));
            return None;
        }
        if self.taken.contains(&key) {
            return Some(Vec::new());
        }
        if by.chain.len() > DEEPEST {
            let message = format!("imports nest deeper than {DEEPEST} files");
            self.found.push(Diagnostic::error("E0613", message, path.span, "one too many"));
            return None;
        }
        let bytes = match self.files.read_limited(&by.folder, &path.text, LARGEST_FILE as u64) {
            Ok(bytes) => bytes,
            Err(error) => {
                self.found.push(error.diagnostic(path.span));
                return None;
            }
        };
        self.taken.insert(key.clone());
        if self.source.text().len() + bytes.len() > MOST_BYTES {
            let message = format!("the files of the problem have more than {} MB together", MOST_BYTES >> 20);
            self.found.push(Diagnostic::error("E0015", message, path.span, "too large with this one"));
            return None;
        }
        let shown = self.shown.join(&key).display().to_string();
        let text = String::from_utf8_lossy(&bytes);
        let span = self.source.append(&shown, &text);
        if let Err(error) = std::str::from_utf8(&bytes) {
            self.found.push(not_text(&shown, span, error.valid_up_to(), path.span));
            return None;
        }
        let folder = key.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        let link = Link { key, import: Some(path.span) };
        let chain = by.chain.iter().cloned().chain([link]).collect();
        self.file(&File { span, folder, chain })
    }
}

/// A chain of imports that ends where it began.
fn cycle(chain: &[Link], key: &str, span: Span) -> Diagnostic {
    let names: Vec<&str> = chain.iter().map(|link| link.key.as_str()).chain([key]).collect();
    let message = format!("files import each other: {}", names.join(" -> "));
    if chain.len() == 1 {
        return Diagnostic::error("E0613", "the file imports itself", span, "this is the file itself")
            .help("remove it");
    }
    let diagnostic = Diagnostic::error("E0613", message, span, format!("leads back to `{key}`"));
    let imports = chain.iter().skip(1).filter_map(|link| Some((link.import?, &link.key)));
    imports
        .fold(diagnostic, |found, (import, key)| found.label(import, format!("imports `{key}`")))
        .help("put what both need into a third file, and import that")
}

fn not_text(name: &str, part: Span, at: usize, import: Span) -> Diagnostic {
    let start = part.start as usize + at;
    let span = Span::new(start, start + char::REPLACEMENT_CHARACTER.len_utf8());
    let message = format!("`{name}` is not a text in UTF-8");
    Diagnostic::error("E0016", message, span, "not UTF-8 from here on")
        .label(import, "imported here")
        .help("numbers are read by `data` and `reference`; a text in another encoding has to be converted")
}

/// What a problem has one of.
#[derive(PartialEq, Eq, Hash)]
enum Unique {
    Problem,
    Train,
    Output,
    Network(Option<String>),
    Sample(String),
    Set(String),
}

fn unique(statement: &Statement) -> Option<Unique> {
    match &statement.kind {
        StatementKind::Problem(_) => Some(Unique::Problem),
        StatementKind::Train(_) => Some(Unique::Train),
        StatementKind::Output(_) => Some(Unique::Output),
        StatementKind::Network { label, .. } => Some(Unique::Network(label.as_ref().map(|name| name.text.clone()))),
        StatementKind::Sample { target, .. } => Some(Unique::Sample(target.text.clone())),
        StatementKind::Set { name, .. } => Some(Unique::Set(name.text.clone())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// The keywords and first names of what a set of files says, the first of them the problem; and the codes found.
    fn read_all(files: &[(&str, &str)]) -> (Vec<String>, Vec<&'static str>) {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let mut source = Source::new(files[0].0, files[0].1);
        let (ast, found) = read(&mut source, &Files::below(folder.path(), &[]).unwrap());
        let ast = ast.unwrap();
        for part in &ast.parts {
            assert!(files.iter().any(|(_, text)| source.slice(part.span) == *text));
        }
        let statements = ast.statements.iter().map(|s| source.slice(s.span).to_owned()).collect();
        (statements, found.iter().map(|d| d.code).collect())
    }

    #[test]
    fn statements_are_taken_in_at_their_place() {
        let (statements, found) = read_all(&[
            ("a.pde", "param a = 1\nimport \"sub/b.pde\"\nparam c = 3"),
            ("sub/b.pde", "import \"../d.pde\"\nparam b = 2"),
            ("d.pde", "param d = 4\n"),
        ]);
        assert_eq!(statements, ["param a = 1", "param d = 4", "param b = 2", "param c = 3"]);
        assert!(found.is_empty());
    }

    #[test]
    fn a_diamond_is_taken_in_once() {
        let (statements, found) = read_all(&[
            ("a.pde", "import \"b.pde\"\nimport \"c.pde\"\nimport \"./b.pde\""),
            ("b.pde", "import \"d.pde\"\nparam b = 2"),
            ("c.pde", "import \"d.pde\"\nparam c = 3"),
            ("d.pde", "param d = 4"),
        ]);
        assert_eq!(statements, ["param d = 4", "param b = 2", "param c = 3"]);
        assert!(found.is_empty());
    }

    #[test]
    fn the_importing_file_has_the_last_word_on_methods() {
        let (statements, found) = read_all(&[
            ("a.pde", "import \"b.pde\"\ntrain engd(steps=5)\nsample interior: grid(3)\nset seed = 1"),
            (
                "b.pde",
                "problem b\ntrain adam(steps=1)\ntrain lbfgs(steps=2)\nsample interior: sobol(9)\nsample wall: sobol(8)",
            ),
        ]);
        assert_eq!(
            statements,
            ["problem b", "sample wall: sobol(8)", "train engd(steps=5)", "sample interior: grid(3)", "set seed = 1"]
        );
        assert!(found.is_empty());
    }

    #[test]
    fn circles_end() {
        let (_, found) = read_all(&[("a.pde", "import \"b.pde\""), ("b.pde", "import \"a.pde\"")]);
        assert_eq!(found, ["E0613"]);
        let (_, found) = read_all(&[("a.pde", "import \"./a.pde\"")]);
        assert_eq!(found, ["E0613"]);
        let names: Vec<String> = (0..100).map(|i| format!("f{i}.pde")).collect();
        let texts: Vec<String> = (1..=100).map(|i| format!("import \"f{i}.pde\"")).collect();
        let files: Vec<(&str, &str)> = names.iter().map(String::as_str).zip(texts.iter().map(String::as_str)).collect();
        assert_eq!(read_all(&files).1, ["E0613"]);
    }
}
