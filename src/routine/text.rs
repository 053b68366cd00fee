//! Routines as text that reads back.
//!
//! One line an argument, buffer and stage; tapes in their own form, indented. `b2.3` is row 3 of buffer 2, `b2.3+4` the lane
//! that starts there and moves on by 4 rows; `input 1` and `output 0` are arguments by number; `i1.5+2` and `t0.5+2` are
//! every other number of input 1 and of table 0 from number 5 on. A stage ends with `? 0 2` if it is for outputs 0 and 2
//! only.

use std::fmt;
use std::str::FromStr;

use super::{Argument, Lane, LayerAt, Pad, Parameters, Place, Routine, RoutineError, Source, Stage, Step};
use crate::network::Layer;
use crate::tape::ParseTapeError;

/// Why a text is not a routine.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[allow(missing_docs, reason = "the variants say what their fields are")]
pub enum ParseRoutineError {
    /// A line that is none of a routine.
    #[error("line {line}: `{word}` stands where {expected} should")]
    Line { line: usize, word: String, expected: &'static str },
    /// A tape that does not read.
    #[error("tape {tape}: {error}")]
    Tape { tape: usize, error: ParseTapeError },
    /// A stage that does not hold.
    #[error("line {line}: {error}")]
    Stage { line: usize, error: RoutineError },
    /// A routine that does not hold as a whole.
    #[error(transparent)]
    Routine(RoutineError),
}

impl fmt::Display for Routine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "routine {}", self.name)?;
        for (side, arguments) in [("input", &self.inputs), ("output", &self.outputs)] {
            for Argument { name, shape, batched } in arguments {
                let shape: String = shape.iter().map(|axis| format!(" {axis}")).collect();
                writeln!(f, "{side} {name} {}{shape}", if *batched { "points" } else { "fixed" })?;
            }
        }
        for rows in &self.buffers {
            writeln!(f, "buffer {rows}")?;
        }
        writeln!(f, "spare {}", self.spare)?;
        if self.accumulates {
            writeln!(f, "accumulates")?;
        }
        for table in &self.tables {
            let numbers: String = table.iter().map(|x| format!(" {x:?}")).collect();
            writeln!(f, "table{numbers}")?;
        }
        for tape in &self.tapes {
            tape.to_string().lines().try_for_each(|line| writeln!(f, "| {line}"))?;
        }
        self.steps.iter().try_for_each(|step| writeln!(f, "{step}"))
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.stage)?;
        if !self.only_for.is_empty() {
            f.write_str(" ?")?;
            self.only_for.iter().try_for_each(|output| write!(f, " {output}"))?;
        }
        Ok(())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b{}.{}", self.buffer, self.row)
    }
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{}", self.place, self.step)
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Lane(lane) => lane.fmt(f),
            Source::Numbers { array: Parameters::Input(input), first, step } => write!(f, "i{input}.{first}+{step}"),
            Source::Numbers { array: Parameters::Table(table), first, step } => write!(f, "t{table}.{first}+{step}"),
        }
    }
}

impl fmt::Display for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Parameters::Input(input) => write!(f, "input {input}"),
            Parameters::Table(table) => write!(f, "table {table}"),
        }
    }
}

impl fmt::Display for LayerAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Layer { inputs, outputs, start, factorised } = self.layer;
        let kind = if factorised { "factorised" } else { "plain" };
        write!(f, "{} {start} {kind} {inputs} {outputs}", self.parameters)
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stage::Load { input, row, to, pad } => {
                let pad = if *pad == Pad::Last { "last" } else { "zero" };
                write!(f, "load {input} {row} {to} {pad}")
            }
            Stage::Store { from, rows, output, row } => write!(f, "store {from} {rows} {output} {row}"),
            Stage::Zero { at, rows } => write!(f, "zero {at} {rows}"),
            Stage::Add { from, to, rows } => write!(f, "add {from} {to} {rows}"),
            Stage::Run { tape, rows, inputs, outputs } => {
                write!(f, "run {tape} {rows} from")?;
                inputs.iter().try_for_each(|source| write!(f, " {source}"))?;
                f.write_str(" to")?;
                outputs.iter().try_for_each(|lane| write!(f, " {lane}"))
            }
            Stage::Affine { layer, input, output, channels } => write!(f, "affine {layer} {input} {output} {channels}"),
            Stage::AddBias { layer, to, channels } => write!(f, "add_bias {layer} {to} {channels}"),
            Stage::AffineAlong { layer, direction, input, carried, output, channels } => {
                let kind = if *carried { "carried" } else { "bare" };
                write!(f, "affine_along {layer} {direction} {input} {kind} {output} {channels}")
            }
            Stage::Scale { layer, from, to, channels } => write!(f, "scale {layer} {from} {to} {channels}"),
            Stage::Transposed { layer, from, to, channels, add } => {
                write!(f, "transposed {layer} {from} {to} {channels} {}", if *add { "add" } else { "write" })
            }
            Stage::LayerRows { layer, inputs, cotangents, scaled, channels, to } => {
                write!(f, "layer_rows {layer} {inputs} {cotangents} {scaled} {channels} {to}")
            }
            Stage::LayerSums { layer, inputs, cotangents, scaled, channels, output } => {
                write!(f, "layer_sums {layer} {inputs} {cotangents} {scaled} {channels} {output}")
            }
            Stage::LayerMoments { layer, inputs, cotangents, weight, channels, output } => {
                write!(f, "layer_moments {layer} {inputs} {cotangents} {weight} {channels} {output}")
            }
            Stage::RowMoments { from, rows, weight, output, first } => {
                write!(f, "row_moments {from} {rows} {weight} {output} {first}")
            }
            Stage::Seed { to, weight, from, factor } => {
                write!(f, "seed {to} {} {from} {factor:?}", or_none(weight.as_ref()))
            }
            Stage::AddWeighted { to, weight, from, rows } => write!(f, "add_weighted {to} {weight} {from} {rows}"),
            Stage::Dot { output, weight, a, b, factor } => {
                write!(f, "dot {output} {weight} {a} {} {factor:?}", or_none(b.as_ref()))
            }
            Stage::Outer { output, a, rows, b, columns } => write!(f, "outer {output} {a} {rows} {b} {columns}"),
        }
    }
}

fn or_none(place: Option<&Place>) -> String {
    place.map_or_else(|| "none".to_owned(), Place::to_string)
}

/// The words of a line.
struct Words<'a> {
    line: usize,
    words: std::iter::Peekable<std::str::SplitWhitespace<'a>>,
}

type Parsed<T> = Result<T, ParseRoutineError>;

impl<'a> Words<'a> {
    fn wrong(&mut self, word: Option<&str>, expected: &'static str) -> ParseRoutineError {
        ParseRoutineError::Line { line: self.line, word: word.unwrap_or("the end of the line").to_owned(), expected }
    }

    /// The next word as something.
    fn next<T>(&mut self, expected: &'static str, read: impl FnOnce(&'a str) -> Option<T>) -> Parsed<T> {
        let word = self.words.next();
        word.and_then(read).ok_or_else(|| self.wrong(word, expected))
    }

    fn count(&mut self) -> Parsed<usize> {
        self.next("a count", |word| word.parse().ok())
    }

    fn number(&mut self) -> Parsed<f64> {
        self.next("a number", |word| word.parse().ok())
    }

    fn place(&mut self) -> Parsed<Place> {
        self.next("a row such as b0.1", place)
    }

    fn place_or_none(&mut self) -> Parsed<Option<Place>> {
        self.next("a row, or `none`", |word| if word == "none" { Some(None) } else { place(word).map(Some) })
    }

    /// One of two words.
    fn either(&mut self, expected: &'static str, yes: &str, no: &str) -> Parsed<bool> {
        self.next(expected, |word| if word == yes { Some(true) } else { (word == no).then_some(false) })
    }

    fn parameters(&mut self) -> Parsed<Parameters> {
        let input = self.either("`input` or `table`", "input", "table")?;
        let number = self.count()?;
        Ok(if input { Parameters::Input(number) } else { Parameters::Table(number) })
    }

    fn layer(&mut self) -> Parsed<LayerAt> {
        let (parameters, start) = (self.parameters()?, self.count()?);
        let factorised = self.either("`factorised` or `plain`", "factorised", "plain")?;
        Ok(LayerAt { parameters, layer: Layer { inputs: self.count()?, outputs: self.count()?, start, factorised } })
    }

    /// What stands behind a word, up to the next one, or to the end of the stage.
    fn list<T>(&mut self, first: &str, what: &'static str, read: fn(&str) -> Option<T>) -> Parsed<Vec<T>> {
        self.next(what, |word| (word == first).then_some(()))?;
        let mut found = Vec::new();
        while self.words.peek().is_some_and(|word| word.contains('+')) {
            found.push(self.next(what, read)?);
        }
        Ok(found)
    }

    fn step(&mut self, name: &str) -> Parsed<Step> {
        let stage = self.stage(name)?;
        let mut only_for = Vec::new();
        if self.words.peek() == Some(&"?") {
            self.words.next();
            while self.words.peek().is_some() {
                only_for.push(self.count()?);
            }
        }
        self.end()?;
        Ok(Step { stage, only_for })
    }

    fn end(&mut self) -> Parsed<()> {
        let word = self.words.next();
        if word.is_some() { Err(self.wrong(word, "the end of the line")) } else { Ok(()) }
    }

    fn stage(&mut self, name: &str) -> Parsed<Stage> {
        Ok(match name {
            "load" => {
                let (input, row, to) = (self.count()?, self.count()?, self.place()?);
                let pad = if self.either("`last` or `zero`", "last", "zero")? { Pad::Last } else { Pad::Zero };
                Stage::Load { input, row, to, pad }
            }
            "store" => {
                Stage::Store { from: self.place()?, rows: self.count()?, output: self.count()?, row: self.count()? }
            }
            "zero" => Stage::Zero { at: self.place()?, rows: self.count()? },
            "add" => Stage::Add { from: self.place()?, to: self.place()?, rows: self.count()? },
            "run" => {
                let (tape, rows) = (self.count()?, self.count()?);
                let inputs = self.list("from", "`from` and lanes such as b0.1+2 or i1.0+2", source)?;
                Stage::Run { tape, rows, inputs, outputs: self.list("to", "`to` and lanes such as b0.1+2", lane)? }
            }
            "affine" => Stage::Affine {
                layer: self.layer()?,
                input: self.place()?,
                output: self.place()?,
                channels: self.count()?,
            },
            "add_bias" => Stage::AddBias { layer: self.layer()?, to: self.place()?, channels: self.count()? },
            "affine_along" => Stage::AffineAlong {
                layer: self.layer()?,
                direction: self.parameters()?,
                input: self.place()?,
                carried: self.either("`carried` or `bare`", "carried", "bare")?,
                output: self.place()?,
                channels: self.count()?,
            },
            "scale" => {
                Stage::Scale { layer: self.layer()?, from: self.place()?, to: self.place()?, channels: self.count()? }
            }
            "transposed" => Stage::Transposed {
                layer: self.layer()?,
                from: self.place()?,
                to: self.place()?,
                channels: self.count()?,
                add: self.either("`add` or `write`", "add", "write")?,
            },
            "layer_rows" => Stage::LayerRows {
                layer: self.layer()?,
                inputs: self.place()?,
                cotangents: self.place()?,
                scaled: self.place()?,
                channels: self.count()?,
                to: self.place()?,
            },
            "layer_moments" => Stage::LayerMoments {
                layer: self.layer()?,
                inputs: self.place()?,
                cotangents: self.place()?,
                weight: self.place()?,
                channels: self.count()?,
                output: self.count()?,
            },
            "row_moments" => Stage::RowMoments {
                from: self.place()?,
                rows: self.count()?,
                weight: self.place()?,
                output: self.count()?,
                first: self.count()?,
            },
            "layer_sums" => Stage::LayerSums {
                layer: self.layer()?,
                inputs: self.place()?,
                cotangents: self.place()?,
                scaled: self.place()?,
                channels: self.count()?,
                output: self.count()?,
            },
            "seed" => Stage::Seed {
                to: self.place()?,
                weight: self.place_or_none()?,
                from: self.place()?,
                factor: self.number()?,
            },
            "add_weighted" => Stage::AddWeighted {
                to: self.place()?,
                weight: self.place()?,
                from: self.place()?,
                rows: self.count()?,
            },
            "dot" => Stage::Dot {
                output: self.count()?,
                weight: self.place()?,
                a: self.place()?,
                b: self.place_or_none()?,
                factor: self.number()?,
            },
            "outer" => Stage::Outer {
                output: self.count()?,
                a: self.place()?,
                rows: self.count()?,
                b: self.place()?,
                columns: self.count()?,
            },
            other => return Err(self.wrong(Some(other), "a stage")),
        })
    }

    fn argument(&mut self) -> Parsed<Argument> {
        let name = self.next("a name", |word| Some(word.to_owned()))?;
        let batched = self.either("`points` or `fixed`", "points", "fixed")?;
        let mut shape = Vec::new();
        while self.words.peek().is_some() {
            shape.push(self.count()?);
        }
        Ok(Argument { name, shape, batched })
    }
}

fn place(word: &str) -> Option<Place> {
    let (buffer, row) = word.strip_prefix('b')?.split_once('.')?;
    Some(Place { buffer: buffer.parse().ok()?, row: row.parse().ok()? })
}

fn lane(word: &str) -> Option<Lane> {
    let (at, step) = word.split_once('+')?;
    Some(Lane { place: place(at)?, step: step.parse().ok()? })
}

fn source(word: &str) -> Option<Source> {
    if word.starts_with('b') {
        return lane(word).map(Source::Lane);
    }
    let (kind, rest) = word.split_at_checked(1)?;
    let (at, step) = rest.split_once('+')?;
    let (array, first) = at.split_once('.')?;
    let array = array.parse().ok()?;
    let array = match kind {
        "i" => Parameters::Input(array),
        "t" => Parameters::Table(array),
        _ => return None,
    };
    Some(Source::Numbers { array, first: first.parse().ok()?, step: step.parse().ok()? })
}

impl FromStr for Routine {
    type Err = ParseRoutineError;

    fn from_str(text: &str) -> Result<Self, ParseRoutineError> {
        let mut routine = Routine::default();
        let mut stage_lines = Vec::new();
        let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()).peekable();
        while let Some((number, line)) = lines.next() {
            if let Some(first) = line.strip_prefix('|') {
                // Lines are counted from the begin of the whole text.
                let mut tape = "\n".repeat(number) + first + "\n";
                // A tape ends with its outputs.
                while !tape.lines().last().is_some_and(|line| line.trim_start().starts_with("outputs"))
                    && let Some((_, next)) = lines.next_if(|(_, line)| line.starts_with('|'))
                {
                    tape.push_str(&format!("{}\n", &next[1..]));
                }
                let number = routine.tapes.len();
                let tape = tape.parse().map_err(|error| ParseRoutineError::Tape { tape: number, error })?;
                routine.tapes.push(tape);
                continue;
            }
            let mut words = Words { line: number + 1, words: line.split_whitespace().peekable() };
            match words.words.next().unwrap_or_default() {
                "routine" => routine.name = words.next("a name", |word| Some(word.to_owned()))?,
                "input" => routine.inputs.push(words.argument()?),
                "output" => routine.outputs.push(words.argument()?),
                "buffer" => routine.buffers.push(words.count()?),
                "spare" => routine.spare = words.count()?,
                "accumulates" => routine.accumulates = true,
                "table" => {
                    let mut table = Vec::new();
                    while words.words.peek().is_some() {
                        table.push(words.number()?);
                    }
                    routine.tables.push(table);
                }
                stage => {
                    routine.steps.push(words.step(stage)?);
                    stage_lines.push(number + 1);
                    continue;
                }
            }
            words.end()?;
        }
        routine.verify().map_err(|error| match error.stage() {
            Some(stage) => ParseRoutineError::Stage { line: stage_lines[stage], error },
            None => ParseRoutineError::Routine(error),
        })?;
        Ok(routine)
    }
}
