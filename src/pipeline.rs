//! From text to kernels, stage by stage: the file to read first.
//!
//! ```text
//! text --parse--> Ast --check--> Model --simplify, tape--> KernelTapes --codegen--> Kernel
//! ```

mod fused;
mod norms;
mod single;
mod standalone;

pub use single::Single;
pub use standalone::{Standalone, standalone, standalone_fields};

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::codegen;
use crate::dataset::Files;
use crate::diagnostic::{Diagnostic, Source, has_errors};
use crate::expr::{Expr, Graph, Interval, Symbol};
use crate::geometry::RuleError;
use crate::kernel::{
    Assemble, AssembleError, BlockDescription, Channels, Description, Frozen, FusedBlock, Kernel, KernelTapes,
    KnownSource, Metric, NetworkDescription, Objective, PointSet, Predictor, Role,
};
use crate::model::{self, Field, FieldSource, Formulas, Given, Model, Overrides, Precision};
use crate::network::{AxisScale, Features, Layout};
use crate::optim;
use crate::sample;
use crate::simplify::{self, Effort, SimplifyReport};
use crate::syntax;
use crate::syntax::ast::Ast;
use crate::tape::{Interpreter, PointProgram, Tape, host_contraction};

/// How formulas become something that runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Backend {
    /// Machine code in memory.
    #[default]
    Jit,
    /// The interpreter, which says what a tape means; slow, the same bits.
    Interpreter,
}

impl Assemble for Backend {
    fn assemble(&self, tapes: &[&Tape]) -> Result<Vec<Arc<dyn PointProgram>>, AssembleError> {
        match self {
            Backend::Jit => {
                let compiled = codegen::jit(tapes, &codegen::Options::default())
                    .map_err(|e| AssembleError::Backend(e.to_string()))?;
                Ok(compiled.into_iter().map(|c| Arc::new(c) as Arc<dyn PointProgram>).collect())
            }
            Backend::Interpreter => {
                Ok(tapes.iter().map(|&t| Arc::new(Interpreter::new(t)) as Arc<dyn PointProgram>).collect())
            }
        }
    }

    fn fused(
        &self,
        description: &Description,
        tapes: &KernelTapes,
        block: usize,
    ) -> Result<Option<Arc<dyn FusedBlock>>, AssembleError> {
        let fused = fused::fused(*self, description, tapes, block)?;
        Ok(fused.map(|fused| Arc::new(fused) as Arc<dyn FusedBlock>))
    }
}

/// The time of each stage, in order.
#[derive(Clone, Debug, Default)]
pub struct Times(pub Vec<(&'static str, Duration)>);

impl Times {
    /// Runs a stage and notes how long it took.
    pub fn stage<T>(&mut self, name: &'static str, stage: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = stage();
        self.0.push((name, start.elapsed()));
        result
    }

    /// The time of all stages together.
    pub fn total(&self) -> Duration {
        self.0.iter().map(|(_, time)| *time).sum()
    }
}

/// Reads and checks a problem that is a text alone. Parsing never fails outright: the sound statements are checked
/// although others are broken.
pub fn check(source: &Source, overrides: &Overrides, times: &mut Times) -> (Option<Model>, Vec<Diagnostic>) {
    let given = Given { overrides, formulas: &Formulas::default(), files: &Files::default() };
    let checked = check_given(source.clone(), given, times);
    (checked.model.map(|(model, _)| model), checked.found)
}

/// What reading a problem gives.
pub struct Checked {
    /// The text, and behind it those of the files that it imports.
    pub source: Source,
    /// The statements of all of them, unless the text is too large.
    pub ast: Option<Ast>,
    /// What it means, with the formulas that were asked for, unless there are errors.
    pub model: Option<(Model, Vec<model::NamedFormula>)>,
    /// What was found.
    pub found: Vec<Diagnostic>,
}

/// Like [`check`], with the files that the problem names, and with formulas in its names.
pub fn check_given(mut source: Source, given: Given<'_>, times: &mut Times) -> Checked {
    let (ast, mut found) = times.stage("parse", || syntax::parse_all(&mut source, given.files));
    let mut model = None;
    if let Some(ast) = &ast {
        let (checked, more) = times.stage("check", || model::check_given(ast, given));
        found.extend(more);
        model = checked.filter(|_| !has_errors(&found));
    }
    Checked { source, ast, model, found }
}

/// The programs of a block, in the order of [`Lowered::simplified`].
pub const SIMPLIFIED: [&str; 3] = ["value", "value and partials", "along a direction"];

/// A checked problem with its formulas in the form that kernels are made from.
pub struct Lowered {
    /// The problem.
    pub model: Model,
    /// Which terms share their points.
    pub blocks: Vec<sample::Block>,
    /// Networks and residuals.
    pub description: Description,
    /// All small programs.
    pub tapes: KernelTapes,
    /// What simplification did, block by block, the programs [`SIMPLIFIED`] of each.
    pub simplified: Vec<SimplifyReport>,
    /// How hard it tried.
    pub effort: Effort,
}

/// A problem that is ready to be trained.
pub struct Compiled {
    /// The problem and its programs.
    pub lowered: Lowered,
    /// The compiled kernel with its first points.
    pub kernel: Kernel,
    /// What the programs run on.
    pub backend: Backend,
    /// The same in single precision, where the problem asks for it.
    pub single: Option<Single>,
}

/// Why a checked problem can't be compiled.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// The points of a term can't be drawn.
    #[error("the points of `{label}` can't be drawn: {error}")]
    Points {
        /// The label of the term.
        label: String,
        /// Why.
        error: RuleError,
    },
    /// No programs.
    #[error(transparent)]
    Assemble(#[from] AssembleError),
}

/// Simplifies all formulas of a problem and lowers them to tapes.
///
/// # Errors
/// [`CompileError::Assemble`] if a formula has no tape.
pub fn lower(model: Model, effort: Effort, times: &mut Times) -> Result<Lowered, CompileError> {
    lower_beside(model, None, effort, times)
}

/// The problem of one level of networks, in units of `scale`, beside those of the levels before with their part of θ.
///
/// # Errors
/// [`CompileError::Assemble`] if a formula has no tape or the back end refuses it.
pub fn lower_level(
    whole: &Model,
    (level, scale): (usize, f64),
    theta: &[f64],
    backend: Backend,
    effort: Effort,
) -> Result<Lowered, CompileError> {
    let frozen = Arc::new(Frozen::new(describe(whole, &[], None)?, theta.to_vec()));
    let lowered = lower_beside(whole.level(level, scale), Some(&frozen), effort, &mut Times::default())?;
    frozen.prepare(&lowered.tapes, host_contraction(), &backend)?;
    Ok(lowered)
}

fn lower_beside(
    model: Model,
    frozen: Option<&Arc<Frozen>>,
    effort: Effort,
    times: &mut Times,
) -> Result<Lowered, CompileError> {
    let blocks = sample::blocks(&model);
    let mut description = describe(&model, &blocks, frozen)?;
    let ranges: Vec<[f64; 2]> = model.axes.iter().map(|a| [a.lower, a.upper]).collect();
    let mut simplified = Vec::new();
    let mut simplify_time = Duration::ZERO;
    let start = Instant::now();
    let mut simplify = |graph: &mut Graph, roots: &[Expr]| {
        let start = Instant::now();
        let known = |symbol: &Symbol| known_range(symbol, &ranges);
        let (roots, report) = simplify::simplify(graph, roots, &known, effort);
        simplified.push(report);
        simplify_time += start.elapsed();
        roots
    };
    let tapes = KernelTapes::new(&mut description, host_contraction(), &mut simplify).map_err(AssembleError::from)?;
    times.0.push(("simplify", simplify_time));
    times.0.push(("tape", start.elapsed() - simplify_time));
    Ok(Lowered { model, blocks, description, tapes, simplified, effort })
}

/// What is known of an atom: a coordinate stays in its axis, a component of a unit normal in [-1, 1].
fn known_range(symbol: &Symbol, axes: &[[f64; 2]]) -> Interval {
    match symbol {
        Symbol::Coordinate(axis) => axes.get(usize::from(*axis)).map_or(Interval::ALL, |[a, b]| Interval::new(*a, *b)),
        Symbol::Normal(_) => Interval::new(-1.0, 1.0),
        Symbol::Slot(_) | Symbol::Jet(_) => Interval::ALL,
    }
}

/// Makes machine code and draws the first points.
///
/// # Errors
/// [`CompileError`] if the points can't be drawn or the back end refuses a tape.
pub fn assemble(lowered: Lowered, seed: u64, backend: Backend, times: &mut Times) -> Result<Compiled, CompileError> {
    let points = times.stage("sample", || lowered.draw_all(seed))?;
    assemble_on(lowered, &points, backend, times)
}

/// Makes machine code for points that were drawn.
///
/// # Errors
/// [`CompileError`] if the back end refuses a tape.
pub fn assemble_on(
    lowered: Lowered,
    points: &[PointSet],
    backend: Backend,
    times: &mut Times,
) -> Result<Compiled, CompileError> {
    let kernel = times.stage("codegen", || Kernel::new(&lowered.description, &lowered.tapes, points, &backend))?;
    let single = match lowered.model.settings.precision {
        Precision::Double => None,
        Precision::Single => Some(times.stage("single precision", || Single::new(&lowered, &kernel))?),
    };
    Ok(Compiled { lowered, kernel, backend, single })
}

impl Compiled {
    /// The problem as optimizers see it, in the precision that it asks for.
    pub fn objective(&mut self) -> &dyn Objective {
        objective(&mut self.single, &self.kernel)
    }
}

/// A kernel as optimizers see it: itself, or what has its points and weights in single precision.
pub fn objective<'a>(single: &'a mut Option<Single>, kernel: &'a Kernel) -> &'a dyn Objective {
    match single {
        Some(single) => {
            single.follow(kernel);
            single
        }
        None => kernel,
    }
}

impl Lowered {
    /// What `of` says of each formula of each block, by the label of its term, in the order of the terms.
    pub fn by_term<T>(&self, of: impl Fn(usize, usize) -> T) -> Vec<(String, T)> {
        let mut found: Vec<(usize, T)> = Vec::new();
        for (b, block) in self.blocks.iter().enumerate() {
            found.extend(block.terms.iter().enumerate().map(|(formula, &term)| (term, of(b, formula))));
        }
        found.sort_by_key(|(term, _)| *term);
        found.into_iter().map(|(term, value)| (self.model.terms[term].label.clone(), value)).collect()
    }

    /// The points of all blocks, as they are first drawn.
    ///
    /// # Errors
    /// [`CompileError::Points`] if a rule does not fit its place.
    pub fn draw_all(&self, seed: u64) -> Result<Vec<PointSet>, CompileError> {
        self.blocks.iter().map(|block| self.draw(block, seed, 0)).collect()
    }

    /// The points of one block, as they are drawn for the `drawing`th time (from 0).
    ///
    /// # Errors
    /// [`CompileError::Points`] if the rule does not fit the place.
    pub fn draw(&self, block: &sample::Block, seed: u64, drawing: u64) -> Result<PointSet, CompileError> {
        sample::draw(&self.model, block, seed, drawing)
            .map_err(|error| CompileError::Points { label: self.model.terms[block.terms[0]].label.clone(), error })
    }

    /// Where the raw numbers of `fit` stand in θ.
    pub fn raw_numbers(&self) -> Range<usize> {
        let of_numbers = |network: &&NetworkDescription| {
            self.model.numbers.first().is_some_and(|number| network.fields.contains(&number.field))
        };
        self.description.networks.iter().find(of_numbers).map_or(0..0, |network| network.layout.parameters())
    }

    /// Something that evaluates formulas of the model at any points.
    ///
    /// # Errors
    /// [`AssembleError`] if a formula has no program.
    pub fn predictor(&self, graph: &Graph, formulas: &[Expr], backend: Backend) -> Result<Predictor, AssembleError> {
        let mut description = self.description.clone();
        description.graph = graph.clone();
        let formulas = lowered_formulas(&self.model, &mut description.graph, formulas);
        Predictor::new(&description, &formulas, host_contraction(), &backend)
    }
}

/// Something that evaluates formulas of a model at points of one of its windows of time, with the parameters of that
/// window; the formulas live in `graph`, which holds those of the model.
///
/// # Errors
/// [`CompileError`] if a formula has no program.
pub fn window_predictor(
    model: &Model,
    window: usize,
    graph: &Graph,
    formulas: &[Expr],
    backend: Backend,
) -> Result<Predictor, CompileError> {
    let model = Model { graph: graph.clone(), ..model.clone() }.window(window);
    let mut description = describe(&model, &[], None)?;
    let formulas = lowered_formulas(&model, &mut description.graph, formulas);
    Ok(Predictor::new(&description, &formulas, host_contraction(), &backend)?)
}

fn describe(
    model: &Model,
    blocks: &[sample::Block],
    frozen: Option<&Arc<Frozen>>,
) -> Result<Description, CompileError> {
    let mut graph = model.graph.clone();
    let mut start = 0;
    let mut networks = Vec::with_capacity(model.networks.len());
    for plan in &model.networks {
        let scales: Vec<AxisScale> = plan
            .inputs
            .iter()
            .map(|&axis| AxisScale { axis, ends: model.axes[axis].ends, periodic: model.axes[axis].periodic })
            .collect();
        let features = Features::new(&mut graph, &scales);
        let layout = Layout::new(&plan.architecture, &features.groups, plan.fields.len(), start);
        start = layout.parameters().end;
        networks.push(NetworkDescription { features, layout, fields: plan.fields.clone() });
    }
    let numbers: Vec<usize> = model.numbers.iter().map(|number| number.field).collect();
    if !numbers.is_empty() {
        // A network without inputs: its biases are the raw numbers, which start at 0.
        let layout = Layout::numbers(&vec![0.0; numbers.len()], start);
        let features = Features { formulas: Vec::new(), groups: Vec::new() };
        networks.push(NetworkDescription { features, layout, fields: numbers });
    }
    let known = |(number, field): (usize, &Field)| {
        let source = match field.source {
            FieldSource::Column { column } => KnownSource::Column(column),
            FieldSource::Table { table } => {
                let table = &model.tables[table];
                KnownSource::Table { table: table.function.clone(), axes: table.axes.clone() }
            }
            FieldSource::Frozen => KnownSource::Frozen { networks: Arc::clone(frozen?), field: number },
            FieldSource::Network { .. }
            | FieldSource::Number { .. }
            | FieldSource::Formula(_)
            | FieldSource::Integral(_) => return None,
        };
        Some((number, source))
    };
    let known = model.fields.iter().enumerate().filter_map(known).collect();
    let mut block = |block: &sample::Block| {
        let residuals: Vec<Expr> = block.terms.iter().map(|&t| model.terms[t].residual).collect();
        BlockDescription {
            formulas: lowered_formulas(model, &mut graph, &residuals),
            weights: block.terms.iter().map(|&t| model.weight(t)).collect(),
            role: if block.energy { Role::Energy } else { Role::Residual },
            inside: block.is_inside(),
        }
    };
    let described = blocks.iter().map(&mut block).collect();
    let metric = if model.stages.iter().any(|stage| optim::metric(stage) == Metric::Newton) {
        Metric::Newton
    } else {
        Metric::GaussNewton
    };
    let norms = norms::norms(model, blocks, &mut graph);
    let (mut integrals, inner) = sample::integrals(model)
        .map_err(|(integral, error)| CompileError::Points { label: model.fields[integral].name.clone(), error })?;
    for integral in &mut integrals {
        integral.integrand = lowered_formulas(model, &mut graph, &[integral.integrand])[0];
    }
    let (dimension, channels) = (model.axes.len(), Channels::default());
    Ok(Description { dimension, networks, known, blocks: described, graph, norms, metric, channels, integrals, inner })
}

/// Formulas of a model as kernels have them: an ansatz inserted, and numbers as what training moves.
fn lowered_formulas(model: &Model, graph: &mut Graph, formulas: &[Expr]) -> Vec<Expr> {
    model.expand(graph, formulas).into_iter().map(|formula| model.in_raw_numbers(graph, formula)).collect()
}
