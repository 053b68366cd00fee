//! Text to tree: scan, separate, parse, explain.

use lalrpop_util::{ParseError, lalrpop_mod};

use crate::diagnostic::{Diagnostic, Level, Source, Span};

use super::ast::Ast;
use super::explain;
use super::findings::{self, Findings};
use super::phrase::{Mistake, Parts};
use super::scan::{Scan, scan};
use super::separate::separate;
use super::token::{Lexeme, Token};

lalrpop_mod!(
    #[allow(clippy::all, clippy::pedantic, missing_docs, unused, dead_code)]
    grammar,
    "/pde.rs"
);

/// Largest file, in bytes.
pub(super) const LARGEST_FILE: usize = 8 << 20;

/// What reading a text gives; the formatter needs the tokens, too.
pub(super) struct Reading<'source> {
    pub ast: Option<Ast>,
    pub found: Vec<Diagnostic>,
    /// All statements, each with its [`Token::Separator`].
    pub lexemes: Vec<Lexeme<'source>>,
}

/// Reads the text of the first file.
pub(super) fn read(source: &Source) -> Reading<'_> {
    read_part(source, Span::new(0, source.main().len()))
}

/// Reads the text of one file of a source.
pub(super) fn read_part(source: &Source, part: Span) -> Reading<'_> {
    let length = part.range().len();
    if length > LARGEST_FILE {
        return Reading { ast: None, found: vec![too_large(length)], lexemes: Vec::new() };
    }
    // What lies behind the file is out of reach; what lies before it is not read.
    let text = &source.text()[..part.range().end];
    let mut slips = Findings::default();
    let Scan { lexemes: raw, comments } = scan(text, part.range().start, &mut slips);
    let lexemes = separate(source, &raw, &mut slips);
    let mut parts = Parts::new(text);
    let tokens = lexemes.iter().map(|lexeme| Ok((lexeme.span.start as usize, lexeme.token, lexeme.span.end as usize)));
    let parsed = grammar::FileParser::new().parse(&mut parts, tokens);
    let Parts { found, mut mistakes, mut broken, .. } = parts;
    let statements = parsed.map_err(|mistake| mistakes.push(mistake)).ok();
    slips.append(found);
    let slips = slips.into_sorted();
    let mut findings = Findings::default();
    for (index, mistake) in mistakes.iter().enumerate() {
        let statement = Place::of(mistake, &lexemes);
        broken.push(statement.span());
        // A slip inside the statement is the likely cause of what the grammar then stumbled on.
        let is_slip = |known: &Diagnostic| known.level == Level::Error && touches(known.span(), statement.span());
        if index < findings::MOST && !slips.iter().any(is_slip) {
            findings.push(explain::explain(source, &statement, expected(mistake)));
        }
    }
    broken.sort();
    slips.into_iter().for_each(|slip| findings.push(slip));
    let ast = statements.map(|statements| Ast { statements, comments, broken, parts: Vec::new() });
    Reading { ast, found: findings.into_sorted(), lexemes }
}

/// The statement that the grammar could not read, and where in it the reading stopped.
pub(super) struct Place<'work, 'source> {
    /// All tokens of the statement, its separator included.
    pub tokens: &'work [Lexeme<'source>],
    /// Index of the token that does not fit.
    pub at: usize,
}

impl<'work, 'source> Place<'work, 'source> {
    /// The grammar accepts a file without statements, so that a mistake comes with at least one token.
    fn of(mistake: &Mistake<'source>, lexemes: &'work [Lexeme<'source>]) -> Self {
        let (start, token, end) = match mistake {
            ParseError::UnrecognizedToken { token, .. } | ParseError::ExtraToken { token } => *token,
            ParseError::UnrecognizedEof { location, .. } | ParseError::InvalidToken { location } => {
                (*location, Token::Separator, *location)
            }
            ParseError::User { .. } => (0, Token::Separator, 0),
        };
        let span = Span::new(start, end);
        let mut index = lexemes.partition_point(|lexeme| lexeme.span < span).min(lexemes.len().saturating_sub(1));
        // Tokens that stand for one character share its place.
        while lexemes[index].token != token && lexemes.get(index + 1).is_some_and(|next| next.span == span) {
            index += 1;
        }
        let is_separator = |lexeme: &Lexeme| lexeme.token == Token::Separator;
        let first = lexemes[..index].iter().rposition(is_separator).map_or(0, |previous| previous + 1);
        let last = lexemes[index..].iter().position(is_separator).map_or(lexemes.len() - 1, |next| index + next);
        Place { tokens: &lexemes[first..=last], at: index - first }
    }

    /// From the first token to the last.
    pub fn span(&self) -> Span {
        self.tokens[0].span.to(self.tokens[self.tokens.len() - 1].span)
    }
}

fn expected<'mistake>(mistake: &'mistake Mistake<'_>) -> &'mistake [String] {
    match mistake {
        ParseError::UnrecognizedToken { expected, .. } | ParseError::UnrecognizedEof { expected, .. } => expected,
        _ => &[],
    }
}

fn touches(a: Span, b: Span) -> bool {
    a.start <= b.end && b.start <= a.end
}

pub(super) fn too_large(bytes: usize) -> Diagnostic {
    let message = format!("the file has {bytes} bytes; at most {LARGEST_FILE} (8 MB) are read");
    Diagnostic::error("E0015", message, Span::new(0, 0), "not read")
        .help("put measured values into a CSV or NPZ file and name it in a `data` statement")
}
