//! Runs from start to end, as a person at the keyboard makes them: train, resume, evaluate, plot.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

#[path = "support/desk.rs"]
mod desk;

use desk::Desk;

const TINY: &str = "problem tiny
domain x in [0, 1]
unknown u
eq u_xx = -pi^2*sin(pi*x)
bc u = 0 on boundary
exact u = sin(pi*x)
network mlp(8)
sample interior: grid(24)
train engd(steps=40)
";

fn tiny() -> Desk {
    Desk::new(&[("tiny.pde", TINY)])
}

fn model(desk: &Desk, run: &str) -> Vec<u8> {
    fs::read(desk.path(run).join("model.safetensors")).expect("the run has a model")
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).expect("it is there")).expect("JSON")
}

#[test]
fn a_run_leaves_everything_behind() {
    let desk = tiny();
    let said = desk.done(&["train", "tiny.pde", "--name", "first"]);
    assert!(said.contains("relative L2 error") && said.contains("pdec plot runs/tiny/001-first"), "{said}");
    let run = desk.path("runs/tiny/latest");
    assert_eq!(fs::read_to_string(run.join("tiny.pde")).expect("the copy"), TINY);
    let result = json(&run.join("result.json"));
    assert_eq!((&result["schema"], &result["status"]), (&Value::from(1), &Value::from("ok")));
    assert!(result["errors"]["u"]["l2rel"].as_f64().expect("a number") < 1e-3, "{result}");
    let settings = json(&run.join("settings.json"));
    assert_eq!((&settings["seed"], &settings["stages"][0]["options"]["steps"]), (&Value::from(0), &Value::from(40.0)));
    let log = fs::read_to_string(run.join("log.jsonl")).expect("the log");
    let steps = result["steps"].as_u64().expect("a number") as usize;
    assert_eq!(log.lines().count(), steps, "each step has a line");
    assert!(fs::read_dir(run.join("ckpt")).expect("checkpoints").count() >= 1);
}

#[test]
fn a_resumed_run_has_the_same_bits_and_threads_do_not_matter() {
    let desk = tiny();
    for optimizer in ["engd(steps=40)", "adam(steps=40, batch=8)", "spring(steps=40, solver=nystrom, rank=9)"] {
        let train = |more: &[&str]| desk.done(&[&["train", "tiny.pde", "--optimizer", optimizer], more].concat());
        train(&["--threads", "2", "--name", "whole"]);
        train(&["--threads", "1", "--steps", "20", "--name", "part"]);
        let runs = |name: &str| {
            let entries = fs::read_dir(desk.path("runs/tiny")).expect("runs").flatten();
            let mut found: Vec<String> = entries.map(|e| e.path().display().to_string()).collect();
            found.retain(|path| path.ends_with(name));
            found.sort();
            found.pop().expect("the run")
        };
        let (whole, part) = (runs("-whole"), runs("-part"));
        assert_ne!(model(&desk, &whole), model(&desk, &part), "{optimizer}: half a run is not the whole");
        desk.done(&["train", "--resume", &part, "--threads", "1"]);
        assert_eq!(model(&desk, &whole), model(&desk, &part), "{optimizer}");
    }
}

#[test]
fn statements_are_replaced_on_the_command_line() {
    let desk = tiny();
    let replaced = ["--set", "network=mlp(3, 4)", "--set", "sample.interior=sobol(7)"];
    desk.done(&[&["train", "tiny.pde", "--steps", "2"][..], &replaced].concat());
    let settings = json(&desk.path("runs/tiny/latest/settings.json"));
    assert_eq!(settings["networks"][0]["network"], "mlp(3, 4, act=tanh, scale=1)");
    // The problem is read as it was trained.
    desk.done(&["eval", "tiny"]);
    desk.fails(2, &["train", "tiny.pde", "--set", "net work=mlp(3)"]);
    desk.fails(1, &["train", "tiny.pde", "--set", "sample.inside=sobol(7)"]);
}

#[test]
fn a_profile_names_the_phases_and_changes_no_bit() {
    let desk = tiny();
    desk.done(&["train", "tiny.pde", "--name", "plain"]);
    let said = desk.done(&["train", "tiny.pde", "--name", "profiled", "--profile"]);
    for phase in ["kernel matrix", "Cholesky", "rows", "trial losses", "in tiles: fused programs", "between phases"] {
        assert!(said.contains(phase), "no {phase} in\n{said}");
    }
    let timeline = json(&desk.path("runs/tiny/latest/profile.json"));
    let matrices = timeline["traceEvents"].as_array().expect("events").iter().filter(|e| e["name"] == "kernel matrix");
    let steps = json(&desk.path("runs/tiny/latest/result.json"))["steps"].as_u64().expect("a number");
    assert_eq!(matrices.count() as u64, steps, "one a step");
    assert_eq!(model(&desk, "runs/tiny/001-plain"), model(&desk, "runs/tiny/002-profiled"));
}

#[test]
fn a_damaged_checkpoint_is_passed_over() {
    let desk = tiny();
    desk.done(&["train", "tiny.pde", "--steps", "5"]);
    desk.done(&["train", "--resume", "tiny", "--steps", "10"]);
    let state = desk.path("runs/tiny/001/ckpt/000010/state.safetensors");
    fs::write(&state, "noise").expect("it can be written");
    let output = desk.pdec(&["train", "--resume", "tiny/latest", "--steps", "7"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("is damaged") && said.contains("going back"), "{said}");
    fs::remove_dir_all(desk.path("runs/tiny/001/ckpt")).expect("it is there");
    desk.fails(3, &["train", "--resume", "tiny"]);
}

#[test]
fn values_at_points_of_a_run_or_of_its_model_alone() {
    let desk = tiny();
    desk.done(&["train", "tiny.pde"]);
    let table = desk.done(&["eval", "tiny", "--grid", "3", "--fields", "u,u_xx + pi^2*u"]);
    let rows: Vec<&str> = table.lines().collect();
    assert_eq!((rows[0], rows.len()), ("x,u,u_xx + pi^2*u", 4));
    let middle: f64 = rows[2].split(',').nth(1).expect("a cell").parse().expect("a number");
    assert!((middle - 1.0).abs() < 1e-2, "{table}");
    fs::copy(desk.path("runs/tiny/001/model.safetensors"), desk.path("m.safetensors")).expect("a copy");
    fs::write(desk.path("p.csv"), "x\n0\n0.5\n1\n").expect("it can be written");
    let said = desk.done(&["eval", "m.safetensors", "--points", "p.csv", "-o", "u.npz"]);
    assert!(said.contains("relative L2 error") && desk.path("u.npz").exists(), "{said}");
    fs::write(desk.path("wrong.csv"), "t\n0\n").expect("it can be written");
    assert!(desk.fails(1, &["eval", "tiny", "--points", "wrong.csv"]).contains("there is no column `x`"));
    desk.fails(2, &["eval", "tiny", "--fields", "w"]);
    desk.fails(2, &["eval", "tiny", "--grid", "0x0"]);
    desk.fails(2, &["eval", "tiny", "--grid", "3x3"]);
    desk.fails(2, &["eval", "tiny", "-o", "u.txt"]);
    desk.fails(3, &["eval", "nothing"]);
    desk.fails(3, &["eval", "p.csv"]);
    desk.fails(3, &["eval", "tiny", "--grid", "3", "-o", "no/folder/u.csv"]);
}

#[test]
fn figures_of_runs_and_files() {
    let desk = tiny();
    assert_eq!(desk.done(&["plot", "tiny.pde"]), "tiny_conditions.svg\n");
    desk.done(&["train", "tiny.pde", "--steps", "5"]);
    desk.done(&["plot", "tiny"]);
    desk.done(&["plot", "tiny", "--loss", "-o", "loss.png"]);
    desk.fails(2, &["plot", "tiny", "--alignment"]);
    desk.done(&["train", "tiny.pde", "--steps", "5", "--log", "alignment"]);
    desk.done(&["plot", "tiny", "--alignment", "--loss"]);
    let table = desk.done(&["compare", "tiny"]);
    assert!(table.contains("intra") && table.contains("inter"), "{table}");
    let log = fs::read_to_string(desk.path("runs/tiny/latest/log.jsonl")).expect("the log");
    assert!(log.contains("\"alignment\":{\"intra\":") && log.contains("\"inter\":"), "{log}");
    assert!(fs::read(desk.path("loss.png")).expect("it is there").starts_with(b"\x89PNG"));
    assert!(desk.path("runs/tiny/001/fields.svg").exists() && desk.path("runs/tiny/002/plot.svg").exists());
    desk.fails(2, &["plot", "tiny", "-o", "a.gif"]);
    desk.fails(2, &["plot", "tiny", "--slice", "t=1"]);
    desk.fails(3, &["plot", "nothing"]);
}

#[test]
fn exit_codes_of_training() {
    let desk = tiny();
    desk.fails(5, &["train", "tiny.pde", "--steps", "2", "--until", "l2<1e-12"]);
    desk.fails(2, &["train", "tiny.pde", "--until", "loss<1"]);
    desk.fails(2, &["train", "tiny.pde", "--set", "x"]);
    desk.fails(2, &["train", "tiny.pde", "--optimizer", "adam("]);
    desk.fails(1, &["train", "tiny.pde", "--optimizer", "adm(lr=1)"]);
    desk.fails(1, &["train", "tiny.pde", "--set", "k=1"]);
    desk.fails(3, &["train", "missing.pde"]);
    desk.fails(3, &["train", "--resume", "missing"]);
    fs::write(desk.path("runs2"), "a file").expect("it can be written");
    let mut command = desk.command(&["train", "tiny.pde", "-q"]);
    command.env("PDEC_RUNS", "runs2");
    assert_eq!(command.output().expect("pdec ends").status.code(), Some(3));
}

#[test]
fn a_loss_that_is_no_number_names_its_term() {
    let desk = tiny();
    fs::write(desk.path("wrong.pde"), TINY.replace("-pi^2*sin(pi*x)", "log(u - 5)").replace("exact", "# exact"))
        .expect("it can be written");
    let said = desk.fails(4, &["train", "wrong.pde"]);
    assert!(said.contains("training failed at step 1: the loss of `eq` is not finite"), "{said}");
}

/// Every example of the language is understood and becomes a problem.
#[test]
fn the_examples_are_sound() {
    let desk = tiny();
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/examples");
    let files = fs::read_dir(&examples).expect("the folder can be read").map(|entry| entry.expect("an entry").path());
    let files: Vec<_> = files.filter(|path| path.extension().is_some_and(|e| e == "pde")).collect();
    assert!(files.len() >= 22, "{files:?}");
    for file in files {
        desk.done(&["check", &file.to_string_lossy()]);
    }
}

#[cfg(unix)]
#[test]
fn a_signal_leaves_a_checkpoint() {
    let desk = tiny();
    let mut command = desk.command(&["train", "tiny.pde", "-q", "--optimizer", "adam(steps=100000000)"]);
    let mut child = command.spawn().expect("pdec starts");
    let log = desk.path("runs/tiny/001/log.jsonl");
    while fs::read_to_string(&log).map_or(0, |text| text.lines().count()) < 5 {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill is there");
    assert!(sent.success());
    assert_eq!(child.wait().expect("pdec ends").code(), Some(130));
    assert_eq!(json(&desk.path("runs/tiny/001/result.json"))["stop"], "interrupted");
    assert!(fs::read_dir(desk.path("runs/tiny/001/ckpt")).expect("checkpoints").count() == 1);
}

#[test]
fn all_forms_are_shown() {
    let desk = tiny();
    let said = desk.done(&["show", "tiny.pde"]);
    for title in ["equations", "channels", "operations a point", "one step", "time"] {
        assert!(said.contains(title), "{title}: {said}");
    }
    for form in ["ast", "model", "expr", "tape", "kernel", "clif", "asm"] {
        assert!(!desk.done(&["show", "tiny.pde", "--ir", form]).is_empty(), "{form}");
    }
    assert!(desk.done(&["show", "tiny.pde", "--simplify"]).contains("simplification"));
    let graph = desk.done(&["show", "tiny.pde", "--graph", "dot"]);
    assert!(graph.starts_with("digraph \"tiny\" {") && graph.ends_with("}\n"), "{graph}");
    assert!(graph.contains("shape=plain, label=\"u_xx\"") && graph.contains("-> t0"), "{graph}");
    desk.fails(2, &["show", "tiny.pde", "--graph", "dot", "--simplify"]);
    let document: Value = serde_json::from_str(&desk.done(&["show", "tiny.pde", "--json"])).expect("JSON");
    assert_eq!(document["schema"], 1);
    desk.done(&["check", "tiny.pde"]);
    desk.fails(3, &["check", "tiny.pde", "missing.pde"]);
}

/// An eigenfunction with a norm, a mean that holds at all times, and numbers and functions of time to report.
const WHOLES: &str = "problem wholes
time t in [0, 1]
domain x in [0, 1]
unknown u, v(x)
eq u_t = u_xx + 2*integral(u) - u
eq v_xx = -pi^2*v
ic u = 1 + cos(pi*x)
bc dn(u) = 0 on boundary
bc v = 0 on boundary
constraint norm: integral(v^2) = 1
exact u = exp(t) + exp(-(1 + pi^2)*t)*cos(pi*x), v = sqrt(2)*sin(pi*x)
network mlp(20)
sample interior: gauss(16)
train engd(steps=100)
report mass = integral(u)
report norm = integral(v^2)
";

#[test]
fn integrals_constraints_and_reports() {
    let desk = tiny();
    fs::write(desk.path("wholes.pde"), WHOLES).expect("it can be written");
    for seed in ["0", "1"] {
        let said = desk.done(&["train", "wholes.pde", "--seed", seed]);
        assert!(said.contains("(up to sign)") && said.contains("mass"), "{said}");
        let run = desk.path("runs/wholes/latest");
        let result = json(&run.join("result.json"));
        let number = |value: &Value| value.as_f64().expect("a number");
        assert!(number(&result["errors"]["u"]["l2rel"]) < 1e-3, "{result}");
        assert!(number(&result["errors"]["v"]["l2rel"]) < 1e-3, "{result}");
        assert!((number(&result["reports"]["norm"]) - 1.0).abs() < 1e-4, "{result}");
        let mass = std::f64::consts::E;
        assert!((number(&result["reports"]["mass"]) - mass).abs() < 1e-3 * mass, "{result}");
        let series = fs::read_to_string(run.join("report_mass.csv")).expect("the function of time");
        assert!(series.starts_with("t,mass\n") && series.lines().count() == 202, "{series}");
        assert!(!run.join("report_norm.csv").exists());
    }
    let said = desk.done(&["eval", "runs/wholes/001"]);
    assert!(said.contains("norm") && said.contains("up to sign"), "{said}");
    let said = desk.done(&["--json", "eval", "runs/wholes/001", "--grid", "5", "--fields", "integral(u),u_x"]);
    assert!(said.contains("up_to_sign"), "{said}");
}

#[test]
fn fields_are_written_on_grids() {
    let desk = tiny();
    let outputs = "output grid(3), u, slope = u_x\noutput u with format=csv\noutput grid(5), u with format=vti\n";
    fs::write(desk.path("grids.pde"), TINY.replace("tiny", "grids") + outputs).expect("it can be written");
    desk.done(&["train", "grids.pde"]);
    let run = desk.path("runs/grids/latest");
    assert!(run.join("fields.npz").is_file());
    let table = fs::read_to_string(run.join("fields_2.csv")).expect("a table");
    assert_eq!((table.lines().next(), table.lines().count()), (Some("x,u"), 202));
    assert_eq!(table, desk.done(&["eval", "grids", "--grid", "201"]), "the same values as those of `eval`");
    assert!(fs::read_to_string(run.join("fields_3.vti")).expect("an image").contains("WholeExtent=\"0 4 0 0 0 0\""));
    let text = "problem moving\ntime t in [0, 1]\ndomain x in [0, 1] periodic\nunknown u\neq u_t + u_x = 0\n\
                ic u = sin(2*pi*x)\nnetwork mlp(6)\ntrain engd(steps=5)\noutput grid(3, 5), u with format=vti\n";
    fs::write(desk.path("moving.pde"), text).expect("it can be written");
    desk.done(&["train", "moving.pde"]);
    let run = desk.path("runs/moving/latest");
    let list = fs::read_to_string(run.join("fields.pvd")).expect("a list");
    assert!(list.contains("timestep=\"0.5\" part=\"0\" file=\"fields_0001.vti\""), "{list}");
    assert!(run.join("fields_0002.vti").is_file());
}
