//! Something to solve: every equation has an unknown and every unknown an equation.

use crate::diagnostic::{Diagnostic, Span};

use super::super::{Model, TermKind};
use super::orders::equations;
use super::wording::counted;

pub(super) fn check(model: &Model) -> Vec<Diagnostic> {
    if equations(model).next().is_none() && model.energies().next().is_none() {
        return vec![nothing_to_solve(model)];
    }
    let mut found = terms_without_unknown(model);
    // An equation whose unknowns are misspelt would make every unknown look undetermined.
    if found.is_empty() {
        found.extend(unknowns_without_equation(model));
    }
    found
}

fn nothing_to_solve(model: &Model) -> Diagnostic {
    let span = model.unknowns.last().map(|u| u.span).or(model.axes.last().map(|a| a.span)).unwrap_or(Span::new(0, 0));
    let name = model.unknowns.last().map_or("u", |unknown| unknown.name.as_str());
    Diagnostic::error("E0206", "nothing to solve: there is no equation", span, "no `eq` speaks of it")
        .help(format!("add an equation, `eq lap({name}) = 0`, or an energy, `minimize integral(norm2(grad({name})))`"))
}

fn terms_without_unknown(model: &Model) -> Vec<Diagnostic> {
    let lonely = model.terms.iter().filter(|term| model.jets(&[term.residual]).is_empty());
    let mut found = Vec::new();
    for term in lonely {
        let what = match term.kind {
            TermKind::Equation => "the equation",
            TermKind::Boundary => "the boundary condition",
            TermKind::Initial => "the initial condition",
            TermKind::Constraint => "the constraint",
            TermKind::Energy => "the energy",
            TermKind::Data(_) => "the data",
        };
        let cancelled = !model.jets(&[term.left, term.right]).is_empty();
        let label = match term.kind {
            TermKind::Energy => "is the same for any solution",
            _ if cancelled => "the unknowns cancel",
            _ => "no unknown on either side",
        };
        let names: Vec<String> = model.unknowns.iter().map(|unknown| format!("`{}`", unknown.name)).collect();
        let found_here = Diagnostic::error("E0205", format!("{what} contains no unknown"), term.span, label);
        found.push(match names.len() {
            0 => found_here,
            1 => found_here.note(format!("the unknown is {}", names[0])),
            _ => found_here.note(format!("the unknowns are {}", names.join(", "))),
        });
    }
    found
}

fn unknowns_without_equation(model: &Model) -> Vec<Diagnostic> {
    let residuals: Vec<_> = equations(model).chain(model.energies()).map(|term| term.residual).collect();
    let jets = model.jets(&residuals);
    let unused = model.declared().filter(|f| !jets.iter().any(|jet| usize::from(jet.field) == *f));
    let counts = format!("{}, {}", counted(model.declared().len(), "unknown"), counted(residuals.len(), "equation"));
    unused
        .map(|f| {
            let field = &model.fields[f];
            let message = format!("no equation determines `{}`", field.name);
            Diagnostic::error("E0204", message, field.span, "in no equation")
                .note(counts.clone())
                .help(format!("add an equation for `{0}`, or remove `{0}`", field.name))
        })
        .collect()
}
