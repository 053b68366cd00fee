//! Shapes that are not made of others.

use std::f64::consts::{PI, TAU};
use std::sync::Arc;

use super::ellipse::Ellipse;
use super::mesh::Mesh;
use super::polygon::Polygon;

/// A shape by itself.
#[derive(Clone, Debug, PartialEq)]
pub enum Primitive {
    /// All points within a radius of a centre, in any dimension.
    Ball {
        /// Its centre.
        center: Vec<f64>,
        /// Its radius.
        radius: f64,
    },
    /// A box with faces along the axes; in one dimension an interval.
    Cuboid {
        /// Lower ends.
        low: Vec<f64>,
        /// Upper ends.
        high: Vec<f64>,
    },
    /// A polygon in the plane.
    Polygon(Arc<Polygon>),
    /// An ellipse in the plane.
    Ellipse(Arc<Ellipse>),
    /// A mesh.
    Mesh(Arc<Mesh>),
}

impl Primitive {
    /// The number of coordinates.
    pub fn dimension(&self) -> usize {
        match self {
            Primitive::Ball { center, .. } => center.len(),
            Primitive::Cuboid { low, .. } => low.len(),
            Primitive::Polygon(_) | Primitive::Ellipse(_) => 2,
            Primitive::Mesh(mesh) => mesh.dimension(),
        }
    }

    /// The smallest box around it.
    pub fn bounds(&self) -> Vec<[f64; 2]> {
        match self {
            Primitive::Ball { center, radius } => center.iter().map(|c| [c - radius, c + radius]).collect(),
            Primitive::Cuboid { low, high } => low.iter().zip(high).map(|(a, b)| [*a, *b]).collect(),
            Primitive::Polygon(polygon) => {
                let along = |axis: usize| {
                    let values = polygon.vertices().iter().map(move |v| v[axis]);
                    [values.clone().fold(f64::INFINITY, f64::min), values.fold(f64::NEG_INFINITY, f64::max)]
                };
                vec![along(0), along(1)]
            }
            Primitive::Ellipse(ellipse) => {
                ellipse.center.iter().zip(ellipse.axes).map(|(c, half)| [c - half, c + half]).collect()
            }
            Primitive::Mesh(mesh) => mesh.bounds(),
        }
    }

    /// The distance to the surface, negative inside; exact.
    pub fn signed_distance(&self, p: &[f64]) -> f64 {
        match self {
            Primitive::Ball { center, radius } => distance(p, center) - radius,
            Primitive::Cuboid { low, high } => {
                let beyond = || low.iter().zip(high).zip(p).map(|((a, b), x)| (a - x).max(x - b));
                let outside = beyond().map(|d| d.max(0.0).powi(2)).sum::<f64>().sqrt();
                if outside > 0.0 { outside } else { beyond().fold(f64::NEG_INFINITY, f64::max) }
            }
            Primitive::Polygon(polygon) => polygon.signed_distance([p[0], p[1]]),
            Primitive::Ellipse(ellipse) => ellipse.signed_distance([p[0], p[1]]),
            Primitive::Mesh(mesh) => mesh.signed_distance(p),
        }
    }

    /// Length, area, volume.
    pub fn measure(&self) -> f64 {
        match self {
            Primitive::Ball { center, radius } => unit_ball(center.len()) * radius.powi(center.len() as i32),
            Primitive::Cuboid { low, high } => low.iter().zip(high).map(|(a, b)| b - a).product(),
            Primitive::Polygon(polygon) => polygon.area(),
            Primitive::Ellipse(ellipse) => PI * ellipse.axes[0] * ellipse.axes[1],
            Primitive::Mesh(mesh) => mesh.measure(),
        }
    }

    /// How many numbers in (0, 1) [`at`](Self::at) takes.
    pub(super) fn parameters(&self) -> usize {
        match self {
            Primitive::Ball { center, .. } => 1 + direction_parameters(center.len()),
            other => other.dimension(),
        }
    }

    /// A measure-true map from the unit cube.
    pub(super) fn at(&self, u: &[f64]) -> Vec<f64> {
        match self {
            Primitive::Ball { center, radius } => {
                let n = center.len();
                let along = direction(n, &u[1..]);
                let reach = radius * u[0].powf(1.0 / n as f64);
                center.iter().zip(along).map(|(c, d)| c + reach * d).collect()
            }
            Primitive::Cuboid { low, high } => low.iter().zip(high).zip(u).map(|((a, b), u)| a + u * (b - a)).collect(),
            Primitive::Polygon(polygon) => polygon.at(u[0], u[1]).to_vec(),
            Primitive::Ellipse(ellipse) => {
                let along = direction(2, &u[1..]);
                let reach = u[0].sqrt();
                (0..2).map(|k| ellipse.center[k] + ellipse.axes[k] * reach * along[k]).collect()
            }
            Primitive::Mesh(mesh) => mesh.at(u),
        }
    }
}

pub(super) fn distance(p: &[f64], q: &[f64]) -> f64 {
    match (p, q) {
        ([x, y], [a, b]) => (x - a).hypot(y - b),
        _ => p.iter().zip(q).map(|(x, a)| (x - a).powi(2)).sum::<f64>().sqrt(),
    }
}

/// The volume of the unit ball: V(n) = V(n-2) 2π/n.
pub(super) fn unit_ball(dimension: usize) -> f64 {
    match dimension {
        0 => 1.0,
        1 => 2.0,
        n => unit_ball(n - 2) * TAU / n as f64,
    }
}

/// How many numbers in (0, 1) a uniform direction takes.
pub(super) fn direction_parameters(dimension: usize) -> usize {
    match dimension {
        1 => 1,
        2 | 3 => dimension - 1,
        n => n.next_multiple_of(2),
    }
}

/// An area-true map from the unit cube onto the unit sphere: an angle in the plane, height and angle in space
/// (Archimedes), and beyond the direction of independent normal numbers (Muller, Comm. ACM 2 (1959) 19; the numbers in
/// pairs as of Box and Muller).
pub(super) fn direction(dimension: usize, u: &[f64]) -> Vec<f64> {
    let turn = |u: f64| (TAU * u).sin_cos();
    match dimension {
        1 => vec![if u[0] < 0.5 { -1.0 } else { 1.0 }],
        2 => {
            let (sin, cos) = turn(u[0]);
            vec![cos, sin]
        }
        3 => {
            let z = 2.0 * u[0] - 1.0;
            // (1 - z)(1 + z) does not cancel near the poles.
            let across = ((1.0 - z) * (1.0 + z)).max(0.0).sqrt();
            let (sin, cos) = turn(u[1]);
            vec![across * cos, across * sin, z]
        }
        n => {
            let mut normal = Vec::with_capacity(n + 1);
            for pair in u.chunks_exact(2) {
                // The ends of the interval, which grids have, would be infinitely far out or have no direction.
                let radius = (-2.0 * pair[0].clamp(f64::EPSILON, 1.0 - f64::EPSILON).ln()).sqrt();
                let (sin, cos) = turn(pair[1]);
                normal.extend([radius * cos, radius * sin]);
            }
            normal.truncate(n);
            let length = normal.iter().map(|x| x * x).sum::<f64>().sqrt();
            normal.iter_mut().for_each(|x| *x /= length);
            normal
        }
    }
}
