//! What an activation does to jets, as formulas.
//!
//! With z the jet that enters an activation σ, the channel L of the jet that leaves it is `L[σ(z)]`. Write z̃ for z without
//! its value and `B_m(L) = L[z̃^m]/m!` (Bell's polynomials); then by Taylor's series
//!
//! ```text
//! L[σ⁽ᵏ⁾(z)] = Σ_{m ≥ 1} σ⁽ᵏ⁺ᵐ⁾(z) B_m(L),      B_1(L) = z_L,      m B_m(L) = Σ a_jk B_{m-1}(L_j) z_k
//! ```
//!
//! with the numbers a_jk of the [product rule](super::jets). For a Laplacian: `Δ[σ(z)] = σ'(z) Δz + σ''(z) |∇z|²`. The
//! derivative of a channel in another is that of a product with the slopes `T(L) = L[σ'(z)]`, since dσ(z) = σ'(z) dz. So
//! a forward sweep that keeps T has all that the reverse sweep needs, whatever the activation.
//!
//! The derivatives σ⁽ᵏ⁾ are polynomials in one or two functions of z (the tanh itself; sine and cosine; the sigmoid; the
//! normal distribution and its density), so that one or two block math calls give all orders.

use num_traits::{One, Zero};

use super::definitions::Definitions;
use super::jets::JetPlan;
use super::pointwise::PointwisePrograms;
use super::spec::Activation;
use crate::expr::{Exponent, Expr, Function, Graph, Rational, Symbol};

/// Builds the formulas of an activation on the channels of a plan: `L[σ(z)]`; saved are the slopes `T(L)`; the reverse
/// program is `z̄_k = Σ_L Σ_j a_jk T(L_j) ā_L`.
pub(super) fn activation_programs(activation: Activation, plan: &JetPlan) -> PointwisePrograms {
    let mut graph = Graph::new();
    let count = plan.len();
    // Slots: the channels of z, the slopes, the cotangents; then definitions.
    let slots = |block: usize| (block * count..(block + 1) * count).map(|slot| Symbol::Slot(slot as u32));
    let mut definitions = Definitions::from_slot(3 * count);
    let z = graph.slot(0);
    let derivatives = derivatives(&mut graph, &mut definitions, activation, z, plan.order() + 1);
    let bell = bell_polynomials(&mut graph, &mut definitions, plan);
    let mut series = |k: usize, channel: usize| {
        let terms = bell[channel].iter().enumerate().map(|(m, &b)| (derivatives[k + m + 1], b, Rational::one()));
        if channel == 0 { derivatives[k] } else { definitions.sum_of_products(&mut graph, terms) }
    };
    let value = (0..count).map(|channel| series(0, channel)).collect();
    let saved = (0..count).map(|channel| series(1, channel)).collect();
    let reverse = cotangents(&mut graph, &mut definitions, plan);
    let (incoming, reverse_inputs) = (slots(0).collect(), slots(1).chain(slots(2)).collect());
    PointwisePrograms { graph, definitions, incoming, value, saved, reverse_inputs, reverse }
}

/// `B_1(L), B_2(L), ...` of each channel.
fn bell_polynomials(graph: &mut Graph, definitions: &mut Definitions, plan: &JetPlan) -> Vec<Vec<Expr>> {
    let splits = plan.splits();
    let mut bell: Vec<Vec<Expr>> = (0..plan.len()).map(|channel| vec![graph.slot(channel)]).collect();
    let degrees: Vec<Option<Vec<u8>>> = (0..plan.len()).map(|channel| plan.degrees(channel)).collect();
    for m in 2..=plan.order() {
        let mut next = vec![Graph::ZERO; plan.len()];
        for channel in (1..plan.len()).filter(|&channel| plan.channels()[channel].order() >= m) {
            let whole = |numerator: u8, denominator: u8| Rational::new(numerator.into(), denominator.into());
            let share = |second: usize| match &degrees[channel] {
                Some(degrees) => whole(degrees[second], degrees[channel]),
                None => whole(1, m as u8),
            };
            // z̃ has no value, and so no power of it has any.
            let proper = splits[channel].iter().filter(|split| split.first != 0 && split.second != 0);
            let terms = proper.filter_map(|split| {
                let lower = *bell[split.first].get(m - 2)?;
                Some((lower, bell[split.second][0], &split.factor * share(split.second)))
            });
            let sum = definitions.sum_of_products(graph, terms.collect::<Vec<_>>());
            next[channel] = definitions.named(graph, sum);
        }
        for (channel, polynomial) in next.into_iter().enumerate().filter(|(_, b)| *b != Graph::ZERO) {
            bell[channel].push(polynomial);
        }
    }
    bell
}

fn cotangents(graph: &mut Graph, definitions: &mut Definitions, plan: &JetPlan) -> Vec<Expr> {
    let count = plan.len();
    let mut terms = vec![Vec::new(); count];
    for (channel, splits) in plan.splits().into_iter().enumerate() {
        for split in splits {
            let incoming = graph.slot(2 * count + channel);
            let scaled = graph.scale(split.factor, incoming);
            let scaled = definitions.named(graph, scaled);
            terms[split.second].push((graph.slot(count + split.first), scaled, Rational::one()));
        }
    }
    terms.into_iter().map(|terms| definitions.sum_of_products(graph, terms)).collect()
}

/// σ, σ', ..., σ^(order) as formulas of z.
fn derivatives(
    graph: &mut Graph,
    definitions: &mut Definitions,
    activation: Activation,
    z: Expr,
    order: usize,
) -> Vec<Expr> {
    let found = match activation {
        Activation::Tanh => {
            let t = graph.call(Function::Tanh, &[z]);
            // t' = 1 - t²
            function_of_itself(graph, definitions, t, &[1, 0, -1], order)
        }
        Activation::Sigmoid => sigmoid_derivatives(graph, definitions, z, order),
        Activation::Sin => {
            let (sin, cos) = (graph.call(Function::Sin, &[z]), graph.call(Function::Cos, &[z]));
            let (minus_sin, minus_cos) = (graph.neg(sin), graph.neg(cos));
            [sin, cos, minus_sin, minus_cos].into_iter().cycle().take(order + 1).collect()
        }
        Activation::Softplus => {
            let value = softplus(graph, z);
            let slopes = sigmoid_derivatives(graph, definitions, z, order - 1);
            std::iter::once(value).chain(slopes).collect()
        }
        Activation::Swish => {
            // (z s)^(k) = z s^(k) + k s^(k-1)
            let s = sigmoid_derivatives(graph, definitions, z, order);
            let mut found = Vec::with_capacity(order + 1);
            for k in 0..=order {
                let first = graph.mul(z, s[k]);
                let second = if k == 0 { Graph::ZERO } else { s[k - 1] };
                found.push(
                    graph.linear(Rational::zero(), [(first, Rational::one()), (second, (k as i64).into_rational())]),
                );
            }
            found
        }
        Activation::Gelu => gelu_derivatives(graph, definitions, z, order),
        Activation::Relu => {
            let value = graph.call(Function::Max, &[z, Graph::ZERO]);
            let slope = graph.call(Function::Step, &[z]);
            [value, slope].into_iter().chain(std::iter::repeat(Graph::ZERO)).take(order + 1).collect()
        }
    };
    found.into_iter().map(|derivative| definitions.named(graph, derivative)).collect()
}

trait IntoRational {
    fn into_rational(self) -> Rational;
}

impl IntoRational for i64 {
    fn into_rational(self) -> Rational {
        Rational::from_integer(self.into())
    }
}

fn sigmoid_derivatives(graph: &mut Graph, definitions: &mut Definitions, z: Expr, order: usize) -> Vec<Expr> {
    let minus = graph.neg(z);
    let exp = graph.call(Function::Exp, &[minus]);
    let denominator = graph.add(Graph::ONE, exp);
    let s = graph.powi(denominator, -1);
    // s' = s - s²
    function_of_itself(graph, definitions, s, &[0, 1, -1], order)
}

/// f and its derivatives, where f' is a polynomial `slope` in f: `f^(k) = f' q_k(f)`, and `q_{k+1}` is the derivative of
/// the polynomial `slope·q_k`.
fn function_of_itself(
    graph: &mut Graph,
    definitions: &mut Definitions,
    f: Expr,
    slope: &[i64],
    order: usize,
) -> Vec<Expr> {
    let f = definitions.named(graph, f);
    let first = dense_horner(graph, slope.iter().copied(), f);
    let first = definitions.named(graph, first);
    let mut found = vec![f, first];
    let mut q = vec![1];
    while found.len() <= order {
        q = polynomial_derivative(&polynomial_product(slope, &q));
        let factor = horner(graph, &q, f);
        let derivative = graph.mul(first, factor);
        found.push(definitions.named(graph, derivative));
    }
    found.truncate(order + 1);
    found
}

/// `log(1 + exp(z))` without overflow: `max(z, 0) + log(1 + exp(-|z|))`.
fn softplus(graph: &mut Graph, z: Expr) -> Expr {
    let magnitude = graph.call(Function::Abs, &[z]);
    let minus = graph.neg(magnitude);
    let exp = graph.call(Function::Exp, &[minus]);
    let inside = graph.add(Graph::ONE, exp);
    let log = graph.call(Function::Log, &[inside]);
    let positive = graph.call(Function::Max, &[z, Graph::ZERO]);
    graph.add(positive, log)
}

/// `z Φ(z)` with the normal distribution Φ and its density φ: `σ' = Φ + z φ`, `σ^(k) = g_k(z) φ` for k ≥ 2 with
/// `g_2 = 2 - z²`, `g_{k+1} = g_k' - z g_k`.
fn gelu_derivatives(graph: &mut Graph, definitions: &mut Definitions, z: Expr, order: usize) -> Vec<Expr> {
    let half = Rational::new(1.into(), 2.into());
    let two = graph.integer(2);
    let scaled = graph.product([(z, Exponent::one()), (two, Exponent::new(-1, 2))]);
    let erf = graph.call(Function::Erf, &[scaled]);
    let distribution = graph.linear(half.clone(), [(erf, half.clone())]);
    let distribution = definitions.named(graph, distribution);
    let square = graph.powi(z, 2);
    let exponent = graph.scale(-half, square);
    let exp = graph.call(Function::Exp, &[exponent]);
    let pi = graph.pi();
    let density = graph.product([(exp, Exponent::one()), (two, Exponent::new(-1, 2)), (pi, Exponent::new(-1, 2))]);
    let density = definitions.named(graph, density);
    let value = graph.mul(z, distribution);
    let along = graph.mul(z, density);
    let slope = graph.add(distribution, along);
    let mut found = vec![value, slope];
    let mut g = vec![2, 0, -1];
    while found.len() <= order {
        let factor = horner(graph, &g, z);
        found.push(graph.mul(factor, density));
        let mut next = vec![0; g.len() + 1];
        for (k, &c) in g.iter().enumerate() {
            if k > 0 {
                next[k - 1] += c * k as i64;
            }
            next[k + 1] -= c;
        }
        g = next;
    }
    found
}

fn polynomial_product(a: &[i64], b: &[i64]) -> Vec<i64> {
    let mut product = vec![0; a.len() + b.len() - 1];
    for (i, x) in a.iter().enumerate() {
        b.iter().enumerate().for_each(|(j, y)| product[i + j] += x * y);
    }
    product
}

fn polynomial_derivative(p: &[i64]) -> Vec<i64> {
    p.iter().enumerate().skip(1).map(|(k, c)| c * k as i64).collect()
}

/// A polynomial by Horner's rule; in the square where only even or only odd powers occur.
fn horner(graph: &mut Graph, coefficients: &[i64], x: Expr) -> Expr {
    let occurs = |parity: usize| coefficients.iter().enumerate().any(|(k, c)| *c != 0 && k % 2 == parity);
    match (occurs(0), occurs(1)) {
        (true, true) => dense_horner(graph, coefficients.iter().copied(), x),
        (true, false) => {
            let square = graph.powi(x, 2);
            dense_horner(graph, coefficients.iter().copied().step_by(2), square)
        }
        (false, _) => {
            let square = graph.powi(x, 2);
            let even = dense_horner(graph, coefficients.iter().copied().skip(1).step_by(2), square);
            graph.mul(x, even)
        }
    }
}

fn dense_horner(graph: &mut Graph, coefficients: impl DoubleEndedIterator<Item = i64>, x: Expr) -> Expr {
    coefficients.rev().fold(Graph::ZERO, |sum, c| {
        let product = graph.mul(sum, x);
        graph.linear(c.into_rational(), [(product, Rational::one())])
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::MultiIndex;
    use crate::network::jets::tests::plans;

    /// σ and its derivatives at a point against central differences of the order below.
    #[test]
    fn derivatives_agree_with_differences() {
        for activation in Activation::ALL {
            let (mut graph, mut definitions) = (Graph::new(), Definitions::from_slot(1));
            let z = graph.slot(0);
            let d = derivatives(&mut graph, &mut definitions, activation, z, 5);
            let d: Vec<Expr> = d.into_iter().map(|e| definitions.expanded(&mut graph, e)).collect();
            if graph.symbols(&d).is_empty() {
                panic!("{} does not depend on its argument", activation.name());
            }
            for at in [-1.7, -0.4, 0.3, 1.1] {
                let value = |x: f64| graph.evaluate(&d, |_| x);
                let (low, here, high) = (value(at - 1e-4), value(at), value(at + 1e-4));
                for k in 1..=5 {
                    let difference = (high[k - 1] - low[k - 1]) / 2e-4;
                    assert!((here[k] - difference).abs() < 1e-6, "{} order {k} at {at}", activation.name());
                }
            }
        }
    }

    /// The jets of σ(z(x, y, w)) for a known z against direct differentiation.
    #[test]
    fn chain_rule_agrees_with_direct_differentiation() {
        for plan in plans() {
            let mut p = activation_programs(Activation::Tanh, &plan);
            let [x, y, w] = [0, 1, 2].map(|axis| p.graph.coordinate(axis));
            let (sin, xy, square) = (p.graph.call(Function::Sin, &[x]), p.graph.mul(x, y), p.graph.powi(w, 2));
            let product = p.graph.mul(square, x);
            let inner = p.graph.sum([sin, xy, product, w]);
            let composed = p.graph.call(Function::Tanh, &[inner]);
            let graph = &mut p.graph;
            let along = |graph: &mut Graph, e: Expr, index: &MultiIndex| {
                index.axes().fold(e, |e, axis| graph.total_derivative(e, axis, |_| false))
            };
            let mut applied = |e: Expr| -> Vec<Expr> {
                let apply = |channel: &crate::network::Operator| {
                    let terms: Vec<_> =
                        channel.terms().iter().map(|(index, c)| (along(graph, e, index), c.clone())).collect();
                    graph.linear(Rational::zero(), terms)
                };
                plan.channels().iter().map(apply).collect()
            };
            let (jets, direct) = (applied(inner), applied(composed));
            for (channel, (&found, direct)) in p.value.clone().iter().zip(direct).enumerate() {
                let found = p.definitions.expanded(&mut p.graph, found);
                let found = p.graph.substitute(found, |_, symbol| match symbol {
                    Symbol::Slot(slot) => Some(jets[*slot as usize]),
                    _ => None,
                });
                let at = |s: &Symbol| match s {
                    Symbol::Coordinate(axis) => [0.3, -0.8, 0.6][usize::from(*axis)],
                    _ => f64::NAN,
                };
                let values = p.graph.evaluate(&[direct, found], at);
                let close = (values[0] - values[1]).abs() < 1e-12 * values[0].abs().max(1.0);
                assert!(close, "{:?} {values:?}", plan.channels()[channel]);
            }
        }
    }
}
