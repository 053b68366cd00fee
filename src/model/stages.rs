//! The statement `train`.

use crate::diagnostic::{Diagnostic, Span};
use crate::syntax::ast::{Argument, Ast, Call, Formula, FormulaKind, Name, StatementKind};

use super::corrections::STAGE;
use super::defaults;
use super::elaborate::{Elaborator, listed};
use super::methods::{LATER, MethodOption, OptionKind, PROCEDURE};
use super::nearest::nearest;
use super::problem::{Method, OptionValue, Stage, Term, TermKind};
use super::variants::WINDOWS;
use super::windows::MOST_WINDOWS;

impl<'a> Elaborator<'a> {
    /// The stages of training, in order; `parameters` of the networks decide where none is asked for.
    pub fn stages(&mut self, ast: &'a Ast, parameters: usize) -> Vec<Stage> {
        let mut stages = Vec::new();
        let mut asked = false;
        for statement in &ast.statements {
            let StatementKind::Train(call) = &statement.kind else { continue };
            asked = true;
            let (mut parameters, mut windows, mut correction) = (Vec::new(), None, None);
            for attribute in &statement.attributes {
                match (attribute.name.text.as_str(), &attribute.value) {
                    ("allow", _) => {}
                    (WINDOWS, Some(value)) => windows = self.window_count(value),
                    (STAGE, _) => correction = self.correction(attribute),
                    _ => parameters.extend(self.stage_parameter(attribute)),
                }
            }
            parameters.sort_by(|(a, _), (b, _)| a.cmp(b));
            if let Some(stage) = self.stage(call) {
                stages.push(Stage { parameters, windows, correction, span: Some(statement.span), ..stage });
            }
        }
        if asked { stages } else { defaults::stages(parameters) }
    }

    fn window_count(&mut self, value: &'a Formula) -> Option<(usize, Span)> {
        let windows = self.whole(value, "`windows`")?;
        match usize::try_from(windows) {
            Ok(windows) if (1..=MOST_WINDOWS).contains(&windows) => Some((windows, value.span)),
            _ => {
                let message = format!("`windows` is between 1 and {MOST_WINDOWS}");
                self.error("E0404", message, value.span, format!("this is {windows}"))
            }
        }
    }

    /// Reports methods that minimise squares only, where there is an energy.
    pub fn squares_only(&mut self, stages: &[Stage], terms: &[Term]) {
        let Some(energy) = terms.iter().find(|term| term.kind == TermKind::Energy) else { return };
        for stage in stages.iter().filter(|stage| stage.method.needs_squares()) {
            let name = stage.method.name();
            let message = format!("`{name}` minimises squares of residuals, and there is an energy");
            let mut diagnostic = Diagnostic::error("E0426", message, energy.span, "no square");
            if let Some(span) = stage.span {
                diagnostic = diagnostic.label(span, "asked for here");
            }
            self.found.push(diagnostic.help("train energies with `engd`, `soap`, `adam` or a quasi-Newton method"));
        }
    }

    /// A method with its options.
    pub fn stage(&mut self, call: &'a Call) -> Option<Stage> {
        let name = call.name.text.as_str();
        let Some(method) = Method::from_name(name) else {
            if LATER.contains(&name) {
                return self.unsupported(&format!("the method `{name}`"), call.name.span);
            }
            let names: Vec<&str> = Method::ALL.into_iter().map(Method::name).collect();
            let label = format!("known: {}", names.join(", "));
            let mut diagnostic =
                Diagnostic::error("E0401", format!("unknown optimiser `{name}`"), call.name.span, label);
            if let Some(similar) = nearest(name, names) {
                diagnostic = diagnostic.help(format!("the nearest name is `{similar}`"));
            }
            self.found.push(diagnostic);
            return None;
        };
        let mut stage = Stage::of(method);
        for argument in &call.arguments {
            match argument {
                Argument::Keyword(name, value) => self.method_option(&mut stage, name, value),
                Argument::Positional(value) if is_procedure(method, value) => self.procedure(&mut stage, value),
                Argument::Positional(value) => {
                    let message = format!("the options of `{}` have names", method.name());
                    let diagnostic = Diagnostic::error("E0401", message, value.span, "which option?");
                    self.found.push(diagnostic.help(format!("write `{}(steps=200)`", method.name())));
                }
                Argument::Index(name, _) => {
                    self.found.push(Diagnostic::error("E0401", "an option has one value", name.span, "a range"));
                }
            }
        }
        Some(stage)
    }

    /// The name of a procedure stands for itself: `engd(paper)`.
    fn procedure(&mut self, stage: &mut Stage, value: &'a Formula) {
        let Some(option) = stage.method.option(PROCEDURE) else { return };
        self.give_option(stage, option, value, value.span);
    }

    fn method_option(&mut self, stage: &mut Stage, name: &'a Name, value: &'a Formula) {
        let Some(option) = stage.method.option(&name.text) else {
            let names: Vec<&str> = stage.method.options().iter().map(|option| option.name).collect();
            let message = format!("unknown option `{}` of `{}`", name.text, stage.method.name());
            let mut diagnostic = Diagnostic::error("E0401", message, name.span, format!("known: {}", names.join(", ")));
            if let Some(similar) = nearest(&name.text, names) {
                diagnostic = diagnostic.help(format!("the nearest name is `{similar}`"));
            }
            self.found.push(diagnostic);
            return;
        };
        self.give_option(stage, option, value, name.span);
    }

    fn give_option(&mut self, stage: &mut Stage, option: &MethodOption, value: &'a Formula, span: Span) {
        if stage.options.iter().any(|(key, _)| *key == option.name) {
            let message = format!("the option `{}` is given twice", option.name);
            self.found.push(Diagnostic::error("E0102", message, span, "given again here"));
            return;
        }
        if let Some(value) = self.option_value(option, value) {
            stage.options.push((option.name.to_owned(), value));
        }
    }

    fn option_value(&mut self, option: &MethodOption, formula: &'a Formula) -> Option<OptionValue> {
        let name = option.name;
        if option.kind == OptionKind::Weighting {
            return self.weighting(formula).map(OptionValue::Weighting);
        }
        if let (OptionKind::Spaces(_), FormulaKind::Call(call)) = (option.kind, &formula.kind) {
            return self.spaces(call).map(OptionValue::Spaces);
        }
        if let OptionKind::Choice(names) | OptionKind::Spaces(names) = option.kind {
            return match &formula.kind {
                FormulaKind::Name(given) if names.contains(&given.as_str()) => Some(OptionValue::Name(given.clone())),
                _ => {
                    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
                    let message = format!("`{name}` is one of {}", listed(&quoted));
                    self.error("E0404", message, formula.span, "none of them")
                }
            };
        }
        let (_, value) = self.constant(formula, &format!("`{name}`"))?;
        let fault = match option.kind {
            OptionKind::Count(least) if value < least as f64 => Some(format!("`{name}` is at least {least}")),
            OptionKind::Count(_) if value.fract() != 0.0 => Some(format!("`{name}` is a whole number")),
            OptionKind::Count(_) if value > 1e15 => Some(format!("`{name}` is at most 1e15")),
            OptionKind::Positive if value <= 0.0 => Some(format!("{} must be greater than 0", subject(name))),
            OptionKind::Within(lower, upper) if !(lower..upper).contains(&value) => {
                Some(format!("`{name}` is between {lower} and {upper}"))
            }
            _ => None,
        };
        match fault {
            Some(message) => self.error("E0404", message, formula.span, format!("this is {value}")),
            None => Some(OptionValue::Number(value)),
        }
    }
}

/// Whether a value without a key is the name of a procedure of the method.
fn is_procedure(method: Method, value: &Formula) -> bool {
    let option = method.option(PROCEDURE).map(|option| option.kind);
    matches!((option, &value.kind), (Some(OptionKind::Choice(names)), FormulaKind::Name(name)) if names.contains(&name.as_str()))
}

fn subject(name: &str) -> String {
    if name == "lr" { "the learning rate".to_owned() } else { format!("`{name}`") }
}
