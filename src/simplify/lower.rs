//! From the graph to single operations and back.
//!
//! Sums and products become chains of additions and multiplications, powers become squarings, and everything that is the
//! same operation on the same operands is one [`Term`]. A sum that contains another one starts from it. A reciprocal that
//! several products divide by is computed once;
//! what only one product divides by is collected below one reciprocal. Everything is visited in the order of the normal
//! form, so that the result does not depend on the order in which the graph was built.

use egg::Id;
use num_traits::{One, Signed, Zero};
use rustc_hash::FxHashMap;

use super::language::Term;
use crate::expr::{Exponent, Expr, Function, Graph, NestedSum, Node, Rational, Symbol};

/// Operations in an order in which operands come first; equal operations occur once.
#[derive(Clone, Debug, Default)]
pub(super) struct Operations {
    pub(super) terms: Vec<Term>,
    pub(super) roots: Vec<Id>,
    numbers: FxHashMap<Term, Id>,
}

impl Operations {
    pub(super) fn add(&mut self, term: Term) -> Id {
        let next = Id::from(self.terms.len());
        let id = *self.numbers.entry(term).or_insert_with_key(|term| {
            self.terms.push(term.clone());
            next
        });
        debug_assert!(id <= next);
        id
    }

    fn number(&mut self, value: &Rational) -> Id {
        self.add(Term::Number(value.clone()))
    }

    fn multiply(&mut self, a: Id, b: Id) -> Id {
        self.add(Term::Multiply([a, b]))
    }

    fn product(&mut self, factors: impl IntoIterator<Item = Id>) -> Option<Id> {
        factors.into_iter().reduce(|product, factor| self.multiply(product, factor))
    }

    /// `base^n` by square and multiply, n positive.
    fn whole_power(&mut self, base: Id, n: u64) -> Id {
        if n <= 1 {
            return base;
        }
        if n.is_multiple_of(2) {
            let half = self.whole_power(base, n / 2);
            return self.multiply(half, half);
        }
        let less = self.whole_power(base, n - 1);
        self.multiply(base, less)
    }
}

/// How a base is divided by in all products together.
#[derive(Clone, Copy, Default)]
struct Divisor {
    products: usize,
    by_root: bool,
}

struct Lowering<'a> {
    graph: &'a Graph,
    operations: Operations,
    images: FxHashMap<Expr, Id>,
    divisors: FxHashMap<Expr, Divisor>,
    nested: FxHashMap<Expr, NestedSum>,
    atoms: FxHashMap<&'a Symbol, u32>,
}

/// The operations that compute the roots, and the atoms in the order of their numbers.
pub(super) fn lower(graph: &Graph, roots: &[Expr]) -> (Operations, Vec<Symbol>) {
    let atoms = graph.symbols(roots);
    let numbered = atoms.iter().enumerate().map(|(i, symbol)| (symbol, i as u32)).collect();
    let mut lowering = Lowering {
        graph,
        operations: Operations::default(),
        images: FxHashMap::default(),
        divisors: divisors(graph, roots),
        nested: graph.nested_sums(roots),
        atoms: numbered,
    };
    for expr in graph.walk(roots, |expr| lowering.nested.get(&expr).map(|nested| nested.inner)) {
        let image = lowering.node(expr);
        lowering.images.insert(expr, image);
    }
    let mut operations = lowering.operations;
    operations.roots = roots.iter().map(|root| lowering.images[root]).collect();
    (operations, atoms)
}

fn divisors(graph: &Graph, roots: &[Expr]) -> FxHashMap<Expr, Divisor> {
    let mut divisors: FxHashMap<Expr, Divisor> = FxHashMap::default();
    for expr in graph.reachable(roots) {
        if let Node::Product(factors) = graph.node(expr) {
            for (base, exponent) in factors.iter().filter(|(_, e)| e.is_negative()) {
                let divisor = divisors.entry(*base).or_default();
                divisor.products += 1;
                divisor.by_root |= *exponent.denom() == 2;
            }
        }
    }
    divisors
}

impl Lowering<'_> {
    fn node(&mut self, expr: Expr) -> Id {
        let graph = self.graph;
        let at = |this: &Self, e: &Expr| this.images[e];
        let term = match graph.node(expr) {
            Node::Rational(value) => Term::Number(value.clone()),
            Node::Pi => Term::Pi,
            Node::Euler => Term::Euler,
            Node::Symbol(symbol) => Term::Atom(self.atoms[symbol]),
            Node::Sum { constant, terms } => {
                let Some(nested) = self.nested.get(&expr).cloned() else { return self.sum(None, constant, terms) };
                return self.sum(Some((nested.inner, nested.scale)), &nested.constant, &nested.terms);
            }
            Node::Product(factors) => return self.product(factors),
            Node::Power(base, exponent) => Term::Power([at(self, base), at(self, exponent)]),
            Node::Call(function @ (Function::Min | Function::Max), arguments) => {
                Term::Extremum(*function, [at(self, &arguments[0]), at(self, &arguments[1])])
            }
            Node::Call(function, arguments) => Term::Call(*function, at(self, &arguments[0])),
            Node::Compare(relation, a, b) => Term::Compare(*relation, [at(self, a), at(self, b)]),
            Node::Select(c, a, b) => Term::Select([at(self, c), at(self, a), at(self, b)]),
        };
        self.operations.add(term)
    }

    /// Plain terms (and an inner sum) first, so that each product after them fuses with its addition; squares of functions
    /// of one argument stand side by side, where identities find them.
    fn sum(&mut self, inner: Option<(Expr, Rational)>, constant: &Rational, terms: &[(Expr, Rational)]) -> Id {
        let mut operands: Vec<(u8, usize, Id)> = Vec::with_capacity(terms.len() + 2);
        for (term, coefficient) in inner.iter().chain(terms) {
            let mut id = self.images[term];
            let mut rank = if matches!(self.operations.terms[usize::from(id)], Term::Multiply(_)) { 2 } else { 0 };
            if !coefficient.is_one() {
                if !(-coefficient).is_one() {
                    rank = 2;
                }
                let coefficient = self.operations.number(coefficient);
                id = self.operations.multiply(coefficient, id);
            }
            let argument = self.squared_call(*term).map_or(usize::MAX, usize::from);
            operands.push((rank, argument, id));
        }
        if !constant.is_zero() {
            operands.push((1, 0, self.operations.number(constant)));
        }
        operands.sort_by_key(|&(rank, argument, _)| (rank, argument));
        let sum = operands.into_iter().map(|(_, _, id)| id).reduce(|sum, id| self.operations.add(Term::Add([sum, id])));
        sum.unwrap_or_else(|| self.operations.number(constant))
    }

    /// The argument x where the term is `f(x)^2`.
    fn squared_call(&self, term: Expr) -> Option<Id> {
        let Node::Product(factors) = self.graph.node(term) else { return None };
        let [(base, exponent)] = factors.as_slice() else { return None };
        match self.graph.node(*base) {
            Node::Call(_, arguments) if *exponent == Exponent::from_integer(2) => Some(self.images[&arguments[0]]),
            _ => None,
        }
    }

    fn product(&mut self, factors: &[(Expr, Exponent)]) -> Id {
        let (mut above, mut below) = (Vec::new(), Vec::new());
        for (base, exponent) in factors {
            let image = self.images[base];
            let divisor = self.divisors.get(base).copied().unwrap_or_default();
            if exponent.is_positive() {
                above.push(self.power(image, *exponent));
            } else if *exponent.denom() > 2 || divisor.products > 1 {
                above.push(self.shared_inverse(image, *exponent, divisor));
            } else {
                below.push(self.power(image, -*exponent));
            }
        }
        // Roots beside roots and functions beside functions, where rules find them.
        above.sort_by_key(|id| match self.operations.terms[usize::from(*id)] {
            Term::Sqrt(_) => (1, None),
            Term::Call(function, _) => (2, Some(function)),
            _ => (0, None),
        });
        if let Some(denominator) = self.operations.product(below) {
            above.push(self.operations.add(Term::Recip(denominator)));
        }
        self.operations.product(above).unwrap_or_else(|| self.operations.add(Term::integer(1)))
    }

    fn power(&mut self, base: Id, exponent: Exponent) -> Id {
        let (numerator, denominator) = (exponent.numer().unsigned_abs(), *exponent.denom());
        match denominator {
            1 => self.operations.whole_power(base, numerator),
            2 => {
                let root = self.operations.add(Term::Sqrt(base));
                if numerator == 1 {
                    return root;
                }
                let whole = self.operations.whole_power(base, numerator / 2);
                self.operations.multiply(whole, root)
            }
            _ => {
                let value = Rational::new((*exponent.numer()).into(), denominator.into());
                let exponent = self.operations.number(&value);
                self.operations.add(Term::Power([base, exponent]))
            }
        }
    }

    /// `base^exponent`, negative, as a power of one reciprocal for all products.
    fn shared_inverse(&mut self, base: Id, exponent: Exponent, divisor: Divisor) -> Id {
        if *exponent.denom() > 2 {
            return self.power(base, exponent);
        }
        let halves = exponent.numer().unsigned_abs() * if *exponent.denom() == 1 { 2 } else { 1 };
        if divisor.by_root {
            let root = self.operations.add(Term::Sqrt(base));
            let inverse = self.operations.add(Term::Recip(root));
            return self.operations.whole_power(inverse, halves);
        }
        let inverse = self.operations.add(Term::Recip(base));
        self.operations.whole_power(inverse, halves / 2)
    }
}

/// Puts operations back into the graph, in normal form.
pub(super) fn raise(graph: &mut Graph, operations: &Operations, atoms: &[Symbol]) -> Vec<Expr> {
    let mut images: Vec<Expr> = Vec::with_capacity(operations.terms.len());
    for term in &operations.terms {
        let at = |id: &Id| images[usize::from(*id)];
        let image = match term {
            Term::Number(value) => graph.rational(value.clone()),
            Term::Pi => graph.pi(),
            Term::Euler => graph.euler(),
            Term::Atom(atom) => graph.symbol(atoms[*atom as usize].clone()),
            Term::Add([a, b]) => graph.add(at(a), at(b)),
            Term::Multiply([a, b]) => graph.mul(at(a), at(b)),
            Term::Recip(a) => graph.powi(at(a), -1),
            Term::Sqrt(a) => graph.sqrt(at(a)),
            Term::Power([a, b]) => graph.pow(at(a), at(b)),
            Term::Call(function, a) => graph.call(*function, &[at(a)]),
            Term::Extremum(function, [a, b]) => graph.call(*function, &[at(a), at(b)]),
            Term::Compare(relation, [a, b]) => graph.compare(*relation, at(a), at(b)),
            Term::Select([c, a, b]) => graph.select(at(c), at(a), at(b)),
        };
        images.push(image);
    }
    operations.roots.iter().map(|root| images[usize::from(*root)]).collect()
}
