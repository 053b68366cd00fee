//! What is understood of a problem: files of `tests/stages/check` show it; here is what holds of all of them.

use std::path::{Path, PathBuf};

use pdec::dataset::Files;
use pdec::diagnostic::{Diagnostic, Form, Level, Look, Source, render};
use pdec::model::{self, Formulas, Given, Overrides};
use pdec::pipeline::{Checked, Times, check_given};
use pdec::syntax;

fn read(path: &Path) -> Source {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    Source::new(name, std::fs::read_to_string(path).unwrap())
}

#[test]
fn the_problems_of_the_collection_are_sound() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("pdes");
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<_> = paths.filter(|path| path.extension().is_some_and(|e| e == "pde")).collect();
    paths.sort();
    assert!(!paths.is_empty());
    for path in paths {
        let files = Files::below(path.parent().unwrap(), &[]).unwrap();
        let given = Given { overrides: &Overrides::default(), formulas: &Formulas::default(), files: &files };
        let Checked { source, model, mut found, .. } = check_given(read(&path), given, &mut Times::default());
        // Notes are no complaints.
        found.retain(|diagnostic| diagnostic.level > Level::Note);
        assert!(model.is_some() && found.is_empty(), "{}: {found:#?}", source.name());
    }
}

fn check(text: &str, arguments: &[&str]) -> (Option<model::Model>, Vec<Diagnostic>) {
    let (ast, found) = syntax::parse(&Source::new("test.pde", text));
    assert!(found.is_empty(), "{found:?}");
    model::check(&ast.unwrap(), &Overrides::parse(arguments).unwrap())
}

const HEAT: &str = include_str!("examples/heat1d.pde");

#[test]
fn parameters_and_settings_are_replaced() {
    let (model, found) = check(HEAT, &["a=1/3 + 0", "seed=5"]);
    let model = model.unwrap();
    assert!(found.is_empty());
    assert_eq!(model.settings.seed, Some(5));
    let a = &model.parameters[0];
    assert!(a.overridden);
    assert_eq!(model.graph.display(a.value, &model.names()), "1/3");
    assert_eq!(model.graph.display(model.terms[0].right, &model.names()), "1/3*u_xx");
}

#[test]
fn networks_and_samples_are_replaced() {
    let (model, found) =
        check(HEAT, &["network=mlp(8) -> mlp(4, init=glorot)", "sample.interior=sobol(77) with resample=5"]);
    let model = model.unwrap();
    assert!(found.is_empty());
    assert_eq!(
        model.networks[0].architecture.to_string(),
        "mlp(8, act=tanh, scale=1) -> mlp(4, act=tanh, init=glorot)"
    );
    assert_eq!((model.point_count(0), model.terms[0].sampling.resample), (77, Some(5)));
    let (own, _) = check(HEAT, &["network.u=mlp(8)", "network.u=mlp(9)"]);
    assert_eq!(own.unwrap().networks[0].architecture.to_string(), "mlp(9, act=tanh, scale=1)");
}

#[test]
fn wrong_replacements_are_told() {
    for (argument, code, words) in [
        ("b=1", "E0401", "no parameter `b`"),
        ("a=1/0", "E0208", "`--set a=..`: division by zero"),
        ("a=u", "E0208", "without coordinates and unknowns"),
        ("seed=1/2", "E0404", "the seed is a whole number"),
        ("network=mpl(8)", "E0401", "`--set network=..`: unknown network `mpl`"),
        ("network.v=mlp(8)", "E0101", "`v` is not an unknown"),
        ("network=mlp(8, act=relu)", "E0402", "relu"),
        ("sample.inner=sobol(9)", "E0401", "there is no statement `inner` to sample"),
        ("sample.interior=sobol(0)", "E0407", "at least one point"),
        ("samples=sobol(9)", "E0401", "no parameter `samples`"),
    ] {
        let (model, found) = check(HEAT, &[argument]);
        assert!(model.is_none(), "{argument}");
        assert_eq!(found[0].code, code, "{argument}: {found:?}");
        assert!(found[0].message.contains(words), "{argument}: {}", found[0].message);
        assert!(!found[0].span().is_in_file(), "{argument}");
    }
    assert_eq!(Overrides::parse(&["a"]).unwrap_err().to_string(), "`--set a`: write `--set name=value`");
    assert!(Overrides::parse(&["a=1 2"]).is_err());
    assert!(Overrides::parse(&["a=1\neq u = 0"]).is_err());
    assert!(Overrides::parse(&["a=1 with k=2"]).is_err());
    assert!(Overrides::parse(&["network="]).is_err());
    assert!(Overrides::parse(&["network=mlp(8); eq u = 0"]).is_err());
}

/// On fixed random points a network finds energies below the least one.
#[test]
fn energies_on_shapes_get_new_points() {
    let resample = |domain: &str, sample: &str| {
        let text =
            format!("{domain}\nunknown u\nminimize integral(1/2*norm2(grad(u)) - u)\nbc u = 0 on boundary\n{sample}\n");
        let (model, _) = check(&text, &[]);
        model.unwrap().energies().next().unwrap().sampling.resample
    };
    let (disk, square) = ("domain (x, y) in disk((0, 0), 1)", "domain x in [0, 1], y in [0, 1]");
    assert_eq!(resample(disk, ""), Some(1));
    assert_eq!(resample(disk, "sample interior: sobol(512)"), None);
    assert_eq!(resample(square, ""), None);
}

/// Files that would take forever, or all memory, or the stack, if read without limits.
#[test]
fn runaway_definitions_end() {
    let chain = |link: &dyn Fn(usize) -> String, last: &str| {
        let links: Vec<String> = (1..20_000).map(link).collect();
        format!("domain x in [0, 1]\nunknown u\n{}\n{last}\n", links.join("\n"))
    };
    let lets = chain(&|i| format!("let a{i} = a{} + x", i - 1), "let a0 = 1\neq u = a19999");
    let functions = chain(&|i| format!("let f{i}(s) = f{}(s) + 1", i - 1), "let f0(s) = s\neq u = f19999(x)");
    let places = chain(&|i| format!("boundary b{i}: b{}", i - 1), "boundary b0: x = 0\neq u = 1\nbc u = 0 on b19999");
    let chained = places.replace("bc u = 0 on b19999", "let k = if b19999 then 1 else 0\neq u = k");
    let high = format!(
        "domain x in [0, 1]\nunknown u\nlet f(s) = s{}\neq u = f(f(x){})",
        " + s".repeat(1000),
        "*x".repeat(20)
    );
    let nested = format!("domain x in [0, 1]\nunknown u\neq u = {}x{}\n", "sin(".repeat(250), ")".repeat(250));
    let alternatives =
        format!("domain x in [0, 1]\nunknown u\neq u = 1\nbc u = 0 on x = 0{}\n", " or x < 1".repeat(400));
    let doubled = "boundary b0: x = 0 or x = 1\n".to_owned()
        + &(1..60).map(|i| format!("boundary b{i}: b{} or b{0} and b{0}\n", i - 1)).collect::<String>()
        + "domain x in [0, 1]\nunknown u\neq u = 1\nbc u = 0 on b59";
    let squares = "param a0 = 3\n".to_owned()
        + &(1..60).map(|i| format!("param a{i} = a{0}*a{0}\n", i - 1)).collect::<String>()
        + "domain x in [0, 1]\nunknown u\neq u = a59";
    let sums = "domain x in [0, 1]\nunknown u\n\
                eq u = sum(i in 1..999, sum(j in 1..999, sum(k in 1..999, x^i/k)))\n";
    let operators = "domain x in [0, 1], y in [0, 1], z in [0, 1]\nunknown u\nlet a = exp(sin(u*x)*cos(u*y*z)/(1 + u^2))\n\
                     let b = lap(lap(lap(a)))\nlet c = lap(lap(b))\neq c = 1\n";
    let many = "domain x in [0, 1]\nunknown u\n".to_owned() + &"eq u = 1\n".repeat(20_000);
    let cases: [(&str, &str, Option<&str>); 12] = [
        ("lets", &lets, None),
        ("functions", &functions, Some("E0212")),
        ("places", &places, Some("E0212")),
        ("chained", &chained, None),
        ("high", &high, None),
        ("nested", &nested, None),
        ("alternatives", &alternatives, None),
        ("doubled", &doubled, Some("E0212")),
        ("squares", &squares, Some("E0404")),
        ("sums", sums, Some("E0212")),
        ("operators", operators, Some("E0212")),
        ("many", &many, Some("E0212")),
    ];
    for (name, text, expected) in cases {
        let start = std::time::Instant::now();
        let (_, found) = check(text, &[]);
        let error = found.iter().find(|d| d.level == Level::Error).map(|d| d.code);
        assert_eq!(error, expected, "{name}");
        assert!(start.elapsed().as_secs() < 60, "{name} took {:?}", start.elapsed());
    }
}

mod mutated {
    use proptest::prelude::*;

    use super::*;

    fn examples() -> Vec<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stages/check");
        let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        let problem = |path: &PathBuf| {
            let text = std::fs::read_to_string(path).unwrap();
            let (given, _) = text.split_once("\n---\n").unwrap();
            given.split_once('\n').map_or("", |(_, problem)| problem).to_owned()
        };
        paths.iter().map(problem).collect()
    }

    /// Words and signs, with the white space before them.
    fn pieces(text: &str) -> Vec<String> {
        let mut pieces: Vec<String> = Vec::new();
        let mut before = ' ';
        for c in text.chars() {
            let joins = c.is_alphanumeric() && before.is_alphanumeric() || before == ' ' && !pieces.is_empty();
            match pieces.last_mut() {
                Some(last) if joins => last.push(c),
                _ => pieces.push(c.to_string()),
            }
            before = c;
        }
        pieces
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        #[test]
        fn whatever_is_parsed_is_checked_without_a_panic(
            file in 0usize..1000,
            edits in prop::collection::vec((0usize..10_000, 0usize..10_000, 0u8..3), 1..6),
        ) {
            let examples = examples();
            let mut pieces = pieces(&examples[file % examples.len()]);
            let pool = pieces.clone();
            for (at, from, edit) in edits {
                let at = at % pieces.len();
                match edit {
                    0 if pieces.len() > 1 => _ = pieces.remove(at),
                    1 => pieces.insert(at, pool[from % pool.len()].clone()),
                    _ => pieces[at] = pool[from % pool.len()].clone(),
                }
            }
            let source = Source::new("mutated.pde", pieces.concat());
            let (ast, mut found) = syntax::parse(&source);
            let (model, more) = model::check(&ast.unwrap(), &Overrides::default());
            found.extend(more);
            let sections: Vec<_> = model.iter().flat_map(model::describe::describe).collect();
            let shown = render(&source, &found, Form::Human(Look::default()));
            prop_assert!(!sections.is_empty() || !shown.is_empty());
        }
    }
}

#[test]
fn unknowns_are_defined_up_to_sign_where_negation_changes_nothing() {
    let sets = |text: &str| {
        let (model, found) = check(text, &[]);
        model.unwrap_or_else(|| panic!("{found:?}")).up_to_sign()
    };
    let head = "domain x in [0, 1]\nunknown u, v\nbc u = 0, v = 0 on boundary\n";
    let norms = "constraint integral(u^2) = 1\nconstraint integral(v^2) = 1\n";
    // Each by itself, both together, one of them, none.
    assert_eq!(sets(&format!("{head}{norms}eq u_xx = -u\neq v_xx = -v*u^2\n")), [vec![0], vec![1]]);
    assert_eq!(sets(&format!("{head}{norms}eq u_xx = -v\neq v_xx = -u\n")), [vec![0, 1]]);
    assert_eq!(sets(&format!("{head}{norms}eq u_xx = -u\neq v_xx = x - v\n")), [vec![0]]);
    assert!(sets(&format!("{head}{norms}eq u_xx = -v + x\neq v_xx = -u\n")).is_empty());
    // An integral changes its sign with what is under it.
    assert!(sets(&format!("{head}eq u_xx = -integral(u)\neq v_xx = x + integral(u*v)\n")).is_empty());
    assert_eq!(sets(&format!("{head}{norms}eq u_xx = -integral(u*v^2)\neq v_xx = -v\n")), [vec![0], vec![1]]);
}

#[test]
fn derivatives_act_under_the_integral_sign() {
    let residual = |right: &str| {
        let text =
            format!("time t in [0, 1]\ndomain x in [0, 2], y in [0, 1]\nunknown u\neq u_t = {right}\nic u = x\n");
        let (model, found) = check(&text, &[]);
        let model = model.unwrap_or_else(|| panic!("{found:?}"));
        let term = &model.terms[0];
        model.graph.display(term.right, &model.names())
    };
    for (written, meant) in [
        ("d(integral(u^2), t)", "integral(2*u*u_t)"),
        ("d(integral(x*u, x), y)", "integral(x*u_y, x)"),
        ("d(integral(u, x in 0..x), x)", "u"),
        ("d(integral(u, x in x..2), x)", "-u"),
        ("d(integral(u, x in 0..x), y)", "integral(u_y, x in 0..x)"),
        ("d(t*integral(u, t), t)", "integral(u, t)"),
        ("integral(x^2*y)", "4/3"),
        ("integral(t)", "2*t"),
        ("integral(3*u + integral(u, t), x) - integral(3*u + integral(u, t), x)", "0"),
        ("integral(integral(u, x), y)", "integral(u)"),
        ("integral(integral(u, x in 0..1), t)", "integral(integral(u, x in 0..1), t)"),
    ] {
        assert_eq!(residual(written), meant, "{written}");
    }
}
