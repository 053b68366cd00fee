//! Times, and what this machine can do at all.

use std::time::{Duration, Instant};

use serde::Serialize;

use crate::linalg::{View, ViewMut, multiply};

/// How long one thing is timed.
const BUDGET: Duration = Duration::from_millis(30);
/// The fewest calls.
const FEWEST: usize = 3;

/// The shortest of several calls, in seconds.
pub fn best_time(mut call: impl FnMut()) -> f64 {
    call();
    let (mut best, mut spent, mut calls) = (Duration::MAX, Duration::ZERO, 0);
    while calls < FEWEST || spent < BUDGET {
        let start = Instant::now();
        call();
        let time = start.elapsed();
        (best, spent, calls) = (best.min(time), spent + time, calls + 1);
    }
    best.as_secs_f64().max(1e-9)
}

/// What one core can do: the lines of its roofline (Williams, Waterman and Patterson 2009), one for each size of what is
/// read and written.
#[derive(Clone, Debug, Serialize)]
pub struct Roof {
    /// 10⁹ operations a second, of a product of matrices that stay in the first cache.
    pub gigaflops: f64,
    /// Copies of growing size; the last fit no cache.
    pub copies: Vec<Copy>,
}

/// How fast memory is.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Copy {
    /// Bytes read and written by one copy.
    pub bytes: usize,
    /// 10⁹ bytes a second.
    pub gigabytes: f64,
}

/// The smallest and the largest copy, and how they grow.
const COPIES: (usize, usize, usize) = (1 << 13, 1 << 27, 4);

impl Roof {
    /// Measures this machine.
    pub fn measured() -> Self {
        let (least, most, factor) = COPIES;
        let sizes = std::iter::successors(Some(least), |bytes| Some(bytes * factor)).take_while(|bytes| *bytes <= most);
        Self { gigaflops: gigaflops(), copies: sizes.map(copy).collect() }
    }

    /// The least seconds in which so many operations and so much traffic are possible.
    pub fn least(&self, flops: f64, bytes: f64) -> f64 {
        // The next smaller copy: what stays in a cache is not faster than that.
        let copy = self.copies.iter().rev().find(|copy| copy.bytes as f64 <= bytes).unwrap_or(&self.copies[0]);
        1e-9 * (flops / self.gigaflops).max(bytes / copy.gigabytes)
    }
}

/// 10⁹ operations a second of products of small matrices on this thread.
fn gigaflops() -> f64 {
    const SIZE: usize = 48;
    let (a, b) = (vec![0.5; SIZE * SIZE], vec![0.25; SIZE * SIZE]);
    let mut out = vec![0.0; SIZE * SIZE];
    let product = best_time(|| {
        let (a, b) = (View::row_major(&a, SIZE, SIZE), View::row_major(&b, SIZE, SIZE));
        multiply(ViewMut::row_major(&mut out, SIZE, SIZE), a, b, 1.0, false);
    });
    1e-9 * 2.0 * SIZE.pow(3) as f64 / product
}

/// The same on all threads at once.
pub fn gigaflops_of_all_threads() -> f64 {
    rayon::broadcast(|_| gigaflops()).into_iter().sum()
}

fn copy(bytes: usize) -> Copy {
    let count = bytes / (2 * size_of::<f64>());
    let from = vec![1.0f64; count];
    let mut to = vec![0.0f64; count];
    // Many at a time where they are short beside the clock.
    let turns = (1 << 18) / bytes + 1;
    let seconds = best_time(|| {
        for _ in 0..turns {
            to.copy_from_slice(std::hint::black_box(&from));
            // What nobody reads is not written.
            std::hint::black_box(&mut to);
        }
    });
    Copy { bytes, gigabytes: 1e-9 * (bytes * turns) as f64 / seconds }
}
