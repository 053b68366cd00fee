//! Kronecker factors of JᵀJ (KFAC for residuals of differential equations; Dangel, Müller and Zeinhofer, arXiv
//! 2405.15603).
//!
//! The part of JᵀJ that belongs to the weights of one layer is `Σ_n (Σ_s a_s ⊗ z_s)(Σ_s a_s ⊗ z_s)ᵀ` over points n,
//! with sums over channels s inside. It is replaced by `A ⊗ B`, the mean of `a aᵀ` over points and channels, and the
//! sum of `z zᵀ` (their equations 12 and 13): as if inputs and cotangents were independent, and channels were more
//! points.
//!
//! Interior and boundary have very different factors, and are kept apart: one product for the blocks with the most
//! channels, which are those of the highest order, one for all others. A sum of two products can be inverted; one of
//! three can't.

use rayon::prelude::*;

use super::layers::{Form, LayerPart, TileParts};
use super::objective::LayerFactors;
use super::system::{Block, Kernel};
use super::tile::Tile;
use crate::linalg::{View, ViewMut, multiply};
use crate::network::Layer;

/// A tile with what its layers see.
type Seen<'a> = (&'a Block, &'a Tile, &'a TileParts);

impl Kernel {
    pub(super) fn kronecker_factors(&self, theta: Option<&[f64]>) -> Vec<LayerFactors> {
        let products = vec![Form::Products; self.layers.len()];
        match theta {
            Some(theta) => self.with_parts(theta, &products, |parts| self.factors_from(parts)),
            None => self.factors_from(&[]),
        }
    }

    fn factors_from(&self, parts: &[TileParts]) -> Vec<LayerFactors> {
        let channels = |block: &Block| block.networks.iter().flatten().map(|n| n.carried()).max().unwrap_or(0);
        let most = self.blocks.iter().map(channels).max().unwrap_or(0);
        let seen = self.order.iter().zip(parts).map(|(&(b, t), part)| {
            let block = &self.blocks[b];
            (block, &block.tiles[t], part)
        });
        let (first, second): (Vec<Seen<'_>>, Vec<Seen<'_>>) = seen.partition(|(block, ..)| channels(block) == most);
        let mut groups = vec![first];
        if self.blocks.iter().any(|block| channels(block) < most) {
            groups.push(second);
        }
        self.layers.par_iter().enumerate().map(|(number, layer)| factors_of(number, layer, &groups)).collect()
    }
}

fn factors_of(number: usize, &(network, layer): &(usize, Layer), groups: &[Vec<Seen<'_>>]) -> LayerFactors {
    let Layer { inputs, outputs, factorised, .. } = layer;
    let of_group = |group: &Vec<Seen<'_>>| {
        let mut factors = Sums::new(inputs, outputs, !factorised);
        for (block, tile, parts) in group {
            let Some(network) = block.networks[network].as_ref() else { continue };
            factors.add(&parts.layers[number], tile, network.carried(), network.place(0));
        }
        factors.finish()
    };
    let rest = factorised.then(|| {
        let range = layer.biases().start..layer.all().end;
        let mut gram = vec![0.0; range.len() * range.len()];
        for (_, tile, parts) in groups.iter().flatten() {
            for part in &parts.layers[number].formulas {
                add_square(&part.vectors, tile.stride, &mut gram);
            }
        }
        (range, gram)
    });
    let biases = (!factorised).then(|| layer.biases());
    let factors = groups.iter().map(of_group).collect();
    LayerFactors { weights: layer.weights(), biases, outputs, inputs, factors, rest }
}

/// Adds `X Xᵀ` of a matrix with so many columns.
fn add_square(x: &[f64], columns: usize, sum: &mut [f64]) {
    let rows = x.len() / columns;
    if rows > 0 {
        let x = View::row_major(x, rows, columns);
        multiply(ViewMut::row_major(sum, rows, rows), x, x.transposed(), 1.0, true);
    }
}

/// A and B of one layer and group while they are summed.
struct Sums {
    size: usize,
    bias: bool,
    a: Vec<f64>,
    b: Vec<f64>,
    weight: f64,
    weighted: Vec<f64>,
}

impl Sums {
    fn new(inputs: usize, outputs: usize, bias: bool) -> Self {
        let size = inputs + usize::from(bias);
        let [a, b] = [size, outputs].map(|size| vec![0.0; size * size]);
        Self { size, bias, a, b, weight: 0.0, weighted: Vec::new() }
    }

    /// Adds the points of a tile, whose jets have so many channels, of which `value` is the value.
    fn add(&mut self, part: &LayerPart, tile: &Tile, channels: usize, value: usize) {
        if part.formulas.iter().all(|formula| formula.vectors.is_empty()) {
            return;
        }
        let columns = channels * tile.stride;
        self.weighted.clear();
        for row in part.inputs.chunks_exact(tile.stride) {
            self.weighted.extend(row.iter().zip(&tile.scale).map(|(a, scale)| a * scale));
        }
        if self.bias {
            let end = self.weighted.len();
            self.weighted.resize(end + columns, 0.0);
            self.weighted[end + value * tile.stride..][..tile.stride].copy_from_slice(&tile.scale);
        }
        add_square(&self.weighted, columns, &mut self.a);
        self.weight += channels as f64 * tile.scale.iter().map(|scale| scale * scale).sum::<f64>();
        part.formulas.iter().for_each(|formula| add_square(&formula.cotangents, columns, &mut self.b));
    }

    fn finish(self) -> [Vec<f64>; 2] {
        debug_assert_eq!(self.a.len(), self.size * self.size);
        let mean = if self.weight > 0.0 { self.weight.recip() } else { 0.0 };
        [self.a.into_iter().map(|a| a * mean).collect(), self.b]
    }
}
