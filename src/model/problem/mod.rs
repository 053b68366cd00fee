//! The types of a checked problem.

mod fields;
mod terms;
mod training;

use std::ops::Range;

use super::precision::Precision;
use crate::diagnostic::Span;
use crate::expr::{Expr, Graph, Jet, Names};

pub use fields::{
    Component, DataSet, Field, FieldSource, GridFunction, Integral, MovingLimit, Number, Over, Reference,
    ReferenceValues, Sum, Unknown, UnknownKind,
};
pub use terms::{Adapt, Piece, Sampling, Shape, ShapePart, Term, TermKind};
pub use training::{Method, NetworkPlan, OptionValue, Output, OutputFormat, Report, Stage};

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
    /// The networks, level by level.
    pub networks: Vec<NetworkPlan>,
    /// The fields that networks of several levels make together; empty where one level is all.
    pub sums: Vec<Sum>,
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
    /// What training computes in.
    pub precision: Precision,
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
