//! Linear algebra: residuals in units of rounding, over sizes and kinds of matrices, and the same bits for any threads.

use nalgebra::{DMatrix, DVector};
use pdec::linalg::{
    Cholesky, Nystrom, Qr, RowTiles, SolveError, View, ViewMut, gram, joint_eigen, multiply, outer_gram, product,
    symmetric_eigen, thin_svd, transposed_product,
};

/// Numbers in [-1, 1) (SplitMix64).
struct Stream(u64);

impl Stream {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }

    fn vector(&mut self, size: usize) -> DVector<f64> {
        DVector::from_fn(size, |_, _| self.next())
    }

    fn matrix(&mut self, rows: usize, columns: usize) -> DMatrix<f64> {
        DMatrix::from_fn(rows, columns, |_, _| self.next())
    }
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Random,
    /// Columns from 1 down to 1e-12.
    Graded,
    /// Every third column is the sum of the two before it.
    Dependent,
    Hilbert,
    Zero,
}

const KINDS: [Kind; 5] = [Kind::Random, Kind::Graded, Kind::Dependent, Kind::Hilbert, Kind::Zero];

fn matrix_of(kind: Kind, rows: usize, columns: usize) -> DMatrix<f64> {
    let mut stream = Stream((rows * 1000 + columns) as u64);
    let mut matrix = stream.matrix(rows, columns);
    match kind {
        Kind::Random => {}
        Kind::Graded => {
            let scale = |column: usize| 10f64.powf(-12.0 * column as f64 / columns as f64);
            (0..columns).for_each(|column| matrix.column_mut(column).scale_mut(scale(column)));
        }
        Kind::Dependent => {
            for column in (2..columns).step_by(3) {
                let sum = matrix.column(column - 1) + matrix.column(column - 2);
                matrix.set_column(column, &sum);
            }
        }
        Kind::Hilbert => matrix = DMatrix::from_fn(rows, columns, |i, j| 1.0 / (i + j + 1) as f64),
        Kind::Zero => matrix.fill(0.0),
    }
    matrix
}

/// The matrix in tiles of uneven sizes, one of them empty; the padding rows hold NaN, which must not matter.
fn tiles_of(matrix: &DMatrix<f64>) -> RowTiles {
    let mut sizes = vec![0];
    let mut left = matrix.nrows();
    for size in [1, 64, 17, 256, 100].into_iter().cycle() {
        if left == 0 {
            break;
        }
        sizes.push(size.min(left));
        left -= size.min(left);
    }
    let mut tiles = RowTiles::new(&sizes, matrix.ncols());
    let mut start = 0;
    for tile in tiles.tiles_mut() {
        let (rows, stride) = (tile.rows(), tile.stride());
        for (index, entry) in tile.data_mut().iter_mut().enumerate() {
            let (row, column) = (index % stride, index / stride);
            *entry = if row < rows { matrix[(start + row, column)] } else { f64::NAN };
        }
        start += rows;
    }
    assert_eq!((tiles.rows(), tiles.columns()), matrix.shape());
    tiles
}

/// The lower triangle, mirrored.
fn symmetric(lower: &[f64], size: usize) -> DMatrix<f64> {
    let stored = DMatrix::from_column_slice(size, size, lower);
    DMatrix::from_fn(size, size, |i, j| stored[(i.max(j), i.min(j))])
}

/// |a - b| in units of ε · size · scale.
fn ratio(a: &DMatrix<f64>, b: &DMatrix<f64>, size: usize, scale: f64) -> f64 {
    (a - b).amax() / (f64::EPSILON * size.max(1) as f64 * scale.max(f64::MIN_POSITIVE))
}

fn gram_of(tiles: &RowTiles) -> Vec<f64> {
    let mut out = vec![f64::NAN; tiles.columns() * tiles.columns()];
    gram(tiles, &mut out);
    out
}

/// Runs with a number of threads.
fn with_threads<T: Send>(threads: usize, task: impl FnOnce() -> T + Send) -> T {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool").install(task)
}

const SHAPES: [(usize, usize); 10] =
    [(1, 1), (2, 1), (5, 5), (20, 7), (64, 33), (130, 128), (200, 129), (300, 257), (7, 20), (100, 300)];

#[test]
fn products_and_gram_matrices_match_nalgebra() {
    for kind in KINDS {
        for (rows, columns) in SHAPES {
            let matrix = matrix_of(kind, rows, columns);
            let tiles = tiles_of(&matrix);
            let mut stream = Stream(5);
            let (r, v) = (stream.vector(rows), stream.vector(columns));
            let scale = matrix.amax();

            let inner = symmetric(&gram_of(&tiles), columns);
            let lost = ratio(&inner, &matrix.tr_mul(&matrix), rows, scale * scale);
            assert!(lost < 10.0, "gram {kind:?} {rows}x{columns}: {lost}");
            let mut outer = vec![f64::NAN; rows * rows];
            outer_gram(&tiles, &mut outer);
            let expected = &matrix * matrix.transpose();
            assert!(
                ratio(&symmetric(&outer, rows), &expected, columns, scale * scale) < 10.0,
                "outer {kind:?} {rows}x{columns}"
            );
            let mut out = vec![f64::NAN; columns];
            transposed_product(&tiles, r.as_slice(), &mut out);
            let out = DMatrix::from_column_slice(columns, 1, &out);
            assert!(
                ratio(&out, &DMatrix::from_columns(&[matrix.tr_mul(&r)]), rows, scale) < 10.0,
                "Jᵀr {kind:?} {rows}x{columns}"
            );
            let mut out = vec![f64::NAN; rows];
            product(&tiles, v.as_slice(), &mut out);
            let out = DMatrix::from_column_slice(rows, 1, &out);
            assert!(
                ratio(&out, &DMatrix::from_columns(&[&matrix * &v]), columns, scale) < 10.0,
                "Jv {kind:?} {rows}x{columns}"
            );
        }
    }
}

#[test]
fn what_is_above_the_diagonal_stays() {
    let tiles = tiles_of(&matrix_of(Kind::Random, 50, 200));
    let lower = gram_of(&tiles);
    for column in 0..200 {
        for row in 0..200 {
            assert_eq!(lower[column * 200 + row].is_nan(), row < column);
        }
    }
}

#[test]
fn cholesky_solves_to_rounding() {
    for kind in KINDS {
        for size in [1, 2, 5, 33, 129, 300, 383, 384, 500] {
            let tiles = tiles_of(&matrix_of(kind, size + 10, size));
            let lower = gram_of(&tiles);
            let damping = 1e-6 * lower.iter().step_by(size + 1).fold(1e-3, |a: f64, &b| a.max(b));
            let mut cholesky = Cholesky::new(size);
            let b = Stream(9).vector(size);
            cholesky.fill(|triangle| triangle.copy_from_slice(&lower));
            // Each damping starts from the matrix itself, which the factor before has left as it was.
            for damping in [damping, 10.0 * damping, damping] {
                cholesky.factor(damping).expect("positive definite");
                let mut x = b.clone();
                cholesky.solve_in_place(x.as_mut_slice());
                let matrix = symmetric(&lower, size) + damping * DMatrix::identity(size, size);
                let residual = (&matrix * &x - &b).amax();
                let bound = f64::EPSILON * size as f64 * (matrix.amax() * size as f64 * x.amax() + b.amax());
                assert!(residual < bound, "{kind:?} {size}: {residual:e}, bound {bound:e}");
            }
        }
    }
}

#[test]
fn cholesky_says_what_is_wrong() {
    for size in [3, 400] {
        let mut lower = vec![0.0; size * size];
        let factor = |lower: &[f64], damping: f64| {
            let mut cholesky = Cholesky::new(size);
            cholesky.fill(|triangle| triangle.copy_from_slice(lower));
            cholesky.factor(damping)
        };
        assert_eq!(factor(&lower, 0.0), Err(SolveError::Singular { damping: 0.0 }));
        assert_eq!(factor(&lower, -1.0), Err(SolveError::Singular { damping: -1.0 }));
        lower[size + 2] = f64::NAN;
        assert_eq!(factor(&lower, 1.0), Err(SolveError::NotFinite { column: 1 }));
        lower[size + 2] = 0.0;
        assert_eq!(factor(&lower, 1.0), Ok(()));
        // The last pivot of the last panel counts too.
        lower[size * size - 1] = -2.0;
        assert_eq!(factor(&lower, 1.0), Err(SolveError::Singular { damping: 1.0 }));
    }
}

#[test]
fn damped_least_squares_meet_their_optimality_condition() {
    for kind in KINDS {
        for (rows, columns) in SHAPES {
            let matrix = matrix_of(kind, rows, columns);
            let tiles = tiles_of(&matrix);
            let qr = Qr::new(&tiles).expect("finite");
            let scale = matrix.amax().max(1e-3);
            for relative in [1e-2, 1e-8, 1e-14] {
                let damping = relative * scale * scale;
                for seed in 0..2 {
                    let b = Stream(seed).vector(rows);
                    let mut d = vec![f64::NAN; columns];
                    qr.solve_damped(&tiles, b.as_slice(), damping, &mut d).expect("solvable");
                    let d = DVector::from_vec(d);
                    // Jᵀ (J d + b) + λ d = 0, in units of what its terms lose to rounding.
                    let residual = &matrix * &d + &b;
                    let gradient = (matrix.tr_mul(&residual) + damping * &d).amax();
                    let size = (rows + columns) as f64;
                    let bound = 10.0 * f64::EPSILON * size * scale * (scale * d.norm() + b.norm());
                    assert!(gradient < bound, "{kind:?} {rows}x{columns} {relative:e}: {gradient:e}, bound {bound:e}");
                }
            }
        }
    }
}

/// J with singular values from 1 to 1e-10, and with b = -J x the solution x.
fn ill_conditioned(rows: usize, columns: usize) -> (DMatrix<f64>, DMatrix<f64>, DVector<f64>) {
    let mut stream = Stream(21);
    let left = stream.matrix(rows, columns).qr().q();
    let right = stream.matrix(columns, columns).qr().q();
    let values = DVector::from_fn(columns, |i, _| 10f64.powf(-10.0 * i as f64 / (columns - 1) as f64));
    (left * DMatrix::from_diagonal(&values) * right.transpose(), right, values)
}

#[test]
fn qr_resolves_singular_values_of_1e_10() {
    let (rows, columns) = (150, 60);
    let (matrix, right, values) = ill_conditioned(rows, columns);
    let tiles = tiles_of(&matrix);
    let qr = Qr::new(&tiles).expect("finite");
    let x = Stream(4).vector(columns);
    let b = -(&matrix * &x);
    let mut d = vec![0.0; columns];
    // Exact: in the basis of right singular vectors each component is damped by s²/(s² + λ).
    for damping in [1e-12, 1e-16, 1e-20] {
        qr.solve_damped(&tiles, b.as_slice(), damping, &mut d).expect("solvable");
        let found = right.tr_mul(&DVector::from_column_slice(&d));
        let components = right.tr_mul(&x);
        for (index, &value) in values.iter().enumerate() {
            let expected = components[index] * value * value / (value * value + damping);
            // A backward error ε moves a component by ε / max(s, √λ).
            let bound = 1e-10f64.max(100.0 * f64::EPSILON / value.max(damping.sqrt()));
            assert!((found[index] - expected).abs() < bound, "{damping:e}, {value:e}: {} {expected}", found[index]);
        }
        let residual = (&matrix * DVector::from_column_slice(&d) + &b).norm();
        let left_over = |index: usize| components[index] * values[index] * damping / (values[index].powi(2) + damping);
        let expected = (0..columns).map(|index| left_over(index).powi(2)).sum::<f64>().sqrt();
        assert!((residual - expected).abs() < 1e-10, "{damping:e}: {residual:e}, not {expected:e}");
    }
}

/// A gradient that is no Jᵀb: what the normal equations lose to the square of the condition, R resolves.
#[test]
fn qr_solves_normal_equations() {
    let (rows, columns) = (150, 60);
    let (matrix, right, values) = ill_conditioned(rows, columns);
    let tiles = tiles_of(&matrix);
    let qr = Qr::new(&tiles).expect("finite");
    let gradient = Stream(5).vector(columns);
    let components = right.tr_mul(&gradient);
    let mut d = vec![f64::NAN; columns];
    for (damping, bound) in [(1e-4, 1e-13), (1e-8, 1e-12), (1e-12, 1e-8)] {
        qr.solve_normal(&tiles, gradient.as_slice(), damping, &mut d).expect("solvable");
        let found = right.tr_mul(&DVector::from_column_slice(&d));
        let expected = DVector::from_fn(columns, |i, _| -components[i] / (values[i].powi(2) + damping));
        let error = (&found - &expected).norm() / expected.norm();
        println!("{damping:e}: {error:e}");
        assert!(error < bound, "{damping:e}: {error:e}");
    }
    let wrong = qr.solve_normal(&tiles, &[f64::NAN; 60], 1.0, &mut d);
    assert_eq!(wrong, Err(SolveError::RightHandSideNotFinite { row: 0 }));
}

#[test]
fn qr_says_what_is_wrong() {
    let mut matrix = matrix_of(Kind::Random, 30, 10);
    let tiles = tiles_of(&matrix);
    let qr = Qr::new(&tiles).expect("finite");
    let (mut b, mut d) = (vec![1.0; 30], vec![0.0; 10]);
    b[7] = f64::INFINITY;
    assert_eq!(qr.solve_damped(&tiles, &b, 1.0, &mut d), Err(SolveError::RightHandSideNotFinite { row: 7 }));
    matrix[(12, 3)] = f64::NAN;
    assert_eq!(Qr::new(&tiles_of(&matrix)).err(), Some(SolveError::NotFinite { column: 3 }));
    let dependent = tiles_of(&matrix_of(Kind::Dependent, 30, 10));
    let found = Qr::new(&dependent).expect("finite").solve_damped(&dependent, &[1.0; 30], 0.0, &mut d);
    assert_eq!(found, Err(SolveError::Singular { damping: 0.0 }));
}

#[test]
fn upper_factor_squares_to_the_gram_matrix() {
    for kind in KINDS {
        for (rows, columns) in SHAPES {
            let matrix = matrix_of(kind, rows, columns);
            let upper = Qr::new(&tiles_of(&matrix)).expect("finite").upper();
            let upper = DMatrix::from_column_slice(rows.min(columns), columns, &upper);
            let scale = matrix.amax().powi(2) * rows as f64;
            // 16 N ε is where faer takes a column for dependent.
            assert!(
                ratio(&upper.tr_mul(&upper), &matrix.tr_mul(&matrix), 32 * rows, scale) < 1.0,
                "{kind:?} {rows}x{columns}"
            );
        }
    }
}

#[test]
fn spectra_reconstruct_their_matrix() {
    for kind in KINDS {
        for (rows, columns) in [(1, 1), (5, 5), (40, 13), (13, 40), (120, 65)] {
            let matrix = matrix_of(kind, rows, columns);
            let size = rows.min(columns);
            let svd = thin_svd(matrix.as_slice(), rows, columns).expect("converges");
            let left = DMatrix::from_column_slice(rows, size, &svd.left);
            let right = DMatrix::from_column_slice(columns, size, &svd.right);
            let middle = DMatrix::from_diagonal(&DVector::from_column_slice(&svd.values));
            let scale = matrix.amax();
            assert!(ratio(&(&left * middle * right.transpose()), &matrix, rows + columns, scale) < 10.0, "{kind:?}");
            assert!(ratio(&left.tr_mul(&left), &DMatrix::identity(size, size), rows + columns, 1.0) < 10.0, "{kind:?}");
            assert!(svd.values.windows(2).all(|pair| pair[0] >= pair[1]));

            let lower = gram_of(&tiles_of(&matrix));
            let eigen = symmetric_eigen(&lower, columns).expect("converges");
            let vectors = DMatrix::from_column_slice(columns, columns, &eigen.vectors);
            let middle = DMatrix::from_diagonal(&DVector::from_column_slice(&eigen.values));
            let symmetric = symmetric(&lower, columns);
            let scale = symmetric.amax() * columns as f64;
            assert!(ratio(&(&vectors * middle * vectors.transpose()), &symmetric, columns, scale) < 10.0, "{kind:?}");
            assert!(eigen.values.windows(2).all(|pair| pair[0] <= pair[1]));
        }
    }
    assert_eq!(thin_svd(&[1.0, f64::NAN], 1, 2).err(), Some(SolveError::NotFinite { column: 1 }));
    assert_eq!(symmetric_eigen(&[f64::NAN], 1).err(), Some(SolveError::NotFinite { column: 0 }));
}

/// `VᵀAV = I` and `VᵀBV = diag(values)`, from lower triangles.
#[test]
fn joint_eigenvectors_diagonalise_both() {
    for size in [1, 2, 7, 40, 150] {
        let mut stream = Stream(size as u64);
        let mut positive = |shift: f64| {
            let matrix = stream.matrix(size, size);
            &matrix * matrix.transpose() + DMatrix::identity(size, size) * shift
        };
        let (a, b) = (positive(0.5), positive(0.0));
        let lower = |m: &DMatrix<f64>| DMatrix::from_fn(size, size, |i, j| if i < j { f64::NAN } else { m[(i, j)] });
        let found = joint_eigen(lower(&a).as_slice(), b.as_slice(), size).expect("A is positive definite");
        let v = DMatrix::from_column_slice(size, size, &found.vectors);
        let values = DMatrix::from_diagonal(&DVector::from_column_slice(&found.values));
        for (product, expected) in
            [(v.transpose() * &a * &v, DMatrix::identity(size, size)), (v.transpose() * &b * &v, values)]
        {
            assert!(ratio(&product, &expected, size, expected.amax()) < 1e3, "{size}");
        }
    }
    assert!(matches!(joint_eigen(&[-1.0], &[1.0], 1), Err(SolveError::Singular { .. })));
}

/// A Nyström approximation of full rank solves with the matrix itself; of the rank that the matrix has, too.
#[test]
fn nystrom_solves_with_symmetric_matrices() {
    for (size, rank) in [(5, 5), (100, 7), (150, 64)] {
        let mut stream = Stream(rank as u64);
        let root = stream.matrix(size, rank);
        let matrix = &root * root.transpose();
        let lower = DMatrix::from_fn(size, size, |i, j| if i < j { f64::NAN } else { matrix[(i, j)] });
        let (test, b) = (stream.matrix(size, rank), stream.vector(size));
        let nystrom = Nystrom::of_symmetric(lower.as_slice(), size, test.as_slice()).expect("it is finite");
        let mut x = vec![f64::NAN; size];
        nystrom.solve(0.1, b.as_slice(), &mut x);
        let rest = &matrix * DVector::from_column_slice(&x) + DVector::from_column_slice(&x) * 0.1 - &b;
        assert!(rest.amax() < 1e-8 * b.amax(), "{size} {rank}: {}", rest.amax());
    }
}

/// Everything of a step, as bits.
fn step_bits(tiles: &RowTiles) -> Vec<u64> {
    let (rows, columns) = (tiles.rows(), tiles.columns());
    let r: Vec<f64> = Stream(1).vector(rows).as_slice().to_vec();
    let mut lower = vec![0.0; columns * columns];
    gram(tiles, &mut lower);
    let mut outer = vec![0.0; rows * rows];
    outer_gram(tiles, &mut outer);
    let (mut gradient, mut along) = (vec![0.0; columns], vec![0.0; rows]);
    transposed_product(tiles, &r, &mut gradient);
    product(tiles, &gradient, &mut along);
    let mut cholesky = Cholesky::new(columns);
    cholesky.fill(|triangle| triangle.copy_from_slice(&lower));
    cholesky.factor(1e-3).expect("positive definite");
    let mut step = gradient.clone();
    cholesky.solve_in_place(&mut step);
    let mut other = vec![0.0; columns];
    Qr::new(tiles).expect("finite").solve_damped(tiles, &r, 1e-3, &mut other).expect("solvable");
    [lower, outer, gradient, along, step, other].concat().iter().map(|x| x.to_bits()).collect()
}

#[test]
fn threads_do_not_change_a_bit() {
    for (rows, columns) in [(50, 20), (300, 200), (600, 420)] {
        let tiles = tiles_of(&matrix_of(Kind::Random, rows, columns));
        let one = with_threads(1, || step_bits(&tiles));
        for threads in [2, 3] {
            assert!(one == with_threads(threads, || step_bits(&tiles)), "{rows}x{columns}, {threads} threads");
        }
    }
}

#[test]
fn layer_products_match_nalgebra() {
    let mut stream = Stream(2);
    for (m, k, n) in [(1, 1, 1), (3, 2, 5), (20, 20, 256), (64, 64, 256), (17, 33, 41), (8, 64, 16), (5, 100, 24)] {
        let (a, b) = (stream.matrix(m, k), stream.matrix(k, n));
        let start = stream.matrix(m, n + 3);
        let row_major = |matrix: &DMatrix<f64>| matrix.transpose().as_slice().to_vec();
        let (a_rows, b_rows, a_turned, b_turned) = (row_major(&a), row_major(&b), a.as_slice(), b.as_slice());
        for (a_view, b_view) in [
            (View::row_major(&a_rows, m, k), View::row_major(&b_rows, k, n)),
            (View::row_major(a_turned, k, m).transposed(), View::row_major(&b_rows, k, n)),
            (View::row_major(&a_rows, m, k), View::row_major(b_turned, n, k).transposed()),
        ] {
            for (factor, accumulate) in [(1.0, false), (2.5, false), (1.0, true), (-0.5, true)] {
                let mut out = row_major(&start);
                multiply(ViewMut::row_major(&mut out, m, n + 3).columns(2, n), a_view, b_view, factor, accumulate);
                let mut expected = start.clone();
                let kept = if accumulate { 1.0 } else { 0.0 };
                let sum = kept * start.columns(2, n) + factor * (&a * &b);
                expected.columns_mut(2, n).copy_from(&sum);
                let found = DMatrix::from_row_slice(m, n + 3, &out);
                assert!(ratio(&found, &expected, k + 1, 4.0) < 1.0, "{m}x{k}x{n} {factor} {accumulate}");
            }
        }
    }
}
