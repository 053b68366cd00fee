//! The command line as its users see it: `tests/cli/*.trycmd` are transcripts of sessions.
//!
//! `TRYCMD=overwrite cargo test --test cli` rewrites the expected output.

use std::io::Write;
use std::process::{Command, Output, Stdio};

#[test]
fn transcripts() {
    trycmd::TestCases::new().env("PDEC_THREADS", "2").env("NO_COLOR", "1").case("tests/cli/*.trycmd");
}

fn pdec(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pdec"));
    command.args(arguments).env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE");
    command
}

fn with_input(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = pdec(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("pdec can be started");
    // It may end before it has read everything.
    let _ = child.stdin.take().expect("it is piped").write_all(input);
    child.wait_with_output().expect("pdec ends")
}

#[test]
fn a_closed_pipe_is_no_failure() {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    for arguments in [&["explain"][..], &["explain", "--json"], &["completions", "bash"], &["--help"]] {
        let output = pdec(arguments).stdout(writer.try_clone().expect("a pipe")).output().expect("pdec ends");
        assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_a_failure() {
    let full = std::fs::File::options().write(true).open("/dev/full").expect("Linux has it");
    let output = pdec(&["explain"]).stdout(full).output().expect("pdec ends");
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stderr).contains("the disk is full"));
}

#[test]
fn noise_is_refused_without_control_characters() {
    let noise: Vec<u8> = (0..20_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let readable: Vec<u8> = noise.iter().map(|byte| byte & 0x7f).collect();
    for input in [noise, readable] {
        for arguments in [&["fmt", "-"][..], &["fmt", "-", "--json"], &["fmt", "-", "--message-format", "short"]] {
            let output = with_input(arguments, &input);
            assert_eq!(output.status.code(), Some(1), "{arguments:?}");
            let shown =
                String::from_utf8(output.stderr).expect("UTF-8") + &String::from_utf8(output.stdout).expect("UTF-8");
            assert!(!shown.chars().any(|c| c.is_control() && c != '\n'), "{arguments:?}: {shown:?}");
        }
    }
}

#[test]
fn what_is_too_large_is_refused_with_its_code() {
    let nested = format!("eq u = {}1{}\n", "(".repeat(100_000), ")".repeat(100_000));
    for (input, code) in [(nested, "E0014"), (" ".repeat(8 * 1024 * 1024 + 1), "E0015")] {
        let output = with_input(&["fmt", "-", "--message-format", "short"], input.as_bytes());
        assert_eq!(output.status.code(), Some(1), "{code}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(code), "{code}");
    }
}

#[test]
fn json_is_one_document_with_the_frame() {
    for arguments in
        [&["explain", "--json"][..], &["info", "--json"], &["info", "--config", "--json"], &["fmt", "-", "--json"]]
    {
        let output = with_input(arguments, b"eq u_xx == 1\n");
        let document: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(document["schema"], 1, "{arguments:?}");
        assert_eq!(document["tool"], "pdec", "{arguments:?}");
        assert!(document["version"].is_string(), "{arguments:?}");
        let expected = if arguments[0] == "fmt" { "errors" } else { "ok" };
        assert_eq!(document["status"], expected, "{arguments:?}");
    }
}

#[test]
fn colours_follow_flags_and_environment() {
    let coloured = |arguments: &[&str], variable: Option<(&str, &str)>| {
        let output = pdec(arguments).envs(variable).stdin(Stdio::null()).output().expect("pdec ends");
        output.stderr.contains(&0x1b)
    };
    let wrong = ["fmt", "tests/cli/files/wrong.pde"];
    let with = |flags: &[&'static str]| [&wrong[..], flags].concat();
    assert!(!coloured(&wrong, None), "not a terminal");
    assert!(coloured(&with(&["--color", "always"]), Some(("NO_COLOR", "1"))), "the flag comes first");
    assert!(coloured(&wrong, Some(("CLICOLOR_FORCE", "1"))));
    assert!(!coloured(&with(&["--color", "never"]), Some(("CLICOLOR_FORCE", "1"))), "the flag comes first");
}

#[cfg(unix)]
#[test]
fn a_pipe_given_by_name_is_not_waited_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("fifo");
    assert!(Command::new("mkfifo").arg(&path).status().expect("mkfifo is there").success());
    let output = pdec(&["fmt", &path.display().to_string()]).output().expect("pdec ends");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("error[E0015]"));
}
