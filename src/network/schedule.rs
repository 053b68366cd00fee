//! Which buffers the values of a network and their cotangents live in.
//!
//! What the reverse sweep reads (the inputs of layers, gates and products) has a buffer of its own; what only an
//! activation reads shares one. A cotangent lives from the last operation that reads its value to the one that made it,
//! so that a chain of layers needs two buffers for all of them.

use super::op::{Op, Operand};

/// What an operation of a reverse sweep does with the cotangent of an operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Write {
    /// Nothing: input features do not depend on the parameters.
    Nothing,
    /// It is the first to know something of it.
    First,
    /// It adds to what later readers of the value found.
    Add,
}

/// The buffers of the two sweeps. The result of the last operation is the output of the network and stands elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schedule {
    /// The buffer of the result of each operation.
    pub values: Vec<usize>,
    /// How many buffers of values there are.
    pub value_buffers: usize,
    /// The buffer of the cotangent of each result; that of the output is number 0.
    pub cotangents: Vec<usize>,
    /// How many buffers of cotangents there are.
    pub cotangent_buffers: usize,
    /// For each operation, what it does with the cotangent of each operand.
    pub writes: Vec<Vec<Write>>,
}

/// Buffers that are free and buffers that are taken.
#[derive(Default)]
struct Buffers {
    free: Vec<usize>,
    count: usize,
}

impl Buffers {
    fn take(&mut self) -> usize {
        self.free.pop().unwrap_or_else(|| {
            self.count += 1;
            self.count - 1
        })
    }

    fn give_back(&mut self, buffer: usize) {
        self.free.push(buffer);
    }
}

impl Schedule {
    /// The schedule of a list of operations, of which the last is the output.
    pub fn new(ops: &[Op]) -> Self {
        let (values, value_buffers) = values(ops);
        let mut cotangents = vec![None; ops.len()];
        let mut writes = vec![Vec::new(); ops.len()];
        let mut buffers = Buffers::default();
        if let Some(output) = cotangents.last_mut() {
            *output = Some(buffers.take());
        }
        for (i, op) in ops.iter().enumerate().rev() {
            for operand in op.operands() {
                writes[i].push(match operand {
                    Operand::Features { .. } => Write::Nothing,
                    Operand::Value(value) if cotangents[*value].is_some() => Write::Add,
                    Operand::Value(value) => {
                        cotangents[*value] = Some(buffers.take());
                        Write::First
                    }
                });
            }
            if let Some(own) = cotangents[i] {
                buffers.give_back(own);
            }
        }
        let cotangents = cotangents.into_iter().map(|c| c.expect("every value but the output is read")).collect();
        Self { values, value_buffers, cotangents, cotangent_buffers: buffers.count, writes }
    }
}

/// The buffer of each value, and how many there are.
fn values(ops: &[Op]) -> (Vec<usize>, usize) {
    let mut last_read = vec![0; ops.len()];
    let mut kept = vec![false; ops.len()];
    for (i, op) in ops.iter().enumerate() {
        let saves = matches!(op, Op::Pointwise { function, .. } if function.saves_slopes());
        for operand in op.operands() {
            if let Operand::Value(value) = operand {
                last_read[*value] = i;
                kept[*value] |= !saves;
            }
        }
    }
    let mut buffers = Buffers::default();
    let mut places = Vec::with_capacity(ops.len());
    for (i, op) in ops.iter().enumerate() {
        places.push(buffers.take());
        for operand in op.operands() {
            if let Operand::Value(value) = operand
                && !kept[*value]
                && last_read[*value] == i
            {
                buffers.give_back(places[*value]);
                // A value that one operation reads twice goes back once.
                kept[*value] = true;
            }
        }
    }
    (places, buffers.count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::{Activation, Architecture, Body, Layout, Shape};

    #[test]
    fn a_chain_shares_one_buffer_before_and_two_behind() {
        let layout = Layout::new(&Architecture::mlp(vec![8, 8, 8], Activation::Tanh), &[1, 1], 1, 0);
        let schedule = Schedule::new(layout.ops());
        // Three activations, what stands before them, and the output.
        assert_eq!(schedule.value_buffers, 4, "{schedule:?}");
        assert_eq!(schedule.cotangent_buffers, 2, "{schedule:?}");
        assert_eq!(schedule.cotangents.last(), Some(&0));
    }

    /// No buffer is written while something is still to be read from it.
    #[test]
    fn buffers_are_free_when_they_are_taken() {
        for shape in [
            Shape::Modified { width: 4, depth: 3 },
            Shape::Pirate { width: 4, blocks: 3 },
            Shape::Residual { width: 4, blocks: 2 },
            Shape::Separable { widths: vec![4, 4], rank: 3 },
        ] {
            let body = Body::new(shape, Activation::Tanh);
            let layout = Layout::new(&Architecture { encoding: None, bodies: vec![body] }, &[1, 2, 1], 2, 0);
            let (ops, schedule) = (layout.ops(), Schedule::new(layout.ops()));
            for (i, op) in ops.iter().enumerate() {
                for (operand, write) in op.operands().iter().zip(&schedule.writes[i]) {
                    let Operand::Value(value) = *operand else { continue };
                    // Between its making and its reading nobody else writes into the buffer of a value.
                    let between = &schedule.values[value + 1..=i];
                    assert!(!between.contains(&schedule.values[value]), "{ops:?} {schedule:?}");
                    assert_ne!(schedule.cotangents[value], schedule.cotangents[i], "{ops:?} {schedule:?}");
                    if *write == Write::First {
                        let later = |j: &usize| ops[*j].operands().contains(operand);
                        assert_eq!((i + 1..ops.len()).find(later), None, "{value} is read again later");
                    }
                }
            }
        }
    }
}
