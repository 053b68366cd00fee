//! `pdec completions`: what the shell needs to complete the command line.

use std::process::ExitCode;

use clap::{Args, CommandFactory, ValueEnum};
use clap_complete::Shell as Generator;

use super::{Cli, CliError, Context};

/// Print the completions for a shell
#[derive(Debug, Args)]
pub struct Arguments {
    /// For which shell
    shell: Shell,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Shell {
    Bash,
    Zsh,
    Fish,
}

/// Prints the script that the shell has to source.
///
/// # Errors
/// Those of writing to standard output.
pub fn run(arguments: &Arguments, context: &Context) -> Result<ExitCode, CliError> {
    let generator = match arguments.shell {
        Shell::Bash => Generator::Bash,
        Shell::Zsh => Generator::Zsh,
        Shell::Fish => Generator::Fish,
    };
    // Into memory first: the generators panic when a write fails.
    let mut script = Vec::new();
    clap_complete::generate(generator, &mut Cli::command(), "pdec", &mut script);
    context.print(&String::from_utf8_lossy(&script))?;
    Ok(ExitCode::SUCCESS)
}
