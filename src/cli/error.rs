//! Why a command could not do its work, and with which code it ends.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use super::{INPUT_OUTPUT_FAILURE, WRONG_USAGE};
use crate::diagnostic::visible;
use crate::report::files::WriteError;

/// What ends a command early. What is wrong *in* a file is a diagnostic instead.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The arguments parse, but mean nothing together.
    #[error("{0}")]
    Usage(String),
    /// A file cannot be read.
    #[error("cannot read `{}`: {}", path.display(), reason(source))]
    Read {
        /// As it was given.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// There is a file already, and nobody said `--force`.
    #[error("`{}` exists already; `--force` overwrites it", .0.display())]
    Exists(PathBuf),
    /// The folder of `-C` cannot be entered.
    #[error("cannot change to the folder `{}`: {}", path.display(), reason(source))]
    Folder {
        /// As it was given.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Standard output cannot be written, for instance because the disk is full.
    #[error("cannot write to standard output: {}", reason(.0))]
    Output(io::Error),
    /// The reader of standard output has seen enough (`pdec explain | head`): not a failure.
    #[error("standard output was closed")]
    OutputClosed,
}

impl CliError {
    /// The exit code that belongs to it.
    pub fn code(&self) -> u8 {
        match self {
            CliError::Usage(_) => WRONG_USAGE,
            CliError::OutputClosed => 0,
            CliError::Read { .. }
            | CliError::Write(_)
            | CliError::Exists(_)
            | CliError::Folder { .. }
            | CliError::Output(_) => INPUT_OUTPUT_FAILURE,
        }
    }

    /// Says it on standard error.
    pub fn complain(&self) {
        use std::io::Write;
        if !matches!(self, CliError::OutputClosed) {
            // A closed standard error must not turn a failure into a panic.
            let _ = writeln!(anstream::stderr().lock(), "error: {}", visible(&self.to_string()));
        }
    }

    /// Says it and gives the exit code.
    pub fn finish(&self) -> ExitCode {
        self.complain();
        ExitCode::from(self.code())
    }
}

impl From<io::Error> for CliError {
    /// Of a write to standard output; files have their own variants.
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe { Self::OutputClosed } else { Self::Output(error) }
    }
}

/// In words, without the number that the standard library appends.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file or folder".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
        io::ErrorKind::NotADirectory => "a part of the path is not a folder".to_owned(),
        io::ErrorKind::StorageFull => "the disk is full".to_owned(),
        _ => error.to_string(),
    }
}
