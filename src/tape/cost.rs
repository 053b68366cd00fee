//! How much work a tape is.

use super::Tape;
use super::op::{Binary, Op, Unary};

/// Numbers of operations per point.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Sums and differences.
    pub additions: usize,
    /// Products.
    pub multiplications: usize,
    /// Fused multiply-adds.
    pub fused: usize,
    /// Changes and removals of a sign.
    pub signs: usize,
    /// Divisions.
    pub divisions: usize,
    /// Square roots.
    pub roots: usize,
    /// Comparisons, minima, maxima, signs, steps, selections.
    pub choices: usize,
    /// Math functions and powers.
    pub calls: usize,
}

impl Cost {
    /// The work in units of an addition: 1 for an addition, multiplication, fused multiply-add or choice, 1/2 for a
    /// change of sign, 8 for a division, 9 for a square root, 20 for a math function.
    pub fn weighted(&self) -> f64 {
        let simple = self.additions + self.multiplications + self.fused + self.choices;
        simple as f64
            + 0.5 * self.signs as f64
            + 8.0 * self.divisions as f64
            + 9.0 * self.roots as f64
            + 20.0 * self.calls as f64
    }
}

impl Tape {
    /// Counts the operations.
    pub fn cost(&self) -> Cost {
        let mut cost = Cost::default();
        for op in &self.ops {
            *match op {
                Op::Const(_) | Op::Input(_) => continue,
                Op::Unary(Unary::Neg | Unary::Abs, _) => &mut cost.signs,
                Op::Unary(Unary::Sqrt, _) => &mut cost.roots,
                Op::Binary(Binary::Add | Binary::Sub, ..) => &mut cost.additions,
                Op::Binary(Binary::Mul, ..) => &mut cost.multiplications,
                Op::Binary(Binary::Div, ..) => &mut cost.divisions,
                Op::Ternary(op, ..) if op.is_fused() => &mut cost.fused,
                Op::Unary(..) | Op::Binary(..) | Op::Ternary(..) => &mut cost.choices,
                Op::Math(..) | Op::Pow(..) => &mut cost.calls,
            } += 1;
        }
        cost
    }
}
