//! Enclosures: interval arithmetic with outward rounding.
//!
//! An enclosure of a formula contains every value that the formula takes where its atoms lie in the given intervals and
//! where it is defined. It is what proves that a divisor is not 0 or that a root is real.

use std::f64::consts::{FRAC_PI_2, PI};

use num_traits::{One, Signed, Zero};

use super::evaluate::to_f64;
use super::function::{Function, Relation};
use super::graph::{Exponent, Expr, Graph, Node, Rational};
use super::jet::Symbol;

/// How far the functions of the standard library may be off, in units in the last place (glibc documents 1 to 2).
const LIBRARY_ULPS: u32 = 4;

/// Beyond this an argument of a periodic function is not reduced.
const LARGEST_ANGLE: f64 = 1e6;

/// The numbers from `lower` to `upper`, both included; infinite bounds stand for "no bound".
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The least number.
    pub lower: f64,
    /// The largest number.
    pub upper: f64,
}

impl Interval {
    /// All numbers.
    pub const ALL: Self = Self { lower: f64::NEG_INFINITY, upper: f64::INFINITY };
    /// No number: the value of what is nowhere defined.
    pub const EMPTY: Self = Self { lower: f64::INFINITY, upper: f64::NEG_INFINITY };
    /// The values of conditions.
    pub const CONDITION: Self = Self { lower: 0.0, upper: 1.0 };
    const NONNEGATIVE: Self = Self { lower: 0.0, upper: f64::INFINITY };

    /// The numbers between two bounds; [`Interval::EMPTY`] if they are in the wrong order or NaN.
    pub fn new(lower: f64, upper: f64) -> Self {
        if lower <= upper { Self { lower, upper } } else { Self::EMPTY }
    }

    /// One number.
    pub fn point(value: f64) -> Self {
        Self::new(value, value)
    }

    /// The smallest enclosure of an exact number.
    pub fn rational(value: &Rational) -> Self {
        let nearest = to_f64(value);
        match Rational::from_float(nearest) {
            Some(exact) if exact == *value => Self::point(nearest),
            Some(exact) if exact < *value => Self::new(nearest, nearest.next_up()),
            Some(_) => Self::new(nearest.next_down(), nearest),
            None if value.is_negative() => Self::new(f64::NEG_INFINITY, f64::MIN),
            None => Self::new(f64::MAX, f64::INFINITY),
        }
    }

    /// Whether no number is in it.
    pub fn is_empty(self) -> bool {
        self.lower > self.upper
    }

    /// Whether both bounds are finite.
    pub fn is_bounded(self) -> bool {
        self.lower.is_finite() && self.upper.is_finite()
    }

    /// Whether the number is in it.
    pub fn contains(self, value: f64) -> bool {
        self.lower <= value && value <= self.upper
    }

    /// What both have in common.
    pub fn intersection(self, other: Self) -> Self {
        Self::new(self.lower.max(other.lower), self.upper.min(other.upper))
    }

    /// The smallest interval that contains both.
    pub fn hull(self, other: Self) -> Self {
        if self.is_empty() {
            return other;
        }
        if other.is_empty() {
            return self;
        }
        Self::new(self.lower.min(other.lower), self.upper.max(other.upper))
    }

    /// `self + other`
    pub fn plus(self, other: Self) -> Self {
        if self.is_empty() || other.is_empty() {
            return Self::EMPTY;
        }
        Self::new(sum(self.lower, other.lower, Toward::Lower), sum(self.upper, other.upper, Toward::Upper))
    }

    /// `self · other`
    pub fn times(self, other: Self) -> Self {
        if self.is_empty() || other.is_empty() {
            return Self::EMPTY;
        }
        let corners = [
            (self.lower, other.lower),
            (self.lower, other.upper),
            (self.upper, other.lower),
            (self.upper, other.upper),
        ];
        let bound = |toward| corners.map(|(a, b)| product(a, b, toward));
        Self::new(
            bound(Toward::Lower).into_iter().fold(f64::INFINITY, f64::min),
            bound(Toward::Upper).into_iter().fold(f64::NEG_INFINITY, f64::max),
        )
    }

    /// `-self`
    pub fn negated(self) -> Self {
        Self { lower: -self.upper, upper: -self.lower }
    }

    /// `1/self`
    pub fn recip(self) -> Self {
        if self.is_empty() || (self.lower == 0.0 && self.upper == 0.0) {
            return Self::EMPTY;
        }
        if self.lower < 0.0 && self.upper > 0.0 {
            return Self::ALL;
        }
        if self.upper <= 0.0 {
            return self.negated().recip().negated();
        }
        let upper = if self.lower == 0.0 { f64::INFINITY } else { quotient(self.lower, Toward::Upper) };
        Self::new(quotient(self.upper, Toward::Lower).max(0.0), upper)
    }

    /// The square root of the part that is not negative.
    pub fn sqrt(self) -> Self {
        let inside = self.intersection(Self::NONNEGATIVE);
        if inside.is_empty() {
            return Self::EMPTY;
        }
        Self::new(root(inside.lower, Toward::Lower), root(inside.upper, Toward::Upper))
    }

    /// `|self|`
    pub fn abs(self) -> Self {
        if self.is_empty() || self.lower >= 0.0 {
            self
        } else if self.upper <= 0.0 {
            self.negated()
        } else {
            Self::new(0.0, self.upper.max(-self.lower))
        }
    }

    /// `self^exponent`; for exponents that are not whole, of the part that is not negative.
    pub fn power(self, exponent: Exponent) -> Self {
        let (numerator, denominator) = (*exponent.numer(), *exponent.denom());
        match denominator {
            1 => self.whole_power(numerator),
            2 => self.sqrt().whole_power(numerator),
            _ => {
                let inside = self.intersection(Self::NONNEGATIVE);
                let exponent = numerator as f64 / denominator as f64;
                let power = |x: f64| x.powf(exponent);
                // The exponent itself is rounded: its error counts once per unit of the logarithm of the value.
                const SLACK: u32 = 2000;
                let image = if numerator > 0 { inside.rising(SLACK, power) } else { inside.falling(SLACK, power) };
                image.not_underflowed().intersection(Self::NONNEGATIVE)
            }
        }
    }

    /// A computed 0 may stand for a positive number too small to represent.
    fn not_underflowed(self) -> Self {
        Self { upper: self.upper.max(f64::MIN_POSITIVE), ..self }
    }

    /// `self^n`
    pub fn whole_power(self, n: i64) -> Self {
        if n < 0 {
            return self.magnitude_power(n.unsigned_abs()).recip();
        }
        self.magnitude_power(n.unsigned_abs())
    }

    fn magnitude_power(self, n: u64) -> Self {
        if self.is_empty() {
            return self;
        }
        if n.is_multiple_of(2) {
            return self.abs().repeated_product(n);
        }
        if self.lower >= 0.0 {
            self.repeated_product(n)
        } else if self.upper <= 0.0 {
            self.negated().repeated_product(n).negated()
        } else {
            let upper = Self::new(0.0, self.upper).repeated_product(n);
            let lower = Self::new(0.0, -self.lower).repeated_product(n);
            Self::new(-lower.upper, upper.upper)
        }
    }

    fn repeated_product(self, mut n: u64) -> Self {
        let (mut result, mut square) = (Self::point(1.0), self);
        while n > 0 {
            if n & 1 == 1 {
                result = result.times(square);
            }
            n >>= 1;
            if n > 0 {
                square = square.times(square);
            }
        }
        result
    }

    /// `self^exponent` for any exponent, of the part that is positive.
    pub fn general_power(self, exponent: Self) -> Self {
        let logarithm = self.call(Function::Log, Self::EMPTY);
        exponent.times(logarithm).call(Function::Exp, Self::EMPTY)
    }

    /// The image under a function; `second` is the second argument of a minimum or maximum, else unused.
    pub fn call(self, function: Function, second: Self) -> Self {
        if self.is_empty() {
            return Self::EMPTY;
        }
        let unit = Self::new(-1.0, 1.0);
        let library = LIBRARY_ULPS;
        match function {
            Function::Sin => self.plus(Self::new(-FRAC_PI_2.next_up(), -FRAC_PI_2.next_down())).cosine(f64::sin, self),
            Function::Cos => self.cosine(f64::cos, self),
            Function::Tan => self.tangent(),
            Function::Asin => self.intersection(unit).rising(library, f64::asin),
            Function::Acos => self.intersection(unit).falling(library, f64::acos),
            Function::Atan => self.rising(library, f64::atan),
            Function::Sinh => self.rising(library, f64::sinh),
            Function::Cosh => self.abs().rising(library, f64::cosh).intersection(Self::new(1.0, f64::INFINITY)),
            Function::Tanh => self.rising(library, f64::tanh).intersection(unit),
            Function::Sech => self.call(Function::Cosh, second).recip(),
            Function::Exp => self.rising(library, f64::exp).not_underflowed().intersection(Self::NONNEGATIVE),
            Function::Log => self.intersection(Self::NONNEGATIVE).rising(library, f64::ln),
            // The series sums up to 150 positive terms.
            Function::Erf => self.rising(200, error_function).intersection(unit),
            Function::Abs => self.abs(),
            Function::Sign => self.steps(|x| if x == 0.0 { 0.0 } else { x.signum() }),
            Function::Step => self.steps(|x| if x >= 0.0 { 1.0 } else { 0.0 }),
            Function::Min | Function::Max if second.is_empty() => Self::EMPTY,
            Function::Min => Self::new(self.lower.min(second.lower), self.upper.min(second.upper)),
            Function::Max => Self::new(self.lower.max(second.lower), self.upper.max(second.upper)),
        }
    }

    /// The values of `self relation other`; none where one of them has none.
    pub fn compare(self, relation: Relation, other: Self) -> Self {
        if self.is_empty() || other.is_empty() {
            return Self::EMPTY;
        }
        let (always, never) = match relation {
            Relation::Less => (self.upper < other.lower, self.lower >= other.upper),
            Relation::LessEqual => (self.upper <= other.lower, self.lower > other.upper),
            Relation::Equal => {
                (self.lower == self.upper && self == other, self.upper < other.lower || self.lower > other.upper)
            }
        };
        match (always, never) {
            (true, _) => Self::point(1.0),
            (_, true) => Self::point(0.0),
            _ => Self::CONDITION,
        }
    }

    /// The values of `if self then a else b`; none where the condition has none.
    pub fn select(self, a: Self, b: Self) -> Self {
        if self.is_empty() {
            Self::EMPTY
        } else if !self.contains(0.0) {
            a
        } else if self == Self::point(0.0) {
            b
        } else {
            a.hull(b)
        }
    }

    /// The image under a function that never falls.
    fn rising(self, ulps: u32, f: impl Fn(f64) -> f64) -> Self {
        if self.is_empty() {
            return self;
        }
        Self::new(widened(f(self.lower), ulps, Toward::Lower), widened(f(self.upper), ulps, Toward::Upper))
    }

    fn falling(self, ulps: u32, f: impl Fn(f64) -> f64) -> Self {
        Self { lower: -self.upper, upper: -self.lower }.rising(ulps, |x| f(-x))
    }

    fn steps(self, f: impl Fn(f64) -> f64) -> Self {
        Self::new(f(self.lower), f(self.upper))
    }

    /// The image of `argument` under `f`, where `f(argument) = cos(self)`.
    fn cosine(self, f: impl Fn(f64) -> f64, argument: Self) -> Self {
        let all = Self::new(-1.0, 1.0);
        let large = self.lower.abs().max(self.upper.abs()).max(argument.lower.abs()).max(argument.upper.abs());
        if large > LARGEST_ANGLE || self.upper - self.lower > 2.0 * PI {
            return all;
        }
        // Extrema lie at multiples of π; a margin covers the rounding of the quotient.
        let margin = 1e-9;
        let first = (self.lower / PI - margin).ceil() as i64;
        let last = (self.upper / PI + margin).floor() as i64;
        let (a, b) = (f(argument.lower), f(argument.upper));
        let mut image =
            Self::new(widened(a.min(b), LIBRARY_ULPS, Toward::Lower), widened(a.max(b), LIBRARY_ULPS, Toward::Upper));
        for turn in first..=last {
            image = image.hull(Self::point(if turn % 2 == 0 { 1.0 } else { -1.0 }));
        }
        image.intersection(all)
    }

    fn tangent(self) -> Self {
        if self.lower.abs().max(self.upper.abs()) > LARGEST_ANGLE {
            return Self::ALL;
        }
        let branch = |x: f64, margin: f64| (x / PI + 0.5 + margin).floor();
        if branch(self.lower, -1e-9) != branch(self.upper, 1e-9) {
            return Self::ALL;
        }
        self.rising(LIBRARY_ULPS, f64::tan)
    }
}

impl Graph {
    /// An enclosure of each root where every atom lies in the interval that `known` gives it.
    pub fn enclose(&self, roots: &[Expr], known: impl Fn(&Symbol) -> Interval) -> Vec<Interval> {
        let order = self.reachable(roots);
        let mut ranges = vec![Interval::EMPTY; order.last().map_or(0, |e| e.index() + 1)];
        for &expr in &order {
            ranges[expr.index()] = self.enclose_node(expr, &ranges, &known);
        }
        roots.iter().map(|r| ranges[r.index()]).collect()
    }

    fn enclose_node(&self, expr: Expr, ranges: &[Interval], known: &impl Fn(&Symbol) -> Interval) -> Interval {
        let at = |e: &Expr| ranges[e.index()];
        match self.node(expr) {
            Node::Rational(value) => Interval::rational(value),
            // The nearest double lies below the number.
            Node::Pi => Interval::new(PI, PI.next_up()),
            Node::Euler => Interval::new(std::f64::consts::E, std::f64::consts::E.next_up()),
            Node::Symbol(symbol) => known(symbol),
            Node::Sum { constant, terms } => {
                let scaled = |t: &Expr, c: &Rational| match c {
                    c if c.is_one() => at(t),
                    c if (-c).is_one() => at(t).negated(),
                    c => at(t).times(Interval::rational(c)),
                };
                let start = if constant.is_zero() { Interval::point(0.0) } else { Interval::rational(constant) };
                terms.iter().fold(start, |total, (t, c)| total.plus(scaled(t, c)))
            }
            Node::Product(factors) => {
                let powers = factors.iter().map(|(b, e)| at(b).power(*e));
                powers.reduce(Interval::times).unwrap_or(Interval::point(1.0))
            }
            Node::Power(base, exponent) => at(base).general_power(at(exponent)),
            Node::Call(function, arguments) => {
                let second = arguments.get(1).map_or(Interval::EMPTY, at);
                at(&arguments[0]).call(*function, second)
            }
            Node::Compare(relation, a, b) => at(a).compare(*relation, at(b)),
            Node::Select(c, a, b) => at(c).select(at(a), at(b)),
        }
    }
}

/// The direction in which a bound is rounded.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Toward {
    Lower,
    Upper,
}

/// Moves `value` by one unit where `error` (exact minus computed) says that the exact number lies beyond it.
fn directed(value: f64, error: f64, toward: Toward) -> f64 {
    match toward {
        Toward::Lower if error < 0.0 || error.is_nan() => value.next_down(),
        Toward::Upper if error > 0.0 || error.is_nan() => value.next_up(),
        _ => value,
    }
}

fn sum(a: f64, b: f64, toward: Toward) -> f64 {
    let total = a + b;
    if a.is_infinite() || b.is_infinite() {
        return total;
    }
    if total.is_infinite() {
        return overflowed(total, toward);
    }
    // The exact error of a sum (Knuth, The Art of Computer Programming 2, 4.2.2).
    let of_b = total - a;
    directed(total, (a - (total - of_b)) + (b - of_b), toward)
}

fn product(a: f64, b: f64, toward: Toward) -> f64 {
    if a == 0.0 || b == 0.0 {
        return 0.0;
    }
    let value = a * b;
    if a.is_infinite() || b.is_infinite() {
        return value;
    }
    if value.is_infinite() {
        return overflowed(value, toward);
    }
    if value.abs() < 1e-290 {
        // The error term may underflow; the sign of the product is still known.
        let positive = (a > 0.0) == (b > 0.0);
        return match toward {
            Toward::Lower if positive => value.next_down().max(0.0),
            Toward::Lower => value.next_down(),
            Toward::Upper if positive => value.next_up(),
            Toward::Upper => value.next_up().min(0.0),
        };
    }
    directed(value, a.mul_add(b, -value), toward)
}

/// `1/x` for positive x.
fn quotient(x: f64, toward: Toward) -> f64 {
    let value = 1.0 / x;
    if x.is_infinite() {
        return value;
    }
    if value.is_infinite() {
        return overflowed(value, toward);
    }
    directed(value, (-value).mul_add(x, 1.0), toward)
}

fn root(x: f64, toward: Toward) -> f64 {
    let value = x.sqrt();
    if x == 0.0 || x.is_infinite() {
        return value;
    }
    if x < 1e-290 { widened(value, 1, toward).max(0.0) } else { directed(value, (-value).mul_add(value, x), toward) }
}

fn overflowed(infinite: f64, toward: Toward) -> f64 {
    match toward {
        Toward::Lower if infinite > 0.0 => f64::MAX,
        Toward::Upper if infinite < 0.0 => f64::MIN,
        _ => infinite,
    }
}

fn widened(value: f64, ulps: u32, toward: Toward) -> f64 {
    if value == 0.0 {
        // Functions are exact at their zeros; those that underflow care for themselves.
        return value;
    }
    let step = (value.abs() * f64::EPSILON * f64::from(ulps)).max(f64::MIN_POSITIVE);
    match (toward, value) {
        (Toward::Lower, f64::INFINITY) => f64::MAX,
        (Toward::Upper, f64::NEG_INFINITY) => f64::MIN,
        (Toward::Lower, _) => value - step,
        (Toward::Upper, _) => value + step,
    }
}

/// erf by a series of terms of one sign (Abramowitz and Stegun, 7.1.6), to about 1e-14.
fn error_function(x: f64) -> f64 {
    if x.abs() > 6.0 {
        return x.signum();
    }
    let (mut term, mut total, mut n) = (x, x, 0.0);
    while term.abs() > total.abs() * 1e-17 {
        n += 1.0;
        term *= 2.0 * x * x / (2.0 * n + 1.0);
        total += term;
    }
    2.0 / PI.sqrt() * (-x * x).exp() * total
}
