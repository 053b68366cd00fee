//! The same problem in other words: statements in another order, formulas in another spelling. The object has the same bytes,
//! and so have the points and parameters of a run.

use std::mem::discriminant;

use pdec::codegen::Machine;
use pdec::diagnostic::Source;
use pdec::emit::Library;
use pdec::kernel::PointSet;
use pdec::pipeline::{Backend, Times, assemble_on, lower};
use pdec::simplify::Effort;
use pdec::syntax::ast::StatementKind;
use pdec::syntax::parse;
use pdec::train::{Limits, Session, Silent};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use super::bits::difference;
use super::differential::small_text;
use super::library::{library_of_text, model_of, problems, problems_with_kernels, text_of};

/// Whether two statements are of a kind whose order has a meaning: of axes and unknowns (arguments), numbers that are found
/// (their place in θ), equations, conditions and data (rows and kernels), stages, and what is printed.
fn keep_their_order(a: &StatementKind, b: &StatementKind) -> bool {
    use StatementKind::{Bc, Constraint, Data, Domain, Eq, Fit, Ic, Minimize, Output, Param, Report, Train, Unknown};
    let is_kept = match a {
        Domain { .. } | Unknown { .. } | Fit { .. } | Eq { .. } | Ic { .. } | Bc { .. } | Minimize { .. } => true,
        Constraint { .. } | Data { .. } | Train { .. } | Report { .. } | Output { .. } => true,
        // A parameter with a range is an axis.
        Param { .. } => true,
        _ => false,
    };
    is_kept && discriminant(a) == discriminant(b)
}

/// The statements of a text in an order of their own: those that keep their order take the places of their like in turn.
fn shuffled(text: &str, runner: &mut TestRunner) -> String {
    let source = Source::new("", text);
    let ast = parse(&source).0.expect("statements");
    let order: Vec<usize> = (0..ast.statements.len()).collect();
    let order = Just(order).prop_shuffle().new_tree(runner).expect("an order").current();
    let kind = |statement: usize| &ast.statements[statement].kind;
    let in_turn = |(place, &statement): (usize, &usize)| {
        let like = |other: &usize| keep_their_order(kind(statement), kind(*other));
        if !like(&statement) {
            return statement;
        }
        let before = order[..place].iter().copied().filter(like).count();
        (0..order.len()).filter(like).nth(before).expect("as many as there are")
    };
    let text_of = |statement: usize| &text[ast.statements[statement].span.range()];
    let lines: Vec<&str> = order.iter().enumerate().map(in_turn).map(text_of).collect();
    lines.join("\n")
}

fn bytes(library: &Library) -> Vec<u8> {
    library.object(false).expect("an object").bytes
}

fn texts(library: &Library) -> Vec<String> {
    library.kernels.iter().map(|kernel| kernel.routine.to_string()).collect()
}

/// The same stages, and the same bytes.
fn assert_same(what: &str, found: &Library, expected: &Library) {
    for (found, expected) in texts(found).iter().zip(&texts(expected)) {
        let differs = found.lines().zip(expected.lines()).find(|(a, b)| a != b);
        assert_eq!(differs, None, "{what}: a stage of\n{expected}");
    }
    assert!(bytes(found) == bytes(expected), "{what}: the stages are the same, the bytes are not");
}

/// All problems that come with pdec.
#[test]
fn the_order_of_definitions_does_not_show() {
    let mut runner = TestRunner::deterministic();
    for name in problems_with_kernels() {
        let text = text_of(&name);
        let other = shuffled(&text, &mut runner);
        let library = |text: &str| library_of_text(&name, text, Machine::Native);
        assert_same(&format!("{name}:\n{other}"), &library(&other), &library(&text));
    }
}

/// The first points of a problem, and θ after some steps from them.
fn run(name: &str, text: &str) -> (Vec<PointSet>, Vec<f64>) {
    const STEPS: usize = 20;
    let model = model_of(name, text);
    let lowered = lower(model, Effort::default(), &mut Times::default()).expect("programs");
    let points = lowered.draw_all(0).expect("points");
    let compiled = assemble_on(lowered, &points, Backend::Jit, &mut Times::default()).expect("a kernel");
    let mut session = Session::new(compiled, 0).expect("a session");
    session.run(Limits { steps: Some(STEPS), ..Limits::default() }, &mut Silent).expect("a run");
    (points, session.thetas().concat())
}

/// All problems that come with pdec, on a small network, with the methods and points that they ask for.
#[test]
fn the_order_of_definitions_does_not_change_a_run() {
    let mut runner = TestRunner::deterministic();
    for name in problems() {
        let text = small_text(&name, "mlp(6)");
        let other = shuffled(&text, &mut runner);
        let ((points, theta), (other_points, other_theta)) = (run(&name, &text), run(&name, &other));
        assert!(points == other_points, "{name}: other points of\n{other}");
        assert_eq!(difference(&theta, &other_theta), None, "{name}: other parameters of\n{other}");
    }
}

/// Spellings of the same problem: what they share, and what each says in its own way.
const SPELLINGS: [(&str, &[&str]); 24] = [
    (
        "domain x in [0, 1], y in [0, 1]\nunknown u\nbc u = 0 on boundary",
        &[
            "eq -lap(u) = 2*pi^2*sin(pi*x)*sin(pi*y)",
            "eq -(u_xx + u_yy) = sin(y*pi)*sin(pi*x)*2*pi*pi",
            "eq -div(grad(u)) = 2*(pi*sin(pi*x))*(pi*sin(pi*y))",
            "eq -d(d(u, x), x) - d(u, y, 2) - 2*pi^2*sin(pi*x)*sin(pi*y) = 0",
            "eq 0 = 2*pi^2*sin(pi*x)*sin(pi*y) + lap(u)",
            "let f = pi^2*(sin(pi*x) + sin(pi*x))*sin(pi*y)\neq lap(-u) = f",
            "param k = 4/2\nlet s(z) = sin(pi*z)\neq -lap(u) = k*pi^k*s(x)*s(y)",
        ],
    ),
    (
        "time t in [0, 1]\ndomain x in [-1, 1]\nunknown u\nic u = -sin(pi*x)\nbc u = 0 on boundary",
        &[
            "param nu = 0.01/pi\neq u_t + u*u_x = nu*u_xx",
            "eq u_t + 1/2*d(u^2, x) = 1/(100*pi)*u_xx",
            "eq u_t = 0.01/pi*u_xx - u_x*u",
            "let flux = u^2/2 - 0.01*u_x/pi\neq u_t + d(flux, x) = 0",
        ],
    ),
    (
        "domain x in [-1, 1], y in [-1, 1]\nunknown u\nbc u = 0 on boundary with weight=1",
        &[
            "minimize integral(sqrt(1 + norm2(grad(u))))",
            "minimize integral((u_y*u_y + u_x^2 + 1)^(1/2))",
            "minimize integral(sqrt(dot(grad(u), grad(u)) + 1))",
            "let area = 1 + u_x^2 + u_y^2\nminimize integral(area/area^0.5)",
        ],
    ),
    (
        "domain x in [0, 1], y in [0, 1]\nunknown w: vector, p\neq div(w) = 0\nbc w = (0, 0) on boundary",
        &[
            "eq adv(w, w) = -grad(p) + 0.05*lap(w)",
            "let v = w\neq grad(p) + adv(v, w) = lap(w)/20",
            "eq adv(w, w) + grad(p) - div(grad(w))*0.05 = (0, 0)",
        ],
    ),
    (
        "domain x in [0, 1]\nunknown u\nbc u = 1 on boundary",
        &["eq d((1 + u^2)*u_x, x) = exp(-u)", "eq (1 + u^2)*u_xx + 2*u*u_x^2 = 1/exp(u)"],
    ),
    (
        "domain x in [0, 1]\nunknown u\nbc u = 1 on boundary",
        &["eq u_xx = tanh(x)*u", "eq u_xx = u*sinh(x)/cosh(x)", "eq u_xx + (-1)*u*sinh(x)*sech(x) = 0"],
    ),
    (ON_A_LINE, &["eq u_xx = tanh(u)*u_x", "eq u_xx = u_x*sinh(u)/cosh(u)", "eq u_xx - sech(u)*sinh(u)*u_x = 0"]),
    (ON_A_LINE, &["eq u_xx = tan(u)*u_x", "eq u_xx = sin(u)*u_x/cos(u)"]),
    (ON_A_LINE, &["eq u_xx = u_x/cosh(u)^2", "eq u_xx = u_x*sech(u)^2", "eq u_xx = u_x - u_x*tanh(u)^2"]),
    (
        ON_A_LINE,
        &["eq u_xx = u_x*sinh(u)", "eq u_xx = u_x*(exp(u) - exp(-u))/2", "eq u_xx = u_x*(exp(u) - 1/exp(u))/2"],
    ),
    (ON_A_LINE, &["eq u_xx = sin(2*u)", "eq u_xx = 2*sin(u)*cos(u)"]),
    (ON_A_LINE, &["eq u_xx = sin(u)^2", "eq u_xx = 1 - cos(u)^2", "eq u_xx + cos(u)^2 = 1"]),
    (
        ON_A_LINE,
        &["eq u_xx = u - u^3", "eq u_xx = u*(1 - u^2)", "eq u_xx = u*(1 - u)*(1 + u)", "eq u_xx + u*u*u - u = 0"],
    ),
    (ON_A_LINE, &["eq u_xx = u^2 - u_x^2", "eq u_xx = (u - u_x)*(u + u_x)"]),
    (ON_A_LINE, &["eq u_xx = x*u + x*u_x", "eq u_xx = x*(u + u_x)"]),
    (ON_A_LINE, &["eq u_xx = exp(x)*(u_x^2 + u^2 + 1)", "eq u_xx = exp(x)*u_x^2 + exp(x) + u^2*exp(x)"]),
    (ON_A_LINE, &["eq u_xx = x*(1 - x)*u_x", "eq u_xx = x*u_x - x^2*u_x"]),
    (ON_A_LINE, &["eq u_xx = exp(u + u_x)", "eq u_xx = exp(u)*exp(u_x)", "eq u_xx = exp(u_x)/exp(-u)"]),
    (ON_A_LINE, &["eq u_xx = u_x*exp(-u)", "eq u_xx = u_x/exp(u)"]),
    (
        ON_A_LINE,
        &["eq u_xx = u*log(x*(x + 1))", "eq u_xx = u*(log(x) + log(x + 1))", "eq u_xx = log(1 + x)*u + u*log(x)"],
    ),
    (ON_A_LINE, &["eq u_xx = u*log(x)/2", "eq u_xx = u*log(sqrt(x))"]),
    (ON_A_LINE, &["eq u_xx = x*u", "eq u_xx = sqrt(x)^2*u", "eq u_xx = abs(x)*u", "eq u_xx = x^2*u/x"]),
    (
        ON_A_LINE,
        &["eq u_xx/sqrt(1 + u_x^2) = u", "eq u_xx*sqrt(1 + u_x^2)/(1 + u_x^2) = u", "eq u_xx*(1 + u_x^2)^(-1/2) = u"],
    ),
    (ON_A_LINE, &["eq u_xx = (u_x - u)/(1 + u^2)", "eq u_xx = u_x/(1 + u^2) - u/(1 + u^2)"]),
];

/// An unknown of one variable that is positive.
const ON_A_LINE: &str = "domain x in [1, 2]\nunknown u\nbc u = 1 on boundary";

#[test]
fn spellings_of_the_same_problem_are_one_code() {
    for (shared, spellings) in SPELLINGS {
        let library = |own: &str| {
            let text = format!("problem spelling\n{shared}\n{own}\nnetwork mlp(8)\n");
            library_of_text("spelling", &text, Machine::Native)
        };
        let first = library(spellings[0]);
        for own in &spellings[1..] {
            assert_same(own, &library(own), &first);
        }
    }
}

/// What decides about the bytes is in the hash, and nothing else.
#[test]
fn the_hash_is_of_what_is_compiled() {
    let hash = |text: &str, machine: Machine| library_of_text("heat", text, machine).hash;
    let text = text_of("heat");
    let native = hash(&text, Machine::Native);
    assert_eq!(hash(&format!("# A remark\n{text}"), Machine::Native), native);
    assert_ne!(hash(&text.replace("param a = 1/4", "param a = 1/5"), Machine::Native), native);
    assert_ne!(hash(&text, Machine::Baseline), native);
}
