//! Steps of training allocate nothing once all buffers are made.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use pdec::diagnostic::Source;
use pdec::kernel::Objective;
use pdec::model::Overrides;
use pdec::optim;
use pdec::pipeline::{Backend, Compiled, Times, assemble, check, lower, objective};
use pdec::simplify::Effort;

/// The allocator of the system, which counts.
struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: memory is that of the system's allocator, given and taken as it says.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The fewest allocations of a round of steps. Which thread takes which tile is chance, and with it when the buffer of one is first
/// as large as any tile wants it: not every round has to be without.
fn fewest_allocations(problem: &dyn Objective, compiled: &Compiled) -> usize {
    let stage = &compiled.lowered.model.stages[0];
    let mut theta: Vec<f64> = (0..problem.parameters()).map(|i| 0.5 * (1.7 * i as f64).sin()).collect();
    let mut optimizer = optim::for_stage(stage, problem);
    let round = |_| {
        let before = ALLOCATIONS.load(Ordering::Relaxed);
        for _ in 0..5 {
            optimizer.step(problem, &mut theta);
        }
        ALLOCATIONS.load(Ordering::Relaxed) - before
    };
    (0..12).map(round).min().expect("there are rounds")
}

fn compiled(network: &str, precision: &str, method: &str) -> Compiled {
    let text = format!(
        "problem poisson\ndomain x in [0, 1], y in [0, 1]\nunknown u\n\
         eq -lap(u) = 2*pi^2*sin(pi*x)*sin(pi*y)\nbc u = 0 on boundary\n\
         network {network}\nsample interior: gauss(20, 20)\nsample boundary: gauss(20)\n\
         set precision = {precision}\ntrain {method}\n"
    );
    let mut times = Times::default();
    let (model, found) = check(&Source::new("problem.pde", text), &Overrides::default(), &mut times);
    let model = model.unwrap_or_else(|| panic!("{method}: {found:?}"));
    let lowered = lower(model, Effort::default(), &mut times).expect("every formula has a tape");
    assemble(lowered, 0, Backend::Jit, &mut times).expect("this machine can run it")
}

#[test]
fn steps_allocate_nothing() {
    let methods =
        ["engd()", "engd(solver=gram)", "engdw()", "spring()", "adam()", "soap(frequency=1000)", "pdeaware()"];
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("threads");
    for (method, network) in methods.into_iter().flat_map(|method| [(method, "mlp(20, 20)"), (method, "mlp(70)")]) {
        for precision in ["f64", "f32"] {
            let mut compiled = compiled(network, precision, method);
            compiled.objective();
            let mut single = compiled.single.take();
            let problem = objective(&mut single, &compiled.kernel);
            let fewest = pool.install(|| fewest_allocations(problem, &compiled));
            assert_eq!(fewest, 0, "{method} with {network} in {precision}");
        }
    }
}
