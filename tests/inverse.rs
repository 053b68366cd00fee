//! Inverse problems, trained for a few seconds: numbers and coefficients that are found from data, numbers that are inputs
//! of the network, coefficients on grids, and errors against references.

use std::path::Path;

use pdec::dataset::Files;
use pdec::diagnostic::{Diagnostic, Source};
use pdec::model::{Formulas, Given, Overrides};
use pdec::pipeline::{self, Backend, Times};
use pdec::simplify::Effort;
use pdec::train::{FieldError, FoundNumber, Limits, Session, Silent};

/// A trained problem.
struct Trained {
    errors: Vec<FieldError>,
    numbers: Vec<FoundNumber>,
}

impl Trained {
    fn number(&self, name: &str) -> &FoundNumber {
        self.numbers.iter().find(|number| number.name == name).expect("a number of this name")
    }

    fn error(&self, name: &str) -> f64 {
        self.errors.iter().find(|error| error.name == name).expect("an unknown of this name").relative_l2
    }
}

/// Trains a problem whose files lie in a folder.
fn train(folder: &Path, text: &str, steps: usize) -> Trained {
    let files = Files::below(folder, &[]).expect("a folder");
    let given = Given { overrides: &Overrides::default(), formulas: &Formulas::default(), files: &files };
    let mut times = Times::default();
    let checked = pipeline::check_given(Source::new("inverse.pde", text), given, &mut times);
    let messages: Vec<String> = checked.found.iter().map(|d: &Diagnostic| d.message.clone()).collect();
    let (model, _) = checked.model.unwrap_or_else(|| panic!("{messages:?}"));
    let lowered = pipeline::lower(model, Effort::default(), &mut times).expect("programs");
    let compiled = pipeline::assemble(lowered, 0, Backend::default(), &mut times).expect("a kernel");
    let mut session = Session::new(compiled, 0).expect("a session");
    session.run(Limits { steps: Some(steps), ..Limits::default() }, &mut Silent).expect("a run");
    Trained { errors: session.errors(), numbers: session.numbers() }
}

/// Trains a problem of `pdes/`.
fn shipped(name: &str, steps: usize) -> Trained {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("pdes");
    let text = std::fs::read_to_string(folder.join(name)).expect("a problem");
    train(&folder, &text, steps)
}

#[test]
fn a_conductivity_is_found_within_its_deviation() {
    let trained = shipped("heat_inverse.pde", 60);
    let k = trained.number("k");
    let deviation = k.deviation.expect("data give a deviation");
    assert!((k.value - 0.3).abs() < 3.0 * deviation, "{k:?}");
    assert!((k.value - 0.3).abs() < 3e-3, "{k:?}");
    // Of 72 readings with noise 1e-3 of a value whose derivative in k is of the order of 1.
    assert!((2e-5..2e-3).contains(&deviation), "{k:?}");
    assert!(trained.error("u") < 3e-3);
}

#[test]
fn four_rates_are_found_from_a_start_far_away() {
    let trained = shipped("lotka_volterra_inverse.pde", 250);
    for (name, rate) in [("birth", 1.1), ("hunt", 0.4), ("feed", 0.1), ("death", 0.4)] {
        let found = trained.number(name);
        assert!((found.value / rate - 1.0).abs() < 1e-2, "{found:?}");
    }
}

#[test]
fn a_coefficient_is_found_from_the_shape_of_a_rod() {
    let trained = shipped("inverse_rod.pde", 120);
    assert!(trained.error("a") < 2e-2, "{:?}", trained.errors);
    assert!(trained.error("u") < 1e-3, "{:?}", trained.errors);
}

#[test]
fn one_network_knows_a_range_of_conductivities() {
    let trained = shipped("heat_parametric.pde", 60);
    assert!(trained.error("u") < 5e-3, "{:?}", trained.errors);
}

#[test]
fn a_coefficient_on_a_grid_is_the_function_that_it_was_made_from() {
    let trained = shipped("gridded_conductivity.pde", 60);
    assert!(trained.error("u") < 1e-3, "{:?}", trained.errors);
}

const LINE: &str = "domain x in [0, 1]\nunknown u\neq -u_xx = pi^2*sin(pi*x)\nbc u = 0 on boundary\n\
                    network mlp(12)\nsample interior: gauss(24)\n";

#[test]
fn references_at_points_and_on_grids_measure_the_same_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let exact = |x: f64| (std::f64::consts::PI * x).sin();
    let rows: Vec<String> = (0..=200).map(|i| f64::from(i) / 200.0).map(|x| format!("{x},{}", exact(x))).collect();
    std::fs::write(folder.path().join("u.csv"), format!("x,u\n{}\n", rows.join("\n"))).expect("a file");
    let at_points = train(folder.path(), &format!("{LINE}reference u from \"u.csv\"\n"), 12).error("u");
    let of_formula = train(folder.path(), &format!("{LINE}exact u = sin(pi*x)\n"), 12).error("u");
    assert!((at_points / of_formula - 1.0).abs() < 0.05, "{at_points} {of_formula}");
}

#[test]
fn a_number_that_nothing_measures_has_no_deviation() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = format!("fit c = 1\n{LINE}bc u = c on x = 1/2 with interior\n");
    let trained = train(folder.path(), &text, 30);
    let c = trained.number("c");
    assert!((c.value - 1.0).abs() < 1e-2 && c.deviation.is_none(), "{c:?}");
}
