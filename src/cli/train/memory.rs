//! Whether the matrices of a method fit into the memory of this machine.

use crate::kernel::Objective;
use crate::model::{Method, OptionValue, Stage};
use crate::optim;
use crate::pipeline::Compiled;

/// What does not fit, and what to do; `None` where all does, or where nobody knows how much memory there is.
pub fn excess(compiled: &Compiled) -> Option<String> {
    let parameters = compiled.lowered.description.parameters();
    let rows = |stage: &Stage| compiled.kernel.row_tiles(optim::metric(stage)).iter().sum();
    let stages = &compiled.lowered.model.stages;
    stages.iter().find_map(|stage| excess_of(stage, rows(stage), parameters, memory()?))
}

fn excess_of(stage: &Stage, rows: usize, parameters: usize, memory: f64) -> Option<String> {
    let square = |name: &str, side: usize| (format!("{name} {side} x {side}"), bytes(side, side));
    let mut needed = match (stage.method, stage.option("solver")) {
        (Method::Engd, Some(OptionValue::Name(solver))) => match solver.as_str() {
            "gram" => vec![square("Gram matrix", parameters)],
            "auto" if rows.min(parameters) <= optim::LARGEST_MATRIX => {
                let name = if rows < parameters { "kernel matrix" } else { "Gram matrix" };
                vec![square(name, rows.min(parameters))]
            }
            "kernel" => vec![square("kernel matrix", rows)],
            _ => Vec::new(),
        },
        (Method::Engd, _) => Vec::new(),
        _ => return None,
    };
    needed.push((format!("Jacobian {rows} x {parameters}"), bytes(rows, parameters)));
    let total: f64 = needed.iter().map(|(_, bytes)| bytes).sum();
    if total <= memory {
        return None;
    }
    let (name, size) = needed.into_iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
    Some(format!(
        "error[R0804]: not enough memory: the {name} of `engd` needs {:.0} MB, and there are {:.0} MB\n\
         help: take fewer points or a smaller network, or a method without such matrices: `train soap(steps=20000)`\n",
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
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<f64>().ok().map(|kilobytes| kilobytes * 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_matrix_is_named() {
        let mut stage = Stage::of(Method::Engd);
        assert_eq!(excess_of(&stage, 1000, 1000, 1e9), None);
        let text = excess_of(&stage, 100_000, 50_000, 1e9).unwrap();
        assert!(text.contains("the Jacobian 100000 x 50000 of `engd` needs 40000 MB, and there are 1000 MB"), "{text}");
        stage.options.push(("solver".to_owned(), OptionValue::Name("gram".to_owned())));
        assert!(excess_of(&stage, 10, 50_000, 1e9).unwrap().contains("Gram matrix 50000 x 50000"));
        assert_eq!(excess_of(&Stage::of(Method::Adam), 100_000, 50_000, 1e9), None);
    }
}
