//! Products of the Jacobian with a vector.

use faer::linalg::matmul::matmul;
use faer::{Accum, ColMut, ColRef, Par};
use rayon::prelude::*;
use tracing::{Span, debug_span};

use super::parallel::{for_each_share, with_pool_awake, within};
use super::{RowTile, RowTiles};

/// Entries of a matrix below which threads cost more than they save.
const PARALLEL_FROM: usize = 50_000;
/// Columns of a task of [`transposed_product`].
const PANEL: usize = 64;

/// `Jᵀ r`, length P; tiles are added in their order.
///
/// # Panics
/// If `r` does not hold N numbers, or `out` not P.
pub fn transposed_product(jacobian: &RowTiles, r: &[f64], out: &mut [f64]) {
    assert_eq!((r.len(), out.len()), (jacobian.rows(), jacobian.columns()), "transposed product of another shape");
    let _span = of_product(jacobian).entered();
    let task = |(panel, out): (usize, &mut [f64])| {
        out.fill(0.0);
        for (start, tile) in jacobian.filled() {
            let columns = tile.subcols(panel * PANEL, out.len()).transpose();
            let part = ColRef::from_slice(&r[start..start + tile.nrows()]);
            matmul(ColMut::from_slice_mut(out).as_mat_mut(), Accum::Add, columns, part.as_mat(), 1.0, Par::Seq);
        }
    };
    if jacobian.rows() * jacobian.columns() < PARALLEL_FROM {
        with_pool_awake(|| out.chunks_mut(PANEL).enumerate().for_each(task));
    } else {
        out.par_chunks_mut(PANEL).enumerate().for_each(task);
    }
}

/// `J v`, length N.
///
/// # Panics
/// If `v` does not hold P numbers, or `out` not N.
pub fn product(jacobian: &RowTiles, v: &[f64], out: &mut [f64]) {
    assert_eq!((out.len(), v.len()), (jacobian.rows(), jacobian.columns()), "product of another shape");
    let _span = of_product(jacobian).entered();
    let v = ColRef::from_slice(v);
    let task = |tile: &RowTile, part: &mut [f64]| {
        let out = ColMut::from_slice_mut(part);
        matmul(out.as_mat_mut(), Accum::Replace, tile.matrix(), v.as_mat(), 1.0, Par::Seq);
    };
    let rows = |tiles: &[RowTile]| tiles.iter().map(RowTile::rows).sum();
    for_each_share(jacobian.tiles(), out, &|part: &mut [f64], tiles| part.split_at_mut(rows(tiles)), &task);
}

fn of_product(jacobian: &RowTiles) -> Span {
    let numbers = jacobian.rows() as f64 * jacobian.columns() as f64;
    debug_span!("products with J", flops = 2.0 * numbers, bytes = 8.0 * numbers)
}

/// `Jᵀ r`, where `fill` makes r and J from some items after the other, about so many numbers of J at a time: `f` sees these rows, for
/// which `rows` is room. An item has tiles of as many rows as `tiles_of` says.
///
/// # Panics
/// If `values` does not hold N numbers.
pub fn linearize_in_parts<T, I: Iterator<Item = usize>>(
    (items, numbers): (&[T], usize),
    (values, rows, gradient): (&mut [f64], &mut RowTiles, &mut [f64]),
    tiles_of: impl Fn(&T) -> I,
    mut fill: impl FnMut(&[T], &mut [f64], &mut RowTiles),
    f: &mut dyn FnMut(&RowTiles),
) {
    gradient.fill(0.0);
    let (mut own, mut sizes, mut rest) = (vec![0.0; gradient.len()], Vec::new(), values);
    let most = (numbers / gradient.len().max(1)).max(1);
    for items in items.chunk_by(within(most, |item| tiles_of(item).sum())) {
        sizes.clear();
        sizes.extend(items.iter().flat_map(&tiles_of));
        rows.fit(&sizes, gradient.len());
        let (values, after) = std::mem::take(&mut rest).split_at_mut(rows.rows());
        rest = after;
        debug_span!("rows", bytes = 8.0 * rows.rows() as f64 * gradient.len() as f64)
            .in_scope(|| fill(items, values, rows));
        transposed_product(rows, values, &mut own);
        gradient.iter_mut().zip(&own).for_each(|(sum, own)| *sum += own);
        f(rows);
    }
}

/// Entries whose parts are added by one task.
const ENTRIES: usize = 2048;

/// Parts of a sum over points, at most and at least: a number that does not depend on that of threads.
const MOST_PARTS: usize = 32;
const LEAST_PARTS: usize = 16;
/// Numbers of all parts together that a second cache holds.
const CACHED: usize = 1 << 17;

/// How many parts a sum over points is made in, of vectors of so many numbers.
pub fn parts_of_sum(numbers: usize) -> usize {
    (CACHED / numbers.max(1)).clamp(LEAST_PARTS, MOST_PARTS)
}

/// The sum of vectors, entry by entry in their order, whatever the number of threads.
pub fn sum_of(parts: &[impl AsRef<[f64]> + Sync], sum: &mut [f64]) {
    sum.par_chunks_mut(ENTRIES).enumerate().for_each(|(chunk, sum)| {
        sum.fill(0.0);
        for part in parts {
            let part = &part.as_ref()[chunk * ENTRIES..][..sum.len()];
            sum.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
        }
    });
}
