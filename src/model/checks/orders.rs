//! How often the equations differentiate each field along each axis, and where they say so.

use crate::diagnostic::Span;
use crate::expr::Jet;

use super::super::{Model, Term, TermKind};

/// The orders of the equations.
pub(super) struct Orders {
    /// By field and axis.
    orders: Vec<Vec<u8>>,
    /// How many of the fields, the first, are components of unknowns.
    declared: usize,
}

impl Orders {
    /// Reads all equations of a model.
    pub(super) fn of(model: &Model) -> Self {
        let mut orders = vec![vec![0; model.axes.len()]; model.fields.len()];
        for jet in equations(model).flat_map(|term| model.local_jets(term.residual)) {
            for (axis, &order) in jet.index.orders().iter().enumerate() {
                let known = &mut orders[usize::from(jet.field)][axis];
                *known = (*known).max(order);
            }
        }
        Self { orders, declared: model.declared().len() }
    }

    /// The highest order of `field` along `axis`.
    pub(super) fn along(&self, field: usize, axis: usize) -> u8 {
        self.orders[field][axis]
    }

    /// The sum over all components of unknowns; what else is differentiated, such as a table, takes no conditions.
    pub(super) fn total(&self, axis: usize) -> usize {
        self.orders[..self.declared].iter().map(|orders| usize::from(orders[axis])).sum()
    }

    /// The place where the highest derivative of `field` along `axis` is written.
    pub(super) fn place(&self, model: &Model, field: usize, axis: usize) -> Span {
        let order = self.along(field, axis);
        let is_highest = |jet: &Jet| usize::from(jet.field) == field && jet.index.along(axis) == order;
        place_of(model, is_highest).unwrap_or(model.fields[field].span)
    }
}

/// The equations of a model.
pub(super) fn equations(model: &Model) -> impl Iterator<Item = &Term> {
    model.terms.iter().filter(|term| term.kind == TermKind::Equation)
}

/// Where the equations and energies write a jet that fits: the jet itself if its place is known, else its equation.
pub(super) fn place_of(model: &Model, fits: impl Fn(&Jet) -> bool) -> Option<Span> {
    let equation =
        equations(model).chain(model.energies()).find(|term| model.graph.jets(&[term.residual]).iter().any(&fits))?;
    Some(place_in(model, equation, fits))
}

/// Where a term writes a jet that fits, or else the term.
pub(super) fn place_in(model: &Model, term: &Term, fits: impl Fn(&Jet) -> bool) -> Span {
    let inside = |span: Span| term.span.start <= span.start && span.end <= term.span.end;
    let fitting = model.mentions.iter().filter(|(jet, span)| inside(*span) && fits(jet));
    // `u_x` by itself says it better than the operator that also makes one on its way.
    let mention = fitting.min_by_key(|(_, span)| span.end - span.start);
    mention.map_or(term.span, |(_, span)| *span)
}
