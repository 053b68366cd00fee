//! `set precision`: what training computes in, and what it can't compute in single precision.

use std::fmt;

use crate::diagnostic::{Diagnostic, Span};

use super::problem::{Method, Model, Stage, TermKind};

/// What residuals and their derivatives in the parameters are computed in while a network is trained.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// Numbers of 64 bits.
    #[default]
    Double,
    /// Numbers of 32 bits.
    Single,
}

impl Precision {
    /// `f64` or `f32`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Double => "f64",
            Self::Single => "f32",
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What stands in the way of training in single precision, where that is asked for.
pub(super) fn faults(model: &Model) -> Vec<Diagnostic> {
    if model.settings.precision == Precision::Double {
        return Vec::new();
    }
    let refused = |message: &str, span: Span, why: &str| {
        let message = format!("`precision = f32` does not go with {message}");
        Diagnostic::error("E0432", message, span, why)
    };
    let mut found = Vec::new();
    if let Some(integral) = model.integrals.first() {
        let diagnostic = refused("integrals in formulas", integral.span, "evaluated in double precision only");
        found.push(diagnostic.help("remove the setting"));
    }
    for stage in &model.stages {
        if let Some(correction) = &stage.correction {
            let why = "what is left of the residuals has few digits in single precision";
            let diagnostic = refused("a stage on what is left", correction.span, why);
            found.push(diagnostic.help("remove the setting, or this stage"));
        }
        if let Some((what, why, help)) = method_fault(model, stage) {
            let span = stage.span.unwrap_or(Span::OUTSIDE);
            found.push(refused(&what, span, why).help(help));
        }
    }
    found
}

/// A method that needs what there is in double precision only, why, and what to do.
fn method_fault(model: &Model, stage: &Stage) -> Option<(String, &'static str, &'static str)> {
    let name = stage.method.name();
    let energy = model.terms.iter().any(|term| term.kind == TermKind::Energy);
    match stage.method {
        Method::Hngd => Some((
            format!("`{name}`"),
            "its metric is made in double precision only",
            "remove the setting, or train with `engd`",
        )),
        Method::Kfac => Some((
            format!("`{name}`"),
            "its factors are made in double precision only",
            "remove the setting, or train with `soap`, whose factors are those of gradients",
        )),
        _ if stage.option("metric").is_some() && stage.name("metric") != "gauss_newton" => Some((
            format!("this `metric` of `{name}`"),
            "second derivatives in the unknowns are taken in double precision only",
            "remove the setting, or leave `metric` out",
        )),
        Method::Engd | Method::Lm if energy => Some((
            format!("`{name}` on an energy"),
            "the second derivatives of the energy are taken in double precision only",
            "remove the setting, or train with `soap` or a quasi-Newton method",
        )),
        _ => None,
    }
}
