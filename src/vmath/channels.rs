//! Sums over channels of products of rows: what a reverse sweep writes into rows of a Jacobian.

#[cfg(target_arch = "x86_64")]
use super::dispatch::Path;

/// Points whose sums stay in registers.
const POINTS: usize = 32;

/// `out[(m·K + k)·stride + b] = Σ_c cotangents[(m·C + c)·stride + b] · inputs[(k·C + c)·stride + b]`
///
/// C = `channels`; the numbers of rows M and K follow from the lengths. Each sum is a chain of fused multiply-adds in the
/// order of the channels, the same bits on every [`Path`](super::Path).
///
/// # Panics
/// If the lengths are not M · C · `stride`, K · C · `stride` and M · K · `stride`.
pub fn channel_products(out: &mut [f64], cotangents: &[f64], inputs: &[f64], channels: usize, stride: usize) {
    let row = channels * stride;
    if out.is_empty() || row == 0 {
        out.fill(0.0);
        return;
    }
    let (m, k) = (cotangents.len() / row, inputs.len() / row);
    assert_eq!(
        (out.len(), cotangents.len(), inputs.len()),
        (m * k * stride, m * row, k * row),
        "channel products of rows that do not fit"
    );
    #[cfg(target_arch = "x86_64")]
    match Path::detected() {
        // SAFETY: the path was detected.
        Path::Avx512 => return unsafe { avx512(out, cotangents, inputs, channels, stride) },
        // SAFETY: the path was detected.
        Path::Avx2 => return unsafe { avx2(out, cotangents, inputs, channels, stride) },
        Path::Portable => {}
    }
    products(out, cotangents, inputs, channels, stride);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx512vl,avx512bw,avx2,fma")]
fn avx512(out: &mut [f64], cotangents: &[f64], inputs: &[f64], channels: usize, stride: usize) {
    products(out, cotangents, inputs, channels, stride);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn avx2(out: &mut [f64], cotangents: &[f64], inputs: &[f64], channels: usize, stride: usize) {
    products(out, cotangents, inputs, channels, stride);
}

#[inline(always)]
fn products(out: &mut [f64], cotangents: &[f64], inputs: &[f64], channels: usize, stride: usize) {
    let row = channels * stride;
    let targets = out.chunks_exact_mut(stride * (inputs.len() / row));
    for (target, cotangent) in targets.zip(cotangents.chunks_exact(row)) {
        for (sums, input) in target.chunks_exact_mut(stride).zip(inputs.chunks_exact(row)) {
            row_of_products(sums, cotangent, input);
        }
    }
}

/// `sums[b] = Σ_c cotangent[c·stride + b] · input[c·stride + b]`, the stride being the length of `sums`.
#[inline(always)]
fn row_of_products(sums: &mut [f64], cotangent: &[f64], input: &[f64]) {
    let stride = sums.len();
    let (blocks, tail) = sums.as_chunks_mut::<POINTS>();
    let tail_start = blocks.len() * POINTS;
    for (index, block) in blocks.iter_mut().enumerate() {
        let mut sum = [0.0; POINTS];
        for (z, a) in cotangent.chunks_exact(stride).zip(input.chunks_exact(stride)) {
            let (z, a) = (&z[index * POINTS..][..POINTS], &a[index * POINTS..][..POINTS]);
            for point in 0..POINTS {
                sum[point] = z[point].mul_add(a[point], sum[point]);
            }
        }
        *block = sum;
    }
    tail.fill(0.0);
    for (z, a) in cotangent.chunks_exact(stride).zip(input.chunks_exact(stride)) {
        for ((sum, z), a) in tail.iter_mut().zip(&z[tail_start..]).zip(&a[tail_start..]) {
            *sum = z.mul_add(*a, *sum);
        }
    }
}
