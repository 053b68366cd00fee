//! From text to formulas, points and jets.

use std::fmt::Write;

use pdec::diagnostic::{Diagnostic, Source};
use pdec::expr::{Expr, Graph, Interval, Jet, Names, Symbol};
use pdec::kernel::PointSet;
use pdec::model::{Model, Overrides, describe::describe};
use pdec::pipeline::{self, Lowered, Times};
use pdec::simplify::Effort;
use pdec::syntax;

use super::cases::{Case, Outcome};

#[path = "../support/formula.rs"]
mod formula;

fn write_diagnostics(text: &mut String, source: &Source, found: &[Diagnostic]) {
    for one in found {
        writeln!(text, "{} {}", one.code, one.message).unwrap();
        for label in &one.labels {
            let at = source.location(label.span.start);
            writeln!(text, "  {}:{} `{}` {}", at.line, at.column, source.slice(label.span), label.text).unwrap();
        }
        one.notes.iter().for_each(|note| writeln!(text, "  note: {note}").unwrap());
        one.helps.iter().for_each(|help| writeln!(text, "  help: {help}").unwrap());
    }
}

/// Text to statements: one a line, with its place, and what was found.
pub fn parse(case: &Case) -> Outcome {
    let source = Source::new(case.name.as_str(), case.input.as_str());
    let (ast, found) = syntax::parse(&source);
    let mut text = String::new();
    for statement in ast.iter().flat_map(|ast| &ast.statements) {
        let (start, end) = (source.location(statement.span.start), source.location(statement.span.end));
        write!(text, "{}:{}-{}:{} ", start.line, start.column, end.line, end.column).unwrap();
        text += &without_spans(&format!("{:?}", statement.kind));
        if !statement.attributes.is_empty() {
            text += &without_spans(&format!(" with {:?}", statement.attributes));
        }
        text += "\n";
    }
    write_diagnostics(&mut text, &source, &found);
    Outcome::Text(text)
}

/// Places of statements are enough.
fn without_spans(text: &str) -> String {
    let mut parts = text.split("span: Span { start: ");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (_, rest) = part.split_once('}').expect("the end of a span");
        match rest.strip_prefix(", ") {
            Some(next) => out.push_str(next),
            None => {
                out.truncate(out.trim_end_matches([',', ' ']).len());
                out.push_str(rest);
            }
        }
    }
    out
}

/// Statements to a problem: the problem in words, as far as it was understood, and what was found.
pub fn check(case: &Case) -> Outcome {
    let source = Source::new(case.name.as_str(), case.input.as_str());
    let (ast, mut found) = syntax::parse(&source);
    let (model, more) = pdec::model::check(&ast.expect("statements"), &Overrides::default());
    found.extend(more);
    let mut text = String::new();
    for section in model.iter().flat_map(describe) {
        writeln!(text, "{}", section.title).unwrap();
        section.rows.iter().for_each(|row| writeln!(text, "  {}", row.join(" | ")).unwrap());
    }
    write_diagnostics(&mut text, &source, &found);
    Outcome::Text(text)
}

/// The problem of a text that has one.
pub fn model(case: &Case) -> Model {
    let source = Source::new(case.name.as_str(), case.input.as_str());
    let (model, found) = pipeline::check(&source, &Overrides::default(), &mut Times::default());
    model.unwrap_or_else(|| panic!("{}: {found:#?}", case.name))
}

/// The formulas of a file, one a line.
pub fn formulas(case: &Case) -> (Graph, Vec<Expr>, Names) {
    let (mut graph, names) = (Graph::new(), case.names());
    let formulas = case.lines().map(|line| formula::read(&mut graph, &names, line)).collect();
    (graph, formulas, names)
}

/// Formulas to their normal form, with their derivatives in the variables of `; partial: u_x`.
pub fn expr(case: &Case) -> Outcome {
    let (mut graph, formulas, names) = formulas(case);
    let mut text = String::new();
    let variables: Vec<&str> = case.every("partial").collect();
    for formula in formulas {
        writeln!(text, "{}", graph.display(formula, &names)).unwrap();
        for variable in &variables {
            let of = formula::read(&mut graph, &names, variable);
            let symbol = graph.symbols(&[of])[0].clone();
            let partial = graph.derivative(formula, &symbol);
            writeln!(text, "  by {variable}: {}", graph.display(partial, &names)).unwrap();
        }
    }
    Outcome::Text(text)
}

/// Formulas to cheaper ones, by what `; known: x 1 2` says.
pub fn simplify(case: &Case) -> Outcome {
    let (mut graph, formulas, names) = formulas(case);
    let ranges: Vec<(&str, Interval)> = case.every("known").map(|text| range(text).expect("`name from to`")).collect();
    let known = |symbol: &Symbol| {
        let name = names.symbol(symbol);
        ranges.iter().find(|(known, _)| *known == name).map_or(Interval::ALL, |(_, range)| *range)
    };
    let effort = case.parsed("effort", Effort::Standard, |word| (word == "maximal").then_some(Effort::Maximal));
    let (results, report) = pdec::simplify::simplify(&mut graph, &formulas, &known, effort);
    assert_eq!(report.discarded, None, "{}", case.name);
    let (again, _) = pdec::simplify::simplify(&mut graph, &results, &known, effort);
    assert_eq!(again, results, "{}: simplified again", case.name);
    Outcome::Text(results.iter().map(|result| graph.display(*result, &names) + "\n").collect())
}

fn range(text: &str) -> Option<(&str, Interval)> {
    let mut words = text.split_whitespace();
    let name = words.next()?;
    let mut bound = || words.next()?.parse().ok();
    Some((name, Interval::new(bound()?, bound()?)))
}

fn lowered(case: &Case) -> Lowered {
    pipeline::lower(model(case), Effort::default(), &mut Times::default()).expect("programs")
}

fn labels(lowered: &Lowered, block: usize) -> String {
    let terms = &lowered.blocks[block].terms;
    terms.iter().map(|&term| lowered.model.terms[term].label.as_str()).collect::<Vec<_>>().join(", ")
}

/// A problem to the points of its blocks: how many, the sum of their weights, and the first and the last.
pub fn sample(case: &Case) -> Outcome {
    let lowered = lowered(case);
    let seed = case.parsed("seed", 0, |word| word.parse().ok());
    let mut text = String::new();
    for (number, set) in lowered.draw_all(seed).expect("points").iter().enumerate() {
        let measure: f64 = set.weights.iter().sum();
        writeln!(text, "{}: {} points of {measure}", labels(&lowered, number), set.weights.len()).unwrap();
        [0, set.weights.len() - 1].iter().for_each(|&point| writeln!(text, "  {}", at(set, point)).unwrap());
    }
    Outcome::Text(text)
}

fn at(set: &PointSet, point: usize) -> String {
    let of = |rows: &[Vec<f64>]| rows.iter().map(|row| row[point]).collect::<Vec<f64>>();
    format!("{:?}, normal {:?}, weight {:?}", of(&set.coordinates), of(&set.normals), set.weights[point])
}

/// A problem to what its networks carry at the points of each block, and the programs of the block.
pub fn channels(case: &Case) -> Outcome {
    let lowered = lowered(case);
    let names = lowered.model.names();
    let mut text = String::new();
    for (number, block) in lowered.tapes.blocks.iter().enumerate() {
        writeln!(text, "{}", labels(&lowered, number)).unwrap();
        for (network, plan) in lowered.description.networks.iter().zip(&block.plans) {
            let Some(plan) = plan else { continue };
            for &field in &network.fields {
                let jet = |index| names.jet(&Jet::new(field, index));
                let sum = |channel: &pdec::network::Operator| {
                    let terms =
                        channel.terms().iter().map(|(index, factor)| format!("{factor} {}", jet(index.clone())));
                    terms.collect::<Vec<_>>().join(" + ")
                };
                let channels: Vec<String> = plan.channels().iter().map(sum).collect();
                writeln!(text, "  {}", channels.join(", ")).unwrap();
            }
        }
        let programs = [&block.value, &block.linear, &block.second].map(|program| program.tape.cost().weighted());
        writeln!(text, "  cost of value, with partials, along a direction: {programs:?}").unwrap();
    }
    Outcome::Text(text)
}
