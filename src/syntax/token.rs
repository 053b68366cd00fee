//! Tokens: what the scanner makes of the characters and the grammar reads.

use crate::diagnostic::Span;

/// One token of a `.pde` file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token<'source> {
    /// A statement word; only the first token of a statement is one.
    Keyword(Keyword),
    /// One of the eleven words that are reserved everywhere.
    Word(Word),
    Name(&'source str),
    Number(&'source str),
    /// `2i`: the digits.
    Imaginary(&'source str),
    /// What stands between the quotes.
    Text(&'source str),
    Plus,
    Minus,
    Star,
    Slash,
    Caret,
    Equal,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    NotEqual,
    LeftParenthesis,
    RightParenthesis,
    LeftBracket,
    RightBracket,
    Comma,
    Colon,
    Dot,
    DotDot,
    Arrow,
    Semicolon,
    /// The end of a statement.
    Separator,
    /// A place that was reported already; stands for a whole statement once statements are separated.
    Invalid,
}

/// A token and its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lexeme<'source> {
    pub token: Token<'source>,
    pub span: Span,
    /// Whether a line ended between the previous token and this one.
    pub after_newline: bool,
}

impl Token<'_> {
    /// Whether an operand ends with this token, so that a sign behind it is an infix operator.
    pub fn ends_operand(self) -> bool {
        matches!(
            self,
            Token::Name(_)
                | Token::Number(_)
                | Token::Imaginary(_)
                | Token::Text(_)
                | Token::RightParenthesis
                | Token::RightBracket
        )
    }

    /// Whether a statement may end with this token.
    pub fn ends_statement(self) -> bool {
        self.ends_operand() || matches!(self, Token::Word(Word::Periodic) | Token::Invalid)
    }

    /// Whether a line that starts with this token goes on with the statement of the line before.
    pub fn continues_statement(self) -> bool {
        match self {
            Token::Word(word) => !matches!(word, Word::If | Word::Not),
            Token::Plus | Token::Minus | Token::Star | Token::Slash | Token::Caret => true,
            Token::Equal | Token::NotEqual | Token::Less | Token::LessEqual => true,
            Token::Greater | Token::GreaterEqual => true,
            Token::Comma | Token::Colon | Token::Arrow | Token::DotDot | Token::Dot => true,
            Token::RightParenthesis | Token::RightBracket => true,
            _ => false,
        }
    }
}

/// Declares the words of the language once: the enum, its spelling, and what a statement with it looks like.
macro_rules! keywords {
    ($($name:ident $text:literal $form:literal,)*) => {
        /// The words that start a statement.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) enum Keyword { $($name,)* }

        impl Keyword {
            /// All of them.
            pub const ALL: &'static [Keyword] = &[$(Keyword::$name,)*];

            /// As written in a file.
            pub fn text(self) -> &'static str {
                match self { $(Keyword::$name => $text,)* }
            }

            /// An example of a statement that starts with it.
            pub fn form(self) -> &'static str {
                match self { $(Keyword::$name => $form,)* }
            }

            /// The keyword that is written so.
            pub fn from_text(text: &str) -> Option<Keyword> {
                match text { $($text => Some(Keyword::$name),)* _ => None }
            }
        }
    };
}

keywords! {
    Problem "problem" "problem heat",
    Import "import" "import \"common.pde\"",
    Domain "domain" "domain x in [0, 1], y in [0, 1]",
    Time "time" "time t in [0, 1]",
    Unknown "unknown" "unknown u, v",
    Param "param" "param a = 0.25",
    Fit "fit" "fit k = 1 in [0.1, 10]",
    Let "let" "let f = sin(pi*x)",
    Boundary "boundary" "boundary inlet: x = 0",
    Region "region" "region core: x^2 + y^2 < 1/4",
    Eq "eq" "eq u_t = u_xx",
    Bc "bc" "bc u = 0 on boundary",
    Ic "ic" "ic u = sin(pi*x)",
    Minimize "minimize" "minimize integral(1/2*u_x^2 - f*u)",
    Constraint "constraint" "constraint integral(u^2) = 1",
    Data "data" "data u from \"sensors.csv\"",
    Reference "reference" "reference u from \"solution.npz\"",
    Exact "exact" "exact u = sin(pi*x)",
    Ansatz "ansatz" "ansatz u = x*(1 - x)*net(u)",
    Network "network" "network mlp(64, 64, act=tanh)",
    Sample "sample" "sample interior: sobol(4096)",
    Train "train" "train engd(steps=200)",
    Output "output" "output grid(101, 101), u",
    Report "report" "report energy = integral(u_x^2)",
    Set "set" "set seed = 1",
}

/// The words that are reserved everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    In,
    On,
    With,
    From,
    If,
    Then,
    Else,
    And,
    Or,
    Not,
    Periodic,
}

impl Word {
    /// The reserved word that is written so.
    pub fn from_text(text: &str) -> Option<Word> {
        Some(match text {
            "in" => Word::In,
            "on" => Word::On,
            "with" => Word::With,
            "from" => Word::From,
            "if" => Word::If,
            "then" => Word::Then,
            "else" => Word::Else,
            "and" => Word::And,
            "or" => Word::Or,
            "not" => Word::Not,
            "periodic" => Word::Periodic,
            _ => return None,
        })
    }
}
