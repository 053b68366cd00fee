//! Training in several stages with a network each: `train engd(..) with stage`.
//!
//! Where a network can do no better, another one learns what is left (Wang and Lai, J. Comput. Phys. 504, 112865; Wang et
//! al., arXiv 2509.14185): with u₁ frozen, u = u₁ + ε u₂, and ε such that u₂ and its residual R(u₁ + ε u₂)/ε are of the size
//! that networks and methods are made for. The solution is the sum of all networks.
//!
//! The problem as such has all of them, u = u₁ + u₂ + .., each field that a network gave being the [sum](Sum) of one output of
//! each level. [`Model::level`] is the problem of one level: the networks before are known functions, those behind are not there.
//! Numbers that training finds are found further in each.

use crate::diagnostic::{Diagnostic, Span};
use crate::expr::{Expr, MultiIndex, Rational};
use crate::network::{Activation, Architecture};
use crate::syntax::ast::{Attribute, FormulaKind};

use super::elaborate::Elaborator;
use super::problem::{Field, FieldSource, Model, NetworkPlan, Stage, Sum, TermKind};

/// The option of a stage.
pub(super) const STAGE: &str = "stage";

/// A network that a stage of training begins.
#[derive(Clone, Debug)]
pub struct Correction {
    /// What it is.
    pub architecture: Architecture,
    /// Whether it was left out.
    pub default: bool,
    /// Where it is asked for.
    pub span: Span,
}

impl<'a> Elaborator<'a> {
    /// `with stage`, `with stage=mlp(64)`
    pub(super) fn correction(&mut self, attribute: &'a Attribute) -> Option<Correction> {
        let span = attribute.name.span;
        let Some(value) = &attribute.value else {
            return Some(Correction { architecture: default_network(), default: true, span });
        };
        let FormulaKind::Call(call) = &value.kind else {
            let message = "`stage` is the network that learns what is left";
            let diagnostic = Diagnostic::error("E0404", message, value.span, "no network");
            self.found.push(diagnostic.help("write `with stage`, or `with stage=mlp(64)`"));
            return None;
        };
        let architecture = self.architecture(std::slice::from_ref(call))?;
        Some(Correction { architecture, default: false, span })
    }
}

/// One layer of 64, twice what a first network needs: a remainder has more waves than the solution.
fn default_network() -> Architecture {
    Architecture::mlp(vec![64], Activation::Tanh)
}

/// What stands in the way of stages on what is left.
pub(super) fn faults(model: &Model) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let corrections = model.stages.iter().enumerate().filter_map(|(i, stage)| Some((i, stage.correction.as_ref()?)));
    for (number, correction) in corrections {
        let complain = |message: &str, label: &str| {
            Diagnostic::error("E0427", message.to_owned(), correction.span, label.to_owned())
        };
        if number == 0 {
            let diagnostic = complain("the first stage has nothing to correct", "no stage before this one");
            found.push(diagnostic.help("leave `stage` out here, and add it to a later `train`"));
        }
        if let Some(energy) = model.terms.iter().find(|term| term.kind == TermKind::Energy) {
            let diagnostic = complain("an energy leaves no residual to correct", "a stage on what is left of it");
            found.push(diagnostic.label(energy.span, "the energy"));
        }
    }
    found
}

impl Model {
    /// Adds the networks of all corrections.
    pub(super) fn add_corrections(&mut self, corrections: &[Correction]) {
        if corrections.is_empty() {
            return;
        }
        let first = std::mem::take(&mut self.networks);
        let mut levels: Vec<NetworkPlan> = Vec::with_capacity(first.len() * (1 + corrections.len()));
        levels.extend(first.iter().cloned());
        for correction in corrections {
            let Correction { architecture, default, span } = correction.clone();
            let of = |plan: &NetworkPlan| NetworkPlan {
                architecture: architecture.clone(),
                default,
                span: Some(span),
                ..plan.clone()
            };
            levels.extend(first.iter().map(of));
        }
        for (n, plan) in first.iter().enumerate() {
            for (output, &field) in plan.fields.iter().enumerate() {
                let mut sum = Sum { field, parts: Vec::new() };
                for level in 0..=corrections.len() {
                    let network = level * first.len() + n;
                    let Field { name, axes, span, .. } = &self.fields[field];
                    let source = FieldSource::Network { network, output };
                    let part = Field { name: format!("{name}.{}", level + 1), axes: axes.clone(), source, span: *span };
                    levels[network].fields[output] = self.fields.len();
                    sum.parts.push(self.fields.len());
                    self.fields.push(part);
                }
                let parts: Vec<Expr> = sum.parts.iter().map(|&p| self.graph.jet(p, MultiIndex::zero())).collect();
                self.fields[field].source = FieldSource::Formula(self.graph.sum(parts));
                self.sums.push(sum);
            }
        }
        self.networks = levels;
    }

    /// How many levels of networks there are.
    pub fn levels(&self) -> usize {
        self.sums.first().map_or(1, |sum| sum.parts.len())
    }

    /// The level that a stage trains, from 0.
    pub fn level_of(&self, stage: usize) -> usize {
        let begins = |stage: &&Stage| stage.correction.is_some();
        self.stages[..=stage].iter().filter(begins).count().min(self.levels() - 1)
    }

    /// The networks of a level, as numbers of [`Model::networks`].
    pub fn networks_of_level(&self, level: usize) -> std::ops::Range<usize> {
        let count = self.networks.len() / self.levels();
        level * count..(level + 1) * count
    }

    /// The problem of a level: its networks times `scale`, beside those before as known functions, and residuals over `scale`.
    #[must_use]
    pub fn level(&self, level: usize, scale: f64) -> Model {
        let mut model = self.clone();
        if self.sums.is_empty() {
            return model;
        }
        let networks = self.networks_of_level(level);
        model.networks = self.networks[networks.clone()].to_vec();
        let factor = Rational::from_float(scale).unwrap_or_else(|| Rational::from_integer(1.into()));
        let factor = model.graph.rational(factor);
        for sum in &self.sums {
            let mut parts: Vec<Expr> = Vec::new();
            for &part in &sum.parts[..level] {
                model.fields[part].source = FieldSource::Frozen;
                parts.push(model.graph.jet(part, MultiIndex::zero()));
            }
            let own = sum.parts[level];
            if let FieldSource::Network { network, .. } = &mut model.fields[own].source {
                *network -= networks.start;
            }
            let own = model.graph.jet(own, MultiIndex::zero());
            parts.push(model.graph.mul(factor, own));
            model.fields[sum.field].source = FieldSource::Formula(model.graph.sum(parts));
        }
        model.sums.clear();
        for term in 0..self.terms.len() {
            model.terms[term].weight = Some(self.weight(term) / (scale * scale));
        }
        if let Some(causal) = &mut model.settings.causal {
            causal.tolerance *= scale * scale;
        }
        model
    }
}
