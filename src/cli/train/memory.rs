//! How much memory a run will take, whether this machine has it, and how much a run took.
//!
//! What is compiled already is measured; what training will allocate is [counted](MemoryForecast).

use crate::cli::CliError;
use crate::kernel::{Layered, LeastSquares, Objective};
use crate::model::describe::Section;
use crate::model::{Method, OptionValue, Stage};
use crate::optim::{self, MemoryPart};
use crate::pipeline::Compiled;
use crate::train::{MemoryForecast, share_of_batch};

/// The peak of a run that is about to begin.
pub struct Peak {
    forecast: MemoryForecast,
    /// What the process has now, in bytes, beside the parts of the forecast.
    now: f64,
    /// The most that it had so far.
    so_far: f64,
}

impl Peak {
    /// Of a compiled problem in this process; `None` where the system does not tell what a process has.
    ///
    /// # Errors
    /// [`CliError`] if a stage has a problem of its own that can't be compiled.
    pub fn of(compiled: &Compiled) -> Result<Option<Self>, CliError> {
        let forecast = MemoryForecast::of(compiled, rayon::current_num_threads())?;
        let of_process = || Some((of_status("VmRSS:")? as f64, of_status("VmHWM:")? as f64));
        Ok(of_process().map(|(now, so_far)| Self { now: (now - forecast.there).max(0.0), so_far, forecast }))
    }

    /// Bytes at the peak.
    pub fn bytes(&self) -> f64 {
        self.so_far.max(self.now + UNCOUNTED + self.forecast.bytes())
    }

    /// The peak and its parts, the largest first.
    pub fn section(&self) -> Section {
        let name = "process with the compiled problem".to_owned();
        let process = MemoryPart { name, bytes: self.now + UNCOUNTED };
        let mut parts: Vec<&MemoryPart> = self.forecast.parts.iter().chain([&process]).collect();
        parts.sort_by(|a, b| b.bytes.total_cmp(&a.bytes));
        let row = |name: String, bytes: f64| vec![name, megabytes(bytes)];
        let mut rows = vec![row(format!("peak of `{}`, predicted", self.forecast.stage.method.name()), self.bytes())];
        rows.extend(parts.iter().filter(|part| part.bytes >= LEAST).map(|part| row(part.name.clone(), part.bytes)));
        let refined = self.forecast.refined.iter();
        rows.extend(refined.map(|part| row(format!("on top where a step needs it: {}", part.name), part.bytes)));
        Section { title: "memory", columns: vec!["what", "MB"], rows }
    }

    /// What does not fit into so many bytes, and what to do; `None` where all does.
    fn excess(&self, memory: f64, compiled: &Compiled) -> Option<String> {
        if self.bytes() <= memory {
            return None;
        }
        let (method, largest) = (self.forecast.stage.method.name(), self.forecast.parts.first()?);
        let fits = |stage: &Stage| {
            let of_stage = MemoryForecast::of_stage(stage, compiled, rayon::current_num_threads());
            Some(self.now + UNCOUNTED + of_stage.bytes()).filter(|bytes| *bytes <= memory)
        };
        let squares = compiled.lowered.model.energies().next().is_none();
        let others = ALTERNATIVES.iter().filter(|(method, _)| squares || !method.needs_squares());
        let help = others.map(|(method, options)| stage_of(*method, options)).find_map(|stage| {
            fits(&stage).map(|bytes| format!("`train {}` needs {} MB", text_of(&stage), megabytes(bytes)))
        });
        Some(format!(
            "error[R0804]: not enough memory: the run needs {} MB at its peak, {} MB of them for the {} of `{method}`, and \
             there are {} MB\nhelp: {}\n",
            megabytes(self.bytes()),
            megabytes(largest.bytes),
            largest.name,
            megabytes(memory),
            help.unwrap_or_else(|| "take fewer points or a smaller network".to_owned())
        ))
    }
}

/// Code that training touches for the first time, stacks, and what the heap loses: as measured for the problems of `pdes`.
const UNCOUNTED: f64 = 1.5e6;
/// Parts of fewer bytes are not listed.
const LEAST: f64 = 5e4;

/// What is tried in the place of a method that needs too much, the fastest first.
const ALTERNATIVES: [(Method, &[(&str, Given)]); 5] = [
    (Method::Engd, &[]),
    (Method::Engdw, &[]),
    (Method::Engd, &[("solver", Given::Name("cg"))]),
    (Method::Kfac, &[]),
    (Method::Soap, &[("steps", Given::Number(20_000.0))]),
];

/// The value of an option.
#[derive(Clone, Copy)]
enum Given {
    Name(&'static str),
    Number(f64),
}

fn stage_of(method: Method, options: &[(&str, Given)]) -> Stage {
    let value = |given: Given| match given {
        Given::Name(name) => OptionValue::Name(name.to_owned()),
        Given::Number(number) => OptionValue::Number(number),
    };
    let options = options.iter().map(|(name, given)| ((*name).to_owned(), value(*given))).collect();
    Stage { options, ..Stage::of(method) }
}

fn text_of(stage: &Stage) -> String {
    let options: Vec<String> = stage.options.iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!("{}({})", stage.method.name(), options.join(", "))
}

/// What does not fit into this machine, and what to do; `None` where all does, or where nobody knows.
///
/// # Errors
/// As [`Peak::of`].
pub fn excess(compiled: &Compiled) -> Result<Option<String>, CliError> {
    let Some(peak) = Peak::of(compiled)? else { return Ok(None) };
    Ok(of_machine().and_then(|memory| peak.excess(memory, compiled)))
}

/// How the first stage in the space of samples makes its kernel matrix; `None` where there is no such stage.
pub fn kernel_matrix(compiled: &Compiled) -> Option<String> {
    let stages = &compiled.lowered.model.stages;
    let stage = stages.iter().find(|stage| matches!(stage.method, Method::Engdw | Method::Spring))?;
    let (kernel, share) = (&compiled.kernel, share_of_batch(stage, compiled));
    let all: usize = kernel.row_tiles(optim::metric(stage)).iter().sum();
    let rows = (share * all as f64).ceil() as usize;
    let of_matrix = |rows: usize, columns: usize| megabytes(8.0 * rows as f64 * columns as f64);
    let matrix = format!("kernel matrix {rows} x {rows}, {} MB", of_matrix(rows, rows));
    let jacobian = of_matrix(rows, kernel.parameters());
    let double = compiled.single.is_none().then_some(kernel).and_then(Objective::least_squares);
    let why = if compiled.single.is_some() { "in single precision" } else { "because of integrals" };
    Some(match double.and_then(LeastSquares::layers).map(Layered::kernel_cost) {
        Some(cost) => format!(
            "{matrix}, layer by layer: {:.2} G multiply-adds and {} MB ({:.2} G and {jacobian} MB through the Jacobian)",
            share * share * cost.multiply_adds / 1e9,
            megabytes(8.0 * share * cost.numbers),
            share * share * cost.through_rows / 1e9,
        ),
        None => format!("{matrix}, through the Jacobian, {jacobian} MB, {why}"),
    })
}

fn megabytes(bytes: f64) -> String {
    if bytes < 1e7 { format!("{:.1}", bytes / 1e6) } else { format!("{:.0}", bytes / 1e6) }
}

/// The memory of this machine in bytes, where the system tells it.
fn of_machine() -> Option<f64> {
    kilobytes(&std::fs::read_to_string("/proc/meminfo").ok()?, "MemTotal:").map(|kilobytes| kilobytes as f64 * 1024.0)
}

/// The most memory that this process had at a time in bytes, where the system tells it.
pub fn peak() -> Option<u64> {
    of_status("VmHWM:")
}

/// A size of this process in bytes.
fn of_status(name: &str) -> Option<u64> {
    kilobytes(&std::fs::read_to_string("/proc/self/status").ok()?, name).map(|kilobytes| kilobytes * 1024)
}

/// `VmHWM:    1234 kB`
fn kilobytes(text: &str, name: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(name))?.trim().strip_suffix("kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Source;
    use crate::model::Overrides;
    use crate::pipeline::{Backend, Times, assemble, check, lower};
    use crate::simplify::Effort;

    fn compiled(train: &str) -> Compiled {
        let text = format!(
            "domain x in [0, 1]\nunknown u\neq u_xx = 1\nbc u = 0 on boundary\nnetwork mlp(20, 20)\n\
             sample interior: grid(400)\ntrain {train}\n"
        );
        let mut times = Times::default();
        let (model, found) = check(&Source::new("small.pde", text), &Overrides::default(), &mut times);
        let lowered = lower(model.unwrap_or_else(|| panic!("{found:?}")), Effort::Off, &mut times).unwrap();
        assemble(lowered, 0, Backend::Interpreter, &mut times).unwrap()
    }

    /// What is said of a run in so many bytes beyond those of the process.
    fn said(train: &str, memory: f64) -> Option<String> {
        let compiled = compiled(train);
        let forecast = MemoryForecast::of(&compiled, 1).unwrap();
        Peak { forecast, now: 0.0, so_far: 0.0 }.excess(memory, &compiled)
    }

    #[test]
    fn what_does_not_fit_is_named_with_a_method_that_does() {
        assert_eq!(said("engd()", 1e9), None);
        let text = said("engd(solver=svd)", 8e6).unwrap();
        assert!(text.contains("the singular values of 400 x 481 of `engd`, and there are 8.0 MB"), "{text}");
        assert!(text.contains("help: `train engd()` needs"), "{text}");
        let text = said("engd()", 3e6).unwrap();
        assert!(
            text.contains(
                "2.6 MB of them for the kernel matrix and its factor 400 x 400 of `engd`, and there are 3.0 MB"
            ),
            "{text}"
        );
        assert!(text.contains("help: `train soap(steps=20000)` needs"), "{text}");
        assert!(said("adam()", 1e3).unwrap().contains("help: take fewer points or a smaller network"));
    }

    /// A stage with networks of its own counts with them, and the largest stage is the one that is told.
    #[test]
    fn the_largest_stage_counts() {
        let stage = |train: &str| MemoryForecast::of(&compiled(train), 1).unwrap();
        assert_eq!(stage("adam(steps=9)\ntrain engd()").stage.method, Method::Engd);
        let of_rest = stage("engd()\ntrain engd() with stage=mlp(40, 40)");
        assert!(of_rest.parts[0].name.contains("x 1761"), "{:?}", of_rest.parts);
        let batch = stage("spring(batch=40)");
        assert!(batch.parts.iter().any(|part| part.name == "kernel matrix and its factor 40 x 40"), "{batch:?}");
    }
}
