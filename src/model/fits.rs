//! The statement `fit`: numbers that training finds.
//!
//! In formulas a number is an atom without axes, like a field. Training moves a raw number p that starts at 0, so that one
//! unit of p is one unit of the natural size of the number: `k = start + |start| p`, and with bounds a logistic function of
//! p that goes through the start with that slope and never leaves the interval.

use crate::diagnostic::Diagnostic;
use crate::expr::{Expr, Function, Graph, Jet, MultiIndex, Rational, Symbol};
use crate::syntax::ast::{Ast, Formula, Interval, Name, StatementKind};

use super::elaborate::Elaborator;
use super::problem::{Field, FieldSource, Model, Number};

impl<'a> Elaborator<'a> {
    /// Reads the numbers of `fit`, in order of declaration; each gets a field.
    pub fn numbers_to_fit(&mut self, ast: &'a Ast) {
        for statement in &ast.statements {
            if let StatementKind::Fit { name, value, interval } = &statement.kind
                && self.declares(name)
            {
                statement.attributes.iter().for_each(|attribute| self.other_attribute(attribute, &[], &[]));
                self.number_to_fit(name, value.as_ref(), interval.as_ref());
            }
        }
    }

    fn number_to_fit(&mut self, name: &'a Name, value: Option<&'a Formula>, interval: Option<&'a Interval>) {
        let bounds = interval.and_then(|interval| self.interval(interval)).map(|[lower, upper]| [lower.1, upper.1]);
        let given = value.and_then(|value| self.constant(value, "a start value")).map(|(_, value)| value);
        let asked = self.overrides.get(&name.text).and_then(|&value| self.graph.constant_value(value));
        let middle = bounds.map(|[lower, upper]| lower.midpoint(upper));
        let start = asked.or(given).or(middle).unwrap_or(1.0);
        if let (Some([lower, upper]), Some(interval)) = (bounds, interval)
            && !(lower < start && start < upper)
        {
            let message = match asked {
                Some(_) => {
                    format!("`--set {0}=..`: {0} starts at {start}, not inside of [{lower}, {upper}]", name.text)
                }
                None => format!("`{}` starts at {start}, not inside of [{lower}, {upper}]", name.text),
            };
            let place = value.map_or(interval.span, |value| value.span);
            let found = Diagnostic::error("E0240", message, place, "the start value");
            let found = found.help("start between the ends; without a start value it is the middle");
            self.found.push(if value.is_some() { found.label(interval.span, "its interval") } else { found });
        }
        let field = self.fields.len();
        let source = FieldSource::Number { number: self.numbers.len() };
        self.fields.push(Field { name: name.text.clone(), axes: Vec::new(), source, span: name.span });
        self.numbers.push(Number { name: name.text.clone(), field, start, bounds, span: name.span });
    }

    /// The atom of a number of `fit`; `None` where it could not be declared.
    pub fn number_atom(&mut self, name: &str) -> Option<Expr> {
        let field = self.numbers.iter().find(|number| number.name == name)?.field;
        Some(self.graph.jet(field, MultiIndex::zero()))
    }
}

impl Number {
    /// The natural size of a change.
    fn size(&self) -> f64 {
        if self.start == 0.0 { 1.0 } else { self.start.abs() }
    }

    /// `k = lower + (upper - lower) / (1 + exp(-(a + c p)))`: a and c.
    fn logistic(&self, [lower, upper]: [f64; 2]) -> (f64, f64) {
        let share = (self.start - lower) / (upper - lower);
        let slope = (upper - lower) * share * (1.0 - share);
        ((share / (1.0 - share)).ln(), (self.size() / slope).min(1.0))
    }

    /// The value at a raw number.
    pub fn value(&self, raw: f64) -> f64 {
        match self.bounds {
            None => self.start + self.size() * raw,
            Some([lower, upper]) => {
                let (a, c) = self.logistic([lower, upper]);
                lower + (upper - lower) * 0.5 * (1.0 + (0.5 * (a + c * raw)).tanh())
            }
        }
    }

    /// The derivative of the value with respect to the raw number.
    pub fn slope(&self, raw: f64) -> f64 {
        match self.bounds {
            None => self.size(),
            Some([lower, upper]) => {
                let (a, c) = self.logistic([lower, upper]);
                let tanh = (0.5 * (a + c * raw)).tanh();
                (upper - lower) * 0.25 * c * (1.0 - tanh * tanh)
            }
        }
    }

    /// The value as a formula of the raw number.
    fn formula(&self, graph: &mut Graph, raw: Expr) -> Expr {
        let exact = |value: f64| Rational::from_float(value).unwrap_or_else(|| Rational::from_integer(0.into()));
        match self.bounds {
            None => graph.linear(exact(self.start), [(raw, exact(self.size()))]),
            Some([lower, upper]) => {
                let (a, c) = self.logistic([lower, upper]);
                let inside = graph.linear(exact(0.5 * a), [(raw, exact(0.5 * c))]);
                let tanh = graph.call(Function::Tanh, &[inside]);
                let half = exact(0.5 * (upper - lower));
                graph.linear(exact(lower) + half.clone(), [(tanh, half)])
            }
        }
    }
}

impl Model {
    /// A formula in which the atoms of numbers stand for raw numbers, which is what training moves.
    pub fn in_raw_numbers(&self, graph: &mut Graph, formula: Expr) -> Expr {
        if self.numbers.is_empty() {
            return formula;
        }
        graph.substitute(formula, |graph, symbol| {
            let Symbol::Jet(Jet { field, .. }) = symbol else { return None };
            let number = self.numbers.iter().find(|number| number.field == usize::from(*field))?;
            let raw = graph.jet(number.field, MultiIndex::zero());
            Some(number.formula(graph, raw))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Span;

    fn number(start: f64, bounds: Option<[f64; 2]>) -> Number {
        Number { name: "k".into(), field: 0, start, bounds, span: Span::default() }
    }

    #[test]
    fn numbers_start_where_they_should_and_stay_inside() {
        let cases = [
            (1.0, Some([0.01, 10.0])),
            (1e-3, Some([0.0, 1.0])),
            (0.0, Some([-1e6, 1e6])),
            (9.99, Some([0.0, 10.0])),
            (-2.0, None),
            (1e-3, None),
            (0.0, None),
        ];
        for (start, bounds) in cases {
            let number = number(start, bounds);
            assert!((number.value(0.0) - start).abs() <= 1e-12 * (1.0 + start.abs()), "{start} in {bounds:?}");
            let natural = if start == 0.0 { 1.0 } else { start.abs() };
            assert!(number.slope(0.0) <= natural * (1.0 + 1e-9) && number.slope(0.0) > 0.0);
            let step = 1e-3;
            let difference = (number.value(0.3 + step) - number.value(0.3 - step)) / (2.0 * step);
            assert!((difference - number.slope(0.3)).abs() <= 1e-5 * natural);
            for raw in [-1e9, -30.0, 30.0, 1e9] {
                let value = number.value(raw);
                assert!(bounds.is_none_or(|[a, b]| a <= value && value <= b), "{value} in {bounds:?}");
            }
        }
    }

    #[test]
    fn the_formula_is_the_value() {
        for number in [number(1.0, Some([0.01, 10.0])), number(-3.0, None)] {
            let mut graph = Graph::new();
            let raw = graph.jet(0, MultiIndex::zero());
            let formula = number.formula(&mut graph, raw);
            for at in [-1.0, 0.0, 0.7] {
                let value = graph.evaluate(&[formula], |_| at)[0];
                assert!((value - number.value(at)).abs() < 1e-14, "{value}");
            }
        }
    }
}
