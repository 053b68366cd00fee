//! A program with one thing wrong is told from the right one: the same comparison as everywhere here, between machine code
//! of the wrong one and the interpreter of the right one.

use pdec::codegen::{self, Options};
use pdec::tape::{Interpreter, Tape, host_contraction};

use super::bits::difference;
use super::differential::run;
use super::evaluators::{MIXED, columns_of_special};
use super::mutants::{SYMMETRIC, of_tape_line};
use super::random_tape::{operation, operations};

/// The mutants of a program, line by line, and whether machine code of each differs from what the program means.
fn seen(tape: &Tape, columns: &[Vec<f64>]) -> Vec<(String, bool)> {
    let text = tape.to_string();
    let lines: Vec<&str> = text.lines().collect();
    let (mut names, mut mutants): (Vec<String>, Vec<Tape>) = (Vec::new(), Vec::new());
    for (number, line) in lines.iter().enumerate() {
        for (name, other) in of_tape_line(line, &operations(host_contraction())) {
            let mut lines = lines.clone();
            lines[number] = &other;
            // What the verifier refuses never runs.
            let Ok(mutant) = lines.join("\n").parse() else { continue };
            if mutant != *tape {
                names.push(format!("line {number}: {name}"));
                mutants.push(mutant);
            }
        }
    }
    let expected = run(&Interpreter::new(tape), columns);
    let compiled = codegen::jit(&mutants.iter().collect::<Vec<_>>(), &Options::default()).expect("machine code");
    let found = compiled.iter().map(|program| difference(&run(program, columns), &expected).is_some());
    names.into_iter().zip(found).collect()
}

/// Operands may change places without anybody seeing it where the operation is symmetric, and nowhere else.
fn assert_all_show(found: &[(String, bool)]) {
    for (mutant, is_seen) in found {
        let is_the_same = SYMMETRIC.iter().any(|name| mutant.ends_with(&format!(" {name} swapped 0 1")));
        assert_eq!(*is_seen, !is_the_same, "{mutant}");
    }
}

#[test]
fn every_operation_is_told_from_every_other() {
    for (name, arity) in operations(host_contraction()) {
        let found = seen(&operation(name, arity, host_contraction()), &columns_of_special(arity));
        assert!(found.len() >= 3, "{name}");
        assert_all_show(&found);
    }
}

#[test]
fn every_line_of_a_program_shows() {
    // What only a maximum uses is an output, too: it is not the larger one everywhere.
    let program = MIXED.replace("outputs v13", "outputs v12 v13");
    let found = seen(&program.parse().expect("a tape"), &columns_of_special(3));
    assert!(found.len() > 100);
    assert_all_show(&found);
}
