//! The activation must have the derivatives that the terms take.

use crate::diagnostic::{Diagnostic, Span};
use crate::expr::Jet;
use crate::network::Activation;

use super::super::{Model, NetworkPlan};
use super::orders::place_in;

pub(super) fn check(model: &Model) -> Vec<Diagnostic> {
    of_plans(model, &model.networks)
}

pub(super) fn of_plans(model: &Model, plans: &[NetworkPlan]) -> Vec<Diagnostic> {
    plans.iter().filter_map(|plan| too_rough(model, plan)).collect()
}

fn too_rough(model: &Model, plan: &NetworkPlan) -> Option<Diagnostic> {
    let limits = plan.architecture.activations().into_iter().filter_map(|a| Some((a.smoothness()?, a)));
    let (limit, activation) = limits.min()?;
    let (jet, place) = highest_derivative(model, plan)?;
    if jet.index.order() <= limit {
        return None;
    }
    let name = model.names().jet(&jet);
    let message = format!("activation `{}` cannot represent `{name}`", activation.name());
    let order = if limit == 1 { "second".to_owned() } else { format!("{}th", limit + 1) };
    let label = format!("its {order} derivative is zero almost everywhere");
    let others: Vec<&str> = Activation::ALL.iter().filter(|a| a.smoothness().is_none()).map(|a| a.name()).collect();
    Some(
        Diagnostic::error("E0402", message, plan.span.unwrap_or(place), label)
            .label(place, format!("needs {} derivatives", jet.index.order()))
            .help(format!("use a smooth activation: {} (the default is `act={}`)", others.join(", "), others[0])),
    )
}

fn highest_derivative(model: &Model, plan: &NetworkPlan) -> Option<(Jet, Span)> {
    let of_network = |jet: &Jet| model.made_from(jet.field.into()).iter().any(|field| plan.fields.contains(field));
    let mut highest: Option<(Jet, Span)> = None;
    for term in &model.terms {
        // Backwards, so that of `u_xx` and `u_yy` the first axis is named.
        for jet in model.jets(&[term.residual]).into_iter().rev().filter(of_network) {
            if highest.as_ref().is_none_or(|(known, _)| jet.index.order() > known.index.order()) {
                let place = place_in(model, term, |j| *j == jet);
                highest = Some((jet, place));
            }
        }
    }
    highest
}
