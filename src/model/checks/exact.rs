//! `exact` must satisfy every equation and condition whose fields all have one.
//!
//! All derivatives are taken symbolically and the two sides compared at fixed points of the term's place, relative to
//! the largest summand that the term has there or in the box: a side that vanishes on the whole place must not turn
//! rounding into an error of 100 %.

use rustc_hash::FxHashMap;

use crate::diagnostic::Diagnostic;
use crate::expr::{Expr, Graph, Jet, MultiIndex, Node, Symbol};
use crate::geometry::Rule;

use super::super::{FieldSource, Integral, Model, Piece, Term, TermKind};
use super::estimate::{Estimates, estimate};
use super::nonlocal::{Quadrature, Quadratures};
use super::probe::{points_inside, points_of_term};
use super::wording::{number, point};

/// The largest residual, relative to the largest summand.
const TOLERANCE: f64 = 1e-6;
/// The same where an integral has points that are no Gauss points.
const ROUGH_TOLERANCE: f64 = 5e-2;
/// Below this share of the solution itself, everything is rounding.
const ROUNDING: f64 = 1e-9;

pub(super) fn check(model: &Model, graph: &mut Graph) -> Vec<Diagnostic> {
    let mut solution = Solution::new(model, graph);
    let (numbers, mut found) = estimate(model, graph, &mut solution);
    solution.numbers = numbers;
    let residuals = model.terms.iter().filter(|term| term.kind.is_residual());
    found.extend(residuals.filter_map(|term| check_term(model, graph, &mut solution, term)));
    found
}

/// Points, each with the piece that it lies in.
pub(super) type PlacedPoints = Vec<(Vec<f64>, Piece)>;

/// The residuals of all terms whose fields have an exact solution, with it inserted, and points of their places. Numbers
/// that are to be found stay what they are.
pub(super) fn inserted_residuals(
    model: &Model,
    graph: &mut Graph,
    solution: &mut Solution,
) -> Vec<(Expr, PlacedPoints)> {
    let mut found = Vec::new();
    for term in model.terms.iter().filter(|term| term.kind.is_residual()) {
        // What is under an integral sign has values, but no derivatives in the numbers.
        if model.integrals_in(&[term.residual]).into_iter().next().is_some() {
            continue;
        }
        if let Some(residual) = solution.insert(graph, term.residual) {
            let points = points_of_term(model, term).into_iter().map(|(point, piece)| (point, piece.clone()));
            found.push((residual, points.collect()));
        }
    }
    found
}

/// The exact solution and its derivatives.
pub(super) struct Solution<'m> {
    model: &'m Model,
    derivatives: FxHashMap<Jet, Expr>,
    integrals: Quadratures,
    pub(super) numbers: Estimates,
}

impl<'m> Solution<'m> {
    /// The exact solution of a model, with its integrals.
    pub(super) fn new(model: &'m Model, graph: &mut Graph) -> Self {
        let mut solution = Self {
            model,
            derivatives: FxHashMap::default(),
            integrals: Quadratures::default(),
            numbers: Estimates::default(),
        };
        solution.insert_into_integrals(graph);
        solution
    }

    /// The values of formulas in which numbers that were estimated, tables and integrals may occur.
    pub(super) fn values_at(&self, graph: &Graph, roots: &[Expr], point: &[f64], piece: Option<&Piece>) -> Vec<f64> {
        let known = |jet: &Jet, point: &[f64]| {
            let number = self.numbers.of(usize::from(jet.field));
            number.or_else(|| self.model.known_value(jet, point))
        };
        self.integrals.values_with(graph, roots, point, piece, &known)
    }

    /// Whether all atoms of formulas have a value.
    pub(super) fn knows(&self, graph: &Graph, formulas: &[Expr]) -> bool {
        let source = |jet: &Jet| self.model.fields.get(usize::from(jet.field)).map(|field| field.source);
        graph.jets(formulas).iter().all(|jet| match source(jet) {
            Some(FieldSource::Number { .. }) => self.numbers.of(usize::from(jet.field)).is_some(),
            source => matches!(source, Some(FieldSource::Table { .. } | FieldSource::Integral(_))),
        })
    }

    /// Puts the exact solution under the integral signs; inner integrals come first.
    fn insert_into_integrals(&mut self, graph: &mut Graph) {
        for integral in &self.model.integrals {
            let Some(integrand) = self.insert(graph, integral.integrand) else { continue };
            let Ok(points) = self.model.integral_points(integral) else { continue };
            let (axes, moving) = (integral.over.axes.clone(), integral.over.moving);
            self.integrals.0.push(Quadrature { field: integral.field, integrand, axes, points, moving });
        }
    }

    /// A jet as a formula of the coordinates, of integrals, numbers and tables; `None` if the field has no exact solution.
    fn jet(&mut self, graph: &mut Graph, jet: &Jet) -> Option<Expr> {
        if self.model.integral_of(jet.field.into()).is_some() {
            let known = self.integrals.0.iter().any(|known| known.field == usize::from(jet.field));
            return known.then(|| graph.jet(jet.field.into(), jet.index.clone()));
        }
        if let Some(&known) = self.derivatives.get(jet) {
            return Some(known);
        }
        let source = self.model.fields.get(usize::from(jet.field))?.source;
        if matches!(source, FieldSource::Number { .. } | FieldSource::Table { .. }) {
            return Some(graph.jet(usize::from(jet.field), jet.index.clone()));
        }
        let mut value = self.model.exact(usize::from(jet.field))?;
        let mut index = MultiIndex::zero();
        for axis in jet.index.axes() {
            index = index.raised(axis, 1);
            let reached = Jet { field: jet.field, index: index.clone() };
            value = match self.derivatives.get(&reached) {
                Some(&known) => known,
                None => graph.derivative(value, &Symbol::Coordinate(u16::try_from(axis).ok()?)),
            };
            self.derivatives.insert(reached, value);
        }
        Some(value)
    }

    /// A formula with the exact solution in place of its fields.
    pub(super) fn insert(&mut self, graph: &mut Graph, formula: Expr) -> Option<Expr> {
        let jets = graph.jets(&[formula]);
        let images: FxHashMap<Jet, Expr> =
            jets.into_iter().map(|jet| self.jet(graph, &jet).map(|image| (jet, image))).collect::<Option<_>>()?;
        Some(graph.substitute(formula, |_, symbol| match symbol {
            Symbol::Jet(jet) => images.get(jet).copied(),
            _ => None,
        }))
    }
}

/// A term with the exact solution inserted.
struct Inserted {
    left: Expr,
    right: Expr,
    /// The summands of both sides, for scale.
    summands: Vec<Expr>,
    /// The fields themselves, for scale.
    fields: Vec<Expr>,
}

struct Worst {
    point: Vec<f64>,
    left: f64,
    right: f64,
}

fn check_term(model: &Model, graph: &mut Graph, solution: &mut Solution, term: &Term) -> Option<Diagnostic> {
    let inserted = insert(graph, solution, term)?;
    if !solution.knows(graph, &[inserted.left, inserted.right]) {
        return None;
    }
    let points = points_of_term(model, term);
    let values: Vec<_> = points.iter().map(|(p, piece)| sides(graph, solution, &inserted, p, piece)).collect();
    if let Some(i) = values.iter().position(|(left, right)| !(left - right).is_finite()) {
        let (point, _) = &points[i];
        return Some(not_finite(model, term, point));
    }
    let worst = (0..points.len()).max_by(|&i, &j| gap(values[i]).total_cmp(&gap(values[j])))?;
    let relative = gap(values[worst]) / scale(model, graph, solution, &inserted, &points);
    if relative <= tolerance(model, term) {
        return None;
    }
    let (left, right) = values[worst];
    let worst = Worst { point: points[worst].0.clone(), left, right };
    Some(report(model, term, &worst, relative, points.len()))
}

/// Integrals by random points are right to a few digits only.
fn tolerance(model: &Model, term: &Term) -> f64 {
    let by_gauss = |integral: &Integral| {
        let rules = integral.sampling.as_ref().map(|sampling| sampling.pieces.as_slice()).unwrap_or_default();
        rules.iter().all(|rule| matches!(rule, Rule::Gauss { .. }))
    };
    let rough = model.integrals_in(&[term.residual]).into_iter().any(|number| !by_gauss(&model.integrals[number]));
    if rough { ROUGH_TOLERANCE } else { TOLERANCE }
}

fn insert(graph: &mut Graph, solution: &mut Solution, term: &Term) -> Option<Inserted> {
    let jets = graph.jets(&[term.residual]);
    let summands: Vec<Expr> = [term.left, term.right].iter().flat_map(|side| summands(graph, *side)).collect();
    let summands = summands.into_iter().map(|s| solution.insert(graph, s)).collect::<Option<Vec<_>>>()?;
    let fields = jets.iter().map(|j| solution.jet(graph, &Jet { field: j.field, index: MultiIndex::zero() }));
    let fields = fields.collect::<Option<Vec<_>>>()?;
    let left = solution.insert(graph, term.left)?;
    let right = solution.insert(graph, term.right)?;
    (!jets.is_empty()).then_some(Inserted { left, right, summands, fields })
}

fn summands(graph: &mut Graph, side: Expr) -> Vec<Expr> {
    match graph.node(side).clone() {
        Node::Sum { terms, .. } => {
            terms.into_iter().map(|(term, coefficient)| graph.scale(coefficient, term)).collect()
        }
        _ => vec![side],
    }
}

fn sides(graph: &Graph, solution: &Solution, inserted: &Inserted, point: &[f64], piece: &Piece) -> (f64, f64) {
    let values = solution.values_at(graph, &[inserted.left, inserted.right], point, Some(piece));
    (values[0], values[1])
}

fn gap((left, right): (f64, f64)) -> f64 {
    (left - right).abs()
}

/// The size of the largest summand, on the place and in the box.
fn scale(model: &Model, graph: &Graph, solution: &Solution, inserted: &Inserted, points: &[(Vec<f64>, &Piece)]) -> f64 {
    let first = points.first().map(|(_, piece)| *piece);
    let in_box = points_inside(model).into_iter().map(|point| (point, first));
    let on_place = points.iter().map(|(point, piece)| (point.clone(), Some(*piece)));
    let mut largest = f64::MIN_POSITIVE;
    for (point, piece) in in_box.chain(on_place) {
        let size = |roots: &[Expr]| {
            let values = solution.values_at(graph, roots, &point, piece);
            values.into_iter().map(f64::abs).filter(|v| v.is_finite()).fold(0.0, f64::max)
        };
        for side in [inserted.left, inserted.right] {
            largest = largest.max(solution.integrals.size_at(graph, side, &point));
        }
        largest = largest.max(size(&inserted.summands)).max(ROUNDING * size(&inserted.fields));
    }
    largest
}

fn statement(term: &Term) -> String {
    let kind = match term.kind {
        TermKind::Equation => "equation",
        TermKind::Boundary => "boundary condition",
        TermKind::Initial => "initial condition",
        TermKind::Data(_) => "data",
        TermKind::Energy => "energy",
        TermKind::Constraint => "constraint",
    };
    format!("{kind} `{}`", term.label)
}

fn report(model: &Model, term: &Term, worst: &Worst, relative: f64, count: usize) -> Diagnostic {
    let message = format!("`exact` does not satisfy {}", statement(term));
    let at = point(model, &worst.point);
    let label = format!("at {at}: lhs = {}, rhs = {}", apart(worst.left, worst.right), apart(worst.right, worst.left));
    found_at(model, term, message, label)
        .note(format!("largest relative residual over {count} points: {}", number(relative)))
}

fn not_finite(model: &Model, term: &Term, at: &[f64]) -> Diagnostic {
    let message = format!("`exact` has no finite value in {}", statement(term));
    found_at(model, term, message, format!("not a number, or infinite, at {}", point(model, at)))
}

fn found_at(model: &Model, term: &Term, message: String, label: String) -> Diagnostic {
    let place = |jet: &Jet| model.components().nth(usize::from(jet.field))?.exact_span;
    let given = model.jets(&[term.residual]).iter().find_map(place);
    Diagnostic::error("E0602", message, given.unwrap_or(term.span), label).label(term.span, "not satisfied")
}

/// A number with as many digits as it takes to tell it from another one.
fn apart(value: f64, other: f64) -> String {
    let short = number(value);
    if short == number(other) { format!("{value:.9}") } else { short }
}
