//! Literals as exact numbers, and formulas that must be plain numbers.

use num_bigint::BigInt;
use num_traits::{Pow, ToPrimitive};

use crate::diagnostic::{Diagnostic, Span};
use crate::expr::{Expr, Rational};
use crate::syntax::ast::{Formula, Range};

use super::elaborate::Elaborator;

/// Beyond it a power of ten is no number that f64 could hold.
const LARGEST_EXPONENT: i64 = 2000;

/// The exact value of a decimal literal such as `0.25` or `1e-3`.
pub(super) fn literal(text: &str) -> Option<Rational> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: BigInt = format!("{whole}{fraction}").parse().ok()?;
    let exponent = exponent - fraction.len() as i64;
    if exponent.abs() > LARGEST_EXPONENT {
        return None;
    }
    let power = BigInt::from(10).pow(exponent.unsigned_abs());
    Some(if exponent < 0 { Rational::new(digits, power) } else { Rational::from_integer(digits * power) })
}

impl<'a> Elaborator<'a> {
    /// A formula that must be a number: without coordinates and unknowns, and finite.
    pub fn constant(&mut self, formula: &'a Formula, what: &str) -> Option<(Expr, f64)> {
        let expr = self.root_number(formula)?;
        if let Some(value) = self.graph.as_rational(expr).and_then(|value| value.to_f64()).filter(|v| v.is_finite()) {
            return Some((expr, value));
        }
        if !self.graph.symbols(&[expr]).is_empty() {
            let message = format!("{what} is a number, without coordinates and unknowns");
            self.found.push(Diagnostic::error("E0208", message, formula.span, "depends on the point"));
            return None;
        }
        let value = self.graph.constant_value(expr).unwrap_or(f64::NAN);
        if !value.is_finite() {
            let message = format!("{what} is not a finite number");
            self.found.push(Diagnostic::error("E0404", message, formula.span, format!("its value is {value}")));
            return None;
        }
        Some((expr, value))
    }

    /// A formula that must be a whole number.
    pub fn whole(&mut self, formula: &'a Formula, what: &str) -> Option<i64> {
        let (expr, value) = self.constant(formula, what)?;
        let exact = self.graph.as_rational(expr).filter(|r| r.is_integer()).and_then(|r| r.to_integer().to_i64());
        if exact.is_none() {
            let message = format!("{what} is a whole number");
            self.found.push(Diagnostic::error("E0404", message, formula.span, format!("its value is {value}")));
        }
        exact
    }

    /// The ends of a range of whole numbers that holds at most `most` of them.
    pub fn range(&mut self, range: &'a Range, most: i64) -> Option<(i64, i64)> {
        let (first, last) =
            (self.whole(&range.first, "the start of a range"), self.whole(&range.last, "the end of a range"));
        let (first, last) = (first?, last?);
        let count = last.checked_sub(first)?.checked_add(1)?;
        if count < 1 {
            self.range_error("E0502", format!("the range {first}..{last} is empty"), range.span);
            return None;
        }
        if count > most {
            self.range_error(
                "E0212",
                format!("the range {first}..{last} has {count} members, more than {most}"),
                range.span,
            );
            return None;
        }
        Some((first, last))
    }

    fn range_error(&mut self, code: &'static str, message: String, span: Span) {
        self.found.push(Diagnostic::error(code, message, span, "this range"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_exact() {
        let ratio = |n: i64, d: i64| Some(Rational::new(n.into(), d.into()));
        assert_eq!(literal("0.25"), ratio(1, 4));
        assert_eq!(literal("1e-3"), ratio(1, 1000));
        assert_eq!(literal("2.50E+2"), ratio(250, 1));
        assert_eq!(literal("7"), ratio(7, 1));
        assert_eq!(literal("1e99999"), None);
    }
}
