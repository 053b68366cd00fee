//! Formulas as text, in the notation of the language.

use num_traits::{One, Signed, ToPrimitive, Zero};
use rustc_hash::FxHashMap;

use super::graph::{Exponent, Expr, Graph, Node, Rational};
use super::jet::{Jet, Symbol};

/// The names of axes and fields, for printing.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// Names of the axes, by number.
    pub axes: Vec<String>,
    /// Names of the fields, by number.
    pub fields: Vec<String>,
}

impl Names {
    /// The name of an atom as the language writes it.
    pub fn symbol(&self, symbol: &Symbol) -> String {
        match symbol {
            Symbol::Slot(slot) => format!("s{slot}"),
            Symbol::Coordinate(axis) => self.axis(usize::from(*axis)),
            Symbol::Normal(axis) => format!("normal.{}", self.axis(usize::from(*axis))),
            Symbol::Jet(jet) => self.jet(jet),
        }
    }

    /// The name of a jet variable: `u_xx`, or `d(u, x1, 2)` where the axes are `x[1]`, `x[2]`, ...
    pub fn jet(&self, jet: &Jet) -> String {
        let field = self.fields.get(usize::from(jet.field)).cloned().unwrap_or_else(|| format!("u{}", jet.field));
        if jet.index.is_zero() {
            return field;
        }
        let axes: Vec<String> = jet.index.axes().map(|axis| self.axis(axis)).collect();
        if axes.iter().all(|a| a.chars().all(char::is_alphanumeric)) && !field.contains(['(', '[']) {
            // The derivative of a vector has components: `w_x.y`.
            return match field.split_once('.') {
                Some((vector, component)) => format!("{vector}_{}.{component}", axes.concat()),
                None => format!("{field}_{}", axes.concat()),
            };
        }
        let orders = jet.index.orders().iter().enumerate().filter(|(_, o)| **o > 0);
        orders.fold(field, |inner, (axis, order)| format!("d({inner}, {}, {order})", self.axis(axis)))
    }

    fn axis(&self, axis: usize) -> String {
        self.axes.get(axis).cloned().unwrap_or_else(|| format!("x{axis}"))
    }
}

/// How tightly a printed formula binds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Binding {
    Sum,
    Product,
    Power,
    Atom,
}

impl Graph {
    /// The formula in the notation of the language, with as few parentheses as it takes.
    ///
    /// Shared parts are written out each time; beyond about 100,000 characters the text ends with `...`.
    pub fn display(&self, expr: Expr, names: &Names) -> String {
        let mut texts: FxHashMap<Expr, (String, Binding)> = FxHashMap::default();
        for e in self.reachable(&[expr]) {
            let mut text = self.display_node(e, names, &texts);
            if text.0.len() > 100_000 {
                text = ("...".to_owned(), Binding::Atom);
            }
            texts.insert(e, text);
        }
        texts.remove(&expr).map(|(text, _)| text).unwrap_or_default()
    }

    fn display_node(&self, expr: Expr, names: &Names, texts: &FxHashMap<Expr, (String, Binding)>) -> (String, Binding) {
        let at = |e: &Expr, least: Binding| {
            let (text, binding) = &texts[e];
            if *binding < least { format!("({text})") } else { text.clone() }
        };
        match self.node(expr) {
            Node::Rational(value) => rational(value),
            Node::Pi => ("pi".to_owned(), Binding::Atom),
            Node::Euler => ("e".to_owned(), Binding::Atom),
            Node::Symbol(symbol) => (names.symbol(symbol), Binding::Atom),
            Node::Sum { constant, terms } => self.display_sum(constant, terms, &at),
            Node::Product(factors) => display_product(factors, &at),
            Node::Power(base, exponent) => {
                (format!("{}^{}", at(base, Binding::Atom), at(exponent, Binding::Power)), Binding::Power)
            }
            Node::Call(function, arguments) => {
                let arguments: Vec<String> = arguments.iter().map(|a| at(a, Binding::Sum)).collect();
                (format!("{}({})", function.name(), arguments.join(", ")), Binding::Atom)
            }
            Node::Compare(relation, a, b) => {
                let text = format!("({} {} {})", at(a, Binding::Sum), relation.symbol(), at(b, Binding::Sum));
                (text, Binding::Atom)
            }
            Node::Select(c, a, b) => {
                let [c, a, b] = [c, a, b].map(|e| at(e, Binding::Sum));
                (format!("(if {c} then {a} else {b})"), Binding::Atom)
            }
        }
    }

    fn display_sum(
        &self,
        constant: &Rational,
        terms: &[(Expr, Rational)],
        at: &dyn Fn(&Expr, Binding) -> String,
    ) -> (String, Binding) {
        let mut text = String::new();
        for (term, coefficient) in terms {
            let magnitude = coefficient.abs();
            text.push_str(match (text.is_empty(), coefficient.is_negative()) {
                (true, false) => "",
                (true, true) => "-",
                (false, false) => " + ",
                (false, true) => " - ",
            });
            if !magnitude.is_one() {
                text.push_str(&rational(&magnitude).0);
                text.push('*');
            }
            text.push_str(&at(term, Binding::Product));
        }
        if !constant.is_zero() {
            text.push_str(if constant.is_negative() { " - " } else { " + " });
            text.push_str(&rational(&constant.abs()).0);
        }
        let binding = if terms.len() == 1 && constant.is_zero() && !terms[0].1.is_negative() {
            Binding::Product
        } else {
            Binding::Sum
        };
        (text, binding)
    }
}

fn display_product(factors: &[(Expr, Exponent)], at: &dyn Fn(&Expr, Binding) -> String) -> (String, Binding) {
    let power = |base: &Expr, exponent: Exponent| {
        if exponent.is_one() {
            at(base, Binding::Power)
        } else if exponent == Exponent::new(1, 2) {
            format!("sqrt({})", at(base, Binding::Sum))
        } else if exponent.is_integer() {
            format!("{}^{exponent}", at(base, Binding::Atom))
        } else {
            format!("{}^({exponent})", at(base, Binding::Atom))
        }
    };
    let above: Vec<String> = factors.iter().filter(|(_, e)| e.is_positive()).map(|(b, e)| power(b, *e)).collect();
    let below: Vec<String> = factors.iter().filter(|(_, e)| e.is_negative()).map(|(b, e)| power(b, -*e)).collect();
    let mut text = if above.is_empty() { "1".to_owned() } else { above.join("*") };
    for divisor in &below {
        text.push('/');
        text.push_str(divisor);
    }
    let single = factors.len() == 1 && below.is_empty();
    (text, if single { Binding::Power } else { Binding::Product })
}

/// Fractions longer than this are printed as decimals.
const LONGEST_FRACTION: u64 = 80;

/// A fraction with so many digits that nobody reads it, as the nearest number of double precision.
fn long_fraction(value: &Rational) -> Option<String> {
    if value.numer().bits() + value.denom().bits() <= LONGEST_FRACTION {
        return None;
    }
    let number = value.to_f64().filter(|number| number.is_normal())?;
    let plain = (1e-5..1e16).contains(&number.abs());
    Some(if plain { number.to_string() } else { format!("{number:e}") })
}

fn rational(value: &Rational) -> (String, Binding) {
    if let Some(text) = long_fraction(value) {
        return (text, if value.is_negative() { Binding::Sum } else { Binding::Atom });
    }
    let binding = match (value.is_negative(), value.is_integer()) {
        (true, _) => Binding::Sum,
        (false, true) => Binding::Atom,
        (false, false) => Binding::Product,
    };
    (value.to_string(), binding)
}
