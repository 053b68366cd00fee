//! Files against what is understood of them: each `tests/model/NAME.pde` has a snapshot of its problem in words and of
//! its diagnostics.

use std::fmt::Write as _;
use std::path::Path;

use pdec::diagnostic::{Diagnostic, Source};
use pdec::model::{self, Overrides};
use pdec::syntax;

/// The problem in words, then the diagnostics in short form.
fn understood(source: &Source, overrides: &Overrides) -> String {
    let (ast, mut found) = syntax::parse(source);
    let mut text = String::new();
    if let Some(ast) = &ast {
        let (model, more) = model::check(ast, overrides);
        found.extend(more);
        for section in model.iter().flat_map(model::describe::describe) {
            writeln!(text, "{}", section.title).unwrap();
            for row in section.rows {
                writeln!(text, "  {}", row.join(" | ")).unwrap();
            }
        }
    }
    found.iter().for_each(|diagnostic| write_diagnostic(&mut text, source, diagnostic));
    text
}

fn write_diagnostic(text: &mut String, source: &Source, diagnostic: &Diagnostic) {
    writeln!(text, "{} {}", diagnostic.code, diagnostic.message).unwrap();
    for label in &diagnostic.labels {
        let at = source.location(label.span.start);
        writeln!(text, "  {}:{} `{}` {}", at.line, at.column, source.slice(label.span), label.text).unwrap();
    }
    diagnostic.notes.iter().for_each(|note| writeln!(text, "  note: {note}").unwrap());
    diagnostic.helps.iter().for_each(|help| writeln!(text, "  help: {help}").unwrap());
}

fn read(path: &Path) -> Source {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    Source::new(name, std::fs::read_to_string(path).unwrap())
}

#[test]
fn files_are_understood() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/model");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "pde"));
    paths.sort();
    assert!(paths.len() > 10);
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("model");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for path in paths {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let text = understood(&read(&path), &Overrides::default());
        settings.bind(|| insta::assert_snapshot!(name, text));
    }
}
