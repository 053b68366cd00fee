//! The formulas of all terms as a graph in the DOT language (graphviz.org).

use std::fmt::Write;

use num_traits::{One, Zero};

use crate::expr::{Expr, Node};
use crate::model::Model;

/// One node for each shared part, an edge from what is used to what uses it; on the edges of sums the coefficients, on
/// those of products the exponents.
pub fn graph(model: &Model) -> String {
    let roots: Vec<Expr> = model.terms.iter().map(|term| term.residual).collect();
    let mut text = format!("digraph {} {{\n  rankdir=BT\n  node [shape=circle]\n", quoted(&model.name));
    for expr in model.graph.reachable(&roots) {
        let (shape, label) = label(model, expr);
        // Writing into a string never fails.
        let _ = writeln!(text, "  e{} [{shape}label={}]", expr.index(), quoted(&label));
        for (operand, label) in edges(model.graph.node(expr)) {
            let label = if label.is_empty() { String::new() } else { format!(" [label={}]", quoted(&label)) };
            let _ = writeln!(text, "  e{} -> e{}{label}", operand.index(), expr.index());
        }
    }
    for (number, term) in model.terms.iter().enumerate() {
        let _ = writeln!(text, "  t{number} [shape=box, label={}]", quoted(&term.label));
        let _ = writeln!(text, "  e{} -> t{number}", term.residual.index());
    }
    text + "}\n"
}

fn label(model: &Model, expr: Expr) -> (&'static str, String) {
    let plain = "shape=plain, ";
    match model.graph.node(expr) {
        Node::Rational(value) => (plain, value.to_string()),
        Node::Pi => (plain, "pi".to_owned()),
        Node::Euler => (plain, "e".to_owned()),
        Node::Symbol(symbol) => (plain, model.names().symbol(symbol)),
        Node::Sum { constant, .. } if constant.is_zero() => ("", "+".to_owned()),
        Node::Sum { constant, .. } => ("", format!("+ {constant}")),
        Node::Product(_) => ("", "*".to_owned()),
        Node::Power(..) => ("", "^".to_owned()),
        Node::Call(function, _) => ("", function.name().to_owned()),
        Node::Compare(relation, ..) => ("", relation.symbol().to_owned()),
        Node::Select(..) => ("", "if".to_owned()),
    }
}

/// The operands with what stands beside them.
fn edges(node: &Node) -> Vec<(Expr, String)> {
    match node {
        Node::Sum { terms, .. } => {
            let label = |c: &crate::expr::Rational| if c.is_one() { String::new() } else { c.to_string() };
            terms.iter().map(|(term, coefficient)| (*term, label(coefficient))).collect()
        }
        Node::Product(factors) => {
            let label = |e: &crate::expr::Exponent| if e.is_one() { String::new() } else { format!("^{e}") };
            factors.iter().map(|(base, exponent)| (*base, label(exponent))).collect()
        }
        node => {
            let mut operands = Vec::new();
            node.for_each_operand(|operand| operands.push(operand));
            let numbered = operands.len() > 1;
            let label = |n: usize| if numbered { (n + 1).to_string() } else { String::new() };
            operands.into_iter().enumerate().map(|(n, operand)| (operand, label(n))).collect()
        }
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
