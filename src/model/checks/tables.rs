//! Derivatives that an interpolated function does not have.

use crate::dataset::Interpolation;
use crate::diagnostic::Diagnostic;
use crate::expr::Expr;

use super::super::Model;

/// A linear table has first derivatives that jump, a cubic one third derivatives; what comes behind is zero.
pub(super) fn check(model: &Model) -> Vec<Diagnostic> {
    let residuals: Vec<Expr> = model.terms.iter().map(|term| term.residual).collect();
    let jets = if model.tables.is_empty() { Vec::new() } else { model.graph.jets(&residuals) };
    let mut found = Vec::new();
    for table in &model.tables {
        let of_table = jets.iter().filter(|jet| usize::from(jet.field) == table.field);
        let order = of_table.flat_map(|jet| jet.index.orders().iter().copied()).max().unwrap_or(0);
        let (highest, name) = match table.function.interpolation() {
            Interpolation::Linear => (1, "linear"),
            Interpolation::Cubic => (3, "cubic"),
        };
        if order > highest {
            let message =
                format!("a {name} table has no derivatives of order {order}: they are zero between the points");
            let diagnostic = Diagnostic::warning("W0600", message, table.span, "differentiated this often");
            found.push(match table.function.interpolation() {
                Interpolation::Linear if order <= 3 => diagnostic.help("write `interpolation=cubic`"),
                _ => diagnostic,
            });
        }
    }
    found
}
