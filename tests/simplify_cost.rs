//! What simplification reaches on problems with known figures: an operation count that must not rise.

use pdec::expr::{Expr, Graph, Interval, Names, Symbol};
use pdec::simplify::{Effort, dag_cost, simplify};

#[path = "support/formula.rs"]
mod formula;

fn names(fields: &[&str]) -> Names {
    let strings = |s: &[&str]| s.iter().map(|s| (*s).to_owned()).collect();
    Names { axes: strings(&["t", "x", "y"]), fields: strings(fields) }
}

/// The formulas, their first derivatives in all jet variables and, for the last formula, its second ones.
struct Problem {
    graph: Graph,
    roots: Vec<Expr>,
}

impl Problem {
    fn new(fields: &[&str], formulas: &[&str]) -> Self {
        let mut graph = Graph::new();
        let names = names(fields);
        let roots = formulas.iter().map(|f| formula::read(&mut graph, &names, f)).collect();
        Self { graph, roots }
    }

    fn jets(&self) -> Vec<Symbol> {
        self.graph.jets(&self.roots).into_iter().map(Symbol::Jet).collect()
    }

    fn with_jacobian(mut self) -> Self {
        for root in self.roots.clone() {
            for jet in self.jets() {
                let derivative = self.graph.derivative(root, &jet);
                self.roots.push(derivative);
            }
        }
        self
    }

    /// Adds half the sum of squares of the formulas, its gradient and Hessian.
    fn with_energy(mut self, residuals: &[Expr]) -> Self {
        let squares: Vec<Expr> = residuals.iter().map(|r| self.graph.powi(*r, 2)).collect();
        let sum = self.graph.sum(squares);
        let half = self.graph.rational("1/2".parse().unwrap());
        let energy = self.graph.mul(half, sum);
        self.push_with_two_derivatives(energy);
        self
    }

    fn push_with_two_derivatives(&mut self, energy: Expr) {
        let jets = self.jets();
        self.roots.push(energy);
        for (i, a) in jets.iter().enumerate() {
            let first = self.graph.derivative(energy, a);
            self.roots.push(first);
            for b in &jets[i..] {
                let second = self.graph.derivative(first, b);
                self.roots.push(second);
            }
        }
    }

    fn energy(fields: &[&str], formula: &str) -> Self {
        let mut problem = Self::new(fields, &[formula]);
        let energy = problem.roots[0];
        problem.push_with_two_derivatives(energy);
        problem
    }

    fn costs(mut self, name: &str, effort: Effort) -> (f64, f64) {
        let start = std::time::Instant::now();
        let (roots, report) = simplify(&mut self.graph, &self.roots, &|_| Interval::ALL, effort);
        println!("{name}: {} roots, {report:?} in {:?}", roots.len(), start.elapsed());
        assert_eq!(report.before, dag_cost(&self.graph, &self.roots));
        assert_eq!(report.after, dag_cost(&self.graph, &roots));
        assert_eq!(report.discarded, None);
        (report.before, report.after)
    }
}

fn minimal_surface() -> Problem {
    Problem::energy(&["u"], "sqrt(1 + u_x^2 + u_y^2)")
}
fn p_laplacian() -> Problem {
    Problem::energy(&["u"], "1/3*(u_x^2 + u_y^2)^(3/2)")
}
fn neo_hookean() -> Problem {
    Problem::energy(
        &["u", "v"],
        "3/2*((1 + u_x)^2 + u_y^2 + v_x^2 + (1 + v_y)^2 - 2 - 2*log((1 + u_x)*(1 + v_y) - u_y*v_x)) \
         + 5/2*log((1 + u_x)*(1 + v_y) - u_y*v_x)^2",
    )
}
const NAVIER_STOKES: [&str; 3] =
    ["u*u_x + v*u_y + p_x - 1/100*(u_xx + u_yy)", "u*v_x + v*v_y + p_y - 1/100*(v_xx + v_yy)", "u_x + v_y"];
fn navier_stokes() -> Problem {
    let problem = Problem::new(&["u", "v", "p"], &NAVIER_STOKES);
    let residuals = problem.roots.clone();
    problem.with_jacobian().with_energy(&residuals)
}
fn kuramoto_sivashinsky() -> Problem {
    let problem = Problem::new(&["u"], &["u_t + u*u_x + u_xx + u_xxxx"]);
    let residuals = problem.roots.clone();
    problem.with_jacobian().with_energy(&residuals)
}
fn tanh_derivatives() -> Problem {
    let mut problem = Problem::new(&["u"], &["tanh(u)"]);
    for order in 0..4 {
        let last = problem.roots[order];
        let symbol = problem.jets()[0].clone();
        let next = problem.graph.derivative(last, &symbol);
        problem.roots.push(next);
    }
    problem
}
fn burgers() -> Problem {
    Problem::new(&["u"], &["u_t + u*u_x - 0.01/pi*u_xx"]).with_jacobian()
}

#[test]
fn costs_stay_below_their_bars() {
    for (name, problem, bar) in [
        ("minimal surface", minimal_surface(), 29.5),
        ("p-Laplacian", p_laplacian(), 28.0),
        ("neo-Hookean", neo_hookean(), 86.5),
        ("Navier-Stokes", navier_stokes(), 57.0),
        ("Kuramoto-Sivashinsky", kuramoto_sivashinsky(), 11.0),
        ("tanh", tanh_derivatives(), 31.5),
        ("Burgers", burgers(), 3.0),
    ] {
        let (before, after) = problem.costs(name, Effort::Standard);
        assert!(after <= before, "{name}: {before} -> {after}");
        assert!(after <= bar, "{name}: {before} -> {after}, the bar is {bar}");
    }
}

#[test]
fn more_effort_never_costs_more() {
    for (name, problem) in [("tanh", tanh_derivatives as fn() -> Problem), ("p-Laplacian", p_laplacian)] {
        let (_, standard) = problem().costs(name, Effort::Standard);
        let (_, maximal) = problem().costs(name, Effort::Maximal);
        assert!(maximal <= standard, "{name}: {standard} -> {maximal}");
        let (before, off) = problem().costs(name, Effort::Off);
        assert_eq!(before, off);
    }
}
