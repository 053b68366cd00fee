//! DSGNAR: Gauss-Newton steps of a sketched Jacobian, with a radius that is chosen by trying many (Webb, Jerad and
//! Cartis, arXiv 2607.02194).
//!
//! 1. The rows are weighted by the formula that they belong to, `r̃ = W^½ r`, and sketched from both sides: `J̃ = C W^½
//!    J Ω`, with C a CountSketch of four hashes and Ω random columns of a cosine transform, both drawn anew each
//!    time; s x s, or, without C, N x s where N is at most 4 s.
//! 2. From J̃ = UΣVᵀ and g = ΣUᵀC r̃ the step of a damping λ is `p = -Ω V g/(σ² + λ)`, as long as the sum of squares of
//!    g/(σ² + λ) says.
//! 3. For 24 radii between Δ/3 and 3Δ the λ of that length is found by Newton's method, and the loss is evaluated
//!    there. The ratio ρ of its decrease to that of the model, `½ Σ g²(σ² + 2λ)/(σ² + λ)²`, falls with the radius; the
//!    largest radius with ρ of at least ρ* is taken. It is the next Δ; where no radius deserves trust, Δ falls to a
//!    third, and 1. is done anew from the same Jacobian.
//! 4. ρ* is 0.075, and 0.5 from when log λ begins to rise: the model has begun to resolve the rounding of the loss.
//! 5. The weights of formulas follow their weighted losses ℓ, `w ← w (ℓ̄/ℓ)^0.05`, with mean 1, until all are alike.
//!
//! The published method begins with ten steps in single precision; all are in double precision here. Their ρ is that of
//! the loss without ½, which is the same.

use super::secular::Secular;
use super::sketch::{ColumnSketch, RowSketch};
use super::step_length::{distance, moved};
use super::trust::largest_radius;
use super::{Optimizer, Outcome, State, StateError, StepReport, norm, reshape};
use crate::geometry::Stream;
use crate::kernel::{LeastSquares, Metric, Objective};
use crate::linalg::{RowTiles, SolveError, thin_svd};
use crate::model::{OptionValue, Stage};

/// Options of [`Dsgnar`].
#[derive(Clone, Copy, Debug)]
pub struct DsgnarOptions {
    /// s; `None`: half of the parameters, at least 300 and at most 1000.
    pub sketch: Option<usize>,
    /// The first Δ.
    pub radius: f64,
    /// How many radii are tried at each step.
    pub radii: usize,
    /// The power of the quotient of losses in the weights of formulas; 0 leaves them alone.
    pub balance: f64,
}

/// The random stream of sketches, apart from those of statements.
const STREAM: u64 = u64::MAX - 2;
/// The least and the most columns of a sketch that is not asked for.
const SKETCHES: [usize; 2] = [300, 1000];
/// Rows are sketched where they are more than this many times the columns: below, too few sums of too few rows would
/// remain.
pub(super) const MOST_ROWS: usize = 4;
/// Radii reach from Δ over this to Δ times this.
const SPREAD: f64 = 3.0;
/// The ratio that is wanted, before and after log λ rises.
const RATIOS: [f64; 2] = [0.075, 0.5];
/// Steps over which log λ has to rise, the first step that may say so, and by how much and how clearly.
const WINDOW: usize = 30;
const EARLIEST: f64 = 80.0;
const LEAST_SLOPE: f64 = 1e-4;
const LEAST_CORRELATION: f64 = 0.1;
/// Singular values below this part of the largest are rounding.
const RESOLVED: f64 = 1e-15;
/// Radii do not fall below this part of the first.
const LEAST_RADIUS: f64 = 1e-8;
/// Weights stay within this factor of their mean.
const MOST_WEIGHT: f64 = 1e8;

/// Doubly sketched Gauss-Newton with an adaptive radius.
pub struct Dsgnar {
    options: DsgnarOptions,
    /// Δ.
    radius: f64,
    steps: f64,
    /// Whether the higher ratio is wanted.
    strict: f64,
    /// The last values of log λ, the latest at the end; infinite before there are so many.
    dampings: Vec<f64>,
    /// The weight of each formula.
    weights: Vec<f64>,
    rows: RowTiles,
    /// That of the points of these rows.
    revision: Option<u64>,
    gradient: Vec<f64>,
    residual: Vec<f64>,
    trial: Vec<f64>,
}

/// A step that was made.
struct Lower {
    damping: f64,
    length: f64,
    loss: f64,
}

/// J̃ in its singular vectors.
struct Model {
    /// σ².
    squares: Vec<f64>,
    /// g.
    slopes: Vec<f64>,
    /// V, s x k, column-major.
    right: Vec<f64>,
}

impl Model {
    fn secular(&self) -> Secular<'_> {
        Secular { squares: &self.squares, slopes: &self.slopes }
    }

    /// The coordinates of the step in the columns of Ω.
    fn step(&self, damping: f64, size: usize) -> Vec<f64> {
        let mut step = vec![0.0; size];
        for ((s, g), v) in self.squares.iter().zip(&self.slopes).zip(self.right.chunks_exact(size)) {
            let along = -g / (s + damping);
            step.iter_mut().zip(v).for_each(|(step, v)| *step += along * v);
        }
        step
    }
}

impl Dsgnar {
    /// With the options of a stage.
    pub fn of_stage(stage: &Stage, problem: &dyn Objective) -> Self {
        let sketch = match stage.option("sketch") {
            Some(OptionValue::Number(sketch)) => Some(sketch as usize),
            _ => None,
        };
        let (radius, radii) = (stage.number("radius"), stage.number("radii") as usize);
        Self::new(DsgnarOptions { sketch, radius, radii, balance: stage.number("balance") }, problem)
    }

    /// Starts with the radius of the options and equal weights.
    pub fn new(options: DsgnarOptions, problem: &dyn Objective) -> Self {
        let formulas = problem.least_squares().map_or(0, |squares| squares.rows_by_formula().len());
        let zero = vec![0.0; problem.parameters()];
        Self {
            options,
            radius: options.radius,
            steps: 0.0,
            strict: 0.0,
            dampings: vec![f64::INFINITY; WINDOW],
            weights: vec![1.0; formulas],
            rows: RowTiles::new(&[], problem.parameters()),
            revision: None,
            gradient: zero.clone(),
            residual: Vec::new(),
            trial: zero,
        }
    }

    /// The root of the weight of each row.
    fn scales(&self, squares: &dyn LeastSquares) -> Vec<f64> {
        let mut scales = vec![1.0; squares.rows()];
        for (rows, weight) in squares.rows_by_formula().iter().zip(&self.weights) {
            rows.iter().for_each(|range| scales[range.clone()].fill(weight.sqrt()));
        }
        scales
    }

    /// Sketches the system at θ and goes to the best radius, if there is one that lowers the loss; how many points were tried.
    fn attempt(
        &mut self,
        squares: &dyn LeastSquares,
        theta: &mut [f64],
        (scales, before): (&[f64], f64),
    ) -> (usize, Option<Lower>) {
        let Ok((model, columns)) = self.model(scales) else { return (0, None) };
        let count = self.options.radii;
        let part = |i: usize| 2.0 * i as f64 / (count.max(2) - 1) as f64 - 1.0;
        let radii: Vec<f64> = (0..count).map(|i| self.radius * SPREAD.powf(part(i))).collect();
        let dampings: Vec<f64> = radii.iter().map(|radius| model.secular().damping_of(*radius, 0.0)).collect();
        let size = columns.columns();
        let steps: Vec<Vec<f64>> = dampings.iter().map(|damping| model.step(*damping, size)).collect();
        let by_rows: Vec<f64> = (0..size).flat_map(|row| steps.iter().map(move |step| step[row])).collect();
        let lifted = columns.lifted(&by_rows);
        let mut residual = vec![0.0; squares.rows()];
        let samples: Vec<(f64, f64)> = (lifted.chunks_exact(theta.len()).zip(&radii).zip(&dampings))
            .map(|((step, radius), damping)| {
                moved(theta, 1.0, step, &mut self.trial);
                let after = weighted_loss(squares, scales, &self.trial, &mut residual);
                (*radius, (before - after) / model.secular().decrease(*damping))
            })
            .collect();
        let Some(radius) = largest_radius(&samples, RATIOS[usize::from(self.strict > 0.0)]) else {
            return (count, None);
        };
        let damping = model.secular().damping_of(radius, 0.0);
        let step = columns.lifted(&model.step(damping, size));
        moved(theta, 1.0, &step, &mut self.trial);
        let after = weighted_loss(squares, scales, &self.trial, &mut residual);
        if after >= before || after.is_nan() {
            return (count + 1, None);
        }
        let length = distance(theta, &self.trial);
        theta.copy_from_slice(&self.trial);
        self.radius = radius;
        self.watch(damping);
        self.balance(squares, &residual);
        (count + 1, Some(Lower { damping, length, loss: crate::kernel::half_square(&residual) }))
    }

    /// J̃ of this step, and Ω.
    fn model(&self, scales: &[f64]) -> Result<(Model, ColumnSketch), SolveError> {
        let (rows, parameters) = (self.rows.rows(), self.rows.columns());
        let size = sketch_size(self.options.sketch, parameters);
        let mut stream = Stream::new(0, STREAM, self.steps as u64);
        let columns = ColumnSketch::new(size, parameters, &mut stream);
        let scaled: Vec<f64> = self.residual.iter().zip(scales).map(|(r, scale)| scale * r).collect();
        let (matrix, right, height) = if rows <= MOST_ROWS * size {
            (whole(&self.rows, scales), scaled, rows)
        } else {
            let sketch = RowSketch::new(size, rows, &mut stream);
            (sketch.of_rows(&self.rows, scales), sketch.apply(&scaled), size)
        };
        let sketched = columns.multiplied(&matrix);
        drop(matrix);
        let svd = thin_svd(&sketched, height, size)?;
        let least = RESOLVED * svd.values.first().copied().unwrap_or(0.0);
        let kept = svd.values.partition_point(|value| *value > least);
        let slope = |(sigma, u): (&f64, &[f64])| sigma * u.iter().zip(&right).map(|(u, r)| u * r).sum::<f64>();
        let values = &svd.values[..kept];
        let slopes = values.iter().zip(svd.left.chunks_exact(height.max(1))).map(slope).collect();
        let model = Model { squares: values.iter().map(|s| s * s).collect(), slopes, right: svd.right };
        Ok((model, columns))
    }

    /// Takes note of λ, and asks for more trust once it rises.
    fn watch(&mut self, damping: f64) {
        self.dampings.rotate_left(1);
        self.dampings[WINDOW - 1] = damping.max(f64::MIN_POSITIVE).ln();
        let (slope, correlation) = trend(&self.dampings);
        if self.steps >= EARLIEST && slope > LEAST_SLOPE && correlation > LEAST_CORRELATION {
            self.strict = 1.0;
        }
    }

    /// The weights after a step that left this residual.
    fn balance(&mut self, squares: &dyn LeastSquares, residual: &[f64]) {
        let loss = |rows: &Vec<std::ops::Range<usize>>| {
            rows.iter().flat_map(|range| &residual[range.clone()]).map(|r| r * r).sum::<f64>()
        };
        let rows = squares.rows_by_formula();
        let losses: Vec<f64> = rows.iter().zip(&self.weights).map(|(rows, weight)| weight * loss(rows)).collect();
        let mean = losses.iter().sum::<f64>() / losses.len() as f64;
        for (weight, loss) in self.weights.iter_mut().zip(&losses) {
            // A term without error keeps its weight.
            let factor = if *loss > 0.0 { (mean / loss).powf(self.options.balance) } else { 1.0 };
            *weight = (*weight * factor).clamp(1.0 / MOST_WEIGHT, MOST_WEIGHT);
        }
        let mean = self.weights.iter().sum::<f64>() / self.weights.len() as f64;
        self.weights.iter_mut().for_each(|weight| *weight /= mean);
    }
}

/// s, for so many parameters.
pub(super) fn sketch_size(wanted: Option<usize>, parameters: usize) -> usize {
    wanted.unwrap_or((parameters / 2).clamp(SKETCHES[0], SKETCHES[1])).clamp(1, parameters)
}

/// The weighted loss; leaves the residual in `residual`.
fn weighted_loss(squares: &dyn LeastSquares, scales: &[f64], theta: &[f64], residual: &mut [f64]) -> f64 {
    squares.residual(theta, residual);
    0.5 * residual.iter().zip(scales).map(|(r, scale)| (scale * r).powi(2)).sum::<f64>()
}

/// `diag(scales) A` in one piece, column-major.
fn whole(rows: &RowTiles, scales: &[f64]) -> Vec<f64> {
    let mut out = Vec::with_capacity(rows.rows() * rows.columns());
    for column in 0..rows.columns() {
        let tiles = rows.tiles().iter().filter(|tile| tile.rows() > 0);
        let entries = tiles.flat_map(|tile| &tile.data()[column * tile.stride()..][..tile.rows()]);
        out.extend(entries.zip(scales).map(|(x, scale)| scale * x));
    }
    out
}

/// The slope of the line through some numbers, one a step, and their correlation with it; not numbers if one is
/// infinite.
fn trend(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let (middle, mean) = (0.5 * (count - 1.0), values.iter().sum::<f64>() / count);
    let (mut xy, mut xx, mut yy) = (0.0, 0.0, 0.0);
    for (i, y) in values.iter().enumerate() {
        let (x, y) = (i as f64 - middle, y - mean);
        (xy, xx, yy) = (xy + x * y, xx + x * x, yy + y * y);
    }
    (xy / xx, xy / (xx * yy).sqrt())
}

impl Optimizer for Dsgnar {
    fn step(&mut self, problem: &dyn Objective, theta: &mut [f64]) -> StepReport {
        let Some(squares) = problem.least_squares() else {
            return StepReport::before(problem.loss(theta), 0.0, self.radius);
        };
        reshape(&mut self.rows, &mut self.revision, problem, Metric::GaussNewton);
        let loss = problem.linearize(theta, Metric::GaussNewton, &mut self.rows, &mut self.gradient);
        let gradient = norm(&self.gradient);
        let mut report = StepReport::before(loss, gradient, 0.0);
        if report.outcome == Outcome::NotFinite || gradient == 0.0 {
            return report;
        }
        self.residual.resize(squares.rows(), 0.0);
        let scales = self.scales(squares);
        let before = weighted_loss(squares, &scales, theta, &mut self.residual);
        loop {
            self.steps += 1.0;
            let (tried, lower) = self.attempt(squares, theta, (&scales, before));
            report.trials += tried;
            if let Some(Lower { damping, length, loss }) = lower {
                return StepReport { outcome: Outcome::Moved, rate: damping, length, loss, ..report };
            }
            self.radius /= SPREAD;
            if self.radius < LEAST_RADIUS * self.options.radius {
                // Points may be others by the next step.
                self.radius = self.options.radius;
                return report;
            }
        }
    }

    fn save(&self) -> State {
        State::default()
            .with("radius", &[self.radius])
            .with("steps", &[self.steps])
            .with("strict", &[self.strict])
            .with("dampings", &self.dampings)
            .with("weights", &self.weights)
    }

    fn restore(&mut self, state: &State) -> Result<(), StateError> {
        let (radius, steps, strict) = (state.number("radius")?, state.number("steps")?, state.number("strict")?);
        let dampings = state.vector("dampings", self.dampings.len())?;
        let weights = state.vector("weights", self.weights.len())?;
        self.weights.copy_from_slice(weights);
        self.dampings.copy_from_slice(dampings);
        (self.radius, self.steps, self.strict) = (radius, steps, strict);
        Ok(())
    }
}
