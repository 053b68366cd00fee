//! The product of small matrices, for network layers of up to some hundred neurons: no packing, the sums in registers.

use super::dispatch::Path;

/// Strides and sizes of a product `out = factor · a · b`, out m x n, a m x k, b k x n; rows of b and of out are contiguous.
#[derive(Clone, Copy, Debug)]
pub struct GemmShape {
    /// Rows of a and of out.
    pub m: usize,
    /// Columns of a, rows of b.
    pub k: usize,
    /// Columns of b and of out.
    pub n: usize,
    /// Between the rows of a, and between its columns.
    pub a_strides: (usize, usize),
    /// Between the rows of b.
    pub b_stride: usize,
    /// Between the rows of out.
    pub out_stride: usize,
}

impl GemmShape {
    /// Whether all entries lie in slices of these lengths.
    fn fits(&self, out: usize, a: usize, b: usize) -> bool {
        let end = |rows: usize, row: usize, columns: usize, column: usize| {
            if rows == 0 || columns == 0 { 0 } else { (rows - 1) * row + (columns - 1) * column + 1 }
        };
        end(self.m, self.out_stride, self.n, 1) <= out
            && end(self.m, self.a_strides.0, self.k, self.a_strides.1) <= a
            && end(self.k, self.b_stride, self.n, 1) <= b
    }
}

/// `out = factor · a · b`, or `out += factor · a · b`, if this machine has vector code for the shape; else returns false
/// and leaves `out` as it is. n is a multiple of eight. Deterministic: one fused sum over k for each entry.
///
/// # Panics
/// If a slice is too short for its part of the shape.
pub fn small_product(out: &mut [f64], a: &[f64], b: &[f64], shape: GemmShape, factor: f64, accumulate: bool) -> bool {
    assert!(shape.fits(out.len(), a.len(), b.len()), "a product beyond its slices: {shape:?}");
    if !shape.n.is_multiple_of(8) {
        return false;
    }
    #[cfg(target_arch = "x86_64")]
    {
        let path = Path::detected();
        let whole = Whole { out: out.as_mut_ptr(), a: a.as_ptr(), b: b.as_ptr(), shape, factor, accumulate };
        // SAFETY: the path was detected, and the slices hold the shape.
        unsafe {
            match path {
                Path::Avx512 => x86::avx512(whole),
                Path::Avx2 => x86::avx2(whole),
                Path::Portable => return false,
            }
        }
        true
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        let _ = (factor, accumulate, Path::Portable);
        false
    }
}

/// A product, checked.
#[derive(Clone, Copy)]
pub(super) struct Whole<T> {
    pub out: *mut T,
    pub a: *const T,
    pub b: *const T,
    pub shape: GemmShape,
    pub factor: T,
    pub accumulate: bool,
}

#[cfg(target_arch = "x86_64")]
pub(super) mod x86 {
    use std::arch::x86_64::{
        __m256, __m256d, __m512, __m512d, _mm256_fmadd_pd, _mm256_fmadd_ps, _mm256_loadu_pd, _mm256_loadu_ps,
        _mm256_mul_pd, _mm256_mul_ps, _mm256_set1_pd, _mm256_set1_ps, _mm256_storeu_pd, _mm256_storeu_ps,
        _mm512_fmadd_pd, _mm512_fmadd_ps, _mm512_loadu_pd, _mm512_loadu_ps, _mm512_mul_pd, _mm512_mul_ps,
        _mm512_set1_pd, _mm512_set1_ps, _mm512_storeu_pd, _mm512_storeu_ps,
    };

    use super::Whole;

    /// A vector register. All functions are inlined into code with the features of the register.
    ///
    /// # Safety
    /// The machine has the instructions; pointers are valid for [`Self::LANES`] numbers.
    pub(in super::super) trait Lanes: Copy {
        type Scalar: Copy + Default;
        const LANES: usize;
        // SAFETY: all as the trait says.
        unsafe fn splat(x: Self::Scalar) -> Self;
        unsafe fn load(from: *const Self::Scalar) -> Self;
        unsafe fn store(self, to: *mut Self::Scalar);
        unsafe fn times(self, factor: Self) -> Self;
        unsafe fn times_plus(self, factor: Self, sum: Self) -> Self;
    }

    macro_rules! lanes {
        ($name:ty, $scalar:ty, $lanes:literal, $splat:ident $load:ident $store:ident $mul:ident $fma:ident) => {
            // SAFETY: each is the instruction that the trait describes.
            impl Lanes for $name {
                type Scalar = $scalar;
                const LANES: usize = $lanes;
                #[inline(always)]
                unsafe fn splat(x: $scalar) -> Self {
                    // SAFETY: the caller keeps the promises of the trait, which are those of the instruction.
                    unsafe { $splat(x) }
                }
                #[inline(always)]
                unsafe fn load(from: *const $scalar) -> Self {
                    // SAFETY: the caller keeps the promises of the trait, which are those of the instruction.
                    unsafe { $load(from) }
                }
                #[inline(always)]
                unsafe fn store(self, to: *mut $scalar) {
                    // SAFETY: the caller keeps the promises of the trait, which are those of the instruction.
                    unsafe { $store(to, self) }
                }
                #[inline(always)]
                unsafe fn times(self, factor: Self) -> Self {
                    // SAFETY: the caller keeps the promises of the trait, which are those of the instruction.
                    unsafe { $mul(self, factor) }
                }
                #[inline(always)]
                unsafe fn times_plus(self, factor: Self, sum: Self) -> Self {
                    // SAFETY: the caller keeps the promises of the trait, which are those of the instruction.
                    unsafe { $fma(self, factor, sum) }
                }
            }
        };
    }
    lanes!(__m512d, f64, 8, _mm512_set1_pd _mm512_loadu_pd _mm512_storeu_pd _mm512_mul_pd _mm512_fmadd_pd);
    lanes!(__m256d, f64, 4, _mm256_set1_pd _mm256_loadu_pd _mm256_storeu_pd _mm256_mul_pd _mm256_fmadd_pd);
    lanes!(__m512, f32, 16, _mm512_set1_ps _mm512_loadu_ps _mm512_storeu_ps _mm512_mul_ps _mm512_fmadd_ps);
    lanes!(__m256, f32, 8, _mm256_set1_ps _mm256_loadu_ps _mm256_storeu_ps _mm256_mul_ps _mm256_fmadd_ps);

    /// A type of numbers with its registers on both paths.
    pub(in super::super) trait Vectors: Copy + Default {
        type Wide: Lanes<Scalar = Self>;
        type Narrow: Lanes<Scalar = Self>;
    }

    impl Vectors for f64 {
        type Wide = __m512d;
        type Narrow = __m256d;
    }

    impl Vectors for f32 {
        type Wide = __m512;
        type Narrow = __m256;
    }

    /// # Safety
    /// The machine has AVX-512 F and FMA; the pointers hold the shape; n is a multiple of the lanes of a wide register.
    #[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw,avx2,fma")]
    pub(in super::super) unsafe fn avx512<T: Vectors>(whole: Whole<T>) {
        let (n, lanes) = (whole.shape.n, T::Wide::LANES);
        // SAFETY: panels of two registers and one of a single one cover n.
        unsafe {
            (0..n / (2 * lanes)).for_each(|panel| panel_of::<T::Wide, 2, 8>(whole, 2 * lanes * panel));
            if !n.is_multiple_of(2 * lanes) {
                panel_of::<T::Wide, 1, 8>(whole, n - lanes);
            }
        }
    }

    /// # Safety
    /// As [`avx512`], with AVX2.
    #[target_feature(enable = "avx2,fma")]
    pub(in super::super) unsafe fn avx2<T: Vectors>(whole: Whole<T>) {
        let panel = 2 * T::Narrow::LANES;
        // SAFETY: panels of two registers, as wide as a wide one, cover n.
        unsafe { (0..whole.shape.n / panel).for_each(|i| panel_of::<T::Narrow, 2, 4>(whole, panel * i)) }
    }

    /// V vectors of columns from `column` on, in blocks of R rows, then rows one by one.
    ///
    /// # Safety
    /// As the callers.
    #[inline(always)]
    unsafe fn panel_of<L: Lanes, const V: usize, const R: usize>(whole: Whole<L::Scalar>, column: usize) {
        let m = whole.shape.m;
        // SAFETY: the rows are below m.
        unsafe {
            for block in 0..m / R {
                block_of::<L, V, R>(whole, block * R, column);
            }
            let mut row = m / R * R;
            if m - row >= 4 {
                block_of::<L, V, 4>(whole, row, column);
                row += 4;
            }
            for row in row..m {
                block_of::<L, V, 1>(whole, row, column);
            }
        }
    }

    /// R rows by V vectors of the output, all sums in registers.
    ///
    /// # Safety
    /// As the callers; row + R <= m, column + V · lanes <= n.
    #[inline(always)]
    #[expect(clippy::needless_range_loop, reason = "blocks of registers read best by index")]
    unsafe fn block_of<L: Lanes, const V: usize, const R: usize>(whole: Whole<L::Scalar>, row: usize, column: usize) {
        let shape = whole.shape;
        let (a_row, a_column) = shape.a_strides;
        // SAFETY: every index is within the shape, which fits its slices.
        unsafe {
            let mut sums = [[L::splat(L::Scalar::default()); V]; R];
            let mut a = whole.a.add(row * a_row);
            let mut b = whole.b.add(column);
            for _ in 0..shape.k {
                let mut right = [L::splat(L::Scalar::default()); V];
                for v in 0..V {
                    right[v] = L::load(b.add(v * L::LANES));
                }
                for r in 0..R {
                    let left = L::splat(*a.add(r * a_row));
                    for v in 0..V {
                        sums[r][v] = left.times_plus(right[v], sums[r][v]);
                    }
                }
                a = a.wrapping_add(a_column);
                b = b.wrapping_add(shape.b_stride);
            }
            let factor = L::splat(whole.factor);
            for r in 0..R {
                for v in 0..V {
                    let to = whole.out.add((row + r) * shape.out_stride + column + v * L::LANES);
                    let value = if whole.accumulate {
                        sums[r][v].times_plus(factor, L::load(to))
                    } else {
                        sums[r][v].times(factor)
                    };
                    value.store(to);
                }
            }
        }
    }
}
