//! What must hold of every routine: whoever compiles one relies on it, since machine code checks nothing.

use super::flow::{Rows, adds, meet, rows_of};
use super::{Lane, LayerAt, Parameters, Place, Routine, Source, Stage};
use crate::tape::{Op, Value, VerifyError};

/// What is wrong with a routine, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the variants say what their fields are")]
pub enum RoutineError {
    /// Rows that no buffer has.
    #[error("stage {stage}: rows {}.. of buffer {buffer}, {rows} of them, are beyond its end", .row)]
    Rows { stage: usize, buffer: usize, row: usize, rows: usize },
    /// An argument that is not there, or of another kind.
    #[error("stage {stage}: there is no {what} {number}")]
    Missing { stage: usize, what: &'static str, number: usize },
    /// Numbers beyond the end of an argument or table.
    #[error("stage {stage}: {what} {number} has {has} numbers, not {wanted}")]
    Short { stage: usize, what: &'static str, number: usize, has: usize, wanted: usize },
    /// A tape with another number of lanes.
    #[error("stage {stage}: tape {tape} has {inputs} inputs and {outputs} outputs")]
    Lanes { stage: usize, tape: usize, inputs: usize, outputs: usize },
    /// A stage that reads what it writes.
    #[error("stage {stage} writes to rows that it reads")]
    Overlap { stage: usize },
    /// A stage that reads what was never written, or only for other outputs.
    #[error("stage {stage} reads row {row} of buffer {buffer}, which is not always written before it")]
    Unwritten { stage: usize, buffer: usize, row: usize },
    /// A stage that is done when the output that it writes may be absent.
    #[error("stage {stage} writes to output {output} and is not for it alone")]
    Unguarded { stage: usize, output: usize },
    /// A layer with scales where none can be.
    #[error("stage {stage}: the layer has scales, for which this stage has no rows")]
    Factorised { stage: usize },
    /// A tape that does not hold by itself.
    #[error("tape {tape}: {error}")]
    Tape { tape: usize, error: VerifyError },
    /// A name that is no symbol, or occurs twice.
    #[error("`{0}` is no name of an argument, or stands twice")]
    Name(String),
}

impl RoutineError {
    /// The stage that is at fault, if it is one.
    pub fn stage(&self) -> Option<usize> {
        match *self {
            Self::Rows { stage, .. }
            | Self::Missing { stage, .. }
            | Self::Short { stage, .. }
            | Self::Lanes { stage, .. }
            | Self::Overlap { stage }
            | Self::Unwritten { stage, .. }
            | Self::Factorised { stage }
            | Self::Unguarded { stage, .. } => Some(stage),
            Self::Tape { .. } | Self::Name(_) => None,
        }
    }
}

impl Routine {
    /// Checks that every row, argument, table and tape that a stage names is there, that shapes fit, that no stage reads
    /// the rows that it writes, or rows that are not written before it, and that what writes an output is for it alone.
    ///
    /// # Errors
    /// The first fault.
    pub fn verify(&self) -> Result<(), RoutineError> {
        let mut names: Vec<&str> = self.inputs.iter().chain(&self.outputs).map(|a| a.name.as_str()).collect();
        let is_name = |name: &str| {
            name.starts_with(|c: char| c.is_ascii_alphabetic())
                && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        };
        names.sort_unstable();
        let twice = names.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0]);
        let wrong = names.iter().copied().chain([self.name.as_str()]).find(|name| !is_name(name));
        if let Some(name) = twice.or(wrong) {
            return Err(RoutineError::Name(name.to_owned()));
        }
        for (tape, program) in self.tapes.iter().enumerate() {
            program.verify().map_err(|error| RoutineError::Tape { tape, error })?;
        }
        for (number, step) in self.steps.iter().enumerate() {
            let check = Check { routine: self, stage: number };
            step.only_for.iter().try_for_each(|&output| check.output(output).map(|_| ()))?;
            check.all(&step.stage)?;
            if let Some(output) = step.stage.output().filter(|output| step.only_for != [*output]) {
                return Err(RoutineError::Unguarded { stage: number, output });
            }
        }
        self.reads_are_written()
    }

    /// Rows keep what the last call left in them, which no stage may see.
    fn reads_are_written(&self) -> Result<(), RoutineError> {
        let mut written: Vec<Vec<Written>> =
            self.buffers.iter().map(|&rows| vec![Written::For(Vec::new()); rows]).collect();
        let rows = |all: Vec<Rows>| {
            all.into_iter().flat_map(|(place, rows)| (0..rows).map(move |row| place.plus(row))).collect::<Vec<Place>>()
        };
        for (stage, step) in self.steps.iter().enumerate() {
            let [reads, writes] = <[Vec<Rows>; 2]>::from(rows_of(&step.stage)).map(rows);
            let added_to = if adds(&step.stage) { &writes[..] } else { &[] };
            let is_written = |place: &&Place| written[place.buffer][place.row].covers(&step.only_for);
            if let Some(&Place { buffer, row }) = reads.iter().chain(added_to).find(|place| !is_written(place)) {
                return Err(RoutineError::Unwritten { stage, buffer, row });
            }
            writes.iter().for_each(|place| written[place.buffer][place.row].add(&step.only_for));
        }
        Ok(())
    }
}

/// When a row is written.
#[derive(Clone)]
enum Written {
    Always,
    /// If one of these outputs is wanted.
    For(Vec<usize>),
}

impl Written {
    /// Whether it is before a stage that is done for these outputs only, or always.
    fn covers(&self, only_for: &[usize]) -> bool {
        match self {
            Self::Always => true,
            Self::For(outputs) => !only_for.is_empty() && only_for.iter().all(|output| outputs.contains(output)),
        }
    }

    fn add(&mut self, only_for: &[usize]) {
        match self {
            Self::For(outputs) if !only_for.is_empty() => outputs.extend(only_for),
            _ => *self = Self::Always,
        }
    }
}

struct Check<'a> {
    routine: &'a Routine,
    stage: usize,
}

impl Check<'_> {
    fn all(&self, stage: &Stage) -> Result<(), RoutineError> {
        self.arguments(stage)?;
        let (reads, writes) = rows_of(stage);
        reads.iter().chain(&writes).try_for_each(|rows| self.rows(*rows))?;
        let is_sum = |rows: &Rows| self.is_sum(stage, rows.0);
        let conflict = |w: &Rows, r: &Rows| meet(*w, *r) && !(w == r && is_sum(w));
        if writes.iter().any(|w| reads.iter().any(|r| conflict(w, r))) {
            return Err(RoutineError::Overlap { stage: self.stage });
        }
        Ok(())
    }

    /// Whether a row is one that runs add to: the line that gives the new sum is alone in reading the old one.
    fn is_sum(&self, stage: &Stage, place: Place) -> bool {
        let Stage::Run { tape, inputs, outputs, .. } = stage else { return false };
        let (tape, lane) = (&self.routine.tapes[*tape], Lane { place, step: 0 });
        let Some(input) = inputs.iter().position(|source| *source == Source::Lane(lane)) else { return false };
        let Some(output) = outputs.iter().position(|output| *output == lane) else { return false };
        let is_old = |v: &Value| tape.ops()[v.index()] == Op::Input(input as u32);
        let reads = |op: &Op| op.operands().filter(is_old).count();
        let all: usize = tape.ops().iter().map(reads).sum();
        let by_sum = reads(&tape.ops()[tape.outputs()[output].index()]);
        (all, by_sum) == (1, 1) && !tape.outputs().iter().any(is_old)
    }

    fn rows(&self, (place, rows): Rows) -> Result<(), RoutineError> {
        let has = self.routine.buffers.get(place.buffer).copied();
        if rows > 0 && has.is_none_or(|has| place.row + rows > has) {
            let Place { buffer, row } = place;
            return Err(RoutineError::Rows { stage: self.stage, buffer, row, rows });
        }
        Ok(())
    }

    fn missing(&self, what: &'static str, number: usize) -> RoutineError {
        RoutineError::Missing { stage: self.stage, what, number }
    }

    fn output(&self, number: usize) -> Result<&super::Argument, RoutineError> {
        self.routine.outputs.get(number).ok_or_else(|| self.missing("output", number))
    }

    fn fixed_output(&self, number: usize, wanted: usize) -> Result<(), RoutineError> {
        let output = self.output(number)?;
        if output.batched {
            return Err(self.missing("sum over points", number));
        }
        self.long_enough("output", number, output.numbers(), wanted)
    }

    fn long_enough(&self, what: &'static str, number: usize, has: usize, wanted: usize) -> Result<(), RoutineError> {
        if has < wanted {
            return Err(RoutineError::Short { stage: self.stage, what, number, has, wanted });
        }
        Ok(())
    }

    fn parameters(&self, parameters: Parameters, wanted: usize) -> Result<(), RoutineError> {
        match parameters {
            Parameters::Input(number) => {
                let input = self.routine.inputs.get(number).filter(|input| !input.batched);
                let input = input.ok_or_else(|| self.missing("fixed input", number))?;
                self.long_enough("input", number, input.numbers(), wanted)
            }
            Parameters::Table(number) => {
                let table = self.routine.tables.get(number).ok_or_else(|| self.missing("table", number))?;
                self.long_enough("table", number, table.len(), wanted)
            }
        }
    }

    fn layer(&self, layer: &LayerAt) -> Result<(), RoutineError> {
        self.parameters(layer.parameters, layer.layer.all().end)
    }

    /// What a stage names besides rows.
    fn arguments(&self, stage: &Stage) -> Result<(), RoutineError> {
        match stage {
            Stage::Load { input, row, .. } => {
                let argument = self.routine.inputs.get(*input).filter(|input| input.batched);
                let argument = argument.ok_or_else(|| self.missing("batched input", *input))?;
                self.long_enough("input", *input, argument.numbers(), row + 1)
            }
            Stage::Store { rows, output, row, .. } => {
                let argument = self.output(*output)?;
                if !argument.batched {
                    return Err(self.missing("batched output", *output));
                }
                self.long_enough("output", *output, argument.numbers(), row + rows)
            }
            Stage::Run { tape, rows, inputs, outputs } => {
                let program = self.routine.tapes.get(*tape).ok_or_else(|| self.missing("tape", *tape))?;
                let (has_inputs, has_outputs) = (program.inputs(), program.outputs().len());
                if (inputs.len(), outputs.len()) != (has_inputs, has_outputs) {
                    let (stage, tape) = (self.stage, *tape);
                    return Err(RoutineError::Lanes { stage, tape, inputs: has_inputs, outputs: has_outputs });
                }
                let runs = rows.saturating_sub(1);
                inputs.iter().try_for_each(|source| match source {
                    Source::Lane(_) => Ok(()),
                    Source::Numbers { array, first, step } => self.parameters(*array, first + runs * step + 1),
                })
            }
            Stage::Affine { layer, .. }
            | Stage::AddBias { layer, .. }
            | Stage::Scale { layer, .. }
            | Stage::Transposed { layer, .. }
            | Stage::LayerRows { layer, .. } => self.layer(layer),
            Stage::AffineAlong { layer, direction, .. } => {
                self.layer(layer)?;
                self.parameters(*direction, layer.layer.all().end)
            }
            Stage::LayerSums { layer, output, .. } => {
                self.layer(layer)?;
                let spare = if layer.layer.factorised { layer.layer.weights().len() } else { 0 };
                self.long_enough("spare room, of number", 0, self.routine.spare, spare)?;
                self.fixed_output(*output, layer.layer.all().end)
            }
            Stage::LayerMoments { layer, output, .. } => {
                self.layer(layer)?;
                if layer.layer.factorised {
                    return Err(RoutineError::Factorised { stage: self.stage });
                }
                self.fixed_output(*output, 2 * layer.layer.all().end)
            }
            Stage::RowMoments { rows, output, first, .. } => self.fixed_output(*output, 2 * (first + rows)),
            Stage::Dot { output, .. } => self.fixed_output(*output, 1),
            Stage::Outer { output, rows, columns, .. } => self.fixed_output(*output, rows * columns),
            Stage::Zero { .. } | Stage::Add { .. } | Stage::Seed { .. } | Stage::AddWeighted { .. } => Ok(()),
        }
    }
}
