//! The programs of kernels that stand alone.

use super::{CompileError, Effort, Times, describe, known_range, lowered_formulas};
use crate::expr::{Expr, Graph, Symbol};
use crate::kernel::{AssembleError, BlockDescription, Channels, Description, KernelTapes, Metric, Role};
use crate::model::Model;
use crate::sample;
use crate::simplify;
use crate::tape::Contraction;

/// The programs of all blocks of a problem, of residuals and energies alike, with second derivatives in the jets.
pub struct Standalone {
    /// Which terms share their points.
    pub blocks: Vec<sample::Block>,
    /// Networks and formulas.
    pub description: Description,
    /// All small programs.
    pub tapes: KernelTapes,
    /// What the formulas of each block are.
    pub roles: Vec<Role>,
}

/// Simplifies the formulas of a problem and lowers them for kernels of their own, whose networks carry these channels.
///
/// # Errors
/// [`CompileError::Assemble`] if a formula has no tape.
pub fn standalone(
    model: &Model,
    effort: Effort,
    contraction: Contraction,
    channels: Channels,
    times: &mut Times,
) -> Result<Standalone, CompileError> {
    let blocks = sample::blocks(model);
    let mut description = describe(model, &blocks, None)?;
    description.channels = channels;
    let roles = description.blocks.iter().map(|block| block.role).collect();
    // What an energy is made of has derivatives along a direction, too.
    description.blocks.iter_mut().for_each(|block| block.role = Role::Residual);
    description.metric = Metric::Newton;
    let ranges: Vec<[f64; 2]> = model.axes.iter().map(|a| [a.lower, a.upper]).collect();
    let mut simplify = |graph: &mut Graph, roots: &[Expr]| {
        simplify::simplify(graph, roots, &|symbol: &Symbol| known_range(symbol, &ranges), effort).0
    };
    let tapes = times.stage("programs", || KernelTapes::new(&mut description, contraction, &mut simplify));
    Ok(Standalone { blocks, description, tapes: tapes.map_err(AssembleError::from)?, roles })
}

/// The programs of a kernel that evaluates formulas of a model, which live in `graph`: a single block.
///
/// # Errors
/// [`CompileError::Assemble`] if a formula has no tape.
pub fn standalone_fields(
    model: &Model,
    graph: &Graph,
    formulas: &[Expr],
    contraction: Contraction,
) -> Result<Standalone, CompileError> {
    let model = Model { graph: graph.clone(), ..model.clone() };
    let mut description = describe(&model, &[], None)?;
    let formulas = lowered_formulas(&model, &mut description.graph, formulas);
    let weights = vec![1.0; formulas.len()];
    description.blocks = vec![BlockDescription { formulas, weights, role: Role::Residual, inside: true }];
    description.metric = Metric::GaussNewton;
    let tapes = KernelTapes::new(&mut description, contraction, &mut |_, roots| roots.to_vec());
    let tapes = tapes.map_err(AssembleError::from)?;
    Ok(Standalone { blocks: Vec::new(), description, tapes, roles: vec![Role::Residual] })
}
