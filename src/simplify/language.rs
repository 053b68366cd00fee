//! The language of the e-graph: one node per operation of a straight-line program, with exact constants.

use std::fmt;
use std::mem::Discriminant;

use egg::{FromOp, FromOpError, Id, Language};
use num_traits::{One, Signed};

use crate::expr::{Function, Rational, Relation};

/// An operation. Subtraction is an addition of `-1·b`, division a multiplication by a reciprocal: both are put back
/// together when operations are [counted](super::cost).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Term {
    Number(Rational),
    Pi,
    Euler,
    /// The n-th atom of the formulas at hand.
    Atom(u32),
    Add([Id; 2]),
    Multiply([Id; 2]),
    Recip(Id),
    Sqrt(Id),
    /// A power that is not made of products, reciprocals and square roots.
    Power([Id; 2]),
    Call(Function, Id),
    Extremum(Function, [Id; 2]),
    Compare(Relation, [Id; 2]),
    Select([Id; 3]),
}

impl Term {
    pub(super) fn integer(value: i64) -> Self {
        Term::Number(Rational::from_integer(value.into()))
    }

    /// The number -1, which makes a multiplication a change of sign.
    pub(super) fn is_minus_one(&self) -> bool {
        matches!(self, Term::Number(value) if value.is_negative() && (-value).is_one())
    }
}

impl Language for Term {
    type Discriminant = (Discriminant<Term>, Option<Function>, Option<Relation>);

    fn discriminant(&self) -> Self::Discriminant {
        let kind = std::mem::discriminant(self);
        match self {
            Term::Call(function, _) | Term::Extremum(function, _) => (kind, Some(*function), None),
            Term::Compare(relation, _) => (kind, None, Some(*relation)),
            _ => (kind, None, None),
        }
    }

    fn matches(&self, other: &Self) -> bool {
        match (self, other) {
            (Term::Number(a), Term::Number(b)) => a == b,
            (Term::Atom(a), Term::Atom(b)) => a == b,
            _ => self.discriminant() == other.discriminant(),
        }
    }

    fn children(&self) -> &[Id] {
        match self {
            Term::Number(_) | Term::Pi | Term::Euler | Term::Atom(_) => &[],
            Term::Recip(a) | Term::Sqrt(a) | Term::Call(_, a) => std::slice::from_ref(a),
            Term::Add(ab) | Term::Multiply(ab) | Term::Power(ab) | Term::Extremum(_, ab) | Term::Compare(_, ab) => ab,
            Term::Select(abc) => abc,
        }
    }

    fn children_mut(&mut self) -> &mut [Id] {
        match self {
            Term::Number(_) | Term::Pi | Term::Euler | Term::Atom(_) => &mut [],
            Term::Recip(a) | Term::Sqrt(a) | Term::Call(_, a) => std::slice::from_mut(a),
            Term::Add(ab) | Term::Multiply(ab) | Term::Power(ab) | Term::Extremum(_, ab) | Term::Compare(_, ab) => ab,
            Term::Select(abc) => abc,
        }
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Term::Number(value) => write!(f, "{value}"),
            Term::Pi => f.write_str("pi"),
            Term::Euler => f.write_str("e"),
            Term::Atom(atom) => write!(f, "a{atom}"),
            Term::Add(_) => f.write_str("+"),
            Term::Multiply(_) => f.write_str("*"),
            Term::Recip(_) => f.write_str("recip"),
            Term::Sqrt(_) => f.write_str("sqrt"),
            Term::Power(_) => f.write_str("pow"),
            Term::Call(function, _) | Term::Extremum(function, _) => f.write_str(function.name()),
            Term::Compare(relation, _) => f.write_str(relation.symbol()),
            Term::Select(_) => f.write_str("if"),
        }
    }
}

impl FromOp for Term {
    type Error = FromOpError;

    fn from_op(op: &str, children: Vec<Id>) -> Result<Self, Self::Error> {
        let relation = [Relation::Equal, Relation::Less, Relation::LessEqual].into_iter().find(|r| r.symbol() == op);
        let term = match (op, children.as_slice()) {
            ("pi", []) => Some(Term::Pi),
            ("e", []) => Some(Term::Euler),
            (_, []) => op.parse().ok().map(Term::Number),
            ("+", &[a, b]) => Some(Term::Add([a, b])),
            ("*", &[a, b]) => Some(Term::Multiply([a, b])),
            ("pow", &[a, b]) => Some(Term::Power([a, b])),
            ("recip", &[a]) => Some(Term::Recip(a)),
            ("sqrt", &[a]) => Some(Term::Sqrt(a)),
            ("if", &[a, b, c]) => Some(Term::Select([a, b, c])),
            (_, &[a, b]) if relation.is_some() => relation.map(|r| Term::Compare(r, [a, b])),
            (name, arguments) => match (Function::from_name(name), arguments) {
                (Some(function), &[a]) if function.arity() == 1 => Some(Term::Call(function, a)),
                (Some(function), &[a, b]) if function.arity() == 2 => Some(Term::Extremum(function, [a, b])),
                _ => None,
            },
        };
        term.ok_or_else(|| FromOpError::new(op, children))
    }
}
