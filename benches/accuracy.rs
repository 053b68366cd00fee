//! What training reaches: every file of `pdes/` with its own settings, as a Markdown table.
//!
//! ```console
//! $ cargo bench --bench accuracy                                          # all files, seed 0
//! $ cargo bench --bench accuracy -- pdes/heat.pde --seeds 0..9 --json heat.json
//! ```
//!
//! Runs follow one another, each on all threads. Errors are relative L2 norms on held-out points: against `exact` where a
//! file has it, against [`REFERENCES`] where the solution is not elementary.
//!
//! Errors near the rounding of doubles are no approximation: products of sines are sums of a few `sin` neurons (helmholtz,
//! wave), and the front of allen_cahn_wave is one `tanh` neuron. They show that training finds such neurons.

#[path = "../tests/support/cole_hopf.rs"]
mod cole_hopf;

use std::error::Error;
use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use pdec::dataset::Files;
use pdec::diagnostic::{Form, Look, Source, render};
use pdec::geometry::{AxisRange, held_out};
use pdec::kernel::Objective;
use pdec::model::{Formulas, Given, Model, Overrides};
use pdec::pipeline::{Backend, Checked, Times, assemble, check_given, lower};
use pdec::report::{Align, TextTable};
use pdec::simplify::Effort;
use pdec::train::{Limits, Session, Silent};
use serde::Serialize;

/// Train problems and print what was reached.
#[derive(Parser)]
struct Arguments {
    /// The problems [default: all of pdes/]
    files: Vec<PathBuf>,
    /// One seed, or the first and the last: `0..9` are ten
    #[arg(long, value_parser = seeds, default_value = "0")]
    seeds: RangeInclusive<u64>,
    /// The most seconds of training of each run
    #[arg(long, default_value_t = 120.0, value_parser = seconds)]
    time: f64,
    /// Write all figures of every run to this file
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// What `cargo bench` passes; without it, as under `cargo test --benches`, every run makes one step
    #[arg(long, hide = true)]
    bench: bool,
}

fn seeds(text: &str) -> Result<RangeInclusive<u64>, String> {
    let number = |text: &str| text.parse::<u64>().map_err(|error| error.to_string());
    let (first, last) = text.split_once("..").unwrap_or((text, text));
    let range = number(first)?..=number(last)?;
    if range.is_empty() { Err("the last seed comes before the first".to_owned()) } else { Ok(range) }
}

fn seconds(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    Duration::try_from_secs_f64(seconds).map(|_| seconds).map_err(|error| error.to_string())
}

/// A solution that is no formula: u at the coordinates of a point, for a problem with these parameters.
type Reference = fn(&Model, &[f64]) -> f64;

/// Problems without `exact`, by name. Each has one unknown.
const REFERENCES: [(&str, Reference); 2] = [("burgers", burgers), ("burgers_periodic", burgers)];

/// How many points a reference is evaluated on.
const REFERENCE_POINTS: usize = 4096;

fn burgers(model: &Model, point: &[f64]) -> f64 {
    cole_hopf::solution(point[0], point[1], parameter(model, "nu"), cole_hopf::FINE)
}

fn parameter(model: &Model, name: &str) -> f64 {
    let parameter = model.parameters.iter().find(|p| p.name == name);
    parameter.and_then(|p| model.graph.constant_value(p.value)).unwrap_or(f64::NAN)
}

/// What one run did.
#[derive(Serialize)]
struct Run {
    problem: String,
    seed: u64,
    unknowns: usize,
    parameters: usize,
    rows: usize,
    steps: usize,
    training_seconds: f64,
    loss: f64,
    /// By unknown; empty where no solution is known.
    relative_l2: Vec<(String, f64)>,
    stop: &'static str,
    /// Milliseconds of each stage from text to kernels.
    stages: Vec<(&'static str, f64)>,
}

impl Run {
    /// The error of the worst unknown; NaN where no solution is known, or an error is not a number.
    fn error(&self) -> f64 {
        let errors = ascending(self.relative_l2.iter().map(|(_, error)| *error).collect());
        errors.last().copied().unwrap_or(f64::NAN)
    }

    fn step_ms(&self) -> f64 {
        1e3 * self.training_seconds / self.steps.max(1) as f64
    }

    fn compile_ms(&self) -> f64 {
        self.stages.iter().map(|(_, ms)| ms).sum()
    }
}

fn run(path: &Path, seed: u64, time: f64, steps: Option<usize>) -> Result<Run, Box<dyn Error>> {
    let source = Source::new(path.display().to_string(), fs::read_to_string(path)?);
    let mut times = Times::default();
    let files = Files::below(path.parent().unwrap_or(Path::new(".")), &[]).map_err(|(_, error)| error)?;
    let given = Given { overrides: &Overrides::default(), formulas: &Formulas::default(), files: &files };
    let Checked { source, model, found, .. } = check_given(source, given, &mut times);
    let (model, _) = model.ok_or_else(|| render(&source, &found, Form::Human(Look::default())))?;
    let time = model.settings.budget.map_or(time, |budget| budget.min(time));
    let limits = Limits { time: Some(Duration::try_from_secs_f64(time)?), steps, target: model.settings.target };
    let lowered = lower(model, Effort::default(), &mut times)?;
    let compiled = assemble(lowered, seed, Backend::default(), &mut times)?;
    let mut session = Session::new(compiled, seed)?;
    let stop = session.run(limits, &mut Silent)?;
    let relative_l2 = measured(&mut session)?;
    let compiled = session.compiled();
    Ok(Run {
        problem: compiled.lowered.model.name.clone(),
        seed,
        unknowns: compiled.lowered.model.unknowns.len(),
        parameters: compiled.kernel.parameters(),
        rows: compiled.kernel.rows(),
        steps: session.total_steps(),
        training_seconds: session.seconds(),
        loss: session.term_losses().iter().map(|(_, loss)| loss).sum(),
        relative_l2,
        stop: stop.name(),
        stages: times.0.iter().map(|(name, time)| (*name, 1e3 * time.as_secs_f64())).collect(),
    })
}

fn measured(session: &mut Session) -> Result<Vec<(String, f64)>, Box<dyn Error>> {
    let lowered = &session.compiled().lowered;
    let model = &lowered.model;
    let Some((_, reference)) = REFERENCES.iter().find(|(name, _)| *name == model.name) else {
        return Ok(session.errors().into_iter().map(|e| (e.name, e.relative_l2)).collect());
    };
    let range = |a: &pdec::model::Axis| AxisRange { lower: a.lower, upper: a.upper, periodic: a.periodic };
    let ranges: Vec<AxisRange> = model.axes.iter().map(range).collect();
    let points = held_out(&ranges, REFERENCE_POINTS)?.coordinates;
    let graph = &lowered.description.graph;
    let unknown = model.unknowns[0].components[0].value;
    let values = lowered.predictor(graph, &[unknown], Backend::default())?.evaluate(session.theta(), &points).remove(0);
    let (mut difference, mut norm) = (0.0, 0.0);
    for (i, value) in values.iter().enumerate() {
        let point: Vec<f64> = points.iter().map(|column| column[i]).collect();
        let expected = reference(model, &point);
        difference += (value - expected) * (value - expected);
        norm += expected * expected;
    }
    Ok(vec![(model.unknowns[0].name.clone(), (difference / norm).sqrt())])
}

/// One line for each problem: medians over its seeds, and the worst error.
fn table(problems: &[Vec<Run>]) -> TextTable {
    let right = [
        "unknowns",
        "P",
        "N",
        "steps",
        "training",
        "relative L2 (median)",
        "(worst)",
        "ms per step",
        "text to kernels",
    ];
    let columns = std::iter::once(("problem", Align::Left)).chain(right.map(|name| (name, Align::Right)));
    let mut table = TextTable::new(columns.chain([("stopped by", Align::Left)]));
    for runs in problems {
        let median = |of: &dyn Fn(&Run) -> f64| median(runs.iter().map(of).collect());
        let worst = ascending(runs.iter().map(Run::error).collect()).pop().unwrap_or(f64::NAN);
        let mut stops: Vec<&str> = runs.iter().map(|r| r.stop).collect();
        stops.sort_unstable();
        stops.dedup();
        let first = &runs[0];
        table.row([
            first.problem.clone(),
            first.unknowns.to_string(),
            first.parameters.to_string(),
            first.rows.to_string(),
            format!("{:.0}", median(&|r| r.steps as f64)),
            format!("{:.1} s", median(&|r| r.training_seconds)),
            scientific(median(&Run::error)),
            scientific(worst),
            format!("{:.2}", median(&Run::step_ms)),
            format!("{:.1} ms", median(&Run::compile_ms)),
            stops.join(", "),
        ]);
    }
    table
}

fn scientific(error: f64) -> String {
    if error.is_nan() { "-".to_owned() } else { format!("{error:.1e}") }
}

/// A NaN comes last.
fn ascending(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_by(|a, b| a.is_nan().cmp(&b.is_nan()).then(a.total_cmp(b)));
    values
}

/// The mean of the two in the middle where their number is even.
fn median(values: Vec<f64>) -> f64 {
    let (middle, even) = (values.len() / 2, values.len().is_multiple_of(2));
    let values = ascending(values);
    if even { 0.5 * (values[middle - 1] + values[middle]) } else { values[middle] }
}

fn all_problems() -> Result<Vec<PathBuf>, std::io::Error> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("pdes");
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        files.push(entry?.path());
    }
    files.retain(|file| file.extension().is_some_and(|extension| extension == "pde"));
    files.sort();
    Ok(files)
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments = Arguments::parse();
    let files = if arguments.files.is_empty() { all_problems()? } else { arguments.files };
    let steps = (!arguments.bench).then_some(1);
    let (mut problems, mut code) = (Vec::new(), ExitCode::SUCCESS);
    for file in &files {
        let mut runs = Vec::new();
        for seed in arguments.seeds.clone() {
            match run(file, seed, arguments.time, steps) {
                Ok(run) => {
                    let (l2, seconds) = (scientific(run.error()), run.training_seconds);
                    eprintln!("{} seed {seed}: {l2} after {seconds:.1} s ({})", run.problem, run.stop);
                    runs.push(run);
                }
                Err(error) => {
                    eprintln!("{} seed {seed}: {error}", file.display());
                    code = ExitCode::FAILURE;
                }
            }
        }
        if !runs.is_empty() {
            problems.push(runs);
        }
    }
    print!("{}", table(&problems).to_markdown());
    if let Some(path) = &arguments.json {
        let runs: Vec<&Run> = problems.iter().flatten().collect();
        fs::write(path, serde_json::to_string_pretty(&runs)? + "\n")?;
    }
    Ok(code)
}
