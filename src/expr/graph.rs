//! The arena of interned nodes.

use num_rational::{BigRational, Ratio};
use num_traits::{One, Zero};
use rustc_hash::FxHashMap;

use super::function::{Function, Relation};
use super::jet::{Jet, MultiIndex, Symbol};

/// An exact constant.
pub type Rational = BigRational;

/// An exact exponent.
pub type Exponent = Ratio<i64>;

/// A formula: a handle into its [`Graph`]. Equal handles are equal formulas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Expr(pub(super) u32);

impl Expr {
    /// The position of the node in its graph; operands always stand before what uses them.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a formula is, in [normal form](super::normal).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the variants say what their fields are")]
pub enum Node {
    /// An exact number.
    Rational(Rational),
    /// The circle constant.
    Pi,
    /// Euler's number.
    Euler,
    /// A coordinate, a normal or a jet variable.
    Symbol(Symbol),
    /// `constant + Σ coefficient·term`: terms are sorted, distinct, neither sums nor numbers; coefficients are not 0.
    Sum { constant: Rational, terms: Vec<(Expr, Rational)> },
    /// `Π base^exponent`: bases are sorted and distinct; exponents are not 0; a rational coefficient is never a factor
    /// (it stands in the sum around the product).
    Product(Vec<(Expr, Exponent)>),
    /// `base^exponent` where the exponent is not a rational number.
    Power(Expr, Expr),
    /// A function of the language.
    Call(Function, Vec<Expr>),
    /// 1 where the relation holds, else 0.
    Compare(Relation, Expr, Expr),
    /// The second where the first is not 0, else the third.
    Select(Expr, Expr, Expr),
}

impl Node {
    /// Calls `f` with each operand.
    pub fn for_each_operand(&self, mut f: impl FnMut(Expr)) {
        match self {
            Node::Rational(_) | Node::Pi | Node::Euler | Node::Symbol(_) => {}
            Node::Sum { terms, .. } => terms.iter().for_each(|(t, _)| f(*t)),
            Node::Product(factors) => factors.iter().for_each(|(b, _)| f(*b)),
            Node::Power(a, b) | Node::Compare(_, a, b) => [*a, *b].into_iter().for_each(f),
            Node::Call(_, arguments) => arguments.iter().copied().for_each(f),
            Node::Select(a, b, c) => [*a, *b, *c].into_iter().for_each(f),
        }
    }
}

/// Owns the nodes of formulas.
///
/// A graph may hold at most [`Graph::BUDGET`] nodes. Beyond it [`Graph::exhausted`] is true and every constructor
/// returns 0, so that a runaway definition ends quickly; whoever built the formula reports it.
#[derive(Clone, Debug)]
pub struct Graph {
    nodes: Vec<Node>,
    keys: Vec<u128>,
    interned: FxHashMap<Node, Expr>,
    exhausted: bool,
}

impl Default for Graph {
    fn default() -> Self {
        Self::new()
    }
}

impl Graph {
    /// The largest number of nodes.
    pub const BUDGET: usize = 1_000_000;

    /// An empty graph.
    pub fn new() -> Self {
        let mut graph = Self { nodes: Vec::new(), keys: Vec::new(), interned: FxHashMap::default(), exhausted: false };
        graph.intern(Node::Rational(Rational::zero()));
        graph.intern(Node::Rational(Rational::one()));
        graph
    }

    /// The number 0.
    pub const ZERO: Expr = Expr(0);
    /// The number 1.
    pub const ONE: Expr = Expr(1);

    /// The node of a formula.
    pub fn node(&self, expr: Expr) -> &Node {
        &self.nodes[expr.index()]
    }

    /// How many nodes there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// A graph is never empty: 0 and 1 are always there.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// Whether the node budget was exceeded; formulas made since then mean nothing.
    pub fn exhausted(&self) -> bool {
        self.exhausted
    }

    /// An exact number.
    pub fn rational(&mut self, value: Rational) -> Expr {
        self.intern(Node::Rational(value))
    }

    /// A whole number.
    pub fn integer(&mut self, value: i64) -> Expr {
        self.rational(Rational::from_integer(value.into()))
    }

    /// The circle constant.
    pub fn pi(&mut self) -> Expr {
        self.intern(Node::Pi)
    }

    /// Euler's number.
    pub fn euler(&mut self) -> Expr {
        self.intern(Node::Euler)
    }

    /// An atom.
    pub fn symbol(&mut self, symbol: Symbol) -> Expr {
        self.intern(Node::Symbol(symbol))
    }

    /// A coordinate of the point.
    pub fn coordinate(&mut self, axis: usize) -> Expr {
        self.symbol(Symbol::Coordinate(axis as u16))
    }

    /// A component of the outward unit normal.
    pub fn normal(&mut self, axis: usize) -> Expr {
        self.symbol(Symbol::Normal(axis as u16))
    }

    /// A derivative of a field.
    pub fn jet(&mut self, field: usize, index: MultiIndex) -> Expr {
        self.symbol(Symbol::Jet(Jet::new(field, index)))
    }

    /// A numbered input.
    pub fn slot(&mut self, slot: usize) -> Expr {
        self.symbol(Symbol::Slot(slot as u32))
    }

    /// The number that a formula is, if it is one.
    pub fn as_rational(&self, expr: Expr) -> Option<&Rational> {
        match self.node(expr) {
            Node::Rational(value) => Some(value),
            _ => None,
        }
    }

    /// Whether the formula is the number 0.
    pub fn is_zero(&self, expr: Expr) -> bool {
        expr == Self::ZERO
    }

    /// All nodes that the roots are made of, operands first.
    pub fn reachable(&self, roots: &[Expr]) -> Vec<Expr> {
        let mut seen = vec![false; self.nodes.len()];
        let mut stack: Vec<Expr> = roots.to_vec();
        let mut found = Vec::new();
        while let Some(expr) = stack.pop() {
            if !std::mem::replace(&mut seen[expr.index()], true) {
                found.push(expr);
                self.node(expr).for_each_operand(|operand| stack.push(operand));
            }
        }
        // Operands are interned before what uses them, so the order of handles is a topological one.
        found.sort_unstable();
        found
    }

    /// All nodes that the roots are made of, operands first, in an order that structure decides and not the history of the
    /// graph. What `before` names comes before a node as if it were an operand.
    pub fn walk(&self, roots: &[Expr], before: impl Fn(Expr) -> Option<Expr>) -> Vec<Expr> {
        let mut seen = vec![false; self.nodes.len()];
        let mut stack: Vec<(Expr, bool)> = roots.iter().rev().map(|root| (*root, false)).collect();
        let mut found = Vec::new();
        while let Some((expr, operands_done)) = stack.pop() {
            if operands_done {
                found.push(expr);
            } else if !std::mem::replace(&mut seen[expr.index()], true) {
                stack.push((expr, true));
                let first = stack.len();
                self.node(expr).for_each_operand(|operand| stack.push((operand, false)));
                stack.extend(before(expr).map(|other| (other, false)));
                // The last one on the stack is visited first.
                stack[first..].reverse();
            }
        }
        found
    }

    /// The atoms that occur in the roots, sorted.
    pub fn symbols(&self, roots: &[Expr]) -> Vec<Symbol> {
        let mut symbols: Vec<Symbol> = self
            .reachable(roots)
            .into_iter()
            .filter_map(|e| if let Node::Symbol(s) = self.node(e) { Some(s.clone()) } else { None })
            .collect();
        symbols.sort();
        symbols
    }

    /// The jet variables that occur in the roots, sorted.
    pub fn jets(&self, roots: &[Expr]) -> Vec<Jet> {
        let jet = |s| if let Symbol::Jet(jet) = s { Some(jet) } else { None };
        self.symbols(roots).into_iter().filter_map(jet).collect()
    }

    /// The structural sort key: the same for the same formula in any graph.
    pub(super) fn key(&self, expr: Expr) -> (u128, u32) {
        (self.keys[expr.index()], expr.0)
    }

    pub(super) fn intern(&mut self, node: Node) -> Expr {
        if let Some(&expr) = self.interned.get(&node) {
            return expr;
        }
        if self.nodes.len() >= Self::BUDGET {
            self.exhausted = true;
            return Self::ZERO;
        }
        let expr = Expr(self.nodes.len() as u32);
        self.keys.push(self.structural_key(&node));
        self.nodes.push(node.clone());
        self.interned.insert(node, expr);
        expr
    }

    fn structural_key(&self, node: &Node) -> u128 {
        let mut key = StructuralKey::new();
        let rank: u8 = match node {
            Node::Rational(value) => {
                key.rational(value);
                1
            }
            Node::Pi => 2,
            Node::Euler => 3,
            // Symbols are ordered by meaning, so that formulas print as people write them.
            Node::Symbol(symbol) => return symbol_key(symbol),
            Node::Product(factors) => {
                for (base, exponent) in factors {
                    key.word(self.keys[base.index()]);
                    key.word((*exponent.numer() as u64).into());
                    key.word((*exponent.denom() as u64).into());
                }
                5
            }
            Node::Power(base, exponent) => {
                key.word(self.keys[base.index()]);
                key.word(self.keys[exponent.index()]);
                6
            }
            Node::Call(function, arguments) => {
                key.word(*function as u128);
                arguments.iter().for_each(|a| key.word(self.keys[a.index()]));
                7
            }
            Node::Sum { constant, terms } => {
                key.rational(constant);
                for (term, coefficient) in terms {
                    key.word(self.keys[term.index()]);
                    key.rational(coefficient);
                }
                8
            }
            Node::Compare(relation, a, b) => {
                key.word(*relation as u128);
                key.word(self.keys[a.index()]);
                key.word(self.keys[b.index()]);
                9
            }
            Node::Select(a, b, c) => {
                [a, b, c].into_iter().for_each(|e| key.word(self.keys[e.index()]));
                10
            }
        };
        key.finish(rank)
    }
}

fn symbol_key(symbol: &Symbol) -> u128 {
    const RANK: u128 = 4 << 120;
    match symbol {
        Symbol::Slot(slot) => RANK | u128::from(*slot),
        Symbol::Coordinate(axis) => RANK | 1 << 116 | u128::from(*axis),
        Symbol::Normal(axis) => RANK | 2 << 116 | u128::from(*axis),
        Symbol::Jet(jet) => {
            let mut key = StructuralKey::new();
            jet.index.orders().iter().for_each(|&o| key.word(o.into()));
            let order = jet.index.order().min(0xffff) as u128;
            RANK | 3 << 116 | u128::from(jet.field) << 96 | order << 80 | (key.0 >> 48)
        }
    }
}

/// A 128-bit mixing hash of a node's structure.
struct StructuralKey(u128);

impl StructuralKey {
    fn new() -> Self {
        Self(0x243f_6a88_85a3_08d3_1319_8a2e_0370_7344)
    }

    fn word(&mut self, word: u128) {
        const ODD: u128 = 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835;
        self.0 = (self.0 ^ word).wrapping_mul(ODD);
        self.0 ^= self.0 >> 67;
        self.0 = self.0.wrapping_mul(ODD);
        self.0 ^= self.0 >> 61;
    }

    fn rational(&mut self, value: &Rational) {
        for part in [value.numer(), value.denom()] {
            let (sign, digits) = part.to_u64_digits();
            self.word(sign as u128 ^ (digits.len() as u128) << 8);
            digits.into_iter().for_each(|d| self.word(d.into()));
        }
    }

    fn finish(self, rank: u8) -> u128 {
        (self.0 >> 8) | u128::from(rank) << 120
    }
}
