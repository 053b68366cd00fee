//! Which values are in registers.

use rustc_hash::FxHashMap;

use super::encode::Vector;
use crate::tape::Value;

/// How many registers there are.
const COUNT: usize = 32;

/// Where the values of a straight line of operations are.
pub(super) struct Registers {
    holds: [Option<Value>; COUNT],
    of: FxHashMap<Value, Vector>,
    /// The lines that use each value, the next one last.
    uses: Vec<Vec<usize>>,
    /// Registers of the operands of the operation that is being made.
    pinned: u32,
}

impl Registers {
    /// None is in use; `uses` has the lines that use each value, ascending.
    pub fn new(mut uses: Vec<Vec<usize>>) -> Self {
        uses.iter_mut().for_each(|lines| lines.reverse());
        Self { holds: [None; COUNT], of: FxHashMap::default(), uses, pinned: 0 }
    }

    /// The register of a value, which stays where it is until the operation is done.
    pub fn find(&mut self, value: Value) -> Option<Vector> {
        let register = *self.of.get(&value)?;
        self.pinned |= 1 << register;
        Some(register)
    }

    /// Whether a value is used behind a line.
    pub fn is_used_after(&self, value: Value, line: usize) -> bool {
        self.uses[value.index()].first().is_some_and(|last| *last > line)
    }

    fn next_use(&self, value: Value, line: usize) -> usize {
        self.uses[value.index()].iter().rev().find(|user| **user >= line).copied().unwrap_or(usize::MAX)
    }

    /// Whether a register is free.
    pub fn has_free(&self) -> bool {
        self.holds.iter().any(Option::is_none)
    }

    /// A register for a new value, free or taken from the value that is used last; that value comes with it.
    pub fn take(&mut self, value: Value, line: usize) -> (Vector, Option<Value>) {
        let free = (0..COUNT).find(|r| self.holds[*r].is_none());
        let register = free.unwrap_or_else(|| {
            let may_go = (0..COUNT).filter(|r| self.pinned >> r & 1 == 0);
            let last_used = may_go.max_by_key(|r| self.holds[*r].map_or(0, |held| self.next_use(held, line)));
            last_used.expect("an operation has fewer operands than there are registers")
        });
        let evicted = self.holds[register].replace(value);
        if let Some(evicted) = evicted {
            self.of.remove(&evicted);
        }
        self.of.insert(value, register as Vector);
        self.pinned |= 1 << register;
        (register as Vector, evicted)
    }

    /// Frees the registers of operands that nothing behind a line uses.
    pub fn release(&mut self, operands: impl Iterator<Item = Value>, line: usize) {
        for operand in operands.filter(|operand| !self.is_used_after(*operand, line)).collect::<Vec<_>>() {
            if let Some(register) = self.of.remove(&operand) {
                self.holds[usize::from(register)] = None;
            }
        }
    }

    /// Puts a value in the place of another one, which is not used any more.
    pub fn replace(&mut self, register: Vector, value: Value) {
        if let Some(old) = self.holds[usize::from(register)].replace(value) {
            self.of.remove(&old);
        }
        self.of.insert(value, register);
    }

    /// The operation is done.
    pub fn unpin(&mut self) {
        self.pinned = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_that_is_used_last_makes_room() {
        let uses = (0..33).map(|value| vec![100 - value]).collect();
        let mut registers = Registers::new(uses);
        for value in 0..32 {
            assert_eq!(registers.take(Value(value), 40).1, None);
            registers.unpin();
        }
        assert!(!registers.has_free());
        assert_eq!(registers.find(Value(0)), Some(0));
        // Value 0 is used last, but it is an operand.
        assert_eq!(registers.take(Value(32), 40), (1, Some(Value(1))));
        assert_eq!(registers.find(Value(1)), None);
    }

    #[test]
    fn what_is_used_no_more_is_free() {
        let mut registers = Registers::new(vec![vec![3], vec![5]]);
        registers.take(Value(0), 0);
        registers.take(Value(1), 1);
        registers.release([Value(0), Value(1)].into_iter(), 3);
        assert_eq!((registers.find(Value(0)), registers.find(Value(1))), (None, Some(1)));
    }
}
