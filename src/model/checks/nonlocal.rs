//! Integrals of formulas without unknowns, at the points that training has for them.

use crate::expr::{Expr, Graph, Jet, Symbol};

use super::super::quadrature::IntegralPoints;
use super::super::{MovingLimit, Piece};

/// An integral whose integrand is a formula of coordinates, normals and other such integrals.
pub(super) struct Quadrature {
    /// The field that it is.
    pub field: usize,
    pub integrand: Expr,
    pub axes: Vec<usize>,
    pub points: IntegralPoints,
    pub moving: Option<MovingLimit>,
}

/// The value of an atom at a point, where it is known.
pub(super) type Known<'k> = dyn Fn(&Jet, &[f64]) -> Option<f64> + 'k;

/// Integrals that refer to each other.
#[derive(Default)]
pub(super) struct Quadratures(pub Vec<Quadrature>);

impl Quadratures {
    /// The values of formulas of coordinates, normals and these integrals; a number is `NaN` where it is not known. `known`
    /// gives further atoms, which may stand under the integral signs, too.
    pub(super) fn values_with(
        &self,
        graph: &Graph,
        roots: &[Expr],
        point: &[f64],
        piece: Option<&Piece>,
        known: &Known<'_>,
    ) -> Vec<f64> {
        super::probe::values_at(graph, roots, point, piece, |jet| self.value(graph, jet, point, |value| value, known))
    }

    /// The largest integral of absolute values in a formula: what an integral that vanishes is compared with.
    pub(super) fn size_at(&self, graph: &Graph, root: Expr, point: &[f64]) -> f64 {
        let sizes = graph.jets(&[root]).into_iter().map(|jet| self.value(graph, &jet, point, f64::abs, &|_, _| None));
        sizes.filter(|size| size.is_finite()).fold(0.0, f64::max)
    }

    /// An integral at a point, where `map` is applied to each summand.
    fn value(&self, graph: &Graph, jet: &Jet, outer: &[f64], map: fn(f64) -> f64, known: &Known<'_>) -> f64 {
        if let Some(value) = known(jet, outer) {
            return value;
        }
        let Some(of) = self.0.iter().find(|q| q.field == usize::from(jet.field) && jet.index.is_zero()) else {
            return f64::NAN;
        };
        let mut point = outer.to_vec();
        let mut sum = 0.0;
        for (i, weight) in of.points.weights.iter().enumerate() {
            of.axes.iter().for_each(|&axis| point[axis] = of.points.coordinates[axis][i]);
            let mut factor = *weight;
            if let Some(MovingLimit { axis, fixed, upper }) = of.moving {
                let length = outer[axis] - fixed;
                point[axis] = fixed + point[axis] * length;
                factor *= if upper { length } else { -length };
            }
            let value = graph.evaluate(&[of.integrand], |symbol| match symbol {
                Symbol::Coordinate(axis) => point[usize::from(*axis)],
                Symbol::Normal(axis) => of.points.normals[usize::from(*axis)][i],
                Symbol::Jet(inner) => self.value(graph, inner, &point, map, known),
                Symbol::Slot(_) => f64::NAN,
            })[0];
            sum += map(factor * value);
        }
        sum
    }
}
