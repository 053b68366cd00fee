//! ENGD-W: the energy natural gradient step in the space of samples, `p = -Jᵀ(JJᵀ + λI)⁻¹ r` (Guzmán-Cordero et al.,
//! arXiv 2505.12149, eq. 8), which by Woodbury's identity is `-(JᵀJ + λI)⁻¹ Jᵀr`.
//!
//! It is [`Spring`] without momentum, and has its step lengths and its damping.

use super::spring::{Spring, SpringOptions};
use crate::kernel::Objective;
use crate::model::Stage;

/// Natural gradients in the space of samples with the options of a stage.
pub(super) fn of_stage(stage: &Stage, problem: &dyn Objective) -> Spring {
    Spring::new(SpringOptions { momentum: 0.0, ..SpringOptions::of_stage(stage) }, problem)
}
