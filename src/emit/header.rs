//! The C header: the layout of descriptors, and for each kernel its sizes and its two symbols.

use std::fmt::Write;

use super::{Kernel, Library};
use crate::codegen::{ABI_VERSION, CPU_FEATURES, Object};
use crate::routine::{Argument, Kind};
use crate::vmath::services::Scalar;

/// What all headers share, for one inclusion of any number of them.
const ABI: &str = r#"#ifndef PDEC_ABI_VERSION
#define PDEC_ABI_VERSION @MAJOR@

#if defined(__cplusplus)
#define PDEC_RESTRICT __restrict
#define PDEC_STATIC_ASSERT(condition, text) static_assert(condition, text)
#else
#define PDEC_RESTRICT restrict
#define PDEC_STATIC_ASSERT(condition, text) _Static_assert(condition, text)
#endif

/* What a kernel returns. */
#define PDEC_OK 0
#define PDEC_NEGATIVE_COUNT 1
#define PDEC_MISSING_INPUT 2
#define PDEC_MISSING_WORK 3

/* Types of numbers. */
#define PDEC_F64 0
#define PDEC_F32 1

/* Features of the processor that a kernel needs: bits of pdec_kernel.cpu_features. */
@FEATURES@
/* An array of numbers.
   A batched one has one more axis, that of the points, and it is the last: the numbers of all points at one place of the
   shape are contiguous. Any array may have any alignment that its numbers have. */
typedef struct pdec_argument {
  const char *name;
  int32_t scalar;      /* PDEC_F64 or PDEC_F32 */
  int32_t batched;     /* 1 if there is one such array a point */
  int32_t rank;        /* axes, without that of the points */
  int32_t reserved;
  int64_t shape[4];    /* 1 from the rank on */
} pdec_argument;

/* Computes the outputs for n points.
   Returns PDEC_OK, or else a code and has written nothing. An output whose address is null is not wanted, and what is for
   it alone is not computed. Outputs overlap no input and no other output; those that are not batched are sums over the n
   points and start at zero. `work` has pdec_kernel.work_bytes bytes, is aligned like numbers (to 64 bytes for speed), holds
   nothing before and after, and is not shared between threads. Nothing else is written, allocated, locked or kept. */
typedef int32_t (*pdec_eval)(int64_t n, const void *const *inputs, void *const *outputs, void *work);

/* All that is known of a kernel. Later versions add members at the end: read one only if struct_size covers it. */
typedef struct pdec_kernel {
  uint32_t struct_size;
  uint16_t abi_major;
  uint16_t abi_minor;
  const char *name;
  const char *kind;              /* residual, jacobian, ... */
  const char *problem;
  uint8_t hash[32];              /* of all kernels and what they are compiled for */
  int32_t input_count;
  int32_t output_count;
  const pdec_argument *inputs;
  const pdec_argument *outputs;
  int64_t work_bytes;            /* whatever the number of points */
  int64_t flops_per_point;       /* a multiply-add counts two; math functions are counted apart */
  int64_t calls_per_point;       /* of math functions */
  int64_t bytes_per_point;       /* of all batched arrays */
  int64_t bytes_fixed;           /* of all others */
  uint64_t cpu_features;
  pdec_eval eval;
} pdec_kernel;

PDEC_STATIC_ASSERT(sizeof(pdec_argument) == 56, "layout of pdec_argument");
PDEC_STATIC_ASSERT(sizeof(pdec_kernel) == 144, "layout of pdec_kernel");
PDEC_STATIC_ASSERT(offsetof(pdec_kernel, inputs) == 72, "layout of pdec_kernel");
PDEC_STATIC_ASSERT(offsetof(pdec_kernel, eval) == 136, "layout of pdec_kernel");
#endif /* PDEC_ABI_VERSION */
"#;

/// The header of a library.
pub fn header(library: &Library, object: &Object) -> String {
    let guard = format!("PDEC_{}_H", library.request.prefix.to_uppercase());
    let mut text = String::new();
    // Writing into a string never fails.
    let _ = write!(
        text,
        "/* Kernels of `{}`, made by pdec {}: do not edit.\n\n{}\n*/\n#ifndef {guard}\n#define {guard}\n\n\
         #include <stddef.h>\n#include <stdint.h>\n\n{}\n#ifdef __cplusplus\nextern \"C\" {{\n#endif\n",
        comment(&library.problem),
        env!("CARGO_PKG_VERSION"),
        comment(&layout(library)),
        abi(),
    );
    let prefix = library.request.prefix.to_uppercase();
    let _ = writeln!(text, "\n/* The length of theta. */\n#define {prefix}_PARAMETERS {}", library.parameter_count);
    for (kernel, work) in library.kernels.iter().zip(&object.work_bytes) {
        self::kernel(&mut text, kernel, *work, library.request.scalar);
    }
    let _ = write!(text, "\n#ifdef __cplusplus\n}} /* extern \"C\" */\n#endif\n\n#endif /* {guard} */\n");
    text
}

fn abi() -> String {
    let bit = |(name, bit): &(&str, u32)| {
        let name = name.to_uppercase().replace('.', "_");
        format!("#define PDEC_CPU_{name} (UINT64_C(1) << {bit})\n")
    };
    let features: String = CPU_FEATURES.iter().map(bit).collect();
    ABI.replace("@MAJOR@", &ABI_VERSION.0.to_string()).replace("@FEATURES@", &features)
}

/// Text that cannot end a comment.
pub(super) fn comment(text: &str) -> String {
    text.replace("*/", "* /").replace("/*", "/ *").replace('\\', "/")
}

/// The places of the parameters in θ.
pub(super) fn layout(library: &Library) -> String {
    let mut text = "theta, the parameters of the networks, is one array:\n".to_owned();
    for block in &library.parameters {
        let (start, rows, columns) = (block.start, block.rows, block.columns);
        let shape = if block.what == "weights" { format!("{rows} x {columns}, row by row") } else { rows.to_string() };
        let range = format!("{start}..{}", start + rows * columns);
        let _ =
            writeln!(text, "  {range:>14}  network {} layer {} {}, {shape}", block.network, block.layer, block.what);
    }
    text + "The weights of a layer with scales s are exp(s) times what is stored, row by row."
}

/// The type of the numbers in C.
pub(super) fn number(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::F64 => "double",
        Scalar::F32 => "float",
    }
}

/// `double x[n]`, in words.
fn shape(argument: &Argument) -> String {
    let mut axes: Vec<String> = argument.shape.iter().map(usize::to_string).collect();
    if argument.batched {
        axes.push("n".to_owned());
    }
    if axes.is_empty() { "1".to_owned() } else { axes.join(" x ") }
}

fn kernel(text: &mut String, kernel: &Kernel, work: usize, scalar: Scalar) {
    let routine = &kernel.routine;
    let (name, upper) = (&routine.name, routine.name.to_uppercase());
    let mut about = format!("{}\n", kernel.kind.about());
    for (term, formula) in kernel.terms.iter().zip(&kernel.formulas) {
        let _ = if kernel.kind == Kind::Predict {
            writeln!(about, "     {term}")
        } else {
            writeln!(about, "     {term}: {formula}")
        };
    }
    for (side, arguments) in [("in ", &routine.inputs), ("out", &routine.outputs)] {
        for argument in arguments {
            let _ = writeln!(about, "   {side}  {}: {}", argument.name, shape(argument));
        }
    }
    if kernel.kind == Kind::Local {
        about.push_str(&derivatives(kernel));
    }
    let _ = write!(
        text,
        "\n/* {}*/\n#define {upper}_WORK_BYTES {work}\nextern const pdec_kernel {name}_kernel;\n{};\n",
        comment(&about),
        prototype(kernel, scalar)
    );
}

/// What the numbers of a local kernel are.
fn derivatives(kernel: &Kernel) -> String {
    let list = |names: Vec<String>| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    let jets = &kernel.jets;
    let of = |formula: usize| &kernel.terms[formula];
    let first = kernel.first.iter().map(|[f, a]| format!("d {} / d {}", of(*f), jets[*a])).collect();
    let second =
        kernel.second.iter().map(|[f, a, b]| format!("d2 {} / d {} d {}", of(*f), jets[*a], jets[*b])).collect();
    format!("   jets: {}\n   first: {}\n   second: {}\n", list(jets.clone()), list(first), list(second))
}

/// The function with an argument for each array.
pub(super) fn prototype(kernel: &Kernel, scalar: Scalar) -> String {
    let number = number(scalar);
    let inputs = kernel.routine.inputs.iter().map(|a| format!("const {number} *PDEC_RESTRICT {}", a.name));
    let outputs = kernel.routine.outputs.iter().map(|a| format!("{number} *PDEC_RESTRICT {}", a.name));
    let all: Vec<String> =
        ["int64_t n".to_owned()].into_iter().chain(inputs).chain(outputs).chain(["void *work".to_owned()]).collect();
    format!("int32_t {}({})", kernel.routine.name, all.join(", "))
}
