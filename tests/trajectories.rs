//! Methods of second order against their formulas in NumPy: the same losses, step by step.
//!
//! `tests/trajectories/second_order.py` makes the numbers, with derivatives of its own.

use std::collections::BTreeMap;
use std::path::Path;

use pdec::diagnostic::Source;
use pdec::model::Overrides;
use pdec::optim;
use pdec::pipeline::{self, Backend, Compiled, Times};
use pdec::simplify::Effort;

/// Where the script begins.
const START: [f64; 13] = [0.2, 1.7, 0.3, -1.4, -1.0, 1.2, 2.0, 1.5, 1.1, 0.4, 0.6, 0.2, -0.8];

/// The problem of the script; every term has the weight that is given.
fn problem(method: &str, weight: f64) -> Compiled {
    let text = format!(
        "domain x in [-1, 1], y in [-1, 1]\nunknown u\neq -lap(u) + u^2 = 1 + x*y with weight={weight}\n\
         bc u = 0 on boundary with weight={weight}\nnetwork mlp(3)\nsample interior: midpoint(5)\n\
         sample boundary: midpoint(5)\ntrain {method}\n"
    );
    let (model, found) = pipeline::check(&Source::new("test", text), &Overrides::default(), &mut Times::default());
    let model = model.unwrap_or_else(|| panic!("{method}: {found:?}"));
    let lowered = pipeline::lower(model, Effort::default(), &mut Times::default()).expect("it has programs");
    pipeline::assemble(lowered, 0, Backend::default(), &mut Times::default()).expect("it has points")
}

/// The losses behind each of some steps, and θ in the end.
fn run(compiled: &Compiled, steps: usize) -> (Vec<f64>, Vec<f64>) {
    let stage = &compiled.lowered.model.stages[0];
    let mut optimizer = optim::for_stage(stage, &compiled.kernel);
    let mut theta = START.to_vec();
    let losses = (0..steps).map(|_| optimizer.step(&compiled.kernel, &mut theta).loss).collect();
    (losses, theta)
}

#[test]
fn losses_are_those_of_the_formulas() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/trajectories/second_order.json");
    let text = std::fs::read_to_string(path).expect("the file is there");
    let expected: BTreeMap<String, Vec<f64>> = serde_json::from_str(&text).expect("losses by method");
    assert!(expected.len() >= 8, "{:?}", expected.keys());
    for (method, expected) in &expected {
        let (found, _) = run(&problem(method, 1.0), expected.len());
        for (step, (found, expected)) in found.iter().zip(expected).enumerate() {
            assert!((found - expected).abs() < 1e-6 * expected, "{method} step {step}: {found:e}, not {expected:e}");
        }
    }
}

/// A step that solves `G d = -∇L` without a damping of its own does not see the unit of the loss: with a power of four
/// in front of it (whose root scales J), not one bit changes.
#[test]
fn the_unit_of_the_loss_does_not_matter() {
    for method in ["engd(paper)", "engd(solver=lstsq, line_search=backtracking)", "lm()", "lm(solver=svd)"] {
        let [(losses, theta), (scaled, same)] = [1.0, 1024.0].map(|weight| run(&problem(method, weight), 8));
        let bits = |theta: &[f64]| theta.iter().map(|t| t.to_bits()).collect::<Vec<u64>>();
        assert_eq!(bits(&theta), bits(&same), "{method}");
        assert_eq!(losses.iter().map(|loss| 1024.0 * loss).collect::<Vec<_>>(), scaled, "{method}");
    }
}

/// The metric of the energy ½‖u‖² + ½‖∇u‖² - (f, u) is the scalar product of H¹. With a damping, since the rank of a
/// pseudo-inverse hangs on roundings, in which fused rows differ from others.
#[test]
fn the_metric_of_an_energy_is_that_of_its_space() {
    let text = |method: &str| {
        format!(
            "domain x in [-1, 1]\nunknown u\nminimize integral(1/2*u^2 + 1/2*u_x^2 - exp(x)*u)\nnetwork mlp(4)\n\
             sample interior: gauss(20)\ntrain {method}\n"
        )
    };
    let run = |method: &str| {
        let source = Source::new("test", text(method));
        let (model, found) = pipeline::check(&source, &Overrides::default(), &mut Times::default());
        let model = model.unwrap_or_else(|| panic!("{method}: {found:?}"));
        let lowered = pipeline::lower(model, Effort::default(), &mut Times::default()).expect("it has programs");
        let compiled = pipeline::assemble(lowered, 0, Backend::default(), &mut Times::default()).expect("points");
        self::run(&compiled, 6)
    };
    let ((energy, _), (space, _)) = (run("engd(line_search=grid)"), run("hngd(metric=h1, line_search=grid)"));
    for (step, (a, b)) in energy.iter().zip(&space).enumerate() {
        assert!((a - b).abs() < 1e-9 * a.abs(), "step {step}: {a:e} and {b:e}");
    }
}
