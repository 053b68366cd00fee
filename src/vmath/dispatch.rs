//! One scalar formula, compiled three times: how a [`Kernel`] becomes a loop in the widest instructions of the machine.

use std::slice;

/// The instruction set that a block loop was compiled for. All paths give the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Path {
    /// Eight lanes: AVX-512 F, DQ, VL and BW, with fused multiply-add.
    Avx512,
    /// Four lanes: AVX2 with fused multiply-add.
    Avx2,
    /// What every machine has; fused multiply-adds are calls into the C library, slow but exact.
    Portable,
}

impl Path {
    /// Every path, the fastest first.
    pub const ALL: [Self; 3] = [Self::Avx512, Self::Avx2, Self::Portable];

    /// `avx512`, `avx2` or `portable`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Avx512 => "avx512",
            Self::Avx2 => "avx2",
            Self::Portable => "portable",
        }
    }

    /// The fastest path that this machine can run.
    pub fn detected() -> Self {
        if Self::Avx512.is_available() {
            Self::Avx512
        } else if Self::Avx2.is_available() {
            Self::Avx2
        } else {
            Self::Portable
        }
    }

    /// Whether this machine has the instructions.
    pub fn is_available(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => {
                is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("fma")
            }
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx512 | Self::Avx2 => false,
            Self::Portable => true,
        }
    }
}

/// A function of one number as a branch-free formula, which LLVM turns into vector code.
pub(super) trait Kernel {
    /// The value at one point. Implementations are `#[inline(always)]`, so that they take on the features of the caller.
    fn at(x: f64) -> f64;

    /// The value in single precision: that of doubles, rounded once more, unless there is a formula of its own.
    #[inline(always)]
    fn single(x: f32) -> f32 {
        Self::at(x.into()) as f32
    }

    /// Replaces every value by the function of it.
    #[inline(always)]
    fn block(values: &mut [f64]) {
        for value in values {
            *value = Self::at(*value);
        }
    }

    /// The same in single precision.
    #[inline(always)]
    fn block_of_singles(values: &mut [f32]) {
        for value in values {
            *value = Self::single(*value);
        }
    }
}

/// A function of two numbers, as [`Kernel`].
pub(super) trait Kernel2 {
    /// The value at one pair.
    fn at(x: f64, y: f64) -> f64;

    /// Replaces every `x` by the function of it and the `y` at the same place.
    #[inline(always)]
    fn block(xs: &mut [f64], ys: &[f64]) {
        for (x, &y) in xs.iter_mut().zip(ys) {
            *x = Self::at(*x, y);
        }
    }
}

/// Block code of one argument for machine code: `input` and `output` hold `count` numbers each.
pub type UnaryEntry = unsafe extern "C" fn(input: *const f64, output: *mut f64, count: usize);

/// Block code of two arguments for machine code: both inputs and the output hold `count` numbers each.
pub type BinaryEntry = unsafe extern "C" fn(first: *const f64, second: *const f64, output: *mut f64, count: usize);

/// The three loops of one kernel.
#[derive(Clone, Copy)]
pub(super) struct Loops {
    avx512: UnaryEntry,
    avx2: UnaryEntry,
    portable: UnaryEntry,
    /// The function of one number in single precision.
    pub(super) single: fn(f32) -> f32,
}

impl Loops {
    pub(super) fn of<K: Kernel>() -> Self {
        Self { avx512: avx512::<K>, avx2: avx2::<K>, portable: portable::<K>, single: K::single }
    }

    /// The loop of a path, or the portable one where the machine lacks the instructions.
    pub(super) fn on(self, path: Path) -> UnaryEntry {
        match path {
            Path::Avx512 if path.is_available() => self.avx512,
            Path::Avx2 if path.is_available() => self.avx2,
            _ => self.portable,
        }
    }
}

/// The three loops of one kernel of two arguments.
#[derive(Clone, Copy)]
pub(super) struct Loops2 {
    avx512: BinaryEntry,
    avx2: BinaryEntry,
    portable: BinaryEntry,
}

impl Loops2 {
    pub(super) fn of<K: Kernel2>() -> Self {
        Self { avx512: avx512_pairs::<K>, avx2: avx2_pairs::<K>, portable: portable_pairs::<K> }
    }

    /// The loop of a path, or the portable one where the machine lacks the instructions.
    pub(super) fn on(self, path: Path) -> BinaryEntry {
        match path {
            Path::Avx512 if path.is_available() => self.avx512,
            Path::Avx2 if path.is_available() => self.avx2,
            _ => self.portable,
        }
    }
}

/// Numbers that are copied, then worked on in place: they stay in the first cache.
const CHUNK: usize = 1024;

/// Copies `input` to `output` by chunks and works on the copy: one pointer in the hot loop, so that LLVM needs no test
/// for overlap (which would send the in-place case to a scalar loop).
///
/// # Safety
/// `input` is readable and `output` writable for `count` numbers; they are the same or do not overlap.
#[inline(always)]
unsafe fn copy_then<K: Kernel>(input: *const f64, output: *mut f64, count: usize) {
    let mut start = 0;
    while start < count {
        let length = CHUNK.min(count - start);
        // SAFETY: start + length <= count, and the caller vouches for `count` numbers behind both pointers. The slice
        // is the only reference to the chunk while it lives.
        let values = unsafe {
            if !std::ptr::eq(input, output) {
                std::ptr::copy(input.add(start), output.add(start), length);
            }
            slice::from_raw_parts_mut(output.add(start), length)
        };
        K::block(values);
        start += length;
    }
}

/// As [`copy_then`], over pairs, through buffers of its own: the output may be either input.
///
/// # Safety
/// All pointers are valid for `count` numbers; `output` is equal to an input or does not overlap it.
#[inline(always)]
unsafe fn copy_pairs_then<K: Kernel2>(first: *const f64, second: *const f64, output: *mut f64, count: usize) {
    const PAIRS: usize = 64;
    let (mut xs, mut ys) = ([0.0; PAIRS], [0.0; PAIRS]);
    let mut start = 0;
    while start < count {
        let length = PAIRS.min(count - start);
        // SAFETY: start + length <= count, for which the caller vouches, and length <= PAIRS.
        unsafe {
            std::ptr::copy_nonoverlapping(first.add(start), xs.as_mut_ptr(), length);
            std::ptr::copy_nonoverlapping(second.add(start), ys.as_mut_ptr(), length);
        }
        K::block(&mut xs[..length], &ys[..length]);
        // SAFETY: as above; the buffer is not part of the output.
        unsafe { std::ptr::copy_nonoverlapping(xs.as_ptr(), output.add(start), length) };
        start += length;
    }
}

macro_rules! loops {
    ($($one:ident $two:ident $(, $features:literal)?;)*) => { $(
        /// # Safety
        /// As [`copy_then`]; the machine has the features that are enabled here.
        $(#[cfg_attr(target_arch = "x86_64", target_feature(enable = $features))])?
        unsafe extern "C" fn $one<K: Kernel>(input: *const f64, output: *mut f64, count: usize) {
            // SAFETY: the caller's promise.
            unsafe { copy_then::<K>(input, output, count) }
        }

        /// # Safety
        /// As [`copy_pairs_then`]; the machine has the features that are enabled here.
        $(#[cfg_attr(target_arch = "x86_64", target_feature(enable = $features))])?
        unsafe extern "C" fn $two<K: Kernel2>(first: *const f64, second: *const f64, output: *mut f64, count: usize) {
            // SAFETY: the caller's promise.
            unsafe { copy_pairs_then::<K>(first, second, output, count) }
        }
    )* };
}

loops! {
    avx512 avx512_pairs, "avx512f,avx512dq,avx512vl,avx512bw,avx2,fma";
    avx2 avx2_pairs, "avx2,fma";
    portable portable_pairs;
}
