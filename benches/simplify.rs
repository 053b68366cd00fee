//! What the normal form and the e-graph save: weighted operation counts of eight sets of formulas, as a Markdown table.
//!
//! ```console
//! $ cargo bench --bench simplify
//! ```
//!
//! Costs in units of an addition, as [`pdec::simplify::dag_cost`] counts them: after value numbering alone, in the normal
//! form, with standard effort (the default), and with all effort; and the time that the last two take.

#[path = "../tests/support/formula.rs"]
mod formula;
#[path = "../tests/support/known_formulas.rs"]
mod known_formulas;
#[path = "../tests/support/known_roots.rs"]
mod known_roots;
#[path = "support/plain.rs"]
mod plain;

use std::time::Instant;

use known_formulas::{Family, KNOWN, Known};
use pdec::diagnostic::Source;
use pdec::expr::Interval;
use pdec::report::{Align, TextTable};
use pdec::simplify::{Effort, dag_cost, simplify};
use pdec::syntax::ast::StatementKind;
use plain::{Id, Plain};

fn main() {
    let numbers = ["formulas", "value numbering", "normal form", "egg", "ms", "egg, all effort", "ms"];
    let columns = std::iter::once(("problem", Align::Left)).chain(numbers.map(|name| (name, Align::Right)));
    let mut table = TextTable::new(columns);
    for known in &KNOWN {
        let (graph, roots) = known_roots::roots(known);
        let (standard, time) = simplified(known, Effort::Standard);
        let (all, all_time) = simplified(known, Effort::Maximal);
        table.row(vec![
            known.name.to_owned(),
            roots.len().to_string(),
            plain_cost(known).to_string(),
            dag_cost(&graph, &roots).to_string(),
            standard.to_string(),
            format!("{time:.1}"),
            all.to_string(),
            format!("{all_time:.0}"),
        ]);
    }
    print!("{}", table.to_markdown());
}

/// The cost after simplification, and the least of five times in milliseconds.
fn simplified(known: &Known, effort: Effort) -> (f64, f64) {
    let once = || {
        let (mut graph, roots) = known_roots::roots(known);
        let start = Instant::now();
        let (_, report) = simplify(&mut graph, &roots, &|_| Interval::ALL, effort);
        (report.after, start.elapsed().as_secs_f64() * 1e3)
    };
    let runs = [(); 5].map(|()| once());
    (runs[0].0, runs.iter().map(|(_, time)| *time).fold(f64::INFINITY, f64::min))
}

fn plain_cost(known: &Known) -> f64 {
    let mut plain = Plain::default();
    let text: String = known.formulas.iter().map(|formula| format!("eq {formula} = 0\n")).collect();
    let (ast, found) = pdec::syntax::parse(&Source::new("known", text));
    assert!(found.is_empty(), "{found:?}");
    let mut roots: Vec<Id> = Vec::new();
    for statement in &ast.expect("it was parsed").statements {
        let StatementKind::Eq { equation, .. } = &statement.kind else { continue };
        roots.push(plain.read(&equation.left));
    }
    let formulas = roots.clone();
    let jets = plain.jets(known.fields);
    if matches!(known.family, Family::Jacobian | Family::Squares) {
        for root in &formulas {
            roots.extend(jets.iter().map(|jet| plain.derivative(*root, jet)));
        }
    }
    match known.family {
        Family::Jacobian => {}
        Family::Squares => {
            let zero = plain.number(0.0);
            let sum = formulas.iter().fold(zero, |sum, root| {
                let square = plain.power(*root, 2.0);
                plain.sum(sum, square)
            });
            let half = plain.number(0.5);
            let energy = plain.product(half, sum);
            roots.push(energy);
            roots.extend(two_derivatives(&mut plain, energy, &jets));
        }
        Family::Energy => roots.extend(two_derivatives(&mut plain, formulas[0], &jets)),
        Family::Orders => {
            let jet = jets.first().expect("a field");
            for order in 0..4 {
                let next = plain.derivative(roots[order], jet);
                roots.push(next);
            }
        }
    }
    plain.cost(&roots)
}

fn two_derivatives(plain: &mut Plain, energy: Id, jets: &std::collections::BTreeSet<String>) -> Vec<Id> {
    let mut roots = Vec::new();
    for (i, a) in jets.iter().enumerate() {
        let first = plain.derivative(energy, a);
        roots.push(first);
        roots.extend(jets.iter().skip(i).map(|b| plain.derivative(first, b)));
    }
    roots
}
