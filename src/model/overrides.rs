//! What the command line says in place of the file: `--set name=value`.

use crate::diagnostic::{Diagnostic, Source, Span};
use crate::syntax;
use crate::syntax::ast::{Ast, Call, Formula, Statement, StatementKind};

use super::elaborate::Elaborator;
use super::nearest::nearest;
use super::problem::{Settings, Stage};
use super::scope::Meaning;
use super::settings::KEYS;

/// The statements that `--set` can replace: `--set network.u=..` that of the unknown u.
const REPLACED: [&str; 2] = ["network", "sample"];
/// What is named where there is none of the given name.
const KNOWN_STATEMENTS: [&str; 4] = ["network", "sample.interior", "sample.boundary", "sample.initial"];

/// What replaces what the file says: values of parameters and of the keys of `set`, networks and samples.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overrides {
    values: Vec<(String, Formula)>,
    /// By the name that `--set` gives them.
    statements: Vec<(String, Statement)>,
    optimizer: Option<Call>,
}

/// Why an argument of `--set` cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OverrideError {
    /// There is no `=`.
    #[error("`--set {given}`: write `--set name=value`")]
    NoValue {
        /// The argument.
        given: String,
    },
    /// The value is not a formula of the language.
    #[error("`--set {name}={value}`: {message}")]
    NotAFormula {
        /// What was to be replaced.
        name: String,
        /// The text after `=`.
        value: String,
        /// What is wrong with it.
        message: String,
    },
    /// The value is not what such a statement says.
    #[error("`--set {name}={value}`: {message}")]
    NotAStatement {
        /// Which statement was to be replaced.
        name: String,
        /// The text after `=`.
        value: String,
        /// What is wrong with it.
        message: String,
    },
    /// The value of `--optimizer` is no method with options.
    #[error("`--optimizer {given}`: {message}")]
    NotAMethod {
        /// The argument.
        given: String,
        /// What is wrong with it.
        message: String,
    },
}

impl Overrides {
    /// Reads arguments of the form `name=value`. A value is any formula, such as `0.01/pi`; that of `network`, `network.u`
    /// and `sample.interior` is what the statement says.
    ///
    /// # Errors
    /// [`OverrideError`] where an argument has no `=` or its value can't be read. Whether the names exist is for
    /// [`check`](super::check).
    pub fn parse<T: AsRef<str>>(arguments: &[T]) -> Result<Self, OverrideError> {
        let (mut values, mut statements) = (Vec::new(), Vec::new());
        for argument in arguments {
            let given = argument.as_ref();
            let Some((name, value)) = given.split_once('=') else {
                return Err(OverrideError::NoValue { given: given.to_owned() });
            };
            let name = name.trim().to_owned();
            if let Some(read) = replacing(&name, value) {
                let wrong =
                    |message| OverrideError::NotAStatement { name: name.clone(), value: value.to_owned(), message };
                let statement = read.map_err(wrong)?;
                statements.retain(|(other, _)| *other != name);
                statements.push((name, statement));
                continue;
            }
            match parse_formula(value) {
                Ok(formula) => values.push((name, formula)),
                Err(message) => return Err(OverrideError::NotAFormula { name, value: value.to_owned(), message }),
            }
        }
        Ok(Self { values, statements, optimizer: None })
    }

    /// The statements of a file and those in their place, each with the argument that says it.
    pub(super) fn statements<'a>(&'a self, ast: &'a Ast) -> impl Iterator<Item = (Option<&'a str>, &'a Statement)> {
        let replaced = |statement: &Statement| {
            place(statement).is_some_and(|place| self.statements.iter().any(|(name, _)| *name == place))
        };
        let of_file = ast.statements.iter().filter(move |&statement| !replaced(statement)).map(|s| (None, s));
        of_file.chain(self.statements.iter().map(|(name, statement)| (Some(name.as_str()), statement)))
    }

    /// Whether there is a method that replaces all stages of the file.
    pub fn has_optimizer(&self) -> bool {
        self.optimizer.is_some()
    }

    /// Replaces all stages of training by one method with its options, such as `adam(lr=1e-3)`.
    ///
    /// # Errors
    /// [`OverrideError::NotAMethod`] where the text is none; whether method and options exist is for
    /// [`check`](super::check).
    pub fn with_optimizer(mut self, text: &str) -> Result<Self, OverrideError> {
        let wrong = |message| OverrideError::NotAMethod { given: text.to_owned(), message };
        if text.trim().is_empty() {
            return Err(wrong("write a method with its options, such as `adam(lr=1e-3)`".to_owned()));
        }
        let statement = parse_statement("--optimizer", "train", text).map_err(wrong)?;
        match statement.kind {
            StatementKind::Train(call) if statement.attributes.is_empty() => self.optimizer = Some(call),
            _ => return Err(wrong("write a method with its options, such as `adam(lr=1e-3)`".to_owned())),
        }
        Ok(self)
    }
}

/// A formula alone, read as the value of a statement.
pub(super) fn parse_formula(text: &str) -> Result<Formula, String> {
    let statement = parse_statement("--set", "set value =", text)?;
    match statement.kind {
        StatementKind::Set { value, .. } if statement.attributes.is_empty() => Ok(value),
        _ => Err(ONE.to_owned()),
    }
}

/// The statement that `--set name=text` says, if its name is that of a statement; it stands in no file.
fn replacing(name: &str, text: &str) -> Option<Result<Statement, String>> {
    let (keyword, label) = name.split_once('.').map_or((name, ""), |(keyword, label)| (keyword, label));
    if !REPLACED.contains(&keyword) || (keyword == "sample" && label.is_empty()) {
        return None;
    }
    let start = if label.is_empty() { keyword.to_owned() } else { format!("{keyword} {label}:") };
    Some(parse_statement("--set", &start, text).map(|mut statement| {
        statement.span = Span::OUTSIDE;
        if let StatementKind::Sample { rule, .. } = &mut statement.kind {
            rule.span = Span::OUTSIDE;
        }
        statement
    }))
}

/// The name by which `--set` replaces a statement.
fn place(statement: &Statement) -> Option<String> {
    match &statement.kind {
        StatementKind::Network { label: None, .. } => Some("network".to_owned()),
        StatementKind::Network { label: Some(label), .. } => Some(format!("network.{}", label.text)),
        StatementKind::Sample { target, .. } => Some(format!("sample.{}", target.text)),
        _ => None,
    }
}

const ONE: &str = "a value is one formula";

/// A text alone, read as the rest of a statement that begins with `start`.
fn parse_statement(name: &str, start: &str, text: &str) -> Result<Statement, String> {
    if text.contains(['\n', ';', '#']) {
        return Err(ONE.to_owned());
    }
    let (ast, found) = syntax::parse(&Source::new(name, format!("{start} {text}")));
    if let Some(first) = found.first() {
        return Err(first.message.clone());
    }
    ast.and_then(|ast| ast.statements.into_iter().next()).ok_or_else(|| ONE.to_owned())
}

impl<'a> Elaborator<'a> {
    /// Takes the values of parameters; gives their names. Reports names that are neither parameter nor setting.
    pub fn override_parameters(&mut self, overrides: &'a Overrides) -> Vec<String> {
        let mut overridden = Vec::new();
        for (name, formula) in &overrides.values {
            match self.scope.get(name) {
                Some(meaning)
                    if matches!(meaning, Meaning::Param(_) | Meaning::Fit) || self.scope.is_parametric(name) =>
                {
                    let value = self.quoted(&set(name), |this| this.constant(formula, "the value"));
                    if let Some((value, _)) = value {
                        self.overrides.insert(name.clone(), value);
                        overridden.push(name.clone());
                    }
                }
                _ if KEYS.contains(&name.as_str()) => {}
                _ => self.no_such_parameter(name),
            }
        }
        overridden
    }

    /// Takes the values of settings.
    pub fn override_settings(&mut self, overrides: &'a Overrides, settings: &mut Settings) {
        for (name, formula) in &overrides.values {
            let parameter = matches!(self.scope.get(name), Some(Meaning::Param(_) | Meaning::Fit))
                || self.scope.is_parametric(name);
            if !parameter && KEYS.contains(&name.as_str()) {
                self.quoted(&set(name), |this| this.setting(settings, name, formula));
            }
        }
    }

    /// The stage of `--optimizer`.
    pub fn override_stages(&mut self, overrides: &'a Overrides) -> Option<Vec<Stage>> {
        let call = overrides.optimizer.as_ref()?;
        Some(self.quoted("--optimizer", |this| this.stage(call)).into_iter().collect())
    }

    /// Runs `read` on a statement of the file, or on one that an argument of `--set` says.
    pub(super) fn said<T>(&mut self, by: Option<&str>, read: impl FnOnce(&mut Self) -> T) -> T {
        match by {
            Some(name) => self.quoted(&set(name), read),
            None => read(self),
        }
    }

    /// Runs `read` on a formula that stands in no file: its diagnostics lose their places and say where they come from.
    pub(super) fn quoted<T>(&mut self, argument: &str, read: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.found.len();
        let value = read(self);
        for diagnostic in self.found.split_off(before) {
            let message = format!("`{argument}`: {}", diagnostic.message);
            let label = diagnostic.labels[0].text.clone();
            self.found
                .push(Diagnostic { labels: Vec::new(), fixes: Vec::new(), ..diagnostic }.relocated(message, label));
        }
        value
    }

    fn no_such_parameter(&mut self, name: &str) {
        let parameters: Vec<&str> = self
            .scope
            .declarations
            .iter()
            .filter(|(name, d)| matches!(d.meaning, Meaning::Param(_) | Meaning::Fit) || self.scope.is_parametric(name))
            .map(|(name, _)| *name)
            .collect();
        let known: Vec<&str> = parameters.iter().copied().chain(KEYS).chain(KNOWN_STATEMENTS).collect();
        let message = format!("`--set {name}=..`: the file has no parameter `{name}`");
        let mut diagnostic = Diagnostic::error("E0401", message, Span::OUTSIDE, "");
        diagnostic = diagnostic.note(format!("known: {}", known.join(", ")));
        if let Some(similar) = nearest(name, known) {
            diagnostic = diagnostic.help(format!("the nearest name is `{similar}`"));
        }
        self.found.push(diagnostic);
    }
}

/// How an argument is quoted.
fn set(name: &str) -> String {
    format!("--set {name}=..")
}

trait Relocated {
    fn relocated(self, message: String, label: String) -> Self;
}

impl Relocated for Diagnostic {
    fn relocated(mut self, message: String, label: String) -> Self {
        self.message = message;
        self.label(Span::OUTSIDE, label)
    }
}
