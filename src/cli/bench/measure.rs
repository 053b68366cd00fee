//! Times, and what this machine can do at all.

use std::time::{Duration, Instant};

use serde::Serialize;

use crate::linalg::{View, ViewMut, multiply};

/// How long one thing is timed.
const BUDGET: Duration = Duration::from_millis(40);
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

/// What one core can do: the two lines of its roofline (Williams, Waterman and Patterson 2009).
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Roof {
    /// 10⁹ operations a second, of a product of matrices that stay in the first cache.
    pub gigaflops: f64,
    /// 10⁹ bytes a second, read and written, of a copy that fits no cache.
    pub gigabytes: f64,
}

impl Roof {
    /// 10⁹ operations a second that are possible with so many operations a byte.
    pub fn at(&self, intensity: f64) -> f64 {
        self.gigaflops.min(self.gigabytes * intensity)
    }
}

/// Measures this machine.
pub fn roof() -> Roof {
    const SIZE: usize = 48;
    let (a, b) = (vec![0.5; SIZE * SIZE], vec![0.25; SIZE * SIZE]);
    let mut out = vec![0.0; SIZE * SIZE];
    let product = best_time(|| {
        let (a, b) = (View::row_major(&a, SIZE, SIZE), View::row_major(&b, SIZE, SIZE));
        multiply(ViewMut::row_major(&mut out, SIZE, SIZE), a, b, 1.0, false);
    });
    let from = vec![1.0f64; 1 << 23];
    let mut to = vec![0.0f64; 1 << 23];
    let copy = best_time(|| {
        to.copy_from_slice(std::hint::black_box(&from));
        // What nobody reads is not written.
        std::hint::black_box(&mut to);
    });
    Roof {
        gigaflops: 1e-9 * 2.0 * SIZE.pow(3) as f64 / product,
        gigabytes: 1e-9 * 2.0 * size_of_val(from.as_slice()) as f64 / copy,
    }
}
