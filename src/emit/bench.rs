//! A driver in C that times the kernels of a library.

use super::Library;
use super::header::{comment, number};

/// The text of the driver; it needs the header and the object file.
pub fn bench(library: &Library) -> String {
    let names: Vec<String> = library.kernels.iter().map(|kernel| format!("&{}_kernel", kernel.routine.name)).collect();
    include_str!("templates/bench.c")
        .replace("@PROBLEM@", &comment(&library.problem))
        .replace("@VERSION@", env!("CARGO_PKG_VERSION"))
        .replace("@PREFIX@", &library.request.prefix)
        .replace("@NUMBER@", number(library.request.scalar))
        .replace("@KERNELS@", &names.join(", "))
}
