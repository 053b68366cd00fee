//! The statement `network`.

use crate::diagnostic::{Diagnostic, Span};
use crate::network::{Architecture, Layout};
use crate::syntax::ast::{Ast, Statement, StatementKind};

use super::defaults;
use super::elaborate::{Elaborator, listed};
use super::overrides::Overrides;
use super::problem::{FieldSource, NetworkPlan};
use super::scope::Meaning;

/// The most parameters of one network.
const MOST_PARAMETERS: usize = 20_000_000;

/// How many parameters a network has: weights, biases and scales of every layer.
///
/// `inputs` counts the features of each of its axes; a periodic axis enters as a pair (cosine, sine).
pub fn parameter_count(architecture: &Architecture, inputs: &[usize], outputs: usize) -> usize {
    Layout::new(architecture, inputs, outputs, 0).parameters().len()
}

/// What there is to say about a network of so many parameters.
pub(super) fn too_large(plan: &NetworkPlan, count: usize) -> Option<Diagnostic> {
    let span = plan.span.filter(|_| count > MOST_PARAMETERS)?;
    let gigabytes = count as f64 * 8.0 / 1e9;
    let message = format!("a network of {count} parameters, more than {MOST_PARAMETERS}");
    Some(Diagnostic::error("E0407", message, span, format!("needs {gigabytes:.1} GB for the weights alone")))
}

/// What a file says of a network, and where.
type Asked = Option<(Architecture, Span)>;

impl<'a> Elaborator<'a> {
    /// The networks of a file; sets which one represents each unknown.
    pub fn networks(&mut self, ast: &'a Ast, overrides: &'a Overrides) -> Vec<NetworkPlan> {
        let mut own = vec![None; self.unknowns.len()];
        let mut shared = None;
        for (by, statement) in overrides.statements(ast) {
            self.said(by, |this| this.network(statement, &mut own, &mut shared));
        }
        self.plans(&own, shared.as_ref())
    }

    fn network(&mut self, statement: &'a Statement, own: &mut [Asked], shared: &mut Asked) {
        let StatementKind::Network { label, calls } = &statement.kind else { return };
        statement.attributes.iter().for_each(|attribute| self.other_attribute(attribute, &[], &["frozen"]));
        let architecture = self.architecture(calls);
        let place = match label {
            None => shared,
            Some(label) => match self.scope.get(&label.text) {
                Some(Meaning::Unknown(unknown)) if unknown < own.len() => &mut own[unknown],
                Some(Meaning::Unsupported) => return,
                _ if self.scope.incomplete => return,
                _ => {
                    let names: Vec<&str> = self.unknowns.iter().map(|unknown| unknown.name.as_str()).collect();
                    let label_text = format!("unknowns are {}", listed(&names));
                    let message = format!("`{}` is not an unknown", label.text);
                    self.found.push(Diagnostic::error("E0101", message, label.span, label_text));
                    return;
                }
            },
        };
        let Some(architecture) = architecture else { return };
        if let Some((_, first)) = place.replace((architecture, statement.span)) {
            self.network_twice(statement.span, first);
        }
    }

    fn network_twice(&mut self, span: Span, first: Span) {
        let diagnostic = Diagnostic::error("E0102", "two networks for the same unknowns", span, "the second one");
        self.found.push(diagnostic.label(first, "the first one").help("name the unknown: `network u: mlp(64)`"));
    }

    /// Unknowns over the same axes share a network, unless they have their own.
    fn plans(&mut self, own: &[Asked], shared: Option<&(Architecture, Span)>) -> Vec<NetworkPlan> {
        let mut plans: Vec<(NetworkPlan, Option<usize>)> = Vec::new();
        let outputs = |unknown: usize| self.fields_of_network(unknown).into_iter().map(move |field| (unknown, field));
        let fields: Vec<(usize, usize)> = (0..self.unknowns.len()).flat_map(outputs).collect();
        for (unknown, field) in fields {
            let axes = self.fields[field].axes.clone();
            let own = own[unknown].as_ref();
            let owner = own.map(|_| unknown);
            if let Some(number) = plans.iter().position(|(plan, of)| *of == owner && plan.inputs == axes) {
                let plan = &mut plans[number].0;
                self.fields[field].source = FieldSource::Network { network: number, output: plan.fields.len() };
                plan.fields.push(field);
                continue;
            }
            let given = own.or(shared);
            let architecture =
                given.map_or_else(|| defaults::network(axes.len()), |(architecture, _)| architecture.clone());
            let (default, span) = (given.is_none(), given.map(|(_, span)| *span));
            self.fields[field].source = FieldSource::Network { network: plans.len(), output: 0 };
            plans.push((NetworkPlan { architecture, inputs: axes, fields: vec![field], default, span }, owner));
        }
        let plans: Vec<NetworkPlan> = plans.into_iter().map(|(plan, _)| plan).collect();
        for plan in &plans {
            self.found.extend(too_large(plan, self.plan_parameters(plan)));
        }
        plans
    }

    /// The parameters of a planned network.
    pub fn plan_parameters(&self, plan: &NetworkPlan) -> usize {
        let inputs: Vec<usize> = plan.inputs.iter().map(|&axis| 1 + usize::from(self.axes[axis].periodic)).collect();
        parameter_count(&plan.architecture, &inputs, plan.fields.len())
    }
}
