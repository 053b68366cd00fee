//! What is known at every point without the parameters.

use std::sync::Arc;

use super::frozen::Frozen;
use super::tile::PointSet;
use crate::dataset::Interpolant;
use crate::expr::MultiIndex;

/// Where the values of a field come from that does not depend on the parameters.
#[derive(Clone, Debug)]
pub enum KnownSource {
    /// A number that stands beside each point: this one of [`PointSet::columns`].
    Column(usize),
    /// A function on a grid.
    Table {
        /// The function.
        table: Arc<Interpolant>,
        /// Which axis of the problem each axis of the grid is.
        axes: Vec<usize>,
    },
    /// A field of networks that are trained.
    Frozen {
        /// The networks.
        networks: Arc<Frozen>,
        /// The field.
        field: usize,
    },
}

impl KnownSource {
    /// The derivative `index` at every point of a set.
    pub(super) fn values(&self, index: &MultiIndex, points: &PointSet) -> Vec<f64> {
        match self {
            KnownSource::Column(column) => points.columns[*column].clone(),
            KnownSource::Table { table, axes } => {
                let orders: Vec<u8> = axes.iter().map(|&axis| index.along(axis)).collect();
                if index.order() > orders.iter().map(|&order| usize::from(order)).sum() {
                    return vec![0.0; points.len()];
                }
                let at = |i: usize| {
                    let point: Vec<f64> = axes.iter().map(|&axis| points.coordinates[axis][i]).collect();
                    table.value(&point, &orders)
                };
                (0..points.len()).map(at).collect()
            }
            KnownSource::Frozen { networks, field } => networks.values(*field, index, points),
        }
    }
}

/// A derivative of a known field that the programs of a block read.
#[derive(Clone, Debug)]
pub(super) struct KnownUse {
    pub source: KnownSource,
    pub index: MultiIndex,
}
