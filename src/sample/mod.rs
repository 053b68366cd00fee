//! The points and weights of each term.
//!
//! Terms that share their place and their sampling share their points, and with them the jets of the networks there: a
//! [`Block`]. Random points come from a stream that is named by the seed, the block and the step of drawing.

mod adaptive;

pub use adaptive::{by_distribution, by_refinement};

use crate::expr::Symbol;
use crate::geometry::{AxisRange, Part, Place, ProductPlace, Rule, RuleError, ShapePoints, Stream};
use crate::kernel::PointSet;
use crate::model::{Model, Piece, Sampling, ShapePart, TermKind};

/// Terms that share their points.
#[derive(Clone, Debug)]
pub struct Block {
    /// Numbers of the terms in the model.
    pub terms: Vec<usize>,
    /// The place of all of them.
    pub place: Vec<Piece>,
    /// How it is sampled.
    pub sampling: Sampling,
    /// Whether it holds equations, which are solved inside.
    pub interior: bool,
}

/// Groups the terms of a model into blocks, in the order of their first terms.
pub fn blocks(model: &Model) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    for (t, term) in model.terms.iter().enumerate() {
        let interior = term.kind == TermKind::Equation;
        let fits = |b: &&mut Block| b.interior == interior && b.place == term.place && b.sampling == term.sampling;
        match blocks.iter_mut().find(fits) {
            Some(block) => block.terms.push(t),
            None => blocks.push(Block {
                terms: vec![t],
                place: term.place.clone(),
                sampling: term.sampling.clone(),
                interior,
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
        let of_piece = Drawn { model, piece, margin: block.sampling.margin };
        let drawn = of_piece.points(&block.sampling.pieces[p], axes, place, &stream.part(p as u64))?;
        let count = drawn.points.len();
        let of_shape = piece.part.as_ref().map_or(0..0, ShapePart::axes);
        for (axis, normals) in set.normals.iter_mut().enumerate() {
            match drawn.normals.get(axis.wrapping_sub(of_shape.start)) {
                Some(along) if of_shape.contains(&axis) => normals.extend(along),
                _ => {
                    let component = piece.normal.filter(|(a, _)| *a == axis).map_or(0.0, |(_, sign)| sign);
                    normals.extend(std::iter::repeat_n(component, count));
                }
            }
        }
        set.coordinates.iter_mut().zip(drawn.points.coordinates).for_each(|(all, more)| all.extend(more));
        set.weights.extend(drawn.points.weights);
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

/// A piece whose points are to be drawn.
struct Drawn<'a> {
    model: &'a Model,
    piece: &'a Piece,
    /// How far points stay away from the ends of the piece.
    margin: f64,
}

impl Drawn<'_> {
    fn points(&self, rule: &Rule, axes: &[AxisRange], place: Place, stream: &Stream) -> Result<ShapePoints, RuleError> {
        let keep = self.piece.keep;
        let Some(part) = &self.piece.part else {
            let points = match keep {
                None => rule.draw(axes, place, stream)?,
                Some(_) => rule.draw_where(axes, place, &|point| self.keeps(point), stream)?,
            };
            return Ok(ShapePoints { points, normals: Vec::new() });
        };
        let holds = |point: &[f64]| self.keeps(point) && self.is_off_the_ends(part, &point[part.axes()]);
        let keep = (keep.is_some() || self.margin > 0.0).then_some(&holds as &dyn Fn(&[f64]) -> bool);
        ProductPlace { axes, first: part.first, part: &part.part, keep }.draw(rule, place, stream)
    }

    fn keeps(&self, point: &[f64]) -> bool {
        let at = |symbol: &Symbol| match symbol {
            Symbol::Coordinate(axis) => point[usize::from(*axis)],
            _ => f64::NAN,
        };
        self.piece.keep.is_none_or(|keep| self.model.graph.evaluate(&[keep], at)[0] != 0.0)
    }

    /// Whether a point keeps the margin: from the surface inside of a shape, from the ends of a curve on its surface.
    fn is_off_the_ends(&self, part: &ShapePart, point: &[f64]) -> bool {
        if self.margin == 0.0 {
            return true;
        }
        match &part.part {
            Part::Inside(inside) => inside.solid().signed_distance(point) <= -self.margin,
            Part::Patch(patch) if patch.parameters() == 1 && !patch.is_closed() => [0.0, 1.0].iter().all(|end| {
                let end = patch.at(&[*end]).0;
                point.iter().zip(&end).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt() >= self.margin
            }),
            Part::Patch(_) => true,
        }
    }
}
