//! How gradients point in the course of a training, from its log.

use crate::cli::CliError;
use crate::report::{Curve, LinePlot, Panel};
use crate::train::{Alignment, LogEntry};

/// The alignment of the gradients of the terms, and of successive gradients of the loss, against the step.
///
/// # Errors
/// [`CliError::Usage`] if the log has none.
pub fn panel(entries: &[LogEntry]) -> Result<Panel, CliError> {
    let curve = |name: &str, of: fn(&Alignment) -> Option<f64>| {
        let known = entries.iter().filter_map(|entry| Some((entry.step as f64, of(entry.alignment.as_ref()?)?)));
        let (x, y) = known.unzip();
        Curve { name: name.to_owned(), x, y, ..Curve::default() }
    };
    let curves = [curve("terms", |alignment| alignment.intra), curve("steps", |alignment| alignment.inter)];
    let curves: Vec<Curve> = curves.into_iter().filter(|curve| !curve.x.is_empty()).collect();
    if curves.is_empty() {
        let text = "the log has no alignment of gradients; `pdec train --log alignment` writes it";
        return Err(CliError::Usage(text.to_owned()));
    }
    let (title, x_label) = ("alignment of gradients".to_owned(), "step".to_owned());
    Ok(LinePlot { title, x_label, curves, ..LinePlot::default() }.into())
}
