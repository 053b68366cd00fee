//! Characters to raw tokens. Never fails: what it cannot read it reports and leaves as [`Token::Invalid`], and what it
//! recognises as a slip (`==`, `**`, `2u`, `.5`) it reports and repairs, so that the rest of the statement is still read.

use crate::diagnostic::{Diagnostic, Span};

use super::ast::Comment;
use super::characters::{self, Remedy};
use super::findings::Findings;
use super::token::{Lexeme, Token, Word};

/// Longest name, in bytes.
const LONGEST_NAME: usize = 256;
/// Most characters of a number.
const LONGEST_NUMBER: usize = 400;

/// The raw tokens of a text and its comments.
pub(crate) struct Scan<'source> {
    pub lexemes: Vec<Lexeme<'source>>,
    pub comments: Vec<Comment>,
}

/// Splits a text, from a byte on, into raw tokens.
pub(crate) fn scan<'source>(text: &'source str, start: usize, findings: &mut Findings) -> Scan<'source> {
    let start = if text[start..].starts_with('\u{feff}') { start + '\u{feff}'.len_utf8() } else { start };
    let mut scanner = Scanner {
        text,
        position: start,
        after_newline: false,
        line_has_unknown: false,
        lexemes: Vec::new(),
        comments: Vec::new(),
        findings,
    };
    while scanner.position < text.len() {
        scanner.step();
    }
    Scan { lexemes: scanner.lexemes, comments: scanner.comments }
}

struct Scanner<'source, 'findings> {
    text: &'source str,
    position: usize,
    after_newline: bool,
    /// One message about unknown characters is enough for a line.
    line_has_unknown: bool,
    lexemes: Vec<Lexeme<'source>>,
    comments: Vec<Comment>,
    findings: &'findings mut Findings,
}

impl<'source> Scanner<'source, '_> {
    fn step(&mut self) {
        let byte = self.text.as_bytes()[self.position];
        match byte {
            b'\n' => {
                self.position += 1;
                self.after_newline = true;
                self.line_has_unknown = false;
            }
            b' ' | b'\t' | b'\r' => self.position += 1,
            b'#' => self.comment(),
            b'"' => self.quoted('"'),
            b'0'..=b'9' => self.number(),
            b'.' if self.starts_bare_fraction() => self.number(),
            b'a'..=b'z' | b'A'..=b'Z' => self.name(),
            _ => self.symbol_or_other(),
        }
    }

    fn rest(&self) -> &'source str {
        &self.text[self.position..]
    }

    fn byte_at(&self, position: usize) -> u8 {
        self.text.as_bytes().get(position).copied().unwrap_or(b'\n')
    }

    fn push(&mut self, token: Token<'source>, length: usize) {
        let span = Span::new(self.position, self.position + length);
        self.lexemes.push(Lexeme { token, span, after_newline: std::mem::take(&mut self.after_newline) });
        self.position += length;
    }

    fn span_of(&self, length: usize) -> Span {
        Span::new(self.position, self.position + length)
    }

    fn comment(&mut self) {
        let line = self.rest().split('\n').next().unwrap_or_default().trim_end();
        let trailing = !self.after_newline && !self.lexemes.is_empty();
        if line.contains(characters::is_direction_control) {
            let message = "a comment holds invisible characters that change the direction of the text";
            let warning = Diagnostic::warning("W0018", message, self.span_of(line.len()), "it may read differently");
            self.findings.push(warning.help("remove them"));
        }
        self.comments.push(Comment { span: self.span_of(line.len()), trailing });
        self.position += line.len();
    }

    /// Where the partner of the quote at the present position stands, counted from there.
    fn closing_quote(&self, quote: char) -> Option<usize> {
        let inside = &self.rest()[1..];
        let end = inside.find([quote, '\n'])?;
        inside[end..].starts_with(quote).then_some(end + 1)
    }

    fn quoted(&mut self, quote: char) {
        let Some(closing) = self.closing_quote(quote) else { return self.unterminated() };
        let text = &self.rest()[1..closing];
        let span = self.span_of(closing + 1);
        if quote != '"' {
            let error = Diagnostic::error("E0020", "text stands in double quotes", span, "single quotes");
            self.findings.push(error.help(format!("write `\"{text}\"`")).fix(span, format!("\"{text}\"")));
        }
        self.push(Token::Text(text), closing + 1);
    }

    /// A file name seldom holds a blank: the missing quote most likely belongs before the first one.
    fn unterminated(&mut self) {
        let rest = self.rest();
        let word = &rest[..rest.find(char::is_whitespace).unwrap_or(rest.len())];
        let end = Span::new(self.position + word.len(), self.position + word.len());
        let label = "this quote has no partner on its line";
        let error = Diagnostic::error("E0020", "text without a closing quote", self.span_of(1), label);
        self.findings.push(error.help(format!("write `{}\"`", shortened(word))).fix(end, "\""));
        self.push(Token::Text(&word[1..]), word.len());
    }

    fn touches_operand(&self) -> bool {
        self.lexemes.last().is_some_and(|last| last.token.ends_operand() && last.span.end as usize == self.position)
    }

    fn starts_bare_fraction(&self) -> bool {
        self.byte_at(self.position + 1).is_ascii_digit() && !self.touches_operand()
    }

    fn digits_from(&self, start: usize) -> usize {
        let digits = self.text.as_bytes()[start..].iter().take_while(|byte| byte.is_ascii_digit());
        start + digits.count()
    }

    fn number(&mut self) {
        let start = self.position;
        let whole = self.digits_from(start);
        let mut end = whole;
        let mut misplaced_point = whole == start;
        if self.byte_at(end) == b'.' && self.byte_at(end + 1) != b'.' {
            end = self.digits_from(end + 1);
            misplaced_point |= end == whole + 1;
        }
        let mantissa = end;
        if matches!(self.byte_at(end), b'e' | b'E') {
            let sign = usize::from(matches!(self.byte_at(end + 1), b'+' | b'-'));
            if self.byte_at(end + 1 + sign).is_ascii_digit() {
                end = self.digits_from(end + 1 + sign);
            }
        }
        if mantissa == end && matches!(self.byte_at(end), b'd' | b'D') && self.is_fortran_exponent(end + 1) {
            return self.fortran_number(start, mantissa);
        }
        if self.byte_at(end) == b'_' || self.second_point(mantissa, end) {
            return self.grouped_number(start);
        }
        let literal = &self.text[start..end];
        if misplaced_point {
            self.misplaced_point(literal, whole - start);
        }
        self.check_range(literal);
        if self.byte_at(end) == b'i' && !is_name_byte(self.byte_at(end + 1)) {
            self.push(Token::Imaginary(literal), literal.len() + 1);
        } else {
            self.push(Token::Number(literal), literal.len());
        }
    }

    /// `1.2.3`, but not the range `1.5..2`.
    fn second_point(&self, mantissa: usize, end: usize) -> bool {
        mantissa == end && self.byte_at(end) == b'.' && self.byte_at(end + 1).is_ascii_digit()
    }

    /// `-3`, and no name, behind `1.0d`.
    fn is_fortran_exponent(&self, at: usize) -> bool {
        let sign = usize::from(matches!(self.byte_at(at), b'+' | b'-'));
        let end = self.digits_from(at + sign);
        sign == 1 && end > at + sign && !is_name_byte(self.byte_at(end))
    }

    /// `1.0d-3`
    fn fortran_number(&mut self, start: usize, mantissa: usize) {
        let length = self.digits_from(mantissa + 2) - start;
        let word = &self.text[start..start + length];
        let repaired = word.replace(['d', 'D'], "e");
        let span = self.span_of(length);
        let error = Diagnostic::error("E0005", format!("`{}` is not a number", shortened(word)), span, "not a number");
        self.findings.push(error.help(format!("write `{repaired}`")).fix(span, repaired));
        self.push(Token::Number(&self.text[start..mantissa]), length);
    }

    /// `1_000` and `1.2.3` are no numbers; the whole word is taken, so that one mistake gives one message.
    fn grouped_number(&mut self, start: usize) {
        let is_part = |byte: &&u8| byte.is_ascii_digit() || matches!(byte, b'_' | b'.');
        let length = self.text.as_bytes()[start..].iter().take_while(is_part).count();
        let word = &self.text[start..start + length];
        let span = self.span_of(length);
        let error = Diagnostic::error("E0005", format!("`{}` is not a number", shortened(word)), span, "not a number");
        let plain = word.replace('_', "");
        self.findings.push(if plain.parse::<f64>().is_ok() && !plain.ends_with('.') {
            error.help(format!("write `{plain}`")).fix(span, plain)
        } else {
            error.help("a number has one decimal point, as in `1.25`")
        });
        self.push(Token::Number(word), length);
    }

    fn misplaced_point(&mut self, literal: &str, point: usize) {
        let whole = if point == 0 { "0" } else { &literal[..point] };
        let after = &literal[point + 1..];
        let zero = if after.starts_with(|c: char| c.is_ascii_digit()) { "" } else { "0" };
        let repaired = format!("{whole}.{zero}{after}");
        let span = self.span_of(literal.len());
        let message = "a number needs a digit on both sides of its decimal point";
        let error = Diagnostic::error("E0005", message, span, "a digit is missing");
        self.findings.push(error.help(format!("write `{repaired}`")).fix(span, repaired));
    }

    fn check_range(&mut self, literal: &str) {
        let span = self.span_of(literal.len());
        if literal.len() > LONGEST_NUMBER {
            let message = format!("a number of {} characters; at most {LONGEST_NUMBER} are read", literal.len());
            let error = Diagnostic::error("E0017", message, span, "too long");
            self.findings.push(error.help("17 digits determine a number of double precision"));
            return;
        }
        let value: f64 = literal.parse().unwrap_or(0.0);
        let mantissa = literal.split(['e', 'E']).next().unwrap_or_default();
        let vanished = value == 0.0 && mantissa.contains(|c: char| ('1'..='9').contains(&c));
        if value.is_infinite() || vanished {
            let (message, label) = if vanished {
                ("the number is too small for double precision", "would become 0; the smallest is about 5e-324")
            } else {
                ("the number is too large for double precision", "the largest is about 1.8e308")
            };
            self.findings.push(Diagnostic::error("E0017", message, span, label));
        }
    }

    fn name(&mut self) {
        let rest = self.rest();
        let length = rest.find(|c| !(characters::is_letter(c) || c.is_ascii_digit() || c == '_')).unwrap_or(rest.len());
        let name = &rest[..length];
        if length > LONGEST_NAME {
            let message = format!("a name of {length} bytes; at most {LONGEST_NAME} are read");
            self.findings.push(Diagnostic::error("E0017", message, self.span_of(length), "too long"));
            return self.push(Token::Invalid, length);
        }
        if let Some(word) = Word::from_text(name) {
            return self.push(Token::Word(word), length);
        }
        if let Some(look_alike) = name.chars().find_map(characters::greek_look_alike) {
            let message = format!("the name `{name}` holds a Greek letter that looks like the Latin `{look_alike}`");
            let warning = Diagnostic::warning("W0018", message, self.span_of(length), "not what it seems");
            let latin: String = name.chars().map(|c| characters::greek_look_alike(c).unwrap_or(c)).collect();
            self.findings
                .push(warning.help(format!("write `{latin}` in Latin letters")).fix(self.span_of(length), latin));
        }
        if self.is_unit_of_budget(name) {
            self.position += length;
            return;
        }
        self.missing_star_before(name);
        self.push(Token::Name(name), length);
    }

    /// `set budget = 1m`: reports the unit and passes it over.
    fn is_unit_of_budget(&mut self, unit: &str) -> bool {
        let [.., budget, equal, number] = self.lexemes.as_slice() else { return false };
        let (Token::Name("budget"), Token::Equal, Token::Number(count)) = (budget.token, equal.token, number.token)
        else {
            return false;
        };
        let Some(seconds) = seconds_of(count, unit) else { return false };
        if number.span.end as usize != self.position {
            return false;
        }
        let span = number.span.to(self.span_of(unit.len()));
        let message = format!("`{count}{unit}` has a unit");
        let error = Diagnostic::error("E0003", message, span, "a budget is a number of seconds");
        self.findings.push(error.help(format!("write `{seconds}`")).fix(span, seconds));
        true
    }

    /// `2u` and `2(x + 1)`: the product that is meant is put in after it was reported.
    fn missing_star_before(&mut self, right: &str) {
        let Some(last) = self.lexemes.last().copied() else { return };
        let Token::Number(number) = last.token else { return };
        if last.span.end as usize != self.position {
            return;
        }
        let shown = if right == "(" { "(...)" } else { right };
        let (start, end) = (Span { start: last.span.end, end: last.span.end }, self.span_of(right.len()));
        let message = format!("`{number}{shown}` is not a product");
        let error = Diagnostic::error("E0003", message, last.span.to(end), "a `*` is missing");
        self.findings.push(error.help(format!("write `{number}*{shown}`")).fix(start, "*"));
        self.lexemes.push(Lexeme { token: Token::Star, span: start, after_newline: false });
    }

    fn symbol_or_other(&mut self) {
        let rest = self.rest().as_bytes();
        let second = rest.get(1).copied().unwrap_or(b'\n');
        let (token, length) = match (rest[0], second) {
            (b'=', b'=') => {
                return self.slip("E0001", Token::Equal, "==", "=", "equality is written with a single `=`");
            }
            (b':', b'=') => {
                return self.slip("E0001", Token::Equal, ":=", "=", "a value is given with a single `=`");
            }
            (b'*', b'*') => return self.slip("E0002", Token::Caret, "**", "^", "power is written `^`"),
            (b'&', b'&') => return self.slip("E0019", Token::Word(Word::And), "&&", "and", "`and` joins comparisons"),
            (b'|', b'|') => return self.slip("E0019", Token::Word(Word::Or), "||", "or", "`or` joins comparisons"),
            (b'/', b'/') => return self.foreign_comment(),
            (b'-', b'>') => (Token::Arrow, 2),
            (b'.', b'.') => (Token::DotDot, 2),
            (b'<', b'=') => (Token::LessEqual, 2),
            (b'>', b'=') => (Token::GreaterEqual, 2),
            (b'!', b'=') => (Token::NotEqual, 2),
            (b'+', _) => (Token::Plus, 1),
            (b'-', _) => (Token::Minus, 1),
            (b'*', _) => (Token::Star, 1),
            (b'/', _) => (Token::Slash, 1),
            (b'^', _) => (Token::Caret, 1),
            (b'=', _) => (Token::Equal, 1),
            (b'<', _) => (Token::Less, 1),
            (b'>', _) => (Token::Greater, 1),
            (b'(', _) => {
                self.missing_star_before("(");
                (Token::LeftParenthesis, 1)
            }
            (b')', _) => (Token::RightParenthesis, 1),
            (b'[', _) => (Token::LeftBracket, 1),
            (b']', _) => (Token::RightBracket, 1),
            (b',', _) => (Token::Comma, 1),
            (b':', _) => (Token::Colon, 1),
            (b'.', _) => (Token::Dot, 1),
            (b';', _) => (Token::Semicolon, 1),
            _ => return self.other(),
        };
        self.push(token, length);
    }

    /// A symbol of another language: reported, and read as what it means.
    fn slip(&mut self, code: &'static str, token: Token<'source>, written: &str, meant: &str, message: &str) {
        let span = self.span_of(written.len());
        let error = Diagnostic::error(code, message, span, format!("write `{meant}`"));
        let blank = if matches!(token, Token::Word(_)) { " " } else { "" };
        self.findings
            .push(error.help(format!("replace `{written}` by `{meant}`")).fix(span, format!("{blank}{meant}{blank}")));
        self.push(token, written.len());
    }

    fn foreign_comment(&mut self) {
        let error = Diagnostic::error("E0019", "comments start with `#`", self.span_of(2), "not a comment");
        self.findings.push(error.help("replace `//` by `#`").fix(self.span_of(2), "#"));
        self.position += self.rest().split('\n').next().unwrap_or_default().len();
    }

    fn other(&mut self) {
        let Some(character) = self.rest().chars().next() else { return };
        let length = character.len_utf8();
        if characters::is_letter(character) {
            return self.name();
        }
        if character.is_whitespace() && !character.is_control() {
            self.position += length;
            return;
        }
        if character == '\'' && !self.touches_operand() && self.closing_quote('\'').is_some() {
            return self.quoted('\'');
        }
        let span = self.span_of(length);
        match characters::remedy(character) {
            Remedy::Tokens { tokens, text, meaning } => {
                let shown = characters::shown(character);
                let error =
                    Diagnostic::error("E0019", format!("{shown} is not a character of the language"), span, meaning);
                self.findings.push(error.help(format!("write `{text}`")).fix(span, text));
                for &token in tokens {
                    let after_newline = std::mem::take(&mut self.after_newline);
                    self.lexemes.push(Lexeme { token, span, after_newline });
                }
                self.position += length;
            }
            Remedy::Letter(latin) => self.unknown(character, Some(latin)),
            Remedy::Unknown => self.unknown(character, None),
        }
    }

    fn unknown(&mut self, character: char, look_alike: Option<char>) {
        let length = character.len_utf8();
        if !std::mem::replace(&mut self.line_has_unknown, true) {
            let span = self.span_of(length);
            let shown = characters::shown(character);
            let message = format!("{shown} is not a character of the language");
            self.findings.push(match (look_alike, characters::advice(character)) {
                (Some(latin), _) => {
                    Diagnostic::error("E0019", message, span, format!("looks like the Latin `{latin}`"))
                        .help(format!("write the Latin letter `{latin}`"))
                        .fix(span, latin)
                }
                (None, Some(advice)) => Diagnostic::error("E0019", message, span, "has no meaning here").help(advice),
                (None, None) => Diagnostic::error("E0019", message, span, "has no meaning here"),
            });
        }
        // A run of them is one token: binary noise makes few tokens.
        let invalid = self.lexemes.last().is_some_and(|last| last.token == Token::Invalid) && !self.after_newline;
        if invalid { self.position += length } else { self.push(Token::Invalid, length) }
    }
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}

/// The first characters of a long word.
fn shortened(word: &str) -> String {
    if word.chars().count() <= 24 { word.to_owned() } else { word.chars().take(20).chain("...".chars()).collect() }
}

/// `60` for `1` and `m`.
fn seconds_of(count: &str, unit: &str) -> Option<String> {
    let factor = match unit {
        "s" | "sec" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return None,
    };
    Some((count.parse::<f64>().ok()? * factor).to_string())
}
