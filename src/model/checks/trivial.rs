//! A problem in which everything is homogeneous is solved by zero.

use crate::diagnostic::Diagnostic;
use crate::expr::{Expr, Graph, Symbol};

use super::super::elaborate::listed;
use super::super::{FieldSource, Model};
use super::orders::equations;

pub(super) fn check(model: &Model, graph: &mut Graph) -> Vec<Diagnostic> {
    // Zero may or may not be the least of an energy.
    if model.energies().next().is_some() {
        return Vec::new();
    }
    let homogeneous = model.terms.iter().all(|term| at_zero(model, graph, term.residual) == Graph::ZERO);
    let Some(equation) = equations(model).next().filter(|_| homogeneous) else { return Vec::new() };
    let zeros: Vec<String> = model.unknowns.iter().map(|unknown| format!("{} = 0", unknown.name)).collect();
    let name = model.unknowns.first().map_or("u", |unknown| unknown.name.as_str());
    vec![
        Diagnostic::warning("W0314", format!("{} solves everything", listed(&zeros)), equation.span, "has no source")
            .note("no equation and no condition has a term without an unknown")
            .help(format!("if another solution is meant, fix its size: `constraint integral({name}^2) = 1`")),
    ]
}

/// A formula where all unknowns are zero; integrals that are not zero then remain.
fn at_zero(model: &Model, graph: &mut Graph, formula: Expr) -> Expr {
    graph.substitute(formula, |graph, symbol| {
        let Symbol::Jet(jet) = symbol else { return None };
        // What tables and data files have is no unknown, and a number is not the solution that is asked for.
        let source = model.fields.get(usize::from(jet.field)).map(|field| field.source);
        if let Some(FieldSource::Number { .. } | FieldSource::Table { .. } | FieldSource::Column { .. }) = source {
            return None;
        }
        match model.integral_of(jet.field.into()) {
            Some(integral) => (at_zero(model, graph, integral.integrand) == Graph::ZERO).then_some(Graph::ZERO),
            None => Some(Graph::ZERO),
        }
    })
}
