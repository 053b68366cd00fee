//! Hard conditions on the surface of a shape: a formula that has their values, and one that vanishes where they hold.
//!
//! The surfaces of primitives vanish by [R-functions](super::shape_formulas). Where conditions have different values on
//! different surfaces, their mean is taken with the weights w_i = Π_{j≠i} d_j of inverse distances (V. L. Rvachev and
//! others, transfinite interpolation over sets of points, 2001): on the surface i all other weights are 0.

use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Span};
use crate::expr::{Expr, Graph, Symbol};
use crate::geometry::{AxisRange, Part, Patch, ProductPlace, held_out_inside};

use super::elaborate::Elaborator;
use super::problem::Shape;
use super::shape_formulas::{smooth_inside, smooth_inside_primitive};

/// Points inside of a shape at which the sign of a formula is looked at.
const PROBES: usize = 512;

/// A value that holds on a patch of the surface.
pub(super) struct SurfaceValue {
    /// The patch.
    pub patch: Arc<Patch>,
    /// The value.
    pub value: Expr,
    /// The condition.
    pub span: Span,
}

/// Patches with the same value.
struct Group {
    value: Expr,
    patches: Vec<Arc<Patch>>,
    span: Span,
}

impl Elaborator<'_> {
    /// A formula with the values, and one that vanishes on their patches.
    pub(super) fn on_surface(&mut self, values: &[SurfaceValue]) -> Option<(Expr, Expr)> {
        if values.is_empty() {
            return Some((Graph::ZERO, Graph::ONE));
        }
        let shape = self.shape.clone()?;
        let mut groups: Vec<Group> = Vec::new();
        for SurfaceValue { patch, value, span } in values {
            if let Some(other) = values.iter().find(|other| other.patch == *patch && other.span != *span) {
                let diagnostic = Diagnostic::error("E0403", "two hard conditions on the same place", *span, "one");
                self.found.push(diagnostic.label(other.span, "the other"));
                return None;
            }
            match groups.iter_mut().find(|group| group.value == *value) {
                Some(group) => group.patches.push(Arc::clone(patch)),
                None => groups.push(Group { value: *value, patches: vec![Arc::clone(patch)], span: *span }),
            }
        }
        let distances: Vec<Option<Expr>> = groups.iter().map(|group| self.vanishing(&shape, group)).collect();
        let distances = distances.into_iter().collect::<Option<Vec<Expr>>>()?;
        let everywhere = self.graph.product_of(&distances);
        if let [group] = groups.as_slice() {
            return Some((group.value, everywhere));
        }
        let mut weights = Vec::with_capacity(groups.len());
        for i in 0..groups.len() {
            let others: Vec<Expr> = (0..groups.len()).filter(|&j| j != i).map(|j| distances[j]).collect();
            weights.push(self.graph.product_of(&others));
        }
        let weighted: Vec<Expr> =
            groups.iter().zip(&weights).map(|(group, &weight)| self.graph.mul(weight, group.value)).collect();
        let (sum, all) = (self.graph.sum(weighted), self.graph.sum(weights));
        Some((self.graph.div(sum, all), everywhere))
    }

    /// A formula that is 0 on the patches of a group and positive inside of the shape.
    fn vanishing(&mut self, shape: &Shape, group: &Group) -> Option<Expr> {
        let solid = shape.inside.solid();
        let coordinates: Vec<Expr> =
            (0..solid.dimension()).map(|axis| self.graph.coordinate(shape.first + axis)).collect();
        let of = |patches: &[Arc<Patch>], leaf: usize| patches.iter().filter(|patch| patch.leaf() == leaf).count();
        let refused = |this: &mut Self, label: &str| -> Option<Expr> {
            let message = "`hard` takes whole surfaces of shapes with a distance function";
            let diagnostic = Diagnostic::error("E0403", message, group.span, label);
            this.found.push(diagnostic.help("leave out `hard`: the condition is then a term of the loss"));
            None
        };
        // Where a place cuts a patch, its part is a patch of its own.
        if !group.patches.iter().all(|patch| shape.surface.contains(patch)) {
            return refused(self, "covers only a part of one");
        }
        if group.patches.len() == shape.surface.len() {
            return match smooth_inside(&mut self.graph, solid, &coordinates) {
                Some(inside) => Some(inside),
                None => refused(self, "this shape has none"),
            };
        }
        let mut distances = Vec::new();
        for (leaf, primitive) in solid.leaves().iter().enumerate() {
            match of(&group.patches, leaf) {
                0 => continue,
                count if count < of(&shape.surface, leaf) => return refused(self, "covers only a part of one"),
                _ => {}
            }
            let Some(inside) = smooth_inside_primitive(&mut self.graph, primitive, &coordinates) else {
                return refused(self, "this shape has none");
            };
            let values = self.inside_values(shape, inside);
            if values.iter().all(|value| *value > 0.0) {
                distances.push(inside);
            } else if values.iter().all(|value| *value < 0.0) {
                distances.push(self.graph.neg(inside));
            } else {
                return refused(self, "its surface goes on inside of the domain");
            }
        }
        Some(self.graph.product_of(&distances))
    }

    /// A formula of the coordinates at points inside of the shape.
    fn inside_values(&self, shape: &Shape, formula: Expr) -> Vec<f64> {
        let axes: Vec<AxisRange> = self.axes.iter().map(|axis| AxisRange::new(axis.lower, axis.upper)).collect();
        let part = Part::Inside(Arc::clone(&shape.inside));
        let place = ProductPlace { axes: &axes, first: shape.first, part: &part, keep: None };
        let points = held_out_inside(&place, PROBES).unwrap_or_default();
        let value = |i: usize| {
            let point = points.point(i);
            let at = |symbol: &Symbol| match symbol {
                Symbol::Coordinate(axis) => point[usize::from(*axis)],
                _ => f64::NAN,
            };
            self.graph.evaluate(&[formula], at)[0]
        };
        (0..points.len()).map(value).collect()
    }
}

impl Graph {
    fn product_of(&mut self, factors: &[Expr]) -> Expr {
        factors.iter().fold(Self::ONE, |product, &factor| self.mul(product, factor))
    }
}
