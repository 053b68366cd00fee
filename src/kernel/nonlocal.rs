//! Which integrals a problem takes, and which of them share their points.
//!
//! Integrals over the same points that depend on the same axes form a [`Family`], whose formulas share the jets of the
//! networks at those points just as the residuals of a block do. An integral inside another is of lower depth, and
//! families are in the order of depth: each needs only those before it.

use super::description::Description;
use crate::expr::{Expr, Jet, MultiIndex};

/// Integrals that share their points.
#[derive(Clone, Debug)]
pub struct Family {
    /// Which of [`Description::inner`] they are taken over.
    pub inner: usize,
    /// The axes that they depend on, ascending.
    pub axes: Vec<usize>,
    /// Their fields.
    pub fields: Vec<usize>,
    /// What is under the integral sign of each.
    pub formulas: Vec<Expr>,
    depth: usize,
}

/// An integral of a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Member {
    /// Number of the family.
    pub family: usize,
    /// Number in the family.
    pub member: usize,
}

/// The families of all integrals that the blocks of a description use.
pub(super) fn families(description: &Description) -> Vec<Family> {
    let roots: Vec<Expr> = description.blocks.iter().flat_map(|block| block.formulas.iter().copied()).collect();
    let mut depths = vec![None; description.integrals.len()];
    inside(description, &roots).into_iter().for_each(|number| _ = depth_of(description, number, &mut depths));
    let mut families: Vec<Family> = Vec::new();
    for (of, depth) in description.integrals.iter().zip(depths) {
        let Some(depth) = depth else { continue };
        let fits = |f: &&mut Family| f.inner == of.inner && f.axes == of.axes && f.depth == depth;
        match families.iter_mut().find(fits) {
            Some(family) => {
                family.fields.push(of.field);
                family.formulas.push(of.integrand);
            }
            None => {
                let (inner, axes) = (of.inner, of.axes.clone());
                families.push(Family { inner, axes, fields: vec![of.field], formulas: vec![of.integrand], depth });
            }
        }
    }
    families.sort_by_key(|family| family.depth);
    families
}

/// Where the integral that is a field is found.
///
/// # Panics
/// If no family has it.
pub(super) fn member_of(families: &[Family], field: usize) -> Member {
    let place = families.iter().enumerate().find_map(|(family, f)| {
        let member = f.fields.iter().position(|&known| known == field)?;
        Some(Member { family, member })
    });
    place.expect("every integral that a formula uses is in a family")
}

/// A multi-index without its derivatives along an axis, and how many those are.
pub(super) fn without(index: &MultiIndex, axis: usize) -> (MultiIndex, usize) {
    let times = usize::from(index.along(axis));
    ((0..times).fold(index.clone(), |index, _| index.lowered(axis).unwrap_or_default()), times)
}

/// The numbers of the integrals in some formulas.
fn inside(description: &Description, roots: &[Expr]) -> Vec<usize> {
    let number = |jet: Jet| description.integral_of(jet.field.into());
    description.graph.jets(roots).into_iter().filter_map(number).collect()
}

fn depth_of(description: &Description, number: usize, depths: &mut [Option<usize>]) -> usize {
    if let Some(depth) = depths[number] {
        return depth;
    }
    let inner = inside(description, &[description.integrals[number].integrand]);
    let depth = inner.into_iter().map(|inner| depth_of(description, inner, depths) + 1).max().unwrap_or(0);
    depths[number] = Some(depth);
    depth
}
