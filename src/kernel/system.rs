//! The compiled kernel and what its callers see of it.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;

use super::description::Description;
use super::forward::{row_lane, sized};
use super::known::KnownUse;
use super::objective::{LeastSquares, Metric, Objective, ParameterMatrix, half_square};
use super::programs::{ActivationTapes, Assemble, AssembleError, BlockTapes, Channel, KernelTapes, PointInput};
use super::tile::{PointSet, Pool, Tile, tiles};
use crate::expr::{Jet, MultiIndex};
use crate::linalg::{RowTiles, transposed_product};
use crate::network::{Activation, JetPlan, Layer, Layout};
use crate::tape::{Lane, PointProgram, Tape};

/// A program and where its inputs are found.
#[derive(Clone)]
pub(super) struct PointProgramOf {
    pub program: Arc<dyn PointProgram>,
    pub inputs: Vec<PointInput>,
}

/// The programs of an activation on a plan.
pub(super) struct ActivationSet {
    pub value: Arc<dyn PointProgram>,
    pub linear: Arc<dyn PointProgram>,
    pub reverse: Arc<dyn PointProgram>,
    pub second: Arc<dyn PointProgram>,
}

type Activations = BTreeMap<(Activation, Vec<MultiIndex>), Arc<ActivationSet>>;

/// A network as one block uses it.
#[derive(Clone)]
pub(super) struct NetworkUse {
    pub layout: Layout,
    pub plan: JetPlan,
    pub activation: Arc<ActivationSet>,
    features: PointProgramOf,
}

/// A block of points with everything compiled.
pub(super) struct Block {
    pub networks: Vec<Option<NetworkUse>>,
    /// sqrt(weight) of each residual.
    pub factors: Vec<f64>,
    pub value: PointProgramOf,
    pub linear: PointProgramOf,
    pub partials: Vec<(usize, Channel)>,
    pub second: PointProgramOf,
    /// What is known at the points: one column each.
    pub known: Vec<KnownUse>,
    pub dimension: usize,
    pub tiles: Vec<Tile>,
    /// The first row of the block in r.
    pub first_row: usize,
}

/// A compiled least-squares problem and its points.
pub struct Kernel {
    pub(super) blocks: Vec<Block>,
    pub(super) parameters: usize,
    pub(super) workspaces: Pool<super::forward::Workspace>,
    /// Which tile (block, number in the block) stands at each position of a sweep over all tiles.
    pub(super) order: Vec<(usize, usize)>,
    pub(super) partial_gradients: Pool<Vec<f64>>,
    pub(super) row_buffers: Pool<Vec<f64>>,
    matrices: Vec<ParameterMatrix>,
}

impl Kernel {
    /// Compiles all tapes and takes the points of each block.
    ///
    /// # Errors
    /// [`AssembleError`] if the back end refuses a tape.
    pub fn new(
        description: &Description,
        tapes: &KernelTapes,
        points: &[PointSet],
        backend: &dyn Assemble,
    ) -> Result<Self, AssembleError> {
        let all: Vec<&Tape> = tapes.all().collect();
        let mut programs = backend.assemble(&all)?.into_iter();
        let mut next = || programs.next().expect("one program a tape");
        let mut set = || ActivationSet { value: next(), linear: next(), reverse: next(), second: next() };
        let activations: Activations = tapes.activations.keys().map(|key| (key.clone(), Arc::new(set()))).collect();
        let block = |block| Block::new(description, block, &activations, &mut next);
        let blocks = tapes.blocks.iter().map(block).collect();
        let mut kernel = Self {
            blocks,
            parameters: description.parameters(),
            workspaces: Pool::default(),
            order: Vec::new(),
            partial_gradients: Pool::default(),
            row_buffers: Pool::default(),
            matrices: description.networks.iter().flat_map(|n| &n.layout.layers).flat_map(matrices_of).collect(),
        };
        for (block, points) in points.iter().enumerate() {
            kernel.cut_into_tiles(block, points);
        }
        kernel.number_rows();
        Ok(kernel)
    }

    /// A kernel of the same programs without points, for batches.
    #[must_use]
    pub fn same_programs(&self) -> Self {
        let blocks = self.blocks.iter().map(Block::without_points).collect();
        Self {
            blocks,
            parameters: self.parameters,
            workspaces: Pool::default(),
            order: Vec::new(),
            partial_gradients: Pool::default(),
            row_buffers: Pool::default(),
            matrices: self.matrices.clone(),
        }
    }

    /// Replaces the points of one block.
    pub fn set_points(&mut self, block: usize, points: &PointSet) {
        self.cut_into_tiles(block, points);
        self.number_rows();
    }

    /// The rows of one residual of a block, as ranges of r (one a tile).
    pub fn rows_of(&self, block: usize, residual: usize) -> impl Iterator<Item = Range<usize>> + '_ {
        let block = &self.blocks[block];
        let mut start = block.first_row;
        block.tiles.iter().map(move |tile| {
            let first = start + residual * tile.rows;
            start += block.factors.len() * tile.rows;
            first..first + tile.rows
        })
    }

    fn cut_into_tiles(&mut self, block: usize, points: &PointSet) {
        let block = &mut self.blocks[block];
        let known: Vec<Vec<f64>> = block.known.iter().map(|known| known.source.values(&known.index, points)).collect();
        block.tiles = tiles(points, &known, |tile| block.feature_jets(tile));
    }

    fn number_rows(&mut self) {
        let mut row = 0;
        self.order.clear();
        for (b, block) in self.blocks.iter_mut().enumerate() {
            block.first_row = row;
            row += block.factors.len() * block.tiles.iter().map(|t| t.rows).sum::<usize>();
            self.order.extend((0..block.tiles.len()).map(|t| (b, t)));
        }
    }

    /// Calls `f` with a vector of length N.
    fn with_rows<R>(&self, f: impl FnOnce(&mut [f64]) -> R) -> R {
        let length = self.rows();
        self.row_buffers.with(Vec::new, |rows| f(sized(rows, length)))
    }

    /// Calls `f` for every tile in parallel, with the rows of r (and of further vectors of length N) that are its own.
    pub(super) fn for_each_tile<const K: usize>(
        &self,
        vectors: [&mut [f64]; K],
        f: impl Fn(&Block, &Tile, [&mut [f64]; K], &mut super::forward::Workspace) + Sync,
    ) {
        let mut tasks = Vec::with_capacity(self.order.len());
        let mut rest = vectors;
        for &(b, t) in &self.order {
            let (block, tile) = (&self.blocks[b], &self.blocks[b].tiles[t]);
            let length = block.factors.len() * tile.rows;
            let mut own = Vec::with_capacity(K);
            rest = rest.map(|vector| {
                let (first, second) = vector.split_at_mut(length);
                own.push(first);
                second
            });
            let own: [&mut [f64]; K] = own.try_into().unwrap_or_else(|_| unreachable!("one slice a vector"));
            tasks.push((block, tile, own));
        }
        tasks.into_par_iter().for_each(|(block, tile, own)| {
            self.workspaces.with(super::forward::Workspace::default, |work| f(block, tile, own, work));
        });
    }
}

/// The weights and the biases of a layer.
fn matrices_of(layer: &Layer) -> [ParameterMatrix; 2] {
    let Layer { inputs, outputs, .. } = *layer;
    [
        ParameterMatrix { start: layer.weights().start, rows: outputs, columns: inputs },
        ParameterMatrix { start: layer.biases().start, rows: outputs, columns: 1 },
    ]
}

impl KernelTapes {
    /// Every tape, in the order in which [`Kernel::new`] takes the programs back.
    fn all(&self) -> impl Iterator<Item = &Tape> {
        let activations = self.activations.values().flat_map(ActivationTapes::all);
        let blocks = self.blocks.iter().flat_map(|b| {
            let features = b.features.iter().flatten();
            [&b.value, &b.linear, &b.second].into_iter().chain(features).map(|p| &p.tape)
        });
        activations.chain(blocks)
    }
}

impl ActivationTapes {
    fn all(&self) -> [&Tape; 4] {
        [&self.value, &self.linear, &self.reverse, &self.second]
    }
}

impl Block {
    /// Takes the programs of a block in the order of [`KernelTapes::all`].
    fn new(
        description: &Description,
        tapes: &BlockTapes,
        activations: &Activations,
        next: &mut dyn FnMut() -> Arc<dyn PointProgram>,
    ) -> Self {
        let mut of = |inputs: &[PointInput]| PointProgramOf { program: next(), inputs: inputs.to_vec() };
        let (value, linear, second) = (of(&tapes.value.inputs), of(&tapes.linear.inputs), of(&tapes.second.inputs));
        let plans = description.networks.iter().zip(&tapes.plans).zip(&tapes.features);
        let networks = plans.map(|((network, plan), features)| {
            let (plan, features) = (plan.as_ref()?, features.as_ref()?);
            let activation = activations[&(network.layout.activation, plan.channels().to_vec())].clone();
            let features = of(&features.inputs);
            Some(NetworkUse { layout: network.layout.clone(), plan: plan.clone(), activation, features })
        });
        let known = |jet: &Jet| {
            let source = description.known[&usize::from(jet.field)].clone();
            KnownUse { source, index: jet.index.clone() }
        };
        Self {
            known: tapes.known.iter().map(known).collect(),
            networks: networks.collect(),
            factors: tapes.factors.clone(),
            value,
            linear,
            partials: tapes.partials.clone(),
            second,
            dimension: description.dimension,
            tiles: Vec::new(),
            first_row: 0,
        }
    }

    fn without_points(&self) -> Self {
        Self {
            known: self.known.clone(),
            networks: self.networks.clone(),
            factors: self.factors.clone(),
            value: self.value.clone(),
            linear: self.linear.clone(),
            partials: self.partials.clone(),
            second: self.second.clone(),
            dimension: self.dimension,
            tiles: Vec::new(),
            first_row: 0,
        }
    }

    fn feature_jets(&self, tile: &Tile) -> Vec<Vec<f64>> {
        self.networks
            .iter()
            .map(|network| {
                let Some(network) = network else { return Vec::new() };
                let program = &network.features;
                let mut values = vec![0.0; program.program.outputs() * tile.stride];
                let outputs: Vec<Lane> = (0..program.program.outputs()).map(|o| row_lane(0, o, tile.stride)).collect();
                let inputs: Vec<Lane> = program
                    .inputs
                    .iter()
                    .map(|input| match input {
                        PointInput::Coordinate(axis) => row_lane(0, *axis, tile.stride),
                        other => unreachable!("input features are formulas of the coordinates, not of {other:?}"),
                    })
                    .collect();
                let mut scratch = vec![0.0; program.program.scratch_len()];
                let (columns, buffer) = (&[tile.columns.as_slice()], &mut [values.as_mut_slice()]);
                program.program.run(1, tile.stride, columns, &inputs, buffer, &outputs, &mut scratch);
                values
            })
            .collect()
    }
}

impl Kernel {
    /// N, the number of residuals at all points.
    pub fn rows(&self) -> usize {
        self.row_tiles(Metric::GaussNewton).iter().sum()
    }
}

impl Objective for Kernel {
    fn parameters(&self) -> usize {
        self.parameters
    }

    fn loss(&self, theta: &[f64]) -> f64 {
        self.with_rows(|residual| {
            self.residual(theta, residual);
            half_square(residual)
        })
    }

    fn gradient(&self, theta: &[f64], gradient: &mut [f64]) -> f64 {
        self.with_rows(|residual| {
            self.loss_gradient(theta, residual, gradient);
            half_square(residual)
        })
    }

    fn row_tiles(&self, _: Metric) -> Vec<usize> {
        let of = |&(b, t): &(usize, usize)| (self.blocks[b].factors.len(), self.blocks[b].tiles[t].rows);
        self.order.iter().map(of).flat_map(|(residuals, rows)| std::iter::repeat_n(rows, residuals)).collect()
    }

    fn linearize(&self, theta: &[f64], _: Metric, rows: &mut RowTiles, gradient: &mut [f64]) -> f64 {
        self.with_rows(|residual| {
            self.jacobian_rows(theta, residual, rows);
            transposed_product(rows, residual, gradient);
            half_square(residual)
        })
    }

    fn curvature_along(&self, theta: &[f64], v: &[f64], out: &mut [f64]) {
        self.gradient_along(theta, v, out);
    }

    fn matrices(&self) -> Vec<ParameterMatrix> {
        self.matrices.clone()
    }

    fn least_squares(&self) -> Option<&dyn LeastSquares> {
        Some(self)
    }
}

impl LeastSquares for Kernel {
    fn rows(&self) -> usize {
        Kernel::rows(self)
    }

    fn residual(&self, theta: &[f64], residual: &mut [f64]) {
        self.for_each_tile([residual], |block, tile, [rows], work| block.residual(tile, theta, work, rows));
    }

    fn residual_along(&self, theta: &[f64], v: &[f64], first: &mut [f64], second: &mut [f64]) {
        self.for_each_tile([first, second], |block, tile, [first, second], work| {
            block.along_direction(tile, theta, v, work, first, second);
        });
    }
}
