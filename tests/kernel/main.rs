//! Kernels and optimizers: jets against 256-bit arithmetic, observed orders of derivatives in θ, the same bits on every way.

mod bits;
mod channels;
#[path = "../support/close.rs"]
mod close;
mod derivatives;
mod energies;
mod first_order;
mod high;
mod jets;
mod layers;
mod optimizers;
mod parts;
mod periodicity;
mod problems;
mod random;
mod routines;
mod sample_space;
mod single_steps;
mod spread;
mod strangers;
