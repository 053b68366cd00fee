//! Methods of training: one file each, all behind [`Optimizer`].
//!
//! A method sees a problem as [`Objective`]: a loss, its gradient, the rows of a metric, how the gradient bends along a
//! direction; and the residual, where the loss is ½‖r‖². It keeps its own state between steps and can save and restore
//! it, so that an interrupted run goes on with the same bits.

mod adam;
mod covariance;
mod damped;
mod dsgnar;
mod engd;
mod engdw;
mod first_order;
mod gradient_descent;
mod hngd;
mod kfac;
mod line_search;
mod lm;
mod memory;
mod muon;
mod nncg;
mod pdeaware;
mod psgd;
mod published;
mod quasi_newton;
mod sample_space;
mod schedule;
mod secular;
mod shampoo;
mod sketch;
mod soap;
mod spring;
mod step_length;
mod trust;

pub use adam::{AdamOptions, adam};
pub use dsgnar::{Dsgnar, DsgnarOptions};
pub use engd::{CG_TOLERANCE, Engd, EngdOptions, LARGEST_MATRIX, Search, Solver};
pub use gradient_descent::{GradientDescent, GradientDescentOptions};
pub use kfac::{Kfac, KfacOptions, KfacRule};
pub use lm::{Factorization, Lm, LmOptions};
pub use memory::{MemoryPart, MethodMemory, memory};
pub use muon::{MuonOptions, NEWTON_SCHULZ, muon};
pub use nncg::{Nncg, NncgOptions};
pub use pdeaware::{Mean, PdeAwareOptions, pdeaware};
pub use psgd::{PsgdOptions, probe, psgd};
pub use quasi_newton::{QuasiNewton, QuasiNewtonOptions, Update};
pub use sample_space::SampleSolver;
pub use schedule::{Fall, Schedule};
pub use shampoo::{ShampooOptions, shampoo};
pub use soap::{SoapOptions, soap};
pub use spring::{Spring, SpringOptions};
pub use step_length::StepRule;

use std::fmt;

pub use crate::kernel::half_square;

use crate::kernel::{Metric, Objective, Sobolev};
use crate::linalg::RowTiles;
use crate::model::{Method, OptionValue, Stage};

/// The method that a stage asks for, at its start.
pub fn for_stage(stage: &Stage, problem: &dyn Objective) -> Box<dyn Optimizer> {
    match stage.method {
        Method::Engd => Box::new(Engd::of_stage(stage, problem)),
        Method::Hngd => Box::new(hngd::of_stage(stage, problem)),
        Method::Lm => Box::new(Lm::of_stage(stage, problem)),
        Method::Nncg => Box::new(Nncg::of_stage(stage, problem)),
        Method::Engdw => Box::new(engdw::of_stage(stage, problem)),
        Method::Spring => Box::new(Spring::of_stage(stage, problem)),
        Method::Dsgnar => Box::new(Dsgnar::of_stage(stage, problem)),
        Method::Kfac => Box::new(Kfac::of_stage(stage, problem)),
        Method::Adam => adam::of_stage(stage, problem),
        Method::Gd => Box::new(GradientDescent::of_stage(stage, problem)),
        Method::Soap => soap::of_stage(stage, problem),
        Method::Shampoo => shampoo::of_stage(stage, problem),
        Method::Muon => muon::of_stage(stage, problem),
        Method::Psgd => psgd::of_stage(stage, problem),
        Method::Pdeaware => pdeaware::of_stage(stage, problem),
        Method::Ssbroyden | Method::Ssbfgs | Method::Bfgs | Method::Lbfgs => {
            Box::new(QuasiNewton::of_stage(stage, problem))
        }
    }
}

/// The metric that a stage asks for.
pub fn metric(stage: &Stage) -> Metric {
    if let Some(OptionValue::Spaces(spaces)) = stage.option("metric") {
        let components = spaces.iter().flat_map(|space| space.components.clone().map(|c| (c, space.order)));
        return Metric::Sobolev(components.fold(Sobolev::OF_EQUATIONS, |all, (c, order)| all.with(c, order)));
    }
    match (stage.method, stage.name("metric")) {
        (Method::Hngd, "l2") => Metric::Sobolev(Sobolev::L2),
        (Method::Hngd, "h1") => Metric::Sobolev(Sobolev::H1),
        (Method::Hngd, "h2") => Metric::Sobolev(Sobolev::H2),
        (Method::Hngd, _) => Metric::Sobolev(Sobolev::OF_EQUATIONS),
        (_, "newton") => Metric::Newton,
        _ => Metric::GaussNewton,
    }
}

/// A method of training.
pub trait Optimizer: Send {
    /// Makes one step from θ.
    fn step(&mut self, problem: &dyn Objective, theta: &mut [f64]) -> StepReport;

    /// The state between steps.
    fn save(&self) -> State;

    /// Takes over a state that [`Optimizer::save`] gave.
    ///
    /// # Errors
    /// [`StateError`] if a part is missing or has the wrong length.
    fn restore(&mut self, state: &State) -> Result<(), StateError>;
}

/// What became of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// θ moved.
    Moved,
    /// No trial had a smaller loss; θ is where it was.
    NoDecrease,
    /// The loss or its derivatives are not finite at θ.
    NotFinite,
}

/// A difficulty of a step, and what was done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Met {
    /// The Gram matrix does not resolve the damping that is needed: the step was solved by QR.
    Unresolved,
    /// The Gram matrix has this rank, out of so many: the other directions were left out.
    RankDeficient(usize, usize),
    /// No step along the quasi-Newton direction lowers the loss: what was learnt of the curvature was dropped.
    Misled,
    /// The loss or its gradient is no number: training went back to the best parameters of the last steps.
    WentBack,
}

impl fmt::Display for Met {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Met::Unresolved => write!(f, "the Gram matrix does not resolve the damping; solved by QR"),
            Met::RankDeficient(rank, of) => write!(f, "the Gram matrix has rank {rank} of {of}; the rest is left out"),
            Met::Misled => write!(f, "no step along the direction lowers the loss; started again from the gradient"),
            Met::WentBack => write!(
                f,
                "the loss or its gradient is not finite; went back to the best of the last steps, and on from there more \
                 carefully"
            ),
        }
    }
}

/// What a step did.
#[derive(Clone, Copy, Debug)]
pub struct StepReport {
    /// What became of it.
    pub outcome: Outcome,
    /// The loss before the step.
    pub loss_before: f64,
    /// The loss behind the step (for a method that does not evaluate it: before).
    pub loss: f64,
    /// Norm of the gradient before the step.
    pub gradient: f64,
    /// Length of the step in θ.
    pub length: f64,
    /// The damping or learning rate of the step.
    pub rate: f64,
    /// How many trial points it took.
    pub trials: usize,
    /// A difficulty on the way.
    pub met: Option<Met>,
}

impl StepReport {
    /// Of a step behind which the loss is no number.
    pub(crate) fn lost(loss: f64) -> Self {
        Self::before(loss, f64::NAN, 0.0)
    }

    /// Of a step that has not moved yet: [`Outcome::NotFinite`] unless loss and gradient are finite.
    fn before(loss: f64, gradient: f64, rate: f64) -> Self {
        let finite = loss.is_finite() && gradient.is_finite();
        let outcome = if finite { Outcome::NoDecrease } else { Outcome::NotFinite };
        Self { outcome, loss_before: loss, loss, gradient, length: 0.0, rate, trials: 0, met: None }
    }
}

/// The saved state of a method: named vectors (a number is a vector of length 1).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// The vectors, in a fixed order.
    pub vectors: Vec<(String, Vec<f64>)>,
}

/// Why a state can't be restored.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The vector is not there.
    #[error("the saved state has no `{0}`")]
    Missing(&'static str),
    /// It is there with another length.
    #[error("`{name}` has length {found} instead of {expected}")]
    Length {
        /// Name of the vector.
        name: &'static str,
        /// Its length in the state.
        found: usize,
        /// The length it should have.
        expected: usize,
    },
}

impl State {
    /// With one more vector.
    pub(crate) fn with(mut self, name: &str, vector: &[f64]) -> Self {
        self.vectors.push((name.to_owned(), vector.to_vec()));
        self
    }

    /// Whether there is such a vector.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.vectors.iter().any(|(n, _)| n == name)
    }

    /// A vector of this length.
    pub(crate) fn vector(&self, name: &'static str, expected: usize) -> Result<&[f64], StateError> {
        let (_, vector) = self.vectors.iter().find(|(n, _)| n == name).ok_or(StateError::Missing(name))?;
        if vector.len() == expected {
            Ok(vector)
        } else {
            Err(StateError::Length { name, found: vector.len(), expected })
        }
    }

    /// A vector of length 1.
    pub(crate) fn number(&self, name: &'static str) -> Result<f64, StateError> {
        self.vector(name, 1).map(|v| v[0])
    }
}

/// Losses that differ by less than this part of them are compared more carefully, where they are no squares.
const NEARLY_EQUAL: f64 = 1e-6;

/// The loss at `to`, if it is below the one at θ. An energy near its minimum changes by less than its rounding: an error
/// of 1e-8 is 1e-16 of it. There the change at each point counts.
fn lower_loss(problem: &dyn Objective, (theta, before): (&[f64], f64), to: &[f64]) -> Option<f64> {
    let loss = problem.loss(to);
    if problem.least_squares().is_some() || (loss - before).abs() > NEARLY_EQUAL * before.abs() {
        return (loss < before).then_some(loss);
    }
    let change = problem.change(theta, to);
    (change < 0.0).then_some(before + change)
}

/// Makes rows anew where the points, and so their shape, may have changed since this revision.
fn reshape(rows: &mut RowTiles, seen: &mut Option<u64>, problem: &dyn Objective, metric: Metric) {
    let revision = problem.revision();
    if revision.is_some() && *seen == revision {
        return;
    }
    *seen = revision;
    rows.fit(&problem.row_tiles(metric), problem.parameters());
}

/// Fills a part of the state from the head of what was saved.
fn take(saved: &mut &[f64], part: &mut [f64]) {
    let (own, rest) = saved.split_at(part.len());
    part.copy_from_slice(own);
    *saved = rest;
}

fn norm(v: &[f64]) -> f64 {
    crate::linalg::dot(v, v).sqrt()
}
