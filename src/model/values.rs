//! What a formula is, and arithmetic with it.

use num_traits::Signed;

use crate::diagnostic::{Diagnostic, Span};
use crate::expr::{Expr, Graph};
use crate::syntax::ast::{self, BinaryOperator, Formula, FormulaKind};

use super::elaborate::{Elaborator, counted};
use super::scope::{Meaning, split};

/// What a formula is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Value {
    /// A number, or a function of the point with such values.
    Number(Expr),
    /// Components along the space axes.
    Vector(Vec<Expr>),
    /// The rows of a square array.
    Tensor(Vec<Vec<Expr>>),
    /// Real and imaginary part: real values of the same shape.
    Complex(Box<[Value; 2]>),
}

impl Value {
    /// A complex value; real if its imaginary part is identically zero.
    pub fn complex(re: Value, im: Value) -> Self {
        if im.components().iter().all(|e| *e == Graph::ZERO) { re } else { Value::Complex(Box::new([re, im])) }
    }

    /// `a number`, `a vector with 2 components`
    pub fn describe(&self) -> String {
        match self {
            Value::Number(_) => "a number".to_owned(),
            Value::Vector(components) => format!("a vector with {} components", components.len()),
            Value::Tensor(rows) => format!("a tensor of {0} by {0}", rows.len()),
            Value::Complex(parts) => parts[0].describe().replacen("a ", "a complex ", 1),
        }
    }

    /// Its real components: a number has one, a tensor is read row by row, and all real parts come before all imaginary
    /// ones.
    pub fn components(&self) -> Vec<Expr> {
        match self {
            Value::Number(expr) => vec![*expr],
            Value::Vector(components) => components.clone(),
            Value::Tensor(rows) => rows.concat(),
            Value::Complex(parts) => [parts[0].components(), parts[1].components()].concat(),
        }
    }

    /// A value of the same shape with each component replaced.
    pub fn try_map(&self, f: &mut impl FnMut(Expr) -> Option<Expr>) -> Option<Value> {
        Some(match self {
            Value::Number(expr) => Value::Number(f(*expr)?),
            Value::Vector(components) => Value::Vector(components.iter().map(|&e| f(e)).collect::<Option<_>>()?),
            Value::Tensor(rows) => {
                let rows = rows.iter().map(|row| row.iter().map(|&e| f(e)).collect::<Option<Vec<_>>>());
                Value::Tensor(rows.collect::<Option<_>>()?)
            }
            Value::Complex(parts) => Value::complex(parts[0].try_map(f)?, parts[1].try_map(f)?),
        })
    }

    /// Real and imaginary part.
    pub fn parts(&self) -> [Value; 2] {
        match self {
            Value::Complex(parts) => (**parts).clone(),
            real => [real.clone(), real.zero()],
        }
    }

    /// Whether it has an imaginary part.
    pub fn is_complex(&self) -> bool {
        matches!(self, Value::Complex(_))
    }

    fn zero(&self) -> Value {
        self.try_map(&mut |_| Some(Graph::ZERO)).unwrap_or_else(|| self.clone())
    }

    /// The real value of this shape that is made from so many components.
    fn shaped(&self, components: impl IntoIterator<Item = Expr>) -> Option<Value> {
        let mut components = components.into_iter();
        self.try_map(&mut |_| components.next())
    }

    /// What follows the name of an unknown in the names of its components: nothing for a number, `x`, `xy`, `re`.
    pub fn component_names(&self, axes: &[&str]) -> Vec<String> {
        match self {
            Value::Number(_) => vec![String::new()],
            Value::Vector(components) if components.len() == axes.len() => {
                axes.iter().map(|axis| (*axis).to_owned()).collect()
            }
            Value::Tensor(rows) if rows.len() == axes.len() => {
                axes.iter().flat_map(|row| axes.iter().map(move |column| format!("{row}{column}"))).collect()
            }
            Value::Vector(components) => (1..=components.len()).map(|i| i.to_string()).collect(),
            Value::Tensor(rows) => {
                let size = rows.len();
                (0..size * size).map(|i| format!("{}_{}", i / size + 1, i % size + 1)).collect()
            }
            Value::Complex(parts) => {
                let names = parts[0].component_names(axes);
                let part = |part: &'static str| {
                    let name =
                        move |name: &String| if name.is_empty() { part.to_owned() } else { format!("{name}.{part}") };
                    names.iter().map(name)
                };
                part("re").chain(part("im")).collect()
            }
        }
    }
}

impl<'a> Elaborator<'a> {
    pub(super) fn index(&mut self, base: &'a Formula, indices: &'a [Formula], span: Span) -> Option<Value> {
        if let Some(axis) = self.indexed_axis(base, indices, span) {
            return axis.map(|axis| Value::Number(self.graph.coordinate(axis)));
        }
        let value = self.formula(base)?;
        self.indexed(value, base, indices, span)
    }

    fn indexed(&mut self, value: Value, base: &'a Formula, indices: &'a [Formula], span: Span) -> Option<Value> {
        match (value, indices) {
            (Value::Number(_), _) => {
                self.error("E0208", "only vectors and axes have components", base.span, "a number")
            }
            (Value::Complex(parts), _) if matches!(parts[0], Value::Number(_)) => {
                let diagnostic =
                    Diagnostic::error("E0208", "a complex number has no index", base.span, "a complex number");
                self.found.push(diagnostic.help("its parts are `re(h)` and `im(h)`"));
                None
            }
            (Value::Complex(parts), _) => {
                let [re, im] = *parts;
                let (re, im) = (self.indexed(re, base, indices, span)?, self.indexed(im, base, indices, span)?);
                Some(Value::complex(re, im))
            }
            (Value::Vector(components), [index]) => self.member(&components, index, "vector").map(Value::Number),
            (Value::Vector(_), _) => {
                self.error("E0208", "a vector has one index", span, counted(indices.len(), "index"))
            }
            (Value::Tensor(rows), [row, column]) => {
                let row = self.member(&rows, row, "tensor")?;
                self.member(&row, column, "tensor").map(Value::Number)
            }
            (Value::Tensor(_), _) => {
                self.error("E0208", "a tensor has two indices", span, counted(indices.len(), "index"))
            }
        }
    }

    /// One of `members`, counted from 1.
    fn member<T: Clone>(&mut self, members: &[T], index: &'a Formula, what: &str) -> Option<T> {
        let value = self.whole_here(index)?;
        match usize::try_from(value - 1).ok().and_then(|i| members.get(i)) {
            Some(member) => Some(member.clone()),
            None => {
                let count = members.len();
                let message = match what {
                    "tensor" => format!("index {value} of a tensor of {count} by {count}"),
                    _ => format!("component {value} of a vector with {count} components"),
                };
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

    /// `w.x`, `T.xy`, `h.re`
    pub(super) fn component(&mut self, base: &'a Formula, name: &'a ast::Name) -> Option<Value> {
        let value = self.formula(base)?;
        self.component_of(value, base, name)
    }

    fn component_of(&mut self, value: Value, base: &'a Formula, name: &'a ast::Name) -> Option<Value> {
        let space = self.space();
        let names: Vec<&str> = space.iter().map(|&axis| self.axes[axis].name.as_str()).collect();
        let (count, wanted) = match &value {
            Value::Number(_) => {
                return self.error("E0208", "only vectors have components", base.span, "a number");
            }
            Value::Complex(parts) => {
                let part = ["re", "im"].iter().position(|part| *part == name.text);
                return match (part, &parts[0]) {
                    (Some(part), _) => Some(parts[part].clone()),
                    (None, Value::Number(_)) => self.error(
                        "E0208",
                        "the parts of a complex number are `re` and `im`",
                        name.span,
                        "no such part",
                    ),
                    _ => {
                        let [re, im] = *parts.clone();
                        let (re, im) = (self.component_of(re, base, name)?, self.component_of(im, base, name)?);
                        Some(Value::complex(re, im))
                    }
                };
            }
            Value::Vector(components) => (components.len(), 1),
            Value::Tensor(rows) => (rows.len(), 2),
        };
        let found = split(&name.text, &names).unwrap_or_default();
        let found: Vec<usize> = found.iter().filter_map(|n| names.iter().position(|name| name == n)).collect();
        if found.len() != wanted {
            let message = match wanted {
                1 => format!("`{}` is not an axis in space", name.text),
                _ => format!("`{}` is not a pair of axes in space", name.text),
            };
            return self.error("E0201", message, name.span, "no such component");
        }
        if count != space.len() {
            let message = format!("{} in a space of {}", value.describe(), space.len());
            return self.error("E0209", message, base.span, "has no component along an axis");
        }
        Some(Value::Number(match value {
            Value::Tensor(rows) => rows[found[0]][found[1]],
            other => other.components()[found[0]],
        }))
    }

    /// A vector from its components, or a tensor from its rows.
    pub(super) fn tuple(&mut self, items: &'a [Formula], values: Vec<Value>) -> Option<Value> {
        if values.iter().any(Value::is_complex) {
            let (re, im): (Vec<Value>, Vec<Value>) = values.iter().map(|v| v.parts()).map(|[re, im]| (re, im)).unzip();
            return Some(Value::complex(self.tuple(items, re)?, self.tuple(items, im)?));
        }
        if values.iter().all(|value| matches!(value, Value::Vector(_))) {
            if let Some(i) = values.iter().position(|row| row.components().len() != values.len()) {
                let message = format!("{} rows of a tensor, but this one is {}", values.len(), values[i].describe());
                return self.error("E0209", message, items[i].span, "as many components as rows are needed");
            }
            return Some(Value::Tensor(values.iter().map(Value::components).collect()));
        }
        let numbers = items.iter().zip(values).map(|(item, value)| self.expect_number(value, item.span, "a component"));
        let numbers: Vec<Option<Expr>> = numbers.collect();
        numbers.into_iter().collect::<Option<_>>().map(Value::Vector)
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
            (Multiply, factor, other) | (Multiply, other, factor) if factor.is_complex_number() => {
                Some(self.complex_product(factor, other))
            }
            (Multiply, ..) => {
                let [x, y] = [&a, &b].map(|side| side.describe().replacen("a ", "", 1));
                let message = if matches!((&a, &b), (Value::Vector(_), Value::Vector(_))) {
                    "a product of two vectors".to_owned()
                } else {
                    format!("a product of a {x} and a {y}")
                };
                let diagnostic = Diagnostic::error("E0208", message, span, "neither side is a number");
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
            (Divide, _, divisor) if divisor.is_complex_number() => {
                let inverse = self.complex_inverse(divisor);
                self.binary(Multiply, (a, a_span), (inverse, b_span), span)
            }
            (Power, Value::Number(base), Value::Number(exponent)) => {
                let negative = self.graph.as_rational(*exponent).is_some_and(|e| e.is_negative());
                if self.graph.is_zero(*base) && negative {
                    return self.error("E0208", "division by zero: a negative power of 0", span, "here");
                }
                Some(Value::Number(self.graph.pow(*base, *exponent)))
            }
            (Power, Value::Vector(_) | Value::Tensor(_), _) => {
                let what = a.describe();
                let power = if matches!(a, Value::Vector(_)) { "a power of a vector" } else { "a power of a tensor" };
                let diagnostic = Diagnostic::error("E0208", power, a_span, what);
                self.found.push(diagnostic.help("the square of its length is `norm2(v)`"));
                None
            }
            (Power, ..) if [&a, &b].iter().all(|v| v.is_complex_number() || matches!(v, Value::Number(_))) => {
                self.complex_power(&a, &b, b_span)
            }
            (Divide | Power, ..) => {
                let message =
                    format!("{} where a number is needed", b.describe().split(" with").next().unwrap_or("a vector"));
                self.error("E0208", message, b_span, b.describe())
            }
        }
    }

    /// Checks that two values have the same shape; one may be complex and the other real.
    pub fn same_shape(&mut self, a: &Value, b: &Value, span: Span) -> Option<()> {
        match (a, b) {
            (Value::Number(_), Value::Number(_)) => Some(()),
            (Value::Complex(parts), other) | (other, Value::Complex(parts)) => {
                let [other, _] = other.parts();
                let [real, _] = &**parts;
                self.same_shape(&real.clone(), &other, span)
            }
            (Value::Vector(x), Value::Vector(y)) if x.len() == y.len() => Some(()),
            (Value::Tensor(x), Value::Tensor(y)) if x.len() == y.len() => Some(()),
            (Value::Vector(_), Value::Vector(_)) if self.unsure => None,
            (Value::Vector(x), Value::Vector(y)) => {
                let space = self.space();
                let message = match [x.len(), y.len()].iter().position(|&n| n == space.len()) {
                    Some(i) => {
                        let names: Vec<&str> = space.iter().map(|&a| self.axes[a].name.as_str()).collect();
                        let other = [x.len(), y.len()][1 - i];
                        format!("{other} components for a vector of {} (axes {})", space.len(), names.join(", "))
                    }
                    None => {
                        format!("a vector with {} components and one with {} do not go together", x.len(), y.len())
                    }
                };
                self.error("E0209", message, span, "the two sides have different lengths")
            }
            (Value::Tensor(_), Value::Tensor(_)) => {
                let message = format!("{} and {} do not go together", a.describe(), b.describe());
                self.error("E0209", message, span, "the two sides have different sizes")
            }
            _ => {
                let message = format!("{} and {} do not go together", a.describe(), b.describe());
                let zero = |v: &Value| matches!(v, Value::Number(e) if *e == Graph::ZERO);
                let diagnostic = Diagnostic::error("E0208", message, span, "the two sides are of different kinds");
                let other = if zero(a) { b } else { a };
                self.found.push(match other {
                    Value::Vector(components) if zero(a) || zero(b) => {
                        let zeros = vec!["0"; components.len()].join(", ");
                        diagnostic.help(format!("the zero vector is `({zeros})`"))
                    }
                    _ => diagnostic,
                });
                None
            }
        }
    }

    /// Applies an operation to each component.
    pub fn map(&mut self, value: &Value, mut f: impl FnMut(&mut Graph, Expr) -> Expr) -> Value {
        value.try_map(&mut |e| Some(f(&mut self.graph, e))).unwrap_or_else(|| value.clone())
    }

    /// Applies an operation to each pair of components of values of the same shape, real ones extended by zero.
    pub(super) fn zip(&mut self, a: &Value, b: &Value, mut f: impl FnMut(&mut Graph, Expr, Expr) -> Expr) -> Value {
        let mut real = |x: &Value, y: &Value| {
            let pairs: Vec<Expr> =
                x.components().into_iter().zip(y.components()).map(|(x, y)| f(&mut self.graph, x, y)).collect();
            x.shaped(pairs).unwrap_or_else(|| x.clone())
        };
        if !a.is_complex() && !b.is_complex() {
            return real(a, b);
        }
        let ([a_re, a_im], [b_re, b_im]) = (a.parts(), b.parts());
        let (re, im) = (real(&a_re, &b_re), real(&a_im, &b_im));
        Value::complex(re, im)
    }
}
