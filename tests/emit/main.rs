//! Files of `pdec emit`, in the hands of other compilers and by themselves.

#[path = "../support/bits.rs"]
mod bits;
mod calls;
mod compiled;
mod differential;
mod interpreted;
mod library;
#[path = "../support/mutants.rs"]
mod mutants;
mod mutations;
mod order;
#[path = "../support/random_tape.rs"]
mod random_tape;
mod rounding;
mod tapes;

use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use pdec::codegen::{Machine, Options, load};
use pdec::routine::{Kind, Routine};

use bits::same;
use compiled::STRICT;
use library::{emit, has, inputs, library, run};

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

#[test]
fn the_times_of_a_problem_are_told() {
    let output = run(env!("CARGO_BIN_EXE_pdec"), &["bench", "pdes/poisson1d.pde", "--json"]);
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let kernels = document["kernels"].as_array().expect("a list");
    let positive = |value: &serde_json::Value| value.as_f64().is_some_and(|x| x > 0.0);
    let trained = |kernel: &&serde_json::Value| !kernel["training"].as_array().expect("a list").is_empty();
    assert_eq!(kernels.iter().filter(trained).count(), 6);
    for kernel in kernels.iter().filter(trained) {
        let times = kernel["training"].as_array().expect("a list");
        assert!(times.len() == 4 && times.iter().all(positive), "{kernel}");
    }
    for kind in Kind::ALL {
        assert!(kernels.iter().any(|kernel| kernel["kernel"] == kind.name()), "no `{}`", kind.name());
    }
    for kernel in kernels {
        let batches = kernel["batches"].as_array().expect("a list");
        let points: Vec<u64> = batches.iter().filter_map(|batch| batch["points"].as_u64()).collect();
        assert_eq!(points, [8, 64, 512, 4096], "{}", kernel["name"]);
        let rates = ["nanoseconds", "gigabytes", "percent_of_roof"];
        assert!(batches.iter().all(|batch| rates.iter().all(|rate| positive(&batch[rate]))), "{kernel}");
    }
}
