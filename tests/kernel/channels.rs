//! Sums of derivatives as channels: against a channel for each derivative, and which channels there are.

use pdec::dataset::Files;
use pdec::diagnostic::Source;
use pdec::expr::{Expr, Function, MultiIndex};
use pdec::geometry::Stream;
use pdec::kernel::{Channels, Description, Kernel, KernelTapes, Metric, Objective, PointSet, Role};
use pdec::linalg::{product, transposed_product};
use pdec::model::{self, Given, Overrides};
use pdec::network::{Activation, Architecture, Body, Shape, initial_parameters};
use pdec::pipeline::{self, Times};
use pdec::simplify::Effort;
use pdec::tape::host_contraction;

use crate::close;
use crate::problems::{Axis, Backend, Formulas, Network, Problem, architectures, catalogue, energies, linearize};

const SMALL: Axis = Axis::quarters(-2, 5);

/// `Σ factor ∂^orders u`
fn operator(f: &mut Formulas, terms: &[(&[u8], i64)]) -> Expr {
    let terms: Vec<Expr> = terms
        .iter()
        .map(|(orders, factor)| {
            let jet = f.u(0, orders);
            f.times(*factor, 1, jet)
        })
        .collect();
    f.sum(&terms)
}

fn problem(name: &'static str, axes: usize, formulas: impl FnOnce(&mut Formulas) -> Vec<Expr>) -> Problem {
    let axes = vec![SMALL; axes];
    let own: Vec<usize> = (0..axes.len()).collect();
    let networks = [Network::new(&own, 1, &[6, 5], Activation::Tanh)];
    Problem::new(name, &axes, &networks, |f| vec![formulas(f)])
}

fn square(axis: usize) -> Vec<u8> {
    MultiIndex::zero().raised(axis, 2).orders().to_vec()
}

/// Formulas that let derivatives be summed: of second order, of several orders, of fourth order, with a factor that
/// depends on the point, under a nonlinear function, with numbers that are not rational.
fn sums() -> Vec<Problem> {
    let heat: &[(&[u8], i64)] = &[(&[1], 1), (&[0, 2], -3), (&[0, 0, 2], -3)];
    let biharmonic: &[(&[u8], i64)] = &[(&[4], 1), (&[2, 2], 2), (&[0, 4], 1)];
    vec![
        problem("Laplacian", 3, |f| vec![operator(f, &[(&[2], 1), (&[0, 2], 1), (&[0, 0, 2], 1)])]),
        problem("mixed", 2, |f| vec![operator(f, &[(&[2], 1), (&[0, 2], 2), (&[1, 1], -1)])]),
        problem("heat", 3, |f| vec![operator(f, heat)]),
        problem("biharmonic", 2, |f| {
            let u = f.u(0, &[]);
            let bent = operator(f, biharmonic);
            vec![f.sum(&[bent, u])]
        }),
        problem("Kuramoto-Sivashinsky", 2, |f| {
            let (u, ux) = (f.u(0, &[]), f.u(0, &[0, 1]));
            let linear = operator(f, &[(&[1], 1), (&[0, 2], 1), (&[0, 4], 1)]);
            let convection = f.product(&[u, ux]);
            vec![f.sum(&[linear, convection])]
        }),
        problem("a factor of the point", 2, |f| {
            let (x, y, ux, uy) = (f.x(0), f.x(1), f.u(0, &[1]), f.u(0, &[0, 1]));
            let laplacian = operator(f, &[(&[2], 1), (&[0, 2], 1)]);
            let (main, first, second) = (f.product(&[x, y, laplacian]), f.product(&[y, ux]), f.product(&[x, uy]));
            vec![f.sum(&[main, first, second])]
        }),
        problem("nonlinear in a sum", 2, |f| {
            let laplacian = operator(f, &[(&[2], 1), (&[0, 2], 1)]);
            let (sine, u) = (f.call(Function::Sin, laplacian), f.u(0, &[]));
            vec![f.sum(&[sine, u]), f.product(&[laplacian, laplacian])]
        }),
        problem("irrational", 2, |f| {
            let (ut, uxx, pi) = (f.u(0, &[1]), f.u(0, &[0, 2]), f.0.pi());
            let viscous = f.0.div(uxx, pi);
            let viscous = f.times(-1, 100, viscous);
            vec![f.sum(&[ut, viscous])]
        }),
        // u_xx decides a jump, which its derivative does not show.
        problem("a jump", 2, |f| {
            let (uxx, uyy) = (f.u(0, &[2]), f.u(0, &[0, 2]));
            let (step, laplacian) = (f.call(Function::Step, uxx), f.sum(&[uxx, uyy]));
            vec![f.sum(&[laplacian, step])]
        }),
        problem("Monge-Ampere", 2, |f| {
            let (xx, xy, yy) = (f.u(0, &[2]), f.u(0, &[1, 1]), f.u(0, &[0, 2]));
            let (main, mixed) = (f.product(&[xx, yy]), f.product(&[xy, xy]));
            let mixed = f.times(-1, 1, mixed);
            vec![f.sum(&[main, mixed])]
        }),
    ]
}

/// A Laplacian and a rate through every architecture, on a circle for every second one.
fn by_architecture() -> Vec<Problem> {
    let problem = |(number, architecture)| {
        let last = if number % 2 == 1 { SMALL.periodic() } else { SMALL };
        Problem::new("by another network", &[SMALL, SMALL, last], &[Network::of(&[0, 1, 2], 2, architecture)], |f| {
            let linear = operator(f, &[(&[1], 1), (&[0, 2], -1), (&[0, 0, 2], -2)]);
            let v = f.u(1, &[]);
            let (xx, yy) = (f.u(1, &[0, 2]), f.u(1, &[0, 0, 2]));
            let yy = f.times(2, 1, yy);
            vec![vec![f.sum(&[linear, v]), f.sum(&[xx, yy])]]
        })
    };
    architectures().into_iter().enumerate().map(problem).collect()
}

/// Laplacians of more axes than the first layer has neurons: alike, with other coefficients, with a time and a circle, and
/// with factorised weights.
fn wide() -> Vec<Problem> {
    let squares = |f: &mut Formulas, first: usize, factor: fn(i64) -> i64| {
        let terms: Vec<Expr> = (first..8)
            .map(|axis| {
                let jet = f.u(0, &square(axis));
                f.times(factor(axis as i64), 1, jet)
            })
            .collect();
        f.sum(&terms)
    };
    let axes = |last: Axis| [vec![Axis::quarters(1, 5)], vec![SMALL; 6], vec![last]].concat();
    let own: Vec<usize> = (0..8).collect();
    let mlp = || Network::new(&own, 1, &[3, 4], Activation::Tanh);
    let body = Body { factorised: true, ..Body::new(Shape::Mlp(vec![4, 3]), Activation::Sin) };
    let factorised = Network::of(&own, 1, Architecture { encoding: None, bodies: vec![body] });
    let time = |f: &mut Formulas| {
        let (u, ut) = (f.u(0, &[]), f.u(0, &[1]));
        let (diffusion, power) = (squares(f, 1, |_| -2), f.product(&[u, u, u]));
        vec![vec![f.sum(&[ut, diffusion, power])], vec![u]]
    };
    vec![
        Problem::new("eight axes", &axes(SMALL), &[mlp()], |f| vec![vec![squares(f, 0, |_| 1)]]),
        Problem::new("eight coefficients", &axes(SMALL), &[mlp()], |f| vec![vec![squares(f, 0, |axis| axis + 1)]]),
        Problem::new("seven and time", &axes(SMALL), &[mlp()], time),
        Problem::new("six, time and a circle", &axes(SMALL.periodic()), &[mlp()], time),
        Problem::new("factorised", &axes(SMALL), &[factorised], |f| vec![vec![squares(f, 0, |_| 3)]]),
    ]
}

/// As many directions as neurons, the value, the sum; the time and the circle besides, where there are any.
#[test]
fn a_wide_laplacian_is_carried_along_few_directions() {
    let of = |problem: Problem| {
        let tapes = KernelTapes::new(&mut problem.description.clone(), host_contraction(), &mut |_, r| r.to_vec());
        let tapes = tapes.expect("tapes");
        let turned = tapes.blocks[0].turned[0].as_ref().map(|turned| turned.plan.len());
        (problem.name, counts(&problem.description)[0], turned)
    };
    let found: Vec<_> = wide().into_iter().map(of).collect();
    let expected = [
        ("eight axes", 10, Some(5)),
        ("eight coefficients", 10, Some(5)),
        ("seven and time", 9, Some(5)),
        ("six, time and a circle", 9, Some(6)),
        ("factorised", 10, Some(6)),
    ];
    assert_eq!(found, expected);
}

fn bending() -> Problem {
    let energy = |f: &mut Formulas| {
        let (u, laplacian) = (f.u(0, &[]), operator(f, &[(&[2], 1), (&[0, 2], 1)]));
        let (bent, load) = (f.product(&[laplacian, laplacian]), f.times(-1, 1, u));
        vec![f.times(1, 2, bent), load]
    };
    problem("bending", 2, energy).with_roles(&[Role::Energy])
}

fn kernel(description: &Description, points: &[PointSet]) -> Kernel {
    let mut description = description.clone();
    let tapes = KernelTapes::new(&mut description, host_contraction(), &mut |_, roots| roots.to_vec());
    Kernel::new(&description, &tapes.expect("tapes"), points, &Backend::Machine).expect("a kernel")
}

/// What of it is compared.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Compared {
    /// All that optimizers see. The rows of an energy's metric differ in number, so that of them only `AᵀA v` counts.
    All,
    /// All but the metric: where second derivatives are of no sign, what it leaves out depends on the variables.
    AllButMetric,
}

/// What optimizers see, at some parameters and along some direction.
fn seen(compared: Compared, description: &Description, points: &[PointSet], theta: &[f64], v: &[f64]) -> Vec<Vec<f64>> {
    let kernel = kernel(description, points);
    let (rows, gradient, loss) = linearize(&kernel, theta, description.metric);
    let (mut along, mut back) = (vec![0.0; rows.rows()], vec![0.0; v.len()]);
    product(&rows, v, &mut along);
    transposed_product(&rows, &along, &mut back);
    let mut bent = vec![f64::NAN; v.len()];
    kernel.curvature_along(theta, v, &mut bent);
    let mut found = vec![gradient, vec![loss], bent];
    if compared == Compared::All {
        found.push(back);
        found.extend(kernel.least_squares().map(|_| along));
    }
    if let Some(squares) = kernel.least_squares() {
        let [mut r, mut first, mut second] = [(); 3].map(|()| vec![f64::NAN; squares.rows()]);
        squares.residual(theta, &mut r);
        squares.residual_along(theta, v, &mut first, &mut second);
        found.extend([r, first, second]);
    }
    found
}

fn assert_same(
    compared: Compared,
    name: &str,
    description: &Description,
    points: &[PointSet],
    theta: &[f64],
    v: &[f64],
) {
    let with = |channels| seen(compared, &Description { channels, ..description.clone() }, points, theta, v);
    let (sums, single) = (with(Channels::Cheapest), with(Channels::Derivatives));
    for (what, (sums, single)) in sums.iter().zip(&single).enumerate() {
        println!("{name}: {what}");
        close::assert_relative(sums, single.clone(), 1e-12);
    }
}

#[test]
fn sums_give_the_same_as_single_derivatives() {
    let all = sums()
        .into_iter()
        .chain(wide())
        .chain(by_architecture())
        .chain(catalogue())
        .chain(energies())
        .chain([bending()]);
    for problem in all {
        let points = problem.all_points(&[70, 9, 30], 1);
        assert_same(
            Compared::All,
            problem.name,
            &problem.description,
            &points,
            &problem.parameters(1),
            &problem.direction(1),
        );
    }
}

#[test]
fn programs_of_second_derivatives_change_nothing_else() {
    for problem in sums() {
        let problem = problem.with_metric(Metric::Newton);
        let points = problem.all_points(&[20], 2);
        assert_same(
            Compared::AllButMetric,
            problem.name,
            &problem.description,
            &points,
            &problem.parameters(2),
            &problem.direction(2),
        );
    }
}

/// How many channels the first network of each block carries.
fn counts(description: &Description) -> Vec<usize> {
    let tapes = KernelTapes::new(&mut description.clone(), host_contraction(), &mut |_, roots| roots.to_vec());
    tapes.expect("tapes").blocks.iter().map(|block| block.plans[0].as_ref().map_or(0, |plan| plan.len())).collect()
}

#[test]
fn a_laplacian_has_two_channels_more_than_axes() {
    for dimension in [2, 3, 10, 100] {
        let laplacian = |f: &mut Formulas| {
            let terms: Vec<Expr> = (0..dimension).map(|axis| f.u(0, &square(axis))).collect();
            vec![f.sum(&terms)]
        };
        let problem = problem("Laplacian", dimension, laplacian);
        assert_eq!(counts(&problem.description), [dimension + 2]);
        assert_eq!(counts(&problem.with_channels(Channels::Derivatives).description), [2 * dimension + 1]);
    }
}

/// Each problem with its channels, and how many there would be without sums.
#[test]
fn plans_of_problems() {
    let of = |problem: Problem| {
        let (name, summed) = (problem.name, counts(&problem.description));
        (name, summed, counts(&problem.with_channels(Channels::Derivatives).description))
    };
    let found: Vec<_> = sums().into_iter().chain([bending()]).map(of).collect();
    let expected = [
        ("Laplacian", 5, 7),
        ("mixed", 4, 6),
        ("heat", 4, 6),
        ("biharmonic", 9, 13),
        ("Kuramoto-Sivashinsky", 5, 6),
        ("a factor of the point", 4, 5),
        ("nonlinear in a sum", 4, 5),
        ("irrational", 3, 4),
        ("a jump", 5, 5),
        ("Monge-Ampere", 6, 6),
        ("bending", 4, 5),
    ];
    let expected: Vec<_> = expected.map(|(name, summed, single)| (name, vec![summed], vec![single])).into();
    assert_eq!(found, expected);
}

/// Every file of `pdes/`, at its own points: the first of each block, to be quick.
#[test]
fn every_problem_gives_the_same() {
    let mut files: Vec<_> = std::fs::read_dir("pdes").expect("a folder").map(|f| f.expect("a file").path()).collect();
    files.retain(|path| path.extension().is_some_and(|e| e == "pde"));
    files.sort();
    assert!(files.len() > 40);
    for path in files {
        let name = path.display().to_string();
        let files = Files::below(path.parent().expect("a folder"), &[]).expect("a folder");
        let source = Source::new(&name, std::fs::read_to_string(&path).expect("a text"));
        let given = Given { overrides: &Overrides::default(), formulas: &model::Formulas::default(), files: &files };
        let mut times = Times::default();
        let checked = pipeline::check_given(source, given, &mut times);
        let (model, _) = checked.model.expect("a sound problem");
        let lowered = pipeline::lower(model, Effort::default(), &mut times).expect("tapes");
        let points = lowered.draw_all(0).expect("points");
        let some = |points: &PointSet| points.select(&(0..points.len().min(20)).collect::<Vec<_>>());
        let points: Vec<PointSet> = points.iter().map(some).collect();
        let (mut normal, mut uniform) = (Stream::new(0, 5, 0), Stream::new(0, 6, 0));
        let mut theta = vec![0.0; lowered.description.parameters()];
        for network in &lowered.description.networks {
            let uniform = || 2.0 * uniform.uniform() - 1.0;
            initial_parameters(&network.layout, &mut theta, || normal.normal(), uniform);
        }
        let v: Vec<f64> = theta.iter().map(|_| normal.normal() / (theta.len() as f64).sqrt()).collect();
        assert_same(Compared::All, &name, &lowered.description, &points, &theta, &v);
    }
}
