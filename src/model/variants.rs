//! Stages with parameters of their own: `train soap(steps=10000) with Re=10`.
//!
//! The problem of such a stage is the file, read with these values. The problem as such, which `eval` and `plot` show, is
//! that of the last stage. A value from the command line comes before all of them.

use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Level};
use crate::syntax::ast::{Ast, Attribute, Formula, StatementKind};

use super::corrections::STAGE;
use super::elaborate::Elaborator;
use super::nearest::nearest;
use super::problem::Model;
use super::scope::Meaning;

/// An option of a stage that is no parameter.
pub(super) const WINDOWS: &str = "windows";

/// The parameters of a stage with their values.
pub(super) type StageValues<'a> = Vec<(&'a str, &'a Formula)>;

/// What each stage of a file says about parameters.
pub(super) fn stage_values(ast: &Ast) -> Vec<StageValues<'_>> {
    let stages = ast.statements.iter().filter(|statement| matches!(statement.kind, StatementKind::Train(_)));
    stages.map(|stage| stage.attributes.iter().filter_map(value_of).collect()).collect()
}

fn value_of(attribute: &Attribute) -> Option<(&str, &Formula)> {
    let name = attribute.name.text.as_str();
    let parameter = ![WINDOWS, STAGE, "allow"].contains(&name);
    Some((name, attribute.value.as_ref().filter(|_| parameter)?))
}

impl<'a> Elaborator<'a> {
    /// Takes the values of a stage instead of those of the file, before anything is read.
    pub fn override_for_stage(&mut self, values: &[(&'a str, &'a Formula)]) {
        let before = self.found.len();
        let known = values.iter().filter(|(name, _)| matches!(self.scope.get(name), Some(Meaning::Param(_))));
        let known: Vec<_> = known.copied().collect();
        for (name, formula) in known {
            if let Some((value, _)) = self.constant(formula, "the value of a parameter") {
                self.overrides.insert(name.to_owned(), value);
            }
        }
        // What is wrong is told where the stages are read; what was read on the way had the values of the file.
        self.found.truncate(before);
        self.forget_definitions();
    }

    /// Reads what a stage says about a parameter, to report what is wrong.
    pub fn stage_parameter(&mut self, attribute: &'a Attribute) -> Option<(String, f64)> {
        let name = &attribute.name;
        if !matches!(self.scope.get(&name.text), Some(Meaning::Param(_))) {
            if self.scope.incomplete {
                return None;
            }
            let declared = self.scope.declarations.iter();
            let parameters = declared.filter(|(_, d)| matches!(d.meaning, Meaning::Param(_))).map(|(name, _)| *name);
            let known: Vec<&str> = parameters.chain([WINDOWS, STAGE]).collect();
            let message = format!("a stage has no option `{}`, and there is no such parameter", name.text);
            let label = format!("known: {}", known.join(", "));
            let mut diagnostic = Diagnostic::error("E0401", message, name.span, label);
            if let Some(similar) = nearest(&name.text, known) {
                diagnostic = diagnostic.help(format!("the nearest name is `{similar}`"));
            }
            self.found.push(diagnostic);
            return None;
        }
        let Some(value) = &attribute.value else {
            let message = format!("the parameter `{}` needs a value", name.text);
            let diagnostic = Diagnostic::error("E0404", message, name.span, "which?");
            self.found.push(diagnostic.help(format!("write `with {}=1`", name.text)));
            return None;
        };
        let (_, number) = self.constant(value, &format!("the value of `{}`", name.text))?;
        Some((name.text.clone(), number))
    }
}

/// Gives a stage its problem, and reports what is wrong with it.
pub(super) fn give(
    model: &mut Model,
    stage: usize,
    variant: Result<Model, Vec<Diagnostic>>,
    found: &mut Vec<Diagnostic>,
) {
    let span = model.stages[stage].span.unwrap_or_default();
    let values: Vec<String> = model.stages[stage].parameters.iter().map(|(name, v)| format!("{name} = {v}")).collect();
    let values = values.join(", ");
    match variant {
        Ok(variant) => {
            let sizes =
                |model: &Model| model.networks.iter().map(|plan| model.parameter_count(plan)).collect::<Vec<_>>();
            if sizes(&variant) != sizes(model) {
                let message = format!("with {values} the networks have other sizes than in the last stage");
                let diagnostic = Diagnostic::error("E0424", message, span, "this stage");
                found.push(diagnostic.help("the sizes of networks must not depend on parameters that stages change"));
                return;
            }
            let stages = vec![model.stages[stage].clone()];
            model.stages[stage].model = Some(Arc::new(Model { stages, ..variant }));
        }
        Err(wrong) => {
            let fresh = wrong.into_iter().filter(|d| d.level == Level::Error && !found.iter().any(|f| same(f, d)));
            let fresh: Vec<Diagnostic> =
                fresh.map(|d| d.label(span, format!("in this stage, with {values}"))).collect();
            found.extend(fresh);
        }
    }
}

fn same(a: &Diagnostic, b: &Diagnostic) -> bool {
    a.code == b.code && a.span() == b.span()
}
