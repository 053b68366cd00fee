//! The course of a training, from its log.

use std::collections::BTreeMap;

use crate::report::{AxisScale, Curve, LinePlot, LineStyle, Panel};
use crate::train::LogEntry;

/// Loss, terms and errors against the step.
pub fn panel(entries: &[LogEntry]) -> Panel {
    let mut curves = vec![Curve {
        name: "loss".to_owned(),
        x: entries.iter().map(|e| e.step as f64).collect(),
        y: entries.iter().map(|e| e.loss.unwrap_or(f64::NAN)).collect(),
        style: LineStyle::Solid,
    }];
    // Terms and errors are not evaluated at each step: they have points of their own.
    let mut more: BTreeMap<(bool, String), Curve> = BTreeMap::new();
    for entry in entries {
        let terms = entry.terms.iter().map(|(name, value)| (false, name.clone(), *value));
        let errors = entry.l2.iter().map(|(name, value)| (true, format!("L2 of {name}"), *value));
        for (is_error, name, value) in terms.chain(errors) {
            let style = if is_error { LineStyle::Dashed } else { LineStyle::Solid };
            let new = || Curve { name: name.clone(), style, ..Curve::default() };
            let curve = more.entry((is_error, name.clone())).or_insert_with(new);
            curve.x.push(entry.step as f64);
            curve.y.push(value);
        }
    }
    curves.extend(more.into_values());
    let (title, x_label) = ("loss".to_owned(), "step".to_owned());
    LinePlot { title, x_label, curves, y_scale: AxisScale::Logarithmic, ..LinePlot::default() }.into()
}
