//! The memory of machine code is freed when it is dropped, and never writable and executable at once.
//!
//! A program of its own, since it counts the mappings of the process.
#![cfg(target_os = "linux")]

use std::time::Duration;

use pdec::codegen::{self, Compiled, Loaded, Options};
use pdec::routine::Routine;
use pdec::tape::{Contraction, Lane, PointProgram, Tape};

fn tape(number: usize) -> Tape {
    let text = format!(
        "tape separate, 1 inputs\nv0 = input 0\nv1 = const {number}.0\nv2 = add v0 v1\nv3 = exp v2\nv4 = mul v3 v2\noutputs v4\n"
    );
    text.parse().unwrap()
}

fn at(program: &Compiled, x: f64) -> f64 {
    let mut result = [0.0];
    let lane = [Lane { buffer: 0, offset: 0, row_stride: 0 }];
    program.run(1, 1, &[&[x]], &lane, &mut [&mut result], &lane, &mut vec![0.0; program.scratch_len()]);
    result[0]
}

/// A routine with all that routines have in memory: a driver, a runner, bodies of a tape around a call, a table.
fn routine(number: usize) -> Routine {
    let text = format!(
        "routine small{number}\ninput x points\noutput y points\nbuffer 2\nspare 0\ntable 0.5 {number}.0\n\
         | tape separate, 2 inputs\n| v0 = input 0\n| v1 = input 1\n| v2 = mul v0 v1\n| v3 = exp v2\n\
         | v4 = sub v3 v0\n| outputs v4\n\
         load 0 0 b0.0 last\nrun 0 1 from b0.0+0 t0.1+0 to b0.1+0\nstore b0.1 1 0 0 ? 0\n"
    );
    text.parse().unwrap()
}

/// Machine code in memory: compiled, called, compared with what it means, and dropped.
struct Way {
    name: &'static str,
    round: fn(&Options, number: usize),
}

const WAYS: [Way; 2] = [Way { name: "tapes", round: tapes }, Way { name: "routines", round: routines }];

fn tapes(options: &Options, number: usize) {
    let tape = tape(number);
    let compiled: Vec<Compiled> = codegen::jit(&[&tape], options).unwrap();
    let x = -(number as f64);
    assert_eq!(at(&compiled[0], x), tape.evaluate(&[x])[0]);
    if number == 0 {
        assert!(executable_pages() > 0, "the code that just ran is in no mapping");
    }
}

fn routines(options: &Options, number: usize) {
    let routine = routine(number);
    let loaded: Vec<Loaded> = codegen::load(&[&routine], options).unwrap();
    let (x, mut found, mut expected) = ([0.25, -0.5], [0.0; 2], [0.0; 2]);
    loaded[0].call(2, &[&x], &mut [Some(&mut found)]);
    routine.interpret(Contraction::Separate, 2, &[&x], &mut [Some(&mut expected)]).unwrap();
    assert_eq!(found, expected);
    if number == 0 {
        assert!(executable_pages() > 0, "the code that just ran is in no mapping");
    }
}

fn mappings() -> Vec<String> {
    std::fs::read_to_string("/proc/self/maps").unwrap().lines().map(str::to_owned).collect()
}

/// Anonymous pages with code in them, which are those of compiled programs.
fn executable_pages() -> usize {
    mappings().iter().filter(|m| m.contains("-xp") && m.ends_with(" 0 ")).count()
}

fn resident_kilobytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches("kB").trim().parse().unwrap()
}

/// One test, since others would count as its memory.
#[test]
fn memory_is_freed_and_never_writable_and_executable() {
    std::thread::scope(|scope| {
        let compiling = scope.spawn(|| WAYS.iter().for_each(compile_and_drop));
        while !compiling.is_finished() {
            let wrong = mappings().into_iter().find(|mapping| mapping.contains("wx"));
            assert_eq!(wrong, None, "a page that is writable and executable");
            std::thread::sleep(Duration::from_millis(1));
        }
        compiling.join().expect("memory that is freed");
    });
}

/// With the widest registers the bodies of tapes are encoded here where the machine has AVX-512, and by Cranelift without
/// them: by turns.
fn compile_and_drop(Way { name, round }: &Way) {
    const ROUNDS: usize = 10_000;
    let (mut mapped, mut resident) = (0, 0);
    for number in 1..=ROUNDS {
        round(&Options { widest: number % 2 == 0, verify: false, ..Options::default() }, number % 100);
        if number == ROUNDS / 10 {
            (mapped, resident) = (mappings().len(), resident_kilobytes());
        }
    }
    assert_eq!(executable_pages(), 0, "{name} leave code behind");
    let (all_mapped, all_resident) = (mappings().len(), resident_kilobytes());
    // Stacks and heaps of the test runner may map a little of their own.
    assert!(all_mapped <= mapped + 8, "{name}: {mapped} mappings after a tenth, {all_mapped} after all");
    assert!(all_resident < resident + 4096, "{name}: {resident} kB after a tenth, {all_resident} kB after all");
}
