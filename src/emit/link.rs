//! The shared library, by the compiler driver of the system.

use std::io;
use std::path::Path;
use std::process::Command;

use super::Library;

/// Why there is no shared library.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the variants say what their fields are")]
pub enum LinkError {
    /// No compiler driver.
    #[error(
        "a shared library needs a linker, and there is no `{program}`; install a C compiler, name one in CC, or link \
         the object file elsewhere: `cc -shared {object} -o {library}`"
    )]
    NoLinker { program: String, object: String, library: String },
    /// It could not be started.
    #[error("`{program}` can't be started: {source}")]
    Start { program: String, source: io::Error },
    /// It failed.
    #[error("`{program}` could not link the shared library: {message}")]
    Failed { program: String, message: String },
}

/// The name of the shared library; without `lib` in front, Python would take it for the module itself.
pub fn library_file(library: &Library) -> String {
    format!("lib{}.so", library.request.prefix)
}

/// Links an object file into a shared library, with the program in `CC`, or else `cc`.
///
/// # Errors
/// [`LinkError`] if there is no such program or it fails.
pub fn shared_library(object: &Path, library: &Path) -> Result<(), LinkError> {
    let program = std::env::var("CC").ok().filter(|program| !program.trim().is_empty()).unwrap_or("cc".to_owned());
    // `CC` may hold flags behind the program.
    let mut words = program.split_whitespace();
    let name = words.next().unwrap_or("cc").to_owned();
    // No library of the system is needed, but `-nostdlib` would make some drivers ask for their own.
    let output = Command::new(&name).args(words).arg("-shared").arg("-o").arg(library).arg(object).output();
    match output {
        Err(source) if source.kind() == io::ErrorKind::NotFound => Err(LinkError::NoLinker {
            program: name,
            object: object.display().to_string(),
            library: library.display().to_string(),
        }),
        Err(source) => Err(LinkError::Start { program: name, source }),
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => {
            let message = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            Err(LinkError::Failed { program: name, message })
        }
    }
}
