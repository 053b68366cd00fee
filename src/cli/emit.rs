//! `pdec emit`: kernels as files for other programs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use serde::Serialize;

use super::eval::split;
use super::problem::{Checked, check_file, refuse};
use super::solution::Solution;
use super::{CliError, Context, Document, Overrides, Status, Verbosity};
use crate::codegen::Machine;
use crate::diagnostic::{Level, to_json};
use crate::emit::{self, Fields, Library, Request, identifier};
use crate::expr::{Expr, Graph};
use crate::model::{self, Formulas, Given, Model};
use crate::pipeline::{self, Times};
use crate::report::files::{self, WriteError};
use crate::routine::Kind;
use crate::simplify::Effort;
use crate::vmath::services::Scalar;

/// Compile residuals, derivatives or the solution to an object file with a C header
#[derive(Debug, Args)]
pub struct Arguments {
    /// The problem, or a run whose parameters become part of its `predict` kernel; `-` is standard input
    #[arg(value_name = "FILE|RUN")]
    input: PathBuf,
    /// Folder for the files; it is made if it is not there
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// Which files
    #[arg(long, value_enum, value_delimiter = ',', value_name = "FILES",
          default_values_t = [File::Obj, File::Header, File::Manifest])]
    emit: Vec<File>,
    /// The same as `--emit bench`, beside the other files
    #[arg(long)]
    bench: bool,
    /// Which kernels [default: all that the problem has; `predict` of a run]
    #[arg(long, value_parser = kinds(), value_delimiter = ',', value_name = "KERNELS")]
    kernel: Vec<Kind>,
    /// Formulas for `predict`, such as u,u_x [default: all unknowns]
    #[arg(long, value_name = "FORMULAS")]
    fields: Option<String>,
    /// Type of all numbers
    #[arg(long, value_enum, default_value_t, value_name = "TYPE")]
    scalar: ScalarName,
    /// Which processors the code is for
    #[arg(long, value_enum, default_value_t, value_name = "TARGET")]
    target: MachineName,
    /// What the names of files and symbols start with [default: the name of the problem]
    #[arg(long, value_name = "NAME")]
    prefix: Option<String>,
    #[command(flatten)]
    overrides: Overrides,
}

/// A file to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum File {
    /// Object file
    Obj,
    /// Shared library; needs a linker
    Shared,
    /// C header, for C++ too
    Header,
    /// The stages of each kernel
    Kernel,
    /// Cranelift's intermediate form
    Clif,
    /// Assembly
    Asm,
    /// Shapes, sizes and costs as JSON
    Manifest,
    /// Module for NumPy, with the shared library that it loads
    Python,
    /// Module of Fortran interfaces
    Fortran,
    /// Module for JAX, with the shared library that it loads
    Jax,
    /// Driver in C that times all kernels, with the object and the header that it needs
    Bench,
}

/// A type of numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ScalarName {
    /// Double precision
    #[default]
    F64,
    /// Single precision
    F32,
}

/// Which processors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum MachineName {
    /// Those like this one
    #[default]
    Native,
    /// All of this architecture, which is slower
    Baseline,
}

#[derive(Serialize)]
struct Body<'a> {
    files: &'a [PathBuf],
    #[serde(flatten)]
    manifest: &'a emit::Manifest<'a>,
}

/// The names of kernels on the command line.
fn kinds() -> impl TypedValueParser<Value = Kind> {
    let names = Kind::ALL.map(|kind| PossibleValue::new(kind.name()).help(kind.about()));
    PossibleValuesParser::new(names).try_map(|name| Kind::from_name(&name).ok_or("no kernel has this name"))
}

/// A problem with the formulas to predict.
struct Problem {
    model: Model,
    graph: Graph,
    formulas: Vec<Expr>,
    names: Vec<String>,
    theta: Option<Vec<f64>>,
}

/// Writes the files of a library of kernels.
///
/// # Errors
/// [`CliError`] for wrong usage, if no kernel can be made, and where a file can't be read or written.
pub fn run(arguments: &Arguments, context: &Context) -> Result<ExitCode, CliError> {
    let texts = arguments.fields.as_deref().map(split).unwrap_or_default();
    let formulas = Formulas::parse(&texts).map_err(|(text, why)| CliError::Usage(format!("`{text}`: {why}")))?;
    let is_problem = arguments.input == Path::new("-") || arguments.input.extension().is_some_and(|e| e == "pde");
    let problem =
        if is_problem { of_file(arguments, &formulas, context)? } else { Ok(of_run(arguments, &formulas, context)?) };
    let problem = match problem {
        Ok(problem) => problem,
        Err(code) => return Ok(code),
    };
    let request = request(arguments, &problem)?;
    let fields = Fields {
        graph: &problem.graph,
        formulas: &problem.formulas,
        names: &problem.names,
        theta: problem.theta.as_deref(),
    };
    let library = emit::plan(&problem.model, &fields, request, &mut Times::default())?;
    write(arguments, &library, context)
}

fn of_file(
    arguments: &Arguments,
    formulas: &Formulas,
    context: &Context,
) -> Result<Result<Problem, ExitCode>, CliError> {
    let overrides = model::Overrides::parse(&arguments.overrides.texts())?;
    let checked = check_file(&arguments.input, &overrides, &arguments.overrides.reading.allow_read, context)?;
    let Checked { source, model: Some(model), files, .. } = &checked else {
        return Ok(Err(refuse(&checked, context)?));
    };
    let given = Given { overrides: &overrides, formulas, files };
    let again = pipeline::check_given(source.clone(), given, &mut Times::default());
    let Some((whole, found)) = again.model else {
        // The problem alone is sound: a formula is not.
        let first = again.found.iter().find(|d| d.level == Level::Error);
        return Err(CliError::Usage(first.map(|d| d.message.clone()).unwrap_or_default()));
    };
    // The windows of a problem have networks of their own; those of the first stand for all.
    let (names, formulas) = names_of(&whole, found);
    let graph = whole.graph.clone();
    let model = if model.windows > 1 { Model { graph: graph.clone(), ..model.clone() }.window(0) } else { whole };
    Ok(Ok(Problem { graph: model.graph.clone(), model, formulas, names, theta: None }))
}

fn of_run(arguments: &Arguments, formulas: &Formulas, context: &Context) -> Result<Problem, CliError> {
    if !arguments.overrides.set.is_empty() || arguments.overrides.seed.is_some() {
        return Err(CliError::Usage(
            "`--set` and `--seed` belong to a problem; a run has what it was trained with".into(),
        ));
    }
    let allowed = &arguments.overrides.reading.allow_read;
    let solution = Solution::load(&arguments.input, formulas, &[], allowed, context)?;
    let thetas = solution.thetas();
    let [theta] = thetas[..] else {
        let text = format!(
            "the run has {} windows of time with parameters of their own; kernels are made of runs with one",
            thetas.len()
        );
        return Err(CliError::Usage(text));
    };
    let theta = Some(theta.to_vec());
    let model = solution.lowered.model.clone();
    let (names, formulas) = names_of(&model, solution.formulas.clone());
    let graph = solution.lowered.description.graph.clone();
    Ok(Problem { graph, model, formulas, names, theta })
}

/// The formulas to predict: those that were asked for, or all unknowns.
fn names_of(model: &Model, asked: Vec<(String, Expr)>) -> (Vec<String>, Vec<Expr>) {
    if asked.is_empty() {
        return model.components().map(|component| (component.name.clone(), component.value)).unzip();
    }
    asked.into_iter().unzip()
}

fn request(arguments: &Arguments, problem: &Problem) -> Result<Request, CliError> {
    let kinds = match arguments.kernel.as_slice() {
        [] if problem.theta.is_some() => vec![Kind::Predict],
        [] => Kind::ALL.to_vec(),
        asked => asked.to_vec(),
    };
    let prefix = match &arguments.prefix {
        Some(prefix) if identifier(prefix) == *prefix => prefix.clone(),
        Some(prefix) => {
            let text = format!("`--prefix {prefix}` is no name in C: write letters, digits and `_`, a letter first");
            return Err(CliError::Usage(text));
        }
        None => identifier(&problem.model.name),
    };
    Ok(Request {
        kinds,
        scalar: if arguments.scalar == ScalarName::F32 { Scalar::F32 } else { Scalar::F64 },
        machine: if arguments.target == MachineName::Baseline { Machine::Baseline } else { Machine::Native },
        prefix,
        effort: Effort::default(),
    })
}

fn write(arguments: &Arguments, library: &Library, context: &Context) -> Result<ExitCode, CliError> {
    let asked = |file: File| arguments.emit.contains(&file) || file == File::Bench && arguments.bench;
    // What a file needs comes with it.
    let wants = |file: File| {
        let needed: &[File] = match file {
            File::Shared => &[File::Python, File::Jax],
            File::Obj | File::Header => &[File::Bench],
            _ => &[],
        };
        asked(file) || needed.iter().any(|&other| asked(other))
    };
    // What was asked for by name is missed; of all that there might be some is always missing.
    if context.verbosity > Verbosity::Normal || !arguments.kernel.is_empty() {
        library.skipped.iter().for_each(|(name, reason)| context.say(&format!("no `{name}`: {reason}")));
    }
    let object = library.object(wants(File::Clif) || wants(File::Asm))?;
    fs::create_dir_all(&arguments.output).map_err(|error| WriteError::of(&arguments.output, error))?;
    let path = |ending: &str| arguments.output.join(format!("{}.{ending}", library.request.prefix));
    let mut written = Vec::new();
    let mut put = |path: PathBuf, bytes: &[u8]| -> Result<(), CliError> {
        files::write_atomic(&path, bytes)?;
        written.push(path);
        Ok(())
    };
    let manifest = emit::manifest(library, &object);
    if wants(File::Obj) {
        put(path("o"), &object.bytes)?;
    }
    if wants(File::Header) {
        put(path("h"), emit::header(library, &object).as_bytes())?;
    }
    if wants(File::Manifest) {
        let document = Document::new(Status::Ok, &manifest);
        let text = to_json(&document).map_err(|error| CliError::Output(error.into()))?;
        put(path("json"), (text + "\n").as_bytes())?;
    }
    if wants(File::Python) {
        put(path("py"), emit::numpy(library).as_bytes())?;
    }
    if wants(File::Fortran) {
        put(path("f90"), emit::fortran(library).as_bytes())?;
    }
    if wants(File::Jax) {
        let name = format!("{}_jax.py", library.request.prefix);
        put(arguments.output.join(name), emit::jax(library, &object).as_bytes())?;
    }
    if wants(File::Bench) {
        let name = format!("{}_bench.c", library.request.prefix);
        put(arguments.output.join(name), emit::bench(library).as_bytes())?;
    }
    if wants(File::Kernel) {
        let texts: Vec<String> = library.kernels.iter().map(|kernel| kernel.routine.to_string()).collect();
        put(path("kernel"), texts.join("\n").as_bytes())?;
    }
    if wants(File::Clif) {
        put(path("clif"), object.clif.as_bytes())?;
    }
    if wants(File::Asm) {
        put(path("asm"), object.asm.as_bytes())?;
    }
    if wants(File::Shared) {
        let library = arguments.output.join(emit::library_file(library));
        link(&object.bytes, &library)?;
        written.push(library);
    }
    report(library, &object, &written, &manifest, context)?;
    Ok(ExitCode::SUCCESS)
}

/// Links beside the library, so that it takes its place complete or not at all.
fn link(object: &[u8], library: &Path) -> Result<(), CliError> {
    let folder = library.parent().unwrap_or(Path::new("."));
    let wrong = |error| WriteError::of(library, error);
    let work = tempfile::Builder::new().prefix(".pdec-").tempdir_in(folder).map_err(wrong)?;
    let (from, to) = (work.path().join("kernels.o"), work.path().join("kernels.so"));
    fs::write(&from, object).map_err(wrong)?;
    emit::shared_library(&from, &to)?;
    fs::rename(&to, library).map_err(wrong)?;
    Ok(())
}

fn report(
    library: &Library,
    object: &crate::codegen::Object,
    written: &[PathBuf],
    manifest: &emit::Manifest<'_>,
    context: &Context,
) -> Result<(), CliError> {
    if context.json {
        return Document::new(Status::Ok, Body { files: written, manifest }).print(context);
    }
    for (kernel, work) in library.kernels.iter().zip(&object.work_bytes) {
        let cost = kernel.routine.cost();
        let line = format!(
            "{}: {} flops and {} math functions a point, workspace {:.0} kB",
            kernel.routine.name,
            cost.flops,
            cost.calls,
            *work as f64 / 1e3
        );
        context.say(&line);
    }
    context.print(&written.iter().map(|path| format!("{}\n", path.display())).collect::<String>())
}
