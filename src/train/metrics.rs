//! Errors against the exact solution, on points that training never sees.

use super::trained::Trained;
use crate::expr::Expr;
use crate::geometry::{AxisRange, HELD_OUT_COUNT, held_out};
use crate::kernel::AssembleError;
use crate::model::{Model, Unknown};
use crate::pipeline::{Backend, Lowered};

/// The error of one unknown; of a vector or a complex number in the Euclidean norm of its components.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldError {
    /// Name of the unknown.
    pub name: String,
    /// ‖u - exact‖ / ‖exact‖ in L2 (absolute where the exact solution is zero).
    pub relative_l2: f64,
    /// The largest absolute difference.
    pub maximum: f64,
}

/// Evaluates unknowns on 16384 fixed low-discrepancy points, the same for every seed.
pub struct Metrics {
    values: Trained,
    coordinates: Vec<Vec<f64>>,
    unknowns: Vec<Compared>,
}

/// An unknown with its exact solution at all points, component by component.
struct Compared {
    name: String,
    exact: Vec<Vec<f64>>,
}

impl Metrics {
    /// For the unknowns that have an exact solution; `None` if none has.
    ///
    /// # Errors
    /// [`AssembleError`] if an exact solution has no program.
    pub fn new(lowered: &Lowered, backend: Backend) -> Result<Option<Self>, AssembleError> {
        let model = &lowered.model;
        let known = |unknown: &&Unknown| unknown.components.iter().all(|component| component.exact.is_some());
        let known: Vec<&Unknown> = model.unknowns.iter().filter(known).collect();
        let Ok(points) = held_out(&ranges(model), HELD_OUT_COUNT) else { return Ok(None) };
        if known.is_empty() {
            return Ok(None);
        }
        let components = || known.iter().flat_map(|unknown| &unknown.components);
        let values: Vec<Expr> = components().map(|component| component.value).collect();
        let exact: Vec<Expr> = components().filter_map(|component| component.exact).collect();
        let graph = &lowered.description.graph;
        let values = Trained::new(lowered, graph, &values, backend)?;
        let theta = vec![0.0; lowered.description.parameters()];
        let mut exact = lowered.predictor(graph, &exact, backend)?.evaluate(&theta, &points.coordinates).into_iter();
        let compared = |unknown: &&Unknown| Compared {
            name: unknown.name.clone(),
            exact: exact.by_ref().take(unknown.components.len()).collect(),
        };
        let unknowns = known.iter().map(compared).collect();
        Ok(Some(Self { values, coordinates: points.coordinates, unknowns }))
    }

    /// The error of each unknown that has an exact solution, for the parameters of each window.
    pub fn errors(&mut self, thetas: &[&[f64]]) -> Vec<FieldError> {
        let values = self.values.evaluate(thetas, &self.coordinates);
        let mut rest = values.as_slice();
        let mut errors = Vec::with_capacity(self.unknowns.len());
        for unknown in &self.unknowns {
            let (values, others) = rest.split_at(unknown.exact.len());
            rest = others;
            errors.push(unknown.error(values));
        }
        errors
    }
}

impl Compared {
    fn error(&self, values: &[Vec<f64>]) -> FieldError {
        let points = self.exact.first().map_or(0, Vec::len);
        let (mut difference, mut norm, mut maximum) = (0.0, 0.0, 0.0_f64);
        for i in 0..points {
            let mut square = 0.0;
            for (u, e) in values.iter().zip(&self.exact) {
                square += (u[i] - e[i]) * (u[i] - e[i]);
                norm += e[i] * e[i];
            }
            difference += square;
            // A NaN is the largest.
            maximum = if square <= maximum { maximum } else { square };
        }
        let count = if norm > 0.0 { norm } else { points as f64 };
        FieldError { name: self.name.clone(), relative_l2: (difference / count).sqrt(), maximum: maximum.sqrt() }
    }
}

fn ranges(model: &Model) -> Vec<AxisRange> {
    model.axes.iter().map(|a| AxisRange { lower: a.lower, upper: a.upper, periodic: a.periodic }).collect()
}
