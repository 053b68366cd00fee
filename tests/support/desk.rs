//! A folder to work in, and pdec as a person at the keyboard calls it.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

pub struct Desk(tempfile::TempDir);

impl Desk {
    /// A folder with these files.
    pub fn new(files: &[(&str, &str)]) -> Self {
        let desk = Self(tempfile::tempdir().expect("a folder"));
        files.iter().for_each(|(path, text)| desk.write(path, text));
        desk
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("it can be made");
        fs::write(path, text).expect("it can be written");
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// pdec in the folder, whatever the environment says of runs and seeds.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pdec"));
        command.args(arguments).current_dir(self.0.path()).env_remove("PDEC_RUNS").env_remove("PDEC_SEED");
        command
    }

    pub fn pdec(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("pdec ends")
    }

    /// Runs a command that has to succeed, and gives its standard output.
    pub fn done(&self, arguments: &[&str]) -> String {
        let output = self.pdec(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// Runs a command that has to fail with a code, and gives what it says.
    pub fn fails(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.pdec(arguments);
        let said = String::from_utf8(output.stderr).expect("UTF-8");
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains("error"), "{arguments:?}: {said}");
        said
    }
}
