//! Terms of the loss, their places and how these are sampled.

use std::sync::Arc;

use crate::diagnostic::Span;
use crate::expr::Expr;
use crate::geometry::{AxisRange, Inside, Part, Patch, Rule};

/// What kind of statement a term comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TermKind {
    /// `eq`
    Equation,
    /// `bc`
    Boundary,
    /// `ic`
    Initial,
    /// `minimize`
    Energy,
    /// `constraint`
    Constraint,
    /// `data`: one residual a row, of this one of [`Model::data`]; its weight is shared by the rows.
    Data(usize),
}

impl Term {
    /// Whether it is taken inside of the domain: an equation, or an energy that is no integral over a boundary.
    pub fn is_inside(&self) -> bool {
        self.kind.is_inside(&self.place)
    }
}

impl TermKind {
    /// Whether a term of this kind is taken inside of the domain, given its place.
    pub(in crate::model) fn is_inside(self, place: &[Piece]) -> bool {
        match self {
            TermKind::Equation => true,
            TermKind::Energy => {
                let solid = |piece: &Piece| piece.ranges.iter().all(|[lower, upper]| lower < upper);
                place.iter().all(|piece| solid(piece) && !piece.is_on_surface())
            }
            TermKind::Boundary | TermKind::Initial | TermKind::Constraint | TermKind::Data(_) => false,
        }
    }

    /// Whether the term is a residual, whose square the loss integrates; else an energy, which it integrates as it is.
    pub fn is_residual(self) -> bool {
        self != TermKind::Energy
    }
}

/// One term of the loss: ½·weight·∫ residual² over its place, or weight·∫ residual of an energy, whose integrand stands in
/// place of the residual and on the left side.
#[derive(Clone, Debug)]
pub struct Term {
    /// The label, or a name made from the statement (`eq`, `eq_2`, `bc_u`, `ic_u`); unique.
    pub label: String,
    /// Where it comes from.
    pub kind: TermKind,
    /// Left side, as it was written.
    pub left: Expr,
    /// Right side, as it was written.
    pub right: Expr,
    /// Left minus right: a formula of coordinates, normals and jet variables.
    pub residual: Expr,
    /// The place: disjoint pieces of the box.
    pub place: Vec<Piece>,
    /// The weight that the user gave.
    pub weight: Option<f64>,
    /// Whether it has to hold exactly.
    pub hard: bool,
    /// How the place is sampled.
    pub sampling: Sampling,
    /// The equation in the source.
    pub span: Span,
    /// The place in the source (`on ...`), where it has one.
    pub place_span: Option<Span>,
}

/// A part of the box of all axes: the interior, a part of a face, an edge, a point.
#[derive(Clone, Debug, PartialEq)]
pub struct Piece {
    /// The range of each axis; a fixed coordinate has equal ends.
    pub ranges: Vec<[f64; 2]>,
    /// The axis and the sign of the outward normal, on a face in space.
    pub normal: Option<(usize, f64)>,
    /// A formula of the coordinates: the piece is only where it is not 0.
    pub keep: Option<Expr>,
    /// The part of a shape that the axes of the shape range over; `ranges` has a box around it then.
    pub part: Option<ShapePart>,
}

/// Some axes together range over a shape that is not a box.
#[derive(Clone, Debug)]
pub struct Shape {
    /// The first of its axes; the others follow.
    pub first: usize,
    /// The inside.
    pub inside: Arc<Inside>,
    /// The whole surface.
    pub surface: Vec<Arc<Patch>>,
    /// Where it is given.
    pub span: Span,
}

/// Axes from `first` on range over a part of a shape.
#[derive(Clone, Debug, PartialEq)]
pub struct ShapePart {
    /// The first of the axes.
    pub first: usize,
    /// The part.
    pub part: Part,
}

impl Piece {
    /// A box inside of the domain.
    pub fn plain(ranges: Vec<[f64; 2]>) -> Self {
        Self { ranges, normal: None, keep: None, part: None }
    }
}

/// How a place is sampled.
#[derive(Clone, Debug, PartialEq)]
pub struct Sampling {
    /// The rule as it was asked for: random points with their total, others with the counts of the first piece.
    pub rule: Rule,
    /// The rule of each piece of the place: totals are shared out by measure, counts are along its own free axes.
    pub pieces: Vec<Rule>,
    /// Draw anew every so many steps.
    pub resample: Option<usize>,
    /// Points keep this distance from the ends of the place along each of its axes.
    pub margin: f64,
    /// How points follow the residuals when they are drawn anew.
    pub adapt: Option<Adapt>,
    /// Whether the rule was left out and chosen by default.
    pub default: bool,
}

impl Sampling {
    /// Points that are drawn once by these rules, one a piece.
    pub fn of_rules(rule: Rule, pieces: Vec<Rule>, default: bool) -> Self {
        Self { rule, pieces, resample: None, margin: 0.0, adapt: None, default }
    }

    /// A range of a place as it is sampled: without the margin at its ends. One period has no ends.
    pub fn inset(&self, range: AxisRange) -> AxisRange {
        if range.periodic || range.is_point() {
            return range;
        }
        AxisRange { lower: range.lower + self.margin, upper: range.upper - self.margin, ..range }
    }
}

/// How points follow the residuals.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Adapt {
    /// Drawn among many candidates with a probability that grows with the residual r, as |r|^k / mean(|r|^k) + c
    /// (RAD: Wu et al., arXiv 2207.10289).
    Distribution {
        /// k
        power: f64,
        /// c
        offset: f64,
    },
    /// The candidates with the largest residuals are added (RAR-G, in the same paper).
    Refinement,
}
