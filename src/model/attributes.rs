//! The options of a statement, behind `with`.

use crate::diagnostic::Diagnostic;
use crate::syntax::ast::{Attribute, Formula, Statement};

use super::elaborate::{Elaborator, unsupported};
use super::nearest::nearest;

impl<'a> Elaborator<'a> {
    /// The weight; reports options that mean nothing here.
    pub(super) fn term_attributes(&mut self, statement: &'a Statement, flags: &[&str]) -> Option<f64> {
        let mut weight = None;
        for attribute in &statement.attributes {
            match (attribute.name.text.as_str(), &attribute.value) {
                ("weight", Some(value)) => weight = self.weight(value),
                (flag, None) if flags.contains(&flag) => {}
                (flag, Some(value)) if flags.contains(&flag) => {
                    let message = format!("the option `{flag}` takes no value");
                    let diagnostic = Diagnostic::error("E0404", message, value.span, "nothing to choose");
                    self.found.push(diagnostic.help(format!("write `with {flag}`, or leave it out")));
                }
                ("hard", _) => {
                    let message = "an equation cannot be `hard`";
                    let diagnostic = Diagnostic::error("E0403", message, attribute.name.span, "only conditions can");
                    self.found.push(diagnostic.help("leave it out"));
                }
                _ => {
                    let known = [&["weight"], flags].concat();
                    self.other_attribute(attribute, &known, &["softplus", "adaptive"]);
                }
            }
        }
        weight
    }

    pub(super) fn weight(&mut self, value: &'a Formula) -> Option<f64> {
        let (_, weight) = self.constant(value, "a weight")?;
        if weight <= 0.0 {
            return self.error("E0404", "a weight is greater than 0", value.span, format!("this is {weight}"));
        }
        Some(weight)
    }

    /// An option after `with` that a statement does not know, or not yet. `allow=CODE` is for the diagnostics.
    pub(super) fn other_attribute(&mut self, attribute: &'a Attribute, known: &[&str], later: &[&str]) {
        let name = attribute.name.text.as_str();
        if name == "allow" {
            return;
        }
        if known.contains(&name) && attribute.value.is_none() {
            let diagnostic = Diagnostic::error(
                "E0404",
                format!("the option `{name}` needs a value"),
                attribute.name.span,
                "without it",
            );
            self.found.push(diagnostic.help(format!("write `{name}={}`", example_of(name))));
        } else if later.contains(&name) {
            self.found.push(unsupported(&format!("`with {name}`"), attribute.name.span));
        } else {
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            let message = format!("unknown option `{name}`");
            let mut diagnostic = Diagnostic::error("E0401", message, attribute.name.span, format!("known: {known}"));
            if let Some(similar) = nearest(name, known.split(", ")) {
                diagnostic = diagnostic.help(format!("the nearest name is `{similar}`"));
            }
            self.found.push(diagnostic);
        }
    }
}

/// A value that an option may have.
fn example_of(option: &str) -> &'static str {
    match option {
        "weight" => "10",
        "margin" => "0.01",
        "adapt" => "rad",
        "format" => "csv",
        "columns" => "map(u=\"speed\")",
        _ => "100",
    }
}
