//! Errors against the exact solution, on points that training never sees.

use crate::expr::MultiIndex;
use crate::geometry::{AxisRange, HELD_OUT_COUNT, held_out};
use crate::kernel::{AssembleError, Predictor};
use crate::model::Model;
use crate::pipeline::{Backend, Lowered};

/// The error of one unknown.
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
    fields: Predictor,
    coordinates: Vec<Vec<f64>>,
    names: Vec<String>,
    exact: Vec<Vec<f64>>,
}

impl Metrics {
    /// For the unknowns that have an exact solution; `None` if none has.
    ///
    /// # Errors
    /// [`AssembleError`] if an exact solution has no program.
    pub fn new(lowered: &Lowered, backend: Backend) -> Result<Option<Self>, AssembleError> {
        let model = &lowered.model;
        let with_exact: Vec<usize> = (0..model.fields.len()).filter(|&f| model.exact[f].is_some()).collect();
        let Ok(points) = held_out(&ranges(model), HELD_OUT_COUNT) else { return Ok(None) };
        if with_exact.is_empty() {
            return Ok(None);
        }
        let mut graph = lowered.description.graph.clone();
        let values: Vec<_> = with_exact.iter().map(|&f| graph.jet(f, MultiIndex::zero())).collect();
        let exact: Vec<_> = with_exact.iter().filter_map(|&f| model.exact[f]).collect();
        let fields = lowered.predictor(&graph, &values, backend)?;
        let theta = vec![0.0; lowered.description.parameters()];
        let exact = lowered.predictor(&graph, &exact, backend)?.evaluate(&theta, &points.coordinates);
        let names = with_exact.iter().map(|&f| model.fields[f].name.clone()).collect();
        Ok(Some(Self { fields, coordinates: points.coordinates, names, exact }))
    }

    /// The error of each unknown that has an exact solution.
    pub fn errors(&mut self, theta: &[f64]) -> Vec<FieldError> {
        let values = self.fields.evaluate(theta, &self.coordinates);
        let error = |((name, values), exact): ((&String, &Vec<f64>), &Vec<f64>)| {
            let (mut difference, mut norm, mut maximum) = (0.0, 0.0, 0.0_f64);
            for (u, e) in values.iter().zip(exact) {
                difference += (u - e) * (u - e);
                norm += e * e;
                maximum = if (u - e).abs() <= maximum { maximum } else { (u - e).abs() };
            }
            let count = if norm > 0.0 { norm } else { exact.len() as f64 };
            FieldError { name: name.clone(), relative_l2: (difference / count).sqrt(), maximum }
        };
        self.names.iter().zip(&values).zip(&self.exact).map(error).collect()
    }
}

fn ranges(model: &Model) -> Vec<AxisRange> {
    model.axes.iter().map(|a| AxisRange { lower: a.lower, upper: a.upper, periodic: a.periodic }).collect()
}
