//! Complex numbers in formulas: arithmetic by their real and imaginary parts, and functions of them.

use crate::diagnostic::{Diagnostic, Span};
use crate::expr::{Expr, Function, Graph};
use crate::syntax::ast::{Call, Formula};
use crate::syntax::print_formula;

use super::elaborate::Elaborator;
use super::values::Value;

/// The highest power of a complex number, and of a complex number in a denominator.
const HIGHEST_POWER: i64 = 64;

impl Value {
    /// Whether it is a complex number (and no complex vector).
    pub fn is_complex_number(&self) -> bool {
        matches!(self, Value::Complex(parts) if matches!(parts[0], Value::Number(_)))
    }

    /// The two parts of a number.
    fn number_parts(&self) -> Option<[Expr; 2]> {
        match self.parts() {
            [Value::Number(re), Value::Number(im)] => Some([re, im]),
            _ => None,
        }
    }
}

impl<'a> Elaborator<'a> {
    /// A complex number times a value of any shape.
    pub(super) fn complex_product(&mut self, factor: &Value, other: &Value) -> Value {
        let Some([a, b]) = factor.number_parts() else { return other.clone() };
        let [re, im] = other.parts();
        let scaled = |this: &mut Self, factor: Expr, value: &Value| this.map(value, |graph, e| graph.mul(factor, e));
        let [a_re, b_im, a_im, b_re] =
            [(a, &re), (b, &im), (a, &im), (b, &re)].map(|(factor, value)| scaled(self, factor, value));
        let re = self.zip(&a_re, &b_im, |graph, x, y| graph.sub(x, y));
        let im = self.zip(&a_im, &b_re, |graph, x, y| graph.add(x, y));
        Value::complex(re, im)
    }

    /// 1/z = conj(z)/|z|²
    pub(super) fn complex_inverse(&mut self, value: &Value) -> Value {
        let Some([re, im]) = value.number_parts() else { return value.clone() };
        let square = self.square_of_modulus(re, im);
        let (re, im) = (self.graph.div(re, square), self.graph.div(im, square));
        let im = self.graph.neg(im);
        Value::complex(Value::Number(re), Value::Number(im))
    }

    /// Whole powers of complex numbers, and complex powers of positive numbers.
    pub(super) fn complex_power(&mut self, base: &Value, exponent: &Value, span: Span) -> Option<Value> {
        if let Value::Number(base) = base {
            // b^z = exp(z log b)
            let log = self.graph.call(Function::Log, &[*base]);
            let inner = self.map(exponent, |graph, e| graph.mul(log, e));
            return self.complex_function(Function::Exp, &inner);
        }
        let whole = match exponent {
            Value::Number(exponent) => self.graph.constant_value(*exponent).filter(|e| e.fract() == 0.0),
            _ => None,
        };
        let Some(power) = whole.filter(|p| p.abs() <= HIGHEST_POWER as f64) else {
            let message = format!("a power of a complex number is a whole number up to {HIGHEST_POWER}");
            return self.error("E0211", message, span, "this is none");
        };
        let power = power as i64;
        let base = if power < 0 { self.complex_inverse(base) } else { base.clone() };
        let one = Value::Number(Graph::ONE);
        Some((0..power.abs()).fold(one, |product, _| self.complex_product(&base, &product)))
    }

    fn square_of_modulus(&mut self, re: Expr, im: Expr) -> Expr {
        let (a, b) = (self.graph.powi(re, 2), self.graph.powi(im, 2));
        self.graph.add(a, b)
    }

    /// A function of a complex number; `None` if there is none by this name.
    pub(super) fn complex_function(&mut self, function: Function, argument: &Value) -> Option<Value> {
        let [re, im] = argument.number_parts()?;
        let graph = &mut self.graph;
        let [sin, cos] = [Function::Sin, Function::Cos];
        let [sinh, cosh] = [Function::Sinh, Function::Cosh];
        let mut product = |f: Function, x: Expr, g: Function, y: Expr| {
            let (f, g) = (graph.call(f, &[x]), graph.call(g, &[y]));
            graph.mul(f, g)
        };
        let (re, im) = match function {
            Function::Exp => (product(Function::Exp, re, cos, im), product(Function::Exp, re, sin, im)),
            Function::Sin => (product(sin, re, cosh, im), product(cos, re, sinh, im)),
            Function::Cos => {
                let im_part = product(sin, re, sinh, im);
                (product(cos, re, cosh, im), self.graph.neg(im_part))
            }
            Function::Sinh => (product(sinh, re, cos, im), product(cosh, re, sin, im)),
            Function::Cosh => (product(cosh, re, cos, im), product(sinh, re, sin, im)),
            Function::Abs => {
                let square = self.square_of_modulus(re, im);
                return Some(Value::Number(self.graph.sqrt(square)));
            }
            _ => return None,
        };
        Some(Value::complex(Value::Number(re), Value::Number(im)))
    }

    /// `re`, `im`, `conj`, `abs2`
    pub(super) fn part_of_complex(&mut self, name: &str, argument: &'a Formula) -> Option<Value> {
        let value = self.formula(argument)?;
        let [re, im] = value.parts();
        match name {
            "re" => Some(re),
            "im" => Some(im),
            "conj" => {
                let im = self.map(&im, |graph, e| graph.neg(e));
                Some(Value::complex(re, im))
            }
            _ => match value.number_parts() {
                Some([re, im]) => Some(Value::Number(self.square_of_modulus(re, im))),
                None => {
                    let message =
                        format!("`abs2` takes a number, `{}` is {}", print_formula(argument), value.describe());
                    let diagnostic = Diagnostic::error("E0208", message, argument.span, value.describe());
                    self.found.push(diagnostic.help("the square of its length is `norm2(v)`"));
                    None
                }
            },
        }
    }

    /// A function that is not defined here for complex numbers.
    pub(super) fn real_only(&mut self, function: Function, call: &'a Call) -> Option<Value> {
        let message = format!("`{}` of a complex number", function.name());
        let diagnostic = Diagnostic::error("E0211", message, call.span, "its argument is complex");
        let known = "functions of complex numbers are exp, sin, cos, sinh, cosh, abs";
        self.found.push(diagnostic.help(format!("take a part of it, `re(..)` or `im(..)`; {known}")));
        None
    }

    /// Reports an equation with complex values that speaks of real unknowns only.
    pub(super) fn complex_among_real(&mut self, sides: [(&'a Formula, &Value); 2], span: Span) -> Option<()> {
        let Some((formula, _)) = sides.iter().find(|(_, value)| value.is_complex()) else { return Some(()) };
        let roots: Vec<Expr> = sides.iter().flat_map(|(_, value)| value.components()).collect();
        let jets = self.jets_inside(&roots);
        let unknown = |field: u16| {
            let has = |u: &&super::Unknown| u.components.iter().any(|c| c.field == usize::from(field));
            self.unknowns.iter().find(has)
        };
        if jets.iter().filter_map(|jet| unknown(jet.field)).any(|u| u.complex) {
            return Some(());
        }
        let real = jets.iter().find_map(|jet| unknown(jet.field)).map(|u| (u.name.clone(), u.span));
        let text = print_formula(formula);
        let diagnostic = match real {
            Some((name, declared)) => {
                let message = format!("`{text}` is complex but `{name}` is real");
                Diagnostic::error("E0211", message, formula.span, "complex")
                    .label(declared, "declared here")
                    .help(format!("a complex unknown is declared with `unknown {name}: complex`"))
            }
            None => Diagnostic::error("E0211", format!("`{text}` is complex"), span, "no complex unknown here"),
        };
        self.found.push(diagnostic);
        None
    }
}
