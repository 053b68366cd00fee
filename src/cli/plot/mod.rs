//! `pdec plot`: figures of a run, or of a file before it is trained.

mod alignment;
mod conditions;
mod fields;
mod loss;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::problem::{check_file, refuse};
use super::solution::Solution;
use super::{CliError, Context, Document, Overrides, Status};
use crate::diagnostic::Source;
use crate::model::{self, Formulas};
use crate::report::files;
use crate::report::{Figure, Panel, PlotError};
use crate::syntax;
use crate::train::{LogEntry, RunFiles, read_log};

/// Draw the solution, its error and the loss of a run, or the conditions of a file
#[derive(Debug, Args)]
pub struct Arguments {
    /// Folder of a run, name of a problem for its latest run, a model file, or a problem file
    #[arg(value_name = "RUN|FILE")]
    what: PathBuf,
    /// The figure, .svg or .png [default: in the folder of the run]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Draw the unknowns, with exact solution and error (the default for a run)
    #[arg(long)]
    fields: bool,
    /// Hold an axis at a value, such as t=0.5; may be given several times
    #[arg(long, value_name = "AXIS=VALUE")]
    slice: Vec<String>,
    /// Draw the loss
    #[arg(long)]
    loss: bool,
    /// Draw how gradients point, of a run that was trained with `--log alignment`
    #[arg(long)]
    alignment: bool,
    /// Draw which condition holds where (the default for a file)
    #[arg(long)]
    conditions: bool,
    #[command(flatten)]
    overrides: Overrides,
}

#[derive(Serialize)]
struct Body<'a> {
    output: &'a Path,
}

/// Draws a figure and says where it is.
///
/// # Errors
/// [`CliError`] for wrong usage, and where a file can't be read or written.
pub fn run(arguments: &Arguments, context: &Context) -> Result<ExitCode, CliError> {
    context.in_pool(|| plot(arguments, context))?
}

fn plot(arguments: &Arguments, context: &Context) -> Result<ExitCode, CliError> {
    let is_problem = arguments.what == Path::new("-") || arguments.what.extension().is_some_and(|e| e == "pde");
    if is_problem { plot_file(arguments, context) } else { plot_run(arguments, context) }
}

fn plot_file(arguments: &Arguments, context: &Context) -> Result<ExitCode, CliError> {
    if arguments.fields || arguments.loss || arguments.alignment || !arguments.slice.is_empty() {
        let text = "a file that is not trained has conditions only; give the folder of a run";
        return Err(CliError::Usage(text.to_owned()));
    }
    let overrides = model::Overrides::parse(&arguments.overrides.texts())?;
    let checked = check_file(&arguments.what, &overrides, &arguments.overrides.reading.allow_read, context)?;
    let Some(model) = &checked.model else { return refuse(&checked, context) };
    let seed = arguments.overrides.seed.or(model.settings.seed).unwrap_or(0);
    let default = PathBuf::from(format!("{}_conditions.svg", model.name));
    let statements = checked.ast.as_ref().map_or(&[][..], |ast| &ast.statements);
    let panel = conditions::panel(model, seed, checked.source.text(), statements)?;
    save(Figure::row(vec![panel]), arguments, &default, context)
}

fn plot_run(arguments: &Arguments, context: &Context) -> Result<ExitCode, CliError> {
    let (set, allowed) = (arguments.overrides.texts(), &arguments.overrides.reading.allow_read);
    let mut solution = Solution::load(&arguments.what, &Formulas::default(), &set, allowed, context)?;
    let slices = slices(&arguments.slice, solution.model())?;
    let mut panels: Vec<Panel> = Vec::new();
    let mut columns = 0;
    let mut name = "conditions.svg";
    if arguments.fields || !(arguments.loss || arguments.alignment || arguments.conditions) {
        (panels, columns) = fields::panels(&mut solution, &slices)?;
        name = "fields.svg";
    }
    if arguments.loss || arguments.alignment {
        let Some(run) = &solution.files else {
            return Err(CliError::Usage("a model file has no log; give the folder of its run".to_owned()));
        };
        let entries = log_of(run)?;
        if arguments.loss {
            name = if panels.is_empty() { "loss.svg" } else { "plot.svg" };
            panels.push(loss::panel(&entries));
        }
        if arguments.alignment {
            name = if panels.is_empty() { "alignment.svg" } else { "plot.svg" };
            panels.push(alignment::panel(&entries)?);
        }
    }
    if arguments.conditions {
        name = if panels.is_empty() { name } else { "plot.svg" };
        let (ast, _) = syntax::parse(&Source::new("", &solution.text));
        let statements = ast.map(|ast| ast.statements).unwrap_or_default();
        panels.push(conditions::panel(solution.model(), 0, &solution.text, &statements)?);
    }
    let figure = Figure { title: solution.model().name.clone(), panels, columns };
    save(figure, arguments, &solution.folder.join(name), context)
}

/// The lines of the log of a run.
fn log_of(run: &RunFiles) -> Result<Vec<LogEntry>, CliError> {
    let path = run.log();
    let entries = read_log(&path).map_err(|source| CliError::Read { path: path.clone(), source })?;
    if entries.is_empty() {
        return Err(CliError::Damaged { path, reason: "it has no steps".to_owned() });
    }
    Ok(entries)
}

/// `t=0.5`
fn slices(texts: &[String], model: &model::Model) -> Result<Vec<fields::Slice>, CliError> {
    let mut slices: Vec<fields::Slice> = Vec::new();
    for text in texts {
        let usage = |why: String| CliError::Usage(format!("`--slice {text}`: {why}"));
        let (name, value) = text.split_once('=').ok_or_else(|| usage("write AXIS=VALUE, such as t=0.5".to_owned()))?;
        let Some(axis) = model.axes.iter().position(|a| a.name == name.trim()) else {
            let known: Vec<&str> = model.axes.iter().map(|a| a.name.as_str()).collect();
            return Err(usage(format!("there is no such axis; there are {}", known.join(", "))));
        };
        let value: f64 = value.trim().parse().map_err(|_| usage(format!("`{value}` is no number")))?;
        let range = model.axes[axis].lower..=model.axes[axis].upper;
        if !range.contains(&value) {
            return Err(usage(format!("the axis goes from {} to {}", range.start(), range.end())));
        }
        if slices.iter().any(|(a, _)| *a == axis) {
            return Err(usage("the axis is held already".to_owned()));
        }
        slices.push((axis, value));
    }
    Ok(slices)
}

fn save(figure: Figure, arguments: &Arguments, default: &Path, context: &Context) -> Result<ExitCode, CliError> {
    let path = arguments.output.as_deref().unwrap_or(default);
    write_figure(&figure, path)?;
    if context.json {
        Document::new(Status::Ok, Body { output: path }).print(context)?;
    } else {
        context.print(&format!("{}\n", path.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes a figure in the format of the file's extension.
///
/// # Errors
/// [`CliError`] for another extension than `svg` and `png`, and if the file can't be written.
pub fn write_figure(figure: &Figure, path: &Path) -> Result<(), CliError> {
    let extension = path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    let bytes = match extension.as_str() {
        "svg" => figure.svg()?.into_bytes(),
        "png" => figure.png()?,
        _ => return Err(PlotError::Format { extension }.into()),
    };
    Ok(files::write_atomic(path, &bytes)?)
}
