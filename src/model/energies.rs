//! The statement `minimize`: energies, integrals of formulas that are added to the loss as they stand.
//!
//! What stands behind `minimize` is a sum of integrals with constant factors: `integral(e)` over space, `integral(e, x)`
//! over axes, `integral(e, over=wall)` over a named place, and one inside the other where there is time:
//! `integral(integral(e), t)`; definitions and `sum` may make them. Each becomes an energy with an integrand and a place;
//! those of one statement over the same place are one. An integral under another one's sign that is no term of a sum, as in
//! `integral(u*integral(u))`, is a function like others.

use crate::diagnostic::{Diagnostic, Span};
use crate::expr::{Expr, Graph, Symbol};
use crate::syntax::ast::{Argument, Ast, BinaryOperator, Call, Formula, FormulaKind, StatementKind, UnaryOperator};
use crate::syntax::print_formula;

use super::elaborate::Elaborator;
use super::problem::{AxisKind, Piece, TermKind};
use super::references::References;
use super::scope::Meaning;
use super::terms::{Draft, Terms, constant_normals};

/// An integral of a formula, before it is an energy.
struct Part<'a> {
    integrand: Expr,
    /// The axes that it is over, without those of a named place.
    axes: Vec<usize>,
    /// The place, where one is named.
    over: Option<&'a Formula>,
    span: Span,
}

impl<'a> Elaborator<'a> {
    /// The energies of a file, in order: drafts with the integrand on the left side.
    pub fn energies(&mut self, ast: &'a Ast, terms: &mut Terms) -> Vec<Draft> {
        let mut energies: Vec<Draft> = Vec::new();
        for statement in &ast.statements {
            let StatementKind::Minimize(formula) = &statement.kind else { continue };
            let weight = self.term_attributes(statement, &[]);
            if !self.has_integral(formula) {
                self.without_integral(formula);
                continue;
            }
            let Some(parts) = self.parts(formula) else { continue };
            let first = energies.len();
            for part in parts {
                let Some(place) = self.place_of_part(&part) else { continue };
                let without_normal = !place.iter().all(Piece::has_normal);
                if without_normal && self.has_normal(part.integrand) {
                    let message = "the normal exists only on the boundary";
                    self.found.push(Diagnostic::error("E0309", message, part.span, "this integral is not over it"));
                    continue;
                }
                let integrand = self.with_known_normals(part.integrand, constant_normals(&place).as_deref());
                match energies[first..].iter_mut().find(|draft| draft.place == place) {
                    Some(draft) => {
                        draft.left = self.graph.add(draft.left, integrand);
                        draft.residual = draft.left;
                        draft.span = draft.span.to(part.span);
                    }
                    None => energies.push(Draft {
                        label: terms.unique("energy".to_owned()),
                        statement: None,
                        kind: TermKind::Energy,
                        left: integrand,
                        right: Graph::ZERO,
                        residual: integrand,
                        place,
                        weight,
                        hard: false,
                        span: part.span,
                        place_span: part.over.map(|over| over.span),
                    }),
                }
            }
        }
        energies
    }

    fn has_normal(&self, expr: Expr) -> bool {
        self.graph.symbols(&[expr]).iter().any(|symbol| matches!(symbol, Symbol::Normal(_)))
    }

    /// A sum of integrals, term by term.
    fn parts(&mut self, formula: &'a Formula) -> Option<Vec<Part<'a>>> {
        self.guarded(1, formula.span, |this| this.parts_of_kind(formula))
    }

    fn parts_of_kind(&mut self, formula: &'a Formula) -> Option<Vec<Part<'a>>> {
        match &formula.kind {
            FormulaKind::Parenthesized(inner) | FormulaKind::Unary(UnaryOperator::Plus, inner) => self.parts(inner),
            FormulaKind::Unary(UnaryOperator::Minus, inner) => {
                let minus = self.graph.integer(-1);
                self.scaled_parts(inner, minus)
            }
            FormulaKind::Binary(BinaryOperator::Add, a, b) => {
                let (a, b) = (self.parts(a), self.parts(b));
                Some([a?, b?].into_iter().flatten().collect())
            }
            FormulaKind::Binary(BinaryOperator::Subtract, a, b) => {
                let minus = self.graph.integer(-1);
                let (a, b) = (self.parts(a), self.scaled_parts(b, minus));
                Some([a?, b?].into_iter().flatten().collect())
            }
            FormulaKind::Binary(BinaryOperator::Multiply, a, b) if !self.has_integral(a) => {
                let factor = self.factor(a)?;
                self.scaled_parts(b, factor)
            }
            FormulaKind::Binary(BinaryOperator::Multiply, a, b) if !self.has_integral(b) => {
                let factor = self.factor(b)?;
                self.scaled_parts(a, factor)
            }
            FormulaKind::Binary(BinaryOperator::Divide, a, b) if !self.has_integral(b) => {
                let divisor = self.factor(b)?;
                let factor = self.graph.div(Graph::ONE, divisor);
                self.scaled_parts(a, factor)
            }
            FormulaKind::Call(call) => match self.scope.get(&call.name.text) {
                Some(Meaning::Let(names @ [_, ..], body)) if self.has_integral(body) => {
                    let values = self.argument_values(call, names)?;
                    self.define_for(body);
                    self.with_arguments(names, values, |this| this.parts(body))
                }
                None if call.name.text == "integral" => self.integral_parts(call),
                None if call.name.text == "sum" => {
                    let (indices, body) = self.sum_arguments(call)?;
                    let mut parts = Vec::new();
                    self.members(&indices, &mut |this| {
                        parts.extend(this.parts(body)?);
                        Some(())
                    })?;
                    Some(parts)
                }
                _ => self.no_sum_of_integrals(formula),
            },
            FormulaKind::Name(name) => match self.scope.get(name) {
                Some(Meaning::Let([], body)) if !self.scope.is_cyclic(name) && self.has_integral(body) => {
                    self.parts(body)
                }
                Some(Meaning::Unsupported) => None,
                None if self.scope.excuses(name) => None,
                _ => self.no_sum_of_integrals(formula),
            },
            _ => self.no_sum_of_integrals(formula),
        }
    }

    fn scaled_parts(&mut self, formula: &'a Formula, factor: Expr) -> Option<Vec<Part<'a>>> {
        let mut parts = self.parts(formula)?;
        parts.iter_mut().for_each(|part| part.integrand = self.graph.mul(factor, part.integrand));
        Some(parts)
    }

    /// A constant factor of an integral.
    fn factor(&mut self, formula: &'a Formula) -> Option<Expr> {
        let value = self.root_number(formula)?;
        if self.graph.symbols(&[value]).is_empty() {
            return Some(value);
        }
        let text = print_formula(formula);
        let message = format!("`{text}` is not constant, but stands outside of the integral");
        let diagnostic = Diagnostic::error("E0214", message, formula.span, "depends on the point");
        self.found.push(diagnostic.help(format!("write it inside: `integral({text}*...)`")));
        None
    }

    fn no_sum_of_integrals<T>(&mut self, formula: &'a Formula) -> Option<T> {
        if !self.has_integral(formula) {
            self.without_integral(formula);
            return None;
        }
        let message = "what is minimized is not linear in its integrals";
        let diagnostic = Diagnostic::error("E0214", message, formula.span, "takes an integral");
        self.found.push(
            diagnostic.help(
                "`minimize` takes a sum of integrals with constant factors: `minimize integral(f) - 2*integral(g)`",
            ),
        );
        None
    }

    /// Reports a formula that is no integral; one with mistakes of its own has been reported for these.
    fn without_integral(&mut self, formula: &'a Formula) {
        if self.root_number(formula).is_none() {
            return;
        }
        let message = "`minimize` takes integrals";
        let diagnostic = Diagnostic::error("E0214", message, formula.span, "not under an integral sign");
        self.found.push(diagnostic.help(format!("write `integral({})`", print_formula(formula))));
    }

    /// Whether a formula takes an integral somewhere, also by a definition.
    fn has_integral(&self, formula: &'a Formula) -> bool {
        let mut open = vec![formula];
        let mut seen: Vec<&str> = Vec::new();
        while let Some(formula) = open.pop() {
            let mut names = Vec::new();
            References::new(Vec::new(), &mut |name, _| names.push(name)).formula(formula);
            for name in names {
                if name == "integral" {
                    return true;
                }
                if let Some(Meaning::Let(_, body)) = self.scope.get(name)
                    && !seen.contains(&name)
                {
                    seen.push(name);
                    open.push(body);
                }
            }
        }
        false
    }

    /// `integral(e)`, `integral(e, t)`, `integral(e, over=wall)`; e may be a sum of integrals again.
    fn integral_parts(&mut self, call: &'a Call) -> Option<Vec<Part<'a>>> {
        let (mut inside, mut axes, mut over) = (None, Vec::new(), None);
        for argument in &call.arguments {
            match argument {
                Argument::Positional(formula) if inside.is_none() => inside = Some(formula),
                Argument::Positional(axis) => axes.push(self.axis(axis)?),
                Argument::Keyword(name, place) if name.text == "over" && over.is_none() => over = Some(place),
                Argument::Keyword(name, _) => {
                    let message = format!("unknown option `{}` of `integral`", name.text);
                    return self.error("E0401", message, name.span, "known: over");
                }
                Argument::Index(name, range) => {
                    let message = "an energy is over whole axes";
                    let diagnostic = Diagnostic::error("E0214", message, range.span, "a range");
                    let axis = &name.text;
                    self.found.push(diagnostic.help(format!(
                        "declare the part, `region part: {axis} < 1/2`, and write `integral(e, over=part)`"
                    )));
                    return None;
                }
            }
        }
        let Some(inside) = inside else {
            return self.error("E0214", "an integral of nothing", call.span, "no formula");
        };
        if over.is_some() && !axes.is_empty() {
            let message = "an integral is over axes or over a place";
            let diagnostic = Diagnostic::error("E0214", message, call.span, "over both");
            self.found.push(diagnostic.help("integrate twice: `integral(integral(e, over=wall), t)`"));
            return None;
        }
        if over.is_none() && axes.is_empty() {
            axes = self.space();
        }
        let all_of_space = over.is_some() || self.space().iter().all(|axis| axes.contains(axis));
        let parts = match self.has_integral(inside) {
            true if all_of_space => self.inner_parts(inside),
            true => Some(self.parts(inside)?),
            false => None,
        };
        let mut parts = match parts {
            Some(parts) => parts,
            None => vec![Part { integrand: self.root_number(inside)?, axes: Vec::new(), over: None, span: call.span }],
        };
        for part in &mut parts {
            let twice = axes.iter().find(|axis| part.axes.contains(axis));
            let space_twice = over.is_some() && self.space().iter().any(|axis| part.axes.contains(axis));
            let covered = part.over.is_some() && (over.is_some() || axes.iter().any(|a| self.space().contains(a)));
            if twice.is_some() || space_twice || covered {
                return self.error("E0214", "an integral over the same axis twice", call.span, "again here");
            }
            part.axes.extend(&axes);
            part.over = part.over.or(over);
            part.span = call.span;
        }
        Some(parts)
    }

    /// What stands under an integral sign as a sum of integrals, if it is one.
    fn inner_parts(&mut self, inside: &'a Formula) -> Option<Vec<Part<'a>>> {
        let told = self.found.len();
        let parts = self.parts(inside);
        if parts.is_none() {
            // Read as a formula it says what is wrong with it, if anything is.
            self.found.truncate(told);
        }
        parts
    }

    /// The pieces of the place; reports an axis that is not integrated over.
    fn place_of_part(&mut self, part: &Part<'a>) -> Option<Vec<Piece>> {
        if self.unsure {
            return None;
        }
        let open = |axis: &usize| {
            let covered = part.over.is_some() && self.axes[*axis].kind == AxisKind::Space;
            !covered && !part.axes.contains(axis)
        };
        if let Some(axis) = (0..self.axes.len()).find(open) {
            let name = self.axes[axis].name.clone();
            let nested = format!("write `integral(integral(...), {name})`");
            let (code, message, help) = match self.axes[axis].kind {
                AxisKind::Time => {
                    ("E0213", format!("an energy of a problem with time is also an integral over {name}"), nested)
                }
                AxisKind::Parameter => {
                    ("E0213", format!("an energy that depends on {name} is also an integral over it"), nested)
                }
                AxisKind::Space => {
                    let message = format!("what is minimized is a number, but this depends on {name}");
                    ("E0214", message, "write `integral(e)` for all of space".to_owned())
                }
            };
            self.found.push(Diagnostic::error(code, message, part.span, format!("not over {name}")).help(help));
            return None;
        }
        let Some(over) = part.over else { return Some(vec![self.interior()]) };
        let pieces = self.pieces_over(over)?;
        if pieces.is_empty() {
            return self.error("E0305", "an integral over nothing", over.span, "no point lies here");
        }
        Some(pieces)
    }
}
