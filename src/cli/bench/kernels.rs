//! The kernels of a problem in this process.
//!
//! Every block of points is timed by itself, on one thread: in training by the interpreter, in machine code of formulas as
//! they stand, simplified, and simplified with patience; and by the kernels that `pdec emit` makes, over several numbers of
//! points and beside what the machine can do.

use std::process::ExitCode;

use serde::Serialize;

use super::Arguments;
use crate::cli::measure::{Roof, best_time};
use crate::cli::problem::{Checked, check_file, refuse};
use crate::cli::{CliError, Context, Document, Status};
use crate::codegen::{self, Loaded, Machine, load};
use crate::emit::{self, Fields, Request};
use crate::kernel::{Kernel, Metric, Objective, PointSet, Role};
use crate::linalg::RowTiles;
use crate::model::{self, Model};
use crate::pipeline::{self, Backend, Lowered, Times};
use crate::report::{Align, TextTable};
use crate::routine::{Argument, Kind, Routine};
use crate::simplify::Effort;
use crate::vmath::services::Scalar;

/// Kernels that training has, too.
const TRAINED: [Kind; 3] = [Kind::Residual, Kind::Gradient, Kind::Jacobian];

/// The ways of training: their names, and how they are made.
const WAYS: [(&str, Effort, Backend); 4] = [
    ("interpreter", Effort::Standard, Backend::Interpreter),
    ("unsimplified", Effort::Off, Backend::Jit),
    ("simplified", Effort::Standard, Backend::Jit),
    ("maximal", Effort::Maximal, Backend::Jit),
];

/// How many points kernels that stand alone are called with.
const BATCHES: [usize; 4] = [8, 64, 512, 4096];

/// Calls whose arrays have more numbers are left out.
const MOST_NUMBERS: usize = 1 << 25;

#[derive(Serialize)]
struct Body<'a> {
    file: &'a str,
    machine: &'a Roof,
    ways: [&'static str; 4],
    kernels: &'a [Row],
}

/// One kernel of one block.
#[derive(Serialize)]
struct Row {
    name: String,
    block: String,
    kernel: &'static str,
    points: usize,
    /// Nanoseconds a point of training at all points of the block, for each of the ways; none where training has no such
    /// kernel.
    training: Vec<Option<f64>>,
    /// The kernel that stands alone, at all points of the block.
    standalone: f64,
    /// The same with other numbers of points.
    batches: Vec<Batch>,
}

/// A kernel that stands alone, called with some points.
#[derive(Serialize)]
struct Batch {
    points: usize,
    nanoseconds: f64,
    gigaflops: f64,
    gigabytes: f64,
    percent_of_roof: f64,
}

/// Prints two tables of times.
///
/// # Errors
/// [`CliError`] if the file can't be read or its problem can't be compiled.
pub fn bench(arguments: &Arguments, context: &Context) -> Result<ExitCode, CliError> {
    let overrides = model::Overrides::parse(&arguments.overrides.texts())?;
    let checked = check_file(arguments.path(), &overrides, &arguments.overrides.reading.allow_read, context)?;
    let Checked { source, model: Some(model), found, .. } = &checked else { return refuse(&checked, context) };
    let model = model.window(0);
    let seed = arguments.overrides.seed.or(model.settings.seed).unwrap_or(0);
    let machine = Roof::measured();
    let mut rows = standalone(&model, seed, &machine)?;
    for (_, effort, backend) in WAYS {
        let lowered = pipeline::lower(model.clone(), effort, &mut Times::default())?;
        training(lowered, seed, backend, &mut rows)?;
    }
    if context.json {
        let ways = WAYS.map(|(name, ..)| name);
        let body = Body { file: source.name(), machine: &machine, ways, kernels: &rows };
        Document::new(Status::of(found), body).print(context)?;
    } else {
        context.print(&format!("{}\n{}", of_training(&rows).to_text(), of_batches(&rows, &machine)))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The ways of training beside the kernel that stands alone, in nanoseconds a point.
fn of_training(rows: &[Row]) -> TextTable {
    let names = WAYS.map(|(name, ..)| (name, Align::Right));
    let first = [("terms", Align::Left), ("kernel", Align::Left), ("points", Align::Right)];
    let mut table = TextTable::new(first.into_iter().chain(names).chain([("standalone", Align::Right)]));
    for row in rows.iter().filter(|row| row.training.iter().any(Option::is_some)) {
        let time = |time: &Option<f64>| time.map_or("-".to_owned(), |time| format!("{time:.1}"));
        let mut cells = vec![row.block.clone(), row.kernel.to_owned(), row.points.to_string()];
        cells.extend(row.training.iter().map(time));
        cells.push(format!("{:.1}", row.standalone));
        table.row(cells);
    }
    table
}

/// Kernels that stand alone over numbers of points; rates are those of the most points.
fn of_batches(rows: &[Row], machine: &Roof) -> String {
    let batches = BATCHES.map(|points| format!("{points} points")).map(|name| (name, Align::Right));
    let rates = ["GFLOP/s", "GB/s", "of roof"].map(|name| (name.to_owned(), Align::Right));
    let mut table = TextTable::new([("kernel".to_owned(), Align::Left)].into_iter().chain(batches).chain(rates));
    for row in rows {
        let mut cells = vec![row.name.clone()];
        let batch = |points| row.batches.iter().find(|batch| batch.points == points);
        let time = |points| batch(points).map_or("-".to_owned(), |batch| format!("{:.1}", batch.nanoseconds));
        cells.extend(BATCHES.map(time));
        if let Some(last) = row.batches.last() {
            cells.push(format!("{:.2}", last.gigaflops));
            cells.push(format!("{:.2}", last.gigabytes));
            cells.push(format!("{:.0} %", last.percent_of_roof));
        }
        table.row(cells);
    }
    let [first, .., last] = machine.copies.as_slice() else { return table.to_text() };
    format!(
        "{}\nnanoseconds a point, one thread; products of matrices run at {:.1} GFLOP/s here, copies at {:.1} GB/s in the \
         first cache and {:.1} GB/s in memory\n",
        table.to_text(),
        machine.gigaflops,
        first.gigabytes,
        last.gigabytes
    )
}

/// Times of the kernels that stand alone, one row each.
fn standalone(model: &Model, seed: u64, machine: &Roof) -> Result<Vec<Row>, CliError> {
    let request = Request {
        kinds: Kind::ALL.to_vec(),
        scalar: Scalar::F64,
        machine: Machine::Native,
        prefix: "bench".to_owned(),
        effort: Effort::Standard,
    };
    let (names, formulas): (Vec<_>, Vec<_>) = model.components().map(|c| (c.name.clone(), c.value)).unzip();
    let fields = Fields { graph: &model.graph, formulas: &formulas, names: &names, theta: None };
    let library = emit::plan(model, &fields, request, &mut Times::default())?;
    let routines: Vec<&Routine> = library.kernels.iter().map(|kernel| &kernel.routine).collect();
    let loaded = load(&routines, &codegen::Options::default())?;
    let lowered = pipeline::lower(model.clone(), Effort::Off, &mut Times::default())?;
    let sets = lowered.draw_all(seed)?;
    let mut rows = Vec::new();
    for (kernel, loaded) in library.kernels.iter().zip(&loaded) {
        // Predictions belong to no term: they are made inside.
        let is_own = |block: &crate::sample::Block| model.terms[block.terms[0]].label == kernel.terms[0];
        let set = &sets[lowered.blocks.iter().position(is_own).unwrap_or(0)];
        let batch = |points: usize| {
            let (flops, bytes) = work(&kernel.routine, points);
            let seconds = call(&kernel.routine, loaded, set, points);
            Batch {
                points,
                nanoseconds: 1e9 * seconds / points as f64,
                gigaflops: 1e-9 * flops / seconds,
                gigabytes: 1e-9 * bytes / seconds,
                percent_of_roof: 100.0 * machine.least(flops, bytes) / seconds,
            }
        };
        let fits = |points: &usize| work(&kernel.routine, *points).1 <= 8.0 * MOST_NUMBERS as f64;
        rows.push(Row {
            name: kernel.routine.name.trim_start_matches("bench_").to_owned(),
            block: kernel.terms.join(", "),
            kernel: kernel.kind.name(),
            points: set.len(),
            training: Vec::new(),
            standalone: 1e9 * call(&kernel.routine, loaded, set, set.len()) / set.len().max(1) as f64,
            batches: BATCHES.into_iter().filter(fits).map(batch).collect(),
        });
    }
    Ok(rows)
}

/// Operations and bytes of a call.
fn work(routine: &Routine, points: usize) -> (f64, f64) {
    let cost = routine.cost();
    let numbers = cost.numbers * points + cost.fixed_numbers;
    ((cost.flops * points) as f64, (8 * numbers) as f64)
}

/// The time of a call at `n` points of a block, again from the first where there are fewer. What else it reads does not
/// change the time.
fn call(routine: &Routine, loaded: &Loaded, set: &PointSet, n: usize) -> f64 {
    let given = |(i, input): (usize, &Argument)| match set.coordinates.get(i) {
        Some(column) if !column.is_empty() => column.iter().copied().cycle().take(n).collect(),
        _ if input.batched => vec![0.5; input.numbers() * n],
        _ => parameters(input.numbers()),
    };
    let inputs: Vec<Vec<f64>> = routine.inputs.iter().enumerate().map(given).collect();
    let inputs: Vec<&[f64]> = inputs.iter().map(Vec::as_slice).collect();
    let mut outputs: Vec<Vec<f64>> = routine.outputs.iter().map(|output| vec![0.0; output.length(n)]).collect();
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
    for row in rows.iter_mut().filter(|row| TRAINED.iter().any(|kind| kind.name() == row.kernel)) {
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
