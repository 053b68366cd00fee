//! A trained run, ready to be evaluated: shared by `eval` and `plot`.

use std::path::{Path, PathBuf};

use super::{CliError, Context};
use crate::dataset::Files;
use crate::diagnostic::{Level, Source};
use crate::expr::Expr;
use crate::model::{Formulas, Given, Model};
use crate::pipeline::{self, Backend, Lowered, Times};
use crate::simplify::Effort;
use crate::train::{
    FieldError, FoundNumber, Metrics, ModelFile, ReportValue, RunFiles, RunResult, Trained, find_run, number_values,
    report_values,
};

/// Points that are evaluated at a time, so that any number of points needs little memory.
const CHUNK: usize = 1 << 15;

/// Trained networks, their problem, and formulas of them.
pub struct Solution {
    /// Where figures and such belong.
    pub folder: PathBuf,
    /// The files of the run, unless it is a model file alone.
    pub files: Option<RunFiles>,
    /// The text of the problem.
    pub text: String,
    /// The problem.
    pub lowered: Lowered,
    /// The formulas that were asked for.
    pub formulas: Vec<Expr>,
    /// The parameters of each window of time that was begun.
    thetas: Vec<Vec<f64>>,
}

impl Solution {
    /// Loads a run, or a model file alone, and reads formulas in the names of its problem; `set` has values of parametric
    /// numbers, `name=value`.
    ///
    /// # Errors
    /// [`CliError`] if there is no such run, if its files are damaged, or if a formula or a value has no meaning there.
    ///
    /// What the run has no copy of is looked for in the folders that are `allowed`.
    pub fn load(
        run: &Path,
        formulas: &Formulas,
        set: &[String],
        allowed: &[PathBuf],
        context: &Context,
    ) -> Result<Self, CliError> {
        if run.extension().is_some_and(|extension| extension == "pde") {
            let file = run.display();
            let text = format!("`{file}` is a problem, not a run: `pdec train {file}` makes one and says its name");
            return Err(CliError::Usage(text));
        }
        let (files, path) = if run.is_file() {
            (None, run.to_owned())
        } else {
            let files = find_run(run, &context.runs()).ok_or_else(|| CliError::NoRun(run.to_owned()))?;
            let path = files.model();
            if !path.exists() {
                return Err(CliError::Untrained(files.folder().to_owned()));
            }
            (Some(files), path)
        };
        let file = ModelFile::read(&path)?;
        let (model, formulas) = read(&file, &path, formulas, set, allowed)?;
        let lowered = pipeline::lower(model, Effort::Off, &mut Times::default())?;
        let thetas = file.thetas(&lowered.description)?;
        let folder = path.parent().map(Path::to_owned).unwrap_or_default();
        Ok(Self { folder, files, text: file.recipe.text.clone(), lowered, formulas, thetas })
    }

    /// The problem.
    pub fn model(&self) -> &Model {
        &self.lowered.model
    }

    /// The parameters of each window of time that was begun.
    pub fn thetas(&self) -> Vec<&[f64]> {
        self.thetas.iter().map(Vec::as_slice).collect()
    }

    /// The values of formulas at points given as one column an axis.
    ///
    /// # Errors
    /// [`CliError::Assemble`] if a formula can't be compiled.
    pub fn values(&self, formulas: &[Expr], columns: &[Vec<f64>]) -> Result<Vec<Vec<f64>>, CliError> {
        let graph = &self.lowered.description.graph;
        let mut predictor = Trained::new(&self.lowered, graph, formulas, Backend::default())?;
        let count = columns.first().map_or(0, Vec::len);
        let mut values = vec![Vec::with_capacity(count); formulas.len()];
        for start in (0..count).step_by(CHUNK) {
            let end = (start + CHUNK).min(count);
            let part: Vec<Vec<f64>> = columns.iter().map(|column| column[start..end].to_vec()).collect();
            let found = predictor.evaluate(&self.thetas(), &part);
            values.iter_mut().zip(found).for_each(|(all, more)| all.extend(more));
        }
        Ok(values)
    }

    /// The numbers that training found; their deviations are those that the run noted.
    pub fn numbers(&self) -> Vec<FoundNumber> {
        let text = self.files.as_ref().and_then(|files| std::fs::read_to_string(files.result()).ok());
        let result: Option<RunResult> = text.and_then(|text| serde_json::from_str(&text).ok());
        let noted = |name: &str| result.as_ref().and_then(|result| result.numbers.get(name)?.sd);
        let thetas = self.thetas();
        let values = thetas.last().map(|theta| number_values(&self.lowered, theta)).unwrap_or_default();
        values.into_iter().map(|(name, value)| FoundNumber { deviation: noted(&name), name, value }).collect()
    }

    /// What the file asks to report.
    ///
    /// # Errors
    /// [`CliError::Assemble`] if a formula can't be compiled.
    pub fn reports(&self) -> Result<Vec<ReportValue>, CliError> {
        Ok(report_values(&self.lowered, &self.thetas(), Backend::default())?)
    }

    /// The errors of the unknowns that have an exact solution, on held-out points.
    ///
    /// # Errors
    /// [`CliError::Assemble`] if an exact solution can't be compiled.
    pub fn errors(&self) -> Result<Vec<FieldError>, CliError> {
        let metrics = Metrics::new(&self.lowered, Backend::default())?;
        Ok(metrics.map(|mut metrics| metrics.errors(&self.thetas())).unwrap_or_default())
    }
}

/// The problem of a model file, with formulas in its names.
fn read(
    file: &ModelFile,
    path: &Path,
    formulas: &Formulas,
    set: &[String],
    allowed: &[PathBuf],
) -> Result<(Model, Vec<Expr>), CliError> {
    let overrides = super::train::overrides(&file.recipe.set, file.recipe.optimizer.as_deref())?;
    let with_set = super::train::overrides(&[&file.recipe.set, set].concat(), file.recipe.optimizer.as_deref())?;
    let files =
        Files::kept(file.recipe.files.clone(), allowed).map_err(|(path, source)| CliError::Read { path, source })?;
    let source = || Source::new(file.recipe.name.clone(), file.recipe.text.clone());
    let damaged = |reason: String| CliError::Damaged { path: path.to_owned(), reason };
    let given = Given { overrides: &with_set, formulas, files: &files };
    let checked = pipeline::check_given(source(), given, &mut Times::default());
    if let Some(model) = checked.model {
        only_parametric(&model.0, set)?;
        return Ok(model);
    }
    let first = checked.found.iter().find(|d| d.level == Level::Error);
    let message =
        first.map(|d| [std::slice::from_ref(&d.message), &d.helps[..]].concat().join("; ")).unwrap_or_default();
    // The problem was sound when it was trained: if it still is, a formula or a value is not.
    let alone = Given { overrides: &overrides, formulas: &Formulas::default(), ..given };
    match pipeline::check_given(source(), alone, &mut Times::default()).model {
        Some(_) => Err(CliError::Usage(message)),
        None => Err(damaged(format!("its problem has errors: {message}"))),
    }
}

/// What a run was trained with stays as it is; only parametric numbers may take another value.
fn only_parametric(model: &Model, set: &[String]) -> Result<(), CliError> {
    let parametric: Vec<&str> = model.axes.iter().filter(|a| a.value.is_some()).map(|a| a.name.as_str()).collect();
    let name = |text: &'_ String| text.split_once('=').map_or(String::new(), |(name, _)| name.trim().to_owned());
    let Some(fixed) = set.iter().map(name).find(|name| !parametric.contains(&name.as_str())) else { return Ok(()) };
    let known = match parametric.as_slice() {
        [] => "this problem has none".to_owned(),
        names => format!("there is {}", names.join(", ")),
    };
    let text =
        format!("`--set {fixed}=..`: a trained run takes values of parametric numbers (`param .. in`) only; {known}");
    Err(CliError::Usage(text))
}

/// Coordinates of a grid with both ends of each axis, the last axis fastest; one column an axis.
pub fn grid(axes: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let total: usize = axes.iter().map(Vec::len).product();
    let mut columns = Vec::with_capacity(axes.len());
    let mut repeat = total;
    for axis in axes {
        repeat /= axis.len();
        columns.push((0..total).map(|i| axis[i / repeat % axis.len()]).collect());
    }
    columns
}

/// `count` points from `lower` to `upper`; the middle if it is one.
pub fn even(lower: f64, upper: f64, count: usize) -> Vec<f64> {
    if count == 1 {
        return vec![0.5 * (lower + upper)];
    }
    let at = |i: usize| if i + 1 == count { upper } else { lower + (upper - lower) * i as f64 / (count - 1) as f64 };
    (0..count).map(at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grids_run_through_the_last_axis_first() {
        let columns = grid(&[even(0.0, 1.0, 2), even(-1.0, 1.0, 3)]);
        assert_eq!(columns, [[0.0, 0.0, 0.0, 1.0, 1.0, 1.0], [-1.0, 0.0, 1.0, -1.0, 0.0, 1.0]]);
        assert_eq!(even(0.0, 0.3, 1), [0.15]);
        assert_eq!(even(0.0, 0.1, 4)[3], 0.1, "the end is the end");
    }
}
