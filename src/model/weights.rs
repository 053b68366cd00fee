//! Weights of terms that training changes: the option `weights` of every method.

use std::fmt;

use crate::diagnostic::{Diagnostic, Span};
use crate::syntax::ast::{Argument, Formula, FormulaKind, Name};

use super::elaborate::Elaborator;
use super::nearest::nearest;
use super::problem::{Model, OptionValue, Stage, TermKind};

/// How training weighs the terms of the loss, or their points, on top of the weights of the file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Weighting {
    /// So that the gradients of all terms are of one length (Wang, Teng and Perdikaris, arXiv 2001.04536).
    Gradients(Average),
    /// So that all terms converge at one rate: by the traces of the blocks of JJᵀ (Wang, Yu and Perdikaris, arXiv
    /// 2007.14527).
    Ntk(Average),
    /// Ascended beside the descent of θ (McClenny and Braga-Neto, arXiv 2009.04544).
    Adaptive {
        /// What has a weight of its own.
        per: Per,
        /// The learning rate of the ascent.
        rate: f64,
        /// q: the loss is multiplied by λ^q.
        power: f64,
    },
}

/// A running mean of weights.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Average {
    /// Steps from one change to the next.
    pub every: usize,
    /// The part of the old weights that stays at a change.
    pub decay: f64,
}

/// What has a weight of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Per {
    /// Each point; formulas that share it share its weight.
    Points,
    /// Each term.
    Terms,
}

const RULES: [&str; 3] = ["gradients", "ntk", "adaptive"];
/// Steps between changes, and the part of the old weights that stays: those of arXiv 2308.08468 for shorter runs.
const AVERAGE: Average = Average { every: 100, decay: 0.9 };
/// The learning rate of the published experiments, and their mask λ².
const ADAPTIVE: (f64, f64) = (5e-3, 2.0);

impl fmt::Display for Weighting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Weighting::Gradients(Average { every, decay }) => write!(f, "gradients(every={every}, decay={decay})"),
            Weighting::Ntk(Average { every, decay }) => write!(f, "ntk(every={every}, decay={decay})"),
            Weighting::Adaptive { per, rate, power } => {
                let per = if *per == Per::Points { "points" } else { "terms" };
                write!(f, "adaptive(per={per}, lr={rate}, power={power})")
            }
        }
    }
}

impl Stage {
    /// How it weighs the terms.
    pub fn weighting(&self) -> Option<Weighting> {
        match self.option("weights")? {
            OptionValue::Weighting(weighting) => Some(weighting),
            _ => None,
        }
    }
}

impl<'a> Elaborator<'a> {
    /// `ntk`, `gradients(every=10)`, `adaptive(per=terms)`
    pub(super) fn weighting(&mut self, value: &'a Formula) -> Option<Weighting> {
        let (name, arguments, span): (&str, &'a [Argument], Span) = match &value.kind {
            FormulaKind::Name(name) => (name, &[], value.span),
            FormulaKind::Call(call) => (&call.name.text, &call.arguments, call.name.span),
            _ => return self.no_such_weighting("", value.span),
        };
        let mut weighting = match name {
            "gradients" => Weighting::Gradients(AVERAGE),
            "ntk" => Weighting::Ntk(AVERAGE),
            "adaptive" => Weighting::Adaptive { per: Per::Points, rate: ADAPTIVE.0, power: ADAPTIVE.1 },
            _ => return self.no_such_weighting(name, span),
        };
        let mut sound = true;
        for argument in arguments {
            let Argument::Keyword(key, value) = argument else {
                let message = format!("the options of `{name}` have names");
                let diagnostic = Diagnostic::error("E0401", message, span, "which option?");
                self.found.push(diagnostic.help(format!("write `{weighting}`")));
                return None;
            };
            sound &= self.weighting_option(&mut weighting, (name, key), value).is_some();
        }
        sound.then_some(weighting)
    }

    fn weighting_option(
        &mut self,
        weighting: &mut Weighting,
        (rule, key): (&str, &'a Name),
        value: &'a Formula,
    ) -> Option<()> {
        match (weighting, key.text.as_str()) {
            (Weighting::Gradients(average) | Weighting::Ntk(average), "every") => {
                let every = self.whole(value, "`every`")?;
                let every = usize::try_from(every).ok().filter(|every| *every > 0);
                let message = "`every` is at least 1 step";
                average.every = every.or_else(|| self.error("E0404", message, value.span, "no such step"))?;
            }
            (Weighting::Gradients(average) | Weighting::Ntk(average), "decay") => {
                let (_, decay) = self.constant(value, "`decay`")?;
                let (message, label) = ("`decay` is between 0 and 1", format!("this is {decay}"));
                let decay = Some(decay).filter(|decay| (0.0..1.0).contains(decay));
                average.decay = decay.or_else(|| self.error("E0404", message, value.span, label))?;
            }
            (Weighting::Adaptive { per, .. }, "per") => {
                let given = match &value.kind {
                    FormulaKind::Name(name) if name == "points" => Some(Per::Points),
                    FormulaKind::Name(name) if name == "terms" => Some(Per::Terms),
                    _ => None,
                };
                let message = "`per` is `points` or `terms`";
                *per = given.or_else(|| self.error("E0404", message, value.span, "neither"))?;
            }
            (Weighting::Adaptive { rate: number, .. }, "lr") | (Weighting::Adaptive { power: number, .. }, "power") => {
                let (_, given) = self.constant(value, &format!("`{}`", key.text))?;
                let (message, label) = (format!("`{}` is greater than 0", key.text), format!("this is {given}"));
                let given = Some(given).filter(|given| *given > 0.0);
                *number = given.or_else(|| self.error("E0404", message, value.span, label))?;
            }
            (weighting, other) => {
                let known =
                    if matches!(weighting, Weighting::Adaptive { .. }) { "per, lr, power" } else { "every, decay" };
                let message = format!("unknown option `{other}` of `{rule}`");
                return self.error("E0401", message, key.span, format!("known: {known}"));
            }
        }
        Some(())
    }

    fn no_such_weighting<T>(&mut self, name: &str, span: Span) -> Option<T> {
        let message = "terms are weighted by `gradients`, `ntk` or `adaptive`";
        let mut diagnostic = Diagnostic::error("E0401", message, span, "none of them");
        if let Some(similar) = nearest(name, RULES) {
            diagnostic = diagnostic.help(format!("the nearest name is `{similar}`"));
        }
        self.found.push(diagnostic);
        None
    }
}

/// What stands in the way of weights that change.
pub(super) fn faults(model: &Model) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for stage in &model.stages {
        let Some(weighting) = stage.weighting() else { continue };
        let span = stage.span.unwrap_or(Span::OUTSIDE);
        if let Some(energy) = model.terms.iter().find(|term| term.kind == TermKind::Energy) {
            let message = "an energy has the weight that its problem gives it";
            let diagnostic = Diagnostic::error("E0428", message, span, "other weights have another solution");
            found.push(diagnostic.label(energy.span, "the energy").help("leave `weights` out"));
        } else if let Weighting::Adaptive { per: Per::Points, .. } = weighting {
            found.extend(faults_of_points(model, stage, span));
        } else if model.terms.len() == 1 {
            let message = "the loss has one term: there is nothing to weigh it against";
            found.push(Diagnostic::warning("W0431", message, span, "`weights` has no effect"));
        }
        if stage.given("balance").is_some_and(|balance| balance > 0.0) {
            let message = format!("`{}` balances the terms, and so does `weights`", stage.method.name());
            let diagnostic = Diagnostic::error("E0430", message, span, "two at once");
            found.push(diagnostic.help("leave one of them out: `balance=0`, or no `weights`"));
        }
    }
    found
}

/// Points that have weights of their own have to stay, and nothing else may say what they weigh.
fn faults_of_points(model: &Model, stage: &Stage, span: Span) -> Option<Diagnostic> {
    let drawn_anew = model.terms.iter().find(|term| term.sampling.resample.is_some());
    let message = if let Some(term) = drawn_anew {
        format!("the points of `{}` are drawn anew, and the weights of points go with them", term.label)
    } else if stage.batch().is_some() {
        "the weights of points grow at each step, and a mini-batch shows few of the points".to_owned()
    } else if model.settings.causal.is_some() {
        "causal weights say what a point weighs, and so would these".to_owned()
    } else {
        return None;
    };
    let diagnostic = Diagnostic::error("E0429", message, span, "a weight for each point");
    Some(diagnostic.help("give each term one weight: `weights=adaptive(per=terms)`"))
}
