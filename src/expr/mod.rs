//! Formulas as a hash-consed graph with exact rational constants.
//!
//! Every formula from the checked model on is an [`Expr`], a handle into a [`Graph`]. The constructors of the graph keep
//! a [normal form](normal): n-ary sums with collected rational coefficients, n-ary products with collected rational
//! exponents, both sorted by a structural key that does not depend on the order of construction, so that two spellings
//! of the same polynomial mathematics are one node. Atoms are coordinates, components of the outward normal, and *jet
//! variables*: a field with a multi-index, `u_xx`. The network is not in this form.
//!
//! On top of the graph: [derivatives](Graph::derivative) (partial with respect to a symbol, total along an axis),
//! substitution, evaluation in f64 and in [intervals](Interval), and text.
//!
//! Removable singularities are removed by the normal form (`x/x` is 1, `sqrt(x)^2` is `x`); nothing else about the
//! domain of a formula is assumed here.

mod derivative;
mod evaluate;
mod function;
mod graph;
mod interval;
mod jet;
mod nested;
mod normal;
mod print;
#[cfg(test)]
mod tests;

pub use function::{Function, Relation};
pub use graph::{Exponent, Expr, Graph, Node, Rational};
pub use interval::Interval;
pub use jet::{Jet, MultiIndex, Symbol};
pub use nested::NestedSum;
pub use print::Names;
