//! Methods beside each other: benches of optimizers, and the table of their runs.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

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
";

const METHODS: &str = "engd(steps=30), adam(steps=60, lr=1e-2)";
const BENCH: [&str; 9] =
    ["bench", "optimizers", "tiny.pde", "--methods", METHODS, "--seeds", "0..1", "--log-every", "10"];

fn runs(desk: &Desk) -> Vec<PathBuf> {
    let entries = fs::read_dir(desk.path("runs/optimizers/tiny")).expect("runs").flatten();
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| !path.is_symlink()).collect();
    found.sort();
    found
}

fn rows(desk: &Desk, arguments: &[&str]) -> Value {
    let document: Value = serde_json::from_str(&desk.done(arguments)).expect("JSON");
    document["table"].clone()
}

#[test]
fn a_bench_is_made_once_and_goes_on() {
    let desk = Desk::new(&[("tiny.pde", TINY)]);
    let first = desk.done(&BENCH);
    assert!(first.contains("engd(steps=30)") && first.contains("adam(steps=60, lr=1e-2)"), "{first}");
    assert!(first.contains("figure runs/optimizers/optimizers.svg"), "{first}");
    assert!(desk.path("runs/optimizers/optimizers.svg").is_file());
    let made = runs(&desk);
    assert_eq!(made.len(), 4);
    let model = |run: &PathBuf| fs::read(run.join("model.safetensors")).expect("the run has a model");
    let before: Vec<Vec<u8>> = made.iter().map(model).collect();
    // One run was killed behind its checkpoint, of another nothing is left.
    fs::remove_file(made[1].join("result.json")).expect("it is there");
    fs::remove_dir_all(&made[2]).expect("it is there");
    let output = desk.pdec(&BENCH);
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!((output.status.code(), said.matches("(kept)").count()), (Some(0), 2), "{said}");
    assert!(made[1].join("result.json").is_file(), "it went on in its folder");
    let mut after: Vec<Vec<u8>> = runs(&desk).iter().map(model).collect();
    // The new one has the next number.
    after.swap(2, 3);
    assert_eq!(before, after);
    // Another budget, and another problem of the same name, are other runs.
    let short = ["bench", "optimizers", "tiny.pde", "--methods", "adam(steps=5)", "--budget", "30s"];
    desk.done(&short);
    desk.write("tiny.pde", &TINY.replace("mlp(8)", "mlp(7)"));
    desk.done(&short);
    desk.done(&short[..5]);
    assert_eq!(runs(&desk).len(), 7);
}

#[test]
fn the_table_of_a_bench_is_that_of_its_runs() {
    let desk = Desk::new(&[("tiny.pde", TINY)]);
    let of_bench = rows(&desk, &[&BENCH[..], &["--json"]].concat());
    let runs = runs(&desk);
    let runs: Vec<&str> = runs.iter().map(|run| run.to_str().expect("UTF-8")).collect();
    let of_runs = rows(&desk, &[&["compare", "--json"][..], &runs].concat());
    for rows in [&of_bench, &of_runs] {
        assert_eq!(rows.as_array().expect("rows").len(), 2, "{rows}");
    }
    for (a, b) in of_bench.as_array().expect("rows").iter().zip(of_runs.as_array().expect("rows")) {
        for name in ["method", "seeds", "l2_median", "l2_worst", "seconds_to", "steps", "peak_bytes"] {
            assert_eq!(a[name], b[name], "{name}");
        }
        assert!(a["peak_bytes"].as_f64().expect("Linux tells it") > 1e6);
    }
    let engd = &of_bench[0];
    assert!(engd["l2_worst"].as_f64() >= engd["l2_median"].as_f64(), "{engd}");
    assert!(engd["seconds_to"]["1e-3"].as_f64() <= engd["seconds"].as_f64(), "{engd}");
}

#[test]
fn what_can_not_be_trained_is_told_before_anything_is() {
    let desk = Desk::new(&[("tiny.pde", TINY)]);
    desk.fails(1, &["bench", "optimizers", "tiny.pde", "--methods", "engd,adm"]);
    desk.fails(2, &["bench", "optimizers", "tiny.pde", "--methods", "engd,,adam"]);
    desk.fails(2, &["bench", "optimizers", "tiny.pde", "--methods", "engd", "--seeds", "3..1"]);
    desk.fails(2, &["bench", "optimizers", "-", "--methods", "engd"]);
    desk.fails(2, &["bench", "optimizers", "tiny.pde"]);
    desk.fails(3, &["bench", "optimizers", "missing.pde", "--methods", "engd"]);
    assert!(!desk.path("runs").exists());
    let said = desk.pdec(&["bench", "optimizers", "tiny.pde", "--methods", "adam(lr=1e300, steps=9)"]);
    let table = String::from_utf8(said.stdout).expect("UTF-8");
    assert_eq!(said.status.code(), Some(0), "a method that fails is a row");
    assert!(table.contains("failed"), "{table}");
}

#[cfg(unix)]
#[test]
fn an_interrupted_bench_goes_on() {
    use std::os::unix::process::CommandExt;
    let desk = Desk::new(&[("tiny.pde", TINY)]);
    let bench = ["bench", "optimizers", "tiny.pde", "--methods", "adam(steps=100000000)", "--budget", "3s"];
    let mut child = desk.command(&bench).process_group(0).spawn().expect("pdec starts");
    let log = desk.path("runs/optimizers/tiny/001/log.jsonl");
    while fs::read_to_string(&log).map_or(0, |text| text.lines().count()) < 5 {
        std::thread::sleep(Duration::from_millis(20));
    }
    // As a terminal does: to the bench and to its run.
    let group = format!("-{}", child.id());
    let sent = std::process::Command::new("kill").args(["-INT", "--", &group]).status().expect("kill is there");
    assert!(sent.success());
    assert_eq!(child.wait().expect("pdec ends").code(), Some(130));
    let begun = Instant::now();
    let table = desk.done(&bench);
    println!("{table} in {:?}", begun.elapsed());
    assert_eq!(runs(&desk).len(), 1, "it went on in its folder");
    let result = fs::read(desk.path("runs/optimizers/tiny/001/result.json")).expect("it is there");
    let result: Value = serde_json::from_slice(&result).expect("JSON");
    let stop = result["stop"].as_str().expect("why it ended");
    assert!(["time", "stagnated"].contains(&stop), "{stop}: not the interruption");
}

#[test]
fn a_parameter_may_have_the_name_of_an_option() {
    let scaled = TINY.replace("eq u_xx", "param eps = 1\neq eps*u_xx").replace("exact", "# exact");
    let desk = Desk::new(&[("tiny.pde", &scaled)]);
    for eps in ["eps=1", "eps=2"] {
        desk.done(&["train", "tiny.pde", "--optimizer", "adam(steps=3)", "--set", eps]);
    }
    let runs = ["runs/tiny/001", "runs/tiny/002"].map(|run| desk.path(run));
    let runs = [runs[0].to_str().expect("UTF-8"), runs[1].to_str().expect("UTF-8")];
    let table = rows(&desk, &[&["compare", "--json"][..], &runs].concat());
    let settings: Vec<&Value> = table.as_array().expect("rows").iter().map(|row| &row["settings"]["eps"]).collect();
    assert_eq!(settings, ["1", "2"]);
}
