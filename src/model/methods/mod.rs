//! The methods of training and their options: the one table that checks, documents and fills in.

mod first_order;
mod sample_space;
mod second_order;

use super::problem::{Method, OptionValue, Stage};

/// What an option may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum OptionKind {
    /// A whole number, at least this.
    Count(usize),
    /// A number greater than 0.
    Positive,
    /// A number between two ends, the upper one excluded.
    Within(f64, f64),
    /// One of these names.
    Choice(&'static [&'static str]),
    /// How terms are weighed.
    Weighting,
    /// One of these spaces of functions, or one for each unknown.
    Spaces(&'static [&'static str]),
}

/// What an option is if it is left out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fallback {
    /// A number.
    Number(f64),
    /// A name.
    Name(&'static str),
    /// Nothing: the option then has no effect.
    Nothing,
}

/// An option of a method.
#[derive(Clone, Copy, Debug)]
pub struct MethodOption {
    /// The key.
    pub name: &'static str,
    /// What values it takes.
    pub kind: OptionKind,
    /// Its value if it is left out.
    pub default: Fallback,
    /// What it does, in one line.
    pub about: &'static str,
}

const fn option(name: &'static str, kind: OptionKind, default: Fallback, about: &'static str) -> MethodOption {
    MethodOption { name, kind, default, about }
}

/// The option whose values may be given without its name: `engd(paper)`.
pub(super) const PROCEDURE: &str = "procedure";

const WEIGHTS: MethodOption = option(
    "weights",
    OptionKind::Weighting,
    Fallback::Nothing,
    "weights of terms that follow their gradients or traces, or weights that are ascended",
);
const ON_OFF: OptionKind = OptionKind::Choice(&["on", "off"]);

/// Methods that are planned: their names are no mistakes.
pub(super) const LATER: &[&str] = &["sgd", "newton", "sngd", "anagram", "rprop"];

impl Method {
    /// All methods, the default first.
    pub const ALL: [Method; 19] = [
        Method::Engd,
        Method::Hngd,
        Method::Lm,
        Method::Nncg,
        Method::Engdw,
        Method::Spring,
        Method::Dsgnar,
        Method::Kfac,
        Method::Adam,
        Method::Gd,
        Method::Soap,
        Method::Shampoo,
        Method::Muon,
        Method::Psgd,
        Method::Pdeaware,
        Method::Ssbroyden,
        Method::Ssbfgs,
        Method::Bfgs,
        Method::Lbfgs,
    ];

    /// The name in the language.
    pub fn name(self) -> &'static str {
        match self {
            Method::Engd => "engd",
            Method::Hngd => "hngd",
            Method::Lm => "lm",
            Method::Nncg => "nncg",
            Method::Engdw => "engdw",
            Method::Spring => "spring",
            Method::Dsgnar => "dsgnar",
            Method::Kfac => "kfac",
            Method::Adam => "adam",
            Method::Gd => "gd",
            Method::Soap => "soap",
            Method::Shampoo => "shampoo",
            Method::Muon => "muon",
            Method::Psgd => "psgd",
            Method::Pdeaware => "pdeaware",
            Method::Ssbroyden => "ssbroyden",
            Method::Ssbfgs => "ssbfgs",
            Method::Bfgs => "bfgs",
            Method::Lbfgs => "lbfgs",
        }
    }

    /// The method of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.name() == name)
    }

    /// What it does, in one line.
    pub fn about(self) -> &'static str {
        match self {
            Method::Engd => "energy natural gradient with damping and geodesic acceleration",
            Method::Hngd => "natural gradient in a Sobolev metric",
            Method::Lm => "Levenberg-Marquardt with a trust region and geodesic acceleration",
            Method::Nncg => "Newton's method by conjugate gradients with a Nyström preconditioner",
            Method::Engdw => "energy natural gradient in the space of samples, for more parameters than points",
            Method::Spring => "the same with a momentum that the points correct",
            Method::Dsgnar => "doubly sketched Gauss-Newton with a radius chosen by trying many",
            Method::Kfac => "Kronecker factors of the metric, layer by layer",
            Method::Adam => "adaptive moments, on all points or on mini-batches",
            Method::Gd => "gradient descent",
            Method::Soap => "Adam in the eigenbasis of Shampoo's preconditioner",
            Method::Shampoo => "inverse roots of the covariances of rows and columns of the gradient",
            Method::Muon => "momentum of each weight matrix, made orthogonal",
            Method::Psgd => "a Kronecker-factored preconditioner that whitens the gradient, learned by descent",
            Method::Pdeaware => "Adam, scaled by the spread of the residual's derivatives over the points",
            Method::Ssbroyden => "self-scaled Broyden quasi-Newton method, with strong Wolfe conditions",
            Method::Ssbfgs => "self-scaled BFGS",
            Method::Bfgs => "BFGS",
            Method::Lbfgs => "BFGS from the last steps only",
        }
    }

    /// Whether it minimises squares of residuals only, and no energies.
    pub fn needs_squares(self) -> bool {
        matches!(self, Method::Engdw | Method::Spring | Method::Dsgnar | Method::Kfac)
    }

    /// The options it takes.
    pub fn options(self) -> &'static [MethodOption] {
        match self {
            Method::Engd => second_order::ENGD,
            Method::Hngd => second_order::HNGD,
            Method::Lm => second_order::LM,
            Method::Nncg => second_order::NNCG,
            Method::Engdw => sample_space::ENGDW,
            Method::Spring => sample_space::SPRING,
            Method::Dsgnar => sample_space::DSGNAR,
            Method::Kfac => sample_space::KFAC,
            Method::Adam => first_order::ADAM,
            Method::Gd => first_order::GD,
            Method::Soap => first_order::SOAP,
            Method::Shampoo => first_order::SHAMPOO,
            Method::Muon => first_order::MUON,
            Method::Psgd => first_order::PSGD,
            Method::Pdeaware => first_order::PDEAWARE,
            Method::Ssbroyden | Method::Ssbfgs | Method::Bfgs | Method::Lbfgs => second_order::QUASI_NEWTON,
        }
    }

    /// The option of this name.
    pub fn option(self, name: &str) -> Option<&'static MethodOption> {
        self.options().iter().find(|option| option.name == name)
    }
}

impl Stage {
    /// A stage with no option given.
    pub fn of(method: Method) -> Self {
        Self {
            method,
            options: Vec::new(),
            parameters: Vec::new(),
            windows: None,
            correction: None,
            model: None,
            span: None,
        }
    }

    /// The value of an option: given, or by default. `None` where it is left out and has no default, or is unknown.
    pub fn option(&self, name: &str) -> Option<OptionValue> {
        if let Some((_, value)) = self.options.iter().find(|(key, _)| key == name) {
            return Some(value.clone());
        }
        match self.method.option(name)?.default {
            Fallback::Number(value) => Some(OptionValue::Number(value)),
            Fallback::Name(value) => Some(OptionValue::Name(value.to_owned())),
            Fallback::Nothing => None,
        }
    }

    /// The value of an option that is a number; not a number where it is left out and has no default.
    pub fn number(&self, name: &str) -> f64 {
        self.given(name).unwrap_or(f64::NAN)
    }

    /// The value of an option that is a number, where it is given or has a default.
    pub fn given(&self, name: &str) -> Option<f64> {
        match self.option(name)? {
            OptionValue::Number(value) => Some(value),
            _ => None,
        }
    }

    /// The value of an option that is a name; empty where it is left out and has no default.
    pub fn name(&self, name: &str) -> &str {
        let given = self.options.iter().find(|(key, _)| key == name).map(|(_, value)| value);
        match (given, self.method.option(name).map(|option| option.default)) {
            (Some(OptionValue::Name(value)), _) => value,
            (None, Some(Fallback::Name(value))) => value,
            _ => "",
        }
    }

    /// The most steps of the stage.
    pub fn steps(&self) -> usize {
        self.number("steps") as usize
    }

    /// From how many initialisations it starts.
    pub fn starts(&self) -> usize {
        (self.number("starts") as usize).max(1)
    }

    /// Steps from each of several initialisations before the best goes on.
    pub fn start_steps(&self) -> usize {
        self.number("start_steps") as usize
    }

    /// Points of a random mini-batch; `None` where every step sees all points.
    pub fn batch(&self) -> Option<usize> {
        self.given("batch").map(|count| count as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_values_that_the_option_takes() {
        for (method, option) in Method::ALL.into_iter().flat_map(|m| m.options().iter().map(move |o| (m, o))) {
            let sound = match (option.kind, option.default) {
                (_, Fallback::Nothing) => true,
                (OptionKind::Count(least), Fallback::Number(n)) => n.fract() == 0.0 && n >= least as f64,
                (OptionKind::Positive, Fallback::Number(n)) => n > 0.0,
                (OptionKind::Within(lower, upper), Fallback::Number(n)) => lower <= n && n < upper,
                (OptionKind::Choice(names) | OptionKind::Spaces(names), Fallback::Name(name)) => names.contains(&name),
                _ => false,
            };
            assert!(sound, "{} {}", method.name(), option.name);
            assert_eq!(method.option(option.name).map(|o| o.about), Some(option.about), "names are unique");
        }
    }

    #[test]
    fn options_given_come_before_defaults() {
        let mut stage = Stage::of(Method::Engd);
        assert_eq!((stage.steps(), stage.name("acceleration")), (500, "on"));
        stage.options.push(("steps".into(), OptionValue::Number(7.0)));
        assert_eq!((stage.steps(), stage.starts(), stage.batch()), (7, 1, None));
    }
}
