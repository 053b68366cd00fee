//! Random sketches of rows and of columns.

use rayon::prelude::*;

use crate::geometry::Stream;
use crate::linalg::{RowTiles, View, ViewMut, multiply};

/// How many rows of a sketch each row goes to (arXiv 2607.02194).
const HASHES: usize = 4;
/// Columns of a task.
const PANEL: usize = 64;

/// A random C (s x N) that adds each of N rows to four of s, with random signs, and keeps lengths in the mean:
/// CountSketch with four hashes.
pub(super) struct RowSketch {
    rows: usize,
    /// For each column of C, its entries.
    places: Vec<[(usize, f64); HASHES]>,
}

impl RowSketch {
    pub fn new(rows: usize, columns: usize, stream: &mut Stream) -> Self {
        let size = 1.0 / (HASHES as f64).sqrt();
        let mut entry = || (stream.below(rows), if stream.bits() & 1 == 0 { size } else { -size });
        Self { rows, places: (0..columns).map(|_| std::array::from_fn(|_| entry())).collect() }
    }

    /// `C x`
    pub fn apply(&self, x: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; self.rows];
        self.add(x.iter().copied().enumerate(), &mut out);
        out
    }

    fn add(&self, entries: impl Iterator<Item = (usize, f64)>, out: &mut [f64]) {
        for (row, x) in entries {
            for &(place, sign) in &self.places[row] {
                out[place] += sign * x;
            }
        }
    }

    /// `Cᵀ y`
    pub fn transposed(&self, y: &[f64]) -> Vec<f64> {
        self.places.iter().map(|places| places.iter().map(|&(place, sign)| sign * y[place]).sum()).collect()
    }

    /// `C K Cᵀ` of a symmetric matrix given by its lower triangle, both column-major.
    pub fn of_symmetric(&self, lower: &[f64]) -> Vec<f64> {
        let (size, rows) = (self.places.len(), self.rows);
        let mut of_rows = vec![0.0; rows * size];
        of_rows.par_chunks_mut(rows).enumerate().for_each(|(j, out)| {
            self.add((0..j).map(|i| (i, lower[i * size + j])), out);
            self.add((j..size).map(|i| (i, lower[j * size + i])), out);
        });
        let mut by_column: Vec<Vec<(usize, f64)>> = vec![Vec::new(); rows];
        for (j, places) in self.places.iter().enumerate() {
            places.iter().for_each(|&(place, sign)| by_column[place].push((j, sign)));
        }
        let mut out = vec![0.0; rows * rows];
        out.par_chunks_mut(rows).zip(&by_column).for_each(|(out, members)| {
            for &(j, sign) in members {
                let column = &of_rows[j * rows..(j + 1) * rows];
                out.iter_mut().zip(column).for_each(|(out, x)| *out += sign * x);
            }
        });
        out
    }

    /// `C diag(scales) A`, s x P, column-major.
    pub fn of_rows(&self, matrix: &RowTiles, scales: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; self.rows * matrix.columns()];
        out.par_chunks_mut(self.rows).enumerate().for_each(|(column, out)| {
            let mut row = 0;
            for tile in matrix.tiles().iter().filter(|tile| tile.rows() > 0) {
                let entries = &tile.data()[column * tile.stride()..][..tile.rows()];
                let scaled = entries.iter().zip(&scales[row..]).enumerate();
                self.add(scaled.map(|(i, (x, scale))| (row + i, scale * x)), out);
                row += tile.rows();
            }
        });
        out
    }
}

/// A random Ω (P x s) with orthonormal columns: signs, a permutation, and s columns of the orthonormal cosine transform
/// (DCT-II), made where they are needed.
pub(super) struct ColumnSketch {
    /// The frequencies, which are columns of the transform.
    frequencies: Vec<usize>,
    /// Where each row stands in the transform, and its sign.
    rows: Vec<(usize, f64)>,
    /// cos(π i/2P) for i from 0 to 4P - 1.
    cosines: Vec<f64>,
}

impl ColumnSketch {
    pub fn new(size: usize, parameters: usize, stream: &mut Stream) -> Self {
        let frequencies = stream.permutation(parameters).into_iter().take(size).collect();
        let order = stream.permutation(parameters);
        let rows = order.into_iter().map(|row| (row, if stream.bits() & 1 == 0 { 1.0 } else { -1.0 })).collect();
        let step = std::f64::consts::PI / (2.0 * parameters as f64);
        Self { frequencies, rows, cosines: (0..4 * parameters).map(|i| (i as f64 * step).cos()).collect() }
    }

    /// s
    pub fn columns(&self) -> usize {
        self.frequencies.len()
    }

    fn entry(&self, row: usize, frequency: usize) -> f64 {
        let ((place, sign), count) = (self.rows[row], self.rows.len());
        let norm = if frequency == 0 { 1.0 } else { 2.0 } / count as f64;
        sign * norm.sqrt() * self.cosines[(2 * place + 1) * frequency % (4 * count)]
    }

    /// `A Ω` of a matrix with P columns, both column-major.
    pub fn multiplied(&self, matrix: &[f64]) -> Vec<f64> {
        let parameters = self.rows.len();
        let rows = matrix.len() / parameters;
        let mut out = vec![0.0; rows * self.columns()];
        let matrix = View::row_major(matrix, parameters, rows);
        out.par_chunks_mut(rows * PANEL).zip(self.frequencies.par_chunks(PANEL)).for_each(|(out, frequencies)| {
            // Column-major panels of the product are rows of its transpose, Ωᵀ Aᵀ.
            let of = |&frequency: &usize| (0..parameters).map(move |row| self.entry(row, frequency));
            let panel: Vec<f64> = frequencies.iter().flat_map(of).collect();
            let panel = View::row_major(&panel, frequencies.len(), parameters);
            multiply(ViewMut::row_major(out, frequencies.len(), rows), panel, matrix, 1.0, false);
        });
        out
    }

    /// `Ω Y` of a matrix with s rows and some columns, row-major; the product is column-major.
    pub fn lifted(&self, y: &[f64]) -> Vec<f64> {
        let (parameters, columns) = (self.rows.len(), y.len() / self.columns().max(1));
        let y = View::row_major(y, self.columns(), columns);
        let mut by_rows = vec![0.0; parameters * columns];
        by_rows.par_chunks_mut((PANEL * columns).max(1)).enumerate().for_each(|(panel, out)| {
            let rows = out.len() / columns;
            let of = |row: usize| self.frequencies.iter().map(move |&f| self.entry(panel * PANEL + row, f));
            let entries: Vec<f64> = (0..rows).flat_map(of).collect();
            let entries = View::row_major(&entries, rows, self.columns());
            multiply(ViewMut::row_major(out, rows, columns), entries, y, 1.0, false);
        });
        (0..columns).flat_map(|column| by_rows.iter().skip(column).step_by(columns.max(1)).copied()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `ΩᵀΩ = I`, and the two products with Ω are of one matrix.
    #[test]
    fn columns_are_orthonormal() {
        let (parameters, size) = (97, 70);
        let sketch = ColumnSketch::new(size, parameters, &mut Stream::new(1, 2, 3));
        let identity: Vec<f64> = (0..size * size).map(|i| if i % (size + 1) == 0 { 1.0 } else { 0.0 }).collect();
        let omega = sketch.lifted(&identity);
        let entry = |row: usize, column: usize| omega[column * parameters + row];
        for i in 0..size {
            for j in 0..size {
                let product: f64 = (0..parameters).map(|row| entry(row, i) * entry(row, j)).sum();
                assert!((product - identity[i * size + j]).abs() < 1e-13, "{i} {j}: {product}");
            }
        }
        let x: Vec<f64> = (0..parameters).map(|i| (1.0 + i as f64).sin()).collect();
        let product = sketch.multiplied(&x);
        for (j, found) in product.iter().enumerate() {
            let expected: f64 = (0..parameters).map(|row| x[row] * entry(row, j)).sum();
            assert!((found - expected).abs() < 1e-13, "{j}: {found}, not {expected}");
        }
    }

    /// All products with C are of one matrix, whose mean square of lengths is that of the vector.
    #[test]
    fn rows_are_sketched_alike() {
        let (rows, size) = (6, 11);
        let mut stream = Stream::new(4, 5, 6);
        let sketch = RowSketch::new(rows, size, &mut stream);
        let unit = |i: usize| (0..size).map(|j| if i == j { 1.0 } else { 0.0 }).collect::<Vec<f64>>();
        let c: Vec<Vec<f64>> = (0..size).map(|i| sketch.apply(&unit(i))).collect();
        let y: Vec<f64> = (0..rows).map(|i| (2.0 + i as f64).cos()).collect();
        for (found, column) in sketch.transposed(&y).iter().zip(&c) {
            let expected: f64 = column.iter().zip(&y).map(|(c, y)| c * y).sum();
            assert!((found - expected).abs() < 1e-14);
        }
        let kernel = |i: usize, j: usize| ((i + 1) * (j + 1)) as f64 + if i == j { 3.0 } else { 0.0 };
        let lower: Vec<f64> =
            (0..size * size).map(|e| if e % size < e / size { f64::NAN } else { kernel(e % size, e / size) }).collect();
        let found = sketch.of_symmetric(&lower);
        let mut matrix = RowTiles::new(&[5, 6], 3);
        let (entry, scales) = (|i: usize, p: usize| (i as f64 - p as f64).sin(), vec![0.5; size]);
        for (tile, start) in matrix.tiles_mut().iter_mut().zip([0, 5]) {
            let stride = tile.stride();
            tile.data_mut().iter_mut().enumerate().for_each(|(at, x)| *x = entry(start + at % stride, at / stride));
        }
        let of_rows = sketch.of_rows(&matrix, &scales);
        for a in 0..rows {
            for b in 0..rows {
                let pairs = (0..size).flat_map(|i| (0..size).map(move |j| (i, j)));
                let expected: f64 = pairs.map(|(i, j)| c[i][a] * kernel(i, j) * c[j][b]).sum();
                assert!((found[b * rows + a] - expected).abs() < 1e-11, "{a} {b}");
            }
            for p in 0..3 {
                let expected: f64 = (0..size).map(|i| 0.5 * c[i][a] * entry(i, p)).sum();
                assert!((of_rows[p * rows + a] - expected).abs() < 1e-14, "{a} {p}");
            }
        }
        let many = RowSketch::new(50, 400, &mut stream);
        let x: Vec<f64> = (0..400).map(|i| (i as f64).sin()).collect();
        let square = |v: &[f64]| v.iter().map(|x| x * x).sum::<f64>();
        let ratio = square(&many.apply(&x)) / square(&x);
        assert!((0.5..2.0).contains(&ratio), "{ratio}");
    }
}
