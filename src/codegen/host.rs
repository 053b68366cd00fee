//! The machine that the code is for: this one.

use cranelift_codegen::isa::OwnedTargetIsa;
use cranelift_codegen::settings::{self, Configurable, Flags, SetError};

use super::CodegenError;

/// Code generation for this machine, with all the instructions that it has.
pub(super) fn isa(verify: bool, register_allocator: &str) -> Result<OwnedTargetIsa, CodegenError> {
    let flags = flags(verify, register_allocator).map_err(|e| CodegenError::Host(e.to_string()))?;
    let builder = cranelift_native::builder().map_err(|e| CodegenError::Host(e.to_owned()))?;
    builder.finish(flags).map_err(|e| CodegenError::Host(e.to_string()))
}

fn flags(verify: bool, register_allocator: &str) -> Result<Flags, SetError> {
    let mut flags = settings::builder();
    flags.set("enable_verifier", if verify { "true" } else { "false" })?;
    flags.set("opt_level", "none")?;
    flags.set("regalloc_algorithm", register_allocator)?;
    // The code runs where it was made, calls nothing and is never unwound through.
    flags.set("is_pic", "false")?;
    flags.set("use_colocated_libcalls", "false")?;
    flags.set("unwind_info", "false")?;
    Ok(Flags::new(flags))
}
