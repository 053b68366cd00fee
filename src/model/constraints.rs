//! The statement `constraint`: an equation between integrals and numbers.
//!
//! It holds at every point of the axes that it depends on: once for `integral(u) = 0`, and at all times where there is
//! time.

use crate::diagnostic::Diagnostic;
use crate::expr::{Expr, Symbol};
use crate::syntax::ast::{Equation, Statement, StatementKind};

use super::elaborate::Elaborator;
use super::problem::{FieldSource, Piece, Shape, TermKind};
use super::terms::{Setting, Terms};

impl<'a> Elaborator<'a> {
    /// The terms of a constraint.
    pub(super) fn constraint_term(&mut self, terms: &mut Terms, statement: &'a Statement) {
        let StatementKind::Constraint { label, equation } = &statement.kind else { return };
        let weight = self.term_attributes(statement, &[]);
        let setting =
            Setting { kind: TermKind::Constraint, label: label.as_ref(), weight, hard: false, several: false };
        let Some((left, right)) = self.sides(equation) else { return self.claim_label(terms, &setting) };
        let roots = [left.components(), right.components()].concat();
        let normal = self.reject_normals(&left, &right, equation, "a constraint has no place, so there is no normal");
        if normal || self.pointwise(&roots, equation) {
            return self.claim_label(terms, &setting);
        }
        let place = vec![self.piece_of_axes(&roots)];
        self.push_terms(terms, &setting, equation, (left, right), place, None);
    }

    /// Reports a constraint without anything that is the same at all points.
    fn pointwise(&mut self, roots: &[Expr], equation: &'a Equation) -> bool {
        let symbols = self.graph.symbols(roots);
        let global = |symbol: &Symbol| match symbol {
            Symbol::Jet(jet) => self
                .fields
                .get(usize::from(jet.field))
                .is_some_and(|field| field.axes.is_empty() || matches!(field.source, FieldSource::Integral(_))),
            _ => false,
        };
        if symbols.iter().any(global) {
            return false;
        }
        let unknown = symbols.iter().find_map(|symbol| match symbol {
            Symbol::Jet(jet) => self.fields.get(usize::from(jet.field)).map(|field| field.name.clone()),
            _ => None,
        });
        let message = "a constraint speaks of integrals";
        let label = if unknown.is_some() { "this holds at points" } else { "no unknown on either side" };
        let found = Diagnostic::error("E0220", message, equation.span, label);
        self.found.push(match unknown {
            Some(name) => found.help(format!(
                "write `constraint integral({name}) = ...`; what holds everywhere is an `eq`, on the boundary a `bc`"
            )),
            None => found.help("for a mean value of an unknown u write `constraint integral(u) = 0`"),
        });
        true
    }

    /// The whole range of the axes that formulas depend on; the middle of the others.
    fn piece_of_axes(&self, roots: &[Expr]) -> Piece {
        let depends = |axis: usize| roots.iter().any(|&root| self.depends(root, axis));
        // The axes of a shape range over it together.
        let shape = self.shape.as_ref().filter(|shape| shape.axes().any(depends));
        let range = |(number, axis): (usize, &super::Axis)| {
            if depends(number) || shape.is_some_and(|shape| shape.axes().contains(&number)) {
                [axis.lower, axis.upper]
            } else {
                [axis.lower.midpoint(axis.upper); 2]
            }
        };
        let ranges = self.axes.iter().enumerate().map(range).collect();
        Piece { part: shape.map(Shape::interior), ..Piece::plain(ranges) }
    }
}
