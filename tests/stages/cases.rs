//! One file: what is done with which text, and what comes out.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use pdec::expr::Names;

/// What a command makes of a file.
pub enum Outcome {
    /// A text.
    Text(String),
    /// Nothing, since this machine lacks what the file needs.
    Skipped,
}

pub struct Case {
    /// Its path below the folder of the tests.
    pub name: String,
    /// The text that something is done with.
    pub input: String,
    /// What comes out.
    pub expected: String,
    options: Vec<(String, String)>,
    used: RefCell<BTreeSet<String>>,
    path: PathBuf,
    head: String,
}

/// Between the input and what comes out.
const RULE: &str = "---\n";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stages")
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths
}

/// The names of all folders of files.
pub fn folders() -> Vec<String> {
    let folders = entries(&root()).into_iter().filter(|path| path.is_dir());
    folders.filter_map(|path| Some(path.file_name()?.to_str()?.to_owned())).collect()
}

impl Case {
    /// The files of a command.
    pub fn all(command: &str) -> Vec<Self> {
        let paths = entries(&root().join(command));
        assert!(paths.iter().all(|path| path.extension() == Some(OsStr::new("test"))), "{command} has other files");
        paths.into_iter().map(|path| Self::read(path, command)).collect()
    }

    fn read(path: PathBuf, command: &str) -> Self {
        let name = path.strip_prefix(root()).expect("below the root").display().to_string();
        let text = fs::read_to_string(&path).expect("a text");
        let (given, expected) = text.split_once(&format!("\n{RULE}")).unwrap_or_else(|| panic!("{name}: no ---"));
        let given = format!("{given}\n");
        let head: String = given.split_inclusive('\n').take_while(|line| line.starts_with(';')).collect();
        let mut lines = head.lines();
        assert_eq!(lines.next(), Some(&*format!("; command: {command}")), "{name}");
        // Other lines are remarks.
        let option = |line: &str| {
            let (key, value) = line.trim_start_matches(';').split_once(':')?;
            (!key.trim().contains(' ')).then(|| (key.trim().to_owned(), value.trim().to_owned()))
        };
        Self {
            options: lines.filter_map(option).collect(),
            used: RefCell::default(),
            input: given[head.len()..].to_owned(),
            expected: expected.to_owned(),
            head,
            name,
            path,
        }
    }

    /// The values of an option, which may stand several times.
    pub fn every(&self, key: &str) -> impl Iterator<Item = &str> {
        self.used.borrow_mut().insert(key.to_owned());
        self.options.iter().filter(move |(k, _)| k == key).map(|(_, value)| value.as_str())
    }

    pub fn option(&self, key: &str) -> Option<&str> {
        self.every(key).next()
    }

    /// The value of an option that is something else than a text.
    pub fn parsed<T>(&self, key: &str, default: T, read: impl FnOnce(&str) -> Option<T>) -> T {
        let Some(value) = self.option(key) else { return default };
        read(value).unwrap_or_else(|| panic!("{}: {key}: {value}", self.name))
    }

    /// What axes and fields are called, in formulas.
    pub fn names(&self) -> Names {
        let words = |key: &str, default: &str| {
            self.option(key).unwrap_or(default).split_whitespace().map(str::to_owned).collect()
        };
        Names { axes: words("axes", "x y"), fields: words("fields", "u v") }
    }

    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.input.lines().filter(|line| !line.trim().is_empty())
    }

    /// # Panics
    /// If nobody asked for an option of the file.
    pub fn assert_all_options_used(&self) {
        let unused = self.options.iter().find(|(key, _)| !self.used.borrow().contains(key));
        assert_eq!(unused, None, "{}: an option that its command does not have", self.name);
    }

    pub fn update(&self, found: &str) {
        fs::write(&self.path, format!("{}{}{RULE}{found}", self.head, self.input)).expect("it can be written");
    }
}
