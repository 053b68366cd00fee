//! The second pass: formulas of the syntax tree become formulas of the graph.
//!
//! Parameters and definitions are inlined, each elaborated once: what comes out is a graph with shared nodes, never an
//! expanded tree. A formula with a mistake gives `None` and its diagnostic; what depends on it stays silent.

use num_traits::Signed;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::diagnostic::{Diagnostic, Span};
use crate::expr::{Expr, Function, Graph, Jet, MultiIndex, Relation};
use crate::syntax::ast::{self, BinaryOperator, Call, Formula, FormulaKind, Predicate, PredicateKind, UnaryOperator};
use crate::syntax::print_formula;

use super::numbers::literal;
use super::problem::{Axis, AxisKind, Field};
use super::references::References;
use super::scope::{Meaning, Scope};

/// The highest order of a derivative.
pub(super) const HIGHEST_ORDER: usize = 16;

/// Formulas inside formulas, through definitions with arguments; keeps the recursion within a small stack.
const DEEPEST: usize = 1200;
/// How many levels of formulas one level of predicates counts for.
pub(super) const PREDICATE_DEPTH: usize = 4;

/// Steps of reading formulas, before it is said that they expand too far.
const MOST_WORK: usize = 3_000_000;

/// What a formula is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Value {
    /// A number, or a function of the point with such values.
    Number(Expr),
    /// Components along the space axes.
    Vector(Vec<Expr>),
}

impl Value {
    /// `a number`, `a vector with 2 components`
    pub fn describe(&self) -> String {
        match self {
            Value::Number(_) => "a number".to_owned(),
            Value::Vector(components) => format!("a vector with {} components", components.len()),
        }
    }

    /// Its components; a number has one.
    pub fn components(&self) -> &[Expr] {
        match self {
            Value::Number(expr) => std::slice::from_ref(expr),
            Value::Vector(components) => components,
        }
    }
}

/// The axes of `x[1..10]`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Family {
    /// The first index.
    pub first: i64,
    /// The number of the first axis.
    pub axis: usize,
    /// How many there are.
    pub count: usize,
}

/// Makes formulas of the graph.
pub(super) struct Elaborator<'a> {
    /// Where formulas go.
    pub graph: Graph,
    /// What names stand for.
    pub scope: &'a Scope<'a>,
    /// The axes so far.
    pub axes: Vec<Axis>,
    /// The axes of `x[1..10]`, by name.
    pub families: FxHashMap<&'a str, Family>,
    /// The unknowns.
    pub fields: Vec<Field>,
    /// Values of parameters from the command line.
    pub overrides: FxHashMap<String, Expr>,
    /// Where derivatives are written.
    pub mentions: Vec<(Jet, Span)>,
    /// Whether a mistake leaves the domain unclear; places are not judged then.
    pub unsure: bool,
    /// What is wrong.
    pub found: Vec<Diagnostic>,
    definitions: FxHashMap<(&'a str, Vec<Value>), Option<Value>>,
    visited: FxHashSet<&'a str>,
    locals: Vec<(&'a str, Value)>,
    depth: usize,
    pub(super) work: usize,
    pub(super) told_too_large: bool,
}

impl<'a> Elaborator<'a> {
    /// An elaborator with an empty graph and without axes.
    pub fn new(scope: &'a Scope<'a>) -> Self {
        Self {
            graph: Graph::new(),
            scope,
            axes: Vec::new(),
            families: FxHashMap::default(),
            fields: Vec::new(),
            overrides: FxHashMap::default(),
            mentions: Vec::new(),
            unsure: false,
            found: Vec::new(),
            definitions: FxHashMap::default(),
            visited: FxHashSet::default(),
            locals: Vec::new(),
            depth: 0,
            work: 0,
            told_too_large: false,
        }
    }

    /// Adds an error and gives nothing.
    pub fn error<T>(
        &mut self,
        code: &'static str,
        message: impl Into<String>,
        span: Span,
        label: impl Into<String>,
    ) -> Option<T> {
        self.found.push(Diagnostic::error(code, message, span, label));
        None
    }

    /// Says that something is parsed but not yet supported.
    pub fn unsupported<T>(&mut self, what: &str, span: Span) -> Option<T> {
        self.found.push(unsupported(what, span));
        None
    }

    /// A formula of a statement; the definitions that it needs are elaborated first.
    pub fn root(&mut self, formula: &'a Formula) -> Option<Value> {
        let mut names = Vec::new();
        References::new(Vec::new(), &mut |name, _| names.push(name)).formula(formula);
        self.define(names);
        let value = self.formula(formula)?;
        self.within_budget(formula.span).then_some(value)
    }

    /// A formula of a statement that must be a number.
    pub fn root_number(&mut self, formula: &'a Formula) -> Option<Expr> {
        let value = self.root(formula)?;
        self.expect_number(value, formula.span, "here")
    }

    fn within_budget(&mut self, span: Span) -> bool {
        if self.graph.exhausted() && !std::mem::replace(&mut self.told_too_large, true) {
            let message = format!("the formulas grow beyond {} nodes", Graph::BUDGET);
            self.found.push(Diagnostic::error("E0212", message, span, "while this was read"));
        }
        !self.graph.exhausted()
    }

    /// Elaborates all definitions, so that mistakes are found also in those that nothing uses.
    pub fn define_everything(&mut self) {
        let all = self.scope.declarations.keys().rev().copied().collect();
        self.define(all);
    }

    /// The value of a parameter.
    pub fn parameter_value(&mut self, name: &'a str) -> Option<Expr> {
        match self.definition(name) {
            Some(Value::Number(value)) => Some(value),
            _ => None,
        }
    }

    /// Elaborates definitions, what they need first; without recursion, since chains may be as long as the file.
    fn define(&mut self, names: Vec<&'a str>) {
        let mut stack: Vec<(&'a str, bool)> = names.into_iter().map(|name| (name, false)).collect();
        while let Some((name, ready)) = stack.pop() {
            if ready {
                self.definition(name);
            } else if !self.scope.is_cyclic(name) && self.visited.insert(name) {
                stack.push((name, true));
                stack.extend(self.scope.references(name).into_iter().map(|(name, _)| (name, false)));
            }
        }
    }

    /// The value of a definition without arguments.
    fn definition(&mut self, name: &'a str) -> Option<Value> {
        if self.scope.is_cyclic(name) {
            return None;
        }
        let key = (name, Vec::new());
        if let Some(value) = self.definitions.get(&key) {
            return value.clone();
        }
        let locals = std::mem::take(&mut self.locals);
        let value = match self.scope.get(name) {
            Some(Meaning::Param(value)) => self.parameter(name, value).map(Value::Number),
            Some(Meaning::Let([], body)) => self.formula(body),
            Some(Meaning::Place(place)) => {
                // A place of the boundary is no formula; whether it must be one is seen where it is used as one.
                let before = self.found.len();
                let condition = self.condition(place).map(Value::Number);
                self.found.truncate(before);
                condition
            }
            _ => None,
        };
        self.locals = locals;
        self.definitions.insert(key, value.clone());
        value
    }

    fn parameter(&mut self, name: &'a str, value: Option<&'a Formula>) -> Option<Expr> {
        if let Some(&value) = self.overrides.get(name) {
            return Some(value);
        }
        // A parameter without a value has only an interval, which is not supported and was said so.
        self.constant(value?, "a parameter").map(|(expr, _)| expr)
    }

    /// A formula; definitions that it needs are found as they come.
    pub fn formula(&mut self, formula: &'a Formula) -> Option<Value> {
        self.guarded(1, formula.span, |this| this.formula_kind(formula))
    }

    /// Runs a step of the recursion, which takes the stack of so many formulas, within the limits on depth and work.
    pub(super) fn guarded<T>(
        &mut self,
        depth: usize,
        span: Span,
        step: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<T> {
        self.work += depth;
        let excess = if self.depth >= DEEPEST {
            "the definitions nest too deeply"
        } else if self.work > MOST_WORK {
            "the definitions and sums expand too far"
        } else {
            self.depth += depth;
            let value = if self.graph.exhausted() { None } else { step(self) };
            self.depth -= depth;
            return value;
        };
        if !std::mem::replace(&mut self.told_too_large, true) {
            self.found.push(Diagnostic::error("E0212", excess, span, "while this was read"));
        }
        None
    }

    fn formula_kind(&mut self, formula: &'a Formula) -> Option<Value> {
        let span = formula.span;
        match &formula.kind {
            FormulaKind::Number(text) => match literal(text) {
                Some(value) => Some(Value::Number(self.graph.rational(value))),
                None => self.error("E0017", "the number is out of bounds", span, "not a number of double precision"),
            },
            FormulaKind::Imaginary(_) => self.imaginary(span),
            FormulaKind::Text(_) => self.error("E0208", "a text is no formula", span, "here"),
            FormulaKind::Name(name) => self.name(name, span),
            FormulaKind::Call(call) => self.call(call),
            FormulaKind::Parenthesized(inner) => self.formula(inner),
            FormulaKind::Tuple(items) => {
                let items: Vec<Option<Expr>> = items.iter().map(|item| self.number(item, "a component")).collect();
                items.into_iter().collect::<Option<Vec<_>>>().map(Value::Vector)
            }
            FormulaKind::Unary(operator, inner) => {
                let value = self.formula(inner)?;
                Some(match operator {
                    UnaryOperator::Plus => value,
                    UnaryOperator::Minus => self.map(&value, |graph, e| graph.neg(e)),
                })
            }
            FormulaKind::Binary(operator, a, b) => {
                self.warn_of_two_divisions(formula);
                let (left, right) = (self.formula(a), self.formula(b));
                self.binary(*operator, (left?, a.span), (right?, b.span), span)
            }
            FormulaKind::Index(base, indices) => self.index(base, indices, span),
            FormulaKind::Component(base, axis) => self.component(base, axis),
            FormulaKind::If(condition, a, b) => {
                let (condition, left, right) = (self.condition(condition), self.formula(a), self.formula(b));
                let (condition, left, right) = (condition?, left?, right?);
                self.same_shape(&left, &right, span)?;
                Some(self.zip(&left, &right, |graph, a, b| graph.select(condition, a, b)))
            }
        }
    }

    /// A formula that must be a number.
    pub fn number(&mut self, formula: &'a Formula, what: &str) -> Option<Expr> {
        let value = self.formula(formula)?;
        self.expect_number(value, formula.span, what)
    }

    fn expect_number(&mut self, value: Value, span: Span, what: &str) -> Option<Expr> {
        match value {
            Value::Number(expr) => Some(expr),
            Value::Vector(_) => {
                let message = format!("{what} a number is needed, not {}", value.describe());
                let message = if what == "here" {
                    message.replacen("here a", "a", 1)
                } else {
                    message.replacen(" a number is needed", " is a number", 1)
                };
                self.error("E0208", message, span, value.describe())
            }
        }
    }

    fn imaginary(&mut self, span: Span) -> Option<Value> {
        let complex_declared = self.scope.declarations.values().any(|d| matches!(d.meaning, Meaning::Unsupported));
        if !complex_declared {
            let diagnostic = Diagnostic::error("E0211", "a complex value among real unknowns", span, "imaginary");
            self.found.push(diagnostic.help("a complex unknown is declared with `unknown h: complex`"));
        }
        None
    }

    fn name(&mut self, name: &'a str, span: Span) -> Option<Value> {
        if let Some((_, value)) = self.locals.iter().rev().find(|(local, _)| *local == name) {
            return Some(value.clone());
        }
        match self.scope.get(name) {
            Some(Meaning::Axis) => match self.axes.iter().position(|axis| axis.name == name) {
                Some(axis) => Some(Value::Number(self.graph.coordinate(axis))),
                None => {
                    self.error("E0208", format!("`{name}` is an axis, not a number"), span, "a number is needed here")
                }
            },
            Some(Meaning::Axes) => self.family(name, span),
            Some(Meaning::Unknown(field)) => Some(Value::Number(self.graph.jet(field, MultiIndex::zero()))),
            Some(Meaning::Param(_) | Meaning::Let([], _)) => self.definition(name),
            Some(Meaning::Let(arguments, _)) => {
                let message = format!("`{name}` is a function of {}", counted(arguments.len(), "argument"));
                self.error("E0208", message, span, "its arguments are missing")
            }
            Some(Meaning::Place(_)) => {
                let message = format!("`{name}` is a place, not a number");
                let diagnostic = Diagnostic::error("E0208", message, span, "a number is needed here");
                self.found.push(diagnostic.help(format!("write `if {name} then 1 else 0`")));
                None
            }
            Some(Meaning::Unsupported) => None,
            None => self.undeclared(name, span),
        }
    }

    fn undeclared(&mut self, name: &'a str, span: Span) -> Option<Value> {
        match name {
            "pi" => return Some(Value::Number(self.graph.pi())),
            "e" => return Some(Value::Number(self.graph.euler())),
            "normal" => {
                let components = self.space().into_iter().map(|axis| self.graph.normal(axis)).collect();
                return Some(Value::Vector(components));
            }
            "boundary" | "rest" => {
                return self.error(
                    "E0208",
                    format!("`{name}` is a place, not a number"),
                    span,
                    "a number is needed here",
                );
            }
            _ => {}
        }
        if let Some((field, axes)) = self.scope.as_derivative(name) {
            return self.derivative_of_unknown(name, field, &axes, span);
        }
        if self.scope.excuses(name) {
            return None;
        }
        let read = self
            .scope
            .subscripts(name)
            .next()
            .map(|(field, unknown, rest)| (field, unknown.to_owned(), rest.to_owned()));
        match read {
            Some((_, unknown, subscript)) => self.wrong_subscript(name, &unknown, &subscript, span),
            None => self.unknown_name(name, span),
        }
    }

    fn derivative_of_unknown(&mut self, name: &str, field: usize, axes: &[&str], span: Span) -> Option<Value> {
        if axes.len() > HIGHEST_ORDER {
            return self.order_too_high(axes.len(), span);
        }
        let mut index = MultiIndex::zero();
        for axis_name in axes {
            // Only an axis whose interval has a mistake is missing here.
            let axis = self.axes.iter().position(|axis| axis.name == *axis_name)?;
            if !self.fields.get(field)?.axes.contains(&axis) {
                let unknown = self.fields[field].name.clone();
                let declared = self.fields[field].span;
                let message =
                    format!("`{name}` is a derivative along `{axis_name}`, on which `{unknown}` does not depend");
                self.found
                    .push(Diagnostic::error("E0201", message, span, "always zero").label(declared, "declared here"));
                return None;
            }
            index = index.raised(axis, 1);
        }
        self.mentions.push((Jet::new(field, index.clone()), span));
        Some(Value::Number(self.graph.jet(field, index)))
    }

    fn wrong_subscript(&mut self, name: &str, unknown: &str, subscript: &str, span: Span) -> Option<Value> {
        // Of `u_yy` people mean `y`.
        let first = subscript.chars().next().unwrap_or_default();
        let one = subscript.chars().all(|c| c == first);
        let axis = if one { first.to_string() } else { subscript.to_owned() };
        let message = format!("`{name}` is a derivative along `{axis}`, which is not an axis");
        let axes: Vec<String> = self
            .axes
            .iter()
            .map(|axis| match axis.kind {
                AxisKind::Time => format!("`{}` (time)", axis.name),
                AxisKind::Space => format!("`{}`", axis.name),
                AxisKind::Parameter => format!("`{}` (a parameter)", axis.name),
            })
            .collect();
        let label = match axes.as_slice() {
            [] => "there are no axes".to_owned(),
            [one] => format!("the only axis is {one}"),
            _ => format!("axes are {}", listed(&axes)),
        };
        let mut diagnostic = Diagnostic::error("E0201", message, span, label);
        if let Some(axis) = self.axes.iter().rfind(|axis| axis.kind == AxisKind::Space).or(self.axes.first()) {
            let order = subscript.chars().count();
            diagnostic = diagnostic.help(if axis.name.contains('[') {
                format!("for a derivative along {} write `d({unknown}, {})`", axis.name, axis.name)
            } else {
                let nth = ["first", "second", "third", "fourth"].get(order - 1).copied().unwrap_or("same");
                format!("for the {nth} derivative along {} write `{unknown}_{}`", axis.name, axis.name.repeat(order))
            });
        }
        self.found.push(diagnostic);
        None
    }

    /// `a/b/c` reads from left to right, which not everybody means.
    fn warn_of_two_divisions(&mut self, formula: &Formula) {
        let Some((dividend, last)) = quotient(formula) else { return };
        let Some((first, second)) = quotient(dividend).filter(|(first, _)| quotient(first).is_none()) else { return };
        let [a, b, c] = [first, second, last].map(print_formula);
        let message = format!("`{a}/{b}/{c}` reads as `({a}/{b})/{c}`");
        let diagnostic = Diagnostic::warning("W0207", message, formula.span, "two divisions in a row");
        self.found.push(diagnostic.help(format!("write `{a}/({b}*{c})`, or set parentheses")));
    }

    /// Reports a name that nothing declares.
    pub fn unknown_name<T>(&mut self, name: &str, span: Span) -> Option<T> {
        if self.scope.excuses(name) {
            return None;
        }
        let mut diagnostic = Diagnostic::error("E0101", format!("unknown name `{name}`"), span, "not declared");
        if let Some(similar) = self.scope.similar(name, &["pi", "normal", "d"]) {
            diagnostic = diagnostic.note(format!("a similar name exists: `{similar}`"));
        }
        self.found.push(diagnostic.help(format!("declare it: `param {name} = ...` or `let {name} = ...`")));
        None
    }

    pub(super) fn order_too_high<T>(&mut self, order: usize, span: Span) -> Option<T> {
        let message = format!("a derivative of order {order}; the highest is {HIGHEST_ORDER}");
        self.error("E0210", message, span, "here")
    }

    fn family(&mut self, name: &str, span: Span) -> Option<Value> {
        let family = *self.families.get(name)?;
        let last = family.first + family.count as i64 - 1;
        let message = format!("`{name}` stands for the axes {name}[{}] to {name}[{last}]", family.first);
        self.error("E0208", message, span, format!("write `{name}[{}]` for one of them", family.first))
    }

    fn index(&mut self, base: &'a Formula, indices: &'a [Formula], span: Span) -> Option<Value> {
        if let Some(axis) = self.indexed_axis(base, indices, span) {
            return axis.map(|axis| Value::Number(self.graph.coordinate(axis)));
        }
        let value = self.formula(base)?;
        let Value::Vector(components) = value else {
            return self.error("E0208", "only vectors and axes have components", base.span, "a number");
        };
        let [index] = indices else {
            return self.error("E0208", "a vector has one index", span, counted(indices.len(), "index"));
        };
        let index_value = self.whole_here(index)?;
        match usize::try_from(index_value - 1).ok().and_then(|i| components.get(i)) {
            Some(&component) => Some(Value::Number(component)),
            None => {
                let message = format!("component {index_value} of a vector with {} components", components.len());
                self.error("E0209", message, index.span, "there is no such component")
            }
        }
    }

    /// The axis `x[3]`; `None` if the base is not the name of axes, `Some(None)` if there is a mistake.
    pub(super) fn indexed_axis(
        &mut self,
        base: &'a Formula,
        indices: &'a [Formula],
        span: Span,
    ) -> Option<Option<usize>> {
        let FormulaKind::Name(name) = &base.kind else { return None };
        if self.locals.iter().any(|(local, _)| local == name) || !matches!(self.scope.get(name), Some(Meaning::Axes)) {
            return None;
        }
        let Some(&family) = self.families.get(name.as_str()) else { return Some(None) };
        let [index] = indices else {
            return Some(self.error("E0208", format!("`{name}` has one index"), span, counted(indices.len(), "index")));
        };
        let Some(value) = self.whole_here(index) else { return Some(None) };
        let offset = usize::try_from(value - family.first).ok().filter(|&offset| offset < family.count);
        if offset.is_none() {
            let last = family.first + family.count as i64 - 1;
            let message = format!("there is no axis {name}[{value}]");
            return Some(self.error(
                "E0201",
                message,
                span,
                format!("the axes are {name}[{}] to {name}[{last}]", family.first),
            ));
        }
        Some(offset.map(|offset| family.axis + offset))
    }

    /// A whole number inside a formula (where local indices are known).
    pub(super) fn whole_here(&mut self, formula: &'a Formula) -> Option<i64> {
        use num_traits::ToPrimitive;
        let expr = self.number(formula, "an index")?;
        let whole = self.graph.as_rational(expr).filter(|r| r.is_integer()).and_then(|r| r.to_integer().to_i32());
        if whole.is_none() {
            return self.error("E0208", "an index is a whole number", formula.span, "not a whole number");
        }
        whole.map(i64::from)
    }

    fn component(&mut self, base: &'a Formula, axis: &'a ast::Name) -> Option<Value> {
        let value = self.formula(base)?;
        let Value::Vector(components) = value else {
            return self.error("E0208", "only vectors have components", base.span, "a number");
        };
        let space = self.space();
        match space.iter().position(|&a| self.axes[a].name == axis.text) {
            Some(i) if components.len() == space.len() => Some(Value::Number(components[i])),
            Some(_) => {
                let message = format!("a vector with {} components in a space of {}", components.len(), space.len());
                self.error("E0209", message, base.span, "has no component along an axis")
            }
            None => {
                self.error("E0201", format!("`{}` is not an axis in space", axis.text), axis.span, "no such component")
            }
        }
    }

    fn binary(
        &mut self,
        operator: BinaryOperator,
        (a, a_span): (Value, Span),
        (b, b_span): (Value, Span),
        span: Span,
    ) -> Option<Value> {
        use BinaryOperator::{Add, Divide, Multiply, Power, Subtract};
        match (operator, &a, &b) {
            (Add | Subtract, ..) => {
                self.same_shape(&a, &b, span)?;
                let add = operator == Add;
                Some(self.zip(&a, &b, |graph, a, b| if add { graph.add(a, b) } else { graph.sub(a, b) }))
            }
            (Multiply, Value::Number(factor), other) | (Multiply, other, Value::Number(factor)) => {
                let factor = *factor;
                Some(self.map(other, |graph, e| graph.mul(factor, e)))
            }
            (Multiply, ..) => {
                let diagnostic = Diagnostic::error("E0208", "a product of two vectors", span, "both sides are vectors");
                self.found.push(diagnostic.help("write `dot(a, b)`"));
                None
            }
            (Divide, _, Value::Number(divisor)) => {
                if self.graph.is_zero(*divisor) {
                    return self.error("E0208", "division by zero", b_span, "this is 0");
                }
                let divisor = *divisor;
                Some(self.map(&a, |graph, e| graph.div(e, divisor)))
            }
            (Power, Value::Number(base), Value::Number(exponent)) => {
                let negative = self.graph.as_rational(*exponent).is_some_and(|e| e.is_negative());
                if self.graph.is_zero(*base) && negative {
                    return self.error("E0208", "division by zero: a negative power of 0", span, "here");
                }
                Some(Value::Number(self.graph.pow(*base, *exponent)))
            }
            (Power, Value::Vector(_), _) => {
                let diagnostic = Diagnostic::error("E0208", "a power of a vector", a_span, a.describe());
                self.found.push(diagnostic.help("the square of its length is `norm2(v)`"));
                None
            }
            (Divide | Power, ..) => self.error("E0208", "a vector where a number is needed", b_span, b.describe()),
        }
    }

    /// Checks that two values have the same shape.
    pub fn same_shape(&mut self, a: &Value, b: &Value, span: Span) -> Option<()> {
        match (a, b) {
            (Value::Number(_), Value::Number(_)) => Some(()),
            (Value::Vector(x), Value::Vector(y)) if x.len() == y.len() => Some(()),
            (Value::Vector(x), Value::Vector(y)) => {
                let message =
                    format!("a vector with {} components and one with {} do not go together", x.len(), y.len());
                self.error("E0209", message, span, "the two sides have different lengths")
            }
            _ => {
                let message = format!("{} and {} do not go together", a.describe(), b.describe());
                self.error("E0208", message, span, "the two sides are of different kinds")
            }
        }
    }

    /// Applies an operation to each component.
    pub fn map(&mut self, value: &Value, mut f: impl FnMut(&mut Graph, Expr) -> Expr) -> Value {
        match value {
            Value::Number(expr) => Value::Number(f(&mut self.graph, *expr)),
            Value::Vector(components) => Value::Vector(components.iter().map(|&e| f(&mut self.graph, e)).collect()),
        }
    }

    fn zip(&mut self, a: &Value, b: &Value, mut f: impl FnMut(&mut Graph, Expr, Expr) -> Expr) -> Value {
        match (a, b) {
            (Value::Number(x), Value::Number(y)) => Value::Number(f(&mut self.graph, *x, *y)),
            _ => {
                let pairs = a.components().iter().zip(b.components());
                Value::Vector(pairs.map(|(&x, &y)| f(&mut self.graph, x, y)).collect())
            }
        }
    }

    fn call(&mut self, call: &'a Call) -> Option<Value> {
        let name = call.name.text.as_str();
        match self.scope.get(name) {
            Some(Meaning::Let(arguments, body)) if !arguments.is_empty() => self.apply(call, arguments, body),
            Some(Meaning::Unknown(_)) => self.unsupported("the value of an unknown at a given point", call.span),
            Some(Meaning::Unsupported) => None,
            Some(_) if name != "d" => {
                self.error("E0208", format!("`{name}` is not a function"), call.name.span, "called like one")
            }
            _ => match Function::from_name(name) {
                Some(function) => self.function(function, call),
                None => self.operator(call),
            },
        }
    }

    fn apply(&mut self, call: &'a Call, names: &'a [ast::Name], body: &'a Formula) -> Option<Value> {
        let name = call.name.text.as_str();
        let arguments = self.positional(call)?;
        if arguments.len() != names.len() {
            let message = format!("`{name}` takes {}, not {}", counted(names.len(), "argument"), arguments.len());
            return self.error("E0208", message, call.span, "in this call");
        }
        let values: Vec<Option<Value>> = arguments.iter().map(|argument| self.formula(argument)).collect();
        let values: Vec<Value> = values.into_iter().collect::<Option<_>>()?;
        if self.scope.is_cyclic(name) {
            return None;
        }
        let key = (name, values);
        if let Some(value) = self.definitions.get(&key) {
            return value.clone();
        }
        let inner = names.iter().map(|n| n.text.as_str()).zip(key.1.iter().cloned()).collect();
        let outer = std::mem::replace(&mut self.locals, inner);
        let value = self.formula(body);
        self.locals = outer;
        self.definitions.insert(key, value.clone());
        value
    }

    /// Evaluates `body` with a name that stands for a value.
    pub(super) fn with_local<T>(&mut self, name: &'a str, value: Value, body: impl FnOnce(&mut Self) -> T) -> T {
        self.locals.push((name, value));
        let result = body(self);
        self.locals.pop();
        result
    }

    /// The numbers of the axes in space.
    pub fn space(&self) -> Vec<usize> {
        (0..self.axes.len()).filter(|&axis| self.axes[axis].kind == AxisKind::Space).collect()
    }

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
        let mut inner = place;
        while let FormulaKind::Parenthesized(formula) = &inner.kind {
            inner = formula;
        }
        let FormulaKind::Name(name) = &inner.kind else {
            return self.unsupported("a shape as a condition", place.span);
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
            None => self.unknown_name(name, place.span),
        }
    }
}

/// The diagnostic for what comes later.
pub(super) fn unsupported(what: &str, span: Span) -> Diagnostic {
    let verb = if what.ends_with("s") && !what.ends_with('`') { "are" } else { "is" };
    Diagnostic::error("E0901", format!("{what} {verb} parsed but not yet supported"), span, "not yet supported")
}

/// `1 argument`, `2 arguments`
pub(super) fn counted(count: usize, what: &str) -> String {
    match (count, what) {
        (1, _) => format!("1 {what}"),
        (_, "index") => format!("{count} indices"),
        _ => format!("{count} {what}s"),
    }
}

/// `a`, `a and b`, `a, b and c`
pub(super) fn listed<T: AsRef<str>>(items: &[T]) -> String {
    let items: Vec<&str> = items.iter().map(AsRef::as_ref).collect();
    match items.as_slice() {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

/// The two sides of a division.
fn quotient(formula: &Formula) -> Option<(&Formula, &Formula)> {
    match &formula.kind {
        FormulaKind::Binary(BinaryOperator::Divide, a, b) => Some((a, b)),
        _ => None,
    }
}
