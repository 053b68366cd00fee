//! Kernels as a product: object files with everything that callers in C, Fortran, Python and JAX need beside them.
//!
//! A [`Request`] says which [kinds](Kind) of kernels are wanted, in which numbers and for which machines. [`plan`] turns a
//! checked problem into a [`Library`]: one [routine](crate::routine) for each kind and block of points, with names for all
//! arguments. [`Library::object`] compiles it, and each of the other files is a text made from the same library:
//!
//! * [`header`]: the C header, with the layout of the descriptors
//! * [`manifest`]: the same as JSON, with the places of the parameters
//! * [`python`]: modules for NumPy and for JAX, which load the shared library
//! * [`fortran`]: a module with interfaces
//! * [`bench`]: a driver in C that times all kernels
//! * [`link`]: the shared library

mod bench;
mod fortran;
mod header;
mod link;
mod manifest;
mod names;
mod python;

pub use bench::bench;
pub use fortran::fortran;

pub use header::header;
pub use link::{LinkError, library_file, shared_library};
pub use manifest::{Manifest, manifest};
pub use names::identifier;
pub use python::{jax, numpy};

use crate::codegen::{self, CodegenError, Exported, Machine, Object};
use crate::expr::{Expr, Graph, Jet};
use crate::kernel::{Channel, Channels, Role};
use crate::model::Model;
use crate::pipeline::{self, CompileError, Standalone, Times};
use crate::routine::{BuildError, Kind, Parts, Routine, build, fuse};
use crate::simplify::Effort;
use crate::tape::{Contraction, host_contraction};
use crate::vmath::services::Scalar;
use names::Identifiers;

/// What to make.
#[derive(Clone, Debug)]
pub struct Request {
    /// Which kernels.
    pub kinds: Vec<Kind>,
    /// The type of all numbers.
    pub scalar: Scalar,
    /// Which machines it is to run on.
    pub machine: Machine,
    /// What all symbols start with.
    pub prefix: String,
    /// How hard formulas are simplified.
    pub effort: Effort,
}

/// Why there is no library.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the variants say what their fields are")]
pub enum EmitError {
    /// The formulas have no programs.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// No machine code.
    #[error(transparent)]
    Codegen(#[from] CodegenError),
    /// None of the kernels that were asked for exists.
    #[error("there is no kernel to emit: {0}")]
    Nothing(String),
}

/// Formulas for a kernel that predicts, in the graph of a model.
pub struct Fields<'a> {
    /// The graph.
    pub graph: &'a Graph,
    /// The formulas.
    pub formulas: &'a [Expr],
    /// How they are written.
    pub names: &'a [String],
    /// The parameters, if they are to be part of the kernel.
    pub theta: Option<&'a [f64]>,
}

/// A kernel of a library.
pub struct Kernel {
    /// What it computes.
    pub kind: Kind,
    /// The labels of the terms of its block: the order of its formulas.
    pub terms: Vec<String>,
    /// The formulas, as the language writes them.
    pub formulas: Vec<String>,
    /// The jets of a local kernel.
    pub jets: Vec<String>,
    /// Formula and jet of each first derivative of a local kernel.
    pub first: Vec<[usize; 2]>,
    /// Formula and jets of each second derivative of a local kernel.
    pub second: Vec<[usize; 3]>,
    /// Its stages.
    pub routine: Routine,
}

/// Kernels that share an object file.
pub struct Library {
    /// The name of the problem.
    pub problem: String,
    /// What was asked for.
    pub request: Request,
    /// The kernels.
    pub kernels: Vec<Kernel>,
    /// Kernels that were asked for and do not exist, with the reason.
    pub skipped: Vec<(String, BuildError)>,
    /// The matrices and vectors in θ: what they are, where they start, and their rows and columns.
    pub parameters: Vec<ParameterBlock>,
    /// The length of θ.
    pub parameter_count: usize,
    /// A hash of all kernels and of what they are compiled for: equal for equal objects.
    pub hash: [u8; 32],
}

/// A matrix, or a vector, of θ.
#[derive(Clone, Debug)]
pub struct ParameterBlock {
    /// The network, by number.
    pub network: usize,
    /// The layer, by number.
    pub layer: usize,
    /// `weights`, `biases` or `scales`.
    pub what: &'static str,
    /// Position of the first number in θ.
    pub start: usize,
    /// Outputs of the layer.
    pub rows: usize,
    /// Inputs of the layer; 1 for a vector.
    pub columns: usize,
}

/// Makes the library of a problem.
///
/// # Errors
/// [`EmitError`] if formulas can't be compiled, or if no kernel is left.
pub fn plan(model: &Model, fields: &Fields<'_>, request: Request, times: &mut Times) -> Result<Library, EmitError> {
    let contraction = match request.machine {
        Machine::Native => host_contraction(),
        Machine::Baseline => Contraction::Separate,
    };
    let whole = pipeline::standalone(model, request.effort, contraction, Channels::Cheapest, times)?;
    let mut library = Library {
        problem: model.name.clone(),
        kernels: Vec::new(),
        skipped: Vec::new(),
        parameters: parameter_blocks(&whole),
        parameter_count: whole.description.parameters(),
        hash: [0; 32],
        request,
    };
    let axes = axis_names(model);
    for kind in library.request.kinds.clone() {
        if kind == Kind::Predict {
            let own = pipeline::standalone_fields(model, fields.graph, fields.formulas, contraction)?;
            library.predict(model, &own, &axes, fields);
        } else if kind == Kind::Local {
            // Its jets are arguments: the derivatives that the formulas name.
            let own = pipeline::standalone(model, library.request.effort, contraction, Channels::Derivatives, times)?;
            (0..own.blocks.len()).for_each(|block| library.block(model, &own, block, &axes, kind));
        } else {
            (0..whole.blocks.len()).for_each(|block| library.block(model, &whole, block, &axes, kind));
        }
    }
    if library.kernels.is_empty() {
        let reason = |(name, error): &(String, BuildError)| format!("`{name}`: {error}");
        return Err(EmitError::Nothing(library.skipped.iter().map(reason).collect::<Vec<_>>().join("; ")));
    }
    library.hash = hash(&library);
    Ok(library)
}

impl Library {
    /// Compiles all kernels to one object file.
    ///
    /// # Errors
    /// [`CodegenError`], if this system has another format of objects or Cranelift gives up.
    pub fn object(&self, keep_text: bool) -> Result<Object, CodegenError> {
        let exported: Vec<Exported<'_>> = self
            .kernels
            .iter()
            .map(|kernel| Exported {
                routine: &kernel.routine,
                kind: kernel.kind.name(),
                problem: &self.problem,
                hash: self.hash,
            })
            .collect();
        let options = codegen::Options { keep_text, ..codegen::Options::default() };
        codegen::object(&exported, self.request.scalar, self.request.machine, &options)
    }

    /// One kernel of one block.
    fn block(&mut self, model: &Model, whole: &Standalone, block: usize, axes: &[String], kind: Kind) {
        let terms = &whole.blocks[block].terms;
        let labels: Vec<String> = terms.iter().map(|&t| model.terms[t].label.clone()).collect();
        let name = format!("{}_{}_{}", self.request.prefix, kind.name(), identifier(&labels[0]));
        let tapes = &whole.tapes.blocks[block];
        let known = known_names(model, &tapes.known, axes);
        let role = whole.roles[block];
        let parts = Parts {
            description: &whole.description,
            tapes: &whole.tapes,
            block,
            role,
            axes,
            known: &known,
            theta: None,
        };
        let routine = match build(parts, kind, &name, &[]) {
            Ok(routine) => fuse(routine),
            Err(error) => return self.skipped.push((name, error)),
        };
        let (mut jets, mut first, mut second) = (Vec::new(), Vec::new(), Vec::new());
        if kind == Kind::Local {
            let channels = parts.jets();
            let number = |channel: &Channel| channels.iter().position(|c| c == channel).unwrap_or(0);
            jets = channels.iter().map(|channel| jet_name(model, whole, block, *channel)).collect();
            first = tapes.partials.iter().map(|(formula, channel)| [*formula, number(channel)]).collect();
            let pairs = parts.second_derivatives();
            second = pairs.iter().map(|(formula, [a, b], _)| [*formula, number(a), number(b)]).collect();
        }
        let names = model.names();
        let formula = |&t: &usize| model.graph.display(model.terms[t].residual, &names).to_string();
        let formulas = terms.iter().map(formula).collect();
        self.kernels.push(Kernel { kind, terms: labels, formulas, jets, first, second, routine });
    }

    fn predict(&mut self, model: &Model, own: &Standalone, axes: &[String], fields: &Fields<'_>) {
        let name = format!("{}_predict", self.request.prefix);
        let known = known_names(model, &own.tapes.blocks[0].known, axes);
        let parts = Parts {
            description: &own.description,
            tapes: &own.tapes,
            block: 0,
            role: Role::Residual,
            axes,
            known: &known,
            theta: fields.theta,
        };
        let mut identifiers = Identifiers::taken(axes.iter().chain(&known));
        let outputs: Vec<String> = fields.names.iter().map(|name| identifiers.take(name)).collect();
        match build(parts, Kind::Predict, &name, &outputs) {
            Err(error) => self.skipped.push((name, error)),
            Ok(routine) => self.kernels.push(Kernel {
                kind: Kind::Predict,
                terms: fields.names.to_vec(),
                formulas: fields.names.to_vec(),
                jets: Vec::new(),
                first: Vec::new(),
                second: Vec::new(),
                routine: fuse(routine),
            }),
        }
    }
}

/// The axes as names of arguments.
fn axis_names(model: &Model) -> Vec<String> {
    let mut identifiers = Identifiers::default();
    model.axes.iter().map(|axis| identifiers.take(&axis.name)).collect()
}

/// What is known at the points, as names of arguments.
fn known_names(model: &Model, known: &[Jet], axes: &[String]) -> Vec<String> {
    let names = model.names();
    let mut identifiers = Identifiers::taken(axes);
    known.iter().map(|jet| identifiers.take(&names.jet(jet))).collect()
}

/// A channel of a network, a single derivative, as the language writes it.
fn jet_name(model: &Model, whole: &Standalone, block: usize, channel: Channel) -> String {
    let field = whole.description.networks[channel.network].fields[channel.output];
    let plan = whole.tapes.blocks[block].plans[channel.network].as_ref();
    let index =
        plan.and_then(|plan| plan.channels().get(channel.channel)?.as_derivative().cloned()).unwrap_or_default();
    model.names().jet(&Jet::new(field, index))
}

fn parameter_blocks(whole: &Standalone) -> Vec<ParameterBlock> {
    let mut found = Vec::new();
    for (network, description) in whole.description.networks.iter().enumerate() {
        for (layer, place) in description.layout.layers.iter().enumerate() {
            let block =
                |what, start, columns| ParameterBlock { network, layer, what, start, rows: place.outputs, columns };
            found.push(block("weights", place.weights().start, place.inputs));
            found.push(block("biases", place.biases().start, 1));
            found.extend(place.scales().map(|scales| block("scales", scales.start, 1)));
        }
    }
    found
}

/// Of all that decides about the bytes of an object.
fn hash(library: &Library) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    let mut part = |bytes: &[u8]| {
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    let request = &library.request;
    part(env!("CARGO_PKG_VERSION").as_bytes());
    part(library.problem.as_bytes());
    part(request.scalar.name().as_bytes());
    part(request.machine.name().as_bytes());
    part(codegen::cpu_features(request.machine).join(" ").as_bytes());
    for kernel in &library.kernels {
        part(kernel.kind.name().as_bytes());
        part(kernel.routine.to_string().as_bytes());
    }
    *hasher.finalize().as_bytes()
}
