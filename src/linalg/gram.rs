//! Gram matrices by blocks: each block of the output is one task, which runs over the tiles in their order.

use std::cell::Cell;
use std::ops::Range;

use faer::linalg::matmul::matmul;
use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::prelude::{Reborrow, ReborrowMut};
use faer::{Accum, MatMut, MatRef, Par};
use tracing::debug_span;

use super::RowTiles;
use crate::vmath::add_column_products;

/// Columns of a panel: the output block and two operands of 256 rows fit the second cache.
const PANEL: usize = 128;
/// Panels of smaller matrices, so that every thread has several blocks.
const PANELS: usize = 8;
/// The fewest columns of a panel: narrower ones read the rows more often.
const NARROW: usize = 24;
/// Multiply-adds below which threads cost more than they save.
const PARALLEL_FROM: usize = 200_000;

/// A block of the lower triangle of a product; `row` and `column` count panels.
pub(super) struct Block<'a> {
    pub(super) row: usize,
    pub(super) column: usize,
    pub(super) out: MatMut<'a, f64>,
}

/// Where the rows and columns of a square matrix are cut into panels.
#[derive(Clone, Copy)]
pub(super) enum Panels<'a> {
    /// At these places, of which the last is the size.
    Ends(&'a [usize]),
    /// Panels of one width, but for the last.
    Even { size: usize, width: usize },
}

impl Panels<'_> {
    /// Panels of about the same width, near `widest`: whole blocks of 6 x 4 sums but for the last.
    fn near(size: usize, widest: usize) -> Self {
        let width = size.div_ceil(size.div_ceil(widest).max(1)).next_multiple_of(12).max(1);
        Self::Even { size, width }
    }

    fn count(self) -> usize {
        match self {
            Self::Ends(ends) => ends.len(),
            Self::Even { size, width } => size.div_ceil(width),
        }
    }

    /// The first row of a panel, or the size behind the last one.
    fn start(self, panel: usize) -> usize {
        match self {
            Self::Ends(ends) => panel.checked_sub(1).map_or(0, |before| ends[before]),
            Self::Even { size, width } => size.min(panel * width),
        }
    }

    fn range(self, panel: usize) -> Range<usize> {
        self.start(panel)..self.start(panel + 1)
    }
}

/// Runs a task for each block of the lower triangle of a square matrix, in parallel if so many multiply-adds are worth it.
pub(super) fn for_each_block(
    matrix: MatMut<'_, f64>,
    panels: Panels<'_>,
    multiply_adds: usize,
    task: impl Fn(Block<'_>) + Sync,
) {
    let parallel = multiply_adds >= PARALLEL_FROM;
    of_columns(matrix, panels, 0..panels.count(), parallel, &task);
}

/// The blocks in some columns of panels, which are what is left of the matrix.
fn of_columns(
    matrix: MatMut<'_, f64>,
    panels: Panels<'_>,
    columns: Range<usize>,
    parallel: bool,
    task: &(impl Fn(Block<'_>) + Sync),
) {
    match columns.len() {
        0 => {}
        1 => {
            let column = columns.start;
            let below = matrix.subrows_mut(panels.start(column), panels.start(panels.count()) - panels.start(column));
            of_rows(below, panels, (column, column..panels.count()), parallel, task);
        }
        count => {
            let middle = columns.start + count / 2;
            let (left, right) = matrix.split_at_col_mut(panels.start(middle) - panels.start(columns.start));
            let first = || of_columns(left, panels, columns.start..middle, parallel, task);
            both(parallel, first, || of_columns(right, panels, middle..columns.end, parallel, task));
        }
    }
}

/// The blocks in some rows of panels of one column.
fn of_rows(
    matrix: MatMut<'_, f64>,
    panels: Panels<'_>,
    (column, rows): (usize, Range<usize>),
    parallel: bool,
    task: &(impl Fn(Block<'_>) + Sync),
) {
    if rows.len() == 1 {
        return task(Block { row: rows.start, column, out: matrix });
    }
    let middle = rows.start + rows.len() / 2;
    let (above, below) = matrix.split_at_row_mut(panels.start(middle) - panels.start(rows.start));
    let first = || of_rows(above, panels, (column, rows.start..middle), parallel, task);
    both(parallel, first, || of_rows(below, panels, (column, middle..rows.end), parallel, task));
}

fn both(parallel: bool, first: impl FnOnce() + Send, second: impl FnOnce() + Send) {
    if parallel {
        rayon::join(first, second);
    } else {
        first();
        second();
    }
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
    gram_onto(Accum::Replace, jacobian, out);
}

/// Adds the lower triangle of `JᵀJ` to that of a matrix, as [`gram`] writes it.
///
/// # Panics
/// As [`gram`].
pub fn add_gram(jacobian: &RowTiles, out: &mut [f64]) {
    gram_onto(Accum::Add, jacobian, out);
}

fn gram_onto(before: Accum, jacobian: &RowTiles, out: &mut [f64]) {
    let columns = jacobian.columns();
    let _span = debug_span!("Gram matrix", flops = triangle(jacobian.rows(), columns)).entered();
    let panels = Panels::near(columns, (columns / PANELS).clamp(NARROW, PANEL));
    fill_blocks(before, out, panels, jacobian.rows() * columns * columns / 2, |row, column, block| {
        let (rows, columns) = (panels.range(row), panels.range(column));
        if jacobian.all_pieces(|pieces| add_column_products(block, rows.clone(), columns.clone(), pieces)) {
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
    let tile = |number: usize| jacobian.tiles()[number].matrix();
    let matrix = MatMut::from_column_major_slice_mut(out, rows, rows);
    for_each_block(matrix, Panels::Ends(jacobian.ends()), jacobian.columns() * rows * rows / 2, |mut block| {
        let (a, b) = (tile(block.row), tile(block.column));
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
    fill_blocks(Accum::Replace, out, Panels::Ends(ends), usize::MAX, fill);
}

/// As [`fill_lower`], in parallel if so many multiply-adds are worth it, or in addition to what was there before.
fn fill_blocks(
    before: Accum,
    out: &mut [f64],
    panels: Panels<'_>,
    multiply_adds: usize,
    fill: impl Fn(usize, usize, &mut [f64]) + Sync,
) {
    thread_local! { static ASIDE: Cell<Vec<f64>> = const { Cell::new(Vec::new()) } }
    let size = panels.start(panels.count());
    for_each_block(MatMut::from_column_major_slice_mut(out, size, size), panels, multiply_adds, |mut block| {
        let (height, width) = block.out.shape();
        // Taken, not borrowed: where `fill` waits for other tasks, this thread may come here again.
        let mut filled = ASIDE.take();
        filled.clear();
        match before {
            Accum::Replace => filled.resize(height * width, 0.0),
            Accum::Add => block.out.rb().col_iter().for_each(|column| filled.extend(column.iter())),
        }
        fill(block.row, block.column, &mut filled);
        for (index, column) in block.out.rb_mut().col_iter_mut().enumerate() {
            let start = if block.row == block.column { index } else { 0 };
            let from = &filled[index * height..(index + 1) * height];
            column.get_mut(start..).iter_mut().zip(&from[start..]).for_each(|(to, value)| *to = *value);
        }
        ASIDE.set(filled);
    });
}

/// The operations of the lower triangle of a square matrix whose entries are sums of `terms` products.
fn triangle(terms: usize, side: usize) -> f64 {
    terms as f64 * side as f64 * (side as f64 + 1.0)
}
