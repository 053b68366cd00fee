//! `pdec info`: the machine, the versions, and where each setting comes from.

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::{CliError, Context, Document, Status};
use crate::vmath;

/// Show the processor, the number of threads and versions
#[derive(Debug, Args)]
pub struct Arguments {
    /// Show the settings and where each comes from
    #[arg(long)]
    config: bool,
}

/// The machine and the libraries that decide about results and speed.
#[derive(Serialize)]
pub struct Machine {
    target: String,
    cpu_features: Vec<&'static str>,
    /// The lanes that block math works in: avx512, avx2 or portable.
    math: String,
    threads_available: usize,
    libraries: Vec<Library>,
}

#[derive(Serialize)]
struct Library {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct Settings {
    settings: Vec<Setting>,
}

#[derive(Serialize)]
struct Setting {
    name: &'static str,
    value: String,
    from: &'static str,
}

/// Prints one of the two tables.
///
/// # Errors
/// Those of writing to standard output.
pub fn run(arguments: &Arguments, context: &Context) -> Result<ExitCode, CliError> {
    if arguments.config {
        let settings = settings(context);
        if context.json {
            Document::new(Status::Ok, Settings { settings }).print(context)?;
        } else {
            let line = |s: &Setting| format!("{:10} {:20} {}\n", s.name, s.value, s.from);
            context.print(&settings.iter().map(line).collect::<String>())?;
        }
    } else {
        let machine = machine();
        if context.json {
            Document::new(Status::Ok, machine).print(context)?;
        } else {
            context.print(&machine.table())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

impl Machine {
    /// What decides about speed, in a few words.
    pub fn in_a_line(&self) -> String {
        format!("{} with {} math", self.target, self.math)
    }

    fn table(&self) -> String {
        let features = if self.cpu_features.is_empty() { "none".to_owned() } else { self.cpu_features.join(" ") };
        let libraries: Vec<_> = self.libraries.iter().map(|l| format!("{} {}", l.name, l.version)).collect();
        format!(
            "pdec       {}\ntarget     {}\nprocessor  {features}\nmath       {}\nthreads    {}\nlibraries  {}\n",
            env!("CARGO_PKG_VERSION"),
            self.target,
            self.math,
            self.threads_available,
            libraries.join(", ")
        )
    }
}

/// This machine.
pub fn machine() -> Machine {
    Machine {
        target: format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
        cpu_features: cpu_features(),
        math: format!("{:?}", vmath::Path::detected()).to_lowercase(),
        threads_available: std::thread::available_parallelism().map_or(1, usize::from),
        libraries: libraries(),
    }
}

/// The extensions that generated code and block math can use.
fn cpu_features() -> Vec<&'static str> {
    let mut found = Vec::new();
    #[cfg(target_arch = "x86_64")]
    {
        macro_rules! note {
            ($($name:tt)*) => { $(if std::arch::is_x86_feature_detected!($name) { found.push($name); })* };
        }
        note!("sse4.1" "avx" "fma" "avx2" "avx512f" "avx512dq" "avx512vl");
    }
    #[cfg(target_arch = "aarch64")]
    found.push("neon");
    found
}

/// Those whose version decides about results and speed, as the lock file pins them.
fn libraries() -> Vec<Library> {
    const LOCK: &str = include_str!("../../Cargo.lock");
    let version = |name: &str| {
        let package = LOCK.split("[[package]]").find(|p| p.contains(&format!("\nname = \"{name}\"\n")))?;
        package.split_once("version = \"")?.1.split('"').next()
    };
    let known = ["cranelift-jit", "egg", "faer", "nalgebra"];
    known.into_iter().filter_map(|name| Some(Library { name, version: version(name)? })).collect()
}

/// In the order in which they are decided: flag, environment, default.
fn settings(context: &Context) -> Vec<Setting> {
    let environment = |name: &'static str, variable: &str, default: &str| match std::env::var(variable) {
        Ok(value) if !value.is_empty() => {
            Setting { name, value: crate::diagnostic::visible(&value).into_owned(), from: "environment" }
        }
        _ => Setting { name, value: default.to_owned(), from: "default" },
    };
    vec![
        Setting { name: "threads", value: context.threads.to_string(), from: context.threads_from },
        environment("seed", "PDEC_SEED", "set seed, else 0"),
        environment("runs", "PDEC_RUNS", "./runs"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_file_names_all_libraries() {
        let found = libraries();
        assert_eq!(found.len(), 4);
        assert!(found.iter().all(|library| library.version.starts_with(|c: char| c.is_ascii_digit())));
    }
}
