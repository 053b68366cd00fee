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

/// The points of equations: Gauss up to three axes, where quadrature is most accurate, Sobol beyond.
pub fn interior(axes: usize, parameters: usize) -> Rule {
    let count = interior_count(parameters);
    if axes == 0 || axes > 3 {
        return Rule::Sobol { count: count.next_power_of_two() };
    }
    let along = (count as f64).powf(1.0 / axes as f64).ceil() as usize;
    Rule::Gauss { counts: vec![along.max(16)], grading: Vec::new() }
}

/// How many random points a boundary or initial condition has beside `interior` ones inside.
pub fn boundary_count(interior: usize) -> usize {
    (interior / 4).max(64)
}

/// The training of a file without `train`: natural gradients, SOAP for the largest networks.
pub fn stages(parameters: usize) -> Vec<Stage> {
    vec![Stage::of(if parameters <= MOST_FOR_ENGD { Method::Engd } else { Method::Soap })]
}

/// The weight of a term without one: 1 for equations, 100 for conditions.
///
/// In the true measures a boundary value is worth far less than a residual with second derivatives in it, whose size is
/// some π² ≈ 10 times, squared 100 times, that of the solution.
pub fn weight(model: &Model, term: usize) -> f64 {
    match model.terms[term].kind {
        TermKind::Equation => 1.0,
        TermKind::Boundary | TermKind::Initial => 100.0,
    }
}
