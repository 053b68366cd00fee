//! Routines to machine code, in memory or in an object file: one module, whatever its kind.
//!
//! The loop over tiles and the calls of the stages are one function ([`driver`]); each tape is a few bodies and a function
//! that runs them over rows ([`runner`]). Everything else is a call of a [service](crate::vmath::services). Rows of a
//! tile, scratch and tables of addresses live in a workspace of a fixed size that the caller gives; [`Workspace`] is its
//! plan.

mod driver;
mod runner;
mod workspace;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use cranelift_codegen::Context;
use cranelift_codegen::ir::types::{F32, F64, I32, I64};
use cranelift_codegen::ir::{self, AbiParam, InstBuilder, Signature};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use cranelift_module::{DataDescription, DataId, FuncId, Linkage, Module};
use rustc_hash::FxHashMap;

use super::{CodegenError, Options};
use crate::routine::{Routine, Source, Stage};
use crate::tape::Segmentation;
use crate::vmath::Path;
use crate::vmath::services::{Parameter, Scalar, Service};
pub(super) use workspace::Workspace;

/// Return codes of kernels.
pub mod status {
    /// All is computed.
    pub const OK: i64 = 0;
    /// The number of points is negative.
    pub const COUNT: i64 = 1;
    /// An input is missing.
    pub const INPUT: i64 = 2;
    /// There is no workspace.
    pub const WORK: i64 = 3;
}

/// What routines are compiled for.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The type of all numbers.
    pub scalar: Scalar,
    /// The path of the services.
    pub path: Path,
}

/// From the table of addresses to the word that math functions take as their last argument.
const FAST_AT: i32 = -8;

/// A tape and which of its inputs are one number for all points.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct RunnerKey {
    tape: usize,
    numbers: Vec<bool>,
}

impl RunnerKey {
    fn new(tape: usize, inputs: &[Source]) -> Self {
        Self { tape, numbers: inputs.iter().map(|source| source.lane().is_none()).collect() }
    }
}

/// The functions that run tapes.
type Runners = BTreeMap<RunnerKey, FuncId>;

/// A routine as functions of a module.
pub(super) struct Compiled {
    /// The function of a batch: (n, inputs, outputs, workspace) to a return code.
    pub eval: FuncId,
    /// The size of the workspace.
    pub work_bytes: usize,
    /// Cranelift's form, if it was kept.
    pub clif: String,
    /// The assembly, if it was kept.
    pub asm: String,
}

/// Makes the functions of routines in a module.
pub(super) struct Compiler<'a, M: Module> {
    pub module: &'a mut M,
    contexts: (Context, FunctionBuilderContext),
    options: &'a Options,
    target: Target,
    /// Whether services will be part of the same object.
    colocated: bool,
    services: FxHashMap<&'static str, FuncId>,
    /// The symbols of services that were called.
    pub used: Vec<String>,
    clif: String,
    asm: String,
}

impl<'a, M: Module> Compiler<'a, M> {
    pub fn new(module: &'a mut M, options: &'a Options, target: Target, colocated: bool) -> Self {
        let contexts = (Context::new(), FunctionBuilderContext::new());
        let (clif, asm) = (String::new(), String::new());
        Self {
            module,
            contexts,
            options,
            target,
            colocated,
            services: FxHashMap::default(),
            used: Vec::new(),
            clif,
            asm,
        }
    }

    /// Compiles a routine that was verified.
    pub fn routine(&mut self, routine: &Routine) -> Result<Compiled, CodegenError> {
        let cut = |tape| Segmentation::new(tape, self.options.longest_body);
        let segmentations: Vec<Segmentation> = routine.tapes.iter().map(cut).collect();
        let workspace = Workspace::new(routine, &segmentations, self.target.scalar);
        if i32::try_from(workspace.bytes).is_err() {
            return Err(CodegenError::TooLarge { tape: 0 });
        }
        let mut runners = Runners::new();
        for step in &routine.steps {
            let Stage::Run { tape, inputs, .. } = &step.stage else { continue };
            let number = runners.len();
            if let Entry::Vacant(entry) = runners.entry(RunnerKey::new(*tape, inputs)) {
                let name = format!("{}_run{number}", routine.name);
                let runner = self.runner(&name, &routine.tapes[*tape], entry.key(), &segmentations[*tape])?;
                entry.insert(runner);
            }
        }
        let mut tables = Vec::with_capacity(routine.tables.len());
        for (number, table) in routine.tables.iter().enumerate() {
            let bytes: Vec<u8> = match self.target.scalar {
                Scalar::F64 => table.iter().flat_map(|x| x.to_le_bytes()).collect(),
                Scalar::F32 => table.iter().flat_map(|x| (*x as f32).to_le_bytes()).collect(),
            };
            tables.push(self.data(&format!("{}_table{number}", routine.name), bytes)?);
        }
        let eval = self.driver(routine, &workspace, &runners, &tables)?;
        let (clif, asm) = (std::mem::take(&mut self.clif), std::mem::take(&mut self.asm));
        Ok(Compiled { eval, work_bytes: workspace.bytes.max(workspace::LINE), clif, asm })
    }

    /// Read-only data of this object.
    pub fn data(&mut self, name: &str, bytes: Vec<u8>) -> Result<DataId, CodegenError> {
        let id = self.module.declare_data(name, Linkage::Local, false, false)?;
        let mut data = DataDescription::new();
        data.set_align(workspace::LINE as u64);
        data.define(if bytes.is_empty() { vec![0; 8] } else { bytes }.into());
        self.module.define_data(id, &data)?;
        Ok(id)
    }

    pub fn signature(&self, parameters: impl IntoIterator<Item = ir::Type>, returns: Option<ir::Type>) -> Signature {
        let mut signature = Signature::new(self.module.isa().default_call_conv());
        signature.params.extend(parameters.into_iter().map(AbiParam::new));
        signature.returns.extend(returns.map(AbiParam::new));
        signature
    }

    /// The signature of all functions of a batch.
    pub fn eval_signature(&self) -> Signature {
        self.signature([I64; 4], Some(I32))
    }

    /// The type of a number.
    fn number(&self) -> ir::Type {
        if self.target.scalar == Scalar::F64 { F64 } else { F32 }
    }

    /// The function of a service, declared at its first use.
    fn service(&mut self, service: &Service) -> Result<FuncId, CodegenError> {
        if let Some(&id) = self.services.get(service.name) {
            return Ok(id);
        }
        let number = self.number();
        let of = |p: &Parameter| if *p == Parameter::Word { I64 } else { number };
        let signature = self.signature(service.parameters.iter().map(of), None);
        let symbol = service.symbol(self.target.scalar, self.target.path);
        let id = self.module.declare_function(&symbol, Linkage::Import, &signature)?;
        self.services.insert(service.name, id);
        self.used.push(symbol);
        Ok(id)
    }

    /// Defines a function with the body that `build` makes.
    pub fn function(
        &mut self,
        name: &str,
        linkage: Linkage,
        signature: Signature,
        build: impl FnOnce(&mut Self, &mut FunctionBuilder<'_>) -> Result<(), CodegenError>,
    ) -> Result<FuncId, CodegenError> {
        let id = self.module.declare_function(name, linkage, &signature)?;
        let (mut context, mut builder_context) =
            std::mem::replace(&mut self.contexts, (Context::new(), FunctionBuilderContext::new()));
        self.module.clear_context(&mut context);
        context.func.signature = signature;
        context.set_disasm(self.options.keep_text);
        let mut builder = FunctionBuilder::new(&mut context.func, &mut builder_context);
        let entry = builder.create_block();
        builder.append_block_params_for_function_params(entry);
        builder.switch_to_block(entry);
        build(self, &mut builder)?;
        builder.seal_all_blocks();
        builder.finalize(self.module.isa().frontend_config());
        self.finish(id, name, &mut context)?;
        self.contexts = (context, builder_context);
        Ok(id)
    }

    fn finish(&mut self, id: FuncId, name: &str, context: &mut Context) -> Result<(), CodegenError> {
        if self.options.keep_text {
            self.clif.push_str(&format!("; {name}\n{}\n", context.func.display()));
        }
        self.module.define_function(id, context)?;
        if let Some(assembly) = context.compiled_code().and_then(|code| code.vcode.as_deref()) {
            self.asm.push_str(&format!("; {name}\n{assembly}\n"));
        }
        Ok(())
    }

    /// A function as something that the function under construction can call.
    pub fn callee(&mut self, builder: &mut FunctionBuilder<'_>, id: FuncId) -> ir::FuncRef {
        let callee = self.module.declare_func_in_func(id, builder.func);
        builder.func.dfg.ext_funcs[callee].colocated |= self.colocated;
        callee
    }

    /// Whether the services of math functions choose among paths while they run.
    fn chooses(&self) -> bool {
        self.target.path == Path::Portable
    }

    /// Calls a service.
    fn call(
        &mut self,
        builder: &mut FunctionBuilder<'_>,
        service: &Service,
        arguments: &[ir::Value],
    ) -> Result<(), CodegenError> {
        let id = self.service(service)?;
        let callee = self.callee(builder, id);
        builder.ins().call(callee, arguments);
        Ok(())
    }
}

/// How many instructions the driver of a routine has, roughly: lanes and calls.
pub(super) fn size(routine: &Routine) -> usize {
    let of = |stage: &Stage| match stage {
        Stage::Run { inputs, outputs, .. } => 4 * (inputs.len() + outputs.len()),
        _ => 16,
    };
    routine.steps.iter().map(|step| of(&step.stage)).sum::<usize>()
        + routine.tapes.iter().map(|tape| tape.ops().len()).sum::<usize>()
}

/// A loop `for i in 0..count`; `count` may be zero.
fn counted(
    builder: &mut FunctionBuilder<'_>,
    count: ir::Value,
    step: i64,
    body: impl FnOnce(&mut FunctionBuilder<'_>, ir::Value) -> Result<(), CodegenError>,
) -> Result<(), CodegenError> {
    use cranelift_codegen::ir::condcodes::IntCC;
    let [head, turn, exit] = std::array::from_fn(|_| builder.create_block());
    let zero = builder.ins().iconst(I64, 0);
    builder.ins().jump(head, &[zero.into()]);
    let i = builder.append_block_param(head, I64);
    builder.switch_to_block(head);
    let more = builder.ins().icmp(IntCC::SignedLessThan, i, count);
    builder.ins().brif(more, turn, &[], exit, &[]);
    builder.switch_to_block(turn);
    body(builder, i)?;
    let next = builder.ins().iadd_imm_s(i, step);
    builder.ins().jump(head, &[next.into()]);
    builder.switch_to_block(exit);
    Ok(())
}
