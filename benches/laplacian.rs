//! The residual of Poisson's equation in d dimensions, and the gradient of its loss, on one core: with the Laplacian as one
//! channel, and with each second derivative for itself. `peers/laplacian.py` has the same in JAX.
//!
//! ```console
//! $ cargo bench --bench laplacian                                # d = 1..100, widths 64 64 64
//! $ cargo bench --bench laplacian -- 100 128 128 128             # one dimension and the widths of the layers
//! ```

use std::time::Instant;

use pdec::diagnostic::Source;
use pdec::geometry::Stream;
use pdec::kernel::{Channels, Description, Kernel, KernelTapes, LeastSquares, Objective, PointSet};
use pdec::model::Overrides;
use pdec::network::initial_parameters;
use pdec::pipeline::{Backend, Lowered, Times, check, lower};
use pdec::simplify::Effort;
use pdec::tape::host_contraction;

const POINTS: usize = 1024;

/// Runs of which the fastest counts.
const RUNS: usize = 7;

fn lowered(dimension: usize, widths: &[usize]) -> Lowered {
    let axes = if dimension == 1 { "x".to_owned() } else { format!("x[1..{dimension}]") };
    let widths: Vec<String> = widths.iter().map(usize::to_string).collect();
    let text = format!(
        "problem poisson\ndomain {axes} in [-1, 1]\nunknown u\neq -lap(u) = 1\nbc u = 0 on boundary\n\
         network mlp({})\nsample interior: uniform({POINTS})\ntrain adam()\n",
        widths.join(", ")
    );
    let (mut times, source) = (Times::default(), Source::new("poisson.pde", text));
    let (model, found) = check(&source, &Overrides::default(), &mut times);
    lower(model.unwrap_or_else(|| panic!("{found:?}")), Effort::default(), &mut times)
        .expect("every formula has a tape")
}

/// Microseconds a point of the residual, and of the residual with the gradient.
struct Timed {
    channels: usize,
    residual: f64,
    gradient: f64,
}

fn timed(description: &Description, points: &PointSet, theta: &[f64], channels: Channels) -> Timed {
    let mut description = Description { channels, ..description.clone() };
    description.blocks.truncate(1);
    let tapes = KernelTapes::new(&mut description, host_contraction(), &mut |_, roots| roots.to_vec()).expect("tapes");
    let count = tapes.blocks[0].plans[0].as_ref().map_or(0, |plan| plan.len());
    let points = std::slice::from_ref(points);
    let kernel = Kernel::new(&description, &tapes, points, &Backend::Jit).expect("this machine can run it");
    let (mut residual, mut gradient) = (vec![0.0; kernel.rows()], vec![0.0; kernel.parameters()]);
    let fastest = |run: &mut dyn FnMut()| {
        run();
        let time = |_| {
            let start = Instant::now();
            run();
            start.elapsed().as_secs_f64()
        };
        (0..RUNS).map(time).fold(f64::INFINITY, f64::min) / POINTS as f64 * 1e6
    };
    let of_residual = fastest(&mut || kernel.residual(theta, &mut residual));
    let of_gradient = fastest(&mut || {
        kernel.gradient(theta, &mut gradient);
    });
    Timed { channels: count, residual: of_residual, gradient: of_gradient }
}

fn measured(dimension: usize, widths: &[usize]) {
    let lowered = lowered(dimension, widths);
    let points = lowered.draw_all(0).expect("points").swap_remove(0);
    let description = &lowered.description;
    let (mut normal, mut uniform) = (Stream::new(0, 5, 0), Stream::new(0, 6, 0));
    let mut theta = vec![0.0; description.parameters()];
    for network in &description.networks {
        initial_parameters(&network.layout, &mut theta, || normal.normal(), || 2.0 * uniform.uniform() - 1.0);
    }
    let [sum, single] =
        [Channels::Cheapest, Channels::Derivatives].map(|channels| timed(description, &points, &theta, channels));
    println!(
        "| {dimension} | {} | {:.2} | {:.2} | {} | {:.2} | {:.2} |",
        sum.channels, sum.residual, sum.gradient, single.channels, single.residual, single.gradient
    );
}

fn main() {
    rayon::ThreadPoolBuilder::new().num_threads(1).build_global().expect("no other pool was made");
    let given: Vec<usize> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    println!("| d | channels | residual | with gradient | each alone: channels | residual | with gradient |");
    println!("|---|---|---|---|---|---|---|");
    match given.as_slice() {
        [dimension, widths @ ..] if !widths.is_empty() => measured(*dimension, widths),
        _ => [1, 2, 3, 5, 10, 20, 30, 50, 70, 100].into_iter().for_each(|d| measured(d, &[64, 64, 64])),
    }
}
