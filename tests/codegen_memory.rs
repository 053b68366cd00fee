//! The memory of machine code is freed when it is dropped, and never writable and executable at once.
//!
//! A program of its own, since it counts the mappings of the process.
#![cfg(target_os = "linux")]

use pdec::codegen::{self, Compiled, Options};
use pdec::tape::{Lane, PointProgram, Tape};

fn tape(number: usize) -> Tape {
    let text = format!(
        "tape separate, 1 inputs\nv0 = input 0\nv1 = const {number}.0\nv2 = add v0 v1\nv3 = exp v2\nv4 = mul v3 v2\noutputs v4\n"
    );
    text.parse().unwrap()
}

fn compile(tapes: &[Tape]) -> Vec<Compiled> {
    codegen::jit(&tapes.iter().collect::<Vec<_>>(), &Options::default()).unwrap()
}

fn at(program: &Compiled, x: f64) -> f64 {
    let mut result = [0.0];
    let lane = [Lane { buffer: 0, offset: 0, row_stride: 0 }];
    program.run(1, 1, &[&[x]], &lane, &mut [&mut result], &lane, &mut vec![0.0; program.scratch_len()]);
    result[0]
}

fn mappings() -> Vec<String> {
    std::fs::read_to_string("/proc/self/maps").unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn memory_is_freed_and_never_writable_and_executable() {
    let executable = || mappings().iter().filter(|m| m.contains("r-xp") && m.ends_with(" 0 ")).count();
    drop(compile(&[tape(0)]));
    let before = (mappings().len(), executable());
    for number in 0..200 {
        let programs = compile(&[tape(number), tape(number + 1)]);
        let x = number as f64;
        assert_eq!(at(&programs[1], -x), tape(number + 1).evaluate(&[-x])[0]);
        assert!(!mappings().iter().any(|m| m.contains("rwx")));
        assert!(executable() > before.1, "the code that just ran is in no mapping");
    }
    let after = (mappings().len(), executable());
    // Stacks and heaps of the test runner may map a little of their own.
    assert!(after.0 <= before.0 + 8 && after.1 <= before.1, "{before:?} mappings before, {after:?} after");
    ten_thousand_compilations_need_no_more_memory_than_a_thousand();
}

/// In the one test of this program, since others would count as its memory.
fn ten_thousand_compilations_need_no_more_memory_than_a_thousand() {
    let tapes = [tape(7)];
    let expected = tapes[0].evaluate(&[0.5])[0];
    let mut early = 0;
    for round in 1..=10_000 {
        assert_eq!(at(&compile(&tapes)[0], 0.5), expected);
        if round == 1000 {
            early = resident_kilobytes();
        }
    }
    let late = resident_kilobytes();
    assert!(late < early + 4096, "{early} kB resident after 1000 compilations, {late} kB after 10,000");
}

fn resident_kilobytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches("kB").trim().parse().unwrap()
}
