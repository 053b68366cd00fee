//! What can be said about a problem before any training: is it determined, consistent, and what was meant?
//!
//! Each check reads the finished [`Model`] and speaks in its terms. Four of them find errors: equations that cannot
//! determine the unknowns (`presence`), formulas without a finite value (`finite`), an `exact` that is no solution
//! (`exact`, and `energies` under `minimize`), an activation without the derivatives that the terms take
//! (`smoothness`). All others warn, because what they find may be meant: counts of conditions against orders
//! (`conditions`), values that disagree where conditions meet (`corners`) or at the ends of a periodic axis
//! (`periodic`), undetermined constants (`gauge`), problems solved by zero (`trivial`), weak penalties (`energies`),
//! jumping coefficients (`flux`), and numbers of very different size (`scales`).
//!
//! Afterwards, conditions that hold by construction leave the loss (`construction`).
//!
//! Checks evaluate formulas at a few fixed low-discrepancy points (`probe`); what they find does not depend on a seed.

mod balance;
mod conditions;
mod construction;
mod corners;
mod counting;
mod coverage;
mod energies;
mod estimate;
mod exact;
mod finite;
mod flux;
mod gauge;
mod nonlocal;
mod orders;
mod periodic;
mod presence;
mod probe;
mod scales;
mod smoothness;
mod tables;
#[cfg(test)]
mod tests;
mod trivial;
mod wording;

use crate::diagnostic::{Diagnostic, has_errors};

use super::Model;
use super::networks::too_large;
pub(super) use probe::points_of;

pub use construction::settle;

/// Nodes of the largest graph whose formulas are evaluated.
const LARGEST: usize = 50_000;
/// Terms of the largest problem whose formulas are evaluated.
const MOST_TERMS: usize = 2_000;

/// How much of a file the model says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    /// All of it.
    Whole,
    /// Some statements could not be read, so that nothing is known to be missing.
    InPart,
}

/// Everything that the checks have to say about a model, in the order of the source within each check.
///
/// The formulas that checks make on their way live in a copy of the model's graph.
pub fn all(model: &Model, read: Read) -> Vec<Diagnostic> {
    let mut graph = model.graph.clone();
    let mut found = Vec::new();
    if read == Read::Whole {
        found.extend(presence::check(model));
        if has_errors(&found) {
            return found;
        }
        found.extend(conditions::check(model, &mut graph));
        found.extend(gauge::check(model, &mut graph));
        found.extend(trivial::check(model, &mut graph));
    }
    found.extend(smoothness::check(model));
    found.extend(tables::check(model));
    found.extend(energies::penalties(model, &mut graph));
    // What follows evaluates formulas at many points: worth it for formulas that a person wrote, not for what a runaway
    // definition or a generator has grown into.
    if graph.len() > LARGEST || model.terms.len() > MOST_TERMS {
        return found;
    }
    let crowded = found.iter().filter(|d| d.code == "W0306").cloned().collect::<Vec<_>>();
    let corners = corners::check(model, &mut graph);
    // Where a face has a condition too many, that they also differ there is no news.
    found.extend(corners.into_iter().filter(|corner| !crowded.iter().any(|other| shares_places(other, corner))));
    found.extend(periodic::check(model, &mut graph));
    let not_finite = finite::check(model, &mut graph);
    // With such a term no solution is exact.
    let news = |exact: &Diagnostic| !not_finite.iter().any(|term| exact.labels.iter().any(|l| l.span == term.span()));
    found.extend(exact::check(model, &mut graph).into_iter().filter(news));
    found.extend(not_finite);
    found.extend(energies::check(model, &mut graph));
    found.extend(flux::check(model, &mut graph));
    found.extend(scales::check(model, &mut graph));
    found
}

/// What there is to say about the networks behind those of the first level.
pub(super) fn of_corrections(model: &Model) -> Vec<Diagnostic> {
    let plans = &model.networks[model.networks_of_level(0).end..];
    let too_large = plans.iter().filter_map(|plan| too_large(plan, model.parameter_count(plan)));
    smoothness::of_plans(model, plans).into_iter().chain(too_large).collect()
}

fn shares_places(outer: &Diagnostic, inner: &Diagnostic) -> bool {
    inner.labels.iter().all(|label| outer.labels.iter().any(|other| other.span == label.span))
}
