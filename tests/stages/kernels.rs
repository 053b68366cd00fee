//! From problems to routines, and what is done with routines.

use std::fmt::{Debug, Write};

use pdec::codegen::{self, Machine, Options, cpu_features};
use pdec::emit::{Fields, Request, plan};
use pdec::kernel::Channels;
use pdec::pipeline::{self, Times};
use pdec::routine::{Kind, Parts, Routine, build};
use pdec::simplify::Effort;
use pdec::tape::{Contraction, Number, Tape, host_contraction};
use pdec::vmath::services::{Primitive, Scalar};

use super::cases::{Case, Outcome};
use super::language::model;
use super::programs::{contraction, each, printed};

fn sound(case: &Case) -> Routine {
    case.input.parse().unwrap_or_else(|error| panic!("{}: {error}", case.name))
}

/// A problem to the routine of a kind for one of its blocks, or to why there is none.
pub fn routine(case: &Case) -> Outcome {
    let model = model(case);
    let kind = case.parsed("kind", Kind::Residual, Kind::from_name);
    let block = case.parsed("block", 0, |word| word.parse().ok());
    let channels = if kind == Kind::Local { Channels::Derivatives } else { Channels::Cheapest };
    let effort = Effort::default();
    let whole = pipeline::standalone(&model, effort, contraction(case), channels, &mut Times::default());
    let whole = whole.expect("programs");
    let axes: Vec<String> = model.axes.iter().map(|axis| axis.name.clone()).collect();
    let known: Vec<String> = whole.tapes.blocks[block].known.iter().map(|jet| model.names().jet(jet)).collect();
    let parts = Parts {
        description: &whole.description,
        tapes: &whole.tapes,
        block,
        role: whole.roles[block],
        axes: &axes,
        known: &known,
        theta: None,
    };
    Outcome::Text(match build(parts, kind, kind.name(), &[]) {
        Ok(routine) => printed(case, &routine),
        Err(error) => format!("error: {error}\n"),
    })
}

/// The text of a routine, or of several, each to its text or to what is wrong with it.
pub fn verify(case: &Case) -> Outcome {
    Outcome::Text(each::<Routine>(case, "routine "))
}

/// A routine to one of fewer stages.
pub fn fuse(case: &Case) -> Outcome {
    Outcome::Text(printed(case, &pdec::routine::fuse(sound(case))))
}

/// A tape at each point, or a routine, to its outputs; of a routine those of machine code have to agree.
///
/// `; input: 1 2 3` are the numbers of an input, `; points: 3` how many points there are.
pub fn interpret(case: &Case) -> Outcome {
    let precision = case.option("scalar").unwrap_or("f64");
    Outcome::Text(match precision {
        "f64" => interpreted::<f64>(case),
        "f32" => interpreted::<f32>(case),
        other => panic!("{}: no numbers `{other}`", case.name),
    })
}

/// From the inputs of a routine to its outputs.
type Run<'a, T> = dyn Fn(&[&[T]], &mut [Option<&mut [T]>]) + 'a;

fn interpreted<T: Number + Primitive + Debug>(case: &Case) -> String {
    let numbers = |line: &str| line.split_whitespace().map(|word| T::of(word.parse().expect("a number"))).collect();
    let inputs: Vec<Vec<T>> = case.every("input").map(numbers).collect();
    let n = case.parsed("points", 1, |word| word.parse().ok());
    if case.input.starts_with("tape") {
        let tape: Tape = case.input.parse().unwrap_or_else(|error| panic!("{}: {error}", case.name));
        let at = |point: usize| inputs.iter().map(|input| input[point]).collect::<Vec<T>>();
        return (0..n).map(|point| format!("{:?}\n", tape.evaluate(&at(point)))).collect();
    }
    let routine = sound(case);
    let outputs = |run: &Run<'_, T>| {
        let mut found: Vec<Vec<T>> = routine.outputs.iter().map(|o| vec![T::of(f64::NAN); o.length(n)]).collect();
        let given: Vec<&[T]> = inputs.iter().map(Vec::as_slice).collect();
        run(&given, &mut found.iter_mut().map(|output| Some(output.as_mut_slice())).collect::<Vec<_>>());
        let named = routine.outputs.iter().zip(&found);
        named.map(|(output, found)| format!("{}: {found:?}\n", output.name)).collect::<String>()
    };
    let interpreted = |contraction: Contraction| {
        outputs(&|given, found| routine.interpret(contraction, n, given, found).expect("a routine that holds"))
    };
    let host = host_contraction();
    if host == Contraction::Fused || routine.tapes.iter().all(|tape| tape.contraction() == host) {
        for widest in [true, false] {
            let options = Options { widest, ..Options::default() };
            let loaded = codegen::load::<T>(&[&routine], &options).expect("machine code");
            let found = outputs(&|given, found| loaded[0].call(n, given, found));
            assert_eq!(found, interpreted(host), "{}: machine code and interpreter", case.name);
        }
    }
    interpreted(contraction(case))
}

/// A tape or a routine to Cranelift's form, or to assembly; `; needs: avx512f` says which machines the text is of.
pub fn codegen(case: &Case) -> Outcome {
    let has = cpu_features(Machine::Native);
    let needed: Vec<&str> = case.every("needs").collect();
    let form = case.option("form").unwrap_or("clif");
    if let Some(missing) = needed.iter().find(|feature| !has.contains(feature)) {
        println!("SKIPPED: {}: there is no {missing} here", case.name);
        return Outcome::Skipped;
    }
    let options = Options { keep_text: true, widest: form == "asm", ..Options::default() };
    let text = if case.input.starts_with("tape") {
        let tape: Tape = case.input.parse().unwrap_or_else(|error| panic!("{}: {error}", case.name));
        let compiled = codegen::jit(&[&tape], &options).expect("machine code").remove(0);
        if form == "asm" { compiled.asm().to_owned() } else { compiled.clif().to_owned() }
    } else {
        let loaded = codegen::load::<f64>(&[&sound(case)], &options).expect("machine code").remove(0);
        if form == "asm" { loaded.asm().to_owned() } else { loaded.clif().to_owned() }
    };
    // Each system has a calling convention of its own.
    Outcome::Text(format!("{}\n", text.trim_end().replace(" apple_aarch64", " system_v")))
}

/// A problem to its kernels: names, arguments, and what there is no kernel of.
pub fn emit(case: &Case) -> Outcome {
    let model = model(case);
    let (names, formulas): (Vec<_>, Vec<_>) = model.components().map(|c| (c.name.clone(), c.value)).unzip();
    let fields = Fields { graph: &model.graph, formulas: &formulas, names: &names, theta: None };
    let kinds: Vec<Kind> = case.every("kind").map(|name| Kind::from_name(name).expect("a kind")).collect();
    let request = Request {
        kinds: if kinds.is_empty() { Kind::ALL.to_vec() } else { kinds },
        scalar: Scalar::F64,
        machine: Machine::Baseline,
        prefix: model.name.clone(),
        effort: Effort::default(),
    };
    let mut text = String::new();
    match plan(&model, &fields, request, &mut Times::default()) {
        Err(error) => writeln!(text, "error: {error}").unwrap(),
        Ok(library) => {
            for kernel in &library.kernels {
                let routine = &kernel.routine;
                writeln!(text, "{}: {}", routine.name, kernel.formulas.join("; ")).unwrap();
                for (side, arguments) in [("in", &routine.inputs), ("out", &routine.outputs)] {
                    for a in arguments {
                        let points = if a.batched { " at each point" } else { "" };
                        writeln!(text, "  {side} {}{:?}{points}", a.name, a.shape).unwrap();
                    }
                }
            }
            library.skipped.iter().for_each(|(name, error)| writeln!(text, "no {name}: {error}").unwrap());
        }
    }
    Outcome::Text(text)
}
