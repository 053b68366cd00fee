//! The command `pdec`: arguments in, exit code out.

use std::panic::PanicHookInfo;
use std::process::ExitCode;

use pdec::cli;
use pdec::diagnostic::visible;

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(report_internal_error));
    std::panic::catch_unwind(|| cli::run(std::env::args_os())).unwrap_or(ExitCode::from(cli::INTERNAL_ERROR))
}

/// A panic is always a mistake of pdec itself, and whoever meets it should know what to do with it.
fn report_internal_error(panic: &PanicHookInfo<'_>) {
    use std::io::Write;
    let what = panic.payload_as_str().unwrap_or("no message");
    let place = panic.location().map_or("an unknown place".to_owned(), ToString::to_string);
    // Standard error may be closed as well; there is no one left to tell.
    let _ = writeln!(
        std::io::stderr().lock(),
        "internal error: {} (at {place})\n\nThis is a mistake in pdec {}, not in your file. Please report it, with this text, \
         the command and the file.",
        visible(what),
        env!("CARGO_PKG_VERSION")
    );
}
