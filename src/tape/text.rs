//! Tapes as text, and back.

use std::fmt;
use std::str::FromStr;

use super::op::{Binary, Op, Ternary, Unary, Value};
use super::{Contraction, Tape, VerifyError};
use crate::vmath;

/// Why a text is not a tape.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the variants say what their fields are")]
pub enum ParseTapeError {
    /// The first line is not of the form `tape fused, 2 inputs`.
    #[error("the first line must read `tape fused, N inputs` or `tape separate, N inputs`")]
    Header,
    /// A line is not of the form `v2 = add v0 v1`, or has another number than its place.
    #[error("line {line}: expected `v{value} = operation operands`")]
    Line { line: usize, value: usize },
    /// There is no such operation.
    #[error("line {line}: no operation `{name}`")]
    UnknownOperation { line: usize, name: String },
    /// Wrong number or form of operands.
    #[error("line {line}: `{name}` takes {expected}")]
    Operands { line: usize, name: String, expected: &'static str },
    /// The last line is not a list of outputs.
    #[error("the last line must read `outputs v3 v4`")]
    Outputs,
    /// The lines do not make a program.
    #[error(transparent)]
    Invalid(#[from] VerifyError),
}

impl fmt::Display for Tape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "tape {}, {} inputs", self.contraction.name(), self.inputs)?;
        for (line, op) in self.ops.iter().enumerate() {
            writeln!(f, "  v{line} = {op}")?;
        }
        f.write_str("outputs")?;
        self.outputs.iter().try_for_each(|Value(v)| write!(f, " v{v}"))?;
        writeln!(f)
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self {
            // The shortest decimal that reads back as the same double.
            Op::Const(number) => write!(f, " {number:?}"),
            Op::Input(i) => write!(f, " {i}"),
            op => op.operands().try_for_each(|Value(v)| write!(f, " v{v}")),
        }
    }
}

impl FromStr for Tape {
    type Err = ParseTapeError;

    fn from_str(text: &str) -> Result<Self, ParseTapeError> {
        let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
        let (contraction, inputs) = lines.next().and_then(|(_, line)| header(line)).ok_or(ParseTapeError::Header)?;
        let mut tape = Self { ops: Vec::new(), outputs: Vec::new(), inputs, contraction };
        for (number, line) in lines.by_ref() {
            if let Some(list) = line.trim().strip_prefix("outputs") {
                tape.outputs =
                    list.split_whitespace().map(value).collect::<Option<_>>().ok_or(ParseTapeError::Outputs)?;
                if lines.next().is_some() {
                    return Err(ParseTapeError::Outputs);
                }
                tape.verify()?;
                return Ok(tape);
            }
            let op = definition(number + 1, tape.ops.len(), line)?;
            tape.ops.push(op);
        }
        Err(ParseTapeError::Outputs)
    }
}

impl Contraction {
    /// The word for it in the text form.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fused => "fused",
            Self::Separate => "separate",
        }
    }
}

fn header(line: &str) -> Option<(Contraction, usize)> {
    let (contraction, inputs) = line.trim().strip_prefix("tape ")?.split_once(", ")?;
    let contraction = [Contraction::Fused, Contraction::Separate].into_iter().find(|c| c.name() == contraction)?;
    Some((contraction, inputs.strip_suffix(" inputs")?.parse().ok()?))
}

fn definition(line: usize, next: usize, text: &str) -> Result<Op, ParseTapeError> {
    let wrong = || ParseTapeError::Line { line, value: next };
    let (defined, operation) = text.split_once('=').ok_or_else(wrong)?;
    if value(defined.trim()) != Some(Value::from_index(next)) {
        return Err(wrong());
    }
    let mut words = operation.split_whitespace();
    let name = words.next().ok_or_else(wrong)?;
    let words: Vec<&str> = words.collect();
    let operands = |expected| ParseTapeError::Operands { line, name: name.to_owned(), expected };
    match name {
        "const" => match *words {
            [number] => number.parse().map(Op::Const).map_err(|_| operands("a number")),
            _ => Err(operands("a number")),
        },
        "input" => match *words {
            [number] => number.parse().map(Op::Input).map_err(|_| operands("the number of an input")),
            _ => Err(operands("the number of an input")),
        },
        _ => {
            let operation = operation_named(name)
                .ok_or_else(|| ParseTapeError::UnknownOperation { line, name: name.to_owned() })?;
            let values: Option<Vec<Value>> = words.iter().copied().map(value).collect();
            operation.on(values.as_deref().unwrap_or(&[])).map_err(operands)
        }
    }
}

/// An operation without its operands.
enum Operation {
    Unary(Unary),
    Binary(Binary),
    Ternary(Ternary),
    Math(vmath::Function),
}

impl Operation {
    fn on(self, operands: &[Value]) -> Result<Op, &'static str> {
        match (self, operands) {
            (Self::Unary(op), &[a]) => Ok(Op::Unary(op, a)),
            (Self::Binary(op), &[a, b]) => Ok(Op::Binary(op, a, b)),
            (Self::Ternary(op), &[a, b, c]) => Ok(Op::Ternary(op, a, b, c)),
            (Self::Math(vmath::Function::Pow), &[a, b]) => Ok(Op::Pow(a, b)),
            (Self::Math(function), &[a]) if function.arity() == 1 => Ok(Op::Math(function, a)),
            (Self::Unary(_), _) => Err("one value"),
            (Self::Binary(_) | Self::Math(vmath::Function::Pow), _) => Err("two values"),
            (Self::Ternary(_), _) => Err("three values"),
            (Self::Math(_), _) => Err("one value"),
        }
    }
}

fn operation_named(name: &str) -> Option<Operation> {
    let unary = Unary::ALL.into_iter().find(|op| op.name() == name).map(Operation::Unary);
    let binary = || Binary::ALL.into_iter().find(|op| op.name() == name).map(Operation::Binary);
    let ternary = || Ternary::ALL.into_iter().find(|op| op.name() == name).map(Operation::Ternary);
    let math = || vmath::Function::from_name(name).map(Operation::Math);
    unary.or_else(binary).or_else(ternary).or_else(math)
}

fn value(word: &str) -> Option<Value> {
    word.strip_prefix('v')?.parse().ok().map(Value)
}
