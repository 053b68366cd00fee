//! Text to [`Ast`]: lexer, grammar, recovery, and the formatter.
//!
//! Characters become tokens in `scan`, tokens become statements in `separate` (where one ends, which word is its
//! keyword, whether its brackets are sound; `nesting` bounds their depth), and `grammar/pde.lalrpop` reads the
//! statements into a tree that `phrase` builds. Reading never fails outright: a slip like `==` is reported and repaired, a
//! statement that cannot be read is reported and left out, and the next one is read as if nothing had happened. `explain`
//! turns what the grammar stumbled on into words of the person who wrote it.
//!
//! [`format()`] puts a file in its standard form; it moves tokens and never changes one, so that meaning and comments
//! stay. `import` takes in the statements of other files. [`print_formula`] writes a tree as text.
//!
//! | code | what is wrong |
//! |---|---|
//! | E0001, E0002 | `==` for `=`, `**` for `^` |
//! | E0003 | a `*` is missing: `2u`, `3 u_x`, `2(x + 1)` |
//! | E0004 | something does not fit where it stands; what would is said |
//! | E0005 | a number like `.5`, `1.`, `1_000` or `1.2.3` |
//! | E0006 | an interval in round brackets |
//! | E0007, E0008 | a condition without a place; two places with a comma between them |
//! | E0009 | an equation without `=` |
//! | E0010 | a statement that starts with an unknown word, or with none |
//! | E0011 | `if` without `then` or `else` |
//! | E0012 | options or arguments of a call outside its parentheses |
//! | E0013 | brackets that do not match |
//! | E0014 | a formula that nests too deep, or has too many operations one within the other |
//! | E0015, E0016 | a file of more than 8 MB; one that is not UTF-8 |
//! | E0017, W0018 | a name or a number beyond the limits; characters that look like others |
//! | E0019 | a character that the language does not know |
//! | E0020 | text in wrong quotes, or without the closing one |
//! | E0021 | a comparison where a number must be |
//! | E0022 | a reserved word where a name must be |

pub mod ast;
mod characters;
mod decode;
mod explain;
mod findings;
mod format;
mod habits;
mod import;
mod nesting;
mod parse;
mod phrase;
mod print;
mod scan;
mod separate;
mod spacing;
mod suggest;
mod token;

use crate::dataset::Files;
use crate::diagnostic::{Allowance, Diagnostic, Source, allowed_codes};

use ast::{Ast, FormulaKind};

pub use decode::decode;
pub use format::format;
pub use print::{print_call, print_formula, print_formula_explicit, print_predicate};

/// Reads a file with all files that it imports; their texts are appended to `source`, and places are places there.
///
/// As with [`parse`], what is wrong in one statement, or one file, does not keep the others from being read.
pub fn parse_all(source: &mut Source, files: &Files) -> (Option<Ast>, Vec<Diagnostic>) {
    import::read(source, files)
}

/// Reads a file alone: its sound statements, and what is wrong with the others. Imports stay what they are.
///
/// There is no tree only where the text is too large (E0015). Takes time proportional to the text, never panics, and
/// returns a tree whose height is bounded, so that passes over it may recurse.
pub fn parse(source: &Source) -> (Option<Ast>, Vec<Diagnostic>) {
    let reading = parse::read(source);
    (reading.ast, reading.found)
}

/// The warnings that a problem silences itself: by a comment `# pdec: allow W0105, W0301`, which holds for its file and,
/// in the problem itself, for those that it imports, and by `with allow=W0301`, which holds for its statement.
pub fn allowances(source: &Source, ast: &Ast) -> Vec<Allowance> {
    let mut found = Vec::new();
    for comment in &ast.comments {
        let file = ast.parts.iter().rev().find(|part| part.span.start <= comment.span.start).map(|part| part.span);
        let within = file.filter(|_| ast.is_imported(comment.span));
        let codes = allowed_codes(source.slice(comment.span));
        found.extend(codes.into_iter().map(|code| Allowance { code, within }));
    }
    for statement in &ast.statements {
        for attribute in statement.attributes.iter().filter(|a| a.name.text == "allow") {
            if let Some(FormulaKind::Name(code)) = attribute.value.as_ref().map(|value| &value.kind) {
                found.push(Allowance { code: code.clone(), within: Some(statement.span) });
            }
        }
    }
    found
}
