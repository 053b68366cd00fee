//! Which matrices a method makes, and whether they fit into the memory of this machine; and how much a run took.

use crate::kernel::{KernelCost, LeastSquares};
use crate::model::{Method, OptionValue, Stage};
use crate::optim;
use crate::pipeline::Compiled;

/// What does not fit, and what to do; `None` where all does, or where nobody knows how much memory there is.
pub fn excess(compiled: &mut Compiled) -> Option<String> {
    let stages = compiled.lowered.model.stages.clone();
    stages.iter().find_map(|stage| excess_of(stage, &Sizes::of(compiled, stage), memory()?))
}

/// What sizes of matrices depend on.
struct Sizes {
    rows: usize,
    parameters: usize,
    /// What a kernel matrix costs, where it is made layer by layer.
    layers: Option<KernelCost>,
}

impl Sizes {
    /// Of a step, which sees a batch of the points where the stage says so.
    fn of(compiled: &mut Compiled, stage: &Stage) -> Self {
        let parameters = compiled.lowered.description.parameters();
        let problem = compiled.objective();
        let all: usize = problem.row_tiles(optim::metric(stage)).iter().sum();
        let layers = problem.least_squares().and_then(LeastSquares::layers).map(|layers| layers.kernel_cost());
        let points: usize =
            compiled.lowered.blocks.iter().map(|b| compiled.lowered.model.point_count(b.terms[0])).sum();
        let Some(batch) = stage.batch().filter(|batch| *batch < points) else {
            return Self { rows: all, parameters, layers };
        };
        let share = batch as f64 / points as f64;
        let scaled = |cost: KernelCost| KernelCost {
            multiply_adds: cost.multiply_adds * share * share,
            through_rows: cost.through_rows * share * share,
            numbers: cost.numbers * share,
        };
        Self { rows: (all as f64 * share).ceil() as usize, parameters, layers: layers.map(scaled) }
    }
}

/// How the first stage in the space of samples makes its kernel matrix; `None` where there is no such stage.
pub fn kernel_matrix(compiled: &mut Compiled) -> Option<String> {
    let stages = compiled.lowered.model.stages.clone();
    let stage = stages.iter().find(|stage| matches!(stage.method, Method::Engdw | Method::Spring))?;
    let Sizes { rows, parameters, layers } = Sizes::of(compiled, stage);
    let why = if compiled.single.is_some() { "in single precision" } else { "because of integrals" };
    let matrix = format!("kernel matrix {rows} x {rows}, {:.0} MB", bytes(rows, rows) / 1e6);
    Some(match layers {
        Some(cost) => format!(
            "{matrix}, layer by layer: {:.2} G multiply-adds and {:.0} MB ({:.2} G and {:.0} MB through the Jacobian)",
            cost.multiply_adds / 1e9,
            8.0 * cost.numbers / 1e6,
            cost.through_rows / 1e9,
            bytes(rows, parameters) / 1e6
        ),
        None => {
            format!("{matrix}, through the Jacobian, {:.0} MB, {why}", bytes(rows, parameters) / 1e6)
        }
    })
}

fn excess_of(stage: &Stage, sizes: &Sizes, memory: f64) -> Option<String> {
    let &Sizes { rows, parameters, layers } = sizes;
    let square = |name: &str, side: usize| (format!("{name} {side} x {side}"), bytes(side, side));
    let jacobian = (format!("Jacobian {rows} x {parameters}"), bytes(rows, parameters));
    let needed = match (stage.method, stage.option("solver")) {
        (Method::Engd, Some(OptionValue::Name(solver))) => match solver.as_str() {
            "gram" => vec![square("Gram matrix", parameters), jacobian],
            "auto" if rows.min(parameters) <= optim::LARGEST_MATRIX => {
                let name = if rows < parameters { "kernel matrix" } else { "Gram matrix" };
                vec![square(name, rows.min(parameters)), jacobian]
            }
            "kernel" => vec![square("kernel matrix", rows), jacobian],
            _ => vec![jacobian],
        },
        (Method::Engd | Method::Dsgnar, _) => vec![jacobian],
        (Method::Engdw | Method::Spring, _) => {
            let jets = |cost: KernelCost| ("values of all layers".to_owned(), 8.0 * cost.numbers);
            vec![square("kernel matrix", rows), square("Cholesky factor", rows), layers.map_or(jacobian, jets)]
        }
        _ => return None,
    };
    let total: f64 = needed.iter().map(|(_, bytes)| bytes).sum();
    if total <= memory {
        return None;
    }
    let (name, size) = needed.into_iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
    let of_engdw = layers.map(|cost| 2.0 * bytes(rows, rows) + 8.0 * cost.numbers);
    let help = match of_engdw.filter(|bytes| stage.method != Method::Engdw && *bytes <= memory) {
        Some(bytes) => format!("`train engdw()` makes no Jacobian, and needs {:.0} MB", bytes / 1e6),
        None => "take fewer points or a smaller network, or a method without such matrices: `train soap(steps=20000)`"
            .to_owned(),
    };
    Some(format!(
        "error[R0804]: not enough memory: the {name} of `{}` needs {:.0} MB, and there are {:.0} MB\nhelp: {help}\n",
        stage.method.name(),
        size / 1e6,
        memory / 1e6
    ))
}

fn bytes(rows: usize, columns: usize) -> f64 {
    rows as f64 * columns as f64 * 8.0
}

/// The memory of this machine in bytes, where the system tells it.
fn memory() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    kilobytes(&text, "MemTotal:").map(|kilobytes| kilobytes as f64 * 1024.0)
}

/// The most memory that this process had at a time in bytes, where the system tells it.
pub fn peak() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    kilobytes(&text, "VmHWM:").map(|kilobytes| kilobytes * 1024)
}

/// `VmHWM:    1234 kB`
fn kilobytes(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name))?.trim().strip_suffix("kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_matrix_is_named() {
        let mut stage = Stage::of(Method::Engd);
        let sizes = |rows, parameters| Sizes { rows, parameters, layers: None };
        assert_eq!(excess_of(&stage, &sizes(1000, 1000), 1e9), None);
        let text = excess_of(&stage, &sizes(100_000, 50_000), 1e9).unwrap();
        assert!(text.contains("the Jacobian 100000 x 50000 of `engd` needs 40000 MB, and there are 1000 MB"), "{text}");
        stage.options.push(("solver".to_owned(), OptionValue::Name("gram".to_owned())));
        assert!(excess_of(&stage, &sizes(10, 50_000), 1e9).unwrap().contains("Gram matrix 50000 x 50000"));
        assert_eq!(excess_of(&Stage::of(Method::Adam), &sizes(100_000, 50_000), 1e9), None);
        let cost = KernelCost { multiply_adds: 1e9, through_rows: 1e12, numbers: 1e6 };
        let layers = Sizes { layers: Some(cost), ..sizes(1000, 1_000_000) };
        let engdw = Stage::of(Method::Engdw);
        assert_eq!(excess_of(&engdw, &layers, 1e9), None);
        assert!(
            excess_of(&stage, &layers, 1e9).unwrap().contains("`train engdw()` makes no Jacobian, and needs 24 MB")
        );
        let text = excess_of(&engdw, &sizes(1000, 1_000_000), 1e9).unwrap();
        assert!(text.contains("the Jacobian 1000 x 1000000 of `engdw` needs 8000 MB"), "{text}");
    }
}
