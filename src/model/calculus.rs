//! Operators of vector calculus. They act on the axes in space only, never on time.
//!
//! On complex values all of them are linear in each argument: nothing is conjugated, except by `norm2`.

use crate::diagnostic::{Diagnostic, Span};
use crate::expr::Expr;
use crate::syntax::ast::{Call, Formula};
use crate::syntax::print_formula;

use super::elaborate::{Elaborator, counted};
use super::values::Value;

impl<'a> Elaborator<'a> {
    /// The operator of this name.
    pub(super) fn calculus(&mut self, call: &'a Call) -> Option<Value> {
        let span = call.span;
        match call.name.text.as_str() {
            "adv" | "dot" => {
                let [a, b] = self.arguments(call)?;
                let (x, y) = (self.formula(a), self.formula(b));
                let (x, y) = (x?, y?);
                if call.name.text == "adv" {
                    self.bilinear(&x, &y, &mut |this, x, y| this.advection((x, a), y, span))
                } else {
                    self.bilinear(&x, &y, &mut |this, x, y| this.dot_product((x, a), (y, b), span))
                }
            }
            "norm2" => {
                let [argument] = self.arguments(call)?;
                let value = self.formula(argument)?;
                let [re, im] = value.parts();
                if matches!(re, Value::Number(_)) {
                    return self.needs_vector(&value, argument, "norm2");
                }
                let all = [re.components(), im.components()].concat();
                Some(Value::Number(self.dot(&all, &all)))
            }
            name => {
                let [argument] = self.arguments(call)?;
                let value = self.formula(argument)?;
                let [re, im] = value.parts();
                let mut apply = |part: &Value| self.linear_operator(name, part, argument, span);
                let re = apply(&re)?;
                if !value.is_complex() {
                    return Some(re);
                }
                Some(Value::complex(re, apply(&im)?))
            }
        }
    }

    /// An operator of one real argument.
    fn linear_operator(&mut self, name: &str, value: &Value, argument: &'a Formula, span: Span) -> Option<Value> {
        match name {
            "grad" => self.gradient_of(value, argument, span),
            "div" => self.divergence(value, argument, span),
            "curl" => self.curl(value, argument, span),
            "lap" => self.componentwise(value, |this, expr| this.laplacian(expr, span)),
            "dn" => self.componentwise(value, |this, expr| this.normal_derivative(expr, span)),
            _ => match value {
                Value::Tensor(rows) if name == "trace" => {
                    let diagonal: Vec<Expr> = rows.iter().enumerate().map(|(i, row)| row[i]).collect();
                    Some(Value::Number(self.graph.sum(diagonal)))
                }
                Value::Tensor(rows) => {
                    let column = |j: usize| rows.iter().map(|row| row[j]).collect();
                    Some(Value::Tensor((0..rows.len()).map(column).collect()))
                }
                _ => {
                    let text = print_formula(argument);
                    let message = format!("`{name}` needs a tensor, `{text}` is {}", value.describe());
                    self.error("E0208", message, argument.span, value.describe())
                }
            },
        }
    }

    /// Applies an operation that is linear in both of its arguments to complex ones.
    fn bilinear(
        &mut self,
        x: &Value,
        y: &Value,
        f: &mut dyn FnMut(&mut Self, &Value, &Value) -> Option<Value>,
    ) -> Option<Value> {
        if !x.is_complex() && !y.is_complex() {
            return f(self, x, y);
        }
        let ([a, b], [c, d]) = (x.parts(), y.parts());
        let [ac, bd, ad, bc] = [(&a, &c), (&b, &d), (&a, &d), (&b, &c)].map(|(x, y)| f(self, x, y));
        let (ac, bd, ad, bc) = (ac?, bd?, ad?, bc?);
        let re = self.zip(&ac, &bd, |graph, x, y| graph.sub(x, y));
        let im = self.zip(&ad, &bc, |graph, x, y| graph.add(x, y));
        Some(Value::complex(re, im))
    }

    /// Applies an operation to each component.
    pub(super) fn componentwise(
        &mut self,
        value: &Value,
        mut f: impl FnMut(&mut Self, Expr) -> Option<Expr>,
    ) -> Option<Value> {
        value.try_map(&mut |expr| f(self, expr))
    }

    /// Reports a value that is no vector.
    fn needs_vector<T>(&mut self, value: &Value, formula: &'a Formula, operator: &str) -> Option<T> {
        let space = self.space().len();
        let message = match operator {
            "dot" | "norm2" => format!("`{operator}` needs vectors"),
            _ => format!("`{operator}` needs a vector with {}", counted(space, "component")),
        };
        let message = format!("{message}, `{}` is {}", print_formula(formula), value.describe());
        let diagnostic = Diagnostic::error("E0208", message, formula.span, value.describe());
        self.found.push(match operator {
            "div" => diagnostic.help("for two scalar unknowns write `u_x + v_y`"),
            "dot" => diagnostic.help("for numbers write `a*b`"),
            "norm2" if value.is_complex() => diagnostic.help("for a complex number write `abs2(a)`"),
            "norm2" => diagnostic.help("for a number write `a^2`"),
            _ => diagnostic,
        });
        None
    }

    /// Checks that there is a component for each axis in space.
    fn fits_space(&mut self, count: usize, formula: &'a Formula, operator: &str) -> Option<()> {
        let space = self.space();
        if count == space.len() {
            return Some(());
        }
        if self.unsure {
            return None;
        }
        let names: Vec<&str> = space.iter().map(|&a| self.axes[a].name.as_str()).collect();
        let message = format!("{count} components for a vector of {} (axes {})", space.len(), names.join(", "));
        self.error("E0209", message, formula.span, format!("in `{operator}`"))
    }

    /// A vector with one component for each axis in space.
    fn space_vector(&mut self, value: &Value, formula: &'a Formula, operator: &str) -> Option<Vec<Expr>> {
        let Value::Vector(components) = value else { return self.needs_vector(value, formula, operator) };
        self.fits_space(components.len(), formula, operator)?;
        Some(components.clone())
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

    /// Of a number a vector; of a vector w the tensor with (grad w)_ij = ∂w_i/∂x_j.
    fn gradient_of(&mut self, value: &Value, argument: &'a Formula, span: Span) -> Option<Value> {
        match value {
            Value::Number(expr) => self.gradient(*expr, span).map(Value::Vector),
            Value::Vector(components) => {
                self.fits_space(components.len(), argument, "grad")?;
                let rows = components.iter().map(|&expr| self.gradient(expr, span));
                rows.collect::<Option<Vec<_>>>().map(Value::Tensor)
            }
            _ => self.unsupported("the gradient of a tensor", span),
        }
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

    pub(super) fn dot(&mut self, a: &[Expr], b: &[Expr]) -> Expr {
        let terms: Vec<Expr> = a.iter().zip(b).map(|(&x, &y)| self.graph.mul(x, y)).collect();
        self.graph.sum(terms)
    }

    /// The sum over the index that stands in the middle: of two vectors a number, of a tensor and a vector a vector, of
    /// two tensors the product of matrices.
    fn dot_product(
        &mut self,
        (x, a): (&Value, &'a Formula),
        (y, b): (&Value, &'a Formula),
        span: Span,
    ) -> Option<Value> {
        let size = |value: &Value| match value {
            Value::Vector(components) => Some(components.len()),
            Value::Tensor(rows) => Some(rows.len()),
            _ => None,
        };
        let (left, right) = (size(x), size(y));
        let (Some(left), Some(right)) = (left, right) else {
            for (size, value, formula) in [(left, x, a), (right, y, b)] {
                if size.is_none() {
                    let _: Option<()> = self.needs_vector(value, formula, "dot");
                }
            }
            return None;
        };
        if left != right {
            let message = format!("`dot` of vectors with {left} and {right} components");
            return self.error("E0209", message, span, "different lengths");
        }
        let columns = |rows: &[Vec<Expr>]| -> Vec<Vec<Expr>> {
            (0..rows.len()).map(|j| rows.iter().map(|row| row[j]).collect()).collect()
        };
        let mut with_each = |row: &[Expr], others: &[Vec<Expr>]| -> Vec<Expr> {
            others.iter().map(|other| self.dot(row, other)).collect()
        };
        Some(match (x, y) {
            (Value::Vector(x), Value::Tensor(y)) => Value::Vector(with_each(x, &columns(y))),
            (Value::Tensor(x), Value::Vector(y)) => Value::Vector(with_each(y, x)),
            (Value::Tensor(x), Value::Tensor(y)) => {
                let columns = columns(y);
                Value::Tensor(x.iter().map(|row| with_each(row, &columns)).collect())
            }
            _ => Value::Number(self.dot(&x.components(), &y.components())),
        })
    }

    /// Of a vector a number, of a tensor the vector of the divergences of its rows: (div T)_i = Σ_j ∂T_ij/∂x_j.
    fn divergence(&mut self, value: &Value, argument: &'a Formula, span: Span) -> Option<Value> {
        if let Value::Tensor(rows) = value {
            self.fits_space(rows.len(), argument, "div")?;
            let rows = rows.iter().map(|row| self.divergence_of(row, span));
            return rows.collect::<Option<Vec<_>>>().map(Value::Vector);
        }
        let vector = self.space_vector(value, argument, "div")?;
        self.divergence_of(&vector, span).map(Value::Number)
    }

    fn divergence_of(&mut self, vector: &[Expr], span: Span) -> Option<Expr> {
        let space = self.space();
        let terms: Option<Vec<Expr>> =
            vector.iter().zip(space).map(|(&expr, axis)| self.derivative(expr, axis, span)).collect();
        Some(self.graph.sum(terms?))
    }

    /// In space a vector. In the plane a number, w.y_x - w.x_y; of a number ψ the vector (ψ_y, -ψ_x).
    fn curl(&mut self, value: &Value, argument: &'a Formula, span: Span) -> Option<Value> {
        let space = self.space();
        if !(2..=3).contains(&space.len()) {
            let message = format!("`curl` needs 2 or 3 axes in space, there is {}", space.len());
            let message = if space.len() == 1 { message } else { message.replace("there is", "there are") };
            return self.error("E0208", message, span, "here");
        }
        if let (Value::Number(stream), [x, y]) = (value, space.as_slice()) {
            let (along_x, along_y) = (self.derivative(*stream, *x, span)?, self.derivative(*stream, *y, span)?);
            return Some(Value::Vector(vec![along_y, self.graph.neg(along_x)]));
        }
        let vector = self.space_vector(value, argument, "curl")?;
        let minor = |this: &mut Self, i: usize, j: usize| {
            let a = this.derivative(vector[j], space[i], span)?;
            let b = this.derivative(vector[i], space[j], span)?;
            Some(this.graph.sub(a, b))
        };
        if space.len() == 2 {
            return minor(self, 0, 1).map(Value::Number);
        }
        let components = [(1, 2), (2, 0), (0, 1)].map(|(i, j)| minor(self, i, j));
        components.into_iter().collect::<Option<Vec<_>>>().map(Value::Vector)
    }

    /// (a . grad) b
    fn advection(&mut self, (velocity, a): (&Value, &'a Formula), value: &Value, span: Span) -> Option<Value> {
        let velocity = self.space_vector(velocity, a, "adv")?;
        self.componentwise(value, |this, expr| {
            let gradient = this.gradient(expr, span)?;
            Some(this.dot(&velocity, &gradient))
        })
    }
}
