//! The cut of a tape at its calls of math functions.

use std::ops::Range;

use super::Tape;
use super::op::{Op, Value};
use super::rows::{self, Lifetime};

/// Lines that run point by point, then calls that run on blocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Lines without calls.
    pub body: Range<usize>,
    /// Lines that are calls.
    pub calls: Range<usize>,
    /// Inputs and constants that the body copies to their scratch rows, for the calls.
    pub copies: Vec<Value>,
    /// Outputs that the body stores, by number.
    pub outputs: Vec<usize>,
}

/// A tape as segments, with a scratch row for every value that leaves its segment or is an argument of a call.
///
/// No row that a body or call reads is written by the same body or call, so each can be done twice for a point without
/// harm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segmentation {
    segments: Vec<Segment>,
    segment_of: Vec<usize>,
    rows: Vec<Option<u32>>,
    row_count: usize,
}

impl Segmentation {
    /// Cuts `tape` at calls, and bodies longer than `longest_body` operations (at least 1) where few values live.
    pub fn new(tape: &Tape, longest_body: usize) -> Self {
        let mut segments = cut_at_calls(tape.ops());
        segments = segments.into_iter().flat_map(|s| cut_long_body(tape, s, longest_body.max(1))).collect();
        let mut segment_of = vec![0; tape.ops().len()];
        for (i, segment) in segments.iter().enumerate() {
            segment_of[segment.body.start..segment.calls.end].fill(i);
        }
        place_outputs(tape, &segment_of, &mut segments);
        let lifetimes = lifetimes(tape, &segment_of, &segments);
        for (line, lifetime) in lifetimes.iter().enumerate() {
            if let Some((start, _)) = lifetime
                && tape.ops()[line].is_leaf()
            {
                segments[start / 2].copies.push(Value::from_index(line));
            }
        }
        let (rows, row_count) = rows::allocate(&lifetimes);
        Self { segments, segment_of, rows, row_count }
    }

    /// The segments, in order of execution; at least one.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The segment in which a value is computed.
    pub fn segment_of(&self, value: Value) -> usize {
        self.segment_of[value.index()]
    }

    /// The scratch row of a value, if it has one.
    pub fn row(&self, value: Value) -> Option<usize> {
        self.rows[value.index()].map(|row| row as usize)
    }

    /// How many scratch rows there are.
    pub fn row_count(&self) -> usize {
        self.row_count
    }
}

fn segment(body: Range<usize>, calls: Range<usize>) -> Segment {
    Segment { body, calls, copies: Vec::new(), outputs: Vec::new() }
}

fn cut_at_calls(ops: &[Op]) -> Vec<Segment> {
    let mut segments = Vec::new();
    let mut start = 0;
    while start < ops.len() {
        let body_end = (start..ops.len()).find(|i| ops[*i].is_call()).unwrap_or(ops.len());
        let end = (body_end..ops.len()).find(|i| !ops[*i].is_call()).unwrap_or(ops.len());
        segments.push(segment(start..body_end, body_end..end));
        start = end;
    }
    if segments.is_empty() {
        segments.push(segment(0..0, 0..0));
    }
    segments
}

fn cut_long_body(tape: &Tape, whole: Segment, longest: usize) -> Vec<Segment> {
    let mut parts = Vec::new();
    let mut start = whole.body.start;
    while let Some(window) = cut_window(tape.ops(), start..whole.body.end, longest) {
        let crossing = crossing_values(tape, start..window.end);
        let cut = window.min_by_key(|cut| crossing[cut - start]).expect("a window to cut in is not empty");
        parts.push(segment(start..cut, cut..cut));
        start = cut;
    }
    parts.push(segment(start..whole.body.end, whole.calls));
    parts
}

/// Where a body may end: after three quarters of the longest body to the whole of it; none if it is short enough.
fn cut_window(ops: &[Op], body: Range<usize>, longest: usize) -> Option<Range<usize>> {
    let mut operations = body.clone().filter(|i| !ops[*i].is_leaf());
    let earliest = operations.nth((longest * 3 / 4).saturating_sub(1))? + 1;
    let latest = operations.nth((longest - longest * 3 / 4).saturating_sub(1))?;
    (latest < body.end).then_some(earliest..latest + 1)
}

/// For each cut before line `range.start + i`: how many values of the range are used at or behind it.
fn crossing_values(tape: &Tape, range: Range<usize>) -> Vec<usize> {
    let mut last_use = vec![0; range.len()];
    for (line, op) in tape.ops().iter().enumerate().skip(range.start) {
        for operand in op.operands().filter(|o| range.contains(&o.index()) && !tape.ops()[o.index()].is_leaf()) {
            last_use[operand.index() - range.start] = line;
        }
    }
    let mut crossing = vec![0; range.len() + 1];
    for (i, last) in last_use.into_iter().enumerate() {
        let end = last.min(range.end).saturating_sub(range.start);
        (i + 1..=end).for_each(|cut| crossing[cut] += 1);
    }
    crossing
}

/// Outputs are stored where they are computed; results of calls one segment later.
fn place_outputs(tape: &Tape, segment_of: &[usize], segments: &mut Vec<Segment>) {
    for (output, value) in tape.outputs().iter().enumerate() {
        let op = &tape.ops()[value.index()];
        let place = if op.is_leaf() { 0 } else { segment_of[value.index()] + usize::from(op.is_call()) };
        if place == segments.len() {
            let end = tape.ops().len();
            segments.push(segment(end..end, end..end));
        }
        segments[place].outputs.push(output);
    }
}

/// When values need a row. Time 2s is the body of segment s, time 2s + 1 its calls.
fn lifetimes(tape: &Tape, segment_of: &[usize], segments: &[Segment]) -> Vec<Lifetime> {
    let ops = tape.ops();
    let time = |line: usize| 2 * segment_of[line] + usize::from(ops[line].is_call());
    let mut lifetimes: Vec<Lifetime> = (0..ops.len()).map(|i| ops[i].is_call().then(|| (time(i), time(i)))).collect();
    let mut extend = |value: Value, at: usize| {
        let op = &ops[value.index()];
        // A leaf is read where it stands, except by calls; a value of the same body is in a register.
        if op.is_leaf() && at.is_multiple_of(2) || !op.is_call() && !op.is_leaf() && time(value.index()) == at {
            return;
        }
        let start = if op.is_leaf() { at - 1 } else { time(value.index()) };
        let lifetime = lifetimes[value.index()].get_or_insert((start, at));
        lifetime.1 = lifetime.1.max(at);
    };
    for (line, op) in ops.iter().enumerate() {
        op.operands().for_each(|operand| extend(operand, time(line)));
    }
    for (i, segment) in segments.iter().enumerate() {
        let stored = segment.outputs.iter().map(|output| tape.outputs()[*output]);
        stored.filter(|v| ops[v.index()].is_call()).for_each(|v| extend(v, 2 * i));
    }
    lifetimes
}
