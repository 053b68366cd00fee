//! A problem in which everything is homogeneous is solved by zero.

use crate::diagnostic::Diagnostic;
use crate::expr::{Graph, Jet, Symbol};

use super::super::elaborate::listed;
use super::super::{FieldSource, Model};
use super::orders::equations;

pub(super) fn check(model: &Model, graph: &mut Graph) -> Vec<Diagnostic> {
    // What tables and data files have is no unknown, and a number is not the solution that is asked for.
    let sought = |jet: &Jet| {
        let source = model.fields.get(usize::from(jet.field)).map(|field| field.source);
        !matches!(source, Some(FieldSource::Number { .. } | FieldSource::Table { .. } | FieldSource::Column { .. }))
    };
    let zero =
        |_: &mut Graph, symbol: &Symbol| matches!(symbol, Symbol::Jet(jet) if sought(jet)).then_some(Graph::ZERO);
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
