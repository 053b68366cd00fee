//! `pdec eval`: a trained run at points.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr;

use clap::Args;
use serde::Serialize;

use super::arguments::{Reading, Setting};
use super::solution::{Solution, even, grid};
use super::train::{scientific, with_deviation};
use super::{CliError, Context, Document, Status};
use crate::dataset::{self, DataError, Table};
use crate::diagnostic::visible;
use crate::model::{Axis, Formulas, Model};
use crate::report::files;
use crate::train::{FieldError, FoundNumber, NumberRecord, ReportValue};

/// The most points of a grid.
const MOST_POINTS: usize = 50_000_000;

/// Evaluate a trained run at points, and measure its errors
#[derive(Debug, Args)]
pub struct Arguments {
    /// Folder of the run, name of the problem for its latest run, or a model file
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// Points on a grid, such as 101x101; one number is for all axes
    #[arg(long, value_name = "COUNTS", conflicts_with = "points")]
    grid: Option<Counts>,
    /// Points from the columns of a CSV or NPZ file that are named like the axes
    #[arg(long, value_name = "FILE")]
    points: Option<PathBuf>,
    /// Formulas to evaluate, such as u,u_x,u_xx-1 [default: all unknowns]
    #[arg(long, value_name = "FORMULAS")]
    fields: Option<String>,
    /// Evaluate at this value of a parametric number (`param .. in`); may be given several times
    #[arg(long = "set", value_name = "NAME=VALUE")]
    set: Vec<Setting>,
    /// Where the values go: a .csv or .npz file [default: CSV on standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    reading: Reading,
}

/// `101x51`
#[derive(Clone, Debug, PartialEq, Eq)]
struct Counts(Vec<usize>);

impl FromStr for Counts {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let count = |part: &str| match part.trim().parse::<usize>() {
            Ok(0) => Err("a grid has at least one point along each axis".to_owned()),
            Ok(count) => Ok(count),
            Err(_) => Err(format!("`{part}` is no number of points; write a grid such as 101x51")),
        };
        Ok(Self(text.split(['x', '×']).map(count).collect::<Result<_, _>>()?))
    }
}

#[derive(Serialize)]
struct Body<'a> {
    errors: BTreeMap<&'a str, ErrorRecord>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    numbers: BTreeMap<&'a str, NumberRecord>,
    reports: BTreeMap<&'a str, Option<f64>>,
    points: usize,
    output: Option<&'a Path>,
}

#[derive(Serialize)]
struct ErrorRecord {
    l2rel: f64,
    linf: f64,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    up_to_sign: bool,
}

/// Points, and their shape if they are a grid.
struct Points {
    columns: Vec<Vec<f64>>,
    shape: Option<Vec<usize>>,
}

/// Evaluates formulas of a run and measures its errors.
///
/// # Errors
/// [`CliError`] for wrong usage, and where a file can't be read or written.
pub fn run(arguments: &Arguments, context: &Context) -> Result<ExitCode, CliError> {
    context.in_pool(|| evaluate(arguments, context))?
}

fn evaluate(arguments: &Arguments, context: &Context) -> Result<ExitCode, CliError> {
    let texts = arguments.fields.as_deref().map(split).unwrap_or_default();
    if texts.iter().any(|text| text.trim().is_empty()) {
        let text = "`--fields` names an empty formula; write formulas with commas between them, such as `u,u_x`";
        return Err(CliError::Usage(text.to_owned()));
    }
    let formulas = Formulas::parse(&texts).map_err(|(text, why)| CliError::Usage(format!("`{text}`: {why}")))?;
    if let Some(path) = &arguments.output {
        format_of(path)?;
    }
    let set: Vec<String> = arguments.set.iter().map(Setting::text).collect();
    let mut solution = Solution::load(&arguments.run, &formulas, &set, &arguments.reading.allow_read, context)?;
    let names: Vec<String> = if texts.is_empty() {
        solution.formulas = solution.model().components().map(|component| component.value).collect();
        solution.model().components().map(|component| component.name.clone()).collect()
    } else {
        formulas.texts().map(str::to_owned).collect()
    };
    let errors = solution.errors()?;
    let numbers = solution.numbers();
    let reports = solution.reports()?;
    let points = points(arguments, &solution, context)?;
    let count = points.as_ref().map_or(0, |p| p.columns.first().map_or(0, Vec::len));
    let mut printed = false;
    if let Some(points) = points {
        let mut values = solution.values(&solution.formulas, &points.columns)?;
        if points.shape.is_some() {
            without_outside(solution.model(), &points.columns, &mut values);
        }
        let axes = solution.model().axes.iter().map(|axis| axis.name.clone());
        let columns = points.columns.into_iter().chain(values).collect();
        let table = Table { names: axes.chain(names).collect(), columns };
        match &arguments.output {
            Some(path) => save(&table, points.shape.as_deref(), path)?,
            None if !context.json => {
                printed = true;
                print(&table, context)?;
            }
            None => {}
        }
    }
    let output = arguments.output.as_deref();
    if context.json {
        let record =
            |e: &'_ FieldError| ErrorRecord { l2rel: e.relative_l2, linf: e.maximum, up_to_sign: e.up_to_sign };
        let value = |report: &'_ ReportValue| Some(report.value).filter(|value| value.is_finite());
        let values = reports.iter().map(|report| (report.name.as_str(), value(report))).collect();
        let errors = errors.iter().map(|e| (e.name.as_str(), record(e))).collect();
        let record = |n: &'_ FoundNumber| NumberRecord { value: Some(n.value), sd: n.deviation };
        let numbers = numbers.iter().map(|n| (n.name.as_str(), record(n))).collect();
        Document::new(Status::Ok, Body { errors, numbers, reports: values, points: count, output }).print(context)?;
    } else if printed {
        // Standard output is a table already.
        context.say(text(&errors, &numbers, &reports).trim_end());
    } else {
        context.print(&text(&errors, &numbers, &reports))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn text(errors: &[FieldError], numbers: &[FoundNumber], reports: &[ReportValue]) -> String {
    if errors.is_empty() && numbers.is_empty() && reports.is_empty() {
        return "no exact solution is known\n".to_owned();
    }
    let names = errors.iter().map(|e| &e.name).chain(numbers.iter().map(|n| &n.name));
    let names = names.chain(reports.iter().map(|r| &r.name));
    let width = names.map(|name| name.chars().count()).max().unwrap_or(0);
    let line = |e: &FieldError| {
        let (l2, largest) = (scientific(e.relative_l2, 1), scientific(e.maximum, 1));
        let sign = if e.up_to_sign { " (up to sign)" } else { "" };
        format!("{:width$}  relative L2 error {l2}, largest error {largest}{sign}\n", e.name)
    };
    let number = |n: &FoundNumber| format!("{:width$}  {}\n", n.name, with_deviation(n.value, n.deviation));
    let value = |r: &ReportValue| format!("{:width$}  {}\n", r.name, r.value);
    errors.iter().map(line).chain(numbers.iter().map(number)).chain(reports.iter().map(value)).collect()
}

/// At commas outside of brackets.
pub(super) fn split(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut depth = 0_i32;
    for c in text.chars() {
        depth += i32::from(matches!(c, '(' | '[')) - i32::from(matches!(c, ')' | ']'));
        match parts.last_mut() {
            Some(part) if c != ',' || depth > 0 => part.push(c),
            _ => parts.push(String::new()),
        }
    }
    parts
}

/// The points that were asked for; a default grid if only a file is named, nothing if not even that.
fn points(arguments: &Arguments, solution: &Solution, context: &Context) -> Result<Option<Points>, CliError> {
    if let Some(path) = &arguments.points {
        return from_file(path, solution, context).map(Some);
    }
    // A parametric number is held at its value.
    let axes = &solution.model().axes;
    let free = axes.iter().filter(|axis| axis.value.is_none()).count();
    let counts = match (&arguments.grid, &arguments.output) {
        (Some(counts), _) => match counts.0[..] {
            [count] => vec![count; free],
            _ if counts.0.len() == free => counts.0.clone(),
            _ => {
                let text = format!("a grid of {} axes, but the problem has {free}", counts.0.len());
                return Err(CliError::Usage(text));
            }
        },
        (None, Some(_)) if (1..=3).contains(&free) => vec![[201, 101, 41][free - 1]; free],
        (None, Some(_)) => return Err(CliError::Usage("say at which points: `--grid` or `--points`".to_owned())),
        (None, None) => return Ok(None),
    };
    let total = counts.iter().try_fold(1_usize, |total, &count| total.checked_mul(count));
    if total.is_none_or(|total| total > MOST_POINTS) {
        return Err(CliError::Usage(format!("a grid has at most {MOST_POINTS} points")));
    }
    let mut along = counts.iter();
    let line = |axis: &Axis| match axis.value {
        Some(value) => vec![value],
        None => even(axis.lower, axis.upper, along.next().copied().unwrap_or(1)),
    };
    let lines: Vec<Vec<f64>> = axes.iter().map(line).collect();
    Ok(Some(Points { columns: grid(&lines), shape: Some(counts) }))
}

/// On a grid around a shape, what lies outside of the shape has no value.
pub fn without_outside(model: &Model, columns: &[Vec<f64>], values: &mut [Vec<f64>]) {
    if model.shape.is_none() {
        return;
    }
    let tolerance = 1e-12;
    for i in 0..columns.first().map_or(0, Vec::len) {
        let point: Vec<f64> = columns.iter().map(|column| column[i]).collect();
        if model.outside(&point) > tolerance {
            values.iter_mut().for_each(|column| column[i] = f64::NAN);
        }
    }
}

fn from_file(path: &Path, solution: &Solution, context: &Context) -> Result<Points, CliError> {
    let data = |source| CliError::Data { path: path.to_owned(), source };
    let table = dataset::read(path).map_err(data)?;
    let axes = &solution.model().axes;
    let mut columns = Vec::with_capacity(axes.len());
    for axis in axes {
        let column = match (table.column(&axis.name), axis.value) {
            (Err(_), Some(value)) => vec![value; table.rows()],
            (column, _) => column.map_err(data)?.to_vec(),
        };
        let outside = column.iter().filter(|x| **x < axis.lower || **x > axis.upper).count();
        if outside > 0 && !axis.periodic {
            context.say(&format!("warning: {outside} points are outside of the domain along {}", axis.name));
        }
        columns.push(column);
    }
    if solution.model().shape.is_some() {
        let point = |i: usize| columns.iter().map(|column| column[i]).collect::<Vec<f64>>();
        let count = columns.first().map_or(0, Vec::len);
        let outside = (0..count).filter(|&i| solution.model().outside(&point(i)) > 1e-9).count();
        if outside > 0 {
            context.say(&format!("warning: {outside} points are outside of the shape of the domain"));
        }
    }
    Ok(Points { columns, shape: None })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Csv,
    Npz,
}

fn format_of(path: &Path) -> Result<Format, CliError> {
    match path.extension().and_then(|e| e.to_str()) {
        Some("csv") => Ok(Format::Csv),
        Some("npz") => Ok(Format::Npz),
        _ => Err(CliError::Usage(format!("`{}`: values are written as .csv or .npz", path.display()))),
    }
}

fn save(table: &Table, shape: Option<&[usize]>, path: &Path) -> Result<(), CliError> {
    let format = format_of(path)?;
    let write = |file: &mut File| {
        let mut out = BufWriter::new(file);
        let done = match format {
            Format::Csv => dataset::write_csv(table, &mut out),
            Format::Npz => dataset::write_npz(table, shape, &mut out),
        };
        match done {
            Err(DataError::Io(error)) => Err(error),
            Err(other) => Err(std::io::Error::other(other)),
            Ok(()) => std::io::Write::flush(&mut out),
        }
    };
    Ok(files::write_atomic_with(path, write)?)
}

fn print(table: &Table, context: &Context) -> Result<(), CliError> {
    let mut bytes = Vec::new();
    dataset::write_csv(table, &mut bytes).map_err(|e| CliError::Output(std::io::Error::other(e)))?;
    // Names of columns are formulas as they were typed.
    let text = String::from_utf8_lossy(&bytes);
    let (header, rows) = text.split_once('\n').unwrap_or((&text, ""));
    context.print(&format!("{}\n{rows}", visible(header)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grids_are_counts() {
        assert_eq!("101x51".parse(), Ok(Counts(vec![101, 51])));
        for wrong in ["0x0", "", "x", "10x", "a", "-1", "1e3", "99999999999999999999"] {
            assert!(wrong.parse::<Counts>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn formulas_are_split_outside_of_brackets() {
        assert_eq!(split("u,u_x - 1,d(u, x, 2)"), ["u", "u_x - 1", "d(u, x, 2)"]);
        assert_eq!(split("u),v"), ["u)", "v"]);
    }
}
