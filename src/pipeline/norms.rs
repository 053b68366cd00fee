//! The norms of natural gradients in a Hilbert metric, as formulas whose squares are integrated.

use super::lowered_formulas;
use crate::expr::{Expr, Graph, MultiIndex};
use crate::kernel::{BlockDescription, Metric, NormDescription, Role, Sobolev};
use crate::model::Model;
use crate::optim;
use crate::sample::Block;

/// The norms that the stages of a model ask for.
pub(super) fn norms(model: &Model, blocks: &[Block], graph: &mut Graph) -> Vec<NormDescription> {
    let mut norms: Vec<NormDescription> = Vec::new();
    for stage in &model.stages {
        let Metric::Sobolev(space) = optim::metric(stage) else { continue };
        if norms.iter().any(|norm| norm.space == space) {
            continue;
        }
        let (formulas, weights): (Vec<Expr>, Vec<f64>) = squares(model, graph, space).into_iter().unzip();
        let formulas = lowered_formulas(model, graph, &formulas);
        let block = BlockDescription { formulas, weights, role: Role::Residual, inside: true };
        norms.push(NormDescription { space, of: whole_domain(model, blocks), block });
    }
    norms
}

/// The blocks whose points together cover the domain once: inside, each place once.
fn whole_domain(model: &Model, blocks: &[Block]) -> Vec<usize> {
    let inside = |b: &usize| model.terms[blocks[*b].terms[0]].is_inside();
    let first =
        |b: &usize| !blocks[..*b].iter().enumerate().any(|(a, other)| inside(&a) && other.place == blocks[*b].place);
    (0..blocks.len()).filter(|b| inside(b) && first(b)).collect()
}

/// What is squared and integrated, with its weight: mixed second derivatives stand twice in the norm. Numbers that
/// training finds are functions, too.
fn squares(model: &Model, graph: &mut Graph, space: Sobolev) -> Vec<(Expr, f64)> {
    let mut found = Vec::new();
    for (number, component) in model.components().enumerate() {
        let field = component.field;
        let axes = model.fields[field].axes.clone();
        let order = space.order(number).unwrap_or_else(|| order_inside(model, field));
        let mut push = |index: MultiIndex, weight| found.push((graph.jet(field, index), weight));
        push(MultiIndex::zero(), 1.0);
        for (i, &axis) in axes.iter().enumerate().filter(|_| order > 0) {
            let along = MultiIndex::zero().raised(axis, 1);
            push(along.clone(), 1.0);
            for &other in axes[i..].iter().filter(|_| order > 1) {
                push(along.raised(other, 1), if other == axis { 1.0 } else { 2.0 });
            }
        }
    }
    found.extend(model.numbers.iter().map(|number| (graph.jet(number.field, MultiIndex::zero()), 1.0)));
    found
}

/// The order of the highest derivative of a field inside of the domain, at most 2.
fn order_inside(model: &Model, field: usize) -> usize {
    let residuals: Vec<Expr> = model.terms.iter().filter(|term| term.is_inside()).map(|term| term.residual).collect();
    let own = model.jets(&residuals).into_iter().filter(|jet| usize::from(jet.field) == field);
    own.map(|jet| jet.index.order()).max().unwrap_or(0).min(2)
}
