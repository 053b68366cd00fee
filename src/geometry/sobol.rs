//! Sobol points with Owen's scrambling.

use super::joe_kuo::JOE_KUO;
use super::random::{Stream, unit};

/// The largest number of axes that there are direction numbers for.
pub const MAX_AXES: usize = JOE_KUO.len() + 1;

/// Binary digits of a coordinate; also the logarithm of the largest number of points.
const DIGITS: usize = 64;
/// Levels of the scrambling tree with a random bit of their own at every node.
const NESTED: usize = 32;

/// The Sobol sequence in the unit cube, plain or scrambled.
///
/// The first 2^m points of a pair of neighbouring good axes have one point in every elementary interval of area 2^-m; the
/// points are taken in natural order (not Gray code order: both have the same first 2^m points).
///
/// Scrambling is Owen's nested uniform scrambling (Lecture Notes in Statistics 106 (1995) 299): digit k is flipped by a
/// random bit that belongs to the digits before it. The bits of the first 32 levels are those of a hash of the node's
/// number in the tree (the finalizer of SplitMix64 under a key that comes from a [`Stream`], one key an axis); all
/// digits after them are flipped by one hash of the first 32, which is the same in distribution as long as no two points
/// agree in 32 digits. A scrambled point is uniform in the open cube, the estimate of an integral unbiased, and for
/// smooth integrands its error falls almost like N^-1.5.
pub struct Sobol {
    axes: Vec<Axis>,
}

struct Axis {
    /// The binary digits of point 2^k, the first digit highest.
    directions: [u64; DIGITS],
    key: Option<u64>,
}

impl Sobol {
    /// The plain sequence; its first point is the origin. `None` above [`MAX_AXES`].
    pub fn new(axes: usize) -> Option<Self> {
        let axes = (0..axes).map(|axis| Some(Axis { directions: directions(axis)?, key: None }));
        Some(Self { axes: axes.collect::<Option<_>>()? })
    }

    /// The scrambled sequence, one draw of `stream` an axis. `None` above [`MAX_AXES`].
    pub fn scrambled(axes: usize, stream: &mut Stream) -> Option<Self> {
        let mut sobol = Self::new(axes)?;
        for axis in &mut sobol.axes {
            axis.key = Some(stream.bits());
        }
        Some(sobol)
    }

    /// Coordinate `axis` of point `index`: in [0, 1) for the plain sequence, in (0, 1) for the scrambled one.
    ///
    /// # Panics
    /// If there is no such axis.
    pub fn coordinate(&self, axis: usize, index: u64) -> f64 {
        let axis = &self.axes[axis];
        let digits = axis.digits(index);
        match axis.key {
            Some(key) => unit(scramble(digits, key)),
            None => (digits >> 11) as f64 * (1.0 / (1u64 << 53) as f64),
        }
    }
}

impl Axis {
    fn digits(&self, index: u64) -> u64 {
        let (mut digits, mut left) = (0, index);
        while left != 0 {
            digits ^= self.directions[left.trailing_zeros() as usize];
            left &= left - 1;
        }
        digits
    }
}

/// Direction numbers of an axis by the recurrence of Bratley and Fox (ACM Trans. Math. Softw. 14 (1988) 88).
fn directions(axis: usize) -> Option<[u64; DIGITS]> {
    if axis == 0 {
        return Some(std::array::from_fn(|k| 1 << (DIGITS - 1 - k)));
    }
    let (polynomial, initial) = JOE_KUO.get(axis - 1)?;
    let degree = initial.len();
    let mut v = [0; DIGITS];
    for k in 0..DIGITS {
        v[k] = if k < degree {
            u64::from(initial[k]) << (DIGITS - 1 - k)
        } else {
            let inner = (1..degree).filter(|j| polynomial >> (degree - j) & 1 == 1);
            inner.fold(v[k - degree] ^ (v[k - degree] >> degree), |sum, j| sum ^ v[k - j])
        };
    }
    Some(v)
}

fn scramble(digits: u64, key: u64) -> u64 {
    let mut flips = hash(key, node(digits, NESTED)) >> NESTED;
    for level in 0..NESTED {
        flips |= hash(key, node(digits, level)) >> 63 << (DIGITS - 1 - level);
    }
    digits ^ flips
}

/// The number of the node that the first `level` digits lead to: 1 for the root, 2 and 3 below it, and so on.
fn node(digits: u64, level: usize) -> u64 {
    let prefix = if level == 0 { 0 } else { digits >> (DIGITS - level) };
    1 << level | prefix
}

/// Output `position` of SplitMix64 started at `key` (Steele, Lea and Flood, OOPSLA 2014; finalizer of Stafford).
fn hash(key: u64, position: u64) -> u64 {
    let mut z = key.wrapping_add(position.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Coordinates on axes 1, 2, 3, 6, 21, 64 and 128, from `scipy.stats.qmc.Sobol(128, scramble=False)` (SciPy 1.x
    /// counts in Gray code; the index here is the Gray code of its index).
    const KNOWN: [(u64, [f64; 7]); 6] = [
        (1, [0.5; 7]),
        (2, [0.25, 0.75, 0.75, 0.25, 0.75, 0.25, 0.75]),
        (3, [0.75, 0.25, 0.25, 0.75, 0.25, 0.75, 0.25]),
        (7, [0.875, 0.875, 0.125, 0.625, 0.625, 0.625, 0.125]),
        (540, [0.2197265625, 0.0966796875, 0.5185546875, 0.9072265625, 0.5224609375, 0.4462890625, 0.5439453125]),
        (
            2048,
            [
                0.000244140625,
                0.941162109375,
                0.334228515625,
                0.078857421875,
                0.225830078125,
                0.553466796875,
                0.261474609375,
            ],
        ),
    ];

    #[test]
    fn known_points() {
        let sobol = Sobol::new(128).unwrap();
        for (index, expected) in KNOWN {
            let found = [0, 1, 2, 5, 20, 63, 127].map(|axis| sobol.coordinate(axis, index));
            assert_eq!(found, expected, "point {index}");
        }
        assert!(Sobol::new(MAX_AXES + 1).is_none());
    }

    /// Whether the points hit every elementary interval 2^-j x 2^-(m-j) once.
    fn is_net(m: u32, x: &[f64], y: &[f64]) -> bool {
        (0..=m).all(|j| {
            let mut hit = vec![false; 1 << m];
            x.iter().zip(y).all(|(x, y)| {
                let column = (x * f64::from(1u32 << j)) as usize;
                let row = (y * f64::from(1u32 << (m - j))) as usize;
                !std::mem::replace(&mut hit[column << (m - j) | row], true)
            })
        })
    }

    #[test]
    fn points_are_nets_before_and_after_scrambling() {
        for m in [1, 4, 9, 12] {
            for seed in 0..4 {
                let sobol = match seed {
                    0 => Sobol::new(2).unwrap(),
                    _ => Sobol::scrambled(2, &mut Stream::new(seed, 0, 0)).unwrap(),
                };
                // The second block of 2^m points is a net too.
                for start in [0, 1 << m] {
                    let axis = |a| -> Vec<f64> { (0..1 << m).map(|i| sobol.coordinate(a, start + i)).collect() };
                    let (x, y) = (axis(0), axis(1));
                    assert!(is_net(m, &x, &y), "m = {m}, seed {seed}");
                    let spoiled: Vec<f64> = x.iter().map(|x| x * x).collect();
                    assert!(m == 1 || !is_net(m, &spoiled, &y));
                }
            }
        }
    }

    #[test]
    fn every_axis_is_stratified() {
        let sobol = Sobol::scrambled(MAX_AXES, &mut Stream::new(3, 0, 0)).unwrap();
        for axis in 0..MAX_AXES {
            let mut hit = [false; 256];
            (0..256).for_each(|i| hit[(sobol.coordinate(axis, i) * 256.0) as usize] = true);
            assert!(hit.iter().all(|&h| h), "axis {axis}");
        }
    }

    /// Root mean square error, over 16 scrambles, of the integral of a smooth function of 4 variables with integral 1.
    fn error(count: u64) -> f64 {
        let squares = (0..16).map(|seed| {
            let sobol = Sobol::scrambled(4, &mut Stream::new(seed, 0, 0)).unwrap();
            let sum: f64 = (0..count)
                .map(|i| (0..4).map(|a| (sobol.coordinate(a, i)).exp() / (1f64.exp() - 1.0)).product::<f64>())
                .sum();
            (sum / count as f64 - 1.0).powi(2)
        });
        (squares.sum::<f64>() / 16.0).sqrt()
    }

    #[test]
    fn integrals_converge_faster_than_monte_carlo() {
        let (coarse, fine) = (error(1 << 6), error(1 << 13));
        let order = (coarse / fine).log2() / 7.0;
        // Monte Carlo has order 0.5 (and error 8e-3 at 8192 points), scrambled nets up to 1.5.
        assert!(order > 1.2, "observed order {order}");
        assert!(fine < 1e-5, "{fine}");
    }

    #[test]
    fn scrambled_points_are_uniform() {
        // A fixed point of the sequence under many scrambles: mean, variance and low digits like uniform numbers.
        let n = 20_000;
        let values: Vec<f64> =
            (0..n).map(|seed| Sobol::scrambled(1, &mut Stream::new(seed, 0, 0)).unwrap().coordinate(0, 5)).collect();
        let mean = |f: &dyn Fn(f64) -> f64| values.iter().map(|&x| f(x)).sum::<f64>() / n as f64;
        let tolerance = 5.0 * (1.0 / 12.0 / n as f64).sqrt();
        assert!((mean(&|x| x) - 0.5).abs() < tolerance);
        assert!((mean(&|x| (x * f64::from(1 << 20)).fract()) - 0.5).abs() < tolerance);
        assert!((mean(&|x| (x * (1u64 << 40) as f64).fract()) - 0.5).abs() < tolerance);
    }
}
