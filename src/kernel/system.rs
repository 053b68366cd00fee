//! The compiled kernel and what its callers see of it.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;

use super::description::{Description, Role};
use super::forward::row_lane;
use super::fused::FusedBlock;
use super::integrals::IntegralBlock;
use super::known::KnownUse;
use super::layers::TileParts;
use super::local::MetricRows;
use super::nonlocal::Member;
use super::norms::Norm;
use super::objective::ParameterMatrix;
use super::programs::{Assemble, AssembleError, BlockTapes, Channel, KernelTapes, PointInput, PointwiseTapes};
use super::reverse::PartialSum;
use super::sweep::{Inputs, NetworkUse, PointwiseSet, PointwiseSets, sized};
use super::tile::{PointSet, Pool, TILE, Tile, TileScale, tiles};
use crate::expr::Jet;
use crate::linalg::{for_each_share, parts_of_sum, split_all};
use crate::network::Layer;
use crate::tape::{Lane, PointProgram, Tape};

/// Bytes of the jets of one layer in a tile: half of a common L2 cache, which has to hold those of two.
const JETS_OF_A_LAYER: usize = 1 << 20;

/// A program and where its inputs are found.
#[derive(Clone)]
pub(super) struct PointProgramOf {
    pub program: Arc<dyn PointProgram>,
    pub inputs: Vec<PointInput>,
}

/// The program of second derivatives, and the rows that are made from them.
#[derive(Clone)]
pub(super) struct LocalPrograms {
    pub program: PointProgramOf,
    pub rows: Vec<MetricRows>,
}

/// A block of points with everything compiled.
#[derive(Clone)]
pub(super) struct Block {
    pub networks: Vec<Option<NetworkUse>>,
    pub role: Role,
    /// Whether the points fill the domain.
    pub inside: bool,
    /// sqrt(weight) of each formula.
    pub factors: Vec<f64>,
    pub value: PointProgramOf,
    pub linear: PointProgramOf,
    pub partials: Vec<(usize, Channel)>,
    /// The integrals that the formulas use.
    pub integrals: Vec<Member>,
    /// The families of these integrals: `tile.groups` has one entry each.
    pub families: Vec<usize>,
    /// Formula and integral of each partial behind those of the channels.
    pub integral_partials: Vec<(usize, usize)>,
    pub second: PointProgramOf,
    /// What is known at the points: one column each.
    pub known: Vec<KnownUse>,
    pub local: Option<LocalPrograms>,
    /// What has its networks within, if that is faster.
    pub fused: Option<Arc<dyn FusedBlock>>,
    pub dimension: usize,
    pub tiles: Vec<Tile>,
    /// The first row of the block in r.
    pub first_row: usize,
}

/// A compiled problem, of squares and energies, and its points.
pub struct Kernel {
    pub(super) blocks: Vec<Block>,
    /// What the blocks integrate; a family uses only those before it.
    pub(super) integrals: Vec<IntegralBlock>,
    pub(super) parameters: usize,
    pub(super) workspaces: Pool<super::forward::Workspace>,
    /// Which tile (block, number in the block) stands at each position of a sweep over all tiles.
    pub(super) order: Vec<(usize, usize)>,
    /// The parts in which sums over all tiles are made, as positions in `order`.
    pub(super) parts: Vec<Range<usize>>,
    pub(super) partial_sums: Pool<Vec<PartialSum>>,
    /// Where the rows of each tile end in r.
    pub(super) row_ends: Vec<usize>,
    pub(super) layer_parts: Pool<Vec<TileParts>>,
    pub(super) row_buffers: Pool<Vec<f64>>,
    pub(super) matrices: Vec<ParameterMatrix>,
    /// The layers of all networks, each with the number of its network.
    pub(super) layers: Vec<(usize, Layer)>,
    pub(super) norms: Vec<Norm>,
    /// Differs from that of any other kernel, and from what it was before points or weights changed.
    pub(super) revision: u64,
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
        let mut functions = PointwiseSets::new();
        for (key, tapes) in &tapes.functions {
            let value = next();
            let linear = tapes.linear.as_ref().map_or_else(|| value.clone(), |_| next());
            let set = PointwiseSet { value, linear, reverse: next(), second: next() };
            functions.insert(key.clone(), Arc::new(set));
        }
        let mut block = |block| Block::new(description, block, &functions, &mut next);
        let mut blocks: Vec<Block> = tapes.blocks.iter().map(&mut block).collect();
        blocks.par_iter_mut().enumerate().try_for_each(|(number, block)| -> Result<(), AssembleError> {
            block.fused = backend.fused(description, tapes, number)?;
            Ok(())
        })?;
        let of_family = |(family, tapes)| IntegralBlock::new(family, block(tapes), &description.inner);
        let integrals = tapes.families.iter().map(|(family, tapes)| (family, tapes)).map(of_family).collect();
        let mut kernel = Self {
            blocks,
            integrals,
            parameters: description.parameters(),
            workspaces: Pool::default(),
            order: Vec::new(),
            parts: Vec::new(),
            partial_sums: Pool::default(),
            row_ends: Vec::new(),
            layer_parts: Pool::default(),
            row_buffers: Pool::default(),
            matrices: description.networks.iter().flat_map(|n| &n.layout.layers).flat_map(matrices_of).collect(),
            layers: (description.networks.iter().enumerate())
                .flat_map(|(n, network)| network.layout.layers.iter().map(move |layer| (n, *layer)))
                .collect(),
            norms: tapes.norms.iter().map(|t| Norm::new(description, t, points, backend)).collect::<Result<_, _>>()?,
            revision: next_revision(),
        };
        kernel.set_all_points(points);
        Ok(kernel)
    }

    /// A kernel of the same programs without points, for batches.
    #[must_use]
    pub fn same_programs(&self) -> Self {
        let blocks = self.blocks.iter().map(Block::without_points).collect();
        let integrals = self.integrals.iter().map(IntegralBlock::without_points).collect();
        Self {
            blocks,
            integrals,
            parameters: self.parameters,
            workspaces: Pool::default(),
            order: Vec::new(),
            parts: Vec::new(),
            partial_sums: Pool::default(),
            row_ends: Vec::new(),
            layer_parts: Pool::default(),
            row_buffers: Pool::default(),
            matrices: self.matrices.clone(),
            layers: self.layers.clone(),
            norms: self.norms.iter().map(Norm::same_programs).collect(),
            revision: next_revision(),
        }
    }

    /// Replaces the points of one block.
    pub fn set_points(&mut self, block: usize, points: &PointSet) {
        self.cut_into_tiles(block, points);
        self.regroup();
        self.number_rows();
    }

    /// Replaces the points of all blocks.
    pub fn set_all_points(&mut self, points: &[PointSet]) {
        for (block, points) in points.iter().enumerate() {
            self.cut_into_tiles(block, points);
        }
        self.regroup();
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
        self.revision = next_revision();
        self.norms.iter_mut().for_each(|norm| norm.set_points(block, points));
        let block = &mut self.blocks[block];
        let known = block.known_columns(points);
        block.tiles = tiles(points, &known, TileScale::Root, block.tile_points(), |tile| block.feature_jets(tile));
    }

    fn number_rows(&mut self) {
        let mut row = 0;
        self.order.clear();
        for (b, block) in self.blocks.iter_mut().enumerate() {
            block.first_row = row;
            row += block.factors.len() * block.tiles.iter().map(|t| t.rows).sum::<usize>();
            self.order.extend((0..block.tiles.len()).map(|t| (b, t)));
        }
        self.parts = self.parts();
        let mut end = 0;
        let ends = self.order.iter().map(|tile| {
            end += self.rows_of_tiles(std::slice::from_ref(tile));
            end
        });
        self.row_ends = ends.collect();
    }

    /// Calls `f` with a vector of length N.
    pub(super) fn with_rows<R>(&self, f: impl FnOnce(&mut [f64]) -> R) -> R {
        let length = self.rows();
        self.row_buffers.with(Vec::new, |rows| f(sized(rows, length)))
    }

    /// Calls `f` for every tile in parallel, with the rows of r (and of further vectors of length N) that are its own.
    pub(super) fn for_each_tile<const K: usize>(
        &self,
        vectors: [&mut [f64]; K],
        f: impl Fn(&Block, &Tile, [&mut [f64]; K], &mut super::forward::Workspace) + Sync,
    ) {
        let split = |vectors, tiles: &[(usize, usize)]| split_all(vectors, self.rows_of_tiles(tiles));
        for_each_share(&self.order, vectors, &split, &|&(b, t), own| {
            let (block, tile) = (&self.blocks[b], &self.blocks[b].tiles[t]);
            self.workspaces.with(super::forward::Workspace::default, |work| f(block, tile, own, work));
        });
    }

    /// How many rows of r some tiles have.
    pub(super) fn rows_of_tiles(&self, tiles: &[(usize, usize)]) -> usize {
        tiles.iter().map(|&(b, t)| self.blocks[b].factors.len() * self.blocks[b].tiles[t].rows).sum()
    }

    /// All tiles in parts of about the same work, at most one more than [`parts_of_sum`] says.
    fn parts(&self) -> Vec<Range<usize>> {
        let channels = |&(b, _): &(usize, usize)| self.blocks[b].channels();
        let wanted = self.order.iter().map(channels).sum::<usize>().div_ceil(parts_of_sum(self.parameters));
        let mut own = 0;
        let is_same_part = |tile: &(usize, usize), _: &(usize, usize)| {
            own += channels(tile);
            let same = own < wanted;
            own = if same { own } else { 0 };
            same
        };
        let mut end = 0;
        let range = |part: &[(usize, usize)]| {
            end += part.len();
            end - part.len()..end
        };
        self.order.chunk_by(is_same_part).map(range).collect()
    }
}

/// A number that was not given before.
pub(super) fn next_revision() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// The weights of a layer, and its vectors: biases, and scales where it has them.
fn matrices_of(layer: &Layer) -> impl Iterator<Item = ParameterMatrix> {
    let Layer { inputs, outputs, .. } = *layer;
    let vectors = [Some(layer.biases()), layer.scales()].into_iter().flatten();
    let vectors = vectors.map(move |range| ParameterMatrix { start: range.start, rows: outputs, columns: 1 });
    std::iter::once(ParameterMatrix { start: layer.weights().start, rows: outputs, columns: inputs }).chain(vectors)
}

impl KernelTapes {
    /// Every tape, in the order in which [`Kernel::new`] takes the programs back.
    fn all(&self) -> impl Iterator<Item = &Tape> {
        let functions = self.functions.values().flat_map(PointwiseTapes::all);
        let families = self.families.iter().map(|(_, tapes)| tapes);
        let blocks = self.blocks.iter().chain(families).flat_map(|b| {
            let features = b.features.iter().flatten();
            let local = b.local.iter().map(|local| &local.program);
            [&b.value, &b.linear, &b.second].into_iter().chain(local).chain(features).map(|p| &p.tape)
        });
        functions.chain(blocks)
    }
}

impl PointwiseTapes {
    fn all(&self) -> impl Iterator<Item = &Tape> {
        [&self.value].into_iter().chain(&self.linear).chain([&self.reverse, &self.second])
    }
}

impl Block {
    /// Takes the programs of a block in the order of [`KernelTapes::all`].
    fn new(
        description: &Description,
        tapes: &BlockTapes,
        functions: &PointwiseSets,
        next: &mut dyn FnMut() -> Arc<dyn PointProgram>,
    ) -> Self {
        let mut of = |inputs: &[PointInput]| PointProgramOf { program: next(), inputs: inputs.to_vec() };
        let (value, linear, second) = (of(&tapes.value.inputs), of(&tapes.linear.inputs), of(&tapes.second.inputs));
        let local = tapes.local.as_ref();
        let local = local.map(|l| LocalPrograms { program: of(&l.program.inputs), rows: l.rows.clone() });
        let plans = description.networks.iter().zip(&tapes.plans).zip(&tapes.features).zip(&tapes.turned);
        let networks = plans.map(|(((network, plan), features), turned)| {
            let (plan, features) = (plan.as_ref()?, features.as_ref()?);
            let inputs = Inputs::new(&network.layout, plan.len(), &features.tape);
            Some(NetworkUse::new(&network.layout, plan, of(&features.inputs), inputs, turned.as_ref(), functions))
        });
        let known = |jet: &Jet| {
            let source = description.known[&usize::from(jet.field)].clone();
            KnownUse { source, index: jet.index.clone() }
        };
        let mut families: Vec<usize> = tapes.integrals.iter().map(|member| member.family).collect();
        families.sort_unstable();
        families.dedup();
        Self {
            known: tapes.known.iter().map(known).collect(),
            networks: networks.collect(),
            role: tapes.role,
            inside: tapes.inside,
            factors: tapes.factors.clone(),
            value,
            linear,
            partials: tapes.partials.clone(),
            integrals: tapes.integrals.clone(),
            families,
            integral_partials: tapes.integral_partials.clone(),
            second,
            local,
            fused: None,
            dimension: description.dimension,
            tiles: Vec::new(),
            first_row: 0,
        }
    }

    pub(super) fn without_points(&self) -> Self {
        Self { tiles: Vec::new(), first_row: 0, ..self.clone() }
    }

    /// How many points a tile has: with many channels or wide layers fewer, so that the jets of a layer stay in the cache.
    pub(super) fn tile_points(&self) -> usize {
        let numbers = |network: &NetworkUse| {
            let rows = (0..network.layout.ops().len()).map(|op| network.layout.rows(op)).max().unwrap_or(1);
            rows.max(1) * network.carried()
        };
        let most = self.networks.iter().flatten().map(numbers).max().unwrap_or(1);
        let fitting = |points: &usize| points * most * size_of::<f64>() <= JETS_OF_A_LAYER;
        [TILE, TILE / 2, TILE / 4].into_iter().find(fitting).unwrap_or(TILE / 8)
    }

    /// The channels that its networks carry together, at least one: how much work a point is.
    pub(super) fn channels(&self) -> usize {
        self.networks.iter().flatten().map(NetworkUse::carried).sum::<usize>().max(1)
    }

    /// What is known at points: one column for each known field that the programs read.
    pub(super) fn known_columns(&self, points: &PointSet) -> Vec<Vec<f64>> {
        self.known.iter().map(|known| known.source.values(&known.index, points)).collect()
    }

    pub(super) fn feature_jets(&self, tile: &Tile) -> Vec<Vec<f64>> {
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
                network.inputs.arranged(values, network.plan.len(), tile.stride)
            })
            .collect()
    }
}
