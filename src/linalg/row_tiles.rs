//! The residual Jacobian, stored as tiles of rows.

use faer::{Mat, MatRef};
use smallvec::SmallVec;

use crate::vmath::{PIECES, Piece};

/// Bytes of a line of the cache.
const LINE: usize = 64;

/// Some rows of a matrix: entry (row i, column p) at `p·stride + i`. Every column begins a line of the cache: registers that
/// reach over two of them are loaded at half the speed.
#[derive(Debug)]
pub struct RowTile {
    rows: usize,
    columns: usize,
    stride: usize,
    data: Vec<f64>,
    /// Where the entries start in `data`.
    start: usize,
}

impl Clone for RowTile {
    fn clone(&self) -> Self {
        let mut tile = Self::new(self.rows, self.columns);
        tile.data_mut().copy_from_slice(self.data());
        tile
    }
}

impl PartialEq for RowTile {
    fn eq(&self, other: &Self) -> bool {
        (self.rows, self.data()) == (other.rows, other.data())
    }
}

impl RowTile {
    fn new(rows: usize, columns: usize) -> Self {
        let stride = rows.next_multiple_of(8);
        let mut data = vec![0.0; stride * columns + LINE / size_of::<f64>()];
        // The vector keeps its place: it is never resized.
        let start = data.as_ptr().align_offset(LINE).min(LINE / size_of::<f64>());
        data.truncate(start + stride * columns);
        Self { rows, columns, stride, data, start }
    }

    /// Rows that count.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Rows that are stored: a multiple of eight.
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// The entries, column by column.
    pub fn data(&self) -> &[f64] {
        &self.data[self.start..]
    }

    /// The entries, to be filled. What padding rows (`rows()..stride()`) hold never matters.
    pub fn data_mut(&mut self) -> &mut [f64] {
        &mut self.data[self.start..]
    }

    /// The rows that count.
    pub(super) fn matrix(&self) -> MatRef<'_, f64> {
        MatRef::from_column_major_slice(self.data(), self.stride, self.columns).subrows(0, self.rows)
    }
}

/// A matrix, N x P, in tiles of rows. Tiles of 64 to 256 rows keep a block of points in cache while it is filled.
///
/// The tiles are a slice, which `rayon` splits: each is filled on its own.
#[derive(Clone, Debug, PartialEq)]
pub struct RowTiles {
    tiles: Vec<RowTile>,
    /// Where the rows of each tile end.
    ends: Vec<usize>,
    columns: usize,
}

impl RowTiles {
    /// A zero matrix with tiles of the given numbers of rows.
    pub fn new(rows: &[usize], columns: usize) -> Self {
        let mut end = 0;
        let ends = rows.iter().map(|rows| {
            end += rows;
            end
        });
        Self { ends: ends.collect(), tiles: rows.iter().map(|&rows| RowTile::new(rows, columns)).collect(), columns }
    }

    /// Makes it anew, unless it has these tiles and columns.
    pub fn fit(&mut self, rows: &[usize], columns: usize) {
        if self.columns != columns || !self.tiles.iter().map(|tile| tile.rows).eq(rows.iter().copied()) {
            // The old tiles go before the new ones come.
            self.tiles.clear();
            *self = Self::new(rows, columns);
        }
    }

    /// N, the rows of all tiles.
    pub fn rows(&self) -> usize {
        self.ends.last().copied().unwrap_or(0)
    }

    /// Where the rows of each tile end.
    pub(super) fn ends(&self) -> &[usize] {
        &self.ends
    }

    /// P.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The tiles.
    pub fn tiles(&self) -> &[RowTile] {
        &self.tiles
    }

    /// The tiles, to be filled.
    pub fn tiles_mut(&mut self) -> &mut [RowTile] {
        &mut self.tiles
    }

    /// Tiles that hold rows, each with the index of its first one.
    pub(super) fn filled(&self) -> impl Iterator<Item = (usize, MatRef<'_, f64>)> {
        let mut next = 0;
        self.tiles.iter().filter(|tile| tile.rows > 0).map(move |tile| {
            let start = next;
            next += tile.rows;
            (start, tile.matrix())
        })
    }

    /// Whether something holds of all tiles with rows, asked of some of them at a time.
    pub(super) fn all_pieces(&self, mut holds: impl FnMut(&[Piece<'_>]) -> bool) -> bool {
        let filled = self.tiles.iter().filter(|tile| tile.rows > 0);
        let mut rest = filled.map(|tile| Piece { data: tile.data(), rows: tile.rows, stride: tile.stride });
        loop {
            let some: SmallVec<[Piece<'_>; PIECES]> = rest.by_ref().take(PIECES).collect();
            if some.is_empty() || !holds(&some) {
                return some.is_empty();
            }
        }
    }

    /// A copy in one piece, column-major.
    pub(super) fn to_columns(&self) -> Vec<f64> {
        let mut columns = Vec::with_capacity(self.rows() * self.columns);
        for column in 0..self.columns {
            let tiles = self.tiles.iter().filter(|tile| tile.rows > 0);
            columns.extend(tiles.flat_map(|tile| &tile.data()[column * tile.stride..][..tile.rows]));
        }
        columns
    }

    /// A copy in one piece.
    pub(super) fn to_matrix(&self) -> Mat<f64> {
        let mut matrix = Mat::zeros(self.rows(), self.columns);
        for (start, tile) in self.filled() {
            matrix.as_mut().subrows_mut(start, tile.nrows()).copy_from(tile);
        }
        matrix
    }
}
