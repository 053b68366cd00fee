//! Errors against the exact solution or a reference, on points that training never sees.

use crate::expr::Expr;
use crate::geometry::{AxisRange, HELD_OUT_COUNT, held_out};
use crate::kernel::{AssembleError, Predictor};
use crate::model::{Model, Reference, ReferenceValues, Unknown};
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

/// Evaluates unknowns on 16384 fixed low-discrepancy points, the same for every seed, or where a reference has its values.
pub struct Metrics {
    groups: Vec<Group>,
}

/// Unknowns that are compared at the same points.
struct Group {
    values: Predictor,
    coordinates: Vec<Vec<f64>>,
    unknowns: Vec<Compared>,
}

/// An unknown with its exact solution at all points, component by component.
struct Compared {
    name: String,
    exact: Vec<Vec<f64>>,
}

impl Metrics {
    /// For the unknowns that have an exact solution or a reference; `None` if none has.
    ///
    /// # Errors
    /// [`AssembleError`] if a formula has no program.
    pub fn new(lowered: &Lowered, backend: Backend) -> Result<Option<Self>, AssembleError> {
        let mut groups = Vec::new();
        groups.extend(against_exact(lowered, backend)?);
        for reference in &lowered.model.references {
            let unknown = &lowered.model.unknowns[reference.unknown];
            if !is_exact(unknown) {
                groups.extend(against_reference(lowered, reference, unknown, backend)?);
            }
        }
        Ok((!groups.is_empty()).then_some(Self { groups }))
    }

    /// The error of each unknown that has an exact solution or a reference.
    pub fn errors(&mut self, theta: &[f64]) -> Vec<FieldError> {
        self.groups.iter_mut().flat_map(|group| group.errors(theta)).collect()
    }
}

fn is_exact(unknown: &Unknown) -> bool {
    unknown.components.iter().all(|component| component.exact.is_some())
}

fn against_exact(lowered: &Lowered, backend: Backend) -> Result<Option<Group>, AssembleError> {
    let model = &lowered.model;
    let known: Vec<&Unknown> = model.unknowns.iter().filter(|unknown| is_exact(unknown)).collect();
    let Ok(points) = held_out(&ranges(model), HELD_OUT_COUNT) else { return Ok(None) };
    if known.is_empty() {
        return Ok(None);
    }
    let components = || known.iter().flat_map(|unknown| &unknown.components);
    let values: Vec<Expr> = components().map(|component| component.value).collect();
    let exact: Vec<Expr> = components().filter_map(|component| component.exact).collect();
    let graph = &lowered.description.graph;
    let values = lowered.predictor(graph, &values, backend)?;
    let theta = vec![0.0; lowered.description.parameters()];
    let mut exact = lowered.predictor(graph, &exact, backend)?.evaluate(&theta, &points.coordinates).into_iter();
    let compared = |unknown: &&Unknown| Compared {
        name: unknown.name.clone(),
        exact: exact.by_ref().take(unknown.components.len()).collect(),
    };
    let unknowns = known.iter().map(compared).collect();
    Ok(Some(Group { values, coordinates: points.coordinates, unknowns }))
}

/// Where the reference has its points; with a grid, at the held-out points that it covers, parametric numbers at their
/// values unless the grid has them.
fn against_reference(
    lowered: &Lowered,
    reference: &Reference,
    unknown: &Unknown,
    backend: Backend,
) -> Result<Option<Group>, AssembleError> {
    let model = &lowered.model;
    let mut coordinates = reference.points.clone();
    if let Some(ReferenceValues::Grid { axes, function }) = reference.components.first() {
        let mut ranges = ranges(model);
        for (axis, range) in ranges.iter_mut().enumerate() {
            if let Some(nodes) = axes.iter().position(|a| *a == axis).map(|i| &function.nodes()[i]) {
                let (first, last) = (nodes[0], nodes[nodes.len() - 1]);
                range.lower = range.lower.max(first).min(last);
                range.upper = range.upper.min(last).max(range.lower);
            } else if let Some(value) = model.axes[axis].value {
                *range = AxisRange::point(value);
            }
        }
        match held_out(&ranges, HELD_OUT_COUNT) {
            Ok(points) => coordinates = points.coordinates,
            Err(_) => return Ok(None),
        }
    }
    let count = coordinates.first().map_or(0, Vec::len);
    let values_of = |values: &ReferenceValues| match values {
        ReferenceValues::Points(values) => values.clone(),
        ReferenceValues::Grid { axes, function } => {
            let at = |i: usize| axes.iter().map(|&axis| coordinates[axis][i]).collect::<Vec<f64>>();
            (0..count).map(|i| function.value(&at(i), &[])).collect()
        }
    };
    let exact = reference.components.iter().map(values_of).collect();
    let formulas: Vec<Expr> = unknown.components.iter().map(|component| component.value).collect();
    let values = lowered.predictor(&lowered.description.graph, &formulas, backend)?;
    let unknowns = vec![Compared { name: unknown.name.clone(), exact }];
    Ok(Some(Group { values, coordinates, unknowns }))
}

impl Group {
    fn errors(&mut self, theta: &[f64]) -> Vec<FieldError> {
        let values = self.values.evaluate(theta, &self.coordinates);
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
