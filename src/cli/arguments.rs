//! The global flags, and groups of flags that several commands take.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{ArgAction, Args, ValueEnum};

use crate::diagnostic::catalogue;

/// Flags that every command takes.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Global options")]
pub struct GlobalArguments {
    /// Say nothing but errors and warnings
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say more; twice for details
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
    /// When to colour
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub color: Color,
    /// Print the result as one JSON document
    #[arg(long, global = true)]
    pub json: bool,
    /// How to show errors and warnings
    #[arg(long, global = true, value_enum, default_value_t, value_name = "FORMAT")]
    pub message_format: MessageFormat,
    /// Treat warnings as errors
    #[arg(long, global = true, value_enum, value_name = "LEVEL")]
    pub deny: Option<Denied>,
    /// Silence a warning, such as W0301; may be given several times
    #[arg(long, global = true, value_name = "CODE", value_parser = warning_code)]
    pub allow: Vec<String>,
    /// Change to this folder first
    #[arg(short = 'C', global = true, value_name = "DIR")]
    pub directory: Option<PathBuf>,
    /// Number of threads; the results do not depend on it [env: PDEC_THREADS]
    // Not clap's `env`: a flag that is always present turns up in every usage line.
    #[arg(short = 'j', long, global = true, value_name = "N", value_parser = thread_count, allow_negative_numbers = true)]
    pub threads: Option<NonZeroUsize>,
}

/// The most threads: an order of magnitude above the largest machines, where starting them still takes no time.
const MOST_THREADS: usize = 1024;

/// A number of threads.
///
/// # Errors
/// What is wrong with the text, for the user.
pub fn thread_count(text: &str) -> Result<NonZeroUsize, String> {
    let count = positive_count(text)?;
    if count.get() > MOST_THREADS {
        return Err(format!("at most {MOST_THREADS} threads are started"));
    }
    Ok(count)
}

/// A whole number of at least 1.
///
/// # Errors
/// What is wrong with the text, for the user.
pub fn positive_count(text: &str) -> Result<NonZeroUsize, String> {
    text.parse().map_err(|_| format!("write a whole number from 1 to {}", usize::MAX))
}

/// When to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR or TERM=dumb say otherwise; CLICOLOR_FORCE forces it.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How to show errors and warnings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum MessageFormat {
    /// With excerpts of the file
    #[default]
    Human,
    /// One line each: `file:line:col: error[E0201]: message`
    Short,
    /// One JSON object a line
    Json,
}

/// What `--deny` turns into errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Denied {
    /// All warnings that are not allowed
    Warnings,
}

/// Flags of the commands that give a problem its numbers: they come before what the file says.
#[derive(Clone, Debug, Default, Args)]
pub struct Overrides {
    /// Replace a `param` or a setting of the file; may be given several times
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub set: Vec<Setting>,
    /// Seed of all random numbers
    #[arg(long, value_name = "N", env = "PDEC_SEED", hide_env_values = true)]
    pub seed: Option<u64>,
    /// Which files the problem may name.
    #[command(flatten)]
    pub reading: Reading,
}

/// The flag of the commands that read files which a problem names.
#[derive(Clone, Debug, Default, Args)]
pub struct Reading {
    /// Let the problem read files below this folder, too, and not only below its own; may be given several times
    #[arg(long = "allow-read", value_name = "DIR")]
    pub allow_read: Vec<PathBuf>,
}

impl Overrides {
    /// The settings as the model reads them.
    pub fn texts(&self) -> Vec<String> {
        self.set.iter().map(Setting::text).collect()
    }
}

/// `NAME=VALUE` of `--set`; the value is a formula without names, which the model evaluates, or what a statement such as
/// `network` or `sample.interior` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// What is replaced.
    pub name: String,
    /// By what, as it was written.
    pub value: String,
}

impl Setting {
    /// `NAME=VALUE`
    pub fn text(&self) -> String {
        format!("{}={}", self.name, self.value)
    }
}

impl FromStr for Setting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once('=').ok_or("write NAME=VALUE, such as `a=0.3`")?;
        let (name, value) = (name.trim(), value.trim());
        let is_name =
            name.starts_with(char::is_alphabetic) && name.chars().all(|c| c.is_alphanumeric() || "_.".contains(c));
        if !is_name {
            return Err("there has to be a name before `=`, such as in `a=0.3`".to_owned());
        }
        if value.is_empty() {
            return Err(format!("there has to be a value behind `{name}=`"));
        }
        Ok(Self { name: name.to_owned(), value: value.to_owned() })
    }
}

fn warning_code(text: &str) -> Result<String, String> {
    match catalogue::explain(text) {
        None => Err("there is no such code; `pdec explain` lists all".to_owned()),
        Some(entry) if !entry.code.starts_with('W') => Err("only warnings (W....) can be allowed".to_owned()),
        Some(entry) => Ok(entry.code.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_have_a_name_and_a_value() {
        let setting = |name: &str, value: &str| Ok(Setting { name: name.into(), value: value.into() });
        assert_eq!("a=0.3".parse(), setting("a", "0.3"));
        assert_eq!(" ν = 0.01/pi ".parse(), setting("ν", "0.01/pi"));
        for wrong in ["a", "=1", "a=", "2=3", "a b=1"] {
            assert!(wrong.parse::<Setting>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_warnings_can_be_allowed() {
        assert_eq!(warning_code("w0301"), Ok("W0301".into()));
        assert!(warning_code("E0201").is_err());
        assert!(warning_code("0301").is_err());
    }
}
