//! The machine that the code is for.

use cranelift_codegen::isa::{self, OwnedTargetIsa};
use cranelift_codegen::settings::{self, Configurable, Flags, SetError};

use super::CodegenError;
use super::object::Machine;

/// Code generation for memory of this machine, with all the instructions that it has.
pub(super) fn isa(verify: bool, register_allocator: &str) -> Result<OwnedTargetIsa, CodegenError> {
    let flags = flags(verify, register_allocator, false).map_err(|e| CodegenError::Host(e.to_string()))?;
    let builder = cranelift_native::builder().map_err(|e| CodegenError::Host(e.to_owned()))?;
    builder.finish(flags).map_err(|e| CodegenError::Host(e.to_string()))
}

/// Code generation for an object file, which may be linked into a shared library.
pub(super) fn object_isa(
    verify: bool,
    register_allocator: &str,
    machine: Machine,
) -> Result<OwnedTargetIsa, CodegenError> {
    let flags = flags(verify, register_allocator, true).map_err(|e| CodegenError::Host(e.to_string()))?;
    let native = cranelift_native::builder().map_err(|e| CodegenError::Host(e.to_owned()))?;
    let builder = match machine {
        Machine::Native => native,
        Machine::Baseline => isa::lookup(native.triple().clone()).map_err(|e| CodegenError::Host(e.to_string()))?,
    };
    builder.finish(flags).map_err(|e| CodegenError::Host(e.to_string()))
}

fn flags(verify: bool, register_allocator: &str, position_independent: bool) -> Result<Flags, SetError> {
    let mut flags = settings::builder();
    flags.set("enable_verifier", if verify { "true" } else { "false" })?;
    flags.set("opt_level", "none")?;
    flags.set("regalloc_algorithm", register_allocator)?;
    // Code in memory runs where it was made. None calls libraries, and none is ever unwound through.
    flags.set("is_pic", if position_independent { "true" } else { "false" })?;
    flags.set("use_colocated_libcalls", "false")?;
    flags.set("unwind_info", "false")?;
    Ok(Flags::new(flags))
}
