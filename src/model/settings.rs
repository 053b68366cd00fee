//! The statements `set` and `problem`, and imports in a text without a folder.

use crate::dataset::FileError;
use crate::diagnostic::{Diagnostic, Span};
use crate::syntax::ast::{Ast, Formula, FormulaKind, Statement, StatementKind};

use super::defaults::CAUSAL_CHUNKS;
use super::elaborate::Elaborator;
use super::nearest::nearest;
use super::precision::Precision;
use super::problem::{AxisKind, Causal, Settings};

/// The keys of `set`.
pub(super) const KEYS: [&str; 6] = ["tier", "budget", "target", "seed", "precision", "causal"];
/// The values of `set tier`, the quickest first.
pub const TIERS: [&str; 3] = ["smoke", "core", "hard"];
/// The most chunks of causal weights.
const MOST_CHUNKS: usize = 10_000;

impl<'a> Elaborator<'a> {
    /// What `set` statements ask for; later ones win.
    pub fn settings(&mut self, ast: &'a Ast) -> Settings {
        let mut settings = Settings::default();
        for statement in &ast.statements {
            let StatementKind::Set { name, value } = &statement.kind else { continue };
            let chunks = self.setting_options(statement, &name.text);
            if !KEYS.contains(&name.text.as_str()) {
                let message = format!("unknown setting `{}`", name.text);
                let mut diagnostic =
                    Diagnostic::error("E0401", message, name.span, format!("known: {}", KEYS.join(", ")));
                if let Some(similar) = nearest(&name.text, KEYS) {
                    diagnostic = diagnostic.help(format!("the nearest name is `{similar}`"));
                }
                self.found.push(diagnostic);
                continue;
            }
            self.setting(&mut settings, &name.text, value);
            if let (Some(causal), Some(chunks)) = (&mut settings.causal, chunks) {
                causal.chunks = chunks;
            }
        }
        settings
    }

    /// The options of a `set` statement, of which there is one: the chunks of `set causal`.
    fn setting_options(&mut self, statement: &'a Statement, key: &str) -> Option<usize> {
        let mut chunks = None;
        for attribute in &statement.attributes {
            match (attribute.name.text.as_str(), &attribute.value) {
                ("chunks", Some(value)) if key == "causal" => chunks = self.chunks(value),
                _ if key == "causal" => self.other_attribute(attribute, &["chunks"], &[]),
                _ => self.other_attribute(attribute, &[], &[]),
            }
        }
        chunks
    }

    fn chunks(&mut self, value: &'a Formula) -> Option<usize> {
        let chunks = self.whole(value, "`chunks`")?;
        match usize::try_from(chunks) {
            Ok(chunks) if (2..=MOST_CHUNKS).contains(&chunks) => Some(chunks),
            _ => {
                let message = format!("`chunks` is between 2 and {MOST_CHUNKS}");
                self.error("E0404", message, value.span, format!("this is {chunks}"))
            }
        }
    }

    /// Causal weights, which need a time axis to be causal along.
    fn causal(&mut self, value: &'a Formula) -> Option<Causal> {
        let tolerance = self.positive(value, "the tolerance of causal weights")?;
        let axis = self.axes.iter().find(|axis| axis.kind == AxisKind::Time);
        let fault = match axis {
            Some(axis) if !axis.periodic => return Some(Causal { tolerance, chunks: CAUSAL_CHUNKS }),
            Some(axis) => ("causal weights on a periodic time axis", format!("{} has no beginning", axis.name)),
            None if self.scope.incomplete || self.unsure => return None,
            None => ("causal weights without a time axis", "there is no `time`".to_owned()),
        };
        let help = if axis.is_some() { "remove the setting" } else { "remove it, or declare `time t in [0, 1]`" };
        self.found.push(Diagnostic::error("E0420", fault.0, value.span, fault.1).help(help));
        None
    }

    /// Applies one setting; a wrong value is reported.
    pub fn setting(&mut self, settings: &mut Settings, key: &str, value: &'a Formula) {
        match key {
            "tier" => settings.tier = self.tier(value),
            "budget" => settings.budget = self.positive(value, "the budget (in seconds)"),
            "target" => settings.target = self.positive(value, "the target (a relative error)"),
            "seed" => {
                let seed = self.whole(value, "the seed");
                settings.seed = seed.and_then(|seed| match u64::try_from(seed) {
                    Ok(seed) => Some(seed),
                    Err(_) => self.error("E0404", "the seed is at least 0", value.span, format!("this is {seed}")),
                });
            }
            "precision" => match &value.kind {
                FormulaKind::Name(name) if name == "f64" => settings.precision = Precision::Double,
                FormulaKind::Name(name) if name == "f32" => settings.precision = Precision::Single,
                _ => self.found.push(Diagnostic::error(
                    "E0404",
                    "the precision is `f64` or `f32`",
                    value.span,
                    "neither",
                )),
            },
            _ => settings.causal = self.causal(value),
        }
    }

    fn tier(&mut self, value: &'a Formula) -> Option<String> {
        match &value.kind {
            FormulaKind::Name(name) | FormulaKind::Text(name) if TIERS.contains(&name.as_str()) => Some(name.clone()),
            _ => self.error("E0404", format!("the tier is one of {}", TIERS.join(", ")), value.span, "none of them"),
        }
    }

    fn positive(&mut self, value: &'a Formula, what: &str) -> Option<f64> {
        let (_, number) = self.constant(value, what)?;
        if number <= 0.0 {
            return self.error("E0404", format!("{what} is greater than 0"), value.span, format!("this is {number}"));
        }
        Some(number)
    }

    /// The name of the problem; the first statement `problem` counts.
    pub fn problem_name(&mut self, ast: &'a Ast) -> String {
        let mut name: Option<(&str, Span)> = None;
        for statement in &ast.statements {
            let StatementKind::Problem(given) = &statement.kind else { continue };
            if let Some((_, first)) = name {
                let diagnostic =
                    Diagnostic::error("E0102", "the problem is named twice", given.span, "named again here");
                self.found.push(diagnostic.label(first, "first named here"));
            } else {
                name = Some((&given.text, given.span));
            }
        }
        name.map_or("problem", |(name, _)| name).to_owned()
    }

    /// Reports imports that were not followed, since the problem is a text alone.
    pub fn imports_without_folder(&mut self, ast: &'a Ast) {
        for statement in &ast.statements {
            if let StatementKind::Import(path) = &statement.kind {
                let error = FileError::NoFolder { path: path.text.clone() };
                self.found.push(error.diagnostic(path.span));
            }
        }
    }
}
