//! Gram matrices by blocks: each block of the output is one task, which runs over the tiles in their order.

use faer::linalg::matmul::matmul;
use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::prelude::ReborrowMut;
use faer::{Accum, MatMut, MatRef, Par};
use rayon::prelude::*;
use tracing::debug_span;

use super::RowTiles;
use crate::vmath::add_column_products;

/// Columns of a panel: the output block and two operands of 256 rows fit the second cache.
const PANEL: usize = 128;
/// Up to so many columns panels are narrower, so that every thread has several.
const SMALL: usize = 512;
/// Columns of such a panel.
const NARROW: usize = 24;
/// Multiply-adds below which threads cost more than they save.
const PARALLEL_FROM: usize = 200_000;

/// A block of the lower triangle of a product; `row` and `column` count panels.
pub(super) struct Block<'a> {
    pub(super) row: usize,
    pub(super) column: usize,
    pub(super) out: MatMut<'a, f64>,
}

/// Cuts the lower triangle of a square matrix into blocks between `ends` (of panels, ascending), the largest columns first.
pub(super) fn lower_blocks<'a>(matrix: MatMut<'a, f64>, ends: &[usize]) -> Vec<Block<'a>> {
    let mut blocks = Vec::with_capacity(ends.len() * (ends.len() + 1) / 2);
    let (mut right, mut start) = (matrix, 0);
    for (column, &end) in ends.iter().enumerate() {
        let (panel, rest) = right.split_at_col_mut(end - start);
        right = rest;
        let (_, mut below) = panel.split_at_row_mut(start);
        let mut row_start = start;
        for (row, &row_end) in ends.iter().enumerate().skip(column) {
            let (out, rest) = below.split_at_row_mut(row_end - row_start);
            blocks.push(Block { row, column, out });
            (below, row_start) = (rest, row_end);
        }
        start = end;
    }
    blocks
}

/// Runs a task for each block, in parallel if the whole is worth it.
pub(super) fn for_each_block(blocks: Vec<Block<'_>>, multiply_adds: usize, task: impl Fn(Block<'_>) + Sync + Send) {
    if multiply_adds < PARALLEL_FROM {
        blocks.into_iter().for_each(task);
    } else {
        blocks.into_par_iter().with_max_len(1).for_each(task);
    }
}

/// The ends of panels of about the same width, near `widest`: whole blocks of 6 x 4 sums but for the last.
fn even_ends(size: usize, widest: usize) -> Vec<usize> {
    let width = size.div_ceil(size.div_ceil(widest).max(1)).next_multiple_of(12).max(1);
    panel_ends(size, width)
}

/// The ends of panels of this width.
pub(super) fn panel_ends(size: usize, width: usize) -> Vec<usize> {
    (0..size.div_ceil(width)).map(|panel| size.min((panel + 1) * width)).collect()
}

/// `out += factor · a · b` in a block; of a block on the diagonal, the lower triangle.
pub(super) fn accumulate(
    out: &mut MatMut<'_, f64>,
    on_diagonal: bool,
    first: Accum,
    a: MatRef<'_, f64>,
    b: MatRef<'_, f64>,
    factor: f64,
) {
    if on_diagonal {
        let (lower, full) = (BlockStructure::TriangularLower, BlockStructure::Rectangular);
        triangular::matmul(out.rb_mut(), lower, first, a, full, b, full, factor, Par::Seq);
    } else {
        matmul(out.rb_mut(), first, a, b, factor, Par::Seq);
    }
}

/// The lower triangle of `JᵀJ`, P x P, column-major; what is above the diagonal stays.
///
/// # Panics
/// If `out` does not hold P² numbers.
pub fn gram(jacobian: &RowTiles, out: &mut [f64]) {
    let columns = jacobian.columns();
    let _span = debug_span!("Gram matrix", flops = triangle(jacobian.rows(), columns)).entered();
    let ends = even_ends(columns, if columns <= SMALL { NARROW } else { PANEL });
    let range = |panel: usize| if panel == 0 { 0..ends[0] } else { ends[panel - 1]..ends[panel] };
    let pieces = jacobian.pieces();
    fill_blocks(out, &ends, jacobian.rows() * columns * columns / 2, |row, column, block| {
        let (rows, columns) = (range(row), range(column));
        if add_column_products(block, rows.clone(), columns.clone(), &pieces) {
            return;
        }
        let mut block = MatMut::from_column_major_slice_mut(block, rows.len(), columns.len());
        for (_, tile) in jacobian.filled() {
            let (a, b) = (tile.subcols(rows.start, rows.len()), tile.subcols(columns.start, columns.len()));
            accumulate(&mut block, row == column, Accum::Add, a.transpose(), b, 1.0);
        }
    });
}

/// The lower triangle of `JJᵀ`, N x N, column-major; what is above the diagonal stays.
///
/// # Panics
/// If `out` does not hold N² numbers.
pub fn outer_gram(jacobian: &RowTiles, out: &mut [f64]) {
    let rows = jacobian.rows();
    let _span = debug_span!("kernel matrix", flops = triangle(jacobian.columns(), rows)).entered();
    let tiles: Vec<_> = jacobian.filled().collect();
    let ends: Vec<_> = tiles.iter().map(|(start, tile)| start + tile.nrows()).collect();
    let blocks = lower_blocks(MatMut::from_column_major_slice_mut(out, rows, rows), &ends);
    for_each_block(blocks, jacobian.columns() * rows * rows / 2, |mut block| {
        let (a, b) = (tiles[block.row].1, tiles[block.column].1);
        accumulate(&mut block.out, block.row == block.column, Accum::Replace, a, b.transpose(), 1.0);
    });
}

/// Fills the lower triangle of a symmetric matrix, column-major, by blocks in parallel; what is above the diagonal stays.
/// Rows and columns are cut at `ends`, ascending, of which the last is the size; `fill(row, column, block)` adds to a block of
/// zeros, column-major.
///
/// # Panics
/// If `out` does not hold the square of the size.
pub fn fill_lower(out: &mut [f64], ends: &[usize], fill: impl Fn(usize, usize, &mut [f64]) + Sync) {
    fill_blocks(out, ends, usize::MAX, fill);
}

/// As [`fill_lower`], in parallel if so many multiply-adds are worth it.
fn fill_blocks(out: &mut [f64], ends: &[usize], multiply_adds: usize, fill: impl Fn(usize, usize, &mut [f64]) + Sync) {
    let size = ends.last().copied().unwrap_or(0);
    let blocks = lower_blocks(MatMut::from_column_major_slice_mut(out, size, size), ends);
    for_each_block(blocks, multiply_adds, |mut block| {
        let (height, width) = block.out.shape();
        let mut filled = vec![0.0; height * width];
        fill(block.row, block.column, &mut filled);
        for (index, column) in block.out.rb_mut().col_iter_mut().enumerate() {
            let start = if block.row == block.column { index } else { 0 };
            let from = &filled[index * height..(index + 1) * height];
            column.get_mut(start..).iter_mut().zip(&from[start..]).for_each(|(to, value)| *to = *value);
        }
    });
}

/// The operations of the lower triangle of a square matrix whose entries are sums of `terms` products.
fn triangle(terms: usize, side: usize) -> f64 {
    terms as f64 * side as f64 * (side as f64 + 1.0)
}
