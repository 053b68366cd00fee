//! The parts of a training step, and a whole one: Poisson's equation in the unit square with P parameters and N rows. Whole steps of
//! first order: Burgers' equation.
//!
//! ```console
//! $ cargo bench --bench step
//! ```

use std::time::{Duration, Instant};

use criterion::{Criterion, SamplingMode, criterion_group};
use pdec::diagnostic::Source;
use pdec::kernel::{Kernel, LeastSquares, Metric, Objective};
use pdec::linalg::{Cholesky, RowTiles, gram, outer_gram};
use pdec::model::Overrides;
use pdec::optim;
use pdec::pipeline::{Backend, Times, assemble, check, lower};
use pdec::simplify::Effort;
use pdec::train::Session;

struct Size {
    network: &'static str,
    interior: &'static str,
    boundary: &'static str,
    parameters: usize,
    rows: usize,
}

/// More parameters than rows.
const WIDE: [Size; 2] = [
    Size {
        network: "mlp(64, 64, 48, 48)",
        interior: "uniform(2500)",
        boundary: "uniform(400)",
        parameters: 9873,
        rows: 2900,
    },
    Size {
        network: "mlp(256, 256, 128, 128)",
        interior: "uniform(3000)",
        boundary: "uniform(500)",
        parameters: 116_097,
        rows: 3500,
    },
];

const SIZES: [Size; 4] = [
    Size { network: "mlp(32)", interior: "gauss(28, 28)", boundary: "gauss(29)", parameters: 129, rows: 900 },
    Size { network: "mlp(64)", interior: "gauss(28, 28)", boundary: "gauss(54)", parameters: 257, rows: 1000 },
    Size { network: "mlp(30, 30)", interior: "gauss(52, 52)", boundary: "gauss(49)", parameters: 1051, rows: 2900 },
    Size { network: "mlp(52, 52)", interior: "gauss(74, 74)", boundary: "gauss(81)", parameters: 2965, rows: 5800 },
];

/// Steps from a start, over which the time of a step is averaged, because some need more trials than others.
const STEPS: u32 = 10;

/// The most parameters with which the published procedure is timed: its pseudo-inverse takes seconds beyond.
const LARGEST_OF_PAPER: usize = 300;

fn session(size: &Size, method: &str) -> Session {
    let Size { network, interior, boundary, .. } = size;
    session_of(format!(
        "problem poisson\ndomain x in [0, 1], y in [0, 1]\nunknown u\n\
         eq -lap(u) = 2*pi^2*sin(pi*x)*sin(pi*y)\nbc u = 0 on boundary\n\
         network {network}\nsample interior: {interior}\nsample boundary: {boundary}\ntrain {method}\n"
    ))
}

/// 1024 points inside, 256 at each end and at the beginning.
fn burgers(method: &str, precision: &str) -> Session {
    session_of(format!(
        "problem burgers\nparam nu = 0.01/pi\ntime t in [0, 1]\ndomain x in [-1, 1]\nunknown u\n\
         eq u_t + u*u_x = nu*u_xx\nic u = -sin(pi*x)\nbc u = 0 on boundary\nnetwork mlp(64, 64, 64)\n\
         sample interior: uniform(1024)\nsample boundary: uniform(512)\nsample initial: uniform(256)\n\
         set precision = {precision}\ntrain {method}\n"
    ))
}

fn session_of(text: String) -> Session {
    let (mut times, source) = (Times::default(), Source::new("problem.pde", text));
    let (model, found) = check(&source, &Overrides::default(), &mut times);
    let lowered = lower(model.unwrap_or_else(|| panic!("{found:?}")), Effort::default(), &mut times);
    let compiled = assemble(lowered.expect("every formula has a tape"), 0, Backend::Jit, &mut times);
    Session::new(compiled.expect("this machine can run it"), 0).expect("the stage begins")
}

fn parts(criterion: &mut Criterion) {
    for size in &SIZES {
        let session = session(size, "engd()");
        let kernel = &session.compiled().kernel;
        let (p, n) = (kernel.parameters(), kernel.rows());
        assert_eq!((p, n), (size.parameters, size.rows));
        let theta = session.theta();
        let (mut residual, mut gradient) = (vec![0.0; n], vec![0.0; p]);
        let (mut first, mut second) = (vec![0.0; n], vec![0.0; n]);
        let mut jacobian = RowTiles::new(&kernel.row_tiles(Metric::GaussNewton), p);
        let mut normal = vec![0.0; p * p];
        let mut cholesky = Cholesky::new(p);
        let mut group = criterion.benchmark_group(format!("P {p} N {n}"));
        group.warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(3));
        group.bench_function("residual", |b| b.iter(|| kernel.residual(theta, &mut residual)));
        group.bench_function("gradient", |b| b.iter(|| kernel.gradient(theta, &mut gradient)));
        group.bench_function("linearize", |b| {
            b.iter(|| kernel.linearize(theta, Metric::GaussNewton, &mut jacobian, &mut gradient));
        });
        let direction = gradient.clone();
        group.bench_function("residual_along", |b| {
            b.iter(|| kernel.residual_along(theta, &direction, &mut first, &mut second));
        });
        group.bench_function("gram", |b| b.iter(|| gram(&jacobian, &mut normal)));
        cholesky.fill(|lower| lower.copy_from_slice(&normal));
        group.bench_function("cholesky", |b| b.iter(|| cholesky.factor(1e-2).expect("the damping is large")));
        group.sampling_mode(SamplingMode::Flat).sample_size(10);
        group.bench_function("engd step", |b| b.iter_custom(|count| steps(&session, kernel, count)));
        let steady = self::session(size, "engd(lower=1)");
        let kernel = &steady.compiled().kernel;
        group.bench_function("engd step of one trial", |b| b.iter_custom(|count| steps(&steady, kernel, count)));
        if p <= LARGEST_OF_PAPER {
            let published = self::session(size, "engd(paper)");
            let kernel = &published.compiled().kernel;
            group.bench_function("published step", |b| b.iter_custom(|count| steps(&published, kernel, count)));
        }
        group.finish();
    }
}

/// The time of `count` steps of the method of a session: the mean over the first [`STEPS`], so many times.
fn steps(session: &Session, kernel: &Kernel, count: u64) -> Duration {
    let stage = &session.compiled().lowered.model.stages[0];
    let mut optimizer = optim::for_stage(stage, kernel);
    let begin = optimizer.save();
    let start = Instant::now();
    for _ in 0..count {
        let mut theta = session.theta().to_vec();
        optimizer.restore(&begin).expect("the method saved it");
        for _ in 0..STEPS {
            optimizer.step(kernel, &mut theta);
        }
    }
    start.elapsed() / STEPS
}

/// The kernel matrix JJᵀ layer by layer, and a step of ENGD-W.
fn in_sample_space(criterion: &mut Criterion) {
    for size in &WIDE {
        let session = session(size, "engdw()");
        let kernel = &session.compiled().kernel;
        let (p, n) = (kernel.parameters(), Kernel::rows(kernel));
        assert_eq!((p, n), (size.parameters, size.rows));
        let layers = kernel.layers().expect("there is no integral");
        let mut matrix = vec![0.0; n * n];
        let mut group = criterion.benchmark_group(format!("P {p} N {n}"));
        group.sampling_mode(SamplingMode::Flat).sample_size(10);
        group.bench_function("kernel matrix", |b| b.iter(|| layers.kernel_matrix(session.theta(), &mut matrix)));
        if p < 20_000 {
            // J of the larger one alone is 3.2 GB.
            let mut jacobian = RowTiles::new(&kernel.row_tiles(Metric::GaussNewton), p);
            let mut gradient = vec![0.0; p];
            group.bench_function("kernel matrix through J", |b| {
                b.iter(|| {
                    kernel.linearize(session.theta(), Metric::GaussNewton, &mut jacobian, &mut gradient);
                    outer_gram(&jacobian, &mut matrix);
                });
            });
        }
        let stage = &session.compiled().lowered.model.stages[0];
        group.bench_function("engdw step", |b| {
            let mut optimizer = optim::for_stage(stage, kernel);
            b.iter(|| optimizer.step(kernel, &mut session.theta().to_vec()));
        });
        group.finish();
    }
}

/// Steps that look at gradients alone, [`STEPS`] at a time, the first ones left out: one in ten changes the bases of SOAP.
fn of_first_order(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("Burgers");
    group.sampling_mode(SamplingMode::Flat).sample_size(10);
    let methods = ["adam()", "soap(frequency=10)", "pdeaware()"];
    for (method, precision) in methods.iter().flat_map(|method| ["f32", "f64"].map(|precision| (method, precision))) {
        let session = burgers(method, precision);
        let kernel = &session.compiled().kernel;
        assert_eq!((kernel.parameters(), Kernel::rows(kernel)), (8577, 1792));
        let problem: &dyn Objective = session.compiled().single.as_ref().map_or(kernel, |single| single);
        let stage = &session.compiled().lowered.model.stages[0];
        group.bench_function(format!("{} step, {precision}", stage.method.name()), |b| {
            let (mut optimizer, mut theta) = (optim::for_stage(stage, problem), session.theta().to_vec());
            let mut steps = || {
                for _ in 0..STEPS {
                    optimizer.step(problem, &mut theta);
                }
            };
            steps();
            b.iter_custom(|count| {
                let start = Instant::now();
                (0..count).for_each(|_| steps());
                start.elapsed() / STEPS
            });
        });
    }
    group.finish();
}

criterion_group!(benches, parts, in_sample_space, of_first_order);

fn main() {
    // As `pdec train` does, which steps on a thread of the pool: no parallel loop waits for being handed over.
    let pool = rayon::ThreadPoolBuilder::new().use_current_thread();
    pool.build_global().expect("no other pool was made");
    benches();
    Criterion::default().configure_from_args().final_summary();
}
