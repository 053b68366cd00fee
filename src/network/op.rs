//! The operations of a network on jets: a straight-line list, one value each.

use super::spec::Activation;

/// Where an operation finds what it works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operand {
    /// Some of the input features (of the encoded ones, where there is an encoding).
    Features {
        /// The first.
        first: usize,
        /// How many.
        count: usize,
    },
    /// The result of an earlier operation, by its number.
    Value(usize),
}

/// One operation. Every row of a value is the jet of one neuron.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// An affine layer, on every channel alike.
    Affine {
        /// Which layer of the layout.
        layer: usize,
        /// What it acts on.
        input: Operand,
    },
    /// The same function of every row.
    Pointwise {
        /// Which function.
        function: Pointwise,
        /// Its arguments. One with a single row serves all rows.
        operands: Vec<Operand>,
    },
}

impl Op {
    /// What it works on.
    pub fn operands(&self) -> &[Operand] {
        match self {
            Op::Affine { input, .. } => std::slice::from_ref(input),
            Op::Pointwise { operands, .. } => operands,
        }
    }
}

/// A function of the numbers of one neuron at one point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pointwise {
    /// `σ(z)`
    Activation(Activation),
    /// `f u + (1 - f) v`
    Gate,
    /// `a b`
    Product,
    /// `a + b`
    Sum,
}

impl Pointwise {
    /// The number of arguments.
    pub fn arity(self) -> usize {
        match self {
            Pointwise::Activation(_) => 1,
            Pointwise::Gate => 3,
            Pointwise::Product | Pointwise::Sum => 2,
        }
    }

    /// Whether a reverse sweep reads what the forward sweep saved, and not the arguments.
    pub fn saves_slopes(self) -> bool {
        matches!(self, Pointwise::Activation(_))
    }

    /// What `pdec show` calls it.
    pub fn name(self) -> &'static str {
        match self {
            Pointwise::Activation(activation) => activation.name(),
            Pointwise::Gate => "gate",
            Pointwise::Product => "product",
            Pointwise::Sum => "sum",
        }
    }
}
