//! Which names a formula refers to.

use crate::diagnostic::Span;
use crate::syntax::ast::{Argument, Call, Equation, Formula, FormulaKind, Predicate, PredicateKind, Statement};
use crate::syntax::ast::{Interval, Space, StatementKind};

/// Receives each reference: the name and its place. Indices of `sum` and names in `bound` are no references.
pub(super) struct References<'a, 'f> {
    bound: Vec<&'a str>,
    found: &'f mut dyn FnMut(&'a str, Span),
}

impl<'a, 'f> References<'a, 'f> {
    /// Reports to `found` what is not one of the `bound` names.
    pub fn new(bound: Vec<&'a str>, found: &'f mut dyn FnMut(&'a str, Span)) -> Self {
        Self { bound, found }
    }

    fn name(&mut self, name: &'a str, span: Span) {
        if !self.bound.contains(&name) {
            (self.found)(name, span);
        }
    }

    /// The references of a formula.
    pub fn formula(&mut self, formula: &'a Formula) {
        match &formula.kind {
            FormulaKind::Number(_) | FormulaKind::Imaginary(_) | FormulaKind::Text(_) => {}
            FormulaKind::Name(name) => self.name(name, formula.span),
            FormulaKind::Call(call) => self.call(call),
            FormulaKind::Parenthesized(inner) | FormulaKind::Unary(_, inner) => self.formula(inner),
            FormulaKind::Tuple(items) => items.iter().for_each(|item| self.formula(item)),
            FormulaKind::Binary(_, a, b) => {
                self.formula(a);
                self.formula(b);
            }
            FormulaKind::Index(base, indices) => {
                self.formula(base);
                indices.iter().for_each(|index| self.formula(index));
            }
            FormulaKind::Component(base, _) => self.formula(base),
            FormulaKind::If(condition, then, otherwise) => {
                self.predicate(condition);
                self.formula(then);
                self.formula(otherwise);
            }
        }
    }

    fn call(&mut self, call: &'a Call) {
        self.name(&call.name.text, call.name.span);
        let outer = self.bound.len();
        for argument in &call.arguments {
            if let Argument::Index(name, range) = argument {
                self.formula(&range.first);
                self.formula(&range.last);
                self.bound.push(&name.text);
            }
        }
        for argument in &call.arguments {
            if let Argument::Positional(value) | Argument::Keyword(_, value) = argument {
                self.formula(value);
            }
        }
        self.bound.truncate(outer);
    }

    /// The references of a predicate.
    pub fn predicate(&mut self, predicate: &'a Predicate) {
        match &predicate.kind {
            PredicateKind::Or(parts) | PredicateKind::And(parts) => parts.iter().for_each(|p| self.predicate(p)),
            PredicateKind::Not(inner) => self.predicate(inner),
            PredicateKind::Comparison(first, rest) => {
                self.formula(first);
                rest.iter().for_each(|(_, formula)| self.formula(formula));
            }
            PredicateKind::Place(place) => self.formula(place),
        }
    }

    fn equation(&mut self, equation: &'a Equation) {
        self.formula(&equation.left);
        self.formula(&equation.right);
    }

    fn interval(&mut self, interval: &'a Interval) {
        self.formula(&interval.lower);
        self.formula(&interval.upper);
    }

    /// The references of a statement; the name that it declares is none, nor are the arguments of a `let`.
    pub fn statement(&mut self, statement: &'a Statement) {
        for attribute in &statement.attributes {
            attribute.value.iter().for_each(|value| self.formula(value));
            self.name(&attribute.name.text, attribute.name.span);
        }
        match &statement.kind {
            StatementKind::Problem(_) | StatementKind::Import(_) | StatementKind::Unknown(_) => {}
            StatementKind::Reference { .. } => {}
            StatementKind::Domain(spaces) => spaces.iter().for_each(|space| self.space(space)),
            StatementKind::Time { interval, .. } => self.interval(interval),
            StatementKind::Param { value, interval, .. } | StatementKind::Fit { value, interval, .. } => {
                value.iter().for_each(|value| self.formula(value));
                interval.iter().for_each(|interval| self.interval(interval));
            }
            StatementKind::Let { arguments, body, .. } => {
                let outer = self.bound.len();
                self.bound.extend(arguments.iter().map(|a| a.text.as_str()));
                self.formula(body);
                self.bound.truncate(outer);
            }
            StatementKind::Boundary { place, .. } | StatementKind::Region { place, .. } => self.predicate(place),
            StatementKind::Eq { equation, within, .. } => {
                self.equation(equation);
                within.iter().for_each(|place| self.predicate(place));
            }
            StatementKind::Bc { equations, place, .. } => {
                equations.iter().for_each(|equation| self.equation(equation));
                self.predicate(place);
            }
            StatementKind::Ic { equations, .. } | StatementKind::Exact(equations) => {
                equations.iter().for_each(|equation| self.equation(equation));
            }
            StatementKind::Constraint { equation, .. } | StatementKind::Ansatz(equation) => self.equation(equation),
            StatementKind::Minimize(formula) => self.formula(formula),
            StatementKind::Report { value, .. } | StatementKind::Set { value, .. } => self.formula(value),
            StatementKind::Data { names, .. } => names.iter().for_each(|name| self.name(&name.text, name.span)),
            StatementKind::Network { calls, .. } => calls.iter().for_each(|call| self.call(call)),
            StatementKind::Sample { target, rule } => {
                self.name(&target.text, target.span);
                self.call(rule);
            }
            StatementKind::Train(call) => self.call(call),
            StatementKind::Output(items) => items.iter().for_each(|item| self.formula(&item.value)),
        }
    }

    fn space(&mut self, space: &'a Space) {
        match space {
            Space::Axis { interval, .. } => self.interval(interval),
            Space::Axes { range, interval, .. } => {
                self.formula(&range.first);
                self.formula(&range.last);
                self.interval(interval);
            }
            Space::Shape { shape, .. } => self.formula(shape),
        }
    }
}
