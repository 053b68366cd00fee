//! Points that training never sees.

use super::random::Stream;
use super::rule::{AxisRange, Points, RuleError, random_points};
use super::unit_cube::UnitPoints;

/// How many held-out points errors are measured on.
pub const HELD_OUT_COUNT: usize = 16384;

/// Low-discrepancy points of a box, fixed once and for all: the same for every seed, and from a stream that no training
/// points can come from. Weights are measure / count.
///
/// # Errors
/// As [`Rule::draw`](super::Rule::draw) for a Sobol rule of `count` points.
pub fn held_out(axes: &[AxisRange], count: usize) -> Result<Points, RuleError> {
    let source = |free| UnitPoints::sobol(free, &mut Stream::held_out());
    random_points(axes, count, source)
}
