//! What is known about each class of equal terms: its exact value, if it has one, and an enclosure of its values.

use egg::{Analysis, DidMerge, EGraph, Id, Language};
use num_traits::{One, Signed, ToPrimitive, Zero};

use super::language::Term;
use crate::expr::{Exponent, Interval, Rational};

/// Constants with more bits than this are not combined further.
const LARGEST_CONSTANT_BITS: u64 = 256;

/// How often the enclosure of one class may shrink; a cycle of equalities could shrink it for ever.
const MOST_NARROWINGS: u8 = 8;

pub(super) type Classes = EGraph<Term, Knowledge>;

/// The enclosures of the atoms, and whether a contradiction came up.
#[derive(Clone, Debug, Default)]
pub(super) struct Knowledge {
    pub(super) atoms: Vec<Interval>,
    /// Two different numbers were found equal: nothing that the e-graph says can be trusted.
    pub(super) contradiction: bool,
}

/// What is known about one class.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) constant: Option<Rational>,
    pub(super) range: Interval,
    /// Whether some term of the class contains no atom.
    pub(super) atomless: bool,
    narrowings: u8,
}

/// A statement about the classes that a rule matched; it holds only if it is proven.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fact {
    /// The first is an exact number.
    Constant(&'static str),
    Nonzero(&'static str),
    /// At least 0.
    Nonnegative(&'static str),
    /// More than 0.
    Positive(&'static str),
    /// At most 0.
    Nonpositive(&'static str),
    /// Less than 0.
    Negative(&'static str),
    /// No value of the first exceeds any value of the second.
    AtMost(&'static str, &'static str),
    /// All values of the first lie below all values of the second.
    Below(&'static str, &'static str),
    /// The two are not known to be equal: keeps a rule from feeding on itself.
    Distinct(&'static str, &'static str),
}

impl Fact {
    /// The names of the variables that it speaks of.
    pub(super) fn variables(self) -> (&'static str, Option<&'static str>) {
        match self {
            Fact::Constant(a)
            | Fact::Nonzero(a)
            | Fact::Nonnegative(a)
            | Fact::Positive(a)
            | Fact::Nonpositive(a)
            | Fact::Negative(a) => (a, None),
            Fact::AtMost(a, b) | Fact::Below(a, b) | Fact::Distinct(a, b) => (a, Some(b)),
        }
    }

    /// Whether enclosures prove it. `b` is that of the second variable, if the fact has two.
    pub(super) fn holds(self, a: Interval, b: Interval) -> bool {
        if a.is_empty() || b.is_empty() {
            return false;
        }
        match self {
            // These speak of classes, not of values: whoever matches a rule looks at the classes.
            Fact::Constant(_) | Fact::Distinct(..) => true,
            Fact::Nonzero(_) => !a.contains(0.0),
            Fact::Nonnegative(_) => a.lower >= 0.0,
            Fact::Positive(_) => a.lower > 0.0,
            Fact::Nonpositive(_) => a.upper <= 0.0,
            Fact::Negative(_) => a.upper < 0.0,
            Fact::AtMost(..) => a.upper <= b.lower,
            Fact::Below(..) => a.upper < b.lower,
        }
    }
}

impl Analysis<Term> for Knowledge {
    type Data = Known;

    fn make(egraph: &mut Classes, term: &Term, _: Id) -> Known {
        let constant = constant(egraph, term);
        let range = match &constant {
            Some(value) => Interval::rational(value),
            None => range(egraph, term),
        };
        let atomless = !matches!(term, Term::Atom(_)) && term.all(|id| egraph[id].data.atomless);
        Known { constant, range, atomless, narrowings: 0 }
    }

    fn merge(&mut self, known: &mut Known, other: Known) -> DidMerge {
        let constant = match (&known.constant, &other.constant) {
            (Some(a), Some(b)) if a != b => {
                self.contradiction = true;
                Some(a.clone())
            }
            (Some(a), _) | (None, Some(a)) => Some(a.clone()),
            (None, None) => None,
        };
        let narrowings = known.narrowings.max(other.narrowings);
        let mut range = known.range.intersection(other.range);
        // An empty class is nowhere defined: no contradiction, but nothing to reason from.
        if range.is_empty() || (narrowings >= MOST_NARROWINGS && constant.is_none()) {
            range = known.range;
        }
        let atomless = known.atomless || other.atomless;
        let changed = |old: &Known| old.constant != constant || old.range != range || old.atomless != atomless;
        let (changes_known, changes_other) = (changed(known), changed(&other));
        let narrowings = narrowings + u8::from(range != known.range);
        *known = Known { constant, range, atomless, narrowings };
        DidMerge(changes_known, changes_other)
    }

    fn modify(egraph: &mut Classes, id: Id) {
        if let Some(value) = egraph[id].data.constant.clone() {
            let number = egraph.add(Term::Number(value));
            egraph.union(id, number);
        }
    }
}

/// The exact value of a term whose operands are exact numbers.
fn constant(egraph: &Classes, term: &Term) -> Option<Rational> {
    let at = |id: &Id| egraph[*id].data.constant.as_ref();
    let value = match term {
        Term::Number(value) => return Some(value.clone()),
        Term::Add([a, b]) => at(a)? + at(b)?,
        Term::Multiply([a, b]) => at(a)? * at(b)?,
        Term::Recip(a) => Some(at(a)?).filter(|a| !a.is_zero())?.recip(),
        Term::Sqrt(a) => exact_sqrt(at(a)?)?,
        Term::Power([a, b]) => whole_power(at(a)?, at(b)?)?,
        _ => return None,
    };
    (value.numer().bits().max(value.denom().bits()) <= LARGEST_CONSTANT_BITS).then_some(value)
}

fn exact_sqrt(value: &Rational) -> Option<Rational> {
    if value.is_negative() {
        return None;
    }
    let root = Rational::new(value.numer().sqrt(), value.denom().sqrt());
    (&root * &root == *value).then_some(root)
}

fn whole_power(base: &Rational, exponent: &Rational) -> Option<Rational> {
    let n = exponent.is_integer().then(|| exponent.to_i32())??;
    (n.unsigned_abs() <= 64 && (n >= 0 || !base.is_zero())).then(|| base.pow(n))
}

fn range(egraph: &Classes, term: &Term) -> Interval {
    let at = |id: &Id| egraph[*id].data.range;
    match term {
        Term::Number(value) => Interval::rational(value),
        Term::Pi => Interval::new(std::f64::consts::PI, std::f64::consts::PI.next_up()),
        Term::Euler => Interval::new(std::f64::consts::E, std::f64::consts::E.next_up()),
        Term::Atom(atom) => egraph.analysis.atoms.get(*atom as usize).copied().unwrap_or(Interval::ALL),
        Term::Add([a, b]) => at(a).plus(at(b)),
        Term::Multiply([a, b]) if egraph.find(*a) == egraph.find(*b) => at(a).whole_power(2),
        Term::Multiply([a, b]) => at(a).times(at(b)),
        Term::Recip(a) => at(a).recip(),
        Term::Sqrt(a) => at(a).sqrt(),
        Term::Power([a, b]) => match egraph[*b].data.constant.as_ref().and_then(small_exponent) {
            Some(exponent) => at(a).power(exponent),
            None => at(a).general_power(at(b)),
        },
        Term::Call(function, a) => at(a).call(*function, Interval::EMPTY),
        Term::Extremum(function, [a, b]) => at(a).call(*function, at(b)),
        Term::Compare(relation, [a, b]) => at(a).compare(*relation, at(b)),
        Term::Select([c, a, b]) => at(c).select(at(a), at(b)),
    }
}

fn small_exponent(value: &Rational) -> Option<Exponent> {
    let (numerator, denominator) = (value.numer().to_i64()?, value.denom().to_i64()?);
    (numerator != 0 || denominator.is_one()).then(|| Exponent::new(numerator, denominator))
}
