//! The statement `param .. in`: a number that the problem depends on becomes an axis.
//!
//! It is an input of the networks and is sampled with every place; the value beside the interval (the middle, where
//! there is none) is what `eval` and `plot` use. Operators in space never act along it, and it has no faces.

use crate::diagnostic::Diagnostic;
use crate::syntax::ast::{Ast, Formula, Interval, Name, StatementKind};

use super::elaborate::Elaborator;
use super::problem::AxisKind;

impl<'a> Elaborator<'a> {
    /// Reads parametric numbers, in order of declaration.
    pub fn parametric_axes(&mut self, ast: &'a Ast) {
        for statement in &ast.statements {
            if let StatementKind::Param { name, value, interval: Some(interval) } = &statement.kind
                && self.declares(name)
            {
                self.parametric_axis(name, value.as_ref(), interval);
            }
        }
    }

    fn parametric_axis(&mut self, name: &'a Name, value: Option<&'a Formula>, interval: &'a Interval) {
        let before = (self.axes.len(), self.found.len());
        self.axis_over(name.text.clone(), AxisKind::Parameter, interval, false, name.span);
        if self.axes.len() == before.0 {
            return;
        }
        let sound = self.found.len() == before.1;
        let [lower, upper] = [self.axes[before.0].lower, self.axes[before.0].upper];
        let given = value.and_then(|value| self.constant(value, "a parameter")).map(|(_, value)| value);
        let outside = |value: &f64| !(lower..=upper).contains(value);
        if let (Some(number), Some(value), true) = (given.filter(outside), value, sound) {
            let message = format!("the value of `{}`, {number}, is outside of its interval", name.text);
            let label = format!("`eval` and `plot` use the nearest end, {}", number.clamp(lower, upper));
            let found = Diagnostic::warning("W0241", message, value.span, label);
            self.found.push(found.label(interval.span, "trained for these values"));
        }
        let mut shown = given.map_or(lower.midpoint(upper), |value| value.clamp(lower, upper));
        if let Some(&asked) = self.overrides.get(&name.text)
            && let Some(asked) = self.graph.constant_value(asked)
        {
            if outside(&asked) && sound {
                let message = format!("`--set {0}=..`: {0} = {asked} is outside of [{lower}, {upper}]", name.text);
                self.found.push(Diagnostic::error("E0404", message, interval.span, "trained for these values"));
            }
            shown = asked;
        }
        self.axes[before.0].value = Some(shown);
    }
}
