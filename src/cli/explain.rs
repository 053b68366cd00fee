//! `pdec explain`: what a code means.

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::{CliError, Context, Document, Status};
use crate::diagnostic::catalogue::{self, Entry};

/// Explain an error or a warning; without a code, list them all
#[derive(Debug, Args)]
pub struct Arguments {
    /// Such as E0201
    code: Option<String>,
}

#[derive(Serialize)]
struct Entries<'a> {
    entries: &'a [Entry],
}

/// Prints one entry of the catalogue, or the list of all.
///
/// # Errors
/// [`CliError::Usage`] for a code that does not exist.
pub fn run(arguments: &Arguments, context: &Context) -> Result<ExitCode, CliError> {
    let entries = match &arguments.code {
        None => catalogue::all(),
        Some(code) => std::slice::from_ref(find(code)?),
    };
    if context.json {
        Document::new(Status::Ok, Entries { entries }).print(context)?;
    } else if arguments.code.is_some() {
        context.print(&entries.iter().map(page).collect::<String>())?;
    } else {
        context.print(&entries.iter().map(|entry| format!("{}  {}\n", entry.code, entry.title)).collect::<String>())?;
    }
    Ok(ExitCode::SUCCESS)
}

fn find(code: &str) -> Result<&'static Entry, CliError> {
    catalogue::explain(code).ok_or_else(|| {
        let nearest = catalogue::nearest(code);
        CliError::Usage(format!(
            "there is no code `{code}`; the nearest is {} ({}); `pdec explain` lists all",
            nearest.code, nearest.title
        ))
    })
}

fn page(entry: &Entry) -> String {
    let mut text = format!("{}: {}\n\n{}\n", entry.code, entry.title, entry.explanation);
    for (heading, example) in [("Wrong", entry.wrong), ("Right", entry.right)] {
        let Some(example) = example else { continue };
        text += &format!("\n{heading}:\n\n");
        text.extend(example.lines().map(|line| format!("    {line}\n")));
    }
    text
}
