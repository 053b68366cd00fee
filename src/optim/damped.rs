//! The damped linear system of a natural gradient step, `(AᵀA + λI) p = -g`, for one matrix A (N x P) and several λ.
//!
//! | way | cost once, and for each λ | where |
//! |---|---|---|
//! | [`Gram`](Way::Gram) | N P², P³/3 | P ≤ N |
//! | [`Kernel`](Way::Kernel) | N² P, N³/3 | N < P: `p = -Aᵀ(AAᵀ + λI)⁻¹ r` (Guzmán-Cordero et al., arXiv 2505.12149, eq. 8) |
//! | [`Qr`](Way::Qr) | 2 N P², 10/3 P³ | where the normal equations lose too many digits |
//! | [`Svd`](Way::Svd) | 4 N P² + 22 P³, 2 P² | where singular values are to be seen apart |
//! | [`Cg`](Way::Cg) | 4 N P [`SKETCH`], 4 N P an iteration | where both are large |
//!
//! Gram and kernel matrix resolve no singular value of A below 1e-8 of the largest.

use rayon::prelude::*;

use crate::geometry::Stream;
use crate::kernel::Objective;
use crate::linalg::{
    CgLimits, CgRoom, Cholesky, Nystrom, Qr, RowTile, RowTiles, SolveError, Spectral, Symmetric, add_gram,
    conjugate_gradients, dot, gram, outer_gram, product, transposed_product,
};

/// Columns of a task.
const COLUMNS: usize = 64;
/// Numbers of the rows of A that are made at a time where A is not stored (64 MB).
pub(super) const NUMBERS_OF_PART: usize = 1 << 23;
/// The rank of the sketch that preconditions conjugate gradients.
pub(super) const SKETCH: usize = 512;
/// The random stream of its vectors, apart from those of statements.
const SKETCH_STREAM: u64 = u64::MAX;

/// How a system is solved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Gram,
    Kernel,
    Qr,
    Svd,
    Cg,
}

/// The right-hand side.
#[derive(Clone, Copy)]
pub(super) enum Side<'a> {
    /// `g = Aᵀ r`, given r, length N.
    Residual(&'a [f64]),
    /// g, length P.
    Gradient(&'a [f64]),
}

/// A and what was made from it.
pub(super) struct DampedSystem {
    rows: RowTiles,
    limits: CgLimits,
    /// Of AᵀA or AAᵀ.
    cholesky: Cholesky,
    /// The diagonal of AᵀA.
    diagonal: Vec<f64>,
    /// What conjugate gradients are preconditioned with; the diagonal where there is none.
    nystrom: Option<Nystrom>,
    /// Random vectors for it, one after the other.
    sketch: Vec<f64>,
    qr: Option<Qr>,
    spectral: Option<Spectral>,
    /// (AAᵀ + λI)⁻¹ r
    alpha: Vec<f64>,
    damping: f64,
    way: Way,
    streamed: bool,
}

impl DampedSystem {
    /// A system without a matrix yet; `rows` says its shape.
    pub fn new(rows: RowTiles, limits: CgLimits) -> Self {
        let cholesky = Cholesky::new(0);
        let [diagonal, sketch, alpha] = [const { Vec::new() }; 3];
        let (nystrom, qr, spectral, damping, way, streamed) = (None, None, None, 0.0, Way::Gram, false);
        Self { rows, limits, cholesky, diagonal, nystrom, sketch, qr, spectral, alpha, damping, way, streamed }
    }

    /// Makes the Gram matrix of A at θ from some of its rows after the other, none of which stay: what [`begin`](Self::begin) does
    /// otherwise. Gives the loss, and its gradient.
    pub fn stream(&mut self, problem: &dyn Objective, theta: &[f64], gradient: &mut [f64]) -> f64 {
        self.streamed = true;
        self.fit(theta.len());
        let (mut loss, mut add) = (f64::NAN, false);
        self.cholesky.fill(|lower| {
            loss = problem.linearize_in_parts(theta, NUMBERS_OF_PART, &mut self.rows, gradient, &mut |rows| {
                if add {
                    add_gram(rows, lower)
                } else {
                    gram(rows, lower)
                }
                add = true;
            });
        });
        loss
    }

    /// Whether there is a Gram matrix without A.
    pub fn is_streamed(&self) -> bool {
        self.streamed
    }

    /// A in `rows`, or room for it.
    pub fn stored(&mut self) -> &mut RowTiles {
        self.streamed = false;
        &mut self.rows
    }

    /// Rows and columns of A.
    pub fn shape(&self) -> (usize, usize) {
        (self.rows.rows(), self.rows.columns())
    }

    /// Makes room for a matrix of this size.
    fn fit(&mut self, size: usize) {
        if self.cholesky.size() != size {
            self.cholesky = Cholesky::new(size);
        }
    }

    /// Takes note of a new A in `rows`, to be solved in this way; gives the largest entry of the diagonal of AᵀA.
    pub fn begin(&mut self, way: Way) -> f64 {
        self.way = way;
        (self.qr, self.spectral) = (None, None);
        let size = match way {
            Way::Gram => self.rows.columns(),
            Way::Kernel => self.rows.rows(),
            Way::Qr | Way::Svd | Way::Cg => 0,
        };
        self.fit(size);
        match way {
            Way::Gram => {
                if !self.streamed {
                    self.cholesky.fill(|lower| gram(&self.rows, lower));
                }
                self.cholesky.diagonal().iter().copied().fold(0.0, f64::max)
            }
            Way::Kernel | Way::Qr | Way::Svd | Way::Cg => {
                if way == Way::Kernel {
                    self.cholesky.fill(|lower| outer_gram(&self.rows, lower));
                }
                if way == Way::Cg {
                    self.sketch_of_gram();
                }
                self.squares_of_columns();
                self.diagonal.iter().copied().fold(0.0, f64::max)
            }
        }
    }

    fn sketch_of_gram(&mut self) {
        let columns = self.rows.columns();
        let length = SKETCH.min(columns / 4) * columns;
        if self.sketch.len() != length {
            let mut stream = Stream::new(0, SKETCH_STREAM, 0);
            self.sketch = (0..length).map(|_| stream.normal()).collect();
        }
        // A matrix that is not finite, or has no rank, is told by what follows.
        self.nystrom = if length > 0 { Nystrom::new(&self.rows, &self.sketch).ok() } else { None };
    }

    fn squares_of_columns(&mut self) {
        self.diagonal.clear();
        self.diagonal.resize(self.rows.columns(), 0.0);
        let tiles = || self.rows.tiles().iter().filter(|tile: &&RowTile| tile.rows() > 0);
        self.diagonal.par_chunks_mut(COLUMNS).enumerate().for_each(|(part, squares)| {
            for tile in tiles() {
                let columns = tile.data().chunks_exact(tile.stride()).skip(part * COLUMNS);
                for (square, column) in squares.iter_mut().zip(columns) {
                    *square += dot(&column[..tile.rows()], &column[..tile.rows()]);
                }
            }
        });
    }

    /// Whether r gives the solution more digits than `Aᵀr` does.
    pub fn wants_residual(&self) -> bool {
        matches!(self.way, Way::Kernel | Way::Qr | Way::Svd)
    }

    /// Goes over to another way, for the same A.
    pub fn switch(&mut self, way: Way) {
        self.way = way;
    }

    /// Factors the matrix at this damping, as far as the way wants it.
    ///
    /// # Errors
    /// [`SolveError`] if A is not finite, or the damping too small for it.
    pub fn factor(&mut self, damping: f64) -> Result<(), SolveError> {
        self.damping = damping;
        match self.way {
            Way::Gram | Way::Kernel => self.cholesky.factor(damping),
            Way::Qr if self.qr.is_none() => {
                self.qr = Some(Qr::new(&self.rows)?);
                Ok(())
            }
            Way::Svd if self.spectral.is_none() => {
                self.spectral = Some(Spectral::of_rows(&self.rows)?);
                Ok(())
            }
            Way::Qr | Way::Svd | Way::Cg => Ok(()),
        }
    }

    /// p, length P, at the damping of the last [`factor`](Self::factor), which did not fail.
    ///
    /// # Errors
    /// [`SolveError`] if the right-hand side is not finite or the system is singular.
    pub fn solve(&mut self, side: Side<'_>, out: &mut [f64]) -> Result<(), SolveError> {
        match (self.way, side) {
            (Way::Qr, side) => {
                let qr = self.qr.as_ref().ok_or(SolveError::Singular { damping: self.damping })?;
                match side {
                    Side::Residual(r) => qr.solve_damped(&self.rows, r, self.damping, out),
                    Side::Gradient(g) => qr.solve_normal(&self.rows, g, self.damping, out),
                }
            }
            (Way::Svd, side) => {
                let spectral = self.spectral.as_ref().ok_or(SolveError::Singular { damping: self.damping })?;
                match side {
                    Side::Residual(r) => spectral.solve_damped(r, self.damping, out),
                    Side::Gradient(g) => spectral.solve_normal(g, self.damping, out),
                }
            }
            (Way::Kernel, Side::Residual(r)) => {
                self.alpha.clear();
                self.alpha.extend_from_slice(r);
                self.cholesky.solve_in_place(&mut self.alpha);
                transposed_product(&self.rows, &self.alpha, out);
                out.iter_mut().for_each(|p| *p = -*p);
                Ok(())
            }
            (Way::Gram, Side::Residual(r)) => {
                transposed_product(&self.rows, r, out);
                out.iter_mut().for_each(|p| *p = -*p);
                self.cholesky.solve_in_place(out);
                Ok(())
            }
            (_, Side::Residual(r)) => {
                let mut gradient = vec![0.0; out.len()];
                transposed_product(&self.rows, r, &mut gradient);
                self.solve_normal(&gradient, out);
                Ok(())
            }
            (_, Side::Gradient(g)) => {
                self.solve_normal(g, out);
                Ok(())
            }
        }
    }

    fn solve_normal(&self, gradient: &[f64], out: &mut [f64]) {
        match self.way {
            Way::Kernel => {
                out.fill(0.0);
                // (AᵀA + λI)⁻¹ g = (g - Aᵀ(AAᵀ + λI)⁻¹ A g)/λ cancels; the second round takes back what that costs.
                let [mut rest, mut along] = [(); 2].map(|()| vec![0.0; out.len()]);
                let mut alpha = vec![0.0; self.rows.rows()];
                for _ in 0..2 {
                    self.apply(out, &mut alpha, &mut rest);
                    rest.iter_mut().zip(gradient).for_each(|(rest, g)| *rest += g);
                    product(&self.rows, &rest, &mut alpha);
                    self.cholesky.solve_in_place(&mut alpha);
                    transposed_product(&self.rows, &alpha, &mut along);
                    let changes = rest.iter().zip(&along).map(|(rest, along)| (rest - along) / self.damping);
                    out.iter_mut().zip(changes).for_each(|(p, change)| *p -= change);
                }
            }
            Way::Cg => {
                let mut system = Damped { system: self, image: vec![0.0; self.rows.rows()] };
                conjugate_gradients(&mut system, gradient, self.limits, &mut CgRoom::default(), out);
            }
            Way::Gram | Way::Qr | Way::Svd => {
                out.iter_mut().zip(gradient).for_each(|(p, g)| *p = -g);
                self.cholesky.solve_in_place(out);
            }
        }
    }

    /// `(AᵀA + λI) p`; `image`, length N, is room for A p.
    fn apply(&self, p: &[f64], image: &mut [f64], out: &mut [f64]) {
        product(&self.rows, p, image);
        transposed_product(&self.rows, image, out);
        out.iter_mut().zip(p).for_each(|(out, p)| *out += self.damping * p);
    }

    fn precondition(&self, residual: &[f64], out: &mut [f64]) {
        match &self.nystrom {
            Some(nystrom) => nystrom.precondition(self.damping, residual, out),
            None => {
                let scaled = residual.iter().zip(&self.diagonal).map(|(r, d)| r / (d + self.damping));
                out.iter_mut().zip(scaled).for_each(|(out, scaled)| *out = scaled);
            }
        }
    }
}

/// `AᵀA + λI`, with room for a product with A.
struct Damped<'a> {
    system: &'a DampedSystem,
    image: Vec<f64>,
}

impl Symmetric for Damped<'_> {
    fn apply(&mut self, v: &[f64], out: &mut [f64]) {
        self.system.apply(v, &mut self.image, out);
    }

    fn precondition(&self, v: &[f64], out: &mut [f64]) {
        self.system.precondition(v, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Stream;
    use crate::optim::norm;

    fn system(rows: usize, columns: usize) -> DampedSystem {
        let mut stream = Stream::new(7, rows as u64, 0);
        let sizes: Vec<usize> = (0..rows).step_by(8).map(|start| 8.min(rows - start)).collect();
        let mut matrix = RowTiles::new(&sizes, columns);
        for tile in matrix.tiles_mut() {
            tile.data_mut().iter_mut().for_each(|x| *x = 2.0 * stream.uniform() - 1.0);
        }
        DampedSystem::new(matrix, CgLimits { iterations: 200, tolerance: 1e-13 })
    }

    /// Every way solves the same system, tall and wide, for both kinds of right-hand side.
    #[test]
    fn all_ways_agree() {
        for (rows, columns) in [(40, 12), (12, 40), (16, 16)] {
            let mut system = system(rows, columns);
            let r: Vec<f64> = (0..rows).map(|i| (1.0 + i as f64).sin()).collect();
            let g: Vec<f64> = (0..columns).map(|i| (1.0 + i as f64).cos()).collect();
            for damping in [1e-3, 1.0] {
                for side in [Side::Residual(&r), Side::Gradient(&g)] {
                    for way in [Way::Gram, Way::Kernel, Way::Qr, Way::Svd, Way::Cg] {
                        let mut p = vec![0.0; columns];
                        system.begin(way);
                        system.factor(damping).expect("the damped matrix is positive definite");
                        system.solve(side, &mut p).expect("everything is finite");
                        let (mut image, mut rest) = (vec![0.0; rows], vec![0.0; columns]);
                        system.apply(&p, &mut image, &mut rest);
                        let mut wanted = g.clone();
                        if let Side::Residual(r) = side {
                            transposed_product(&system.rows, r, &mut wanted);
                        }
                        rest.iter_mut().zip(&wanted).for_each(|(rest, g)| *rest += g);
                        assert!(
                            norm(&rest) < 1e-10 * norm(&wanted),
                            "{rows} x {columns} {way:?} {damping}: {}",
                            norm(&rest)
                        );
                    }
                }
            }
        }
    }
}
