//! What machine code of whole kernels calls: math functions, products of small matrices, and loops over rows of points.
//!
//! Each [`Service`] is one formula of [`loops`], compiled for both types of numbers and for each [`Path`]. Within this
//! process code calls its [`address`](Service::address). For object files the build compiles the same sources once more
//! as an object without a standard library (`codegen/freestanding`), where each stands under its [`symbol`](Service::symbol);
//! so both give the same bits.
//!
//! Contract of a call: pointers are valid for what the loop reads and writes; what is written overlaps nothing that is
//! read, except that a math function may work in place. Nothing unwinds, allocates or keeps state. On the portable path
//! products are rounded before they are added (math functions are those of the other paths, to the bit), and rows have a multiple of [`Scalar::lanes`] numbers on every path.

mod dots;
mod loops;
#[cfg(all(freestanding, target_arch = "x86_64"))]
mod machine;
mod moments;

use super::dispatch::Path;
use super::{Function, error_function, exponential, inverse, logarithm, trigonometric};
use loops::{AVX2, AVX512, PORTABLE};

/// The type of the numbers of a kernel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Scalar {
    /// Double precision.
    #[default]
    F64,
    /// Single precision.
    F32,
}

impl Scalar {
    /// `f64` or `f32`.
    pub fn name(self) -> &'static str {
        match self {
            Scalar::F64 => "f64",
            Scalar::F32 => "f32",
        }
    }

    /// Bytes of a number.
    pub const fn bytes(self) -> usize {
        match self {
            Scalar::F64 => 8,
            Scalar::F32 => 4,
        }
    }

    /// The numbers of the widest register: rows are padded to a multiple of it.
    pub const fn lanes(self) -> usize {
        64 / self.bytes()
    }
}

mod sealed {
    pub trait Sealed: Copy {}
    impl Sealed for f64 {}
    impl Sealed for f32 {}
}

/// A number as machine code has it: [`f64`] or [`f32`], and nothing else, since code is given its address.
pub trait Primitive: sealed::Sealed {
    /// Its name among the types of numbers.
    const SCALAR: Scalar;
}

impl Primitive for f64 {
    const SCALAR: Scalar = Scalar::F64;
}

impl Primitive for f32 {
    const SCALAR: Scalar = Scalar::F32;
}

/// A parameter of a service, in the calling convention of C.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parameter {
    /// An address or a count.
    Word,
    /// A number.
    Number,
}

/// A loop that machine code calls.
#[derive(Clone, Copy)]
pub struct Service {
    /// Its name.
    pub name: &'static str,
    /// What it takes.
    pub parameters: &'static [Parameter],
    address: fn(Scalar, Path) -> *const u8,
}

impl Service {
    /// Where it stands in this process.
    pub fn address(&self, scalar: Scalar, path: Path) -> *const u8 {
        (self.address)(scalar, path)
    }

    /// Its symbol in the object that the build makes.
    pub fn symbol(&self, scalar: Scalar, path: Path) -> String {
        format!("pdec_{}_{}_{}", self.name, scalar.name(), path.name())
    }

    /// The service of a math function.
    pub fn of(function: Function) -> Self {
        match function {
            Function::Sin => SIN,
            Function::Cos => COS,
            Function::Tan => TAN,
            Function::Asin => ASIN,
            Function::Acos => ACOS,
            Function::Atan => ATAN,
            Function::Sinh => SINH,
            Function::Cosh => COSH,
            Function::Tanh => TANH,
            Function::Sech => SECH,
            Function::Exp => EXP,
            Function::Log => LOG,
            Function::Erf => ERF,
            Function::Pow => POW,
        }
    }
}

/// One function of a service.
macro_rules! function {
    ($function:ident $name:literal $type:ident $scalar:literal $path:ident $label:literal $($features:literal)?;
        ($($a:ident: $kind:ident),*) $code:ident [$($generic:ty),*]) => {
        /// # Safety
        /// The contract of all services; the machine has the features of the path.
        #[cfg_attr(freestanding, unsafe(export_name = concat!("pdec_", $name, "_", $scalar, "_", $label)))]
        $(#[cfg_attr(target_arch = "x86_64", target_feature(enable = $features))])?
        pub unsafe extern "C" fn $function($($a: function!(@type $type $kind)),*) {
            // SAFETY: the caller's promise.
            unsafe { loops::$code::<$type, $($generic,)* $path>($($a),*) }
        }
    };
    (@type $type:ident number) => { $type };
    (@type $type:ident count) => { usize };
    (@type $type:ident read) => { *const $type };
    (@type $type:ident write) => { *mut $type };
}

/// All functions of services, and the constants that name them.
macro_rules! services {
    ($($(#[$doc:meta])* $constant:ident = $name:literal $module:ident $arguments:tt
        $code:ident $generics:tt;)*) => { $(
        mod $module {
            use super::*;
            function!(double_avx512 $name f64 "f64" AVX512 "avx512" "avx512f,avx512dq,avx512vl,avx512bw,avx2,fma";
                $arguments $code $generics);
            function!(double_avx2 $name f64 "f64" AVX2 "avx2" "avx2,fma"; $arguments $code $generics);
            function!(double_portable $name f64 "f64" PORTABLE "portable"; $arguments $code $generics);
            function!(single_avx512 $name f32 "f32" AVX512 "avx512" "avx512f,avx512dq,avx512vl,avx512bw,avx2,fma";
                $arguments $code $generics);
            function!(single_avx2 $name f32 "f32" AVX2 "avx2" "avx2,fma"; $arguments $code $generics);
            function!(single_portable $name f32 "f32" PORTABLE "portable"; $arguments $code $generics);

            pub fn address(scalar: Scalar, path: Path) -> *const u8 {
                match (scalar, path) {
                    (Scalar::F64, Path::Avx512) => double_avx512 as *const u8,
                    (Scalar::F64, Path::Avx2) => double_avx2 as *const u8,
                    (Scalar::F64, Path::Portable) => double_portable as *const u8,
                    (Scalar::F32, Path::Avx512) => single_avx512 as *const u8,
                    (Scalar::F32, Path::Avx2) => single_avx2 as *const u8,
                    (Scalar::F32, Path::Portable) => single_portable as *const u8,
                }
            }
        }
        #[doc = concat!("`", $name, "`: what kernels call for it.")]
        ///
        $(#[$doc])*
        pub const $constant: Service =
            Service { name: $name, parameters: parameters!($arguments), address: $module::address };
    )* };
}

/// Every service.
pub fn all() -> impl Iterator<Item = Service> {
    let math = Function::ALL.into_iter().map(Service::of);
    math.chain([
        DETECT,
        PAD,
        PAD_ZERO,
        COPY,
        ZERO,
        ADD,
        PRODUCT,
        SCALE_ROWS,
        ADD_BIAS,
        SCALE_JETS,
        SEED,
        CHANNEL_PRODUCTS,
        FIRST_CHANNELS,
        WEIGHTED_ROWS,
        OUTER,
        CHANNEL_MOMENTS,
        ROW_SUMS,
        ROW_MOMENTS,
        WEIGHTED_SUMS,
        ADD_WEIGHTED,
        WEIGHTED_DOT,
    ])
}

macro_rules! parameters {
    (($($a:ident: $kind:ident),*)) => { &[$(parameters!(@$kind)),*] };
    (@number) => { Parameter::Number };
    (@$other:ident) => { Parameter::Word };
}

services! {
    SIN = "sin" sin(input: read, output: write, count: count, fast: count) unary[trigonometric::Sin];
    COS = "cos" cos(input: read, output: write, count: count, fast: count) unary[trigonometric::Cos];
    TAN = "tan" tan(input: read, output: write, count: count, fast: count) unary[trigonometric::Tan];
    ASIN = "asin" asin(input: read, output: write, count: count, fast: count) unary[inverse::Asin];
    ACOS = "acos" acos(input: read, output: write, count: count, fast: count) unary[inverse::Acos];
    ATAN = "atan" atan(input: read, output: write, count: count, fast: count) unary[inverse::Atan];
    SINH = "sinh" sinh(input: read, output: write, count: count, fast: count) unary[exponential::Sinh];
    COSH = "cosh" cosh(input: read, output: write, count: count, fast: count) unary[exponential::Cosh];
    TANH = "tanh" tanh(input: read, output: write, count: count, fast: count) unary[exponential::Tanh];
    SECH = "sech" sech(input: read, output: write, count: count, fast: count) unary[exponential::Sech];
    EXP = "exp" exp(input: read, output: write, count: count, fast: count) unary[exponential::Exp];
    LOG = "log" log(input: read, output: write, count: count, fast: count) unary[logarithm::Log];
    ERF = "erf" erf(input: read, output: write, count: count, fast: count) unary[error_function::Erf];
    POW = "pow" pow(base: read, exponent: read, output: write, count: count,
        fast: count) binary[logarithm::Pow];
}

services! {
    /// Stores as a word whether math functions of the portable path may be those of another one: their last argument.
    DETECT = "detect" detect(fast: write) detect[];
    /// `target[i] = source[i]` for i below `count`, then the last of them up to `stride`.
    PAD = "pad" pad(source: read, target: write, count: count, stride: count) pad[];
    /// The same with zeros behind `count`.
    PAD_ZERO = "pad_zero" pad_zero(source: read, target: write, count: count, stride: count) pad_zero[];
    /// `target[i] = source[i]`
    COPY = "copy" copy(source: read, target: write, count: count) copy[];
    /// `target[i] = 0`
    ZERO = "zero" zero(target: write, count: count) zero[];
    /// `target[i] += source[i]`
    ADD = "add" add(source: read, target: write, count: count) add[];
    /// `out = factor · a · b`, or `out += factor · a · b`: m x k times k x n, n a multiple of the lanes; rows of b and out are contiguous.
    PRODUCT = "product" product(out: write, a: read, b: read, m: count, k: count, n: count, a_row: count,
        a_column: count, b_stride: count, out_stride: count, factor: number, accumulate: count) product[];
    /// Row r of `out` times exp(`scales[r]`).
    SCALE_ROWS = "scale_rows" scale_rows(out: write, scales: read, rows: count, row: count) scale_rows[];
    /// The first `count` numbers of row r of `out` plus `biases[r]`.
    ADD_BIAS = "add_bias" add_bias(out: write, biases: read, rows: count, row: count, count: count) add_bias[];
    /// Rows of three jets along a direction, times the jet of exp(s + εσ) / exp(s): σ in `slopes`.
    SCALE_JETS = "scale_jets" scale_jets(out: write, slopes: read, rows: count, jet: count) scale_jets[];
    /// `target[i] += weights[i] · factor · source[i]`; weights of 1 where there are none, and nothing where they are 0.
    SEED = "seed" seed(target: write, weights: read, source: read, factor: number, count: count) seed[];
    /// `out[(m·K + k)·apart + b] = Σ_c cotangents[(m·C + c)·stride + b] · inputs[(k·C + c)·stride + b]` for b below `stride`
    CHANNEL_PRODUCTS = "channel_products" channel_products(out: write, cotangents: read, inputs: read, m: count,
        k: count, channels: count, stride: count, apart: count) channel_products[];
    /// Row r of `target`, `stride` long, is the beginning of row r of `source`; rows of `target` are `apart`.
    FIRST_CHANNELS = "first_channels" first_channels(target: write, source: read, rows: count, row: count,
        stride: count, apart: count) first_channels[];
    /// `target[m][b] = Σ_k weights[m·K + k] · products[m·K + k][b]`, rows of both `apart`.
    WEIGHTED_ROWS = "weighted_rows" weighted_rows(target: write, weights: read, products: read, m: count, k: count,
        stride: count, apart: count) weighted_rows[];
    /// `out[m·K + k] += Σ_c a[m][c] · b[k][c]`, rows of `columns` numbers, a multiple of the lanes.
    OUTER = "outer" outer(out: write, a: read, b: read, m: count, k: count, columns: count) outer[];
    /// `out[r] += Σ_b a[r][b]` over the first `count` numbers of each row.
    ROW_SUMS = "row_sums" row_sums(out: write, a: read, rows: count, row: count, count: count) row_sums[];
    /// With `p[b] = Σ_c cotangents[(m·C + c)·stride + b] · inputs[(k·C + c)·stride + b]`, `sums[m·K + k] += Σ_b weights[b] · p[b]` and
    /// `squares[m·K + k] += Σ_b p[b]²`, the stride a multiple of the lanes.
    CHANNEL_MOMENTS = "channel_moments" channel_moments(sums: write, squares: write, weights: read, cotangents: read,
        inputs: read, m: count, k: count, channels: count, stride: count) channel_moments[];
    /// `sums[r] += Σ_b weights[b] · a[r][b]` and `squares[r] += Σ_b a[r][b]²` over the first `count` numbers of each row.
    ROW_MOMENTS = "row_moments" row_moments(sums: write, squares: write, weights: read, a: read, rows: count, row: count,
        count: count) row_moments[];
    /// `out[m] += Σ_k weights[m·K + k] · part[m·K + k]`
    WEIGHTED_SUMS = "weighted_sums" weighted_sums(out: write, weights: read, part: read, m: count,
        k: count) weighted_sums[];
    /// `target[r][b] += weights[b] · source[r][b]`
    ADD_WEIGHTED = "add_weighted" add_weighted(target: write, weights: read, source: read, rows: count,
        stride: count) add_weighted[];
    /// `out += factor · Σ_i weights[i] · a[i] · b[i]`
    WEIGHTED_DOT = "weighted_dot" weighted_dot(out: write, weights: read, a: read, b: read, factor: number,
        count: count) weighted_dot[];
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a service of sums of products gives on a path.
    fn found<T: Primitive + Default>(path: Path, a: &[T], b: &[T]) -> Vec<T> {
        type Outer<T> = unsafe extern "C" fn(*mut T, *const T, *const T, usize, usize, usize);
        type Products<T> = unsafe extern "C" fn(*mut T, *const T, *const T, usize, usize, usize, usize, usize);
        type Moments<T> =
            unsafe extern "C" fn(*mut T, *mut T, *const T, *const T, *const T, usize, usize, usize, usize);
        let mut out = vec![T::default(); 3 * 9 * 7 + 4 * 4 * 16];
        let (sums, rest) = out.split_at_mut(9 * 7);
        let (moments, product) = rest.split_at_mut(2 * 9 * 7);
        let (first, second) = moments.split_at_mut(9 * 7);
        // SAFETY: the signatures are those of the table above; the slices hold 9 rows of 48 numbers, 4 x 4 rows of 16, and the
        // path is available.
        unsafe {
            let outer: Outer<T> = std::mem::transmute(OUTER.address(T::SCALAR, path));
            outer(sums.as_mut_ptr(), a.as_ptr(), b.as_ptr(), 9, 7, 48);
            let moments: Moments<T> = std::mem::transmute(CHANNEL_MOMENTS.address(T::SCALAR, path));
            moments(first.as_mut_ptr(), second.as_mut_ptr(), a.as_ptr(), a.as_ptr(), b.as_ptr(), 9, 7, 3, 16);
            let products: Products<T> = std::mem::transmute(CHANNEL_PRODUCTS.address(T::SCALAR, path));
            products(product.as_mut_ptr(), a.as_ptr(), b.as_ptr(), 4, 4, 3, 16, 16);
        }
        out
    }

    /// The loops of rows say the same on every path that the machine has, up to the roundings of separate products, and to
    /// the last bit where products are fused.
    #[test]
    fn paths_agree() {
        let a: Vec<f64> = (0..9 * 48).map(|i| (f64::from(i) * 0.7).sin()).collect();
        let b: Vec<f64> = (0..9 * 48).map(|i| (f64::from(i) * 0.3).cos()).collect();
        let [single_a, single_b] = [&a, &b].map(|x| x.iter().map(|&x| x as f32).collect::<Vec<f32>>());
        let mut expected: Option<(Vec<f64>, Vec<f32>)> = None;
        for path in Path::ALL.into_iter().filter(|path| path.is_available()) {
            let found = (found(path, &a, &b), found(path, &single_a, &single_b));
            let expected = expected.get_or_insert_with(|| found.clone());
            assert!(path == Path::Portable || found == *expected, "{path:?}");
            for (found, expected) in found.0.iter().zip(&expected.0) {
                assert!((found - expected).abs() < 1e-14, "{path:?}: {found} {expected}");
            }
            for (found, expected) in found.1.iter().zip(&expected.0) {
                assert!((f64::from(*found) - expected).abs() < 5e-6, "{path:?}: {found} {expected}");
            }
        }
    }
}
