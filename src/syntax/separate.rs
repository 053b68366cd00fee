//! Raw tokens to statements: where one ends, which word is its keyword, whether its brackets are sound.
//!
//! A newline ends a statement, except inside brackets, behind a token that cannot end a statement, and before one that
//! goes on with it. A line that can only be the start of a statement ends the one before in any case: a forgotten
//! bracket does not swallow the rest of the file. Statement words are keywords only as first token of a statement.

use crate::diagnostic::{Diagnostic, Source, Span};

use super::findings::Findings;
use super::habits;
use super::nesting;
use super::token::{Keyword, Lexeme, Token, Word};

/// Cuts raw tokens into statements, as one stream for the grammar.
///
/// Every statement ends with [`Token::Separator`]; one that was reported already is a single [`Token::Invalid`].
pub(crate) fn separate<'source>(
    source: &Source,
    raw: &[Lexeme<'source>],
    findings: &mut Findings,
) -> Vec<Lexeme<'source>> {
    let lexemes = Vec::with_capacity(raw.len() + raw.len() / 8 + 1);
    let mut separator = Separator { source, raw, lexemes, start: 0, open: Vec::new(), broken: false, findings };
    for index in 0..raw.len() {
        separator.take(index);
    }
    separator.end_statement();
    separator.lexemes
}

/// A bracket that waits for its partner.
struct Open {
    span: Span,
    closer: Token<'static>,
    /// Whether it opens the interval of an axis or a parameter.
    interval: bool,
    /// Its place in the output, to repair `(0, 1)` after `in`.
    index: usize,
}

struct Separator<'source, 'work> {
    source: &'work Source,
    raw: &'work [Lexeme<'source>],
    lexemes: Vec<Lexeme<'source>>,
    /// Where in `lexemes` the present statement starts.
    start: usize,
    open: Vec<Open>,
    broken: bool,
    findings: &'work mut Findings,
}

impl<'source> Separator<'source, '_> {
    fn take(&mut self, index: usize) {
        let lexeme = self.raw[index];
        if !self.is_at_start() && lexeme.after_newline && self.line_ends_statement(index) {
            self.end_statement();
        }
        match lexeme.token {
            Token::Semicolon if !self.open.is_empty() && habits::separates_arguments(self.raw.get(index + 1)) => {
                self.findings.push(habits::semicolon_in_brackets(lexeme.span));
                self.lexemes.push(Lexeme { token: Token::Comma, ..lexeme });
            }
            Token::Semicolon => self.end_statement(),
            Token::LeftParenthesis | Token::LeftBracket => self.open_bracket(lexeme),
            Token::RightParenthesis | Token::RightBracket => self.close_bracket(lexeme),
            Token::Name(name) if self.is_at_start() => {
                let keyword = Keyword::from_text(name);
                self.lexemes.push(Lexeme { token: keyword.map_or(lexeme.token, Token::Keyword), ..lexeme });
            }
            _ => {
                self.broken |= lexeme.token == Token::Invalid;
                self.lexemes.push(lexeme);
            }
        }
    }

    fn is_at_start(&self) -> bool {
        self.lexemes.len() == self.start
    }

    fn line_ends_statement(&self, index: usize) -> bool {
        let previous = self.lexemes[self.lexemes.len() - 1].token;
        self.can_only_start_statement(index)
            || (self.open.is_empty() && previous.ends_statement() && !self.raw[index].token.continues_statement())
    }

    /// A statement word and then, in the same line, something that cannot follow a name inside a formula.
    fn can_only_start_statement(&self, index: usize) -> bool {
        let (Token::Name(name), Some(next)) = (self.raw[index].token, self.raw.get(index + 1)) else { return false };
        let Some(keyword) = Keyword::from_text(name) else { return false };
        if next.after_newline {
            return false;
        }
        match next.token {
            Token::Name(_) | Token::Number(_) | Token::Imaginary(_) | Token::Text(_) => true,
            Token::Word(word) => matches!(word, Word::If | Word::Not),
            // These words make poor names, so that `eq -lap(u) = f` below an open bracket is a statement all the same.
            Token::Minus | Token::LeftParenthesis => {
                use Keyword::{Bc, Constraint, Domain, Eq, Ic, Minimize};
                let column = self.source.location(self.raw[index].span.start).column;
                column == 1 && matches!(keyword, Eq | Bc | Ic | Minimize | Constraint | Domain)
            }
            _ => false,
        }
    }

    fn open_bracket(&mut self, lexeme: Lexeme<'source>) {
        let is_square = lexeme.token == Token::LeftBracket;
        let closer = if is_square { Token::RightBracket } else { Token::RightParenthesis };
        let interval = self.open.is_empty() && self.expects_interval();
        self.open.push(Open { span: lexeme.span, closer, interval, index: self.lexemes.len() });
        self.lexemes.push(lexeme);
    }

    /// Behind `x in` and `x[1..3] in` of a statement that gives bounds.
    fn expects_interval(&self) -> bool {
        use Keyword::{Domain, Fit, Param, Time};
        let statement = &self.lexemes[self.start..];
        let bounds =
            matches!(statement.first().map(|first| first.token), Some(Token::Keyword(Domain | Time | Param | Fit)));
        let before = statement.len().checked_sub(2).map(|index| statement[index].token);
        let names_axis = before.is_some_and(|token| token.ends_operand() && token != Token::RightParenthesis);
        bounds && names_axis && statement.last().is_some_and(|last| last.token == Token::Word(Word::In))
    }

    fn close_bracket(&mut self, lexeme: Lexeme<'source>) {
        let Some(open) = self.open.pop() else { return self.closes_nothing(lexeme) };
        if open.interval && (open.closer != Token::RightBracket || lexeme.token != Token::RightBracket) {
            return self.repair_interval(&open, lexeme);
        }
        if open.closer != lexeme.token {
            let (opener, right) = if open.closer == Token::RightBracket { ("[", "]") } else { ("(", ")") };
            let written = self.source.slice(lexeme.span);
            let message = format!("`{opener}` is closed by `{written}`");
            let error = Diagnostic::error("E0013", message, lexeme.span, format!("`{right}` belongs here"))
                .label(open.span, "opened here")
                .help(format!("replace `{written}` by `{right}`"));
            self.findings.push(error.fix(lexeme.span, right));
        }
        self.lexemes.push(Lexeme { token: open.closer, ..lexeme });
    }

    fn closes_nothing(&mut self, lexeme: Lexeme<'source>) {
        let written = self.source.slice(lexeme.span);
        let message = format!("`{written}` closes nothing");
        if !self.broken {
            let error = Diagnostic::error("E0013", message, lexeme.span, "no bracket is open here");
            self.findings.push(error.help("remove it, or open a bracket before").fix(lexeme.span, ""));
        }
        // Without it the statement most likely says what was meant; but only its writer knows where one is missing.
        self.broken = true;
        self.lexemes.push(lexeme);
    }

    /// `(0, 1)` and `[0, 1)` are read as `[0, 1]`.
    fn repair_interval(&mut self, open: &Open, lexeme: Lexeme<'source>) {
        let inside = Span { start: open.span.end, end: lexeme.span.start };
        let has_comma = self.lexemes[open.index..].iter().any(|inner| inner.token == Token::Comma);
        if open.closer == Token::RightParenthesis && lexeme.token == Token::RightParenthesis && !has_comma {
            self.lexemes.push(lexeme);
            return;
        }
        let repaired = format!("[{}]", self.source.slice(inside));
        let span = open.span.to(lexeme.span);
        let error = Diagnostic::error("E0006", "intervals are closed", span, "both ends belong to the domain");
        let help = if repaired.len() > 60 || repaired.contains('\n') {
            "write it in square brackets".to_owned()
        } else {
            format!("write `{repaired}`; for an axis that closes on itself add `periodic`")
        };
        self.findings.push(error.help(help).fix(span, repaired));
        self.lexemes[open.index].token = Token::LeftBracket;
        self.lexemes.push(Lexeme { token: Token::RightBracket, ..lexeme });
    }

    fn end_statement(&mut self) {
        if self.is_at_start() {
            return;
        }
        if let Some(open) = self.open.first()
            && !self.broken
        {
            let opener = self.source.slice(open.span);
            let closer = if open.closer == Token::RightBracket { "]" } else { ")" };
            let message = format!("`{opener}` is never closed");
            let error = Diagnostic::error("E0013", message, open.span, "opened here");
            self.findings.push(error.help(format!("close it with `{closer}` where its content ends")));
            self.broken = true;
        }
        self.open.clear();
        if !self.broken
            && let Some(too_deep) = nesting::excess(&self.lexemes[self.start..])
        {
            self.findings.push(too_deep);
            self.broken = true;
        }
        let span = self.lexemes[self.start].span.to(self.lexemes[self.lexemes.len() - 1].span);
        if std::mem::take(&mut self.broken) {
            self.lexemes.truncate(self.start);
            self.lexemes.push(Lexeme { token: Token::Invalid, span, after_newline: true });
        }
        let end = Span { start: span.end, end: span.end };
        self.lexemes.push(Lexeme { token: Token::Separator, span: end, after_newline: false });
        self.start = self.lexemes.len();
    }
}
