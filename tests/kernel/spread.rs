//! Means over points of the derivatives of formulas in θ, against differences of the formulas at each point.

use pdec::kernel::{Kernel, PointSet, Role, Spread};

use crate::close;
use crate::problems::{Backend, Problem, catalogue, derivative_means, energies};

/// The values of all formulas at all points.
fn values(kernel: &Kernel, theta: &[f64]) -> Vec<f64> {
    let mut values = vec![f64::NAN; kernel.rows()];
    kernel.values(theta, &mut values);
    values
}

/// The weight of each row, whether it is one of an energy, and whether its point is inside.
fn rows(problem: &Problem, kernel: &Kernel, points: &[PointSet]) -> Vec<(f64, bool, bool)> {
    let mut rows = vec![(f64::NAN, false, false); kernel.rows()];
    for (b, block) in problem.description.blocks.iter().enumerate() {
        for (r, weight) in block.weights.iter().enumerate() {
            for (row, of_point) in kernel.rows_of(b, r).flatten().zip(&points[b].weights) {
                rows[row] = (weight * of_point, block.role == Role::Energy, block.inside);
            }
        }
    }
    rows
}

fn expected(kernel: &Kernel, theta: &[f64], rows: &[(f64, bool, bool)], of: Spread) -> [Vec<f64>; 2] {
    let counts = |&(_, _, inside): &(f64, bool, bool)| of == Spread::All || inside;
    let total: f64 = rows.iter().filter(|row| counts(row)).map(|row| row.0).sum();
    let of_parameter = |p: usize| {
        let moved = |by: f64| {
            let mut theta = theta.to_vec();
            theta[p] += by;
            values(kernel, &theta)
        };
        let step = 1e-5;
        let (ahead, behind) = (moved(step), moved(-step));
        let slopes = ahead.iter().zip(&behind).map(|(a, b)| (a - b) / (2.0 * step));
        let (mut mean, mut square) = (0.0, 0.0);
        for (slope, row) in slopes.zip(rows).filter(|(_, row)| counts(row)) {
            // Values of residuals carry the root of their weight, those of energies the weight.
            let slope = slope / if row.1 { row.0 } else { row.0.sqrt() };
            mean += row.0 * slope / total;
            square += row.0 * slope * slope / total;
        }
        (mean, square)
    };
    let (means, squares) = (0..theta.len()).map(of_parameter).unzip();
    [means, squares]
}

#[test]
fn means_of_derivatives_are_those_of_differences() {
    for problem in catalogue().into_iter().chain(energies()) {
        let points = problem.all_points(&[70, 5], 0);
        let kernel = problem.kernel(&points, Backend::Machine);
        let theta = problem.parameters(0);
        let rows = rows(&problem, &kernel, &points);
        for of in [Spread::Equations, Spread::All] {
            println!("{} {of:?}", problem.name);
            let found = derivative_means(&kernel, &theta, of);
            let expected = expected(&kernel, &theta, &rows, of);
            found.iter().zip(&expected).for_each(|(found, expected)| close::assert_relative(found, expected, 1e-6));
        }
    }
}

/// Where no point is inside, all count.
#[test]
fn without_equations_all_points_count() {
    let problem = &catalogue()[0];
    let mut points = problem.all_points(&[9], 0);
    points[0] = points[0].select(&[]);
    let kernel = problem.kernel(&points, Backend::Interpreter);
    let of = |of| derivative_means(&kernel, &problem.parameters(0), of);
    let [means, squares] = of(Spread::Equations);
    assert!(squares.iter().any(|square| *square > 0.0));
    assert_eq!([means, squares], of(Spread::All));
}
