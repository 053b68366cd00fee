//! Unknowns that are defined up to their sign, as eigenfunctions are.
//!
//! Where every equation and condition, with some unknowns negated, is itself or its negative, and every energy itself, the
//! negated solution is a solution, too. This is decided on formulas in normal form.

use crate::expr::{Expr, Graph, Jet, Symbol};

use super::problem::{FieldSource, Model, Unknown};

impl Model {
    /// Sets of unknowns whose signs change together without any equation noticing: each by itself where that is so, the
    /// others only all at once.
    pub fn up_to_sign(&self) -> Vec<Vec<usize>> {
        let mut graph = self.graph.clone();
        let all: Vec<usize> = (0..self.unknowns.len()).collect();
        let (alone, others): (Vec<usize>, Vec<usize>) =
            all.into_iter().partition(|&unknown| self.is_odd_or_even(&mut graph, &[unknown]));
        let mut sets: Vec<Vec<usize>> = alone.into_iter().map(|unknown| vec![unknown]).collect();
        if others.len() > 1 && self.is_odd_or_even(&mut graph, &others) {
            sets.push(others);
        }
        sets
    }

    /// Whether every term is itself or its negative where some unknowns are negated.
    fn is_odd_or_even(&self, graph: &mut Graph, unknowns: &[usize]) -> bool {
        let unknowns: Vec<&Unknown> = unknowns.iter().map(|&unknown| &self.unknowns[unknown]).collect();
        let values = unknowns.iter().flat_map(|unknown| &unknown.components).map(|component| component.value);
        let values: Vec<Expr> = values.collect();
        let fields: Vec<usize> = self.jets(&values).iter().map(|jet| jet.field.into()).collect();
        let negated = |graph: &mut Graph, e: Expr| {
            let image = self.negated(graph, e, &fields);
            let negative = graph.neg(e);
            (image, negative)
        };
        // A number that is negated is another number, and an ansatz need not be odd.
        let odd = values.iter().all(|&value| {
            let (image, negative) = negated(graph, value);
            image == Some(negative)
        });
        let functions = fields.iter().all(|&field| !self.fields[field].axes.is_empty());
        let built = fields.iter().all(|&field| match self.fields[field].source {
            FieldSource::Formula(formula) => {
                let negative = graph.neg(formula);
                self.negated(graph, formula, &self.made_from(field)) == Some(negative)
            }
            _ => true,
        });
        odd && built
            && functions
            && !fields.is_empty()
            && self.terms.iter().all(|term| {
                let (image, negative) = negated(graph, term.residual);
                let squared = term.kind.is_residual();
                image.is_some_and(|image| image == term.residual || squared && image == negative)
            })
    }

    /// A formula with some fields negated; `None` if an integral becomes another one.
    fn negated(&self, graph: &mut Graph, formula: Expr, fields: &[usize]) -> Option<Expr> {
        let mut sound = true;
        let image = graph.substitute(formula, |graph, symbol| {
            let Symbol::Jet(jet) = symbol else { return None };
            let negative = self.jet_is_negated(graph, jet, fields);
            sound &= negative.is_some();
            let same = graph.symbol(symbol.clone());
            negative.filter(|negative| *negative).map(|_| graph.neg(same))
        });
        sound.then_some(image)
    }

    /// Whether a jet changes its sign; `None` if it becomes something else.
    fn jet_is_negated(&self, graph: &mut Graph, jet: &Jet, fields: &[usize]) -> Option<bool> {
        let Some(integral) = self.integral_of(jet.field.into()) else {
            return Some(fields.contains(&usize::from(jet.field)));
        };
        let image = self.negated(graph, integral.integrand, fields)?;
        let negative = graph.neg(integral.integrand);
        match image {
            _ if image == integral.integrand => Some(false),
            _ if image == negative => Some(true),
            _ => None,
        }
    }
}
