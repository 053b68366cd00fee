//! The loops, once for both types of numbers and all paths.

use std::slice;

use super::super::dispatch::{Kernel, Kernel2};
use super::super::exponential::Exp;
use super::super::gemm::{GemmShape, Whole};
use super::dots::{self, Outer};
use super::moments::{self, Moments};
use super::{Primitive, Scalar};

/// The path of a function, as a constant of its type.
pub(super) const AVX512: u8 = 0;
pub(super) const AVX2: u8 = 1;
pub(super) const PORTABLE: u8 = 2;

#[cfg(target_arch = "x86_64")]
pub(super) trait Number: super::super::gemm::x86::Vectors<Wide: dots::Totals> + Real {}
#[cfg(target_arch = "x86_64")]
impl<T: super::super::gemm::x86::Vectors<Wide: dots::Totals> + Real> Number for T {}
#[cfg(not(target_arch = "x86_64"))]
pub(super) trait Number: Real {}
#[cfg(not(target_arch = "x86_64"))]
impl<T: Real> Number for T {}

/// What the loops do with numbers.
pub(super) trait Real:
    Primitive + PartialEq + std::ops::Add<Output = Self> + std::ops::Mul<Output = Self> + std::ops::AddAssign
{
    const ZERO: Self;
    const TWO: Self;
    fn fused(self, factor: Self, sum: Self) -> Self;
    fn to_double(self) -> f64;
    fn of_double(x: f64) -> Self;
    /// Replaces every value by a function of it.
    fn block<K: Kernel>(values: &mut [Self]);
}

macro_rules! real {
    ($($type:ty, $block:ident;)*) => { $(
        impl Real for $type {
            const ZERO: Self = 0.0;
            const TWO: Self = 2.0;
            #[inline(always)]
            fn fused(self, factor: Self, sum: Self) -> Self {
                self.mul_add(factor, sum)
            }
            #[inline(always)]
            fn to_double(self) -> f64 {
                self.into()
            }
            #[inline(always)]
            fn of_double(x: f64) -> Self {
                x as $type
            }
            #[inline(always)]
            fn block<K: Kernel>(values: &mut [Self]) {
                K::$block(values);
            }
        }
    )* };
}
real!(f64, block; f32, block_of_singles;);

/// `a·b + c`, fused where the path has the instruction.
#[inline(always)]
pub(super) fn multiply_add<T: Number, const P: u8>(a: T, b: T, c: T) -> T {
    if P == PORTABLE { a * b + c } else { a.fused(b, c) }
}

/// Numbers that a math function takes at a time: few enough for registers, so that a whole chunk is loaded and stored by
/// vector instructions and not by a call of `memcpy`, which is no more than a plain loop in an object.
const CHUNK: usize = 32;

/// # Safety
/// As all services.
#[inline(always)]
pub(super) unsafe fn unary<T: Number, K: Kernel, const P: u8>(
    input: *const T,
    output: *mut T,
    count: usize,
    fast: usize,
) {
    #[cfg(all(freestanding, target_arch = "x86_64"))]
    if P == PORTABLE && fast != 0 {
        // SAFETY: the instructions were detected; all else is the caller's promise.
        return unsafe { super::machine::unary::<T, K>(input, output, count) };
    }
    let _ = fast;
    let mut start = 0;
    while count - start >= CHUNK {
        // SAFETY: start + CHUNK <= count, for which the caller vouches.
        unsafe {
            let mut values = [T::ZERO; CHUNK];
            for i in 0..CHUNK {
                *values.as_mut_ptr().add(i) = *input.add(start + i);
            }
            T::block::<K>(&mut values);
            for i in 0..CHUNK {
                *output.add(start + i) = *values.as_ptr().add(i);
            }
        }
        start += CHUNK;
    }
    let mut rest = [T::ZERO; CHUNK];
    let length = count - start;
    // SAFETY: start + length = count, for which the caller vouches; length < CHUNK.
    unsafe {
        for i in 0..length {
            *rest.as_mut_ptr().add(i) = *input.add(start + i);
        }
        T::block::<K>(slice::from_raw_parts_mut(rest.as_mut_ptr(), length));
        for i in 0..length {
            *output.add(start + i) = *rest.as_ptr().add(i);
        }
    }
}

/// As [`unary`]; single precision goes to doubles and back, which rounds once.
///
/// # Safety
/// As all services.
#[inline(always)]
pub(super) unsafe fn binary<T: Number, K: Kernel2, const P: u8>(
    first: *const T,
    second: *const T,
    output: *mut T,
    count: usize,
    fast: usize,
) {
    #[cfg(all(freestanding, target_arch = "x86_64"))]
    if P == PORTABLE && fast != 0 {
        // SAFETY: the instructions were detected; all else is the caller's promise.
        return unsafe { super::machine::binary::<T, K>(first, second, output, count) };
    }
    let _ = fast;
    let (mut xs, mut ys) = ([0.0; CHUNK], [0.0; CHUNK]);
    let mut start = 0;
    while start < count {
        let length = if count - start < CHUNK { count - start } else { CHUNK };
        // SAFETY: as in `unary`.
        unsafe {
            for i in 0..length {
                *xs.as_mut_ptr().add(i) = (*first.add(start + i)).to_double();
                *ys.as_mut_ptr().add(i) = (*second.add(start + i)).to_double();
            }
            let pairs = slice::from_raw_parts_mut(xs.as_mut_ptr(), length);
            K::block(pairs, slice::from_raw_parts(ys.as_ptr(), length));
            for i in 0..length {
                *output.add(start + i) = T::of_double(*xs.as_ptr().add(i));
            }
        }
        start += length;
    }
}

/// # Safety
/// `fast` is a word.
#[inline(always)]
pub(super) unsafe fn detect<T: Number, const P: u8>(fast: *mut T) {
    #[cfg(all(freestanding, target_arch = "x86_64"))]
    let answer = P == PORTABLE && super::machine::has_fused();
    #[cfg(not(all(freestanding, target_arch = "x86_64")))]
    let answer = false;
    // SAFETY: the caller vouches for the word.
    unsafe { fast.cast::<usize>().write(usize::from(answer)) }
}

/// # Safety
/// As all services; `count` is at least 1.
#[inline(always)]
pub(super) unsafe fn pad<T: Number, const P: u8>(source: *const T, target: *mut T, count: usize, stride: usize) {
    // SAFETY: the caller vouches for `count` and `stride` numbers.
    unsafe {
        for i in 0..count {
            *target.add(i) = *source.add(i);
        }
        let last = *source.add(count - 1);
        for i in count..stride {
            *target.add(i) = last;
        }
    }
}

/// # Safety
/// As all services.
#[inline(always)]
pub(super) unsafe fn pad_zero<T: Number, const P: u8>(source: *const T, target: *mut T, count: usize, stride: usize) {
    // SAFETY: the caller vouches for `count` and `stride` numbers.
    unsafe {
        for i in 0..count {
            *target.add(i) = *source.add(i);
        }
        for i in count..stride {
            *target.add(i) = T::ZERO;
        }
    }
}

/// # Safety
/// As all services.
#[inline(always)]
pub(super) unsafe fn copy<T: Number, const P: u8>(source: *const T, target: *mut T, count: usize) {
    // SAFETY: the caller vouches for `count` numbers.
    (0..count).for_each(|i| unsafe { *target.add(i) = *source.add(i) });
}

/// # Safety
/// As all services.
#[inline(always)]
pub(super) unsafe fn zero<T: Number, const P: u8>(target: *mut T, count: usize) {
    // SAFETY: the caller vouches for `count` numbers.
    (0..count).for_each(|i| unsafe { *target.add(i) = T::ZERO });
}

/// # Safety
/// As all services.
#[inline(always)]
pub(super) unsafe fn add<T: Number, const P: u8>(source: *const T, target: *mut T, count: usize) {
    // SAFETY: the caller vouches for `count` numbers.
    (0..count).for_each(|i| unsafe { *target.add(i) += *source.add(i) });
}

/// # Safety
/// As all services.
#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "machine code calls it with every size and stride")]
pub(super) unsafe fn product<T: Number, const P: u8>(
    out: *mut T,
    a: *const T,
    b: *const T,
    m: usize,
    k: usize,
    n: usize,
    a_row: usize,
    a_column: usize,
    b_stride: usize,
    out_stride: usize,
    factor: T,
    accumulate: usize,
) {
    let shape = GemmShape { m, k, n, a_strides: (a_row, a_column), b_stride, out_stride };
    let whole = Whole { out, a, b, shape, factor, accumulate: accumulate != 0 };
    // SAFETY: the caller vouches for the path and for the shape.
    unsafe {
        match P {
            #[cfg(target_arch = "x86_64")]
            AVX512 => super::super::gemm::x86::avx512(whole),
            #[cfg(target_arch = "x86_64")]
            AVX2 => super::super::gemm::x86::avx2(whole),
            _ => separate_product(whole),
        }
    }
}

/// Columns whose sums stay in registers on the portable path.
const PORTABLE_COLUMNS: usize = 8;

/// # Safety
/// As [`product`].
#[inline(always)]
unsafe fn separate_product<T: Number>(whole: Whole<T>) {
    let GemmShape { m, k, n, a_strides, b_stride, out_stride } = whole.shape;
    for row in 0..m {
        let mut column = 0;
        while column < n {
            let mut sums = [T::ZERO; PORTABLE_COLUMNS];
            // SAFETY: rows below m and k, columns below n, which is a multiple of the columns of a block.
            unsafe {
                for inner in 0..k {
                    let left = *whole.a.add(row * a_strides.0 + inner * a_strides.1);
                    let right = whole.b.add(inner * b_stride + column);
                    for (i, sum) in sums.iter_mut().enumerate() {
                        *sum += left * *right.add(i);
                    }
                }
                let out = whole.out.add(row * out_stride + column);
                for (i, sum) in sums.iter().enumerate() {
                    let value = *sum * whole.factor;
                    *out.add(i) = if whole.accumulate { value + *out.add(i) } else { value };
                }
            }
            column += PORTABLE_COLUMNS;
        }
    }
}

/// # Safety
/// As all services.
#[inline(always)]
pub(super) unsafe fn scale_rows<T: Number, const P: u8>(out: *mut T, scales: *const T, rows: usize, row: usize) {
    for r in 0..rows {
        // SAFETY: the caller vouches for `rows` rows and scales.
        unsafe {
            let factor = T::of_double(Exp::at((*scales.add(r)).to_double()));
            for i in 0..row {
                let at = out.add(r * row + i);
                *at = *at * factor;
            }
        }
    }
}

/// # Safety
/// As all services.
#[inline(always)]
pub(super) unsafe fn add_bias<T: Number, const P: u8>(
    out: *mut T,
    biases: *const T,
    rows: usize,
    row: usize,
    count: usize,
) {
    for r in 0..rows {
        // SAFETY: the caller vouches for `rows` rows and biases, and for count <= row.
        unsafe {
            let bias = *biases.add(r);
            for i in 0..count {
                *out.add(r * row + i) += bias;
            }
        }
    }
}

/// # Safety
/// As all services.
#[inline(always)]
pub(super) unsafe fn scale_jets<T: Number, const P: u8>(out: *mut T, slopes: *const T, rows: usize, jet: usize) {
    for r in 0..rows {
        // SAFETY: the caller vouches for `rows` rows of three jets, and as many slopes.
        unsafe {
            let slope = *slopes.add(r);
            let value = out.add(3 * r * jet);
            for i in 0..jet {
                let (y0, y1) = (*value.add(i), *value.add(jet + i));
                *value.add(2 * jet + i) += slope * (T::TWO * y1 + slope * y0);
                *value.add(jet + i) += slope * y0;
            }
        }
    }
}

/// # Safety
/// As all services; `weights` may be null.
#[inline(always)]
pub(super) unsafe fn seed<T: Number, const P: u8>(
    target: *mut T,
    weights: *const T,
    source: *const T,
    factor: T,
    count: usize,
) {
    for i in 0..count {
        // SAFETY: the caller vouches for `count` numbers.
        unsafe {
            let weight = if weights.is_null() { factor } else { *weights.add(i) * factor };
            // What has no weight may be no number.
            *target.add(i) += if weight == T::ZERO { T::ZERO } else { weight * *source.add(i) };
        }
    }
}

/// # Safety
/// As all services.
#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "machine code calls it with every size and stride")]
pub(super) unsafe fn channel_products<T: Number, const P: u8>(
    out: *mut T,
    cotangents: *const T,
    inputs: *const T,
    m: usize,
    k: usize,
    channels: usize,
    stride: usize,
    apart: usize,
) {
    const POINTS: usize = 32;
    let row = channels * stride;
    for (pair, (z, a)) in (0..m).flat_map(|z| (0..k).map(move |a| (z, a))).enumerate() {
        // SAFETY: the caller vouches for m, k and m·k rows.
        let (target, z, a) = unsafe { (out.add(pair * apart), cotangents.add(z * row), inputs.add(a * row)) };
        let mut start = 0;
        while start < stride {
            // SAFETY: points below the stride, channels below their number.
            unsafe {
                if stride - start >= POINTS {
                    let mut sums = [T::ZERO; POINTS];
                    for c in 0..channels {
                        let (z, a) = (z.add(c * stride + start), a.add(c * stride + start));
                        for (i, sum) in sums.iter_mut().enumerate() {
                            *sum = multiply_add::<T, P>(*z.add(i), *a.add(i), *sum);
                        }
                    }
                    for (i, sum) in sums.iter().enumerate() {
                        *target.add(start + i) = *sum;
                    }
                    start += POINTS;
                } else {
                    for i in start..stride {
                        let mut sum = T::ZERO;
                        for c in 0..channels {
                            sum = multiply_add::<T, P>(*z.add(c * stride + i), *a.add(c * stride + i), sum);
                        }
                        *target.add(i) = sum;
                    }
                    start = stride;
                }
            }
        }
    }
}

/// # Safety
/// As all services.
#[inline(always)]
pub(super) unsafe fn first_channels<T: Number, const P: u8>(
    target: *mut T,
    source: *const T,
    rows: usize,
    row: usize,
    stride: usize,
    apart: usize,
) {
    for r in 0..rows {
        for i in 0..stride {
            // SAFETY: the caller vouches for `rows` rows on both sides, and for stride <= row and apart.
            unsafe { *target.add(r * apart + i) = *source.add(r * row + i) }
        }
    }
}

/// # Safety
/// As all services.
#[inline(always)]
pub(super) unsafe fn weighted_rows<T: Number, const P: u8>(
    target: *mut T,
    weights: *const T,
    products: *const T,
    m: usize,
    k: usize,
    stride: usize,
    apart: usize,
) {
    for r in 0..m {
        // SAFETY: the caller vouches for m rows and m·k weights and products.
        unsafe {
            zero::<T, P>(target.add(r * apart), stride);
            for pair in r * k..(r + 1) * k {
                let weight = *weights.add(pair);
                for i in 0..stride {
                    let sum = target.add(r * apart + i);
                    *sum = multiply_add::<T, P>(weight, *products.add(pair * apart + i), *sum);
                }
            }
        }
    }
}

/// # Safety
/// As all services.
#[inline(always)]
pub(super) unsafe fn outer<T: Number, const P: u8>(
    out: *mut T,
    a: *const T,
    b: *const T,
    m: usize,
    k: usize,
    columns: usize,
) {
    let whole = Outer { out, a, b, m, k, columns };
    // SAFETY: the caller vouches for the path and for m·k sums of rows of so many columns.
    unsafe {
        match (P, T::SCALAR) {
            #[cfg(target_arch = "x86_64")]
            (AVX512, _) => dots::avx512(whole),
            (_, Scalar::F64) => dots::in_parts::<T, P, 8>(whole),
            (_, Scalar::F32) => dots::in_parts::<T, P, 16>(whole),
        }
    }
}

/// # Safety
/// As all services.
#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "machine code calls it with every size and stride")]
pub(super) unsafe fn channel_moments<T: Number, const P: u8>(
    sums: *mut T,
    squares: *mut T,
    weights: *const T,
    cotangents: *const T,
    inputs: *const T,
    m: usize,
    k: usize,
    channels: usize,
    stride: usize,
) {
    let whole = Moments { sums, squares, weights, a: cotangents, b: inputs, m, k, channels, columns: stride };
    // SAFETY: the caller vouches for the path, for m·k sums of both kinds, and for rows of so many channels.
    unsafe {
        match (P, T::SCALAR) {
            #[cfg(target_arch = "x86_64")]
            (AVX512, _) => moments::avx512(whole),
            (_, Scalar::F64) => moments::in_parts::<T, P, 8>(whole),
            (_, Scalar::F32) => moments::in_parts::<T, P, 16>(whole),
        }
    }
}

/// The sum of partial sums: the upper half to the lower one, and so on.
#[inline(always)]
pub(super) fn total<T: Number, const N: usize>(mut parts: [T; N]) -> T {
    let mut half = N / 2;
    while half > 0 {
        for i in 0..half {
            let upper = parts[half + i];
            parts[i] += upper;
        }
        half /= 2;
    }
    parts[0]
}

/// # Safety
/// As all services; `count` is a multiple of the lanes.
#[inline(always)]
pub(super) unsafe fn row_sums<T: Number, const P: u8>(out: *mut T, a: *const T, rows: usize, row: usize, count: usize) {
    // SAFETY: the caller's promise.
    unsafe {
        match T::SCALAR {
            Scalar::F64 => row_sums_in::<T, P, 8>(out, a, rows, row, count),
            Scalar::F32 => row_sums_in::<T, P, 16>(out, a, rows, row, count),
        }
    }
}

/// As [`row_sums`], with N partial sums.
///
/// # Safety
/// As all services.
#[inline(always)]
unsafe fn row_sums_in<T: Number, const P: u8, const N: usize>(
    out: *mut T,
    a: *const T,
    rows: usize,
    row: usize,
    count: usize,
) {
    for r in 0..rows {
        let mut sums = [T::ZERO; N];
        let mut start = 0;
        while start + N <= count {
            for (i, sum) in sums.iter_mut().enumerate() {
                // SAFETY: the caller vouches for `rows` rows, and for count <= row.
                unsafe { *sum += *a.add(r * row + start + i) };
            }
            start += N;
        }
        // SAFETY: the caller vouches for `rows` sums.
        unsafe { *out.add(r) += total(sums) }
    }
}

/// # Safety
/// As all services.
#[inline(always)]
pub(super) unsafe fn row_moments<T: Number, const P: u8>(
    sums: *mut T,
    squares: *mut T,
    weights: *const T,
    a: *const T,
    rows: usize,
    row: usize,
    count: usize,
) {
    // SAFETY: the caller's promise.
    unsafe {
        match T::SCALAR {
            Scalar::F64 => row_moments_in::<T, P, 8>([sums, squares], weights, a, [rows, row, count]),
            Scalar::F32 => row_moments_in::<T, P, 16>([sums, squares], weights, a, [rows, row, count]),
        }
    }
}

/// As [`row_moments`], with N partial sums.
///
/// # Safety
/// As all services.
#[inline(always)]
unsafe fn row_moments_in<T: Number, const P: u8, const N: usize>(
    [sums, squares]: [*mut T; 2],
    weights: *const T,
    a: *const T,
    [rows, row, count]: [usize; 3],
) {
    for r in 0..rows {
        let [mut of_sum, mut of_square] = [[T::ZERO; N]; 2];
        let mut start = 0;
        while start + N <= count {
            for i in 0..N {
                // SAFETY: the caller vouches for `rows` rows, for count weights, and for count <= row.
                let (value, weight) = unsafe { (*a.add(r * row + start + i), *weights.add(start + i)) };
                of_sum[i] = multiply_add::<T, P>(value, weight, of_sum[i]);
                of_square[i] = multiply_add::<T, P>(value, value, of_square[i]);
            }
            start += N;
        }
        // SAFETY: the caller vouches for `rows` sums of both kinds.
        unsafe {
            *sums.add(r) += total(of_sum);
            *squares.add(r) += total(of_square);
        }
    }
}

/// # Safety
/// As all services.
#[inline(always)]
pub(super) unsafe fn weighted_sums<T: Number, const P: u8>(
    out: *mut T,
    weights: *const T,
    part: *const T,
    m: usize,
    k: usize,
) {
    for r in 0..m {
        // SAFETY: the caller vouches for m sums and m·k weights and parts.
        unsafe {
            let mut sum = T::ZERO;
            for pair in r * k..(r + 1) * k {
                sum += *weights.add(pair) * *part.add(pair);
            }
            *out.add(r) += sum;
        }
    }
}

/// # Safety
/// As all services.
#[inline(always)]
pub(super) unsafe fn add_weighted<T: Number, const P: u8>(
    target: *mut T,
    weights: *const T,
    source: *const T,
    rows: usize,
    stride: usize,
) {
    for r in 0..rows {
        for i in 0..stride {
            // SAFETY: the caller vouches for `rows` rows of `stride` numbers, and as many weights.
            unsafe {
                let sum = target.add(r * stride + i);
                *sum = multiply_add::<T, P>(*weights.add(i), *source.add(r * stride + i), *sum);
            }
        }
    }
}

/// # Safety
/// As all services; `b` may be null, which stands for ones.
#[inline(always)]
pub(super) unsafe fn weighted_dot<T: Number, const P: u8>(
    out: *mut T,
    weights: *const T,
    a: *const T,
    b: *const T,
    factor: T,
    count: usize,
) {
    let mut sum = T::ZERO;
    for i in 0..count {
        // SAFETY: the caller vouches for `count` numbers.
        unsafe {
            let weight = *weights.add(i);
            let value = if b.is_null() { *a.add(i) } else { *a.add(i) * *b.add(i) };
            // What has no weight may be no number.
            sum += if weight == T::ZERO { T::ZERO } else { weight * value };
        }
    }
    // SAFETY: the caller vouches for one number.
    unsafe { *out += factor * sum }
}
