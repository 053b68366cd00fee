//! Conditions on the value of one field must agree where their places meet.

use crate::diagnostic::Diagnostic;
use crate::expr::{Expr, Graph, Jet, MultiIndex, Symbol};
use crate::geometry::Part;

use super::super::{Model, Piece, Term, TermKind};
use super::probe::{at_point, contains, points_of};
use super::wording::{number, point};

/// Differences below this share of the values are rounding.
const TOLERANCE: f64 = 1e-6;
/// After so many conflicts of two conditions one looks no further.
const ENOUGH: usize = 256;

/// A condition that prescribes the value of a field.
struct Value<'m> {
    term: &'m Term,
    field: usize,
    value: Expr,
}

/// A point where two conditions differ.
struct Conflict {
    point: Vec<f64>,
    first: f64,
    second: f64,
}

pub(super) fn check(model: &Model, graph: &mut Graph) -> Vec<Diagnostic> {
    let values: Vec<Value> = model.terms.iter().filter_map(|term| value_of(graph, term)).collect();
    let mut found = Vec::new();
    for (i, first) in values.iter().enumerate() {
        for second in values[i + 1..].iter().filter(|second| second.field == first.field) {
            let conflicts = conflicts(model, graph, first, second);
            if !conflicts.is_empty() {
                found.push(report(model, first, second, &conflicts));
            }
        }
    }
    found
}

/// A condition `a*u = g` as a prescribed value g/a.
fn value_of<'m>(graph: &mut Graph, term: &'m Term) -> Option<Value<'m>> {
    // Whoever keeps points away from the ends of a place knows of them.
    if !matches!(term.kind, TermKind::Boundary | TermKind::Initial) || term.sampling.margin > 0.0 {
        return None;
    }
    let jets = graph.jets(&[term.residual]);
    let [jet] = jets.as_slice() else { return None };
    if !jet.index.is_zero() {
        return None;
    }
    let slope = graph.derivative(term.residual, &Symbol::Jet(jet.clone()));
    if !graph.jets(&[slope]).is_empty() {
        return None;
    }
    let rest = graph.substitute(term.residual, |_, symbol| matches!(symbol, Symbol::Jet(_)).then_some(Graph::ZERO));
    let quotient = graph.div(rest, slope);
    let value = graph.neg(quotient);
    Some(Value { term, field: usize::from(jet.field), value })
}

fn conflicts(model: &Model, graph: &Graph, first: &Value, second: &Value) -> Vec<Conflict> {
    let mut found: Vec<Conflict> = Vec::new();
    if first.value == second.value {
        return found;
    }
    for a in &first.term.place {
        for b in &second.term.place {
            for point in shared_points(model, a, b) {
                let conflict = Conflict {
                    first: at_point(graph, first.value, &point, Some(a)),
                    second: at_point(graph, second.value, &point, Some(b)),
                    point,
                };
                if conflict.matters() && !found.iter().any(|known| known.point == conflict.point) {
                    found.push(conflict);
                }
                if found.len() == ENOUGH {
                    return worst_first(found);
                }
            }
        }
    }
    worst_first(found)
}

fn worst_first(mut found: Vec<Conflict>) -> Vec<Conflict> {
    // Sorting is stable, so that equal ones stay in order of the pieces.
    found.sort_by(|a, b| b.difference().total_cmp(&a.difference()));
    found
}

impl Conflict {
    fn difference(&self) -> f64 {
        (self.first - self.second).abs()
    }

    fn matters(&self) -> bool {
        self.difference() > TOLERANCE * (1.0 + self.first.abs().max(self.second.abs()))
    }
}

/// Points of the closed intersection of two pieces: its corners, and points inside it.
fn shared_points(model: &Model, a: &Piece, b: &Piece) -> Vec<Vec<f64>> {
    let shapes = a.part.is_some() || b.part.is_some();
    let overlap = |(p, q): (&[f64; 2], &[f64; 2])| {
        let (lower, upper) = (p[0].max(q[0]), p[1].min(q[1]));
        // Ends of patches are known up to rounding.
        let slack = if shapes { 1e-9 * lower.abs().max(upper.abs()) } else { 0.0 };
        if lower > upper && lower <= upper + slack {
            return Some([lower, lower]);
        }
        (lower <= upper).then_some([lower, upper])
    };
    let Some(ranges) = a.ranges.iter().zip(&b.ranges).map(overlap).collect::<Option<Vec<_>>>() else {
        return Vec::new();
    };
    let both = |point: &Vec<f64>| contains(model, a, point) && contains(model, b, point);
    if a.part.is_some() || b.part.is_some() {
        return on_surfaces(a, b, &ranges).into_iter().filter(both).collect();
    }
    let inside = points_of(&ranges).into_iter().take(16);
    corners(&ranges).into_iter().chain(inside).filter(both).collect()
}

/// Points on the patches of two pieces, their ends among them, at the ends and inside of the ranges of the other axes.
fn on_surfaces(a: &Piece, b: &Piece, ranges: &[[f64; 2]]) -> Vec<Vec<f64>> {
    let mut found = Vec::new();
    for part in [a, b].into_iter().filter_map(|piece| piece.part.as_ref()) {
        let Part::Patch(patch) = &part.part else { continue };
        let ends: &[f64] = if patch.is_closed() { &[] } else { &[0.0, 1.0] };
        let ends = ends.iter().map(|end| patch.at(&vec![*end; patch.parameters()]).0);
        let on_patch = ends.chain(patch.samples(16).into_iter().map(|(point, _)| point));
        for place in on_patch {
            let mut held = ranges.to_vec();
            part.axes().zip(place).for_each(|(axis, x)| held[axis] = [x, x]);
            found.extend(corners(&held));
            found.extend(points_of(&held).into_iter().take(2));
        }
    }
    found
}

/// The corners of a box, of which there are 16 at most.
fn corners(ranges: &[[f64; 2]]) -> Vec<Vec<f64>> {
    let mut found = vec![Vec::new()];
    for range in ranges {
        let ends = if range[0] == range[1] || found.len() > 8 { &range[..1] } else { &range[..] };
        found = found.iter().flat_map(|start| ends.iter().map(|end| [start.as_slice(), &[*end]].concat())).collect();
    }
    found
}

fn report(model: &Model, first: &Value, second: &Value, conflicts: &[Conflict]) -> Diagnostic {
    let name = model.names().jet(&Jet::new(first.field, MultiIndex::zero()));
    let worst = &conflicts[0];
    // A second point is worth its words where the same values meet, as at the two ends of a lid.
    let alike = |c: &&Conflict| number(c.first) == number(worst.first) && number(c.second) == number(worst.second);
    let mut places: Vec<String> =
        conflicts.iter().filter(alike).take(2).map(|c| format!("({})", point(model, &c.point))).collect();
    places.dedup();
    let kinds = [first.term.kind, second.term.kind];
    let message = if kinds.contains(&TermKind::Initial) && kinds.contains(&TermKind::Boundary) {
        let side = |value: &Value| if value.term.kind == TermKind::Initial { "ic" } else { "bc" };
        format!(
            "conditions on `{name}` disagree at a corner: {} gives {}, {} gives {}",
            side(first),
            number(worst.first),
            side(second),
            number(worst.second)
        )
    } else {
        format!("conditions on `{name}` disagree where they meet")
    };
    let label = format!("{name} = {} at {}", number(worst.first), places.join(" and "));
    let there = if places.len() == 1 { "there" } else { "at the same points" };
    Diagnostic::warning("W0303", message, first.term.span, label)
        .label(second.term.span, format!("{name} = {} {there}", number(worst.second)))
        .note("no smooth solution has both values; the error will stay large near these points")
}
