//! The formulas of [`Known`](super::known_formulas::Known) as roots of a graph.

use pdec::expr::{Expr, Graph, Names, Symbol};

use super::formula;
use super::known_formulas::{AXES, Family, Known};

/// All formulas of a family, derivatives included.
pub fn roots(known: &Known) -> (Graph, Vec<Expr>) {
    let strings = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let names = Names { axes: strings(&AXES), fields: strings(known.fields) };
    let mut graph = Graph::new();
    let mut roots: Vec<Expr> = known.formulas.iter().map(|text| formula::read(&mut graph, &names, text)).collect();
    let formulas = roots.clone();
    let jets: Vec<Symbol> = graph.jets(&roots).into_iter().map(Symbol::Jet).collect();
    if matches!(known.family, Family::Jacobian | Family::Squares) {
        for root in &formulas {
            roots.extend(jets.iter().map(|jet| graph.derivative(*root, jet)));
        }
    }
    match known.family {
        Family::Jacobian => {}
        Family::Squares => {
            let squares: Vec<Expr> = formulas.iter().map(|root| graph.powi(*root, 2)).collect();
            let sum = graph.sum(squares);
            let half = graph.rational("1/2".parse().unwrap());
            let energy = graph.mul(half, sum);
            roots.push(energy);
            roots.extend(two_derivatives(&mut graph, energy, &jets));
        }
        Family::Energy => {
            let of_energy = two_derivatives(&mut graph, formulas[0], &jets);
            roots.extend(of_energy);
        }
        Family::Orders => {
            for order in 0..4 {
                let next = graph.derivative(roots[order], &jets[0]);
                roots.push(next);
            }
        }
    }
    (graph, roots)
}

fn two_derivatives(graph: &mut Graph, energy: Expr, jets: &[Symbol]) -> Vec<Expr> {
    let mut roots = Vec::new();
    for (i, a) in jets.iter().enumerate() {
        let first = graph.derivative(energy, a);
        roots.push(first);
        roots.extend(jets[i..].iter().map(|b| graph.derivative(first, b)));
    }
    roots
}
