//! Training in single precision: what optimizers see beside what they see in double precision, and how far methods come.
//!
//! That a run that is resumed has the bits of one that was never interrupted, and that the number of threads does not
//! matter, is tested with all other ways of training (`tests/training.rs`).

#[path = "support/close.rs"]
mod close;

use std::ops::Range;
use std::path::Path;

use close::assert_relative;
use pdec::dataset::Files;
use pdec::diagnostic::Source;
use pdec::kernel::{Kernel, LeastSquares, Metric, Objective, PointSet, Spread};
use pdec::linalg::RowTiles;
use pdec::model::{Formulas, Given, Overrides, Precision};
use pdec::pipeline::{self, Backend, Compiled, Single, Times};
use pdec::simplify::Effort;
use pdec::train::{Limits, Session, Silent};

/// What single precision has of a number that is made of some hundred others.
const CLOSE: f64 = 1e-5;

/// Problems of `pdes/`: systems, energies, data, shapes, functions on grids, several formulas at a point.
const PROBLEMS: [&str; 9] = [
    "heat",
    "burgers_periodic",
    "nls_soliton",
    "helmholtz_impedance",
    "heat_inverse",
    "gridded_conductivity",
    "poisson_disk",
    "poisson2d_ritz",
    "two_layers",
];

/// A problem of `pdes/` in single precision, with a method that knows no matrix.
fn compiled(name: &str) -> Compiled {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("pdes").join(format!("{name}.pde"));
    let text = std::fs::read_to_string(&path).expect("the problem can be read");
    let overrides = Overrides::parse(&["precision=f32".to_owned()]).expect("a setting");
    let overrides = overrides.with_optimizer("adam(steps=1)").expect("a method");
    let files = Files::below(path.parent().expect("a folder"), &[]).expect("it can be read");
    let given = Given { overrides: &overrides, formulas: &Formulas::default(), files: &files };
    let checked = pipeline::check_given(Source::new(name, text), given, &mut Times::default());
    let (model, _) = checked.model.unwrap_or_else(|| panic!("{name}: {:?}", checked.found));
    assert_eq!(model.settings.precision, Precision::Single);
    let lowered = pipeline::lower(model, Effort::default(), &mut Times::default()).expect("it has programs");
    pipeline::assemble(lowered, 3, Backend::default(), &mut Times::default()).expect("it has points")
}

/// Parameters, and a direction.
fn numbers(count: usize, phase: f64) -> Vec<f64> {
    (0..count).map(|i| 0.6 * (1.7 * i as f64 + phase).sin()).collect()
}

/// Rows in the order of the formulas, whatever their order in r.
fn by_formula(problem: &dyn LeastSquares, rows: &[f64]) -> Vec<f64> {
    let ranges: Vec<Range<usize>> = problem.rows_by_formula().into_iter().flatten().collect();
    ranges.into_iter().flat_map(|range| rows[range].to_vec()).collect()
}

/// The loss, the gradient, alone and with squares of derivatives, and the moments of the derivatives.
fn of_gradients(problem: &dyn Objective, theta: &[f64]) -> [Vec<f64>; 5] {
    let [mut gradient, mut beside, mut means, mut squares] = [(); 4].map(|()| vec![0.0; theta.len()]);
    let loss = problem.gradient(theta, &mut gradient);
    assert_eq!(loss.to_bits(), problem.loss(theta).to_bits(), "the loss is one");
    problem.derivative_means(theta, Spread::All, &mut means);
    let again = problem.gradient_and_squares(theta, Spread::All, &mut beside, &mut squares);
    assert_relative([again], [loss], CLOSE);
    [vec![loss], gradient, beside, means, squares]
}

/// The residual, its derivatives along v, once from the rows of the Jacobian, the gradient from these rows, all at once and some after
/// the other, and how it bends along v.
fn of_residuals(problem: &dyn Objective, theta: &[f64], v: &[f64]) -> [Vec<f64>; 7] {
    let squares = problem.least_squares().expect("residuals");
    let [mut r, mut first, mut second] = [(); 3].map(|()| vec![0.0; squares.rows()]);
    squares.residual(theta, &mut r);
    squares.residual_along(theta, v, &mut first, &mut second);
    let [mut gradient, mut in_parts, mut bend] = [(); 3].map(|()| vec![0.0; theta.len()]);
    let mut rows = RowTiles::new(&problem.row_tiles(Metric::GaussNewton), theta.len());
    problem.linearize(theta, Metric::GaussNewton, &mut rows, &mut gradient);
    let (mut some, mut count) = (RowTiles::new(&[], theta.len()), 0);
    problem.linearize_in_parts(theta, 500 * theta.len(), &mut some, &mut in_parts, &mut |some| count += some.rows());
    assert_eq!(count, rows.rows());
    problem.curvature_along(theta, v, &mut bend);
    let product = rows.tiles().iter().flat_map(|tile| {
        let columns = tile.data().chunks_exact(tile.stride()).zip(v);
        let mut sums = vec![0.0; tile.rows()];
        for (column, v) in columns {
            sums.iter_mut().zip(column).for_each(|(sum, x)| *sum += x * v);
        }
        sums
    });
    let product: Vec<f64> = product.collect();
    let [r, first, second, product] = [r, first, second, product].map(|rows| by_formula(squares, &rows));
    [r, first, second, product, gradient, in_parts, bend]
}

#[test]
fn single_precision_has_the_digits_that_it_can_have() {
    for name in PROBLEMS {
        let mut compiled = compiled(name);
        let theta = numbers(compiled.lowered.description.parameters(), 0.3);
        let v = numbers(theta.len(), 1.1);
        let expected = of_gradients(&compiled.kernel, &theta);
        for (what, (found, expected)) in of_gradients(compiled.objective(), &theta).iter().zip(&expected).enumerate() {
            println!("{name}: quantity {what} of the gradient");
            assert_relative(found, expected, CLOSE);
        }
        if compiled.kernel.least_squares().is_none() {
            continue;
        }
        let expected = of_residuals(&compiled.kernel, &theta, &v);
        for (what, (found, expected)) in
            of_residuals(compiled.objective(), &theta, &v).iter().zip(&expected).enumerate()
        {
            println!("{name}: quantity {what} of the residual");
            assert_relative(found, expected, CLOSE);
        }
    }
}

/// Points and weights that change are those of the kernel that it follows.
#[test]
fn points_and_weights_are_those_of_the_kernel() {
    let Compiled { lowered, mut kernel, .. } = compiled("helmholtz_impedance");
    let mut single = Single::new(&lowered, &kernel).expect("it has routines");
    let theta = numbers(kernel.parameters(), 0.3);
    let mut check = |kernel: &Kernel| {
        single.follow(kernel);
        let [found, expected] = [of_gradients(&single, &theta), of_gradients(kernel, &theta)];
        found.iter().zip(&expected).for_each(|(found, expected)| assert_relative(found, expected, CLOSE));
        expected[0][0]
    };
    let mut losses = vec![check(&kernel)];
    let sets = lowered.draw_all(8).expect("points");
    let some: Vec<PointSet> =
        sets.iter().map(|set| set.select(&(0..set.len()).step_by(3).collect::<Vec<_>>())).collect();
    kernel.set_all_points(&some);
    losses.push(check(&kernel));
    let weights: Vec<f64> = (0..some[0].len()).map(|i| 1.0 + i as f64).collect();
    kernel.set_weights(0, &weights);
    losses.push(check(&kernel));
    for (block, of) in lowered.blocks.iter().enumerate() {
        kernel.set_formula_weights(block, &(0..of.terms.len()).map(|i| 2.0 + i as f64).collect::<Vec<f64>>());
    }
    losses.push(check(&kernel));
    losses.sort_by(f64::total_cmp);
    assert!(losses.windows(2).all(|pair| pair[0] < pair[1]), "each change is one: {losses:?}");
}

/// What methods reach in single precision: an error of the size of its rounding, amplified by two derivatives.
#[test]
fn methods_reach_what_single_precision_allows() {
    let methods = [
        ("adam(steps=3000, lr=1e-2, schedule=cosine)", 7e-2),
        ("soap(steps=1000, lr=1e-2, schedule=cosine)", 1e-2),
        ("ssbroyden(steps=600)", 1e-3),
        ("engd(steps=200)", 5e-5),
        ("engdw(steps=60)", 2e-3),
    ];
    for (method, bound) in methods {
        let text = format!(
            "time t in [0, 1]\ndomain x in [0, 1]\nunknown u\neq u_t = 0.1*u_xx\nic u = sin(pi*x)\n\
             bc u = 0 on boundary\nexact u = exp(-0.1*pi^2*t)*sin(pi*x)\nnetwork mlp(16)\n\
             sample interior: gauss(12)\nset precision = f32\ntrain {method}\n"
        );
        let (model, found) = pipeline::check(&Source::new("heat", text), &Overrides::default(), &mut Times::default());
        let model = model.unwrap_or_else(|| panic!("{method}: {found:?}"));
        let lowered = pipeline::lower(model, Effort::default(), &mut Times::default()).expect("it has programs");
        let compiled = pipeline::assemble(lowered, 1, Backend::default(), &mut Times::default()).expect("points");
        let mut session = Session::new(compiled, 1).expect("it has a stage");
        session.run(Limits::default(), &mut Silent).expect("it runs");
        let error = session.errors()[0].relative_l2;
        println!("{method}: {error:.1e} in {:.1} s", session.seconds());
        assert!(error < bound, "{method}: {error:e}");
    }
}
