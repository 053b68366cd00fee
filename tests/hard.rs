//! Conditions that hold by construction: exact to rounding on their faces, whatever the parameters are, and out of the
//! loss.

use pdec::diagnostic::Source;
use pdec::expr::Expr;
use pdec::geometry::{AxisRange, held_out};
use pdec::model::Overrides;
use pdec::pipeline::{self, Backend, Lowered, Times};
use pdec::simplify::Effort;

fn lowered(text: &str) -> Lowered {
    let (model, found) = pipeline::check(&Source::new("test.pde", text), &Overrides::default(), &mut Times::default());
    let model = model.unwrap_or_else(|| panic!("{found:?}"));
    pipeline::lower(model, Effort::Off, &mut Times::default()).unwrap()
}

/// Numbers that are different for every parameter, of order one.
fn parameters(lowered: &Lowered, draw: usize) -> Vec<f64> {
    let count = lowered.description.parameters();
    (0..count).map(|i| 2.0 * (12.9898 * (i * 31 + draw * 7 + 1) as f64).sin()).collect()
}

/// The largest residual of all conditions that hold by construction, and how many points it was looked for at.
fn largest_defect(lowered: &Lowered) -> (f64, usize) {
    let model = &lowered.model;
    let (mut largest, mut count) = (0.0_f64, 0);
    for term in &model.satisfied {
        let residual: [Expr; 1] = [term.residual];
        let mut values = lowered.predictor(&lowered.description.graph, &residual, Backend::Interpreter).unwrap();
        for piece in &term.place {
            let free: Vec<usize> = (0..model.axes.len()).filter(|&a| piece.ranges[a][0] < piece.ranges[a][1]).collect();
            let ranges = free.iter().map(|&a| AxisRange::new(piece.ranges[a][0], piece.ranges[a][1]));
            let points = held_out(&ranges.collect::<Vec<_>>(), 2000).unwrap();
            let mut columns: Vec<Vec<f64>> = piece.ranges.iter().map(|r| vec![r[0]; points.len()]).collect();
            for (&axis, column) in free.iter().zip(&points.coordinates) {
                columns[axis].clone_from(column);
            }
            for draw in 0..3 {
                let found = values.evaluate(&parameters(lowered, draw), &columns).remove(0);
                count += found.len();
                largest = found.into_iter().map(f64::abs).fold(largest, |a, b| if b <= a { a } else { b });
            }
        }
    }
    (largest, count)
}

fn hold(text: &str, labels: &[&str], terms: &[&str]) {
    let lowered = lowered(text);
    let model = &lowered.model;
    let found: Vec<&str> = model.satisfied.iter().map(|term| term.label.as_str()).collect();
    assert_eq!(found, labels, "conditions that hold by construction");
    let found: Vec<&str> = model.terms.iter().map(|term| term.label.as_str()).collect();
    assert_eq!(found, terms, "terms");
    let (defect, points) = largest_defect(&lowered);
    assert!(points >= 6000, "{points} points");
    assert!(defect <= 1e-13, "a defect of {defect:e}");
}

#[test]
fn faces_of_a_box() {
    let text = "domain x in [-1, 2], y in [0, 1]\nunknown u\nlet v = exp(x)*sin(3*y) + x*y\neq lap(u) = 0\n\
        bc u = v on boundary with hard\n";
    hold(text, &["bc_u"], &["eq"]);
}

#[test]
fn faces_of_a_cube_with_one_left_open() {
    let text = "domain x in [0, 1], y in [0, 2], z in [-1, 1]\nunknown u\nlet v = cos(x + 2*y)*exp(z)\n\
        eq lap(u) = u\nbc u = v on x = 0 or x = 1 or y = 0 or z = -1 or z = 1 with hard\nbc dn(u) = 0 on rest\n";
    hold(text, &["bc_u"], &["eq", "bc_u_2"]);
}

#[test]
fn values_and_slopes_at_the_start() {
    let text = "time t in [0, 3]\ndomain x in [0, 1]\nunknown u\nlet v = sin(pi*x)*cos(t) + t*x + 1\n\
        eq u_tt = u_xx\nic u = v with hard\nic u_t = d(v, t) with hard\nbc u = v on boundary with hard\n";
    // At t = 0 the coordinate `t` of v is that of the start.
    hold(text, &["ic_u", "ic_u_t", "bc_u"], &["eq"]);
}

#[test]
fn components_of_vectors_and_complex_numbers() {
    let text = "time t in [0, 1]\ndomain x in [0, 1], y in [0, 1]\nunknown w: vector, h: complex\n\
        eq w_t = lap(w)\neq 1i*h_t = lap(h)\nic w = (sin(pi*x), x*y) with hard\n\
        bc w = (0, x*y) on x = 0 or x = 1 with hard\nbc dn(w) = (0, 0) on rest\n\
        bc h = exp(1i*(x + y - t)) on boundary with hard\nic h = exp(1i*(x + y)) with hard\n";
    let satisfied = ["ic_w_x", "ic_w_y", "ic_h_re", "ic_h_im", "bc_w_x", "bc_w_y", "bc_h_re", "bc_h_im"];
    hold(text, &satisfied, &["eq_x", "eq_y", "eq_re", "eq_im", "bc_w_x_2", "bc_w_y_2"]);
}

#[test]
fn an_ansatz_by_hand() {
    let text = "domain x in [0, 1], y in [0, 1]\nunknown u\neq -lap(u) = 1\nbc u = 0 on boundary\n\
        bc u_x = 0 on x = 0\nansatz u = x*(1 - x)*y*(1 - y)*net(u)\n";
    hold(text, &["bc_u"], &["eq", "bc_u_x"]);
}

#[test]
fn a_part_that_holds_leaves_the_rest() {
    let text = "domain x in [0, 1], y in [0, 1]\nunknown u\neq -lap(u) = 1\nbc u = 0 on boundary\n\
        ansatz u = x*sin(pi*y)*net(u)\n";
    let lowered = lowered(text);
    let pieces = |terms: &[pdec::model::Term]| terms.iter().map(|term| term.place.len()).sum::<usize>();
    // sin(pi*y) is 0 up to rounding at y = 1 only.
    assert_eq!((pieces(&lowered.model.satisfied), pieces(&lowered.model.terms)), (3, 2));
    assert!(largest_defect(&lowered).0 < 1e-13);
}
