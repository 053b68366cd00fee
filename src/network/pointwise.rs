//! What functions of several arguments do to jets, as formulas; activations are in [`activation`](super::activation).
//!
//! Products follow Leibniz: `(a b)_α = Σ_{β ≤ α} C(α, β) a_β b_{α-β}`, and so does the gate `v + f (u - v)`. The derivative
//! of channel α in a_β is C(α, β) b_{α-β}: a reverse sweep reads the arguments again, nothing else is kept.

use num_traits::{One, Zero};

use super::activation::activation_programs;
use super::jets::{JetPlan, binomial, difference};
use super::op::Pointwise;
use crate::expr::{Expr, Graph, Jet, MultiIndex, Rational, Symbol};

/// The formulas of one function of A arguments on one plan with C channels.
#[derive(Clone, Debug)]
pub struct PointwisePrograms {
    /// The arena of the formulas.
    pub graph: Graph,
    /// The A·C inputs of the forward programs: argument by argument, in the order of the channels.
    pub incoming: Vec<Symbol>,
    /// The C channels of the result, formulas of `incoming`.
    pub value: Vec<Expr>,
    /// What a forward sweep saves for the reverse one: the C slopes of an activation, else nothing.
    pub saved: Vec<Expr>,
    /// The inputs of the reverse program: what was saved, or else the arguments; then the C cotangents of the result.
    pub reverse_inputs: Vec<Symbol>,
    /// The A·C cotangents of the arguments, formulas of `reverse_inputs`.
    pub reverse: Vec<Expr>,
}

/// Builds the formulas of a function on the channels of a plan.
pub fn pointwise_programs(function: Pointwise, plan: &JetPlan) -> PointwisePrograms {
    let mut leibniz = Leibniz { graph: Graph::new(), plan };
    let [value, reverse] = match function {
        Pointwise::Activation(activation) => return activation_programs(activation, plan),
        Pointwise::Gate => [leibniz.gate(), leibniz.gate_cotangents()],
        Pointwise::Product => [leibniz.product(), leibniz.product_cotangents()],
        Pointwise::Sum => [leibniz.sum(), leibniz.sum_cotangents()],
    };
    let arguments = (0..function.arity()).flat_map(|argument| symbols(plan, argument));
    let incoming: Vec<Symbol> = arguments.collect();
    let reverse_inputs = incoming.iter().cloned().chain(symbols(plan, function.arity())).collect();
    PointwisePrograms { graph: leibniz.graph, incoming, value, saved: Vec::new(), reverse_inputs, reverse }
}

/// The channels of argument `number`; the cotangent is the argument behind the last.
fn symbols(plan: &JetPlan, number: usize) -> impl Iterator<Item = Symbol> + '_ {
    plan.channels().iter().map(move |channel| Symbol::Jet(Jet::new(number, channel.clone())))
}

struct Leibniz<'a> {
    graph: Graph,
    plan: &'a JetPlan,
}

impl Leibniz<'_> {
    fn channels(&mut self, mut of: impl FnMut(&mut Self, &MultiIndex) -> Expr) -> Vec<Expr> {
        self.plan.channels().iter().map(|channel| of(self, channel)).collect()
    }

    /// `Σ_{β ≤ α} C(α, β) factor(β) other(α-β)`
    fn convolution(
        &mut self,
        alpha: &MultiIndex,
        mut factor: impl FnMut(&mut Graph, MultiIndex) -> Expr,
        mut other: impl FnMut(&mut Graph, MultiIndex) -> Expr,
    ) -> Expr {
        let mut terms = Vec::new();
        for beta in self.plan.channels().iter().filter(|beta| binomial(alpha, beta) != 0) {
            let (a, b) = (factor(&mut self.graph, beta.clone()), other(&mut self.graph, difference(alpha, beta)));
            terms.push((self.graph.mul(a, b), Rational::from_integer(binomial(alpha, beta).into())));
        }
        self.graph.linear(Rational::zero(), terms)
    }

    /// `Σ_{α ≥ β} C(α, β) other(α-β) cotangent(α)`, the cotangent being argument `cotangent`.
    fn correlation(
        &mut self,
        beta: &MultiIndex,
        cotangent: usize,
        mut other: impl FnMut(&mut Graph, MultiIndex) -> Expr,
    ) -> Expr {
        let mut terms = Vec::new();
        for alpha in self.plan.channels().iter().filter(|alpha| binomial(alpha, beta) != 0) {
            let a = other(&mut self.graph, difference(alpha, beta));
            let b = self.graph.jet(cotangent, alpha.clone());
            terms.push((self.graph.mul(a, b), Rational::from_integer(binomial(alpha, beta).into())));
        }
        self.graph.linear(Rational::zero(), terms)
    }

    fn sum(&mut self) -> Vec<Expr> {
        self.channels(|own, alpha| {
            let [a, b] = [0, 1].map(|argument| own.graph.jet(argument, alpha.clone()));
            own.graph.add(a, b)
        })
    }

    fn sum_cotangents(&mut self) -> Vec<Expr> {
        let once = self.channels(|own, alpha| own.graph.jet(2, alpha.clone()));
        [once.clone(), once].concat()
    }

    fn product(&mut self) -> Vec<Expr> {
        self.channels(|own, alpha| {
            own.convolution(alpha, |graph, beta| graph.jet(0, beta), |graph, rest| graph.jet(1, rest))
        })
    }

    fn product_cotangents(&mut self) -> Vec<Expr> {
        let mut of =
            |other: usize| self.channels(|own, beta| own.correlation(beta, 2, |graph, rest| graph.jet(other, rest)));
        [of(1), of(0)].concat()
    }

    /// `v + f (u - v)`, the arguments being f, u, v.
    fn gate(&mut self) -> Vec<Expr> {
        self.channels(|own, alpha| {
            let product = own.convolution(alpha, |graph, beta| graph.jet(0, beta), spread);
            let v = own.graph.jet(2, alpha.clone());
            own.graph.add(v, product)
        })
    }

    fn gate_cotangents(&mut self) -> Vec<Expr> {
        let of_f = self.channels(|own, beta| own.correlation(beta, 3, spread));
        let of_u = self.channels(|own, beta| own.correlation(beta, 3, |graph, rest| graph.jet(0, rest)));
        let of_v = self.plan.channels().iter().zip(&of_u).map(|(channel, &of_u)| {
            let cotangent = self.graph.jet(3, channel.clone());
            let terms = [(cotangent, Rational::one()), (of_u, -Rational::one())];
            self.graph.linear(Rational::zero(), terms)
        });
        let of_v: Vec<Expr> = of_v.collect();
        [of_f, of_u, of_v].concat()
    }
}

/// A channel of u - v.
fn spread(graph: &mut Graph, channel: MultiIndex) -> Expr {
    let [u, v] = [1, 2].map(|argument| graph.jet(argument, channel.clone()));
    graph.sub(u, v)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FUNCTIONS: [Pointwise; 3] = [Pointwise::Gate, Pointwise::Product, Pointwise::Sum];

    /// Some number for every atom.
    fn at(symbol: &Symbol) -> f64 {
        let Symbol::Jet(jet) = symbol else { return f64::NAN };
        let seed = jet.index.orders().iter().fold(f64::from(jet.field) + 0.7, |seed, &o| 3.1 * seed + f64::from(o));
        seed.sin()
    }

    /// Channels are the derivatives of the value, by the product rule of the graph.
    #[test]
    fn channels_are_derivatives_of_the_value() {
        let plan = JetPlan::closure(&[MultiIndex::new(&[2, 1]), MultiIndex::new(&[0, 4])]);
        for function in FUNCTIONS {
            let mut p = pointwise_programs(function, &plan);
            let value = p.value[0];
            for (alpha, &channel) in plan.channels().iter().zip(&p.value) {
                let direct = alpha.axes().fold(value, |e, axis| p.graph.total_derivative(e, axis, |_| true));
                let [a, b] = p.graph.evaluate(&[channel, direct], at)[..] else { unreachable!("two roots") };
                assert!((a - b).abs() < 1e-13 * a.abs().max(1.0), "{} {alpha:?}: {a} {b}", function.name());
            }
        }
    }

    #[test]
    fn reverse_is_the_transpose_of_forward() {
        let plan = JetPlan::closure(&[MultiIndex::new(&[0, 3]), MultiIndex::new(&[1, 1])]);
        for function in FUNCTIONS {
            let mut p = pointwise_programs(function, &plan);
            assert_eq!(p.reverse.len(), p.incoming.len());
            let found = p.graph.evaluate(&p.reverse, at);
            let cotangents: Vec<f64> = symbols(&plan, function.arity()).map(|s| at(&s)).collect();
            for (found, symbol) in found.iter().zip(p.incoming.clone()) {
                let mut expected = 0.0;
                for (value, cotangent) in p.value.clone().into_iter().zip(&cotangents) {
                    let derivative = p.graph.derivative(value, &symbol);
                    expected += cotangent * p.graph.evaluate(&[derivative], at)[0];
                }
                assert!((found - expected).abs() < 1e-13 * expected.abs().max(1.0), "{} {symbol:?}", function.name());
            }
        }
    }
}
