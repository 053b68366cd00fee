//! How the derivatives of formulas in θ are spread over the points: their means and mean squares, without a Jacobian.

use rayon::prelude::*;

use super::forward::Workspace;
use super::integrals::IntegralGradients;
use super::objective::Spread;
use super::reverse::GRADIENT_PARTS;
use super::system::{Block, Kernel};
use super::tile::Tile;
use crate::linalg::RowTiles;

/// Sums over points of w ∂R/∂θ and w (∂R/∂θ)², and of the weights w.
struct Sums {
    weight: f64,
    first: Vec<f64>,
    second: Vec<f64>,
}

impl Kernel {
    /// The means of ∂R/∂θ and (∂R/∂θ)² over the chosen points, weighted as in the loss.
    pub(super) fn derivative_moments(&self, theta: &[f64], of: Spread, means: &mut [f64], squares: &mut [f64]) {
        let known = self.integral_values(theta);
        let gradients = self.integral_gradients(theta, &known);
        let chosen = self.tiles_of(of);
        let sum_part = |part: &[(usize, usize)]| {
            let mut sums = Sums::new(self.parameters);
            self.workspaces.with(Workspace::default, |work| {
                for &(b, t) in part {
                    let (block, tile) = (&self.blocks[b], &self.blocks[b].tiles[t]);
                    block.linearize(&block.linear, tile, theta, &known, work);
                    for formula in 0..block.factors.len() {
                        let roots = sums.weigh(block, tile, formula);
                        let add = |first: usize, rows: &[f64]| sums.add(&roots, first, rows, tile.stride);
                        block.visit_rows(formula, tile, theta, &gradients, work, add);
                    }
                }
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

    /// The trace of the block of JJᵀ that belongs to each formula, block by block: the sum of the squares of its rows.
    pub fn kernel_traces(&self, theta: &[f64]) -> Vec<Vec<f64>> {
        let known = self.integral_values(theta);
        let gradients = self.integral_gradients(theta, &known);
        let of_tile = |&(b, t): &(usize, usize)| {
            let (block, tile) = (&self.blocks[b], &self.blocks[b].tiles[t]);
            self.workspaces.with(Workspace::default, |work| {
                block.linearize(&block.linear, tile, theta, &known, work);
                let trace = |formula: usize| {
                    let mut trace = 0.0;
                    let add = |_: usize, rows: &[f64]| {
                        let of_points = rows.chunks_exact(tile.stride).flat_map(|row| &row[..tile.rows]);
                        trace += of_points.map(|x| x * x).sum::<f64>();
                    };
                    block.visit_rows(formula, tile, theta, &gradients, work, add);
                    trace
                };
                (0..block.factors.len()).map(trace).collect()
            })
        };
        let of_tiles: Vec<Vec<f64>> = self.order.par_iter().map(of_tile).collect();
        let mut traces: Vec<Vec<f64>> = self.blocks.iter().map(|block| vec![0.0; block.factors.len()]).collect();
        for (&(b, _), own) in self.order.iter().zip(&of_tiles) {
            traces[b].iter_mut().zip(own).for_each(|(trace, own)| *trace += own);
        }
        traces
    }

    fn tiles_of(&self, of: Spread) -> Vec<(usize, usize)> {
        let inside = |&(b, _): &(usize, usize)| self.blocks[b].inside;
        let equations: Vec<(usize, usize)> = self.order.iter().copied().filter(inside).collect();
        if of == Spread::All || equations.is_empty() { self.order.clone() } else { equations }
    }
}

impl Block {
    /// Calls `f` for the scaled derivatives of a formula at the points of a tile that was linearized: with the first of some
    /// parameters, and a row of the tile for each of them.
    fn visit_rows(
        &self,
        formula: usize,
        tile: &Tile,
        theta: &[f64],
        gradients: &IntegralGradients,
        work: &mut Workspace,
        mut f: impl FnMut(usize, &[f64]),
    ) {
        if self.integrals.is_empty() {
            return self.visit_jacobian_of(formula, tile, theta, work, f);
        }
        let mut rows = RowTiles::new(&[tile.rows], theta.len());
        let rows = &mut rows.tiles_mut()[0];
        self.jacobian_of(formula, tile, theta, gradients, work, rows);
        f(0, rows.data());
    }
}

impl Sums {
    fn new(parameters: usize) -> Self {
        Self { weight: 0.0, first: vec![0.0; parameters], second: vec![0.0; parameters] }
    }

    /// Counts the points of a formula, and gives √w of each.
    fn weigh(&mut self, block: &Block, tile: &Tile, formula: usize) -> Vec<f64> {
        let roots: Vec<f64> = tile.scale[..tile.rows].iter().map(|scale| scale * block.factors[formula]).collect();
        self.weight += roots.iter().map(|root| root * root).sum::<f64>();
        roots
    }

    /// Adds rows √w ∂R/∂θ of the parameters from `first` on.
    fn add(&mut self, roots: &[f64], first: usize, rows: &[f64], stride: usize) {
        let sums_of_parameters = self.first[first..].iter_mut().zip(&mut self.second[first..]);
        for ((first, second), row) in sums_of_parameters.zip(rows.chunks_exact(stride)) {
            let [sum, sum_of_squares] = sums(roots, row);
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
