//! Functions and differential operators inside formulas. Space operators never act on time.

use crate::diagnostic::{Diagnostic, Span};
use crate::expr::{Expr, Function, Graph};
use crate::syntax::ast::{Argument, Call, Formula, FormulaKind, Name};
use crate::syntax::print_formula;

use super::elaborate::{Elaborator, HIGHEST_ORDER, counted};
use super::foreign;
use super::scope::{Meaning, callable};
use super::values::Value;

/// The most members of a `sum`.
const MOST_MEMBERS: i64 = 1000;
/// Steps of work that adding one member counts for.
const WORK_OF_MEMBER: usize = 300;

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
    fn arguments<const N: usize>(&mut self, call: &'a Call) -> Option<[&'a Formula; N]> {
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
            let argument = self.number(argument, &what)?;
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
            "grad" => {
                let [argument] = self.arguments(call)?;
                let value = self.formula(argument)?;
                let Value::Number(expr) = value else {
                    return self.unsupported("the gradient of a vector", call.span);
                };
                self.gradient(expr, call.span).map(Value::Vector)
            }
            "div" => self.divergence(call),
            "curl" => self.curl(call),
            "lap" => {
                let [argument] = self.arguments(call)?;
                let value = self.formula(argument)?;
                self.componentwise(&value, |this, expr| this.laplacian(expr, call.span))
            }
            "dn" => {
                let [argument] = self.arguments(call)?;
                let value = self.formula(argument)?;
                self.componentwise(&value, |this, expr| this.normal_derivative(expr, call.span))
            }
            "adv" => self.advection(call),
            "dot" => {
                let [a, b] = self.arguments(call)?;
                let (x, y) = (self.vector(a, "dot"), self.vector(b, "dot"));
                let (x, y) = (x?, y?);
                if x.len() != y.len() {
                    let message = format!("`dot` of vectors with {} and {} components", x.len(), y.len());
                    return self.error("E0209", message, call.span, "different lengths");
                }
                Some(Value::Number(self.dot(&x, &y)))
            }
            "norm2" => {
                let [argument] = self.arguments(call)?;
                let vector = self.vector(argument, "norm2")?;
                Some(Value::Number(self.dot(&vector, &vector)))
            }
            "sum" => self.sum(call),
            name @ ("integral" | "re" | "im" | "abs2" | "net") => self.unsupported(&format!("`{name}(..)`"), call.span),
            name @ ("disk" | "ball" | "box" | "polygon" | "ellipse" | "rectangle") if !self.scope.excuses(name) => {
                self.unsupported(&format!("the shape `{name}(..)`"), call.span)
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
            self.found.push(diagnostic.help(format!("here it is called `{meant}`")));
            return None;
        }
        if let Some(similar) = self.scope.similar(name, &callable()) {
            diagnostic = diagnostic.note(format!("a similar name exists: `{similar}`"));
        }
        self.found.push(diagnostic.help(format!("declare it: `let {name}(s) = ...`")));
        None
    }

    fn componentwise(&mut self, value: &Value, mut f: impl FnMut(&mut Self, Expr) -> Option<Expr>) -> Option<Value> {
        Some(match value {
            Value::Number(expr) => Value::Number(f(self, *expr)?),
            Value::Vector(components) => {
                Value::Vector(components.iter().map(|&e| f(self, e)).collect::<Option<Vec<_>>>()?)
            }
        })
    }

    /// A formula that must be a vector with one component an axis in space, unless the operator takes any length.
    fn vector(&mut self, formula: &'a Formula, operator: &str) -> Option<Vec<Expr>> {
        let space = self.space().len();
        match self.formula(formula)? {
            Value::Vector(components) => Some(components),
            Value::Number(_) => {
                let message = match operator {
                    "dot" | "norm2" => format!("`{operator}` needs vectors"),
                    _ => format!("`{operator}` needs a vector with {}", counted(space, "component")),
                };
                let message = format!("{message}, `{}` is a number", print_formula(formula));
                let diagnostic = Diagnostic::error("E0208", message, formula.span, "a number");
                self.found.push(match operator {
                    "div" => diagnostic.help("for two scalar unknowns write `u_x + v_y`"),
                    "dot" => diagnostic.help("for numbers write `a*b`"),
                    "norm2" => diagnostic.help("for a number write `a^2`"),
                    _ => diagnostic,
                });
                None
            }
        }
    }

    /// A vector with one component an axis in space.
    fn space_vector(&mut self, formula: &'a Formula, operator: &str) -> Option<Vec<Expr>> {
        let vector = self.vector(formula, operator)?;
        let space = self.space();
        if vector.len() != space.len() {
            let names: Vec<&str> = space.iter().map(|&a| self.axes[a].name.as_str()).collect();
            let message =
                format!("{} components for a vector of {} (axes {})", vector.len(), space.len(), names.join(", "));
            return self.error("E0209", message, formula.span, format!("in `{operator}`"));
        }
        Some(vector)
    }

    /// The derivative along an axis, of coordinates and unknowns alike.
    pub(super) fn derivative(&mut self, expr: Expr, axis: usize, span: Span) -> Option<Expr> {
        if !self.may_differentiate(expr, span) {
            return None;
        }
        let order = self.graph.jets(&[expr]).iter().map(|jet| jet.index.order()).max().unwrap_or(0);
        if order >= HIGHEST_ORDER {
            return self.order_too_high(order + 1, span);
        }
        let fields = &self.fields;
        let depends = |field: usize| fields.get(field).is_some_and(|f| f.axes.contains(&axis));
        let derivative = self.graph.total_derivative(expr, axis, depends);
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

    fn gradient(&mut self, expr: Expr, span: Span) -> Option<Vec<Expr>> {
        if self.space().is_empty() && self.unsure {
            return None;
        }
        if self.space().is_empty() {
            return self.error("E0208", "a gradient needs axes in space", span, "there is only time");
        }
        self.space().into_iter().map(|axis| self.derivative(expr, axis, span)).collect()
    }

    fn laplacian(&mut self, expr: Expr, span: Span) -> Option<Expr> {
        let mut terms = Vec::new();
        for axis in self.space() {
            let first = self.derivative(expr, axis, span)?;
            terms.push(self.derivative(first, axis, span)?);
        }
        Some(self.graph.sum(terms))
    }

    fn normal_derivative(&mut self, expr: Expr, span: Span) -> Option<Expr> {
        let gradient = self.gradient(expr, span)?;
        let normal: Vec<Expr> = self.space().into_iter().map(|axis| self.graph.normal(axis)).collect();
        Some(self.dot(&normal, &gradient))
    }

    fn dot(&mut self, a: &[Expr], b: &[Expr]) -> Expr {
        let terms: Vec<Expr> = a.iter().zip(b).map(|(&x, &y)| self.graph.mul(x, y)).collect();
        self.graph.sum(terms)
    }

    fn divergence(&mut self, call: &'a Call) -> Option<Value> {
        let [argument] = self.arguments(call)?;
        let vector = self.space_vector(argument, "div")?;
        let space = self.space();
        let terms: Option<Vec<Expr>> =
            vector.iter().zip(space).map(|(&expr, axis)| self.derivative(expr, axis, call.span)).collect();
        Some(Value::Number(self.graph.sum(terms?)))
    }

    /// In the plane a number, in space a vector.
    fn curl(&mut self, call: &'a Call) -> Option<Value> {
        let [argument] = self.arguments(call)?;
        let space = self.space();
        if !(2..=3).contains(&space.len()) {
            let message = format!("`curl` needs 2 or 3 axes in space, there is {}", space.len());
            let message = if space.len() == 1 { message } else { message.replace("there is", "there are") };
            return self.error("E0208", message, call.span, "here");
        }
        let vector = self.space_vector(argument, "curl")?;
        let minor = |this: &mut Self, i: usize, j: usize| {
            let a = this.derivative(vector[j], space[i], call.span)?;
            let b = this.derivative(vector[i], space[j], call.span)?;
            Some(this.graph.sub(a, b))
        };
        match space.len() {
            2 => minor(self, 0, 1).map(Value::Number),
            3 => {
                let components = [(1, 2), (2, 0), (0, 1)].map(|(i, j)| minor(self, i, j));
                components.into_iter().collect::<Option<Vec<_>>>().map(Value::Vector)
            }
            n => self.error("E0208", format!("`curl` needs 2 or 3 axes in space, there are {n}"), call.span, "here"),
        }
    }

    /// (a . grad) b
    fn advection(&mut self, call: &'a Call) -> Option<Value> {
        let [a, b] = self.arguments(call)?;
        let (velocity, value) = (self.space_vector(a, "adv"), self.formula(b));
        let (velocity, value) = (velocity?, value?);
        self.componentwise(&value, |this, expr| {
            let gradient = this.gradient(expr, call.span)?;
            Some(this.dot(&velocity, &gradient))
        })
    }

    /// `d(expr, x)`, `d(expr, x, 2)`
    fn derivative_call(&mut self, call: &'a Call) -> Option<Value> {
        let arguments = self.positional(call)?;
        let (formula, axis, order) = match arguments.as_slice() {
            [formula, axis] => (*formula, *axis, None),
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

    /// `sum(i in 1..10, expr)`, with one index or more.
    fn sum(&mut self, call: &'a Call) -> Option<Value> {
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
        let mut terms = Vec::new();
        self.members(&indices, body, &mut terms)?;
        // Exact fractions grow with every term that is added.
        self.work += terms.len() * WORK_OF_MEMBER;
        let first = terms.first()?.clone();
        for term in &terms {
            self.same_shape(&first, term, body.span)?;
        }
        let components = (0..first.components().len())
            .map(|i| self.graph.sum(terms.iter().map(|term| term.components()[i]).collect::<Vec<_>>()));
        let components: Vec<Expr> = components.collect();
        Some(match first {
            Value::Number(_) => Value::Number(components.first().copied().unwrap_or(Graph::ZERO)),
            Value::Vector(_) => Value::Vector(components),
        })
    }

    fn members(&mut self, indices: &[(&'a Name, (i64, i64))], body: &'a Formula, terms: &mut Vec<Value>) -> Option<()> {
        let Some(((name, (first, last)), rest)) = indices.split_first() else {
            terms.push(self.formula(body)?);
            return Some(());
        };
        for index in *first..=*last {
            let value = Value::Number(self.graph.integer(index));
            self.with_local(&name.text, value, |this| this.members(rest, body, terms))?;
        }
        Some(())
    }
}
