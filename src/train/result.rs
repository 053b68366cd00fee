//! `result.json`: how a run ended.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use super::metrics::FieldError;
use super::numbers::FoundNumber;
use super::reports::ReportValue;
use super::stop::Stop;

/// How well one unknown is known.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ErrorRecord {
    /// ‖u - exact‖ / ‖exact‖ in L2, on held-out points; absent if it is not finite.
    pub l2rel: Option<f64>,
    /// The largest absolute difference there.
    pub linf: Option<f64>,
    /// Whether the sign was chosen that has the smaller error, since the problem does not fix it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub up_to_sign: bool,
}

/// A number that training found.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct NumberRecord {
    /// Its value; absent if it is not finite.
    pub value: Option<f64>,
    /// Its standard deviation, where data determine it.
    pub sd: Option<f64>,
}

/// How a run ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunResult {
    /// Version of this form.
    pub schema: u32,
    /// `pdec`.
    pub tool: String,
    /// Its version.
    pub version: String,
    /// `ok`, or `failed`.
    pub status: String,
    /// Why it ended.
    pub stop: String,
    /// The seed.
    pub seed: u64,
    /// Steps of all stages.
    pub steps: usize,
    /// The loss at the end.
    pub loss: Option<f64>,
    /// The losses of the terms at the end.
    pub terms: BTreeMap<String, Option<f64>>,
    /// The errors of the unknowns that have an exact solution.
    pub errors: BTreeMap<String, ErrorRecord>,
    /// The numbers of `fit`.
    #[serde(default)]
    pub numbers: BTreeMap<String, NumberRecord>,
    /// What the file asks to report.
    pub reports: BTreeMap<String, Option<f64>>,
    /// Seconds of training, evaluation of errors excluded.
    pub train_s: f64,
    /// Seconds in all, from reading the file on; of this process, where a run was resumed.
    pub wall_s: f64,
}

impl RunResult {
    /// Of a run that ended for this reason; the numbers are filled in by whoever has them.
    pub fn new(stop: Stop, seed: u64) -> Self {
        let failed = matches!(stop, Stop::NotFinite | Stop::NoDecrease);
        Self {
            schema: 1,
            tool: "pdec".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            status: if failed { "failed" } else { "ok" }.to_owned(),
            stop: stop.name().to_owned(),
            seed,
            steps: 0,
            loss: None,
            terms: BTreeMap::new(),
            errors: BTreeMap::new(),
            numbers: BTreeMap::new(),
            reports: BTreeMap::new(),
            train_s: 0.0,
            wall_s: 0.0,
        }
    }

    /// Takes the losses of the terms, and their sum.
    #[must_use]
    pub fn with_losses(mut self, terms: &[(String, f64)]) -> Self {
        self.loss = finite(terms.iter().map(|(_, loss)| loss).sum());
        self.terms = terms.iter().map(|(label, loss)| (label.clone(), finite(*loss))).collect();
        self
    }

    /// Takes the numbers that were found.
    #[must_use]
    pub fn with_numbers(mut self, numbers: &[FoundNumber]) -> Self {
        let record = |n: &FoundNumber| NumberRecord { value: finite(n.value), sd: n.deviation.and_then(finite) };
        self.numbers = numbers.iter().map(|n| (n.name.clone(), record(n))).collect();
        self
    }

    /// Takes the errors.
    #[must_use]
    pub fn with_errors(mut self, errors: &[FieldError]) -> Self {
        let record = |e: &FieldError| ErrorRecord {
            l2rel: finite(e.relative_l2),
            linf: finite(e.maximum),
            up_to_sign: e.up_to_sign,
        };
        self.errors = errors.iter().map(|e| (e.name.clone(), record(e))).collect();
        self
    }

    /// Takes the reports.
    #[must_use]
    pub fn with_reports(mut self, reports: &[ReportValue]) -> Self {
        self.reports = reports.iter().map(|report| (report.name.clone(), finite(report.value))).collect();
        self
    }
}

/// JSON has no infinities.
fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}
