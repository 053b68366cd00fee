//! Natural gradients in a Hilbert metric (H-NGD: Müller and Zeinhofer, arXiv 2302.13163, section 3).
//!
//! The metric is the Gram matrix of the tangents ∂ᵢu in a Sobolev space X in place of that of the energy,
//! `G[i, j] = (∂ᵢu, ∂ⱼu)_X`: for H¹ the integral of `∂ᵢu ∂ⱼu + ∇∂ᵢu · ∇∂ⱼu`, for H² with all second derivatives, too. Unlike an
//! energy's own metric, X knows nothing of the equation: where the two norms are not equivalent the method is slow, or
//! stops. With `paper` direction and step length are those of the published procedure, `d = G⁺ ∇L` and a grid; else the damping
//! is controlled as that of [`engd`](super::engd), without acceleration.

use super::engd::Engd;
use crate::kernel::Objective;
use crate::model::Stage;

/// Natural gradients in the space that a stage asks for.
pub(super) fn of_stage(stage: &Stage, problem: &dyn Objective) -> Engd {
    // The options are some of those of `engd`, and `metric` gives the space.
    Engd::of_stage(stage, problem)
}
