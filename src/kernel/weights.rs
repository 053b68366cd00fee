//! What rows weigh: weights that change from step to step, and rows put together by points.

use super::system::Kernel;

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
