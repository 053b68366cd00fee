//! The points at which checks look at formulas, and what formulas are worth there.

use std::sync::LazyLock;

use crate::expr::{Expr, Graph, Jet, Symbol};
use crate::geometry::{AxisRange, MAX_AXES, ProductPlace, held_out, held_out_inside};

use super::super::{Model, Piece, Term};

/// How many points a check looks at in one place.
pub(super) const POINTS: usize = 64;

/// Points of the unit cube, made once: drawing them costs more than looking at a formula.
static FEW_AXES: LazyLock<Vec<Vec<f64>>> = LazyLock::new(|| unit_points(8));
static MANY_AXES: LazyLock<Vec<Vec<f64>>> = LazyLock::new(|| unit_points(MAX_AXES));

fn unit_points(axes: usize) -> Vec<Vec<f64>> {
    let cube = vec![AxisRange::new(0.0, 1.0); axes];
    let points = held_out(&cube, POINTS).expect("there are Sobol points of MAX_AXES axes");
    (0..points.len()).map(|i| points.point(i)).collect()
}

/// Low-discrepancy points of a box of all axes; a fixed coordinate stays fixed.
pub(in super::super) fn points_of(ranges: &[[f64; 2]]) -> Vec<Vec<f64>> {
    let table = if ranges.len() <= 8 { &FEW_AXES } else { &MANY_AXES };
    let place = |unit: &Vec<f64>| {
        // Beyond the dimension of Sobol sequences the middle must do.
        let along = |(axis, [lower, upper]): (usize, &[f64; 2])| {
            let share = unit.get(axis).copied().unwrap_or(0.5);
            if lower == upper { *lower } else { lower + share * (upper - lower) }
        };
        ranges.iter().enumerate().map(along).collect()
    };
    let is_point = ranges.iter().all(|[lower, upper]| lower == upper);
    table.iter().take(if is_point { 1 } else { POINTS }).map(place).collect()
}

/// The whole box of the problem.
pub(super) fn whole(model: &Model) -> Vec<[f64; 2]> {
    model.axes.iter().map(|axis| [axis.lower, axis.upper]).collect()
}

/// Points inside of the domain, for all times.
pub(super) fn points_inside(model: &Model) -> Vec<Vec<f64>> {
    points_of_piece(&model.interior())
}

/// Low-discrepancy points of a piece, without regard to its formula.
pub(super) fn points_of_piece(piece: &Piece) -> Vec<Vec<f64>> {
    let Some(part) = &piece.part else { return points_of(&piece.ranges) };
    let axes: Vec<AxisRange> = piece.ranges.iter().map(|[a, b]| AxisRange::new(*a, *b)).collect();
    let place = ProductPlace { axes: &axes, first: part.first, part: &part.part, keep: None };
    let points = held_out_inside(&place, POINTS).unwrap_or_default();
    (0..points.len()).map(|i| points.point(i)).collect()
}

/// A point of a term with the piece that it lies on: about [`POINTS`] for the term, at least one a piece that has any.
pub(super) fn points_of_term<'m>(model: &Model, term: &'m Term) -> Vec<(Vec<f64>, &'m Piece)> {
    let each = POINTS.div_ceil(term.place.len().max(1));
    let mut found = Vec::new();
    for piece in &term.place {
        let kept = points_of_piece(piece).into_iter().filter(|point| keeps(model, piece, point));
        let kept = kept.map(|point| (point, piece)).take(each);
        found.extend(kept);
    }
    found
}

/// Whether a point of the box that a piece is cut from belongs to the piece.
pub(super) fn keeps(model: &Model, piece: &Piece, point: &[f64]) -> bool {
    piece.keep.is_none_or(|keep| at_point(&model.graph, keep, point, None) != 0.0)
}

/// Whether a piece contains a point, up to rounding.
pub(super) fn contains(model: &Model, piece: &Piece, point: &[f64]) -> bool {
    piece.encloses(point) && keeps(model, piece, point)
}

/// The value of a formula of coordinates and normals.
pub(super) fn at_point(graph: &Graph, expr: Expr, point: &[f64], piece: Option<&Piece>) -> f64 {
    values_at(graph, &[expr], point, piece, |_| f64::NAN)[0]
}

/// The values of formulas of coordinates, normals and jets.
pub(super) fn values_at(
    graph: &Graph,
    roots: &[Expr],
    point: &[f64],
    piece: Option<&Piece>,
    jet: impl Fn(&Jet) -> f64,
) -> Vec<f64> {
    let normal = piece.and_then(|piece| piece.normal_at(point));
    graph.evaluate(roots, |symbol| match symbol {
        Symbol::Coordinate(axis) => point.get(usize::from(*axis)).copied().unwrap_or(f64::NAN),
        Symbol::Normal(axis) => normal.as_ref().map_or(0.0, |normal| normal[usize::from(*axis)]),
        Symbol::Jet(j) => jet(j),
        Symbol::Slot(_) => f64::NAN,
    })
}

/// A number of order one that stands for a jet where any value will do: fixed, and different for different jets.
pub(super) fn generic(jet: &Jet) -> f64 {
    let mut phase = 0.37 + f64::from(jet.field) * 0.618;
    for (axis, &order) in jet.index.orders().iter().enumerate() {
        phase += f64::from(order) * (0.291 + 0.173 * axis as f64);
    }
    0.7 + 0.5 * (7.0 * phase).sin()
}
