//! From a segment to code.

use rustc_hash::FxHashMap;

use super::encode::{Address, Encoder, General, Mask, Operand, Vector};
use super::forms::{Forms, compare};
use super::registers::Registers;
use crate::tape::{BLOCK, Binary, Op, Segment, Segmentation, Tape, Ternary, Unary, Value};
use crate::vmath::services::Scalar;

/// The mask of the points of the last turn, and that of comparisons.
const REST: u8 = 1;
const HOLDS: u8 = 2;

/// Bytes of a register.
const REGISTER: i32 = 64;

/// Registers for addresses of lanes: those that a caller does not keep, then those that have to be saved.
const FREE: [General; 3] = [General(8), General(9), General(10)];
const SAVED: [General; 5] = [General(3), General(12), General(13), General(14), General(15)];

/// Conditions of jumps, unsigned.
const BELOW: u8 = 2;
const NOT_BELOW: u8 = 3;

/// The code of a segment, and as text if it is wanted; none if it has nothing to do. `numbers` tells which inputs are the
/// same at all points.
pub(in super::super) fn build(
    (tape, numbers): (&Tape, &[bool]),
    segmentation: &Segmentation,
    number: usize,
    scalar: Scalar,
    keep_text: bool,
) -> Option<(Vec<u8>, String)> {
    let segment = &segmentation.segments()[number];
    let computes = segment.body.clone().any(|line| !tape.ops()[line].is_leaf());
    if !computes && segment.copies.is_empty() && segment.outputs.is_empty() {
        return None;
    }
    let is_uniform = tape.uniform_lines(numbers);
    let plan = Plan::new(tape, segmentation, number, &is_uniform);
    let mut body = Body {
        code: Encoder::new(keep_text),
        forms: Forms::new(scalar),
        registers: Registers::new(Vec::new()),
        plan: &plan,
        spilled: FxHashMap::default(),
        slots: plan.uniform.len() as i32 * NUMBER / REGISTER + 1,
        has_rest: false,
        scalar,
    };
    body.whole();
    Some(body.code.finish())
}

/// Bytes of the place of a number on the stack.
const NUMBER: i32 = 8;

/// What a body does, apart from how.
struct Plan<'a> {
    tape: &'a Tape,
    segmentation: &'a Segmentation,
    number: usize,
    segment: &'a Segment,
    is_uniform: &'a [bool],
    /// Lines that are the same at all points and are needed here, with their places on the stack.
    uniform: FxHashMap<Value, i32>,
    uniform_lines: Vec<usize>,
    /// Registers of lanes.
    lanes: FxHashMap<usize, General>,
}

impl<'a> Plan<'a> {
    fn new(tape: &'a Tape, segmentation: &'a Segmentation, number: usize, is_uniform: &'a [bool]) -> Self {
        let segment = &segmentation.segments()[number];
        let mut plan = Self {
            tape,
            segmentation,
            number,
            segment,
            is_uniform,
            uniform: FxHashMap::default(),
            uniform_lines: Vec::new(),
            lanes: FxHashMap::default(),
        };
        let mut wanted = vec![false; tape.ops().len()];
        plan.read().for_each(|value| wanted[value.index()] = true);
        segment
            .body
            .clone()
            .filter(|line| plan.row(Value(*line as u32)).is_some())
            .for_each(|line| wanted[line] = true);
        for line in (0..wanted.len()).rev() {
            wanted[line] &= is_uniform[line];
            if wanted[line] {
                tape.ops()[line].operands().for_each(|operand| wanted[operand.index()] = true);
            }
        }
        plan.uniform_lines = (0..wanted.len()).filter(|line| wanted[*line]).collect();
        let places = plan.uniform_lines.iter().enumerate();
        plan.uniform = places.map(|(i, line)| (Value(*line as u32), i as i32 * NUMBER)).collect();
        let mut lanes: Vec<usize> = Vec::new();
        for value in plan.read() {
            if let Op::Input(i) = tape.ops()[value.index()]
                && !is_uniform[value.index()]
            {
                lanes.push(i as usize);
            }
        }
        lanes.extend(segment.outputs.iter().map(|output| tape.inputs() + output));
        let mut seen = rustc_hash::FxHashSet::default();
        lanes.retain(|lane| seen.insert(*lane));
        plan.lanes = lanes.into_iter().zip(FREE.into_iter().chain(SAVED)).collect();
        plan
    }

    /// What the segment reads: operands, copies, outputs.
    fn read(&self) -> impl Iterator<Item = Value> + 'a {
        let (tape, segment) = (self.tape, self.segment);
        let operands = segment.body.clone().flat_map(|line| tape.ops()[line].operands());
        let stored = segment.outputs.iter().map(|output| tape.outputs()[*output]);
        operands.chain(segment.copies.iter().copied()).chain(stored)
    }

    /// The scratch row that a value is stored to. What is the same at all points needs one as the argument of a call only.
    fn row(&self, value: Value) -> Option<usize> {
        let is_argument = |op: &Op| op.is_call() && op.operands().any(|operand| operand == value);
        let row = self.segmentation.row(value)?;
        (!self.is_uniform[value.index()] || self.tape.ops().iter().any(is_argument)).then_some(row)
    }

    fn saved(&self) -> impl DoubleEndedIterator<Item = General> + use<> {
        let used = self.lanes.len().saturating_sub(FREE.len()).min(SAVED.len());
        SAVED.into_iter().take(used)
    }

    /// The lines that use each value; a store right behind its computation is none.
    fn uses(&self, lines: impl Iterator<Item = usize>) -> Vec<Vec<usize>> {
        let mut uses = vec![Vec::new(); self.tape.ops().len()];
        for line in lines {
            self.tape.ops()[line].operands().for_each(|operand| uses[operand.index()].push(line));
        }
        uses
    }
}

struct Body<'a> {
    code: Encoder,
    forms: Forms,
    registers: Registers,
    plan: &'a Plan<'a>,
    /// Values that had to leave their registers, and their places on the stack.
    spilled: FxHashMap<Value, i32>,
    /// Places for registers on the stack.
    slots: i32,
    /// Whether this is the turn of the points that are left.
    has_rest: bool,
    scalar: Scalar,
}

impl Body<'_> {
    fn whole(&mut self) {
        let plan = self.plan;
        let saved = plan.saved().count() as u8;
        self.code.general(&[0x55, 0x48, 0x89, 0xE5], "push rbp; mov rbp, rsp");
        plan.saved().for_each(|register| self.code.push(register));
        self.code.general(&[0x48, 0x83, 0xE4, 0xC0], "and rsp, -64");
        self.code.general(&[0x48, 0x81, 0xEC], "sub rsp, frame");
        let frame = self.code.reserve();
        self.uniform_values();
        let mut lanes: Vec<(usize, General)> = plan.lanes.iter().map(|(lane, register)| (*lane, *register)).collect();
        lanes.sort_unstable_by_key(|(lane, _)| *lane);
        lanes.iter().for_each(|(lane, register)| self.code.load_word(*register, General::RSI, 8 * *lane as i32));
        let shift = self.scalar.bytes().trailing_zeros() as u8;
        self.code.general(&[0x48, 0xC1, 0xE7, shift], "shl rdi, to bytes");
        self.code.general(&[0x48, 0x89, 0xF9, 0x48, 0x83, 0xE1, 0xC0], "mov rcx, rdi; and rcx, -64");
        self.code.general(&[0x31, 0xC0], "xor eax, eax");
        self.code.general(&[0x48, 0x39, 0xC8], "cmp rax, rcx");
        let none = self.code.jump(NOT_BELOW, "jae");
        let turn = self.code.here();
        self.turn();
        self.code.general(&[0x48, 0x83, 0xC0, 0x40, 0x48, 0x39, 0xC8], "add rax, 64; cmp rax, rcx");
        self.code.jump_back(BELOW, turn, "jb");
        self.code.land(none);
        self.code.general(&[0x48, 0x39, 0xF8], "cmp rax, rdi");
        let done = self.code.jump(NOT_BELOW, "jae");
        self.code.general(&[0x48, 0x89, 0xF9, 0x48, 0x29, 0xC1, 0x48, 0xC1, 0xE9, shift], "rcx = the rest, in points");
        self.code.general(&[0x41, 0xBB, 1, 0, 0, 0, 0x41, 0xD3, 0xE3, 0x41, 0x83, 0xEB, 1], "r11d = (1 << cl) - 1");
        self.code.general(&[0xC4, 0xC1, 0x78, 0x92, 0xCB], "kmovw k1, r11d");
        self.has_rest = true;
        self.turn();
        self.code.land(done);
        self.code.general(&[0xC5, 0xF8, 0x77], "vzeroupper");
        self.code.general(&[0x48, 0x8D, 0x65, (8 * saved).wrapping_neg()], "lea rsp, [rbp - saved]");
        plan.saved().rev().for_each(|register| self.code.pop(register));
        self.code.general(&[0x5D, 0xC3], "pop rbp; ret");
        self.code.set(frame, self.slots * REGISTER);
    }

    /// Numbers that are the same at all points, to the stack.
    fn uniform_values(&mut self) {
        let plan = self.plan;
        self.registers = Registers::new(plan.uses(plan.uniform_lines.iter().copied()));
        for &line in &plan.uniform_lines {
            let value = Value(line as u32);
            let register = match plan.tape.ops()[line] {
                Op::Input(i) => {
                    self.code.load_word(General::R11, General::RSI, 8 * i as i32);
                    let number = Address::At { base: General::R11, index: None, offset: 0 };
                    let register = self.take(value, line);
                    self.code.vector(self.forms.broadcast(), register, None, Operand::Memory(number), Mask::None, None);
                    register
                }
                op => self.operation(line, op),
            };
            let place = Operand::Memory(self.stack(plan.uniform[&value]));
            self.code.vector(self.forms.store_first(), register, None, place, Mask::None, None);
            // What is used again is read from the stack, like everywhere else.
            self.registers.release(std::iter::once(value), usize::MAX);
            self.registers.unpin();
        }
    }

    fn stack(&self, offset: i32) -> Address {
        Address::At { base: General::RSP, index: None, offset }
    }

    /// All operations of one turn.
    fn turn(&mut self) {
        let plan = self.plan;
        let segment = plan.segment;
        self.registers = Registers::new(plan.uses(segment.body.clone()));
        self.spilled.clear();
        let ops = plan.tape.ops();
        let stored = segment.outputs.iter().map(|output| (*output, plan.tape.outputs()[*output]));
        let is_computed = |v: Value| segment.body.contains(&v.index()) && !ops[v.index()].is_leaf();
        let (mut computed, passed): (Vec<_>, Vec<_>) = stored.partition(|(_, v)| is_computed(*v));
        let start = segment.body.start;
        for &value in &segment.copies {
            let register = self.register(value, start);
            self.store_row(value, register);
            self.registers.unpin();
        }
        for (output, value) in passed {
            let register = self.register(value, start);
            self.store_output(output, register);
            self.registers.unpin();
        }
        computed.sort_by_key(|(_, v)| *v);
        let mut computed = computed.into_iter().peekable();
        for line in segment.body.clone().filter(|line| !ops[*line].is_leaf()) {
            let value = Value(line as u32);
            let register = match plan.uniform.get(&value) {
                Some(_) if plan.row(value).is_none() && computed.peek().is_none_or(|(_, v)| *v != value) => continue,
                Some(_) => self.register(value, line),
                // Those of other segments compute it for themselves.
                None if plan.is_uniform[line] => continue,
                None => self.operation(line, ops[line]),
            };
            self.store_row(value, register);
            while let Some((output, _)) = computed.next_if(|(_, v)| *v == value) {
                self.store_output(output, register);
            }
            self.registers.release(std::iter::once(value), line);
            self.registers.unpin();
        }
    }

    fn store(&mut self, register: Vector, to: Address) {
        let mask = if self.has_rest { Mask::Merge(REST) } else { Mask::None };
        self.code.vector(self.forms.store(), register, None, Operand::Memory(to), mask, None);
    }

    fn store_row(&mut self, value: Value, register: Vector) {
        if let Some(row) = self.plan.row(value) {
            let to = self.scratch(row);
            self.store(register, to);
        }
    }

    fn store_output(&mut self, output: usize, register: Vector) {
        let to = self.lane(self.plan.tape.inputs() + output);
        self.store(register, to);
    }

    fn scratch(&self, row: usize) -> Address {
        let offset =
            i32::try_from(row * BLOCK * self.scalar.bytes()).expect("rows are counted before they are compiled");
        Address::At { base: General::RDX, index: Some(General::RAX), offset }
    }

    /// The points of this turn in a lane.
    fn lane(&mut self, lane: usize) -> Address {
        let base = self.plan.lanes.get(&lane).copied().unwrap_or_else(|| {
            self.code.load_word(General::R11, General::RSI, 8 * lane as i32);
            General::R11
        });
        Address::At { base, index: Some(General::RAX), offset: 0 }
    }

    /// Where a value is, if not in a register.
    fn home(&mut self, value: Value) -> Operand {
        if let Some(offset) = self.plan.uniform.get(&value) {
            return Operand::Broadcast(self.stack(*offset));
        }
        if let Some(slot) = self.spilled.get(&value) {
            return Operand::Memory(self.stack(slot * REGISTER));
        }
        match self.plan.tape.ops()[value.index()] {
            Op::Const(number) => Operand::Broadcast(self.constant(number)),
            Op::Input(i) => Operand::Memory(self.lane(i as usize)),
            _ => {
                let row = self.plan.segmentation.row(value).expect("a value that crosses segments has a row");
                Operand::Memory(self.scratch(row))
            }
        }
    }

    fn constant(&self, number: f64) -> Address {
        Address::Constant(self.forms.bits(number))
    }

    /// A register for a new value.
    fn take(&mut self, value: Value, line: usize) -> Vector {
        let (register, evicted) = self.registers.take(value, line);
        if let Some(evicted) = evicted
            && self.has_no_home(evicted)
        {
            let slot = self.slots;
            self.slots += 1;
            self.spilled.insert(evicted, slot);
            let to = Operand::Memory(self.stack(slot * REGISTER));
            self.code.vector(self.forms.store(), register, None, to, Mask::None, None);
        }
        register
    }

    /// Whether a value is nowhere but in its register.
    fn has_no_home(&self, value: Value) -> bool {
        let plan = self.plan;
        let op = plan.tape.ops()[value.index()];
        let elsewhere = op.is_leaf() || op.is_call() || plan.segmentation.segment_of(value) != plan.number;
        !elsewhere && !plan.uniform.contains_key(&value) && !self.spilled.contains_key(&value)
    }

    /// A value in a register.
    fn register(&mut self, value: Value, line: usize) -> Vector {
        if let Some(register) = self.registers.find(value) {
            return register;
        }
        let home = self.home(value);
        let register = self.take(value, line);
        let (form, from, mask) = match home {
            Operand::Broadcast(address) => (self.forms.broadcast(), address, Mask::None),
            Operand::Memory(address) => {
                let is_whole = !self.has_rest || self.spilled.contains_key(&value);
                (self.forms.load(), address, if is_whole { Mask::None } else { Mask::Zero(REST) })
            }
            Operand::Register(_) => unreachable!("a home is in memory"),
        };
        self.code.vector(form, register, None, Operand::Memory(from), mask, None);
        register
    }

    /// A value as the last operand of an instruction: in a register if it is in one, or is used again and one is free.
    fn operand(&mut self, value: Value, line: usize) -> Operand {
        if let Some(register) = self.registers.find(value) {
            return Operand::Register(register);
        }
        let is_row = !matches!(self.plan.tape.ops()[value.index()], Op::Const(_))
            && !self.plan.uniform.contains_key(&value)
            && !self.spilled.contains_key(&value);
        let is_masked = is_row && self.has_rest;
        let is_worth_it = self.registers.is_used_after(value, line) && self.registers.has_free();
        if is_masked || is_worth_it {
            return Operand::Register(self.register(value, line));
        }
        self.home(value)
    }

    /// Whether a value is in a register, or has to be before it can be used.
    fn is_in_register(&mut self, value: Value) -> bool {
        self.registers.find(value).is_some()
    }

    /// Computes a line; gives the register of its value.
    fn operation(&mut self, line: usize, op: Op) -> Vector {
        let value = Value(line as u32);
        match op {
            Op::Unary(op, a) => self.unary(value, op, a),
            Op::Binary(op, a, b) => self.binary(value, op, a, b),
            Op::Ternary(Ternary::Select, a, b, c) => self.select(value, a, b, c),
            Op::Ternary(op, a, b, c) => self.fused(value, op, [a, b, c]),
            Op::Const(_) | Op::Input(_) | Op::Math(..) | Op::Pow(..) => unreachable!("not a line of a body"),
        }
    }

    /// A register for the value of a line, that of an operand if it is used no more.
    fn result(&mut self, value: Value, operands: &[Value]) -> Vector {
        let line = value.index();
        self.registers.release(operands.iter().copied(), line);
        self.take(value, line)
    }

    fn unary(&mut self, value: Value, op: Unary, a: Value) -> Vector {
        let line = value.index();
        match op {
            Unary::Neg | Unary::Abs => {
                let (form, bits) = if op == Unary::Neg {
                    (self.forms.xor(), self.forms.bits(-0.0))
                } else {
                    (self.forms.and(), self.forms.magnitude())
                };
                let a_register = self.register(a, line);
                let result = self.result(value, &[a]);
                let mask = Operand::Broadcast(Address::Constant(bits));
                self.code.vector(form, result, Some(a_register), mask, Mask::None, None);
                result
            }
            Unary::Sqrt => {
                let operand = self.operand(a, line);
                let result = self.result(value, &[a]);
                self.code.vector(self.forms.sqrt(), result, None, operand, Mask::None, None);
                result
            }
            Unary::Step => {
                let zero = Operand::Broadcast(self.constant(0.0));
                self.truth(value, a, zero, compare::GREATER_EQUAL, &[a])
            }
            Unary::Sign => {
                let a_register = self.register(a, line);
                let zero = Operand::Broadcast(self.constant(0.0));
                // Read again behind the first write, so that it keeps its register.
                let result = self.take(value, line);
                let compare = self.forms.compare();
                self.code.vector(compare, HOLDS, Some(a_register), zero, Mask::None, Some(compare::GREATER));
                self.one_where(result, 1.0, Mask::Zero(HOLDS));
                self.code.vector(compare, HOLDS, Some(a_register), zero, Mask::None, Some(compare::LESS));
                self.one_where(result, -1.0, Mask::Merge(HOLDS));
                self.registers.release(std::iter::once(a), line);
                result
            }
        }
    }

    fn one_where(&mut self, result: Vector, number: f64, mask: Mask) {
        let from = Operand::Memory(self.constant(number));
        self.code.vector(self.forms.broadcast(), result, None, from, mask, None);
    }

    /// 1 where `a` compares with the operand, else 0.
    fn truth(&mut self, value: Value, a: Value, with: Operand, how: u8, operands: &[Value]) -> Vector {
        let a = self.register(a, value.index());
        self.code.vector(self.forms.compare(), HOLDS, Some(a), with, Mask::None, Some(how));
        let result = self.result(value, operands);
        self.one_where(result, 1.0, Mask::Zero(HOLDS));
        result
    }

    fn binary(&mut self, value: Value, op: Binary, a: Value, b: Value) -> Vector {
        let line = value.index();
        let commutes = matches!(op, Binary::Add | Binary::Mul);
        let (first, second) =
            if commutes && !self.is_in_register(a) && self.is_in_register(b) { (b, a) } else { (a, b) };
        let Some(form) = self.forms.binary(op) else {
            let how = match op {
                Binary::Equal => compare::EQUAL,
                Binary::Less => compare::LESS,
                _ => compare::LESS_EQUAL,
            };
            self.register(a, line);
            let with = self.operand(b, line);
            return self.truth(value, a, with, how, &[a, b]);
        };
        let left = self.register(first, line);
        let right = self.operand(second, line);
        let result = self.result(value, &[a, b]);
        self.code.vector(form, result, Some(left), right, Mask::None, None);
        result
    }

    fn select(&mut self, value: Value, a: Value, b: Value, c: Value) -> Vector {
        let line = value.index();
        let condition = self.register(a, line);
        let zero = Operand::Broadcast(self.constant(0.0));
        let otherwise = self.register(c, line);
        let then = self.operand(b, line);
        self.code.vector(self.forms.compare(), HOLDS, Some(condition), zero, Mask::None, Some(compare::NOT_EQUAL));
        let result = self.result(value, &[a, b, c]);
        self.code.vector(self.forms.blend(), result, Some(otherwise), then, Mask::Merge(HOLDS), None);
        result
    }

    /// A multiply-add writes one of its operands: one that is not needed any more, or else a copy.
    fn fused(&mut self, value: Value, op: Ternary, [a, b, c]: [Value; 3]) -> Vector {
        let line = value.index();
        let may_go = |own: &mut Self, v: Value, others: [Value; 2]| {
            own.is_in_register(v) && !own.registers.is_used_after(v, line) && !others.contains(&v)
        };
        if may_go(self, c, [a, b]) {
            let sum = self.register(c, line);
            return self.add_to(value, op, sum, [a, b, c]);
        }
        for (factor, other) in [(a, b), (b, a)] {
            if may_go(self, factor, [other, c]) {
                let result = self.register(factor, line);
                let other_register = self.register(other, line);
                let sum = self.operand(c, line);
                let form = self.forms.fused_to_factor(op);
                self.code.vector(form, result, Some(other_register), sum, Mask::None, None);
                self.registers.replace(result, value);
                self.registers.release([a, b, c].into_iter(), line);
                return result;
            }
        }
        let (factors, sum) = ([a, b].map(|v| self.is_in_register(v)), self.is_in_register(c));
        // A factor from memory that is used no more needs no copy; nor does the sum.
        if sum && factors.contains(&false) && a != b {
            let (fresh, other) = if factors[0] { (b, a) } else { (a, b) };
            if !self.registers.is_used_after(fresh, line) && fresh != c {
                let result = self.register(fresh, line);
                let other_register = self.register(other, line);
                let sum = self.operand(c, line);
                self.code.vector(self.forms.fused_to_factor(op), result, Some(other_register), sum, Mask::None, None);
                self.registers.replace(result, value);
                self.registers.release([a, b, c].into_iter(), line);
                return result;
            }
        }
        if !sum && !self.registers.is_used_after(c, line) && ![a, b].contains(&c) {
            let sum = self.register(c, line);
            return self.add_to(value, op, sum, [a, b, c]);
        }
        let from = self.register(c, line);
        let copy = self.take(value, line);
        self.code.vector(self.forms.load(), copy, None, Operand::Register(from), Mask::None, None);
        let (left, right) = self.factors(a, b, line);
        self.code.vector(self.forms.fused_to_sum(op), copy, Some(left), right, Mask::None, None);
        self.registers.release([a, b, c].into_iter(), line);
        copy
    }

    /// `sum = a·b ± sum`
    fn add_to(&mut self, value: Value, op: Ternary, sum: Vector, [a, b, c]: [Value; 3]) -> Vector {
        let line = value.index();
        let (left, right) = self.factors(a, b, line);
        self.code.vector(self.forms.fused_to_sum(op), sum, Some(left), right, Mask::None, None);
        self.registers.replace(sum, value);
        self.registers.release([a, b, c].into_iter(), line);
        sum
    }

    /// Two factors, the first one in a register.
    fn factors(&mut self, a: Value, b: Value, line: usize) -> (Vector, Operand) {
        let (first, second) = if self.is_in_register(a) || !self.is_in_register(b) { (a, b) } else { (b, a) };
        let first = self.register(first, line);
        (first, self.operand(second, line))
    }
}
