//! The tree of a `.pde` file: syntax only, a byte span on every node.
//!
//! The lexer caps nesting at 256, so that recursive passes over the tree are safe.

use crate::diagnostic::Span;

/// A file: its statements in order of appearance.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ast {
    /// The statements that could be read.
    pub statements: Vec<Statement>,
    /// Comments, for the formatter, and the `# pdec: allow CODE` directives.
    pub comments: Vec<Comment>,
    /// Places of statements that could not be read; names that they may have declared are not reported as unknown.
    pub broken: Vec<Span>,
    /// The files that the statements come from, in order of their places; empty for a text alone.
    pub parts: Vec<Part>,
}

/// One file of a problem that imports others.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// The bytes of the source that are this file.
    pub span: Span,
    /// Its folder, from the folder of the problem, with `/` between the parts.
    pub folder: String,
}

impl Ast {
    /// The folder of the file with this place, from the folder of the problem.
    pub fn folder(&self, place: Span) -> &str {
        let after = self.parts.partition_point(|part| part.span.start <= place.start);
        after.checked_sub(1).map_or("", |index| &self.parts[index].folder)
    }

    /// Whether the place is in a file that the problem imports.
    pub fn is_imported(&self, place: Span) -> bool {
        self.parts.get(1).is_some_and(|first| first.span.start <= place.start)
    }
}

/// A comment, without its line end.
#[derive(Clone, Debug, PartialEq)]
pub struct Comment {
    /// From `#` to the last byte of the line.
    pub span: Span,
    /// Whether the comment stands behind a statement on the same line.
    pub trailing: bool,
}

/// A name and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Name {
    /// The characters.
    pub text: String,
    /// Where they stand.
    pub span: Span,
}

/// The text of a string literal (without quotes) and its place (with them).
#[derive(Clone, Debug, PartialEq)]
pub struct Text {
    /// The characters between the quotes.
    pub text: String,
    /// Where the literal stands.
    pub span: Span,
}

/// One statement: a keyword, what it says, and its options after `with`.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// The whole statement.
    pub span: Span,
    /// The keyword.
    pub keyword: Span,
    /// What it says.
    pub kind: StatementKind,
    /// The options after `with`.
    pub attributes: Vec<Attribute>,
}

/// What a statement says, by keyword.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the variants say what their fields are")]
pub enum StatementKind {
    /// `problem NAME`
    Problem(Name),
    /// `import "file.pde"`
    Import(Text),
    /// `domain x in [0, 1], y in [0, 1] periodic, z[1..3] in [0, 1], (a, b) in disk((0, 0), 1)`
    Domain(Vec<Space>),
    /// `time t in [0, 1]`
    Time { name: Name, interval: Interval, periodic: Option<Span> },
    /// `unknown u, v(x), w: vector`
    Unknown(Vec<UnknownDeclaration>),
    /// `param k = 1 in [0, 2]`
    Param { name: Name, value: Option<Formula>, interval: Option<Interval> },
    /// `fit k = 1 in [0, 2]`
    Fit { name: Name, value: Option<Formula>, interval: Option<Interval> },
    /// `let f(s) = s^2`
    Let { name: Name, arguments: Vec<Name>, body: Formula },
    /// `boundary wall: x = 0`
    Boundary { name: Name, place: Predicate },
    /// `region core: x < 1/2`
    Region { name: Name, place: Predicate },
    /// `eq heat: u_t = u_xx in core`
    Eq { label: Option<Name>, equation: Equation, within: Option<Predicate> },
    /// `bc left: u = 0, v = 0 on x = 0`
    Bc { label: Option<Name>, equations: Vec<Equation>, place: Predicate },
    /// `ic u = 0, u_t = 0`
    Ic { label: Option<Name>, equations: Vec<Equation> },
    /// `minimize integral(1/2*u_x^2)`
    Minimize(Formula),
    /// `constraint norm: integral(u^2) = 1`
    Constraint { label: Option<Name>, equation: Equation },
    /// `data u from "file.csv"`
    Data { names: Vec<Name>, path: Text },
    /// `reference u from "file.npz"`
    Reference { names: Vec<Name>, path: Text },
    /// `exact u = 0, v = 1`
    Exact(Vec<Equation>),
    /// `ansatz u = x*(1 - x)*net(u)`
    Ansatz(Equation),
    /// `network u: mlp(64, act=tanh) -> other(..)`
    Network { label: Option<Name>, calls: Vec<Call> },
    /// `sample interior: grid(30, 30)`
    Sample { target: Name, rule: Call },
    /// `train engd(steps=200)`
    Train(Call),
    /// `output grid(101, 101), u, flux = -grad(u)`
    Output(Vec<Named>),
    /// `report total = integral(u)`
    Report { name: Name, value: Formula },
    /// `set seed = 1`
    Set { name: Name, value: Formula },
}

/// One item of a `domain` statement.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the variants say what their fields are")]
pub enum Space {
    /// `x in [0, 1] periodic`
    Axis { name: Name, interval: Interval, periodic: Option<Span> },
    /// `x[1..10] in [0, 1]`
    Axes { name: Name, range: Range, interval: Interval, periodic: Option<Span> },
    /// `(x, y) in disk((0, 0), 1)`
    Shape { names: Vec<Name>, shape: Formula },
}

/// `[lower, upper]`
#[derive(Clone, Debug, PartialEq)]
pub struct Interval {
    /// The brackets and what is between them.
    pub span: Span,
    /// Lower end.
    pub lower: Formula,
    /// Upper end.
    pub upper: Formula,
}

/// `first..last`, both included.
#[derive(Clone, Debug, PartialEq)]
pub struct Range {
    /// The whole range.
    pub span: Span,
    /// First value.
    pub first: Formula,
    /// Last value.
    pub last: Formula,
}

/// `u(x, y): vector`
#[derive(Clone, Debug, PartialEq)]
pub struct UnknownDeclaration {
    /// The name.
    pub name: Name,
    /// The axes it depends on; `None` is all of them.
    pub arguments: Option<Vec<Name>>,
    /// `vector`, `complex` or `tensor`.
    pub kind: Option<Name>,
}

/// `left = right`
#[derive(Clone, Debug, PartialEq)]
pub struct Equation {
    /// The whole equation.
    pub span: Span,
    /// Left of `=`.
    pub left: Formula,
    /// Right of `=`.
    pub right: Formula,
}

/// `weight=10`, or a flag like `hard`.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribute {
    /// The key.
    pub name: Name,
    /// The value; a flag has none.
    pub value: Option<Formula>,
}

/// `name = formula`, or a formula alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Named {
    /// The name, if given.
    pub name: Option<Name>,
    /// The formula.
    pub value: Formula,
}

/// `name(argument, key=value, i in 1..3)`
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The whole call.
    pub span: Span,
    /// What is called.
    pub name: Name,
    /// Its arguments in order.
    pub arguments: Vec<Argument>,
}

/// One argument of a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Argument {
    /// `formula`
    Positional(Formula),
    /// `key=formula`
    Keyword(Name, Formula),
    /// `i in 1..3`
    Index(Name, Range),
}

/// A formula and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Formula {
    /// The whole formula, with its parentheses if it has any.
    pub span: Span,
    /// What it is.
    pub kind: FormulaKind,
}

/// What a formula is.
#[derive(Clone, Debug, PartialEq)]
pub enum FormulaKind {
    /// `0.25`, `1e-3`: the literal as written (exact rationals are made from it).
    Number(String),
    /// `2i`: the digits before the `i`.
    Imaginary(String),
    /// `"text"`
    Text(String),
    /// `u_xx`
    Name(String),
    /// `sin(x)`, `net(u)`, `u(0, x)`
    Call(Box<Call>),
    /// `(a)`: kept for the formatter.
    Parenthesized(Box<Formula>),
    /// `(a, b)`
    Tuple(Vec<Formula>),
    /// `-a`, `+a`
    Unary(UnaryOperator, Box<Formula>),
    /// `a + b`
    Binary(BinaryOperator, Box<Formula>, Box<Formula>),
    /// `x[1]`, `w[i, j]`
    Index(Box<Formula>, Vec<Formula>),
    /// `w.x`
    Component(Box<Formula>, Name),
    /// `if p then a else b`
    If(Box<Predicate>, Box<Formula>, Box<Formula>),
}

/// Prefix operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnaryOperator {
    /// `-`
    Minus,
    /// `+`
    Plus,
}

/// Infix operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BinaryOperator {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `^`
    Power,
}

/// A place or a condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Predicate {
    /// The whole predicate.
    pub span: Span,
    /// What it is.
    pub kind: PredicateKind,
}

/// What a predicate is.
#[derive(Clone, Debug, PartialEq)]
pub enum PredicateKind {
    /// `a or b`
    Or(Vec<Predicate>),
    /// `a and b`
    And(Vec<Predicate>),
    /// `not a`
    Not(Box<Predicate>),
    /// `0 <= x < 1`: a chain, at least one comparison.
    Comparison(Formula, Vec<(Relation, Formula)>),
    /// A formula alone: the name of a boundary, region or shape, `boundary`, `rest`, or a call that makes a shape.
    Place(Formula),
}

/// Comparison operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Relation {
    /// `=`
    Equal,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
    /// `!=`
    NotEqual,
}
