//! Hard conditions on the surface of a shape.
//!
//! A function ω of each condition vanishes where it holds: the one of the whole shape for a condition on all of its boundary,
//! else that of the primitives whose surfaces it covers, each a piece of the boundary for itself. With several conditions
//! u = g_i there, g is the mean of all g_i weighted by the product of the other ω (transfinite interpolation; V. L. Rvachev,
//! T. I. Sheiko, V. Shapiro and I. Tsukanov, Comput. Aided Geom. Des. 18 (2001) 195), and d the product of all ω.

use crate::diagnostic::Diagnostic;
use crate::expr::{Expr, Graph};
use crate::geometry::{Part, Patch};

use super::elaborate::Elaborator;
use super::problem::Piece;
use super::shape_formulas::{MOST_SMOOTH_EDGES, edges, smooth_inside, smooth_leaves};
use super::terms::Draft;

/// Patches cover a surface up to this share of it.
const WHOLE: f64 = 1e-9;

/// A value that holds on a part of the surface, and a function that vanishes there and is positive inside.
pub(super) struct SurfaceValue {
    pub value: Expr,
    pub vanishing: Expr,
}

impl Elaborator<'_> {
    /// The function that vanishes where a condition on the surface of the shape holds. Reports a condition that covers only
    /// a part of the surface of a primitive.
    pub(super) fn vanishing_on(&mut self, draft: &Draft) -> Option<Expr> {
        let shape = self.shape.clone()?;
        let solid = shape.inside.solid();
        let edges = edges(solid);
        if edges > MOST_SMOOTH_EDGES {
            let message = format!("`hard` takes boundaries of at most {MOST_SMOOTH_EDGES} straight edges");
            let diagnostic = Diagnostic::error("E0403", message, draft.span, format!("the boundary has {edges}"));
            self.found.push(diagnostic.help("leave out `hard`: the condition is then a term of the loss"));
            return None;
        }
        let coordinates: Vec<Expr> = shape.axes().map(|axis| self.graph.coordinate(axis)).collect();
        let whole = |piece: &Piece| {
            let others = (0..self.axes.len()).filter(|axis| !shape.axes().contains(axis));
            let mut ranges = others.map(|axis| (piece.ranges[axis], [self.axes[axis].lower, self.axes[axis].upper]));
            piece.keep.is_none() && ranges.all(|(range, axis)| range == axis)
        };
        let patch_of = |piece: &Piece| match &piece.part.as_ref()?.part {
            Part::Patch(patch) => Some(patch.clone()),
            Part::Inside(_) => None,
        };
        let patches: Vec<_> = draft.place.iter().filter(|piece| whole(piece)).filter_map(patch_of).collect();
        let covers = |leaf: Option<usize>| {
            let of = |patch: &Patch| leaf.is_none_or(|leaf| patch.leaf() == leaf);
            let covered: f64 = patches.iter().filter(|patch| of(patch)).map(|patch| patch.measure()).sum();
            let all: f64 = shape.surface.iter().filter(|patch| of(patch)).map(|patch| patch.measure()).sum();
            covered > 0.0 && covered >= all * (1.0 - WHOLE)
        };
        let formula = if patches.len() < draft.place.len() {
            None
        } else if covers(None) {
            smooth_inside(&mut self.graph, solid, &coordinates)
        } else {
            let mut leaves: Vec<usize> = patches.iter().map(|patch| patch.leaf()).collect();
            leaves.sort_unstable();
            leaves.dedup();
            let covered = leaves.iter().all(|&leaf| covers(Some(leaf)));
            covered.then(|| smooth_leaves(&mut self.graph, solid, &leaves, &coordinates)).flatten()
        };
        if formula.is_none() {
            let span = draft.place_span.unwrap_or(draft.span);
            let message =
                "`hard` takes the whole boundary of the domain, or whole surfaces of the shapes it is made of";
            let diagnostic = Diagnostic::error("E0403", message, span, "no function is known that vanishes just there");
            self.found.push(diagnostic.help("leave out `hard`: the condition is then a term of the loss"));
        }
        formula
    }

    /// g and d of all conditions on the surface: 0 and 1 if there are none.
    pub(super) fn surface_interpolation(&mut self, values: &[SurfaceValue]) -> (Expr, Expr) {
        let product = |graph: &mut Graph, but: Option<usize>| {
            let others = values.iter().enumerate().filter(|(k, _)| Some(*k) != but);
            others.fold(Graph::ONE, |product, (_, other)| graph.mul(product, other.vanishing))
        };
        let d = product(&mut self.graph, None);
        let [first, rest @ ..] = values else { return (Graph::ZERO, d) };
        if rest.iter().all(|other| other.value == first.value) {
            return (first.value, d);
        }
        let (mut sum, mut weights) = (Vec::new(), Vec::new());
        for (k, value) in values.iter().enumerate() {
            let weight = product(&mut self.graph, Some(k));
            sum.push(self.graph.mul(weight, value.value));
            weights.push(weight);
        }
        let (sum, weights) = (self.graph.sum(sum), self.graph.sum(weights));
        (self.graph.div(sum, weights), d)
    }
}
