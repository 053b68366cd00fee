//! How many numbers a kernel keeps at its points, and how many its sweeps have at hand.

use super::sweep::NetworkUse;
use super::system::{Block, Kernel};

/// Counts of numbers of 8 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KernelMemory {
    /// Coordinates, normals and weights of the points, and what is known there.
    pub points: usize,
    /// The jets of the input features at the points.
    pub features: usize,
    /// Jets, slopes and cotangents at a tile of points; each thread has so many.
    pub sweep: usize,
    /// The same where sweeps along a direction of parameters are made, too.
    pub sweep_along: usize,
    /// Rows of the Jacobian at a tile, where fused programs write them in one piece; each thread has so many.
    pub fused_rows: usize,
    /// The parts in which a gradient is summed.
    pub gradient_parts: usize,
    /// The gradients of integrals, from which rows are made.
    pub integral_gradients: usize,
}

impl Kernel {
    /// What this kernel keeps and has at hand, all buffers at their largest.
    pub fn memory(&self) -> KernelMemory {
        let mut all = KernelMemory {
            gradient_parts: self.parameters * self.parts.len(),
            integral_gradients: self.parameters * self.integrals.iter().map(|i| i.value_count()).sum::<usize>(),
            ..KernelMemory::default()
        };
        for block in self.blocks.iter().chain(self.integrals.iter().map(|integral| &integral.block)) {
            all.add(&block.memory());
        }
        self.norms.iter().for_each(|norm| all.add(&norm.memory()));
        all
    }
}

impl KernelMemory {
    /// Points add up; buffers serve all blocks.
    fn add(&mut self, block: &Self) {
        self.points += block.points;
        self.features += block.features;
        self.sweep = self.sweep.max(block.sweep);
        self.sweep_along = self.sweep_along.max(block.sweep_along);
        self.fused_rows = self.fused_rows.max(block.fused_rows);
    }
}

impl Block {
    fn memory(&self) -> KernelMemory {
        let points = self.tiles.iter().map(|tile| tile.stride).max().unwrap_or(0);
        let networks = || self.networks.iter().flatten();
        let of_networks = |numbers: fn(&NetworkUse) -> usize| points * networks().map(numbers).sum::<usize>();
        let parameters: usize = networks().map(|network| network.layout.parameters().len()).sum();
        KernelMemory {
            points: self.tiles.iter().map(|tile| tile.columns.len() + tile.scale.len()).sum(),
            features: self.tiles.iter().flat_map(|tile| &tile.features).map(Vec::len).sum(),
            sweep: of_networks(|network| network.numbers_of_sweep()),
            sweep_along: of_networks(|network| network.numbers_along()),
            fused_rows: self.fused.as_ref().map_or(0, |_| points * self.factors.len() * parameters),
            ..KernelMemory::default()
        }
    }
}
