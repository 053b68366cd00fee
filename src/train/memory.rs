//! The memory that a run will take, counted before it begins.

use super::numbers::jacobian_of_deviations;
use super::trained::problem_of;
use crate::geometry::HELD_OUT_COUNT;
use crate::kernel::Objective;
use crate::model::Stage;
use crate::optim::{self, MemoryPart, MethodMemory};
use crate::pipeline::{self, CompileError, Compiled, Times};
use crate::simplify::Effort;

/// What the stage with the largest peak takes, beside the process and the compiled problem as they are.
#[derive(Clone, Debug)]
pub struct MemoryForecast {
    /// The stage.
    pub stage: Stage,
    /// The parts of the peak, the largest first.
    pub parts: Vec<MemoryPart>,
    /// What comes on top where a step is solved by QR.
    pub refined: Option<MemoryPart>,
    /// Bytes of the parts that the compiled problem has already.
    pub there: f64,
}

impl MemoryForecast {
    /// Of a run from the start, with so many threads.
    ///
    /// A later window has the sizes of the first one. Stages with a problem of their own are compiled for their sizes.
    ///
    /// # Errors
    /// [`CompileError`] if a stage has a problem that can't be compiled.
    pub fn of(compiled: &Compiled, threads: usize) -> Result<Self, CompileError> {
        let model = &compiled.lowered.model;
        let mut largest: Option<Self> = None;
        let mut own: Option<(usize, Compiled)> = None;
        for (number, stage) in model.stages.iter().enumerate() {
            let forecast = if stage.model.is_none() && model.levels() == 1 {
                Self::of_stage(stage, compiled, threads)
            } else {
                let last = own.take().filter(|(before, _)| is_same_problem(compiled, *before, number));
                let (_, problem) = own.insert(match last {
                    Some((_, problem)) => (number, problem),
                    None => (number, problem_of_stage(compiled, number)?),
                });
                Self { there: 0.0, ..Self::of_stage(stage, problem, threads) }
            };
            largest = Some(largest.filter(|before| before.bytes() >= forecast.bytes()).unwrap_or(forecast));
        }
        Ok(largest.expect("a run has a stage"))
    }

    /// Of one stage of a compiled problem.
    pub fn of_stage(stage: &Stage, compiled: &Compiled, threads: usize) -> Self {
        let kernel = &compiled.kernel;
        let problem: &dyn Objective = compiled.single.as_ref().map_or(kernel, |single| single);
        let MethodMemory { mut parts, refined, saved, freed } =
            optim::memory(stage, problem, share_of_batch(stage, compiled));
        let own = kernel.memory();
        let sweep = if makes_sweeps_along(stage) { own.sweep_along } else { own.sweep };
        let fused = if makes_rows(stage) { own.fused_rows } else { 0 };
        let mut part = |name: String, numbers: usize| parts.push(MemoryPart::new(name, numbers as f64));
        // Twice: as they are drawn, and as the kernel has them.
        part("points, tile by tile and as they were drawn".to_owned(), 2 * own.points);
        part("jets of the input features".to_owned(), own.features);
        part(format!("jets and cotangents of {threads} tiles"), threads * (sweep + fused));
        part("sums of gradients".to_owned(), own.gradient_parts);
        part("gradients of integrals".to_owned(), own.integral_gradients);
        let of_deviations = jacobian_of_deviations(compiled).map_or(0, |[rows, columns]| (rows + columns) * columns);
        part("deviations of the numbers of `fit`".to_owned(), of_deviations);
        part(format!("errors at {HELD_OUT_COUNT} points"), numbers_of_errors(compiled));
        // A copy, and the bytes of the file, those of one vector twice; in place of what the step gives back.
        parts.push(MemoryPart::new("checkpoint", (3.0 * saved - freed).max(0.0)));
        parts.retain(|part| part.bytes > 0.0);
        parts.sort_by(|a, b| b.bytes.total_cmp(&a.bytes));
        Self { stage: stage.clone(), parts, refined, there: 8.0 * (own.points + own.features) as f64 }
    }

    /// Bytes of all parts.
    pub fn bytes(&self) -> f64 {
        self.parts.iter().map(|part| part.bytes).sum()
    }
}

/// The part of all points that a step of a stage sees.
pub fn share_of_batch(stage: &Stage, compiled: &Compiled) -> f64 {
    let model = &compiled.lowered.model;
    let points: usize = compiled.lowered.blocks.iter().map(|block| model.point_count(block.terms[0])).sum();
    stage.batch().map_or(1.0, |batch| (batch as f64 / points as f64).min(1.0))
}

/// Whether a method has the Jacobian as a whole.
fn makes_rows(stage: &Stage) -> bool {
    use crate::model::Method::{Dsgnar, Engd, Hngd, Lm};
    matches!(stage.method, Engd | Hngd | Lm | Dsgnar)
}

/// Whether a method takes derivatives along a direction of parameters.
fn makes_sweeps_along(stage: &Stage) -> bool {
    use crate::model::Method::{Engd, Hngd, Kfac, Lm, Spring};
    match stage.method {
        Engd | Hngd | Lm => stage.name("acceleration") == "on",
        Spring | Kfac => true,
        _ => false,
    }
}

/// Coordinates of the points and as tiles, weights, and the values of solution and unknown.
fn numbers_of_errors(compiled: &Compiled) -> usize {
    let model = &compiled.lowered.model;
    let axes = model.axes.len();
    let compared: usize = model.unknowns.iter().map(|unknown| unknown.components.len()).sum();
    let exact = model.unknowns.iter().any(|unknown| unknown.components.iter().all(|c| c.exact.is_some()));
    if exact || !model.references.is_empty() { HELD_OUT_COUNT * (6 * axes + 2 + 4 * compared) } else { 0 }
}

/// Whether two stages with problems of their own have the same one.
fn is_same_problem(compiled: &Compiled, a: usize, b: usize) -> bool {
    let model = &compiled.lowered.model;
    let own = |stage: usize| model.stages[stage].model.as_ref().map(std::sync::Arc::as_ptr);
    own(a) == own(b) && model.level_of(a) == model.level_of(b)
}

/// The problem of a stage in the first window; unsimplified, which has the same sizes.
fn problem_of_stage(compiled: &Compiled, stage: usize) -> Result<Compiled, CompileError> {
    let (whole, backend) = (&compiled.lowered.model, compiled.backend);
    let own = problem_of(whole, 0, stage);
    let theta = vec![0.0; compiled.lowered.description.parameters()];
    let level = (whole.level_of(stage), 1.0);
    let lowered = pipeline::lower_level(own.as_ref().unwrap_or(whole), level, &theta, backend, Effort::Off)?;
    pipeline::assemble(lowered, 0, backend, &mut Times::default())
}
