//! Which derivatives a network carries.
//!
//! A channel carries `L u` for an [`Operator`] L with constant coefficients, and the channels of a plan are the basis of a
//! space of operators. What a function of jets does to a channel follows from the product rule, so the space must hold
//! every operator that occurs in it. With the symbol p(ξ) of L (`|ξ|²` for the Laplacian),
//!
//! ```text
//! L(f g) = Σ_α 1/α! (∂^α p)(D) f · D^α g,
//! ```
//!
//! and a space that holds all derivatives of its symbols is closed: `L(f g) = Σ a_jk (L_j f)(L_k g)` with numbers a_jk.
//! (It is a subcoalgebra of the polynomials; any closed set of channels is one.) For single derivatives that is a downward
//! closed set of multi-indices; for a Laplacian in d dimensions `1, ∂_1, ..., ∂_d, Δ`, which is the forward Laplacian
//! (arXiv 2307.08214); for a biharmonic operator `1, ∂_i, ∂_ij, ∂_i Δ, Δ²`. It is never larger than the set of all
//! derivatives below those that an operator is made of. Collapsed Taylor mode (arXiv 2505.13644) sums the channels of
//! highest order along chosen directions; here all orders are summed as far as they can be, and operators of several
//! orders too: `∂_t - ∂_xx` needs `1, ∂_x, ∂_t - ∂_xx`.

use rustc_hash::FxHashMap;

use super::operator::{Operator, Span};
use crate::expr::{MultiIndex, Rational};

/// The channels of a jet: the reduced basis of a closed space of operators, the value first.
///
/// Each channel has a *leading* derivative with coefficient 1, which occurs in no other channel; a formula that depends
/// on its jets only through the channels may write it for the channel.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JetPlan {
    channels: Vec<Operator>,
}

/// One term of the product rule: `(L f)(x) += factor (L_first f)(L_second g)`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Split {
    pub first: usize,
    pub second: usize,
    pub factor: Rational,
}

impl JetPlan {
    /// The plan with the value and single derivatives only, among them `wanted`: channels by order, then by axes.
    pub fn closure<'a>(wanted: impl IntoIterator<Item = &'a MultiIndex>) -> Self {
        let mut open: Vec<MultiIndex> = wanted.into_iter().cloned().collect();
        let mut found = std::collections::BTreeSet::from([(0, MultiIndex::zero())]);
        while let Some(index) = open.pop() {
            if found.insert((index.order(), index.clone())) {
                let mut axes: Vec<usize> = index.axes().collect();
                axes.dedup();
                open.extend(axes.into_iter().filter_map(|axis| index.lowered(axis)));
            }
        }
        Self { channels: found.into_iter().map(|(_, index)| Operator::derivative(index)).collect() }
    }

    /// The smallest plan whose channels make up all operators of a space.
    pub fn around(span: Span) -> Self {
        Self { channels: span.closed().into_basis() }
    }

    /// The channels, the value first.
    pub fn channels(&self) -> &[Operator] {
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

    /// The number of the channel with this leading derivative.
    pub fn position(&self, leading: &MultiIndex) -> Option<usize> {
        self.channels.iter().position(|c| leading_of(c) == leading)
    }

    /// The plan that carries every derivative of the channels for itself.
    #[must_use]
    pub fn derivatives(&self) -> Self {
        Self::closure(self.channels.iter().flat_map(|c| c.terms()).map(|(index, _)| index))
    }

    /// Whether every channel is a single derivative.
    pub fn is_plain(&self) -> bool {
        self.channels.iter().all(|c| c.as_derivative().is_some())
    }

    /// The highest order of a channel.
    pub fn order(&self) -> usize {
        self.channels.iter().map(Operator::order).max().unwrap_or(0)
    }

    /// The plan with 0, 1 and 2 derivatives along one more axis, ε: channel `j·len + c` is channel `c`, j times
    /// differentiated along ε.
    #[must_use]
    pub fn along_direction(&self, epsilon: usize) -> Self {
        let raised = |j: u8| self.channels.iter().map(move |c| c.raised(epsilon, j));
        Self { channels: (0..3).flat_map(raised).collect() }
    }

    /// How many products of two numbers the product rule has, over all channels: a measure of what a function costs.
    pub fn products(&self) -> usize {
        self.splits().iter().map(Vec::len).sum()
    }

    /// The product rule of each channel.
    pub(super) fn splits(&self) -> Vec<Vec<Split>> {
        // The number a_jk of L is the coefficient of ξ^α η^β in p(ξ + η), α and β leading L_j and L_k.
        let places: FxHashMap<&MultiIndex, usize> =
            self.channels.iter().enumerate().map(|(place, c)| (leading_of(c), place)).collect();
        let of = |channel: &Operator| {
            let mut splits = Vec::new();
            for (index, coefficient) in channel.terms() {
                for part in below(index) {
                    let (first, second) = (places.get(&part), places.get(&difference(index, &part)));
                    if let (Some(&first), Some(&second)) = (first, second) {
                        let ways = Rational::from_integer(binomial(index, &part).into());
                        splits.push(Split { first, second, factor: coefficient * ways });
                    }
                }
            }
            splits
        };
        self.channels.iter().map(of).collect()
    }

    /// The orders of the channels along the last axis in which the whole plan is homogeneous and `channel` has any: then
    /// Euler's rule `deg(L) L(z^m/m!) = Σ a_jk L_j(z^(m-1)/(m-1)!) deg(L_k) L_k z` has fewer terms than the product rule.
    pub(super) fn degrees(&self, channel: usize) -> Option<Vec<u8>> {
        let own: Vec<usize> = leading_of(&self.channels[channel]).axes().collect();
        let homogeneous = |axis: usize| {
            let even = |c: &Operator| c.terms().iter().all(|(i, _)| i.along(axis) == leading_of(c).along(axis));
            self.channels.iter().all(even)
        };
        let axis = own.into_iter().rev().find(|&axis| homogeneous(axis))?;
        Some(self.channels.iter().map(|c| leading_of(c).along(axis)).collect())
    }
}

fn leading_of(channel: &Operator) -> &MultiIndex {
    &channel.terms().first().expect("a channel is not zero").0
}

/// All β ≤ α.
fn below(alpha: &MultiIndex) -> Vec<MultiIndex> {
    let mut found = vec![MultiIndex::zero()];
    for (axis, &order) in alpha.orders().iter().enumerate() {
        found = found.iter().flat_map(|b| (0..=order).map(move |o| b.raised(axis, o))).collect();
    }
    found
}

/// The product of binomial coefficients Π (αᵢ over βᵢ); 0 unless β ≤ α.
fn binomial(alpha: &MultiIndex, beta: &MultiIndex) -> i64 {
    let axes = alpha.orders().len().max(beta.orders().len());
    (0..axes).map(|axis| choose(alpha.along(axis).into(), beta.along(axis).into())).product()
}

fn choose(n: i64, k: i64) -> i64 {
    if k > n { 0 } else { (0..k).fold(1, |product, i| product * (n - i) / (i + 1)) }
}

/// α - β, where β ≤ α.
fn difference(alpha: &MultiIndex, beta: &MultiIndex) -> MultiIndex {
    let orders: Vec<u8> = (0..alpha.orders().len()).map(|axis| alpha.along(axis) - beta.along(axis)).collect();
    MultiIndex::new(&orders)
}

#[cfg(test)]
pub(super) mod tests {
    use num_traits::One;

    use super::*;

    /// `Σ coefficient ∂^orders`
    pub fn operator(terms: &[(&[u8], i64)]) -> Operator {
        let term = |(orders, c): &(&[u8], i64)| (MultiIndex::new(orders), Rational::from_integer((*c).into()));
        Operator::new(terms.iter().map(term))
    }

    /// Plans of every kind: single derivatives, a Laplacian, operators of two orders, of fourth order, and both ways.
    pub fn plans() -> Vec<JetPlan> {
        let around = |operators: &[Operator]| JetPlan::around(Span::of(operators.iter().cloned()));
        vec![
            JetPlan::closure(&[MultiIndex::new(&[2, 1]), MultiIndex::new(&[0, 3])]),
            around(&[operator(&[(&[2], 1), (&[0, 2], 1), (&[0, 0, 2], 1)])]),
            around(&[operator(&[(&[2], 1), (&[0, 2], 2), (&[1, 1], -1)])]),
            around(&[operator(&[(&[1], 1), (&[0, 2], -3)]), operator(&[(&[0, 1], 1)])]),
            around(&[operator(&[(&[4], 1), (&[2, 2], 2), (&[0, 4], 1)])]),
            around(&[operator(&[(&[1], 1), (&[0, 2], 1), (&[0, 4], 1)])]),
            around(&[operator(&[(&[3], 1), (&[1, 2], 1)]), operator(&[(&[0, 2], 1)])]),
        ]
    }

    #[test]
    fn plans_are_closed_downward() {
        let plan = JetPlan::closure(&[MultiIndex::new(&[0, 2]), MultiIndex::new(&[1, 1])]);
        let orders: Vec<Vec<u8>> = plan.channels().iter().map(|c| leading_of(c).orders().to_vec()).collect();
        assert_eq!(orders, [vec![], vec![0, 1], vec![1], vec![0, 2], vec![1, 1]]);
        assert_eq!(plan.order(), 2);
        assert_eq!(plan.along_direction(2).len(), 15);
        assert!(plan.is_plain());
    }

    #[test]
    fn the_space_of_single_derivatives_is_their_closure() {
        let wanted = [MultiIndex::new(&[2, 1]), MultiIndex::new(&[0, 3])];
        let span = Span::of(wanted.iter().cloned().map(Operator::derivative));
        assert_eq!(JetPlan::around(span), JetPlan::closure(&wanted));
    }

    #[test]
    fn collapsed_plans_are_small() {
        let counts: Vec<usize> = plans().iter().map(JetPlan::len).collect();
        // The biharmonic operator in two dimensions: 1, two slopes, three of second order, two of third, itself.
        assert_eq!(counts, [8, 5, 4, 3, 9, 5, 7]);
        for dimension in 1..=100 {
            let squares = (0..dimension).map(|axis| (MultiIndex::zero().raised(axis, 2), Rational::one()));
            assert_eq!(JetPlan::around(Span::of([Operator::new(squares)])).len(), dimension + 2);
        }
    }

    /// What is used both in a sum and alone is carried alone.
    #[test]
    fn derivatives_that_stand_alone_leave_the_sum() {
        let laplacian = operator(&[(&[2], 1), (&[0, 2], 1), (&[0, 0, 2], 1)]);
        let plan = JetPlan::around(Span::of([laplacian, operator(&[(&[2], 1)])]));
        let second: Vec<&Operator> = plan.channels().iter().filter(|c| c.order() == 2).collect();
        assert_eq!(second, [&operator(&[(&[0, 0, 2], 1), (&[0, 2], 1)]), &operator(&[(&[2], 1)])]);
    }

    #[test]
    fn binomials_multiply_over_axes() {
        let alpha = MultiIndex::new(&[4, 2]);
        assert_eq!(binomial(&alpha, &MultiIndex::new(&[2, 1])), 12);
        assert_eq!(binomial(&alpha, &MultiIndex::new(&[0, 3])), 0);
    }
}
