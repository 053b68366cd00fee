//! A run as its folder tells of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::summary::median;
use crate::cli::CliError;
use crate::cli::train::settings::{Bounds, Origin};
use crate::train::{Alignment, LogEntry, RunFiles, RunResult, read_log};

/// What a run was made with and how it went.
#[derive(Clone, Debug, Serialize)]
pub struct Record {
    /// Its folder.
    pub run: PathBuf,
    /// Name of its problem.
    pub problem: String,
    /// The method of `--optimizer`, or those of the stages of its file.
    pub method: String,
    /// Its seed.
    pub seed: u64,
    /// All else that it was made with, by name.
    pub settings: BTreeMap<String, String>,
    /// Why it ended; none if it has not.
    pub stop: Option<String>,
    /// Steps of all stages.
    pub steps: usize,
    /// Seconds of training.
    pub seconds: f64,
    /// Seconds, and the relative L2 error of its worst unknown there (infinite if it is no number); empty where no solution
    /// is known.
    pub curve: Vec<(f64, f64)>,
    /// The most memory that it had.
    pub peak_bytes: Option<u64>,
    /// The medians of the alignment scores in its log; empty where it has none.
    #[serde(skip_serializing_if = "is_empty")]
    pub alignment: Alignment,
}

fn is_empty(alignment: &Alignment) -> bool {
    *alignment == Alignment::default()
}

/// The parts of `settings.json` that are compared.
#[derive(Deserialize)]
struct Settings {
    version: String,
    #[serde(flatten)]
    origin: Origin,
    #[serde(default)]
    limits: Bounds,
    networks: Vec<Network>,
    stages: Vec<Stage>,
    threads: usize,
}

#[derive(Deserialize)]
struct Network {
    network: String,
}

#[derive(Deserialize)]
struct Stage {
    method: String,
    options: BTreeMap<String, serde_json::Value>,
    /// Values that hold in this stage alone.
    #[serde(default)]
    parameters: BTreeMap<String, f64>,
}

impl Record {
    /// Reads the files of a run; its log is enough of a result where it has not ended.
    ///
    /// # Errors
    /// [`CliError`] if a file can't be read or is damaged.
    pub fn read(files: &RunFiles) -> Result<Self, CliError> {
        let settings: Settings = parsed(&files.settings())?;
        let result: Option<RunResult> = files.result().is_file().then(|| parsed(&files.result())).transpose()?;
        let log = files.log();
        let entries = match read_log(&log) {
            // A run that was asked for no step has none.
            Err(source) if result.is_none() => return Err(CliError::Read { path: log, source }),
            entries => entries.unwrap_or_default(),
        };
        let last = entries.last();
        let of_log = (last.map_or(0, |entry| entry.step), last.map_or(0.0, |entry| entry.time));
        let (steps, seconds) = result.as_ref().map_or(of_log, |result| (result.steps, result.train_s));
        Ok(Self {
            run: files.folder().to_owned(),
            alignment: alignment(&entries),
            curve: curve(&entries, &settings.stages, result.as_ref()),
            stop: result.as_ref().map(|result| result.stop.clone()),
            peak_bytes: result.and_then(|result| result.peak_bytes),
            method: method(&settings),
            seed: settings.origin.seed,
            problem: settings.origin.problem.clone(),
            settings: flattened(settings),
            steps,
            seconds,
        })
    }

    /// The error at the end.
    pub fn error(&self) -> Option<f64> {
        self.curve.last().map(|(_, error)| *error)
    }

    /// Seconds of training until the error was below a bound, as far as the log has errors; infinite if it never was.
    pub fn seconds_to(&self, bound: f64) -> f64 {
        self.curve.iter().find(|(_, error)| *error < bound).map_or(f64::INFINITY, |(time, _)| *time)
    }
}

fn alignment(entries: &[LogEntry]) -> Alignment {
    let over = |of: fn(&Alignment) -> Option<f64>| {
        median(entries.iter().filter_map(|entry| of(entry.alignment.as_ref()?)).collect())
    };
    Alignment { intra: over(|scores| scores.intra), inter: over(|scores| scores.inter) }
}

fn parsed<T: for<'a> Deserialize<'a>>(path: &Path) -> Result<T, CliError> {
    let text = std::fs::read(path).map_err(|source| CliError::Read { path: path.to_owned(), source })?;
    serde_json::from_slice(&text)
        .map_err(|error| CliError::Damaged { path: path.to_owned(), reason: error.to_string() })
}

fn method(settings: &Settings) -> String {
    let stages: Vec<&str> = settings.stages.iter().map(|stage| stage.method.as_str()).collect();
    settings.origin.optimizer.clone().unwrap_or_else(|| stages.join(" + "))
}

/// Everything by which two runs of a problem may differ, beside method and seed.
fn flattened(settings: Settings) -> BTreeMap<String, String> {
    let Settings { version, origin, limits, networks, stages, threads } = settings;
    let hash: String = origin.blake3.chars().take(8).collect();
    let networks: Vec<String> = networks.into_iter().map(|network| network.network).collect();
    let mut all = BTreeMap::from([
        ("file".to_owned(), hash),
        ("network".to_owned(), networks.join(", ")),
        ("pdec".to_owned(), version),
        ("threads".to_owned(), threads.to_string()),
    ]);
    let bounds = [
        ("time", limits.time_s.map(|time| format!("{time} s"))),
        ("most steps", limits.steps.map(|steps| steps.to_string())),
        ("until", limits.l2.map(|l2| format!("{l2:e}"))),
    ];
    all.extend(bounds.into_iter().filter_map(|(name, bound)| Some((name.to_owned(), bound?))));
    let set = origin.set.iter().filter_map(|text| text.split_once('='));
    all.extend(set.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let several = stages.len() > 1;
    for (number, stage) in stages.into_iter().enumerate() {
        let place = if several { format!("stage {} ", number + 1) } else { String::new() };
        let text = |value: serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        for (name, value) in stage.options {
            let name = format!("{place}{name}");
            // A parameter of the problem may have the same name.
            let name = if all.contains_key(&name) { format!("{} {name}", stage.method) } else { name };
            all.insert(name, text(value));
        }
    }
    all
}

/// The errors that are those of the problem as such: neither of one window of time nor of a stage with values of its own.
fn curve(entries: &[LogEntry], stages: &[Stage], result: Option<&RunResult>) -> Vec<(f64, f64)> {
    let unknowns = entries.iter().map(|entry| entry.l2.len()).max().unwrap_or(0);
    let of_problem = |entry: &&LogEntry| {
        let parameters = |stage: Option<&Stage>| stage.map(|stage| stage.parameters.clone());
        let own = stages.get(entry.stage.saturating_sub(1));
        entry.window.is_none() && entry.l2.len() == unknowns && parameters(own) == parameters(stages.last())
    };
    let worst = |entry: &LogEntry| Some((entry.time, entry.l2.values().copied().reduce(f64::max)?));
    let mut curve: Vec<(f64, f64)> = entries.iter().filter(of_problem).filter_map(worst).collect();
    if let Some(result) = result {
        // The last step is in the log, too.
        curve.pop_if(|(time, _)| *time == result.train_s);
        // Training that failed may have gone back to parameters with an error that nobody asked for.
        let of = |l2: Option<f64>| l2.filter(|_| result.status != "failed").unwrap_or(f64::INFINITY);
        let errors = result.errors.values().map(|error| of(error.l2rel));
        curve.extend(errors.reduce(f64::max).map(|error| (result.train_s, error)));
    }
    curve
}
