//! What formulas cost, in units of one addition.
//!
//! The same weights everywhere: when the e-graph chooses, when candidates are compared and in the report. Operations are
//! counted on the shared graph of all roots, after the peephole rules of the machine: a product that only one addition
//! uses fuses with it, a sign dissolves in an addition, and a reciprocal that only one product uses is a division.

use egg::{Id, Language};

use super::language::Term;
use super::lower::{Operations, lower};
use crate::expr::{Expr, Function, Graph};

pub(super) const NEGATION: f64 = 0.5;

/// The weight of an operation by itself: addition, multiplication, comparison and choice 1, reciprocal 8, square root 9,
/// a function 20. Atoms and numbers cost nothing.
pub(super) fn weight(term: &Term) -> f64 {
    match term {
        Term::Number(_) | Term::Pi | Term::Euler | Term::Atom(_) => 0.0,
        Term::Add(_) | Term::Multiply(_) | Term::Extremum(..) | Term::Compare(..) | Term::Select(_) => 1.0,
        Term::Call(Function::Abs, _) => NEGATION,
        Term::Call(Function::Sign | Function::Step, _) => 1.0,
        Term::Recip(_) => 8.0,
        Term::Sqrt(_) => 9.0,
        Term::Power(_) | Term::Call(..) => 20.0,
    }
}

/// What all roots cost together; shared parts count once.
pub fn dag_cost(graph: &Graph, roots: &[Expr]) -> f64 {
    cost(&lower(graph, roots).0)
}

/// What is to become small. Where formulas cost the same, spellings of one formula still differ in the rest.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub(super) struct Size {
    /// What all roots cost together.
    pub(super) cost: f64,
    /// The operations without the peephole rules.
    pub(super) operations: usize,
    /// The operands of all nodes in normal form.
    operands: usize,
}

pub(super) fn size(graph: &Graph, roots: &[Expr]) -> Size {
    let lowered = lower(graph, roots).0;
    let mut operands = 0;
    for expr in graph.reachable(roots) {
        graph.node(expr).for_each_operand(|_| operands += 1);
    }
    let operations = lowered.terms.iter().filter(|term| !term.is_leaf()).count();
    Size { cost: cost(&lowered), operations, operands }
}

/// What a term is to the peephole rules.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Depends on no atom: computed once, before the machine runs.
    Constant,
    /// `-1·x`
    Sign(Id),
    /// `x·recip(y)` where nothing else uses the reciprocal.
    Division,
    Product,
    Other,
}

pub(super) fn cost(operations: &Operations) -> f64 {
    let uses = uses(operations);
    let forms = forms(operations, &uses);
    let mut sign_needed = vec![false; forms.len()];
    for root in &operations.roots {
        sign_needed[usize::from(*root)] = true;
    }
    let mut total = 0.0;
    for (i, term) in operations.terms.iter().enumerate() {
        if uses[i] == 0 || forms[i] == Form::Constant {
            continue;
        }
        total += match (forms[i], term) {
            (Form::Sign(_) | Form::Division, _) => 0.0,
            (_, Term::Add(operands)) => addition(operands, &uses, &forms),
            _ => weight(term),
        };
        if !matches!(term, Term::Add(_)) {
            term.for_each(|operand| sign_needed[usize::from(operand)] = true);
        }
    }
    let signs = (0..forms.len()).filter(|&i| uses[i] > 0 && sign_needed[i] && matches!(forms[i], Form::Sign(_)));
    total + NEGATION * signs.count() as f64
}

/// The cost of an addition beyond that of its operands, each counted in full.
fn addition(operands: &[Id; 2], uses: &[u32], forms: &[Form]) -> f64 {
    let fuses = |operand: &Id| {
        let at = usize::from(*operand);
        match forms[at] {
            Form::Product => uses[at] == 1,
            Form::Sign(inside) => {
                uses[at] == 1 && uses[usize::from(inside)] == 1 && forms[usize::from(inside)] == Form::Product
            }
            _ => false,
        }
    };
    let both_negative = operands.iter().all(|o| matches!(forms[usize::from(*o)], Form::Sign(_)));
    let fused = operands.iter().any(fuses);
    1.0 - f64::from(u8::from(fused)) + if both_negative { NEGATION } else { 0.0 }
}

/// How often each term is used by what the roots need.
fn uses(operations: &Operations) -> Vec<u32> {
    let mut uses = vec![0; operations.terms.len()];
    for root in &operations.roots {
        // A root is stored: its value is needed by itself.
        uses[usize::from(*root)] += 2;
    }
    for (i, term) in operations.terms.iter().enumerate().rev() {
        if uses[i] > 0 {
            term.for_each(|operand| uses[usize::from(operand)] += 1);
        }
    }
    uses
}

fn forms(operations: &Operations, uses: &[u32]) -> Vec<Form> {
    let terms = &operations.terms;
    let mut forms: Vec<Form> = Vec::with_capacity(terms.len());
    for term in terms {
        let constant = |id: Id| forms[usize::from(id)] == Form::Constant;
        let lone_recip = |id: Id| matches!(terms[usize::from(id)], Term::Recip(_)) && uses[usize::from(id)] == 1;
        let form = match term {
            Term::Atom(_) => Form::Other,
            _ if term.all(constant) => Form::Constant,
            Term::Multiply([a, b])
                if a != b && (lone_recip(*a) && !constant(*a) || lone_recip(*b) && !constant(*b)) =>
            {
                Form::Division
            }
            Term::Multiply([a, b]) if terms[usize::from(*a)].is_minus_one() => Form::Sign(*b),
            Term::Multiply([a, b]) if terms[usize::from(*b)].is_minus_one() => Form::Sign(*a),
            Term::Multiply(_) => Form::Product,
            _ => Form::Other,
        };
        forms.push(form);
    }
    forms
}
