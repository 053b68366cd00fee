//! Shapes as formulas of the coordinates.

use crate::expr::{Expr, Function, Graph, Rational, Relation};
use crate::geometry::{Halves, Mesh, Polygon, Primitive, Solid, Tree};

use super::numbers::literal;

/// Boundaries of meshes with more edges than this are no formula.
const MOST_EDGES: usize = 512;
/// The most edges of a formula that is differentiated: derivatives grow faster than the number of edges.
pub const MOST_SMOOTH_EDGES: usize = 128;

/// How many straight edges the formula of a shape has: those of its polygons and plane meshes.
pub fn edges(solid: &Solid) -> usize {
    let of = |primitive: &Primitive| match primitive {
        Primitive::Polygon(polygon) => polygon.vertices().len(),
        Primitive::Mesh(mesh) => mesh.boundary().len(),
        Primitive::Ball { .. } | Primitive::Cuboid { .. } | Primitive::Ellipse(_) => 0,
    };
    solid.leaves().iter().map(of).sum()
}

/// A number of double precision as the exact value of its shortest decimal form.
fn number(graph: &mut Graph, value: f64) -> Expr {
    let exact = literal(&value.to_string()).or_else(|| Rational::from_float(value));
    exact.map_or(Graph::ZERO, |value| graph.rational(value))
}

/// A formula that is positive inside of a shape, negative outside, and zero on its surface and nowhere else. With a
/// smooth boundary it is smooth near it, with slope 1 along the inward normal; where the boundary has corners or parts
/// meet, it is continuous there and smooth elsewhere.
///
/// Parts are joined by R-functions: a + b - sqrt(a² + b²) is positive where both are (V. L. Rvachev; survey by V. Shapiro,
/// Acta Numerica 16 (2007) 239). `None` for meshes that are no polygons.
pub fn smooth_inside(graph: &mut Graph, solid: &Solid, coordinates: &[Expr]) -> Option<Expr> {
    Formulas { graph, coordinates, joins: Joins::Smooth }.solid(solid)
}

/// Like [`smooth_inside`], but zero only on the surfaces of these primitives: positive inside of the shape. `None` where such a
/// surface may go through the inside, because the shape is a union.
pub fn smooth_leaves(graph: &mut Graph, solid: &Solid, leaves: &[usize], coordinates: &[Expr]) -> Option<Expr> {
    let mut formulas = Formulas { graph, coordinates, joins: Joins::Smooth };
    let mut signs = vec![0; solid.leaves().len()];
    if !signs_of(solid.tree(), 1, &mut signs) {
        return None;
    }
    let mut joined = None;
    for &leaf in leaves {
        let value = formulas.primitive(&solid.leaves()[leaf])?;
        let value = if signs[leaf] < 0 { formulas.graph.neg(value) } else { value };
        joined = Some(match joined {
            Some(others) => formulas.all(others, value),
            None => value,
        });
    }
    joined
}

/// On which side of each primitive the shape lies: 1 inside, -1 outside. Says whether all of them bound it together.
fn signs_of(tree: &Tree, side: i32, signs: &mut [i32]) -> bool {
    match (tree, side) {
        (Tree::Leaf(leaf), _) => {
            signs[*leaf] = side;
            true
        }
        (Tree::Intersection(a, b), 1) | (Tree::Union(a, b), -1) => signs_of(a, side, signs) && signs_of(b, side, signs),
        (Tree::Difference(a, b), 1) => signs_of(a, 1, signs) && signs_of(b, -1, signs),
        _ => false,
    }
}

/// A condition that holds inside of a shape and on its surface: 1 there, else 0. `None` for meshes that are no polygons.
pub fn inside_condition(graph: &mut Graph, solid: &Solid, coordinates: &[Expr]) -> Option<Expr> {
    let value = Formulas { graph: &mut *graph, coordinates, joins: Joins::Extreme }.solid(solid)?;
    Some(graph.compare(Relation::LessEqual, Graph::ZERO, value))
}

/// How formulas of parts are joined.
#[derive(Clone, Copy, PartialEq)]
enum Joins {
    /// By the smaller and the larger.
    Extreme,
    /// By R-functions.
    Smooth,
}

struct Formulas<'g> {
    graph: &'g mut Graph,
    coordinates: &'g [Expr],
    joins: Joins,
}

impl Formulas<'_> {
    fn solid(&mut self, solid: &Solid) -> Option<Expr> {
        self.tree(solid.tree(), solid)
    }

    fn tree(&mut self, tree: &Tree, solid: &Solid) -> Option<Expr> {
        Some(match tree {
            Tree::Leaf(leaf) => self.primitive(&solid.leaves()[*leaf])?,
            Tree::Union(a, b) => {
                let (a, b) = (self.tree(a, solid)?, self.tree(b, solid)?);
                self.any(a, b)
            }
            Tree::Intersection(a, b) => {
                let (a, b) = (self.tree(a, solid)?, self.tree(b, solid)?);
                self.all(a, b)
            }
            Tree::Difference(a, b) => {
                let (a, b) = (self.tree(a, solid)?, self.tree(b, solid)?);
                let outside = self.graph.neg(b);
                self.all(a, outside)
            }
        })
    }

    fn root_of_squares(&mut self, a: Expr, b: Expr) -> Expr {
        let (a, b) = (self.graph.powi(a, 2), self.graph.powi(b, 2));
        let sum = self.graph.add(a, b);
        self.graph.sqrt(sum)
    }

    fn all(&mut self, a: Expr, b: Expr) -> Expr {
        if self.joins == Joins::Extreme {
            return self.graph.call(Function::Min, &[a, b]);
        }
        let (root, sum) = (self.root_of_squares(a, b), self.graph.add(a, b));
        self.graph.sub(sum, root)
    }

    fn any(&mut self, a: Expr, b: Expr) -> Expr {
        if self.joins == Joins::Extreme {
            return self.graph.call(Function::Max, &[a, b]);
        }
        let (root, sum) = (self.root_of_squares(a, b), self.graph.add(a, b));
        self.graph.add(sum, root)
    }

    fn primitive(&mut self, primitive: &Primitive) -> Option<Expr> {
        Some(match primitive {
            Primitive::Ball { center, radius } => {
                // (r² - |x - c|²)/(2 r)
                let scales = vec![1.0; center.len()];
                let squares = self.squares(center, &scales);
                let radius = number(self.graph, *radius);
                let square = self.graph.powi(radius, 2);
                let difference = self.graph.sub(square, squares);
                let half = self.graph.div(difference, radius);
                self.halved(half)
            }
            Primitive::Cuboid { low, high } => {
                let mut sides = Vec::with_capacity(low.len());
                for axis in 0..low.len() {
                    // (x - a)(b - x)/(b - a)
                    let (a, b) = (number(self.graph, low[axis]), number(self.graph, high[axis]));
                    let from = self.graph.sub(self.coordinates[axis], a);
                    let to = self.graph.sub(b, self.coordinates[axis]);
                    let (product, length) = (self.graph.mul(from, to), self.graph.sub(b, a));
                    sides.push(self.graph.div(product, length));
                }
                let mut sides = sides.into_iter();
                let first = sides.next()?;
                sides.fold(first, |all, side| self.all(all, side))
            }
            Primitive::Polygon(polygon) => self.halves(polygon, &polygon.halves()),
            Primitive::Ellipse(ellipse) => {
                // With q = (x/a)² + (y/b)², (1 - q)/(2 |grad q|/2): the slope is 1 on the boundary. The root is not 0 there;
                // the small addition keeps it from 0 at the centre and vanishes on the boundary.
                let [a, b] = ellipse.axes;
                let q = self.squares(&ellipse.center, &ellipse.axes);
                let rest = self.graph.sub(Graph::ONE, q);
                let slope = self.squares(&ellipse.center, &[a * a, b * b]);
                let smallest = number(self.graph, 1.0 / (a.max(b) * a.max(b)));
                let kept = self.graph.mul(rest, smallest);
                let square = self.graph.powi(kept, 2);
                let under = self.graph.add(slope, square);
                let root = self.graph.sqrt(under);
                let quotient = self.graph.div(rest, root);
                self.halved(quotient)
            }
            Primitive::Mesh(mesh) => self.mesh(mesh)?,
        })
    }

    fn halved(&mut self, value: Expr) -> Expr {
        self.graph.scale(Rational::new(1.into(), 2.into()), value)
    }

    /// Σ ((x - c)/s)²
    fn squares(&mut self, center: &[f64], scales: &[f64]) -> Expr {
        let mut squares = Vec::with_capacity(center.len());
        for ((x, c), scale) in self.coordinates.iter().zip(center).zip(scales) {
            let (c, scale) = (number(self.graph, *c), number(self.graph, *scale));
            let offset = self.graph.sub(*x, c);
            let scaled = self.graph.div(offset, scale);
            squares.push(self.graph.powi(scaled, 2));
        }
        self.graph.sum(squares)
    }

    fn halves(&mut self, polygon: &Polygon, halves: &Halves) -> Expr {
        match halves {
            Halves::Edge(start) => {
                let vertices = polygon.vertices();
                let ([x0, y0], [x1, y1]) = (vertices[*start], vertices[(start + 1) % vertices.len()]);
                let length = (x1 - x0).hypot(y1 - y0);
                // The distance from the line, positive to its left.
                let (across, along) = (number(self.graph, -(y1 - y0) / length), number(self.graph, (x1 - x0) / length));
                let (x0, y0) = (number(self.graph, x0), number(self.graph, y0));
                let (dx, dy) = (self.graph.sub(self.coordinates[0], x0), self.graph.sub(self.coordinates[1], y0));
                let (first, second) = (self.graph.mul(across, dx), self.graph.mul(along, dy));
                self.graph.add(first, second)
            }
            Halves::All(parts) | Halves::Any(parts) => {
                let parts: Vec<Expr> = parts.iter().map(|part| self.halves(polygon, part)).collect();
                self.joined(parts, matches!(halves, Halves::All(_))).unwrap_or(Graph::ZERO)
            }
        }
    }

    /// Joins neighbours, then the results, and so on: derivatives grow with the depth of a formula.
    fn joined(&mut self, mut parts: Vec<Expr>, all: bool) -> Option<Expr> {
        while parts.len() > 1 {
            let pair = |pair: &[Expr]| match *pair {
                [a, b] if all => self.all(a, b),
                [a, b] => self.any(a, b),
                _ => pair[0],
            };
            parts = parts.chunks(2).map(pair).collect();
        }
        parts.pop()
    }

    /// A plane mesh by the rings of its boundary: the outer ones less the holes.
    fn mesh(&mut self, mesh: &Mesh) -> Option<Expr> {
        if mesh.dimension() != 2 || mesh.boundary().len() > MOST_EDGES {
            return None;
        }
        let rings = mesh.rings()?;
        let mut outer: Option<Expr> = None;
        let mut holes = Vec::new();
        for (polygon, is_hole) in rings {
            let ring = self.halves(&polygon, &polygon.halves());
            if is_hole {
                holes.push(ring);
            } else {
                outer = Some(match outer {
                    Some(others) => self.any(others, ring),
                    None => ring,
                });
            }
        }
        holes.into_iter().fold(outer, |all, hole| {
            let outside = self.graph.neg(hole);
            Some(self.all(all?, outside))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::Symbol;

    fn shapes() -> Vec<Solid> {
        let disk = |x: f64, y: f64, r: f64| Solid::ball(vec![x, y], r).unwrap();
        let ell = Solid::polygon(vec![[0.0, 0.0], [2.0, 0.0], [2.0, 1.0], [1.0, 1.0], [1.0, 2.0], [0.0, 2.0]]).unwrap();
        let plate = Solid::cuboid(vec![-1.0, -1.0], vec![2.0, 1.0]).unwrap();
        vec![
            disk(0.5, 0.5, 1.0),
            plate.clone(),
            ell.clone(),
            Solid::ellipse([0.5, 0.0], 1.5, 0.5).unwrap(),
            disk(0.0, 0.0, 1.5).difference(disk(0.3, 0.0, 0.4)).unwrap(),
            plate.union(disk(2.0, 1.0, 0.8)).unwrap(),
            ell.intersection(disk(0.5, 0.5, 1.2)).unwrap(),
        ]
    }

    #[test]
    fn formulas_have_the_sign_the_zeros_and_the_slope_of_the_distance() {
        for solid in shapes() {
            let mut graph = Graph::new();
            let coordinates = [graph.coordinate(0), graph.coordinate(1)];
            let smooth = smooth_inside(&mut graph, &solid, &coordinates).unwrap();
            let condition = inside_condition(&mut graph, &solid, &coordinates).unwrap();
            let slopes = [0, 1].map(|axis| graph.derivative(smooth, &Symbol::Coordinate(axis)));
            let at = |roots: &[Expr], p: &[f64]| {
                graph.evaluate(roots, |symbol| match symbol {
                    Symbol::Coordinate(axis) => p[usize::from(*axis)],
                    _ => f64::NAN,
                })
            };
            for i in 0..41 {
                for j in 0..41 {
                    let p = [-2.03 + 0.13 * f64::from(i), -2.01 + 0.11 * f64::from(j)];
                    let distance = solid.signed_distance(&p);
                    let values = at(&[smooth, condition], &p);
                    assert_eq!(values[0] > 0.0, distance < 0.0, "{p:?}: {values:?} {distance}");
                    assert_eq!(values[1] == 1.0, distance <= 0.0, "{p:?}: {values:?} {distance}");
                }
            }
            for patch in solid.surface() {
                for (p, n) in patch.samples(33).into_iter().skip(1) {
                    assert!(at(&[smooth], &p)[0].abs() < 1e-12, "{p:?}");
                    let slope = at(&slopes, &p);
                    assert!((slope[0] + n[0]).abs() < 1e-9 && (slope[1] + n[1]).abs() < 1e-9, "{p:?} {slope:?} {n:?}");
                }
            }
        }
    }
}
