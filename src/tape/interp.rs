//! The meaning of a tape on blocks of points: one line after the other.

use super::op::{Op, Value};
use super::program::{BLOCK, Lane, PointProgram, check_call};
use super::{Tape, rows};
use crate::vmath;

/// Runs a tape line by line over blocks of points.
#[derive(Clone, Debug)]
pub struct Interpreter {
    tape: Tape,
    rows: Vec<Option<u32>>,
    row_count: usize,
    /// The outputs that each line is.
    outputs_of: Vec<Vec<usize>>,
}

type Block = [f64; BLOCK];

impl Interpreter {
    /// Prepares a tape to run.
    pub fn new(tape: &Tape) -> Self {
        let mut lifetimes: Vec<rows::Lifetime> =
            tape.ops().iter().enumerate().map(|(i, op)| (!op.is_leaf()).then_some((i, i))).collect();
        let mut outputs_of = vec![Vec::new(); tape.ops().len()];
        for (line, op) in tape.ops().iter().enumerate() {
            for operand in op.operands() {
                if let Some((_, last)) = &mut lifetimes[operand.index()] {
                    *last = line;
                }
            }
        }
        tape.outputs().iter().enumerate().for_each(|(output, v)| outputs_of[v.index()].push(output));
        let (rows, row_count) = rows::allocate(&lifetimes);
        Self { tape: tape.clone(), rows, row_count, outputs_of }
    }

    /// The tape that runs.
    pub fn tape(&self) -> &Tape {
        &self.tape
    }

    fn row(&self, value: Value) -> Option<usize> {
        self.rows[value.index()].map(|row| row as usize * BLOCK)
    }

    /// Copies the values at the points of a block into `block`.
    fn load(&self, value: Value, input: &impl Fn(usize) -> usize, call: &Call, scratch: &[f64], block: &mut [f64]) {
        match self.tape.ops()[value.index()] {
            Op::Const(number) => block.fill(number),
            Op::Input(i) => {
                let (i, start) = (i as usize, input(i as usize));
                block.copy_from_slice(&call.input_buffers[call.inputs[i].buffer][start..][..block.len()]);
            }
            _ => {
                let row = self.row(value).expect("every value that is not a leaf has a row");
                block.copy_from_slice(&scratch[row..][..block.len()]);
            }
        }
    }

    fn line(&self, line: usize, load: impl Fn(Value, &mut [f64]), out: &mut [f64]) {
        let count = out.len();
        let (mut a, mut b, mut c): (Block, Block, Block) = ([0.0; BLOCK], [0.0; BLOCK], [0.0; BLOCK]);
        let (a, b, c) = (&mut a[..count], &mut b[..count], &mut c[..count]);
        for (operand, block) in self.tape.ops()[line].operands().zip([&mut *a, &mut *b, &mut *c]) {
            load(operand, block);
        }
        match self.tape.ops()[line] {
            Op::Const(_) | Op::Input(_) => load(Value::from_index(line), out),
            Op::Unary(op, ..) => (0..count).for_each(|i| out[i] = op.apply(a[i])),
            Op::Binary(op, ..) => (0..count).for_each(|i| out[i] = op.apply(a[i], b[i])),
            Op::Ternary(op, ..) => (0..count).for_each(|i| out[i] = op.apply(a[i], b[i], c[i])),
            Op::Math(function, _) => vmath::apply(function, a, out),
            Op::Pow(..) => vmath::apply2(vmath::Function::Pow, a, b, out),
        }
    }
}

/// The read-only side of a call.
struct Call<'a> {
    input_buffers: &'a [&'a [f64]],
    inputs: &'a [Lane],
}

impl PointProgram for Interpreter {
    fn inputs(&self) -> usize {
        self.tape.inputs()
    }

    fn outputs(&self) -> usize {
        self.tape.outputs().len()
    }

    fn scratch_len(&self) -> usize {
        self.row_count * BLOCK
    }

    fn run(
        &self,
        rows: usize,
        count: usize,
        input_buffers: &[&[f64]],
        inputs: &[Lane],
        output_buffers: &mut [&mut [f64]],
        outputs: &[Lane],
        scratch: &mut [f64],
    ) {
        check_call(self, (rows, count), (input_buffers, inputs), (output_buffers, outputs), scratch.len());
        let call = Call { input_buffers, inputs };
        for (row, start) in (0..rows).flat_map(|row| (0..count).step_by(BLOCK).map(move |start| (row, start))) {
            let length = BLOCK.min(count - start);
            let at = |lane: &Lane| lane.offset + row * lane.row_stride + start;
            for line in 0..self.tape.ops().len() {
                let value = Value::from_index(line);
                if self.row(value).is_none() && self.outputs_of[line].is_empty() {
                    continue;
                }
                let mut block: Block = [0.0; BLOCK];
                let block = &mut block[..length];
                let load = |v: Value, block: &mut [f64]| self.load(v, &|i| at(&inputs[i]), &call, scratch, block);
                self.line(line, load, block);
                if let Some(row) = self.row(value) {
                    scratch[row..][..length].copy_from_slice(block);
                }
                for output in &self.outputs_of[line] {
                    let lane = &outputs[*output];
                    output_buffers[lane.buffer][at(lane)..][..length].copy_from_slice(block);
                }
            }
        }
    }
}
