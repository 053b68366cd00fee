//! Formulas of the point that have no finite value where they are needed: `log(x - 2)` on [0, 1].
//!
//! Training would meet them in its first step and could not say more than that the loss is no number. What depends on an
//! unknown is not judged, since nobody knows its values, and of `if` only the branch that is taken. Single points, such as
//! `1/x` at the end of an axis, are missed: rules that avoid the end are a way to treat them.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::diagnostic::Diagnostic;
use crate::expr::{Expr, Function, Graph, Node, Symbol};

use super::super::{Model, Term, TermKind};
use super::probe::{points_of_term, values_at};
use super::wording::point;

pub(super) fn check(model: &Model, graph: &mut Graph) -> Vec<Diagnostic> {
    model.terms.iter().filter_map(|term| check_term(model, graph, term)).collect()
}

fn check_term(model: &Model, graph: &mut Graph, term: &Term) -> Option<Diagnostic> {
    let sides = [term.left, term.right];
    let factors = factors(graph, &sides);
    let parts: Vec<Expr> = sides.into_iter().chain(factors.values().flatten().copied()).collect();
    let known = known_nodes(graph, &parts);
    let points = points_of_term(model, term);
    let mut first = None;
    let mut count = 0;
    for (at, piece) in &points {
        let values = values_at(graph, &known, at, Some(*piece), |_| f64::NAN);
        let values: FxHashMap<Expr, f64> = known.iter().copied().zip(values).collect();
        let Some(offender) = (Search { graph, factors: &factors, values: &values }).offender(&sides) else { continue };
        count += 1;
        first.get_or_insert((offender, at.clone()));
    }
    let (offender, at) = first?;
    let kind = match term.kind {
        TermKind::Boundary => "the boundary condition",
        TermKind::Initial => "the initial condition",
        TermKind::Energy => "the energy",
        TermKind::Constraint => "the constraint",
        TermKind::Data(_) => "the data",
        TermKind::Equation => "the equation",
    };
    let text = graph.display(offender, &model.names());
    let text = if text.chars().count() > 60 { "a formula".to_owned() } else { format!("`{text}`") };
    let message = format!("{text} in {kind} `{}` is not a finite number", term.label);
    let is_constant = graph.symbols(&[offender]).is_empty();
    let place = if is_constant { String::new() } else { point(model, &at) };
    let place = if place.is_empty() { "here".to_owned() } else { format!("at {place}") };
    let mut found = Diagnostic::error("E0702", message, term.span, format!("not finite {place}"));
    if count < points.len() && !is_constant {
        found = found.note(format!("so it is at {count} of the {} points that were looked at", points.len()));
    }
    Some(found.help(match graph.node(offender) {
        node @ Node::Call(..) => remedy(node),
        _ if is_constant => {
            "numbers of double precision end at 1.8e308: choose other units, or divide by such a factor"
        }
        node => remedy(node),
    }))
}

fn remedy(node: &Node) -> &'static str {
    match node {
        Node::Call(Function::Log, _) => "`log` needs a number above 0 on the whole place",
        Node::Call(Function::Asin | Function::Acos, _) => "its argument has to stay in [-1, 1] on the whole place",
        Node::Product(_) | Node::Power(..) => {
            "a root needs a number of at least 0, and a denominator may not vanish; `if .. then .. else` keeps to the \
             part of the place where the formula holds"
        }
        _ => "`if .. then .. else` keeps to the part of the place where the formula holds",
    }
}

/// The nodes that depend on coordinates and normals only, operands first.
fn known_nodes(graph: &Graph, roots: &[Expr]) -> Vec<Expr> {
    let mut known: FxHashSet<Expr> = FxHashSet::default();
    let mut list = Vec::new();
    for expr in graph.reachable(roots) {
        let node = graph.node(expr);
        let mut is_known = !matches!(node, Node::Symbol(Symbol::Jet(_) | Symbol::Slot(_)));
        node.for_each_operand(|operand| is_known &= known.contains(&operand));
        if is_known {
            known.insert(expr);
            list.push(expr);
        }
    }
    list
}

/// The factors of each product, as formulas of their own: `sqrt(x)` of `sqrt(x)*u`.
fn factors(graph: &mut Graph, roots: &[Expr]) -> FxHashMap<Expr, Vec<Expr>> {
    let mut found = FxHashMap::default();
    for expr in graph.reachable(roots) {
        if let Node::Product(factors) = graph.node(expr).clone()
            && factors.len() > 1
        {
            found.insert(expr, factors.into_iter().map(|factor| graph.product([factor])).collect());
        }
    }
    found
}

/// One point, and what formulas are worth there.
struct Search<'a> {
    graph: &'a Graph,
    factors: &'a FxHashMap<Expr, Vec<Expr>>,
    /// The values of the formulas that are known.
    values: &'a FxHashMap<Expr, f64>,
}

impl Search<'_> {
    /// The smallest known formula without a finite value that the roots use.
    fn offender(&self, roots: &[Expr]) -> Option<Expr> {
        let mut open: Vec<Expr> = roots.to_vec();
        let mut seen: FxHashSet<Expr> = FxHashSet::default();
        while let Some(expr) = open.pop() {
            if !seen.insert(expr) {
                continue;
            }
            match self.values.get(&expr) {
                Some(value) if value.is_finite() => {}
                Some(_) => return Some(self.innermost(expr)),
                None => open.extend(self.used(expr)),
            }
        }
        None
    }

    fn innermost(&self, outer: Expr) -> Expr {
        let mut expr = outer;
        let is_bad = |e: &Expr| self.values.get(e).is_some_and(|value| !value.is_finite());
        while let Some(inner) = self.used(expr).into_iter().find(is_bad) {
            expr = inner;
        }
        expr
    }

    /// The operands whose values count: of `if`, the branch that is taken.
    fn used(&self, expr: Expr) -> Vec<Expr> {
        if let Some(factors) = self.factors.get(&expr) {
            return factors.clone();
        }
        let node = self.graph.node(expr);
        if let Node::Select(condition, yes, no) = node {
            return match self.values.get(condition) {
                Some(&value) => vec![*condition, if value != 0.0 { *yes } else { *no }],
                None => vec![*condition],
            };
        }
        let mut operands = Vec::new();
        node.for_each_operand(|operand| operands.push(operand));
        operands
    }
}
