//! Fused programs of a block for training: [routines](crate::routine) in memory.

use std::sync::OnceLock;

use smallvec::SmallVec;
use tracing::{trace_span, warn};

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
    let programs = routines(description, tapes, block, &[Kind::Residual, Kind::Jacobian, Kind::Jvp])?;
    let mut programs = Program::all(backend, programs)?.into_iter();
    let later = routines(description, tapes, block, &[Kind::Weighted, Kind::Moments])?;
    let mut later = later.into_iter().map(|(routine, columns)| {
        let routine = Routine { accumulates: true, ..routine };
        Later { backend, routine, columns, program: OnceLock::new() }
    });
    let mut now = || programs.next().expect("one program a kind");
    let mut later = || later.next().expect("one program a kind");
    Ok(Some(Fused { residual: now(), jacobian: now(), along: now(), weighted: later(), moments: later() }))
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

/// Residuals, their Jacobian, and their derivatives along a direction, for methods of second order; gradients, alone and with squares
/// of rows, for those of first order, are compiled when they are called.
pub(super) struct Fused {
    residual: Program,
    jacobian: Program,
    along: Program,
    weighted: Later,
    moments: Later,
}

/// A program, and which of the columns it reads first.
struct Program {
    code: Code,
    columns: Vec<usize>,
}

enum Code {
    Machine(Loaded<f64>, Pool<Workspace>),
    Interpreted(Routine),
}

/// A program that is compiled when it is first called.
struct Later {
    backend: Backend,
    routine: Routine,
    columns: Vec<usize>,
    program: OnceLock<Program>,
}

impl Program {
    fn all(backend: Backend, routines: Vec<(Routine, Vec<usize>)>) -> Result<Vec<Self>, AssembleError> {
        let (routines, columns): (Vec<Routine>, Vec<Vec<usize>>) = routines.into_iter().unzip();
        let all: Vec<Code> = match backend {
            Backend::Interpreter => routines.into_iter().map(Code::Interpreted).collect(),
            Backend::Jit => {
                let all: Vec<&Routine> = routines.iter().collect();
                let loaded = codegen::load::<f64>(&all, &codegen::Options::default());
                let loaded = loaded.map_err(|error| AssembleError::Backend(error.to_string()))?;
                loaded.into_iter().map(|code| Code::Machine(code, Pool::default())).collect()
            }
        };
        Ok(all.into_iter().zip(columns).map(|(code, columns)| Self { code, columns }).collect())
    }

    /// Runs the program at `stride` points; `others` are its arguments behind the columns.
    fn run(&self, stride: usize, columns: &[f64], others: &[&[f64]], outputs: &mut [Option<&mut [f64]>]) {
        let _span = trace_span!("fused programs").entered();
        let row = |&column: &usize| &columns[column * stride..(column + 1) * stride];
        let inputs: SmallVec<[&[f64]; 24]> = self.columns.iter().map(row).chain(others.iter().copied()).collect();
        match &self.code {
            Code::Machine(code, pool) => {
                pool.with(|| code.workspace(), |work| code.call_in(stride, &inputs, outputs, work));
            }
            Code::Interpreted(routine) => {
                let done = routine.interpret(host_contraction(), stride, &inputs, outputs);
                done.expect("routines are verified when they are built");
            }
        }
    }
}

impl Later {
    fn get(&self) -> &Program {
        self.program.get_or_init(|| {
            let given = || vec![(self.routine.clone(), self.columns.clone())];
            let compiled = Program::all(self.backend, given()).or_else(|error| {
                // Too late to refuse the problem; the interpreter gives the same bits.
                warn!(%error, routine = self.routine.name, "a routine is interpreted");
                Program::all(Backend::Interpreter, given())
            });
            compiled.ok().and_then(|mut all| all.pop()).expect("the interpreter takes every routine")
        })
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

    fn add_gradient(
        &self,
        stride: usize,
        [columns, weights]: [&[f64]; 2],
        theta: &[f64],
        out: &mut [f64],
        sum: &mut [f64],
    ) {
        self.weighted.get().run(stride, columns, &[weights, theta], &mut [Some(out), Some(sum)]);
    }

    fn add_moments(
        &self,
        stride: usize,
        [columns, roots]: [&[f64]; 2],
        theta: &[f64],
        out: &mut [f64],
        sums: &mut [f64],
    ) {
        self.moments.get().run(stride, columns, &[roots, theta], &mut [Some(out), Some(sums)]);
    }
}
