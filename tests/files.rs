//! Files beside a problem, as a person at the keyboard has them: imports, what may be read, what a run keeps.

use std::fs;

use serde_json::Value;

#[path = "support/desk.rs"]
mod desk;

use desk::Desk;

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
    let mut command = desk.command(&["check", "-"]);
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

/// A vector, a complex field and their grid, trained for one step: only the files matter here.
const FIELDS: &str = "problem fields
domain x in [0, 1], y in [0, 1]
unknown w: vector, h: complex
eq lap(w) = (0, 1)
eq lap(h) = 1i
bc w = (0, 0), h = 1 on boundary
network w: mlp(4)
network h: mlp(4)
sample interior: grid(6, 6)
train engd(steps=1)
output grid(5), w, h, slope = grad(h.re)
";

#[test]
fn eval_takes_what_output_takes() {
    let desk = Desk::new(&[("a.pde", FIELDS)]);
    desk.done(&["train", "a.pde"]);
    let header = |fields: &str| {
        let table = desk.done(&["eval", "fields", "--grid", "2", "--fields", fields]);
        table.lines().next().unwrap_or_default().to_owned()
    };
    assert_eq!(header("w,h"), "x,y,w.x,w.y,h.re,h.im");
    assert_eq!(header("g = grad(w.x), s=if x = 0 then 1 else w.y"), "x,y,g.x,g.y,s");
    let said = desk.fails(2, &["eval", "fields", "--grid", "2", "--fields", "w,w.x"]);
    assert!(said.contains("`w.x` is asked for twice"), "{said}");
}

#[test]
fn what_pdec_writes_it_reads() {
    let desk = Desk::new(&[("a.pde", FIELDS)]);
    desk.done(&["train", "a.pde"]);
    desk.done(&["eval", "fields", "--grid", "5x4", "--fields", "k=1 + w.x", "-o", "k.npz"]);
    fs::copy(desk.path("runs/fields/001/fields.npz"), desk.path("fields.npz")).expect("a copy");
    let again =
        FIELDS.replace("output", "# output").replace("eq lap(h) = 1i", "eq lap(h) = 1i*k\nlet k = table(\"k.npz\")");
    desk.write("b.pde", &format!("{again}reference w, h from \"fields.npz\"\n"));
    desk.done(&["train", "b.pde"]);
    assert!(desk.done(&["eval", "fields"]).contains("relative L2 error"));
}

#[test]
fn a_grid_around_a_shape_is_a_reference_on_the_shape() {
    let disk = "problem disk
domain (x, y) in disk((0, 0), 1)
unknown u
eq lap(u) = 1
bc u = 0 on boundary
network mlp(4)
sample interior: sobol(50)
train engd(steps=1)
report area = integral(1 + 0*u)
";
    let desk = Desk::new(&[("a.pde", disk)]);
    assert!(desk.done(&["train", "a.pde"]).contains("area  3.14159"));
    desk.done(&["eval", "disk", "--grid", "11", "-o", "u.npz"]);
    desk.write("b.pde", &format!("{disk}reference u from \"u.npz\"\n"));
    desk.done(&["train", "b.pde"]);
    assert!(desk.done(&["eval", "disk"]).contains("relative L2 error"));
}

#[test]
fn show_writes_places_and_numbers_as_people_do() {
    let text = "param k = 2.4048255576957727^40
domain (x, y, z) in box((-1, -1, -1), (1, 1, 1)) - ball((0, 0, 0), 1/2)
unknown u
eq lap(u) = k
bc u = 0 on boundary
network mlp(4)
sample interior: sobol(50)
";
    let desk = Desk::new(&[("a.pde", text)]);
    let shown = desk.done(&["show", "a.pde"]);
    assert!(shown.contains("x = -1") && !shown.contains("face across"), "{shown}");
    assert!(shown.contains("175122985408199"), "{shown}");
}

#[test]
fn a_legend_has_the_words_of_the_file() {
    let text = "domain (x, y) in disk((0, 0), 1)
unknown w: vector, p
eq lap(w) = grad(p)
eq div(w) = 0
bc w = (0, 0), p = 0   on x < 0 with weight=10
bc outer: dn(w.x) - p*normal.x = 0, dn(w.y) - p*normal.y = 0 on rest
network mlp(4)
";
    let desk = Desk::new(&[("a.pde", text)]);
    desk.done(&["plot", "a.pde", "-o", "a.svg"]);
    let figure = fs::read_to_string(desk.path("a.svg")).expect("a figure");
    for entry in ["bc w = (0, 0), p = 0 on x &lt; 0<", "bc outer<"] {
        assert_eq!(figure.matches(entry).count(), 1, "{entry}");
    }
}
