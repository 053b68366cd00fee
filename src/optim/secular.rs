//! The model of a trust region, in the singular vectors of its matrix: `½‖A p + b‖²` for steps p of a given length.

/// `AᵀA = V diag(squares) Vᵀ` and `slopes = Vᵀ Aᵀ b`. At a damping λ the step is `p = -V slopes/(squares + λ)`.
#[derive(Clone, Copy)]
pub(super) struct Secular<'a> {
    pub squares: &'a [f64],
    pub slopes: &'a [f64],
}

/// Iterations of Newton's method for λ.
const MOST_NEWTON: usize = 100;
/// How much longer than asked for a step may be.
const TOLERANCE: f64 = 1e-12;

impl Secular<'_> {
    /// Squares that are not negative, and slopes: rounding may have left a square below zero.
    fn pairs(&self) -> impl Iterator<Item = (f64, f64)> {
        self.squares.iter().zip(self.slopes).map(|(square, slope)| (square.max(0.0), *slope))
    }

    /// ‖p‖ and its derivative in λ, divided by it.
    fn length(&self, damping: f64) -> (f64, f64) {
        let (mut square, mut slope) = (0.0, 0.0);
        for (s, g) in self.pairs() {
            let part = (g / (s + damping)).powi(2);
            square += part;
            slope -= part / (s + damping);
        }
        (square.sqrt(), slope / square)
    }

    /// The λ, at least `least`, of a step of this length; `least` where that step is shorter. Newton's method on 1/length -
    /// 1/radius, which is concave in λ (Moré and Sorensen, SIAM J. Sci. Stat. Comput. 4 (1983) 553).
    pub fn damping_of(&self, radius: f64, least: f64) -> f64 {
        let mut damping = least;
        for _ in 0..MOST_NEWTON {
            let (length, slope) = self.length(damping);
            let next = damping - (length - radius) / radius / slope;
            let is_longer = length > radius * (1.0 + TOLERANCE);
            if is_longer && next > damping {
                damping = next;
            } else {
                break;
            }
        }
        damping
    }

    /// By how much the model falls along p.
    pub fn decrease(&self, damping: f64) -> f64 {
        0.5 * self.pairs().map(|(s, g)| (g / (s + damping)).powi(2) * (s + 2.0 * damping)).sum::<f64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_as_long_as_asked_for() {
        let (squares, slopes) = ([1e4, 1.0, 1e-6, -1e-20], [3.0, -2.0, 1.0, 0.5]);
        let secular = Secular { squares: &squares, slopes: &slopes };
        for radius in [1e-6, 1e-2, 1.0, 1e3] {
            let damping = secular.damping_of(radius, 1e-16);
            assert!((secular.length(damping).0 / radius - 1.0).abs() < 1e-11, "{radius}");
        }
        assert_eq!(secular.damping_of(1e30, 1e-16), 1e-16);
    }

    #[test]
    fn the_decrease_is_that_of_the_model() {
        let secular = Secular { squares: &[4.0], slopes: &[6.0] };
        // ½(2p + 3)² from p = 0 to p = -6/(4 + 2).
        assert!((secular.decrease(2.0) - 4.0).abs() < 1e-15);
    }
}
