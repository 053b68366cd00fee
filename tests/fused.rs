//! Training by fused programs: what they compute beside what sweeps do, and machine code beside the interpreter.

#[path = "support/bits.rs"]
mod bits;
#[path = "support/close.rs"]
mod close;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bits::difference;
use close::assert_relative;
use pdec::dataset::Files;
use pdec::diagnostic::Source;
use pdec::kernel::{Assemble, AssembleError, Kernel, LeastSquares, Metric, Objective, Spread};
use pdec::linalg::RowTiles;
use pdec::model::{Formulas, Given, Overrides};
use pdec::pipeline::{self, Backend, Lowered, Times};
use pdec::simplify::Effort;
use pdec::tape::{PointProgram, Tape};

/// Derivatives of high order along a direction of parameters lose some digits in either way.
const CLOSE: f64 = 1e-9;

/// Machine code that sweeps.
struct Sweeps;

impl Assemble for Sweeps {
    fn assemble(&self, tapes: &[&Tape]) -> Result<Vec<Arc<dyn PointProgram>>, AssembleError> {
        Backend::Jit.assemble(tapes)
    }
}

fn problems() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("pdes");
    let entries = std::fs::read_dir(folder).expect("the problems are there").flatten();
    let mut found: Vec<PathBuf> =
        entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|e| e == "pde")).collect();
    found.sort();
    found
}

fn lowered(path: &Path) -> Lowered {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path).expect("the problem can be read");
    let files = Files::below(path.parent().expect("a folder"), &[]).expect("it can be read");
    let given = Given { overrides: &Overrides::default(), formulas: &Formulas::default(), files: &files };
    let checked = pipeline::check_given(Source::new(name.clone(), text), given, &mut Times::default());
    let (model, _) = checked.model.unwrap_or_else(|| panic!("{name}: {:?}", checked.found));
    pipeline::lower(model, Effort::default(), &mut Times::default()).expect("it has programs")
}

/// A kernel on a few points of each block.
fn kernel(lowered: &Lowered, backend: &dyn Assemble) -> Kernel {
    let sets = lowered.draw_all(3).expect("points");
    let some = |count: usize| (0..count).step_by(1 + count / 77).collect::<Vec<_>>();
    let few: Vec<_> = sets.iter().map(|set| set.select(&some(set.len()))).collect();
    Kernel::new(&lowered.description, &lowered.tapes, &few, backend).expect("it can be compiled")
}

fn numbers(count: usize, phase: f64) -> Vec<f64> {
    (0..count).map(|i| 0.6 * (1.7 * i as f64 + phase).sin()).collect()
}

/// The residual, its rows, its derivatives along a direction, how the gradient bends, the gradient without rows, alone and with
/// the squares of rows, and the moments of the rows.
fn everything(kernel: &Kernel) -> [Vec<f64>; 9] {
    let (theta, v) = (numbers(kernel.parameters(), 0.3), numbers(kernel.parameters(), 1.1));
    let rows = kernel.rows();
    let [mut r, mut first, mut second] = [(); 3].map(|()| vec![0.0; rows]);
    kernel.residual(&theta, &mut r);
    kernel.residual_along(&theta, &v, &mut first, &mut second);
    let [mut gradient, mut beside, mut bend, mut means, mut squares] = [(); 5].map(|()| vec![0.0; theta.len()]);
    let mut jacobian = RowTiles::new(&kernel.row_tiles(Metric::GaussNewton), theta.len());
    kernel.linearize(&theta, Metric::GaussNewton, &mut jacobian, &mut gradient);
    kernel.curvature_along(&theta, &v, &mut bend);
    let of_tile = |tile: &pdec::linalg::RowTile| {
        let rows = tile.rows();
        tile.data().chunks_exact(tile.stride()).flat_map(|column| column[..rows].to_vec()).collect::<Vec<_>>()
    };
    kernel.gradient(&theta, &mut gradient);
    kernel.derivative_means(&theta, Spread::All, &mut means);
    kernel.gradient_and_squares(&theta, Spread::All, &mut beside, &mut squares);
    [r, first, second, jacobian.tiles().iter().flat_map(of_tile).collect(), bend, gradient, beside, means, squares]
}

#[test]
fn fused_programs_are_sweeps() {
    let mut fused = 0;
    for path in problems() {
        let lowered = lowered(&path);
        let least_squares = lowered.model.energies().next().is_none();
        if !least_squares {
            continue;
        }
        let [machine, interpreted] = [Backend::Jit, Backend::Interpreter].map(|backend| kernel(&lowered, &backend));
        let found = everything(&machine);
        let expected = everything(&kernel(&lowered, &Sweeps));
        fused += usize::from(found.iter().zip(&expected).any(|(a, b)| difference(a, b).is_some()));
        for (what, (found, expected)) in found.iter().zip(&expected).enumerate() {
            println!("{}: quantity {what}", path.display());
            assert_relative(found, expected, CLOSE);
        }
        for (what, (machine, interpreted)) in found.iter().zip(&everything(&interpreted)).enumerate() {
            assert_eq!(difference(machine, interpreted), None, "{}: quantity {what}", path.display());
        }
    }
    assert!(fused > 20, "{fused} problems have other roundings than sweeps have");
}
