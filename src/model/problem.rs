//! The types of a checked problem.

use std::ops::Range;
use std::sync::Arc;

use crate::dataset::Interpolant;
use crate::diagnostic::Span;
use crate::expr::{Expr, Graph, Jet, Names};
use crate::geometry::{AxisRange, Inside, Part, Patch, Rule};
use crate::network::Architecture;
use crate::syntax::ast::UnknownDeclaration;

/// A checked problem. All formulas live in [`Model::graph`].
#[derive(Clone, Debug)]
pub struct Model {
    /// Name of the run folder and of generated symbols.
    pub name: String,
    /// The arena of all formulas.
    pub graph: Graph,
    /// The time axis first, if there is one, then space in order of declaration, then parametric numbers.
    pub axes: Vec<Axis>,
    /// The shape that some of the axes in space range over, if it is not a box.
    pub shape: Option<Shape>,
    /// What the file declares as unknown. Errors, plots, `exact` and the counting of conditions speak of these.
    pub unknowns: Vec<Unknown>,
    /// The atoms that training determines; jets and kernels speak of these. The components of the unknowns come first,
    /// in order of declaration.
    pub fields: Vec<Field>,
    /// The integrals that formulas take; each is a field, too.
    pub integrals: Vec<Integral>,
    /// Named numbers with their values (overrides applied), for display and `settings.json`.
    pub parameters: Vec<Parameter>,
    /// The numbers that training finds.
    pub numbers: Vec<Number>,
    /// The functions on grids.
    pub tables: Vec<GridFunction>,
    /// The data files.
    pub data: Vec<DataSet>,
    /// What errors are measured against where no exact solution is known.
    pub references: Vec<Reference>,
    /// The terms of the loss: equations, boundary and initial conditions, data.
    pub terms: Vec<Term>,
    /// Conditions that hold by construction, since an ansatz satisfies them; they are no part of the loss.
    pub satisfied: Vec<Term>,
    /// Where derivatives are written, for labels: `u_xx` by itself, the whole operator for `lap(u)`. A derivative that
    /// comes out of a `let` may be missing.
    pub mentions: Vec<(Jet, Span)>,
    /// The networks.
    pub networks: Vec<NetworkPlan>,
    /// The stages of training, in order; never empty.
    pub stages: Vec<Stage>,
    /// Into how many windows the time axis is cut, which are solved one after the other.
    pub windows: usize,
    /// What `report` statements ask for.
    pub reports: Vec<Report>,
    /// What `output` statements ask for.
    pub outputs: Vec<Output>,
    /// What `set` statements ask for.
    pub settings: Settings,
}

impl Model {
    /// The terms that are energies.
    pub fn energies(&self) -> impl Iterator<Item = &Term> {
        self.terms.iter().filter(|term| term.kind == TermKind::Energy)
    }

    /// The weight of a term in the loss: given, or by [`default_weight`](super::defaults::weight).
    pub fn weight(&self, term: usize) -> f64 {
        self.terms[term].weight.unwrap_or_else(|| super::defaults::weight(self, term))
    }

    /// The components of all unknowns; the one at position i is field i.
    pub fn components(&self) -> impl Iterator<Item = &Component> {
        self.unknowns.iter().flat_map(|unknown| &unknown.components)
    }

    /// The fields that are components of unknowns.
    pub fn declared(&self) -> Range<usize> {
        0..self.components().count()
    }

    /// The jets of networks in some formulas, also in those under integral signs; sorted.
    pub fn jets(&self, roots: &[Expr]) -> Vec<Jet> {
        let integrands = self.integrals_in(roots).into_iter().map(|number| self.integrals[number].integrand);
        let all: Vec<Expr> = roots.iter().copied().chain(integrands).collect();
        let mut jets = self.graph.jets(&all);
        jets.retain(|jet| self.integral_of(jet.field.into()).is_none());
        jets
    }

    /// The numbers of the integrals in some formulas, also of those inside others; ascending.
    pub fn integrals_in(&self, roots: &[Expr]) -> Vec<usize> {
        let mut open = roots.to_vec();
        let mut seen = vec![false; self.integrals.len()];
        while let Some(root) = open.pop() {
            for jet in self.graph.jets(&[root]) {
                if let FieldSource::Integral(number) = self.fields[usize::from(jet.field)].source
                    && !std::mem::replace(&mut seen[number], true)
                {
                    open.push(self.integrals[number].integrand);
                }
            }
        }
        (0..seen.len()).filter(|&number| seen[number]).collect()
    }

    /// The jets of networks in a formula that are taken where it is, not under integral signs; sorted.
    pub fn local_jets(&self, root: Expr) -> Vec<Jet> {
        let mut jets = self.graph.jets(&[root]);
        jets.retain(|jet| self.integral_of(jet.field.into()).is_none());
        jets
    }

    /// The integral that a field is.
    pub fn integral_of(&self, field: usize) -> Option<&Integral> {
        self.integrals.get(self.fields.get(field)?.source.integral()?)
    }

    /// The exact solution of a field, where the file gives it: a formula of the coordinates.
    pub fn exact(&self, field: usize) -> Option<Expr> {
        self.components().nth(field).and_then(|component| component.exact)
    }

    /// How many points a term has, before a formula drops some.
    pub fn point_count(&self, term: usize) -> usize {
        let term = &self.terms[term];
        match term.kind {
            TermKind::Data(data) => self.data[data].rows(),
            _ => term.sampling.counts(&term.place).iter().sum(),
        }
    }

    /// The value, or a derivative, of a field that is known without training; `None` of all others.
    pub fn known_value(&self, jet: &Jet, point: &[f64]) -> Option<f64> {
        let table = self.tables.iter().find(|table| table.field == usize::from(jet.field))?;
        let orders: Vec<u8> = table.axes.iter().map(|&axis| jet.index.along(axis)).collect();
        let along: usize = orders.iter().map(|&order| usize::from(order)).sum();
        let at: Vec<f64> = table.axes.iter().map(|&axis| point.get(axis).copied().unwrap_or(f64::NAN)).collect();
        Some(if jet.index.order() > along { 0.0 } else { table.function.value(&at, &orders) })
    }

    /// The names of axes and fields, for printing formulas.
    pub fn names(&self) -> Names {
        Names {
            axes: self.axes.iter().map(|a| a.name.clone()).collect(),
            fields: self.fields.iter().map(|f| f.name.clone()).collect(),
        }
    }
}

/// Whether an axis is time, space, or a number that the problem depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AxisKind {
    /// `time`
    Time,
    /// `domain`
    Space,
    /// `param .. in`: an input of the networks, along which no operator acts and which has no faces.
    Parameter,
}

/// One coordinate: an interval.
#[derive(Clone, Debug)]
pub struct Axis {
    /// Its name; the axes of `x[1..3]` are called `x[1]`, `x[2]`, `x[3]`.
    pub name: String,
    /// Time, space, or a parametric number.
    pub kind: AxisKind,
    /// The ends.
    pub lower: f64,
    /// The ends.
    pub upper: f64,
    /// The ends as exact formulas (no atoms).
    pub ends: [Expr; 2],
    /// Whether the ends are the same place.
    pub periodic: bool,
    /// The value that `eval` and `plot` use: of a parametric number only.
    pub value: Option<f64>,
    /// Where it is declared.
    pub span: Span,
}

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
    pub(super) fn of(declaration: &UnknownDeclaration) -> Option<(Self, bool)> {
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
    /// A number that training finds, this one of [`Model::numbers`]; it has no axes.
    Number {
        /// Which of them.
        number: usize,
    },
    /// A function on a grid, this one of [`Model::tables`].
    Table {
        /// Which of them.
        table: usize,
    },
    /// What a data file has in its rows: this one of [`DataSet::columns`]. Only the terms of that file speak of it.
    Column {
        /// Which of them.
        column: usize,
    },
    /// A formula of other fields, which are none themselves: an ansatz. [`Model::expand`] inserts it.
    Formula(Expr),
    /// An integral of other fields, by its number in [`Model::integrals`].
    Integral(usize),
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
            | FieldSource::Column { .. } => None,
        }
    }
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

/// A named number.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its value as an exact formula.
    pub value: Expr,
    /// Whether the command line replaced the value of the file.
    pub overridden: bool,
    /// Where it is declared.
    pub span: Span,
}

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
    pub(super) fn is_inside(self, place: &[Piece]) -> bool {
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

/// A network and the fields it represents.
#[derive(Clone, Debug)]
pub struct NetworkPlan {
    /// What it is.
    pub architecture: Architecture,
    /// The axes that are its inputs, ascending.
    pub inputs: Vec<usize>,
    /// The fields that are its outputs, in order.
    pub fields: Vec<usize>,
    /// Whether it was left out and chosen by default.
    pub default: bool,
    /// The statement, if there is one.
    pub span: Option<Span>,
}

/// One stage of training: a method with its options.
#[derive(Clone, Debug)]
pub struct Stage {
    /// The method.
    pub method: Method,
    /// The option values that the user gave, by name; checked against the table of the method.
    pub options: Vec<(String, OptionValue)>,
    /// The parameters that have values of their own in this stage.
    pub parameters: Vec<(String, f64)>,
    /// Into how many windows it cuts the time axis, and where it says so.
    pub windows: Option<(usize, Span)>,
    /// The problem of this stage, if it is not that of the last one.
    pub model: Option<Arc<Model>>,
    /// The statement, if there is one.
    pub span: Option<Span>,
}

/// The value of an option of a method.
#[derive(Clone, Debug, PartialEq)]
pub enum OptionValue {
    /// A number (counts are checked to be whole).
    Number(f64),
    /// One of the names that the option allows.
    Name(String),
}

/// The methods of training.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// Energy natural gradient with damping and geodesic acceleration.
    Engd,
    /// Adam.
    Adam,
    /// Gradient descent with a line search.
    Gd,
    /// Adam in the eigenbasis of Shampoo's preconditioner.
    Soap,
    /// Self-scaled Broyden.
    Ssbroyden,
    /// Self-scaled BFGS.
    Ssbfgs,
    /// BFGS.
    Bfgs,
    /// BFGS from the last steps only.
    Lbfgs,
}

/// A number that is printed after training.
#[derive(Clone, Debug)]
pub struct Report {
    /// Its name.
    pub name: String,
    /// A formula that is the same at all points in space.
    pub value: Expr,
    /// The time axis, if it depends on it.
    pub time: Option<usize>,
    /// Where it is asked for.
    pub span: Span,
}

/// Fields that are written on a grid behind training.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// Points along each axis of time and space, ends included.
    pub counts: Vec<usize>,
    /// What is written, by name: formulas of the point.
    pub columns: Vec<(String, Expr)>,
    /// Into what kind of file.
    pub format: OutputFormat,
    /// The statement.
    pub span: Span,
}

/// A kind of file for fields on a grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputFormat {
    /// Arrays of NumPy.
    Npz,
    /// A table.
    Csv,
    /// An image for ParaView and others that read VTK files; a series of them where there is a time axis.
    Vti,
}

/// What `set` statements ask for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// The seed, unless the command line gives one.
    pub seed: Option<u64>,
    /// Seconds of training.
    pub budget: Option<f64>,
    /// The relative L2 error to reach.
    pub target: Option<f64>,
    /// `smoke`, `core` or `hard`.
    pub tier: Option<String>,
    /// Weights that let later times wait for earlier ones.
    pub causal: Option<Causal>,
}

/// Causal weights (Wang et al., arXiv 2203.07404): the equations in a chunk of time count by exp(-ε S), where S sums the
/// mean squared residuals of all earlier chunks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Causal {
    /// ε
    pub tolerance: f64,
    /// Into how many chunks the time axis is cut.
    pub chunks: usize,
}
