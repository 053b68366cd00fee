//! Errors against the exact solution or a reference, on points that training never sees.

use super::trained::Trained;
use crate::expr::Expr;
use crate::geometry::HELD_OUT_COUNT;
use crate::model::{Reference, ReferenceValues, Unknown};
use crate::pipeline::{Backend, CompileError, Lowered};

/// The error of one unknown; of a vector or a complex number in the Euclidean norm of its components.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldError {
    /// Name of the unknown.
    pub name: String,
    /// ‖u - exact‖ / ‖exact‖ in L2 (absolute where the exact solution is zero).
    pub relative_l2: f64,
    /// The largest absolute difference.
    pub maximum: f64,
    /// Whether the problem leaves the sign open, so that the one with the smaller error was taken.
    pub up_to_sign: bool,
}

/// Evaluates unknowns on 16384 fixed low-discrepancy points, the same for every seed, or where a reference has its values.
pub struct Metrics {
    groups: Vec<Group>,
}

/// Unknowns that are compared at the same points.
struct Group {
    values: Trained,
    coordinates: Vec<Vec<f64>>,
    unknowns: Vec<Compared>,
    /// Which of them change their signs together without any equation noticing.
    up_to_sign: Vec<Vec<usize>>,
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
    /// [`CompileError`] if a formula has no program.
    pub fn new(lowered: &Lowered, backend: Backend) -> Result<Option<Self>, CompileError> {
        let mut groups = Vec::new();
        groups.extend(Group::against_exact(lowered, backend)?);
        for reference in &lowered.model.references {
            let unknown = &lowered.model.unknowns[reference.unknown];
            if !is_exact(unknown) {
                groups.extend(Group::against_reference(lowered, reference, unknown, backend)?);
            }
        }
        Ok((!groups.is_empty()).then_some(Self { groups }))
    }

    /// The error of each unknown that has an exact solution or a reference, for the parameters of each window.
    pub fn errors(&mut self, thetas: &[&[f64]]) -> Vec<FieldError> {
        self.groups.iter_mut().flat_map(|group| group.errors(thetas)).collect()
    }
}

fn is_exact(unknown: &Unknown) -> bool {
    unknown.components.iter().all(|component| component.exact.is_some())
}

impl Group {
    fn against_exact(lowered: &Lowered, backend: Backend) -> Result<Option<Self>, CompileError> {
        let model = &lowered.model;
        let known: Vec<&Unknown> = model.unknowns.iter().filter(|unknown| is_exact(unknown)).collect();
        let Ok(coordinates) = model.held_out(HELD_OUT_COUNT) else { return Ok(None) };
        if known.is_empty() {
            return Ok(None);
        }
        let components = || known.iter().flat_map(|unknown| &unknown.components);
        let values: Vec<Expr> = components().map(|component| component.value).collect();
        let exact: Vec<Expr> = components().filter_map(|component| component.exact).collect();
        let graph = &lowered.description.graph;
        let values = Trained::new(lowered, graph, &values, backend)?;
        let theta = vec![0.0; lowered.description.parameters()];
        let mut exact = lowered.predictor(graph, &exact, backend)?.evaluate(&theta, &coordinates).into_iter();
        let compared = |unknown: &&Unknown| Compared {
            name: unknown.name.clone(),
            exact: exact.by_ref().take(unknown.components.len()).collect(),
        };
        let unknowns = known.iter().map(compared).collect();
        let position = |unknown: usize| known.iter().position(|k| std::ptr::eq(*k, &model.unknowns[unknown]));
        let up_to_sign = model.up_to_sign().into_iter().map(|set| set.into_iter().filter_map(position).collect());
        Ok(Some(Self { values, coordinates, unknowns, up_to_sign: up_to_sign.collect() }))
    }

    /// Where the reference has its points; with a grid, at the held-out points that it covers, parametric numbers at their
    /// values unless the grid has them.
    fn against_reference(
        lowered: &Lowered,
        reference: &Reference,
        unknown: &Unknown,
        backend: Backend,
    ) -> Result<Option<Self>, CompileError> {
        let model = &lowered.model;
        let mut coordinates = reference.points.clone();
        if let Some(ReferenceValues::Grid { axes, function }) = reference.components.first() {
            let Ok(held_out) = model.held_out(HELD_OUT_COUNT) else { return Ok(None) };
            coordinates = held_out;
            for (axis, column) in coordinates.iter_mut().enumerate() {
                if let Some(value) = model.axes[axis].value.filter(|_| !axes.contains(&axis)) {
                    column.fill(value);
                }
            }
            let covered = |point: usize| {
                axes.iter().zip(function.nodes()).all(|(&axis, nodes)| {
                    let at = coordinates[axis][point];
                    nodes.first().is_some_and(|first| *first <= at) && nodes.last().is_some_and(|last| at <= *last)
                })
            };
            let kept: Vec<usize> = (0..coordinates.first().map_or(0, Vec::len)).filter(|&i| covered(i)).collect();
            coordinates = coordinates.iter().map(|column| kept.iter().map(|&i| column[i]).collect()).collect();
        }
        let count = coordinates.first().map_or(0, Vec::len);
        if count == 0 {
            return Ok(None);
        }
        let values_of = |values: &ReferenceValues| match values {
            ReferenceValues::Points(values) => values.clone(),
            ReferenceValues::Grid { axes, function } => {
                let at = |i: usize| axes.iter().map(|&axis| coordinates[axis][i]).collect::<Vec<f64>>();
                (0..count).map(|i| function.value(&at(i), &[])).collect()
            }
        };
        let exact: Vec<Vec<f64>> = reference.components.iter().map(values_of).collect();
        let formulas: Vec<Expr> = unknown.components.iter().map(|component| component.value).collect();
        let values = Trained::new(lowered, &lowered.description.graph, &formulas, backend)?;
        let unknowns = vec![Compared { name: unknown.name.clone(), exact }];
        Ok(Some(Self { values, coordinates, unknowns, up_to_sign: Vec::new() }))
    }

    fn errors(&mut self, thetas: &[&[f64]]) -> Vec<FieldError> {
        let values = self.values.evaluate(thetas, &self.coordinates);
        let mut rest = values.as_slice();
        let mut errors = Vec::with_capacity(self.unknowns.len());
        let mut negated = Vec::with_capacity(self.unknowns.len());
        for unknown in &self.unknowns {
            let (values, others) = rest.split_at(unknown.exact.len());
            rest = others;
            errors.push(unknown.error(values, 1.0));
            negated.push(if self.up_to_sign.is_empty() { None } else { Some(unknown.error(values, -1.0)) });
        }
        for set in &self.up_to_sign {
            let better = |u: &usize| negated[*u].as_ref().map_or(0.0, |n| errors[*u].relative_l2 - n.relative_l2);
            let flip = set.iter().map(better).sum::<f64>() > 0.0;
            for &unknown in set {
                if let Some(other) = negated[unknown].take().filter(|_| flip) {
                    errors[unknown] = other;
                }
                errors[unknown].up_to_sign = true;
            }
        }
        errors
    }
}

impl Compared {
    /// The error of `sign` times the values.
    fn error(&self, values: &[Vec<f64>], sign: f64) -> FieldError {
        let points = self.exact.first().map_or(0, Vec::len);
        let (mut difference, mut norm, mut maximum) = (0.0, 0.0, 0.0_f64);
        for i in 0..points {
            let mut square = 0.0;
            for (u, e) in values.iter().zip(&self.exact) {
                let gap = sign * u[i] - e[i];
                square += gap * gap;
                norm += e[i] * e[i];
            }
            difference += square;
            // A NaN is the largest.
            maximum = if square <= maximum { maximum } else { square };
        }
        let count = if norm > 0.0 { norm } else { points as f64 };
        let (relative_l2, maximum) = ((difference / count).sqrt(), maximum.sqrt());
        FieldError { name: self.name.clone(), relative_l2, maximum, up_to_sign: false }
    }
}
