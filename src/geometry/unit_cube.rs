//! Sources of random and low-discrepancy points in the open unit cube, batch after batch.

use super::random::Stream;
use super::rule::RuleError;
use super::sobol::{MAX_AXES, Sobol};

/// Points of the unit cube, one `Vec` an axis; each batch goes on where the one before ended.
pub(super) enum UnitPoints {
    Uniform { axes: usize, stream: Stream },
    Sobol { axes: usize, points: Sobol, next: u64 },
    LatinHypercube { axes: usize, stream: Stream },
}

impl UnitPoints {
    pub fn uniform(axes: usize, stream: &Stream) -> Self {
        Self::Uniform { axes, stream: stream.clone() }
    }

    /// Scrambled by `stream`.
    pub fn sobol(axes: usize, stream: &mut Stream) -> Result<Self, RuleError> {
        let points = Sobol::scrambled(axes, stream).ok_or(RuleError::TooManyAxes { axes, limit: MAX_AXES })?;
        Ok(Self::Sobol { axes, points, next: 0 })
    }

    pub fn latin_hypercube(axes: usize, stream: &Stream) -> Self {
        Self::LatinHypercube { axes, stream: stream.clone() }
    }

    pub fn batch(&mut self, count: usize) -> Vec<Vec<f64>> {
        match self {
            Self::Uniform { axes, stream } => {
                let mut coordinates = vec![Vec::with_capacity(count); *axes];
                for _ in 0..count {
                    coordinates.iter_mut().for_each(|axis| axis.push(stream.uniform()));
                }
                coordinates
            }
            Self::Sobol { axes, points, next } => {
                let start = *next;
                *next += count as u64;
                (0..*axes).map(|axis| (start..*next).map(|i| points.coordinate(axis, i)).collect()).collect()
            }
            // On every axis one point in each of `count` equal strata, at a random place in it.
            Self::LatinHypercube { axes, stream } => {
                let mut axis = || {
                    let strata = stream.permutation(count);
                    strata.into_iter().map(|s| (s as f64 + stream.uniform()) / count as f64).collect()
                };
                (0..*axes).map(|_| axis()).collect()
            }
        }
    }
}
