//! Files beside a problem, as a person at the keyboard has them: imports, what may be read, what a run keeps.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;

const ROD: &str = "problem rod
domain x in [0, 1]
unknown u
eq u_xx = -k*sin(pi*x)
bc u = 0 on boundary
exact u = sin(pi*x)
network mlp(8)
sample interior: grid(24)
train engd(steps=500)
";

struct Desk(tempfile::TempDir);

impl Desk {
    fn new(files: &[(&str, &str)]) -> Self {
        let desk = Self(tempfile::tempdir().expect("a folder"));
        files.iter().for_each(|(path, text)| desk.write(path, text));
        desk
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("it can be made");
        fs::write(path, text).expect("it can be written");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn pdec(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pdec"));
        command.args(arguments).current_dir(self.0.path()).env_remove("PDEC_RUNS").env_remove("PDEC_SEED");
        command.output().expect("pdec ends")
    }

    fn done(&self, arguments: &[&str]) -> String {
        let output = self.pdec(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    fn fails(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.pdec(arguments);
        let said = String::from_utf8(output.stderr).expect("UTF-8");
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        said
    }
}

/// A problem in `desk/work` that imports `desk/work/parts/rod.pde`, which imports `../numbers.pde`.
fn desk() -> Desk {
    Desk::new(&[
        ("work/a.pde", "import \"parts/rod.pde\"\ntrain engd(steps=20)\n"),
        ("work/parts/rod.pde", &format!("import \"../numbers.pde\"\n{ROD}")),
        ("work/numbers.pde", "param k = pi^2\nparam spare = 1\n"),
    ])
}

#[test]
fn a_run_with_imports_is_complete_in_itself() {
    let desk = desk();
    desk.done(&["check", "work/a.pde", "--deny", "warnings"]);
    desk.done(&["train", "work/a.pde"]);
    let run = desk.path("runs/rod/001");
    assert_eq!(
        fs::read_to_string(run.join("rod.pde")).expect("a copy"),
        "import \"parts/rod.pde\"\ntrain engd(steps=20)\n"
    );
    let settings: Value =
        serde_json::from_slice(&fs::read(run.join("settings.json")).expect("settings")).expect("JSON");
    assert_eq!(settings["stages"][0]["options"]["steps"], Value::from(20.0), "the importing file counts");
    let copies = settings["files"].as_array().expect("a list");
    let paths: Vec<&str> = copies.iter().filter_map(|copy| copy["path"].as_str()).collect();
    assert_eq!(paths, ["numbers.pde", "parts/rod.pde"]);
    fs::remove_dir_all(desk.path("work")).expect("the originals are gone");
    assert!(desk.done(&["eval", "rod"]).contains("relative L2 error"));
    desk.done(&["train", "--resume", "rod", "--steps", "25"]);
    let elsewhere = Desk::new(&[]);
    fs::copy(run.join("model.safetensors"), elsewhere.path("m.safetensors")).expect("a copy");
    assert!(elsewhere.done(&["eval", "m.safetensors"]).contains("relative L2 error"));
    let copy = run.join("files").join(copies[0]["copy"].as_str().expect("a name"));
    fs::write(copy, "param k = 1\n").expect("it can be written");
    assert!(desk.fails(3, &["train", "--resume", "rod"]).contains("it was changed since the run began"));
}

#[test]
fn a_mistake_is_shown_in_the_file_that_has_it() {
    let desk = desk();
    desk.write("work/numbers.pde", "\nparam k = pie^2\n");
    let said = desk.fails(1, &["check", "work/a.pde", "--message-format", "short"]);
    assert!(said.starts_with("work/numbers.pde:2:11: error[E0101]"), "{said}");
    let output = desk.pdec(&["check", "work/a.pde", "--json"]);
    let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let found = &document["diagnostics"][0];
    assert_eq!((&found["file"], &found["span"]["start"]["line"]), (&"work/numbers.pde".into(), &2.into()));
    assert_eq!(found["span"]["start"]["byte"], 11);
}

#[test]
fn the_rest_of_the_disk_is_out_of_reach_unless_it_is_allowed() {
    let desk = desk();
    desk.write("shared/numbers.pde", "param k = pi^2\n");
    desk.write("work/a.pde", &format!("import \"../shared/numbers.pde\"\n{ROD}"));
    let said = desk.fails(1, &["check", "work/a.pde"]);
    assert!(said.contains("E0611") && said.contains("--allow-read shared"), "{said}");
    desk.done(&["check", "work/a.pde", "--allow-read", "shared"]);
    desk.done(&["show", "work/a.pde", "--allow-read", "shared"]);
    desk.fails(3, &["check", "work/a.pde", "--allow-read", "nowhere"]);
    // Standard input stands in the present folder.
    let text = fs::read_to_string(desk.path("work/a.pde")).expect("it is there");
    desk.write("b.pde", &text.replace("../shared", "shared"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_pdec"));
    command.args(["check", "-"]).current_dir(desk.0.path());
    let output = command.stdin(fs::File::open(desk.path("b.pde")).expect("it is there")).output().expect("pdec ends");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn mistakes_on_the_command_line_have_no_place_in_the_file() {
    let desk = desk();
    let said = desk.fails(1, &["check", "work/a.pde", "--set", "kay=1", "--message-format", "short"]);
    assert_eq!(said, "work/a.pde: error[E0401]: `--set kay=..`: the file has no parameter `kay`\n");
    let said = desk.fails(1, &["check", "work/a.pde", "--set", "kay=1"]);
    assert!(said.contains("known: k, spare") && !said.contains("import"), "{said}");
    let said = desk.fails(2, &["eval", "work/a.pde"]);
    assert!(said.contains("is a problem, not a run"), "{said}");
    let said = desk.fails(2, &["train", "work/a.pde", "--optimizer", ""]);
    assert!(said.contains("write a method with its options"), "{said}");
}

#[test]
fn a_failure_has_a_document_too() {
    let desk = desk();
    for arguments in [
        &["check", "none.pde"][..],
        &["show", "none.pde"],
        &["train", "none.pde"],
        &["eval", "nothing"],
        &["plot", "nothing"],
        &["train", "work/a.pde", "--steps", "many"],
    ] {
        let output = desk.pdec(&[arguments, &["--json"]].concat());
        let document: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{arguments:?}: {e}"));
        assert_eq!((&document["schema"], &document["status"]), (&1.into(), &"failed".into()), "{arguments:?}");
        assert!(!output.status.success() && !output.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_loss_that_is_no_number_names_its_term_and_point() {
    let text = "domain x in [0, 1]\nunknown u\neq heat: u_xx = log(u - 5)\nbc u = 0 on boundary\nnetwork mlp(4)\n";
    let desk = Desk::new(&[("a.pde", text)]);
    let said = desk.fails(4, &["train", "a.pde"]);
    assert!(said.contains("error[R0801]") && said.contains("first in term `heat` at x = "), "{said}");
}
