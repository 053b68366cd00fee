//! The statement `ansatz`: an unknown as a formula of what its network gives, `net(u)`.
//!
//! The name of the unknown goes on to stand for a field of its own, whose derivatives occur in formulas like those of any
//! other. What such a field is made from ([`FieldSource::Formula`]) is inserted when kernels are made
//! ([`Model::expand`]), so that everything before speaks of the unknowns as the file does.

use rustc_hash::FxHashMap;

use crate::diagnostic::Diagnostic;
use crate::expr::{Expr, Graph, Jet, MultiIndex, Symbol};
use crate::syntax::ast::{Ast, Call, Equation, Formula, FormulaKind, StatementKind};
use crate::syntax::print_formula;

use super::elaborate::Elaborator;
use super::problem::{Field, FieldSource, Model};
use super::scope::Meaning;
use super::values::Value;

impl<'a> Elaborator<'a> {
    /// Reads all statements `ansatz`.
    pub fn ansatzes(&mut self, ast: &'a Ast) {
        for statement in &ast.statements {
            let StatementKind::Ansatz(equation) = &statement.kind else { continue };
            statement.attributes.iter().for_each(|attribute| self.other_attribute(attribute, &[], &[]));
            let Some(unknown) = self.unknown_on_the_left(equation, "ansatz") else { continue };
            if self.unknowns[unknown].ansatz.is_some() {
                let message = format!("`{}` has two ansatzes", self.unknowns[unknown].name);
                let diagnostic = Diagnostic::error("E0102", message, equation.span, "the second one");
                let first = self.unknowns[unknown].ansatz;
                self.found.push(first.into_iter().fold(diagnostic, |d, span| d.label(span, "the first one")));
                continue;
            }
            self.unknowns[unknown].ansatz = Some(equation.span);
            self.ansatz = Some(unknown);
            let value = self.ansatz_value(unknown, equation);
            self.ansatz = None;
            if let Some(components) = value {
                self.stands_for(unknown, &components);
            }
        }
    }

    /// The unknown that a statement gives a formula for.
    pub(super) fn unknown_on_the_left(&mut self, equation: &'a Equation, statement: &str) -> Option<usize> {
        let span = equation.left.span;
        match &equation.left.kind {
            FormulaKind::Name(name) => match self.scope.get(name) {
                Some(Meaning::Unknown(unknown)) => Some(unknown).filter(|&unknown| unknown < self.unknowns.len()),
                Some(Meaning::Unsupported) => None,
                _ if self.scope.incomplete => None,
                _ => self.error("E0208", format!("`{name}` is not an unknown"), span, "here"),
            },
            _ => {
                let message = format!("`{statement}` gives the value of an unknown: `{statement} u = ...`");
                self.error("E0208", message, span, "here")
            }
        }
    }

    fn ansatz_value(&mut self, unknown: usize, equation: &'a Equation) -> Option<Vec<Expr>> {
        let of = self.unknown_value(unknown, &MultiIndex::zero())?;
        let value = self.root(&equation.right)?;
        self.same_shape(&of, &value, equation.span)?;
        self.complex_among_real([(&equation.left, &of), (&equation.right, &value)], equation.span)?;
        let value = if of.is_complex() { Value::Complex(Box::new(value.parts())) } else { value };
        let components = value.components();
        let (name, span) = (self.unknowns[unknown].name.clone(), equation.right.span);
        let outputs = self.fields_of_network(unknown);
        let mut nets = 0;
        for symbol in self.graph.symbols(&components) {
            let fault = match &symbol {
                Symbol::Jet(jet) if outputs.contains(&usize::from(jet.field)) => {
                    nets += 1;
                    continue;
                }
                Symbol::Jet(jet) if matches!(self.fields[usize::from(jet.field)].source, FieldSource::Integral(_)) => {
                    "it contains an integral".to_owned()
                }
                Symbol::Jet(jet) if self.unknowns.iter().all(|u| !u.has(usize::from(jet.field))) => continue,
                Symbol::Coordinate(axis) if !self.unknowns[unknown].axes.contains(&usize::from(*axis)) => {
                    format!("`{name}` does not depend on {}", self.axes[usize::from(*axis)].name)
                }
                Symbol::Coordinate(_) | Symbol::Slot(_) => continue,
                Symbol::Normal(_) => "the normal exists only on the boundary".to_owned(),
                Symbol::Jet(jet) => format!("it depends on `{}`", self.fields[usize::from(jet.field)].name),
            };
            let message = format!("an ansatz is a formula of the coordinates and of `net({name})`");
            return self.error("E0231", message, span, fault);
        }
        if nets == 0 {
            let message = format!("the ansatz for `{name}` leaves nothing to train");
            let diagnostic = Diagnostic::error("E0231", message, span, format!("does not contain `net({name})`"));
            self.found.push(diagnostic.help(format!("add it with a factor: `... + x*(1 - x)*net({name})`")));
            return None;
        }
        Some(components)
    }

    /// Makes the components of an unknown formulas of its network's outputs, of which only those that occur are kept.
    pub(super) fn stands_for(&mut self, unknown: usize, components: &[Expr]) {
        let jets = self.graph.jets(components);
        let used = |field: &usize| jets.iter().any(|jet| usize::from(jet.field) == *field);
        let outputs = self.fields_of_network(unknown).into_iter().filter(used).collect();
        self.outputs.insert(unknown, outputs);
        for (component, &value) in self.unknowns[unknown].components.iter().zip(components) {
            self.fields[component.field].source = FieldSource::Formula(value);
        }
    }

    /// The fields that the network of an unknown has to give: the components themselves where there is no ansatz.
    pub(super) fn fields_of_network(&self, unknown: usize) -> Vec<usize> {
        let components = || self.unknowns[unknown].components.iter().map(|component| component.field).collect();
        self.outputs.get(&unknown).cloned().unwrap_or_else(components)
    }

    /// `net(u)`
    pub(super) fn net(&mut self, call: &'a Call) -> Option<Value> {
        let [argument] = self.arguments(call)?;
        let Some(unknown) = self.ansatz else {
            let message = "`net(..)` stands in an `ansatz` only";
            let diagnostic = Diagnostic::error("E0230", message, call.span, "no ansatz here");
            self.found.push(diagnostic.help("elsewhere the name of the unknown stands for its value"));
            return None;
        };
        if !self.is_name_of(argument, unknown) {
            let (name, text) = (self.unknowns[unknown].name.clone(), print_formula(argument));
            let message = format!("`net({text})` in the ansatz for `{name}`");
            let diagnostic = Diagnostic::error("E0230", message, argument.span, format!("not `{name}`"));
            self.found.push(diagnostic.help(format!("write `net({name})`")));
            return None;
        }
        let fields = self.make_outputs(unknown);
        self.shaped_jets(unknown, &fields, &MultiIndex::zero())
    }

    fn is_name_of(&self, formula: &Formula, unknown: usize) -> bool {
        match &formula.kind {
            FormulaKind::Parenthesized(inner) => self.is_name_of(inner, unknown),
            FormulaKind::Name(name) => matches!(self.scope.get(name), Some(Meaning::Unknown(n)) if n == unknown),
            _ => false,
        }
    }

    /// The fields `net(u)`, one for each component; made where there are none yet.
    pub(super) fn make_outputs(&mut self, unknown: usize) -> Vec<usize> {
        if let Some(fields) = self.outputs.get(&unknown) {
            return fields.clone();
        }
        let of = &self.unknowns[unknown];
        let (name, axes, span) = (format!("net({})", of.name), of.axes.clone(), of.span);
        let mut fields = Vec::new();
        for component in &self.unknowns[unknown].components {
            let name = format!("{name}{}", component.name.strip_prefix(&of.name).unwrap_or_default());
            let source = FieldSource::Network { network: 0, output: 0 };
            fields.push(self.fields.len());
            self.fields.push(Field { name, axes: axes.clone(), source, span });
        }
        self.outputs.insert(unknown, fields.clone());
        fields
    }
}

impl Model {
    /// Formulas in which no field occurs that is itself a formula of others: what kernels are made from.
    ///
    /// The formulas live in `graph`, which holds all nodes of the model's graph.
    pub fn expand(&self, graph: &mut Graph, roots: &[Expr]) -> Vec<Expr> {
        expand(&self.fields, graph, roots)
    }

    /// The fields that a field is made from: itself unless it is a formula.
    pub fn made_from(&self, field: usize) -> Vec<usize> {
        match self.fields[field].source {
            FieldSource::Formula(value) => {
                let mut direct: Vec<usize> = self.graph.jets(&[value]).iter().map(|j| usize::from(j.field)).collect();
                direct.dedup();
                direct.into_iter().flat_map(|field| self.made_from(field)).collect()
            }
            FieldSource::Network { .. }
            | FieldSource::Integral(_)
            | FieldSource::Number { .. }
            | FieldSource::Table { .. }
            | FieldSource::Column { .. }
            | FieldSource::Frozen => vec![field],
        }
    }
}

/// [`Model::expand`], for fields that are not in a model yet.
pub(super) fn expand(fields: &[Field], graph: &mut Graph, roots: &[Expr]) -> Vec<Expr> {
    let is_formula = |jet: &Jet| matches!(fields[usize::from(jet.field)].source, FieldSource::Formula(_));
    let mut roots = roots.to_vec();
    // An ansatz is a formula of a field that may itself be a sum of several networks.
    while graph.jets(&roots).iter().any(is_formula) {
        roots = expand_once(fields, graph, &roots);
    }
    roots
}

fn expand_once(fields: &[Field], graph: &mut Graph, roots: &[Expr]) -> Vec<Expr> {
    let mut known: FxHashMap<Jet, Expr> = FxHashMap::default();
    let jets = graph.jets(roots);
    for jet in &jets {
        let field = usize::from(jet.field);
        let FieldSource::Formula(mut value) = fields[field].source else { continue };
        let mut index = MultiIndex::zero();
        for axis in jet.index.axes() {
            index = index.raised(axis, 1);
            let reached = Jet { field: jet.field, index: index.clone() };
            value = match known.get(&reached) {
                Some(&known) => known,
                None => graph.total_derivative(value, axis, |f| fields[f].axes.contains(&axis)),
            };
            known.insert(reached, value);
        }
        known.insert(jet.clone(), value);
    }
    let image = |symbol: &Symbol| if let Symbol::Jet(jet) = symbol { known.get(jet).copied() } else { None };
    roots.iter().map(|&root| graph.substitute(root, |_, symbol| image(symbol))).collect()
}
