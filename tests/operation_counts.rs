//! What the problems that come with pdec cost before and after simplification, and that nothing is left to simplify.
//!
//! The counts are pinned in `tests/operation_counts.txt`, in units of an addition ([`pdec::simplify::dag_cost`]), all
//! blocks of a problem together. Run with `INSTA_UPDATE=always` to write what was found.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pdec::dataset::Files;
use pdec::diagnostic::Source;
use pdec::expr::{Expr, Graph, Interval, Symbol};
use pdec::kernel::KernelTapes;
use pdec::model::{Formulas, Given, Model, Overrides};
use pdec::pipeline::{self, Lowered, SIMPLIFIED, Times};
use pdec::simplify::{Effort, simplify};
use pdec::tape::host_contraction;
use rayon::prelude::*;

/// Before and after, for each of [`SIMPLIFIED`].
type Counts = [(f64, f64); 3];

fn problems() -> Vec<PathBuf> {
    let mut paths = Vec::new();
    for folder in ["pdes", "tests/examples"] {
        for entry in std::fs::read_dir(folder).expect("the folder") {
            paths.push(entry.expect("an entry").path());
        }
    }
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "pde"));
    paths.sort();
    paths
}

fn lowered(path: &Path, effort: Effort) -> Lowered {
    let text = std::fs::read_to_string(path).expect("the problem is there");
    let files = Files::below(path.parent().expect("a folder"), &[]).expect("the folder is there");
    let given = Given { overrides: &Overrides::default(), formulas: &Formulas::default(), files: &files };
    let checked = pipeline::check_given(Source::new(path.display().to_string(), text), given, &mut Times::default());
    let Some((model, _)) = checked.model else { panic!("{} is not sound: {:?}", path.display(), checked.found) };
    pipeline::lower(model, effort, &mut Times::default()).expect("tapes")
}

fn counts(path: &Path) -> Counts {
    let mut counts = [(0.0, 0.0); 3];
    for (number, report) in lowered(path, Effort::Standard).simplified.iter().enumerate() {
        assert_eq!(report.discarded, None, "{}: {report}", path.display());
        let (before, after) = &mut counts[number % SIMPLIFIED.len()];
        *before += report.before;
        *after += report.after;
    }
    counts
}

fn pinned_line(name: &str, counts: &Counts) -> String {
    let costs: Vec<String> = counts.iter().map(|(before, after)| format!("{before} -> {after}")).collect();
    format!("{name}: {}\n", costs.join(", "))
}

fn pinned(text: &str) -> BTreeMap<&str, Counts> {
    let number = |text: &str| text.trim().parse::<f64>().expect("a count");
    let line = |line| {
        let (name, costs) = str::split_once(line, ':').expect("a file and its counts");
        let mut pairs = costs.split(',').map(|pair| pair.split_once("->").expect("before -> after"));
        let counts = SIMPLIFIED.map(|_| pairs.next().map(|(a, b)| (number(a), number(b))).expect("three programs"));
        (name, counts)
    };
    text.lines().map(line).collect()
}

#[test]
fn operation_counts_are_as_pinned() {
    let table = Path::new("tests/operation_counts.txt");
    let name = |path: &PathBuf| path.display().to_string();
    let found: BTreeMap<String, Counts> = problems().par_iter().map(|path| (name(path), counts(path))).collect();
    if std::env::var("INSTA_UPDATE").is_ok_and(|value| value == "always") {
        let lines: String = found.iter().map(|(name, counts)| pinned_line(name, counts)).collect();
        std::fs::write(table, lines).expect("the table can be written");
    }
    let text = std::fs::read_to_string(table).expect("the table is there");
    let pinned = pinned(&text);
    let mut differences = Vec::new();
    for (name, found) in &found {
        let Some(pinned) = pinned.get(name.as_str()) else {
            differences.push(format!("{name} is not in the table"));
            continue;
        };
        for ((program, found), pinned) in SIMPLIFIED.iter().zip(found).zip(pinned) {
            for (when, found, pinned) in [("before", found.0, pinned.0), ("after", found.1, pinned.1)] {
                let verdict = if found > pinned { "rose" } else { "fell: update the table" };
                if found != pinned {
                    differences.push(format!("{name}, {program}, {when}: {pinned} -> {found} {verdict}"));
                }
            }
        }
    }
    let gone = pinned.keys().filter(|name| !found.contains_key(**name)).map(|name| format!("{name} is gone"));
    differences.extend(gone);
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// What is known of an atom of a problem.
fn known(model: &Model, symbol: &Symbol) -> Interval {
    match symbol {
        Symbol::Coordinate(axis) => {
            model.axes.get(usize::from(*axis)).map_or(Interval::ALL, |axis| Interval::new(axis.lower, axis.upper))
        }
        Symbol::Normal(_) => Interval::new(-1.0, 1.0),
        Symbol::Slot(_) | Symbol::Jet(_) => Interval::ALL,
    }
}

#[test]
fn what_is_compiled_is_no_longer_changed_by_simplifying() {
    problems().par_iter().for_each(|path| {
        let Lowered { model, mut description, .. } = lowered(path, Effort::Off);
        let mut twice = |graph: &mut Graph, roots: &[Expr]| {
            let known = |symbol: &Symbol| known(&model, symbol);
            let (once, _) = simplify(graph, roots, &known, Effort::Standard);
            let (again, report) = simplify(graph, &once, &known, Effort::Standard);
            assert_eq!(once, again, "{}: {report}", path.display());
            once
        };
        KernelTapes::new(&mut description, host_contraction(), &mut twice).expect("tapes");
    });
}
