//! Training in single precision: the kernel as optimizers see it, whose evaluations are [routines](crate::routine) in
//! single precision.
//!
//! θ is rounded once for each evaluation. Residuals, rows of the Jacobian and gradients of a chunk of points are numbers of
//! single precision; what is made of them is not: rows are weighted, and losses, gradients and moments are summed over the
//! chunks, in double precision and in a fixed order.

mod block;

use std::ops::Range;

use tracing::debug_span;

use super::{CompileError, Lowered};
use crate::kernel::{
    Kernel, LeastSquares, Metric, Objective, ParameterMatrix, Pool, Role, Spread, change_with_energies, half_square,
    loss_with_energies,
};
use crate::linalg::{
    RowTile, RowTiles, for_each_share, linearize_in_parts, parts_of_sum, split_all, sum_of, transposed_product,
};
use block::{Block, Buffers, CHUNK, Chunk, rows_of, scale, sized};

/// A problem in single precision. It has the points and the weights of a [`Kernel`] that it [follows](Single::follow).
pub struct Single {
    blocks: Vec<Block>,
    chunks: Vec<Chunk>,
    matrices: Vec<ParameterMatrix>,
    parameters: usize,
    rows: usize,
    revision: Option<u64>,
    /// The parts in which sums over all chunks are made.
    parts: Vec<Range<usize>>,
    buffers: Pool<Buffers>,
    sums: Pool<Vec<Vec<f64>>>,
    numbers: Pool<Vec<f64>>,
    rounded: Pool<Vec<f32>>,
}

impl Single {
    /// Compiles the routines of all blocks, and follows the kernel.
    ///
    /// # Errors
    /// [`CompileError::Assemble`] if a formula has no routine in single precision.
    pub fn new(lowered: &Lowered, kernel: &Kernel) -> Result<Self, CompileError> {
        let blocks = (0..lowered.blocks.len()).map(|block| Block::new(lowered, block)).collect::<Result<_, _>>()?;
        let mut single = Self {
            blocks,
            chunks: Vec::new(),
            matrices: kernel.matrices(),
            parameters: kernel.parameters(),
            rows: 0,
            revision: None,
            parts: Vec::new(),
            buffers: Pool::default(),
            sums: Pool::default(),
            numbers: Pool::default(),
            rounded: Pool::default(),
        };
        single.follow(kernel);
        Ok(single)
    }

    /// Takes over the points and the weights of a kernel of the same problem, if they are not those that it has.
    pub fn follow(&mut self, kernel: &Kernel) {
        let revision = kernel.revision();
        if self.revision == revision {
            return;
        }
        self.revision = revision;
        self.chunks.clear();
        for (b, block) in self.blocks.iter().enumerate() {
            let (columns, roots) = (kernel.columns(b), kernel.roots(b));
            let starts = (0..roots.len() / block.formulas.max(1)).step_by(CHUNK);
            self.chunks.extend(starts.map(|start| block.chunk(b, start, &columns, &roots)));
        }
        self.rows = self.chunks.iter().map(Chunk::rows).sum();
        let (all, per_part) = (self.chunks.len(), self.chunks.len().div_ceil(parts_of_sum(self.parameters)).max(1));
        self.parts = (0..all).step_by(per_part).map(|start| start..all.min(start + per_part)).collect();
    }

    /// Calls `f` with so many numbers, whatever stands in them.
    fn with_numbers<R>(&self, count: usize, f: impl FnOnce(&mut [f64]) -> R) -> R {
        self.numbers.with(Vec::new, |numbers| {
            numbers.resize(count.max(numbers.len()), 0.0);
            f(&mut numbers[..count])
        })
    }

    /// Calls `f` with vectors of P numbers in single precision.
    fn with_rounded<const K: usize, R>(&self, vectors: [&[f64]; K], f: impl FnOnce([&[f32]; K]) -> R) -> R {
        self.rounded.with(Vec::new, |all| {
            all.clear();
            vectors.iter().for_each(|vector| all.extend(vector.iter().map(|&x| x as f32)));
            let mut own = all.chunks_exact(self.parameters);
            f([(); K].map(|()| own.next().unwrap_or_default()))
        })
    }

    /// The values of all formulas at their points, length N, as [`Kernel::values`] has them.
    fn values(&self, theta: &[f64], values: &mut [f64]) {
        self.with_rounded([theta], |[theta]| {
            self.for_each_chunk([values], |block, chunk, [values], buffers| {
                let r = sized(&mut buffers.first, chunk.rows());
                block.residual.call(chunk, &[theta], &mut [Some(r)], &mut buffers.work);
                scale(values, r, &chunk.scales);
            });
        });
    }

    fn is_least_squares(&self) -> bool {
        self.blocks.iter().all(|block| block.role == Role::Residual)
    }

    fn loss_of(&self, values: &[f64]) -> f64 {
        if self.is_least_squares() { half_square(values) } else { loss_with_energies(self.with_roles(values)) }
    }

    /// Every value with the role of its block.
    fn with_roles<'a, T: Copy>(&'a self, values: &'a [T]) -> impl Iterator<Item = (Role, T)> + 'a {
        let roles = |chunk: &Chunk| std::iter::repeat_n(self.blocks[chunk.block].role, chunk.rows());
        self.chunks.iter().flat_map(roles).zip(values.iter().copied())
    }

    /// Calls `f` for every chunk in parallel, with its part of vectors of length N.
    fn for_each_chunk<const K: usize>(
        &self,
        vectors: [&mut [f64]; K],
        f: impl Fn(&Block, &Chunk, [&mut [f64]; K], &mut Buffers) + Sync,
    ) {
        let split = |vectors, chunks: &[Chunk]| split_all(vectors, rows_of(chunks));
        for_each_share(&self.chunks, vectors, &split, &|chunk, own| {
            self.buffers.with(Buffers::default, |buffers| f(&self.blocks[chunk.block], chunk, own, buffers));
        });
    }

    /// The sum over all chunks of what `f` leaves in [`Buffers::second`], as many numbers as the sum has, fewer or none; `f` has its part
    /// of a vector of length N.
    fn sum_over_chunks(
        &self,
        values: &mut [f64],
        sum: &mut [f64],
        f: impl Fn(&Block, &Chunk, &mut [f64], &mut Buffers) + Sync,
    ) {
        let length = sum.len();
        let sum_part = |part: &Range<usize>, (values, sums): (&mut [f64], &mut [Vec<f64>])| {
            let (mut values, sum) = (values, &mut sums[0]);
            sum.clear();
            sum.resize(length, 0.0);
            self.buffers.with(Buffers::default, |buffers| {
                for chunk in &self.chunks[part.clone()] {
                    let (own, after) = std::mem::take(&mut values).split_at_mut(chunk.rows());
                    values = after;
                    f(&self.blocks[chunk.block], chunk, own, buffers);
                    sum.iter_mut().zip(&buffers.second).for_each(|(sum, part)| *sum += f64::from(*part));
                }
            });
        };
        self.sums.with(Vec::new, |sums| {
            sums.resize_with(sums.len().max(self.parts.len()), Vec::new);
            let sums = &mut sums[..self.parts.len()];
            let split = |(values, sums), parts: &[Range<usize>]| {
                let chunks = &self.chunks[parts[0].start..parts[parts.len() - 1].end];
                let (values, other_values) = <[f64]>::split_at_mut(values, rows_of(chunks));
                let (sums, other_sums) = <[Vec<f64>]>::split_at_mut(sums, parts.len());
                ((values, sums), (other_values, other_sums))
            };
            for_each_share(&self.parts, (values, &mut *sums), &split, &sum_part);
            sum_of(sums, sum);
        });
    }

    /// The rows of each formula at a chunk.
    fn tiles_of_rows(&self, chunk: &Chunk) -> impl Iterator<Item = usize> + use<> {
        std::iter::repeat_n(chunk.points, self.blocks[chunk.block].formulas)
    }

    /// The values at some chunks, and their rows of the Jacobian.
    fn rows_at(&self, chunks: &[Chunk], theta: &[f32], values: &mut [f64], rows: &mut RowTiles) {
        let split = |(values, tiles), chunks: &[Chunk]| {
            let of_formulas = chunks.iter().map(|chunk| self.blocks[chunk.block].formulas).sum();
            let (values, other_values) = <[f64]>::split_at_mut(values, rows_of(chunks));
            let (tiles, other_tiles) = <[RowTile]>::split_at_mut(tiles, of_formulas);
            ((values, tiles), (other_values, other_tiles))
        };
        for_each_share(chunks, (values, rows.tiles_mut()), &split, &|chunk, (values, tiles)| {
            self.buffers.with(Buffers::default, |buffers| {
                self.blocks[chunk.block].rows(chunk, theta, buffers, (values, tiles));
            });
        });
    }

    /// Whether means of derivatives are over the points of a block.
    fn is_chosen(&self, block: &Block, of: Spread) -> bool {
        of == Spread::All || block.inside || self.chunks.iter().all(|chunk| !self.blocks[chunk.block].inside)
    }

    /// Makes a mean of a sum over the chosen points.
    fn divide_by_weight(&self, of: Spread, sum: &mut [f64]) {
        let chosen = self.chunks.iter().filter(|chunk| self.is_chosen(&self.blocks[chunk.block], of));
        let weight: f64 = chosen.flat_map(|chunk| &chunk.weights).map(|w| f64::from(*w)).sum();
        if weight > 0.0 {
            sum.iter_mut().for_each(|sum| *sum /= weight);
        }
    }
}

impl Objective for Single {
    fn parameters(&self) -> usize {
        self.parameters
    }

    fn loss(&self, theta: &[f64]) -> f64 {
        let _span = debug_span!("trial losses").entered();
        self.with_numbers(self.rows, |values| {
            self.values(theta, values);
            self.loss_of(values)
        })
    }

    /// Point by point, as that of [`Kernel`].
    fn change(&self, from: &[f64], to: &[f64]) -> f64 {
        let [mut before, mut after] = [(); 2].map(|()| vec![0.0; self.rows]);
        self.values(from, &mut before);
        self.values(to, &mut after);
        if self.is_least_squares() {
            return half_square(&after) - half_square(&before);
        }
        let pairs: Vec<(f64, f64)> = before.into_iter().zip(after).collect();
        change_with_energies(self.with_roles(&pairs))
    }

    fn gradient(&self, theta: &[f64], gradient: &mut [f64]) -> f64 {
        let _span = debug_span!("gradient").entered();
        self.with_numbers(self.rows, |values| {
            self.with_rounded([theta], |[theta]| {
                self.sum_over_chunks(values, gradient, |block, chunk, values, buffers| {
                    let r = sized(&mut buffers.first, chunk.rows());
                    let sum = sized(&mut buffers.second, theta.len());
                    let (inputs, outputs) = (&[&chunk.weights[..], theta], &mut [Some(&mut *r), Some(sum)]);
                    block.weighted.call(chunk, inputs, outputs, &mut buffers.work);
                    scale(values, r, &chunk.scales);
                });
            });
            self.loss_of(values)
        })
    }

    fn revision(&self) -> Option<u64> {
        self.revision
    }

    /// Those of residuals, whatever the metric: the model refuses the others.
    fn row_tiles(&self, _metric: Metric) -> Vec<usize> {
        self.chunks.iter().flat_map(|chunk| self.tiles_of_rows(chunk)).collect()
    }

    fn linearize(&self, theta: &[f64], _metric: Metric, rows: &mut RowTiles, gradient: &mut [f64]) -> f64 {
        let _span = debug_span!("rows", bytes = 8.0 * rows.rows() as f64 * rows.columns() as f64).entered();
        self.with_numbers(self.rows, |values| {
            self.with_rounded([theta], |[theta]| self.rows_at(&self.chunks, theta, values, rows));
            transposed_product(rows, values, gradient);
            self.loss_of(values)
        })
    }

    fn linearize_in_parts(
        &self,
        theta: &[f64],
        numbers: usize,
        rows: &mut RowTiles,
        gradient: &mut [f64],
        f: &mut dyn FnMut(&RowTiles),
    ) -> f64 {
        self.with_numbers(self.rows, |values| {
            let room = (&mut *values, rows, gradient);
            self.with_rounded([theta], |[theta]| {
                let fill = |chunks: &[Chunk], values: &mut [f64], rows: &mut RowTiles| {
                    self.rows_at(chunks, theta, values, rows);
                };
                linearize_in_parts((&self.chunks, numbers), room, |chunk| self.tiles_of_rows(chunk), fill, f);
            });
            self.loss_of(values)
        })
    }

    fn curvature_along(&self, theta: &[f64], v: &[f64], out: &mut [f64]) {
        let _span = debug_span!("along the step").entered();
        self.with_numbers(self.rows, |unused| {
            self.with_rounded([theta, v], |[theta, v]| {
                self.sum_over_chunks(unused, out, |block, chunk, _, buffers| {
                    let bent = sized(&mut buffers.first, chunk.rows());
                    block.along().jvp.call(chunk, &[theta, v], &mut [None, Some(&mut *bent)], &mut buffers.work);
                    let cotangents = sized(&mut buffers.cotangents, chunk.rows());
                    let weighted = cotangents.iter_mut().zip(bent.iter().zip(&chunk.weights));
                    weighted.for_each(|(cotangent, (bent, weight))| *cotangent = bent * weight);
                    let sum = sized(&mut buffers.second, theta.len());
                    block.along().vjp.call(chunk, &[cotangents, theta], &mut [Some(sum)], &mut buffers.work);
                });
            });
        });
    }

    fn derivative_means(&self, theta: &[f64], of: Spread, means: &mut [f64]) {
        let _span = debug_span!("moments").entered();
        self.with_numbers(self.rows, |unused| {
            self.with_rounded([theta], |[theta]| {
                self.sum_over_chunks(unused, means, |block, chunk, _, buffers| {
                    if !self.is_chosen(block, of) {
                        return buffers.second.clear();
                    }
                    let (sum, weights) = (sized(&mut buffers.second, theta.len()), &chunk.weights[..]);
                    let (inputs, work) = (&[weights, theta], &mut buffers.work);
                    match &block.along {
                        Some(along) => along.vjp.call(chunk, inputs, &mut [Some(sum)], work),
                        None => {
                            let values = sized(&mut buffers.first, chunk.rows());
                            block.weighted.call(chunk, inputs, &mut [Some(values), Some(sum)], work);
                        }
                    }
                });
            });
        });
        self.divide_by_weight(of, means);
    }

    fn gradient_and_squares(&self, theta: &[f64], of: Spread, gradient: &mut [f64], squares: &mut [f64]) -> f64 {
        let _span = debug_span!("moments").entered();
        let parameters = theta.len();
        self.with_numbers(self.rows + 2 * parameters, |numbers| {
            let (values, both) = numbers.split_at_mut(self.rows);
            self.with_rounded([theta], |[theta]| {
                self.sum_over_chunks(values, both, |block, chunk, values, buffers| {
                    let (code, length, weights) = match self.is_chosen(block, of) {
                        true => (&block.moments, 2 * parameters, &chunk.roots),
                        false => (&block.weighted, parameters, &chunk.weights),
                    };
                    let r = sized(&mut buffers.first, chunk.rows());
                    let outputs = &mut [Some(&mut *r), Some(sized(&mut buffers.second, length))];
                    code.call(chunk, &[weights, theta], outputs, &mut buffers.work);
                    scale(values, r, &chunk.scales);
                });
            });
            gradient.copy_from_slice(&both[..parameters]);
            squares.copy_from_slice(&both[parameters..]);
            self.divide_by_weight(of, squares);
            self.loss_of(values)
        })
    }

    fn matrices(&self) -> Vec<ParameterMatrix> {
        self.matrices.clone()
    }

    fn least_squares(&self) -> Option<&dyn LeastSquares> {
        self.is_least_squares().then_some(self)
    }
}

impl LeastSquares for Single {
    fn rows(&self) -> usize {
        self.rows
    }

    fn residual(&self, theta: &[f64], residual: &mut [f64]) {
        let _span = debug_span!("residual").entered();
        self.values(theta, residual);
    }

    fn residual_along(&self, theta: &[f64], v: &[f64], first: &mut [f64], second: &mut [f64]) {
        let _span = debug_span!("along the step").entered();
        self.with_rounded([theta, v], |[theta, v]| {
            self.for_each_chunk([first, second], |block, chunk, [first, second], buffers| {
                let slope = sized(&mut buffers.first, chunk.rows());
                let bent = sized(&mut buffers.second, chunk.rows());
                let outputs = &mut [Some(&mut *slope), Some(&mut *bent)];
                block.along().jvp.call(chunk, &[theta, v], outputs, &mut buffers.work);
                scale(first, slope, &chunk.scales);
                scale(second, bent, &chunk.scales);
            });
        });
    }

    fn rows_by_formula(&self) -> Vec<Vec<Range<usize>>> {
        let formulas = self.blocks.iter().map(|block| vec![Vec::new(); block.formulas]);
        let mut found: Vec<Vec<Vec<Range<usize>>>> = formulas.collect();
        let mut row = 0;
        for chunk in &self.chunks {
            for rows in &mut found[chunk.block] {
                rows.push(row..row + chunk.points);
                row += chunk.points;
            }
        }
        found.into_iter().flatten().collect()
    }
}
