//! What `pdec check` says: wrong files with their diagnostics, sound files without any.
//!
//! A file of `tests/check/wrong` has one mistake and a number: that of the table of mistakes in `docs`, where it has one.
//! `INSTA_UPDATE=always cargo test --test check` rewrites the expected texts.

use std::fs;
use std::path::{Path, PathBuf};

use pdec::diagnostic::{Diagnostic, Form, Level, Look, Source, catalogue, render};
use pdec::model::Overrides;
use pdec::{model, syntax};

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = fs::read_dir(folder).expect("the folder of test files");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|e| e == "pde"));
    paths.sort();
    assert!(!paths.is_empty());
    paths
}

fn read(path: &Path) -> Source {
    let name = path.file_name().expect("a file name").to_string_lossy();
    Source::new(name, fs::read_to_string(path).expect("readable text"))
}

fn diagnose(source: &Source) -> Vec<Diagnostic> {
    let (ast, mut found) = syntax::parse(source);
    if let Some(ast) = ast {
        found.extend(model::check(&ast, &Overrides::default()).1);
    }
    found
}

fn shown(source: &Source, found: &[Diagnostic]) -> String {
    render(source, found, Form::Human(Look::default()))
}

#[test]
fn wrong_files_are_explained() {
    for path in files("tests/check/wrong") {
        let source = read(&path);
        let found = diagnose(&source);
        let name = path.file_stem().expect("a file name").to_string_lossy().into_owned();
        insta::with_settings!({ snapshot_path => "check/wrong", prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(name, shown(&source, &found));
        });
        assert!(!found.is_empty(), "{path:?} is found to be sound");
    }
}

#[test]
fn sound_files_have_nothing_to_report() {
    let mut reports = String::new();
    for path in files("tests/check/sound").into_iter().chain(files("pdes")) {
        let source = read(&path);
        reports += &shown(&source, &diagnose(&source));
    }
    assert!(reports.is_empty(), "{reports}");
}

/// Codes whose examples need statements that have no meaning yet.
const LATER: [&str; 0] = [];

#[test]
fn examples_of_the_catalogue_are_what_it_says_they_are() {
    let mut misses = String::new();
    for entry in catalogue::all().iter().filter(|entry| !LATER.contains(&entry.code)) {
        let found_in = |text: &str| diagnose(&Source::new(entry.code, text));
        let (Some(wrong), Some(right)) = (entry.wrong, entry.right) else { continue };
        if !found_in(wrong).iter().any(|d| d.code == entry.code) {
            misses += &format!("the wrong example does not give {}:\n{}", entry.code, shown(&Source::new("wrong", wrong), &found_in(wrong)));
        }
        if !found_in(right).is_empty() {
            misses += &format!("the right example of {} is not:\n{}", entry.code, shown(&Source::new("right", right), &found_in(right)));
        }
    }
    assert!(misses.is_empty(), "{misses}");
}

#[test]
fn every_shipped_problem_states_its_exact_solution_or_why_not() {
    for path in files("pdes") {
        let source = read(&path);
        let excused = source.text().contains("# No elementary solution");
        assert!(excused || source.text().contains("\nexact "), "{path:?}");
    }
}

#[test]
fn what_is_wrong_in_a_file_does_not_depend_on_the_run() {
    for path in files("tests/check/wrong") {
        let source = read(&path);
        assert_eq!(diagnose(&source), diagnose(&source), "{path:?}");
    }
}

#[test]
fn a_wrong_exact_solution_stops_what_a_warning_would_not() {
    let level = |name: &str| {
        let source = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/check/wrong").join(name));
        diagnose(&source).iter().map(|d| d.level).max()
    };
    assert_eq!(level("45_exact_equation.pde"), Some(Level::Error));
    assert_eq!(level("33_one_end.pde"), Some(Level::Warning));
    assert_eq!(level("38_kink_at_the_seam.pde"), Some(Level::Note));
}
