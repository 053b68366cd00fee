//! The formatter: the same tokens and comments, in the standard layout.
//!
//! One blank behind the keyword; `=`, `on`, `with` and comments line up inside runs of the same statement; groups of
//! statements (problem and parameters, axes and unknowns, equations, solutions and data, network and training) stand
//! apart; a statement that was broken into lines stays broken there. Tokens are moved, never changed.

use crate::diagnostic::{Diagnostic, Source, Span, has_errors};

use super::ast::Comment;
use super::parse;
use super::spacing::{aligns_equal, blanks_before, takes_label};
use super::token::{Keyword, Lexeme, Token, Word};

/// A column that would need more blanks than this in some line is not lined up.
const WIDEST_GAP: usize = 16;

/// A file in its standard form. The tree of the result is that of the file, and formatting it again changes nothing.
///
/// # Errors
/// All diagnostics of the file, if there is an error among them: what cannot be read is not rewritten.
pub fn format(source: &Source) -> Result<String, Vec<Diagnostic>> {
    let reading = parse::read(source);
    let comments = match reading.ast {
        Some(ast) if !has_errors(&reading.found) => ast.comments,
        _ => return Err(reading.found),
    };
    let statements: Vec<_> = reading.lexemes.split(|lexeme| lexeme.token == Token::Separator).collect();
    let blocks = blocks(source, &statements, &comments);
    Ok(arranged(&blocks))
}

/// What stands on lines of its own: a statement with its comments, or a comment.
struct Block {
    /// `None` for a comment.
    keyword: Option<Keyword>,
    group: Option<Group>,
    /// Whether the writer left a blank line before it.
    apart: bool,
    content: Content,
}

enum Content {
    /// On one line: cells that may line up with those of the neighbours.
    Cells { labelled: bool, cells: Vec<Cell> },
    /// Lines that stay as they are.
    Lines(Vec<String>),
}

struct Cell {
    column: Column,
    text: String,
}

/// What may line up, from left to right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Column {
    /// The keyword and the label.
    Head,
    Body,
    Equal,
    On,
    With,
    Comment,
}

impl Column {
    const ALL: [Column; 6] = [Column::Head, Column::Body, Column::Equal, Column::On, Column::With, Column::Comment];

    /// Blanks before the cell.
    fn gap(self) -> usize {
        match self {
            Column::Head => 0,
            Column::Comment => 2,
            _ => 1,
        }
    }
}

/// Statements that belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Group {
    Parameters,
    Axes,
    Equations,
    Solutions,
    Training,
}

/// The group of a statement; a definition belongs to the parameters before it, or to what follows it.
fn group(keyword: Keyword) -> Option<Group> {
    use Keyword::*;
    Some(match keyword {
        Let => return None,
        Problem | Import | Param | Fit => Group::Parameters,
        Domain | Time | Unknown | Boundary | Region => Group::Axes,
        Eq | Bc | Ic | Minimize | Constraint | Ansatz => Group::Equations,
        Exact | Data | Reference => Group::Solutions,
        Network | Sample | Train | Output | Report | Set => Group::Training,
    })
}

fn blocks(source: &Source, statements: &[&[Lexeme]], comments: &[Comment]) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut comments = comments.iter().peekable();
    let mut end_of_last = 0;
    for statement in statements.iter().filter(|statement| !statement.is_empty()) {
        let span = statement[0].span.to(statement[statement.len() - 1].span);
        while let Some(comment) = comments.next_if(|comment| comment.span.start < span.start) {
            blocks.push(comment_block(source, comment, &mut end_of_last));
        }
        let apart = has_blank_line(source, end_of_last, span.start);
        end_of_last = span.end;
        let mut inner = Vec::new();
        while let Some(comment) = comments.next_if(|comment| comment.span.start < span.end) {
            inner.push(comment);
        }
        let same_line = |comment: &&Comment| !newline_between(source, span.end, comment.span.start);
        let trailing =
            comments.next_if(|comment| comment.trailing && same_line(comment) && is_last(source, span, comment));
        if let Some(comment) = trailing {
            end_of_last = comment.span.end;
        }
        blocks.push(statement_block(source, statement, &inner, trailing, apart));
    }
    for comment in comments {
        blocks.push(comment_block(source, comment, &mut end_of_last));
    }
    give_groups(&mut blocks);
    blocks
}

/// Whether no other statement stands between a statement and the comment on its line.
fn is_last(source: &Source, statement: Span, comment: &Comment) -> bool {
    let between = Span { start: statement.end, end: comment.span.start };
    source.slice(between).chars().all(|character| character.is_whitespace() || character == ';')
}

fn comment_block(source: &Source, comment: &Comment, end_of_last: &mut u32) -> Block {
    let apart = has_blank_line(source, *end_of_last, comment.span.start);
    *end_of_last = comment.span.end;
    let content = Content::Lines(vec![source.slice(comment.span).to_owned()]);
    Block { keyword: None, group: None, apart, content }
}

fn statement_block(
    source: &Source,
    statement: &[Lexeme],
    inner: &[&Comment],
    trailing: Option<&Comment>,
    apart: bool,
) -> Block {
    let keyword = match statement[0].token {
        Token::Keyword(keyword) => Some(keyword),
        _ => None,
    };
    let blanks = blanks_before(statement);
    let is_broken = statement.iter().skip(2).any(|lexeme| lexeme.after_newline) || !inner.is_empty();
    let content = if is_broken {
        let mut lines = broken_lines(source, statement, &blanks, inner);
        if let (Some(comment), Some(last)) = (trailing, lines.last_mut()) {
            *last = format!("{last}  {}", source.slice(comment.span));
        }
        Content::Lines(lines)
    } else {
        let mut cells = cells(source, statement, &blanks, keyword);
        let labelled = cells.first().is_some_and(|head| head.text.ends_with(':'));
        if let Some(comment) = trailing {
            cells.push(Cell { column: Column::Comment, text: source.slice(comment.span).to_owned() });
        }
        Content::Cells { labelled, cells }
    };
    Block { keyword, group: keyword.and_then(group), apart, content }
}

/// A statement on one line, cut where it may line up.
fn cells(source: &Source, statement: &[Lexeme], blanks: &[bool], keyword: Option<Keyword>) -> Vec<Cell> {
    let has_label = keyword.is_some_and(takes_label) && statement.get(2).is_some_and(|l| l.token == Token::Colon);
    let body = if has_label { 3 } else { 1 };
    let mut next_equal = keyword.is_some_and(aligns_equal);
    let mut cells = vec![Cell { column: Column::Head, text: String::new() }];
    let mut depth = 0_usize;
    for (index, lexeme) in statement.iter().enumerate() {
        let starts = match lexeme.token {
            _ if index == body => Some(Column::Body),
            _ if depth > 0 => None,
            Token::Equal if next_equal => Some(Column::Equal),
            Token::Word(Word::On) => Some(Column::On),
            Token::Word(Word::With) => Some(Column::With),
            _ => None,
        };
        match lexeme.token {
            Token::LeftParenthesis | Token::LeftBracket => depth += 1,
            Token::RightParenthesis | Token::RightBracket => depth = depth.saturating_sub(1),
            _ => {}
        }
        next_equal &= !matches!(starts, Some(Column::Equal | Column::On | Column::With));
        if let Some(column) = starts {
            cells.push(Cell { column, text: String::new() });
        } else if blanks[index] {
            push_text(&mut cells, " ");
        }
        push_text(&mut cells, source.slice(lexeme.span));
    }
    cells
}

fn push_text(cells: &mut [Cell], text: &str) {
    if let Some(last) = cells.last_mut() {
        last.text.push_str(text);
    }
}

/// A statement that goes over several lines: broken where its writer broke it.
fn broken_lines(source: &Source, statement: &[Lexeme], blanks: &[bool], inner: &[&Comment]) -> Vec<String> {
    let base = (statement[0].span.end - statement[0].span.start) as usize + 1;
    let mut comments = inner.iter().peekable();
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut depth = 0_usize;
    let mut breaks = false; // a comment ends its line
    for (index, lexeme) in statement.iter().enumerate() {
        while let Some(comment) = comments.next_if(|comment| comment.span.start < lexeme.span.start) {
            let text = source.slice(comment.span);
            let trailing = comment.trailing && !line.is_empty() && !breaks;
            if trailing {
                line = format!("{line}  {text}");
            } else {
                lines.extend((!line.is_empty()).then(|| std::mem::take(&mut line)));
                line = format!("{:indent$}{text}", "", indent = base + 2 * depth);
            }
            breaks = true;
        }
        let closes = matches!(lexeme.token, Token::RightParenthesis | Token::RightBracket);
        depth = depth.saturating_sub(usize::from(closes));
        if breaks || (lexeme.after_newline && index > 1) {
            lines.push(std::mem::take(&mut line));
            line = " ".repeat(base + 2 * depth);
            breaks = false;
        } else if blanks[index] {
            line.push(' ');
        }
        line.push_str(source.slice(lexeme.span));
        depth += usize::from(matches!(lexeme.token, Token::LeftParenthesis | Token::LeftBracket));
    }
    lines.push(line);
    lines
}

fn newline_between(source: &Source, start: u32, end: u32) -> bool {
    source.slice(Span { start, end }).contains('\n')
}

fn has_blank_line(source: &Source, start: u32, end: u32) -> bool {
    start > 0 && source.slice(Span { start, end }).matches('\n').count() > 1
}

/// Definitions take the group of the parameters before them, or else of the next statement that has one.
fn give_groups(blocks: &mut [Block]) {
    let mut before = None;
    for block in blocks.iter_mut().filter(|block| block.keyword.is_some()) {
        if block.group.is_none() && before == Some(Group::Parameters) {
            block.group = before;
        }
        before = block.group;
    }
    let mut next = None;
    for block in blocks.iter_mut().rev().filter(|block| block.keyword.is_some()) {
        match block.group {
            None => block.group = next,
            group => next = group,
        }
    }
}

fn arranged(blocks: &[Block]) -> String {
    let blank_before = blank_lines(blocks);
    let mut out = String::new();
    let mut start = 0;
    while start < blocks.len() {
        let mut end = start + 1;
        while end < blocks.len() && !blank_before[end] && lines_up(&blocks[start], &blocks[end]) {
            end += 1;
        }
        out.push_str(if blank_before[start] { "\n" } else { "" });
        for line in aligned(&blocks[start..end]) {
            out.push_str(line.trim_end());
            out.push('\n');
        }
        start = end;
    }
    out
}

/// Where blank lines go: where the writer left one, and between groups.
fn blank_lines(blocks: &[Block]) -> Vec<bool> {
    let mut blank: Vec<bool> = blocks.iter().enumerate().map(|(index, block)| index > 0 && block.apart).collect();
    let mut last: Option<(usize, Option<Group>)> = None;
    for (index, block) in blocks.iter().enumerate().filter(|(_, block)| block.keyword.is_some()) {
        if let Some((before, group)) = last {
            let differs = group.is_some() && block.group.is_some() && group != block.group;
            // Comments between the two belong to the second, unless the writer set them apart from it.
            if differs && !blank[before + 1..=index].contains(&true) {
                blank[before + 1] = true;
            }
        }
        last = Some((index, block.group));
    }
    blank
}

fn lines_up(first: &Block, next: &Block) -> bool {
    match (&first.content, &next.content) {
        (Content::Cells { labelled: one, .. }, Content::Cells { labelled: other, .. }) => {
            first.keyword == next.keyword && one == other
        }
        _ => false,
    }
}

/// The lines of a run of blocks, columns lined up where they are near each other.
fn aligned(run: &[Block]) -> Vec<String> {
    let mut rows = Vec::new();
    for block in run {
        match &block.content {
            Content::Lines(lines) => return lines.clone(),
            Content::Cells { cells, .. } => rows.push((String::new(), 0, cells)),
        }
    }
    for column in Column::ALL {
        let has = |cells: &[Cell]| cells.iter().any(|cell| cell.column == column);
        let widths = || rows.iter().filter(|(.., cells)| has(cells)).map(|&(_, width, _)| width);
        let (narrowest, widest) = (widths().min().unwrap_or(0), widths().max().unwrap_or(0));
        let lines_up = widest - narrowest <= WIDEST_GAP;
        for (line, width, cells) in &mut rows {
            for cell in cells.iter().filter(|cell| cell.column == column) {
                let before = column.gap() + if lines_up { widest - *width } else { 0 };
                line.push_str(&" ".repeat(before));
                line.push_str(&cell.text);
                *width += before + cell.text.chars().count();
            }
        }
    }
    rows.into_iter().map(|(line, ..)| line).collect()
}
