//! Machine code that can be called, and its memory.

use std::mem::ManuallyDrop;
use std::sync::Arc;

use cranelift_jit::JITModule;

use super::Draft;
use crate::tape::{BLOCK, Lane, Op, PointProgram, Segmentation, Value, check_call};
use crate::vmath;

/// The body of a segment: (count >= 2, addresses of lanes, scratch).
pub(super) type Code = unsafe extern "C" fn(usize, *const usize, *mut f64);

const _: () = assert!(size_of::<usize>() == size_of::<f64>(), "addresses are kept in the scratch of numbers");

/// Owns the memory of a module and frees it.
pub(super) struct Owner(ManuallyDrop<JITModule>);

impl Owner {
    pub(super) fn new(module: JITModule) -> Self {
        Self(ManuallyDrop::new(module))
    }

    pub(super) fn module(&mut self) -> &mut JITModule {
        &mut self.0
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        // SAFETY: the module is taken once, here, and not used again. The code is called only through a `Compiled`, each
        // of which holds this owner in an `Arc`, so none of it runs now or later.
        unsafe { ManuallyDrop::take(&mut self.0).free_memory() }
    }
}

/// An owner that is only kept to be dropped.
pub(super) struct Memory(#[expect(dead_code, reason = "kept for its drop")] Owner);

impl Memory {
    pub(super) fn new(owner: Owner) -> Self {
        Self(owner)
    }
}

// SAFETY: nothing can be reached through a shared `Memory`: its field is private and never read. It moves between threads
// only to be dropped, and what the module holds (mappings of memory, tables, closures that are `Send`) may be dropped by
// any thread.
unsafe impl Send for Memory {}
// SAFETY: as above: a shared reference gives access to nothing.
unsafe impl Sync for Memory {}

/// A call of a block function on scratch rows.
#[derive(Clone, Copy, Debug)]
pub(super) struct BlockCall {
    entry: vmath::Entry,
    arguments: [usize; 2],
    result: usize,
}

/// The calls of a segment, whose first line is `start`.
pub(super) fn block_calls(ops: &[Op], start: usize, segmentation: &Segmentation) -> Vec<BlockCall> {
    let row = |v: Value| segmentation.row(v).expect("arguments and results of calls have rows");
    let call = |(i, op): (usize, &Op)| {
        let (function, a, b) = match *op {
            Op::Math(function, a) => (function, a, a),
            Op::Pow(a, b) => (vmath::Function::Pow, a, b),
            _ => unreachable!("not a call"),
        };
        let result = row(Value((start + i) as u32));
        BlockCall { entry: vmath::entry(function), arguments: [row(a), row(b)], result }
    };
    ops.iter().enumerate().map(call).collect()
}

#[derive(Clone, Debug)]
struct Step {
    body: Option<Code>,
    calls: Vec<BlockCall>,
}

/// A tape as machine code.
#[derive(Clone)]
pub struct Compiled {
    inputs: usize,
    outputs: usize,
    rows: usize,
    steps: Arc<[Step]>,
    clif: Arc<str>,
    asm: Arc<str>,
    _memory: Arc<Memory>,
}

/// Gives the drafts of a finished module their addresses.
pub(super) fn link(owner: Owner, drafts: Vec<Draft>) -> Vec<Compiled> {
    let steps = |draft: &Draft| -> Arc<[Step]> {
        let step = |(function, calls): (&Option<cranelift_module::FuncId>, &Vec<BlockCall>)| Step {
            body: function.map(|id| code(owner.0.get_finalized_function(id))),
            calls: calls.clone(),
        };
        draft.functions.iter().zip(&draft.calls).map(step).collect()
    };
    let steps: Vec<_> = drafts.iter().map(steps).collect();
    let memory = Arc::new(Memory(owner));
    let compiled = |(draft, steps): (Draft, Arc<[Step]>)| Compiled {
        inputs: draft.inputs,
        outputs: draft.outputs,
        rows: draft.segmentation.row_count(),
        steps,
        clif: draft.clif.into(),
        asm: draft.asm.into(),
        _memory: Arc::clone(&memory),
    };
    drafts.into_iter().zip(steps).map(compiled).collect()
}

fn code(address: *const u8) -> Code {
    // SAFETY: the address is that of a function which `body` built with the signature of `Code` (three words, no result)
    // in the calling convention of the system, and the module is finalized: the code is in place and executable.
    unsafe { std::mem::transmute::<*const u8, Code>(address) }
}

impl std::fmt::Debug for Compiled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Compiled({} inputs, {} outputs, {} segments)", self.inputs, self.outputs, self.steps.len())
    }
}

impl Compiled {
    /// The intermediate form of Cranelift, if the options kept it; else empty.
    pub fn clif(&self) -> &str {
        &self.clif
    }

    /// The assembly as Cranelift writes it, if the options kept it; else empty.
    pub fn asm(&self) -> &str {
        &self.asm
    }

    fn lanes(&self) -> usize {
        self.inputs + self.outputs
    }

    /// Runs `rows` rows of `count` points, at least 2, whose first addresses are in `table.base`.
    fn rows(&self, rows: usize, count: usize, table: &mut Table, scratch: &mut [f64]) {
        // Without scratch rows there is nothing that a block must hold.
        let together = if self.rows == 0 { rows } else { (BLOCK / count).clamp(1, rows) };
        let mut start = 0;
        while start < rows {
            let group = together.min(rows - start);
            self.group(group, count, table, scratch);
            table.advance_base(group);
            start += group;
        }
    }

    /// Runs rows whose points fit in a block together, segment by segment.
    fn group(&self, rows: usize, count: usize, table: &mut Table, scratch: &mut [f64]) {
        debug_assert!(count >= 2 && (self.rows == 0 || rows * count <= BLOCK));
        let scratch = scratch.as_mut_ptr();
        for step in self.steps.iter() {
            if let Some(body) = step.body {
                table.current.copy_from_slice(table.base);
                for row in 0..rows {
                    let place = if self.rows == 0 { 0 } else { row * count };
                    // SAFETY: the memory of the code is kept by `self`. `run` has checked every lane for all rows and
                    // points, and the table holds the addresses of this row: the body reads and writes `count` numbers
                    // from each. Scratch rows hold BLOCK numbers each, and `place + count` is at most that. No other
                    // reference to the output buffers or to the scratch is alive in use: `run` borrows them.
                    unsafe { body(count, table.current.as_ptr(), scratch.add(place)) }
                    table.advance_current();
                }
            }
            for call in &step.calls {
                // SAFETY: row numbers are below `self.rows`, and scratch has room for so many rows.
                let [a, b, result] =
                    [call.arguments[0], call.arguments[1], call.result].map(|row| unsafe { scratch.add(row * BLOCK) });
                // SAFETY: rows hold BLOCK numbers, `rows * count` is at most that, and the result of a call has another
                // row than its arguments, since all of them live while it runs.
                unsafe {
                    match call.entry {
                        vmath::Entry::Unary(function) => function(a, result, rows * count),
                        vmath::Entry::Binary(function) => function(a, b, result, rows * count),
                    }
                }
            }
        }
    }

    /// Rows of one point each, by way of pairs of equal points.
    fn single_points(&self, rows: usize, call: &mut Call, pairs: &mut [f64], table: &mut Table, scratch: &mut [f64]) {
        for row in 0..rows {
            for (pair, lane) in pairs.as_chunks_mut::<2>().0.iter_mut().zip(call.inputs) {
                pair.fill(call.input_buffers[lane.buffer][lane.offset + row * lane.row_stride]);
            }
            let first = pairs.as_mut_ptr();
            for (i, address) in table.base.iter_mut().enumerate() {
                *address = first.wrapping_add(2 * i).expose_provenance();
            }
            self.group(1, 2, table, scratch);
            let results = pairs.as_chunks::<2>().0[self.inputs..].iter();
            for (pair, lane) in results.zip(call.outputs) {
                call.output_buffers[lane.buffer][lane.offset + row * lane.row_stride] = pair[0];
            }
        }
    }
}

/// The buffers and lanes of a call.
struct Call<'a, 'b> {
    input_buffers: &'a [&'a [f64]],
    inputs: &'a [Lane],
    output_buffers: &'a mut [&'b mut [f64]],
    outputs: &'a [Lane],
}

/// Addresses of lanes, in scratch memory.
struct Table<'a> {
    /// Of the first row of a group.
    base: &'a mut [usize],
    /// Of the row that runs.
    current: &'a mut [usize],
    /// From row to row, in bytes.
    strides: &'a mut [usize],
}

impl<'a> Table<'a> {
    /// Makes a table in `scratch`, of three times `lanes` numbers.
    fn new(scratch: &'a mut [f64], lanes: usize) -> Self {
        assert!(scratch.len() >= 3 * lanes);
        // SAFETY: `usize` has the size of `f64` (asserted above) and no larger alignment on any machine; every pattern of
        // bits is a value of both types; the slice has room for `3 * lanes` and is borrowed for `'a`.
        let words = unsafe { std::slice::from_raw_parts_mut(scratch.as_mut_ptr().cast::<usize>(), 3 * lanes) };
        let (base, rest) = words.split_at_mut(lanes);
        let (current, strides) = rest.split_at_mut(lanes);
        Self { base, current, strides }
    }

    /// Points all lanes at point `start` of row 0.
    fn point(&mut self, call: &mut Call, start: usize) {
        let (inputs, outputs) = self.base.split_at_mut(call.inputs.len());
        for (address, lane) in inputs.iter_mut().zip(call.inputs) {
            let buffer = call.input_buffers[lane.buffer].as_ptr();
            *address = buffer.wrapping_add(lane.offset + start).expose_provenance();
        }
        for (address, lane) in outputs.iter_mut().zip(call.outputs) {
            let buffer = call.output_buffers[lane.buffer].as_mut_ptr();
            *address = buffer.wrapping_add(lane.offset + start).expose_provenance();
        }
        for (stride, lane) in self.strides.iter_mut().zip(call.inputs.iter().chain(call.outputs)) {
            *stride = lane.row_stride.wrapping_mul(size_of::<f64>());
        }
    }

    fn advance_current(&mut self) {
        for (address, stride) in self.current.iter_mut().zip(&*self.strides) {
            *address = address.wrapping_add(*stride);
        }
    }

    fn advance_base(&mut self, rows: usize) {
        for (address, stride) in self.base.iter_mut().zip(&*self.strides) {
            *address = address.wrapping_add(stride.wrapping_mul(rows));
        }
    }
}

impl PointProgram for Compiled {
    fn inputs(&self) -> usize {
        self.inputs
    }

    fn outputs(&self) -> usize {
        self.outputs
    }

    /// Rows of values, pairs of single points, and the table of addresses.
    fn scratch_len(&self) -> usize {
        self.rows * BLOCK + 5 * self.lanes()
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
        if rows == 0 || count == 0 || self.outputs == 0 {
            return;
        }
        let (scratch, rest) = scratch.split_at_mut(self.rows * BLOCK);
        let (pairs, table) = rest.split_at_mut(2 * self.lanes());
        let mut table = Table::new(table, self.lanes());
        let mut call = Call { input_buffers, inputs, output_buffers, outputs };
        // Rows without gaps are one row.
        let dense = inputs.iter().chain(outputs).all(|lane| lane.row_stride == count);
        let (rows, count) = if dense { (1, rows * count) } else { (rows, count) };
        if count == 1 {
            return self.single_points(rows, &mut call, pairs, &mut table, scratch);
        }
        let mut start = 0;
        while start < count {
            let length = match count - start {
                rest if self.rows == 0 || rest <= BLOCK => rest,
                // A single point must not be left over.
                rest if rest == BLOCK + 1 => BLOCK - 1,
                _ => BLOCK,
            };
            table.point(&mut call, start);
            self.rows(rows, length, &mut table, scratch);
            start += length;
        }
    }
}
