//! `pdec bench`: what the kernels of a problem cost in this process.
//!
//! Every block of points is timed by itself, on one thread: by the interpreter, in machine code of formulas as they stand,
//! simplified, and simplified with patience, and by the kernel that `pdec emit` makes.

mod measure;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::problem::{Checked, check_file, refuse};
use super::{CliError, Context, Document, Overrides, Status};
use crate::codegen::{self, Loaded, Machine, load};
use crate::emit::{self, Fields, Request};
use crate::kernel::{Kernel, Metric, Objective, PointSet, Role};
use crate::linalg::RowTiles;
use crate::model::{self, Model};
use crate::pipeline::{self, Backend, Lowered, Times};
use crate::report::{Align, TextTable};
use crate::routine::{Kind, Routine};
use crate::simplify::Effort;
use crate::vmath::services::Scalar;
use measure::{Roof, best_time, roof};

/// Time the kernels of a problem: against the interpreter, by effort of simplification, and standing alone
#[derive(Debug, Args)]
pub struct Arguments {
    /// The problem; `-` is standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    overrides: Overrides,
}

/// What is timed of each block.
const KINDS: [Kind; 3] = [Kind::Residual, Kind::Gradient, Kind::Jacobian];

/// The ways of training: their names, and how they are made.
const WAYS: [(&str, Effort, Backend); 4] = [
    ("interpreter", Effort::Standard, Backend::Interpreter),
    ("unsimplified", Effort::Off, Backend::Jit),
    ("simplified", Effort::Standard, Backend::Jit),
    ("maximal", Effort::Maximal, Backend::Jit),
];

#[derive(Serialize)]
struct Body<'a> {
    file: &'a str,
    machine: Roof,
    kernels: &'a [Row],
}

/// One kernel of one block. Times are in nanoseconds a point.
#[derive(Serialize)]
struct Row {
    block: String,
    kernel: &'static str,
    points: usize,
    /// By the interpreter and the three efforts; none where training has no such kernel.
    training: Vec<Option<f64>>,
    standalone: f64,
    /// Of the kernel that stands alone.
    gigaflops: f64,
    gigabytes: f64,
    percent_of_roof: f64,
}

/// Prints a table of times.
///
/// # Errors
/// [`CliError`] if the file can't be read or its problem can't be compiled.
pub fn run(arguments: &Arguments, context: &Context) -> Result<ExitCode, CliError> {
    // One thread, so that times are those of the code.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    pool.install(|| bench(arguments, context))
}

fn bench(arguments: &Arguments, context: &Context) -> Result<ExitCode, CliError> {
    let overrides = model::Overrides::parse(&arguments.overrides.texts())?;
    let checked = check_file(&arguments.file, &overrides, &arguments.overrides.reading.allow_read, context)?;
    let Checked { source, model: Some(model), found, .. } = &checked else { return refuse(&checked, context) };
    let model = model.window(0);
    let seed = arguments.overrides.seed.or(model.settings.seed).unwrap_or(0);
    let machine = roof();
    let mut rows = standalone(&model, source.text(), seed, &machine)?;
    for (_, effort, backend) in WAYS {
        let lowered = pipeline::lower(model.clone(), effort, &mut Times::default())?;
        training(lowered, seed, backend, &mut rows)?;
    }
    let file = source.name();
    if context.json {
        Document::new(Status::of(found), Body { file, machine, kernels: &rows }).print(context)?;
    } else {
        context.print(&text(&rows, &machine))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn text(rows: &[Row], machine: &Roof) -> String {
    let names = WAYS.iter().map(|(name, ..)| (*name, Align::Right));
    let first = [("terms", Align::Left), ("kernel", Align::Left), ("points", Align::Right)];
    let last = ["standalone", "GFLOP/s", "GB/s", "of roof"].map(|name| (name, Align::Right));
    let mut table = TextTable::new(first.into_iter().chain(names).chain(last));
    for row in rows {
        let time = |time: &Option<f64>| time.map_or("-".to_owned(), |time| format!("{time:.1}"));
        let mut cells = vec![row.block.clone(), row.kernel.to_owned(), row.points.to_string()];
        cells.extend(row.training.iter().map(time));
        cells.push(format!("{:.1}", row.standalone));
        cells.push(format!("{:.2}", row.gigaflops));
        cells.push(format!("{:.2}", row.gigabytes));
        cells.push(format!("{:.0} %", row.percent_of_roof));
        table.row(cells);
    }
    format!(
        "nanoseconds a point, one thread; products of matrices run at {:.1} GFLOP/s here, copies at {:.1} GB/s\n{}",
        machine.gigaflops,
        machine.gigabytes,
        table.to_text()
    )
}

/// Times of the kernels that stand alone, one row each.
fn standalone(model: &Model, text: &str, seed: u64, machine: &Roof) -> Result<Vec<Row>, CliError> {
    let request = Request {
        kinds: KINDS.to_vec(),
        scalar: Scalar::F64,
        machine: Machine::Native,
        prefix: "bench".to_owned(),
        effort: Effort::Standard,
    };
    let fields = Fields { graph: &model.graph, formulas: &[], names: &[], theta: None };
    let library = emit::plan(model, text, &fields, request, &mut Times::default())?;
    let routines: Vec<&Routine> = library.kernels.iter().map(|kernel| &kernel.routine).collect();
    let loaded = load(&routines, &codegen::Options::default())?;
    let lowered = pipeline::lower(model.clone(), Effort::Off, &mut Times::default())?;
    let sets = lowered.draw_all(seed)?;
    let mut rows = Vec::new();
    for (kernel, loaded) in library.kernels.iter().zip(&loaded) {
        let is_own = |block: &crate::sample::Block| model.terms[block.terms[0]].label == kernel.terms[0];
        let Some(block) = lowered.blocks.iter().position(is_own) else { continue };
        let points = sets[block].len();
        let seconds = call(&kernel.routine, loaded, &sets[block]);
        let cost = kernel.routine.cost();
        let flops = (cost.flops * points) as f64;
        let bytes = (8 * (cost.numbers * points + cost.fixed_numbers)) as f64;
        rows.push(Row {
            block: kernel.terms.join(", "),
            kernel: kernel.kind.name(),
            points,
            training: Vec::new(),
            standalone: 1e9 * seconds / points.max(1) as f64,
            gigaflops: 1e-9 * flops / seconds,
            gigabytes: 1e-9 * bytes / seconds,
            percent_of_roof: 100.0 * 1e-9 * flops / seconds / machine.at(flops / bytes),
        });
    }
    Ok(rows)
}

/// The time of a call at the points of a block. What else it reads does not change the time.
fn call(routine: &Routine, loaded: &Loaded, set: &PointSet) -> f64 {
    let n = set.len();
    let columns: Vec<&[f64]> = set.coordinates.iter().map(Vec::as_slice).collect();
    let given = |(i, input): (usize, &crate::routine::Argument)| match columns.get(i) {
        Some(column) => column.to_vec(),
        None if input.batched => vec![0.5; input.numbers() * n],
        None => parameters(input.numbers()),
    };
    let inputs: Vec<Vec<f64>> = routine.inputs.iter().enumerate().map(given).collect();
    let inputs: Vec<&[f64]> = inputs.iter().map(Vec::as_slice).collect();
    let length = |o: &crate::routine::Argument| o.numbers() * if o.batched { n } else { 1 };
    let mut outputs: Vec<Vec<f64>> = routine.outputs.iter().map(|output| vec![0.0; length(output)]).collect();
    let mut work = loaded.workspace();
    best_time(|| {
        let mut slices: Vec<Option<&mut [f64]>> = outputs.iter_mut().map(|o| Some(o.as_mut_slice())).collect();
        loaded.call_in(n, &inputs, &mut slices, &mut work);
    })
}

/// Some parameters.
fn parameters(count: usize) -> Vec<f64> {
    (0..count).map(|i| 0.5 * (i as f64 * 0.7).sin()).collect()
}

/// Adds the times of the kernel of training to the rows.
fn training(lowered: Lowered, seed: u64, backend: Backend, rows: &mut [Row]) -> Result<(), CliError> {
    let sets = lowered.draw_all(seed)?;
    let nowhere: Vec<PointSet> = sets.iter().map(|set| set.select(&[])).collect();
    let mut kernel = Kernel::new(&lowered.description, &lowered.tapes, &nowhere, &backend)?;
    let theta = parameters(kernel.parameters());
    for row in rows {
        let is_own = |block: &crate::sample::Block| {
            row.block.split(", ").next() == Some(&lowered.model.terms[block.terms[0]].label)
        };
        let Some(block) = lowered.blocks.iter().position(is_own) else { continue };
        kernel.set_points(block, &sets[block]);
        let seconds = match row.kernel {
            "residual" => Some(values(&kernel, &theta)),
            "gradient" => Some(gradient(&kernel, &theta)),
            // The rows of an energy are those of its metric.
            _ if lowered.description.blocks[block].role == Role::Energy => None,
            _ => Some(jacobian(&kernel, &theta)),
        };
        row.training.push(seconds.map(|seconds| 1e9 * seconds / row.points.max(1) as f64));
        kernel.set_points(block, &nowhere[block]);
    }
    Ok(())
}

fn values(kernel: &Kernel, theta: &[f64]) -> f64 {
    let mut values = vec![0.0; kernel.rows()];
    best_time(|| kernel.values(theta, &mut values))
}

fn gradient(kernel: &Kernel, theta: &[f64]) -> f64 {
    let mut gradient = vec![0.0; theta.len()];
    best_time(|| drop_value(kernel.gradient(theta, &mut gradient)))
}

fn jacobian(kernel: &Kernel, theta: &[f64]) -> f64 {
    let mut rows = RowTiles::new(&kernel.row_tiles(Metric::GaussNewton), theta.len());
    let mut gradient = vec![0.0; theta.len()];
    best_time(|| drop_value(kernel.linearize(theta, Metric::GaussNewton, &mut rows, &mut gradient)))
}

/// A result that only its time counts of.
fn drop_value(value: f64) {
    std::hint::black_box(value);
}
