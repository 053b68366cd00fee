//! Scratch rows for values, reused once a value is not needed any more.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// When a value needs its row: from the first time to the last, both included.
pub(super) type Lifetime = Option<(usize, usize)>;

/// A row for each value that needs one, and how many rows that takes. Values that meet at a time have different rows.
pub(super) fn allocate(lifetimes: &[Lifetime]) -> (Vec<Option<u32>>, usize) {
    let mut by_start: Vec<(usize, usize, usize)> =
        lifetimes.iter().enumerate().filter_map(|(i, l)| l.map(|(start, end)| (start, end, i))).collect();
    by_start.sort_unstable();
    let mut rows = vec![None; lifetimes.len()];
    let mut count = 0;
    let mut free: BinaryHeap<Reverse<u32>> = BinaryHeap::new();
    let mut occupied: BinaryHeap<Reverse<(usize, u32)>> = BinaryHeap::new();
    for (start, end, value) in by_start {
        while let Some(&Reverse((last, row))) = occupied.peek()
            && last < start
        {
            occupied.pop();
            free.push(Reverse(row));
        }
        let row = free.pop().map_or_else(
            || {
                count += 1;
                count - 1
            },
            |Reverse(row)| row,
        );
        occupied.push(Reverse((end, row)));
        rows[value] = Some(row);
    }
    (rows, count as usize)
}
