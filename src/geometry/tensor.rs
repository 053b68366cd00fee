//! Products of one-dimensional rules.

use super::quadrature::Nodes;
use super::rule::Points;

/// All combinations of the nodes of each axis, the last axis fastest; weights multiply.
pub(super) fn product(axes: &[Nodes]) -> Points {
    let count = axes.iter().map(|nodes| nodes.positions.len()).product();
    let mut points = Points { coordinates: Vec::with_capacity(axes.len()), weights: vec![1.0; count] };
    let mut stride = count;
    for nodes in axes {
        stride /= nodes.positions.len();
        let place = |i: usize| i / stride % nodes.positions.len();
        points.coordinates.push((0..count).map(|i| nodes.positions[place(i)]).collect());
        points.weights.iter_mut().enumerate().for_each(|(i, w)| *w *= nodes.weights[place(i)]);
    }
    points
}
