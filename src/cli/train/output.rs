//! What `output` statements ask for: fields on grids, written into the run folder behind training.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::cli::eval::without_outside;
use crate::cli::solution::{Solution, even, grid};
use crate::cli::{CliError, Context};
use crate::dataset::{self, DataError, Table};
use crate::model::{Axis, Formulas, Output, OutputFormat};
use crate::report::files;
use crate::report::vtk::{ImageAxis, write_image, write_series};
use crate::train::RunFiles;

/// Writes all outputs of a trained run; gives the files in order.
///
/// # Errors
/// [`CliError`] if a formula can't be evaluated or a file not be written.
pub fn write(files: &RunFiles, allowed: &[PathBuf], context: &Context) -> Result<Vec<PathBuf>, CliError> {
    let solution = Solution::load(files.folder(), &Formulas::default(), &[], allowed, context)?;
    let mut written = Vec::new();
    for (number, output) in solution.model().outputs.iter().enumerate() {
        let name = if number == 0 { "fields".to_owned() } else { format!("fields_{}", number + 1) };
        let path = files.folder().join(format!("{name}.{}", output.format.name()));
        written.push(write_one(&solution, output, &path)?);
    }
    Ok(written)
}

fn write_one(solution: &Solution, output: &Output, path: &Path) -> Result<PathBuf, CliError> {
    let lines = lines(solution, output);
    let formulas: Vec<_> = output.columns.iter().map(|(_, value)| *value).collect();
    let points = grid(&lines);
    let mut values = solution.values(&formulas, &points)?;
    without_outside(solution.model(), &points, &mut values);
    let names = output.columns.iter().map(|(name, _)| name.clone());
    if output.format == OutputFormat::Vti {
        return images(solution, output, &lines, &values, path);
    }
    let axes = solution.model().axes.iter().map(|axis| axis.name.clone());
    let table = Table { names: axes.chain(names).collect(), columns: points.into_iter().chain(values).collect() };
    let shape: Vec<usize> = lines.iter().map(Vec::len).collect();
    written(path, |out| {
        let done = match output.format {
            OutputFormat::Csv => dataset::write_csv(&table, &mut *out),
            OutputFormat::Npz | OutputFormat::Vti => dataset::write_npz(&table, Some(&shape), &mut *out),
        };
        done.map_err(|error| match error {
            DataError::Io(error) => error,
            other => io::Error::other(other),
        })
    })?;
    Ok(path.to_owned())
}

/// The coordinates along each axis; parametric numbers are held at their values.
fn lines(solution: &Solution, output: &Output) -> Vec<Vec<f64>> {
    let mut counts = output.counts.iter();
    let line = |axis: &Axis| match axis.value {
        Some(value) => vec![value],
        None => even(axis.lower, axis.upper, counts.next().copied().unwrap_or(1)),
    };
    solution.model().axes.iter().map(line).collect()
}

/// An image, or one for each time and their list.
fn images(
    solution: &Solution,
    output: &Output,
    lines: &[Vec<f64>],
    values: &[Vec<f64>],
    path: &Path,
) -> Result<PathBuf, CliError> {
    let axes = &solution.model().axes;
    let time = solution.model().time();
    let image: Vec<ImageAxis> = lines
        .iter()
        .enumerate()
        .filter(|(axis, _)| Some(*axis) != time && axes[*axis].value.is_none())
        .map(image_axis)
        .collect();
    let size: usize = image.iter().map(|axis| axis.count).product();
    let part = |step: usize| {
        let columns = output.columns.iter().zip(values);
        columns.map(|((name, _), values)| (name.as_str(), &values[step * size..(step + 1) * size])).collect::<Vec<_>>()
    };
    let Some(time) = time else {
        written(path, |out| write_image(&image, &part(0), out))?;
        return Ok(path.to_owned());
    };
    // Time is the first axis, so that its steps lie one behind the other.
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let mut steps = Vec::with_capacity(lines[time].len());
    for (step, &at) in lines[time].iter().enumerate() {
        let name = format!("{stem}_{step:04}.vti");
        written(&path.with_file_name(&name), |out| write_image(&image, &part(step), out))?;
        steps.push((at, name));
    }
    let list = path.with_extension("pvd");
    written(&list, |out| write_series(&steps, out))?;
    Ok(list)
}

fn image_axis((_, line): (usize, &Vec<f64>)) -> ImageAxis {
    let spacing = if line.len() > 1 { line[1] - line[0] } else { 1.0 };
    ImageAxis { origin: line[0], spacing, count: line.len() }
}

fn written(path: &Path, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), CliError> {
    let write = |file: &mut File| {
        let mut out = BufWriter::new(file);
        fill(&mut out)?;
        out.flush()
    };
    Ok(files::write_atomic_with(path, write)?)
}
