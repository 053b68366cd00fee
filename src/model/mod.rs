//! The checked problem: what a file means, with every formula an [`Expr`](crate::expr::Expr).
//!
//! The last stage with user errors. Two passes, so that statements may come in any order: `scope` collects the names,
//! then each statement is read by the file that carries its name: `axes` (`time`, `domain`, `unknown`), `parametric`
//! (`param .. in`), `fits` (`fit`), `terms` (`eq`, `bc`, `ic`, `exact`), `data`, `tables` (`table(..)`), `measured`
//! (`reference`), `energies` (`minimize`), `ansatz` and `hard` (`ansatz`, `with hard`), `networks`, `samples` with
//! `sample_options`, `stages` (`train`), `constraints`, `reports` and `settings` (`set`). They share one `Elaborator`, which
//! turns formulas of the syntax tree into formulas of the graph (`elaborate`, `names`, `values`, `complex`, `operators`,
//! `calculus`, `integrals`, `predicates`, `numbers`). `regions` reads places as they are written, `places` makes disjoint
//! pieces of them.
//!
//! What can be said about the finished problem, [`checks`] say: whether it is determined, consistent, and what was meant.
//!
//! [`problem`] says what a problem is, [`methods`] which options the methods of training have, [`defaults`] what is chosen
//! where a file says nothing, and [`describe`] puts a problem into words.

mod ansatz;
mod architectures;
mod attributes;
mod axes;
mod calculus;
pub mod checks;
mod complex;
mod constraints;
mod corrections;
mod data;
pub mod defaults;
pub mod describe;
mod elaborate;
mod energies;
mod files;
mod fits;
mod foreign;
mod formulas;
mod hard;
mod hard_shapes;
mod integrals;
mod known_integrals;
mod measured;
pub mod methods;
mod names;
mod nearest;
mod networks;
mod numbers;
mod operators;
mod outputs;
mod overrides;
mod parametric;
mod pieces;
mod places;
mod precision;
mod predicates;
pub mod problem;
mod quadrature;
mod references;
mod regions;
mod reports;
mod sample_options;
mod samples;
mod scope;
mod settings;
pub mod shape_formulas;
mod shape_words;
mod shapes;
mod spaces;
mod stages;
mod surface_places;
mod symmetry;
mod tables;
mod terms;
mod values;
mod variants;
mod weights;
mod windows;

use std::sync::Arc;

use crate::dataset::Files;
use crate::diagnostic::{Diagnostic, Span, has_errors};
use crate::expr::Expr;
use crate::syntax::ast::{Ast, Formula};

use elaborate::Elaborator;
use scope::{Meaning, Scope};
use variants::stage_values;

pub use corrections::Correction;
pub use formulas::Formulas;
pub use networks::parameter_count;
pub use overrides::{OverrideError, Overrides};
pub use precision::Precision;
pub use problem::{
    Adapt, Axis, AxisKind, Causal, Component, DataSet, Field, FieldSource, GridFunction, Integral, Method, Model,
    MovingLimit, NetworkPlan, Number, OptionValue, Output, OutputFormat, Over, Parameter, Piece, Reference,
    ReferenceValues, Report, Sampling, Settings, Shape, ShapePart, Stage, Sum, Term, TermKind, Unknown, UnknownKind,
};
pub use settings::TIERS;
pub use spaces::Space;
pub use weights::{Average, Per, Weighting};

/// Reads the meaning of a file; `overrides` replace values of parameters and settings.
///
/// The problem is a text alone: where it names files, it is told that there are none. [`check_given`] reads them.
///
/// There is a model only where there is no error. Warnings do not stop it. Mistakes in the overrides are diagnostics
/// whose label is [`Span::OUTSIDE`], since they stand in no file; their messages start with `--set`.
pub fn check(ast: &Ast, overrides: &Overrides) -> (Option<Model>, Vec<Diagnostic>) {
    let given = Given { overrides, formulas: &Formulas::default(), files: &Files::default() };
    let (checked, found) = check_given(ast, given);
    (checked.map(|(model, _)| model), found)
}

/// A formula that was asked for beside a problem, or a component of it: its name and its value.
pub type NamedFormula = (String, Expr);

/// What belongs to a problem beside its text.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    /// Values from the command line.
    pub overrides: &'a Overrides,
    /// Formulas in the names of the file.
    pub formulas: &'a Formulas,
    /// The files that it may name.
    pub files: &'a Files,
}

/// Like [`check`], with the files that the problem names, and with formulas in its names; these live in the graph of the
/// model.
pub fn check_given(ast: &Ast, given: Given<'_>) -> (Option<(Model, Vec<NamedFormula>)>, Vec<Diagnostic>) {
    let mut found = Vec::new();
    let scope = Scope::collect(ast, &mut found);
    let stages = if given.overrides.has_optimizer() { Vec::new() } else { stage_values(ast) };
    let last = stages.last().map_or(&[][..], Vec::as_slice);
    let (mut model, more) = elaborate(&scope, ast, given, last, found);
    let mut found = more;
    // A name that is only ever misspelt is not unused.
    if found.iter().any(|d| d.code == "E0101") {
        found.retain(|d| d.code != "W0105");
    }
    if let Some((model, _)) = &mut model {
        let alone = Given { formulas: &Formulas::default(), ..given };
        for (stage, values) in stages.iter().enumerate() {
            if Some(&model.stages[stage].parameters) != model.stages.last().map(|stage| &stage.parameters) {
                let (variant, wrong) = elaborate(&scope, ast, alone, values, Vec::new());
                variants::give(model, stage, variant.map(|(variant, _)| variant).ok_or(wrong), &mut found);
            }
        }
        let read = if ast.broken.is_empty() { checks::Read::Whole } else { checks::Read::InPart };
        found.extend(checks::all(model, read));
        let broken = checks::settle(model);
        // That hard conditions disagree is an error; that they do so at a corner is then no news.
        found.retain(|d| d.code != "W0303" || broken.is_empty());
        found.extend(broken);
        for stage in &mut model.stages {
            // The problem of a stage has the conditions of the whole: what is wrong with them was said.
            if let Some(variant) = &mut stage.model {
                checks::settle(Arc::make_mut(variant));
            }
        }
        found.extend(corrections::faults(model));
        found.extend(weights::faults(model));
        found.extend(precision::faults(model));
        let corrections: Vec<Correction> = model.stages.iter().filter_map(|stage| stage.correction.clone()).collect();
        for variant in model.stages.iter_mut().filter_map(|stage| stage.model.as_mut()) {
            Arc::make_mut(variant).add_corrections(&corrections);
        }
        model.add_corrections(&corrections);
        found.extend(checks::of_corrections(model));
    }
    (model.filter(|_| !has_errors(&found)), found)
}

/// Reads a file with the values that a stage gives to parameters; there is a model only where there is no error.
fn elaborate<'a>(
    scope: &'a Scope<'a>,
    ast: &'a Ast,
    given: Given<'a>,
    values: &[(&'a str, &'a Formula)],
    found: Vec<Diagnostic>,
) -> (Option<(Model, Vec<NamedFormula>)>, Vec<Diagnostic>) {
    let mut elaborator = Elaborator::new(scope, given.files, ast);
    elaborator.found = found;
    let model = elaborator.model(ast, given, values);
    let found = without_repetition(std::mem::take(&mut elaborator.found));
    (model.filter(|_| !has_errors(&found)), found)
}

/// A definition with a mistake is read at each of its uses; its diagnostics are told once.
fn without_repetition(found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut told = std::collections::HashSet::new();
    found.into_iter().filter(|d| told.insert((d.code, d.message.clone(), d.span()))).collect()
}

impl<'a> Elaborator<'a> {
    fn model(
        &mut self,
        ast: &'a Ast,
        given: Given<'a>,
        values: &[(&'a str, &'a Formula)],
    ) -> Option<(Model, Vec<NamedFormula>)> {
        let Given { overrides, formulas, .. } = given;
        let name = self.problem_name(ast);
        self.imports_without_folder(ast);
        self.override_for_stage(values);
        let overridden = self.override_parameters(overrides);
        self.declare_axes_and_unknowns(ast);
        self.define_everything();
        self.ansatzes(ast);
        self.needs_something_to_solve(ast);
        let mut terms = self.terms(ast);
        let energies = self.energies(ast, &mut terms);
        terms.drafts.extend(energies);
        self.enough_data();
        self.exact(ast);
        self.hard_conditions(&terms);
        let references = self.references(ast);
        let networks = self.networks(ast, overrides);
        let parameters = networks.iter().map(|plan| self.plan_parameters(plan)).sum();
        let terms = self.sampled(ast, overrides, terms, parameters);
        let stages = self.stages(ast, parameters);
        let windows = self.windows(&stages, &terms);
        let outputs = self.outputs(ast);
        let stages = self.override_stages(overrides).unwrap_or(stages);
        self.squares_only(&stages, &terms);
        let reports = self.reports(ast);
        let mut settings = self.settings(ast);
        self.override_settings(overrides, &mut settings);
        let formulas = self.formulas(formulas);
        self.sampled_integrals(parameters);
        self.no_integrals_over_windows(windows);
        if has_errors(&self.found) {
            return None;
        }
        let parameters = self.parameters(&overridden);
        let model = Model {
            name,
            graph: std::mem::take(&mut self.graph),
            axes: std::mem::take(&mut self.axes),
            shape: self.shape.take(),
            unknowns: std::mem::take(&mut self.unknowns),
            fields: std::mem::take(&mut self.fields),
            integrals: std::mem::take(&mut self.integrals),
            parameters,
            numbers: std::mem::take(&mut self.numbers),
            tables: std::mem::take(&mut self.tables),
            data: std::mem::take(&mut self.data),
            references,
            terms,
            satisfied: Vec::new(),
            mentions: std::mem::take(&mut self.mentions),
            networks,
            sums: Vec::new(),
            stages,
            windows,
            reports,
            outputs,
            settings,
        };
        Some((model, formulas))
    }

    /// Named numbers in order of declaration, with their values.
    fn parameters(&mut self, overridden: &[String]) -> Vec<problem::Parameter> {
        let declarations = self.scope.declarations.iter().filter(|(_, d)| matches!(d.meaning, Meaning::Param(_)));
        let declarations: Vec<(&str, Span)> = declarations.map(|(name, d)| (*name, d.span)).collect();
        let mut parameters = Vec::new();
        for (name, span) in declarations {
            if let Some(value) = self.parameter_value(name) {
                let overridden = overridden.iter().any(|o| o == name);
                parameters.push(Parameter { name: name.to_owned(), value, overridden, span });
            }
        }
        parameters
    }

    /// Without axes or unknowns there is no problem, whatever else the file says.
    fn needs_something_to_solve(&mut self, ast: &Ast) {
        if self.scope.incomplete || self.unsure || crate::diagnostic::has_errors(&self.found) {
            return;
        }
        let (missing, help) = if self.axes.is_empty() {
            ("there is no axis", "declare one: `domain x in [0, 1]`")
        } else if self.unknowns.is_empty() {
            ("there is no unknown", "declare one: `unknown u`")
        } else {
            return;
        };
        let span = ast.statements.first().map_or(Span::default(), |statement| statement.span);
        let diagnostic = Diagnostic::error("E0206", format!("nothing to solve: {missing}"), span, "in this file");
        self.found.push(diagnostic.help(help));
    }
}
