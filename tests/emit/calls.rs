//! One call of a routine by whatever runs it: the interpreter, machine code in this process, a shared library in another.

use std::fmt::Debug;
use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use pdec::codegen::{Loaded, Machine, Object};
use pdec::emit::{Library, header, shared_library};
use pdec::routine::Routine;
use pdec::tape::{Contraction, Number};
use pdec::vmath::Path;
use pdec::vmath::services::Primitive;
use tempfile::TempDir;

use super::bits;
use super::compiled::STRICT;
use super::library::run;

/// Numbers of a kernel.
pub trait Float: Number + Primitive + PartialEq + Debug + Into<f64> {
    /// Numbers at which operations are special, and some ordinary ones.
    const SPECIAL: [Self; 16];
    fn bytes(self) -> Vec<u8>;
    fn of_bytes(bytes: &[u8]) -> Self;
    fn double(self) -> f64;
}

macro_rules! float {
    ($($type:ident $largest_half:literal;)*) => { $(
        impl Float for $type {
            const SPECIAL: [Self; 16] = [
                0.0,
                -0.0,
                1.0,
                -1.0,
                0.5,
                -2.75,
                3.1,
                1e-3,
                Self::INFINITY,
                Self::NEG_INFINITY,
                Self::NAN,
                Self::from_bits(1),
                -Self::MIN_POSITIVE / 64.0,
                Self::MIN_POSITIVE,
                Self::MAX,
                -$largest_half,
            ];
            fn bytes(self) -> Vec<u8> {
                self.to_le_bytes().to_vec()
            }
            fn of_bytes(bytes: &[u8]) -> Self {
                Self::from_le_bytes(bytes.try_into().expect("the bytes of a number"))
            }
            fn double(self) -> f64 {
                self.into()
            }
        }
    )* };
}
float! { f64 1e200; f32 1e25; }

/// A call of a routine.
#[derive(Clone, Debug)]
pub struct Call<T> {
    pub n: usize,
    /// Numbers from an address that is a multiple of 64 bytes to the begin of each array.
    pub shift: usize,
    /// Which outputs are wanted.
    pub wanted: Vec<bool>,
    pub inputs: Vec<Vec<T>>,
}

/// The outputs of a call that were wanted, one behind the other.
pub type Found<T> = Vec<Vec<T>>;

/// Where two results of a call first differ: the output, by number, and the element.
pub fn difference<T: Float>(found: &Found<T>, expected: &Found<T>) -> Option<(usize, usize)> {
    assert_eq!(found.len(), expected.len(), "numbers of outputs");
    let mut pairs = found.iter().zip(expected).enumerate();
    pairs.find_map(|(output, (found, expected))| Some((output, bits::difference(found, expected)?)))
}

/// An array in the midst of numbers that nobody is to change.
struct Array<T> {
    all: Vec<T>,
    start: usize,
    length: usize,
}

/// Stands around arrays.
const GUARD: f64 = 77.0;

impl<T: Float> Array<T> {
    fn new(numbers: &[T], shift: usize) -> Self {
        let line = 64 / size_of::<T>();
        let mut all = vec![T::of(GUARD); numbers.len() + shift + 3 * line];
        let start = line + shift + all.as_ptr().align_offset(64);
        all[start..start + numbers.len()].copy_from_slice(numbers);
        Self { all, start, length: numbers.len() }
    }

    fn get(&self) -> &[T] {
        &self.all[self.start..][..self.length]
    }

    fn get_mut(&mut self) -> &mut [T] {
        &mut self.all[self.start..][..self.length]
    }

    fn is_guarded(&self) -> bool {
        let (before, rest) = self.all.split_at(self.start);
        before.iter().chain(&rest[self.length..]).all(|x| *x == T::of(GUARD))
    }
}

impl<T: Float> Call<T> {
    /// Runs a function of inputs and outputs.
    fn run(&self, routine: &Routine, code: impl FnOnce(&[&[T]], &mut [Option<&mut [T]>])) -> Found<T> {
        let inputs: Vec<Array<T>> = self.inputs.iter().map(|numbers| Array::new(numbers, self.shift)).collect();
        let blank = |length: usize| Array::new(&vec![T::of(f64::NAN); length], self.shift);
        let mut outputs: Vec<Array<T>> = routine.outputs.iter().map(|o| blank(o.length(self.n))).collect();
        let given: Vec<&[T]> = inputs.iter().map(Array::get).collect();
        let mut wanted: Vec<Option<&mut [T]>> =
            outputs.iter_mut().zip(&self.wanted).map(|(array, &wanted)| wanted.then(|| array.get_mut())).collect();
        code(&given, &mut wanted);
        assert!(inputs.iter().chain(&outputs).all(Array::is_guarded), "{} writes beside its arrays", routine.name);
        let found = outputs.iter().zip(&self.wanted).filter(|(_, wanted)| **wanted);
        found.map(|(array, _)| array.get().to_vec()).collect()
    }

    /// By the interpreter.
    pub fn interpreted(&self, routine: &Routine, machine: Machine) -> Found<T> {
        self.run(routine, |inputs, outputs| {
            routine.interpret(sums(machine), self.n, inputs, outputs).expect("a routine that holds");
        })
    }

    /// By machine code in this process.
    pub fn in_memory(&self, routine: &Routine, loaded: &Loaded<T>) -> Found<T> {
        self.run(routine, |inputs, outputs| loaded.call(self.n, inputs, outputs))
    }
}

/// How code for a machine adds products, outside of tapes.
pub fn sums(machine: Machine) -> Contraction {
    if machine.path() == Path::Portable { Contraction::Separate } else { Contraction::Fused }
}

/// A shared library, and the program in C that calls it.
pub struct Shared {
    folder: TempDir,
}

impl Shared {
    pub fn new(library: &Library) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let shared = Self { folder };
        let object = library.object(false).expect("an object");
        fs::write(shared.path("kernels.o"), &object.bytes).expect("a file");
        shared_library(&shared.path("kernels.o"), &shared.path("kernels.so")).expect("a shared library");
        program(library, &object);
        shared
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    /// The results of calls.
    pub fn call<T: Float>(&self, calls: &[(&Routine, &Call<T>)]) -> Vec<Found<T>> {
        let mut requests = Vec::new();
        for (routine, call) in calls {
            let mut name = routine.name.clone().into_bytes();
            name.resize(128, 0);
            let wanted: u64 = call.wanted.iter().enumerate().map(|(i, &wanted)| u64::from(wanted) << i).sum();
            requests.extend(name);
            for word in [call.n as u64, (call.shift * size_of::<T>()) as u64, wanted] {
                requests.extend(word.to_le_bytes());
            }
            call.inputs.iter().flatten().for_each(|x| requests.extend(x.bytes()));
        }
        fs::write(self.path("requests"), requests).expect("a file");
        let files = ["kernels.so", "requests", "results"].map(|file| self.path(file).display().to_string());
        run(program_path(), &files.each_ref().map(String::as_str));
        let bytes = fs::read(self.path("results")).expect("results");
        let mut numbers = bytes.chunks_exact(size_of::<T>()).map(T::of_bytes);
        let mut result = Vec::new();
        for (routine, call) in calls {
            let wanted = routine.outputs.iter().zip(&call.wanted).filter(|(_, wanted)| **wanted);
            result.push(wanted.map(|(o, _)| numbers.by_ref().take(o.length(call.n)).collect()).collect());
        }
        assert!(numbers.next().is_none(), "more results than calls");
        result
    }
}

static PROGRAM: OnceLock<TempDir> = OnceLock::new();

/// Compiles the program, once for all: what it knows of a library is what all headers share.
fn program(library: &Library, object: &Object) {
    PROGRAM.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |file: &str| folder.path().join(file).display().to_string();
        fs::write(path("kernels.h"), header(library, object)).expect("a header");
        let include = format!("-I{}", folder.path().display());
        let files = [&*include, "tests/emit/calls.c", "-o", &path("calls"), "-ldl"];
        run("cc", &[&STRICT[..], &["-std=c11"], &files].concat());
        folder
    });
}

fn program_path() -> PathBuf {
    PROGRAM.get().expect("a library was made").path().join("calls")
}
