//! A point does not see its neighbours: NaN stays in its row, padding and weights of zero add nothing.

use pdec::expr::{Exponent, Expr};
use pdec::kernel::PointSet;
use pdec::network::Activation;

use crate::close;
use crate::problems::{
    Axis, Backend, Formulas, Network, Problem, along, catalogue, gradient, residual, residual_and_jacobian,
};

/// The root of the coordinate z, which the networks do not see, and which is NaN below zero.
fn root(f: &mut Formulas) -> Expr {
    let z = f.x(2);
    f.0.product([(z, Exponent::new(1, 2))])
}

/// Two residuals of which one has the root, as a factor of a jet or alone, and a second block.
fn with_root(factor: bool) -> Problem {
    let axes = [Axis::quarters(0, 4), Axis::quarters(-4, 4), Axis::quarters(0, 4)];
    let networks =
        [Network::new(&[0, 1], 1, &[6, 5], Activation::Tanh), Network::new(&[1], 1, &[4], Activation::Sigmoid)];
    Problem::new("with a root", &axes, &networks, |f| {
        let (u, ut, uxx, k) = (f.u(0, &[]), f.u(0, &[1]), f.u(0, &[0, 2]), f.u(1, &[]));
        let root = root(f);
        let (square, product) = (f.product(&[u, u]), f.product(&[k, uxx]));
        let first = if factor { f.product(&[root, ut, u]) } else { f.sum(&[root, ut, square]) };
        vec![vec![first, f.sum(&[square, product])], vec![k]]
    })
}

/// Rows of r, J v, r_vv and J, side by side, without padding.
fn rows(problem: &Problem, points: &[PointSet], backend: Backend) -> Vec<Vec<f64>> {
    let kernel = problem.kernel(points, backend);
    let (theta, v) = (problem.parameters(2), problem.direction(2));
    let (r, jacobian) = residual_and_jacobian(&kernel, &theta);
    let [first, second] = along(&kernel, &theta, &v);
    let of_tile = |tile: &pdec::linalg::RowTile| {
        let entries = |row: usize| tile.data().iter().skip(row).step_by(tile.stride()).copied().collect::<Vec<f64>>();
        (0..tile.rows()).map(entries).collect::<Vec<_>>()
    };
    let rows = jacobian.tiles().iter().flat_map(of_tile);
    let more = r.iter().zip(first.iter().zip(&second));
    rows.zip(more).map(|(row, (r, (first, second)))| [vec![*r, *first, *second], row].concat()).collect()
}

#[test]
fn a_nan_shows_in_its_row_only() {
    for backend in [Backend::Interpreter, Backend::Machine] {
        for factor in [true, false] {
            let problem = with_root(factor);
            let points = problem.all_points(&[65, 9], 4);
            let expected = rows(&problem, &points, backend);
            for bad in [0, 5, 63, 64] {
                let mut points = points.clone();
                points[0].coordinates[2][bad] = -1.0;
                let kernel = problem.kernel(&points, backend);
                let bad_row = kernel.rows_of(0, 0).flatten().nth(bad).expect("there are 65 points");
                for (row, (found, expected)) in rows(&problem, &points, backend).iter().zip(&expected).enumerate() {
                    if row == bad_row {
                        assert!(found[0].is_nan(), "row {row}: {found:?}");
                    } else {
                        println!("{backend:?} factor {factor} bad {bad}: row {row}");
                        close::assert_ulps(found, expected, 0);
                    }
                }
                let (gradient, loss) = gradient(&kernel, &problem.parameters(2));
                assert!(loss.is_nan() && gradient.iter().any(|g| g.is_nan()), "the gradient hides a NaN");
            }
        }
    }
}

/// A NaN in the coordinates of one point, which goes through every layer.
#[test]
fn a_nan_coordinate_shows_at_its_point_only() {
    for problem in catalogue() {
        let points = problem.all_points(&[65], 4);
        let expected = rows(&problem, &points, Backend::Machine);
        for bad in [5, 64] {
            let mut points = points.clone();
            points[0].coordinates.iter_mut().for_each(|column| column[bad] = f64::NAN);
            let kernel = problem.kernel(&points, Backend::Machine);
            let residuals = problem.description.blocks[0].formulas.len();
            let at_point: Vec<usize> = (0..residuals).filter_map(|r| kernel.rows_of(0, r).flatten().nth(bad)).collect();
            for (row, (found, expected)) in rows(&problem, &points, Backend::Machine).iter().zip(&expected).enumerate()
            {
                println!("{} bad {bad}: row {row}", problem.name);
                if at_point.contains(&row) {
                    assert!(found[0].is_nan(), "row {row} is finite: {found:?}");
                } else {
                    close::assert_ulps(found, expected, 0);
                }
            }
        }
    }
}

/// What follows the last point of a tile in storage adds nothing: points of weight zero may stand there or not.
#[test]
fn weights_of_zero_add_nothing() {
    for problem in catalogue() {
        for (count, more) in [(1, 7), (7, 1), (60, 5), (64, 3)] {
            println!("{}: {count} points and {more}", problem.name);
            let theta = problem.parameters(6);
            let few = problem.all_points(&[count], 6);
            let mut many = problem.all_points(&[count + more], 6);
            for (many, few) in many.iter_mut().zip(&few) {
                let own = [&mut many.coordinates, &mut many.normals].into_iter().flatten();
                own.zip(few.coordinates.iter().chain(&few.normals)).for_each(|(m, f)| m[..count].copy_from_slice(f));
                many.weights[..count].copy_from_slice(&few.weights);
                many.weights[count..].fill(0.0);
            }
            let expected = gradient(&problem.kernel(&few, Backend::Interpreter), &theta).0;
            let kernel = problem.kernel(&many, Backend::Interpreter);
            let (found, r) = (gradient(&kernel, &theta).0, residual(&kernel, &theta));
            close::assert_relative(found, expected, 1e-13);
            let silent = r.iter().filter(|r| **r == 0.0).count();
            let residuals = kernel.rows() / (count + more);
            assert!(silent >= residuals * more && silent < kernel.rows(), "{silent} rows of {} are zero", r.len());
        }
    }
}
