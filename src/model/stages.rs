//! The statement `train`.

use crate::diagnostic::{Diagnostic, Span};
use crate::syntax::ast::{Argument, Ast, Call, Formula, FormulaKind, Name, StatementKind};

use super::defaults;
use super::elaborate::{Elaborator, listed};
use super::methods::{LATER, LATER_CHOICES, MethodOption, OptionKind};
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
            let (mut parameters, mut windows) = (Vec::new(), None);
            for attribute in &statement.attributes {
                match (attribute.name.text.as_str(), &attribute.value) {
                    ("allow", _) => {}
                    (WINDOWS, Some(value)) => windows = self.window_count(value),
                    _ => parameters.extend(self.stage_parameter(attribute)),
                }
            }
            parameters.sort_by(|(a, _), (b, _)| a.cmp(b));
            if let Some(stage) = self.stage(call) {
                stages.push(Stage { parameters, windows, span: Some(statement.span), ..stage });
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
        if stage.options.iter().any(|(key, _)| *key == name.text) {
            let message = format!("the option `{}` is given twice", name.text);
            self.found.push(Diagnostic::error("E0102", message, name.span, "given again here"));
            return;
        }
        if let Some(value) = self.option_value(option, value) {
            stage.options.push((name.text.clone(), value));
        }
    }

    fn option_value(&mut self, option: &MethodOption, formula: &'a Formula) -> Option<OptionValue> {
        let name = option.name;
        if let OptionKind::Choice(names) = option.kind {
            return match &formula.kind {
                FormulaKind::Name(given) if names.contains(&given.as_str()) => Some(OptionValue::Name(given.clone())),
                FormulaKind::Name(given) if LATER_CHOICES.contains(&(name, given.as_str())) => {
                    self.unsupported(&format!("`{name}={given}`"), formula.span)
                }
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

fn subject(name: &str) -> String {
    if name == "lr" { "the learning rate".to_owned() } else { format!("`{name}`") }
}
