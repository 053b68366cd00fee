//! What a formula is, and arithmetic with it.

use num_traits::Signed;

use crate::diagnostic::{Diagnostic, Span};
use crate::expr::{Expr, Graph};
use crate::syntax::ast::{self, BinaryOperator, Formula, FormulaKind};

use super::elaborate::{Elaborator, counted};
use super::scope::Meaning;

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

impl<'a> Elaborator<'a> {
    pub(super) fn index(&mut self, base: &'a Formula, indices: &'a [Formula], span: Span) -> Option<Value> {
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

    pub(super) fn component(&mut self, base: &'a Formula, axis: &'a ast::Name) -> Option<Value> {
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

    pub(super) fn binary(
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

    pub(super) fn zip(&mut self, a: &Value, b: &Value, mut f: impl FnMut(&mut Graph, Expr, Expr) -> Expr) -> Value {
        match (a, b) {
            (Value::Number(x), Value::Number(y)) => Value::Number(f(&mut self.graph, *x, *y)),
            _ => {
                let pairs = a.components().iter().zip(b.components());
                Value::Vector(pairs.map(|(&x, &y)| f(&mut self.graph, x, y)).collect())
            }
        }
    }
}
