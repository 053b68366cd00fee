//! Conditions that hold by construction, because an ansatz satisfies them whatever its network gives.
//!
//! They are no part of the loss. That a condition holds is shown by its residual on the place, with the ansatz inserted and
//! the coordinates of the face as exact numbers: it is identically 0, or 0 up to rounding at many points, with arbitrary
//! numbers for what the network gives.

use crate::diagnostic::Diagnostic;
use crate::expr::{Expr, Graph, Symbol};

use super::super::{FieldSource, Model, Piece, Term, TermKind};
use super::probe::{POINTS, generic, keeps, points_inside, points_of_piece, values_at};

/// The least number of points of a piece that are looked at.
const FEWEST: usize = 4;
/// Rounding, relative to the data of a condition and to what the network gives.
const ROUNDING: f64 = 1e-12;

/// Takes what holds by construction out of the terms of a model; reports hard conditions that do not.
pub fn settle(model: &mut Model) -> Vec<Diagnostic> {
    if !model.fields.iter().any(|field| matches!(field.source, FieldSource::Formula(_))) {
        return Vec::new();
    }
    let mut graph = model.graph.clone();
    let inside = points_inside(model);
    let (mut terms, mut broken) = (Vec::new(), Vec::new());
    for term in std::mem::take(&mut model.terms) {
        let held: Vec<bool> = match term.kind {
            // The initial conditions of later windows of time are others, which hold in training only.
            TermKind::Initial if model.windows > 1 => vec![false; term.place.len()],
            TermKind::Boundary | TermKind::Initial => {
                let expanded = model.expand(&mut graph, &[term.residual])[0];
                term.place.iter().map(|piece| holds(model, &mut graph, &term, expanded, (piece, &inside))).collect()
            }
            _ => vec![false; term.place.len()],
        };
        let in_windows = term.kind == TermKind::Initial && model.windows > 1;
        if term.hard && held.contains(&false) && !in_windows {
            broken.push(term.span);
        }
        let (held, open) = divide(term, &held);
        model.satisfied.extend(held);
        terms.extend(open);
    }
    model.terms = terms;
    let all: Vec<&Term> = model.terms.iter().chain(&model.satisfied).filter(|term| term.hard).collect();
    let conflict = |span| {
        let message = "hard conditions disagree where they meet";
        let diagnostic = Diagnostic::error("E0403", message, span, "cannot hold exactly");
        let other = all.iter().find(|term| term.span != span);
        let diagnostic = other.into_iter().fold(diagnostic, |d, term| d.label(term.span, "with this one"));
        diagnostic.help("leave out `hard` at one of them, or let the values agree at their common points")
    };
    broken.into_iter().map(conflict).collect()
}

/// A term divided into the pieces on which it holds and the others.
fn divide(term: Term, held: &[bool]) -> (Option<Term>, Option<Term>) {
    let part = |wanted: bool| {
        let mut part = term.clone();
        let mut keep = held.iter().map(|&h| h == wanted);
        part.place.retain(|_| keep.next().unwrap_or(false));
        let mut keep = held.iter().map(|&h| h == wanted);
        part.sampling.pieces.retain(|_| keep.next().unwrap_or(false));
        (!part.place.is_empty()).then_some(part)
    };
    if held.contains(&true) { (part(true), part(false)) } else { (None, Some(term)) }
}

/// Whether a condition holds on a piece of its place; `expanded` is its residual with the ansatz inserted, and `inside` has
/// points of the whole domain.
fn holds(
    model: &Model,
    graph: &mut Graph,
    term: &Term,
    expanded: Expr,
    (piece, inside): (&Piece, &[Vec<f64>]),
) -> bool {
    if on_piece(model, graph, expanded, piece) == Graph::ZERO {
        return true;
    }
    // A polygon has a piece for each edge, and a formula that grows with their number.
    let each = POINTS.div_ceil(term.place.len().max(1)).max(FEWEST);
    let points = points_of_piece(piece).into_iter().filter(|point| keeps(model, piece, point));
    let points: Vec<_> = points.take(each).collect();
    let at = |point: &[f64], size: f64| values_at(graph, &[expanded], point, Some(piece), |jet| size * generic(jet))[0];
    let sides = |point: &[f64]| values_at(graph, &[term.left, term.right], point, Some(piece), |_| 0.0);
    // The size of the data: on the place, and of what continues it into the box.
    let on_place = points.iter().flat_map(|point| sides(point));
    let in_box = inside.iter().take(each).map(|point| at(point, 0.0));
    let data = on_place.chain(in_box).map(f64::abs).filter(|size| size.is_finite()).fold(0.0, f64::max);
    let is_zero = |point: &Vec<f64>| {
        let (without, with) = (at(point, 0.0), at(point, 1.0));
        without.abs() <= ROUNDING * data && (with - without).abs() <= ROUNDING * data.max(1.0)
    };
    !points.is_empty() && points.iter().all(is_zero)
}

/// A formula on a piece: fixed coordinates and normals as exact numbers.
fn on_piece(model: &Model, graph: &mut Graph, expr: Expr, piece: &Piece) -> Expr {
    let end = |axis: usize| {
        let [a, b] = piece.ranges[axis];
        let along = &model.axes[axis];
        let position = [along.lower, along.upper].iter().position(|end| *end == a);
        position.filter(|_| a == b).map(|position| along.ends[position])
    };
    graph.substitute(expr, |graph, symbol| match symbol {
        Symbol::Coordinate(axis) => end(usize::from(*axis)),
        Symbol::Normal(axis) => {
            piece.normal.map(|(a, sign)| if a == usize::from(*axis) { graph.integer(sign as i64) } else { Graph::ZERO })
        }
        _ => None,
    })
}
