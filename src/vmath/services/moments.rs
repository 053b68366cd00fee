//! Sums of products of rows and of their squares: with `p[i] = Σ_c a[m][c][i] · b[k][c][i]`, a sum over channels,
//! `sums[m·K + k] += Σ_i w[i] · p[i]` and `squares[m·K + k] += Σ_i p[i]²`.
//!
//! Partial sums are those of [`dots`](super::dots). On AVX-512 a block of four rows and two columns keeps its products and both
//! kinds of partial sums in registers.

use super::dots::ROWS;
#[cfg(target_arch = "x86_64")]
use super::dots::{Rows, Totals, add_block};
#[cfg(target_arch = "x86_64")]
use super::loops::AVX512;
use super::loops::{Number, multiply_add, total};
#[cfg(target_arch = "x86_64")]
use crate::vmath::gemm::x86::Lanes;

/// Columns whose products are made at once.
const PAIR: usize = 2;

/// All sums.
#[derive(Clone, Copy)]
pub(super) struct Moments<T> {
    pub sums: *mut T,
    pub squares: *mut T,
    pub weights: *const T,
    pub a: *const T,
    pub b: *const T,
    pub m: usize,
    pub k: usize,
    pub channels: usize,
    pub columns: usize,
}

impl<T: Number> Moments<T> {
    /// Adds both sums of a row and a column.
    ///
    /// # Safety
    /// row < m and column < k, and the pointers hold m·k sums.
    #[inline(always)]
    unsafe fn add(&self, [row, column]: [usize; 2], [sum, square]: [T; 2]) {
        let at = row * self.k + column;
        // SAFETY: the caller's promise.
        unsafe {
            *self.sums.add(at) += sum;
            *self.squares.add(at) += square;
        }
    }
}

/// In N partial sums each.
///
/// # Safety
/// Pointers hold the sums, the weights and the rows, `columns` is a multiple of N, and the machine has the features of the path.
#[inline(always)]
pub(super) unsafe fn in_parts<T: Number, const P: u8, const N: usize>(whole: Moments<T>) {
    let (rows, columns) = (whole.m / ROWS * ROWS, whole.k / PAIR * PAIR);
    // SAFETY: blocks of rows below m and columns below k, then what is left of both, one by one.
    unsafe {
        let mut row = 0;
        while row < rows {
            let mut column = 0;
            while column < columns {
                part::<T, P, N, ROWS, PAIR>(whole, [row, column]);
                column += PAIR;
            }
            row += ROWS;
        }
        rest::<T, P, N>(whole, [rows, columns]);
    }
}

/// What lies behind `rows` or behind `columns`.
///
/// # Safety
/// As [`in_parts`].
#[inline(always)]
unsafe fn rest<T: Number, const P: u8, const N: usize>(whole: Moments<T>, [rows, columns]: [usize; 2]) {
    for row in 0..whole.m {
        for column in if row < rows { columns } else { 0 }..whole.k {
            // SAFETY: row < m and column < k.
            unsafe { part::<T, P, N, 1, 1>(whole, [row, column]) }
        }
    }
}

/// R rows of a and Q of b from (row, column) on.
///
/// # Safety
/// As [`in_parts`]; row + R <= m, column + Q <= k.
#[inline(always)]
unsafe fn part<T: Number, const P: u8, const N: usize, const R: usize, const Q: usize>(
    whole: Moments<T>,
    [row, column]: [usize; 2],
) {
    let mut all = [[[[T::ZERO; N]; 2]; Q]; R];
    let pitch = whole.channels * whole.columns;
    let mut start = 0;
    while start + N <= whole.columns {
        for (r, all) in all.iter_mut().enumerate() {
            for (q, [sums, squares]) in all.iter_mut().enumerate() {
                let mut products = [T::ZERO; N];
                for channel in 0..whole.channels {
                    let at = channel * whole.columns + start;
                    for (i, product) in products.iter_mut().enumerate() {
                        // SAFETY: rows and columns are those of the caller.
                        unsafe {
                            let a = *whole.a.add((row + r) * pitch + at + i);
                            let b = *whole.b.add((column + q) * pitch + at + i);
                            *product = multiply_add::<T, P>(a, b, *product);
                        }
                    }
                }
                for i in 0..N {
                    // SAFETY: there is a weight for each column.
                    let weight = unsafe { *whole.weights.add(start + i) };
                    sums[i] = multiply_add::<T, P>(products[i], weight, sums[i]);
                    squares[i] = multiply_add::<T, P>(products[i], products[i], squares[i]);
                }
            }
        }
        start += N;
    }
    for (r, all) in all.into_iter().enumerate() {
        for (q, both) in all.into_iter().enumerate() {
            // SAFETY: as above.
            unsafe { whole.add([row + r, column + q], both.map(total)) }
        }
    }
}

/// # Safety
/// As [`in_parts`], with AVX-512 F and FMA.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw,avx2,fma")]
pub(super) unsafe fn avx512<T: Number>(whole: Moments<T>) {
    let across = <T::Wide as Totals>::COLUMNS;
    let (rows, columns) = (whole.m / ROWS * ROWS, whole.k / across * across);
    // SAFETY: blocks of rows below m and columns below k, then what is left of both.
    unsafe {
        let mut row = 0;
        while row < rows {
            let mut column = 0;
            while column < columns {
                block::<T>(whole, [row, column]);
                column += across;
            }
            row += ROWS;
        }
        match T::Wide::LANES {
            16 => rest::<T, AVX512, 16>(whole, [rows, columns]),
            _ => rest::<T, AVX512, 8>(whole, [rows, columns]),
        }
    }
}

/// A block whose totals fill a register.
///
/// # Safety
/// As [`avx512`]; the block lies within m and k.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
unsafe fn block<T: Number>(whole: Moments<T>, [row, column]: [usize; 2]) {
    let across = <T::Wide as Totals>::COLUMNS;
    // SAFETY: rows and columns are those of the caller; a register has ROWS · COLUMNS numbers, of at most 16.
    unsafe {
        let [mut sums, mut squares] = [[[T::Wide::splat(T::ZERO); ROWS]; 2 * PAIR]; 2];
        let pairs = sums.as_chunks_mut::<PAIR>().0.iter_mut().zip(squares.as_chunks_mut::<PAIR>().0);
        for (pair, (sums, squares)) in pairs.take(across / PAIR).enumerate() {
            [*sums, *squares] = of_pair::<T>(whole, [row, column + PAIR * pair]);
        }
        let [mut of_sums, mut of_squares] = [[T::ZERO; ROWS * ROWS]; 2];
        T::Wide::totals(&sums[..across]).store(of_sums.as_mut_ptr());
        T::Wide::totals(&squares[..across]).store(of_squares.as_mut_ptr());
        for r in 0..ROWS {
            for q in 0..across {
                whole.add([row + r, column + q], [of_sums[r * across + q], of_squares[r * across + q]]);
            }
        }
    }
}

/// The partial sums of two columns, and those of the squares.
///
/// # Safety
/// As [`block`].
#[cfg(target_arch = "x86_64")]
#[inline(always)]
unsafe fn of_pair<T: Number>(whole: Moments<T>, from: [usize; 2]) -> [[[T::Wide; ROWS]; PAIR]; 2] {
    // SAFETY: the caller's promise.
    unsafe {
        let rows = Rows { a: whole.a, b: whole.b, pitch: whole.channels * whole.columns };
        let zero = [[T::Wide::splat(T::ZERO); ROWS]; PAIR];
        let [mut sums, mut squares] = [zero; 2];
        let mut start = 0;
        while start < whole.columns {
            let mut products = zero;
            for channel in 0..whole.channels {
                add_block::<T>(&mut products, rows, from, channel * whole.columns + start);
            }
            let weight = T::Wide::load(whole.weights.add(start));
            let both = sums.as_flattened_mut().iter_mut().zip(squares.as_flattened_mut());
            for ((sum, square), product) in both.zip(products.as_flattened()) {
                *sum = product.times_plus(weight, *sum);
                *square = product.times_plus(*product, *square);
            }
            start += T::Wide::LANES;
        }
        [sums, squares]
    }
}
