//! Equality saturation: the cheapest spelling of formulas that belong together.
//!
//! The value of a term, its Jacobian and its Hessian share most of their work, so [`simplify`] takes all roots at once.
//! The way of a set of formulas: [`lower`] turns the n-ary normal form into single operations, [`factor`] adds other
//! spellings of the sums, [`budget`] applies the [`rules`] with what the [`analysis`] proves, [`extract`] chooses, and
//! the result goes back into the normal form. [`cost`] says what everything costs, [`check`] compares numbers.
//!
//! Invariants: constants are exact; the result never costs more than the input, and simplified again it is the same; nothing
//! depends on time, on the machine or on the order in which formulas were built; a contradiction or a numeric mismatch
//! discards the result.

mod analysis;
mod budget;
mod check;
mod cost;
mod extract;
mod factor;
mod language;
mod lower;
mod rules;
#[cfg(test)]
mod tests;

use std::fmt;

use egg::{EGraph, Id, Language};
use rustc_hash::FxHashMap;

use crate::expr::{Expr, Graph, Interval, Symbol};
use analysis::{Classes, Knowledge};
use budget::{Budget, saturate};
use check::Verdict;
use cost::Size;
use rules::{RULES, Tier};

pub use budget::StopReason;
pub use cost::dag_cost;

/// How hard to try.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Effort {
    /// Not at all: the normal form is the result.
    Off,
    /// A few milliseconds at most.
    #[default]
    Standard,
    /// A second search with general reordering and a large budget: up to a second.
    Maximal,
}

/// Where the result comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chosen {
    /// Nothing cheaper was found.
    Input,
    /// All sums multiplied out, or common factors moved out of them.
    Spelling,
    /// The choice that starts from the cheapest trees.
    Trees,
    /// The choice that starts from the cheapest shared graphs.
    Graphs,
}

/// Why a cheaper result was not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Discarded {
    /// The rules proved two different numbers equal.
    Contradiction,
    /// A result differs from the input at a point.
    Mismatch,
    /// The input is defined at too few of the points that were tried to compare a result.
    Unchecked,
}

/// What happened, for `pdec show`.
#[derive(Clone, Debug)]
pub struct SimplifyReport {
    /// The cost of the input, see [`dag_cost`].
    pub before: f64,
    /// The cost of the result.
    pub after: f64,
    /// The number of terms in the e-graph at the end.
    pub nodes: usize,
    /// How often all rules were applied.
    pub iterations: usize,
    /// Why the search ended.
    pub stop: StopReason,
    /// The rules that found something, in the order of the table, with how often.
    pub applied: Vec<(&'static str, usize)>,
    /// Where the result comes from.
    pub chosen: Chosen,
    /// Why a cheaper result was not used, if there was one.
    pub discarded: Option<Discarded>,
}

/// Below this cost there is one operation at most: nothing for the rules.
const NOT_WORTH_IT: f64 = 1.5;

/// Formulas with more operations than this are not spelled anew as a whole: they could grow without bounds.
const MOST_RESPELLED: usize = 600;

const STANDARD: Budget = Budget { tier: Tier::Standard, iterations: 6, terms: 1200, matches: 200 };
const MAXIMAL: Budget = Budget { tier: Tier::Maximal, iterations: 8, terms: 8000, matches: 2000 };

/// Equal formulas that cost as little as was found, in the order of `roots`, and what happened.
///
/// `known` encloses the values of each atom: [`Interval::ALL`] where nothing is known. Rules that need a sign or a
/// divisor that is not 0 use it.
pub fn simplify(
    graph: &mut Graph,
    roots: &[Expr],
    known: &dyn Fn(&Symbol) -> Interval,
    effort: Effort,
) -> (Vec<Expr>, SimplifyReport) {
    let size = cost::size(graph, roots);
    let before = size.cost;
    let report = SimplifyReport {
        before,
        after: before,
        nodes: 0,
        iterations: 0,
        stop: StopReason::NothingToGain,
        applied: Vec::new(),
        chosen: Chosen::Input,
        discarded: None,
    };
    let known: FxHashMap<Symbol, Interval> = graph.symbols(roots).into_iter().map(|s| (s.clone(), known(&s))).collect();
    let mut simplification = Simplification { original: roots, best: roots.to_vec(), size, known, report };
    if effort != Effort::Off {
        simplification.settle(graph, effort);
    }
    (simplification.best, simplification.report)
}

struct Simplification<'a> {
    original: &'a [Expr],
    best: Vec<Expr>,
    size: Size,
    known: FxHashMap<Symbol, Interval>,
    report: SimplifyReport,
}

impl Simplification<'_> {
    /// Searches from the best formulas so far until nothing better is found. What is found depends on these alone, so that
    /// a result is no longer changed by simplifying it.
    fn settle(&mut self, graph: &mut Graph, effort: Effort) {
        let mut steps = 0;
        while !graph.exhausted() {
            let before = self.size;
            let pays = self.size.cost >= NOT_WORTH_IT;
            if pays {
                self.search(graph, &STANDARD);
            }
            if self.size == before && self.size.operations < MOST_RESPELLED {
                self.respell(graph);
            }
            if self.size == before && pays && effort == Effort::Maximal {
                self.search(graph, &MAXIMAL);
            }
            if self.size == before {
                break;
            }
            steps += 1;
        }
        // Each step was compared with the one before it only.
        if steps > 1 && !self.is_equal(graph, self.original, &self.best.clone()) {
            self.best = self.original.to_vec();
            self.report.after = self.report.before;
            self.report.chosen = Chosen::Input;
        }
    }

    fn respell(&mut self, graph: &mut Graph) {
        for candidate in factor::respelled(graph, &self.best) {
            self.consider(graph, candidate, Chosen::Spelling);
        }
    }

    fn search(&mut self, graph: &mut Graph, budget: &Budget) {
        let Some((mut classes, roots, atoms)) = self.classes(graph, budget) else {
            self.report.stop = StopReason::TooLarge;
            return;
        };
        let search = saturate(&mut classes, budget);
        self.report.nodes = classes.total_size();
        self.report.iterations += search.iterations;
        self.report.stop = search.stop;
        self.count_applied(&search.applied);
        if classes.analysis.contradiction {
            self.report.discarded = Some(Discarded::Contradiction);
            return;
        }
        let choices = extract::Choices::new(&classes, &roots);
        let found = [(Chosen::Trees, choices.by_trees()), (Chosen::Graphs, choices.by_graphs())];
        for (chosen, operations) in found {
            if let Some(operations) = operations {
                let candidate = lower::raise(graph, &operations, &atoms);
                self.consider(graph, candidate, chosen);
            }
        }
    }

    /// An e-graph of the best roots so far and of other spellings of their sums; `None` if it would be too large.
    fn classes(&self, graph: &mut Graph, budget: &Budget) -> Option<(Classes, Vec<Id>, Vec<Symbol>)> {
        let (plain, _) = lower::lower(graph, &self.best);
        if plain.terms.len() >= budget.terms / 2 {
            return None;
        }
        let mut pairs = factor::spellings_of_sums(graph, &self.best);
        let with_pairs = |pairs: &[(Expr, Expr)]| -> Vec<Expr> {
            let both = pairs.iter().flat_map(|(a, b)| [*a, *b]);
            self.best.iter().copied().chain(both).collect()
        };
        let (mut operations, mut atoms) = lower::lower(graph, &with_pairs(&pairs));
        if operations.terms.len() >= budget.terms * 2 / 3 {
            pairs.clear();
            (operations, atoms) = lower::lower(graph, &self.best);
        }
        let ranges = atoms.iter().map(|s| self.known.get(s).copied().unwrap_or(Interval::ALL)).collect();
        let mut classes: Classes = EGraph::new(Knowledge { atoms: ranges, contradiction: false });
        let mut images: Vec<Id> = Vec::with_capacity(operations.terms.len());
        for term in &operations.terms {
            let image = classes.add(term.clone().map_children(|c| images[usize::from(c)]));
            images.push(image);
        }
        let roots: Vec<Id> = operations.roots.iter().map(|r| images[usize::from(*r)]).collect();
        let (roots, spellings) = roots.split_at(self.best.len());
        for pair in spellings.chunks_exact(2) {
            classes.union(pair[0], pair[1]);
        }
        Some((classes, roots.to_vec(), atoms))
    }

    fn consider(&mut self, graph: &Graph, candidate: Vec<Expr>, chosen: Chosen) {
        let size = cost::size(graph, &candidate);
        if graph.exhausted() || size >= self.size {
            return;
        }
        if self.is_equal(graph, &self.best.clone(), &candidate) {
            self.best = candidate;
            self.size = size;
            self.report.after = size.cost;
            self.report.chosen = chosen;
        }
    }

    /// Whether the numeric check believes that all formulas are equal; otherwise the report says why not.
    fn is_equal(&mut self, graph: &Graph, before: &[Expr], after: &[Expr]) -> bool {
        match check::compare(graph, before, after, &self.known) {
            Verdict::Agree => return true,
            Verdict::Differ => self.report.discarded = Some(Discarded::Mismatch),
            Verdict::Unknown => self.report.discarded = Some(Discarded::Unchecked),
        }
        false
    }

    fn count_applied(&mut self, applied: &[usize]) {
        for (rule, &count) in RULES.iter().zip(applied).filter(|(_, count)| **count > 0) {
            match self.report.applied.iter_mut().find(|(name, _)| *name == rule.name) {
                Some((_, total)) => *total += count,
                None => self.report.applied.push((rule.name, count)),
            }
        }
    }
}

impl fmt::Display for SimplifyReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { before, after, nodes, iterations, .. } = self;
        write!(f, "cost {before} -> {after}, {nodes} terms, {iterations} iterations")
    }
}
