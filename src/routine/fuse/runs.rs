//! Tapes of the same rows.

use rustc_hash::FxHashMap;

use super::program::{Program, RunAt};
use crate::routine::flow::Flow;
use crate::routine::{Lane, Place, Routine, Source};
use crate::tape::{Op, Tape, Value};

/// Operations of a tape that cost as much as it costs to write and read a row.
const OPERATIONS_A_ROW: usize = 2;

/// A run that computes again what another one saved for it.
pub(super) fn computed_again(routine: &Routine, flow: &Flow<'_>) -> Option<Routine> {
    let run = |step| RunAt::of(routine, step);
    (0..routine.steps.len()).filter_map(run).find_map(|reader| {
        let mut writers: Vec<usize> = reader
            .inputs
            .iter()
            .filter_map(|source| source.lane().filter(|lane| lane.step > 0))
            .filter_map(|lane| flow.last_write(lane.place, reader.step))
            .collect();
        writers.sort_unstable();
        writers.dedup();
        writers.into_iter().filter_map(run).find_map(|writer| computed_again_of(routine, flow, writer, reader))
    })
}

/// The inputs of `reader` that are outputs of `writer`, run by run: input, output.
fn passed(flow: &Flow<'_>, writer: RunAt<'_>, reader: RunAt<'_>) -> Vec<(usize, usize)> {
    let is_of_writer = |lane: &Lane| {
        lane.step > 0
            && (0..reader.rows)
                .all(|row| flow.last_write(lane.place.plus(row * lane.step), reader.step) == Some(writer.step))
    };
    let pair = |(i, source): (usize, &Source)| {
        let lane = source.lane().filter(|lane| is_of_writer(lane))?;
        Some((i, writer.outputs.iter().position(|output| output == lane)?))
    };
    reader.inputs.iter().enumerate().filter_map(pair).collect()
}

fn computed_again_of(routine: &Routine, flow: &Flow<'_>, writer: RunAt<'_>, reader: RunAt<'_>) -> Option<Routine> {
    let pairs = passed(flow, writer, reader);
    let lines = needed(writer.tape, pairs.iter().map(|(_, output)| writer.tape.outputs()[*output]));
    let is_kept = |source: &Source| match source {
        Source::Numbers { .. } => true,
        Source::Lane(lane) => (0..if lane.step == 0 { 1 } else { writer.rows })
            .all(|run| flow.is_kept(lane.place.plus(run * lane.step), writer.step, reader.step)),
    };
    let inputs = lines.iter().filter_map(|line| match writer.tape.ops()[*line] {
        Op::Input(i) => Some(&writer.inputs[i as usize]),
        _ => None,
    });
    let same_rows = writer.rows == reader.rows && flow.covers(writer.step, reader.step);
    if pairs.is_empty() || !same_rows || !inputs.clone().all(|source| !writer.is_sum(source) && is_kept(source)) {
        return None;
    }
    let calls: Vec<usize> = lines.iter().copied().filter(|line| writer.tape.ops()[*line].is_call()).collect();
    // The results of calls are saved, row by row in a buffer of each, unless the reader has them from before.
    let mut next = routine.clone();
    let mut source = Program::new(writer.tape.contraction());
    source.add_run(writer, &FxHashMap::default());
    let mut target = Program::new(reader.tape.contraction());
    let mut saved = FxHashMap::default();
    let values = spliced(&mut source, writer, &FxHashMap::default());
    for &line in &calls {
        let value = values[line];
        let there = source.outputs.iter().find(|(lane, v)| {
            *v == value
                && lane.step > 0
                && !pairs.iter().any(|(_, output)| writer.outputs[*output] == *lane)
                && is_compact(lane)
                && (0..writer.rows).all(|run| flow.is_kept(lane.place.plus(run * lane.step), writer.step, reader.step))
        });
        let lane = there.map_or_else(
            || {
                next.buffers.push(writer.rows);
                Lane { place: Place { buffer: next.buffers.len() - 1, row: 0 }, step: 1 }
            },
            |(lane, _)| *lane,
        );
        if !source.outputs.iter().any(|(known, _)| *known == lane) {
            source.outputs.push((lane, value));
        }
        saved.insert(line, target.source(Source::Lane(lane)));
    }
    let again = spliced(&mut target, writer, &saved);
    let output = |output: usize| again[writer.tape.outputs()[output].index()];
    let replaced = pairs.iter().map(|(input, o)| (*input, output(*o))).collect();
    target.add_run(reader, &replaced);
    let written = source.outputs.len() - writer.outputs.len();
    next.steps[writer.step].stage = source.finish(&mut next, writer.rows);
    next.steps[reader.step].stage = target.finish(&mut next, reader.rows);
    let after = RunAt::of(&next, reader.step)?;
    let only_reader = |(_, output): &&(usize, usize)| {
        let Lane { place, step } = writer.outputs[*output];
        (0..writer.rows).all(|run| flow.readers(place.plus(run * step), writer.step).all(|r| r == reader.step))
    };
    let dropped = pairs.iter().filter(only_reader).count();
    let rows_before = moving(reader) + dropped;
    let rows_after = moving(after) + written;
    let gained = rows_before.checked_sub(rows_after).filter(|gained| *gained > 0)?;
    let added = operations(after).saturating_sub(operations(reader));
    (added <= OPERATIONS_A_ROW * gained).then_some(next)
}

/// Whether the rows of a lane follow one another: others meet in few sets of a cache.
fn is_compact(lane: &Lane) -> bool {
    lane.step == 1
}

/// Rows that differ from run to run.
fn moving(run: RunAt<'_>) -> usize {
    run.inputs.iter().filter(|source| source.lane().is_some_and(|lane| lane.step > 0)).count()
}

/// Operations that are done for every point.
fn operations(run: RunAt<'_>) -> usize {
    let numbers: Vec<bool> = run.inputs.iter().map(|source| source.lane().is_none()).collect();
    let lines = run.tape.uniform_lines(&numbers).into_iter().zip(run.tape.ops());
    lines.filter(|(is_uniform, op)| !is_uniform && !op.is_leaf()).count()
}

/// The lines of a run, on its own sources.
fn spliced(program: &mut Program, run: RunAt<'_>, known: &FxHashMap<usize, Value>) -> Vec<Value> {
    let inputs: Vec<Value> = run.inputs.iter().map(|source| program.source(*source)).collect();
    program.composer.splice(run.tape, &inputs, known)
}

/// The lines that values need, but nothing behind a call.
fn needed(tape: &Tape, roots: impl Iterator<Item = Value>) -> Vec<usize> {
    let mut is_needed = vec![false; tape.ops().len()];
    roots.for_each(|root| is_needed[root.index()] = true);
    for line in (0..tape.ops().len()).rev() {
        if is_needed[line] && !tape.ops()[line].is_call() {
            tape.ops()[line].operands().for_each(|operand| is_needed[operand.index()] = true);
        }
    }
    (0..tape.ops().len()).filter(|line| is_needed[*line]).collect()
}

/// Operations of two runs that become one: more would leave values no registers.
const MOST_OPERATIONS: usize = 64;

/// Two short runs over the same rows as one in the place of the second.
pub(super) fn merged(routine: &Routine, flow: &Flow<'_>) -> Option<Routine> {
    let runs: Vec<RunAt<'_>> =
        (0..routine.steps.len()).filter_map(|step| RunAt::of(routine, step)).filter(|run| run.rows > 1).collect();
    let mut pairs = (1..runs.len()).flat_map(|j| (0..j).map(move |i| (i, j)));
    pairs.find_map(|(i, j)| merged_of(routine, flow, runs[i], runs[j]))
}

fn merged_of(routine: &Routine, flow: &Flow<'_>, first: RunAt<'_>, second: RunAt<'_>) -> Option<Routine> {
    let together = routine.steps[first.step].only_for == routine.steps[second.step].only_for;
    let are_short = operations(first) + operations(second) <= MOST_OPERATIONS;
    if first.rows != second.rows || !together || !are_short {
        return None;
    }
    let rows = |lane: &Lane| {
        let Lane { place, step } = *lane;
        (0..if step == 0 { 1 } else { first.rows }).map(move |run| place.plus(run * step))
    };
    let (from, to) = (first.step, second.step);
    let inputs_kept =
        first.inputs.iter().filter_map(Source::lane).flat_map(rows).all(|row| flow.is_kept(row, from, to));
    // The second may neither read nor write what the first has written.
    let outputs_alone = first.outputs.iter().flat_map(rows).all(|row| flow.is_untouched(row, from, to + 1));
    let inputs_alone = second
        .outputs
        .iter()
        .flat_map(rows)
        .all(|row| !first.inputs.iter().filter_map(Source::lane).flat_map(rows).any(|read| read == row));
    if !inputs_kept || !outputs_alone || !inputs_alone {
        return None;
    }
    let mut program = Program::new(second.tape.contraction());
    program.add_run(first, &FxHashMap::default());
    program.add_run(second, &FxHashMap::default());
    let mut next = routine.clone();
    next.steps[to].stage = program.finish(&mut next, second.rows);
    next.steps.remove(from);
    Some(next)
}
