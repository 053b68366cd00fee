//! Drops what no output needs and orders the rest.
//!
//! Calls of math functions divide a tape into levels: level k ends with the calls whose arguments need k calls before
//! them. Values are computed in the last level that allows it, so that few of them wait while calls run; outputs in the
//! first, since they can be stored and forgotten. Within a level the order is that of a depth-first walk which visits
//! the operand first that needs more registers (Sethi and Ullman, J. ACM 17, 1970, applied to a graph with sharing).

use super::Tape;
use super::op::{Op, Value};

/// The same program without dead lines: inputs, constants, then level by level.
///
/// # Panics
/// If the tape does not hold ([`Tape::verify`]).
pub fn schedule(tape: &Tape) -> Tape {
    let levels = Levels::new(tape);
    let mut order: Vec<Value> = Vec::with_capacity(tape.ops.len());
    let live = |v: &Value| levels.of[v.index()].is_some();
    let all = || (0..tape.ops.len()).map(Value::from_index).filter(live);
    order.extend(all().filter(|v| matches!(tape.ops[v.index()], Op::Input(_))));
    order.extend(all().filter(|v| matches!(tape.ops[v.index()], Op::Const(_))));
    let mut members: Vec<Vec<Value>> = vec![Vec::new(); levels.count];
    let mut calls: Vec<Vec<Value>> = vec![Vec::new(); levels.count];
    for v in all().filter(|v| !tape.ops[v.index()].is_leaf()) {
        let level = levels.of[v.index()].unwrap_or(0);
        let kind = if tape.ops[v.index()].is_call() { &mut calls } else { &mut members };
        kind[level].push(v);
    }
    for (members, calls) in members.into_iter().zip(calls) {
        let walked = depth_first(tape, &levels, &members);
        let as_given = pressure(tape, &members) < pressure(tape, &walked);
        order.extend(if as_given { members } else { walked });
        order.extend(calls);
    }
    renumbered(tape, &order)
}

fn renumbered(tape: &Tape, order: &[Value]) -> Tape {
    let mut place = vec![Value(u32::MAX); tape.ops.len()];
    order.iter().enumerate().for_each(|(i, v)| place[v.index()] = Value::from_index(i));
    let at = |v: Value| place[v.index()];
    Tape {
        ops: order.iter().map(|v| tape.ops[v.index()].map(at)).collect(),
        outputs: tape.outputs.iter().map(|v| at(*v)).collect(),
        ..*tape
    }
}

struct Levels {
    /// The level of each line; none for dead ones.
    of: Vec<Option<usize>>,
    count: usize,
}

impl Levels {
    fn new(tape: &Tape) -> Self {
        let earliest = earliest(tape);
        let mut of: Vec<Option<usize>> = vec![None; tape.ops.len()];
        for output in &tape.outputs {
            of[output.index()] = Some(earliest[output.index()]);
        }
        for (line, op) in tape.ops.iter().enumerate().rev() {
            let Some(wanted) = of[line] else { continue };
            let level = if op.is_call() { earliest[line] } else { wanted };
            of[line] = Some(level);
            for operand in op.operands() {
                let of_operand = &mut of[operand.index()];
                *of_operand = Some(of_operand.map_or(level, |l| l.min(level)));
            }
        }
        let count = of.iter().flatten().max().map_or(0, |l| l + 1);
        Self { of, count }
    }
}

/// How many calls must come before each line.
fn earliest(tape: &Tape) -> Vec<usize> {
    let mut levels: Vec<usize> = Vec::with_capacity(tape.ops.len());
    for op in &tape.ops {
        let after = |v: Value| levels[v.index()] + usize::from(tape.ops[v.index()].is_call());
        levels.push(op.operands().map(after).max().unwrap_or(0));
    }
    levels
}

/// The members of one level, operands first, starting from those that leave the level.
fn depth_first(tape: &Tape, levels: &Levels, members: &[Value]) -> Vec<Value> {
    let (Some(first), Some(last)) = (members.first(), members.last()) else { return Vec::new() };
    let level = levels.of[first.index()];
    let base = first.index();
    let inside = |v: Value| v.index() >= base && levels.of[v.index()] == level && is_pointwise(&tape.ops[v.index()]);
    let mut need = vec![0_usize; last.index() + 1 - base];
    let mut used_inside = vec![false; need.len()];
    for v in members {
        let mut needs: Vec<usize> = Vec::with_capacity(3);
        for operand in tape.ops[v.index()].operands().filter(|o| inside(*o)) {
            needs.push(need[operand.index() - base]);
            used_inside[operand.index() - base] = true;
        }
        needs.sort_unstable_by(|a, b| b.cmp(a));
        need[v.index() - base] = needs.iter().enumerate().map(|(i, n)| n + i).max().unwrap_or(0).max(1);
    }
    let mut visited = vec![false; need.len()];
    let mut order = Vec::with_capacity(members.len());
    for root in members.iter().filter(|v| !used_inside[v.index() - base]) {
        let mut stack = vec![(*root, false)];
        while let Some((v, operands_done)) = stack.pop() {
            if operands_done {
                order.push(v);
                continue;
            }
            if std::mem::replace(&mut visited[v.index() - base], true) {
                continue;
            }
            stack.push((v, true));
            let mut operands: Vec<Value> = tape.ops[v.index()].operands().filter(|o| inside(*o)).collect();
            // The last pushed is visited first.
            operands.sort_by_key(|o| need[o.index() - base]);
            stack.extend(operands.into_iter().map(|o| (o, false)));
        }
    }
    order
}

/// The largest number of values of a level that live at once, and the sum over its lines.
fn pressure(tape: &Tape, order: &[Value]) -> (usize, usize) {
    let Some(base) = order.iter().map(|v| v.index()).min() else { return (0, 0) };
    let last = order.iter().map(|v| v.index()).max().unwrap_or(base);
    let mut uses = vec![0_usize; last + 1 - base];
    let place = |v: Value| v.index().checked_sub(base).filter(|i| *i < last + 1 - base);
    order.iter().for_each(|v| tape.ops[v.index()].operands().filter_map(place).for_each(|i| uses[i] += 1));
    let mut member = vec![false; uses.len()];
    order.iter().for_each(|v| member[v.index() - base] = true);
    let (mut live, mut most, mut total) = (0_usize, 0, 0);
    for v in order {
        for operand in tape.ops[v.index()].operands().filter_map(place).filter(|i| member[*i]) {
            uses[operand] -= 1;
            live -= usize::from(uses[operand] == 0);
        }
        live += usize::from(uses[v.index() - base] > 0);
        most = most.max(live);
        total += live;
    }
    (most, total)
}

fn is_pointwise(op: &Op) -> bool {
    !op.is_leaf() && !op.is_call()
}
