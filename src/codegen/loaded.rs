//! Routines in memory of this process.

use std::sync::Arc;

use cranelift_jit::{JITBuilder, JITModule};
use cranelift_module::default_libcall_names;

use super::compiled::Owner;
use super::routine::{Compiler, Target, size, status};
use super::{CodegenError, Options, host};
use crate::routine::{Argument, Routine};
use crate::vmath::services::{self, Scalar};

type Eval = unsafe extern "C" fn(i64, *const *const f64, *const *mut f64, *mut f64) -> i32;

/// A routine in double precision that can be called.
pub struct Loaded {
    eval: Eval,
    inputs: Vec<Argument>,
    outputs: Vec<Argument>,
    work_bytes: usize,
    clif: String,
    asm: String,
    /// Keeps the code.
    #[expect(dead_code, reason = "kept for its drop")]
    memory: Arc<super::compiled::Memory>,
}

/// Numbers of a line of the cache: what a workspace is aligned to.
const LINE: usize = 8;

#[derive(Clone, Copy)]
#[repr(align(64))]
struct Line(#[expect(dead_code, reason = "machine code uses it")] [f64; LINE]);

/// Where a routine keeps its intermediate results.
pub struct Workspace(Vec<Line>);

/// Compiles routines for this machine, in double precision.
///
/// # Errors
/// [`CodegenError`] if a routine does not hold ([`Routine::verify`]) or Cranelift gives up.
pub fn load(routines: &[&Routine], options: &Options) -> Result<Vec<Loaded>, CodegenError> {
    let target = Target { scalar: Scalar::F64, path: crate::vmath::Path::detected() };
    let isa = host::isa(options.verify, super::allocator(routines.iter().map(|r| size(r)).sum()))?;
    let mut builder = JITBuilder::with_isa(isa, default_libcall_names());
    for service in services::all() {
        builder.symbol(service.symbol(target.scalar, target.path), service.address(target.scalar, target.path));
    }
    let mut owner = Owner::new(JITModule::new(builder));
    let mut compiled = Vec::with_capacity(routines.len());
    let mut compiler = Compiler::new(owner.module(), options, target, false);
    for routine in routines {
        super::check(routine)?;
        compiled.push(compiler.routine(routine)?);
    }
    owner.module().finalize_definitions()?;
    let addresses: Vec<*const u8> = compiled.iter().map(|c| owner.module().get_finalized_function(c.eval)).collect();
    let memory = Arc::new(super::compiled::Memory::new(owner));
    let loaded = routines.iter().zip(compiled).zip(addresses).map(|((routine, compiled), address)| {
        // SAFETY: the function was compiled with this signature (`Compiler::eval_signature`), in the convention of C.
        let eval = unsafe { std::mem::transmute::<*const u8, Eval>(address) };
        Loaded {
            eval,
            inputs: routine.inputs.clone(),
            outputs: routine.outputs.clone(),
            work_bytes: compiled.work_bytes,
            clif: compiled.clif,
            asm: compiled.asm,
            memory: Arc::clone(&memory),
        }
    });
    Ok(loaded.collect())
}

impl Loaded {
    /// Cranelift's form, if [`Options::keep_text`] was set.
    pub fn clif(&self) -> &str {
        &self.clif
    }

    /// The assembly, if [`Options::keep_text`] was set.
    pub fn asm(&self) -> &str {
        &self.asm
    }

    /// Room for the intermediate results of a call; it may serve any number of calls, one after the other.
    pub fn workspace(&self) -> Workspace {
        Workspace(vec![Line([0.0; LINE]); self.work_bytes.div_ceil(size_of::<Line>())])
    }

    /// As [`Loaded::call_in`], in a workspace of its own.
    ///
    /// # Panics
    /// If an array has another length.
    pub fn call(&self, n: usize, inputs: &[&[f64]], outputs: &mut [Option<&mut [f64]>]) {
        self.call_in(n, inputs, outputs, &mut self.workspace());
    }

    /// Computes the outputs that are wanted for `n` points. Batched arguments are rows of n numbers one behind the other.
    ///
    /// # Panics
    /// If an array has another length, or the workspace is that of a smaller routine.
    pub fn call_in(&self, n: usize, inputs: &[&[f64]], outputs: &mut [Option<&mut [f64]>], work: &mut Workspace) {
        let length = |argument: &Argument| argument.numbers() * if argument.batched { n } else { 1 };
        assert_eq!((inputs.len(), outputs.len()), (self.inputs.len(), self.outputs.len()), "arguments of a routine");
        for (argument, array) in self.inputs.iter().zip(inputs) {
            assert_eq!(array.len(), length(argument), "length of `{}`", argument.name);
        }
        for (argument, array) in self.outputs.iter().zip(&*outputs) {
            let right = array.as_ref().is_none_or(|array| array.len() == length(argument));
            assert!(right, "length of `{}`", argument.name);
        }
        let inputs: Vec<*const f64> = inputs.iter().map(|array| array.as_ptr()).collect();
        let outputs: Vec<*mut f64> = outputs
            .iter_mut()
            .map(|array| array.as_mut().map_or(std::ptr::null_mut(), |array| array.as_mut_ptr()))
            .collect();
        assert!(size_of_val(work.0.as_slice()) >= self.work_bytes, "size of a workspace");
        // SAFETY: the routine was verified when it was compiled, so that its code stays within the arrays, whose lengths
        // are checked above, and within a workspace of the size that it asks for. Outputs and workspace are exclusive borrows.
        let code = unsafe { (self.eval)(n as i64, inputs.as_ptr(), outputs.as_ptr(), work.0.as_mut_ptr().cast()) };
        assert_eq!(i64::from(code), status::OK, "a call with all arguments");
    }
}
