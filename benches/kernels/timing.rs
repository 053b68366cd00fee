//! Times of several ways to compute the same, taken in turns.

use std::time::{Duration, Instant};

/// How long one way runs in one round: short beside what the system gives to other processes at once.
const SLICE: Duration = Duration::from_micros(500);
/// Rounds: each way once in each.
const ROUNDS: usize = 240;

/// Seconds of a call: the least and the median over all rounds.
#[derive(Clone, Copy)]
pub struct Time {
    pub least: f64,
    pub median: f64,
}

/// Times of all ways, in turns, so that what else the machine does meets all of them.
pub fn in_turns(ways: &mut [impl FnMut()]) -> Vec<Time> {
    let counts: Vec<u32> = ways.iter_mut().map(calls_in_slice).collect();
    let mut seconds = vec![Vec::with_capacity(ROUNDS); ways.len()];
    for _ in 0..ROUNDS {
        for ((way, count), seconds) in ways.iter_mut().zip(&counts).zip(&mut seconds) {
            let start = Instant::now();
            (0..*count).for_each(|_| way());
            seconds.push(start.elapsed().as_secs_f64() / f64::from(*count));
        }
    }
    let time = |mut seconds: Vec<f64>| {
        seconds.sort_by(f64::total_cmp);
        Time { least: seconds[0], median: seconds[ROUNDS / 2] }
    };
    seconds.into_iter().map(time).collect()
}

fn calls_in_slice(way: &mut impl FnMut()) -> u32 {
    way();
    let (start, mut calls) = (Instant::now(), 0);
    while start.elapsed() < SLICE {
        way();
        calls += 1;
    }
    calls
}
