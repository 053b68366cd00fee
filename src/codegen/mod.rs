//! Tapes and routines to machine code: the only folder that names Cranelift.
//!
//! [`jit`] compiles many tapes as one module. Each [segment](crate::tape::Segmentation) of a tape becomes one function, a
//! loop over pairs of points ([`body`]); [`compiled`] strings the functions together with the block calls of
//! [`crate::vmath`], several rows of points to a call where rows are short. The code computes what
//! [`Interpreter`](crate::tape::Interpreter) computes, bit for bit, except for the payload of a NaN.
//!
//! A [`Routine`](crate::routine::Routine) is a whole kernel, and becomes functions of a module ([`routine`]): in memory
//! ([`load`]), or in an object file that carries all that it calls ([`object`], [`merge`]).
//!
//! Cranelift reorders and contracts nothing, and is asked to optimise nothing: the tape is already in the order in which
//! few values live at once, and moving operations makes that worse. Its vectors have two lanes; an odd last point is
//! computed together with the one before it, again, by the same instructions. Where a machine has AVX-512, bodies are made
//! without it ([`wide`]), four times as wide.

mod body;
mod compiled;
mod host;
mod loaded;
mod merge;
mod object;
mod routine;
mod wide;

pub use compiled::Compiled;
pub use loaded::{Loaded, Workspace, load};
pub use merge::is_supported;
pub use object::{ABI_VERSION, CPU_FEATURES, Exported, MOST_AXES, Machine, Object, cpu_features, object};

use cranelift_codegen::Context;
use cranelift_frontend::FunctionBuilderContext;
use cranelift_jit::{JITBuilder, JITModule};
use cranelift_module::{FuncId, Linkage, Module, ModuleError, default_libcall_names};

use crate::routine::{Routine, RoutineError};
use crate::tape::{Contraction, Op, Segmentation, Tape, host_contraction};
use crate::vmath::Path;
use crate::vmath::services::Scalar;
use compiled::Owner;

/// How to compile.
#[derive(Clone, Debug)]
pub struct Options {
    /// Let Cranelift check its intermediate form: for tests.
    pub verify: bool,
    /// Keep the intermediate form and the assembly for [`Compiled::clif`] and [`Compiled::asm`].
    pub keep_text: bool,
    /// Use the widest registers of the machine; without, those of two lanes, for which all machines have code.
    pub widest: bool,
    /// The most operations in one function; longer bodies are cut, and what crosses the cut goes through memory.
    pub longest_body: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { verify: cfg!(debug_assertions), keep_text: false, widest: true, longest_body: 1000 }
    }
}

/// Why there is no machine code.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the variants say what their fields are")]
pub enum CodegenError {
    /// Cranelift has no code generator for this machine.
    #[error("no code generator for this machine: {0}")]
    Host(String),
    /// The tape is contracted, but the machine has no fused multiply-add.
    #[error("tape {tape} has fused multiply-adds, which this machine lacks")]
    NoFusedMultiplyAdd { tape: usize },
    /// A tape needs more scratch rows than an address can reach.
    #[error("tape {tape} is too large to compile")]
    TooLarge { tape: usize },
    /// A routine that does not hold.
    #[error("routine `{name}`: {error}")]
    Routine { name: String, error: RoutineError },
    /// Objects of this machine are not in ELF format.
    #[error(
        "this build of pdec has no object files for this system: they are written in ELF format, for x86-64 and AArch64"
    )]
    Format,
    /// The object file could not be put together.
    #[error("the object file could not be made: {0}")]
    Object(String),
    /// Cranelift gave up, or memory for the code could not be had.
    #[error("code generation failed: {0}")]
    Module(#[from] Box<ModuleError>),
}

impl From<ModuleError> for CodegenError {
    fn from(error: ModuleError) -> Self {
        Self::Module(Box::new(error))
    }
}

/// From this many operations on the linear-time register allocator is used: its code is slower, but the better one
/// takes seconds where thousands of values live at once.
const SINGLE_PASS_OPERATIONS: usize = 5000;

/// Compiles the tapes as one module; its memory is freed with the last [`Compiled`].
///
/// # Errors
/// [`CodegenError`], if the machine cannot run the tapes or runs out of memory.
pub fn jit(tapes: &[&Tape], options: &Options) -> Result<Vec<Compiled>, CodegenError> {
    if let Some(tape) = tapes.iter().position(|t| needs_fused(t) && host_contraction() == Contraction::Separate) {
        return Err(CodegenError::NoFusedMultiplyAdd { tape });
    }
    let isa = host::isa(options.verify, allocator(tapes.iter().map(|t| t.ops().len()).sum()))?;
    let mut module = Compiler {
        owner: Owner::new(JITModule::new(JITBuilder::with_isa(isa, default_libcall_names()))),
        contexts: (Context::new(), FunctionBuilderContext::new()),
        options,
    };
    let mut drafts = Vec::with_capacity(tapes.len());
    for (number, tape) in tapes.iter().enumerate() {
        drafts.push(module.tape(number, tape)?);
    }
    module.owner.module().finalize_definitions()?;
    Ok(compiled::link(module.owner, drafts))
}

fn allocator(operations: usize) -> &'static str {
    if operations < SINGLE_PASS_OPERATIONS { "backtracking" } else { "single_pass" }
}

/// Machine code checks nothing, so that a routine is checked before it is made.
fn check(routine: &Routine) -> Result<(), CodegenError> {
    routine.verify().map_err(|error| CodegenError::Routine { name: routine.name.clone(), error })
}

fn needs_fused(tape: &Tape) -> bool {
    tape.ops().iter().any(|op| matches!(op, Op::Ternary(op, ..) if op.is_fused()))
}

/// A tape whose functions have no addresses yet.
struct Draft {
    inputs: usize,
    outputs: usize,
    segmentation: Segmentation,
    calls: Vec<Vec<compiled::BlockCall>>,
    functions: Vec<Option<FuncId>>,
    clif: String,
    asm: String,
}

struct Compiler<'a> {
    owner: Owner,
    contexts: (Context, FunctionBuilderContext),
    options: &'a Options,
}

impl Compiler<'_> {
    fn tape(&mut self, number: usize, tape: &Tape) -> Result<Draft, CodegenError> {
        let segmentation = Segmentation::new(tape, self.options.longest_body);
        if segmentation.row_count() > body::MOST_ROWS || tape.inputs() + tape.outputs().len() > body::MOST_LANES {
            return Err(CodegenError::TooLarge { tape: number });
        }
        let calls = segmentation.segments().iter();
        let calls = calls.map(|s| compiled::block_calls(&tape.ops()[s.calls.clone()], s.calls.start, &segmentation));
        let mut draft = Draft {
            inputs: tape.inputs(),
            outputs: tape.outputs().len(),
            calls: calls.collect(),
            functions: Vec::new(),
            clif: String::new(),
            asm: String::new(),
            segmentation,
        };
        for segment in 0..draft.segmentation.segments().len() {
            let name = format!("tape{number}_segment{segment}");
            let function = self.segment(tape, &mut draft, segment, &name)?;
            draft.functions.push(function);
        }
        Ok(draft)
    }

    /// Compiles the body of a segment; nothing if it has nothing to do.
    fn segment(
        &mut self,
        tape: &Tape,
        draft: &mut Draft,
        segment: usize,
        name: &str,
    ) -> Result<Option<FuncId>, CodegenError> {
        let module = self.owner.module();
        let (context, builder_context) = &mut self.contexts;
        module.clear_context(context);
        context.func.signature = body::signature(module.isa());
        if self.options.widest && wide::is_for(Path::detected()) {
            let built = wide::build((tape, &[]), &draft.segmentation, segment, Scalar::F64, self.options.keep_text);
            let Some((code, text)) = built else { return Ok(None) };
            let function = module.declare_function(name, Linkage::Local, &context.func.signature)?;
            module.define_function_bytes(function, wide::ALIGNMENT, &code, &[])?;
            draft.asm.push_str(&format!("; {name}\n{text}\n"));
            return Ok(Some(function));
        }
        context.set_disasm(self.options.keep_text);
        if !body::build(
            &mut context.func,
            builder_context,
            module.isa(),
            (tape, &[]),
            &draft.segmentation,
            segment,
            Scalar::F64,
        ) {
            return Ok(None);
        }
        let function = module.declare_function(name, Linkage::Local, &context.func.signature)?;
        if self.options.keep_text {
            draft.clif.push_str(&format!("; {name}\n{}\n", context.func.display()));
        }
        module.define_function(function, context)?;
        if let Some(assembly) = context.compiled_code().and_then(|code| code.vcode.as_deref()) {
            draft.asm.push_str(&format!("; {name}\n{assembly}\n"));
        }
        Ok(Some(function))
    }
}
