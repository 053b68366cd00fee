//! Parallel loops of a step, which allocate nothing, and serial work between them.

use std::hint::spin_loop;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long a thread waits. A thread that sleeps wakes up in some 20 µs, which is little beside longer work.
const PATIENCE: Duration = Duration::from_micros(200);

/// Does serial work of some microseconds while another thread of the pool waits for its end: threads of `rayon` that find no work
/// fall asleep meanwhile, and the next parallel loop would begin on one thread.
pub(super) fn with_pool_awake<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    if rayon::current_thread_index().is_none() || rayon::current_num_threads() == 1 {
        return work();
    }
    let done = AtomicBool::new(false);
    let wait = || {
        let start = Instant::now();
        while !done.load(Ordering::Relaxed) && start.elapsed() < PATIENCE {
            spin_loop();
        }
    };
    let work = || {
        let result = work();
        done.store(true, Ordering::Relaxed);
        result
    };
    rayon::join(work, wait).0
}

/// Calls `f` for every item in parallel, with its share of what is written. `split` divides a share of some items into that of the
/// first of them and that of the others.
pub fn for_each_share<T: Sync, S: Send>(
    items: &[T],
    share: S,
    split: &(impl Fn(S, &[T]) -> (S, S) + Sync),
    f: &(impl Fn(&T, S) + Sync),
) {
    match items {
        [] => {}
        [item] => f(item, share),
        _ => {
            let (first, second) = items.split_at(items.len() / 2);
            let (own, others) = split(share, first);
            rayon::join(|| for_each_share(first, own, split, f), || for_each_share(second, others, split, f));
        }
    }
}

/// Whether the next item still belongs to the same part, where a part is at most so large, or one item: for `chunk_by`.
pub(super) fn within<T>(most: usize, size: impl Fn(&T) -> usize) -> impl FnMut(&T, &T) -> bool {
    let mut before = 0;
    move |item, next| {
        before += size(item);
        let same = before + size(next) <= most;
        before = if same { before } else { 0 };
        same
    }
}

/// Vectors up to an entry, and from there on.
///
/// # Panics
/// If one of them is shorter.
pub fn split_all<const K: usize>(vectors: [&mut [f64]; K], at: usize) -> ([&mut [f64]; K], [&mut [f64]; K]) {
    let mut second: [&mut [f64]; K] = std::array::from_fn(|_| Default::default());
    let mut rest = second.iter_mut();
    let first = vectors.map(|vector| {
        let (own, others) = vector.split_at_mut(at);
        if let Some(rest) = rest.next() {
            *rest = others;
        }
        own
    });
    (first, second)
}
