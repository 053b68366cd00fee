//! The routines of a block in single precision, and its points in chunks.

use smallvec::SmallVec;

use crate::codegen::{self, Loaded, Workspace};
use crate::kernel::{AssembleError, Role};
use crate::linalg::RowTile;
use crate::pipeline::fused::routines;
use crate::pipeline::{CompileError, Lowered};
use crate::routine::{Kind, Routine, TILE};

/// Points of a call: the sum of so few loses no digits that single precision has.
pub const CHUNK: usize = 2 * TILE;

/// The routines of a block. An energy has none along a direction.
pub struct Block {
    pub role: Role,
    pub inside: bool,
    pub formulas: usize,
    pub residual: Compiled,
    pub weighted: Compiled,
    pub moments: Compiled,
    pub jacobian: Compiled,
    pub along: Option<Along>,
}

/// The routines of a block of residuals along a direction of parameters.
pub struct Along {
    pub jvp: Compiled,
    pub vjp: Compiled,
}

/// A routine, and which of the columns of its block it reads first.
pub struct Compiled {
    pub code: Loaded<f32>,
    pub columns: Vec<usize>,
}

/// Some points of a block.
pub struct Chunk {
    pub block: usize,
    pub points: usize,
    /// What stands at the points: one column each.
    pub columns: Vec<Vec<f32>>,
    /// What each formula at each point is multiplied by in r, or in the sum of an energy; formula after formula.
    pub scales: Vec<f64>,
    /// The weight of each formula at each point in the loss; formula after formula.
    pub weights: Vec<f32>,
    /// The roots of these.
    pub roots: Vec<f32>,
}

impl Chunk {
    /// Its part of a vector of values.
    pub fn rows(&self) -> usize {
        self.scales.len()
    }
}

/// What a call writes.
#[derive(Default)]
pub struct Buffers {
    pub work: Workspace,
    pub first: Vec<f32>,
    pub second: Vec<f32>,
    pub cotangents: Vec<f32>,
}

impl Block {
    pub fn new(lowered: &Lowered, number: usize) -> Result<Self, CompileError> {
        let tapes = &lowered.tapes.blocks[number];
        let role = tapes.role;
        let kinds: &[Kind] = match role {
            Role::Residual => &[Kind::Residual, Kind::Weighted, Kind::Moments, Kind::Jacobian, Kind::Jvp, Kind::Vjp],
            Role::Energy => &[Kind::Residual, Kind::Weighted, Kind::Moments, Kind::Jacobian],
        };
        let routines = routines(&lowered.description, &lowered.tapes, number, kinds)?;
        let all: Vec<&Routine> = routines.iter().map(|(routine, _)| routine).collect();
        let loaded = codegen::load::<f32>(&all, &codegen::Options::default());
        let loaded = loaded.map_err(|error| AssembleError::Backend(error.to_string()))?;
        let columns = routines.iter().map(|(_, columns)| columns.clone());
        let mut compiled = loaded.into_iter().zip(columns).map(|(code, columns)| Compiled { code, columns });
        let mut next = || compiled.next().expect("one routine a kind");
        Ok(Self {
            role,
            inside: tapes.inside,
            formulas: tapes.factors.len(),
            residual: next(),
            weighted: next(),
            moments: next(),
            jacobian: next(),
            along: (role == Role::Residual).then(|| Along { jvp: next(), vjp: next() }),
        })
    }

    /// The routines along a direction.
    pub fn along(&self) -> &Along {
        self.along.as_ref().expect("methods that need it of an energy are refused by the model")
    }

    /// The points from `start` on, with the roots of the weights of all points, formula after formula.
    pub fn chunk(&self, block: usize, start: usize, columns: &[Vec<f64>], roots: &[f64]) -> Chunk {
        let all = roots.len() / self.formulas;
        let points = CHUNK.min(all - start);
        let own = start..start + points;
        let roots: Vec<f64> = roots.chunks_exact(all).flat_map(|roots| &roots[own.clone()]).copied().collect();
        let weights: Vec<f64> = roots.iter().map(|root| root * root).collect();
        Chunk {
            block,
            points,
            columns: columns.iter().map(|column| rounded(&column[own.clone()])).collect(),
            weights: rounded(&weights),
            roots: rounded(&roots),
            scales: if self.role == Role::Residual { roots } else { weights },
        }
    }

    /// The values at the points of a chunk, and the rows of the Jacobian, one tile a formula.
    pub fn rows(
        &self,
        chunk: &Chunk,
        theta: &[f32],
        buffers: &mut Buffers,
        (values, tiles): (&mut [f64], &mut [RowTile]),
    ) {
        let r = sized(&mut buffers.first, chunk.rows());
        let rows = sized(&mut buffers.second, chunk.rows() * theta.len());
        self.jacobian.call(chunk, &[theta], &mut [Some(&mut *r), Some(&mut *rows)], &mut buffers.work);
        scale(values, r, &chunk.scales);
        let n = chunk.points;
        let of_formulas = rows.chunks_exact(n * theta.len()).zip(chunk.scales.chunks_exact(n));
        for (tile, (rows, scales)) in tiles.iter_mut().zip(of_formulas) {
            let stride = tile.stride();
            let columns = tile.data_mut().chunks_exact_mut(stride).zip(rows.chunks_exact(n));
            columns.for_each(|(column, row)| scale(&mut column[..n], row, scales));
        }
    }
}

impl Compiled {
    /// A call at the points of a chunk; `others` are the arguments behind the columns.
    pub fn call(&self, chunk: &Chunk, others: &[&[f32]], outputs: &mut [Option<&mut [f32]>], work: &mut Workspace) {
        let columns = self.columns.iter().map(|&column| chunk.columns[column].as_slice());
        let inputs: SmallVec<[&[f32]; 24]> = columns.chain(others.iter().copied()).collect();
        self.code.enlarge(work);
        self.code.call_in(chunk.points, &inputs, outputs, work);
    }
}

/// Their part of a vector of values.
pub fn rows_of(chunks: &[Chunk]) -> usize {
    chunks.iter().map(Chunk::rows).sum()
}

/// The nearest numbers of single precision.
fn rounded(numbers: &[f64]) -> Vec<f32> {
    numbers.iter().map(|&x| x as f32).collect()
}

pub fn scale(out: &mut [f64], values: &[f32], scales: &[f64]) {
    out.iter_mut().zip(values).zip(scales).for_each(|((out, value), scale)| *out = f64::from(*value) * scale);
}

/// A buffer of this length, whatever stands in it.
pub fn sized(buffer: &mut Vec<f32>, length: usize) -> &mut [f32] {
    buffer.resize(length, 0.0);
    buffer
}
