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
/// With fewer than about three equations a parameter the network can hide large residuals between the points.
fn interior_count(parameters: usize) -> usize {
    parameters.saturating_mul(3).clamp(256, 1 << 15)
}

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

/// After how many steps points that follow the residuals are drawn anew.
pub const ADAPT_EVERY: usize = 100;

/// k and c of `rad`, those of Wu et al. (arXiv 2207.10289) for most problems.
pub const RAD: (f64, f64) = (1.0, 1.0);

/// Into how many chunks causal weights cut the time axis.
pub const CAUSAL_CHUNKS: usize = 32;

/// The training of a file without `train`.
pub fn stages() -> Vec<Stage> {
    vec![Stage::of(Method::Engd)]
}

/// The weight of a condition beside an energy. The energy pulls at the condition, so that the solution is off by about
/// one over the weight.
const PENALTY: f64 = 1e5;

/// The weight of a term without one: 1 for equations and energies, 100 for conditions, and 1e5 for conditions of an energy.
///
/// In the true measures a boundary value is worth far less than a residual with second derivatives in it, whose size is
/// some π² ≈ 10 times, squared 100 times, that of the solution.
pub fn weight(model: &Model, term: usize) -> f64 {
    match model.terms[term].kind {
        TermKind::Equation | TermKind::Energy => 1.0,
        TermKind::Boundary | TermKind::Initial if model.energies().next().is_some() => PENALTY,
        TermKind::Boundary | TermKind::Initial => 100.0,
    }
}
