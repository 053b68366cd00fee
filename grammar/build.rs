//! What is made before the crate is compiled: the parser, and the library that object files carry.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    // Only this folder: by default lalrpop searches the whole project, examples and run folders included.
    let output = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR for build scripts"));
    parser(&output);
    services(&output.join("services.o"));
}

/// Turns the grammar of the language into a parser; lalrpop refuses a grammar with conflicts.
fn parser(output: &Path) {
    println!("cargo:rerun-if-changed=grammar/pde.lalrpop");
    println!("cargo:rerun-if-changed=grammar/build.rs");
    lalrpop::Configuration::new()
        .set_in_dir("grammar")
        .set_out_dir(output)
        .process()
        .expect("the grammar is free of conflicts");
}

/// Compiles block math and the loops around it once more, as one object without a standard library: `pdec emit` copies
/// what a kernel calls from it. Empty where objects are not in ELF format.
fn services(object: &Path) {
    println!("cargo:rerun-if-changed=src/vmath");
    println!("cargo:rerun-if-changed=src/codegen/freestanding");
    println!("cargo:rustc-check-cfg=cfg(freestanding)");
    let of = |name: &str| env::var(name).unwrap_or_default();
    let is_elf =
        of("CARGO_CFG_TARGET_OS") == "linux" && ["x86_64", "aarch64"].contains(&of("CARGO_CFG_TARGET_ARCH").as_str());
    if !is_elf {
        return std::fs::write(object, []).expect("the folder of the build can be written");
    }
    let status = Command::new(env::var_os("RUSTC").expect("cargo sets RUSTC for build scripts"))
        .args(["--edition", "2024", "--crate-type", "lib", "--crate-name", "pdec_services", "--emit", "obj"])
        .args(["--target", &of("TARGET"), "--cfg", "freestanding", "-O", "-C", "panic=abort", "-C", "codegen-units=1"])
        .args(["-C", "relocation-model=pic", "-C", "debuginfo=0", "-C", "force-unwind-tables=no", "-A", "warnings"])
        .arg("src/codegen/freestanding/lib.rs")
        .arg("-o")
        .arg(object)
        .status()
        .expect("the compiler can be started");
    assert!(status.success(), "the library of services does not compile");
}
