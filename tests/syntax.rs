//! The language: wrong files and their diagnostics, the formatter, and what no file may do to the parser.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use pdec::diagnostic::{Diagnostic, Source, Span, has_errors};
use pdec::syntax::ast::{Ast, Formula, StatementKind};
use pdec::syntax::{allowances, format, parse, print_formula, print_formula_explicit};
use proptest::prelude::*;

fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder);
    let entries = fs::read_dir(folder).expect("the folder of test files");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.to_string_lossy().ends_with(ending));
    paths.sort();
    assert!(!paths.is_empty());
    paths
}

fn read(path: &Path) -> Source {
    let name = path.file_name().expect("a file name").to_string_lossy();
    Source::new(name, fs::read_to_string(path).expect("readable text"))
}

fn place(source: &Source, span: Span) -> String {
    let (start, end) = (source.location(span.start), source.location(span.end));
    format!("{}:{}-{}:{}", start.line, start.column, end.line, end.column)
}

fn one_line(source: &Source, found: &Diagnostic) -> String {
    let mut line = format!("{} {} {}", found.code, place(source, found.span()), found.message);
    for label in &found.labels {
        write!(line, " | {}: {}", place(source, label.span), label.text).unwrap();
    }
    found.notes.iter().for_each(|note| write!(line, " | note: {note}").unwrap());
    found.helps.iter().for_each(|help| write!(line, " | help: {help}").unwrap());
    for fix in &found.fixes {
        write!(line, " | fix {}: {:?}", place(source, fix.span), fix.replacement).unwrap();
    }
    line
}

#[test]
fn wrong_files_are_explained() {
    for path in files("syntax/wrong", ".pde") {
        let source = read(&path);
        let (ast, found) = parse(&source);
        let ast = ast.expect("a tree");
        let mut shown: String = found.iter().map(|one| one_line(&source, one) + "\n").collect();
        assert!(shown.chars().all(|c| c == '\n' || !c.is_control()), "{path:?} reaches the terminal");
        writeln!(shown, "{} statements read, {} broken", ast.statements.len(), ast.broken.len()).unwrap();
        let name = path.file_stem().expect("a file name").to_string_lossy().into_owned();
        insta::with_settings!({ snapshot_path => "syntax/wrong", prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(name, shown);
        });
    }
}

/// Applies the first fix of every diagnostic.
fn repaired(source: &Source, found: &[Diagnostic]) -> String {
    let mut text = source.text().to_owned();
    let mut fixes: Vec<_> = found.iter().filter_map(|one| one.fixes.first()).collect();
    fixes.sort_by_key(|fix| std::cmp::Reverse(fix.span));
    for fix in fixes {
        text.replace_range(fix.span.range(), &fix.replacement);
    }
    text
}

#[test]
fn fixes_repair_what_they_claim_to() {
    let always_fixed = ["e0001", "e0002", "e0003", "e0006", "e0007", "e0008", "e0012", "w0018"];
    for path in files("syntax/wrong", ".pde") {
        let source = read(&path);
        let name = source.name().to_owned();
        if always_fixed.iter().any(|code| name.starts_with(code)) {
            let text = repaired(&source, &parse(&source).1);
            let left = parse(&Source::new(&*name, text.clone())).1;
            assert!(left.is_empty(), "{name}:\n{text}\n{left:#?}");
        }
    }
}

fn assert_formats_well(source: &Source) -> String {
    let formatted = format(source).unwrap_or_else(|found| panic!("{}: {found:#?}", source.name()));
    let again = Source::new(source.name(), formatted.clone());
    assert_eq!(format(&again).as_ref(), Ok(&formatted), "formatting {} twice differs", source.name());
    assert_eq!(shape(&again), shape(source), "formatting {} changes its meaning", source.name());
    assert_eq!(comments(&again), comments(source), "formatting {} loses comments", source.name());
    formatted
}

/// The tree without its places, as text.
fn shape(source: &Source) -> Vec<String> {
    let ast = parse(source).0.expect("a tree");
    ast.statements.iter().map(|statement| without_spans(&format!("{statement:?}"))).collect()
}

fn without_spans(text: &str) -> String {
    let mut parts = text.split("Span { start: ");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str(part.split_once('}').expect("the end of a span").1);
    }
    out
}

fn comments(source: &Source) -> Vec<String> {
    let ast: Ast = parse(source).0.expect("a tree");
    ast.comments.iter().map(|comment| source.slice(comment.span).to_owned()).collect()
}

#[test]
fn examples_parse_and_format() {
    let paths = files("examples", ".pde");
    assert_eq!(paths.len(), 22);
    for path in paths {
        let source = read(&path);
        assert_eq!(parse(&source).1, [], "{}", source.name());
        assert_formats_well(&source);
    }
}

#[test]
fn formatter_fixtures() {
    for path in files("syntax/format", ".pde") {
        let source = read(&path);
        let formatted = assert_formats_well(&source);
        let name = path.file_stem().expect("a file name").to_string_lossy().into_owned();
        insta::with_settings!({ snapshot_path => "syntax/format", prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(name, formatted);
        });
    }
}

#[test]
fn hostile_files_are_read_quickly() {
    let megabytes = |piece: &str, count: usize| piece.repeat((count << 20) / piece.len());
    let texts = [
        String::new(),
        "\u{feff}".to_owned(),
        "\n\n;;\n".to_owned(),
        format!("eq u = {}1{}", "(".repeat(100_000), ")".repeat(100_000)),
        "(".repeat(100_000),
        format!("eq u = {}", "[".repeat(100_000)),
        format!("eq u = {}1", "-".repeat(100_000)),
        format!("eq u = {}", "if a then b else ".repeat(50_000)),
        format!("eq u = x{}", "^x".repeat(100_000)),
        format!("eq u = x{}", ".x".repeat(100_000)),
        format!("bc u = 0 on {}x = 0", "not ".repeat(100_000)),
        format!("let a = {}", megabytes("x+", 2)),
        format!("unknown u{}", megabytes(", u", 2)),
        megabytes("eq u u\n", 1),
        megabytes("== ", 1),
        megabytes("a ", 10),
        megabytes("\0\u{1}\u{fffd}", 2),
        megabytes("\"", 1),
        megabytes("' ", 1),
        megabytes("1.", 1),
        megabytes("# comment\n", 2),
        "\r\n".repeat(100_000),
    ];
    for text in texts {
        let started = Instant::now();
        let length = text.len();
        let start: String = text.chars().take(20).collect();
        let source = Source::new("hostile", text);
        let (_, found) = parse(&source);
        assert!(found.len() <= 400);
        let bound = Duration::from_millis(500) + Duration::from_secs(6) * length.div_ceil(1 << 20) as u32;
        assert!(started.elapsed() < bound, "{start:?}: {:?} for {length} bytes", started.elapsed());
    }
}

#[test]
fn a_file_that_is_too_large_is_refused() {
    let (ast, found) = parse(&Source::new("large", "x".repeat((8 << 20) + 1)));
    assert!(ast.is_none());
    assert_eq!(found.iter().map(|one| one.code).collect::<Vec<_>>(), ["E0015"]);
}

#[test]
fn a_small_file_is_read_in_less_than_a_millisecond() {
    let source = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/examples/heat1d.pde"));
    let best = (0..20).map(|_| {
        let started = Instant::now();
        assert!(parse(&source).0.is_some());
        started.elapsed()
    });
    let best = best.min().expect("20 runs");
    assert!(best < Duration::from_millis(1), "{best:?}");
}

#[test]
fn comments_name_the_codes_they_silence() {
    let text = "# pdec: allow W0105, W0301\nproblem heat  #pdec: allow W0207\n# allow W0001\n";
    let source = Source::new("allow", text);
    let ast = parse(&source).0.expect("a tree");
    let codes: Vec<_> = allowances(&source, &ast).into_iter().map(|allowance| allowance.code).collect();
    assert_eq!(codes, ["W0105", "W0301", "W0207"]);
}

fn defined(text: &str) -> Formula {
    let (ast, found) = parse(&Source::new("definition", format!("let a = {text}\n")));
    assert_eq!(found, [], "{text}");
    match ast.expect("a tree").statements.remove(0).kind {
        StatementKind::Let { body, .. } => body,
        other => panic!("{other:?}"),
    }
}

fn words() -> impl Strategy<Value = String> {
    let words = [
        "eq", "bc", "ic", "let", "domain", "unknown", "train", "in", "on", "with", "if", "then", "else", "and", "or",
        "not", "periodic", "from", "u", "u_x", "x", "1", "0.5", "2i", "\"a\"", "+", "-", "*", "/", "^", "=", "==", "<",
        "(", ")", "[", "]", ",", ":", ".", "..", "->", ";", "\n", "# c\n", "§",
    ];
    prop::collection::vec(prop::sample::select(words.to_vec()), 0..60).prop_map(|words| words.join(" "))
}

/// Formulas of the language, with blanks and line breaks where they are allowed.
fn formulas() -> impl Strategy<Value = String> {
    let atom = prop::sample::select(vec!["u", "u_xx", "x[1]", "w.y", "0.25", "1e-3", "2i", "pi", "2 .x"])
        .prop_map(str::to_owned);
    atom.prop_recursive(5, 40, 3, |inner| {
        let operators = vec!["+", " - ", "*", " * ", "/", "^", " +\n  ", "\n - ", "^-"];
        prop_oneof![
            (inner.clone(), prop::sample::select(operators), inner.clone())
                .prop_map(|(a, op, b)| format!("{a}{op}{b}")),
            inner.clone().prop_map(|a| format!("({a})")),
            inner.clone().prop_map(|a| format!("- {a}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("f( {a} , key = {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("( {a},{b} # note\n)")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("(if {a}<{b} and not (x=0 or core) then {a} else {b})")),
        ]
    })
}

/// Files of the language: statements, comments and blank lines in any order.
fn sound_files() -> impl Strategy<Value = String> {
    let statement = prop_oneof![
        (formulas(), formulas()).prop_map(|(a, b)| format!("eq {a} = {b}")),
        (formulas(), formulas()).prop_map(|(a, b)| format!("eq heat:{a}={b} in x<1 with weight = 2,  hard")),
        (formulas(), formulas()).prop_map(|(a, b)| format!("bc u={a}, v = {b}\n on x = 0 and y>1")),
        formulas().prop_map(|a| format!("bc left : u={a} on boundary with weight=10")),
        formulas().prop_map(|a| format!("let f(x,y)={a}")),
        formulas().prop_map(|a| format!("minimize {a}")),
        formulas().prop_map(|a| format!("param a={a} in[0,1]")),
        formulas().prop_map(|a| format!("output grid (3,4), u,w = {a}")),
        Just("domain x[ 1 .. 3 ] in [0,1] periodic,(y,z)in box((0,0),(1,1))".to_owned()),
        Just("unknown u ( x , t ) : vector,p".to_owned()),
        Just("network mlp( 64,act = tanh )->mlp(3)".to_owned()),
        Just("data u,v from \"a  b.csv\" with columns = map(t = \"time\")".to_owned()),
    ];
    let ends =
        vec!["\n", "\n\n", "\n\n\n", " ; ", "  # trailing\n", "\n# own line\n", "\n\n  #own\n\n", ";# both\n", "\r\n"];
    let line = (statement, prop::sample::select(ends)).prop_map(|(statement, end)| statement + end);
    prop::collection::vec(line, 0..8).prop_map(|lines| lines.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        parse(&Source::new("bytes", String::from_utf8_lossy(&bytes)));
    }

    #[test]
    fn characters_never_panic(text in "\\PC{0,200}") {
        parse(&Source::new("characters", text));
    }

    #[test]
    fn token_soup_never_panics(text in words()) {
        let source = Source::new("soup", text);
        let (ast, found) = parse(&source);
        let ast = ast.expect("a tree");
        // What was not read was reported.
        prop_assert!(ast.broken.is_empty() || has_errors(&found));
        for one in &found {
            for label in &one.labels {
                prop_assert!(source.text().get(label.span.range()).is_some());
            }
        }
    }

    #[test]
    fn mutated_examples_never_panic(file in 0..22_usize, at in 0.0..1.0_f64, removed in 0..20_usize, text in words()) {
        let source = read(&files("examples", ".pde")[file]);
        let mut mutated: Vec<char> = source.text().chars().collect();
        let start = (at * mutated.len() as f64) as usize;
        let end = (start + removed).min(mutated.len());
        mutated.splice(start..end, text.chars().take(removed));
        let source = Source::new("mutated", mutated.into_iter().collect::<String>());
        parse(&source);
        let _ = format(&source);
    }

    #[test]
    fn printed_formulas_mean_the_same(text in formulas()) {
        let formula = defined(&text);
        let printed = print_formula(&formula);
        prop_assert_eq!(&print_formula(&defined(&printed)), &printed);
        prop_assert_eq!(&print_formula(&defined(&print_formula_explicit(&formula))), &printed);
        // Only parentheses go, and nothing but blanks and comments besides.
        let skeleton = |text: &str| text.lines().flat_map(|line| line.split('#').next()).collect::<String>()
            .replace([' ', '(', ')'], "");
        prop_assert_eq!(skeleton(&printed), skeleton(&text));
    }

    #[test]
    fn formatting_keeps_meaning_and_comments(text in sound_files()) {
        let source = Source::new("generated", text);
        prop_assert_eq!(&parse(&source).1, &[]);
        assert_formats_well(&source);
    }
}
