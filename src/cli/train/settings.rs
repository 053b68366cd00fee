//! `settings.json`: what was asked for, in full, and on which machine.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::cli::info::{Machine, machine};
use crate::cli::{CliError, Context};
use crate::dataset::KeptFile;
use crate::model::{Model, OptionValue};
use crate::report::files::{self, WriteError};
use crate::train::{Limits, Recipe, RunFiles};

/// What a resumed run needs to know; part of `settings.json`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Origin {
    /// Name of the problem and, with `.pde`, of its copy.
    pub problem: String,
    /// The hash of the copy.
    pub blake3: String,
    /// `name=value` for each `--set`.
    pub set: Vec<String>,
    /// The value of `--optimizer`.
    pub optimizer: Option<String>,
    /// The seed.
    pub seed: u64,
    /// The files that the problem names.
    #[serde(default)]
    pub files: Vec<Copy>,
}

/// The copy of a file that the problem names.
#[derive(Debug, Serialize, Deserialize)]
pub struct Copy {
    /// Its path from the folder of the problem.
    pub path: String,
    /// The name of the copy, in the folder of copies.
    pub copy: String,
    /// The hash of the copy.
    pub blake3: String,
}

/// What a run was to end at, beside the steps of its stages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Bounds {
    /// Seconds of training.
    pub time_s: Option<f64>,
    /// Steps of all stages together.
    pub steps: Option<usize>,
    /// The relative L2 error.
    pub l2: Option<f64>,
}

impl From<Limits> for Bounds {
    fn from(limits: Limits) -> Self {
        Self { time_s: limits.time.map(|time| time.as_secs_f64()), steps: limits.steps, l2: limits.target }
    }
}

#[derive(Serialize)]
struct Settings<'a> {
    schema: u32,
    tool: &'static str,
    version: &'static str,
    #[serde(flatten)]
    origin: Origin,
    limits: Bounds,
    parameters: BTreeMap<&'a str, Option<f64>>,
    networks: Vec<Network<'a>>,
    terms: Vec<Term<'a>>,
    stages: Vec<Stage>,
    threads: usize,
    machine: Machine,
}

/// What decides about the time and the end of a run, beside its [`Recipe`]; part of `settings.json`.
#[derive(PartialEq, Deserialize)]
struct Circumstances {
    version: String,
    limits: Bounds,
    threads: usize,
}

#[derive(Serialize)]
struct Network<'a> {
    unknowns: Vec<&'a str>,
    network: String,
    parameters: usize,
}

#[derive(Serialize)]
struct Term<'a> {
    label: &'a str,
    weight: f64,
    points: usize,
}

#[derive(Serialize)]
struct Stage {
    method: &'static str,
    options: BTreeMap<&'static str, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    windows: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stage: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    parameters: BTreeMap<String, f64>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Value {
    Number(f64),
    Name(String),
}

/// Writes `settings.json`, the copy of the problem, and those of the files that it names.
///
/// # Errors
/// [`WriteError`] if one of the files can't be written.
pub fn write(
    files: &RunFiles,
    recipe: &Recipe,
    limits: Limits,
    model: &Model,
    context: &Context,
) -> Result<(), CliError> {
    files::write_atomic(&files.problem(&recipe.name), recipe.text.as_bytes())?;
    let copies = write_copies(files, recipe)?;
    let settings = Settings {
        schema: 1,
        tool: "pdec",
        version: env!("CARGO_PKG_VERSION"),
        origin: Origin {
            problem: recipe.name.clone(),
            blake3: hash(recipe.text.as_bytes()),
            set: recipe.set.clone(),
            optimizer: recipe.optimizer.clone(),
            seed: recipe.seed,
            files: copies,
        },
        limits: limits.into(),
        parameters: parameters(model),
        networks: networks(model),
        terms: terms(model),
        stages: stages(model),
        threads: context.threads.get(),
        machine: machine(),
    };
    let path = files.settings();
    let text = serde_json::to_string_pretty(&settings).map_err(|e| WriteError::of(&path, io::Error::other(e)))?;
    Ok(files::write_atomic(&path, (text + "\n").as_bytes())?)
}

/// Numbers of the file with their values, parametric ones among them.
fn parameters(model: &Model) -> BTreeMap<&str, Option<f64>> {
    let fixed = model.parameters.iter().map(|p| (p.name.as_str(), model.graph.constant_value(p.value)));
    let parametric = model.axes.iter().filter(|a| a.value.is_some()).map(|a| (a.name.as_str(), a.value));
    fixed.chain(parametric).collect()
}

fn networks(model: &Model) -> Vec<Network<'_>> {
    let plans = model.networks.iter();
    plans
        .map(|plan| Network {
            unknowns: plan.fields.iter().map(|&f| model.fields[f].name.as_str()).collect(),
            network: plan.architecture.to_string(),
            parameters: model.parameter_count(plan),
        })
        .collect()
}

fn terms(model: &Model) -> Vec<Term<'_>> {
    let term = |t: usize| Term { label: &model.terms[t].label, weight: model.weight(t), points: model.point_count(t) };
    (0..model.terms.len()).map(term).collect()
}

fn stages(model: &Model) -> Vec<Stage> {
    let value = |value: OptionValue| match value {
        OptionValue::Number(number) => Value::Number(number),
        other => Value::Name(other.to_string()),
    };
    let stage = |stage: &crate::model::Stage| Stage {
        method: stage.method.name(),
        options: stage.method.options().iter().filter_map(|o| Some((o.name, value(stage.option(o.name)?)))).collect(),
        windows: stage.windows.map(|(windows, _)| windows),
        stage: stage.correction.as_ref().map(|correction| correction.architecture.to_string()),
        parameters: stage.parameters.iter().cloned().collect(),
    };
    model.stages.iter().map(stage).collect()
}

/// The recipe of a run that is there.
///
/// # Errors
/// [`CliError::Read`] if a file can't be read, [`CliError::Damaged`] if it is not what was written.
pub fn read(files: &RunFiles) -> Result<Recipe, CliError> {
    let path = files.settings();
    let origin: Origin = serde_json::from_str(&text_of(&path)?)
        .map_err(|error| CliError::Damaged { path: path.clone(), reason: error.to_string() })?;
    // The name becomes a part of a path.
    if !origin.problem.chars().all(|c| c.is_alphanumeric() || c == '_') {
        return Err(CliError::Damaged { path, reason: format!("`{}` is no name of a problem", origin.problem) });
    }
    let copy = files.problem(&origin.problem);
    let text = text_of(&copy)?;
    if hash(text.as_bytes()) != origin.blake3 {
        let reason = "it was changed since the run began; train the changed file as a new run".to_owned();
        return Err(CliError::Damaged { path: copy, reason });
    }
    let kept = origin.files.into_iter().map(|copy| read_copy(files, copy)).collect::<Result<_, _>>()?;
    let Origin { problem: name, set, optimizer, seed, .. } = origin;
    Ok(Recipe { name, text, set, optimizer, seed, files: kept })
}

/// Whether a run was begun with these limits, by this version and with as many threads.
pub fn is_of(files: &RunFiles, limits: Limits, context: &Context) -> bool {
    let text = fs::read_to_string(files.settings()).unwrap_or_default();
    let expected = Circumstances {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        limits: limits.into(),
        threads: context.threads.get(),
    };
    serde_json::from_str::<Circumstances>(&text).is_ok_and(|found| found == expected)
}

/// Writes the copies of the files of a problem. They are numbered, since their paths may lead anywhere.
fn write_copies(files: &RunFiles, recipe: &Recipe) -> Result<Vec<Copy>, CliError> {
    let folder = files.copies();
    if !recipe.files.is_empty() {
        fs::create_dir_all(&folder).map_err(|error| WriteError::of(&folder, error))?;
    }
    let write = |(index, file): (usize, &KeptFile)| {
        let name = file.path.rsplit('/').next().unwrap_or_default();
        let sound = |c: char| if c.is_alphanumeric() || matches!(c, '_' | '-' | '.') { c } else { '_' };
        let copy = format!("{:04}-{}", index + 1, name.chars().map(sound).collect::<String>());
        files::write_atomic(&folder.join(&copy), &file.bytes)?;
        Ok(Copy { path: file.path.clone(), copy, blake3: hash(&file.bytes) })
    };
    recipe.files.iter().enumerate().map(write).collect()
}

fn read_copy(files: &RunFiles, copy: Copy) -> Result<KeptFile, CliError> {
    let path = files.copies().join(&copy.copy);
    // The name becomes a part of a path.
    if copy.copy.contains(['/', '\\']) || copy.copy.starts_with('.') {
        return Err(CliError::Damaged { path, reason: format!("`{}` is no name of a copy", copy.copy) });
    }
    let bytes = fs::read(&path).map_err(|source| CliError::Read { path: path.clone(), source })?;
    if hash(&bytes) != copy.blake3 {
        let reason = "it was changed since the run began; train the problem again".to_owned();
        return Err(CliError::Damaged { path, reason });
    }
    Ok(KeptFile { path: copy.path, bytes: bytes.into() })
}

fn text_of(path: &Path) -> Result<String, CliError> {
    fs::read_to_string(path).map_err(|source| CliError::Read { path: path.to_owned(), source })
}

fn hash(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}
