//! What is to be trained: a file from the start, or a run that goes on.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::{Arguments, settings};
use crate::cli::problem::{Checked, check_file, check_source, refuse};
use crate::cli::{CliError, Context};
use crate::dataset::Files;
use crate::diagnostic::Source;
use crate::model::{Model, Overrides};
use crate::pipeline::Times;
use crate::train::{Checkpoint, Recipe, RunFolder, find_run, newest_checkpoint};

/// A checked problem and where its training begins.
pub struct Plan {
    /// How it was read.
    pub recipe: Recipe,
    /// The problem.
    pub model: Model,
    /// How long reading took.
    pub times: Times,
    /// The folder and the checkpoint of a run that goes on.
    pub resumed: Option<(RunFolder, Checkpoint)>,
}

/// A plan, or the exit code of a file that has errors, which were shown.
type Planned = Result<Plan, ExitCode>;

impl Plan {
    /// A new run.
    ///
    /// # Errors
    /// [`CliError`] if the file can't be read or an argument has no meaning.
    pub fn new(arguments: &Arguments, context: &Context) -> Result<Planned, CliError> {
        let set = arguments.overrides.texts();
        let overrides = overrides(&set, arguments.optimizer.as_deref())?;
        let path = arguments.file.as_deref().unwrap_or(Path::new("-"));
        let allowed = &arguments.overrides.reading.allow_read;
        let mut checked = check_file(path, &overrides, allowed, context)?;
        let seed = arguments.overrides.seed;
        let Some((recipe, model)) = recipe(&mut checked, set, arguments.optimizer.as_deref(), seed) else {
            return Ok(Err(refuse(&checked, context)?));
        };
        Ok(Ok(Plan { recipe, model, times: checked.times, resumed: None }))
    }

    /// A run that goes on.
    ///
    /// # Errors
    /// [`CliError`] if there is no such run, if it is being written, or if it has no sound checkpoint.
    pub fn resumed(run: &Path, seed: Option<u64>, allowed: &[PathBuf], context: &Context) -> Result<Planned, CliError> {
        let files = find_run(run, &context.runs()).ok_or_else(|| CliError::NoRun(run.to_owned()))?;
        // The folder itself, not the link `latest`, which may point elsewhere tomorrow.
        let path = match std::fs::read_link(files.folder()) {
            Ok(target) => files.folder().with_file_name(target),
            Err(_) => files.folder().to_owned(),
        };
        let folder = RunFolder::reopen(&path)?;
        let recipe = settings::read(&folder.files())?;
        if let Some(seed) = seed.filter(|&seed| seed != recipe.seed) {
            let text = format!("the run has seed {}, and goes on with it, not with {seed}", recipe.seed);
            return Err(CliError::Usage(text));
        }
        let (checkpoint, passed_over) = newest_checkpoint(&folder.files().checkpoints());
        for error in &passed_over {
            context.say(&format!("warning: {error}; going back to the checkpoint before"));
        }
        let Some(checkpoint) = checkpoint else { return Err(CliError::NoCheckpoint(path)) };
        let overrides = overrides(&recipe.set, recipe.optimizer.as_deref())?;
        let files =
            Files::kept(recipe.files.clone(), allowed).map_err(|(path, source)| CliError::Read { path, source })?;
        let name = folder.files().problem(&recipe.name).display().to_string();
        let checked = check_source(Source::new(name, recipe.text.clone()), &overrides, files, context);
        let Some(model) = checked.model else { return Ok(Err(refuse(&checked, context)?)) };
        Ok(Ok(Plan { recipe, model, times: checked.times, resumed: Some((folder, checkpoint)) }))
    }
}

/// How a run of a checked file is made, and its problem, which it takes; `None` if the file has errors.
pub fn recipe(
    checked: &mut Checked,
    set: Vec<String>,
    optimizer: Option<&str>,
    seed: Option<u64>,
) -> Option<(Recipe, Model)> {
    let model = checked.model.take()?;
    let recipe = Recipe {
        name: model.name.clone(),
        text: checked.source.main().to_owned(),
        files: checked.files.taken(),
        set,
        optimizer: optimizer.map(str::to_owned),
        seed: seed.or(model.settings.seed).unwrap_or(0),
    };
    Some((recipe, model))
}

/// What the command line says about the problem.
///
/// # Errors
/// [`CliError::Usage`] for what can't be read.
pub fn overrides(set: &[String], optimizer: Option<&str>) -> Result<Overrides, CliError> {
    let overrides = Overrides::parse(set)?;
    Ok(match optimizer {
        Some(text) => overrides.with_optimizer(text)?,
        None => overrides,
    })
}
