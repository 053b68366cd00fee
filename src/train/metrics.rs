//! Errors against the exact solution, on points that training never sees.

use super::trained::Trained;
use crate::expr::Expr;
use crate::geometry::HELD_OUT_COUNT;
use crate::model::Unknown;
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

/// Evaluates unknowns on 16384 fixed low-discrepancy points, the same for every seed.
pub struct Metrics {
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
    /// For the unknowns that have an exact solution; `None` if none has.
    ///
    /// # Errors
    /// [`CompileError`] if an exact solution has no program.
    pub fn new(lowered: &Lowered, backend: Backend) -> Result<Option<Self>, CompileError> {
        let model = &lowered.model;
        let known = |unknown: &&Unknown| unknown.components.iter().all(|component| component.exact.is_some());
        let known: Vec<&Unknown> = model.unknowns.iter().filter(known).collect();
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

    /// The error of each unknown that has an exact solution, for the parameters of each window.
    pub fn errors(&mut self, thetas: &[&[f64]]) -> Vec<FieldError> {
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
