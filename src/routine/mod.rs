//! Whole kernels as a fixed list of stages over a tile of points: what stands alone, outside of this process.
//!
//! ```text
//! routine poisson1d_residual_eq
//! input x points
//! input theta fixed 49
//! output residual points 1
//! buffer 1
//! ...
//! load 0 0 b0.0 last
//! run 0 1 from b0.0+0 to b1.0+0 b1.1+0 b1.2+0
//! affine input 1 0 plain 1 16 b1.0 b2.0 3
//! run 1 16 from b2.0+3 b2.1+3 b2.2+3 to b3.0+3 b3.1+3 b3.2+3
//! ```
//!
//! A [`Routine`] is a function of a batch of points. Its arguments are rows of as many numbers as there are points, or
//! arrays of a fixed size, such as θ. It cuts the batch into tiles of [`TILE`] points, and goes through its stages for
//! each: loads of columns, affine layers that carry jets, [tapes](crate::tape), sweeps back, stores and sums. Rows of a
//! tile live in [buffers](Routine::buffers); nothing else is kept from stage to stage, and nothing from call to call.
//!
//! [`build`] makes routines from the programs of a kernel: the same sweeps as in [`crate::kernel`], stage for stage, for
//! one block of points. [`fuse`] joins stages, so that narrow layers cost no pass through memory of their own. [`verify`] holds
//! of every routine. [`interp`] says what each stage means; machine code, which [`crate::codegen`] makes, agrees with it to
//! the last bit.

mod build;
mod cost;
mod flow;
mod fuse;
mod interp;
mod stage;
mod text;
mod verify;

pub use build::{BuildError, Kind, Parts, build};
pub use cost::RoutineCost;
pub(crate) use flow::rows_of;
pub use fuse::fuse;
pub use stage::{Lane, LayerAt, Pad, Parameters, Place, Source, Stage, Step};
pub use text::ParseRoutineError;
pub use verify::RoutineError;

use crate::tape::Tape;

/// Points of a tile.
pub const TILE: usize = 64;

/// An array that a caller gives or takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    /// Its name: letters, digits and `_`.
    pub name: String,
    /// Its shape, without the axis of points.
    pub shape: Vec<usize>,
    /// Whether there is one such array a point; the points are then the last axis, the one that is contiguous.
    pub batched: bool,
}

impl Argument {
    /// One number a point.
    pub fn column(name: impl Into<String>) -> Self {
        Self { name: name.into(), shape: Vec::new(), batched: true }
    }

    /// An array of this shape at each point.
    pub fn points(name: impl Into<String>, shape: &[usize]) -> Self {
        Self { name: name.into(), shape: shape.to_vec(), batched: true }
    }

    /// One array for all points.
    pub fn fixed(name: impl Into<String>, shape: &[usize]) -> Self {
        Self { name: name.into(), shape: shape.to_vec(), batched: false }
    }

    /// The numbers of one point, or of the whole array.
    pub fn numbers(&self) -> usize {
        self.shape.iter().product()
    }

    /// The numbers of the array in a call of n points.
    pub fn length(&self, n: usize) -> usize {
        self.numbers() * if self.batched { n } else { 1 }
    }
}

/// A kernel as stages over tiles of points.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Routine {
    /// Its name, which becomes a symbol.
    pub name: String,
    /// What it reads.
    pub inputs: Vec<Argument>,
    /// What it writes. What is not batched is a sum over all points.
    pub outputs: Vec<Argument>,
    /// Whether sums are added to what stands in the outputs.
    pub accumulates: bool,
    /// How many rows each buffer has; a row holds one number for each point of a tile.
    pub buffers: Vec<usize>,
    /// Room for this many numbers, whatever the points, for parts of sums.
    pub spare: usize,
    /// Numbers that are part of the routine.
    pub tables: Vec<Vec<f64>>,
    /// The straight-line programs.
    pub tapes: Vec<Tape>,
    /// The stages, in order.
    pub steps: Vec<Step>,
}

impl Routine {
    /// The number of an input.
    pub fn input(&self, name: &str) -> Option<usize> {
        self.inputs.iter().position(|argument| argument.name == name)
    }

    /// The number of an output.
    pub fn output(&self, name: &str) -> Option<usize> {
        self.outputs.iter().position(|argument| argument.name == name)
    }
}

/// Checks the arrays of a call of n points.
///
/// # Panics
/// If there are more or fewer than arguments, or if one has another length.
pub(crate) fn check_arrays<T>(
    (inputs, outputs): (&[Argument], &[Argument]),
    n: usize,
    given: &[&[T]],
    wanted: &[Option<&mut [T]>],
) {
    assert_eq!((given.len(), wanted.len()), (inputs.len(), outputs.len()), "arguments of a routine");
    let lengths = given.iter().map(|array| Some(array.len())).chain(wanted.iter().map(|a| a.as_ref().map(|a| a.len())));
    for (argument, length) in inputs.iter().chain(outputs).zip(lengths) {
        assert!(length.is_none_or(|length| length == argument.length(n)), "length of `{}`", argument.name);
    }
}
