//! A problem in which everything is homogeneous is solved by zero.

use crate::diagnostic::Diagnostic;
use crate::expr::{Graph, Symbol};

use super::super::Model;
use super::super::elaborate::listed;
use super::orders::equations;

pub(super) fn check(model: &Model, graph: &mut Graph) -> Vec<Diagnostic> {
    let zero = |_: &mut Graph, symbol: &Symbol| matches!(symbol, Symbol::Jet(_)).then_some(Graph::ZERO);
    // Zero may or may not be the least of an energy.
    if model.energies().next().is_some() {
        return Vec::new();
    }
    let homogeneous = model.terms.iter().all(|term| graph.substitute(term.residual, zero) == Graph::ZERO);
    let Some(equation) = equations(model).next().filter(|_| homogeneous) else { return Vec::new() };
    let zeros: Vec<String> = model.unknowns.iter().map(|unknown| format!("{} = 0", unknown.name)).collect();
    let name = model.unknowns.first().map_or("u", |unknown| unknown.name.as_str());
    vec![
        Diagnostic::warning("W0314", format!("{} solves everything", listed(&zeros)), equation.span, "has no source")
            .note("no equation and no condition has a term without an unknown")
            .help(format!("if another solution is meant, fix a value: `bc {name} = 1 on ...`")),
    ]
}
