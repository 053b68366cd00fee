//! Fused programs of a block for training: [routines](crate::routine) in memory.

use tracing::trace_span;

use crate::codegen::{self, Loaded, Workspace};
use crate::kernel::{AssembleError, Description, FusedBlock, KernelTapes, Pool, Role};
use crate::network::Layout;
use crate::routine::{Kind, Parts, Routine, build, fuse};
use crate::tape::host_contraction;

use super::Backend;

/// The widest layer with which fused programs are taken.
const WIDEST: usize = 64;

/// The fused programs of a block, where they are faster than sweeps.
///
/// # Errors
/// [`AssembleError::Backend`] if there is no machine code for them.
pub(super) fn fused(
    backend: Backend,
    description: &Description,
    tapes: &KernelTapes,
    block: usize,
) -> Result<Option<Fused>, AssembleError> {
    let of = &tapes.blocks[block];
    let used = description.networks.iter().zip(&of.plans).filter(|(_, plan)| plan.is_some());
    let narrow = used.map(|(network, _)| &network.layout).all(is_narrow);
    let swept = of.role == Role::Energy || !of.integrals.is_empty() || of.turned.iter().any(Option::is_some);
    if swept || !narrow {
        return Ok(None);
    }
    let built = routines(description, tapes, block, &[Kind::Residual, Kind::Jacobian, Kind::Jvp])?;
    let (routines, columns): (Vec<Routine>, Vec<Vec<usize>>) = built.into_iter().unzip();
    let programs: Vec<Program> = match backend {
        Backend::Interpreter => routines.into_iter().map(Program::Interpreted).collect(),
        Backend::Jit => {
            let all: Vec<&Routine> = routines.iter().collect();
            let loaded = codegen::load::<f64>(&all, &codegen::Options::default());
            let loaded = loaded.map_err(|error| AssembleError::Backend(error.to_string()))?;
            loaded.into_iter().map(|code| Program::Machine(code, Pool::default())).collect()
        }
    };
    let mut parts = programs.into_iter().zip(columns).map(|(program, columns)| Part { program, columns });
    let mut next = || parts.next().expect("one program a kind");
    Ok(Some(Fused { residual: next(), jacobian: next(), along: next() }))
}

fn is_narrow(layout: &Layout) -> bool {
    layout.layers.iter().all(|layer| layer.inputs.max(layer.outputs) <= WIDEST)
}

/// Routines of a block, and which of its columns (coordinates, normals, what is known) each takes, in the order of its
/// arguments.
///
/// # Errors
/// [`AssembleError::Backend`] if there is no such routine.
pub(super) fn routines(
    description: &Description,
    tapes: &KernelTapes,
    block: usize,
    kinds: &[Kind],
) -> Result<Vec<(Routine, Vec<usize>)>, AssembleError> {
    let (of, dimension) = (&tapes.blocks[block], description.dimension);
    let axes: Vec<String> = (0..dimension).map(|axis| format!("x{axis}")).collect();
    let known: Vec<String> = (0..of.known.len()).map(|known| format!("known{known}")).collect();
    let parts = Parts { description, tapes, block, role: of.role, axes: &axes, known: &known, theta: None };
    let routine = |&kind: &Kind| {
        let built = build(parts, kind, kind.name(), &[]).map_err(|error| AssembleError::Backend(error.to_string()))?;
        let routine = fuse(built);
        let columns = columns_of(&routine, dimension, known.len());
        Ok((routine, columns))
    };
    kinds.iter().map(routine).collect()
}

fn columns_of(routine: &Routine, dimension: usize, known: usize) -> Vec<usize> {
    let normals = if routine.input("normal_x0").is_some() { dimension } else { 0 };
    (0..dimension + normals).chain(2 * dimension..2 * dimension + known).collect()
}

/// Residuals, their Jacobian, and their derivatives along a direction.
pub(super) struct Fused {
    residual: Part,
    jacobian: Part,
    along: Part,
}

/// A program, and which of the columns it reads first.
struct Part {
    program: Program,
    columns: Vec<usize>,
}

enum Program {
    Machine(Loaded<f64>, Pool<Workspace>),
    Interpreted(Routine),
}

impl Part {
    /// Runs the program at `stride` points; `others` are its arguments behind the columns.
    fn run(&self, stride: usize, columns: &[f64], others: &[&[f64]], outputs: &mut [Option<&mut [f64]>]) {
        let _span = trace_span!("fused programs").entered();
        let row = |&column: &usize| &columns[column * stride..(column + 1) * stride];
        let inputs: Vec<&[f64]> = self.columns.iter().map(row).chain(others.iter().copied()).collect();
        match &self.program {
            Program::Machine(code, pool) => {
                pool.with(|| code.workspace(), |work| code.call_in(stride, &inputs, outputs, work));
            }
            Program::Interpreted(routine) => {
                let done = routine.interpret(host_contraction(), stride, &inputs, outputs);
                done.expect("routines are verified when they are built");
            }
        }
    }
}

impl FusedBlock for Fused {
    fn residual(&self, stride: usize, columns: &[f64], theta: &[f64], out: &mut [f64]) {
        self.residual.run(stride, columns, &[theta], &mut [Some(out)]);
    }

    fn jacobian(&self, stride: usize, columns: &[f64], theta: &[f64], residual: &mut [f64], rows: &mut [f64]) {
        self.jacobian.run(stride, columns, &[theta], &mut [Some(residual), Some(rows)]);
    }

    fn along(&self, stride: usize, columns: &[f64], [theta, v]: [&[f64]; 2], [first, second]: [&mut [f64]; 2]) {
        self.along.run(stride, columns, &[theta, v], &mut [Some(first), Some(second)]);
    }
}
