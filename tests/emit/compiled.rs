//! C11 and C++17 without a warning, Fortran: the same bits as machine code in this process.

use std::fs;
use std::path::Path;

use pdec::codegen::Machine;
use pdec::emit::Library;

use super::bits::{difference, same};
use super::library::{POINTS, PROBLEMS, emit, expected, has, inputs, library, run};

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

pub const STRICT: [&str; 5] = ["-Wall", "-Wextra", "-Werror", "-pedantic", "-O1"];

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
            let wrong = difference(&found, &expected);
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

/// The outputs of each kernel of a library, one behind the other.
fn by_output<'a>(library: &Library, values: &'a [f64]) -> Vec<(String, &'a [f64])> {
    let mut rest = values;
    let mut found = Vec::new();
    for kernel in &library.kernels {
        for output in &kernel.routine.outputs {
            let (own, after) = rest.split_at(output.length(POINTS));
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
    assert_eq!(difference(&found, &expected), None);
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
