//! `log.jsonl`: what each step did, one JSON object a line.
//!
//! Every step up to 1000, then every tenth, from 10,000 on every hundredth, and so on: a long run has some 900 lines a
//! decade. Steps whose errors were evaluated, the last one, and where training went back are always there.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use super::alignment::Alignment;
use super::observer::StepEvent;
use crate::optim::Outcome;
use crate::report::files::{WriteError, write_atomic};

/// One line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogEntry {
    /// Steps of all stages.
    pub step: usize,
    /// The window of time, from 1, where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<usize>,
    /// The stage, from 1.
    pub stage: usize,
    /// Seconds of training, evaluation of errors excluded.
    pub time: f64,
    /// The loss behind the step; absent if it is not finite.
    pub loss: Option<f64>,
    /// The losses of the terms, where they were evaluated.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub terms: BTreeMap<String, f64>,
    /// The relative L2 error of each unknown, where it was evaluated.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub l2: BTreeMap<String, f64>,
    /// The numbers that are to be found.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub numbers: BTreeMap<String, f64>,
    /// The norm of the gradient.
    pub gradient: Option<f64>,
    /// The damping or the learning rate.
    pub eta: f64,
    /// How many trial points the step took.
    pub trials: usize,
    /// A difficulty that the step met, and what was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub met: Option<String>,
    /// The least causal weight, where there are such weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causal: Option<f64>,
    /// How much each term counts beside its weight in the file, where that changes and errors were evaluated.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub weights: BTreeMap<String, f64>,
    /// How gradients point, where it was asked for and errors were evaluated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alignment: Option<Alignment>,
}

impl LogEntry {
    /// The line of a step.
    pub fn of(event: &StepEvent<'_>) -> Self {
        let finite = |value: f64| value.is_finite().then_some(value);
        Self {
            step: event.total_steps,
            window: (event.window.1 > 1).then_some(event.window.0 + 1),
            stage: event.stage + 1,
            time: event.seconds,
            loss: finite(event.report.loss),
            terms: event.terms.iter().filter(|(_, loss)| loss.is_finite()).cloned().collect(),
            l2: event
                .errors
                .iter()
                .filter(|e| e.relative_l2.is_finite())
                .map(|e| (e.name.clone(), e.relative_l2))
                .collect(),
            numbers: event.numbers.iter().filter(|(_, value)| value.is_finite()).cloned().collect(),
            gradient: finite(event.report.gradient),
            eta: event.report.rate,
            trials: event.report.trials,
            met: event.report.met.map(|met| met.to_string()),
            causal: event.causal.filter(|weight| weight.is_finite()),
            weights: event.weights.iter().filter(|_| !event.terms.is_empty()).cloned().collect(),
            alignment: event.alignment,
        }
    }
}

/// Whether a step is one of those that are always logged.
pub fn is_logged(step: usize) -> bool {
    let decades = step.max(1).ilog10().saturating_sub(2);
    step <= 1000 || step.is_multiple_of(10usize.pow(decades))
}

/// Writes the lines of a run.
#[derive(Debug)]
pub struct Log {
    path: PathBuf,
    file: File,
    /// An entry that is only written if it turns out to be the last.
    pending: Option<LogEntry>,
}

impl Log {
    /// Begins a log, or goes on with one behind the step `after`; later lines, of steps that will be made again, go.
    ///
    /// # Errors
    /// [`WriteError`] if the file can't be written.
    pub fn open(path: &Path, after: usize) -> Result<Self, WriteError> {
        let before = match read_log(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(WriteError::of(path, error)),
            lines => lines.unwrap_or_default(),
        };
        let kept: Vec<LogEntry> = before.into_iter().filter(|e| e.step <= after).collect();
        let mut text = String::new();
        for entry in &kept {
            text += &line(entry).map_err(|error| WriteError::of(path, error))?;
        }
        write_atomic(path, text.as_bytes())?;
        let file = File::options().append(true).open(path).map_err(|error| WriteError::of(path, error))?;
        Ok(Self { path: path.to_owned(), file, pending: None })
    }

    /// Takes a step; writes it if it is one of those that are logged.
    ///
    /// # Errors
    /// [`WriteError`] if the line can't be written.
    pub fn step(&mut self, event: &StepEvent<'_>) -> Result<(), WriteError> {
        let entry = LogEntry::of(event);
        let went_back = event.report.outcome == Outcome::NotFinite;
        if went_back {
            // Where training went back is told behind the step that led there.
            self.pending.take().map_or(Ok(()), |before| self.write(&before))?;
        }
        if is_logged(entry.step) || went_back || !event.errors.is_empty() {
            self.pending = None;
            return self.write(&entry);
        }
        self.pending = Some(entry);
        Ok(())
    }

    /// Writes the last step, and forces everything to the disk.
    ///
    /// # Errors
    /// [`WriteError`] if that fails.
    pub fn finish(mut self) -> Result<(), WriteError> {
        if let Some(entry) = self.pending.take() {
            self.write(&entry)?;
        }
        self.file.sync_all().map_err(|error| WriteError::of(&self.path, error))
    }

    fn write(&mut self, entry: &LogEntry) -> Result<(), WriteError> {
        // One call a line: whoever follows the file sees whole lines.
        line(entry)
            .and_then(|line| self.file.write_all(line.as_bytes()))
            .map_err(|error| WriteError::of(&self.path, error))
    }
}

fn line(entry: &LogEntry) -> io::Result<String> {
    Ok(serde_json::to_string(entry)? + "\n")
}

/// The lines of a log; those that are damaged, and a last one that was cut off by a crash, are left out.
///
/// # Errors
/// What the system says if the file can't be read.
pub fn read_log(path: &Path) -> io::Result<Vec<LogEntry>> {
    let bytes = fs::read(path)?;
    let lines = bytes.split(|&b| b == b'\n').filter(|line| !line.is_empty());
    Ok(lines.filter_map(|line| serde_json::from_slice(line).ok()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optim::StepReport;

    fn event(total_steps: usize, loss: f64) -> StepEvent<'static> {
        let report = StepReport {
            outcome: Outcome::Moved,
            loss_before: loss,
            loss,
            gradient: 1.0,
            length: 1.0,
            rate: 1e-3,
            trials: 1,
            met: None,
        };
        let (stage, stages, method, steps) = (0, 1, "engd", 100);
        let seconds = total_steps as f64;
        StepEvent {
            window: (0, 1),
            stage,
            stages,
            method,
            step: total_steps,
            steps,
            total_steps,
            seconds,
            report,
            causal: None,
            weights: &[],
            terms: &[],
            errors: &[],
            numbers: &[],
            alignment: None,
        }
    }

    #[test]
    fn long_runs_are_thinned() {
        let logged = (1..=100_000).filter(|&s| is_logged(s)).count();
        assert_eq!(logged, 1000 + 900 + 900);
        assert!(is_logged(1010) && !is_logged(1011) && is_logged(10_100) && !is_logged(10_110));
    }

    #[test]
    fn a_log_goes_on_behind_a_checkpoint() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log.jsonl");
        let mut log = Log::open(&path, 0).unwrap();
        for step in 1..=5 {
            log.step(&event(step, 1.0 / step as f64)).unwrap();
        }
        log.finish().unwrap();
        fs::write(&path, fs::read_to_string(&path).unwrap() + "{\"step\":6,\"ti").unwrap();
        let mut log = Log::open(&path, 3).unwrap();
        log.step(&event(4, f64::NAN)).unwrap();
        log.step(&event(1011, 0.5)).unwrap();
        log.finish().unwrap();
        let entries = read_log(&path).unwrap();
        assert_eq!(entries.iter().map(|e| e.step).collect::<Vec<_>>(), [1, 2, 3, 4, 1011]);
        assert_eq!(entries[2].loss, Some(1.0 / 3.0));
        assert_eq!(entries[3].loss, None);
    }
}
