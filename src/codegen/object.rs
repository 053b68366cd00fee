//! Routines in an object file that needs nothing outside of it.
//!
//! Each routine is exported three times: as a static descriptor, which says everything about its arguments, as a function
//! with one argument an array, and as a handler of XLA's foreign function interface. The [services](crate::vmath::services) that it calls are copied into the object
//! ([`merge`](super::merge)) and are symbols of its own.

use cranelift_codegen::ir::types::{I32, I64};
use cranelift_codegen::ir::{InstBuilder, StackSlotData, StackSlotKind};
use cranelift_module::{DataDescription, DataId, FuncId, Linkage, Module, default_libcall_names};
use cranelift_object::{ObjectBuilder, ObjectModule};

use super::merge::add_services;
use super::routine::{Compiler, Target, size};
use super::{CodegenError, Options, host};
use crate::routine::{Argument, Routine};
use crate::vmath::Path;
use crate::vmath::services::Scalar;

/// Version of the layout of descriptors: the first number changes where they are read in another way, the second where
/// something is added at their end.
pub const ABI_VERSION: (u16, u16) = (1, 0);

/// The most axes of an argument, besides that of points.
pub const MOST_AXES: usize = 4;

/// Which machines an object runs on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Machine {
    /// Those with the instructions of this one.
    #[default]
    Native,
    /// All of its architecture.
    Baseline,
}

impl Machine {
    /// `native` or `baseline`.
    pub fn name(self) -> &'static str {
        match self {
            Machine::Native => "native",
            Machine::Baseline => "baseline",
        }
    }

    /// The path of the services.
    pub fn path(self) -> Path {
        match self {
            Machine::Native => Path::detected(),
            Machine::Baseline => Path::Portable,
        }
    }
}

/// A routine and what its descriptor says of it besides.
pub struct Exported<'a> {
    /// The routine; its name is the symbol.
    pub routine: &'a Routine,
    /// `residual`, `jacobian`, ...
    pub kind: &'a str,
    /// The name of the problem.
    pub problem: &'a str,
    /// A hash of all that the object is made from.
    pub hash: [u8; 32],
}

/// An object file and what is known of its routines.
pub struct Object {
    /// The file.
    pub bytes: Vec<u8>,
    /// The size of the workspace of each routine.
    pub work_bytes: Vec<usize>,
    /// Cranelift's form, if [`Options::keep_text`] was set.
    pub clif: String,
    /// The assembly, if [`Options::keep_text`] was set.
    pub asm: String,
}

/// A feature of a processor: its name, its bit in a descriptor.
pub const CPU_FEATURES: [(&str, u32); 9] = [
    ("sse4.1", 0),
    ("avx", 1),
    ("avx2", 2),
    ("fma", 3),
    ("avx512f", 4),
    ("avx512dq", 5),
    ("avx512vl", 6),
    ("avx512bw", 7),
    ("neon", 8),
];

/// The features that an object for a machine needs.
pub fn cpu_features(machine: Machine) -> Vec<&'static str> {
    let mut found = Vec::new();
    if machine == Machine::Baseline {
        return found;
    }
    let _ = &mut found;
    #[cfg(target_arch = "x86_64")]
    {
        macro_rules! note {
            ($($name:tt)*) => { $(if std::arch::is_x86_feature_detected!($name) { found.push($name); })* };
        }
        note!("sse4.1" "avx" "avx2" "fma" "avx512f" "avx512dq" "avx512vl" "avx512bw");
    }
    #[cfg(target_arch = "aarch64")]
    found.push("neon");
    found
}

/// Compiles routines to one object file.
///
/// # Errors
/// [`CodegenError`] if a routine does not hold ([`Routine::verify`]), if the machine has another format of objects, or if
/// Cranelift gives up.
pub fn object(
    routines: &[Exported<'_>],
    scalar: Scalar,
    machine: Machine,
    options: &Options,
) -> Result<Object, CodegenError> {
    let target = Target { scalar, path: machine.path() };
    let allocator = super::allocator(routines.iter().map(|r| size(r.routine)).sum());
    let isa = host::object_isa(options.verify, allocator, machine)?;
    let builder = ObjectBuilder::new(isa, "pdec", default_libcall_names())?;
    let mut module = ObjectModule::new(builder);
    let mut compiler = Compiler::new(&mut module, options, target, true);
    let mut object = Object { bytes: Vec::new(), work_bytes: Vec::new(), clif: String::new(), asm: String::new() };
    for exported in routines {
        super::check(exported.routine)?;
        let compiled = compiler.routine(exported.routine)?;
        object.work_bytes.push(compiled.work_bytes);
        object.clif.push_str(&compiled.clif);
        object.asm.push_str(&compiled.asm);
        let features = cpu_features(machine);
        let eval = (compiled.eval, compiled.work_bytes);
        let descriptor = descriptor(&mut compiler, exported, scalar, &features, eval)?;
        xla(&mut compiler, exported.routine, descriptor)?;
        flat(&mut compiler, exported.routine, compiled.eval)?;
    }
    let mut used = std::mem::take(&mut compiler.used);
    used.push(XLA.to_owned());
    let mut file = module.finish().object;
    add_services(&mut file, &used)?;
    object.bytes = file.write().map_err(|e| CodegenError::Object(e.to_string()))?;
    Ok(object)
}

/// Bytes of a structure in the making, with the addresses that belong into it.
#[derive(Default)]
struct Layout {
    bytes: Vec<u8>,
    data: Vec<(usize, DataId)>,
    functions: Vec<(usize, FuncId)>,
}

impl Layout {
    fn put(&mut self, bytes: impl AsRef<[u8]>) {
        self.bytes.extend_from_slice(bytes.as_ref());
    }

    fn words(&mut self, words: impl IntoIterator<Item = usize>) {
        words.into_iter().for_each(|word| self.put((word as u64).to_le_bytes()));
    }

    fn data(&mut self, id: DataId) {
        self.data.push((self.bytes.len(), id));
        self.put([0; 8]);
    }

    fn define<M: Module>(self, module: &mut M, id: DataId) -> Result<(), CodegenError> {
        let mut data = DataDescription::new();
        data.set_align(8);
        data.define(self.bytes.into());
        for (offset, id) in self.data {
            let global = module.declare_data_in_data(id, &mut data);
            data.write_data_addr(offset as u32, global, 0);
        }
        for (offset, id) in self.functions {
            let function = module.declare_func_in_data(id, &mut data);
            data.write_function_addr(offset as u32, function);
        }
        module.define_data(id, &data)?;
        Ok(())
    }
}

/// The `pdec_kernel` of a routine, as the header declares it.
fn descriptor<M: Module>(
    compiler: &mut Compiler<'_, M>,
    exported: &Exported<'_>,
    scalar: Scalar,
    features: &[&str],
    (eval, work_bytes): (FuncId, usize),
) -> Result<DataId, CodegenError> {
    let routine = exported.routine;
    let text = |compiler: &mut Compiler<'_, M>, what: &str, text: &str| {
        compiler.data(&format!("{}_{what}", routine.name), [text.as_bytes(), &[0]].concat())
    };
    let name = text(compiler, "name", &routine.name)?;
    let kind = text(compiler, "kind", exported.kind)?;
    let problem = text(compiler, "problem", exported.problem)?;
    let inputs = arguments(compiler, &routine.name, "inputs", &routine.inputs, scalar)?;
    let outputs = arguments(compiler, &routine.name, "outputs", &routine.outputs, scalar)?;
    let cost = routine.cost();
    let bits = CPU_FEATURES.iter().filter(|(name, _)| features.contains(name)).map(|(_, bit)| 1u64 << bit).sum::<u64>();
    let mut layout = Layout::default();
    layout.put(DESCRIPTOR_BYTES.to_le_bytes());
    layout.put(ABI_VERSION.0.to_le_bytes());
    layout.put(ABI_VERSION.1.to_le_bytes());
    [name, kind, problem].into_iter().for_each(|id| layout.data(id));
    layout.put(exported.hash);
    layout.put((routine.inputs.len() as i32).to_le_bytes());
    layout.put((routine.outputs.len() as i32).to_le_bytes());
    [inputs, outputs].into_iter().for_each(|id| layout.data(id));
    let bytes = |numbers: usize| numbers * scalar.bytes();
    layout.words([work_bytes, cost.flops, cost.calls, bytes(cost.numbers), bytes(cost.fixed_numbers)]);
    layout.put(bits.to_le_bytes());
    layout.functions.push((layout.bytes.len(), eval));
    layout.put([0; 8]);
    debug_assert_eq!(layout.bytes.len(), DESCRIPTOR_BYTES as usize);
    let symbol = format!("{}_kernel", routine.name);
    let id = compiler.module.declare_data(&symbol, Linkage::Export, false, false)?;
    layout.define(compiler.module, id)?;
    Ok(id)
}

/// What answers a call of XLA's foreign function interface, given a descriptor.
const XLA: &str = "pdec_xla_call";

/// The handler of a routine for JAX: `NAME_xla(call frame) -> error`.
fn xla<M: Module>(compiler: &mut Compiler<'_, M>, routine: &Routine, descriptor: DataId) -> Result<(), CodegenError> {
    let shared = compiler.signature([I64, I64], Some(I64));
    let shared = compiler.module.declare_function(XLA, Linkage::Import, &shared)?;
    let signature = compiler.signature([I64], Some(I64));
    compiler.function(&format!("{}_xla", routine.name), Linkage::Export, signature, |own, builder| {
        let entry = builder.current_block().expect("a block was begun");
        let frame = builder.block_params(entry)[0];
        let descriptor = own.module.declare_data_in_func(descriptor, builder.func);
        let descriptor = builder.ins().symbol_value(I64, descriptor);
        let callee = own.callee(builder, shared);
        let call = builder.ins().call(callee, &[frame, descriptor]);
        let error = builder.inst_results(call)[0];
        builder.ins().return_(&[error]);
        Ok(())
    })?;
    Ok(())
}

/// The size of a `pdec_kernel`.
const DESCRIPTOR_BYTES: u32 = 144;

/// An array of `pdec_argument`.
fn arguments<M: Module>(
    compiler: &mut Compiler<'_, M>,
    routine: &str,
    side: &str,
    arguments: &[Argument],
    scalar: Scalar,
) -> Result<DataId, CodegenError> {
    let mut layout = Layout::default();
    for argument in arguments {
        let name = format!("{routine}_{side}_{}", argument.name);
        layout.data(compiler.data(&name, [argument.name.as_bytes(), &[0]].concat())?);
        let numbers = [i32::from(scalar == Scalar::F32), argument.batched.into(), argument.shape.len() as i32, 0];
        numbers.iter().for_each(|number| layout.put(number.to_le_bytes()));
        layout.words((0..MOST_AXES).map(|axis| argument.shape.get(axis).copied().unwrap_or(1)));
    }
    let id = compiler.module.declare_data(&format!("{routine}_{side}"), Linkage::Local, false, false)?;
    layout.define(compiler.module, id)?;
    Ok(id)
}

/// The function with an argument for each array.
fn flat<M: Module>(compiler: &mut Compiler<'_, M>, routine: &Routine, eval: FuncId) -> Result<(), CodegenError> {
    let arrays = routine.inputs.len() + routine.outputs.len();
    let signature = compiler.signature([I64].into_iter().chain(vec![I64; arrays + 1]), Some(I32));
    compiler.function(&routine.name, Linkage::Export, signature, |own, builder| {
        let entry = builder.current_block().expect("a block was begun");
        let parameters = builder.block_params(entry).to_vec();
        let slot =
            builder.create_sized_stack_slot(StackSlotData::new(StackSlotKind::ExplicitSlot, 8 * arrays as u32, 3));
        for (i, &array) in parameters[1..=arrays].iter().enumerate() {
            builder.ins().stack_store(I64, array, slot, (8 * i) as i32);
        }
        let inputs = builder.ins().stack_addr(I64, slot, 0);
        let outputs = builder.ins().iadd_imm_s(inputs, 8 * routine.inputs.len() as i64);
        let callee = own.callee(builder, eval);
        let call = builder.ins().call(callee, &[parameters[0], inputs, outputs, parameters[arrays + 1]]);
        let code = builder.inst_results(call)[0];
        builder.ins().return_(&[code]);
        Ok(())
    })?;
    Ok(())
}
