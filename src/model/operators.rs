//! Functions and differential operators inside formulas. Space operators never act on time.

use crate::diagnostic::{Diagnostic, Span};
use crate::expr::{Expr, Function, Symbol};
use crate::syntax::ast::{Argument, Call, Formula, FormulaKind, Name};
use crate::syntax::print_formula;

use super::elaborate::{Elaborator, HIGHEST_ORDER, counted};
use super::foreign;
use super::scope::{Meaning, callable};
use super::shapes::SHAPES;
use super::values::Value;

/// The most members of a `sum`.
const MOST_MEMBERS: i64 = 1000;
/// Steps of work that adding one member counts for.
const WORK_OF_MEMBER: usize = 300;

/// The indices of a sum, each with its first and last number.
pub(super) type Indices<'a> = Vec<(&'a Name, (i64, i64))>;

impl<'a> Elaborator<'a> {
    /// The arguments of a call without keys.
    pub(super) fn positional(&mut self, call: &'a Call) -> Option<Vec<&'a Formula>> {
        let mut formulas = Vec::new();
        for argument in &call.arguments {
            match argument {
                Argument::Positional(formula) => formulas.push(formula),
                Argument::Keyword(name, _) | Argument::Index(name, _) => {
                    let message = format!("`{}` takes no argument `{}`", call.name.text, name.text);
                    return self.error("E0208", message, name.span, "not an argument");
                }
            }
        }
        Some(formulas)
    }

    /// Exactly `N` arguments without keys.
    pub(super) fn arguments<const N: usize>(&mut self, call: &'a Call) -> Option<[&'a Formula; N]> {
        let formulas = self.positional(call)?;
        let given = formulas.len();
        if let Ok(formulas) = formulas.try_into() {
            return Some(formulas);
        }
        let message = format!("`{}` takes {}, not {given}", call.name.text, counted(N, "argument"));
        self.error("E0208", message, call.span, "in this call")
    }

    /// A function of the language.
    pub(super) fn function(&mut self, function: Function, call: &'a Call) -> Option<Value> {
        let what = format!("the argument of `{}`", function.name());
        if function.arity() == 1 {
            let [argument] = self.arguments(call)?;
            let value = self.formula(argument)?;
            if value.is_complex_number() {
                return match self.complex_function(function, &value) {
                    Some(value) => Some(value),
                    None => self.real_only(function, call),
                };
            }
            let argument = self.expect_number(value, argument.span, &what)?;
            return Some(Value::Number(self.graph.call(function, &[argument])));
        }
        let arguments = self.positional(call)?;
        if arguments.len() < 2 {
            let message = format!("`{}` takes at least 2 arguments", function.name());
            return self.error("E0208", message, call.span, counted(arguments.len(), "argument"));
        }
        let values: Vec<_> = arguments.into_iter().map(|argument| self.number(argument, &what)).collect();
        let values: Vec<Expr> = values.into_iter().collect::<Option<_>>()?;
        values.into_iter().reduce(|a, b| self.graph.call(function, &[a, b])).map(Value::Number)
    }

    /// An operator that is written like a function.
    pub(super) fn operator(&mut self, call: &'a Call) -> Option<Value> {
        match call.name.text.as_str() {
            "sqrt" => {
                let [argument] = self.arguments(call)?;
                let argument = self.number(argument, "the argument of `sqrt`")?;
                Some(Value::Number(self.graph.sqrt(argument)))
            }
            "d" => self.derivative_call(call),
            "grad" | "div" | "curl" | "lap" | "dn" | "adv" | "dot" | "norm2" | "trace" | "transpose" => {
                self.calculus(call)
            }
            name @ ("re" | "im" | "conj" | "abs2") => {
                let [argument] = self.arguments(call)?;
                self.part_of_complex(name, argument)
            }
            "sum" => self.sum(call),
            "table" => self.table_call(call).map(Value::Number),
            "net" => self.net(call),
            "integral" => self.integral(call),
            name if SHAPES.contains(&name) && !self.scope.excuses(name) => {
                self.shape_as_number(&format!("`{name}(..)`"), call.span)
            }
            name => self.unknown_function(name, call),
        }
    }

    fn unknown_function(&mut self, name: &'a str, call: &'a Call) -> Option<Value> {
        if self.scope.excuses(name) {
            return None;
        }
        let mut diagnostic =
            Diagnostic::error("E0101", format!("unknown function `{name}`"), call.name.span, "not declared");
        if let Some(meant) = foreign::function(name) {
            self.found.push(diagnostic.help(meant));
            return None;
        }
        if let Some(shape) = foreign::shape(name) {
            self.found.push(diagnostic.help(shape));
            return None;
        }
        if let Some(similar) = self.scope.similar(name, &callable()) {
            diagnostic = diagnostic.note(format!("a similar name exists: `{similar}`"));
        }
        let arguments = ["s", "a, b", "a, b, c"].get(call.arguments.len().saturating_sub(1)).unwrap_or(&"a, b, ...");
        self.found.push(diagnostic.help(format!("declare it: `let {name}({arguments}) = ...`")));
        None
    }

    /// The derivative along an axis, of coordinates and unknowns alike.
    pub(super) fn derivative(&mut self, expr: Expr, axis: usize, span: Span) -> Option<Expr> {
        if !self.may_differentiate(expr, span) {
            return None;
        }
        let has_normal = self.graph.symbols(&[expr]).iter().any(|symbol| matches!(symbol, Symbol::Normal(_)));
        let moves = self.shape.as_ref().is_some_and(|shape| shape.axes().contains(&axis));
        if has_normal && moves && self.has_curved_boundary() {
            let message = "a derivative of something with the normal, which changes along a curved boundary";
            return self.error("E0509", message, span, "only the boundary has a normal");
        }
        let order = self.graph.jets(&[expr]).iter().map(|jet| jet.index.order()).max().unwrap_or(0);
        if order >= HIGHEST_ORDER {
            return self.order_too_high(order + 1, span);
        }
        let derivative = self.total_derivative(expr, axis, span)?;
        let jets = self.graph.jets(&[derivative]);
        self.mentions.extend(jets.into_iter().map(|jet| (jet, span)));
        Some(derivative)
    }

    /// A derivative walks the whole formula, and repeated ones grow it without bound.
    fn may_differentiate(&mut self, expr: Expr, span: Span) -> bool {
        let mut operands = 0;
        for e in self.graph.reachable(&[expr]) {
            self.graph.node(e).for_each_operand(|_| operands += 1);
        }
        self.work += 8 * operands + self.graph.len() / 256;
        self.guarded(1, span, |_| Some(())).is_some()
    }

    /// `d(expr, x)`, `d(expr, x, 2)`
    fn derivative_call(&mut self, call: &'a Call) -> Option<Value> {
        let arguments = self.positional(call)?;
        let (formula, axis, order) = match arguments.as_slice() {
            [formula, axis] => (*formula, *axis, None),
            [formula, axes @ ..] if axes.len() > 1 && axes.iter().all(|axis| self.names_axis(axis)) => {
                return self.one_axis_at_a_time(formula, axes, call.span);
            }
            [formula, axis, order] => (*formula, *axis, Some(*order)),
            _ => {
                let message = format!("`d` takes 2 or 3 arguments, not {}", arguments.len());
                let diagnostic = Diagnostic::error("E0208", message, call.span, "in this call");
                self.found.push(diagnostic.help("write `d(expr, x)` or `d(expr, x, 2)`"));
                return None;
            }
        };
        let (value, axis) = (self.formula(formula), self.axis(axis));
        let order = match order {
            Some(order) => self.order(order)?,
            None => 1,
        };
        let (value, axis) = (value?, axis?);
        self.componentwise(&value, |this, mut expr| {
            for _ in 0..order {
                expr = this.derivative(expr, axis, call.span)?;
            }
            Some(expr)
        })
    }

    fn names_axis(&self, formula: &Formula) -> bool {
        matches!(&formula.kind, FormulaKind::Name(name) if matches!(self.scope.get(name), Some(Meaning::Axis)))
    }

    /// `d(u, x, y)`
    fn one_axis_at_a_time<T>(&mut self, formula: &Formula, axes: &[&Formula], span: Span) -> Option<T> {
        let axes: Vec<String> = axes.iter().map(|axis| print_formula(axis)).collect();
        let inner = print_formula(formula);
        let is_unknown = matches!(self.scope.get(&inner), Some(Meaning::Unknown(_)));
        let help = if is_unknown {
            format!("write `{inner}_{}`", axes.concat())
        } else {
            format!("write `{}`", axes.iter().fold(inner, |inner, axis| format!("d({inner}, {axis})")))
        };
        let diagnostic = Diagnostic::error("E0208", "`d` is along one axis", span, "along more than one");
        self.found.push(diagnostic.help(help));
        None
    }

    fn order(&mut self, formula: &'a Formula) -> Option<usize> {
        let expr = self.number(formula, "the order of a derivative")?;
        let value = self.graph.constant_value(expr);
        match value {
            Some(order) if order >= 1.0 && order.fract() == 0.0 => {
                if order > HIGHEST_ORDER as f64 {
                    return self.order_too_high(order.min(1e9) as usize, formula.span);
                }
                Some(order as usize)
            }
            _ => {
                let label = value.map_or_else(|| "not a number".to_owned(), |value| format!("this is {value}"));
                self.error("E0210", "the order of a derivative is a whole number, at least 1", formula.span, label)
            }
        }
    }

    /// A formula that must be the name of an axis.
    pub(super) fn axis(&mut self, formula: &'a Formula) -> Option<usize> {
        match &formula.kind {
            FormulaKind::Parenthesized(inner) => self.axis(inner),
            FormulaKind::Index(base, indices) => match self.indexed_axis(base, indices, formula.span) {
                Some(axis) => axis,
                None => self.not_an_axis(formula),
            },
            FormulaKind::Name(name) => match self.scope.get(name) {
                Some(Meaning::Axis) => self.axes.iter().position(|axis| axis.name == *name),
                Some(Meaning::Unsupported) => None,
                None if self.scope.excuses(name) => None,
                _ => self.not_an_axis(formula),
            },
            _ => self.not_an_axis(formula),
        }
    }

    fn not_an_axis<T>(&mut self, formula: &'a Formula) -> Option<T> {
        let names: Vec<&str> = self.axes.iter().map(|axis| axis.name.as_str()).collect();
        let label = format!("axes are {}", names.join(", "));
        self.error("E0201", format!("`{}` is not an axis", print_formula(formula)), formula.span, label)
    }

    /// The indices of a `sum` with their ranges, and its formula.
    pub(super) fn sum_arguments(&mut self, call: &'a Call) -> Option<(Indices<'a>, &'a Formula)> {
        let mut indices = Vec::new();
        let mut body = None;
        for argument in &call.arguments {
            match argument {
                Argument::Index(name, range) => indices.push((name, self.range(range, MOST_MEMBERS)?)),
                Argument::Positional(formula) if body.is_none() => body = Some(formula),
                Argument::Positional(formula) | Argument::Keyword(_, formula) => {
                    return self.error("E0208", "`sum` takes one formula", formula.span, "one too many");
                }
            }
        }
        let (Some(body), false) = (body, indices.is_empty()) else {
            let diagnostic =
                Diagnostic::error("E0208", "`sum` takes an index and a formula", call.span, "in this call");
            self.found.push(diagnostic.help("write `sum(i in 1..10, ...)`"));
            return None;
        };
        let members = indices.iter().try_fold(1i64, |product, (_, (a, b))| product.checked_mul(b - a + 1));
        if members.is_none_or(|members| members > MOST_MEMBERS) {
            let message = format!("a sum of more than {MOST_MEMBERS} members");
            return self.error("E0212", message, call.span, "here");
        }
        Some((indices, body))
    }

    /// `sum(i in 1..10, expr)`, with one index or more.
    fn sum(&mut self, call: &'a Call) -> Option<Value> {
        let (indices, body) = self.sum_arguments(call)?;
        let mut terms = Vec::new();
        self.members(&indices, &mut |this| {
            terms.push(this.formula(body)?);
            Some(())
        })?;
        // Exact fractions grow with every term that is added.
        self.work += terms.len() * WORK_OF_MEMBER;
        let first = terms.first()?.clone();
        for term in &terms {
            self.same_shape(&first, term, body.span)?;
        }
        if let Value::Number(_) = first
            && !terms.iter().any(Value::is_complex)
        {
            let numbers: Vec<Expr> = terms.iter().flat_map(Value::components).collect();
            return Some(Value::Number(self.graph.sum(numbers)));
        }
        let mut total = first;
        for term in terms.iter().skip(1) {
            total = self.zip(&total, term, |graph, a, b| graph.add(a, b));
        }
        Some(total)
    }

    /// Takes a step for each member of a sum, in which the indices stand for their numbers.
    pub(super) fn members(
        &mut self,
        indices: &[(&'a Name, (i64, i64))],
        step: &mut dyn FnMut(&mut Self) -> Option<()>,
    ) -> Option<()> {
        let Some(((name, (first, last)), rest)) = indices.split_first() else { return step(self) };
        for index in *first..=*last {
            let value = Value::Number(self.graph.integer(index));
            self.with_local(&name.text, value, |this| this.members(rest, step))?;
        }
        Some(())
    }
}
