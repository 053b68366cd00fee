//! The language reference says what is so: every example of `docs/language` is checked.
//!
//! A block that is marked `pde` is a whole file without anything to report, `pde wrong E0302` one that gives this code.
//! Files that blocks name lie in `tests/language`.

use std::fs;
use std::path::{Path, PathBuf};

use pdec::dataset::Files;
use pdec::diagnostic::{Diagnostic, Form, Look, Policy, Source, render};
use pdec::expr::Function;
use pdec::model::{Formulas, Given, Method, Overrides};
use pdec::network::Activation;
use pdec::pipeline::{self, Times};
use pdec::syntax;

/// What a statement gives whose meaning comes later; examples that need one cannot be judged yet.
const LATER: &str = "E0901";

struct Block {
    /// `network.md:12`
    place: String,
    /// What stands behind the fence.
    mark: String,
    text: String,
}

fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let entries = fs::read_dir(root.join("docs/language")).expect("the reference");
    let mut pages: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    pages.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    pages.sort();
    pages.push(root.join("README.md"));
    pages
}

fn page(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/language").join(name);
    fs::read_to_string(path).expect("a page")
}

fn blocks() -> Vec<Block> {
    let mut blocks = Vec::new();
    for path in pages() {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let mut open: Option<Block> = None;
        for (index, line) in fs::read_to_string(&path).expect("a page").lines().enumerate() {
            match (&mut open, line.strip_prefix("```")) {
                (Some(_), Some("")) => blocks.extend(open.take()),
                (Some(block), _) => block.text += &format!("{line}\n"),
                (None, Some(mark)) => {
                    let place = format!("{name}:{}", index + 1);
                    open = Some(Block { place, mark: mark.to_owned(), text: String::new() });
                }
                (None, None) => {}
            }
        }
        assert!(open.is_none(), "{name}: a block is not closed");
    }
    blocks.retain(|block| block.mark.split(' ').next() == Some("pde"));
    blocks
}

fn diagnose(text: &str) -> (Source, Vec<Diagnostic>) {
    let files = Files::below(Path::new("tests/language"), &[]).expect("a folder");
    let given = Given { overrides: &Overrides::default(), formulas: &Formulas::default(), files: &files };
    let checked = pipeline::check_given(Source::new("example.pde", text), given, &mut Times::default());
    let allowances = checked.ast.map(|ast| syntax::allowances(&checked.source, &ast)).unwrap_or_default();
    (checked.source, Policy::default().apply(checked.found, &allowances))
}

#[test]
fn every_example_is_what_it_is_said_to_be() {
    let mut misses = String::new();
    let mut judged = 0;
    let blocks = blocks();
    for Block { place, mark, text } in &blocks {
        let (source, found) = diagnose(text);
        if found.iter().any(|d| d.code == LATER) {
            continue;
        }
        judged += 1;
        let fits = match mark.as_str() {
            "pde" => found.is_empty(),
            wrong => wrong.strip_prefix("pde wrong ").is_some_and(|code| found.iter().any(|d| d.code == code)),
        };
        if !fits {
            let shown = render(&source, &found, Form::Human(Look::default()));
            misses += &format!("── {place}: {mark}\n{text}\n{shown}\n");
        }
    }
    assert!(misses.is_empty(), "{misses}");
    assert!(judged > 25, "only {judged} examples were judged");
}

#[test]
fn every_statement_has_a_page() {
    let all: String = pages().iter().map(|path| fs::read_to_string(path).expect("a page")).collect();
    let keywords = "problem import domain time unknown param fit let boundary region eq bc ic minimize constraint data \
                    reference exact ansatz network sample train output report set";
    let silent: Vec<&str> = keywords.split(' ').filter(|word| !all.contains(&format!("`{word} "))).collect();
    assert!(silent.is_empty(), "not described: {silent:?}");
}

#[test]
fn every_method_and_option_is_listed() {
    let text = page("training.md");
    let mut silent = Vec::new();
    for method in Method::ALL {
        let options = method.options().iter().map(|option| option.name);
        silent.extend(options.chain([method.name()]).filter(|name| !text.contains(&format!("`{name}`"))));
    }
    assert!(silent.is_empty(), "not described: {silent:?}");
}

#[test]
fn every_activation_is_listed() {
    let text = page("networks.md");
    let silent: Vec<&str> = Activation::ALL.iter().map(|act| act.name()).filter(|name| !text.contains(name)).collect();
    assert!(silent.is_empty(), "not described: {silent:?}");
}

#[test]
fn every_function_is_listed() {
    let text = page("numbers-and-names.md");
    let row = text.lines().find(|line| line.starts_with("| functions |")).expect("the row of functions");
    let words: Vec<&str> = row.split(|c: char| !c.is_alphanumeric()).collect();
    let silent: Vec<&str> = Function::ALL.iter().map(|f| f.name()).filter(|name| !words.contains(name)).collect();
    assert!(silent.is_empty(), "not listed: {silent:?}");
}

/// Links between pages lead to pages, and to headings that are there.
#[test]
fn links_lead_somewhere() {
    let mut broken = Vec::new();
    for path in pages() {
        let text = fs::read_to_string(&path).expect("a page");
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.contains("://") {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { path.clone() } else { path.with_file_name(file) };
            let heading = |line: &str| {
                let title = line.trim_start_matches('#').trim().to_lowercase();
                let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-'));
                line.starts_with('#') && kept.collect::<String>().replace(' ', "-") == anchor
            };
            let there = match fs::read_to_string(&target) {
                Ok(text) => anchor.is_empty() || text.lines().any(heading),
                Err(_) => target.exists(),
            };
            if !there {
                broken.push(format!("{}: {link}", path.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}
