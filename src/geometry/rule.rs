//! Rules that put weighted points into a box.

use std::num::NonZeroUsize;

use super::quadrature::{self, Grading, Nodes, inside};
use super::random::Stream;
use super::tensor;
use super::unit_cube::UnitPoints;

/// The most points that one call draws; beyond it a count is taken for a mistake.
pub const MAX_POINTS: usize = 1 << 24;

/// The range of one axis of a box.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AxisRange {
    /// Lower end.
    pub lower: f64,
    /// Upper end; equal to the lower one where the axis is held fixed.
    pub upper: f64,
    /// Whether the ends are the same place.
    pub periodic: bool,
}

impl AxisRange {
    /// An interval with two ends.
    pub fn new(lower: f64, upper: f64) -> Self {
        Self { lower, upper, periodic: false }
    }

    /// One period.
    pub fn periodic(lower: f64, upper: f64) -> Self {
        Self { lower, upper, periodic: true }
    }

    /// An axis that is held fixed.
    pub fn point(at: f64) -> Self {
        Self::new(at, at)
    }

    /// Whether the axis is held fixed.
    pub fn is_point(self) -> bool {
        self.lower == self.upper
    }

    /// Length of the range.
    pub fn length(self) -> f64 {
        self.upper - self.lower
    }
}

/// The measure of a box in the dimension that it has: axes held fixed do not count, and a single point measures 1.
pub fn measure(axes: &[AxisRange]) -> f64 {
    axes.iter().filter(|range| !range.is_point()).map(|range| range.length()).product()
}

/// Whether a box is the inside of a domain or part of its boundary; a grid leaves out its ends in the one and has them in
/// the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The inside of a domain.
    Interior,
    /// A face, an edge, or the domain at a fixed time.
    Face,
}

/// How points are put into a box.
///
/// Counts by axis are given for the axes that are not held fixed, in their order; a single one stands for all of them.
/// A total `count` is for the whole box. A box that is a single point is one sample of weight 1 under every rule.
#[derive(Clone, Debug, PartialEq)]
pub enum Rule {
    /// Equispaced and equally weighted points: `n` with the ends on a [`Place::Face`]; the same without the ends, so
    /// `n` - 2, in a [`Place::Interior`]. On a periodic axis `n` points with the lower end and without the upper.
    Grid {
        /// Points along each axis.
        counts: Vec<usize>,
    },
    /// Independent uniform points.
    Uniform {
        /// Total number of points.
        count: usize,
    },
    /// Sobol points with Owen's scrambling ([`Sobol`](super::Sobol)); powers of two are best.
    Sobol {
        /// Total number of points.
        count: usize,
    },
    /// One point in each of `count` strata of every axis.
    LatinHypercube {
        /// Total number of points.
        count: usize,
    },
    /// Gauss-Legendre points, on graded axes crowding towards a coordinate ([`Grading`]). Ungraded periodic axes have
    /// equispaced points, which are spectrally accurate there.
    Gauss {
        /// Points along each axis.
        counts: Vec<usize>,
        /// The grading of each axis that is not held fixed; empty for none at all.
        grading: Vec<Option<Grading>>,
    },
    /// The trapezoid rule, ends included; on a periodic axis equispaced points without the upper end.
    Trapezoid {
        /// Points along each axis.
        counts: Vec<usize>,
    },
    /// The midpoint rule.
    Midpoint {
        /// Points along each axis.
        counts: Vec<usize>,
    },
}

/// Points of a box with quadrature weights.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Points {
    /// One `Vec` an axis of the box, fixed axes included.
    pub coordinates: Vec<Vec<f64>>,
    /// One weight a point.
    pub weights: Vec<f64>,
}

impl Points {
    /// Number of points.
    pub fn len(&self) -> usize {
        self.weights.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.weights.is_empty()
    }

    /// The coordinates of one point.
    ///
    /// # Panics
    /// If there is no such point.
    pub fn point(&self, index: usize) -> Vec<f64> {
        self.coordinates.iter().map(|axis| axis[index]).collect()
    }

    /// Adds the points of another piece of the same space.
    ///
    /// # Panics
    /// If both have points but not equally many axes.
    pub fn append(&mut self, mut more: Points) {
        if self.coordinates.is_empty() {
            self.coordinates = vec![Vec::new(); more.coordinates.len()];
        }
        assert_eq!(self.coordinates.len(), more.coordinates.len(), "pieces of one space have the same axes");
        for (axis, more) in self.coordinates.iter_mut().zip(&mut more.coordinates) {
            axis.append(more);
        }
        self.weights.append(&mut more.weights);
    }

    /// Only the first `count` points.
    pub(super) fn truncate(&mut self, count: usize) {
        self.coordinates.iter_mut().for_each(|axis| axis.truncate(count));
        self.weights.truncate(count);
    }

    /// Only the points that `keep` holds for, with their weights.
    pub(super) fn filter(&self, keep: &dyn Fn(&[f64]) -> bool) -> Points {
        let kept: Vec<usize> = (0..self.len()).filter(|&i| keep(&self.point(i))).collect();
        Points {
            coordinates: self.coordinates.iter().map(|axis| kept.iter().map(|&i| axis[i]).collect()).collect(),
            weights: kept.iter().map(|&i| self.weights[i]).collect(),
        }
    }
}

/// Why a rule cannot put points into a box.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RuleError {
    /// Neither one count nor one for each axis.
    #[error("{given} counts for {axes} axes; give one for each axis, or one for all")]
    Counts {
        /// How many counts there are.
        given: usize,
        /// How many axes are not held fixed.
        axes: usize,
    },
    /// The rule has an axis with too few points, or none at all.
    #[error("{given} points are too few; at least {needed} are needed here")]
    TooFew {
        /// The count that was asked for.
        given: usize,
        /// The least that makes sense.
        needed: usize,
    },
    /// More than [`MAX_POINTS`].
    #[error("more than {limit} points")]
    TooMany {
        /// The limit.
        limit: usize,
    },
    /// Sobol points have a largest dimension.
    #[error("Sobol points exist for up to {limit} axes, not for {axes}; use uniform or lhs")]
    TooManyAxes {
        /// Axes of the box that are not held fixed.
        axes: usize,
        /// The largest number.
        limit: usize,
    },
    /// Neither no grading nor one for each axis.
    #[error("{given} gradings for {axes} axes")]
    Gradings {
        /// How many gradings there are.
        given: usize,
        /// How many axes are not held fixed.
        axes: usize,
    },
    /// Points are to crowd towards a coordinate that is not in the interval.
    #[error("graded towards {at}, which is outside of [{lower}, {upper}]")]
    GradingOutside {
        /// Where to.
        at: f64,
        /// Lower end of the axis.
        lower: f64,
        /// Upper end of the axis.
        upper: f64,
    },
    /// The strength of the grading is negative, not a number, or too strong for double precision.
    #[error("grading strength {strength} is not in [0, 30]")]
    GradingStrength {
        /// The strength.
        strength: f64,
    },
    /// An axis that is no interval.
    #[error("[{lower}, {upper}] is not an interval")]
    Range {
        /// Lower end.
        lower: f64,
        /// Upper end.
        upper: f64,
    },
    /// No point satisfies the condition on the place.
    #[error("none of {tries} points lies in the place")]
    EmptyPlace {
        /// How many points were tried.
        tries: usize,
    },
}

impl Rule {
    /// Draws points in the box given by `axes`; the weights sum to its [`measure`].
    ///
    /// Deterministic rules do not touch the stream; random ones begin where it stands and leave it unchanged.
    /// Products of one-dimensional rules are ordered with the last axis fastest. Random points never lie on a face.
    ///
    /// # Errors
    /// [`RuleError`] if counts, gradings or ranges do not fit; never [`RuleError::EmptyPlace`].
    pub fn draw(&self, axes: &[AxisRange], place: Place, stream: &Stream) -> Result<Points, RuleError> {
        match self.source(stream) {
            Some((count, source)) => random_points(axes, count, source),
            None => self.product(axes, place),
        }
    }

    /// The count and the points of the unit cube that a random rule uses; `None` for the others.
    pub(super) fn source(
        &self,
        stream: &Stream,
    ) -> Option<(usize, impl FnOnce(usize) -> Result<UnitPoints, RuleError> + use<'_>)> {
        let count = match self {
            Rule::Uniform { count } | Rule::Sobol { count } | Rule::LatinHypercube { count } => *count,
            _ => return None,
        };
        let mut stream = stream.clone();
        let source = move |axes| match self {
            Rule::Sobol { .. } => UnitPoints::sobol(axes, &mut stream),
            Rule::LatinHypercube { .. } => Ok(UnitPoints::latin_hypercube(axes, &stream)),
            _ => Ok(UnitPoints::uniform(axes, &stream)),
        };
        Some((count, source))
    }

    fn product(&self, axes: &[AxisRange], place: Place) -> Result<Points, RuleError> {
        check_ranges(axes)?;
        let free = axes.iter().filter(|range| !range.is_point()).count();
        if free == 0 {
            return Ok(single_point(axes));
        }
        let counts = self.counts(free)?;
        let mut free_axes = 0..free;
        let nodes = axes.iter().map(|range| {
            let next = if range.is_point() { None } else { free_axes.next() };
            match next {
                Some(axis) => self.nodes(axis, counts[axis], *range, place),
                None => Ok(Nodes { positions: vec![range.lower], weights: vec![1.0] }),
            }
        });
        let nodes: Vec<Nodes> = nodes.collect::<Result<_, _>>()?;
        Ok(tensor::product(&nodes))
    }

    /// The count of each axis that is not held fixed.
    fn counts(&self, free: usize) -> Result<Vec<usize>, RuleError> {
        let counts = match self {
            Rule::Grid { counts } | Rule::Trapezoid { counts } | Rule::Midpoint { counts } => counts,
            Rule::Gauss { counts, grading } if grading.is_empty() || grading.len() == free => counts,
            Rule::Gauss { grading, .. } => return Err(RuleError::Gradings { given: grading.len(), axes: free }),
            Rule::Uniform { .. } | Rule::Sobol { .. } | Rule::LatinHypercube { .. } => &Vec::new(),
        };
        match counts[..] {
            [one] => check_total(std::iter::repeat_n(one, free)).map(|()| vec![one; free]),
            _ if counts.len() == free => check_total(counts.iter().copied()).map(|()| counts.clone()),
            _ => Err(RuleError::Counts { given: counts.len(), axes: free }),
        }
    }

    fn nodes(&self, axis: usize, count: usize, range: AxisRange, place: Place) -> Result<Nodes, RuleError> {
        let AxisRange { lower, upper, periodic } = range;
        let at_least = |needed| if count < needed { Err(RuleError::TooFew { given: count, needed }) } else { Ok(()) };
        let some = NonZeroUsize::new(count).ok_or(RuleError::TooFew { given: 0, needed: 1 })?;
        Ok(match self {
            Rule::Gauss { grading, .. } => match grading.get(axis).copied().flatten() {
                Some(grading) => {
                    check_grading(grading, range)?;
                    quadrature::gauss_graded(some, lower, upper, grading)
                }
                None if periodic => quadrature::periodic(count, lower, upper),
                None => quadrature::gauss_legendre(some, lower, upper),
            },
            Rule::Midpoint { .. } => quadrature::midpoint(count, lower, upper),
            _ if periodic => quadrature::periodic(count, lower, upper),
            Rule::Trapezoid { .. } => {
                at_least(2)?;
                quadrature::trapezoid(count, lower, upper)
            }
            _ if place == Place::Interior => {
                at_least(3)?;
                quadrature::grid_without_ends(count, lower, upper)
            }
            _ => {
                at_least(2)?;
                quadrature::grid_with_ends(count, lower, upper)
            }
        })
    }
}

/// Random points of a box from a source in the unit cube of its free axes; all weights are measure / count.
pub(super) fn random_points(
    axes: &[AxisRange],
    count: usize,
    source: impl FnOnce(usize) -> Result<UnitPoints, RuleError>,
) -> Result<Points, RuleError> {
    check_ranges(axes)?;
    let free = axes.iter().filter(|range| !range.is_point()).count();
    if free == 0 {
        return Ok(single_point(axes));
    }
    check_count(count)?;
    let coordinates = stretch(axes, source(free)?.batch(count), count);
    Ok(Points { coordinates, weights: vec![measure(axes) / count as f64; count] })
}

/// Maps points of the unit cube of the free axes into the box.
pub(super) fn stretch(axes: &[AxisRange], unit: Vec<Vec<f64>>, count: usize) -> Vec<Vec<f64>> {
    let mut unit = unit.into_iter();
    let axis = |range: &AxisRange| {
        let free = if range.is_point() { None } else { unit.next() };
        let Some(mut axis) = free else { return vec![range.lower; count] };
        axis.iter_mut().for_each(|u| *u = inside(range.lower, range.upper, range.lower + *u * range.length()));
        axis
    };
    axes.iter().map(axis).collect()
}

fn single_point(axes: &[AxisRange]) -> Points {
    Points { coordinates: axes.iter().map(|range| vec![range.lower]).collect(), weights: vec![1.0] }
}

pub(super) fn check_ranges(axes: &[AxisRange]) -> Result<(), RuleError> {
    let sound = |range: &&AxisRange| range.lower <= range.upper && range.length().is_finite();
    match axes.iter().find(|range| !sound(range)) {
        Some(&AxisRange { lower, upper, .. }) => Err(RuleError::Range { lower, upper }),
        None => Ok(()),
    }
}

fn check_total(counts: impl IntoIterator<Item = usize>) -> Result<(), RuleError> {
    let total = counts.into_iter().try_fold(1usize, |total, count| total.checked_mul(count));
    match total {
        Some(total) if total <= MAX_POINTS => Ok(()),
        _ => Err(RuleError::TooMany { limit: MAX_POINTS }),
    }
}

/// A total count that can be drawn.
pub(super) fn check_count(count: usize) -> Result<(), RuleError> {
    if count == 0 {
        return Err(RuleError::TooFew { given: 0, needed: 1 });
    }
    check_total([count])
}

fn check_grading(grading: Grading, range: AxisRange) -> Result<(), RuleError> {
    let (Grading { at, strength }, AxisRange { lower, upper, .. }) = (grading, range);
    if !(lower..=upper).contains(&at) {
        return Err(RuleError::GradingOutside { at, lower, upper });
    }
    if !(0.0..=Grading::STRONGEST).contains(&strength) {
        return Err(RuleError::GradingStrength { strength });
    }
    Ok(())
}
