//! What all commands share: the two streams, and how to show diagnostics on them.

use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::path::PathBuf;

use anstream::{AutoStream, ColorChoice};

use super::arguments::{Color, GlobalArguments, MessageFormat, thread_count};
use super::error::CliError;
use crate::diagnostic::{Allowance, Diagnostic, Form, Level, Look, Policy, Source, has_errors, render};

/// How much to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Errors and warnings only (`-q`).
    Quiet,
    /// What a person wants to know.
    Normal,
    /// Decisions that were made (`-v`).
    Verbose,
    /// Everything (`-vv`).
    Detailed,
}

/// What all commands share.
#[derive(Debug)]
pub struct Context {
    /// How much to say.
    pub verbosity: Verbosity,
    /// Whether the result is one JSON document.
    pub json: bool,
    /// Which warnings are silenced or denied on the command line.
    pub policy: Policy,
    /// Number of threads to use.
    pub threads: NonZeroUsize,
    /// Where that number comes from: `flag`, `environment` or `default`.
    pub threads_from: &'static str,
    form: Form,
}

impl Context {
    /// Applies the global flags: changes the folder, decides on colours.
    ///
    /// # Errors
    /// [`CliError::Folder`] if the folder of `-C` cannot be entered, [`CliError::Usage`] for a wrong `PDEC_THREADS`.
    pub fn new(global: GlobalArguments) -> Result<Self, CliError> {
        if let Some(path) = global.directory {
            std::env::set_current_dir(&path).map_err(|source| CliError::Folder { path, source })?;
        }
        match global.color {
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        }
        .write_global();
        let verbosity = match global.verbose {
            _ if global.quiet => Verbosity::Quiet,
            0 => Verbosity::Normal,
            1 => Verbosity::Verbose,
            _ => Verbosity::Detailed,
        };
        let (threads, threads_from) = threads(global.threads)?;
        Ok(Self {
            verbosity,
            json: global.json,
            policy: Policy { deny_warnings: global.deny.is_some(), allowed: global.allow },
            threads,
            threads_from,
            form: form(global.message_format),
        })
    }

    /// The folder of all runs.
    pub fn runs(&self) -> PathBuf {
        match std::env::var_os("PDEC_RUNS") {
            Some(path) if !path.is_empty() => path.into(),
            _ => "runs".into(),
        }
    }

    /// Works with as many threads as were asked for.
    ///
    /// # Errors
    /// [`CliError::Threads`] if they can't be started.
    pub fn in_pool<T: Send>(&self, work: impl FnOnce() -> T + Send) -> Result<T, CliError> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(self.threads.get()).build()?;
        Ok(pool.install(work))
    }

    /// Writes a part of the result to standard output.
    ///
    /// # Errors
    /// [`CliError::OutputClosed`] if nobody reads it any more, [`CliError::Output`] if it cannot be written.
    pub fn print(&self, text: &str) -> Result<(), CliError> {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())?;
        Ok(out.flush()?)
    }

    /// Says something about the work on standard error, unless there is to be quiet.
    pub fn say(&self, text: &str) {
        if self.verbosity > Verbosity::Quiet {
            // Nothing that is said there is a result, so that a closed stream is no failure.
            let _ = writeln!(anstream::stderr().lock(), "{text}");
        }
    }

    /// Shows what was found in a file, on standard error, and returns what remains after allowances and denials.
    ///
    /// With `--json` nothing is shown; the diagnostics are part of the command's document.
    pub fn show(&self, source: &Source, found: Vec<Diagnostic>, allowances: &[Allowance]) -> Vec<Diagnostic> {
        let kept = self.policy.apply(found, allowances);
        if !self.json {
            let _ = AutoStream::auto(io::stderr()).lock().write_all(render(source, &kept, self.form).as_bytes());
            self.summarise(source, &kept);
        }
        kept
    }

    fn summarise(&self, source: &Source, found: &[Diagnostic]) {
        if !matches!(self.form, Form::Human(_)) || !has_errors(found) {
            return;
        }
        let count = |level| found.iter().filter(|d| d.level == level).count();
        let plural = |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
        let mut text = plural(count(Level::Error), "error");
        if count(Level::Warning) > 0 {
            text = format!("{text} and {}", plural(count(Level::Warning), "warning"));
        }
        self.say(&format!("{text} in {}", crate::diagnostic::visible(source.name())));
    }
}

/// The flag, else the environment, else all processors; and which of them it was.
fn threads(flag: Option<NonZeroUsize>) -> Result<(NonZeroUsize, &'static str), CliError> {
    if let Some(threads) = flag {
        return Ok((threads, "flag"));
    }
    match std::env::var("PDEC_THREADS") {
        Ok(text) if !text.is_empty() => match thread_count(&text) {
            Ok(threads) => Ok((threads, "environment")),
            Err(why) => Err(CliError::Usage(format!("PDEC_THREADS is `{text}`: {why}"))),
        },
        _ => Ok((std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN), "default")),
    }
}

fn form(format: MessageFormat) -> Form {
    match format {
        MessageFormat::Short => Form::Short,
        MessageFormat::Json => Form::Json,
        MessageFormat::Human => {
            let stderr = io::stderr();
            let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
            Form::Human(Look {
                colour: AutoStream::choice(&stderr) != ColorChoice::Never,
                // The convention of annotate-snippets for screen readers and Braille displays.
                graphics: std::env::var_os("NO_GRAPHICS").is_none_or(|value| value.is_empty()),
                width: columns.unwrap_or(Look::default().width),
            })
        }
    }
}
