//! What nobody reads.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::program::{Program, RunAt};
use crate::routine::flow::{Flow, rows_of};
use crate::routine::{Lane, Place, Routine, Stage};

/// The routine without stages, and lanes of runs, whose rows nobody reads.
pub(super) fn without(mut routine: Routine) -> Routine {
    while let Some(next) = with_less(&routine) {
        routine = next;
    }
    routine
}

fn with_less(routine: &Routine) -> Option<Routine> {
    let flow = Flow::new(routine);
    let is_read = |place: Place, step: usize| flow.readers(place, step).next().is_some();
    let is_dead = |step: usize| {
        let (_, writes) = rows_of(&routine.steps[step].stage);
        let rows = |(place, rows): &(Place, usize)| {
            (0..*rows).map({
                let place = *place;
                move |row| place.plus(row)
            })
        };
        !writes.is_empty() && !writes.iter().flat_map(rows).any(|row| is_read(row, step))
    };
    let mut next = routine.clone();
    let mut changed = false;
    for step in (0..routine.steps.len()).rev() {
        if is_dead(step) {
            next.steps.remove(step);
            changed = true;
            continue;
        }
        let Some(run) = RunAt::of(routine, step) else { continue };
        let rows = |lane: &Lane| {
            let Lane { place, step } = *lane;
            (0..if step == 0 { 1 } else { run.rows }).map(move |i| place.plus(i * step))
        };
        let is_wanted = |lane: &Lane| rows(lane).any(|row| is_read(row, step));
        if !run.outputs.iter().all(is_wanted) {
            let mut program = Program::new(run.tape.contraction());
            program.add_run(run, &FxHashMap::default());
            program.outputs.retain(|(lane, _)| is_wanted(lane));
            next.steps[step].stage = program.finish(&mut next, run.rows);
            changed = true;
        }
    }
    changed.then_some(next)
}

/// The routine without buffers and tapes that no stage uses.
pub(super) fn compacted(mut routine: Routine) -> Routine {
    let mut buffers: BTreeMap<usize, usize> = BTreeMap::new();
    let mut tapes: BTreeMap<usize, usize> = BTreeMap::new();
    for step in &routine.steps {
        let (reads, writes) = rows_of(&step.stage);
        for (place, _) in reads.iter().chain(&writes).filter(|(_, rows)| *rows > 0) {
            buffers.insert(place.buffer, 0);
        }
        if let Stage::Run { tape, .. } = step.stage {
            tapes.insert(tape, 0);
        }
    }
    buffers.values_mut().enumerate().for_each(|(number, new)| *new = number);
    tapes.values_mut().enumerate().for_each(|(number, new)| *new = number);
    routine.buffers = buffers.keys().map(|&buffer| routine.buffers[buffer]).collect();
    routine.tapes = tapes.keys().map(|&tape| routine.tapes[tape].clone()).collect();
    for step in &mut routine.steps {
        // A stage of no rows may name a buffer that nobody uses.
        step.stage.for_each_place(|place| place.buffer = buffers.get(&place.buffer).copied().unwrap_or(0));
        if let Stage::Run { tape, .. } = &mut step.stage {
            *tape = tapes[tape];
        }
    }
    routine
}
