//! Libraries of emitted kernels, what to give them, and what they say in this process.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use pdec::codegen::{Loaded, Machine, Options, load};
use pdec::dataset::Files;
use pdec::diagnostic::Source;
use pdec::emit::{Fields, Library, Request, plan};
use pdec::model::{Formulas, Given, Model, Overrides};
use pdec::pipeline::{self, Times};
use pdec::routine::{Argument, Kind, Routine};
use pdec::simplify::Effort;
use pdec::vmath::services::Scalar;

/// Problems of all kinds: several blocks and fields, normals, energies, numbers that are found, hard conditions, data.
pub const PROBLEMS: [&str; 8] = [
    "poisson1d",
    "burgers",
    "kovasznay",
    "poisson_neumann",
    "nonlinear_ritz",
    "heat_inverse",
    "laplace_hard",
    "gridded_conductivity",
];

pub const POINTS: usize = 70;

/// The text of a problem.
pub fn text_of(name: &str) -> String {
    fs::read_to_string(format!("pdes/{name}.pde")).expect("the problem is there")
}

/// The names of all problems that come with pdec.
pub fn problems() -> Vec<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir("pdes").expect("the folder") {
        let path = entry.expect("an entry").path();
        if path.extension() == Some(OsStr::new("pde")) {
            names.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    assert!(names.len() > 40);
    names
}

/// The names of those that have kernels: formulas with integrals have none.
pub fn problems_with_kernels() -> Vec<String> {
    let mut names = problems();
    names.retain(|name| !["fredholm", "volterra"].contains(&name.as_str()));
    names
}

/// The problem of a text that stands beside those that come with pdec.
pub fn model_of(name: &str, text: &str) -> Model {
    let path = PathBuf::from(format!("pdes/{name}.pde"));
    let files = Files::below(Path::new("pdes"), &[]).expect("the folder is there");
    let given = Given { overrides: &Overrides::default(), formulas: &Formulas::default(), files: &files };
    let source = Source::new(path.display().to_string(), text.to_owned());
    let checked = pipeline::check_given(source, given, &mut Times::default());
    let Some((model, _)) = checked.model else { panic!("{name} is not sound: {:?}", checked.found) };
    model
}

/// The library that the command makes of a problem with its default options.
pub fn library(name: &str, machine: Machine) -> Library {
    library_of_text(name, &text_of(name), machine)
}

/// The library of a text that stands beside the problems.
pub fn library_of_text(name: &str, text: &str, machine: Machine) -> Library {
    library_with(name, text, machine, None)
}

/// The same; with parameters there is one kernel, which predicts and has them inside.
pub fn library_with(name: &str, text: &str, machine: Machine, theta: Option<&[f64]>) -> Library {
    let model = model_of(name, text);
    // As of the command: the networks of the first window stand for all.
    let model = if model.windows > 1 { model.window(0) } else { model };
    let (names, formulas): (Vec<_>, Vec<_>) = model.components().map(|c| (c.name.clone(), c.value)).unzip();
    let request = Request {
        kinds: if theta.is_some() { vec![Kind::Predict] } else { Kind::ALL.to_vec() },
        scalar: Scalar::F64,
        machine,
        prefix: name.to_owned(),
        effort: Effort::default(),
    };
    let fields = Fields { graph: &model.graph, formulas: &formulas, names: &names, theta };
    plan(&model, &fields, request, &mut Times::default()).expect("kernels")
}

/// Numbers for an input: small, and different everywhere.
pub fn numbers(input: &Argument, n: usize, salt: usize) -> Vec<f64> {
    let at = |i: usize| ((i * 7 + salt * 13 + 1) as f64 * 0.618).fract();
    let of = |i: usize| if input.name == "theta" { at(i) - 0.5 } else { 0.1 + 0.8 * at(i) };
    (0..input.length(n)).map(of).collect()
}

pub fn inputs(routine: &Routine, n: usize) -> Vec<Vec<f64>> {
    routine.inputs.iter().enumerate().map(|(salt, input)| numbers(input, n, salt)).collect()
}

/// All outputs of a kernel in this process.
pub fn in_process(routine: &Routine, loaded: &Loaded, n: usize) -> Vec<f64> {
    let given = inputs(routine, n);
    let given: Vec<&[f64]> = given.iter().map(Vec::as_slice).collect();
    let mut outputs: Vec<Vec<f64>> = routine.outputs.iter().map(|o| vec![f64::NAN; o.length(n)]).collect();
    let mut slices: Vec<Option<&mut [f64]>> = outputs.iter_mut().map(|o| Some(o.as_mut_slice())).collect();
    loaded.call(n, &given, &mut slices);
    outputs.concat()
}

pub fn run(program: impl AsRef<OsStr>, arguments: &[&str]) -> Output {
    let name = program.as_ref().to_string_lossy().into_owned();
    let output = Command::new(program).args(arguments).output().unwrap_or_else(|e| panic!("{name}: {e}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name} {arguments:?} fails ({}): {said}", output.status);
    output
}

/// Whether a program can be started; the test says so where it can't.
pub fn has(program: &str) -> bool {
    let found = Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success());
    if !found {
        println!("SKIPPED: there is no `{program}` here");
    }
    found
}

pub fn emit(arguments: &[&str]) {
    run(env!("CARGO_BIN_EXE_pdec"), &[&["emit"], arguments].concat());
}

pub fn expected(library: &Library) -> Vec<f64> {
    let routines: Vec<&Routine> = library.kernels.iter().map(|kernel| &kernel.routine).collect();
    let loaded = load(&routines, &Options::default()).expect("machine code");
    routines.iter().zip(&loaded).flat_map(|(routine, loaded)| in_process(routine, loaded, POINTS)).collect()
}
