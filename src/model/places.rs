//! Regions as disjoint pieces of the box and its faces.
//!
//! Each face is cut at the bounds that the region compares coordinates with; on every cell such a comparison is constant,
//! and what is left is a formula of the coordinates or nothing. Equalities inside a face (`x = 1/2 and y = 0`) fix more
//! coordinates. Pieces that lie in larger ones are dropped, cells that fit together are merged.

use crate::expr::{Expr, Function, Graph, Relation, Symbol};

use super::pieces::{NEAR, holds_at, kept_share};
use super::problem::{Axis, AxisKind, Piece, Shape};
use super::regions::{Region, same};
use super::surface_places::size_of;

/// Cells beyond this number are not made; the region is then a formula on the whole face.
const MOST_CELLS: usize = 4096;
/// Sets of equalities beyond this number are not looked at.
const MOST_ALTERNATIVES: usize = 1024;
/// The most points that a formula is tried at.
const MOST_TRIES: usize = 4096;

/// The equalities that must hold together, and whether the boundary is named beside them.
#[derive(Clone, Debug, Default)]
pub(super) struct Alternative {
    pub equalities: Vec<(usize, f64)>,
    pub on_boundary: bool,
}

/// What a region is on a cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Outcome {
    Nowhere,
    Everywhere,
    Where(Expr),
}

/// The pieces of a region.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Found {
    /// Disjoint pieces up to sets without measure.
    pub pieces: Vec<Piece>,
    /// Whether some of them lie inside the domain, where a condition on its boundary was asked for.
    pub inside: bool,
}

/// The whole box.
pub(super) fn whole_box(axes: &[Axis]) -> Vec<[f64; 2]> {
    axes.iter().map(|axis| [axis.lower, axis.upper]).collect()
}

/// The part of the inside of the box that a region covers.
pub(super) fn within(graph: &mut Graph, axes: &[Axis], shape: Option<&Shape>, region: &Region) -> Vec<Piece> {
    Places { graph, axes, shape }.non_empty(|places| places.cells(region, whole_box(axes), None, false))
}

/// The part of the boundary that a region covers. Faces in space count along `face_axes`; the ends of time only where the
/// region names them.
pub(super) fn on_boundary(
    graph: &mut Graph,
    axes: &[Axis],
    shape: Option<&Shape>,
    face_axes: &[usize],
    region: &Region,
) -> Found {
    let mut inside = false;
    let of_shape = shape.map_or(0..0, Shape::axes);
    let pieces = Places { graph, axes, shape }.non_empty(|places| {
        let alternatives = alternatives(region);
        let mut pieces = Vec::new();
        if let Some(shape) = shape.filter(|shape| face_axes.iter().any(|axis| shape.axes().contains(axis))) {
            shape.surface.iter().for_each(|patch| pieces.extend(places.on_patch(region, shape.first, patch)));
        }
        for &axis in face_axes.iter().filter(|axis| !of_shape.contains(axis)) {
            for (value, sign) in [(axes[axis].lower, -1.0), (axes[axis].upper, 1.0)] {
                let normal = Some((axis, sign));
                pieces.extend(places.flat(region, &[(axis, value)], normal, true));
                for alternative in alternatives.iter().filter(|a| a.equalities.len() > usize::from(a.fixes(axis))) {
                    let mut fixed = vec![(axis, value)];
                    fixed.extend(&alternative.equalities);
                    pieces.extend(places.flat(region, &fixed, normal, true));
                }
            }
        }
        for alternative in alternatives.iter().filter(|a| !a.equalities.is_empty()) {
            let at_end = |kind: AxisKind| {
                alternative.equalities.iter().any(|&(axis, value)| {
                    let ends = [axes[axis].lower, axes[axis].upper];
                    !of_shape.contains(&axis)
                        && axes[axis].kind == kind
                        && !axes[axis].periodic
                        && ends.contains(&value)
                })
            };
            if at_end(AxisKind::Time) {
                pieces.extend(places.flat(region, &alternative.equalities, None, false));
            } else if !at_end(AxisKind::Space) {
                let (on_surface, found) = places.inner(region, alternative);
                inside |= !on_surface && !found.is_empty();
                pieces.extend(found);
            }
        }
        pieces
    });
    Found { pieces, inside }
}

impl Alternative {
    fn fixes(&self, axis: usize) -> bool {
        self.equalities.iter().any(|(a, _)| *a == axis)
    }

    fn and(&self, other: &Alternative) -> Alternative {
        let mut equalities = self.equalities.clone();
        equalities.extend(other.equalities.iter().filter(|e| !self.equalities.contains(e)));
        Alternative { equalities, on_boundary: self.on_boundary || other.on_boundary }
    }
}

fn alternatives(region: &Region) -> Vec<Alternative> {
    let mut found = match region {
        Region::Constant(false) => Vec::new(),
        Region::Equal(axis, value) => vec![Alternative { equalities: vec![(*axis, *value)], on_boundary: false }],
        Region::Boundary => vec![Alternative { equalities: Vec::new(), on_boundary: true }],
        Region::Or(parts) => parts.iter().flat_map(alternatives).collect(),
        Region::And(parts) => parts.iter().fold(vec![Alternative::default()], |all, part| {
            let part = alternatives(part);
            let pairs = all.iter().flat_map(|a| part.iter().map(move |b| a.and(b)));
            pairs.take(MOST_ALTERNATIVES).collect()
        }),
        _ => vec![Alternative::default()],
    };
    found.truncate(MOST_ALTERNATIVES);
    found
}

pub(super) struct Places<'g> {
    pub graph: &'g mut Graph,
    pub axes: &'g [Axis],
    pub shape: Option<&'g Shape>,
}

impl Places<'_> {
    /// Makes pieces, drops those without a point and those that lie in larger ones.
    fn non_empty(mut self, make: impl FnOnce(&mut Self) -> Vec<Piece>) -> Vec<Piece> {
        let mut pieces = make(&mut self);
        pieces.retain(|piece| fraction(self.graph, self.axes, piece) > 0.0);
        let mut kept: Vec<Piece> = Vec::new();
        // Larger dimensions first; the sort is stable, so that faces keep their order.
        pieces.sort_by_key(|piece| std::cmp::Reverse(piece.dimension()));
        for piece in pieces {
            if !kept.iter().any(|larger| self.contains(larger, &piece)) {
                kept.push(piece);
            }
        }
        kept
    }

    fn contains(&self, larger: &Piece, piece: &Piece) -> bool {
        if larger == piece {
            return true;
        }
        // Parts of a shape are disjoint or equal by construction.
        if larger.part.is_some() || piece.part.is_some() {
            return false;
        }
        let inside = |axis: usize| {
            let ([a, b], [c, d]) = (larger.ranges[axis], piece.ranges[axis]);
            (a <= c || same(&self.axes[axis], a, c)) && (d <= b || same(&self.axes[axis], b, d))
        };
        // Pieces of one dimension are disjoint or equal by construction.
        (larger.dimension() > piece.dimension() || larger.ranges == piece.ranges && larger.keep == piece.keep)
            && (0..self.axes.len()).all(inside)
            && larger.keep.is_none_or(|keep| {
                let probe = Piece { keep: Some(keep), ..piece.clone() };
                fraction(self.graph, self.axes, &probe) == 1.0
            })
    }

    /// The part of a region where some coordinates are fixed.
    pub(super) fn flat(
        &mut self,
        region: &Region,
        fixed: &[(usize, f64)],
        normal: Option<(usize, f64)>,
        boundary: bool,
    ) -> Vec<Piece> {
        let mut ranges = whole_box(self.axes);
        for &(axis, value) in fixed {
            let [lower, upper] = ranges[axis];
            if lower == upper && lower != value {
                return Vec::new();
            }
            ranges[axis] = [value, value];
        }
        self.cells(region, ranges, normal, boundary)
    }

    pub(super) fn cells(
        &mut self,
        region: &Region,
        ranges: Vec<[f64; 2]>,
        normal: Option<(usize, f64)>,
        boundary: bool,
    ) -> Vec<Piece> {
        let mut cells = vec![ranges.clone()];
        let uncut = self.shape.map_or(0..0, Shape::axes);
        for (axis, cuts) in self.cuts(region, &ranges).into_iter().enumerate() {
            // The axes of a shape stay whole; what is compared with them becomes a formula.
            if uncut.contains(&axis) || cells.len().saturating_mul(cuts.len() + 1) > MOST_CELLS {
                continue;
            }
            cells = cells.iter().flat_map(|cell| split(cell, axis, &cuts)).collect();
        }
        let outcomes = cells.into_iter().map(|cell| (self.outcome(region, &cell, boundary), cell));
        let mut found: Vec<(Outcome, Vec<[f64; 2]>)> = outcomes.filter(|(o, _)| *o != Outcome::Nowhere).collect();
        (0..ranges.len()).for_each(|axis| merge(&mut found, axis));
        let piece = |(outcome, ranges)| {
            let keep = if let Outcome::Where(condition) = outcome { Some(condition) } else { None };
            self.in_shape(Piece { ranges, normal, keep, part: None })
        };
        found.into_iter().filter_map(piece).collect()
    }

    /// Where each free axis is cut, ascending, strictly inside.
    pub(super) fn cuts(&self, region: &Region, ranges: &[[f64; 2]]) -> Vec<Vec<f64>> {
        let mut cuts = vec![Vec::new(); ranges.len()];
        region.for_each_bound(&mut |axis, bound| {
            if ranges[axis][0] < bound && bound < ranges[axis][1] {
                cuts[axis].push(bound);
            }
        });
        for cuts in &mut cuts {
            cuts.sort_by(f64::total_cmp);
            cuts.dedup();
        }
        cuts
    }

    pub(super) fn outcome(&mut self, region: &Region, cell: &[[f64; 2]], boundary: bool) -> Outcome {
        let certain = |holds: bool| if holds { Outcome::Everywhere } else { Outcome::Nowhere };
        match region {
            Region::Constant(holds) => certain(*holds),
            Region::Boundary => certain(boundary),
            Region::On { first, solid } => self.on_surface_of(*first, solid, cell),
            Region::Group(_) => Outcome::Nowhere,
            Region::Zero(formula) => {
                // Up to rounding: a function of a coordinate seldom is 0 at a number of double precision.
                let near = nearest_rational(self.graph, NEAR * size_of(self.graph, self.axes, *formula));
                let value = self.graph.call(Function::Abs, &[*formula]);
                let condition = self.graph.compare(Relation::LessEqual, value, near);
                self.condition(condition, cell)
            }
            Region::Equal(axis, value) => {
                let [a, b] = cell[*axis];
                certain(a == b && same(&self.axes[*axis], a, *value))
            }
            Region::Below { axis, bound, strict } => self.half(*axis, *bound, *strict, cell, Side::Below),
            Region::Above { axis, bound, strict } => self.half(*axis, *bound, *strict, cell, Side::Above),
            Region::Condition(condition) => self.condition(*condition, cell),
            Region::And(parts) => {
                let outcomes: Vec<_> = parts.iter().map(|part| self.outcome(part, cell, boundary)).collect();
                outcomes.into_iter().fold(Outcome::Everywhere, |all, one| match (all, one) {
                    (Outcome::Nowhere, _) | (_, Outcome::Nowhere) => Outcome::Nowhere,
                    (Outcome::Everywhere, other) | (other, Outcome::Everywhere) => other,
                    (Outcome::Where(a), Outcome::Where(b)) => Outcome::Where(self.graph.select(a, b, Graph::ZERO)),
                })
            }
            Region::Or(parts) => {
                let outcomes: Vec<_> = parts.iter().map(|part| self.outcome(part, cell, boundary)).collect();
                outcomes.into_iter().fold(Outcome::Nowhere, |any, one| match (any, one) {
                    (Outcome::Everywhere, _) | (_, Outcome::Everywhere) => Outcome::Everywhere,
                    (Outcome::Nowhere, other) | (other, Outcome::Nowhere) => other,
                    (Outcome::Where(a), Outcome::Where(b)) => Outcome::Where(self.graph.select(a, Graph::ONE, b)),
                })
            }
            Region::Not(inner) => match self.outcome(inner, cell, boundary) {
                Outcome::Nowhere => Outcome::Everywhere,
                Outcome::Everywhere => Outcome::Nowhere,
                Outcome::Where(condition) => Outcome::Where(self.graph.not(condition)),
            },
        }
    }

    pub(super) fn half(&mut self, axis: usize, bound: f64, strict: bool, cell: &[[f64; 2]], side: Side) -> Outcome {
        let [a, b] = cell[axis];
        let holds = if a == b && same(&self.axes[axis], a, bound) {
            !strict
        } else if a < bound && bound < b {
            // Only where there were too many cells.
            let (x, bound) = (self.graph.coordinate(axis), nearest_rational(self.graph, bound));
            let relation = Relation::LessEqual;
            return Outcome::Where(match side {
                Side::Below => self.graph.compare(relation, x, bound),
                Side::Above => self.graph.compare(relation, bound, x),
            });
        } else {
            (a.midpoint(b) < bound) == (side == Side::Below)
        };
        if holds { Outcome::Everywhere } else { Outcome::Nowhere }
    }

    pub(super) fn condition(&mut self, condition: Expr, cell: &[[f64; 2]]) -> Outcome {
        let free = |symbol: &Symbol| matches!(symbol, Symbol::Coordinate(axis) if { let [a, b] = cell[usize::from(*axis)]; a < b });
        if self.graph.symbols(&[condition]).iter().any(free) {
            return Outcome::Where(condition);
        }
        let middle: Vec<f64> = cell.iter().map(|[a, b]| a.midpoint(*b)).collect();
        if holds_at(self.graph, condition, &middle) { Outcome::Everywhere } else { Outcome::Nowhere }
    }
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Side {
    Below,
    Above,
}

pub(super) fn nearest_rational(graph: &mut Graph, value: f64) -> Expr {
    match crate::expr::Rational::from_float(value) {
        Some(value) => graph.rational(value),
        None => Graph::ZERO,
    }
}

pub(super) fn split(cell: &[[f64; 2]], axis: usize, cuts: &[f64]) -> Vec<Vec<[f64; 2]>> {
    let [lower, upper] = cell[axis];
    let ends: Vec<f64> = std::iter::once(lower).chain(cuts.iter().copied()).chain(std::iter::once(upper)).collect();
    let part = |ends: &[f64]| {
        let mut part = cell.to_vec();
        part[axis] = [ends[0], ends[1]];
        part
    };
    ends.windows(2).map(part).collect()
}

/// Joins cells that touch along an axis and agree otherwise.
fn merge(cells: &mut Vec<(Outcome, Vec<[f64; 2]>)>, axis: usize) {
    let others = |ranges: &[[f64; 2]]| {
        let mut others = ranges.to_vec();
        others.remove(axis);
        others
    };
    cells.sort_by(|(_, a), (_, b)| {
        let key = |ranges: &[[f64; 2]]| {
            let mut key: Vec<f64> = others(ranges).into_iter().flatten().collect();
            key.push(ranges[axis][0]);
            key
        };
        let (a, b) = (key(a), key(b));
        a.iter().zip(&b).map(|(x, y)| x.total_cmp(y)).find(|o| o.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
    });
    let mut merged: Vec<(Outcome, Vec<[f64; 2]>)> = Vec::with_capacity(cells.len());
    for (outcome, ranges) in cells.drain(..) {
        match merged.last_mut() {
            Some((last, before))
                if *last == outcome
                    && before[axis][1] == ranges[axis][0]
                    && others(before) == others(&ranges)
                    && ranges[axis][0] < ranges[axis][1] =>
            {
                before[axis][1] = ranges[axis][1];
            }
            _ => merged.push((outcome, ranges)),
        }
    }
    *cells = merged;
}

/// The part of a piece that its formula keeps, estimated at low-discrepancy points.
pub(super) fn fraction(graph: &Graph, axes: &[Axis], piece: &Piece) -> f64 {
    debug_assert_eq!(piece.ranges.len(), axes.len());
    // Each evaluation walks the graph, so a large one is tried at fewer points.
    let tries = (40_000_000 / graph.len().max(1)).clamp(64, MOST_TRIES);
    kept_share(graph, piece, tries)
}
