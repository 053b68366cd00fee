//! Training: stages in order, points drawn anew where asked, errors against the exact solution, checkpoints.
//!
//! A [`Session`] is all the state of a run: parameters, the method's state, counters. [`Session::run`] makes steps and
//! tells an [`Observer`] of each; a [`Checkpoint`] is a session on disk, and a session restored from one goes on with the
//! same bits, because points and batches come from streams that are named by their step.

mod batch;
mod metrics;
mod session;
mod stop;

pub use metrics::{FieldError, Metrics};
pub use session::{Checkpoint, Control, Observer, RestoreError, Session, StepEvent, TrainError};
pub use stop::{Limits, Stop};
