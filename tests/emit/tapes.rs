//! Tapes as kernels: every operation and random programs, in double and in single precision, in this process and in objects
//! for this and for every machine, against the tape at a point.

use pdec::codegen::{Machine, Options, load};
use pdec::emit::{Kernel, Library, Request};
use pdec::expr::Graph;
use pdec::routine::{Argument, Kind, Lane, Pad, Place, Routine, Source, Stage, Step};
use pdec::simplify::Effort;
use pdec::tape::{Contraction, Tape, host_contraction};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use super::calls::{Call, Float, Shared, difference};
use super::library::has;
use super::random_tape::{INPUTS, long_lived, number, operation, operations, recipes, symbols, wild};

/// A tape as a routine: its inputs are the columns of one batch, its outputs those of another.
fn routine(name: &str, tape: &Tape) -> Routine {
    let rows = [tape.inputs(), tape.outputs().len()];
    let [inputs, outputs] = [("x", rows[0]), ("y", rows[1])]
        .map(|(name, rows)| (0..rows).map(|i| Argument::column(format!("{name}{i}"))).collect());
    let place = |buffer: usize, row: usize| Place { buffer, row };
    let lanes = |buffer: usize| (0..rows[buffer]).map(move |row| Lane { place: place(buffer, row), step: 0 });
    let always = |stage: Stage| Step { stage, only_for: Vec::new() };
    let load = |input: usize| always(Stage::Load { input, row: 0, to: place(0, input), pad: Pad::Last });
    let store = |output: usize| Step {
        stage: Stage::Store { from: place(1, output), rows: 1, output, row: 0 },
        only_for: vec![output],
    };
    let run = always(Stage::Run {
        tape: 0,
        rows: 1,
        inputs: lanes(0).map(Source::Lane).collect(),
        outputs: lanes(1).collect(),
    });
    Routine {
        name: name.to_owned(),
        inputs,
        outputs,
        buffers: rows.to_vec(),
        tapes: vec![tape.clone()],
        steps: (0..rows[0]).map(load).chain([run]).chain((0..rows[1]).map(store)).collect(),
        ..Routine::default()
    }
}

/// A library of tapes.
fn library<T: Float>(routines: &[Routine], machine: Machine) -> Library {
    let kernel = |routine: &Routine| Kernel {
        kind: Kind::Predict,
        terms: Vec::new(),
        formulas: Vec::new(),
        jets: Vec::new(),
        first: Vec::new(),
        second: Vec::new(),
        routine: routine.clone(),
    };
    let prefix = "tapes".to_owned();
    Library {
        problem: prefix.clone(),
        request: Request { kinds: vec![Kind::Predict], scalar: T::SCALAR, machine, prefix, effort: Effort::Off },
        kernels: routines.iter().map(kernel).collect(),
        skipped: Vec::new(),
        parameters: Vec::new(),
        parameter_count: 0,
        hash: [0; 32],
    }
}

/// What a tape makes of columns, point by point: the meaning of it.
fn expected<T: Float>(tape: &Tape, columns: &[Vec<T>], n: usize) -> Vec<Vec<T>> {
    let mut found = vec![Vec::with_capacity(n); tape.outputs().len()];
    for point in 0..n {
        let at: Vec<T> = columns.iter().map(|column| column[point]).collect();
        found.iter_mut().zip(tape.evaluate(&at)).for_each(|(column, value)| column.push(value));
    }
    found
}

fn call<T: Float>(tape: &Tape, columns: Vec<Vec<T>>, n: usize, shift: usize) -> Call<T> {
    Call { n, shift, wanted: vec![true; tape.outputs().len()], inputs: columns }
}

/// Tapes with columns for them, through all that runs a routine.
fn check<T: Float>(cases: &[(Tape, Vec<Vec<T>>)], machine: Machine) {
    let n = |columns: &[Vec<T>]| columns.first().map_or(3, Vec::len);
    let routines: Vec<Routine> =
        cases.iter().enumerate().map(|(i, (tape, _))| routine(&format!("tape{i}"), tape)).collect();
    let calls: Vec<Call<T>> =
        cases.iter().enumerate().map(|(i, (t, columns))| call(t, columns.clone(), n(columns), i % 4)).collect();
    let expected: Vec<_> = cases.iter().map(|(tape, columns)| expected(tape, columns, n(columns))).collect();
    let what = format!("{}, {}", machine.name(), T::SCALAR.name());
    let compare = |backend: &str, found: &[Vec<Vec<T>>]| {
        for (i, (found, expected)) in found.iter().zip(&expected).enumerate() {
            if let Some((output, point)) = difference(found, expected) {
                let at: Vec<T> = cases[i].1.iter().map(|column| column[point]).collect();
                let (found, expected) = (found[output][point], expected[output][point]);
                panic!("{what} {backend}: output {output} at {at:?} is {found:?}, not {expected:?}\n{}", cases[i].0);
            }
        }
    };
    if machine == Machine::Native {
        let all: Vec<&Routine> = routines.iter().collect();
        for widest in [true, false] {
            let loaded = load::<T>(&all, &Options { widest, ..Options::default() }).expect("machine code");
            let all = calls.iter().zip(&routines).zip(&loaded);
            compare("in memory", &all.map(|((call, routine), l)| call.in_memory(routine, l)).collect::<Vec<_>>());
        }
    }
    if has("cc") {
        let asked: Vec<_> = routines.iter().zip(&calls).collect();
        compare("in an object", &Shared::new(&library::<T>(&routines, machine)).call(&asked));
    }
}

fn contraction(machine: Machine) -> Contraction {
    if machine == Machine::Native { host_contraction() } else { Contraction::Separate }
}

/// Every operation at all combinations of special numbers.
fn every_operation<T: Float>() {
    let columns = |arity: usize| {
        let of = |i: usize, point: usize| T::SPECIAL[point / T::SPECIAL.len().pow(i as u32) % T::SPECIAL.len()];
        let count = T::SPECIAL.len().pow(arity as u32);
        (0..arity).map(|i| (0..count).map(|point| of(i, point)).collect()).collect()
    };
    for machine in [Machine::Native, Machine::Baseline] {
        let contraction = contraction(machine);
        let cases = operations(contraction)
            .into_iter()
            .map(|(name, arity)| (operation(name, arity, contraction), columns(arity)));
        check::<T>(&cases.collect::<Vec<_>>(), machine);
    }
}

#[test]
fn every_operation_in_double_precision() {
    every_operation::<f64>();
}

#[test]
fn every_operation_in_single_precision() {
    every_operation::<f32>();
}

/// A tape of the formulas of recipes.
fn tape_of(recipes: &[super::random_tape::Recipe], roots: usize, contraction: Contraction) -> Tape {
    let mut graph = Graph::new();
    let formulas = wild(&mut graph, recipes);
    let roots = &formulas[formulas.len().saturating_sub(roots)..];
    Tape::new(&graph, roots, &symbols(), contraction).expect("a tape")
}

fn columns<T: Float>(n: usize) -> impl Strategy<Value = Vec<Vec<T>>> {
    prop::collection::vec(prop::collection::vec(number().prop_map(T::of), n), INPUTS)
}

/// Random programs in objects: many share one.
fn random_programs<T: Float>() {
    let mut runner = TestRunner::deterministic();
    for machine in [Machine::Native, Machine::Baseline] {
        let contraction = contraction(machine);
        let recipes = recipes(40).prop_map(move |recipes| tape_of(&recipes, 5, contraction));
        let tape = prop_oneof![4 => recipes.boxed(), 1 => long_lived(contraction, 300).boxed()];
        let case = (1..40_usize).prop_flat_map(columns::<T>);
        let case = (tape, case);
        let cases: Vec<_> = (0..60).map(|_| case.new_tree(&mut runner).expect("a case").current()).collect();
        check::<T>(&cases, machine);
    }
}

#[test]
fn random_programs_in_double_precision() {
    random_programs::<f64>();
}

#[test]
fn random_programs_in_single_precision() {
    random_programs::<f32>();
}

/// Machine code in single precision, the interpreter of routines, and the tape at each point.
fn single(tape: &Tape, columns: &[Vec<f32>], options: &Options) -> Result<(), TestCaseError> {
    let n = columns[0].len();
    let routine = routine("single", tape);
    let loaded = load::<f32>(&[&routine], options).expect("machine code").remove(0);
    let call = call(tape, columns.to_vec(), n, n % 3);
    let expected = expected(tape, columns, n);
    let found = call.in_memory(&routine, &loaded);
    prop_assert_eq!(difference(&found, &expected), None, "machine code {:?}, not {:?}\n{}", found, expected, tape);
    let interpreted = call.interpreted(&routine, Machine::Native);
    prop_assert_eq!(difference(&interpreted, &expected), None, "the interpreter of routines\n{}", tape);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn single_precision_is_that_of_the_tape(
        recipes in recipes(40),
        columns in (1..40_usize).prop_flat_map(columns::<f32>),
        longest_body in prop::sample::select(vec![1_usize, 3, 10, 1000]),
        roots in 1..8_usize,
        widest in any::<bool>(),
    ) {
        let options = Options { verify: true, longest_body, widest, ..Options::default() };
        for contraction in [Contraction::Separate, host_contraction()] {
            single(&tape_of(&recipes, roots, contraction), &columns, &options)?;
        }
    }

    #[test]
    fn long_live_ranges_in_single_precision(
        tape in long_lived(host_contraction(), 300),
        columns in (1..40_usize).prop_flat_map(columns::<f32>),
        widest in any::<bool>(),
    ) {
        single(&tape, &columns, &Options { widest, ..Options::default() })?;
    }
}
