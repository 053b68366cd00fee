//! Predicates as formulas: 1 where a condition holds, else 0.

use crate::expr::{Expr, Graph, Relation};
use crate::syntax::ast::{self, Formula, FormulaKind, Predicate, PredicateKind};

use super::elaborate::{Elaborator, PREDICATE_DEPTH};
use super::regions::{Region, Rest};
use super::scope::Meaning;
use super::values::Value;

impl<'a> Elaborator<'a> {
    /// A condition: 1 where it holds, else 0.
    pub fn condition(&mut self, predicate: &'a Predicate) -> Option<Expr> {
        self.guarded(PREDICATE_DEPTH, predicate.span, |this| this.condition_kind(predicate))
    }

    fn condition_kind(&mut self, predicate: &'a Predicate) -> Option<Expr> {
        match &predicate.kind {
            PredicateKind::Or(parts) => {
                let parts: Vec<_> = parts.iter().map(|part| self.condition(part)).collect();
                let parts = parts.into_iter().collect::<Option<Vec<_>>>()?;
                Some(parts.into_iter().rev().fold(Graph::ZERO, |rest, part| self.graph.select(part, Graph::ONE, rest)))
            }
            PredicateKind::And(parts) => {
                let parts: Vec<_> = parts.iter().map(|part| self.condition(part)).collect();
                let parts = parts.into_iter().collect::<Option<Vec<_>>>()?;
                Some(parts.into_iter().rev().fold(Graph::ONE, |rest, part| self.graph.select(part, rest, Graph::ZERO)))
            }
            PredicateKind::Not(inner) => {
                let inner = self.condition(inner)?;
                Some(self.graph.not(inner))
            }
            PredicateKind::Comparison(first, rest) => {
                let mut left = self.number(first, "a side of a comparison");
                let mut holds = Some(Graph::ONE);
                for (relation, formula) in rest {
                    let right = self.number(formula, "a side of a comparison");
                    let one = left.zip(right).map(|(a, b)| self.compare(*relation, a, b));
                    holds = holds.zip(one).map(|(a, b)| self.graph.select(a, b, Graph::ZERO));
                    left = right;
                }
                holds
            }
            PredicateKind::Place(place) => self.place_condition(place),
        }
    }

    /// `a relation b` as a formula.
    pub fn compare(&mut self, relation: ast::Relation, a: Expr, b: Expr) -> Expr {
        match relation {
            ast::Relation::Equal => self.graph.compare(Relation::Equal, a, b),
            ast::Relation::Less => self.graph.compare(Relation::Less, a, b),
            ast::Relation::LessEqual => self.graph.compare(Relation::LessEqual, a, b),
            ast::Relation::Greater => self.graph.compare(Relation::Less, b, a),
            ast::Relation::GreaterEqual => self.graph.compare(Relation::LessEqual, b, a),
            ast::Relation::NotEqual => {
                let equal = self.graph.compare(Relation::Equal, a, b);
                self.graph.not(equal)
            }
        }
    }

    fn place_condition(&mut self, place: &'a Formula) -> Option<Expr> {
        if let Some(solid) = self.shape_place(place) {
            let solid = solid?;
            let first = self.place_axes(&solid, place.span)?;
            return self.inside_of(&solid, first, place.span);
        }
        let mut inner = place;
        while let FormulaKind::Parenthesized(formula) = &inner.kind {
            inner = formula;
        }
        let FormulaKind::Name(name) = &inner.kind else {
            return self.error(
                "E0208",
                "a condition is a comparison or a name",
                place.span,
                "a formula alone is neither",
            );
        };
        match self.scope.get(name) {
            Some(Meaning::Place(predicate)) => {
                if let Some(Value::Number(condition)) = self.definition(name) {
                    return Some(condition);
                }
                // Elaborated once more for its diagnostics, which belong to this use.
                if self.scope.is_cyclic(name) { None } else { self.condition(predicate) }
            }
            Some(Meaning::Unsupported) => None,
            Some(_) => {
                self.error("E0208", format!("`{name}` is not a condition"), place.span, "a comparison is needed here")
            }
            None if matches!(name.as_str(), "boundary" | "rest") => {
                self.error("E0208", format!("`{name}` is not a condition at points inside"), place.span, "here")
            }
            None => match self.mesh_group(name) {
                Some(group) => match self.group_region(group, name, place.span, &Rest::Inside)? {
                    Region::Condition(condition) => Some(condition),
                    _ => None,
                },
                None => self.unknown_name(name, place.span),
            },
        }
    }
}
