//! What `pdec check` says: wrong files with their diagnostics, sound files without any.
//!
//! A file of `tests/check/wrong` has one mistake; those with the same number are about the same kind of mistake. The
//! files of `tests/check/sound` are unusual and right. `INSTA_UPDATE=always cargo test --test check` rewrites the
//! expected texts.

use std::fs;
use std::path::{Path, PathBuf};

use pdec::dataset::Files;
use pdec::diagnostic::{Diagnostic, Form, Level, Look, Source, catalogue, render};
use pdec::model::{Formulas, Given, Overrides};
use pdec::pipeline::{self, Times};

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

/// What was found in a problem, and the text of all its files. The files that it names lie in `folder`.
fn diagnose_in(folder: &Path, source: &Source) -> (Source, Vec<Diagnostic>) {
    // From the root of the repository, so that messages show the same paths everywhere.
    let files = Files::below(folder, &[]).expect("a folder");
    let given = Given { overrides: &Overrides::default(), formulas: &Formulas::default(), files: &files };
    let checked = pipeline::check_given(source.clone(), given, &mut Times::default());
    (checked.source, checked.found)
}

fn diagnose(path: &Path) -> (Source, Vec<Diagnostic>) {
    let folder = path.parent().expect("a folder").strip_prefix(env!("CARGO_MANIFEST_DIR")).expect("in the repository");
    diagnose_in(folder, &read(path))
}

fn shown(source: &Source, found: &[Diagnostic]) -> String {
    render(source, found, Form::Human(Look::default()))
}

#[test]
fn wrong_files_are_explained() {
    let mut sound = Vec::new();
    for path in files("tests/check/wrong") {
        let (source, found) = diagnose(&path);
        let name = path.file_stem().expect("a file name").to_string_lossy().into_owned();
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path("check/wrong");
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(name, shown(&source, &found)));
        if found.is_empty() {
            sound.push(path);
        }
    }
    assert!(sound.is_empty(), "found to be sound: {sound:?}");
}

#[test]
fn sound_files_have_nothing_to_report() {
    let mut reports = String::new();
    for path in files("tests/check/sound").into_iter().chain(files("pdes")) {
        let (source, mut found) = diagnose(&path);
        // A note that says what `exact` makes of a number is no complaint.
        found.retain(|d| d.code != "W0243");
        reports += &shown(&source, &found);
    }
    assert!(reports.is_empty(), "{reports}");
}

/// What a statement gives whose meaning comes later; examples that need one cannot be judged yet.
const LATER: &str = "E0901";

#[test]
fn examples_of_the_catalogue_are_what_it_says_they_are() {
    let mut misses = String::new();
    let mut judged = 0;
    for entry in catalogue::all() {
        let examples = [(entry.wrong, true), (entry.right, false)];
        for (text, is_wrong) in examples.into_iter().filter_map(|(text, is_wrong)| Some((text?, is_wrong))) {
            let (source, found) = diagnose_in(Path::new("tests/check/catalogue"), &Source::new(entry.code, text));
            if found.iter().any(|d| d.code == LATER) {
                continue;
            }
            judged += 1;
            let fits = if is_wrong { found.iter().any(|d| d.code == entry.code) } else { found.is_empty() };
            if !fits {
                misses += &format!("wrong: {is_wrong}\n{text}\n{}", shown(&source, &found));
            }
        }
    }
    assert!(misses.is_empty(), "{misses}");
    assert!(judged > 80, "only {judged} examples were judged");
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
        assert_eq!(diagnose(&path).1, diagnose(&path).1, "{path:?}");
    }
}

#[test]
fn a_wrong_exact_solution_stops_what_a_warning_would_not() {
    let level = |name: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/check/wrong").join(name);
        diagnose(&path).1.iter().map(|d| d.level).max()
    };
    assert_eq!(level("45_exact_equation.pde"), Some(Level::Error));
    assert_eq!(level("33_one_end.pde"), Some(Level::Warning));
    assert_eq!(level("38_kink_at_the_seam.pde"), Some(Level::Note));
}
