//! Random tapes: of formulas, and of lines that use what stands far above them.

use pdec::expr::{Exponent, Expr, Function, Graph, Rational, Relation, Symbol};
use pdec::tape::{Binary, Contraction, Tape, Ternary, Unary};
use pdec::vmath;
use proptest::prelude::*;

pub const INPUTS: usize = 3;

/// How to make one more formula from those that are there.
#[derive(Clone, Debug)]
pub struct Recipe {
    pub kind: u8,
    pub operands: [usize; 3],
    pub number: i8,
}

pub fn recipes(length: usize) -> impl Strategy<Value = Vec<Recipe>> {
    let recipe = (any::<u8>(), any::<[u16; 3]>(), -9..10_i8).prop_map(|(kind, operands, number)| Recipe {
        kind,
        operands: operands.map(usize::from),
        number,
    });
    prop::collection::vec(recipe, 1..length)
}

pub fn symbols() -> Vec<Symbol> {
    (0..INPUTS).map(|i| Symbol::Slot(i as u32)).collect()
}

pub fn inputs(graph: &mut Graph) -> Vec<Expr> {
    (0..INPUTS).map(|i| graph.slot(i)).collect()
}

pub fn ratio(number: i8, denominator: i64) -> Rational {
    Rational::new(i64::from(number).into(), denominator.into())
}

/// Anything at all, also formulas that are infinite or undefined everywhere.
pub fn wild(graph: &mut Graph, recipes: &[Recipe]) -> Vec<Expr> {
    let mut formulas = inputs(graph);
    for recipe in recipes {
        let [a, b, c] = recipe.operands.map(|i| formulas[i % formulas.len()]);
        let n = recipe.number;
        let formula = match recipe.kind % 12 {
            0 | 1 => graph.linear(ratio(n, 3), [(a, ratio(n, 7)), (b, ratio(1, 1)), (c, ratio(-1, 1))]),
            2 => graph.linear(ratio(0, 1), [(a, ratio(-1, 1)), (b, ratio(n, 1))]),
            3 | 4 => graph.mul(a, b),
            5 => graph.div(a, b),
            6 => graph.product([(a, Exponent::new(n.into(), 2)), (b, Exponent::from_integer((n / 3).into()))]),
            7 => graph.product([(a, Exponent::new(n.into(), 3))]),
            8 => {
                let function = Function::ALL[recipe.operands[2] % Function::ALL.len()];
                graph.call(function, &[a, b][..function.arity()])
            }
            9 => {
                let relations = [Relation::Equal, Relation::Less, Relation::LessEqual];
                graph.compare(relations[recipe.operands[2] % 3], a, b)
            }
            10 => graph.select(a, b, c),
            _ => graph.pow(a, b),
        };
        formulas.push(formula);
    }
    formulas
}

/// Numbers to try: mostly small ones.
pub fn number() -> impl Strategy<Value = f64> {
    prop_oneof![6 => -3.0..3.0, 1 => any::<f64>(), 1 => prop::sample::select(vec![0.0, -0.0, 1.0, -1.0])]
}

/// Every operation with the number of its operands.
pub fn operations(contraction: Contraction) -> Vec<(&'static str, usize)> {
    let may_be = |op: &Ternary| contraction == Contraction::Fused || !op.is_fused();
    let unary = Unary::ALL.map(|op| (op.name(), 1)).into_iter();
    let math = vmath::Function::ALL.map(|function| (function.name(), function.arity()));
    let ternary = Ternary::ALL.into_iter().filter(may_be).map(|op| (op.name(), 3));
    unary.chain(Binary::ALL.map(|op| (op.name(), 2))).chain(ternary).chain(math).collect()
}

/// Lines of any operations on any lines above, in the order in which they are drawn: hundreds of values live at once.
pub fn long_lived(contraction: Contraction, length: usize) -> impl Strategy<Value = Tape> {
    let line = (any::<prop::sample::Index>(), any::<[prop::sample::Index; 3]>());
    (prop::collection::vec(line, length), any::<[prop::sample::Index; 5]>()).prop_map(move |(lines, outputs)| {
        let operations = operations(contraction);
        let mut text = format!("tape {}, {INPUTS} inputs\n", contraction.name());
        (0..INPUTS).for_each(|i| text += &format!("v{i} = input {i}\n"));
        for (number, (operation, operands)) in (INPUTS..).zip(&lines) {
            // Half of all lines stay bounded, so that few values are infinite or undefined.
            let bounded = [("tanh", 1), ("sin", 1), ("min", 2), ("sub", 2), ("atan", 1), ("select", 3)];
            let (name, arity) = match operation.index(2 * operations.len()).checked_sub(operations.len()) {
                Some(any) => operations[any],
                None => bounded[number % bounded.len()],
            };
            let operands: String = operands[..arity].iter().map(|o| format!(" v{}", o.index(number))).collect();
            text += &format!("v{number} = {name}{operands}\n");
        }
        let all = INPUTS + lines.len();
        let last = (all - length / 10 - 1..all).chain(outputs.iter().map(|o| o.index(all)));
        text += &format!("outputs{}\n", last.map(|v| format!(" v{v}")).collect::<String>());
        text.parse().expect("a tape")
    })
}

/// The tape of one operation.
pub fn operation(name: &str, arity: usize, contraction: Contraction) -> Tape {
    let inputs: String = (0..arity).map(|i| format!("v{i} = input {i}\n")).collect();
    let operands: String = (0..arity).map(|i| format!(" v{i}")).collect();
    let head = format!("tape {}, {arity} inputs\n", contraction.name());
    let text = format!("{head}{inputs}v{arity} = {name}{operands}\noutputs v{arity}\n");
    text.parse().expect("an operation makes a tape")
}
