//! Which derivatives a network carries.

use std::collections::BTreeSet;

use crate::expr::MultiIndex;

/// A downward closed set of multi-indices: the channels of a jet, the value first.
///
/// Closed means that with `u_xxy` there are `u_xx`, `u_xy`, `u_x`, `u_y` and `u`: what the chain rule of an activation
/// needs (Faà di Bruno).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct JetPlan {
    channels: Vec<MultiIndex>,
}

impl JetPlan {
    /// The smallest downward closed set that contains the value and `wanted`; channels by order, then by axes.
    pub fn closure<'a>(wanted: impl IntoIterator<Item = &'a MultiIndex>) -> Self {
        let mut found = BTreeSet::from([(0, MultiIndex::zero())]);
        let mut open: Vec<MultiIndex> = wanted.into_iter().cloned().collect();
        while let Some(index) = open.pop() {
            if found.insert((index.order(), index.clone())) {
                let axes: BTreeSet<usize> = index.axes().collect();
                open.extend(axes.into_iter().filter_map(|axis| index.lowered(axis)));
            }
        }
        Self { channels: found.into_iter().map(|(_, index)| index).collect() }
    }

    /// The channels, the value first.
    pub fn channels(&self) -> &[MultiIndex] {
        &self.channels
    }

    /// How many channels there are.
    pub fn len(&self) -> usize {
        self.channels.len()
    }

    /// A plan always has the value.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// The number of a channel.
    pub fn position(&self, index: &MultiIndex) -> Option<usize> {
        self.channels.iter().position(|c| c == index)
    }

    /// The highest order of a channel.
    pub fn order(&self) -> usize {
        self.channels.iter().map(MultiIndex::order).max().unwrap_or(0)
    }

    /// The plan with 0, 1 and 2 derivatives along one more axis, ε: channel `j·len + c` is channel `c`, j times
    /// differentiated along ε.
    #[must_use]
    pub fn along_direction(&self, epsilon: usize) -> Self {
        let raised = |j: u8| self.channels.iter().map(move |c| c.raised(epsilon, j));
        Self { channels: (0..3).flat_map(raised).collect() }
    }
}

/// The product of binomial coefficients Π (αᵢ over βᵢ); 0 unless β ≤ α.
pub(super) fn binomial(alpha: &MultiIndex, beta: &MultiIndex) -> i64 {
    let axes = alpha.orders().len().max(beta.orders().len());
    (0..axes).map(|axis| choose(alpha.along(axis).into(), beta.along(axis).into())).product()
}

fn choose(n: i64, k: i64) -> i64 {
    if k > n { 0 } else { (0..k).fold(1, |product, i| product * (n - i) / (i + 1)) }
}

/// α - β, where β ≤ α.
pub(super) fn difference(alpha: &MultiIndex, beta: &MultiIndex) -> MultiIndex {
    let orders: Vec<u8> = (0..alpha.orders().len()).map(|axis| alpha.along(axis) - beta.along(axis)).collect();
    MultiIndex::new(&orders)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_are_closed_downward() {
        let plan = JetPlan::closure(&[MultiIndex::new(&[0, 2]), MultiIndex::new(&[1, 1])]);
        let orders: Vec<Vec<u8>> = plan.channels().iter().map(|c| c.orders().to_vec()).collect();
        assert_eq!(orders, [vec![], vec![0, 1], vec![1], vec![0, 2], vec![1, 1]]);
        assert_eq!(plan.order(), 2);
        assert_eq!(plan.along_direction(2).len(), 15);
    }

    #[test]
    fn binomials_multiply_over_axes() {
        let alpha = MultiIndex::new(&[4, 2]);
        assert_eq!(binomial(&alpha, &MultiIndex::new(&[2, 1])), 12);
        assert_eq!(binomial(&alpha, &MultiIndex::new(&[0, 3])), 0);
    }
}
