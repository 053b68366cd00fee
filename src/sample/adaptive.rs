//! Points that follow the residuals: which of many candidates are taken.
//!
//! Both ways are those of Wu, Zhu, Tan, Kartha and Lu (arXiv 2207.10289). All points weigh alike, so that the loss is no
//! longer the integral of the file: where residuals are large it counts more.

use super::Block;
use crate::geometry::{MAX_POINTS, Rule, Stream};
use crate::kernel::PointSet;

/// How many candidates there are for each point.
const CANDIDATES: usize = 10;
/// A refinement adds one point for so many that were asked for.
const REFINED: usize = 10;

impl Block {
    /// The same place with many more points, to choose among.
    #[must_use]
    pub fn candidates(&self) -> Self {
        let mut block = self.clone();
        for rule in &mut block.sampling.pieces {
            if let Rule::Uniform { count } | Rule::Sobol { count } | Rule::LatinHypercube { count } = rule {
                *count = count.saturating_mul(CANDIDATES).min(MAX_POINTS);
            }
        }
        block
    }
}

/// Chooses `count` different candidates, each with a probability that grows with its weight w and its residual r as
/// w (|r|^k / mean(|r|^k) + c).
///
/// * `squares`: r² of each candidate
pub fn by_distribution(
    candidates: &PointSet,
    squares: &[f64],
    count: usize,
    (power, offset): (f64, f64),
    stream: &mut Stream,
) -> PointSet {
    let sizes: Vec<f64> = squares.iter().map(|s| if s.is_finite() { s.powf(power / 2.0) } else { 0.0 }).collect();
    let total: f64 = candidates.weights.iter().sum();
    let mean = sizes.iter().zip(&candidates.weights).map(|(size, weight)| size * weight).sum::<f64>() / total;
    let chance = |i: usize| {
        let relative = if mean > 0.0 { sizes[i] / mean } else { 1.0 };
        candidates.weights[i] * (relative + offset)
    };
    // The smallest of exponential waiting times: a sample without repetition in which each next point has these chances
    // among those that are left (Efraimidis and Spirakis, Inf. Process. Lett. 97 (2006) 181).
    let waits: Vec<f64> = (0..candidates.len()).map(|i| -stream.uniform().ln() / chance(i)).collect();
    alike(candidates.select(&smallest(&waits, count)), total)
}

/// Adds the candidates with the largest residuals to the points of a block, of which the first `base` are those that were
/// asked for. Once as many have been added, they take the places of those added ones whose residuals are least.
///
/// * `squares`: r² of each candidate and of each point
pub fn by_refinement(points: &PointSet, candidates: &PointSet, squares: [&[f64]; 2], base: usize) -> PointSet {
    let [of_candidates, of_points] = squares;
    let total: f64 = candidates.weights.iter().sum();
    let more = base.div_ceil(REFINED);
    let size = |squares: &[f64]| squares.iter().map(|s| if s.is_finite() { -s } else { 0.0 }).collect::<Vec<f64>>();
    let kept = smallest(&size(&of_points[base..]), base.saturating_sub(more));
    let kept: Vec<usize> = (0..base).chain(kept.into_iter().map(|i| base + i)).collect();
    let mut refined = points.select(&kept);
    refined.append(candidates.select(&smallest(&size(of_candidates), more)));
    alike(refined, total)
}

/// The places of the `count` smallest values, in order of place; of equal ones the first.
fn smallest(values: &[f64], count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    let before = |a: &usize, b: &usize| values[*a].total_cmp(&values[*b]).then(a.cmp(b));
    if count < order.len() {
        order.select_nth_unstable_by(count, before);
        order.truncate(count);
    }
    order.sort_unstable();
    order
}

fn alike(mut points: PointSet, total: f64) -> PointSet {
    let weight = total / points.len().max(1) as f64;
    points.weights.fill(weight);
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Points of [0, 1].
    fn line(count: usize) -> PointSet {
        let x = (0..count).map(|i| (i as f64 + 0.5) / count as f64).collect();
        let weights = vec![1.0 / count as f64; count];
        PointSet { coordinates: vec![x], normals: vec![vec![0.0; count]], weights, columns: Vec::new() }
    }

    #[test]
    fn points_are_distributed_as_they_should_be() {
        let candidates = line(20_000);
        // |r| is 3 in the first quarter and 1 elsewhere: mean 1.5, chances 2 + c and 2/3 + c.
        let squares: Vec<f64> = candidates.coordinates[0].iter().map(|x| if *x < 0.25 { 9.0 } else { 1.0 }).collect();
        for (offset, expected) in [(0.0, 0.5), (1.0, 0.375), (1e9, 0.25)] {
            let mut stream = Stream::new(0, 0, 0);
            let chosen = by_distribution(&candidates, &squares, 1000, (1.0, offset), &mut stream);
            assert_eq!(chosen.len(), 1000);
            let inside = chosen.coordinates[0].iter().filter(|x| **x < 0.25).count() as f64 / 1000.0;
            // Five standard deviations; without repetition it is a little less.
            assert!((inside - expected).abs() < 5.0 * (0.25_f64 / 1000.0).sqrt(), "c = {offset}: {inside}");
            assert!((chosen.weights.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            let distinct: std::collections::BTreeSet<u64> = chosen.coordinates[0].iter().map(|x| x.to_bits()).collect();
            assert_eq!(distinct.len(), 1000, "no point comes twice");
        }
    }

    #[test]
    fn residuals_that_are_zero_or_no_numbers_do_no_harm() {
        let candidates = line(100);
        for value in [0.0, f64::NAN, f64::INFINITY] {
            let chosen = by_distribution(&candidates, &[value; 100], 10, (2.0, 0.0), &mut Stream::new(0, 0, 0));
            assert_eq!(chosen.len(), 10, "{value}");
        }
    }

    #[test]
    fn refinement_adds_the_worst_and_forgets_the_best() {
        let (mut points, candidates) = (line(20), line(200));
        let square = |x: f64| (-((x - 0.3) / 0.05).powi(2)).exp();
        let squares = |set: &PointSet| set.coordinates[0].iter().map(|x| square(*x)).collect::<Vec<f64>>();
        let first = points.coordinates[0].clone();
        for round in 1..=15_usize {
            points = by_refinement(&points, &candidates, [&squares(&candidates), &squares(&points)], 20);
            assert_eq!(points.len(), (20 + 2 * round).min(40), "twice as many at most");
            assert!(points.coordinates[0][20..].iter().all(|x| (x - 0.3).abs() < 0.01));
            assert_eq!(points.coordinates[0][..20], first, "the points of the rule stay");
            assert!((points.weights.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        }
    }
}
