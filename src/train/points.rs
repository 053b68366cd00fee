//! The points of a run: as they are drawn first, drawn anew, or moved to where the residuals are large.

use crate::geometry::Stream;
use crate::kernel::{Kernel, PointSet, Predictor};
use crate::model::{Adapt, TermKind};
use crate::pipeline::{CompileError, Lowered};
use crate::sample::{self, Block};

use super::error::RestoreError;

/// The streams that choose among candidates, beside those of the terms.
const ADAPT_STREAM: u64 = 3 << 32;
/// Candidates that are evaluated at a time, so that any number of them needs little memory.
const CHUNK: usize = 1 << 13;

/// The points of each block.
pub(super) struct TrainingPoints {
    /// As the kernel has them.
    pub sets: Vec<PointSet>,
    /// How many points each block had at first.
    base: Vec<usize>,
    /// What the initial conditions take over from the window before.
    handover: Option<Handover>,
}

/// The left sides of the initial conditions on the solution of the window before.
pub(super) struct Handover {
    /// Programs for the left sides.
    pub sides: Predictor,
    /// The parameters of that window.
    pub theta: Vec<f64>,
}

impl Handover {
    /// Puts the values beside the points of initial conditions.
    fn fill(&mut self, lowered: &Lowered, block: &Block, set: &mut PointSet) {
        if lowered.model.terms[block.terms[0]].kind == TermKind::Initial {
            set.columns = self.sides.evaluate(&self.theta, &set.coordinates);
        }
    }
}

impl TrainingPoints {
    /// The points behind so many steps of all stages, as far as they do not follow the residuals.
    pub fn draw(lowered: &Lowered, seed: u64, steps: usize, handover: Option<Handover>) -> Result<Self, CompileError> {
        let mut points = Self { sets: Vec::new(), base: Vec::new(), handover };
        for block in &lowered.blocks {
            let set = points.drawn(lowered, block, seed, drawing(block, steps))?;
            points.base.push(set.len());
            points.sets.push(set);
        }
        Ok(points)
    }

    fn drawn(&mut self, lowered: &Lowered, block: &Block, seed: u64, drawing: u64) -> Result<PointSet, CompileError> {
        let mut set = lowered.draw(block, seed, drawing)?;
        if let Some(handover) = &mut self.handover {
            handover.fill(lowered, block, &mut set);
        }
        Ok(set)
    }

    /// Draws what is due behind so many steps, and hands it to the kernel.
    pub fn redraw(
        &mut self,
        lowered: &Lowered,
        kernel: &mut Kernel,
        seed: u64,
        steps: usize,
        theta: &[f64],
    ) -> Result<(), CompileError> {
        for (b, block) in lowered.blocks.iter().enumerate() {
            let due = block.sampling.resample.is_some_and(|every| steps > 0 && steps.is_multiple_of(every));
            if !due {
                continue;
            }
            // An energy stays the integral that the file says: points that crowd would give it another minimum.
            self.sets[b] = match block.sampling.adapt.filter(|_| !block.energy) {
                None => self.drawn(lowered, block, seed, drawing(block, steps))?,
                Some(adapt) => self.adapted(lowered, kernel, b, adapt, (seed, steps), theta)?,
            };
            kernel.set_points(b, &self.sets[b]);
        }
        Ok(())
    }

    fn adapted(
        &mut self,
        lowered: &Lowered,
        kernel: &Kernel,
        b: usize,
        adapt: Adapt,
        (seed, steps): (u64, usize),
        theta: &[f64],
    ) -> Result<PointSet, CompileError> {
        let block = &lowered.blocks[b];
        let drawing = steps_between(block, steps);
        let candidates = self.drawn(lowered, &block.candidates(), seed, drawing)?;
        let squares = squares(kernel, b, &candidates, theta);
        Ok(match adapt {
            Adapt::Distribution { power, offset } => {
                let mut stream = Stream::new(seed, ADAPT_STREAM + block.terms[0] as u64, drawing);
                sample::by_distribution(&candidates, &squares, self.base[b], (power, offset), &mut stream)
            }
            Adapt::Refinement => {
                let of_points = self::squares(kernel, b, &self.sets[b], theta);
                sample::by_refinement(&self.sets[b], &candidates, [&squares, &of_points], self.base[b])
            }
        })
    }

    /// The points that can't be drawn again, since they depend on the parameters of their time: block and points.
    pub fn save(&self, lowered: &Lowered) -> Vec<(usize, PointSet)> {
        let follow = |b: &usize| lowered.blocks[*b].sampling.adapt.is_some() && !lowered.blocks[*b].energy;
        (0..self.sets.len()).filter(follow).map(|b| (b, self.sets[b].clone())).collect()
    }

    /// Takes saved points, which come without what stands beside them.
    ///
    /// # Errors
    /// [`RestoreError::Points`] if they are not points of the block.
    pub fn restore(&mut self, lowered: &Lowered, saved: &[(usize, PointSet)]) -> Result<(), RestoreError> {
        for (b, set) in saved {
            let places = (self.sets.get_mut(*b), lowered.blocks.get(*b));
            let (Some(own), Some(block)) = places else { return Err(RestoreError::Points { block: *b }) };
            let is_whole = set.coordinates.iter().all(|column| column.len() == set.weights.len());
            if set.coordinates.len() != own.coordinates.len() || !is_whole {
                return Err(RestoreError::Points { block: *b });
            }
            own.clone_from(set);
            if let Some(handover) = &mut self.handover {
                handover.fill(lowered, block, own);
            }
        }
        Ok(())
    }
}

/// How often a block was drawn before these points; what follows the residuals begins with its first drawing.
fn drawing(block: &Block, steps: usize) -> u64 {
    if block.sampling.adapt.is_some() && !block.energy { 0 } else { steps_between(block, steps) }
}

fn steps_between(block: &Block, steps: usize) -> u64 {
    block.sampling.resample.map_or(0, |every| (steps / every) as u64)
}

/// The weighted sum of squares of the residuals of a block at each point.
fn squares(kernel: &Kernel, block: usize, points: &PointSet, theta: &[f64]) -> Vec<f64> {
    let mut probe = kernel.same_programs();
    let mut squares = Vec::with_capacity(points.len());
    for start in (0..points.len()).step_by(CHUNK) {
        let part: Vec<usize> = (start..points.len().min(start + CHUNK)).collect();
        let mut part = points.select(&part);
        part.weights.fill(1.0);
        probe.set_points(block, &part);
        let mut residual = vec![0.0; probe.rows()];
        probe.values(theta, &mut residual);
        squares.extend(probe.squares_of(block, &residual));
    }
    squares
}
