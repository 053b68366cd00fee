//! A tape as C, compiled by `cc -O3 -march=native` and loaded: what a general compiler makes of the same program.
//!
//! Math functions are those of glibc's libmvec, eight numbers at a time: each is declared to have vector versions, which
//! is what lets a loop that calls it become vector code without `-ffast-math`. `fma` and `sqrt` are instructions.

use std::ffi::{CString, c_char, c_int, c_void};
use std::fmt::Write;
use std::process::Command;

use pdec::tape::{Binary, Op, Tape, Ternary, Unary, Value};
use pdec::vmath::Function;

/// `kernel(n, inputs, outputs)`: arrays of n numbers each.
type Code = unsafe extern "C" fn(usize, *const *const f64, *const *mut f64);

/// A compiled tape. It stays loaded until the process ends.
pub struct CKernel {
    code: Code,
    inputs: usize,
    outputs: usize,
}

const FLAGS: [&str; 5] = ["-O3", "-march=native", "-fno-math-errno", "-shared", "-fPIC"];

impl CKernel {
    /// Compiles a tape; the reason where that fails.
    ///
    /// # Panics
    /// If the tape has more than 64 inputs or outputs.
    pub fn new(tape: &Tape) -> Result<Self, String> {
        assert!(tape.inputs().max(tape.outputs().len()) <= MOST);
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let (source, library) = (folder.path().join("kernel.c"), folder.path().join("kernel.so"));
        std::fs::write(&source, text(tape)).map_err(|error| error.to_string())?;
        let output =
            Command::new("cc").args(FLAGS).arg("-o").args([&library, &source]).args(["-lmvec", "-lm"]).output();
        let output = output.map_err(|error| format!("`cc` can't be started ({error})"))?;
        if !output.status.success() {
            return Err(format!("`cc` fails: {}", String::from_utf8_lossy(&output.stderr).trim()));
        }
        let path = CString::new(library.display().to_string()).map_err(|error| error.to_string())?;
        // SAFETY: both names end with a zero, and the library has no code that runs when it is loaded.
        let symbol = unsafe {
            let library = dlopen(path.as_ptr(), RTLD_NOW);
            if library.is_null() { library } else { dlsym(library, c"kernel".as_ptr()) }
        };
        if symbol.is_null() {
            return Err("the library can't be loaded".to_owned());
        }
        // SAFETY: the symbol is the function that `text` writes, with this signature.
        let code = unsafe { std::mem::transmute::<*mut c_void, Code>(symbol) };
        Ok(Self { code, inputs: tape.inputs(), outputs: tape.outputs().len() })
    }

    /// Computes all outputs at n points; they stand one behind the other.
    ///
    /// # Panics
    /// If an array does not hold n numbers for each input or output.
    pub fn run(&self, n: usize, inputs: &[&[f64]], outputs: &mut [f64]) {
        assert!(inputs.len() == self.inputs && inputs.iter().all(|x| x.len() == n));
        assert!(outputs.len() == self.outputs * n);
        let mut from = [std::ptr::null(); MOST];
        let mut to = [std::ptr::null_mut(); MOST];
        from.iter_mut().zip(inputs).for_each(|(from, x)| *from = x.as_ptr());
        to.iter_mut().zip(outputs.chunks_exact_mut(n)).for_each(|(to, x)| *to = x.as_mut_ptr());
        // SAFETY: there are as many arrays as the tape has inputs and outputs, of n numbers each; outputs are exclusive.
        unsafe { (self.code)(n, from.as_ptr(), to.as_ptr()) }
    }
}

/// The most inputs or outputs.
const MOST: usize = 64;

const RTLD_NOW: c_int = 2;

unsafe extern "C" {
    fn dlopen(file: *const c_char, mode: c_int) -> *mut c_void;
    fn dlsym(library: *mut c_void, symbol: *const c_char) -> *mut c_void;
}

/// The text of the program.
fn text(tape: &Tape) -> String {
    let mut text =
        String::from("#include <stddef.h>\n#define VECTOR __attribute__((const, nothrow, simd(\"notinbranch\")))\n");
    for function in Function::ALL.into_iter().filter(|function| *function != Function::Sech) {
        let arguments = ["double", "double, double"][function.arity() - 1];
        let vector = if IN_LIBMVEC.contains(&function) { "VECTOR " } else { "" };
        line(&mut text, format_args!("{vector}double {}({arguments});", function.name()));
    }
    text.push_str("void kernel(size_t n, const double *const *in, double *const *out) {\n");
    for i in 0..tape.inputs() {
        line(&mut text, format_args!("  const double *restrict in{i} = in[{i}];"));
    }
    for i in 0..tape.outputs().len() {
        line(&mut text, format_args!("  double *restrict out{i} = out[{i}];"));
    }
    text.push_str("#pragma GCC ivdep\n  for (size_t i = 0; i < n; i++) {\n");
    for (i, op) in tape.ops().iter().enumerate() {
        line(&mut text, format_args!("    const double v{i} = {};", formula(op)));
    }
    for (i, value) in tape.outputs().iter().enumerate() {
        line(&mut text, format_args!("    out{i}[i] = v{};", value.0));
    }
    text.push_str("  }\n}\n");
    text
}

/// Functions with vector versions in glibc 2.35 and later.
const IN_LIBMVEC: [Function; 13] = [
    Function::Sin,
    Function::Cos,
    Function::Tan,
    Function::Asin,
    Function::Acos,
    Function::Atan,
    Function::Sinh,
    Function::Cosh,
    Function::Tanh,
    Function::Exp,
    Function::Log,
    Function::Erf,
    Function::Pow,
];

fn line(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    writeln!(text, "{arguments}").expect("a string grows");
}

fn formula(op: &Op) -> String {
    let v = |value: Value| format!("v{}", value.0);
    match *op {
        Op::Const(number) => format!("{number:e}"),
        Op::Input(i) => format!("in{i}[i]"),
        Op::Unary(op, a) => unary(op, &v(a)),
        Op::Binary(op, a, b) => binary(op, &v(a), &v(b)),
        Op::Ternary(op, a, b, c) => ternary(op, &v(a), &v(b), &v(c)),
        Op::Math(Function::Sech, a) => format!("1.0 / cosh({})", v(a)),
        Op::Math(function, a) => format!("{}({})", function.name(), v(a)),
        Op::Pow(a, b) => format!("pow({}, {})", v(a), v(b)),
    }
}

fn unary(op: Unary, a: &str) -> String {
    match op {
        Unary::Neg => format!("-{a}"),
        Unary::Abs => format!("__builtin_fabs({a})"),
        Unary::Sign => format!("(double)({a} > 0) - (double)({a} < 0)"),
        Unary::Step => format!("{a} >= 0 ? 1.0 : 0.0"),
        Unary::Sqrt => format!("__builtin_sqrt({a})"),
    }
}

fn binary(op: Binary, a: &str, b: &str) -> String {
    match op {
        Binary::Add => format!("{a} + {b}"),
        Binary::Sub => format!("{a} - {b}"),
        Binary::Mul => format!("{a} * {b}"),
        Binary::Div => format!("{a} / {b}"),
        Binary::Min => format!("{a} < {b} ? {a} : {b}"),
        Binary::Max => format!("{a} > {b} ? {a} : {b}"),
        Binary::Equal => format!("{a} == {b} ? 1.0 : 0.0"),
        Binary::Less => format!("{a} < {b} ? 1.0 : 0.0"),
        Binary::LessEqual => format!("{a} <= {b} ? 1.0 : 0.0"),
    }
}

fn ternary(op: Ternary, a: &str, b: &str, c: &str) -> String {
    match op {
        Ternary::Fma => format!("__builtin_fma({a}, {b}, {c})"),
        Ternary::Fms => format!("__builtin_fma({a}, {b}, -{c})"),
        Ternary::Fnma => format!("__builtin_fma(-{a}, {b}, {c})"),
        Ternary::Select => format!("{a} != 0 ? {b} : {c}"),
    }
}
