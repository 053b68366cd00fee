//! Which rows of the metric a formula has at each point: its second derivatives in the jets, in coupled groups.
//!
//! The metric of an energy ∫F is ∫ Tᵀ (∇²F) T, where T are the derivatives of the jets in θ. At a point ∇²F is a small
//! symmetric matrix over the jets that occur nonlinearly in F. Jets that no second derivative couples, directly or over
//! others, fall into groups: u_x and u_y of ½|∇u|² are two groups of one, each a row √(∂²F/∂u_x²) T; a group of k jets has
//! a k x k matrix and k rows.

use super::programs::PointTape;
use crate::expr::{Expr, Graph, Jet, Symbol};

/// Rows of the metric of one formula.
#[derive(Clone, Debug)]
pub enum MetricRows {
    /// One row, ∂R: Gauss and Newton's, for a residual.
    Gradient {
        /// The residual.
        formula: usize,
    },
    /// As many rows as jets, from the second derivatives.
    Hessian(HessianGroup),
}

/// Jets of one formula whose second derivatives are coupled.
#[derive(Clone, Debug)]
pub struct HessianGroup {
    /// The formula.
    pub formula: usize,
    /// The jets, as numbers of partials of the block.
    pub partials: Vec<usize>,
    /// Row, column (in the group, row ≤ column) and the output of the program for each entry that is not zero.
    pub entries: Vec<(usize, usize, usize)>,
    /// Whether the formula is a residual R, whose ½R² has the second derivatives `R_i R_j + R R_ij`.
    pub squared: bool,
}

/// The second derivatives of formulas, and the rows that they make.
#[derive(Clone, Debug)]
pub struct LocalTapes {
    /// The formulas, their partials, then the second derivatives.
    pub program: PointTape,
    /// The rows at each point, in order.
    pub rows: Vec<MetricRows>,
}

impl MetricRows {
    /// How many rows.
    pub fn count(&self) -> usize {
        match self {
            MetricRows::Gradient { .. } => 1,
            MetricRows::Hessian(group) => group.partials.len(),
        }
    }
}

/// The formulas of second derivatives, and rows whose entries count them from `first` on.
pub(super) struct Hessian {
    pub formulas: Vec<Expr>,
    pub rows: Vec<MetricRows>,
}

impl Hessian {
    /// Of formulas with these partials (formula, jet, ∂), of residuals if `squared`.
    pub fn new(
        graph: &mut Graph,
        formulas: usize,
        partials: &[(usize, Jet, Expr)],
        first: usize,
        squared: bool,
        has_integrals: &dyn Fn(usize) -> bool,
    ) -> Self {
        let mut hessian = Self { formulas: Vec::new(), rows: Vec::new() };
        for formula in 0..formulas {
            let own: Vec<usize> = (0..partials.len()).filter(|&p| partials[p].0 == formula).collect();
            let mut entries = Vec::new();
            for (i, &p) in own.iter().enumerate() {
                for (j, &q) in own.iter().enumerate().skip(i) {
                    let second = graph.derivative(partials[p].2, &Symbol::Jet(partials[q].1.clone()));
                    if !graph.is_zero(second) {
                        entries.push((i, j, first + hessian.formulas.len()));
                        hessian.formulas.push(second);
                    }
                }
            }
            if squared {
                // Second derivatives that couple points have no rows of their own.
                let rows = if entries.is_empty() || has_integrals(formula) {
                    MetricRows::Gradient { formula }
                } else {
                    MetricRows::Hessian(HessianGroup { formula, partials: own, entries, squared })
                };
                hessian.rows.push(rows);
            } else {
                hessian.rows.extend(groups(formula, &own, &entries).map(MetricRows::Hessian));
            }
        }
        hessian
    }
}

/// Cuts the jets of a formula where nothing couples them; jets without second derivatives drop out.
fn groups(formula: usize, partials: &[usize], entries: &[(usize, usize, usize)]) -> impl Iterator<Item = HessianGroup> {
    // The smallest jet that each is coupled with; as many passes as jets carry it through any chain.
    let mut leader: Vec<usize> = (0..partials.len()).collect();
    for _ in 0..partials.len() {
        for &(i, j, _) in entries {
            let least = leader[i].min(leader[j]);
            (leader[i], leader[j]) = (least, least);
        }
    }
    let group = |own: usize| {
        let members: Vec<usize> = (0..partials.len()).filter(|&i| leader[i] == own).collect();
        let place = |i: usize| members.iter().position(|&m| m == i);
        let entry = |&(i, j, output): &(usize, usize, usize)| Some((place(i)?, place(j)?, output));
        let entries: Vec<_> = entries.iter().filter_map(entry).collect();
        let partials = members.iter().map(|&i| partials[i]).collect();
        (!entries.is_empty()).then_some(HessianGroup { formula, partials, entries, squared: false })
    };
    (0..partials.len()).filter_map(group).collect::<Vec<_>>().into_iter()
}
