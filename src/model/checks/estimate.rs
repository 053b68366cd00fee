//! Numbers of `fit`, from the exact solution: with it in their place, the equations are equations for the numbers.

use crate::diagnostic::Diagnostic;
use crate::expr::{Expr, Graph, Jet, MultiIndex, Symbol};

use super::super::{Model, Number};
use super::exact::{Solution, inserted_residuals};
use super::probe::values_at;
use super::wording::number as shown;

/// Steps of Gauss and Newton; equations are mostly linear in their numbers.
const STEPS: usize = 60;
/// A pivot below this share of the largest one is none.
const SINGULAR: f64 = 1e-11;

/// The values of the numbers of a model that `exact` determines, by field.
#[derive(Default)]
pub(super) struct Estimates(Vec<(usize, f64)>);

impl Estimates {
    /// The value of a field that is a number; `None` if it is none, or if it is not determined.
    pub(super) fn of(&self, field: usize) -> Option<f64> {
        self.0.iter().find(|(f, _)| *f == field).map(|(_, value)| *value)
    }
}

/// A residual with `exact` inserted, its derivatives with respect to the numbers, and the points to look at.
struct Row {
    /// The residual first.
    formulas: Vec<Expr>,
    points: Vec<(Vec<f64>, super::super::Piece)>,
    /// Residuals of very different size count alike.
    scale: f64,
}

/// Least squares over the points at which `exact` is checked.
pub(super) fn estimate(model: &Model, graph: &mut Graph, solution: &mut Solution) -> (Estimates, Vec<Diagnostic>) {
    if model.numbers.is_empty() || model.components().all(|component| component.exact.is_none()) {
        return (Estimates::default(), Vec::new());
    }
    let rows = rows(model, graph, solution);
    let start: Vec<f64> = model.numbers.iter().map(|number| number.start).collect();
    let Some((values, determined)) = fit(model, graph, rows, start) else {
        return (Estimates::default(), Vec::new());
    };
    let found = model.numbers.iter().zip(values).zip(determined).filter(|(_, determined)| *determined);
    let found: Vec<(&Number, f64)> = found.map(|(pair, _)| pair).collect();
    let diagnostics = found.iter().map(|(number, value)| report(number, *value)).collect();
    (Estimates(found.into_iter().map(|(number, value)| (number.field, value)).collect()), diagnostics)
}

fn rows(model: &Model, graph: &mut Graph, solution: &mut Solution) -> Vec<Row> {
    let mut rows = Vec::new();
    for (residual, points) in inserted_residuals(model, graph, solution) {
        let slopes: Vec<Expr> = model
            .numbers
            .iter()
            .map(|number| graph.derivative(residual, &Symbol::Jet(Jet::new(number.field, MultiIndex::zero()))))
            .collect();
        if slopes.iter().any(|slope| !graph.is_zero(*slope)) {
            rows.push(Row { formulas: [vec![residual], slopes].concat(), points, scale: 0.0 });
        }
    }
    rows
}

/// The values, and which of them the rows determine.
fn fit(model: &Model, graph: &Graph, mut rows: Vec<Row>, start: Vec<f64>) -> Option<(Vec<f64>, Vec<bool>)> {
    let count = start.len();
    let mut values = start;
    let mut best: Option<(f64, Vec<f64>, Vec<bool>)> = None;
    let mut damping = 0.0;
    let mut trial = values.clone();
    for _ in 0..STEPS {
        let system = normal_equations(model, graph, &mut rows, &trial, count);
        let (sum, matrix, right) = system;
        if !sum.is_finite() {
            damping = if damping == 0.0 { 1e-3 } else { damping * 10.0 };
        } else if best.as_ref().is_none_or(|(least, ..)| sum <= *least) {
            let determined: Vec<bool> = (0..count).map(|i| matrix[i][i] > 0.0).collect();
            values.clone_from(&trial);
            best = Some((sum, values.clone(), determined));
            damping = if damping < 1e-9 { 0.0 } else { damping * 0.1 };
            let step = solve(&matrix, &right, damping)?;
            if step.iter().zip(&values).all(|(step, value)| step.abs() <= 1e-14 * (1.0 + value.abs())) {
                break;
            }
            trial = values.iter().zip(step).map(|(value, step)| value - step).collect();
            continue;
        } else {
            damping = if damping == 0.0 { 1e-3 } else { damping * 10.0 };
        }
        // Back to the best values, with a shorter step.
        if best.is_none() || damping > 1e12 {
            break;
        }
        let (_, matrix, right) = normal_equations(model, graph, &mut rows, &values, count);
        let step = solve(&matrix, &right, damping)?;
        trial = values.iter().zip(step).map(|(value, step)| value - step).collect();
    }
    best.map(|(_, values, determined)| (values, determined))
}

type System = (f64, Vec<Vec<f64>>, Vec<f64>);

/// Σ r², JᵀJ and Jᵀr over all points.
fn normal_equations(model: &Model, graph: &Graph, rows: &mut [Row], values: &[f64], count: usize) -> System {
    let (mut sum, mut matrix, mut right) = (0.0, vec![vec![0.0; count]; count], vec![0.0; count]);
    let number = |jet: &Jet| model.numbers.iter().position(|number| number.field == usize::from(jet.field));
    for row in rows {
        let at = |(point, piece): &(Vec<f64>, super::super::Piece)| {
            values_at(graph, &row.formulas, point, Some(piece), |jet| match number(jet) {
                Some(number) => values[number],
                None => model.known_value(jet, point).unwrap_or(f64::NAN),
            })
        };
        let evaluated: Vec<Vec<f64>> = row.points.iter().map(at).collect();
        if row.scale == 0.0 {
            let size = evaluated.iter().flatten().map(|value| value.abs()).fold(0.0, f64::max);
            row.scale = if size > 0.0 && size.is_finite() { size } else { 1.0 };
        }
        for values in &evaluated {
            let scaled: Vec<f64> = values.iter().map(|value| value / row.scale).collect();
            sum += scaled[0] * scaled[0];
            for i in 0..count {
                right[i] += scaled[1 + i] * scaled[0];
                (0..count).for_each(|j| matrix[i][j] += scaled[1 + i] * scaled[1 + j]);
            }
        }
    }
    (sum, matrix, right)
}

/// Solves `(A + damping diag A) x = b` by elimination; numbers that do not occur stay. `None` if A is singular.
fn solve(matrix: &[Vec<f64>], right: &[f64], damping: f64) -> Option<Vec<f64>> {
    let count = right.len();
    let mut a: Vec<Vec<f64>> = matrix.to_vec();
    let mut x = right.to_vec();
    for (i, row) in a.iter_mut().enumerate() {
        row[i] = if row[i] == 0.0 { 1.0 } else { row[i] * (1.0 + damping) };
    }
    let diagonal: Vec<f64> = (0..count).map(|i| a[i][i]).collect();
    for i in 0..count {
        // Symmetric and positive: the diagonal is a good pivot unless the numbers depend on each other.
        if a[i][i] <= SINGULAR * diagonal[i] {
            return None;
        }
        for j in i + 1..count {
            let factor = a[j][i] / a[i][i];
            let (above, below) = a.split_at_mut(j);
            below[0].iter_mut().zip(&above[i]).skip(i).for_each(|(b, a)| *b -= factor * a);
            x[j] -= factor * x[i];
        }
    }
    for i in (0..count).rev() {
        let rest: f64 = (i + 1..count).map(|j| a[i][j] * x[j]).sum();
        x[i] = (x[i] - rest) / a[i][i];
    }
    Some(x)
}

fn report(number: &Number, value: f64) -> Diagnostic {
    let name = &number.name;
    if let Some([lower, upper]) = number.bounds
        && !(lower < value && value < upper)
    {
        let message = format!("`exact` has {name} = {}, which is not inside of [{lower}, {upper}]", shown(value));
        return Diagnostic::warning("W0242", message, number.span, "training can't find it");
    }
    let message = format!("fit {name}: {} from exact", shown(value));
    Diagnostic::note_at("W0243", message, number.span, "with `exact` the equations hold for this value")
}
