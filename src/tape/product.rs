//! Products: powers by squaring, and divisions shared between products.
//!
//! A division costs as much as eight multiplications. A denominator that occurs in one product is divided by; one that
//! occurs in several is inverted once and multiplied with, and denominators that always occur together are inverted
//! together.

use num_traits::{One, Signed, ToPrimitive};
use rustc_hash::FxHashMap;

use super::builder::Builder;
use super::op::{Binary, Op, Unary, Value};
use crate::expr::{Exponent, Expr, Graph, Node};

/// Larger powers go to the math function.
const LARGEST_SQUARING: i64 = 512;

/// `coefficient · a · b`, the last multiplication not done yet; without `b` there is none to do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scaled {
    pub coefficient: f64,
    pub a: Value,
    pub b: Option<Value>,
}

impl Scaled {
    /// 1 times a value.
    pub fn plain(value: Value) -> Self {
        Self { coefficient: 1.0, a: value, b: None }
    }

    /// The product without its coefficient.
    pub fn body(&self, builder: &mut Builder) -> Value {
        match self.b {
            Some(b) => builder.mul(self.a, b),
            None => self.a,
        }
    }

    /// The whole product.
    pub fn value(&self, builder: &mut Builder) -> Value {
        let body = self.body(builder);
        if self.coefficient == 1.0 {
            body
        } else if self.coefficient == -1.0 {
            builder.unary(Unary::Neg, body)
        } else {
            let coefficient = builder.constant(self.coefficient);
            builder.mul(coefficient, body)
        }
    }
}

/// Denominators that occur in the same products with the same exponents.
struct Group {
    /// What is inverted: the product of these powers.
    unit: Vec<(Expr, Exponent)>,
    /// The power of the inverse in each product, as often as there are products.
    powers: Vec<(Expr, u64)>,
    inverse: Option<Value>,
}

impl Group {
    fn is_shared(&self) -> bool {
        self.powers.len() > 1
    }

    fn power_in(&self, product: Expr) -> u64 {
        self.powers.iter().find(|(p, _)| *p == product).map_or(1, |(_, power)| *power)
    }
}

/// The denominators of all products of a tape.
pub(super) struct Denominators {
    groups: Vec<Group>,
    group_of: FxHashMap<Expr, usize>,
}

impl Denominators {
    /// Finds which denominators are shared; `order` lists the formulas of the tape.
    pub fn new(graph: &Graph, order: &[Expr]) -> Self {
        let mut places: FxHashMap<Expr, Vec<(Expr, Exponent)>> = FxHashMap::default();
        let mut bases = Vec::new();
        for &product in order {
            let Node::Product(factors) = graph.node(product) else { continue };
            for (base, exponent) in factors.iter().filter(|(_, e)| is_denominator(*e)) {
                let of_base = places.entry(*base).or_default();
                if of_base.is_empty() {
                    bases.push(*base);
                }
                of_base.push((product, -*exponent));
            }
        }
        let mut found = Self { groups: Vec::new(), group_of: FxHashMap::default() };
        let mut group_with: FxHashMap<Vec<(Expr, u64)>, usize> = FxHashMap::default();
        for base in bases {
            let (unit, powers) = profile(&places[&base]);
            let next = found.groups.len();
            let group = *group_with.entry(powers.clone()).or_insert(next);
            if group == next {
                found.groups.push(Group { unit: Vec::new(), powers, inverse: None });
            }
            found.groups[group].unit.push((base, unit));
            found.group_of.insert(base, group);
        }
        found
    }

    /// The product of the factors; `values` has the value of every base.
    pub fn product(
        &mut self,
        builder: &mut Builder,
        product: Expr,
        factors: &[(Expr, Exponent)],
        values: &FxHashMap<Expr, Value>,
    ) -> Scaled {
        let mut coefficient = 1.0;
        let mut above: Vec<(Value, Option<Value>)> = Vec::new();
        let mut below: Vec<Value> = Vec::new();
        let mut inverted: Vec<usize> = Vec::new();
        for &(base, exponent) in factors {
            let value = values[&base];
            if builder.as_constant(value).is_some() {
                let power = signed_power(builder, value, exponent);
                coefficient *= builder.as_constant(power).unwrap_or(f64::NAN);
            } else if !is_denominator(exponent) {
                above.push(power_parts(builder, value, exponent));
            } else if let Some(&group) = self.group_of.get(&base).filter(|g| self.groups[**g].is_shared()) {
                if !inverted.contains(&group) {
                    inverted.push(group);
                    let inverse = self.inverse(builder, group, values);
                    above.push(builder.power_parts(inverse, self.groups[group].power_in(product)));
                }
            } else {
                below.push(power(builder, value, -exponent));
            }
        }
        quotient(builder, coefficient, &above, &below)
    }

    fn inverse(&mut self, builder: &mut Builder, group: usize, values: &FxHashMap<Expr, Value>) -> Value {
        if let Some(inverse) = self.groups[group].inverse {
            return inverse;
        }
        let mut factors = Vec::new();
        for (base, exponent) in &self.groups[group].unit {
            // A constant goes to the coefficient of each product.
            if builder.as_constant(values[base]).is_none() {
                factors.push(power(builder, values[base], *exponent));
            }
        }
        let denominator = chain(builder, &factors);
        let one = builder.constant(1.0);
        let inverse = builder.binary(Binary::Div, one, denominator);
        self.groups[group].inverse = Some(inverse);
        inverse
    }
}

/// Splits the exponents of a base into what is inverted once and the power of it in each product.
fn profile(places: &[(Expr, Exponent)]) -> (Exponent, Vec<(Expr, u64)>) {
    let first = places[0].1;
    let unit = if places.iter().all(|(_, e)| *e == first) {
        first
    } else if places.iter().all(|(_, e)| e.is_integer()) {
        Exponent::one()
    } else {
        Exponent::new(1, 2)
    };
    (unit, places.iter().map(|(product, e)| (*product, (*e / unit).to_integer().unsigned_abs())).collect())
}

fn quotient(builder: &mut Builder, coefficient: f64, above: &[(Value, Option<Value>)], below: &[Value]) -> Scaled {
    if below.is_empty() {
        let (a, b) = match above {
            [] => (builder.constant(1.0), None),
            [only] => *only,
            [first @ .., last] => {
                let first = multiplied(builder, first);
                (chain(builder, &first), Some(multiplied(builder, &[*last])[0]))
            }
        };
        return Scaled { coefficient, a, b };
    }
    let denominator = chain(builder, below);
    if above.is_empty() {
        let numerator = builder.constant(coefficient);
        return Scaled::plain(builder.binary(Binary::Div, numerator, denominator));
    }
    let numerators = multiplied(builder, above);
    let numerator = chain(builder, &numerators);
    Scaled { coefficient, a: builder.binary(Binary::Div, numerator, denominator), b: None }
}

fn multiplied(builder: &mut Builder, parts: &[(Value, Option<Value>)]) -> Vec<Value> {
    parts.iter().map(|&(a, b)| b.map_or(a, |b| builder.mul(a, b))).collect()
}

fn chain(builder: &mut Builder, factors: &[Value]) -> Value {
    let [first, rest @ ..] = factors else { return builder.constant(1.0) };
    rest.iter().fold(*first, |product, factor| builder.mul(product, *factor))
}

/// Whether a factor is divided by, rather than multiplied with.
fn is_denominator(exponent: Exponent) -> bool {
    exponent.is_negative() && is_squared(exponent)
}

/// Whether a power is made of multiplications and a square root.
fn is_squared(exponent: Exponent) -> bool {
    *exponent.denom() <= 2 && exponent.numer().abs() <= LARGEST_SQUARING
}

fn signed_power(builder: &mut Builder, base: Value, exponent: Exponent) -> Value {
    if !is_denominator(exponent) {
        return power(builder, base, exponent);
    }
    let positive = power(builder, base, -exponent);
    let one = builder.constant(1.0);
    builder.binary(Binary::Div, one, positive)
}

fn power(builder: &mut Builder, base: Value, exponent: Exponent) -> Value {
    let (a, b) = power_parts(builder, base, exponent);
    b.map_or(a, |b| builder.mul(a, b))
}

/// A power as its last multiplication; of a negative exponent only if it goes to the math function.
fn power_parts(builder: &mut Builder, base: Value, exponent: Exponent) -> (Value, Option<Value>) {
    if !is_squared(exponent) {
        let exponent = exponent.to_f64().unwrap_or(f64::NAN);
        let exponent = builder.constant(exponent);
        return (builder.push(Op::Pow(base, exponent)), None);
    }
    let whole = exponent.to_integer().unsigned_abs();
    if exponent.is_integer() {
        return builder.power_parts(base, whole);
    }
    let root = builder.unary(Unary::Sqrt, base);
    if whole == 0 { (root, None) } else { (builder.power(base, whole), Some(root)) }
}
