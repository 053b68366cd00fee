//! The numbers that training finds (`fit`), and how well the data determine them.
//!
//! The standard deviations are those of a Laplace approximation: the loss ½‖r‖² is taken for the negative logarithm of a
//! probability in units of s², so that parameters near the minimum have the covariance
//!
//! ```text
//! C = s² (JᵀJ)⁻¹,    s² = Σ r² / (N - n) over the N rows of `data`, n numbers
//! ```
//!
//! with J the Jacobian of all rows in all parameters, those of the networks among them. It assumes that the noise of the
//! data is independent, of one size after weighting, and the main cause of the misfit of the data; equations and
//! conditions count as knowledge of the precision that their weights say. Without `data` there is no noise to measure, and
//! no deviation.

use crate::kernel::{LeastSquares, Metric, Objective};
use crate::linalg::{Cholesky, RowTiles, gram};
use crate::model::TermKind;
use crate::pipeline::{Compiled, Lowered};

/// Beyond it the Gram matrix is not worth its memory.
const MOST_PARAMETERS: usize = 6000;
/// Nor is the Jacobian beyond so many numbers (2 GB).
const LARGEST_JACOBIAN: usize = 250_000_000;
/// The damping that is tried first, as a part of the largest diagonal entry: what rounding makes of zero.
const LEAST_DAMPING: f64 = 1e-14;

/// A number that training found.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundNumber {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: f64,
    /// Its standard deviation, where data determine it.
    pub deviation: Option<f64>,
}

/// The values of all numbers at θ, in order of declaration.
pub fn number_values(lowered: &Lowered, theta: &[f64]) -> Vec<(String, f64)> {
    let numbers = lowered.model.numbers.iter().zip(&theta[lowered.raw_numbers()]);
    numbers.map(|(number, &raw)| (number.name.clone(), number.value(raw))).collect()
}

/// All numbers with their standard deviations.
pub fn found_numbers(compiled: &Compiled, theta: &[f64]) -> Vec<FoundNumber> {
    let values = number_values(&compiled.lowered, theta);
    let deviations = deviations(compiled, theta);
    let of = |number: usize| deviations.as_ref().and_then(|all| all.get(number).copied()).filter(|d| d.is_finite());
    values.into_iter().enumerate().map(|(i, (name, value))| FoundNumber { name, value, deviation: of(i) }).collect()
}

/// N and P of the Jacobian that deviations are made from, if any are.
pub(super) fn jacobian_of_deviations(compiled: &Compiled) -> Option<[usize; 2]> {
    let (kernel, model) = (&compiled.kernel, &compiled.lowered.model);
    let [rows, size] = [kernel.rows(), kernel.parameters()];
    let wanted = !model.numbers.is_empty() && !model.data.is_empty();
    (wanted && size <= MOST_PARAMETERS && rows.saturating_mul(size) <= LARGEST_JACOBIAN).then_some([rows, size])
}

fn deviations(compiled: &Compiled, theta: &[f64]) -> Option<Vec<f64>> {
    let (kernel, model) = (&compiled.kernel, &compiled.lowered.model);
    let [_, size] = jacobian_of_deviations(compiled)?;
    let variance = variance(compiled, theta)?;
    let mut rows = RowTiles::new(&kernel.row_tiles(Metric::GaussNewton), size);
    kernel.linearize(theta, Metric::GaussNewton, &mut rows, &mut vec![0.0; size]);
    let mut cholesky = Cholesky::new(size);
    cholesky.fill(|lower| gram(&rows, lower));
    let largest = cholesky.diagonal().iter().copied().fold(0.0, f64::max);
    // Directions of the networks that no row sees make the matrix singular; they do not matter to the numbers.
    let mut damping = LEAST_DAMPING * largest;
    while cholesky.factor(damping).is_err() {
        damping *= 10.0;
        if !damping.is_finite() || damping > 1e-3 * largest {
            return None;
        }
    }
    let deviation = |(number, at): (&crate::model::Number, usize)| {
        let mut column = vec![0.0; size];
        column[at] = 1.0;
        cholesky.solve_in_place(&mut column);
        number.slope(theta[at]).abs() * (variance * column[at]).sqrt()
    };
    Some(model.numbers.iter().zip(compiled.lowered.raw_numbers()).map(deviation).collect())
}

/// s²: the misfit of the rows of data as they stand in the loss, by degrees of freedom.
fn variance(compiled: &Compiled, theta: &[f64]) -> Option<f64> {
    let (kernel, model) = (&compiled.kernel, &compiled.lowered.model);
    let mut residual = vec![0.0; kernel.rows()];
    kernel.residual(theta, &mut residual);
    let (mut sum, mut count) = (0.0, 0_usize);
    for (b, block) in compiled.lowered.blocks.iter().enumerate() {
        for (r, &term) in block.terms.iter().enumerate() {
            if matches!(model.terms[term].kind, TermKind::Data(_)) {
                for rows in kernel.rows_of(b, r) {
                    count += rows.len();
                    sum += residual[rows].iter().map(|r| r * r).sum::<f64>();
                }
            }
        }
    }
    let freedom = count.checked_sub(model.numbers.len()).filter(|&freedom| freedom > 0)?;
    Some(sum / freedom as f64)
}
