//! Which sums to compute with the opposite sign.
//!
//! The normal form writes `(1 - t^2)*a` as `-(t^2 - 1)*a`. Inside a sum that sign is free, but where the product itself
//! is needed it costs an operation each time. The sum takes it for nothing: `1 - t^2` is one operation as well.

use num_traits::{One, Signed, Zero};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::expr::{Exponent, Expr, Graph, Node, Rational};

/// The sums of which the opposite is computed; they occur only as factors of products, to powers that are whole.
pub(super) fn reversed(graph: &Graph, order: &[Expr], roots: &[Expr]) -> FxHashSet<Expr> {
    let mut uses = Uses::default();
    roots.iter().for_each(|root| uses.of_value(*root));
    for &expr in order {
        match graph.node(expr) {
            Node::Sum { constant, terms } => uses.by_sum(constant, terms),
            Node::Product(factors) => {
                let rigid = factors.iter().filter(|(_, e)| !is_flexible(*e));
                rigid.for_each(|(base, _)| uses.of_value(*base));
            }
            node => node.for_each_operand(|operand| uses.of_value(operand)),
        }
    }
    let mut balance: FxHashMap<Expr, i64> = FxHashMap::default();
    for product in order {
        let (Node::Product(factors), Some(opposites)) = (graph.node(*product), uses.opposites.get(product)) else {
            continue;
        };
        let turns = |(base, exponent): &&(Expr, Exponent)| exponent.is_one() && can_turn(graph, *base);
        if let Some((base, _)) = factors.iter().find(turns) {
            *balance.entry(*base).or_default() += opposites;
        }
    }
    let is_reversed = |sum: &Expr| balance.get(sum).is_some_and(|b| *b > 0) && !uses.values.contains(sum);
    order.iter().copied().filter(is_reversed).collect()
}

/// Whether the opposite of a formula is a sum that costs no more.
fn can_turn(graph: &Graph, expr: Expr) -> bool {
    match graph.node(expr) {
        Node::Sum { constant, terms } => !constant.is_zero() || terms.iter().any(|(_, c)| !c.is_one()),
        _ => false,
    }
}

/// Whether the sign of a base can be pulled out of its power.
fn is_flexible(exponent: Exponent) -> bool {
    exponent.is_one() || exponent.is_integer() && exponent.is_positive() && exponent.numer() % 2 == 0
}

/// How formulas are used.
#[derive(Default)]
struct Uses {
    /// How much more often the opposite of a formula is needed than the formula.
    opposites: FxHashMap<Expr, i64>,
    /// Formulas that are needed as they are.
    values: FxHashSet<Expr>,
}

impl Uses {
    fn of_value(&mut self, expr: Expr) {
        self.values.insert(expr);
        *self.opposites.entry(expr).or_default() -= 1;
    }

    fn by_sum(&mut self, constant: &Rational, terms: &[(Expr, Rational)]) {
        // In a longer sum a sign is free, and any other factor takes the sign up.
        if let ([(term, coefficient)], true) = (terms, constant.is_zero())
            && (-coefficient).is_one()
        {
            *self.opposites.entry(*term).or_default() += 1;
        }
    }
}
