//! The statement `network`.

use crate::diagnostic::{Diagnostic, Span};
use crate::network::{Activation, Mlp};
use crate::syntax::ast::{Argument, Ast, Call, Formula, FormulaKind, StatementKind};

use super::defaults;
use super::elaborate::{Elaborator, listed, unsupported};
use super::nearest::nearest;
use super::problem::{FieldSource, NetworkPlan};
use super::scope::Meaning;

/// Architectures that are planned: their names are no mistakes.
const LATER: &[&str] = &["piratenet", "resnet", "siren", "fourier", "kan", "spinn", "modified", "rbf", "linear"];
/// Options that are planned.
const LATER_OPTIONS: &[&str] =
    &["fourier", "width", "depth", "blocks", "init", "skip", "norm", "wires", "scale", "seed"];
/// The widest layer.
const WIDEST: i64 = 16_384;
/// The most parameters of one network.
const MOST_PARAMETERS: usize = 20_000_000;

/// How many parameters a multilayer perceptron has: weights and biases of every layer.
///
/// `inputs` counts what its first layer sees; a periodic axis enters as a pair (cosine, sine).
pub fn parameter_count(mlp: &Mlp, inputs: usize, outputs: usize) -> usize {
    let mut count = 0usize;
    let mut before = inputs;
    for &width in mlp.widths.iter().chain([&outputs]) {
        count = count.saturating_add(width.saturating_mul(before + 1));
        before = width;
    }
    count
}

impl<'a> Elaborator<'a> {
    /// The networks of a file; sets which one represents each unknown.
    pub fn networks(&mut self, ast: &'a Ast) -> Vec<NetworkPlan> {
        let mut own: Vec<Option<(Mlp, Span)>> = vec![None; self.unknowns.len()];
        let mut shared: Option<(Mlp, Span)> = None;
        for statement in &ast.statements {
            let StatementKind::Network { label, calls } = &statement.kind else { continue };
            statement.attributes.iter().for_each(|attribute| self.other_attribute(attribute, &[], &["frozen"]));
            let mlp = self.architecture(calls, statement.span);
            match label {
                Some(label) => match self.scope.get(&label.text) {
                    Some(Meaning::Unknown(unknown)) if unknown < own.len() => {
                        let Some(mlp) = mlp else { continue };
                        if let Some((_, first)) = own[unknown].replace((mlp, statement.span)) {
                            self.network_twice(statement.span, first);
                        }
                    }
                    Some(Meaning::Unsupported) => {}
                    _ if self.scope.incomplete => {}
                    _ => {
                        let names: Vec<&str> = self.unknowns.iter().map(|unknown| unknown.name.as_str()).collect();
                        let label_text = format!("unknowns are {}", listed(&names));
                        let message = format!("`{}` is not an unknown", label.text);
                        self.found.push(Diagnostic::error("E0101", message, label.span, label_text));
                    }
                },
                None => {
                    let Some(mlp) = mlp else { continue };
                    if let Some((_, first)) = shared.replace((mlp, statement.span)) {
                        self.network_twice(statement.span, first);
                    }
                }
            }
        }
        self.plans(&own, shared.as_ref())
    }

    fn network_twice(&mut self, span: Span, first: Span) {
        let diagnostic = Diagnostic::error("E0102", "two networks for the same unknowns", span, "the second one");
        self.found.push(diagnostic.label(first, "the first one").help("name the unknown: `network u: mlp(64)`"));
    }

    /// Unknowns over the same axes share a network, unless they have their own.
    fn plans(&mut self, own: &[Option<(Mlp, Span)>], shared: Option<&(Mlp, Span)>) -> Vec<NetworkPlan> {
        let mut plans: Vec<(NetworkPlan, bool)> = Vec::new();
        for (field, own) in own.iter().enumerate() {
            if !matches!(self.fields[field].source, FieldSource::Network { .. }) {
                continue;
            }
            let axes = self.fields[field].axes.clone();
            if own.is_none()
                && let Some(number) = plans.iter().position(|(plan, shares)| *shares && plan.inputs == axes)
            {
                let plan = &mut plans[number].0;
                self.fields[field].source = FieldSource::Network { network: number, output: plan.fields.len() };
                plan.fields.push(field);
                continue;
            }
            let given = own.as_ref().or(shared);
            let mlp = given.map_or_else(|| defaults::network(axes.len()), |(mlp, _)| mlp.clone());
            let (default, span) = (given.is_none(), given.map(|(_, span)| *span));
            self.fields[field].source = FieldSource::Network { network: plans.len(), output: 0 };
            plans.push((NetworkPlan { mlp, inputs: axes, fields: vec![field], default, span }, own.is_none()));
        }
        let plans: Vec<NetworkPlan> = plans.into_iter().map(|(plan, _)| plan).collect();
        for plan in &plans {
            let count = self.plan_parameters(plan);
            if count > MOST_PARAMETERS
                && let Some(span) = plan.span
            {
                let gigabytes = count as f64 * 8.0 / 1e9;
                let message = format!("a network of {count} parameters, more than {MOST_PARAMETERS}");
                self.found.push(Diagnostic::error(
                    "E0407",
                    message,
                    span,
                    format!("needs {gigabytes:.1} GB for the weights alone"),
                ));
            }
        }
        plans
    }

    /// The parameters of a planned network.
    pub fn plan_parameters(&self, plan: &NetworkPlan) -> usize {
        let inputs = plan.inputs.iter().map(|&axis| 1 + usize::from(self.axes[axis].periodic)).sum();
        parameter_count(&plan.mlp, inputs, plan.fields.len())
    }

    fn architecture(&mut self, calls: &'a [Call], span: Span) -> Option<Mlp> {
        let [call] = calls else {
            return self.unsupported("a chain of networks (`->`)", span);
        };
        match call.name.text.as_str() {
            "mlp" => self.mlp(call),
            name if LATER.contains(&name) => self.unsupported(&format!("the network `{name}`"), call.name.span),
            name => {
                let message = format!("unknown network `{name}`");
                let diagnostic = Diagnostic::error("E0401", message, call.name.span, "known: mlp");
                self.found.push(diagnostic.help("write `network mlp(64, 64, act=tanh)`"));
                None
            }
        }
    }

    fn mlp(&mut self, call: &'a Call) -> Option<Mlp> {
        let mut widths = Vec::new();
        let mut activation = Some(Activation::Tanh);
        let mut scale = Some(1.0);
        let mut sound = true;
        for argument in &call.arguments {
            match argument {
                Argument::Positional(width) => match self.width(width) {
                    Some(width) => widths.push(width),
                    None => sound = false,
                },
                Argument::Keyword(name, value) if name.text == "act" => activation = self.activation(value),
                Argument::Keyword(name, value) if name.text == "scale" => scale = self.scale(value),
                Argument::Keyword(name, _) | Argument::Index(name, _) => {
                    sound = false;
                    if LATER_OPTIONS.contains(&name.text.as_str()) {
                        self.found.push(unsupported(&format!("`{}=` of `mlp`", name.text), name.span));
                    } else {
                        let message = format!("unknown option `{}` of `mlp`", name.text);
                        self.found.push(Diagnostic::error("E0401", message, name.span, "known: act, scale"));
                    }
                }
            }
        }
        if widths.is_empty() && sound {
            let diagnostic =
                Diagnostic::error("E0404", "a network needs at least one hidden layer", call.span, "no widths");
            self.found.push(diagnostic.help("write `mlp(64)` or `mlp(64, 64)`"));
            return None;
        }
        match (activation, scale) {
            (Some(activation), Some(scale)) if sound => Some(Mlp { widths, activation, scale }),
            _ => None,
        }
    }

    fn scale(&mut self, formula: &'a Formula) -> Option<f64> {
        let (_, value) = self.constant(formula, "the scale of a network")?;
        if !(value > 0.0 && value.is_finite()) {
            let message = "the scale of a network is a number greater than 0";
            return self.error("E0404", message, formula.span, format!("this is {value}"));
        }
        Some(value)
    }

    fn width(&mut self, formula: &'a Formula) -> Option<usize> {
        let width = self.whole(formula, "the width of a layer")?;
        if !(1..=WIDEST).contains(&width) {
            let message = format!("the width of a layer is between 1 and {WIDEST}");
            return self.error("E0404", message, formula.span, format!("this is {width}"));
        }
        usize::try_from(width).ok()
    }

    fn activation(&mut self, formula: &'a Formula) -> Option<Activation> {
        let names: Vec<&str> = Activation::ALL.into_iter().map(Activation::name).collect();
        let label = format!("known: {}", names.join(", "));
        let FormulaKind::Name(name) = &formula.kind else {
            return self.error("E0401", "an activation is given by its name", formula.span, label);
        };
        if let Some(activation) = Activation::from_name(name) {
            return Some(activation);
        }
        let mut diagnostic = Diagnostic::error("E0401", format!("unknown activation `{name}`"), formula.span, label);
        if let Some(similar) = nearest(name, names) {
            diagnostic = diagnostic.help(format!("the nearest name is `{similar}`"));
        }
        self.found.push(diagnostic);
        None
    }
}
