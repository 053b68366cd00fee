//! What an activation does to jets, as formulas.
//!
//! With z the jet that enters an activation σ, the jet that leaves it is `a_α = D^α σ(z)`. Write `T_k(γ) = D^γ σ⁽ᵏ⁾(z)`;
//! then (Leibniz on `D^γ σ⁽ᵏ⁾(z) = D^(γ-e)(σ⁽ᵏ⁺¹⁾(z) z_e)`, e any axis of γ)
//!
//! ```text
//! T_k(γ) = Σ_{β ≤ γ-e} C(γ-e, β) T_{k+1}(β) z_{γ-β},      T_k(0) = σ⁽ᵏ⁾(z)
//! ```
//!
//! and the derivative of one channel in another is `∂a_α/∂z_β = C(α, β) T_1(α-β)`. So a forward sweep that keeps `T_1`
//! has all that the reverse sweep needs, whatever the activation.
//!
//! The derivatives σ⁽ᵏ⁾ are polynomials in one or two functions of z (the tanh itself; sine and cosine; the sigmoid; the
//! normal distribution and its density), so that one or two block math calls give all orders.

use num_traits::{One, Zero};
use rustc_hash::FxHashMap;

use super::jets::{JetPlan, binomial, difference};
use super::pointwise::PointwisePrograms;
use super::spec::Activation;
use crate::expr::{Exponent, Expr, Function, Graph, Jet, MultiIndex, Rational, Symbol};

/// Builds the formulas of an activation on the channels of a plan: `a_α`; saved are the slopes `T_1(γ)`; the reverse
/// program is `z̄_β = Σ_α C(α, β) T_1(α-β) ā_α`.
pub(super) fn activation_programs(activation: Activation, plan: &JetPlan) -> PointwisePrograms {
    let mut graph = Graph::new();
    let incoming: Vec<Symbol> = plan.channels().iter().map(|c| Symbol::Jet(Jet::new(0, c.clone()))).collect();
    let z = graph.symbol(incoming[0].clone());
    let derivatives = derivatives(&mut graph, activation, z, plan.order() + 1);
    let mut chain = Chain { graph, derivatives, memo: FxHashMap::default() };
    let value = plan.channels().iter().map(|alpha| chain.derivative(0, alpha)).collect();
    let saved = plan.channels().iter().map(|gamma| chain.derivative(1, gamma)).collect();
    let mut graph = chain.graph;
    let count = plan.len();
    let reverse_inputs: Vec<Symbol> = (0..2 * count).map(|slot| Symbol::Slot(slot as u32)).collect();
    let reverse = plan.channels().iter().map(|beta| cotangent(&mut graph, plan, beta)).collect();
    PointwisePrograms { graph, incoming, value, saved, reverse_inputs, reverse }
}

fn cotangent(graph: &mut Graph, plan: &JetPlan, beta: &MultiIndex) -> Expr {
    let mut terms = Vec::new();
    for (i, alpha) in plan.channels().iter().enumerate() {
        let factor = binomial(alpha, beta);
        if factor == 0 {
            continue;
        }
        let slope = plan.position(&difference(alpha, beta)).expect("plans are closed downward");
        let (slope, incoming) = (graph.slot(slope), graph.slot(plan.len() + i));
        terms.push((graph.mul(slope, incoming), Rational::from_integer(factor.into())));
    }
    graph.linear(Rational::zero(), terms)
}

/// The table `T_k(γ)`.
struct Chain {
    graph: Graph,
    derivatives: Vec<Expr>,
    memo: FxHashMap<(usize, MultiIndex), Expr>,
}

impl Chain {
    fn derivative(&mut self, k: usize, gamma: &MultiIndex) -> Expr {
        let Some(axis) = gamma.axes().last() else { return self.derivatives[k] };
        if let Some(&known) = self.memo.get(&(k, gamma.clone())) {
            return known;
        }
        let rest = gamma.lowered(axis).expect("the axis is one of the index");
        let mut terms = Vec::new();
        for beta in below(&rest) {
            let outer = self.derivative(k + 1, &beta);
            let inner = self.graph.jet(0, difference(gamma, &beta));
            let factor = Rational::from_integer(binomial(&rest, &beta).into());
            terms.push((self.graph.mul(outer, inner), factor));
        }
        let sum = self.graph.linear(Rational::zero(), terms);
        self.memo.insert((k, gamma.clone()), sum);
        sum
    }
}

/// All β ≤ α.
fn below(alpha: &MultiIndex) -> Vec<MultiIndex> {
    let mut found = vec![MultiIndex::zero()];
    for (axis, &order) in alpha.orders().iter().enumerate() {
        found = found.iter().flat_map(|b| (0..=order).map(move |o| b.raised(axis, o))).collect();
    }
    found
}

/// σ, σ', ..., σ^(order) as formulas of z.
fn derivatives(graph: &mut Graph, activation: Activation, z: Expr, order: usize) -> Vec<Expr> {
    match activation {
        Activation::Tanh => {
            let t = graph.call(Function::Tanh, &[z]);
            // t' = 1 - t²
            polynomials(order, vec![0, 1], &[1, 0, -1]).iter().map(|p| horner(graph, p, t)).collect()
        }
        Activation::Sigmoid => sigmoid_derivatives(graph, z, order),
        Activation::Sin => {
            let (sin, cos) = (graph.call(Function::Sin, &[z]), graph.call(Function::Cos, &[z]));
            let (minus_sin, minus_cos) = (graph.neg(sin), graph.neg(cos));
            [sin, cos, minus_sin, minus_cos].into_iter().cycle().take(order + 1).collect()
        }
        Activation::Softplus => {
            let value = softplus(graph, z);
            let slopes = sigmoid_derivatives(graph, z, order - 1);
            std::iter::once(value).chain(slopes).collect()
        }
        Activation::Swish => {
            // (z s)^(k) = z s^(k) + k s^(k-1)
            let s = sigmoid_derivatives(graph, z, order);
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
        Activation::Gelu => gelu_derivatives(graph, z, order),
        Activation::Relu => {
            let value = graph.call(Function::Max, &[z, Graph::ZERO]);
            let slope = graph.call(Function::Step, &[z]);
            [value, slope].into_iter().chain(std::iter::repeat(Graph::ZERO)).take(order + 1).collect()
        }
    }
}

trait IntoRational {
    fn into_rational(self) -> Rational;
}

impl IntoRational for i64 {
    fn into_rational(self) -> Rational {
        Rational::from_integer(self.into())
    }
}

fn sigmoid_derivatives(graph: &mut Graph, z: Expr, order: usize) -> Vec<Expr> {
    let minus = graph.neg(z);
    let exp = graph.call(Function::Exp, &[minus]);
    let denominator = graph.add(Graph::ONE, exp);
    let s = graph.powi(denominator, -1);
    // s' = s - s²
    polynomials(order, vec![0, 1], &[0, 1, -1]).iter().map(|p| horner(graph, p, s)).collect()
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
fn gelu_derivatives(graph: &mut Graph, z: Expr, order: usize) -> Vec<Expr> {
    let half = Rational::new(1.into(), 2.into());
    let two = graph.integer(2);
    let scaled = graph.product([(z, Exponent::one()), (two, Exponent::new(-1, 2))]);
    let erf = graph.call(Function::Erf, &[scaled]);
    let distribution = graph.linear(half.clone(), [(erf, half.clone())]);
    let square = graph.powi(z, 2);
    let exponent = graph.scale(-half, square);
    let exp = graph.call(Function::Exp, &[exponent]);
    let pi = graph.pi();
    let density = graph.product([(exp, Exponent::one()), (two, Exponent::new(-1, 2)), (pi, Exponent::new(-1, 2))]);
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

/// The polynomials p, p', p'', ... in a function f of z whose slope is the polynomial `slope` in f.
fn polynomials(order: usize, first: Vec<i64>, slope: &[i64]) -> Vec<Vec<i64>> {
    let mut found = vec![first];
    while found.len() <= order {
        let last = &found[found.len() - 1];
        let mut next = vec![0; last.len() + slope.len() - 2];
        for (k, &c) in last.iter().enumerate().skip(1) {
            for (j, &s) in slope.iter().enumerate() {
                next[k - 1 + j] += c * k as i64 * s;
            }
        }
        found.push(next);
    }
    found
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

    /// σ and its derivatives at a point against central differences of the order below.
    #[test]
    fn derivatives_agree_with_differences() {
        for activation in Activation::ALL {
            let mut graph = Graph::new();
            let z = graph.slot(0);
            let d = derivatives(&mut graph, activation, z, 5);
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

    /// The jets of σ(z(x, y)) for a known z against direct differentiation.
    #[test]
    fn chain_rule_agrees_with_direct_differentiation() {
        let wanted = MultiIndex::new(&[2, 2]);
        let plan = JetPlan::closure(&[wanted]);
        let mut programs = activation_programs(Activation::Tanh, &plan);
        let graph = &mut programs.graph;
        let (x, y) = (graph.coordinate(0), graph.coordinate(1));
        let (sin, xy) = (graph.call(Function::Sin, &[x]), graph.mul(x, y));
        let inner = graph.add(sin, xy);
        let composed = graph.call(Function::Tanh, &[inner]);
        let along = |graph: &mut Graph, e: Expr, index: &MultiIndex| {
            index.axes().fold(e, |e, axis| graph.total_derivative(e, axis, |_| false))
        };
        for (alpha, &jet) in plan.channels().iter().zip(&programs.value.clone()) {
            let direct = along(graph, composed, alpha);
            let by_chain = graph.substitute(jet, |graph, s| {
                let Symbol::Jet(jet) = s else { return None };
                Some(index_derivative(graph, inner, &jet.index))
            });
            let at = |s: &Symbol| if *s == Symbol::Coordinate(0) { 0.3 } else { -0.8 };
            let values = graph.evaluate(&[direct, by_chain], at);
            assert!((values[0] - values[1]).abs() < 1e-12 * values[0].abs().max(1.0), "{alpha:?} {values:?}");
        }
        fn index_derivative(graph: &mut Graph, e: Expr, index: &MultiIndex) -> Expr {
            index.axes().fold(e, |e, axis| graph.total_derivative(e, axis, |_| false))
        }
    }

    /// z̄ of the reverse program against the transposed derivative of the forward one.
    #[test]
    fn reverse_is_the_transpose_of_forward() {
        for activation in [Activation::Tanh, Activation::Sin, Activation::Gelu, Activation::Swish] {
            let plan = JetPlan::closure(&[MultiIndex::new(&[0, 3]), MultiIndex::new(&[1, 1])]);
            let mut p = activation_programs(activation, &plan);
            let c = plan.len();
            let z = |s: &Symbol| match s {
                Symbol::Jet(jet) => 0.2 + 0.3 * plan.position(&jet.index).unwrap() as f64,
                _ => f64::NAN,
            };
            let slopes = p.graph.evaluate(&p.saved, z);
            let cotangents: Vec<f64> = (0..c).map(|i| 1.0 / (1.0 + i as f64)).collect();
            let reverse = p.graph.evaluate(&p.reverse, |s| match s {
                Symbol::Slot(i) if (*i as usize) < c => slopes[*i as usize],
                Symbol::Slot(i) => cotangents[*i as usize - c],
                _ => f64::NAN,
            });
            for (b, symbol) in p.incoming.clone().iter().enumerate() {
                let expected: f64 = p
                    .value
                    .clone()
                    .into_iter()
                    .zip(&cotangents)
                    .map(|(a, w)| {
                        let d = p.graph.derivative(a, symbol);
                        w * p.graph.evaluate(&[d], z)[0]
                    })
                    .sum();
                assert!((reverse[b] - expected).abs() < 1e-12 * expected.abs().max(1.0), "{} {b}", activation.name());
            }
        }
    }
}
