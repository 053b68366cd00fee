//! The run of a tape, taken apart.

use rustc_hash::FxHashMap;

use crate::routine::flow::Known;
use crate::routine::{Lane, Parameters, Place, Routine, Source, Stage};
use crate::tape::{Composer, Contraction, Tape, Value};

/// A tape in the making and what it reads and writes.
pub(super) struct Program {
    pub composer: Composer,
    sources: Vec<Source>,
    values: FxHashMap<Source, Value>,
    pub outputs: Vec<(Lane, Value)>,
}

/// A stage that runs a tape.
#[derive(Clone, Copy)]
pub(super) struct RunAt<'a> {
    pub step: usize,
    pub tape: &'a Tape,
    pub rows: usize,
    pub inputs: &'a [Source],
    pub outputs: &'a [Lane],
}

impl<'a> RunAt<'a> {
    /// The stage of a step, if it is a run.
    pub fn of(routine: &'a Routine, step: usize) -> Option<Self> {
        match &routine.steps[step].stage {
            Stage::Run { tape, rows, inputs, outputs } => {
                Some(Self { step, tape: &routine.tapes[*tape], rows: *rows, inputs, outputs })
            }
            _ => None,
        }
    }

    /// The output of channel `c` of `channels`, whose rows begin at `place`.
    pub fn channel(&self, place: Place, c: usize, channels: usize) -> Option<usize> {
        let lane = Lane { place: place.plus(c), step: channels };
        self.outputs.iter().position(|output| *output == lane)
    }

    /// Whether a row is one that all runs add to.
    pub fn is_sum(&self, source: &Source) -> bool {
        source.lane().is_some_and(|lane| lane.step == 0 && self.outputs.contains(lane))
    }
}

impl Program {
    pub fn new(contraction: Contraction) -> Self {
        Self {
            composer: Composer::new(contraction),
            sources: Vec::new(),
            values: FxHashMap::default(),
            outputs: Vec::new(),
        }
    }

    /// The value of a source: one input for all its uses.
    pub fn source(&mut self, source: Source) -> Value {
        if let Some(value) = self.values.get(&source) {
            return *value;
        }
        let value = self.composer.input();
        self.sources.push(source);
        self.values.insert(source, value);
        value
    }

    /// A row that is the same for all runs, or the number that it is known to be.
    pub fn known(&mut self, known: Known) -> Value {
        match known {
            Known::Number(number) => self.composer.constant(number),
            Known::Row(place) => self.source(Source::Lane(Lane { place, step: 0 })),
        }
    }

    /// Numbers of an array of parameters.
    pub fn numbers(&mut self, array: Parameters, first: usize, step: usize) -> Value {
        self.source(Source::Numbers { array, first, step })
    }

    /// `Σ a·b` in order, from 0 on.
    pub fn sum(&mut self, products: impl IntoIterator<Item = (Value, Value)>) -> Value {
        let zero = self.composer.constant(0.0);
        products.into_iter().fold(zero, |sum, (a, b)| self.composer.multiply_add(a, b, sum))
    }

    /// A run as it is, but for the inputs that `replaced` gives values for.
    pub fn add_run(&mut self, run: RunAt<'_>, replaced: &FxHashMap<usize, Value>) {
        let inputs: Vec<Value> = (0..run.inputs.len())
            .map(|i| replaced.get(&i).copied().unwrap_or_else(|| self.source(run.inputs[i])))
            .collect();
        let values = self.composer.splice(run.tape, &inputs, &FxHashMap::default());
        let outputs = run.outputs.iter().zip(run.tape.outputs());
        self.outputs.extend(outputs.map(|(lane, value)| (*lane, values[value.index()])));
    }

    /// The stage, and its tape among those of the routine.
    pub fn finish(self, routine: &mut Routine, rows: usize) -> Stage {
        let (lanes, values) = self.outputs.into_iter().unzip();
        let (tape, used) = self.composer.finish(values);
        routine.tapes.push(tape);
        let inputs = used.into_iter().map(|input| self.sources[input]).collect();
        Stage::Run { tape: routine.tapes.len() - 1, rows, inputs, outputs: lanes }
    }
}
