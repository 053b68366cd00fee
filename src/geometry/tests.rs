//! Rules on boxes and their faces.

use proptest::prelude::*;

use super::*;

fn square() -> [AxisRange; 2] {
    [AxisRange::new(0.0, 1.0), AxisRange::new(-1.0, 3.0)]
}

fn stream() -> Stream {
    Stream::new(0, 0, 0)
}

fn all_rules(n: usize) -> Vec<Rule> {
    vec![
        Rule::Grid { counts: vec![n] },
        Rule::Uniform { count: n * n },
        Rule::Sobol { count: n * n },
        Rule::LatinHypercube { count: n * n },
        Rule::Gauss { counts: vec![n], grading: vec![] },
        Rule::Trapezoid { counts: vec![n] },
        Rule::Midpoint { counts: vec![n] },
    ]
}

#[test]
fn a_grid_leaves_out_the_faces_inside_and_has_the_ends_on_a_face() {
    let rule = Rule::Grid { counts: vec![30] };
    let points = rule.draw(&square(), Place::Interior, &stream()).unwrap();
    assert_eq!(points.len(), 28 * 28);
    assert_eq!(points.point(1), [1.0 / 29.0, -1.0 + 8.0 / 29.0]);
    let face = Face { axis: 1, side: Side::Upper }.of(&square());
    let points = rule.draw(&face, Place::Face, &stream()).unwrap();
    assert_eq!((points.len(), points.point(0), points.point(29)), (30, vec![0.0, 3.0], vec![1.0, 3.0]));
}

#[test]
fn weights_sum_to_the_measure_in_the_dimension_of_the_box() {
    let cube = [AxisRange::new(0.0, 2.0), AxisRange::periodic(0.0, 3.0), AxisRange::new(1.0, 1.5)];
    let face = Face { axis: 2, side: Side::Lower }.of(&cube);
    let edge = Face { axis: 0, side: Side::Upper }.of(&face);
    for rule in all_rules(7) {
        for (axes, place) in [(&cube[..], Place::Interior), (&face, Place::Face), (&edge, Place::Face)] {
            let points = rule.draw(axes, place, &stream()).unwrap();
            let sum: f64 = points.weights.iter().sum();
            assert!((sum / measure(axes) - 1.0).abs() < 1e-13, "{rule:?}: {sum}");
            for (axis, range) in points.coordinates.iter().zip(axes) {
                assert_eq!(axis.len(), points.len());
                assert!(axis.iter().all(|&x| range.lower <= x && x <= range.upper));
            }
        }
    }
}

#[test]
fn a_point_is_one_sample_of_weight_one() {
    let corner = [AxisRange::point(0.0), AxisRange::point(2.0)];
    for rule in all_rules(7) {
        let points = rule.draw(&corner, Place::Face, &stream()).unwrap();
        assert_eq!((points.point(0), points.weights), (vec![0.0, 2.0], vec![1.0]));
    }
}

#[test]
fn random_points_depend_on_the_stream_and_the_others_do_not() {
    for rule in all_rules(5) {
        let draw = |s: &Stream| rule.draw(&square(), Place::Interior, s).unwrap();
        assert_eq!(draw(&stream()), draw(&stream()));
        let random = rule.source(&stream()).is_some();
        assert_eq!(draw(&stream()) != draw(&Stream::new(0, 0, 1)), random, "{rule:?}");
    }
}

#[test]
fn a_latin_hypercube_has_one_point_in_every_stratum() {
    let points = Rule::LatinHypercube { count: 50 }.draw(&square(), Place::Interior, &stream()).unwrap();
    for (axis, range) in points.coordinates.iter().zip(square()) {
        let mut strata: Vec<usize> =
            axis.iter().map(|x| ((x - range.lower) / range.length() * 50.0) as usize).collect();
        strata.sort_unstable();
        assert_eq!(strata, (0..50).collect::<Vec<_>>());
    }
}

#[test]
fn gauss_is_spectrally_accurate_in_both_kinds_of_axes() {
    let tau = std::f64::consts::TAU;
    let axes = [AxisRange::new(0.0, 1.0), AxisRange::periodic(0.0, tau)];
    let points = Rule::Gauss { counts: vec![8, 24], grading: vec![] }.draw(&axes, Place::Interior, &stream()).unwrap();
    let f = |x: &[f64]| x[0].exp() * (1.0 / (2.0 + x[1].cos()));
    let sum: f64 = (0..points.len()).map(|i| points.weights[i] * f(&points.point(i))).sum();
    let exact = (1f64.exp() - 1.0) * tau / 3f64.sqrt();
    assert!((sum / exact - 1.0).abs() < 1e-12, "{sum} is not {exact}");
}

#[test]
fn grading_goes_to_its_own_axis() {
    let grading = vec![None, Some(Grading { at: 0.0, strength: 6.0 })];
    let points = Rule::Gauss { counts: vec![4, 40], grading }.draw(&square(), Place::Interior, &stream()).unwrap();
    let near = points.coordinates[1].iter().filter(|x| x.abs() < 0.05).count();
    assert!(near > 4 * 6, "{near} of 160; evenly spaced it were 4");
}

#[test]
fn held_out_points_are_fixed_and_no_training_points() {
    let points = held_out(&square(), HELD_OUT_COUNT).unwrap();
    assert_eq!(points, held_out(&square(), HELD_OUT_COUNT).unwrap());
    let mut bits: Vec<u64> = points.coordinates[0].iter().map(|x| x.to_bits()).collect();
    bits.sort_unstable();
    for seed in 0..4 {
        let training = Rule::Sobol { count: 4096 }.draw(&square(), Place::Interior, &Stream::new(seed, 0, 0)).unwrap();
        assert!(training.coordinates[0].iter().all(|x| bits.binary_search(&x.to_bits()).is_err()));
    }
}

#[test]
fn what_does_not_fit_is_said() {
    let draw = |rule: &Rule| rule.draw(&square(), Place::Interior, &stream()).unwrap_err();
    let graded = |at, strength| Rule::Gauss { counts: vec![4], grading: vec![Some(Grading { at, strength }), None] };
    let told = [
        (Rule::Grid { counts: vec![3, 3, 3] }, "3 counts for 2 axes; give one for each axis, or one for all"),
        (Rule::Grid { counts: vec![] }, "0 counts for 2 axes; give one for each axis, or one for all"),
        (Rule::Grid { counts: vec![2] }, "2 points are too few; at least 3 are needed here"),
        (Rule::Trapezoid { counts: vec![1] }, "1 points are too few; at least 2 are needed here"),
        (Rule::Uniform { count: 0 }, "0 points are too few; at least 1 are needed here"),
        (Rule::Midpoint { counts: vec![0] }, "0 points are too few; at least 1 are needed here"),
        (Rule::Midpoint { counts: vec![1 << 40] }, "more than 16777216 points"),
        (Rule::Sobol { count: usize::MAX }, "more than 16777216 points"),
        (graded(2.0, 1.0), "graded towards 2, which is outside of [0, 1]"),
        (graded(f64::NAN, 1.0), "graded towards NaN, which is outside of [0, 1]"),
        (graded(0.5, -1.0), "grading strength -1 is not in [0, 30]"),
        (Rule::Gauss { counts: vec![4], grading: vec![None] }, "1 gradings for 2 axes"),
    ];
    for (rule, message) in told {
        assert_eq!(draw(&rule).to_string(), message, "{rule:?}");
    }
    for (lower, upper) in [(1.0, 0.0), (f64::NAN, 1.0), (0.0, f64::INFINITY), (f64::MIN, f64::MAX)] {
        for rule in all_rules(4) {
            let error = rule.draw(&[AxisRange::new(lower, upper)], Place::Interior, &stream()).unwrap_err();
            assert!(matches!(error, RuleError::Range { .. }), "{error}");
        }
    }
    let many = vec![AxisRange::new(0.0, 1.0); 200];
    let error = Rule::Sobol { count: 4 }.draw(&many, Place::Interior, &stream()).unwrap_err();
    assert_eq!(error.to_string(), "Sobol points exist for up to 128 axes, not for 200; use uniform or lhs");
}

proptest! {
    #[test]
    fn points_stay_strictly_inside(lower in -1e9..1e9f64, length in 1e-6..1e9f64, seed in 0u64..1000) {
        let range = AxisRange::new(lower, lower + length);
        for rule in all_rules(6) {
            let points = rule.draw(&[range], Place::Interior, &Stream::new(seed, 0, 0)).unwrap();
            let inside = points.coordinates[0].iter().all(|&x| range.lower < x && x < range.upper);
            prop_assert!(inside || matches!(rule, Rule::Trapezoid { .. }), "{:?}", rule);
        }
    }
}
