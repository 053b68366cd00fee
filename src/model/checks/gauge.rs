//! Fields that are defined up to a constant only, and Neumann data that no field can have.

use std::num::NonZeroUsize;

use crate::diagnostic::Diagnostic;
use crate::expr::{Expr, Graph, Jet, MultiIndex, Symbol};
use crate::geometry::gauss_legendre;

use super::super::{AxisKind, Model, Piece, Term, TermKind};
use super::balance;
use super::counting::{boundary_terms, fields_of};
use super::orders::{Orders, equations, place_of};
use super::probe::{keeps, values_at};
use super::wording::number;

/// A defect below this share of the integrals is rounding or quadrature.
const TOLERANCE: f64 = 1e-6;
/// Gauss points along each axis.
const GAUSS: NonZeroUsize = NonZeroUsize::new(24).unwrap();

pub(super) fn check(model: &Model, graph: &mut Graph) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for field in model.declared() {
        if is_free(model, field) {
            found.extend(undetermined(model, field));
        }
        found.extend(incompatible(model, graph, field));
    }
    found
}

/// Whether the field occurs only through its derivatives. Without any condition where its order takes some, that is no
/// wonder, and said elsewhere.
fn is_free(model: &Model, field: usize) -> bool {
    let orders = Orders::of(model);
    let elliptic = (0..model.axes.len()).any(|axis| !model.axes[axis].periodic && orders.along(field, axis) > 1);
    if elliptic && !boundary_terms(model).any(|t| fields_of(model, &model.terms[t]).contains(&field)) {
        return false;
    }
    let residuals: Vec<Expr> = model.terms.iter().map(|term| term.residual).collect();
    !model.jets(&residuals).contains(&Jet::new(field, MultiIndex::zero()))
}

fn undetermined(model: &Model, field: usize) -> Option<Diagnostic> {
    let name = &model.fields[field].name;
    let place = place_of(model, |jet| usize::from(jet.field) == field)?;
    let message = format!("`{name}` appears only through its derivatives: it is defined up to a constant");
    let found = Diagnostic::warning("W0312", message, place, "does not change if a constant is added");
    let in_space = |&axis: &usize| model.axes[axis].kind == AxisKind::Space;
    if !model.fields[field].axes.iter().any(in_space) {
        return Some(found.note("no condition fixes its value"));
    }
    Some(found.help(format!("fix its mean: `constraint integral({name}) = 0`")))
}

/// The divergence theorem for `Σ a_i u_ii + h(x) = 0` in a box whose whole boundary carries `dn(u) = g`.
fn incompatible(model: &Model, graph: &mut Graph, field: usize) -> Option<Diagnostic> {
    let mut all = equations(model);
    let (equation, None) = (all.next()?, all.next()) else { return None };
    let steady = model.axes.iter().all(|axis| axis.kind == AxisKind::Space);
    if !steady || model.declared().len() != 1 {
        return None;
    }
    if model.shape.is_some() {
        return balance::defect(model, graph, field, equation).map(|sum| unbalanced(model, equation, sum));
    }
    if model.axes.len() > 2 {
        return None;
    }
    let coefficients = diffusion(model, graph, field, equation.residual)?;
    let source = without_jets(graph, equation.residual);
    let inside = equation.place.first()?;
    let mut defect = Defect::default();
    defect.add(integral(model, graph, source, inside));
    for axis in (0..model.axes.len()).filter(|&axis| !model.axes[axis].periodic) {
        for sign in [-1.0, 1.0] {
            let (flux, piece) = neumann(model, graph, field, axis, sign)?;
            defect.add(coefficients[axis] * integral(model, graph, flux, piece));
        }
    }
    defect.matters().then(|| unbalanced(model, equation, defect.sum))
}

fn unbalanced(model: &Model, equation: &Term, sum: f64) -> Diagnostic {
    let text = number(sum.abs());
    let condition = model.terms.iter().find(|term| term.kind == TermKind::Boundary);
    let message = format!("the source and the boundary fluxes do not balance, by {text}: no solution exists");
    let found = Diagnostic::warning("W0313", message, equation.span, "the integral of its source ...");
    let found = condition.iter().fold(found, |f, term| f.label(term.span, "... must match that of the flux"));
    found.note("both sides integrated over the domain: the divergence theorem")
}

/// The number `a_i` in front of each second derivative, if there is nothing else but a source.
pub(super) fn diffusion(model: &Model, graph: &mut Graph, field: usize, residual: Expr) -> Option<Vec<f64>> {
    let mut coefficients = vec![0.0; model.axes.len()];
    for jet in graph.jets(&[residual]) {
        let axis = (0..model.axes.len()).find(|&axis| jet == Jet::new(field, MultiIndex::zero().raised(axis, 2)))?;
        let slope = graph.derivative(residual, &Symbol::Jet(jet));
        coefficients[axis] = graph.constant_value(slope)?;
    }
    Some(coefficients)
}

/// The outward flux that a condition prescribes on a face, and the piece on which it does. A value that is given as
/// well, to fix the constant, does not matter.
fn neumann<'m>(model: &'m Model, graph: &mut Graph, field: usize, axis: usize, sign: f64) -> Option<(Expr, &'m Piece)> {
    let slope = Jet::new(field, MultiIndex::unit(axis));
    let on_face = |piece: &&Piece| {
        let others = piece.ranges.iter().zip(&model.axes).enumerate().filter(|(a, _)| *a != axis);
        let whole = others.into_iter().all(|(_, (range, a))| *range == [a.lower, a.upper]);
        piece.normal == Some((axis, sign)) && piece.keep.is_none() && whole
    };
    let mut fluxes = Vec::new();
    for term in model.terms.iter().filter(|term| term.kind == TermKind::Boundary) {
        let Some(piece) = term.place.iter().find(on_face) else { continue };
        let residual = with_normal(graph, term.residual, axis, sign);
        if graph.jets(&[residual]) == [slope.clone()] {
            fluxes.push((residual, piece));
        }
    }
    let [(residual, piece)] = fluxes[..] else { return None };
    let coefficient = graph.derivative(residual, &Symbol::Jet(slope));
    graph.constant_value(coefficient)?;
    let rest = without_jets(graph, residual);
    let value = graph.div(rest, coefficient);
    let outward = graph.integer(-(sign as i64));
    Some((graph.mul(value, outward), piece))
}

/// A formula on one face, where the normal is known.
fn with_normal(graph: &mut Graph, formula: Expr, axis: usize, sign: f64) -> Expr {
    let outward = graph.integer(sign as i64);
    graph.substitute(formula, |_, symbol| match symbol {
        Symbol::Normal(a) => Some(if usize::from(*a) == axis { outward } else { Graph::ZERO }),
        _ => None,
    })
}

pub(super) fn without_jets(graph: &mut Graph, formula: Expr) -> Expr {
    graph.substitute(formula, |_, symbol| matches!(symbol, Symbol::Jet(_)).then_some(Graph::ZERO))
}

/// A sum of integrals and of their sizes.
#[derive(Default)]
struct Defect {
    sum: f64,
    size: f64,
}

impl Defect {
    fn add(&mut self, integral: f64) {
        self.sum += integral;
        self.size += integral.abs();
    }

    fn matters(&self) -> bool {
        self.sum.abs() > TOLERANCE * self.size.max(TOLERANCE)
    }
}

/// The integral of a formula of the coordinates over a piece, by Gauss points.
fn integral(model: &Model, graph: &Graph, formula: Expr, piece: &Piece) -> f64 {
    let mut nodes = vec![(Vec::new(), 1.0)];
    for &[lower, upper] in &piece.ranges {
        let along = if lower == upper {
            vec![(lower, 1.0)]
        } else {
            let nodes = gauss_legendre(GAUSS, lower, upper);
            nodes.positions.into_iter().zip(nodes.weights).collect()
        };
        let extend = |(point, weight): &(Vec<f64>, f64)| -> Vec<(Vec<f64>, f64)> {
            along.iter().map(|(x, w)| ([point.as_slice(), &[*x]].concat(), weight * w)).collect()
        };
        nodes = nodes.iter().flat_map(extend).collect();
    }
    let kept = nodes.iter().filter(|(point, _)| keeps(model, piece, point));
    kept.map(|(point, weight)| weight * values_at(graph, &[formula], point, Some(piece), |_| f64::NAN)[0]).sum()
}
