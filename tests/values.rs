//! Vectors, tensors and complex numbers in formulas: identities that must hold to the last sign, and values against
//! arithmetic that is done here.

#[path = "support/close.rs"]
#[allow(dead_code)]
mod close;

use pdec::dataset::Files;
use pdec::diagnostic::{Source, has_errors};
use pdec::expr::{Expr, Graph, Symbol};
use pdec::model::{self, Formulas, Overrides};
use pdec::syntax;

/// Formulas in the names of a file, and the graph in which they live.
fn formulas(text: &str, formulas: &[&str]) -> (Graph, Vec<Expr>) {
    let source = Source::new("test.pde", text);
    let ast = syntax::parse(&source).0.unwrap();
    let read = Formulas::parse(formulas).unwrap();
    let given = model::Given { overrides: &Overrides::default(), formulas: &read, files: &Files::default() };
    let (checked, found) = model::check_given(&ast, given);
    assert!(!has_errors(&found), "{found:?}");
    let (model, formulas) = checked.unwrap();
    (model.graph, formulas.into_iter().map(|(_, formula)| formula).collect())
}

fn zero(text: &str, identities: &[&str]) {
    let (_, found) = formulas(text, identities);
    for (identity, formula) in identities.iter().zip(found) {
        assert_eq!(formula, Graph::ZERO, "{identity}");
    }
}

const PLANE: &str = "domain x in [0, 1], y in [0, 1]\nunknown w: vector, v: vector, p, T: tensor\n\
    eq w = grad(p)\neq lap(p) = 1\neq v = w\neq T = grad(w)\nbc p = 0 on boundary\n";

#[test]
fn identities_of_the_plane() {
    zero(
        PLANE,
        &[
            "div(curl(p))",
            "curl(grad(p))",
            "(lap(w) - grad(div(w)) + curl(curl(w))).x",
            "(adv(v, w) - dot(grad(w), v)).x",
            "(adv(v, w) - dot(v, transpose(grad(w)))).y",
            "trace(grad(w)) - div(w)",
            "(div(grad(w)) - lap(w)).y",
            "grad(w).xy - w_y.x",
            "grad(w)[2, 1] - w_x.y",
            "dot(T, transpose(T)).xy - T.xx*T.yx - T.xy*T.yy",
            "norm2(T) - trace(dot(T, transpose(T)))",
            "div(T).x - T_x.xx - T_y.xy",
            "dot(((1, 2), (3, 4)), (5, 6)).y - 39",
            "dot((5, 6), ((1, 2), (3, 4))).y - 34",
            "curl(p).y + p_x",
        ],
    );
}

#[test]
fn identities_of_space() {
    let space = "domain x in [0, 1], y in [0, 1], z in [0, 1]\nunknown w: vector, p\neq w = grad(p)\neq lap(p) = 1\n\
        bc p = 0 on boundary\n";
    zero(
        space,
        &[
            "div(curl(w))",
            "curl(grad(p)).z",
            "(lap(w) - grad(div(w)) + curl(curl(w))).y",
            "curl(w).x - w_y.z + w_z.y",
            "trace(grad(w)) - div(w)",
        ],
    );
}

const COMPLEX: &str = "time t in [0, 1]\ndomain x in [-1, 1], y in [-1, 1]\nunknown h: complex\n\
    eq 1i*h_t + lap(h) = 0\nic h = 1\nbc h = 1 on boundary\n";

#[test]
fn identities_of_complex_numbers() {
    zero(
        COMPLEX,
        &[
            "im(h*conj(h))",
            "re(h*conj(h)) - abs2(h)",
            "re(1i*h) + im(h)",
            "re(h^3 - h*h*h)",
            "im(1i^2)",
            "re(1i^-1)",
            "im(1i^-1) + 1",
            "norm2(grad(h)) - abs2(h_x) - abs2(h_y)",
            "re(div(grad(h)) - lap(h))",
            "re(d(h^2, x) - 2*h*h_x)",
            "h.re - re(h)",
            "grad(h).x.im - im(h_x)",
            "re(if x > 0 then h else 0) - (if x > 0 then re(h) else 0)",
        ],
    );
}

#[test]
fn values_of_complex_formulas() {
    let texts =
        ["(1 + 2i)/(3 - 4i)", "exp(0.3 + 0.7i)", "sin(0.3 + 0.7i)", "cosh(0.3 + 0.7i)", "(1 + 1i)^-3", "2^(1i)"];
    let parts: Vec<String> = texts.iter().flat_map(|z| [format!("re({z})"), format!("im({z})")]).collect();
    let (graph, found) = formulas(COMPLEX, &parts.iter().map(String::as_str).collect::<Vec<_>>());
    let values = graph.evaluate(&found, |_: &Symbol| f64::NAN);
    let (a, b) = (0.3_f64, 0.7_f64);
    let log = std::f64::consts::LN_2;
    let expected = [
        [-0.2, 0.4],
        [a.exp() * b.cos(), a.exp() * b.sin()],
        [a.sin() * b.cosh(), a.cos() * b.sinh()],
        [a.cosh() * b.cos(), a.sinh() * b.sin()],
        [-0.25, -0.25],
        [log.cos(), log.sin()],
    ];
    for (i, value) in values.iter().enumerate() {
        close::assert_relative([*value], [expected[i / 2][i % 2]], 1e-14);
    }
}
