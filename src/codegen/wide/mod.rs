//! The body of a segment in registers of AVX-512, which Cranelift does not have.
//!
//! A body is a loop without branches over a list of operations that is already in order, so that little is left to choose:
//! which values are in which of the 32 registers ([`registers`]), and which are taken from memory by the operation itself.
//! Constants and numbers that are the same at all points are, one number for all lanes.
//!
//! ```text
//! fn(count, lanes, scratch):
//!     numbers that are the same at all points, to the stack
//!     for o in 0, 8, 16, ..: the operations on eight points
//!     the operations once more on the rest, with a mask for loads and stores
//! ```
//!
//! The function keeps to the System V convention, which is the one of [`body`](super::body), too.

mod emit;
mod encode;
mod forms;
mod registers;

pub(super) use emit::build;

use crate::vmath::Path;

/// Whether bodies for a path are made here.
pub(super) fn is_for(path: Path) -> bool {
    cfg!(all(target_arch = "x86_64", unix)) && path == Path::Avx512
}

/// Alignment of code.
pub(super) const ALIGNMENT: u64 = 64;
