//! What pdec says to the person at the keyboard: a code, a place, a cause and a remedy.
//!
//! Every mistake that a user can make is a [`Diagnostic`] with at least one [`Label`] that points into the [`Source`].
//! Stages collect them and go on as far as is sound; the command line renders them for people, for editors (short) and
//! for programs (JSON). Errors of the library itself are typed enums elsewhere, never diagnostics.
//!
//! * [`Source`]: the text, and places in it as bytes, lines and columns
//! * [`Policy`]: which warnings are silenced, and whether the others stop a command
//! * [`render`]: one list of diagnostics in three forms; nothing from the input reaches a terminal unescaped
//! * [`catalogue`]: every code with its explanation, a wrong and a right example

pub mod catalogue;
mod policy;
mod render;
mod source;

pub use policy::{Allowance, Policy, allowed_codes};
pub use render::{Form, Look, MOST_SHOWN, Record, records, render, tidy, to_json, visible};
pub use source::{Location, Source, Span};

/// How bad it is. Errors stop a command, warnings and notes do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Additional information.
    Note,
    /// Likely a mistake; the command goes on.
    Warning,
    /// The file does not mean anything that could be trained.
    Error,
}

/// A place in the source and what there is to say about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The bytes that the label underlines.
    pub span: Span,
    /// A short text; it stands beside the code that it speaks of.
    pub text: String,
}

/// A machine-applicable edit that repairs the mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// The bytes to replace (empty for an insertion).
    pub span: Span,
    /// What to put there.
    pub replacement: String,
}

/// One message: stands alone in one line, and points at its places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable code such as `E0201`; `pdec explain E0201` says more.
    pub code: &'static str,
    /// Error, warning or note.
    pub level: Level,
    /// The message, in the user's mathematics.
    pub message: String,
    /// The first label is the primary one; the others show the other places that are involved.
    pub labels: Vec<Label>,
    /// Facts.
    pub notes: Vec<String>,
    /// Actions; at most one, with the exact replacement line where there is one.
    pub helps: Vec<String>,
    /// Edits that an editor can apply.
    pub fixes: Vec<Fix>,
}

impl Level {
    /// The word that people and programs read.
    pub fn name(self) -> &'static str {
        match self {
            Level::Note => "note",
            Level::Warning => "warning",
            Level::Error => "error",
        }
    }
}

impl Diagnostic {
    /// An error with its primary label.
    pub fn error(code: &'static str, message: impl Into<String>, span: Span, label: impl Into<String>) -> Self {
        Self::new(Level::Error, code, message, span, label)
    }

    /// A warning with its primary label.
    pub fn warning(code: &'static str, message: impl Into<String>, span: Span, label: impl Into<String>) -> Self {
        Self::new(Level::Warning, code, message, span, label)
    }

    /// A note with its primary label.
    pub fn note_at(code: &'static str, message: impl Into<String>, span: Span, label: impl Into<String>) -> Self {
        Self::new(Level::Note, code, message, span, label)
    }

    fn new(level: Level, code: &'static str, message: impl Into<String>, span: Span, label: impl Into<String>) -> Self {
        Self {
            code,
            level,
            message: message.into(),
            labels: vec![Label { span, text: label.into() }],
            notes: Vec::new(),
            helps: Vec::new(),
            fixes: Vec::new(),
        }
    }

    /// Adds a secondary label.
    #[must_use]
    pub fn label(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// Adds a fact.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    /// Adds the remedy.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.helps.push(text.into());
        self
    }

    /// Adds an edit that repairs the mistake.
    #[must_use]
    pub fn fix(mut self, span: Span, replacement: impl Into<String>) -> Self {
        self.fixes.push(Fix { span, replacement: replacement.into() });
        self
    }

    /// The primary place.
    pub fn span(&self) -> Span {
        self.labels[0].span
    }
}

/// Whether any of the diagnostics is an error.
pub fn has_errors(found: &[Diagnostic]) -> bool {
    found.iter().any(|d| d.level == Level::Error)
}
