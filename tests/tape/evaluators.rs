//! One suite that everything which runs a tape must pass: the interpreter and machine code.

use pdec::codegen::{self, Compiled, Options};
use pdec::tape::{Interpreter, Lane, PointProgram, Tape, host_contraction};

use super::bits::same;
use super::random_tape::{operation, operations};

/// Numbers at which operations are special, and some ordinary ones.
const SPECIAL: [f64; 16] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    -2.75,
    3.1,
    1e-3,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::NAN,
    5e-324,
    -1e-310,
    f64::MIN_POSITIVE,
    f64::MAX,
    -1e200,
];

trait Backend: PointProgram + Sized {
    fn of(tape: &Tape, longest_body: usize) -> Self;
}

impl Backend for Interpreter {
    fn of(tape: &Tape, _: usize) -> Self {
        Interpreter::new(tape)
    }
}

impl Backend for Compiled {
    fn of(tape: &Tape, longest_body: usize) -> Self {
        let options = Options { verify: true, longest_body, ..Options::default() };
        codegen::jit(&[tape], &options).expect("the tape compiles").remove(0)
    }
}

fn scratch(program: &impl PointProgram) -> Vec<f64> {
    // What scratch holds before must not matter.
    vec![f64::NAN; program.scratch_len()]
}

/// Runs the program on one row and compares it with the tape, point by point.
fn check_points<B: Backend>(tape: &Tape, longest_body: usize, columns: &[Vec<f64>]) {
    let program = B::of(tape, longest_body);
    let count = columns.first().map_or(0, Vec::len);
    let inputs: Vec<Lane> = (0..columns.len()).map(|buffer| Lane { buffer, offset: 0, row_stride: count }).collect();
    let outputs: Vec<Lane> =
        (0..tape.outputs().len()).map(|i| Lane { buffer: 0, offset: i * (count + 1), row_stride: count }).collect();
    let mut result = vec![77.0; tape.outputs().len() * (count + 1)];
    let buffers: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    program.run(1, count, &buffers, &inputs, &mut [&mut result], &outputs, &mut scratch(&program));
    for point in 0..count {
        let at: Vec<f64> = columns.iter().map(|c| c[point]).collect();
        for (output, expected) in tape.evaluate(&at).into_iter().enumerate() {
            let found = result[output * (count + 1) + point];
            assert!(same(found, expected), "output {output} at {at:?}: {found:?}, not {expected:?}\n{tape}");
        }
    }
    assert!((0..outputs.len()).all(|i| result[i * (count + 1) + count] == 77.0), "written beyond {count} points");
}

pub fn columns_of_special(arity: usize) -> Vec<Vec<f64>> {
    let count = SPECIAL.len().pow(arity as u32);
    (0..arity).map(|i| (0..count).map(|p| SPECIAL[p / SPECIAL.len().pow(i as u32) % SPECIAL.len()]).collect()).collect()
}

/// Two levels of calls, values that cross both, an input and a constant among the outputs, an output twice.
pub const MIXED: &str = "tape separate, 3 inputs
  v0 = input 0
  v1 = input 1
  v2 = input 2
  v3 = const 0.25
  v4 = mul v0 v1
  v5 = add v4 v2
  v6 = tanh v5
  v7 = pow v0 v3
  v8 = sub v6 v4
  v9 = mul v8 v7
  v10 = sin v9
  v11 = exp v6
  v12 = div v10 v11
  v13 = max v12 v5
outputs v13 v6 v3 v1 v13 v10
";

fn points(count: usize, inputs: usize) -> Vec<Vec<f64>> {
    (0..inputs).map(|i| (0..count).map(|p| 0.1 + ((p * 7 + i * 13) % 101) as f64 / 40.0).collect()).collect()
}

fn every_operation<B: Backend>() {
    for (name, arity) in operations(host_contraction()) {
        check_points::<B>(&operation(name, arity, host_contraction()), 1000, &columns_of_special(arity));
    }
}

fn every_count<B: Backend>() {
    let tape: Tape = MIXED.parse().unwrap();
    for count in (0..10).chain([63, 64, 65, 127, 255, 256, 257, 258, 511, 513, 600]) {
        for longest_body in [1, 2, 1000] {
            check_points::<B>(&tape, longest_body, &points(count, 3));
        }
    }
}

/// Inputs in one buffer, the second the same for every row; outputs in two buffers, with gaps between the rows.
fn rows_and_strides<B: Backend>(text: &str) {
    let tape: Tape = text.parse().unwrap();
    let program = B::of(&tape, 1000);
    for (rows, count) in [(1, 1), (3, 1), (2, 2), (5, 3), (7, 64), (64, 64), (3, 100), (2, 257), (40, 9)] {
        for gap in [0, 1, 5] {
            let stride = count + gap;
            let data: Vec<f64> = points(2 * rows * stride + count, 1).remove(0);
            let inputs = [
                Lane { buffer: 0, offset: 0, row_stride: stride },
                Lane { buffer: 0, offset: 2 * rows * stride, row_stride: 0 },
                Lane { buffer: 0, offset: rows * stride, row_stride: stride },
            ];
            let half = tape.outputs().len() / 2;
            let outputs: Vec<Lane> = (0..tape.outputs().len())
                .map(|i| Lane {
                    buffer: usize::from(i >= half),
                    offset: (i % half) * rows * stride,
                    row_stride: stride,
                })
                .collect();
            let size = tape.outputs().len() * rows * stride;
            let (mut first, mut second) = (vec![77.0; size], vec![77.0; size]);
            let buffers: &mut [&mut [f64]] = &mut [&mut first, &mut second];
            program.run(rows, count, &[&data], &inputs, buffers, &outputs, &mut scratch(&program));
            for (row, point) in (0..rows).flat_map(|row| (0..stride).map(move |point| (row, point))) {
                let at: Vec<f64> =
                    inputs.iter().map(|l| data[(l.offset + row * l.row_stride + point).min(data.len() - 1)]).collect();
                for (lane, expected) in outputs.iter().zip(tape.evaluate(&at)) {
                    let found = buffers[lane.buffer][lane.offset + row * stride + point];
                    let expected = if point < count { expected } else { 77.0 };
                    assert!(same(found, expected), "{rows} rows of {count} + {gap}: row {row}, point {point}");
                }
            }
        }
    }
}

fn lanes_are_checked<B: Backend>() {
    let program = B::of(&operation("neg", 1, host_contraction()), 1000);
    let lane = |offset, row_stride| Lane { buffer: 0, offset, row_stride };
    let run = |rows, count, input: Lane, output: Lane, scratch_len: usize| {
        let (data, mut result, mut scratch) = ([1.0; 10], [0.0; 10], vec![0.0; scratch_len]);
        let call = || program.run(rows, count, &[&data], &[input], &mut [&mut result], &[output], &mut scratch);
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(call)).is_ok()
    };
    let enough = program.scratch_len();
    assert!(run(2, 5, lane(0, 5), lane(0, 5), enough));
    assert!(run(0, 50, lane(90, 5), lane(90, 5), enough));
    assert!(!run(2, 5, lane(1, 5), lane(0, 5), enough));
    assert!(!run(2, 5, lane(0, 5), lane(0, 6), enough));
    assert!(!run(2, 5, lane(0, usize::MAX), lane(0, 5), enough));
    assert!(!run(1, 5, Lane { buffer: 1, offset: 0, row_stride: 0 }, lane(0, 5), enough));
    assert!(!run(1, 5, lane(0, 5), lane(0, 5), enough - 1));
}

macro_rules! evaluator_tests {
    ($name:ident, $backend:ty) => {
        mod $name {
            use super::*;

            #[test]
            fn every_operation() {
                super::every_operation::<$backend>();
            }

            #[test]
            fn every_count() {
                super::every_count::<$backend>();
            }

            #[test]
            fn rows_and_strides() {
                super::rows_and_strides::<$backend>(MIXED);
                super::rows_and_strides::<$backend>(
                    "tape separate, 3 inputs\nv0 = input 0\nv1 = input 1\nv2 = input 2\nv3 = mul v0 v1\n\
                     v4 = sub v3 v2\noutputs v3 v4\n",
                );
            }

            #[test]
            fn lanes_are_checked() {
                super::lanes_are_checked::<$backend>();
            }
        }
    };
}

evaluator_tests!(interpreter, Interpreter);
evaluator_tests!(compiled, Compiled);
