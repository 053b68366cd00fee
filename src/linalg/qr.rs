//! Damped least squares by orthogonal factorization, for what the normal equations can't resolve.

use std::cell::RefCell;

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::householder::{
    apply_block_householder_sequence_on_the_left_in_place_scratch as apply_forward_scratch,
    apply_block_householder_sequence_on_the_left_in_place_with_conj as apply_forward,
    apply_block_householder_sequence_transpose_on_the_left_in_place_scratch as apply_scratch,
    apply_block_householder_sequence_transpose_on_the_left_in_place_with_conj as apply_transpose,
};
use faer::linalg::qr::no_pivoting::factor::{qr_in_place, qr_in_place_scratch, recommended_block_size};
use faer::linalg::triangular_solve::{solve_lower_triangular_in_place, solve_upper_triangular_in_place};
use faer::prelude::ReborrowMut;
use faer::{Col, Conj, Mat, MatMut, MatRef, Par, Spec};
use tracing::debug_span;

use super::{RowTiles, SolveError, check_right_hand_side, product, transposed_product};

/// The factorization `J = QR`, from which least-squares problems with any damping and any right-hand side are solved.
///
/// Q is kept as Householder vectors. For a damping λ, `[R; √λ I]` is factored again (10/3 P³ operations, whatever N is),
/// and kept for the next right-hand side with the same λ. Backward stable: the relative error of a solution is about ε
/// times the condition of `[J; √λ I]`, not its square. The factorizations are serial, hence the same bits for any number of threads.
pub struct Qr {
    householder: Householder,
    /// R, min(N, P) x P, with zeros below the diagonal.
    upper: Mat<f64>,
    damped: RefCell<Option<Damped>>,
}

/// `[R; √λ I]`, factored.
struct Damped {
    damping: f64,
    householder: Householder,
}

impl Damped {
    /// Subtracts `(JᵀJ + λI)⁻¹ defect` from d.
    fn improve_normal(&self, defect: &[f64], d: &mut [f64]) {
        let triangle = self.householder.basis.as_ref().subrows(0, d.len());
        let mut solution = Col::from_fn(d.len(), |i| defect[i]);
        solve_lower_triangular_in_place(triangle.transpose(), solution.as_mat_mut(), Par::Seq);
        solve_upper_triangular_in_place(triangle, solution.as_mat_mut(), Par::Seq);
        d.iter_mut().zip(solution.iter()).for_each(|(d, e)| *d -= e);
    }
}

/// Householder vectors below the diagonal, the triangular factor on and above it, and the block coefficients.
struct Householder {
    basis: Mat<f64>,
    coefficients: Mat<f64>,
    rank: usize,
}

impl Householder {
    fn new(matrix: Mat<f64>) -> Self {
        let mut basis = matrix;
        let (rows, columns) = basis.shape();
        let block = recommended_block_size::<f64>(rows, columns);
        let mut coefficients = Mat::zeros(block, rows.min(columns));
        let mut memory = MemBuffer::new(qr_in_place_scratch::<f64>(rows, columns, block, Par::Seq, Spec::default()));
        let stack = MemStack::new(&mut memory);
        let info = qr_in_place(basis.as_mut(), coefficients.as_mut(), Par::Seq, stack, Spec::default());
        Self { basis, coefficients, rank: info.rank }
    }

    /// Replaces b by `Qᵀ b`.
    fn apply_transpose(&self, b: MatMut<'_, f64>) {
        let (basis, coefficients) = (self.basis.as_ref(), self.coefficients.as_ref());
        let size = coefficients.ncols();
        let mut memory = MemBuffer::new(apply_scratch::<f64>(basis.nrows(), coefficients.nrows(), b.ncols()));
        let stack = MemStack::new(&mut memory);
        // Columns beyond the number of rows carry no Householder vector.
        apply_transpose(basis.subcols(0, size), coefficients, Conj::No, b, Par::Seq, stack);
    }
}

/// Q of the factorization `A = QR` of a square matrix; both column-major.
///
/// # Errors
/// [`SolveError::NotFinite`] if A holds a NaN or infinity.
///
/// # Panics
/// If `matrix` does not hold n² numbers.
pub fn orthogonal_factor(matrix: &[f64], size: usize) -> Result<Vec<f64>, SolveError> {
    let view = MatRef::from_column_major_slice(matrix, size, size);
    if let Some(column) = (0..size).find(|&column| !view.col(column).iter().all(|x| x.is_finite())) {
        return Err(SolveError::NotFinite { column });
    }
    let householder = Householder::new(view.to_owned());
    let mut q = Mat::identity(size, size);
    let (basis, coefficients) = (householder.basis.as_ref(), householder.coefficients.as_ref());
    let mut memory = MemBuffer::new(apply_forward_scratch::<f64>(size, coefficients.nrows(), size));
    apply_forward(basis, coefficients, Conj::No, q.as_mut(), Par::Seq, MemStack::new(&mut memory));
    Ok((0..size).flat_map(|column| q.col(column).iter().copied().collect::<Vec<f64>>()).collect())
}

impl Qr {
    /// Factors the Jacobian, N x P, of any shape.
    ///
    /// # Errors
    /// [`SolveError::NotFinite`] if it holds a NaN or infinity.
    pub fn new(jacobian: &RowTiles) -> Result<Self, SolveError> {
        let matrix = jacobian.to_matrix();
        let finite = |column: &usize| matrix.col(*column).iter().all(|x| x.is_finite());
        if let Some(column) = (0..matrix.ncols()).find(|column| !finite(column)) {
            return Err(SolveError::NotFinite { column });
        }
        let _span = debug_span!("QR").entered();
        let householder = Householder::new(matrix);
        let (rows, columns) = householder.basis.shape();
        let basis = &householder.basis;
        let upper = Mat::from_fn(rows.min(columns), columns, |i, j| if i <= j { basis[(i, j)] } else { 0.0 });
        Ok(Self { householder, upper, damped: RefCell::new(None) })
    }

    /// The solution of the damped least-squares problem, `out = argmin |J d + b|² + damping |d|²`, refined once with the
    /// residual of the Jacobian itself (faer drops columns that depend on others to within 16 N ε from the
    /// factorization; the refinement takes back what that costs).
    ///
    /// * `jacobian`: J, the matrix that [`Qr::new`] was given
    /// * `b`: a residual vector, length N
    /// * `damping`: λ ≥ 0; with λ = 0 the columns of J must be independent
    /// * `out`: d, length P
    ///
    /// # Errors
    /// [`SolveError::RightHandSideNotFinite`] for a NaN or infinity in b; [`SolveError::Singular`] if the columns of
    /// `[J; √λ I]` depend on each other to within some 16 (N + P) ε, or the solution overflows.
    ///
    /// # Panics
    /// If the lengths do not fit the Jacobian of [`Qr::new`].
    pub fn solve_damped(
        &self,
        jacobian: &RowTiles,
        b: &[f64],
        damping: f64,
        out: &mut [f64],
    ) -> Result<(), SolveError> {
        let (rows, columns) = self.householder.basis.shape();
        assert_eq!((jacobian.rows(), jacobian.columns()), (rows, columns), "another Jacobian");
        assert_eq!((b.len(), out.len()), (rows, columns), "a system of another shape");
        check_right_hand_side(b)?;
        let mut kept = self.damped.borrow_mut();
        let damped = self.damped(&mut kept, damping)?;
        out.fill(0.0);
        let mut residual = b.to_vec();
        self.improve(damped, &residual, out);
        product(jacobian, out, &mut residual);
        residual.iter_mut().zip(b).for_each(|(r, b)| *r += b);
        self.improve(damped, &residual, out);
        if out.iter().all(|x| x.is_finite()) { Ok(()) } else { Err(SolveError::Singular { damping }) }
    }

    /// The solution of `(JᵀJ + λI) out = -gradient`, for a gradient that is no `Jᵀb`, refined once (the corrected
    /// semi-normal equations: more accurate than the normal ones, because R resolves what JᵀJ has lost).
    ///
    /// * `jacobian`: J, the matrix that [`Qr::new`] was given
    /// * `gradient`: length P
    /// * `damping`: λ ≥ 0; with λ = 0 the columns of J must be independent
    /// * `out`: length P
    ///
    /// # Errors
    /// As [`Qr::solve_damped`].
    ///
    /// # Panics
    /// If the lengths do not fit the Jacobian of [`Qr::new`].
    pub fn solve_normal(
        &self,
        jacobian: &RowTiles,
        gradient: &[f64],
        damping: f64,
        out: &mut [f64],
    ) -> Result<(), SolveError> {
        let (rows, columns) = self.householder.basis.shape();
        assert_eq!((jacobian.rows(), jacobian.columns()), (rows, columns), "another Jacobian");
        assert_eq!((gradient.len(), out.len()), (columns, columns), "a system of another shape");
        check_right_hand_side(gradient)?;
        let mut kept = self.damped.borrow_mut();
        let damped = self.damped(&mut kept, damping)?;
        out.fill(0.0);
        damped.improve_normal(gradient, out);
        let mut along = vec![0.0; rows];
        product(jacobian, out, &mut along);
        let mut defect = vec![0.0; columns];
        transposed_product(jacobian, &along, &mut defect);
        let more = gradient.iter().zip(&*out).map(|(g, d)| g + damping * d);
        defect.iter_mut().zip(more).for_each(|(defect, more)| *defect += more);
        damped.improve_normal(&defect, out);
        if out.iter().all(|x| x.is_finite()) { Ok(()) } else { Err(SolveError::Singular { damping }) }
    }

    /// The factorization for a damping: the one that is kept, if it is for the same.
    fn damped<'a>(&self, kept: &'a mut Option<Damped>, damping: f64) -> Result<&'a Damped, SolveError> {
        // What is not for this damping goes before its successor is made: it is the largest of all matrices.
        let damped = match kept.take().filter(|damped| damped.damping == damping) {
            Some(damped) => kept.insert(damped),
            None => kept.insert(self.damp(damping)),
        };
        if damped.householder.rank < self.upper.ncols() { Err(SolveError::Singular { damping }) } else { Ok(damped) }
    }

    /// Adds `argmin |J e + residual|² + damping |e + d|²` to d.
    fn improve(&self, damped: &Damped, residual: &[f64], d: &mut [f64]) {
        let mut turned = Col::from_fn(residual.len(), |row| -residual[row]);
        self.householder.apply_transpose(turned.as_mat_mut());
        let (size, root) = (self.upper.nrows(), damped.damping.sqrt());
        let entry = |row: usize| if row < size { turned[row] } else { -root * d[row - size] };
        let mut right = Col::from_fn(size + d.len(), entry);
        damped.householder.apply_transpose(right.as_mat_mut());
        let triangle = damped.householder.basis.as_ref().subrows(0, d.len());
        let mut solution = right.as_mut().subrows_mut(0, d.len());
        solve_upper_triangular_in_place(triangle, solution.rb_mut().as_mat_mut(), Par::Seq);
        d.iter_mut().zip(solution.iter()).for_each(|(d, e)| *d += e);
    }

    /// R, min(N, P) x P, column-major, with zeros below the diagonal: JᵀJ = RᵀR.
    pub fn upper(&self) -> Vec<f64> {
        (0..self.upper.ncols()).flat_map(|column| self.upper.col(column).iter().copied()).collect()
    }

    fn damp(&self, damping: f64) -> Damped {
        let (size, columns) = self.upper.shape();
        let root = damping.sqrt();
        let entry = |i: usize, j: usize| match i.checked_sub(size) {
            None => self.upper[(i, j)],
            Some(below) if below == j => root,
            Some(_) => 0.0,
        };
        Damped { damping, householder: Householder::new(Mat::from_fn(size + columns, columns, entry)) }
    }
}
