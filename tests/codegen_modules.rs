//! Modules of machine code: shared by clones, shown on request, large.

use pdec::codegen::{self, Compiled, Options};
use pdec::tape::{Lane, PointProgram, Tape};

fn tape(number: usize) -> Tape {
    let text = format!(
        "tape separate, 1 inputs\nv0 = input 0\nv1 = const {number}.0\nv2 = add v0 v1\nv3 = exp v2\nv4 = mul v3 v2\noutputs v4\n"
    );
    text.parse().unwrap()
}

fn compile(tapes: &[Tape]) -> Vec<Compiled> {
    codegen::jit(&tapes.iter().collect::<Vec<_>>(), &Options::default()).unwrap()
}

fn at(program: &Compiled, x: f64) -> f64 {
    let mut result = [0.0];
    let lane = [Lane { buffer: 0, offset: 0, row_stride: 0 }];
    program.run(1, 1, &[&[x]], &lane, &mut [&mut result], &lane, &mut vec![0.0; program.scratch_len()]);
    result[0]
}

#[test]
fn a_clone_keeps_the_code() {
    let mut programs = compile(&[tape(1), tape(2)]);
    let kept = programs[1].clone();
    programs.clear();
    let found = std::thread::spawn(move || at(&kept, 0.5)).join().unwrap();
    assert_eq!(found, tape(2).evaluate(&[0.5])[0]);
}

#[test]
fn text_is_kept_on_request() {
    let tape = tape(1);
    let options = Options { keep_text: true, widest: false, ..Options::default() };
    let program = codegen::jit(&[&tape], &options).unwrap().remove(0);
    assert!(program.clif().contains("; tape0_segment0") && program.clif().contains("fadd"), "{}", program.clif());
    assert!(!program.asm().is_empty());
    assert!(compile(&[tape])[0].clif().is_empty());
}

#[test]
fn large_tapes_compile() {
    let mut text = String::from("tape separate, 2 inputs\nv0 = input 0\nv1 = input 1\n");
    for line in 2..12_000 {
        let name = ["add", "sub", "mul", "max"][line % 4];
        text += &format!("v{line} = {name} v{} v{}\n", line - 1, line - 1 - line * 7 % line.min(300));
    }
    text += "outputs v11999 v6000\n";
    let tape: Tape = text.parse().unwrap();
    let program = codegen::jit(&[&tape], &Options::default()).unwrap().remove(0);
    let points: Vec<f64> = (0..600).map(|i| f64::from(i) * 1e-3).collect();
    let mut result = vec![0.0; 600];
    let lanes = |n: usize| [0, 1].map(|i| Lane { buffer: 0, offset: i * n, row_stride: 0 });
    program.run(
        1,
        300,
        &[&points],
        &lanes(300),
        &mut [&mut result],
        &lanes(300),
        &mut vec![0.0; program.scratch_len()],
    );
    for i in 0..300 {
        let expected = tape.evaluate(&[points[i], points[300 + i]]);
        assert_eq!([result[i], result[300 + i]].map(f64::to_bits), [expected[0], expected[1]].map(f64::to_bits));
    }
}
