//! Interpreter, machine code in this process and object files: the same bits for every kernel, whatever the number of
//! points, the addresses, the outputs that are wanted, and the numbers.

use std::collections::BTreeSet;

use pdec::codegen::{Machine, Options, load};
use pdec::emit::{Kernel, Library};
use pdec::routine::{Argument, Kind, Routine};

use super::bits::same;
use super::calls::{Call, Float, Found, Shared, difference};
use super::library::{has, inputs, library_of_text, library_with, numbers, text_of};

/// Problems with networks of all shapes that are small enough for an interpreter: two equations, an energy, a system, with
/// normals, with data on a grid, and with a number that is found.
pub const PROBLEMS: [(&str, &str); 6] = [
    ("poisson2d", "mlp(5, 4)"),
    ("burgers", FACTORISED),
    ("minimal_surface", "mlp(5, act=softplus)"),
    ("kovasznay", "modified(4, 4)"),
    ("heat_inverse", "piratenet(width=4, blocks=1, fourier=3, fourier_scale=1)"),
    ("gridded_conductivity", "separable(4, rank=3)"),
];

/// A network with scales of its neurons.
const FACTORISED: &str = "mlp(4, 3, act=gelu, rwf=on)";

/// Numbers of points: none, every remainder of the lanes of a register and of a tile, two tiles and more.
const SIZES: [usize; 9] = [0, 1, 2, 3, 7, 63, 64, 65, 129];

/// Points with special numbers, the last among them, and how many there are.
const SPECIAL: [(usize, f64); 3] = [(3, f64::NAN), (40, f64::INFINITY), (69, f64::NEG_INFINITY)];
const MOST: usize = 70;

/// A problem with another network.
pub fn small_text(name: &str, network: &str) -> String {
    let mut lines: Vec<String> = text_of(name).lines().map(str::to_owned).collect();
    lines.retain(|line| !line.starts_with("network"));
    lines.push(format!("network {network}"));
    lines.join("\n")
}

/// The kernel of a library that predicts, with parameters inside.
fn baked(library: &Library) -> Kernel {
    let theta = numbers(&Argument::fixed("theta", &[library.parameter_count]), 0, 1);
    let text = small_text("burgers", FACTORISED);
    let baked = library_with("burgers", &text, library.request.machine, Some(&theta)).kernels.remove(0);
    assert_eq!(baked.routine.tables, [theta]);
    Kernel { routine: Routine { name: "baked".to_owned(), ..baked.routine }, ..baked }
}

/// The calls of a routine: of every size, with every choice of outputs, and with and without special numbers, which are the last two.
pub fn calls<T: Float>(routine: &Routine) -> Vec<Call<T>> {
    let outputs = routine.outputs.len();
    let call = |n: usize, shift: usize, wanted: usize| Call {
        n,
        shift,
        wanted: (0..outputs).map(|output| wanted >> output & 1 == 1).collect(),
        inputs: inputs(routine, n).into_iter().map(|array| array.into_iter().map(T::of).collect()).collect(),
    };
    let all = (1 << outputs) - 1;
    // Odd shifts: addresses that are aligned to a number and to nothing more.
    let mut calls: Vec<Call<T>> = SIZES.iter().map(|&n| call(n, 1 + 2 * (n % 3), all)).collect();
    calls.extend((0..all).map(|wanted| call(9, 0, wanted)));
    let clean = call(MOST, 0, all);
    let mut special = clean.clone();
    for (input, array) in routine.inputs.iter().zip(&mut special.inputs).filter(|(input, _)| input.batched) {
        for row in 0..input.numbers() {
            SPECIAL.iter().for_each(|&(point, number)| array[row * MOST + point] = T::of(number));
        }
    }
    calls.extend([clean, special]);
    calls
}

fn assert_alike<T: Float>(what: &str, kernel: &Kernel, call: &Call<T>, found: &Found<T>, expected: &Found<T>) {
    let Some((output, i)) = difference(found, expected) else { return };
    let mut wanted = kernel.routine.outputs.iter().zip(&call.wanted).filter(|(_, wanted)| **wanted);
    let output_name = wanted.nth(output).map_or("", |(output, _)| &output.name);
    let (name, n, [found, expected]) = (&kernel.routine.name, call.n, [found, expected].map(|all| all[output][i]));
    panic!("{what}: {name}, {n} points: {output_name}[{i}] is {found:?}, not {expected:?}");
}

/// What is no number comes out where it went in, and nowhere else.
fn assert_contained<T: Float>(kernel: &Kernel, clean: &Found<T>, special: &Found<T>) {
    let is_special = |point: usize| SPECIAL.iter().any(|(p, _)| *p == point);
    let mut batched = kernel.routine.outputs.iter().zip(clean.iter().zip(special)).filter(|(o, _)| o.batched);
    for (output, (clean, special)) in batched.clone() {
        for (i, (a, b)) in clean.iter().zip(special).enumerate() {
            let (name, point) = (&kernel.routine.name, i % MOST);
            assert!(is_special(point) || same(*a, *b), "{name}: {} at point {point}: {a:?} {b:?}", output.name);
        }
    }
    if let Some((output, (_, special))) = batched.next() {
        let nan = special.iter().skip(SPECIAL[0].0).step_by(MOST);
        assert!(nan.clone().all(|x| x.double().is_nan()), "{}: {} is a number", kernel.routine.name, output.name);
    }
}

/// All ways to run the kernels of a library.
fn check<T: Float>(what: &str, library: &mut Library) {
    library.request.scalar = T::SCALAR;
    let machine = library.request.machine;
    let library = &*library;
    let routines: Vec<&Routine> = library.kernels.iter().map(|kernel| &kernel.routine).collect();
    let with = |widest: bool| load::<T>(&routines, &Options { widest, ..Options::default() }).expect("machine code");
    // Registers of all widths, for the machine that the test runs on.
    let loaded = if machine == Machine::Native { vec![with(true), with(false)] } else { Vec::new() };
    let mut asked = Vec::new();
    for (number, kernel) in library.kernels.iter().enumerate() {
        let calls = calls::<T>(&kernel.routine);
        let expected: Vec<Found<T>> = calls.iter().map(|call| call.interpreted(&kernel.routine, machine)).collect();
        for loaded in &loaded {
            for (call, expected) in calls.iter().zip(&expected) {
                let found = call.in_memory(&kernel.routine, &loaded[number]);
                assert_alike(&format!("{what} in memory"), kernel, call, &found, expected);
            }
        }
        if let [.., clean, special] = &expected[..] {
            assert_contained(kernel, clean, special);
        }
        asked.extend(calls.into_iter().zip(expected).map(|(call, expected)| (kernel, call, expected)));
    }
    if !has("cc") {
        return;
    }
    let calls: Vec<(&Routine, &Call<T>)> = asked.iter().map(|(kernel, call, _)| (&kernel.routine, call)).collect();
    let found = Shared::new(library).call(&calls);
    for ((kernel, call, expected), found) in asked.iter().zip(&found) {
        assert_alike(&format!("{what} of an object"), kernel, call, found, expected);
    }
}

fn all_agree<T: Float>() {
    let mut kinds = BTreeSet::new();
    for (name, network) in PROBLEMS {
        for machine in [Machine::Native, Machine::Baseline] {
            let mut library = library_of_text(name, &small_text(name, network), machine);
            if name == "burgers" {
                library.kernels.push(baked(&library));
            }
            kinds.extend(library.kernels.iter().map(|kernel| kernel.kind));
            check::<T>(&format!("{name}, {}, {}", machine.name(), T::SCALAR.name()), &mut library);
        }
    }
    assert!(kinds.into_iter().eq(Kind::ALL), "kernels of every kind");
}

#[test]
fn kernels_in_double_precision_are_their_interpreter() {
    all_agree::<f64>();
}

#[test]
fn kernels_in_single_precision_are_their_interpreter() {
    all_agree::<f32>();
}
