//! Integrals while a kernel runs: their values, their gradients, and their derivatives along a direction.
//!
//! The inner points of a family come in groups: one for each combination of the coordinates that its integrals depend
//! on, among all the points that use them; a single one where they are numbers. A group is a few tiles of its own, whose
//! rows are multiplied by the quadrature weights and summed, tile after tile.
//!
//! A residual R(x, u_α, I) has the row `Σ_α ∂R/∂u_α ∂_θ u_α + Σ_I ∂R/∂I ∂_θ I`. The gradients ∂_θ I are summed over the
//! points of a group within the reverse sweep, so that no row of an inner point is ever stored.

use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::description::InnerPoints;
use super::forward::Workspace;
use super::nonlocal::{Family, Member};
use super::reverse::Sums;
use super::sweep::{EXTENSION, sized};
use super::system::{Block, Kernel};
use super::tile::{PointSet, Tile, TileScale, tiles};
use crate::linalg::{RowTile, parts_of_sum};

/// The integrals of one family.
pub(super) struct IntegralBlock {
    /// What is under the integral signs, with all its tiles: group after group.
    pub block: Block,
    inner: Arc<InnerPoints>,
    axes: Vec<usize>,
    /// How many groups there are.
    groups: usize,
    /// How many tiles a group has.
    group_tiles: usize,
}

/// Numbers for each integral of a family and each group.
#[derive(Clone, Debug, Default)]
struct Table {
    members: usize,
    groups: usize,
    data: Vec<f64>,
}

/// The values of all integrals, family by family: order along the direction, member, group.
#[derive(Clone, Debug, Default)]
pub(super) struct IntegralValues(Vec<Table>);

/// The gradients of all integrals, family by family: group, member, parameter.
#[derive(Debug, Default)]
pub(super) struct IntegralGradients(Vec<Table>);

impl IntegralBlock {
    pub fn new(family: &Family, block: Block, inner: &[InnerPoints]) -> Self {
        let inner = Arc::new(inner[family.inner].clone());
        Self { block, inner, axes: family.axes.clone(), groups: 0, group_tiles: 0 }
    }

    pub fn without_points(&self) -> Self {
        let (inner, axes) = (Arc::clone(&self.inner), self.axes.clone());
        Self { block: self.block.without_points(), inner, axes, groups: 0, group_tiles: 0 }
    }

    /// How many integrals there are, all groups together.
    pub fn value_count(&self) -> usize {
        self.groups * self.members()
    }

    fn members(&self) -> usize {
        self.block.factors.len()
    }

    fn tiles_of(&self, group: usize) -> &[Tile] {
        &self.block.tiles[group * self.group_tiles..][..self.group_tiles]
    }

    /// Makes the tiles of all groups; `outer` has a column of coordinates for each axis that the integrals depend on.
    fn place(&mut self, outer: &[Vec<f64>], groups: usize) {
        let mut all = Vec::new();
        for group in 0..groups {
            let at: Vec<f64> = outer.iter().map(|column| column[group]).collect();
            let points = self.inner.around(&self.axes, &at);
            let block = &self.block;
            let known = block.known_columns(&points);
            all.extend(tiles(&points, &known, TileScale::Weight, block.tile_points(), |tile| block.feature_jets(tile)));
        }
        self.groups = groups;
        self.group_tiles = all.len().checked_div(groups).unwrap_or(0);
        self.block.tiles = all;
    }
}

impl InnerPoints {
    /// The points that belong to an outer one with these coordinates along `axes`.
    fn around(&self, axes: &[usize], outer: &[f64]) -> PointSet {
        let mut points = self.points.clone();
        for (&axis, &at) in axes.iter().zip(outer) {
            match self.moving {
                Some(moving) if moving.axis == axis => {
                    let length = at - moving.fixed;
                    points.coordinates[axis].iter_mut().for_each(|x| *x = moving.fixed + *x * length);
                    let signed = if moving.upper { length } else { -length };
                    points.weights.iter_mut().for_each(|w| *w *= signed);
                }
                _ => points.coordinates[axis].fill(at),
            }
        }
        points
    }
}

/// The distinct outer points of a family, numbered as they are met.
struct Groups {
    axes: Vec<usize>,
    numbers: FxHashMap<Vec<u64>, u32>,
    coordinates: Vec<Vec<f64>>,
}

impl Groups {
    fn new(axes: &[usize]) -> Self {
        let coordinates = vec![Vec::new(); axes.len()];
        Self { axes: axes.to_vec(), numbers: FxHashMap::default(), coordinates }
    }

    fn of_point(&mut self, tile: &Tile, point: usize) -> u32 {
        let at = |axis: &usize| tile.columns[axis * tile.stride + point];
        // -0 and 0 are one place.
        let key = self.axes.iter().map(|axis| (at(axis) + 0.0).to_bits()).collect();
        let next = self.numbers.len() as u32;
        *self.numbers.entry(key).or_insert_with(|| {
            self.axes.iter().zip(&mut self.coordinates).for_each(|(axis, column)| column.push(at(axis)));
            next
        })
    }
}

impl Kernel {
    /// Finds the groups of all families anew, after the points of a block have changed.
    pub(super) fn regroup(&mut self) {
        for family in (0..self.integrals.len()).rev() {
            let (before, behind) = self.integrals.split_at_mut(family + 1);
            let own = &mut before[family];
            let mut groups = Groups::new(&own.axes);
            let users = self.blocks.iter_mut().chain(behind.iter_mut().map(|integral| &mut integral.block));
            for block in users {
                let Some(slot) = block.families.iter().position(|&f| f == family) else { continue };
                for tile in &mut block.tiles {
                    tile.groups.resize(block.families.len(), Vec::new());
                    tile.groups[slot] = (0..tile.stride).map(|point| groups.of_point(tile, point)).collect();
                }
            }
            own.place(&groups.coordinates, groups.numbers.len());
        }
    }

    /// The values of all integrals.
    pub(super) fn integral_values(&self, theta: &[f64]) -> IntegralValues {
        let mut known = IntegralValues::default();
        for integral in &self.integrals {
            let mut values = Table::new(integral, 1);
            self.sum_groups(integral, 1, &mut values.data, |tile, work, rows| {
                integral.block.values(tile, theta, &known, work, rows);
            });
            known.0.push(values);
        }
        known
    }

    /// The values of all integrals with their first two derivatives along a direction.
    pub(super) fn integrals_along(&self, theta: &[f64], v: &[f64]) -> IntegralValues {
        let mut known = IntegralValues::default();
        for integral in &self.integrals {
            let mut values = Table::new(integral, EXTENSION);
            self.sum_groups(integral, EXTENSION, &mut values.data, |tile, work, rows| {
                let (value, derivatives) = rows.split_at_mut(integral.members() * tile.rows);
                let (first, second) = derivatives.split_at_mut(integral.members() * tile.rows);
                integral.block.values(tile, theta, &known, work, value);
                integral.block.residual_along(tile, [theta, v], &known, work, first, second);
            });
            known.0.push(values);
        }
        known
    }

    /// `extension · members` rows of each tile, summed over the points of each group.
    fn sum_groups(
        &self,
        integral: &IntegralBlock,
        extension: usize,
        values: &mut [f64],
        rows_of: impl Fn(&Tile, &mut Workspace, &mut [f64]) + Sync,
    ) {
        let count = extension * integral.members();
        let sums: Vec<Vec<f64>> = (0..integral.groups)
            .into_par_iter()
            .map(|group| {
                let mut sums = vec![0.0; count];
                let mut rows = Vec::new();
                for tile in integral.tiles_of(group) {
                    let rows = sized(&mut rows, count * tile.rows);
                    self.workspaces.with(Workspace::default, |work| rows_of(tile, work, rows));
                    for (sum, row) in sums.iter_mut().zip(rows.chunks_exact(tile.rows)) {
                        *sum += row.iter().sum::<f64>();
                    }
                }
                sums
            })
            .collect();
        for (group, sums) in sums.iter().enumerate() {
            for (row, sum) in sums.iter().enumerate() {
                values[row * integral.groups + group] = *sum;
            }
        }
    }

    /// The gradients of all integrals, whose values are `known`.
    pub(super) fn integral_gradients(&self, theta: &[f64], known: &IntegralValues) -> IntegralGradients {
        let mut gradients = IntegralGradients::default();
        for integral in &self.integrals {
            let block = &integral.block;
            let mut all = Table::new(integral, self.parameters);
            let by_group: Vec<&mut [f64]> =
                all.data.chunks_exact_mut((integral.members() * self.parameters).max(1)).collect();
            by_group.into_par_iter().enumerate().for_each(|(group, out)| {
                self.workspaces.with(Workspace::default, |work| {
                    for tile in integral.tiles_of(group) {
                        block.linearize(&block.linear, tile, theta, known, work);
                        let point = std::mem::take(&mut work.point);
                        let partials = &point[block.factors.len() * tile.stride..];
                        for (member, sum) in out.chunks_exact_mut(self.parameters.max(1)).enumerate() {
                            let weight = |r: usize, b: usize| if r == member { tile.scale[b] } else { 0.0 };
                            block.add_sweeps(tile, theta, work, partials, &weight, sum);
                            let of_integrals = &partials[block.partials.len() * tile.stride..];
                            block.add_inner_gradients(tile, of_integrals, &weight, &gradients, sum);
                        }
                        work.point = point;
                    }
                });
            });
            gradients.0.push(all);
        }
        gradients
    }

    /// Adds `Σ cotangent · ∂_θ I` over all integrals to a gradient; `cotangents` are as long as the values.
    pub(super) fn add_integral_cotangents(
        &self,
        theta: &[f64],
        known: &IntegralValues,
        mut cotangents: IntegralValues,
        gradient: &mut [f64],
    ) {
        for (family, integral) in self.integrals.iter().enumerate().rev() {
            let own = std::mem::take(&mut cotangents.0[family].data);
            let per_part = integral.groups.div_ceil(parts_of_sum(self.parameters)).max(1);
            let parts: Vec<usize> = (0..integral.groups).step_by(per_part).collect();
            let sums: Vec<(Vec<f64>, IntegralValues)> = parts
                .into_par_iter()
                .map(|start| {
                    let mut sum = vec![0.0; self.parameters];
                    let mut inner = cotangents.zeros();
                    self.workspaces.with(Workspace::default, |work| {
                        for group in start..(start + per_part).min(integral.groups) {
                            for tile in integral.tiles_of(group) {
                                let seed = |r: usize| own[r * integral.groups + group];
                                let weight = |r: usize, b: usize| seed(r) * tile.scale[b];
                                let block = &integral.block;
                                block.linearize(&block.linear, tile, theta, known, work);
                                let point = std::mem::take(&mut work.point);
                                let partials = &point[block.factors.len() * tile.stride..];
                                let mut sums = Sums { gradient: &mut sum, cotangents: &mut inner };
                                block.add_seeded(tile, theta, work, partials, weight, &mut sums);
                                work.point = point;
                            }
                        }
                    });
                    (sum, inner)
                })
                .collect();
            for (sum, inner) in sums {
                gradient.iter_mut().zip(sum).for_each(|(g, s)| *g += s);
                cotangents.add(&inner);
            }
        }
    }
}

impl Table {
    fn new(integral: &IntegralBlock, numbers: usize) -> Self {
        let (members, groups) = (integral.members(), integral.groups);
        Self { members, groups, data: vec![0.0; members * groups * numbers] }
    }
}

impl IntegralValues {
    /// As many zeros.
    pub fn zeros(&self) -> Self {
        let zeros = |table: &Table| Table { data: vec![0.0; table.data.len()], ..*table };
        Self(self.0.iter().map(zeros).collect())
    }

    /// Adds others of the same lengths.
    pub fn add(&mut self, more: &Self) {
        for (sums, values) in self.0.iter_mut().zip(&more.0) {
            sums.data.iter_mut().zip(&values.data).for_each(|(s, v)| *s += v);
        }
    }

    /// Fills a row with an integral, so many times differentiated along the direction, at points of these groups.
    pub fn gather(&self, member: Member, times: usize, groups: &[u32], row: &mut [f64]) {
        let table = &self.0[member.family];
        let values = &table.data[(times * table.members + member.member) * table.groups..][..table.groups];
        row.iter_mut().zip(groups).for_each(|(out, &group)| *out = values[group as usize]);
    }
}

impl Block {
    /// The groups of the points of a tile in the family of an integral of the block.
    pub(super) fn groups_of<'t>(&self, tile: &'t Tile, member: Member) -> &'t [u32] {
        let slot = self.families.iter().position(|&family| family == member.family);
        &tile.groups[slot.expect("the block knows the families of its integrals")]
    }

    /// Calls `f` with formula, integral and partial derivatives, one a point; `partials` are those of the integrals.
    fn for_each_integral_partial(&self, tile: &Tile, partials: &[f64], mut f: impl FnMut(usize, Member, &[f64])) {
        let rows = self.integral_partials.iter().zip(partials.chunks_exact(tile.stride));
        rows.for_each(|(&(formula, integral), row)| f(formula, self.integrals[integral], row));
    }

    /// Adds `∂R/∂I ∂_θ I` to the scaled rows of one residual.
    pub(super) fn add_integral_rows(
        &self,
        residual: usize,
        tile: &Tile,
        work: &Workspace,
        gradients: &IntegralGradients,
        out: &mut RowTile,
    ) {
        let partials = &work.point[(self.factors.len() + self.partials.len()) * tile.stride..];
        self.for_each_integral_partial(tile, partials, |r, member, partial| {
            if r != residual {
                return;
            }
            let (table, groups) = (&gradients.0[member.family], self.groups_of(tile, member));
            let columns = out.data_mut().len() / tile.stride;
            for b in 0..tile.rows {
                let factor = partial[b] * tile.scale[b] * self.factors[r];
                let at = (groups[b] as usize * table.members + member.member) * columns;
                let gradient = &table.data[at..at + columns];
                for (entries, g) in out.data_mut().chunks_exact_mut(tile.stride).zip(gradient) {
                    entries[b] += factor * g;
                }
            }
        });
    }

    /// Adds Σ weight(r, point) ∂R_r/∂I ∂_θ I over the points of a tile.
    fn add_inner_gradients(
        &self,
        tile: &Tile,
        partials: &[f64],
        weight: &impl Fn(usize, usize) -> f64,
        gradients: &IntegralGradients,
        sum: &mut [f64],
    ) {
        self.for_each_integral_partial(tile, partials, |r, member, partial| {
            let (table, groups) = (&gradients.0[member.family], self.groups_of(tile, member));
            for b in 0..tile.rows {
                let factor = weight(r, b) * partial[b] * self.factors[r];
                if factor != 0.0 {
                    let at = (groups[b] as usize * table.members + member.member) * sum.len();
                    sum.iter_mut().zip(&table.data[at..]).for_each(|(s, g)| *s += factor * g);
                }
            }
        });
    }

    /// Adds Σ weight(r, point) ∂R_r/∂I over the points of each group.
    pub(super) fn add_cotangents(
        &self,
        tile: &Tile,
        partials: &[f64],
        weight: &impl Fn(usize, usize) -> f64,
        cotangents: &mut IntegralValues,
    ) {
        self.for_each_integral_partial(tile, partials, |r, member, partial| {
            let table = &mut cotangents.0[member.family];
            let sums = &mut table.data[member.member * table.groups..][..table.groups];
            for (b, &group) in self.groups_of(tile, member)[..tile.rows].iter().enumerate() {
                sums[group as usize] += weight(r, b) * partial[b] * self.factors[r];
            }
        });
    }
}
