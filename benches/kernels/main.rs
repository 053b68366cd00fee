//! What compiled kernels are worth: in turns with kernels that were written by hand, after the numbers of all were compared.
//!
//! ```console
//! $ cargo bench --bench kernels
//! ```
//!
//! **Rows**: residual and row of the Jacobian of Poisson's equation at a point, of one layer of W tanh neurons, by the
//! `jacobian` kernel of pdec and by hand (`row`): row by row, and parameter by parameter with points contiguous, which is
//! how pdec stores it.

#[cfg(target_arch = "x86_64")]
mod row;
#[cfg(target_arch = "x86_64")]
mod rows;
mod timing;

fn main() {
    #[cfg(target_arch = "x86_64")]
    if row::is_available() {
        return rows::table();
    }
    println!("No kernels by hand for this machine: it lacks AVX-512.");
}
