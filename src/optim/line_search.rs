//! A step length that satisfies the strong Wolfe conditions (Nocedal and Wright, Numerical Optimization, algorithms 3.5
//! and 3.6), with cubic interpolation.

/// Sufficient decrease: the loss falls by this part of what the slope promises.
const DECREASE: f64 = 1e-4;
/// Curvature: the slope falls to this part of its first size.
const CURVATURE: f64 = 0.9;
/// Trial points of one search.
const MOST_TRIALS: usize = 30;
/// Growth of the step while the loss still falls.
const GROWTH: f64 = 2.5;

/// A point on the line: step length, loss, slope along the direction.
#[derive(Clone, Copy, Debug)]
pub(super) struct Probe {
    pub length: f64,
    pub loss: f64,
    pub slope: f64,
}

/// How a search ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    /// The accepted point, which the last call of `probe` did not have to be at; `None` if no trial had a smaller loss.
    pub accepted: Option<Probe>,
    /// How many points were tried.
    pub trials: usize,
}

/// Searches along a direction of descent from `start` (length 0). `probe(length)` evaluates loss and slope.
///
/// A trial that only decreases the loss is better than none: where the conditions can't be met (rounding near a
/// minimum), the best such trial is accepted.
pub(super) fn strong_wolfe(start: Probe, first: f64, mut probe: impl FnMut(f64) -> Probe) -> Found {
    let mut trials = 0;
    let mut best: Option<Probe> = None;
    let mut evaluate = |length: f64, trials: &mut usize| {
        *trials += 1;
        let at = probe(length);
        if at.loss < best.map_or(start.loss, |b: Probe| b.loss) {
            best = Some(at);
        }
        (at, best)
    };
    // Where the promise is below the rounding of the loss, it still has to fall.
    let sufficient = |p: &Probe| p.loss <= start.loss + DECREASE * p.length * start.slope && p.loss < start.loss;
    let flat = |p: &Probe| p.slope.abs() <= -CURVATURE * start.slope;
    let mut before = start;
    let mut length = first;
    let mut bracket = None;
    let mut least = None;
    while trials < MOST_TRIALS {
        let (at, seen) = evaluate(length, &mut trials);
        least = seen;
        if !at.loss.is_finite() || !at.slope.is_finite() {
            // Too far: the loss is not defined there.
            length = 0.5 * (before.length + length);
            continue;
        }
        if !sufficient(&at) || (before.length > 0.0 && at.loss >= before.loss) {
            bracket = Some((before, at));
            break;
        }
        if flat(&at) {
            return Found { accepted: Some(at), trials };
        }
        if at.slope >= 0.0 {
            bracket = Some((at, before));
            break;
        }
        before = at;
        length *= GROWTH;
    }
    // `low` satisfies sufficient decrease and has the smallest loss so far.
    if let Some((mut low, mut high)) = bracket {
        while trials < MOST_TRIALS && (high.length - low.length).abs() > f64::EPSILON * low.length.abs() {
            let (at, seen) = evaluate(interpolate(low, high), &mut trials);
            least = seen;
            if !(at.loss.is_finite() && sufficient(&at) && at.loss < low.loss) {
                high = at;
            } else {
                if flat(&at) {
                    return Found { accepted: Some(at), trials };
                }
                if at.slope * (high.length - low.length) >= 0.0 {
                    high = low;
                }
                low = at;
            }
        }
    }
    Found { accepted: least, trials }
}

/// The minimum of the cubic through two points and their slopes, kept away from both; their middle if there is none.
fn interpolate(a: Probe, b: Probe) -> f64 {
    let width = b.length - a.length;
    let middle = a.length + 0.5 * width;
    let d1 = a.slope + b.slope - 3.0 * (a.loss - b.loss) / (a.length - b.length);
    let d2 = (d1 * d1 - a.slope * b.slope).sqrt().copysign(width);
    let minimum = b.length - width * (b.slope + d2 - d1) / (b.slope - a.slope + 2.0 * d2);
    let (near, far) = (a.length + 0.1 * width, a.length + 0.9 * width);
    if minimum.is_finite() { minimum.clamp(near.min(far), near.max(far)) } else { middle }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(f: impl Fn(f64) -> f64, slope: impl Fn(f64) -> f64, first: f64) -> Found {
        let at = |length: f64| Probe { length, loss: f(length), slope: slope(length) };
        strong_wolfe(at(0.0), first, at)
    }

    #[test]
    fn conditions_hold_at_what_is_found() {
        // The first test function of Moré and Thuente (ACM TOMS 20, 1994), from steps far too short and far too long.
        let beta = 2.0;
        let f = |a: f64| -a / (a * a + beta);
        let slope = |a: f64| (a * a - beta) / (a * a + beta).powi(2);
        for first in [1e-3, 1e-1, 1.0, 10.0, 1e3] {
            let found = search(f, slope, first).accepted.expect("the function falls");
            assert!(found.loss <= DECREASE * found.length * slope(0.0), "{first}: {found:?}");
            assert!(found.slope.abs() <= CURVATURE * slope(0.0).abs(), "{first}: {found:?}");
        }
    }

    #[test]
    fn no_decrease_is_said() {
        let found = search(|a| a, |_| -1.0, 1.0);
        assert!(found.accepted.is_none());
        assert!(found.trials <= MOST_TRIALS);
    }

    #[test]
    fn what_is_not_finite_is_too_far() {
        let f = |a: f64| if a > 0.5 { f64::NAN } else { -a };
        let found = search(f, |_| -1.0, 64.0).accepted.expect("it falls before");
        assert!(found.length <= 0.5 && found.loss < 0.0);
    }
}
