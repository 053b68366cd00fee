//! The values of integrals that need no unknown, with an estimate of their error.
//!
//! A value is taken by two rules of different order. Over a box whose rules disagree, the cell with the largest
//! difference is cut in halves along all of its axes until they agree, or until there are too many points: that finds
//! jumps, kinks and narrow peaks. Inside of shapes and on their surfaces the rules become finer.

use crate::expr::{Expr, Graph};
use crate::geometry::{Rule, RuleError};

use super::problem::{Axis, Over, Piece};
use super::quadrature::points_of;

/// Beyond this share of the integral of the absolute value, two rules disagree for more than rounding.
const ROUNDING: f64 = 2e-15;
/// Rules of a whole box that agree to this share need no cells.
const AGREED: f64 = 2e-12;
/// What cancels up to this share is zero.
const CANCELLED: f64 = 1e-14;
/// A value that is known to this share only is rough.
const ROUGH: f64 = 1e-3;
/// Rules inside of shapes and on their surfaces are fine enough where they agree to this share.
const FINE: f64 = 1e-4;
/// The most points of cells.
const MOST_POINTS: usize = 1 << 17;
/// The points of the first and of the last rule inside of a shape, or on its surface.
const SAMPLES: usize = 1 << 14;
const FINEST: usize = 1 << 16;
/// Cells are not cut further than that: a pole would be approached for ever.
const DEEPEST: usize = 200;
/// Cells along each axis to begin with, so that small parts are seen.
const FIRST_CELLS: usize = 4;

/// A value by one rule, and how far that of another is from it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Estimate {
    value: f64,
    difference: f64,
    /// The sum of the differences of all parts, each without its sign.
    error: f64,
    /// The integral of the absolute value.
    size: f64,
}

impl Estimate {
    /// The value; what cancels but for rounding is zero.
    pub fn value(&self) -> f64 {
        if self.value.abs() <= CANCELLED * self.size { 0.0 } else { self.value }
    }

    /// The value by the other rule.
    pub fn other(&self) -> f64 {
        self.value - self.difference
    }

    /// Whether only a few digits are known.
    pub fn is_rough(&self) -> bool {
        self.differs(ROUGH)
    }

    fn differs(&self, share: f64) -> bool {
        self.error > share * self.size
    }

    fn sum<'e>(all: impl Iterator<Item = &'e Estimate>) -> Estimate {
        all.fold(Estimate::default(), |sum, one| Estimate {
            value: sum.value + one.value,
            difference: sum.difference + one.difference,
            error: sum.error + one.error,
            size: sum.size + one.size,
        })
    }
}

/// The integral of a formula of coordinates and normals.
///
/// # Errors
/// [`RuleError`] if there are no points in a piece.
pub(super) fn known_integral(graph: &Graph, axes: &[Axis], over: &Over, expr: Expr) -> Result<Estimate, RuleError> {
    let known = Known { graph, axes, over, expr };
    let pieces: Vec<Estimate> = over.place.iter().map(|piece| known.of_piece(piece)).collect::<Result<_, _>>()?;
    Ok(Estimate::sum(pieces.iter()))
}

struct Known<'k> {
    graph: &'k Graph,
    axes: &'k [Axis],
    over: &'k Over,
    expr: Expr,
}

/// Gauss points along each axis, by the finer rule and by the other: of a whole box, and of one of many cells.
fn counts(dimension: usize) -> Option<([usize; 2], [usize; 2])> {
    match dimension {
        0 | 1 => Some(([128, 96], [24, 16])),
        2 => Some(([48, 36], [8, 6])),
        3 => Some(([20, 15], [5, 4])),
        _ => None,
    }
}

fn gauss(count: usize) -> Rule {
    Rule::Gauss { counts: vec![count], grading: Vec::new() }
}

fn sobol(count: usize) -> Rule {
    Rule::Sobol { count }
}

impl Known<'_> {
    fn of_piece(&self, piece: &Piece) -> Result<Estimate, RuleError> {
        let dimension = piece.free_axes().len();
        let rejects = piece.rejects_points();
        let counts = counts(dimension).filter(|_| !rejects || piece.part.is_none() && dimension > 0);
        let Some((whole, cell)) = counts else { return self.by_finer(piece, SAMPLES, sobol, FINEST) };
        if !rejects {
            let found = self.by_two(piece, whole.map(gauss))?;
            if dimension == 0 || !found.differs(AGREED) {
                return Ok(found);
            }
            if piece.part.is_some() {
                let most = (FINEST as f64).powf(1.0 / dimension as f64) as usize;
                return self.by_finer(piece, whole[0], gauss, most);
            }
        }
        let found = self.by_cells(piece, cell);
        // Parts that no cell has seen are left to rules that look on until they find them.
        if found.size == 0.0 { self.by_finer(piece, SAMPLES, sobol, FINEST) } else { Ok(found) }
    }

    fn sums(&self, piece: &Piece, rule: Rule) -> Result<(f64, f64), RuleError> {
        let over = Over { place: vec![piece.clone()], ..self.over.clone() };
        points_of(self.graph, self.axes, &over, &[rule]).map(|points| points.sums(self.graph, self.expr))
    }

    fn by_two(&self, piece: &Piece, [fine, other]: [Rule; 2]) -> Result<Estimate, RuleError> {
        let ((value, size), (less, other_size)) = (self.sums(piece, fine)?, self.sums(piece, other)?);
        let size = size.max(other_size);
        let difference = value - less;
        let difference = if difference.abs() <= ROUNDING * size { 0.0 } else { difference };
        Ok(Estimate { value, difference, error: difference.abs(), size })
    }

    /// By rules of more and more points.
    fn by_finer(
        &self,
        piece: &Piece,
        mut count: usize,
        rule: fn(usize) -> Rule,
        most: usize,
    ) -> Result<Estimate, RuleError> {
        loop {
            let found = self.by_two(piece, [rule(count), rule(count / 2)])?;
            if !found.differs(FINE) || 4 * count > most {
                return Ok(found);
            }
            count *= 4;
        }
    }

    /// By cells that are cut where the rules disagree most.
    fn by_cells(&self, piece: &Piece, counts: [usize; 2]) -> Estimate {
        let free = piece.free_axes();
        let points_of_cell: usize = counts.iter().map(|count| count.pow(free.len() as u32)).sum();
        // Each evaluation walks the graph.
        let most = (40_000_000 / self.graph.len().max(1)).clamp(MOST_POINTS / 8, MOST_POINTS);
        // A cell without a point of the place has none of the integral.
        let of_cell = |depth: usize, cell: Piece| {
            let found = self.by_two(&cell, counts.map(gauss)).unwrap_or_default();
            Cell { found, cell, depth }
        };
        let first = cut(piece, &free, FIRST_CELLS).into_iter();
        let mut cells: Vec<Cell> = first.map(|cell| of_cell(0, cell)).collect();
        loop {
            let all = Estimate::sum(cells.iter().map(|cell| &cell.found));
            let open = (0..cells.len()).filter(|&cell| cells[cell].depth < DEEPEST);
            let worst = open.max_by(|&a, &b| cells[a].found.error.total_cmp(&cells[b].found.error));
            let Some(worst) = worst.filter(|_| all.differs(ROUNDING) && all.value.is_finite()) else { return all };
            let parts = cut(&cells[worst].cell, &free, 2);
            if (cells.len() + parts.len()) * points_of_cell > most {
                return all;
            }
            if parts.is_empty() {
                // Between neighbouring numbers.
                cells[worst].depth = DEEPEST;
                continue;
            }
            let depth = cells.swap_remove(worst).depth + 1;
            cells.extend(parts.into_iter().map(|cell| of_cell(depth, cell)));
        }
    }
}

/// A part of a box.
struct Cell {
    found: Estimate,
    cell: Piece,
    /// How often it was cut out of a larger one.
    depth: usize,
}

/// A box in equal parts along some axes; nothing if it is too small for that.
fn cut(piece: &Piece, axes: &[usize], parts: usize) -> Vec<Piece> {
    let mut cells = vec![piece.clone()];
    for &axis in axes {
        let [lower, upper] = piece.ranges[axis];
        let at = |k: usize| if k == parts { upper } else { lower + (upper - lower) * k as f64 / parts as f64 };
        if (0..parts).any(|k| at(k) >= at(k + 1)) {
            return Vec::new();
        }
        let part = |cell: &Piece, k: usize| {
            let mut cell = cell.clone();
            cell.ranges[axis] = [at(k), at(k + 1)];
            cell
        };
        cells = cells.iter().flat_map(|cell| (0..parts).map(move |k| part(cell, k))).collect();
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expr::{Function, Relation};
    use crate::model::problem::AxisKind;

    fn axis(graph: &mut Graph, name: &str) -> Axis {
        let ends = [Graph::ZERO, graph.integer(1)];
        let (name, kind, span) = (name.to_owned(), AxisKind::Space, crate::diagnostic::Span::default());
        Axis { name, kind, lower: 0.0, upper: 1.0, ends, periodic: false, value: None, span }
    }

    fn over(dimension: usize) -> Over {
        let place = vec![Piece::plain(vec![[0.0, 1.0]; dimension])];
        Over { axes: (0..dimension).collect(), place, moving: None, ends: None, text: String::new() }
    }

    #[test]
    fn jumps_and_narrow_peaks_are_found() {
        let mut graph = Graph::new();
        let axes = [axis(&mut graph, "x"), axis(&mut graph, "y")];
        let x = graph.coordinate(0);
        let three_tenths = graph.rational(crate::expr::Rational::new(3.into(), 10.into()));
        let jump = graph.compare(Relation::LessEqual, x, three_tenths);
        let jump = known_integral(&graph, &axes[..1], &over(1), jump).unwrap();
        assert!((jump.value() - 0.3).abs() < 1e-15 && !jump.is_rough(), "{jump:?}");
        // A normal distribution of width 1/2000 in one variable, 1/200 in two.
        for (dimension, width) in [(1, 2000), (2, 200)] {
            let square = |graph: &mut Graph, axis: usize| {
                let center = graph.rational(crate::expr::Rational::new(503.into(), 1000.into()));
                let x = graph.coordinate(axis);
                let offset = graph.sub(x, center);
                let scaled = graph.scale(crate::expr::Rational::from_integer(width.into()), offset);
                graph.powi(scaled, 2)
            };
            let squares: Vec<Expr> = (0..dimension).map(|axis| square(&mut graph, axis)).collect();
            let sum = graph.sum(squares);
            let minus = graph.neg(sum);
            let peak = graph.call(Function::Exp, &[minus]);
            let found = known_integral(&graph, &axes[..dimension], &over(dimension), peak).unwrap();
            let expected = (std::f64::consts::PI.sqrt() / f64::from(width)).powi(dimension as i32);
            assert!((found.value() / expected - 1.0).abs() < 1e-6 && !found.is_rough(), "{found:?} {expected}");
        }
    }

    #[test]
    fn what_has_no_value_is_rough() {
        let mut graph = Graph::new();
        let axes = vec![axis(&mut graph, "x")];
        let x = graph.coordinate(0);
        let pole = graph.powi(x, -1);
        assert!(known_integral(&graph, &axes, &over(1), pole).unwrap().is_rough());
        let root = graph.sqrt(x);
        let inverse = graph.powi(root, -1);
        let found = known_integral(&graph, &axes, &over(1), inverse).unwrap();
        assert!((found.value() - 2.0).abs() < 1e-9, "{found:?}");
    }
}
