//! The choice of one term for each class, for all roots at once.
//!
//! Finding the cheapest shared graph is NP-hard. Two greedy choices, one that counts shared parts each time and one that
//! counts them once, are improved by trying every other term of every class that is in use.

use egg::{Id, Language};
use num_traits::One;
use rustc_hash::FxHashMap;

use super::analysis::Classes;
use super::cost::{NEGATION, weight};
use super::language::Term;
use super::lower::Operations;

/// A saturated or exhausted e-graph with its classes numbered and its terms weighed.
pub(super) struct Choices {
    terms: Vec<Vec<Weighed>>,
    roots: Vec<usize>,
}

struct Weighed {
    term: Term,
    cost: f64,
    operands: Vec<usize>,
}

/// For each class, the number of the chosen term, where there is one.
type Choice = Vec<Option<usize>>;

/// What a term costs that is free by itself: more than nothing, so that a class never costs less than its operands.
const TRIFLE: f64 = 1e-6;

/// A cost that stands for "more than any formula": additions beyond it change nothing.
const HUGE: f64 = 1e300;

/// How many graphs the improvement may weigh.
const MOST_TRIALS: usize = 2000;

impl Choices {
    pub(super) fn new(classes: &Classes, roots: &[Id]) -> Self {
        let numbers: FxHashMap<Id, usize> = classes.classes().enumerate().map(|(i, class)| (class.id, i)).collect();
        let number = |id: Id| numbers[&classes.find(id)];
        let terms = classes
            .classes()
            .map(|class| {
                let weigh = |term: &Term| Weighed {
                    cost: if class.data.atomless { TRIFLE } else { own_cost(classes, term) },
                    operands: term.children().iter().map(|c| number(*c)).collect(),
                    term: term.clone(),
                };
                match class.nodes.iter().find(|n| matches!(n, Term::Number(_))) {
                    Some(constant) => vec![weigh(constant)],
                    None => class.nodes.iter().map(weigh).collect(),
                }
            })
            .collect();
        Self { terms, roots: roots.iter().map(|r| number(*r)).collect() }
    }

    /// The cheapest trees, shared parts counted each time, then improved.
    pub(super) fn by_trees(&self) -> Option<Operations> {
        self.assemble(self.improved(self.tree_greedy())?)
    }

    /// The cheapest graph below each class by itself, shared parts counted once, then improved.
    pub(super) fn by_graphs(&self) -> Option<Operations> {
        self.assemble(self.improved(self.graph_greedy())?)
    }

    fn tree_greedy(&self) -> Choice {
        let mut choice: Choice = vec![None; self.terms.len()];
        let mut costs = vec![f64::INFINITY; self.terms.len()];
        let mut changed = true;
        while changed {
            changed = false;
            for (class, terms) in self.terms.iter().enumerate() {
                for (n, term) in terms.iter().enumerate() {
                    let below: f64 = term.operands.iter().map(|o| costs[*o]).sum();
                    let cost = if below.is_finite() { (below + term.cost).min(HUGE) } else { f64::INFINITY };
                    if cost < costs[class] - 1e-9 * cost.min(1.0) {
                        costs[class] = cost;
                        choice[class] = Some(n);
                        changed = true;
                    }
                }
            }
        }
        choice
    }

    fn graph_greedy(&self) -> Choice {
        // Each class knows the set of classes below its choice, and what they cost together.
        let count = self.terms.len();
        let mut choice: Choice = vec![None; count];
        let mut best: Vec<Option<(ClassSet, f64)>> = vec![None; count];
        let mut own = vec![0.0; count];
        // Costs fall in every round; the limit holds where rounding would let it go on.
        for _ in 0..2 * count {
            let mut changed = false;
            for (class, terms) in self.terms.iter().enumerate() {
                for (n, term) in terms.iter().enumerate() {
                    let Some(below) = union_below(term, &best, count) else { continue };
                    if below.contains(class) {
                        continue;
                    }
                    let cost = term.cost + below.iter().map(|c| own[c]).sum::<f64>();
                    if best[class].as_ref().is_none_or(|(_, old)| cost < old - 1e-9) {
                        let mut below = below;
                        below.insert(class);
                        best[class] = Some((below, cost));
                        own[class] = term.cost;
                        choice[class] = Some(n);
                        changed = true;
                    }
                }
            }
            if !changed {
                break;
            }
        }
        choice
    }

    /// Tries every other term of every class in use, as long as the whole becomes cheaper; `None` if the choice to start
    /// from leads in a circle.
    fn improved(&self, mut choice: Choice) -> Option<Choice> {
        let mut walk = Walk::new(self.terms.len());
        let mut cost = walk.cost(self, &choice)?;
        let mut trials = 0;
        loop {
            let before = cost;
            for class in walk.order(self, &choice)? {
                for n in 0..self.terms[class].len() {
                    let old = choice[class];
                    if old == Some(n) {
                        continue;
                    }
                    trials += 1;
                    if trials > MOST_TRIALS {
                        return Some(choice);
                    }
                    choice[class] = Some(n);
                    match walk.cost(self, &choice) {
                        Some(other) if other < cost - 1e-9 => cost = other,
                        _ => choice[class] = old,
                    }
                }
            }
            if cost >= before {
                return Some(choice);
            }
        }
    }

    fn assemble(&self, choice: Choice) -> Option<Operations> {
        let mut operations = Operations::default();
        let mut images: FxHashMap<usize, Id> = FxHashMap::default();
        for class in Walk::new(self.terms.len()).order(self, &choice)? {
            let weighed = &self.terms[class][choice[class]?];
            let mut term = weighed.term.clone();
            for (operand, class) in term.children_mut().iter_mut().zip(&weighed.operands) {
                *operand = images[class];
            }
            images.insert(class, operations.add(term));
        }
        operations.roots = self.roots.iter().map(|root| images[root]).collect();
        Some(operations)
    }
}

fn own_cost(classes: &Classes, term: &Term) -> f64 {
    let minus_one = |id: &Id| classes[*id].data.constant.as_ref().is_some_and(|c| (-c).is_one());
    match term {
        Term::Multiply(operands) if operands.iter().any(minus_one) => NEGATION,
        _ => weight(term).max(TRIFLE),
    }
}

/// A set of class numbers.
#[derive(Clone)]
struct ClassSet(Vec<u64>);

impl ClassSet {
    fn contains(&self, class: usize) -> bool {
        self.0[class / 64] >> (class % 64) & 1 == 1
    }

    fn insert(&mut self, class: usize) {
        self.0[class / 64] |= 1 << (class % 64);
    }

    fn iter(&self) -> impl Iterator<Item = usize> {
        self.0.iter().enumerate().flat_map(|(word, &bits)| {
            let mut rest = bits;
            std::iter::from_fn(move || {
                let bit = rest.trailing_zeros() as usize;
                (rest != 0).then(|| {
                    rest &= rest - 1;
                    word * 64 + bit
                })
            })
        })
    }
}

fn union_below(term: &Weighed, best: &[Option<(ClassSet, f64)>], count: usize) -> Option<ClassSet> {
    let mut union = ClassSet(vec![0; count.div_ceil(64)]);
    for operand in &term.operands {
        let (set, _) = best[*operand].as_ref()?;
        union.0.iter_mut().zip(&set.0).for_each(|(u, s)| *u |= s);
    }
    Some(union)
}

/// Walks over the chosen terms below the roots; keeps its memory from walk to walk.
struct Walk {
    marks: Vec<u32>,
    stamp: u32,
    stack: Vec<(usize, usize)>,
}

impl Walk {
    fn new(classes: usize) -> Self {
        Self { marks: vec![0; classes], stamp: 0, stack: Vec::new() }
    }

    /// The cost of all that the roots need; `None` if the choice leads in a circle.
    fn cost(&mut self, choices: &Choices, choice: &Choice) -> Option<f64> {
        let mut cost = 0.0;
        self.visit(choices, choice, |_, term| cost += term.cost).then_some(cost)
    }

    /// The classes that the roots need, operands first.
    fn order(&mut self, choices: &Choices, choice: &Choice) -> Option<Vec<usize>> {
        let mut order = Vec::new();
        self.visit(choices, choice, |class, _| order.push(class)).then_some(order)
    }

    fn visit(&mut self, choices: &Choices, choice: &Choice, mut done: impl FnMut(usize, &Weighed)) -> bool {
        // Two marks a walk: one for "on the way", one for "done".
        self.stamp += 2;
        let (open, closed) = (self.stamp - 1, self.stamp);
        for &root in &choices.roots {
            self.stack.clear();
            if self.marks[root] != closed {
                self.stack.push((root, 0));
                self.marks[root] = open;
            }
            while let Some((class, next)) = self.stack.last_mut() {
                let Some(n) = choice[*class] else { return false };
                let term = &choices.terms[*class][n];
                if let Some(&operand) = term.operands.get(*next) {
                    *next += 1;
                    if self.marks[operand] == open {
                        return false;
                    }
                    if self.marks[operand] != closed {
                        self.marks[operand] = open;
                        self.stack.push((operand, 0));
                    }
                    continue;
                }
                done(*class, term);
                self.marks[*class] = closed;
                self.stack.pop();
            }
        }
        true
    }
}
