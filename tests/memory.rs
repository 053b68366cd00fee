//! The memory that `pdec show` predicts, against what training in a process of its own takes.

use std::fs;

use serde_json::Value;

#[path = "support/desk.rs"]
mod desk;

use desk::Desk;

/// How far the peak may be from the prediction, as a part of it.
const WITHIN: f64 = 0.2;

struct Case {
    network: &'static str,
    interior: &'static str,
    train: &'static str,
}

/// One of each kind of large object: rows with a Gram matrix, with a kernel matrix, with QR, a spectrum or a sketch; kernel
/// matrices from layers, and in single precision from rows; Kronecker factors; inverse Hessians; none at all, but many points.
const CASES: [Case; 10] = [
    Case { network: "mlp(30, 30)", interior: "gauss(52, 52)", train: "engd(steps=2)" },
    Case { network: "mlp(40, 40)", interior: "gauss(30, 30)", train: "engd(steps=2)" },
    Case { network: "mlp(24, 24)", interior: "gauss(52, 52)", train: "engd(steps=2, solver=qr)" },
    Case { network: "mlp(24, 24)", interior: "gauss(52, 52)", train: "lm(steps=1)" },
    Case { network: "mlp(40, 40)", interior: "gauss(52, 52)", train: "dsgnar(steps=1)" },
    Case { network: "mlp(64, 64, 48, 48)", interior: "gauss(40, 40)", train: "engdw(steps=1)" },
    Case { network: "mlp(40, 40)", interior: "gauss(30, 30)", train: "spring(steps=1)\nset precision = f32" },
    Case { network: "mlp(64, 64, 64)", interior: "gauss(52, 52)", train: "kfac(steps=2)" },
    Case { network: "mlp(40, 40)", interior: "gauss(30, 30)", train: "ssbroyden(steps=3)" },
    Case { network: "mlp(32, 32)", interior: "uniform(200000)", train: "adam(steps=2)" },
];

impl Case {
    fn text(&self) -> String {
        let Self { network, interior, train } = self;
        format!(
            "problem poisson\ndomain x in [0, 1], y in [0, 1]\nunknown u\n\
             eq -lap(u) = 2*pi^2*sin(pi*x)*sin(pi*y)\nbc u = 0 on boundary\nexact u = sin(pi*x)*sin(pi*y)\n\
             network {network}\nsample interior: {interior}\nsample boundary: gauss(40)\ntrain {train}\n"
        )
    }
}

/// The first row of the section `memory`, in MB.
fn predicted(desk: &Desk) -> f64 {
    let shown: Value = serde_json::from_str(&desk.done(&["show", "poisson.pde", "--json"])).expect("JSON");
    let sections = shown["sections"].as_array().expect("sections");
    let memory = sections.iter().find(|section| section["title"] == "memory").expect("a section on memory");
    let row = memory["rows"][0].as_array().expect("a first row");
    assert!(row[0].as_str().is_some_and(|name| name.starts_with("peak of")), "{row:?}");
    row[1].as_str().and_then(|size| size.parse().ok()).expect("a size in MB")
}

fn measured(desk: &Desk) -> f64 {
    desk.done(&["train", "poisson.pde", "-q"]);
    let text = fs::read(desk.path("runs/poisson/latest/result.json")).expect("the run has a result");
    let result: Value = serde_json::from_slice(&text).expect("JSON");
    result["peak_bytes"].as_f64().expect("a peak") / 1e6
}

#[cfg(target_os = "linux")]
#[test]
fn runs_take_the_memory_that_was_predicted() {
    let mut missed = Vec::new();
    for case in &CASES {
        let desk = Desk::new(&[("poisson.pde", &case.text())]);
        let (predicted, measured) = (predicted(&desk), measured(&desk));
        println!("{} {}: {predicted} MB predicted, {measured:.1} MB measured", case.network, case.train);
        if (measured - predicted).abs() > WITHIN * predicted {
            missed.push(format!("{} {}: {measured:.1} MB, not {predicted} MB", case.network, case.train));
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_run_that_cannot_fit_is_refused_before_it_begins() {
    // The Jacobian would have a terabyte.
    let case = Case { network: "mlp(4000, 4000)", interior: "grid(100, 100)", train: "engd(steps=1)" };
    let desk = Desk::new(&[("poisson.pde", &case.text())]);
    let said = desk.fails(4, &["train", "poisson.pde"]);
    assert!(said.contains("error[R0804]: not enough memory") && said.contains("for the Jacobian"), "{said}");
    assert!(!desk.path("runs/poisson/latest").exists(), "there is no run");
}
