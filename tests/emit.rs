//! Files of `pdec emit` in the hands of other compilers: C11 and C++17 without a warning, the same bits as machine code in
//! this process.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use pdec::codegen::{Loaded, Machine, Options, load};
use pdec::dataset::Files;
use pdec::diagnostic::Source;
use pdec::emit::{Fields, Library, Request, plan};
use pdec::model::{Formulas, Given, Overrides};
use pdec::pipeline::{self, Times};
use pdec::routine::{Argument, Kind, Routine};
use pdec::simplify::Effort;
use pdec::vmath::services::Scalar;

/// Problems of all kinds: several blocks and fields, normals, energies, numbers that are found, hard conditions, data.
const PROBLEMS: [&str; 8] = [
    "poisson1d",
    "burgers",
    "kovasznay",
    "poisson_neumann",
    "nonlinear_ritz",
    "heat_inverse",
    "laplace_hard",
    "gridded_conductivity",
];

const POINTS: usize = 70;

/// The library that the command makes of a problem with its default options.
fn library(name: &str, machine: Machine) -> Library {
    let path = PathBuf::from(format!("pdes/{name}.pde"));
    let text = fs::read_to_string(&path).expect("the problem is there");
    let files = Files::below(Path::new("pdes"), &[]).expect("the folder is there");
    let given = Given { overrides: &Overrides::default(), formulas: &Formulas::default(), files: &files };
    let source = Source::new(path.display().to_string(), text.clone());
    let (model, _) = pipeline::check_given(source, given, &mut Times::default()).model.expect("a sound problem");
    let (names, formulas): (Vec<_>, Vec<_>) = model.components().map(|c| (c.name.clone(), c.value)).unzip();
    let request = Request {
        kinds: Kind::ALL.to_vec(),
        scalar: Scalar::F64,
        machine,
        prefix: name.to_owned(),
        effort: Effort::default(),
    };
    let fields = Fields { graph: &model.graph, formulas: &formulas, names: &names, theta: None };
    plan(&model, &text, &fields, request, &mut Times::default()).expect("kernels")
}

/// Numbers for an input: small, and different everywhere.
fn numbers(input: &Argument, n: usize, salt: usize) -> Vec<f64> {
    let count = input.numbers() * if input.batched { n } else { 1 };
    let at = |i: usize| ((i * 7 + salt * 13 + 1) as f64 * 0.618).fract();
    let of = |i: usize| if input.name == "theta" { at(i) - 0.5 } else { 0.1 + 0.8 * at(i) };
    (0..count).map(of).collect()
}

fn inputs(routine: &Routine, n: usize) -> Vec<Vec<f64>> {
    routine.inputs.iter().enumerate().map(|(salt, input)| numbers(input, n, salt)).collect()
}

/// All outputs of a kernel in this process.
fn in_process(routine: &Routine, loaded: &Loaded, n: usize) -> Vec<f64> {
    let given = inputs(routine, n);
    let given: Vec<&[f64]> = given.iter().map(Vec::as_slice).collect();
    let length = |o: &Argument| o.numbers() * if o.batched { n } else { 1 };
    let mut outputs: Vec<Vec<f64>> = routine.outputs.iter().map(|o| vec![f64::NAN; length(o)]).collect();
    let mut slices: Vec<Option<&mut [f64]>> = outputs.iter_mut().map(|o| Some(o.as_mut_slice())).collect();
    loaded.call(n, &given, &mut slices);
    outputs.concat()
}

fn run(program: impl AsRef<OsStr>, arguments: &[&str]) -> Output {
    let name = program.as_ref().to_string_lossy().into_owned();
    let output = Command::new(program).args(arguments).output().unwrap_or_else(|e| panic!("{name}: {e}"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name} {arguments:?} fails: {said}");
    output
}

/// Whether a program can be started; the test says so where it can't.
fn has(program: &str) -> bool {
    let found = Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success());
    if !found {
        println!("SKIPPED: there is no `{program}` here");
    }
    found
}

fn emit(arguments: &[&str]) {
    run(env!("CARGO_BIN_EXE_pdec"), &[&["emit"], arguments].concat());
}

/// A program that reads the inputs of all kernels from a file, calls each by its descriptor and by its function, and writes
/// all outputs.
fn driver(library: &Library, number: &str) -> String {
    let mut text = format!(
        "#include \"{0}.h\"\n#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n\n\
         static double *array(const pdec_argument *a, int64_t n, int64_t *count) {{\n  *count = a->batched ? n : 1;\n  \
         for (int32_t i = 0; i < a->rank; i++) *count *= a->shape[i];\n  \
         return (double *)calloc((size_t)*count + 1, sizeof(double));\n}}\n\n",
        library.problem
    );
    text += "typedef int32_t (*flat)(int64_t n, const double **in, double **out, void *work);\n";
    for kernel in &library.kernels {
        let routine = &kernel.routine;
        let inputs: String = (0..routine.inputs.len()).map(|i| format!("in[{i}], ")).collect();
        let outputs: String = (0..routine.outputs.len()).map(|i| format!("out[{i}], ")).collect();
        text += &format!(
            "static int32_t call_{0}(int64_t n, const double **in, double **out, void *work) {{\n  \
             return {0}(n, {inputs}{outputs}work);\n}}\n",
            routine.name
        );
    }
    text += "\nstatic int call(const pdec_kernel *k, flat f, int64_t n, FILE *from, FILE *to) {\n  \
             const double *in[32]; double *out[8]; double *given[32]; int64_t count[32], size[8];\n  \
             if (k->struct_size != sizeof(pdec_kernel) || k->abi_major != PDEC_ABI_VERSION) return 1;\n  \
             for (int32_t i = 0; i < k->input_count; i++) {\n    given[i] = array(&k->inputs[i], n, &count[i]);\n    \
             if (fread(given[i], sizeof(double), (size_t)count[i], from) != (size_t)count[i]) return 2;\n    \
             in[i] = given[i];\n  }\n  \
             for (int32_t i = 0; i < k->output_count; i++) out[i] = array(&k->outputs[i], n, &size[i]);\n  \
             void *work = malloc((size_t)k->work_bytes);\n  \
             if (k->eval(-1, (const void *const *)in, (void *const *)out, work) != PDEC_NEGATIVE_COUNT) return 3;\n  \
             if (k->eval(n, (const void *const *)in, (void *const *)out, NULL) != PDEC_MISSING_WORK) return 4;\n  \
             if (k->eval(n, (const void *const *)in, (void *const *)out, work) != PDEC_OK) return 5;\n  \
             for (int32_t i = 0; i < k->output_count; i++) {\n    \
             fwrite(out[i], sizeof(double), (size_t)size[i], to);\n    \
             if (out[i][size[i]] != 0) return 6;\n  }\n  \
             double *again[8];\n  for (int32_t i = 0; i < k->output_count; i++) again[i] = array(&k->outputs[i], n, &size[i]);\n  \
             memset(work, 0xff, (size_t)k->work_bytes);\n  \
             if (f(n, in, again, work) != PDEC_OK) return 7;\n  \
             for (int32_t i = 0; i < k->output_count; i++)\n    \
             if (memcmp(out[i], again[i], sizeof(double) * (size_t)size[i]) != 0) return 8;\n  \
             return 0;\n}\n\nint main(int argc, char **argv) {\n  if (argc != 3) return 9;\n  int code = 0;\n  \
             FILE *from = fopen(argv[1], \"rb\"), *to = fopen(argv[2], \"wb\");\n  if (!from || !to) return 10;\n";
    for kernel in &library.kernels {
        let name = &kernel.routine.name;
        text += &format!("  code = call(&{name}_kernel, call_{name}, {POINTS}, from, to);\n");
        text += &format!("  if (code) {{ fprintf(stderr, \"{name}: %d\\n\", code); return code; }}\n");
    }
    text += "  return fclose(to);\n}\n";
    text.replace("double", number)
}

const STRICT: [&str; 5] = ["-Wall", "-Wextra", "-Werror", "-pedantic", "-O1"];

/// Compiles and runs the driver, and gives all outputs.
fn through(compiler: &str, standard: &str, ending: &str, library: &Library, folder: &Path) -> Vec<f64> {
    let path = |name: &str| folder.join(name).display().to_string();
    let (source, program) = (path(&format!("driver.{ending}")), path(&format!("driver_{ending}")));
    fs::write(&source, driver(library, "double")).expect("a source");
    let object = path(&format!("{}.o", library.problem));
    let given: Vec<u8> = library
        .kernels
        .iter()
        .flat_map(|kernel| inputs(&kernel.routine, POINTS).concat())
        .flat_map(f64::to_le_bytes)
        .collect();
    fs::write(path("inputs"), given).expect("inputs");
    run(compiler, &[&STRICT[..], &[standard, &source, &object, "-o", &program]].concat());
    run(&program, &[&path("inputs"), &path("outputs")]);
    let bytes = fs::read(path("outputs")).expect("outputs");
    bytes.as_chunks::<8>().0.iter().map(|chunk| f64::from_le_bytes(*chunk)).collect()
}

fn expected(library: &Library) -> Vec<f64> {
    let routines: Vec<&Routine> = library.kernels.iter().map(|kernel| &kernel.routine).collect();
    let loaded = load(&routines, &Options::default()).expect("machine code");
    routines.iter().zip(&loaded).flat_map(|(routine, loaded)| in_process(routine, loaded, POINTS)).collect()
}

fn same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan()
}

#[test]
fn c_and_cpp_compute_the_bits_of_this_process() {
    for name in PROBLEMS {
        let folder = tempfile::tempdir().expect("a folder");
        emit(&[&format!("pdes/{name}.pde"), "-o", &folder.path().display().to_string(), "--prefix", name]);
        let mut library = library(name, Machine::Native);
        library.problem = name.to_owned();
        let expected = expected(&library);
        for (compiler, standard, ending) in [("cc", "-std=c11", "c"), ("c++", "-std=c++17", "cpp")] {
            // What C++ sees is the header, which a few problems have all of.
            if !has(compiler) || ending == "cpp" && !["burgers", "nonlinear_ritz"].contains(&name) {
                continue;
            }
            let found = through(compiler, standard, ending, &library, folder.path());
            assert_eq!(found.len(), expected.len(), "{name}");
            let wrong = (0..found.len()).find(|&i| !same(found[i], expected[i]));
            assert_eq!(
                wrong,
                None,
                "{name} by {compiler}: {:e} {:e}",
                found[wrong.unwrap_or(0)],
                expected[wrong.unwrap_or(0)]
            );
            assert!(
                found.iter().filter(|x| x.is_finite()).count() * 10 > 9 * found.len(),
                "{name} is mostly not finite"
            );
        }
    }
}

/// Nothing is undefined in an object, and nothing but its kernels is visible.
#[test]
fn objects_need_nothing() {
    use object::{Object as _, ObjectSymbol as _};
    let folder = tempfile::tempdir().expect("a folder");
    for target in ["native", "baseline"] {
        emit(&["pdes/kovasznay.pde", "-o", &folder.path().display().to_string(), "--target", target, "--emit", "obj"]);
        let bytes = fs::read(folder.path().join("kovasznay.o")).expect("an object");
        let file = object::File::parse(&*bytes).expect("an object file");
        for symbol in file.symbols() {
            let name = symbol.name().unwrap_or_default();
            assert!(!symbol.is_undefined() || name.is_empty(), "{target}: `{name}` is undefined");
            assert!(!symbol.is_global() || name.starts_with("kovasznay_"), "{target}: `{name}` is visible");
        }
    }
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let folder = tempfile::tempdir().expect("a folder");
    let files = ["heat.o", "heat.h", "heat.json", "heat.clif", "heat.asm"];
    let mut seen: Option<Vec<Vec<u8>>> = None;
    for _ in 0..2 {
        let out = folder.path().display().to_string();
        emit(&["pdes/heat.pde", "-o", &out, "--emit", "obj,header,manifest,clif,asm"]);
        let bytes: Vec<Vec<u8>> = files.iter().map(|f| fs::read(folder.path().join(f)).expect("a file")).collect();
        assert!(*seen.get_or_insert_with(|| bytes.clone()) == bytes);
    }
}

/// The outputs of each kernel of a library, one behind the other.
fn by_output<'a>(library: &Library, values: &'a [f64]) -> Vec<(String, &'a [f64])> {
    let mut rest = values;
    let mut found = Vec::new();
    for kernel in &library.kernels {
        for output in &kernel.routine.outputs {
            let length = output.numbers() * if output.batched { POINTS } else { 1 };
            let (own, after) = rest.split_at(length);
            rest = after;
            found.push((format!("{} of {}", output.name, kernel.routine.name), own));
        }
    }
    found
}

/// Relative to the largest number of each output.
fn assert_near(library: &Library, found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    for ((name, found), (_, expected)) in by_output(library, found).into_iter().zip(by_output(library, expected)) {
        let scale = expected.iter().filter(|x| x.is_finite()).fold(1e-300, |m: f64, x| m.max(x.abs()));
        for (a, b) in found.iter().zip(expected) {
            let near = (a - b).abs() <= tolerance * scale || same(*a, *b);
            assert!(near, "{name}: {a:e}, not {b:e} of {scale:e}");
        }
    }
}

/// Code for every machine rounds products before it adds them: a few roundings beside the code for this one.
#[test]
fn code_for_every_machine_differs_by_rounding() {
    if !has("cc") {
        return;
    }
    for name in ["burgers", "kovasznay", "nonlinear_ritz"] {
        let folder = tempfile::tempdir().expect("a folder");
        let out = folder.path().display().to_string();
        emit(&[&format!("pdes/{name}.pde"), "-o", &out, "--prefix", name, "--target", "baseline"]);
        let mut library = library(name, Machine::Baseline);
        library.problem = name.to_owned();
        let found = through("cc", "-std=c11", "c", &library, folder.path());
        // Its kernels have the same shapes.
        let native = self::library(name, Machine::Native);
        assert_near(&library, &found, &expected(&native), 1e-12);
    }
}

/// Single precision: the same kernels to the digits that it has.
#[test]
fn single_precision_has_its_digits() {
    if !has("cc") {
        return;
    }
    for name in ["burgers", "kovasznay", "heat_inverse"] {
        let folder = tempfile::tempdir().expect("a folder");
        let out = folder.path().display().to_string();
        emit(&[&format!("pdes/{name}.pde"), "-o", &out, "--prefix", name, "--scalar", "f32"]);
        let mut library = library(name, Machine::Native);
        library.problem = name.to_owned();
        let path = |file: &str| folder.path().join(file).display().to_string();
        fs::write(path("driver.c"), driver(&library, "float")).expect("a source");
        let given = library.kernels.iter().flat_map(|kernel| inputs(&kernel.routine, POINTS).concat());
        let given: Vec<u8> = given.flat_map(|x| (x as f32).to_le_bytes()).collect();
        fs::write(path("inputs"), given).expect("inputs");
        let object = path(&format!("{name}.o"));
        run("cc", &[&STRICT[..], &["-std=c11", &path("driver.c"), &object, "-o", &path("driver")]].concat());
        run(path("driver"), &[&path("inputs"), &path("outputs")]);
        let bytes = fs::read(path("outputs")).expect("outputs");
        let found: Vec<f64> = bytes.as_chunks::<4>().0.iter().map(|c| f64::from(f32::from_le_bytes(*c))).collect();
        assert_near(&library, &found, &expected(&library), 2e-4);
    }
}

/// The interpreter of tests: `PDEC_TEST_PYTHON`, or else `python3`; none if it lacks a module.
fn python(module: &str) -> Option<String> {
    let python = std::env::var("PDEC_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let found = Command::new(&python).args(["-c", &format!("import {module}")]).output();
    if found.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    println!("SKIPPED: `{python}` has no module `{module}`");
    None
}

/// Numbers that a script printed in hexadecimal bits.
fn printed(output: &Output) -> Vec<f64> {
    let text = String::from_utf8_lossy(&output.stdout);
    text.split_whitespace().map(|word| f64::from_bits(u64::from_str_radix(word, 16).expect("bits"))).collect()
}

/// A script that calls every kernel of a module with the inputs of the tests, and prints the bits of all outputs.
fn script(library: &Library, head: &str, call: &str) -> String {
    let mut text = format!("import struct, sys\n{head}\n");
    text += "def at(i, salt): return ((i * 7 + salt * 13 + 1) * 0.618) % 1.0\n";
    text += "def numbers(name, shape, salt):\n    count = 1\n    for axis in shape: count *= axis\n    ";
    text += "values = [at(i, salt) - 0.5 if name == 'theta' else 0.1 + 0.8 * at(i, salt) for i in range(count)]\n    ";
    text += "return numpy.array(values).reshape(shape)\n";
    text += "def show(found):\n    for array in found if isinstance(found, tuple) else (found,):\n        ";
    text += "for x in numpy.asarray(array).ravel(): print(struct.pack('>d', x).hex())\n";
    for kernel in &library.kernels {
        let name = kernel.routine.name.strip_prefix(&format!("{}_", library.problem)).expect("the prefix");
        let argument = |(salt, input): (usize, &Argument)| {
            let points = input.batched.then_some(POINTS);
            let shape: String = input.shape.iter().copied().chain(points).map(|axis| format!("{axis},")).collect();
            format!("numbers('{}', ({shape}), {salt})", input.name)
        };
        let arguments: Vec<String> = kernel.routine.inputs.iter().enumerate().map(argument).collect();
        text += &format!("show({}({}))\n", call.replace("NAME", name), arguments.join(", "));
    }
    text
}

#[test]
fn numpy_computes_the_bits_of_this_process() {
    let Some(python) = python("numpy").filter(|_| has("cc")) else { return };
    for name in ["burgers", "kovasznay"] {
        let folder = tempfile::tempdir().expect("a folder");
        emit(&[
            &format!("pdes/{name}.pde"),
            "-o",
            &folder.path().display().to_string(),
            "--prefix",
            name,
            "--emit",
            "python",
        ]);
        let mut library = library(name, Machine::Native);
        library.problem = name.to_owned();
        let head = format!("import numpy\nsys.path.insert(0, {:?})\nimport {name} as library", folder.path());
        let output = run(&python, &["-c", &script(&library, &head, "library.NAME")]);
        let (found, expected) = (printed(&output), expected(&library));
        assert_eq!(found.len(), expected.len());
        assert_eq!((0..found.len()).find(|&i| !same(found[i], expected[i])), None, "{name}");
    }
}

/// What is wrong with a call is said in words.
#[test]
fn wrong_calls_from_python_are_refused() {
    let Some(python) = python("numpy").filter(|_| has("cc")) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    emit(&[
        "pdes/heat.pde",
        "-o",
        &folder.path().display().to_string(),
        "--emit",
        "python",
        "--kernel",
        "residual,gradient",
    ]);
    let text = format!(
        "import sys\nsys.path.insert(0, {:?})\nimport numpy, heat\nt = x = numpy.linspace(0, 1, 5)\n\
         theta = numpy.zeros(heat.PARAMETERS)\n\
         for call in (lambda: heat.residual_eq(t, x), lambda: heat.residual_eq(t, x, theta[1:]),\n             \
         lambda: heat.residual_eq(t, x[1:], theta), lambda: heat.residual_eq(t, x, theta, want='nothing'),\n             \
         lambda: heat.gradient_eq(t, x, t, theta, theta)):\n    try: call()\n    \
         except (TypeError, ValueError) as error: print(error)\n\
         print(heat.gradient_eq(t, x, weights=t, theta=theta, want='loss'))\n",
        folder.path()
    );
    let output = run(&python, &["-c", &text]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(
        said.lines().collect::<Vec<_>>(),
        [
            "heat_residual_eq needs theta",
            "heat_residual_eq: `theta` has the shape (500,), not (501,)",
            "heat_residual_eq: `x` has the shape (4,), not (5,)",
            "heat_residual_eq has no output nothing",
            "heat_gradient_eq takes 4 arrays, not 5",
            "0.0",
        ]
    );
}

/// Under `jit`, to the last bit; gradients by the rule of `vjp`; errors in words.
#[test]
fn jax_computes_the_bits_of_this_process() {
    let Some(python) = python("jax").filter(|_| has("cc")) else { return };
    let folder = tempfile::tempdir().expect("a folder");
    emit(&["pdes/burgers.pde", "-o", &folder.path().display().to_string(), "--emit", "jax"]);
    let library = library("burgers", Machine::Native);
    let head = format!(
        "import jax, numpy\njax.config.update('jax_enable_x64', True)\nsys.path.insert(0, {:?})\n\
         import burgers_jax as library",
        folder.path()
    );
    let output = run(&python, &["-c", &script(&library, &head, "jax.jit(library.NAME)")]);
    let (found, expected) = (printed(&output), expected(&library));
    assert_eq!(found.len(), expected.len());
    assert_eq!((0..found.len()).find(|&i| !same(found[i], expected[i])), None);
    let text = format!(
        "import sys\n{head}\nimport jax.numpy as jnp\nt, x = jnp.linspace(0.1, 0.9, 9), jnp.linspace(-0.9, 0.8, 9)\n\
         theta = jnp.sin(jnp.arange(library.PARAMETERS)) / 3\n\
         loss = lambda theta: (library.residual_eq(t, x, theta) ** 2).sum() / 2\n\
         gradient = jax.jit(jax.grad(loss))(theta)\n\
         expected = library.gradient_eq(t, x, jnp.ones(9), theta)[1]\n\
         assert jnp.abs(gradient - expected).max() <= 1e-12 * jnp.abs(expected).max(), (gradient, expected)\n\
         try: library.residual_eq(t, x, theta[1:])\nexcept Exception as error: print(error)\n"
    );
    let output = run(&python, &["-c", &text]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let expected = format!("burgers_residual_eq: `theta` must be float64 of shape ({},)", library.parameter_count);
    assert!(said.contains(&expected), "{said}");
}

#[test]
fn fortran_computes_the_bits_of_this_process() {
    if !has("gfortran") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = |file: &str| folder.path().join(file).display().to_string();
    emit(&["pdes/kovasznay.pde", "-o", &path(""), "--emit", "obj,fortran"]);
    let mut library = library("kovasznay", Machine::Native);
    library.kernels.truncate(1);
    let routine = &library.kernels[0].routine;
    let theta = routine.inputs[2].numbers();
    let rows = routine.outputs[0].numbers();
    let text = format!(
        "program call\n  use kovasznay\n  implicit none\n  integer(c_int64_t), parameter :: n = {POINTS}\n  \
         real(c_double) :: x(n), y(n), theta({theta}), r(n, {rows})\n  \
         integer(c_int8_t), target :: work({})\n  integer :: unit\n  \
         open(newunit=unit, file={:?}, form='unformatted', access='stream', status='old')\n  \
         read(unit) x, y, theta\n  close(unit)\n  \
         if ({}(n, x, y, theta, r, c_loc(work)) /= 0) stop 1\n  \
         open(newunit=unit, file={:?}, form='unformatted', access='stream', status='replace')\n  \
         write(unit) r\n  close(unit)\nend program\n",
        1 << 22,
        path("inputs"),
        routine.name,
        path("outputs")
    );
    fs::write(path("call.f90"), text).expect("a source");
    let given: Vec<u8> = inputs(routine, POINTS).concat().into_iter().flat_map(f64::to_le_bytes).collect();
    fs::write(path("inputs"), given).expect("inputs");
    let (module, call, object) = (path("kovasznay.f90"), path("call.f90"), path("kovasznay.o"));
    let flags = ["-std=f2008", "-Wall", "-Wextra", "-Werror", "-Wno-compare-reals", "-ffree-line-length-none"];
    run("gfortran", &[&flags[..], &["-J", &path(""), &module, &call, &object, "-o", &path("call")]].concat());
    run(path("call"), &[]);
    let bytes = fs::read(path("outputs")).expect("outputs");
    let found: Vec<f64> = bytes.as_chunks::<8>().0.iter().map(|chunk| f64::from_le_bytes(*chunk)).collect();
    let expected = expected(&library);
    assert_eq!(found.len(), expected.len());
    assert_eq!((0..found.len()).find(|&i| !same(found[i], expected[i])), None);
}

#[test]
fn the_driver_times_every_kernel() {
    if !has("cc") {
        return;
    }
    for scalar in ["f64", "f32"] {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |file: &str| folder.path().join(file).display().to_string();
        emit(&[
            "pdes/poisson1d.pde",
            "-o",
            &path(""),
            "--emit",
            "bench",
            "--scalar",
            scalar,
            "--kernel",
            "residual,vjp",
        ]);
        let (source, object, program) = (path("poisson1d_bench.c"), path("poisson1d.o"), path("bench"));
        run("cc", &[&STRICT[..], &["-std=c11", &source, &object, "-o", &program]].concat());
        let said = String::from_utf8_lossy(&run(&program, &["poisson1d_residual_bc_u"]).stdout).into_owned();
        assert_eq!(said.lines().filter(|line| line.starts_with("poisson1d_residual_bc_u")).count(), 6, "{said}");
    }
}

/// Every problem that comes with pdec has kernels.
#[test]
fn every_problem_has_kernels() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut problems: Vec<PathBuf> =
        fs::read_dir("pdes").expect("the folder").map(|e| e.expect("an entry").path()).collect();
    problems.retain(|path| path.extension() == Some(OsStr::new("pde")));
    assert!(problems.len() > 40);
    for problem in problems {
        let out = folder.path().display().to_string();
        emit(&[&problem.display().to_string(), "-o", &out, "-q", "--kernel", "residual,hessian,jvp,predict"]);
    }
}

#[test]
fn what_cannot_be_emitted_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().display().to_string();
    let refused = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_pdec"))
            .args([&["emit", "-o", &out], arguments].concat())
            .env("CC", "no-such-compiler")
            .output()
            .expect("pdec ends");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, said) = refused(&["pdes/volterra.pde", "--kernel", "residual"]);
    assert!(code == Some(1) && said.contains("integrals"), "{code:?} {said}");
    let (code, said) = refused(&["pdes/minimal_surface.pde", "--kernel", "gram"]);
    assert!(code == Some(0) && said.contains("no `minimal_surface_gram_energy`: it is an energy"), "{code:?} {said}");
    let (code, said) = refused(&["pdes/heat.pde", "--prefix", "2d"]);
    assert!(code == Some(2) && said.contains("letter first"), "{code:?} {said}");
    let (code, said) = refused(&["pdes/heat.pde", "--fields", "u_q"]);
    assert!(code == Some(2) && said.contains("u_q"), "{code:?} {said}");
    let (code, said) = refused(&["pdes/heat.pde", "--emit", "shared", "--kernel", "residual"]);
    assert!(code == Some(3) && said.contains("cc -shared"), "{code:?} {said}");
    assert!(!folder.path().join("libheat.so").exists());
}

/// The kernel of a run has its parameters inside, and gives what `pdec eval` prints.
#[test]
fn a_run_becomes_a_kernel() {
    if !has("cc") {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let path = |file: &str| folder.path().join(file).display().to_string();
    let pdec = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_pdec")).args(arguments).env("PDEC_RUNS", path("runs")).output();
        let output = output.expect("pdec ends");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    };
    pdec(&["train", "pdes/poisson1d.pde", "--steps", "3", "-q"]);
    let table = pdec(&["eval", "poisson1d", "--grid", "9", "--fields", "u,u_x"]);
    pdec(&["emit", "poisson1d", "-o", &path("."), "--fields", "u,u_x"]);
    let rows: Vec<Vec<f64>> =
        table.lines().skip(1).map(|line| line.split(',').map(|x| x.parse().expect("a number")).collect()).collect();
    let list = |column: usize| rows.iter().map(|row| format!("{:?}", row[column])).collect::<Vec<_>>().join(", ");
    let text = format!(
        "#include \"poisson1d.h\"\n#include <stdio.h>\n#include <stdlib.h>\nint main(void) {{\n  \
         double x[] = {{{}}}, u[9], u_x[9];\n  void *work = malloc(POISSON1D_PREDICT_WORK_BYTES);\n  \
         if (poisson1d_predict(9, x, u, u_x, work) != PDEC_OK) return 1;\n  \
         for (int i = 0; i < 9; i++) printf(\"%.17g %.17g\\n\", u[i], u_x[i]);\n  return 0;\n}}\n",
        list(0)
    );
    fs::write(path("call.c"), text).expect("a source");
    run("cc", &[&STRICT[..], &["-std=c11", &path("call.c"), &path("poisson1d.o"), "-o", &path("call")]].concat());
    let said = String::from_utf8_lossy(&run(path("call"), &[]).stdout).into_owned();
    let found: Vec<f64> = said.split_whitespace().map(|x| x.parse().expect("a number")).collect();
    let expected: Vec<f64> = rows.iter().flat_map(|row| row[1..].to_vec()).collect();
    assert_eq!(found, expected);
}

/// Any number of points, from any address, in several threads: a point has its bits whatever stands beside it.
#[test]
fn neither_neighbours_nor_threads_change_a_point() {
    let library = library("kovasznay", Machine::Native);
    let is_wanted = |kernel: &&pdec::emit::Kernel| matches!(kernel.kind, Kind::Residual | Kind::Jacobian | Kind::Jvp);
    let routines: Vec<&Routine> = library.kernels.iter().filter(is_wanted).map(|kernel| &kernel.routine).collect();
    let loaded = load(&routines, &Options::default()).expect("machine code");
    for (routine, loaded) in routines.iter().zip(&loaded) {
        const MOST: usize = 131;
        let given = inputs(routine, MOST);
        let call = |n: usize, shift: usize| {
            // The first n points, from addresses that are aligned to nothing but numbers.
            let own: Vec<Vec<f64>> = routine
                .inputs
                .iter()
                .zip(&given)
                .map(|(input, all)| {
                    let rows = if input.batched {
                        all.chunks_exact(MOST).flat_map(|row| row[..n].to_vec()).collect()
                    } else {
                        all.clone()
                    };
                    [vec![0.0; shift], rows].concat()
                })
                .collect();
            let own: Vec<&[f64]> = own.iter().map(|x| &x[shift..]).collect();
            let mut outputs: Vec<Vec<f64>> =
                routine.outputs.iter().map(|o| vec![f64::NAN; o.numbers() * n + shift]).collect();
            let mut slices: Vec<Option<&mut [f64]>> = outputs.iter_mut().map(|o| Some(&mut o[shift..])).collect();
            loaded.call(n, &own, &mut slices);
            outputs.into_iter().map(|o| o[shift..].to_vec()).collect::<Vec<_>>()
        };
        let whole = call(MOST, 0);
        let check = |n: usize, shift: usize| {
            for (found, whole) in call(n, shift).iter().zip(&whole) {
                for (row, expected) in found.chunks_exact(n.max(1)).zip(whole.chunks_exact(MOST)) {
                    assert!(row.iter().zip(expected).all(|(a, b)| same(*a, *b)), "{} of {n} points", routine.name);
                }
            }
        };
        for n in [0, 1, 2, 7, 8, 9, 63, 64, 65, 127, 128, 129] {
            check(n, n % 3);
        }
        std::thread::scope(|scope| {
            (0..4).for_each(|t| drop(scope.spawn(move || (0..5).for_each(|i| check(60 + 7 * i + t, t)))))
        });
    }
}

/// A point that is no number spoils itself alone.
#[test]
fn what_is_not_finite_stays_where_it_is() {
    let library = library("burgers", Machine::Native);
    let routine = &library.kernels[0].routine;
    let loaded = load(&[routine], &Options::default()).expect("machine code");
    let mut given = inputs(routine, POINTS);
    let clean = in_process(routine, &loaded[0], POINTS);
    for (i, x) in [(3, f64::NAN), (40, f64::INFINITY), (69, f64::NEG_INFINITY)] {
        given[0][i] = x;
    }
    let mut found = vec![0.0; POINTS];
    let slices: Vec<&[f64]> = given.iter().map(Vec::as_slice).collect();
    loaded[0].call(POINTS, &slices, &mut [Some(&mut found)]);
    for (i, (a, b)) in found.iter().zip(&clean).enumerate() {
        assert!(if [3, 40, 69].contains(&i) { !a.is_finite() || a != b } else { same(*a, *b) }, "{i}: {a:e} {b:e}");
    }
    assert!(found[3].is_nan());
}

#[test]
fn the_times_of_a_problem_are_told() {
    let output = run(env!("CARGO_BIN_EXE_pdec"), &["bench", "pdes/poisson1d.pde", "--json"]);
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let kernels = document["kernels"].as_array().expect("a list");
    assert_eq!(kernels.len(), 6);
    for kernel in kernels {
        let times = kernel["training"].as_array().expect("a list");
        assert!(
            times.len() == 4
                && times.iter().chain([&kernel["standalone"]]).all(|t| t.as_f64().is_some_and(|t| t > 0.0))
        );
    }
}
