//! Sums of outer products of rows, `out[m·K + k] += Σ_i a[m][i] · b[k][i]`.
//!
//! Columns i, i + L, i + 2L, ... go to one of L partial sums, as many as the widest register has numbers; then the upper half
//! of these is added to the lower one, until one is left. On AVX-512 a block of sums keeps its partial sums in registers,
//! and these are added up across the block: so many at a time that their totals fill a register.

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::{
    __m512, __m512d, _mm512_add_pd, _mm512_add_ps, _mm512_shuffle_f32x4, _mm512_shuffle_f64x2, _mm512_shuffle_ps,
    _mm512_unpackhi_pd, _mm512_unpacklo_pd,
};

#[cfg(target_arch = "x86_64")]
use super::super::gemm::x86::Lanes;
use super::loops::{AVX512, Number, multiply_add, total};

/// Rows of a whose products are summed together.
pub(super) const ROWS: usize = 4;

/// Rows of b whose products are summed together on AVX-512, and where fewer are left.
#[cfg(target_arch = "x86_64")]
const WIDE: usize = 4;
#[cfg(target_arch = "x86_64")]
const NARROW: usize = 2;

/// All sums.
#[derive(Clone, Copy)]
pub(super) struct Outer<T> {
    pub out: *mut T,
    pub a: *const T,
    pub b: *const T,
    pub m: usize,
    pub k: usize,
    pub columns: usize,
}

/// In N partial sums each.
///
/// # Safety
/// Pointers hold the sums and rows, `columns` is a multiple of N, and the machine has the features of the path.
#[inline(always)]
pub(super) unsafe fn in_parts<T: Number, const P: u8, const N: usize>(whole: Outer<T>) {
    let mut row = 0;
    while row < whole.m {
        let rows = if whole.m - row < ROWS { whole.m - row } else { ROWS };
        let mut column = 0;
        while column < whole.k {
            let wide = rows == ROWS && whole.k - column >= 2;
            // SAFETY: rows below m, columns below k.
            unsafe {
                if wide {
                    dots::<T, P, N, ROWS, 2>(whole, row, column);
                    column += 2;
                } else {
                    (row..row + rows).for_each(|row| dots::<T, P, N, 1, 1>(whole, row, column));
                    column += 1;
                }
            }
        }
        row += rows;
    }
}

/// R rows of a and Q of b from (row, column) on.
///
/// # Safety
/// As [`in_parts`]; row + R <= m, column + Q <= k.
#[inline(always)]
unsafe fn dots<T: Number, const P: u8, const N: usize, const R: usize, const Q: usize>(
    whole: Outer<T>,
    row: usize,
    column: usize,
) {
    let mut sums = [[[T::ZERO; N]; Q]; R];
    let mut start = 0;
    while start + N <= whole.columns {
        for (r, sums) in sums.iter_mut().enumerate() {
            for (q, sums) in sums.iter_mut().enumerate() {
                let (a, b) = ((row + r) * whole.columns + start, (column + q) * whole.columns + start);
                // SAFETY: rows and columns are those of the caller.
                unsafe { add_products::<T, P, N>(sums, whole.a.add(a), whole.b.add(b)) }
            }
        }
        start += N;
    }
    for (r, sums) in sums.into_iter().enumerate() {
        for (q, sums) in sums.into_iter().enumerate() {
            // SAFETY: as above.
            unsafe { *whole.out.add((row + r) * whole.k + column + q) += total(sums) }
        }
    }
}

/// # Safety
/// Both pointers hold N numbers, and the machine has the features of the path.
#[inline(always)]
unsafe fn add_products<T: Number, const P: u8, const N: usize>(sums: &mut [T; N], a: *const T, b: *const T) {
    for (i, sum) in sums.iter_mut().enumerate() {
        // SAFETY: i < N.
        unsafe { *sum = multiply_add::<T, P>(*a.add(i), *b.add(i), *sum) }
    }
}

/// A register whose numbers can be added up, several registers at a time.
///
/// # Safety
/// The machine has AVX-512 F; all functions are inlined into code that may use it.
#[cfg(target_arch = "x86_64")]
pub(super) trait Totals: Lanes {
    /// Columns of a block of [`ROWS`] rows whose totals fill a register.
    const COLUMNS: usize;
    // SAFETY: as the trait says.
    /// The totals of `parts[column][row]` for [`Self::COLUMNS`] columns, row by row.
    unsafe fn totals(parts: &[[Self; ROWS]]) -> Self;
}

/// Adds up two registers: the halves, quarters, ... that two instructions pick from both.
#[cfg(target_arch = "x86_64")]
macro_rules! folded {
    ($add:ident, $low:ident $(::<$l:literal>)?, $high:ident $(::<$h:literal>)?, $a:expr, $b:expr) => {
        $add($low$(::<$l>)?($a, $b), $high$(::<$h>)?($a, $b))
    };
}

#[cfg(target_arch = "x86_64")]
// SAFETY: each is made of the instructions that the trait allows.
impl Totals for __m512 {
    const COLUMNS: usize = 4;

    #[inline(always)]
    unsafe fn totals(parts: &[[Self; ROWS]]) -> Self {
        // SAFETY: the caller keeps the promises of the trait, which are those of the instructions.
        unsafe {
            // [r0 8 | r1 8], [r2 8 | r3 8], then [r0 4 | r1 4 | r2 4 | r3 4] of each column.
            let of_column = |rows: &[Self; ROWS]| {
                let first = folded!(
                    _mm512_add_ps,
                    _mm512_shuffle_f32x4::<0x44>,
                    _mm512_shuffle_f32x4::<0xEE>,
                    rows[0],
                    rows[1]
                );
                let last = folded!(
                    _mm512_add_ps,
                    _mm512_shuffle_f32x4::<0x44>,
                    _mm512_shuffle_f32x4::<0xEE>,
                    rows[2],
                    rows[3]
                );
                folded!(_mm512_add_ps, _mm512_shuffle_f32x4::<0x88>, _mm512_shuffle_f32x4::<0xDD>, first, last)
            };
            let [a, b, c, d] = [of_column(&parts[0]), of_column(&parts[1]), of_column(&parts[2]), of_column(&parts[3])];
            let first = folded!(_mm512_add_ps, _mm512_shuffle_ps::<0x44>, _mm512_shuffle_ps::<0xEE>, a, b);
            let last = folded!(_mm512_add_ps, _mm512_shuffle_ps::<0x44>, _mm512_shuffle_ps::<0xEE>, c, d);
            folded!(_mm512_add_ps, _mm512_shuffle_ps::<0x88>, _mm512_shuffle_ps::<0xDD>, first, last)
        }
    }
}

#[cfg(target_arch = "x86_64")]
// SAFETY: each is made of the instructions that the trait allows.
impl Totals for __m512d {
    const COLUMNS: usize = 2;

    #[inline(always)]
    unsafe fn totals(parts: &[[Self; ROWS]]) -> Self {
        // SAFETY: the caller keeps the promises of the trait, which are those of the instructions.
        unsafe {
            // [r0 4 | r1 4], [r2 4 | r3 4], then [r0 2 | r1 2 | r2 2 | r3 2] of each column.
            let of_column = |rows: &[Self; ROWS]| {
                let first = folded!(
                    _mm512_add_pd,
                    _mm512_shuffle_f64x2::<0x44>,
                    _mm512_shuffle_f64x2::<0xEE>,
                    rows[0],
                    rows[1]
                );
                let last = folded!(
                    _mm512_add_pd,
                    _mm512_shuffle_f64x2::<0x44>,
                    _mm512_shuffle_f64x2::<0xEE>,
                    rows[2],
                    rows[3]
                );
                folded!(_mm512_add_pd, _mm512_shuffle_f64x2::<0x88>, _mm512_shuffle_f64x2::<0xDD>, first, last)
            };
            let [a, b] = [of_column(&parts[0]), of_column(&parts[1])];
            folded!(_mm512_add_pd, _mm512_unpacklo_pd, _mm512_unpackhi_pd, a, b)
        }
    }
}

/// # Safety
/// As [`in_parts`], with AVX-512 F and FMA.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw,avx2,fma")]
pub(super) unsafe fn avx512<T: Number>(whole: Outer<T>) {
    let narrow = <T::Wide as Totals>::COLUMNS;
    let (rows, columns) = (whole.m / ROWS * ROWS, whole.k / narrow * narrow);
    // SAFETY: blocks of rows below m and columns below k, then what is left of both, one by one.
    unsafe {
        let mut row = 0;
        while row < rows {
            let mut column = 0;
            while columns - column >= WIDE {
                block::<T, WIDE>(whole, row, column);
                column += WIDE;
            }
            while column < columns {
                block::<T, NARROW>(whole, row, column);
                column += NARROW;
            }
            row += ROWS;
        }
        for row in 0..whole.m {
            for column in if row < rows { columns } else { 0 }..whole.k {
                single::<T>(whole, row, column);
            }
        }
    }
}

/// A block of sums in Q columns, as many as fill one register or several.
///
/// # Safety
/// As [`avx512`]; the block lies within m and k.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
unsafe fn block<T: Number, const Q: usize>(whole: Outer<T>, row: usize, column: usize) {
    let (across, lanes) = (<T::Wide as Totals>::COLUMNS, T::Wide::LANES);
    let rows = Rows { a: whole.a, b: whole.b, pitch: whole.columns };
    // SAFETY: rows and columns are those of the caller; a register has ROWS · COLUMNS numbers.
    unsafe {
        let mut parts = [[T::Wide::splat(T::ZERO); ROWS]; Q];
        let mut start = 0;
        while start < whole.columns {
            add_block::<T>(&mut parts, rows, [row, column], start);
            start += lanes;
        }
        for (group, parts) in parts.chunks_exact(across).enumerate() {
            let mut totals = [T::ZERO; ROWS * ROWS];
            T::Wide::totals(parts).store(totals.as_mut_ptr());
            for r in 0..ROWS {
                for q in 0..across {
                    *whole.out.add((row + r) * whole.k + column + group * across + q) += totals[r * across + q];
                }
            }
        }
    }
}

/// Rows of a and b, and the numbers from one to the next.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
pub(super) struct Rows<T> {
    pub a: *const T,
    pub b: *const T,
    pub pitch: usize,
}

/// Adds the products of a register of each of [`ROWS`] rows of a with one of each of some rows of b: those `at` numbers behind
/// the beginning of the rows.
///
/// # Safety
/// As [`block`].
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(super) unsafe fn add_block<T: Number>(
    sums: &mut [[T::Wide; ROWS]],
    rows: Rows<T>,
    [row, column]: [usize; 2],
    at: usize,
) {
    // SAFETY: as the caller says.
    unsafe {
        let mut left = [T::Wide::splat(T::ZERO); ROWS];
        for (r, left) in left.iter_mut().enumerate() {
            *left = T::Wide::load(rows.a.add((row + r) * rows.pitch + at));
        }
        for (q, sums) in sums.iter_mut().enumerate() {
            let right = T::Wide::load(rows.b.add((column + q) * rows.pitch + at));
            for (sum, left) in sums.iter_mut().zip(&left) {
                *sum = left.times_plus(right, *sum);
            }
        }
    }
}

/// One sum.
///
/// # Safety
/// As [`avx512`]; row < m and column < k.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
unsafe fn single<T: Number>(whole: Outer<T>, row: usize, column: usize) {
    // SAFETY: as the caller says.
    unsafe {
        match T::Wide::LANES {
            16 => dots::<T, AVX512, 16, 1, 1>(whole, row, column),
            _ => dots::<T, AVX512, 8, 1, 1>(whole, row, column),
        }
    }
}
