//! All that is known of a library, as JSON.

use serde::Serialize;

use super::{Kernel, Library};
use crate::codegen::{ABI_VERSION, Object, cpu_features};
use crate::routine::Argument;
use crate::vmath::services::Scalar;

/// The document.
#[derive(Serialize)]
pub struct Manifest<'a> {
    abi: [u16; 2],
    problem: &'a str,
    prefix: &'a str,
    target: String,
    machine: &'static str,
    scalar: &'static str,
    cpu_features: Vec<&'static str>,
    /// Of all kernels and of what they are compiled for.
    hash: String,
    /// Of the object file.
    object_hash: String,
    parameters: Parameters<'a>,
    kernels: Vec<Record<'a>>,
    skipped: Vec<Skipped<'a>>,
}

#[derive(Serialize)]
struct Parameters<'a> {
    count: usize,
    blocks: Vec<Block<'a>>,
}

#[derive(Serialize)]
struct Block<'a> {
    network: usize,
    layer: usize,
    what: &'a str,
    start: usize,
    shape: Vec<usize>,
}

#[derive(Serialize)]
struct Skipped<'a> {
    name: &'a str,
    reason: String,
}

#[derive(Serialize)]
struct Record<'a> {
    name: &'a str,
    kind: &'a str,
    descriptor: String,
    terms: &'a [String],
    formulas: &'a [String],
    inputs: Vec<Array<'a>>,
    outputs: Vec<Array<'a>>,
    work_bytes: usize,
    flops_per_point: usize,
    calls_per_point: usize,
    bytes_per_point: usize,
    bytes_fixed: usize,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    jets: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    first: &'a [[usize; 2]],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    second: &'a [[usize; 3]],
}

#[derive(Serialize)]
struct Array<'a> {
    name: &'a str,
    shape: &'a [usize],
    batched: bool,
}

/// The manifest of a library.
pub fn manifest<'a>(library: &'a Library, object: &Object) -> Manifest<'a> {
    let scalar = library.request.scalar;
    let block = |b: &'a super::ParameterBlock| Block {
        network: b.network,
        layer: b.layer,
        what: b.what,
        start: b.start,
        shape: if b.what == "weights" { vec![b.rows, b.columns] } else { vec![b.rows] },
    };
    let kernels = library.kernels.iter().zip(&object.work_bytes).map(|(kernel, work)| record(kernel, *work, scalar));
    Manifest {
        abi: [ABI_VERSION.0, ABI_VERSION.1],
        problem: &library.problem,
        prefix: &library.request.prefix,
        target: format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
        machine: library.request.machine.name(),
        scalar: scalar.name(),
        cpu_features: cpu_features(library.request.machine),
        hash: hexadecimal(&library.hash),
        object_hash: blake3::hash(&object.bytes).to_hex().to_string(),
        parameters: Parameters {
            count: library.parameter_count,
            blocks: library.parameters.iter().map(block).collect(),
        },
        kernels: kernels.collect(),
        skipped: library.skipped.iter().map(|(name, e)| Skipped { name, reason: e.to_string() }).collect(),
    }
}

fn record(kernel: &Kernel, work_bytes: usize, scalar: Scalar) -> Record<'_> {
    let routine = &kernel.routine;
    let cost = routine.cost();
    Record {
        name: &routine.name,
        kind: kernel.kind.name(),
        descriptor: format!("{}_kernel", routine.name),
        terms: &kernel.terms,
        formulas: &kernel.formulas,
        inputs: routine.inputs.iter().map(array).collect(),
        outputs: routine.outputs.iter().map(array).collect(),
        work_bytes,
        flops_per_point: cost.flops,
        calls_per_point: cost.calls,
        bytes_per_point: cost.numbers * scalar.bytes(),
        bytes_fixed: cost.fixed_numbers * scalar.bytes(),
        jets: &kernel.jets,
        first: &kernel.first,
        second: &kernel.second,
    }
}

fn array(argument: &Argument) -> Array<'_> {
    Array { name: &argument.name, shape: &argument.shape, batched: argument.batched }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
