//! Formulas that stand outside of a file but use its names, such as those of `pdec eval --fields`.

use crate::diagnostic::{Diagnostic, Span};
use crate::expr::{Expr, Symbol};
use crate::syntax::ast::Formula;

use super::elaborate::Elaborator;
use super::overrides::parse_formula;

/// Formulas as they were given.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Formulas {
    formulas: Vec<Asked>,
}

/// `u_xx - 1`, `g = grad(u)`
#[derive(Clone, Debug, PartialEq)]
struct Asked {
    /// As it was written.
    text: String,
    /// What its values are called; the text, unless a name is given.
    name: String,
    formula: Formula,
}

impl Formulas {
    /// Reads formulas of the language, such as `u_xx - 1` or, with a name, `g = grad(u)`.
    ///
    /// # Errors
    /// The text that is no formula, and what is wrong with it. Whether its names exist is for
    /// [`check_given`](super::check_given).
    pub fn parse<T: AsRef<str>>(texts: &[T]) -> Result<Self, (String, String)> {
        let read = |text: &T| -> Result<Asked, (String, String)> {
            let text = text.as_ref().trim();
            let (name, formula) = named(text).unwrap_or((text, text));
            let formula = parse_formula(formula).map_err(|message| (text.to_owned(), message))?;
            Ok(Asked { text: text.to_owned(), name: name.to_owned(), formula })
        };
        Ok(Self { formulas: texts.iter().map(read).collect::<Result<_, _>>()? })
    }
}

/// The name before `=` and the formula behind it.
fn named(text: &str) -> Option<(&str, &str)> {
    let (name, formula) = text.split_once('=')?;
    let name = name.trim();
    let is_name = name.starts_with(char::is_alphabetic) && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    (is_name && !formula.starts_with('=')).then_some((name, formula.trim()))
}

impl<'a> Elaborator<'a> {
    /// Formulas of the point with their names, component by component; those with mistakes are left out and reported.
    pub fn formulas(&mut self, formulas: &'a Formulas) -> Vec<(String, Expr)> {
        let mut read: Vec<(String, Expr)> = Vec::new();
        for Asked { text, name, formula } in &formulas.formulas {
            let Some(value) = self.quoted(text, |this| this.root(formula)) else { continue };
            let components = value.components();
            if self.graph.symbols(&components).iter().any(|symbol| matches!(symbol, Symbol::Normal(_))) {
                let message = format!("`{text}`: inside of the domain there is no normal");
                self.found.push(Diagnostic::error("E0208", message, Span::OUTSIDE, ""));
            }
            for (name, component) in self.component_names(name, &value).into_iter().zip(components) {
                if read.iter().any(|(known, _)| *known == name) {
                    let message = format!("`{text}`: `{name}` is asked for twice");
                    self.found.push(Diagnostic::error("E0102", message, Span::OUTSIDE, ""));
                }
                read.push((name, component));
            }
        }
        read
    }
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn a_name_stands_before_the_sign() {
        assert_eq!(named("g = grad(u)"), Some(("g", "grad(u)")));
        assert_eq!(named("g2=if x = 0 then 1 else u"), Some(("g2", "if x = 0 then 1 else u")));
        for text in ["u", "if x = 0 then 1 else u", "u == 1", "=u", "2 = u"] {
            assert_eq!(named(text), None, "{text}");
        }
    }
}
