//! The divergence theorem on a shape: sources inside and fluxes through the whole surface that do not balance.

use crate::expr::{Expr, Graph, Jet, MultiIndex, Symbol};
use crate::geometry::{AxisRange, Place, ProductPlace, Rule, Stream};

use super::super::{Model, Piece, Term};
use super::counting::{boundary_terms, fields_of};
use super::gauge::{diffusion, without_jets};
use super::probe::{keeps, values_at};

/// Points of each piece.
const COUNT: usize = 1 << 12;
/// A defect below this share of the integrals may be an error of the points.
const TOLERANCE: f64 = 0.02;
/// Directions that agree to this are one.
const PARALLEL: f64 = 1e-9;

/// By how much the source of `a lap(u) + h(x) = 0` and the fluxes `dn(u) = g` through the surface do not balance, where
/// that is a mistake; `None` also where other conditions stand on a part of the surface.
pub(super) fn defect(model: &Model, graph: &mut Graph, field: usize, equation: &Term) -> Option<f64> {
    let shape = model.shape.as_ref().filter(|shape| shape.axes() == (0..model.axes.len()))?;
    let coefficients = diffusion(model, graph, field, equation.residual)?;
    let first = coefficients[0];
    if first == 0.0 || coefficients.iter().any(|a| *a != first) {
        return None;
    }
    let source = without_jets(graph, equation.residual);
    let inside = |point: &[f64], piece: &Piece| Some(values_at(graph, &[source], point, Some(piece), |_| f64::NAN)[0]);
    let (volume, _) = integral(model, &equation.place, &inside)?;
    let (mut through, mut covered) = (0.0, 0.0);
    for term in boundary_terms(model).map(|term| &model.terms[term]).filter(|t| fields_of(model, t).contains(&field)) {
        let flux = Flux::of(model, graph, field, term)?;
        let (value, area) = integral(model, &term.place, &|point, piece| flux.at(graph, point, piece))?;
        through += first * value;
        covered += area;
    }
    let area: f64 = shape.surface.iter().map(|patch| patch.measure()).sum();
    let whole = (covered - area).abs() <= TOLERANCE * area;
    let sum = volume + through;
    (whole && sum.abs() > TOLERANCE * (volume.abs() + through.abs())).then_some(sum)
}

/// A condition that is linear in the first derivatives and has nothing else of a field: their coefficients, and what is left.
struct Flux {
    slopes: Vec<Expr>,
    rest: Expr,
}

impl Flux {
    fn of(model: &Model, graph: &mut Graph, field: usize, term: &Term) -> Option<Self> {
        let jet = |axis| Jet::new(field, MultiIndex::unit(axis));
        let is_slope = |found: &Jet| (0..model.axes.len()).any(|axis| *found == jet(axis));
        if !graph.jets(&[term.residual]).iter().all(is_slope) {
            return None;
        }
        let slopes: Vec<Expr> =
            (0..model.axes.len()).map(|axis| graph.derivative(term.residual, &Symbol::Jet(jet(axis)))).collect();
        let linear = graph.jets(&slopes).is_empty();
        linear.then(|| Self { slopes, rest: without_jets(graph, term.residual) })
    }

    /// The outward flux at a point, if the condition is one on it.
    fn at(&self, graph: &Graph, point: &[f64], piece: &Piece) -> Option<f64> {
        let normal = piece.normal_at(point)?;
        let roots: Vec<Expr> = self.slopes.iter().copied().chain([self.rest]).collect();
        let values = values_at(graph, &roots, point, Some(piece), |_| f64::NAN);
        let (rest, slopes) = values.split_last()?;
        let along: f64 = slopes.iter().zip(&normal).map(|(slope, n)| slope * n).sum();
        let parallel = slopes.iter().zip(&normal).all(|(slope, n)| (slope - along * n).abs() <= PARALLEL * along.abs());
        (parallel && along != 0.0).then(|| -rest / along)
    }
}

/// The integral of a function over some pieces and their measure; `None` where it has no value.
fn integral(model: &Model, place: &[Piece], value: &dyn Fn(&[f64], &Piece) -> Option<f64>) -> Option<(f64, f64)> {
    let (mut sum, mut measure) = (0.0, 0.0);
    for (number, piece) in place.iter().enumerate() {
        let part = piece.part.as_ref()?;
        let axes: Vec<AxisRange> = piece.ranges.iter().map(|[a, b]| AxisRange::new(*a, *b)).collect();
        let place = ProductPlace { axes: &axes, first: part.first, part: &part.part, keep: None };
        let stream = Stream::new(0, number as u64, 0);
        let points = place.draw(&Rule::Sobol { count: COUNT }, Place::Interior, &stream).ok()?.points;
        for (index, weight) in points.weights.iter().enumerate() {
            let point: Vec<f64> = points.coordinates.iter().map(|column| column[index]).collect();
            if keeps(model, piece, &point) {
                sum += weight * value(&point, piece)?;
                measure += weight;
            }
        }
    }
    Some((sum, measure))
}
