//! Quasi-Newton methods: BFGS, self-scaled BFGS and self-scaled Broyden, with the strong Wolfe conditions.
//!
//! All are one update of the inverse Hessian H (Urbán, Stefanou and Pons, arXiv 2405.04230, eqs. 10 to 20, after Al-Baali):
//!
//! ```text
//! H⁺ = (1/τ) [H - Hy yᵀH/(yᵀHy) + φ (yᵀHy) v vᵀ] + ρ s sᵀ,    v = ρ s - Hy/(yᵀHy),    ρ = 1/yᵀs
//! ```
//!
//! with τ = φ = 1 for BFGS; τ = min(1, 1/b) and φ = 1 for self-scaled BFGS, b = sᵀBs/yᵀs; both from the formulas in
//! [`broyden`] for self-scaled Broyden. H has P² numbers. Beyond [`DENSE_UP_TO`] parameters the last pairs (s, y) stand
//! for it (L-BFGS, two loops), whatever the update.

use std::collections::VecDeque;

use rayon::prelude::*;

use super::line_search::{Probe, strong_wolfe};
use super::{Met, Optimizer, Outcome, State, StateError, StepReport, norm};
use crate::kernel::Objective;
use crate::linalg::dot;
use crate::model::{Method, Stage};

/// Parameters up to which H is kept as a matrix (800 MB).
pub(super) const DENSE_UP_TO: usize = 10_000;
/// Length of the first step in θ, before anything is known of the scale of H.
const FIRST_LENGTH: f64 = 0.1;

/// How H is updated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Update {
    /// Broyden, Fletcher, Goldfarb, Shanno.
    Bfgs,
    /// BFGS with Al-Baali's scaling.
    SelfScaledBfgs,
    /// The self-scaled Broyden family.
    SelfScaledBroyden,
    /// The last pairs only, for any number of parameters.
    LimitedMemory,
}

/// Options of [`QuasiNewton`].
#[derive(Clone, Copy, Debug)]
pub struct QuasiNewtonOptions {
    /// How H is updated.
    pub update: Update,
    /// How many pairs are kept where H is no matrix.
    pub pairs: usize,
}

/// A quasi-Newton method.
pub struct QuasiNewton {
    options: QuasiNewtonOptions,
    inverse: Inverse,
    gradient: Vec<f64>,
    next_gradient: Vec<f64>,
    direction: Vec<f64>,
    trial: Vec<f64>,
    /// Of which problem `next_gradient` is the gradient at `trial`, and the loss there.
    evaluated: Option<(u64, f64)>,
}

/// The inverse Hessian.
enum Inverse {
    /// Nothing is known: a multiple of the identity.
    Unknown,
    /// P x P, symmetric.
    Dense(Vec<f64>),
    /// Pairs (s, y), the oldest first.
    Pairs(VecDeque<(Vec<f64>, Vec<f64>)>),
}

impl QuasiNewton {
    /// With the options of a stage.
    pub fn of_stage(stage: &Stage, problem: &dyn Objective) -> Self {
        let update = match stage.method {
            Method::Lbfgs => Update::LimitedMemory,
            Method::Bfgs => Update::Bfgs,
            Method::Ssbfgs => Update::SelfScaledBfgs,
            _ => Update::SelfScaledBroyden,
        };
        Self::new(QuasiNewtonOptions { update, pairs: stage.number("pairs") as usize }, problem.parameters())
    }

    /// Starts from a multiple of the identity.
    pub fn new(options: QuasiNewtonOptions, parameters: usize) -> Self {
        let zero = vec![0.0; parameters];
        Self {
            options,
            inverse: Inverse::Unknown,
            gradient: zero.clone(),
            next_gradient: zero.clone(),
            direction: zero.clone(),
            trial: zero,
            evaluated: None,
        }
    }

    fn is_dense(&self) -> bool {
        self.options.update != Update::LimitedMemory && self.gradient.len() <= DENSE_UP_TO
    }

    /// The loss and the gradient at θ, which the last step may have ended with.
    fn evaluate(&mut self, problem: &dyn Objective, theta: &[f64]) -> f64 {
        match self.evaluated.take() {
            Some((revision, loss)) if problem.revision() == Some(revision) && self.trial == theta => {
                std::mem::swap(&mut self.gradient, &mut self.next_gradient);
                loss
            }
            _ => problem.gradient(theta, &mut self.gradient),
        }
    }

    /// -H g.
    fn find_direction(&mut self) {
        match &self.inverse {
            Inverse::Unknown => {
                let scale = FIRST_LENGTH / norm(&self.gradient).max(FIRST_LENGTH);
                self.direction.iter_mut().zip(&self.gradient).for_each(|(d, g)| *d = -scale * g);
            }
            Inverse::Dense(h) => {
                symmetric_product(h, &self.gradient, &mut self.direction);
                self.direction.iter_mut().for_each(|d| *d = -*d);
            }
            Inverse::Pairs(pairs) => two_loops(pairs, &self.gradient, &mut self.direction),
        }
    }

    /// Takes the step s and the change y of the gradient into H.
    fn learn(&mut self, s: Vec<f64>, y: Vec<f64>, length: f64) {
        if self.is_dense() {
            let size = s.len();
            let first = matches!(self.inverse, Inverse::Unknown);
            if first {
                let mut identity = vec![0.0; size * size];
                (0..size).for_each(|i| identity[i * size + i] = 1.0);
                self.inverse = Inverse::Dense(identity);
            }
            let Inverse::Dense(h) = &mut self.inverse else { unreachable!("it was made above") };
            // On the first step d was not -g but a multiple of it.
            let length = if first { length * FIRST_LENGTH / norm(&self.gradient).max(FIRST_LENGTH) } else { length };
            update(h, &s, &y, &self.gradient, length, self.options.update, first);
        } else {
            if !matches!(self.inverse, Inverse::Pairs(_)) {
                self.inverse = Inverse::Pairs(VecDeque::new());
            }
            let Inverse::Pairs(pairs) = &mut self.inverse else { unreachable!("it was made above") };
            while pairs.len() >= self.options.pairs {
                pairs.pop_front();
            }
            pairs.push_back((s, y));
        }
    }
}

impl Optimizer for QuasiNewton {
    fn step(&mut self, problem: &dyn Objective, theta: &mut [f64]) -> StepReport {
        let before = self.evaluate(problem, theta);
        let gradient = norm(&self.gradient);
        let mut report = StepReport::before(before, gradient, 0.0);
        if report.outcome == Outcome::NotFinite || gradient == 0.0 {
            return report;
        }
        for attempt in 0..2 {
            self.find_direction();
            let slope = dot(&self.direction, &self.gradient);
            if !(slope < 0.0 && slope.is_finite()) {
                self.inverse = Inverse::Unknown;
                report.met = Some(Met::Misled);
                continue;
            }
            let start = Probe { length: 0.0, loss: before, slope };
            let (trial, next, direction) = (&mut self.trial, &mut self.next_gradient, &self.direction);
            let last = std::cell::Cell::new(0.0);
            let mut evaluate = |length: f64| {
                trial.iter_mut().zip(theta.iter()).zip(direction).for_each(|((n, t), d)| *n = t + length * d);
                last.set(length);
                let loss = problem.gradient(trial, next);
                Probe { length, loss, slope: dot(direction, next) }
            };
            let found = strong_wolfe(start, 1.0, &mut evaluate);
            report.trials += found.trials;
            let Some(accepted) = found.accepted else {
                if matches!(self.inverse, Inverse::Unknown) || attempt == 1 {
                    break;
                }
                // What was learnt misleads; the plain gradient is tried before giving up.
                self.inverse = Inverse::Unknown;
                report.met = Some(Met::Misled);
                continue;
            };
            if last.get() != accepted.length {
                evaluate(accepted.length);
            }
            let s: Vec<f64> = self.trial.iter().zip(theta.iter()).map(|(n, t)| n - t).collect();
            let y: Vec<f64> = self.next_gradient.iter().zip(&self.gradient).map(|(n, g)| n - g).collect();
            theta.copy_from_slice(&self.trial);
            self.evaluated = problem.revision().map(|revision| (revision, accepted.loss));
            report = StepReport {
                outcome: Outcome::Moved,
                loss: accepted.loss,
                length: norm(&s),
                rate: accepted.length,
                ..report
            };
            let curvature = dot(&s, &y);
            if curvature > f64::EPSILON * norm(&s) * norm(&y) {
                self.learn(s, y, accepted.length);
            }
            return report;
        }
        report
    }

    fn save(&self) -> State {
        match &self.inverse {
            Inverse::Unknown => State::default().with("kind", &[0.0]),
            Inverse::Dense(h) => State::default().with("kind", &[1.0]).with("inverse", h),
            Inverse::Pairs(pairs) => {
                let flat: Vec<f64> = pairs.iter().flat_map(|(s, y)| s.iter().chain(y)).copied().collect();
                State::default().with("kind", &[2.0]).with("count", &[pairs.len() as f64]).with("pairs", &flat)
            }
        }
    }

    fn restore(&mut self, state: &State) -> Result<(), StateError> {
        let size = self.gradient.len();
        let kind = state.number("kind")?;
        self.inverse = if kind == 1.0 {
            Inverse::Dense(state.vector("inverse", size * size)?.to_vec())
        } else if kind == 2.0 {
            let count = state.number("count")? as usize;
            let flat = state.vector("pairs", 2 * size * count)?;
            let pair = |pair: &[f64]| (pair[..size].to_vec(), pair[size..].to_vec());
            Inverse::Pairs(flat.chunks_exact(2 * size).map(pair).collect())
        } else {
            Inverse::Unknown
        };
        Ok(())
    }
}

/// One update of H; g is the gradient before the step, and the step was `s = -length · H g`.
fn update(h: &mut [f64], s: &[f64], y: &[f64], g: &[f64], length: f64, update: Update, first: bool) {
    let size = s.len();
    let mut hy = vec![0.0; size];
    symmetric_product(h, y, &mut hy);
    let (ys, yhy) = (dot(y, s), dot(y, &hy));
    let rho = ys.recip();
    let b = -length * rho * dot(s, g);
    let (tau, phi) = match update {
        Update::Bfgs | Update::LimitedMemory => (1.0, 1.0),
        Update::SelfScaledBfgs => ((1.0_f64).min(b.recip()), 1.0),
        Update::SelfScaledBroyden => broyden(rho * yhy, b, size, first),
    };
    // The first H is the identity, whose scale is arbitrary: BFGS takes yᵀs/yᵀy (Nocedal and Wright, eq. 6.20).
    let tau = if first && update == Update::Bfgs { rho * yhy } else { tau };
    if !(tau > 0.0 && tau.is_finite() && phi.is_finite() && yhy > 0.0) {
        return;
    }
    let v: Vec<f64> = s.iter().zip(&hy).map(|(s, hy)| rho * s - hy / yhy).collect();
    let (scale, shrink, along) = (tau.recip(), (tau * yhy).recip(), phi * yhy / tau);
    h.par_chunks_exact_mut(size).enumerate().for_each(|(i, row)| {
        let (a, b, c) = (shrink * hy[i], along * v[i], rho * s[i]);
        for (((h, hy), v), s) in row.iter_mut().zip(&hy).zip(&v).zip(s) {
            *h = scale * *h - a * hy + b * v + c * s;
        }
    });
}

/// τ and φ of self-scaled Broyden (arXiv 2405.04230; as in the authors' second variant), with h = yᵀHy/yᵀs and
/// b = sᵀBs/yᵀs. The first update has a τ of its own.
fn broyden(h: f64, b: f64, size: usize, first: bool) -> (f64, f64) {
    let a = (h * b - 1.0).max(0.0);
    if a == 0.0 {
        return ((1.0_f64).min(b.recip()), 1.0);
    }
    let c = (a / (1.0 + a)).sqrt();
    let rho_minus = (1.0_f64).min(h * (1.0 - c));
    let theta_minus = (rho_minus - 1.0) / a;
    let theta_plus = rho_minus.recip();
    let theta = theta_minus.max(theta_plus.min((1.0 - b) / b));
    let sigma = 1.0 + theta * a;
    let phi = (1.0 - theta) / sigma;
    if first {
        return (h / sigma, phi);
    }
    let beta = if size > 1 { sigma.abs().powf((1.0 - size as f64).recip()) } else { 1.0 };
    let rho_hat = (1.0_f64).min(b.recip());
    let tau = if theta <= 0.0 { (rho_hat * beta).min(sigma) } else { rho_hat * beta.min(theta.recip()) };
    (tau, phi)
}

/// -H g from the last pairs (Nocedal and Wright, algorithm 7.4).
fn two_loops(pairs: &VecDeque<(Vec<f64>, Vec<f64>)>, gradient: &[f64], out: &mut [f64]) {
    out.copy_from_slice(gradient);
    let mut factors = Vec::with_capacity(pairs.len());
    for (s, y) in pairs.iter().rev() {
        let factor = dot(s, out) / dot(s, y);
        out.iter_mut().zip(y).for_each(|(q, y)| *q -= factor * y);
        factors.push(factor);
    }
    if let Some((s, y)) = pairs.back() {
        let scale = dot(s, y) / dot(y, y);
        out.iter_mut().for_each(|q| *q *= scale);
    }
    for ((s, y), factor) in pairs.iter().zip(factors.into_iter().rev()) {
        let change = factor - dot(y, out) / dot(s, y);
        out.iter_mut().zip(s).for_each(|(q, s)| *q += change * s);
    }
    out.iter_mut().for_each(|q| *q = -*q);
}

/// `out = H v`, row by row.
fn symmetric_product(h: &[f64], v: &[f64], out: &mut [f64]) {
    let rows = h.par_chunks_exact(v.len());
    out.par_iter_mut().zip(rows).for_each(|(out, row)| *out = dot(row, v));
}
