//! Formulas of a solution at points, whether one network holds it for all times or one for each window.

use crate::expr::{Expr, Graph};
use crate::kernel::Predictor;
use crate::model::Model;
use crate::pipeline::{Backend, CompileError, Lowered, window_predictor};

/// Programs for formulas of a solution.
pub struct Trained {
    /// One a window.
    predictors: Vec<Predictor>,
    /// The axis along which windows follow each other, and where each but the first begins.
    windows: Option<(usize, Vec<f64>)>,
    formulas: usize,
}

impl Trained {
    /// Compiles formulas that live in `graph`, which holds those of the problem.
    ///
    /// # Errors
    /// [`CompileError`] if a formula has no program.
    pub fn new(lowered: &Lowered, graph: &Graph, formulas: &[Expr], backend: Backend) -> Result<Self, CompileError> {
        let model = &lowered.model;
        let windows = model.time().filter(|_| model.windows > 1).map(|axis| (axis, model.window_starts()));
        let predictors = match &windows {
            None => vec![lowered.predictor(graph, formulas, backend)?],
            Some((_, starts)) => {
                let predictor = |window| window_predictor(model, window, graph, formulas, backend);
                (0..=starts.len()).map(predictor).collect::<Result<_, _>>()?
            }
        };
        Ok(Self { predictors, windows, formulas: formulas.len() })
    }

    /// The values of each formula at points given as one column an axis; `thetas` has the parameters of each window that
    /// was begun. Later times are those of the last one.
    ///
    /// # Panics
    /// If `thetas` is empty.
    pub fn evaluate(&mut self, thetas: &[&[f64]], coordinates: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let Some((axis, starts)) = &self.windows else { return self.predictors[0].evaluate(thetas[0], coordinates) };
        let count = coordinates.first().map_or(0, Vec::len);
        let mut values = vec![vec![0.0; count]; self.formulas];
        let last = thetas.len() - 1;
        let window = |time: f64| starts.iter().take_while(|start| **start <= time).count().min(last);
        let windows: Vec<usize> = coordinates[*axis].iter().map(|time| window(*time)).collect();
        for (w, (predictor, theta)) in self.predictors.iter_mut().zip(thetas).enumerate() {
            let own: Vec<usize> = (0..count).filter(|&i| windows[i] == w).collect();
            if own.is_empty() {
                continue;
            }
            let points: Vec<Vec<f64>> = coordinates.iter().map(|c| own.iter().map(|&i| c[i]).collect()).collect();
            for (values, found) in values.iter_mut().zip(predictor.evaluate(theta, &points)) {
                own.iter().zip(found).for_each(|(&i, value)| values[i] = value);
            }
        }
        values
    }
}

/// The problem of a window and a stage, unless it is the problem as such.
pub(super) fn problem_of(model: &Model, window: usize, stage: usize) -> Option<Model> {
    let own = model.stages[stage].model.as_deref();
    if model.windows > 1 { Some(own.unwrap_or(model).window(window)) } else { own.cloned() }
}
