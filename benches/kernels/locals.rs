//! The table of local kernels.

use std::collections::BTreeSet;

use pdec::codegen::{Options, jit};
use pdec::expr::{Expr, Interval};
use pdec::report::{Align, TextTable};
use pdec::simplify::{Effort, simplify};
use pdec::tape::{Interpreter, Lane, PointProgram, Tape, host_contraction};

use super::c::CKernel;
use super::known_formulas::{KNOWN, Known};
use super::known_roots;
use super::numbers::assert_close;
use super::timing::{Time, in_turns};

/// Points of a call: all arrays stay in the second cache. Not a power of two: with it they would fall into the same sets of
/// the first one.
const POINTS: usize = 544;

/// Prints it.
pub fn table() {
    let columns = ["inputs", "outputs", "operations", "interpreter", "pdec", "C", "by hand"];
    let ratios = ["interpreter / pdec", "pdec / C", "pdec / by hand"];
    let numbers = columns.into_iter().chain(ratios).map(|name| (name, Align::Right));
    let mut table = TextTable::new(std::iter::once(("kernel", Align::Left)).chain(numbers));
    let mut left_out = BTreeSet::new();
    for known in &KNOWN {
        let tape = tape(known);
        let c = CKernel::new(&tape).map_err(|reason| left_out.insert(reason)).ok();
        let [interpreter, pdec, c, by_hand] = measured(known, &tape, c.as_ref());
        let time = |time: &Option<Time>| time.map_or("-".to_owned(), |time| nanoseconds(time.least));
        let ratio = |a: &Option<Time>, b: &Option<Time>| match (a, b) {
            (Some(a), Some(b)) => format!("{:.2}", a.least / b.least),
            _ => "-".to_owned(),
        };
        table.row([
            known.name.to_owned(),
            tape.inputs().to_string(),
            tape.outputs().len().to_string(),
            tape.cost().weighted().to_string(),
            time(&interpreter),
            time(&pdec),
            time(&c),
            time(&by_hand),
            ratio(&interpreter, &pdec),
            ratio(&pdec, &c),
            ratio(&pdec, &by_hand),
        ]);
    }
    println!("Values, Jacobians and Hessians in the jets, least nanoseconds a point ({POINTS} points a call):\n");
    println!("{}", table.to_markdown());
    left_out.iter().for_each(|reason| println!("Nothing in C: {reason}\n"));
}

fn nanoseconds(seconds: f64) -> String {
    format!("{:.2}", 1e9 * seconds / POINTS as f64)
}

/// The simplified formulas of a family. Of equal ones there is one, and none of those that are known already: numbers and
/// jets.
fn tape(known: &Known) -> Tape {
    let (mut graph, all) = known_roots::roots(known);
    let mut roots: Vec<Expr> = Vec::new();
    for root in all {
        let symbols = graph.symbols(&[root]);
        let is_known = symbols.iter().any(|symbol| graph.symbol(symbol.clone()) == root) || symbols.is_empty();
        if !is_known && !roots.contains(&root) {
            roots.push(root);
        }
    }
    let inputs = graph.symbols(&roots);
    let (roots, _) = simplify(&mut graph, &roots, &|_| Interval::ALL, Effort::Standard);
    Tape::new(&graph, &roots, &inputs, host_contraction()).expect("the formulas have a tape")
}

/// Computes all outputs.
type Run<'a> = Box<dyn FnMut(&mut [f64]) + 'a>;

/// A way to compute a tape at all points.
struct Way<'a> {
    /// One output behind the other.
    outputs: Vec<f64>,
    run: Run<'a>,
}

/// Times of the interpreter, machine code, C and the kernel by hand, whose numbers are compared first.
fn measured(known: &Known, tape: &Tape, c: Option<&CKernel>) -> [Option<Time>; 4] {
    let at = |k: usize, i: usize| 0.3 * ((i * (2 * k + 3) + k) as f64 * 0.37).sin() + 0.05;
    let columns: Vec<Vec<f64>> = (0..tape.inputs()).map(|k| (0..POINTS).map(|i| at(k, i)).collect()).collect();
    let inputs: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    let inputs = &inputs[..];
    let interpreter = Interpreter::new(tape);
    let compiled = jit(&[tape], &Options::default()).expect("the tape compiles").swap_remove(0);
    let runs: [Option<Run<'_>>; 4] = [
        Some(program(&interpreter, inputs)),
        Some(program(&compiled, inputs)),
        c.map(|c| Box::new(|outputs: &mut [f64]| c.run(POINTS, inputs, outputs)) as _),
        by_hand(known.name).map(|run| Box::new(move |outputs: &mut [f64]| run(inputs, outputs)) as _),
    ];
    let outputs = || vec![f64::NAN; POINTS * tape.outputs().len()];
    let mut ways = runs.map(|run| run.map(|run| Way { outputs: outputs(), run }));
    ways.iter_mut().flatten().for_each(|way| (way.run)(&mut way.outputs));
    let expected = ways[0].as_ref().map(|way| way.outputs.clone()).unwrap_or_default();
    for way in ways.iter().flatten() {
        for (found, expected) in way.outputs.chunks_exact(POINTS).zip(expected.chunks_exact(POINTS)) {
            assert_close(found, expected);
        }
    }
    let mut calls: Vec<_> = ways.iter_mut().flatten().map(|way| || (way.run)(&mut way.outputs)).collect();
    let mut times = in_turns(&mut calls).into_iter();
    ways.map(|way| way.and_then(|_| times.next()))
}

/// A way that runs a program.
fn program<'a>(program: &'a dyn PointProgram, inputs: &'a [&[f64]]) -> Run<'a> {
    let lane = |buffer, offset| Lane { buffer, offset, row_stride: POINTS };
    let from: Vec<Lane> = (0..program.inputs()).map(|k| lane(k, 0)).collect();
    let to: Vec<Lane> = (0..program.outputs()).map(|k| lane(0, k * POINTS)).collect();
    let mut scratch = vec![0.0; program.scratch_len()];
    Box::new(move |outputs| program.run(1, POINTS, inputs, &from, &mut [outputs], &to, &mut scratch))
}

#[cfg(target_arch = "x86_64")]
fn by_hand(name: &str) -> Option<super::by_hand::ByHand> {
    super::lanes::is_available().then(|| super::by_hand::of(name)).flatten()
}

#[cfg(not(target_arch = "x86_64"))]
fn by_hand(_: &str) -> Option<fn(&[&[f64]], &mut [f64])> {
    None
}
