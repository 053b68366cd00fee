//! Who reads and who writes the rows of a routine.

use super::{Lane, LayerAt, Place, Routine, Source, Stage};
use crate::kernel::EXTENSION;
use crate::tape::Op;

/// Rows of a buffer: the first and how many.
pub(crate) type Rows = (Place, usize);

/// Whether rows have one in common.
pub(super) fn meet((a, m): Rows, (b, n): Rows) -> bool {
    a.buffer == b.buffer && a.row < b.row + n && b.row < a.row + m
}

fn lane_rows(lane: &Lane, runs: usize) -> impl Iterator<Item = Rows> + use<> {
    let Lane { place, step } = *lane;
    (0..if step == 0 { runs.min(1) } else { runs }).map(move |run| (place.plus(run * step), 1))
}

/// The rows that a stage reads, and those that it writes or adds to.
pub(crate) fn rows_of(stage: &Stage) -> (Vec<Rows>, Vec<Rows>) {
    let sizes = |layer: &LayerAt, channels: usize| (layer.layer.inputs * channels, layer.layer.outputs * channels);
    match *stage {
        Stage::Load { to, .. } => (vec![], vec![(to, 1)]),
        Stage::Store { from, rows, .. } => (vec![(from, rows)], vec![]),
        Stage::Zero { at, rows } => (vec![], vec![(at, rows)]),
        Stage::Add { from, to, rows } => (vec![(from, rows)], vec![(to, rows)]),
        Stage::Run { rows, ref inputs, ref outputs, .. } => (
            inputs.iter().filter_map(Source::lane).flat_map(|lane| lane_rows(lane, rows)).collect(),
            outputs.iter().flat_map(|lane| lane_rows(lane, rows)).collect(),
        ),
        Stage::Affine { ref layer, input, output, channels } => {
            let (k, m) = sizes(layer, channels);
            (vec![(input, k)], vec![(output, m)])
        }
        Stage::AddBias { ref layer, to, channels } => {
            let firsts: Vec<Rows> = (0..layer.layer.outputs).map(|o| (to.plus(o * channels), 1)).collect();
            (vec![], firsts)
        }
        Stage::AffineAlong { ref layer, input, carried, output, channels, .. } => {
            let (k, m) = sizes(layer, channels);
            (vec![(input, if carried { EXTENSION * k } else { k })], vec![(output, EXTENSION * m)])
        }
        Stage::Scale { ref layer, from, to, channels } => {
            let (_, m) = sizes(layer, channels);
            (vec![(from, m)], vec![(to, m)])
        }
        Stage::Transposed { ref layer, from, to, channels, .. } => {
            let (k, m) = sizes(layer, channels);
            (vec![(from, m)], vec![(to, k)])
        }
        Stage::LayerRows { ref layer, inputs, cotangents, scaled, channels, to } => {
            let (k, m) = sizes(layer, channels);
            (vec![(inputs, k), (cotangents, m), (scaled, m)], vec![(to, layer.layer.all().len())])
        }
        Stage::LayerSums { ref layer, inputs, cotangents, scaled, channels, .. } => {
            let (k, m) = sizes(layer, channels);
            (vec![(inputs, k), (cotangents, m), (scaled, m)], vec![])
        }
        Stage::LayerMoments { ref layer, inputs, cotangents, weight, channels, .. } => {
            let (k, m) = sizes(layer, channels);
            (vec![(inputs, k), (cotangents, m), (weight, 1)], vec![])
        }
        Stage::RowMoments { from, rows, weight, .. } => (vec![(from, rows), (weight, 1)], vec![]),
        Stage::Seed { to, weight, from, .. } => {
            (weight.into_iter().chain([from]).map(|place| (place, 1)).collect(), vec![(to, 1)])
        }
        Stage::AddWeighted { to, weight, from, rows } => (vec![(weight, 1), (from, rows)], vec![(to, rows)]),
        Stage::Dot { weight, a, b, .. } => ([weight, a].into_iter().chain(b).map(|place| (place, 1)).collect(), vec![]),
        Stage::Outer { a, rows, b, columns, .. } => (vec![(a, rows), (b, columns)], vec![]),
    }
}

/// Whether a stage adds to the rows that it writes, and so reads them.
pub(super) fn adds(stage: &Stage) -> bool {
    matches!(
        stage,
        Stage::Add { .. }
            | Stage::AddBias { .. }
            | Stage::Seed { .. }
            | Stage::AddWeighted { .. }
            | Stage::Transposed { add: true, .. }
    )
}

/// What happens to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Event {
    step: usize,
    reads: bool,
    writes: bool,
}

/// What is known of the number in a row at every point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Known {
    /// It is this number.
    Number(f64),
    /// It is what stands in this row.
    Row(Place),
}

/// What happens to each row, in order.
pub(super) struct Flow<'a> {
    routine: &'a Routine,
    /// The number of the first row of each buffer, counted through all of them.
    buffers: Vec<usize>,
    /// Where the events of each row begin among all of them, and how many it has.
    rows: Vec<(usize, usize)>,
    events: Vec<Event>,
}

impl<'a> Flow<'a> {
    pub fn new(routine: &'a Routine) -> Self {
        let mut buffers = Vec::with_capacity(routine.buffers.len());
        let mut all = 0;
        for rows in &routine.buffers {
            buffers.push(all);
            all += rows;
        }
        let touched: Vec<[Vec<Rows>; 2]> = routine.steps.iter().map(|step| rows_of(&step.stage).into()).collect();
        let numbers = |&(place, rows): &Rows| {
            let first = buffers[place.buffer] + place.row;
            first..first + rows
        };
        let mut counts = vec![0; all];
        touched.iter().flatten().flatten().flat_map(numbers).for_each(|row| counts[row] += 1);
        let mut end = 0;
        let begin = |count: usize| {
            end += count;
            (end - count, 0)
        };
        let mut rows: Vec<(usize, usize)> = counts.into_iter().map(begin).collect();
        let mut events = vec![Event { step: 0, reads: false, writes: false }; end];
        for (step, [reads, writes]) in touched.iter().enumerate() {
            let mut note = |row: usize, reads: bool, writes: bool| {
                let (begin, count) = &mut rows[row];
                if *count == 0 || events[*begin + *count - 1].step != step {
                    *count += 1;
                    events[*begin + *count - 1].step = step;
                }
                let event = &mut events[*begin + *count - 1];
                (event.reads, event.writes) = (event.reads | reads, event.writes | writes);
            };
            reads.iter().flat_map(numbers).for_each(|row| note(row, true, false));
            let adds = adds(&routine.steps[step].stage);
            writes.iter().flat_map(numbers).for_each(|row| note(row, adds, true));
        }
        Self { routine, buffers, rows, events }
    }

    fn events(&self, place: Place) -> &[Event] {
        let (begin, count) = self.rows[self.buffers[place.buffer] + place.row];
        &self.events[begin..begin + count]
    }

    /// Whether step `a` is done whenever step `b` is.
    pub fn covers(&self, a: usize, b: usize) -> bool {
        let [a, b] = [a, b].map(|step| &self.routine.steps[step].only_for);
        a.is_empty() || !b.is_empty() && b.iter().all(|output| a.contains(output))
    }

    /// The last step before `step` that writes a row.
    pub fn last_write(&self, place: Place, step: usize) -> Option<usize> {
        self.events(place).iter().rev().find(|event| event.step < step && event.writes).map(|event| event.step)
    }

    /// The steps that may read what step `step` left in a row.
    pub fn readers(&self, place: Place, step: usize) -> impl Iterator<Item = usize> {
        let after = self.events(place).iter().skip_while(move |event| event.step <= step);
        let end = after.clone().position(|event| event.writes && !event.reads && self.covers(event.step, step));
        after.take(end.unwrap_or(usize::MAX)).filter(|event| event.reads).map(|event| event.step)
    }

    /// Whether nothing writes a row between two steps.
    pub fn is_kept(&self, place: Place, from: usize, to: usize) -> bool {
        !self.events(place).iter().any(|event| event.writes && from < event.step && event.step < to)
    }

    /// Whether nothing reads or writes a row between two steps.
    pub fn is_untouched(&self, place: Place, from: usize, to: usize) -> bool {
        !self.events(place).iter().any(|event| from < event.step && event.step < to)
    }

    /// Whether the rows have only what one step wrote, when `step` comes.
    pub fn written_by(&self, rows: Rows, step: usize) -> Option<usize> {
        let writer = self.last_write(rows.0, step)?;
        let by_writer = |row| self.last_write(rows.0.plus(row), step) == Some(writer);
        (self.covers(writer, step) && (0..rows.1).all(by_writer)).then_some(writer)
    }

    /// What is known of a row when `step` comes.
    pub fn known(&self, place: Place, step: usize) -> Known {
        self.number_or_row(place, step).unwrap_or(Known::Row(place))
    }

    fn number_or_row(&self, place: Place, step: usize) -> Option<Known> {
        let writer = self.last_write(place, step).filter(|writer| self.covers(*writer, step))?;
        // What stood somewhere when the writer came must still stand there.
        let still = |known: Known| match known {
            Known::Row(row) if !self.is_kept(row, writer, step) => None,
            known => Some(known),
        };
        match &self.routine.steps[writer].stage {
            Stage::Zero { .. } => Some(Known::Number(0.0)),
            Stage::Run { tape, rows: 1, inputs, outputs } => {
                let tape = &self.routine.tapes[*tape];
                let output = outputs.iter().position(|lane| lane.place == place)?;
                match tape.ops()[tape.outputs()[output].index()] {
                    Op::Const(number) => Some(Known::Number(number)),
                    Op::Input(i) => still(self.known(inputs[i as usize].lane()?.place, writer)),
                    _ => None,
                }
            }
            Stage::Seed { weight: None, from, factor, .. } if self.known(place, writer) == Known::Number(0.0) => {
                match self.known(*from, writer) {
                    Known::Number(number) => Some(Known::Number(factor * number)),
                    row if *factor == 1.0 => still(row),
                    Known::Row(_) => None,
                }
            }
            _ => None,
        }
    }
}
