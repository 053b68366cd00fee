//! The state of a run, and its loop.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing::debug_span;

use super::alignment::Alignment;
use super::batch;
use super::causal::CausalWeights;
use super::checkpoint::Checkpoint;
use super::error::{RestoreError, TrainError};
use super::level::Level;
use super::metrics::{FieldError, Metrics};
use super::numbers::number_values;
use super::observer::{Control, Observer, StepEvent};
use super::points::{Handover, TrainingPoints};
use super::recovery::Recovery;
use super::stop::{Limits, Noise, Stagnation, Stop};
use super::trained::problem_of;
use super::weighting::TermWeights;
use crate::geometry::Stream;
use crate::kernel::{Description, Kernel, LeastSquares, PointSet, half_square};
use crate::model::{Method, Model, Stage};
use crate::network::initial_parameters;
use crate::optim::{self, Optimizer, Outcome, State, StepReport};
use crate::pipeline::{self, Backend, CompileError, Compiled, Lowered, Times, window_predictor};
use crate::simplify::Effort;

/// A run.
pub struct Session {
    /// The problem as such.
    pub(super) model: Arc<Model>,
    /// Its networks, of all levels.
    pub(super) description: Description,
    /// The problem of the current window and stage.
    pub(super) compiled: Compiled,
    /// Which of the networks it trains.
    pub(super) level: Level,
    pub(super) metrics: Option<Metrics>,
    /// Those of the current window and stage, where their problem is another one.
    pub(super) own_metrics: Option<Metrics>,
    pub(super) finished: Vec<Vec<f64>>,
    pub(super) window: usize,
    pub(super) seed: u64,
    pub(super) theta: Vec<f64>,
    pub(super) points: TrainingPoints,
    pub(super) causal: Option<CausalWeights>,
    pub(super) weights: Option<TermWeights>,
    pub(super) recovery: Recovery,
    /// The term and the point whose residual was last found to be no number.
    pub(super) fault: Option<(String, Vec<f64>)>,
    pub(super) optimizer: Box<dyn Optimizer>,
    pub(super) batch_kernel: Option<Kernel>,
    pub(super) stagnation: Stagnation,
    pub(super) stage: usize,
    pub(super) step: usize,
    pub(super) total_steps: usize,
    pub(super) time: Duration,
    /// The time when the current window began.
    pub(super) window_began: Duration,
}

/// The streams of a seed beside those of the terms.
const INITIAL_STREAM: u64 = 1 << 32;
const BATCH_STREAM: u64 = 2 << 32;
/// The name of ε in what is saved.
const SCALE: &str = "scale";
/// The name of the seconds before the current window.
const BEGAN: &str = "window began";
/// The smallest size of what is left, as a power of two: beyond, its square would be no normal number.
const LEAST_POWER: f64 = -500.0;

impl Session {
    /// A run from the start: parameters drawn, the first stage ahead.
    ///
    /// # Errors
    /// [`TrainError`] if points can't be drawn or a program not be made.
    pub fn new(mut compiled: Compiled, seed: u64) -> Result<Self, TrainError> {
        let metrics = Metrics::new(&compiled.lowered, compiled.backend)?;
        let points = TrainingPoints::draw(&compiled.lowered, seed, 0, None)?;
        let model = Arc::new(compiled.lowered.model.clone());
        let stage = &model.stages[0];
        let description = compiled.lowered.description.clone();
        let level = Level::new(&model, &description, 0, 1.0);
        let mut session = Self {
            theta: initial(&compiled, seed, (0, 0)),
            level,
            description,
            stagnation: stagnation_of(stage, &compiled),
            causal: CausalWeights::new(&compiled.lowered),
            weights: None,
            recovery: Recovery::default(),
            fault: None,
            optimizer: optim::for_stage(stage, compiled.objective()),
            model: Arc::clone(&model),
            compiled,
            metrics,
            own_metrics: None,
            finished: Vec::new(),
            window: 0,
            seed,
            points,
            batch_kernel: None,
            stage: 0,
            step: 0,
            total_steps: 0,
            time: Duration::ZERO,
            window_began: Duration::ZERO,
        };
        if model.windows > 1 || stage.model.is_some() || model.levels() > 1 {
            session.enter(0, 0, None)?;
        }
        session.begin_stage(0);
        Ok(session)
    }

    /// The problem as such: that of the last stage, for all times.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The problem of the current window and stage.
    pub fn compiled(&self) -> &Compiled {
        &self.compiled
    }

    /// The networks of the problem as such, of all levels.
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// The parameters θ of the current window.
    pub fn theta(&self) -> &[f64] {
        &self.theta
    }

    /// The parameters of each window that was begun.
    pub fn thetas(&self) -> Vec<&[f64]> {
        self.finished.iter().map(Vec::as_slice).chain([self.theta.as_slice()]).collect()
    }

    /// The seed of the run.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Seconds of training so far, evaluation of errors excluded.
    pub fn seconds(&self) -> f64 {
        self.time.as_secs_f64()
    }

    /// Steps of all stages so far.
    pub fn total_steps(&self) -> usize {
        self.total_steps
    }

    /// What it takes to go on later.
    pub fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            seed: self.seed,
            window: self.window,
            finished: self.finished.clone(),
            stage: self.stage,
            step: self.step,
            total_steps: self.total_steps,
            seconds: self.seconds(),
            theta: self.theta.clone(),
            state: self.optimizer.save(),
            session: self.saved(),
            losses: self.stagnation.save(),
            points: self.points.save(&self.compiled.lowered),
        }
    }

    /// What is kept beside the state of the method.
    fn saved(&self) -> State {
        let own = State::default().with(SCALE, &[self.level.scale]).with(BEGAN, &[self.window_began.as_secs_f64()]);
        let state = self.recovery.save(own);
        self.weights.iter().fold(state, |state, weights| weights.save(state))
    }

    /// Goes back to a checkpoint.
    ///
    /// # Errors
    /// [`RestoreError`] if it is not one of this problem.
    pub fn restore(&mut self, checkpoint: &Checkpoint) -> Result<(), RestoreError> {
        let (found, expected) = (checkpoint.theta.len(), self.theta.len());
        if found != expected {
            return Err(RestoreError::Parameters { found, expected });
        }
        if checkpoint.seed != self.seed {
            return Err(RestoreError::Seed { found: checkpoint.seed, expected: self.seed });
        }
        let model = Arc::clone(&self.model);
        let Some(stage) = model.stages.get(checkpoint.stage) else {
            return Err(RestoreError::Stage { found: checkpoint.stage + 1, expected: model.stages.len() });
        };
        let seconds = checkpoint.seconds;
        let time = Duration::try_from_secs_f64(seconds).map_err(|_| RestoreError::Seconds { found: seconds })?;
        let lengths = checkpoint.finished.iter().all(|theta| theta.len() == expected);
        if checkpoint.window >= model.windows || checkpoint.finished.len() != checkpoint.window || !lengths {
            return Err(RestoreError::Window { found: checkpoint.window + 1, expected: model.windows });
        }
        self.finished.clone_from(&checkpoint.finished);
        self.theta.copy_from_slice(&checkpoint.theta);
        self.total_steps = checkpoint.total_steps;
        let scale = checkpoint.session.number(SCALE).ok();
        let other_scale = scale.is_some_and(|scale| scale != self.level.scale);
        if checkpoint.window != self.window || other_scale || self.has_other_problem(checkpoint.stage) {
            self.enter(checkpoint.window, checkpoint.stage, scale)?;
        } else {
            let handover = self.handover(checkpoint.window, checkpoint.stage, self.compiled.backend)?;
            self.points = TrainingPoints::draw(&self.compiled.lowered, self.seed, self.total_steps, handover)?;
            self.stage = checkpoint.stage;
        }
        self.recovery = Recovery::restored(&checkpoint.session, expected)?;
        let mut optimizer = optim::for_stage(&self.recovery.careful(stage), self.compiled.objective());
        optimizer.restore(&checkpoint.state)?;
        self.stagnation = stagnation_of(stage, &self.compiled);
        self.stagnation.restore(&checkpoint.losses);
        self.optimizer = optimizer;
        self.step = checkpoint.step;
        self.time = time;
        let began = checkpoint.session.number(BEGAN)?;
        self.window_began = Duration::try_from_secs_f64(began).map_err(|_| RestoreError::Seconds { found: began })?;
        self.points.restore(&self.compiled.lowered, &checkpoint.points)?;
        self.compiled.kernel.set_all_points(&self.points.sets);
        self.begin_weights(stage);
        if let Some(weights) = &mut self.weights {
            weights.restore(&checkpoint.session)?;
            weights.apply(&mut self.compiled.kernel, &self.points.sets);
        }
        self.make_batch_kernel();
        Ok(())
    }

    /// Trains until a stage or a limit ends it.
    ///
    /// # Errors
    /// [`TrainError`] if points can't be drawn anew.
    pub fn run(&mut self, limits: Limits, observer: &mut dyn Observer) -> Result<Stop, TrainError> {
        let model = Arc::clone(&self.model);
        loop {
            let own = limits.of_window(self.window_began, model.windows - self.window);
            let stop = self.run_stage(own, observer)?;
            let stop = self.end_soundly(stop, observer);
            let ends_run = matches!(stop, Stop::Interrupted | Stop::NotFinite);
            let over = limits.steps.is_some_and(|most| self.total_steps >= most);
            // A target that is reached ends the stages of its window, where it was one of the problem as such; and so does
            // the end of its part of the time.
            let (window, stage) = match stop {
                Stop::Time => (self.window + 1, 0),
                Stop::Target if model.stages[self.stage].model.is_none() => (self.window + 1, 0),
                _ if self.stage + 1 == model.stages.len() => (self.window + 1, 0),
                _ => (self.window, self.stage + 1),
            };
            if ends_run || over || window == model.windows {
                return Ok(stop);
            }
            if limits.time.is_some_and(|most| self.time >= most) {
                return Ok(Stop::Time);
            }
            if window > self.window {
                self.finished.push(self.theta.clone());
                self.window_began = self.time;
            }
            if window > self.window || self.has_other_problem(stage) {
                self.enter(window, stage, None)?;
            }
            self.begin_stage(stage);
        }
    }

    /// Whether a stage has another problem than the current one.
    fn has_other_problem(&self, stage: usize) -> bool {
        let own = |stage: usize| self.model.stages[stage].model.as_ref().map(Arc::as_ptr);
        own(stage) != own(self.stage) || self.model.level_of(stage) != self.level.number
    }

    /// Makes the problem of a window and a stage the current one, with points as they are behind the steps so far; in units
    /// of the given ε, if it was entered before.
    fn enter(&mut self, window: usize, stage: usize, scale: Option<f64>) -> Result<(), CompileError> {
        let Compiled { lowered: Lowered { effort, .. }, backend, .. } = self.compiled;
        let model = Arc::clone(&self.model);
        let own = problem_of(&model, window, stage);
        self.own_metrics = None;
        let problem = own.as_ref().unwrap_or(&model);
        let level = model.level_of(stage);
        let handover = || self.handover(window, stage, backend);
        let lowered = |scale| pipeline::lower_level(problem, (level, scale), &self.theta, backend, effort);
        let scale = match scale {
            Some(scale) => scale,
            None if level > 0 => self.size_of_rest(lowered(1.0)?, level, handover()?, backend)?,
            None => 1.0,
        };
        let (lowered, handover) = (lowered(scale)?, handover()?);
        self.level = Level::new(&model, &self.description, level, scale);
        self.points = TrainingPoints::draw(&lowered, self.seed, self.total_steps, handover)?;
        self.compiled = pipeline::assemble_on(lowered, &self.points.sets, backend, &mut Times::default())?;
        if let Some(own) = own {
            let whole = pipeline::lower(own, Effort::Off, &mut Times::default())?;
            self.own_metrics = Metrics::new(&whole, backend)?;
        }
        self.causal = CausalWeights::new(&self.compiled.lowered);
        self.weights = None;
        (self.window, self.stage) = (window, stage);
        Ok(())
    }

    /// ε of a level: the size at which its networks, as they begin, change the residuals by as much as is left of them; a
    /// power of two.
    fn size_of_rest(
        &self,
        lowered: Lowered,
        level: usize,
        handover: Option<Handover>,
        backend: Backend,
    ) -> Result<f64, CompileError> {
        let level = Level::new(&self.model, &self.description, level, 1.0);
        let points = TrainingPoints::draw(&lowered, self.seed, 0, handover)?;
        let compiled = pipeline::assemble_on(lowered, &points.sets, backend, &mut Times::default())?;
        let mut own = initial(&compiled, self.seed, (level.first_network, 0));
        let outputs = level.silence(&mut own);
        level.keep_numbers(&self.theta, &mut own);
        let rows = compiled.kernel.rows();
        let [mut rest, mut change, mut second] = [(); 3].map(|()| vec![0.0; rows]);
        compiled.kernel.residual(&own, &mut rest);
        compiled.kernel.residual_along(&own, &outputs, &mut change, &mut second);
        let size = (half_square(&rest) / half_square(&change)).sqrt();
        let power = size.log2().round();
        // Nothing is left, or nothing is a number: the method will say so.
        Ok(if power.is_finite() { power.clamp(LEAST_POWER, -LEAST_POWER).exp2() } else { 1.0 })
    }

    /// What the initial conditions of a window take over from the one before.
    fn handover(&self, window: usize, stage: usize, backend: Backend) -> Result<Option<Handover>, CompileError> {
        let Some(theta) = window.checked_sub(1).and_then(|before| self.finished.get(before)) else { return Ok(None) };
        let model = self.model.stages[stage].model.as_deref().unwrap_or(&self.model);
        let sides = window_predictor(model, window - 1, &model.graph, &model.initial_sides(), backend)?;
        Ok(Some(Handover { sides, theta: theta.clone() }))
    }

    fn begin_stage(&mut self, stage: usize) {
        self.stage = stage;
        self.step = 0;
        let model = Arc::clone(&self.model);
        let plan = &model.stages[stage];
        if plan.correction.is_some() {
            let own = self.first_parameters(0);
            self.level.put(&own, &mut self.theta);
        }
        if stage == 0 {
            // An earlier window has used all of them.
            self.level.clear_rest(&mut self.theta);
        }
        self.begin_weights(plan);
        self.recovery = Recovery::default();
        self.optimizer = optim::for_stage(plan, self.compiled.objective());
        self.stagnation = stagnation_of(plan, &self.compiled);
        self.make_batch_kernel();
    }

    /// The weights of the file, and those that a stage changes, at its start.
    fn begin_weights(&mut self, stage: &Stage) {
        if let Some(before) = &self.weights {
            before.remove(&mut self.compiled.kernel, &self.points.sets);
        }
        self.weights = TermWeights::new(stage, &self.compiled.lowered, &self.points.sets);
    }

    /// The parameters of the current level before its training, for one of several starts; where there is a level before,
    /// its networks begin with the value 0.
    pub(super) fn first_parameters(&self, start: u64) -> Vec<f64> {
        let mut own = initial(&self.compiled, self.seed, (self.level.first_network, start));
        if self.level.number > 0 {
            self.level.silence(&mut own);
            self.level.keep_numbers(&self.theta, &mut own);
        }
        own
    }

    fn run_stage(&mut self, limits: Limits, observer: &mut dyn Observer) -> Result<Stop, TrainError> {
        let stage = self.model.stages[self.stage].clone();
        let steps = stage.steps();
        // A later window starts from the one before.
        if self.step == 0
            && self.window == 0
            && stage.starts() > 1
            && let Some(stop) = self.tournament(&stage, limits, observer)
        {
            return Ok(stop);
        }
        // The last step before a checkpoint may have ended the stage.
        if self.step > 0 && self.stagnation.is_over() {
            return Ok(Stop::Stagnated);
        }
        if self.is_stuck() {
            return Ok(Stop::Stuck);
        }
        let mut decreased = self.step > 0;
        let mut before = Vec::new();
        while self.step < steps {
            if limits.steps.is_some_and(|most| self.total_steps >= most) {
                return Ok(Stop::Steps);
            }
            if limits.time.is_some_and(|most| self.time >= most) {
                return Ok(Stop::Time);
            }
            before.clone_from(&self.theta);
            let clock = Instant::now();
            let mut own = self.level.own(&self.theta);
            debug_span!("sampling").in_scope(|| self.redraw(&own))?;
            let report = debug_span!("rest of the step").in_scope(|| self.make_step(&stage, &mut own));
            self.time += clock.elapsed();
            if report.outcome == Outcome::NotFinite && self.go_back(&stage) {
                if self.tell_of_setback(report, observer) == Control::Stop {
                    return Ok(Stop::Interrupted);
                }
                continue;
            }
            self.step += 1;
            self.total_steps += 1;
            decreased |= report.outcome == Outcome::Moved;
            let stop = self.stop_after(&report, decreased);
            let mut seen = Seen::default();
            if stop.is_some() || self.step == steps || observer.wants_errors(self.total_steps) {
                let _span = debug_span!("errors").entered();
                seen.terms = self.term_losses();
                seen.errors = self.current_errors();
                seen.alignment = observer.wants_alignment().then(|| self.alignment_since(&self.level.own(&before)));
            }
            if report.outcome != Outcome::NotFinite {
                self.recovery.observe(&before, report.loss_before);
            }
            let errors = seen.errors.clone();
            if self.tell(report, seen, observer) == Control::Stop {
                return Ok(Stop::Interrupted);
            }
            let reached = |target: f64| !errors.is_empty() && errors.iter().all(|e| e.relative_l2 < target);
            if limits.target.is_some_and(reached) {
                return Ok(Stop::Target);
            }
            if let Some(stop) = stop {
                return Ok(stop);
            }
        }
        Ok(Stop::Steps)
    }

    /// Tells the observer of a step.
    pub(super) fn tell(&self, report: StepReport, seen: Seen, observer: &mut dyn Observer) -> Control {
        let stage = &self.model.stages[self.stage];
        let numbers = match self.model.numbers.is_empty() {
            true => Vec::new(),
            false => number_values(&self.compiled.lowered, &self.level.own(&self.theta)),
        };
        let event = StepEvent {
            window: (self.window, self.model.windows),
            stage: self.stage,
            stages: self.model.stages.len(),
            method: stage.method.name(),
            step: self.step,
            steps: stage.steps(),
            total_steps: self.total_steps,
            seconds: self.seconds(),
            report,
            causal: self.causal.as_ref().map(CausalWeights::least),
            weights: &self.term_weights(),
            terms: &seen.terms,
            errors: &seen.errors,
            numbers: &numbers,
            alignment: seen.alignment,
        };
        debug_span!("log and checkpoints").in_scope(|| observer.step(&event, self))
    }

    fn stop_after(&mut self, report: &StepReport, decreased: bool) -> Option<Stop> {
        match report.outcome {
            Outcome::NotFinite => Some(Stop::NotFinite),
            // A stage may begin where nothing is left to do.
            Outcome::NoDecrease if !decreased => {
                Some(if self.total_steps > self.step { Stop::Stagnated } else { Stop::NoDecrease })
            }
            // While times wake up, or weights change, the loss grows; that is no stagnation.
            _ if self.weights.is_some() || self.causal.as_ref().is_some_and(|causal| !causal.all_awake()) => {
                self.stagnation.restore(&[]);
                None
            }
            _ => {
                // The least value of an energy is not zero, so that no part of it says how much there is left to do.
                let energies = self.compiled.lowered.model.energies().next().is_some();
                let left = if energies { self.stagnation.least(report.gradient) } else { report.loss };
                let over = self.stagnation.observe(left);
                if self.is_stuck() { Some(Stop::Stuck) } else { over.then_some(Stop::Stagnated) }
            }
        }
    }

    /// Whether steps have ended that look at nothing but θ. Of an energy the least gradient is observed, which may well stay.
    fn is_stuck(&self) -> bool {
        self.stagnation.is_stuck() && self.compiled.lowered.model.energies().next().is_none()
    }

    fn make_step(&mut self, stage: &Stage, own: &mut [f64]) -> StepReport {
        let report = self.step_from(stage, own);
        self.level.put(own, &mut self.theta);
        self.level.of_problem(report)
    }

    fn step_from(&mut self, stage: &Stage, own: &mut [f64]) -> StepReport {
        self.change_weights(own);
        let weights = (&mut self.causal, &self.weights);
        let Some(kernel) = &mut self.batch_kernel else {
            weigh(weights, &mut self.compiled.kernel, &self.points.sets, own);
            return self.optimizer.step(self.compiled.objective(), own);
        };
        let count = stage.batch().unwrap_or(usize::MAX);
        let stream = Stream::new(self.seed, BATCH_STREAM, self.total_steps as u64);
        let batch = batch::draw(&self.points.sets, count, &stream);
        kernel.set_all_points(&batch);
        weigh(weights, kernel, &batch, own);
        self.optimizer.step(pipeline::objective(&mut self.compiled.single, kernel), own)
    }

    /// Lets the weights of terms follow θ where that is due, by what all points say with their causal weights.
    fn change_weights(&mut self, own: &[f64]) {
        let Some(weights) = self.weights.as_mut().filter(|weights| weights.are_due(self.step)) else { return };
        let (kernel, points) = (&mut self.compiled.kernel, &self.points.sets);
        weights.remove(kernel, points);
        if let Some(causal) = &mut self.causal {
            causal.apply(kernel, points, own);
        }
        weights.change(kernel, points, own);
        weights.apply(kernel, points);
    }

    fn redraw(&mut self, own: &[f64]) -> Result<(), CompileError> {
        let Compiled { lowered, kernel, .. } = &mut self.compiled;
        self.points.redraw(lowered, kernel, self.seed, self.total_steps, own)
    }

    fn make_batch_kernel(&mut self) {
        let batched = self.model.stages[self.stage].batch().is_some();
        self.batch_kernel = batched.then(|| self.compiled.kernel.same_programs());
    }
}

/// What is evaluated behind some of the steps.
#[derive(Default)]
pub(super) struct Seen {
    pub terms: Vec<(String, f64)>,
    pub errors: Vec<FieldError>,
    pub alignment: Option<Alignment>,
}

/// Gives the points of a kernel their causal weights at θ, which those of terms do not change, and its terms theirs.
fn weigh(
    (causal, weights): (&mut Option<CausalWeights>, &Option<TermWeights>),
    kernel: &mut Kernel,
    points: &[PointSet],
    theta: &[f64],
) {
    if let Some(causal) = causal {
        if let Some(weights) = weights {
            weights.remove(kernel, points);
        }
        causal.apply(kernel, points, theta);
    }
    if let Some(weights) = weights {
        weights.apply(kernel, points);
    }
}

/// The first parameters of all networks, which are those from `first` on of the problem, for one of several starts.
fn initial(compiled: &Compiled, seed: u64, (first, start): (usize, u64)) -> Vec<f64> {
    let mut theta = vec![0.0; compiled.lowered.description.parameters()];
    for (n, network) in compiled.lowered.description.networks.iter().enumerate() {
        let stream = Stream::new(seed, INITIAL_STREAM + (first + n) as u64, start);
        let (mut normal, mut uniform) = (stream.part(0), stream.part(1));
        initial_parameters(&network.layout, &mut theta, || normal.normal(), || 2.0 * uniform.uniform() - 1.0);
    }
    theta
}

fn stagnation_of(stage: &Stage, compiled: &Compiled) -> Stagnation {
    let resampled = compiled.lowered.blocks.iter().any(|block| block.sampling.resample.is_some());
    let (window, of_first_order) = match stage.method {
        Method::Engd | Method::Hngd | Method::Lm | Method::Engdw | Method::Dsgnar => (200, false),
        Method::Nncg | Method::Spring | Method::Kfac => (500, false),
        Method::Ssbroyden | Method::Ssbfgs | Method::Bfgs | Method::Lbfgs => (500, false),
        Method::Gd | Method::Adam | Method::Soap | Method::Shampoo | Method::Muon | Method::Psgd | Method::Pdeaware => {
            (5000, true)
        }
    };
    let noisy = resampled || of_first_order || stage.batch().is_some() || stage.name("line_search") == "off";
    Stagnation::new(window, if noisy { Noise::Averaged } else { Noise::None })
}
