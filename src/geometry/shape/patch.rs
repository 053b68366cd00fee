//! Parts of the surface of a shape.

use std::num::NonZeroUsize;

use super::super::quadrature::gauss_legendre;
use super::super::sobol::Sobol;
use super::curve::{Curve, constant_parts};
use super::roles::{Clip, Role};
use super::surface::{Surface, doubled_normal};

/// A part of the surface of a shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Patch {
    pub(super) surface: Surface,
    /// 1 if the normal of the primitive points out of the shape, -1 if it points into it.
    pub(super) orientation: f64,
    /// The part of the parameter of a curve.
    pub(super) range: [f64; 2],
    /// Where points are rejected.
    pub(super) clip: Option<Clip>,
    pub(super) measure: f64,
    /// The name of a mesh for this part of its boundary.
    pub(super) group: Option<String>,
    pub(super) leaf: usize,
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
    pub(super) fn shares(&self, count: u64, role: &dyn Fn(&[f64], &[f64]) -> Role) -> [f64; 2] {
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
