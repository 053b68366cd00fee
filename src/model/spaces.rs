//! Spaces of functions, one for each unknown: `hngd(metric=map(u=h1, p=l2))`.

use std::fmt;
use std::ops::Range;

use crate::diagnostic::Diagnostic;
use crate::syntax::ast::{Argument, Call, FormulaKind};

use super::elaborate::Elaborator;
use super::nearest::nearest;

/// The space of one unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Space {
    /// The unknown.
    pub unknown: String,
    /// Its components, counted over all unknowns.
    pub components: Range<usize>,
    /// How many derivatives are square integrable: 0, 1 or 2.
    pub order: usize,
}

/// The spaces by their order.
const SPACES: [&str; 3] = ["l2", "h1", "h2"];
/// The most components of a problem whose spaces differ.
const MOST_COMPONENTS: usize = 32;

impl fmt::Display for Space {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.unknown, SPACES[self.order.min(2)])
    }
}

impl<'a> Elaborator<'a> {
    /// The spaces of `map(u=h1, p=l2)`; those of other unknowns are left to the equations.
    pub(super) fn spaces(&mut self, call: &'a Call) -> Option<Vec<Space>> {
        if call.name.text != "map" {
            let message = "spaces are given by `map`";
            let diagnostic = Diagnostic::error("E0401", message, call.name.span, "another name");
            self.found.push(diagnostic.help("write `metric=map(u=h1, p=l2)`, or one space for all: `metric=h1`"));
            return None;
        }
        if self.unknowns.iter().map(|unknown| unknown.components.len()).sum::<usize>() > MOST_COMPONENTS {
            let message = format!("spaces of their own are for at most {MOST_COMPONENTS} components");
            return self.error("E0404", message, call.name.span, "there are more");
        }
        let spaces: Vec<Option<Space>> = call.arguments.iter().map(|argument| self.space_of_one(argument)).collect();
        spaces.into_iter().collect()
    }

    fn space_of_one(&mut self, argument: &'a Argument) -> Option<Space> {
        let (name, value) = match argument {
            Argument::Keyword(name, value) => (name, value),
            Argument::Positional(value) => {
                return self.error("E0401", "each space has the name of its unknown", value.span, "of which one?");
            }
            Argument::Index(name, _) => return self.error("E0401", "a space is a name", name.span, "a range"),
        };
        let mut first = 0;
        for unknown in &self.unknowns {
            let components = first..first + unknown.components.len();
            first = components.end;
            if unknown.name != name.text {
                continue;
            }
            let order = match &value.kind {
                FormulaKind::Name(space) => SPACES.iter().position(|known| known == space),
                _ => None,
            };
            let Some(order) = order else {
                return self.error("E0404", "a space is `l2`, `h1` or `h2`", value.span, "none of them");
            };
            return Some(Space { unknown: name.text.clone(), components, order });
        }
        let names: Vec<&str> = self.unknowns.iter().map(|unknown| unknown.name.as_str()).collect();
        let label = format!("unknowns: {}", names.join(", "));
        let mut diagnostic = Diagnostic::error("E0401", format!("no unknown `{}`", name.text), name.span, label);
        if let Some(similar) = nearest(&name.text, names) {
            diagnostic = diagnostic.help(format!("the nearest name is `{similar}`"));
        }
        self.found.push(diagnostic);
        None
    }
}
