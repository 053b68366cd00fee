//! `pdec new`: a file to start from.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::{CliError, Context, Document, Status};
use crate::report::files;

const DEFAULT: &str = "heat";

/// Write a commented problem file to start from
#[derive(Debug, Args)]
pub struct Arguments {
    /// Name of the problem; the file is NAME.pde
    #[arg(required_unless_present = "template")]
    name: Option<PathBuf>,
    /// Which problem; `list` shows what there is [default: the one called NAME, else heat]
    #[arg(short, long)]
    template: Option<String>,
    /// Overwrite a file that is there
    #[arg(long)]
    force: bool,
}

/// A problem to start from.
struct Template {
    name: &'static str,
    summary: &'static str,
    text: &'static str,
}

const TEMPLATES: [Template; 6] = [
    Template {
        name: "heat",
        summary: "heat equation in one dimension, with an exact solution",
        text: include_str!("templates/heat.pde"),
    },
    Template {
        name: "poisson",
        summary: "Poisson equation on the unit square",
        text: include_str!("templates/poisson.pde"),
    },
    Template {
        name: "wave",
        summary: "wave equation: two initial conditions",
        text: include_str!("templates/wave.pde"),
    },
    Template {
        name: "burgers",
        summary: "viscous Burgers equation on a periodic interval",
        text: include_str!("templates/burgers.pde"),
    },
    Template {
        name: "ode",
        summary: "damped oscillator: no space, only time",
        text: include_str!("templates/ode.pde"),
    },
    Template {
        name: "system",
        summary: "two coupled unknowns: a reaction with diffusion",
        text: include_str!("templates/system.pde"),
    },
];

#[derive(Serialize)]
struct Written<'a> {
    file: &'a Path,
    template: &'a str,
}

#[derive(Serialize)]
struct Listed {
    templates: Vec<Summary>,
}

#[derive(Serialize)]
struct Summary {
    name: &'static str,
    summary: &'static str,
}

/// Writes `NAME.pde` from a template.
///
/// # Errors
/// [`CliError::Usage`] for a name or template that cannot be, [`CliError::Exists`] without `--force`, and what can happen
/// when a file is written.
pub fn run(arguments: &Arguments, context: &Context) -> Result<ExitCode, CliError> {
    if arguments.template.as_deref() == Some("list") {
        return list(context);
    }
    let Some(path) = &arguments.name else {
        return Err(CliError::Usage("a problem needs a name: `pdec new NAME`".to_owned()));
    };
    let name = problem_name(path)?;
    let template = template(arguments.template.as_deref(), &name)?;
    let path = path.with_extension("pde");
    // Not only files: a link that points nowhere is something that somebody made.
    if !arguments.force && path.symlink_metadata().is_ok() {
        return Err(CliError::Exists(path));
    }
    let text = template.text.replacen(&format!("problem {}", template.name), &format!("problem {name}"), 1);
    files::write_atomic(&path, text.as_bytes())?;
    if context.json {
        Document::new(Status::Ok, Written { file: &path, template: template.name }).print(context)?;
    } else {
        context.say(&format!("wrote {}; `pdec train {0}` solves it", path.display()));
    }
    Ok(ExitCode::SUCCESS)
}

fn list(context: &Context) -> Result<ExitCode, CliError> {
    if context.json {
        let summary = |t: &Template| Summary { name: t.name, summary: t.summary };
        Document::new(Status::Ok, Listed { templates: TEMPLATES.iter().map(summary).collect() }).print(context)?;
    } else {
        let lines = TEMPLATES.iter().map(|t| format!("{:8} {}\n", t.name, t.summary));
        context.print(&lines.collect::<String>())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The stem of the file, which becomes the name in the `problem` statement.
fn problem_name(path: &Path) -> Result<String, CliError> {
    let stem = if path.extension().is_some_and(|e| e == "pde") { path.file_stem() } else { path.file_name() };
    let name = stem.map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.len() <= 256
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if is_name {
        Ok(name)
    } else {
        let example = "it has letters, digits and `_`, and starts with a letter, such as `heat1d`";
        Err(CliError::Usage(format!("`{name}` cannot be the name of a problem: {example}")))
    }
}

fn template(wanted: Option<&str>, name: &str) -> Result<&'static Template, CliError> {
    let find = |name: &str| TEMPLATES.iter().find(|template| template.name == name);
    match wanted {
        None => Ok(find(name).or(find(DEFAULT)).expect("the default is one of the templates")),
        Some(wanted) => find(wanted).ok_or_else(|| {
            let names: Vec<_> = TEMPLATES.iter().map(|template| template.name).collect();
            CliError::Usage(format!("there is no template `{wanted}`; there are {}", names.join(", ")))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_template_names_its_problem() {
        for template in &TEMPLATES {
            assert_eq!(template.text.matches(&format!("problem {}\n", template.name)).count(), 1, "{}", template.name);
        }
    }

    #[test]
    fn names_of_problems() {
        let name = |path: &str| problem_name(Path::new(path)).ok();
        assert_eq!(name("demos/heat").as_deref(), Some("heat"));
        assert_eq!(name("heat.pde").as_deref(), Some("heat"));
        for wrong in ["", "..", "2d", "a b", "heat.txt", "a\u{1b}[31m", "-"] {
            assert_eq!(name(wrong), None, "{wrong}");
        }
    }
}
