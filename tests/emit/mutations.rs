//! A kernel with one thing wrong is told from the right one, by the comparison that all kernels pass: between machine code
//! of the wrong one and the interpreter of the right one.

use std::collections::{BTreeMap, BTreeSet};

use pdec::codegen::{Machine, Options, load};
use pdec::routine::Routine;
use pdec::tape::host_contraction;

use super::calls::{Call, Found, difference};
use super::differential::{PROBLEMS, calls, small_text};
use super::library::library_of_text;
use super::mutants::{Mutant, SYMMETRIC, of_tape_line};
use super::random_tape::operations;

/// Kernels with the same thing wrong that are tried.
const TRIED: usize = 3;

/// Pairs of words of which a stage has one.
const EITHER: [(&str, &str); 4] = [("last", "zero"), ("add", "write"), ("carried", "bare"), ("plain", "factorised")];

/// What is wrong only in the text, and why. Operands of symmetric operations are the others.
const THE_SAME: [(&str, &str); 5] = [
    ("| max swapped 0 1", "it differs for zeros and what is no number, which does not reach an output here"),
    ("load 4 last is zero", "copies of the last point are there for the machine, and show in no output"),
    ("store 2 one more", "the next stage writes over the row, or else the verifier refuses it"),
    ("add_bias 4 plain is factorised", "biases have no scales"),
    ("transposed 4 factorised is plain", "cotangents were scaled by the stage before"),
];

/// The stages that kernels have.
const STAGES: [&str; 18] = [
    "add",
    "add_bias",
    "add_weighted",
    "affine",
    "affine_along",
    "dot",
    "layer_moments",
    "layer_rows",
    "layer_sums",
    "load",
    "outer",
    "row_moments",
    "run",
    "scale",
    "seed",
    "store",
    "transposed",
    "zero",
];

/// The mutants of a stage: a row or count one off, another buffer, argument or table, a factor of the other sign, the other one
/// of two words. They are named by the stage, the place of the word in it (or the list that it is in), and what it became.
fn of_stage(line: &str) -> Vec<Mutant> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let mut found = Vec::new();
    let mut list = None;
    for (number, word) in words.iter().enumerate().skip(1).take_while(|(_, word)| **word != "?") {
        if ["from", "to"].contains(word) {
            list = Some(*word);
            continue;
        }
        let place = list.map_or_else(|| number.to_string(), str::to_owned);
        for (what, other) in of_word(word) {
            let mut mutant = words.clone();
            mutant[number] = &other;
            found.push((format!("{} {place} {what}", words[0]), mutant.join(" ")));
        }
    }
    found
}

/// What a word may be instead.
fn of_word(word: &str) -> Vec<Mutant> {
    for (a, b) in EITHER {
        if word == a || word == b {
            let other = if word == a { b } else { a };
            return vec![(format!("{word} is {other}"), other.to_owned())];
        }
    }
    if let Ok(count) = word.parse::<usize>() {
        return one_off(count).into_iter().map(|(what, count)| (what.to_owned(), count.to_string())).collect();
    }
    if let Ok(factor) = word.parse::<f64>() {
        return vec![("negated".to_owned(), format!("{:?}", -factor))];
    }
    of_row(word).unwrap_or_default()
}

/// What `b1.2`, `b1.2+3` or `i1.2+3` may be instead.
fn of_row(word: &str) -> Option<Vec<Mutant>> {
    let (array, rest) = word.split_once('.')?;
    let (kind, number) = array.split_at_checked(1)?;
    let (row, step) = rest.split_once('+').map_or((rest, None), |(row, step)| (row, Some(step)));
    let [number, row] = [number.parse().ok()?, row.parse().ok()?];
    let written = |number: usize, row: usize, step: Option<usize>| {
        format!("{kind}{number}.{row}{}", step.map_or(String::new(), |step| format!("+{step}")))
    };
    let step: Option<usize> = step.map(str::parse).transpose().ok()?;
    // A step of 0 is that of a single run.
    let moving = step.filter(|step| *step > 0);
    let rows = one_off(row).into_iter().map(|(what, row)| (format!("row {what}"), written(number, row, step)));
    let arrays =
        one_off(number).into_iter().map(|(what, number)| (format!("array {what}"), written(number, row, step)));
    let steps = moving.map(one_off).unwrap_or_default().into_iter();
    let steps = steps.map(|(what, step)| (format!("step {what}"), written(number, row, Some(step))));
    Some(rows.chain(arrays).chain(steps).collect())
}

fn one_off(count: usize) -> Vec<(&'static str, usize)> {
    let less = count.checked_sub(1).map(|count| ("one less", count));
    less.into_iter().chain([("one more", count + 1)]).collect()
}

fn mutants(line: &str) -> Vec<Mutant> {
    const HEADS: [&str; 6] = ["routine", "input", "output", "buffer", "spare", "table"];
    match line.strip_prefix('|') {
        Some(line) => {
            let of_tape = of_tape_line(line, &operations(host_contraction()));
            of_tape.into_iter().map(|(name, line)| (format!("| {name}"), format!("| {line}"))).collect()
        }
        // A layer without inputs reads nothing.
        None if HEADS.iter().any(|head| line.starts_with(head)) || line.contains("plain 0 ") => Vec::new(),
        None => of_stage(line),
    }
}

/// What was wrong, in how many kernels, in how many of them it showed, and a line in which it did not.
#[derive(Default)]
struct Seen(BTreeMap<String, (usize, usize, String)>);

impl Seen {
    fn try_all(&mut self, routine: &Routine) {
        let calls: Vec<Call<f64>> = calls(routine);
        let expected: Vec<Found<f64>> = calls.iter().map(|call| call.interpreted(routine, Machine::Native)).collect();
        let text = routine.to_string();
        let lines: Vec<&str> = text.lines().collect();
        for (number, line) in lines.iter().enumerate() {
            for (name, other) in mutants(line) {
                let (tried, seen, unseen) = self.0.entry(name).or_default();
                if *tried == TRIED {
                    continue;
                }
                let mut lines = lines.clone();
                lines[number] = &other;
                // What the verifier refuses never runs.
                let Ok(mutant) = lines.join("\n").parse::<Routine>() else { continue };
                if mutant == *routine {
                    continue;
                }
                *tried += 1;
                let loaded = load::<f64>(&[&mutant], &Options::default()).expect("machine code").remove(0);
                let shows = |(call, expected): (&Call<f64>, _)| {
                    difference(&call.in_memory(routine, &loaded), expected).is_some()
                };
                if calls.iter().zip(&expected).any(shows) {
                    *seen += 1;
                } else {
                    *unseen = format!("{}: `{line}` as `{other}`", routine.name);
                }
            }
        }
    }
}

#[test]
fn what_is_wrong_with_a_kernel_shows() {
    let mut seen = Seen::default();
    for (name, network) in PROBLEMS {
        let library = library_of_text(name, &small_text(name, network), Machine::Native);
        library.kernels.iter().for_each(|kernel| seen.try_all(&kernel.routine));
    }
    let is_the_same = |name: &str| {
        let swapped = name.strip_prefix("| ").and_then(|name| name.strip_suffix(" swapped 0 1"));
        swapped.is_some_and(|name| SYMMETRIC.contains(&name)) || THE_SAME.iter().any(|(same, _)| name == *same)
    };
    for (name, (tried, seen, unseen)) in &seen.0 {
        assert!(*tried == 0 || *seen > 0 || is_the_same(name), "{name}: {tried} tried, none seen\n{unseen}");
    }
    let stages: BTreeSet<&str> =
        seen.0.iter().filter(|(_, s)| s.1 > 0).filter_map(|(name, _)| name.split(' ').next()).collect();
    assert!(STAGES.iter().all(|stage| stages.contains(stage)), "{stages:?}");
}
