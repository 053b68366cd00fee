//! Straight-line programs: what the machine will do at one point, one value per line.
//!
//! ```text
//! tape fused, 2 inputs
//!   v0 = input 0
//!   v1 = input 1
//!   v2 = tanh v0
//!   v3 = fma v2 v1 v0
//! outputs v3 v2
//! ```
//!
//! A [`Tape`] is made from expressions in two passes: [`lower`] chooses the operations (powers by squaring, shared
//! reciprocals, signs that cost nothing, fused multiply-adds) and numbers equal values once; [`schedule`] drops what no
//! output needs and puts the rest in an order in which few values live at once. [`verify`] holds after every pass.
//!
//! Math functions work on whole blocks of points ([`crate::vmath`]), so whoever runs a tape cuts it at them:
//! [`Segmentation`] is that cut, with a scratch row for every value that crosses it.
//!
//! [`Op`] says what each line means for one number, [`Interpreter`] does it for blocks: it is the semantics, and machine
//! code ([`crate::codegen`]) agrees with it to the last bit (a NaN is a NaN, whatever its payload). Callers of either see
//! a [`PointProgram`].

mod builder;
mod compose;
mod cost;
mod interp;
mod lower;
mod number;
mod op;
mod orientation;
mod product;
mod program;
mod rows;
mod schedule;
mod segment;
mod text;
mod verify;

pub use compose::Composer;
pub use cost::Cost;
pub use interp::Interpreter;
pub use number::Number;
pub use op::{Binary, Op, Ternary, Unary, Value};
pub(crate) use program::check_call;
pub use program::{BLOCK, Lane, PointProgram, check_lanes};
pub use schedule::schedule;
pub use segment::{Segment, Segmentation};
pub use text::ParseTapeError;
pub use verify::VerifyError;

use crate::expr::{Expr, Graph, Symbol};

/// Whether sums of products are contracted to fused multiply-adds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Contraction {
    /// `a*b + c` is one operation with one rounding.
    Fused,
    /// Every operation rounds: for hosts without the instruction.
    Separate,
}

/// [`Contraction::Fused`] if this machine has a fused multiply-add instruction.
pub fn host_contraction() -> Contraction {
    #[cfg(target_arch = "x86_64")]
    let fused = std::arch::is_x86_feature_detected!("fma");
    #[cfg(not(target_arch = "x86_64"))]
    let fused = cfg!(target_arch = "aarch64");
    if fused { Contraction::Fused } else { Contraction::Separate }
}

/// Why a formula has no tape.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TapeError {
    /// A formula contains an atom that is not among the inputs.
    #[error("the atom {0:?} is not an input of the program")]
    MissingInput(Symbol),
    /// The nearest double of a constant is infinite.
    #[error("the constant {0} is beyond the range of double precision")]
    ConstantTooLarge(String),
}

/// A straight-line program from `inputs` numbers to its outputs, in static single assignment form: line `i` defines
/// [`Value`] `i` from earlier values.
#[derive(Clone, Debug, PartialEq)]
pub struct Tape {
    ops: Vec<Op>,
    outputs: Vec<Value>,
    inputs: usize,
    contraction: Contraction,
}

impl Tape {
    /// The program that computes `roots`, where input `i` is the atom `inputs[i]`.
    ///
    /// Rational constants are rounded to the nearest double once; what depends on no atom is computed here, with the
    /// operations of the tape.
    ///
    /// # Errors
    /// [`TapeError`] if a root contains other atoms or a constant too large for a double.
    pub fn new(graph: &Graph, roots: &[Expr], inputs: &[Symbol], contraction: Contraction) -> Result<Self, TapeError> {
        Self::with_definitions(graph, roots, inputs, &[], contraction)
    }

    /// As [`Tape::new`], where some atoms are names: each stands for a formula, which is computed once. Formulas may
    /// contain names that stand before theirs; a name was interned in the graph after what it stands for.
    ///
    /// # Errors
    /// [`TapeError`] if a root contains other atoms or a constant too large for a double.
    pub fn with_definitions(
        graph: &Graph,
        roots: &[Expr],
        inputs: &[Symbol],
        definitions: &[(Symbol, Expr)],
        contraction: Contraction,
    ) -> Result<Self, TapeError> {
        let lowered = lower::lower(graph, roots, inputs, definitions, contraction)?;
        lowered.debug_verify("lower");
        let tape = schedule(&lowered);
        tape.debug_verify("schedule");
        Ok(tape)
    }

    /// The lines, in order of execution.
    pub fn ops(&self) -> &[Op] {
        &self.ops
    }

    /// The results, in the order of the roots. A value may occur several times.
    pub fn outputs(&self) -> &[Value] {
        &self.outputs
    }

    /// The number of inputs, used or not.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Whether the tape may contain fused multiply-adds.
    pub fn contraction(&self) -> Contraction {
        self.contraction
    }

    /// The outputs at one point.
    ///
    /// # Panics
    /// If `inputs` is shorter than [`Tape::inputs`].
    pub fn evaluate<T: Number>(&self, inputs: &[T]) -> Vec<T> {
        let mut values: Vec<T> = Vec::with_capacity(self.ops.len());
        for op in &self.ops {
            let value = op.evaluate(|v| values[v.index()], |i| inputs[i]);
            values.push(value);
        }
        self.outputs.iter().map(|v| values[v.index()]).collect()
    }

    /// Which lines are the same at all points where these inputs are one number for all of them: the inputs, and operations
    /// on them and on constants, but no calls, which are made for blocks of points.
    pub fn uniform_lines(&self, numbers: &[bool]) -> Vec<bool> {
        let mut found: Vec<bool> = Vec::with_capacity(self.ops.len());
        for op in &self.ops {
            let is_uniform = match op {
                Op::Input(i) => numbers.get(*i as usize).copied().unwrap_or(false),
                Op::Const(_) => false,
                op if op.is_call() => false,
                op => op.operands().all(|v| found[v.index()] || matches!(self.ops[v.index()], Op::Const(_))),
            };
            found.push(is_uniform);
        }
        found
    }

    fn debug_verify(&self, pass: &str) {
        if cfg!(debug_assertions)
            && let Err(error) = self.verify()
        {
            panic!("after pass `{pass}`: {error}\n{self}");
        }
    }
}

#[cfg(test)]
mod tests;
