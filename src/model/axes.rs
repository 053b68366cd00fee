//! Axes and unknowns: the statements `time`, `domain` and `unknown`.

use crate::diagnostic::{Diagnostic, Span};
use crate::expr::{Expr, Graph, MultiIndex};
use crate::syntax::ast::{Ast, Interval, Name, Space, StatementKind, UnknownDeclaration};
use crate::syntax::print_formula;

use super::elaborate::{Elaborator, Family};
use super::problem::{Axis, AxisKind, Component, Field, FieldSource, Unknown, UnknownKind};
use super::scope::Meaning;
use super::values::Value;

/// The most axes of a problem.
const MOST_AXES: usize = 100;
/// The most unknowns of a problem.
const MOST_UNKNOWNS: usize = 1000;

impl<'a> Elaborator<'a> {
    /// Reads the axes, time first and parametric numbers last, and then the unknowns.
    pub fn declare_axes_and_unknowns(&mut self, ast: &'a Ast) {
        let mut time: Option<Span> = None;
        for statement in &ast.statements {
            let StatementKind::Time { name, interval, periodic } = &statement.kind else { continue };
            if let Some(first) = time {
                let diagnostic =
                    Diagnostic::error("E0102", "there is at most one time axis", statement.span, "a second one");
                self.found.push(diagnostic.label(first, "the first one"));
            } else if self.declares(name) {
                time = Some(statement.span);
                self.axis_over(name.text.clone(), AxisKind::Time, interval, periodic.is_some(), name.span);
            }
        }
        for statement in &ast.statements {
            if let StatementKind::Domain(spaces) = &statement.kind {
                spaces.iter().for_each(|space| self.space_axes(space));
            }
        }
        self.parametric_axes(ast);
        for statement in &ast.statements {
            if let StatementKind::Unknown(unknowns) = &statement.kind {
                unknowns.iter().for_each(|unknown| self.unknown(unknown));
            }
        }
        self.numbers_to_fit(ast);
        self.declared = true;
    }

    /// Whether this is where the name is declared (and not a second declaration, which was reported).
    pub(super) fn declares(&self, name: &Name) -> bool {
        self.scope.declarations.get(name.text.as_str()).is_some_and(|d| d.span == name.span)
    }

    fn space_axes(&mut self, space: &'a Space) {
        match space {
            Space::Axis { name, interval, periodic } => {
                if self.declares(name) {
                    self.axis_over(name.text.clone(), AxisKind::Space, interval, periodic.is_some(), name.span);
                }
            }
            Space::Axes { name, range, interval, periodic } => {
                if !self.declares(name) {
                    return;
                }
                let Some((first, last)) = self.range(range, MOST_AXES as i64) else {
                    self.unsure = true;
                    return;
                };
                let start = self.axes.len();
                for index in first..=last {
                    let axis = format!("{}[{index}]", name.text);
                    self.axis_over(axis, AxisKind::Space, interval, periodic.is_some(), name.span);
                }
                // Fewer than were asked for where the limit of axes was reached.
                self.families.insert(&name.text, Family { first, axis: start, count: self.axes.len() - start });
            }
            Space::Shape { names, shape } => {
                if self.axes.len() + names.len() > MOST_AXES {
                    self.unsure = true;
                    let message = format!("more than {MOST_AXES} axes");
                    let _: Option<()> = self.error("E0212", message, shape.span, "too many");
                } else {
                    self.shape_axes(names, shape);
                }
            }
        }
    }

    pub(super) fn axis_over(
        &mut self,
        name: String,
        kind: AxisKind,
        interval: &'a Interval,
        periodic: bool,
        span: Span,
    ) {
        if self.axes.len() >= MOST_AXES {
            self.unsure = true;
            let _: Option<()> = self.error("E0212", format!("more than {MOST_AXES} axes"), span, "one too many");
            return;
        }
        let ends = self.interval(interval);
        self.unsure |= ends.is_none();
        // An axis with a wrong interval still is an axis: what refers to it is no mistake.
        let [(a, lower), (b, upper)] = ends.unwrap_or([(Graph::ZERO, 0.0), (Graph::ONE, 1.0)]);
        self.axes.push(Axis { name, kind, lower, upper, ends: [a, b], periodic, value: None, span });
    }

    /// The ends of an interval, in order and apart.
    pub(super) fn interval(&mut self, interval: &'a Interval) -> Option<[(Expr, f64); 2]> {
        let lower = self.constant(&interval.lower, "the end of an interval");
        let upper = self.constant(&interval.upper, "the end of an interval");
        let (lower, upper) = (lower?, upper?);
        if lower.1 > upper.1 {
            let message = format!("bounds are reversed: {} > {}", lower.1, upper.1);
            let swapped = format!("[{}, {}]", print_formula(&interval.upper), print_formula(&interval.lower));
            let diagnostic = Diagnostic::error("E0501", message, interval.span, "the lower bound comes first");
            self.found.push(diagnostic.help(format!("write `{swapped}`")).fix(interval.span, swapped));
            return None;
        }
        if lower.1 == upper.1 {
            let message = format!("the interval is empty: both ends are {}", lower.1);
            return self.error("E0502", message, interval.span, "has no length");
        }
        Some([lower, upper])
    }

    fn unknown(&mut self, declaration: &'a UnknownDeclaration) {
        let Some((kind, complex)) = UnknownKind::of(declaration) else {
            let (text, span) =
                declaration.kind.as_ref().map_or(("", declaration.name.span), |k| (k.text.as_str(), k.span));
            let known = "known kinds: vector, tensor, complex; a number needs none";
            let _: Option<()> = self.error("E0401", format!("unknown kind `{text}`"), span, known);
            return;
        };
        if !self.declares(&declaration.name) {
            return;
        }
        let span = declaration.name.span;
        let name = declaration.name.text.clone();
        let space = self.space().len();
        if space == 0 && kind != UnknownKind::Number && !self.unsure {
            let message = format!("`{name}` has a component for each axis in space, and there is only time");
            let diagnostic = Diagnostic::error("E0208", message, span, "has no components");
            self.found.push(diagnostic.help(format!("declare numbers: `unknown {name}1, {name}2`")));
        }
        let axes = match &declaration.arguments {
            None => (0..self.axes.len()).collect(),
            Some(arguments) => self.unknown_axes(arguments),
        };
        let shape = match kind {
            UnknownKind::Number => Value::Number(Graph::ONE),
            UnknownKind::Vector => Value::Vector(vec![Graph::ONE; space]),
            UnknownKind::Tensor => Value::Tensor(vec![vec![Graph::ONE; space]; space]),
        };
        let shape = if complex { Value::Complex(Box::new([shape.clone(), shape])) } else { shape };
        let mut components = Vec::new();
        for name in self.component_names(&name, &shape) {
            let field = self.fields.len();
            let value = self.graph.jet(field, MultiIndex::zero());
            // Which output of which network it is, the statements `network` say.
            let source = FieldSource::Network { network: 0, output: 0 };
            self.fields.push(Field { name: name.clone(), axes: axes.clone(), source, span });
            components.push(Component { name, field, value, exact: None, exact_span: None });
        }
        if self.fields.len() > MOST_UNKNOWNS && !std::mem::replace(&mut self.told_too_large, true) {
            let message = format!("more than {MOST_UNKNOWNS} unknowns");
            let _: Option<()> = self.error("E0212", message, span, "one too many");
        }
        self.unknowns.push(Unknown { name, kind, complex, axes, components, ansatz: None, span });
    }

    /// The names of the components of something: `w.x`, `T.xy`, `h.re`; `w[1]` where the axes are `x[1]`, `x[2]`.
    pub(super) fn component_names(&self, name: &str, value: &Value) -> Vec<String> {
        let axes: Vec<&str> = self.space().into_iter().map(|axis| self.axes[axis].name.as_str()).collect();
        let plain = axes.iter().all(|axis| !axis.contains('['));
        let component = |component: String| match component.as_str() {
            "" => name.to_owned(),
            _ if plain => format!("{name}.{component}"),
            "re" | "im" => format!("{name}.{component}"),
            _ => format!("{name}[{}]", component.replace('_', ", ")),
        };
        // Without names of axes components are numbered.
        value.component_names(if plain { &axes } else { &[] }).into_iter().map(component).collect()
    }

    fn unknown_axes(&mut self, arguments: &'a [Name]) -> Vec<usize> {
        let mut axes = Vec::new();
        for argument in arguments {
            match self.scope.get(&argument.text) {
                Some(Meaning::Axis) => axes.extend(self.axes.iter().position(|axis| axis.name == argument.text)),
                Some(Meaning::Axes) => {
                    let family = self.families.get(argument.text.as_str());
                    axes.extend(family.into_iter().flat_map(|f| f.axis..f.axis + f.count));
                }
                Some(Meaning::Unsupported) => {}
                _ => {
                    let names: Vec<&str> = self.axes.iter().map(|axis| axis.name.as_str()).collect();
                    let message = format!("`{}` is not an axis", argument.text);
                    let label = format!("axes are {}", names.join(", "));
                    let _: Option<()> = self.error("E0201", message, argument.span, label);
                }
            }
        }
        axes.sort_unstable();
        axes.dedup();
        axes.retain(|&axis| axis < self.axes.len());
        axes
    }
}
