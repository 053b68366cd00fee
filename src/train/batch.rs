//! Random mini-batches of the points of a problem.

use crate::geometry::{Stream, share};
use crate::kernel::PointSet;

/// Draws `count` points in all, shared out among the blocks by their sizes; weights grow so that the sums keep their mean.
pub(super) fn draw(points: &[PointSet], count: usize, stream: &Stream) -> Vec<PointSet> {
    let sizes: Vec<f64> = points.iter().map(|p| p.len() as f64).collect();
    let shares = share(count, &sizes);
    points.iter().zip(shares).enumerate().map(|(b, (set, n))| subset(set, n, &mut stream.part(b as u64))).collect()
}

fn subset(set: &PointSet, count: usize, stream: &mut Stream) -> PointSet {
    let count = count.min(set.len());
    // The head of a random permutation (Fisher and Yates), so that no point comes twice.
    let mut order: Vec<usize> = (0..set.len()).collect();
    for i in 0..count {
        order.swap(i, i + stream.below(set.len() - i));
    }
    let scale = set.len() as f64 / count.max(1) as f64;
    let mut batch = set.select(&order[..count]);
    batch.weights.iter_mut().for_each(|weight| *weight *= scale);
    batch
}
