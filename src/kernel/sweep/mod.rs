//! Sweeps of one network over one tile of points.
//!
//! A network is a list of operations on jets ([`Layout::ops`]); a sweep runs them one after the other, [forward](forward),
//! in [reverse](reverse), or forward with [one more axis](direction), the direction of parameters. Affine layers are
//! matrix products; all other functions are compiled programs over the rows of their arguments.

mod direction;
mod forward;
mod inputs;
mod reverse;
mod turned;

use std::collections::BTreeMap;
use std::sync::Arc;

use smallvec::SmallVec;

use super::channels::TurnedPlan;
use super::system::PointProgramOf;
use super::tile::TILE;
use crate::network::{Activation, JetPlan, Layout, Op, Operand, Pointwise, Schedule};
use crate::tape::{Lane, PointProgram};

pub use direction::EXTENSION;
pub(super) use forward::Keep;
pub(super) use inputs::Inputs;
use inputs::PackedJets;
pub(super) use reverse::LayerSweep;
use turned::{Directions, Turned};

/// What a program reads where an argument has no jet along a direction.
static ZEROS: [f64; TILE] = [0.0; TILE];

/// The programs of a function on a plan.
pub(super) struct PointwiseSet {
    pub value: Arc<dyn PointProgram>,
    /// Values, and what the reverse sweep wants to have; that of `value` where there is nothing to save.
    pub linear: Arc<dyn PointProgram>,
    pub reverse: Arc<dyn PointProgram>,
    pub second: Arc<dyn PointProgram>,
}

/// The programs of every function and plan.
pub(super) type PointwiseSets = BTreeMap<(Pointwise, JetPlan), Arc<PointwiseSet>>;

/// A network as one block uses it.
#[derive(Clone)]
pub(super) struct NetworkUse {
    pub layout: Layout,
    pub plan: JetPlan,
    pub features: PointProgramOf,
    /// How the jets of the features stand in tiles.
    pub inputs: Inputs,
    /// The programs of each operation that is not a layer.
    functions: Vec<Option<Arc<PointwiseSet>>>,
    /// What is carried at fixed θ, if that is less.
    turned: Option<Turned>,
    /// The sines of the encoding.
    encoding: Option<Arc<PointwiseSet>>,
}

/// Row k, channel c, point b of a buffer stands at `(k·C + c)·stride + b`.
#[derive(Debug, Default)]
pub(super) struct NetworkBuffers {
    /// The jets of the outputs of the network.
    pub outputs: Vec<f64>,
    /// Cotangents, as the [`Schedule`] places them; number 0 are those of the outputs.
    pub cotangents: Vec<Vec<f64>>,
    /// The results of operations, as the schedule places them.
    values: Vec<Vec<f64>>,
    /// What each operation saved for the reverse sweep.
    saved: Vec<Vec<f64>>,
    /// The encoded features.
    encoded: Vec<f64>,
    /// Directions of a Laplacian.
    directions: Directions,
    /// What an operation computes before it is added or dropped.
    spare: [Vec<f64>; 3],
}

impl NetworkBuffers {
    fn fit(&mut self, schedule: &Schedule) {
        let grow = |buffers: &mut Vec<Vec<f64>>, count: usize| {
            if buffers.len() < count {
                buffers.resize_with(count, Vec::new);
            }
        };
        grow(&mut self.values, schedule.value_buffers);
        grow(&mut self.saved, schedule.values.len());
        grow(&mut self.cotangents, schedule.cotangent_buffers);
    }

    /// The buffer for the seeds of a reverse sweep: the cotangents of the outputs.
    pub fn seeds(&mut self, length: usize) -> &mut [f64] {
        if self.cotangents.is_empty() {
            self.cotangents.push(Vec::new());
        }
        sized(&mut self.cotangents[0], length)
    }
}

/// Makes a buffer at least this long and gives that much of it.
pub(super) fn sized(buffer: &mut Vec<f64>, length: usize) -> &mut [f64] {
    if buffer.len() < length {
        buffer.resize(length, 0.0);
    }
    &mut buffer[..length]
}

impl NetworkUse {
    pub fn new(
        layout: &Layout,
        plan: &JetPlan,
        features: PointProgramOf,
        inputs: Inputs,
        turned: Option<&TurnedPlan>,
        programs: &PointwiseSets,
    ) -> Self {
        let set = |function: Pointwise, plan: &JetPlan| programs[&(function, plan.clone())].clone();
        let functions_on = |plan: &JetPlan| {
            let of = |op: &Op| match op {
                Op::Affine { .. } => None,
                Op::Pointwise { function, .. } => Some(set(*function, plan)),
            };
            layout.ops().iter().map(of).collect()
        };
        let functions = functions_on(plan);
        let turned = turned.and_then(|turned| Turned::new(turned, functions_on(&turned.plan), &inputs));
        let encoding = layout.encoding().map(|_| set(Pointwise::Activation(Activation::Sin), plan));
        Self { layout: layout.clone(), plan: plan.clone(), features, inputs, functions, turned, encoding }
    }

    /// How many channels sweeps at fixed θ carry.
    pub fn carried(&self) -> usize {
        self.turned.as_ref().map_or(self.plan.len(), |turned| turned.plan.len())
    }

    /// What the layers that act on results of others cost in a forward sweep over so many points.
    fn multiply_adds(&self, points: usize) -> f64 {
        let hidden = |op: &Op| match op {
            Op::Affine { layer, input: Operand::Value(_) } => Some(&self.layout.layers[*layer]),
            _ => None,
        };
        let weights: usize = self.layout.ops().iter().filter_map(hidden).map(|l| l.inputs * l.outputs).sum();
        (weights * self.carried() * points) as f64
    }

    /// Numbers a point that forward and reverse sweeps leave in the buffers: values, what is saved, and cotangents.
    pub fn numbers_of_sweep(&self) -> usize {
        let (layout, schedule) = (&self.layout, self.layout.schedule());
        let saves = |op: &Op| matches!(op, Op::Pointwise { function, .. } if function.saves_slopes());
        let saved: usize =
            (0..layout.ops().len()).filter(|&op| saves(&layout.ops()[op])).map(|op| layout.rows(op)).sum();
        let cotangents = self.rows_of_buffers(&schedule.cotangents, schedule.cotangent_buffers);
        // Functions write into spare buffers, which then change places with those of cotangents.
        let spare = (0..layout.ops().len()).map(|op| layout.rows(op)).max().unwrap_or(0);
        self.carried() * (self.rows_of_values() + saved + cotangents + spare) + self.numbers_of_encoding()
    }

    /// The same where there are sweeps along a direction, too, which make the values longer.
    pub fn numbers_along(&self) -> usize {
        let longer = (EXTENSION * self.plan.len()).saturating_sub(self.carried());
        self.numbers_of_sweep() + longer * self.rows_of_values()
    }

    fn numbers_of_encoding(&self) -> usize {
        self.layout.encoding().map_or(0, |fourier| 2 * fourier.layer.outputs * self.plan.len())
    }

    /// The rows of all buffers of values, and of the outputs.
    fn rows_of_values(&self) -> usize {
        let (layout, schedule) = (&self.layout, self.layout.schedule());
        let last = layout.ops().len().saturating_sub(1);
        layout.rows(last) + self.rows_of_buffers(&schedule.values[..last], schedule.value_buffers)
    }

    /// The rows of some buffers, each as long as the longest of what stands in it; `buffers` says where each operation has its.
    fn rows_of_buffers(&self, buffers: &[usize], count: usize) -> usize {
        let mut rows = vec![0; count];
        buffers.iter().enumerate().for_each(|(op, &buffer)| rows[buffer] = self.layout.rows(op).max(rows[buffer]));
        rows.iter().sum()
    }

    /// Where they have a channel of the plan.
    pub fn place(&self, channel: usize) -> usize {
        let place = |turned: &Turned| turned.places[channel].expect("formulas read no slope of an axis that is turned");
        self.turned.as_ref().map_or(channel, place)
    }

    /// The programs of operation `op` in such a sweep.
    fn programs(&self, op: usize) -> &PointwiseSet {
        let functions = self.turned.as_ref().map_or(&self.functions, |turned| &turned.functions);
        functions[op].as_ref().expect("a function has programs")
    }

    /// The packed jets of the features, if it is they that a layer acts on.
    fn packed<'a>(&'a self, features: &'a [f64], input: Operand, stride: usize) -> Option<PackedJets<'a>> {
        match (&self.inputs, input, self.layout.encoding()) {
            (Inputs::Packed(runs), Operand::Features { .. }, None) => {
                Some(PackedJets { runs, jets: features, channels: self.plan.len(), stride })
            }
            _ => None,
        }
    }

    /// The jets of an operand; `jet` is the length of one, in numbers.
    fn jets<'a>(&self, buffers: &'a NetworkBuffers, features: &'a [f64], operand: Operand, jet: usize) -> &'a [f64] {
        match operand {
            Operand::Features { first, count } => &features[first * jet..(first + count) * jet],
            Operand::Value(value) => {
                &buffers.values[self.layout.schedule().values[value]][..self.layout.rows(value) * jet]
            }
        }
    }
}

/// Jets that a program reads: rows of some channels, of which a single row serves all.
#[derive(Clone, Copy)]
struct Argument<'a> {
    jets: &'a [f64],
    rows: usize,
    channels: usize,
}

/// So many lanes are on the stack: two arguments of sixteen channels.
pub(super) type Lanes = SmallVec<[Lane; 32]>;

/// Runs a program on every row of its arguments; each of `outputs` takes `channels` lanes a row. What an argument lacks of
/// `channels` is zero.
fn run_rows(
    program: &dyn PointProgram,
    [rows, stride, channels]: [usize; 3],
    arguments: &[Argument<'_>],
    outputs: &mut [&mut [f64]],
    scratch: &mut Vec<f64>,
) {
    let mut buffers: SmallVec<[&[f64]; 4]> = arguments.iter().map(|argument| argument.jets).collect();
    buffers.push(&ZEROS);
    let zero = Lane { buffer: arguments.len(), offset: 0, row_stride: 0 };
    let mut inputs: Lanes = SmallVec::with_capacity(arguments.len() * channels);
    for (buffer, argument) in arguments.iter().enumerate() {
        let row_stride = if argument.rows == rows { argument.channels * stride } else { 0 };
        let lane = |c: usize| Lane { buffer, offset: c * stride, row_stride };
        inputs.extend((0..channels).map(|c| if c < argument.channels { lane(c) } else { zero }));
    }
    let lane = |buffer: usize| move |c: usize| Lane { buffer, offset: c * stride, row_stride: channels * stride };
    let out_lanes: Lanes = (0..outputs.len()).flat_map(|o| (0..channels).map(lane(o))).collect();
    let scratch = sized(scratch, program.scratch_len());
    program.run(rows, stride, &buffers, &inputs, outputs, &out_lanes, scratch);
}
