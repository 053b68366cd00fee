//! What a name means inside a formula.

use crate::diagnostic::{Diagnostic, Span};
use crate::expr::{Expr, Jet, MultiIndex};
use crate::syntax::ast::{Argument, Call, FormulaKind};

use super::elaborate::{Elaborator, HIGHEST_ORDER, counted, listed, unsupported};
use super::foreign;
use super::problem::{AxisKind, Unknown, UnknownKind};
use super::scope::{Meaning, callable};
use super::values::Value;

impl<'a> Elaborator<'a> {
    pub(super) fn name(&mut self, name: &'a str, span: Span) -> Option<Value> {
        if let Some((_, value)) = self.locals.iter().rev().find(|(local, _)| *local == name) {
            return Some(value.clone());
        }
        match self.scope.get(name) {
            Some(Meaning::Axis) => match self.axes.iter().position(|axis| axis.name == name) {
                Some(axis) => Some(Value::Number(self.graph.coordinate(axis))),
                None => {
                    self.error("E0208", format!("`{name}` is an axis, not a number"), span, "a number is needed here")
                }
            },
            Some(Meaning::Axes) => self.family(name, span),
            Some(Meaning::Unknown(unknown)) => self.unknown_value(unknown, &MultiIndex::zero()),
            Some(Meaning::Fit) => self.number_atom(name).map(Value::Number),
            Some(Meaning::Let([], _)) if self.shapes.contains_key(name) => {
                self.shape_as_number(&format!("`{name}`"), span)
            }
            Some(Meaning::Param(_) | Meaning::Let([], _)) => self.definition(name),
            Some(Meaning::Let(arguments, _)) => {
                let message = format!("`{name}` is a function of {}", counted(arguments.len(), "argument"));
                self.error("E0208", message, span, "its arguments are missing")
            }
            Some(Meaning::Place(_)) => {
                let message = format!("`{name}` is a place, not a number");
                let diagnostic = Diagnostic::error("E0208", message, span, "a number is needed here");
                self.found.push(diagnostic.help(format!("write `if {name} then 1 else 0`")));
                None
            }
            Some(Meaning::Unsupported) => None,
            None => self.undeclared(name, span),
        }
    }

    fn undeclared(&mut self, name: &'a str, span: Span) -> Option<Value> {
        match name {
            "pi" => return Some(Value::Number(self.graph.pi())),
            "e" => return Some(Value::Number(self.graph.euler())),
            "normal" => {
                let components = self.space().into_iter().map(|axis| self.graph.normal(axis)).collect();
                return Some(Value::Vector(components));
            }
            "boundary" | "rest" => {
                return self.error(
                    "E0208",
                    format!("`{name}` is a place, not a number"),
                    span,
                    "a number is needed here",
                );
            }
            _ => {}
        }
        if let Some((unknown, axes)) = self.scope.as_derivative(name) {
            return self.derivative_of_unknown(name, unknown, &axes, span);
        }
        if self.scope.excuses(name) {
            return None;
        }
        let read = self
            .scope
            .subscripts(name)
            .next()
            .map(|(field, unknown, rest)| (field, unknown.to_owned(), rest.to_owned()));
        match read {
            Some((_, unknown, subscript)) => self.wrong_subscript(name, &unknown, &subscript, span),
            None => self.unknown_name(name, span),
        }
    }

    fn derivative_of_unknown(&mut self, name: &str, unknown: usize, axes: &[&str], span: Span) -> Option<Value> {
        if axes.len() > HIGHEST_ORDER {
            return self.order_too_high(axes.len(), span);
        }
        let mut index = MultiIndex::zero();
        for axis_name in axes {
            // Only an axis whose interval has a mistake is missing here.
            let axis = self.axes.iter().position(|axis| axis.name == *axis_name)?;
            if !self.unknowns.get(unknown)?.axes.contains(&axis) {
                let (of, declared) = (self.unknowns[unknown].name.clone(), self.unknowns[unknown].span);
                let message = format!("`{name}` is a derivative along `{axis_name}`, on which `{of}` does not depend");
                self.found
                    .push(Diagnostic::error("E0201", message, span, "always zero").label(declared, "declared here"));
                return None;
            }
            index = index.raised(axis, 1);
        }
        for component in &self.unknowns[unknown].components {
            self.mentions.push((Jet::new(component.field, index.clone()), span));
        }
        self.unknown_value(unknown, &index)
    }

    /// A derivative of an unknown, or its value.
    pub(super) fn unknown_value(&mut self, unknown: usize, index: &MultiIndex) -> Option<Value> {
        let Some(declared) = self.unknowns.get(unknown) else {
            // Values from the command line are read before the unknowns; that this is none of them will be said.
            return Some(Value::Number(self.graph.jet(unknown, index.clone())));
        };
        let fields: Vec<usize> = declared.components.iter().map(|c| c.field).collect();
        self.shaped_jets(unknown, &fields, index)
    }

    /// Derivatives of fields, one for each component of an unknown, in its shape.
    pub(super) fn shaped_jets(&mut self, unknown: usize, fields: &[usize], index: &MultiIndex) -> Option<Value> {
        let Unknown { kind, complex, .. } = self.unknowns.get(unknown)?;
        let jets: Vec<Expr> = fields.iter().map(|&field| self.graph.jet(field, index.clone())).collect();
        let size = self.axes.iter().filter(|axis| axis.kind == AxisKind::Space).count();
        let shaped = |jets: &[Expr]| match kind {
            UnknownKind::Number => Value::Number(jets[0]),
            UnknownKind::Vector => Value::Vector(jets.to_vec()),
            UnknownKind::Tensor => Value::Tensor(jets.chunks(size.max(1)).map(<[Expr]>::to_vec).collect()),
        };
        if !complex {
            return Some(shaped(&jets));
        }
        let (re, im) = jets.split_at(jets.len() / 2);
        Some(Value::Complex(Box::new([shaped(re), shaped(im)])))
    }

    /// Reports `u(0)`: unknowns are functions of the point, and never called.
    pub(super) fn value_at_a_point(&mut self, call: &Call) -> Option<Value> {
        let name = &call.name.text;
        let diagnostic = unsupported("the value of an unknown at a given point", call.span);
        let given: Vec<&str> = call.arguments.iter().filter_map(argument_name).collect();
        let plain = given.len() == call.arguments.len();
        let here = plain && given.iter().all(|name| matches!(self.scope.get(name), Some(Meaning::Axis)));
        let axis = self.axes.iter().find(|axis| axis.kind == AxisKind::Space).or(self.axes.first());
        let axis = axis.map_or("x", |axis| axis.name.as_str());
        self.found.push(if here {
            diagnostic.help(format!("an unknown stands without its arguments: write `{name}`"))
        } else {
            diagnostic.help(format!(
                "a condition says behind `on` where it holds: `bc {name} = 0 on {axis} = 0`; \
                 `pdec eval` gives values at points"
            ))
        });
        None
    }

    fn wrong_subscript(&mut self, name: &str, unknown: &str, subscript: &str, span: Span) -> Option<Value> {
        // Of `u_yy` people mean `y`.
        let first = subscript.chars().next().unwrap_or_default();
        let one = subscript.chars().all(|c| c == first);
        let axis = if one { first.to_string() } else { subscript.to_owned() };
        let message = format!("`{name}` is a derivative along `{axis}`, which is not an axis");
        let axes: Vec<String> = self
            .axes
            .iter()
            .map(|axis| match axis.kind {
                AxisKind::Time => format!("`{}` (time)", axis.name),
                AxisKind::Space => format!("`{}`", axis.name),
                AxisKind::Parameter => format!("`{}` (a parameter)", axis.name),
            })
            .collect();
        let label = match axes.as_slice() {
            [] => "there are no axes".to_owned(),
            [one] => format!("the only axis is {one}"),
            _ => format!("axes are {}", listed(&axes)),
        };
        let mut diagnostic = Diagnostic::error("E0201", message, span, label);
        if axis == "t" && self.axes.iter().all(|axis| axis.kind != AxisKind::Time) {
            self.found.push(diagnostic.help("time is an axis of its own: declare `time t in [0, 1]`"));
            return None;
        }
        if let Some(axis) = self.axes.iter().rfind(|axis| axis.kind == AxisKind::Space).or(self.axes.first()) {
            let order = subscript.chars().count();
            diagnostic = diagnostic.help(if axis.name.contains('[') {
                format!("for a derivative along {} write `d({unknown}, {})`", axis.name, axis.name)
            } else {
                let nth = ["first", "second", "third", "fourth"].get(order - 1).copied().unwrap_or("same");
                format!("for the {nth} derivative along {} write `{unknown}_{}`", axis.name, axis.name.repeat(order))
            });
        }
        self.found.push(diagnostic);
        None
    }

    /// Reports a name that nothing declares.
    pub fn unknown_name<T>(&mut self, name: &str, span: Span) -> Option<T> {
        if self.scope.excuses(name) {
            return None;
        }
        if callable().contains(&name) {
            self.found.push(
                Diagnostic::error("E0208", format!("`{name}` is a function"), span, "its arguments are missing")
                    .help(format!("write `{name}(...)`")),
            );
            return None;
        }
        let mut diagnostic = Diagnostic::error("E0101", format!("unknown name `{name}`"), span, "not declared");
        if let Some(help) = self.what_was_meant(name) {
            self.found.push(diagnostic.help(help));
            return None;
        }
        if let Some(similar) = self.scope.similar(name, &["pi", "normal", "d"]) {
            diagnostic = diagnostic.note(format!("a similar name exists: `{similar}`"));
        }
        self.found.push(diagnostic.help(format!("declare it: `param {name} = ...` or `let {name} = ...`")));
        None
    }

    /// What to write instead of a name that nothing declares, where its form shows what it is.
    fn what_was_meant(&self, name: &str) -> Option<String> {
        if let Some(meant) = foreign::name(name) {
            return Some(meant.to_owned());
        }
        let is_axis = |text: &str| self.axes.iter().any(|axis| axis.name == text);
        if let Some((base, axis)) = name.split_once('_')
            && is_axis(axis)
            && matches!(self.scope.get(base), Some(Meaning::Let(..) | Meaning::Param(_)))
        {
            return Some(format!(
                "`{base}` is not an unknown: its derivative along {axis} is written `d({base}, {axis})`"
            ));
        }
        if let Some(rest) = name.strip_prefix('d')
            && matches!(self.scope.get(rest), Some(Meaning::Unknown(_)))
        {
            let axis = self.axes.last().map_or("x", |axis| axis.name.as_str());
            return Some(format!(
                "a derivative is written `{rest}_{axis}`, that along the outward normal `dn({rest})`"
            ));
        }
        let has_unknown = self.scope.declarations.values().any(|d| matches!(d.meaning, Meaning::Unknown(_)));
        let base = name.split_once('_').map_or(name, |(base, _)| base);
        (!has_unknown && !base.is_empty() && base.len() <= 3)
            .then(|| format!("nothing is declared as unknown: write `unknown {base}`"))
    }

    pub(super) fn order_too_high<T>(&mut self, order: usize, span: Span) -> Option<T> {
        let message = format!("a derivative of order {order}; the highest is {HIGHEST_ORDER}");
        self.error("E0210", message, span, "here")
    }

    fn family(&mut self, name: &str, span: Span) -> Option<Value> {
        let family = *self.families.get(name)?;
        let last = family.first + family.count as i64 - 1;
        let message = format!("`{name}` stands for the axes {name}[{}] to {name}[{last}]", family.first);
        self.error("E0208", message, span, format!("write `{name}[{}]` for one of them", family.first))
    }
}

/// An argument that is a name alone.
fn argument_name(argument: &Argument) -> Option<&str> {
    match argument {
        Argument::Positional(formula) => match &formula.kind {
            FormulaKind::Name(name) => Some(name),
            _ => None,
        },
        Argument::Keyword(..) | Argument::Index(..) => None,
    }
}
