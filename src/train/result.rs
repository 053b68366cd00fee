//! `result.json`: how a run ended.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

use super::metrics::FieldError;
use super::numbers::FoundNumber;
use super::reports::ReportValue;
use super::session::Session;
use super::stop::Stop;
use crate::model::Precision;

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
    /// What training computed in: `f64` or `f32`.
    #[serde(default = "double")]
    pub precision: String,
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
    /// The most memory that the process had at a time, in bytes; absent where the system does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_bytes: Option<u64>,
}

/// The precision of runs that did not write theirs.
fn double() -> String {
    Precision::Double.to_string()
}

impl RunResult {
    /// Of a session that ended for this reason, after so much time in all; what it had of memory only its process knows.
    pub fn of(session: &mut Session, reports: &[ReportValue], stop: Stop, wall: Duration) -> Self {
        let failed = matches!(stop, Stop::NotFinite | Stop::NoDecrease);
        let error = |e: FieldError| {
            let record =
                ErrorRecord { l2rel: finite(e.relative_l2), linf: finite(e.maximum), up_to_sign: e.up_to_sign };
            (e.name, record)
        };
        let number =
            |n: FoundNumber| (n.name, NumberRecord { value: finite(n.value), sd: n.deviation.and_then(finite) });
        let terms = session.term_losses();
        Self {
            schema: 1,
            tool: "pdec".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            status: if failed { "failed" } else { "ok" }.to_owned(),
            stop: stop.name().to_owned(),
            seed: session.seed(),
            precision: session.model().settings.precision.to_string(),
            steps: session.total_steps(),
            loss: finite(terms.iter().map(|(_, loss)| loss).sum()),
            terms: terms.into_iter().map(|(label, loss)| (label, finite(loss))).collect(),
            errors: session.errors().into_iter().map(error).collect(),
            numbers: session.numbers().into_iter().map(number).collect(),
            reports: reports.iter().map(|report| (report.name.clone(), finite(report.value))).collect(),
            train_s: session.seconds(),
            wall_s: wall.as_secs_f64(),
            peak_bytes: None,
        }
    }
}

/// JSON has no infinities.
fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}
