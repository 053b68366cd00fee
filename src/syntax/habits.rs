//! Habits from other languages, and what they are called here: part of [`explain`](super::explain).

use crate::diagnostic::{Diagnostic, Span};

use super::explain::Stumble;
use super::token::{Keyword, Lexeme, Token, Word};

/// Rules for statements that are right elsewhere, in the order in which they are tried.
pub(super) const RULES: &[fn(&Stumble) -> Option<Diagnostic>] = &[
    choice_behind_value,
    place_of_initial_condition,
    decimal_comma,
    list_in_brackets,
    count_without_rule,
    interval_as_place,
    several_in_one_statement,
    shapes_joined_by_words,
    comparison_as_number,
];

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

/// `bc u = 0 on x in [0, 1/2]`
fn interval_as_place(mistake: &Stumble) -> Option<Diagnostic> {
    use Word::{And, If, In, Not, On, Or};
    let Token::Name(axis) = mistake.previous()?.token else { return None };
    let before = mistake.at.checked_sub(2).map(|index| mistake.tokens[index].token)?;
    let is_place = matches!(before, Token::Word(On | In | And | Or | Not | If))
        || before == Token::Colon && mistake.is_keyword(&[Keyword::Boundary, Keyword::Region]);
    let [opener, inside @ ..] = mistake.tokens.get(mistake.at + 1..)? else { return None };
    let opens = matches!(opener.token, Token::LeftBracket | Token::LeftParenthesis);
    if mistake.token() != Token::Word(In) || !is_place || !opens {
        return None;
    }
    let closer = inside.iter().position(|l| matches!(l.token, Token::RightBracket | Token::RightParenthesis))?;
    let comma = inside[..closer].iter().position(|lexeme| lexeme.token == Token::Comma)?;
    let end = |part: &[Lexeme]| Some(mistake.text(part.first()?.span.to(part.last()?.span)));
    let range = format!("{} <= {axis} <= {}", end(&inside[..comma])?, end(&inside[comma + 1..closer])?);
    let span = mistake.previous()?.span.to(inside[closer].span);
    let error = Diagnostic::error("E0004", "a place is described by comparisons", span, "an interval");
    Some(error.help(format!("write `{range}`")).fix(span, range))
}

/// `param a = 2, b = 1`
fn several_in_one_statement(mistake: &Stumble) -> Option<Diagnostic> {
    use Keyword::{Boundary, Fit, Let, Network, Param, Region, Report, Sample, Set, Train};
    let single = [Param, Fit, Let, Boundary, Region, Network, Sample, Train, Report, Set];
    let keyword = single.into_iter().find(|keyword| mistake.is_keyword(&[*keyword]))?.text();
    let next = |ahead: usize| mistake.tokens.get(mistake.at + ahead).map(|lexeme| lexeme.token);
    let starts = match (next(1), next(2)) {
        (Some(Token::Name(_)), Some(Token::LeftParenthesis)) => mistake.is_keyword(&[Train, Let]),
        (Some(Token::Name(_)), Some(follows)) => {
            matches!(follows, Token::Equal | Token::Colon | Token::Word(Word::In) | Token::Separator)
        }
        _ => false,
    };
    if mistake.token() != Token::Comma || mistake.is_inside_brackets() || !starts {
        return None;
    }
    let message = format!("a `{keyword}` statement says one thing");
    let error = Diagnostic::error("E0004", message, mistake.span(), "a second one follows");
    let help = format!("write a statement for each: put `; {keyword}` in the place of the comma");
    Some(error.help(help).fix(mistake.span(), format!("; {keyword}")))
}

/// `domain (x, y) in disk((0, 0), 1) and box((0, 0), (1, 1))`
fn shapes_joined_by_words(mistake: &Stumble) -> Option<Diagnostic> {
    let operator = match mistake.token() {
        Token::Word(Word::And) => "*",
        Token::Word(Word::Or) => "+",
        Token::Word(Word::Not) => "-",
        _ => return None,
    };
    if !mistake.is_keyword(&[Keyword::Domain, Keyword::Let]) || !mistake.previous()?.token.ends_operand() {
        return None;
    }
    let label = format!("here it is `{operator}`");
    let error = Diagnostic::error("E0004", "shapes are joined by operators", mistake.span(), label);
    let help = "`a + b` is what lies in one of two shapes, `a*b` in both, `a - b` in the first only";
    Some(error.help(help).fix(mistake.span(), operator))
}

/// `eq lap(u) = x < 1/2`
fn comparison_as_number(mistake: &Stumble) -> Option<Diagnostic> {
    use Token::{Comma, Equal, Greater, GreaterEqual, Less, LessEqual, NotEqual, Separator};
    let compares = matches!(mistake.token(), Greater | GreaterEqual | Less | LessEqual | NotEqual);
    let before = &mistake.tokens[..mistake.at];
    let is_condition = before.iter().any(|lexeme| matches!(lexeme.token, Token::Word(_)));
    if !compares || is_condition || mistake.is_inside_brackets() {
        return None;
    }
    let first = before.iter().rposition(|lexeme| matches!(lexeme.token, Equal | Comma))? + 1;
    let ends = |lexeme: &Lexeme| matches!(lexeme.token, Comma | Separator | Token::Word(_));
    let last = mistake.at + mistake.tokens[mistake.at..].iter().position(ends)?;
    if before[first - 1].token != Equal || first == mistake.at || last == mistake.at + 1 {
        return None;
    }
    let span = mistake.tokens[first].span.to(mistake.tokens[last - 1].span);
    let message = "a comparison stands where a number must be";
    let error = Diagnostic::error("E0021", message, span, "this is true or false");
    let written = mistake.text(span);
    Some(if written.len() > 60 || written.contains('\n') {
        error.help("`if ... then 1 else 0` makes a number of it")
    } else {
        let number = format!("if {written} then 1 else 0");
        error.help(format!("write `{number}` to make a number of it")).fix(span, number)
    })
}

/// The condition `u(0) = 0` or `u(0, y) = 0`: what stands in the parentheses is a place.
pub(super) fn value_at_point(tokens: &[Lexeme]) -> bool {
    use Token::{Comma, LeftParenthesis, Minus, Name, Number, RightParenthesis};
    let [name, opener, arguments @ ..] = tokens else { return false };
    let (Name(name), LeftParenthesis) = (name.token, opener.token) else { return false };
    let Some(end) = arguments.iter().position(|lexeme| lexeme.token == RightParenthesis) else { return false };
    let arguments = &arguments[..end];
    // Of a derivative, `d(u, x, 2)`, the number is the order.
    name != "d"
        && arguments.iter().any(|lexeme| matches!(lexeme.token, Number(_)))
        && arguments.iter().all(|lexeme| matches!(lexeme.token, Name(_) | Number(_) | Minus | Comma))
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
