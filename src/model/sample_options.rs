//! What a `sample` statement says after `with`: `resample`, `margin`, `adapt`.

use crate::diagnostic::{Diagnostic, Span};
use crate::syntax::ast::{Argument, Call, Formula, FormulaKind, Statement};

use super::defaults;
use super::elaborate::Elaborator;
use super::nearest::nearest;
use super::problem::Adapt;

/// The options; those whose places are needed later with them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct SampleOptions {
    /// Draw anew every so many steps.
    pub resample: Option<usize>,
    /// A distance from the ends of the place.
    pub margin: Option<(f64, Span)>,
    /// How points follow the residuals.
    pub adapt: Option<(Adapt, Span)>,
}

/// The ways to follow the residuals.
const ADAPTIONS: [&str; 2] = ["rad", "rar"];

impl<'a> Elaborator<'a> {
    /// The options of a `sample` statement.
    pub fn sample_options(&mut self, statement: &'a Statement) -> SampleOptions {
        let mut options = SampleOptions::default();
        for attribute in &statement.attributes {
            match (attribute.name.text.as_str(), &attribute.value) {
                ("resample", Some(value)) => options.resample = self.resample(value),
                ("margin", Some(value)) => options.margin = self.margin(value).map(|margin| (margin, value.span)),
                ("adapt", Some(value)) => options.adapt = self.adapt(value).map(|adapt| (adapt, value.span)),
                _ => self.other_attribute(attribute, &["resample", "margin", "adapt"], &["batch"]),
            }
        }
        if options.adapt.is_some() && options.resample.is_none() {
            options.resample = Some(defaults::ADAPT_EVERY);
        }
        options
    }

    fn resample(&mut self, value: &'a Formula) -> Option<usize> {
        let steps = self.whole(value, "`resample`")?;
        match usize::try_from(steps) {
            Ok(steps) if steps >= 1 => Some(steps),
            _ => self.error("E0404", "`resample` is at least 1 step", value.span, format!("this is {steps}")),
        }
    }

    fn margin(&mut self, value: &'a Formula) -> Option<f64> {
        let (_, margin) = self.constant(value, "`margin`")?;
        if margin < 0.0 {
            return self.error("E0404", "`margin` is a distance, at least 0", value.span, format!("this is {margin}"));
        }
        Some(margin)
    }

    fn adapt(&mut self, value: &'a Formula) -> Option<Adapt> {
        let (name, arguments, span): (&str, &'a [Argument], Span) = match &value.kind {
            FormulaKind::Name(name) => (name, &[], value.span),
            FormulaKind::Call(call) => {
                let Call { name, arguments, .. } = call.as_ref();
                (&name.text, arguments, name.span)
            }
            _ => return self.no_such_adaption(value.span),
        };
        match name {
            "rad" => self.distribution(arguments),
            "rar" => match arguments {
                [] => Some(Adapt::Refinement),
                [..] => self.error("E0401", "`rar` has no options", value.span, "write `adapt=rar`"),
            },
            _ => {
                self.no_such_adaption::<()>(span);
                if let (Some(similar), Some(last)) = (nearest(name, ADAPTIONS), self.found.pop()) {
                    self.found.push(last.help(format!("the nearest name is `{similar}`")));
                }
                None
            }
        }
    }

    fn no_such_adaption<T>(&mut self, span: Span) -> Option<T> {
        self.error("E0401", "points adapt by `rad` or `rar`", span, "neither")
    }

    /// The numbers of `rad(k=1, c=1)`.
    fn distribution(&mut self, arguments: &'a [Argument]) -> Option<Adapt> {
        let (mut power, mut offset) = defaults::RAD;
        let mut sound = true;
        for argument in arguments {
            let (name, value) = match argument {
                Argument::Keyword(name, value) => (name, value),
                Argument::Positional(value) => {
                    let diagnostic =
                        Diagnostic::error("E0401", "the options of `rad` have names", value.span, "which option?");
                    self.found.push(diagnostic.help("write `rad(k=1, c=1)`"));
                    return None;
                }
                Argument::Index(name, _) => {
                    return self.error("E0401", "an option has one value", name.span, "a range");
                }
            };
            let number = match name.text.as_str() {
                "k" => &mut power,
                "c" => &mut offset,
                other => {
                    let message = format!("unknown option `{other}` of `rad`");
                    return self.error("E0401", message, name.span, "known: k, c");
                }
            };
            match self.constant(value, &format!("`{}`", name.text)) {
                Some((_, given)) if given >= 0.0 => *number = given,
                Some((_, given)) => {
                    let message = format!("`{}` is at least 0", name.text);
                    self.found.push(Diagnostic::error("E0404", message, value.span, format!("this is {given}")));
                    sound = false;
                }
                None => sound = false,
            }
        }
        sound.then_some(Adapt::Distribution { power, offset })
    }
}
