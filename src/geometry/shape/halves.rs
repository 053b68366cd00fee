//! A polygon as a formula of half planes.

use super::polygon::{Point, Polygon, turn};

/// Half planes joined by "all of" and "any of". Every edge of the polygon occurs once.
#[derive(Clone, Debug, PartialEq)]
pub enum Halves {
    /// To the left of the edge that starts at the vertex of this number.
    Edge(usize),
    /// In all of them.
    All(Vec<Halves>),
    /// In any of them.
    Any(Vec<Halves>),
}

impl Polygon {
    /// The polygon as a formula of the half planes of its edges.
    ///
    /// A polygon is what all chains between neighbouring vertices of its convex hull have in common; what such a chain
    /// bounds is again made of the chains between the vertices of its own hull, joined the other way round, and so on
    /// (Dobkin, Guibas, Hershberger and Snoeyink, Algorithmica 10 (1993) 1).
    pub fn halves(&self) -> Halves {
        let vertices = self.vertices();
        let n = vertices.len();
        let hull = hull(vertices, &(0..n).collect::<Vec<_>>());
        let start = hull[0];
        let ring: Vec<usize> = (0..=n).map(|k| (start + k) % n).collect();
        let mut corners: Vec<usize> = (0..n).filter(|&k| hull.contains(&ring[k])).collect();
        corners.push(n);
        Halves::All(corners.windows(2).map(|w| chain(vertices, &ring[w[0]..=w[1]], false)).collect())
    }
}

fn chain(vertices: &[Point], indices: &[usize], all: bool) -> Halves {
    if indices.len() == 2 {
        return Halves::Edge(indices[0]);
    }
    let hull = hull(vertices, indices);
    let last = indices.len() - 1;
    let mut corners: Vec<usize> = (0..=last).filter(|&k| k == 0 || k == last || hull.contains(&indices[k])).collect();
    if corners.len() == 2 {
        // Only rounding leaves nothing between the ends: the farthest vertex then.
        let far = |k: &usize| turn(vertices[indices[0]], vertices[indices[last]], vertices[indices[*k]]).abs();
        corners.insert(1, (1..last).max_by(|a, b| far(a).total_cmp(&far(b))).unwrap_or(1));
    }
    let parts = corners.windows(2).map(|w| chain(vertices, &indices[w[0]..=w[1]], !all)).collect();
    if all { Halves::All(parts) } else { Halves::Any(parts) }
}

/// The vertices on the convex hull, straight corners included (monotone chains: Andrew, Inf. Proc. Lett. 9 (1979) 216).
fn hull(vertices: &[Point], indices: &[usize]) -> Vec<usize> {
    let mut order = indices.to_vec();
    order.sort_by(|&a, &b| vertices[a][0].total_cmp(&vertices[b][0]).then(vertices[a][1].total_cmp(&vertices[b][1])));
    order.dedup();
    let half = |order: &mut dyn Iterator<Item = usize>| {
        let mut kept: Vec<usize> = Vec::new();
        for next in order {
            while let [.., a, b] = kept.as_slice()
                && turn(vertices[*a], vertices[*b], vertices[next]) < 0.0
            {
                kept.pop();
            }
            kept.push(next);
        }
        kept
    };
    let mut found = half(&mut order.iter().copied());
    found.extend(half(&mut order.iter().rev().copied()));
    found
}

#[cfg(test)]
mod tests {
    use super::super::polygon::minus;
    use super::*;
    use crate::geometry::Stream;

    impl Halves {
        /// The smallest (largest) distance to the lines of all (any of) them: its sign says on which side a point is.
        fn value(&self, polygon: &Polygon, p: Point) -> f64 {
            match self {
                Halves::Edge(k) => {
                    let vertices = polygon.vertices();
                    let (a, b) = (vertices[*k], vertices[(k + 1) % vertices.len()]);
                    let along = minus(b, a);
                    turn(a, b, p) / along[0].hypot(along[1])
                }
                Halves::All(parts) => parts.iter().map(|part| part.value(polygon, p)).fold(f64::INFINITY, f64::min),
                Halves::Any(parts) => parts.iter().map(|part| part.value(polygon, p)).fold(f64::NEG_INFINITY, f64::max),
            }
        }
    }

    #[test]
    fn half_planes_say_what_is_inside() {
        let star: Vec<Point> = (0..14)
            .map(|k| {
                let (radius, angle) = (if k % 2 == 0 { 2.0 } else { 0.7 }, std::f64::consts::TAU * f64::from(k) / 14.0);
                [radius * angle.cos(), radius * angle.sin()]
            })
            .collect();
        let spiral = vec![
            [0.0, 0.0],
            [5.0, 0.0],
            [5.0, 5.0],
            [0.0, 5.0],
            [0.0, 1.5],
            [3.5, 1.5],
            [3.5, 3.5],
            [1.5, 3.5],
            [1.5, 2.5],
            [2.5, 2.5],
            [2.5, 2.0],
            [0.5, 2.0],
            [0.5, 4.5],
            [4.5, 4.5],
            [4.5, 0.5],
            [0.0, 0.5],
        ];
        let straight =
            vec![[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [2.0, 1.0], [1.5, 1.0], [1.0, 1.0], [1.0, 2.0], [0.0, 2.0]];
        let mut stream = Stream::new(1, 2, 3);
        for corners in [star, spiral, straight] {
            let polygon = Polygon::new(corners).unwrap();
            let halves = polygon.halves();
            for _ in 0..4000 {
                let p = [7.0 * stream.uniform() - 2.0, 7.0 * stream.uniform() - 2.0];
                assert_eq!(halves.value(&polygon, p) > 0.0, polygon.signed_distance(p) < 0.0, "{p:?}");
            }
        }
    }
}
