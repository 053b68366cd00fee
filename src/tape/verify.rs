//! What must hold of every tape.

use super::op::{Op, Value};
use super::{Contraction, Tape};

/// What is wrong with a tape, and where: lines are named by the value that they define.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the variants say what their fields are")]
pub enum VerifyError {
    /// A line uses a value that is not defined before it.
    #[error("v{line}: `{op}` uses v{operand}, which is not defined before it")]
    UndefinedOperand { line: usize, op: &'static str, operand: u32 },
    /// A line reads an input that the program does not have.
    #[error("v{line}: input {input} of a program with {inputs}")]
    UndefinedInput { line: usize, input: u32, inputs: usize },
    /// A function is called with the wrong number of arguments.
    #[error("v{line}: `{function}` takes {arity} arguments, not 1")]
    Arity { line: usize, function: &'static str, arity: usize },
    /// A fused multiply-add in a tape whose operations round separately.
    #[error("v{line}: `{op}` in a tape without contraction")]
    Contracted { line: usize, op: &'static str },
    /// An output that no line defines.
    #[error("output {output} is v{value}, but the tape ends before it")]
    UndefinedOutput { output: usize, value: u32 },
}

impl Tape {
    /// Checks that operands are defined before their use, that inputs exist, arities fit, and nothing is contracted
    /// that may not be.
    ///
    /// # Errors
    /// The first fault.
    pub fn verify(&self) -> Result<(), VerifyError> {
        self.ops.iter().enumerate().try_for_each(|(line, op)| self.verify_line(line, op))?;
        match self.outputs.iter().position(|v| v.index() >= self.ops.len()) {
            Some(output) => Err(VerifyError::UndefinedOutput { output, value: self.outputs[output].0 }),
            None => Ok(()),
        }
    }

    fn verify_line(&self, line: usize, op: &Op) -> Result<(), VerifyError> {
        if let Some(Value(operand)) = op.operands().find(|v| v.index() >= line) {
            return Err(VerifyError::UndefinedOperand { line, op: op.name(), operand });
        }
        match *op {
            Op::Input(input) if input as usize >= self.inputs => {
                Err(VerifyError::UndefinedInput { line, input, inputs: self.inputs })
            }
            Op::Math(function, _) if function.arity() != 1 => {
                Err(VerifyError::Arity { line, function: function.name(), arity: function.arity() })
            }
            Op::Ternary(fused, ..) if fused.is_fused() && self.contraction == Contraction::Separate => {
                Err(VerifyError::Contracted { line, op: op.name() })
            }
            _ => Ok(()),
        }
    }
}
