//! Derivatives in θ: the orders at which Taylor remainders fall, and the three ways to the same product.

use pdec::linalg::{product, transposed_product};

use crate::close;
use pdec::kernel::{Metric, half_square};

use crate::problems::{
    Backend, along, catalogue, curvature, gradient, linearize, norm, residual, residual_and_jacobian,
};

/// By how much an observed order may miss.
const MISS: f64 = 0.1;

/// log₂ of the quotients of errors at steps h, h/2, h/4, ...
fn orders(errors: &[f64]) -> Vec<f64> {
    errors.windows(2).map(|pair| (pair[0] / pair[1]).log2()).collect()
}

/// `a - factor b`
fn minus(a: &[f64], factor: f64, b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a - factor * b).collect()
}

#[test]
fn taylor_remainders_fall_at_their_orders() {
    for problem in catalogue() {
        let kernel = problem.kernel(&problem.all_points(&[70, 9, 30], 1), Backend::Machine);
        for seed in 0..3 {
            let (theta, v) = (problem.parameters(seed), problem.direction(seed));
            let (r, jacobian) = residual_and_jacobian(&kernel, &theta);
            let mut by_rows = vec![f64::NAN; r.len()];
            product(&jacobian, &v, &mut by_rows);
            let [first, second] = along(&kernel, &theta, &v);
            let mut errors = [const { Vec::new() }; 4];
            for exponent in 6..=10 {
                let h = 2f64.powi(-exponent);
                let moved: Vec<f64> = theta.iter().zip(&v).map(|(t, v)| t + h * v).collect();
                let change = minus(&residual(&kernel, &moved), 1.0, &r);
                let linear = minus(&change, h, &first);
                errors[0].push(norm(&change));
                errors[1].push(norm(&minus(&change, h, &by_rows)));
                errors[2].push(norm(&linear));
                errors[3].push(norm(&minus(&linear, h * h / 2.0, &second)));
            }
            for (errors, expected) in errors.iter().zip([1.0, 2.0, 2.0, 3.0]) {
                let orders = orders(errors);
                println!("{} {seed}: orders {orders:.3?}, errors {errors:?}", problem.name);
                close::assert_relative_to(1.0, &orders, vec![expected; orders.len()], MISS);
            }
        }
    }
}

#[test]
fn products_agree_on_every_way() {
    for problem in catalogue() {
        let kernel = problem.kernel(&problem.all_points(&[70, 9, 30], 2), Backend::Machine);
        for seed in 0..3 {
            println!("{} {seed}", problem.name);
            let (theta, v) = (problem.parameters(seed), problem.direction(seed));
            let (r, jacobian) = residual_and_jacobian(&kernel, &theta);
            let mut expected = vec![f64::NAN; r.len()];
            product(&jacobian, &v, &mut expected);
            let [first, second] = along(&kernel, &theta, &v);
            close::assert_relative(&first, expected, 1e-12);
            let (by_sweep, loss) = gradient(&kernel, &theta);
            close::assert_relative([loss], [half_square(&r)], 1e-13);
            let (_, by_linearize, loss) = linearize(&kernel, &theta, Metric::GaussNewton);
            close::assert_relative([loss], [half_square(&r)], 1e-13);
            let mut by_rows = vec![f64::NAN; v.len()];
            transposed_product(&jacobian, &r, &mut by_rows);
            close::assert_relative(&by_sweep, &by_rows, 1e-12);
            close::assert_relative(by_linearize, &by_rows, 1e-12);
            let mut bent = vec![f64::NAN; v.len()];
            transposed_product(&jacobian, &second, &mut bent);
            close::assert_relative(curvature(&kernel, &theta, &v), bent, 1e-11);
            // (J v)ᵀ r = vᵀ (Jᵀ r), the left by the forward sweep and the right by the reverse one.
            let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
            close::assert_relative_to(norm(&first) * norm(&r), [dot(&first, &r)], [dot(&v, &by_sweep)], 1e-12);
        }
    }
}

/// Second derivatives are quadratic in v, and first ones linear, to rounding.
#[test]
fn derivatives_along_a_direction_scale_with_it() {
    for problem in catalogue() {
        println!("{}", problem.name);
        let kernel = problem.kernel(&problem.all_points(&[20], 3), Backend::Interpreter);
        let (theta, v) = (problem.parameters(0), problem.direction(0));
        let [first, second] = along(&kernel, &theta, &v);
        let longer: Vec<f64> = v.iter().map(|v| -3.0 * v).collect();
        let [longer_first, longer_second] = along(&kernel, &theta, &longer);
        let times = |factor: f64, a: &[f64]| a.iter().map(|a| factor * a).collect::<Vec<_>>();
        close::assert_relative(longer_first, times(-3.0, &first), 1e-12);
        close::assert_relative(longer_second, times(9.0, &second), 1e-12);
    }
}
