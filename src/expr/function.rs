//! The functions and relations that formulas may contain.

/// A function of one argument, or of two ([`Function::Min`], [`Function::Max`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)]
pub enum Function {
    Sin,
    Cos,
    Tan,
    Asin,
    Acos,
    Atan,
    Sinh,
    Cosh,
    Tanh,
    Sech,
    Exp,
    Log,
    Erf,
    Abs,
    /// -1, 0 or 1.
    Sign,
    /// 1 where the argument is at least 0, else 0.
    Step,
    Min,
    Max,
}

impl Function {
    /// All functions, in the order of their names in the language reference.
    pub const ALL: [Function; 18] = [
        Function::Sin,
        Function::Cos,
        Function::Tan,
        Function::Asin,
        Function::Acos,
        Function::Atan,
        Function::Sinh,
        Function::Cosh,
        Function::Tanh,
        Function::Sech,
        Function::Exp,
        Function::Log,
        Function::Erf,
        Function::Abs,
        Function::Sign,
        Function::Step,
        Function::Min,
        Function::Max,
    ];

    /// The name in the language.
    pub fn name(self) -> &'static str {
        match self {
            Function::Sin => "sin",
            Function::Cos => "cos",
            Function::Tan => "tan",
            Function::Asin => "asin",
            Function::Acos => "acos",
            Function::Atan => "atan",
            Function::Sinh => "sinh",
            Function::Cosh => "cosh",
            Function::Tanh => "tanh",
            Function::Sech => "sech",
            Function::Exp => "exp",
            Function::Log => "log",
            Function::Erf => "erf",
            Function::Abs => "abs",
            Function::Sign => "sign",
            Function::Step => "step",
            Function::Min => "min",
            Function::Max => "max",
        }
    }

    /// The function of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|f| f.name() == name)
    }

    /// How many arguments it takes.
    pub fn arity(self) -> usize {
        if matches!(self, Function::Min | Function::Max) { 2 } else { 1 }
    }
}

/// A comparison of two numbers; its value is 1 where it holds and 0 elsewhere (also where a side is NaN).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Relation {
    /// `a = b`
    Equal,
    /// `a < b`
    Less,
    /// `a <= b`
    LessEqual,
}

impl Relation {
    /// The sign between the two sides.
    pub fn symbol(self) -> &'static str {
        match self {
            Relation::Equal => "=",
            Relation::Less => "<",
            Relation::LessEqual => "<=",
        }
    }

    /// Whether the relation holds.
    pub fn holds(self, a: f64, b: f64) -> bool {
        match self {
            Relation::Equal => a == b,
            Relation::Less => a < b,
            Relation::LessEqual => a <= b,
        }
    }
}
