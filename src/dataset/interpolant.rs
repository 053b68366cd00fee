//! Functions that are given on a grid, between its points.

use std::fmt;

/// How a function goes on between the points of its grid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Interpolation {
    /// Linear along each axis: continuous; first derivatives jump from cell to cell, second ones are zero.
    Linear,
    /// Cubic splines with the not-a-knot condition along each axis: two continuous derivatives along every axis, error
    /// O(h^4) for smooth functions (de Boor, A Practical Guide to Splines, chapter IV).
    #[default]
    Cubic,
}

/// A function on a rectangular grid with any spacing; outside of the grid its outermost cells go on.
#[derive(Clone, PartialEq)]
pub struct Interpolant {
    nodes: Vec<Vec<f64>>,
    interpolation: Interpolation,
    /// The values and, for splines, their derivatives: array `flags` is differentiated once along each axis whose bit is
    /// set. The last axis is fastest.
    arrays: Vec<Vec<f64>>,
}

/// Why there is no function.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum GridError {
    /// More axes than are worth it.
    #[error("a grid has between 1 and {most} axes, not {found}", most = MOST_GRID_AXES)]
    Axes {
        /// How many there are.
        found: usize,
    },
    /// Nodes that do not ascend.
    #[error("axis number {axis} needs at least 2 points, in ascending order")]
    Nodes {
        /// Which axis, from 1.
        axis: usize,
    },
    /// Values that do not belong to the grid.
    #[error("{found} values on a grid of {expected} points")]
    Values {
        /// How many values there are.
        found: usize,
        /// How many points.
        expected: usize,
    },
}

/// The most axes of a grid; the work of a value grows as 4 to this power.
pub const MOST_GRID_AXES: usize = 5;

impl Interpolant {
    /// From the nodes of each axis, and the values with the last axis fastest.
    ///
    /// # Errors
    /// [`GridError`] if nodes do not ascend or values and nodes do not fit.
    pub fn new(nodes: Vec<Vec<f64>>, values: Vec<f64>, interpolation: Interpolation) -> Result<Self, GridError> {
        if !(1..=MOST_GRID_AXES).contains(&nodes.len()) {
            return Err(GridError::Axes { found: nodes.len() });
        }
        let ascend = |nodes: &Vec<f64>| nodes.len() >= 2 && nodes.is_sorted_by(|a, b| a < b);
        if let Some(axis) = nodes.iter().position(|nodes| !ascend(nodes)) {
            return Err(GridError::Nodes { axis: axis + 1 });
        }
        let expected = nodes.iter().map(Vec::len).product();
        if values.len() != expected {
            return Err(GridError::Values { found: values.len(), expected });
        }
        let mut arrays = vec![values];
        if interpolation == Interpolation::Cubic {
            for axis in 0..nodes.len() {
                let differentiated: Vec<_> = arrays.iter().map(|array| slopes_along(&nodes, axis, array)).collect();
                arrays.extend(differentiated);
            }
        }
        Ok(Self { nodes, interpolation, arrays })
    }

    /// How it goes on between the points.
    pub fn interpolation(&self) -> Interpolation {
        self.interpolation
    }

    /// The nodes of each axis.
    pub fn nodes(&self) -> &[Vec<f64>] {
        &self.nodes
    }

    /// The value at a point, or its derivative of these orders along the axes (missing ones are 0).
    ///
    /// # Panics
    /// If the point has fewer coordinates than the grid has axes.
    pub fn value(&self, point: &[f64], orders: &[u8]) -> f64 {
        let order = |axis: usize| orders.get(axis).copied().unwrap_or(0);
        let basis = |axis: usize| match self.interpolation {
            Interpolation::Linear => linear(&self.nodes[axis], point[axis], order(axis)),
            Interpolation::Cubic => cubic(&self.nodes[axis], point[axis], order(axis)),
        };
        let basis: Vec<Vec<Weight>> = (0..self.nodes.len()).map(basis).collect();
        self.contract(&basis, 0, 0, 0)
    }

    fn contract(&self, basis: &[Vec<Weight>], axis: usize, flags: usize, place: usize) -> f64 {
        let Some(weights) = basis.get(axis) else { return self.arrays[flags][place] };
        let length = self.nodes[axis].len();
        let of = |weight: &Weight| {
            let flags = flags | usize::from(weight.slope) << axis;
            weight.factor * self.contract(basis, axis + 1, flags, place * length + weight.node)
        };
        weights.iter().filter(|weight| weight.factor != 0.0).map(of).sum()
    }
}

impl fmt::Debug for Interpolant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shape: Vec<usize> = self.nodes.iter().map(Vec::len).collect();
        write!(f, "Interpolant({shape:?}, {:?})", self.interpolation)
    }
}

/// What a node, or the slope there, contributes along one axis.
struct Weight {
    node: usize,
    slope: bool,
    factor: f64,
}

/// The cell that holds `at`, its length, and how far into it.
fn cell(nodes: &[f64], at: f64) -> (usize, f64, f64) {
    let cell = nodes.partition_point(|&node| node <= at).clamp(1, nodes.len() - 1) - 1;
    let length = nodes[cell + 1] - nodes[cell];
    (cell, length, (at - nodes[cell]) / length)
}

fn linear(nodes: &[f64], at: f64, order: u8) -> Vec<Weight> {
    let (cell, length, s) = cell(nodes, at);
    let [left, right] = match order {
        0 => [1.0 - s, s],
        1 => [-1.0 / length, 1.0 / length],
        _ => [0.0, 0.0],
    };
    [(0, left), (1, right)].map(|(end, factor)| Weight { node: cell + end, slope: false, factor }).into()
}

/// Hermite's cubics.
fn cubic(nodes: &[f64], at: f64, order: u8) -> Vec<Weight> {
    let (cell, h, s) = cell(nodes, at);
    let [value_left, slope_left, value_right, slope_right] = match order {
        0 => {
            let (s2, s3) = (s * s, s * s * s);
            [2.0 * s3 - 3.0 * s2 + 1.0, s3 - 2.0 * s2 + s, 3.0 * s2 - 2.0 * s3, s3 - s2]
        }
        1 => [6.0 * s * (s - 1.0), (3.0 * s - 4.0) * s + 1.0, 6.0 * s * (1.0 - s), (3.0 * s - 2.0) * s],
        2 => [12.0 * s - 6.0, 6.0 * s - 4.0, 6.0 - 12.0 * s, 6.0 * s - 2.0],
        3 => [12.0, 6.0, -12.0, 6.0],
        _ => [0.0; 4],
    };
    let scale = h.powi(-i32::from(order));
    let weight = |node, slope, factor| Weight { node, slope, factor };
    vec![
        weight(cell, false, value_left * scale),
        weight(cell, true, slope_left * scale * h),
        weight(cell + 1, false, value_right * scale),
        weight(cell + 1, true, slope_right * scale * h),
    ]
}

/// The derivative of the splines through an array along one axis, at the nodes.
fn slopes_along(nodes: &[Vec<f64>], axis: usize, array: &[f64]) -> Vec<f64> {
    let length = nodes[axis].len();
    let stride: usize = nodes[axis + 1..].iter().map(Vec::len).product();
    let mut slopes = vec![0.0; array.len()];
    for outer in (0..array.len()).step_by(stride * length) {
        for inner in 0..stride {
            let line: Vec<f64> = (0..length).map(|i| array[outer + i * stride + inner]).collect();
            for (i, slope) in spline_slopes(&nodes[axis], &line).into_iter().enumerate() {
                slopes[outer + i * stride + inner] = slope;
            }
        }
    }
    slopes
}

/// The slopes at the nodes of the cubic spline through values, with the not-a-knot condition at both ends; of three
/// values the parabola, of two the line.
fn spline_slopes(x: &[f64], y: &[f64]) -> Vec<f64> {
    let n = x.len();
    let h: Vec<f64> = x.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let chord: Vec<f64> = (0..n - 1).map(|i| (y[i + 1] - y[i]) / h[i]).collect();
    if n == 2 {
        return vec![chord[0]; 2];
    }
    let (mut lower, mut middle, mut upper, mut right) = (vec![0.0; n], vec![1.0; n], vec![0.0; n], vec![0.0; n]);
    for i in 1..n - 1 {
        (lower[i], middle[i], upper[i]) = (h[i], 2.0 * (h[i - 1] + h[i]), h[i - 1]);
        right[i] = 3.0 * (h[i] * chord[i - 1] + h[i - 1] * chord[i]);
    }
    if n == 3 {
        (upper[0], right[0]) = (1.0, 2.0 * chord[0]);
        (lower[2], right[2]) = (1.0, 2.0 * chord[1]);
    } else {
        let end = |first: f64, second: f64, near: f64, far: f64| {
            let both = first + second;
            (second, both, ((first + 2.0 * both) * second * near + first * first * far) / both)
        };
        (middle[0], upper[0], right[0]) = end(h[0], h[1], chord[0], chord[1]);
        (middle[n - 1], lower[n - 1], right[n - 1]) = end(h[n - 2], h[n - 3], chord[n - 2], chord[n - 3]);
    }
    // Gauss elimination of a tridiagonal matrix, which is diagonally dominant but for its ends.
    for i in 1..n {
        let factor = lower[i] / middle[i - 1];
        middle[i] -= factor * upper[i - 1];
        right[i] -= factor * right[i - 1];
    }
    right[n - 1] /= middle[n - 1];
    for i in (0..n - 1).rev() {
        right[i] = (right[i] - upper[i] * right[i + 1]) / middle[i];
    }
    right
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uneven(n: usize) -> Vec<f64> {
        (0..n).map(|i| i as f64 / (n - 1) as f64).map(|s| 2.0 * s * (0.6 + 0.4 * s)).collect()
    }

    fn on_grid(nodes: &[Vec<f64>], f: impl Fn(f64, f64) -> f64) -> Vec<f64> {
        nodes[0].iter().flat_map(|&x| nodes[1].iter().map(|&y| f(x, y)).collect::<Vec<_>>()).collect()
    }

    #[test]
    fn splines_have_cubics_and_their_derivatives() {
        let nodes = vec![uneven(6), uneven(4)];
        let values = on_grid(&nodes, |x, y| x * x * x * y * y + x - 2.0 * y);
        let spline = Interpolant::new(nodes, values, Interpolation::Cubic).unwrap();
        for (x, y) in [(0.0, 0.0), (0.3, 1.7), (1.1, 0.2), (2.0, 2.0), (1.99, 0.77)] {
            let expected = [
                (vec![], x * x * x * y * y + x - 2.0 * y),
                (vec![1], 3.0 * x * x * y * y + 1.0),
                (vec![0, 1], 2.0 * x * x * x * y - 2.0),
                (vec![2, 1], 12.0 * x * y),
                (vec![3, 2], 12.0),
                (vec![4], 0.0),
            ];
            for (orders, value) in expected {
                let found = spline.value(&[x, y], &orders);
                assert!((found - value).abs() < 1e-11, "{orders:?} at ({x}, {y}): {found}, {value}");
            }
        }
    }

    #[test]
    fn splines_are_of_fourth_order_and_lines_of_second() {
        let error = |n: usize, interpolation| {
            let nodes = vec![uneven(n)];
            let values = nodes[0].iter().map(|x| (3.0 * x).sin()).collect();
            let function = Interpolant::new(nodes, values, interpolation).unwrap();
            let difference = |i: usize| {
                let x = 2.0 * f64::from(i as u32) / 997.0;
                (function.value(&[x], &[]) - (3.0 * x).sin()).abs()
            };
            (0..=997).map(difference).fold(0.0, f64::max)
        };
        for (interpolation, order) in [(Interpolation::Linear, 2.0), (Interpolation::Cubic, 4.0)] {
            let observed = (error(33, interpolation) / error(65, interpolation)).log2();
            assert!((observed - order).abs() < 0.4, "{interpolation:?}: order {observed}");
        }
    }

    #[test]
    fn lines_meet_bilinear_functions_and_few_points_are_enough() {
        let nodes = vec![vec![0.0, 1.0, 4.0], vec![-1.0, 1.0]];
        let values = on_grid(&nodes, |x, y| x * y + 2.0);
        for interpolation in [Interpolation::Linear, Interpolation::Cubic] {
            let function = Interpolant::new(nodes.clone(), values.clone(), interpolation).unwrap();
            assert!((function.value(&[2.5, 0.3], &[]) - 2.75).abs() < 1e-14);
            assert!((function.value(&[2.5, 0.3], &[1]) - 0.3).abs() < 1e-14);
            assert!((function.value(&[5.0, 0.3], &[]) - 3.5).abs() < 1e-14, "the last cell goes on");
        }
    }

    #[test]
    fn what_is_no_grid_is_refused() {
        let new =
            |nodes: Vec<Vec<f64>>, values: usize| Interpolant::new(nodes, vec![0.0; values], Interpolation::Cubic);
        assert_eq!(new(vec![], 1), Err(GridError::Axes { found: 0 }));
        assert_eq!(new(vec![vec![0.0]], 1), Err(GridError::Nodes { axis: 1 }));
        assert_eq!(new(vec![vec![0.0, 1.0], vec![1.0, 1.0]], 4), Err(GridError::Nodes { axis: 2 }));
        assert_eq!(new(vec![vec![0.0, 1.0]], 3), Err(GridError::Values { found: 3, expected: 2 }));
    }
}
