//! What compiled kernels are worth: in turns with others, after the numbers of all were compared.
//!
//! ```console
//! $ cargo bench --bench kernels
//! ```
//!
//! **Local kernels**: formulas of eight problems with their derivatives in the jets, as one tape: by the interpreter, by
//! machine code, by `cc -O3 -march=native` from the same tape in C ([`c`]), and by hand ([`by_hand`]).
//!
//! **Rows**: residual and row of the Jacobian of Poisson's equation at a point, of one layer of W tanh neurons, by the
//! `jacobian` kernel of pdec and by hand ([`row`]): row by row, and parameter by parameter with points contiguous, which is
//! how pdec stores it.
//!
//! Without AVX-512 there is nothing by hand, without `cc` nothing in C.

#[cfg(target_arch = "x86_64")]
mod by_hand;
mod c;
#[path = "../../tests/support/formula.rs"]
mod formula;
#[path = "../../tests/support/known_formulas.rs"]
mod known_formulas;
#[path = "../../tests/support/known_roots.rs"]
mod known_roots;
#[cfg(target_arch = "x86_64")]
mod lanes;
mod locals;
mod numbers;
#[cfg(target_arch = "x86_64")]
mod row;
#[cfg(target_arch = "x86_64")]
mod rows;
mod timing;

fn main() {
    locals::table();
    #[cfg(target_arch = "x86_64")]
    if lanes::is_available() {
        return rows::table();
    }
    println!("No kernels by hand for this machine: it lacks AVX-512.");
}
