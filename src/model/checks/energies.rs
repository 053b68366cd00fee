//! Energies: an `exact` that is no stationary point, and penalties that are too weak.
//!
//! A minimiser of ∫F(x, u, ∂u) satisfies the equation of Euler and Lagrange, Σ (-1)^|α| ∂^α (∂F/∂u_α) = 0, at every inner
//! point; natural conditions at the boundary are not looked at.

use crate::diagnostic::Diagnostic;
use crate::expr::{Expr, Graph, MultiIndex, Symbol};

use super::super::{Model, Term, TermKind};
use super::counting::fields_of;
use super::estimate::estimate;
use super::exact::Solution;
use super::probe::{contains, points_of, whole};
use super::wording::{number, point};

/// The largest defect, relative to the largest summand.
const TOLERANCE: f64 = 1e-6;
/// Penalties below this weight change the solution by more than training leaves.
const WEAK: f64 = 1e4;

pub(super) fn check(model: &Model, graph: &mut Graph) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for field in model.declared() {
        found.extend(not_stationary(model, graph, field));
    }
    found.extend(model.energies().filter(|energy| energy.sampling.adapt.is_some()).map(adapts));
    found
}

fn adapts(energy: &Term) -> Diagnostic {
    let message = "the points of an energy do not adapt";
    Diagnostic::warning("W0217", message, energy.span, "its points are drawn anew, and stay spread evenly")
        .note("points that crowd would give the integral another value, and another minimum")
}

/// Penalties that a hard condition could replace.
pub(super) fn penalties(model: &Model, graph: &mut Graph) -> Vec<Diagnostic> {
    let in_energies: Vec<usize> = model.energies().flat_map(|energy| fields_of(model, energy)).collect();
    let mut found = Vec::new();
    for (number_of_term, term) in model.terms.iter().enumerate() {
        let weight = model.weight(number_of_term);
        if term.kind != TermKind::Boundary || weight >= WEAK || !is_value(graph, term) {
            continue;
        }
        let fields = fields_of(model, term);
        if !fields.iter().any(|field| in_energies.contains(field)) {
            continue;
        }
        let message = format!("a penalty of weight {} moves the minimum", number(weight));
        let label = format!("the solution is off by about 1/{}", number(weight));
        found.push(
            Diagnostic::warning("W0316", message, term.span, label)
                .note("the energy pulls at the condition until the penalty balances it")
                .help("write `with weight=1e5`, or satisfy the condition exactly: `with hard`"),
        );
    }
    found
}

/// Whether a condition prescribes the value of a field: `a*u = g`.
fn is_value(graph: &mut Graph, term: &Term) -> bool {
    let jets = graph.jets(&[term.residual]);
    let [jet] = jets.as_slice() else { return false };
    let slope = graph.derivative(term.residual, &Symbol::Jet(jet.clone()));
    jet.index.is_zero() && graph.jets(&[slope]).is_empty()
}

/// An energy inside, and what its integrand adds to the equation of Euler and Lagrange, as formulas of the coordinates.
struct Summands<'m> {
    energy: &'m Term,
    weight: f64,
    formulas: Vec<Expr>,
}

fn not_stationary(model: &Model, graph: &mut Graph, field: usize) -> Option<Diagnostic> {
    let given = model.components().nth(field)?.exact_span?;
    let is_own = |energy: &Term| {
        energy.kind == TermKind::Energy && energy.is_inside() && fields_of(model, energy).contains(&field)
    };
    let own: Vec<usize> = (0..model.terms.len()).filter(|&term| is_own(&model.terms[term])).collect();
    // With fewer axes than the energy the equation is an integral, as it is with integrals in the energy.
    let nonlocal = |&term: &usize| !model.integrals_in(&[model.terms[term].residual]).is_empty();
    if own.is_empty() || model.fields[field].axes.len() < model.axes.len() || own.iter().any(nonlocal) {
        return None;
    }
    let mut solution = Solution::new(model, graph);
    let (numbers, _) = estimate(model, graph, &mut solution);
    solution.numbers = numbers;
    let mut all = Vec::new();
    for term in own {
        let (energy, weight) = (&model.terms[term], model.weight(term));
        let formulas = euler_lagrange(model, graph, &mut solution, (energy, field))?;
        if !solution.knows(graph, &formulas) {
            return None;
        }
        all.push(Summands { energy, weight, formulas });
    }
    let (mut worst, mut scale, mut count) = ((0.0, Vec::new()), f64::MIN_POSITIVE, 0);
    for at in points_of(&whole(model)) {
        let holds = |energy: &Term| energy.place.iter().any(|piece| contains(model, piece, &at));
        let mut defect = 0.0;
        let here: Vec<&Summands> = all.iter().filter(|summands| holds(summands.energy)).collect();
        for summands in &here {
            for value in solution.values_at(graph, &summands.formulas, &at, None) {
                let value = summands.weight * value;
                defect += value;
                scale = if value.abs() <= scale { scale } else { value.abs() };
            }
        }
        count += usize::from(!here.is_empty());
        if !defect.is_finite() {
            let message = "`exact` has no finite value in the equation of Euler and Lagrange of the energy";
            let label = format!("not a number, or infinite, at {}", point(model, &at));
            return Some(Diagnostic::error("E0602", message, given, label).label(all[0].energy.span, "this energy"));
        }
        if defect.abs() > worst.0 {
            worst = (defect.abs(), at);
        }
    }
    let relative = worst.0 / scale;
    if relative <= TOLERANCE {
        return None;
    }
    let name = &model.fields[field].name;
    let message = format!("`exact` is no stationary point of the energy in `{name}`");
    let label =
        format!("the equation of Euler and Lagrange misses by {} at {}", number(worst.0), point(model, &worst.1));
    Some(
        Diagnostic::error("E0602", message, given, label)
            .label(all[0].energy.span, "not stationary")
            .note(format!("largest relative defect over {count} points: {}", number(relative))),
    )
}

/// `(-1)^|α| ∂^α (∂F/∂u_α)` for each α, with the exact solution in it; `None` where an unknown has none.
fn euler_lagrange(
    model: &Model,
    graph: &mut Graph,
    solution: &mut Solution,
    (energy, field): (&Term, usize),
) -> Option<Vec<Expr>> {
    let mut formulas = Vec::new();
    for jet in graph.jets(&[energy.residual]) {
        if usize::from(jet.field) != field {
            continue;
        }
        let slope = graph.derivative(energy.residual, &Symbol::Jet(jet.clone()));
        let mut formula = solution.insert(graph, slope)?;
        let index: &MultiIndex = &jet.index;
        for axis in index.axes() {
            // Tables are left in the formula, and move with the point.
            let along = graph.total_derivative(formula, axis, |field| model.fields[field].axes.contains(&axis));
            formula = graph.neg(along);
        }
        formulas.push(formula);
    }
    Some(formulas)
}
