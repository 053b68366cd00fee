//! What the grammar stumbled on, in the words of the person who wrote it.
//!
//! Rules for common mistakes come first, from the most particular to the most general; [`misfit`] is the last resort
//! and says what could stand there instead.

use crate::diagnostic::{Diagnostic, Source, Span};

use super::habits;
use super::parse::Place;
use super::suggest;
use super::token::{Keyword, Lexeme, Token, Word};

/// The diagnostic for a statement that the grammar could not read; `expected` is lalrpop's list of terminals.
pub(super) fn explain(source: &Source, place: &Place, expected: &[String]) -> Diagnostic {
    let mistake = Stumble::new(source, place, expected);
    let rules: &[fn(&Stumble) -> Option<Diagnostic>] = &[
        unknown_statement,
        statement_on_the_same_line,
        condition_without_place,
        two_places,
        equation_without_equal,
        second_equal,
        if_without_else,
        options_outside,
        reserved_name,
        missing_comma,
        missing_colon,
        arguments_outside,
        missing_product,
    ];
    let rules = habits::RULES.iter().chain(rules);
    rules.into_iter().find_map(|rule| rule(&mistake)).unwrap_or_else(|| misfit(&mistake))
}

/// A statement and the token at which reading it stopped.
pub(super) struct Stumble<'work> {
    source: &'work Source,
    /// All tokens of the statement, its separator included.
    pub tokens: &'work [Lexeme<'work>],
    /// Index of the token that does not fit.
    pub at: usize,
    expected: &'work [String],
    keyword: Option<Keyword>,
}

impl<'work> Stumble<'work> {
    fn new(source: &'work Source, place: &Place<'work, 'work>, expected: &'work [String]) -> Self {
        let keyword = match place.tokens[0].token {
            Token::Keyword(keyword) => Some(keyword),
            _ => None,
        };
        Stumble { source, tokens: place.tokens, at: place.at, expected, keyword }
    }

    pub fn token(&self) -> Token<'work> {
        self.tokens[self.at].token
    }

    pub fn span(&self) -> Span {
        self.tokens[self.at].span
    }

    pub fn text(&self, span: Span) -> &'work str {
        self.source.slice(span)
    }

    pub fn previous(&self) -> Option<Lexeme<'work>> {
        self.at.checked_sub(1).map(|index| self.tokens[index])
    }

    fn next(&self) -> Option<Token<'work>> {
        self.tokens.get(self.at + 1).map(|lexeme| lexeme.token)
    }

    /// An empty place right behind the token before.
    fn behind_previous(&self) -> Span {
        let end = self.previous().map_or(self.span().start, |previous| previous.span.end);
        Span { start: end, end }
    }

    pub fn could_be(&self, terminal: &str) -> bool {
        self.expected.iter().any(|name| name.trim_matches('"') == terminal)
    }

    pub fn is_keyword(&self, keywords: &[Keyword]) -> bool {
        self.keyword.is_some_and(|keyword| keywords.contains(&keyword))
    }

    fn has(&self, token: Token) -> bool {
        self.tokens.iter().any(|lexeme| lexeme.token == token)
    }

    /// Whether the statement, or the part of it that is listed here, ends at this token.
    fn is_at_end(&self) -> bool {
        matches!(
            self.token(),
            Token::Separator | Token::Comma | Token::RightParenthesis | Token::RightBracket | Token::Word(_)
        )
    }

    pub fn is_inside_brackets(&self) -> bool {
        let depth = self.tokens[..self.at].iter().fold(0_i64, |depth, lexeme| match lexeme.token {
            Token::LeftParenthesis | Token::LeftBracket => depth + 1,
            Token::RightParenthesis | Token::RightBracket => depth - 1,
            _ => depth,
        });
        depth > 0
    }

    /// The equation that the statement breaks off in.
    fn item_span(&self) -> Span {
        let mut depth = 0_i64;
        let starts = |lexeme: &Lexeme| {
            depth += match lexeme.token {
                Token::RightParenthesis | Token::RightBracket => 1,
                Token::LeftParenthesis | Token::LeftBracket => -1,
                _ => 0,
            };
            depth <= 0 && matches!(lexeme.token, Token::Comma | Token::Colon | Token::Keyword(_))
        };
        let first = self.tokens[..self.at].iter().rposition(starts).map_or(0, |before| before + 1);
        let last = self.at.saturating_sub(1).max(first);
        self.tokens[first.min(self.at)].span.to(self.tokens[last.min(self.at)].span)
    }
}

/// Statements whose body is equations.
const EQUATIONS: &[Keyword] =
    &[Keyword::Eq, Keyword::Bc, Keyword::Ic, Keyword::Constraint, Keyword::Exact, Keyword::Ansatz];

/// Statements that call a method by its name.
const CALLS: &[Keyword] = &[Keyword::Network, Keyword::Sample, Keyword::Train, Keyword::Output];

fn unknown_statement(mistake: &Stumble) -> Option<Diagnostic> {
    let first = mistake.tokens[0];
    let condition = mistake.tokens.get(1).filter(|second| {
        matches!(second.token, Token::Name("condition" | "conditions"))
            && matches!(mistake.keyword, None | Some(Keyword::Boundary))
    });
    if mistake.keyword.is_some() && condition.is_none() {
        return None;
    }
    let word = mistake.text(first.span);
    if condition.is_some() || matches!(first.token, Token::Name(_)) {
        let meant = if condition.is_some() && mistake.keyword.is_some() {
            Some(Keyword::Bc)
        } else {
            suggest::keyword(word).filter(|_| !is_formula_with(mistake.tokens))
        };
        if let Some(keyword) = meant {
            let span = condition.map_or(first.span, |second| first.span.to(second.span));
            let error = wrong_keyword(mistake.text(span), span, keyword);
            // `optimizer: adam` of a configuration file needs more than another word.
            let fits = mistake.tokens.get(1).is_none_or(|second| !matches!(second.token, Token::Colon | Token::Equal));
            return Some(if fits { error } else { Diagnostic { fixes: Vec::new(), ..error } });
        }
    }
    if mistake.has(Token::Equal) && !starts_like_statement(mistake.tokens) {
        let keyword = if mistake.has(Token::Word(Word::On)) { Keyword::Bc } else { Keyword::Eq };
        let span = first.span.to(mistake.tokens[mistake.tokens.len() - 1].span);
        let start = Span { start: span.start, end: span.start };
        let word = keyword.text();
        let error = Diagnostic::error("E0010", "a statement starts with its keyword", span, "no keyword");
        return Some(error.help(format!("for {} write `{word} ...`", purpose(keyword))).fix(start, format!("{word} ")));
    }
    let error = Diagnostic::error("E0010", format!("unknown statement `{word}`"), first.span, "not a statement");
    let known: Vec<_> = Keyword::ALL.iter().map(|keyword| keyword.text()).collect();
    Some(error.note(format!("the statements are {}", known.join(", "))))
}

/// `u = 1` and `f(x) = 1`: the first word is part of a formula, not a keyword that was misspelt.
fn is_formula_with(tokens: &[Lexeme]) -> bool {
    use Token::{Caret, Dot, Equal, LeftParenthesis, Minus, Plus, Slash, Star};
    let Token::Name(name) = tokens[0].token else { return true };
    name.len() <= 2
        && matches!(
            tokens.get(1).map(|second| second.token),
            Some(Equal | Plus | Minus | Star | Slash | Caret | Dot | LeftParenthesis)
        )
}

/// A name followed by another one: a keyword that nobody knows.
fn starts_like_statement(tokens: &[Lexeme]) -> bool {
    matches!((tokens[0].token, tokens.get(1).map(|second| second.token)), (Token::Name(_), Some(Token::Name(_))))
}

fn wrong_keyword(written: &str, span: Span, keyword: Keyword) -> Diagnostic {
    let meant = keyword.text();
    let (message, label) = (format!("unknown statement `{written}`"), format!("the word is `{meant}`"));
    let help = format!("the statement for {} is `{meant}`: `{}`", purpose(keyword), keyword.form());
    let error = Diagnostic::error("E0010", message, span, label).help(help);
    if suggest::replaces(written) { error.fix(span, meant) } else { error }
}

fn purpose(keyword: Keyword) -> &'static str {
    match keyword {
        Keyword::Problem => "the name of the problem",
        Keyword::Import => "another file",
        Keyword::Domain => "space",
        Keyword::Time => "the time axis",
        Keyword::Unknown => "unknown functions",
        Keyword::Param => "parameters",
        Keyword::Fit => "unknown numbers",
        Keyword::Let => "definitions",
        Keyword::Boundary => "named parts of the boundary",
        Keyword::Region => "named parts of the domain",
        Keyword::Eq => "equations",
        Keyword::Bc => "boundary conditions",
        Keyword::Ic => "initial conditions",
        Keyword::Minimize => "energies",
        Keyword::Constraint => "constraints",
        Keyword::Data => "measured values",
        Keyword::Reference => "reference solutions",
        Keyword::Exact => "exact solutions",
        Keyword::Ansatz => "the form of the solution",
        Keyword::Network => "the network",
        Keyword::Sample => "sample points",
        Keyword::Train => "training",
        Keyword::Output => "fields to write out",
        Keyword::Report => "numbers to report",
        Keyword::Set => "settings",
    }
}

fn statement_on_the_same_line(mistake: &Stumble) -> Option<Diagnostic> {
    let Token::Name(name) = mistake.token() else { return None };
    let keyword = Keyword::from_text(name)?;
    let starts = matches!(mistake.next(), Some(Token::Name(_) | Token::Number(_) | Token::Text(_)));
    if !starts || mistake.previous().is_some_and(|previous| !previous.token.ends_statement()) {
        return None;
    }
    let between = Span { start: mistake.behind_previous().start, end: mistake.span().start };
    let label = format!("`{}` starts a statement", keyword.text());
    let error = Diagnostic::error("E0004", "a statement starts on a line of its own", mistake.span(), label);
    Some(error.help("start a new line before it, or write `;`").fix(between, "\n"))
}

fn condition_without_place(mistake: &Stumble) -> Option<Diagnostic> {
    if !mistake.is_keyword(&[Keyword::Bc]) || !mistake.could_be("on") {
        return None;
    }
    let message = "a boundary condition needs a place";
    let equations = mistake.item_span();
    match mistake.token() {
        Token::Separator | Token::Word(Word::With) => {
            let error = Diagnostic::error("E0007", message, equations, "where does it hold?");
            let start = mistake.tokens[..mistake.at].iter().position(|lexeme| lexeme.span.start == equations.start);
            if start.is_some_and(|start| habits::value_at_point(&mistake.tokens[start..])) {
                return Some(error.help("the unknown stands alone, the place behind `on`: `bc u = 0 on x = 0`"));
            }
            let help = "write `on boundary`, or a part of it such as `on x = 0`";
            Some(error.help(help).fix(mistake.behind_previous(), " on boundary"))
        }
        Token::Name("at" | "where" | "for" | "when") | Token::Word(Word::In | Word::If) => {
            let error = Diagnostic::error("E0007", message, mistake.span(), "a place starts with `on`");
            let word = mistake.text(mistake.span());
            Some(error.help(format!("replace `{word}` by `on`")).fix(mistake.span(), "on"))
        }
        _ => None,
    }
}

fn two_places(mistake: &Stumble) -> Option<Diagnostic> {
    let places = mistake.tokens[..mistake.at].iter().any(|lexeme| lexeme.token == Token::Word(Word::On));
    if mistake.token() != Token::Comma || !places || !mistake.could_be("or") {
        return None;
    }
    let ends = |lexeme: &&Lexeme| matches!(lexeme.token, Token::Separator | Token::Word(Word::With));
    let end = mistake.tokens[mistake.at..].iter().find(ends).map_or(mistake.span().end, |end| end.span.start);
    let rest = Span { start: mistake.span().end, end };
    let (message, label) = ("a condition holds at one place", "a second place follows");
    let error = Diagnostic::error("E0008", message, mistake.span(), label);
    let second = mistake.text(rest).trim();
    let help = if second.len() <= 40 && !second.contains('\n') {
        format!("join the places: `or {second}`")
    } else {
        "join the places with `or`".to_owned()
    };
    Some(error.help(help).fix(mistake.span(), " or"))
}

fn equation_without_equal(mistake: &Stumble) -> Option<Diagnostic> {
    use Token::{Greater, GreaterEqual, Less, LessEqual, NotEqual};
    if !mistake.is_keyword(EQUATIONS) || !mistake.could_be("=") {
        return None;
    }
    if matches!(mistake.token(), Greater | GreaterEqual | Less | LessEqual | NotEqual) {
        let label = "this compares, it does not equate";
        let error = Diagnostic::error("E0009", "an equation needs `=`", mistake.span(), label);
        return Some(error.help("inequalities are allowed behind `on`, `in` and `if`"));
    }
    if !mistake.is_at_end() || mistake.is_inside_brackets() {
        return None;
    }
    let label = "this is a formula, not an equation";
    let error = Diagnostic::error("E0009", "an equation needs `=`", mistake.item_span(), label);
    Some(error.help("write `= 0` behind it, or what it equals").fix(mistake.behind_previous(), " = 0"))
}

fn second_equal(mistake: &Stumble) -> Option<Diagnostic> {
    let start =
        mistake.tokens[..mistake.at].iter().rposition(|l| matches!(l.token, Token::Comma | Token::Keyword(_)))?;
    let first = mistake.tokens[start..mistake.at].iter().find(|lexeme| lexeme.token == Token::Equal)?;
    if mistake.token() != Token::Equal || mistake.is_inside_brackets() {
        return None;
    }
    let error = Diagnostic::error("E0004", "an equation has one `=`", mistake.span(), "a second one");
    Some(error.label(first.span, "the first one").help("write two equations, or separate them by a comma"))
}

fn if_without_else(mistake: &Stumble) -> Option<Diagnostic> {
    let needs_then = mistake.could_be("then");
    if !mistake.is_at_end() || !(needs_then || mistake.could_be("else")) {
        return None;
    }
    let mut elses = 0;
    let opener = mistake.tokens[..mistake.at].iter().rev().find(|lexeme| {
        elses += usize::from(lexeme.token == Token::Word(Word::Else));
        let is_if = lexeme.token == Token::Word(Word::If);
        let answered = is_if && elses > 0;
        elses -= usize::from(answered);
        is_if && !answered
    })?;
    let (message, label, help) = if needs_then {
        ("`if` needs `then` and `else`", "no `then` follows", "write `if x < 0 then 1 else 0`")
    } else {
        ("`if` needs `else`", "no `else` follows", "a formula has a value everywhere: add for example `else 0`")
    };
    let written = mistake.previous().map_or(opener.span, |previous| opener.span.to(previous.span));
    Some(Diagnostic::error("E0011", message, written, label).help(help))
}

fn options_outside(mistake: &Stumble) -> Option<Diagnostic> {
    let previous = mistake.previous()?;
    let Token::Name(method) = previous.token else { return None };
    if !mistake.is_keyword(CALLS) || !mistake.could_be("(") || mistake.is_inside_brackets() {
        return None;
    }
    let is_option = matches!(mistake.token(), Token::Name(_) | Token::Number(_) | Token::Comma);
    if mistake.token() == Token::Separator || matches!(mistake.token(), Token::Word(Word::With) | Token::Arrow) {
        let message = format!("`{method}` needs parentheses, even without options");
        let error = Diagnostic::error("E0012", message, previous.span, "a call");
        return Some(error.help(format!("write `{method}()`")).fix(mistake.behind_previous(), "()"));
    }
    if !is_option || mistake.is_keyword(&[Keyword::Output]) {
        return None;
    }
    let rest = &mistake.tokens[mistake.at..];
    let last =
        rest.iter().position(|l| matches!(l.token, Token::Separator | Token::Word(Word::With) | Token::Arrow))?;
    let options = &rest[..last];
    let span = mistake.span().to(options.last()?.span);
    let call = format!("{method}({})", listed(mistake, options));
    let error = Diagnostic::error("E0012", format!("options of `{method}` go in parentheses"), span, "options");
    let error = if call.len() <= 60 { error.help(format!("write `{call}`")) } else { error };
    Some(error.fix(previous.span.to(span), call))
}

/// Options that were written one after the other, with commas between them.
fn listed(mistake: &Stumble, options: &[Lexeme]) -> String {
    let mut call = String::new();
    for (index, lexeme) in options.iter().enumerate().filter(|(_, lexeme)| lexeme.token != Token::Comma) {
        let starts = index > 0 && (options[index - 1].token.ends_operand() || options[index - 1].token == Token::Comma);
        let is_operand = matches!(lexeme.token, Token::Name(_) | Token::Number(_) | Token::Text(_));
        call.push_str(if starts && is_operand { ", " } else { "" });
        call.push_str(mistake.text(lexeme.span));
    }
    call
}

fn reserved_name(mistake: &Stumble) -> Option<Diagnostic> {
    let Token::Word(_) = mistake.token() else { return None };
    if !mistake.could_be("NAME") || mistake.could_be("NUMBER") {
        return None;
    }
    let word = mistake.text(mistake.span());
    let message = format!("`{word}` is a word of the language and cannot be a name");
    Some(
        Diagnostic::error("E0022", message, mistake.span(), "a reserved word")
            .help("choose another name")
            .note("the reserved words are in, on, with, from, if, then, else, and, or, not, periodic"),
    )
}

fn missing_comma(mistake: &Stumble) -> Option<Diagnostic> {
    let previous = mistake.previous()?;
    let between_numbers = matches!((previous.token, mistake.token()), (Token::Number(_), Token::Number(_)));
    let before_option = matches!(mistake.token(), Token::Name(_)) && mistake.next() == Some(Token::Equal);
    let between_options = mistake.is_inside_brackets() && before_option && previous.token.ends_operand();
    let between_names = matches!((previous.token, mistake.token()), (Token::Name(_), Token::Name(_)))
        && !mistake.could_be("*")
        && mistake.could_be(",");
    if mistake.is_keyword(&[Keyword::Data, Keyword::Reference])
        || !mistake.could_be(",")
        || !(between_numbers || between_options || between_names)
    {
        return None;
    }
    let between = Span { start: previous.span.end, end: mistake.span().start };
    let written = mistake.text(previous.span.to(mistake.span()));
    let label = format!("`{}` is a second item", mistake.text(mistake.span()));
    let error = Diagnostic::error("E0004", "a comma is missing", mistake.span(), label);
    Some(
        error.help(format!("write `{}`", written.split_whitespace().collect::<Vec<_>>().join(", "))).fix(between, ", "),
    )
}

/// `eq heat u_t = u_xx`: a word and not a symbol, so more likely a label than a factor.
fn missing_colon(mistake: &Stumble) -> Option<Diagnostic> {
    let previous = mistake.previous()?;
    let Token::Name(label) = previous.token else { return None };
    let is_word = label.len() > 2 && !label.contains('_') && !FUNCTIONS.contains(&label);
    let starts_formula = matches!(mistake.token(), Token::Name(_) | Token::Number(_));
    if mistake.at != 2 || !mistake.could_be(":") || !is_word || !starts_formula {
        return None;
    }
    let error = Diagnostic::error("E0004", "a label ends with a colon", previous.span, "no colon follows");
    Some(error.help(format!("write `{label}:`")).fix(mistake.behind_previous(), ":"))
}

/// Functions and operators that people write without parentheses on paper.
const FUNCTIONS: &[&str] = &[
    "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "sech", "exp", "log", "sqrt", "abs", "sign",
    "step", "lap", "grad", "div", "curl", "dn", "integral", "sum", "norm2", "re", "im", "abs2",
];

fn arguments_outside(mistake: &Stumble) -> Option<Diagnostic> {
    let previous = mistake.previous()?;
    let Token::Name(function) = previous.token else { return None };
    if !FUNCTIONS.contains(&function) || !matches!(mistake.token(), Token::Name(_) | Token::Number(_)) {
        return None;
    }
    let span = previous.span.to(mistake.span());
    let call = format!("{function}({})", mistake.text(mistake.span()));
    let message = format!("the argument of `{function}` goes in parentheses");
    let error = Diagnostic::error("E0012", message, span, "a call needs parentheses");
    Some(error.help(format!("write `{call}`")).fix(span, call))
}

fn missing_product(mistake: &Stumble) -> Option<Diagnostic> {
    let previous = mistake.previous()?;
    let starts_operand =
        matches!(mistake.token(), Token::Name(_) | Token::Number(_) | Token::Imaginary(_) | Token::LeftParenthesis);
    if !previous.token.ends_operand() || !starts_operand || !mistake.could_be("*") {
        return None;
    }
    let between = Span { start: previous.span.end, end: mistake.span().start };
    let (left, right) = (mistake.text(previous.span), mistake.text(mistake.span()));
    let left = if left.starts_with([')', ']']) { format!("...{left}") } else { left.to_owned() };
    let right = if right == "(" { "(...)" } else { right };
    let span = previous.span.to(mistake.span());
    let blank = if between.start < between.end { " " } else { "" };
    let message = format!("`{left}{blank}{right}` is not a product");
    let error = Diagnostic::error("E0003", message, span, "a `*` is missing");
    Some(error.help(format!("write `{left}*{right}`")).fix(between, "*"))
}

/// What does not fit, what could stand there, and what such a statement looks like.
fn misfit(mistake: &Stumble) -> Diagnostic {
    let expectation = expectation(mistake.expected);
    let statement = mistake.keyword.map_or("statement".to_owned(), |keyword| format!("`{}` statement", keyword.text()));
    let error = match (mistake.token(), mistake.previous()) {
        (Token::Separator, Some(previous)) => {
            let message = format!("the {statement} is incomplete");
            Diagnostic::error("E0004", message, previous.span, format!("{expectation} must follow"))
        }
        _ => {
            let written = mistake.text(mistake.span());
            let message = format!("`{written}` does not fit into the {statement}");
            Diagnostic::error("E0004", message, mistake.span(), format!("expected {expectation}"))
        }
    };
    match mistake.keyword {
        Some(keyword) => {
            let article = if keyword.text().starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
            error.help(format!("{article} {statement} reads `{}`", keyword.form()))
        }
        None => error,
    }
}

/// The terminals that could stand here, as people call them.
fn expectation(expected: &[String]) -> String {
    let mut kinds: Vec<String> = Vec::new();
    let is = |name: &str| expected.iter().any(|terminal| terminal.trim_matches('"') == name);
    if is("NUMBER") {
        kinds.push("a formula".to_owned());
    } else {
        kinds.extend(is("NAME").then(|| "a name".to_owned()));
        kinds.extend(is("TEXT").then(|| "a file name in double quotes".to_owned()));
        kinds.extend(is("*").then(|| "an operator".to_owned()));
        let operators = ["+", "-", "*", "/", "^", ".", "[", "(", "NAME", "TEXT", "IMAGINARY", "SEPARATOR", "INVALID"];
        let skipped = |word: &str| operators.contains(&word) && (is("*") || word.len() > 1);
        let mut others: Vec<_> = expected.iter().map(|terminal| terminal.trim_matches('"')).collect();
        others.sort_unstable();
        kinds.extend(others.into_iter().filter(|word| !skipped(word)).map(|word| format!("`{word}`")));
    }
    kinds.extend((is("SEPARATOR") && !is("NUMBER")).then(|| "the end of the statement".to_owned()));
    match kinds.split_last() {
        None => "something else".to_owned(),
        Some((last, [])) => last.clone(),
        Some((last, first)) => format!("{} or {last}", first.join(", ")),
    }
}
