//! The body of a segment as a function: a loop over as many points as a register holds, here two.
//!
//! ```text
//! fn(count, lanes, scratch):
//!     for o in 0, 2, 4, ..., then count - 2 if count is odd:
//!         load from *(lanes[i] + o) and *(scratch + row + o), compute, store alike
//! ```
//!
//! `count` is at least 2, or 4 in single precision. `lanes` holds one address for each input and then one for each output.
//! Some inputs are one number for all points; what depends on nothing else is computed before the loop.

use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::types::{F32X4, F64X2, I32X4, I64, I64X2};
use cranelift_codegen::ir::{self, AbiParam, ConstantData, Endianness, Function, InstBuilder, MemFlagsData, Signature};
use cranelift_codegen::isa::TargetIsa;
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use rustc_hash::FxHashMap;

use crate::tape::{BLOCK, Binary, Op, Segment, Segmentation, Tape, Ternary, Unary, Value};
use crate::vmath::services::Scalar;

/// The most scratch rows: their distances must fit 32-bit offsets.
pub(super) const MOST_ROWS: usize = i32::MAX as usize / (BLOCK * NUMBER);

/// The most inputs and outputs together, for the same reason.
pub(super) const MOST_LANES: usize = i32::MAX as usize / NUMBER;

/// The most bytes of a number, and those of an address.
const NUMBER: usize = 8;

/// Bytes of the points that one turn of the loop computes.
const PAIR: i64 = 16;

/// Addresses of lanes that stay in registers; the others are loaded again in each turn.
const LANES_IN_REGISTERS: usize = 6;

/// A loaded value that was not used for so many lines is loaded again rather than kept (and spilled).
const KEPT_LINES: usize = 24;

/// The signature of all bodies: (count, lanes, scratch), in the convention of the system.
pub(super) fn signature(isa: &dyn TargetIsa) -> Signature {
    let mut signature = Signature::new(isa.default_call_conv());
    signature.params.extend([AbiParam::new(I64); 3]);
    signature
}

/// Builds the body of a segment; false if it has nothing to do.
pub(super) fn build(
    function: &mut Function,
    context: &mut FunctionBuilderContext,
    isa: &dyn TargetIsa,
    (tape, numbers): (&Tape, &[bool]),
    segmentation: &Segmentation,
    number: usize,
    scalar: Scalar,
) -> bool {
    let segment = &segmentation.segments()[number];
    let computes = segment.body.clone().any(|line| !tape.ops()[line].is_leaf());
    if !computes && segment.copies.is_empty() && segment.outputs.is_empty() {
        return false;
    }
    let mut builder = FunctionBuilder::new(function, context);
    let [entry, turn, exit] = std::array::from_fn(|_| builder.create_block());
    builder.append_block_params_for_function_params(entry);
    builder.switch_to_block(entry);
    let [count, lanes, scratch] = [0, 1, 2].map(|i| builder.block_params(entry)[i]);
    let end = builder.ins().imul_imm_s(count, scalar.bytes() as i64);
    let last = builder.ins().iadd_imm_s(end, -PAIR);
    let of_points = used_lanes(tape, segment).into_iter().filter(|lane| !numbers.get(*lane).is_some_and(|is| *is));
    let addresses = of_points.take(LANES_IN_REGISTERS).map(|lane| {
        let address = builder.ins().load(I64, memory(), lanes, byte_offset(lane, NUMBER));
        (lane, address)
    });
    let addresses = addresses.collect();
    let offset = builder.append_block_param(turn, I64);
    let mut body = Body {
        builder,
        tape,
        segmentation,
        number,
        scalar,
        lanes,
        addresses,
        offset,
        scratch,
        loaded: FxHashMap::default(),
        is_uniform: tape.uniform_lines(numbers),
        uniform: FxHashMap::default(),
    };
    body.uniform_values(segment);
    let start = body.builder.ins().iconst(I64, 0);
    body.builder.ins().jump(turn, &[start.into()]);
    body.builder.switch_to_block(turn);
    body.scratch = body.builder.ins().iadd(scratch, offset);
    body.lines(segment);
    let mut builder = body.builder;

    let next = builder.ins().iadd_imm_s(offset, PAIR);
    let more = builder.ins().icmp(IntCC::UnsignedLessThan, next, end);
    let next = builder.ins().umin(next, last);
    builder.ins().brif(more, turn, &[next.into()], exit, &[]);
    builder.switch_to_block(exit);
    builder.ins().return_(&[]);
    builder.seal_all_blocks();
    builder.finalize(isa.frontend_config());
    true
}

/// Lanes in the order of their first use: inputs, then outputs.
fn used_lanes(tape: &Tape, segment: &Segment) -> Vec<usize> {
    let mut lanes = Vec::new();
    let stored = segment.outputs.iter().map(|output| tape.outputs()[*output]);
    let operands = segment.body.clone().flat_map(|line| tape.ops()[line].operands());
    for value in operands.chain(segment.copies.iter().copied()).chain(stored) {
        if let Op::Input(i) = tape.ops()[value.index()] {
            lanes.push(i as usize);
        }
    }
    lanes.extend(segment.outputs.iter().map(|output| tape.inputs() + output));
    let mut seen = rustc_hash::FxHashSet::default();
    lanes.retain(|lane| seen.insert(*lane));
    lanes
}

/// Accesses do not trap, and promise no alignment: lanes begin where the caller likes.
fn memory() -> MemFlagsData {
    MemFlagsData::new().with_notrap()
}

fn byte_offset(numbers: usize, bytes: usize) -> i32 {
    i32::try_from(numbers * bytes).expect("the sizes of a tape are checked before it is compiled")
}

struct Body<'a> {
    builder: FunctionBuilder<'a>,
    tape: &'a Tape,
    segmentation: &'a Segmentation,
    number: usize,
    scalar: Scalar,
    lanes: ir::Value,
    addresses: FxHashMap<usize, ir::Value>,
    offset: ir::Value,
    scratch: ir::Value,
    /// Values in registers, with the line of their last use.
    loaded: FxHashMap<Value, (ir::Value, usize)>,
    /// Lines that are the same at all points, and their values.
    is_uniform: Vec<bool>,
    uniform: FxHashMap<Value, ir::Value>,
}

impl Body<'_> {
    /// Computes what a segment needs and is the same at all points.
    fn uniform_values(&mut self, segment: &Segment) {
        let operands = segment.body.clone().flat_map(|line| self.tape.ops()[line].operands());
        let stored = segment.outputs.iter().map(|output| self.tape.outputs()[*output]);
        let rows = segment.body.clone().map(|line| Value(line as u32)).filter(|v| self.row(*v).is_some());
        let mut wanted = vec![false; self.tape.ops().len()];
        operands.chain(segment.copies.iter().copied()).chain(stored).chain(rows).for_each(|v| wanted[v.index()] = true);
        for line in (0..wanted.len()).rev() {
            wanted[line] &= self.is_uniform[line];
            if wanted[line] {
                self.tape.ops()[line].operands().for_each(|operand| wanted[operand.index()] = true);
            }
        }
        for line in (0..wanted.len()).filter(|line| wanted[*line]) {
            let value = match self.tape.ops()[line] {
                Op::Input(i) => self.splat(i as usize),
                _ => self.operation(line),
            };
            self.uniform.insert(Value(line as u32), value);
        }
    }

    /// An input that is one number.
    fn splat(&mut self, lane: usize) -> ir::Value {
        let address = self.start(lane);
        let vector = self.vector();
        let number = self.builder.ins().load(vector.lane_type(), memory(), address, 0);
        self.builder.ins().splat(vector, number)
    }

    fn lines(&mut self, segment: &Segment) {
        let stored: Vec<(usize, Value)> = segment.outputs.iter().map(|o| (*o, self.tape.outputs()[*o])).collect();
        let is_computed = |v: Value| segment.body.contains(&v.index()) && !self.tape.ops()[v.index()].is_leaf();
        let (mut computed, passed): (Vec<_>, Vec<_>) = stored.into_iter().partition(|(_, v)| is_computed(*v));
        for &value in &segment.copies {
            let register = self.operand(value, segment.body.start);
            self.store_row(value, register);
        }
        for (output, value) in passed {
            let register = self.operand(value, segment.body.start);
            self.store_output(output, register);
        }
        computed.sort_by_key(|(_, v)| *v);
        let mut computed = computed.into_iter().peekable();
        for line in segment.body.clone().filter(|line| !self.tape.ops()[*line].is_leaf()) {
            let value = Value(line as u32);
            let register = match self.uniform.get(&value) {
                Some(register) => *register,
                // Those of other segments compute it for themselves.
                None if self.is_uniform[line] => continue,
                None => self.operation(line),
            };
            self.loaded.insert(value, (register, line));
            self.store_row(value, register);
            while let Some((output, _)) = computed.next_if(|(_, v)| *v == value) {
                self.store_output(output, register);
            }
        }
    }

    /// The scratch row that a value is stored to. What is the same at all points needs one as the argument of a call only.
    fn row(&self, value: Value) -> Option<usize> {
        let is_argument = |op: &Op| op.is_call() && op.operands().any(|operand| operand == value);
        let row = self.segmentation.row(value)?;
        (!self.is_uniform[value.index()] || self.tape.ops().iter().any(is_argument)).then_some(row)
    }

    fn store_row(&mut self, value: Value, register: ir::Value) {
        if let Some(row) = self.row(value) {
            self.builder.ins().store(memory(), register, self.scratch, byte_offset(row * BLOCK, self.scalar.bytes()));
        }
    }

    fn store_output(&mut self, output: usize, register: ir::Value) {
        let address = self.lane(self.tape.inputs() + output);
        self.builder.ins().store(memory(), register, address, 0);
    }

    /// The address of this turn's points in a lane.
    fn lane(&mut self, lane: usize) -> ir::Value {
        let start = self.start(lane);
        self.builder.ins().iadd(start, self.offset)
    }

    /// Where a lane begins.
    fn start(&mut self, lane: usize) -> ir::Value {
        match self.addresses.get(&lane) {
            Some(address) => *address,
            None => self.builder.ins().load(I64, memory(), self.lanes, byte_offset(lane, NUMBER)),
        }
    }

    fn operand(&mut self, value: Value, line: usize) -> ir::Value {
        let op = self.tape.ops()[value.index()];
        if let Op::Const(number) = op {
            // Loaded at each use: it would be spilled to memory no nearer than where it is.
            return self.constant(number);
        }
        if let Some(register) = self.uniform.get(&value) {
            return *register;
        }
        let can_load = op.is_leaf() || op.is_call() || self.segmentation.segment_of(value) != self.number;
        if let Some((register, last)) = self.loaded.get_mut(&value)
            && (!can_load || line - *last <= KEPT_LINES)
        {
            *last = line;
            return *register;
        }
        let (vector, bytes) = (self.vector(), self.scalar.bytes());
        let register = match (op, self.segmentation.row(value)) {
            (Op::Input(i), _) => {
                let address = self.lane(i as usize);
                self.builder.ins().load(vector, memory(), address, 0)
            }
            (_, Some(row)) => self.builder.ins().load(vector, memory(), self.scratch, byte_offset(row * BLOCK, bytes)),
            (_, None) => unreachable!("a value that crosses segments has a row"),
        };
        self.loaded.insert(value, (register, line));
        register
    }

    fn operation(&mut self, line: usize) -> ir::Value {
        match self.tape.ops()[line] {
            Op::Unary(op, a) => {
                let a = self.operand(a, line);
                self.unary(op, a)
            }
            Op::Binary(op, a, b) => {
                let [a, b] = [a, b].map(|v| self.operand(v, line));
                self.binary(op, a, b)
            }
            Op::Ternary(op, a, b, c) => {
                let [a, b, c] = [a, b, c].map(|v| self.operand(v, line));
                self.ternary(op, a, b, c)
            }
            Op::Const(_) | Op::Input(_) | Op::Math(..) | Op::Pow(..) => unreachable!("not a line of a body"),
        }
    }

    fn unary(&mut self, op: Unary, a: ir::Value) -> ir::Value {
        match op {
            Unary::Neg => {
                // One instruction with the mask from memory, where `fneg` makes the mask anew in two.
                let sign = self.constant(-0.0);
                self.builder.ins().bxor(a, sign)
            }
            Unary::Abs => self.builder.ins().fabs(a),
            Unary::Sqrt => self.builder.ins().sqrt(a),
            Unary::Step => {
                let zero = self.constant(0.0);
                self.truth(FloatCC::LessThanOrEqual, zero, a)
            }
            Unary::Sign => {
                let zero = self.constant(0.0);
                let positive = self.truth(FloatCC::LessThan, zero, a);
                let negative = self.truth(FloatCC::LessThan, a, zero);
                self.builder.ins().fsub(positive, negative)
            }
        }
    }

    fn binary(&mut self, op: Binary, a: ir::Value, b: ir::Value) -> ir::Value {
        match op {
            Binary::Add => self.builder.ins().fadd(a, b),
            Binary::Sub => self.builder.ins().fsub(a, b),
            Binary::Mul => self.builder.ins().fmul(a, b),
            Binary::Div => self.builder.ins().fdiv(a, b),
            // These two forms become one instruction each, which means just this, also for a NaN.
            Binary::Min => self.pick(FloatCC::LessThan, (a, b), a, b),
            Binary::Max => self.pick(FloatCC::LessThan, (b, a), a, b),
            Binary::Equal => self.truth(FloatCC::Equal, a, b),
            Binary::Less => self.truth(FloatCC::LessThan, a, b),
            Binary::LessEqual => self.truth(FloatCC::LessThanOrEqual, a, b),
        }
    }

    fn ternary(&mut self, op: Ternary, a: ir::Value, b: ir::Value, c: ir::Value) -> ir::Value {
        match op {
            Ternary::Fma => self.builder.ins().fma(a, b, c),
            Ternary::Fms => {
                let c = self.builder.ins().fneg(c);
                self.builder.ins().fma(a, b, c)
            }
            Ternary::Fnma => {
                let a = self.builder.ins().fneg(a);
                self.builder.ins().fma(a, b, c)
            }
            Ternary::Select => {
                let zero = self.constant(0.0);
                self.pick(FloatCC::NotEqual, (a, zero), b, c)
            }
        }
    }

    /// `then` where the comparison holds, else `otherwise`.
    fn pick(
        &mut self,
        condition: FloatCC,
        (a, b): (ir::Value, ir::Value),
        then: ir::Value,
        otherwise: ir::Value,
    ) -> ir::Value {
        let mask = self.builder.ins().fcmp(condition, a, b);
        let vector = self.vector();
        let mask = self.builder.ins().bitcast(vector, lanes_in_order(), mask);
        self.builder.ins().bitselect(mask, then, otherwise)
    }

    /// 1 where the comparison holds, else 0.
    fn truth(&mut self, condition: FloatCC, a: ir::Value, b: ir::Value) -> ir::Value {
        // Cranelift 0.135 makes a load an operand of `cmppd` and `cmpps`, which without AVX fault unless it is aligned. A
        // value that is no load itself stays in its register.
        let vector = self.vector();
        let b = self.builder.ins().bitcast(vector, lanes_in_order(), b);
        let mask = self.builder.ins().fcmp(condition, a, b);
        let integers = if self.scalar == Scalar::F64 { I64X2 } else { I32X4 };
        let one = self.bits(integers, 1.0);
        let bits = self.builder.ins().band(mask, one);
        self.builder.ins().bitcast(vector, lanes_in_order(), bits)
    }

    fn constant(&mut self, number: f64) -> ir::Value {
        self.bits(self.vector(), number)
    }

    /// The type of a register of numbers.
    fn vector(&self) -> ir::Type {
        if self.scalar == Scalar::F64 { F64X2 } else { F32X4 }
    }

    fn bits(&mut self, vector: ir::Type, number: f64) -> ir::Value {
        let data = ConstantData::from(match self.scalar {
            Scalar::F64 => number.to_le_bytes().repeat(2),
            Scalar::F32 => (number as f32).to_le_bytes().repeat(4),
        });
        let constant = self.builder.func.dfg.constants.insert(data);
        self.builder.ins().vconst(vector, constant)
    }
}

fn lanes_in_order() -> MemFlagsData {
    MemFlagsData::new().with_endianness(Endianness::Little)
}
