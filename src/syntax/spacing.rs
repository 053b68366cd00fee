//! Where the formatter puts blanks between two tokens of a statement.

use super::token::{Keyword, Lexeme, Token, Word};

/// Whether a blank stands before each token of a statement.
pub(super) fn blanks_before(statement: &[Lexeme]) -> Vec<bool> {
    let mut spacing = Spacing { calls: Vec::new(), attributes: false };
    let mut bonds = Vec::with_capacity(statement.len());
    for index in 0..statement.len() {
        bonds.push(spacing.bond(statement, index));
    }
    let mut blanks = vec![false; statement.len()];
    for index in 1..statement.len() {
        blanks[index] =
            blank_between(statement[index - 1].token, bonds[index - 1], statement[index].token, bonds[index]);
    }
    blanks
}

/// How a token holds on to its neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bond {
    /// Nothing to say: operands, words, brackets.
    Neutral,
    /// Touches what follows: a sign.
    Right,
    /// Touches both sides: `*`, the `=` of an option.
    Both,
    /// Blanks on both sides.
    Apart,
}

struct Spacing {
    /// For each open bracket, whether it holds the arguments of a call.
    calls: Vec<bool>,
    /// Whether `with` came by.
    attributes: bool,
}

impl Spacing {
    fn bond(&mut self, statement: &[Lexeme], index: usize) -> Bond {
        let before = |back: usize| index.checked_sub(back).map(|earlier| statement[earlier].token);
        match statement[index].token {
            Token::LeftParenthesis => {
                self.calls.push(matches!(before(1), Some(Token::Name(_))));
                Bond::Neutral
            }
            Token::LeftBracket => {
                self.calls.push(false);
                Bond::Neutral
            }
            Token::RightParenthesis | Token::RightBracket => {
                self.calls.pop();
                Bond::Neutral
            }
            Token::Word(word) => {
                self.attributes |= word == Word::With && self.calls.is_empty();
                Bond::Apart
            }
            Token::Plus | Token::Minus if !before(1).is_some_and(Token::ends_operand) => Bond::Right,
            Token::Star | Token::Slash | Token::Caret | Token::Dot | Token::DotDot => Bond::Both,
            Token::Equal if self.is_option(before(1), before(2)) => Bond::Both,
            Token::Plus | Token::Minus | Token::Equal | Token::NotEqual | Token::Arrow => Bond::Apart,
            Token::Less | Token::LessEqual | Token::Greater | Token::GreaterEqual => Bond::Apart,
            _ => Bond::Neutral,
        }
    }

    /// `f(key=value)` and `with key=value`.
    fn is_option(&self, key: Option<Token>, opener: Option<Token>) -> bool {
        let (Some(Token::Name(_)), Some(opener)) = (key, opener) else { return false };
        match self.calls.last() {
            Some(&call) => call && matches!(opener, Token::LeftParenthesis | Token::Comma),
            None => self.attributes && matches!(opener, Token::Comma | Token::Word(Word::With)),
        }
    }
}

fn blank_between(left: Token, left_bond: Bond, right: Token, right_bond: Bond) -> bool {
    use Token::{Colon, Comma, Dot, LeftBracket, LeftParenthesis, RightBracket, RightParenthesis};
    if matches!(left, Token::Keyword(_)) {
        return true;
    }
    if matches!((left, right), (Token::Number(_), Dot)) {
        return true; // `2 .x` has a meaning, `2.x` has none
    }
    if matches!(right, RightParenthesis | RightBracket | Comma | Colon) || matches!(left, LeftParenthesis | LeftBracket)
    {
        return false;
    }
    if matches!(left_bond, Bond::Both | Bond::Right) || right_bond == Bond::Both {
        return false;
    }
    match right {
        LeftParenthesis => !matches!(left, Token::Name(_)),
        LeftBracket => !left.ends_operand(),
        _ => true,
    }
}

/// Statements that may carry a label or a name with a colon behind their keyword.
pub(super) fn takes_label(keyword: Keyword) -> bool {
    use Keyword::{Bc, Boundary, Constraint, Eq, Ic, Network, Region, Sample};
    matches!(keyword, Eq | Bc | Ic | Constraint | Network | Sample | Boundary | Region)
}

/// Statements whose first `=` lines up with that of their neighbours.
pub(super) fn aligns_equal(keyword: Keyword) -> bool {
    use Keyword::{Ansatz, Bc, Constraint, Eq, Exact, Fit, Ic, Let, Param, Report, Set};
    matches!(keyword, Ansatz | Bc | Constraint | Eq | Exact | Fit | Ic | Let | Param | Report | Set)
}
