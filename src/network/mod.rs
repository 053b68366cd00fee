//! Networks: what they are made of, and how jets go through them.

mod spec;

pub use spec::{Activation, Mlp};
