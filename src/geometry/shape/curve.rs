//! Curves in the plane by arc length: the boundaries of plane shapes.

use std::f64::consts::TAU;
use std::sync::Arc;

use super::ellipse::Ellipse;
use super::polygon::{Point, minus};

/// A curve with its shape to the left. The parameter runs from 0 to 1, proportional to arc length.
#[derive(Clone, Debug, PartialEq)]
pub enum Curve {
    /// A straight line.
    Segment {
        /// Start.
        from: Point,
        /// End.
        to: Point,
    },
    /// A whole circle.
    Circle {
        /// Its centre.
        center: Point,
        /// Its radius.
        radius: f64,
    },
    /// A whole ellipse.
    Ellipse(Arc<Ellipse>),
    /// Straight lines one after the other.
    Chain(Arc<Chain>),
}

/// Straight lines one after the other.
#[derive(Clone, Debug, PartialEq)]
pub struct Chain {
    points: Vec<Point>,
    /// Length up to the end of each line.
    lengths: Vec<f64>,
}

impl Chain {
    /// Through at least two points.
    pub(super) fn new(points: Vec<Point>) -> Self {
        let mut length = 0.0;
        let lengths = points.windows(2).map(|w| {
            length += straight(w[0], w[1]);
            length
        });
        Self { lengths: lengths.collect(), points }
    }
}

fn straight(from: Point, to: Point) -> f64 {
    let along = minus(to, from);
    along[0].hypot(along[1])
}

/// The unit normal to the right of a line.
fn to_the_right(from: Point, to: Point) -> Point {
    let along = minus(to, from);
    // With + 0.0 there is no negative zero to be printed.
    let length = along[0].hypot(along[1]);
    [along[1] / length + 0.0, -along[0] / length + 0.0]
}

/// How far along a line the foot of a point is, from 0 to 1.
fn along(p: Point, from: Point, to: Point) -> f64 {
    let (line, offset) = (minus(to, from), minus(p, from));
    let share = (line[0] * offset[0] + line[1] * offset[1]) / (line[0] * line[0] + line[1] * line[1]);
    share.clamp(0.0, 1.0)
}

fn between(from: Point, to: Point, part: f64) -> Point {
    std::array::from_fn(|k| if from[k] == to[k] { from[k] } else { from[k] + part * (to[k] - from[k]) })
}

impl Curve {
    /// Its length.
    pub fn length(&self) -> f64 {
        match self {
            Curve::Segment { from, to } => straight(*from, *to),
            Curve::Circle { radius, .. } => TAU * radius,
            Curve::Ellipse(ellipse) => ellipse.perimeter(),
            Curve::Chain(chain) => chain.lengths.last().copied().unwrap_or(0.0),
        }
    }

    /// Whether it ends where it starts.
    pub fn is_closed(&self) -> bool {
        match self {
            Curve::Segment { .. } => false,
            Curve::Circle { .. } | Curve::Ellipse(_) => true,
            Curve::Chain(chain) => chain.points.first() == chain.points.last(),
        }
    }

    /// Whether its normal is the same everywhere.
    pub fn is_straight(&self) -> bool {
        matches!(self, Curve::Segment { .. })
    }

    /// The point at a parameter, and the unit normal to the right there.
    pub fn at(&self, t: f64) -> (Point, Point) {
        match self {
            Curve::Segment { from, to } => (between(*from, *to, t), to_the_right(*from, *to)),
            Curve::Circle { center, radius } => {
                let (sin, cos) = (TAU * t).sin_cos();
                ([center[0] + radius * cos, center[1] + radius * sin], [cos, sin])
            }
            Curve::Ellipse(ellipse) => {
                let angle = ellipse.angle(t);
                (ellipse.point(angle), ellipse.normal(angle))
            }
            Curve::Chain(chain) => {
                let target = t * self.length();
                let line = chain.lengths.partition_point(|&l| l <= target).min(chain.lengths.len() - 1);
                let before = if line == 0 { 0.0 } else { chain.lengths[line - 1] };
                let (from, to) = (chain.points[line], chain.points[line + 1]);
                let part = ((target - before) / (chain.lengths[line] - before)).clamp(0.0, 1.0);
                (between(from, to, part), to_the_right(from, to))
            }
        }
    }

    /// The parameter of the point of the curve that is nearest to `p`, which lies on the curve up to rounding.
    pub fn parameter(&self, p: Point) -> f64 {
        let turn = |y: f64, x: f64| y.atan2(x).rem_euclid(TAU);
        match self {
            Curve::Segment { from, to } => along(p, *from, *to),
            Curve::Circle { center, .. } => turn(p[1] - center[1], p[0] - center[0]) / TAU,
            Curve::Ellipse(ellipse) => {
                let [a, b] = ellipse.axes;
                ellipse.part(turn((p[1] - ellipse.center[1]) / b, (p[0] - ellipse.center[0]) / a))
            }
            Curve::Chain(chain) => {
                let distance = |w: &[Point]| super::polygon::distance_to_segment(p, w[0], w[1]);
                let lines = chain.points.windows(2).enumerate();
                let nearest = lines.min_by(|(_, a), (_, b)| distance(a).total_cmp(&distance(b)));
                let Some((line, w)) = nearest else { return 0.0 };
                let before = if line == 0 { 0.0 } else { chain.lengths[line - 1] };
                (before + along(p, w[0], w[1]) * (chain.lengths[line] - before)) / self.length()
            }
        }
    }

    /// Parameters between which the curve is smooth, from 0 to 1, close enough for quadrature.
    pub(super) fn panels(&self) -> Vec<f64> {
        match self {
            Curve::Segment { .. } => vec![0.0, 1.0],
            Curve::Circle { .. } => (0..=8).map(|k| f64::from(k) / 8.0).collect(),
            Curve::Ellipse(_) => (0..=64).map(|k| f64::from(k) / 64.0).collect(),
            Curve::Chain(chain) => {
                let length = self.length();
                std::iter::once(0.0).chain(chain.lengths.iter().map(|l| l / length)).collect()
            }
        }
    }
}

/// The parts of [0, 1] on which a state of the points is the same, found by halving.
///
/// `state(t)` gives the state and a distance within which it can't change; `length` is that of the curve. Changes closer
/// together than a 4096th of the curve may be missed.
pub(super) fn constant_parts<S: PartialEq + Copy>(
    length: f64,
    [from, to]: [f64; 2],
    state: &dyn Fn(f64) -> (S, f64),
) -> Vec<([f64; 2], S)> {
    const DEPTH: u32 = 12;
    let mut parts: Vec<Part<S>> = Vec::new();
    let mut open = vec![([from, to], 0)];
    while let Some(([a, b], depth)) = open.pop() {
        let middle = a.midpoint(b);
        let (here, safe) = state(middle);
        if safe <= 0.5 * (b - a) * length && depth < DEPTH {
            open.push(([middle, b], depth + 1));
            open.push(([a, middle], depth + 1));
            continue;
        }
        match parts.last_mut() {
            Some(last) if last.state == here => (last.range[1], last.witnesses[1]) = (b, middle),
            _ => parts.push(Part { range: [a, b], state: here, witnesses: [middle, middle] }),
        }
    }
    for k in 1..parts.len() {
        let (mut low, mut high) = (parts[k - 1].witnesses[1], parts[k].witnesses[0]);
        let before = parts[k - 1].state;
        loop {
            let middle = low.midpoint(high);
            if middle <= low || middle >= high {
                break;
            }
            if state(middle).0 == before { low = middle } else { high = middle }
        }
        parts[k - 1].range[1] = high;
        parts[k].range[0] = high;
    }
    parts.into_iter().map(|part| (part.range, part.state)).collect()
}

struct Part<S> {
    range: [f64; 2],
    state: S,
    /// The first and the last parameter at which the state was seen.
    witnesses: [f64; 2],
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_end_where_the_state_changes() {
        let state = |t: f64| ((t > 0.3) != (t > 1.0 / 3.0), (t - 0.3).abs().min((t - 1.0 / 3.0).abs()));
        let parts = constant_parts(1.0, [0.0, 1.0], &state);
        assert_eq!(parts.len(), 3);
        assert!((parts[1].0[0] - 0.3).abs() < 1e-15 && (parts[1].0[1] - 1.0 / 3.0).abs() < 1e-15, "{parts:?}");
        assert!(parts[1].1);
        assert_eq!(constant_parts(1.0, [0.0, 1.0], &|_| (1, 0.0)), [([0.0, 1.0], 1)]);
    }

    #[test]
    fn chains_go_by_length() {
        let chain = Curve::Chain(Arc::new(Chain::new(vec![[0.0, 0.0], [1.0, 0.0], [1.0, 3.0]])));
        assert_eq!(chain.length(), 4.0);
        assert_eq!(chain.at(0.125), ([0.5, 0.0], [0.0, -1.0]));
        assert_eq!(chain.at(0.5), ([1.0, 1.0], [1.0, 0.0]));
        assert_eq!(chain.at(1.0).0, [1.0, 3.0]);
    }
}
