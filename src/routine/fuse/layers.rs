//! Layers of few inputs or outputs as parts of tapes.

use rustc_hash::FxHashMap;

use super::NARROW;
use super::program::{Program, RunAt};
use crate::kernel::EXTENSION;
use crate::routine::flow::{Flow, Known};
use crate::routine::{Lane, LayerAt, Parameters, Place, Routine, Source, Stage, Step};
use crate::tape::Value;

/// A product of a layer with rows that are the same for all runs.
struct Narrow {
    layer: LayerAt,
    /// Where the rows are, `width` times [`Narrow::of_input`] of them.
    from: Place,
    width: usize,
    /// Its outputs, `runs · channels` rows.
    to: Place,
    runs: usize,
    channels: usize,
    kind: Kind,
}

/// What is made of the rows.
#[derive(Clone, Copy)]
enum Kind {
    Layer,
    Transposed,
    /// The channels are orders along a direction, each with so many channels; of the rows only the lowest order stands there
    /// where they are not carried.
    Along {
        direction: Parameters,
        carried: bool,
        each: usize,
    },
}

impl Narrow {
    fn of(stage: &Stage) -> Option<Self> {
        let found = match *stage {
            Stage::Affine { layer, input, output, channels } => {
                let (width, runs) = (layer.layer.inputs, layer.layer.outputs);
                Self { layer, from: input, width, to: output, runs, channels, kind: Kind::Layer }
            }
            Stage::AffineAlong { layer, direction, input, carried, output, channels } => {
                let (width, runs) = (layer.layer.inputs, layer.layer.outputs);
                let kind = Kind::Along { direction, carried, each: channels };
                Self { layer, from: input, width, to: output, runs, channels: EXTENSION * channels, kind }
            }
            Stage::Transposed { layer, from, to, channels, add: false } => {
                let (width, runs) = (layer.layer.outputs, layer.layer.inputs);
                Self { layer, from, width, to, runs, channels, kind: Kind::Transposed }
            }
            _ => return None,
        };
        (found.width <= NARROW && !found.layer.layer.factorised).then_some(found)
    }

    /// The channel of its outputs that a source is, if runs read it row by row.
    fn channel(&self, source: &Source, rows: usize) -> Option<usize> {
        let lane = source.lane().filter(|lane| lane.place.buffer == self.to.buffer && lane.step == self.channels)?;
        let channel = lane.place.row.checked_sub(self.to.row).filter(|c| *c < self.channels)?;
        (rows == self.runs).then_some(channel)
    }

    fn meets(&self, source: &Source) -> bool {
        let end = self.to.row + self.runs * self.channels;
        source.lane().is_some_and(|lane| {
            lane.place.buffer == self.to.buffer && lane.place.row >= self.to.row && lane.place.row < end
        })
    }

    /// How many rows each of its inputs has.
    fn of_input(&self) -> usize {
        match self.kind {
            Kind::Along { carried: false, each, .. } => each,
            _ => self.channels,
        }
    }

    fn value(&self, program: &mut Program, flow: &Flow<'_>, step: usize, channel: usize) -> Value {
        let at = self.layer.parameters;
        match self.kind {
            Kind::Transposed => self.product(program, (flow, step), at, channel),
            Kind::Layer => self.with_bias(program, (flow, step), at, channel, channel == 0),
            Kind::Along { direction, carried, each } => {
                let (order, channel) = (channel / each, channel % each);
                let here = |order: usize| order * each + channel;
                let along = |program: &mut Program, order: usize| {
                    let biased = order == 1 && channel == 0;
                    self.with_bias(program, (flow, step), direction, here(order - 1), biased)
                };
                match order {
                    0 => self.with_bias(program, (flow, step), at, channel, channel == 0),
                    1 if !carried => along(program, 1),
                    _ if !carried => program.composer.constant(0.0),
                    order => {
                        let (own, along) =
                            (self.product(program, (flow, step), at, here(order)), along(program, order));
                        let times = program.composer.constant(order as f64);
                        program.composer.multiply_add(along, times, own)
                    }
                }
            }
        }
    }

    fn with_bias(
        &self,
        program: &mut Program,
        at: (&Flow<'_>, usize),
        array: Parameters,
        row: usize,
        biased: bool,
    ) -> Value {
        let sum = self.product(program, at, array, row);
        if !biased {
            return sum;
        }
        let bias = program.numbers(array, self.layer.layer.biases().start, 1);
        program.composer.add(sum, bias)
    }

    /// The sum over inputs of weights of an array and one row of each.
    fn product(&self, program: &mut Program, (flow, step): (&Flow<'_>, usize), array: Parameters, row: usize) -> Value {
        let (layer, rows) = (self.layer.layer, self.of_input());
        let mut products = Vec::with_capacity(self.width);
        for k in 0..self.width {
            let known = flow.known(self.from.plus(k * rows + row), step);
            let start = layer.weights().start;
            let weight = match self.kind {
                Kind::Transposed => program.numbers(array, start + k * layer.inputs, 1),
                _ => program.numbers(array, start + k, layer.inputs),
            };
            products.push((weight, program.known(known)));
        }
        program.sum(products)
    }
}

/// A narrow layer, or its transpose, that only runs read.
pub(super) fn into_readers(routine: &Routine, flow: &Flow<'_>) -> Option<Routine> {
    (0..routine.steps.len()).find_map(|step| into_readers_of(routine, flow, step))
}

fn into_readers_of(routine: &Routine, flow: &Flow<'_>, step: usize) -> Option<Routine> {
    let narrow = Narrow::of(&routine.steps[step].stage)?;
    let rows = narrow.runs * narrow.channels;
    let mut readers: Vec<usize> = (0..rows).flat_map(|row| flow.readers(narrow.to.plus(row), step)).collect();
    readers.sort_unstable();
    readers.dedup();
    let last = *readers.last()?;
    let inputs = (0..narrow.width * narrow.of_input()).map(|row| flow.known(narrow.from.plus(row), step));
    let is_kept = |known: Known| match known {
        Known::Number(_) => true,
        Known::Row(row) => flow.is_kept(row, step, last),
    };
    if !inputs.into_iter().all(is_kept) {
        return None;
    }
    let runs: Option<Vec<RunAt<'_>>> = readers.iter().map(|&reader| RunAt::of(routine, reader)).collect();
    let runs = runs?;
    let row_by_row = |run: &RunAt<'_>| {
        run.inputs.iter().all(|source| !narrow.meets(source) || narrow.channel(source, run.rows).is_some())
            && flow.written_by((narrow.to, rows), run.step) == Some(step)
            && !run.outputs.iter().any(|lane| lane.place.buffer == narrow.from.buffer)
    };
    if !runs.iter().all(row_by_row) {
        return None;
    }
    let mut next = routine.clone();
    for run in runs {
        let mut program = Program::new(run.tape.contraction());
        let mut replaced = FxHashMap::default();
        for (i, source) in run.inputs.iter().enumerate() {
            if let Some(channel) = narrow.channel(source, run.rows) {
                replaced.insert(i, narrow.value(&mut program, flow, step, channel));
            }
        }
        program.add_run(run, &replaced);
        let rows = run.rows;
        next.steps[run.step].stage = program.finish(&mut next, rows);
    }
    next.steps.remove(step);
    Some(next)
}

/// Rows of a Jacobian of a layer of few inputs, made where its cotangents are.
pub(super) fn rows_into_writer(routine: &Routine, flow: &Flow<'_>) -> Option<Routine> {
    (0..routine.steps.len()).find_map(|step| rows_into_writer_of(routine, flow, step))
}

fn rows_into_writer_of(routine: &Routine, flow: &Flow<'_>, step: usize) -> Option<Routine> {
    let Stage::LayerRows { layer, inputs, cotangents, channels, to, .. } = routine.steps[step].stage else {
        return None;
    };
    let own = layer.layer;
    if own.factorised || own.inputs > NARROW {
        return None;
    }
    let writer = flow.written_by((cotangents, own.outputs * channels), step)?;
    let run = RunAt::of(routine, writer).filter(|run| run.rows == own.outputs)?;
    let places: Option<Vec<usize>> = (0..channels).map(|c| run.channel(cotangents, c, channels)).collect();
    let places = places?;
    let known: Vec<Known> = (0..own.inputs * channels).map(|row| flow.known(inputs.plus(row), step)).collect();
    let is_older = |known: &Known| match known {
        Known::Number(_) => true,
        Known::Row(row) => flow.last_write(*row, step).is_some_and(|write| write < writer),
    };
    let untouched = (0..own.all().len()).all(|row| flow.is_untouched(to.plus(row), writer, step));
    let together = routine.steps[writer].only_for == routine.steps[step].only_for;
    if !known.iter().all(is_older) || !untouched || !together {
        return None;
    }
    let mut program = Program::new(run.tape.contraction());
    program.add_run(run, &FxHashMap::default());
    let cotangents: Vec<Value> = places.iter().map(|&place| program.outputs[place].1).collect();
    let row_of = |parameter: usize| to.plus(parameter - own.start);
    for k in 0..own.inputs {
        let mut products = Vec::with_capacity(channels);
        for (c, cotangent) in cotangents.iter().enumerate() {
            products.push((*cotangent, program.known(known[k * channels + c])));
        }
        let sum = program.sum(products);
        let lane = Lane { place: row_of(own.weights().start + k), step: own.inputs };
        program.outputs.push((lane, sum));
    }
    program.outputs.push((Lane { place: row_of(own.biases().start), step: 1 }, cotangents[0]));
    let rows = run.rows;
    let mut next = routine.clone();
    next.steps[writer].stage = program.finish(&mut next, rows);
    next.steps.remove(step);
    Some(next)
}

/// Rows of a Jacobian of a layer of few outputs, as runs over its inputs.
pub(super) fn rows_as_run(routine: &Routine, flow: &Flow<'_>) -> Option<Routine> {
    (0..routine.steps.len()).find_map(|step| rows_as_run_of(routine, flow, step))
}

fn rows_as_run_of(routine: &Routine, flow: &Flow<'_>, step: usize) -> Option<Routine> {
    let Stage::LayerRows { layer, inputs, cotangents, channels, to, .. } = routine.steps[step].stage else {
        return None;
    };
    let own = layer.layer;
    let contraction = routine.tapes.first()?.contraction();
    if own.factorised || own.outputs > NARROW {
        return None;
    }
    let row_of = |parameter: usize| to.plus(parameter - own.start);
    let known: Vec<Known> = (0..own.outputs * channels).map(|row| flow.known(cotangents.plus(row), step)).collect();
    let mut weights = Program::new(contraction);
    for o in 0..own.outputs {
        let mut products = Vec::with_capacity(channels);
        for c in 0..channels {
            let input = weights.source(Source::Lane(Lane { place: inputs.plus(c), step: channels }));
            products.push((weights.known(known[o * channels + c]), input));
        }
        let sum = weights.sum(products);
        let lane = Lane { place: row_of(own.weights().start + o * own.inputs), step: 1 };
        weights.outputs.push((lane, sum));
    }
    let mut biases = Program::new(contraction);
    for o in 0..own.outputs {
        let value = biases.known(known[o * channels]);
        biases.outputs.push((Lane { place: row_of(own.biases().start + o), step: 0 }, value));
    }
    let mut next = routine.clone();
    let only_for = routine.steps[step].only_for.clone();
    next.steps[step].stage = weights.finish(&mut next, own.inputs);
    let biases = biases.finish(&mut next, 1);
    next.steps.insert(step + 1, Step { stage: biases, only_for });
    Some(next)
}

/// A layer of few outputs as a sum over the runs that make its inputs.
pub(super) fn sum_over_runs(routine: &Routine, flow: &Flow<'_>) -> Option<Routine> {
    (0..routine.steps.len()).find_map(|step| sum_over_runs_of(routine, flow, step))
}

fn sum_over_runs_of(routine: &Routine, flow: &Flow<'_>, step: usize) -> Option<Routine> {
    let (layer, input, output, channels, along) = match routine.steps[step].stage {
        Stage::Affine { layer, input, output, channels } => (layer, input, output, channels, None),
        Stage::AffineAlong { layer, direction, input, carried: true, output, channels } => {
            (layer, input, output, EXTENSION * channels, Some((direction, channels)))
        }
        _ => return None,
    };
    let own = layer.layer;
    if own.factorised || own.outputs > NARROW {
        return None;
    }
    let writer = flow.written_by((input, own.inputs * channels), step)?;
    let run = RunAt::of(routine, writer).filter(|run| run.rows == own.inputs)?;
    let places: Option<Vec<usize>> = (0..channels).map(|c| run.channel(input, c, channels)).collect();
    let places = places?;
    let rows = own.outputs * channels;
    if !(0..rows).all(|row| flow.is_untouched(output.plus(row), writer, step)) {
        return None;
    }
    let mut program = Program::new(run.tape.contraction());
    program.add_run(run, &FxHashMap::default());
    let values: Vec<Value> = places.iter().map(|&place| program.outputs[place].1).collect();
    for o in 0..own.outputs {
        let first = own.weights().start + o * own.inputs;
        for (c, value) in values.iter().enumerate() {
            let lane = Lane { place: output.plus(o * channels + c), step: 0 };
            if flow.readers(lane.place, step).next().is_none() {
                continue;
            }
            let before = program.source(Source::Lane(lane));
            let weight = program.numbers(layer.parameters, first, 1);
            let sum = match along.filter(|(_, each)| c >= *each) {
                None => program.composer.multiply_add(weight, *value, before),
                Some((direction, each)) => {
                    let other = program.numbers(direction, first, 1);
                    let times = program.composer.constant((c / each) as f64);
                    let other = program.composer.mul(other, times);
                    let other = program.composer.mul(other, values[c - each]);
                    // The line that gives the new sum is alone in reading the old one.
                    let both = program.composer.multiply_add(weight, *value, other);
                    program.composer.add(both, before)
                }
            };
            program.outputs.push((lane, sum));
        }
    }
    let mut next = routine.clone();
    next.steps[step].stage = Stage::AddBias { layer, to: output, channels };
    if let Some((direction, each)) = along {
        let layer = LayerAt { parameters: direction, ..layer };
        let stage = Stage::AddBias { layer, to: output.plus(each), channels };
        next.steps.insert(step + 1, Step { stage, only_for: routine.steps[step].only_for.clone() });
    }
    let rows_of_run = run.rows;
    next.steps[writer].stage = program.finish(&mut next, rows_of_run);
    let only_for = routine.steps[writer].only_for.clone();
    next.steps.insert(writer, Step { stage: Stage::Zero { at: output, rows }, only_for });
    Some(next)
}
