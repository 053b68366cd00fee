//! Derivatives and substitution.

use num_traits::{One, Zero};
use rustc_hash::FxHashMap;

use super::function::{Function, Relation};
use super::graph::{Exponent, Expr, Graph, Node, Rational};
use super::jet::{Jet, Symbol};

impl Graph {
    /// The derivations of `expr` that act on atoms as `on_symbol` says, by the rules of sums, products and chains.
    pub fn derivation(&mut self, expr: Expr, mut on_symbol: impl FnMut(&mut Graph, &Symbol) -> Expr) -> Expr {
        let mut derivatives: FxHashMap<Expr, Expr> = FxHashMap::default();
        for e in self.reachable(&[expr]) {
            let node = self.node(e).clone();
            let derivative = match &node {
                Node::Symbol(symbol) => on_symbol(self, symbol),
                _ => self.chain_rule(e, &node, &derivatives),
            };
            derivatives.insert(e, derivative);
        }
        derivatives[&expr]
    }

    /// The partial derivative with respect to one atom, the others held.
    pub fn derivative(&mut self, expr: Expr, symbol: &Symbol) -> Expr {
        self.derivation(expr, |_, s| if s == symbol { Self::ONE } else { Self::ZERO })
    }

    /// The total derivative along an axis: coordinates and jet variables both move.
    ///
    /// `depends(field)` says whether a field depends on the axis. Normals are constant on each face of a box.
    pub fn total_derivative(&mut self, expr: Expr, axis: usize, depends: impl Fn(usize) -> bool) -> Expr {
        self.derivation(expr, |graph, symbol| match symbol {
            Symbol::Coordinate(a) if usize::from(*a) == axis => Self::ONE,
            Symbol::Jet(Jet { field, index }) if depends(usize::from(*field)) => {
                graph.jet(usize::from(*field), index.raised(axis, 1))
            }
            _ => Self::ZERO,
        })
    }

    /// Replaces atoms: where `replacement` gives a formula, it takes the place of the atom.
    pub fn substitute(&mut self, expr: Expr, mut replacement: impl FnMut(&mut Graph, &Symbol) -> Option<Expr>) -> Expr {
        let mut images: FxHashMap<Expr, Expr> = FxHashMap::default();
        for e in self.reachable(&[expr]) {
            let node = self.node(e).clone();
            let image = match &node {
                Node::Symbol(symbol) => replacement(self, symbol).unwrap_or(e),
                _ => self.rebuild(e, &node, &images),
            };
            images.insert(e, image);
        }
        images[&expr]
    }

    /// The formula of the images of its operands.
    pub(crate) fn rebuild(&mut self, expr: Expr, node: &Node, images: &FxHashMap<Expr, Expr>) -> Expr {
        let at = |e: &Expr| images[e];
        match node {
            Node::Rational(_) | Node::Pi | Node::Euler | Node::Symbol(_) => expr,
            Node::Sum { constant, terms } => {
                let terms: Vec<_> = terms.iter().map(|(t, c)| (at(t), c.clone())).collect();
                self.linear(constant.clone(), terms)
            }
            Node::Product(factors) => {
                let factors: Vec<_> = factors.iter().map(|(b, e)| (at(b), *e)).collect();
                self.product(factors)
            }
            Node::Power(base, exponent) => self.pow(at(base), at(exponent)),
            Node::Call(function, arguments) => {
                let arguments: Vec<_> = arguments.iter().map(at).collect();
                self.call(*function, &arguments)
            }
            Node::Compare(relation, a, b) => self.compare(*relation, at(a), at(b)),
            Node::Select(c, a, b) => self.select(at(c), at(a), at(b)),
        }
    }

    fn chain_rule(&mut self, expr: Expr, node: &Node, derivatives: &FxHashMap<Expr, Expr>) -> Expr {
        let d = |e: &Expr| derivatives[e];
        match node {
            Node::Rational(_) | Node::Pi | Node::Euler | Node::Symbol(_) | Node::Compare(..) => Self::ZERO,
            Node::Sum { terms, .. } => {
                let terms: Vec<_> = terms.iter().map(|(t, c)| (d(t), c.clone())).collect();
                self.linear(Rational::zero(), terms)
            }
            Node::Product(factors) => self.product_rule(factors, derivatives),
            Node::Power(base, exponent) => {
                // (b^e)' = b^e (e' log b + e b'/b)
                let log = self.call(Function::Log, &[*base]);
                let first = self.mul(d(exponent), log);
                let relative = self.div(d(base), *base);
                let second = self.mul(*exponent, relative);
                let factor = self.add(first, second);
                self.mul(expr, factor)
            }
            Node::Call(function @ (Function::Min | Function::Max), arguments) => {
                let (a, b) = (arguments[0], arguments[1]);
                let (low, high) = if *function == Function::Min { (a, b) } else { (b, a) };
                let first = self.compare(Relation::LessEqual, low, high);
                self.select(first, d(&a), d(&b))
            }
            Node::Call(function, arguments) => {
                let inner = d(&arguments[0]);
                if self.is_zero(inner) {
                    return Self::ZERO;
                }
                let outer = self.outer_derivative(*function, arguments[0], expr);
                self.mul(outer, inner)
            }
            Node::Select(condition, a, b) => self.select(*condition, d(a), d(b)),
        }
    }

    fn product_rule(&mut self, factors: &[(Expr, Exponent)], derivatives: &FxHashMap<Expr, Expr>) -> Expr {
        let mut terms = Vec::new();
        for (i, (base, exponent)) in factors.iter().enumerate() {
            let derivative = derivatives[base];
            if self.is_zero(derivative) {
                continue;
            }
            let mut term = vec![(derivative, Exponent::one())];
            term.extend(
                factors.iter().enumerate().map(|(j, (b, e))| (*b, if i == j { *e - Exponent::one() } else { *e })),
            );
            let coefficient = Rational::new((*exponent.numer()).into(), (*exponent.denom()).into());
            terms.push((self.product(term), coefficient));
        }
        self.linear(Rational::zero(), terms)
    }

    /// f'(a), where `value` is f(a).
    fn outer_derivative(&mut self, function: Function, a: Expr, value: Expr) -> Expr {
        let one_minus_square = |graph: &mut Graph, e: Expr| {
            let square = graph.powi(e, 2);
            graph.sub(Self::ONE, square)
        };
        match function {
            Function::Sin => self.call(Function::Cos, &[a]),
            Function::Cos => {
                let sin = self.call(Function::Sin, &[a]);
                self.neg(sin)
            }
            Function::Tan => {
                let square = self.powi(value, 2);
                self.add(Self::ONE, square)
            }
            Function::Asin | Function::Acos => {
                let inside = one_minus_square(self, a);
                let slope = self.product([(inside, Exponent::new(-1, 2))]);
                if function == Function::Asin { slope } else { self.neg(slope) }
            }
            Function::Atan => {
                let square = self.powi(a, 2);
                let inside = self.add(Self::ONE, square);
                self.powi(inside, -1)
            }
            Function::Sinh => self.call(Function::Cosh, &[a]),
            Function::Cosh => self.call(Function::Sinh, &[a]),
            Function::Tanh => one_minus_square(self, value),
            Function::Sech => {
                let tanh = self.call(Function::Tanh, &[a]);
                let slope = self.mul(tanh, value);
                self.neg(slope)
            }
            Function::Exp => value,
            Function::Log => self.powi(a, -1),
            Function::Erf => {
                let square = self.powi(a, 2);
                let negative = self.neg(square);
                let gauss = self.call(Function::Exp, &[negative]);
                let pi = self.pi();
                let slope = self.product([(gauss, Exponent::one()), (pi, Exponent::new(-1, 2))]);
                self.scale(Rational::from_integer(2.into()), slope)
            }
            Function::Abs => self.call(Function::Sign, &[a]),
            Function::Sign | Function::Step => Self::ZERO,
            Function::Min | Function::Max => unreachable!("functions of two arguments have a rule of their own"),
        }
    }
}
