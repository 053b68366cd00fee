//! What runs a tape: the interpreter and machine code, on every operation and on random programs;
//! and wrong programs, which have to show.

#[path = "../support/bits.rs"]
mod bits;
mod differential;
mod evaluators;
#[path = "../support/mutants.rs"]
mod mutants;
mod mutations;
#[path = "../support/random_tape.rs"]
mod random_tape;
