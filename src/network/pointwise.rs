//! What functions of several arguments do to jets, as formulas; activations are in [`activation`](super::activation).
//!
//! Products follow the [product rule](super::jets) `L(a b) = Σ a_jk (L_j a)(L_k b)`, and so does the gate `v + f (u - v)`. The
//! derivative of channel L in a_j is Σ a_jk b_k: a reverse sweep reads the arguments again, nothing else is kept.

use num_traits::{One, Zero};

use super::activation::activation_programs;
use super::definitions::Definitions;
use super::jets::{JetPlan, Split};
use super::op::Pointwise;
use crate::expr::{Expr, Graph, Rational, Symbol};

/// The formulas of one function of A arguments on one plan with C channels.
#[derive(Clone, Debug)]
pub struct PointwisePrograms {
    /// The arena of the formulas.
    pub graph: Graph,
    /// Formulas with a name, which stands in the others.
    pub definitions: Definitions,
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
    let arity = function.arity();
    let definitions = Definitions::from_slot((arity + 1) * plan.len());
    let mut leibniz = Leibniz { graph: Graph::new(), definitions, count: plan.len(), splits: plan.splits() };
    let [value, reverse] = match function {
        Pointwise::Activation(activation) => return activation_programs(activation, plan),
        Pointwise::Gate => [leibniz.gate(), leibniz.gate_cotangents()],
        Pointwise::Product => [leibniz.product(), leibniz.product_cotangents()],
        Pointwise::Sum => [leibniz.sum(), leibniz.sum_cotangents()],
    };
    let slots = |arguments: usize| (0..arguments * plan.len()).map(|slot| Symbol::Slot(slot as u32)).collect();
    let (incoming, reverse_inputs) = (slots(arity), slots(arity + 1));
    let Leibniz { graph, definitions, .. } = leibniz;
    PointwisePrograms { graph, definitions, incoming, value, saved: Vec::new(), reverse_inputs, reverse }
}

/// Channel c of argument a is slot `a·count + c`; the cotangent of the result is the argument behind the last.
struct Leibniz {
    graph: Graph,
    definitions: Definitions,
    count: usize,
    splits: Vec<Vec<Split>>,
}

/// One channel of what stands in a product, by number.
type Channel<'a> = &'a dyn Fn(&mut Leibniz, usize) -> Expr;

impl Leibniz {
    fn argument(&mut self, argument: usize, channel: usize) -> Expr {
        self.graph.slot(argument * self.count + channel)
    }

    fn channels(&mut self, mut of: impl FnMut(&mut Self, usize) -> Expr) -> Vec<Expr> {
        (0..self.count).map(|channel| of(self, channel)).collect()
    }

    /// The channels of the product of two functions.
    fn convolution(&mut self, factor: Channel<'_>, other: Channel<'_>) -> Vec<Expr> {
        let splits = std::mem::take(&mut self.splits);
        let mut channels = Vec::with_capacity(self.count);
        for own in &splits {
            let term = |split: &Split| (factor(self, split.first), other(self, split.second), split.factor.clone());
            let terms: Vec<_> = own.iter().map(term).collect();
            channels.push(self.definitions.sum_of_products(&mut self.graph, terms));
        }
        self.splits = splits;
        channels
    }

    /// What the cotangents of a product, argument `cotangent`, mean for the channels of one factor.
    fn correlation(&mut self, cotangent: usize, other: Channel<'_>) -> Vec<Expr> {
        let splits = std::mem::take(&mut self.splits);
        let mut terms = vec![Vec::new(); self.count];
        for (channel, own) in splits.iter().enumerate() {
            for split in own {
                let (a, b) = (other(self, split.second), self.argument(cotangent, channel));
                terms[split.first].push((a, b, split.factor.clone()));
            }
        }
        self.splits = splits;
        terms.into_iter().map(|terms| self.definitions.sum_of_products(&mut self.graph, terms)).collect()
    }

    fn sum(&mut self) -> Vec<Expr> {
        self.channels(|own, channel| {
            let [a, b] = [0, 1].map(|argument| own.argument(argument, channel));
            own.graph.add(a, b)
        })
    }

    fn sum_cotangents(&mut self) -> Vec<Expr> {
        let once = self.channels(|own, channel| own.argument(2, channel));
        [once.clone(), once].concat()
    }

    fn product(&mut self) -> Vec<Expr> {
        self.convolution(&|own, channel| own.argument(0, channel), &|own, channel| own.argument(1, channel))
    }

    fn product_cotangents(&mut self) -> Vec<Expr> {
        let mut of = |other: usize| self.correlation(2, &|own, channel| own.argument(other, channel));
        [of(1), of(0)].concat()
    }

    /// `v + f (u - v)`, the arguments being f, u, v.
    fn gate(&mut self) -> Vec<Expr> {
        let products = self.convolution(&|own, channel| own.argument(0, channel), &spread);
        self.channels(|own, channel| {
            let v = own.argument(2, channel);
            own.graph.add(v, products[channel])
        })
    }

    fn gate_cotangents(&mut self) -> Vec<Expr> {
        let of_f = self.correlation(3, &spread);
        let of_u = self.correlation(3, &|own, channel| own.argument(0, channel));
        let of_v = self.channels(|own, channel| {
            let terms = [(own.argument(3, channel), Rational::one()), (of_u[channel], -Rational::one())];
            own.graph.linear(Rational::zero(), terms)
        });
        [of_f, of_u, of_v].concat()
    }
}

/// A channel of u - v.
fn spread(own: &mut Leibniz, channel: usize) -> Expr {
    let [u, v] = [1, 2].map(|argument| own.argument(argument, channel));
    own.graph.sub(u, v)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::{Jet, MultiIndex};
    use crate::network::jets::tests::plans;
    use crate::network::{Activation, Operator};

    const FUNCTIONS: [Pointwise; 7] = [
        Pointwise::Gate,
        Pointwise::Product,
        Pointwise::Sum,
        Pointwise::Activation(Activation::Tanh),
        Pointwise::Activation(Activation::Sin),
        Pointwise::Activation(Activation::Gelu),
        Pointwise::Activation(Activation::Swish),
    ];

    /// Some number for every atom.
    fn at(symbol: &Symbol) -> f64 {
        match symbol {
            Symbol::Slot(slot) => (3.1 * f64::from(*slot) + 0.7).sin(),
            Symbol::Jet(jet) => {
                let first = f64::from(jet.field) + 0.7;
                jet.index.orders().iter().fold(first, |seed, &o| 3.1 * seed + f64::from(o)).sin()
            }
            _ => f64::NAN,
        }
    }

    /// Channels are the operators on the value, by the product rule of the graph, whose jets are single derivatives.
    #[test]
    fn channels_are_operators_on_the_value() {
        for plan in plans() {
            for function in FUNCTIONS.into_iter().filter(|f| !f.saves_slopes()) {
                let mut p = pointwise_programs(function, &plan);
                let applied = |graph: &mut Graph, of: &Operator, e: Expr| {
                    let along = |graph: &mut Graph, index: &MultiIndex| {
                        index.axes().fold(e, |e, axis| graph.total_derivative(e, axis, |_| true))
                    };
                    let terms: Vec<_> = of.terms().iter().map(|(index, c)| (along(graph, index), c.clone())).collect();
                    graph.linear(Rational::zero(), terms)
                };
                let mut jets = Vec::new();
                for argument in 0..function.arity() {
                    let value = p.graph.symbol(Symbol::Jet(Jet::new(argument, MultiIndex::zero())));
                    jets.extend(plan.channels().iter().map(|channel| applied(&mut p.graph, channel, value)));
                }
                let mut in_jets = |e: Expr| {
                    let e = p.definitions.expanded(&mut p.graph, e);
                    p.graph.substitute(e, |_, s| if let Symbol::Slot(i) = s { Some(jets[*i as usize]) } else { None })
                };
                let found: Vec<Expr> = p.value.iter().map(|&e| in_jets(e)).collect();
                for (channel, &e) in plan.channels().iter().zip(&found) {
                    let direct = applied(&mut p.graph, channel, found[0]);
                    let [a, b] = p.graph.evaluate(&[e, direct], at)[..] else { unreachable!("two roots") };
                    assert!((a - b).abs() < 1e-12 * a.abs().max(1.0), "{} {channel:?}: {a} {b}", function.name());
                }
            }
        }
    }

    #[test]
    fn reverse_is_the_transpose_of_forward() {
        for plan in plans() {
            for function in FUNCTIONS {
                let mut p = pointwise_programs(function, &plan);
                assert_eq!(p.reverse.len(), p.incoming.len());
                let mut expanded = |list: &[Expr]| -> Vec<Expr> {
                    list.iter().map(|&e| p.definitions.expanded(&mut p.graph, e)).collect()
                };
                let (value, saved, reverse) = (expanded(&p.value), expanded(&p.saved), expanded(&p.reverse));
                let saved = p.graph.evaluate(&saved, at);
                let read = |symbol: &Symbol| match p.reverse_inputs.iter().position(|input| input == symbol) {
                    Some(place) if place < saved.len() => saved[place],
                    _ => at(symbol),
                };
                let found = p.graph.evaluate(&reverse, read);
                let cotangents = &p.reverse_inputs[p.reverse_inputs.len() - plan.len()..];
                for (found, symbol) in found.iter().zip(p.incoming.clone()) {
                    let mut expected = 0.0;
                    for (&value, cotangent) in value.iter().zip(cotangents) {
                        let derivative = p.graph.derivative(value, &symbol);
                        expected += at(cotangent) * p.graph.evaluate(&[derivative], at)[0];
                    }
                    let close = (found - expected).abs() < 1e-11 * expected.abs().max(1.0);
                    assert!(close, "{} {symbol:?}: {found} {expected}", function.name());
                }
            }
        }
    }
}
