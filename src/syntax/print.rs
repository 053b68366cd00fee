//! Trees as text: with the fewest parentheses that keep their meaning, or with one more wherever precedence could
//! surprise.

use std::fmt::{self, Write};

use super::ast::*;

/// How many parentheses to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    /// Those that the meaning needs.
    Fewest,
    /// Also around what people read in two ways: `-(x^2)`, `(a/b)*c`, `2^(3^2)`.
    Explicit,
}

/// How tightly an operator binds; an operand that binds less tightly needs parentheses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Strength {
    Choice,
    Sum,
    Product,
    Sign,
    Power,
    Atom,
}

/// A formula with the fewest parentheses, in the spacing of the formatter: `a*(b + c)^2`.
pub fn print_formula(formula: &Formula) -> String {
    written(|out| Printer { out, style: Style::Fewest }.formula(formula))
}

/// A formula as it was understood: `-(x^2)` for `-x^2`, `(a/b)*c` for `a/b*c`.
pub fn print_formula_explicit(formula: &Formula) -> String {
    written(|out| Printer { out, style: Style::Explicit }.formula(formula))
}

/// A place or a condition with the fewest parentheses: `x = 0 and not (y < 1 or y > 2)`.
pub fn print_predicate(predicate: &Predicate) -> String {
    written(|out| Printer { out, style: Style::Fewest }.predicate(predicate))
}

/// A call: `mlp(64, act=tanh)`.
pub fn print_call(call: &Call) -> String {
    written(|out| Printer { out, style: Style::Fewest }.call(call))
}

fn written(write: impl FnOnce(&mut String) -> fmt::Result) -> String {
    let mut out = String::new();
    write(&mut out).expect("writing to a string cannot fail");
    out
}

struct Printer<'out> {
    out: &'out mut String,
    style: Style,
}

impl Printer<'_> {
    fn formula(&mut self, formula: &Formula) -> fmt::Result {
        match &formula.kind {
            FormulaKind::Number(digits) => self.out.write_str(digits),
            FormulaKind::Imaginary(digits) => write!(self.out, "{digits}i"),
            FormulaKind::Text(text) => write!(self.out, "\"{text}\""),
            FormulaKind::Name(name) => self.out.write_str(name),
            FormulaKind::Call(call) => self.call(call),
            FormulaKind::Parenthesized(inner) => self.formula(inner),
            FormulaKind::Tuple(items) => self.bracketed('(', items, ')'),
            FormulaKind::Unary(operator, operand) => self.unary(*operator, operand),
            FormulaKind::Binary(operator, left, right) => self.binary(*operator, left, right),
            FormulaKind::Index(base, indices) => {
                self.operand(base, needs_base_parentheses(base))?;
                self.bracketed('[', indices, ']')
            }
            FormulaKind::Component(base, name) => {
                // `2.x` would read as a number with a missing digit.
                let is_number = matches!(bare(base).kind, FormulaKind::Number(_));
                self.operand(base, is_number || needs_base_parentheses(base))?;
                write!(self.out, ".{}", name.text)
            }
            FormulaKind::If(condition, yes, no) => {
                self.out.write_str("if ")?;
                self.predicate(condition)?;
                self.out.write_str(" then ")?;
                self.formula(yes)?;
                self.out.write_str(" else ")?;
                self.formula(no)
            }
        }
    }

    fn operand(&mut self, formula: &Formula, parentheses: bool) -> fmt::Result {
        if !parentheses {
            return self.formula(formula);
        }
        self.out.write_char('(')?;
        self.formula(formula)?;
        self.out.write_char(')')
    }

    fn unary(&mut self, operator: UnaryOperator, operand: &Formula) -> fmt::Result {
        self.out.write_char(if operator == UnaryOperator::Minus { '-' } else { '+' })?;
        let strength = strength(operand);
        let surprising = strength == Strength::Power || strength == Strength::Sign;
        self.operand(operand, strength < Strength::Sign || (self.style == Style::Explicit && surprising))
    }

    fn binary(&mut self, operator: BinaryOperator, left: &Formula, right: &Formula) -> fmt::Result {
        use BinaryOperator::{Add, Divide, Multiply, Power, Subtract};
        let own = binary_strength(operator);
        let (mut left_group, mut right_group) = match operator {
            Power => (strength(left) < Strength::Atom, strength(right) < Strength::Sign),
            _ => (strength(left) < own, strength(right) <= own),
        };
        if self.style == Style::Explicit {
            let divides = |side: &Formula| matches!(bare(side).kind, FormulaKind::Binary(Divide, ..));
            left_group |= matches!(operator, Multiply | Divide) && divides(left);
            left_group |= operator == Divide && strength(left) == Strength::Product;
            right_group |= operator == Power && strength(right) < Strength::Atom;
            let signed = strength(left) == Strength::Sign;
            left_group |= signed && matches!(operator, Multiply | Divide) && !is_signed_atom(left);
        }
        self.operand(left, left_group)?;
        self.out.write_str(match operator {
            Add => " + ",
            Subtract => " - ",
            Multiply => "*",
            Divide => "/",
            Power => "^",
        })?;
        self.operand(right, right_group)
    }

    fn bracketed(&mut self, opener: char, items: &[Formula], closer: char) -> fmt::Result {
        self.out.write_char(opener)?;
        for (index, item) in items.iter().enumerate() {
            self.out.write_str(if index == 0 { "" } else { ", " })?;
            self.formula(item)?;
        }
        self.out.write_char(closer)
    }

    fn call(&mut self, call: &Call) -> fmt::Result {
        write!(self.out, "{}(", call.name.text)?;
        for (index, argument) in call.arguments.iter().enumerate() {
            self.out.write_str(if index == 0 { "" } else { ", " })?;
            match argument {
                Argument::Positional(value) => self.formula(value)?,
                Argument::Keyword(key, value) => {
                    write!(self.out, "{}=", key.text)?;
                    self.formula(value)?;
                }
                Argument::Index(name, range) => {
                    write!(self.out, "{} in ", name.text)?;
                    self.formula(&range.first)?;
                    self.out.write_str("..")?;
                    self.formula(&range.last)?;
                }
            }
        }
        self.out.write_char(')')
    }

    fn predicate(&mut self, predicate: &Predicate) -> fmt::Result {
        match &predicate.kind {
            PredicateKind::Or(items) => self.joined(items, " or ", |item| matches!(item, PredicateKind::Or(_))),
            PredicateKind::And(items) => {
                self.joined(items, " and ", |item| matches!(item, PredicateKind::Or(_) | PredicateKind::And(_)))
            }
            PredicateKind::Not(inner) => {
                self.out.write_str("not ")?;
                // `not x = 0` reads in two ways, so the comparison keeps its parentheses.
                let group = !matches!(inner.kind, PredicateKind::Not(_) | PredicateKind::Place(_));
                self.condition(inner, group)
            }
            PredicateKind::Comparison(first, rest) => {
                self.formula(first)?;
                for (relation, formula) in rest {
                    write!(self.out, " {} ", relation_text(*relation))?;
                    self.formula(formula)?;
                }
                Ok(())
            }
            PredicateKind::Place(formula) => self.formula(formula),
        }
    }

    fn joined(&mut self, items: &[Predicate], word: &str, needs_group: fn(&PredicateKind) -> bool) -> fmt::Result {
        for (index, item) in items.iter().enumerate() {
            self.out.write_str(if index == 0 { "" } else { word })?;
            self.condition(item, needs_group(&item.kind))?;
        }
        Ok(())
    }

    fn condition(&mut self, predicate: &Predicate, parentheses: bool) -> fmt::Result {
        if !parentheses {
            return self.predicate(predicate);
        }
        self.out.write_char('(')?;
        self.predicate(predicate)?;
        self.out.write_char(')')
    }
}

/// A formula without the parentheses that its writer put around it.
fn bare(formula: &Formula) -> &Formula {
    let mut formula = formula;
    while let FormulaKind::Parenthesized(inner) = &formula.kind {
        formula = inner;
    }
    formula
}

fn strength(formula: &Formula) -> Strength {
    match &bare(formula).kind {
        FormulaKind::If(..) => Strength::Choice,
        FormulaKind::Unary(..) => Strength::Sign,
        FormulaKind::Binary(operator, ..) => binary_strength(*operator),
        _ => Strength::Atom,
    }
}

fn binary_strength(operator: BinaryOperator) -> Strength {
    match operator {
        BinaryOperator::Add | BinaryOperator::Subtract => Strength::Sum,
        BinaryOperator::Multiply | BinaryOperator::Divide => Strength::Product,
        BinaryOperator::Power => Strength::Power,
    }
}

fn needs_base_parentheses(base: &Formula) -> bool {
    strength(base) < Strength::Atom
}

/// `-x` and `-2`: nobody misreads `-x*y`.
fn is_signed_atom(formula: &Formula) -> bool {
    matches!(&bare(formula).kind, FormulaKind::Unary(_, operand) if strength(operand) == Strength::Atom)
}

/// The operator as written in a file.
pub(super) fn relation_text(relation: Relation) -> &'static str {
    match relation {
        Relation::Equal => "=",
        Relation::Less => "<",
        Relation::LessEqual => "<=",
        Relation::Greater => ">",
        Relation::GreaterEqual => ">=",
        Relation::NotEqual => "!=",
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::Source;
    use crate::syntax::parse;

    use super::*;

    fn formula(text: &str) -> Formula {
        let (ast, found) = parse(&Source::new("test", format!("let a = {text}\n")));
        assert!(found.is_empty(), "{text}: {found:?}");
        match ast.expect("a tree").statements.remove(0).kind {
            StatementKind::Let { body, .. } => body,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn writes_the_parentheses_that_the_meaning_needs() {
        for text in [
            "-x^2",
            "(-x)^2",
            "2^-1",
            "a/b*c",
            "a/(b*c)",
            "a - (b - c)",
            "a - b - c",
            "(a^b)^c",
            "a^b^c",
            "a*-b",
            "-(a + b)",
            "(a + b)*c",
            "w[i, j].x",
            "(a + b).x",
            "(if x < 0 then 1 else 2)*y",
            "sum(i in 1..10, x[i])",
            "if x = 0 and not (y < 1 or y > 2) then 1i*h else f(x, over=\"s\")",
            "(1, 2, -3)",
            "- -x",
            "(2).x",
        ] {
            assert_eq!(print_formula(&formula(text)), text.replace("- -", "--"), "of {text}");
        }
        assert_eq!(print_formula(&formula("((a))*(b*c) + (d)")), "a*(b*c) + d");
    }

    #[test]
    fn shows_what_was_understood() {
        for (text, explicit) in [
            ("-x^2", "-(x^2)"),
            ("a/b*c", "(a/b)*c"),
            ("a/b/c", "(a/b)/c"),
            ("a*b/c", "(a*b)/c"),
            ("2^3^2", "2^(3^2)"),
            ("2^-1", "2^(-1)"),
            ("-a*b", "-a*b"),
            ("-x^2*y", "(-(x^2))*y"),
            ("a*b*c + d", "a*b*c + d"),
        ] {
            assert_eq!(print_formula_explicit(&formula(text)), explicit, "of {text}");
        }
    }
}
