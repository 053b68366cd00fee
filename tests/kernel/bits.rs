//! The same bits for any number of threads, by the interpreter and by machine code, after any change of the points.

use rayon::{ThreadPool, ThreadPoolBuilder};

use pdec::kernel::{Kernel, Metric, Objective, Spread};
use pdec::optim::{Engd, EngdOptions, Optimizer, Solver};

use crate::problems::{Backend, Problem, along, catalogue, curvature, derivative_means, energies, gradient, linearize};

/// Numbers of points around the size of a tile.
const COUNTS: [usize; 7] = [1, 7, 63, 64, 65, 200, 0];

/// The bits of everything that a kernel computes, by name.
fn everything(kernel: &Kernel, theta: &[f64], v: &[f64]) -> Vec<(&'static str, Vec<u64>)> {
    let (jacobian, slope, loss) = linearize(kernel, theta, Metric::Newton);
    let entries = jacobian.tiles().iter().flat_map(|tile| {
        let columns = tile.data().chunks_exact(tile.stride().max(1));
        columns.flat_map(|column| column[..tile.rows()].iter().copied())
    });
    let entries: Vec<f64> = entries.collect();
    assert_eq!(entries.len(), jacobian.rows() * kernel.parameters());
    let (gradient, loss_of_gradient) = gradient(kernel, theta);
    let moved: Vec<f64> = theta.iter().zip(v).map(|(t, v)| t + 0.1 * v).collect();
    assert_losses_at_once(kernel, theta, v);
    let mut values = vec![f64::NAN; kernel.rows()];
    kernel.values(theta, &mut values);
    let mut named = vec![
        ("values", values),
        ("losses", vec![kernel.loss(theta), loss, loss_of_gradient, kernel.change(theta, &moved)]),
        ("Jacobian", entries),
        ("gradient beside the Jacobian", slope),
        ("gradient", gradient),
        ("curvature", curvature(kernel, theta, v)),
    ];
    for spread in [Spread::Equations, Spread::All] {
        let [means, squares] = derivative_means(kernel, theta, spread);
        named.extend([("means of derivatives", means), ("their mean squares", squares)]);
    }
    if kernel.least_squares().is_some() {
        let [first, second] = along(kernel, theta, v);
        named.extend([("first derivative", first), ("second derivative", second)]);
    }
    let bits = |v: Vec<f64>| v.into_iter().inspect(|x| assert!(x.is_finite())).map(f64::to_bits).collect();
    named.into_iter().map(|(name, values)| (name, bits(values))).collect()
}

/// Losses in one pass over the points are those of one pass each.
fn assert_losses_at_once(kernel: &Kernel, theta: &[f64], v: &[f64]) {
    let all: Vec<Vec<f64>> =
        (0..11).map(|i| theta.iter().zip(v).map(|(t, v)| t + 0.01 * f64::from(i) * v).collect()).collect();
    let mut losses = vec![f64::NAN; all.len()];
    kernel.losses(&all.concat(), &mut losses);
    for (theta, loss) in all.iter().zip(&losses) {
        assert_eq!(loss.to_bits(), kernel.loss(theta).to_bits());
    }
}

#[track_caller]
fn assert_same(what: &str, found: &[(&str, Vec<u64>)], expected: &[(&str, Vec<u64>)]) {
    for ((name, found), (_, expected)) in found.iter().zip(expected) {
        assert_eq!(found.len(), expected.len(), "{what}: {name}");
        if let Some(i) = (0..found.len()).find(|&i| found[i] != expected[i]) {
            let [a, b] = [found[i], expected[i]].map(f64::from_bits);
            panic!("{what}: element {i} of {} of the {name} is {a:e}, not {b:e}", found.len());
        }
    }
}

fn pools() -> Vec<(usize, ThreadPool)> {
    (1..=3).map(|n| (n, ThreadPoolBuilder::new().num_threads(n).build().expect("a pool"))).collect()
}

/// Numbers of points of the blocks, rotated so that every block has every number once.
fn point_counts() -> impl Iterator<Item = Vec<usize>> {
    (0..COUNTS.len()).map(|start| (0..COUNTS.len()).map(|i| COUNTS[(start + i) % COUNTS.len()]).collect())
}

fn check(problem: &Problem, pools: &[(usize, ThreadPool)]) {
    let (theta, v) = (problem.parameters(3), problem.direction(3));
    let nowhere = problem.all_points(&[0], 0);
    let mut machine = problem.kernel(&nowhere, Backend::Machine);
    let mut interpreter = problem.kernel(&nowhere, Backend::Interpreter);
    for (seed, counts) in point_counts().enumerate() {
        let what = |of: &str| format!("{} at {counts:?} points {of}", problem.name);
        let points = problem.all_points(&counts, seed as u64);
        for (block, points) in points.iter().enumerate() {
            machine.set_points(block, points);
            interpreter.set_points(block, points);
        }
        let expected = everything(&interpreter, &theta, &v);
        let fresh = problem.kernel(&points, Backend::Interpreter);
        assert_same(&what("set at once"), &everything(&fresh, &theta, &v), &expected);
        for (threads, pool) in pools {
            let found = pool.install(|| everything(&machine, &theta, &v));
            assert_same(&what(&format!("by {threads} threads")), &found, &expected);
        }
    }
}

#[test]
fn bits_do_not_depend_on_threads_or_back_end() {
    let pools = pools();
    catalogue().iter().chain(&energies()).for_each(|problem| check(problem, &pools));
    let newton = catalogue().into_iter().map(|problem| problem.with_metric(Metric::Newton));
    newton.take(4).for_each(|problem| check(&problem, &pools));
}

/// A Jacobian that served other points must not show what it held, though its tiles have the same sizes.
#[test]
fn jacobians_are_used_again() {
    for problem in catalogue().into_iter().chain(energies()) {
        let (before, after) = (problem.all_points(&[130, 64], 1), problem.all_points(&[64, 130], 1));
        let theta = problem.parameters(1);
        let mut kernel = problem.kernel(&before, Backend::Interpreter);
        let (mut jacobian, mut gradient, _) = linearize(&kernel, &theta, Metric::GaussNewton);
        for (block, points) in after.iter().enumerate() {
            kernel.set_points(block, points);
        }
        jacobian.fit(&kernel.row_tiles(Metric::GaussNewton), theta.len());
        jacobian.tiles_mut().iter_mut().for_each(|tile| tile.data_mut().fill(7.0));
        let loss = kernel.linearize(&theta, Metric::GaussNewton, &mut jacobian, &mut gradient);
        let expected = linearize(&kernel, &theta, Metric::GaussNewton);
        assert!((jacobian, gradient, loss) == expected, "{}", problem.name);
    }
}

/// Programs are shared with a kernel for batches, which has points of its own.
#[test]
fn a_kernel_of_the_same_programs_has_points_of_its_own() {
    for problem in catalogue() {
        let (all, some) = (problem.all_points(&[65, 20], 1), problem.all_points(&[9, 70], 2));
        let (theta, v) = (problem.parameters(1), problem.direction(1));
        let kernel = problem.kernel(&all, Backend::Interpreter);
        let before = everything(&kernel, &theta, &v);
        let mut batch = kernel.same_programs();
        assert_eq!((batch.rows(), batch.parameters()), (0, theta.len()));
        some.iter().enumerate().for_each(|(block, points)| batch.set_points(block, points));
        let expected = everything(&problem.kernel(&some, Backend::Interpreter), &theta, &v);
        assert_same(problem.name, &everything(&batch, &theta, &v), &expected);
        assert_same(problem.name, &everything(&kernel, &theta, &v), &before);
    }
}

/// Whole steps, with the linear algebra in them, on enough rows that it runs in parallel.
#[test]
fn steps_do_not_depend_on_threads() {
    let problem = &catalogue()[3];
    let kernel = problem.kernel(&problem.all_points(&[500, 200], 8), Backend::Machine);
    for solver in [Solver::Gram, Solver::Qr] {
        let options = EngdOptions { solver, ..EngdOptions::default() };
        let mut expected = None;
        for (threads, pool) in pools() {
            let mut theta = problem.parameters(8);
            let mut optimizer = Engd::new(options, &kernel);
            let losses: Vec<u64> =
                pool.install(|| (0..3).map(|_| optimizer.step(&kernel, &mut theta).loss.to_bits()).collect());
            let found = (theta.iter().map(|t| t.to_bits()).collect::<Vec<u64>>(), losses);
            assert_eq!(*expected.get_or_insert_with(|| found.clone()), found, "{solver:?} by {threads} threads");
        }
    }
}
