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
        kinds: Kind::OF_BLOCKS.into_iter().chain([Kind::Predict]).collect(),
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
fn driver(library: &Library) -> String {
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
    text + "  return fclose(to);\n}\n"
}

const STRICT: [&str; 5] = ["-Wall", "-Wextra", "-Werror", "-pedantic", "-O1"];

/// Compiles and runs the driver, and gives all outputs.
fn through(compiler: &str, standard: &str, ending: &str, library: &Library, folder: &Path) -> Vec<f64> {
    let path = |name: &str| folder.join(name).display().to_string();
    let (source, program) = (path(&format!("driver.{ending}")), path(&format!("driver_{ending}")));
    fs::write(&source, driver(library)).expect("a source");
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
            if !has(compiler) {
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
