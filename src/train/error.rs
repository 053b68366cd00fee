//! Why a run can't begin, or go on.

use crate::kernel::AssembleError;
use crate::optim::StateError;
use crate::pipeline::CompileError;

/// Why a run can't begin or go on.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// Points could not be drawn or a program not be made.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// A program could not be made.
    #[error(transparent)]
    Assemble(#[from] AssembleError),
}

/// Why a checkpoint does not fit a session.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// Another number of parameters.
    #[error("the checkpoint has {found} parameters, the problem {expected}")]
    Parameters {
        /// In the checkpoint.
        found: usize,
        /// In the problem.
        expected: usize,
    },
    /// A stage that the problem does not have.
    #[error("the checkpoint is in stage {found} of {expected}")]
    Stage {
        /// In the checkpoint.
        found: usize,
        /// In the problem.
        expected: usize,
    },
    /// A window of time that the problem does not have, or that does not follow those before.
    #[error("the checkpoint is in window {found} of {expected}")]
    Window {
        /// In the checkpoint.
        found: usize,
        /// In the problem.
        expected: usize,
    },
    /// Made with another seed.
    #[error("the checkpoint was made with seed {found}, this run has {expected}")]
    Seed {
        /// In the checkpoint.
        found: u64,
        /// Of this run.
        expected: u64,
    },
    /// No time that a run can have taken.
    #[error("the checkpoint was made after {found} seconds")]
    Seconds {
        /// In the checkpoint.
        found: f64,
    },
    /// The points of a block are not points of this problem.
    #[error("the points of block {block} in the checkpoint do not fit the problem")]
    Points {
        /// The block.
        block: usize,
    },
    /// The state of the method does not fit.
    #[error(transparent)]
    State(#[from] StateError),
    /// Points could not be drawn or a program not be made.
    #[error(transparent)]
    Compile(#[from] CompileError),
}
