//! What is chosen where the file says nothing.

use crate::geometry::Rule;
use crate::network::{Activation, Architecture};

use super::problem::{Method, Model, Stage, TermKind};

/// The network for a number of inputs: one layer while that resolves the solution, two beyond the plane.
pub fn network(inputs: usize) -> Architecture {
    let widths = match inputs {
        0 | 1 => vec![32],
        2 => vec![64],
        3 => vec![40, 40],
        _ => vec![48, 48],
    };
    Architecture::mlp(widths, Activation::Tanh)
}

/// How many points an equation should have for so many parameters of the networks.
///
/// With fewer than about three equations a parameter the network can hide large residuals between the points. Beyond
/// [`MOST_INTERIOR`] points the system of a natural gradient step would cost more than it brings: a large network then
/// has fewer equations than parameters, and the step is the shortest that solves them.
fn interior_count(parameters: usize) -> usize {
    parameters.saturating_mul(3).clamp(256, MOST_INTERIOR)
}

/// The most points of an equation that are chosen by default.
const MOST_INTERIOR: usize = 1 << 12;
/// The most parameters that a natural gradient trains by default; its system then has a side of about
/// [`MOST_INTERIOR`], and its rows take a gigabyte.
const MOST_FOR_ENGD: usize = 20_000;

/// The most Gauss points on a line that are chosen by default: a dozen for each wave of a solution with forty of them. More
/// parameters do not ask for more points there, since along one axis a network is far smoother than it is large.
const MOST_ON_A_LINE: usize = 512;

/// The points of equations: Gauss up to three axes, where quadrature is most accurate, Sobol beyond and on shapes.
pub fn interior(axes: usize, parameters: usize, shape: bool) -> Rule {
    let count = interior_count(parameters);
    if axes == 0 || axes > 3 || shape {
        return Rule::Sobol { count: count.next_power_of_two() };
    }
    let along = (count as f64).powf(1.0 / axes as f64).ceil() as usize;
    let along = if axes == 1 { along.min(MOST_ON_A_LINE) } else { along };
    Rule::Gauss { counts: vec![along.max(16)], grading: Vec::new() }
}

/// The points of an integral over so many axes: Gauss up to three axes, where the formula is given on a box, else Sobol.
///
/// What networks of P parameters resolve takes 4√P points along one axis, √P along each of two and half as many along
/// each of three, within bounds. An integral that is taken anew at every point that remains makes do with a quarter of
/// that along one axis, and a half along each of more.
pub fn integral(axes: usize, on_box: bool, at_every_point: bool, parameters: usize) -> Rule {
    let root = (parameters as f64).sqrt();
    let share = match (at_every_point, axes) {
        (false, _) => 1.0,
        (true, 0 | 1) => 0.25,
        (true, _) => 0.5,
    };
    let along = |factor: f64, least: f64, most: f64| {
        let count = (share * (factor * root).clamp(least, most)).ceil() as usize;
        Rule::Gauss { counts: vec![count], grading: Vec::new() }
    };
    match axes {
        0 | 1 if on_box => along(4.0, 96.0, 256.0),
        2 if on_box => along(1.0, 24.0, 64.0),
        3 if on_box => along(0.5, 12.0, 24.0),
        _ => Rule::Sobol { count: if at_every_point { 1 << 10 } else { 1 << 12 } },
    }
}

/// How many random points a boundary or initial condition has beside `interior` ones inside.
pub fn boundary_count(interior: usize) -> usize {
    (interior / 4).max(64)
}

/// After how many steps points that follow the residuals are drawn anew.
pub const ADAPT_EVERY: usize = 100;

/// k and c of `rad`, those of Wu et al. (arXiv 2207.10289) for most problems.
pub const RAD: (f64, f64) = (1.0, 1.0);

/// Into how many chunks causal weights cut the time axis.
pub const CAUSAL_CHUNKS: usize = 32;

/// The training of a file without `train`: natural gradients, SOAP for the largest networks.
pub fn stages(parameters: usize) -> Vec<Stage> {
    vec![Stage::of(if parameters <= MOST_FOR_ENGD { Method::Engd } else { Method::Soap })]
}

/// The weight of a condition beside an energy. The energy pulls at the condition, so that the solution is off by about
/// one over the weight.
const PENALTY: f64 = 1e5;

/// The weight of a term without one: 1 for equations and energies, 100 for conditions, and 1e5 for conditions of an energy.
///
/// In the true measures a boundary value is worth far less than a residual with second derivatives in it, whose size is
/// some π² ≈ 10 times, squared 100 times, that of the solution. Data are conditions, too.
pub fn weight(model: &Model, term: usize) -> f64 {
    match model.terms[term].kind {
        TermKind::Equation | TermKind::Energy => 1.0,
        TermKind::Boundary | TermKind::Initial | TermKind::Constraint if model.energies().next().is_some() => PENALTY,
        TermKind::Boundary | TermKind::Initial | TermKind::Constraint | TermKind::Data(_) => 100.0,
    }
}
