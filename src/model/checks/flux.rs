//! A coefficient that jumps: the strong form does not know the flux condition there.

use crate::diagnostic::Diagnostic;
use crate::expr::{Expr, Function, Graph, Jet, Node, Symbol};

use super::super::{Model, Term};
use super::orders::{equations, place_in};

pub(super) fn check(model: &Model, graph: &mut Graph) -> Vec<Diagnostic> {
    equations(model).filter_map(|equation| jumping_coefficient(model, graph, equation)).collect()
}

fn jumping_coefficient(model: &Model, graph: &mut Graph, equation: &Term) -> Option<Diagnostic> {
    let second: Vec<Jet> = graph.jets(&[equation.residual]).into_iter().filter(|jet| jet.index.order() >= 2).collect();
    let jet = second.into_iter().find(|jet| {
        let coefficient = graph.derivative(equation.residual, &Symbol::Jet(jet.clone()));
        jumps(graph, coefficient)
    })?;
    let name = model.names().jet(&jet);
    let message = format!("the coefficient of `{name}` jumps: its flux condition is lost in the strong form");
    Some(
        Diagnostic::warning("W0315", message, place_in(model, equation, |j| *j == jet), "its coefficient jumps")
            .note("between sample points nothing asks for the flux to be continuous across the jump")
            .help(
                "write the problem as an energy, `minimize integral(...)`, which keeps the flux, or smooth the \
                 coefficient over a small width, for example with `tanh`",
            ),
    )
}

/// Whether a formula of the coordinates can jump. Kinks, as of `abs`, `min` and `max`, do not count.
fn jumps(graph: &Graph, formula: Expr) -> bool {
    graph.reachable(&[formula]).into_iter().any(|e| match graph.node(e) {
        Node::Call(Function::Step | Function::Sign, arguments) => depends_on_place(graph, arguments[0]),
        Node::Select(condition, a, b) => a != b && depends_on_place(graph, *condition),
        Node::Compare(_, a, b) => depends_on_place(graph, *a) || depends_on_place(graph, *b),
        _ => false,
    })
}

fn depends_on_place(graph: &Graph, formula: Expr) -> bool {
    graph.symbols(&[formula]).iter().any(|symbol| matches!(symbol, Symbol::Coordinate(_)))
}
