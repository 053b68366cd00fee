//! Differential operators with constant coefficients: what a channel of a jet carries.

use std::collections::{BTreeMap, BTreeSet};

use num_traits::{One, Zero};

use crate::expr::{MultiIndex, Rational};

/// `Σ c_α ∂^α` with exact coefficients that are not zero: `∂_xx + ∂_yy`, or a single derivative.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Operator {
    /// By order, then by index.
    terms: Vec<(MultiIndex, Rational)>,
}

impl Operator {
    /// Collects terms.
    pub fn new(terms: impl IntoIterator<Item = (MultiIndex, Rational)>) -> Self {
        let mut sums: BTreeMap<(usize, MultiIndex), Rational> = BTreeMap::new();
        for (index, coefficient) in terms {
            *sums.entry(rank(&index)).or_insert_with(Rational::zero) += coefficient;
        }
        sums.retain(|_, c| !c.is_zero());
        Self { terms: sums.into_iter().map(|((_, index), c)| (index, c)).collect() }
    }

    /// One derivative.
    pub fn derivative(index: MultiIndex) -> Self {
        Self { terms: vec![(index, Rational::one())] }
    }

    /// The derivatives that it is made of and their coefficients, by order, then by index.
    pub fn terms(&self) -> &[(MultiIndex, Rational)] {
        &self.terms
    }

    /// Whether it has no terms.
    pub fn is_zero(&self) -> bool {
        self.terms.is_empty()
    }

    /// The derivative that it is, if it is a single one.
    pub fn as_derivative(&self) -> Option<&MultiIndex> {
        match self.terms.as_slice() {
            [(index, one)] if one.is_one() => Some(index),
            _ => None,
        }
    }

    /// Its highest order.
    pub fn order(&self) -> usize {
        self.terms.last().map_or(0, |(index, _)| index.order())
    }

    /// Composed with `times` derivatives along `axis`.
    #[must_use]
    pub(super) fn raised(&self, axis: usize, times: u8) -> Self {
        Self::new(self.terms.iter().map(|(index, c)| (index.raised(axis, times), c.clone())))
    }

    /// The derivative of its symbol `Σ c_α ξ^α` in `ξ_axis`: what the product rule puts on the other factor of ∂_axis.
    fn lowered(&self, axis: usize) -> Self {
        let lower = |(index, c): &(MultiIndex, Rational)| {
            let times = Rational::from_integer(index.along(axis).into());
            Some((index.lowered(axis)?, c * times))
        };
        Self::new(self.terms.iter().filter_map(lower))
    }

    fn axes(&self) -> BTreeSet<usize> {
        self.terms.iter().flat_map(|(index, _)| index.axes()).collect()
    }

    fn coefficient(&self, index: &MultiIndex) -> Option<&Rational> {
        let place = self.terms.binary_search_by(|(own, _)| rank_of(own).cmp(&rank_of(index))).ok()?;
        Some(&self.terms[place].1)
    }

    /// `self - factor·other`
    fn minus(&self, factor: &Rational, other: &Self) -> Self {
        let others = other.terms.iter().map(|(index, c)| (index.clone(), -(c * factor)));
        Self::new(self.terms.iter().cloned().chain(others))
    }
}

fn rank(index: &MultiIndex) -> (usize, MultiIndex) {
    (index.order(), index.clone())
}

fn rank_of(index: &MultiIndex) -> (usize, &MultiIndex) {
    (index.order(), index)
}

/// A space of operators by its reduced basis: each has a *leading* derivative, its first, with coefficient 1, which no
/// other contains.
#[derive(Clone, Debug, Default)]
pub struct Span {
    /// By leading derivative.
    basis: BTreeMap<(usize, MultiIndex), Operator>,
}

impl Span {
    /// The space of these operators.
    pub fn of(operators: impl IntoIterator<Item = Operator>) -> Self {
        let mut span = Self::default();
        operators.into_iter().for_each(|operator| _ = span.insert(operator));
        span
    }

    /// Makes the space larger by an operator; gives what of it is new.
    pub fn insert(&mut self, operator: Operator) -> Option<Operator> {
        let leading = operator.terms.iter().filter_map(|(index, c)| Some((self.basis.get(&rank(index))?, c)));
        let rest = leading.fold(operator.clone(), |rest, (known, c)| rest.minus(c, known));
        let (index, first) = rest.terms.first()?.clone();
        let new = Operator { terms: rest.terms.iter().map(|(i, c)| (i.clone(), c / &first)).collect() };
        for known in self.basis.values_mut() {
            if let Some(c) = known.coefficient(&index).cloned() {
                *known = known.minus(&c, &new);
            }
        }
        self.basis.insert(rank(&index), new.clone());
        Some(new)
    }

    /// The smallest space around it that has the value and whatever the product rule makes of its operators: with the
    /// symbol of each all derivatives of it.
    #[must_use]
    pub(super) fn closed(self) -> Self {
        let mut closed = Self::of([Operator::derivative(MultiIndex::zero())]);
        let mut open: Vec<Operator> = self.basis.into_values().collect();
        while let Some(operator) = open.pop() {
            if let Some(new) = closed.insert(operator) {
                open.extend(new.axes().into_iter().map(|axis| new.lowered(axis)));
            }
        }
        closed
    }

    /// The basis, by leading derivative.
    pub fn into_basis(self) -> Vec<Operator> {
        self.basis.into_values().collect()
    }
}
