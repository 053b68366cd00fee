//! The points and weights of each term.
//!
//! Terms that share their place and their sampling share their points, and with them the jets of the networks there: a
//! [`Block`]. Random points come from a stream that is named by the seed, the block and the step of drawing.

mod adaptive;

pub use adaptive::{by_distribution, by_refinement};

use crate::geometry::{AxisRange, Place, RuleError, Stream};
use crate::kernel::{InnerPoints, IntegralDescription, MovingEnd, PointSet};
use crate::model::{DataSet, Model, MovingLimit, Piece, Sampling, Term, TermKind};

/// Terms that share their points.
#[derive(Clone, Debug)]
pub struct Block {
    /// Numbers of the terms in the model.
    pub terms: Vec<usize>,
    /// The place of all of them.
    pub place: Vec<Piece>,
    /// How it is sampled.
    pub sampling: Sampling,
    kind: BlockKind,
    /// Whether its terms are energies.
    pub energy: bool,
}

/// What the points of a block are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BlockKind {
    /// Points inside, at which equations are solved.
    Interior,
    /// Points of faces, edges, the domain at a time.
    Face,
    /// The rows of this data file of the model.
    Rows(usize),
}

impl BlockKind {
    fn of(term: &Term) -> Self {
        match term.kind {
            TermKind::Data(data) => Self::Rows(data),
            _ if term.is_inside() => Self::Interior,
            _ => Self::Face,
        }
    }
}

impl Block {
    /// Whether its points fill the domain.
    pub fn is_inside(&self) -> bool {
        self.kind == BlockKind::Interior
    }
}

/// Groups the terms of a model into blocks, in the order of their first terms.
pub fn blocks(model: &Model) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    for (t, term) in model.terms.iter().enumerate() {
        let (kind, energy) = (BlockKind::of(term), term.kind == TermKind::Energy);
        let alike = |b: &&mut Block| b.kind == kind && b.energy == energy;
        let fits = |b: &&mut Block| alike(b) && b.place == term.place && b.sampling == term.sampling;
        match blocks.iter_mut().find(fits) {
            Some(block) => block.terms.push(t),
            None => blocks.push(Block {
                terms: vec![t],
                place: term.place.clone(),
                sampling: term.sampling.clone(),
                kind,
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
    if let BlockKind::Rows(data) = block.kind {
        return Ok(rows(&model.data[data]));
    }
    let stream = Stream::new(seed, block.terms[0] as u64, drawing);
    let inset = |piece| ranges(model, piece).into_iter().map(|range| block.sampling.inset(range)).collect();
    let boxes: Vec<Vec<AxisRange>> = block.place.iter().map(inset).collect();
    let mut set = PointSet {
        coordinates: vec![Vec::new(); model.axes.len()],
        normals: vec![Vec::new(); model.axes.len()],
        weights: Vec::new(),
        columns: Vec::new(),
    };
    for (p, (piece, axes)) in block.place.iter().zip(&boxes).enumerate() {
        let place = if block.kind == BlockKind::Interior { Place::Interior } else { Place::Face };
        let rule = (&block.sampling.pieces[p], place);
        let drawn = piece.draw(&model.graph, axes, block.sampling.margin, rule, &stream.part(p as u64))?;
        set.normals.iter_mut().zip(drawn.normals).for_each(|(all, more)| all.extend(more));
        set.coordinates.iter_mut().zip(drawn.points.coordinates).for_each(|(all, more)| all.extend(more));
        set.weights.extend(drawn.points.weights);
    }
    Ok(set)
}

/// The rows of a data file, which count as a mean.
fn rows(data: &DataSet) -> PointSet {
    let count = data.rows();
    PointSet {
        coordinates: data.coordinates.clone(),
        normals: vec![vec![0.0; count]; data.coordinates.len()],
        weights: vec![1.0 / count as f64; count],
        columns: data.columns.clone(),
    }
}

/// The integrals of a model and their points, which integrals over the same place share.
///
/// # Errors
/// The field of an integral, and why its rule does not fit its place.
pub fn integrals(model: &Model) -> Result<(Vec<IntegralDescription>, Vec<InnerPoints>), (usize, RuleError)> {
    let (mut integrals, mut inner): (_, Vec<InnerPoints>) = (Vec::new(), Vec::new());
    for integral in &model.integrals {
        let points = model.integral_points(integral).map_err(|error| (integral.field, error))?;
        let points = PointSet {
            coordinates: points.coordinates,
            normals: points.normals,
            weights: points.weights,
            columns: Vec::new(),
        };
        let end = |MovingLimit { axis, fixed, upper }| MovingEnd { axis, fixed, upper };
        let moving = integral.over.moving.map(end);
        let own = InnerPoints { axes: integral.over.axes.clone(), points, moving };
        let number = inner.iter().position(|known| *known == own).unwrap_or(inner.len());
        if number == inner.len() {
            inner.push(own);
        }
        integrals.push(IntegralDescription {
            field: integral.field,
            integrand: integral.integrand,
            axes: model.fields[integral.field].axes.clone(),
            inner: number,
        });
    }
    Ok((integrals, inner))
}

fn ranges(model: &Model, piece: &Piece) -> Vec<AxisRange> {
    let range = |(axis, [lower, upper]): (&crate::model::Axis, &[f64; 2])| {
        let whole = *lower == axis.lower && *upper == axis.upper;
        AxisRange { lower: *lower, upper: *upper, periodic: axis.periodic && whole }
    };
    model.axes.iter().zip(&piece.ranges).map(range).collect()
}
