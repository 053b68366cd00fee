//! Ellipses with axes along x and y, parametrised by arc length.

use std::f64::consts::TAU;
use std::num::NonZeroUsize;

use super::super::quadrature::{Nodes, gauss_legendre};

use super::polygon::Point;

/// Panels of a turn, each with so many Gauss points: enough for an ellipse a thousand times as long as wide.
const PANELS: usize = 512;
const GAUSS: NonZeroUsize = NonZeroUsize::new(16).unwrap();
const NEWTON_STEPS: usize = 100;

/// An ellipse.
#[derive(Clone, Debug, PartialEq)]
pub struct Ellipse {
    /// Its centre.
    pub center: Point,
    /// Half axes along x and y.
    pub axes: [f64; 2],
    /// The length of the arc from angle 0 to the end of each panel.
    lengths: Vec<f64>,
    nodes: Nodes,
}

impl Ellipse {
    /// An ellipse with positive half axes.
    pub(super) fn new(center: Point, axes: [f64; 2]) -> Self {
        let nodes = gauss_legendre(GAUSS, 0.0, 1.0);
        let mut ellipse = Self { center, axes, lengths: Vec::with_capacity(PANELS), nodes };
        let mut length = 0.0;
        for panel in 0..PANELS {
            let start = TAU * panel as f64 / PANELS as f64;
            length += ellipse.arc(start, TAU * (panel + 1) as f64 / PANELS as f64);
            ellipse.lengths.push(length);
        }
        ellipse
    }

    /// The length of its boundary.
    pub fn perimeter(&self) -> f64 {
        self.lengths[PANELS - 1]
    }

    /// The point of the parameter angle: (a cos, b sin).
    pub fn point(&self, angle: f64) -> Point {
        let (sin, cos) = angle.sin_cos();
        [self.center[0] + self.axes[0] * cos, self.center[1] + self.axes[1] * sin]
    }

    /// The outward unit normal at the parameter angle.
    pub fn normal(&self, angle: f64) -> Point {
        let (sin, cos) = angle.sin_cos();
        let (x, y) = (self.axes[1] * cos, self.axes[0] * sin);
        let length = x.hypot(y);
        [x / length, y / length]
    }

    /// The parameter angle that the share `part` of the whole boundary leads to, counter-clockwise from (a, 0).
    pub fn angle(&self, part: f64) -> f64 {
        let target = part * self.perimeter();
        let panel = self.lengths.partition_point(|&length| length <= target).min(PANELS - 1);
        let before = if panel == 0 { 0.0 } else { self.lengths[panel - 1] };
        let (start, end) = (TAU * panel as f64 / PANELS as f64, TAU * (panel + 1) as f64 / PANELS as f64);
        let mut angle = start + (end - start) * (target - before) / (self.lengths[panel] - before);
        for _ in 0..8 {
            let step = (before + self.arc(start, angle) - target) / self.speed(angle);
            angle -= step;
            if step.abs() <= 1e-15 * TAU {
                break;
            }
        }
        angle
    }

    /// The share of the boundary up to a parameter angle between 0 and a turn.
    pub fn part(&self, angle: f64) -> f64 {
        let panel = ((angle / TAU * PANELS as f64) as usize).min(PANELS - 1);
        let before = if panel == 0 { 0.0 } else { self.lengths[panel - 1] };
        (before + self.arc(TAU * panel as f64 / PANELS as f64, angle)) / self.perimeter()
    }

    fn speed(&self, angle: f64) -> f64 {
        let (sin, cos) = angle.sin_cos();
        (self.axes[0] * sin).hypot(self.axes[1] * cos)
    }

    fn arc(&self, from: f64, to: f64) -> f64 {
        let nodes = self.nodes.positions.iter().zip(&self.nodes.weights);
        nodes.map(|(x, w)| w * (to - from) * self.speed(from + x * (to - from))).sum()
    }

    /// The distance to the boundary, negative inside.
    ///
    /// The foot of the perpendicular is (a² x/(t + a²), b² y/(t + b²)) with the largest root t of a function that is
    /// convex and decreasing, so that Newton's method from the left of the root converges monotonically.
    pub fn signed_distance(&self, p: Point) -> f64 {
        let (x, y) = ((p[0] - self.center[0]).abs(), (p[1] - self.center[1]).abs());
        let [a, b] = self.axes;
        let (x, y, a, b) = if a >= b { (x, y, a, b) } else { (y, x, b, a) };
        let sign = if (x / a).powi(2) + (y / b).powi(2) < 1.0 { -1.0 } else { 1.0 };
        // s = t + b², so that nothing cancels near the long axis.
        let gap = (a - b) * (a + b);
        if y == 0.0 && a * x < gap {
            let foot = a * a * x / gap;
            let height = b * (1.0 - (foot / a).powi(2)).max(0.0).sqrt();
            return sign * (x - foot).hypot(height);
        }
        let mut s = (a * x - gap).max(b * y);
        if s <= 0.0 {
            // The centre of a circle.
            return -b;
        }
        for _ in 0..NEWTON_STEPS {
            let (u, v) = (a * x / (s + gap), b * y / s);
            let value = u * u + v * v - 1.0;
            let slope = -2.0 * (u * u / (s + gap) + v * v / s);
            let next = s - value / slope;
            // A value that is not a number ends it, too.
            if next <= s || next.is_nan() {
                break;
            }
            s = next;
        }
        let foot = [a * a * x / (s + gap), b * b * y / s];
        sign * (x - foot[0]).hypot(y - foot[1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_perimeter_is_that_of_the_books() {
        let perimeter = |a, b| Ellipse::new([0.0, 0.0], [a, b]).perimeter();
        assert!((perimeter(1.0, 1.0) - TAU).abs() < 1e-14);
        // 4 a E(m) with E(3/4) = 1.2110560275684594.
        assert!((perimeter(2.0, 1.0) - 8.0 * 1.211_056_027_568_459_4).abs() < 1e-13);
        // Long and thin: 4 a (1 + O((b/a)² log)).
        assert!((perimeter(1000.0, 1.0) / 4000.0 - 1.0).abs() < 1e-5);
    }

    #[test]
    fn equal_parts_are_equally_long() {
        let ellipse = Ellipse::new([1.0, -2.0], [3.0, 0.25]);
        for k in 0..=100 {
            let part = f64::from(k) / 100.0;
            let angle = ellipse.angle(part);
            let panels = 4000;
            let step = angle / f64::from(panels);
            let length: f64 = (0..panels).map(|i| ellipse.arc(step * f64::from(i), step * f64::from(i + 1))).sum();
            assert!((length / ellipse.perimeter() - part).abs() < 1e-13, "{part}");
        }
    }

    #[test]
    fn distances_are_those_along_normals() {
        for axes in [[3.0, 1.0], [0.5, 2.0], [1.0, 1.0], [10.0, 0.1]] {
            let ellipse = Ellipse::new([0.3, -0.7], axes);
            for k in 0..64 {
                let angle = TAU * (f64::from(k) + 0.25) / 64.0;
                let (p, n) = (ellipse.point(angle), ellipse.normal(angle));
                assert!(ellipse.signed_distance(p).abs() < 1e-13);
                // The smallest radius of curvature bounds how far in the foot stays the nearest point.
                let inner = 0.9 * axes[0].min(axes[1]).powi(2) / axes[0].max(axes[1]);
                for distance in [-inner, -0.1 * inner, 0.01, 1.0, 20.0] {
                    let at = [p[0] + distance * n[0], p[1] + distance * n[1]];
                    let found = ellipse.signed_distance(at);
                    assert!((found - distance).abs() < 1e-12 * (1.0 + distance.abs()), "{axes:?} {angle}: {found}");
                }
            }
            let centre = ellipse.signed_distance(ellipse.center);
            assert!((centre + axes[0].min(axes[1])).abs() < 1e-14);
        }
    }
}
