//! Where the parameters of the networks stand in θ, and what is done with them.

use std::fmt;
use std::ops::Range;

use super::body::Builder;
use super::encoding::FourierLayer;
use super::initial::Start;
use super::op::{Op, Operand, Pointwise};
use super::schedule::Schedule;
use super::spec::{Activation, Architecture};

/// One affine layer: `outputs x inputs` weights, row-major, then `outputs` biases; a factorised one has `outputs` scales s
/// behind them, and its weights are diag(exp s) times those that are stored.
///
/// A layer without inputs is a list of numbers that are trained: its biases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layer {
    /// Width before the layer.
    pub inputs: usize,
    /// Width after the layer.
    pub outputs: usize,
    /// Position of the first weight in θ.
    pub start: usize,
    /// Whether there are scales.
    pub factorised: bool,
}

impl Layer {
    /// The weights in θ.
    pub fn weights(&self) -> Range<usize> {
        self.start..self.start + self.inputs * self.outputs
    }

    /// The biases in θ.
    pub fn biases(&self) -> Range<usize> {
        let start = self.weights().end;
        start..start + self.outputs
    }

    /// The scales in θ.
    pub fn scales(&self) -> Option<Range<usize>> {
        let start = self.biases().end;
        self.factorised.then(|| start..start + self.outputs)
    }

    /// All of it in θ.
    pub fn all(&self) -> Range<usize> {
        self.start..self.scales().map_or(self.biases().end, |scales| scales.end)
    }
}

/// The layers of one network, the output layer last, and the operations that join them.
#[derive(Clone, Debug, PartialEq)]
pub struct Layout {
    /// The layers in the order of θ.
    pub layers: Vec<Layer>,
    /// How each starts.
    pub starts: Vec<Start>,
    encoding: Option<FourierLayer>,
    ops: Vec<Op>,
    rows: Vec<usize>,
    schedule: Schedule,
}

impl Layout {
    /// Lays a network out from position `start` of θ; `inputs` are the numbers of features of each of its axes.
    pub fn new(architecture: &Architecture, inputs: &[usize], outputs: usize, start: usize) -> Self {
        let encoding = architecture.encoding.map(|encoding| FourierLayer::new(encoding, inputs.iter().sum()));
        let groups = encoding.as_ref().map_or_else(|| inputs.to_vec(), |encoding| vec![encoding.layer.outputs]);
        let mut builder = Builder::new(&groups, start);
        builder.raw = encoding.is_none();
        architecture.bodies.iter().for_each(|body| builder.body(body));
        builder.outputs_of(architecture.bodies.last(), outputs);
        Self::of(builder, encoding)
    }

    /// Numbers that training finds, with their first values: a network without inputs.
    pub fn numbers(first: &[f64], start: usize) -> Self {
        let mut builder = Builder::new(&[], start);
        builder.output(first.len(), false, Start::Numbers(first.to_vec()));
        Self::of(builder, None)
    }

    fn of(builder: Builder, encoding: Option<FourierLayer>) -> Self {
        let Builder { layers, starts, ops, rows, .. } = builder;
        let schedule = Schedule::new(&ops);
        Self { layers, starts, encoding, ops, rows, schedule }
    }

    /// The parameters of the network in θ.
    pub fn parameters(&self) -> Range<usize> {
        self.layers[0].start..self.output().all().end
    }

    /// The output layer.
    pub fn output(&self) -> Layer {
        self.layers[self.layers.len() - 1]
    }

    /// What is made of the input features before the operations.
    pub fn encoding(&self) -> Option<&FourierLayer> {
        self.encoding.as_ref()
    }

    /// The operations; the last one gives the outputs.
    pub fn ops(&self) -> &[Op] {
        &self.ops
    }

    /// The buffers of the sweeps.
    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// How many rows the result of an operation has.
    pub fn rows(&self, op: usize) -> usize {
        self.rows[op]
    }

    /// How many rows an operand has.
    pub fn operand_rows(&self, operand: Operand) -> usize {
        match operand {
            Operand::Features { count, .. } => count,
            Operand::Value(op) => self.rows[op],
        }
    }

    /// The functions that the sweeps need programs for.
    pub fn functions(&self) -> Vec<Pointwise> {
        let encoding = self.encoding.as_ref().map(|_| Pointwise::Activation(Activation::Sin));
        let of_ops = self.ops.iter().filter_map(|op| match op {
            Op::Affine { .. } => None,
            Op::Pointwise { function, .. } => Some(*function),
        });
        let mut found: Vec<Pointwise> = encoding.into_iter().chain(of_ops).collect();
        found.sort();
        found.dedup();
        found
    }
}

/// The operations one a line, with the places of their parameters in θ: `v2 = gate v1 v0 v3`.
impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(encoding) = &self.encoding {
            writeln!(f, "features = {} random sines of {}", encoding.layer.outputs, encoding.layer.inputs)?;
        }
        let name = |operand: &Operand| match *operand {
            Operand::Features { count: 0, .. } => "nothing".to_owned(),
            Operand::Features { first, count } => format!("features {first}..{}", first + count),
            Operand::Value(value) => format!("v{value}"),
        };
        for (i, op) in self.ops.iter().enumerate() {
            match op {
                Op::Affine { layer, input } => {
                    let Layer { inputs, outputs, factorised, .. } = self.layers[*layer];
                    let (kind, place) = (if factorised { "factorised" } else { "affine" }, self.layers[*layer].all());
                    writeln!(f, "v{i} = {kind} {inputs} -> {outputs} of {}, theta {place:?}", name(input))?;
                }
                Op::Pointwise { function, operands } => {
                    let operands: Vec<String> = operands.iter().map(name).collect();
                    writeln!(f, "v{i} = {} {}", function.name(), operands.join(" "))?;
                }
            }
        }
        Ok(())
    }
}
