//! Small problems of many kinds, their points and their parameters.

use std::sync::Arc;

use nalgebra::DMatrix;
use pdec::codegen;
use pdec::expr::{Exponent, Expr, Function, Graph, MultiIndex, Rational};
use pdec::geometry::Stream;
use pdec::kernel::{
    Assemble, AssembleError, BlockDescription, Channels, Description, InnerPoints, IntegralDescription, Kernel,
    KernelTapes, LeastSquares, Metric, MovingEnd, NetworkDescription, NormDescription, Objective, PointSet, Predictor,
    Role, Sobolev, Spread,
};
use pdec::linalg::{RowTile, RowTiles};
use pdec::network::{Activation, Architecture, AxisScale, Body, Encoding, Features, Layout, Shape, initial_parameters};
use pdec::tape::{Interpreter, PointProgram, Tape, host_contraction};

/// What runs the tapes.
#[derive(Clone, Copy, Debug)]
pub enum Backend {
    Machine,
    Interpreter,
}

impl Assemble for Backend {
    fn assemble(&self, tapes: &[&Tape]) -> Result<Vec<Arc<dyn PointProgram>>, AssembleError> {
        let interpreted = |tape: &&Tape| Arc::new(Interpreter::new(tape)) as Arc<dyn PointProgram>;
        match self {
            Backend::Interpreter => Ok(tapes.iter().map(interpreted).collect()),
            Backend::Machine => {
                let compiled = codegen::jit(tapes, &codegen::Options::default());
                let compiled = compiled.map_err(|error| AssembleError::Backend(error.to_string()))?;
                Ok(compiled.into_iter().map(|program| Arc::new(program) as Arc<dyn PointProgram>).collect())
            }
        }
    }
}

/// An axis between two rational numbers, or rational multiples of π.
#[derive(Clone, Copy, Debug)]
pub struct Axis {
    pub rationals: [(i64, i64); 2],
    pub times_pi: bool,
    pub periodic: bool,
}

impl Axis {
    /// From `lower/4` to `upper/4`: ends that doubles hold exactly.
    pub const fn quarters(lower: i64, upper: i64) -> Self {
        Self { rationals: [(lower, 4), (upper, 4)], times_pi: false, periodic: false }
    }

    pub const fn periodic(self) -> Self {
        Self { periodic: true, ..self }
    }

    pub fn ends(&self) -> [f64; 2] {
        let unit = if self.times_pi { std::f64::consts::PI } else { 1.0 };
        self.rationals.map(|(numerator, denominator)| numerator as f64 * unit / denominator as f64)
    }

    fn scale(&self, graph: &mut Graph, axis: usize) -> AxisScale {
        let unit = if self.times_pi { graph.pi() } else { Graph::ONE };
        let ends = self.rationals.map(|(n, d)| graph.scale(Rational::new(n.into(), d.into()), unit));
        AxisScale { axis, ends, periodic: self.periodic }
    }
}

/// A network of some axes; its fields follow those of the networks before it.
#[derive(Clone, Debug)]
pub struct Network {
    pub axes: Vec<usize>,
    pub fields: usize,
    pub architecture: Architecture,
}

impl Network {
    pub fn new(axes: &[usize], fields: usize, widths: &[usize], activation: Activation) -> Self {
        Self::of(axes, fields, Architecture::mlp(widths.to_vec(), activation))
    }

    pub fn of(axes: &[usize], fields: usize, architecture: Architecture) -> Self {
        Self { axes: axes.to_vec(), fields, architecture }
    }
}

/// Writes formulas.
pub struct Formulas<'a>(pub &'a mut Graph);

impl Formulas<'_> {
    pub fn u(&mut self, field: usize, orders: &[u8]) -> Expr {
        self.0.jet(field, MultiIndex::new(orders))
    }

    pub fn x(&mut self, axis: usize) -> Expr {
        self.0.coordinate(axis)
    }

    pub fn n(&mut self, axis: usize) -> Expr {
        self.0.normal(axis)
    }

    pub fn sum(&mut self, terms: &[Expr]) -> Expr {
        self.0.sum(terms.iter().copied())
    }

    pub fn product(&mut self, factors: &[Expr]) -> Expr {
        factors.iter().fold(Graph::ONE, |product, &factor| self.0.mul(product, factor))
    }

    pub fn times(&mut self, numerator: i64, denominator: i64, a: Expr) -> Expr {
        self.0.scale(Rational::new(numerator.into(), denominator.into()), a)
    }

    pub fn call(&mut self, function: Function, a: Expr) -> Expr {
        self.0.call(function, &[a])
    }
}

/// A least-squares problem before it has points.
pub struct Problem {
    pub name: &'static str,
    pub axes: Vec<Axis>,
    pub description: Description,
}

impl Problem {
    pub fn new(
        name: &'static str,
        axes: &[Axis],
        networks: &[Network],
        blocks: impl FnOnce(&mut Formulas) -> Vec<Vec<Expr>>,
    ) -> Self {
        let mut graph = Graph::new();
        let (mut start, mut field) = (0, 0);
        let mut described = Vec::new();
        for Network { axes: own, fields, architecture } in networks {
            let scales: Vec<AxisScale> = own.iter().map(|&axis| axes[axis].scale(&mut graph, axis)).collect();
            let features = Features::new(&mut graph, &scales);
            let layout = Layout::new(architecture, &features.groups, *fields, start);
            start = layout.parameters().end;
            described.push(NetworkDescription { features, layout, fields: (field..field + fields).collect() });
            field += fields;
        }
        let weight = |residual: usize| 0.75 + 0.5 * residual as f64;
        let blocks = blocks(&mut Formulas(&mut graph))
            .into_iter()
            .enumerate()
            .map(|(number, formulas)| BlockDescription {
                weights: (0..formulas.len()).map(weight).collect(),
                formulas,
                role: Role::Residual,
                inside: number == 0,
            })
            .collect();
        let (dimension, metric) = (axes.len(), Metric::GaussNewton);
        let (integrals, inner, known) = (Vec::new(), Vec::new(), std::collections::BTreeMap::new());
        let networks = described;
        let channels = Channels::default();
        let norms = Vec::new();
        let description =
            Description { graph, dimension, networks, known, blocks, norms, metric, channels, integrals, inner };
        Self { name, axes: axes.to_vec(), description }
    }

    /// The same formulas in other roles; of blocks that are not named, residuals.
    pub fn with_roles(mut self, roles: &[Role]) -> Self {
        self.description.blocks.iter_mut().zip(roles).for_each(|(block, role)| block.role = *role);
        self
    }

    /// With the programs for another metric of the residuals.
    pub fn with_metric(mut self, metric: Metric) -> Self {
        self.description.metric = metric;
        self
    }

    /// With the norm of a field and of its derivative along the first axis, at the points of the first block.
    pub fn with_norm(mut self, space: Sobolev) -> Self {
        let mut formulas = Formulas(&mut self.description.graph);
        let formulas = vec![formulas.u(0, &[]), formulas.u(0, &[1])];
        let block = BlockDescription { formulas, weights: vec![1.0; 2], role: Role::Residual, inside: true };
        self.description.norms.push(NormDescription { space, of: vec![0], block });
        self
    }

    /// With every derivative as a channel of its own, or with sums where they are cheaper.
    pub fn with_channels(mut self, channels: Channels) -> Self {
        self.description.channels = channels;
        self
    }

    pub fn kernel(&self, points: &[PointSet], backend: Backend) -> Kernel {
        let mut description = self.description.clone();
        let tapes = KernelTapes::new(&mut description, host_contraction(), &mut |_, roots| roots.to_vec());
        Kernel::new(&description, &tapes.expect("tapes"), points, &backend).expect("a kernel")
    }

    /// A derivative of the first field, as a formula.
    pub fn formula(&mut self, orders: &[u8]) -> Expr {
        Formulas(&mut self.description.graph).u(0, orders)
    }

    pub fn predictor(&self, formulas: &[Expr], backend: Backend) -> Predictor {
        Predictor::new(&self.description, formulas, host_contraction(), &backend).expect("a predictor")
    }

    /// Points inside, with random unit normals and random weights that sum to about one.
    pub fn points(&self, count: usize, seed: u64) -> PointSet {
        let mut stream = Stream::new(seed, 1, 0);
        let mut set = PointSet {
            coordinates: vec![Vec::new(); self.axes.len()],
            normals: vec![Vec::new(); self.axes.len()],
            weights: Vec::new(),
            columns: Vec::new(),
        };
        for _ in 0..count {
            let normal: Vec<f64> = self.axes.iter().map(|_| stream.normal()).collect();
            let length = normal.iter().map(|n| n * n).sum::<f64>().sqrt();
            for (axis, n) in normal.iter().enumerate() {
                let [lower, upper] = self.axes[axis].ends();
                set.coordinates[axis].push(lower + (upper - lower) * stream.uniform());
                set.normals[axis].push(n / length);
            }
            set.weights.push(2.0 * stream.uniform() / count as f64);
        }
        set
    }

    /// Points for every block: `counts[0]` for the first, and so on in a circle.
    pub fn all_points(&self, counts: &[usize], seed: u64) -> Vec<PointSet> {
        let blocks = 0..self.description.blocks.len();
        blocks.map(|block| self.points(counts[block % counts.len()], 100 * seed + block as u64)).collect()
    }

    /// θ as training would start, with random biases everywhere.
    pub fn parameters(&self, seed: u64) -> Vec<f64> {
        let mut theta = vec![0.0; self.description.parameters()];
        let (mut normal, mut uniform) = (Stream::new(seed, 2, 0), Stream::new(seed, 3, 0));
        for network in &self.description.networks {
            let uniform = || 2.0 * uniform.uniform() - 1.0;
            initial_parameters(&network.layout, &mut theta, || normal.normal(), uniform);
        }
        theta.iter_mut().for_each(|t| *t += 0.1 * normal.normal());
        theta
    }

    /// A direction of length 1 in the space of θ.
    pub fn direction(&self, seed: u64) -> Vec<f64> {
        let mut stream = Stream::new(seed, 4, 0);
        let v: Vec<f64> = (0..self.description.parameters()).map(|_| stream.normal()).collect();
        let length = norm(&v);
        v.iter().map(|x| x / length).collect()
    }
}

pub fn norm(v: &[f64]) -> f64 {
    v.iter().map(|x| x * x).sum::<f64>().sqrt()
}

/// A, the gradient and the loss; what the buffers held before must not matter.
pub fn linearize(problem: &dyn Objective, theta: &[f64], metric: Metric) -> (RowTiles, Vec<f64>, f64) {
    let mut rows = RowTiles::new(&problem.row_tiles(metric), problem.parameters());
    rows.tiles_mut().iter_mut().for_each(|tile| tile.data_mut().fill(f64::NAN));
    let mut gradient = vec![f64::NAN; problem.parameters()];
    let loss = problem.linearize(theta, metric, &mut rows, &mut gradient);
    (rows, gradient, loss)
}

/// r and J of a problem of least squares.
pub fn residual_and_jacobian(problem: &dyn Objective, theta: &[f64]) -> (Vec<f64>, RowTiles) {
    (residual(problem, theta), linearize(problem, theta, Metric::GaussNewton).0)
}

/// J in one piece.
pub fn dense(jacobian: &RowTiles) -> DMatrix<f64> {
    let of_tile = |tile: &RowTile| {
        let stored = DMatrix::from_column_slice(tile.stride(), jacobian.columns(), tile.data());
        stored.rows(0, tile.rows()).row_iter().map(|row| row.into_owned()).collect::<Vec<_>>()
    };
    DMatrix::from_rows(&jacobian.tiles().iter().flat_map(of_tile).collect::<Vec<_>>())
}

fn least_squares(problem: &dyn Objective) -> &dyn LeastSquares {
    problem.least_squares().expect("a problem of least squares")
}

pub fn residual(problem: &dyn Objective, theta: &[f64]) -> Vec<f64> {
    let problem = least_squares(problem);
    let mut residual = vec![f64::NAN; problem.rows()];
    problem.residual(theta, &mut residual);
    residual
}

/// The gradient and the loss.
pub fn gradient(problem: &dyn Objective, theta: &[f64]) -> (Vec<f64>, f64) {
    let mut gradient = vec![f64::NAN; problem.parameters()];
    let loss = problem.gradient(theta, &mut gradient);
    (gradient, loss)
}

/// The first and second derivative of r along v.
pub fn along(problem: &dyn Objective, theta: &[f64], v: &[f64]) -> [Vec<f64>; 2] {
    let problem = least_squares(problem);
    let mut first = vec![f64::NAN; problem.rows()];
    let mut second = first.clone();
    problem.residual_along(theta, v, &mut first, &mut second);
    [first, second]
}

/// How the gradient in function space bends along v.
pub fn curvature(problem: &dyn Objective, theta: &[f64], v: &[f64]) -> Vec<f64> {
    let mut out = vec![f64::NAN; problem.parameters()];
    problem.curvature_along(theta, v, &mut out);
    out
}

/// The means over points of the derivatives in θ and of their squares.
pub fn derivative_means(problem: &dyn Objective, theta: &[f64], of: Spread) -> [Vec<f64>; 2] {
    let mut means = vec![f64::NAN; problem.parameters()];
    let mut squares = means.clone();
    problem.derivative_means(theta, of, &mut means);
    problem.gradient_and_squares(theta, of, &mut vec![f64::NAN; theta.len()], &mut squares);
    [means, squares]
}

const T: Axis = Axis::quarters(0, 4);
const X: Axis = Axis::quarters(-4, 6);
const Y: Axis = Axis::quarters(1, 5);

/// Every way to connect layers, small, with factorised weights, encodings and chains.
pub fn architectures() -> Vec<Architecture> {
    use Activation::{Gelu, Sin, Swish, Tanh};
    let body = |shape: Shape, activation: Activation| Body::new(shape, activation);
    let factorised = |shape: Shape, activation: Activation| Body { factorised: true, ..Body::new(shape, activation) };
    let encoding = |frequencies: usize, scale: f64| Some(Encoding { frequencies, scale });
    let architecture = |encoding: Option<Encoding>, bodies: Vec<Body>| Architecture { encoding, bodies };
    vec![
        architecture(None, vec![factorised(Shape::Mlp(vec![5, 4]), Tanh)]),
        architecture(encoding(3, 1.5), vec![body(Shape::Mlp(vec![5]), Gelu)]),
        architecture(encoding(4, 1.0), Vec::new()),
        architecture(None, vec![Body { scale: 2.0, ..body(Shape::Siren(vec![5, 4]), Sin) }]),
        architecture(None, vec![body(Shape::Modified { width: 4, depth: 2 }, Tanh)]),
        architecture(encoding(3, 1.0), vec![factorised(Shape::Modified { width: 4, depth: 1 }, Swish)]),
        architecture(encoding(2, 1.0), vec![factorised(Shape::Pirate { width: 3, blocks: 2 }, Tanh)]),
        architecture(None, vec![body(Shape::Pirate { width: 4, blocks: 1 }, Sin)]),
        architecture(None, vec![body(Shape::Residual { width: 4, blocks: 2 }, Tanh)]),
        architecture(None, vec![body(Shape::Separable { widths: vec![4, 3], rank: 3 }, Tanh)]),
        architecture(
            None,
            vec![factorised(Shape::Separable { widths: vec![3], rank: 2 }, Sin), body(Shape::Mlp(vec![4]), Tanh)],
        ),
        architecture(None, vec![body(Shape::Mlp(vec![4]), Sin), body(Shape::Pirate { width: 3, blocks: 1 }, Tanh)]),
    ]
}

/// `u_t + u u_x - u_xx/50` and the values at the start, for every architecture, on a circle in x for every second one.
fn burgers_by_architecture() -> Vec<Problem> {
    let problem = |(number, architecture): (usize, Architecture)| {
        let x = if number % 2 == 1 { X.periodic() } else { X };
        Problem::new("Burgers by another network", &[T, x], &[Network::of(&[0, 1], 2, architecture)], |f| {
            let (u, ut, ux, uxx) = (f.u(1, &[]), f.u(1, &[1]), f.u(1, &[0, 1]), f.u(1, &[0, 2]));
            let (convection, diffusion) = (f.product(&[u, ux]), f.times(-1, 50, uxx));
            let (v, x) = (f.u(0, &[]), f.x(1));
            let (inside, product) = (f.sum(&[ut, convection, diffusion]), f.product(&[v, u]));
            let wave = f.call(Function::Sin, product);
            vec![vec![inside, f.sum(&[wave, x])], vec![u]]
        })
    };
    architectures().into_iter().enumerate().map(problem).collect()
}

/// Problems that together use everything a description may hold.
pub fn catalogue() -> Vec<Problem> {
    let mut problems = vec![
        burgers(),
        nonlinear_in_second_order(),
        korteweg_de_vries(),
        navier_stokes(),
        coefficient(),
        fourth_order(),
        unknown_numbers(),
        nonlocal(),
    ];
    problems.extend(burgers_by_architecture());
    problems
}

/// Energies that together use everything that a block of energies may hold; those that are convex first.
pub fn energies() -> Vec<Problem> {
    vec![ritz(), minimal_surface(), penalised(), indefinite()]
}

/// `½ u_x² + ¼ u⁴ - x u` inside and, at other points, `-y u`, which is linear.
fn ritz() -> Problem {
    let networks = [Network::new(&[0, 1], 1, &[7, 5], Activation::Tanh)];
    Problem::new("Ritz", &[X, Y], &networks, |f| {
        let (u, ux, x, y) = (f.u(0, &[]), f.u(0, &[1]), f.x(0), f.x(1));
        let (slope, quartic, load) = (f.product(&[ux, ux]), f.product(&[u, u, u, u]), f.product(&[x, u]));
        let (slope, quartic, load) = (f.times(1, 2, slope), f.times(1, 4, quartic), f.times(-1, 1, load));
        let flux = f.product(&[y, u]);
        vec![vec![f.sum(&[slope, quartic, load])], vec![f.times(-1, 1, flux)]]
    })
    .with_roles(&[Role::Energy, Role::Energy])
}

/// `√(1 + u_x² + u_y²)`, and a residual as its boundary condition.
fn minimal_surface() -> Problem {
    let networks = [Network::new(&[0, 1], 1, &[8], Activation::Swish)];
    Problem::new("minimal surface", &[X, Y], &networks, |f| {
        let (u, ux, uy, x) = (f.u(0, &[]), f.u(0, &[1]), f.u(0, &[0, 1]), f.x(0));
        let (xx, yy) = (f.product(&[ux, ux]), f.product(&[uy, uy]));
        let square = f.sum(&[Graph::ONE, xx, yy]);
        let area = f.0.product([(square, Exponent::new(1, 2))]);
        let minus = f.times(-1, 1, x);
        vec![vec![area], vec![f.sum(&[u, minus])]]
    })
    .with_roles(&[Role::Energy, Role::Residual])
}

/// Two energies of two networks at the same points, one with three coupled jets, and a square on the boundary.
fn penalised() -> Problem {
    let networks = [Network::new(&[0, 1], 1, &[6], Activation::Sin), Network::new(&[1], 1, &[4], Activation::Tanh)];
    Problem::new("two networks", &[X, Y], &networks, |f| {
        let (ux, uy, v, vy) = (f.u(0, &[1]), f.u(0, &[0, 1]), f.u(1, &[]), f.u(1, &[0, 1]));
        let sum = f.sum(&[ux, vy, v]);
        let exponential = f.call(Function::Exp, sum);
        let square = f.product(&[uy, uy]);
        let difference = f.times(-1, 1, v);
        let u = f.u(0, &[]);
        let gap = f.sum(&[u, difference]);
        let (gap, normal) = (f.product(&[gap, gap]), f.n(0));
        let driven = f.product(&[normal, normal, gap]);
        vec![vec![exponential, square], vec![driven]]
    })
    .with_roles(&[Role::Energy, Role::Energy])
}

/// `u² u_x`, of no sign anywhere.
pub fn indefinite() -> Problem {
    let networks = [Network::new(&[0], 1, &[6], Activation::Tanh)];
    Problem::new("indefinite", &[X], &networks, |f| {
        let (u, ux) = (f.u(0, &[]), f.u(0, &[1]));
        vec![vec![f.product(&[u, u, ux])]]
    })
    .with_roles(&[Role::Energy])
}

/// `u_t + u u_x - u_xx/50`, an initial and a boundary condition.
pub fn burgers() -> Problem {
    let networks = [Network::new(&[0, 1], 1, &[7, 5], Activation::Tanh)];
    Problem::new("Burgers", &[T, X], &networks, |f| {
        let (u, ut, ux, uxx) = (f.u(0, &[]), f.u(0, &[1]), f.u(0, &[0, 1]), f.u(0, &[0, 2]));
        let (convection, diffusion) = (f.product(&[u, ux]), f.times(-1, 50, uxx));
        let inside = f.sum(&[ut, convection, diffusion]);
        let x = f.x(1);
        let sine = f.call(Function::Sin, x);
        vec![vec![inside], vec![f.sum(&[u, sine])], vec![u]]
    })
}

/// `u_xx² + sin(u u_x) + x`.
fn nonlinear_in_second_order() -> Problem {
    let networks = [Network::new(&[0], 1, &[6], Activation::Sigmoid)];
    Problem::new("nonlinear in u_xx", &[X], &networks, |f| {
        let (u, ux, uxx, x) = (f.u(0, &[]), f.u(0, &[1]), f.u(0, &[2]), f.x(0));
        let (square, product) = (f.product(&[uxx, uxx]), f.product(&[u, ux]));
        let sine = f.call(Function::Sin, product);
        vec![vec![f.sum(&[square, sine, x])]]
    })
}

/// `u_t + 6 u u_x + u_xxx` on a circle, and the initial values.
fn korteweg_de_vries() -> Problem {
    let networks = [Network::new(&[0, 1], 1, &[5, 4, 6], Activation::Gelu)];
    Problem::new("Korteweg-de Vries", &[T, X.periodic()], &networks, |f| {
        let (u, ut, ux, uxxx) = (f.u(0, &[]), f.u(0, &[1]), f.u(0, &[0, 1]), f.u(0, &[0, 3]));
        let product = f.product(&[u, ux]);
        let convection = f.times(6, 1, product);
        let x = f.x(1);
        let wave = f.call(Function::Sech, x);
        let minus = f.times(-1, 1, wave);
        vec![vec![f.sum(&[ut, convection, uxxx])], vec![f.sum(&[u, minus])]]
    })
}

/// Momentum and mass with u and v of one network and p of another; blocks that use one of the two, and normals.
fn navier_stokes() -> Problem {
    let networks =
        [Network::new(&[0, 1, 2], 2, &[6, 5], Activation::Swish), Network::new(&[1, 2], 1, &[9], Activation::Softplus)];
    Problem::new("Navier-Stokes", &[T, X, Y], &networks, |f| {
        let (u, v, p) = (f.u(0, &[]), f.u(1, &[]), f.u(2, &[]));
        let (nx, ny) = (f.n(1), f.n(2));
        let (px, py) = (f.u(2, &[0, 1]), f.u(2, &[0, 0, 1]));
        let mut momentum = |field: usize, pressure: Expr| {
            let (rate, along_x, along_y) = (f.u(field, &[1]), f.u(field, &[0, 1]), f.u(field, &[0, 0, 1]));
            let (xx, yy) = (f.u(field, &[0, 2]), f.u(field, &[0, 0, 2]));
            let (first, second) = (f.product(&[u, along_x]), f.product(&[v, along_y]));
            let laplacian = f.sum(&[xx, yy]);
            let viscous = f.times(-1, 10, laplacian);
            f.sum(&[rate, first, second, pressure, viscous])
        };
        let inside = vec![momentum(0, px), momentum(1, py)];
        let (ux, vy) = (f.u(0, &[0, 1]), f.u(1, &[0, 0, 1]));
        let mass = f.sum(&[ux, vy]);
        let (along_x, along_y) = (f.product(&[u, nx]), f.product(&[v, ny]));
        let outflow = f.sum(&[along_x, along_y]);
        let (slope_x, slope_y) = (f.product(&[px, nx]), f.product(&[py, ny]));
        let slope = f.sum(&[slope_x, slope_y]);
        let squared = f.product(&[p, p]);
        vec![[inside, vec![mass]].concat(), vec![squared, slope], vec![outflow], vec![v, p]]
    })
}

/// An unknown coefficient k(x) of a field u(t, x), with a residual that is a quotient.
fn coefficient() -> Problem {
    let networks = [Network::new(&[0, 1], 1, &[6, 6], Activation::Sin), Network::new(&[1], 1, &[4], Activation::Tanh)];
    Problem::new("coefficient of fewer axes", &[T, X], &networks, |f| {
        let (ut, ux, uxx) = (f.u(0, &[1]), f.u(0, &[0, 1]), f.u(0, &[0, 2]));
        let (k, kx) = (f.u(1, &[]), f.u(1, &[0, 1]));
        let (first, second) = (f.product(&[kx, ux]), f.product(&[k, uxx]));
        let (minus, exp) = (f.times(-1, 1, ut), f.call(Function::Exp, k));
        let inside = f.sum(&[first, second, minus]);
        let one_more = f.sum(&[Graph::ONE, exp]);
        let quotient = f.0.div(ux, one_more);
        let time = f.x(0);
        let driven = f.sum(&[quotient, time]);
        vec![vec![inside, driven], vec![exp]]
    })
}

/// `u_xxxx + u u_xxyy + u_yyyy - u_x²` without a hidden symmetry, and a residual without any field.
fn fourth_order() -> Problem {
    let networks = [Network::new(&[0, 1], 1, &[5], Activation::Sin)];
    Problem::new("fourth order", &[X, Y], &networks, |f| {
        let (u, ux) = (f.u(0, &[]), f.u(0, &[1]));
        let (xxxx, xxyy, yyyy) = (f.u(0, &[4]), f.u(0, &[2, 2]), f.u(0, &[0, 4]));
        let (mixed, square) = (f.product(&[u, xxyy]), f.product(&[ux, ux]));
        let minus = f.times(-1, 1, square);
        let (x, y) = (f.x(0), f.x(1));
        let without_field = f.product(&[x, y]);
        vec![vec![f.sum(&[xxxx, mixed, yyyy, minus])], vec![without_field, u], vec![without_field]]
    })
}

/// Integrals over space, over everything (with one over space inside), over a boundary with its normal, and up to the
/// point itself; in residuals with and without values of the network.
pub fn nonlocal() -> Problem {
    let networks = [Network::new(&[0, 1], 1, &[5, 4], Activation::Tanh), Network::new(&[1], 1, &[3], Activation::Sin)];
    let [over_space, over_all, to_here, flux] = [2, 3, 4, 5];
    let mut integrands = Vec::new();
    let mut problem = Problem::new("integrals", &[T, X], &networks, |f| {
        let (u, ut, ux, k, x, n) = (f.u(0, &[]), f.u(0, &[1]), f.u(0, &[0, 1]), f.u(1, &[]), f.x(1), f.n(1));
        let [i, j, v, q] = [over_space, over_all, to_here, flux].map(|field| f.u(field, &[]));
        let (square, sine) = (f.product(&[u, u, x]), f.call(Function::Sin, u));
        integrands = vec![square, f.product(&[ux, sine, i]), f.product(&[u, k]), f.product(&[n, ux])];
        let (bent, first, second) = (f.call(Function::Sin, j), f.product(&[i, u]), f.product(&[v, q, ux]));
        let third = f.product(&[bent, k]);
        let inside = f.sum(&[ut, first, second, third]);
        let squared = f.product(&[j, j]);
        vec![vec![inside, f.product(&[v, v])], vec![f.sum(&[squared, i])], vec![u]]
    });
    let fields = [over_space, over_all, to_here, flux];
    let axes = [vec![0], vec![], vec![0, 1], vec![0]];
    let described = fields.into_iter().zip(integrands).zip(axes).enumerate();
    let of = |(inner, ((field, integrand), axes))| IntegralDescription { field, integrand, axes, inner };
    problem.description.integrals = described.map(of).collect();
    let inner = |axes: &[usize], count: usize, seed: u64| InnerPoints {
        axes: axes.to_vec(),
        points: problem.points(count, seed),
        moving: None,
    };
    let (space, all, ends) = (inner(&[1], 70, 31), inner(&[0, 1], 100, 32), inner(&[1], 2, 33));
    let mut moving = inner(&[1], 9, 34);
    moving.points.coordinates[1].iter_mut().enumerate().for_each(|(i, x)| *x = (i as f64 + 0.5) / 9.0);
    moving.moving = Some(MovingEnd { axis: 1, fixed: X.ends()[0], upper: true });
    problem.description.inner = vec![space, all, moving, ends];
    problem
}

/// `u_t - k u_xx + exp(c) u` with numbers k and c that are trained: a network without inputs, whose biases they are.
fn unknown_numbers() -> Problem {
    let networks = [Network::new(&[0, 1], 1, &[6], Activation::Tanh), Network::new(&[], 2, &[], Activation::Tanh)];
    Problem::new("unknown numbers", &[T, X], &networks, |f| {
        let (u, ut, uxx) = (f.u(0, &[]), f.u(0, &[1]), f.u(0, &[0, 2]));
        let (k, c) = (f.u(1, &[]), f.u(2, &[]));
        let diffusion = f.product(&[k, uxx]);
        let (minus, rate) = (f.times(-1, 1, diffusion), f.call(Function::Exp, c));
        let decay = f.product(&[rate, u]);
        let square = f.product(&[k, k, c]);
        vec![vec![f.sum(&[ut, minus, decay])], vec![u, square]]
    })
}
