//! Products of the columns of a matrix that is kept in pieces of rows: what a Gram matrix is made of.
//!
//! A block of 6 x 4 sums keeps its partial sums in registers over some hundred rows, so that columns are read where they are,
//! without a packed copy, and sums across registers are rare.

use std::ops::Range;

use super::dispatch::Path;

/// Pieces whose products stay in registers: of 64 rows, the columns of a block in them fit the first cache.
pub const PIECES: usize = 8;

/// Some rows of a matrix: entry (row i, column p) at `p·stride + i`. What rows beyond `rows` hold does not matter.
#[derive(Clone, Copy, Debug)]
pub struct Piece<'a> {
    /// The entries, column by column.
    pub data: &'a [f64],
    /// Rows that count.
    pub rows: usize,
    /// From column to column.
    pub stride: usize,
}

/// `out[(q - columns.start)·M + p - rows.start] += Σ_i A[i][p] · A[i][q]` for p in `rows`, M of them, and q in `columns`, where
/// q ≤ p, if this machine has vector code for it; else returns false and leaves `out` as it is. Entries with q > p may be left
/// or not. Deterministic.
///
/// # Panics
/// If `out` does not hold the products, or a piece the columns.
pub fn add_column_products(out: &mut [f64], rows: Range<usize>, columns: Range<usize>, pieces: &[Piece<'_>]) -> bool {
    assert_eq!(out.len(), rows.len() * columns.len(), "products of columns that do not fit");
    let end = rows.end.max(columns.end);
    let fits = |piece: &Piece<'_>| piece.rows <= piece.stride && piece.stride * end <= piece.data.len();
    assert!(pieces.iter().all(fits), "a piece has fewer columns");
    #[cfg(target_arch = "x86_64")]
    if Path::detected() == Path::Avx512 {
        // SAFETY: the path was detected, and lengths are checked above.
        unsafe { x86::add(out, rows, columns, pieces) }
        return true;
    }
    let _ = Path::Portable;
    false
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::{
        __m256d, __m512d, __mmask8, _mm256_add_pd, _mm256_hadd_pd, _mm256_loadu_pd, _mm256_permute4x64_pd,
        _mm256_storeu_pd, _mm512_add_pd, _mm512_castpd512_pd256, _mm512_extractf64x4_pd, _mm512_fmadd_pd,
        _mm512_maskz_loadu_pd, _mm512_setzero_pd, _mm512_shuffle_f64x2,
    };
    use std::ops::Range;

    use super::{PIECES, Piece};

    /// Columns of a block, and its rows where there are enough.
    const SIDE: usize = 4;
    const TALL: usize = 6;
    /// Numbers of a register, and the mask of all.
    const LANES: usize = 8;
    const ALL: __mmask8 = 0xFF;

    /// # Safety
    /// The machine has AVX-512 F, DQ and FMA; `out` and the pieces hold all of the rows and columns.
    #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw,avx2,fma")]
    pub unsafe fn add(out: &mut [f64], rows: Range<usize>, columns: Range<usize>, pieces: &[Piece<'_>]) {
        for pieces in pieces.chunks(PIECES) {
            let mut p = rows.start;
            while p < rows.end {
                let height = rows.end - p;
                // SAFETY: the caller's promise; so many rows are left.
                p += unsafe {
                    match height {
                        TALL.. => strip::<TALL>(out, p, [&rows, &columns], pieces),
                        5 => strip::<5>(out, p, [&rows, &columns], pieces),
                        4 => strip::<4>(out, p, [&rows, &columns], pieces),
                        3 => strip::<3>(out, p, [&rows, &columns], pieces),
                        2 => strip::<2>(out, p, [&rows, &columns], pieces),
                        _ => strip::<1>(out, p, [&rows, &columns], pieces),
                    }
                };
            }
        }
    }

    /// R rows of products from p on; gives R.
    ///
    /// # Safety
    /// As [`add`]; p + R is not beyond the rows.
    #[inline]
    #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw,avx2,fma")]
    unsafe fn strip<const R: usize>(
        out: &mut [f64],
        p: usize,
        [rows, columns]: [&Range<usize>; 2],
        pieces: &[Piece<'_>],
    ) -> usize {
        for q in columns.clone().step_by(SIDE).take_while(|q| *q < p + R) {
            let at = |q: usize| (q - columns.start) * rows.len() + p - rows.start;
            // Of the last columns, four that end with them, some of which are not added again.
            let first = q.min(columns.end.saturating_sub(SIDE));
            // SAFETY: the caller's promise, and columns below their end.
            unsafe {
                if first + SIDE <= columns.end {
                    for (q, totals) in (first..).zip(products::<R>([p, first], pieces)).skip(q - first) {
                        out[at(q)..][..R].iter_mut().zip(totals).for_each(|(out, total)| *out += total);
                    }
                } else {
                    for q in q..columns.end {
                        for (r, out) in out[at(q)..][..R].iter_mut().enumerate() {
                            *out += product([p + r, q], pieces);
                        }
                    }
                }
            }
        }
        R
    }

    /// `Σ_i A[i][p + r] · A[i][q + c]`, for all r below R and each of four c.
    ///
    /// # Safety
    /// As [`add`]; the pieces hold these columns.
    #[inline]
    #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw,avx2,fma")]
    unsafe fn products<const R: usize>([p, q]: [usize; 2], pieces: &[Piece<'_>]) -> [[f64; R]; SIDE] {
        let mut parts = [[_mm512_setzero_pd(); R]; SIDE];
        for piece in pieces {
            // SAFETY: rows below those of the piece, in columns for which the caller vouches.
            unsafe {
                let [a, b] = [p, q].map(|column| piece.data.as_ptr().add(column * piece.stride));
                let whole = piece.rows / LANES * LANES;
                for row in (0..whole).step_by(LANES) {
                    add_rows(&mut parts, [a.add(row), b.add(row)], piece.stride, ALL);
                }
                if whole < piece.rows {
                    add_rows(&mut parts, [a.add(whole), b.add(whole)], piece.stride, rest_of(piece));
                }
            }
        }
        let mut totals = [[0.0; R]; SIDE];
        for (totals, parts) in totals.iter_mut().zip(&parts) {
            for (totals, parts) in totals.chunks_mut(SIDE).zip(parts.chunks(SIDE)) {
                let part = |r: usize| parts.get(r).copied().unwrap_or(_mm512_setzero_pd());
                let mut four = [0.0; SIDE];
                add_to(&mut four, by_row([part(0), part(1), part(2), part(3)]));
                totals.copy_from_slice(&four[..totals.len()]);
            }
        }
        totals
    }

    /// One of these sums.
    ///
    /// # Safety
    /// As [`add`]; the pieces hold these columns.
    #[inline]
    #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw,avx2,fma")]
    unsafe fn product(columns: [usize; 2], pieces: &[Piece<'_>]) -> f64 {
        let mut part = _mm512_setzero_pd();
        for piece in pieces {
            // SAFETY: as in `products`.
            unsafe {
                let [a, b] = columns.map(|column| piece.data.as_ptr().add(column * piece.stride));
                for row in (0..piece.rows).step_by(LANES) {
                    let mask = if piece.rows - row < LANES { rest_of(piece) } else { ALL };
                    let [left, right] = [a, b].map(|column| _mm512_maskz_loadu_pd(mask, column.add(row)));
                    part = _mm512_fmadd_pd(left, right, part);
                }
            }
        }
        let mut total = [0.0; SIDE];
        add_to(&mut total, by_row([part, _mm512_setzero_pd(), _mm512_setzero_pd(), _mm512_setzero_pd()]));
        total[0]
    }

    /// The mask of the rows that do not fill a register.
    fn rest_of(piece: &Piece<'_>) -> __mmask8 {
        (1 << (piece.rows % LANES)) - 1
    }

    /// Adds the products of the rows of a mask, the first of R columns from `a` on and of four from `b` on.
    ///
    /// # Safety
    /// As [`add`]; the columns hold these rows.
    #[inline]
    #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw,avx2,fma")]
    unsafe fn add_rows<const R: usize>(
        parts: &mut [[__m512d; R]; SIDE],
        [a, b]: [*const f64; 2],
        stride: usize,
        mask: __mmask8,
    ) {
        // SAFETY: the caller vouches for the rows of the mask.
        unsafe {
            let mut right = [_mm512_setzero_pd(); SIDE];
            for (c, right) in right.iter_mut().enumerate() {
                *right = _mm512_maskz_loadu_pd(mask, b.add(c * stride));
            }
            for r in 0..R {
                let left = _mm512_maskz_loadu_pd(mask, a.add(r * stride));
                for (parts, right) in parts.iter_mut().zip(right) {
                    parts[r] = _mm512_fmadd_pd(left, right, parts[r]);
                }
            }
        }
    }

    /// The totals of four registers.
    #[inline]
    #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw,avx2,fma")]
    fn by_row([a, b, c, d]: [__m512d; SIDE]) -> __m256d {
        // [a a a a | b b b b] and [c c c c | d d d d], then [a a | b b | c c | d d], then one of each.
        let first = _mm512_add_pd(_mm512_shuffle_f64x2::<0x44>(a, b), _mm512_shuffle_f64x2::<0xEE>(a, b));
        let last = _mm512_add_pd(_mm512_shuffle_f64x2::<0x44>(c, d), _mm512_shuffle_f64x2::<0xEE>(c, d));
        let all = _mm512_add_pd(_mm512_shuffle_f64x2::<0x88>(first, last), _mm512_shuffle_f64x2::<0xDD>(first, last));
        let (low, high) = (_mm512_castpd512_pd256(all), _mm512_extractf64x4_pd::<1>(all));
        // hadd works within halves: [a c b d], put in order.
        _mm256_permute4x64_pd::<0xD8>(_mm256_hadd_pd(low, high))
    }

    /// Adds a register to four numbers.
    ///
    /// # Panics
    /// If there are fewer.
    #[inline]
    #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw,avx2,fma")]
    fn add_to(out: &mut [f64], totals: __m256d) {
        let out = &mut out[..SIDE];
        // SAFETY: there are four numbers.
        unsafe { _mm256_storeu_pd(out.as_mut_ptr(), _mm256_add_pd(_mm256_loadu_pd(out.as_ptr()), totals)) }
    }
}
