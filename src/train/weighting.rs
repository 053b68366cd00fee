//! Weights of terms, or of points, that change while a stage is trained.
//!
//! A term counts by its weight of the file times λ, which is 1 at the start of a stage.
//!
//! * By gradients: λ follows `mean_j ‖∇L_j‖ / ‖∇L_i‖` (Wang, Teng and Perdikaris, arXiv 2001.04536, with norms in place of
//!   their largest and mean entries, as in arXiv 2308.08468), so that all terms pull alike.
//! * By traces: λ follows `mean_j tr K_jj / tr K_ii`, with K = JJᵀ of the rows as they stand in the loss (Wang, Yu and
//!   Perdikaris, arXiv 2007.14527, algorithm 1, where a sum stands for the mean), so that all terms converge alike.
//! * Adaptive: the loss is Σ λ^q L, and λ ascends it while θ descends, by steps of Adam (McClenny and Braga-Neto, arXiv
//!   2009.04544), one λ a point or a term. Such weights only grow, fastest where the residual stays large.
//!
//! Within a step of a method the weights stay, so that it compares like with like.

use crate::kernel::{Kernel, PointSet, half_square};
use crate::model::{Average, Per, Stage, Weighting};
use crate::optim::{State, StateError};
use crate::pipeline::Lowered;

/// What is added to a norm or trace, as a part of their mean: a term that is solved does not take over.
const FLOOR: f64 = 1e-5;
/// Adam's numbers.
const DECAYS: [f64; 2] = [0.9, 0.999];
const EPS: f64 = 1e-8;
/// The names in a saved state.
const PARTS: [&str; 4] = ["weights", "weights.mean", "weights.square", "weights.changes"];

/// The weights of a stage.
pub(super) struct TermWeights {
    rule: Weighting,
    /// The weights of the file: block by block, one a formula.
    given: Vec<Vec<f64>>,
    /// λ: block by block, one a formula or one a point.
    lambda: Vec<Vec<f64>>,
    /// Means of the slopes and their squares, in the same form, of the ascent.
    moments: [Vec<Vec<f64>>; 2],
    changes: f64,
}

impl TermWeights {
    /// Those that a stage asks for, at its start.
    pub fn new(stage: &Stage, lowered: &Lowered, points: &[PointSet]) -> Option<Self> {
        let rule = stage.weighting()?;
        let given: Vec<Vec<f64>> = lowered.description.blocks.iter().map(|block| block.weights.clone()).collect();
        let length =
            |(formulas, points): (&Vec<f64>, &PointSet)| if of_points(rule) { points.len() } else { formulas.len() };
        let lengths: Vec<usize> = given.iter().zip(points).map(length).collect();
        let all = |value: f64| lengths.iter().map(|&length| vec![value; length]).collect::<Vec<_>>();
        Some(Self { rule, given, lambda: all(1.0), moments: [all(0.0), all(0.0)], changes: 0.0 })
    }

    /// Whether they change before the step behind so many of the stage.
    pub fn are_due(&self, step: usize) -> bool {
        match self.rule {
            Weighting::Gradients(Average { every, .. }) | Weighting::Ntk(Average { every, .. }) => {
                step.is_multiple_of(every)
            }
            Weighting::Adaptive { .. } => true,
        }
    }

    /// Gives a kernel these weights; its points are those of the problem, or some of them where terms have the weights.
    pub fn apply(&self, kernel: &mut Kernel, points: &[PointSet]) {
        for (b, lambda) in self.lambda.iter().enumerate() {
            match self.rule {
                Weighting::Adaptive { per: Per::Points, power, .. } => {
                    let weights = points[b].weights.iter().zip(lambda).map(|(weight, l)| weight * l.powf(power));
                    kernel.set_weights(b, &weights.collect::<Vec<f64>>());
                }
                rule => {
                    let weights = self.given[b].iter().zip(lambda).map(|(given, l)| given * factor(rule, *l));
                    kernel.set_formula_weights(b, &weights.collect::<Vec<f64>>());
                }
            }
        }
    }

    /// Gives a kernel the weights of the file.
    pub fn remove(&self, kernel: &mut Kernel, points: &[PointSet]) {
        for (b, given) in self.given.iter().enumerate() {
            if of_points(self.rule) {
                kernel.set_weights(b, &points[b].weights);
            } else {
                kernel.set_formula_weights(b, given);
            }
        }
    }

    /// Changes them by what the kernel, with the weights of the file, says at θ. Where that is no number they stay.
    pub fn change(&mut self, kernel: &Kernel, points: &[PointSet], theta: &[f64]) {
        match self.rule {
            Weighting::Gradients(average) => self.follow(gradient_norms(kernel, &self.given, theta), average.decay),
            Weighting::Ntk(average) => self.follow(kernel.kernel_traces(theta), average.decay),
            Weighting::Adaptive { per, rate, power } => {
                let mut values = vec![0.0; kernel.rows()];
                kernel.values(theta, &mut values);
                let losses = match per {
                    Per::Points => losses_of_points(kernel, points, &values),
                    Per::Terms => losses_of_terms(kernel, &self.given, &values),
                };
                self.ascend(&losses, rate, power);
            }
        }
    }

    fn follow(&mut self, sizes: Vec<Vec<f64>>, decay: f64) {
        let all: Vec<f64> = sizes.concat();
        let mean = all.iter().sum::<f64>() / all.len() as f64;
        if !(mean > 0.0 && mean.is_finite()) {
            return;
        }
        for (lambda, size) in self.lambda.iter_mut().flatten().zip(all) {
            *lambda = decay * *lambda + (1.0 - decay) * mean / (size + FLOOR * mean);
        }
    }

    fn ascend(&mut self, losses: &[Vec<f64>], rate: f64, power: f64) {
        if !losses.iter().flatten().all(|loss| loss.is_finite()) {
            return;
        }
        self.changes += 1.0;
        let [first, second] = DECAYS.map(|decay| 1.0 - decay.powf(self.changes));
        let [means, squares] = &mut self.moments;
        let moments = means.iter_mut().flatten().zip(squares.iter_mut().flatten());
        for ((lambda, (mean, square)), loss) in
            self.lambda.iter_mut().flatten().zip(moments).zip(losses.iter().flatten())
        {
            let slope = power * lambda.powf(power - 1.0) * loss;
            *mean = DECAYS[0] * *mean + (1.0 - DECAYS[0]) * slope;
            *square = DECAYS[1] * *square + (1.0 - DECAYS[1]) * slope * slope;
            *lambda += rate * (*mean / first) / ((*square / second).sqrt() + EPS);
        }
    }

    /// The factor of each term to its weight in the file, by label; the mean over its points.
    pub fn of_terms(&self, lowered: &Lowered) -> Vec<(String, f64)> {
        lowered.by_term(|block, formula| {
            let lambda = &self.lambda[block];
            let own = if of_points(self.rule) { &lambda[..] } else { &lambda[formula..=formula] };
            own.iter().map(|l| factor(self.rule, *l)).sum::<f64>() / own.len() as f64
        })
    }

    /// Adds the state between steps.
    pub fn save(&self, state: State) -> State {
        let [means, squares] = &self.moments;
        let state = state.with(PARTS[0], &self.lambda.concat()).with(PARTS[3], &[self.changes]);
        match self.rule {
            Weighting::Adaptive { .. } => state.with(PARTS[1], &means.concat()).with(PARTS[2], &squares.concat()),
            Weighting::Gradients(_) | Weighting::Ntk(_) => state,
        }
    }

    /// Takes over what `save` added.
    ///
    /// # Errors
    /// [`StateError`] if a part is missing or has the wrong length.
    pub fn restore(&mut self, state: &State) -> Result<(), StateError> {
        let [means, squares] = &mut self.moments;
        fill(&mut self.lambda, state, PARTS[0])?;
        if matches!(self.rule, Weighting::Adaptive { .. }) {
            fill(means, state, PARTS[1])?;
            fill(squares, state, PARTS[2])?;
        }
        self.changes = state.number(PARTS[3])?;
        Ok(())
    }
}

fn of_points(rule: Weighting) -> bool {
    matches!(rule, Weighting::Adaptive { per: Per::Points, .. })
}

/// What multiplies the loss.
fn factor(rule: Weighting, lambda: f64) -> f64 {
    match rule {
        Weighting::Adaptive { power, .. } => lambda.powf(power),
        Weighting::Gradients(_) | Weighting::Ntk(_) => lambda,
    }
}

fn fill(parts: &mut [Vec<f64>], state: &State, name: &'static str) -> Result<(), StateError> {
    let saved = state.vector(name, parts.iter().map(Vec::len).sum())?;
    parts.iter_mut().flatten().zip(saved).for_each(|(own, saved)| *own = *saved);
    Ok(())
}

fn gradient_norms(kernel: &Kernel, formulas: &[Vec<f64>], theta: &[f64]) -> Vec<Vec<f64>> {
    let mut gradient = vec![0.0; theta.len()];
    let mut norm = |block: usize, formula: usize| {
        kernel.gradient_of(block, formula, theta, &mut gradient);
        gradient.iter().map(|g| g * g).sum::<f64>().sqrt()
    };
    formulas.iter().enumerate().map(|(b, of)| (0..of.len()).map(|formula| norm(b, formula)).collect()).collect()
}

fn losses_of_terms(kernel: &Kernel, formulas: &[Vec<f64>], values: &[f64]) -> Vec<Vec<f64>> {
    let loss =
        |block: usize, formula: usize| kernel.rows_of(block, formula).map(|rows| half_square(&values[rows])).sum();
    formulas.iter().enumerate().map(|(b, of)| (0..of.len()).map(|formula| loss(b, formula)).collect()).collect()
}

/// ½ r² at each point, without the weight of the quadrature.
fn losses_of_points(kernel: &Kernel, points: &[PointSet], values: &[f64]) -> Vec<Vec<f64>> {
    let of_block = |(b, set): (usize, &PointSet)| {
        let squares = kernel.squares_of(b, values);
        let loss = |(square, weight): (&f64, &f64)| if *weight > 0.0 { 0.5 * square / weight } else { 0.0 };
        squares.iter().zip(&set.weights).map(loss).collect()
    };
    points.iter().enumerate().map(of_block).collect()
}
