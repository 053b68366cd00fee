//! The constructors, which keep the normal form.
//!
//! * A sum collects the coefficients of equal terms: `u + 2*u - 3*u` is 0. Sums inside sums are dissolved.
//! * A product collects the exponents of equal bases: `x*x^2` is `x^3`. Rational coefficients move outward into the sum
//!   around the product; of sums inside products the most frequent coefficient moves outward, so that `2*x - 2*y`
//!   and `y - x` share a node.
//! * Odd and even functions lose the sign of their argument; values at 0, 1 and multiples of π/2 are exact.

use num_bigint::BigInt;
use num_traits::{One, Signed, ToPrimitive, Zero};

use super::function::{Function, Relation};
use super::graph::{Exponent, Expr, Graph, Node, Rational};

/// Numbers with more bits than this are not multiplied out.
const LARGEST_POWER_BITS: u64 = 4096;

impl Graph {
    /// `a + b`
    pub fn add(&mut self, a: Expr, b: Expr) -> Expr {
        self.sum([a, b])
    }

    /// `a - b`
    pub fn sub(&mut self, a: Expr, b: Expr) -> Expr {
        self.linear(Rational::zero(), [(a, Rational::one()), (b, -Rational::one())])
    }

    /// `-a`
    pub fn neg(&mut self, a: Expr) -> Expr {
        self.scale(-Rational::one(), a)
    }

    /// The sum of the terms.
    pub fn sum(&mut self, terms: impl IntoIterator<Item = Expr>) -> Expr {
        self.linear(Rational::zero(), terms.into_iter().map(|t| (t, Rational::one())))
    }

    /// `factor·a`
    pub fn scale(&mut self, factor: Rational, a: Expr) -> Expr {
        self.linear(Rational::zero(), [(a, factor)])
    }

    /// `constant + Σ coefficient·term`
    pub fn linear(&mut self, constant: Rational, terms: impl IntoIterator<Item = (Expr, Rational)>) -> Expr {
        let mut total = constant;
        let mut flat: Vec<(Expr, Rational)> = Vec::new();
        for (term, factor) in terms {
            match self.node(term) {
                _ if factor.is_zero() => {}
                Node::Rational(value) => total += value * factor,
                Node::Sum { constant, terms } => {
                    total += constant * &factor;
                    flat.extend(terms.iter().map(|(t, c)| (*t, c * &factor)));
                }
                _ => flat.push((term, factor)),
            }
        }
        flat.sort_by_key(|(t, _)| self.key(*t));
        let mut terms: Vec<(Expr, Rational)> = Vec::with_capacity(flat.len());
        for (term, coefficient) in flat {
            match terms.last_mut() {
                Some((last, sum)) if *last == term => *sum += coefficient,
                _ => terms.push((term, coefficient)),
            }
        }
        terms.retain(|(_, c)| !c.is_zero());
        match terms.as_slice() {
            [] => self.rational(total),
            [(term, one)] if total.is_zero() && one.is_one() => *term,
            _ => self.intern(Node::Sum { constant: total, terms }),
        }
    }

    /// `a·b`
    pub fn mul(&mut self, a: Expr, b: Expr) -> Expr {
        self.product([(a, Exponent::one()), (b, Exponent::one())])
    }

    /// `a/b`
    pub fn div(&mut self, a: Expr, b: Expr) -> Expr {
        self.product([(a, Exponent::one()), (b, -Exponent::one())])
    }

    /// `a^n`
    pub fn powi(&mut self, a: Expr, n: i64) -> Expr {
        self.product([(a, Exponent::from_integer(n))])
    }

    /// The square root.
    pub fn sqrt(&mut self, a: Expr) -> Expr {
        self.product([(a, Exponent::new(1, 2))])
    }

    /// `base^exponent`
    pub fn pow(&mut self, base: Expr, exponent: Expr) -> Expr {
        if let Some(rational) = self.as_rational(exponent)
            && let (Some(numerator), Some(denominator)) = (rational.numer().to_i64(), rational.denom().to_i64())
        {
            return self.product([(base, Exponent::new(numerator, denominator))]);
        }
        match self.node(base) {
            Node::Euler => self.call(Function::Exp, &[exponent]),
            Node::Rational(value) if value.is_one() => Self::ONE,
            _ => self.intern(Node::Power(base, exponent)),
        }
    }

    /// `Π base^exponent`
    pub fn product(&mut self, factors: impl IntoIterator<Item = (Expr, Exponent)>) -> Expr {
        let mut coefficient = Rational::one();
        let mut flat: Vec<(Expr, Exponent)> = Vec::new();
        for (base, exponent) in factors {
            self.push_factor(base, exponent, &mut coefficient, &mut flat);
        }
        if coefficient.is_zero() {
            return Self::ZERO;
        }
        flat.sort_by_key(|(b, _)| self.key(*b));
        let mut factors: Vec<(Expr, Exponent)> = Vec::with_capacity(flat.len());
        for (base, exponent) in flat {
            match factors.last_mut() {
                Some((last, sum)) if *last == base => match checked_add(*sum, exponent) {
                    Some(total) => *sum = total,
                    None => factors.push((base, exponent)),
                },
                _ => factors.push((base, exponent)),
            }
        }
        factors.retain(|(_, e)| !e.is_zero());
        let product = match factors.as_slice() {
            [] => return self.rational(coefficient),
            [(base, one)] if one.is_one() => *base,
            _ => self.intern(Node::Product(factors)),
        };
        self.scale(coefficient, product)
    }

    fn push_factor(
        &mut self,
        base: Expr,
        exponent: Exponent,
        coefficient: &mut Rational,
        flat: &mut Vec<(Expr, Exponent)>,
    ) {
        if exponent.is_zero() {
            return;
        }
        match self.node(base).clone() {
            Node::Rational(value) => match rational_power(&value, exponent) {
                Some(power) => *coefficient *= power,
                None => flat.push((base, exponent)),
            },
            Node::Product(inner) if exponent.is_integer() || inner.len() == 1 && inner[0].1.numer() % 2 != 0 => {
                match inner.iter().map(|(b, e)| checked_mul(*e, exponent).map(|e| (*b, e))).collect::<Option<Vec<_>>>()
                {
                    Some(inner) => flat.extend(inner),
                    None => flat.push((base, exponent)),
                }
            }
            Node::Sum { constant, terms } if exponent.is_integer() => {
                let content = content(&constant, &terms);
                let Some(power) = rational_power(&content, exponent).filter(|_| !content.is_one()) else {
                    flat.push((base, exponent));
                    return;
                };
                let primitive = self.scale(content.recip(), base);
                *coefficient *= power;
                if matches!(self.node(primitive), Node::Sum { .. }) {
                    flat.push((primitive, exponent));
                } else {
                    self.push_factor(primitive, exponent, coefficient, flat);
                }
            }
            _ => flat.push((base, exponent)),
        }
    }

    /// A function of the language applied to its arguments.
    ///
    /// # Panics
    /// If the number of arguments is not the arity of the function.
    pub fn call(&mut self, function: Function, arguments: &[Expr]) -> Expr {
        assert_eq!(arguments.len(), function.arity(), "arity of {}", function.name());
        if let [a, b] = *arguments {
            return self.extremum(function, a, b);
        }
        let argument = arguments[0];
        if let Some(value) = self.exact_value(function, argument) {
            return value;
        }
        if self.leads_with_minus(argument) {
            match parity(function) {
                Parity::Odd => {
                    let positive = self.neg(argument);
                    let value = self.call(function, &[positive]);
                    return self.neg(value);
                }
                Parity::Even => {
                    let positive = self.neg(argument);
                    return self.call(function, &[positive]);
                }
                Parity::None => {}
            }
        }
        self.intern(Node::Call(function, vec![argument]))
    }

    /// 1 where the relation holds, else 0.
    pub fn compare(&mut self, relation: Relation, a: Expr, b: Expr) -> Expr {
        if a == b {
            return if relation == Relation::Less { Self::ZERO } else { Self::ONE };
        }
        if let (Some(x), Some(y)) = (self.as_rational(a), self.as_rational(b)) {
            let holds = match relation {
                Relation::Equal => x == y,
                Relation::Less => x < y,
                Relation::LessEqual => x <= y,
            };
            return if holds { Self::ONE } else { Self::ZERO };
        }
        self.intern(Node::Compare(relation, a, b))
    }

    /// `then` where `condition` is not 0, else `otherwise`.
    pub fn select(&mut self, condition: Expr, then: Expr, otherwise: Expr) -> Expr {
        match self.as_rational(condition) {
            Some(value) if value.is_zero() => otherwise,
            Some(_) => then,
            None if then == otherwise => then,
            None => self.intern(Node::Select(condition, then, otherwise)),
        }
    }

    /// 1 where the condition does not hold, else 0.
    pub fn not(&mut self, condition: Expr) -> Expr {
        self.linear(Rational::one(), [(condition, -Rational::one())])
    }

    fn extremum(&mut self, function: Function, a: Expr, b: Expr) -> Expr {
        if a == b {
            return a;
        }
        if let (Some(x), Some(y)) = (self.as_rational(a), self.as_rational(b)) {
            let first = if function == Function::Min { x <= y } else { x >= y };
            return if first { a } else { b };
        }
        let mut arguments = vec![a, b];
        arguments.sort_by_key(|&e| self.key(e));
        self.intern(Node::Call(function, arguments))
    }

    fn exact_value(&mut self, function: Function, argument: Expr) -> Option<Expr> {
        use Function::{Abs, Acos, Asin, Atan, Cos, Cosh, Erf, Exp, Log, Sech, Sign, Sin, Sinh, Step, Tan, Tanh};
        if let Node::Call(inner, inside) = self.node(argument)
            && let (Exp, Log) | (Log, Exp) = (function, *inner)
        {
            return Some(inside[0]);
        }
        if let Some(value) = self.as_rational(argument).cloned() {
            return match function {
                Sin | Tan | Asin | Atan | Sinh | Tanh | Erf if value.is_zero() => Some(Self::ZERO),
                Cos | Cosh | Sech | Exp if value.is_zero() => Some(Self::ONE),
                Exp if value.is_one() => Some(self.euler()),
                Log | Acos if value.is_one() => Some(Self::ZERO),
                Abs => Some(self.rational(value.abs())),
                Sign => Some(self.rational(value.signum())),
                Step => Some(if value.is_negative() { Self::ZERO } else { Self::ONE }),
                _ => None,
            };
        }
        if matches!(self.node(argument), Node::Euler) && function == Log {
            return Some(Self::ONE);
        }
        let quarter_turns = self.multiple_of_half_pi(argument)?;
        let value = match (function, quarter_turns) {
            (Sin, 0 | 2) | (Cos, 1 | 3) | (Tan, 0 | 2) => 0,
            (Sin, 1) | (Cos, 0) => 1,
            (Sin, 3) | (Cos, 2) => -1,
            _ => return None,
        };
        Some(self.integer(value))
    }

    /// k modulo 4 where the formula is k·π/2.
    fn multiple_of_half_pi(&self, expr: Expr) -> Option<i64> {
        let factor = match self.node(expr) {
            Node::Pi => Rational::one(),
            Node::Sum { constant, terms } if constant.is_zero() && terms.len() == 1 => {
                matches!(self.node(terms[0].0), Node::Pi).then(|| terms[0].1.clone())?
            }
            _ => return None,
        };
        let turns = factor * Rational::from_integer(2.into());
        let four = BigInt::from(4);
        turns.is_integer().then(|| ((turns.to_integer() % &four + &four) % four).to_i64())?
    }

    fn leads_with_minus(&self, expr: Expr) -> bool {
        match self.node(expr) {
            Node::Rational(value) => value.is_negative(),
            Node::Sum { terms, .. } => terms[0].1.is_negative(),
            _ => false,
        }
    }
}

enum Parity {
    Odd,
    Even,
    None,
}

fn parity(function: Function) -> Parity {
    use Function::{Abs, Asin, Atan, Cos, Cosh, Erf, Sech, Sign, Sin, Sinh, Tan, Tanh};
    match function {
        Sin | Tan | Asin | Atan | Sinh | Tanh | Erf | Sign => Parity::Odd,
        Cos | Cosh | Sech | Abs => Parity::Even,
        _ => Parity::None,
    }
}

/// The rational factor that moves out of a sum inside a product, with the sign of the first term: the most frequent
/// magnitude of its coefficients, or where there are several, what makes them coprime whole numbers (the least of them,
/// where those would not be doubles). What is left is the same for all multiples of a sum, and most often the sum itself,
/// as it stands elsewhere.
fn content(constant: &Rational, terms: &[(Expr, Rational)]) -> Rational {
    let parts = || terms.iter().map(|(_, c)| c).chain((!constant.is_zero()).then_some(constant));
    let magnitude = most_frequent_magnitude(parts()).unwrap_or_else(|| {
        let numerators = parts().fold(BigInt::zero(), |gcd, c| num_integer_gcd(&gcd, c.numer()));
        let denominators = parts().fold(BigInt::one(), |lcm, c| {
            let gcd = num_integer_gcd(&lcm, c.denom());
            lcm * c.denom() / gcd
        });
        let content = Rational::new(numerators, denominators);
        let exact = |c: &Rational| (c / &content).numer().bits() <= f64::MANTISSA_DIGITS.into();
        if parts().all(exact) { content } else { parts().map(Rational::abs).min().unwrap_or_else(Rational::one) }
    });
    magnitude * terms[0].1.signum()
}

/// The magnitude that occurs more often than any other.
fn most_frequent_magnitude<'a>(numbers: impl Iterator<Item = &'a Rational>) -> Option<Rational> {
    let mut magnitudes: Vec<Rational> = numbers.map(Rational::abs).collect();
    magnitudes.sort_unstable();
    let runs: Vec<&[Rational]> = magnitudes.chunk_by(|a, b| a == b).collect();
    let most = runs.iter().map(|run| run.len()).max()?;
    let mut longest = runs.iter().filter(|run| run.len() == most);
    longest.next().filter(|_| longest.next().is_none()).map(|run| run[0].clone())
}

fn num_integer_gcd(a: &BigInt, b: &BigInt) -> BigInt {
    let (mut a, mut b) = (a.abs(), b.abs());
    while !b.is_zero() {
        (a, b) = (b.clone(), a % &b);
    }
    a
}

/// `value^exponent` where it is a rational number of moderate size.
fn rational_power(value: &Rational, exponent: Exponent) -> Option<Rational> {
    if value.is_one() {
        return Some(Rational::one());
    }
    if exponent.is_negative() && value.is_zero() {
        return None;
    }
    if value.is_zero() {
        return Some(Rational::zero());
    }
    let root = u32::try_from(*exponent.denom()).ok().filter(|&d| d <= 64)?;
    let base = if root == 1 { value.clone() } else { exact_root(value, root)? };
    let bits = base.numer().bits().max(base.denom().bits());
    let power = exponent.numer().unsigned_abs();
    if bits.saturating_mul(power) > LARGEST_POWER_BITS {
        return None;
    }
    let magnitude = Rational::new(base.numer().pow(power as u32), base.denom().pow(power as u32));
    Some(if exponent.is_negative() { magnitude.recip() } else { magnitude })
}

fn exact_root(value: &Rational, root: u32) -> Option<Rational> {
    if value.is_negative() {
        return None;
    }
    let (numerator, denominator) = (value.numer().nth_root(root), value.denom().nth_root(root));
    (numerator.pow(root) == *value.numer() && denominator.pow(root) == *value.denom())
        .then(|| Rational::new(numerator, denominator))
}

fn checked_add(a: Exponent, b: Exponent) -> Option<Exponent> {
    use num_traits::CheckedAdd;
    a.checked_add(&b)
}

fn checked_mul(a: Exponent, b: Exponent) -> Option<Exponent> {
    use num_traits::CheckedMul;
    a.checked_mul(&b)
}
