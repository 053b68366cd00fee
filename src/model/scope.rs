//! The first pass: which names there are, and what they stand for.
//!
//! Statements may come in any order, so all names are collected before any formula is read. Labels live in a name space
//! of their own ([`terms`](super::terms)).

use indexmap::IndexMap;
use rustc_hash::FxHashSet;

use crate::diagnostic::{Diagnostic, Span};
use crate::expr::Function;
use crate::syntax::ast::{Ast, Formula, Name, Predicate, Space, StatementKind};

use super::nearest::nearest;
use super::problem::UnknownKind;
use super::references::References;

/// Operators that are written like functions.
const OPERATORS: [&str; 20] = [
    "table",
    "sqrt",
    "grad",
    "div",
    "curl",
    "lap",
    "adv",
    "dot",
    "norm2",
    "d",
    "dn",
    "integral",
    "sum",
    "re",
    "im",
    "abs2",
    "net",
    "conj",
    "trace",
    "transpose",
];

/// How many declared names are looked at for one that is similar.
const MOST_COMPARED: usize = 1000;

/// Functions and operators, for what is called by a name that nobody knows.
pub(super) fn callable() -> Vec<&'static str> {
    Function::ALL.iter().map(|function| function.name()).chain(OPERATORS).collect()
}

/// Names of the language that are not functions.
const CONSTANTS: [&str; 5] = ["pi", "e", "normal", "boundary", "rest"];

/// Whether the language gives the name a meaning that a declaration would hide. `d` is free: as an operator it is only
/// ever called.
fn is_built_in(name: &str) -> bool {
    name != "d" && (CONSTANTS.contains(&name) || OPERATORS.contains(&name) || Function::from_name(name).is_some())
}

/// What a name stands for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Meaning<'a> {
    /// One axis, in time or space.
    Axis,
    /// The axes `x[1]`, `x[2]`, ...
    Axes,
    /// The unknown of this number.
    Unknown(usize),
    /// A named number.
    Param(Option<&'a Formula>),
    /// A number that training finds.
    Fit,
    /// A named formula.
    Let(&'a [Name], &'a Formula),
    /// A named part of the boundary or of the domain.
    Place(&'a Predicate),
    /// Something whose statement is not supported yet (and said so).
    Unsupported,
}

/// A declared name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Declaration<'a> {
    /// Where it is declared.
    pub span: Span,
    /// What it stands for.
    pub meaning: Meaning<'a>,
}

/// A name that a definition refers to, and where it does.
pub(super) type Reference<'a> = (&'a str, Span);

/// All names of a file.
#[derive(Default)]
pub(super) struct Scope<'a> {
    /// In order of declaration.
    pub declarations: IndexMap<&'a str, Declaration<'a>>,
    /// Whether there may be more names: declared by a statement that could not be read, or refused.
    pub incomplete: bool,
    /// Names that are declared twice or are built in: what depends on them is silent.
    disputed: FxHashSet<&'a str>,
    cyclic: FxHashSet<&'a str>,
    /// Axes that are parametric numbers (`param .. in`).
    parametric: FxHashSet<&'a str>,
    /// Places that are parts of the inside.
    regions: FxHashSet<&'a str>,
    unknowns: usize,
}

impl<'a> Scope<'a> {
    /// Collects the names of a file.
    pub fn collect(ast: &'a Ast, found: &mut Vec<Diagnostic>) -> Self {
        let mut scope = Scope { incomplete: !ast.broken.is_empty(), ..Scope::default() };
        for statement in &ast.statements {
            scope.declare_statement(&statement.kind, found);
        }
        scope.report_derivative_names(found);
        scope.report_cycles(found);
        scope.report_unused(ast, found);
        scope
    }

    /// What a name stands for.
    pub fn get(&self, name: &str) -> Option<Meaning<'a>> {
        self.declarations.get(name).map(|d| d.meaning)
    }

    /// Whether the name is a parametric number: an axis that is declared by `param .. in`.
    pub fn is_parametric(&self, name: &str) -> bool {
        self.parametric.contains(name)
    }

    /// Whether the definition of the name leads back to itself.
    pub fn is_cyclic(&self, name: &str) -> bool {
        self.cyclic.contains(name)
    }

    /// Whether a place is declared by `region`.
    pub fn is_region(&self, name: &str) -> bool {
        self.regions.contains(name)
    }

    /// The declared name, or one of `others`, that `name` may have been meant to be.
    pub fn similar(&self, name: &str, others: &[&'static str]) -> Option<String> {
        let declared = self.declarations.keys().copied().take(MOST_COMPARED);
        nearest(name, declared.chain(others.iter().copied())).map(str::to_owned)
    }

    /// Whether an unknown name is no news: a statement that could not be read may declare it, or it is a derivative of a
    /// name that is declared twice.
    pub fn excuses(&self, name: &str) -> bool {
        let disputed = |end: usize| self.disputed.contains(&name[..end]);
        self.incomplete || disputed(name.len()) || name.match_indices('_').any(|(at, _)| disputed(at))
    }

    fn declare_statement(&mut self, kind: &'a StatementKind, found: &mut Vec<Diagnostic>) {
        match kind {
            StatementKind::Domain(spaces) => {
                for space in spaces {
                    match space {
                        Space::Axis { name, .. } => _ = self.declare(name, Meaning::Axis, found),
                        Space::Axes { name, .. } => _ = self.declare(name, Meaning::Axes, found),
                        Space::Shape { names, .. } => {
                            names.iter().for_each(|name| _ = self.declare(name, Meaning::Axis, found));
                        }
                    }
                }
            }
            StatementKind::Time { name, .. } => _ = self.declare(name, Meaning::Axis, found),
            StatementKind::Unknown(unknowns) => {
                for unknown in unknowns {
                    let known = UnknownKind::of(unknown).is_some();
                    self.incomplete |= !known;
                    let meaning = if known { Meaning::Unknown(self.unknowns) } else { Meaning::Unsupported };
                    let declared = self.declare(&unknown.name, meaning, found);
                    self.unknowns += usize::from(declared && known);
                }
            }
            StatementKind::Param { name, value, interval: None } => {
                self.declare(name, Meaning::Param(value.as_ref()), found);
            }
            StatementKind::Param { name, interval: Some(_), .. } if self.declare(name, Meaning::Axis, found) => {
                self.parametric.insert(&name.text);
            }
            StatementKind::Let { name, arguments, body } => {
                self.declare(name, Meaning::Let(arguments, body), found);
            }
            StatementKind::Boundary { name, place } | StatementKind::Region { name, place } => {
                let declared = self.declare(name, Meaning::Place(place), found);
                if declared && matches!(kind, StatementKind::Region { .. }) {
                    self.regions.insert(&name.text);
                }
            }
            StatementKind::Fit { name, .. } => _ = self.declare(name, Meaning::Fit, found),
            _ => {}
        }
    }

    /// Adds a name unless it is taken; says whether it did.
    fn declare(&mut self, name: &'a Name, meaning: Meaning<'a>, found: &mut Vec<Diagnostic>) -> bool {
        if is_built_in(&name.text) {
            self.incomplete = true;
            let what = match name.text.as_str() {
                "pi" | "e" => "constant",
                "normal" | "boundary" | "rest" => "name",
                _ => "function",
            };
            let message = format!("`{}` is a built-in {what}", name.text);
            found.push(Diagnostic::error("E0103", message, name.span, "declared here").help("choose another name"));
            self.disputed.insert(&name.text);
            return false;
        }
        if let Some(first) = self.declarations.get(name.text.as_str()) {
            self.incomplete = true;
            let message = format!("`{}` is declared twice", name.text);
            let diagnostic = Diagnostic::error("E0102", message, name.span, "declared again here");
            found.push(diagnostic.label(first.span, "first declared here"));
            self.disputed.insert(&name.text);
            return false;
        }
        self.declarations.insert(&name.text, Declaration { span: name.span, meaning });
        true
    }

    /// The names of the axes that a subscript may use.
    fn plain_axes(&self) -> Vec<&'a str> {
        self.declarations.iter().filter(|(_, d)| matches!(d.meaning, Meaning::Axis)).map(|(n, _)| *n).collect()
    }

    /// Reads `u_xx` as an unknown and the axes of its subscript.
    pub fn as_derivative(&self, name: &str) -> Option<(usize, Vec<&'a str>)> {
        self.subscripts(name).find_map(|(field, _, subscript)| Some((field, split(subscript, &self.plain_axes())?)))
    }

    /// The ways to read a name as an unknown with a subscript: its number, its name, the subscript.
    pub fn subscripts<'n>(&self, name: &'n str) -> impl Iterator<Item = (usize, &'n str, &'n str)> {
        name.match_indices('_').filter_map(move |(at, _)| match self.get(&name[..at]) {
            Some(Meaning::Unknown(field)) if at + 1 < name.len() => Some((field, &name[..at], &name[at + 1..])),
            _ => None,
        })
    }

    fn report_derivative_names(&self, found: &mut Vec<Diagnostic>) {
        for (name, declaration) in &self.declarations {
            let Some((_, axes)) = self.as_derivative(name) else { continue };
            let unknown = name.strip_suffix(&axes.concat()).unwrap_or(name).trim_end_matches('_');
            let message =
                format!("the name `{name}` would read as a derivative of `{unknown}` along {}", axes.join(", "));
            let mut diagnostic = Diagnostic::error("E0203", message, declaration.span, "declared here");
            if let Some(first) = self.declarations.get(unknown) {
                diagnostic = diagnostic.label(first.span, format!("`{unknown}` is an unknown"));
            }
            found.push(diagnostic.help("choose another name"));
        }
    }

    /// The definitions that the definition of `name` refers to, with the places.
    pub fn references(&self, name: &str) -> Vec<Reference<'a>> {
        let mut references = Vec::new();
        let mut push = |name: &'a str, span: Span| references.push((name, span));
        match self.get(name) {
            Some(Meaning::Param(Some(value))) => References::new(Vec::new(), &mut push).formula(value),
            Some(Meaning::Let(arguments, body)) => {
                let bound = arguments.iter().map(|a| a.text.as_str()).collect();
                References::new(bound, &mut push).formula(body);
            }
            Some(Meaning::Place(place)) => References::new(Vec::new(), &mut push).predicate(place),
            _ => {}
        }
        references.retain(|(name, _)| {
            matches!(self.get(name), Some(Meaning::Param(_) | Meaning::Let(..) | Meaning::Place(_)))
        });
        references
    }

    /// Depth-first search without recursion: a chain of definitions may be as long as the file.
    fn report_cycles(&mut self, found: &mut Vec<Diagnostic>) {
        let mut finished: FxHashSet<&'a str> = FxHashSet::default();
        let names: Vec<&'a str> = self.declarations.keys().copied().collect();
        for root in names {
            let mut path: Vec<(&'a str, Vec<Reference<'a>>, usize)> = Vec::new();
            let mut open: FxHashSet<&'a str> = FxHashSet::default();
            if !finished.contains(root) {
                open.insert(root);
                path.push((root, self.references(root), 0));
            }
            while let Some((name, references, next)) = path.last_mut() {
                let Some(&(target, _)) = references.get(*next) else {
                    finished.insert(name);
                    open.remove(name);
                    path.pop();
                    continue;
                };
                *next += 1;
                if open.contains(target) {
                    let start = path.iter().position(|(n, ..)| *n == target).unwrap_or(0);
                    let cycle: Vec<_> = path[start..].iter().map(|(n, r, next)| (*n, r[*next - 1])).collect();
                    if !cycle.iter().any(|(name, _)| self.cyclic.contains(name)) {
                        found.push(cycle_diagnostic(&cycle));
                    }
                    self.cyclic.extend(cycle.iter().map(|(name, _)| *name));
                } else if !finished.contains(target) {
                    open.insert(target);
                    let references = self.references(target);
                    path.push((target, references, 0));
                }
            }
        }
    }

    fn report_unused(&self, ast: &'a Ast, found: &mut Vec<Diagnostic>) {
        if self.incomplete {
            return;
        }
        let mut used: FxHashSet<&'a str> = FxHashSet::default();
        for statement in &ast.statements {
            let mut push = |name: &'a str, _| {
                used.insert(name);
            };
            References::new(Vec::new(), &mut push).statement(statement);
        }
        for (name, declaration) in &self.declarations {
            let definition =
                matches!(declaration.meaning, Meaning::Param(_) | Meaning::Let(..) | Meaning::Place(_) | Meaning::Fit);
            let definition = definition || self.is_parametric(name);
            // A file that several problems import defines more than each of them needs.
            let shared = ast.is_imported(declaration.span);
            if definition && !shared && !used.contains(name) && !self.disputed.contains(name) {
                let diagnostic =
                    Diagnostic::warning("W0105", format!("`{name}` is never used"), declaration.span, "declared here");
                found.push(diagnostic.help("remove it, or write `# pdec: allow W0105`"));
            }
        }
    }
}

fn cycle_diagnostic(cycle: &[(&str, (&str, Span))]) -> Diagnostic {
    let (first, (_, span)) = cycle[0];
    if cycle.len() == 1 {
        let message = format!("the definition of `{first}` refers to itself");
        return Diagnostic::error("E0104", message, span, "here")
            .help("recursion is not supported; for a finite sum write `sum(i in 1..n, ..)`");
    }
    let mut chain: Vec<&str> = cycle.iter().map(|(name, _)| *name).collect();
    chain.push(first);
    let message = format!("definitions refer to each other: {}", chain.join(" -> "));
    let step = |(name, (target, _)): &(&str, (&str, Span))| format!("`{name}` needs `{target}`");
    let diagnostic = Diagnostic::error("E0104", message, span, step(&cycle[0]));
    cycle[1..].iter().fold(diagnostic, |d, link| d.label(link.1.1, step(link)))
}

/// Splits a subscript into names of axes, longest names first, going back where that leads nowhere.
pub(super) fn split<'a>(subscript: &str, axes: &[&'a str]) -> Option<Vec<&'a str>> {
    let mut axes = axes.to_vec();
    axes.sort_by_key(|axis| std::cmp::Reverse(axis.len()));
    // reached[i]: the last axis of a way to split the first i bytes.
    let mut reached: Vec<Option<&'a str>> = vec![None; subscript.len() + 1];
    for end in 1..=subscript.len() {
        reached[end] = axes.iter().copied().find(|axis| {
            end.checked_sub(axis.len()).is_some_and(|start| {
                (start == 0 || reached[start].is_some()) && subscript.as_bytes()[start..end] == *axis.as_bytes()
            })
        });
    }
    let mut end = subscript.len();
    let mut found = Vec::new();
    while end > 0 {
        let axis = reached[end]?;
        found.push(axis);
        end -= axis.len();
    }
    found.reverse();
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn subscripts_are_split_into_axes() {
        assert_eq!(split("xxy", &["x", "y"]), Some(vec!["x", "x", "y"]));
        assert_eq!(split("x1x2", &["x1", "x2", "x"]), Some(vec!["x1", "x2"]));
        assert_eq!(split("xxx", &["xx", "x"]).map(|s| s.concat()), Some("xxx".into()));
        assert_eq!(split("abc", &["ab", "a", "bc"]), Some(vec!["a", "bc"]));
        assert_eq!(split("xz", &["x", "y"]), None);
        assert_eq!(split("ξξ", &["ξ"]), Some(vec!["ξ", "ξ"]));
    }
}
