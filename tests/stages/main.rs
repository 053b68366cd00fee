//! Files of tests for every stage between text and machine code.
//!
//! ```text
//! ; command: lower
//! ; contraction: separate
//! u_t - u_xx
//! ---
//! tape separate, 2 inputs
//! ...
//! ```
//!
//! The first line says what is done with the text up to `---`, lines like it say how, and what comes out stands below. A file
//! `NAME.test` stands in the folder of its command. [`COMMANDS`] are all there are.

mod cases;
mod kernels;
mod language;
mod programs;

use cases::{Case, Outcome};

/// What makes the result of a file.
type Command = fn(&Case) -> Outcome;

/// The commands, in the order of the stages.
const COMMANDS: [(&str, Command); 16] = [
    ("parse", language::parse),
    ("check", language::check),
    ("expr", language::expr),
    ("simplify", language::simplify),
    ("sample", language::sample),
    ("channels", language::channels),
    ("lower", programs::lower),
    ("schedule", programs::schedule),
    ("segment", programs::segment),
    ("tape", programs::tape),
    ("routine", kernels::routine),
    ("verify", kernels::verify),
    ("fuse", kernels::fuse),
    ("interpret", kernels::interpret),
    ("codegen", kernels::codegen),
    ("emit", kernels::emit),
];

/// Run with `INSTA_UPDATE=always` to write what came out into the files.
#[test]
fn files() {
    let update = std::env::var("INSTA_UPDATE").is_ok_and(|value| value == "always");
    let mut wrong = String::new();
    for (command, run) in COMMANDS {
        let cases = Case::all(command);
        assert!(cases.len() >= 2, "{command} has {} files", cases.len());
        for case in cases {
            let Outcome::Text(found) = run(&case) else { continue };
            case.assert_all_options_used();
            if update {
                case.update(&found);
            } else if found != case.expected {
                wrong += &format!("{}\n--- expected\n{}--- found\n{found}\n", case.name, case.expected);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// A folder that is no command would never run.
#[test]
fn every_file_belongs_to_a_command() {
    for folder in cases::folders() {
        assert!(COMMANDS.iter().any(|(command, _)| folder == *command), "no command `{folder}`");
    }
}
