//! The plan of the workspace, and which rows go to an output at once.

use crate::routine::{Routine, Stage, Step, TILE, rows_of};
use crate::tape::{BLOCK, Segmentation};
use crate::vmath::services::Scalar;

/// Alignment of what is in the workspace.
pub(super) const LINE: usize = 64;

/// Where everything is in the workspace, in bytes from its start. Buffers of which one is not in use any more before the
/// other one is share their place.
#[derive(Clone, Debug)]
pub(in super::super) struct Workspace {
    pub(super) buffers: Vec<usize>,
    pub(super) spare: usize,
    pub(super) scratch: usize,
    pub(super) table: usize,
    /// Its size.
    pub bytes: usize,
}

impl Workspace {
    pub(super) fn new(routine: &Routine, segmentations: &[Segmentation], scalar: Scalar) -> Self {
        let (buffers, mut end) = overlaid(routine, |rows| (rows * TILE * scalar.bytes()).next_multiple_of(LINE));
        let mut place = |bytes: usize| {
            let start = end;
            end += bytes.next_multiple_of(LINE);
            start
        };
        let spare = place(routine.spare * scalar.bytes());
        let rows = segmentations.iter().map(Segmentation::row_count).max().unwrap_or(0);
        let scratch = place(rows * BLOCK * scalar.bytes());
        let lanes = routine.tapes.iter().map(|tape| tape.inputs() + tape.outputs().len()).max().unwrap_or(0);
        // In front of the table a word for the runners.
        let table = place(LINE + 3 * lanes * size_of::<u64>()) + LINE;
        Self { buffers, spare, scratch, table, bytes: end }
    }
}

/// The buffers that a stage uses.
fn buffers_of(stage: &Stage) -> impl Iterator<Item = usize> {
    let (reads, writes) = rows_of(stage);
    reads.into_iter().chain(writes).filter(|(_, rows)| *rows > 0).map(|(place, _)| place.buffer)
}

/// A place for each buffer, at the first gap among those that are in use at the same time; the end of all.
fn overlaid(routine: &Routine, bytes: impl Fn(usize) -> usize) -> (Vec<usize>, usize) {
    let mut used: Vec<Option<(usize, usize)>> = vec![None; routine.buffers.len()];
    for (number, step) in routine.steps.iter().enumerate() {
        for buffer in buffers_of(&step.stage) {
            used[buffer] = Some((used[buffer].map_or(number, |(first, _)| first), number));
        }
    }
    let mut places = vec![0; routine.buffers.len()];
    let mut placed: Vec<usize> = Vec::new();
    let mut end = 0;
    for buffer in (0..places.len()).filter(|buffer| used[*buffer].is_some()) {
        let (first, last) = used[buffer].unwrap_or_default();
        let meets = |other: &&usize| used[**other].is_some_and(|(start, end)| start <= last && first <= end);
        let mut taken: Vec<(usize, usize)> =
            placed.iter().filter(meets).map(|&o| (places[o], places[o] + bytes(routine.buffers[o]))).collect();
        taken.sort_unstable();
        let size = bytes(routine.buffers[buffer]);
        let gap = |at: usize, (start, stop): &(usize, usize)| if at + size <= *start { at } else { at.max(*stop) };
        places[buffer] = taken.iter().fold(0, gap);
        end = end.max(places[buffer] + size);
        placed.push(buffer);
    }
    (places, end)
}

/// For each buffer the output, and its first row, to which all of it is stored. Where the rows of a tile are not
/// padded, stages write there.
///
/// It holds of buffers that are made for this output only, by stages that can write rows at any distance.
pub(super) fn direct_outputs(routine: &Routine) -> Vec<Option<(usize, usize)>> {
    let mut stores: Vec<Option<(usize, usize)>> = vec![None; routine.buffers.len()];
    for Step { stage, .. } in &routine.steps {
        if let Stage::Store { from, rows, output, row } = *stage
            && from.row == 0
            && rows == routine.buffers[from.buffer]
        {
            stores[from.buffer] = Some((output, row));
        }
    }
    let is_direct = |buffer: usize, output: usize| {
        let uses = routine.steps.iter().filter(|step| buffers_of(&step.stage).any(|used| used == buffer));
        let mut stores = 0;
        for step in uses {
            let fits = match &step.stage {
                Stage::Store { .. } => {
                    stores += 1;
                    true
                }
                Stage::Run { .. } | Stage::Zero { .. } => true,
                Stage::LayerRows { inputs, cotangents, scaled, .. } => {
                    [inputs, cotangents, scaled].into_iter().all(|place| place.buffer != buffer)
                }
                _ => false,
            };
            if !fits || step.only_for != [output] {
                return false;
            }
        }
        stores == 1
    };
    for (buffer, store) in stores.iter_mut().enumerate() {
        *store = store.filter(|(output, _)| is_direct(buffer, *output));
    }
    stores
}
