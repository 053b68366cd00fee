//! What is given must be the same at both ends of a periodic axis.

use crate::diagnostic::Diagnostic;
use crate::expr::{Expr, Graph, Symbol};
use crate::geometry::Side;

use super::super::{Model, Term, TermKind};
use super::probe::{generic, points_of, values_at, whole};
use super::wording::{face, number};

/// Jumps below this share of the largest value are rounding, or too small to be seen.
const TOLERANCE: f64 = 1e-6;

pub(super) fn check(model: &Model, graph: &mut Graph) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for axis in (0..model.axes.len()).filter(|&axis| model.axes[axis].periodic) {
        for term in &model.terms {
            found.extend(at_the_seam(model, graph, term, axis));
        }
    }
    found
}

fn at_the_seam(model: &Model, graph: &mut Graph, term: &Term, axis: usize) -> Option<Diagnostic> {
    let what = match term.kind {
        TermKind::Initial => "the initial condition",
        TermKind::Boundary => "the boundary condition",
        TermKind::Equation => "a coefficient of the equation",
        TermKind::Energy => "a coefficient of the energy",
        TermKind::Constraint | TermKind::Data(_) => return None,
    };
    let ends = format!("{} and {}", face(model, axis, Side::Lower), face(model, axis, Side::Upper));
    let name = &model.axes[axis].name;
    if let Some(jump) = largest_jump(model, graph, term, term.residual, axis) {
        let message = format!("{what} jumps by {} between {ends}", number(jump));
        return Some(
            Diagnostic::warning("W0311", message, term.span, format!("not periodic in {name}"))
                .label(model.axes[axis].span, "these ends are the same place")
                .help(format!("remove `periodic` and give conditions at both ends, or make it periodic in {name}")),
        );
    }
    let symbol = Symbol::Coordinate(u16::try_from(axis).ok()?);
    let slope = graph.derivative(term.residual, &symbol);
    let jump = largest_jump(model, graph, term, slope, axis)?;
    let message = format!("the slope of {what} jumps by {} between {ends}", number(jump));
    Some(
        Diagnostic::note_at("W0311", message, term.span, format!("continuous, with a kink at the ends of {name}"))
            .label(model.axes[axis].span, "these ends are the same place"),
    )
}

/// The largest difference of a formula between the two ends of an axis, jets held; `None` if it is rounding.
fn largest_jump(model: &Model, graph: &Graph, term: &Term, formula: Expr, axis: usize) -> Option<f64> {
    let ranges = term.place.first().map_or_else(|| whole(model), |piece| piece.ranges.clone());
    let (mut jump, mut size) = (0.0_f64, 0.0_f64);
    for mut point in points_of(&ranges) {
        let mut at = |value: f64| {
            point[axis] = value;
            values_at(graph, &[formula], &point, term.place.first(), generic)[0]
        };
        let (middle, lower, upper) =
            (at(point_of(&ranges, axis)), at(model.axes[axis].lower), at(model.axes[axis].upper));
        jump = jump.max((upper - lower).abs());
        size = size.max(middle.abs()).max(lower.abs()).max(upper.abs());
    }
    (jump > TOLERANCE * size).then_some(jump)
}

/// A place along the axis that is neither an end nor the middle.
fn point_of(ranges: &[[f64; 2]], axis: usize) -> f64 {
    let [lower, upper] = ranges[axis];
    lower + 0.3718 * (upper - lower)
}
