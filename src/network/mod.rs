//! Networks: what they are made of, and how jets go through them.
//!
//! An [`Architecture`] says what a file asks for. Its inputs are symbolic [features](features) of the coordinates (rescaled
//! to [-1, 1]; sine and cosine on periodic axes, which makes the network periodic exactly), which random sines may
//! [encode](encoding) first. A [`Layout`] is a straight-line [list of operations](op) on them that its [bodies](body)
//! append one behind the other: affine layers, whose parameters have their place in θ, and functions of the numbers of
//! one neuron.
//!
//! A network carries *jets*: not only values but the channels of a [`JetPlan`] (Taylor mode), each a derivative or a
//! combination of derivatives such as a Laplacian. Affine layers act on every channel alike; what an
//! [activation](activation), a [gate or a product](pointwise) does to the channels is a small program of formulas, the
//! same for every neuron and point, which goes the way of all formulas to machine code. The [`Schedule`] says which
//! buffers a sweep over the operations needs.
//!
//! Derivatives with respect to the parameters along a direction v are jets too: the network at θ + εv has one more axis,
//! ε, and a plan [extended](JetPlan::along_direction) by it.

mod activation;
mod body;
mod definitions;
mod encoding;
mod features;
mod initial;
mod jets;
mod layout;
mod op;
mod operator;
mod pointwise;
mod schedule;
mod spec;

pub use definitions::Definitions;
pub use encoding::FourierLayer;
pub use features::{AxisScale, Features};
pub use initial::{Start, initial_parameters};
pub use jets::JetPlan;
pub use layout::{Layer, Layout};
pub use op::{Op, Operand, Pointwise};
pub use operator::{Operator, Span};
pub use pointwise::{PointwisePrograms, pointwise_programs};
pub use schedule::{Schedule, Write};
pub use spec::{Activation, Architecture, Body, Encoding, Initial, Shape};
