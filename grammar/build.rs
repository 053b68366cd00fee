//! Turns the grammar of the language into a parser; lalrpop refuses a grammar with conflicts.

fn main() {
    println!("cargo:rerun-if-changed=grammar/pde.lalrpop");
    println!("cargo:rerun-if-changed=grammar/build.rs");
    // Only this folder: by default lalrpop searches the whole project, examples and run folders included.
    let output = std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR for build scripts");
    lalrpop::Configuration::new()
        .set_in_dir("grammar")
        .set_out_dir(output)
        .process()
        .expect("the grammar is free of conflicts");
}
