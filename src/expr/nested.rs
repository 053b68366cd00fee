//! Sums inside sums.
//!
//! The normal form flattens sums, so that `r + u*u_x` no longer shows the residual `r` that it contains. Where `r` is
//! computed anyway, whoever computes the sum starts from it: this is the inverse of the flattening, for code and costs.

use num_traits::{One, Signed, Zero};
use rustc_hash::FxHashMap;

use super::{Expr, Graph, Node, Rational};

/// A sum as a multiple of another sum and what is left.
#[derive(Clone, Debug, PartialEq)]
pub struct NestedSum {
    /// The other sum.
    pub inner: Expr,
    /// How many of it.
    pub scale: Rational,
    /// What is left: a number,
    pub constant: Rational,
    /// and terms with their coefficients.
    pub terms: Vec<(Expr, Rational)>,
}

impl Graph {
    /// For each sum that contains a multiple of another one, the one that leaves the least to add, if that saves an operation.
    ///
    /// Sums are compared by their number of terms, their cost and their structure, so that no sum contains itself on the
    /// way, and nothing depends on the order in which the graph was built.
    pub fn nested_sums(&self, roots: &[Expr]) -> FxHashMap<Expr, NestedSum> {
        let sum = |expr| match self.node(expr) {
            Node::Sum { constant, terms } => Some((expr, constant, terms.as_slice())),
            _ => None,
        };
        let mut sums: Vec<_> = self.reachable(roots).into_iter().filter_map(sum).collect();
        sums.sort_by_key(|(sum, constant, terms)| (terms.len(), self.operations(terms, constant), self.key(*sum)));
        let mut containing: FxHashMap<Expr, Vec<usize>> = FxHashMap::default();
        let mut found = FxHashMap::default();
        for (number, &(sum, constant, terms)) in sums.iter().enumerate() {
            let mut shared: FxHashMap<usize, usize> = FxHashMap::default();
            for (term, _) in terms {
                containing.get(term).into_iter().flatten().for_each(|other| *shared.entry(*other).or_default() += 1);
            }
            let whole = |(other, count): (usize, usize)| (count == sums[other].2.len()).then_some(other);
            let candidates = shared.into_iter().filter_map(whole).flat_map(|other| {
                let (inner, inner_constant, inner_terms) = sums[other];
                scales(terms, inner_terms).into_iter().enumerate().map(move |(rank, scale)| {
                    let terms = rest(terms, inner_terms, &scale);
                    let constant = constant - inner_constant * &scale;
                    let cost = self.operations(&terms, &constant) + usize::from(!scale.abs().is_one());
                    ((cost, other, rank), NestedSum { inner, scale, constant, terms })
                })
            });
            let plain = self.operations(terms, constant) - 1;
            let best = candidates.filter(|((cost, ..), _)| *cost < plain).min_by_key(|(order, _)| *order);
            found.extend(best.map(|(_, nested)| (sum, nested)));
            for (term, _) in terms {
                containing.entry(*term).or_default().push(number);
            }
        }
        found
    }

    /// Operations that it takes to add the terms and the number to something.
    fn operations(&self, terms: &[(Expr, Rational)], constant: &Rational) -> usize {
        let of = |(term, coefficient): &(Expr, Rational)| {
            let is_scaled_product = !coefficient.abs().is_one() && matches!(self.node(*term), Node::Product(_));
            1 + usize::from(is_scaled_product)
        };
        terms.iter().map(of).sum::<usize>() + usize::from(!constant.is_zero())
    }
}

/// The different ratios of coefficients to those of the inner sum, whose terms are among the others.
fn scales(terms: &[(Expr, Rational)], inner: &[(Expr, Rational)]) -> Vec<Rational> {
    let outer: FxHashMap<Expr, &Rational> = terms.iter().map(|(term, coefficient)| (*term, coefficient)).collect();
    let mut scales: Vec<Rational> = Vec::new();
    for (term, coefficient) in inner {
        let scale = outer[term] / coefficient;
        if !scales.contains(&scale) {
            scales.push(scale);
        }
    }
    scales
}

/// The terms without so many of the inner sum.
fn rest(terms: &[(Expr, Rational)], inner: &[(Expr, Rational)], scale: &Rational) -> Vec<(Expr, Rational)> {
    let inner: FxHashMap<Expr, &Rational> = inner.iter().map(|(term, coefficient)| (*term, coefficient)).collect();
    let left = terms.iter().map(|(term, coefficient)| match inner.get(term) {
        Some(taken) => (*term, coefficient - *taken * scale),
        None => (*term, coefficient.clone()),
    });
    left.filter(|(_, coefficient)| !coefficient.is_zero()).collect()
}
