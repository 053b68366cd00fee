//! The surface of a shape as patches with measure-true maps and outward normals.
//!
//! Every patch comes from the surface of one primitive. A point of it belongs to the surface of the whole if it makes a
//! difference there whether one is just inside or just outside of that primitive: the tree of the shape is evaluated for
//! both. Where surfaces of several primitives coincide, the first of them has the patch.
//!
//! In the plane the patches are arcs, cut exactly where they begin and end to belong to the surface. In space a patch is
//! the surface of a primitive, and its points are rejected where they do not belong.

use std::num::NonZeroUsize;
use std::sync::Arc;

use super::super::quadrature::gauss_legendre;
use super::super::sobol::Sobol;
use super::curve::{Chain, Curve, constant_parts};
use super::mesh::{Cell, Mesh, cross};
use super::primitive::{Primitive, direction, direction_parameters, unit_ball};
use super::solid::Solid;

/// Surfaces closer than this part of the size of the shape coincide.
pub(super) const COINCIDE: f64 = 1e-12;
/// How far beside a surface it is asked which side is which, as a part of the size of the shape.
const STEP: f64 = 1e-6;
/// Points that the measure of what can't be integrated is estimated from.
const MEASURE_POINTS: u64 = 1 << 16;
/// Points that an empty patch is looked for with.
const PROBES: u64 = 1 << 12;

/// A surface in the space of a shape, with the outward normal of the primitive that it belongs to.
#[derive(Clone, Debug, PartialEq)]
pub enum Surface {
    /// A point on a line.
    End {
        /// Where it is.
        at: f64,
        /// Sign of the normal.
        sign: f64,
    },
    /// A curve in the plane.
    Curve(Curve),
    /// A sphere.
    Sphere {
        /// Its centre.
        center: Vec<f64>,
        /// Its radius.
        radius: f64,
    },
    /// A face of a box.
    Face {
        /// Lower ends of the box.
        low: Vec<f64>,
        /// Upper ends of the box.
        high: Vec<f64>,
        /// The axis of the normal.
        axis: usize,
        /// Sign of the normal.
        sign: f64,
    },
    /// Triangles in space.
    Facets(Arc<Facets>),
}

/// Triangles in space.
#[derive(Clone, Debug, PartialEq)]
pub struct Facets {
    triangles: Vec<[[f64; 3]; 3]>,
    /// Areas up to and including each, divided by that of all.
    shares: Vec<f64>,
    area: f64,
}

/// A part of the surface of a shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Patch {
    surface: Surface,
    /// 1 if the normal of the primitive points out of the shape, -1 if it points into it.
    orientation: f64,
    /// The part of the parameter of a curve.
    range: [f64; 2],
    /// Where points are rejected.
    clip: Option<Clip>,
    measure: f64,
    /// The name of a mesh for this part of its boundary.
    group: Option<String>,
    leaf: usize,
}

/// The surroundings of the surface of a primitive.
#[derive(Clone, Debug, PartialEq)]
struct Clip {
    solid: Arc<Solid>,
    /// The primitive whose surface it is.
    leaf: usize,
    /// The other primitives that may reach the surface; it lies outside of all others.
    near: Vec<usize>,
}

/// How the surface of a primitive lies in the shape at a point.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Role {
    /// On both sides is the same.
    None,
    /// The shape lies on the side of the primitive.
    Outer,
    /// The shape lies on the other side.
    Inner,
}

impl Solid {
    /// All patches of the surface.
    pub fn surface(&self) -> Vec<Patch> {
        let shared = Arc::new(self.clone());
        let mut patches = Vec::new();
        for (leaf, primitive) in self.leaves().iter().enumerate() {
            for (surface, group) in surfaces(primitive) {
                shared.patches_of(leaf, surface, group, &mut patches);
            }
        }
        patches
    }

    fn patches_of(self: &Arc<Self>, leaf: usize, surface: Surface, group: Option<String>, patches: &mut Vec<Patch>) {
        let alone = self.leaves().len() == 1;
        let mut patch =
            Patch { measure: surface.measure(), surface, orientation: 1.0, range: [0.0, 1.0], clip: None, group, leaf };
        if alone {
            return patches.push(patch);
        }
        let clip = Clip { solid: Arc::clone(self), leaf, near: self.near(leaf, &patch.surface) };
        match &patch.surface {
            Surface::Curve(curve) => {
                let state = |t: f64| {
                    let (p, n) = curve.at(t);
                    clip.role(&p, &n)
                };
                for (range, role) in joined(constant_parts(curve.length(), [0.0, 1.0], &state), curve.is_closed()) {
                    if role == Role::None || range[1] - range[0] <= COINCIDE {
                        continue;
                    }
                    let measure = patch.surface.measure() * (range[1] - range[0]);
                    let orientation = if role == Role::Outer { 1.0 } else { -1.0 };
                    patches.push(Patch { range, measure, orientation, ..patch.clone() });
                }
            }
            Surface::End { at, sign } => {
                let role = clip.role(&[*at], &[*sign]).0;
                if role != Role::None {
                    patch.orientation = if role == Role::Outer { 1.0 } else { -1.0 };
                    patches.push(patch);
                }
            }
            _ => {
                // A primitive may be on different sides in different places: one patch each.
                let shares = |count| patch.shares(count, &|p, n| clip.role(p, n).0);
                // Where nothing is near, the surface is the same everywhere.
                let few = shares(if clip.near.is_empty() { 1 } else { PROBES });
                let many = if clip.near.is_empty() || few == [0.0; 2] { few } else { shares(MEASURE_POINTS) };
                for ((seen, share), orientation) in few.into_iter().zip(many).zip([1.0, -1.0]) {
                    if seen > 0.0 {
                        let clip = (share < 1.0).then(|| clip.clone());
                        let measure = patch.surface.measure() * share;
                        patches.push(Patch { orientation, clip, measure, ..patch.clone() });
                    }
                }
            }
        }
    }

    /// The primitives that may reach the surface of a leaf, by boxes around both.
    fn near(&self, leaf: usize, surface: &Surface) -> Vec<usize> {
        let mut around = self.leaves()[leaf].bounds();
        if let Surface::Face { low, high, axis, sign } = surface {
            around[*axis] = [if *sign < 0.0 { low[*axis] } else { high[*axis] }; 2];
        }
        let slack = 10.0 * STEP * self.size();
        let reaches = |other: &usize| {
            let bounds = self.leaves()[*other].bounds();
            around.iter().zip(bounds).all(|(a, b)| a[0] - slack <= b[1] && b[0] <= a[1] + slack)
        };
        (0..self.leaves().len()).filter(|&other| other != leaf).filter(reaches).collect()
    }
}

impl Clip {
    /// What the surface is at one of its points, and how far away this may change.
    fn role(&self, p: &[f64], normal: &[f64]) -> (Role, f64) {
        let (leaf, leaves, size) = (self.leaf, self.solid.leaves(), self.solid.size());
        let mut safe = f64::INFINITY;
        let mut values = vec![f64::INFINITY; leaves.len()];
        values[leaf] = 0.0;
        for &number in &self.near {
            let primitive = &leaves[number];
            let mut value = primitive.signed_distance(p);
            safe = safe.min(value.abs());
            if value.abs() <= COINCIDE * size {
                if number < leaf {
                    return (Role::None, 0.0);
                }
                // The same surface: on which side does it have its inside?
                let step = STEP * size;
                let before: Vec<f64> = p.iter().zip(normal).map(|(x, n)| x - step * n).collect();
                value = if primitive.signed_distance(&before) < 0.0 { 0.0 } else { f64::NAN };
            }
            values[number] = value;
        }
        // 0 stands for this side of the surface, NaN for the other one.
        let inside = |of_leaf: f64| {
            let at = |number: usize| match values[number] {
                0.0 => of_leaf,
                value if value.is_nan() => -of_leaf,
                value => value,
            };
            self.solid.tree().value(&at) < 0.0
        };
        let role = match (inside(-1.0), inside(1.0)) {
            (true, false) => Role::Outer,
            (false, true) => Role::Inner,
            _ => Role::None,
        };
        (role, safe)
    }
}

/// Joins the first and the last part of a closed curve where they are alike, by letting the last run beyond 1.
fn joined(mut parts: Vec<([f64; 2], Role)>, closed: bool) -> Vec<([f64; 2], Role)> {
    if let [first, .., last] = parts.as_mut_slice()
        && closed
        && first.1 == last.1
    {
        last.0[1] += first.0[1];
        parts.remove(0);
    }
    parts
}

/// The surfaces of a primitive, with names where a mesh gives them.
fn surfaces(primitive: &Primitive) -> Vec<(Surface, Option<String>)> {
    let unnamed = |surfaces: Vec<Surface>| surfaces.into_iter().map(|surface| (surface, None)).collect();
    match primitive {
        Primitive::Ball { center, radius } => unnamed(match center.as_slice() {
            [c] => vec![Surface::End { at: c - radius, sign: -1.0 }, Surface::End { at: c + radius, sign: 1.0 }],
            [x, y] => vec![Surface::Curve(Curve::Circle { center: [*x, *y], radius: *radius })],
            _ => vec![Surface::Sphere { center: center.clone(), radius: *radius }],
        }),
        Primitive::Cuboid { low, high } => unnamed(match (low.as_slice(), high.as_slice()) {
            ([a], [b]) => vec![Surface::End { at: *a, sign: -1.0 }, Surface::End { at: *b, sign: 1.0 }],
            ([a, c], [b, d]) => {
                let corners = [[*a, *c], [*b, *c], [*b, *d], [*a, *d]];
                (0..4).map(|k| Surface::Curve(Curve::Segment { from: corners[k], to: corners[(k + 1) % 4] })).collect()
            }
            _ => {
                let sides = |axis: usize| [-1.0, 1.0].map(|sign| (axis, sign));
                let face = |(axis, sign)| Surface::Face { low: low.clone(), high: high.clone(), axis, sign };
                (0..low.len()).flat_map(sides).map(face).collect()
            }
        }),
        Primitive::Polygon(polygon) => {
            unnamed(polygon.edges().map(|(from, to)| Surface::Curve(Curve::Segment { from, to })).collect())
        }
        Primitive::Ellipse(ellipse) => unnamed(vec![Surface::Curve(Curve::Ellipse(Arc::clone(ellipse)))]),
        Primitive::Mesh(mesh) => of_mesh(mesh),
    }
}

/// The boundary of a mesh, group by group.
fn of_mesh(mesh: &Mesh) -> Vec<(Surface, Option<String>)> {
    let mut groups: Vec<Option<usize>> = mesh.boundary().iter().map(|facet| facet.group).collect();
    groups.sort_unstable();
    groups.dedup();
    let mut found = Vec::new();
    for group in groups {
        let facets: Vec<&Cell> = mesh.boundary().iter().filter(|facet| facet.group == group).collect();
        let name = group.and_then(|g| mesh.groups().get(g)).cloned();
        match mesh.dimension() {
            1 => {
                let bounds = mesh.bounds()[0];
                for facet in facets {
                    let at = mesh.corners(facet).next().map_or(0.0, |corner| corner[0]);
                    let sign = if at == bounds[0] { -1.0 } else { 1.0 };
                    found.push((Surface::End { at, sign }, name.clone()));
                }
            }
            2 => {
                let segments = facets.iter().map(|facet| mesh.segment(facet)).collect();
                found.extend(chains(segments).into_iter().map(|chain| (Surface::Curve(chain), name.clone())));
            }
            _ => {
                let triangles = facets.iter().map(|facet| mesh.triangle(facet)).collect();
                found.push((Surface::Facets(Arc::new(Facets::new(triangles))), name.clone()));
            }
        }
    }
    found
}

/// Puts segments in rows, each as long as it can be; straight rows become one segment.
fn chains(mut segments: Vec<([f64; 2], [f64; 2])>) -> Vec<Curve> {
    let mut found = Vec::new();
    while !segments.is_empty() {
        // A row starts where nothing leads to, or anywhere on a ring.
        let start = segments.iter().position(|(from, _)| segments.iter().all(|(_, to)| to != from)).unwrap_or(0);
        let (from, to) = segments.remove(start);
        let mut points = vec![from, to];
        while let Some(next) = segments.iter().position(|(from, _)| Some(from) == points.last()) {
            points.push(segments.remove(next).1);
        }
        let (first, last) = (points[0], points[points.len() - 1]);
        let straight = Curve::Segment { from: first, to: last };
        let off = |p: &[f64; 2]| super::polygon::distance_to_segment(*p, first, last);
        let is_straight = first != last && points.iter().all(|p| off(p) <= COINCIDE * straight.length());
        found.push(if is_straight { straight } else { Curve::Chain(Arc::new(Chain::new(points))) });
    }
    found
}

impl Facets {
    fn new(triangles: Vec<[[f64; 3]; 3]>) -> Self {
        let mut area = 0.0;
        let shares = triangles.iter().map(|t| {
            area += doubled_normal(t).iter().map(|x| x * x).sum::<f64>().sqrt() / 2.0;
            area
        });
        let mut shares: Vec<f64> = shares.collect();
        shares.iter_mut().for_each(|share| *share /= area);
        Self { triangles, shares, area }
    }
}

fn doubled_normal([a, b, c]: &[[f64; 3]; 3]) -> [f64; 3] {
    let from_a = |p: &[f64; 3]| std::array::from_fn(|k| p[k] - a[k]);
    cross(from_a(b), from_a(c))
}

impl Surface {
    fn measure(&self) -> f64 {
        match self {
            Surface::End { .. } => 1.0,
            Surface::Curve(curve) => curve.length(),
            Surface::Sphere { center, radius } => {
                let n = center.len();
                n as f64 * unit_ball(n) * radius.powi(n as i32 - 1)
            }
            Surface::Face { low, high, axis, .. } => {
                (0..low.len()).filter(|k| k != axis).map(|k| high[k] - low[k]).product()
            }
            Surface::Facets(facets) => facets.area,
        }
    }

    fn parameters(&self) -> usize {
        match self {
            Surface::End { .. } => 0,
            Surface::Curve(_) => 1,
            Surface::Sphere { center, .. } => direction_parameters(center.len()),
            Surface::Face { low, .. } => low.len() - 1,
            Surface::Facets(_) => 2,
        }
    }

    fn at(&self, u: &[f64]) -> (Vec<f64>, Vec<f64>) {
        match self {
            Surface::End { at, sign } => (vec![*at], vec![*sign]),
            Surface::Curve(curve) => {
                let (p, n) = curve.at(u[0]);
                (p.to_vec(), n.to_vec())
            }
            Surface::Sphere { center, radius } => {
                let normal = direction(center.len(), u);
                (center.iter().zip(&normal).map(|(c, n)| c + radius * n).collect(), normal)
            }
            Surface::Face { low, high, axis, sign } => {
                let held = if *sign < 0.0 { low[*axis] } else { high[*axis] };
                let mut u = u.iter();
                // The held axis takes no parameter.
                let mut along = |k: usize| u.next().map_or(low[k], |u| low[k] + u * (high[k] - low[k]));
                let point = (0..low.len()).map(|k| if k == *axis { held } else { along(k) }).collect();
                let normal = (0..low.len()).map(|k| if k == *axis { *sign } else { 0.0 }).collect();
                (point, normal)
            }
            Surface::Facets(facets) => {
                let number = facets.shares.partition_point(|&share| share <= u[0]).min(facets.shares.len() - 1);
                let before = if number == 0 { 0.0 } else { facets.shares[number - 1] };
                let first = ((u[0] - before) / (facets.shares[number] - before)).clamp(0.0, 1.0);
                let [a, b, c] = &facets.triangles[number];
                let s = first.sqrt();
                let along = |k: usize| (1.0 - s) * a[k] + s * ((1.0 - u[1]) * b[k] + u[1] * c[k]);
                let normal = doubled_normal(&facets.triangles[number]);
                let length = normal.iter().map(|x| x * x).sum::<f64>().sqrt();
                ((0..3).map(along).collect(), normal.iter().map(|x| x / length).collect())
            }
        }
    }
}

impl Patch {
    /// How many coordinates its points have.
    pub fn axes(&self) -> usize {
        match &self.surface {
            Surface::End { .. } => 1,
            Surface::Curve(_) => 2,
            Surface::Sphere { center, .. } => center.len(),
            Surface::Face { low, .. } => low.len(),
            Surface::Facets(_) => 3,
        }
    }

    /// A box that encloses it; on curves up to the height of an arc between 256 points.
    pub fn bounds(&self) -> Vec<[f64; 2]> {
        if let Surface::Sphere { center, radius } = &self.surface {
            return center.iter().map(|c| [c - radius, c + radius]).collect();
        }
        let mut bounds = vec![[f64::INFINITY, f64::NEG_INFINITY]; self.axes()];
        let ends = [0.0, 1.0].map(|end| self.at(&vec![end; self.parameters()]).0);
        for point in self.samples(256).into_iter().map(|(point, _)| point).chain(ends) {
            for (bound, x) in bounds.iter_mut().zip(point) {
                *bound = [bound[0].min(x), bound[1].max(x)];
            }
        }
        bounds
    }

    /// How many numbers in (0, 1) [`at`](Self::at) takes; 0 for a point on a line.
    pub fn parameters(&self) -> usize {
        self.surface.parameters()
    }

    /// The surface that it is a part of.
    pub fn surface(&self) -> &Surface {
        &self.surface
    }

    /// Number of the primitive that the surface belongs to.
    pub fn leaf(&self) -> usize {
        self.leaf
    }

    /// The name of a mesh for this part of its boundary.
    pub fn group(&self) -> Option<&str> {
        self.group.as_deref()
    }

    /// Length or area; 1 for a point on a line.
    pub fn measure(&self) -> f64 {
        self.measure
    }

    /// The measure of what the map covers, rejected points included.
    pub(super) fn whole_measure(&self) -> f64 {
        self.surface.measure() * (self.range[1] - self.range[0])
    }

    /// Whether it is a curve that ends where it starts.
    pub fn is_closed(&self) -> bool {
        matches!(&self.surface, Surface::Curve(curve) if curve.is_closed() && self.range == [0.0, 1.0])
    }

    /// Whether points of the map may have to be rejected.
    pub fn is_clipped(&self) -> bool {
        self.clip.is_some()
    }

    /// The point of a measure-true map from the unit cube, and the unit normal there that points out of the shape. The
    /// point has to be dropped unless [`keeps`](Self::keeps) is true of it.
    pub fn at(&self, u: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let (point, mut normal) = match &self.surface {
            Surface::Curve(_) => {
                let t = self.range[0] + u[0] * (self.range[1] - self.range[0]);
                self.surface.at(&[if t > 1.0 { t - 1.0 } else { t }])
            }
            surface => surface.at(u),
        };
        if self.orientation < 0.0 {
            normal.iter_mut().for_each(|n| *n = 0.0 - *n);
        }
        (point, normal)
    }

    /// Whether a point of the map, with the normal that comes with it, belongs to the patch.
    pub fn keeps(&self, point: &[f64], normal: &[f64]) -> bool {
        let Some(clip) = &self.clip else { return true };
        let outward: Vec<f64> = normal.iter().map(|n| n * self.orientation).collect();
        let role = if self.orientation > 0.0 { Role::Outer } else { Role::Inner };
        clip.role(point, &outward).0 == role
    }

    /// The axis, the coordinate and the sign of the normal of a patch that is flat across an axis.
    pub fn flat(&self) -> Option<(usize, f64, f64)> {
        match &self.surface {
            Surface::End { at, sign } => Some((0, *at, sign * self.orientation)),
            Surface::Face { low, high, axis, sign } => {
                Some((*axis, if *sign < 0.0 { low[*axis] } else { high[*axis] }, sign * self.orientation))
            }
            Surface::Curve(Curve::Segment { from, to }) => {
                let axis = (0..2).find(|&k| from[k] == to[k])?;
                let (_, normal) = self.at(&[0.5]);
                Some((axis, from[axis], normal[axis]))
            }
            _ => None,
        }
    }

    /// Whether a point lies on the patch, up to a billionth of the size of its surface; with the outward normal there.
    pub fn holds(&self, p: &[f64]) -> Option<Vec<f64>> {
        const SLACK: f64 = 1e-9;
        let near = |found: &[f64], size: f64| super::primitive::distance(p, found) <= SLACK * size;
        match &self.surface {
            Surface::End { at, sign } => {
                ((p[0] - at).abs() <= SLACK * at.abs().max(1.0)).then(|| vec![sign * self.orientation])
            }
            Surface::Curve(curve) => {
                let t = curve.parameter([p[0], p[1]]);
                let [from, to] = self.range;
                let in_range = |t: f64| from - SLACK <= t && t <= to + SLACK;
                let t = [t, t + 1.0, t - 1.0].into_iter().find(|t| in_range(*t))?;
                let (found, normal) = self.at(&[((t - from) / (to - from)).clamp(0.0, 1.0)]);
                near(&found, curve.length()).then_some(normal)
            }
            Surface::Sphere { center, radius } => {
                let reach = super::primitive::distance(p, center);
                let normal: Vec<f64> = p.iter().zip(center).map(|(x, c)| (x - c) / reach * self.orientation).collect();
                ((reach - radius).abs() <= SLACK * radius && self.keeps(p, &normal)).then_some(normal)
            }
            Surface::Face { low, high, axis, sign } => {
                let size = super::primitive::distance(low, high);
                let at = if *sign < 0.0 { low[*axis] } else { high[*axis] };
                let inside = |k: usize| low[k] - SLACK * size <= p[k] && p[k] <= high[k] + SLACK * size;
                let on = (p[*axis] - at).abs() <= SLACK * size && (0..low.len()).all(inside);
                let normal: Vec<f64> =
                    (0..low.len()).map(|k| if k == *axis { sign * self.orientation } else { 0.0 }).collect();
                (on && self.keeps(p, &normal)).then_some(normal)
            }
            Surface::Facets(facets) => {
                let p = [p[0], p[1], p[2]];
                let distance = |t: &&[[f64; 3]; 3]| super::mesh::distance_to_triangle(p, **t);
                let nearest = facets.triangles.iter().min_by(|a, b| distance(a).total_cmp(&distance(b)))?;
                let normal = doubled_normal(nearest);
                let length = normal.iter().map(|x| x * x).sum::<f64>().sqrt() * self.orientation;
                let normal: Vec<f64> = normal.iter().map(|x| x / length).collect();
                (distance(&nearest) <= SLACK * facets.area.sqrt() && self.keeps(&p, &normal)).then_some(normal)
            }
        }
    }

    /// Whether the normal changes from point to point.
    pub fn is_curved(&self) -> bool {
        match &self.surface {
            Surface::End { .. } | Surface::Face { .. } => false,
            Surface::Curve(curve) => !curve.is_straight(),
            Surface::Sphere { .. } | Surface::Facets(_) => true,
        }
    }

    /// Straight lines along a curve, for drawing; empty for other patches.
    pub fn outline(&self) -> Vec<Vec<f64>> {
        let Surface::Curve(curve) = &self.surface else { return Vec::new() };
        let steps = if curve.is_straight() { 1 } else { 96 };
        (0..=steps).map(|k| self.at(&[f64::from(k) / f64::from(steps)]).0).collect()
    }

    /// Points spread over the patch with their normals, always the same; at most `count`.
    pub fn samples(&self, count: usize) -> Vec<(Vec<f64>, Vec<f64>)> {
        let count = if self.parameters() == 0 { 1 } else { count };
        let probes = if self.is_clipped() { 64 * count as u64 } else { count as u64 };
        let mut found = Vec::with_capacity(count);
        self.for_probes(probes, &mut |p, n| {
            if found.len() < count && self.keeps(p, n) {
                found.push((p.to_vec(), n.to_vec()));
            }
        });
        found
    }

    /// The parts of the map whose points bound the shape from outside and from inside.
    fn shares(&self, count: u64, role: &dyn Fn(&[f64], &[f64]) -> Role) -> [f64; 2] {
        let mut hits = [0_u64; 2];
        self.for_probes(count, &mut |p, n| {
            let role = role(p, n);
            hits[0] += u64::from(role == Role::Outer);
            hits[1] += u64::from(role == Role::Inner);
        });
        hits.map(|hits| hits as f64 / count as f64)
    }

    fn for_probes(&self, count: u64, f: &mut dyn FnMut(&[f64], &[f64])) {
        let sobol = Sobol::new(self.parameters());
        for i in 0..count {
            // Beyond the dimension of Sobol points the middle must do. Half a cell keeps off the ends.
            let along = |axis: usize| sobol.as_ref().map_or(0.5, |s| s.coordinate(axis, i) + 0.5 / count as f64);
            let u: Vec<f64> = (0..self.parameters()).map(|axis| along(axis).min(1.0 - f64::EPSILON)).collect();
            let (p, n) = self.at(&u);
            f(&p, &n);
        }
    }

    /// Cuts a curve where a test of its points changes; other patches stay whole, with the test at their first sample.
    ///
    /// Changes that are less than a 512th of the curve apart may be missed.
    pub fn cut<S: PartialEq + Copy>(&self, test: &dyn Fn(&[f64]) -> S) -> Vec<(Patch, S)> {
        const PARTS: u32 = 512;
        let Surface::Curve(_) = &self.surface else {
            let first = self.samples(1).into_iter().next();
            return first.map(|(p, _)| (self.clone(), test(&p))).into_iter().collect();
        };
        let state = |t: f64| (test(&self.at(&[t]).0), 0.5 / f64::from(PARTS) * self.measure * 1.01);
        let parts = constant_parts(self.measure, [0.0, 1.0], &state);
        let length = self.range[1] - self.range[0];
        let part = |([a, b], state): ([f64; 2], S)| {
            let range = [self.range[0] + a * length, self.range[0] + b * length];
            (Patch { range, measure: self.measure * (b - a), ..self.clone() }, state)
        };
        if parts.len() == 1 {
            return vec![(self.clone(), parts[0].1)];
        }
        parts.into_iter().map(part).collect()
    }

    /// The integral of the position times the outward normal, relative to `origin`: that over the whole surface is the
    /// dimension times the volume. `None` where it is not known beyond sampling.
    pub(super) fn flux(&self, origin: &[f64]) -> Option<f64> {
        let through = |p: &[f64], n: &[f64]| p.iter().zip(origin).zip(n).map(|((x, o), n)| (x - o) * n).sum::<f64>();
        match &self.surface {
            Surface::End { .. } => {
                let (p, n) = self.at(&[]);
                Some(through(&p, &n))
            }
            Surface::Curve(curve) => {
                let nodes = gauss_legendre(NonZeroUsize::new(20)?, 0.0, 1.0);
                let panels = curve.panels();
                let turns = [panels.as_slice(), &panels[1..].iter().map(|t| t + 1.0).collect::<Vec<_>>()].concat();
                let [from, to] = self.range;
                let mut sum = 0.0;
                for ends in turns.windows(2) {
                    let (a, b) = (ends[0].max(from), ends[1].min(to));
                    if a >= b {
                        continue;
                    }
                    for (x, w) in nodes.positions.iter().zip(&nodes.weights) {
                        let (p, n) = self.at(&[(a + x * (b - a) - from) / (to - from)]);
                        sum += w * (b - a) * curve.length() * through(&p, &n);
                    }
                }
                Some(sum)
            }
            _ => None,
        }
    }
}
