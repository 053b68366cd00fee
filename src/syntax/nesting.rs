//! How deep a statement nests, measured before it is parsed: every later pass may recurse over the tree.

use crate::diagnostic::{Diagnostic, Span};

use super::token::{Lexeme, Token, Word};

/// Deepest nesting of brackets, calls, signs, powers and `if`.
pub(crate) const DEEPEST: usize = 256;
/// Highest tree: nesting, and operators of one chain (`a + b + c` is a tree of height 2).
pub(crate) const HIGHEST: usize = 1024;

/// What is open between a bracket and its partner.
#[derive(Default)]
struct Level {
    /// Signs, `not` and powers that the present operand hangs on.
    prefixes: usize,
    /// The longest such chain of this item.
    most_prefixes: usize,
    /// `if`s that the present formula stands in.
    conditions: usize,
    /// Infix and postfix operators of the present item of a list.
    operators: usize,
    /// Height of the highest bracket of the present item.
    inner: usize,
    /// Height of the highest item so far.
    height: usize,
}

impl Level {
    fn depth(&self) -> usize {
        self.prefixes + self.conditions
    }

    fn item_height(&self) -> usize {
        self.operators + self.most_prefixes + self.conditions + self.inner
    }

    fn finish_item(&mut self) {
        *self = Level { height: self.height.max(self.item_height()), ..Level::default() };
    }
}

/// The diagnostic for the first place that nests too deep, if there is one.
pub(crate) fn excess(statement: &[Lexeme]) -> Option<Diagnostic> {
    let mut levels = vec![Level::default()];
    let mut outer_depth = 0; // of all levels but the last
    let mut operand_before = false;
    for lexeme in statement {
        let is_nested = levels.len() > 1;
        let level = levels.last_mut().expect("the bottom level is never popped");
        match lexeme.token {
            Token::LeftParenthesis | Token::LeftBracket => {
                level.operators += usize::from(operand_before);
                outer_depth += level.depth() + 1;
                levels.push(Level::default());
            }
            Token::RightParenthesis | Token::RightBracket if is_nested => {
                level.finish_item();
                let inner = level.height + 1;
                levels.pop();
                let level = levels.last_mut().expect("the bottom level is never popped");
                level.inner = level.inner.max(inner);
                outer_depth -= level.depth() + 1;
            }
            Token::Comma | Token::Colon | Token::Word(Word::In | Word::On | Word::With) => level.finish_item(),
            Token::Word(Word::If) => level.conditions += 1,
            Token::Caret | Token::Word(Word::Not) => level.prefixes += 1,
            Token::Plus | Token::Minus if !operand_before => level.prefixes += 1,
            Token::Plus | Token::Minus | Token::Star | Token::Slash => {
                level.operators += 1;
                level.prefixes = 0;
            }
            Token::Dot => level.operators += 1,
            Token::Equal | Token::NotEqual | Token::Less | Token::LessEqual => level.prefixes = 0,
            Token::Greater | Token::GreaterEqual | Token::Word(_) => level.prefixes = 0,
            _ => {}
        }
        let level = levels.last_mut().expect("the bottom level is never popped");
        level.most_prefixes = level.most_prefixes.max(level.prefixes);
        if outer_depth + level.depth() > DEEPEST {
            return Some(too_deep(lexeme.span));
        }
        if level.item_height() > HIGHEST {
            return Some(too_long(lexeme.span));
        }
        operand_before = lexeme.token.ends_operand();
    }
    None
}

fn too_deep(span: Span) -> Diagnostic {
    let message = format!("the formula nests deeper than {DEEPEST} levels");
    Diagnostic::error("E0014", message, span, "this is one level too many")
        .help("give parts of it a name: `let part = ...`")
}

fn too_long(span: Span) -> Diagnostic {
    let message = format!("the formula has more than {HIGHEST} operations one within the other");
    Diagnostic::error("E0014", message, span, "this is one operation too many")
        .help("give parts of it a name (`let part = ...`), or write a sum as `sum(i in 1..10, ...)`")
}
