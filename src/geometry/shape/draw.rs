//! Weighted points inside of a shape and on its surface, beside further axes.

use std::sync::Arc;

use super::super::held_out::held_out;
use super::super::random::Stream;
use super::super::rule::{AxisRange, Place, Points, Rule, RuleError, check_count, check_ranges, measure, stretch};
use super::super::sobol::Sobol;
use super::patch::Patch;
use super::primitive::Primitive;
use super::solid::{Solid, Tree};

/// Points that the volume of what can't be integrated is estimated from.
const MEASURE_POINTS: u64 = 1 << 16;
/// Points that two shapes are tried at before their common measure is asked for.
const OVERLAP_PROBES: u64 = 256;
/// Points that the share of a condition is estimated from.
const SHARE_POINTS: usize = 1 << 14;
/// Points that are tried before one gives up, beside [`TRIES_EACH`] for every point that is wanted.
const TRIES: usize = 1 << 20;
const TRIES_EACH: usize = 64;

/// A part of a shape: its inside, or a patch of its surface.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// The inside of a shape.
    Inside(Arc<Inside>),
    /// A patch of its surface.
    Patch(Arc<Patch>),
}

/// The inside of a shape, ready to be drawn from.
#[derive(Clone, Debug, PartialEq)]
pub struct Inside {
    solid: Solid,
    envelope: Envelope,
    measure: f64,
}

/// Something that has a measure-true map and encloses a shape.
#[derive(Clone, Debug, PartialEq)]
enum Envelope {
    /// A primitive.
    Primitive(Primitive),
    /// Between two circles or spheres around one centre.
    Shell { center: Vec<f64>, inner: f64, outer: f64 },
}

/// Points of a part of a shape beside further axes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShapePoints {
    /// Coordinates along all axes, and weights.
    pub points: Points,
    /// On a patch the outward unit normals, one `Vec` an axis of the shape; else empty.
    pub normals: Vec<Vec<f64>>,
}

impl Envelope {
    fn of(solid: &Solid) -> Self {
        let leaves = solid.leaves();
        if let (
            Tree::Difference(..),
            [Primitive::Ball { center, radius }, Primitive::Ball { center: other, radius: hole }],
        ) = (solid.tree(), leaves)
            && center == other
        {
            return Envelope::Shell { center: center.clone(), inner: *hole, outer: *radius };
        }
        Self::around(solid.tree(), solid)
    }

    /// The smallest envelope that is seen from the tree: what a difference takes from, the smaller part of an
    /// intersection, a box around a union.
    fn around(tree: &Tree, solid: &Solid) -> Self {
        let boxed = |bounds: Vec<[f64; 2]>| Primitive::Cuboid {
            low: bounds.iter().map(|b| b[0]).collect(),
            high: bounds.iter().map(|b| b[1]).collect(),
        };
        let bounds = boxed(solid.bounds());
        let found = match tree {
            Tree::Leaf(leaf) => Envelope::Primitive(solid.leaves()[*leaf].clone()),
            Tree::Difference(a, _) => Self::around(a, solid),
            Tree::Intersection(a, b) => {
                let (a, b) = (Self::around(a, solid), Self::around(b, solid));
                if a.measure() <= b.measure() { a } else { b }
            }
            Tree::Union(..) => return Envelope::Primitive(bounds),
        };
        if found.measure() <= bounds.measure() { found } else { Envelope::Primitive(bounds) }
    }

    /// Low-discrepancy points of it; `None` beyond the dimension of these.
    fn points(&self, count: u64) -> Option<impl Iterator<Item = Vec<f64>> + '_> {
        let (sobol, parameters) = (Sobol::new(self.parameters())?, self.parameters());
        Some((0..count).map(move |i| {
            let along = |axis| (sobol.coordinate(axis, i) + 0.5 / count as f64).min(1.0 - f64::EPSILON);
            self.at(&(0..parameters).map(along).collect::<Vec<f64>>())
        }))
    }

    fn measure(&self) -> f64 {
        match self {
            Envelope::Primitive(primitive) => primitive.measure(),
            Envelope::Shell { center, inner, outer } => {
                let n = center.len() as i32;
                super::primitive::unit_ball(center.len()) * (outer.powi(n) - inner.powi(n))
            }
        }
    }

    fn parameters(&self) -> usize {
        match self {
            Envelope::Primitive(primitive) => primitive.parameters(),
            Envelope::Shell { center, .. } => 1 + super::primitive::direction_parameters(center.len()),
        }
    }

    fn at(&self, u: &[f64]) -> Vec<f64> {
        match self {
            Envelope::Primitive(primitive) => primitive.at(u),
            Envelope::Shell { center, inner, outer } => {
                let n = center.len();
                let (low, high) = (inner.powi(n as i32), outer.powi(n as i32));
                let reach = (low + u[0] * (high - low)).powf(1.0 / n as f64).clamp(*inner, *outer);
                let along = super::primitive::direction(n, &u[1..]);
                center.iter().zip(along).map(|(c, d)| c + reach * d).collect()
            }
        }
    }
}

impl Inside {
    /// The inside of a shape; `None` if it is empty.
    ///
    /// The measure is exact up to rounding for primitives and on a line, and in the plane (from the boundary, by the
    /// divergence theorem); beyond, for combinations, it is estimated from 65536 low-discrepancy points.
    pub fn new(solid: Solid) -> Option<Self> {
        Self::with_surface(&solid, &solid.surface())
    }

    /// The same for a shape whose surface is known.
    pub fn with_surface(solid: &Solid, surface: &[Patch]) -> Option<Self> {
        let envelope = Envelope::of(solid);
        let exact = matches!(solid.leaves(), [_]) || matches!(envelope, Envelope::Shell { .. });
        let measure = if exact { envelope.measure() } else { measure_of(solid, &envelope, surface) };
        (measure > 0.0).then(|| Self { solid: solid.clone(), envelope, measure })
    }

    /// The shape.
    pub fn solid(&self) -> &Solid {
        &self.solid
    }

    /// Length, area or volume.
    pub fn measure(&self) -> f64 {
        self.measure
    }
}

fn measure_of(solid: &Solid, envelope: &Envelope, surface: &[Patch]) -> f64 {
    let origin: Vec<f64> = solid.bounds().iter().map(|b| b[0].midpoint(b[1])).collect();
    let flux: Option<Vec<f64>> = surface.iter().map(|patch| patch.flux(&origin)).collect();
    if let Some(flux) = flux.filter(|_| solid.dimension() <= 2) {
        let measure = flux.iter().sum::<f64>() / solid.dimension() as f64;
        // What is left of an empty shape is rounding.
        return if measure > 1e-12 * envelope.measure() { measure } else { 0.0 };
    }
    let Some(points) = envelope.points(MEASURE_POINTS) else { return envelope.measure() };
    envelope.measure() * points.filter(|p| solid.contains(p)).count() as f64 / MEASURE_POINTS as f64
}

impl Solid {
    /// Whether two shapes of one dimension have inner points in common.
    pub fn overlaps(&self, other: &Solid) -> bool {
        let (bounds, others) = (self.bounds(), other.bounds());
        if bounds.iter().zip(&others).any(|(a, b)| a[1] <= b[0] || b[1] <= a[0]) {
            return false;
        }
        let Ok(common) = self.clone().intersection(other.clone()) else { return false };
        // A few points mostly tell; the measure, which takes many, is asked for where they do not.
        let hit = Envelope::of(&common)
            .points(OVERLAP_PROBES)
            .is_some_and(|mut points| points.any(|p| common.signed_distance(&p) < 0.0));
        hit || Inside::new(common).is_some()
    }
}

impl Part {
    /// The number of coordinates of the shape.
    pub fn axes(&self) -> usize {
        match self {
            Part::Inside(inside) => inside.solid.dimension(),
            Part::Patch(patch) => patch.axes(),
        }
    }

    /// The dimension of the part itself.
    pub fn dimension(&self) -> usize {
        self.axes() - usize::from(matches!(self, Part::Patch(_)))
    }

    /// Length, area, volume.
    pub fn measure(&self) -> f64 {
        match self {
            Part::Inside(inside) => inside.measure,
            Part::Patch(patch) => patch.measure(),
        }
    }

    /// How many counts a rule with counts by axis takes, where it fits at all.
    fn parameters(&self) -> usize {
        match self {
            Part::Inside(inside) => inside.envelope.parameters(),
            Part::Patch(patch) => patch.parameters(),
        }
    }

    /// The point and the normal (if there is one) of a map from the unit cube; `None` where the map leaves the part.
    fn at(&self, u: &[f64]) -> Option<(Vec<f64>, Vec<f64>)> {
        match self {
            Part::Inside(inside) => {
                let point = inside.envelope.at(u);
                let alone = matches!((&inside.envelope, inside.solid.leaves()), (Envelope::Primitive(_), [_]));
                (alone || inside.solid.contains(&point)).then_some((point, Vec::new()))
            }
            Part::Patch(patch) => {
                let (point, normal) = patch.at(u);
                patch.keeps(&point, &normal).then_some((point, normal))
            }
        }
    }

    /// The smallest box that is known to enclose the part.
    pub fn bounds(&self) -> Vec<[f64; 2]> {
        match self {
            Part::Inside(inside) => inside.solid.bounds(),
            Part::Patch(patch) => patch.bounds(),
        }
    }
}

/// Whether a point counts.
pub type Keep<'a> = &'a dyn Fn(&[f64]) -> bool;

/// Axes of which some, from `first` on, range over a part of a shape.
pub struct ProductPlace<'a> {
    /// The ranges of all axes; those of the shape are not looked at.
    pub axes: &'a [AxisRange],
    /// The first axis of the shape.
    pub first: usize,
    /// The part of the shape.
    pub part: &'a Part,
    /// Points are only where this holds; it gets all coordinates.
    pub keep: Option<Keep<'a>>,
}

impl ProductPlace<'_> {
    /// Draws points; their weights sum to the measure of the part times the lengths of the other axes (times the share of
    /// `keep`).
    ///
    /// Random rules use measure-true maps from the unit cube and reject what lies outside until they have their count.
    /// Inside, rules with counts by axis are filtered: their points are those of the enclosing box that lie in the shape,
    /// in the order of the axes, weighted alike. On a patch they are taken in the parameters of the patch.
    ///
    /// # Errors
    /// As [`Rule::draw_where`].
    pub fn draw(&self, rule: &Rule, place: Place, stream: &Stream) -> Result<ShapePoints, RuleError> {
        match rule.source(stream) {
            Some((count, source)) if self.free() > 0 => {
                check_ranges(self.axes)?;
                check_count(count)?;
                let (axes, mut source) = (self.parameter_axes(), source(self.free())?);
                let mut kept = ShapePoints::default();
                let mut tries = 0;
                while kept.points.len() < count && tries < TRIES.saturating_add(count.saturating_mul(TRIES_EACH)) {
                    self.collect(&stretch(&axes, source.batch(count), count), count - kept.points.len(), &mut kept);
                    tries += count;
                }
                if kept.points.is_empty() {
                    return Err(RuleError::EmptyPlace { tries });
                }
                let measure = self.measure();
                let weight = measure / kept.points.len() as f64;
                kept.points.weights.fill(weight);
                Ok(kept)
            }
            _ => self.product(rule, place, stream),
        }
    }

    fn product(&self, rule: &Rule, place: Place, stream: &Stream) -> Result<ShapePoints, RuleError> {
        let (inside, axes) = match self.part {
            Part::Inside(inside) => (Some(inside), self.box_axes()),
            Part::Patch(_) => (None, self.parameter_axes()),
        };
        let drawn = rule.draw(&axes, place, stream)?;
        let mut kept = ShapePoints::default();
        let keep = |point: &[f64]| self.keep.is_none_or(|keep| keep(point));
        if let Some(inside) = inside {
            let of_shape = self.first..self.first + self.part.axes();
            let holds = |point: &[f64]| inside.solid.contains(&point[of_shape.clone()]);
            let in_shape = drawn.filter(&holds);
            // All points of the enclosing box stand for its measure, those of the shape for that of the shape.
            let factor = self.whole_measure() / in_shape.weights.iter().sum::<f64>();
            kept.points = in_shape.filter(&keep);
            kept.points.weights.iter_mut().for_each(|w| *w *= factor);
        } else {
            let count = drawn.len();
            self.collect(&drawn.coordinates, count, &mut kept);
            // `collect` numbers the points that it keeps in their weights.
            let scale = if let Part::Patch(patch) = self.part { patch.whole_measure() } else { 1.0 };
            kept.points.weights.iter_mut().for_each(|w| *w = drawn.weights[*w as usize] * scale);
        }
        if kept.points.is_empty() { Err(RuleError::EmptyPlace { tries: drawn.len() }) } else { Ok(kept) }
    }

    /// Maps parameter points and takes those that are kept, `most` at most; the weight is the number of the point.
    fn collect(&self, columns: &[Vec<f64>], most: usize, kept: &mut ShapePoints) {
        let (axes, parameters) = (self.part.axes(), self.part.parameters());
        let count = columns.first().map_or(1, Vec::len);
        let total = self.axes.len();
        if kept.points.coordinates.is_empty() {
            kept.points.coordinates = vec![Vec::new(); total];
        }
        let mut taken = 0;
        let mut point = vec![0.0; total];
        for i in 0..count {
            if taken == most {
                return;
            }
            let u: Vec<f64> = columns[self.first..self.first + parameters].iter().map(|column| column[i]).collect();
            let Some((place, normal)) = self.part.at(&u) else { continue };
            for axis in 0..total {
                point[axis] = if axis < self.first {
                    columns[axis][i]
                } else if axis < self.first + axes {
                    place[axis - self.first]
                } else {
                    columns[axis - axes + parameters][i]
                };
            }
            if self.keep.is_some_and(|keep| !keep(&point)) {
                continue;
            }
            taken += 1;
            kept.points.coordinates.iter_mut().zip(&point).for_each(|(column, x)| column.push(*x));
            kept.points.weights.push(i as f64);
            if !normal.is_empty() {
                kept.normals.resize(axes, Vec::new());
                kept.normals.iter_mut().zip(normal).for_each(|(column, n)| column.push(n));
            }
        }
    }

    /// The axes with unit intervals for the parameters of the part.
    fn parameter_axes(&self) -> Vec<AxisRange> {
        let closed = matches!(self.part, Part::Patch(patch) if patch.is_closed());
        let unit = if closed { AxisRange::periodic(0.0, 1.0) } else { AxisRange::new(0.0, 1.0) };
        let (before, after) = (&self.axes[..self.first], &self.axes[self.first + self.part.axes()..]);
        [before, &vec![unit; self.part.parameters()], after].concat()
    }

    /// The axes with the box that encloses the part.
    fn box_axes(&self) -> Vec<AxisRange> {
        let (before, after) = (&self.axes[..self.first], &self.axes[self.first + self.part.axes()..]);
        let bounds: Vec<AxisRange> = self.part.bounds().iter().map(|[a, b]| AxisRange::new(*a, *b)).collect();
        [before, &bounds, after].concat()
    }

    fn free(&self) -> usize {
        self.parameter_axes().iter().filter(|range| !range.is_point()).count()
    }

    /// The measure without regard to `keep`.
    fn whole_measure(&self) -> f64 {
        let (before, after) = (&self.axes[..self.first], &self.axes[self.first + self.part.axes()..]);
        self.part.measure() * measure(before) * measure(after)
    }

    /// The measure: that of the part and the other axes, times the share of `keep`.
    pub fn measure(&self) -> f64 {
        self.whole_measure() * if self.keep.is_some() { self.share(SHARE_POINTS) } else { 1.0 }
    }

    /// The part of the place where `keep` holds, estimated at low-discrepancy points that are always the same.
    pub fn share(&self, count: usize) -> f64 {
        let Some(keep) = self.keep else { return 1.0 };
        let Ok(points) = held_out(&self.parameter_axes(), count) else { return 1.0 };
        let (mut all, mut hits) = (ShapePoints::default(), 0_usize);
        let whole = ProductPlace { keep: None, axes: self.axes, first: self.first, part: self.part };
        whole.collect(&points.coordinates, count, &mut all);
        (0..all.points.len()).for_each(|i| hits += usize::from(keep(&all.points.point(i))));
        if all.points.is_empty() { 0.0 } else { hits as f64 / all.points.len() as f64 }
    }
}

/// Low-discrepancy points inside of a shape beside further axes, fixed once and for all; weights are measure / count.
///
/// # Errors
/// As [`ProductPlace::draw`].
pub fn held_out_inside(place: &ProductPlace, count: usize) -> Result<Points, RuleError> {
    place.draw(&Rule::Sobol { count }, Place::Interior, &Stream::held_out()).map(|found| found.points)
}
