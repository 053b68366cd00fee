//! Boxes and the rules that place points in them.

/// How points are placed.
#[derive(Clone, Debug, PartialEq)]
pub enum Rule {
    /// (a colleague's branch holds the definition)
    Grid { counts: Vec<usize> },
}
