//! Sums over channels of products of rows: what a reverse sweep writes into rows of a Jacobian.

/// `out[(m·K + k)·stride + b] = Σ_c cotangents[(m·C + c)·stride + b] · inputs[(k·C + c)·stride + b]`
///
/// C = `channels`; the numbers of rows M and K follow from the lengths.
pub fn channel_products(out: &mut [f64], cotangents: &[f64], inputs: &[f64], channels: usize, stride: usize) {
    let row = channels * stride;
    let count = out.len() / (cotangents.len() / row) / stride;
    let targets = out.chunks_exact_mut(stride * count);
    for (target, cotangent) in targets.zip(cotangents.chunks_exact(row)) {
        for (sum, input) in target.chunks_exact_mut(stride).zip(inputs.chunks_exact(row)) {
            sum.fill(0.0);
            for (z, a) in cotangent.chunks_exact(stride).zip(input.chunks_exact(stride)) {
                sum.iter_mut().zip(z).zip(a).for_each(|((s, z), a)| *s += z * a);
            }
        }
    }
}
