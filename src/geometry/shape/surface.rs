//! The surfaces of primitives, with measure-true maps and outward normals.

use std::sync::Arc;

use super::curve::{Chain, Curve};
use super::mesh::{Cell, Mesh, cross};
use super::primitive::{Primitive, direction, direction_parameters, unit_ball};

/// Surfaces closer than this part of the size of the shape coincide.
pub(super) const COINCIDE: f64 = 1e-12;

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
    pub(super) triangles: Vec<[[f64; 3]; 3]>,
    /// Areas up to and including each, divided by that of all.
    shares: Vec<f64>,
    pub(super) area: f64,
}

/// The surfaces of a primitive, with names where a mesh gives them.
pub(super) fn surfaces(primitive: &Primitive) -> Vec<(Surface, Option<String>)> {
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

pub(super) fn doubled_normal([a, b, c]: &[[f64; 3]; 3]) -> [f64; 3] {
    let from_a = |p: &[f64; 3]| std::array::from_fn(|k| p[k] - a[k]);
    cross(from_a(b), from_a(c))
}

impl Surface {
    pub(super) fn measure(&self) -> f64 {
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

    pub(super) fn parameters(&self) -> usize {
        match self {
            Surface::End { .. } => 0,
            Surface::Curve(_) => 1,
            Surface::Sphere { center, .. } => direction_parameters(center.len()),
            Surface::Face { low, .. } => low.len() - 1,
            Surface::Facets(_) => 2,
        }
    }

    pub(super) fn at(&self, u: &[f64]) -> (Vec<f64>, Vec<f64>) {
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
