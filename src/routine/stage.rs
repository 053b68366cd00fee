//! The stages.

use crate::network::Layer;

/// A row of a buffer. Where a stage works on several rows they follow one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The buffer.
    pub buffer: usize,
    /// The row.
    pub row: usize,
}

impl Place {
    /// The place so many rows further.
    #[must_use]
    pub fn plus(self, rows: usize) -> Self {
        Self { row: self.row + rows, ..self }
    }
}

/// Rows that a tape reads or writes: for its `i`th run the row `place + i·step`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lane {
    /// The first row.
    pub place: Place,
    /// Rows from one run to the next; 0 where all runs read the same.
    pub step: usize,
}

/// What a tape reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// Rows.
    Lane(Lane),
    /// One number for all points: for its `i`th run number `first + i·step` of an array.
    Numbers {
        /// The array.
        array: Parameters,
        /// The number of the first run.
        first: usize,
        /// Numbers from one run to the next.
        step: usize,
    },
}

impl Source {
    /// The rows, if it is rows.
    pub fn lane(&self) -> Option<&Lane> {
        match self {
            Self::Lane(lane) => Some(lane),
            Self::Numbers { .. } => None,
        }
    }
}

/// Where the numbers of a layer stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Parameters {
    /// In an input.
    Input(usize),
    /// In a table of the routine.
    Table(usize),
}

/// An affine layer: its shape and its place in an array of parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LayerAt {
    /// The array.
    pub parameters: Parameters,
    /// Shape and position.
    pub layer: Layer,
}

/// What stands behind the last point of a tile that is not full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pad {
    /// Copies of the last point, so that nothing is computed that did not occur.
    Last,
    /// Zeros: for weights.
    Zero,
}

/// What is done with the rows of a tile.
///
/// C `channels` of n rows stand neuron by neuron: channel c of neuron k is row `k·C + c`.
#[derive(Clone, Debug, PartialEq)]
pub enum Stage {
    /// A row of an input.
    Load {
        /// The input.
        input: usize,
        /// Its row.
        row: usize,
        /// Where to.
        to: Place,
        /// What follows the last point.
        pad: Pad,
    },
    /// Rows to an output, from its row `row` on.
    Store {
        /// Where from.
        from: Place,
        /// How many.
        rows: usize,
        /// The output.
        output: usize,
        /// Its first row.
        row: usize,
    },
    /// Zeros in rows.
    Zero {
        /// The first.
        at: Place,
        /// How many.
        rows: usize,
    },
    /// `to += from`
    Add {
        /// What is added.
        from: Place,
        /// To what.
        to: Place,
        /// How many rows.
        rows: usize,
    },
    /// A tape, `rows` times, one run after the other. A row that is an input and an output of all runs has at first what
    /// stood there, and then what the run before has written: a sum over runs.
    Run {
        /// The tape.
        tape: usize,
        /// How often.
        rows: usize,
        /// Its inputs.
        inputs: Vec<Source>,
        /// Its outputs.
        outputs: Vec<Lane>,
    },
    /// `z = W a`, and the bias on the first channel.
    Affine {
        /// The layer.
        layer: LayerAt,
        /// a, `layer.inputs · channels` rows.
        input: Place,
        /// z, `layer.outputs · channels` rows.
        output: Place,
        /// Channels of each.
        channels: usize,
    },
    /// The biases of a layer, added to the first channel of its outputs.
    AddBias {
        /// The layer.
        layer: LayerAt,
        /// Its outputs.
        to: Place,
        /// Channels.
        channels: usize,
    },
    /// The layer with derivatives of order 0, 1 and 2 along a direction of parameters: `z_j = W a_j + j V a_{j-1}`.
    AffineAlong {
        /// The layer at θ.
        layer: LayerAt,
        /// The direction.
        direction: Parameters,
        /// a; with jets along the direction, or without where it does not depend on the parameters.
        input: Place,
        /// Whether a has jets along the direction.
        carried: bool,
        /// z, `3 · layer.outputs · channels` rows.
        output: Place,
        /// Channels without the direction.
        channels: usize,
    },
    /// `to = exp(s) from`, row by row, for the scales s of a factorised layer.
    Scale {
        /// The layer.
        layer: LayerAt,
        /// Rows of its outputs.
        from: Place,
        /// Where to.
        to: Place,
        /// Channels.
        channels: usize,
    },
    /// `to = Wᵀ from`, or `to += Wᵀ from`.
    Transposed {
        /// The layer.
        layer: LayerAt,
        /// Cotangents of its outputs.
        from: Place,
        /// Cotangents of its inputs.
        to: Place,
        /// Channels.
        channels: usize,
        /// Whether to add.
        add: bool,
    },
    /// Rows of a Jacobian: ∂r/∂p for each parameter p of a layer, in the order of θ.
    LayerRows {
        /// The layer.
        layer: LayerAt,
        /// The jets that entered it.
        inputs: Place,
        /// Cotangents of its outputs.
        cotangents: Place,
        /// The same times exp(s) for a factorised layer, else the same.
        scaled: Place,
        /// Channels.
        channels: usize,
        /// The row of the first parameter.
        to: Place,
    },
    /// The same summed over points, added to an output from the start of the layer on.
    LayerSums {
        /// The layer.
        layer: LayerAt,
        /// The jets that entered it.
        inputs: Place,
        /// Cotangents of its outputs.
        cotangents: Place,
        /// The same times exp(s) for a factorised layer, else the same.
        scaled: Place,
        /// Channels.
        channels: usize,
        /// The output.
        output: usize,
    },
    /// What [`Stage::LayerRows`] has, times weights, and its squares, both summed over points and added to an output: the former to its
    /// first half from the start of the layer on, the latter to its second. The layer has no scales.
    LayerMoments {
        /// The layer.
        layer: LayerAt,
        /// The jets that entered it.
        inputs: Place,
        /// Cotangents of its outputs.
        cotangents: Place,
        /// A row of weights.
        weight: Place,
        /// Channels.
        channels: usize,
        /// The output.
        output: usize,
    },
    /// The same of rows, from number `first` of each half on.
    RowMoments {
        /// The first row.
        from: Place,
        /// How many.
        rows: usize,
        /// A row of weights.
        weight: Place,
        /// The output.
        output: usize,
        /// Its first number.
        first: usize,
    },
    /// `to += weight · factor · from`; without `weight` it is 1.
    Seed {
        /// What is added to.
        to: Place,
        /// A row of weights.
        weight: Option<Place>,
        /// A row.
        from: Place,
        /// A number.
        factor: f64,
    },
    /// `to += weight · from`, one row of weights for all rows.
    AddWeighted {
        /// What is added to.
        to: Place,
        /// A row of weights.
        weight: Place,
        /// Rows.
        from: Place,
        /// How many.
        rows: usize,
    },
    /// `output += factor · Σ weight · a · b` over points; without `b` it is 1.
    Dot {
        /// An output that is one number.
        output: usize,
        /// A row of weights.
        weight: Place,
        /// A row.
        a: Place,
        /// A row.
        b: Option<Place>,
        /// A number.
        factor: f64,
    },
    /// `output[i·columns + j] += Σ a[i] b[j]` over points.
    Outer {
        /// The output.
        output: usize,
        /// Rows.
        a: Place,
        /// How many.
        rows: usize,
        /// Rows.
        b: Place,
        /// How many.
        columns: usize,
    },
}

impl Stage {
    /// The output that it writes, if it writes one.
    pub fn output(&self) -> Option<usize> {
        match *self {
            Self::Store { output, .. }
            | Self::LayerSums { output, .. }
            | Self::LayerMoments { output, .. }
            | Self::RowMoments { output, .. }
            | Self::Dot { output, .. }
            | Self::Outer { output, .. } => Some(output),
            _ => None,
        }
    }
}

/// A stage of a routine.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// What is done.
    pub stage: Stage,
    /// It is left out unless one of these outputs is wanted; always done if there are none. What writes an output is for it
    /// alone.
    pub only_for: Vec<usize>,
}

impl Stage {
    /// Calls `f` with every place.
    pub fn for_each_place(&mut self, mut f: impl FnMut(&mut Place)) {
        match self {
            Self::Load { to, .. } => f(to),
            Self::Store { from, .. } => f(from),
            Self::Zero { at, .. } => f(at),
            Self::Add { from, to, .. } | Self::Scale { from, to, .. } | Self::Transposed { from, to, .. } => {
                [from, to].into_iter().for_each(f);
            }
            Self::Run { inputs, outputs, .. } => {
                for source in inputs {
                    if let Source::Lane(lane) = source {
                        f(&mut lane.place);
                    }
                }
                outputs.iter_mut().for_each(|lane| f(&mut lane.place));
            }
            Self::Affine { input, output, .. } | Self::AffineAlong { input, output, .. } => {
                [input, output].into_iter().for_each(f);
            }
            Self::AddBias { to, .. } => f(to),
            Self::LayerRows { inputs, cotangents, scaled, to, .. } => {
                [inputs, cotangents, scaled, to].into_iter().for_each(f);
            }
            Self::LayerSums { inputs, cotangents, scaled, .. } => [inputs, cotangents, scaled].into_iter().for_each(f),
            Self::LayerMoments { inputs, cotangents, weight, .. } => {
                [inputs, cotangents, weight].into_iter().for_each(f)
            }
            Self::RowMoments { from, weight, .. } => [from, weight].into_iter().for_each(f),
            Self::Seed { to, weight, from, .. } => [to, from].into_iter().chain(weight).for_each(f),
            Self::AddWeighted { to, weight, from, .. } => [to, weight, from].into_iter().for_each(f),
            Self::Dot { weight, a, b, .. } => [weight, a].into_iter().chain(b).for_each(f),
            Self::Outer { a, b, .. } => [a, b].into_iter().for_each(f),
        }
    }
}
