//! Counter-based random streams.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// What a stream is for. Part of the key, so that streams of different purposes never meet.
#[derive(Clone, Copy)]
enum Purpose {
    Training = 0,
    HeldOut = 1,
    Definition = 2,
}

/// A stream of random numbers that is named, not shared.
///
/// The generator is ChaCha with 8 rounds; its 256-bit key holds the seed, the statement, the step and the purpose, so every
/// name gives a stream of its own. Same name, same bits: on any machine, whatever the number of threads and whatever
/// other streams were used before. (Normal numbers use `ln` and `cos` of the platform's math library, and are the
/// same bits on one machine only.)
///
/// ```
/// use pdec::geometry::Stream;
/// let mut a = Stream::new(0, 3, 120); // seed, statement, step
/// let mut b = Stream::new(0, 3, 120);
/// assert_eq!(a.uniform(), b.uniform());
/// ```
#[derive(Clone, Debug)]
pub struct Stream {
    generator: ChaCha8Rng,
}

impl Stream {
    /// The stream of a statement at a step. Numbers of statements and steps are the caller's to choose.
    pub fn new(seed: u64, statement: u64, step: u64) -> Self {
        Self::keyed(seed, statement, step, Purpose::Training)
    }

    /// The stream of the held-out points: one for all seeds, and none that [`Stream::new`] can give.
    pub(super) fn held_out() -> Self {
        Self::keyed(0, 0, 0, Purpose::HeldOut)
    }

    /// The stream of something random that belongs to a definition (the frequencies of a network): one for all seeds.
    pub fn of_definition(number: u64) -> Self {
        Self::keyed(0, number, 0, Purpose::Definition)
    }

    fn keyed(seed: u64, statement: u64, step: u64, purpose: Purpose) -> Self {
        let mut key = [0; 32];
        for (bytes, word) in key.chunks_exact_mut(8).zip([seed, statement, step, purpose as u64]) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        Self { generator: ChaCha8Rng::from_seed(key) }
    }

    /// A stream of its own for part `index` of what this stream is for (a face, a network), started at its beginning.
    ///
    /// Depends on the name of this stream and on `index` only, not on how many numbers were drawn. Parts of parts are
    /// not distinguished: split once.
    #[must_use]
    pub fn part(&self, index: u64) -> Self {
        let mut generator = self.generator.clone();
        generator.set_stream(index.wrapping_add(1));
        generator.set_word_pos(0);
        Self { generator }
    }

    /// Continues at draw number `draw` (64 bits each, the first is 0), so that parallel parts can start where they belong.
    pub fn seek(&mut self, draw: u64) {
        self.generator.set_word_pos(2 * u128::from(draw));
    }

    /// 64 random bits: one draw.
    pub fn bits(&mut self) -> u64 {
        self.generator.next_u64()
    }

    /// Uniform in the open interval (0, 1): the midpoints of 2^52 equal cells. One draw.
    pub fn uniform(&mut self) -> f64 {
        unit(self.bits())
    }

    /// Normal with mean 0 and variance 1, by the method of Box and Muller (Ann. Math. Stat. 29 (1958) 610). Two draws;
    /// the second number of the pair is not kept, so that a stream has no state but its position.
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * self.uniform().ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// Uniform among 0 .. n-1 without bias; 0 for n = 0. One draw, seldom more.
    ///
    /// Multiplication with rejection: D. Lemire, ACM Trans. Model. Comput. Simul. 29 (2019) 3.
    pub fn below(&mut self, n: usize) -> usize {
        let n = n as u64;
        if n == 0 {
            return 0;
        }
        let rejected = n.wrapping_neg() % n;
        loop {
            let product = u128::from(self.bits()) * u128::from(n);
            if product as u64 >= rejected {
                return (product >> 64) as usize;
            }
        }
    }

    /// Puts the items in random order, each order equally likely (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }

    /// The numbers 0 .. n-1 in random order.
    pub fn permutation(&mut self, n: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..n).collect();
        self.shuffle(&mut order);
        order
    }
}

/// The middle of one of 2^52 cells of (0, 1), from the top 52 bits; never 0 or 1, and exact.
pub(super) fn unit(bits: u64) -> f64 {
    const CELL: f64 = 1.0 / (1u64 << 52) as f64;
    ((bits >> 12) as f64 + 0.5) * CELL
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_name_same_bits_and_other_names_differ() {
        let first = |mut s: Stream| (0..4).map(|_| s.bits()).collect::<Vec<_>>();
        assert_eq!(first(Stream::new(1, 2, 3)), first(Stream::new(1, 2, 3)));
        let names = [(1, 2, 3), (3, 2, 1), (2, 1, 3), (1, 3, 2), (0, 0, 0), (u64::MAX, 0, 0)];
        let mut drawn: Vec<_> = names.map(|(a, b, c)| first(Stream::new(a, b, c))).into();
        drawn.push(first(Stream::held_out()));
        drawn.push(first(Stream::new(0, 0, 0).part(0)));
        drawn.push(first(Stream::new(0, 0, 0).part(1)));
        let distinct: std::collections::HashSet<_> = drawn.iter().collect();
        assert_eq!(distinct.len(), drawn.len());
    }

    #[test]
    fn bits_are_pinned() {
        // A change here changes every published run.
        assert_eq!(Stream::new(0, 0, 0).bits(), PINNED[0]);
        assert_eq!(Stream::new(7, 1, 2).bits(), PINNED[1]);
    }
    const PINNED: [u64; 2] = [15438444565445410878, 16035208563325420597];

    #[test]
    fn seek_is_the_same_as_drawing() {
        let mut drawn = Stream::new(5, 0, 0);
        let all: Vec<u64> = (0..100).map(|_| drawn.bits()).collect();
        for at in [0, 1, 7, 8, 31, 32, 33, 63, 99] {
            let mut sought = Stream::new(5, 0, 0);
            sought.bits();
            sought.seek(at as u64);
            assert_eq!(sought.bits(), all[at]);
        }
        assert_eq!(drawn.part(4).bits(), Stream::new(5, 0, 0).part(4).bits());
    }

    #[test]
    fn unit_is_open() {
        assert!(unit(0) > 0.0);
        assert!(unit(u64::MAX) < 1.0);
    }

    #[test]
    fn moments() {
        let mut s = Stream::new(11, 0, 0);
        let n = 200_000;
        let (mut u1, mut u2, mut z) = (0.0, 0.0, [0.0; 4]);
        for _ in 0..n {
            let u = s.uniform();
            u1 += u / n as f64;
            u2 += u * u / n as f64;
            let v = s.normal();
            for (k, m) in z.iter_mut().enumerate() {
                *m += v.powi(k as i32 + 1) / n as f64;
            }
        }
        // Five standard deviations of each mean.
        assert!((u1 - 0.5).abs() < 5.0 * (1.0 / 12.0 / n as f64).sqrt());
        assert!((u2 - 1.0 / 3.0).abs() < 5.0 * (4.0 / 45.0 / n as f64).sqrt());
        for (moment, (exact, variance)) in z.iter().zip([(0.0, 1.0), (1.0, 2.0), (0.0, 15.0), (3.0, 96.0)]) {
            assert!((moment - exact).abs() < 5.0 * (variance / n as f64).sqrt(), "{moment} is not {exact}");
        }
    }

    #[test]
    fn below_reaches_every_number_equally() {
        let mut s = Stream::new(0, 0, 1);
        let mut counts = [0usize; 6];
        for _ in 0..60_000 {
            counts[s.below(6)] += 1;
        }
        // Chi-squared with 5 degrees of freedom: 25.7 is passed once in 10^4 seeds.
        let chi: f64 = counts.iter().map(|&c| (c as f64 - 1e4).powi(2) / 1e4).sum();
        assert!(chi < 25.7, "{counts:?}");
        assert_eq!((s.below(0), s.below(1)), (0, 0));
    }

    #[test]
    fn permutations_are_permutations() {
        let mut order = Stream::new(2, 0, 0).permutation(1000);
        assert_ne!(order, (0..1000).collect::<Vec<_>>());
        order.sort_unstable();
        assert_eq!(order, (0..1000).collect::<Vec<_>>());
    }
}
