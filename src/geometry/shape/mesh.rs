//! Meshes of triangles and tetrahedra as shapes.

use std::collections::BTreeMap;

use super::error::ShapeError;
use super::polygon::{Point, Polygon, distance_to_segment, in_triangle, odd_crossings, turn};

/// A cell or a facet of a mesh, with the physical group that it belongs to.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// Numbers of its nodes, from 0.
    pub nodes: Vec<usize>,
    /// Number of its group, if it has one.
    pub group: Option<usize>,
}

/// Intervals, triangles or tetrahedra that fill a domain, and the facets of its boundary.
#[derive(Clone, Debug, PartialEq)]
pub struct Mesh {
    dimension: usize,
    nodes: Vec<Vec<f64>>,
    cells: Vec<Cell>,
    /// Facets of one cell only, oriented so that the cell lies to the left (in the plane) or behind (in space).
    boundary: Vec<Cell>,
    groups: Vec<String>,
    /// Measures of the cells up to and including each, divided by that of all.
    shares: Vec<f64>,
    measure: f64,
}

impl Mesh {
    /// A mesh of simplices; `facets` name parts of its boundary by their groups.
    ///
    /// # Errors
    /// [`ShapeError`] if a cell has no volume or nodes that do not exist, or there are no cells.
    pub fn new(
        dimension: usize,
        nodes: Vec<Vec<f64>>,
        mut cells: Vec<Cell>,
        facets: &[Cell],
        groups: Vec<String>,
    ) -> Result<Self, ShapeError> {
        let mut shares = Vec::with_capacity(cells.len());
        let mut measure = 0.0;
        for (number, cell) in cells.iter_mut().enumerate() {
            let sound = cell.nodes.len() == dimension + 1 && cell.nodes.iter().all(|&n| n < nodes.len());
            let volume = if sound { volume(&nodes, &cell.nodes) } else { 0.0 };
            if !(volume.abs() > 0.0 && volume.is_finite()) {
                return Err(ShapeError::Cell { cell: number + 1 });
            }
            if volume < 0.0 {
                cell.nodes.swap(0, 1);
            }
            measure += volume.abs();
            shares.push(measure);
        }
        if cells.is_empty() {
            return Err(ShapeError::NoCells);
        }
        shares.iter_mut().for_each(|share| *share /= measure);
        let boundary = boundary(&cells, facets);
        Ok(Self { dimension, nodes, cells, boundary, groups, shares, measure })
    }

    /// How many coordinates a node has.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// Names of the groups.
    pub fn groups(&self) -> &[String] {
        &self.groups
    }

    /// The facets of the boundary.
    pub fn boundary(&self) -> &[Cell] {
        &self.boundary
    }

    /// Whether cells (not facets) belong to the group.
    pub fn has_cells(&self, group: usize) -> bool {
        self.cells.iter().any(|cell| cell.group == Some(group))
    }

    /// The mesh of the cells of one group; `None` if it has none.
    pub fn part(&self, group: usize) -> Option<Mesh> {
        let cells: Vec<Cell> = self.cells.iter().filter(|cell| cell.group == Some(group)).cloned().collect();
        Mesh::new(self.dimension, self.nodes.clone(), cells, &self.boundary, self.groups.clone()).ok()
    }

    /// Length, area or volume.
    pub fn measure(&self) -> f64 {
        self.measure
    }

    /// The smallest box around its cells.
    pub fn bounds(&self) -> Vec<[f64; 2]> {
        let mut bounds = vec![[f64::INFINITY, f64::NEG_INFINITY]; self.dimension];
        for &node in self.cells.iter().flat_map(|cell| &cell.nodes) {
            for (bound, x) in bounds.iter_mut().zip(&self.nodes[node]) {
                *bound = [bound[0].min(*x), bound[1].max(*x)];
            }
        }
        bounds
    }

    /// The corners of a facet or cell.
    pub fn corners<'m>(&'m self, cell: &'m Cell) -> impl Iterator<Item = &'m [f64]> + 'm {
        cell.nodes.iter().map(|&node| self.nodes[node].as_slice())
    }

    /// The distance to the boundary, negative inside.
    pub fn signed_distance(&self, p: &[f64]) -> f64 {
        match self.dimension {
            1 => {
                let ends = self.boundary.iter().map(|facet| self.nodes[facet.nodes[0]][0]);
                let distance = ends.map(|end| (p[0] - end).abs()).fold(f64::INFINITY, f64::min);
                let inside = self.cells.iter().any(|cell| {
                    let (a, b) = (self.nodes[cell.nodes[0]][0], self.nodes[cell.nodes[1]][0]);
                    a <= p[0] && p[0] <= b
                });
                if inside { -distance } else { distance }
            }
            2 => {
                let p = [p[0], p[1]];
                let segments = || self.boundary.iter().map(|facet| self.segment(facet));
                let distance = segments().map(|(a, b)| distance_to_segment(p, a, b)).fold(f64::INFINITY, f64::min);
                if odd_crossings(p, segments()) { -distance } else { distance }
            }
            _ => {
                let p = [p[0], p[1], p[2]];
                let (mut distance, mut angle) = (f64::INFINITY, 0.0);
                for facet in &self.boundary {
                    let triangle = self.triangle(facet);
                    distance = distance.min(distance_to_triangle(p, triangle));
                    angle += solid_angle(p, triangle);
                }
                // The solid angle of a closed surface is 4π from inside, 0 from outside.
                if angle.abs() > std::f64::consts::TAU { -distance } else { distance }
            }
        }
    }

    /// The rings of the boundary of a plane mesh, with whether each is that of a hole; `None` where rings touch or islands lie
    /// in holes.
    pub fn rings(&self) -> Option<Vec<(Polygon, bool)>> {
        let mut left: Vec<(Point, Point)> = self.boundary.iter().map(|facet| self.segment(facet)).collect();
        let mut rings: Vec<(Polygon, bool)> = Vec::new();
        while let Some((start, mut end)) = left.pop() {
            let mut corners = vec![start];
            while end != start {
                let next = left.iter().position(|(from, _)| *from == end)?;
                corners.push(end);
                end = left.swap_remove(next).1;
            }
            let area: f64 = corners.windows(2).map(|w| turn(start, w[0], w[1])).sum();
            rings.push((Polygon::new(corners).ok()?, area < 0.0));
        }
        let in_a_hole = |ring: &Polygon| {
            let inside = |hole: &Polygon| ring.vertices().iter().all(|v| hole.signed_distance(*v) < 0.0);
            rings.iter().any(|(hole, is_hole)| *is_hole && inside(hole))
        };
        let islands = rings.iter().any(|(ring, is_hole)| !is_hole && in_a_hole(ring));
        (!islands).then_some(rings)
    }

    /// The two ends of a facet of a plane mesh.
    pub(super) fn segment(&self, facet: &Cell) -> (Point, Point) {
        let point = |k: usize| [self.nodes[facet.nodes[k]][0], self.nodes[facet.nodes[k]][1]];
        (point(0), point(1))
    }

    /// The corners of a facet of a mesh in space.
    pub(super) fn triangle(&self, facet: &Cell) -> [[f64; 3]; 3] {
        std::array::from_fn(|k| std::array::from_fn(|axis| self.nodes[facet.nodes[k]][axis]))
    }

    /// A measure-true map from the unit cube.
    pub(super) fn at(&self, u: &[f64]) -> Vec<f64> {
        let cell = self.shares.partition_point(|&share| share <= u[0]).min(self.cells.len() - 1);
        let before = if cell == 0 { 0.0 } else { self.shares[cell - 1] };
        let first = ((u[0] - before) / (self.shares[cell] - before)).clamp(0.0, 1.0);
        let corner = |k: usize| &self.nodes[self.cells[cell].nodes[k]];
        match self.dimension {
            1 => vec![corner(0)[0] + first * (corner(1)[0] - corner(0)[0])],
            2 => {
                let [a, b, c] = std::array::from_fn(|k| [corner(k)[0], corner(k)[1]]);
                in_triangle(a, b, c, first, u[1]).to_vec()
            }
            _ => {
                // From the first corner to the opposite triangle, whose area grows with the square of the way.
                let (s, t) = (first.cbrt(), u[1].sqrt());
                let along = |axis: usize| {
                    let edge = (1.0 - u[2]) * corner(2)[axis] + u[2] * corner(3)[axis];
                    let face = (1.0 - t) * corner(1)[axis] + t * edge;
                    (1.0 - s) * corner(0)[axis] + s * face
                };
                (0..3).map(along).collect()
            }
        }
    }
}

/// Length, area or volume of a simplex, with a sign for its orientation.
fn volume(nodes: &[Vec<f64>], simplex: &[usize]) -> f64 {
    let at = |k: usize| &nodes[simplex[k]];
    match simplex.len() {
        2 => at(1)[0] - at(0)[0],
        3 => {
            let point = |k: usize| [at(k)[0], at(k)[1]];
            0.5 * turn(point(0), point(1), point(2))
        }
        4 => {
            let from = |k: usize| std::array::from_fn(|axis| at(k)[axis] - at(0)[axis]);
            dot(cross(from(1), from(2)), from(3)) / 6.0
        }
        _ => 0.0,
    }
}

/// The facets that belong to one cell only, with the groups that are given for them.
fn boundary(cells: &[Cell], facets: &[Cell]) -> Vec<Cell> {
    let key = |nodes: &[usize]| {
        let mut key = nodes.to_vec();
        key.sort_unstable();
        key
    };
    let named: BTreeMap<Vec<usize>, Option<usize>> = facets.iter().map(|f| (key(&f.nodes), f.group)).collect();
    let mut seen: BTreeMap<Vec<usize>, (usize, Vec<usize>)> = BTreeMap::new();
    for cell in cells {
        for facet in facets_of(&cell.nodes) {
            seen.entry(key(&facet)).or_insert((0, facet)).0 += 1;
        }
    }
    let once = seen.into_iter().filter(|(_, (count, _))| *count == 1);
    once.map(|(key, (_, nodes))| Cell { nodes, group: named.get(&key).copied().flatten() }).collect()
}

/// The facets of a simplex of positive orientation, each with its outer side to the right or in front.
fn facets_of(nodes: &[usize]) -> Vec<Vec<usize>> {
    match *nodes {
        [a, b] => vec![vec![a], vec![b]],
        [a, b, c] => vec![vec![a, b], vec![b, c], vec![c, a]],
        [a, b, c, d] => vec![vec![b, c, d], vec![a, d, c], vec![a, b, d], vec![a, c, b]],
        _ => Vec::new(),
    }
}

pub(super) fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn minus(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    std::array::from_fn(|k| a[k] - b[k])
}

fn length(a: [f64; 3]) -> f64 {
    dot(a, a).sqrt()
}

pub(super) fn distance_to_triangle(p: [f64; 3], [a, b, c]: [[f64; 3]; 3]) -> f64 {
    let normal = cross(minus(b, a), minus(c, a));
    let beside = |from: [f64; 3], to: [f64; 3]| dot(cross(normal, minus(to, from)), minus(p, from)) < 0.0;
    if !beside(a, b) && !beside(b, c) && !beside(c, a) {
        return (dot(normal, minus(p, a)) / length(normal)).abs();
    }
    let to_edge = |from: [f64; 3], to: [f64; 3]| {
        let (along, offset) = (minus(to, from), minus(p, from));
        let share = (dot(along, offset) / dot(along, along)).clamp(0.0, 1.0);
        length(std::array::from_fn(|k| offset[k] - share * along[k]))
    };
    to_edge(a, b).min(to_edge(b, c)).min(to_edge(c, a))
}

/// The solid angle of a triangle (van Oosterom and Strackee, IEEE Trans. Biomed. Eng. 30 (1983) 125).
fn solid_angle(p: [f64; 3], corners: [[f64; 3]; 3]) -> f64 {
    let [a, b, c] = corners.map(|corner| minus(corner, p));
    let (la, lb, lc) = (length(a), length(b), length(c));
    let above = dot(a, cross(b, c));
    let below = la * lb * lc + dot(a, b) * lc + dot(b, c) * la + dot(c, a) * lb;
    2.0 * above.atan2(below)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(nodes: &[usize]) -> Cell {
        Cell { nodes: nodes.to_vec(), group: None }
    }

    /// The unit square in two triangles, its lower edge named.
    fn square() -> Mesh {
        let nodes = vec![vec![0.0, 0.0], vec![1.0, 0.0], vec![1.0, 1.0], vec![0.0, 1.0]];
        let floor = Cell { nodes: vec![1, 0], group: Some(0) };
        Mesh::new(2, nodes, vec![cell(&[0, 1, 2]), cell(&[0, 3, 2])], &[floor], vec!["floor".into()]).unwrap()
    }

    #[test]
    fn a_square_of_two_triangles() {
        let mesh = square();
        assert_eq!(mesh.measure(), 1.0);
        assert_eq!(mesh.boundary().len(), 4);
        assert!(mesh.boundary().iter().any(|facet| facet.group == Some(0)) && !mesh.has_cells(0));
        assert_eq!(mesh.signed_distance(&[0.5, 0.25]), -0.25);
        assert_eq!(mesh.signed_distance(&[2.0, 0.5]), 1.0);
        assert_eq!(mesh.bounds(), [[0.0, 1.0], [0.0, 1.0]]);
    }

    #[test]
    fn a_cube_of_five_tetrahedra() {
        let corner = |i: usize| vec![(i & 1) as f64, (i >> 1 & 1) as f64, (i >> 2) as f64];
        let nodes: Vec<Vec<f64>> = (0..8).map(corner).collect();
        let cells = [[0, 3, 5, 6], [1, 0, 3, 5], [2, 0, 3, 6], [4, 0, 5, 6], [7, 3, 5, 6]];
        let cells = cells.iter().map(|c| cell(c)).collect();
        let mesh = Mesh::new(3, nodes, cells, &[], Vec::new()).unwrap();
        assert!((mesh.measure() - 1.0).abs() < 1e-15);
        assert_eq!(mesh.boundary().len(), 12);
        assert!((mesh.signed_distance(&[0.5, 0.5, 0.2]) + 0.2).abs() < 1e-15);
        assert!((mesh.signed_distance(&[2.0, 2.0, 0.5]) - 2f64.sqrt()).abs() < 1e-15);
        // Facets turn outwards.
        for facet in mesh.boundary() {
            let [a, b, c] = mesh.triangle(facet);
            let normal = cross(minus(b, a), minus(c, a));
            assert!(dot(normal, minus(a, [0.5; 3])) > 0.0);
        }
    }

    #[test]
    fn degenerate_cells_are_said() {
        let nodes = vec![vec![0.0, 0.0], vec![1.0, 0.0], vec![2.0, 0.0]];
        let flat = Mesh::new(2, nodes.clone(), vec![cell(&[0, 1, 2])], &[], Vec::new());
        assert_eq!(flat, Err(ShapeError::Cell { cell: 1 }));
        let missing = Mesh::new(2, nodes, vec![cell(&[0, 1, 7])], &[], Vec::new());
        assert_eq!(missing, Err(ShapeError::Cell { cell: 1 }));
        assert_eq!(Mesh::new(2, Vec::new(), Vec::new(), &[], Vec::new()), Err(ShapeError::NoCells));
    }
}
