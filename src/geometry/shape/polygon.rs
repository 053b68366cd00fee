//! Simple polygons in the plane.

use super::error::ShapeError;

/// A point of the plane.
pub(super) type Point = [f64; 2];

/// A polygon whose edges do not cross, counter-clockwise.
#[derive(Clone, Debug, PartialEq)]
pub struct Polygon {
    vertices: Vec<Point>,
    triangles: Vec<[usize; 3]>,
    /// Areas of the triangles up to and including each, divided by the whole area.
    shares: Vec<f64>,
    area: f64,
}

pub(super) fn minus(a: Point, b: Point) -> Point {
    [a[0] - b[0], a[1] - b[1]]
}

/// Twice the area of the triangle with the corners a, b, c; positive if they turn to the left.
pub(super) fn turn(a: Point, b: Point, c: Point) -> f64 {
    let (u, v) = (minus(b, a), minus(c, a));
    u[0] * v[1] - u[1] * v[0]
}

/// The distance of a point from a segment.
pub(super) fn distance_to_segment(p: Point, a: Point, b: Point) -> f64 {
    let (along, from) = (minus(b, a), minus(p, a));
    let length = along[0] * along[0] + along[1] * along[1];
    let share = if length > 0.0 { (from[0] * along[0] + from[1] * along[1]) / length } else { 0.0 };
    let share = share.clamp(0.0, 1.0);
    (from[0] - share * along[0]).hypot(from[1] - share * along[1])
}

impl Polygon {
    /// The polygon with these corners, in either sense of rotation; a corner may be repeated, also the first at the end.
    ///
    /// # Errors
    /// [`ShapeError`] if there are too few corners, edges cross, or there is no area.
    pub fn new(mut vertices: Vec<Point>) -> Result<Self, ShapeError> {
        vertices.dedup();
        if vertices.len() > 1 && vertices.first() == vertices.last() {
            vertices.pop();
        }
        let mut different = vertices.clone();
        different.sort_by(|a, b| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])));
        different.dedup();
        if different.len() < 3 {
            return Err(ShapeError::FewVertices { vertices: different.len() });
        }
        if let Some(error) = crossing(&vertices) {
            return Err(error);
        }
        let area = signed_area(&vertices);
        // Of the polygon, wherever it lies.
        let extent = |axis: usize| {
            let along = different.iter().map(|v| v[axis]);
            along.clone().fold(f64::NEG_INFINITY, f64::max) - along.fold(f64::INFINITY, f64::min)
        };
        let size = extent(0).max(extent(1));
        if area.abs() <= 1e-14 * size * size {
            return Err(ShapeError::NoArea);
        }
        if area < 0.0 {
            // The first vertex stays the first, so that edges keep their order from the end.
            vertices[1..].reverse();
        }
        let triangles = triangulate(&vertices);
        let area_of = |t: &[usize; 3]| 0.5 * turn(vertices[t[0]], vertices[t[1]], vertices[t[2]]).max(0.0);
        let area: f64 = triangles.iter().map(area_of).sum();
        let mut sum = 0.0;
        let share = |t: &[usize; 3]| {
            sum += area_of(t);
            sum / area
        };
        let shares = triangles.iter().map(share).collect();
        Ok(Self { vertices, triangles, shares, area })
    }

    /// The corners, counter-clockwise.
    pub fn vertices(&self) -> &[Point] {
        &self.vertices
    }

    /// Start and end of each edge, counter-clockwise.
    pub fn edges(&self) -> impl Iterator<Item = (Point, Point)> + '_ {
        let next = self.vertices.iter().cycle().skip(1);
        self.vertices.iter().zip(next).map(|(&a, &b)| (a, b))
    }

    /// Its area.
    pub fn area(&self) -> f64 {
        self.area
    }

    /// The distance to the boundary, negative inside.
    pub fn signed_distance(&self, p: Point) -> f64 {
        let distance = self.edges().map(|(a, b)| distance_to_segment(p, a, b)).fold(f64::INFINITY, f64::min);
        if self.encloses(p) { -distance } else { distance }
    }

    /// Whether a ray to the right crosses the boundary an odd number of times.
    fn encloses(&self, p: Point) -> bool {
        odd_crossings(p, self.edges())
    }

    /// An area-true map from the unit square.
    pub fn at(&self, u: f64, v: f64) -> Point {
        let triangle = self.shares.partition_point(|&share| share <= u).min(self.triangles.len() - 1);
        let before = if triangle == 0 { 0.0 } else { self.shares[triangle - 1] };
        let within = ((u - before) / (self.shares[triangle] - before)).clamp(0.0, 1.0);
        let [a, b, c] = self.triangles[triangle].map(|i| self.vertices[i]);
        in_triangle(a, b, c, within, v)
    }
}

/// Whether a ray from `p` to the right crosses segments an odd number of times.
pub(super) fn odd_crossings(p: Point, segments: impl Iterator<Item = (Point, Point)>) -> bool {
    let crossings = segments.filter(|(a, b)| {
        let upward = a[1] <= p[1];
        // Half open in y, so that a vertex belongs to one of its edges.
        upward != (b[1] <= p[1]) && (turn(*a, *b, p) > 0.0) == upward
    });
    crossings.count() % 2 == 1
}

/// An area-true map from the unit square onto a triangle.
pub(super) fn in_triangle(a: Point, b: Point, c: Point, u: f64, v: f64) -> Point {
    let s = u.sqrt();
    std::array::from_fn(|k| (1.0 - s) * a[k] + s * ((1.0 - v) * b[k] + v * c[k]))
}

fn signed_area(vertices: &[Point]) -> f64 {
    let origin = vertices[0];
    vertices.windows(2).map(|w| 0.5 * turn(origin, w[0], w[1])).sum()
}

/// The first two edges that meet elsewhere than at a common vertex.
fn crossing(vertices: &[Point]) -> Option<ShapeError> {
    let n = vertices.len();
    let edge = |i: usize| (vertices[i], vertices[(i + 1) % n]);
    for i in 0..n {
        for j in i + 1..n {
            let ((a, b), (c, d)) = (edge(i), edge(j));
            let at = if j == i + 1 || (i == 0 && j == n - 1) {
                // Neighbours share one vertex; they may fold back onto each other.
                let (shared, p, q) = if j == i + 1 { (b, a, d) } else { (a, b, c) };
                let (u, v) = (minus(p, shared), minus(q, shared));
                let folded = turn(shared, p, q) == 0.0 && u[0] * v[0] + u[1] * v[1] > 0.0;
                folded.then_some(if u[0].hypot(u[1]) < v[0].hypot(v[1]) { p } else { q })
            } else {
                meeting(a, b, c, d)
            };
            if let Some(at) = at {
                return Some(ShapeError::Crossing { first: i + 1, second: j + 1, at });
            }
        }
    }
    None
}

/// A common point of two segments.
fn meeting(a: Point, b: Point, c: Point, d: Point) -> Option<Point> {
    let (side_c, side_d) = (turn(a, b, c), turn(a, b, d));
    let (side_a, side_b) = (turn(c, d, a), turn(c, d, b));
    let apart = |s: f64, t: f64| (s > 0.0 && t < 0.0) || (s < 0.0 && t > 0.0);
    if apart(side_c, side_d) && apart(side_a, side_b) {
        let share = side_a / (side_a - side_b);
        return Some([a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])]);
    }
    let on = |side: f64, p: Point, q: Point, r: Point| side == 0.0 && distance_to_segment(p, q, r) == 0.0;
    if on(side_c, c, a, b) {
        Some(c)
    } else if on(side_d, d, a, b) {
        Some(d)
    } else if on(side_a, a, c, d) {
        Some(a)
    } else if on(side_b, b, c, d) {
        Some(b)
    } else {
        None
    }
}

/// Cuts ears off until a triangle is left (Meisters, Amer. Math. Monthly 82 (1975) 648).
fn triangulate(vertices: &[Point]) -> Vec<[usize; 3]> {
    let mut left: Vec<usize> = (0..vertices.len()).collect();
    let mut triangles = Vec::with_capacity(left.len().saturating_sub(2));
    while left.len() > 3 {
        let n = left.len();
        let corner = |k: usize| [left[(k + n - 1) % n], left[k], left[(k + 1) % n]];
        let is_ear = |k: &usize| {
            let t = corner(*k);
            let [a, b, c] = t.map(|i| vertices[i]);
            let inside = |p: Point| turn(a, b, p) >= 0.0 && turn(b, c, p) >= 0.0 && turn(c, a, p) >= 0.0;
            turn(a, b, c) > 0.0 && !left.iter().any(|i| !t.contains(i) && inside(vertices[*i]))
        };
        // A straight corner is no ear, but can go as well; rounding may leave nothing better than the first.
        let flat = |k: &usize| {
            let [a, b, c] = corner(*k).map(|i| vertices[i]);
            turn(a, b, c) == 0.0
        };
        let ear = (0..n).find(flat).or_else(|| (0..n).find(is_ear)).unwrap_or(0);
        triangles.push(corner(ear));
        left.remove(ear);
    }
    triangles.push([left[0], left[1], left[2]]);
    triangles.retain(|t| turn(vertices[t[0]], vertices[t[1]], vertices[t[2]]) > 0.0);
    triangles
}

#[cfg(test)]
mod tests {
    use super::*;

    fn l_shape() -> Polygon {
        let corners = [[0.0, 0.0], [2.0, 0.0], [2.0, 1.0], [1.0, 1.0], [1.0, 2.0], [0.0, 2.0]];
        Polygon::new(corners.to_vec()).unwrap()
    }

    #[test]
    fn an_l_has_three_quarters_of_its_square() {
        let l = l_shape();
        assert!((l.area() - 3.0).abs() < 1e-15);
        assert_eq!(l.triangles.len(), 4);
        assert_eq!(l.signed_distance([0.5, 0.5]), -0.5);
        assert!((l.signed_distance([1.5, 1.5]) - 0.5).abs() < 1e-15);
        assert!((l.signed_distance([0.8, 0.8]) + 0.08f64.sqrt()).abs() < 1e-15);
        assert!((l.signed_distance([3.0, 2.0]) - 2f64.sqrt()).abs() < 1e-15);
    }

    #[test]
    fn the_sense_of_rotation_does_not_matter() {
        let mut corners = l_shape().vertices().to_vec();
        corners.reverse();
        let other = Polygon::new(corners).unwrap();
        assert!((other.area() - 3.0).abs() < 1e-15);
        assert!(other.edges().map(|(a, b)| a[0] * b[1] - a[1] * b[0]).sum::<f64>() > 0.0);
    }

    #[test]
    fn corners_may_be_repeated_and_lie_far_away() {
        let corners = [[5e5, 5.4e6], [5e5 + 0.5, 5.4e6], [5e5 + 0.5, 5.4e6], [5e5 + 0.5, 5.4e6 + 0.5], [5e5, 5.4e6]];
        let polygon = Polygon::new(corners.to_vec()).unwrap();
        assert_eq!((polygon.vertices().len(), polygon.area()), (3, 0.125));
    }

    #[test]
    fn what_is_no_polygon_is_said() {
        let told = |corners: &[Point]| Polygon::new(corners.to_vec()).unwrap_err().to_string();
        let bow_tie = [[0.0, 0.0], [2.0, 2.0], [2.0, 0.0], [0.0, 2.0]];
        assert_eq!(told(&bow_tie), "edges 1 and 3 cross at (1, 1)");
        let touching = [[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [2.0, 0.0], [0.0, 4.0]];
        assert_eq!(told(&touching), "edges 1 and 3 cross at (2, 0)");
        assert_eq!(told(&[[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [1.0, 0.0]]), "edges 1 and 3 cross at (1, 0)");
        assert_eq!(
            told(&[[0.0, 0.0], [1.0, 0.0], [0.0, 0.0]]),
            "a polygon needs at least 3 different vertices, there are 2"
        );
    }

    #[test]
    fn straight_corners_and_combs_are_triangulated() {
        let square = [[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [2.0, 2.0], [1.0, 2.0], [0.0, 2.0], [0.0, 1.0]];
        assert!((Polygon::new(square.to_vec()).unwrap().area() - 4.0).abs() < 1e-15);
        let mut comb = vec![[0.0, -1.0]];
        for tooth in 0..9 {
            comb.push([f64::from(tooth) + 0.5, -1.0]);
        }
        for tooth in (0..9).rev() {
            comb.push([f64::from(tooth) + 0.9, 0.0]);
            comb.push([f64::from(tooth) + 0.5, 3.0]);
            comb.push([f64::from(tooth) + 0.1, 0.0]);
        }
        let comb = Polygon::new(comb).unwrap();
        assert!((comb.area() - signed_area(comb.vertices())).abs() < 1e-13);
    }
}
