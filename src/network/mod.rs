//! Networks: what they are made of, and how jets go through them.
//!
//! A network is a list of symbolic [input features](features) of the coordinates (rescaled to [-1, 1]; sine and cosine
//! on periodic axes, which makes the network periodic exactly), affine layers, and an activation between them. It
//! carries *jets*: not only values but the derivatives of a [`JetPlan`], a downward closed set of multi-indices, one
//! channel each (Taylor mode). Affine layers act on every channel alike; what an activation does to the channels is a
//! small [program](activation) of formulas, the same for every neuron and point, which goes the way of all formulas to
//! machine code.
//!
//! Derivatives with respect to the parameters along a direction v are jets too: the network at θ + εv has one more axis,
//! ε, and a plan [extended](JetPlan::along_direction) by it.

mod activation;
mod features;
mod initial;
mod jets;
mod layout;
mod spec;

pub use activation::{ActivationPrograms, activation_programs};
pub use features::{AxisScale, Features};
pub use initial::initial_parameters;
pub use jets::JetPlan;
pub use layout::{Layer, Layout};
pub use spec::{Activation, Mlp};
