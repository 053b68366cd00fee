//! What a session says of itself: errors, losses and gradients of terms, numbers, reports.

use super::alignment::{self, Alignment};
use super::metrics::FieldError;
use super::numbers::{FoundNumber, found_numbers};
use super::reports::{ReportValue, report_values};
use super::session::Session;
use crate::kernel::{Objective, half_square};
use crate::model::Model;
use crate::pipeline::{self, CompileError, Times};
use crate::simplify::Effort;

impl Session {
    /// The error of each unknown that has an exact solution, over all times.
    pub fn errors(&mut self) -> Vec<FieldError> {
        let thetas: Vec<&[f64]> = self.finished.iter().map(Vec::as_slice).chain([self.theta.as_slice()]).collect();
        self.metrics.as_mut().map(|m| m.errors(&thetas)).unwrap_or_default()
    }

    /// The errors in the problem of the current window and stage.
    pub(super) fn current_errors(&mut self) -> Vec<FieldError> {
        match &mut self.own_metrics {
            Some(metrics) => metrics.errors(&[&self.theta]),
            None => self.errors(),
        }
    }

    /// What the file asks to report.
    ///
    /// # Errors
    /// [`CompileError`] if a formula has no program.
    pub fn reports(&self) -> Result<Vec<ReportValue>, CompileError> {
        if self.model.reports.is_empty() {
            return Ok(Vec::new());
        }
        // The problem of the current window and stage is not the problem as such.
        let lowered = pipeline::lower(Model::clone(&self.model), Effort::Off, &mut Times::default())?;
        report_values(&lowered, &self.thetas(), self.compiled.backend)
    }

    /// What the kernel says with the weights of the file.
    fn plainly<T>(&mut self, ask: impl FnOnce(&Self) -> T) -> T {
        let (kernel, points) = (&mut self.compiled.kernel, &self.points.sets);
        if let Some(causal) = &self.causal {
            causal.remove(kernel, points);
        }
        if let Some(weights) = &self.weights {
            weights.remove(kernel, points);
        }
        let answer = ask(self);
        // Causal weights are new at each step; the others may stay, and choose points before the next one.
        if let Some(weights) = &self.weights {
            weights.apply(&mut self.compiled.kernel, &self.points.sets);
        }
        answer
    }

    /// The numbers that are to be found, with their present values and standard deviations, with the weights of the file.
    pub fn numbers(&mut self) -> Vec<FoundNumber> {
        self.plainly(|session| found_numbers(&session.compiled, &session.level.own(&session.theta)))
    }

    /// The loss of each term at θ, by label, with the weights of the file.
    pub fn term_losses(&mut self) -> Vec<(String, f64)> {
        self.plainly(Self::plain_losses)
    }

    fn plain_losses(&self) -> Vec<(String, f64)> {
        let kernel = &self.compiled.kernel;
        let mut values = vec![0.0; kernel.rows()];
        kernel.values(&self.level.own(&self.theta), &mut values);
        let lowered = &self.compiled.lowered;
        lowered.by_term(|block, formula| {
            let of_rows = |rows: std::ops::Range<usize>| match lowered.blocks[block].energy {
                true => values[rows].iter().sum(),
                false => half_square(&values[rows]),
            };
            self.level.loss_factor() * kernel.rows_of(block, formula).map(of_rows).sum::<f64>()
        })
    }

    /// The gradient of the loss of each term, by label, with the weights of the file, at all points: in the parameters that
    /// the stage trains, as its method sees them.
    pub fn term_gradients(&mut self) -> Vec<(String, Vec<f64>)> {
        self.plainly(Self::plain_gradients)
    }

    fn plain_gradients(&self) -> Vec<(String, Vec<f64>)> {
        let own = self.level.own(&self.theta);
        self.compiled.lowered.by_term(|block, formula| {
            let mut gradient = vec![0.0; own.len()];
            self.compiled.kernel.gradient_of(block, formula, &own, &mut gradient);
            gradient
        })
    }

    /// How the gradients of the terms point, and the gradient of the loss here and at the parameters before a step.
    pub(super) fn alignment_since(&mut self, before: &[f64]) -> Alignment {
        let terms: Vec<Vec<f64>> = self.term_gradients().into_iter().map(|(_, gradient)| gradient).collect();
        let whole = |theta: &[f64]| {
            let mut gradient = vec![0.0; theta.len()];
            self.compiled.kernel.gradient(theta, &mut gradient);
            gradient
        };
        let around = [whole(before), whole(&self.level.own(&self.theta))];
        Alignment { intra: alignment::score(&terms), inter: alignment::score(&around) }
    }

    /// How much each term counts beside its weight in the file, by label; empty where that does not change.
    pub fn term_weights(&self) -> Vec<(String, f64)> {
        self.weights.as_ref().map(|weights| weights.of_terms(&self.compiled.lowered)).unwrap_or_default()
    }

    /// The first term, in the order of the file, whose residual is no number at θ, or was none where training last went
    /// back, and a point where it is none.
    pub fn not_finite(&self) -> Option<(String, Vec<f64>)> {
        self.not_finite_here().or_else(|| self.fault.clone())
    }

    pub(super) fn not_finite_here(&self) -> Option<(String, Vec<f64>)> {
        let kernel = &self.compiled.kernel;
        let mut residual = vec![0.0; kernel.rows()];
        kernel.values(&self.level.own(&self.theta), &mut residual);
        let mut found: Option<(usize, Vec<f64>)> = None;
        for (b, block) in self.compiled.lowered.blocks.iter().enumerate() {
            for (r, &term) in block.terms.iter().enumerate() {
                let row = kernel.rows_of(b, r).flatten().position(|row| !residual[row].is_finite());
                let Some(point) = row.filter(|_| found.as_ref().is_none_or(|(first, _)| term < *first)) else {
                    continue;
                };
                let at = |column: &Vec<f64>| column.get(point).copied();
                let coordinates = self.points.sets[b].coordinates.iter().filter_map(at).collect();
                found = Some((term, coordinates));
            }
        }
        found.map(|(term, point)| (self.compiled.lowered.model.terms[term].label.clone(), point))
    }
}
