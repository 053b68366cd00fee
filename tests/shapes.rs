//! Problems on shapes: points, weights and normals as training gets them, and a run from start to end.

use std::f64::consts::PI;
use std::process::Command;

use pdec::diagnostic::Source;
use pdec::kernel::PointSet;
use pdec::model::Overrides;
use pdec::pipeline::{self, Lowered, Times};
use pdec::simplify::Effort;

fn lowered(text: &str) -> Lowered {
    lowered_with(text, Effort::Off)
}

fn lowered_with(text: &str, effort: Effort) -> Lowered {
    let source = Source::new("test.pde", text);
    let (model, found) = pipeline::check(&source, &Overrides::default(), &mut Times::default());
    let model = model.unwrap_or_else(|| panic!("{found:?}"));
    pipeline::lower(model, effort, &mut Times::default()).expect("it has tapes")
}

/// The points of the term with this label.
fn points(lowered: &Lowered, label: &str) -> PointSet {
    let term = lowered.model.terms.iter().position(|term| term.label == label).expect("there is such a term");
    let block = lowered.blocks.iter().find(|block| block.terms.contains(&term)).expect("it has a block");
    lowered.draw(block, 0, 0).expect("its points can be drawn")
}

fn measure(set: &PointSet) -> f64 {
    set.weights.iter().sum()
}

fn near(found: f64, exact: f64) {
    assert!((found / exact - 1.0).abs() < 1e-12, "{found} is not {exact}");
}

#[test]
fn a_disk_with_a_hole_in_time() {
    let lowered = lowered(
        "time t in [0, 2]
         let hole = disk((0.3, 0), 0.2)
         domain (x, y) in disk((0, 0), 1) - hole
         unknown T
         eq T_t = lap(T)
         ic T = 1/2
         bc inner: T = 1 on hole
         bc outer: dn(T) = normal.x on rest
         sample interior: sobol(512)",
    );
    near(measure(&points(&lowered, "eq")), 2.0 * 0.96 * PI);
    near(measure(&points(&lowered, "ic_T")), 0.96 * PI);
    near(measure(&points(&lowered, "inner")), 2.0 * 0.4 * PI);
    near(measure(&points(&lowered, "outer")), 2.0 * 2.0 * PI);
    for (label, centre, radius, side) in [("inner", 0.3, 0.2, -1.0), ("outer", 0.0, 1.0, 1.0)] {
        let set = points(&lowered, label);
        assert!(set.len() > 16);
        for i in 0..set.len() {
            let (x, y) = (set.coordinates[1][i], set.coordinates[2][i]);
            assert_eq!(set.normals[0][i], 0.0, "time has no normal");
            assert!((set.normals[1][i] - side * (x - centre) / radius).abs() < 1e-12);
            assert!((set.normals[2][i] - side * y / radius).abs() < 1e-12);
        }
    }
    let inside = points(&lowered, "eq");
    let distance = |i: usize, centre: f64| (inside.coordinates[1][i] - centre).hypot(inside.coordinates[2][i]);
    assert!((0..inside.len()).all(|i| distance(i, 0.0) < 1.0 && distance(i, 0.3) > 0.2));
}

#[test]
fn a_channel_with_a_cylinder() {
    let lowered = lowered(
        "let cylinder = disk((0.2, 0.2), 0.05)
         domain (x, y) in box((0, 0), (2.2, 0.41)) - cylinder
         boundary inlet: x = 0
         unknown p
         eq lap(p) = 0
         bc inflow: p = 1 on inlet
         bc lower: p = 0 on cylinder and y < 0.2
         bc others: dn(p) = 0 on rest",
    );
    near(measure(&points(&lowered, "inflow")), 0.41);
    near(measure(&points(&lowered, "lower")), 0.05 * PI);
    near(measure(&points(&lowered, "others")), 0.41 + 4.4 + 0.05 * PI);
    assert!(points(&lowered, "lower").coordinates[1].iter().all(|y| *y <= 0.2));
    assert!(points(&lowered, "inflow").normals[0].iter().all(|n| *n == -1.0));
}

/// The distance to a surface of two arcs has nested roots, whose second derivatives once had no end of common factors.
#[test]
fn a_bitten_disk_has_a_hard_condition() {
    let lowered = lowered_with(
        "let bite = disk((1, 0), 0.6)\ndomain (x, y) in disk((0, 0), 1) - bite\nunknown u\neq -lap(u) = 1\n\
         bc u = sin(x) on boundary with hard\nnetwork mlp(4)\n",
        Effort::default(),
    );
    assert_eq!(lowered.blocks.len(), 1, "the condition has left the loss");
}

#[test]
fn slanted_faces_and_further_axes() {
    let lowered = lowered(
        "domain (x, y) in polygon((0, 0), (1, 0), (0, 1)), z in [0, 3]
         boundary slope: x + y = 1
         unknown u
         eq lap(u) = 1
         bc slanted: u = 0 on slope
         bc floor: u = 0 on z = 0
         bc others: u = 0 on rest",
    );
    near(measure(&points(&lowered, "eq")), 1.5);
    near(measure(&points(&lowered, "slanted")), 3.0 * 2f64.sqrt());
    near(measure(&points(&lowered, "floor")), 0.5);
    near(measure(&points(&lowered, "others")), 6.5);
    let slanted = points(&lowered, "slanted");
    let component = 0.5f64.sqrt();
    assert!(slanted.normals[..2].iter().flatten().all(|n| (n - component).abs() < 1e-15));
}

#[test]
fn conditions_at_a_corner_and_inside() {
    let lowered = lowered(
        "domain (x, y) in polygon((0, 0), (2, 0), (2, 1), (1, 1), (1, 2), (0, 2))
         unknown p
         eq lap(p) = 0
         bc dn(p) = 0 on boundary
         bc corner: p = 0 on x = 2 and y = 1
         bc middle: p = 1 on x = 1/2 and y = 1/2 with interior",
    );
    for (label, at) in [("corner", [2.0, 1.0]), ("middle", [0.5, 0.5])] {
        let set = points(&lowered, label);
        assert_eq!((set.coordinates[0][0], set.coordinates[1][0], set.len()), (at[0], at[1], 1), "{label}");
        assert_eq!(set.weights, [1.0]);
    }
}

#[test]
fn a_run_on_a_disk_is_accurate_and_has_no_values_outside() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "problem disk
domain (x, y) in disk((0, 0), 1)
unknown u
eq -lap(u) = 4
bc u = 0 on boundary
exact u = 1 - x^2 - y^2
network mlp(16)
sample interior: sobol(256)
train engd(steps=40)
report area = integral(1)
report length = integral(1, over=boundary)
";
    std::fs::write(folder.path().join("disk.pde"), text).expect("it can be written");
    let pdec = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pdec"));
        let output = command.args(arguments).current_dir(folder.path()).env_remove("PDEC_RUNS").output();
        let output = output.expect("pdec ends");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    pdec(&["train", "disk.pde"]);
    let result = std::fs::read_to_string(folder.path().join("runs/disk/001/result.json")).expect("there is a result");
    let result: serde_json::Value = serde_json::from_str(&result).expect("JSON");
    assert!(result["errors"]["u"]["l2rel"].as_f64().expect("an error") < 1e-3, "{result}");
    let values = pdec(&["eval", "disk", "--grid", "5"]);
    let rows: Vec<&str> = values.lines().skip(1).collect();
    // On a grid of 5 by 5 the corners and their neighbours are outside.
    assert_eq!(rows.iter().filter(|row| row.ends_with("NaN")).count(), 12, "{values}");
    pdec(&["plot", "disk"]);
    let figure = std::fs::read_to_string(folder.path().join("runs/disk/001/fields.svg")).expect("there is a figure");
    assert!(figure.len() > 10_000);
    pdec(&["plot", "disk.pde", "-o", "conditions.svg"]);
    pdec(&["show", "disk.pde"]);
}
