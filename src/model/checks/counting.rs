//! Which conditions hold at which points of the faces in space.

use crate::geometry::Side;

use super::super::{AxisKind, Model, Piece, Shape, Term, TermKind};
use super::orders::Orders;
use super::probe::{contains, points_of_piece};

/// A face in space with the conditions at points spread over it.
pub(super) struct FaceCount {
    /// The axis that the face is an end of.
    pub axis: usize,
    /// Which end.
    pub side: Side,
    /// The points.
    pub points: Vec<Vec<f64>>,
    /// For each point, the numbers of the boundary conditions that hold there.
    pub holding: Vec<Vec<usize>>,
}

/// A face on which there are fewer conditions on a field than its order takes.
pub(super) struct Shortage<'c> {
    /// The face.
    pub face: &'c FaceCount,
    /// How many conditions the order takes here.
    pub needed: usize,
    /// How many there are where there are fewest.
    pub least: usize,
    /// How many there are where there are most.
    pub most: usize,
    /// A point where there are fewest.
    pub example: &'c [f64],
}

/// The end-face counts of every space axis that has ends.
pub(super) fn faces(model: &Model) -> Vec<FaceCount> {
    // The boundary of a shape is looked at elsewhere ([`coverage`](super::coverage)).
    let of_shape = model.shape.as_ref().map_or(0..0, Shape::axes);
    let ended = |axis: &usize| model.axes[*axis].kind == AxisKind::Space && !model.axes[*axis].periodic;
    let bounded = (0..model.axes.len()).filter(ended).filter(|axis| !of_shape.contains(axis));
    bounded.flat_map(|axis| [Side::Lower, Side::Upper].map(|side| face(model, axis, side))).collect()
}

fn face(model: &Model, axis: usize, side: Side) -> FaceCount {
    let mut whole = model.interior();
    whole.ranges[axis] = [whole.ranges[axis][usize::from(side == Side::Upper)]; 2];
    let points = points_of_piece(&whole);
    let ranges = whole.ranges;
    let on_face = |term: &'_ Term| -> Vec<Piece> {
        term.place.iter().filter(|piece| lies_on(&piece.ranges, &ranges)).cloned().collect()
    };
    let candidates: Vec<(usize, Vec<Piece>)> = boundary_terms(model).map(|i| (i, on_face(&model.terms[i]))).collect();
    let holding_at = |point: &[f64]| {
        let holds = candidates.iter().filter(|(_, pieces)| pieces.iter().any(|piece| contains(model, piece, point)));
        holds.map(|(term, _)| *term).collect()
    };
    let holding = points.iter().map(|point| holding_at(point)).collect();
    FaceCount { axis, side, points, holding }
}

/// Whether a piece and a face can share more than their edges: both are held on the same axes at the same values.
fn lies_on(piece: &[[f64; 2]], face: &[[f64; 2]]) -> bool {
    piece.iter().zip(face).all(|(p, f)| f[0] != f[1] || (p[0] == p[1] && (p[0] - f[0]).abs() <= 1e-9 * f[0].abs()))
}

/// The numbers of the boundary conditions.
pub(super) fn boundary_terms(model: &Model) -> impl Iterator<Item = usize> {
    (0..model.terms.len()).filter(|&i| model.terms[i].kind == TermKind::Boundary)
}

/// The fields that a term speaks of, ascending.
pub(super) fn fields_of(model: &Model, term: &Term) -> Vec<usize> {
    let mut fields: Vec<usize> = model.local_jets(term.residual).iter().map(|jet| usize::from(jet.field)).collect();
    fields.sort_unstable();
    fields.dedup();
    fields
}

impl FaceCount {
    /// How many conditions on `field` hold at each point.
    pub(super) fn on_field<'c>(&'c self, model: &'c Model, field: usize) -> impl Iterator<Item = usize> + 'c {
        let speaks: Vec<bool> = model.terms.iter().map(|t| fields_of(model, t).contains(&field)).collect();
        self.holding.iter().map(move |terms| terms.iter().filter(|&&t| speaks[t]).count())
    }

    /// The conditions that hold at the point where there are most.
    pub(super) fn crowd(&self, keep: impl Fn(usize) -> bool) -> Vec<usize> {
        let kept = self.holding.iter().map(|terms| terms.iter().copied().filter(|&t| keep(t)).collect::<Vec<_>>());
        kept.max_by_key(Vec::len).unwrap_or_default()
    }

    /// What is missing here for `field`: half the order on each end. Where fields are coupled, a condition on another
    /// one may stand in.
    pub(super) fn shortage<'c>(&'c self, model: &'c Model, orders: &Orders, field: usize) -> Option<Shortage<'c>> {
        let needed = usize::from(orders.along(field, self.axis) / 2);
        let together: usize = model.declared().map(|f| usize::from(orders.along(f, self.axis) / 2)).sum();
        let counts: Vec<usize> = self.on_field(model, field).collect();
        let short = |i: usize| counts[i] < needed && self.holding[i].len() < together;
        let fewest = (0..counts.len()).filter(|&i| short(i)).min_by_key(|&i| counts[i])?;
        let most = counts.iter().copied().max().unwrap_or(0);
        Some(Shortage { face: self, needed, least: counts[fewest], most, example: &self.points[fewest] })
    }
}
