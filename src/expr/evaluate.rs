//! Evaluation in f64.

use num_traits::{ToPrimitive, Zero};

use super::function::Function;
use super::graph::{Exponent, Expr, Graph, Node};
use super::jet::Symbol;
use crate::vmath;

impl Graph {
    /// The values of `roots`, where `value` gives the values of atoms.
    ///
    /// For checks and constants; what is trained goes through the tape.
    pub fn evaluate(&self, roots: &[Expr], value: impl Fn(&Symbol) -> f64) -> Vec<f64> {
        let order = self.reachable(roots);
        let mut values = vec![f64::NAN; order.last().map_or(0, |e| e.index() + 1)];
        for &expr in &order {
            values[expr.index()] = self.evaluate_node(expr, &values, &value);
        }
        roots.iter().map(|r| values[r.index()]).collect()
    }

    /// The value of a formula without atoms; `None` if it has any.
    pub fn constant_value(&self, expr: Expr) -> Option<f64> {
        self.symbols(&[expr]).is_empty().then(|| self.evaluate(&[expr], |_| f64::NAN)[0])
    }

    fn evaluate_node(&self, expr: Expr, values: &[f64], symbol: &impl Fn(&Symbol) -> f64) -> f64 {
        let at = |e: &Expr| values[e.index()];
        match self.node(expr) {
            Node::Rational(value) => to_f64(value),
            Node::Pi => std::f64::consts::PI,
            Node::Euler => std::f64::consts::E,
            Node::Symbol(s) => symbol(s),
            Node::Sum { constant, terms } => {
                let start = if constant.is_zero() { -0.0 } else { to_f64(constant) };
                terms.iter().fold(start, |sum, (t, c)| sum + to_f64(c) * at(t))
            }
            Node::Product(factors) => factors.iter().map(|(b, e)| power(at(b), *e)).product(),
            Node::Power(base, exponent) => at(base).powf(at(exponent)),
            Node::Call(function, arguments) => {
                let second = arguments.get(1).map_or(0.0, at);
                call(*function, at(&arguments[0]), second)
            }
            Node::Compare(relation, a, b) => f64::from(u8::from(relation.holds(at(a), at(b)))),
            Node::Select(c, a, b) => at(if at(c) == 0.0 { b } else { a }),
        }
    }
}

/// The nearest f64.
pub(crate) fn to_f64(value: &super::Rational) -> f64 {
    value.to_f64().unwrap_or(f64::NAN)
}

fn power(base: f64, exponent: Exponent) -> f64 {
    let whole = |n: i64| i32::try_from(n).map_or_else(|_| base.powf(n as f64), |n| base.powi(n));
    match *exponent.denom() {
        1 => whole(*exponent.numer()),
        2 => base.sqrt().powf(*exponent.numer() as f64),
        d => base.powf(*exponent.numer() as f64 / d as f64),
    }
}

/// Transcendental functions are those of the machine code, so that constants are the same bits everywhere.
fn call(function: Function, a: f64, b: f64) -> f64 {
    let math = |f| vmath::eval(f, a);
    match function {
        Function::Sin => math(vmath::Function::Sin),
        Function::Cos => math(vmath::Function::Cos),
        Function::Tan => math(vmath::Function::Tan),
        Function::Asin => math(vmath::Function::Asin),
        Function::Acos => math(vmath::Function::Acos),
        Function::Atan => math(vmath::Function::Atan),
        Function::Sinh => math(vmath::Function::Sinh),
        Function::Cosh => math(vmath::Function::Cosh),
        Function::Tanh => math(vmath::Function::Tanh),
        Function::Sech => math(vmath::Function::Sech),
        Function::Exp => math(vmath::Function::Exp),
        Function::Log => math(vmath::Function::Log),
        Function::Erf => math(vmath::Function::Erf),
        Function::Abs => a.abs(),
        Function::Sign => f64::from(i8::from(a > 0.0) - i8::from(a < 0.0)),
        Function::Step => f64::from(u8::from(a >= 0.0)),
        Function::Min => {
            if a < b {
                a
            } else {
                b
            }
        }
        Function::Max => {
            if a > b {
                a
            } else {
                b
            }
        }
    }
}
