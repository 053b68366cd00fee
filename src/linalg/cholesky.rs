//! Cholesky factorization of a damped Gram matrix.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt::factor::{LltRegularization, cholesky_in_place, cholesky_in_place_scratch};
use faer::linalg::triangular_solve::{solve_lower_triangular_in_place, solve_upper_triangular_in_place};
use faer::prelude::{IntoConst, Reborrow, ReborrowMut};
use faer::{Accum, ColMut, MatMut, MatRef, Par};
use rayon::prelude::*;
use tracing::debug_span;

use super::gram::{Panels, accumulate, for_each_block};
use super::parallel::with_pool_awake;
use super::{SolveError, check_lower};

/// Columns of a panel of the blocked factorization.
const PANEL: usize = 128;
/// Columns of a panel where a matrix is so small that its factor has a square of its own: what is serial is less of the whole.
const NARROW_PANEL: usize = 64;
/// Sizes from which panels are worth it.
const BLOCKED_FROM: usize = 384;
/// Sizes up to which L has a square of its own (8 MB): beyond, the room is worth two transpositions a factor.
const TWO_SQUARES_UP_TO: usize = 1024;

/// The side of a block that is transposed at once: two of them fit the first cache.
const TRANSPOSED: usize = 32;

/// A symmetric matrix G and the factor L of `G + λI = LLᵀ`, for one λ after the other. Small ones stand in two squares, large
/// ones in one.
pub struct Cholesky {
    size: usize,
    /// Column-major: G in the lower triangle; where L is in the same square, above the diagonal, which factorizations leave as
    /// it is.
    square: Vec<f64>,
    /// The square of L where it has one of its own.
    factor: Vec<f64>,
    /// That of G.
    diagonal: Vec<f64>,
    serial: Serial,
    factored: bool,
}

impl Cholesky {
    /// For matrices of this size; G is zero.
    pub fn new(size: usize) -> Self {
        let own = if size <= TWO_SQUARES_UP_TO { size * size } else { 0 };
        Self {
            size,
            square: vec![0.0; size * size],
            factor: vec![0.0; own],
            diagonal: vec![0.0; size],
            serial: Serial::new(if size < BLOCKED_FROM { size } else { PANEL }),
            factored: false,
        }
    }

    /// The numbers that a matrix of this size and its factor have.
    pub fn numbers(size: usize) -> usize {
        size * size * if size <= TWO_SQUARES_UP_TO { 2 } else { 1 }
    }

    /// The size of its matrices.
    pub fn size(&self) -> usize {
        self.size
    }

    /// The diagonal of G.
    pub fn diagonal(&self) -> &[f64] {
        &self.diagonal
    }

    /// Whether L has a square of its own.
    fn has_two_squares(&self) -> bool {
        self.size <= TWO_SQUARES_UP_TO
    }

    /// Takes another G: `fill` writes its lower triangle, P x P, column-major. What it finds there are other numbers.
    pub fn fill(&mut self, fill: impl FnOnce(&mut [f64])) {
        self.factored = false;
        fill(&mut self.square);
        self.diagonal.iter_mut().enumerate().for_each(|(i, d)| *d = self.square[i * (self.size + 1)]);
        if !self.has_two_squares() {
            mirror(MatMut::from_column_major_slice_mut(&mut self.square, self.size, self.size), Kept::Lower);
        }
    }

    /// Factors `G + damping·I`.
    ///
    /// Small matrices in one serial call. Large ones by panels (right-looking): the panel's diagonal block, then the
    /// blocks below it and the rest of the triangle in parallel, with the same bits for any number of threads.
    ///
    /// # Errors
    /// [`SolveError::NotFinite`] if G holds a NaN or infinity, [`SolveError::Singular`] if the matrix is not positive
    /// definite.
    pub fn factor(&mut self, damping: f64) -> Result<(), SolveError> {
        let size = self.size;
        let _span = debug_span!("Cholesky", flops = (size as f64).powi(3) / 3.0).entered();
        self.factored = false;
        let in_two = self.has_two_squares();
        let damped = self.diagonal.iter().map(|d| d + damping);
        let done = if !self.diagonal.iter().all(|d| d.is_finite()) {
            Err(Breakdown)
        } else if in_two {
            copy_lower(&mut self.factor, &self.square, size);
            let mut factor = MatMut::from_column_major_slice_mut(&mut self.factor, size, size);
            damped.enumerate().for_each(|(i, d)| factor[(i, i)] = d);
            if size < BLOCKED_FROM {
                self.serial.factor(factor)
            } else {
                factor_panels(factor, NARROW_PANEL, &mut self.serial)
            }
        } else {
            let square = MatMut::from_column_major_slice_mut(&mut self.square, size, size);
            factor_in_place(square, damped, &mut self.serial)
        };
        self.factored = done.is_ok();
        if self.factored && (0..size).all(|i| self.lower()[(i, i)].is_finite()) {
            return Ok(());
        }
        self.factored = false;
        Err(self.reason(damping))
    }

    /// Why there is no factor: a number of G that is not finite makes a pivot that is not positive.
    fn reason(&mut self, damping: f64) -> SolveError {
        if !self.has_two_squares() {
            mirror(MatMut::from_column_major_slice_mut(&mut self.square, self.size, self.size), Kept::Upper);
            self.diagonal.iter().enumerate().for_each(|(i, d)| self.square[i * (self.size + 1)] = *d);
        }
        check_lower(&self.square, self.size).err().unwrap_or(SolveError::Singular { damping })
    }

    /// Replaces b by the solution x of `(G + λI) x = b`.
    ///
    /// # Panics
    /// If the last [`factor`](Self::factor) failed or there was none, or b has another length.
    pub fn solve_in_place(&self, b: &mut [f64]) {
        let lower = self.lower();
        let squares = (self.size as f64).powi(2);
        let _span = debug_span!("solve", flops = 2.0 * squares, bytes = 8.0 * squares).entered();
        let mut b = ColMut::from_slice_mut(b).as_mat_mut();
        let solve = || {
            solve_lower_triangular_in_place(lower, b.rb_mut(), Par::Seq);
            solve_upper_triangular_in_place(lower.transpose(), b, Par::Seq);
        };
        with_pool_awake(solve);
    }

    /// Replaces B, of P columns, by `B L⁻ᵀ`.
    ///
    /// # Panics
    /// As [`solve_in_place`](Self::solve_in_place).
    pub(super) fn solve_on_the_right(&self, b: MatMut<'_, f64>) {
        solve_panel(self.lower(), b, PANEL);
    }

    /// Replaces B, of P rows, by `L⁻ᵀ B`.
    ///
    /// # Panics
    /// As [`solve_in_place`](Self::solve_in_place).
    pub(super) fn solve_transposed(&self, b: MatMut<'_, f64>) {
        solve_upper_triangular_in_place(self.lower().transpose(), b, Par::Seq);
    }

    /// L; what is above its diagonal is something else.
    fn lower(&self) -> MatRef<'_, f64> {
        assert!(self.factored, "there is no factorization to solve with");
        let square = if self.has_two_squares() { &self.factor } else { &self.square };
        MatRef::from_column_major_slice(square, self.size, self.size)
    }
}

/// The matrix is not positive definite.
struct Breakdown;

/// The triangle that stays.
#[derive(Clone, Copy, PartialEq)]
enum Kept {
    Lower,
    Upper,
}

/// Copies one triangle of a square matrix onto the other; the diagonal stays.
fn mirror(matrix: MatMut<'_, f64>, kept: Kept) {
    let size = matrix.nrows();
    if size <= 1 {
        return;
    }
    let (first, above, below, second) = matrix.split_at_mut(size / 2, size / 2);
    let halves = || {
        mirror(first, kept);
        mirror(second, kept);
    };
    let across = || match kept {
        Kept::Lower => copy_transposed(above, below.into_const()),
        Kept::Upper => copy_transposed(below, above.into_const()),
    };
    if size < BLOCKED_FROM {
        halves();
        across();
    } else {
        rayon::join(halves, across);
    }
}

/// `out = aᵀ`, by blocks that fit the cache.
fn copy_transposed(out: MatMut<'_, f64>, a: MatRef<'_, f64>) {
    let (rows, columns) = out.shape();
    if rows.max(columns) <= TRANSPOSED {
        let mut out = out;
        out.copy_from(a.transpose());
    } else if rows >= columns {
        let (first, second) = out.split_at_row_mut(rows / 2);
        let (of_first, of_second) = a.split_at_col(rows / 2);
        copy_transposed(first, of_first);
        copy_transposed(second, of_second);
    } else {
        let (first, second) = out.split_at_col_mut(columns / 2);
        let (of_first, of_second) = a.split_at_row(columns / 2);
        copy_transposed(first, of_first);
        copy_transposed(second, of_second);
    }
}

/// Factors small matrices.
struct Serial {
    /// Room for a panel's corner, because faer writes above the diagonal.
    aside: Vec<f64>,
    scratch: MemBuffer,
}

impl Serial {
    /// For matrices up to this size.
    fn new(widest: usize) -> Self {
        let scratch = cholesky_in_place_scratch::<f64>(widest, Par::Seq, faer::Spec::default());
        Self { aside: Vec::new(), scratch: MemBuffer::new(scratch) }
    }

    /// Puts L in the place of the lower triangle, and something else above it.
    fn factor(&mut self, matrix: MatMut<'_, f64>) -> Result<(), Breakdown> {
        let (plain, stack) = (LltRegularization::default(), MemStack::new(&mut self.scratch));
        with_pool_awake(|| cholesky_in_place(matrix, plain, Par::Seq, stack, faer::Spec::default()))
            .map(|_| ())
            .map_err(|_| Breakdown)
    }

    /// Puts L in the place of the lower triangle of a corner; what is above it stays.
    fn factor_corner(&mut self, corner: MatMut<'_, f64>) -> Result<(), Breakdown> {
        let (size, mut corner) = (corner.nrows(), corner);
        let mut aside = std::mem::take(&mut self.aside);
        aside.resize(PANEL * PANEL, 0.0);
        let mut copy = MatMut::from_column_major_slice_mut(&mut aside[..size * size], size, size);
        triangle_onto(copy.rb_mut(), corner.rb());
        let done = self.factor(copy.rb_mut());
        triangle_onto(corner.rb_mut(), copy.rb());
        self.aside = aside;
        done
    }
}

/// Copies a lower triangle with its diagonal.
fn triangle_onto(out: MatMut<'_, f64>, from: MatRef<'_, f64>) {
    for (index, (out, from)) in out.col_iter_mut().zip(from.col_iter()).enumerate() {
        out.get_mut(index..).copy_from(from.get(index..));
    }
}

/// The same for whole squares, in parallel where they are large.
fn copy_lower(out: &mut [f64], from: &[f64], size: usize) {
    let column = |(index, (out, from)): (usize, (&mut [f64], &[f64]))| out[index..].copy_from_slice(&from[index..]);
    if size < BLOCKED_FROM {
        out.chunks_exact_mut(size.max(1)).zip(from.chunks_exact(size.max(1))).enumerate().for_each(column);
    } else {
        let columns = out.par_chunks_exact_mut(size).zip(from.par_chunks_exact(size)).enumerate();
        columns.with_min_len(NARROW_PANEL).for_each(column);
    }
}

/// Factors the matrix above the diagonal, with another diagonal, below it.
fn factor_in_place(
    matrix: MatMut<'_, f64>,
    diagonal: impl Iterator<Item = f64>,
    serial: &mut Serial,
) -> Result<(), Breakdown> {
    let mut matrix = matrix;
    mirror(matrix.rb_mut(), Kept::Upper);
    diagonal.enumerate().for_each(|(i, d)| matrix[(i, i)] = d);
    factor_panels(matrix, PANEL, serial)
}

fn factor_panels(matrix: MatMut<'_, f64>, widest: usize, serial: &mut Serial) -> Result<(), Breakdown> {
    let mut rest = matrix;
    while rest.nrows() > 0 {
        let width = widest.min(rest.nrows());
        let (mut corner, _, below, after) = rest.split_at_mut(width, width);
        serial.factor_corner(corner.rb_mut())?;
        let below = solve_panel(corner.rb(), below, widest);
        rest = after;
        let size = rest.nrows();
        let panel = |index: usize| below.subrows(index * widest, widest.min(size - index * widest));
        let panels = Panels::Even { size, width: widest };
        for_each_block(rest.rb_mut(), panels, size * size * width / 2, |mut block| {
            let (a, b) = (panel(block.row), panel(block.column).transpose());
            accumulate(&mut block.out, block.row == block.column, Accum::Add, a, b, -1.0);
        });
    }
    Ok(())
}

/// `below · L⁻ᵀ`, in parallel over blocks of so many rows.
fn solve_panel<'a>(corner: MatRef<'_, f64>, below: MatMut<'a, f64>, height: usize) -> MatRef<'a, f64> {
    let mut below = below;
    below.rb_mut().par_row_chunks_mut(height).for_each(|rows| {
        solve_lower_triangular_in_place(corner, rows.transpose_mut(), Par::Seq);
    });
    below.into_const()
}
