//! Routines in memory of this process.

use std::sync::Arc;

use cranelift_jit::{JITBuilder, JITModule};
use cranelift_module::default_libcall_names;
use smallvec::SmallVec;

use super::compiled::Owner;
use super::routine::{Compiler, Target, size, status};
use super::{CodegenError, Options, host};
use crate::routine::{Argument, Routine, check_arrays};
use crate::vmath::services::{self, Primitive};

type Eval<T> = unsafe extern "C" fn(i64, *const *const T, *const *mut T, *mut u64) -> i32;

/// A routine that can be called, in double or in single precision.
pub struct Loaded<T = f64> {
    eval: Eval<T>,
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
#[derive(Default)]
pub struct Workspace(Vec<Line>);

/// Compiles routines for this machine.
///
/// # Errors
/// [`CodegenError`] if a routine does not hold ([`Routine::verify`]) or Cranelift gives up.
pub fn load<T: Primitive>(routines: &[&Routine], options: &Options) -> Result<Vec<Loaded<T>>, CodegenError> {
    let target = Target { scalar: T::SCALAR, path: crate::vmath::Path::detected() };
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
        let eval = unsafe { std::mem::transmute::<*const u8, Eval<T>>(address) };
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

impl<T: Primitive> Loaded<T> {
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
        let mut work = Workspace::default();
        self.enlarge(&mut work);
        work
    }

    /// Makes a workspace large enough for this routine, too.
    pub fn enlarge(&self, work: &mut Workspace) {
        let lines = self.work_bytes.div_ceil(size_of::<Line>());
        if work.0.len() < lines {
            work.0.resize(lines, Line([0.0; LINE]));
        }
    }

    /// As [`Loaded::call_in`], in a workspace of its own.
    ///
    /// # Panics
    /// If an array has another length.
    pub fn call(&self, n: usize, inputs: &[&[T]], outputs: &mut [Option<&mut [T]>]) {
        self.call_in(n, inputs, outputs, &mut self.workspace());
    }

    /// Computes the outputs that are wanted for `n` points. Batched arguments are rows of n numbers one behind the other.
    ///
    /// # Panics
    /// If an array has another length, or the workspace is that of a smaller routine.
    pub fn call_in(&self, n: usize, inputs: &[&[T]], outputs: &mut [Option<&mut [T]>], work: &mut Workspace) {
        check_arrays((&self.inputs, &self.outputs), n, inputs, outputs);
        let inputs: SmallVec<[*const T; 24]> = inputs.iter().map(|array| array.as_ptr()).collect();
        let outputs: SmallVec<[*mut T; 8]> = outputs
            .iter_mut()
            .map(|array| array.as_mut().map_or(std::ptr::null_mut(), |array| array.as_mut_ptr()))
            .collect();
        assert!(size_of_val(work.0.as_slice()) >= self.work_bytes, "size of a workspace");
        // SAFETY: the routine was verified when it was compiled, so that its code stays within the arrays, whose lengths
        // are checked above, writes to none that is absent, and stays within a workspace of the size that it asks for.
        // Outputs and workspace are exclusive borrows.
        let code = unsafe { (self.eval)(n as i64, inputs.as_ptr(), outputs.as_ptr(), work.0.as_mut_ptr().cast()) };
        assert_eq!(i64::from(code), status::OK, "a call with all arguments");
    }
}
