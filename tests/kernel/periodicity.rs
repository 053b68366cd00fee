//! On a periodic axis both ends are the same place: fields and all derivatives agree to the last bits.

use pdec::network::{Activation, Architecture};

use crate::close;
use crate::jets::indices;
use crate::problems::{Axis, Backend, Network, Problem, architectures};

/// How far the ends may differ, in units of the scale of a derivative: the angle of the upper end is rounded to a few ε,
/// and each order of a derivative passes that on once more.
fn rounding(order: usize) -> f64 {
    16.0 * f64::EPSILON * (order + 1) as f64
}

fn axis(lower: (i64, i64), upper: (i64, i64), times_pi: bool) -> Axis {
    Axis { rationals: [lower, upper], times_pi, periodic: true }
}

#[test]
fn ends_of_a_periodic_axis_agree_in_all_derivatives() {
    let circles = [
        axis((0, 1), (1, 1), false),
        axis((-1, 1), (1, 1), false),
        axis((1, 3), (7, 10), false),
        axis((-5, 2), (11, 3), false),
        axis((-1, 1), (1, 1), true),
        axis((0, 1), (2, 1), true),
    ];
    let indices = indices(2);
    for (seed, circle) in circles.into_iter().enumerate() {
        let activations = [Activation::Tanh, Activation::Sin, Activation::Gelu];
        let chains = activations.map(|activation| (Architecture::mlp(vec![6, 5], activation), 1.0));
        // Every architecture on one of the circles; encodings, gates and products pass rounding on, too.
        let others = architectures().into_iter().skip(seed).step_by(6).map(|architecture| (architecture, 4.0));
        for (architecture, further) in chains.into_iter().chain(others) {
            let axes = [Axis::quarters(0, 4), circle];
            let what = architecture.to_string();
            let network = Network::of(&[0, 1], 1, architecture);
            let mut formulas = Vec::new();
            let problem = Problem::new("periodic", &axes, &[network], |f| {
                formulas = indices.iter().map(|index| f.0.jet(0, index.clone())).collect();
                Vec::new()
            });
            let theta = problem.parameters(seed as u64);
            let mut predictor = problem.predictor(&formulas, Backend::Machine);
            let mut points = problem.points(40, seed as u64).coordinates;
            let inside = predictor.evaluate(&theta, &points);
            let [at_lower, at_upper] = circle.ends().map(|end| {
                points[1].fill(end);
                predictor.evaluate(&theta, &points)
            });
            for (channel, index) in indices.iter().enumerate() {
                println!("{circle:?} {what}: derivative {:?}", index.orders());
                let scale = close::largest(&inside[channel]).max(close::largest(&at_lower[channel]));
                close::assert_relative_to(
                    scale,
                    &at_upper[channel],
                    &at_lower[channel],
                    further * rounding(index.order()),
                );
                let differs = inside[channel].iter().zip(&at_lower[channel]).any(|(a, b)| (a - b).abs() > 1e-3 * scale);
                assert!(differs, "the derivative is the same everywhere");
            }
        }
    }
}
