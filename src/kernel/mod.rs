//! What is compiled and run at every step: residuals and their derivatives in the parameters, over tiles of points.
//!
//! A [`Description`] names the networks and, for each block of points, the residual formulas. [`programs`] derives all
//! small programs from it: the residuals, their partials in the jet variables, their first and second derivative along a
//! direction of parameters, and what an activation does to jets. A [`Kernel`] joins them with the affine layers into
//! fixed [sweeps](sweep) over [tiles](tile) of points:
//!
//! * [forward](forward): jets through the networks, then the residual;
//! * [reverse](reverse): ∂R/∂u_α seeds one reverse sweep through the jets, so that a row of the Jacobian comes out
//!   without any ∂_θ u_α being stored;
//! * [direction](direction): jets with one more axis ε, at θ + εv, give J v and the second directional derivative;
//! * [spread](spread): rows of the Jacobian, of which only the mean and the mean square over the points are kept.
//!
//! What [layers](layers) see in a reverse sweep is enough for JJᵀ and for [Kronecker factors](kronecker) of JᵀJ, without J.
//!
//! Where a formula has [integrals](integrals), these are evaluated first, at points of their own, and then stand in the
//! formulas like jets.
//!
//! Rows are scaled by sqrt(weight × quadrature weight), so that the loss is ½‖r‖². Tiles run in parallel; every sum has a
//! fixed order, so that results do not depend on the number of threads.

mod channels;
mod description;
mod direction;
mod evaluate;
mod forward;
mod frozen;
mod fused;
mod integrals;
mod known;
mod kronecker;
mod layers;
mod local;
mod memory;
mod metric;
mod nonlocal;
mod norms;
mod objective;
mod predict;
mod programs;
mod reverse;
mod spread;
mod sweep;
mod system;
mod tile;
mod weights;

pub use channels::TurnedPlan;
pub use description::{
    BlockDescription, Channels, Description, InnerPoints, IntegralDescription, MovingEnd, NetworkDescription,
    NormDescription, Role,
};
pub use frozen::Frozen;
pub use fused::FusedBlock;
pub use known::KnownSource;
pub use local::{HessianGroup, LocalTapes, MetricRows};
pub use memory::KernelMemory;
pub use nonlocal::{Family, Member};
pub use norms::NormTapes;
pub use objective::{
    KernelCost, LayerFactors, Layered, LeastSquares, Metric, Objective, ParameterMatrix, Sobolev, Spread, half_square,
};
pub(crate) use objective::{change_with_energies, loss_with_energies};
pub use predict::Predictor;
pub use programs::{Assemble, AssembleError, BlockTapes, Channel, KernelTapes, PointInput, PointTape, PointwiseTapes};
pub use sweep::EXTENSION;
pub use system::Kernel;
pub use tile::PointSet;
pub(crate) use tile::Pool;
