//! Why a command could not do its work, and with which code it ends.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use serde::Serialize;

use super::document::{Document, Status};
use super::{FILE_HAS_ERRORS, INPUT_OUTPUT_FAILURE, INTERNAL_ERROR, WRONG_USAGE};
use crate::codegen::CodegenError;
use crate::dataset::DataError;
use crate::diagnostic::{to_json, visible};
use crate::emit::{EmitError, LinkError};
use crate::kernel::AssembleError;
use crate::pipeline::CompileError;
use crate::report::PlotError;
use crate::report::files::WriteError;
use crate::train::{FolderError, ModelFileError, RestoreError, TrainError};

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
    /// A file is not what it should be.
    #[error("`{}` is damaged: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// There is no run of this name.
    #[error("there is no run `{}`; `pdec train FILE` makes one", .0.display())]
    NoRun(PathBuf),
    /// A run was killed before its networks were written.
    #[error("the run `{}` has no trained model; `pdec train --resume` goes on with it", .0.display())]
    Untrained(PathBuf),
    /// A run was stopped before its first checkpoint.
    #[error("the run `{}` has no sound checkpoint to go on from", .0.display())]
    NoCheckpoint(PathBuf),
    /// The folder of a run can't be used.
    #[error(transparent)]
    RunFolder(#[from] FolderError),
    /// A model file can't be used.
    #[error(transparent)]
    Model(#[from] ModelFileError),
    /// A checkpoint does not fit the problem.
    #[error("the run can't go on: {0}")]
    Restore(#[from] RestoreError),
    /// A problem without mistakes can't be compiled all the same.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// A formula can't be compiled.
    #[error(transparent)]
    Assemble(#[from] AssembleError),
    /// The threads can't be started.
    #[error("cannot start the threads: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
    /// Signals can't be caught.
    #[error("cannot listen to signals: {0}")]
    Signals(io::Error),
    /// A run of a bench can't be started.
    #[error("cannot start a run: {0}")]
    Process(io::Error),
    /// A file of numbers can't be used.
    #[error("`{}`: {source}", path.display())]
    Data {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: DataError,
    },
    /// No kernels.
    #[error(transparent)]
    Emit(#[from] EmitError),
    /// No machine code.
    #[error(transparent)]
    Codegen(#[from] CodegenError),
    /// No shared library.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// There is no figure.
    #[error(transparent)]
    Plot(#[from] PlotError),
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
            CliError::Usage(_) | CliError::Plot(PlotError::Format { .. }) => WRONG_USAGE,
            CliError::OutputClosed => 0,
            CliError::Compile(CompileError::Points { .. }) => FILE_HAS_ERRORS,
            CliError::Data { source: DataError::Io(_), .. } | CliError::Plot(PlotError::Io(_)) => INPUT_OUTPUT_FAILURE,
            CliError::Data { .. } | CliError::Emit(EmitError::Nothing(_)) => FILE_HAS_ERRORS,
            CliError::Emit(EmitError::Compile(CompileError::Points { .. })) => FILE_HAS_ERRORS,
            CliError::Emit(EmitError::Codegen(CodegenError::Format)) | CliError::Codegen(CodegenError::Format) => {
                INPUT_OUTPUT_FAILURE
            }
            CliError::Emit(_) | CliError::Codegen(_) => INTERNAL_ERROR,
            CliError::Compile(CompileError::Assemble(_)) | CliError::Assemble(_) | CliError::Plot(_) => INTERNAL_ERROR,
            CliError::Read { .. }
            | CliError::Write(_)
            | CliError::Damaged { .. }
            | CliError::NoRun(_)
            | CliError::Untrained(_)
            | CliError::NoCheckpoint(_)
            | CliError::RunFolder(_)
            | CliError::Model(_)
            | CliError::Restore(_)
            | CliError::Threads(_)
            | CliError::Signals(_)
            | CliError::Process(_)
            | CliError::Exists(_)
            | CliError::Folder { .. }
            | CliError::Link(_)
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

    /// Says it and gives the exit code. Where a document was asked for, there is one that says so.
    pub fn finish(&self, json: bool) -> ExitCode {
        self.complain();
        if json && !matches!(self, CliError::OutputClosed | CliError::Output(_)) {
            print_failure(&self.to_string());
        }
        ExitCode::from(self.code())
    }
}

impl From<TrainError> for CliError {
    fn from(error: TrainError) -> Self {
        match error {
            TrainError::Compile(error) => Self::Compile(error),
            TrainError::Assemble(error) => Self::Assemble(error),
        }
    }
}

impl From<io::Error> for CliError {
    /// Of a write to standard output; files have their own variants.
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe { Self::OutputClosed } else { Self::Output(error) }
    }
}

/// What is printed with `--json` in place of the document of a command that failed.
#[derive(Serialize)]
struct Failure<'a> {
    error: &'a str,
}

/// Prints a document that says why there is no other one.
pub(super) fn print_failure(error: &str) {
    use std::io::Write;
    let text = to_json(&Document::new(Status::Failed, Failure { error })).unwrap_or_default();
    // The command has failed already; that nobody listens does not make it worse.
    let _ = writeln!(io::stdout().lock(), "{text}");
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
