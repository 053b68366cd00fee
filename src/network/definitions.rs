//! Names for formulas, so that each is computed once.
//!
//! The normal form multiplies out: a product of `1 - t^2` with `t`, times z, is one product of three factors, and every
//! channel would form it anew. A name, a slot that no input has, keeps a formula together.

use num_traits::{One, Zero};

use crate::expr::{Expr, Graph, Node, Rational, Symbol};

/// Longer sums are added up in pieces of this length, which do not wait for each other.
const PIECE: usize = 16;

/// Formulas with names; each may contain those before it.
#[derive(Clone, Debug, Default)]
pub struct Definitions {
    next: usize,
    list: Vec<(Symbol, Expr)>,
}

impl Definitions {
    /// Names are slots from this one on.
    pub(super) fn from_slot(first: usize) -> Self {
        Self { next: first, list: Vec::new() }
    }

    /// The names and what they stand for, in order.
    pub fn list(&self) -> &[(Symbol, Expr)] {
        &self.list
    }

    /// A name for a formula; atoms, numbers and their opposites stay as they are.
    pub(super) fn named(&mut self, graph: &mut Graph, formula: Expr) -> Expr {
        match graph.node(formula) {
            Node::Rational(_) | Node::Symbol(_) => return formula,
            Node::Sum { constant, terms } if constant.is_zero() => {
                if let [(term, factor)] = terms.as_slice()
                    && (-factor).is_one()
                {
                    let term = *term;
                    let name = self.named(graph, term);
                    return graph.neg(name);
                }
            }
            _ => {}
        }
        if let Some((symbol, _)) = self.list.iter().find(|(_, known)| *known == formula) {
            return graph.symbol(symbol.clone());
        }
        // A slot is interned after what it stands for, so that the order of handles stays one of computation.
        let symbol = Symbol::Slot(self.next as u32);
        self.next += 1;
        self.list.push((symbol.clone(), formula));
        graph.symbol(symbol)
    }

    /// `Σ factor a b`
    pub(super) fn sum_of_products(
        &mut self,
        graph: &mut Graph,
        terms: impl IntoIterator<Item = (Expr, Expr, Rational)>,
    ) -> Expr {
        let terms: Vec<(Expr, Rational)> = terms.into_iter().map(|(a, b, factor)| (graph.mul(a, b), factor)).collect();
        let sum = graph.linear(Rational::zero(), terms);
        let Node::Sum { constant, terms } = graph.node(sum).clone() else { return sum };
        if terms.len() <= 2 * PIECE {
            return sum;
        }
        let pieces: Vec<(Expr, Rational)> = terms
            .chunks(PIECE)
            .map(|piece| {
                let piece = graph.linear(Rational::zero(), piece.to_vec());
                (self.named(graph, piece), Rational::one())
            })
            .collect();
        graph.linear(constant, pieces)
    }

    /// A formula without names.
    #[cfg(test)]
    pub(super) fn expanded(&self, graph: &mut Graph, formula: Expr) -> Expr {
        let inserted = |graph: &mut Graph, formula, (name, meaning): &(Symbol, Expr)| {
            graph.substitute(formula, |_, symbol| (symbol == name).then_some(*meaning))
        };
        self.list.iter().rev().fold(formula, |formula, definition| inserted(graph, formula, definition))
    }
}
