//! The Jacobian some rows at a time, where it is not stored.

use pdec::linalg::{RowTiles, add_gram, gram};
use pdec::optim::{Engd, EngdOptions, Optimizer, Solver};

use crate::close::assert_relative;
use crate::problems::{Backend, Problem, catalogue, linearize};
use pdec::kernel::{Kernel, Metric, Objective};

fn kernel(problem: &Problem) -> Kernel {
    problem.kernel(&problem.all_points(&[300, 90], 8), Backend::Machine)
}

#[test]
fn parts_are_the_whole() {
    for problem in &catalogue() {
        let (kernel, theta) = (kernel(problem), problem.parameters(8));
        let parameters = theta.len();
        let (whole, slope, loss) = linearize(&kernel, &theta, Metric::GaussNewton);
        let [mut expected, mut found] = [(); 2].map(|()| vec![0.0; parameters * parameters]);
        gram(&whole, &mut expected);
        let (mut rows, mut gradient) = (RowTiles::new(&[], parameters), vec![f64::NAN; parameters]);
        let (mut parts, mut count) = (0, 0);
        let again = kernel.linearize_in_parts(&theta, 200 * parameters, &mut rows, &mut gradient, &mut |rows| {
            assert!(rows.rows() <= 200);
            add_gram(rows, &mut found);
            (parts, count) = (parts + 1, count + rows.rows());
        });
        println!("{}: {count} rows in {parts} parts", problem.name);
        assert!(parts > 1);
        assert_eq!((count, again.to_bits()), (whole.rows(), loss.to_bits()));
        assert_relative(&gradient, &slope, 1e-12);
        assert_relative(&found, &expected, 1e-12);
    }
}

/// Where nothing is stored, products with J are sweeps; steps are the same but for roundings.
#[test]
fn steps_are_those_of_a_stored_jacobian() {
    for problem in &catalogue() {
        let kernel = kernel(problem);
        let [found, expected] = [0, usize::MAX].map(|stored| {
            let options = EngdOptions { solver: Solver::Gram, stored, ..EngdOptions::default() };
            let (mut theta, mut optimizer) = (problem.parameters(8), Engd::new(options, &kernel));
            let report = (0..3).map(|_| optimizer.step(&kernel, &mut theta)).last().expect("three steps");
            println!("{}: {stored} {report:?}", problem.name);
            theta
        });
        assert_relative(&found, &expected, 1e-8);
    }
}
