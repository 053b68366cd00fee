//! Unknowns, and all that stands in formulas like one: numbers, tables, integrals, measured values.

use std::sync::Arc;

use super::terms::{Piece, Sampling};
use crate::dataset::Interpolant;
use crate::diagnostic::Span;
use crate::expr::Expr;
use crate::syntax::ast::UnknownDeclaration;

/// What the file declares as unknown: a number at each point, or several that belong together.
#[derive(Clone, Debug)]
pub struct Unknown {
    /// Its name.
    pub name: String,
    /// What its values are.
    pub kind: UnknownKind,
    /// Whether they are complex.
    pub complex: bool,
    /// The axes it depends on, ascending.
    pub axes: Vec<usize>,
    /// Its real components.
    pub components: Vec<Component>,
    /// What makes it a formula of its network's output: the ansatz, or the first of its hard conditions.
    pub ansatz: Option<Span>,
    /// Where it is declared.
    pub span: Span,
}

impl Unknown {
    /// Whether the field is one of its components.
    pub fn has(&self, field: usize) -> bool {
        self.components.iter().any(|component| component.field == field)
    }
}

/// What the values of an unknown are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnknownKind {
    /// A number.
    Number,
    /// One component along each axis in space.
    Vector,
    /// One component for each pair of axes in space.
    Tensor,
}

impl UnknownKind {
    /// What its values are and whether they are complex; `None` if the language has no such kind.
    pub(in crate::model) fn of(declaration: &UnknownDeclaration) -> Option<(Self, bool)> {
        match declaration.kind.as_ref().map(|kind| kind.text.as_str()) {
            None => Some((UnknownKind::Number, false)),
            Some("complex") => Some((UnknownKind::Number, true)),
            Some("vector") => Some((UnknownKind::Vector, false)),
            Some("tensor") => Some((UnknownKind::Tensor, false)),
            Some(_) => None,
        }
    }
}

/// A real number of an unknown.
#[derive(Clone, Debug)]
pub struct Component {
    /// Its name: that of the unknown if that is a number.
    pub name: String,
    /// The field that its name stands for.
    pub field: usize,
    /// Its value as a formula of fields.
    pub value: Expr,
    /// The exact solution, if the file gives it: a formula of the coordinates.
    pub exact: Option<Expr>,
    /// Where the exact solution is given.
    pub exact_span: Option<Span>,
}

/// A function of the point whose derivatives are atoms of formulas.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// The axes it depends on, ascending.
    pub axes: Vec<usize>,
    /// What it is made from.
    pub source: FieldSource,
    /// Where it is declared.
    pub span: Span,
}

/// What a field is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldSource {
    /// An output of a network.
    Network {
        /// The network that represents it.
        network: usize,
        /// Which output of the network it is.
        output: usize,
    },
    /// A number that training finds, this one of [`Model::numbers`](super::Model::numbers); it has no axes.
    Number {
        /// Which of them.
        number: usize,
    },
    /// A function on a grid, this one of [`Model::tables`](super::Model::tables).
    Table {
        /// Which of them.
        table: usize,
    },
    /// What a data file has in its rows: this one of [`DataSet::columns`]. Only the terms of that file speak of it.
    Column {
        /// Which of them.
        column: usize,
    },
    /// A formula of other fields, which are none themselves: an ansatz. [`Model::expand`](super::Model::expand) inserts it.
    Formula(Expr),
    /// An integral of other fields, by its number in [`Model::integrals`](super::Model::integrals).
    Integral(usize),
    /// What a network of a level before has made ([`Model::level`](super::Model::level)).
    Frozen,
}

impl FieldSource {
    /// The number of the integral that the field is.
    pub fn integral(self) -> Option<usize> {
        match self {
            FieldSource::Integral(number) => Some(number),
            FieldSource::Network { .. }
            | FieldSource::Formula(_)
            | FieldSource::Number { .. }
            | FieldSource::Table { .. }
            | FieldSource::Column { .. }
            | FieldSource::Frozen => None,
        }
    }
}

/// A field that networks of several levels make together ([`Model::level`](super::Model::level)).
#[derive(Clone, Debug)]
pub struct Sum {
    /// The field.
    pub field: usize,
    /// The outputs that add up to it, one a level.
    pub parts: Vec<usize>,
}

/// An integral of a formula, a field of the axes that remain.
#[derive(Clone, Debug)]
pub struct Integral {
    /// The field that it is.
    pub field: usize,
    /// What is integrated: a formula of coordinates, normals and jet variables, integrals among them.
    pub integrand: Expr,
    /// What it is taken over.
    pub over: Over,
    /// How its points are chosen; there once the model is finished.
    pub sampling: Option<Sampling>,
    /// Where it is written.
    pub span: Span,
}

/// What an integral is taken over.
#[derive(Clone, Debug, PartialEq)]
pub struct Over {
    /// The axes, ascending.
    pub axes: Vec<usize>,
    /// The pieces; along other axes their ranges are points without a meaning, and along a moving one [0, 1].
    pub place: Vec<Piece>,
    /// The axis whose range ends at the point where the integral is taken.
    pub moving: Option<MovingLimit>,
    /// The exact ends along each axis, where the place is a box.
    pub ends: Option<Vec<[Expr; 2]>>,
    /// How the file says it, behind the integrand: `, t`, `, over=wall`; nothing for all of space.
    pub text: String,
}

impl Over {
    /// Whether integrals over both have the same points.
    pub fn same_points(&self, other: &Over) -> bool {
        self.axes == other.axes && self.place == other.place && self.moving == other.moving
    }
}

/// A limit of an integral that is the coordinate of the point: `x in 0..x`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MovingLimit {
    /// The axis.
    pub axis: usize,
    /// The other limit.
    pub fixed: f64,
    /// Whether it is the upper limit that moves.
    pub upper: bool,
}

/// A number that training finds (`fit`).
#[derive(Clone, Debug)]
pub struct Number {
    /// Its name.
    pub name: String,
    /// The field that stands for it in formulas.
    pub field: usize,
    /// The value that training starts from.
    pub start: f64,
    /// The interval that it stays inside of.
    pub bounds: Option<[f64; 2]>,
    /// Where it is declared.
    pub span: Span,
}

/// A function on a grid (`table(..)`).
#[derive(Clone, Debug)]
pub struct GridFunction {
    /// The field that stands for it in formulas.
    pub field: usize,
    /// The function.
    pub function: Arc<Interpolant>,
    /// Which axis of the problem each axis of the grid is, ascending.
    pub axes: Vec<usize>,
    /// Where it is called for.
    pub span: Span,
}

/// The rows of a data file that lie in the domain.
#[derive(Clone, Debug)]
pub struct DataSet {
    /// The file, as the problem names it.
    pub path: String,
    /// One column an axis.
    pub coordinates: Vec<Vec<f64>>,
    /// Measured values: one column for each component that the statement names.
    pub columns: Vec<Vec<f64>>,
}

impl DataSet {
    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, Vec::len)
    }

    /// How many measured values there are.
    pub fn values(&self) -> usize {
        self.rows() * self.columns.len()
    }
}

/// What an unknown is compared with (`reference`).
#[derive(Clone, Debug)]
pub struct Reference {
    /// Which unknown.
    pub unknown: usize,
    /// The points, one column an axis, where the values stand at points.
    pub points: Vec<Vec<f64>>,
    /// The values of each component.
    pub components: Vec<ReferenceValues>,
    /// Where it is given.
    pub span: Span,
}

/// Values of one component.
#[derive(Clone, Debug)]
pub enum ReferenceValues {
    /// At the points of [`Reference::points`].
    Points(Vec<f64>),
    /// On a grid, between whose points they are interpolated.
    Grid {
        /// Which axis of the problem each axis of the grid is, ascending.
        axes: Vec<usize>,
        /// The function.
        function: Arc<Interpolant>,
    },
}
