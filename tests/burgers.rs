//! Burgers' equation, which has no elementary solution, against the integral of Cole and Hopf; and the integral itself.

#[path = "support/cole_hopf.rs"]
mod cole_hopf;

use std::f64::consts::PI;

use cole_hopf::{FINE, solution};
use pdec::diagnostic::Source;
use pdec::expr::MultiIndex;
use pdec::geometry::{AxisRange, held_out};
use pdec::model::Overrides;
use pdec::pipeline::{Backend, Times, assemble, check, lower};
use pdec::simplify::Effort;
use pdec::train::{Limits, Session, Silent};

/// Viscosities: the one of the literature, whose layer is a hundredth wide, and a mild one.
const SHARP: f64 = 0.01 / PI;
const MILD: f64 = 0.1 / PI;

/// Times and places that reach into the layer.
fn places() -> impl Iterator<Item = (f64, f64)> {
    let times = [1e-3, 0.05, 0.25, 0.5, 1.0];
    let x = [0.0, 1e-3, 0.01, 0.03, 0.2, 0.5, 0.9, 0.999, 1.0];
    times.into_iter().flat_map(move |t| x.into_iter().map(move |x| (t, x)))
}

#[test]
fn two_resolutions_of_the_integral_agree() {
    for nu in [SHARP, MILD] {
        for (t, x) in places() {
            let (coarse, fine) = (solution(t, x, nu, FINE), solution(t, x, nu, 2.7 * FINE));
            assert!((coarse - fine).abs() < 1e-13, "nu {nu} at ({t}, {x}): {coarse:e} and {fine:e}");
        }
    }
}

#[test]
fn the_integral_is_odd_and_periodic_in_x() {
    for nu in [SHARP, MILD] {
        for (t, x) in places() {
            let u = solution(t, x, nu, FINE);
            assert!((u + solution(t, -x, nu, FINE)).abs() < 1e-13, "nu {nu} at ({t}, {x})");
            // Where the layer is, a rounding of x + 2 counts a hundred times.
            assert!((u - solution(t, x + 2.0, nu, FINE)).abs() < 1e-12, "nu {nu} at ({t}, {x})");
        }
        for t in [0.1, 0.5, 1.0] {
            assert!(solution(t, 0.0, nu, FINE).abs() < 1e-14 && solution(t, 1.0, nu, FINE).abs() < 1e-14);
        }
    }
}

/// The difference to the initial value shrinks like t.
#[test]
fn the_integral_starts_from_the_sine() {
    for x in [0.1, 0.25, 0.5, 0.8] {
        let difference = |t: f64| (solution(t, x, SHARP, FINE) + (PI * x).sin()).abs();
        let order = (difference(1e-5) / difference(5e-6)).log2();
        assert!(difference(1e-5) < 1e-4 && (order - 1.0).abs() < 0.01, "at {x}: order {order}");
    }
}

/// With central differences the residual of the equation falls like h^2 to nothing.
#[test]
fn the_integral_satisfies_the_equation() {
    let residual = |t: f64, x: f64, nu: f64, h: f64| {
        let u = |i: f64, j: f64| solution(t + i * h, x + j * h, nu, FINE);
        let (u_t, u_x) = ((u(1.0, 0.0) - u(-1.0, 0.0)) / (2.0 * h), (u(0.0, 1.0) - u(0.0, -1.0)) / (2.0 * h));
        let u_xx = (u(0.0, 1.0) - 2.0 * u(0.0, 0.0) + u(0.0, -1.0)) / (h * h);
        // In units of the largest term of the equation.
        (u_t + u(0.0, 0.0) * u_x - nu * u_xx).abs() / u_t.abs().max(u_x.abs()).max(nu * u_xx.abs())
    };
    for (nu, h) in [(SHARP, 4e-4), (MILD, 4e-3)] {
        for (t, x) in [(0.1, 0.3), (0.3, 0.11), (0.5, 0.013), (0.7, 0.6), (0.9, 0.02)] {
            let (coarse, fine) = (residual(t, x, nu, h), residual(t, x, nu, h / 2.0));
            let order = (coarse / fine).log2();
            assert!(fine < 1e-3, "nu {nu} at ({t}, {x}): residual {fine:e}");
            assert!((order - 2.0).abs() < 0.1, "nu {nu} at ({t}, {x}): residuals {coarse:e}, {fine:e}, order {order}");
        }
    }
}

/// Cole's series of the same solution: the heat equation for phi in cosines, with modified Bessel functions I_n(z) as
/// coefficients, from exp(z cos) = I_0 + 2 sum I_n cos(n ·).
#[test]
fn the_integral_agrees_with_the_series() {
    let z = 1.0 / (2.0 * PI * MILD);
    for (t, x) in places() {
        let (mut above, mut below) = (0.0, bessel(0, z));
        for n in 1..40 {
            let k = PI * f64::from(n);
            let sign = if n % 2 == 0 { 1.0 } else { -1.0 };
            let mode = 2.0 * sign * bessel(n, z) * (-MILD * k * k * t).exp();
            above += mode * k * (k * x).sin();
            below += mode * (k * x).cos();
        }
        let (series, integral) = (2.0 * MILD * above / below, solution(t, x, MILD, FINE));
        // The series cancels to exp(-2z) of its terms where x is 0.
        assert!((series - integral).abs() < 1e-10, "at ({t}, {x}): {series} and {integral}");
    }
}

/// What `pdes/burgers.pde` and `pdes/burgers_periodic.pde` measure their errors against: the integral at 4096 points, to
/// thirteen digits. `REFERENCE=write cargo test --test burgers` writes the file.
#[test]
fn the_reference_of_the_problems_is_the_integral() {
    const FILE: &str = "pdes/data/burgers.csv";
    if std::env::var("REFERENCE").is_ok_and(|value| value == "write") {
        let fraction = |i: u32, step: f64| (0.5 + f64::from(i) * step).fract();
        // The first points of a sequence of low discrepancy (Roberts' R2), to four decimals.
        let points = (0..4096).map(|i| (fraction(i, 0.754_877_67), 2.0 * fraction(i, 0.569_840_29) - 1.0));
        let points = points.map(|(t, x)| ((1e4 * t).round() / 1e4, (1e4 * x).round() / 1e4));
        let rows = points.map(|(t, x)| format!("{t:.4},{x:.4},{:.12e}\n", solution(t, x, SHARP, FINE)));
        std::fs::write(FILE, format!("t,x,u\n{}", rows.collect::<String>())).expect("the file can be written");
    }
    let text = std::fs::read_to_string(FILE).expect("the file is there");
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("t,x,u"));
    let rows: Vec<Vec<f64>> =
        lines.map(|line| line.split(',').map(|number| number.parse().expect("a number")).collect()).collect();
    assert_eq!(rows.len(), 4096);
    for row in rows {
        let [t, x, u] = row[..] else { panic!("{row:?}") };
        let expected = solution(t, x, SHARP, FINE);
        assert!((u - expected).abs() < 1e-12, "at ({t}, {x}): {u} and {expected}");
    }
}

/// I_n(z) by its power series.
fn bessel(n: i32, z: f64) -> f64 {
    let mut term = (1..=n).fold(1.0, |term, k| term * 0.5 * z / f64::from(k));
    let mut sum = 0.0;
    for k in 1..60 {
        sum += term;
        term *= 0.25 * z * z / f64::from(k * (k + n));
    }
    sum
}

/// One of the two problems that the integral solves.
struct Problem {
    domain: &'static str,
    conditions: &'static str,
    /// How the points crowd along x.
    grading: &'static str,
}

const ENDS: Problem = Problem {
    domain: "x in [-1, 1]",
    conditions: "bc u = 0 on boundary\nsample boundary: gauss(12)",
    grading: ", at_x=0, grade=4",
};
/// The points are spread evenly: no condition holds the solution at 1, where it is as steep as at 0 if it goes astray.
const RING: Problem = Problem { domain: "x in [-1, 1] periodic", conditions: "", grading: "" };

/// Trains a problem of mild viscosity with `count` points along each axis and so many steps; the relative L2 error.
fn trained_error(Problem { domain, conditions, grading }: Problem, count: usize, steps: usize) -> f64 {
    let text = format!(
        "problem small\nparam nu = 0.1/pi\ntime t in [0, 1]\ndomain {domain}\nunknown u\n\
         eq u_t + u*u_x = nu*u_xx\nic u = -sin(pi*x)\n{conditions}\nnetwork mlp(12, 12)\n\
         sample interior: gauss({count}, {count}{grading})\nsample initial: gauss({count}{grading})\n\
         train engd(steps={steps})\n"
    );
    let (mut times, source) = (Times::default(), Source::new("small.pde", text));
    let (model, found) = check(&source, &Overrides::default(), &mut times);
    let model = model.unwrap_or_else(|| panic!("{found:?}"));
    let lowered = lower(model, Effort::Standard, &mut times).expect("it has formulas");
    let compiled = assemble(lowered, 0, Backend::Jit, &mut times).expect("it has points");
    let mut session = Session::new(compiled, 0).expect("it has a stage");
    session.run(Limits::default(), &mut Silent).expect("it runs");
    error(&session)
}

/// The relative L2 error on points that training does not see.
fn error(session: &Session) -> f64 {
    let lowered = &session.compiled().lowered;
    let mut graph = lowered.description.graph.clone();
    let u = graph.jet(0, MultiIndex::zero());
    let mut predictor = lowered.predictor(&graph, &[u], Backend::Jit).expect("u has a program");
    let ranges = [AxisRange::new(0.0, 1.0), AxisRange::new(-1.0, 1.0)];
    let points = held_out(&ranges, 1024).expect("the ranges are bounded").coordinates;
    let values = predictor.evaluate(session.theta(), &points).remove(0);
    let (mut difference, mut norm) = (0.0, 0.0);
    for ((t, x), value) in points[0].iter().zip(&points[1]).zip(values) {
        let exact = solution(*t, *x, MILD, FINE);
        difference += (value - exact) * (value - exact);
        norm += exact * exact;
    }
    (difference / norm).sqrt()
}

#[test]
fn training_approaches_the_integral() {
    let error = trained_error(ENDS, 28, 200);
    assert!(error < 1e-3, "{error:e}");
}

#[test]
fn training_on_a_periodic_axis_approaches_the_integral() {
    let error = trained_error(RING, 36, 300);
    assert!(error < 1e-2, "{error:e}");
}

#[test]
fn twice_the_points_and_steps_come_closer() {
    let (few, more) = (trained_error(ENDS, 14, 100), trained_error(ENDS, 28, 200));
    assert!(few < 0.2 && more < 0.1 * few, "{few:e} with few, {more:e} with more");
}
