//! How long it takes from text to kernels, as a whole and by stage, and from a wrong file to its first diagnostic.
//!
//! ```console
//! $ cargo bench --bench compile
//! ```

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, SamplingMode, criterion_group, criterion_main};
use pdec::diagnostic::{Form, Look, Source, render};
use pdec::model::Overrides;
use pdec::pipeline::{Backend, Compiled, Times, assemble, check, lower};
use pdec::simplify::Effort;

const PROBLEMS: [(&str, &str); 4] = [
    ("heat", include_str!("../pdes/heat.pde")),
    ("burgers", include_str!("../pdes/burgers.pde")),
    ("taylor_green", include_str!("../pdes/taylor_green.pde")),
    ("poisson10d", include_str!("../pdes/poisson10d.pde")),
];

/// The stages as [`Times`] names them.
const STAGES: [&str; 6] = ["parse", "check", "simplify", "tape", "sample", "codegen"];

fn compile(source: &Source, times: &mut Times) -> Compiled {
    let (model, found) = check(source, &Overrides::default(), times);
    let model = model.unwrap_or_else(|| panic!("{found:?}"));
    let lowered = lower(model, Effort::default(), times).expect("every formula has a tape");
    assemble(lowered, 0, Backend::Jit, times).expect("this machine can run it")
}

/// The times of one stage over so many compilations.
fn stage(source: &Source, name: &str, count: u64) -> Duration {
    let mut total = Duration::ZERO;
    for _ in 0..count {
        let mut times = Times::default();
        black_box(compile(source, &mut times));
        total += times.0.iter().filter(|(stage, _)| *stage == name).map(|(_, time)| *time).sum::<Duration>();
    }
    total
}

fn text_to_kernels(criterion: &mut Criterion) {
    for (name, text) in PROBLEMS {
        let source = Source::new(format!("{name}.pde"), text);
        let mut group = criterion.benchmark_group(name);
        group.sampling_mode(SamplingMode::Flat).sample_size(20);
        group.warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
        group.bench_function("text to kernels", |bencher| bencher.iter(|| compile(&source, &mut Times::default())));
        for part in STAGES {
            group.bench_function(part, |bencher| bencher.iter_custom(|count| stage(&source, part, count)));
        }
        group.finish();
    }
}

/// The heat equation with a condition at a place that does not exist, and a name that is misspelt.
const WRONG: &str = "problem wrong
time t in [0, 1]
domain x in [0, 1]
unknown u
eq u_t = a*u_xx
ic u = sinn(pi*x)
bc u = 0 on x = 2
";

fn text_to_diagnostic(criterion: &mut Criterion) {
    criterion.bench_function("wrong file to diagnostics", |bencher| {
        bencher.iter(|| {
            let source = Source::new("wrong.pde", WRONG);
            let (model, found) = check(&source, &Overrides::default(), &mut Times::default());
            assert!(model.is_none() && !found.is_empty());
            render(&source, &found, Form::Human(Look::default()))
        });
    });
}

criterion_group!(benches, text_to_kernels, text_to_diagnostic);
criterion_main!(benches);
