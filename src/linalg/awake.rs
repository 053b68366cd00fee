//! Short serial work between parallel loops.

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
