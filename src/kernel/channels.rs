//! Which channels the networks of a block carry: single derivatives, or sums of them that all formulas agree on.
//!
//! Take the partials of all formulas in the derivatives of one field and write each as `Σ c·e` with numbers c and distinct
//! formulas e. The numbers that stand by one e are the coefficients of an operator, and the formulas depend on the field
//! only through the space of these operators: `-(u_xx + u_yy) - f` through one, `u_t + u u_x - ν u_xx` through `∂_x`,
//! `∂_t - ν ∂_xx` and the value, `d (N_xx + N_yy) + 2 d_x N_x` through two; and `u_xx u_yy - u_xy²` through all three.
//!
//! A derivative that does not lead a channel may then be set to 0 in the formulas, while one that does stands for the
//! channel: any jets for which the channels have the same values give the same results.

use num_traits::{FromPrimitive, One, Signed, ToPrimitive, Zero};
use rustc_hash::FxHashMap;

use super::description::{Channels, Description, NetworkDescription};
use crate::expr::{Exponent, Expr, Function, Graph, Jet, MultiIndex, Node, Rational, Symbol};
use crate::network::{JetPlan, Op, Operand, Operator, Span};

/// A product of two numbers in code for one neuron takes as long as this many in a matrix product of a layer.
const PRODUCT_OF_FUNCTION: usize = 4;

/// The plan of each network in use, and the formulas in terms of the channels: their jet variables stand for the channels
/// that they lead.
pub(super) fn carried(
    description: &mut Description,
    formulas: &[Expr],
    jets: &[Jet],
) -> (Vec<Expr>, Vec<Option<JetPlan>>) {
    let mut plans = Vec::with_capacity(description.networks.len());
    let mut abrupt = None;
    for network in &description.networks {
        let own: Vec<&Jet> = jets.iter().filter(|jet| network.fields.contains(&jet.field.into())).collect();
        if own.is_empty() {
            plans.push(None);
            continue;
        }
        let plain = JetPlan::closure(own.iter().map(|jet| &jet.index));
        if description.channels == Channels::Derivatives || plain.len() == 1 {
            plans.push(Some(plain));
            continue;
        }
        let graph = &mut description.graph;
        let abrupt = abrupt.get_or_insert_with(|| in_abrupt_parts(graph, formulas));
        let mut span = Span::default();
        for &field in &network.fields {
            let own: Vec<&Jet> = own.iter().copied().filter(|jet| usize::from(jet.field) == field).collect();
            operators(graph, formulas, &own).into_iter().for_each(|operator| _ = span.insert(operator));
        }
        for jet in own.iter().filter(|jet| abrupt.contains(jet)) {
            span.insert(Operator::derivative(jet.index.clone()));
        }
        let sums = JetPlan::around(span);
        plans.push(Some(if work(network, &sums) < work(network, &plain) { sums } else { plain }));
    }
    (in_channels(description, formulas, &plans), plans)
}

/// What a forward and a reverse sweep cost, in units that compare plans.
fn work(network: &NetworkDescription, plan: &JetPlan) -> usize {
    let (channels, products) = (plan.len(), plan.products());
    let of_op = |(i, op): (usize, &Op)| match op {
        Op::Affine { layer, .. } => {
            let layer = &network.layout.layers[*layer];
            layer.inputs * layer.outputs * channels
        }
        Op::Pointwise { .. } => PRODUCT_OF_FUNCTION * network.layout.rows(i) * products,
    };
    network.layout.ops().iter().enumerate().map(of_op).sum()
}

/// Channels along directions in place of axes, for sweeps at fixed θ; what they are for, `sweep::turned` tells.
#[derive(Clone, Debug)]
pub struct TurnedPlan {
    /// The channels: those of the block without some of the axes.
    pub plan: JetPlan,
    /// Where each channel of the block is; nowhere if it is a slope that no formula reads.
    pub places: Vec<Option<usize>>,
    /// The channels along directions.
    pub directions: Vec<usize>,
    /// The feature of each axis that is turned, and its slope along the axis in units in which all second derivatives have
    /// the same coefficient.
    pub axes: Vec<(usize, f64)>,
}

/// An axis with a feature of its own, which is straight.
#[derive(Clone, Copy, Debug)]
struct StraightAxis {
    axis: usize,
    feature: usize,
    slope: f64,
}

/// The neurons of the first layer, if it alone reads the features and has fewer of them.
fn narrow_first_layer(network: &NetworkDescription) -> Option<usize> {
    let layout = &network.layout;
    let reads = |op: &&Op| op.operands().iter().any(|operand| matches!(operand, Operand::Features { .. }));
    let mut readers = layout.ops().iter().filter(reads);
    let (Some(Op::Affine { layer, .. }), None, None) = (readers.next(), readers.next(), layout.encoding()) else {
        return None;
    };
    let layer = &layout.layers[*layer];
    (layer.inputs == network.features.len() && layer.inputs > layer.outputs).then_some(layer.outputs)
}

/// The axes of a network that can be turned, ascending.
fn axes_to_turn(
    graph: &mut Graph,
    network: &NetworkDescription,
    plan: &JetPlan,
    read: &[Jet],
) -> Option<Vec<StraightAxis>> {
    let is_read = |axis: usize| {
        let slope = MultiIndex::unit(axis);
        read.iter().any(|jet| network.fields.contains(&jet.field.into()) && jet.index == slope)
    };
    let mut found = Vec::new();
    for (feature, &formula) in network.features.formulas.iter().enumerate() {
        let [Symbol::Coordinate(axis)] = graph.symbols(&[formula])[..] else { return None };
        let axis = usize::from(axis);
        let slope = graph.total_derivative(formula, axis, |_| false);
        let is_straight = graph.symbols(&[slope]).is_empty();
        if is_straight && !is_read(axis) && plan.position(&MultiIndex::unit(axis)).is_some() {
            found.push(StraightAxis { axis, feature, slope: graph.evaluate(&[slope], |_| f64::NAN)[0] });
        }
    }
    found.sort_by_key(|straight| straight.axis);
    Some(found)
}

/// The coefficients of `∂_aa` in all channels; `None` if the axis occurs in any other way but the slope along it.
fn squares_of(plan: &JetPlan, axis: usize) -> Option<Vec<Rational>> {
    let (slope, square) = (MultiIndex::unit(axis), MultiIndex::zero().raised(axis, 2));
    let mut found = Vec::with_capacity(plan.len());
    for channel in plan.channels() {
        let mut coefficient = Rational::zero();
        for (index, c) in channel.terms().iter().filter(|(index, _)| index.along(axis) > 0) {
            if *index == square && channel.as_derivative().is_none() {
                coefficient = c.clone();
            } else if *index != slope || channel.as_derivative().is_none() {
                return None;
            }
        }
        found.push(coefficient);
    }
    Some(found)
}

/// `b / a`, if the vectors are multiples of each other by a positive number.
fn positive_ratio(a: &[Rational], b: &[Rational]) -> Option<Rational> {
    let place = a.iter().position(|x| !x.is_zero())?;
    let ratio = &b[place] / &a[place];
    (ratio.is_positive() && a.iter().zip(b).all(|(x, y)| x * &ratio == *y)).then_some(ratio)
}

/// Fewer channels for the sweeps at fixed θ, if a Laplacian of more axes than the first layer has neurons is carried and
/// no formula reads the slopes along them; `read` are the jet variables of the formulas in channels.
pub(super) fn turned(
    graph: &mut Graph,
    network: &NetworkDescription,
    plan: &JetPlan,
    read: &[Jet],
) -> Option<TurnedPlan> {
    let neurons = narrow_first_layer(network)?;
    let candidates = axes_to_turn(graph, network, plan, read)?;
    // The last axis leads the channel of the Laplacian and stays.
    let unit = squares_of(plan, candidates.last()?.axis)?;
    let scaled = |straight: &StraightAxis| {
        let ratio = positive_ratio(&unit, &squares_of(plan, straight.axis)?)?;
        Some(StraightAxis { slope: straight.slope * ratio.to_f64()?.sqrt(), ..*straight })
    };
    let axes: Vec<StraightAxis> = candidates.iter().filter_map(scaled).collect();
    let dropped = axes.len().checked_sub(neurons).filter(|dropped| *dropped > 0)?;
    let is_dropped = |index: &MultiIndex| axes[..dropped].iter().any(|a| index.along(a.axis) > 0);
    let kept = &axes[dropped..];
    let in_units = |(index, c): &(MultiIndex, Rational), channel: usize| {
        let of_axis = kept.iter().find(|a| index.along(a.axis) == 2);
        (index.clone(), if of_axis.is_some() { unit[channel].clone() } else { c.clone() })
    };
    let mut span = Span::default();
    for (number, channel) in plan.channels().iter().enumerate() {
        let terms = channel.terms().iter().filter(|(index, _)| !is_dropped(index));
        span.insert(Operator::new(terms.map(|term| in_units(term, number))));
    }
    let turned = JetPlan::around(span);
    let is_slope = |index: &MultiIndex| axes.iter().any(|a| *index == MultiIndex::unit(a.axis));
    let place = |channel: &Operator| {
        let leading = &channel.terms().first()?.0;
        turned.position(leading).filter(|_| !is_slope(leading))
    };
    let places = plan.channels().iter().map(place).collect();
    let directions = kept.iter().filter_map(|a| turned.position(&MultiIndex::unit(a.axis))).collect();
    let axes = axes.into_iter().map(|a| (a.feature, a.slope)).collect();
    Some(TurnedPlan { plan: turned, places, directions, axes })
}

/// The operators through which formulas depend on one field, whose jets these are.
fn operators(graph: &mut Graph, formulas: &[Expr], jets: &[&Jet]) -> Vec<Operator> {
    let mut found = Vec::new();
    for &formula in formulas {
        let mut by_factor: FxHashMap<Expr, usize> = FxHashMap::default();
        let mut terms: Vec<Vec<(MultiIndex, Rational)>> = Vec::new();
        for jet in jets {
            let partial = graph.derivative(formula, &Symbol::Jet((*jet).clone()));
            for (factor, coefficient) in linear_parts(graph, partial) {
                let place = *by_factor.entry(factor).or_insert(terms.len());
                if place == terms.len() {
                    terms.push(Vec::new());
                }
                terms[place].push((jet.index.clone(), coefficient));
            }
        }
        found.extend(terms.into_iter().map(Operator::new));
    }
    found
}

/// A formula as `Σ coefficient·factor`, no factor with numbers in it.
fn linear_parts(graph: &mut Graph, formula: Expr) -> Vec<(Expr, Rational)> {
    let (constant, terms) = match graph.node(formula).clone() {
        Node::Sum { constant, terms } => (constant, terms),
        Node::Rational(number) => (number, Vec::new()),
        _ => (Rational::zero(), vec![(formula, Rational::one())]),
    };
    let mut parts: Vec<(Expr, Rational)> = Vec::with_capacity(terms.len() + 1);
    if !constant.is_zero() {
        parts.push((Graph::ONE, constant));
    }
    for (term, coefficient) in terms {
        let (factor, number) = without_number(graph, term);
        parts.push((factor, coefficient * number));
    }
    parts
}

/// A term as a formula times a number: `x/pi` is x times the double nearest to `1/pi`. Where a number has no double, the
/// term stays whole.
fn without_number(graph: &mut Graph, term: Expr) -> (Expr, Rational) {
    let factors = match graph.node(term).clone() {
        Node::Product(factors) => factors,
        _ => vec![(term, Exponent::one())],
    };
    let is_number = |graph: &Graph, base: Expr| graph.symbols(&[base]).is_empty();
    let (numbers, rest): (Vec<_>, Vec<_>) = factors.into_iter().partition(|(base, _)| is_number(graph, *base));
    if numbers.is_empty() {
        return (term, Rational::one());
    }
    let (number, rest) = (graph.product(numbers), graph.product(rest));
    let value = graph.evaluate(&[number], |_| f64::NAN)[0];
    match Rational::from_f64(value) {
        Some(value) if !value.is_zero() => (rest, value),
        _ => (term, Rational::one()),
    }
}

/// The jets on which jumps of a formula depend: what its derivatives do not see.
fn in_abrupt_parts(graph: &Graph, formulas: &[Expr]) -> Vec<Jet> {
    let mut roots = Vec::new();
    for e in graph.reachable(formulas) {
        match graph.node(e) {
            Node::Call(Function::Sign | Function::Step, arguments) => roots.extend(arguments),
            Node::Compare(_, a, b) => roots.extend([a, b]),
            Node::Select(condition, _, _) => roots.push(*condition),
            _ => {}
        }
    }
    graph.jets(&roots)
}

/// The formulas with 0 for every derivative that leads no channel.
fn in_channels(description: &mut Description, formulas: &[Expr], plans: &[Option<JetPlan>]) -> Vec<Expr> {
    if plans.iter().flatten().all(JetPlan::is_plain) {
        return formulas.to_vec();
    }
    let networks = &description.networks;
    let dropped = |symbol: &Symbol| {
        let Symbol::Jet(jet) = symbol else { return false };
        let network = networks.iter().position(|network| network.fields.contains(&jet.field.into()));
        let plan = network.and_then(|network| plans[network].as_ref());
        plan.is_some_and(|plan| plan.position(&jet.index).is_none())
    };
    let graph = &mut description.graph;
    let mut written = |&formula| graph.substitute(formula, |_, symbol| dropped(symbol).then_some(Graph::ZERO));
    formulas.iter().map(&mut written).collect()
}
