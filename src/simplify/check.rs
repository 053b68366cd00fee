//! The numeric check: a result is believed only if it encloses the same numbers as the original.
//!
//! At random points inside the known intervals both are enclosed with outward rounding. Where both are defined, the
//! enclosures must meet; cancellation widens them, so that no tolerance has to be chosen.

use rustc_hash::FxHashMap;

use crate::expr::{Expr, Graph, Interval, Symbol};

/// How many points must be comparable before a result is believed.
const COMPARED: usize = 8;
/// How many points are tried for that.
const TRIED: usize = 96;
/// Where an atom has no bounds, it is tried between minus and plus this.
const UNBOUNDED_REACH: f64 = 3.0;

/// What the check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Every root was compared, and all agree.
    Agree,
    /// Some root has two different values at one point.
    Differ,
    /// The original is defined at too few points to tell.
    Unknown,
}

pub(super) fn compare(
    graph: &Graph,
    original: &[Expr],
    result: &[Expr],
    known: &FxHashMap<Symbol, Interval>,
) -> Verdict {
    let symbols = graph.symbols(original);
    let changed = (0..original.len()).filter(|&i| original[i] != result[i]);
    let (before, after): (Vec<Expr>, Vec<Expr>) = changed.map(|i| (original[i], result[i])).unzip();
    let mut compared = vec![0; before.len()];
    let mut random = Random(0x5eed);
    for _ in 0..TRIED {
        let point: FxHashMap<&Symbol, f64> = symbols.iter().map(|s| (s, random.inside(known[s]))).collect();
        let at = |s: &Symbol| point.get(s).map_or(Interval::ALL, |v| Interval::point(*v));
        let (x, y) = (graph.enclose(&before, at), graph.enclose(&after, at));
        for ((x, y), compared) in x.iter().zip(&y).zip(&mut compared) {
            if !x.is_bounded() || y.is_bounded() == y.is_empty() && !y.is_empty() {
                continue;
            }
            if x.intersection(*y).is_empty() {
                return Verdict::Differ;
            }
            *compared += 1;
        }
        if compared.iter().all(|&c| c >= COMPARED) {
            return Verdict::Agree;
        }
    }
    Verdict::Unknown
}

/// A small generator (splitmix64): the check is the same on every machine.
struct Random(u64);

impl Random {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn inside(&mut self, range: Interval) -> f64 {
        let lower =
            if range.lower.is_finite() { range.lower } else { (-UNBOUNDED_REACH).min(range.upper - UNBOUNDED_REACH) };
        let upper = if range.upper.is_finite() { range.upper } else { UNBOUNDED_REACH.max(lower + UNBOUNDED_REACH) };
        (lower + (upper - lower) * self.unit()).clamp(lower, upper)
    }
}
