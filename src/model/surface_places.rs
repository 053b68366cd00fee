//! Regions on the surface of a shape.
//!
//! In the plane a patch is cut where any comparison of the region changes along it, and the region is decided on each
//! part. In space what can't be decided for a whole patch becomes a formula that rejects points.

use std::sync::Arc;

use crate::expr::{Expr, Function, Graph, Relation, Symbol};
use crate::geometry::{Part, Patch, Solid, Surface};

use super::pieces::{NEAR, holds_at};
use super::places::{Alternative, Outcome, Places, nearest_rational, split, whole_box};
use super::problem::{Axis, Piece, Shape, ShapePart};
use super::regions::{Region, same};
use super::shape_formulas::{inside_condition, smooth_inside};

/// Points at which a region is looked at on a patch that can't be cut.
const SAMPLES: usize = 128;
/// Comparisons that a curve is cut at.
const MOST_CUTS: usize = 64;

/// A comparison that depends on the coordinates of a shape only, ready to be tried at points.
struct Atom<'r> {
    region: &'r Region,
    first: usize,
    axes: &'r [Axis],
    /// The size of a formula that has to be zero.
    scale: f64,
}

impl Atom<'_> {
    /// Whether it holds at a point of the surface.
    fn holds(&self, graph: &Graph, patch: &Patch, point: &[f64]) -> bool {
        let whole = || {
            let mut whole = vec![f64::NAN; self.axes.len()];
            whole[self.first..self.first + point.len()].copy_from_slice(point);
            whole
        };
        match self.region {
            Region::Equal(axis, value) => {
                let (axis, x) = (&self.axes[*axis], point[axis - self.first]);
                same(axis, x, *value) || (x - value).abs() <= NEAR * (axis.upper - axis.lower)
            }
            Region::Below { axis, bound, .. } => point[axis - self.first] <= *bound,
            Region::Above { axis, bound, .. } => point[axis - self.first] >= *bound,
            Region::Condition(condition) => holds_at(graph, *condition, &whole()),
            Region::Zero(formula) => value_at(graph, *formula, &whole()).abs() <= NEAR * self.scale,
            Region::On { first, solid } => {
                *first == self.first && solid.signed_distance(point).abs() <= NEAR * solid.size()
            }
            Region::Group(name) => patch.group() == Some(name),
            _ => false,
        }
    }
}

fn value_at(graph: &Graph, formula: Expr, point: &[f64]) -> f64 {
    graph.evaluate(&[formula], |symbol| match symbol {
        Symbol::Coordinate(axis) => point[usize::from(*axis)],
        _ => f64::NAN,
    })[0]
}

/// The largest finite value of a formula of the coordinates at a few points of the box.
pub(super) fn size_of(graph: &Graph, axes: &[Axis], formula: Expr) -> f64 {
    let values = super::checks::points_of(&whole_box(axes)).into_iter().map(|p| value_at(graph, formula, &p).abs());
    values.filter(|value| value.is_finite()).fold(0.0, f64::max)
}

impl Places<'_> {
    /// The part of a region that lies on a patch of the domain's surface.
    pub(super) fn on_patch(&mut self, region: &Region, first: usize, patch: &Arc<Patch>) -> Vec<Piece> {
        let axes = self.axes;
        let of_shape = first..first + patch.axes();
        let mut atoms = Vec::new();
        collect_atoms(self.graph, region, &of_shape, axes, &mut atoms);
        atoms.truncate(MOST_CUTS);
        let cuts = matches!(patch.surface(), Surface::Curve(_)) && !atoms.is_empty();
        let parts: Vec<Arc<Patch>> = if cuts {
            let graph = &*self.graph;
            let signature = |p: &[f64]| {
                let bit = |(k, atom): (usize, &Atom)| u64::from(atom.holds(graph, patch, p)) << k;
                atoms.iter().enumerate().map(bit).sum::<u64>()
            };
            patch.cut(&signature).into_iter().map(|(part, _)| Arc::new(part)).collect()
        } else {
            vec![Arc::clone(patch)]
        };
        let mut found = Vec::new();
        for part in parts {
            let resolved = self.resolve(region, &of_shape, &part);
            found.extend(self.cells_on_patch(&resolved, first, &part));
        }
        found
    }

    fn cells_on_patch(&mut self, region: &Region, first: usize, patch: &Arc<Patch>) -> Vec<Piece> {
        let mut ranges = whole_box(self.axes);
        let of_shape = first..first + patch.axes();
        ranges[of_shape.clone()].copy_from_slice(&patch.bounds());
        let normal = patch.flat().map(|(axis, at, sign)| {
            ranges[first + axis] = [at, at];
            (first + axis, sign)
        });
        let mut cells = vec![ranges.clone()];
        for (axis, cuts) in self.cuts(region, &ranges).into_iter().enumerate() {
            if !of_shape.contains(&axis) {
                cells = cells.iter().flat_map(|cell| split(cell, axis, &cuts)).collect();
            }
        }
        let is_end = matches!(patch.surface(), Surface::End { .. });
        let part = (!is_end).then(|| ShapePart { first, part: Part::Patch(Arc::clone(patch)) });
        let piece = |ranges: Vec<[f64; 2]>, keep| Piece { ranges, normal, keep, part: part.clone() };
        let mut found: Vec<Piece> = Vec::new();
        for cell in cells {
            match self.outcome(region, &cell, true) {
                Outcome::Nowhere => {}
                Outcome::Everywhere => found.push(piece(cell, None)),
                Outcome::Where(condition) => found.push(piece(cell, Some(condition))),
            }
        }
        found
    }

    /// A region on a patch: comparisons of the shape's coordinates become certain, or formulas.
    fn resolve(&mut self, region: &Region, of_shape: &std::ops::Range<usize>, patch: &Patch) -> Region {
        match region {
            Region::And(parts) => Region::And(parts.iter().map(|part| self.resolve(part, of_shape, patch)).collect()),
            Region::Or(parts) => Region::Or(parts.iter().map(|part| self.resolve(part, of_shape, patch)).collect()),
            Region::Not(inner) => match self.resolve(inner, of_shape, patch) {
                Region::Constant(holds) => Region::Constant(!holds),
                Region::Condition(condition) => Region::Condition(self.graph.not(condition)),
                other => Region::Not(Box::new(other)),
            },
            Region::Boundary => Region::Constant(true),
            other => {
                let axes = self.axes;
                let mut atoms = Vec::new();
                collect_atoms(self.graph, other, of_shape, axes, &mut atoms);
                let Some(atom) = atoms.first() else { return other.clone() };
                let points = match patch.surface() {
                    Surface::Curve(_) => vec![patch.at(&[0.5]).0],
                    _ => patch.samples(SAMPLES).into_iter().map(|(p, _)| p).collect(),
                };
                let hits = points.iter().filter(|p| atom.holds(self.graph, patch, p)).count();
                match hits {
                    0 => Region::Constant(false),
                    all if all == points.len() => Region::Constant(true),
                    _ => self.as_formula(other),
                }
            }
        }
    }

    /// A comparison that holds on a part of a patch only.
    fn as_formula(&mut self, region: &Region) -> Region {
        let bounded = |this: &mut Self, axis: usize, bound: f64, below: bool| {
            let (x, bound) = (this.graph.coordinate(axis), nearest_rational(this.graph, bound));
            let (a, b) = if below { (x, bound) } else { (bound, x) };
            Region::Condition(this.graph.compare(Relation::LessEqual, a, b))
        };
        match region {
            Region::Below { axis, bound, .. } => bounded(self, *axis, *bound, true),
            Region::Above { axis, bound, .. } => bounded(self, *axis, *bound, false),
            Region::On { first, solid } => {
                let coordinates = self.coordinates(*first, solid);
                let Some(value) = smooth_inside(self.graph, solid, &coordinates) else { return Region::Constant(true) };
                let distance = self.graph.call(Function::Abs, &[value]);
                let near = nearest_rational(self.graph, NEAR * solid.size());
                Region::Condition(self.graph.compare(Relation::LessEqual, distance, near))
            }
            // A set without measure.
            Region::Equal(..) | Region::Zero(_) => Region::Constant(false),
            other => other.clone(),
        }
    }

    fn coordinates(&mut self, first: usize, solid: &Solid) -> Vec<Expr> {
        (first..first + solid.dimension()).map(|axis| self.graph.coordinate(axis)).collect()
    }

    /// A piece of a box as a piece of the domain: inside of its shape.
    pub(super) fn in_shape(&mut self, mut piece: Piece) -> Option<Piece> {
        let Some(shape) = self.shape else { return Some(piece) };
        let free = shape.axes().filter(|&axis| piece.ranges[axis][0] < piece.ranges[axis][1]).count();
        if free == shape.axes().len() {
            piece.part = Some(shape.interior());
        } else if free > 0 {
            let solid = shape.inside.solid();
            let coordinates = self.coordinates(shape.first, solid);
            let inside = inside_condition(self.graph, solid, &coordinates)?;
            piece.keep = Some(match piece.keep {
                Some(keep) => self.graph.select(keep, inside, Graph::ZERO),
                None => inside,
            });
        }
        Some(piece)
    }

    /// Points and lines inside of the domain where equalities hold; whether they lie on the surface of its shape.
    pub(super) fn inner(&mut self, region: &Region, alternative: &Alternative) -> (bool, Vec<Piece>) {
        let Some(shape) = self.shape else {
            let found = if alternative.on_boundary {
                Vec::new()
            } else {
                self.flat(region, &alternative.equalities, None, false)
            };
            return (false, found);
        };
        let value = |axis: usize| alternative.equalities.iter().find(|(a, _)| *a == axis).map(|(_, v)| *v);
        let fixed: Vec<f64> = shape.axes().filter_map(value).collect();
        let solid = shape.inside.solid();
        if fixed.len() == shape.axes().len() {
            let distance = solid.signed_distance(&fixed);
            let on_surface = distance.abs() <= NEAR * solid.size();
            if (distance > 0.0 || alternative.on_boundary) && !on_surface {
                return (false, Vec::new());
            }
            return (on_surface, self.flat(region, &alternative.equalities, None, on_surface));
        }
        if alternative.on_boundary {
            return (false, Vec::new());
        }
        let mut found = self.flat(region, &alternative.equalities, None, false);
        // What lies on the surface itself is a patch.
        found.retain(|piece| has_inner_point(piece, shape));
        (false, found)
    }

    /// The faces of a box that lie on the surface of a shape.
    pub(super) fn on_surface_of(&mut self, first: usize, solid: &Solid, cell: &[[f64; 2]]) -> Outcome {
        const STEPS: usize = 5;
        let axes = first..first + solid.dimension();
        let share = |k: usize| (k as f64 + 0.5) / STEPS as f64;
        let mut points = vec![Vec::new()];
        for axis in axes {
            let [a, b] = cell[axis];
            let along: Vec<f64> = if a == b { vec![a] } else { (0..STEPS).map(|k| a + share(k) * (b - a)).collect() };
            if points.len() > 625 {
                points.iter_mut().for_each(|point: &mut Vec<f64>| point.push(a.midpoint(b)));
                continue;
            }
            points = points.iter().flat_map(|p| along.iter().map(|x| [p.as_slice(), &[*x]].concat())).collect();
        }
        let on = |p: &&Vec<f64>| solid.signed_distance(p).abs() <= NEAR * solid.size();
        match points.iter().filter(on).count() {
            0 => Outcome::Nowhere,
            all if all == points.len() => Outcome::Everywhere,
            _ => match self.as_formula(&Region::On { first, solid: Arc::new(solid.clone()) }) {
                Region::Condition(condition) => Outcome::Where(condition),
                _ => Outcome::Everywhere,
            },
        }
    }
}

fn has_inner_point(piece: &Piece, shape: &Shape) -> bool {
    let solid = shape.inside.solid();
    let points = super::checks::points_of(&piece.ranges);
    points.iter().any(|p| solid.signed_distance(&p[shape.axes()]) < -NEAR * solid.size())
}

/// The comparisons of a region that depend on the coordinates of a shape only.
fn collect_atoms<'r>(
    graph: &Graph,
    region: &'r Region,
    of_shape: &std::ops::Range<usize>,
    axes: &'r [Axis],
    found: &mut Vec<Atom<'r>>,
) {
    let of_formula = |formula: Expr| {
        let symbols = graph.symbols(&[formula]);
        let inside = |s: &Symbol| matches!(s, Symbol::Coordinate(axis) if of_shape.contains(&usize::from(*axis)));
        !symbols.is_empty() && symbols.iter().all(inside)
    };
    let mut scale = 1.0;
    let is_atom = match region {
        Region::Equal(axis, _) | Region::Below { axis, .. } | Region::Above { axis, .. } => of_shape.contains(axis),
        Region::On { .. } | Region::Group(_) => true,
        Region::Condition(condition) => of_formula(*condition),
        Region::Zero(formula) => {
            scale = size_of(graph, axes, *formula);
            of_formula(*formula)
        }
        Region::And(parts) | Region::Or(parts) => {
            parts.iter().for_each(|part| collect_atoms(graph, part, of_shape, axes, found));
            false
        }
        Region::Not(inner) => {
            collect_atoms(graph, inner, of_shape, axes, found);
            false
        }
        Region::Constant(_) | Region::Boundary => false,
    };
    if is_atom {
        found.push(Atom { region, first: of_shape.start, axes, scale });
    }
}
