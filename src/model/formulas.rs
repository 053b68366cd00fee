//! Formulas that stand outside of a file but use its names, such as those of `pdec eval --fields`.

use crate::diagnostic::{Diagnostic, Span};
use crate::expr::{Expr, Symbol};
use crate::syntax::ast::Formula;

use super::elaborate::Elaborator;
use super::overrides::parse_formula;

/// Formulas as they were given.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Formulas {
    formulas: Vec<(String, Formula)>,
}

impl Formulas {
    /// Reads formulas of the language, such as `u_xx - 1`.
    ///
    /// # Errors
    /// The text that is no formula, and what is wrong with it. Whether its names exist is for
    /// [`check_given`](super::check_given).
    pub fn parse<T: AsRef<str>>(texts: &[T]) -> Result<Self, (String, String)> {
        let read = |text: &T| {
            let text = text.as_ref().trim().to_owned();
            parse_formula(&text).map(|formula| (text.clone(), formula)).map_err(|message| (text, message))
        };
        Ok(Self { formulas: texts.iter().map(read).collect::<Result<_, _>>()? })
    }

    /// The texts, in order.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        self.formulas.iter().map(|(text, _)| text.as_str())
    }
}

impl<'a> Elaborator<'a> {
    /// Formulas of the point; those with mistakes are left out and reported.
    pub fn formulas(&mut self, formulas: &'a Formulas) -> Vec<Expr> {
        let mut read = Vec::new();
        for (text, formula) in &formulas.formulas {
            let value = self.quoted(text, |this| this.root_number(formula));
            let Some(value) = value else { continue };
            if self.graph.symbols(&[value]).iter().any(|symbol| matches!(symbol, Symbol::Normal(_))) {
                let message = format!("`{text}`: inside of the domain there is no normal");
                self.found.push(Diagnostic::error("E0208", message, Span::OUTSIDE, ""));
            }
            read.push(value);
        }
        read
    }
}
