//! What each method keeps and has at hand in a step, before anything of it is allocated.
//!
//! The largest counts of a step are told, by name. Vectors as long as θ or r are few beside the matrices, and count together.

use super::damped::{NUMBERS_OF_PART, SKETCH, Way};
use super::dsgnar::{self, MOST_ROWS};
use super::engd::{STORED, Solver};
use super::quasi_newton::DENSE_UP_TO;
use super::sample_space::SampleSolver;
use super::step_length::LENGTHS;
use crate::kernel::{KernelCost, LayerFactors, LeastSquares, Metric, Objective, ParameterMatrix};
use crate::linalg::{Cholesky, symmetric_eigen_numbers, thin_svd_numbers};
use crate::model::{Method, Stage};

/// A part of the memory of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct MemoryPart {
    /// What it is, with its shape.
    pub name: String,
    /// Bytes.
    pub bytes: f64,
}

impl MemoryPart {
    /// So many numbers of 8 bytes.
    pub fn new(name: impl Into<String>, numbers: f64) -> Self {
        Self { name: name.into(), bytes: 8.0 * numbers }
    }
}

/// What a method needs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MethodMemory {
    /// What every step needs at its peak.
    pub parts: Vec<MemoryPart>,
    /// What comes on top where a step is solved by QR, because its Gram matrix does not resolve it.
    pub refined: Option<MemoryPart>,
    /// Numbers of the state that is saved between steps.
    pub saved: f64,
    /// Numbers among the parts that a step gives back at its end, before anything is saved.
    pub freed: f64,
}

/// What a method is to minimise, and how large it is.
struct Extent<'a> {
    problem: &'a dyn Objective,
    /// N, of a step.
    rows: usize,
    /// P
    parameters: usize,
    /// The part of all points that a step sees.
    share: f64,
}

/// What the method of a stage needs, whose steps see this part of the points of a problem.
pub fn memory(stage: &Stage, problem: &dyn Objective, share: f64) -> MethodMemory {
    let all: usize = problem.row_tiles(super::metric(stage)).iter().sum();
    let rows = (share * all as f64).ceil() as usize;
    let extent = Extent { problem, rows, parameters: problem.parameters(), share };
    let mut needed = match stage.method {
        Method::Engd | Method::Hngd => extent.of_engd(stage),
        Method::Lm => extent.of_lm(stage),
        Method::Engdw | Method::Spring => extent.of_sample_space(stage),
        Method::Dsgnar => extent.of_dsgnar(stage),
        Method::Kfac => extent.of_kfac(),
        Method::Nncg => extent.of_nncg(stage),
        Method::Ssbroyden | Method::Ssbfgs | Method::Bfgs | Method::Lbfgs => extent.of_quasi_newton(stage),
        Method::Soap | Method::Shampoo | Method::Psgd => extent.of_sides(stage),
        Method::Adam | Method::Gd | Method::Muon | Method::Pdeaware => extent.of_moments(stage),
    };
    let vectors = VECTORS[0] * rows as f64 + VECTORS[1] * problem.parameters() as f64;
    needed.parts.push(MemoryPart::new("vectors of rows and of parameters", vectors));
    needed
}

/// How many vectors of rows and of parameters a method and the loop around it have.
const VECTORS: [f64; 2] = [3.0, 10.0];

impl Extent<'_> {
    fn jacobian(&self) -> MemoryPart {
        let (rows, columns) = (self.rows, self.parameters);
        MemoryPart::new(format!("Jacobian {rows} x {columns}"), product(rows, columns))
    }

    fn of_engd(&self, stage: &Stage) -> MethodMemory {
        let (rows, columns) = (self.rows, self.parameters);
        let of_residual = self.problem.least_squares().is_some() && super::metric(stage) == Metric::GaussNewton;
        let solver = Solver::of_stage(stage);
        let way = solver.way((rows, columns), of_residual);
        let more = match way {
            Way::Gram if solver == Solver::Lstsq => spectrum_of_gram(columns),
            Way::Gram => factored("Gram matrix", columns),
            Way::Kernel => factored("kernel matrix", rows),
            Way::Qr => qr(rows, columns),
            Way::Svd => spectrum_of_rows(rows, columns),
            Way::Cg => {
                let rank = SKETCH.min(columns / 4);
                // Test vectors, products with J and with its transpose, and the basis.
                let numbers = product(3 * columns + rows, rank);
                MemoryPart::new(format!("sketch of the Gram matrix, rank {rank}"), numbers)
            }
        };
        let is_streamed = solver.streams((rows, columns), of_residual, STORED);
        let refined = (!is_streamed && solver.may_refine(way, columns)).then(|| qr(rows, columns));
        let jacobian = match is_streamed {
            true => MemoryPart::new("rows of the Jacobian, some at a time", NUMBERS_OF_PART as f64),
            false => self.jacobian(),
        };
        let mut parts = vec![jacobian, more];
        if solver == Solver::Lstsq || stage.name("line_search") == "grid" {
            parts.push(MemoryPart::new("trial points of a grid", product(LENGTHS, columns)));
        }
        MethodMemory { parts, refined, ..MethodMemory::default() }
    }

    fn of_lm(&self, stage: &Stage) -> MethodMemory {
        let (rows, columns) = (self.rows, self.parameters);
        let spectrum = match stage.name("solver") {
            "svd" => spectrum_of_rows(rows, columns),
            _ => spectrum_of_gram(columns),
        };
        MethodMemory { parts: vec![self.jacobian(), spectrum], ..MethodMemory::default() }
    }

    fn of_sample_space(&self, stage: &Stage) -> MethodMemory {
        let rows = self.rows;
        let mut parts = match SampleSolver::of_stage(stage) {
            SampleSolver::Nystrom(rank) if rank < rows => vec![
                square("kernel matrix", rows),
                MemoryPart::new(format!("approximation of rank {rank}"), product(4 * rows, rank)),
            ],
            SampleSolver::Sketch(rank) if rank < rows => vec![
                square("kernel matrix", rows),
                MemoryPart::new(format!("sketch of {rank} rows"), product(rows + 2 * rank, rank)),
            ],
            _ => vec![factored("kernel matrix", rows)],
        };
        parts.push(match self.kernel_cost() {
            Some(cost) => MemoryPart::new("jets and cotangents of all layers", cost.numbers),
            None => self.jacobian(),
        });
        MethodMemory { parts, saved: self.parameters as f64, ..MethodMemory::default() }
    }

    /// What a kernel matrix costs layer by layer, of the points of a step.
    fn kernel_cost(&self) -> Option<KernelCost> {
        let cost = self.problem.least_squares().and_then(LeastSquares::layers)?.kernel_cost();
        Some(KernelCost { numbers: cost.numbers * self.share, ..cost })
    }

    fn of_dsgnar(&self, stage: &Stage) -> MethodMemory {
        let (rows, columns) = (self.rows, self.parameters);
        let size = dsgnar::sketch_size(stage.given("sketch").map(|size| size as usize), columns);
        let height = if rows <= MOST_ROWS * size { rows } else { size };
        let svd = product(height, size) + thin_svd_numbers(height, size) as f64;
        // Steps for all radii, by rows and by columns.
        let steps = 2.0 * stage.number("radii") * columns as f64;
        let parts = vec![
            self.jacobian(),
            MemoryPart::new(format!("sketch of rows {height} x {columns}"), product(height, columns)),
            MemoryPart::new(format!("singular values of {height} x {size}"), svd),
            MemoryPart::new("steps of all radii", steps),
        ];
        MethodMemory { parts, ..MethodMemory::default() }
    }

    fn of_kfac(&self) -> MethodMemory {
        let Some(squares) = self.problem.least_squares() else { return MethodMemory::default() };
        let layers = squares.kronecker(None);
        let factors: f64 = layers.iter().map(factor_numbers).sum();
        let seen = self.share * squares.kronecker_numbers();
        let parts = vec![
            MemoryPart::new("jets and cotangents of all layers", seen),
            MemoryPart::new("Kronecker factors, averaged and new", 2.0 * factors),
        ];
        MethodMemory { parts, refined: None, saved: self.parameters as f64 + factors, freed: seen }
    }

    fn of_nncg(&self, stage: &Stage) -> MethodMemory {
        let rank = (stage.number("rank") as usize).min(self.parameters);
        let basis = product(self.parameters, rank);
        let sketch = MemoryPart::new(format!("sketch of the Hessian, rank {rank}"), 4.0 * basis);
        MethodMemory { parts: vec![sketch], refined: None, saved: basis, freed: 3.0 * basis }
    }

    fn of_quasi_newton(&self, stage: &Stage) -> MethodMemory {
        let size = self.parameters;
        let inverse = if stage.method != Method::Lbfgs && size <= DENSE_UP_TO {
            square("inverse Hessian", size)
        } else {
            let pairs = stage.number("pairs").min(stage.steps() as f64);
            MemoryPart::new(format!("{pairs} pairs of steps and gradients"), 2.0 * pairs * size as f64)
        };
        let saved = inverse.bytes / 8.0;
        MethodMemory { parts: vec![inverse], saved, ..MethodMemory::default() }
    }

    /// Methods with matrices for the sides of each matrix of weights.
    fn of_sides(&self, stage: &Stage) -> MethodMemory {
        let widest = stage.given("max_precond_dim").unwrap_or(f64::INFINITY);
        let vectors = stage.method != Method::Soap || stage.name("precondition_1d") == "on";
        let sides = |m: &ParameterMatrix| [m.rows, if m.columns > 1 { m.columns } else { 0 }].map(|size| size as f64);
        let matrices = self.problem.matrices();
        let sides = matrices.iter().filter(|m| vectors || m.columns > 1).flat_map(sides).filter(|size| *size <= widest);
        let squares: Vec<f64> = sides.map(|size| size * size).collect();
        // One matrix a side for PSGD, a mean and a basis for the others; some more while the widest one follows.
        let each = if stage.method == Method::Psgd { 1.0 } else { 2.0 };
        let kept = each * squares.iter().sum::<f64>();
        let following = 5.0 * squares.iter().copied().fold(0.0, f64::max);
        let parts = vec![MemoryPart::new("matrices of the sides of weights", kept + following)];
        MethodMemory { parts, refined: None, saved: kept + 2.0 * self.parameters as f64, freed: following }
    }

    fn of_moments(&self, stage: &Stage) -> MethodMemory {
        let moments = if stage.method == Method::Gd { 0.0 } else { 2.0 * self.parameters as f64 };
        MethodMemory { parts: vec![MemoryPart::new("moments", moments)], saved: moments, ..MethodMemory::default() }
    }
}

fn product(rows: usize, columns: usize) -> f64 {
    rows as f64 * columns as f64
}

fn square(name: &str, side: usize) -> MemoryPart {
    MemoryPart::new(format!("{name} {side} x {side}"), product(side, side))
}

/// A matrix with its factor.
fn factored(name: &str, side: usize) -> MemoryPart {
    MemoryPart::new(format!("{name} and its factor {side} x {side}"), Cholesky::numbers(side) as f64)
}

/// A copy of the rows, R, and `[R; √λ I]`, this one twice: the heap keeps the room of the one for the last damping.
fn qr(rows: usize, columns: usize) -> MemoryPart {
    let size = rows.min(columns);
    let numbers = product(rows + size, columns) + 2.0 * product(size + columns, columns);
    MemoryPart::new(format!("QR of {rows} x {columns}"), numbers)
}

fn spectrum_of_gram(columns: usize) -> MemoryPart {
    let numbers = product(columns, columns) + symmetric_eigen_numbers(columns) as f64;
    MemoryPart::new(format!("Gram matrix {columns} x {columns} and its spectrum"), numbers)
}

fn spectrum_of_rows(rows: usize, columns: usize) -> MemoryPart {
    let numbers = product(rows, columns) + thin_svd_numbers(rows, columns) as f64;
    MemoryPart::new(format!("singular values of {rows} x {columns}"), numbers)
}

fn factor_numbers(layer: &LayerFactors) -> f64 {
    let rest = layer.rest.as_ref().map_or(0, |(_, gram)| gram.len());
    (layer.factors.iter().flatten().map(Vec::len).sum::<usize>() + rest) as f64
}
