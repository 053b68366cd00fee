//! What a piece of the domain or of its boundary measures, and which points lie on it.

use crate::expr::{Expr, Graph, Symbol};
use crate::geometry::{
    AxisRange, Part, Place, ProductPlace, Rule, RuleError, ShapePoints, Stream, held_out, held_out_inside,
};

use super::elaborate::Elaborator;
use super::places::whole_box;
use super::problem::{Axis, Model, Piece, Shape, ShapePart};

/// Points on the surface of a shape are known up to this part of its size.
pub(super) const NEAR: f64 = 1e-9;

impl Shape {
    /// Its axes.
    pub fn axes(&self) -> std::ops::Range<usize> {
        self.first..self.first + self.inside.solid().dimension()
    }

    /// The inside as a part of the axes.
    pub fn interior(&self) -> ShapePart {
        ShapePart { first: self.first, part: Part::Inside(self.inside.clone()) }
    }
}

impl ShapePart {
    /// The axes that range over it.
    pub fn axes(&self) -> std::ops::Range<usize> {
        self.first..self.first + self.part.axes()
    }
}

impl Piece {
    /// Whether there is an outward normal at every point.
    pub fn has_normal(&self) -> bool {
        self.normal.is_some() || self.is_on_surface()
    }

    /// Whether the axes of a shape range over a patch of its surface.
    pub fn is_on_surface(&self) -> bool {
        matches!(self.part, Some(ShapePart { part: Part::Patch(_), .. }))
    }

    /// The dimension of the piece.
    pub fn dimension(&self) -> usize {
        let of_part = self.part.as_ref().map_or(0, |part| part.part.dimension());
        self.others().filter(|&axis| self.ranges[axis][0] < self.ranges[axis][1]).count() + of_part
    }

    /// The axes that a rule with counts by axis takes counts for. On a patch of a surface the first axes of the shape stand
    /// for the parameters of the patch.
    pub fn free_axes(&self) -> Vec<usize> {
        let free = |axis: usize| match &self.part {
            Some(part) if part.axes().contains(&axis) => axis < part.first + part.part.dimension(),
            _ => self.ranges[axis][0] < self.ranges[axis][1],
        };
        (0..self.ranges.len()).filter(|&axis| free(axis)).collect()
    }

    /// The axes that do not belong to a part of a shape.
    fn others(&self) -> impl Iterator<Item = usize> + '_ {
        let part = self.part.as_ref().map_or(0..0, ShapePart::axes);
        (0..self.ranges.len()).filter(move |axis| !part.contains(axis))
    }

    /// Its measure in its dimension, without regard to `keep`; 1 where it is a point.
    pub fn whole_measure(&self) -> f64 {
        let of_part = self.part.as_ref().map_or(1.0, |part| part.part.measure());
        let lengths = self.others().map(|axis| self.ranges[axis][1] - self.ranges[axis][0]);
        of_part * lengths.filter(|length| *length > 0.0).product::<f64>()
    }

    /// The normal at a point of the piece; components along axes that are not in space are 0.
    pub fn normal_at(&self, point: &[f64]) -> Option<Vec<f64>> {
        let mut normal = vec![0.0; self.ranges.len()];
        if let Some((axis, sign)) = self.normal {
            normal[axis] = sign;
            return Some(normal);
        }
        let part = self.part.as_ref()?;
        let Part::Patch(patch) = &part.part else { return None };
        normal[part.axes()].copy_from_slice(&patch.holds(&point[part.axes()])?);
        Some(normal)
    }

    /// Whether a point belongs to the piece up to rounding, without regard to `keep`.
    pub fn encloses(&self, point: &[f64]) -> bool {
        let inside = |axis: usize| {
            let [lower, upper] = self.ranges[axis];
            let slack = NEAR * lower.abs().max(upper.abs());
            lower - slack <= point[axis] && point[axis] <= upper + slack
        };
        let on_part = |part: &ShapePart| match &part.part {
            Part::Inside(inside) => {
                let solid = inside.solid();
                solid.signed_distance(&point[part.axes()]) <= NEAR * solid.size()
            }
            Part::Patch(patch) => patch.holds(&point[part.axes()]).is_some(),
        };
        self.others().all(inside) && self.part.as_ref().is_none_or(on_part)
    }

    /// Draws points of the piece by a rule, with a normal for each axis (0 inside); `axes` are the ranges of all axes.
    ///
    /// Points keep the distance `margin` from the surface inside of a shape, and from the ends of a curve on its surface;
    /// from the ends of axes they keep it by their ranges.
    ///
    /// # Errors
    /// [`RuleError`] if the rule does not fit the piece.
    pub fn draw(
        &self,
        graph: &Graph,
        axes: &[AxisRange],
        margin: f64,
        (rule, place): (&Rule, Place),
        stream: &Stream,
    ) -> Result<ShapePoints, RuleError> {
        let keeps = |point: &[f64]| self.keep.is_none_or(|keep| holds_at(graph, keep, point));
        let drawn = match &self.part {
            None => {
                let points = match self.keep {
                    None => rule.draw(axes, place, stream)?,
                    Some(_) => rule.draw_where(axes, place, &keeps, stream)?,
                };
                ShapePoints { points, normals: Vec::new() }
            }
            Some(part) => {
                let holds = |point: &[f64]| keeps(point) && part.keeps_off(margin, &point[part.axes()]);
                let keep = (self.keep.is_some() || margin > 0.0).then_some(&holds as &dyn Fn(&[f64]) -> bool);
                let of_shape = ProductPlace { axes, first: part.first, part: &part.part, keep };
                of_shape.draw(rule, place, stream)?
            }
        };
        let first = self.part.as_ref().map_or(0, |part| part.first);
        let normal = |axis: usize| match axis.checked_sub(first).and_then(|along| drawn.normals.get(along)) {
            Some(along) => along.clone(),
            None => {
                let component = self.normal.filter(|(a, _)| *a == axis).map_or(0.0, |(_, sign)| sign);
                vec![component; drawn.points.len()]
            }
        };
        let normals = (0..axes.len()).map(normal).collect();
        Ok(ShapePoints { points: drawn.points, normals })
    }

    /// Whether a rule that takes counts by axis can't be a quadrature rule here, because points are rejected.
    pub(super) fn rejects_points(&self) -> bool {
        let of_part = self.part.as_ref().is_some_and(|part| match &part.part {
            Part::Inside(_) => true,
            Part::Patch(patch) => patch.is_clipped(),
        });
        of_part || self.keep.is_some()
    }
}

impl ShapePart {
    fn keeps_off(&self, margin: f64, point: &[f64]) -> bool {
        if margin == 0.0 {
            return true;
        }
        match &self.part {
            Part::Inside(inside) => inside.solid().signed_distance(point) <= -margin,
            Part::Patch(patch) if patch.parameters() == 1 && !patch.is_closed() => [0.0, 1.0].iter().all(|end| {
                let end = patch.at(&[*end]).0;
                point.iter().zip(&end).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt() >= margin
            }),
            Part::Patch(_) => true,
        }
    }
}

/// Whether a condition of the coordinates holds at a point.
pub(super) fn holds_at(graph: &Graph, condition: Expr, point: &[f64]) -> bool {
    let value = graph.evaluate(&[condition], |symbol| match symbol {
        Symbol::Coordinate(axis) => point[usize::from(*axis)],
        _ => f64::NAN,
    });
    value[0] != 0.0 && !value[0].is_nan()
}

/// The share of a piece that its formula keeps, estimated at `tries` low-discrepancy points.
pub(super) fn kept_share(graph: &Graph, piece: &Piece, tries: usize) -> f64 {
    let Some(keep) = piece.keep else { return 1.0 };
    let ranges: Vec<AxisRange> = piece.ranges.iter().map(|[a, b]| AxisRange::new(*a, *b)).collect();
    let holds = |point: &[f64]| holds_at(graph, keep, point);
    if let Some(part) = &piece.part {
        return ProductPlace { axes: &ranges, first: part.first, part: &part.part, keep: Some(&holds) }.share(tries);
    }
    let Ok(points) = held_out(&ranges, tries) else { return 0.0 };
    let hits = (0..points.len()).filter(|&i| holds(&points.point(i))).count();
    hits as f64 / points.len().max(1) as f64
}

impl Elaborator<'_> {
    /// The whole inside of the domain, for all times.
    pub(super) fn interior(&self) -> Piece {
        interior_of(&self.axes, self.shape.as_ref())
    }
}

fn interior_of(axes: &[Axis], shape: Option<&Shape>) -> Piece {
    Piece { ranges: whole_box(axes), normal: None, keep: None, part: shape.map(Shape::interior) }
}

impl Model {
    /// The whole inside of the domain, for all times.
    pub fn interior(&self) -> Piece {
        interior_of(&self.axes, self.shape.as_ref())
    }

    /// Points of the domain that training never sees, one column an axis; the same for every seed.
    ///
    /// # Errors
    /// As [`Rule::draw`](crate::geometry::Rule::draw) for a Sobol rule of `count` points.
    pub fn held_out(&self, count: usize) -> Result<Vec<Vec<f64>>, RuleError> {
        let range = |a: &Axis| AxisRange { lower: a.lower, upper: a.upper, periodic: a.periodic };
        let axes: Vec<AxisRange> = self.axes.iter().map(range).collect();
        let points = match &self.shape {
            None => held_out(&axes, count)?,
            Some(shape) => {
                let part = shape.interior();
                let place = ProductPlace { axes: &axes, first: part.first, part: &part.part, keep: None };
                held_out_inside(&place, count)?
            }
        };
        Ok(points.coordinates)
    }

    /// The distance of a point from the surface of the domain's shape, negative inside; negative everywhere on a box.
    pub fn outside(&self, point: &[f64]) -> f64 {
        match &self.shape {
            Some(shape) => shape.inside.solid().signed_distance(&point[shape.axes()]),
            None => -1.0,
        }
    }
}
