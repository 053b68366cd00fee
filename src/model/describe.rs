//! A problem in words: what `pdec show` prints.

use crate::expr::{Expr, MultiIndex, Names};
use crate::geometry::{Grading, Part, Rule};

use super::networks::parameter_count;
use super::precision::Precision;
use super::problem::{
    Adapt, AxisKind, Component, FieldSource, Model, NetworkPlan, Output, Piece, Sampling, ShapePart, Stage, Term,
    TermKind,
};
use super::shape_words;

/// A headed table.
#[derive(Clone, Debug, PartialEq)]
pub struct Section {
    /// What the table is about.
    pub title: &'static str,
    /// Names of the columns.
    pub columns: Vec<&'static str>,
    /// One line each, with as many cells as there are columns.
    pub rows: Vec<Vec<String>>,
}

/// Everything that was understood, in the order of a file; empty tables are left out.
pub fn describe(model: &Model) -> Vec<Section> {
    let sections = [
        axes(model),
        unknowns(model),
        parameters(model),
        numbers(model),
        ansatzes(model),
        equations(model),
        energies(model),
        terms(model),
        satisfied(model),
        integrals(model),
        derivatives(model),
        networks(model),
        stages(model),
        reports(model),
        outputs(model),
        settings(model),
    ];
    sections.into_iter().filter(|section| !section.rows.is_empty()).collect()
}

fn section(title: &'static str, columns: &[&'static str], rows: Vec<Vec<String>>) -> Section {
    Section { title, columns: columns.to_vec(), rows }
}

fn text(model: &Model, expr: Expr) -> String {
    model.graph.display(expr, &model.names())
}

fn axes(model: &Model) -> Section {
    let row = |axis: &super::Axis| {
        let kind = match axis.kind {
            AxisKind::Time => "time",
            AxisKind::Space => "space",
            AxisKind::Parameter => "parameter",
        };
        let ends = axis.ends.map(|end| text(model, end)).join(", ");
        let periodic = if axis.periodic { " periodic" } else { "" };
        let value = axis.value.map_or_else(String::new, |value| format!(", shown at {value}"));
        vec![axis.name.clone(), kind.to_owned(), format!("[{ends}]{periodic}{value}")]
    };
    let mut rows: Vec<Vec<String>> = model.axes.iter().map(row).collect();
    if let Some(shape) = &model.shape {
        let names: Vec<&str> = model.axes[shape.axes()].iter().map(|axis| axis.name.as_str()).collect();
        rows.push(vec![names.join(", "), "shape".to_owned(), shape_words::solid(shape.inside.solid())]);
    }
    section("axes", &["name", "kind", "range"], rows)
}

fn unknowns(model: &Model) -> Section {
    let rows = model.unknowns.iter().flat_map(|unknown| {
        let axes: Vec<&str> = unknown.axes.iter().map(|&axis| model.axes[axis].name.as_str()).collect();
        let row = move |component: &Component| {
            let exact = component.exact.map_or_else(String::new, |exact| text(model, exact));
            vec![format!("{}({})", component.name, axes.join(", ")), exact]
        };
        unknown.components.iter().map(row)
    });
    section("unknowns", &["name", "exact"], rows.collect())
}

fn ansatzes(model: &Model) -> Section {
    let row = |component: &Component| match model.fields[component.field].source {
        FieldSource::Formula(value) => Some(vec![component.name.clone(), "=".to_owned(), text(model, value)]),
        _ => None,
    };
    section("ansatz", &["name", "", "formula"], model.components().filter_map(row).collect())
}

/// Conditions that are no terms, because the ansatz satisfies them.
fn satisfied(model: &Model) -> Section {
    let row = |term: &Term| {
        let places: Vec<String> = term.place.iter().map(|piece| place(model, piece)).collect();
        vec![term.label.clone(), text(model, term.left), "=".to_owned(), text(model, term.right), places.join("; ")]
    };
    let columns = ["label", "left", "", "right", "place"];
    section("conditions that hold by construction", &columns, model.satisfied.iter().map(row).collect())
}

fn parameters(model: &Model) -> Section {
    let row = |parameter: &super::Parameter| {
        let from = if parameter.overridden { "command line" } else { "" };
        vec![parameter.name.clone(), text(model, parameter.value), from.to_owned()]
    };
    section("parameters", &["name", "value", "from"], model.parameters.iter().map(row).collect())
}

fn numbers(model: &Model) -> Section {
    let row = |number: &super::Number| {
        let bounds = number.bounds.map_or_else(String::new, |[lower, upper]| format!("[{lower}, {upper}]"));
        vec![number.name.clone(), number.start.to_string(), bounds]
    };
    section("numbers to find", &["name", "start", "inside of"], model.numbers.iter().map(row).collect())
}

fn equations(model: &Model) -> Section {
    let row = |term: &Term| vec![term.label.clone(), text(model, term.left), "=".to_owned(), text(model, term.right)];
    let residuals = model.terms.iter().filter(|term| term.kind.is_residual());
    section("equations", &["label", "left", "", "right"], residuals.map(row).collect())
}

fn energies(model: &Model) -> Section {
    let row = |term: &Term| vec![term.label.clone(), text(model, term.left)];
    section("energies", &["label", "integrand"], model.energies().map(row).collect())
}

fn terms(model: &Model) -> Section {
    let row = |(number, term): (usize, &Term)| {
        let kind = match term.kind {
            TermKind::Equation => "equation",
            TermKind::Boundary => "boundary",
            TermKind::Initial => "initial",
            TermKind::Data(_) => "data",
            TermKind::Energy => "energy",
            TermKind::Constraint => "constraint",
        };
        let places: Vec<String> = term.place.iter().map(|piece| place(model, piece)).collect();
        let by_default = if term.weight.is_none() { " (default)" } else { "" };
        let weight = format!("{}{by_default}", model.weight(number));
        let points = model.point_count(number);
        let how = match term.kind {
            TermKind::Data(data) => format!("rows of {}", model.data[data].path),
            _ => sampling(&term.sampling),
        };
        vec![term.label.clone(), kind.to_owned(), places.join("; "), weight, points.to_string(), how]
    };
    let columns = ["label", "kind", "place", "weight", "points", "rule"];
    section("terms", &columns, model.terms.iter().enumerate().map(row).collect())
}

fn integrals(model: &Model) -> Section {
    let row = |integral: &super::Integral| {
        let field = &model.fields[integral.field];
        let axes: Vec<&str> = field.axes.iter().map(|&axis| model.axes[axis].name.as_str()).collect();
        let at = if axes.is_empty() { "one number".to_owned() } else { format!("for each {}", axes.join(", ")) };
        let sampling = integral.sampling.as_ref();
        let points: usize = sampling.map_or(0, |s| s.counts(&integral.over.place).iter().sum());
        vec![field.name.clone(), at, points.to_string(), sampling.map_or_else(String::new, self::sampling)]
    };
    section("integrals", &["integral", "taken", "points", "rule"], model.integrals.iter().map(row).collect())
}

/// A piece in the notation of the language: `x = 0, y in [0, 1/2]`.
pub fn place(model: &Model, piece: &Piece) -> String {
    let of_shape = piece.part.as_ref().map_or(0..0, ShapePart::axes);
    let range = |axis: usize| {
        let [a, b] = piece.ranges[axis];
        if of_shape.contains(&axis) {
            return None;
        }
        let whole = [model.axes[axis].lower, model.axes[axis].upper] == [a, b];
        let name = &model.axes[axis].name;
        if a == b {
            Some(format!("{name} = {}", end(model, axis, a)))
        } else {
            (!whole).then(|| format!("{name} in [{}, {}]", end(model, axis, a), end(model, axis, b)))
        }
    };
    let mut parts: Vec<String> = (0..model.axes.len()).filter_map(range).collect();
    if let Some(ShapePart { part: Part::Patch(patch), .. }) = &piece.part {
        let names: Vec<&str> = model.axes[of_shape.clone()].iter().map(|axis| axis.name.as_str()).collect();
        parts.push(shape_words::patch(patch, &names));
    }
    parts.extend(piece.keep.map(|keep| format!("where {}", text(model, keep))));
    if parts.is_empty() { "interior".to_owned() } else { parts.join(", ") }
}

/// A coordinate, as the file writes it where it is an end of the axis.
fn end(model: &Model, axis: usize, value: f64) -> String {
    let axis = &model.axes[axis];
    match [axis.lower, axis.upper].iter().position(|end| *end == value) {
        Some(i) => text(model, axis.ends[i]),
        None => value.to_string(),
    }
}

fn sampling(sampling: &Sampling) -> String {
    let mut words = rule(&sampling.rule);
    if sampling.margin > 0.0 {
        words.push_str(&format!(" {} from the ends", sampling.margin));
    }
    if let Some(steps) = sampling.resample {
        words.push_str(&format!(" anew every {steps} steps"));
    }
    words.push_str(&match sampling.adapt {
        Some(Adapt::Distribution { power, offset }) => format!(" by rad(k={power}, c={offset})"),
        Some(Adapt::Refinement) => " by rar".to_owned(),
        None => String::new(),
    });
    if sampling.default {
        words.push_str(" (default)");
    }
    words
}

fn rule(rule: &Rule) -> String {
    let counts = |counts: &[usize]| counts.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
    match rule {
        Rule::Grid { counts: n } => format!("grid({})", counts(n)),
        Rule::Uniform { count } => format!("uniform({count})"),
        Rule::Sobol { count } => format!("sobol({count})"),
        Rule::LatinHypercube { count } => format!("lhs({count})"),
        Rule::Gauss { counts: n, grading } => {
            let graded = grading.iter().flatten().map(|Grading { at, strength }| format!("towards {at} by {strength}"));
            let graded: Vec<String> = graded.collect();
            let graded = if graded.is_empty() { String::new() } else { format!(" graded {}", graded.join(", ")) };
            format!("gauss({}){graded}", counts(n))
        }
        Rule::Trapezoid { counts: n } => format!("trapezoid({})", counts(n)),
        Rule::Midpoint { counts: n } => format!("midpoint({})", counts(n)),
    }
}

fn derivatives(model: &Model) -> Section {
    let names: Names = model.names();
    let rows = model.terms.iter().map(|term| {
        let jets = model.jets(&[term.residual]);
        let order = jets.iter().map(|jet| jet.index.order()).max().unwrap_or(0);
        let listed: Vec<String> = jets.iter().map(|jet| names.jet(jet)).collect();
        vec![term.label.clone(), listed.join(", "), order.to_string()]
    });
    section("derivatives", &["label", "derivatives", "order"], rows.collect())
}

fn networks(model: &Model) -> Section {
    let row = |plan: &NetworkPlan| {
        let fields: Vec<&str> = plan.fields.iter().map(|&field| model.fields[field].name.as_str()).collect();
        let mut network = plan.architecture.to_string();
        if plan.default {
            network.push_str(" (default)");
        }
        vec![fields.join(", "), network, model.parameter_count(plan).to_string()]
    };
    section("networks", &["unknowns", "network", "parameters"], model.networks.iter().map(row).collect())
}

fn stages(model: &Model) -> Section {
    let row = |stage: &Stage| {
        let options = stage.method.options().iter().filter_map(|option| {
            let given = stage.options.iter().any(|(name, _)| name == option.name);
            let mark = if given { "" } else { "*" };
            stage.option(option.name).map(|value| format!("{}={value}{mark}", option.name))
        });
        let windows = stage.windows.map(|(windows, _)| format!("windows={windows}"));
        let correction = stage.correction.as_ref().map(|correction| format!("stage={}", correction.architecture));
        let parameters = stage.parameters.iter().map(|(name, value)| format!("{name}={value}"));
        let with: Vec<String> = windows.into_iter().chain(correction).chain(parameters).collect();
        let with = if with.is_empty() { String::new() } else { format!(" with {}", with.join(", ")) };
        vec![stage.method.name().to_owned(), options.collect::<Vec<_>>().join(", ") + &with]
    };
    section("training", &["method", "options (* by default)"], model.stages.iter().map(row).collect())
}

fn reports(model: &Model) -> Section {
    let rows = model.reports.iter().map(|report| vec![report.name.clone(), text(model, report.value)]);
    section("reports", &["name", "formula"], rows.collect())
}

fn outputs(model: &Model) -> Section {
    let row = |output: &Output| {
        let counts: Vec<String> = output.counts.iter().map(usize::to_string).collect();
        let columns = output.columns.iter().map(|(name, value)| format!("{name} = {}", text(model, *value)));
        vec![
            format!("grid({})", counts.join(", ")),
            output.format.name().to_owned(),
            columns.collect::<Vec<_>>().join(", "),
        ]
    };
    section("output", &["grid", "format", "fields"], model.outputs.iter().map(row).collect())
}

fn settings(model: &Model) -> Section {
    let settings = &model.settings;
    let rows = [
        ("seed", settings.seed.map(|seed| seed.to_string())),
        ("budget", settings.budget.map(|budget| format!("{budget} s"))),
        ("target", settings.target.map(|target| target.to_string())),
        ("tier", settings.tier.clone()),
        ("precision", (settings.precision != Precision::Double).then(|| settings.precision.to_string())),
        ("causal", settings.causal.map(|c| format!("{} with chunks={}", c.tolerance, c.chunks))),
    ];
    let rows = rows.into_iter().filter_map(|(key, value)| Some(vec![key.to_owned(), value?])).collect();
    section("settings", &["key", "value"], rows)
}

impl Sampling {
    /// How many points each piece has, before a formula drops some; a grid inside has no points at the ends.
    pub fn counts(&self, place: &[Piece]) -> Vec<usize> {
        let free = |piece: &Piece| piece.free_axes().len();
        let counts = place.iter().zip(&self.pieces).map(|(piece, rule)| match rule {
            _ if free(piece) == 0 => 1,
            Rule::Uniform { count } | Rule::Sobol { count } | Rule::LatinHypercube { count } => *count,
            Rule::Grid { counts } => {
                let inside = usize::from(free(piece) == piece.ranges.len());
                along(counts, free(piece)).map(|n| n.saturating_sub(2 * inside)).product()
            }
            Rule::Gauss { counts, .. } | Rule::Trapezoid { counts } | Rule::Midpoint { counts } => {
                along(counts, free(piece)).product()
            }
        });
        counts.collect()
    }
}

fn along(counts: &[usize], axes: usize) -> impl Iterator<Item = usize> {
    (0..axes).map(move |i| if counts.len() == 1 { counts[0] } else { counts.get(i).copied().unwrap_or(1) })
}

impl Model {
    /// How many parameters a network has; a periodic axis enters as a pair (cosine, sine).
    pub fn parameter_count(&self, plan: &NetworkPlan) -> usize {
        let inputs: Vec<usize> = plan.inputs.iter().map(|&axis| 1 + usize::from(self.axes[axis].periodic)).collect();
        parameter_count(&plan.architecture, &inputs, plan.fields.len())
    }

    /// The derivatives of the unknowns that occur in any term.
    pub fn multi_indices(&self) -> Vec<MultiIndex> {
        let residuals: Vec<Expr> = self.terms.iter().map(|term| term.residual).collect();
        let mut indices: Vec<MultiIndex> = self.jets(&residuals).into_iter().map(|jet| jet.index).collect();
        indices.sort();
        indices.dedup();
        indices
    }
}
