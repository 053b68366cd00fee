//! Other spellings of sums, made on the n-ary form, for the e-graph to choose from.
//!
//! Without general associativity the rules see neighbours only. Here each sum is taken apart as a whole: the factor that
//! most terms share moves out, and again in what is left (a multivariate Horner scheme); and products of sums are
//! multiplied out where little stands to grow.

use num_traits::{One, Signed, Zero};
use rustc_hash::FxHashMap;

use crate::expr::{Exponent, Expr, Graph, Node, Rational};

/// Sums with more terms than this keep their spelling.
const MOST_TERMS: usize = 64;

/// Pairs of equal formulas: the sums that the roots contain and other spellings of them.
pub(super) fn spellings_of_sums(graph: &mut Graph, roots: &[Expr]) -> Vec<(Expr, Expr)> {
    let mut pairs = Vec::new();
    for expr in graph.walk(roots, |_| None) {
        let Node::Sum { terms, .. } = graph.node(expr) else { continue };
        if terms.len() < 2 || is_long(graph, expr) {
            continue;
        }
        let factored = factored(graph, expr);
        let expanded = expanded(graph, expr).unwrap_or(expr);
        let both = self::factored(graph, expanded);
        for other in [factored, expanded, both] {
            if other != expr && !pairs.contains(&(expr, other)) {
                pairs.push((expr, other));
            }
        }
    }
    pairs
}

/// The roots multiplied out, and those with common factors moved out. Spellings of the same polynomial have these in common.
pub(super) fn respelled(graph: &mut Graph, roots: &[Expr]) -> [Vec<Expr>; 2] {
    let expanded = rebuilt(graph, roots, multiplied_out);
    let factored = rebuilt(graph, &expanded, moved_out);
    [expanded, factored]
}

/// The roots with everything in them spelled anew, operands first.
fn rebuilt(graph: &mut Graph, roots: &[Expr], spell: fn(&mut Graph, Expr) -> Expr) -> Vec<Expr> {
    let mut images: FxHashMap<Expr, Expr> = FxHashMap::default();
    for expr in graph.walk(roots, |_| None) {
        let node = graph.node(expr).clone();
        let image = graph.rebuild(expr, &node, &images);
        let image = spell(graph, image);
        images.insert(expr, image);
    }
    roots.iter().map(|root| images[root]).collect()
}

fn multiplied_out(graph: &mut Graph, expr: Expr) -> Expr {
    if is_long(graph, expr) {
        return expr;
    }
    let product = expanded_product(graph, expr).flatten();
    product.or_else(|| expanded(graph, expr)).unwrap_or(expr)
}

fn moved_out(graph: &mut Graph, expr: Expr) -> Expr {
    if is_long(graph, expr) { expr } else { factored(graph, expr) }
}

/// Whether it is a sum that keeps its spelling.
fn is_long(graph: &Graph, expr: Expr) -> bool {
    matches!(graph.node(expr), Node::Sum { terms, .. } if terms.len() > MOST_TERMS)
}

/// Factors moved out of one another. The normal form may put into a term what was divided out of it (a base with a number
/// as content), so that there need not be an end.
const DEEPEST: usize = 32;

/// The sum with common factors moved out, the most frequent first.
fn factored(graph: &mut Graph, sum: Expr) -> Expr {
    factored_to(graph, sum, DEEPEST)
}

fn factored_to(graph: &mut Graph, sum: Expr, depth: usize) -> Expr {
    if depth == 0 {
        return sum;
    }
    let Node::Sum { constant, terms } = graph.node(sum).clone() else { return sum };
    let Some((base, positive)) = most_shared_factor(graph, &terms) else { return sum };
    let shares = |graph: &Graph, term: Expr| exponent_in(graph, term, base).filter(|e| e.is_positive() == positive);
    let exponents = terms.iter().filter_map(|(t, _)| shares(graph, *t));
    let common = if positive { exponents.min() } else { exponents.max() };
    let Some(common) = common else { return sum };
    let (mut inside, mut outside) = (Vec::new(), Vec::new());
    for (term, coefficient) in terms {
        if shares(graph, term).is_some() {
            inside.push((graph.product([(term, Exponent::one()), (base, -common)]), coefficient));
        } else {
            outside.push((term, coefficient));
        }
    }
    let inside = graph.linear(Rational::zero(), inside);
    let inside = factored_to(graph, inside, depth - 1);
    let product = graph.product([(inside, Exponent::one()), (base, common)]);
    let outside = graph.linear(constant, outside);
    let outside = factored_to(graph, outside, depth - 1);
    graph.add(outside, product)
}

/// The base that at least two terms share as a factor, with the sign of its exponent; of equally frequent ones the first
/// in the order of the normal form.
fn most_shared_factor(graph: &Graph, terms: &[(Expr, Rational)]) -> Option<(Expr, bool)> {
    let mut counts: Vec<((Expr, bool), usize)> = Vec::new();
    let mut places: FxHashMap<(Expr, bool), usize> = FxHashMap::default();
    let mut count = |factor| {
        let place = *places.entry(factor).or_insert_with(|| {
            counts.push((factor, 0));
            counts.len() - 1
        });
        counts[place].1 += 1;
    };
    for (term, _) in terms {
        match graph.node(*term) {
            Node::Product(factors) => factors.iter().for_each(|(b, e)| count((*b, e.is_positive()))),
            _ => count((*term, true)),
        }
    }
    let most = counts.iter().map(|(_, n)| *n).max().filter(|n| *n > 1)?;
    counts.iter().find(|(_, n)| *n == most).map(|(factor, _)| *factor)
}

fn exponent_in(graph: &Graph, term: Expr, base: Expr) -> Option<Exponent> {
    if term == base {
        return Some(Exponent::one());
    }
    match graph.node(term) {
        Node::Product(factors) => factors.iter().find(|(b, _)| *b == base).map(|(_, e)| *e),
        _ => None,
    }
}

/// The sum with its products of sums multiplied out; `None` if it has none or would have too many terms.
fn expanded(graph: &mut Graph, sum: Expr) -> Option<Expr> {
    let Node::Sum { constant, terms } = graph.node(sum).clone() else { return None };
    let mut parts = Vec::new();
    let mut any = false;
    for (term, coefficient) in terms {
        match expanded_product(graph, term) {
            Some(expanded) => {
                any = true;
                parts.push((expanded?, coefficient));
            }
            None => parts.push((term, coefficient)),
        }
    }
    any.then(|| graph.linear(constant, parts))
}

/// A product multiplied out: `None` if there is nothing to multiply out, `Some(None)` if it would grow too long.
fn expanded_product(graph: &mut Graph, product: Expr) -> Option<Option<Expr>> {
    let Node::Product(factors) = graph.node(product).clone() else { return None };
    let is_sum = |graph: &Graph, base: Expr| matches!(graph.node(base), Node::Sum { .. });
    let (sums, others): (Vec<_>, Vec<_>) =
        factors.into_iter().partition(|(b, e)| e.is_integer() && e.is_positive() && is_sum(graph, *b));
    if sums.is_empty() {
        return None;
    }
    let mut terms = vec![(graph.product(others), Rational::one())];
    for (base, exponent) in sums {
        let Node::Sum { constant, terms: summands } = graph.node(base).clone() else { continue };
        for _ in 0..*exponent.numer() {
            if terms.len() * (summands.len() + 1) > MOST_TERMS {
                return Some(None);
            }
            let mut next = Vec::new();
            for (term, coefficient) in &terms {
                for (summand, factor) in &summands {
                    next.push((graph.mul(*term, *summand), coefficient * factor));
                }
                if !constant.is_zero() {
                    next.push((*term, coefficient * &constant));
                }
            }
            terms = next;
        }
    }
    Some(Some(graph.linear(Rational::zero(), terms)))
}
