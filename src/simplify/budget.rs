//! Applying the rules until nothing new is found or the budget is spent. Budgets count, they never measure time.

use egg::{Language, Searcher};
use rustc_hash::FxHashSet;

use super::analysis::Classes;
use super::rules::{Compiled, RULES, Spelling, Tier, compiled};

/// How far a search may go.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    pub(super) tier: Tier,
    pub(super) iterations: usize,
    /// The number of terms in the e-graph after which nothing more is added.
    pub(super) terms: usize,
    /// How often one spelling of a rule may be applied in one iteration.
    pub(super) matches: usize,
}

/// Why the rules were no longer applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// The formulas are too cheap for the rules to matter, or there are none.
    NothingToGain,
    /// There are more operations than the e-graph may hold.
    TooLarge,
    /// No rule finds anything new.
    Saturated,
    /// All iterations were used.
    Iterations,
    /// The e-graph is full.
    Terms,
}

/// What a search did.
pub(super) struct Search {
    pub(super) iterations: usize,
    pub(super) stop: StopReason,
    /// How often each rule of the table found something new.
    pub(super) applied: Vec<usize>,
}

pub(super) fn saturate(classes: &mut Classes, budget: &Budget) -> Search {
    let mut search = Search { iterations: 0, stop: StopReason::Iterations, applied: vec![0; RULES.len()] };
    classes.rebuild();
    while search.iterations < budget.iterations {
        search.iterations += 1;
        let applied = iteration(classes, budget, &mut search.applied);
        classes.rebuild();
        if classes.analysis.contradiction {
            break;
        }
        if classes.total_size() >= budget.terms {
            search.stop = StopReason::Terms;
            break;
        }
        if applied == 0 {
            search.stop = StopReason::Saturated;
            break;
        }
    }
    search
}

/// Finds all matches first and applies them after, so that the order of the rules matters little.
fn iteration(classes: &mut Classes, budget: &Budget, applied: &mut [usize]) -> usize {
    let present: FxHashSet<_> = classes.classes().flat_map(|c| c.nodes.iter().map(Language::discriminant)).collect();
    let takes_part = |rule: &&Compiled| {
        (rule.rule().tier == Tier::Standard || budget.tier == Tier::Maximal)
            && rule.operators.iter().all(|operator| present.contains(operator))
    };
    let has_numbers = |s: &&Spelling| s.numbers.iter().all(|number| classes.lookup(number.clone()).is_some());
    let mut matches = Vec::new();
    let spellings = compiled().iter().filter(takes_part).flat_map(Compiled::spellings);
    for spelling in spellings.filter(has_numbers) {
        let found = spelling.left.search_with_limit(classes, budget.matches);
        let each = found.into_iter().flat_map(|m| m.substs.into_iter().map(move |subst| (m.eclass, subst)));
        matches.extend(each.take(budget.matches).map(|(class, subst)| (spelling, class, subst)));
    }
    let mut changes = 0;
    for (spelling, class, subst) in matches {
        if classes.total_size() >= budget.terms {
            break;
        }
        if spelling.is_allowed(classes, &subst) {
            let right = classes.add_instantiation(&spelling.right, &subst);
            if classes.union(class, right) {
                applied[spelling.rule] += 1;
                changes += 1;
            }
        }
    }
    changes
}
