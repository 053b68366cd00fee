//! The statement `sample`, and the points of statements that have none.

use crate::diagnostic::{Diagnostic, Span};
use crate::expr::Graph;
use crate::geometry::{AxisRange, Grading, MAX_POINTS, Place, Rule, Stream, share};
use crate::syntax::ast::{Argument, Ast, Call, Formula, Statement, StatementKind};

use super::defaults;
use super::elaborate::{Elaborator, counted, listed};
use super::nearest::nearest;
use super::overrides::Overrides;
use super::places::fraction;
use super::problem::{Axis, FieldSource, Piece, Sampling, ShapePart, Term, TermKind};
use super::sample_options::SampleOptions;
use super::terms::{Draft, Terms};

/// The rules that a `sample` statement knows.
const RULES: [&str; 7] = ["grid", "uniform", "sobol", "lhs", "gauss", "trapezoid", "midpoint"];

/// A `sample` statement that could be read; gradings by number of the axis.
#[derive(Clone, Debug)]
struct Request {
    rule: Requested,
    options: SampleOptions,
    span: Span,
}

#[derive(Clone, Debug)]
enum Requested {
    Total(Random, usize),
    Along(Product, Vec<usize>, Gradings),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Random {
    Uniform,
    Sobol,
    LatinHypercube,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Product {
    Grid,
    Gauss,
    Trapezoid,
    Midpoint,
}

/// Gradings by number of the axis.
type Gradings = Vec<(usize, Grading)>;

/// The requests of a file by what they are for.
#[derive(Default)]
struct Requests {
    interior: Option<Request>,
    boundary: Option<Request>,
    initial: Option<Request>,
    labels: Vec<(String, Request)>,
}

/// Whether points are random, so that others can be drawn.
fn is_random(rules: &[Rule]) -> bool {
    rules.iter().all(|rule| matches!(rule, Rule::Uniform { .. } | Rule::Sobol { .. } | Rule::LatinHypercube { .. }))
}

impl<'a> Elaborator<'a> {
    /// Gives each term its points.
    pub fn sampled(&mut self, ast: &'a Ast, overrides: &'a Overrides, terms: Terms, parameters: usize) -> Vec<Term> {
        let mut requests = Requests::default();
        for (by, statement) in overrides.statements(ast) {
            self.said(by, |this| this.request(statement, &terms, &mut requests));
        }
        let default_interior = default_request(self.axes.len(), parameters, self.shape.is_some());
        let drafts = terms.drafts.into_iter();
        drafts.map(|draft| self.sampled_term(draft, &requests, &default_interior)).collect()
    }

    fn request(&mut self, statement: &'a Statement, terms: &Terms, requests: &mut Requests) {
        let StatementKind::Sample { target, rule } = &statement.kind else { return };
        let requested = self.requested(rule);
        let options = self.sample_options(statement);
        let name = target.text.as_str();
        let by_label = terms.statements.contains_key(name) || terms.drafts.iter().any(|draft| draft.label == name);
        let request = requested.map(|rule| Request { rule, options, span: rule_span(statement) });
        let place = match name {
            _ if by_label => {
                if requests.labels.iter().any(|(label, _)| label == name) {
                    self.sampled_twice(name, target.span);
                }
                requests.labels.extend(request.map(|request| (name.to_owned(), request)));
                return;
            }
            "interior" => &mut requests.interior,
            "boundary" => &mut requests.boundary,
            "initial" => &mut requests.initial,
            _ if self.scope.incomplete => return,
            _ => {
                let labels = terms
                    .drafts
                    .iter()
                    .map(|draft| draft.label.as_str())
                    .chain(terms.statements.keys().map(String::as_str));
                let mut known: Vec<&str> = ["interior", "boundary", "initial"].into_iter().chain(labels).collect();
                known.sort_unstable();
                known.dedup();
                let message = format!("there is no statement `{name}` to sample");
                let label = format!("known: {}", listed(&known));
                let mut diagnostic = Diagnostic::error("E0401", message, target.span, label);
                if let Some(similar) = nearest(name, known) {
                    diagnostic = diagnostic.help(format!("the nearest name is `{similar}`"));
                }
                self.found.push(diagnostic);
                return;
            }
        };
        if place.is_some() {
            self.sampled_twice(name, target.span);
        }
        *place = request;
    }

    fn sampled_twice(&mut self, name: &str, span: Span) {
        self.found.push(Diagnostic::error("E0102", format!("`{name}` is sampled twice"), span, "again here"));
    }

    fn requested(&mut self, call: &'a Call) -> Option<Requested> {
        let name = call.name.text.as_str();
        let total = |random| Err(random);
        let kind = match name {
            "uniform" => total(Random::Uniform),
            "sobol" => total(Random::Sobol),
            "lhs" => total(Random::LatinHypercube),
            "grid" => Ok(Product::Grid),
            "gauss" => Ok(Product::Gauss),
            "trapezoid" => Ok(Product::Trapezoid),
            "midpoint" => Ok(Product::Midpoint),
            _ => {
                let label = format!("known: {}", RULES.join(", "));
                let mut diagnostic =
                    Diagnostic::error("E0401", format!("unknown sampler `{name}`"), call.name.span, label);
                if let Some(similar) = nearest(name, RULES) {
                    diagnostic = diagnostic.help(format!("the nearest name is `{similar}`"));
                }
                self.found.push(diagnostic);
                return None;
            }
        };
        let (counts, gradings) = self.counts(call, kind == Ok(Product::Gauss))?;
        match kind {
            Ok(product) => {
                if counts.is_empty() {
                    return self.error(
                        "E0405",
                        format!("`{name}` needs a count for each axis"),
                        call.span,
                        "no counts",
                    );
                }
                Some(Requested::Along(product, counts, gradings))
            }
            Err(random) => {
                let [count] = counts.as_slice() else {
                    let message = format!("`{name}` takes the total number of points");
                    return self.error("E0405", message, call.span, counted(counts.len(), "count"));
                };
                Some(Requested::Total(random, *count))
            }
        }
    }

    /// Counts, and the gradings `at_x=.., grade=..` by axis.
    fn counts(&mut self, call: &'a Call, graded: bool) -> Option<(Vec<usize>, Gradings)> {
        let mut counts = Vec::new();
        let mut centres = Vec::new();
        let mut strength = None;
        let mut sound = true;
        for argument in &call.arguments {
            let read = match argument {
                Argument::Positional(count) => self.count(count).map(|count| counts.push(count)),
                Argument::Keyword(name, value) if graded && name.text == "grade" => {
                    self.grade(value).map(|value| strength = Some(value))
                }
                Argument::Keyword(name, value) if graded && name.text.starts_with("at_") => {
                    self.centre(&name.text[3..], name.span, value).map(|centre| centres.push((centre, name.span)))
                }
                Argument::Keyword(name, _) | Argument::Index(name, _) => {
                    let message = format!("unknown option `{}` of `{}`", name.text, call.name.text);
                    let known = if graded { "known: at_ with an axis, grade" } else { "it has none" };
                    self.error("E0401", message, name.span, known)
                }
            };
            sound &= read.is_some();
        }
        if let (Some((_, span)), None, true) = (centres.first(), strength, sound) {
            let diagnostic = Diagnostic::error("E0405", "points crowd only with a strength", *span, "how much?");
            self.found.push(diagnostic.help("add `grade=6`; the spacing there shrinks by about 6/sinh(6) = 1/34"));
            return None;
        }
        if strength.is_some() && centres.is_empty() && sound {
            return self.error("E0405", "`grade` needs a place to crowd towards, like `at_x=0`", call.span, "where?");
        }
        let strength = strength.unwrap_or(0.0);
        let gradings = centres.into_iter().map(|((axis, at), _)| (axis, Grading { at, strength })).collect();
        sound.then_some((counts, gradings))
    }

    fn grade(&mut self, value: &'a Formula) -> Option<f64> {
        let (_, strength) = self.constant(value, "`grade`")?;
        if !(0.0..=Grading::STRONGEST).contains(&strength) {
            let message = format!("`grade` is between 0 and {}", Grading::STRONGEST);
            return self.error("E0404", message, value.span, format!("this is {strength}"));
        }
        Some(strength)
    }

    fn centre(&mut self, axis_name: &str, span: Span, value: &'a Formula) -> Option<(usize, f64)> {
        let (_, at) = self.constant(value, &format!("`at_{axis_name}`"))?;
        let Some(number) = self.axes.iter().position(|axis| axis.name == axis_name) else {
            let names: Vec<&str> = self.axes.iter().map(|axis| axis.name.as_str()).collect();
            let message = format!("`at_{axis_name}`: there is no axis `{axis_name}`");
            return self.error("E0401", message, span, format!("axes are {}", names.join(", ")));
        };
        let Axis { lower, upper, .. } = self.axes[number];
        if at < lower || at > upper {
            let message = format!("{axis_name} = {at} is outside the domain [{lower}, {upper}]");
            return self.error("E0404", message, value.span, "no points can crowd there");
        }
        Some((number, at))
    }

    /// A count of points.
    pub(super) fn count(&mut self, formula: &'a Formula) -> Option<usize> {
        let count = self.whole(formula, "a count of points")?;
        match usize::try_from(count) {
            Ok(0) | Err(_) => {
                self.error("E0407", "at least one point is needed", formula.span, format!("this is {count}"))
            }
            Ok(count) if count > MAX_POINTS => self.too_many(count as f64, formula.span),
            Ok(count) => Some(count),
        }
    }

    fn too_many<T>(&mut self, count: f64, span: Span) -> Option<T> {
        let gigabytes = count * 8.0 * (self.axes.len() + 1) as f64 / 1e9;
        let message = format!("{count} points are more than {MAX_POINTS}");
        self.error("E0407", message, span, format!("would need {gigabytes:.1} GB for the coordinates alone"))
    }

    fn sampled_term(&mut self, draft: Draft, requests: &Requests, default_interior: &Request) -> Term {
        let labelled = requests.labels.iter().find(|(label, _)| *label == draft.label);
        let of_statement = || requests.labels.iter().find(|(label, _)| Some(label) == draft.statement.as_ref());
        let inside = draft.kind.is_inside(&draft.place);
        let by_kind = match draft.kind {
            TermKind::Equation => &requests.interior,
            TermKind::Energy if inside => &requests.interior,
            TermKind::Boundary | TermKind::Energy => &requests.boundary,
            TermKind::Initial => &requests.initial,
            TermKind::Constraint | TermKind::Data(_) => &None,
        };
        let of_label = labelled.or_else(of_statement).map(|(_, request)| request.clone());
        let of_label = match (of_label, draft.kind) {
            (Some(request), TermKind::Constraint) => self.split_between_integrals(&draft, request),
            (of_label, _) => of_label,
        };
        let asked = of_label.as_ref().or(by_kind.as_ref());
        let interior = requests.interior.as_ref().unwrap_or(default_interior);
        let given = asked.is_some();
        let request = match asked {
            Some(request) => request.clone(),
            None if inside => default_interior.clone(),
            None => inherited(interior),
        };
        let inherits = !given && !inside;
        let sampling = match draft.kind {
            // Its points are the rows of the file.
            TermKind::Data(data) => {
                let rule = Rule::Uniform { count: self.data[data].rows() };
                Sampling { rule, pieces: Vec::new(), resample: None, margin: 0.0, adapt: None, default: false }
            }
            _ => {
                let rules = self.rules(&request, &draft, inherits);
                self.check_rules(&request, &draft, &rules, given);
                self.check_adaption(&request, &draft);
                let SampleOptions { mut resample, margin, adapt } = request.options;
                // On fixed points that are no quadrature a network finds energies below the least one.
                if draft.kind == TermKind::Energy && !given && is_random(&rules) {
                    resample = Some(1);
                }
                let (margin, adapt) = (margin.map_or(0.0, |(margin, _)| margin), adapt.map(|(adapt, _)| adapt));
                let rule = request.shown(&rules);
                Sampling { rule, pieces: rules, resample, margin, adapt, default: !given }
            }
        };
        Term {
            label: draft.label,
            kind: draft.kind,
            left: draft.left,
            right: draft.right,
            residual: draft.residual,
            place: draft.place,
            weight: draft.weight,
            hard: draft.hard,
            sampling,
            span: draft.span,
            place_span: draft.place_span,
        }
    }

    /// What `sample` says of a constraint is for its integrals; counts for all axes are for its own points, too.
    fn split_between_integrals(&mut self, draft: &Draft, request: Request) -> Option<Request> {
        if request.options != SampleOptions::default() {
            let message = "the points of an integral stay where they are";
            self.found.push(Diagnostic::error("E0404", message, request.span, "with an option of points that move"));
        }
        let mut own = None;
        for jet in self.graph.jets(&[draft.residual]) {
            let Some(integral) = self.integral_of(jet.field.into()).cloned() else { continue };
            let remaining = &self.fields[integral.field].axes;
            let mut of_integral = request.clone();
            if let Requested::Along(product, counts, gradings) = &request.rule
                && counts.len() > 1
                && counts.len() == integral.over.axes.len() + remaining.len()
                && integral.over.moving.is_none()
            {
                let mut axes = [integral.over.axes.as_slice(), remaining].concat();
                axes.sort_unstable();
                let of = |some: &[usize]| {
                    let chosen = axes.iter().zip(counts).filter(|(axis, _)| some.contains(axis));
                    let counts = chosen.map(|(_, count)| *count).collect();
                    Request { rule: Requested::Along(*product, counts, gradings.clone()), ..request.clone() }
                };
                of_integral = of(&integral.over.axes);
                own = Some(of(remaining));
            }
            let inner = Draft { place: integral.over.place.clone(), ..draft.clone() };
            let rules = self.rules(&of_integral, &inner, false);
            self.check_rules(&of_integral, &inner, &rules, true);
            let rule = of_integral.shown(&rules);
            let sampling = Sampling::of_rules(rule, rules, false);
            if let FieldSource::Integral(number) = self.fields[integral.field].source {
                self.integrals[number].sampling = Some(sampling);
            }
        }
        own
    }

    /// The rule of each piece.
    fn rules(&mut self, request: &Request, draft: &Draft, inherits: bool) -> Vec<Rule> {
        match &request.rule {
            Requested::Total(random, count) => {
                let measures: Vec<f64> =
                    draft.place.iter().map(|piece| measure(&self.graph, &self.axes, piece)).collect();
                share(*count, &measures).into_iter().map(|count| random.rule(count)).collect()
            }
            Requested::Along(product, counts, gradings) => {
                let rule = |piece| product.rule(&Piece::free_axes(piece), counts, gradings, inherits, piece);
                draft.place.iter().map(rule).collect()
            }
        }
    }

    /// Reports counts that do not fit the pieces.
    fn check_rules(&mut self, request: &Request, draft: &Draft, rules: &[Rule], given: bool) {
        let mut total = 0.0;
        for (piece, rule) in draft.place.iter().zip(rules) {
            let Some(ranges) = self.inset_ranges(request, draft, piece) else { return };
            let free = piece.free_axes();
            if let Some(name) = boxes_only(piece, rule) {
                let message = format!("`{name}` points exist on boxes, not on a shape");
                let diagnostic = Diagnostic::error("E0406", message, request.span, format!("for `{}`", draft.label));
                let diagnostic = diagnostic.help("use `sobol` with a total count");
                if !self.found.iter().any(|d| d.code == "E0406" && d.span() == request.span) {
                    self.found.push(diagnostic);
                }
                return;
            }
            if let Rule::Grid { counts }
            | Rule::Gauss { counts, .. }
            | Rule::Trapezoid { counts }
            | Rule::Midpoint { counts } = rule
            {
                if counts.len() != 1 && counts.len() != free.len() && !free.is_empty() {
                    if given {
                        self.wrong_counts(request, draft, counts.len(), &free);
                    }
                    return;
                }
                let along = |i: usize| if counts.len() == 1 { counts[0] } else { counts[i] };
                total += (0..free.len()).map(|i| along(i) as f64).product::<f64>();
            } else if let Rule::Uniform { count } | Rule::Sobol { count } | Rule::LatinHypercube { count } = rule {
                total += *count as f64;
            }
            if total > MAX_POINTS as f64 {
                return self.too_many::<()>(total, request.span).unwrap_or(());
            }
            if piece.part.is_some() {
                continue;
            }
            let place = if draft.kind == TermKind::Equation { Place::Interior } else { Place::Face };
            if let Err(error) = shrunken(rule).draw(&ranges, place, &Stream::new(0, 0, 0)) {
                let label = format!("for `{}`", draft.label);
                let diagnostic = Diagnostic::error("E0407", error.to_string(), request.span, label);
                if !self.found.contains(&diagnostic) {
                    self.found.push(diagnostic);
                }
                return;
            }
        }
    }

    /// The ranges of a piece without the margin; reports a margin that leaves nothing.
    fn inset_ranges(&mut self, request: &Request, draft: &Draft, piece: &Piece) -> Option<Vec<AxisRange>> {
        let mut ranges = self.ranges(piece);
        let Some((margin, span)) = request.options.margin else { return Some(ranges) };
        let of_shape = piece.part.as_ref().map_or(0..0, ShapePart::axes);
        let ended = ranges.iter_mut().enumerate().filter(|(_, range)| !range.periodic && !range.is_point());
        for (axis, range) in ended.filter(|(axis, _)| !of_shape.contains(axis)) {
            let AxisRange { lower, upper, .. } = *range;
            if lower + margin >= upper - margin {
                let message = format!("a margin of {margin} leaves nothing of the place of `{}`", draft.label);
                let label = format!("{} goes from {lower} to {upper}", self.axes[axis].name);
                return self.error("E0408", message, span, label);
            }
            *range = AxisRange::new(lower + margin, upper - margin);
        }
        Some(ranges)
    }

    /// Reports adaption of points that are not random.
    fn check_adaption(&mut self, request: &Request, draft: &Draft) {
        let (Some((_, span)), Requested::Along(..)) = (request.options.adapt, &request.rule) else { return };
        let message = format!("the points of `{}` can't follow the residual: their rule has fixed points", draft.label);
        let diagnostic = Diagnostic::error("E0409", message, span, "needs random points");
        let diagnostic = diagnostic.label(request.span, "fixed points");
        if !self.found.iter().any(|d| d.code == "E0409" && d.span() == span) {
            self.found.push(diagnostic.help("use `sobol`, `uniform` or `lhs` with the total number of points"));
        }
    }

    fn wrong_counts(&mut self, request: &Request, draft: &Draft, given: usize, free: &[usize]) {
        let names: Vec<&str> = free.iter().map(|&axis| self.axes[axis].name.as_str()).collect();
        let message = format!(
            "{} for `{}`, which needs {} ({})",
            counted(given, "count"),
            draft.label,
            names.len(),
            names.join(", ")
        );
        let diagnostic = Diagnostic::error("E0405", message, request.span, "wrong number of counts");
        let diagnostic = diagnostic.help("one number stands for that many along each axis");
        if !self.found.iter().any(|d| d.code == "E0405" && d.span() == request.span) {
            self.found.push(diagnostic);
        }
    }

    fn ranges(&self, piece: &Piece) -> Vec<AxisRange> {
        let whole = |axis: usize| piece.ranges[axis] == [self.axes[axis].lower, self.axes[axis].upper];
        let range = |axis: usize| {
            let [a, b] = piece.ranges[axis];
            if self.axes[axis].periodic && whole(axis) { AxisRange::periodic(a, b) } else { AxisRange::new(a, b) }
        };
        (0..piece.ranges.len()).map(range).collect()
    }
}

fn rule_span(statement: &Statement) -> Span {
    if let StatementKind::Sample { rule, .. } = &statement.kind { rule.span } else { statement.span }
}

/// The points of equations where the file says nothing.
fn default_request(axes: usize, parameters: usize, shape: bool) -> Request {
    let rule = match defaults::interior(axes, parameters, shape) {
        Rule::Gauss { counts, .. } => Requested::Along(Product::Gauss, counts, Vec::new()),
        Rule::Grid { counts } => Requested::Along(Product::Grid, counts, Vec::new()),
        Rule::Trapezoid { counts } => Requested::Along(Product::Trapezoid, counts, Vec::new()),
        Rule::Midpoint { counts } => Requested::Along(Product::Midpoint, counts, Vec::new()),
        Rule::Uniform { count } => Requested::Total(Random::Uniform, count),
        Rule::Sobol { count } => Requested::Total(Random::Sobol, count),
        Rule::LatinHypercube { count } => Requested::Total(Random::LatinHypercube, count),
    };
    Request { rule, options: SampleOptions::default(), span: Span::default() }
}

/// What a condition takes over from the inside: the kind, and the counts along the axes that it has.
fn inherited(interior: &Request) -> Request {
    let rule = match &interior.rule {
        Requested::Total(random, count) => Requested::Total(*random, defaults::boundary_count(*count)),
        along @ Requested::Along(..) => along.clone(),
    };
    // A margin and adaption are for the statement that asks for them.
    let options = SampleOptions { resample: interior.options.resample, ..SampleOptions::default() };
    Request { rule, options, span: interior.span }
}

/// The measure of a piece; 1 where it is a point.
fn measure(graph: &Graph, axes: &[Axis], piece: &Piece) -> f64 {
    piece.whole_measure() * fraction(graph, axes, piece)
}

/// The name of a rule that needs a box where a piece is none: quadrature rules do inside of a shape, and on surfaces in
/// space from which points are rejected.
fn boxes_only(piece: &Piece, rule: &Rule) -> Option<&'static str> {
    let name = match rule {
        Rule::Gauss { .. } => "gauss",
        Rule::Trapezoid { .. } => "trapezoid",
        _ => return None,
    };
    let of_shape = Piece { keep: None, ..piece.clone() };
    of_shape.rejects_points().then_some(name)
}

/// The same rule with few points: cheap to try, and too few are still too few.
fn shrunken(rule: &Rule) -> Rule {
    let mut rule = rule.clone();
    match &mut rule {
        Rule::Grid { counts } | Rule::Gauss { counts, .. } | Rule::Trapezoid { counts } | Rule::Midpoint { counts } => {
            let most = if counts.len() > 6 { 3 } else { 4 };
            counts.iter_mut().for_each(|count| *count = (*count).min(most));
        }
        Rule::Uniform { count } | Rule::Sobol { count } | Rule::LatinHypercube { count } => *count = (*count).min(1),
    }
    rule
}

impl Request {
    /// The rule to show: totals as asked for, counts as the first piece has them.
    fn shown(&self, rules: &[Rule]) -> Rule {
        match &self.rule {
            Requested::Total(random, count) => random.rule(*count),
            Requested::Along(product, counts, _) => {
                rules.first().cloned().unwrap_or_else(|| product.bare(counts.clone(), Vec::new()))
            }
        }
    }
}

impl Random {
    fn rule(self, count: usize) -> Rule {
        match self {
            Random::Uniform => Rule::Uniform { count },
            Random::Sobol => Rule::Sobol { count },
            Random::LatinHypercube => Rule::LatinHypercube { count },
        }
    }
}

impl Product {
    fn bare(self, counts: Vec<usize>, grading: Vec<Option<Grading>>) -> Rule {
        match self {
            Product::Grid => Rule::Grid { counts },
            Product::Gauss => Rule::Gauss { counts, grading },
            Product::Trapezoid => Rule::Trapezoid { counts },
            Product::Midpoint => Rule::Midpoint { counts },
        }
    }

    /// The rule of a piece with these free axes. Counts that are inherited from the inside are those of all axes.
    fn rule(
        self,
        free: &[usize],
        counts: &[usize],
        gradings: &[(usize, Grading)],
        inherits: bool,
        piece: &Piece,
    ) -> Rule {
        let counts = match counts {
            [one] => vec![*one],
            all if inherits => free.iter().filter_map(|&axis| all.get(axis).copied()).collect(),
            given => given.to_vec(),
        };
        let grading = |axis: &usize| {
            let [lower, upper] = piece.ranges[*axis];
            let of_shape = piece.part.as_ref().is_some_and(|part| part.axes().contains(axis));
            gradings.iter().find(|(a, g)| !of_shape && a == axis && lower <= g.at && g.at <= upper).map(|(_, g)| *g)
        };
        let grading: Vec<Option<Grading>> = free.iter().map(grading).collect();
        let graded = grading.iter().any(Option::is_some);
        self.bare(counts, if graded { grading } else { Vec::new() })
    }
}
