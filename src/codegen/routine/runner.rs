//! A tape over rows of points.
//!
//! ```text
//! fn(rows, count, table, scratch):
//!     for each group of as many rows as a scratch row holds:
//!         for each segment: its body, row by row; then its calls, once for the group
//! ```
//!
//! `table` holds an address for each lane, room for as many, and the bytes from row to row; it moves on with the rows.

use cranelift_codegen::Context;
use cranelift_codegen::ir::types::I64;
use cranelift_codegen::ir::{self, InstBuilder, MemFlagsData};
use cranelift_frontend::FunctionBuilder;
use cranelift_module::{FuncId, Linkage, Module};

use super::{Compiler, RunnerKey, counted};
use crate::codegen::{CodegenError, body, wide};
use crate::tape::{BLOCK, Op, Segmentation, Tape, Value};
use crate::vmath::services::{POW, Service};

/// What a runner works with.
#[derive(Clone, Copy)]
struct Frame {
    count: ir::Value,
    table: ir::Value,
    scratch: ir::Value,
    lanes: usize,
}

impl Frame {
    /// A word of the table: of the lanes of a group, of those of a row, or of the bytes from row to row.
    fn offset(&self, part: usize, lane: usize) -> i32 {
        8 * (part * self.lanes + lane) as i32
    }
}

impl<M: Module> Compiler<'_, M> {
    /// The function that runs a tape.
    pub(super) fn runner(
        &mut self,
        name: &str,
        tape: &Tape,
        key: &RunnerKey,
        segmentation: &Segmentation,
    ) -> Result<FuncId, CodegenError> {
        let lanes = tape.inputs() + tape.outputs().len();
        if segmentation.row_count() > body::MOST_ROWS || lanes > body::MOST_LANES {
            return Err(CodegenError::TooLarge { tape: key.tape });
        }
        let mut bodies = Vec::new();
        for segment in 0..segmentation.segments().len() {
            bodies.push(self.body(tape, &key.numbers, segmentation, segment, &format!("{name}_segment{segment}"))?);
        }
        let signature = self.signature([I64; 4], None);
        self.function(name, Linkage::Local, signature, |own, builder| {
            let entry = builder.current_block().expect("a block was begun");
            let [rows, count, table, scratch] = [0, 1, 2, 3].map(|i| builder.block_params(entry)[i]);
            let frame = Frame { count, table, scratch, lanes };
            let group = if segmentation.row_count() == 0 {
                rows
            } else {
                let block = builder.ins().iconst(I64, BLOCK as i64);
                builder.ins().udiv(block, count)
            };
            own.groups(builder, rows, group, |own, builder, length| {
                own.group(builder, tape, segmentation, &bodies, frame, length)
            })?;
            builder.ins().return_(&[]);
            Ok(())
        })
    }

    /// The body of a segment; none if it has nothing to do.
    fn body(
        &mut self,
        tape: &Tape,
        numbers: &[bool],
        segmentation: &Segmentation,
        segment: usize,
        name: &str,
    ) -> Result<Option<FuncId>, CodegenError> {
        let signature = body::signature(self.module.isa());
        if self.options.widest && wide::is_for(self.target.path) {
            let (scalar, keep_text) = (self.target.scalar, self.options.keep_text);
            let built = wide::build((tape, numbers), segmentation, segment, scalar, keep_text);
            let Some((code, text)) = built else { return Ok(None) };
            let id = self.module.declare_function(name, Linkage::Local, &signature)?;
            self.module.define_function_bytes(id, wide::ALIGNMENT, &code, &[])?;
            self.asm.push_str(&format!("; {name}\n{text}\n"));
            return Ok(Some(id));
        }
        let (context, builder_context) = &mut self.contexts;
        self.module.clear_context(context);
        context.func.signature = signature.clone();
        context.set_disasm(self.options.keep_text);
        let (isa, scalar) = (self.module.isa(), self.target.scalar);
        if !body::build(&mut context.func, builder_context, isa, (tape, numbers), segmentation, segment, scalar) {
            return Ok(None);
        }
        let id = self.module.declare_function(name, Linkage::Local, &signature)?;
        let mut context = std::mem::replace(context, Context::new());
        self.finish(id, name, &mut context)?;
        self.contexts.0 = context;
        Ok(Some(id))
    }

    /// `for g in (0..rows).step_by(group)`, with the number of rows of the group.
    fn groups(
        &mut self,
        builder: &mut FunctionBuilder<'_>,
        rows: ir::Value,
        group: ir::Value,
        body: impl FnOnce(&mut Self, &mut FunctionBuilder<'_>, ir::Value) -> Result<(), CodegenError>,
    ) -> Result<(), CodegenError> {
        use cranelift_codegen::ir::condcodes::IntCC;
        let [head, turn, exit] = std::array::from_fn(|_| builder.create_block());
        builder.ins().jump(head, &[rows.into()]);
        let rest = builder.append_block_param(head, I64);
        builder.switch_to_block(head);
        let more = builder.ins().icmp_imm_s(IntCC::SignedGreaterThan, rest, 0);
        builder.ins().brif(more, turn, &[], exit, &[]);
        builder.switch_to_block(turn);
        let length = builder.ins().umin(rest, group);
        body(self, builder, length)?;
        let rest = builder.ins().isub(rest, length);
        builder.ins().jump(head, &[rest.into()]);
        builder.switch_to_block(exit);
        Ok(())
    }

    fn group(
        &mut self,
        builder: &mut FunctionBuilder<'_>,
        tape: &Tape,
        segmentation: &Segmentation,
        bodies: &[Option<FuncId>],
        frame: Frame,
        length: ir::Value,
    ) -> Result<(), CodegenError> {
        let bytes = self.target.scalar.bytes() as i64;
        let row_bytes = if segmentation.row_count() == 0 {
            builder.ins().iconst(I64, 0)
        } else {
            builder.ins().imul_imm_s(frame.count, bytes)
        };
        let numbers = builder.ins().imul(length, frame.count);
        for (segment, body) in segmentation.segments().iter().zip(bodies) {
            if let Some(body) = body {
                self.rows_of_group(builder, *body, frame, length, row_bytes)?;
            }
            for line in segment.calls.clone() {
                let row = |v: Value| segmentation.row(v).expect("arguments and results of calls have rows");
                let (service, arguments) = match tape.ops()[line] {
                    Op::Math(function, a) => (Service::of(function), vec![row(a)]),
                    Op::Pow(a, b) => (POW, vec![row(a), row(b)]),
                    _ => unreachable!("not a call"),
                };
                let rows = arguments.into_iter().chain([row(Value(line as u32))]);
                let at = |row: usize| builder.ins().iadd_imm_s(frame.scratch, (row * BLOCK) as i64 * bytes);
                let mut words: Vec<ir::Value> = rows.map(at).collect();
                words.push(numbers);
                words.push(if self.chooses() {
                    builder.ins().load(I64, memory(), frame.table, super::FAST_AT)
                } else {
                    builder.ins().iconst(I64, 0)
                });
                self.call(builder, &service, &words)?;
            }
        }
        // On to the next group.
        advance(builder, frame, 0, |builder, stride| builder.ins().imul(stride, length));
        Ok(())
    }

    /// The body of a segment for each row of a group.
    fn rows_of_group(
        &mut self,
        builder: &mut FunctionBuilder<'_>,
        body: FuncId,
        frame: Frame,
        length: ir::Value,
        row_bytes: ir::Value,
    ) -> Result<(), CodegenError> {
        for lane in 0..frame.lanes {
            let address = builder.ins().load(I64, memory(), frame.table, frame.offset(0, lane));
            builder.ins().store(memory(), address, frame.table, frame.offset(1, lane));
        }
        let current = builder.ins().iadd_imm_s(frame.table, i64::from(frame.offset(1, 0)));
        let callee = self.callee(builder, body);
        counted(builder, length, 1, |builder, row| {
            let offset = builder.ins().imul(row, row_bytes);
            let scratch = builder.ins().iadd(frame.scratch, offset);
            builder.ins().call(callee, &[frame.count, current, scratch]);
            advance(builder, frame, 1, |_, stride| stride);
            Ok(())
        })
    }
}

/// Moves all addresses of part `part` of a table on, by what `by` makes of the bytes from row to row.
fn advance(
    builder: &mut FunctionBuilder<'_>,
    frame: Frame,
    part: usize,
    by: impl Fn(&mut FunctionBuilder<'_>, ir::Value) -> ir::Value,
) {
    for lane in 0..frame.lanes {
        let stride = builder.ins().load(I64, memory(), frame.table, frame.offset(2, lane));
        let address = builder.ins().load(I64, memory(), frame.table, frame.offset(part, lane));
        let by = by(builder, stride);
        let moved = builder.ins().iadd(address, by);
        builder.ins().store(memory(), moved, frame.table, frame.offset(part, lane));
    }
}

fn memory() -> MemFlagsData {
    MemFlagsData::new().with_notrap()
}
