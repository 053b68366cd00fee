//! The second pass: formulas of the syntax tree become formulas of the graph.
//!
//! Parameters and definitions are inlined, each elaborated once: what comes out is a graph with shared nodes, never an
//! expanded tree. A formula with a mistake gives `None` and its diagnostic; what depends on it stays silent.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::dataset::Files;
use crate::diagnostic::{Diagnostic, Span};
use crate::expr::{Expr, Function, Graph, Jet, Names};
use crate::geometry::Solid;
use crate::syntax::ast::{self, BinaryOperator, Call, Formula, FormulaKind, UnaryOperator};
use crate::syntax::print_formula;

use super::numbers::literal;
use super::problem::{Axis, AxisKind, DataSet, Field, GridFunction, Integral, Number, Shape, Unknown};
use super::references::References;
use super::scope::{Meaning, Scope};
use super::values::Value;

/// The highest order of a derivative.
pub(super) const HIGHEST_ORDER: usize = 16;

/// Formulas inside formulas, through definitions with arguments; keeps the recursion within a small stack.
const DEEPEST: usize = 1200;
/// How many levels of formulas one level of predicates counts for.
pub(super) const PREDICATE_DEPTH: usize = 4;

/// Steps of reading formulas, before it is said that they expand too far.
const MOST_WORK: usize = 3_000_000;

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
    /// The files that the problem may name.
    pub(super) files: &'a Files,
    /// The statements, for the folders of the files in which they stand.
    pub(super) ast: &'a ast::Ast,
    /// The axes so far.
    pub axes: Vec<Axis>,
    /// The shape that some axes range over.
    pub shape: Option<Shape>,
    /// A shape that is the box of axes; they need no shape then.
    pub(super) boxed: Option<(usize, Arc<Solid>)>,
    /// Definitions that are shapes, as far as they were read.
    pub(super) shapes: FxHashMap<&'a str, Option<Arc<Solid>>>,
    /// The axes of `x[1..10]`, by name.
    pub families: FxHashMap<&'a str, Family>,
    /// The unknowns.
    pub unknowns: Vec<Unknown>,
    /// The fields; first the components of the unknowns.
    pub fields: Vec<Field>,
    /// The numbers that training finds.
    pub numbers: Vec<Number>,
    /// The functions on grids that formulas have called for.
    pub tables: Vec<GridFunction>,
    /// The data files.
    pub data: Vec<DataSet>,
    /// Whether axes and unknowns are all declared.
    pub declared: bool,
    /// The fields `net(u)` of unknowns with an ansatz.
    pub(super) outputs: FxHashMap<usize, Vec<usize>>,
    /// The unknown whose ansatz is being read.
    pub(super) ansatz: Option<usize>,
    /// The integrals so far.
    pub integrals: Vec<Integral>,
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
    pub(super) locals: Vec<(&'a str, Value)>,
    depth: usize,
    pub(super) work: usize,
    pub(super) told_too_large: bool,
}

impl<'a> Elaborator<'a> {
    /// An elaborator with an empty graph and without axes.
    pub fn new(scope: &'a Scope<'a>, files: &'a Files, ast: &'a ast::Ast) -> Self {
        Self {
            graph: Graph::new(),
            scope,
            files,
            ast,
            axes: Vec::new(),
            shape: None,
            boxed: None,
            shapes: FxHashMap::default(),
            families: FxHashMap::default(),
            unknowns: Vec::new(),
            fields: Vec::new(),
            numbers: Vec::new(),
            tables: Vec::new(),
            data: Vec::new(),
            declared: false,
            outputs: FxHashMap::default(),
            ansatz: None,
            integrals: Vec::new(),
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
        self.define_for(formula);
        let value = self.formula(formula)?;
        self.within_budget(formula.span).then_some(value)
    }

    /// Reads the definitions that a formula needs.
    pub(super) fn define_for(&mut self, formula: &'a Formula) {
        let mut names = Vec::new();
        References::new(Vec::new(), &mut |name, _| names.push(name)).formula(formula);
        self.define(names);
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
        // By name, since the order of definitions has no meaning: some make fields, which are numbered.
        let mut all: Vec<&'a str> = self.scope.declarations.keys().copied().collect();
        all.sort_unstable_by(|a, b| b.cmp(a));
        self.define(all);
    }

    /// Forgets what was read of definitions, because they are about to change.
    pub fn forget_definitions(&mut self) {
        self.definitions.clear();
        self.visited.clear();
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
    pub(super) fn definition(&mut self, name: &'a str) -> Option<Value> {
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
            Some(Meaning::Let([], body)) if self.define_shape(name, body) => None,
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
        // One without a value is incomplete, which was said.
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
            FormulaKind::Imaginary(text) => match literal(text) {
                Some(value) => {
                    let part = self.graph.rational(value);
                    Some(Value::complex(Value::Number(Graph::ZERO), Value::Number(part)))
                }
                None => self.error("E0017", "the number is out of bounds", span, "not a number of double precision"),
            },
            FormulaKind::Text(_) => self.error("E0208", "a text is no formula", span, "here"),
            FormulaKind::Name(name) => self.name(name, span),
            FormulaKind::Call(call) => self.call(call),
            FormulaKind::Parenthesized(inner) => self.formula(inner),
            FormulaKind::Tuple(items) => {
                let values: Vec<Option<Value>> = items.iter().map(|item| self.formula(item)).collect();
                self.tuple(items, values.into_iter().collect::<Option<_>>()?)
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

    pub(super) fn expect_number(&mut self, value: Value, span: Span, what: &str) -> Option<Expr> {
        match value {
            Value::Number(expr) => Some(expr),
            Value::Complex(_) => {
                let what = if what == "here" { "a number" } else { what };
                let message = format!("{what} is real here, not {}", value.describe());
                let diagnostic = Diagnostic::error("E0211", message, span, value.describe());
                self.found.push(diagnostic.help("take a part of it: `re(..)`, `im(..)` or `abs2(..)`"));
                None
            }
            Value::Vector(_) | Value::Tensor(_) => {
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

    /// `a/b/c` reads from left to right, which not everybody means.
    fn warn_of_two_divisions(&mut self, formula: &Formula) {
        let Some((dividend, last)) = quotient(formula) else { return };
        let Some((first, second)) = quotient(dividend).filter(|(first, _)| quotient(first).is_none()) else { return };
        // Divisions associate to the left, so that the text of the whole begins with that of the dividend.
        let (whole, left) = (print_formula(formula), print_formula(dividend));
        let rest = whole.strip_prefix(&left).unwrap_or_default();
        let message = format!("`{whole}` reads as `({left}){rest}`");
        let product = joined(BinaryOperator::Multiply, second, last);
        let quotient = print_formula(&joined(BinaryOperator::Divide, first, &product));
        let diagnostic = Diagnostic::warning("W0207", message, formula.span, "two divisions in a row");
        self.found.push(diagnostic.help(format!("write `{quotient}`, or set parentheses")));
    }

    fn call(&mut self, call: &'a Call) -> Option<Value> {
        let name = call.name.text.as_str();
        match self.scope.get(name) {
            Some(Meaning::Let(arguments, body)) if !arguments.is_empty() => self.apply(call, arguments, body),
            Some(Meaning::Unknown(_)) => self.value_at_a_point(call),
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
        let key = (call.name.text.as_str(), self.argument_values(call, names)?);
        if let Some(value) = self.definitions.get(&key) {
            return value.clone();
        }
        let value = self.with_arguments(names, key.1.clone(), |this| this.formula(body));
        self.definitions.insert(key, value.clone());
        value
    }

    /// The values of the arguments of a call of a definition.
    pub(super) fn argument_values(&mut self, call: &'a Call, names: &'a [ast::Name]) -> Option<Vec<Value>> {
        let name = call.name.text.as_str();
        let arguments = self.positional(call)?;
        if arguments.len() != names.len() {
            let message = format!("`{name}` takes {}, not {}", counted(names.len(), "argument"), arguments.len());
            return self.error("E0208", message, call.span, "in this call");
        }
        let values: Vec<Option<Value>> = arguments.iter().map(|argument| self.formula(argument)).collect();
        let values: Vec<Value> = values.into_iter().collect::<Option<_>>()?;
        (!self.scope.is_cyclic(name)).then_some(values)
    }

    /// Reads the body of a definition, in which the names stand for values.
    pub(super) fn with_arguments<T>(
        &mut self,
        names: &'a [ast::Name],
        values: Vec<Value>,
        body: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let inner = names.iter().map(|name| name.text.as_str()).zip(values).collect();
        let outer = std::mem::replace(&mut self.locals, inner);
        let result = body(self);
        self.locals = outer;
        result
    }

    /// Evaluates `body` with a name that stands for a value.
    pub(super) fn with_local<T>(&mut self, name: &'a str, value: Value, body: impl FnOnce(&mut Self) -> T) -> T {
        self.locals.push((name, value));
        let result = body(self);
        self.locals.pop();
        result
    }

    /// The names of axes and fields so far, for printing formulas.
    pub fn names(&self) -> Names {
        Names {
            axes: self.axes.iter().map(|axis| axis.name.clone()).collect(),
            fields: self.fields.iter().map(|field| field.name.clone()).collect(),
        }
    }

    /// The numbers of the axes in space.
    pub fn space(&self) -> Vec<usize> {
        (0..self.axes.len()).filter(|&axis| self.axes[axis].kind == AxisKind::Space).collect()
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

/// Two formulas under an operator; printing sets the parentheses that they need there.
fn joined(operator: BinaryOperator, left: &Formula, right: &Formula) -> Formula {
    let kind = FormulaKind::Binary(operator, Box::new(left.clone()), Box::new(right.clone()));
    Formula { span: left.span.to(right.span), kind }
}

/// The two sides of a division.
fn quotient(formula: &Formula) -> Option<(&Formula, &Formula)> {
    match &formula.kind {
        FormulaKind::Binary(BinaryOperator::Divide, a, b) => Some((a, b)),
        _ => None,
    }
}
