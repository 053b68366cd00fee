//! What `mlp(64, 64, act=tanh)` means: the calls of a `network` statement become an [`Architecture`].
//!
//! `a -> b` runs b on what a gives, without its outputs: one affine layer at the end of the chain makes the unknowns. An
//! encoding, and what treats each axis by itself, can only stand first.

use crate::diagnostic::{Diagnostic, Span};
use crate::network::{Activation, Architecture, Body, Encoding, Initial, Shape};
use crate::syntax::ast::{Argument, Call, Formula, FormulaKind, Name};

use super::elaborate::Elaborator;
use super::nearest::nearest;

/// The widest layer.
const WIDEST: i64 = 16_384;
/// The most blocks of a network.
const MOST_BLOCKS: i64 = 1000;
/// The most frequencies of an encoding.
const MOST_FREQUENCIES: i64 = 8192;

/// Something that can stand in a `network` statement.
struct Kind {
    name: &'static str,
    /// What its arguments without a name are.
    arguments: Arguments,
    options: &'static [&'static str],
    /// Options without which it is nothing.
    needs: &'static [&'static str],
    example: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Arguments {
    /// The widths of hidden layers, at least one.
    Widths,
    /// How many frequencies.
    Frequencies,
    /// All have names.
    None,
}

const KINDS: [Kind; 7] = [
    Kind {
        name: "mlp",
        arguments: Arguments::Widths,
        options: &["act", "scale", "init", "rwf", "fourier", "fourier_scale"],
        needs: &[],
        example: "mlp(64, 64, act=tanh)",
    },
    Kind {
        name: "siren",
        arguments: Arguments::Widths,
        options: &["scale", "rwf"],
        needs: &[],
        example: "siren(64, 64, scale=10)",
    },
    Kind {
        name: "modified",
        arguments: Arguments::Widths,
        options: &["act", "scale", "rwf", "fourier", "fourier_scale"],
        needs: &[],
        example: "modified(64, 64)",
    },
    Kind {
        name: "piratenet",
        arguments: Arguments::None,
        options: &["width", "blocks", "act", "rwf", "fourier", "fourier_scale"],
        needs: &["width", "blocks"],
        example: "piratenet(width=64, blocks=2)",
    },
    Kind {
        name: "resnet",
        arguments: Arguments::None,
        options: &["width", "blocks", "act", "scale", "rwf", "fourier", "fourier_scale"],
        needs: &["width", "blocks"],
        example: "resnet(width=64, blocks=2)",
    },
    Kind {
        name: "separable",
        arguments: Arguments::Widths,
        options: &["rank", "act", "scale", "rwf"],
        needs: &["rank"],
        example: "separable(32, 32, rank=16)",
    },
    Kind {
        name: "fourier",
        arguments: Arguments::Frequencies,
        options: &["scale"],
        needs: &[],
        example: "fourier(64) -> mlp(64)",
    },
];

/// Names that people use for what has another one here.
const SYNONYMS: [(&str, &str); 8] = [
    ("fnn", "mlp"),
    ("dense", "mlp"),
    ("fcn", "mlp"),
    ("pirate", "piratenet"),
    ("modified_mlp", "modified"),
    ("spinn", "separable"),
    ("rff", "fourier"),
    ("fourier_features", "fourier"),
];

/// The ω₀ of sines. It is 30 in arXiv 2006.09661, which is about images; with it, networks fit the points of an equation
/// and nothing between them. From 4 to 10 the problems poisson2d, helmholtz and wave of `pdes/` are solved.
const SIREN_SCALE: f64 = 6.0;

/// The standard deviation of all weights and biases in arXiv 2302.13163.
const NORMAL_SCALE: f64 = 0.1;

/// The scale of frequencies, that of most problems of arXiv 2402.00326; of 0.5, 1, 2 and 4 it is the best for small pirate
/// nets on poisson2d, helmholtz and wave of `pdes/`.
const FOURIER_SCALE: f64 = 2.0;

/// A call, read.
struct Part<'a> {
    kind: &'static Kind,
    call: &'a Call,
    /// Widths, or the number of frequencies.
    numbers: Vec<usize>,
    options: Vec<(&'a Name, &'a Formula)>,
    /// Whether all of it could be read.
    sound: bool,
}

/// What other tools call the number or the widths of hidden layers.
const SIZES: [&str; 8] = ["layers", "num_layers", "n_layers", "hidden", "hidden_layers", "depth", "width", "units"];

impl<'a> Part<'a> {
    fn option(&self, name: &str) -> Option<&'a Formula> {
        self.options.iter().find(|(key, _)| key.text == name).map(|(_, value)| *value)
    }
}

impl<'a> Elaborator<'a> {
    /// The architecture of a chain of calls; everything that is wrong with it is told.
    pub(super) fn architecture(&mut self, calls: &'a [Call]) -> Option<Architecture> {
        let mut architecture = Some(Architecture { encoding: None, bodies: Vec::new() });
        for (place, call) in calls.iter().enumerate() {
            let read = self.part(call).and_then(|part| self.append(&part, place, calls, architecture.as_mut()));
            if read.is_none() {
                architecture = None;
            }
        }
        architecture
    }

    /// Appends a part to what stands before it; `None` if it is not sound, or if nothing sound stands before it.
    fn append(
        &mut self,
        part: &Part<'a>,
        place: usize,
        calls: &'a [Call],
        before: Option<&mut Architecture>,
    ) -> Option<()> {
        let first = place == 0;
        if !first && part.kind.name == "fourier" {
            return self.not_first(part.call.name.span, "`fourier` encodes coordinates", calls[place - 1].span);
        }
        if !first && part.kind.name == "separable" {
            let message = "`separable` treats each coordinate by itself";
            return self.not_first(part.call.name.span, message, calls[place - 1].span);
        }
        let encoding = self.encoding(part, place, calls);
        let body = if part.kind.name == "fourier" { Some(None) } else { self.body(part).map(Some) };
        let (encoding, body) = (encoding?, body?);
        let before = before.filter(|_| part.sound)?;
        before.encoding = encoding.or(before.encoding);
        before.bodies.extend(body);
        Some(())
    }

    fn not_first<T>(&mut self, span: Span, message: &str, before: Span) -> Option<T> {
        let message = format!("{message}: it can only stand first");
        let diagnostic = Diagnostic::error("E0410", message, span, "stands behind another network");
        self.found.push(diagnostic.label(before, "its input would be what this gives"));
        None
    }

    /// The encoding that a part asks for, `Some(None)` if it asks for none.
    fn encoding(&mut self, part: &Part<'a>, place: usize, calls: &'a [Call]) -> Option<Option<Encoding>> {
        if part.kind.name == "fourier" {
            let scale = self.scale_or(part.option("scale"), FOURIER_SCALE, "the scale of frequencies")?;
            return Some(Some(Encoding { frequencies: *part.numbers.first()?, scale }));
        }
        let given = part.options.iter().find(|(name, _)| name.text.starts_with("fourier"));
        if let (Some((name, _)), true) = (given, place > 0) {
            let message = format!("`{}=` encodes coordinates", name.text);
            return self.not_first(name.span, &message, calls[place - 1].span);
        }
        let by_default = part.kind.name == "piratenet" && place == 0;
        let (count, scale) = (part.option("fourier"), part.option("fourier_scale"));
        let frequencies = match count {
            Some(count) => self.counted_number(count, "the number of frequencies", MOST_FREQUENCIES)?,
            // As many features as the blocks are wide (arXiv 2402.00326).
            None if by_default => self.block_width(part)?.div_ceil(2),
            None => {
                if let Some(scale) = scale {
                    let message = "`fourier_scale` is the scale of frequencies, and there are none";
                    let diagnostic = Diagnostic::error("E0404", message, scale.span, "of no frequencies");
                    self.found.push(diagnostic.help("add `fourier=64`"));
                    return None;
                }
                return Some(None);
            }
        };
        let scale = self.scale_or(scale, FOURIER_SCALE, "the scale of frequencies")?;
        Some(Some(Encoding { frequencies, scale }))
    }

    fn body(&mut self, part: &Part<'a>) -> Option<Body> {
        let widths = part.numbers.clone();
        let activation = part.option("act").map_or(Some(Activation::Tanh), |value| self.activation(value));
        let initial = self.initial(part);
        let default = match initial {
            Some(Initial::Normal) => NORMAL_SCALE,
            _ if part.kind.name == "siren" => SIREN_SCALE,
            _ => 1.0,
        };
        let scale = self.scale_or(part.option("scale"), default, "the scale of a network");
        let factorised = self.switch(part.option("rwf"), part.kind.name == "piratenet", "rwf");
        let shape = match part.kind.name {
            "siren" => Some(Shape::Siren(widths)),
            "modified" => self.modified(part, &widths),
            "piratenet" | "resnet" => {
                let width = self.block_width(part);
                let blocks = part.option("blocks");
                let blocks = blocks.and_then(|b| self.counted_number(b, "the number of blocks", MOST_BLOCKS));
                let (width, blocks) = (width?, blocks?);
                let pirate = part.kind.name == "piratenet";
                Some(if pirate { Shape::Pirate { width, blocks } } else { Shape::Residual { width, blocks } })
            }
            "separable" => {
                let rank = part.option("rank").and_then(|r| self.counted_number(r, "the rank", WIDEST))?;
                Some(Shape::Separable { widths, rank })
            }
            _ => Some(Shape::Mlp(widths)),
        };
        let activation = if part.kind.name == "siren" { Some(Activation::Sin) } else { activation };
        Some(Body { shape: shape?, activation: activation?, scale: scale?, initial: initial?, factorised: factorised? })
    }

    fn initial(&mut self, part: &Part<'a>) -> Option<Initial> {
        let Some(formula) = part.option("init") else { return Some(Initial::default()) };
        let named = match &formula.kind {
            FormulaKind::Name(name) => Initial::ALL.into_iter().find(|initial| initial.name() == name),
            _ => None,
        };
        let Some(initial) = named else {
            let names = Initial::ALL.map(Initial::name).join(", ");
            return self.error("E0404", format!("`init` is one of {names}"), formula.span, "none of them");
        };
        if let (Initial::Glorot, Some(scale)) = (initial, part.option("scale")) {
            let message = "the sizes of layers say how large the weights of `init=glorot` are";
            return self.error("E0404", message, scale.span, "leave `scale` out");
        }
        Some(initial)
    }

    fn block_width(&mut self, part: &Part<'a>) -> Option<usize> {
        part.option("width").and_then(|width| self.width(width))
    }

    fn modified(&mut self, part: &Part<'a>, widths: &[usize]) -> Option<Shape> {
        let width = *widths.first()?;
        if widths.iter().any(|&other| other != width) {
            let message = "all layers of `modified` have the same width, because they share their gates";
            let diagnostic = Diagnostic::error("E0411", message, part.call.span, "different widths");
            let equal = vec![width.to_string(); widths.len()].join(", ");
            self.found.push(diagnostic.help(format!("write `modified({equal})`, or `mlp` for different widths")));
            return None;
        }
        Some(Shape::Modified { width, depth: widths.len() })
    }

    /// Reads a call: what it names, its numbers, and its options by name.
    fn part(&mut self, call: &'a Call) -> Option<Part<'a>> {
        let kind = self.kind(call)?;
        let mut part = Part { kind, call, numbers: Vec::new(), options: Vec::new(), sound: true };
        for argument in &call.arguments {
            let read = match argument {
                Argument::Positional(value) => self.number_of(kind, value).map(|number| part.numbers.push(number)),
                Argument::Keyword(name, value) => self.option_of(&mut part, name, value),
                Argument::Index(name, _) => {
                    self.error("E0401", format!("an option of `{}` has one value", kind.name), name.span, "a range")
                }
            };
            part.sound &= read.is_some();
        }
        let sound = part.sound;
        if let Some(need) = kind.needs.iter().find(|need| sound && part.option(need).is_none()) {
            let diagnostic =
                Diagnostic::error("E0404", format!("`{}` needs `{need}=`", kind.name), call.span, "without it");
            self.found.push(diagnostic.help(format!("write `{}`", kind.example)));
            return None;
        }
        if sound && kind.arguments == Arguments::Widths && part.numbers.is_empty() {
            let message = "a network needs at least one hidden layer";
            let diagnostic = Diagnostic::error("E0404", message, call.span, "no widths");
            self.found.push(diagnostic.help(format!("write `{}`", kind.example)));
            return None;
        }
        if sound && kind.arguments == Arguments::Frequencies && part.numbers.len() != 1 {
            let message = "`fourier` takes one number, that of its frequencies";
            let diagnostic = Diagnostic::error("E0404", message, call.span, format!("has {}", part.numbers.len()));
            self.found.push(diagnostic.help(format!("write `{}`", kind.example)));
            return None;
        }
        Some(part)
    }

    fn kind(&mut self, call: &'a Call) -> Option<&'static Kind> {
        let name = call.name.text.as_str();
        if let Some(kind) = KINDS.iter().find(|kind| kind.name == name) {
            return Some(kind);
        }
        let names = KINDS.map(|kind| kind.name);
        let message = format!("unknown network `{name}`");
        let diagnostic = Diagnostic::error("E0401", message, call.name.span, format!("known: {}", names.join(", ")));
        let synonym = SYNONYMS.iter().find(|(other, _)| *other == name.to_lowercase()).map(|(_, known)| *known);
        let known = synonym.or_else(|| nearest(name, names));
        let example = KINDS.iter().find(|kind| Some(kind.name) == known).unwrap_or(&KINDS[0]).example;
        self.found.push(diagnostic.help(format!("write `network {example}`")));
        None
    }

    fn number_of(&mut self, kind: &Kind, value: &'a Formula) -> Option<usize> {
        match kind.arguments {
            Arguments::Widths => self.width(value),
            Arguments::Frequencies => self.counted_number(value, "the number of frequencies", MOST_FREQUENCIES),
            Arguments::None => {
                let message = format!("the arguments of `{}` have names", kind.name);
                let diagnostic = Diagnostic::error("E0401", message, value.span, "which one?");
                self.found.push(diagnostic.help(format!("write `{}`", kind.example)));
                None
            }
        }
    }

    fn option_of(&mut self, part: &mut Part<'a>, name: &'a Name, value: &'a Formula) -> Option<()> {
        let kind = part.kind;
        if !kind.options.contains(&name.text.as_str()) {
            let message = format!("unknown option `{}` of `{}`", name.text, kind.name);
            let label = format!("known: {}", kind.options.join(", "));
            let mut diagnostic = Diagnostic::error("E0401", message, name.span, label);
            if kind.arguments == Arguments::Widths && SIZES.contains(&name.text.as_str()) {
                diagnostic = diagnostic
                    .help(format!("the widths of the hidden layers stand one after the other: `{}`", kind.example));
            } else if let Some(similar) = nearest(&name.text, kind.options.iter().copied()) {
                diagnostic = diagnostic.help(format!("the nearest name is `{similar}`"));
            }
            self.found.push(diagnostic);
            return None;
        }
        if part.option(&name.text).is_some() {
            let message = format!("the option `{}` is given twice", name.text);
            return self.error("E0102", message, name.span, "given again here");
        }
        part.options.push((name, value));
        Some(())
    }

    fn scale_or(&mut self, formula: Option<&'a Formula>, default: f64, what: &str) -> Option<f64> {
        let Some(formula) = formula else { return Some(default) };
        let (_, value) = self.constant(formula, what)?;
        if !(value > 0.0 && value.is_finite()) {
            return self.error(
                "E0404",
                format!("{what} is a number greater than 0"),
                formula.span,
                format!("this is {value}"),
            );
        }
        Some(value)
    }

    fn switch(&mut self, formula: Option<&'a Formula>, default: bool, name: &str) -> Option<bool> {
        let Some(formula) = formula else { return Some(default) };
        match &formula.kind {
            FormulaKind::Name(value) if value == "on" => Some(true),
            FormulaKind::Name(value) if value == "off" => Some(false),
            _ => self.error("E0404", format!("`{name}` is one of `on` and `off`"), formula.span, "neither of them"),
        }
    }

    fn counted_number(&mut self, formula: &'a Formula, what: &str, most: i64) -> Option<usize> {
        let count = self.whole(formula, what)?;
        if !(1..=most).contains(&count) {
            return self.error(
                "E0404",
                format!("{what} is between 1 and {most}"),
                formula.span,
                format!("this is {count}"),
            );
        }
        usize::try_from(count).ok()
    }

    fn width(&mut self, formula: &'a Formula) -> Option<usize> {
        self.counted_number(formula, "the width of a layer", WIDEST)
    }

    fn activation(&mut self, formula: &'a Formula) -> Option<Activation> {
        let names: Vec<&str> = Activation::ALL.into_iter().map(Activation::name).collect();
        let label = format!("known: {}", names.join(", "));
        let FormulaKind::Name(name) = &formula.kind else {
            return self.error("E0401", "an activation is given by its name", formula.span, label);
        };
        if let Some(activation) = Activation::from_name(name) {
            return Some(activation);
        }
        let mut diagnostic = Diagnostic::error("E0401", format!("unknown activation `{name}`"), formula.span, label);
        if let Some(similar) = nearest(name, names) {
            diagnostic = diagnostic.help(format!("the nearest name is `{similar}`"));
        }
        self.found.push(diagnostic);
        None
    }
}
