//! Python beside a shared library: functions of NumPy arrays by way of `ctypes`, and functions of JAX.

use std::fmt::Write;

use super::{Kernel, Library, library_file};
use crate::codegen::{ABI_VERSION, Object};
use crate::routine::{Argument, Kind};
use crate::vmath::services::Scalar;

/// The module that calls the library with NumPy arrays.
pub fn numpy(library: &Library) -> String {
    let mut text = filled(include_str!("templates/kernels.py"), library, "Kernels for NumPy.");
    for kernel in &library.kernels {
        let name = &kernel.routine.name;
        // Writing into a string never fails.
        let _ = writeln!(text, "{} = Kernel(\"{name}\", {})", short(library, kernel), quoted(&documentation(kernel)));
        if kernel.kind == Kind::Local {
            let _ = writeln!(text, "{}_jets = {}", short(library, kernel), list(&kernel.jets));
            let _ = writeln!(text, "{}_first = {:?}", short(library, kernel), kernel.first);
            let _ = writeln!(text, "{}_second = {:?}", short(library, kernel), kernel.second);
        }
    }
    text
}

/// The module that makes functions of JAX of the library.
pub fn jax(library: &Library, object: &Object) -> String {
    let mut text = filled(include_str!("templates/jax.py"), library, "Kernels for JAX.");
    for (kernel, work) in library.kernels.iter().zip(&object.work_bytes) {
        let (name, routine) = (&kernel.routine.name, &kernel.routine);
        let _ = writeln!(
            text,
            "{} = _function(\n    \"{name}\",\n    {},\n    {},\n    {},\n    {work},\n)",
            short(library, kernel),
            quoted(&documentation(kernel)),
            arguments(&routine.inputs),
            arguments(&routine.outputs),
        );
    }
    for kernel in library.kernels.iter().filter(|kernel| kernel.kind == Kind::Residual) {
        let is_own = |other: &&Kernel| other.kind == Kind::Vjp && other.terms == kernel.terms;
        let Some(vjp) = library.kernels.iter().find(is_own) else { continue };
        let inputs: Vec<String> = kernel.routine.inputs.iter().map(|input| input.name.clone()).collect();
        let (residual, vjp) = (short(library, kernel), short(library, vjp));
        let _ = writeln!(text, "{residual} = _differentiable({residual}, {vjp}, {})", list(&inputs));
    }
    text
}

/// A template with the words of a library.
fn filled(template: &str, library: &Library, about: &str) -> String {
    let (bits, enable) = match library.request.scalar {
        Scalar::F64 => ("64", " (`jax.config.update(\"jax_enable_x64\", True)`)"),
        Scalar::F32 => ("32", ""),
    };
    template
        .replace("@ABOUT@", about)
        .replace("@PROBLEM@", &library.problem.replace(['\\', '"'], "_"))
        .replace("@VERSION@", env!("CARGO_PKG_VERSION"))
        .replace("@LIBRARY@", &library_file(library))
        .replace("@BITS@", bits)
        .replace("@ENABLE@", enable)
        .replace("@ABI@", &ABI_VERSION.0.to_string())
        .replace("@PARAMETERS@", &library.parameter_count.to_string())
}

/// The name of a kernel within its module: without the prefix.
fn short(library: &Library, kernel: &Kernel) -> String {
    let name = &kernel.routine.name;
    name.strip_prefix(&format!("{}_", library.request.prefix)).unwrap_or(name).to_owned()
}

fn documentation(kernel: &Kernel) -> String {
    let formulas: Vec<String> = kernel.terms.iter().zip(&kernel.formulas).map(|(t, f)| format!("{t}: {f}")).collect();
    format!("{} {}", kernel.kind.about(), formulas.join("; "))
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', " "))
}

fn list(names: &[String]) -> String {
    format!("[{}]", names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", "))
}

/// Name, shape, and whether there is one a point.
fn arguments(arguments: &[Argument]) -> String {
    let one = |argument: &Argument| {
        let shape: String = argument.shape.iter().map(|axis| format!("{axis},")).collect();
        let batched = if argument.batched { "True" } else { "False" };
        format!("(\"{}\", ({shape}), {batched})", argument.name)
    };
    format!("[{}]", arguments.iter().map(one).collect::<Vec<_>>().join(", "))
}
