//! The points of integrals.

use crate::diagnostic::Diagnostic;
use crate::expr::{Expr, Graph, Symbol};
use crate::geometry::{AxisRange, Place, Rule, RuleError, ShapePoints, Stream};

use super::defaults;
use super::elaborate::Elaborator;
use super::problem::{Axis, AxisKind, Integral, Model, Over, Piece, Sampling};

/// The stream that points of integrals are drawn from: they are the same for every seed.
const STREAM: u64 = 3 << 32;

/// Points of an integral.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IntegralPoints {
    /// One column an axis; the axes that are not integrated over hold no meaning.
    pub coordinates: Vec<Vec<f64>>,
    /// One column an axis: the outward unit normal (zero inside).
    pub normals: Vec<Vec<f64>>,
    /// Quadrature weights.
    pub weights: Vec<f64>,
}

impl IntegralPoints {
    /// The integral of a formula of the coordinates and normals, and that of its absolute value.
    pub(super) fn sums(&self, graph: &Graph, expr: Expr) -> (f64, f64) {
        let at = |i: usize| {
            graph.evaluate(&[expr], |symbol| match symbol {
                Symbol::Coordinate(axis) => self.coordinates[usize::from(*axis)][i],
                Symbol::Normal(axis) => self.normals[usize::from(*axis)][i],
                Symbol::Jet(_) | Symbol::Slot(_) => f64::NAN,
            })[0]
        };
        let (mut sum, mut size) = (0.0, 0.0);
        for (i, weight) in self.weights.iter().enumerate() {
            let value = weight * at(i);
            sum += value;
            size += value.abs();
        }
        (sum, size)
    }
}

/// The points of an integral with one rule for each of its pieces.
///
/// # Errors
/// [`RuleError`] if a rule does not fit its piece.
pub(super) fn points_of(
    graph: &Graph,
    axes: &[Axis],
    over: &Over,
    rules: &[Rule],
) -> Result<IntegralPoints, RuleError> {
    let stream = Stream::new(0, STREAM, 0);
    let none = vec![Vec::new(); axes.len()];
    let mut all = IntegralPoints { coordinates: none.clone(), normals: none, weights: Vec::new() };
    for (p, (piece, rule)) in over.place.iter().zip(rules).enumerate() {
        let moving = over.moving.map(|moving| moving.axis);
        let points = draw(graph, axes, (piece, moving), rule, &stream.part(p as u64))?;
        all.normals.iter_mut().zip(points.normals).for_each(|(all, more)| all.extend(more));
        all.coordinates.iter_mut().zip(points.points.coordinates).for_each(|(all, more)| all.extend(more));
        all.weights.extend(points.points.weights);
    }
    Ok(all)
}

fn draw(
    graph: &Graph,
    axes: &[Axis],
    (piece, moving): (&Piece, Option<usize>),
    rule: &Rule,
    stream: &Stream,
) -> Result<ShapePoints, RuleError> {
    let range = |(number, (axis, [lower, upper])): (usize, (&Axis, &[f64; 2]))| {
        let whole = *lower == axis.lower && *upper == axis.upper;
        // Up to a moving limit it is never a whole period, whatever the interval that stands for it.
        let periodic = axis.periodic && whole && moving != Some(number);
        AxisRange { lower: *lower, upper: *upper, periodic }
    };
    let ranges: Vec<AxisRange> = axes.iter().zip(&piece.ranges).enumerate().map(range).collect();
    piece.draw(graph, &ranges, 0.0, (rule, Place::Face), stream)
}

impl Elaborator<'_> {
    /// Reports integrals over time where each window of time is trained by itself.
    pub(super) fn no_integrals_over_windows(&mut self, windows: usize) {
        let time = self.axes.iter().position(|axis| axis.kind == AxisKind::Time);
        let Some(time) = time.filter(|_| windows > 1) else { return };
        for integral in self.integrals.iter().filter(|integral| integral.over.axes.contains(&time)) {
            let message = format!("an integral over {} needs all times at once", self.axes[time].name);
            let label = format!("the stages train {windows} windows of time one after the other");
            let found = Diagnostic::error("E0223", message, integral.span, label);
            self.found.push(found.help("train without `windows`"));
        }
    }

    /// Gives points to the integrals that no `sample` speaks of.
    pub(super) fn sampled_integrals(&mut self, parameters: usize) {
        for number in 0..self.integrals.len() {
            let integral = &self.integrals[number];
            if integral.sampling.is_some() {
                continue;
            }
            let grouped = !self.fields[integral.field].axes.is_empty();
            let rule = |piece: &Piece| {
                defaults::integral(piece.free_axes().len(), !piece.rejects_points(), grouped, parameters)
            };
            let pieces: Vec<Rule> = integral.over.place.iter().map(rule).collect();
            let first = pieces.first().cloned().unwrap_or(Rule::Sobol { count: 1 });
            self.integrals[number].sampling = Some(Sampling::of_rules(first, pieces, true));
        }
    }
}

impl Model {
    /// The points of an integral.
    ///
    /// # Errors
    /// [`RuleError`] if its rule does not fit its place.
    pub fn integral_points(&self, integral: &Integral) -> Result<IntegralPoints, RuleError> {
        let rules = integral.sampling.as_ref().map(|sampling| sampling.pieces.clone()).unwrap_or_default();
        points_of(&self.graph, &self.axes, &integral.over, &rules)
    }
}
