//! The points and weights of each term.
//!
//! Terms that share their place and their sampling share their points, and with them the jets of the networks there: a
//! [`Block`]. Random points come from a stream that is named by the seed, the block and the step of drawing.

mod adaptive;

pub use adaptive::{by_distribution, by_refinement};

use crate::expr::{Expr, Symbol};
use crate::geometry::{AxisRange, Place, Points, Rule, RuleError, Stream};
use crate::kernel::PointSet;
use crate::model::{Model, Piece, Sampling, TermKind};

/// Terms that share their points.
#[derive(Clone, Debug)]
pub struct Block {
    /// Numbers of the terms in the model.
    pub terms: Vec<usize>,
    /// The place of all of them.
    pub place: Vec<Piece>,
    /// How it is sampled.
    pub sampling: Sampling,
    interior: bool,
    /// Whether its terms are energies.
    pub energy: bool,
}

/// Groups the terms of a model into blocks, in the order of their first terms.
pub fn blocks(model: &Model) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    for (t, term) in model.terms.iter().enumerate() {
        let (interior, energy) = (term.is_inside(), term.kind == TermKind::Energy);
        let alike = |b: &&mut Block| b.interior == interior && b.energy == energy;
        let fits = |b: &&mut Block| alike(b) && b.place == term.place && b.sampling == term.sampling;
        match blocks.iter_mut().find(fits) {
            Some(block) => block.terms.push(t),
            None => blocks.push(Block {
                terms: vec![t],
                place: term.place.clone(),
                sampling: term.sampling.clone(),
                interior,
                energy,
            }),
        }
    }
    blocks
}

/// Draws the points of a block: `drawing` counts how often it was drawn before.
///
/// # Errors
/// [`RuleError`] if the rule does not fit the place.
pub fn draw(model: &Model, block: &Block, seed: u64, drawing: u64) -> Result<PointSet, RuleError> {
    let stream = Stream::new(seed, block.terms[0] as u64, drawing);
    let inset = |piece| ranges(model, piece).into_iter().map(|range| block.sampling.inset(range)).collect();
    let boxes: Vec<Vec<AxisRange>> = block.place.iter().map(inset).collect();
    let mut set = PointSet {
        coordinates: vec![Vec::new(); model.axes.len()],
        normals: vec![Vec::new(); model.axes.len()],
        weights: Vec::new(),
    };
    for (p, (piece, axes)) in block.place.iter().zip(&boxes).enumerate() {
        let place = if block.interior { Place::Interior } else { Place::Face };
        let points = points(model, &block.sampling.pieces[p], axes, place, piece.keep, &stream.part(p as u64))?;
        for (axis, normals) in set.normals.iter_mut().enumerate() {
            let component = piece.normal.filter(|(a, _)| *a == axis).map_or(0.0, |(_, sign)| sign);
            normals.extend(std::iter::repeat_n(component, points.len()));
        }
        set.coordinates.iter_mut().zip(points.coordinates).for_each(|(all, more)| all.extend(more));
        set.weights.extend(points.weights);
    }
    Ok(set)
}

fn ranges(model: &Model, piece: &Piece) -> Vec<AxisRange> {
    let range = |(axis, [lower, upper]): (&crate::model::Axis, &[f64; 2])| {
        let whole = *lower == axis.lower && *upper == axis.upper;
        AxisRange { lower: *lower, upper: *upper, periodic: axis.periodic && whole }
    };
    model.axes.iter().zip(&piece.ranges).map(range).collect()
}

fn points(
    model: &Model,
    rule: &Rule,
    axes: &[AxisRange],
    place: Place,
    keep: Option<Expr>,
    stream: &Stream,
) -> Result<Points, RuleError> {
    let Some(keep) = keep else { return rule.draw(axes, place, stream) };
    let holds = |point: &[f64]| {
        let at = |symbol: &Symbol| match symbol {
            Symbol::Coordinate(axis) => point[usize::from(*axis)],
            _ => f64::NAN,
        };
        model.graph.evaluate(&[keep], at)[0] != 0.0
    };
    rule.draw_where(axes, place, &holds, stream)
}
