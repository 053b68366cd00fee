//! Cholesky factorization of a damped Gram matrix.

use faer::dyn_stack::{MemBuffer, MemStack, StackReq};
use faer::linalg::cholesky::llt::factor::{LltRegularization, cholesky_in_place, cholesky_in_place_scratch};
use faer::linalg::triangular_solve::{solve_lower_triangular_in_place, solve_upper_triangular_in_place};
use faer::prelude::{IntoConst, Reborrow, ReborrowMut};
use faer::{Accum, ColMut, MatMut, MatRef, Par};
use rayon::prelude::*;
use tracing::debug_span;

use super::gram::{accumulate, for_each_block, lower_blocks, panel_ends};
use super::{SolveError, check_lower};

/// Columns of a panel of the blocked factorization.
const PANEL: usize = 128;
/// Sizes from which panels are worth it.
const BLOCKED_FROM: usize = 384;

/// The factor L of `G + λI = LLᵀ`, in buffers that are used again.
pub struct Cholesky {
    size: usize,
    /// L, column-major, with other numbers above its diagonal.
    factor: Vec<f64>,
    scratch: MemBuffer,
    factored: bool,
}

impl Cholesky {
    /// For matrices of this size.
    pub fn new(size: usize) -> Self {
        let widest = if size < BLOCKED_FROM { size } else { PANEL };
        let scratch = MemBuffer::new(scratch_of(widest));
        Self { size, factor: vec![0.0; size * size], scratch, factored: false }
    }

    /// The size of its matrices.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Factors `gram + damping·I`, given the lower triangle of `gram`, P x P, column-major, which stays as it is.
    ///
    /// Small matrices in one serial call. Large ones by panels (right-looking): the panel's diagonal block, then the
    /// blocks below it and the rest of the triangle in parallel, with the same bits for any number of threads.
    ///
    /// # Errors
    /// [`SolveError::NotFinite`] if the triangle holds a NaN or infinity, [`SolveError::Singular`] if the matrix is not
    /// positive definite.
    ///
    /// # Panics
    /// If `gram` does not hold P² numbers.
    pub fn factor(&mut self, gram: &[f64], damping: f64) -> Result<(), SolveError> {
        let size = self.size;
        assert_eq!(gram.len(), size * size, "a Gram matrix of another size");
        let _span = debug_span!("Cholesky", flops = (size as f64).powi(3) / 3.0).entered();
        self.factored = false;
        check_lower(gram, size)?;
        for column in 0..size {
            let lower = column * size + column..(column + 1) * size;
            self.factor[lower.clone()].copy_from_slice(&gram[lower]);
            self.factor[column * size + column] += damping;
        }
        let matrix = MatMut::from_column_major_slice_mut(&mut self.factor, size, size);
        let stack = MemStack::new(&mut self.scratch);
        let done = if size < BLOCKED_FROM { factor_serial(matrix, stack) } else { factor_panels(matrix, stack) };
        done.map_err(|Breakdown| SolveError::Singular { damping })?;
        self.factored = true;
        Ok(())
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
        solve_lower_triangular_in_place(lower, b.rb_mut(), Par::Seq);
        solve_upper_triangular_in_place(lower.transpose(), b, Par::Seq);
    }

    /// Replaces B, of P columns, by `B L⁻ᵀ`.
    ///
    /// # Panics
    /// As [`solve_in_place`](Self::solve_in_place).
    pub(super) fn solve_on_the_right(&self, b: MatMut<'_, f64>) {
        solve_panel(self.lower(), b);
    }

    /// Replaces B, of P rows, by `L⁻ᵀ B`.
    ///
    /// # Panics
    /// As [`solve_in_place`](Self::solve_in_place).
    pub(super) fn solve_transposed(&self, b: MatMut<'_, f64>) {
        solve_upper_triangular_in_place(self.lower().transpose(), b, Par::Seq);
    }

    /// L, with other numbers above its diagonal.
    fn lower(&self) -> MatRef<'_, f64> {
        assert!(self.factored, "there is no factorization to solve with");
        MatRef::from_column_major_slice(&self.factor, self.size, self.size)
    }
}

/// The matrix is not positive definite.
struct Breakdown;

fn scratch_of(size: usize) -> StackReq {
    cholesky_in_place_scratch::<f64>(size, Par::Seq, faer::Spec::default())
}

fn factor_serial(matrix: MatMut<'_, f64>, stack: &mut MemStack) -> Result<(), Breakdown> {
    let plain = LltRegularization::default();
    cholesky_in_place(matrix, plain, Par::Seq, stack, faer::Spec::default()).map(|_| ()).map_err(|_| Breakdown)
}

fn factor_panels(matrix: MatMut<'_, f64>, stack: &mut MemStack) -> Result<(), Breakdown> {
    let mut rest = matrix;
    while rest.nrows() > 0 {
        let width = PANEL.min(rest.nrows());
        let (mut corner, _, below, after) = rest.split_at_mut(width, width);
        factor_serial(corner.rb_mut(), stack)?;
        let below = solve_panel(corner.rb(), below);
        rest = after;
        let size = rest.nrows();
        let panel = |index: usize| below.subrows(index * PANEL, PANEL.min(size - index * PANEL));
        let blocks = lower_blocks(rest.rb_mut(), &panel_ends(size, PANEL));
        for_each_block(blocks, size * size * width / 2, |mut block| {
            let (a, b) = (panel(block.row), panel(block.column).transpose());
            accumulate(&mut block.out, block.row == block.column, Accum::Add, a, b, -1.0);
        });
    }
    Ok(())
}

/// `below · L⁻ᵀ`, in parallel over its blocks of rows.
fn solve_panel<'a>(corner: MatRef<'_, f64>, below: MatMut<'a, f64>) -> MatRef<'a, f64> {
    let mut below = below;
    below.rb_mut().par_row_chunks_mut(PANEL).for_each(|rows| {
        solve_lower_triangular_in_place(corner, rows.transpose_mut(), Par::Seq);
    });
    below.into_const()
}
