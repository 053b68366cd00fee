//! What simplification reaches on problems with known figures: an operation count that must not rise.

use pdec::expr::Interval;
use pdec::simplify::{Effort, dag_cost, simplify};

#[path = "support/formula.rs"]
mod formula;
#[path = "support/known_formulas.rs"]
mod known_formulas;
#[path = "support/known_roots.rs"]
mod known_roots;

use known_formulas::{KNOWN, Known};

/// What standard effort reaches, in the order of [`KNOWN`].
const BARS: [f64; 8] = [46.0, 3.0, 57.0, 29.5, 28.0, 86.5, 11.0, 31.5];

fn costs(known: &Known, effort: Effort) -> (f64, f64) {
    let (mut graph, roots) = known_roots::roots(known);
    let (simplified, report) = simplify(&mut graph, &roots, &|_| Interval::ALL, effort);
    assert_eq!(report.before, dag_cost(&graph, &roots));
    assert_eq!(report.after, dag_cost(&graph, &simplified));
    assert_eq!(report.discarded, None);
    let (again, _) = simplify(&mut graph, &simplified, &|_| Interval::ALL, effort);
    assert_eq!(again, simplified, "{}: simplified again", known.name);
    (report.before, report.after)
}

#[test]
fn costs_stay_below_their_bars() {
    for (known, bar) in KNOWN.iter().zip(BARS) {
        let (before, after) = costs(known, Effort::Standard);
        assert!(after <= before, "{}: {before} -> {after}", known.name);
        assert!(after <= bar, "{}: {before} -> {after}, the bar is {bar}", known.name);
    }
}

#[test]
fn more_effort_never_costs_more() {
    for known in KNOWN.iter().filter(|known| ["tanh", "p-Laplacian"].contains(&known.name)) {
        let (_, standard) = costs(known, Effort::Standard);
        let (_, maximal) = costs(known, Effort::Maximal);
        assert!(maximal <= standard, "{}: {standard} -> {maximal}", known.name);
        let (before, off) = costs(known, Effort::Off);
        assert_eq!(before, off);
    }
}
