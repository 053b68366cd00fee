//! How long it takes from text to code that can be called, by stage: for every file of `pdes/`, for the Navier-Stokes
//! equations with all second derivatives, and from a wrong file to its diagnostics.
//!
//! ```console
//! $ cargo bench --bench compile                    # all files
//! $ cargo bench --bench compile -- heat burgers    # some
//! ```

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Instant;

use pdec::codegen::{Machine, Options, load};
use pdec::dataset::Files;
use pdec::diagnostic::{Form, Look, Source, render};
use pdec::emit::{Fields, Request, plan};
use pdec::model::{Formulas, Given, Model, Overrides};
use pdec::pipeline::{Backend, Times, assemble, check, check_given, lower};
use pdec::report::{Align, TextTable};
use pdec::routine::Kind;
use pdec::simplify::Effort;
use pdec::vmath::services::Scalar;

/// The stages as [`Times`] names them.
const STAGES: [&str; 6] = ["parse", "check", "simplify", "tape", "sample", "codegen"];

/// Compilations of which the quickest counts.
const RUNS: usize = 25;

/// The problem whose second derivatives are compiled, too: `train` with the curvature of the equations as its metric.
const NAVIER_STOKES: &str = "taylor_green";
const HESSIANS: (&str, &str) = ("engd(", "engd(metric=newton, ");

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let columns = STAGES.into_iter().chain(["together"]).map(|name| (name, Align::Right));
    let mut table = TextTable::new([("problem", Align::Left)].into_iter().chain(columns));
    let mut slowest = (0.0, String::new());
    for path in problems() {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if !wanted.is_empty() && !wanted.contains(&name) {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("the problem can be read");
        let time = row(&mut table, &name, &path, &text);
        slowest = if time > slowest.0 { (time, name.clone()) } else { slowest };
        if name == NAVIER_STOKES {
            let (method, newton) = HESSIANS;
            assert!(text.contains(method), "the method of {name}");
            row(&mut table, &format!("{name} with Hessians"), &path, &text.replace(method, newton));
            println!("`local` and `hessian` kernels of {name}, from text to code: {:.1} ms\n", emitted(&path, &text));
        }
    }
    println!("Milliseconds, the least of {RUNS}:\n\n{}", table.to_markdown());
    println!(
        "Slowest file: {} with {:.1} ms. A wrong file: {:.2} ms to its diagnostics.",
        slowest.1,
        slowest.0,
        wrong()
    );
}

fn problems() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("pdes");
    let entries = std::fs::read_dir(folder).expect("the folder of problems");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "pde"));
    files.sort();
    files
}

fn checked(path: &Path, text: &str, times: &mut Times) -> Model {
    let files = Files::below(path.parent().unwrap_or(Path::new("")), &[]).expect("the folder can be read");
    let given = Given { overrides: &Overrides::default(), formulas: &Formulas::default(), files: &files };
    let checked = check_given(Source::new(path.display().to_string(), text), given, times);
    checked.model.unwrap_or_else(|| panic!("{}: {:?}", path.display(), checked.found)).0
}

/// Adds the quickest compilation of a problem to the table; milliseconds of all stages.
fn row(table: &mut TextTable, name: &str, path: &Path, text: &str) -> f64 {
    let once = |_| {
        let mut times = Times::default();
        let lowered = lower(checked(path, text, &mut times), Effort::default(), &mut times).expect("tapes");
        black_box(assemble(lowered, 0, Backend::Jit, &mut times).expect("this machine can run it"));
        times
    };
    let best = (0..RUNS).map(once).min_by_key(Times::total).unwrap_or_default();
    let milliseconds = |stage: &str| {
        best.0.iter().filter(|(name, _)| *name == stage).map(|(_, time)| 1e3 * time.as_secs_f64()).sum::<f64>()
    };
    let all = 1e3 * best.total().as_secs_f64();
    let cells = STAGES.into_iter().map(milliseconds).chain([all]).map(|time| format!("{time:.1}"));
    table.row([name.to_owned()].into_iter().chain(cells));
    all
}

/// Milliseconds from the text to the kernels that have second derivatives, as other programs call them.
fn emitted(path: &Path, text: &str) -> f64 {
    least(|| {
        let mut times = Times::default();
        let model = checked(path, text, &mut times);
        let request = Request {
            kinds: vec![Kind::Local, Kind::Hessian],
            scalar: Scalar::F64,
            machine: Machine::Native,
            prefix: "bench".to_owned(),
            effort: Effort::default(),
        };
        let fields = Fields { graph: &model.graph, formulas: &[], names: &[], theta: None };
        let library = plan(&model, &fields, request, &mut times).expect("kernels");
        let routines: Vec<_> = library.kernels.iter().map(|kernel| &kernel.routine).collect();
        black_box(load::<f64>(&routines, &Options::default()).expect("machine code"));
    })
}

/// The heat equation with a condition at a place that does not exist, and a name that is misspelt.
const WRONG: &str = "problem wrong
time t in [0, 1]
domain x in [0, 1]
unknown u
eq u_t = a*u_xx
ic u = sinn(pi*x)
bc u = 0 on x = 2
";

fn wrong() -> f64 {
    least(|| {
        let source = Source::new("wrong.pde", WRONG);
        let (model, found) = check(&source, &Overrides::default(), &mut Times::default());
        assert!(model.is_none() && !found.is_empty());
        black_box(render(&source, &found, Form::Human(Look::default())));
    })
}

/// Milliseconds of the quickest of several calls.
fn least(call: impl Fn()) -> f64 {
    let once = |_| {
        let start = Instant::now();
        call();
        1e3 * start.elapsed().as_secs_f64()
    };
    (0..RUNS).map(once).fold(f64::INFINITY, f64::min)
}
