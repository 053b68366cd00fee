//! Joins stages, so that what is narrow costs no pass through memory of its own.
//!
//! A layer of few inputs, or its transpose, becomes part of the tape that reads its outputs; its rows of a Jacobian part of
//! the tape that makes its cotangents; a layer of few outputs a sum over the runs of the tape that makes its inputs
//! ([`layers`]). A tape computes again what another one has saved for it where that is less work than to write and read it,
//! and tapes of the same rows become one ([`runs`]). Numbers that are known, such as the slope of a coordinate along
//! itself, fold on the way, and what nobody reads is left out ([`dead`]).
//!
//! Sums keep their order. Values differ from those of the routine as it was built by what folds, and by the roundings of the
//! formulas that folding makes others.

mod dead;
mod layers;
mod program;
mod runs;

use super::Routine;
use super::flow::Flow;

/// Inputs or outputs of a layer that is narrow: more would make tapes of many lanes, for which a product of matrices is
/// better.
const NARROW: usize = 4;

/// The same function of its arguments in fewer stages.
#[must_use]
pub fn fuse(mut routine: Routine) -> Routine {
    type Rewrite = fn(&Routine, &Flow<'_>) -> Option<Routine>;
    const REWRITES: [Rewrite; 6] = [
        layers::into_readers,
        layers::rows_into_writer,
        layers::rows_as_run,
        layers::sum_over_runs,
        runs::merged,
        runs::computed_again,
    ];
    let rewritten = |routine: &Routine| {
        let flow = Flow::new(routine);
        REWRITES.iter().find_map(|rewrite| rewrite(routine, &flow))
    };
    routine = dead::without(routine);
    while let Some(next) = rewritten(&routine) {
        debug_assert_eq!(next.verify(), Ok(()), "{next}");
        routine = dead::without(next);
    }
    dead::compacted(routine)
}
