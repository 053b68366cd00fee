//! What a file asks to `report`, evaluated with trained parameters.

use std::io::Write;
use std::path::Path;

use super::{RunFiles, Trained};
use crate::dataset::{Table, write_csv};
use crate::expr::Expr;
use crate::pipeline::{Backend, CompileError, Lowered};
use crate::report::files::{WriteError, write_atomic_with};

/// Times at which a function of time is evaluated, both ends among them.
const TIMES: usize = 201;

/// The value of a report.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportValue {
    /// Its name.
    pub name: String,
    /// Its value; of a function of time the last one.
    pub value: f64,
    /// The function of time, if it is one.
    pub series: Option<Series>,
}

/// A function of time.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// The name of the time axis.
    pub axis: String,
    /// The times, from the first to the last.
    pub times: Vec<f64>,
    /// The values there.
    pub values: Vec<f64>,
}

/// The values of all reports of a problem, in the order of the file; `thetas` has the parameters of each window of time
/// that was begun.
///
/// # Errors
/// [`CompileError`] if a formula has no program.
pub fn report_values(lowered: &Lowered, thetas: &[&[f64]], backend: Backend) -> Result<Vec<ReportValue>, CompileError> {
    let model = &lowered.model;
    let formulas: Vec<Expr> = model.reports.iter().map(|report| report.value).collect();
    if formulas.is_empty() {
        return Ok(Vec::new());
    }
    let time = model.reports.iter().find_map(|report| report.time);
    let count = if time.is_some() { TIMES } else { 1 };
    let columns: Vec<Vec<f64>> = model
        .axes
        .iter()
        .enumerate()
        .map(|(number, axis)| {
            let along = |i: usize| axis.lower + (axis.upper - axis.lower) * i as f64 / (TIMES - 1) as f64;
            match time {
                Some(time) if time == number => {
                    let last = std::iter::once(axis.upper);
                    (0..count - 1).map(along).chain(last).collect()
                }
                // No report depends on the other axes in space.
                _ => vec![axis.value.unwrap_or(axis.lower.midpoint(axis.upper)); count],
            }
        })
        .collect();
    let values = Trained::new(lowered, &lowered.description.graph, &formulas, backend)?.evaluate(thetas, &columns);
    let value = |(report, values): (&crate::model::Report, Vec<f64>)| ReportValue {
        name: report.name.clone(),
        value: values[count - 1],
        series: report.time.map(|axis| Series {
            axis: model.axes[axis].name.clone(),
            times: columns[axis].clone(),
            values,
        }),
    };
    Ok(model.reports.iter().zip(values).map(value).collect())
}

/// Writes the functions of time into the run folder, one CSV file each.
///
/// # Errors
/// [`WriteError`] if a file can't be written.
pub fn write_series(files: &RunFiles, reports: &[ReportValue]) -> Result<(), WriteError> {
    for report in reports {
        if let Some(series) = &report.series {
            write_one(&files.report(&report.name), &report.name, series)?;
        }
    }
    Ok(())
}

fn write_one(path: &Path, name: &str, series: &Series) -> Result<(), WriteError> {
    let table = Table {
        names: vec![series.axis.clone(), name.to_owned()],
        columns: vec![series.times.clone(), series.values.clone()],
    };
    write_atomic_with(path, |file| {
        let mut out = std::io::BufWriter::new(file);
        write_csv(&table, &mut out).map_err(std::io::Error::other)?;
        out.flush()
    })
}
