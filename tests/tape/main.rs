//! What runs a tape: the interpreter and machine code, on every operation and on random programs.

mod differential;
mod evaluators;
#[path = "../support/random_tape.rs"]
mod random_tape;
