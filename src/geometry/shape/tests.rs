//! Measures, normals and integrals of shapes.

use std::f64::consts::{PI, TAU};
use std::sync::Arc;

use proptest::prelude::*;

use super::super::{AxisRange, Place, Rule, Stream};
use super::*;

fn disk(x: f64, y: f64, radius: f64) -> Solid {
    Solid::ball(vec![x, y], radius).unwrap()
}

fn rectangle(low: [f64; 2], high: [f64; 2]) -> Solid {
    Solid::cuboid(low.to_vec(), high.to_vec()).unwrap()
}

fn l_shape() -> Solid {
    Solid::polygon(vec![[0.0, 0.0], [2.0, 0.0], [2.0, 1.0], [1.0, 1.0], [1.0, 2.0], [0.0, 2.0]]).unwrap()
}

/// A rectangle with two holes, one of which is cut by its edge.
fn perforated() -> Solid {
    let plate = rectangle([0.0, 0.0], [3.0, 2.0]);
    plate.difference(disk(1.0, 1.0, 0.5)).unwrap().difference(disk(3.0, 0.0, 0.7)).unwrap()
}

fn shapes() -> Vec<(&'static str, Solid)> {
    let capsule = rectangle([-1.0, -0.5], [1.0, 0.5]).union(disk(1.0, 0.0, 0.5)).unwrap();
    vec![
        ("disk", disk(0.3, -0.2, 1.5)),
        ("rectangle", rectangle([-1.0, 2.0], [0.5, 4.0])),
        ("ell", l_shape()),
        ("ellipse", Solid::ellipse([1.0, 2.0], 3.0, 0.5).unwrap()),
        ("annulus", Solid::annulus(vec![0.5, 0.5], 0.4, 1.0).unwrap()),
        ("perforated", perforated()),
        ("capsule", capsule.union(disk(-1.0, 0.0, 0.5)).unwrap()),
        ("lens", disk(-0.5, 0.0, 1.0).intersection(disk(0.5, 0.0, 1.0)).unwrap()),
        ("interval", Solid::cuboid(vec![-1.0], vec![2.0]).unwrap()),
        ("ball", Solid::ball(vec![0.1, 0.2, 0.3], 0.8).unwrap()),
        ("shell", Solid::annulus(vec![0.0; 3], 0.5, 1.0).unwrap()),
        (
            "drilled",
            Solid::cuboid(vec![0.0; 3], vec![1.0; 3])
                .unwrap()
                .difference(Solid::ball(vec![1.0, 0.5, 0.5], 0.4).unwrap())
                .unwrap(),
        ),
        ("five", Solid::ball(vec![0.0; 5], 1.0).unwrap()),
    ]
}

fn inside(solid: &Solid) -> Part {
    Part::Inside(Arc::new(Inside::new(solid.clone()).unwrap()))
}

fn patches(solid: &Solid) -> Vec<Part> {
    solid.surface().into_iter().map(|patch| Part::Patch(Arc::new(patch))).collect()
}

fn draw(part: &Part, rule: &Rule, seed: u64) -> ShapePoints {
    let axes = vec![AxisRange::new(0.0, 1.0); part.axes()];
    let place = ProductPlace { axes: &axes, first: 0, part, keep: None };
    let kind = if matches!(part, Part::Inside(_)) { Place::Interior } else { Place::Face };
    place.draw(rule, kind, &Stream::new(seed, 0, 0)).unwrap()
}

fn sum(points: &ShapePoints, f: impl Fn(&[f64], &[f64]) -> f64) -> f64 {
    let normal = |i: usize| points.normals.iter().map(|n| n[i]).collect::<Vec<_>>();
    (0..points.points.len()).map(|i| points.points.weights[i] * f(&points.points.point(i), &normal(i))).sum()
}

#[test]
fn measures_are_those_of_the_books() {
    let measure = |solid: &Solid| Inside::new(solid.clone()).unwrap().measure();
    let length = |solid: &Solid| solid.surface().iter().map(Patch::measure).sum::<f64>();
    let named = |name: &str| shapes().into_iter().find(|(n, _)| *n == name).unwrap().1;
    let near = |found: f64, exact: f64, tolerance: f64| {
        assert!((found / exact - 1.0).abs() < tolerance, "{found} is not {exact}");
    };
    near(measure(&named("ell")), 3.0, 1e-14);
    near(length(&named("ell")), 8.0, 1e-14);
    near(measure(&named("ellipse")), 1.5 * PI, 1e-14);
    near(measure(&named("annulus")), 0.84 * PI, 1e-14);
    near(length(&named("annulus")), 1.4 * TAU, 1e-14);
    near(measure(&named("perforated")), 6.0 - 0.25 * PI - 0.49 * PI / 4.0, 1e-12);
    near(length(&named("perforated")), 10.0 - 1.4 + PI + 0.35 * PI, 1e-12);
    near(measure(&named("capsule")), 2.0 + 0.25 * PI, 1e-11);
    // Where a circle runs into a line the end is known to the root of rounding, the length to more.
    near(length(&named("capsule")), 4.0 + PI, 1e-11);
    // Two circular segments of 120 degrees.
    near(measure(&named("lens")), 2.0 * (PI / 3.0 - 3f64.sqrt() / 4.0), 1e-12);
    near(length(&named("lens")), 4.0 * PI / 3.0, 1e-12);
    near(measure(&named("ball")), 4.0 / 3.0 * PI * 0.512, 1e-14);
    near(measure(&named("drilled")), 1.0 - 2.0 / 3.0 * PI * 0.064, 1e-3);
    near(length(&named("drilled")), 6.0 - PI * 0.16 + TAU * 0.16, 1e-3);
    near(measure(&named("five")), 8.0 * PI * PI / 15.0, 1e-14);
    near(length(&named("five")), 8.0 * PI * PI / 3.0, 1e-14);
    let parts = Solid::cuboid(vec![0.0], vec![1.0]).unwrap().union(Solid::cuboid(vec![2.0], vec![4.0]).unwrap());
    near(measure(&parts.unwrap()), 3.0, 1e-15);
}

#[test]
fn coinciding_surfaces_count_once() {
    // Two rectangles with an edge in common make one; the edge is gone, the outer edges go on.
    let both = rectangle([0.0, 0.0], [1.0, 1.0]).union(rectangle([1.0, 0.0], [2.0, 1.0])).unwrap();
    assert!((both.surface().iter().map(Patch::measure).sum::<f64>() - 6.0).abs() < 1e-10);
    assert!((Inside::new(both).unwrap().measure() - 2.0).abs() < 1e-10);
    // Overlapping ones share parts of two edges.
    let both = rectangle([0.0, 0.0], [2.0, 1.0]).union(rectangle([1.0, 0.0], [3.0, 1.0])).unwrap();
    assert!((both.surface().iter().map(Patch::measure).sum::<f64>() - 8.0).abs() < 1e-10);
    // A piece taken away at the edge; nothing is left of what is taken from itself.
    let notch = rectangle([0.0, 0.0], [2.0, 2.0]).difference(rectangle([1.0, 0.0], [2.0, 1.0])).unwrap();
    assert!((Inside::new(notch).unwrap().measure() - 3.0).abs() < 1e-10);
    let nothing = disk(0.0, 0.0, 1.0).difference(disk(0.0, 0.0, 1.0)).unwrap();
    assert!(nothing.surface().is_empty() && Inside::new(nothing).is_none());
    assert!(Inside::new(disk(0.0, 0.0, 1.0).intersection(disk(5.0, 0.0, 1.0)).unwrap()).is_none());
}

#[test]
fn normals_point_outwards_and_are_the_gradient_of_the_distance() {
    for (name, solid) in shapes() {
        for patch in solid.surface() {
            for (p, n) in patch.samples(64) {
                assert!((n.iter().map(|x| x * x).sum::<f64>() - 1.0).abs() < 1e-14, "{name}");
                assert!(solid.signed_distance(&p).abs() < 1e-12, "{name} {p:?}");
                let step = |h: f64| p.iter().zip(&n).map(|(x, n)| x + h * n).collect::<Vec<_>>();
                // Along the normal, the distance grows like the way; first order, from both sides.
                let h = 1e-5;
                let (out, back) = (solid.signed_distance(&step(h)), solid.signed_distance(&step(-h)));
                let corner = (out - h).abs() > 1e-9 || (back + h).abs() > 1e-9;
                assert!(!corner, "{name} {p:?} {n:?}: {out:e} {back:e}");
            }
        }
    }
}

#[test]
fn normals_of_curves_are_exact() {
    let ellipse = Solid::ellipse([1.0, 2.0], 3.0, 0.5).unwrap();
    for (p, n) in ellipse.surface()[0].samples(200) {
        let gradient = [(p[0] - 1.0) / 9.0, (p[1] - 2.0) / 0.25];
        let length = gradient[0].hypot(gradient[1]);
        assert!((n[0] - gradient[0] / length).abs() < 1e-12 && (n[1] - gradient[1] / length).abs() < 1e-12);
    }
    let hole = rectangle([-2.0, -2.0], [2.0, 2.0]).difference(disk(0.3, 0.1, 0.7)).unwrap();
    let round = hole.surface().into_iter().find(|patch| patch.is_closed()).unwrap();
    for (p, n) in round.samples(100) {
        assert!((n[0] + (p[0] - 0.3) / 0.7).abs() < 1e-14 && (n[1] + (p[1] - 0.1) / 0.7).abs() < 1e-14);
    }
}

#[test]
fn the_divergence_theorem_holds() {
    // Of the field (x² + y, x y, z x ...): divergence 2 x + x + x ...
    for (name, solid) in shapes() {
        let rule = Rule::Sobol { count: 1 << 14 };
        let n = solid.dimension();
        let divergence = |p: &[f64], _: &[f64]| 2.0 * p[0] + (n - 1) as f64 * p[0] + 1.0;
        let volume = sum(&draw(&inside(&solid), &rule, 1), divergence);
        let field =
            |p: &[f64]| -> Vec<f64> { (0..n).map(|k| if k == 0 { p[0] * p[0] + p[0] } else { p[0] * p[k] }).collect() };
        let flux = |p: &[f64], normal: &[f64]| field(p).iter().zip(normal).map(|(f, n)| f * n).sum::<f64>();
        let surface: f64 = patches(&solid).iter().map(|part| sum(&draw(part, &rule, 2), flux)).sum();
        let tolerance = if n >= 3 { 1e-2 } else { 2e-3 };
        assert!((volume - surface).abs() < tolerance * (1.0 + surface.abs()), "{name}: {volume} and {surface}");
    }
}

#[test]
fn polynomials_are_integrated_within_the_error_of_the_rule() {
    // Known integrals, over the disk of radius R: x² -> π R⁴/4; over the L: x y -> 1.75 (by squares), over the plate.
    let disk = disk(0.0, 0.0, 2.0);
    let plate = perforated();
    let quarter = 0.7f64;
    // x over the plate: 9 - (hole at 1: π/4) - (quarter disk at the corner: its moment from x = 3).
    let corner = 3.0 * PI * quarter * quarter / 4.0 - quarter.powi(3) / 3.0;
    type Moment = fn(&[f64]) -> f64;
    let cases: [(&Solid, Moment, f64, f64); 3] = [
        (&disk, |p| p[0] * p[0], 4.0 * PI, 4.0 * PI * 2.0),
        (&l_shape(), |p| p[0] * p[1], 4.0 - 2.25, 4.0),
        (&plate, |p| p[0], 9.0 - 0.25 * PI - corner, 6.0),
    ];
    for (solid, moment, exact, spread) in cases {
        let part = inside(solid);
        for (rule, rate) in [
            (Rule::Uniform { count: 4096 }, 5.0 / 64.0),
            (Rule::LatinHypercube { count: 4096 }, 5.0 / 64.0),
            (Rule::Sobol { count: 4096 }, 2e-3),
            (Rule::Midpoint { counts: vec![64] }, 5e-3),
            (Rule::Grid { counts: vec![66] }, 2e-2),
        ] {
            let found = sum(&draw(&part, &rule, 3), |p, _| moment(p));
            assert!((found - exact).abs() < rate * spread, "{rule:?}: {found} is not {exact}");
        }
        // Unbiased: the mean over seeds comes closer, as the root of their number.
        let mean = (0..64).map(|seed| sum(&draw(&part, &Rule::Uniform { count: 256 }, seed), |p, _| moment(p)));
        let mean = mean.sum::<f64>() / 64.0;
        assert!((mean - exact).abs() < 4.0 * spread / 128.0, "{mean} is not {exact}");
    }
}

/// Pearson's statistic of counts that should be alike, in standard deviations from its mean.
fn chi_square(counts: &[usize]) -> f64 {
    let expected = counts.iter().sum::<usize>() as f64 / counts.len() as f64;
    let statistic: f64 = counts.iter().map(|&c| (c as f64 - expected).powi(2) / expected).sum();
    let freedom = (counts.len() - 1) as f64;
    (statistic - freedom) / (2.0 * freedom).sqrt()
}

#[test]
fn points_are_uniform_inside_and_on_the_boundary() {
    let rule = Rule::Uniform { count: 20_000 };
    let histogram = |part: &Part, cells: usize, cell: &dyn Fn(&[f64]) -> f64| {
        let points = draw(part, &rule, 11).points;
        let mut counts = vec![0; cells];
        (0..points.len()).for_each(|i| counts[((cell(&points.point(i)) * cells as f64) as usize).min(cells - 1)] += 1);
        chi_square(&counts)
    };
    let turn = |y: f64, x: f64| y.atan2(x) / TAU + 0.5;
    let mut statistics = vec![
        (
            "disk by radius",
            histogram(&inside(&disk(1.0, 0.0, 2.0)), 40, &|p| ((p[0] - 1.0).powi(2) + p[1] * p[1]) / 4.0),
        ),
        ("disk by angle", histogram(&inside(&disk(1.0, 0.0, 2.0)), 40, &|p| turn(p[1], p[0] - 1.0))),
        (
            "ell",
            histogram(&inside(&l_shape()), 12, &|p| {
                let (x, y) = ((p[0] * 2.0) as usize, (p[1] * 2.0) as usize);
                (if y < 2 { y * 4 + x } else { 8 + (y - 2) * 2 + x }) as f64 / 12.0 + 1e-3
            }),
        ),
        ("circle", histogram(&patches(&disk(0.0, 0.0, 2.0))[0], 40, &|p| turn(p[1], p[0]))),
        ("sphere", histogram(&patches(&Solid::ball(vec![0.0; 3], 1.0).unwrap())[0], 40, &|p| 0.5 + 0.5 * p[2])),
        (
            "ball",
            histogram(&inside(&Solid::ball(vec![0.0; 3], 1.0).unwrap()), 40, &|p| {
                p.iter().map(|x| x * x).sum::<f64>().powf(1.5)
            }),
        ),
        (
            "ball of 5",
            histogram(&inside(&Solid::ball(vec![0.0; 5], 1.0).unwrap()), 40, &|p| {
                p.iter().map(|x| x * x).sum::<f64>().powf(2.5)
            }),
        ),
        (
            "annulus",
            histogram(&inside(&Solid::annulus(vec![0.0; 2], 1.0, 2.0).unwrap()), 40, &|p| {
                (p[0] * p[0] + p[1] * p[1] - 1.0) / 3.0
            }),
        ),
    ];
    let ellipse = Ellipse::new([0.0, 0.0], [3.0, 0.5]);
    let quarter = |p: &[f64]| {
        // The arc length by brute force, from (3, 0).
        let angle = (p[1] / 0.5).atan2(p[0] / 3.0).rem_euclid(TAU);
        let steps = 2000;
        let speed = |t: f64| (3.0 * t.sin()).hypot(0.5 * t.cos());
        let h = angle / f64::from(steps);
        (0..steps).map(|k| h * speed(h * (f64::from(k) + 0.5))).sum::<f64>() / ellipse.perimeter()
    };
    let oval = Solid::ellipse([0.0, 0.0], 3.0, 0.5).unwrap();
    statistics.push(("ellipse", histogram(&patches(&oval)[0], 40, &quarter)));
    for (name, deviation) in statistics {
        assert!(deviation.abs() < 4.0, "{name}: {deviation}");
    }
}

#[test]
fn a_product_with_time_has_the_measure_of_both() {
    let solid = disk(0.0, 0.0, 1.0).difference(disk(0.3, 0.0, 0.2)).unwrap();
    let axes = [AxisRange::new(0.0, 2.0), AxisRange::new(0.0, 1.0), AxisRange::new(0.0, 1.0), AxisRange::new(1.0, 4.0)];
    let parts = patches(&solid).into_iter().chain([inside(&solid)]);
    for part in parts {
        for rule in [Rule::Uniform { count: 500 }, Rule::Sobol { count: 512 }, Rule::Midpoint { counts: vec![9] }] {
            let late = |p: &[f64]| p[0] > 1.0;
            for (keep, share) in [(None, 1.0), (Some(&late as &dyn Fn(&[f64]) -> bool), 0.5)] {
                let place = ProductPlace { axes: &axes, first: 1, part: &part, keep };
                let found = place.draw(&rule, Place::Face, &Stream::new(0, 0, 0)).unwrap();
                let total: f64 = found.points.weights.iter().sum();
                let exact = 6.0 * part.measure() * share;
                let slack = if matches!(rule, Rule::Midpoint { .. }) && share < 1.0 { 0.15 } else { 1e-2 };
                assert!((total / exact - 1.0).abs() < slack, "{rule:?}: {total} is not {exact}");
                for i in 0..found.points.len() {
                    let p = found.points.point(i);
                    assert!(solid.signed_distance(&p[1..3]) < 1e-12 && (1.0..=4.0).contains(&p[3]));
                    assert!(share == 1.0 || p[0] > 1.0);
                }
            }
        }
    }
}

#[test]
fn arcs_are_cut_where_a_condition_changes() {
    let circle = &disk(0.0, 0.0, 1.0).surface()[0];
    let halves = circle.cut(&|p| p[1] > 0.5);
    let upper: f64 = halves.iter().filter(|(_, above)| *above).map(|(patch, _)| patch.measure()).sum();
    assert!((upper - TAU / 3.0).abs() < 1e-12, "{upper}");
    assert!((halves.iter().map(|(patch, _)| patch.measure()).sum::<f64>() - TAU).abs() < 1e-12);
}

#[test]
fn drawing_is_reproducible_and_held_out_points_are_fixed() {
    let part = inside(&perforated());
    let rule = Rule::Sobol { count: 200 };
    assert_eq!(draw(&part, &rule, 5), draw(&part, &rule, 5));
    assert_ne!(draw(&part, &rule, 5), draw(&part, &rule, 6));
    let axes = vec![AxisRange::new(0.0, 1.0); 2];
    let place = ProductPlace { axes: &axes, first: 0, part: &part, keep: None };
    let held = held_out_inside(&place, 1000).unwrap();
    assert_eq!(held.len(), 1000);
    assert_eq!(held, held_out_inside(&place, 1000).unwrap());
}

/// A name, a shape and points of its surface.
type Named = (&'static str, Solid, Vec<Vec<f64>>);

/// The plane shapes with points of their surfaces.
static PLANE: std::sync::LazyLock<Vec<Named>> = std::sync::LazyLock::new(|| {
    let plane = shapes().into_iter().filter(|(_, solid)| solid.dimension() == 2);
    let points = |solid: &Solid| solid.surface().iter().flat_map(|patch| patch.samples(64)).map(|(p, _)| p).collect();
    plane.map(|(name, solid)| (name, solid.clone(), points(&solid))).collect()
});

proptest! {
    #[test]
    fn a_signed_distance_is_no_longer_than_the_way(
        p in prop::array::uniform2(-3.0..4.0f64),
        q in prop::array::uniform2(-3.0..4.0f64),
    ) {
        let way = (p[0] - q[0]).hypot(p[1] - q[1]);
        for (name, solid, _) in PLANE.iter() {
            let (a, b) = (solid.signed_distance(&p), solid.signed_distance(&q));
            prop_assert!((a - b).abs() <= way * (1.0 + 1e-12) + 1e-12, "{}: {} {} {}", name, a, b, way);
        }
    }

    #[test]
    fn a_ball_of_the_distance_does_not_reach_the_surface(p in prop::array::uniform2(-3.0..4.0f64)) {
        for (name, solid, points) in PLANE.iter() {
            let distance = solid.signed_distance(&p).abs();
            let ways = points.iter().map(|q| (p[0] - q[0]).hypot(p[1] - q[1]));
            let nearest = ways.fold(f64::INFINITY, f64::min);
            prop_assert!(nearest >= distance * (1.0 - 1e-12), "{}: {} below {}", name, nearest, distance);
            // Primitives have the distance itself; the samples are no further apart than 0.2.
            if solid.leaves().len() == 1 {
                prop_assert!(nearest <= distance + 0.2, "{}: {} above {}", name, nearest, distance);
            }
        }
    }
}
