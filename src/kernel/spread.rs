//! How the derivatives of formulas in θ are spread over the points: their means and mean squares, without a Jacobian.

use rayon::prelude::*;

use super::forward::Workspace;
use super::objective::Spread;
use super::reverse::GRADIENT_PARTS;
use super::system::{Block, Kernel};
use super::tile::Tile;
use crate::linalg::{RowTile, RowTiles};

/// Sums over points of w ∂R/∂θ and w (∂R/∂θ)², and of the weights w.
struct Sums {
    weight: f64,
    first: Vec<f64>,
    second: Vec<f64>,
}

impl Kernel {
    /// The means of ∂R/∂θ and (∂R/∂θ)² over the chosen points, weighted as in the loss, one row tile at a time.
    pub(super) fn derivative_moments(&self, theta: &[f64], of: Spread, means: &mut [f64], squares: &mut [f64]) {
        let known = self.integral_values(theta);
        let gradients = self.integral_gradients(theta, &known);
        let chosen = self.tiles_of(of);
        let sum_part = |part: &[(usize, usize)]| {
            let mut sums = Sums::new(self.parameters);
            self.workspaces.with(Workspace::default, |work| {
                self.row_tiles.with(RowTiles::default, |rows| {
                    for &(b, t) in part {
                        let (block, tile) = (&self.blocks[b], &self.blocks[b].tiles[t]);
                        block.linearize(&block.linear, tile, theta, &known, work);
                        if !rows.has_shape(&[tile.rows], self.parameters) {
                            *rows = RowTiles::new(&[tile.rows], self.parameters);
                        }
                        for formula in 0..block.factors.len() {
                            let row_tile = &mut rows.tiles_mut()[0];
                            block.jacobian_of(formula, tile, theta, &gradients, work, row_tile);
                            sums.add(block, tile, formula, row_tile);
                        }
                    }
                });
            });
            sums
        };
        let per_part = chosen.len().div_ceil(GRADIENT_PARTS).max(1);
        let parts: Vec<Sums> = chosen.par_chunks(per_part).map(sum_part).collect();
        let weight: f64 = parts.iter().map(|part| part.weight).sum();
        means.fill(0.0);
        squares.fill(0.0);
        for part in parts.iter().filter(|_| weight > 0.0) {
            means.iter_mut().zip(&part.first).for_each(|(mean, sum)| *mean += sum / weight);
            squares.iter_mut().zip(&part.second).for_each(|(square, sum)| *square += sum / weight);
        }
    }

    fn tiles_of(&self, of: Spread) -> Vec<(usize, usize)> {
        let inside = |&(b, _): &(usize, usize)| self.blocks[b].inside;
        let equations: Vec<(usize, usize)> = self.order.iter().copied().filter(inside).collect();
        if of == Spread::All || equations.is_empty() { self.order.clone() } else { equations }
    }
}

impl Sums {
    fn new(parameters: usize) -> Self {
        Self { weight: 0.0, first: vec![0.0; parameters], second: vec![0.0; parameters] }
    }

    /// Adds the rows √w ∂R/∂θ of a formula.
    fn add(&mut self, block: &Block, tile: &Tile, formula: usize, rows: &RowTile) {
        let roots: Vec<f64> = tile.scale[..tile.rows].iter().map(|scale| scale * block.factors[formula]).collect();
        self.weight += roots.iter().map(|root| root * root).sum::<f64>();
        let columns = rows.data().chunks_exact(tile.stride);
        for ((first, second), column) in self.first.iter_mut().zip(&mut self.second).zip(columns) {
            let [sum, sum_of_squares] = sums(&roots, column);
            *first += sum;
            *second += sum_of_squares;
        }
    }
}

/// `Σ root x` and `Σ x²`, in eight sums, so that they do not wait for each other.
fn sums(roots: &[f64], x: &[f64]) -> [f64; 2] {
    const LANES: usize = 8;
    let (mut first, mut second) = ([0.0; LANES], [0.0; LANES]);
    let x = &x[..roots.len()];
    for (roots, x) in roots.chunks(LANES).zip(x.chunks(LANES)) {
        for ((first, second), (root, x)) in first.iter_mut().zip(&mut second).zip(roots.iter().zip(x)) {
            *first += root * x;
            *second += x * x;
        }
    }
    [first.iter().sum(), second.iter().sum()]
}
