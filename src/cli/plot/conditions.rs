//! Which condition holds where, before training.

use indexmap::IndexMap;

use crate::cli::CliError;
use crate::geometry::Part;
use crate::model::{AxisKind, Model, Piece, ShapePart, Term, TermKind};
use crate::pipeline::CompileError;
use crate::report::{ConditionPiece, ConditionsPlot, Panel};
use crate::sample;
use crate::syntax::ast::{Statement, StatementKind};

/// Names in the legend are cut here.
const LONGEST_NAME: usize = 40;

/// The first two axes with the faces of each condition, and all sample points; `text` is that of the `statements`.
///
/// # Errors
/// [`CliError::Compile`] if points can't be drawn.
pub fn panel(model: &Model, seed: u64, text: &str, statements: &[Statement]) -> Result<Panel, CliError> {
    let (across, up) = match &model.shape {
        Some(shape) if shape.axes().len() > 1 => (shape.first, shape.first + 1),
        _ => (0, 1),
    };
    let range = |axis: usize| model.axes.get(axis).map_or((0.0, 1.0), |a| (a.lower, a.upper));
    let label = |axis: usize| model.axes.get(axis).map_or(String::new(), |a| a.name.clone());
    let mut plot = ConditionsPlot {
        title: model.name.clone(),
        x_label: label(across),
        y_label: label(up),
        x_range: range(across),
        y_range: range(up),
        equal: [across, up].iter().all(|&axis| model.axes.get(axis).is_some_and(|a| a.kind == AxisKind::Space)),
        ..ConditionsPlot::default()
    };
    let mut pieces: IndexMap<String, ConditionPiece> = IndexMap::new();
    for block in sample::blocks(model) {
        let set = sample::draw(model, &block, seed, 0)
            .map_err(|error| CompileError::Points { label: model.terms[block.terms[0]].label.clone(), error })?;
        let middle = vec![0.5; set.len()];
        let points: Vec<(f64, f64)> = set.coordinates[across]
            .iter()
            .zip(set.coordinates.get(up).unwrap_or(&middle))
            .map(|(&x, &y)| (x, y))
            .collect();
        let mut drawn = Vec::new();
        for &term in &block.terms {
            let term = &model.terms[term];
            if term.kind == TermKind::Constraint {
                continue;
            }
            if term.kind == TermKind::Equation || term.kind == TermKind::Energy && term.is_inside() {
                plot.interior.extend(&points);
                continue;
            }
            // The components of a condition share their place, and have one entry.
            let name = name(model, term, text, statements);
            let piece = pieces
                .entry(name.clone())
                .or_insert_with(|| ConditionPiece { name: name.clone(), ..Default::default() });
            if !drawn.contains(&name) {
                piece.segments.extend(segments(term, (across, up), plot.y_range));
                piece.points.extend(&points);
                drawn.push(name);
            }
        }
    }
    plot.pieces = pieces.into_values().collect();
    Ok(plot.into())
}

/// Straight parts of the frame that a condition covers; with one axis, the line across the plot.
fn segments(term: &Term, axes: (usize, usize), across: (f64, f64)) -> Vec<[(f64, f64); 2]> {
    let segment = |ranges: &[[f64; 2]]| {
        let [x0, x1] = ranges[axes.0];
        let [y0, y1] = ranges.get(axes.1).copied().unwrap_or([across.0, across.1]);
        ((x0 == x1) != (y0 == y1)).then_some([(x0, y0), (x1, y1)])
    };
    let of_piece = |piece: &Piece| match &piece.part {
        Some(ShapePart { part: Part::Patch(patch), .. }) => {
            let outline: Vec<(f64, f64)> = patch.outline().into_iter().map(|p| (p[0], p[1])).collect();
            outline.windows(2).map(|w| [w[0], w[1]]).collect()
        }
        Some(_) => Vec::new(),
        None => segment(&piece.ranges).into_iter().collect::<Vec<_>>(),
    };
    term.place.iter().flat_map(of_piece).collect()
}

/// What the statement of a term says: with its place if that is short, by its label if it is long.
fn name(model: &Model, term: &Term, text: &str, statements: &[Statement]) -> String {
    let holds = |statement: &&Statement| statement.span.start <= term.span.start && term.span.end <= statement.span.end;
    let Some(statement) = statements.iter().find(holds) else { return formula(model, term) };
    let (label, end) = match &statement.kind {
        StatementKind::Bc { label, equations, .. } | StatementKind::Ic { label, equations } => {
            (label.as_ref(), equations.last().map(|equation| equation.span.end))
        }
        _ => (None, None),
    };
    let cut = |end: u32| {
        let written = text.get(statement.span.start as usize..end as usize).unwrap_or_default();
        written.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let options = statement.attributes.first().map_or(statement.span.end, |option| option.name.span.start);
    let whole = cut(options);
    let whole =
        if statement.attributes.is_empty() { whole.as_str() } else { whole.trim_end_matches("with").trim_end() };
    let fits = |text: &str| text.chars().count() <= LONGEST_NAME;
    match (label, end.map(cut)) {
        _ if fits(whole) => whole.to_owned(),
        (_, Some(equations)) if fits(&equations) => equations,
        (Some(label), _) => format!("{} {}", cut(statement.keyword.end), label.text),
        (None, equations) => shortened(equations.as_deref().unwrap_or(whole)),
    }
}

/// The equation of a term whose statement stands in another file.
fn formula(model: &Model, term: &Term) -> String {
    let kind = match term.kind {
        TermKind::Initial => "ic",
        TermKind::Data(_) => "data",
        TermKind::Energy => "minimize",
        _ => "bc",
    };
    let names = model.names();
    let side = |e| model.graph.display(e, &names);
    shortened(&format!("{kind} {} = {}", side(term.left), side(term.right)))
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST_NAME) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}
