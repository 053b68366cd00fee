//! Points in the part of a box where a condition holds.

use super::held_out::held_out;
use super::random::Stream;
use super::rule::{AxisRange, Place, Points, Rule, RuleError, check_count, check_ranges, measure, stretch};

/// Points that the measure of a part is estimated from.
const MEASURE_POINTS: usize = 1 << 14;
/// Points that are tried before one gives up, beside [`TRIES_EACH`] for every point that is wanted.
const TRIES: usize = 1 << 20;
const TRIES_EACH: usize = 64;

impl Rule {
    /// Draws points in the part of a box where `keep` holds; `keep` gets the coordinates of a point.
    ///
    /// Deterministic rules are filtered: points outside are dropped, the others keep their weights. Random rules draw on
    /// until they have their count (or fewer, if that takes more than about a million tries); their weights are the
    /// measure of the part divided by the count. The measure is estimated from points that do not depend on the
    /// stream, so that it does not change when points are drawn anew.
    ///
    /// # Errors
    /// As [`Rule::draw`]; [`RuleError::EmptyPlace`] if `keep` holds for no point that was tried.
    pub fn draw_where(
        &self,
        axes: &[AxisRange],
        place: Place,
        keep: &dyn Fn(&[f64]) -> bool,
        stream: &Stream,
    ) -> Result<Points, RuleError> {
        let is_point = axes.iter().all(|range| range.is_point());
        let Some((count, source)) = self.source(stream).filter(|_| !is_point) else {
            let all = self.draw(axes, place, stream)?;
            let kept = all.filter(keep);
            return if kept.is_empty() { Err(RuleError::EmptyPlace { tries: all.len() }) } else { Ok(kept) };
        };
        check_ranges(axes)?;
        check_count(count)?;
        let mut source = source(axes.iter().filter(|range| !range.is_point()).count())?;
        let mut kept = Points::default();
        let (mut tries, mut hits) = (0, 0);
        while kept.len() < count && tries < TRIES.saturating_add(count.saturating_mul(TRIES_EACH)) {
            let coordinates = stretch(axes, source.batch(count), count);
            let found = Points { coordinates, weights: vec![0.0; count] }.filter(keep);
            tries += count;
            hits += found.len();
            kept.append(found);
        }
        if kept.is_empty() {
            return Err(RuleError::EmptyPlace { tries });
        }
        kept.truncate(count);
        let part = part_of_measure(axes, keep).unwrap_or(hits as f64 / tries as f64);
        let weight = part * measure(axes) / kept.len() as f64;
        kept.weights.fill(weight);
        Ok(kept)
    }
}

/// The part of the measure of a box where `keep` holds; `None` if it is too small to see or the box has
/// more axes than Sobol points.
fn part_of_measure(axes: &[AxisRange], keep: &dyn Fn(&[f64]) -> bool) -> Option<f64> {
    let points = held_out(axes, MEASURE_POINTS).ok()?;
    let hits = points.filter(keep).len();
    (hits > 0).then(|| hits as f64 / points.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{Face, Side};

    fn square() -> [AxisRange; 2] {
        [AxisRange::new(0.0, 1.0), AxisRange::new(0.0, 1.0)]
    }

    fn stream() -> Stream {
        Stream::new(0, 0, 0)
    }

    fn random_rules(count: usize) -> [Rule; 3] {
        [Rule::Uniform { count }, Rule::Sobol { count }, Rule::LatinHypercube { count }]
    }

    #[test]
    fn half_a_face_gets_all_the_points_and_half_the_measure() {
        let face = Face { axis: 0, side: Side::Lower }.of(&square());
        for rule in random_rules(100) {
            let points = rule.draw_where(&face, Place::Face, &|x| x[1] > 0.5, &stream()).unwrap();
            assert_eq!(points.len(), 100);
            assert!(points.coordinates[1].iter().all(|&y| y > 0.5));
            assert!((points.weights.iter().sum::<f64>() - 0.5).abs() < 1e-12);
        }
    }

    #[test]
    fn a_disc_has_its_area_and_integrals_on_it_are_right() {
        let disc = |x: &[f64]| x[0] * x[0] + x[1] * x[1] < 1.0;
        for (rule, tolerance) in random_rules(4096).into_iter().zip([0.03, 0.003, 0.03]) {
            let points = rule.draw_where(&square(), Place::Interior, &disc, &stream()).unwrap();
            let quarter = std::f64::consts::FRAC_PI_4;
            assert!((points.weights.iter().sum::<f64>() / quarter - 1.0).abs() < 1e-3);
            let moment: f64 = points.coordinates[0].iter().zip(&points.weights).map(|(x, w)| w * x).sum();
            assert!((moment * 3.0 - 1.0).abs() < tolerance, "{rule:?}: {moment}");
        }
    }

    #[test]
    fn the_measure_does_not_change_when_points_are_drawn_anew() {
        let weight = |step| {
            let points = Rule::Uniform { count: 10 }.draw_where(
                &square(),
                Place::Interior,
                &|x| x[0] < 0.3 * x[1],
                &Stream::new(0, 0, step),
            );
            points.unwrap().weights[0]
        };
        assert_eq!(weight(0), weight(1));
    }

    #[test]
    fn deterministic_rules_are_filtered() {
        let rule = Rule::Midpoint { counts: vec![10] };
        let points = rule.draw_where(&square(), Place::Interior, &|x| x[0] < 0.2, &stream()).unwrap();
        assert_eq!(points.len(), 20);
        assert!((points.weights.iter().sum::<f64>() - 0.2).abs() < 1e-14);
    }

    #[test]
    fn a_small_part_is_found_and_an_empty_one_is_said() {
        let small = Rule::Uniform { count: 5 }.draw_where(&square(), Place::Interior, &|x| x[0] < 1e-5, &stream());
        let small = small.unwrap();
        assert!(!small.is_empty() && small.len() <= 5);
        let measure: f64 = small.weights.iter().sum();
        assert!(measure > 1e-6 && measure < 1e-4, "{measure}");
        for rule in random_rules(8).into_iter().chain([Rule::Grid { counts: vec![5] }]) {
            let error = rule.draw_where(&square(), Place::Interior, &|x| x[0] == 0.3, &stream()).unwrap_err();
            assert!(matches!(error, RuleError::EmptyPlace { .. }), "{rule:?}: {error}");
        }
    }

    #[test]
    fn a_point_is_kept_or_not() {
        let corner = [AxisRange::point(0.0), AxisRange::point(1.0)];
        let rule = Rule::Sobol { count: 64 };
        let draw = |keep: &dyn Fn(&[f64]) -> bool| rule.draw_where(&corner, Place::Face, keep, &stream());
        assert_eq!(draw(&|x| x[1] == 1.0).unwrap().weights, [1.0]);
        assert_eq!(draw(&|x| x[1] < 1.0), Err(RuleError::EmptyPlace { tries: 1 }));
    }
}
