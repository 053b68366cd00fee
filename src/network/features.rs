//! The input features of a network, as formulas of the coordinates.

use num_traits::{One, Zero};

use super::jets::JetPlan;
use super::operator::Operator;
use crate::expr::{Expr, Function, Graph, MultiIndex, Rational};

/// An axis as a network sees it.
#[derive(Clone, Debug)]
pub struct AxisScale {
    /// Number of the axis.
    pub axis: usize,
    /// The ends, formulas without atoms.
    pub ends: [Expr; 2],
    /// Whether the ends are the same place.
    pub periodic: bool,
}

/// The features of the coordinates that enter the first layer.
#[derive(Clone, Debug)]
pub struct Features {
    /// One formula a feature.
    pub formulas: Vec<Expr>,
    /// How many features each axis has: they stand together.
    pub groups: Vec<usize>,
}

impl Features {
    /// `2 (x - lower)/(upper - lower) - 1` on an axis with ends; cosine and sine of one turn on a periodic one.
    pub fn new(graph: &mut Graph, axes: &[AxisScale]) -> Self {
        let mut formulas = Vec::new();
        for scale in axes {
            let x = graph.coordinate(scale.axis);
            let length = graph.sub(scale.ends[1], scale.ends[0]);
            let from_start = graph.sub(x, scale.ends[0]);
            let fraction = graph.div(from_start, length);
            let two = Rational::from_integer(2.into());
            if scale.periodic {
                let pi = graph.pi();
                let turn = graph.mul(fraction, pi);
                let angle = graph.scale(two, turn);
                formulas.push(graph.call(Function::Cos, &[angle]));
                formulas.push(graph.call(Function::Sin, &[angle]));
            } else {
                formulas.push(graph.linear(-Rational::one(), [(fraction, two)]));
            }
        }
        let groups = axes.iter().map(|scale| if scale.periodic { 2 } else { 1 }).collect();
        Self { formulas, groups }
    }

    /// The channels of every feature: `jets[f][c]` is a formula of the coordinates.
    pub fn jets(&self, graph: &mut Graph, plan: &JetPlan) -> Vec<Vec<Expr>> {
        let along = |graph: &mut Graph, e: Expr, index: &MultiIndex| {
            index.axes().fold(e, |e, axis| graph.total_derivative(e, axis, |_| false))
        };
        let applied = |graph: &mut Graph, operator: &Operator, f: Expr| {
            let terms: Vec<_> = operator.terms().iter().map(|(i, c)| (along(graph, f, i), c.clone())).collect();
            graph.linear(Rational::zero(), terms)
        };
        let jet = |&f: &Expr| plan.channels().iter().map(|c| applied(graph, c, f)).collect();
        self.formulas.iter().map(jet).collect()
    }

    /// How many features there are.
    pub fn len(&self) -> usize {
        self.formulas.len()
    }

    /// Whether the network has no input.
    pub fn is_empty(&self) -> bool {
        self.formulas.is_empty()
    }
}
