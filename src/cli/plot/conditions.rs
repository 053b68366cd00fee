//! Which condition holds where, before training.

use crate::cli::CliError;
use crate::geometry::Part;
use crate::model::{Model, Piece, ShapePart, Term, TermKind};
use crate::pipeline::CompileError;
use crate::report::{ConditionPiece, ConditionsPlot, Panel};
use crate::sample;

/// Names in the legend are cut here.
const LONGEST_NAME: usize = 36;

/// The first two axes with the faces of each condition, and all sample points.
///
/// # Errors
/// [`CliError::Compile`] if points can't be drawn.
pub fn panel(model: &Model, seed: u64) -> Result<Panel, CliError> {
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
        ..ConditionsPlot::default()
    };
    for block in sample::blocks(model) {
        let set = sample::draw(model, &block, seed, 0)
            .map_err(|error| CompileError::Points { label: model.terms[block.terms[0]].label.clone(), error })?;
        let middle = vec![0.5; set.len()];
        let points: Vec<(f64, f64)> = set.coordinates[across]
            .iter()
            .zip(set.coordinates.get(up).unwrap_or(&middle))
            .map(|(&x, &y)| (x, y))
            .collect();
        for &term in &block.terms {
            let term = &model.terms[term];
            if term.kind == TermKind::Constraint {
                continue;
            }
            if term.kind == TermKind::Equation || term.kind == TermKind::Energy && term.is_inside() {
                plot.interior.extend(&points);
            } else {
                let (name, segments) = (name(model, term), segments(term, (across, up), plot.y_range));
                plot.pieces.push(ConditionPiece { name, segments, points: points.clone() });
            }
        }
    }
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

fn name(model: &Model, term: &Term) -> String {
    let kind = match term.kind {
        TermKind::Initial => "ic",
        TermKind::Data(_) => "data",
        TermKind::Energy => "minimize",
        _ => "bc",
    };
    let names = model.names();
    let side = |e| model.graph.display(e, &names);
    let text = format!("{kind} {} = {}", side(term.left), side(term.right));
    match text.char_indices().nth(LONGEST_NAME) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}
