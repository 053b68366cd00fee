//! The table of Jacobian rows.

use pdec::codegen::{Loaded, Options, load};
use pdec::diagnostic::Source;
use pdec::emit::{Fields, Request, plan};
use pdec::model::Overrides;
use pdec::pipeline::{Times, check};
use pdec::report::{Align, TextTable};
use pdec::routine::Kind;
use pdec::simplify::Effort;
use pdec::vmath::services::Scalar;

use super::numbers::assert_close;
use super::row::Row;
use super::timing::{Time, in_turns};

const WIDTHS: [usize; 2] = [32, 64];
/// Not powers of two: with them all rows of a Jacobian fall into the same sets of the first cache.
const POINTS: [usize; 3] = [64, 448, 4032];

/// The first two are by hand and in vectors.
const WAYS: [&str; 4] = ["by hand, row by row", "by hand, points contiguous", "plain loop, row by row", "pdec"];

/// Prints it.
pub fn table() {
    let columns = ["W", "points"].into_iter().chain(WAYS).chain(["pdec / best by hand"]);
    let mut table = TextTable::new(columns.map(|name| (name, Align::Right)));
    for width in WIDTHS {
        let kernel = jacobian(width);
        for points in POINTS {
            let times = measured(&kernel, width, points);
            let nanoseconds = |seconds: f64| 1e9 * seconds / points as f64;
            let cell = |time: &Time| format!("{:.1} ({:.1})", nanoseconds(time.least), nanoseconds(time.median));
            let ratio = |of: fn(&Time) -> f64| of(&times[3]) / of(&times[0]).min(of(&times[1]));
            let mut cells = vec![width.to_string(), points.to_string()];
            cells.extend(times.iter().map(cell));
            cells.push(format!("{:.2} ({:.2})", ratio(|t| t.least), ratio(|t| t.median)));
            table.row(cells);
        }
    }
    println!("Residual and Jacobian row of Poisson's equation, 2-W-1 tanh, least (median) nanoseconds a point:\n");
    println!("{}", table.to_markdown());
}

/// The kernel of pdec.
fn jacobian(width: usize) -> Loaded {
    let text = format!(
        "problem poisson\ndomain x in [-1, 1], y in [-1, 1]\nunknown u\n\
         eq -lap(u) = 2*pi^2*sin(pi*x)*sin(pi*y)\nbc u = 0 on boundary\n\
         network mlp({width})\ntrain engd()\n"
    );
    let mut times = Times::default();
    let (model, found) = check(&Source::new("poisson.pde", text), &Overrides::default(), &mut times);
    let model = model.unwrap_or_else(|| panic!("{found:?}"));
    let request = Request {
        kinds: vec![Kind::Jacobian],
        scalar: Scalar::F64,
        machine: pdec::codegen::Machine::Native,
        prefix: "poisson".to_owned(),
        effort: Effort::default(),
    };
    let fields = Fields { graph: &model.graph, formulas: &[], names: &[], theta: None };
    let library = plan(&model, &fields, request, &mut times).expect("kernels");
    let routine = &library.kernels[0].routine;
    load(&[routine], &Options::default()).expect("machine code").swap_remove(0)
}

/// Times of all ways, whose numbers are compared first.
fn measured(kernel: &Loaded, width: usize, points: usize) -> Vec<Time> {
    let parameters = 4 * width + 1;
    let theta: Vec<f64> = (0..parameters).map(|i| 1.5 * (i as f64 * 0.7).sin()).collect();
    let coordinate = |step: f64| (0..points).map(move |i| 2.0 * (i as f64 * step).fract() - 1.0).collect::<Vec<_>>();
    let (x, y) = (coordinate(0.618_034), coordinate(0.754_878));
    let row = Row::new(&theta);
    let mut by_rows = Numbers::new(points, points * row.stride());
    let mut by_points = Numbers::new(points, points * parameters);
    let mut plain = Numbers::new(points, points * row.stride());
    let mut of_pdec = Numbers::new(points, points * parameters);
    let inputs = [&x[..], &y, &theta];
    row.by_rows(&x, &y, &mut by_rows.residual, &mut by_rows.jacobian);
    row.by_points(&x, &y, &mut by_points.residual, &mut by_points.jacobian);
    row.plain(&x, &y, &mut plain.residual, &mut plain.jacobian);
    kernel.call(points, &inputs, &mut of_pdec.slices());
    let turned = |numbers: &Numbers, at: &dyn Fn(usize, usize) -> usize| {
        (0..parameters * points).map(|k| numbers.jacobian[at(k / points, k % points)]).collect::<Vec<f64>>()
    };
    for numbers in [&by_rows, &plain] {
        assert_close(&numbers.residual, &of_pdec.residual);
        assert_close(&turned(numbers, &|p, i| i * row.stride() + row.place(p)), &of_pdec.jacobian);
    }
    assert_close(&by_points.residual, &of_pdec.residual);
    assert_close(&turned(&by_points, &|p, i| row.place(p) * points + i), &of_pdec.jacobian);
    let mut work = kernel.workspace();
    let mut ways: [Box<dyn FnMut() + '_>; 4] = [
        Box::new(|| row.by_rows(&x, &y, &mut by_rows.residual, &mut by_rows.jacobian)),
        Box::new(|| row.by_points(&x, &y, &mut by_points.residual, &mut by_points.jacobian)),
        Box::new(|| row.plain(&x, &y, &mut plain.residual, &mut plain.jacobian)),
        Box::new(|| kernel.call_in(points, &inputs, &mut of_pdec.slices(), &mut work)),
    ];
    in_turns(&mut ways)
}

/// What a way computes.
struct Numbers {
    residual: Vec<f64>,
    jacobian: Vec<f64>,
}

impl Numbers {
    fn new(points: usize, entries: usize) -> Self {
        Self { residual: vec![f64::NAN; points], jacobian: vec![f64::NAN; entries] }
    }

    fn slices(&mut self) -> [Option<&mut [f64]>; 2] {
        [Some(&mut self.residual), Some(&mut self.jacobian)]
    }
}
