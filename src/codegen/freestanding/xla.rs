//! A kernel as a handler of XLA's foreign function interface, for JAX.
//!
//! The structures are those of `xla/ffi/api/c_api.h`, which is C and grows at the end only. The inputs of a call are those
//! of the kernel in their order; the results are its outputs, and behind them the workspace as bytes, so that XLA gives the
//! memory.

use core::ffi::{c_char, c_void};
use core::ptr::null_mut;

/// The interface that is spoken.
const API_MAJOR: i32 = 0;
const API_MINOR: i32 = 1;

const EXTENSION_METADATA: i32 = 1;
const STAGE_EXECUTE: i32 = 3;
const INVALID_ARGUMENT: i32 = 3;
const TYPE_U8: i32 = 6;
const TYPE_F32: i32 = 11;
const TYPE_F64: i32 = 12;

#[repr(C)]
pub struct Argument {
    name: *const c_char,
    scalar: i32,
    batched: i32,
    rank: i32,
    reserved: i32,
    shape: [i64; 4],
}

#[repr(C)]
pub struct Kernel {
    struct_size: u32,
    abi: [u16; 2],
    name: *const c_char,
    kind: *const c_char,
    problem: *const c_char,
    hash: [u8; 32],
    input_count: i32,
    output_count: i32,
    inputs: *const Argument,
    outputs: *const Argument,
    work_bytes: i64,
    costs: [i64; 4],
    cpu_features: u64,
    eval: unsafe extern "C" fn(i64, *const *const c_void, *const *mut c_void, *mut c_void) -> i32,
}

#[repr(C)]
pub struct Extension {
    struct_size: usize,
    kind: i32,
    next: *mut Extension,
}

#[repr(C)]
struct Metadata {
    struct_size: usize,
    version_size: usize,
    version_extension: *mut Extension,
    major: i32,
    minor: i32,
    traits: u32,
}

#[repr(C)]
struct MetadataExtension {
    base: Extension,
    metadata: *mut Metadata,
}

#[repr(C)]
struct Buffers {
    struct_size: usize,
    extension: *mut Extension,
    size: i64,
    types: *const i32,
    buffers: *const *const Buffer,
}

#[repr(C)]
struct Buffer {
    struct_size: usize,
    extension: *mut Extension,
    dtype: i32,
    data: *mut c_void,
    rank: i64,
    dims: *const i64,
}

#[repr(C)]
struct ErrorCreate {
    struct_size: usize,
    extension: *mut Extension,
    message: *const c_char,
    code: i32,
}

#[repr(C)]
pub struct Api {
    struct_size: usize,
    extension: *mut Extension,
    version: [usize; 3],
    internal: *const c_void,
    error_create: unsafe extern "C" fn(*mut ErrorCreate) -> *mut c_void,
}

#[repr(C)]
pub struct CallFrame {
    struct_size: usize,
    extension: *mut Extension,
    api: *const Api,
    context: *mut c_void,
    stage: i32,
    arguments: Buffers,
    results: Buffers,
}

/// The most inputs, and the most outputs with the workspace.
const MOST: usize = 64;

/// A message in the making.
struct Message {
    text: [u8; 256],
    length: usize,
}

impl Message {
    fn push(&mut self, text: &[u8]) {
        for &byte in text {
            if let Some(place) = self.text.get_mut(self.length).filter(|_| self.length < 255) {
                *place = byte;
                self.length += 1;
            }
        }
    }

    /// # Safety
    /// The text ends with a zero.
    unsafe fn push_text(&mut self, mut text: *const c_char) {
        // SAFETY: the caller's promise.
        unsafe {
            while *text != 0 {
                self.push(&[*text as u8]);
                text = text.add(1);
            }
        }
    }

    fn push_number(&mut self, number: i64) {
        let (mut digits, mut first, mut rest) = ([0u8; 20], 20, number.unsigned_abs());
        loop {
            first -= 1;
            if let Some(digit) = digits.get_mut(first) {
                *digit = b'0' + (rest % 10) as u8;
            }
            rest /= 10;
            if rest == 0 || first == 0 {
                break;
            }
        }
        self.push(digits.get(first..).unwrap_or(&[]));
    }
}

/// Answers a call: of metadata, of stages without work, or of the kernel.
///
/// # Safety
/// `frame` is a call frame of XLA, and `kernel` the descriptor of an emitted kernel.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn pdec_xla_call(frame: *mut CallFrame, kernel: *const Kernel) -> *mut c_void {
    // SAFETY: the structures are those of the interface; all pointers are those that it promises.
    unsafe {
        let (frame, kernel) = (&*frame, &*kernel);
        if !frame.extension.is_null() && (*frame.extension).kind == EXTENSION_METADATA {
            let metadata = (*frame.extension.cast::<MetadataExtension>()).metadata;
            (*metadata).major = API_MAJOR;
            (*metadata).minor = API_MINOR;
            (*metadata).traits = 0;
            return null_mut();
        }
        if frame.stage != STAGE_EXECUTE {
            return null_mut();
        }
        let (inputs, outputs) = (kernel.input_count as usize, kernel.output_count as usize);
        if frame.arguments.size != inputs as i64
            || frame.results.size != outputs as i64 + 1
            || inputs > MOST
            || outputs >= MOST
        {
            return refuse(frame, kernel, |message| message.push(b"wrong number of arguments or results"));
        }
        let mut n = -1;
        let (mut given, mut wanted) = ([null_mut::<c_void>(); MOST], [null_mut::<c_void>(); MOST]);
        let sides = [
            (&frame.arguments, kernel.inputs, inputs, &mut given),
            (&frame.results, kernel.outputs, outputs, &mut wanted),
        ];
        for (buffers, arguments, count, addresses) in sides {
            for i in 0..count {
                let (buffer, argument) = (&**buffers.buffers.add(i), &*arguments.add(i));
                if !fits(buffer, argument, &mut n) {
                    return refuse(frame, kernel, |message| describe(message, argument, n));
                }
                if let Some(address) = addresses.get_mut(i) {
                    *address = buffer.data;
                }
            }
        }
        let work = &**frame.results.buffers.add(outputs);
        if work.dtype != TYPE_U8 || work.rank != 1 || *work.dims < kernel.work_bytes {
            return refuse(frame, kernel, |message| {
                message.push(b"the last result has to be a workspace of uint8, at least ");
                message.push_number(kernel.work_bytes);
            });
        }
        let code = (kernel.eval)(n.max(0), given.as_ptr().cast(), wanted.as_ptr(), work.data);
        if code != 0 {
            return refuse(frame, kernel, |message| message.push(b"an array is missing"));
        }
        null_mut()
    }
}

/// Whether a buffer is what an argument asks for; the first batched one says how many points there are.
///
/// # Safety
/// As [`pdec_xla_call`].
unsafe fn fits(buffer: &Buffer, argument: &Argument, n: &mut i64) -> bool {
    let dtype = if argument.scalar == 0 { TYPE_F64 } else { TYPE_F32 };
    let rank = i64::from(argument.rank) + i64::from(argument.batched);
    if buffer.dtype != dtype || buffer.rank != rank {
        return false;
    }
    for axis in 0..rank as usize {
        // SAFETY: there are as many dimensions as the rank says.
        let found = unsafe { *buffer.dims.add(axis) };
        let expected = match argument.shape.get(axis) {
            Some(&length) if (axis as i64) < i64::from(argument.rank) => length,
            _ if *n < 0 => {
                *n = found;
                found
            }
            _ => *n,
        };
        if found != expected {
            return false;
        }
    }
    true
}

/// What an argument has to be.
fn describe(message: &mut Message, argument: &Argument, n: i64) {
    message.push(b"`");
    // SAFETY: names of descriptors end with a zero.
    unsafe { message.push_text(argument.name) };
    message.push(if argument.scalar == 0 { b"` must be float64 of shape (" } else { b"` must be float32 of shape (" });
    for &length in argument.shape.iter().take(argument.rank as usize) {
        message.push_number(length);
        message.push(b",");
    }
    if argument.batched != 0 {
        if n < 0 {
            message.push(b"n");
        } else {
            message.push_number(n);
        }
        message.push(b",");
    }
    message.push(b")");
}

/// An error of XLA with the name of the kernel in front.
///
/// # Safety
/// As [`pdec_xla_call`].
unsafe fn refuse(frame: &CallFrame, kernel: &Kernel, say: impl FnOnce(&mut Message)) -> *mut c_void {
    let mut message = Message { text: [0; 256], length: 0 };
    // SAFETY: names of descriptors end with a zero; XLA copies the message, which ends with one, too.
    unsafe {
        message.push_text(kernel.name);
        message.push(b": ");
        say(&mut message);
        let mut error = ErrorCreate {
            struct_size: size_of::<ErrorCreate>(),
            extension: null_mut(),
            message: message.text.as_ptr().cast(),
            code: INVALID_ARGUMENT,
        };
        ((*frame.api).error_create)(&mut error)
    }
}
