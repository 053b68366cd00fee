//! A Fortran module with an interface for each kernel.

use std::fmt::Write;

use super::{Kernel, Library};
use crate::routine::Argument;
use crate::vmath::services::Scalar;

/// The longest line that the standard allows, less room for `&`.
const LINE: usize = 120;

/// The module of a library: Fortran 2008.
///
/// Arrays are column-major there: what is `rows x n` for C has the shape `(n, rows)`.
pub fn fortran(library: &Library) -> String {
    let prefix = &library.request.prefix;
    let mut text = String::new();
    // Writing into a string never fails.
    let _ = write!(
        text,
        "! Kernels made by pdec {}: do not edit. Link with {prefix}.o.\n\
         ! All functions return 0, or a code: 1 negative count, 2 missing input, 3 missing workspace.\n\
         ! `work` is the address of as many bytes as work_bytes of the descriptor says, see the C header; outputs that are\n\
         ! not wanted need the C interface.\n\
         module {prefix}\n  use, intrinsic :: iso_c_binding\n  implicit none\n  \
         integer(c_int64_t), parameter :: {prefix}_parameters = {}\n",
        env!("CARGO_PKG_VERSION"),
        library.parameter_count
    );
    text.push_str("  interface\n");
    library.kernels.iter().for_each(|kernel| interface(&mut text, kernel, library.request.scalar));
    let _ = write!(text, "  end interface\nend module {prefix}\n");
    text
}

fn interface(text: &mut String, kernel: &Kernel, scalar: Scalar) {
    let routine = &kernel.routine;
    let names: Vec<&str> = routine.inputs.iter().chain(&routine.outputs).map(|a| a.name.as_str()).collect();
    let head = format!("function {}(n, {}, work) result(code) bind(C)", routine.name, names.join(", "));
    let _ = writeln!(text, "    ! {}", kernel.kind.about());
    text.push_str(&wrapped("    ", &head));
    text.push_str("      import :: c_int32_t, c_int64_t, c_double, c_float, c_ptr\n");
    text.push_str("      integer(c_int64_t), value :: n\n");
    for (intent, arguments) in [("in", &routine.inputs), ("out", &routine.outputs)] {
        arguments.iter().for_each(|argument| text.push_str(&declaration(argument, intent, scalar)));
    }
    text.push_str("      type(c_ptr), value :: work\n      integer(c_int32_t) :: code\n    end function\n");
}

fn declaration(argument: &Argument, intent: &str, scalar: Scalar) -> String {
    let kind = if scalar == Scalar::F64 { "c_double" } else { "c_float" };
    let points = argument.batched.then(|| "n".to_owned());
    let axes: Vec<String> = points.into_iter().chain(argument.shape.iter().rev().map(usize::to_string)).collect();
    let shape = if axes.is_empty() { String::new() } else { format!("({})", axes.join(", ")) };
    wrapped("      ", &format!("real({kind}), intent({intent}) :: {}{shape}", argument.name))
}

/// A statement in lines that are short enough.
fn wrapped(indent: &str, statement: &str) -> String {
    let mut text = String::new();
    let mut line = indent.to_owned();
    for word in statement.split_inclusive(' ') {
        if line.len() + word.len() > LINE {
            let _ = writeln!(text, "{}&", line);
            line = format!("{indent}  ");
        }
        line.push_str(word);
    }
    let _ = writeln!(text, "{}", line.trim_end());
    text
}
