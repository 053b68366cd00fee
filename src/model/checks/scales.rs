//! Numbers of very different size, which training feels as bad conditioning.

use crate::diagnostic::Diagnostic;
use crate::expr::{Graph, Jet, Symbol};

use super::super::{Model, Term};
use super::orders::{equations, place_in};
use super::probe::{generic, points_inside, values_at};
use super::wording::number;

/// Beyond this ratio one says so.
const RATIO: f64 = 1e6;

pub(super) fn check(model: &Model, graph: &mut Graph) -> Vec<Diagnostic> {
    let mut found = wide_axes(model);
    found.extend(equations(model).filter_map(|equation| wide_coefficients(model, graph, equation)));
    found
}

fn wide_axes(model: &Model) -> Vec<Diagnostic> {
    let wide = |axis: &&super::super::Axis| {
        let width = axis.upper - axis.lower;
        !(RATIO.recip()..RATIO).contains(&width)
    };
    let axes = model.axes.iter().filter(wide);
    axes.map(|axis| {
        let width = number(axis.upper - axis.lower);
        let message = format!("{} spans {width}; inputs are rescaled to [-1, 1]", axis.name);
        Diagnostic::warning("W0701", message, axis.span, format!("a length of {width}"))
            .help("consider dimensionless variables")
    })
    .collect()
}

/// The coefficients of an equation, each times what its derivatives are worth in rescaled coordinates.
fn wide_coefficients(model: &Model, graph: &mut Graph, equation: &Term) -> Option<Diagnostic> {
    let jets = graph.jets(&[equation.residual]);
    let slopes: Vec<_> =
        jets.iter().map(|jet| graph.derivative(equation.residual, &Symbol::Jet(jet.clone()))).collect();
    let mut sizes = vec![0.0_f64; jets.len()];
    for point in points_inside(model) {
        for (size, value) in sizes.iter_mut().zip(values_at(graph, &slopes, &point, None, generic)) {
            *size = size.max(value.abs());
        }
    }
    let mut scaled: Vec<(f64, &Jet)> =
        sizes.iter().zip(&jets).map(|(size, jet)| (size * derivative_scale(model, jet), jet)).collect();
    scaled.retain(|(size, _)| *size > 0.0 && size.is_finite());
    scaled.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (&(least, small), &(most, large)) = (scaled.first()?, scaled.last()?);
    if most < RATIO * least {
        return None;
    }
    let names = model.names();
    let message = format!("the coefficients of the equation span {}", number(most / least));
    let place = |wanted: &Jet| place_in(model, equation, |jet| jet == wanted);
    Some(
        Diagnostic::warning(
            "W0701",
            message,
            place(small),
            format!("`{}` has coefficient {}", names.jet(small), number(least)),
        )
        .label(place(large), format!("`{}` has coefficient {}", names.jet(large), number(most)))
        .note("in coordinates rescaled to [-1, 1]")
        .help("consider dimensionless variables"),
    )
}

/// What a derivative of order one in rescaled coordinates is worth in the coordinates of the file.
fn derivative_scale(model: &Model, jet: &Jet) -> f64 {
    jet.index.axes().map(|axis| 2.0 / (model.axes[axis].upper - model.axes[axis].lower)).product()
}
