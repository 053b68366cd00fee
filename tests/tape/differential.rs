//! Random formulas: machine code = interpreter = tape at a point, bit for bit, and all of them near the formula.

use pdec::codegen::{self, Options};
use pdec::expr::{Exponent, Expr, Function, Graph, Symbol};
use pdec::tape::{Contraction, Interpreter, Lane, PointProgram, Tape, host_contraction};
use proptest::prelude::*;

use super::bits::{difference, same};
use super::random_tape::{INPUTS, Recipe, inputs, long_lived, number, ratio, recipes, symbols, wild};

/// Whole turns of the widest registers, and some points left.
const POINTS: usize = 21;

/// Formulas of moderate positive numbers without cancellation, so that their rounding errors stay small.
fn tame(graph: &mut Graph, recipes: &[Recipe]) -> Vec<Expr> {
    let mut formulas = inputs(graph);
    for recipe in recipes {
        let [a, b, _] = recipe.operands.map(|i| formulas[i % formulas.len()]);
        let n = recipe.number.abs();
        let formula = match recipe.kind % 10 {
            0 => graph.linear(ratio(n, 3), [(a, ratio(1, 7)), (b, ratio(1, 1))]),
            1 => graph.mul(a, b),
            2 => graph.div(a, b),
            3 => graph.product([(a, Exponent::new((n % 4).into(), 2)), (b, Exponent::new(-1, 2))]),
            4 => graph.product([(a, Exponent::new(recipe.number.into(), 8))]),
            5 => {
                let difference = graph.sub(a, b);
                let square = graph.powi(difference, 2);
                graph.add(square, Graph::ONE)
            }
            6 => {
                let opposite = graph.neg(a);
                let decay = graph.call(Function::Exp, &[opposite]);
                graph.add(decay, b)
            }
            7 => {
                let bounded = [Function::Tanh, Function::Atan, Function::Sin, Function::Cos][n as usize % 4];
                let value = graph.call(bounded, &[a]);
                graph.linear(ratio(2, 1), [(value, ratio(1, 2)), (b, ratio(1, 9))])
            }
            8 => {
                // The normal form turns the sum around and writes a minus before the product.
                let tanh = graph.call(Function::Tanh, &[a]);
                let falling = graph.linear(ratio(2, 1), [(tanh, ratio(-1, 1))]);
                graph.product([(falling, Exponent::from_integer(1 + i64::from(n % 3))), (b, Exponent::new(1, 2))])
            }
            _ => graph.call([Function::Max, Function::Min][n as usize % 2], &[a, b]),
        };
        formulas.push(formula);
    }
    formulas
}

pub fn run(program: &impl PointProgram, columns: &[Vec<f64>]) -> Vec<f64> {
    let count = columns[0].len();
    let lanes = |n: usize| (0..n).map(|i| Lane { buffer: 0, offset: i * count, row_stride: count }).collect::<Vec<_>>();
    let data = columns.concat();
    let mut result = vec![0.0; program.outputs() * count];
    let mut scratch = vec![f64::NAN; program.scratch_len()];
    let (inputs, outputs) = (lanes(program.inputs()), lanes(program.outputs()));
    program.run(1, count, &[&data], &inputs, &mut [&mut result], &outputs, &mut scratch);
    result
}

/// Machine code, the interpreter of blocks and the tape at each point.
fn all_agree(tape: &Tape, columns: &[Vec<f64>], (longest_body, widest): (usize, bool)) -> Result<(), TestCaseError> {
    let options = Options { verify: true, longest_body, widest, ..Options::default() };
    let compiled = codegen::jit(&[tape], &options).unwrap().remove(0);
    let expected = run(&Interpreter::new(tape), columns);
    let found = run(&compiled, columns);
    if let Some(i) = difference(&found, &expected) {
        prop_assert!(false, "machine code {:?}, interpreter {:?} at {}\n{}", found[i], expected[i], i, tape);
    }
    for point in 0..POINTS {
        let at: Vec<f64> = columns.iter().map(|c| c[point]).collect();
        for (output, value) in tape.evaluate(&at).into_iter().enumerate() {
            prop_assert!(same(value, expected[output * POINTS + point]), "one point and a block differ\n{}", tape);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn machine_code_is_the_interpreter(
        recipes in recipes(160),
        columns in prop::collection::vec(prop::collection::vec(number(), POINTS), INPUTS),
        longest_body in prop::sample::select(vec![1_usize, 3, 10, 1000]),
        roots in 1..64_usize,
        widest in any::<bool>(),
    ) {
        let mut graph = Graph::new();
        let formulas = wild(&mut graph, &recipes);
        let roots = &formulas[formulas.len().saturating_sub(roots)..];
        for contraction in [Contraction::Separate, host_contraction()] {
            let tape = Tape::new(&graph, roots, &symbols(), contraction).unwrap();
            prop_assert_eq!(&tape.to_string().parse::<Tape>().unwrap().to_string(), &tape.to_string());
            all_agree(&tape, &columns, (longest_body, widest))?;
        }
    }

    #[test]
    fn long_live_ranges_change_nothing(
        tape in long_lived(host_contraction(), 300),
        columns in prop::collection::vec(prop::collection::vec(number(), POINTS), INPUTS),
        longest_body in prop::sample::select(vec![10_usize, 1000]),
        widest in any::<bool>(),
    ) {
        all_agree(&tape, &columns, (longest_body, widest))?;
    }

    #[test]
    fn tapes_compute_their_formulas(
        recipes in recipes(25),
        point in prop::collection::vec(0.5..2.0, INPUTS),
    ) {
        let mut graph = Graph::new();
        let formulas = tame(&mut graph, &recipes);
        let value = |symbol: &Symbol| if let Symbol::Slot(i) = symbol { point[*i as usize] } else { f64::NAN };
        let expected = graph.evaluate(&formulas, value);
        // Beyond the first large or tiny value the formulas are not tame any more.
        let end = expected.iter().position(|v| !(1e-4..1e4).contains(v)).unwrap_or(expected.len());
        for contraction in [Contraction::Fused, Contraction::Separate] {
            let tape = Tape::new(&graph, &formulas[..end], &symbols(), contraction).unwrap();
            for ((found, expected), formula) in tape.evaluate(&point).iter().zip(&expected).zip(&formulas) {
                let error = (found - expected).abs() / expected.abs();
                let text = graph.display(*formula, &Default::default());
                prop_assert!(error < 1e-10, "{found:?}, not {expected:?}: {text}\n{tape}");
            }
        }
    }
}
