//! Math functions of objects for every machine, on machines that have more: they have the same bits on every path, and a
//! fused multiply-add in software is some twenty times slower than all of a function with the instruction.
//!
//! A kernel asks once a call, since asking can take microseconds, and keeps the answer in its workspace: an object has no
//! state.

use std::arch::asm;
use std::arch::x86_64::{__cpuid, __cpuid_count};

use super::super::dispatch::{Kernel, Kernel2};
use super::loops::{self, AVX2, Number};

/// Whether this processor has AVX2 and fused multiply-adds, and the system saves their registers.
pub(super) fn has_fused() -> bool {
    const OF_FUSED: u32 = 1 << 12 | 1 << 27 | 1 << 28;
    if __cpuid(0).eax < 7 || __cpuid(1).ecx & OF_FUSED != OF_FUSED || __cpuid_count(7, 0).ebx & 1 << 5 == 0 {
        return false;
    }
    let saved: u32;
    // SAFETY: the processor says that it has the instruction (bit 27), which reads a register and nothing else.
    unsafe { asm!("xgetbv", in("ecx") 0, out("eax") saved, out("edx") _, options(nomem, nostack, preserves_flags)) };
    saved & 6 == 6
}

/// # Safety
/// As all services; the machine has the instructions.
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn unary<T: Number, K: Kernel>(input: *const T, output: *mut T, count: usize) {
    // SAFETY: the caller's promise.
    unsafe { loops::unary::<T, K, AVX2>(input, output, count, 0) }
}

/// # Safety
/// As [`unary`].
#[target_feature(enable = "avx2,fma")]
pub(super) unsafe fn binary<T: Number, K: Kernel2>(first: *const T, second: *const T, output: *mut T, count: usize) {
    // SAFETY: the caller's promise.
    unsafe { loops::binary::<T, K, AVX2>(first, second, output, count, 0) }
}
