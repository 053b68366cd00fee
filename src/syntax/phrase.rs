//! What the actions of the grammar build: nodes of the tree, and the notes that parsing takes along the way.

use lalrpop_util::ParseError;

use crate::diagnostic::{Diagnostic, Span};

use super::ast::*;
use super::findings::{self, Findings};
use super::token::{Keyword, Token};

/// An error of the grammar, as lalrpop reports it.
pub(crate) type Mistake<'source> = ParseError<usize, Token<'source>, ()>;

/// A formula or a condition: which of the two is known only behind its closing parenthesis.
pub(crate) enum Phrase {
    Formula(Formula),
    Condition(Predicate),
}

/// Collects what parsing finds beside the tree.
pub(crate) struct Parts<'source, 'work> {
    text: &'work str,
    /// Whether the present statement holds a comparison in place of a number.
    misread: bool,
    /// Diagnostics of the actions.
    pub found: Findings,
    /// Errors of the grammar, to be explained when the tokens are at hand.
    pub mistakes: Vec<Mistake<'source>>,
    /// Places of statements that were reported.
    pub broken: Vec<Span>,
}

impl<'source, 'work> Parts<'source, 'work> {
    /// Nothing found yet in this text.
    pub fn new(text: &'work str) -> Self {
        Self { text, misread: false, found: Findings::default(), mistakes: Vec::new(), broken: Vec::new() }
    }

    /// A whole statement, unless a part of it was reported.
    pub fn statement(
        &mut self,
        start: usize,
        kind: StatementKind,
        attributes: Vec<Attribute>,
        end: usize,
    ) -> Option<Statement> {
        if std::mem::take(&mut self.misread) {
            return self.broken(start, end);
        }
        let word = self.text[start..].find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(self.text.len() - start);
        debug_assert!(Keyword::from_text(&self.text[start..start + word]).is_some());
        Some(Statement { span: Span::new(start, end), keyword: Span::new(start, start + word), kind, attributes })
    }

    /// A statement that was reported before.
    pub fn broken(&mut self, start: usize, end: usize) -> Option<Statement> {
        self.broken.push(Span::new(start, end));
        None
    }

    /// A statement that the grammar cannot read.
    pub fn mistake(&mut self, mistake: Mistake<'source>) -> Option<Statement> {
        self.misread = false;
        self.mistakes.push(match mistake {
            // A list of some fifty words for each of a million wrong lines would fill the memory.
            ParseError::UnrecognizedToken { token, .. } if self.mistakes.len() >= findings::MOST => {
                ParseError::ExtraToken { token }
            }
            mistake => mistake,
        });
        None
    }

    /// A phrase where a number must stand.
    pub fn number(&mut self, phrase: Phrase) -> Formula {
        let condition = match phrase {
            Phrase::Formula(formula) => return formula,
            Phrase::Condition(condition) => condition,
        };
        let span = condition.span;
        let label = "this is true or false";
        let error = Diagnostic::error("E0021", "a comparison stands where a number must be", span, label);
        let written = &self.text[span.range()];
        let inner = written.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or(written);
        self.found.push(if inner.len() > 60 || inner.contains('\n') {
            error.help("`if ... then 1 else 0` makes a number of it")
        } else {
            error.help(format!("write `(if {inner} then 1 else 0)` to make a number of it"))
        });
        self.misread = true;
        Formula { span, kind: FormulaKind::Number("0".to_owned()) }
    }

    /// `first < second <= third`
    pub fn comparison(&mut self, first: Phrase, rest: Vec<(Relation, Phrase)>) -> Phrase {
        let first = self.number(first);
        let rest: Vec<_> = rest.into_iter().map(|(relation, phrase)| (relation, self.number(phrase))).collect();
        let span = rest.last().map_or(first.span, |(_, last)| first.span.to(last.span));
        Phrase::Condition(Predicate { span, kind: PredicateKind::Comparison(first, rest) })
    }

    /// `left + right`
    pub fn binary(&mut self, left: Phrase, operator: BinaryOperator, right: Phrase) -> Phrase {
        let (left, right) = (self.number(left), self.number(right));
        let span = left.span.to(right.span);
        Phrase::Formula(Formula { span, kind: FormulaKind::Binary(operator, Box::new(left), Box::new(right)) })
    }

    /// `-operand`
    pub fn unary(&mut self, start: usize, operator: UnaryOperator, operand: Phrase) -> Phrase {
        let operand = self.number(operand);
        let span = Span::new(start, operand.span.end as usize);
        Phrase::Formula(Formula { span, kind: FormulaKind::Unary(operator, Box::new(operand)) })
    }

    /// `base[indices]`
    pub fn index(&mut self, base: Phrase, indices: Vec<Formula>, end: usize) -> Phrase {
        let base = self.number(base);
        let span = Span::new(base.span.start as usize, end);
        Phrase::Formula(Formula { span, kind: FormulaKind::Index(Box::new(base), indices) })
    }

    /// `base.component`
    pub fn component(&mut self, base: Phrase, component: Name) -> Phrase {
        let base = self.number(base);
        let span = base.span.to(component.span);
        Phrase::Formula(Formula { span, kind: FormulaKind::Component(Box::new(base), component) })
    }
}

impl Phrase {
    /// A formula without parts.
    pub fn atom(start: usize, kind: FormulaKind, end: usize) -> Self {
        Phrase::Formula(Formula { span: Span::new(start, end), kind })
    }

    /// `name`
    pub fn name(name: Name) -> Self {
        Phrase::Formula(Formula { span: name.span, kind: FormulaKind::Name(name.text) })
    }

    /// `name(arguments)`
    pub fn call(call: Call) -> Self {
        Phrase::Formula(Formula { span: call.span, kind: FormulaKind::Call(Box::new(call)) })
    }

    /// `(a, b)`
    pub fn tuple(start: usize, first: Formula, rest: Vec<Formula>, end: usize) -> Self {
        let items = std::iter::once(first).chain(rest).collect();
        Self::atom(start, FormulaKind::Tuple(items), end)
    }

    /// `(inner)`: a formula keeps its parentheses, a condition keeps only what they group.
    pub fn parenthesized(start: usize, inner: Phrase, end: usize) -> Self {
        match inner {
            Phrase::Formula(formula) => Self::atom(start, FormulaKind::Parenthesized(Box::new(formula)), end),
            Phrase::Condition(condition) => Self::condition(start, condition.kind, end),
        }
    }

    /// `if condition then yes else no`
    pub fn choice(start: usize, condition: Predicate, yes: Formula, no: Formula, end: usize) -> Self {
        Self::atom(start, FormulaKind::If(Box::new(condition), Box::new(yes), Box::new(no)), end)
    }

    /// `not inner`
    pub fn not(start: usize, inner: Phrase, end: usize) -> Self {
        Self::condition(start, PredicateKind::Not(Box::new(inner.into_predicate())), end)
    }

    /// `first and ..`
    pub fn all(first: Phrase, rest: Vec<Phrase>) -> Self {
        Self::join(first, rest, PredicateKind::And)
    }

    /// `first or ..`
    pub fn any(first: Phrase, rest: Vec<Phrase>) -> Self {
        Self::join(first, rest, PredicateKind::Or)
    }

    fn join(first: Phrase, rest: Vec<Phrase>, make: fn(Vec<Predicate>) -> PredicateKind) -> Self {
        let items: Vec<_> = std::iter::once(first).chain(rest).map(Phrase::into_predicate).collect();
        let span = items.iter().map(|item| item.span).reduce(Span::to).unwrap_or_default();
        Phrase::Condition(Predicate { span, kind: make(items) })
    }

    fn condition(start: usize, kind: PredicateKind, end: usize) -> Self {
        Phrase::Condition(Predicate { span: Span::new(start, end), kind })
    }

    /// A phrase where a place or a condition must stand: a formula alone names a place.
    pub fn into_predicate(self) -> Predicate {
        match self {
            Phrase::Condition(condition) => condition,
            Phrase::Formula(formula) => Predicate { span: formula.span, kind: PredicateKind::Place(formula) },
        }
    }
}
