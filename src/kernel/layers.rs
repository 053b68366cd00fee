//! The kernel matrix K = JJᵀ layer by layer, without J.
//!
//! With the jets a_c that enter a layer at a point, and the cotangents z_c of what leaves it in the reverse sweep of a
//! formula, the layer adds to the entry of two rows i and j
//!
//! ```text
//! Σ_c,c' (a_ic · a_jc')(z_ic · z_jc')
//! ```
//!
//! for its weights, and the product of their vectors for its biases (and scales). For a pair of tiles these are matrix
//! products of the inner dimensions `inputs` and `outputs`, in place of one of `inputs · outputs`, but for each pair of
//! channels. Where channels are many and the layer is narrow, rows of J of this layer cost less, and are made instead.

use rayon::prelude::*;
use smallvec::SmallVec;

use super::description::Role;
use super::forward::Workspace;
use super::integrals::IntegralValues;
use super::objective::{KernelCost, Layered};
use super::sweep::{LayerSweep, sized};
use super::system::{Block, Kernel};
use super::tile::Tile;
use crate::linalg::{RowTile, View, ViewMut, fill_lower, multiply};
use crate::network::Layer;

/// Rows of J of a layer are made up to so many numbers (512 MB).
const MOST_NUMBERS_OF_ROWS: f64 = 6.4e7;
/// What the product of two entries of small matrices costs, in multiply-adds of a matrix product.
const COST_OF_ENTRY: f64 = 4.0;

/// The size of a layer, and how much passes through it at all points.
pub(super) struct LayerExtent {
    inputs: f64,
    outputs: f64,
    /// Biases and scales.
    vectors: f64,
    rows: f64,
    /// Channels that enter, of all points.
    jets: f64,
    /// Channels of cotangents, of all rows.
    cotangents: f64,
}

impl LayerExtent {
    /// Numbers of [`Form::Products`].
    pub fn numbers_of_products(&self) -> f64 {
        self.jets * self.inputs + self.cotangents * self.outputs + self.rows * self.vectors
    }
}

/// What is kept of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Jets and cotangents.
    Products,
    /// Rows of J.
    Rows,
}

/// A layer at the points of a tile.
#[derive(Debug, Default)]
pub(super) struct LayerPart {
    pub channels: usize,
    /// a: input, channel, point; empty where rows are kept.
    pub inputs: Vec<f64>,
    /// Which channels of a are not zero everywhere.
    active: Vec<bool>,
    /// One for each formula; empty where it does not depend on the layer.
    pub formulas: Vec<FormulaPart>,
}

/// The derivative of one formula in the parameters of a layer.
#[derive(Debug, Default)]
pub(super) struct FormulaPart {
    /// z: output, channel, point; empty where rows are kept.
    pub cotangents: Vec<f64>,
    /// Which channels of z are not zero everywhere.
    active: Vec<bool>,
    /// ∂r/∂θ of biases and scales, or of all parameters of the layer: parameter, point.
    pub vectors: Vec<f64>,
}

impl FormulaPart {
    fn is_empty(&self) -> bool {
        self.vectors.is_empty()
    }

    fn clear(&mut self) {
        self.cotangents.clear();
        self.active.clear();
        self.vectors.clear();
    }
}

impl LayerPart {
    fn clear(&mut self, formulas: usize) {
        self.channels = 0;
        self.inputs.clear();
        self.active.clear();
        self.formulas.resize_with(formulas, FormulaPart::default);
        self.formulas.iter_mut().for_each(FormulaPart::clear);
    }
}

/// What layers see at the points of a tile.
#[derive(Default)]
pub(super) struct TileParts {
    pub rows: usize,
    pub stride: usize,
    formulas: usize,
    /// By number of the layer among those of all networks.
    pub layers: Vec<LayerPart>,
}

impl Kernel {
    /// Points, channels and formulas of each block that uses a network.
    fn users(&self, network: usize) -> impl Iterator<Item = [f64; 3]> + '_ {
        self.blocks.iter().filter_map(move |block| {
            let channels = block.networks[network].as_ref()?.carried();
            let points = block.tiles.iter().map(|tile| tile.rows).sum::<usize>();
            Some([points, channels, block.factors.len()].map(|count| count as f64))
        })
    }

    /// How much a layer has at the points of all blocks.
    pub(super) fn extent_of_layer(&self, (network, layer): (usize, Layer)) -> LayerExtent {
        let (k, m) = (layer.inputs as f64, layer.outputs as f64);
        let sum = |of: fn([f64; 3]) -> f64| self.users(network).map(of).sum::<f64>();
        LayerExtent {
            inputs: k,
            outputs: m,
            vectors: (layer.all().len() as f64) - k * m,
            rows: sum(|[points, _, formulas]| points * formulas),
            jets: sum(|[points, channels, _]| points * channels),
            cotangents: sum(|[points, channels, formulas]| points * channels * formulas),
        }
    }

    /// The cheaper form of a layer, with its multiply-adds and numbers.
    fn cost_of_layer(&self, layer: (usize, Layer)) -> (Form, f64, f64) {
        let extent = self.extent_of_layer(layer);
        let LayerExtent { inputs: k, outputs: m, vectors, rows, jets, cotangents } = extent;
        let by_products = jets * jets * k + cotangents * cotangents * (m + COST_OF_ENTRY);
        let (of_rows, of_vectors) = (rows * rows * k * m, rows * rows * vectors);
        if of_rows <= by_products && rows * k * m <= MOST_NUMBERS_OF_ROWS {
            (Form::Rows, 0.5 * (of_rows + of_vectors), rows * (k * m + vectors))
        } else {
            (Form::Products, 0.5 * (by_products + of_vectors), extent.numbers_of_products())
        }
    }

    /// Calls `f` with what layers see at the points of all tiles, in the order of the rows.
    pub(super) fn with_parts<R>(&self, theta: &[f64], forms: &[Form], f: impl FnOnce(&[TileParts]) -> R) -> R {
        let known = self.integral_values(theta);
        self.layer_parts.with(Vec::new, |parts| {
            parts.resize_with(self.order.len(), TileParts::default);
            parts.par_iter_mut().zip(&self.order).for_each(|(parts, &(b, t))| {
                let (block, tile) = (&self.blocks[b], &self.blocks[b].tiles[t]);
                self.workspaces.with(Workspace::default, |work| {
                    block.see_layers(tile, theta, &known, (&self.layers, forms), work, parts);
                });
            });
            f(parts)
        })
    }
}

impl Layered for Kernel {
    fn kernel_cost(&self) -> KernelCost {
        let rows = self.rows() as f64;
        let layers = self.layers.iter().map(|&layer| self.cost_of_layer(layer));
        let (multiply_adds, numbers) = layers.fold((0.0, 0.0), |(a, b), (_, c, d)| (a + c, b + d));
        KernelCost { multiply_adds, through_rows: 0.5 * rows * rows * self.parameters as f64, numbers }
    }

    fn kernel_matrix(&self, theta: &[f64], out: &mut [f64]) {
        let forms: SmallVec<[Form; 16]> = self.layers.iter().map(|&layer| self.cost_of_layer(layer).0).collect();
        self.with_parts(theta, &forms, |parts| {
            fill_lower(out, &self.row_ends, |row, column, block| {
                self.row_buffers.with(Vec::new, |buffer| parts[row].add_products_with(&parts[column], buffer, block));
            });
        });
    }

    fn transposed_product(&self, theta: &[f64], u: &[f64], out: &mut [f64]) {
        let no_tiles: (&mut [RowTile], _) = (&mut [], |_: &Block| 0);
        let known = self.integral_values(theta);
        self.with_rows(|values| {
            values.copy_from_slice(u);
            self.sum_over_tiles(theta, &known, values, no_tiles, out, |block, tile, work, values, _, sum| {
                debug_assert!(block.role == Role::Residual);
                block.linearize(&block.linear, tile, theta, &known, work);
                block.add_gradient(tile, theta, work, values, sum);
            });
        });
    }
}

impl Block {
    /// What layers see at the points of a tile.
    fn see_layers(
        &self,
        tile: &Tile,
        theta: &[f64],
        known: &IntegralValues,
        (layers, forms): (&[(usize, Layer)], &[Form]),
        work: &mut Workspace,
        parts: &mut TileParts,
    ) {
        self.linearize(&self.linear, tile, theta, known, work);
        let formulas = self.factors.len();
        (parts.rows, parts.stride, parts.formulas) = (tile.rows, tile.stride, formulas);
        parts.layers.resize_with(layers.len(), LayerPart::default);
        parts.layers.iter_mut().for_each(|part| part.clear(formulas));
        for formula in 0..formulas {
            for (n, network) in self.networks.iter().enumerate() {
                let Some(network) = network else { continue };
                let weight = |r: usize, b: usize| if r == formula { tile.scale[b] } else { 0.0 };
                let partials = &work.point[formulas * tile.stride..];
                if !self.seed(n, network, tile, &mut work.networks[n], partials, weight) {
                    continue;
                }
                let (buffers, scratch) = (&mut work.networks[n], &mut work.scratch);
                let channels = network.carried();
                network.reverse(tile.stride, &tile.features[n], theta, buffers, scratch, |sweep| {
                    let same = |(_, layer): &(usize, Layer)| layer.start == sweep.layer().start;
                    let number = layers.iter().position(same).expect("the kernel knows its layers");
                    parts.layers[number].take(sweep, forms[number], formula, [channels, tile.stride]);
                });
            }
        }
    }
}

impl LayerPart {
    fn take(&mut self, sweep: &mut LayerSweep<'_>, form: Form, formula: usize, [channels, stride]: [usize; 2]) {
        let layer = sweep.layer();
        let part = &mut self.formulas[formula];
        self.channels = channels;
        match form {
            Form::Rows => {
                part.vectors.resize(layer.all().len() * stride, 0.0);
                sweep.write_rows(layer.start, &mut part.vectors);
            }
            Form::Products => {
                if self.inputs.is_empty() {
                    self.inputs.resize(layer.inputs * channels * stride, 0.0);
                    sweep.write_inputs(&mut self.inputs);
                    self.active.extend(active(&self.inputs, [channels, stride]));
                }
                part.cotangents.extend_from_slice(sweep.of_products());
                part.active.extend(active(&part.cotangents, [channels, stride]));
                part.vectors.resize((layer.all().len() - layer.weights().len()) * stride, 0.0);
                sweep.write_vectors(&self.inputs, &mut part.vectors);
            }
        }
    }
}

/// Which channels have a number other than zero.
fn active(jets: &[f64], [channels, stride]: [usize; 2]) -> impl Iterator<Item = bool> {
    let in_channel = move |channel: usize| jets.chunks_exact(stride).skip(channel).step_by(channels);
    (0..channels).map(move |channel| in_channel(channel).any(|row| row.iter().any(|x| *x != 0.0)))
}

/// `aᵀ b` for some columns of a and b, whose rows have as many numbers as `of_a` and `of_b` say.
fn products(
    [a, b]: [&[f64]; 2],
    [of_a, of_b]: [usize; 2],
    at: [usize; 2],
    [height, width]: [usize; 2],
    out: &mut [f64],
) {
    let view = |data, columns: usize, first: usize, count: usize| {
        View::row_major(data, <[f64]>::len(data) / columns.max(1), columns).columns(first, count)
    };
    let (a, b) = (view(a, of_a, at[0], height), view(b, of_b, at[1], width));
    multiply(ViewMut::row_major(out, height, width), a.transposed(), b, 1.0, false);
}

impl TileParts {
    /// Adds the entries of K for the rows of this tile and the columns of another one to a block, column-major.
    fn add_products_with(&self, other: &Self, buffer: &mut Vec<f64>, block: &mut [f64]) {
        let size = self.stride * other.stride;
        let (sums, rest) = sized(buffer, (self.formulas * other.formulas + 2) * size)
            .split_at_mut(self.formulas * other.formulas * size);
        let (of_inputs, of_outputs) = rest.split_at_mut(size);
        sums.fill(0.0);
        let shape = [other.stride, self.stride];
        for (own, others) in self.layers.iter().zip(&other.layers) {
            let widths = [others.channels * other.stride, own.channels * self.stride];
            // Of layers whose rows are kept, vectors are everything.
            let pairs = if own.inputs.is_empty() { 0 } else { own.channels * others.channels };
            for pair in 0..pairs {
                let [theirs, ours] = [pair / own.channels, pair % own.channels];
                let acts = |own: &FormulaPart, others: &FormulaPart| own.active[ours] && others.active[theirs];
                if !(own.active[ours] && others.active[theirs] && any_pair(own, others, acts)) {
                    continue;
                }
                let at = [theirs * other.stride, ours * self.stride];
                products([&others.inputs, &own.inputs], widths, at, shape, of_inputs);
                for_each_pair(own, others, sums, |own, others, sums| {
                    if acts(own, others) {
                        products([&others.cotangents, &own.cotangents], widths, at, shape, of_outputs);
                        let factors = of_inputs.iter().zip(&*of_outputs);
                        sums.iter_mut().zip(factors).for_each(|(sum, (a, z))| *sum += a * z);
                    }
                });
            }
            for_each_pair(own, others, sums, |own, others, sums| {
                products([&others.vectors, &own.vectors], shape, [0, 0], shape, of_outputs);
                sums.iter_mut().zip(&*of_outputs).for_each(|(sum, product)| *sum += product);
            });
        }
        let height = self.formulas * self.rows;
        for (pair, sums) in sums.chunks_exact(size).enumerate() {
            let (column, row) = (pair / self.formulas * other.rows, pair % self.formulas * self.rows);
            for (j, sums) in sums.chunks_exact(self.stride).take(other.rows).enumerate() {
                let at = (column + j) * height + row;
                block[at..at + self.rows].copy_from_slice(&sums[..self.rows]);
            }
        }
    }
}

/// Whether this holds of a pair of formulas that depend on a layer.
fn any_pair(own: &LayerPart, others: &LayerPart, holds: impl Fn(&FormulaPart, &FormulaPart) -> bool) -> bool {
    let depend = |part: &&FormulaPart| !part.is_empty();
    others.formulas.iter().filter(depend).any(|others| own.formulas.iter().filter(depend).any(|own| holds(own, others)))
}

/// Calls `f` for every pair of formulas that depend on a layer, with their sums.
fn for_each_pair(
    own: &LayerPart,
    others: &LayerPart,
    sums: &mut [f64],
    mut f: impl FnMut(&FormulaPart, &FormulaPart, &mut [f64]),
) {
    let size = sums.len() / (own.formulas.len() * others.formulas.len()).max(1);
    let mut sums = sums.chunks_exact_mut(size.max(1));
    for others in &others.formulas {
        for own in &own.formulas {
            let Some(sums) = sums.next() else { return };
            if !own.is_empty() && !others.is_empty() {
                f(own, others, sums);
            }
        }
    }
}
