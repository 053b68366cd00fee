//! The root of the object that carries math functions and loops for kernels outside of this process.
//!
//! The build compiles this file for itself (`grammar/build.rs`), with all of `vmath`. The object refers to nothing outside:
//! the few functions that compilers call behind one's back are here, too.

#![allow(dead_code, unused_imports, missing_docs)]

#[path = "../../vmath/mod.rs"]
pub mod vmath;
mod xla;

/// `a·b + c`, rounded once, on machines without the instruction.
#[unsafe(no_mangle)]
pub extern "C" fn fma(a: f64, b: f64, c: f64) -> f64 {
    vmath::fused_in_software(a, b, c)
}

/// [`fma`] in single precision.
#[unsafe(no_mangle)]
pub extern "C" fn fmaf(a: f32, b: f32, c: f32) -> f32 {
    vmath::fused_single_in_software(a, b, c)
}

/// # Safety
/// As in C.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn memcpy(target: *mut u8, source: *const u8, count: usize) -> *mut u8 {
    let mut i = 0;
    // SAFETY: the caller vouches for `count` bytes.
    unsafe {
        while i + 8 <= count {
            target.add(i).cast::<u64>().write_unaligned(source.add(i).cast::<u64>().read_unaligned());
            i += 8;
        }
        while i < count {
            *target.add(i) = *source.add(i);
            i += 1;
        }
    }
    target
}

/// # Safety
/// As in C.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn memset(target: *mut u8, value: i32, count: usize) -> *mut u8 {
    let mut i = 0;
    while i < count {
        // SAFETY: the caller vouches for `count` bytes.
        unsafe { *target.add(i) = value as u8 };
        i += 1;
    }
    target
}
