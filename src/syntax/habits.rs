//! Habits from other languages, and what they are called here: part of [`explain`](super::explain).

use crate::diagnostic::{Diagnostic, Span};

use super::explain::Stumble;
use super::token::{Keyword, Lexeme, Token, Word};

/// Rules for statements that are right elsewhere, in the order in which they are tried.
pub(super) const RULES: &[fn(&Stumble) -> Option<Diagnostic>] =
    &[choice_behind_value, place_of_initial_condition, decimal_comma, list_in_brackets, count_without_rule];

/// `1 if x > 0 else 0`
fn choice_behind_value(mistake: &Stumble) -> Option<Diagnostic> {
    if mistake.token() != Token::Word(Word::If) || !mistake.previous()?.token.ends_operand() {
        return None;
    }
    let is = |word: Word| move |lexeme: &Lexeme| lexeme.token == Token::Word(word);
    let middle = mistake.at + mistake.tokens[mistake.at..].iter().position(is(Word::Else))?;
    let starts = |lexeme: &Lexeme| matches!(lexeme.token, Token::Equal | Token::Comma | Token::Keyword(_));
    let first = mistake.tokens[..mistake.at].iter().rposition(starts)? + 1;
    let ends = |lexeme: &Lexeme| matches!(lexeme.token, Token::Separator | Token::Word(_) | Token::Comma);
    let last = middle + 1 + mistake.tokens[middle + 1..].iter().position(ends)?;
    let text = |from: usize, to: usize| {
        (from < to).then(|| mistake.text(mistake.tokens[from].span.to(mistake.tokens[to - 1].span)))
    };
    let error = Diagnostic::error("E0011", "a choice begins with `if`", mistake.span(), "a value stands before it");
    let (yes, condition, no) = (text(first, mistake.at)?, text(mistake.at + 1, middle)?, text(middle + 1, last)?);
    let choice = format!("if {condition} then {yes} else {no}");
    Some(if choice.len() > 80 || choice.contains('\n') {
        error.help("write `if condition then value else other`")
    } else {
        let span = mistake.tokens[first].span.to(mistake.tokens[last - 1].span);
        error.help(format!("write `{choice}`")).fix(span, choice)
    })
}

/// `ic u = 0 on t = 0`
fn place_of_initial_condition(mistake: &Stumble) -> Option<Diagnostic> {
    if !mistake.is_keyword(&[Keyword::Ic]) || mistake.token() != Token::Word(Word::On) {
        return None;
    }
    let label = "it holds at the start of the time axis";
    let error = Diagnostic::error("E0004", "an initial condition takes no place", mistake.span(), label);
    Some(error.help("leave the place out; a condition at another time is a `bc`, such as `bc u = 0 on t = 1`"))
}

/// `param a = 0,25`
fn decimal_comma(mistake: &Stumble) -> Option<Diagnostic> {
    let (previous, next) = (mistake.previous()?, mistake.tokens.get(mistake.at + 1)?);
    let comma = mistake.span();
    let touches = previous.span.end == comma.start && comma.end == next.span.start;
    let (Token::Number(whole), Token::Number(digits)) = (previous.token, next.token) else { return None };
    if mistake.token() != Token::Comma || !touches || whole.contains('.') || digits.contains('.') {
        return None;
    }
    let error = Diagnostic::error("E0005", "a decimal point is written `.`", comma, "a comma separates");
    Some(error.help(format!("write `{whole}.{digits}`")).fix(comma, "."))
}

/// `mlp([32, 32])`
fn list_in_brackets(mistake: &Stumble) -> Option<Diagnostic> {
    let opens = matches!(mistake.previous()?.token, Token::LeftParenthesis | Token::Equal | Token::Comma);
    if mistake.token() != Token::LeftBracket || !opens || mistake.could_be("[") {
        return None;
    }
    let error = Diagnostic::error("E0004", "a list is not written in brackets", mistake.span(), "opened here");
    let arguments = "the arguments of a call stand one after the other, such as `mlp(64, 64)`; a vector is `(a, b)`";
    Some(error.help(arguments))
}

/// `sample interior: 1000`
fn count_without_rule(mistake: &Stumble) -> Option<Diagnostic> {
    let Token::Number(count) = mistake.token() else { return None };
    if !mistake.is_keyword(&[Keyword::Sample]) || mistake.previous()?.token != Token::Colon {
        return None;
    }
    let repaired = format!("sobol({count})");
    let error = Diagnostic::error("E0004", "a sample needs a rule", mistake.span(), "a count alone");
    Some(error.help(format!("write `{repaired}`")).fix(mistake.span(), repaired))
}

/// The condition `u(0) = 0`: what stands in the parentheses is a place.
pub(super) fn value_at_point(tokens: &[Lexeme]) -> bool {
    use Token::{LeftParenthesis, Name, Number, RightParenthesis};
    let shape: Vec<Token> = tokens.iter().map(|lexeme| lexeme.token).take(4).collect();
    matches!(shape.as_slice(), [Name(_), LeftParenthesis, Number(_), RightParenthesis])
}

/// Whether a `;` between brackets separates arguments: no statement follows it.
pub(super) fn separates_arguments(next: Option<&Lexeme>) -> bool {
    let starts_statement = |lexeme: &Lexeme| match lexeme.token {
        Token::Name(name) => Keyword::from_text(name).is_some(),
        _ => false,
    };
    next.is_some_and(|lexeme| !lexeme.after_newline && !starts_statement(lexeme))
}

/// The diagnostic for such a `;`.
pub(super) fn semicolon_in_brackets(span: Span) -> Diagnostic {
    Diagnostic::error("E0004", "arguments are separated by `,`", span, "ends a statement elsewhere")
        .help("replace `;` by `,`")
        .fix(span, ",")
}
