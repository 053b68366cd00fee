//! Formulas by value numbering alone: what is written and what the rules of differentiation make of it, each equal part
//! once, and nothing collected, ordered or rewritten. What the normal form and the e-graph are measured against.

use std::collections::{BTreeSet, HashMap};

use pdec::syntax::ast::{Argument, BinaryOperator, Formula, FormulaKind, UnaryOperator};

pub type Id = usize;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Node {
    /// A number, as its bits.
    Number(u64),
    Atom(String),
    Add(Id, Id),
    Subtract(Id, Id),
    Multiply(Id, Id),
    Divide(Id, Id),
    Negate(Id),
    Sqrt(Id),
    Call(String, Id),
}

/// All parts of some formulas, operands before what uses them.
#[derive(Default)]
pub struct Plain {
    nodes: Vec<Node>,
    numbers: HashMap<Node, Id>,
}

impl Plain {
    fn add(&mut self, node: Node) -> Id {
        let next = self.nodes.len();
        *self.numbers.entry(node).or_insert_with_key(|node| {
            self.nodes.push(node.clone());
            next
        })
    }

    pub fn number(&mut self, value: f64) -> Id {
        self.add(Node::Number(value.to_bits()))
    }

    fn value(&self, id: Id) -> Option<f64> {
        if let Node::Number(bits) = self.nodes[id] { Some(f64::from_bits(bits)) } else { None }
    }

    pub fn sum(&mut self, a: Id, b: Id) -> Id {
        match (self.value(a), self.value(b)) {
            (Some(0.0), _) => b,
            (_, Some(0.0)) => a,
            _ => self.add(Node::Add(a, b)),
        }
    }

    pub fn product(&mut self, a: Id, b: Id) -> Id {
        match (self.value(a), self.value(b)) {
            (Some(0.0), _) | (_, Some(1.0)) => a,
            (_, Some(0.0)) | (Some(1.0), _) => b,
            _ => self.add(Node::Multiply(a, b)),
        }
    }

    /// What a formula says, word by word.
    ///
    /// # Panics
    /// If it has what the known formulas do not have.
    pub fn read(&mut self, formula: &Formula) -> Id {
        match &formula.kind {
            FormulaKind::Number(text) => self.number(text.parse().expect("a number")),
            FormulaKind::Name(name) if name == "pi" => self.number(std::f64::consts::PI),
            FormulaKind::Name(name) => self.add(Node::Atom(name.clone())),
            FormulaKind::Parenthesized(inside) => self.read(inside),
            FormulaKind::Unary(UnaryOperator::Plus, a) => self.read(a),
            FormulaKind::Unary(UnaryOperator::Minus, a) => {
                let a = self.read(a);
                self.add(Node::Negate(a))
            }
            FormulaKind::Binary(BinaryOperator::Power, base, exponent) => {
                let (base, exponent) = (self.read(base), self.constant(exponent));
                self.power(base, exponent)
            }
            FormulaKind::Binary(operator, a, b) => {
                let (a, b) = (self.read(a), self.read(b));
                match (operator, self.value(a), self.value(b)) {
                    (BinaryOperator::Divide, Some(a), Some(b)) => self.number(a / b),
                    (BinaryOperator::Add, ..) => self.sum(a, b),
                    (BinaryOperator::Subtract, ..) => self.add(Node::Subtract(a, b)),
                    (BinaryOperator::Divide, ..) => self.add(Node::Divide(a, b)),
                    _ => self.product(a, b),
                }
            }
            FormulaKind::Call(call) => {
                let [Argument::Positional(argument)] = call.arguments.as_slice() else { panic!("one argument") };
                let argument = self.read(argument);
                let name = call.name.text.clone();
                self.add(if name == "sqrt" { Node::Sqrt(argument) } else { Node::Call(name, argument) })
            }
            kind => panic!("no known formula has {kind:?}"),
        }
    }

    fn constant(&mut self, formula: &Formula) -> f64 {
        let id = self.read(formula);
        self.value(id).expect("exponents are numbers")
    }

    /// A power by squarings, halves by a root.
    pub fn power(&mut self, base: Id, exponent: f64) -> Id {
        let whole = exponent.trunc();
        let mut result = None;
        for _ in 0..whole as usize {
            result = Some(result.map_or(base, |power| self.add(Node::Multiply(power, base))));
        }
        if exponent != whole {
            let root = self.add(Node::Sqrt(base));
            result = Some(result.map_or(root, |power| self.add(Node::Multiply(power, root))));
        }
        result.unwrap_or_else(|| self.number(1.0))
    }

    /// The derivative in an atom, by the rules of the textbook.
    pub fn derivative(&mut self, id: Id, atom: &str) -> Id {
        match self.nodes[id].clone() {
            Node::Number(_) => self.number(0.0),
            Node::Atom(name) => self.number(if name == atom { 1.0 } else { 0.0 }),
            Node::Add(a, b) => {
                let (a, b) = (self.derivative(a, atom), self.derivative(b, atom));
                self.sum(a, b)
            }
            Node::Subtract(a, b) => {
                let (a, b) = (self.derivative(a, atom), self.derivative(b, atom));
                if self.value(b) == Some(0.0) { a } else { self.add(Node::Subtract(a, b)) }
            }
            Node::Multiply(a, b) => {
                let (da, db) = (self.derivative(a, atom), self.derivative(b, atom));
                let (left, right) = (self.product(da, b), self.product(a, db));
                self.sum(left, right)
            }
            Node::Divide(a, b) => {
                let (da, db) = (self.derivative(a, atom), self.derivative(b, atom));
                let (quotient, first) = (self.add(Node::Divide(a, b)), self.add(Node::Divide(da, b)));
                let inner = self.add(Node::Divide(db, b));
                let second = self.product(quotient, inner);
                self.add(Node::Subtract(first, second))
            }
            Node::Negate(a) => {
                let a = self.derivative(a, atom);
                if self.value(a) == Some(0.0) { a } else { self.add(Node::Negate(a)) }
            }
            Node::Sqrt(a) => {
                let (inner, two) = (self.derivative(a, atom), self.number(2.0));
                let below = self.product(two, id);
                if self.value(inner) == Some(0.0) { inner } else { self.add(Node::Divide(inner, below)) }
            }
            Node::Call(name, a) => {
                let (inner, outer) = (self.derivative(a, atom), self.slope(&name, a, id));
                self.product(outer, inner)
            }
        }
    }

    fn slope(&mut self, name: &str, argument: Id, call: Id) -> Id {
        let one = self.number(1.0);
        match name {
            "log" => self.add(Node::Divide(one, argument)),
            "tanh" => {
                let square = self.add(Node::Multiply(call, call));
                self.add(Node::Subtract(one, square))
            }
            // Of coordinates alone, which no jet variable moves.
            _ => self.number(0.0),
        }
    }

    /// The atoms that are derivatives of one of the fields, or the fields themselves.
    pub fn jets(&self, fields: &[&str]) -> BTreeSet<String> {
        let of_field = |name: &&String| fields.contains(&name.split('_').next().unwrap_or_default());
        let atoms = self.nodes.iter().filter_map(|node| if let Node::Atom(name) = node { Some(name) } else { None });
        atoms.filter(of_field).cloned().collect()
    }

    /// The cost of some formulas together, in the units of [`pdec::simplify::dag_cost`].
    pub fn cost(&self, roots: &[Id]) -> f64 {
        let mut uses = vec![0_usize; self.nodes.len()];
        roots.iter().for_each(|root| uses[*root] += 2);
        for id in (0..self.nodes.len()).rev().filter(|id| !self.is_constant(*id)) {
            if uses[id] > 0 {
                self.operands(id).into_iter().for_each(|operand| uses[operand] += 1);
            }
        }
        let fused = |id: Id| uses[id] == 1 && matches!(self.nodes[id], Node::Multiply(..));
        let weight = |id: Id| match self.nodes[id] {
            Node::Number(_) | Node::Atom(_) => 0.0,
            Node::Add(a, b) | Node::Subtract(a, b) => {
                if fused(a) || fused(b) {
                    0.0
                } else {
                    1.0
                }
            }
            Node::Multiply(..) => 1.0,
            Node::Divide(..) => 8.0,
            Node::Negate(_) => 0.5,
            Node::Sqrt(_) => 9.0,
            Node::Call(..) => 20.0,
        };
        (0..self.nodes.len()).filter(|&id| uses[id] > 0 && !self.is_constant(id)).map(weight).sum()
    }

    fn operands(&self, id: Id) -> Vec<Id> {
        match self.nodes[id] {
            Node::Number(_) | Node::Atom(_) => Vec::new(),
            Node::Add(a, b) | Node::Subtract(a, b) | Node::Multiply(a, b) | Node::Divide(a, b) => vec![a, b],
            Node::Negate(a) | Node::Sqrt(a) | Node::Call(_, a) => vec![a],
        }
    }

    fn is_constant(&self, id: Id) -> bool {
        match self.nodes[id] {
            Node::Number(_) => true,
            Node::Atom(_) => false,
            _ => self.operands(id).into_iter().all(|operand| self.is_constant(operand)),
        }
    }
}
