//! What rows weigh: weights that change from step to step, and rows put together by points.

use super::system::{Block, Kernel};

impl Kernel {
    /// Replaces the weights in the loss of the formulas of one block.
    pub fn set_formula_weights(&mut self, block: usize, weights: &[f64]) {
        let factors: Vec<f64> = weights.iter().map(|weight| weight.sqrt()).collect();
        if self.blocks[block].factors != factors {
            self.revision = super::system::next_revision();
            self.blocks[block].factors = factors;
        }
    }

    /// Replaces the weights of the points of one block. The points stay, and with them the jets of the features.
    pub fn set_weights(&mut self, block: usize, weights: &[f64]) {
        self.revision = super::system::next_revision();
        let mut rest = weights;
        for tile in &mut self.blocks[block].tiles {
            let (own, more) = rest.split_at(tile.rows.min(rest.len()));
            tile.scale.iter_mut().zip(own).for_each(|(scale, weight)| *scale = weight.sqrt());
            rest = more;
        }
    }

    /// What the programs of a block read at its points: coordinates, then normals, one column an axis; then what is known
    /// there, one column each of [`BlockTapes::known`](super::BlockTapes::known).
    pub fn columns(&self, block: usize) -> Vec<Vec<f64>> {
        let block = &self.blocks[block];
        let column = |c: usize| {
            block.tiles.iter().flat_map(move |tile| &tile.columns[c * tile.stride..][..tile.rows]).copied().collect()
        };
        (0..2 * block.dimension + block.known.len()).map(column).collect()
    }

    /// The root of the weight of each formula of a block at each point, formula after formula.
    pub fn roots(&self, block: usize) -> Vec<f64> {
        let Block { tiles, factors, .. } = &self.blocks[block];
        let of_points = |factor: &f64| {
            let factor = *factor;
            tiles.iter().flat_map(move |tile| tile.scale[..tile.rows].iter().map(move |scale| scale * factor))
        };
        factors.iter().flat_map(of_points).collect()
    }

    /// The sum of squares of all rows of each point of a block.
    pub fn squares_of(&self, block: usize, residual: &[f64]) -> Vec<f64> {
        let points = self.blocks[block].tiles.iter().map(|tile| tile.rows).sum();
        let mut squares = vec![0.0; points];
        for r in 0..self.blocks[block].factors.len() {
            let rows = self.rows_of(block, r).flat_map(|rows| &residual[rows]);
            squares.iter_mut().zip(rows).for_each(|(square, row)| *square += row * row);
        }
        squares
    }
}
