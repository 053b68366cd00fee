//! Training: stages in order, points drawn anew where asked, errors against the exact solution, checkpoints.
//!
//! A [`Session`] is all the state of a run: parameters, the method's state, counters. [`Session::run`] makes steps and
//! tells an [`Observer`] of each; a [`Checkpoint`] is a session at rest, and a session restored from one goes on with the
//! same bits, because points and batches come from streams that are named by their step.
//! Points that follow the residuals depend on the parameters of their time and are kept in it, and so are weights that change.
//! Where the loss is no number any more, the session goes back to the best parameters of the last steps.
//!
//! A run goes through windows of time, and in each of them through the stages. Where the problem changes on the way, the
//! session compiles the next one; [`Trained`] evaluates what all windows together have found.
//!
//! On disk a run is a [folder](RunFolder), which one process at a time writes: a [log](Log) of its steps, checkpoints
//! ([`write_checkpoint`], [`newest_checkpoint`]), [reports](report_values), the trained networks with their problem ([`ModelFile`]) and the
//! [result](RunResult).

mod alignment;
mod batch;
mod causal;
mod checkpoint;
mod error;
mod folder;
mod inspection;
mod level;
mod log;
mod memory;
mod metrics;
mod model_file;
mod numbers;
mod observer;
mod points;
mod recovery;
mod reports;
mod result;
mod session;
mod stop;
mod tensors;
mod tournament;
mod trained;
mod weighting;

pub use alignment::{Alignment, score};
pub use checkpoint::{Checkpoint, CheckpointError, newest_checkpoint, read_checkpoint, write_checkpoint};
pub use error::{RestoreError, TrainError};
pub use folder::{FolderError, RunFiles, RunFolder, find_run, runs_of};
pub use log::{Log, LogEntry, is_logged, read_log};
pub use memory::{MemoryForecast, share_of_batch};
pub use metrics::{FieldError, Metrics};
pub use model_file::{ModelFile, ModelFileError, Recipe};
pub use numbers::{FoundNumber, found_numbers, number_values};
pub use observer::{Control, Observer, Silent, StepEvent};
pub use reports::{ReportValue, Series, report_values, write_series};
pub use result::{ErrorRecord, NumberRecord, RunResult};
pub use session::Session;
pub use stop::{Limits, Stop};
pub use trained::Trained;
