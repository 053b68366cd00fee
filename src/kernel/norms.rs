//! Gram matrices of the fields in a Hilbert space: kernels beside that of the loss, at the points of some of its blocks.

use super::description::{Description, NormDescription};
use super::memory::KernelMemory;
use super::objective::{Metric, Objective, Sobolev};
use super::programs::{Assemble, AssembleError, KernelTapes, Simplifier};
use super::system::Kernel;
use super::tile::PointSet;
use crate::linalg::RowTiles;
use crate::tape::{Contraction, TapeError};

/// The programs of a norm.
#[derive(Clone, Debug)]
pub struct NormTapes {
    space: Sobolev,
    of: Vec<usize>,
    tapes: KernelTapes,
}

impl NormTapes {
    /// Those of all norms of a description.
    pub(super) fn all(
        description: &Description,
        contraction: Contraction,
        simplify: &mut Simplifier<'_>,
    ) -> Result<Vec<Self>, TapeError> {
        let tapes = |norm: &NormDescription| {
            let mut own = description.clone();
            own.blocks = vec![norm.block.clone(); norm.of.len()];
            own.norms.clear();
            own.metric = Metric::GaussNewton;
            let tapes = KernelTapes::new(&mut own, contraction, simplify)?;
            Ok(Self { space: norm.space, of: norm.of.clone(), tapes })
        };
        description.norms.iter().map(tapes).collect()
    }
}

/// A norm at its points.
pub(super) struct Norm {
    space: Sobolev,
    /// Which block of the loss each block has its points from.
    of: Vec<usize>,
    kernel: Kernel,
}

impl Norm {
    pub fn new(
        description: &Description,
        tapes: &NormTapes,
        points: &[PointSet],
        backend: &dyn Assemble,
    ) -> Result<Self, AssembleError> {
        let own: Vec<PointSet> = tapes.of.iter().filter_map(|&block| points.get(block).cloned()).collect();
        let kernel = Kernel::new(description, &tapes.tapes, &own, backend)?;
        Ok(Self { space: tapes.space, of: tapes.of.clone(), kernel })
    }

    pub fn same_programs(&self) -> Self {
        Self { space: self.space, of: self.of.clone(), kernel: self.kernel.same_programs() }
    }

    /// Takes new points of a block of the loss.
    pub fn set_points(&mut self, block: usize, points: &PointSet) {
        if let Some(own) = self.of.iter().position(|&of| of == block) {
            self.kernel.set_points(own, points);
        }
    }

    /// What it keeps beside the kernel of the loss.
    pub fn memory(&self) -> KernelMemory {
        self.kernel.memory()
    }

    pub fn row_tiles(&self) -> Vec<usize> {
        self.kernel.row_tiles(Metric::GaussNewton)
    }

    /// Rows A at θ: `AᵀA` is the Gram matrix of the tangents.
    pub fn rows(&self, theta: &[f64], rows: &mut RowTiles) {
        self.kernel.with_rows(|values| self.kernel.jacobian_rows(&self.kernel.order, theta, values, rows));
    }
}

impl Kernel {
    /// The norm of a space.
    ///
    /// # Panics
    /// If the description has none of this space.
    pub(super) fn norm(&self, space: Sobolev) -> &Norm {
        self.norms.iter().find(|norm| norm.space == space).expect("the problem was made with this norm")
    }
}
