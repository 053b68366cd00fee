//! Points in tiles, and the buffers of a sweep over one.

use std::ops::Range;
use std::sync::Mutex;

/// The most points of a tile: few enough that the jets of a layer stay in the L2 cache.
pub(super) const TILE: usize = 64;

/// Points with outward normals and weights.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PointSet {
    /// One column an axis.
    pub coordinates: Vec<Vec<f64>>,
    /// One column an axis: the outward unit normal (zero inside).
    pub normals: Vec<Vec<f64>>,
    /// Weight of each point in the loss: that of its term times that of the quadrature.
    pub weights: Vec<f64>,
    /// Numbers that stand beside the points, such as the values that a data file has there.
    pub columns: Vec<Vec<f64>>,
}

impl PointSet {
    /// How many points there are.
    pub fn len(&self) -> usize {
        self.weights.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.weights.is_empty()
    }

    /// Some of the points, by number, with their weights.
    #[must_use]
    pub fn select(&self, chosen: &[usize]) -> Self {
        let pick = |column: &Vec<f64>| chosen.iter().map(|&i| column[i]).collect::<Vec<f64>>();
        Self {
            coordinates: self.coordinates.iter().map(pick).collect(),
            normals: self.normals.iter().map(pick).collect(),
            weights: pick(&self.weights),
            columns: self.columns.iter().map(pick).collect(),
        }
    }

    /// Adds more points of the same kind.
    pub fn append(&mut self, more: Self) {
        let columns = self.coordinates.iter_mut().zip(more.coordinates);
        let columns = columns.chain(self.columns.iter_mut().zip(more.columns));
        columns.chain(self.normals.iter_mut().zip(more.normals)).for_each(|(column, more)| column.extend(more));
        self.weights.extend(more.weights);
    }
}

/// The points of one tile, padded to a multiple of 8 by copies of the last one with weight 0.
#[derive(Clone, Debug)]
pub(super) struct Tile {
    pub rows: usize,
    pub stride: usize,
    /// Coordinates, then normals: one row of `stride` numbers an axis; then what is known at the points.
    pub columns: Vec<f64>,
    /// What rows are multiplied by: sqrt(weight), or the weight itself where rows are summed; `stride` numbers.
    pub scale: Vec<f64>,
    /// The jets of the input features of each network, as its `Inputs` arranges them. Empty for a network not in use.
    pub features: Vec<Vec<f64>>,
    /// For each family of integrals that the block uses, the group of each of the `stride` points.
    pub groups: Vec<Vec<u32>>,
}

/// What the weights of points do to rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TileScale {
    /// Rows are squared: they carry the square root.
    Root,
    /// Rows are summed: they carry the weight.
    Weight,
}

/// Cuts points into tiles of `size`; `known` has one column for each known field that programs read, and `features(tile)` gives the
/// jets of the input features, which do not depend on θ, once for all.
pub(super) fn tiles(
    points: &PointSet,
    known: &[Vec<f64>],
    scale: TileScale,
    size: usize,
    features: impl Fn(&Tile) -> Vec<Vec<f64>>,
) -> Vec<Tile> {
    (0..points.len())
        .step_by(size)
        .map(|start| {
            let mut tile = tile(points, known, scale, start..(start + size).min(points.len()));
            tile.features = features(&tile);
            tile
        })
        .collect()
}

fn tile(points: &PointSet, known: &[Vec<f64>], scale: TileScale, range: Range<usize>) -> Tile {
    let (start, rows) = (range.start, range.len());
    let stride = rows.next_multiple_of(8);
    let padded = |column: &[f64]| (0..stride).map(|i| column[start + i.min(rows - 1)]).collect::<Vec<f64>>();
    let columns = points.coordinates.iter().chain(&points.normals).chain(known).flat_map(|c| padded(c)).collect();
    let scaled = |weight: f64| if scale == TileScale::Root { weight.sqrt() } else { weight };
    let scale = (0..stride).map(|i| if i < rows { scaled(points.weights[start + i]) } else { 0.0 }).collect();
    Tile { rows, stride, columns, scale, features: Vec::new(), groups: Vec::new() }
}

/// Buffers that sweeps borrow, so that a step allocates nothing once all are made.
#[derive(Debug, Default)]
pub(crate) struct Pool<T>(Mutex<Vec<T>>);

impl<T> Pool<T> {
    /// Runs `f` with a buffer of the pool, or with a new one while there are too few.
    pub fn with<R>(&self, make: impl FnOnce() -> T, f: impl FnOnce(&mut T) -> R) -> R {
        let taken = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).pop();
        let mut buffer = taken.unwrap_or_else(make);
        let result = f(&mut buffer);
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(buffer);
        result
    }
}
